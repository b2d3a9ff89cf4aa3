package agent_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/agent"
)

func proc(t *testing.T, pid int, name string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	must(t, err)
	return string(text)
}

func TestThePasswordIsNowhereToBeSeen(t *testing.T) {
	t.Setenv("FAKE_PASSWORD", canary)
	c, _ := start(t, "")
	if got := proc(t, c.Pid(), "cmdline"); got != agent.Program+"\x00" {
		t.Errorf("the arguments are %q", got)
	}
	if os.Geteuid() != 0 {
		return // nobody but root can even look
	}
	if got := proc(t, c.Pid(), "environ"); got != "" {
		t.Errorf("the environment is %q", got)
	}
}

// TestTheProcessHasNoPower reads the kernel's own account of the process.
func TestTheProcessHasNoPower(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root: there is no power to be dropped")
	}
	c, err := agent.Start(within(t), agent.Config{Binary: binary(t), UID: 4242, GID: 4343}, target(""))
	must(t, err)
	defer func() { must(t, c.Kill()) }()
	status := map[string]string{}
	for line := range strings.Lines(proc(t, c.Pid(), "status")) {
		key, value, _ := strings.Cut(line, ":")
		status[key] = strings.Join(strings.Fields(value), " ")
	}
	for key, want := range map[string]string{
		"Uid": "4242 4242 4242 4242", "Gid": "4343 4343 4343 4343", "Groups": "",
		"CapPrm": "0000000000000000", "CapEff": "0000000000000000", "NoNewPrivs": "1",
	} {
		if status[key] != want {
			t.Errorf("%s is %q, want %q", key, status[key], want)
		}
	}
	undumpable(t, c.Pid())
	limits := strings.Join(strings.Fields(proc(t, c.Pid(), "limits")), " ")
	if !strings.Contains(limits, "Max core file size 0 0 bytes") || strings.Contains(limits, "Max data size unlimited") {
		t.Errorf("the limits are %s", limits)
	}
}

// undumpable: the kernel gives the files in /proc of such a process to root.
func undumpable(t *testing.T, pid int) {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Stat(fmt.Sprintf("/proc/%d/environ", pid), &st))
	if st.Uid != 0 {
		t.Errorf("the process is dumpable: its files in /proc belong to %d", st.Uid)
	}
}

func TestTheProcessIsBornInTheNamespace(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root: network namespaces cannot be made")
	}
	path := namespace(t)
	want, err := os.Readlink(path)
	must(t, err)
	before, err := os.Readlink("/proc/self/ns/net")
	must(t, err)
	c, err := agent.Start(within(t), agent.Config{Binary: binary(t), NetNS: path}, target(""))
	must(t, err)
	defer func() { must(t, c.Kill()) }()
	got, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", c.Pid()))
	must(t, err)
	if got != want || want == before {
		t.Errorf("the agent is in %s, want %s, not %s", got, want, before)
	}
	eventually(t, "no thread is left in the namespace", func() bool { return threadsIn(t, want) == 1 }) // namespace's own
	if after, err := os.Readlink("/proc/self/ns/net"); err != nil || after != before {
		t.Errorf("the caller went from %s to %s, %v", before, after, err)
	}
}

// namespace is a network namespace that a thread keeps until t ends. It is not
// the main thread, which would take the whole process along.
func namespace(t *testing.T) string {
	t.Helper()
	made, done := make(chan string), make(chan struct{})
	t.Cleanup(func() { close(done) })
	go unshared(t, made, done)
	return <-made
}

func unshared(t *testing.T, made chan<- string, done <-chan struct{}) {
	runtime.LockOSThread() // the thread ends with the goroutine
	if unix.Gettid() == unix.Getpid() {
		go unshared(t, made, done)
		<-done
		runtime.UnlockOSThread()
		return
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Error(err)
	}
	made <- fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid())
	<-done
}

func threadsIn(t *testing.T, namespace string) int {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	must(t, err)
	n := 0
	for _, thread := range threads {
		if in, err := os.Readlink("/proc/self/task/" + thread.Name() + "/ns/net"); err == nil && in == namespace {
			n++
		}
	}
	return n
}
