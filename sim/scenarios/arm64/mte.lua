-- SPDX-License-Identifier: GPL-2.0-only
-- Memory tags: VMs with KVM_CAP_ARM_MTE, which memory they may have, and whose tags their guests find.

local PAGE <const>, GRANULE <const> = 0x1000, 16
local TAGS <const> = PAGE // GRANULE	-- of a page
local ATA <const>, TCF_SYNC <const>, TCF_ASYNC <const> = 1 << 43, 1 << 40, 2 << 40	-- SCTLR_EL1
local TBI0 <const> = 1 << 37	-- TCR_EL1
local VA <const> = 0x40000000
local with_tags <const> = { arch = "arm64", facilities = { mte = true } }

local function tagged(addr, tag)
	return addr | tag << 56
end

-- KVM_ARM_MTE_COPY_TAGS with a buffer in the VMM's memory.
local function copy(vm, buffer, gpa, length, flags)
	return vm:ioctl(KVM_ARM_MTE_COPY_TAGS, string.pack("<i8i8i8i8i8i8", gpa, length, buffer.addr, flags, 0, 0))
end

local function tags_of(vm, buffer, gpa)
	expect(copy(vm, buffer, gpa, PAGE, KVM_ARM_TAGS_FROM_GUEST)):eq(PAGE)
	return buffer:read(0, TAGS)
end

-- A guest with tags. Its stage 1 maps `pages` of memory from 0 to VA, Tagged, and checks as `tcf` says.
local function guest(sim, t)
	t = t or {}
	local vmm = sim:process()
	local ram, buffer = vmm:mmap(t.ram or { length = "2M" }), vmm:mmap{ length = "64K" }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_MTE }):eq(0)
	local slot = { slot = 0, flags = 0, guest_phys_addr = 0, memory_size = ram.length, userspace_addr = ram }
	expect(vm:set_user_memory_region(slot)):eq(0)
	local vcpu = vm:create_vcpu()
	if t.paging ~= false then
		expect(vcpu:set_paging()):eq(0)
		vcpu:map{ from = VA, to = 0, size = t.mapped or 0x10000, attr = "tagged" }
		expect(vcpu:set_sysreg("tcr_el1", vcpu:get_sysreg("tcr_el1") | TBI0)):eq(0)
		expect(vcpu:set_sysreg("sctlr_el1", vcpu:get_sysreg("sctlr_el1") | ATA | (t.tcf or TCF_SYNC))):eq(0)
	end
	return vcpu, ram, vm, vmm, buffer, slot
end

scenario("arm64: without MTE there are no tags", { arch = "arm64" }, function(sim)
	local vcpu, ram, vm, vmm = sim:guest()

	expect(vm:check_extension(KVM_CAP_ARM_MTE)):eq(0)
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_MTE }):errno(EINVAL)
	expect(copy(vm, ram, 0, PAGE, KVM_ARM_TAGS_FROM_GUEST)):errno(EINVAL)
	expect(copy(vm, ram, 0, PAGE, KVM_ARM_TAGS_TO_GUEST)):errno(EINVAL)
	-- PROT_MTE is a right that mmap() does not look at where there are no tags, and mprotect() does not know.
	local other = vmm:mmap{ length = "4K", prot = PROT_READ | PROT_WRITE | PROT_MTE }
	expect(other:write(0, "untagged")):ok()
	expect(other:mprotect(0, "4K", PROT_READ | PROT_MTE)):errno(EINVAL)
	expect(vcpu:get_sysreg("id_aa64pfr1_el1") >> 8 & 15):eq(0)
	expect(vcpu:get_sysreg("gcr_el1")):errno(ENOENT)
	expect(vcpu:ldg(0x1000)):fields{ exception = { ec = ESR_ELx_EC_UNKNOWN } }
	expect(vcpu:write(0x1000, "untagged")):is_true()
end)

scenario("arm64: a VM without MTE on a machine that has it", with_tags, function(sim)
	local vcpu, ram, vm = sim:guest()

	expect(vm:check_extension(KVM_CAP_ARM_MTE)):eq(1)
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_MTE }):errno(EINVAL)	-- there is a vCPU
	expect(copy(vm, ram, 0, PAGE, KVM_ARM_TAGS_FROM_GUEST)):errno(EINVAL)
	expect(vcpu:get_sysreg("id_aa64pfr1_el1") >> 8 & 15):eq(0)
	-- HCR_EL2.ATA is clear: tags read as zero, stores do nothing, and the registers are traps that KVM refuses.
	expect(vcpu:stg(0x1000, 5)):is_true()
	expect(vcpu:ldg(0x1000)):eq(0)
	expect(vcpu:mrs("gcr_el1")):fields{ exception = { ec = ESR_ELx_EC_UNKNOWN } }
end)

scenario("arm64: the guest's registers for tags", with_tags, function(sim)
	local vcpu, _, vm = guest(sim)
	local other = vm:create_vcpu()

	expect(vcpu:get_sysreg("id_aa64pfr1_el1") >> 8 & 15):eq(2)
	for i, name in ipairs{ "gcr_el1", "rgsr_el1", "tfsr_el1", "tfsre0_el1" } do
		expect(vcpu:msr(name, i)):is_true()
		expect(other:msr(name, 0)):is_true()
		expect{ name, vcpu:mrs(name) }:eq{ name, i }
		expect{ name, vcpu:get_sysreg(name) }:eq{ name, i }
		expect{ name, other:get_sysreg(name) }:eq{ name, 0 }
	end
end)

-- --- tags that the guest finds -------------------------------------------------------------------------------------

scenario("arm64: the guest finds tags of zero, and sets its own", with_tags, function(sim)
	local vcpu, _, vm, _, buffer = guest(sim)

	for _, addr in ipairs{ VA, VA + GRANULE, VA + PAGE - GRANULE, VA + 5 * PAGE } do
		expect(vcpu:ldg(addr)):eq(0)
	end
	expect(vcpu:stg(VA + GRANULE, 7)):is_true()
	expect(vcpu:ldg(tagged(VA, 3) + GRANULE + 8)):eq(7)
	expect(vcpu:ldg(VA)):eq(0)
	expect(tags_of(vm, buffer, 0)):eq("\0\7" .. ("\0"):rep(TAGS - 2))
	expect(vcpu:stg(VA + 8, 1)):fields{ exception = { ec = ESR_ELx_EC_DABT_CUR, fsc = 0x21 } }
end)

cases("arm64: an access with another tag", with_tags, {
	{ "is a fault at once", TCF_SYNC }, { "is noted", TCF_ASYNC }, { "is nothing", 0 },
}, function(sim, row)
	local vcpu = guest(sim, { tcf = row[2] })
	local sync = row[2] == TCF_SYNC

	expect(vcpu:set_sysreg("tfsr_el1", 0)):eq(0)
	expect(vcpu:stg(VA, 5)):is_true()
	expect(vcpu:write(tagged(VA, 5), "right tag")):is_true()
	expect(vcpu:read(tagged(VA, 5), 9)):eq("right tag")
	for _, addr in ipairs{ VA, tagged(VA, 4), tagged(VA, 5) + GRANULE } do
		local result = vcpu:read(addr, 8)
		if sync then
			expect(result):fields{ exception = { ec = ESR_ELx_EC_DABT_CUR, fsc = 0x11, far = addr, write = false } }
		else
			expect(#result):eq(8)
		end
	end
	expect(vcpu:get_sysreg("tfsr_el1")):eq(row[2] == TCF_ASYNC and 1 or 0)
	-- An access that ends in the next 16 bytes.
	if sync then
		expect(vcpu:write(tagged(VA, 5) + 12, "8 bytes.")):fields{ exception = { fsc = 0x11, write = true } }
	end
end)

scenario("arm64: memory that is not Tagged is not checked", with_tags, function(sim)
	local vcpu = guest(sim)

	vcpu:map{ from = VA + (1 << 30), to = 0, size = PAGE }
	expect(vcpu:stg(VA, 5)):is_true()
	expect(#vcpu:read(VA + (1 << 30), 8)):eq(8)
	expect(vcpu:set_sysreg("sctlr_el1", vcpu:get_sysreg("sctlr_el1") & ~ATA)):eq(0)
	expect(#vcpu:read(VA, 8)):eq(8)
	expect(vcpu:ldg(VA)):eq(0)
end)

-- --- KVM_ARM_MTE_COPY_TAGS ---------------------------------------------------------------------------------------

scenario("arm64: KVM_ARM_MTE_COPY_TAGS", with_tags, function(sim)
	local vcpu, ram, vm, _, buffer, slot = guest(sim)
	local bytes = ("\1\2\xf3\4"):rep(TAGS // 4)

	-- No page yet: no tags, which reads as zero.
	expect(tags_of(vm, buffer, 8 * PAGE)):eq(("\0"):rep(TAGS))
	buffer:write(0, bytes:rep(2))
	expect(copy(vm, buffer, 8 * PAGE, 2 * PAGE, KVM_ARM_TAGS_TO_GUEST)):eq(2 * PAGE)
	expect(tags_of(vm, buffer, 9 * PAGE)):eq(("\1\2\3\4"):rep(TAGS // 4))
	expect(vcpu:ldg(VA + 8 * PAGE + 2 * GRANULE)):eq(3)
	for _, row in ipairs{
		{ EINVAL, 0, PAGE // 2, 1 }, { EINVAL, PAGE // 2, PAGE, 1 }, { EINVAL, 0, PAGE, 2 }, { EINVAL, 0, 1 << 31, 1 },
		{ EFAULT, 1 << 30, PAGE, 1 }, { EFAULT, 1 << 30, PAGE, 0 },
	} do
		expect(copy(vm, buffer, row[2], row[3], row[4])):errno(row[1])
	end
	expect(copy(vm, buffer, 0, 0, 1)):eq(0)
	-- Half of the buffer cannot be read: the page has no old tags then.
	buffer:munmap(PAGE, PAGE)
	expect(copy(vm, { addr = buffer.addr + PAGE - TAGS // 2 }, 8 * PAGE, PAGE, 0)):errno(EFAULT)
	expect(tags_of(vm, buffer, 8 * PAGE)):eq(("\0"):rep(TAGS))
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(copy(vm, buffer, 0, PAGE, KVM_ARM_TAGS_TO_GUEST)):errno(EBUSY)
	expect(copy(vm, buffer, 0, PAGE, KVM_ARM_TAGS_FROM_GUEST)):eq(PAGE)
	expect(ram:page(8).mapped):is_true()
end)

-- --- which memory ------------------------------------------------------------------------------------------------

scenario("arm64: memory that may have tags", with_tags, function(sim)
	local vcpu, _, vm, vmm = guest(sim)
	local function add(slot, mapping)
		return vm:set_user_memory_region{ slot = slot, guest_phys_addr = slot << 24, memory_size = mapping.length,
			userspace_addr = mapping }
	end
	local shared = vmm:mmap{ length = "64K", kind = "shmem" }
	local device = vmm:mmap{ length = "64K", kind = "pfnmap" }

	expect(add(1, shared)):eq(0)
	expect(add(2, device)):errno(EINVAL)
	vcpu:map{ from = VA + (1 << 24), to = 1 << 24, size = "64K", attr = "tagged" }
	expect(vcpu:stg(VA + (1 << 24), 9)):is_true()
	expect(vcpu:ldg(VA + (1 << 24))):eq(9)
	-- Device memory that comes to lie in the slot later is mapped as what it is, or refused where KVM maps it cacheable.
	local ram = vmm:mmap{ length = "64K" }
	expect(add(3, ram)):eq(0)
	ram:munmap()
	expect(vmm:mmap{ addr = ram.addr, length = "64K", kind = "pfnmap" }.addr):eq(ram.addr)
	vcpu:map{ from = VA + (3 << 24), to = 3 << 24, size = "64K" }
	local result = vcpu:read(VA + (3 << 24), 8)
	if sim:kernel_has("KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED") then
		expect(result):fields{ ret = -EFAULT }
	else
		expect(result):eq(("\0"):rep(8))
	end
end)

-- Memory of hugetlb may have tags since 6.13.
scenario("arm64: memory that may have no tags", { arch = "arm64", facilities = { mte = true }, before = "6.13" },
	function(sim)
	local vcpu, _, vm, vmm = guest(sim)
	local ram = vmm:mmap{ length = "2M", align = "2M", huge = false }
	local slot = { slot = 1, guest_phys_addr = 1 << 24, memory_size = "2M", userspace_addr = ram }
	expect(vm:set_user_memory_region(slot)):eq(0)
	ram:munmap()
	local huge = vmm:mmap{ addr = ram.addr, length = "2M", hugetlb = true }
	expect(huge.addr):eq(ram.addr)
	vcpu:map{ from = VA + (1 << 24), to = 1 << 24, size = "64K", attr = "tagged" }
	expect(vcpu:read(VA + (1 << 24), 8)):fields{ ret = -EFAULT }
	slot.slot, slot.guest_phys_addr = 2, 2 << 24
	expect(vm:set_user_memory_region(slot)):errno(EINVAL)
end)

-- --- what the host does to the memory ------------------------------------------------------------------------------

cases("arm64: tags stay with their memory", with_tags, {
	{ "when its page moves", function(ram) expect(ram:migrate(3 * PAGE)):eq(0) end },
	{ "when it is swapped out", function(ram)
		expect(ram:swap_out(3 * PAGE, PAGE)):eq(0)
		expect(ram:page(3).swapped):is_true()
	end },
	{ "when the VMM forks and writes", function(ram, vmm)
		local child = vmm:fork()
		expect(ram:write(3 * PAGE + 100, "copied")):eq(0)
		expect(ram:page(3)):ne(child:view(ram):page(3))
		child:exit()
	end },
	{ "when a huge page is made of it", function(ram)
		expect(ram:collapse_huge(0, "2M")):eq(0)
		expect(ram:page(3).huge):is_true()
	end },
}, function(sim, row)
	local vcpu, ram, vm, vmm, buffer = guest(sim, { ram = { length = "4M", align = "2M" } })

	for i = 0, TAGS - 1, 16 do
		expect(vcpu:stg(VA + 3 * PAGE + i * GRANULE, i // 16)):is_true()
	end
	expect(vcpu:write(VA + 3 * PAGE, "memory")):is_true()
	local before = tags_of(vm, buffer, 3 * PAGE)
	row[2](ram, vmm)
	expect(vcpu:ldg(VA + 3 * PAGE + 32 * GRANULE)):eq(2)
	expect(vcpu:read(VA + 3 * PAGE, 6)):eq("memory")
	expect(tags_of(vm, buffer, 3 * PAGE)):eq(before)
end)

-- A page that has been freed comes to the next owner without the tags of the last one.
scenario("arm64: nobody finds another guest's tags", with_tags, function(sim)
	for _ = 1, 2 do
		local vcpu, _, vm, vmm = guest(sim)
		for i = 0, 15 do
			expect(vcpu:ldg(VA + i * PAGE)):eq(0)
			expect(vcpu:stg(VA + i * PAGE, 9)):is_true()
		end
		vm:close()
		vmm:exit()
	end
end)

local function all_are_set(sim, ram)
	local vcpu, mapping, vm, _, buffer = guest(sim, { ram = ram, mapped = 0x200000 })

	expect(vcpu:stg(VA + 100 * PAGE, 4)):is_true()
	for i = 0, 511, 73 do
		expect(vcpu:ldg(VA + i * PAGE)):eq(0)
	end
	expect(tags_of(vm, buffer, 100 * PAGE):byte()):eq(4)
	expect(vcpu:ldg(VA + 100 * PAGE)):eq(4)
	return mapping
end

scenario("arm64: a huge page has its tags set before the guest gets it", with_tags, function(sim)
	expect(all_are_set(sim, { length = "4M", huge = true }):page(100).huge):is_true()
end)

cases("arm64: so has one of hugetlb", { arch = "arm64", facilities = { mte = true }, kernel = "6.13" }, {
	{ "2 MiB", "2M" }, { "64 KiB", "64K" },
}, function(sim, row)
	all_are_set(sim, { length = "4M", hugetlb = row[2] })
end)

-- One flag says for all of the page that its tags are set, and KVM maps a block of it.
scenario("arm64: so has one of hugetlb that is larger than what is mapped", {
	arch = "arm64", facilities = { mte = true }, kernel = "6.13",
}, function(sim)
	expect(sim:process():set_hugetlb_pool{ size = 32 << 20, pages = 1 }):eq(0)
	local vcpu, ram, vm = guest(sim, { ram = { length = "32M", hugetlb = "32M" }, mapped = 0x800000 })
	expect(vcpu:stg(VA + 100 * PAGE, 4)):is_true()
	expect(sim.inspect:mapping(vm, 0x600000).present):is_false()
	for i = 512, 4 * 512 - 1, 73 do
		expect(vcpu:ldg(VA + i * PAGE)):eq(0)
	end
	expect(vcpu:ldg(VA + 100 * PAGE)):eq(4)
	expect(ram:page(0)):fields{ huge = true, contiguous = true }
end)

scenario("arm64: the VMM's own tagged memory keeps its tags", with_tags, function(sim)
	local vcpu, ram, vm, _, buffer = guest(sim)

	expect(vcpu:stg(VA, 6)):is_true()
	-- mte_sync_tags() clears the tags of pages that have none yet.
	expect(ram:mprotect(0, ram.length, PROT_READ | PROT_WRITE | PROT_MTE)):eq(0)
	expect(ram:write(9 * PAGE, "VMM")):eq(0)
	expect(vcpu:ldg(VA)):eq(6)
	expect(tags_of(vm, buffer, 9 * PAGE)):eq(("\0"):rep(TAGS))
	expect(vcpu:ldg(VA + 9 * PAGE)):eq(0)
end)
