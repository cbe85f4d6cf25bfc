/* SPDX-License-Identifier: GPL-2.0-only */
/* The contents of arch/x86/kvm/smm.h were in x86.c and in the emulator, whose headers have all that the models need. */
