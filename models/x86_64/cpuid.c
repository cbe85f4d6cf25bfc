// SPDX-License-Identifier: GPL-2.0-only
/* CPUID of the simulated processor: a fixed, small 64-bit machine, Intel with EPT and AMD otherwise. */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/cpufeatures.h>
#include <asm/cpuid.h>
#include "cpu.h"

enum model_personality model_personality;
bool model_la57;
bool model_ept_ad = true;
unsigned int model_wanted_maxphyaddr;

#define BIT_OF(feature) BIT((feature) & 31)

/* Leaf 1, EDX; leaf 0x80000001 repeats most of it on AMD. */
#define BASE_EDX (BIT_OF(X86_FEATURE_FPU) | BIT_OF(X86_FEATURE_VME) | BIT_OF(X86_FEATURE_DE) |	\
		  BIT_OF(X86_FEATURE_PSE) | BIT_OF(X86_FEATURE_TSC) | BIT_OF(X86_FEATURE_MSR) |	\
		  BIT_OF(X86_FEATURE_PAE) | BIT_OF(X86_FEATURE_MCE) | BIT_OF(X86_FEATURE_CX8) |	\
		  BIT_OF(X86_FEATURE_APIC) | BIT_OF(X86_FEATURE_MTRR) | BIT_OF(X86_FEATURE_PGE) |	\
		  BIT_OF(X86_FEATURE_MCA) | BIT_OF(X86_FEATURE_CMOV) | BIT_OF(X86_FEATURE_PAT) |	\
		  BIT_OF(X86_FEATURE_PSE36) | BIT_OF(X86_FEATURE_MMX) | BIT_OF(X86_FEATURE_FXSR))
#define LEAF1_EDX (BASE_EDX | BIT_OF(X86_FEATURE_SEP) | BIT_OF(X86_FEATURE_CLFLUSH) |		\
		   BIT_OF(X86_FEATURE_XMM) | BIT_OF(X86_FEATURE_XMM2))
#define LEAF1_ECX (BIT_OF(X86_FEATURE_XMM3) | BIT_OF(X86_FEATURE_CX16) | BIT_OF(X86_FEATURE_PCID))
#define LEAF7_EBX (BIT_OF(X86_FEATURE_SMEP) | BIT_OF(X86_FEATURE_SMAP) | BIT_OF(X86_FEATURE_INVPCID))
#define EXT1_EDX (BIT_OF(X86_FEATURE_SYSCALL) | BIT_OF(X86_FEATURE_NX) | BIT_OF(X86_FEATURE_GBPAGES) | \
		  BIT_OF(X86_FEATURE_LM))
#define EXT1_ECX BIT_OF(X86_FEATURE_LAHF_LM)
#define EXT7_EDX BIT(8)		/* invariant TSC */

void kshim_cpuid(unsigned int *eax, unsigned int *ebx, unsigned int *ecx, unsigned int *edx)
{
	unsigned int leaf = *eax, subleaf = *ecx;
	bool intel = x86_cpu_is_intel();

	*eax = *ebx = *ecx = *edx = 0;
	switch (leaf) {
	case 0:
		*eax = 0xd;
		memcpy(ebx, intel ? "Genu" : "Auth", 4);
		memcpy(edx, intel ? "ineI" : "enti", 4);
		memcpy(ecx, intel ? "ntel" : "cAMD", 4);
		break;
	case 1:
		*eax = intel ? 0x00050654 : 0x00800f12;	/* Skylake server; Zen */
		*ebx = 8 << 8;				/* CLFLUSH line: 64 bytes */
		*ecx = LEAF1_ECX;
		*edx = LEAF1_EDX;
		break;
	case 7:
		if (!subleaf) {
			*ebx = LEAF7_EBX;
			*ecx = model_la57 ? BIT_OF(X86_FEATURE_LA57) : 0;
		}
		break;
	case 0x80000000:
		*eax = 0x80000008;
		break;
	case 0x80000001:
		*ecx = EXT1_ECX;
		*edx = EXT1_EDX | (intel ? 0 : BASE_EDX);
		break;
	case 0x80000007:
		*edx = EXT7_EDX;
		break;
	case 0x80000008:
		*eax = model_maxphyaddr() | model_virt_bits() << 8;
		break;
	}
}
