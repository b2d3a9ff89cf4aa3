package e2e

import (
	"context"
	"os"
	"testing"

	"github.com/lull-containers/lull/lab/demo"
	"github.com/lull-containers/lull/lab/demo/screen"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// What `make demo` shows is true: every verdict of its three acts is good.
func TestDemo(t *testing.T) {
	l, bin := harness.Require(t), harness.Binaries(t)
	story, err := os.CreateTemp(t.TempDir(), "story")
	if err != nil {
		t.Fatal(err)
	}
	defer story.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result, err := demo.Run(ctx, l, screen.New(story, cancel), demo.Options{Bin: bin})
	if err != nil {
		text, _ := os.ReadFile(story.Name())
		t.Fatalf("%v\n%s", err, text)
	}
	if len(result.Acts) != 3 {
		t.Errorf("%d acts", len(result.Acts))
	}
}
