package harness

import (
	"context"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/ledger"
)

// Answers waits until a database lets clients in.
func Answers(t testing.TB, store ledger.Store, what string, within time.Duration) {
	t.Helper()
	eventuallyAnswers(t, what, within, func(ctx context.Context) error {
		s, err := store.Connect(ctx)
		if err == nil {
			s.Close()
		}
		return err
	})
}

// answerTime bounds the wait for a server that was just started.
const answerTime = 2 * time.Minute

// eventuallyAnswers waits until ask has an answer. The pause is short: what is measured
// may begin with it.
func eventuallyAnswers(t testing.TB, what string, within time.Duration, ask func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%s does not answer: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
