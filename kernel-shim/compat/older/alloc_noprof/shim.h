/* SPDX-License-Identifier: GPL-2.0-only */
/* Before allocation profiling the allocators had the names that now are macros. */
#define __alloc_pages_noprof			__alloc_pages
#define __folio_alloc_noprof			__folio_alloc
#define __kmalloc_cache_node_noprof		kmalloc_node_trace
#define __kmalloc_cache_noprof			kmalloc_trace
#define __kmalloc_large_node_noprof		kmalloc_large_node
#define __kmalloc_large_noprof			kmalloc_large
#define __kmalloc_node_noprof			__kmalloc_node
#define __kmalloc_node_track_caller_noprof	__kmalloc_node_track_caller
#define __kmalloc_noprof			__kmalloc
#define __vmalloc_node_noprof			__vmalloc_node
#define __vmalloc_node_range_noprof		__vmalloc_node_range
#define __vmalloc_noprof			__vmalloc
#define alloc_pages_bulk_noprof			__alloc_pages_bulk
#define alloc_pages_exact_noprof		alloc_pages_exact
#define get_free_pages_noprof			__get_free_pages
#define get_zeroed_page_noprof			get_zeroed_page
#define kmem_cache_alloc_bulk_noprof		kmem_cache_alloc_bulk
#define kmem_cache_alloc_lru_noprof		kmem_cache_alloc_lru
#define kmem_cache_alloc_node_noprof		kmem_cache_alloc_node
#define kmem_cache_alloc_noprof			kmem_cache_alloc
#define krealloc_noprof				krealloc
#define vmalloc_huge_noprof			vmalloc_huge
#define vmalloc_node_noprof			vmalloc_node
#define vmalloc_noprof				vmalloc
#define vzalloc_node_noprof			vzalloc_node
#define vzalloc_noprof				vzalloc
