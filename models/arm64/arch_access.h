/* SPDX-License-Identifier: GPL-2.0-only */
/* What an access of an arm64 processor has in addition to common/access.h: nothing yet, see unmodelled.c. */
#ifndef MODEL_ARM64_ARCH_ACCESS_H
#define MODEL_ARM64_ARCH_ACCESS_H

struct model_access_arch {
};

#endif
