#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Each known bug of a kernel names a scenario that there is. names.sh PROJECT KERNEL_SOURCE PROGRAM ARCH...
set -u

project=$1 source=$2 program=$3
shift 3
version=$(sed -n '/^VERSION = /{s///;h;}; /^PATCHLEVEL = /{s///;H;g;s/\n/./;p;q;}' "$source/Makefile")
bad=0 count=0
declare -A list
for arch; do
	manifest=$project/tests/known-bugs/$arch-$version/manifest
	[ -e "$manifest" ] || continue
	list=()
	while read -r line; do
		line=${line#*sim/scenarios/}
		list[${line%%:*}]+=$line$'\n'
	done < <("$program" list --arch "$arch" "$project/sim/scenarios")
	while IFS=$'\t' read -r name file filter _; do
		[ "$file" != selftests ] || continue
		count=$((count + 1))
		pattern=${filter//\[/\\[}
		found=
		while read -r line; do
			line=${line#*: }
			# shellcheck disable=SC2254	# a pattern
			case ${line% - *} in
			$pattern | $pattern\ \(*) found=yes && break ;;
			esac
		done <<<"${list[$file]-}"
		[ -n "$found" ] || {
			echo "$manifest: $name: no scenario of $file matches '$filter'"
			bad=1
		}
	done < <(grep -v '^#\|^$' "$manifest")
done
echo "$count known bugs of Linux $version name a scenario, or are above"
exit $bad
