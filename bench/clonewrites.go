package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// diverge has all clones change rows at random places at once, and gives how
// many each changed per second.
func diverge(t *T, all []*harness.Clone) []float64 {
	rates := make([]float64, len(all))
	end := time.Now().Add(diverging)
	var group sync.WaitGroup
	for i, k := range all {
		group.Go(func() {
			began, rows := time.Now(), 0
			for time.Now().Before(end) {
				if _, err := k.TryQuery(t, fmt.Sprintf("WITH w AS (UPDATE filled SET text = repeat('y', 1000) WHERE i = %d RETURNING 1) SELECT count(*)::text FROM w",
					1+rand.IntN(cloneMiB*1000))); err != nil {
					t.Errorf("%s: %v", k.ID, err)
					return
				}
				rows++
			}
			rates[i] = float64(rows) / time.Since(began).Seconds()
		})
	}
	group.Wait()
	return rates
}

// free is the room on a file system in MiB, with all written out.
func free(t *T, point string) float64 {
	dir, err := os.Open(point)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	var st unix.Statfs_t
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		t.Fatal(err)
	}
	if err := unix.Fstatfs(int(dir.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	return float64(st.Bfree) * float64(st.Bsize) / (1 << 20)
}

// memories are the proportional shares of memory of the containers' processes.
func memories(t *T, ids []string) (mib []float64) {
	for _, id := range ids {
		sum := 0.0
		pids, _ := filepath.Glob("/proc/[0-9]*")
		for _, p := range pids {
			groups, _ := os.ReadFile(filepath.Join(p, "cgroup"))
			if strings.Contains(string(groups), "/"+id) {
				sum += share(p)
			}
		}
		if sum == 0 {
			t.Errorf("%s has no processes", id)
		}
		mib = append(mib, sum)
	}
	return mib
}

// share of a process that has ended is 0.
func share(proc string) float64 {
	f, err := os.Open(filepath.Join(proc, "smaps_rollup"))
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if words := strings.Fields(s.Text()); len(words) > 1 && words[0] == "Pss:" {
			kib, _ := strconv.ParseFloat(words[1], 64)
			return kib / 1024
		}
	}
	return 0
}
