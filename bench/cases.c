// SPDX-License-Identifier: GPL-2.0-only
/* The cases of `kvmsim bench`. */
#include "bench.h"

#include <linux/kvm.h>
#include <sys/mman.h>

#define MIB (1ull << 20)
#define PAGE 4096ull
#define LOOKUPS 100000ull

static uint64_t map(struct bench_world *w, uint64_t bytes)
{
	uint64_t flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	uint64_t a[6] = { 0, bytes, PROT_READ | PROT_WRITE, flags, (uint64_t)-1, 0 };

	return bench_check(w->m->syscall(w->pid, KVMSIM_SYS_MMAP, a), "mmap");
}

static int64_t do_ioctl(struct bench_world *w, int fd, uint64_t cmd, uint64_t arg)
{
	uint64_t a[6] = { fd, cmd, arg };

	return w->m->syscall(w->pid, KVMSIM_SYS_IOCTL, a);
}

static int64_t ioctl_with(struct bench_world *w, int fd, uint64_t cmd, const void *arg, uint64_t bytes)
{
	bench_check(w->m->user_write(w->pid, w->scratch, arg, bytes, 0), "user_write");
	return do_ioctl(w, fd, cmd, w->scratch);
}

static void set_slot(struct bench_world *w, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t bytes, uint64_t hva)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot, .flags = flags, .guest_phys_addr = gpa, .memory_size = bytes, .userspace_addr = hva,
	};

	bench_check(ioctl_with(w, w->vm, KVM_SET_USER_MEMORY_REGION, &r, sizeof(r)), "KVM_SET_USER_MEMORY_REGION");
}

static void setup_vm(struct bench_world *w)
{
	uint64_t none[6] = { 0 };
	int kvm;

	w->pid = bench_check(w->m->process_create(1), "process_create");
	w->scratch = map(w, PAGE);
	kvm = bench_check(w->m->syscall(w->pid, KVMSIM_SYS_OPEN_KVM, none), "open /dev/kvm");
	w->vm = bench_check(do_ioctl(w, kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
}

/* One slot of ram_bytes at gpa 0, in 4 KiB pages, and a vCPU. */
static void setup_ram(struct bench_world *w, uint64_t bytes, uint32_t flags)
{
	setup_vm(w);
	w->ram_bytes = bytes;
	w->ram = map(w, bytes);
	bench_check(w->m->syscall(w->pid, KVMSIM_SYS_MADVISE, (uint64_t[6]){ w->ram, bytes, MADV_NOHUGEPAGE }),
		    "madvise");
	set_slot(w, 0, flags, 0, bytes, w->ram);
	w->vcpu = bench_check(do_ioctl(w, w->vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
}

static uint64_t write_pages(struct bench_world *w, uint64_t bytes, uint64_t stride, uint64_t count)
{
	struct kvmsim_access_result r;
	uint64_t done;

	bench_check(w->m->vcpu_workload(w->pid, w->vcpu, KVMSIM_WRITE, 0, bytes, stride, count, &done, &r), "workload");
	return done;
}

/* --- gfn_to_memslot: w->arg slots of one page each, looked up with a stride that visits all --- */
static void setup_slots(struct bench_world *w)
{
	setup_vm(w);
	w->ram = map(w, w->arg * PAGE);
	for (uint64_t i = 0; i < w->arg; i++)
		set_slot(w, i, 0, i * 2 * PAGE, PAGE, w->ram + i * PAGE);
}

static uint64_t run_gfn_to_memslot(struct bench_world *w)
{
	uint64_t range = w->arg * 2, stride = range > 514 ? 514 : 2;

	bench_check(w->m->bench(KVMSIM_BENCH_GFN_TO_MEMSLOT, w->pid, w->vm, 0, stride, range, LOOKUPS), "bench");
	return LOOKUPS;
}

/* --- gfn_to_pfn of memory that is there: the GUP-fast path --- */
static void setup_populated(struct bench_world *w)
{
	setup_ram(w, 4 * MIB, 0);
	write_pages(w, w->ram_bytes, PAGE, w->ram_bytes / PAGE);
}

static uint64_t run_gfn_to_pfn(struct bench_world *w)
{
	uint64_t n = LOOKUPS / 10;

	bench_check(w->m->bench(KVMSIM_BENCH_GFN_TO_PFN, w->pid, w->vm, 0, 1, w->ram_bytes / PAGE, n), "bench");
	return n;
}

/* --- guest accesses --- */
static void setup_fresh(struct bench_world *w)
{
	setup_ram(w, 16 * MIB, 0);
	/* The root and the first tables exist, but not the memory. */
	write_pages(w, PAGE, PAGE, 1);
}

static uint64_t run_fault(struct bench_world *w)
{
	return write_pages(w, w->ram_bytes, PAGE, w->ram_bytes / PAGE);
}

static void setup_warm(struct bench_world *w)
{
	setup_ram(w, 64 * PAGE, 0);
	write_pages(w, w->ram_bytes, PAGE, 2 * w->ram_bytes / PAGE);
}

static uint64_t run_warm(struct bench_world *w)
{
	return write_pages(w, w->ram_bytes, PAGE, LOOKUPS);
}

/* --- dirty log of 1 GiB, of which 4 MiB are dirty; two operations would not start alike, so one a round --- */
static void setup_dirty(struct bench_world *w)
{
	setup_ram(w, 1024 * MIB, KVM_MEM_LOG_DIRTY_PAGES);
	w->bitmap = map(w, 1024 * MIB / PAGE / 8);
	write_pages(w, w->ram_bytes, MIB, 1024);
}

static uint64_t run_dirty(struct bench_world *w)
{
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = (void *)w->bitmap };

	bench_check(ioctl_with(w, w->vm, KVM_GET_DIRTY_LOG, &log, sizeof(log)), "KVM_GET_DIRTY_LOG");
	return 1;
}

const struct bench_case bench_cases[] = {
	{ "gfn_to_memslot/1", "ept", "look-up", 1, setup_slots, run_gfn_to_memslot },
	{ "gfn_to_memslot/512", "ept", "look-up", 512, setup_slots, run_gfn_to_memslot },
	{ "gfn_to_memslot/32764", "ept", "look-up", 32764, setup_slots, run_gfn_to_memslot },
	{ "hva_to_pfn/fast", "ept", "look-up", 0, setup_populated, run_gfn_to_pfn },
	{ "fault-4k/ept", "ept", "fresh page", 0, setup_fresh, run_fault },
	{ "fault-4k/npt", "npt", "fresh page", 0, setup_fresh, run_fault },
	{ "fault-4k/shadow", "shadow", "fresh page", 0, setup_fresh, run_fault },
	{ "access/warm-tlb", "ept", "access", 0, setup_warm, run_warm },
	{ "dirty-log-get/1GiB", "ept", "call", 0, setup_dirty, run_dirty },
	{ 0 },
};
