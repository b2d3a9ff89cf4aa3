package ledger

import (
	"context"
	"errors"
	"math/rand/v2"
)

// client writes one client's entries.
type client struct {
	Load
	id   int
	rand *rand.Rand
}

func newClient(id int, l Load) *client {
	return &client{Load: l, id: id, rand: rand.New(rand.NewPCG(uint64(id), 0))}
}

// run keeps a session going until ctx ends.
func (c *client) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := c.session(ctx); err != nil {
			c.Log.record(Failed, Entry{Client: c.id}, err)
			_ = sleep(ctx, c.Retry) // it ends early with ctx, and so does the loop
		}
	}
}

// session connects, finds out where the database stands, and writes on from there.
func (c *client) session(ctx context.Context) error {
	s, last, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	c.Log.record(Connected, Entry{Client: c.id, Seq: last}, nil)
	for ctx.Err() == nil {
		last++
		if err := c.write(ctx, s, c.entry(last)); err != nil {
			return err
		}
		if c.Pause > 0 {
			_ = sleep(ctx, c.Pause) // it ends early with ctx, and so does the loop
		}
	}
	return nil
}

func (c *client) connect(ctx context.Context) (Session, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	s, err := c.Store.Connect(ctx)
	if err != nil {
		return nil, 0, err
	}
	last, err := s.Last(ctx, c.id)
	if err != nil {
		s.Close()
		return nil, 0, err
	}
	return s, last, nil
}

// write commits one entry. It outlives ctx: a stopped load leaves no commit
// in doubt that the server still answers.
func (c *client) write(ctx context.Context, s Session, e Entry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Timeout)
	defer cancel()
	if err := s.Stage(ctx, e); err != nil {
		return err
	}
	c.Log.record(Sent, e, nil)
	err := s.Commit(ctx)
	c.Log.record(answer(err), e, err)
	return err
}

func answer(err error) Kind {
	switch {
	case err == nil:
		return Acked
	case errors.Is(err, ErrRefused):
		return Refused
	}
	return Lost
}

func (c *client) entry(seq int64) Entry {
	from := c.rand.IntN(c.Accounts)
	to := (from + 1 + c.rand.IntN(c.Accounts-1)) % c.Accounts
	return Entry{
		Client: c.id, Seq: seq, Attempt: c.Log.nextAttempt(),
		From: from, To: to, Amount: 1 + c.rand.Int64N(1000),
	}
}
