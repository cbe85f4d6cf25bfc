-- SPDX-License-Identifier: GPL-2.0-only
-- A page that the guest's tables map at 40 addresses: with shadow paging its reverse map is a chain of lists, of which
-- each event of the host must reach every entry (for_each_rmap_spte(), kvm_zap_all_rmap_sptes()).

local options <const> = { mmu = { "ept", "shadow" } }
local VA <const>, COUNT <const> = 0x40000000, 40
local P <const>, W <const> = 1, 2

local function addr(i)
	return VA + (i - 1) * 0x1000
end

-- All addresses are page 5, and the guest has written to each.
local function guest(sim)
	local vcpu, ram, vm, vmm, slot = sim:guest{ paging = true, ram = { huge = false } }
	for i = 1, COUNT do
		vcpu:map{ from = addr(i), to = 0x5000, prot = "rw" }
		expect(vcpu:write(addr(i), ("%02d"):format(i))):is_true()
	end
	expect(ram:read(0x5000, 2)):eq(("%02d"):format(COUNT))
	return vcpu, ram, vm, vmm, slot
end

local function all_read(vcpu, data)
	for i = 1, COUNT do
		expect(vcpu:read(addr(i), 2)):eq(data)
	end
end

cases("a page at many addresses", options, {
	{ "goes", function(ram) return ram:madvise(0x5000, "4K", MADV_DONTNEED) end, "\0\0" },
	{ "migrates", function(ram) return ram:migrate(0x5000) end, "40" },
	{ "is swapped out", function(ram) return ram:swap_out(0x5000, "4K") end, "40" },
	{ "is old", function(ram) return ram:age(0x5000) end, "40" },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(case[2](ram)):ok()
	all_read(vcpu, case[3])
	expect(vcpu:write(addr(17), "17")):is_true()
	all_read(vcpu, "17")
	expect(ram:read(0x5000, 2)):eq("17")
end)

scenario("a page at many addresses: after fork() all of them see the copy", options, function(sim)
	local vcpu, ram, _, vmm = guest(sim)
	local child = vmm:fork()
	expect(vcpu:write(addr(23), "23")):is_true()
	all_read(vcpu, "23")
	expect(ram:read(0x5000, 2)):eq("23")
	expect(child:exit()):eq(0)
end)

scenario("a page at many addresses: a dirty log sees a write by each", options, function(sim)
	local vcpu, ram, vm, _, slot = guest(sim)
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	vm:get_dirty_log{ slot = 0 }
	for i = 1, COUNT do
		expect(vcpu:write(addr(i), "x")):is_true()
		expect(vm:get_dirty_log{ slot = 0 }:pages()):contains(5)
	end
	expect(ram:read(0x5000, 1)):eq("x")
end)

-- Entries leave the lists in some order: the first, the last, those in between.
cases("a page at many addresses of which the guest takes some away", options, {
	{ "every second one",   function(i) return i % 2 == 0 end },
	{ "the first ones",     function(i) return i <= 20 end },
	{ "the last ones",      function(i) return i > 15 end },
	{ "all but one",        function(i) return i ~= 16 end },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	ram:write(0x6000, "66")
	for i = 1, COUNT do
		if case[2](i) then
			vcpu:set_pte(addr(i), 0x6000 | P | W)
			expect(vcpu:invlpg(addr(i))):is_true()
			expect(vcpu:read(addr(i), 2)):eq("66")
		end
	end
	expect(ram:madvise(0x5000, "4K", MADV_DONTNEED)):eq(0)
	for i = 1, COUNT do
		expect(vcpu:read(addr(i), 2)):eq(case[2](i) and "66" or "\0\0")
	end
	expect(ram:migrate(0x6000)):eq(0)
	for i = 1, COUNT do
		expect(vcpu:read(addr(i), 2)):eq(case[2](i) and "66" or "\0\0")
	end
end)
