#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kvmsim coverage: what it makes of reports and of a change, and wrong usage. .ci/nightly runs the whole command.
# coverage.sh PROJECT_DIR
set -u

project=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

complain() {
	failures=$((failures + 1))
	echo "FAILED: $*"
}
is() { # FILE, the text on standard input
	diff - "$1" >difference || complain "$1: $(cat difference)"
}

# --- two architectures have a.c; what ran on one of them ran ---
cat >x.xml <<'XML'
<coverage line-rate="0.5"><packages><package name="virt"><classes>
	<class name="a_c" filename="virt/kvm/a.c" line-rate="0.5"><methods/><lines>
		<line number="2" hits="0" branch="false"/>
		<line number="3" hits="5" branch="true" condition-coverage="50% (1/2)"/>
		<line number="9" hits="0" branch="false"/>
	</lines></class>
	<class name="b_c" filename="mm/b.c" line-rate="1.0"><methods/><lines><line number="1" hits="1" branch="false"/></lines></class>
	<class name="h" filename="virt/kvm/empty.h" line-rate="1.0"><methods/><lines/></class>
</classes></package></packages></coverage>
XML
sed 's/number="2" hits="0"/number="2" hits="1"/; s/number="3" hits="5"/number="3" hits="0"/; /b_c/d' x.xml >y.xml
printf '%s\n' x.xml y.xml >reports
lines=$project/sim/coverage/lines.awk
table() { # SCOPE [BRIEF]
	awk -v reports=reports -v scope="$1" -v title=all -v brief="${2:-}" -f "$lines" -f "$project/sim/coverage/table.awk" \
		</dev/null
}
table . >table
is table <<'END'
   66.6       2       3   virt/kvm/a.c
  100.0       1       1   mm/b.c
   75.0       3       4   all
END
table '^virt/|^arch/' brief >table
is table <<'END'
   66.6       2       3   all
END
table '^nothing' >table
is table </dev/null

# --- functions with lines that did not run, and their reasons ---
mkdir -p tree/virt/kvm tree/mm
cat >tree/virt/kvm/a.c <<'C'
static int one(void)
	did();

	ran();
static struct kvm *
two(int a,
	int b)
{
	did_not();
C
echo 'int three(void)' >tree/mm/b.c
sed 's/number="2" hits="1"/number="2" hits="0"/' y.xml >z.xml
printf '%s\n' x.xml z.xml >reports-z
regions() {
	awk -v reports=reports-z -v scope=. -v root=tree -v reasons=reasons -f "$lines" \
		-f "$project/sim/coverage/regions.awk" </dev/null
}
rm -f reasons
regions >regions.txt
is regions.txt <<'END'
    1 of     2   virt/kvm/a.c:2 one: NO REASON
    1 of     1   virt/kvm/a.c:9 two: NO REASON
reasons 0
END
cat >reasons <<'END'
# a comment
virt/kvm/a.c one	another   machine
mm/b.c three it ran
END
regions >regions.txt
is regions.txt <<'END'
    1 of     2   virt/kvm/a.c:2 one: another   machine
    1 of     1   virt/kvm/a.c:9 two: NO REASON
mm/b.c three: a reason, and all lines ran
reasons 50
END
printf 'virt/kvm/a.c one this\nvirt/kvm/a.c * all others\n' >reasons
regions >regions.txt
is regions.txt <<'END'
    1 of     2   virt/kvm/a.c:2 one: this
    1 of     1   virt/kvm/a.c:9 two: all others
reasons 100
END
sed -i 's/^static int one/static bool FNAME(four)/; s/^two(/int __attribute__((weak)) five(/' tree/virt/kvm/a.c
rm reasons
regions >regions.txt
is regions.txt <<'END'
    1 of     2   virt/kvm/a.c:2 four: NO REASON
    1 of     1   virt/kvm/a.c:9 five: NO REASON
reasons 0
END

# --- a change: lines that look like headers, without context and with it, and what is not compiled ---
cat >change <<'DIFF'
diff --git a/virt/kvm/a.c b/virt/kvm/a.c
--- a/virt/kvm/a.c
+++ b/virt/kvm/a.c
@@ -1,2 +2,2 @@ int f(void)
--- i;
-+++ j;
+++ i;
+	ran();
@@ -7,2 +8,3 @@
 	context();
+	did_not();
 	context();
--- a/mm/c.c
+++ b/mm/c.c
@@ -1 +1 @@
-old
+new
--- a/mm/b.c
+++ b/mm/b.c
@@ -3 +3 @@
-old
+new
DIFF
awk -v reports=reports -f "$lines" -f "$project/sim/coverage/diff.awk" change >verdict
is verdict <<'END'
virt/kvm/a.c: 2 of 3 new lines with code ran
  ran          2  ++ i;
  ran          3  	ran();
  NOT RUN      9  	did_not();

mm/c.c: not compiled here

mm/b.c: no new line has code

The change: 2 of 3 new lines with code ran
END

# --- each expression of the scope is one ---
scope=$(sed -n '/^[^#]/p' "$project/sim/coverage/scope" | paste -s -d '|' -)
for file in virt/kvm/kvm_main.c arch/x86/kvm/mmu/tdp_mmu.c arch/s390/mm/gmap.c arch/arm64/kvm/hyp/pgtable.c; do
	echo "$file" | awk -v scope="$scope" '$0 !~ scope { exit 1 }' || complain "$file is not in scope"
done
for file in arch/x86/kvm/vmx/vmx.c mm/mmap.c arch/s390/kvm/sigp.c; do
	echo "$file" | awk -v scope="$scope" '$0 ~ scope { exit 1 }' || complain "$file is in scope"
done

# --- figures: worse, as before, better, below the target ---
printf 'target own 90\ntarget kernel 85\nlanded own 91.0\nlanded kernel 80.0\n' >landed
figures() { # CODE TEXT
	"$project/.ci/figures" landed figures >out 2>&1
	code=$?
	[ "$code" = "$1" ] || complain "figures: exit code $code instead of $1"
	grep -qF -- "$2" out || complain "figures do not say '$2': $(cat out)"
}
printf 'kernel 80.0\nown 91.0\n' >figures
figures 0 'kernel: 80.0 % of the lines, landed with 80.0'
figures 0 'kernel: the target is 85'
printf 'kernel 79.9\nown 91.0\n' >figures
figures 1 'kernel: 79.9 % of the lines, landed with 80.0: WORSE'
printf 'kernel 85.1\nown 91.0\n' >figures
figures 0 'write down 85.1'
printf 'kernel 85.1\n' >figures
figures 1 'own: no figure'

printf 'target own 90\n' >landed
printf 'own 89.5\n' >figures
figures 0 'own: better: write down 89.5'
figures 0 'own: the target is 90'
"$project/.ci/figures" "$project/.ci/coverage" figures >out 2>&1 && complain "a figure is missing, and nobody says so"

# --- wrong usage ---
mkdir -p build/CMakeFiles/kvm-x86_64-kernel.dir
refuses() { # TEXT ARGUMENT...
	text=$1
	shift
	"$project/sim/coverage/coverage.sh" "$project" build kernel "$@" >out 2>&1
	code=$?
	[ "$code" = 2 ] && grep -qF -- "$text" out || complain "coverage $*: exit code $code: $(cat out)"
}
refuses 'no option --wrong' --wrong
refuses '--arch needs a value' --arch
refuses 'there is no flavour for s390x; there are: x86_64' --arch s390x
refuses 'cannot read nothing' --diff=nothing

[ "$failures" = 0 ]
