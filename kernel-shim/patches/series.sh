# SPDX-License-Identifier: GPL-2.0-only
# Shell functions that read and apply a patch series; to be sourced.
#
# A series is a directory with a file "series", which names the patches in order, one per line, and the patches, in the
# format of git format-patch. Patches apply without fuzz: what patch(1) accepts here, git am accepts too.

# The names of the patches of series DIR, in order.
series_patches() {
	[ ! -f "$1/series" ] || sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$1/series"
}

# The files that patches change, sorted; with "old" only those that are there before.
#   series_files all|old PATCH...
series_files() {
	which=$1
	shift
	[ $# -gt 0 ] || return 0
	awk -v which="$which" '
		/^--- / { old = $2; next }
		/^\+\+\+ / && old {
			if (old ~ /^a\//) print substr(old, 3)
			if (which == "all" && $2 ~ /^b\//) print substr($2, 3)
		}
		{ old = "" }' "$@" | sort -u
}

# The files that series DIR changes.
#   series_all_files all|old DIR
series_all_files() {
	# Names have no spaces: git format-patch makes none.
	# shellcheck disable=SC2046
	series_files "$1" $(series_patches "$2" | sed "s|^|$2/|")
}

# Applies one patch to TREE; -R takes it off. Changes nothing when it does not fit.
#   series_apply_one TREE PATCH [-R]
series_apply_one() {
	patch -d "$1" -p1 -f -s -F0 ${3:-} --dry-run <"$2" >/dev/null 2>&1 &&
		patch -d "$1" -p1 -f -s -F0 ${3:-} --no-backup-if-mismatch <"$2" >/dev/null
}

# Applies series DIR to TREE; names the patch that does not fit on standard error.
#   series_apply TREE DIR
series_apply() {
	for series_patch in $(series_patches "$2"); do
		series_apply_one "$1" "$2/$series_patch" || {
			echo "$series_patch does not apply" >&2
			patch -d "$1" -p1 -f -F0 --dry-run <"$2/$series_patch" >&2 || true
			return 1
		}
	done
}

# Takes files from a kernel source package: the names are read from standard input, relative to the tree.
#   series_extract TARBALL DEST
series_extract() {
	sed 's|^|*/|' >"$2/.kvmsim-want"
	tar -x -f "$1" -C "$2" --strip-components=1 --no-same-owner --wildcards --no-wildcards-match-slash --occurrence=1 \
		-T "$2/.kvmsim-want"
	rm "$2/.kvmsim-want"
}

# Prints the directory, in the cache, with the package's own text of the files that series DIR changes.
#   series_pristine TARBALL CACHE DIR
series_pristine() {
	series_key=$({
		stat -L -c '%n %s %.9Y' "$1"
		series_all_files old "$3"
	} | sha256sum | cut -c1-12)
	series_dest=$2/pristine-$series_key
	if [ ! -d "$series_dest" ]; then
		mkdir -p "$2"
		series_part=$(mktemp -d "$2/unpack.XXXXXX")
		series_all_files old "$3" | series_extract "$1" "$series_part" 2>"$series_part.log" || {
			sed -n "s|^tar: \*/\(.*\): Not found in archive|\1 is not in $1|p" "$series_part.log" >&2
			rm -rf "$series_part" "$series_part.log"
			return 1
		}
		rm "$series_part.log"
		chmod -R a+rX "$series_part"
		mv -T "$series_part" "$series_dest" 2>/dev/null || rm -rf "$series_part"
	fi
	echo "$series_dest"
}
