#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetches kernel source that Debian 12 itself does not have: linux-source-VERSION of the backports for the next release,
# which follow mainline.
#
#   fetch-source.sh get VERSION CACHE_DIR      prints the path of the tarball; fetches it unless the cache has it
#   fetch-source.sh update VERSION CACHE_DIR   the same, after fetching the release that the archive has now
#   fetch-source.sh list CACHE_DIR             prints "VERSION RELEASE" of each one in the archive
#
# apt does the work, in CACHE_DIR/apt: the machine's own sources, lists and packages stay as they are, and its proxy and
# other settings of the way to the archive count. The archive is the one that the machine's Debian sources name, or
# KVMSIM_DEBIAN. Its signatures must be Debian's. Exit code 2: it cannot be had, and the message says
# what can. Two runs at once are safe.
set -eu
LC_ALL=C
export LC_ALL

suite=trixie-backports
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf '%s\n' "-- $*" >&2; }
die() {
	printf 'kvmsim: %s\n' "$@" >&2
	exit 2
}
usage() {
	sed -n 's/^#   \(fetch-source.sh [a-z]* [A-Z_ ]*[A-Z]\).*/Usage: \1/p' "$0" >&2
	exit 2
}

# The URL of the archive of the machine's Debian sources. Without lists, apt does not know their labels.
own_archive() {
	apt-get indextargets --format '$(REPO_URI)|$(LABEL)' 'Created-By: Packages' 2>/dev/null |
		awk -F '|' '$2 == "Debian" || $1 ~ /\/debian\/*$/ { print $1; exit }'
}

# Prepares apt's private state. Settings of the command line's file come after the machine's own.
private_apt() {
	mkdir -p "$apt/lists/partial" "$apt/archives/partial"
	: >"$apt/status"
	archive=${KVMSIM_DEBIAN:-$(own_archive)}
	[ -n "$archive" ] || die "apt's sources have no archive of Debian's: KVMSIM_DEBIAN=URL names one; or $otherwise"
	printf 'deb [arch=amd64 target=Packages signed-by=%s] %s %s main\n' "$keyring" "$archive" "$suite" >"$apt/sources.list"
	cat >"$apt/apt.conf" <<-END
		Dir::Etc::SourceList "$apt/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::State "$apt";
		Dir::State::Lists "$apt/lists";
		Dir::State::Status "$apt/status";
		Dir::Cache "$apt";
		Dir::Cache::Archives "$apt/archives";
		APT::Architecture "amd64";
		APT::Sandbox::User "root";
		APT::Get::AllowUnauthenticated "false";
		APT::Update::Error-Mode "any";
		Acquire::AllowInsecureRepositories "false";
		Acquire::AllowWeakRepositories "false";
		Acquire::AllowDowngradeToInsecureRepositories "false";
		#clear APT::Default-Release;
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	END
}

# Reads the archive's list of packages into $apt/packages: version, release, size in MB.
read_archive() {
	command -v apt-get >/dev/null || die "only apt-get can fetch a package from Debian; $otherwise"
	[ -e "$keyring" ] || die "$keyring is missing: install debian-archive-keyring; $otherwise"
	private_apt
	say "Asking $archive for $suite"
	apt-get -c "$apt/apt.conf" update >"$apt/log" 2>&1 || {
		grep '^[EW]:' "$apt/log" >&2 || cat "$apt/log" >&2
		if grep -qi 'sign\|NO_PUBKEY' "$apt/log"; then
			die "$archive $suite is not signed with Debian's key, so nothing of it is used; $(what_there_is)"
		fi
		die "cannot read $archive $suite; $(what_there_is)"
	}
	apt-cache -c "$apt/apt.conf" dumpavail | awk '
		/^Package: / { name = $2 }
		/^Version: / { release = $2 }
		/^Size: / { size = $2 }
		/^$/ { take() }
		END { take() }
		function take() {
			if (name ~ /^linux-source-[0-9]+\.[0-9]+$/)
				print substr(name, 14), release, int(size / 1e6 + 0.5)
			name = ""
		}' | sort -V >"$apt/packages"
}

# What can be used instead, in words.
otherwise="name a tarball or a kernel tree: --kernel FILE or DIR"
what_there_is() {
	there=$(cut -d ' ' -f 1 "$apt/packages" 2>/dev/null | paste -s -d ' ' -)
	cached=$(cd "$packages" && ls linux-source-*.tar.xz 2>/dev/null | sed 's/^linux-source-//; s/\.tar\.xz$//' | sort -V |
		paste -s -d ' ' -)
	printf '%s' "${there:+$suite has $there; }${cached:+the cache has $cached; }$otherwise"
}

# Puts the archive's release into the cache.
fetch() { # VERSION RELEASE MB
	say "Fetching linux-source-$1 $2 from $archive $suite ($3 MB) into $packages"
	rm -f "$apt/archives"/*.deb
	quiet=-q
	[ ! -t 2 ] || quiet=
	# shellcheck disable=SC2086
	(cd "$apt/archives" && apt-get $quiet -c "$apt/apt.conf" download "linux-source-$1=$2") >&2 ||
		die "fetching linux-source-$1 failed; $(what_there_is)"
	dpkg-deb --fsys-tarfile "$apt/archives"/linux-source-*.deb |
		tar -x -O -f - "./usr/src/linux-source-$1.tar.xz" >"$packages/part" ||
		die "there is no usr/src/linux-source-$1.tar.xz in linux-source-$1 $2"
	rm -f "$apt/archives"/*.deb
	mv "$packages/part" "$packages/linux-source-$1.tar.xz"
	printf '%s\n' "$2" >"$packages/linux-source-$1.release"
}

# Fetches the archive's release of $version unless the cache has just that.
update() {
	read_archive
	cached=$(cat "$packages/linux-source-$version.release" 2>/dev/null || :)
	found=$(awk -v version="$version" '$1 == version { line = $0 } END { print line }' "$apt/packages")
	if [ -z "$found" ]; then
		[ -e "$tarball" ] || die "there is no linux-source-$version: $(what_there_is)"
		say "$suite has no linux-source-$version any more; the cache has ${cached:-one}"
		return
	fi
	release=${found#* }
	release=${release% *}
	if [ -e "$tarball" ] && [ "$cached" = "$release" ]; then
		say "the cache has linux-source-$version $release already"
	else
		fetch "$version" "$release" "${found##* }"
	fi
}

command=${1:-} version=
case $command:$# in
get:3 | update:3)
	version=$2
	shift
	;;
list:2) ;;
*) usage ;;
esac
mkdir -p "$2/packages" "$2/apt"
cache=$(cd "$2" && pwd)
apt=$cache/apt packages=$cache/packages
tarball=$packages/linux-source-$version.tar.xz
rm -f "$apt/packages"
exec 8>"$apt/lock"
flock 8
case $command in
get) [ -e "$tarball" ] || update ;;
update) update ;;
list)
	read_archive
	cut -d ' ' -f 1,2 "$apt/packages"
	exit 0
	;;
esac
printf '%s\n' "$tarball"
