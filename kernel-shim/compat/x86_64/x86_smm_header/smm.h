/* SPDX-License-Identifier: GPL-2.0-only */
/* What arch/x86/kvm/smm.h has was in x86.c and the emulator, whose headers have all that the models need. */
