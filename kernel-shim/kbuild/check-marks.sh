#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Checks the marks of kshim/marks.h against the objects of a flavour.
#
#   check-marks.sh PROJECT_DIR WORK_DIR ARCH
#
# WORK_DIR has kernel.rsp (objects of the kernel's files) and shim.rsp (objects of the shim's kernel TUs). A symbol that
# the kernel's files use and the shim defines has one mark in the files that the flavour has; a mark names a symbol that the
# shim defines, unless it stands under #if or in another form of kernel-shim/compat than the flavour's. A mark has an original that the reference kernel has, or one of the others if it is only for some kernels; the
# records in kernel-shim/originals say so. A function that kcc replaced has the mark OVERRIDES with the file that it was in.
# Exits 1 with a list otherwise. The symbols of a wrapper TU (in wrap, or wrap.c of a form) that come from the kernel
# file it includes need none.
set -eu
LC_ALL=C
export LC_ALL

project=$1 work=$2 arch=$3
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cd "$project"
kernels=kernel-shim/kernels
. kernel-shim/kbuild/kernels.sh
"$here/marks.sh" . "$arch" >"$tmp/every"
awk -F '\t' '$2 != "OVERRIDES"' "$tmp/every" >"$tmp/marks"
sed 's/^"//; s/"$//; s/\.o$//; s/.*\.dir\/\(\.\/\)*//' "$work/shim.rsp" >"$tmp/files"
awk -F '\t' 'FNR == NR { file[$1] = 1; next } $4 in file { print $1 }' "$tmp/files" "$tmp/marks" | sort >"$tmp/marked"
xargs nm -u <"$work/kernel.rsp" | awk 'NF == 2 && $1 ~ /^[Uvw]$/ { print $2 }' | sort -u >"$tmp/used"
grep -v '/kernel-shim/wrap/\|/wrap\.c\.o' "$work/shim.rsp" | xargs nm -A --defined-only |
	awk '$(NF - 1) ~ /^[A-TV-Z]$/ { f = $0; sub(/\.o:.*/, "", f); sub(/.*\.dir\/(\.\/)?/, "", f); print $NF "\t" f }' |
	sort >"$tmp/defined-in"
xargs nm --defined-only <"$work/shim.rsp" | awk 'NF == 3 && $1 ~ /^[0-9a-f]+$/ { print $3 }' | sort -u >"$tmp/defined"

# kshim_ symbols stand behind the shadow headers, tracepoints come from the kernel's own macros.
cut -f1 "$tmp/defined-in" | grep -vE '^(kshim_|__tracepoint_|__traceiter_|__SCK__|__SCT__)' | sort -u | comm -12 - "$tmp/used" | comm -23 - "$tmp/marked" >"$tmp/unmarked"
uniq -d "$tmp/marked" >"$tmp/twice"
awk -F '\t' '!$5 { print $1 }' "$tmp/marks" | sort -u | comm -23 - "$tmp/defined" >"$tmp/stray"

# The originals: symbol, original, file of the mark. An error is printed with what is wrong.
awk -F '\t' -v reference="$(reference_kernel)" '
	FILENAME != marks && /^#/ { next }
	FILENAME != marks {
		version = FILENAME
		sub(/.*\//, "", version)
		some[$1, $2] = some["", $2] = 1
		if (version == reference)
			of_reference[$1, $2] = of_reference["", $2] = 1
		next
	}
	$6 == "" { print "  " $1 "  (" $4 "): names no original"; next }
	{
		n = split($6, origin, " ")
		for (i = 1; i <= n; i++) {
			file = symbol = origin[i]
			sub(/:.*/, "", file)
			if (!sub(/^[^:]*:/, "", symbol))
				symbol = $1
			if (file == "-" || ($5 ? (symbol, file) in some : (symbol, file) in of_reference))
				continue
			what = ($5 ? ("", file) in some : ("", file) in of_reference) ? "no " symbol " in " file : "no " file
			print "  " $1 "  (" $4 "): Linux " ($5 ? "of any version" : reference) " has " what
		}
	}' marks="$tmp/every" kernel-shim/originals/* "$tmp/every" >"$tmp/originals"

# What kcc replaced: symbol and file, as its notes say, against the marks.
sed 's/^"//; s/"$//; s/$/.kcc/' "$work/kernel.rsp" "$work/shim.rsp" |
	while IFS= read -r note; do [ ! -e "$note" ] || printf '%s\n' "$note"; done | xargs -r -d '\n' cat |
	awk -F '\t' '$1 == "used" { sub(/@.*/, "", $2); sub(/:[0-9]+$/, "", $3); print $2 "\t" $3 }' | sort -u |
	awk -F '\t' '
		FNR == NR { if ($2 == "OVERRIDES") file[$1] = $6; next }
		!($1 in file) { print "  " $1 "  (" $2 "): no mark"; next }
		substr($2, length($2) - length(file[$1])) != "/" file[$1] { print "  " $1 "  (" $2 "): the mark says " file[$1] }' \
		"$tmp/every" - >"$tmp/overrides"

show() { # FILE TITLE TABLE COLUMN
	[ -s "$1" ] || return 0
	echo "$2"
	awk -F '\t' -v col="$4" 'FNR == NR { want[$1] = 1; next } $1 in want { print "  " $1 "  (" $col ")" }' "$1" "$3"
}
show "$tmp/unmarked" "Used by the kernel's files, defined without a mark:" "$tmp/defined-in" 2
show "$tmp/twice" "Marked more than once:" "$tmp/marks" 4
show "$tmp/stray" "Marked, but not defined:" "$tmp/marks" 4
[ ! -s "$tmp/originals" ] || { echo "Marked with an original that is not in kernel-shim/originals (originals.sh update VERSION):" && cat "$tmp/originals"; }
[ ! -s "$tmp/overrides" ] || { echo "Replaced by kcc, but not marked so:" && cat "$tmp/overrides"; }
[ ! -s "$tmp/originals" ] && [ ! -s "$tmp/overrides" ] &&
	[ ! -s "$tmp/unmarked" ] && [ ! -s "$tmp/twice" ] && [ ! -s "$tmp/stray" ]
