// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU that halts until its APIC's timer, while the other threads make no call, or wait in the simulated kernel
 * themselves: virtual time passes, so the timer comes.
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include "guest.h"

#define CODE 0x1000
#define HANDLER 0x2000
#define TABLES 0x8000
#define GDT 0xb000
#define IDT 0xc000
#define STACK 0xe000
#define RAM (2UL << 20)
#define VECTOR 0x40
#define LIMIT 30000000U		/* ns */

static struct guest halted[2];	/* guest 0 has a timer, guest 1 has none */
static int done[2];		/* a pipe; a byte says that guest 0 has come to its handler */
static int flag;

static uint64_t virtual_time(void)
{
	struct kvm_clock_data data = {};

	CHECK(!ioctl(halted[0].vm, KVM_GET_CLOCK, &data));
	return data.clock;
}

/* Its tables: memory one to one, code of 64 bits, one gate. */
static void make_tables(char *ram)
{
	uint64_t *table = (uint64_t *)(ram + TABLES), *idt = (uint64_t *)(ram + IDT);

	table[0] = (TABLES + PAGE) | 3;
	table[512] = (TABLES + 2 * PAGE) | 3;
	table[1024] = 0x83;
	((uint64_t *)(ram + GDT))[1] = 0x00af9b000000ffff;
	idt[2 * VECTOR] = 0x8e0000080000 | HANDLER;
}

/* What the vCPU's processor has: 64 bits, for example. */
static void set_cpuid(int kvm, int vcpu)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[100];
	} cpuid = { .head.nent = 100 };

	CHECK(!ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid) && !ioctl(vcpu, KVM_SET_CPUID2, &cpuid));
}

static void make_halted(struct guest *g)
{
	static const unsigned char code[] = { 0xfb, 0xf4, 0xeb, 0xfd };	/* sti; again: hlt; jmp again */
	static const unsigned char handler[] = { 0xe6, 0x80 };		/* out %al, $0x80 */
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	struct kvm_userspace_memory_region slot = { .memory_size = RAM };
	int kvm = open("/dev/kvm", O_RDWR), size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	g->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	g->ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	slot.userspace_addr = (uintptr_t)g->ram;
	CHECK(g->vm >= 0 && !ioctl(g->vm, KVM_ENABLE_CAP, &split));
	CHECK(g->ram != MAP_FAILED && !ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &slot));
	memcpy(g->ram + CODE, code, sizeof(code));
	memcpy(g->ram + HANDLER, handler, sizeof(handler));
	make_tables(g->ram);
	g->vcpu = ioctl(g->vm, KVM_CREATE_VCPU, 0);
	g->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, g->vcpu, 0);
	CHECK(g->vcpu >= 0 && g->run != MAP_FAILED);
	set_cpuid(kvm, g->vcpu);
	CHECK(!close(kvm));
}

static void start(struct guest *g, unsigned int ns)
{
	struct kvm_regs regs = { .rip = CODE, .rsp = STACK, .rflags = 2 };
	struct kvm_lapic_state apic;
	struct kvm_sregs sregs;
	uint32_t *reg = (uint32_t *)apic.regs;

	CHECK(!ioctl(g->vcpu, KVM_GET_SREGS, &sregs));
	sregs.cr3 = TABLES;
	sregs.cr4 |= 0x20;
	sregs.cr0 |= 0x80000001;
	sregs.efer |= 0x500;
	sregs.cs = (struct kvm_segment){ .limit = ~0U, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1 };
	sregs.cs.g = 1;
	sregs.gdt = (struct kvm_dtable){ .base = GDT, .limit = 15 };
	sregs.idt = (struct kvm_dtable){ .base = IDT, .limit = 16 * VECTOR + 15 };
	CHECK(!ioctl(g->vcpu, KVM_SET_SREGS, &sregs) && !ioctl(g->vcpu, KVM_SET_REGS, &regs));
	CHECK(!ioctl(g->vcpu, KVM_GET_LAPIC, &apic));
	reg[0xf0 / 4] = 0x1ff;		/* on */
	reg[0x320 / 4] = VECTOR;	/* LVT of the timer: once */
	reg[0x3e0 / 4] = 0xb;		/* each tick of the bus */
	reg[0x380 / 4] = reg[0x390 / 4] = ns;
	memset(&reg[0x100 / 4], 0, 0x80);	/* nothing is in service */
	CHECK(!ioctl(g->vcpu, KVM_SET_LAPIC, &apic));
}

static void run(struct guest *g)
{
	uint64_t begin = virtual_time();

	start(g, LIMIT);
	CHECK(!ioctl(g->vcpu, KVM_RUN, 0) && g->run->exit_reason == KVM_EXIT_IO && g->run->io.port == 0x80);
	CHECK(virtual_time() - begin >= LIMIT);
}

static void *runs(void *arg)
{
	run(arg);
	__atomic_store_n(&flag, 1, __ATOMIC_SEQ_CST);
	CHECK(write(done[1], "", 1) == 1);
	return NULL;
}

static pthread_t begin_run(void)
{
	pthread_t t;

	flag = 0;
	CHECK(!pthread_create(&t, NULL, runs, &halted[0]));
	return t;
}

static void end_run(pthread_t t)
{
	char byte;

	CHECK(!pthread_join(t, NULL) && read(done[0], &byte, 1) == 1);
}

/* Outside: the main thread waits for the thread, for a file of the host, or computes. */
static void nobody_calls(void)
{
	struct pollfd p = { .fd = done[0], .events = POLLIN };
	pthread_t t = begin_run();

	end_run(t);
	t = begin_run();
	CHECK(poll(&p, 1, -1) == 1);
	end_run(t);
	t = begin_run();
	while (!__atomic_load_n(&flag, __ATOMIC_SEQ_CST))
		;
	end_run(t);
}

static void *halts(void *arg)
{
	CHECK(!pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
	CHECK(!ioctl(halted[1].vcpu, KVM_RUN, 0) && !"a vCPU without a timer wakes");
	return arg;
}

/* Another thread sleeps in the kernel without a limit, from before or from after the one with a limit. */
static void others_sleep(void)
{
	pthread_t t, other;
	void *ret;

	start(&halted[1], 0);
	t = begin_run();
	CHECK(!pthread_create(&other, NULL, halts, NULL));
	end_run(t);
	end_run(begin_run());
	CHECK(!pthread_cancel(other) && !pthread_join(other, &ret) && ret == PTHREAD_CANCELED);
}

/* Another thread runs a guest when this one falls asleep, and leaves the kernel later. */
static void others_leave(void)
{
	struct guest counting;
	pthread_t t, guest;

	guest_make(&counting);
	CHECK(!pthread_create(&guest, NULL, guest_thread, &counting));
	guest_counts(&counting);
	t = begin_run();
	CHECK(!poll(NULL, 0, 50));
	counting.ram[STOP] = 1;
	CHECK(!pthread_join(guest, NULL));
	end_run(t);
}

static struct guest faulting;

static void *adds_slot(void *arg)
{
	struct kvm_userspace_memory_region slot = { .slot = 1, .guest_phys_addr = RAM, .memory_size = PAGE };

	slot.userspace_addr = (uintptr_t)faulting.ram;

	CHECK(!ioctl(faulting.vm, KVM_SET_USER_MEMORY_REGION, &slot));
	return arg;
}

/* One waits for a page, in SRCU; another one waits for the end of that, busily; the third sleeps with a limit. */
static void others_wait_busily(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero = { .range.len = PAGE };
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffd_msg msg;
	pthread_t guest, other;

	guest_make(&faulting);
	range.range = (struct uffdio_range){ (uintptr_t)faulting.ram + COUNTER, PAGE };
	CHECK(uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api) && !ioctl(uffd, UFFDIO_REGISTER, &range));
	CHECK(!pthread_create(&guest, NULL, guest_thread, &faulting));
	CHECK(read(uffd, &msg, sizeof(msg)) == sizeof(msg) && msg.event == UFFD_EVENT_PAGEFAULT);
	CHECK(!pthread_create(&other, NULL, adds_slot, NULL));
	end_run(begin_run());
	zero.range.start = range.range.start;
	CHECK(!ioctl(uffd, UFFDIO_ZEROPAGE, &zero));
	faulting.ram[STOP] = 1;
	CHECK(!pthread_join(other, NULL) && !pthread_join(guest, NULL) && !close(uffd));
}

int main(void)
{
	CHECK(!pipe(done));
	make_halted(&halted[0]);
	make_halted(&halted[1]);
	run(&halted[0]);
	nobody_calls();
	others_sleep();
	others_leave();
	others_wait_busily();
	return 0;
}
