package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/go-sql-driver/mysql"
)

// mysqlSetup makes the tables anew, in the ledger's own database.
var mysqlSetup = []string{
	`CREATE DATABASE IF NOT EXISTS ledger`,
	`DROP TABLE IF EXISTS ledger.entry, ledger.leg, ledger.account`,
	`CREATE TABLE ledger.entry (client int, seq bigint, attempt bigint NOT NULL, PRIMARY KEY (client, seq)) ENGINE=InnoDB`,
	`CREATE TABLE ledger.leg (attempt bigint NOT NULL, account int NOT NULL, amount bigint NOT NULL, KEY (attempt)) ENGINE=InnoDB`,
	`CREATE TABLE ledger.account (account int PRIMARY KEY, balance bigint NOT NULL) ENGINE=InnoDB`,
}

// Store is the ledger in this server.
func (m MySQL) Store() Store { return mysqlStore{m} }

type mysqlStore struct{ MySQL }

func (s mysqlStore) Setup(ctx context.Context, accounts int) error {
	c, err := s.MySQL.Connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, statement := range mysqlSetup {
		if _, err := c.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("ledger tables: %w", err)
		}
	}
	for i := range accounts {
		if _, err := c.ExecContext(ctx, `INSERT INTO ledger.account VALUES (?, 0)`, i); err != nil {
			return fmt.Errorf("ledger accounts: %w", err)
		}
	}
	return nil
}

func (s mysqlStore) Connect(ctx context.Context) (Session, error) {
	c, err := s.MySQL.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &mysqlSession{c}, nil
}

type mysqlSession struct{ conn *MySQLConn }

func (s *mysqlSession) Close() { s.conn.Close() }

func (s *mysqlSession) Last(ctx context.Context, client int) (last int64, err error) {
	err = s.conn.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) FROM ledger.entry WHERE client = ?`, client).Scan(&last)
	return last, err
}

// Stage takes the accounts in one order, so that no two clients deadlock.
func (s *mysqlSession) Stage(ctx context.Context, e Entry) error {
	if err := s.exec(ctx, `START TRANSACTION`); err != nil {
		return err
	}
	if err := s.exec(ctx, `INSERT INTO ledger.entry VALUES (?, ?, ?)`, e.Client, e.Seq, e.Attempt); err != nil {
		return err
	}
	legs := legsOf(e)
	if legs[0].Account > legs[1].Account {
		slices.Reverse(legs)
	}
	for _, l := range legs {
		if err := s.exec(ctx, `INSERT INTO ledger.leg VALUES (?, ?, ?)`, l.Attempt, l.Account, l.Amount); err != nil {
			return err
		}
		if err := s.exec(ctx, `UPDATE ledger.account SET balance = balance + ? WHERE account = ?`, l.Amount, l.Account); err != nil {
			return err
		}
	}
	return nil
}

func (s *mysqlSession) exec(ctx context.Context, statement string, args ...any) error {
	_, err := s.conn.ExecContext(ctx, statement, args...)
	return err
}

// Commit knows only the errors after which nothing is committed for certain;
// of others, an interruption for example, the server has not said.
func (s *mysqlSession) Commit(ctx context.Context) error {
	err := s.exec(ctx, `COMMIT`)
	var said *mysql.MySQLError
	const lockWaitTimeout, deadlock, readOnly = 1205, 1213, 1290
	if errors.As(err, &said) && slices.Contains([]uint16{lockWaitTimeout, deadlock, readOnly}, said.Number) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// Read takes all three tables from one snapshot.
func (s mysqlStore) Read(ctx context.Context) (State, error) {
	st := State{Balances: map[int]int64{}}
	c, err := s.MySQL.Connect(ctx)
	if err != nil {
		return st, err
	}
	defer c.Close()
	tx, err := c.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return st, err
	}
	defer tx.Rollback() //nolint:errcheck // it reads only
	if err := st.readMySQL(ctx, tx); err != nil {
		return State{}, fmt.Errorf("read the ledger: %w", err)
	}
	return st, nil
}

func (st *State) readMySQL(ctx context.Context, tx *sql.Tx) (err error) {
	if st.Rows, err = triples(ctx, tx, `SELECT client, seq, attempt FROM ledger.entry`, func(a, b, c int64) Row {
		return Row{Client: int(a), Seq: b, Attempt: c}
	}); err != nil {
		return err
	}
	if st.Legs, err = triples(ctx, tx, `SELECT attempt, account, amount FROM ledger.leg`, func(a, b, c int64) Leg {
		return Leg{Attempt: a, Account: int(b), Amount: c}
	}); err != nil {
		return err
	}
	accounts, err := triples(ctx, tx, `SELECT account, balance, 0 FROM ledger.account`, func(a, b, _ int64) [2]int64 { return [2]int64{a, b} })
	for _, a := range accounts {
		st.Balances[int(a[0])] = a[1]
	}
	return err
}

func triples[T any](ctx context.Context, tx *sql.Tx, query string, of func(a, b, c int64) T) (all []T, err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a, b, c int64
		if err := rows.Scan(&a, &b, &c); err != nil {
			return nil, err
		}
		all = append(all, of(a, b, c))
	}
	return all, rows.Err()
}
