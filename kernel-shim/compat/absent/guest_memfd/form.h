/* SPDX-License-Identifier: GPL-2.0-only */
/* There is no guest_memfd. */
#include "none.h"
