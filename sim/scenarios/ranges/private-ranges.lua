-- SPDX-License-Identifier: GPL-2.0-only
-- Private memory of an odd slot: holes in its guest_memfd, bound at an odd offset, and attributes that change
-- (kvm_gmem_invalidate_begin(), virt/kvm/guest_memfd.c; kvm_vm_set_mem_attributes(), virt/kvm/kvm_main.c).

local layouts = require("layouts")
local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD" }
local PRIVATE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE
local PAGE <const> = 4096
local ZERO <const> = ("\0"):rep(9)

-- Three slots as in lib/layouts.lua, whose pages lie in one file at `offset` pages and behind, in the same order.
local function guest(sim, row, offset, private)
	local first, pages = row[2], row[3]
	local vmm = sim:process()
	local ram = vmm:mmap{ length = (pages + 1024) * PAGE, huge = false }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	local fd = vm:create_guest_memfd{ size = (pages + offset + 4) * PAGE }
	local g = { vm = vm, ram = ram, fd = fd, first = first, pages = pages, low = 0, high = pages }

	local function slot(id, from, count)
		expect(vm:set_user_memory_region2{ slot = id, flags = KVM_MEM_GUEST_MEMFD,
			guest_phys_addr = (first + from) * PAGE, memory_size = count * PAGE,
			userspace_addr = ram.addr + (512 + from) * PAGE, guest_memfd = fd,
			guest_memfd_offset = (offset + 2 + from) * PAGE }):eq(0)
	end
	slot(1, 0, pages)
	if first >= 2 then
		slot(2, -2, 2)
		g.low = -2
	end
	if first + pages + 2 <= 1 << 34 then
		slot(3, pages, 2)
		g.high = pages + 2
	end
	g.vcpu = vm:create_vcpu()
	function g.at(p)
		return (first + p) * PAGE
	end
	function g.in_file(p)
		return (offset + 2 + p) * PAGE
	end
	function g.attributes(a, b, attributes)
		local size = (b - a) * PAGE
		expect(vm:set_memory_attributes{ address = g.at(a), size = size, attributes = attributes }):eq(0)
	end
	function g.mapping(p)
		return sim.inspect:mapping(vm, g.at(p))
	end
	if private then
		g.attributes(g.low, g.high, PRIVATE)
	end
	return g
end

for _, offset in ipairs{ 0, 3, 509 } do
	cases(("a hole in guest_memfd, bound at page %d"):format(offset), options, layouts.x86, function(sim, row)
		local g = guest(sim, row, offset, true)
		for _, range in ipairs(layouts.ranges(g)) do
			local a, b = range[1], range[2]
			local watched = layouts.watch(g, a, b)
			layouts.fill(g, watched)
			expect(g.fd:punch_hole(g.in_file(a), (b - a) * PAGE)):eq(0)
			for _, p in ipairs(watched) do
				expect(g.mapping(p).present):eq(p < a or p >= b)
			end
			for _, p in ipairs(watched) do
				expect(g.vcpu:read(g.at(p), 9)):eq(p >= a and p < b and ZERO or layouts.data(p))
			end
		end
	end)
end

cases("a hole in guest_memfd over three slots and more", options, layouts.x86, function(sim, row)
	local g = guest(sim, row, 3, true)
	local watched = layouts.watch(g, 0, g.pages)
	layouts.fill(g, watched)
	expect(g.fd:punch_hole(0, (g.pages + 7) * PAGE)):eq(0)
	for _, p in ipairs(watched) do
		expect(g.mapping(p).present):is_false()
		expect(g.vcpu:read(g.at(p), 9)):eq(ZERO)
	end
end)

cases("attributes of a part of an odd slot", options, layouts.x86, function(sim, row)
	local g = guest(sim, row, 1)
	for _, range in ipairs(layouts.ranges(g)) do
		local a, b = range[1], range[2]
		local watched = layouts.watch(g, a, b)
		layouts.fill(g, watched)
		g.attributes(a, b, PRIVATE)
		for _, p in ipairs(watched) do
			expect(g.mapping(p).present):eq(p < a or p >= b)
		end
		for _, p in ipairs(watched) do
			local inside = p >= a and p < b
			expect(g.vcpu:read(g.at(p), 9)):eq(inside and ZERO or layouts.data(p))
			expect(g.vcpu:write(g.at(p), "private??")):is_true()
			expect(g.ram:read((512 + p) * PAGE, 9)):eq(inside and layouts.data(p) or "private??")
		end
		expect(g.fd:punch_hole(g.in_file(a), (b - a) * PAGE)):eq(0)
		g.attributes(a, b, 0)
		for _, p in ipairs(watched) do
			expect(g.vcpu:read(g.at(p), 9)):eq(p >= a and p < b and layouts.data(p) or "private??")
		end
	end
end)

-- A private page whose slot ends goes with the slot, and what is private beside it stays.
cases("an odd slot of guest_memfd is deleted", options, layouts.x86, function(sim, row)
	local g = guest(sim, row, 5, true)
	local watched = layouts.watch(g, 0, g.pages)
	layouts.fill(g, watched)
	expect(g.vm:set_user_memory_region2{ slot = 1, memory_size = 0 }):eq(0)
	for _, p in ipairs(watched) do
		local own = p >= 0 and p < g.pages
		expect(g.mapping(p).present):eq(not own)
		if own then
			expect(g.vcpu:read(g.at(p), 1)):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_FAULT,
				memory_fault = { gpa = g.at(p), size = PAGE } }
			g.vcpu:abandon()
		else
			expect(g.vcpu:read(g.at(p), 9)):eq(layouts.data(p))
		end
	end
	-- A hole where no slot is bound any more takes nothing from the others; one in the next slot takes a page.
	expect(g.fd:punch_hole(g.in_file(0), g.pages * PAGE)):eq(0)
	for _, p in ipairs(watched) do
		expect(g.mapping(p).present):eq(p < 0 or p >= g.pages)
	end
	expect(g.fd:punch_hole(g.in_file(-1), PAGE)):eq(0)
	expect(g.mapping(-1).present):is_false()
end)

-- Attributes may be set for any guest frame, but not past 2^64, and the last frames may be one range with the slot's.
cases("attributes around an odd slot", options, layouts.x86, function(sim, row)
	local g = guest(sim, row, 1)
	local watched = layouts.watch(g, 0, g.pages)
	layouts.fill(g, watched)
	local low = math.max(g.first - 1024, 0)
	expect(g.vm:set_memory_attributes{ address = low * PAGE, size = (g.first + g.pages + 2048 - low) * PAGE,
		attributes = PRIVATE }):eq(0)
	for _, p in ipairs(watched) do
		expect(g.mapping(p).present):is_false()
		expect(g.vcpu:read(g.at(p), 9)):eq(ZERO)
	end
	expect(g.vm:set_memory_attributes{ address = low * PAGE, size = (g.first + g.pages + 2048 - low) * PAGE,
		attributes = 0 }):eq(0)
	for _, p in ipairs(watched) do
		expect(g.vcpu:read(g.at(p), 9)):eq(layouts.data(p))
	end
end)
