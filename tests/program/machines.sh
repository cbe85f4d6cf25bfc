#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fails when kernel-shim/machines, a flavour and the docs name different machines.
# machines.sh PROJECT PRINT FLAVOUR ARCH, where PRINT is the program of machines.c
set -eu
project=$1
print=$2
flavour=$3
arch=$4
status=0

# The names that a table of the docs has in the first column after its head: names FILE HEAD
names()
{
	awk -v head="$2" 'index($0, head) == 1 { on = 1; next } !/^\|/ { on = 0 } on { print $2 }' FS='|' "$1" |
		grep -o '`[^`]*`' | tr -d '`"'
}

# The names in a cell of the table of options: option NAME
option()
{
	sed -n "s/^| \`$1\` | \([^|]*\)|.*/\1/p" "$project/docs/scenarios.md" | grep -o '`"[^"]*"`' | tr -d '`"'
}

# same WHAT EXPECTED GOT: lists of words, in any order
same()
{
	expected=$(echo "$2" | tr -s ', ' '\n\n' | sort)
	got=$(echo "$3" | tr -s ', ' '\n\n' | sort)
	[ "$expected" = "$got" ] && return
	echo "$1: kernel-shim/machines has:" $expected
	echo "$1: here are:" $got
	status=1
}

table=$(sed '/^#/d; s/[[:blank:]][[:blank:]]*/ /g' "$project/kernel-shim/machines")
line=$(echo "$table" | grep "^$arch ") || line="nothing for $arch"
said=$("$print" "$flavour")
if [ "$said" != "$line" ]; then
	echo "kernel-shim/machines has: $line"
	echo "$flavour says: $said"
	status=1
fi
same "docs/scenarios.md, option arch" "$(echo "$table" | cut -d ' ' -f 1)" "$(option arch)"
same "docs/scenarios.md, option mmu" "$(echo "$table" | cut -d ' ' -f 2)" "$(option mmu)"
page=$project/docs/scenarios-$arch.md
if [ -e "$page" ]; then
	same "$page, personalities" "$(echo "$line" | cut -d ' ' -f 2)" "$(names "$page" '| `mmu` |')"
	same "$page, facilities" "$(echo "$line" | cut -d ' ' -f 3)" "$(names "$page" '| name | what | usual |')"
fi
exit $status
