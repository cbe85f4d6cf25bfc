-- SPDX-License-Identifier: GPL-2.0-only
-- A huge page replaces a page table while another vCPU's paging-structure caches may still lead to the table.

local PRIVATE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE
local LAST <const> = 0x1ff000

scenario("a huge page replaces a table: every vCPU forgets its path to the table",
	{ arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD", covers = "tdp_mmu_map_handle_target_level" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = true }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	local fd = vm:create_guest_memfd{ size = "2M" }
	expect(vm:set_user_memory_region2{
		slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0, memory_size = "2M", userspace_addr = ram.addr,
		guest_memfd = fd, guest_memfd_offset = 0,
	}):eq(0)
	local a, b = vm:create_vcpu(), vm:create_vcpu()
	expect(ram:write(0, "here")):eq(0)

	-- One private page of the 2 MiB keeps the others from being mapped as one; it is never touched itself.
	expect(vm:set_memory_attributes{ address = LAST, size = "4K", attributes = PRIVATE }):eq(0)
	expect(a:read(0, 4)):eq("here")
	expect(b:write(0x1000, "old")):is_true()
	expect(sim.inspect:mapping(vm, 0x1000).level):eq(1)
	expect(vm:set_memory_attributes{ address = LAST, size = "4K", attributes = 0 }):eq(0)

	expect(a:write(0x5000, "new")):is_true()
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ level = 2, page = ram:page(5) }
	expect(b:read(0x5000, 3)):eq("new")
	expect(b:read(0x1000, 3)):eq("old")
end)
