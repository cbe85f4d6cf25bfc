#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kcc as a build calls it: objects, dependency files, line numbers, notes, ccache, coverage.
#
#   launcher.sh KCC CHECK_OVERRIDES WORK
set -eu
LC_ALL=C
export LC_ALL
kcc=$1 check=$2 work=$3

fail() {
	echo "FAILED: $*" >&2
	exit 1
}
rm -rf "$work"
mkdir -p "$work/arch/s390/include/asm"
cd "$work"
work=$(pwd) # without links

cat >arch/s390/include/asm/x.h <<'EOF'
union x {
	unsigned long val;
	struct {
		unsigned long a : 12;
		unsigned long b : 52;
	};
};
static inline int insn(int v)
{
	asm volatile("lghi %0,1" : "=d" (v));
	return v;
}
static inline int refused(int v)
{
	asm volatile("lghi %0,2" : "=d" (v));
	return v;
}
EOF
cat >x.c <<'EOF'
#include <asm/x.h>
#define ADD 10
int test_insn(void)
{
	return insn(1);
}
int test_refused(void)
{
	return refused(__LINE__);
}
unsigned long test_bits(void)
{
	union x x = { .b = 1 };
	return x.val;
}
EOF
cat >o.h <<'EOF'
int hardware(int v);
EOF
cat >overrides.c <<'EOF'
#include "o.h"
static inline int insn(int v)
{
	return hardware(v) + ADD;
}
EOF
echo 'mirror arch/s390/include/asm/x.h shared a test' >overlays.list
cat >main.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
int test_insn(void), test_refused(void), test_bits(void);
int hardware(int v)
{
	return 100 * v;
}
void kshim_refused_asm(const char *func, const char *place, const char *text)
{
	printf("%s %s %s\n", func, place, text);
	exit(0);
}
int main(void)
{
	printf("%d %d\n", test_insn(), test_bits());
	test_refused();
	return 1;
}
EOF

compile() { # WORDS... is the prefix; the options and the object are in $options and $object
	"$kcc" --big-endian arch/s390 --overlays "$work/overlays.list" --overrides "$work/overrides.c" -- "$@" \
		-Iarch/s390/include $options -MD -MT "$object" -MF "$object.d" -c x.c -o "$object"
}
options="-g -O1 -fmacro-prefix-map=arch/s390/=S:" object=x.c.o

# It runs: the bits, the override with a macro of the TU, the refused asm by name, with its place in the kernel.
compile gcc
gcc -o prog main.c x.c.o
./prog >got
printf '110 1\nrefused S:include/asm/x.h:15 lghi %%0,2\n' | cmp - got || fail "the program wrote something else"
[ ! -e x.c.o.i ] || fail "the intermediate file is left"

# Ninja compiles again when the source, a header, the overrides, the list of overlays or kcc change.
for dep in x.c arch/s390/include/asm/x.h overrides.c o.h overlays.list "$kcc"; do
	tr -s ' \\\n' '\n' <x.c.o.d | grep -q "\\(^\\|/\\)${dep##*/}\$" || fail "x.c.o.d does not list $dep"
done

# Debuggers see the kernel's file, and the override in its own file.
line() { addr2line -e x.c.o -j .text "$(nm x.c.o | awk -v f="$1" '$3 == f { print "0x" $1 }')"; }
line test_refused | grep -q '/x.c:8' || fail "test_refused is at $(line test_refused)"
readelf --debug-dump=info x.c.o | grep -q 'DW_AT_name.*: x\.c$' || fail "the unit is not named x.c"
readelf --debug-dump=decodedline x.c.o | grep -q '^overrides.c  *4 ' || fail "no code on line 4 of overrides.c"

# An override that nobody uses fails the link; one that only one of two objects uses does not.
echo '"x.c.o"' >objects.rsp
"$check" objects.rsp || fail "check-overrides on a good object"
echo 'int nowhere(void) { return 1; }' >>overrides.c
compile gcc
if "$check" objects.rsp 2>err; then fail "an unused override is not seen"; fi
grep -q 'override of nowhere' err || fail "check-overrides wrote: $(cat err)"
sed -i '$d' overrides.c

# The compiler's and kcc's errors name the kernel's line, and the exit code is theirs.
cp x.c saved.c
echo 'int broken(void) { return undeclared; }' >>x.c
if compile gcc 2>err; then fail "a broken file compiles"; fi
grep -q '^x.c:16:[0-9]*: error: .undeclared' err || fail "gcc wrote: $(cat err)"
cp saved.c x.c
printf '%s\n' 'struct { unsigned a : 16, b : 16; } good = { 1, 2 };' '#include "arch/s390/y.h"' >>x.c
echo 'union { struct { unsigned a : 16, b : 16; } s; int v; } zero = {{0}};' >arch/s390/y.h
compile gcc
echo 'struct { unsigned a : 16, b : 16; } bad = { 1, 2 };' >>arch/s390/y.h
if compile gcc 2>err; then fail "values without names for reversed bit-fields compile"; fi
grep -q 'y.h:2:.*error: positional initialization' err || fail "gcc wrote: $(cat err)"
cp saved.c x.c
sed -i 's/int insn(int v)/int insn(long v)/' overrides.c
if compile gcc 2>err; then fail "another signature compiles"; fi
grep -q 'overrides.c:2: error: kcc: the override.s signature' err || fail "kcc wrote: $(cat err)"
sed -i 's/int insn(long v)/int insn(int v)/' overrides.c

# Members that share a word: a list that says nothing of the union, or cannot be read, is an error.
echo 'union shared { unsigned v; struct { unsigned short a, b; }; };' >>arch/s390/include/asm/x.h
compile gcc
echo 'keep arch/s390/y.h shared a test' >overlays.list
if compile gcc 2>err; then fail "a union that the list does not name compiles"; fi
grep -q 'x.h:[0-9]*: error: kcc: members of this union share' err || fail "kcc wrote: $(cat err)"
echo 'leave arch/s390/include/asm/x.h shared a test' >>overlays.list
if compile gcc 2>err; then fail "a list with a wrong line is read"; fi
grep -q 'overlays.list:2: not' err || fail "kcc wrote: $(cat err)"
echo 'mirror arch/s390/include/asm/x.h shared a test' >overlays.list
compile gcc

# Coverage data are in the same place as without kcc, and count lines of the override.
options="-g -O1 --coverage" object=cov.c.o
compile gcc
[ -e cov.c.gcno ] || fail "no cov.c.gcno: $(ls)"
gcc --coverage -o prog main.c cov.c.o
./prog >got
[ -e cov.c.gcda ] || fail "no cov.c.gcda: $(ls)"
gcov -t cov.c.gcno 2>err | grep -q ' 1: *4:.*hardware' || fail "gcov does not count overrides.c"
options="-g -O1" object=x.c.o

# -E shows the text.
"$kcc" --overrides "$work/overrides.c" -- gcc -Iarch/s390/include -E x.c | grep -q 'return hardware(v) + 10' ||
	fail "-E does not show the override"

# ccache: a hit for the same text, none if the overrides change.
if command -v ccache >/dev/null; then
	export CCACHE_DIR="$work/ccache"
	stat() { ccache --print-stats | awk -v k="$1" '$1 == k { print $2 }'; }
	compile ccache gcc
	cp x.c.o first.o
	rm x.c.o
	compile ccache gcc
	cmp x.c.o first.o || fail "ccache gives another object"
	[ "$(stat cache_miss)" = 1 ] || fail "ccache: $(ccache -s)"
	sed -i 's/+ ADD/- ADD/' overrides.c
	compile ccache gcc
	if cmp -s x.c.o first.o; then fail "ccache gives the old object"; fi
	[ "$(stat cache_miss)" = 2 ] || fail "ccache: $(ccache -s)"
fi
echo ok
