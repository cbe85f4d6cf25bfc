-- SPDX-License-Identifier: GPL-2.0-only
-- A guest with its own four-level page tables: under shadow paging KVM walks and write-protects them.

local options = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }
local VA <const> = 0x40000000

local layout = { ram = { length = "4M" }, paging = true }

scenario("long mode: a guest-virtual access reaches the mapped page", options, function(sim)
	local vcpu, ram = sim:guest(layout)
	vcpu:map{ from = VA, to = 0x5000, prot = "rw" }
	expect(vcpu:write(VA + 8, "virtual")):is_true()
	expect(ram:read(0x5008, 7)):eq("virtual")
	ram:write(0x5010, "back")
	expect(vcpu:read(VA + 0x10, 4)):eq("back")
end)

scenario("long mode: an unmapped address causes a page fault in the guest", options, function(sim)
	local vcpu = sim:guest(layout)
	expect(vcpu:read(VA, 1)):fields{ ret = 0, exception = { vector = 14, error_code = 0, cr2 = VA } }
	expect(vcpu:write(VA + 4, "x").exception):fields{ vector = 14, error_code = 2, cr2 = VA + 4 }
end)

scenario("long mode: the guest's read-only page faults on a write", options, function(sim)
	local vcpu = sim:guest(layout)
	vcpu:map{ from = VA, to = 0x5000, prot = "r" }
	expect(vcpu:read(VA, 1)):eq("\0")
	expect(vcpu:write(VA, "x").exception):fields{ vector = 14, error_code = 3 }
end)

scenario("long mode: a supervisor page is not for user code", options, function(sim)
	local vcpu = sim:guest(layout)
	vcpu:map{ from = VA, to = 0x5000, prot = "rw", user = false }
	expect(vcpu:read(VA, 1)):eq("\0")
	expect(vcpu:read(VA, 1, { user = true }).exception):fields{ vector = 14, error_code = 5 }
end)

scenario("long mode: a 2 MiB page of the guest", options, function(sim)
	local vcpu, ram = sim:guest(layout)
	vcpu:map{ from = VA, to = 0, prot = "rw", level = 2 }
	expect(vcpu:write(VA + 0x123000, "big")):is_true()
	expect(ram:read(0x123000, 3)):eq("big")
end)

scenario("long mode: the guest changes its own tables", options, function(sim)
	local vcpu, ram = sim:guest(layout)
	vcpu:map{ from = VA, to = 0x5000, prot = "rw" }
	expect(vcpu:write(VA, "first")):is_true()
	vcpu:map{ from = VA, to = 0x6000, prot = "rw" }
	expect(vcpu:reload_cr3()):eq(0)
	expect(vcpu:write(VA, "second")):is_true()
	expect(ram:read(0x5000, 5)):eq("first")
	expect(ram:read(0x6000, 6)):eq("second")
end)

scenario("long mode: KVM_TRANSLATE agrees with the access", options, function(sim)
	local vcpu = sim:guest(layout)
	vcpu:map{ from = VA, to = 0x7000, prot = "rw" }
	expect(vcpu:translate(VA + 0x10)):fields{ physical_address = 0x7010, valid = 1 }
	expect(vcpu:translate(VA + 0x1000)):fields{ valid = 0 }
end)

scenario("long mode: MMIO through a guest-virtual address", options, function(sim)
	local vcpu = sim:guest(layout)
	vcpu:map{ from = VA, to = 0x10000000, prot = "rw" }
	local exit = vcpu:read(VA + 4, 4)
	expect(exit):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = 0x10000004, len = 4, is_write = 0 } }
	expect(exit:complete("mmio")):eq("mmio")
end)
