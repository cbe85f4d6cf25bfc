#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks the layout of the project's C files with the kernel's own scripts/checkpatch.pl.
#
#   style.sh KERNEL_TREE [FILE...]	without files: all of them; it takes a minute and a half of CPU
#
# Lines have up to 120 columns. checkpatch has many more rules than layout; those that fit kernel patches, but not a
# program that stands in for the kernel (no externs in .c files, no volatile, ...), are not asked for.
set -eu
cd "$(dirname "$0")/.."

rules=ASSIGN_IN_IF,BRACES,C99_COMMENTS,CODE_INDENT,ELSE_AFTER_BRACE,LONG_LINE,LONG_LINE_COMMENT
rules+=,LONG_LINE_STRING,OPEN_BRACE,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT,POINTER_LOCATION
rules+=,RETURN_PARENTHESES,SPACE_BEFORE_TAB,SPDX_LICENSE_TAG,SUSPECT_CODE_INDENT,SWITCH_CASE_INDENT_LEVEL
rules+=,TRAILING_STATEMENTS,TRAILING_WHITESPACE,WHILE_AFTER_BRACE

if [ $# -eq 0 ]; then
	sed -n '3,8s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi
checkpatch=$1/scripts/checkpatch.pl
shift
if [ ! -r "$checkpatch" ]; then
	echo "style.sh: no $checkpatch" >&2
	exit 2
fi
if [ $# -eq 0 ]; then
	mapfile -t files < <(git ls-files '*.c' '*.h')
	set -- "${files[@]}"
fi
trap 'rm -f .checkpatch-camelcase.*' EXIT	# what it keeps for its next run
if ! printf '%s\0' "$@" | xargs -0 -n 20 -P "$(nproc)" perl "$checkpatch" --no-tree --no-summary --terse --quiet \
	--strict --show-types --max-line-length=120 --types "$rules" -f; then
	echo "style.sh: FAILED"
	exit 1
fi
