#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fails, naming the file, unless the compiled kernel files are the package's own (plus the patch queue).
#
#   verify-source.sh SOURCE_DIR FILE_LIST
#
# SOURCE_DIR comes from unpack-source.sh; FILE_LIST has one path per line.
set -eu
LC_ALL=C
export LC_ALL

list=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$1"
sums=$(awk 'FNR == NR { want["./" $0] = 1; next }
	    { f = substr($0, 67) } f in want { print; delete want[f] }
	    END { for (f in want) { print "not in the package: " f >"/dev/stderr"; bad = 1 } exit bad }' \
	"$list" .kvmsim-manifest)
if ! bad=$(printf '%s\n' "$sums" | sha256sum -c --quiet 2>/dev/null); then
	printf '%s\n' "$bad" | sed "s|: FAILED.*|: differs from the package; remove $1 to unpack it again|" >&2
	exit 1
fi
