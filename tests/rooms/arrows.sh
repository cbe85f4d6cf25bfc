#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Counts who calls whom in a flavour's own code, from the symbols of its objects: arrows between files and between rooms
# (folders), and circles. A circle is a set of files or rooms each of which reaches every other one.
#
#   arrows.sh BUILD_DIR ARCH [-v]
#
# -v lists the arrows between rooms with their number of symbols, and the members of each circle.
set -eu
LC_ALL=C
export LC_ALL

if [ $# -lt 2 ]; then
	echo "usage: arrows.sh BUILD_DIR ARCH [-v]" >&2
	exit 2
fi
build=$1 arch=$2 verbose=${3:-}
cd "$build"
sed 's/^"//; s/"$//' "kvm-$arch/shim.rsp" "kvm-$arch/objects.rsp" | sort -u | grep -E '/(kernel-shim|models)/[^/]' |
	xargs nm -A | awk -v verbose="$verbose" '
	# FILE:[ADDRESS] TYPE NAME
	{
		file = $1
		sub(/:[0-9a-f]*$/, "", file)
		sub(/.*\.dir\/(\.\/)?/, "", file)
		sub(/\.c\.o$/, "", file)
		type = $(NF - 1)
		files[file] = 1
		if (type == "U" || type == "w" || type == "v")
			uses[file, $NF] = 1
		else if (type ~ /[A-Z]/)
			home[$NF] = file
	}
	function room(file) {
		sub(/\/[^\/]*$/, "", file)
		return file
	}
	# Tarjan: the circles below node n of graph g, whose arrows are next_of[g, n, 1..degree[g, n]].
	function visit(g, n,   i, m, size, list) {
		low[n] = mark[n] = ++clock
		stack[++top] = n
		on[n] = 1
		for (i = 1; i <= degree[g, n]; i++) {
			m = next_of[g, n, i]
			if (!(m in mark))
				visit(g, m)
			if (on[m] && low[m] < low[n])
				low[n] = low[m]
		}
		if (low[n] != mark[n])
			return
		size = 0
		do {
			m = stack[top--]
			on[m] = 0
			size++
			list = list " " m
		} while (m != n)
		if (size > 1) {
			circles++
			inside += size
			members[circles] = list
		}
	}
	function arrow(g, from, to) {
		if (from == to || (g, from, to) in count) {
			count[g, from, to]++
			return
		}
		count[g, from, to] = 1
		next_of[g, from, ++degree[g, from]] = to
		arrows[g]++
	}
	function report(g, nodes,   n, i, total) {
		split("", mark)
		clock = top = circles = inside = total = 0
		for (n in nodes) {
			total++
			if (!(n in mark))
				visit(g, n)
		}
		printf "%s: %d, arrows %d, circles %d with %d %s\n", g, total, arrows[g], circles, inside, g
		for (i = 1; verbose && i <= circles; i++)
			print "  circle:" members[i]
	}
	END {
		for (key in uses) {
			split(key, part, SUBSEP)
			if (!(part[2] in home))
				continue
			arrow("files", part[1], home[part[2]])
			arrow("rooms", room(part[1]), room(home[part[2]]))
		}
		for (file in files)
			rooms[room(file)] = 1
		report("files", files)
		report("rooms", rooms)
		for (key in count) {
			split(key, part, SUBSEP)
			if (verbose && part[1] == "rooms" && part[2] != part[3])
				print "  " part[2] " -> " part[3] ": " count[key] | "sort"
		}
	}'
