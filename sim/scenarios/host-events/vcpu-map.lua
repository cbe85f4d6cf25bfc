-- SPDX-License-Identifier: GPL-2.0-only
-- kvm_vcpu_map(): a page of the guest that a vendor module maps for itself, outside of the guest's tables and of MMU
-- notifiers. Since 6.13 it pins the page, and refuses frames that cannot be pinned, unless kvm.allow_unsafe_mappings
-- is set: __kvm_vcpu_map() and hva_to_pfn_remapped(), virt/kvm/kvm_main.c. Vendor modules map what nested guests use.

local mmus <const> = { "ept", "npt", "shadow" }
local options = { arch = "x86_64", mmu = mmus }
local pinning = { arch = "x86_64", mmu = mmus, kernel = "6.13", covers = "kvm_vcpu_map() pins" }
local before = { arch = "x86_64", mmu = mmus, before = "6.13", covers = "kvm_vcpu_map() takes a reference" }
local unsafe = { arch = "x86_64", mmu = mmus, kernel = "6.13", params = { ["kvm.allow_unsafe_mappings"] = true } }
local device = { ram = { kind = "pfnmap" } }
local GPA <const> = 0x1000
local PIN <const> = 1024	-- references that a pin takes: GUP_PIN_COUNTING_BIAS

local function word(text)
	return (string.unpack("<I4", text))
end

scenario("vCPU map: KVM and the guest see each other's data", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(vcpu:write(GPA, "from the guest")):is_true()
	local page = vcpu:host_map(GPA)
	expect(page:read()):eq(word("from"))
	expect(page:write(4, word("KVM!"))):eq(0)
	expect(vcpu:read(GPA, 9)):eq("fromKVM! ")
	expect(ram:read(GPA, 9)):eq("fromKVM! ")
	expect(page:unmap()):eq(0)
	expect(page:unmap()):eq(-ENOENT)
end)

scenario("vCPU map: it faults the page in, also from swap", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(ram:page(1).mapped):is_false()
	local page = vcpu:host_map(GPA)
	expect(ram:page(1)):fields{ mapped = true, writable = true }
	expect(page:write(0, word("KVM!"))):eq(0)
	expect(page:unmap()):eq(0)
	expect(ram:swap_out(GPA, "4K")):eq(0)
	expect(ram:page(1).swapped):is_true()
	page = vcpu:host_map(GPA)
	expect(page:read()):eq(word("KVM!"))
	expect(page:unmap()):eq(0)
end)

scenario("vCPU map: no slot, no memory", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(vcpu:host_map(0x7ffff000)):eq(-EINVAL)
	expect(ram:munmap(GPA, "4K")):eq(0)
	expect(vcpu:host_map(GPA)):eq(-EINVAL)
	expect(ram:mprotect(GPA + 0x1000, "4K", "none")):eq(0)
	expect(vcpu:host_map(GPA + 0x1000)):eq(-EINVAL)
end)

scenario("vCPU map: memory that is read-only for the process", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(ram:write(GPA, "data")):eq(0)
	expect(ram:mprotect(GPA, "4K", "r")):eq(0)
	expect(vcpu:host_map(GPA)):eq(-EINVAL)
end)

scenario("vCPU map: for reading, of memory and slots that cannot be written", pinning, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(ram:write(GPA, "data")):eq(0)
	expect(ram:mprotect(GPA, "4K", "r")):eq(0)
	local page = vcpu:host_map(GPA, "r")
	expect(page:read()):eq(word("data"))
	expect(page:write(0, 1)):eq(-EACCES)
	expect(page:unmap()):eq(0)

	expect(vm:set_user_memory_region{ slot = 1, flags = KVM_MEM_READONLY, guest_phys_addr = "1G",
		memory_size = "64K", userspace_addr = ram }):eq(0)
	expect(vcpu:host_map(0x40000000)):eq(-EINVAL)
	page = vcpu:host_map(0x40001000, "r")
	expect(page:read()):eq(word("data"))
	expect(page:unmap()):eq(0)
end)

-- For reading, the zero page does; it is never pinned (try_grab_folio()), and nothing is written to it.
scenario("vCPU map: for reading, of memory that nobody has touched", pinning, function(sim)
	local vcpu, ram = sim:guest()
	local page = vcpu:host_map(GPA, "r")
	expect(page:read()):eq(0)
	expect(ram:page(1)):fields{ mapped = true, zero = true, writable = false }
	expect(page:unmap()):eq(0)
	expect(vcpu:write(GPA, "data")):is_true()
	expect(ram:page(1)):fields{ zero = false, writable = true }
end)

scenario("vCPU map: the page is pinned until it is unmapped", pinning, function(sim)
	local vcpu, ram = sim:guest()
	expect(ram:write(GPA, "data")):eq(0)
	local usual = ram:page(1)
	local first, second = vcpu:host_map(GPA), vcpu:host_map(GPA, "r")
	expect(ram:page(1)):fields{ pincount = 1, refcount = usual.refcount + 2 * PIN }
	expect(first:unmap()):eq(0)
	expect(ram:page(1)):fields{ pincount = 1, refcount = usual.refcount + PIN }
	expect(second:unmap()):eq(0)
	expect(ram:page(1)):fields{ pincount = 0, refcount = usual.refcount }
end)

scenario("vCPU map: before, the page was referenced until it was unmapped", before, function(sim)
	local vcpu, ram = sim:guest()
	expect(ram:write(GPA, "data")):eq(0)
	local usual = ram:page(1)
	local page = vcpu:host_map(GPA)
	expect(ram:page(1)):fields{ pincount = 0, refcount = usual.refcount + 1 }
	expect(page:unmap()):eq(0)
	expect(ram:page(1).refcount):eq(usual.refcount)
end)

-- A pinned page is not reclaimed (folio_maybe_dma_pinned()). One that is only referenced is unmapped, and stays in the
-- swap cache. No page moves whose references are not all known.
scenario("vCPU map: the frame stays", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(ram:write(GPA, "data")):eq(0)
	local usual = ram:page(1)
	local page = vcpu:host_map(GPA)
	expect(ram:migrate(GPA)):ne(0)
	expect(ram:swap_out(GPA, "4K")):eq(0)
	expect(ram:page(1).swapped):eq(not sim:kernel_since("6.13"))
	expect(ram:read(GPA, 4)):eq("data")
	expect(ram:page(1).pfn):eq(usual.pfn)
	expect(page:write(0, word("KVM!"))):eq(0)
	expect(ram:read(GPA, 4)):eq("KVM!")
	expect(page:unmap()):eq(0)
	expect(ram:migrate(GPA)):eq(0)
	expect(ram:page(1).pfn):ne(usual.pfn)
	expect(vcpu:read(GPA, 4)):eq("KVM!")
end)

-- The mapping is outside of MMU notifiers: it keeps the old page when the process gets another one.
scenario("vCPU map: the process replaces the page meanwhile", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(vcpu:write(GPA, "data")):is_true()
	local page = vcpu:host_map(GPA)
	expect(ram:madvise(GPA, "4K", MADV_DONTNEED)):eq(0)
	expect(vcpu:read(GPA, 4)):eq("\0\0\0\0")
	expect(page:read()):eq(word("data"))
	expect(page:write(0, word("lost"))):eq(0)
	expect(vcpu:read(GPA, 4)):eq("\0\0\0\0")
	expect(page:unmap()):eq(0)
	expect(vcpu:read(GPA, 4)):eq("\0\0\0\0")
end)

-- A page that is pinned belongs to who pinned it: at fork() the child gets a copy at once (folio_try_dup_anon_pte()).
scenario("vCPU map: a fork gives the child a copy", pinning, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	expect(vcpu:write(GPA, "data")):is_true()
	local page = vcpu:host_map(GPA)
	local child = vmm:fork()
	expect(page:write(0, word("KVM!"))):eq(0)
	expect(child:view(ram):read(GPA, 4)):eq("data")
	expect(ram:read(GPA, 4)):eq("KVM!")
	expect(ram:write(GPA + 4, "more")):eq(0)
	expect(page:read(4)):eq(word("more"))
	expect(page:unmap()):eq(0)
	child:exit()
end)

-- A pin for reading breaks the sharing as well (gup_must_unshare()): later writes of the process reach the mapping.
scenario("vCPU map: for reading, of a page that is shared after a fork", pinning, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	expect(ram:write(GPA, "data")):eq(0)
	local child = vmm:fork()
	expect(ram:page(1).exclusive):is_false()
	local page = vcpu:host_map(GPA, "r")
	expect(ram:page(1).exclusive):is_true()
	expect(ram:write(GPA, "more")):eq(0)
	expect(page:read()):eq(word("more"))
	expect(child:view(ram):read(GPA, 4)):eq("data")
	expect(page:unmap()):eq(0)
	child:exit()
end)

scenario("vCPU map: what was mapped writable is in the dirty log after it", options, function(sim)
	local vcpu, ram, vm = sim:guest{ slot = { flags = KVM_MEM_LOG_DIRTY_PAGES } }
	expect(ram:write(GPA, "data")):eq(0)
	local page = vcpu:host_map(GPA)
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	expect(page:write(0, word("KVM!"))):eq(0)
	expect(page:unmap()):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 1 }
end)

scenario("vCPU map: what was mapped for reading is not in the dirty log", pinning, function(sim)
	local vcpu, ram, vm = sim:guest{ slot = { flags = KVM_MEM_LOG_DIRTY_PAGES } }
	expect(ram:write(GPA, "data")):eq(0)
	local page = vcpu:host_map(GPA, "r")
	expect(page:unmap()):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
end)

-- Device memory has no struct page, so that nothing keeps it where it is.
scenario("vCPU map: device memory is refused", pinning, function(sim)
	local vcpu = sim:guest(device)
	expect(vcpu:write(GPA, "device")):is_true()
	expect(vcpu:host_map(GPA)):eq(-EINVAL)
	expect(vcpu:host_map(GPA, "r")):eq(-EINVAL)
	expect(sim:set_module_param("kvm.allow_unsafe_mappings", true)):eq(-EACCES)
	expect(vcpu:read(GPA, 6)):eq("device")
end)

-- Without the parameter before 6.13.
local function unsafe_mapping(sim)
	local vcpu, ram = sim:guest(device)
	expect(vcpu:write(GPA, "device")):is_true()
	local page = vcpu:host_map(GPA)
	expect(page:read()):eq(word("devi"))
	expect(page:write(0, word("KVM!"))):eq(0)
	expect(vcpu:read(GPA, 6)):eq("KVM!ce")
	-- That is what is unsafe: the mapping outlives the process's own.
	expect(ram:munmap(GPA, "4K")):eq(0)
	expect(page:read()):eq(word("KVM!"))
	expect(page:unmap()):eq(0)
	expect(vcpu:host_map(GPA)):eq(-EINVAL)
end

scenario("vCPU map: device memory, with allow_unsafe_mappings", unsafe, unsafe_mapping)
scenario("vCPU map: device memory, before allow_unsafe_mappings", before, unsafe_mapping)

scenario("vCPU map: with allow_unsafe_mappings memory is pinned as ever", unsafe, function(sim)
	local vcpu, ram = sim:guest()
	local page = vcpu:host_map(GPA)
	expect(ram:page(1).pincount):eq(1)
	expect(page:unmap()):eq(0)
	expect(ram:page(1).pincount):eq(0)
end)

scenario("vCPU map: read-only device memory, with allow_unsafe_mappings", unsafe, function(sim)
	local vcpu, ram = sim:guest(device)
	expect(vcpu:write(GPA, "device")):is_true()
	expect(ram:mprotect(GPA, "4K", "r")):eq(0)
	expect(vcpu:host_map(GPA)):eq(-EINVAL)
	local page = vcpu:host_map(GPA, "r")
	expect(page:read()):eq(word("devi"))
	expect(page:unmap()):eq(0)
end)
