#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Compiles what the patches touch for real hardware, with and without them, and compares the compiler's warnings.
#
#   build-check.sh [VERSION...]
#
# For each architecture that a series touches, the kernel's own Kbuild builds arch/*/kvm, virt/kvm and the other C files
# that the series changes, with defconfig, W=1 and Debian's compiler (kernel-shim/architectures). x86's defconfig is without
# KVM; it is switched on, with private memory for software-protected VMs. What the series changes in arch/arm64/kvm is also
# built with pages of 64 KiB. Exits with 1 when the series brings a warning, with 2 when it does not compile. A result is
# kept in the cache until the package, the series, the compiler or this script changes.
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
architectures=$here/../architectures

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
		make -s -C "$work/tree" O="$out" ARCH="$arch" CROSS_COMPILE="$cross" CC="$cc" -j"$(nproc)" "$@"
}

objects() {
	for target in $targets; do
		case $target in
		*/) find "$out/$target" "$out/virt/kvm" -name '*.o' 2>/dev/null || true ;;
		*) echo "$out/$target" ;;
		esac
	done
}

# Compiles, and leaves the warnings in $out/$1, without line numbers.
compile() { # NAME
	objects | xargs -r rm -f
	# shellcheck disable=SC2086
	kbuild W=1 $targets >"$out/log" 2>&1 || {
		grep -v ': warning: ' "$out/log" | tail -n 30 >&2
		die "$version, $kind: does not compile $1 the series; the whole log: $out/log"
	}
	sed -n -e '/: warning: /!d' -e "s|^\(\.\./\)*\(.*/tree/\)*||" -e '/^scripts\//d' -e 's/^\([^:]*\):[0-9:]*: /\1: /' \
		-e p "$out/log" | sort >"$out/$1.new"
	mv "$out/$1.new" "$out/$1"
}

# Compiles for one configuration, defconfig with more options, and prints the report.
#   check_kind KIND [OPTION...]
check_kind() {
	kind=$1
	shift
	out=$work/$kind
	report=$out/report-$(series_patches "$series" | while IFS= read -r p; do cat "$series/$p"; done |
		sha256sum | cut -c1-12)
	if [ ! -e "$report" ]; then
		[ -e "$out/.config" ] || {
			mkdir -p "$out"
			kbuild defconfig >"$out/log" 2>&1 || die "defconfig failed: $out/log"
			[ $# = 0 ] || {
				printf '%s\n' "$@" >>"$out/.config"
				kbuild olddefconfig >"$out/log" 2>&1 || die "olddefconfig failed: $out/log"
			}
		}
		for option in "$@"; do
			grep -qxF "$option" "$out/.config" || die "$version, $kind: no $option in $out/.config"
		done
		echo "$targets" >"$tmp/targets"
		cmp -s "$tmp/targets" "$out/targets" || {
			say "$version, $kind: compiling without the series"
			set_tree "$tmp/none"
			compile without
			cp "$tmp/targets" "$out/targets"
		}
		say "$version, $kind: compiling with the series"
		set_tree "$tmp/patched"
		compile with
		comm -13 "$out/without" "$out/with" >"$tmp/new"
		{
			echo "$version, $kind: $(objects | wc -l) objects, warnings with W=1: $(wc -l <"$out/without") without the series," \
				"$(wc -l <"$out/with") with it, $(wc -l <"$tmp/new") new"
			uniq "$tmp/new"	# a header's, once
		} >"$report.new"
		mv "$report.new" "$report"
	fi
	cat "$report"
	[ "$(wc -l <"$report")" = 1 ]
}

# Checks what the series for $version has for one architecture.
#   check_arch ARCH CROSS PACKAGE
check_arch() {
	arch=$1 cross=$2
	command -v "${cross}gcc" >/dev/null || die "${cross}gcc is missing: install $3"
	cc=${cross}gcc
	! command -v ccache >/dev/null || cc="ccache $cc"
	work=$cache/build-check-$version-$({
		stat -L -c '%n %s %.9Y' "$tarball"
		"${cross}gcc" --version
		cat "$here/build-check.sh" "$here/series.sh"
	} | sha256sum | cut -c1-12)
	mkdir -p "$work"
	exec 8>"$work/lock"
	flock 8
	pristine=$("$here/../kbuild/unpack-source.sh" "$tarball" "$cache" "$tmp/none")
	[ -d "$work/tree" ] || {
		say "$version: preparing a tree (once)"
		cp -al "$pristine" "$work/tree.new"
		mv "$work/tree.new" "$work/tree"
	}
	sources=$(series_all_files all "$series" | sed -n -e '/^tools\//d' -e '/^samples\//d' -e '/^virt\/kvm\//d' \
		-e "/^arch\/$arch\//!{/^arch\//d}" -e 's/\.c$/.o/p')
	bad_kinds=0
	# shellcheck disable=SC2086
	targets="arch/$arch/kvm/ $(printf '%s\n' $sources | grep -v "^arch/$arch/kvm/" | paste -s -d ' ' -)"
	if [ "$arch" = x86 ]; then
		check_kind "$arch" CONFIG_EXPERT=y CONFIG_KVM=y CONFIG_KVM_INTEL=y CONFIG_KVM_AMD=y \
			CONFIG_KVM_SW_PROTECTED_VM=y || bad_kinds=1
	else
		check_kind "$arch" || bad_kinds=1
	fi
	if [ "$arch" = arm64 ]; then
		# shellcheck disable=SC2086
		targets=$(printf '%s\n' $sources | grep "^arch/$arch/kvm/" | paste -s -d ' ' -)
		check_kind "$arch-64k" CONFIG_ARM64_64K_PAGES=y || bad_kinds=1
	fi
	exec 8>&-
	return $bad_kinds
}

check() {
	series=$here/$version
	[ -f "$series/series" ] || die "there is no series for Linux $version"
	tarball=$(kernel_package "$version" "$cache")
	[ -e "$tarball" ] || die "$tarball is missing: install linux-source-$version"
	rm -rf "$tmp/patched"
	from=$(series_pristine "$tarball" "$cache" "$series") || die "$version: the series does not fit to $tarball"
	cp -a "$from" "$tmp/patched"
	series_apply "$tmp/patched" "$series" || die "$version: the series does not apply to $tarball"
	failed=0
	sed -e '/^#/d' -e '/^$/d' "$architectures" >"$tmp/architectures"
	while read -r _ arch _ cross package <&7; do
		[ "$cross" != - ] || cross=
		[ "$package" != - ] || package=gcc
		! series_all_files all "$series" | grep -q "^arch/$arch/" || check_arch "$arch" "$cross" "$package" || failed=1
	done 7<"$tmp/architectures"
	return $failed
}

bad=0
for version in "$@"; do
	check || bad=1
done
exit $bad
