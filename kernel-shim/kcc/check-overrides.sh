#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fails if no object uses an override of kcc.
#
#   check-overrides.sh OBJECTS.rsp...
#
# The files name objects, one per line, in quotes or not. Objects that kcc made have a note beside them, OBJECT.kcc.
set -eu
LC_ALL=C
export LC_ALL

notes=$(sed 's/^"//; s/"$//; s/$/.kcc/' "$@" | while IFS= read -r note; do [ ! -e "$note" ] || printf '%s\n' "$note"; done)
[ -n "$notes" ] || {
	echo "check-overrides: no object was compiled by kcc" >&2
	exit 1
}
unused=$(printf '%s\n' "$notes" | xargs -d '\n' cat | awk -F '\t' '
	$1 == "used" { used[$2] = 1 }
	$1 == "unused" { seen[$2] = 1 }
	END { for (name in seen) if (!(name in used)) print "override of " name ": no file has this function" }' | sort)
[ -z "$unused" ] || {
	printf '%s\n' "$unused" >&2
	exit 1
}
