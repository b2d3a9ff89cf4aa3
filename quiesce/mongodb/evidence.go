package mongodb

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// The keys of identity and position.
const (
	keySetID     = "replica_set_id"
	keySet       = "replica_set"
	keyConfig    = "config_version"
	keyTerm      = "term"
	keyApplied   = "applied_optime" // term:seconds.increment
	keyDurable   = "durable_optime"
	keyCommitted = "committed_optime"
	keyStable    = "last_stable_recovery_timestamp"
	keyFirst     = "oplog_first"
	keyLast      = "oplog_last"
	keyLocked    = "fsync_lock"
)

// Evidence reads identity, position, role, lineage and durability.
func (s *session) Evidence(ctx context.Context) (manifest.Database, error) {
	if err := s.refresh(ctx); err != nil {
		return manifest.Database{}, err
	}
	status, err := s.status(ctx)
	if err != nil {
		return manifest.Database{}, err
	}
	config, err := s.replicaConfig(ctx)
	if err != nil {
		return manifest.Database{}, err
	}
	replica, err := s.replicaStatus(ctx)
	if err != nil {
		return manifest.Database{}, err
	}
	locked, err := s.locked(ctx)
	if err != nil {
		return manifest.Database{}, err
	}
	d := manifest.Database{
		Engine: quiesce.MongoDB, Version: s.version(), Role: s.hello.role(),
		Identity: s.identity(status, config), Position: position(config, replica),
		Lineage: lineage(config, replica, status),
	}
	d.Position[keyLocked] = lockedAs(locked, s.fence.stands())
	if err := s.readOplog(ctx, d.Position); err != nil {
		return d, err
	}
	d.Folders, d.Durability, err = s.durability(ctx, status, config)
	return d, err
}

// identity is the set's, which is made once; a server in no set has none but
// where it runs.
func (s *session) identity(status serverStatus, config replicaConfig) map[string]string {
	if s.hello.Set == "" {
		return map[string]string{"host": status.Host, "storage_engine": status.Engine.Name}
	}
	return map[string]string{keySet: config.Name, keySetID: config.Settings.ID.Hex()}
}

func position(config replicaConfig, replica replicaStatus) map[string]string {
	if replica.Set == "" {
		return map[string]string{}
	}
	return map[string]string{
		keyConfig: fmt.Sprintf("%d:%d", config.Term, config.Version), keyTerm: strconv.FormatInt(replica.Term, 10),
		keyApplied: replica.Optimes.Applied.String(), keyDurable: replica.Optimes.Durable.String(), keyCommitted: replica.Optimes.Committed.String(),
		keyStable: stamp(replica.Stable),
	}
}

func stamp(t bson.Timestamp) string { return fmt.Sprintf("%d.%d", t.T, t.I) }

func lockedAs(locked, ours bool) string {
	switch {
	case !locked:
		return "none"
	case ours:
		return "lull's"
	}
	return "somebody's"
}

// durability is what a cold start would suffer from, and the folder. What may
// not be asked is left out.
func (s *session) durability(ctx context.Context, status serverStatus, config replicaConfig) (folders []string, d map[string]string, err error) {
	d = map[string]string{"storage_engine": status.Engine.Name, "persistent": strconv.FormatBool(status.Engine.Persistent)}
	if config.JournalDefault != nil {
		d["write_concern_majority_journal_default"] = strconv.FormatBool(*config.JournalDefault)
	}
	var options struct {
		Parsed struct {
			Storage struct {
				Path    string `bson:"dbPath"`
				Journal struct {
					Interval int64 `bson:"commitIntervalMs"`
				} `bson:"journal"`
			} `bson:"storage"`
		} `bson:"parsed"`
	}
	if err := s.optional(ctx, one("getCmdLineOpts"), &options); err != nil {
		return nil, nil, err
	}
	if p := options.Parsed.Storage.Path; path.IsAbs(p) {
		folders = []string{p}
	}
	if ms := options.Parsed.Storage.Journal.Interval; ms > 0 {
		d["journal_commit_interval_ms"] = strconv.FormatInt(ms, 10)
	}
	var concern struct {
		Write struct {
			W       any   `bson:"w"`
			Journal *bool `bson:"j"`
		} `bson:"defaultWriteConcern"`
	}
	if err := s.optional(ctx, one("getDefaultRWConcern"), &concern); err != nil {
		return nil, nil, err
	}
	if concern.Write.W != nil {
		d["default_write_concern"] = fmt.Sprint("w:", concern.Write.W)
	}
	if concern.Write.Journal != nil {
		d["default_write_concern_journal"] = strconv.FormatBool(*concern.Write.Journal)
	}
	return folders, d, nil
}

// optional is a question that may be forbidden, or not known.
func (s *session) optional(ctx context.Context, command bson.D, answer any) error {
	err := s.admin(ctx, "asking for "+command[0].Key, command, answer)
	if errors.Is(err, quiesce.ErrPrivilege) || unknown(err) || codeOf(err) != 0 {
		return nil
	}
	return err
}
