package harness

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Tree is everything that can be seen of a folder and all that is in it: a
// line for each path.
type Tree map[string]string

// TreeOf reads a folder. Nothing may write there meanwhile.
func TreeOf(t testing.TB, root string) Tree {
	t.Helper()
	tree := Tree{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		line, err := describe(path, e)
		tree[path] = line
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// Same fails the test when the folder is not as it was: names, contents,
// owners, modes, inodes and times.
func (was Tree) Same(t testing.TB, root string) {
	t.Helper()
	if diff := cmp.Diff(was, TreeOf(t, root)); diff != "" {
		t.Errorf("%s was changed (-before +after):\n%s", root, diff)
	}
}

// SameBelow is Same for all that is in the folder, whose own time may be new: a
// file came and went there.
func (was Tree) SameBelow(t testing.TB, root string) {
	t.Helper()
	was, now := maps.Clone(was), TreeOf(t, root)
	delete(was, root)
	delete(now, root)
	if diff := cmp.Diff(was, now); diff != "" {
		t.Errorf("what is in %s was changed (-before +after):\n%s", root, diff)
	}
}

// describe gives a file's inode too, and the time of the last change to it,
// which nobody can set back: a file that was replaced by an equal one counts
// as changed.
func describe(path string, e fs.DirEntry) (string, error) {
	info, err := e.Info()
	if err != nil {
		return "", err
	}
	st := info.Sys().(*syscall.Stat_t)
	line := fmt.Sprintf("%s %d:%d inode %d links %d changed %s", info.Mode(), st.Uid, st.Gid, st.Ino, st.Nlink,
		time.Unix(st.Ctim.Unix()).UTC().Format(time.RFC3339Nano))
	if !info.Mode().IsRegular() {
		return line, nil
	}
	data, err := os.ReadFile(path)
	return fmt.Sprintf("%s %d bytes %x", line, len(data), sha256.Sum256(data)), err
}
