#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the tests of a coverage build and reports which lines they executed, the kernel's own files and this project's apart.
#
#   coverage.sh PROJECT_DIR BUILD_DIR KERNEL_DIR
#
# Writes BUILD_DIR/coverage/{kernel,kvmsim}.html and prints both tables. Fails when a test fails, after the report.
set -eu

project=$1 build=$2 kernel=$3
command -v gcovr >/dev/null || {
	echo "gcovr is missing: apt-get install gcovr" >&2
	exit 1
}
out=$build/coverage
rm -rf "$out"
mkdir -p "$out"
find "$build" -name '*.gcda' -delete
failed=0
ctest --test-dir "$build" --output-on-failure -j "$(nproc)" || failed=$?

quote() { printf '%s' "$1" | sed 's/[].[^$*+?(){}|\\]/\\&/g'; }
# One pass of gcov over all objects; the two reports are cut out of it.
gcovr --root / --object-directory "$build" --gcov-ignore-parse-errors -j "$(nproc)" \
	--filter "$(quote "$kernel")/" --filter "$(quote "$project")/(kernel-shim|models|sim|bench)/" \
	--exclude "$(quote "$kernel")/(.*/)?include/" --json "$out/lines.json" "$build"
report() { # NAME ROOT TITLE
	echo
	echo "== $3"
	gcovr --root "$2" --add-tracefile "$out/lines.json" --filter "$(quote "$2")/" --txt --sort-percentage \
		--html-details "$out/$1.html" --html-title "$3"
}
report kernel "$kernel" "kvmsim: the kernel's own files"
report kvmsim "$project" "kvmsim: shim, models and program"
echo
echo "HTML: $out/kernel.html, $out/kvmsim.html"
exit $failed
