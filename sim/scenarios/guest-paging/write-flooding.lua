-- SPDX-License-Identifier: GPL-2.0-only
-- A guest that writes again and again to one of its upper tables: KVM drops the shadow of that table
-- (arch/x86/kvm/mmu/mmu.c: detect_write_flooding(), kvm_mmu_commit_zap_page()), which another vCPU may be using.

local VA <const>, WRITES <const> = 0x40000000, 6

scenario("write flooding: the table is dropped, and every vCPU forgets its path to it", { arch = "x86_64", mmu = "shadow" },
	function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "4M",
		userspace_addr = ram }):eq(0)
	local a, b = vm:create_vcpu(), vm:create_vcpu()
	expect(a:set_paging{ levels = 4 }):eq(0)
	a:map{ from = VA, to = 0x5000, prot = "rw" }
	expect(b:share_paging(a)):eq(0)
	ram:write(0x5000, "five")
	expect(b:read(VA, 4)):eq("five")
	for i = 1, WRITES do
		expect(a:set_pte(VA + i * (2 << 20), 0, 2)):eq(0)
	end
	expect(b:read(VA, 4)):eq("five")
end)
