// SPDX-License-Identifier: GPL-2.0-only
/* Dirty logs and rings, the VMM's memory, MMIO without exits, the guest's stage 1, tags. */
#include "probe.h"

static void bits(const char *n, u64 *map, int pages)
{
	char b[2000], *o = b;
	*o = 0;
	for (int i = 0; i < pages; i++)
		if (map[i / 64] >> (i % 64) & 1)
			o += sprintf(o, "%d,", i);
	answer(n, "%s", b);
}

static void dirty(void)
{
	u64 map[64];
	struct kvm_dirty_log l = {.slot = 0,.dirty_bitmap = map };
	struct vm v = make_guest(64 * page_bytes, 0);
	number("log.off", io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l));
	poke(&v, 3 * page_bytes, 8, 1);
	number("log.on", region(v.fd, 0, 1, 0, v.size, v.ram));
	memset(map, 0xff, 512);
	number("log.get", io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l));
	bits("log.first", map, 64);
	poke(&v, 5 * page_bytes, 8, 1);
	poke(&v, 63 * page_bytes, 1, 1);
	peek("log.rd", &v, 9 * page_bytes, 8);
	poke(&v, 3 * page_bytes + 8, 4, 1);
	memset(v.ram + 20 * page_bytes, 1, 8);
	io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l);
	bits("log.writes", map, 64);
	io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l);
	bits("log.again", map, 64);
	poke(&v, 5 * page_bytes, 8, 1);
	io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l);
	bits("log.rewrite", map, 64);
	l.slot = 3;
	number("log.absent", io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l));
	l.slot = 0x10000;
	number("log.as1", io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l));
	l.slot = 0x7fff;
	number("log.slot-max", io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l));
	l.slot = 0;
	l.dirty_bitmap = (void *)8;
	poke(&v, 6 * page_bytes, 8, 1);
	number("log.fault", io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l));
	l.dirty_bitmap = map;
	io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l);
	bits("log.after-fault", map, 64);
	struct kvm_clear_dirty_log c = {.slot = 0,.num_pages = 64,.dirty_bitmap = map };
	number("clear.no-manual", io(v.fd, KVM_CLEAR_DIRTY_LOG, (u64)&c));
	number("log.off-again", region(v.fd, 0, 0, 0, v.size, v.ram));
	number("log.get-off", io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l));
	end(&v);
	struct kvm_enable_cap e = {.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,.args = {4} };
	v = make_guest(64 * page_bytes, 0);
	number("manual.bad", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	e.args[0] = 2;
	number("manual.only2", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	e.args[0] = 1;
	number("manual.1", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	region(v.fd, 0, 1, 0, v.size, v.ram);
	poke(&v, page_bytes, 8, 1);
	poke(&v, 40 * page_bytes, 8, 1);
	io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l);
	bits("manual.get", map, 64);
	io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l);
	bits("manual.get-again", map, 64);
	struct {
		u64 first;
		u32 num;
		u32 slot;
	} q[] = {
		{ 0, 63, 0 }, { 1, 63, 0 }, { 0, 128, 0 }, { 64, 0, 0 }, { 64, 64, 0 }, { 128, 64, 0 },
		{ 0, 0, 0 }, { 0, 64, 5 }, { 0, 64, 0x10000 }, { ~0ULL << 6, 64, 0 },
	};
	char b[40];
	for (int i = 0; i < 10; i++) {
		memset(map, 0, 512);
		map[0] = 2;
		c.first_page = q[i].first;
		c.num_pages = q[i].num;
		c.slot = q[i].slot;
		sprintf(b, "clear" ".%ld", (long)i);
		number(b, io(v.fd, KVM_CLEAR_DIRTY_LOG, (u64)&c));
	}
	io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l);
	bits("clear.left0", map, 64);
	memset(map, 0, 512);
	map[0] = 2;
	c.first_page = 0;
	c.num_pages = 64;
	c.slot = 0;
	number("clear.ok", io(v.fd, KVM_CLEAR_DIRTY_LOG, (u64)&c));
	io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l);
	bits("clear.left", map, 64);
	poke(&v, page_bytes, 8, 1);
	io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l);
	bits("clear.rewrite", map, 64);
	end(&v);
	v = make_guest(64 * page_bytes, 0);
	e.args[0] = 3;
	number("manual.3", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	region(v.fd, 0, 1, 0, v.size, v.ram);
	io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l);
	number("manual.initially", __builtin_popcountll(map[0]));
	end(&v);
	/* ring */
	static const u64 sizes[] = { 0, 16, 1000, 4096, 65536, 1 << 20, 1 << 21, 3 * 4096 };
	for (int i = 0; i < 8; i++) {
		int vm = io(kvm, KVM_CREATE_VM, 0);
		e = (struct kvm_enable_cap) {.cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL,.args = {sizes[i]} };
		sprintf(b, "ring.size-%lld", (long long)sizes[i]);
		number(b, io(vm, KVM_ENABLE_CAP, (u64)&e));
		close(vm);
	}
	v = make_vm(64 * page_bytes, 0);
	e.args[0] = 65536;
	e.flags = 1;
	number("ring.flags", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	end(&v);
	v = make_vm(64 * page_bytes, 0);
	e.flags = 0;
	number("ring.ok", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	number("ring.twice", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	e = (struct kvm_enable_cap) {.cap = KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP };
	number("ring.bitmap-with-slots", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	add_vcpu(&v);
	region(v.fd, 0, 1, 0, v.size, v.ram);
	number("ring.get-log", io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l));
	number("ring.reset-empty", io(v.fd, KVM_RESET_DIRTY_RINGS, 0));
	poke(&v, 7 * page_bytes, 8, 1);
	poke(&v, 2 * page_bytes, 8, 1);
	poke(&v, 7 * page_bytes, 8, 1);
	struct kvm_dirty_gfn *g =
	    mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, v.vcpu, KVM_DIRTY_LOG_PAGE_OFFSET * page_bytes);
	if (g != MAP_FAILED) {
		for (int i = 0; i < 3; i++) {
			sprintf(b, "ring.entry" ".%ld", (long)i);
			answer(b, "%x,%x,%llx", g[i].flags, g[i].slot, (unsigned long long)g[i].offset);
		}
		g[0].flags = 2;
		number("ring.reset1", io(v.fd, KVM_RESET_DIRTY_RINGS, 0));
		g[1].flags = 2;
		number("ring.reset2", io(v.fd, KVM_RESET_DIRTY_RINGS, 0));
		poke(&v, 7 * page_bytes, 8, 1);
		answer("ring.entry-next", "%x,%x,%llx", g[2].flags, g[2].slot, (unsigned long long)g[2].offset);
	}
	number("ring.mmap-long",
	       mmap(0, 65536 + page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, v.vcpu,
		    KVM_DIRTY_LOG_PAGE_OFFSET * page_bytes) != MAP_FAILED);
	number("ring.mmap-exec",
	       mmap(0, 65536, PROT_READ | PROT_EXEC, MAP_SHARED, v.vcpu,
		    KVM_DIRTY_LOG_PAGE_OFFSET * page_bytes) != MAP_FAILED);
	number("ring.mmap-private",
	       mmap(0, 65536, PROT_READ, MAP_PRIVATE, v.vcpu, KVM_DIRTY_LOG_PAGE_OFFSET * page_bytes) != MAP_FAILED);
	end(&v);
	v = make_guest(64 * page_bytes, 0);
	e = (struct kvm_enable_cap) {.cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL,.args = {65536} };
	number("ring.after-vcpu", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	number("ring.reset-none", io(v.fd, KVM_RESET_DIRTY_RINGS, 0));
	end(&v);
	v = make_guest(64 * page_bytes, 2);
	number("ro.log-on", region(v.fd, 0, 3, 0, v.size, v.ram));
	poke(&v, page_bytes, 8, 1);
	io(v.fd, KVM_GET_DIRTY_LOG, (u64)&l);
	bits("ro.log", map, 64);
	end(&v);
}

static void events(void)
{
	struct vm v = make_guest(64 * page_bytes, 0);
	write_to("ev.write", &v, 3 * page_bytes, 8, 0x31);
	number("ev.vmm-sees", *(u64 *)(v.ram + 3 * page_bytes));
	*(u64 *)(v.ram + 3 * page_bytes) = 0x32;
	peek("ev.guest-sees", &v, 3 * page_bytes, 8);
	madvise(v.ram + 3 * page_bytes, page_bytes, MADV_DONTNEED);
	peek("ev.dontneed", &v, 3 * page_bytes, 8);
	mprotect(v.ram + 3 * page_bytes, page_bytes, PROT_READ);
	peek("ev.ro-read", &v, 3 * page_bytes, 8);
	write_to("ev.ro-write", &v, 3 * page_bytes, 8, 1);
	mprotect(v.ram + 3 * page_bytes, page_bytes, PROT_READ | PROT_WRITE);
	write_to("ev.rw-write", &v, 3 * page_bytes, 8, 0x33);
	mprotect(v.ram + 3 * page_bytes, page_bytes, PROT_NONE);
	peek("ev.none-read", &v, 3 * page_bytes, 8);
	mprotect(v.ram + 3 * page_bytes, page_bytes, PROT_READ | PROT_WRITE);
	peek("ev.back", &v, 3 * page_bytes, 8);
	munmap(v.ram + 4 * page_bytes, page_bytes);
	peek("ev.unmapped", &v, 4 * page_bytes, 8);
	write_to("ev.unmapped-write", &v, 4 * page_bytes, 8, 1);
	insn("ev.fetch-unmapped", &v, 0xd61f0020, 0, 4 * page_bytes);
	mmap(v.ram + 4 * page_bytes, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
	     0);
	write_to("ev.remapped", &v, 4 * page_bytes, 8, 0x34);
	int fd = memfd_create("x", 0);
	ftruncate(fd, page_bytes);
	mmap(v.ram + 8 * page_bytes, 2 * page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	write_to("ev.file", &v, 8 * page_bytes, 8, 0x35);
	peek("ev.file-end", &v, 9 * page_bytes, 8);
	ftruncate(fd, 0);
	peek("ev.truncated", &v, 8 * page_bytes, 8);
	mmap(v.ram + 10 * page_bytes, page_bytes, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	write_to("ev.wronly", &v, 10 * page_bytes, 8, 0x36);
	peek("ev.wronly-read", &v, 10 * page_bytes, 8);
	number("ev.delete", region(v.fd, 0, 0, 0, 0, 0));
	peek("ev.deleted", &v, 3 * page_bytes, 8);
	number("ev.back-at", region(v.fd, 0, 0, 2 * MiB, v.size, v.ram));
	peek("ev.moved", &v, 2 * MiB + 3 * page_bytes, 8);
	end(&v);
	v = make_guest(64 * page_bytes, 0);
	struct kvm_coalesced_mmio_zone z = {.addr = 0x10000000,.size = 0x1000 };
	number("coal.add", io(v.fd, KVM_REGISTER_COALESCED_MMIO, (u64)&z));
	z.pio = 1;
	number("coal.pio", io(v.fd, KVM_REGISTER_COALESCED_MMIO, (u64)&z));
	z.pio = 2;
	number("coal.bad", io(v.fd, KVM_REGISTER_COALESCED_MMIO, (u64)&z));
	z.pio = 0;
	write_to("coal.write", &v, 0x10000010, 4, 0x44);
	peek("coal.read", &v, 0x10000010, 4);
	number("coal.del", io(v.fd, KVM_UNREGISTER_COALESCED_MMIO, (u64)&z));
	number("coal.del-again", io(v.fd, KVM_UNREGISTER_COALESCED_MMIO, (u64)&z));
	write_to("coal.gone", &v, 0x10000010, 4, 0x45);
	int ev = eventfd(0, EFD_NONBLOCK);
	struct kvm_ioeventfd i = {.datamatch = 7,.addr = 0x10000100,.len = 4,.fd = ev,.flags = 1 };
	number("ioev.add", io(v.fd, KVM_IOEVENTFD, (u64)&i));
	number("ioev.again", io(v.fd, KVM_IOEVENTFD, (u64)&i));
	write_to("ioev.match", &v, 0x10000100, 4, 7);
	write_to("ioev.other", &v, 0x10000100, 4, 8);
	i.len = 3;
	number("ioev.len3", io(v.fd, KVM_IOEVENTFD, (u64)&i));
	i.len = 0;
	number("ioev.len0", io(v.fd, KVM_IOEVENTFD, (u64)&i));
	i.flags = 0;
	number("ioev.len0-any", io(v.fd, KVM_IOEVENTFD, (u64)&i));
	i.flags = 2;
	number("ioev.pio", io(v.fd, KVM_IOEVENTFD, (u64)&i));
	i.flags = 1 << 9;
	number("ioev.flags", io(v.fd, KVM_IOEVENTFD, (u64)&i));
	i.fd = -1;
	i.flags = 0;
	i.len = 4;
	number("ioev.badfd", io(v.fd, KVM_IOEVENTFD, (u64)&i));
	i.flags = 4;
	i.fd = ev;
	number("ioev.del-absent", io(v.fd, KVM_IOEVENTFD, (u64)&i));
	end(&v);
}

static void stage1(void)
{
	struct vm v = make_guest(4 * MiB, 0);
	char *ro = mmap(0, 2 * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	u64 *root = (u64 *)(v.ram + 0x10000), B = 0x701, T = 3;	/* AF, inner shareable, AttrIdx 0, block */
	region(v.fd, 5, KVM_MEM_READONLY, 0x20000000, 2 * page_bytes, ro);
	root[0] = B;
	root[1] = 0x40000000 | B;
	root[2] = 0x18000000 | T;
	root[3] = 0;
	root[4] = B | 2 << 6;
	root[5] = B & ~0x400;
	root[6] = 0x20000000 | T;
	root[7] = (1ULL << 41) | B;
	root[8] = B | 1ULL << 53;
	root[9] = B | 1 << 6;
	root[10] = 0x11000 | T;
	root[11] = 0x0c000000 | T;
	root[12] = (1ULL << 40) | T;
	((u64 *)ro)[0] = B;
	((u64 *)ro)[1] = (B | 0x200000) & ~0x400;
	*(u64 *)(v.ram + 0x11000) = 0x12000 | T;
	*(u64 *)(v.ram + 0x12000) = 0x5000 | B | T;
	*(u64 *)(v.ram + 0x12008) = 0x6000 | ((B | T) & ~0x400ULL);
	*(u64 *)(v.ram + 0x12010) = 0x7000 | B;
	*(u64 *)(v.ram + 0x12018) = 0x10000000 | B | T;
	set_reg(v.vcpu, ARM64_SYS_REG(3, 0, 10, 2, 0), 0xff);
	set_reg(v.vcpu, ARM64_SYS_REG(3, 0, 2, 0, 2), 25 | 1ULL << 23 | 5ULL << 32 | 3 << 12 | 1 << 10 | 1 << 8);
	set_reg(v.vcpu, ARM64_SYS_REG(3, 0, 2, 0, 0), 0x10000);
	set_reg(v.vcpu, ARM64_SYS_REG(3, 0, 1, 0, 0), get_reg(v.vcpu, ARM64_SYS_REG(3, 0, 1, 0, 0)) | 1 | 4 | 0x1000);
	/* DONE and EXC are in the first GiB: by block */
	peek("s1.identity", &v, 0x5000, 8);
	write_to("s1.identity-write", &v, 0x5000, 8, 0x55);
	peek("s1.table-outside", &v, 2 * GiB, 8);
	peek("s1.invalid", &v, 3 * GiB, 8);
	peek("s1.ro-read", &v, 4 * GiB + 0x5000, 8);
	write_to("s1.ro-write", &v, 4 * GiB + 0x5000, 8, 0x55);
	peek("s1.no-af", &v, 5 * GiB, 8);
	peek("s1.table-in-ro", &v, 6 * GiB + 0x5000, 8);
	write_to("s1.table-in-ro-write", &v, 6 * GiB + 0x5008, 8, 0x55);
	peek("s1.table-in-ro-no-af", &v, 6 * GiB + 2 * MiB, 8);
	peek("s1.beyond-ipa", &v, 7 * GiB, 8);
	write_to("s1.user-page-write", &v, 9 * GiB + 0x5010, 8, 0x55);
	peek("s1.page", &v, 10 * GiB + 8, 8);
	peek("s1.page-no-af", &v, 10 * GiB + 0x1000, 8);
	peek("s1.page-reserved", &v, 10 * GiB + 0x2000, 8);
	peek("s1.page-mmio", &v, 10 * GiB + 0x3010, 8);
	write_to("s1.page-mmio-write", &v, 10 * GiB + 0x3010, 4, 0x55);
	peek("s1.page-none", &v, 10 * GiB + 0x4000, 8);
	peek("s1.l2-none", &v, 10 * GiB + 2 * MiB, 8);
	peek("s1.table-hole", &v, 11 * GiB, 8);
	peek("s1.table-beyond-ipa", &v, 12 * GiB, 8);
	peek("s1.va-39", &v, 1ULL << 39, 8);
	peek("s1.va-noncanonical", &v, 1ULL << 60, 8);
	peek("s1.ttbr1", &v, 0xffffff8000000000ULL, 8);
	peek("s1.unaligned", &v, 0x5003, 8);
	insn("s1.swp", &v, 0xf8208020, 9, 0x5000);
	insn("s1.fetch-pxn", &v, 0xd61f0020, 0, 8 * GiB + 0x5000);
	insn("s1.fetch-none", &v, 0xd61f0020, 0, 3 * GiB);
	insn("s1.fetch-unaligned", &v, 0xd61f0020, 0, 0x5002);
	insn("", &v, 0xd5087801, 0, 4 * GiB + 0x5000);
	answer("s1.par-ok", "%llx", (unsigned long long)get_reg(v.vcpu, PAR) & 0xfffffffff000);
	insn("", &v, 0xd5087801, 0, 3 * GiB);
	answer("s1.par-fail", "%llx", (unsigned long long)get_reg(v.vcpu, PAR) & 0x7f);
	munmap(v.ram + 0x12000, page_bytes);
	peek("s1.table-unmapped", &v, 10 * GiB, 8);
	end(&v);
}

static void mte(void)
{
	struct vm v = make_vm(64 * page_bytes, 0);
	struct kvm_enable_cap e = {.cap = KVM_CAP_ARM_MTE };
	number("mte.cap", io(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_MTE));
	if (!io(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_MTE))
		return;
	unsigned char t[65536 / 16];
	struct kvm_arm_copy_mte_tags c = {.guest_ipa = 2 * page_bytes,.length = page_bytes,.addr = t,.flags = 1 };
	number("mte.copy-off", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	number("mte.on", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	number("mte.again", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	add_vcpu(&v);
	number("mte.after-vcpu", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	memset(t, 9, sizeof t);
	number("mte.from", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	number("mte.tag0", t[0]);
	for (u64 i = 0; i < page_bytes / 16; i++)
		t[i] = i * 3 + 0x30;
	c.flags = 0;
	number("mte.to", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	c.flags = 1;
	memset(t, 0xee, sizeof t);
	number("mte.back", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	insn("mte.ldg", &v, 0xd9600020, 0, 2 * page_bytes + 16);	/* SCTLR.ATA off: 0 */
	c.length = page_bytes / 2;
	number("mte.half", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	c.length = page_bytes;
	c.guest_ipa = page_bytes / 2;
	number("mte.unaligned", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	c.guest_ipa = 64 * page_bytes;
	number("mte.beyond", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	c.guest_ipa = 0;
	c.flags = 2;
	number("mte.flags", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	c.flags = 1;
	c.reserved[0] = 1;
	number("mte.reserved", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	c.reserved[0] = 0;
	c.addr = (void *)8;
	number("mte.fault", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	c.length = 0;
	number("mte.empty", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	c.length = 1ULL << 31;
	number("mte.long", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	c.addr = t;
	c.length = page_bytes;
	c.flags = 0;
	region(v.fd, 0, 1, 0, v.size, v.ram);
	number("mte.to-logging", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	c.flags = 1;
	number("mte.from-logging", io(v.fd, KVM_ARM_MTE_COPY_TAGS, (u64)&c));
	end(&v);
	int fd = memfd_create("y", 0);
	ftruncate(fd, 16 * page_bytes);
	char *m = mmap(0, 16 * page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	v = make_vm(64 * page_bytes, 0);
	number("mte.on-shm", io(v.fd, KVM_ENABLE_CAP, (u64)&e));
	number("mte.slot-shm", region(v.fd, 1, 0, 0x20000000, 16 * page_bytes, m));
	end(&v);
}

void probe_memory(void)
{
	dirty();
	events();
	stage1();
	mte();
}
