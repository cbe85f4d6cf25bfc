#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prints the marks of kshim/marks.h in all sources, or in those of one architecture, as marks.awk writes them, sorted.
#
#   marks.sh PROJECT_DIR [ARCH]
set -eu
LC_ALL=C
export LC_ALL

here=$(cd "$(dirname "$0")" && pwd)
arch=${2:-}
cd "$1"
other=
[ -z "$arch" ] || other=$(find kernel-shim/arch -mindepth 1 -maxdepth 1 -type d | sed 's|.*/||' | grep -vxF "$arch" |
	sed 's|.*|/&/|')
find kernel-shim/core kernel-shim/wrap kernel-shim/arch kernel-shim/compat models -name '*.c' |
	if [ -n "$other" ]; then grep -vF "$other"; else cat; fi |
	sort | xargs awk -f "$here/marks.awk" | sort
