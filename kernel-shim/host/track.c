// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host half of kshim/track.h: Valgrind client requests for kernel TUs, and the boot-time settings of
 * AddressSanitizer. It does nothing in a build with neither.
 */
#include <kshim/measure.h>
#include <kshim/track.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>

/* Called when AddressSanitizer has printed its report and is about to end the process. */
static void explain(const char *report)
{
	(void)report;
	kshim_mem_explain(__asan_get_report_address());
}

void host_track_init(void)
{
	__asan_set_error_report_callback(explain);
}
#endif

#ifdef KSHIM_VALGRIND
#include <valgrind/callgrind.h>
#include <valgrind/memcheck.h>

int kshim_on_valgrind;

void host_track_init(void)
{
	kshim_on_valgrind = RUNNING_ON_VALGRIND != 0;
}

void host_track_noaccess(const void *p, unsigned long n)
{
	VALGRIND_MAKE_MEM_NOACCESS(p, n);
}

void host_track_undefined(const void *p, unsigned long n)
{
	VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}

void host_track_defined(const void *p, unsigned long n)
{
	VALGRIND_MAKE_MEM_DEFINED(p, n);
}

void host_track_quiet(bool quiet)
{
	if (quiet)
		VALGRIND_DISABLE_ERROR_REPORTING;
	else
		VALGRIND_ENABLE_ERROR_REPORTING;
}

void host_track_pool_create(const void *pool)
{
	VALGRIND_CREATE_MEMPOOL(pool, 0, 0);
}

void host_track_pool_destroy(const void *pool)
{
	VALGRIND_DESTROY_MEMPOOL(pool);
}

void host_track_pool_alloc(const void *pool, const void *p, unsigned long n)
{
	VALGRIND_MEMPOOL_ALLOC(pool, p, n);
}

void host_track_pool_free(const void *pool, const void *p)
{
	VALGRIND_MEMPOOL_FREE(pool, p);
}

void host_callgrind_toggle(void)
{
	CALLGRIND_TOGGLE_COLLECT;
}
#else
void host_callgrind_toggle(void)
{
}
#endif
