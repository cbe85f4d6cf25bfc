-- SPDX-License-Identifier: GPL-2.0-only
-- Read-only slots below the surface: what KVM maps for them, over each kind of host memory, through changes of slots and
-- of the host, and where a write goes. None of the writes may reach the memory, and none may cost the readable mapping.

local options = {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }, covers = "docs/rules.md R2",
}
-- Instructions, MSRs, and accesses that are not aligned: an arm64 guest without tables of its own may not make those.
local x86 = { arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" }, covers = "docs/rules.md R2" }
local ROM <const>, HUGE <const> = 0x400000, 0x200000
local ZEROES <const> = ("\0"):rep(4)

-- Slot 0: 2 MiB of ordinary memory at 0. Slot 1: 4 MiB at 4 MiB, read-only.
local function guest(sim, t)
	t = t or {}
	local vmm = sim:process()
	local ram = vmm:mmap{ length = HUGE, huge = false }
	local rom = vmm:mmap(t.mmap or { length = 2 * HUGE, huge = t.huge or false })
	local vm = vmm:open_kvm():create_vm()
	expect(t.irqchip and vm:create_irqchip() or 0):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = HUGE, userspace_addr = ram }):eq(0)
	local r = { slot = 1, flags = KVM_MEM_READONLY | (t.flags or 0), guest_phys_addr = ROM, memory_size = rom.length,
		userspace_addr = rom }
	expect(vm:set_user_memory_region(r)):eq(0)
	return vm:create_vcpu(), rom, vm, vmm, ram, r
end

-- Instructions of 8 bytes exist in long mode only. From then on the guest sees slot 1 and its surroundings at VA + gpa.
local VA <const> = 0x40000000

local function long_mode(vcpu)
	expect(vcpu:set_paging{ levels = 4, tables = 0x100000 }):eq(0)
	vcpu:map{ from = VA + ROM - HUGE, to = ROM - HUGE, size = 4 * HUGE, prot = "rw", level = 2 }
end

local function mmio_write(gpa, data)
	return { ret = 0, reason = KVM_EXIT_MMIO, mmio = { phys_addr = gpa, len = #data, is_write = 1, data = data } }
end

-- A write that exits, and changes neither memory nor mapping.
local function refused(sim, vcpu, vm, gpa)
	local before, mapping = vcpu:read(gpa, 4), sim.inspect:mapping(vm, gpa)
	expect(mapping):fields{ present = true, writable = false, mmio = false }
	expect(vcpu:write(gpa, "rom!")):fields(mmio_write(gpa, "rom!"))
	expect(vcpu:abandon()):eq(0)
	expect(sim.inspect:mapping(vm, gpa)):fields{ present = true, writable = false, level = mapping.level,
		pfn = mapping.pfn }
	expect(vcpu:read(gpa, 4)):eq(before)
end

cases("read-only slot over each kind of memory", options, {
	{ "anonymous memory, written before",  {}, function(rom) expect(rom:write(0x1000, "host")):eq(0) end, "host" },
	{ "anonymous memory, never touched",   {}, function() end, ZEROES },
	{ "memory that the VMM may only read", { mmap = { length = "1M", prot = "r", huge = false } }, function() end, ZEROES },
	{ "memory that became read-only", {}, function(rom)
		expect(rom:write(0x1000, "host")):eq(0)
		expect(rom:mprotect(0, "1M", "r")):eq(0)
	end, "host" },
	{ "shared memory", { mmap = { kind = "shmem", length = "1M", huge = false } }, function(rom)
		expect(rom:write(0x1000, "host")):eq(0)
	end, "host" },
	{ "device memory",                     { mmap = { kind = "pfnmap", length = "1M" } }, function() end },
	{ "locked memory", {}, function(rom)
		expect(rom:write(0x1000, "host")):eq(0)
		expect(rom:mlock(0, "1M")):eq(0)
	end, "host" },
	{ "pinned memory", {}, function(rom)
		expect(rom:write(0x1000, "host")):eq(0)
		expect(rom:pin(0x1000)):eq(0)
	end, "host" },
}, function(sim, case)
	local vcpu, rom, vm = guest(sim, case[2])
	case[3](rom)
	local data = vcpu:read(ROM + 0x1000, 4)
	expect(data):eq(case[4] or data)
	refused(sim, vcpu, vm, ROM + 0x1000)
	expect(rom:page(1).pfn):eq(sim.inspect:mapping(vm, ROM + 0x1000).pfn)
	if case[1] == "pinned memory" then
		expect(rom:unpin(rom:page(1))):eq(0)
	end
end)

scenario("read-only slot: a huge mapping stays whole", options, function(sim)
	local vcpu, rom, vm = guest(sim, { huge = true })
	expect(rom:write(HUGE, "host")):eq(0)
	expect(vcpu:read(ROM + HUGE, 4)):eq("host")
	expect(sim.inspect:mapping(vm, ROM + HUGE)):fields{ level = 2, writable = false }
	for _, offset in ipairs{ 0, 0x1000, HUGE - 4 } do
		refused(sim, vcpu, vm, ROM + HUGE + offset)
	end
	expect(sim.inspect:mapping(vm, ROM + HUGE)):fields{ level = 2, writable = false }
end)

-- A cached MMIO address would make each access of the page MMIO, also those that read.
scenario("read-only slot: a write leaves no MMIO entry, for no vCPU", options, function(sim)
	local vcpu, rom, vm = guest(sim)
	local other = vm:create_vcpu()
	expect(rom:write(0x1000, "host")):eq(0)
	for _ = 1, 3 do
		for _, cpu in ipairs{ vcpu, other } do
			expect(cpu:write(ROM + 0x1000, "x")):fields(mmio_write(ROM + 0x1000, "x"))
			expect(cpu:abandon()):eq(0)
			expect(sim.inspect:mapping(cpu, ROM + 0x1000).mmio):is_false()
			expect(cpu:read(ROM + 0x1000, 4)):eq("host")
			expect(cpu:fetch(ROM + 0x1000)):eq("h")
		end
	end
end)

-- What the host does to the pages, and what the guest reads then.
cases("read-only slot: the host changes the page", options, {
	{ "writes it",        function(rom) expect(rom:write(0x1000, "news")):eq(0) end,                "news" },
	{ "empties it",       function(rom) expect(rom:madvise(0, "1M", MADV_DONTNEED)):eq(0) end,      ZEROES },
	{ "moves it",         function(rom) expect(rom:migrate(0x1000)):eq(0) end,                      "host" },
	{ "swaps it out",     function(rom) expect(rom:swap_out(0x1000, "4K")):eq(0) end,               "host" },
	{ "makes it old",     function(rom) rom:age(0x1000) end,                                        "host" },
	{ "forks, and the parent writes", function(rom, vmm)
		vmm:fork()
		expect(rom:write(0x1000, "news")):eq(0)
	end, "news" },
	{ "forks, and the child writes", function(rom, vmm)
		expect(vmm:fork():view(rom):write(0x1000, "news")):eq(0)
	end, "host" },
	{ "may only read it", function(rom) expect(rom:mprotect(0, "1M", "r")):eq(0) end,               "host" },
	{ "makes a huge page", function(rom) rom:collapse_huge(0) end,                                  "host" },
}, function(sim, case)
	local vcpu, rom, vm, vmm = guest(sim)
	expect(rom:write(0x1000, "host")):eq(0)
	expect(vcpu:read(ROM + 0x1000, 4)):eq("host")
	case[2](rom, vmm)
	expect(vcpu:read(ROM + 0x1000, 4)):eq(case[3])
	refused(sim, vcpu, vm, ROM + 0x1000)
end)

-- A write does not look at the host's memory at all, so it does not matter whether there is any.
cases("read-only slot: no memory below it", options, {
	{ "unmapped",      function(rom) expect(rom:munmap(0x1000, "4K")):eq(0) end },
	{ "inaccessible",  function(rom) expect(rom:mprotect(0x1000, "4K", "none")):eq(0) end },
}, function(sim, case)
	local vcpu, rom = guest(sim)
	expect(rom:write(0x1000, "host")):eq(0)
	expect(vcpu:read(ROM + 0x1000, 4)):eq("host")
	case[2](rom)
	expect(vcpu:read(ROM + 0x1000, 4)):fields{ ret = -EFAULT, reason = KVM_EXIT_UNKNOWN }
	expect(vcpu:write(ROM + 0x1000, "data")):fields(mmio_write(ROM + 0x1000, "data"))
end)

-- --- changes of slots --------------------------------------------------------------------------------------

scenario("read-only slot: deleted, it is MMIO for reads, too", options, function(sim)
	local vcpu, rom, vm = guest(sim)
	expect(rom:write(0x1000, "host")):eq(0)
	expect(vcpu:read(ROM + 0x1000, 4)):eq("host")
	expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	expect(vcpu:read(ROM + 0x1000, 4)):fields{ ret = 0, reason = KVM_EXIT_MMIO, mmio = { is_write = 0 } }
	vcpu:abandon()
	expect(vcpu:write(ROM + 0x1000, "data")):fields(mmio_write(ROM + 0x1000, "data"))
end)

scenario("read-only slot: moved, with its mappings gone and its rights kept", options, function(sim)
	local vcpu, rom, vm, _, _, r = guest(sim)
	expect(rom:write(0x1000, "host")):eq(0)
	expect(vcpu:read(ROM + 0x1000, 4)):eq("host")
	r.guest_phys_addr = 16 << 20
	expect(vm:set_user_memory_region(r)):eq(0)
	expect(vcpu:read(ROM + 0x1000, 4)):fields{ ret = 0, reason = KVM_EXIT_MMIO }
	vcpu:abandon()
	expect(vcpu:read((16 << 20) + 0x1000, 4)):eq("host")
	refused(sim, vcpu, vm, (16 << 20) + 0x1000)
end)

-- The slot is write-protected already: nothing is zapped or split when logging begins, and nothing is logged.
scenario("read-only slot: logging comes and goes", options, function(sim)
	local vcpu, rom, vm, _, _, r = guest(sim, { huge = true })
	expect(rom:write(HUGE, "host")):eq(0)
	expect(vcpu:read(ROM + HUGE, 4)):eq("host")
	r.flags = KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(r)):eq(0)
	expect(sim.inspect:mapping(vm, ROM + HUGE)):fields{ present = true, writable = false, level = 2 }
	expect(vcpu:read(ROM + 0x1000, 4)):eq(ZEROES)
	refused(sim, vcpu, vm, ROM + HUGE)
	expect(vm:get_dirty_log{ slot = 1 }:count()):eq(0)
	expect(vm:clear_dirty_log{ slot = 1 }):le(0)
	r.flags = KVM_MEM_READONLY
	expect(vm:set_user_memory_region(r)):eq(0)
	refused(sim, vcpu, vm, ROM + HUGE)
	expect(vm:get_dirty_log{ slot = 1 }):eq(-ENOENT)
end)

scenario("read-only slot: the same memory is writable in another slot", options, function(sim)
	local vcpu, rom, vm = guest(sim)
	expect(vm:set_user_memory_region{ slot = 2, flags = KVM_MEM_LOG_DIRTY_PAGES, guest_phys_addr = 32 << 20,
		memory_size = "1M", userspace_addr = rom }):eq(0)
	expect(vcpu:read(ROM + 0x1000, 4)):eq(ZEROES)
	expect(vcpu:write((32 << 20) + 0x1000, "data")):is_true()
	expect(vcpu:read(ROM + 0x1000, 4)):eq("data")
	refused(sim, vcpu, vm, ROM + 0x1000)
	expect(vm:get_dirty_log{ slot = 2 }:count()):eq(1)
end)

-- --- instructions ------------------------------------------------------------------------------------------

-- The instruction reads memory, and writes MMIO: "kvm: emulating exchange as write".
cases("read-only slot: an exchange", x86, {
	{ "1 byte",  "h" }, { "2 bytes", "ho" }, { "4 bytes", "host" }, { "8 bytes", "host-rom" },
}, function(sim, case)
	local vcpu, rom = guest(sim)
	expect(rom:write(0x1000, "host-rom")):eq(0)
	long_mode(vcpu)
	local new = ("x"):rep(#case[2])
	local exit = vcpu:xchg(VA + ROM + 0x1000, new)
	expect(exit):fields(mmio_write(ROM + 0x1000, new))
	expect(exit:complete()):eq(case[2])
	expect(rom:read(0x1000, 8)):eq("host-rom")
end)

scenario("read-only slot: fetches", x86, function(sim)
	local vcpu, rom = guest(sim)
	expect(rom:write(0x1fff, "\x90\x90")):eq(0)
	expect(vcpu:fetch(ROM + 0x1fff)):eq("\x90")
	expect(vcpu:fetch(ROM + 0x2000)):eq("\x90")
end)

-- The VMM sees the physical address.
cases("read-only slot: under the guest's own paging", x86, {
	{ "4 levels, a page",       4, 1 },
	{ "4 levels, a large page", 4, 2 },
}, function(sim, case)
	local vcpu, rom, vm = guest(sim)
	expect(rom:write(0x1000, "host")):eq(0)
	expect(vcpu:set_paging{ levels = case[2], tables = 0x100000 }):eq(0)
	vcpu:map{ from = VA, to = ROM, size = case[3] == 1 and "64K" or "2M", prot = "rw", level = case[3] }
	expect(vcpu:read(VA + 0x1000, 4)):eq("host")
	for _ = 1, 2 do
		expect(vcpu:write(VA + 0x1000, "data")):fields(mmio_write(ROM + 0x1000, "data"))
		expect(vcpu:abandon()):eq(0)
		expect(vcpu:read(VA + 0x1000, 4)):eq("host")
	end
	-- the guest's own rights come first
	vcpu:map{ from = VA + HUGE * 8, to = ROM, size = "4K", prot = "r", user = true }
	local exit = vcpu:write(VA + HUGE * 8, "data", { user = true })
	expect(exit.exception):fields{ vector = 14 }
	expect(sim.inspect:slots(vm)[2].flags):eq(KVM_MEM_READONLY)
end)

-- --- devices ------------------------------------------------------------------------------------------------

scenario("read-only slot: a coalesced zone and an ioeventfd take writes, reads are memory", options, function(sim)
	local vcpu, rom, vm, vmm = guest(sim)
	expect(rom:write(0x1000, "host")):eq(0)
	expect(vm:register_coalesced_mmio{ addr = ROM + 0x1000, size = "4K" }):eq(0)
	local event = vmm:eventfd(0)
	expect(vm:ioeventfd{ addr = ROM + 0x2000, len = 4, fd = event }):eq(0)
	expect(vcpu:write(ROM + 0x1000, "data")):is_true()
	expect(vcpu:coalesced_ring():take()):eq{ { phys_addr = ROM + 0x1000, len = 4, pio = 0, data = "data" } }
	expect(vcpu:write(ROM + 0x2000, "data")):is_true()
	expect(event:read(8)):eq("\1" .. ("\0"):rep(7))
	expect(vcpu:read(ROM + 0x1000, 4)):eq("host")
	expect(vcpu:read(ROM + 0x2000, 4)):eq(ZEROES)
	expect(sim.inspect:mapping(vm, ROM + 0x1000)):fields{ present = true, writable = false }
end)

scenario("read-only slot: a dirty ring gets nothing", options, function(sim)
	local vmm = sim:process()
	local rom = vmm:mmap{ length = HUGE, huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { 256 * 16 } }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, flags = KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES,
		memory_size = HUGE, userspace_addr = rom }):eq(0)
	local vcpu = vm:create_vcpu()
	local ring = vcpu:dirty_ring(256)
	expect(vcpu:read(0x1000, 4)):eq(ZEROES)
	expect(vcpu:write(0x1000, "data")):fields(mmio_write(0x1000, "data"))
	vcpu:abandon()
	expect(ring:collect()):eq{}
end)

scenario("read-only slot: pre-fault maps it for reading", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY",
}, function(sim)
	local vcpu, rom, vm = guest(sim)
	expect(rom:write(0x1000, "host")):eq(0)
	expect(vcpu:pre_fault_memory{ gpa = ROM + 0x1000, size = "4K" }):eq(0)
	expect(sim.inspect:mapping(vm, ROM + 0x1000)):fields{ present = true, writable = false }
	refused(sim, vcpu, vm, ROM + 0x1000)
end)

-- --- KVM's own accesses --------------------------------------------------------------------------------------

local WALL_CLOCK <const>, SYSTEM_TIME <const>, ASYNC_PF_EN <const>, STEAL_TIME <const> =
	0x4b564d00, 0x4b564d01, 0x4b564d02, 0x4b564d03

scenario("read-only slot: look-ups are for writing, and fail", options, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(vcpu:read(ROM, 4)):eq(ZEROES)
	expect(sim.inspect:gfn_to_hva(vm, ROM >> 12)):errno(EFAULT)
	expect(sim.inspect:gfn_to_pfn(vm, ROM >> 12)):lt(0)
end)

-- kvm_write_guest(), a gfn_to_pfn_cache, and two gfn_to_hva_caches. Only the last one tells the guest.
cases("read-only slot: KVM itself does not write there", x86, {
	{ "the wall clock",         WALL_CLOCK,  0, 1 },
	{ "kvmclock",               SYSTEM_TIME, 1, 1 },
	{ "steal time",             STEAL_TIME,  1, 1 },
	{ "asynchronous page faults", ASYNC_PF_EN, 1 | 2 | 8, 0 },
}, function(sim, case)
	local vcpu, rom, vm = guest(sim, { irqchip = true })
	expect(rom:write(0x1000, ("rom!"):rep(32))):eq(0)
	expect(vcpu:read(ROM + 0x1000, 4)):eq("rom!")
	expect(vcpu:set_msr(case[2], ROM + 0x1000 | case[3])):eq(case[4])
	for _ = 1, 3 do
		expect(vcpu:read(ROM + 0x1000, 4)):eq("rom!")
	end
	expect(rom:read(0x1000, 128)):eq(("rom!"):rep(32))
	expect(sim.inspect:mapping(vm, ROM + 0x1000).writable):is_false()
	-- in the ordinary slot the same works
	expect(vcpu:set_msr(case[2], 0x1000 | case[3])):eq(1)
	expect(vcpu:read(0x800, 4)):eq(ZEROES)
	expect(rom:read(0x1000, 128)):eq(("rom!"):rep(32))
end)

-- --- borders ------------------------------------------------------------------------------------------------

-- Nothing, a read-only slot at ROM, an ordinary one behind it.
local function neighbours(sim)
	local vcpu, rom, vm, vmm = guest(sim)
	local behind = vmm:mmap{ length = "64K", huge = false }
	expect(vm:set_user_memory_region{ slot = 2, guest_phys_addr = ROM + 2 * HUGE, memory_size = "64K",
		userspace_addr = behind }):eq(0)
	return vcpu, rom, behind, ROM + 2 * HUGE
end

scenario("read-only slot: what lies on both sides of its end", x86, function(sim)
	local vcpu, rom, behind, border = neighbours(sim)
	expect(rom:write(2 * HUGE - 4, "host")):eq(0)
	expect(vcpu:write(border, "data")):is_true()
	expect(behind:read(0, 4)):eq("data")
	expect(vcpu:read(border - 4, 4)):eq("host")
	expect(vcpu:write(border - 4, "lost")):fields(mmio_write(border - 4, "lost"))
	vcpu:abandon()
	expect(vcpu:read(border - 4, 8)):eq("hostdata")
	expect(vcpu:read(ROM - 4, 4)):fields{ ret = 0, reason = KVM_EXIT_MMIO }
end)

-- The emulator splits an access at the page border. The half in the ordinary slot is written at once, the other half
-- exits. An exchange reads both halves as memory first.
cases("read-only slot: one access across the border of an ordinary slot", x86, {
	-- instruction, offset from the begin of the read-only slot, result; the data of the exit, what both slots have then
	{ "a write from the read-only slot on",  "write", 2 * HUGE - 4, true, "1234", "hosthost", "5678data" },
	{ "a write from the ordinary slot on",   "write", -4,           true, "5678", "hosthost", "data1234" },
	{ "an exchange from the read-only slot on", "xchg", 2 * HUGE - 4, "hostdata", "1234", "hosthost", "5678data" },
	{ "an exchange from the ordinary slot on",  "xchg", -4,           "datahost", "5678", "hosthost", "data1234" },
	{ "a read from the read-only slot on",   "read",  2 * HUGE - 4, "hostdata" },
	{ "a read from the ordinary slot on",    "read",  -4,           "datahost" },
}, function(sim, case)
	local vcpu, rom, vm, vmm = guest(sim)
	local ram = vmm:mmap{ length = "8K", huge = false }
	local behind = case[3] > 0
	expect(vm:set_user_memory_region{ slot = 2, guest_phys_addr = behind and ROM + 2 * HUGE or ROM - 0x2000,
		memory_size = "8K", userspace_addr = ram }):eq(0)
	local at = { rom = behind and 2 * HUGE - 8 or 0, ram = behind and 0 or 0x1ff8 }
	expect(rom:write(at.rom, "hosthost")):eq(0)
	expect(ram:write(at.ram, "datadata")):eq(0)
	long_mode(vcpu)
	local result
	if case[2] == "read" then
		result = vcpu:read(VA + ROM + case[3], 8)
	else
		local exit = vcpu[case[2]](vcpu, VA + ROM + case[3], "12345678")
		expect(exit):fields(mmio_write(behind and ROM + case[3] or ROM, case[5]))
		result = exit:complete()
		expect(rom:read(at.rom, 8)):eq(case[6])
		expect(ram:read(at.ram, 8)):eq(case[7])
	end
	expect(result):eq(case[4])
end)

scenario("read-only slot: the VMM writes and logs while vCPUs read and write", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }, check = "end",
}, function(sim)
	local vcpu, rom, vm, _, _, r = guest(sim)
	local reads, exits, changes = 0, 0, 0
	expect(rom:write(0x1000, "v0")):eq(0)
	for i, cpu in ipairs{ vcpu, vm:create_vcpu() } do
		sim:thread("vcpu" .. i, function()
			while not sim:stopping() do
				local data = cpu:read(ROM + 0x1000, 1)
				expect(data):eq("v")
				reads = reads + 1
				local exit = cpu:write(ROM + 0x1000, "x")
				expect(exit):fields{ ret = 0, reason = KVM_EXIT_MMIO }
				cpu:abandon()
				exits = exits + 1
			end
		end)
	end
	sim:thread("vmm", function()
		while not sim:stopping() do
			r.flags = r.flags ~ KVM_MEM_LOG_DIRTY_PAGES
			expect(vm:set_user_memory_region(r)):eq(0)
			expect(rom:write(0x1001, tostring(changes % 10))):eq(0)
			rom:migrate(0x1000)
			changes = changes + 1
		end
	end)
	sim:join{ seconds = 1, at_least = function() return reads > 0 and exits > 0 and changes > 0 end }
	expect(rom:read(0x1000, 1)):eq("v")
end)
