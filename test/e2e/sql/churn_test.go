package sql

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// churn reads and changes rows all over the filled table, over restores too, so
// that pages go out and come in all the time. Its errors count for nothing: the
// server goes away under it.
func (s *server) churn(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	my := ledger.MySQL{Addr: netip.MustParseAddrPort("127.0.0.1:3306"), Inside: s.InNetNS, User: "root", Password: harness.Canary}
	for range 2 {
		done.Go(func() {
			for ctx.Err() == nil {
				changeRows(ctx, my)
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	end := sync.OnceFunc(func() { cancel(); done.Wait() })
	t.Cleanup(end)
	return end
}

// changeRows goes on until the connection breaks.
func changeRows(ctx context.Context, my ledger.MySQL) {
	conn, err := my.Connect(ctx)
	if err != nil {
		return
	}
	defer conn.Close()
	for err == nil && ctx.Err() == nil {
		const rows = 8192
		_, err = conn.ExecContext(ctx, `UPDATE ledger.filling SET v = v + 1 WHERE n IN (?, ?, ?, ?)`,
			rand.IntN(rows), rand.IntN(rows), rand.IntN(rows), rand.IntN(rows))
		time.Sleep(5 * time.Millisecond)
	}
}
