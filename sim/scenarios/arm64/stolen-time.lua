-- SPDX-License-Identifier: GPL-2.0-only
-- The record of stolen time (DEN 0057, KVM_ARM_VCPU_PVTIME_CTRL): KVM writes to it on each entry, by the user's mapping.
-- No thread waits for a CPU here, so the time itself stays what it was; that KVM has written is seen by the dirty log.

local options <const> = { arch = "arm64", covers = "KVM_ARM_VCPU_PVTIME_IPA" }
local AREA <const>, PAGE <const>, BYTES <const> = 0x10000, 0x1000, 64
local TIME <const> = string.pack("<I4I4I8", 0, 0, 0x1122334455)

local function set_ipa(vcpu, ipa, addr)
	return vcpu:set_device_attr{ group = KVM_ARM_VCPU_PVTIME_CTRL, attr = KVM_ARM_VCPU_PVTIME_IPA,
		value = not addr and ipa or nil, addr = addr }
end

local function get_ipa(vcpu)
	return vcpu:get_device_attr{ group = KVM_ARM_VCPU_PVTIME_CTRL, attr = KVM_ARM_VCPU_PVTIME_IPA }.value
end

local function enter(vcpu)
	expect(vcpu:read(0, 1)):eq("\0")
end

-- A guest whose record has a time already. Its RAM has a dirty log, which is empty.
local function guest(sim)
	local vcpu, ram, vm, vmm, slot = sim:guest{ ram = { huge = false } }
	expect(set_ipa(vcpu, AREA)):eq(0)
	enter(vcpu)
	expect(ram:write(AREA, TIME)):eq(0)
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	vm:get_dirty_log{ slot = 0 }
	local g = { vcpu = vcpu, ram = ram, vm = vm, vmm = vmm, slot = slot }
	-- An entry writes the record, or not.
	function g.enters(written)
		enter(vcpu)
		expect(vm:get_dirty_log{ slot = 0 }:pages()):eq(written and { AREA // PAGE } or {})
	end
	return g
end

scenario("arm64, stolen time: the address is set once", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	local other = vm:create_vcpu()
	expect(vcpu:has_device_attr{ group = KVM_ARM_VCPU_PVTIME_CTRL, attr = KVM_ARM_VCPU_PVTIME_IPA }):eq(0)
	expect(vcpu:has_device_attr{ group = KVM_ARM_VCPU_PVTIME_CTRL, attr = 1 }):eq(-ENXIO)
	expect(vcpu:set_device_attr{ group = KVM_ARM_VCPU_PVTIME_CTRL, attr = 1, value = AREA }):eq(-ENXIO)
	expect(vcpu:get_device_attr{ group = KVM_ARM_VCPU_PVTIME_CTRL, attr = 1 }):eq(-ENXIO)
	expect(get_ipa(vcpu)):eq(-1)
	expect(set_ipa(vcpu, 0, 0x1000)):eq(-EFAULT)
	expect(set_ipa(vcpu, AREA + 32)):eq(-EINVAL)
	expect(set_ipa(vcpu, 1 << 32)):eq(-EINVAL)
	expect(get_ipa(vcpu)):eq(-1)
	expect(set_ipa(vcpu, AREA)):eq(0)
	expect(set_ipa(vcpu, AREA)):eq(-EEXIST)
	expect(set_ipa(vcpu, AREA + BYTES)):eq(-EEXIST)
	expect(get_ipa(vcpu)):eq(AREA)
	expect(get_ipa(other)):eq(-1)
	expect(ram:read(AREA, BYTES)):eq(("\0"):rep(BYTES))
end)

scenario("arm64, stolen time: not in a read-only slot", options, function(sim)
	local vcpu = sim:guest{ slot = { flags = KVM_MEM_READONLY } }
	expect(set_ipa(vcpu, AREA)):eq(-EINVAL)
	enter(vcpu)
end)

scenario("arm64, stolen time: what the guest asks for", options, function(sim)
	local vcpu, ram = sim:guest()
	local function call(fn, arg) return vcpu:hvc{ x0 = fn, x1 = arg }.x0 end
	local FEATURES <const>, ST <const> = ARM_SMCCC_HV_PV_TIME_FEATURES, ARM_SMCCC_HV_PV_TIME_ST
	for _, fn in ipairs{ FEATURES, ST } do
		expect(call(FEATURES, fn)):eq(-1)
	end
	expect(call(ST)):eq(-1)
	expect(set_ipa(vcpu, AREA + PAGE - BYTES)):eq(0)
	for _, fn in ipairs{ FEATURES, ST } do
		expect(call(FEATURES, fn)):eq(0)
	end
	expect(call(FEATURES, ARM_SMCCC_VERSION_FUNC_ID)):eq(-1)
	-- The guest's call begins a new count: KVM empties the record, and nothing beside it.
	ram:write(AREA + PAGE - BYTES - 8, ("x"):rep(BYTES + 16))
	expect(call(ST)):eq(AREA + PAGE - BYTES)
	expect(ram:read(AREA + PAGE - BYTES - 8, BYTES + 16)):eq(("x"):rep(8) .. ("\0"):rep(BYTES) .. ("x"):rep(8))
	expect(vcpu:read(AREA + PAGE - BYTES, BYTES)):eq(("\0"):rep(BYTES))
end)

scenario("arm64, stolen time: written on each entry, and the page is dirty", options, function(sim)
	local g = guest(sim)
	for _ = 1, 3 do
		g.enters(true)
	end
	expect(g.ram:read(AREA, #TIME)):eq(TIME)
	expect(g.vcpu:read(AREA, #TIME)):eq(TIME)
end)

scenario("arm64, stolen time: each vCPU has its own record", options, function(sim)
	local g = guest(sim)
	local other = g.vm:create_vcpu()
	expect(set_ipa(other, AREA + 5 * PAGE)):eq(0)
	for _, row in ipairs{ { g.vcpu, 0 }, { other, 5 }, { g.vcpu, 0 } } do
		enter(row[1])
		expect(g.vm:get_dirty_log{ slot = 0 }:pages()):eq{ AREA // PAGE + row[2] }
	end
end)

cases("arm64, stolen time: the page that the host changed", options, {
	{ "migrated", function(g) expect(g.ram:migrate(AREA)):eq(0) end },
	{ "swapped out", function(g)
		expect(g.ram:swap_out(AREA, "4K")):eq(0)
		expect(g.ram:page(AREA // PAGE).swapped):is_true()
	end },
	{ "copied at the next write", function(g)
		g.child = g.vmm:fork()
		g.page = g.ram:page(AREA // PAGE)
	end },
	{ "moved to another address and back", function(g)
		local flags = MREMAP_MAYMOVE | MREMAP_FIXED
		local to, from = g.vmm:mmap{ length = "4K" }.addr, g.ram.addr + AREA
		local away = g.ram:mremap{ offset = AREA, old_length = "4K", new_length = "4K", flags = flags, new_addr = to }
		expect(away.addr):eq(to)
		expect(away:mremap{ old_length = "4K", new_length = "4K", flags = flags, new_addr = from }):ok()
	end },
}, function(sim, row)
	local g = guest(sim)
	row[2](g)
	g.enters(true)
	expect(g.ram:page(AREA // PAGE)):fields{ mapped = true, writable = true }
	expect(g.ram:read(AREA, #TIME)):eq(TIME)
	expect(g.vcpu:read(AREA, #TIME)):eq(TIME)
	if g.child then
		expect(g.ram:page(AREA // PAGE)):ne(g.page)
		expect(g.child:view(g.ram):page(AREA // PAGE)):eq(g.page)
	end
end)

-- The fault is the kernel's: the entry goes on, without a record and without a signal.
cases("arm64, stolen time: a page that cannot be written is left alone", options, {
	{ "read-only", function(g) expect(g.ram:mprotect(AREA, "4K", "r")):eq(0) end,
		function(g) expect(g.ram:mprotect(AREA, "4K", "rw")):eq(0) end, TIME },
	{ "without rights", function(g) expect(g.ram:mprotect(AREA, "4K", "none")):eq(0) end,
		function(g) expect(g.ram:mprotect(AREA, "4K", "rw")):eq(0) end, TIME },
	{ "unmapped", function(g) expect(g.ram:munmap(AREA, "4K")):eq(0) end, function(g)
		expect(g.vmm:mmap{ addr = g.ram.addr + AREA, length = "4K",
			flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }):ok()
	end, ("\0"):rep(#TIME) },
}, function(sim, row)
	local g = guest(sim)
	row[2](g)
	g.enters(false)
	expect(g.vmm:take_signal()):is_nil()
	row[3](g)
	g.enters(true)
	expect(g.ram:read(AREA, #TIME)):eq(row[4])
end)

scenario("arm64, stolen time: no record while the slot is away, or read-only", options, function(sim)
	local g = guest(sim)
	local low = { slot = 1, guest_phys_addr = 0, memory_size = "4K", userspace_addr = g.ram.addr }
	local function change(slot)
		expect(g.vm:set_user_memory_region(slot)):eq(0)
	end
	change{ slot = 0, memory_size = 0 }
	change(low)
	enter(g.vcpu)
	low.memory_size = 0
	change(low)
	g.slot.flags = KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY
	change(g.slot)
	g.enters(false)
	g.slot.memory_size = 0
	change(g.slot)
	g.slot.memory_size, g.slot.flags = "2M", KVM_MEM_LOG_DIRTY_PAGES
	change(g.slot)
	g.enters(true)
	expect(g.ram:read(AREA, #TIME)):eq(TIME)
end)

-- userfaultfd holds the page back in the middle of the entry: the thread waits in the kernel and goes on.
scenario("arm64, stolen time: a page that userfaultfd supplies", { arch = "arm64", check = "end" }, function(sim)
	local g = guest(sim)
	local uffd = g.vmm:userfaultfd()
	expect(g.ram:madvise(AREA, "4K", MADV_DONTNEED)):eq(0)
	expect(uffd:register(g.ram, UFFDIO_REGISTER_MODE_MISSING, AREA, "4K")):eq(0)
	sim:thread("vcpu", function() enter(g.vcpu) end)
	sim:thread("monitor", function()
		expect(uffd:read()):fields{ address = g.ram.addr + AREA }
		expect(uffd:copy(g.ram, AREA, TIME .. ("\0"):rep(PAGE - #TIME))):eq(PAGE)
	end)
	sim:join()
	expect(g.vm:get_dirty_log{ slot = 0 }:pages()):eq{ AREA // PAGE }
	expect(g.ram:read(AREA, #TIME)):eq(TIME)
end)
