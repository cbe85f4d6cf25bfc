#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Links a flavour. A symbol that is still used after garbage collection, and that nobody defines, becomes a refused one.
#
#   link-flavour.sh [--names KCC TREE BUILD] OUTPUT WORK_DIR LIBRARIES COMPILER FLAG...
#
# With --names, kcc puts the real names of TREE and BUILD into the debug information (kernel-shim/kcc/README.md).
# LIBRARIES is one argument of words. WORK_DIR has objects.rsp and exports.map; it gets refused.txt, the names of the
# refused symbols, and users.txt, which objects name them. Each symbol has 256 bytes in the section kshim_refused, which
# fills whole pages and loses its access rights at boot, and an entry { address, name } in kshim_refused_names
# (kernel-shim/host/report.c).
set -eu
LC_ALL=C
export LC_ALL

kcc=
if [ "$1" = --names ]; then
	kcc=$2 names_tree=$3 names_build=$4
	shift 4
fi
output=$1 work=$2 libraries=$3
shift 3

refused() {
	nm -D -u "$work/probe.so" | awk '$1 == "U" && $2 !~ /@/ { print $2 }' | sort -u >"$work/undefined.tmp"
	# Without the symbols of the libraries.
	ldd "$work/probe.so" | awk '$3 ~ /^\// { print $3 }' | xargs nm -D --defined-only |
		awk 'NF == 3 { sub(/@.*/, "", $3); print $3 }' | sort -u | comm -23 "$work/undefined.tmp" -
}
stubs() {
	awk '{ name[NR] = $0 }
	END {
		print "\t.section kshim_refused, \"aw\", @progbits\n\t.balign 4096"
		for (i = 1; i <= NR; i++)
			printf "\t.globl %s\n\t.hidden %s\n\t.type %s, @object\n\t.size %s, 256\n%s:\t.zero 256\n",
				name[i], name[i], name[i], name[i], name[i]
		print "\t.balign 4096\n\t.section kshim_refused_names, \"aw\", @progbits\n\t.balign 8"
		for (i = 1; i <= NR; i++)
			printf "\t.quad %s, .Lname%d\n", name[i], i
		print "\t.section .rodata"
		for (i = 1; i <= NR; i++)
			printf ".Lname%d:\t.asciz \"%s\"\n", i, name[i]
		print "\t.section .note.GNU-stack, \"\", @progbits"
	}'
}

# Prints which of the objects whose names it reads name which refused symbols.
users() {
	xargs -d '\n' nm -A -u -p |
		awk 'NR == FNR { refused[$1]; next } $NF in refused { print $1, $NF }' "$work/refused.txt" - | sort
}
# True if the objects that are newer than the last link name the same refused symbols as then. The rest of the refused
# symbols is as it was, but for one: garbage collection may leave a symbol without a use, although an object names it.
# That stays in refused.txt until an object names others.
same_users() {
	[ -f "$work/users.txt" ] && [ -f "$output" ] &&
		[ -z "$(find "$work/objects.rsp" "$work/exports.map" -newer "$output")" ] || return 1
	# shellcheck disable=SC2016
	xargs sh -c 'find "$@" -newer "$0"' "$output" <"$work/objects.rsp" >"$work/changed.tmp"
	[ -s "$work/changed.tmp" ] || return 1
	users <"$work/changed.tmp" >"$work/users.tmp"
	awk 'NR == FNR { changed[$0 ":"]; next } $1 in changed' "$work/changed.tmp" "$work/users.txt" |
		cmp -s - "$work/users.tmp"
}

common="-shared -Wl,-Bsymbolic -Wl,--gc-sections"
link_flavour() { # COMPILER FLAG...
	# shellcheck disable=SC2086
	"$@" $common -Wl,--version-script="$work/exports.map" -Wl,--build-id -Wl,-z,defs \
		-Wl,-soname,"$(basename "$output")" -o "$work/linked.tmp" \
		"@$work/objects.rsp" "$work/refused.o" $libraries
}
finish() {
	[ -z "$kcc" ] || "$kcc" --fixed-tree "$names_tree" --fixed-build "$names_build" --real-names "$work/linked.tmp"
	mv "$work/linked.tmp" "$output"
	rm -f "$work/probe.so" "$work"/*.tmp
}

# A refused symbol that is new is undefined; what is not refused any more is defined twice.
if same_users && link_flavour "$@" 2>"$work/errors.tmp"; then
	cat "$work/errors.tmp" >&2
	finish
	exit
fi
rm -f "$work/users.txt"
# shellcheck disable=SC2086
"$@" $common -Wl,--version-script="$work/exports.map" -Wl,--strip-debug -o "$work/probe.so" "@$work/objects.rsp" \
	$libraries 2>"$work/errors.tmp" || {
	# The linker's lines are long: two files and the symbol are enough.
	sed -n 's|^.*\.dir/\([^ ]*\)\.o: in function.*|\1|;s|^.*multiple definition of|  multiple definition of|p' "$work/errors.tmp" |
		sed 's|; .*\.dir/\([^ :]*\)\.o:.*|, first in \1|' >&2
	grep -v 'multiple definition of\|: in function\|ld returned 1' "$work/errors.tmp" >&2
	exit 1
}
refused >"$work/refused.tmp"
# Only the kernel's symbols can be refused; a missing one of ours is a mistake.
if ours=$(grep -E '^(kshim|host|model|ktest)_' "$work/refused.tmp"); then
	printf '%s\n' "used, but defined nowhere in kernel-shim and models:" "$ours" >&2
	exit 1
fi
if [ ! -f "$work/refused.o" ] || ! cmp -s "$work/refused.tmp" "$work/refused.txt"; then
	old=0
	[ ! -f "$work/refused.txt" ] || old=$(wc -l <"$work/refused.txt")
	stubs <"$work/refused.tmp" >"$work/refused.S"
	"$@" -c -o "$work/refused.o" "$work/refused.S"
	mv "$work/refused.tmp" "$work/refused.txt"
	echo "$(basename "$output"): $(wc -l <"$work/refused.txt") refused symbols (before: $old), listed in $work/refused.txt"
fi
link_flavour "$@"
tr -d '"' <"$work/objects.rsp" | users >"$work/users.txt"
finish
