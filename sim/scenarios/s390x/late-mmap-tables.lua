-- SPDX-License-Identifier: GPL-2.0-only
-- A process with page tables of both kinds, after KVM_VM_S390_LATE_MMAP's switch. In Linux 6.1 the early ones are
-- halves of a page: operations on one must not touch the other, nor the next page, and each half must be freed as a
-- half. The check "pgste" does its part; here the neighbours' entries and data are compared.

local options = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP", covers = "docs/rules.md L3" }
local PAGE <const>, MiB <const> = 4096, 1 << 20
local LATE <const> = KVM_VM_S390_LATE_MMAP
local SEGMENTS <const> = 4
local PAGES <const> = MiB // PAGE

local strict <const> = require("late-mmap").strict

-- Pages of each segment: written, only read, swapped out; most are never touched.
local WRITTEN <const>, EQUAL <const>, READ <const>, SWAPPED <const>, EMPTY <const> = 0, 3, 100, 254, 128

local function fill(ram, segment)
	local at = segment * MiB
	for _, n in ipairs{ WRITTEN, WRITTEN + 1, PAGES - 1 } do
		ram:write(at + n * PAGE, "segment " .. segment)
	end
	ram:write(at + EQUAL * PAGE, "equal in " .. segment)
	ram:write(at + (EQUAL + 1) * PAGE, "equal in " .. segment)
	ram:read(at + READ * PAGE, 1)
	ram:write(at + SWAPPED * PAGE, "swapped " .. segment)
	expect(ram:swap_out(at + SWAPPED * PAGE, PAGE)):eq(0)
end

-- A process with SEGMENTS early page tables, made one after the other: if they are halves, two share a page.
local function early_process(sim)
	strict(sim)
	local vmm = sim:process{ pgste = false }
	local early = vmm:mmap{ length = SEGMENTS * MiB, huge = false }
	for segment = 0, SEGMENTS - 1 do
		fill(early, segment)
	end
	return vmm, early
end

-- The switch, and a guest that uses late memory.
local function late_guest(vmm)
	local vm = vmm:open_kvm():create_vm{ type = LATE }
	local late = vmm:mmap{ length = "2M", huge = false }
	expect(vm:set_user_memory_region{ slot = 0, memory_size = late.length, userspace_addr = late }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x5000, "guest")):is_true()
	expect(late:read(0x5000, 5)):eq("guest")
	return vcpu, late, vm
end

-- All entries of a segment's page table, as text.
local function entries(ram, segment)
	local e = {}
	for n = 0, PAGES - 1 do
		local p = ram:page(segment * PAGES + n)
		e[n + 1] = type(p) == "number" and p or
			("%s %s %s %s %s %s"):format(p.pfn, p.mapped, p.writable, p.dirty, p.swapped, p.zero)
	end
	return e
end

local function check_data(ram, segment)
	local at = segment * MiB
	for _, n in ipairs{ WRITTEN, WRITTEN + 1, PAGES - 1 } do
		expect(ram:read(at + n * PAGE, 9)):eq("segment " .. segment)
	end
	expect(ram:read(at + READ * PAGE, 1)):eq("\0")
	expect(ram:read(at + SWAPPED * PAGE, 9)):eq("swapped " .. segment)
	expect(ram:read(at + EMPTY * PAGE, 1)):eq("\0")
end

-- ksmd keeps its record of a merged page until it looks for an equal one, so each scenario merges only once.
local function merge(vmm, ram, at, where)
	local n = at // PAGE + EQUAL
	if at == where then
		expect(vmm:ksm_merge(ram:page(n), ram:page(n + 1))):eq(0)
		ram:write(n * PAGE, "no more")
	end
end

-- What the host does to the page table of the segment at `at`. The state of its page WRITTEN is kept.
local operations = {
	{ "a page is read for the first time", function(_, ram, at) ram:read(at + EMPTY * PAGE, 1) end },
	{ "a page is written for the first time", function(_, ram, at) ram:write(at + (EMPTY + 1) * PAGE, "new") end },
	{ "a page that was read is written", function(_, ram, at) ram:write(at + READ * PAGE, "\0") end },
	{ "swap", function(_, ram, at)
		expect(ram:swap_out(at, 2 * PAGE)):eq(0)
		expect(ram:read(at, 7)):eq("segment")
	end },
	{ "swapped in", function(_, ram, at) expect(ram:read(at + SWAPPED * PAGE, 7)):eq("swapped") end },
	{ "MADV_FREE", function(_, ram, at) expect(ram:madvise(at + EQUAL * PAGE, 2 * PAGE, MADV_FREE)):eq(0) end },
	{ "MADV_DONTNEED", function(_, ram, at) expect(ram:madvise(at + EQUAL * PAGE, 2 * PAGE, MADV_DONTNEED)):eq(0) end },
	{ "mprotect", function(_, ram, at)
		expect(ram:mprotect(at, MiB, "r")):eq(0)
		expect(ram:mprotect(at, MiB, "none")):eq(0)
		expect(ram:mprotect(at, MiB, "rw")):eq(0)
	end },
	{ "migration", function(_, ram, at) expect(ram:migrate(at)):eq(0) end },
	{ "KSM in the first one", function(vmm, ram, at) merge(vmm, ram, at, 0) end },
	{ "KSM in the second one", function(vmm, ram, at) merge(vmm, ram, at, MiB) end },
	{ "a pin", function(_, ram, at)
		expect(ram:pin(at, true)):eq(0)
		expect(ram:unpin(at)):eq(0)
	end },
	{ "mremap of a part", function(_, ram, at)
		expect(ram:mremap{ offset = at + EQUAL * PAGE, old_length = PAGE, new_length = 2 * PAGE }):ok()
	end },
	{ "userfaultfd", function(vmm, ram, at)
		local uffd = vmm:userfaultfd()
		expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING, at, MiB)):eq(0)
		expect(uffd:copy(ram, at + (EMPTY + 2) * PAGE, "copied" .. ("\0"):rep(PAGE - 6))):eq(PAGE)
		expect(uffd:close()):eq(0)
	end },
}

cases("late mmap: the neighbouring page table does not change", options, operations, function(sim, case)
	local vmm, early = early_process(sim)
	late_guest(vmm)
	for segment = 0, SEGMENTS - 1 do
		local before = {}
		for other = 0, SEGMENTS - 1 do
			before[other] = entries(early, other)
		end
		case[2](vmm, early, segment * MiB)
		for other = 0, SEGMENTS - 1 do
			if other ~= segment then
				expect(entries(early, other)):eq(before[other])
			end
		end
	end
	for segment = 0, SEGMENTS - 1 do
		check_data(early, segment)
	end
end)

cases("late mmap: the neighbouring page table does not change: fork, and", options, {
	{ "the parent writes", function(_, early) early:write(0, "segment 0") end },
	{ "the child writes",  function(child, early) expect(child:write(early.addr, "child")):eq(0) end },
	{ "the child exits",   function(child) child:exit() end },
}, function(sim, case)
	local vmm, early = early_process(sim)
	local vcpu = late_guest(vmm)
	local child = vmm:fork()
	local before = entries(early, 1)
	case[2](child, early)
	expect(entries(early, 1)):eq(before)
	expect(vcpu:read(0x5000, 5)):eq("guest")
	for segment = 0, SEGMENTS - 1 do
		check_data(early, segment)
	end
end)

-- --- walks over all page tables ---------------------------------------------------------------------------------

scenario("late mmap: storage keys come into use with page tables of both kinds", options, function(sim)
	local vmm, early = early_process(sim)
	local _, late, vm = late_guest(vmm)
	expect(vm:s390_set_skeys{ start_gfn = 5, keys = "\x50" }):eq(0)
	expect(vm:s390_get_skeys{ start_gfn = 5, count = 1 }):eq("\x50")
	-- The host shares no zero pages in a process that uses keys.
	for segment = 0, SEGMENTS - 1 do
		expect(early:page(segment * PAGES + READ)):fields{ zero = false }
		check_data(early, segment)
	end
	expect(late:read(0x5000, 5)):eq("guest")
end)

scenario("late mmap: CMMA is reset with page tables of both kinds", options, function(sim)
	local vmm, early = early_process(sim)
	local vm = vmm:open_kvm():create_vm{ type = LATE }
	local late = vmm:mmap{ length = "1M", huge = false }
	expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = MiB, userspace_addr = late }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x5000, "unused")):is_true()
	expect(vcpu:essa(0x5000, 2)):eq(0)
	expect(late:swap_out(0x5000, PAGE)):eq(0)
	expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_CLR_CMMA }):eq(0)
	for segment = 0, SEGMENTS - 1 do
		check_data(early, segment)
	end
end)

-- --- page tables are freed ---------------------------------------------------------------------------------------

cases("late mmap: page tables go one by one", options, {
	{ "lower half first", { 0, 1, 2, 3 } },
	{ "upper half first", { 1, 0, 3, 2 } },
	{ "one of each page", { 0, 2, 1, 3 } },
	{ "from the end",     { 3, 2, 1, 0 } },
	{ "not all",          { 1, 2 } },
	{ "none",             {} },
}, function(sim, case)
	local vmm, early = early_process(sim)
	local vcpu = late_guest(vmm)
	local live = { [0] = true, true, true, true }
	for _, segment in ipairs(case[2]) do
		expect(early:munmap(segment * MiB, MiB)):eq(0)
		live[segment] = nil
		-- Makes another page table, perhaps in the page that has room.
		local ram = vmm:mmap{ length = "1M", huge = false }
		ram:write(0, "another")
		for other in pairs(live) do
			check_data(early, other)
		end
		expect(ram:read(0, 7)):eq("another")
	end
	expect(vcpu:read(0x5000, 5)):eq("guest")
end)

scenario("late mmap: a page table made after the switch is a whole one, also when there is room for a half", options,
	function(sim)
	local vmm, early = early_process(sim)
	local vcpu, late = late_guest(vmm)
	expect(early:munmap(MiB, MiB)):eq(0)
	late:write(MiB, "late")
	expect(vcpu:read(MiB, 4)):eq("late")
	check_data(early, 0)
end)

-- The page table was allocated before the fault waited without the mmap lock, and is freed when the fault is retried.
scenario("late mmap: a fault that waited during the switch frees the page table that it had", options, function(sim)
	local vmm, early = early_process(sim)
	local one = vmm:mmap{ length = "1M", huge = false }
	one:write(0, "a lower half")
	local file = vmm:shmem("1M")
	local ram = vmm:mmap{ file = file, length = "1M" }
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	sim:thread("toucher", function()
		expect(ram:read(0x3000, 6)):eq("copied")
	end)
	sim:thread("vmm", function()
		expect(uffd:read()):fields{ address = ram.addr + 0x3000 }
		late_guest(vmm)
		expect(uffd:copy(ram, 0x3000, "copied" .. ("\0"):rep(PAGE - 6))):eq(PAGE)
	end)
	sim:join()
	expect(one:read(0, 12)):eq("a lower half")
	for segment = 0, SEGMENTS - 1 do
		check_data(early, segment)
	end
end)

-- The loser of the race for a segment frees an unused page table, of either kind.
scenario("late mmap: two threads fault in the same segments while the process switches",
	{ arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP", check = "end" },
	function(sim)
	local COUNT <const> = 48
	strict(sim)
	local vmm = sim:process{ pgste = false }
	local ram = vmm:mmap{ length = COUNT * MiB, huge = false }
	for i = 0, 1 do
		sim:thread("toucher " .. i, function()
			for segment = 0, COUNT - 1 do
				ram:write(segment * MiB + i * PAGE, "touched " .. i)
			end
		end)
	end
	sim:thread("vmm", function()
		expect(vmm:open_kvm():create_vm{ type = LATE }):ok()
	end)
	sim:join()
	for segment = 0, COUNT - 1 do
		for i = 0, 1 do
			expect(ram:read(segment * MiB + i * PAGE, 9)):eq("touched " .. i)
		end
	end
end)
