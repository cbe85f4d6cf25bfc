#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tests of ./kvmsim drift on the reference kernel's own files with a few edits.
#
#   drift.sh PROJECT_DIR TARBALL
#
# Exits with 77 when ctags is missing or the package is of another release than the record.
set -eu
LC_ALL=C
export LC_ALL

project=$1 tarball=$2
drift=$project/kernel-shim/kbuild/drift.sh
originals=$project/kernel-shim/kbuild/originals.sh
kernels=$project/kernel-shim/kernels
. "$project/kernel-shim/kbuild/kernels.sh"
reference=$(reference_kernel)
record=$project/kernel-shim/originals/$reference
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

command -v ctags >/dev/null || { echo "no ctags here"; exit 77; }
KVMSIM_PACKAGE_DIR=$(dirname "$tarball")
export KVMSIM_PACKAGE_DIR

# The tree: links to the files that have originals.
tree=$tmp/tree
"$originals" trees "$reference" "$tarball" >"$tmp/trees"
mkdir "$tree"
ln -s "$(sed q "$tmp/trees")/Makefile" "$tree"
for file in virt/kvm/kvm_main.c $(sed 1d "$record" | cut -f 2 | sort -u); do
	mkdir -p "$tree/${file%/*}"
	while IFS= read -r from; do
		[ ! -e "$from/$file" ] || ln -s "$from/$file" "$tree/$file"
	done <"$tmp/trees"
done

fail() {
	printf 'FAILED: %s\n' "$*"
	cat "$tmp/out"
	exit 1
}
# Runs drift with the arguments; its output is in $tmp/out.
expect() { # STATUS ARGUMENT...
	want=$1
	shift
	status=0
	"$drift" "$@" >"$tmp/out" 2>&1 || status=$?
	[ "$status" = "$want" ] || fail "drift $*: status $status, expected $want"
}
has() { grep -qF -- "$1" "$tmp/out" || fail "no '$1'"; }
has_not() { ! grep -qF -- "$1" "$tmp/out" || fail "there is '$1'"; }
# Edits a file of the tree, which becomes a file of its own.
edit() { # FILE SED_SCRIPT
	sed "$2" "$tree/$1" >"$tmp/edited"
	! cmp -s "$tmp/edited" "$tree/$1" || fail "the edit $2 changes nothing in $1"
	rm "$tree/$1"
	cp "$tmp/edited" "$tree/$1"
}

total=$(sed 1d "$record" | wc -l)
status=0
"$drift" "$tree" >"$tmp/out" 2>&1 || status=$?
case $status in
0) has "0 of $total originals" ;;
*)
	release=$(sed -n 's/^VERSION = //p; s/^PATCHLEVEL = /./p; s/^SUBLEVEL = /./p' "$tree/Makefile" | tr -d '\n')
	grep -q "^# Linux $release:" "$record" || { echo "the package is of another release than the record"; exit 77; }
	fail "the reference differs from itself"
	;;
esac

# Comments and white space do not count, nor does what is next to an original.
edit kernel/workqueue.c 's/^bool flush_work(struct work_struct \*work)/static int new_neighbour;\n\nbool\tflush_work(struct work_struct *work) \/* new *\//'
expect 0 "$tree"

# One statement does. The shim's file, its symbol and the original are named.
edit kernel/workqueue.c 's/^\treturn __flush_work(work, false);/\treturn __flush_work(work, true);/'
expect 1 "$tree"
has 'changed  flush_work (faithful): kernel/workqueue.c'
has "1 of $total originals"
has ': 1 changed, 0 moved, 0 gone'
expect 1 "$tree" --diff
has '-	return __flush_work(work, false);'
has '+	return __flush_work(work, true);'
grep -q '^kernel-shim/core/.*\.c$' "$tmp/out" || fail "no file of the shim"

# A string counts; a function that is renamed is gone, one in another file has moved.
edit kernel/softirq.c 's/^void _local_bh_enable(void)/void _local_bh_enable_renamed(void)/'
edit kernel/panic.c 's/^\(.*"Kernel\) panic - /\1  panic - /'
sed -n '/^void wb_start_background_writeback/,/^}/p' "$tree/fs/fs-writeback.c" >"$tree/fs/other.c"
edit fs/fs-writeback.c '/^void wb_start_background_writeback/,/^}/d'
expect 1 "$tree" --diff
has 'gone     _local_bh_enable (faithful): kernel/softirq.c'
has 'changed  panic (reduced): kernel/panic.c'
has ': fs/fs-writeback.c, now in fs/other.c'
has ': 2 changed, 1 moved, 1 gone'
has_not ' add_taint '
expect 0 "$tree" --summary
has "4 of $total originals that shims stand for differ from Linux $reference: ./kvmsim drift $tree"

# A macro, a variable, an assembler's function, one behind a macro of the kernel.
edit drivers/char/random.c 's/^#define DEFINE_BATCHED_ENTROPY(type)/#define DEFINE_BATCHED_ENTROPY(kind)/'
edit kernel/sys.c 's/^int overflowuid = /int overflowuid = 1 + /'
edit arch/s390/kernel/entry.S '/^SYM_FUNC_START(__sie64a)/a \	nop'
edit arch/x86/kernel/irq.c 's/^DEFINE_PER_CPU_SHARED_ALIGNED(irq_cpustat_t, irq_stat)/DEFINE_PER_CPU(irq_cpustat_t, irq_stat)/'
expect 1 "$tree"
has 'get_random_u8 (reduced): drivers/char/random.c:DEFINE_BATCHED_ENTROPY'
has 'changed  overflowuid '
has 'changed  __sie64a '
has 'changed  irq_stat (faithful): arch/x86/kernel/irq.c'
has ': 6 changed, 1 moved, 1 gone'
cp "$tmp/out" "$tmp/first"
expect 1 "$tree"
cmp -s "$tmp/first" "$tmp/out" || fail "a second run prints something else"

# Another version is far from the reference; what only that has is not listed as changed.
expect 0 --summary 6.1
differ=$(sed 's/ .*//' "$tmp/out")
{ [ "$differ" -gt 100 ] && [ "$differ" -lt 400 ]; } || fail "$differ differ in 6.1"

# A tarball, of any name.
ln -s "$tarball" "$tmp/tarball"
expect 0 "$tmp/tarball"
has "0 of $total originals"
expect 2 "$tree/Makefile"
has 'is not kernel source'

expect 2
expect 2 "$tmp/nowhere"
expect 2 "$tmp"
expect 2 "$tree" --wrong
expect 2 "$tree" "$tree"
