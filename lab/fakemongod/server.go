package fakemongod

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Options are how a fake is run.
type Options struct {
	Folder string // of its data, as --dbpath
	Set    string // name of its replica set; none: standalone
	Users  []User // none: anybody may do anything
	State  string // of a member that is not ready, as STARTUP2 or RECOVERING; none: it serves
	// Arbiter, Mongos: it is one of these.
	Arbiter, Mongos bool
	// Lacks are commands that it does not know, as FerretDB or an old server.
	Lacks []string
	TLS   *tls.Config // nil: none; else it is demanded, as --tlsMode requireTLS
	// Lifetime is transactionLifetimeLimitSeconds; none: the manual's 60 s.
	Lifetime time.Duration
}

// server is one fake mongod.
type server struct {
	Options
	store  *store
	lock   *lock
	port   int
	began  time.Time
	backup bool // a backup cursor is open

	mu       sync.Mutex
	sessions map[string]*logical  // guarded by mu: by lsid
	conns    map[*conn]bool       // guarded by mu
	running  map[int64]*operation // guarded by mu: by opid
	opid     int64                // guarded by mu
}

// Server is a running fake.
type Server struct {
	server   *server
	listener net.Listener
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// Serve answers on a listener, which it owns, until Close.
func Serve(l net.Listener, o Options) (*Server, error) {
	store, err := openStore(o.Folder)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s := &server{
		Options: o, store: store, lock: newLock(), began: time.Now(),
		sessions: map[string]*logical{}, conns: map[*conn]bool{}, running: map[int64]*operation{},
	}
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		s.port = a.Port
	}
	if o.TLS != nil {
		l = tls.NewListener(l, o.TLS)
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &Server{server: s, listener: l, stop: stop}
	f.done.Go(f.accept)
	f.done.Go(func() { s.reap(ctx) })
	return f, nil
}

func (f *Server) accept() {
	for id := int64(1); ; id++ {
		c, err := f.listener.Accept()
		if err != nil {
			return
		}
		one := &conn{server: f.server, conn: c, id: id}
		f.server.add(one)
		f.done.Go(one.serve)
	}
}

// Close hangs up on everybody and closes the files; nothing is flushed, as
// with a server that is killed.
func (f *Server) Close() error {
	err := f.listener.Close()
	f.stop()
	f.server.hangUp()
	f.done.Wait()
	return errors.Join(err, f.server.store.journal.close())
}

// OpenBackupCursor makes it look as if somebody took a backup.
func (f *Server) OpenBackupCursor(open bool) {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	f.server.backup = open
}

func (s *server) add(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
}

func (s *server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

func (s *server) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.conn.Close()
	}
}

// operation is a command under way.
type operation struct {
	id      int64
	conn    *conn
	name    string
	db      string
	command bson.D
	session *logical
	tx      *transaction
	waits   bool // for the global lock
	cancel  context.CancelFunc
	since   time.Time
}

func (s *server) begin(o *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opid++
	o.id = s.opid
	s.running[o.id] = o
}

func (s *server) end(o *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, o.id)
}

// sessionOf is the logical session of a command; nil: it names none.
func (s *server) sessionOf(user string, command bson.D) *logical {
	id, ok := get(document(command, "lsid"), "id").(bson.Binary)
	if !ok {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.sessions[string(id.Data)]
	if l == nil {
		l = &logical{id: id, user: user}
		s.sessions[string(id.Data)] = l
	}
	return l
}
