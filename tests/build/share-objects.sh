#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A second own tree takes its objects from the compiler cache, and what is linked of them has its names.
# share-objects.sh PROJECT_DIR KERNEL_SOURCE
set -eu
LC_ALL=C
export LC_ALL

project=$1 source=$2 fixed=/kvmsim-fixed-name
command -v ccache >/dev/null && command -v ld.lld >/dev/null || exit 77
work=$(readlink -f "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
unset CCACHE_DISABLE CCACHE_RECACHE CCACHE_READONLY CMAKE_C_COMPILER_LAUNCHER
export CCACHE_DIR="$work/cache"

fail() {
	echo "FAILED: $*"
	exit 1
}
configure() { # NAME [OPTION...]
	build=$work/$1/build
	shift
	cmake -S "$project" -B "$build" -G Ninja --log-level=WARNING -DKVMSIM_KERNEL="$tree" "$@" >"$work/log" 2>&1 ||
		fail "$(cat "$work/log")"
}
ninja_builds() { # TARGET...
	ninja -C "$build" "$@" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
}
# Builds the four objects and compares what ccache did.
objects() { # DIRECT_HITS HITS_OF_A_TEXT MISSES
	ccache -z >"$work/log"
	# shellcheck disable=SC2086
	ninja_builds $kernel $others
	is=$(ccache --print-stats | awk '{ n[$1] = $2 }
		END { print n["direct_cache_hit"], n["preprocessed_cache_hit"], n["cache_miss"] }')
	[ "$is" = "$*" ] || fail "$tree: $is direct hits, hits of a text and misses, not $*"
}
# One file of the kernel, of the shim, of the host and of the program.
find_objects() {
	kernel=$(ninja -C "$build" -t targets all |
		sed -n 's/^\(CMakeFiles.kvm-x86_64-kernel.*\/rbtree\.c\.o\): .*/\1/p')
	others=$(ninja -C "$build" -t targets all |
		sed -n 's/^\(CMakeFiles.kvm-x86_64-\(shim\|host\).*\/\(random\|path\)\.c\.o\): .*/\1/p
			s/^\(sim.CMakeFiles.kvmsim-bin.*\/util\.c\.o\): .*/\1/p')
	[ "$(printf '%s\n' "$kernel" "$others" | wc -l)" = 4 ] || fail "not four objects: $kernel $others"
}
# Links the kernel's object with the arguments that the build has for the flavour.
link() {
	mkdir -p "$work/link"
	echo "\"$build/$kernel\"" >"$work/link/objects.rsp"
	echo '{ global: rb_*; local: *; };' >"$work/link/exports.map"
	command=$(ninja -C "$build" -t commands -s libkvm-x86_64.so |
		sed "s|$build/libkvm-x86_64.so|$work/link/out.so|g; s|$build/kvm-x86_64 |$work/link |g")
	(cd "$build" && sh -c "$command") >"$work/log" 2>&1 || fail "it does not link: $(cat "$work/log")"
}
has_names_of() { # TREE
	! grep -qF "$fixed" "$work/link/out.so" || fail "a fixed name is left in what is linked"
	is=$(addr2line -e "$work/link/out.so" "0x$(nm "$work/link/out.so" | sed -n 's/ T rb_first$//p')")
	case $is in
	"$1"/lib/rbtree.c:[0-9]*) ;;
	*) fail "rb_first is in $is, not in $1" ;;
	esac
	readelf --debug-dump=info "$work/link/out.so" 2>&1 | grep -q "DW_AT_comp_dir.*: $build\$" ||
		fail "not compiled in $build"
}

for name in one another; do
	tree=$work/$name/tree
	mkdir -p "$tree"
	ln -s "$source"/* "$tree"
	rm "$tree/lib"
	cp -as "$source/lib" "$tree"
	configure $name
	find_objects
	ninja_builds kbuild-x86_64 kcc
	case $name in
	one) objects 0 0 4 ;;
	another) objects 4 0 0 ;;
	esac
	grep -qF "$fixed" "$build/$kernel" || fail "$kernel has no fixed names"
	link
	has_names_of "$tree"
done

# The same tree again.
# shellcheck disable=SC2086
(cd "$build" && rm $kernel $others)
objects 4 0 0
link
has_names_of "$tree"

# An edit: the object is compiled again, with the real names.
sed 's/^struct rb_node \*rb_first(/\n&/' "$source/lib/rbtree.c" >"$work/edited"
mv "$work/edited" "$tree/lib/rbtree.c"
ninja_builds "$kernel"
! grep -qF "$fixed" "$build/$kernel" || fail "fixed names after an edit"
link
has_names_of "$tree"

# Not shared: without lld, which does not merge strings; with gcov; without ccache. What was shared is of no use then.
is_not_shared() { # OPTION...
	configure another "$@"
	! grep -q 'fixed-tree\|--names\|debug-prefix-map' "$build/build.ninja" || fail "objects are shared with $*"
}
is_not_shared -DKVMSIM_LLD=OFF
rm "$build/$kernel"
cp --remove-destination "$source/lib/rbtree.c" "$tree/lib"
ninja_builds "$kernel"
! grep -qF "$fixed" "$build/$kernel" || fail "the cache gives an object with fixed names, but nobody changes them"
is_not_shared -UKVMSIM_LLD -DKVMSIM_COVERAGE=ON
is_not_shared -DKVMSIM_COVERAGE=OFF -DKVMSIM_CCACHE=OFF
