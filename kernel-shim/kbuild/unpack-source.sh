#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Unpacks a tarball of kernel source once into a cache that all clones share, applies the patch queue, prints the
# directory.
#
#   unpack-source.sh TARBALL CACHE_DIR PATCH_DIR
#
# The directory is CACHE_DIR/linux-KEY. KEY depends on the tarball's checksum, unpack.exclude and the patches, so none
# of them can change under a build. Its .kvmsim-manifest has the SHA-256 of every file (see verify-source.sh): the
# package's, except for files that the patches name. So a file that a patch changed without naming it is found. Two runs
# at once are safe: each unpacks separately, and the first rename wins.
set -eu
LC_ALL=C
export LC_ALL

tarball=$1 cache=$2 patches=$3
here=$(dirname "$0")
exclude=$here/unpack.exclude
. "$here/../patches/series.sh"
. "$here/tarball.sh"

say() { printf '%s\n' "-- $*" >&2; }

mkdir -p "$cache"
key=$({
	tarball_checksum "$tarball" "$cache"
	cat "$exclude"
	series_patches "$patches" | while IFS= read -r p; do cat "$patches/$p"; done
} | sha256sum | cut -c1-12)
dest=$cache/linux-$key
if [ ! -d "$dest" ]; then
	part=$(mktemp -d "$cache/unpack.XXXXXX")
	trap 'rm -rf "$part"' EXIT
	trap 'exit 1' HUP INT TERM
	say "Unpacking $tarball into $dest (once; about ten seconds)"
	tar -x -f "$tarball" -C "$part" --strip-components=1 --no-same-owner --wildcards --exclude-from="$exclude"
	# Excluded files that a patch changes are needed after all.
	left_out=$(series_all_files old "$patches" | while IFS= read -r f; do [ -e "$part/$f" ] || echo "$f"; done)
	[ -z "$left_out" ] || printf '%s\n' "$left_out" | series_extract "$tarball" "$part"
	sums=$(cd "$part" && find . -type f -print0 | xargs -0 sha256sum)
	[ -z "$(series_patches "$patches")" ] || say "Applying $(series_patches "$patches" | wc -l) patches of $patches"
	series_apply "$part" "$patches" || {
		say "$patches does not fit $tarball. To compile it as it is, unpack it and name the directory"
		exit 1
	}
	series_all_files all "$patches" | sed 's|^|./|' >"$part/.kvmsim-patched"
	{
		printf '%s\n' "$sums" | awk -v list="$part/.kvmsim-patched" '
			BEGIN { while ((getline f < list) > 0) patched[f] = 1 }
			!(substr($0, 67) in patched)'
		(cd "$part" && while IFS= read -r f; do [ ! -e "$f" ] || sha256sum "$f"; done <.kvmsim-patched)
	} | sort -k 2 >"$part/.kvmsim-manifest"
	rm "$part/.kvmsim-patched"
	chmod -R a-w,a+rX "$part"
	find "$part" -type d -exec chmod u+w {} +
	if ! mv -T "$part" "$dest" 2>/dev/null && [ ! -d "$dest" ]; then
		say "cannot create $dest"
		exit 1
	fi
fi
printf '%s\n' "$dest"
