#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's definitions that the shim's symbols stand for (kshim/marks.h), each as a hash of its text.
#
#   originals.sh update VERSION [TARBALL]   writes kernel-shim/originals/VERSION from the kernel source package
#   originals.sh check VERSION [TARBALL]    fails, with the differences, unless that file is what update would write; exits
#                                           with 77 when ctags or the package is missing, or the package is of another
#                                           release
#   originals.sh cut OUT RAW TREE...        reads "symbol TAB file" from standard input, prints "symbol TAB file TAB hash" for
#                                           what the trees have, the first one that has the file. OUT is a directory for the
#                                           definitions (see originals.awk, whose raw RAW is)
#   originals.sh list                       prints "symbol TAB file" of every original, and 1 if only some kernels need it
#   originals.sh trees VERSION [TARBALL]    prints the directories of a package's files, one a line: what a build unpacks,
#                                           and the files that only the marks name
#
# A record begins with the release; each further line has a symbol, its file and the hash. Comments and white space do not
# count. The hash is the only thing that is stored of the kernel's text. An original that is missing has no line: for the
# reference only one that needs it for older kernels may be missing.
set -eu
LC_ALL=C
export LC_ALL

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
records=$project/kernel-shim/originals
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvmsim
kernels=$here/../kernels
. "$here/kernels.sh"
. "$here/../patches/series.sh"

die() {
	printf 'originals: %s\n' "$*" >&2
	exit 1
}

list() {
	"$here/marks.sh" "$project" | awk -F '\t' '{
		n = split($6, origin, " ")
		for (i = 1; i <= n; i++) {
			if (origin[i] == "-")
				continue
			file = symbol = origin[i]
			sub(/:.*/, "", file)
			if (!sub(/^[^:]*:/, "", symbol))
				symbol = $1
			key = symbol "\t" file
			if (!(key in some) || !$5)
				some[key] = $5
		}
	} END { for (key in some) print key "\t" some[key] }' | sort
}

release() { # TREE
	sed -n 's/^VERSION = //p; s/^PATCHLEVEL = /./p; s/^SUBLEVEL = /./p' "$1/Makefile" | tr -d '\n'
}

# ctags loses its way in the assembler part of a header. Prints the path of the file, or that of a copy in which the lines
# of that part are empty.
without_assembly() { # FILE OUT
	case $1 in
	*.h) ;;
	*) echo "$1" && return ;;
	esac
	if ! grep -q '^#ifdef __ASSEMBL' "$1"; then
		echo "$1"
		return
	fi
	copy=$(mktemp "$2/XXXXXX.h")
	awk '
		/^[ \t]*#[ \t]*if/ { depth++ }
		/^#ifdef __ASSEMBL/ { inside = depth; print; next }
		inside && depth == inside && /^#[ \t]*(else|endif)/ { inside = 0 }
		/^[ \t]*#[ \t]*endif/ { depth-- }
		{ print inside ? "" : $0 }' "$1" >"$copy"
	echo "$copy"
}

cut_out() { # OUT RAW TREE...
	out=$1 raw=$2
	shift 2
	mkdir -p "$out"
	sort -u >"$out/wanted"
	cut -f 2 "$out/wanted" | sort -u | while IFS= read -r file; do
		for tree in "$@"; do
			[ -e "$tree/$file" ] || continue
			printf '%s\t%s\n' "$file" "$(without_assembly "$tree/$file" "$out")"
			break
		done
	done >"$out/files"
	awk -F '\t' -v OFS='\t' 'FNR == NR { path[$1] = $2; next } $2 in path { print $1, $2, path[$2] }' \
		"$out/files" "$out/wanted" | sort -k 3 >"$out/paths"
	cut -f 2 "$out/files" | grep '\.[ch]$' |
		ctags --quiet --options=NONE --options="$here/kernel.ctags" -f - -L - >"$out/tags" 2>"$out/ctags.err" ||
		die "ctags failed: $(cat "$out/ctags.err")"
	awk -v out="$out" -v raw="$raw" -f "$here/originals.awk" "$out/paths" "$out/tags"
	cut -f 1 "$out/index" | (cd "$out" && xargs -r sha256sum) |
		awk -v OFS='\t' 'FNR == NR { hash[$2] = substr($1, 1, 16); next } { print $2, $3, hash[$1] }' - "$out/index" |
		sort
}

how_to_get() { # VERSION
	if kernel_is_own "$1"; then echo "apt-get install linux-source-$1"; else echo "./kvmsim fetch $1"; fi
}

# Prints the directories of a package's files. unpack.exclude leaves out most drivers; those that marks name are unpacked
# beside, once.
trees() { # VERSION TARBALL
	[ -e "$2" ] || die "$2 is missing: $(how_to_get "$1")"
	tree=$("$here/unpack-source.sh" "$2" "$cache" "$here/../patches/$1")
	echo "$tree"
	missing=$(list | cut -f 2 | sort -u | while IFS= read -r file; do [ -e "$tree/$file" ] || echo "$file"; done)
	rest=$cache/originals-${tree##*/linux-}-$(printf '%s' "$missing" | sha256sum | cut -c 1-8)
	if [ ! -d "$rest" ]; then
		part=$(mktemp -d "$cache/unpack.XXXXXX")
		# What the package does not have either is found missing later.
		printf '%s\n' "$missing" | series_extract "$2" "$part" 2>/dev/null || rm -f "$part/.kvmsim-want"
		mv -T "$part" "$rest" 2>/dev/null || rm -rf "$part"
	fi
	echo "$rest"
}

record() { # VERSION TARBALL OUT
	trees "$1" "$2" >"$3/trees"
	tree=$(sed q "$3/trees")
	list >"$3/list"
	# shellcheck disable=SC2046
	cut -f 1,2 "$3/list" | cut_out "$3/cut" 0 $(cat "$3/trees") >"$3/lines"
	[ "$1" != "$(reference_kernel)" ] || awk -F '\t' '
		FNR == NR { have[$1, $2] = 1; next }
		!$3 && !(($1, $2) in have) { print "  " $1 "  (" $2 ")"; bad = 1 }
		END { exit bad }' "$3/lines" "$3/list" >"$3/missing" ||
		die "marks name originals that Linux $1 does not have:
$(cat "$3/missing")"
	printf '# Linux %s: originals.sh update %s\n' "$(release "$tree")" "$1"
	cat "$3/lines"
}

case ${1:-} in
list)
	list
	exit 0
	;;
cut)
	shift
	cut_out "$@"
	exit 0
	;;
trees | update | check) ;;
*)
	sed -n 's/^#   \(originals.sh [a-z]* [A-Z[][^ ]*\( [[A-Z]*\]*\)*\).*/Usage: \1/p' "$0" >&2
	exit 2
	;;
esac

version=${2:?a version}
tarball=${3:-$(kernel_package "$version" "$cache")}
if [ "$1" = trees ]; then
	trees "$version" "$tarball"
	exit 0
fi
if ! command -v ctags >/dev/null || ! ctags --version | grep -q '^Universal Ctags'; then
	[ "$1" = update ] || { echo "no universal-ctags here"; exit 77; }
	die "universal-ctags is missing: apt-get install universal-ctags"
fi
[ "$1" = update ] || [ -e "$tarball" ] || { echo "no $tarball here"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
record "$version" "$tarball" "$tmp" >"$tmp/record"
if [ "$1" = update ]; then
	mkdir -p "$records"
	cp "$tmp/record" "$records/$version"
	exit 0
fi
[ -e "$records/$version" ] || die "no record $records/$version: $0 update $version"
diff -u "$records/$version" "$tmp/record" && exit 0
if [ "$(sed q "$records/$version")" != "$(sed q "$tmp/record")" ]; then
	echo "the package is of another release than the record, so it may differ: $0 update $version"
	exit 77
fi
die "the record is out of date: $0 update $version"
