# shellcheck shell=sh
# Checks a PostgreSQL data folder that nobody else uses.
# usage: STEP SERVER-ARGUMENT..., with DATA, LSN (flushed at the cut) and
# DATABASE_USER. Exit code 77: it does not apply, and standard output says why.
set -eu

skip() { echo "$@"; exit 77; }
control() { LC_ALL=C pg_controldata -D "$DATA" | sed -n "s|^$1: *||p"; }
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -h /tmp -U "$DATABASE_USER" "$@"; }

wal() {
	redo=$(control "Latest checkpoint's REDO location")
	timeline=$(control "Latest checkpoint's TimeLineID")
	[ -n "$LSN" ] || skip "the manifest does not tell where the log ended"
	[ "$redo" != "$LSN" ] || skip "there is no log to replay"
	pg_waldump -p "$DATA/pg_wal" -t "$timeline" -s "$redo" -e "$LSN" >/tmp/waldump
	echo "$(wc -l </tmp/waldump) records from $redo to $LSN"
}

# quoted WORD: for the shell that pg_ctl starts the server by.
quoted() { printf " '%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }

# start lets it recover, reached by nobody and reaching nobody, with the options
# that it had. Without its configuration nothing can be said of its files.
start() {
	conf=$DATA/postgresql.conf options=
	for option in "$@"; do
		case $option in
		--config[_-]file=*) conf=${option#*=} ;;
		esac
		case $option in
		--*=*) options=$options$(quoted "$option") ;;
		esac
	done
	[ -r "$conf" ] || skip "its configuration is not in what was captured: $conf"
	rm -f "$DATA/postmaster.pid" "$DATA/standby.signal"
	echo 'local all all trust' >/tmp/hba.conf
	pg_ctl start -s -w -t "${PATIENCE:-3600}" -D "$DATA" -l /tmp/server.log -o "$options -c listen_addresses= \
		-c unix_socket_directories=/tmp -c hba_file=/tmp/hba.conf -c archive_mode=off -c ssl=off -c autovacuum=off \
		-c logging_collector=off -c log_destination=stderr" || {
		! grep -E 'could not (access the server|open) configuration file' /tmp/server.log || exit 77
		tail -n 5 /tmp/server.log
		exit 1
	}
	grep -o 'redo done at [0-9A-F/]*' /tmp/server.log || echo 'nothing was replayed'
}

databases() { sql -d template1 -c "SELECT datname FROM pg_database WHERE datallowconn"; }

# amcheck reads every table and every B-tree index; before version 14, which has
# no program for it, the indexes.
amcheck() {
	if command -v pg_amcheck >/dev/null; then
		pg_amcheck -h /tmp -U "$DATABASE_USER" --all --install-missing --heapallindexed
		echo "tables and B-tree indexes of $(databases | wc -l) databases"
		return
	fi
	[ -n "$(sql -d template1 -c "SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'")" ] || skip "amcheck is not in the image"
	for db in $(databases); do
		sql -d "$db" -c 'CREATE EXTENSION IF NOT EXISTS amcheck' -c "SELECT bt_index_check(c.oid, true) FROM pg_class c
			JOIN pg_am a ON a.oid = c.relam AND a.amname = 'btree' JOIN pg_index i ON i.indexrelid = c.oid AND i.indisvalid
			WHERE c.relkind = 'i' AND c.relpersistence <> 't'" >/dev/null
	done
	echo "B-tree indexes of $(databases | wc -l) databases"
}

# checksums needs a server that was shut down.
checksums() {
	pg_ctl stop -s -w -m fast -D "$DATA"
	[ "$(control 'Data page checksum version')" != 0 ] || skip "the cluster has no checksums (initdb --data-checksums)"
	pg_checksums --check -D "$DATA" >/tmp/check 2>&1 || { grep failed /tmp/check || tail -n 3 /tmp/check; exit 1; }
	sed -n 's/^Blocks scanned: */blocks scanned: /p' /tmp/check
}

step=$1
shift
"$step" "$@"
