# shellcheck shell=sh
# Checks a MongoDB data folder that nobody else uses.
# usage: STEP SERVER-ARGUMENT..., with DATA, and ROLE (primary, secondary,
# standalone). Exit code 77: it does not apply, and standard output says why.
set -eu

log=/tmp/server.log
export HOME=/tmp # the shell writes there
skip() { echo "$@"; exit 77; }
# first PROGRAM...: the first one that is there.
first() { for p in "$@"; do command -v "$p" && return; done; return 1; }
ask() { "$(first mongosh mongo)" --quiet --norc "mongodb://127.0.0.1:27017/?serverSelectionTimeoutMS=2000" --eval "$1"; }

# start lets it recover, on its own, reached by nobody. A member of a replica set
# recovers from its oplog, and is read-only then.
start() {
	command -v mongod >/dev/null || skip "no mongod in the image"
	first mongosh mongo >/dev/null || skip "no mongosh in the image"
	arguments=$*
	set -- --dbpath "$DATA" --bind_ip 127.0.0.1 --port 27017 --setParameter ttlMonitorEnabled=false
	for layout in --directoryperdb --wiredTigerDirectoryForIndexes; do
		case " $arguments " in
		*" $layout "*) set -- "$@" "$layout" ;;
		esac
	done
	[ "$ROLE" = standalone ] || set -- "$@" --setParameter recoverFromOplogAsStandalone=true
	mongod "$@" >"$log" 2>&1 &
	until ask 'db.runCommand({ping: 1})' >/dev/null 2>&1; do
		kill -0 $! 2>/dev/null || failed
		sleep 0.1
	done
	ask 'print("MongoDB " + db.version() + " has started")'
}

# failed tells why there is no server. Without its configuration file, or the
# key of its encryption, nothing can be said of the files.
failed() {
	! grep -E 'conflicts with current storage engine option|[Ee]ncrypt|not compiled with|Unknown compressor' "$log" || exit 77
	tail -n 5 "$log"
	exit 1
}

# validate has every collection and every index read and compared.
# shellcheck disable=SC2016 # it is JavaScript, for mongosh and for mongo
validate() {
	ask '
		var n = 0, bad = [];
		for (const { name: database } of db.adminCommand({ listDatabases: 1, nameOnly: true }).databases) {
			const one = db.getSiblingDB(database);
			for (const { name: collection } of one.getCollectionInfos({ type: "collection" }, true)) {
				let answer;
				try {
					answer = one.runCommand({ validate: collection, full: true });
				} catch (e) {
					answer = { ok: 0, errmsg: e.message };
				}
				n++;
				if (!answer.ok || !answer.valid) {
					bad.push(database + "." + collection + ": " + (answer.errmsg || (answer.errors || []).join("; ") || "not valid"));
				}
			}
		}
		print(bad.length ? bad.join("; ") : n + " collections");
		if (bad.length) {
			quit(1);
		}
	'
}

step=$1
shift
"$step" "$@"
