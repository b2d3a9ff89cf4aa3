//go:build failpoint

// Package failpoint lets test builds (build tag failpoint) make a named place
// in a sequence fail. In other builds it does nothing and costs nothing.
package failpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Hit looks for a file called name in the folder $LULL_FAILPOINTS. Its first
// word says what happens: error, panic, kill (SIGKILL to this process), exit,
// hang (until the file is gone; NAME.hangs is there meanwhile), sleep DURATION,
// eat (memory). The file is consumed, hang's excepted, so that a fault happens
// once.
func Hit(name string) error {
	dir := os.Getenv("LULL_FAILPOINTS")
	if dir == "" {
		return nil
	}
	path := filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	words := strings.Fields(string(data))
	if len(words) == 0 {
		return nil
	}
	if words[0] != "hang" {
		os.Remove(path)
	}
	return act(name, path, words)
}

func act(name, path string, words []string) error {
	switch words[0] {
	case "error":
		return fmt.Errorf("failpoint %s", name)
	case "panic":
		panic("failpoint " + name)
	case "kill":
		unix.Kill(os.Getpid(), unix.SIGKILL)
	case "exit":
		os.Exit(1)
	case "hang":
		hang(path)
	case "sleep":
		d, _ := time.ParseDuration(words[len(words)-1])
		time.Sleep(d)
	case "eat":
		eat()
	}
	return nil
}

// hang tells by a file beside path that it was met.
func hang(path string) {
	met := path + ".hangs"
	_ = os.WriteFile(met, nil, 0o600) // an agent may not
	defer os.Remove(met)
	for _, err := os.Stat(path); err == nil; _, err = os.Stat(path) {
		time.Sleep(10 * time.Millisecond)
	}
}

func eat() {
	var kept [][]byte
	for {
		block := make([]byte, 16<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		kept = append(kept, block)
		runtime.KeepAlive(kept)
	}
}

// Env hands the failpoints on to a process that is started with an
// environment of its own.
func Env() []string { return []string{"LULL_FAILPOINTS=" + os.Getenv("LULL_FAILPOINTS")} }
