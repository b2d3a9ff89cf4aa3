package postgres

import (
	"context"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// The keys of a position that Verify treats by name.
const (
	keyPrepared = "prepared_transactions"
	keyReplay   = "wal_replay_lsn"
)

// fact is a key and its value in a query that tells several.
type fact struct{ Key, Value string }

// Evidence reads identity, position, role, lineage and durability.
func (s *session) Evidence(ctx context.Context) (manifest.Database, error) {
	d := manifest.Database{Engine: quiesce.Postgres}
	for _, read := range []func(context.Context, *manifest.Database) error{
		s.readRole, s.readIdentity, s.readPosition, s.readDurability, s.readLineage,
	} {
		if err := read(ctx, &d); err != nil {
			return manifest.Database{}, err
		}
	}
	return d, nil
}

// readRole asks anew: a standby may have been promoted since Open.
func (s *session) readRole(ctx context.Context, d *manifest.Database) (err error) {
	s.standby, err = ask[bool](ctx, s, "asking for its role", `SELECT pg_is_in_recovery()`)
	d.Version, d.Role = s.version, s.role()
	return err
}

const identity = `
	SELECT 'system_identifier', system_identifier::text FROM pg_control_system()
	UNION ALL SELECT 'server_version_num', current_setting('server_version_num')
	UNION ALL SELECT 'data_directory', current_setting('data_directory')
	UNION ALL SELECT 'timeline', `

// A primary's timeline is that of the file it writes to; the control file has
// it only since the last checkpoint.
const (
	primaryTimeline = `('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int::text`
	standbyTimeline = `timeline_id::text FROM pg_control_checkpoint()`
)

func (s *session) readIdentity(ctx context.Context, d *manifest.Database) (err error) {
	d.Identity, err = s.facts(ctx, "reading its identity", identity+s.either(primaryTimeline, standbyTimeline))
	if dir := d.Identity["data_directory"]; dir != "" {
		d.Folders = []string{dir}
	}
	return err
}

const position = `
	SELECT 'checkpoint_lsn', checkpoint_lsn::text FROM pg_control_checkpoint()
	UNION ALL SELECT 'redo_lsn', redo_lsn::text FROM pg_control_checkpoint()
	UNION ALL SELECT 'prepared_transactions', count(*)::text FROM pg_prepared_xacts
	UNION ALL SELECT `

const (
	primaryPosition = `'wal_flush_lsn', pg_current_wal_flush_lsn()::text`
	standbyPosition = `'wal_replay_lsn', coalesce(pg_last_wal_replay_lsn(), '0/0')::text`
)

func (s *session) readPosition(ctx context.Context, d *manifest.Database) (err error) {
	d.Position, err = s.facts(ctx, "reading its position", position+s.either(primaryPosition, standbyPosition))
	return err
}

func (s *session) readDurability(ctx context.Context, d *manifest.Database) (err error) {
	d.Durability, err = s.facts(ctx, "reading its settings", `SELECT name, setting FROM pg_settings WHERE name IN (
		'fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'data_checksums', 'wal_sync_method', 'archive_mode')`)
	return err
}

func (s *session) either(primary, standby string) string {
	if s.standby {
		return standby
	}
	return primary
}

// facts is a query of two columns as a map.
func (s *session) facts(ctx context.Context, doing, sql string) (map[string]string, error) {
	all, err := list[fact](ctx, s, doing, sql)
	if err != nil {
		return nil, err
	}
	told := make(map[string]string, len(all))
	for _, f := range all {
		told[f.Key] = f.Value
	}
	return told, nil
}
