package mongodb

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/quiesce"
)

// Preflight refuses what cannot be checkpointed as it is: a server that has no
// fsync (ErrUnsupported), one that somebody has locked or that has a backup
// cursor open (ErrBusy), an account that may not do what is needed
// (ErrPrivilege), a member that serves no more (ErrNotReady), a validation that
// cannot be asked (ErrUnsupported).
func (s *session) Preflight(ctx context.Context) (quiesce.Report, error) {
	if s.server.FerretDB.Version != "" {
		return quiesce.Report{}, s.explainServer(errUnknown, "the flush", "fsync")
	}
	for _, check := range []func(context.Context) error{s.readable, s.refresh, s.mayFlush, s.checkLock, s.checkBackup} {
		if err := check(ctx); err != nil {
			return quiesce.Report{}, err
		}
	}
	warnings, err := s.warnings(ctx)
	return quiesce.Report{Version: s.version(), Role: s.hello.role(), Warnings: warnings}, err
}

func (s *session) mayFlush(ctx context.Context) error { return s.allowed(ctx, always) }

// checkLock respects somebody else's fsyncLock.
func (s *session) checkLock(ctx context.Context) error {
	if s.fence.stands() {
		return nil
	}
	locked, err := s.locked(ctx)
	if err != nil || !locked {
		return err
	}
	return &quiesce.Refusal{Class: quiesce.ErrBusy, What: "somebody has locked MongoDB with fsyncLock",
		Remedy: "let them end it, or end it with db.fsyncUnlock(), once for each db.fsyncLock()"}
}

// locked is what currentOp shows; the pipeline stage of that name does not.
func (s *session) locked(ctx context.Context) (bool, error) {
	var answer struct {
		Locked bool `bson:"fsyncLock"`
	}
	err := s.admin(ctx, "asking whether it is locked", bson.D{{Key: "currentOp", Value: 1}, {Key: "opid", Value: -1}}, &answer)
	return answer.Locked, err
}

// checkBackup leaves a backup alone: its files must not be checkpointed away.
func (s *session) checkBackup(ctx context.Context) error {
	status, err := s.status(ctx)
	if err != nil || !status.Engine.Backup || s.fence.stands() {
		return err
	}
	return &quiesce.Refusal{Class: quiesce.ErrBusy, What: "a backup of MongoDB is running: a backup cursor is open",
		Remedy: "checkpoint again when it has ended"}
}

func (s *session) warnings(ctx context.Context) (list []string, err error) {
	status, err := s.status(ctx)
	if err != nil {
		return nil, err
	}
	if !status.Engine.Persistent {
		list = append(list, "the storage engine "+status.Engine.Name+" keeps nothing: the data is in the memory image only, and a cold start is empty")
	}
	if s.hello.role() == "standalone" {
		list = append(list, "not a member of a replica set: MongoDB tells no position, so that a restore proves the identity and the roles only")
	}
	config, err := s.replicaConfig(ctx)
	if err == nil && len(config.Members) > 1 {
		list = append(list, "a member of a replica set of several: the others elect a new primary when it is frozen for longer than electionTimeoutMillis (10 s)")
	}
	if err == nil && config.JournalDefault != nil && !*config.JournalDefault {
		list = append(list, "writeConcernMajorityJournalDefault is false: a cold start after a power cut may lack acknowledged writes")
	}
	return list, err
}

// errUnknown stands for the server's answer where it was not asked.
var errUnknown = errors.New("no such command")
