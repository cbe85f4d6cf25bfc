-- SPDX-License-Identifier: GPL-2.0-only
-- The host's mm moves pages under a mapped guest: fork and COW, migration, swap, KSM, pins, ageing, device memory,
-- shared memory.

local options = { mmu = { "ept", "npt", "ept_rmap", "shadow", "sie", "old", "vhe" } }

-- The result of an access to a page that the process lacks: before 7.0, s390's KVM gives the guest an addressing
-- exception.
local function failed(sim)
	return sim.arch == "s390x" and not sim:kernel_since("7.0") and { exception = { vector = 5 } } or { ret = -EFAULT }
end

scenario("fork: the guest's next write copies the page, the child keeps the old one", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	expect(vcpu:write(0x1000, "before fork")):is_true()
	local old = ram:page(1)
	local child = vmm:fork()
	local view = child:view(ram)
	expect(view:page(1)):eq(old)
	expect(sim.inspect:mapping(vm, 0x1000).writable):eq(false)

	expect(vcpu:write(0x1000, "after  fork")):is_true()
	expect(ram:page(1)):ne(old)
	expect(sim.inspect:mapping(vm, 0x1000).page):eq(ram:page(1))
	expect(ram:read(0x1000, 11)):eq("after  fork")
	expect(view:read(0x1000, 11)):eq("before fork")
end)

scenario("fork: the child's write does not reach the guest", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	expect(vcpu:write(0x1000, "guest")):is_true()
	local child = vmm:fork()
	expect(child:view(ram):write(0x1000, "child")):eq(0)
	expect(vcpu:read(0x1000, 5)):eq("guest")
	expect(child:exit()):eq(0)
	expect(vcpu:write(0x1000, "GUEST")):is_true()
	expect(ram:read(0x1000, 5)):eq("GUEST")
end)

scenario("migrate: a new frame, the same data", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:write(0x3000, "moves")):is_true()
	local old = ram:page(3)
	expect(ram:migrate(old)):eq(0)
	expect(ram:page(3)):ne(old)
	expect(vcpu:read(0x3000, 5)):eq("moves")
	expect(sim.inspect:mapping(vm, 0x3000).page):eq(ram:page(3))
	expect(vcpu:write(0x3000, "MOVES")):is_true()
	expect(ram:read(0x3000, 5)):eq("MOVES")
end)

scenario("migrate: there is no page", options, function(sim)
	local _, ram = sim:guest()
	expect(ram:migrate(0x3000)):lt(0)
end)

scenario("swap out and in", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	for i = 0, 7 do
		vcpu:write(i * 4096, ("swap %d"):format(i))
	end
	expect(ram:swap_out(0, "32K")):ok()
	for i = 0, 7 do
		expect(ram:page(i)):fields{ mapped = false, swapped = true }
		expect(sim.inspect:mapping(vm, i * 4096).present):eq(false)
	end
	for i = 0, 7 do
		expect(vcpu:read(i * 4096, 6)):eq(("swap %d"):format(i))
	end
	expect(vcpu:write(0, "SWAP")):is_true()
	expect(ram:read(0, 6)):eq("SWAP 0")
end)

-- Swaps the first pages out. The VMM then takes the frames that are free now, so that the pages come back in others: many
-- more, because freed frames may have joined a larger block, which is taken when all smaller ones are.
local function swap_to_other_frames(ram, pages)
	local old = {}
	for i = 0, pages - 1 do
		old[i] = ram:page(i)
	end
	expect(ram:swap_out(0, pages * 4096)):ok()
	for i = 0, pages - 1 do
		expect(ram:page(i)):fields{ mapped = false, swapped = true }
	end
	for i = 0, 63 do
		expect(ram:write((1 << 20) + i * 4096, "takes a frame")):eq(0)
	end
	return old
end

cases("swap: a page comes back in another frame", options, {
	{ "read by the guest", function(vcpu, _, i) expect(vcpu:read(i * 4096, 6)):eq("swap " .. i) end },
	{ "written by the guest", function(vcpu, _, i) expect(vcpu:write(i * 4096 + 8, "more")):is_true() end },
	{ "read by the VMM, then by the guest", function(vcpu, ram, i)
		expect(ram:read(i * 4096, 6)):eq("swap " .. i)
		expect(vcpu:read(i * 4096, 6)):eq("swap " .. i)
	end },
	{ "written by the VMM, then read by the guest", function(vcpu, ram, i)
		expect(ram:write(i * 4096 + 8, "more")):eq(0)
		expect(vcpu:read(i * 4096 + 8, 4)):eq("more")
	end },
}, function(sim, case)
	local vcpu, ram, vm = sim:guest{ ram = { length = "2M", huge = false } }
	local other = vm:create_vcpu()
	for i = 0, 3 do
		expect(vcpu:write(i * 4096, "swap " .. i)):is_true()
		expect(other:read(i * 4096, 6)):eq("swap " .. i)
	end
	local old = swap_to_other_frames(ram, 4)
	for i = 0, 3 do
		case[2](vcpu, ram, i)
		local page = ram:page(i)
		for k = 0, 3 do
			expect(page):ne(old[k])
		end
		expect(sim.inspect:mapping(vm, i * 4096)):fields{ present = true, page = page }
		-- The other vCPU had the old frame in its TLB.
		expect(other:read(i * 4096, 6)):eq("swap " .. i)
		expect(other:write(i * 4096, "back " .. i)):is_true()
		expect(ram:read(i * 4096, 6)):eq("back " .. i)
		expect(vcpu:read(i * 4096, 6)):eq("back " .. i)
	end
	for i = 0, 3 do
		expect(ram:read((1 << 20) + i * 4096, 13)):eq("takes a frame")
	end
end)

scenario("swap: pages come back in other frames while vCPUs use them", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "2M", huge = false } }
	local other = vm:create_vcpu()
	for _, writer in ipairs{ { vcpu, 0 }, { other, 8 } } do
		sim:thread("vCPU at " .. writer[2], function()
			local n = 0
			repeat
				n = n + 1
				for page = 0, 3 do
					local at = page * 4096 + writer[2]
					expect(writer[1]:write(at, ("<I8"):pack(n))):is_true()
					expect(writer[1]:read(at, 8)):eq(("<I8"):pack(n))
				end
			until sim:stopping()
		end)
	end
	sim:thread("host", function()
		repeat
			ram:swap_out(0, "16K")
			ram:write(1 << 20, "takes a frame")
			ram:madvise(1 << 20, "4K", MADV_DONTNEED)
		until sim:stopping()
	end)
	sim:join{ seconds = 0.3 }
end)

scenario("ksm: two equal pages become one, and a write separates them", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	expect(vcpu:write(0x1000, "the same")):is_true()
	expect(vcpu:write(0x2000, "the same")):is_true()
	expect(vmm:ksm_merge(ram:page(1), ram:page(2))):eq(0)
	expect(ram:page(1)):eq(ram:page(2))
	expect(ram:page(1).ksm):is_true()
	expect(vcpu:read(0x1000, 8)):eq("the same")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ writable = false, page = ram:page(2) }

	expect(vcpu:write(0x1000, "not ")):is_true()
	expect(ram:page(1)):ne(ram:page(2))
	expect(vcpu:read(0x1000, 8)):eq("not same")
	expect(vcpu:read(0x2000, 8)):eq("the same")
end)

scenario("ksm: pages that differ are not merged", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	vcpu:write(0x1000, "one")
	vcpu:write(0x2000, "two")
	expect(vmm:ksm_merge(ram:page(1), ram:page(2))):ne(0)
	expect(vcpu:read(0x1000, 3)):eq("one")
	expect(vcpu:read(0x2000, 3)):eq("two")
end)

scenario("pin: a pinned page does not migrate", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(vcpu:write(0x1000, "pinned")):is_true()
	expect(ram:pin(0x1000)):ok()
	local page = ram:page(1)
	expect(page.pincount):ge(1)
	expect(ram:migrate(0x1000)):ne(0)
	expect(ram:page(1)):eq(page)
	expect(vcpu:read(0x1000, 6)):eq("pinned")
	expect(ram:unpin(0x1000)):ok()
	expect(ram:page(1).pincount):eq(0)
	expect(ram:migrate(0x1000)):eq(0)
	expect(vcpu:read(0x1000, 6)):eq("pinned")
end)

-- Since 6.13 KVM on x86_64 flushes no TLB for it (CONFIG_KVM_ELIDE_TLB_FLUSH_IF_YOUNG, kvm_handle_hva_range()): a vCPU
-- whose TLB has the entry sets no mark, one without it does.
scenario("ageing sees the guest's accesses", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	local other = vm:create_vcpu()
	expect(vcpu:write(0x1000, "young")):is_true()
	expect(ram:age(0x1000)):ge(1)
	expect(ram:age(0x1000)):eq(0)
	expect(vcpu:read(0x1000, 5)):eq("young")
	if sim.arch == "x86_64" and sim:kernel_since("6.13") then
		expect(ram:age(0x1000)):eq(0)
	else
		expect(ram:age(0x1000)):ge(1)
	end
	expect(other:read(0x1000, 5)):eq("young")
	expect(ram:age(0x1000)):ge(1)
end)

scenario("device memory mapped by remap_pfn_range", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { kind = "pfnmap" } }
	expect(vcpu:write(0x1000, "device")):is_true()
	expect(ram:read(0x1000, 6)):eq("device")
	expect(ram:page(1).pfnmap):is_true()
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, pfn = ram:page(1).pfn }
	expect(ram:munmap(0x1000, "4K")):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000).present):eq(false)
	expect(vcpu:read(0x1000, 1)):fields(failed(sim))
end)

scenario("shared memory: two mappings of one file are one memory", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest{ ram = { kind = "shmem" } }
	local other = vmm:mmap{ length = "2M", file = ram.file }
	other:write(0x1000, "shared")
	expect(vcpu:read(0x1000, 6)):eq("shared")
	expect(vcpu:write(0x1000, "SHARED")):is_true()
	expect(other:read(0x1000, 6)):eq("SHARED")
	expect(other:page(1)):eq(ram:page(1))
end)

scenario("shared memory: truncating the file removes the guest's pages beyond its end", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { kind = "shmem" } }
	local size = ram.length
	expect(vcpu:write(0x1000, "stays")):is_true()
	expect(vcpu:write(0x5000, "gone")):is_true()
	expect(ram.file:ftruncate(0x4000)):eq(0)
	expect(sim.inspect:mapping(vm, 0x5000).present):eq(false)
	expect(vcpu:read(0x1000, 5)):eq("stays")
	expect(vcpu:read(0x5000, 4)):fields(failed(sim))
	vcpu:abandon()
	expect(ram.file:ftruncate(size)):eq(0)
	expect(vcpu:read(0x5000, 4)):eq("\0\0\0\0")
end)

scenario("shared memory: truncation leaves nothing to map", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { kind = "shmem" } }
	expect(vcpu:write(0x1000, "gone")):is_true()
	expect(ram.file:ftruncate(0)):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000).present):eq(false)
	expect(vcpu:read(0x1000, 4)):fields(failed(sim))
end)

scenario("mlock keeps pages from swap", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(vcpu:write(0x1000, "locked")):is_true()
	expect(ram:mlock(0x1000, "4K")):eq(0)
	ram:swap_out(0x1000, "4K")
	expect(ram:page(1)):fields{ mapped = true, swapped = false }
	expect(ram:munlock(0x1000, "4K")):eq(0)
	expect(vcpu:read(0x1000, 6)):eq("locked")
end)

-- The first merged page lives on in the child alone. When the child exits, ksmd still has a node for it in a tree, and
-- frees that when it comes across it. That is no leak.
scenario("ksm: a child is the last to have a merged page", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	expect(ram:madvise(0, "64K", MADV_MERGEABLE)):eq(0)
	local function merge(data)
		expect(vcpu:write(0x1000, data)):is_true()
		expect(vcpu:write(0x2000, data)):is_true()
		expect(vmm:ksm_merge(ram:page(1), ram:page(2))):eq(0)
		expect(ram:page(1)):eq(ram:page(2))
	end
	merge("first")
	local child = vmm:fork()
	merge("again")
	expect(child:view(ram):read(0x2000, 5)):eq("first")
	expect(child:exit()):eq(0)
	expect(vcpu:read(0x2000, 5)):eq("again")
end)
