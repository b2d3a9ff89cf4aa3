package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Read takes all three tables from one snapshot, without an index in between.
func (s pgStore) Read(ctx context.Context) (State, error) {
	conn, err := s.PostgreSQL.Connect(ctx)
	if err != nil {
		return State{}, err
	}
	defer hangUp(ctx, conn)
	st := State{Balances: map[int]int64{}}
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, conn, snapshot, func(tx pgx.Tx) error { return st.readPG(ctx, tx) })
	if err != nil {
		return State{}, fmt.Errorf("read the ledger: %w", err)
	}
	return st, nil
}

func (st *State) readPG(ctx context.Context, tx pgx.Tx) (err error) {
	const withoutIndexes = `SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off`
	if _, err := tx.Exec(ctx, withoutIndexes); err != nil {
		return err
	}
	if st.Rows, err = collect[Row](ctx, tx, `SELECT client, seq, attempt FROM ledger_entry`); err != nil {
		return err
	}
	if st.Legs, err = collect[Leg](ctx, tx, `SELECT attempt, account, amount FROM ledger_leg`); err != nil {
		return err
	}
	type account struct {
		Account int
		Balance int64
	}
	accounts, err := collect[account](ctx, tx, `SELECT account, balance FROM ledger_account`)
	for _, a := range accounts {
		st.Balances[a.Account] = a.Balance
	}
	if err == nil && len(accounts) != len(st.Balances) {
		err = fmt.Errorf("%d accounts in %d rows: one is there twice", len(st.Balances), len(accounts))
	}
	return err
}

func collect[T any](ctx context.Context, tx pgx.Tx, query string) ([]T, error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}
