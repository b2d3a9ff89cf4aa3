package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// daemon is the running containerd: what it finds depends on its surroundings,
// not on ours.
type daemon struct {
	pid      int
	exe, cwd string
	env      map[string]string
}

// findDaemon asks the kernel who listens on containerd's socket.
func findDaemon(address string) (daemon, error) {
	path := strings.TrimPrefix(address, "unix://")
	conn, err := net.DialTimeout("unix", path, dialTimeout)
	if err != nil {
		return daemon{}, fmt.Errorf("containerd does not answer at %s: %w", path, err)
	}
	defer conn.Close()
	pid, err := peer(conn.(*net.UnixConn))
	if err != nil {
		return daemon{}, fmt.Errorf("containerd at %s: %w", path, err)
	}
	return readDaemon(pid)
}

func peer(conn *net.UnixConn) (int, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	var inner error
	err = raw.Control(func(fd uintptr) {
		cred, inner = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err != nil {
		return 0, err
	}
	if inner != nil {
		return 0, inner
	}
	return int(cred.Pid), nil
}

func readDaemon(pid int) (d daemon, err error) {
	d.pid = pid
	if d.exe, err = os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err != nil {
		return d, err
	}
	if d.cwd, err = os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err != nil {
		return d, err
	}
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return d, err
	}
	d.env = map[string]string{}
	for _, kv := range bytes.Split(raw, []byte{0}) {
		if k, v, ok := strings.Cut(string(kv), "="); ok {
			d.env[k] = v
		}
	}
	return d, nil
}

// path is its PATH; ours when there is no daemon.
func (d daemon) path() string {
	if d.pid == 0 {
		return os.Getenv("PATH")
	}
	return d.env["PATH"]
}

// shim finds a shim as containerd does: in its working folder, along its PATH,
// then beside itself.
func (d daemon) shim(name string) (string, bool) {
	dirs := append([]string{d.cwd}, filepath.SplitList(d.path())...)
	for _, dir := range append(dirs, filepath.Dir(d.exe)) {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if filepath.IsAbs(path) && err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, true
		}
	}
	return "", false
}
