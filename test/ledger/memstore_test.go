package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

var errDown = errors.New("the server is down")

// memStore is a database in memory that can be taken down, copied and put
// back, and that breaks off commits on purpose.
type memStore struct {
	mu    sync.Mutex
	state State
	life  int // of the server; sessions of an earlier one fail
	up    bool
	// breakCommit, asked with the number of each commit, ends the connection
	// instead of answering: before the commit is done, or after.
	breakCommit func(n int) (broken, done bool)
	commits     int
}

func newMemStore() *memStore {
	return &memStore{up: true, breakCommit: func(int) (bool, bool) { return false, false }}
}

func (m *memStore) Setup(_ context.Context, accounts int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = State{Balances: map[int]int64{}}
	for i := range accounts {
		m.state.Balances[i] = 0
	}
	return nil
}

func (m *memStore) Connect(context.Context) (Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.up {
		return nil, errDown
	}
	return &memSession{store: m, life: m.life}, nil
}

func (m *memStore) Read(context.Context) (State, error) { return m.copy(), nil }

func (m *memStore) copy() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return cloneState(m.state)
}

func cloneState(s State) State {
	return State{Rows: slices.Clone(s.Rows), Legs: slices.Clone(s.Legs), Balances: maps.Clone(s.Balances)}
}

// kill takes the server down with all its sessions.
func (m *memStore) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.up, m.life = false, m.life+1
}

func (m *memStore) restore(s State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.up, m.state = true, cloneState(s)
}

type memSession struct {
	store  *memStore
	life   int
	staged Entry
}

func (s *memSession) Close() {}

func (s *memSession) Last(_ context.Context, client int) (last int64, err error) {
	for _, r := range s.store.copy().Rows {
		if r.Client == client {
			last = max(last, r.Seq)
		}
	}
	return last, nil
}

func (s *memSession) Stage(_ context.Context, e Entry) error {
	s.staged = e
	return nil
}

func (s *memSession) Commit(context.Context) error {
	m := s.store
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.up || s.life != m.life {
		return errDown
	}
	m.commits++
	broken, done := m.breakCommit(m.commits)
	if !broken || done {
		if err := apply(&m.state, s.staged); err != nil {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
	}
	if broken {
		return errors.New("the connection broke")
	}
	return nil
}

// apply commits one entry; the key is client and number.
func apply(s *State, e Entry) error {
	for _, r := range s.Rows {
		if r.Client == e.Client && r.Seq == e.Seq {
			return errors.New("it is there already")
		}
	}
	s.Rows = append(s.Rows, Row{Client: e.Client, Seq: e.Seq, Attempt: e.Attempt})
	s.Legs = append(s.Legs, legsOf(e)...)
	s.Balances[e.From] -= e.Amount
	s.Balances[e.To] += e.Amount
	return nil
}
