-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_VM_S390_LATE_MMAP and the life of page tables: what makes early memory late and what does not, and huge pages at
-- the switch. With kvm.late_mmap_strict a guest's access shows which it is; late-mmap-strict.lua defines early and
-- late.

local options = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP",
	covers = "docs/rules.md L1, L3; api.rst KVM_CAP_S390_LATE_MMAP" }
local MiB <const>, HALF <const> = 1 << 20, 1 << 19
local LATE <const> = KVM_VM_S390_LATE_MMAP
local REFUSED <const> = { exception = { code = 5 } }

local strict <const> = require("late-mmap").strict

-- A process without PGSTEs, with 4 MiB of memory of which every segment has a page table.
local function early_process(sim, t)
	strict(sim)
	local vmm = sim:process{ pgste = false }
	local m = { length = "4M", align = 4 * MiB, huge = false }
	for k, v in pairs(t or {}) do
		m[k] = v
	end
	local early = vmm:mmap(m)
	for offset = 0, early.length - 1, MiB do
		early:write(offset + 0x5000, "early")
	end
	return vmm, early
end

local function late_vm(vmm)
	return vmm:open_kvm():create_vm{ type = LATE }
end

-- A vCPU of a VM with one slot over the memory from addr on.
local function vcpu_over(vm, addr, length)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = length, userspace_addr = addr }):eq(0)
	return vm:create_vcpu()
end

local function map_at(vmm, addr, length)
	return vmm:mmap{ addr = addr, length = length, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
end

scenario("late mmap: memory that was never touched before is late", options, function(sim)
	strict(sim)
	local vmm = sim:process{ pgste = false }
	local ram = vmm:mmap{ length = "2M", huge = false }
	ram:write(0x5000, "one segment")
	local vcpu = vcpu_over(late_vm(vmm), ram.addr, 2 * MiB)
	expect(vcpu:write(0x5000, "x")):fields(REFUSED)
	expect(vcpu:write(MiB + 0x5000, "guest")):is_true()
	expect(ram:read(MiB + 0x5000, 5)):eq("guest")
end)

-- s390 moves pages one by one, into the tables of the new place.
scenario("late mmap: mremap of early memory makes it late", options, function(sim)
	local vmm, early = early_process(sim)
	local vm = late_vm(vmm)
	local there = vmm:mmap{ length = "4M", align = 4 * MiB, huge = false }
	expect(there:munmap()):eq(0)
	local moved = early:mremap{ new_length = "4M", flags = MREMAP_MAYMOVE | MREMAP_FIXED, new_addr = there.addr }
	expect(moved.addr):eq(there.addr)
	local vcpu = vcpu_over(vm, moved.addr, 4 * MiB)
	for at = 0, 3 * MiB, MiB do
		expect(vcpu:read(at + 0x5000, 5)):eq("early")
		expect(vcpu:write(at + 0x5000, "guest")):is_true()
		expect(moved:read(at + 0x5000, 5)):eq("guest")
	end
end)

scenario("late mmap: mremap into an early segment does not", options, function(sim)
	local vmm, early = early_process(sim)
	local vm = late_vm(vmm)
	local late = vmm:mmap{ length = "1M", huge = false }
	late:write(0x5000, "late")
	local moved = late:mremap{ new_length = HALF, old_length = HALF, flags = MREMAP_MAYMOVE | MREMAP_FIXED,
		new_addr = early.addr }
	expect(moved:read(0x5000, 4)):eq("late")
	expect(vcpu_over(vm, early.addr, MiB):read(0x5000, 4)):fields(REFUSED)
end)

cases("late mmap: the page table stays early after", options, {
	{ "MADV_DONTNEED",     function(_, ram) expect(ram:madvise(0, MiB, MADV_DONTNEED)):eq(0) end },
	{ "MADV_PAGEOUT",      function(_, ram) expect(ram:madvise(0, MiB, MADV_PAGEOUT)):eq(0) end },
	{ "MADV_FREE",         function(_, ram) expect(ram:madvise(0, MiB, MADV_FREE)):eq(0) end },
	{ "mprotect",          function(_, ram)
		expect(ram:mprotect(0, MiB, "none")):eq(0)
		expect(ram:mprotect(0, MiB, "rw")):eq(0)
	end },
	{ "migration",         function(_, ram) expect(ram:migrate(0x5000)):eq(0) end },
	{ "fork",              function(vmm) vmm:fork() end },
	{ "fork and exit",     function(vmm) vmm:fork():exit() end },
	{ "another VM",        function(vmm) expect(vmm:open_kvm():create_vm()):ok() end },
}, function(sim, case)
	local vmm, early = early_process(sim)
	local vm = late_vm(vmm)
	case[2](vmm, early)
	local vcpu = vcpu_over(vm, early.addr, MiB)
	expect(vcpu:read(0x5000, 5)):fields(REFUSED)
	expect(vcpu:s390_vcpu_fault(0x5000)):eq(-EFAULT)
	early:write(0x5000, "still there")
	expect(early:read(0x5000, 11)):eq("still there")
end)

-- "Memory that is mapped after" is not enough: the table lives while anything in its segment is mapped.
scenario("late mmap: a segment replaced in two halves stays early", options, function(sim)
	local vmm, early = early_process(sim)
	local vm = late_vm(vmm)
	for half = 0, 1 do
		expect(early:munmap(MiB + half * HALF, HALF)):eq(0)
		map_at(vmm, early.addr + MiB + half * HALF, HALF)
	end
	expect(vcpu_over(vm, early.addr + MiB, MiB):read(0x5000, 5)):fields(REFUSED)
end)

scenario("late mmap: a segment that is mapped over at once is late", options, function(sim)
	local vmm, early = early_process(sim)
	local vm = late_vm(vmm)
	-- MAP_FIXED removes what is there, and the neighbours begin at the segment's ends: nothing keeps the table.
	map_at(vmm, early.addr + MiB, MiB)
	local vcpu = vcpu_over(vm, early.addr, 4 * MiB)
	expect(vcpu:read(0x5000, 5)):fields(REFUSED)
	expect(vcpu:read(MiB + 0x5000, 5)):eq(("\0"):rep(5))
	expect(vcpu:read(2 * MiB + 0x5000, 5)):fields(REFUSED)
end)

scenario("late mmap: a segment replaced as a whole is late", options, function(sim)
	local vmm, early = early_process(sim)
	local vm = late_vm(vmm)
	expect(early:munmap(MiB, MiB)):eq(0)
	local again = map_at(vmm, early.addr + MiB, MiB)
	local vcpu = vcpu_over(vm, early.addr, 4 * MiB)
	expect(vcpu:read(MiB + 0x5000, 5)):eq(("\0"):rep(5))
	expect(vcpu:write(MiB + 0x5000, "guest")):is_true()
	expect(again:read(0x5000, 5)):eq("guest")
	expect(vcpu:read(2 * MiB + 0x5000, 5)):fields(REFUSED)
end)

-- --- huge pages ------------------------------------------------------------------------------------------------

-- The page tables into which a huge page is split were deposited when it was made.
scenario("late mmap: huge pages are split at the switch, into early tables", options, function(sim)
	local vmm, early = early_process(sim, { huge = true })
	expect(early:page(0)):fields{ huge = true }
	expect(early:page(0x300)):fields{ huge = true }
	local vm = late_vm(vmm)
	for n = 0, 0x3ff, 0x100 do
		expect(early:page(n + 5)):fields{ huge = false, mapped = true }
	end
	local vcpu = vcpu_over(vm, early.addr, 4 * MiB)
	for at = 0, 3 * MiB, MiB do
		expect(early:read(at + 0x5000, 5)):eq("early")
		expect(vcpu:read(at + 0x5000, 5)):fields(REFUSED)
	end
end)

scenario("late mmap: no huge pages after the switch, in early memory or late", options, function(sim)
	local vmm, early = early_process(sim, { huge = true })
	local vm = late_vm(vmm)
	expect(early:collapse_huge(0, MiB)):lt(0)
	expect(early:madvise(0, 4 * MiB, MADV_DONTNEED)):eq(0)
	local late = vmm:mmap{ length = "2M", huge = true }
	for _, ram in ipairs{ early, late } do
		ram:write(0x5000, "small")
		expect(ram:page(5)):fields{ mapped = true, huge = false }
		expect(ram:collapse_huge(0, MiB)):lt(0)
	end
	expect(vcpu_over(vm, late.addr, 2 * MiB):read(0x5000, 5)):eq("small")
end)

scenario("late mmap: moved huge pages land in late tables", options, function(sim)
	local vmm, early = early_process(sim, { huge = true })
	local there = vmm:mmap{ length = "4M", align = 4 * MiB, huge = false }
	expect(there:munmap()):eq(0)
	local vm = late_vm(vmm)
	local moved = early:mremap{ new_length = "4M", flags = MREMAP_MAYMOVE | MREMAP_FIXED, new_addr = there.addr }
	expect(vcpu_over(vm, moved.addr, 4 * MiB):read(MiB + 0x5000, 5)):eq("early")
end)

-- --- fork --------------------------------------------------------------------------------------------------------

scenario("late mmap: a child's copy of early memory is late, the parent's stays early", options, function(sim)
	local vmm, early = early_process(sim)
	local vm = late_vm(vmm)
	local child = vmm:fork()
	local theirs = vcpu_over(child:open_kvm():create_vm(), early.addr, 4 * MiB)
	local ours = vcpu_over(vm, early.addr, 4 * MiB)
	for at = 0, 3 * MiB, MiB do
		expect(theirs:read(at + 0x5000, 5)):eq("early")
		expect(theirs:write(at + 0x5000, "child")):is_true()
		expect(ours:read(at + 0x5000, 5)):fields(REFUSED)
		expect(early:read(at + 0x5000, 5)):eq("early")
	end
end)

-- --- the parameter ---------------------------------------------------------------------------------------------

-- 6.1 is always strict
local tunable = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP",
	covers = "kvm.late_mmap_strict", kernel = "6.12" }

local function set_strict(sim, value)
	expect(sim:set_module_param("kvm.late_mmap_strict", value)):eq(0)
end

scenario("late mmap: what the parameter is at the switch counts", tunable, function(sim)
	local vmm, early = early_process(sim)
	local vm = late_vm(vmm)
	set_strict(sim, false)
	expect(vcpu_over(vm, early.addr, 4 * MiB):read(0x5000, 5)):fields(REFUSED)
	expect(vcpu_over(late_vm(vmm), early.addr, 4 * MiB):read(0x5000, 5)):fields(REFUSED)

	local other, ram = early_process(sim)
	set_strict(sim, false)
	local loose = late_vm(other)
	set_strict(sim, true)
	expect(vcpu_over(loose, ram.addr, 4 * MiB):read(0x5000, 5)):eq("early")
	expect(vcpu_over(late_vm(other), ram.addr, 4 * MiB):read(0x5000, 5)):eq("early")
end)

scenario("late mmap: strict means nothing to a process with PGSTEs", tunable, function(sim)
	set_strict(sim, true)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = false }
	ram:write(0x5000, "early")
	expect(vcpu_over(late_vm(vmm), ram.addr, 2 * MiB):read(0x5000, 5)):eq("early")
end)
