package shim

import (
	"context"
	"sync"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/pkg/oom"
	"github.com/containerd/ttrpc"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/config"
)

// Service is the decorator. It serves what it embeds.
type Service struct {
	taskAPI.TTRPCTaskService
	host Host

	mu    sync.Mutex
	tasks map[string]*task // by container id; guarded by mu

	ask      sync.Once
	versions func() engine.Tools // set by ask
}

// Host is what the service is told about where it runs.
type Host struct {
	Config config.Config
	// Unread is why Config is the defaults and not what the file says: no
	// database is started, and all else is served.
	Unread error
	// Lull is the path of the lull command; the agent lies beside it.
	Lull string
	// Metadata asks the client's side what it knows of a container.
	Metadata func(ctx context.Context, namespace, id string) (Metadata, error)
	// OutOfMemory gives the watcher that tells the daemon which containers ran
	// out of memory.
	OutOfMemory func() (oom.Watcher, error)
}

// Metadata is what a bundle does not tell.
type Metadata struct {
	Labels      map[string]string `json:"labels"`
	Image       string            `json:"image"`
	Snapshotter string            `json:"snapshotter"`
	Runtime     string            `json:"runtime"`
	Created     time.Time         `json:"created,omitzero"`
}

// New decorates inner.
func New(inner taskAPI.TTRPCTaskService, h Host) *Service {
	return &Service{TTRPCTaskService: inner, host: h, tasks: map[string]*task{}}
}

// RegisterTTRPC registers the task API, for old daemons too.
func (s *Service) RegisterTTRPC(server *ttrpc.Server) error {
	taskAPI.RegisterTTRPCTaskService(server, s)
	registerV2(server, s)
	return nil
}

// of returns the task of a database container, or nil.
func (s *Service) of(id string) *task {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tasks[id]
}

func (s *Service) keep(id string, t *task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tasks[id] = t
}

func (s *Service) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tasks, id)
}

// detached outlives the client's connection, which must not end a sequence
// half way: containerd's namespace is all that it keeps.
func detached(ctx context.Context) context.Context {
	ns, _ := namespaces.Namespace(ctx)
	return namespaces.WithNamespace(context.WithoutCancel(ctx), ns)
}
