package volume

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/flock"
)

func acquire(t testing.TB, state, dir string, h Holder) *Lease {
	t.Helper()
	l, err := AcquireLease(state, dir, h)
	must(t, err)
	return l
}

// refusedFor fails unless the lease is refused naming the container.
func refusedFor(t testing.TB, state, dir, container string) {
	t.Helper()
	_, err := AcquireLease(state, dir, Holder{Container: "second", Namespace: "n"})
	var held *LeaseError
	if !errors.Is(err, ErrLeased) || !errors.As(err, &held) {
		t.Fatalf("AcquireLease: %v", err)
	}
	if held.Holder.Container != container || !strings.Contains(err.Error(), "; ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("it names %+v: %q", held.Holder, err)
	}
}

// sleeper is a process that lives until it is killed.
func sleeper(t testing.TB) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

func TestLeaseIsOne(t *testing.T) {
	state, dir := tempDir(t)+"/leases", tempDir(t)
	l := acquire(t, state, dir, Holder{Container: "first", Namespace: "n"})
	refusedFor(t, state, dir, "first")
	must(t, os.Mkdir(dir+"/sub", 0o700))
	other := acquire(t, state, dir+"/sub", Holder{Container: "third", Namespace: "n"})
	must(t, other.Release())
	must(t, l.Release())
	onlyIn(t, state)
	must(t, acquire(t, state, dir, Holder{Container: "second", Namespace: "n"}).Release())
}

func TestLeaseIsOfTheFolderNotOfItsName(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	state, dir, other := tempDir(t), tempDir(t), tempDir(t)
	must(t, os.MkdirAll(dir+"/data", 0o700))
	bindMount(t, dir, other)
	l := acquire(t, state, dir+"/data", Holder{Container: "first", Namespace: "n"})
	refusedFor(t, state, other+"/data", "first")
	must(t, os.Rename(dir+"/data", dir+"/renamed"))
	refusedFor(t, state, dir+"/renamed", "first")
	must(t, l.Release())
}

// The server outlives the shim: nobody holds the lock, but it lives.
func TestLeaseOfALiveServerWithoutItsShim(t *testing.T) {
	for _, state := range []string{"running", "stopped"} {
		t.Run(state, func(t *testing.T) {
			states, dir, server := tempDir(t), tempDir(t), sleeper(t)
			if state == "stopped" {
				must(t, server.Process.Signal(unix.SIGSTOP))
			}
			first := Holder{Container: "first", Namespace: "n"}
			l := acquire(t, states, dir, first)
			must(t, l.Record(server.Process.Pid))
			must(t, flock.Close(l.lock)) // as when the shim dies
			refusedFor(t, states, dir, "first")
			first.PID = server.Process.Pid
			again := acquire(t, states, dir, first) // a shim that takes its place
			var held *LeaseError
			if err := again.Release(); !errors.As(err, &held) {
				t.Errorf("released while its server lives: %v", err)
			}
			refusedFor(t, states, dir, "first")
			must(t, server.Process.Kill())
			_ = server.Wait()
			must(t, acquire(t, states, dir, Holder{Container: "second", Namespace: "n"}).Release())
			onlyIn(t, states)
		})
	}
}

// A zombie has no files open any more.
func TestLeaseOfAZombieIsFree(t *testing.T) {
	state, dir, server := tempDir(t), tempDir(t), sleeper(t)
	l := acquire(t, state, dir, Holder{Container: "first", PID: server.Process.Pid})
	must(t, flock.Close(l.lock))
	must(t, server.Process.Kill())
	var info unix.Siginfo
	must(t, unix.Waitid(unix.P_PID, server.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil))
	must(t, acquire(t, state, dir, Holder{Container: "second"}).Release())
}

// A pid that was used again, and one of before a reboot, are not the holder.
func TestLeaseKnowsItsHolderFromANamesake(t *testing.T) {
	for name, change := range map[string]func(*holderRecord){
		"another start": func(r *holderRecord) { r.Start += "0" },
		"another boot":  func(r *holderRecord) { r.Boot = "00000000-0000-0000-0000-000000000000" },
	} {
		t.Run(name, func(t *testing.T) {
			state, dir := tempDir(t), tempDir(t)
			l := acquire(t, state, dir, Holder{Container: "first", PID: os.Getpid()})
			must(t, flock.Close(l.lock))
			refusedFor(t, state, dir, "first")
			r := l.holder
			change(&r)
			must(t, writeHolder(l.path+".json", r))
			must(t, acquire(t, state, dir, Holder{Container: "second"}).Release())
		})
	}
}

func TestLeaseRefusesAnUnreadableRecord(t *testing.T) {
	for name, text := range map[string]string{"torn": `{"container":`, "no process": `{"boot":"b","pid":7}`, "empty": ""} {
		t.Run(name, func(t *testing.T) {
			state, dir := tempDir(t), tempDir(t)
			path, err := leasePath(state, dir)
			must(t, err)
			write(t, path+".json", []byte(text))
			_, err = AcquireLease(state, dir, Holder{Container: "c"})
			if !errors.Is(err, ErrLeased) || !strings.Contains(err.Error(), path+".json") {
				t.Errorf("AcquireLease: %v", err)
			}
		})
	}
}

func TestLeaseRecordsOnlyTheLiving(t *testing.T) {
	state, dir, server := tempDir(t), tempDir(t), sleeper(t)
	must(t, server.Process.Kill())
	_ = server.Wait()
	l := acquire(t, state, dir, Holder{Container: "first", Namespace: "n"})
	if err := l.Record(server.Process.Pid); err == nil {
		t.Error("a dead process is recorded")
	}
	refusedFor(t, state, dir, "first")
	must(t, l.Release())
}

func TestLeaseWantsAFolder(t *testing.T) {
	dir := tempDir(t)
	must(t, os.Symlink(dir, dir+"/link"))
	for _, path := range []string{dir + "/none", dir + "/link"} {
		if _, err := AcquireLease(dir, path, Holder{}); !errors.Is(err, ErrPath) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Many at once, each letting go again: never two together.
func TestLeaseUnderContention(t *testing.T) {
	state, dir := tempDir(t), tempDir(t)
	var inside sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				l, err := AcquireLease(state, dir, Holder{Container: "c"})
				if errors.Is(err, ErrLeased) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if !inside.TryLock() {
					t.Error("two hold it")
					return
				}
				inside.Unlock()
				if err := l.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

const leaseEnv = "LULL_TEST_LEASE"

// The lease dies with its process, however that ends.
func TestLeaseDiesWithItsProcess(t *testing.T) {
	if where := os.Getenv(leaseEnv); where != "" {
		state, dir, _ := strings.Cut(where, ":")
		acquire(t, state, dir, Holder{Container: "child"})
		_, _ = os.Stdout.WriteString("held\n")
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent is done
		return
	}
	state, dir := tempDir(t), tempDir(t)
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), leaseEnv+"="+state+":"+dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	_, err = cmd.StdinPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	for line := ""; line != "held\n"; {
		line, err = bufio.NewReader(out).ReadString('\n')
		must(t, err)
	}
	refusedFor(t, state, dir, "child")
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()
	must(t, acquire(t, state, dir, Holder{Container: "second"}).Release())
}

func TestHolderRecordHasNoMoreThanItNeeds(t *testing.T) {
	state, dir := tempDir(t), tempDir(t)
	l := acquire(t, state, dir, Holder{Container: "c", Namespace: "n", PID: os.Getpid()})
	b, err := os.ReadFile(filepath.Join(state, filepath.Base(l.path)+".json"))
	must(t, err)
	var got map[string]any
	must(t, json.Unmarshal(b, &got))
	if got["container"] != "c" || got["data_dir"] != dir || got["boot"] != mustBoot(t) || got["start"] == "" {
		t.Errorf("%s", b)
	}
	must(t, flock.Close(l.lock))
}

func TestProcessNamesWithParentheses(t *testing.T) {
	dir := tempDir(t)
	sleep, err := exec.LookPath("sleep")
	must(t, err)
	b, err := os.ReadFile(sleep)
	must(t, err)
	must(t, os.WriteFile(dir+"/) Z 1 (", b, 0o755))
	cmd := exec.Command(dir+"/) Z 1 (", "600")
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	p, err := processAt(cmd.Process.Pid)
	if err != nil || p.dead() {
		t.Errorf("%+v, %v", p, err)
	}
}
