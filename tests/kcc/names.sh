#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Two trees share an object: it is compiled with fixed names, and what is linked has the real ones. names.sh KCC
set -eu
LC_ALL=C
export LC_ALL

kcc=$1 fixed=/kvmsim-fixed-name
command -v ccache >/dev/null || exit 77
work=$(readlink -f "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
unset CCACHE_DISABLE CCACHE_RECACHE CCACHE_READONLY
export CCACHE_DIR="$work/cache"

fail() {
	echo "FAILED: $*"
	exit 1
}
# A tree with a build directory below it, with a header in each. Another header's directory begins with a tree's name.
make_tree() { # TREE
	build=$1/build-of-${1##*/}
	mkdir -p "$build" "$work/tree-not"
	echo 'static inline int twice(int v) { return 2 * v; }' >"$1/twice.h"
	echo '#define THREE 3' >"$build/three.h"
	echo 'int six(void);' >"$work/tree-not/six.h"
	cat >"$1/x.c" <<-'EOF'
		#include <twice.h>
		#include <three.h>
		#include <six.h>
		const char name[] = "a string";
		int six(void)
		{
			return twice(THREE);
		}
	EOF
}
compile() { # TREE
	build=$1/build-of-${1##*/}
	ln -sfn "$1" "$build/kvmsim-tree"
	ln -sfn . "$build/kvmsim-build"
	# shellcheck disable=SC2086
	(cd "$build" && "$kcc" $overrides --fixed-tree "$1" --fixed-build "$build" -- ccache gcc -g -fPIC -Wall \
		"-I$1" "-I$build" "-I$work/tree-not" "-fmacro-prefix-map=$1/=" -MD -MT x.o -MF x.o.d -c "$1/x.c" -o x.o)
}
count() { # STATISTIC
	ccache --print-stats | awk -v name="$1" '$1 == name { print $2 }'
}
# Compiles, and compares what ccache did.
expect() { # DIRECT_HITS HITS_OF_A_TEXT MISSES TREE
	ccache -z >"$work/log"
	compile "$4"
	is="$(count direct_cache_hit) direct hits, $(count preprocessed_cache_hit) of a text, "
	is="$is$(count cache_miss) misses"
	[ "$is" = "$1 direct hits, $2 of a text, $3 misses" ] || fail "$4: $is, not $1, $2, $3"
}
has() { # TEXT FILE
	grep -qF "$1" "$2" || fail "$2 does not have $1"
}
has_not() { # TEXT FILE
	! grep -qF "$1" "$2" || fail "$2 has $1"
}

# With overrides kcc preprocesses and passes the text on, as for other architectures than the host's. Without, it passes
# the names of links on.
touch "$work/overrides.c"
export CCACHE_DEPEND=1
for overrides in '' "--overrides $work/overrides.c"; do
	rm -rf "$work/tree"* "$work/cache" "$work/a=b"
	one=$work/tree another=$work/tree2
	make_tree "$one"
	make_tree "$another"
	expect 0 0 1 "$one"
	[ -n "$overrides" ] && expect 0 1 0 "$another" || expect 1 0 0 "$another"
	cmp "$one/build-of-tree/x.o" "$another/build-of-tree2/x.o" || fail "the objects differ"
	has "$another/twice.h" "$another/build-of-tree2/x.o.d"
	has_not "$another" "$another/build-of-tree2/x.o"

	# Links to another tree.
	[ -n "$overrides" ] || (
		cd "$another/build-of-tree2"
		ln -sfn "$one" kvmsim-tree
		"$kcc" --fixed-tree "$another" --fixed-build "$PWD" -- ccache gcc -g "-I$another" "-I$PWD" \
			"-I$work/tree-not" -c "$another/x.c" -o y.o
		has_not "$fixed" y.o
		has "$another/x.c" y.o
	) || exit 1

	# What is linked.
	gcc -shared -fuse-ld=lld -Wl,-O0 -o "$work/x.so" "$another/build-of-tree2/x.o"
	has "$fixed" "$work/x.so"
	real() { "$kcc" --fixed-tree "$another" --fixed-build "$another/build-of-tree2" --real-names "$1"; }
	real "$work/x.so" || fail "the names of x.so"
	has_not "$fixed" "$work/x.so"
	is=$(addr2line -e "$work/x.so" "0x$(nm "$work/x.so" | sed -n 's/ T six$//p')")
	[ "$is" = "$another/x.c:6" ] || fail "six is in $is"
	readelf --debug-dump=info "$work/x.so" >"$work/info"
	grep -q "DW_AT_comp_dir.*: $another/build-of-tree2\$" "$work/info" ||
		fail "no comp_dir: $(grep comp_dir "$work/info")"
	readelf --debug-dump=rawline "$work/x.so" >"$work/lines"
	grep -q ": $another\$" "$work/lines" && grep -q ": $another/build-of-tree2\$" "$work/lines" ||
		fail "not the tree's directories"
	real "$work/x.so" || fail "a file without fixed names"
	# A fixed name that no string of the debug information has.
	echo "const char bad[] = \"$fixed-of-the-tree\";" >"$work/bad.c"
	gcc -shared -o "$work/bad.so" "$work/bad.c"
	! real "$work/bad.so" 2>"$work/log" || fail "a fixed name in .rodata"
	has 'bad.so: a fixed name is left' "$work/log"
	! real "$work/bad.c" 2>"$work/log" || fail "bad.c is taken for an object"

	# An edit: the object is there, and gets the real names.
	sed -i 's/return/& 1 +/' "$another/x.c"
	compile "$another"
	has "$another" "$another/build-of-tree2/x.o"
	has_not "$fixed" "$another/build-of-tree2/x.o"
	[ ! -e "$another/build-of-tree2/x.o.i" ] || fail "x.o.i is left"

	# Messages have the real names and the line of the source, each time. The object has the real names, too.
	make_tree "$another"
	for _ in 1 2; do
		rm "$another/build-of-tree2/x.o"
		echo 'static int unused;' >>"$another/x.c"
		compile "$another" 2>"$work/log"
		has "$another/x.c:9:12: warning: 'unused'" "$work/log"
		has '9 | static int unused;' "$work/log"
		has_not "$fixed" "$work/log"
		has_not "$fixed" "$another/build-of-tree2/x.o"
		make_tree "$another"
	done
	rm "$another/build-of-tree2/x.o"
	echo 'int wrong = ;' >"$another/twice.h"
	! compile "$another" 2>"$work/log" || fail "it compiles what is wrong"
	has "$another/twice.h:1:13: error: " "$work/log"
	has_not "$fixed" "$work/log"
	echo '#error message' >"$another/twice.h"
	! compile "$another" 2>"$work/log" || fail "it compiles an error"
	[ "$(grep -c '#error message' "$work/log")" = 2 ] || fail "not one message: $(cat "$work/log")"

	# A path below which nothing is shared, because it is too long or has a special character.
	long=$work/$(printf '%0100d/%0100d' 0 0)
	for t in "$long" "$work/a=b"; do
		make_tree "$t"
		compile "$t"
		has "$t" "$build/x.o"
		has_not "$fixed" "$build/x.o"
	done
done
