package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// pgSetup makes the tables anew. The primary key keeps an entry that is still
// queued in the server and its repetition by a reconnected client apart.
const pgSetup = `
DROP TABLE IF EXISTS ledger_entry, ledger_leg, ledger_account;
CREATE TABLE ledger_entry (client int, seq bigint, attempt bigint NOT NULL, PRIMARY KEY (client, seq));
CREATE TABLE ledger_leg (attempt bigint NOT NULL, account int NOT NULL, amount bigint NOT NULL);
CREATE TABLE ledger_account (account int PRIMARY KEY, balance bigint NOT NULL);`

// Setup makes the ledger's three tables.
func (p PostgreSQL) Setup(ctx context.Context, accounts int) error {
	conn, err := p.Connect(ctx)
	if err != nil {
		return err
	}
	defer hangUp(ctx, conn)
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, pgSetup); err != nil {
			return fmt.Errorf("ledger tables: %w", err)
		}
		_, err := tx.Exec(ctx, `INSERT INTO ledger_account SELECT i, 0 FROM generate_series(0, $1::int - 1) i`, accounts)
		return err
	})
}

// Store is the ledger in this server.
func (p PostgreSQL) Store() Store { return pgStore{p} }

type pgStore struct{ PostgreSQL }

func (s pgStore) Connect(ctx context.Context) (Session, error) {
	conn, err := s.PostgreSQL.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &pgSession{conn: conn}, nil
}

type pgSession struct {
	conn *pgx.Conn
	tx   pgx.Tx
}

func (s *pgSession) Close() { hangUp(context.Background(), s.conn) }

func (s *pgSession) Last(ctx context.Context, client int) (last int64, err error) {
	err = s.conn.QueryRow(ctx, `SELECT coalesce(max(seq), 0) FROM ledger_entry WHERE client = $1`, client).Scan(&last)
	return last, err
}

// Stage takes the accounts in one order, so that no two clients deadlock.
func (s *pgSession) Stage(ctx context.Context, e Entry) (err error) {
	if s.tx, err = s.conn.Begin(ctx); err != nil {
		return err
	}
	var b pgx.Batch
	b.Queue(`INSERT INTO ledger_entry (client, seq, attempt) VALUES ($1, $2, $3)`, e.Client, e.Seq, e.Attempt)
	legs := legsOf(e)
	if legs[0].Account > legs[1].Account {
		legs[0], legs[1] = legs[1], legs[0]
	}
	for _, l := range legs {
		b.Queue(`INSERT INTO ledger_leg (attempt, account, amount) VALUES ($1, $2, $3)`, l.Attempt, l.Account, l.Amount)
		b.Queue(`UPDATE ledger_account SET balance = balance + $2 WHERE account = $1`, l.Account, l.Amount)
	}
	return s.tx.SendBatch(ctx, &b).Close()
}

func (s *pgSession) Commit(ctx context.Context) error {
	err := s.tx.Commit(ctx)
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}
