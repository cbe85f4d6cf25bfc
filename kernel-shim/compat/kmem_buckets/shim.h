/* SPDX-License-Identifier: GPL-2.0-only */
/* kmalloc() knew no buckets of its callers. */
#define DECL_BUCKET_PARAMS(size, b) size_t (size)
