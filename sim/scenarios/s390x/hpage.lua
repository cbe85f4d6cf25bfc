-- SPDX-License-Identifier: GPL-2.0-only
-- 1 MiB host pages: KVM_CAP_S390_HPAGE_1M, hugetlb memory as large segments of the gmap, host events on them.

local options = { arch = "s390x", mmu = "hpage" }
local MiB <const> = 1 << 20

-- length of hugetlb memory in slot 0; the vCPU's lowcore lies in small pages elsewhere.
local function guest(sim, t)
	t = t or {}
	local vmm = sim:process()
	local ram = vmm:mmap{ length = t.length or "4M", hugetlb = true, kind = t.kind }
	local vm = vmm:open_kvm():create_vm()
	if t.cap ~= false then
		expect(vm:enable_cap{ cap = KVM_CAP_S390_HPAGE_1M }):eq(0)
	end
	expect(vm:set_user_memory_region{ slot = 0, flags = t.flags, guest_phys_addr = 0, memory_size = ram.length,
		userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	return vcpu, ram, vm, vmm
end

local function segment(sim, vm, gpa)
	return sim.inspect:mapping(vm, gpa)
end

scenario("hpage: a huge page of the VMM's is one segment of the guest's", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	ram:write(MiB + 0x5000, "VMM")
	expect(ram:page(0x105)):fields{ mapped = true, huge = true, writable = true }
	expect(vcpu:read(MiB + 0x5000, 3)):eq("VMM")
	expect(segment(sim, vm, MiB + 0x5000)):fields{ present = true, level = 2, page = ram:page(0x105) }
	expect(segment(sim, vm, 2 * MiB - 1)):fields{ present = true, level = 2, page = ram:page(0x1ff) }
	expect(segment(sim, vm, 0)):fields{ present = false }
	expect(vcpu:write(MiB + 0xff000, "guest")):is_true()
	expect(ram:read(MiB + 0xff000, 5)):eq("guest")
	expect(vcpu:write(3 * MiB, "first touch")):is_true()
	expect(ram:page(0x300)):fields{ mapped = true, huge = true, writable = true }
	expect(segment(sim, vm, 3 * MiB)):fields{ level = 2, writable = true }
end)
