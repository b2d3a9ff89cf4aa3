package harness

import (
	"os"
	"testing"

	"github.com/lull-containers/lull/lab"
)

// Require gives the lab. It skips the test unless LULL_E2E=1; asked for like
// this, what is missing fails it.
func Require(t testing.TB) *lab.Lab {
	t.Helper()
	if os.Getenv("LULL_E2E") != "1" {
		t.Skip("end-to-end tests start real containers as root; `make e2e` runs them, or set LULL_E2E=1")
	}
	if os.Geteuid() != 0 {
		t.Fatal("end-to-end tests need root")
	}
	l, err := lab.Open()
	if err != nil {
		t.Fatal(err)
	}
	return l
}
