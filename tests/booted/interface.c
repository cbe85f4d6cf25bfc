// SPDX-License-Identifier: GPL-2.0-only
/* Capabilities, regions, VMs and vCPUs, MMIO and calls. */
#include "probe.h"

static void caps(void)
{
	static const struct {
		int cap;
		const char *name;
	} c[] = {
#define C(x) { KVM_CAP_##x, #x }
		C(USER_MEMORY), C(DESTROY_MEMORY_REGION_WORKS), C(JOIN_MEMORY_REGIONS_WORKS), C(SYNC_MMU),
		C(COALESCED_MMIO), C(COALESCED_PIO), C(NR_MEMSLOTS), C(MULTI_ADDRESS_SPACE), C(READONLY_MEM),
		C(MANUAL_DIRTY_LOG_PROTECT2), C(DIRTY_LOG_RING), C(DIRTY_LOG_RING_ACQ_REL),
		C(DIRTY_LOG_RING_WITH_BITMAP), C(ONE_REG), C(IOEVENTFD), C(IOEVENTFD_ANY_LENGTH),
		C(IOEVENTFD_NO_LENGTH), C(IRQFD), C(DEVICE_CTRL), C(IMMEDIATE_EXIT), C(MP_STATE),
		C(VCPU_EVENTS), C(VCPU_ATTRIBUTES), C(ARM_PSCI), C(ARM_PSCI_0_2), C(ARM_NISV_TO_USER),
		C(ARM_INJECT_EXT_DABT), C(ARM_VM_IPA_SIZE), C(ARM_EL1_32BIT), C(ARM_SYSTEM_SUSPEND),
		C(ARM_EAGER_SPLIT_CHUNK_SIZE), C(ARM_SUPPORTED_BLOCK_SIZES), C(ARM_SUPPORTED_REG_MASK_RANGES),
		C(MEMORY_FAULT_INFO), C(BINARY_STATS_FD), C(HALT_POLL), C(EXIT_HYPERCALL), C(MEMORY_ATTRIBUTES),
		C(GUEST_MEMFD), C(PRE_FAULT_MEMORY), C(S390_UCONTROL), C(INTERNAL_ERROR_DATA), C(ENABLE_CAP_VM),
		C(VM_ATTRIBUTES), C(CHECK_EXTENSION_VM), C(SET_GUEST_DEBUG), C(MAX_VCPUS), C(MAX_VCPU_ID),
		C(IRQ_ROUTING), C(SIGNAL_MSI), C(STEAL_TIME), C(PTP_KVM), C(DISABLE_QUIRKS2), C(USER_MEMORY2),
		C(MSI_DEVID), C(ARM_SET_DEVICE_ADDR), C(ARM_USER_IRQ), C(SYSTEM_EVENT_DATA),
		C(X86_DISABLE_EXITS), C(VM_GPA_BITS),
	};
	int vm = io(kvm, KVM_CREATE_VM, 0);
	char b[80];
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		sprintf(b, "cap.%s", c[i].name);
		number(b, io(kvm, KVM_CHECK_EXTENSION, c[i].cap));
		sprintf(b, "vmcap.%s", c[i].name);
		number(b, io(vm, KVM_CHECK_EXTENSION, c[i].cap));
	}
	close(vm);
	number("api", io(kvm, KVM_GET_API_VERSION, 0));
}

static void regions(void)
{
	int vm = io(kvm, KVM_CREATE_VM, 0);
	char *m = mmap(0, 8 * MiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct {
		const char *n;
		u32 slot, flags;
		u64 gpa, size;
		u64 addr;
	} t[] = {
		{ "gpa-unaligned", 0, 0, 1, page_bytes, (u64)m },
		{ "gpa-half", 0, 0, page_bytes / 2, page_bytes, (u64)m },
		{ "size-unaligned", 0, 0, 0, page_bytes + 1, (u64)m },
		{ "addr-unaligned", 0, 0, 0, page_bytes, (u64)m + 1 },
		{ "addr-half", 0, 0, 0, page_bytes, (u64)m + page_bytes / 2 },
		{ "flags-bad", 0, 1 << 5, 0, page_bytes, (u64)m },
		{ "flags-gmem", 0, 4, 0, page_bytes, (u64)m },
		{ "ro-ok", 5, 2, 0x20000000, page_bytes, (u64)m },
		{ "slot-max", 0x7fff, 0, 0, page_bytes, (u64)m },
		{ "slot-last", 0x7ffe, 0, 0x30000000, page_bytes, (u64)m },
		{ "slot-last-del", 0x7ffe, 0, 0, 0, 0 }, { "as1", 1 << 16, 0, 0, page_bytes, (u64)m },
		{ "delete-absent", 7, 0, 0, 0, 0 }, { "addr-noncanonical", 0, 0, 0, page_bytes, 1ULL << 60 },
		{ "addr-kernel", 0, 0, 0, page_bytes, 0xffff000000000000ULL },
		{ "wrap", 0, 0, 0 - page_bytes, 2 * page_bytes, (u64)m },
		{ "ipa-beyond", 0, 0, 1ULL << 40, page_bytes, (u64)m },
		{ "ipa-over", 0, 0, (1ULL << 40) - page_bytes, 2 * page_bytes, (u64)m },
		{ "ipa-last", 6, 0, (1ULL << 40) - page_bytes, page_bytes, (u64)m },
		{ "ipa-last-del", 6, 0, 0, 0, 0 }, { "too-many-pages", 0, 0, 0, page_bytes << 31, (u64)m },
		{ "size-huge", 0, 0, 0, 1ULL << 63, (u64)m }, { "add", 0, 0, 0, 4 * MiB, (u64)m },
		{ "add-again", 0, 0, 0, 4 * MiB, (u64)m }, { "overlap", 1, 0, 2 * MiB, 4 * MiB, (u64)m },
		{ "overlap-last", 1, 0, 4 * MiB - page_bytes, page_bytes, (u64)m },
		{ "adjacent", 1, 0, 4 * MiB, page_bytes, (u64)m }, { "resize", 0, 0, 0, 2 * MiB, (u64)m },
		{ "other-addr", 0, 0, 0, 4 * MiB, (u64)m + page_bytes },
		{ "make-ro", 0, 2, 0, 4 * MiB, (u64)m }, { "log", 0, 1, 0, 4 * MiB, (u64)m },
		{ "log-off", 0, 0, 0, 4 * MiB, (u64)m }, { "move", 0, 0, 0x10000000, 4 * MiB, (u64)m },
		{ "move-onto", 0, 0, 4 * MiB, 4 * MiB, (u64)m },
		{ "move-ro", 0, 2, 0x18000000, 4 * MiB, (u64)m },
		{ "ro-flag-off", 5, 0, 0x20000000, page_bytes, (u64)m },
		{ "ro-log", 5, 3, 0x20000000, page_bytes, (u64)m }, { "delete", 0, 0, 0, 0, 0 },
		{ "delete-again", 0, 0, 0, 0, 0 }, { "delete-flags", 1, 1, 4 * MiB, 0, (u64)m },
		{ "unmapped-ok", 8, 0, 0x38000000, page_bytes, 0x7000000000ULL & -page_bytes },
	};
	char b[80];
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		sprintf(b, "region.%s", t[i].n);
		number(b, region(vm, t[i].slot, t[i].flags, t[i].gpa, t[i].size, (void *)t[i].addr));
	}
	struct kvm_userspace_memory_region2 r2 = {.slot = 9,.guest_phys_addr = 0x3c000000,.memory_size =
		    page_bytes,.userspace_addr = (u64)m };
	number("region2.ok", io(vm, KVM_SET_USER_MEMORY_REGION2, (u64)&r2));
	r2.pad1 = 1;
	number("region2.pad", io(vm, KVM_SET_USER_MEMORY_REGION2, (u64)&r2));
	r2.pad1 = 0;
	r2.flags = 4;
	number("region2.gmem", io(vm, KVM_SET_USER_MEMORY_REGION2, (u64)&r2));
	number("region.fault", io(vm, KVM_SET_USER_MEMORY_REGION, 8));
	munmap(m, 8 * MiB);
	close(vm);
}

static void machine(void)
{
	static const u64 types[] = {
		0, 31, 32, 33, 36, 40, 42, 44, 47, 48, 49, 52, 1 << 8, 1 << 16, 1ULL << 31,
	};
	char b[80];
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		long fd = io(kvm, KVM_CREATE_VM, types[i]);
		sprintf(b, "type.%llx", (unsigned long long)types[i]);
		number(b, fd < 0 ? fd : 0);
		if (fd >= 0)
			close(fd);
	}
	int vm = io(kvm, KVM_CREATE_VM, 0), c = io(vm, KVM_CREATE_VCPU, 0);
	number("vcpu.again", io(vm, KVM_CREATE_VCPU, 0));
	number("vcpu.512", io(vm, KVM_CREATE_VCPU, 512) < 0);
	number("vcpu.100000", io(vm, KVM_CREATE_VCPU, 100000));
	number("vcpu.run-uninit", io(c, KVM_RUN, 0));
	u64 v;
	struct kvm_one_reg r = { CORE(regs.pc), (u64)&v };
	number("vcpu.get-uninit", io(c, KVM_GET_ONE_REG, (u64)&r));
	struct kvm_mp_state mp = { 0 };
	io(c, KVM_GET_MP_STATE, (u64)&mp);
	number("vcpu.mp", mp.mp_state);
	struct kvm_vcpu_init in = {.target = 77 };
	number("init.target", io(c, KVM_ARM_VCPU_INIT, (u64)&in));
	io(vm, KVM_ARM_PREFERRED_TARGET, (u64)&in);
	number("target", in.target);
	number("target.features", in.features[0]);
	in.features[0] = 1u << 31;
	number("init.feature31", io(c, KVM_ARM_VCPU_INIT, (u64)&in));
	in.features[0] = 0;
	in.features[3] = 1;
	number("init.word3", io(c, KVM_ARM_VCPU_INIT, (u64)&in));
	in.features[3] = 0;
	in.features[0] = 1 << KVM_ARM_VCPU_PSCI_0_2;
	number("init", io(c, KVM_ARM_VCPU_INIT, (u64)&in));
	number("init.again", io(c, KVM_ARM_VCPU_INIT, (u64)&in));
	in.features[0] = 0;
	number("init.other", io(c, KVM_ARM_VCPU_INIT, (u64)&in));
	answer("reg.pc", "%llx", (unsigned long long)get_reg(c, CORE(regs.pc)));
	answer("reg.pstate", "%llx", (unsigned long long)get_reg(c, CORE(regs.pstate)));
	static const u64 ps[] = { 0x0, 0x3c0, 0x3c4, 0x3c5, 0x3c8, 0x3c9, 0x1d3 };
	for (int i = 0; i < 7; i++) {
		sprintf(b, "pstate.%llx", (unsigned long long)ps[i]);
		number(b, set_reg(c, CORE(regs.pstate), ps[i]));
	}
	struct {
		const char *n;
		u64 id;
	} q[] = {
		{ "sctlr", ARM64_SYS_REG(3, 0, 1, 0, 0) }, { "ttbr0", ARM64_SYS_REG(3, 0, 2, 0, 0) },
		{ "tcr", ARM64_SYS_REG(3, 0, 2, 0, 2) }, { "mair", ARM64_SYS_REG(3, 0, 10, 2, 0) },
		{ "mpidr", ARM64_SYS_REG(3, 0, 0, 0, 5) }, { "vbar", VBAR },
		{ "none", ARM64_SYS_REG(3, 7, 15, 15, 7) }, { "cpacr", ARM64_SYS_REG (3, 0, 1, 0, 2) },
		{ "contextidr", ARM64_SYS_REG(3, 0, 13, 0, 1) }, { "cntkctl", ARM64_SYS_REG(3, 0, 14, 1, 0) },
	};
	for (size_t i = 0; i < sizeof(q) / sizeof(*q); i++) {
		sprintf(b, "sysreg.%s", q[i].n);
		answer(b, "%llx", (unsigned long long)get_reg(c, q[i].id));
	}
	number("reg.badsize",
	       io(c, KVM_GET_ONE_REG, (u64)&(struct kvm_one_reg){ CORE(regs.pc) & ~KVM_REG_SIZE_MASK, (u64)&v }));
	number("reg.badarch", io(c, KVM_GET_ONE_REG, (u64)&(struct kvm_one_reg){ 1, (u64)&v }));
	number("reg.badcore",
	       io(c, KVM_GET_ONE_REG,
		  (u64)&(struct kvm_one_reg){ KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | 0xfff,
		  (u64)&v }));
	number("reg.fault", io(c, KVM_GET_ONE_REG, (u64)&(struct kvm_one_reg){ CORE(regs.pc), 8 }));
	number("vcpu.badioctl", io(c, 0xae99, 0));
	number("vm.badioctl", io(vm, 0xae99, 0));
	close(c);
	close(vm);
}

static void mmio(void)
{
	struct vm v = make_guest(2 * MiB, 0);
	char b[40];
	for (int n = 1; n <= 8; n *= 2) {
		sprintf(b, "mmio.read" ".%ld", (long)n);
		peek(b, &v, 0x10000000, n);
		sprintf(b, "mmio.write" ".%ld", (long)n);
		write_to(b, &v, 0x10000008, n, 0x1122334455667788);
	}
	insn("mmio.swp", &v, 0xf8208020, 5, 0x10000000);
	peek("edge.last", &v, 2 * MiB - 8, 8);
	peek("edge.beyond", &v, 2 * MiB, 8);
	peek("ipa.beyond", &v, 1ULL << 40, 8);
	peek("ipa.last", &v, (1ULL << 40) - 8, 8);
	peek("pa.49", &v, 1ULL << 49, 8);
	insn("fetch.beyond", &v, 0xd61f0020 /* br x1 */ , 0, 0x10000000);
	insn("hvc.psci-version", &v, 0xd4000002, 0x84000000, 0);
	insn("hvc.smccc", &v, 0xd4000002, 0x80000000, 0);
	insn("hvc.unknown", &v, 0xd4000002, 0x12345678, 0);
	insn("hvc.off", &v, 0xd4000002, 0x84000008, 0);
	end(&v);
	v = make_guest(2 * MiB, 0);
	insn("hvc.reset", &v, 0xd4000002, 0x84000009, 0);
	end(&v);
	v = make_guest(2 * MiB, 0);
	insn("smc", &v, 0xd4000003, 0x84000000, 0);
	struct kvm_enable_cap c = {.cap = KVM_CAP_ARM_NISV_TO_USER };
	number("nisv.enable", io(v.fd, KVM_ENABLE_CAP, (u64)&c));
	c.flags = 1;
	number("nisv.flags", io(v.fd, KVM_ENABLE_CAP, (u64)&c));
	insn("nisv.swp", &v, 0xf8208020, 5, 0x10000010);
	end(&v);
	c = (struct kvm_enable_cap) {.cap = KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE,.args = {2 * MiB} };
	v = make_vm(2 * MiB, 0);
	number("split.with-slot", io(v.fd, KVM_ENABLE_CAP, (u64)&c));
	close(v.fd);
	v.fd = io(kvm, KVM_CREATE_VM, 0);
	number("split.2M", io(v.fd, KVM_ENABLE_CAP, (u64)&c));
	c.args[0] = 12345;
	number("split.odd", io(v.fd, KVM_ENABLE_CAP, (u64)&c));
	c.args[0] = 32 * MiB;
	number("split.32M", io(v.fd, KVM_ENABLE_CAP, (u64)&c));
	c.args[0] = 1 << 30;
	number("split.1G", io(v.fd, KVM_ENABLE_CAP, (u64)&c));
	c.args[0] = 65536;
	number("split.64K", io(v.fd, KVM_ENABLE_CAP, (u64)&c));
	number("split.check", io(v.fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE));
	c.cap = 9999;
	number("cap.unknown", io(v.fd, KVM_ENABLE_CAP, (u64)&c));
	c.cap = KVM_CAP_DIRTY_LOG_RING;
	c.args[0] = 65536;
	number("ring.not-acq-rel", io(v.fd, KVM_ENABLE_CAP, (u64)&c));
	close(v.fd);
	v = make_guest(2 * MiB, KVM_MEM_READONLY);
	memcpy(v.ram + 0x30000, "readonly", 8);
	peek("ro.read", &v, 0x30000, 8);
	write_to("ro.write", &v, 0x30000, 8, 0x4242424242424242);
	peek("ro.read-again", &v, 0x30000, 8);
	insn("ro.swp", &v, 0xf8208020, 5, 0x30000);
	end(&v);
}

void probe_interface(void)
{
	caps();
	regions();
	machine();
	mmio();
}
