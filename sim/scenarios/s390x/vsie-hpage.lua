-- SPDX-License-Identifier: GPL-2.0-only
-- Nested guests of a VM with 1 MiB pages (KVM_CAP_S390_HPAGE_1M), which 7.0 allows: large entries of shadows where
-- guest-2 has a large frame on a huge page (_do_shadow_crste()), and huge pages that KVM splits for smaller ones.

local options = { arch = "s390x", mmu = "vsie", kernel = "7.0" }
local late <const> = { arch = "s390x", mmu = "vsie", kernel = "7.0", check = "end" }
local lib <const> = require("nested")
local faults <const>, store <const> = lib.faults, lib.store

local MiB <const> = 1 << 20
local CR0_EDAT <const> = 1 << (63 - 40)
local VA <const> = 1 << 31 | MiB
local PROTECT <const> = 0x200

-- Guest-3's first MiB is guest-2's fifth one, in small pages. At VA it has guest-2's second one as a large frame.
-- Guest-2's tables and the state description are in the last MiB. All are huge pages of the VMM.
local function guest(sim, flags, prot)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 8 * MiB, hugetlb = true }
	local vm = vmm:open_kvm():create_vm{ cpu_feat = "host" }
	expect(vm:enable_cap{ cap = KVM_CAP_S390_HPAGE_1M }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, flags = flags, memory_size = ram.length, userspace_addr = ram }):eq(0)
	ram:write(MiB + 0x5000, "five")
	ram:write(4 * MiB + 0x6000, "six")
	local vcpu = vm:create_vcpu()
	expect(vcpu:set_cr(0, vcpu:get_cr(0) | CR0_EDAT)):eq(0)
	local space = vcpu:address_space{ type = "region3" }
	expect(space:map{ from = 0, to = 4 * MiB, size = MiB }):eq(0)
	expect(space:map{ from = VA, to = MiB, level = 2, prot = prot }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	local nested = vcpu:nested{ addr = 0x700000 }
	nested:expect_pin()
	return nested, vcpu, space, ram, vm, vmm
end

local function level(sim, vm, gpa)
	return sim.inspect:mapping(vm, gpa).level
end

scenario("vsie hpage: a large frame on a huge page is one entry", options, function(sim)
	local nested, vcpu, _, ram, vm = guest(sim)
	local n = faults(sim)
	expect(nested:read(VA + 0x5000, 4)):eq("five")
	expect(nested:workload{ op = "write", range = { VA, MiB } }):eq(256)
	expect(faults(sim)):eq(n + 1)
	expect(level(sim, vm, MiB)):eq(2)
	expect(nested:write(VA + 0x5000, "FIVE")):is_true()
	expect(ram:read(MiB + 0x5000, 4)):eq("FIVE")
	expect(vcpu:read(MiB + 0x5000, 4)):eq("FIVE")
end)

scenario("vsie hpage: small pages split the huge page below", options, function(sim)
	local nested, _, _, ram, vm = guest(sim)
	expect(nested:read(0x6000, 3)):eq("six")
	expect(level(sim, vm, 4 * MiB)):eq(1)
	expect(nested:write(0x6000, "S")):is_true()
	expect(ram:read(4 * MiB + 0x6000, 3)):eq("Six")
end)

scenario("vsie hpage: protected by guest-2's table", options, function(sim)
	local nested, vcpu, _, ram, vm = guest(sim, 0, "r")
	expect(vcpu:read(MiB, 1)):eq("\0")
	expect(nested:read(VA + 0x5000, 4)):eq("five")
	expect(level(sim, vm, MiB)):eq(2)
	expect(nested:write(VA + 0x5000, "x").exception):fields{ code = 4 }
	expect(vcpu:write(MiB + 0x5000, "F")):is_true()
	expect(nested:read(VA + 0x5000, 4)):eq("Five")
	expect(ram:read(MiB + 0x5000, 4)):eq("Five")
end)

scenario("vsie hpage: guest-2 protects the large frame, and takes it away", options, function(sim)
	local nested, vcpu, space, ram = guest(sim)
	local raw = space:pte(VA, 2).raw
	expect(nested:write(VA + 0x5000, "F")):is_true()
	store(vcpu, space, VA, raw | PROTECT, 2)
	expect(nested:read(VA + 0x5000, 4)):eq("Five")
	expect(nested:write(VA + 0x5000, "x").exception):fields{ code = 4 }
	store(vcpu, space, VA, raw, 2)
	expect(nested:write(VA + 0x5000, "f")):is_true()
	store(vcpu, space, VA, raw | 0x20, 2)
	expect(nested:read(VA + 0x5000, 1).exception):fields{ code = 0x10 }
	expect(ram:read(MiB + 0x5000, 4)):eq("five")
end)

scenario("vsie hpage: the prefix area in a large frame", options, function(sim)
	local nested, _, _, ram = guest(sim)
	nested:set{ mso = VA }
	expect(nested:write(0x100, "low")):is_true()
	expect(nested:read(0x5000, 4)):eq("five")
	expect(ram:madvise(MiB, MiB, MADV_DONTNEED)):eq(0)
	expect(nested:write(0x5000, "new")):is_true()
	expect(nested:read(0x100, 3)):eq("\0\0\0")
	expect(ram:read(MiB + 0x5000, 4)):eq("new\0")
end)

-- The mark by which KVM hears of changes of that area is in the VM's entry, next to that for nested guests.
scenario("vsie hpage: guest-2's own prefix area in guest-3's large frame", options, function(sim)
	local nested, _, space, ram, vm = guest(sim)
	local other = vm:create_vcpu{ lowcore = false }
	expect(other:set_cr(0, other:get_cr(0) | CR0_EDAT)):eq(0)
	expect(space:map{ from = VA + MiB, to = 0, level = 2 }):eq(0)
	expect(other:set_cr(1, space.asce)):eq(0)
	local inner = other:nested{ addr = nested.addr + 512 }
	expect(inner:write(VA + MiB + 0x5000, "x")):is_true()
	expect(level(sim, vm, 0)):eq(2)
	expect(ram:madvise(0, MiB, MADV_DONTNEED)):eq(0)
	expect(inner:write(VA + MiB + 0x5000, "y")):is_true()
	expect(ram:read(0x5000, 1)):eq("y")
end)

-- case[4]: the host's new entry is for reading only, until somebody stores.
cases("vsie hpage: guest-3's large frame meets", options, {
	{ "MADV_DONTNEED", function(ram) return ram:madvise(MiB, MiB, MADV_DONTNEED) end, "\0\0\0\0", true },
	{ "mprotect and back", function(ram)
		expect(ram:mprotect(MiB, MiB, "none")):eq(0)
		return ram:mprotect(MiB, MiB, "rw")
	end, "five", true },
	{ "aging", function(ram) expect(ram:age(MiB)):ge(0) return 0 end, "five" },
	{ "fork", function(_, vmm) return vmm:fork():exit() end, "five", true },
	{ "a store of the VMM's", function(ram) return ram:write(MiB + 0x5000, "VMM!") end, "VMM!" },
}, function(sim, case)
	local nested, vcpu, _, ram, vm, vmm = guest(sim)
	expect(nested:write(VA + 0x4000, "x")):is_true()
	expect(level(sim, vm, MiB)):eq(2)
	expect(case[2](ram, vmm)):eq(0)
	if case[4] then
		lib.read_shared(sim, nested, VA + 0x5000, case[3])
		expect(vcpu:write(MiB + 0x6000, "y")):is_true()
	end
	expect(nested:read(VA + 0x5000, 4)):eq(case[3])
	expect(nested:write(VA + 0x5000, "F")):is_true()
	expect(ram:read(MiB + 0x5000, 1)):eq("F")
end)

scenario("vsie hpage: the dirty log of a large frame", options, function(sim)
	local nested, _, _, ram, vm = guest(sim, KVM_MEM_LOG_DIRTY_PAGES)
	vm:get_dirty_log{ slot = 0 }
	for _ = 1, 3 do
		expect(nested:write(VA + 0x5000, "F")):is_true()
		expect(vm:get_dirty_log{ slot = 0 }:test(0x105)):is_true()
	end
	expect(ram:read(MiB + 0x5000, 4)):eq("Five")
	expect(vm:get_dirty_log{ slot = 0 }:test(0x105)):is_false()
end)

-- --- huge pages that KVM splits while a shadow has them as one -------------------------------------------------

-- dat_split_ste() gives each of the small entries the marks of the large one. But only the first page has a reverse
-- map (_do_shadow_crste()), so KVM finds nothing to clear when one of the others changes. Here guest-2 makes a page
-- table in the frame: KVM protects its page, but guest-3 still stores into it, and keeps the old translation
-- (findings.md).
scenario("vsie hpage: guest-3 stores into a table of guest-2's in its large frame", late, function(sim)
	local nested, vcpu, space, ram, vm, vmm = guest(sim)
	expect(nested:write(VA + 0x5000, "F")):is_true()
	-- Guest-2's new table is at 0x180000, for guest-3's 64 MiB.
	local entry = function(page) return string.pack("<i8", page) end
	local WINDOW <const> = 64 * MiB
	expect(vcpu:write(MiB + 0x80000, entry(4 * MiB + 0x6000))):is_true()
	store(vcpu, space, WINDOW, MiB + 0x80000, 2)
	expect(nested:write(VA + 0x5000, "f")):is_true()
	expect(level(sim, vm, MiB)):eq(2)
	expect(nested:read(WINDOW, 3)):eq("six")
	expect(level(sim, vm, MiB)):eq(1)
	sim:expect_report{ kind = "check:shadow-gmap", match = "no reverse map leads here from the guest's page at 101000" }
	sim:check()
	local n = faults(sim)
	expect(nested:write(VA + 0x80000, entry(MiB + 0x5000))):is_true()
	expect(faults(sim)):eq(n)
	expect(vcpu:ptlb()):is_true()
	expect(nested:read(WINDOW, 3)):eq("six")
	vmm:exit()
end)

-- --- threads ------------------------------------------------------------------------------------------------

cases("vsie hpage threads: two nested guests on a huge page against", {
	arch = "s390x", mmu = "vsie", kernel = "7.0", check = "end", timeout = 60,
}, {
	{ "MADV_DONTNEED", function(ram) ram:madvise(MiB, MiB, MADV_DONTNEED) end },
	{ "aging",         function(ram) ram:age(MiB) end },
	{ "mprotect", function(ram)
		ram:mprotect(MiB, MiB, "none")
		ram:mprotect(MiB, MiB, "rw")
	end, true },
	{ "KVM_GET_DIRTY_LOG", function(_, vm) vm:get_dirty_log{ slot = 0 } end },
	{ "guest-2's stores into its tables", function(_, _, vcpu, space)
		vcpu:write(space:pte(VA, 2).gpa ~ 0x800, string.pack("<i8", 0x20))
	end },
}, function(sim, case)
	local nested, vcpu, space, ram, vm = guest(sim, KVM_MEM_LOG_DIRTY_PAGES)
	local other, third = vm:create_vcpu(), vm:create_vcpu()
	for _, v in ipairs{ other, third } do
		expect(v:set_cr(0, v:get_cr(0) | CR0_EDAT)):eq(0)
		expect(v:set_cr(1, space.asce)):eq(0)
	end
	local both = { nested, other:nested{ addr = nested.addr + 512, prefix = 0x2000 } }
	for i = 1, 2 do
		sim:thread("nested " .. i, function()
			while not sim:stopping() do
				local done = both[i]:workload{ op = "write", range = { VA + (i - 1) * 0x80000, 0x80000 }, count = 512 }
				-- While it is PROT_NONE there is no memory.
				if not case[3] then
					expect(done):eq(512)
				end
			end
		end)
	end
	sim:thread("host", function()
		while not sim:stopping() do
			case[2](ram, vm, third, space)
		end
	end)
	sim:join{ seconds = 1 }
	expect(nested:write(VA + 0x5000, "alive")):is_true()
	expect(ram:read(MiB + 0x5000, 5)):eq("alive")
end)
