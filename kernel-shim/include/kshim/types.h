/* SPDX-License-Identifier: GPL-2.0-only */
/* Fixed-width names that kernel TUs and host TUs share: the one header both may include first. */
#ifndef KSHIM_TYPES_H
#define KSHIM_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stdarg.h>
#else
#include <stdint.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdarg.h>
#endif

#endif
