package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// tutorialSetup is the table that the tutorial's tests count.
const tutorialSetup = `
DROP TABLE IF EXISTS test_data;
CREATE TABLE test_data (
	id SERIAL PRIMARY KEY,
	name VARCHAR(100),
	value INTEGER,
	created_at TIMESTAMP DEFAULT now()
);
INSERT INTO test_data (name, value) SELECT 'test_' || i, i FROM generate_series(1, 1000) i;`

// tutorialQueries are its validations, and one that reads every value.
var tutorialQueries = []string{
	`SELECT count(*) FROM test_data`,
	`SELECT max(id) FROM test_data`,
	`SELECT min(created_at) FROM test_data`,
	`SELECT max(created_at) FROM test_data`,
	`SELECT count(*) FROM test_data WHERE id IS NULL OR name IS NULL`,
	`SELECT count(*) FROM test_data WHERE name = 'checkpoint_test'`,
	`SELECT count(*) FROM test_data WHERE value > 100 AND id < 100`,
	`SELECT md5(string_agg(concat_ws(' ', id, name, value, created_at), ',' ORDER BY id)) FROM test_data`,
}

// tutorialWork is the transaction that the tutorial leaves open over its checkpoint.
const tutorialWork = `
INSERT INTO test_data (name, value) VALUES ('checkpoint_test', 999);
UPDATE test_data SET value = value + 1 WHERE id < 100;`

// Answer is a query and what it answers, both as text, so that answers of
// before and after can be compared with ==.
type Answer struct {
	Query, Value string
}

// String is "query = value".
func (a Answer) String() string { return a.Query + " = " + a.Value }

// SetupTutorial makes the tutorial's table test_data with its 1000 rows.
func (p PostgreSQL) SetupTutorial(ctx context.Context) error {
	conn, err := p.Connect(ctx)
	if err != nil {
		return err
	}
	defer hangUp(ctx, conn)
	if _, err := conn.Exec(ctx, tutorialSetup); err != nil {
		return fmt.Errorf("the tutorial's table: %w", err)
	}
	return nil
}

// TutorialAnswers asks the tutorial's validation queries, from one snapshot.
func (p PostgreSQL) TutorialAnswers(ctx context.Context) ([]Answer, error) {
	conn, err := p.Connect(ctx)
	if err != nil {
		return nil, err
	}
	defer hangUp(ctx, conn)
	answers := make([]Answer, len(tutorialQueries))
	ask := func(tx pgx.Tx) error { return askAll(ctx, tx, answers) }
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	if err := pgx.BeginTxFunc(ctx, conn, snapshot, ask); err != nil {
		return nil, fmt.Errorf("the tutorial's queries: %w", err)
	}
	return answers, nil
}

func askAll(ctx context.Context, tx pgx.Tx, answers []Answer) error {
	for i, q := range tutorialQueries {
		answers[i].Query = q
		asText := `SELECT coalesce((` + q + `)::text, 'NULL')`
		if err := tx.QueryRow(ctx, asText).Scan(&answers[i].Value); err != nil {
			return err
		}
	}
	return nil
}

// OpenTransaction does the tutorial's uncommitted work and keeps it open until
// the returned transaction's connection ends.
func (p PostgreSQL) OpenTransaction(ctx context.Context) (*pgx.Conn, pgx.Tx, error) {
	conn, err := p.Connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	tx, err := conn.Begin(ctx)
	if err == nil {
		_, err = tx.Exec(ctx, tutorialWork)
	}
	if err != nil {
		hangUp(ctx, conn)
		return nil, nil, fmt.Errorf("the tutorial's open transaction: %w", err)
	}
	return conn, tx, nil
}
