/* SPDX-License-Identifier: GPL-2.0-only */
/* smp_call_function_single() takes wait as a bool. */
#ifndef KSHIM_FORM_SMP_CALL_WAIT_H
#define KSHIM_FORM_SMP_CALL_WAIT_H

#define KSHIM_SMP_CALL_WAIT	bool

#endif
