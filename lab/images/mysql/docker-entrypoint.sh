#!/bin/bash
# Starts MySQL or MariaDB the way that their official images do: initialises an
# empty data folder from the MYSQL_* or MARIADB_* variables, then becomes the
# server.
set -euo pipefail

say() { echo "entrypoint: $*" >&2; }
die() { say "$@"; exit 1; }

data=/var/lib/mysql
socket=/run/mysqld/mysqld.sock

# setting NAME [DEFAULT]: MYSQL_NAME from MARIADB_NAME or MYSQL_NAME, or from
# the file that either one with _FILE names.
setting() {
	local value="" name file_name
	for name in "MARIADB_$1" "MYSQL_$1"; do
		file_name=${name}_FILE
		if [[ -n ${!name:-} && -n ${!file_name:-} ]]; then
			die "both $name and $file_name are set; set one of them"
		elif [[ -n ${!file_name:-} ]]; then
			value=${value:-$(<"${!file_name}")}
		else
			value=${value:-${!name:-}}
		fi
	done
	printf -v "MYSQL_$1" %s "${value:-${2:-}}"
}

check_settings() {
	if [[ -z $MYSQL_ROOT_PASSWORD$MYSQL_ALLOW_EMPTY_PASSWORD$MYSQL_RANDOM_ROOT_PASSWORD ]]; then
		die "the data folder is empty and no password is given for root." \
			"Set MYSQL_ROOT_PASSWORD, or MYSQL_ALLOW_EMPTY_PASSWORD=yes to let everybody in without one."
	fi
	if [[ -n $MYSQL_RANDOM_ROOT_PASSWORD ]]; then
		MYSQL_ROOT_PASSWORD=$(head -c 18 /dev/urandom | base64)
		say "GENERATED ROOT PASSWORD: $MYSQL_ROOT_PASSWORD"
	fi
}

init_data() {
	say "initialising $data"
	if [[ $kind == mariadb ]]; then
		mariadb-install-db --user=mysql --datadir="$data" --auth-root-authentication-method=normal \
			--skip-test-db --skip-name-resolve --force --innodb-use-native-aio=0 >&2
	else
		"$@" --initialize-insecure >&2
	fi
}

client() { "$kind" --no-defaults --protocol=socket --socket="$socket" --user=root --batch "$@"; }

# quoted TEXT: as a string of SQL.
quoted() {
	local s=${1//\\/\\\\}
	printf "'%s'" "${s//\'/\'\'}"
}

# shellcheck disable=SC2016 # backticks quote names in SQL
named() { printf '`%s`' "${1//\`/\`\`}"; }

# accounts are the statements that make the users and the database. The root of
# localhost gets its password last: until then the client needs none.
accounts() {
	local root
	root="IDENTIFIED BY $(quoted "$MYSQL_ROOT_PASSWORD")"
	if [[ $kind == mariadb ]]; then # its installation makes more of them
		echo "DELETE FROM mysql.global_priv WHERE User = '' OR User = 'root' AND Host <> 'localhost';"
		echo "FLUSH PRIVILEGES;"
	fi
	[[ -z $MYSQL_DATABASE ]] || echo "CREATE DATABASE IF NOT EXISTS $(named "$MYSQL_DATABASE");"
	if [[ -n $MYSQL_USER && -n $MYSQL_PASSWORD ]]; then
		echo "CREATE USER $(quoted "$MYSQL_USER")@'%' IDENTIFIED BY $(quoted "$MYSQL_PASSWORD");"
		[[ -z $MYSQL_DATABASE ]] || echo "GRANT ALL ON $(named "$MYSQL_DATABASE").* TO $(quoted "$MYSQL_USER")@'%';"
	fi
	if [[ $MYSQL_ROOT_HOST != localhost ]]; then
		echo "CREATE USER 'root'@$(quoted "$MYSQL_ROOT_HOST") $root;"
		echo "GRANT ALL ON *.* TO 'root'@$(quoted "$MYSQL_ROOT_HOST") WITH GRANT OPTION;"
	fi
	echo "ALTER USER 'root'@'localhost' $root;"
}

run_init_file() {
	say "running $1"
	local -a into=()
	[[ -z $MYSQL_DATABASE ]] || into+=("$MYSQL_DATABASE")
	case $1 in
		*.sh)
			# shellcheck disable=SC1090
			if [[ -x $1 ]]; then "$1"; else . "$1"; fi
			;;
		*.sql) client "${into[@]}" <"$1" ;;
		*.sql.gz) gunzip --stdout "$1" | client "${into[@]}" ;;
		*) say "ignoring $1" ;;
	esac
}

await_server() {
	local -i tries
	for ((tries = 0; tries < 600; tries++)); do
		client --execute 'SELECT 1' >/dev/null 2>&1 && return
		kill -0 "$1" 2>/dev/null || die "the server ended while it was initialised; see above"
		sleep 0.1
	done
	die "the server did not answer within a minute"
}

# first_start SERVER ARGUMENT...: fills the data folder with the help of a
# server that only this container's own socket reaches.
first_start() {
	check_settings
	init_data "$@"
	local -a off=(--skip-networking)
	[[ $kind == mariadb ]] || off+=(--mysqlx=OFF)
	"$@" "${off[@]}" &
	local server=$! f
	await_server "$server"
	for f in /docker-entrypoint-initdb.d/*; do
		[[ -f $f ]] && run_init_file "$f"
	done
	{ accounts; echo "SHUTDOWN;"; } | client
	wait "$server"
	say "initialised, ready to start"
}

as_mysql() {
	install -d -m 0750 -o mysql -g mysql "$data"
	install -d -m 0755 -o mysql -g mysql "${socket%/*}"
	find "$data" \! -user mysql -exec chown mysql '{}' +
	export HOME=/var/lib/mysql
	exec setpriv --reuid mysql --regid mysql --init-groups -- "$0" "$@"
}

is_server() {
	case ${1:-} in
		mysqld | mariadbd) ;;
		*) return 1 ;;
	esac
	local a
	for a in "$@"; do
		case $a in -'?' | --help | -V | --version | --verbose) return 1 ;; esac
	done
}

# Older MariaDB knows neither mariadbd nor mariadb by these names.
if command -v mariadbd >/dev/null; then kind=mariadb server=mariadbd; else kind=mysql server=mysqld; fi
[[ ${1:-} != -* ]] || set -- "$server" "$@"
if is_server "$@"; then
	[[ $(id -u) != 0 ]] || as_mysql "$@"
	shift
	options=(--datadir="$data" --socket="$socket" --pid-file="${socket%.sock}.pid" --bind-address=0.0.0.0 --secure-file-priv=)
	if [[ $kind == mariadb ]]; then
		options+=(--innodb-use-native-aio=0 --skip-name-resolve) # io_uring cannot be dumped
	else
		options+=(--mysqlx-socket="${socket%/*}/mysqlx.sock")
	fi
	# Options files have to be named first.
	case ${1:-} in
		--no-defaults | --defaults-file=* | --defaults-extra-file=*)
			options=("$1" "${options[@]}")
			shift
			;;
	esac
	set -- "$server" "${options[@]}" "$@"
	if [[ -d $data/mysql ]]; then
		say "$data holds a database already"
	else
		setting ROOT_PASSWORD
		setting ALLOW_EMPTY_PASSWORD "${MARIADB_ALLOW_EMPTY_ROOT_PASSWORD:-}"
		setting RANDOM_ROOT_PASSWORD
		setting ROOT_HOST %
		setting DATABASE
		setting USER
		setting PASSWORD
		first_start "$@"
	fi
fi
exec "$@"
