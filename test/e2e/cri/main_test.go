// Package cri checkpoints databases in pods, through containerd's CRI as the
// kubelet does.
package cri

import (
	"os"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
