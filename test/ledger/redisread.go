package ledger

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// Read takes everything in one transaction.
func (s redisStore) Read(ctx context.Context) (State, error) {
	conn, err := s.Redis.Connect(ctx)
	if err != nil {
		return State{}, err
	}
	defer conn.Close()
	var entries, legs *redis.StringSliceCmd
	var balances *redis.MapStringStringCmd
	_, err = conn.TxPipelined(ctx, func(p redis.Pipeliner) error {
		entries, legs = p.LRange(ctx, redisEntries, 0, -1), p.LRange(ctx, redisLegs, 0, -1)
		balances = p.HGetAll(ctx, redisBalances)
		return nil
	})
	if err != nil {
		return State{}, fmt.Errorf("read the ledger: %w", err)
	}
	return redisState(entries.Val(), legs.Val(), balances.Val())
}

func redisState(entries, legs []string, balances map[string]string) (State, error) {
	st := State{Balances: map[int]int64{}}
	for _, text := range entries {
		var r Row
		if _, err := fmt.Sscan(text, &r.Client, &r.Seq, &r.Attempt); err != nil {
			return State{}, fmt.Errorf("entry %q: %w", text, err)
		}
		st.Rows = append(st.Rows, r)
	}
	for _, text := range legs {
		var l Leg
		if _, err := fmt.Sscan(text, &l.Attempt, &l.Account, &l.Amount); err != nil {
			return State{}, fmt.Errorf("leg %q: %w", text, err)
		}
		st.Legs = append(st.Legs, l)
	}
	for account, balance := range balances {
		a, err := strconv.Atoi(account)
		if err != nil {
			return State{}, err
		}
		if st.Balances[a], err = strconv.ParseInt(balance, 10, 64); err != nil {
			return State{}, err
		}
	}
	return st, nil
}
