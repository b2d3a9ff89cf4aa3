package mongodb

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/dial"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
)

// Driver opens sessions with one mongod.
type Driver struct{}

var _ quiesce.Driver = Driver{}

// Name is the engine's.
func (Driver) Name() string { return quiesce.MongoDB }

// Open connects to the first listener that speaks MongoDB's protocol, with TLS
// where that is demanded. It fails with ErrNotReady (also for a member that
// starts, recovers or rolls back), ErrAuth or ErrUnsupported.
func (Driver) Open(ctx context.Context, t quiesce.Target) (quiesce.Session, error) {
	s := &session{login: loginOf(t), dialer: dial.To(t), labels: t.Labels, database: usualDatabase(t.Env)}
	s.fence = newFence(s)
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	if err := s.serves(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connect opens the client and learns who answers.
func (s *session) connect(ctx context.Context) error {
	var failed error
	for _, address := range s.dialer.Addresses(s.login.port) {
		if err := s.reach(ctx, address); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", address, err))
			continue
		}
		for _, secure := range []bool{s.login.secure, !s.login.secure} {
			err := s.connectTo(ctx, address, secure)
			if err == nil || answered(err) {
				return s.explain(ctx, err, "connecting to "+address.String(), "hello")
			}
			if ctx.Err() != nil {
				return s.explain(ctx, err, "connecting to "+address.String(), "hello")
			}
			failed = errors.Join(failed, fmt.Errorf("%s: %w", address, err))
		}
	}
	return s.unreachable(failed)
}

// reach sees whether anybody accepts: the client itself would try until its
// time is up.
func (s *session) reach(ctx context.Context, address netip.AddrPort) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := s.dialer.Dial(ctx, address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// connectTo keeps the client if a server answers it.
func (s *session) connectTo(ctx context.Context, address netip.AddrPort, secure bool) error {
	client, err := mongo.Connect(s.options(address, secure))
	if err != nil {
		return err
	}
	err = run(ctx, client, "admin", one("hello"), &s.hello)
	if err == nil {
		err = run(ctx, client, "admin", one("buildInfo"), &s.server)
	}
	if err != nil {
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = client.Disconnect(bound) // the error before counts
		return err
	}
	s.client = client
	return nil
}

// unreachable is the refusal of a server that none of the listeners is.
func (s *session) unreachable(failed error) error {
	what := "no process of the container listens on TCP"
	if failed != nil {
		what = "MongoDB does not answer: " + oneLine(failed)
	}
	return &quiesce.Refusal{
		Class:  refusal.Caused(quiesce.ErrNotReady, failed),
		What:   what,
		Remedy: "wait until it accepts connections, and let it listen on TCP (net.bindIp), without a client's certificate",
	}
}

// hello is what a server says of itself.
type hello struct {
	Message      string `bson:"msg"`
	Set          string `bson:"setName"`
	Primary      bool   `bson:"isWritablePrimary"`
	Secondary    bool   `bson:"secondary"`
	Arbiter      bool   `bson:"arbiterOnly"`
	NotInitiated bool   `bson:"isreplicaset"`
}

type buildInfo struct {
	Version  string  `bson:"version"`
	Numbers  []int32 `bson:"versionArray"`
	FerretDB struct {
		Version string `bson:"version"`
	} `bson:"ferretdb"`
}

// atLeast compares the version.
func (b buildInfo) atLeast(wanted ...int32) bool {
	for i, w := range wanted {
		if i >= len(b.Numbers) || b.Numbers[i] != w {
			return i < len(b.Numbers) && b.Numbers[i] > w
		}
	}
	return true
}

// serves is about members that do not serve yet, and what is no member at all.
func (s *session) serves(ctx context.Context) error {
	h := s.hello
	switch {
	case h.Message == "isdbgrid":
		return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "this is a mongos, which keeps no data",
			Remedy: "checkpoint the shards and the config servers, and switch lull off for it with the label lull/engine=none"}
	case h.Arbiter:
		return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "this is an arbiter, which keeps no data",
			Remedy: "switch lull off for it with the label lull/engine=none"}
	case h.NotInitiated:
		return &quiesce.Refusal{Class: quiesce.ErrNotReady, What: "the replica set is not initiated", Remedy: "run rs.initiate()"}
	case h.Primary || h.Secondary:
		return nil
	}
	state := "not known"
	var status replicaStatus
	if err := s.admin(ctx, "asking for its state", one("replSetGetStatus"), &status); err == nil {
		state = status.state()
	}
	return &quiesce.Refusal{Class: quiesce.ErrNotReady, What: "the member is neither primary nor secondary: its state is " + state,
		Remedy: "wait until rs.status() shows PRIMARY or SECONDARY"}
}

// refresh asks again who the server is.
func (s *session) refresh(ctx context.Context) error {
	s.hello = hello{}
	if err := s.admin(ctx, "asking who it is", one("hello"), &s.hello); err != nil {
		return err
	}
	return s.serves(ctx)
}

// role is primary, secondary or standalone.
func (h hello) role() string {
	switch {
	case h.Set == "":
		return "standalone"
	case h.Primary:
		return "primary"
	}
	return "secondary"
}
