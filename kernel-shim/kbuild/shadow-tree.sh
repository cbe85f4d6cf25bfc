#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes a tree of symbolic links to a kernel tree that was built in place, without the files which that build generated.
#
#   shadow-tree.sh SOURCE_DIR SHADOW_DIR KERNEL_ARCH
#
# Only Kbuild's configuration and header steps run on the result, so it has just what they read. SHADOW_DIR is replaced.
# A file is a generated one if Kbuild left a .FILE.cmd record beside it, or if it is in a directory of generated files.
set -eu
LC_ALL=C
export LC_ALL

src=$(cd "$1" && pwd) shadow=$2 arch=$3
new=$shadow.new
rm -rf "$new"
mkdir -p "$new"

cd "$src"
list=$new/.list
{
	find . \( -path ./.git -o -path ./Documentation -o -path ./drivers -o -path ./include/config \
		-o -path ./include/generated -o -path '*/include/generated' \) -prune -o \
		\( -name 'Kconfig*' -o -name 'Makefile*' -o -name 'Kbuild*' -o -name '.*.cmd' \) -type f -print
	find Documentation drivers \( -name 'Kconfig*' -o -name 'Makefile*' \) -type f -print | sed 's|^|./|'
	find ./scripts ./include "./arch/$arch" ./kernel/bounds.c ./kernel/time/timeconst.bc ./tools/include ./tools/build \
		\( -path ./include/config -o -path ./include/generated -o -path '*/include/generated' \) -prune -o \
		-xtype f -print
} | sort -u | awk '{
		n = split($0, part, "/"); name = part[n]; dir = substr($0, 1, length($0) - length(name))
		if (name ~ /^\..*\.cmd$/) made[dir substr(name, 2, length(name) - 5)] = 1
		else file[++count] = $0
	}
	END {
		for (i = 1; i <= count; i++)
			if (!(file[i] in made) && file[i] !~ /\.(o|a|lex\.c|tab\.[ch])$/) print file[i]
	}' >"$list"
# With --parents, cp makes absolute links below NEW/SOURCE_DIR.
sed "s|^\\.|$(printf '%s' "$src" | sed 's/[&|\\]/\\&/g')|" "$list" | xargs -d '\n' cp -s --parents -t "$new" --
rm -rf "$shadow"
mv "$new$src" "$shadow"
rm -rf "$new"
