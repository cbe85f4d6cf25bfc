-- SPDX-License-Identifier: GPL-2.0-only
-- Transparent huge pages under a VM with 1 MiB pages. Until 7.0 a process with a VM had none. gmap_link() since asks
-- for the size of the folio, not for how much of it the process has mapped (findings.md).

local options = { arch = "s390x", mmu = "hpage", kernel = "7.0" }
local late <const> = { arch = "s390x", mmu = "hpage", kernel = "7.0", check = "end" }

local MiB <const> = 1 << 20

-- A transparent huge page is at 1 MiB.
local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 4 * MiB, huge = true }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_S390_HPAGE_1M }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = ram.length, userspace_addr = ram }):eq(0)
	ram:write(MiB + 0x5000, "five")
	ram:write(MiB + 0x7000, "old")
	expect(ram:page(0x105).huge):is_true()
	return vm:create_vcpu(), ram, vm, vmm
end

local function level(sim, vm, gpa)
	return sim.inspect:mapping(vm, gpa).level
end

scenario("hpage thp: the guest has it as one page, until the host splits it", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:write(MiB + 0x5000, "F")):is_true()
	expect(level(sim, vm, MiB)):eq(2)
	expect(ram:read(MiB + 0x5000, 4)):eq("Five")
	expect(ram:swap_out(MiB, MiB)):eq(0)
	expect(sim.inspect:mapping(vm, MiB).present):is_false()
	expect(vcpu:read(MiB + 0x5000, 4)):eq("Five")
	expect(level(sim, vm, MiB + 0x5000)):eq(1)
	expect(vcpu:read(MiB + 0x7000, 3)):eq("old")
end)

-- The host's page table then has small pages, but the folio is still a large one. So the next fault for another of its
-- pages maps all of them again. case[3]: what the VMM has there in the end, after the guest has written.
cases("hpage thp: the guest gets back what the VMM took away, by", late, {
	{ "MADV_DONTNEED and a store", function(ram)
		expect(ram:madvise(MiB + 0x7000, "4K", MADV_DONTNEED)):eq(0)
		return ram:write(MiB + 0x7000, "VMM")
	end, "VMM" },
	{ "munmap", function(ram) return ram:munmap(MiB + 0x7000, "4K") end, -EFAULT },
	{ "another mapping", function(ram, vmm)
		local other = vmm:mmap{ addr = ram.addr + MiB + 0x7000, length = "4K",
			flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
		expect(other.addr):eq(ram.addr + MiB + 0x7000)
		return other:write(0, "VMM")
	end, "VMM" },
	{ "mprotect", function(ram) return ram:mprotect(MiB + 0x7000, "4K", "r") end, "guest" },
}, function(sim, case)
	local vcpu, ram, vm, vmm = guest(sim)
	expect(vcpu:write(MiB + 0x5000, "F")):is_true()
	expect(case[2](ram, vmm)):eq(0)
	expect(sim.inspect:mapping(vm, MiB).present):is_false()
	expect(vcpu:write(MiB + 0x5000, "f")):is_true()
	expect(level(sim, vm, MiB)):eq(2)
	sim:expect_report{ kind = "check:guest-mappings", match = "gmap maps gfn 107" }
	sim:expect_report{ kind = "check:guest-mappings", match = "TLB of CPU 0 maps gfn 107" }
	sim:check()
	expect(vcpu:read(MiB + 0x7000, 3)):eq("old")
	expect(vcpu:write(MiB + 0x7000, "guest")):is_true()
	expect(vcpu:read(MiB + 0x7000, 5)):eq("guest")
	expect(ram:read(MiB + 0x7000, type(case[3]) == "string" and #case[3] or 1)):eq(case[3])
	vmm:exit()
end)

-- So a userfaultfd, with which the VMM fills memory on demand, does not hear of the guest's access, which would wait.
scenario("hpage thp: a userfaultfd is not asked for a page that the VMM gave up", late, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	expect(vcpu:write(MiB + 0x5000, "F")):is_true()
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	expect(ram:madvise(MiB + 0x7000, "4K", MADV_DONTNEED)):eq(0)
	expect(vcpu:write(MiB + 0x5000, "f")):is_true()
	expect(vcpu:read(MiB + 0x7000, 3)):eq("old")
	sim:expect_report{ kind = "check:guest-mappings", match = "gmap maps gfn 107" }
	sim:expect_report{ kind = "check:guest-mappings", match = "TLB of CPU 0 maps gfn 107" }
	sim:check()
	vmm:exit()
end)
