# shellcheck shell=sh
# Checks the files of Redis or Valkey. usage: STEP, with DATA. Exit code 77: it
# does not apply, and standard output says why.
set -eu

skip() { echo "$@"; exit 77; }
first() { for p in "$@"; do command -v "$p" && return; done; return 1; }

# every PROGRAM FILE...: has a program look at those that are there.
every() {
	program=$1 n=0
	shift
	for f in "$@"; do
		[ -s "$f" ] || continue
		"$program" "$f" </dev/null >/tmp/check 2>&1 || { tail -n 3 /tmp/check; exit 1; }
		n=$((n + 1))
	done
	[ "$n" -gt 0 ] || skip "there is no such file"
	echo "$n files"
}

# aof takes the parts one by one, and before version 7 the one file: Valkey 9.1's
# own program does not know the dump that its log begins with.
aof() {
	program=$(first valkey-check-aof redis-check-aof) || skip "no redis-check-aof in the image"
	every "$program" "$DATA"/*/*.base.aof "$DATA"/*/*.incr.aof "$DATA"/*.aof
}

rdb() {
	program=$(first valkey-check-rdb redis-check-rdb) || skip "no redis-check-rdb in the image"
	every "$program" "$DATA"/*.rdb "$DATA"/*/*.base.rdb
}

step=$1
shift
"$step" "$@"
