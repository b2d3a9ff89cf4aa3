package e2e

import (
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// stalled: a server that says nothing for longer than a statement of the fence
// may take costs the fence connections, and not the fence.
func stalled(t *testing.T, b *boxed) {
	writer, session := b.Client(t), b.open(t, b.Target())
	must(t, writer.Begin(within(t)))
	must(t, writer.Write(within(t)))
	done := make(chan error, 1)
	go func() {
		_, err := session.Fence(within(t), 30*time.Second)
		done <- err
	}()
	harness.Eventually(t, "the fence is tried", func() bool {
		return len(b.ask(t, "SELECT ID FROM information_schema.PROCESSLIST WHERE ID = IS_USED_LOCK('lull.fence')")) > 0
	})
	b.d.Ctr(t, "tasks", "kill", "--signal", "SIGSTOP", b.container.ID)
	time.Sleep(6 * time.Second) // its statements are given up meanwhile
	b.d.Ctr(t, "tasks", "kill", "--signal", "SIGCONT", b.container.ID)
	must(t, writer.Commit(within(t)))
	must(t, <-done)
	must(t, session.Ping(within(t)))
	must(t, session.Close())
}
