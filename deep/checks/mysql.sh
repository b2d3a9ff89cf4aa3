# shellcheck shell=sh
# Checks a MySQL or MariaDB data folder that nobody else uses.
# usage: STEP SERVER-ARGUMENT..., with DATA. Exit code 77: it does not apply, and
# standard output says why.
set -eu

socket=/tmp/deep.sock
log=/tmp/server.log
skip() { echo "$@"; exit 77; }
# first PROGRAM...: the first one that is there.
first() { for p in "$@"; do command -v "$p" && return; done; return 1; }
ask() { "$(first mariadb mysql)" --no-defaults --user=root --socket="$socket" --batch --skip-column-names "$@"; }

# binlog reads every binary log, checksums compared.
binlog() {
	reader=$(first mariadb-binlog mysqlbinlog) || skip "no mysqlbinlog in the image"
	n=0
	for f in "$DATA"/*.[0-9][0-9][0-9][0-9][0-9][0-9]; do
		[ -f "$f" ] || continue
		"$reader" --no-defaults --verify-binlog-checksum "$f" >/dev/null
		n=$((n + 1))
	done
	[ "$n" -gt 0 ] || skip "there is no binary log"
	echo "$n binary logs"
}

# start lets it recover, reached by nobody and reaching nobody.
start() {
	set -- "$@" --datadir="$DATA" --skip-networking --socket="$socket" --pid-file=/tmp/deep.pid --skip-grant-tables --secure-file-priv= \
		--event-scheduler=DISABLED --innodb-use-native-aio=0
	if server=$(first mariadbd); then
		set -- "$@" --skip-slave-start
	else
		server=$(first mysqld)
		set -- "$@" --mysqlx=OFF --skip-replica-start
	fi
	"$server" "$@" >"$log" 2>&1 &
	until ask --execute 'SELECT 1' >/dev/null 2>&1; do
		kill -0 $! 2>/dev/null || { grep -i error "$log" | tail -n 5; exit 1; }
		sleep 0.1
	done
	echo "$(ask --execute 'SELECT VERSION()') has started"
}

# tables has every table read and checked.
tables() {
	checker=$(first mariadb-check mysqlcheck) || skip "no mysqlcheck in the image"
	"$checker" --no-defaults --user=root --socket="$socket" --all-databases --check --extended >/tmp/check ||
		{ tail -n 5 /tmp/check; exit 1; }
	if grep -iE '^(error|warning) *:|corrupt' /tmp/check; then exit 1; fi
	echo "$(grep -c 'OK$' /tmp/check) tables"
}

step=$1
shift
"$step" "$@"
