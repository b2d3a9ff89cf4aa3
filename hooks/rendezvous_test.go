package hooks

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/internal/rpccode"
)

func TestAsk(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "hooks", "42.sock")
	if err := ask(t.Context(), socket, Call{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a keeper: %v", err)
	}
	l, err := listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for c := range calls(l) {
			if c.Stage == PostDump {
				c.answer(rpccode.Wrap(rpccode.Timeout, errors.New("too\nlate")))
			}
			c.answer(nil) // only the first counts
		}
	}()
	if err := ask(t.Context(), socket, Call{Stage: PreDump}); err != nil {
		t.Error(err)
	}
	if err := ask(t.Context(), socket, Call{Stage: PostDump}); err == nil || err.Error() != "too; late" {
		t.Errorf("the answer is %v", err)
	}
	l.Close()
	if err := ask(t.Context(), socket, Call{Stage: PostDump}); !errors.Is(err, errKeeperGone) {
		t.Errorf("with a keeper that is gone: %v", err)
	}
	again, err := listen(socket)
	if err != nil {
		t.Fatalf("a socket that was left stands in the way: %v", err)
	}
	again.Close()
}
