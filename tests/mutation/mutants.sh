#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The mutants of a small file: which there are, that each changes one line, and that a key stays when other code changes.
# mutants.sh MUTANTS MUTATE
set -u

mutants=$1 mutate=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

complain() {
	failures=$((failures + 1))
	echo "FAILED: $*"
}

cat >a.c <<'C'
#define LESS(a, b) ((a) < (b))
/* if (a && b) */
static int f(int a, struct b *b)
{
	int c = 1 << a;

	/*
	 * a == b;
	 */
	if (a < 0 || !b->x)
		return c;
	WARN_ON(a == 3);
	a = g("a == b", a,
	      3);
	for (c = 0; c >= 5; c++)
		h(b->x, '<');
	return a;
}
C
cat >expected <<'C'
10	condition	f: (a < 0 || !b->x) => (!(a < 0 || !b->x))
10	logic	f: || => &&
10	relation	f: < => <=
15	relation	f: >= => >
16	statement	f: h(b->x, '<') => nothing
5	statement	f: int c = 1 << a => nothing
C
"$mutants" a.c >list || complain "exit code of the list"
cut -f2- list | sort >found
diff expected found || complain "other mutants"

while IFS='	' read -r key line _; do
	"$mutants" a.c "$key" >mutant.c || complain "exit code of $key"
	changed=$(diff a.c mutant.c | sed -n 's/^\([0-9]*\)c[0-9]*$/\1/p')
	[ "$changed" = "$line" ] || complain "$key changes line '$changed', not $line"
done <list
"$mutants" a.c "$(awk -F '\t' '$2 == 15 { print $1 }' list)" | grep -qxF '	for (c = 0; c > 5; c++)' || complain "not the change"

# Another function above moves the lines, not the keys.
printf 'int other(int x)\n{\n\treturn x == 1;\n}\n' | cat - a.c >b.c
"$mutants" b.c | cut -f1 | sort >keys
[ "$(cut -f1 list | sort | comm -23 - keys)" = "" ] || complain "keys have changed"

"$mutants" a.c 1234 2>/dev/null >/dev/null && complain "a mutant that there is not"
"$mutants" nowhere.c 2>/dev/null && complain "a file that there is not"
mkdir -p tree/virt build
: >tree/virt/a.c
refuses() { # TEXT ARGUMENT...
	text=$1
	shift
	"$mutate" build tree "$mutants" "$@" >out 2>&1 && complain "mutate $* is accepted"
	grep -qF -- "$text" out || complain "mutate $*: no '$text' in: $(cat out)"
}
refuses 'which file?'
refuses 'has no file virt/b.c' virt/b.c
refuses '--count needs a value' virt/a.c --count
refuses 'expected a number' virt/a.c --count=many
refuses 'no option --wrong' virt/a.c --wrong
"$mutate" build tree "$mutants" --help | grep -q '^Usage: kvmsim mutate' || complain "no help"

[ "$failures" = 0 ]
