-- SPDX-License-Identifier: GPL-2.0-only
-- Devices whose DMA does not look into caches. virt/kvm/vfio.c tells KVM when the first file of such a device comes and
-- when the last one goes: kvm_arch_register_noncoherent_dma() and its opposite, arch/x86/kvm/x86.c. In between, entries
-- of EPT leave it to the guest's PAT how memory is cached. kvm_zap_gfn_range() takes away what was made before. With NPT
-- that never changes, so that nothing goes; with shadow paging it never changes either, but KVM does not ask for that.
-- Before 6.12 nothing went, and the guest's MTRRs and CR0.CD counted as well; what was made before they changed went
-- (update_mtrr(), mtrr.c, and kvm_post_set_cr0()).

local mmus <const> = { "ept", "ept_rmap", "npt", "npt_rmap", "shadow" }
local options <const> = { arch = "x86_64", mmu = mmus, kernel = "6.12", covers = "kvm_zap_gfn_range()" }
local mtrrs <const> = { arch = "x86_64", mmu = { "ept", "ept_rmap" }, before = "6.12", covers = "update_mtrr()" }
local UC <const>, WC <const>, WT <const>, WB <const>, IPAT <const> = 0, 1, 4, 6, 8
local MTRR_DEF_TYPE <const>, MTRR_FIX_64K <const>, MTRR_BASE <const>, MTRR_MASK <const> = 0x2ff, 0x250, 0x200, 0x201
local CR0 <const> = 0x31	-- protection, FPU; caches on
local ENABLED <const>, FIXED <const> = 0x800, 0x400

-- A slot of small pages, of huge ones, and of one page at the end of what a vCPU without paging reaches.
local PLACES <const> = { 0, 0x1000, 0x1ff000, 0x40000000, 0x40200000, 0xfffff000 }

local function guest(sim)
	local vcpu, _, vm, vmm = sim:guest{ ram = { length = "2M", huge = false } }
	for slot, place in ipairs{ { 0x40000000, "4M", true }, { 0xfffff000, "4K", false } } do
		local ram = vmm:mmap{ length = place[2], huge = place[3] }
		expect(vm:set_user_memory_region{ slot = slot, guest_phys_addr = place[1], memory_size = place[2],
			userspace_addr = ram }):eq(0)
	end
	return { sim = sim, vmm = vmm, vm = vm, vcpus = { vcpu, vm:create_vcpu() } }
end

-- Each vCPU writes at each place, so that its TLB has all of them.
local function touch(g)
	for _, vcpu in ipairs(g.vcpus) do
		for _, gpa in ipairs(PLACES) do
			expect(vcpu:write(gpa, "data")):is_true()
		end
	end
end

local function pages(g)
	local stats = g.vm:stats()
	return stats.pages_4k, stats.pages_2m
end

local function expect_pages(g, small, huge)
	local has_small, has_huge = pages(g)
	expect{ has_small, has_huge }:eq{ small, huge }
end

-- What EPT entries say about the type; other formats have no such bits.
local function expect_type(g, type, places)
	for _, gpa in ipairs(g.sim.mmu:find("ept") and (places or PLACES) or {}) do
		expect(g.sim.inspect:mapping(g.vm, gpa).raw >> 3 & 15):eq(type)
	end
end

local function attribute(g, attr, file)
	g.vfio = g.vfio or g.vm:create_device{ type = KVM_DEV_TYPE_VFIO }
	return g.vfio:set_device_attr{ group = KVM_DEV_VFIO_GROUP, attr = attr, value = file.fd }
end

-- KVM gets the file of a device whose DMA ignores caches, unless it is coherent.
local function comes(g, coherent)
	local file = g.vmm:vfio_device{ coherent = coherent or false }
	expect(attribute(g, KVM_DEV_VFIO_GROUP_ADD, file)):eq(0)
	return file
end

local function goes(g, file)
	expect(attribute(g, KVM_DEV_VFIO_GROUP_DEL, file)):eq(0)
end

scenario("non-coherent DMA: the first device and the last one change all entries", options, function(sim)
	local g = guest(sim)
	local stays = sim.mmu:find("npt")
	local left = stays and { 4, 2 } or { 0, 0 }
	touch(g)
	expect_pages(g, 4, 2)
	expect_type(g, WB | IPAT)
	-- One that looks into caches is not meant.
	local coherent = comes(g, true)
	expect_pages(g, 4, 2)
	local first = comes(g)
	expect_pages(g, left[1], left[2])
	touch(g)
	expect_pages(g, 4, 2)
	expect_type(g, WB)
	local second = comes(g)
	expect_pages(g, 4, 2)
	goes(g, first)
	goes(g, coherent)
	expect(attribute(g, KVM_DEV_VFIO_GROUP_DEL, first)):eq(-ENOENT)
	expect_pages(g, 4, 2)
	expect_type(g, WB)
	goes(g, second)
	expect_pages(g, left[1], left[2])
	touch(g)
	expect_type(g, WB | IPAT)
	expect(attribute(g, KVM_DEV_VFIO_GROUP_DEL, second)):eq(-ENOENT)
	expect_pages(g, 4, 2)
end)

scenario("non-coherent DMA: KVM's device for VFIO goes with its files", options, function(sim)
	local g = guest(sim)
	local left = sim.mmu:find("npt") and { 4, 2 } or { 0, 0 }
	comes(g)
	comes(g, true)
	touch(g)
	expect_type(g, WB)
	expect(g.vfio:close()):eq(0)
	expect_pages(g, left[1], left[2])
	touch(g)
	expect_type(g, WB | IPAT)
end)

scenario("non-coherent DMA: a device that comes before the first access", options, function(sim)
	local g = guest(sim)
	comes(g)
	expect_pages(g, 0, 0)
	touch(g)
	expect_type(g, WB)
	expect(g.vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	expect(g.vcpus[1]:write(0xfffff000, "data")):is_true()
	expect_type(g, WB, { 0xfffff000 })
end)

-- The device comes if it is not there, and else goes.
local function change(g, file)
	if not file then
		return comes(g)
	end
	goes(g, file)
end

scenario("non-coherent DMA: memory of a device is never cached", options, function(sim)
	local vcpu, _, vm, vmm = sim:guest{ ram = { kind = "pfnmap" } }
	local g = { sim = sim, vmm = vmm, vm = vm }
	local file
	for _ = 1, 2 do
		expect(vcpu:write(0x1000, "device")):is_true()
		expect_type(g, UC, { 0x1000 })
		file = change(g, file)
	end
	expect(vcpu:read(0x1000, 6)):eq("device")
	expect_type(g, UC, { 0x1000 })
end)

scenario("non-coherent DMA: pages that the log watches", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest{ slot = { flags = KVM_MEM_LOG_DIRTY_PAGES } }
	local g = { sim = sim, vmm = vmm, vm = vm }
	local file
	for _ = 1, 2 do
		expect(vcpu:write(0x1000, "data")):is_true()
		file = change(g, file)
		expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 1 }
		expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	end
	expect(ram:read(0x1000, 4)):eq("data")
end)

-- The first vCPU alone, with its caches on, which they are not after a reset.
local function older_guest(sim)
	local g = guest(sim)
	local vcpu = g.vcpus[1]
	g.vcpus[2] = nil
	expect(vcpu:set_sregs{ cr0 = CR0 }):eq(0)
	return g, vcpu, function(msr, value) expect(vcpu:set_msr(msr, value)):eq(1) end
end

-- Nothing goes when a device comes, but what is made from then on has the guest's types. A guest that has MTRRs, and
-- has not enabled them, has no caches.
scenario("non-coherent DMA before 6.12: a change of the guest's MTRRs takes its range away", mtrrs, function(sim)
	local g, vcpu, set = older_guest(sim)
	expect(vcpu:write(0, "data")):is_true()
	local file = comes(g)
	touch(g)
	expect_type(g, WB | IPAT, { 0 })
	expect_type(g, UC, { 0x1000, 0x40000000 })
	expect_pages(g, 4, 2)
	set(MTRR_DEF_TYPE, ENABLED | WB)
	expect_pages(g, 0, 0)
	touch(g)
	expect_type(g, WB)
	-- A variable range: 2 MiB at 1 GiB. Its mask comes first, not valid yet.
	local mask <const> = (1 << 46) - (2 << 20)
	set(MTRR_MASK, mask)
	set(MTRR_BASE, 0x40000000 | WC)
	touch(g)
	set(MTRR_MASK, mask | ENABLED)
	expect_pages(g, 4, 1)
	touch(g)
	expect_type(g, WC, { 0x40000000 })
	expect_type(g, WB, { 0, 0x40200000 })
	-- The first 512 KiB, by a fixed range.
	set(MTRR_DEF_TYPE, ENABLED | FIXED | WB)
	touch(g)
	set(MTRR_FIX_64K, 0x0101010101010101 * WT)
	expect_pages(g, 2, 2)
	touch(g)
	expect_type(g, WT, { 0, 0x1000 })
	expect_type(g, WB, { 0x1ff000, 0xfffff000 })
	goes(g, file)
	expect_pages(g, 4, 2)
end)

scenario("non-coherent DMA before 6.12: CR0.CD takes all entries away", mtrrs, function(sim)
	local g, vcpu, set = older_guest(sim)
	expect(g.vm:enable_cap{ cap = KVM_CAP_DISABLE_QUIRKS, args = { KVM_X86_QUIRK_CD_NW_CLEARED } }):eq(0)
	set(MTRR_DEF_TYPE, ENABLED | WB)
	comes(g)
	-- mov rax, cr0; or rax, CD, and then and rax, ~CD; mov cr0, rax; hlt, which needs its page again
	for _, row in ipairs{ { "48 0d 00 00 00 40", UC | IPAT }, { "48 25 ff ff ff bf", WB } } do
		touch(g)
		expect_pages(g, 4, 2)
		expect(vcpu:run_code{ at = 0x1000, hex = "0f 20 c0 " .. row[1] .. " 0f 22 c0 f4" })
			:fields{ reason = KVM_EXIT_HLT }
		-- The code of nested tables fetches the other page ahead, which is there.
		expect_pages(g, sim.mmu == "ept_rmap" and 2 or 1, 0)
		touch(g)
		expect_type(g, row[2])
	end
end)
