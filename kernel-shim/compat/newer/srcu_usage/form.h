/* SPDX-License-Identifier: GPL-2.0-only */
/* Like in 6.12. */
#include "../../now/srcu_usage/form.h"
