package demo

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lull-containers/lull/test/ledger"
)

// Whatever is wrong with a ledger shows in the verdict on one promise.
func TestJudgement(t *testing.T) {
	tests := map[ledger.Fault]string{
		ledger.Hole: verdictThere, ledger.Missing: verdictThere,
		ledger.AfterCut: verdictNothing, ledger.Duplicate: verdictNothing,
		ledger.Denied: verdictNothing, ledger.Stranger: verdictNothing,
		ledger.Torn: verdictWhole, ledger.Skewed: verdictWhole,
		ledger.Unequal: verdictWhole, ledger.Balance: verdictWhole,
		ledger.Stuck: verdictWrites, "a fault to come": verdictWhole,
	}
	for fault, want := range tests {
		t.Run(string(fault), func(t *testing.T) {
			r := &ledger.Report{Violations: []ledger.Violation{{Fault: fault, Client: 1, Seq: 2, Account: ledger.None}}}
			var broken []string
			for _, name := range verdictNames() {
				if v := judgement(name, r, ""); !v.OK {
					broken = append(broken, v.Name)
				}
			}
			if diff := cmp.Diff([]string{want}, broken); diff != "" {
				t.Errorf("broken promises (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNarrow(t *testing.T) {
	const ms = time.Millisecond
	tests := map[string]struct {
		acks   []int // milliseconds
		frozen float64
		want   [2]time.Duration
	}{
		"the one long gap":           {[]int{90, 110, 120, 320, 330, 410}, 190, [2]time.Duration{120*ms + 1, 320 * ms}},
		"it begins before the span":  {[]int{90, 320, 330}, 190, [2]time.Duration{100*ms + 1, 320 * ms}},
		"it ends after the span":     {[]int{110, 380, 610}, 190, [2]time.Duration{100 * ms, 400 * ms}},
		"two that are long enough":   {[]int{110, 210, 310, 320}, 150, [2]time.Duration{100 * ms, 400 * ms}},
		"none that is long enough":   {[]int{110, 210, 310, 400}, 900, [2]time.Duration{100 * ms, 400 * ms}},
		"a gap after the span":       {[]int{110, 120, 320, 390, 401, 900}, 190, [2]time.Duration{120*ms + 1, 320 * ms}},
		"nobody was ever answered":   {nil, 190, [2]time.Duration{100 * ms, 400 * ms}},
		"no client noticed a freeze": {[]int{100, 200, 300, 400}, 0, [2]time.Duration{100 * ms, 400 * ms}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var h ledger.History
			for _, at := range tt.acks {
				h.Events = append(h.Events, ledger.Event{At: time.Duration(at) * ms, Kind: ledger.Acked})
			}
			slices.SortFunc(h.Events, func(a, b ledger.Event) int { return int(a.At - b.At) })
			r := narrow(h, 100*ms, 400*ms, tt.frozen)
			if got := [2]time.Duration{r.CutStart, r.CutEnd}; got != tt.want {
				t.Errorf("cut %v, not %v", got, tt.want)
			}
		})
	}
}

func TestWordsAndLastWord(t *testing.T) {
	if got := words([]string{"lull", "restore"}, 3); got != "lull restore" {
		t.Errorf("words: %q", got)
	}
	for said, want := range map[string]string{"": "", " \n": "", "a/b:c\n": "a/b:c", "note: x\na:b": "a:b"} {
		if got := lastWord(said); got != want {
			t.Errorf("last word of %q is %q", said, got)
		}
	}
}
