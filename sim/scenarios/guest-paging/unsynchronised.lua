-- SPDX-License-Identifier: GPL-2.0-only
-- With shadow paging a guest may write to its lowest tables without a fault each: KVM looks at them again when the guest
-- flushes (unsync, mmu_try_to_unsync_pages()). Meanwhile such a table is dropped with the one above, or becomes another
-- kind of table.

local options <const> = { mmu = { "ept", "shadow" } }
local VA <const>, OTHER <const> = 0x40000000, 0x80000000
local P <const>, W <const> = 1, 2
local BLOCK <const> = 2 << 20

-- VA is page 5, and then page 7, for which the guest has not flushed yet. Pages hold their numbers.
local function guest(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "4M", huge = false }, paging = true }
	for page = 5, 9 do
		ram:write(page * 4096 + 8, tostring(page))
	end
	vcpu:map{ from = VA, to = 0x5000, prot = "rw" }
	expect(vcpu:read(VA + 8, 1)):eq("5")
	expect(vcpu:set_pte(VA, 0x7000 | P | W)):eq(0)
	return vcpu, ram, vm
end

-- By many writes to the table above, which KVM takes for no table any more (detect_write_flooding()).
scenario("a table above is dropped, and the table is not what KVM has seen", options, function(sim)
	local vcpu = guest(sim)
	for i = 1, 6 do
		expect(vcpu:set_pte(VA + i * BLOCK, 0, 2)):eq(0)
	end
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:read(VA + 8, 1)):eq("7")
	expect(vcpu:set_pte(VA, 0x8000 | P | W)):eq(0)
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:read(VA + 8, 1)):eq("8")
end)

-- Its first entry leads to page 7, which has an entry then.
scenario("the table becomes one of the next level, and stays one of its own", options, function(sim)
	local vcpu, ram = guest(sim)
	local table_gpa = vcpu:pte(VA).gpa & ~0xfff
	ram:write(0x7000, string.pack("<I8", 0x9000 | P | W))
	expect(vcpu:set_pte(OTHER, table_gpa | P | W, 3)):eq(0)
	expect(vcpu:read(OTHER + 8, 1)):eq("9")
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:read(VA + 8, 1)):eq("7")
	ram:write(0x8000, string.pack("<I8", 0x5000 | P | W))
	expect(vcpu:set_pte(VA, 0x8000 | P | W)):eq(0)
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:invlpg(OTHER)):is_true()
	expect(vcpu:read(VA + 8, 1)):eq("8")
	expect(vcpu:read(OTHER + 8, 1)):eq("5")
end)

scenario("another entry leads to the table too", options, function(sim)
	local vcpu = guest(sim)
	local table_gpa = vcpu:pte(VA).gpa & ~0xfff
	expect(vcpu:set_pte(VA + BLOCK, table_gpa | P | W, 2)):eq(0)
	expect(vcpu:read(VA + BLOCK + 8, 1)):eq("7")
	expect(vcpu:set_pte(VA, 0x8000 | P | W)):eq(0)
	expect(vcpu:set_pte(VA + 2 * BLOCK, table_gpa | P | W, 2)):eq(0)
	expect(vcpu:read(VA + 2 * BLOCK + 8, 1)):eq("8")
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:invlpg(VA + BLOCK)):is_true()
	expect(vcpu:read(VA + 8, 1)):eq("8")
	expect(vcpu:read(VA + BLOCK + 8, 1)):eq("8")
end)

-- With the slot all shadow pages go, also those of other slots.
scenario("another slot goes", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	local slot = { slot = 1, guest_phys_addr = "8M", memory_size = "4K", userspace_addr = ram }
	expect(vm:set_user_memory_region(slot)):eq(0)
	slot.memory_size = 0
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:read(VA + 8, 1)):eq("7")
end)

-- KVM must not let the guest write to such a table, however often it tries (FNAME(fetch)(), paging_tmpl.h).
scenario("the guest writes to a table through an address that the table itself maps", options, function(sim)
	local vcpu = guest(sim)
	local window = VA + 0x1000
	local function write(index, entry)
		expect(vcpu:write(window + 8 * index, string.pack("<I8", entry))):is_true()
	end
	expect(vcpu:set_pte(window, vcpu:pte(VA).gpa & ~0xfff | P | W)):eq(0)
	expect(vcpu:invlpg(window)):is_true()
	for page = 5, 8 do
		write(2, page << 12 | P | W)
		expect(vcpu:invlpg(VA + 0x2000)):is_true()
		expect(vcpu:read(VA + 0x2008, 1)):eq(tostring(page))
	end
	write(1, 0x9000 | P | W)			-- the window's own entry
	expect(vcpu:invlpg(window)):is_true()
	expect(vcpu:read(window + 8, 1)):eq("9")
	expect(vcpu:read(VA + 0x2008, 1)):eq("8")
end)

-- KVM reads the entries beside one that faults, and makes shadow entries of those that are whole and were used.
scenario("entries beside one that faults: not of one with a reserved bit", options, function(sim)
	local A <const>, RESERVED <const> = 1 << 5, 1 << 51
	local vcpu = guest(sim)
	expect(vcpu:set_pte(VA + 0x1000, 0x6000 | P | W | A)):eq(0)
	expect(vcpu:set_pte(VA + 0x2000, 0x8000 | P | W | A | RESERVED)):eq(0)
	expect(vcpu:set_pte(VA + 0x3000, 0x8000 | P | W)):eq(0)
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:read(VA + 8, 1)):eq("7")
	expect(vcpu:read(VA + 0x1008, 1)):eq("6")
	expect(vcpu:read(VA + 0x2008, 1)):fields{ exception = { vector = 14, error_code = 9 } }	-- present, reserved
	expect(vcpu:pte(VA + 0x3000)):fields{ accessed = false }
	expect(vcpu:read(VA + 0x3008, 1)):eq("8")
	expect(vcpu:pte(VA + 0x3000)):fields{ accessed = true }
end)
