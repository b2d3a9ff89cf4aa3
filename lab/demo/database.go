package demo

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/test/ledger"
)

// database is a PostgreSQL in a container, by the container's name: it stays
// the same when it is restored.
type database struct {
	ledger.PostgreSQL
	id    string
	state string // folder of lull's record of it
}

func (s *stage) database(id string) *database {
	d := &database{id: id, state: state.Dir(s.daemon.LullDir(), s.daemon.Namespace, id)}
	d.PostgreSQL = ledger.PostgreSQL{
		Addr: netip.MustParseAddrPort("127.0.0.1:5432"), Inside: d.inside,
		User: "postgres", Password: password, Database: "postgres",
	}
	return d
}

// netns is where the container's network namespace is now.
func (d *database) netns() (string, error) {
	rec, err := state.Read(d.state)
	if err != nil {
		return "", fmt.Errorf("container %s is not there: %w", d.id, err)
	}
	if rec.Pid == 0 {
		return "", fmt.Errorf("container %s does not run yet", d.id)
	}
	return fmt.Sprintf("/proc/%d/ns/net", rec.Pid), nil
}

func (d *database) inside(f func() error) error {
	path, err := d.netns()
	if err != nil {
		return err
	}
	return netns.Do(path, f)
}

// answers waits until the server answers a query.
func (d *database) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := d.ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL in container %s does not answer: %w", d.id, err)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (d *database) ask(ctx context.Context) error {
	conn, err := d.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the answer is there already
	var one int
	return conn.QueryRow(ctx, "SELECT 1").Scan(&one)
}
