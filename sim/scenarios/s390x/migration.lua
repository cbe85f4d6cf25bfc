-- SPDX-License-Identifier: GPL-2.0-only
-- What live migration reads and writes of a guest's memory besides its pages: storage keys and CMMA states, and
-- migration mode, in which KVM records pages whose state changed (kvm_s390_{get,set}_{skeys,cmma_bits}()).

local options = { arch = "s390x" }
local MiB <const> = 1 << 20
local UNUSED <const>, VOLATILE <const>, NODAT <const> = 1, 2, 0x40
local USAGE_MASK <const> = 0x03000000

local function attr(vm, group, name)
	return vm:set_device_attr{ group = group, attr = name }
end
local function start(vm) return attr(vm, KVM_S390_VM_MIGRATION, KVM_S390_VM_MIGRATION_START) end
local function stop(vm) return attr(vm, KVM_S390_VM_MIGRATION, KVM_S390_VM_MIGRATION_STOP) end
local function status(vm)
	return vm:get_device_attr{ group = KVM_S390_VM_MIGRATION, attr = KVM_S390_VM_MIGRATION_STATUS }.value
end

-- Slots of 1 MiB: 0 at 0, 1 at 1 MiB, 2 at 4 MiB, all logging if flags say so; no vCPU yet.
local function machine(sim, cmma, flags)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", align = MiB, huge = false }
	local vm = vmm:open_kvm():create_vm()
	if cmma then
		expect(attr(vm, KVM_S390_VM_MEM_CTRL, KVM_S390_VM_MEM_ENABLE_CMMA)):eq(0)
	end
	for slot, mib in pairs{ [0] = 0, 1, 4 } do
		expect(vm:set_user_memory_region{ slot = slot, flags = flags or KVM_MEM_LOG_DIRTY_PAGES,
			guest_phys_addr = mib * MiB, memory_size = MiB, userspace_addr = ram.addr + mib * MiB }):eq(0)
	end
	return vm, ram, vmm
end

-- With CMMA, and a page table of the VM's for every slot: since 7.0 other pages have no states.
local function with_states(sim)
	local vm, ram = machine(sim, true)
	for _, mib in ipairs{ 0, 1, 4 } do
		expect(vm:s390_set_cmma_bits{ start_gfn = mib << 8, values = "\0" }):eq(0)
	end
	return vm, ram
end

-- A page table for every slot.
local function touched(sim)
	local vm, ram, vmm = machine(sim)
	for _, mib in ipairs{ 0, 1, 4 } do
		ram:write(mib * MiB + 0x80000, "x")
	end
	return vm, ram, vmm
end

-- --- storage keys ------------------------------------------------------------------------------------------

scenario("keys: GET asks for flags, then for use, then for the count", options, function(sim)
	local vm = touched(sim)
	expect(vm:s390_get_skeys{ start_gfn = 0, count = 1, flags = 1 }):eq(-EINVAL)
	-- While no keys are used the rest is not checked.
	expect(vm:s390_get_skeys{ start_gfn = 1 << 40, count = 0 }):eq(KVM_S390_GET_SKEYS_NONE)
	expect(vm:s390_get_skeys{ start_gfn = 0, count = 1 }):eq(KVM_S390_GET_SKEYS_NONE)
	expect(vm:s390_set_skeys{ start_gfn = 0, keys = "\x10" }):eq(0)
	expect(vm:s390_get_skeys{ start_gfn = 0, count = 0 }):eq(-EINVAL)
	expect(vm:s390_get_skeys{ start_gfn = 0, count = KVM_S390_SKEYS_MAX + 1 }):eq(-EINVAL)
	expect(vm:s390_get_skeys{ start_gfn = 0, count = 1 }):eq("\x10")
end)

cases("keys: SET refuses", options, {
	{ "flags",                 { start_gfn = 0, keys = "\x10", flags = 1 },                        -EINVAL, false },
	{ "no keys",               { start_gfn = 0, keys = "" },                                       -EINVAL, false },
	{ "more than the limit",   { start_gfn = 0, keys = ("\0"):rep(KVM_S390_SKEYS_MAX + 1) },       -EINVAL, false },
	{ "a key with bit 7",      { start_gfn = 0, keys = "\x11" },                                   -EINVAL, true },
	{ "pages outside of slots", { start_gfn = 0x200, keys = "\x10" },                              -EFAULT, true },
}, function(sim, case)
	local vm = machine(sim)
	expect(vm:s390_set_skeys(case[2])):eq(case[3])
	-- When the call reached the pages, the process began to use keys.
	local got = vm:s390_get_skeys{ start_gfn = 0, count = 1 }
	expect(got):eq(case[4] and "\0" or KVM_S390_GET_SKEYS_NONE)
end)

scenario("keys: a hole between slots ends SET, what was before it stays", options, function(sim)
	local vm = touched(sim)
	expect(vm:s390_set_skeys{ start_gfn = 0x1fe, keys = "\x10\x20\x30" }):eq(-EFAULT)
	expect(vm:s390_get_skeys{ start_gfn = 0x1fe, count = 2 }):eq("\x10\x20")
	expect(vm:s390_get_skeys{ start_gfn = 0x1fe, count = 3 }):eq(-EFAULT)
	expect(vm:s390_set_skeys{ start_gfn = 0xff, keys = "\x40\x50" }):eq(0)
	expect(vm:s390_get_skeys{ start_gfn = 0xff, count = 2 }):eq("\x40\x50")
end)

scenario("keys: a bad key in the middle", options, function(sim)
	local vm = touched(sim)
	expect(vm:s390_set_skeys{ start_gfn = 0, keys = "\x10\x21\x30" }):eq(-EINVAL)
	-- Reference and change are set for whatever had a page table when keys came into use (ptep_zap_key()). Since 7.0 all
	-- keys are checked first.
	expect(vm:s390_get_skeys{ start_gfn = 0, count = 3 }):eq(sim:kernel_since("7.0") and "\0\0\0" or "\x10\x06\x06")
end)

scenario("keys: a key waits in the PGSTE for its page", options, function(sim)
	local vm, ram = touched(sim)
	expect(vm:s390_set_skeys{ start_gfn = 0x5, keys = "\x40" }):eq(0)
	expect(ram:page(5).mapped):is_false()
	expect(vm:s390_get_skeys{ start_gfn = 4, count = 3 }):eq(sim:kernel_since("7.0") and "\0\x40\0" or "\x06\x40\x06")
	ram:write(0x5000, "page")
	expect(vm:s390_get_skeys{ start_gfn = 5, count = 1 }:byte() & 0xf8):eq(0x40)
end)

-- kvm_s390_set_skeys(): if set_guest_storage_key() finds no page table, the page is faulted in, and the loop continues
-- with the next page instead of setting the key now. Live migration loses a key for each segment that has no table yet.
-- Since 7.0 only the VM's own table is made.
scenario("keys: before 7.0 SET loses the key of a page whose segment has no page table", options, function(sim)
	local vm, ram = machine(sim)
	local loses = not sim:kernel_since("7.0")
	expect(ram:page(0x405).mapped):is_false()
	expect(vm:s390_set_skeys{ start_gfn = 0x405, keys = "\x30\x40" }):eq(0)
	expect(ram:page(0x405).mapped):eq(loses)
	expect(ram:page(0x406).mapped):is_false()
	expect(vm:s390_get_skeys{ start_gfn = 0x405, count = 2 }):eq(loses and "\0\x40" or "\x30\x40")
	expect(vm:s390_set_skeys{ start_gfn = 0x405, keys = "\x30" }):eq(0)
	expect(vm:s390_get_skeys{ start_gfn = 0x405, count = 1 }):eq("\x30")
end)

scenario("keys: SET where the VMM has no memory: a key of 0 is there already", { arch = "s390x", before = "7.0" },
	function(sim)
	local vm, ram = machine(sim)
	expect(vm:s390_set_skeys{ start_gfn = 0x100, keys = "\0\0" }):eq(0)
	expect(ram:page(0x100).mapped):is_false()
	expect(ram:munmap(MiB, MiB)):eq(0)
	expect(vm:s390_set_skeys{ start_gfn = 0x100, keys = "\x30" }):eq(-EFAULT)
	expect(vm:s390_set_skeys{ start_gfn = 0x100, keys = "\0" }):eq(-EFAULT)
	expect(vm:s390_get_skeys{ start_gfn = 0x100, count = 1 }):eq(-EFAULT)
end)

-- --- CMMA --------------------------------------------------------------------------------------------------

scenario("CMMA attributes: before the first vCPU, and not without CMMA", options, function(sim)
	local vm = machine(sim)
	expect(vm:has_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	expect(attr(vm, KVM_S390_VM_MEM_CTRL, KVM_S390_VM_MEM_CLR_CMMA)):eq(-EINVAL)
	expect(vm:create_vcpu()):ok()
	expect(attr(vm, KVM_S390_VM_MEM_CTRL, KVM_S390_VM_MEM_ENABLE_CMMA)):eq(-EBUSY)
end)

scenario("CMMA attributes: CLR forgets every state", options, function(sim)
	local vm, ram = machine(sim, true)
	ram:write(0, ("\1"):rep(0x4000))
	expect(vm:s390_set_cmma_bits{ start_gfn = 0, values = string.char(UNUSED, VOLATILE, NODAT | UNUSED) }):eq(0)
	expect(attr(vm, KVM_S390_VM_MEM_CTRL, KVM_S390_VM_MEM_CLR_CMMA)):eq(0)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0, count = 3, flags = KVM_S390_CMMA_PEEK }.values):eq("\0\0\0")
	expect(ram:swap_out(0, "4K")):eq(0)
	expect(ram:read(0, 1)):eq("\1")
end)

scenario("CMMA bits: errors in order", options, function(sim)
	local vm = machine(sim)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0, count = 1, flags = 8 }):eq(-ENXIO)
	expect(vm:s390_set_cmma_bits{ start_gfn = 0, values = "\1", flags = 8 }):eq(-ENXIO)
	vm = machine(sim, true)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0, count = 0, flags = 2 }):eq(-EINVAL)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0, count = 1 }):eq(-EINVAL)
	expect(vm:s390_set_cmma_bits{ start_gfn = 0, values = "", flags = 1 }):eq(-EINVAL)
	expect(vm:s390_set_cmma_bits{ start_gfn = 0, values = ("\0"):rep(KVM_S390_SKEYS_MAX + 1) }):eq(-EINVAL)
	expect(vm:s390_set_cmma_bits{ start_gfn = 1 << 30, values = "" }):eq(0)
	expect(vm:s390_set_cmma_bits{ start_gfn = 0x200, values = "\1" }):eq(-EFAULT)
end)

scenario("CMMA bits: GET gives nothing until somebody used them", options, function(sim)
	local vm = machine(sim, true)
	expect(vm:s390_get_cmma_bits{ start_gfn = 5, count = 4, flags = KVM_S390_CMMA_PEEK }):eq{ start_gfn = 0, count = 0,
		remaining = 0, values = "" }
	expect(start(vm)):eq(0)
	expect(vm:s390_get_cmma_bits{ start_gfn = 5, count = 4 }):eq{ start_gfn = 0, count = 0, remaining = 0, values = "" }
	-- A call that fails also counts as use.
	expect(vm:s390_set_cmma_bits{ start_gfn = 0x200, values = "\1" }):eq(-EFAULT)
	expect(vm:s390_get_cmma_bits{ start_gfn = 5, count = 4, flags = KVM_S390_CMMA_PEEK }):fields{ start_gfn = 5, count = 4,
		values = "\0\0\0\0" }
end)

cases("CMMA bits: the mask says which are set", options, {
	{ "usage alone",     USAGE_MASK,       "\x03", "\x03" },
	{ "NODAT alone",     NODAT << 24,      "\x43", "\x40" },
	{ "both",            -1,               "\xff", "\x43" },
	{ "none",            0,                "\x43", "\0" },
	{ "one bit of two",  0x01000000,       "\x03", "\x01" },
}, function(sim, case)
	local vm = machine(sim, true)
	expect(vm:s390_set_cmma_bits{ start_gfn = 7, values = case[3], mask = case[2] }):eq(0)
	expect(vm:s390_get_cmma_bits{ start_gfn = 7, count = 1, flags = KVM_S390_CMMA_PEEK }.values):eq(case[4])
end)

scenario("CMMA bits: PEEK ends at the end of a slot, and fails where it begins beside one", options, function(sim)
	local vm = machine(sim, true)
	expect(vm:s390_set_cmma_bits{ start_gfn = 0x1ff, values = "\1" }):eq(0)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0xfe, count = 16, flags = KVM_S390_CMMA_PEEK }.count):eq(16)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0x1fe, count = 16, flags = KVM_S390_CMMA_PEEK }):fields{ start_gfn = 0x1fe,
		count = 2, values = "\0\1", remaining = 0 }
	expect(vm:s390_get_cmma_bits{ start_gfn = 0x200, count = 16, flags = KVM_S390_CMMA_PEEK }):eq(-EFAULT)
end)

-- --- migration mode ----------------------------------------------------------------------------------------

cases("migration mode: starts", options, {
	{ "without CMMA, with logging",              false, KVM_MEM_LOG_DIRTY_PAGES, 0 },
	{ "without CMMA, whether slots log or not",  false, 0,                       0 },
	{ "with CMMA where every slot logs",         true,  KVM_MEM_LOG_DIRTY_PAGES, 0 },
	{ "with CMMA not where a slot does not log", true,  0,                       -EINVAL },
}, function(sim, case)
	local vm = machine(sim, case[2], case[3])
	expect(status(vm)):eq(0)
	expect(start(vm)):eq(case[4])
	expect(status(vm)):eq(case[4] == 0 and 1 or 0)
	expect(start(vm)):eq(case[4])
	expect(stop(vm)):eq(0)
	expect(stop(vm)):eq(0)
	expect(status(vm)):eq(0)
end)

scenario("migration mode: not without slots", options, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	expect(start(vm)):eq(-EINVAL)
	expect(stop(vm)):eq(0)
	expect(attr(vm, KVM_S390_VM_MIGRATION, 99)):eq(-ENXIO)
	expect(vm:get_device_attr{ group = KVM_S390_VM_MIGRATION, attr = KVM_S390_VM_MIGRATION_START }):eq(-ENXIO)
	expect(vm:get_device_attr{ group = KVM_S390_VM_MIGRATION, attr = KVM_S390_VM_MIGRATION_STATUS,
		addr = 0x1000 }):eq(-EFAULT)
end)

cases("migration mode: and a change of slots", options, {
	{ "a slot without logging stops it",          { slot = 5, gpa = 6, flags = 0 },                       0 },
	{ "a slot with logging does not",             { slot = 5, gpa = 6, flags = KVM_MEM_LOG_DIRTY_PAGES }, 1 },
	{ "a move with logging does not",             { slot = 2, gpa = 5, flags = KVM_MEM_LOG_DIRTY_PAGES, host = 4 }, 1 },
	{ "a slot's logging turned off stops it",     { slot = 2, gpa = 4, flags = 0, host = 4 },             0 },
	{ "deleting a slot does not",                 { slot = 2, gpa = 4, flags = 0, size = 0, host = 4 },   1 },
	{ "a slot that is refused does not",          { slot = 5, gpa = 6, flags = 0, size = 2048 },          1 },
}, function(sim, case)
	local vm, ram = machine(sim, true)
	local t = case[2]
	expect(start(vm)):eq(0)
	vm:set_user_memory_region{ slot = t.slot, flags = t.flags, guest_phys_addr = t.gpa * MiB,
		memory_size = t.size or MiB, userspace_addr = ram.addr + (t.host or 6) * MiB }
	expect(status(vm)):eq(case[3])
end)

-- A page's state is read once; all count as changed when the mode starts.
scenario("migration mode: GET takes the states that changed, page by page", options, function(sim)
	local vm = with_states(sim)
	expect(vm:s390_set_cmma_bits{ start_gfn = 0x10, values = "\1\2" }):eq(0)
	expect(start(vm)):eq(0)
	local first = vm:s390_get_cmma_bits{ start_gfn = 0x10, count = 8 }
	expect(first):eq{ start_gfn = 0x10, count = 8, remaining = 0x300 - 8, values = "\1\2\0\0\0\0\0\0" }
	-- The same again: the next dirty page is the first.
	expect(vm:s390_get_cmma_bits{ start_gfn = 0x10, count = 8 }):fields{ start_gfn = 0x18, count = 8, remaining = 0x300 - 16 }
	-- PEEK takes nothing.
	expect(vm:s390_get_cmma_bits{ start_gfn = 0x10, count = 2, flags = KVM_S390_CMMA_PEEK }):fields{
		start_gfn = 0x10, count = 2, remaining = 0x300 - 16, values = "\1\2" }
end)

scenario("migration mode: all states of all slots are given, each once", options, function(sim)
	local vm = with_states(sim)
	expect(vm:s390_set_cmma_bits{ start_gfn = 0x100, values = ("\1"):rep(0x100) }):eq(0)
	expect(start(vm)):eq(0)
	local seen, total, unused, gfn, left = {}, 0, 0, 0, nil
	repeat
		local log = vm:s390_get_cmma_bits{ start_gfn = gfn, count = 0x60 }
		for i = 1, log.count do
			local page = log.start_gfn + i - 1
			if not seen[page] then
				total = total + 1
				seen[page] = true
			end
			unused = unused + (log.values:byte(i) & 3)
		end
		gfn, left = log.start_gfn + log.count, log.remaining
	until left == 0 or log.count == 0
	expect(left):eq(0)
	expect(total):eq(0x300)
	expect(unused):eq(0x100)
	-- What follows is a query that finds nothing.
	expect(vm:s390_get_cmma_bits{ start_gfn = 0, count = 8 }):eq{ start_gfn = 0, count = 0, remaining = 0, values = "" }
end)

-- kvm_s390_next_dirty_cmma(): behind the last slot the search wraps to the first; before a slot it begins at that slot.
scenario("migration mode: GET from where there is no slot", options, function(sim)
	local vm = with_states(sim)
	expect(vm:s390_set_cmma_bits{ start_gfn = 0, values = "\1" }):eq(0)
	expect(start(vm)):eq(0)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0x300, count = 4 }):fields{ start_gfn = 0x400, count = 4, values = "\0\0\0\0" }
	expect(vm:s390_get_cmma_bits{ start_gfn = 1 << 30, count = 4 }):fields{ start_gfn = 0, count = 4, values = "\1\0\0\0" }
	expect(vm:s390_get_cmma_bits{ start_gfn = 0x1fe, count = 8 }):fields{ start_gfn = 0x1fe, count = 2, remaining = 0x300 - 10 }
end)

scenario("migration mode: before 7.0 deleting a slot leaves its pages in the count of those that remain", options,
	function(sim)
	local vm = with_states(sim)
	expect(vm:s390_set_cmma_bits{ start_gfn = 0, values = "\1" }):eq(0)
	expect(start(vm)):eq(0)
	expect(vm:set_user_memory_region{ slot = 2, memory_size = 0 }):eq(0)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0, count = 1 << 12 }):fields{
		count = 0x200, remaining = sim:kernel_since("7.0") and 0 or 0x100 }
end)

cases("CMMA: a query where no slot is", options, { { "behind the slots", 0x1000 }, { "in a hole", 0x300 } },
	function(sim, case)
	local vm = with_states(sim)
	expect(vm:s390_get_cmma_bits{ start_gfn = case[2], count = 4, flags = KVM_S390_CMMA_PEEK }):eq(-EFAULT)
end)

scenario("migration mode: dirty logging goes on beside it", options, function(sim)
	local vm, ram = machine(sim, true)
	local vcpu = vm:create_vcpu()
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	-- The vCPU's own slot for its prefix does not log.
	expect(start(vm)):eq(-EINVAL)
	expect(vm:set_user_memory_region{ slot = 32764, memory_size = 0 }):eq(0)
	expect(start(vm)):eq(0)
	expect(vm:s390_set_cmma_bits{ start_gfn = 3, values = "\1" }):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	ram:write(0x5000, "VMM")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	expect(vcpu:s390_vcpu_fault(0x5000)):eq(0)
	-- Since 7.0 only the guest's writes count.
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq(sim:kernel_since("7.0") and {} or { 5 })
end)
