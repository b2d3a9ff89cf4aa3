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

// fact is a line of what a server says of itself. Kind is one of the kinds.
type fact struct{ Kind, Key, Value string }

// The kinds of facts.
const (
	recovery   = "recovery" // one line: true for a standby
	identity   = "identity"
	position   = "position"
	durability = "durability"
)

// facts is one query, because clients may wait for the answer. A primary's
// timeline is that of the file it writes to; the control file has it only since
// the last checkpoint. Settings are asked for one by one: pg_settings makes
// hundreds of rows before it gives any.
const facts = `WITH control AS (SELECT * FROM pg_control_checkpoint()), role AS (SELECT pg_is_in_recovery() AS standby)
	SELECT 'recovery', '', standby::text FROM role
	UNION ALL SELECT 'identity', 'system_identifier', system_identifier::text FROM pg_control_system()
	UNION ALL SELECT 'identity', 'server_version_num', current_setting('server_version_num')
	UNION ALL SELECT 'identity', 'data_directory', current_setting('data_directory')
	UNION ALL SELECT 'identity', 'timeline', CASE WHEN standby THEN timeline_id
		ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END::text FROM role, control
	UNION ALL SELECT 'position', 'checkpoint_lsn', checkpoint_lsn::text FROM control
	UNION ALL SELECT 'position', 'redo_lsn', redo_lsn::text FROM control
	UNION ALL SELECT 'position', 'prepared_transactions', count(*)::text FROM pg_prepared_xact()
	UNION ALL SELECT 'position', CASE WHEN standby THEN 'wal_replay_lsn' ELSE 'wal_flush_lsn' END,
		CASE WHEN standby THEN coalesce(pg_last_wal_replay_lsn(), '0/0') ELSE pg_current_wal_flush_lsn() END::text FROM role
	UNION ALL SELECT 'durability', name, current_setting(name) FROM unnest(ARRAY[
		'fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'data_checksums', 'wal_sync_method', 'archive_mode']) AS name`

// Evidence reads identity, position, role, lineage and durability. The role is
// asked for anew: a standby may have been promoted since Open.
func (s *session) Evidence(ctx context.Context) (manifest.Database, error) {
	told, err := s.facts(ctx)
	if err != nil {
		return manifest.Database{}, err
	}
	s.standby = told[recovery][""] == "true"
	d := manifest.Database{
		Engine: quiesce.Postgres, Version: s.version, Role: s.role(),
		Identity: told[identity], Position: told[position], Durability: told[durability],
	}
	if dir := d.Identity["data_directory"]; dir != "" {
		d.Folders = []string{dir}
	}
	d.Lineage, err = s.lineage(ctx)
	return d, err
}

// facts are by kind and key.
func (s *session) facts(ctx context.Context) (map[string]map[string]string, error) {
	all, err := list[fact](ctx, s, "reading its identity and position", facts)
	if err != nil {
		return nil, err
	}
	told := map[string]map[string]string{}
	for _, f := range all {
		if told[f.Kind] == nil {
			told[f.Kind] = map[string]string{}
		}
		told[f.Kind][f.Key] = f.Value
	}
	return told, nil
}

func (s *session) either(primary, standby string) string {
	if s.standby {
		return standby
	}
	return primary
}
