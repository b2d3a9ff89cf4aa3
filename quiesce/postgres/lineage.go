package postgres

import (
	"context"

	"github.com/lull-containers/lull/manifest"
)

// ties are what follows a server and what it follows, in this order. Connection
// strings and archive commands may hold secrets: that they are there is told,
// never what they say. Where a view only adds names from other tables, its
// function is asked: a new session would have to read those tables first.
const ties = `SELECT kind, name, detail FROM (
	SELECT 1, 'replica', coalesce(nullif(application_name, ''), 'pid ' || pid), concat_ws(', ', host(client_addr), w.state, sync_state)
		FROM pg_stat_get_wal_senders() AS w JOIN pg_stat_get_activity(NULL) AS a USING (pid) WHERE w.state IS DISTINCT FROM 'backup'
	UNION ALL SELECT 2, 'slot', slot_name::text, concat_ws(', ', slot_type, plugin, CASE WHEN active THEN 'active' ELSE 'inactive' END)
		FROM pg_get_replication_slots() WHERE NOT temporary
	UNION ALL SELECT 3, 'upstream', subname::text, 'subscription' || CASE WHEN subenabled THEN '' ELSE ', disabled' END
		FROM pg_subscription
	UNION ALL SELECT 4, 'upstream', coalesce(sender_host || ':' || sender_port, 'unknown'),
		concat_ws(', ', 'streaming replication', status, 'slot ' || nullif(slot_name, '')) FROM pg_stat_wal_receiver
	UNION ALL SELECT 5, 'upstream', 'primary_conninfo', 'not connected'
		WHERE pg_is_in_recovery() AND current_setting('primary_conninfo') <> ''
		AND NOT EXISTS (SELECT FROM pg_stat_wal_receiver)
	UNION ALL SELECT 6, 'archive', 'archive_mode', concat_ws(', ', current_setting('archive_mode'),
		CASE WHEN current_setting('archive_command') NOT IN ('', '(disabled)') THEN 'archive_command is set' END,
		CASE WHEN coalesce(current_setting('archive_library', true), '') <> '' THEN 'archive_library is set' END)
		WHERE current_setting('archive_mode') <> 'off') AS tie(rank, kind, name, detail) ORDER BY rank, name, detail`

func (s *session) lineage(ctx context.Context) ([]manifest.Lineage, error) {
	return list[manifest.Lineage](ctx, s, "reading its lineage", ties)
}
