/* SPDX-License-Identifier: GPL-2.0-only */
/* What 6.12 has in this header, for the model: the translation-exception identification, its fields from the right. */
#ifndef KSHIM_S390_FAULT_H
#define KSHIM_S390_FAULT_H

union teid {
	unsigned long val;
	struct {
		unsigned long as : 2;	/* ASCE identifier */
		unsigned long b61 : 1;
		unsigned long b60 : 1;
		unsigned long : 3;
		unsigned long b56 : 1;
		unsigned long : 2;
		unsigned long fsi : 2;
		unsigned long addr : 52;
	};
};

enum {
	TEID_FSI_STORE = 1,
	TEID_FSI_FETCH = 2,
};

#endif
