-- SPDX-License-Identifier: GPL-2.0-only
-- The VMM changes the guest's page tables behind KVM's back. These writes are not the guest's, and no table is
-- write-tracked for them. KVM notices at the next fault, when it walks the tables (mmu_set_spte(),
-- kvm_mmu_get_child_sp()).

local stage = require("stage")
local options = stage.options
local VA <const>, NOWHERE <const>, HUGE <const> = 0x40000000, 0x10000000, 2 << 20
local WRITTEN <const> = stage.WRITE | stage.ACCESSED | stage.DIRTY

local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "8M",
		userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:set_paging()):eq(0)
	ram:write(0x5000, "five")
	return ram, vcpu
end

local function put(ram, gpa, raw)
	expect(ram:write(gpa, string.pack("<I8", raw))):eq(0)
end

scenario("the VMM turns a page into MMIO: the entry for the page is dropped", options, function(sim)
	local ram, vcpu = guest(sim)
	vcpu:map{ from = VA, to = 0x5000, prot = "r" }
	expect(vcpu:read(VA, 4)):eq("five")
	put(ram, vcpu:pte(VA).gpa, stage.entry(sim, NOWHERE, WRITTEN))
	local exit = vcpu:write(VA, "x")
	-- A stale TLB entry caused the guest's fault, which dropped it on x86_64.
	if exit ~= true and exit.exception then
		if sim.arch == "arm64" then
			stage.flush(sim, vcpu, VA)
		end
		exit = vcpu:write(VA, "x")
	end
	expect(exit):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = NOWHERE, len = 1, is_write = 1 } }
	expect(vcpu:run()):is_true()
	expect(ram:migrate(0x5000)):eq(0)
	expect(ram:read(0x5000, 4)):eq("five")
end)

scenario("the VMM puts a table where a huge page was: no shadow table of the huge page is used for it", options,
	function(sim)
	local ram, vcpu = guest(sim)
	local index <const> = 100
	vcpu:map{ from = VA, to = HUGE, size = "2M", level = 2, prot = "rw" }
	expect(vcpu:write(VA + 0x1000, "huge")):is_true()
	put(ram, HUGE + 8 * index, stage.entry(sim, 0x5000, WRITTEN))
	-- In an upper table the entry of a page is that of a table.
	put(ram, vcpu:pte(VA, 2).gpa, stage.entry(sim, HUGE, WRITTEN))
	stage.flush(sim, vcpu, VA + 0x1000)
	expect(vcpu:read(VA + 4096 * index, 4)):eq("five")
	expect(vcpu:write(VA + 4096 * index, "5")):is_true()
	expect(ram:read(0x5000, 4)):eq("5ive")
end)
