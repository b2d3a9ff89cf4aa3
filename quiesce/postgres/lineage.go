package postgres

import (
	"context"

	"github.com/lull-containers/lull/manifest"
)

// Connection strings and archive commands may hold secrets: that they are
// there is told, never what they say.
const (
	replicas = `SELECT 'replica', coalesce(nullif(application_name, ''), 'pid ' || pid),
		concat_ws(', ', host(client_addr), state, sync_state)
		FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup'`
	slots = `SELECT 'slot', slot_name::text, concat_ws(', ', slot_type, plugin, CASE WHEN active THEN 'active' ELSE 'inactive' END)
		FROM pg_replication_slots WHERE NOT temporary`
	subscriptions = `SELECT 'upstream', subname::text, 'subscription' || CASE WHEN subenabled THEN '' ELSE ', disabled' END
		FROM pg_subscription`
	receiver = `SELECT 'upstream', coalesce(sender_host || ':' || sender_port, 'unknown'),
		concat_ws(', ', 'streaming replication', status, 'slot ' || nullif(slot_name, '')) FROM pg_stat_wal_receiver`
	conninfo = `SELECT 'upstream', 'primary_conninfo', 'not connected'
		WHERE pg_is_in_recovery() AND current_setting('primary_conninfo') <> ''
		AND NOT EXISTS (SELECT FROM pg_stat_wal_receiver)`
	archive = `SELECT 'archive', 'archive_mode', concat_ws(', ', current_setting('archive_mode'),
		CASE WHEN current_setting('archive_command') NOT IN ('', '(disabled)') THEN 'archive_command is set' END,
		CASE WHEN coalesce(current_setting('archive_library', true), '') <> '' THEN 'archive_library is set' END)
		WHERE current_setting('archive_mode') <> 'off'`
)

// readLineage lists what follows this server and what it follows.
func (s *session) readLineage(ctx context.Context, d *manifest.Database) error {
	for _, ties := range []string{replicas, slots, subscriptions, receiver, conninfo, archive} {
		some, err := list[manifest.Lineage](ctx, s, "reading its lineage", ties+" ORDER BY 1, 2, 3")
		if err != nil {
			return err
		}
		d.Lineage = append(d.Lineage, some...)
	}
	return nil
}
