package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// The keys of a ledger. Entries and legs are lists of numbers with blanks in
// between; each client's last number has a key of its own, which is watched.
const (
	redisEntries  = "ledger:entry"
	redisLegs     = "ledger:leg"
	redisBalances = "ledger:balance"
	redisLast     = "ledger:last:"
)

// Setup makes the ledger's keys anew.
func (s redisStore) Setup(ctx context.Context, accounts int) error {
	conn, err := s.Redis.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	old, err := conn.Keys(ctx, "ledger:*").Result()
	if err != nil {
		return err
	}
	_, err = conn.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for _, key := range old {
			p.Del(ctx, key)
		}
		for i := range accounts {
			p.HSet(ctx, redisBalances, strconv.Itoa(i), 0)
		}
		return nil
	})
	return err
}

// Store is the ledger in this server.
func (r Redis) Store() Store { return redisStore{r} }

type redisStore struct{ Redis }

func (s redisStore) Connect(ctx context.Context) (Session, error) {
	conn, err := s.Redis.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &redisSession{conn: conn}, nil
}

type redisSession struct{ conn *RedisConn }

func (s *redisSession) Close() { s.conn.Close() }

func (s *redisSession) Last(ctx context.Context, client int) (int64, error) {
	last, err := s.conn.Get(ctx, redisLast+strconv.Itoa(client)).Int64()
	if errors.Is(err, redis.Nil) {
		err = nil
	}
	return last, err
}

// Stage queues the entry in a transaction that fails if another connection of
// the same client wrote meanwhile.
func (s *redisSession) Stage(ctx context.Context, e Entry) error {
	key := redisLast + strconv.Itoa(e.Client)
	if err := s.conn.Do(ctx, "WATCH", key).Err(); err != nil {
		return err
	}
	last, err := s.Last(ctx, e.Client)
	if err == nil && last != e.Seq-1 {
		err = fmt.Errorf("the last number of client %d is %d, not %d", e.Client, last, e.Seq-1)
	}
	if err != nil {
		return err
	}
	for _, c := range commandsOf(e, key) {
		if err := s.conn.Do(ctx, c...).Err(); err != nil {
			return err
		}
	}
	return nil
}

func commandsOf(e Entry, last string) [][]any {
	list := [][]any{
		{"MULTI"},
		{"SET", last, e.Seq},
		{"RPUSH", redisEntries, fmt.Sprint(e.Client, " ", e.Seq, " ", e.Attempt)},
	}
	for _, l := range legsOf(e) {
		list = append(list,
			[]any{"RPUSH", redisLegs, fmt.Sprint(l.Attempt, " ", l.Account, " ", l.Amount)},
			[]any{"HINCRBY", redisBalances, l.Account, l.Amount})
	}
	return list
}

func (s *redisSession) Commit(ctx context.Context) error {
	err := s.conn.Do(ctx, "EXEC").Err()
	if errors.Is(err, redis.Nil) || codeOf(err) == "EXECABORT" {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// codeOf is the first word of what a server answers for an error.
func codeOf(err error) string {
	var answer redis.Error
	if !errors.As(err, &answer) {
		return ""
	}
	code, _, _ := strings.Cut(answer.Error(), " ")
	return code
}
