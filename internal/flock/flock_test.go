package flock_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/internal/flock"
)

func TestModes(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct {
		first, second flock.Mode
		want          error
	}{
		"exclusive keeps exclusive out": {flock.Exclusive, flock.Exclusive, flock.ErrHeld},
		"exclusive keeps shared out":    {flock.Exclusive, flock.Shared, flock.ErrHeld},
		"shared keeps exclusive out":    {flock.Shared, flock.Exclusive, flock.ErrHeld},
		"shared lets shared in":         {flock.Shared, flock.Shared, nil},
	} {
		t.Run(name, func(t *testing.T) {
			first, err := flock.OpenTry(dir, tt.first)
			if err != nil {
				t.Fatal(err)
			}
			second, err := flock.OpenTry(dir, tt.second)
			if !errors.Is(err, tt.want) {
				t.Errorf("the second got %v, want %v", err, tt.want)
			}
			if err == nil {
				defer second.Close()
			}
			if err := flock.Close(first); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	first, err := flock.OpenWait(path, flock.Exclusive)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan error)
	go func() {
		second, err := flock.OpenWait(path, flock.Exclusive)
		got <- errors.Join(err, second.Close())
	}()
	select {
	case <-got:
		t.Fatal("it did not wait")
	default:
	}
	if err := flock.Close(first); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// A child that has the open file does not keep the lock.
func TestCloseWithAChild(t *testing.T) {
	dir := t.TempDir()
	held, err := flock.OpenTry(dir, flock.Exclusive)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command("cat")
	child.ExtraFiles = []*os.File{held}
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = child.Wait() }()
	if err := flock.Close(held); err != nil {
		t.Fatal(err)
	}
	next, err := flock.OpenTry(dir, flock.Exclusive)
	if err != nil {
		t.Fatal(err)
	}
	_ = next.Close()
}

func TestNotThere(t *testing.T) {
	if _, err := flock.OpenTry(filepath.Join(t.TempDir(), "gone"), flock.Shared); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
