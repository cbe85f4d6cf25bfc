-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_VM_S390_LATE_MMAP without kvm.late_mmap_strict: early memory works, except for dirty logging. A PTE that became
-- writable before the process used PGSTEs has no user-dirty bit (PGSTE.UC). The log uses that bit to find pages to
-- protect. A process with PGSTEs from its start has the same gap before its first VM.

-- Only 6.12 has the parameter: before, page tables have no room for PGSTEs and early memory is always refused.
local options = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP",
	covers = "docs/rules.md L4; api.rst KVM_CAP_S390_LATE_MMAP", kernel = "6.12" }
local MiB <const> = 1 << 20
local LATE <const> = KVM_VM_S390_LATE_MMAP
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES

local function process(sim, pgste)
	expect(sim:set_module_param("kvm.late_mmap_strict", false)):eq(0)
	local vmm = sim:process{ pgste = pgste }
	return vmm, vmm:mmap{ length = "2M", huge = false }
end

local function slot(vm, ram, flags)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram, flags = flags or 0 }):eq(0)
end

scenario("late mmap, not strict: early memory can be used", options, function(sim)
	local vmm, ram = process(sim, false)
	ram:write(0x5000, "early")
	ram:write(0x6000, "swapped")
	expect(ram:swap_out(0x6000, "4K")):eq(0)
	expect(ram:read(MiB, 1)):eq("\0")
	local vm = vmm:open_kvm():create_vm{ type = LATE }
	slot(vm, ram)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(0x5000, 5)):eq("early")
	expect(vcpu:read(0x6000, 7)):eq("swapped")
	expect(vcpu:write(MiB, "guest")):is_true()
	expect(ram:read(MiB, 5)):eq("guest")
	expect(vcpu:s390_vcpu_fault(0x5000)):eq(0)
	expect(vcpu:mvpg(0x8000, 0x5000)):is_true()
	expect(ram:read(0x8000, 5)):eq("early")
end)

cases("late mmap, not strict: storage keys and page states of early memory", options, {
	{ "before CMMA", false }, { "with CMMA", true },
}, function(sim, case)
	local vmm, ram = process(sim, false)
	ram:write(0x5000, "early")
	local vm = vmm:open_kvm():create_vm{ type = LATE }
	if case[2] then
		expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	end
	slot(vm, ram)
	local vcpu = vm:create_vcpu()
	expect(vcpu:sske(0x5000, 0x38)):is_true()
	expect(vcpu:iske(0x5000)):eq(0x38)
	expect(ram:swap_out(0x5000, "4K")):eq(0)
	expect(vm:s390_get_skeys{ start_gfn = 5, count = 1 }:byte() & 0xf8):eq(0x38)
	expect(vcpu:rrbe(0x5000)):ge(0)
	expect(vcpu:read(0x5000, 5)):eq("early")
	if case[2] then
		expect(vcpu:essa(0x5000, 2)):eq(0)
		expect(ram:swap_out(0x5000, "4K")):eq(0)
		expect(vcpu:read(0x5000, 5)):eq(("\0"):rep(5))
	end
end)

-- --- the dirty log ---------------------------------------------------------------------------------------------

-- Page 5 after touch(), then a VM, what happens to the page meanwhile, and a slot that logs.
local function logging(sim, pgste, touch, between)
	local vmm, ram = process(sim, pgste)
	touch(ram, vmm)
	local vm = vmm:open_kvm():create_vm{ type = LATE }
	slot(vm, ram)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(0x8000, 1)):eq("\0")
	if between then
		between(ram, vmm)
	end
	slot(vm, ram, LOG)
	vm:get_dirty_log{ slot = 0 }
	return vm, vcpu, ram
end

local function written(ram)
	ram:write(0x5000, "written")
end

-- The checker sees it too.
local function expect_missed(sim)
	for _, where in ipairs{ "gmap", "TLB of CPU 0" } do
		sim:expect_report{ kind = "check:guest-mappings",
			match = where .. " maps gfn 5 writable, but slot 0 logs dirty pages" }
	end
end

local at_end = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP",
	covers = options.covers, kernel = options.kernel, check = "end" }
local processes = { { "without PGSTEs at the start", false }, { "with PGSTEs from the start", true } }

cases("late mmap, not strict: the log misses writes to a page that was written before the VM was there", at_end, processes,
function(sim, case)
	local vm, vcpu = logging(sim, case[2], written)
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(vcpu:write(0x7000, "x")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 7 }
	-- And again: nothing repairs it.
	expect(vcpu:write(0x5000, "y")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	expect_missed(sim)
end)

cases("late mmap, not strict: the log misses what the VMM writes there", at_end, processes, function(sim, case)
	local vm, vcpu, ram = logging(sim, case[2], written)
	expect(vcpu:read(0x5000, 7)):eq("written")
	ram:write(0x5000, "again")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	expect_missed(sim)
end)

-- Whatever sets the PTE again sets the bit.
cases("late mmap, not strict: the log sees the page if before it logs there was", options, {
	{ "MADV_DONTNEED", function(ram) expect(ram:madvise(0x5000, "4K", MADV_DONTNEED)):eq(0) end },
	{ "swap",          function(ram) expect(ram:swap_out(0x5000, "4K")):eq(0) end },
	{ "migration",     function(ram) expect(ram:migrate(0x5000)):eq(0) end },
	{ "mprotect",      function(ram)
		expect(ram:mprotect(0x5000, "4K", "r")):eq(0)
		expect(ram:mprotect(0x5000, "4K", "rw")):eq(0)
	end },
	{ "fork",          function(_, vmm) vmm:fork() end },
	{ "fork and exit", function(_, vmm) vmm:fork():exit() end },
}, function(sim, case)
	local vm, vcpu = logging(sim, false, written, case[2])
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5 }
end)

cases("late mmap, not strict: the log sees a page that before the VM was only", options, {
	{ "mapped",                function() end },
	{ "read",                  function(ram) expect(ram:read(0x5000, 1)):eq("\0") end },
	{ "written and swapped out", function(ram)
		written(ram)
		expect(ram:swap_out(0x5000, "4K")):eq(0)
	end },
}, function(sim, case)
	local vm, vcpu = logging(sim, false, case[2])
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5 }
end)

-- The checker looks at the PGSTEs of processes without a VM.
cases("late mmap, not strict: nobody touches PGSTEs before there is a VM", options, processes, function(sim, case)
	local _, ram = process(sim, case[2])
	written(ram)
	expect(ram:mprotect(0, "2M", "none")):eq(0)
	expect(ram:mprotect(0, "2M", "rw")):eq(0)
	expect(ram:migrate(0x5000)):eq(0)
	expect(ram:swap_out(0x5000, "4K")):eq(0)
	expect(ram:read(0x5000, 7)):eq("written")
	expect(ram:age(0x5000)):ge(0)
	expect(ram:madvise(0, "2M", MADV_DONTNEED)):eq(0)
end)

scenario("late mmap, not strict: the log of late memory misses nothing", options, function(sim)
	local vmm = process(sim, false)
	local vm = vmm:open_kvm():create_vm{ type = LATE }
	local late = vmm:mmap{ length = "2M", huge = false }
	late:write(0x5000, "late")
	slot(vm, late)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(0x5000, 4)):eq("late")
	slot(vm, late, LOG)
	vm:get_dirty_log{ slot = 0 }
	for _ = 1, 2 do
		expect(vcpu:write(0x5000, "x")):is_true()
		expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5 }
	end
end)
