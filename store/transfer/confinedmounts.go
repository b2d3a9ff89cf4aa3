package transfer

import (
	"path"
	"regexp"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/rawspec"
	"github.com/lull-containers/lull/manifest"
)

// mountRules say which folders of this host an artifact's mounts may name.
type mountRules struct {
	captured []string // folders in the container that came with it
	store    string   // lull's own folder
	trusted  bool     // whoever pulls vouches for the other mounts
}

func (p *pulling) mountRules(m *manifest.Manifest) mountRules {
	r := mountRules{store: path.Clean(p.captures.Dir), trusted: p.opts.TrustMounts}
	for _, v := range m.Volumes {
		if v.Capture != nil {
			r.captured = append(r.captured, path.Clean(v.Destination))
		}
	}
	return r
}

func (r mountRules) confined(m specs.Mount) error {
	readOnly := slices.Contains(m.Options, "ro")
	switch {
	case rawspec.IsBind(m):
		return r.confinedBind(path.Clean(m.Source), path.Clean(m.Destination), readOnly)
	case m.Type == "proc" && path.Clean(m.Destination) == "/proc":
	case slices.Contains([]string{"sysfs", "cgroup", "cgroup2"}, m.Type) && readOnly:
	case slices.Contains([]string{"tmpfs", "devpts", "mqueue"}, m.Type):
	default:
		return harm("it mounts %.80q on %.80q", m.Type, m.Destination)
	}
	return nil
}

func (r mountRules) confinedBind(source, destination string, readOnly bool) error {
	switch {
	case r.hosts(source, readOnly):
		return harm("it mounts %.80q of this host", source)
	case r.trusted || engines(source, destination):
		return nil
	case !r.holds(destination):
		return harm("it mounts %.80q of this host on %.80q, where nothing was captured; --trust-mounts takes that, where whoever made it is trusted", source, destination)
	case services(source) && !namedVolume.MatchString(source) || hidden(source):
		return harm("it has its data in %.80q, which is no database's on this host; --trust-mounts takes that, where whoever made it is trusted", source)
	}
	return nil
}

// holds tells whether the captured files are at or below a mount.
func (r mountRules) holds(destination string) bool {
	return slices.ContainsFunc(r.captured, func(f string) bool { return below(f, destination) })
}

// The host's own folders, which are no database's. The list cannot be whole.
var (
	system  = strings.Fields("/bin /boot /dev /lib /lib32 /lib64 /libx32 /proc /root /sbin /sys")
	shown   = strings.Fields("/etc /usr") // containers may have files of these to read
	parents = strings.Fields("/ /home /run /var /var/lib /var/run /run/containerd /var/lib/containerd")
	working = strings.Fields("/run /var/run /var/spool /var/lib/containerd /var/lib/containers /var/lib/docker /var/lib/kubelet /var/lib/nerdctl /var/lib/systemd")
)

// namedVolume is a volume that an engine keeps.
var namedVolume = regexp.MustCompile(`^/var/lib/(docker|containers/storage|nerdctl/.+|kubelet/pods/[^/]+)/volumes/.+`)

// hosts are the folders that no artifact gets, whoever made it.
func (r mountRules) hosts(source string, readOnly bool) bool {
	in := func(dir string) bool { return below(source, dir) }
	socket := strings.HasSuffix(source, ".sock")
	own := slices.ContainsFunc(system, in) && !in("/dev/shm")
	lulls := below(source, r.store) || below(r.store, source)
	return socket || own || lulls || slices.Contains(parents, source) || !readOnly && slices.ContainsFunc(shown, in)
}

// services work in these folders, and take what they find there for orders.
func services(source string) bool {
	in := func(dir string) bool { return below(source, dir) }
	return slices.ContainsFunc(working, in) || slices.ContainsFunc(shown, in) || in("/dev/shm")
}

// hidden: what programs read without being told to, such as .ssh.
func hidden(source string) bool { return strings.Contains(source, "/.") }

// engines tells of a mount whether engines make it for every container.
func engines(source, destination string) bool {
	name := path.Base(source)
	switch destination {
	case "/etc/hosts":
		return name == "hosts" || name == "etc-hosts"
	case "/etc/resolv.conf", "/etc/hostname":
		return name == path.Base(destination)
	case "/etc/localtime", "/etc/timezone":
		return name == path.Base(destination) || below(source, "/usr/share/zoneinfo")
	case "/dev/shm":
		return source != "/dev/shm" && (name == "shm" || below(source, "/dev/shm"))
	}
	return false
}

func below(file, dir string) bool {
	return file == dir || strings.HasPrefix(file, strings.TrimSuffix(dir, "/")+"/")
}
