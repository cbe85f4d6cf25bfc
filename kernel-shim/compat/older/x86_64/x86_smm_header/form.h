/* SPDX-License-Identifier: GPL-2.0-only */
/* The state-save area of system management mode, for an operation of the vendor module, was bytes. */
typedef char kshim_smram;
