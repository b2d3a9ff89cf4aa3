#!/bin/bash
# Runs FerretDB in front of a PostgreSQL with the DocumentDB extension, in one
# container: POSTGRES_PASSWORD is the password of the user postgres in both.
set -euo pipefail

readonly local=/run/postgresql
url() { echo "postgres://postgres:$POSTGRES_PASSWORD@127.0.0.1:5432/postgres"; }

if [[ $(id -u) == 0 ]]; then
	mkdir -p "$PGDATA" "$local"
	chown -R postgres "$PGDATA" "$local"
	chmod 700 "$PGDATA"
	exec setpriv --reuid postgres --regid postgres --init-groups -- "$0" "$@"
fi

# settings are those that the extension needs.
settings() {
	cat <<-'TEXT'
		listen_addresses = '*'
		shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
		cron.database_name = 'postgres'
	TEXT
}

initialise() {
	# The extension connects to its own server without a password, as the official
	# image lets everybody on loopback.
	initdb --username=postgres --auth=trust --pwfile=<(echo "$POSTGRES_PASSWORD") >/dev/null
	settings >>"$PGDATA/postgresql.conf"
	echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
	pg_ctl --wait -o "-c listen_addresses=" start >/dev/null
	psql --host="$local" --username=postgres --set=ON_ERROR_STOP=1 --quiet --command="CREATE EXTENSION documentdb CASCADE"
	pg_ctl --wait --mode=fast stop >/dev/null
}

[[ -s $PGDATA/PG_VERSION ]] || initialise
postgres &
server=$!
trap 'kill -TERM ${front:-} 2>/dev/null; kill -INT $server; wait $server' INT TERM
until pg_isready --quiet --host=127.0.0.1; do
	kill -0 $server
	sleep 0.1
done
# CRIU cannot dump multipath TCP, which Go's listeners have.
GODEBUG=multipathtcp=0 FERRETDB_POSTGRESQL_URL=$(url) "$@" --listen-addr=:27017 --debug-addr=- --telemetry=disable --state-dir=/tmp &
front=$!
wait -n $server $front || true
kill -INT $server 2>/dev/null || true
wait $server
