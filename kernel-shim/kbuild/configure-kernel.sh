#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Has the kernel's own Kbuild write the configuration and the generated headers for one architecture.
#
#   configure-kernel.sh SOURCE_DIR OUT_DIR KERNEL_ARCH CROSS FRAGMENT [DEPFILE]
#
# CROSS is the prefix of the cross compiler; "-" means the host's own. OUT_DIR, whose path must not have a space or a
# colon, gets what `make O=OUT_DIR` leaves: .config, include/generated, arch/*/include/generated. SOURCE_DIR is never
# written to. Every option of common.config and FRAGMENT must be in the result; otherwise the run fails and names the
# missing ones. A line "#older CONFIG_..." or "#newer CONFIG_..." is for kernels that have this option; which ones these
# are, older or newer than the reference, is for the reader. "#with NAME CONFIG_..." is for those that have CONFIG_NAME.
# DEPFILE is for a user's own tree. It gets the files that the result depends on, for Ninja, as the dependencies of
# OUT_DIR/kvmsim-stamp, which is touched last. Options that no Kconfig file of such a tree knows (they belong to another
# version) are only reported.
set -eu
LC_ALL=C
export LC_ALL

src=$(cd "$1" && pwd) out=$2 arch=$3 cross=${4#-} fragment=$5 depfile=${6:-}
here=$(cd "$(dirname "$0")" && pwd)
common=$here/common.config

mkdir -p "$out"
out=$(cd "$out" && pwd)

# Kbuild refuses O= when the tree was built in place, and a path with a space or a colon.
tree=$src
case $src in *[[:space:]:]*) tree= ;; esac
if [ -z "$tree" ] || [ -e "$src/.config" ] || [ -e "$src/include/config" ] ||
	[ -e "$src/arch/$arch/include/generated" ]; then
	tree=$out-shadow
	"$here/shadow-tree.sh" "$src" "$tree" "$arch"
fi

[ -z "$cross" ] || command -v "${cross}gcc" >/dev/null || {
	echo "${cross}gcc is missing: install the package gcc-${cross%-}" >&2
	exit 1
}
# Prints the lines on stdin that begin with an option whose name no Kconfig file of the tree knows; with -v those that
# begin with one that is known.
unknown() {
	[ -s "$out/kvmsim-known" ] || find "$tree/" -name .git -prune -o -name 'Kconfig*' -print0 | xargs -0 cat |
		sed -n 's/^[[:space:]]*\(menu\)\{0,1\}config[[:space:]]\{1,\}\([A-Za-z0-9_]*\).*/CONFIG_\2/p' >"$out/kvmsim-known"
	awk -F = -v invert="${1:-}" 'FNR == NR { known[$1] = 1; next }
		{ name = $1; gsub(/[[:space:]]/, "", name); sub(/:.*/, "", name)
		  if ((name in known) == (invert == "-v")) print }' "$out/kvmsim-known" -
}
wanted=$out/kvmsim-wanted
rm -f "$out/kvmsim-known"
{
	cat "$common" "$fragment"
	sed -n 's/^#older[[:space:]]\{1,\}//p; s/^#newer[[:space:]]\{1,\}//p' "$common" "$fragment" | unknown -v
	sed -n 's/^#with[[:space:]]\{1,\}\([A-Z0-9_]*\)[[:space:]]\{1,\}/CONFIG_\1:/p' "$common" "$fragment" |
		unknown -v | sed 's/^[^:]*://'
} >"$wanted"

# Nothing in the caller's environment (CROSS_COMPILE, KCFLAGS, MAKEFLAGS ...) may change the result. Kbuild's own programs
# run for a second or two, so to optimise them takes longer than it saves.
kbuild() {
	env -i PATH="$PATH" HOME="${HOME:-/}" LC_ALL=C TERM=dumb KCONFIG_ALLCONFIG="$wanted" KCONFIG_NOTIMESTAMP=1 \
		make -s -C "$tree" O="$out" ARCH="$arch" CROSS_COMPILE="$cross" HOSTCFLAGS=-O0 \
		-j"$(nproc)" "$@" >"$out/kvmsim-log" 2>&1 || {
		tail -n 30 "$out/kvmsim-log" >&2
		printf '%s\n' "Kbuild failed on $src: make $*" >&2
		exit 1
	}
}
rm -rf "$out/kvmsim-before"
mkdir "$out/kvmsim-before"
for d in include "arch/$arch/include"; do
	[ ! -d "$out/$d/generated" ] || (cd "$out" && cp -a --parents "$d/generated" kvmsim-before)
done
kbuild allnoconfig
kbuild prepare0
# An unchanged header keeps its time, so that nothing is compiled again because of it.
(cd "$out/kvmsim-before" && find . -type f -print) | while IFS= read -r f; do
	! cmp -s "$out/kvmsim-before/$f" "$out/$f" || touch -r "$out/kvmsim-before/$f" "$out/$f"
done
rm -rf "$out/kvmsim-before"

missing=$(awk 'FNR == NR { if (/^CONFIG_/ && !/=n$/) got[$0] = 1; next }
	/^CONFIG_/ { name = $0; sub(/=.*/, "", name)
		if (/=n$/) { for (g in got) if (index(g, name "=") == 1) print "  " $0 " (is: " g ")" }
		else if (!($0 in got)) print "  " $0 }' "$out/.config" "$wanted")
if [ -n "$missing" ] && [ -n "$depfile" ]; then
	not_there=$(printf '%s\n' "$missing" | unknown)
	missing=$(printf '%s\n' "$missing" | unknown -v)
	[ -z "$not_there" ] || printf '%s\n' "-- Options that this kernel tree does not have:" "$not_there" >&2
fi
if [ -n "$missing" ]; then
	printf '%s\n' "The kernel's configuration did not take these options of $common and $fragment:" "$missing" >&2
	exit 1
fi

if [ -n "$depfile" ]; then
	{
		printf '%s:' "$out/kvmsim-stamp" | sed 's/ /\\ /g; s/\\ *$//'
		printf ' \\\n %s' "$(printf '%s' "$common" | sed 's/ /\\ /g')" "$(printf '%s' "$fragment" | sed 's/ /\\ /g')"
		# Kbuild's own records: the Kconfig files, and the headers behind bounds.h and asm-offsets.h.
		cat "$out/include/config/auto.conf.cmd" "$out/kernel/.bounds.s.cmd" \
			"$out/arch/$arch/kernel/.asm-offsets.s.cmd" 2>/dev/null |
			awk '/^(deps_|source_)/ { on = /^source_|:= *\\$/; sub(/^[^=]*:= */, "") } /^$/ { on = 0 }
			     { gsub(/\\$/, ""); for (i = 1; i <= NF; i++)
				if ($i ~ /^\// || $i ~ /Kconfig/) print $i }' | sort -u |
			awk -v tree="$tree" '{ print /^\// ? $0 : tree "/" $0 }' |
			xargs -d '\n' sh -c 'for f do [ ! -f "$f" ] || printf "%s\n" "$f"; done' sh |
			awk '{ gsub(/ /, "\\ "); printf " \\\n %s", $0 }'
		echo
	} >"$depfile"
fi
: >"$out/kvmsim-stamp"
