#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fails when a file includes a header of a room that it may not include (the rooms are in the table "walls" beside this
# script), or asks for the kernel's version, or when a checker or a model asks for an option of the kernel, which
# another kernel may call otherwise. walls.sh PROJECT_DIR
#
# A header is found as the compiler finds it: in quotes beside the file, <kshim/...> in kernel-shim/include. What is not
# found in the project is the kernel's or the system's. The headers in kernel-shim/include/kshim are everybody's, except
# that a model knows no task and no mm: it neither includes what has them nor names them. What looks at the machine from
# outside (inspect.c) may.
set -eu
LC_ALL=C
export LC_ALL

here=$(cd "$(dirname "$0")" && pwd)
cd "$1"

! find models -name '*.[ch]' ! -name inspect.c -exec grep -nE \
	'<kshim/(arch|process)\.h>|<linux/(sched|mmap_lock)|\bcurrent->|->mm\b|\b(mm|task)_struct\b|\bthread_info\b' {} + |
	sed 's/^/FAILED: a model knows a task, an mm or what arch\/ implements: /' | grep . || exit 1

! grep -rnwE 'LINUX_VERSION_CODE|KERNEL_VERSION' --include='*.[chS]' kernel-shim models sim bench |
	sed 's/^/FAILED: what depends on the form of an interface belongs into kernel-shim\/compat: /' | grep . || exit 1

! grep -rnE '#[[:blank:]]*(el)?if.*CONFIG_|\<IS_(ENABLED|BUILTIN|MODULE|REACHABLE)\(' --include='*.[ch]' \
	kernel-shim/checkers models |
	sed 's/^/FAILED: another name of this option would take the check away without a word: /' | grep . || exit 1

find kernel-shim models sim bench -name '*.[ch]' | sort | while IFS= read -r file; do
	sed -n 's/^#[ \t]*include[ \t]*\(["<]\)\([^">]*\)[">].*/\1 \2/p' "$file" | while read -r kind name; do
		dir=${file%/*}
		target=
		# <common/access.h> is models/common/access.h; a folder of an architecture sees its model.h; bench sees sim's headers.
		for dirs in "$dir" "models/${dir##*/}" models sim; do
			[ "$kind$dirs" != "<$dir" ] && [ -e "$dirs/$name" ] && target=$dirs/$name && break
		done
		[ -n "$target" ] || continue
		target=$(realpath -m --relative-to=. "$target")
		[ "${target%/*}" = "$dir" ] || printf '%s %s %s\n' "$file" "$dir" "${target%/*}"
	done
done | sort -u | awk '
	FNR == NR {
		if (/^[^#]/) {
			room = $1
			sub(/:$/, "", room)
			for (i = 2; i <= NF; i++)
				may[room, $i] = 1
		}
		next
	}
	{ used[$2, $3] = 1 }
	$3 !~ /^kernel-shim\/include/ && !(($2, $3) in may) {
		print "FAILED: " $1 " includes a header of " $3 ", which tests/rooms/walls does not let " $2
		bad = 1
	}
	END {
		for (pair in may)
			if (!(pair in used)) {
				split(pair, part, SUBSEP)
				print "FAILED: tests/rooms/walls lets " part[1] " include headers of " part[2] ", and no file does"
				bad = 1
			}
		exit bad
	}' "$here/walls" -
