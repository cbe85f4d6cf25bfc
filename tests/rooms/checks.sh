#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fails when an id of a check is not in all three places: the tables in kernel-shim/checkers, the sources that report
# findings, and docs/checks.md. Also when a source reports a finding without an id. checks.sh PROJECT_DIR
set -eu
LC_ALL=C
export LC_ALL
cd "$1"
sources=$(find kernel-shim models -name '*.[ch]' ! -path 'kernel-shim/include/*' ! -path 'kernel-shim/host/*')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC2086
cat $sources | tr -d '\n\t' | grep -oE 'host_check(_frames)?\("[^"]*"' | sed 's/.*("\(.*\)"/\1/' | sort -u >"$work/reported"
sed -n 's/^\t{ "\([^"]*\)", KSHIM_CHECK_.*/\1/p' kernel-shim/checkers/checks.c kernel-shim/checkers/*/checks.c |
	sort -u >"$work/table"
sed -n 's/^| `\([a-z-]*\)`.*/\1/p' docs/checks.md | sort -u >"$work/docs"

bad=0
compare() { # A B MESSAGE
	for id in $(comm -23 "$work/$1" "$work/$2"); do
		echo "FAILED: check '$id' $3"
		bad=1
	done
}
compare reported table "is reported, but is in no table of kernel-shim/checkers"
compare table reported "is in a table of kernel-shim/checkers, but nobody reports it"
compare table docs "is not in docs/checks.md"
compare docs table "is in docs/checks.md, but in no table of kernel-shim/checkers"
# shellcheck disable=SC2086
if grep -nE 'host_report[a-z_]*\([^)]*KVMSIM_CHECK' $sources; then
	echo "FAILED: a finding without an id; use host_check()"
	bad=1
fi
exit $bad
