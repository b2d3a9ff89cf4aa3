package mysqlproto

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An applier's session is told from those that may be ended, whose account may
// have any other name.
func TestAppliers(t *testing.T) {
	some := []Row{{"id": "7", "who": "shop"}, {"id": "8", "who": "system user"}, {"id": "9", "who": ""}}
	if diff := cmp.Diff([]Row{{"id": "8", "who": "system user"}}, appliers(some)); diff != "" {
		t.Errorf("appliers (-want +got):\n%s", diff)
	}
	if len(some) != 3 || len(appliers(some[:1])) != 0 {
		t.Errorf("of %v: %v", some, appliers(some[:1]))
	}
}

// Who has ended a transaction and begun another is none of those that were
// waited for.
func TestCommon(t *testing.T) {
	some := []Row{{"id": "7", "trx": "1"}, {"id": "8", "trx": "1"}}
	now := []Row{{"id": "7", "trx": "2"}, {"id": "8", "trx": "1"}, {"id": "9", "trx": "1"}}
	if diff := cmp.Diff(some[1:], common(some, now)); diff != "" {
		t.Errorf("common (-want +got):\n%s", diff)
	}
}
