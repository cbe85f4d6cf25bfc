#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Checks the marks of kshim/marks.h against the objects of a flavour.
#
#   check-marks.sh PROJECT_DIR WORK_DIR ARCH
#
# WORK_DIR has kernel.rsp (objects of the kernel's files) and shim.rsp (objects of the shim's kernel TUs). A symbol that
# the kernel's files use and the shim defines has one mark; a mark names a symbol that the shim defines, unless it stands
# under #if. Exits 1 with a list otherwise. A wrapper TU's symbols that come from the kernel file it includes need none.
set -eu
LC_ALL=C
export LC_ALL

project=$1 work=$2 arch=$3
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cd "$project"
find kernel-shim/core kernel-shim/wrap "kernel-shim/arch/$arch" "models/$arch" models/common -name '*.c' 2>/dev/null |
	sort | xargs awk -f "$here/marks.awk" >"$tmp/marks"
xargs nm -u <"$work/kernel.rsp" | awk 'NF == 2 && $1 ~ /^[Uvw]$/ { print $2 }' | sort -u >"$tmp/used"
grep -v '/kernel-shim/wrap/' "$work/shim.rsp" | xargs nm -A --defined-only |
	awk '$(NF - 1) ~ /^[A-TV-Z]$/ { f = $0; sub(/\.o:.*/, "", f); sub(/.*\.dir\/(\.\/)?/, "", f); print $NF "\t" f }' |
	sort >"$tmp/defined-in"
xargs nm --defined-only <"$work/shim.rsp" | awk 'NF == 3 && $1 ~ /^[0-9a-f]+$/ { print $3 }' | sort -u >"$tmp/defined"
cut -f1 "$tmp/marks" | sort >"$tmp/marked"

# kshim_ symbols stand behind the shadow headers, tracepoints come from the kernel's own macros.
cut -f1 "$tmp/defined-in" | grep -vE '^(kshim_|__tracepoint_|__traceiter_|__SCK__|__SCT__)' | sort -u | comm -12 - "$tmp/used" | comm -23 - "$tmp/marked" >"$tmp/unmarked"
uniq -d "$tmp/marked" >"$tmp/twice"
awk -F '\t' '!$5 { print $1 }' "$tmp/marks" | sort -u | comm -23 - "$tmp/defined" >"$tmp/stray"

show() { # FILE TITLE TABLE COLUMN
	[ -s "$1" ] || return 0
	echo "$2"
	awk -F '\t' -v col="$4" 'FNR == NR { want[$1] = 1; next } $1 in want { print "  " $1 "  (" $col ")" }' "$1" "$3"
}
show "$tmp/unmarked" "Used by the kernel's files, defined without a mark:" "$tmp/defined-in" 2
show "$tmp/twice" "Marked more than once:" "$tmp/marks" 4
show "$tmp/stray" "Marked, but not defined:" "$tmp/marks" 4
[ ! -s "$tmp/unmarked" ] && [ ! -s "$tmp/twice" ] && [ ! -s "$tmp/stray" ]
