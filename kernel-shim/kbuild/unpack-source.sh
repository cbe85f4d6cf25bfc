#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Unpacks a kernel source package once into a cache that all clones share, applies the patch queue, prints the directory.
#
#   unpack-source.sh TARBALL CACHE_DIR PATCH_DIR
#
# The directory is CACHE_DIR/linux-KEY; KEY depends on the tarball's checksum, unpack.exclude and the patches, so that
# none of them can change under a build. .kvmsim-manifest in it has the SHA-256 of every file (see verify-source.sh).
# Two runs at once are safe: each unpacks aside, the first rename wins.
set -eu
LC_ALL=C
export LC_ALL

tarball=$1 cache=$2 patches=$3
exclude=$(dirname "$0")/unpack.exclude

say() { printf '%s\n' "-- $*" >&2; }

# The tarball's checksum, remembered by name, size and modification time.
checksum() {
	memo=$cache/checksums
	now=$(stat -L -c '%s %Y' "$tarball")
	sum=$(awk -F '\t' -v f="$tarball" -v n="$now" '$1 == f && $2 == n { s = $3 } END { print s }' "$memo" 2>/dev/null ||
		true)
	if [ -z "$sum" ]; then
		say "Checksum of $tarball"
		sum=$(sha256sum <"$tarball")
		sum=${sum%% *}
		printf '%s\t%s\t%s\n' "$tarball" "$now" "$sum" >>"$memo"
	fi
	printf '%s\n' "$sum"
}

series() {
	[ ! -f "$patches/series" ] || sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$patches/series"
}

mkdir -p "$cache"
key=$({
	checksum
	cat "$exclude"
	series | while IFS= read -r p; do cat "$patches/$p"; done
} | sha256sum | cut -c1-12)
dest=$cache/linux-$key
if [ ! -d "$dest" ]; then
	part=$(mktemp -d "$cache/unpack.XXXXXX")
	trap 'rm -rf "$part"' EXIT
	trap 'exit 1' HUP INT TERM
	say "Unpacking $tarball into $dest (once; about ten seconds)"
	tar -x -f "$tarball" -C "$part" --strip-components=1 --no-same-owner --wildcards --exclude-from="$exclude"
	series | while IFS= read -r p; do
		say "Applying $p"
		patch -d "$part" -p1 -s --no-backup-if-mismatch <"$patches/$p" >&2
	done
	sums=$(cd "$part" && find . -type f -print0 | sort -z | xargs -0 sha256sum)
	printf '%s\n' "$sums" >"$part/.kvmsim-manifest"
	chmod -R a-w,a+rX "$part"
	find "$part" -type d -exec chmod u+w {} +
	if ! mv -T "$part" "$dest" 2>/dev/null && [ ! -d "$dest" ]; then
		say "cannot create $dest"
		exit 1
	fi
fi
printf '%s\n' "$dest"
