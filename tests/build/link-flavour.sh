#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The refused symbols of a flavour after edits of its objects, and how often it is linked. link-flavour.sh PROJECT_DIR
# COMPILER FLAG...
set -eu
LC_ALL=C
export LC_ALL

script=$1/kernel-shim/kbuild/link-flavour.sh cc=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
	echo "FAILED: $*"
	exit 1
}
# Writes FILE.c, in which kvmsim_machine() or FILE() calls the functions, and compiles it.
file() { # FILE FUNCTION...
	name=$1
	[ "$1" != a ] || name=kvmsim_machine
	file=$1
	shift
	for f in "$@"; do echo "void $f(void);"; done >"$file.c"
	echo "void $name(void) { $(for f in "$@"; do printf '%s(); ' "$f"; done) }" >>"$file.c"
	"$cc" -c -fPIC -ffunction-sections -fno-builtin -o "$file.o" "$file.c"
}
# Links, and compares the refused symbols and the number of links. An object is newer than the last link.
link() { # LINKS SYMBOL...
	links=$1
	shift
	: >"$work/log"
	# shellcheck disable=SC2086
	"$script" out.so work '-lm' "$work/logged" $flags >"$work/text" 2>&1 || fail "$* does not link: $(cat "$work/text")"
	[ "$(cat work/refused.txt)" = "$(printf '%s\n' "$@")" ] || fail "not $*, but: $(cat work/refused.txt)"
	[ "$(grep -c -e '-shared' "$work/log")" = "$links" ] || fail "$*: not $links links: $(cat "$work/log")"
	sleep 0.01
}

flags=$*
mkdir work
printf '#!/bin/sh\necho "$@" >>"%s/log"\nexec "%s" "$@"\n' "$work" "$cc" >logged
chmod +x logged
printf '"%s"\n' a.o b.o >work/objects.rsp
echo '{ global: kvmsim_machine; local: *; };' >work/exports.map
file a b refused_1
file b cos
link 2 refused_1

# The same ones: a single link, whatever else is called.
file a refused_1 b sin
link 1 refused_1
[ ! -s text ] || fail "it says: $(cat text)"

# Another one is named, which the first link finds undefined; one is not named any more; one is defined.
file a refused_1 refused_2 b
link 3 refused_1 refused_2
file a b refused_2
link 2 refused_2
file b refused_1
link 3 refused_1 refused_2
file b cos
echo 'void refused_2(void) { }' >>b.c
"$cc" -c -fPIC -ffunction-sections -fno-builtin -o b.o b.c
link 2 ''

# What names a symbol was not linked before: at first the linker finds that it is undefined.
file a b
echo 'void refused_3(void); void dead(void) { refused_3(); }' >>a.c
"$cc" -c -fPIC -ffunction-sections -fno-builtin -o a.o a.c
link 1 ''
echo 'void dead(void);' >a.h
{ cat a.h; sed 's/kvmsim_machine(void) {/& dead();/' a.c; } >a2.c
"$cc" -c -fPIC -ffunction-sections -fno-builtin -o a.o a2.c
link 3 refused_3

# A name of ours is an error, each time.
file b host_nobody
for _ in 1 2; do
	# shellcheck disable=SC2086
	! "$script" out.so work '-lm' "$work/logged" $flags >text 2>&1 || fail "host_nobody is refused"
	grep -qx 'host_nobody' text || fail "it does not name host_nobody: $(cat text)"
done
file b cos
link 2 refused_3

# A list of other objects.
file c refused_4
printf '"%s"\n' a.o b.o c.o >work/objects.rsp
link 2 refused_3
