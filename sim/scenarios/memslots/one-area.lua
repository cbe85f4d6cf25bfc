-- SPDX-License-Identifier: GPL-2.0-only
-- One area of the VMM's at two guest addresses, as banked video memory and its linear frame buffer, and a slot that the
-- VMM takes away and makes again while the guest uses it.

local mmu <const> = { "ept", "npt", "shadow", "vhe" }
local LOW <const>, HIGH <const>, SIZE <const> = 0xa0000, 16 << 20, 0x10000

local function guest(sim)
	local vcpu, ram, vm, _, slot = sim:guest()
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = HIGH, memory_size = SIZE,
		userspace_addr = ram.addr + LOW }):eq(0)
	return vcpu, ram, vm, slot
end

scenario("one area at two guest addresses: its rights go and come back", { mmu = mmu }, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:write(LOW, "bank")):is_true()
	expect(vcpu:read(HIGH, 4)):eq("bank")
	expect(vcpu:write(HIGH, "flat")):is_true()
	for _, gpa in ipairs{ LOW, HIGH } do
		expect(ram:mprotect(LOW, SIZE, "r")):eq(0)
		expect(vcpu:read(LOW, 4)):eq("flat")
		expect(vcpu:read(HIGH, 4)):eq("flat")
		expect(vcpu:write(gpa, "new!")):fields{ ret = -EFAULT }
		expect(ram:mprotect(LOW, SIZE, "rw")):eq(0)
		expect(vcpu:run()):is_true()
		expect(ram:read(LOW, 4)):eq("new!")
		expect(vcpu:write(gpa, "flat")):is_true()
	end
	expect(ram:madvise(LOW, SIZE, MADV_DONTNEED)):eq(0)
	expect(vcpu:read(LOW, 4)):eq("\0\0\0\0")
	expect(vcpu:read(HIGH, 4)):eq("\0\0\0\0")
end)

scenario("one area at two guest addresses: a thread of the VMM changes its rights", {
	mmu = mmu, check = "end", timeout = 60,
}, function(sim)
	local vcpu, ram = guest(sim)
	local writes, changes = 0, 0
	sim:thread("vcpu", function()
		while not sim:stopping() do
			local data = string.pack("<I4", writes)
			local to, from = LOW, HIGH
			if writes % 2 == 1 then
				to, from = from, to
			end
			local done = vcpu:write(to, data)
			while done ~= true do
				expect(done):fields{ ret = -EFAULT }
				if sim:stopping() then
					vcpu:abandon()
					return
				end
				done = vcpu:run()
			end
			expect(vcpu:read(from, 4)):eq(data)
			writes = writes + 1
		end
	end)
	sim:thread("VMM", function()
		while not sim:stopping() do
			expect(ram:mprotect(LOW, SIZE, "r")):eq(0)
			expect(ram:mprotect(LOW, SIZE, "rw")):eq(0)
			changes = changes + 1
		end
	end)
	sim:join{ seconds = 0.2, at_least = function() return writes > 5 and changes > 5 end }
end)

-- What the guest writes meanwhile is MMIO, and lost if the VMM does not carry it out.
scenario("a slot is taken away and made again between two writes", { mmu = mmu }, function(sim)
	local vcpu, ram, vm, slot = guest(sim)
	expect(vcpu:write(0x1000, "befo")):is_true()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	local exit = vcpu:write(0x1000, "duri")
	expect(exit):fields{ ret = 0, reason = KVM_EXIT_MMIO, mmio = { phys_addr = 0x1000, is_write = 1, data = "duri" } }
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(exit:complete()):is_true()
	expect(ram:read(0x1000, 4)):eq("befo")
	expect(vcpu:write(0x1000, "behi")):is_true()
	expect(ram:read(0x1000, 4)):eq("behi")
end)
