#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the tests of a coverage build and reports which lines they executed, separately for the kernel and this project.
#
#   coverage.sh PROJECT_DIR BUILD_DIR KERNEL_DIR
#
# Writes BUILD_DIR/coverage/{kernel,kvmsim}-ARCH.html and prints the tables. Fails after the report if a test fails.
set -eu

project=$1 build=$2 kernel=$3
command -v gcovr >/dev/null || {
	echo "gcovr is missing: apt-get install gcovr" >&2
	exit 1
}
out=$build/coverage
rm -rf "$out"
mkdir -p "$out"
# Leftovers of removed files describe old contents of headers.
ninja -C "$build" -t cleandead >"$out/cleandead.log"
find "$build" -name '*.gcno' -exec sh -c 'for f; do [ -e "${f%.gcno}.o" ] || rm "$f"; done' sh {} +
find "$build" -name '*.gcda' -delete
failed=0
ctest --test-dir "$build" --output-on-failure -j "$(nproc)" || failed=$?

quote() { printf '%s' "$1" | sed 's/[].[^$*+?(){}|\\]/\\&/g'; }
# Runs gcov once over the objects of an architecture; both reports are parts of its output. gcovr refuses a function
# that is on different lines for two architectures. The program is with x86_64.
collect() { # NAME DIRECTORY...
	name=$1
	shift
	gcovr --root / --object-directory "$build" --gcov-ignore-parse-errors -j "$(nproc)" \
		--filter "$(quote "$kernel")/" --filter "$(quote "$project")/(kernel-shim|models|sim|bench)/" \
		--exclude "$(quote "$kernel")/(.*/)?include/" --json "$out/lines-$name.json" "$@" >"$out/gcov-$name.log" 2>&1 || {
		tail -n 20 "$out/gcov-$name.log" >&2
		exit 1
	}
}
report() { # NAME ROOT TITLE ARCH
	echo
	echo "== $3"
	gcovr --root "$2" --add-tracefile "$out/lines-$4.json" --filter "$(quote "$2")/" --txt --sort-percentage \
		--html-details "$out/$1-$4.html" --html-title "$3"
}
for dir in "$build"/CMakeFiles/kvm-*-kernel.dir; do
	arch=${dir%-kernel.dir}
	arch=${arch##*/kvm-}
	set -- "$build/CMakeFiles/kvm-$arch-kernel.dir" "$build/CMakeFiles/kvm-$arch-shim.dir" "$build/CMakeFiles/kvm-$arch-host.dir"
	[ "$arch" != x86_64 ] || set -- "$@" "$build/sim"
	collect "$arch" "$@"
	report kernel "$kernel" "kvmsim, $arch: the kernel's own files" "$arch"
	report kvmsim "$project" "kvmsim, $arch: shim, models and program" "$arch"
done
echo
echo "HTML: $out/kernel-*.html, $out/kvmsim-*.html"
exit $failed
