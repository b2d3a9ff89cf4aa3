package harness

import (
	"testing"

	"github.com/lull-containers/lull/test/ledger"
)

// Machine starts a daemon that shares nothing with another one but the kernel:
// root, state, store and network, in which there is loopback only, are its own.
func Machine(t testing.TB) *Daemon {
	t.Helper()
	return Start(t, Options{Network: true})
}

// CheckOn holds a ledger on another server against the log. The load has to be
// stopped, or must not write to it.
func (l *Load) CheckOn(t testing.TB, store ledger.Store, x ledger.Expect) *ledger.Report {
	t.Helper()
	return l.check(t, store, x)
}
