/* SPDX-License-Identifier: GPL-2.0-only */
/* linux/pagevec.h was renamed when it had only folio batches left. */
#include <linux/folio_batch.h>
