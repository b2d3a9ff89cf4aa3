#!/bin/sh
# Starts the fake mongod; the first argument may be an option, as with the
# official image.
set -eu

case ${1:-} in
-*) set -- mongod "$@" ;;
esac
file_env() { # VARIABLE: from the file that VARIABLE_FILE names, if it does
	eval "file=\${$1_FILE:-}"
	[ -z "$file" ] || export "$1=$(cat "$file")"
}
file_env MONGO_INITDB_ROOT_USERNAME
file_env MONGO_INITDB_ROOT_PASSWORD
if [ "$1" = mongod ] && [ -n "${MONGO_INITDB_ROOT_USERNAME:-}" ]; then # as the official image does
	shift
	set -- mongod --auth "$@"
fi
exec "$@"
