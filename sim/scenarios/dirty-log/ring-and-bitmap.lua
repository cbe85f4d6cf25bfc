-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP (Documentation/virt/kvm/api.rst 8.29): beside dirty rings there is a bitmap, for
-- what KVM writes without a vCPU. Only arm64 has such writes, those of its interrupt controller. And what
-- KVM_ENABLE_CAP checks of rings, in its order.

local options = { arch = "arm64", needs = "KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP" }
local BITMAP <const>, RING <const> = KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP, KVM_CAP_DIRTY_LOG_RING_ACQ_REL
local ENTRIES <const> = PAGE_SIZE // 16
local MAX_BYTES <const> = 65536 * 16
local BASE <const> = 64 * PAGE_SIZE
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES
local MANUAL <const>, INITIALLY_SET <const> = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE, KVM_DIRTY_LOG_INITIALLY_SET

local function bitmap(vm, flags)
	return vm:enable_cap{ cap = BITMAP, flags = flags or 0 }
end

local function ring(vm, bytes)
	return vm:enable_cap{ cap = RING, args = { bytes or PAGE_SIZE } }
end

-- A logged slot 0 at BASE, of 32 pages. with: "ring", "bitmap" (alone), "both"; manual: the argument of
-- KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2.
local function guest(sim, with, manual)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local memory = vmm:mmap{ length = 32 * PAGE_SIZE, huge = false }
	if with ~= "bitmap" then
		expect(ring(vm)):eq(0)
	end
	if with == "both" then
		expect(bitmap(vm)):eq(0)
	end
	if manual then
		expect(vm:enable_cap{ cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, args = { manual } }):eq(0)
	end
	local function set(flags)
		return vm:set_user_memory_region{ slot = 0, flags = flags, guest_phys_addr = BASE,
			memory_size = memory.length, userspace_addr = memory }
	end
	expect(set(LOG)):eq(0)
	local vcpu = vm:create_vcpu()
	return vm, vcpu, with ~= "bitmap" and vcpu:dirty_ring(ENTRIES), memory, set
end

local function at(page)
	return BASE + page * PAGE_SIZE
end

-- The pages of the slot in its bitmap.
local function logged(vm)
	local t = vm:get_dirty_log{ slot = 0 }:pages()
	for i, gfn in ipairs(t) do
		t[i] = gfn - BASE // PAGE_SIZE
	end
	return t
end

local function pushed(dirty_ring)
	local t = {}
	for i, entry in ipairs(dirty_ring:collect()) do
		t[i] = entry.offset
	end
	return t
end

scenario("ring and bitmap: the bitmap comes after the ring and before slots", options, function(sim)
	local vmm = sim:process()
	local memory = vmm:mmap{ length = PAGE_SIZE }
	local vm = vmm:open_kvm():create_vm()
	local function slot(size)
		return vm:set_user_memory_region{ slot = 3, guest_phys_addr = 0, memory_size = size, userspace_addr = memory }
	end
	expect(vm:check_extension(BITMAP)):eq(1)
	expect(bitmap(vm)):eq(-EINVAL)
	expect(ring(vm)):eq(0)
	expect(bitmap(vm, 1)):eq(-EINVAL)
	expect(slot(PAGE_SIZE)):eq(0)
	expect(bitmap(vm)):eq(-EINVAL)
	expect(slot(0)):eq(0)
	expect(vm:create_vcpu()):ok()
	expect(bitmap(vm)):eq(0)
	expect(bitmap(vm)):eq(0)
	expect(slot(PAGE_SIZE)):eq(0)
	expect(bitmap(vm)):eq(-EINVAL)
end)

scenario("ring and bitmap: a vCPU's writes go to the ring, others to the bitmap", options, function(sim)
	local vm, vcpu, dirty_ring, memory = guest(sim, "both")
	expect(vcpu:write(at(3), "vcpu")):is_true()
	expect(vm:gic_write(at(5) + 8, 0x1122334455667788)):eq(0)
	expect(memory:read(5 * PAGE_SIZE + 8, 8)):eq("\x88\x77\x66\x55\x44\x33\x22\x11")
	expect(pushed(dirty_ring)):eq{ 3 }
	expect(logged(vm)):eq{ 5 }
	expect(logged(vm)):eq{}
	-- Both write to one page.
	expect(vm:gic_write(at(3), 1)):eq(0)
	expect(vcpu:write(at(5), "vcpu")):is_true()
	expect(pushed(dirty_ring)):eq{ 5 }
	expect(logged(vm)):eq{ 3 }
	expect(vm:reset_dirty_rings()):eq(2)
	expect(vcpu:write(at(3), "more")):is_true()
	expect(pushed(dirty_ring)):eq{ 3 }
	expect(logged(vm)):eq{}
end)

scenario("ring and bitmap: a write across two pages, one beyond the slot, and one without a log", options, function(sim)
	local vm, _, dirty_ring, _, set = guest(sim, "both")
	expect(vm:gic_write(at(8) - 4, -1)):eq(0)
	expect(logged(vm)):eq{ 7, 8 }
	expect(vm:gic_write(at(32) - 4, -1)):eq(-EFAULT)
	expect(logged(vm)):eq{ 31 }
	expect(vm:gic_write(at(40), 1)):eq(-EFAULT)
	expect(pushed(dirty_ring)):eq{}
	expect(set(0)):eq(0)
	expect(vm:gic_write(at(2), 1)):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }):eq(-ENOENT)
	expect(set(LOG)):eq(0)
	expect(logged(vm)):eq{}
end)

-- The VMM has to ask for the bitmap.
scenario("a ring without a bitmap: what no vCPU writes is in no log", options, function(sim)
	local vm, vcpu, dirty_ring, memory = guest(sim, "ring")
	expect(vm:gic_write(at(5), 0x55)):eq(0)
	expect(memory:read(5 * PAGE_SIZE, 1)):eq("\x55")
	expect(vm:get_dirty_log{ slot = 0 }):eq(-ENXIO)
	expect(vcpu:write(at(3), "vcpu")):is_true()
	expect(pushed(dirty_ring)):eq{ 3 }
end)

scenario("a bitmap without a ring: it has all writes", { arch = "arm64" }, function(sim)
	local vm, vcpu = guest(sim, "bitmap")
	expect(vcpu:write(at(3), "vcpu")):is_true()
	expect(vm:gic_write(at(5), 1)):eq(0)
	expect(logged(vm)):eq{ 3, 5 }
end)

-- KVM_CLEAR_DIRTY_LOG protects the page, whoever has written to it. The ring's entry stays.
scenario("ring and bitmap: KVM_CLEAR_DIRTY_LOG", options, function(sim)
	local vm, vcpu, dirty_ring = guest(sim, "both", MANUAL)
	expect(vcpu:write(at(3), "vcpu")):is_true()
	expect(vm:gic_write(at(3), 1)):eq(0)
	expect(logged(vm)):eq{ 3 }
	expect(logged(vm)):eq{ 3 }
	expect(sim.inspect:mapping(vm, at(3)).writable):is_true()
	expect(vm:clear_dirty_log{ slot = 0, first_page = 0, num_pages = 32, bitmap = string.pack("<I8", 1 << 3) }):eq(0)
	expect(logged(vm)):eq{}
	expect(sim.inspect:mapping(vm, at(3)).writable):is_false()
	expect(vcpu:write(at(3), "more")):is_true()
	expect(pushed(dirty_ring)):eq{ 3, 3 }
	expect(vm:reset_dirty_rings()):eq(2)
end)

scenario("ring and bitmap: a bitmap that is full at first", options, function(sim)
	local vm, vcpu, dirty_ring = guest(sim, "both", MANUAL | INITIALLY_SET)
	expect(#logged(vm)):eq(32)
	expect(vcpu:write(at(3), "vcpu")):is_true()
	expect(pushed(dirty_ring)):eq{ 3 }
	expect(vm:clear_dirty_log{ slot = 0, first_page = 0, num_pages = 32, bitmap = string.pack("<I8", -1) }):eq(0)
	expect(logged(vm)):eq{}
	expect(vm:gic_write(at(9), 1)):eq(0)
	expect(logged(vm)):eq{ 9 }
end)

-- A migration while the vCPU has stopped: what is in neither ring nor bitmap has not changed.
scenario("ring and bitmap: together they have every page", options, function(sim)
	local vm, vcpu, dirty_ring, memory = guest(sim, "both")
	local copy = {}
	local function take()
		for _, list in ipairs{ pushed(dirty_ring), logged(vm) } do
			for _, page in ipairs(list) do
				copy[page] = memory:read(page * PAGE_SIZE, 16)
			end
		end
		vm:reset_dirty_rings()
	end
	for round = 1, 3 do
		for page = round % 3, 31, 3 do
			expect(vcpu:write(at(page), string.pack("<I8", round))):is_true()
		end
		take()
		for page = 0, 31, round + 1 do
			expect(vm:gic_write(at(page) + 8, round)):eq(0)
		end
		take()
	end
	for page = 0, 31 do
		expect(copy[page] or ("\0"):rep(16)):eq(memory:read(page * PAGE_SIZE, 16))
	end
end)

cases("no bitmap beside rings", {
	arch = { "x86_64", "s390x" }, mmu = { "ept", "npt", "shadow", "sie" }, kernel = "6.12",
}, {
	{ "without a ring", false },
	{ "with one",       true },
}, function(sim, case)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	expect(vm:check_extension(BITMAP)):eq(0)
	if case[2] then
		expect(ring(vm)):eq(sim.arch == "x86_64" and 0 or -EINVAL)
	end
	expect(bitmap(vm)):eq(-EINVAL)
	expect(bitmap(vm, 1)):eq(-EINVAL)
end)

-- kvm_vm_ioctl_enable_dirty_log_ring(): size, most, once, vCPUs. The flags and the other arguments are not looked at.
cases("dirty rings: the order of the checks", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" },
}, {
	{ "no power of two, above the most", 3 * MAX_BYTES, -EINVAL },
	{ "a power of two above the most",   2 * MAX_BYTES, -E2BIG },
	{ "2^32",                            1 << 32,       -EINVAL },
	{ "2^32 and a page",                 (1 << 32) + PAGE_SIZE, 0 },
}, function(sim, case)
	local kvm = sim:process():open_kvm()
	local vm, twice, late = kvm:create_vm(), kvm:create_vm(), kvm:create_vm()
	local function refused(answer)
		return answer == 0 and -EINVAL or answer
	end
	expect(ring(vm, case[2])):eq(case[3])
	expect(ring(twice)):eq(0)
	expect(ring(twice, case[2])):eq(refused(case[3]))
	expect(late:create_vcpu()):ok()
	expect(ring(late, case[2])):eq(refused(case[3]))
	expect(kvm:create_vm():enable_cap{ cap = RING, flags = 1, args = { case[2], 1, 2, 3 } }):eq(case[3])
end)
