/* SPDX-License-Identifier: GPL-2.0-only */
/* The state-save area of system management mode, for an operation of the vendor module. */
typedef union kvm_smram kshim_smram;
