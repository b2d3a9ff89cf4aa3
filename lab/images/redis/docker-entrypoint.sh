#!/bin/bash
# Starts Redis the way that the official image does: as the user redis, in the
# folder /data, open to other containers.
set -euo pipefail

readonly server=redis-server user=redis

as_user() {
	find . \! -user "$user" -exec chown "$user" '{}' +
	exec setpriv --reuid "$user" --regid "$user" --init-groups -- "$0" "$@"
}

# says_protected ARGUMENT...: the arguments, or the configuration file among
# them, decide on the protected mode themselves.
says_protected() {
	[[ " $* " != *" --protected-mode "* ]] || return 0
	[[ ${1:-} == *.conf && -r $1 ]] && grep -qiE '^[[:space:]]*protected-mode[[:space:]]' "$1"
}

[[ ${1:-} != -* && ${1:-} != *.conf ]] || set -- "$server" "$@"
if [[ ${1:-} == "$server" ]]; then
	[[ $(id -u) != 0 ]] || as_user "$@"
	[[ $(umask) != 0022 ]] || umask 0077
	shift
	# The official image has a server that is built without it.
	says_protected "$@" || set -- "$@" --protected-mode no
	set -- "$server" "$@"
fi
exec "$@"
