package lab

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// owner tells which processes a daemon is answerable for. Each of its rules
// rests on something that lies in the daemon's own folders, so that nobody
// else's process can match.
type owner struct {
	dirs    []string        // the daemon's folders
	netns   map[string]bool // "net:[4026532000]": network namespaces that are mounted in them
	mntns   string          // our own mount namespace: no container's process is in it
	cgroups cgroups
	spare   map[int]bool
}

func (l Layout) owner(daemon string, c cgroups) (owner, error) {
	o := owner{dirs: []string{l.RunDir(daemon), l.DataDir(daemon)}, cgroups: c, netns: map[string]bool{}, spare: selfAndAncestors()}
	mounts, err := mountsUnder(l.RunDir(daemon))
	if err != nil {
		return o, err
	}
	for _, m := range mounts {
		if m.Type == "nsfs" {
			o.netns[m.Root] = true
		}
	}
	o.mntns, _ = os.Readlink("/proc/self/ns/mnt")
	own, _ := os.Readlink("/proc/self/ns/net")
	delete(o.netns, own)
	return o, nil
}

// processes are all that are alive and answered for by this owner.
func (o owner) processes() []process {
	inCgroup := o.cgroups.pids()
	var out []process
	for _, pid := range allPIDs() {
		if o.spare[pid] || !(slices.Contains(inCgroup, pid) || o.owns(pid)) {
			continue
		}
		if p, err := identify(pid); err == nil && p.alive() {
			out = append(out, p)
		}
	}
	return out
}

func (o owner) owns(pid int) bool {
	return o.marked(pid) || o.rooted(pid) || o.inNetNS(pid) || o.named(pid)
}

// marked: the daemon and its descendants (shims, runc, CRIU, lull's helpers)
// carry its folder in their environment.
func (o owner) marked(pid int) bool {
	env, err := os.ReadFile(procFile(pid, "environ"))
	if err != nil {
		return false
	}
	mark := daemonVariable + "=" + o.dirs[0]
	return slices.Contains(strings.Split(string(env), "\x00"), mark)
}

// rooted: the root file system of a container's process lies in the folders.
func (o owner) rooted(pid int) bool {
	if ns, err := os.Readlink(procFile(pid, "ns/mnt")); err != nil || ns == o.mntns {
		return false
	}
	mounts, err := readMounts(procFile(pid, "mountinfo"))
	if err != nil {
		return false
	}
	for _, m := range mounts {
		if m.Point == "/" && (o.mentions(m.Options) || o.mentions(m.Root)) {
			return true
		}
	}
	return false
}

func (o owner) inNetNS(pid int) bool {
	ns, err := os.Readlink(procFile(pid, "ns/net"))
	return err == nil && o.netns[ns]
}

// enginePrograms may be recognised by an argument. Other programs may not: an
// editor that has the daemon's log open is not the lab's.
var enginePrograms = []string{"containerd", "containerd-shim-runc-v2", "containerd-shim-lull-v2", "ctr", "runc", "criu", "lull", "lull-agent", "dockerd", "docker-proxy"}

func (o owner) named(pid int) bool {
	line, err := os.ReadFile(procFile(pid, "cmdline"))
	if err != nil {
		return false
	}
	args := strings.Split(string(line), "\x00")
	return slices.Contains(enginePrograms, filepath.Base(args[0])) && slices.ContainsFunc(args[1:], o.mentions)
}

// mentions says whether a path in one of the folders stands in text.
func (o owner) mentions(text string) bool {
	for _, dir := range o.dirs {
		for rest := text; ; {
			_, after, found := strings.Cut(rest, dir)
			if !found {
				break
			}
			if after == "" || strings.ContainsAny(after[:1], "/,:") {
				return true
			}
			rest = after
		}
	}
	return false
}
