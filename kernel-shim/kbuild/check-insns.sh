#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fails if x86 objects contain an instruction that a simulated CPU must not execute on the host: privileged ones, and
# those whose result depends on the host (time, CPUID, random numbers, segment and protection-key state).
#
#   check-insns.sh OBJECT...
#
# Prints "object: function: instruction" for each and exits with 1; with 2 if an object cannot be read. Checks only code
# that can run: executable sections, except the input of the kernel's own boot-time patching.
set -eu
LC_ALL=C
export LC_ALL

[ $# -gt 0 ] || { echo "usage: $0 OBJECT..." >&2; exit 2; }

found=0
for object in "$@"; do
	listing=$(objdump -d --no-show-raw-insn "$object") || exit 2
	bad=$(printf '%s\n' "$listing" | awk -v object="$object" '
		/^Disassembly of section / { skip = /altinstr|\.discard/; next }
		/^[0-9a-f]+ <.*>:$/ { fn = $2; gsub(/[<>:]/, "", fn); next }
		skip || !/^ *[0-9a-f]+:\t/ { next }
		{
			insn = $0
			sub(/^ *[0-9a-f]+:\t/, "", insn)
			sub(/ *#.*/, "", insn)
			op = insn
			sub(/^((lock|rep|repz|repnz|data16|cs|ds|es|ss|notrack|rex[.A-Z]*) +)+/, "", op)
			operands = op
			sub(/[ \t].*/, "", op)
			sub(/^[^ \t]*[ \t]*/, "", operands)
			bad = 0
			# Privileged.
			if (op ~ /^(rdmsr|wrmsr|wrmsrns|cli|sti|hlt|clts|clac|stac|invd|wbinvd|wbnoinvd|invlpg[ab]?|invpcid|swapgs)$/) bad = 1
			if (op ~ /^(lgdt|lidt|lldt|ltr|lmsw|sgdt|sidt|sldt|str|smsw)[wq]?$/) bad = 1
			if (op ~ /^(xsetbv|xsaves(64)?|xrstors(64)?|rdpmc|sysret[lq]?|sysexit[lq]?|iret[wlq]?|senduipi)$/) bad = 1
			if (op ~ /^(vm(call|mcall|launch|resume|xon|xoff|ptrld|ptrst|clear|read|write|run|load|save|func)|inv(ept|vpid)|stgi|clgi|skinit)$/) bad = 1
			if (op ~ /^(in|out)[bwl]?$/ || op ~ /^(ins|outs)[bwl]$/) bad = 1
			if (op ~ /^mov/ && operands ~ /%(cr|db|dr)[0-9]/) bad = 1
			# Segment registers belong to the C library. An instruction that objdump does not know is not
			# trusted.
			if (op ~ /^mov/ && operands ~ /,%[cdefgs]s$/ || op ~ /^(lfs|lgs|lss|lkgs)$/ || insn ~ /\(bad\)/) bad = 1
			# Result depends on the host.
			if (op ~ /^(rdtscp?|cpuid|rdrand|rdseed|rdpid|rdpkru|wrpkru|xgetbv|rd[fg]sbase|wr[fg]sbase)$/) bad = 1
			if (op ~ /^(monitor|mwait|monitorx|mwaitx|umonitor|umwait|tpause|serialize|syscall|sysenter|int)$/) bad = 1
			if (bad)
				print object ": " fn ": " insn
		}')
	if [ -n "$bad" ]; then
		printf '%s\n' "$bad"
		found=1
	fi
done
exit $found
