// SPDX-License-Identifier: GPL-2.0-only
/* alloc_percpu() was two functions (mm/percpu.c). */
#include <linux/percpu.h>
#include <kshim/marks.h>

void __percpu *pcpu_alloc_noprof(size_t size, size_t align, bool reserved, gfp_t gfp);

REDUCED(__alloc_percpu, "mm/percpu.c", "like pcpu_alloc_noprof");
void __percpu *__alloc_percpu(size_t size, size_t align)
{
	return pcpu_alloc_noprof(size, align, false, GFP_KERNEL);
}

REDUCED(__alloc_percpu_gfp, "mm/percpu.c", "like pcpu_alloc_noprof");
void __percpu *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp)
{
	return pcpu_alloc_noprof(size, align, false, gfp);
}
