#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Compiles what the s390 patches touch for real hardware, with and without them, and compares the compiler's warnings.
#
#   build-check.sh [VERSION...]
#
# The kernel's own Kbuild builds arch/s390/kvm, virt/kvm and the other C files that a series changes, with ARCH=s390
# defconfig, W=1 and Debian's cross compiler. Exits with 1 when the series brings a warning, with 2 when it does not
# compile. A result is kept in the cache until the package, the series, the compiler or this script changes.
set -eu
LC_ALL=C
export LC_ALL

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
# shellcheck source=kernel-shim/patches/series.sh
. "$here/series.sh"
kernels=$here/../kernels
# shellcheck source=kernel-shim/kbuild/kernels.sh
. "$here/../kbuild/kernels.sh"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvmsim
cross=s390x-linux-gnu-

say() { printf 'kvmsim patches: %s\n' "$*" >&2; }
die() {
	say "$@"
	exit 2
}

case ${1:-} in
-h | --help)
	echo "Usage: kvmsim patches build-check [VERSION...]"
	exit 0
	;;
esac
if [ $# = 0 ]; then
	for dir in "$here"/*/series; do set -- "$@" "$(basename "$(dirname "$dir")")"; done
fi
command -v ${cross}gcc >/dev/null || die "${cross}gcc is missing: install gcc-s390x-linux-gnu"
cc=${cross}gcc
! command -v ccache >/dev/null || cc="ccache $cc"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$tmp/none"

# Brings the tree to what $1 has (a directory with the changed files), touching only what differs.
set_tree() { # DIR
	{
		cat "$work/changed" 2>/dev/null || true
		series_all_files all "$series"
	} | sort -u >"$tmp/changed"
	while IFS= read -r f; do
		from=$1/$f
		[ -e "$from" ] || from=$pristine/$f
		if [ ! -e "$from" ]; then
			rm -f "$work/tree/$f"
		elif ! cmp -s "$from" "$work/tree/$f"; then
			mkdir -p "$(dirname "$work/tree/$f")"
			cp --remove-destination "$from" "$work/tree/$f"	# not through the hard link
		fi
	done <"$tmp/changed"
	series_all_files all "$series" >"$work/changed"
}

kbuild() {
	# Nothing of the caller's environment may change the result.
	env -i PATH="$PATH" HOME="${HOME:-/}" LC_ALL=C TERM=dumb ${CCACHE_DIR:+"CCACHE_DIR=$CCACHE_DIR"} \
		make -s -C "$work/tree" O="$work/out" ARCH=s390 CROSS_COMPILE=$cross CC="$cc" -j"$(nproc)" "$@"
}

objects() {
	find "$work/out/arch/s390/kvm" "$work/out/virt/kvm" -name '*.o' 2>/dev/null || true
	for o in $single; do echo "$work/out/$o"; done
}

# Compiles, and leaves the warnings in $work/$1, without line numbers.
compile() { # NAME
	objects | xargs -r rm -f
	# shellcheck disable=SC2086
	kbuild W=1 arch/s390/kvm/ $single >"$work/log" 2>&1 || {
		grep -v ': warning: ' "$work/log" | tail -n 30 >&2
		die "$version: does not compile $1 the series; the whole log: $work/log"
	}
	sed -n -e '/: warning: /!d' -e "s|^\(\.\./\)*\(.*/tree/\)*||" -e '/^scripts\//d' -e 's/^\([^:]*\):[0-9:]*: /\1: /' \
		-e p "$work/log" | sort >"$work/$1.new"
	mv "$work/$1.new" "$work/$1"
}

check() {
	series=$here/$version
	[ -f "$series/series" ] || die "there is no series for Linux $version"
	tarball=$(kernel_package "$version" "$cache")
	[ -e "$tarball" ] || die "$tarball is missing: install linux-source-$version"
	work=$cache/build-check-$version-$({
		stat -L -c '%n %s %.9Y' "$tarball"
		${cross}gcc --version
		cat "$here/build-check.sh" "$here/series.sh"
	} | sha256sum | cut -c1-12)
	mkdir -p "$work"
	exec 8>"$work/lock"
	flock 8

	report=$work/report-$(series_patches "$series" | while IFS= read -r p; do cat "$series/$p"; done |
		sha256sum | cut -c1-12)
	if [ ! -e "$report" ]; then
		pristine=$("$here/../kbuild/unpack-source.sh" "$tarball" "$cache" "$tmp/none")
		[ -d "$work/tree" ] || {
			say "$version: preparing a tree (once)"
			cp -al "$pristine" "$work/tree.new"
			mv "$work/tree.new" "$work/tree"
		}
		[ -e "$work/out/.config" ] || {
			mkdir -p "$work/out"
			kbuild defconfig >"$work/log" 2>&1 || die "defconfig failed: $work/log"
		}
		single=$(series_all_files all "$series" | sed -n -e '/^virt\/kvm\//d' -e '/^arch\/s390\/kvm\//d' \
			-e 's/\.c$/.o/p' | grep -vE '^(arch/[^s]|arch/s[^3]|tools/|samples/)' || true)
		echo "$single" >"$tmp/single"
		cmp -s "$tmp/single" "$work/single" || {
			say "$version: compiling without the series"
			set_tree "$tmp/none"
			compile without
			cp "$tmp/single" "$work/single"
		}
		say "$version: compiling with the series"
		rm -rf "$tmp/patched"
		from=$(series_pristine "$tarball" "$cache" "$series") || die "$version: the series does not fit to $tarball"
		cp -a "$from" "$tmp/patched"
		series_apply "$tmp/patched" "$series" || die "$version: the series does not apply to $tarball"
		set_tree "$tmp/patched"
		compile with
		comm -13 "$work/without" "$work/with" >"$tmp/new"
		{
			echo "$version: $(objects | wc -l) objects, warnings with W=1: $(wc -l <"$work/without") without the series," \
				"$(wc -l <"$work/with") with it, $(wc -l <"$tmp/new") new"
			uniq "$tmp/new"	# a header's, once
		} >"$report.new"
		mv "$report.new" "$report"
	fi
	exec 8>&-
	cat "$report"
	[ "$(wc -l <"$report")" = 1 ]
}

bad=0
for version in "$@"; do
	check || bad=1
done
exit $bad
