#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Writes one commit of a git tree into the cache that all clones share, once, and prints the directory.
#
#   commit-tree.sh DIR@REF CACHE_DIR
#
# DIR is a kernel tree in git, bare or not; empty, the current directory. REF is what git takes for a commit: a tag, a
# branch, an id, HEAD~2. The directory is CACHE_DIR/commit-ID-KEY. ID is the commit's, so a branch that moves gets
# another one; KEY is unpack.exclude's checksum. Two runs at once are safe: the first rename wins.
set -eu
LC_ALL=C
export LC_ALL

name=$1 cache=$2
exclude=$(dirname "$0")/unpack.exclude

die() {
	printf '%s\n' "$*" >&2
	exit 1
}

# A name of a directory may have an @ itself: the longest one that exists counts.
ref=
dir=$name
while [ -n "$dir" ] && { [ -z "$ref" ] || [ ! -d "$dir" ]; }; do
	case $dir in
	*@*) ;;
	*) die "no directory $dir" ;;
	esac
	ref=${dir##*@}${ref:+@$ref}
	dir=${dir%@*}
done
dir=${dir:-.}
[ -n "$ref" ] || die "$name: no commit is named behind the @"
command -v git >/dev/null || die "$name: install git, which knows the commits of $dir"
id=$(git -C "$dir" rev-parse -q --verify --end-of-options "$ref^{commit}") ||
	die "$dir is not a git tree, or has no commit $ref"
git -C "$dir" cat-file -e "$id:virt/kvm/kvm_main.c" 2>/dev/null ||
	die "$ref of $dir is not a kernel tree (it has no virt/kvm/kvm_main.c)"

dest=$cache/commit-$(printf '%.12s' "$id")-$(sha256sum <"$exclude" | cut -c1-8)
if [ ! -d "$dest" ]; then
	mkdir -p "$cache"
	part=$(mktemp -d "$cache/unpack.XXXXXX")
	trap 'rm -rf "$part"' EXIT
	trap 'exit 1' HUP INT TERM
	printf '%s\n' "-- Writing $ref of $dir into $dest (once; about ten seconds)" >&2
	# The pipe's exit code is tar's; an incomplete archive makes tar fail.
	git -C "$dir" archive --format=tar --prefix=linux/ "$id" |
		tar -x -C "$part" --strip-components=1 --no-same-owner --wildcards --exclude-from="$exclude"
	chmod -R a-w,a+rX "$part"
	find "$part" -type d -exec chmod u+w {} +
	mv -T "$part" "$dest" 2>/dev/null || [ -d "$dest" ] || die "cannot create $dest"
fi
printf '%s\n' "$dest"
