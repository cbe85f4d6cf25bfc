/* SPDX-License-Identifier: GPL-2.0-only */
/* kmalloc() had no buckets for its callers. */
#define DECL_BUCKET_PARAMS(size, b) size_t (size)
