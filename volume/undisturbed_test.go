package volume

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestUndisturbed(t *testing.T) {
	for name, tc := range map[string]struct {
		disturb func(t *testing.T, leases, root string)
		want    bool
	}{
		"written": {func(t *testing.T, _, root string) { write(t, root+"/b", nil) }, true},
		"another folder": {func(t *testing.T, _, root string) {
			must(t, os.Rename(root, root+".old"))
			must(t, os.Mkdir(root, 0o700))
		}, false},
		"a server lives there": {func(t *testing.T, leases, root string) {
			must(t, acquire(t, leases, root, Holder{Container: "c"}).Record(sleeper(t).Process.Pid))
		}, false},
		"its server has ended": {func(t *testing.T, leases, root string) {
			server := sleeper(t)
			must(t, acquire(t, leases, root, Holder{Container: "c"}).Record(server.Process.Pid))
			must(t, server.Process.Kill())
			_ = server.Wait()
		}, true},
		"a put back inside": {func(t *testing.T, _, root string) { must(t, os.Mkdir(root+"/"+workInside, 0o700)) }, false},
		"a put back beside": {func(t *testing.T, _, root string) {
			dir, err := openRoot(root)
			must(t, err)
			defer dir.Close()
			p, err := besidePlace(dir)
			must(t, err)
			defer p.base.Close()
			must(t, os.Mkdir(p.path(), 0o700))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			root, leases := filepath.Join(tempDir(t), "root"), filepath.Join(tempDir(t), "leases")
			write(t, root+"/a", nil)
			l := fingerprint(t, root)
			tc.disturb(t, leases, root)
			if got, err := l.Undisturbed(leases, root); got != tc.want || err != nil {
				t.Errorf("%t, %v", got, err)
			}
		})
	}
}

func TestUndisturbedLeavesNothing(t *testing.T) {
	root, leases := tempDir(t), filepath.Join(tempDir(t), "leases")
	l := fingerprint(t, root)
	if ok, err := l.Undisturbed(leases, root); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, err := os.Lstat(leases); !os.IsNotExist(err) {
		t.Error(fmt.Errorf("the folder of leases: %w", err))
	}
	onlyIn(t, root)
}
