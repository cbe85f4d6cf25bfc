#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fails when a file of the scenario language is not in the program as it is now: prelude.sh KVMSIM LUA_DIR
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

hex()
{
	od -An -v -tx1 "$1" | tr -d ' \n'
}

hex "$1" > "$work/program"
for file in "$2"/*.lua "$2"/*/*.lua; do
	hex "$file" > "$work/file"
	if ! grep -qFf "$work/file" "$work/program"; then
		echo "FAILED: the program does not have $file as it is now"
		exit 1
	fi
done
echo "ok: $(ls "$2"/*.lua "$2"/*/*.lua | wc -l) files"
