-- SPDX-License-Identifier: GPL-2.0-only
-- Guests outside of long mode: PAE tables (three levels, 8-byte entries) and the first ones (two levels, 4-byte entries).
-- Shadow paging makes PAE tables for both: mmu_alloc_shadow_roots(), arch/x86/kvm/mmu/mmu.c, and paging_tmpl.h.

local ROOT <const>, TOP <const>, TABLE <const>, DATA <const>, OTHER <const> = 0x3000, 0x4000, 0x6000, 0x8000, 0x9000
local VA <const> = 0x10000
local P <const>, W <const>, U <const>, A <const>, D <const>, BIG <const> = 1, 2, 4, 32, 64, 128
local flat <const> = { base = 0, limit = 0xffffffff, selector = 16, type = 3, present = 1, dpl = 0, db = 1, s = 1, l = 0,
	g = 1, avl = 0, unusable = 0 }
local code <const> = { base = 0, limit = 0xffffffff, selector = 8, type = 11, present = 1, dpl = 0, db = 1, s = 1, l = 0,
	g = 1, avl = 0, unusable = 0 }

local pae <const> = { name = "PAE", entry = "<i8", bytes = 8, cr3 = ROOT, cr4 = 0x20, window = 0x200000 }
local two_level <const> = { name = "two levels", entry = "<I4", bytes = 4, cr3 = TOP, cr4 = 0x10, window = 0x400000 }

local function put(ram, mode, tbl, index, value)
	expect(ram:write(tbl + index * mode.bytes, string.pack(mode.entry, value))):eq(0)
end

local function get(ram, mode, index)
	return (string.unpack(mode.entry, ram:read(TABLE + index * mode.bytes, mode.bytes)))
end

-- VA is page 16 of the first table; the second entry of the directory is a large page at 0, the window to the tables.
local function guest(sim, mode)
	local vcpu, ram, vm = sim:guest{ ram = { length = "8M" }, data = { [DATA] = "data", [OTHER] = "other" } }
	if mode == pae then
		put(ram, mode, ROOT, 0, TOP | P)
	end
	put(ram, mode, TOP, 0, TABLE | P | W | U)
	put(ram, mode, TOP, 1, P | W | U | BIG)
	put(ram, mode, TABLE, 16, DATA | P | W | U)
	expect(vcpu:set_sregs{ cr3 = mode.cr3, cr4 = mode.cr4, efer = 0, cr0 = 1 | 1 << 16 | 1 << 31 | 0x30, cs = code, ds = flat,
		es = flat, ss = flat }):eq(0)
	return vcpu, ram, vm
end

-- The guest changes an entry of its last table; a processor outside of long mode writes 4 bytes, the lower half.
local function set(vcpu, mode, index, value)
	expect(vcpu:write(mode.window + TABLE + index * mode.bytes, string.pack("<I4", value))):is_true()
end

local function modes(name, fn)
	cases("legacy paging: " .. name, { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }, { { "PAE", pae } },
		function(sim, row) fn(sim, row[2], guest(sim, row[2])) end)
	cases("legacy paging: " .. name, { arch = "x86_64", mmu = "shadow" }, { { "two levels", two_level } },
		function(sim, row) fn(sim, row[2], guest(sim, row[2])) end)
end

modes("an access reaches the mapped page, and a large page", function(_, mode, vcpu, ram)
	expect(vcpu:read(VA, 4)):eq("data")
	expect(vcpu:write(VA + 0x10, "guest")):is_true()
	expect(ram:read(DATA + 0x10, 5)):eq("guest")
	expect(vcpu:write(mode.window + 0x20000, "large")):is_true()
	expect(ram:read(0x20000, 5)):eq("large")
end)

modes("page faults and their codes", function(_, mode, vcpu)
	expect(vcpu:read(VA + 0x1000, 1).exception):fields{ vector = 14, error_code = 0, cr2 = VA + 0x1000 }
	expect(vcpu:write(VA + 0x1004, "x").exception):fields{ vector = 14, error_code = 2, cr2 = VA + 0x1004 }
	set(vcpu, mode, 16, DATA | P | U)
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:write(VA, "x").exception):fields{ vector = 14, error_code = 3 }
	set(vcpu, mode, 16, DATA | P | W)
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:read(VA, 1, { user = true }).exception):fields{ vector = 14, error_code = 5 }
end)

modes("accessed and dirty", function(_, mode, vcpu, ram)
	expect(get(ram, mode, 16) & (A | D)):eq(0)
	expect(vcpu:read(VA, 1)):eq("d")
	expect(get(ram, mode, 16) & (A | D)):eq(A)
	expect(vcpu:write(VA, "D")):is_true()
	expect(get(ram, mode, 16) & (A | D)):eq(A | D)
end)

modes("a changed entry holds after INVLPG, and after CR3 was loaded", function(_, mode, vcpu)
	expect(vcpu:read(VA, 4)):eq("data")
	set(vcpu, mode, 16, OTHER | P | W | U)
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:read(VA, 5)):eq("other")
	set(vcpu, mode, 16, DATA | P | W | U)
	expect(vcpu:load_cr3(mode.cr3)):is_true()
	expect(vcpu:read(VA, 4)):eq("data")
end)

modes("the host migrates and swaps the page of the data and of the table", function(_, mode, vcpu, ram)
	expect(vcpu:write(VA, "DATA")):is_true()
	expect(ram:migrate(DATA)):eq(0)
	expect(ram:migrate(TABLE)):eq(0)
	expect(vcpu:read(VA, 4)):eq("DATA")
	expect(ram:swap_out(DATA, "4K")):eq(0)
	expect(ram:swap_out(TABLE, "4K")):eq(0)
	expect(vcpu:read(VA, 4)):eq("DATA")
	set(vcpu, mode, 16, OTHER | P | W | U)
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:read(VA, 5)):eq("other")
end)

modes("MMIO", function(_, mode, vcpu)
	set(vcpu, mode, 20, 0x10000000 | P | W | U)
	local exit = vcpu:read(20 * 4096, 4)
	expect(exit):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = 0x10000000, len = 4 } }
	expect(exit:complete("mmio")):eq("mmio")
end)

modes("deleting a slot drops the tables, and they come back", function(sim, mode, vcpu, ram, vm)
	expect(vcpu:write(VA, "kept")):is_true()
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "64M", memory_size = "4K", userspace_addr = ram }):eq(0)
	expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	if sim.mmu == "shadow" then
		expect(sim.inspect:mapping(vcpu, VA).present):is_false()
	end
	expect(vcpu:read(VA, 4)):eq("kept")
	expect(vcpu:read(mode.window + DATA, 4)):eq("kept")
end)

scenario("legacy paging: PAE: the four top entries are read when CR3 is loaded, not later", { arch = "x86_64",
	mmu = { "ept", "npt", "shadow" } }, function(sim)
	local vcpu, ram = guest(sim, pae)
	expect(vcpu:read(VA, 4)):eq("data")
	expect(vcpu:read(0x40000000 + VA, 1).exception):fields{ vector = 14, error_code = 0 }
	put(ram, pae, ROOT, 1, TOP | P)
	expect(vcpu:load_cr3(ROOT)):is_true()
	expect(vcpu:read(0x40000000 + VA, 4)):eq("data")
end)

-- KVM_SET_CPUID2 says how many address bits the guest has: 36 before that. Tables that are in use by then are looked at
-- anew (kvm_mmu_after_set_cpuid()).
scenario("legacy paging: CPUID comes when paging is on, and with it more address bits", {
	arch = "x86_64", mmu = { "ept", "npt", "shadow" },
}, function(sim)
	local FAR <const>, CPUID_BYTES <const> = 1 << 37, 8 + 256 * 40
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = "8M" }, vcpu = { cpuid = false } }
	local far = vmm:mmap{ length = "4K" }
	expect(far:write(0, "far")):eq(0)
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = FAR, memory_size = "4K", userspace_addr = far }):eq(0)
	put(ram, pae, ROOT, 0, TOP | P)
	put(ram, pae, TOP, 0, TABLE | P | W | U)
	put(ram, pae, TABLE, 16, FAR | P | W | U)
	expect(vcpu:set_sregs{ cr3 = ROOT, cr4 = 0x20, efer = 0, cr0 = 1 | 1 << 16 | 1 << 31 | 0x30, cs = code, ds = flat,
		es = flat, ss = flat }):eq(0)
	local rc, table_of_all = vmm:open_kvm():ioctl(KVM_GET_SUPPORTED_CPUID,
		string.pack("<I4I4", 256, 0) .. ("\0"):rep(CPUID_BYTES - 8), CPUID_BYTES)
	expect(rc):eq(0)
	expect(vcpu:ioctl(KVM_SET_CPUID2, table_of_all)):eq(0)
	expect(vcpu:read(VA, 3)):eq("far")
end)

scenario("legacy paging: without CR4.PSE an entry of the first of two levels is a table, whatever its bit 7 says", {
	arch = "x86_64", mmu = "shadow",
}, function(sim)
	local vcpu, ram = guest(sim, two_level)
	put(ram, two_level, TOP, 0, TABLE | P | W | U | BIG)
	expect(vcpu:set_sregs{ cr4 = 0 }):eq(0)
	expect(vcpu:read(VA, 4)):eq("data")
	expect(vcpu:set_sregs{ cr4 = two_level.cr4 }):eq(0)
	expect(vcpu:read(DATA, 4)):ne("data")
end)
