# SPDX-License-Identifier: GPL-2.0-only
# Shell functions that say what a tarball of kernel source is; to be sourced. Any name, any compression that tar knows.
#
# Both read the tarball once and remember the result in the cache: checksums by name, size and modification time,
# versions by checksum.

# Prints the tarball's SHA-256.
#   tarball_checksum TARBALL CACHE
tarball_checksum() {
	tarball_memo=$2/checksums
	tarball_now=$(stat -L -c '%s %.9Y' "$1")
	tarball_sum=$(awk -F '\t' -v f="$1" -v n="$tarball_now" '$1 == f && $2 == n { s = $3 } END { print s }' \
		"$tarball_memo" 2>/dev/null || true)
	if [ -z "$tarball_sum" ]; then
		echo "-- Checksum of $1" >&2
		tarball_sum=$(sha256sum <"$1")
		tarball_sum=${tarball_sum%% *}
		printf '%s\t%s\t%s\n' "$1" "$tarball_now" "$tarball_sum" >>"$tarball_memo"
	fi
	printf '%s\n' "$tarball_sum"
}

# Prints the version that a kernel's Makefile has, such as 6.12.41 or 7.3.0-rc2; nothing if it is not a kernel's.
makefile_version() {
	awk '$2 != "=" { next }
		$1 == "VERSION" { v = $3 }
		$1 == "PATCHLEVEL" { v = v "." $3 }
		$1 == "SUBLEVEL" { v = v "." $3 }
		$1 == "EXTRAVERSION" { v = v $3; exit }
		END { if (v ~ /^[0-9]+\.[0-9]+/) print v }'
}

# Prints the version of the tree in a tarball. Fails with a message if there is none.
#   tarball_version TARBALL CACHE
tarball_version() {
	tarball_sum=$(tarball_checksum "$1" "$2")
	tarball_is=$(awk -F '\t' -v s="$tarball_sum" '$1 == s { v = $2 } END { print v }' "$2/versions" 2>/dev/null || true)
	if [ -z "$tarball_is" ]; then
		tarball_is=$(tar -x -O -f "$1" --wildcards --no-wildcards-match-slash --occurrence=1 '*/Makefile' 2>/dev/null |
			makefile_version)
		[ -n "$tarball_is" ] || {
			echo "$1 is not kernel source: it has no directory with a kernel's Makefile" >&2
			return 1
		}
		printf '%s\t%s\n' "$tarball_sum" "$tarball_is" >>"$2/versions"
	fi
	printf '%s\n' "$tarball_is"
}
