-- SPDX-License-Identifier: GPL-2.0-only
-- Five levels of tables (SDM vol. 3, 5.5.4 and 30.3.2; CR4.LA57): of the guest, and EPT and NPT with 5 levels, which a
-- processor with 52 physical address bits needs.

local la57 <const> = { la57 = true }
local options = { arch = "x86_64", mmu = { "ept", "npt", "shadow" }, facilities = la57 }
local nested = { arch = "x86_64", mmu = { "ept", "npt" }, facilities = la57 }
local CR4_PAE <const>, CR4_LA57 <const> = 1 << 5, 1 << 12
local HIGH <const> = 0x5a << 48		-- canonical with 57 bits only
local FAR <const> = 3 << 49		-- guest-physical, above what 4 levels reach

local function guest(sim, levels, huge)
	return sim:guest{ ram = { length = "4M", huge = huge or false }, paging = { levels = levels or 5 } }
end

scenario("five levels: the guest reaches addresses above 2^47", options, function(sim)
	local vcpu, ram = guest(sim)
	for i, va in ipairs{ HIGH, HIGH + (1 << 39), 0x40000000, -(1 << 56) } do
		vcpu:map{ from = va, to = i * 0x1000, prot = "rw" }
		expect(vcpu:write(va + 8, "at " .. i)):is_true()
		expect(ram:read(i * 0x1000 + 8, 4)):eq("at " .. i)
		expect(vcpu:translate(va + 8)):fields{ valid = 1, physical_address = i * 0x1000 + 8 }
		expect(vcpu:pte(va, 5)):fields{ accessed = true }
	end
	expect(vcpu:read(HIGH + 0x1000, 1).exception):fields{ vector = 14, error_code = 0, cr2 = HIGH + 0x1000 }
	expect(vcpu:read(1 << 57, 1).exception):fields{ vector = 13 }
end)

scenario("five levels: a guest with four has no such address", options, function(sim)
	local vcpu = guest(sim, 4)
	expect(vcpu:read(HIGH, 1).exception):fields{ vector = 13 }
end)

scenario("five levels: a processor without them has no CR4.LA57", { arch = "x86_64", mmu = { "ept", "npt", "shadow" } },
	function(sim)
	local vcpu = sim:guest{ ram = { length = "4M", huge = false }, paging = true }
	expect(vcpu:set_sregs{ cr4 = CR4_PAE | CR4_LA57 }):eq(-EINVAL)
end)

scenario("five levels: the guest changes an entry of each level", options, function(sim)
	local vcpu, ram = guest(sim)
	vcpu:map{ from = HIGH, to = 0x5000, prot = "rw" }
	vcpu:map{ from = HIGH + (1 << 48), to = 0x6000, prot = "rw" }
	expect(vcpu:write(HIGH, "five")):is_true()
	expect(vcpu:write(HIGH + (1 << 48), "six")):is_true()
	for level = 5, 1, -1 do
		local entry = vcpu:pte(HIGH, level).raw
		vcpu:set_pte(HIGH, 0, level)
		expect(vcpu:invlpg(HIGH)):is_true()
		expect(vcpu:read(HIGH, 1).exception):fields{ vector = 14, error_code = 0 }
		vcpu:set_pte(HIGH, entry, level)
		expect(vcpu:read(HIGH, 4)):eq("five")
	end
	-- The top-level entry leads elsewhere now.
	vcpu:set_pte(HIGH, vcpu:pte(HIGH + (1 << 48), 5).raw, 5)
	expect(vcpu:invlpg(HIGH)):is_true()
	expect(vcpu:reload_cr3()):eq(0)
	expect(vcpu:read(HIGH, 3)):eq("six")
	expect(ram:read(0x5000, 4)):eq("five")
end)

scenario("five levels: large pages of the guest", options, function(sim)
	local vcpu, ram = guest(sim, 5, true)
	vcpu:map{ from = HIGH, to = 0, prot = "rw", level = 2 }
	expect(vcpu:write(HIGH + 0x123000, "2M")):is_true()
	expect(ram:read(0x123000, 2)):eq("2M")
	vcpu:map{ from = HIGH + (1 << 40), to = 0, prot = "rw", level = 3 }
	expect(vcpu:write(HIGH + (1 << 40) + 0x234000, "1G")):is_true()
	expect(ram:read(0x234000, 2)):eq("1G")
end)

-- PS is reserved in an entry of level 5.
scenario("five levels: a reserved bit at the top", options, function(sim)
	local vcpu = guest(sim)
	vcpu:map{ from = HIGH, to = 0x5000, prot = "rw" }
	vcpu:set_pte(HIGH, vcpu:pte(HIGH, 5).raw | 1 << 7, 5)
	expect(vcpu:read(HIGH, 1).exception):fields{ vector = 14, error_code = 9 }
end)

cases("five levels: events of the host", options, {
	{ "MADV_DONTNEED", function(ram) return ram:madvise(0x5000, "4K", MADV_DONTNEED) end, "\0" },
	{ "moved",         function(ram) return ram:migrate(0x5000) end,                      "x" },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	vcpu:map{ from = HIGH, to = 0x5000, prot = "rw" }
	expect(vcpu:write(HIGH, "x")):is_true()
	expect(case[2](ram)):eq(0)
	expect(vcpu:read(HIGH, 1)):eq(case[3])
end)

scenario("five levels: the dirty log", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	vcpu:map{ from = HIGH, to = 0x5000, size = 0x4000, prot = "rw" }
	expect(vcpu:write(HIGH, "x")):is_true()
	expect(vm:set_user_memory_region{ slot = 0, flags = KVM_MEM_LOG_DIRTY_PAGES, guest_phys_addr = 0,
		memory_size = ram.length, userspace_addr = ram }):eq(0)
	expect(vcpu:write(HIGH + 0x2000, "x")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):contains(7)
	expect(vcpu:write(HIGH, "x")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):contains(5)
end)

-- The tables below the top one are those of a guest with four levels.
scenario("five levels: two vCPUs share tables, one walks five levels and one four", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	vcpu:map{ from = 0x40000000, to = 0x5000, prot = "rw" }
	local four = vm:create_vcpu()
	expect(four:set_paging{ levels = 4, tables = 0x200000 }):eq(0)
	expect(four:set_sregs{ cr3 = vcpu:pte(0x40000000, 5).address }):eq(0)
	expect(vcpu:write(0x40000000, "five")):is_true()
	expect(four:read(0x40000000, 4)):eq("five")
	expect(four:write(0x40000000, "four")):is_true()
	expect(vcpu:read(0x40000000, 4)):eq("four")
	vcpu:set_pte(0x40000000, 0x6000 | 3, 1)
	ram:write(0x6000, "next")
	for _, v in ipairs{ vcpu, four } do
		expect(v:invlpg(0x40000000)):is_true()
		expect(v:read(0x40000000, 4)):eq("next")
	end
	expect(ram:madvise(0x6000, "4K", MADV_DONTNEED)):eq(0)
	for _, v in ipairs{ vcpu, four } do
		expect(v:read(0x40000000, 4)):eq("\0\0\0\0")
	end
end)

-- kvm_mmu_get_tdp_level(): EPT has 5 levels for a vCPU with more than 48 physical address bits.
scenario("five levels: guest memory above 2^48", nested, function(sim)
	local vmm = sim:process()
	local near, ram = vmm:mmap{ length = "4M", huge = true }, vmm:mmap{ length = "4M", huge = true }
	local vm = vmm:open_kvm():create_vm()
	for slot, memory in ipairs{ near, ram } do
		expect(vm:set_user_memory_region{ slot = slot, guest_phys_addr = slot == 1 and 0 or FAR, memory_size = "4M",
			userspace_addr = memory }):eq(0)
	end
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(FAR + 0x3000, "far")):is_true()
	expect(sim.inspect:mapping(vm, FAR)):fields{ present = true, level = 2 }
	-- Without the upper bits it is the other slot.
	expect(vcpu:read(0x3000, 3)):eq("\0\0\0")
	expect(vcpu:write(0x3000, "near")):is_true()
	expect(vcpu:read(FAR + 0x3000, 3)):eq("far")
	expect(ram:madvise(0, "4M", MADV_DONTNEED)):eq(0)
	expect(sim.inspect:mapping(vm, FAR).present):is_false()
	expect(vcpu:read(FAR + 0x3000, 1)):eq("\0")
	expect(vm:set_user_memory_region{ slot = 2, memory_size = 0 }):eq(0)
	expect(sim.inspect:mapping(vm, FAR).present):is_false()
	expect(vcpu:read(0x3000, 4)):eq("near")
end)

-- Without a CPUID table a vCPU has 36 address bits.
scenario("five levels: EPT of four and of five levels in one VM", { arch = "x86_64", mmu = "ept", facilities = la57 },
	function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	local function slot(flags)
		return vm:set_user_memory_region{ slot = 0, flags = flags, guest_phys_addr = 0, memory_size = "4M",
			userspace_addr = ram }
	end
	expect(slot(0)):eq(0)
	local five, four = vm:create_vcpu(), vm:create_vcpu{ cpuid = false }
	expect(five:write(0x3000, "five")):is_true()
	expect(four:read(0x3000, 4)):eq("five")
	expect(four:write(0x4000, "four")):is_true()
	expect(five:read(0x4000, 4)):eq("four")
	-- Each root has its own entries, and the log takes all of them.
	expect(slot(KVM_MEM_LOG_DIRTY_PAGES)):eq(0)
	expect(five:write(0x3000, "5")):is_true()
	expect(four:write(0x3000, "4")):is_true()
	expect(four:write(0x4000, "4")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 3, 4 }
	for _, v in ipairs{ five, four } do
		expect(v:write(0x3000, "again")):is_true()
		expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 3 }
	end
	expect(ram:madvise(0x3000, "4K", MADV_DONTNEED)):eq(0)
	for _, v in ipairs{ five, four } do
		expect(v:read(0x3000, 1)):eq("\0")
	end
end)
