#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The list of files that a build of an own tree has read: whole at first, then with what was compiled since, and whole
# again when it was removed. list-inputs.sh PROJECT_DIR COMPILER
set -eu
LC_ALL=C
export LC_ALL

list=$1/kernel-shim/kbuild/list-inputs.sh cc=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree="$work/a tree" build=$work/build

fail() {
	echo "FAILED: $*"
	exit 1
}
# Compiles what has changed, and makes the list as the launcher does.
build() {
	touch "$build/kvmsim-stamp.new"
	ninja -C "$build" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
	"$list" "$build" "$tree" || fail "exit code $?"
	mv "$build/kvmsim-stamp.new" "$build/kvmsim-stamp"
}
lists() { # NAME...
	[ "$(sed "s|^$tree/||" "$build/kvmsim-inputs" | sort | paste -s -d ' ' -)" = "$*" ] ||
		fail "not $*, but: $(cat "$build/kvmsim-inputs")"
}

mkdir "$tree" "$tree-2" "$build"
cat >"$build/build.ninja" <<END
rule cc
  command = "$cc" -MD -MF \$out.d -c \$in -o \$out
  deps = gcc
  depfile = \$out.d
build a.c.o: cc $work/a\$ tree/a.c
build sub/b.c.o: cc $work/a\$ tree/b.c
build c.c.o: cc $work/a\$ tree-2/c.c
END
printf 'kvmsim-stamp: \\\n %s \\\n\n%s:\n' "$work/a\\ tree/Kconfig" "$work/a\\ tree/Kconfig" >"$build/kbuild-x86_64.d"
touch "$tree/a.h" "$tree/b.h" "$tree/new.h" "$tree/Kconfig"
echo '#include "a.h"' >"$tree/a.c"
echo '#include "b.h"' >"$tree/b.c"
echo 'int c;' >"$tree-2/c.c"

build
lists Kconfig a.c a.h b.c b.h
build
lists Kconfig a.c a.h b.c b.h

# What is read no longer stays until the list is made anew.
echo '#include "new.h"' >"$tree/a.c"
sleep 0.01
build
lists Kconfig a.c a.h b.c b.h new.h
rm "$build/kvmsim-inputs"
build
lists Kconfig a.c b.c b.h new.h

# An object that Ninja does not know: all of them count.
echo '#include "a.h"' >"$tree/a.c"
touch "$build/gone.c.o"
build
lists Kconfig a.c a.h b.c b.h

# Without the time of the last build, too.
rm "$build/kvmsim-stamp"
echo 'int a;' >"$tree/a.c"
build
lists Kconfig a.c b.c b.h
