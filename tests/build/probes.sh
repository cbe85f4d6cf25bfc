#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Which form of an interface a kernel tree has: the probes and lists on a small tree, and the real lists on the kernels
# that are unpacked. probes.sh PROJECT_DIR KERNEL_SOURCE
set -eu
LC_ALL=C
export LC_ALL

project=$1 source=$2
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvmsim
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
	echo "FAILED: $*"
	[ ! -e log ] || cat log
	exit 1
}
find_out() { # KBUILD TREE ARCHES [OPTION...]
	kbuild=$1 tree=$2 arches=$3
	shift 3
	rm -rf probes
	cmake -DPROJECT="$project" -DKBUILD="$kbuild" -DTREE="$tree" -DARCHES="$arches" "$@" -P "$here/probes.cmake" \
		>out 2>log
}
has() { grep -qxF "$1" out || fail "no line \"$1\""; }
lacks() { ! grep -q "$1" out || fail "there is \"$1\""; }
says() { grep -qF "$1" log || fail "it does not say: $1"; }

# --- a small tree ---
mkdir -p kbuild tree/include tree/mm tree/arch/s390
cat >kbuild/probes.list <<'END'
# A comment.
INTERFACE	now	include/a.h	^int.f\(void\);		2..
INTERFACE	now	include/moved.h	^int.f\(void\);		2..
INTERFACE	older	include/a.h	^void.f\(void\);	..1
ADDED		now	include/a.h	^int.added;		2..
ADDED		absent	include/a.h	added			..1
THREE		now	include/three.h	^now			2..2
THREE		older	include/three.h	^older			..1
THREE		newer	include/three.h	^newer			3..
S390_ONLY	now	arch/s390/x.h	^int.x;			2..
END
printf '%s\n' 'mm/both.c' 'mm/new.c | mm/old.c' 'INTERFACE=older mm/compat.c' 'mm/gone.c' >kbuild/common.list
: >kbuild/x86_64.list
touch tree/mm/both.c tree/mm/old.c tree/mm/compat.c
printf '%s\n' 'int f(void);' 'int added;' >tree/include/a.h
echo now >tree/include/three.h

find_out "$PWD/kbuild" "$PWD/tree" x86_64 -DFILES=1 || fail "the form now"
has 'form INTERFACE now'
has 'form ADDED now'
has 'form THREE now'
# What is left of another architecture is none of this build's business.
has 'form S390_ONLY '
# Lists: the alternative that exists; a line for another form does not count; a missing file is named.
has 'file x86_64 mm/both.c'
has 'file x86_64 mm/old.c'
lacks 'mm/compat.c'
says 'mm/gone.c'

# form.h of the form that this tree has, for the architectures together; nothing where there is none.
mkdir -p project/cmake project/kernel-shim/kbuild project/kernel-shim/compat/now/interface \
	project/kernel-shim/compat/older/x86_64/added project/kernel-shim/compat/older/interface
cp "$project"/cmake/*.cmake project/cmake
cp "$project/kernel-shim/architectures" project/kernel-shim
cp "$project/kernel-shim/kbuild/probes.awk" project/kernel-shim/kbuild
touch project/kernel-shim/compat/now/interface/form.h project/kernel-shim/compat/older/interface/form.h
mkdir -p project/kernel-shim/compat/now/x86_64/three
touch project/kernel-shim/compat/now/x86_64/three/form.h
real=$project
project=$PWD/project
find_out "$PWD/kbuild" "$PWD/tree" x86_64 || fail "headers of forms"
project=$real
includes() { # NAME FILE
	[ "$(grep '^#include' "probes/kshim/form/$1.h")" = "${2:+#include \"$PWD/project/kernel-shim/compat/$2\"}" ] ||
		fail "form/$1.h: $(cat "probes/kshim/form/$1.h")"
}
includes interface now/interface/form.h
includes three now/x86_64/three/form.h
includes added ''

# What a missing file defines in the reference kernel, by its name there.
mkdir -p cache/linux-1/mm cache/linux-2/mm
printf 'VERSION = %s\nPATCHLEVEL = 9\n' 8 >cache/linux-1/Makefile
printf 'VERSION = %s\nPATCHLEVEL = 9\n' 9 >cache/linux-2/Makefile
printf '%s\n' 'int not_the_reference(void) { return 0; }' >cache/linux-1/mm/gone.c
printf '%s\n' 'static int own(void) { return 0; }' 'int gone_too(void) { return own(); }' >cache/linux-2/mm/gone.c
find_out "$PWD/kbuild" "$PWD/tree" x86_64 -DFILES=1 -DCACHE="$PWD/cache" || fail "a missing file"
if ctags --version 2>/dev/null | grep -q Universal; then
	says 'mm/gone.c: gone_too'
else
	says 'mm/gone.c'
fi
! find_out "$PWD/kbuild" "$PWD/tree" x86_64 -DFILES=1 -DKVMSIM_SOURCE_IS_REFERENCE=ON ||
	fail "the reference may lack a file"
says 'does not have: mm/gone.c'

touch tree/mm/new.c
printf '%s\n' 'void f(void);' >tree/include/a.h
echo newer >tree/include/three.h
find_out "$PWD/kbuild" "$PWD/tree" x86_64 -DFILES=1 || fail "the form older"
has 'form INTERFACE older'
has 'form ADDED absent'
has 'form THREE newer'
has 'file x86_64 mm/new.c'
has 'file x86_64 mm/compat.c'
lacks 'mm/old.c'

# A line of the same form finds what has moved.
: >tree/include/a.h
printf '%s\n' 'int f(void);' >tree/include/moved.h
find_out "$PWD/kbuild" "$PWD/tree" x86_64 || fail "moved"
has 'form INTERFACE now'

# No form: all such probes are named, with the files to look at. A file that is missing is not "absent".
rm tree/include/*
! find_out "$PWD/kbuild" "$PWD/tree" 'x86_64;s390x' || fail "an unknown form is accepted"
says 'INTERFACE: unknown form, none of: now older'
says 'look at: include/a.h include/moved.h'
says 'to kernel-shim/kbuild/probes.list'
says 'ADDED: unknown form, none of: now absent'
says 'S390_ONLY: unknown form, none of: now'

# Two forms.
printf '%s\n' 'int f(void);' 'void f(void);' >tree/include/a.h
! find_out "$PWD/kbuild" "$PWD/tree" x86_64 || fail "two forms are accepted"
says 'INTERFACE: several forms match: now older'
says 'look at: include/a.h include/moved.h'

# A form that no probe has.
printf '%s\n' 'int f(void);' >tree/include/a.h
echo 'INTERFACE=elder mm/compat.c' >kbuild/x86_64.list
! find_out "$PWD/kbuild" "$PWD/tree" x86_64 -DFILES=1 || fail "INTERFACE=elder is accepted"
says 'INTERFACE=elder mm/compat.c'

# --- the real lists ---
list=$project/kernel-shim/kbuild/probes.list
known=$(sed -n 's/^\([^#[:blank:]]*\)[[:blank:]].*/\1/p' "$project/kernel-shim/architectures" | paste -s -d ';' -)
version_of() { sed -n 's/^VERSION = //p; s/^PATCHLEVEL = /./p' "$1/Makefile" | head -n 2 | tr -d '\n'; }

# Fails unless each form that was found is one of VERSION by the last column of the list.
check_versions() { # VERSION
	awk -v version="$1" '
		function number(v,   part) { split(v, part, "."); return part[1] * 1000 + part[2] }
		FNR == NR { if ($1 == "form") found[$2] = $3; next }
		/^[A-Z]/ && found[$1] == $2 && $5 != "-" {
			n = split($5, end, /\.\./)
			if (n != 2 || (end[1] != "" && number(version) < number(end[1])) ||
			    (end[2] != "" && number(version) > number(end[2]))) {
				print $1 " of Linux " version " has the form " $2 ", which probes.list says " $5 " has"
				bad = 1
			}
		}
		END { exit bad }' out "$list" || fail "the last column of $list"
}
kernels=$project/kernel-shim/kernels
. "$project/kernel-shim/kbuild/kernels.sh"
: >seen
for tree in "$source" "$cache"/linux-*; do
	if [ ! -e "$tree/Makefile" ] || grep -qxF "$tree" seen; then
		continue
	fi
	echo "$tree" >>seen
	version=$(version_of "$tree")
	arches=$(kernel_arches "$version" | paste -s -d ';' -)
	[ -n "$arches" ] || continue
	find_out "$project/kernel-shim/kbuild" "$tree" "$arches" || fail "the forms of Linux $version in $tree"
	! grep '^form [^ ]* $' out || fail "unknown forms of Linux $version in $tree"
	check_versions "$version"
	# The directories of compat that the forms have, and no other ones.
	for arch in $(printf '%s' "$arches" | tr ';' ' '); do
		grep '^form' out | tr '[:upper:]' '[:lower:]' | while read -r _ name form; do
			for dir in "$form/$name" "$form/$arch/$name"; do
				dir=kernel-shim/compat/$dir
				[ ! -d "$project/$dir" ] || echo "compat $arch $dir"
			done
		done
	done >dirs
	grep '^compat' out >compat || :
	cmp dirs compat || fail "the directories of compat for Linux $version"
	echo "Linux $version: $(grep -c '^form' out) probes, $(grep -c . compat || :) uses of compat in $tree"
done

# Each directory of compat is for a form that exists.
find "$project/kernel-shim/compat" -mindepth 2 -type f | sed "s|^$project/kernel-shim/compat/||" |
	awk -F / -v arches=";$known;" '{ print $1, toupper(index(arches, ";" $2 ";") ? $3 : $2) }' | sort -u >forms
while read -r form name; do
	grep -q "^${name}[[:blank:]][[:blank:]]*${form}[[:blank:]]" "$list" ||
		fail "kernel-shim/compat/$form is for $name, of which probes.list has no such form"
done <forms
