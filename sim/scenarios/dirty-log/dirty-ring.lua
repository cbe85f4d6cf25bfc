-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_CAP_DIRTY_LOG_RING_ACQ_REL (Documentation/virt/kvm/api.rst 8.29; virt/kvm/dirty_ring.c): each vCPU's ring of dirty
-- frames. x86_64 has KVM_CAP_DIRTY_LOG_RING as well, which is the same for a strongly ordered CPU.

local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" } }
local RESERVED <const> = 64		-- KVM_DIRTY_RING_RSVD_ENTRIES
local ENTRIES <const> = 256		-- one page of struct kvm_dirty_gfn, the least
local MAX_BYTES <const> = 65536 * 16	-- KVM_DIRTY_RING_MAX_ENTRIES

-- A logged slot 1 at 1M.
local function guest(sim, entries, length)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = length or "2M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { (entries or ENTRIES) * 16 } }):eq(0)
	expect(vm:set_user_memory_region{ slot = 1, flags = KVM_MEM_LOG_DIRTY_PAGES, guest_phys_addr = "1M",
		memory_size = ram.length, userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	return vcpu, vcpu:dirty_ring(entries or ENTRIES), vm, ram
end

local function entry(offset)
	return { slot = 1, as_id = 0, offset = offset }
end

local function gpa(page)
	return 0x100000 + page * 4096
end

scenario("dirty ring: writes push the frame's offset in its slot, in their order", options, function(sim)
	local vcpu, ring = guest(sim)
	expect(ring:collect()):eq{}
	for _, page in ipairs{ 3, 1, 2 } do
		expect(vcpu:write(gpa(page), "x")):is_true()
	end
	expect(ring:collect()):eq{ entry(3), entry(1), entry(2) }
	expect(ring:collect()):eq{}
end)

scenario("dirty ring: a page is pushed once, and again after KVM_RESET_DIRTY_RINGS", options, function(sim)
	local vcpu, ring, vm = guest(sim)
	expect(vcpu:write(gpa(5), "a")):is_true()
	expect(vcpu:write(gpa(5), "b")):is_true()
	expect(ring:collect()):eq{ entry(5) }
	expect(vcpu:write(gpa(5), "c")):is_true()
	expect(ring:collect()):eq{}
	expect(sim.inspect:mapping(vm, gpa(5)).writable):is_true()

	expect(vm:reset_dirty_rings()):eq(1)
	expect(sim.inspect:mapping(vm, gpa(5))):fields{ present = true, writable = false }
	expect(vcpu:write(gpa(5), "d")):is_true()
	expect(ring:collect()):eq{ entry(5) }
end)

scenario("dirty ring: reset takes what was collected, and leaves the rest", options, function(sim)
	local vcpu, ring, vm = guest(sim)
	for page = 0, 5 do
		expect(vcpu:write(gpa(page), "x")):is_true()
	end
	expect(vm:reset_dirty_rings()):eq(0)
	expect(#ring:collect(4)):eq(4)
	expect(vm:reset_dirty_rings()):eq(4)
	expect(sim.inspect:mapping(vm, gpa(3)).writable):is_false()
	expect(sim.inspect:mapping(vm, gpa(4)).writable):is_true()
	expect(ring:collect()):eq{ entry(4), entry(5) }
	expect(vm:reset_dirty_rings()):eq(2)
	expect(vm:reset_dirty_rings()):eq(0)
end)

-- kvm_dirty_ring_reset() joins neighbours within 64 pages, forwards and backwards, into one mask.
cases("dirty ring: reset protects every page, whatever their order", options, {
	{ "ascending", { 0, 1, 2, 63, 64, 65 } },
	{ "descending", { 130, 129, 70, 66, 65, 1 } },
	{ "up and down", { 40, 10, 50, 9, 200, 0, 199 } },
	{ "the last page of the slot", { 511, 510, 0 } },
}, function(sim, case)
	local vcpu, ring, vm = guest(sim)
	for _, page in ipairs(case[2]) do
		expect(vcpu:write(gpa(page), "x")):is_true()
	end
	expect(#ring:collect()):eq(#case[2])
	expect(vm:reset_dirty_rings()):eq(#case[2])
	for _, page in ipairs(case[2]) do
		expect(sim.inspect:mapping(vm, gpa(page))):fields{ present = true, writable = false }
	end
end)

scenario("dirty ring: each vCPU has its own, and the page is in the writer's", options, function(sim)
	local first, ring, vm = guest(sim)
	local second = vm:create_vcpu()
	local ring2 = second:dirty_ring(ENTRIES)
	expect(first:write(gpa(1), "x")):is_true()
	expect(second:write(gpa(2), "x")):is_true()
	expect(ring:collect()):eq{ entry(1) }
	expect(ring2:collect()):eq{ entry(2) }
	expect(vm:reset_dirty_rings()):eq(2)
end)

-- The write that fills it is pushed but has not happened yet: its fault is done, the guest is not entered again.
scenario("dirty ring: a soft-full ring exits with KVM_EXIT_DIRTY_RING_FULL until entries are reset", options, function(sim)
	local vcpu, ring, vm, ram = guest(sim)
	local last <const> = ENTRIES - RESERVED - 1
	for page = 0, last - 1 do
		expect(vcpu:write(gpa(page), "x")):is_true()
	end
	expect(vcpu:write(gpa(last), "y")):fields{ ret = 0, reason = KVM_EXIT_DIRTY_RING_FULL }
	expect(vcpu:run()):fields{ ret = 0, reason = KVM_EXIT_DIRTY_RING_FULL }
	-- Collecting alone makes no room.
	expect(#ring:collect()):eq(last + 1)
	expect(vcpu:run()):fields{ ret = 0, reason = KVM_EXIT_DIRTY_RING_FULL }
	expect(ram:read(last * 4096, 1)):eq("\0")
	expect(vm:reset_dirty_rings()):eq(last + 1)
	expect(vcpu:run()):is_true()
	expect(ram:read(last * 4096, 1)):eq("y")
	expect(ring:collect()):eq{ entry(last) }
end)

scenario("dirty ring: it wraps around",
	{ arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }, check = "end" },
	function(sim)
	local vcpu, ring, vm = guest(sim)
	local n = 0
	for round = 1, 5 do
		for page = 0, 99 do
			expect(vcpu:write(gpa((page * 7 + round) % 512), "x")):is_true()
		end
		local got = ring:collect()
		n = n + #got
		expect(got[1]):eq(entry(round))
		expect(vm:reset_dirty_rings()):eq(#got)
	end
	expect(n):gt(ENTRIES)
end)

scenario("dirty ring: a slot without logging pushes nothing; a read pushes what it maps writable", options, function(sim)
	local vcpu, ring, vm, ram = guest(sim)
	expect(vm:set_user_memory_region{ slot = 2, guest_phys_addr = "16M", memory_size = "64K",
		userspace_addr = ram }):eq(0)
	expect(vcpu:write(0x1000000, "x")):is_true()
	expect(ring:collect()):eq{}
	ram:write(0x9000, "by the VMM")
	expect(vcpu:read(gpa(9), 10)):eq("by the VMM")
	expect(ring:collect()):eq{ entry(9) }
end)

scenario("dirty ring: the slot's deletion leaves entries that reset ignores", options, function(sim)
	local vcpu, ring, vm = guest(sim)
	expect(vcpu:write(gpa(1), "x")):is_true()
	expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	expect(ring:collect()):eq{ entry(1) }
	expect(vm:reset_dirty_rings()):eq(1)
end)

scenario("dirty ring: KVM_GET_DIRTY_LOG and KVM_CLEAR_DIRTY_LOG have no bitmap", options, function(sim)
	local _, _, vm = guest(sim)
	expect(vm:get_dirty_log{ slot = 1 }):eq(-ENXIO)
	expect(vm:clear_dirty_log{ slot = 1, num_pages = 64 }):eq(-ENXIO)
end)

-- 256 entries are one page: the second page is in use too.
scenario("dirty ring: a larger ring lies in several pages", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }, check = "end",
}, function(sim)
	local vcpu, ring, vm = guest(sim, 4096)
	expect(ring.mapping.length):eq(4096 * 16)
	for page = 0, 299 do
		expect(vcpu:write(gpa(page), "x")):is_true()
	end
	local got = ring:collect()
	expect(#got):eq(300)
	expect(got[300]):eq(entry(299))
	expect(vm:reset_dirty_rings()):eq(300)
	-- The mapping outlives the vCPU's fd, and the VM's.
	expect(vcpu:close()):eq(0)
	expect(vm:close()):eq(0)
	expect(#ring.mapping:read(0, 16)):eq(16)
	expect(ring.mapping:munmap()):eq(0)
end)

cases("KVM_CAP_DIRTY_LOG_RING_ACQ_REL", options, {
	{ "a page of entries",        4096,          0 },
	{ "the most",                 MAX_BYTES,     0 },
	{ "twice the most",           2 * MAX_BYTES, -E2BIG },
	{ "zero",                     0,             -EINVAL },
	{ "no power of two",          12288,         -EINVAL },
	{ "less than a page",         2048,          -EINVAL },
}, function(sim, case)
	local vm = sim:process():open_kvm():create_vm()
	expect(vm:check_extension(KVM_CAP_DIRTY_LOG_RING)):eq(sim.arch == "x86_64" and MAX_BYTES or 0)
	expect(vm:check_extension(KVM_CAP_DIRTY_LOG_RING_ACQ_REL)):eq(MAX_BYTES)
	expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { case[2] } }):eq(case[3])
end)

scenario("KVM_CAP_DIRTY_LOG_RING_ACQ_REL: once, and before the first vCPU", options, function(sim)
	local kvm = sim:process():open_kvm()
	local vm = kvm:create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { 4096 } }):eq(0)
	expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { 4096 } }):eq(-EINVAL)
	local late = kvm:create_vm()
	expect(late:create_vcpu()):ok()
	expect(late:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { 4096 } }):eq(-EINVAL)
end)

scenario("KVM_CAP_DIRTY_LOG_RING: under its first name", { arch = "x86_64" }, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING, args = { 4096 } }):eq(0)
	expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { 4096 } }):eq(-EINVAL)
	-- Only where KVM writes while no vCPU runs.
	if sim:kernel_has("KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP") then
		expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP }):eq(-EINVAL)
	end
end)

scenario("KVM_RESET_DIRTY_RINGS without a ring", options, function(sim)
	expect(sim:process():open_kvm():create_vm():reset_dirty_rings()):eq(-EINVAL)
end)

-- Since 7.3 the file systems of anonymous files are "noexec" (init_pseudo(), fs/libfs.c): mmap() refuses before KVM does.
cases("mmap of the ring", options, {
	{ "private",    MAP_PRIVATE, PROT_READ | PROT_WRITE, -EINVAL },
	{ "executable", MAP_SHARED,  PROT_READ | PROT_EXEC,  -EINVAL, since_7_3 = -EPERM },
	{ "to read",    MAP_SHARED,  PROT_READ,              0 },
}, function(sim, case)
	local answer = sim:kernel_since("7.3") and case.since_7_3 or case[4]
	local vcpu = guest(sim)
	local ring = vcpu:mmap{ length = "4K", offset = KVM_DIRTY_LOG_PAGE_OFFSET * 4096, flags = case[2], prot = case[3] }
	if answer ~= 0 then
		expect(ring):eq(answer)
	else
		expect(ring:read(0, 16)):eq(("\0"):rep(16))
	end
end)

scenario("mmap of the ring: an access beyond its end, or without one, raises SIGBUS", options, function(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local ring = vm:create_vcpu():dirty_ring(ENTRIES)
	expect(ring:collect()):eq(-EFAULT)
	expect(vmm:take_signal()):fields{ signo = SIGBUS, addr = ring.mapping.addr }
end)
