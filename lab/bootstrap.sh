#!/bin/bash
# Installs what the lab needs on a fresh Debian: the missing packages, and a Go
# that go.mod accepts. Quick when all is there. Its result is the file go-path
# in the lab's cache: the folder to put first on PATH.
set -euo pipefail

cache=${LULL_LAB_CACHE:-/var/cache/lull-lab}
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
packages=(
	ca-certificates git        # go install
	gcc libc6-dev              # runc is half C
	libseccomp-dev pkg-config  # runc, for seccomp profiles
	mmdebstrap                 # database images
	debian-archive-keyring     # to trust what they are made from
	iproute2 iptables          # network namespaces; CRIU holds connections with it
	xfsprogs btrfs-progs       # file systems in files, to capture volumes on
)

say() { echo "bootstrap: $*" >&2; }
die() { say "$@"; exit 1; }

missing_packages() {
	comm -23 <(printf '%s\n' "${packages[@]}" | sort) \
		<(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${packages[@]}" 2>/dev/null |
			awk '$1 == "ii" { print $2 }' | sort)
}

# install_packages PACKAGE...
install_packages() {
	[[ $(id -u) == 0 ]] || die "not installed: $*. Install them, or run this as root."
	say "installing $*"
	export DEBIAN_FRONTEND=noninteractive
	if ! apt-get -qq update || ! apt-get -qq -y --no-install-recommends install "$@" >/dev/null; then
		die "apt-get failed; its reason is above."
	fi
}

# newer_or_same A B: version A is at least B.
newer_or_same() { [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]; }

version_of() { GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null | sed 's/^go//'; }

# any_go: every Go there is, one path in a line.
any_go() {
	local go
	for go in "$(command -v go || true)" /usr/local/go/bin/go "$cache/go/$need/bin/go"; do
		[[ ! -x $go ]] || echo "$go"
	done
}

# good_go: the folder of the first Go that is new enough.
good_go() {
	local go
	while read -r go; do
		if newer_or_same "$(version_of "$go")" "$need"; then
			dirname "$go"
			return
		fi
	done < <(any_go)
	return 1
}

# switched_go GO: a Go from 1.21 on fetches the version that go.mod asks for.
switched_go() {
	newer_or_same "$(version_of "$1")" 1.21 || return 1
	say "having Go $(version_of "$1") fetch Go $need"
	local root
	root=$(cd "$checkout" && GOTOOLCHAIN=auto "$1" env GOROOT) && echo "$root/bin"
}

# fetched_go GO: an older one can still download the same module. A module has
# no executables and no nested go.mod, so what packing did is undone.
fetched_go() {
	local module tree=$cache/go/$need
	module=golang.org/toolchain@v0.0.1-go$need.linux-$("$1" env GOARCH)
	say "having Go $(version_of "$1") fetch $module"
	(cd / && "$1" mod download "$module") >&2 &&
		rm -rf "$tree" "$tree.new" && mkdir -p "$cache/go" &&
		cp -r "$("$1" env GOMODCACHE)/$module" "$tree.new" &&
		chmod -R u+w "$tree.new" &&
		chmod +x "$tree.new"/bin/* "$tree.new"/pkg/tool/*/* &&
		find "$tree.new" -name _go.mod -execdir mv '{}' go.mod ';' &&
		mv "$tree.new" "$tree" &&
		echo "$tree/bin"
}

find_go() {
	good_go && return
	[[ -n $(any_go) ]] || install_packages golang-go || return 1
	good_go && return
	local go
	go=$(any_go | head -n 1)
	switched_go "$go" || fetched_go "$go"
}

command -v apt-get >/dev/null || die "this needs apt (Debian or Ubuntu)."
need=$(awk '$1 == "go" { print $2 }' "$checkout/go.mod")
[[ $need == *.*.* ]] || need=$need.0

mapfile -t missing < <(missing_packages)
[[ ${#missing[@]} == 0 ]] || install_packages "${missing[@]}"

stamp=$cache/bootstrap/$( (cat "${BASH_SOURCE[0]}"; echo "$need") | sha256sum | cut -c -16)
if [[ ! -s $stamp || ! -x $(<"$stamp")/go ]]; then
	if ! go=$(find_go) || ! version=$("$go/go" version); then
		die "no Go $need could be had, the reason is above. One in /usr/local/go will do."
	fi
	say "using $version"
	mkdir -p "$cache/bootstrap"
	echo "$go" >"$stamp"
fi
cmp -s "$stamp" "$cache/go-path" || cp "$stamp" "$cache/go-path"
