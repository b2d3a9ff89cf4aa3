package deep

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/cio"
	"github.com/containerd/typeurl/v2"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/rawspec"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/store"
)

// room is the throwaway container: the database's image, the copies in their
// places, no network, and a first process that does nothing.
type room struct {
	task    containerd.Task
	process specs.Process // of a check
	server  []string      // the database's own arguments
}

// start makes the container. Its label switches lull off: nothing of it is
// checkpointed, and nothing of it may take a lease.
func (v *Verifier) start(ctx context.Context, id string, mounts []specs.Mount, undo *cleanup.Stack) (*room, error) {
	t, err := v.Image.Template(ctx, v.Client.ContentStore(), v.Manifest, id)
	if err != nil {
		return nil, err
	}
	var spec specs.Spec
	if err := json.Unmarshal(t.Spec.GetValue(), &spec); err != nil {
		return nil, fmt.Errorf("OCI spec of %s: %w", v.Image.Ref, err)
	}
	r := &room{server: serverArgs(spec.Process.Args)}
	if r.process, err = v.checker(spec.Process, mounts); err != nil {
		return nil, err
	}
	closeOff(&spec, id, mounts)
	if t.Spec, err = boxed(&spec, t.Spec.GetTypeUrl()); err != nil {
		return nil, err
	}
	t.Labels = map[string]string{quiesce.LabelPrefix + "engine": quiesce.None}
	return r, v.begin(ctx, t, r, undo)
}

func (v *Verifier) begin(ctx context.Context, t store.Template, r *room, undo *cleanup.Stack) error {
	made, err := v.Image.Create(ctx, v.Client, t, undo)
	if err != nil {
		return err
	}
	r.task, err = made.NewTask(ctx, cio.NullIO)
	if err != nil {
		return err
	}
	undo.Push("task "+t.ID, func(ctx context.Context) error {
		_, err := r.task.Delete(ctx, containerd.WithProcessKill)
		return err
	})
	return r.task.Start(ctx)
}

// closeOff keeps of the container what its programs need to see its files. The
// spec may have come from anywhere: what could reach the host is not kept.
func closeOff(spec *specs.Spec, id string, mounts []specs.Mount) {
	spec.Root = &specs.Root{Path: "rootfs"}
	spec.Process = &specs.Process{Args: []string{"sleep", "infinity"}, Cwd: "/", Env: spec.Process.Env,
		NoNewPrivileges: true, Capabilities: &specs.LinuxCapabilities{}}
	spec.Annotations = map[string]string{quiesce.LabelPrefix + "engine": quiesce.None}
	spec.Hooks = nil
	spec.Mounts = append(slices.DeleteFunc(spec.Mounts, fromHost), mounts...)
	spec.Linux = alone(spec.Linux, "/lull/"+id)
}

// alone is a container with every namespace its own and no device but those
// that runc gives to each. Its limits stay.
func alone(like *specs.Linux, cgroup string) *specs.Linux {
	l := &specs.Linux{
		CgroupsPath: cgroup, Seccomp: like.Seccomp, Resources: &specs.LinuxResources{},
		MaskedPaths:   []string{"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"},
		ReadonlyPaths: []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"},
	}
	if like.Resources != nil {
		l.Resources.Memory, l.Resources.CPU, l.Resources.Pids = like.Resources.Memory, like.Resources.CPU, like.Resources.Pids
	}
	l.Resources.Devices = []specs.LinuxDeviceCgroup{{Allow: false, Access: "rwm"}}
	for _, kind := range []specs.LinuxNamespaceType{
		specs.PIDNamespace, specs.MountNamespace, specs.IPCNamespace, specs.UTSNamespace, specs.NetworkNamespace,
	} {
		l.Namespaces = append(l.Namespaces, specs.LinuxNamespace{Type: kind})
	}
	return l
}

// fromHost is what is not the kernel's own: the database's volumes,
// configuration, sockets.
func fromHost(m specs.Mount) bool {
	return rawspec.IsBind(m) || !slices.Contains([]string{"proc", "sysfs", "tmpfs", "devpts", "mqueue"}, m.Type)
}

func boxed(spec *specs.Spec, url string) (typeurl.Any, error) {
	raw, err := json.Marshal(spec)
	return &anypb.Any{TypeUrl: url, Value: raw}, err
}

// checker is the process of a check: as the owner of the data folder, with the
// container's own environment and no right beside that.
func (v *Verifier) checker(like *specs.Process, mounts []specs.Mount) (specs.Process, error) {
	folder := mounts[0].Destination
	if all := v.Manifest.Database.Folders; len(all) > 0 {
		folder = all[0]
	}
	owner, err := ownerOf(folder, mounts)
	if err != nil {
		return specs.Process{}, err
	}
	return specs.Process{
		User: owner, Cwd: "/tmp", NoNewPrivileges: true, Capabilities: &specs.LinuxCapabilities{},
		Env: append(slices.Clone(like.Env), env(v.Manifest.Database, folder, superuser(like.Env))...),
	}, nil
}

// ownerOf the data folder, which is in one of the mounts.
func ownerOf(folder string, mounts []specs.Mount) (specs.User, error) {
	path := ""
	for _, m := range mounts {
		if rest, ok := strings.CutPrefix(folder, m.Destination); ok {
			path = m.Source + rest
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return specs.User{}, fmt.Errorf("the data folder %s is in no volume that was captured: %w", folder, err)
	}
	st := info.Sys().(*syscall.Stat_t)
	return specs.User{UID: st.Uid, GID: st.Gid}, nil
}

// superuser is the official image's variable, or PostgreSQL's own.
func superuser(env []string) string {
	for _, kv := range env {
		if name, ok := strings.CutPrefix(kv, "POSTGRES_USER="); ok {
			return name
		}
	}
	return "postgres"
}

// serverArgs are the options that a server was started with, behind those of
// another program that starts it: some have to be the same for its files to be
// understood. PostgreSQL's -c NAME=VALUE is told as --NAME=VALUE.
func serverArgs(args []string) (options []string) {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[i+1:]
	}
	for i, a := range args {
		attached, short := strings.CutPrefix(a, "-c")
		switch {
		case strings.HasPrefix(a, "--") && !strings.HasPrefix(a, "--init-file"):
			options = append(options, a)
		case short && setting.MatchString(attached):
			options = append(options, "--"+attached)
		case a == "-c" && i > 0 && !shell(args[i-1]) && i+1 < len(args) && setting.MatchString(args[i+1]):
			options = append(options, "--"+args[i+1])
		}
	}
	return options
}

var setting = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*=`)

// shell is true of a program whose -c is a script.
func shell(program string) bool {
	return strings.HasSuffix(program, "sh") && !strings.HasSuffix(program, ".sh")
}

// signalled is how the shell tells of a signal.
const signalled = 128

// killed says whether an exit code tells of a SIGKILL.
func killed(code uint32) bool { return code == signalled+uint32(unix.SIGKILL) }
