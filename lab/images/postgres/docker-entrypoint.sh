#!/bin/bash
# Starts PostgreSQL the way that the official image does: initialises an empty
# data folder from the POSTGRES_* variables, then becomes the server.
set -euo pipefail

say() { echo "entrypoint: $*" >&2; }
die() { say "$@"; exit 1; }

# setting NAME [DEFAULT]: from NAME, or from the file that NAME_FILE names.
setting() {
	local name=$1 file_name=$1_FILE
	if [[ -n ${!name:-} && -n ${!file_name:-} ]]; then
		die "both $name and $file_name are set; set one of them"
	elif [[ -n ${!file_name:-} ]]; then
		export "$name=$(<"${!file_name}")"
	elif [[ -z ${!name:-} ]]; then
		export "$name=${2:-}"
	fi
	unset "$file_name"
}

check_settings() {
	if [[ -z $POSTGRES_PASSWORD && $POSTGRES_HOST_AUTH_METHOD != trust ]]; then
		die "the data folder is empty and no password is given for the superuser." \
			"Set POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD=trust to let everybody in without one."
	fi
}

init_data() {
	say "initialising $PGDATA"
	local -a args=()
	[[ -n $POSTGRES_INITDB_WALDIR ]] && args+=(--waldir "$POSTGRES_INITDB_WALDIR")
	# The arguments are a shell line in the official image too.
	eval "args+=($POSTGRES_INITDB_ARGS)"
	[[ -n $POSTGRES_PASSWORD ]] && args+=(--pwfile /dev/fd/3)
	initdb --pgdata "$PGDATA" --username "$POSTGRES_USER" "${args[@]}" \
		3< <(printf '%s\n' "$POSTGRES_PASSWORD") >&2
	local method=$POSTGRES_HOST_AUTH_METHOD
	[[ -n $method ]] || method=$(postgres -D "$PGDATA" -C password_encryption)
	[[ $method == on ]] && method=md5
	printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
	printf "\nlisten_addresses = '*'\n" >>"$PGDATA/postgresql.conf"
}

query() {
	psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --quiet --host /var/run/postgresql \
		--username "$POSTGRES_USER" --dbname "$@"
}

create_database() {
	[[ $POSTGRES_DB == postgres ]] && return
	query postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
}

run_init_file() {
	say "running $1"
	case $1 in
		*.sh)
			# shellcheck disable=SC1090
			if [[ -x $1 ]]; then "$1"; else . "$1"; fi
			;;
		*.sql) query "$POSTGRES_DB" --file "$1" ;;
		*.sql.gz) gunzip --stdout "$1" | query "$POSTGRES_DB" ;;
		*) say "ignoring $1" ;;
	esac
}

# first_start ARGUMENT...: fills the data folder with the help of a server with
# these arguments that only this container's own socket reaches.
first_start() {
	check_settings
	init_data
	local options="-c listen_addresses=''"
	(($# == 0)) || options+=$(printf ' %q' "$@")
	pg_ctl --pgdata "$PGDATA" --wait --silent --options "$options" start >&2
	create_database
	local f
	for f in /docker-entrypoint-initdb.d/*; do
		[[ -f $f ]] && run_init_file "$f"
	done
	pg_ctl --pgdata "$PGDATA" --mode fast --wait --silent stop >&2
	unset PGPASSWORD
	say "initialised, ready to start"
}

as_postgres() {
	install -d -m 0700 -o postgres -g postgres "$PGDATA"
	install -d -m 2777 -o postgres -g postgres /var/run/postgresql
	[[ -z ${POSTGRES_INITDB_WALDIR:-} ]] || install -d -m 0700 -o postgres -g postgres "$POSTGRES_INITDB_WALDIR"
	find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
	export HOME=/var/lib/postgresql
	exec setpriv --reuid postgres --regid postgres --init-groups -- "$0" "$@"
}

wants_server() {
	[[ ${1:-} == postgres ]] || return 1
	local a
	for a in "$@"; do
		case $a in -'?' | --help | -V | --version | --describe-config) return 1 ;; esac
	done
}

[[ ${1:-} != -* ]] || set -- postgres "$@"
if wants_server "$@"; then
	: "${PGDATA:=/var/lib/postgresql/data}"
	export PGDATA
	[[ $(id -u) != 0 ]] || as_postgres "$@"
	if [[ -s $PGDATA/PG_VERSION ]]; then
		say "$PGDATA holds a database already"
	else
		setting POSTGRES_PASSWORD
		setting POSTGRES_USER postgres
		setting POSTGRES_DB "$POSTGRES_USER"
		setting POSTGRES_INITDB_ARGS
		setting POSTGRES_INITDB_WALDIR
		setting POSTGRES_HOST_AUTH_METHOD
		export PGPASSWORD=$POSTGRES_PASSWORD
		first_start "${@:2}"
	fi
fi
exec "$@"
