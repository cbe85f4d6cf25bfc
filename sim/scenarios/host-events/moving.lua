-- SPDX-License-Identifier: GPL-2.0-only
-- The host's mm moves pages under a mapped guest: fork and COW, migration, swap, KSM, pins, ageing, device memory,
-- shared memory.

any_page_size()
local PAGE <const> = PAGE_SIZE

local options = { mmu = { "ept", "npt", "ept_rmap", "shadow", "sie", "old", "vhe" } }

-- The result of an access to a page that the process lacks: before 7.0, s390's KVM gives the guest an addressing
-- exception.
local function failed(sim)
	return sim.arch == "s390x" and not sim:kernel_since("7.0") and { exception = { vector = 5 } } or { ret = -EFAULT }
end

scenario("fork: the guest's next write copies the page, the child keeps the old one", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	expect(vcpu:write(PAGE, "before fork")):is_true()
	local old = ram:page(1)
	local child = vmm:fork()
	local view = child:view(ram)
	expect(view:page(1)):eq(old)
	expect(sim.inspect:mapping(vm, PAGE).writable):eq(false)

	expect(vcpu:write(PAGE, "after  fork")):is_true()
	expect(ram:page(1)):ne(old)
	expect(sim.inspect:mapping(vm, PAGE).page):eq(ram:page(1))
	expect(ram:read(PAGE, 11)):eq("after  fork")
	expect(view:read(PAGE, 11)):eq("before fork")
end)

scenario("fork: the child's write does not reach the guest", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	expect(vcpu:write(PAGE, "guest")):is_true()
	local child = vmm:fork()
	expect(child:view(ram):write(PAGE, "child")):eq(0)
	expect(vcpu:read(PAGE, 5)):eq("guest")
	expect(child:exit()):eq(0)
	expect(vcpu:write(PAGE, "GUEST")):is_true()
	expect(ram:read(PAGE, 5)):eq("GUEST")
end)

scenario("migrate: a new frame, the same data", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:write(3 * PAGE, "moves")):is_true()
	local old = ram:page(3)
	expect(ram:migrate(old)):eq(0)
	expect(ram:page(3)):ne(old)
	expect(vcpu:read(3 * PAGE, 5)):eq("moves")
	expect(sim.inspect:mapping(vm, 3 * PAGE).page):eq(ram:page(3))
	expect(vcpu:write(3 * PAGE, "MOVES")):is_true()
	expect(ram:read(3 * PAGE, 5)):eq("MOVES")
end)

scenario("migrate: there is no page", options, function(sim)
	local _, ram = sim:guest()
	expect(ram:migrate(3 * PAGE)):lt(0)
end)

scenario("swap out and in", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	for i = 0, 7 do
		vcpu:write(i * PAGE, ("swap %d"):format(i))
	end
	expect(ram:swap_out(0, 8 * PAGE)):ok()
	for i = 0, 7 do
		expect(ram:page(i)):fields{ mapped = false, swapped = true }
		expect(sim.inspect:mapping(vm, i * PAGE).present):eq(false)
	end
	for i = 0, 7 do
		expect(vcpu:read(i * PAGE, 6)):eq(("swap %d"):format(i))
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
	expect(ram:swap_out(0, pages * PAGE)):ok()
	for i = 0, pages - 1 do
		expect(ram:page(i)):fields{ mapped = false, swapped = true }
	end
	for i = 0, 63 do
		expect(ram:write(256 * PAGE + i * PAGE, "takes a frame")):eq(0)
	end
	return old
end

cases("swap: a page comes back in another frame", options, {
	{ "read by the guest", function(vcpu, _, i) expect(vcpu:read(i * PAGE, 6)):eq("swap " .. i) end },
	{ "written by the guest", function(vcpu, _, i) expect(vcpu:write(i * PAGE + 8, "more")):is_true() end },
	{ "read by the VMM, then by the guest", function(vcpu, ram, i)
		expect(ram:read(i * PAGE, 6)):eq("swap " .. i)
		expect(vcpu:read(i * PAGE, 6)):eq("swap " .. i)
	end },
	{ "written by the VMM, then read by the guest", function(vcpu, ram, i)
		expect(ram:write(i * PAGE + 8, "more")):eq(0)
		expect(vcpu:read(i * PAGE + 8, 4)):eq("more")
	end },
}, function(sim, case)
	local vcpu, ram, vm = sim:guest{ ram = { length = 512 * PAGE, huge = false } }
	local other = vm:create_vcpu()
	for i = 0, 3 do
		expect(vcpu:write(i * PAGE, "swap " .. i)):is_true()
		expect(other:read(i * PAGE, 6)):eq("swap " .. i)
	end
	local old = swap_to_other_frames(ram, 4)
	for i = 0, 3 do
		case[2](vcpu, ram, i)
		local page = ram:page(i)
		for k = 0, 3 do
			expect(page):ne(old[k])
		end
		expect(sim.inspect:mapping(vm, i * PAGE)):fields{ present = true, page = page }
		-- The other vCPU had the old frame in its TLB.
		expect(other:read(i * PAGE, 6)):eq("swap " .. i)
		expect(other:write(i * PAGE, "back " .. i)):is_true()
		expect(ram:read(i * PAGE, 6)):eq("back " .. i)
		expect(vcpu:read(i * PAGE, 6)):eq("back " .. i)
	end
	for i = 0, 3 do
		expect(ram:read(256 * PAGE + i * PAGE, 13)):eq("takes a frame")
	end
end)

scenario("swap: pages come back in other frames while vCPUs use them", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = 512 * PAGE, huge = false } }
	local other = vm:create_vcpu()
	for _, writer in ipairs{ { vcpu, 0 }, { other, 8 } } do
		sim:thread("vCPU at " .. writer[2], function()
			local n = 0
			repeat
				n = n + 1
				for page = 0, 3 do
					local at = page * PAGE + writer[2]
					expect(writer[1]:write(at, ("<I8"):pack(n))):is_true()
					expect(writer[1]:read(at, 8)):eq(("<I8"):pack(n))
				end
			until sim:stopping()
		end)
	end
	sim:thread("host", function()
		repeat
			ram:swap_out(0, 4 * PAGE)
			ram:write(256 * PAGE, "takes a frame")
			ram:madvise(256 * PAGE, PAGE, MADV_DONTNEED)
		until sim:stopping()
	end)
	sim:join{ seconds = 0.3 }
end)

scenario("ksm: two equal pages become one, and a write separates them", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	expect(vcpu:write(PAGE, "the same")):is_true()
	expect(vcpu:write(2 * PAGE, "the same")):is_true()
	expect(vmm:ksm_merge(ram:page(1), ram:page(2))):eq(0)
	expect(ram:page(1)):eq(ram:page(2))
	expect(ram:page(1).ksm):is_true()
	expect(vcpu:read(PAGE, 8)):eq("the same")
	expect(sim.inspect:mapping(vm, PAGE)):fields{ writable = false, page = ram:page(2) }

	expect(vcpu:write(PAGE, "not ")):is_true()
	expect(ram:page(1)):ne(ram:page(2))
	expect(vcpu:read(PAGE, 8)):eq("not same")
	expect(vcpu:read(2 * PAGE, 8)):eq("the same")
end)

scenario("ksm: pages that differ are not merged", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	vcpu:write(PAGE, "one")
	vcpu:write(2 * PAGE, "two")
	expect(vmm:ksm_merge(ram:page(1), ram:page(2))):ne(0)
	expect(vcpu:read(PAGE, 3)):eq("one")
	expect(vcpu:read(2 * PAGE, 3)):eq("two")
end)

scenario("pin: a pinned page does not migrate", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(vcpu:write(PAGE, "pinned")):is_true()
	expect(ram:pin(PAGE)):ok()
	local page = ram:page(1)
	expect(page.pincount):ge(1)
	expect(ram:migrate(PAGE)):ne(0)
	expect(ram:page(1)):eq(page)
	expect(vcpu:read(PAGE, 6)):eq("pinned")
	expect(ram:unpin(PAGE)):ok()
	expect(ram:page(1).pincount):eq(0)
	expect(ram:migrate(PAGE)):eq(0)
	expect(vcpu:read(PAGE, 6)):eq("pinned")
end)

-- Since 6.13 KVM on x86_64 flushes no TLB for it (CONFIG_KVM_ELIDE_TLB_FLUSH_IF_YOUNG, kvm_handle_hva_range()): a vCPU
-- whose TLB has the entry sets no mark, one without it does.
scenario("ageing sees the guest's accesses", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	local other = vm:create_vcpu()
	expect(vcpu:write(PAGE, "young")):is_true()
	expect(ram:age(PAGE)):ge(1)
	expect(ram:age(PAGE)):eq(0)
	expect(vcpu:read(PAGE, 5)):eq("young")
	if sim.arch == "x86_64" and sim:kernel_since("6.13") then
		expect(ram:age(PAGE)):eq(0)
	else
		expect(ram:age(PAGE)):ge(1)
	end
	expect(other:read(PAGE, 5)):eq("young")
	expect(ram:age(PAGE)):ge(1)
end)

scenario("device memory mapped by remap_pfn_range", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { kind = "pfnmap" } }
	expect(vcpu:write(PAGE, "device")):is_true()
	expect(ram:read(PAGE, 6)):eq("device")
	expect(ram:page(1).pfnmap):is_true()
	expect(sim.inspect:mapping(vm, PAGE)):fields{ present = true, pfn = ram:page(1).pfn }
	expect(ram:munmap(PAGE, PAGE)):eq(0)
	expect(sim.inspect:mapping(vm, PAGE).present):eq(false)
	expect(vcpu:read(PAGE, 1)):fields(failed(sim))
end)

scenario("shared memory: two mappings of one file are one memory", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest{ ram = { kind = "shmem" } }
	local other = vmm:mmap{ length = 512 * PAGE, file = ram.file }
	other:write(PAGE, "shared")
	expect(vcpu:read(PAGE, 6)):eq("shared")
	expect(vcpu:write(PAGE, "SHARED")):is_true()
	expect(other:read(PAGE, 6)):eq("SHARED")
	expect(other:page(1)):eq(ram:page(1))
end)

scenario("shared memory: truncating the file removes the guest's pages beyond its end", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { kind = "shmem" } }
	local size = ram.length
	expect(vcpu:write(PAGE, "stays")):is_true()
	expect(vcpu:write(5 * PAGE, "gone")):is_true()
	expect(ram.file:ftruncate(4 * PAGE)):eq(0)
	expect(sim.inspect:mapping(vm, 5 * PAGE).present):eq(false)
	expect(vcpu:read(PAGE, 5)):eq("stays")
	expect(vcpu:read(5 * PAGE, 4)):fields(failed(sim))
	vcpu:abandon()
	expect(ram.file:ftruncate(size)):eq(0)
	expect(vcpu:read(5 * PAGE, 4)):eq("\0\0\0\0")
end)

scenario("shared memory: truncation leaves nothing to map", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { kind = "shmem" } }
	expect(vcpu:write(PAGE, "gone")):is_true()
	expect(ram.file:ftruncate(0)):eq(0)
	expect(sim.inspect:mapping(vm, PAGE).present):eq(false)
	expect(vcpu:read(PAGE, 4)):fields(failed(sim))
end)

scenario("mlock keeps pages from swap", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(vcpu:write(PAGE, "locked")):is_true()
	expect(ram:mlock(PAGE, PAGE)):eq(0)
	ram:swap_out(PAGE, PAGE)
	expect(ram:page(1)):fields{ mapped = true, swapped = false }
	expect(ram:munlock(PAGE, PAGE)):eq(0)
	expect(vcpu:read(PAGE, 6)):eq("locked")
end)

-- The first merged page lives on in the child alone. When the child exits, ksmd still has a node for it in a tree, and
-- frees that when it comes across it. That is no leak.
scenario("ksm: a child is the last to have a merged page", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	expect(ram:madvise(0, 16 * PAGE, MADV_MERGEABLE)):eq(0)
	local function merge(data)
		expect(vcpu:write(PAGE, data)):is_true()
		expect(vcpu:write(2 * PAGE, data)):is_true()
		expect(vmm:ksm_merge(ram:page(1), ram:page(2))):eq(0)
		expect(ram:page(1)):eq(ram:page(2))
	end
	merge("first")
	local child = vmm:fork()
	merge("again")
	expect(child:view(ram):read(2 * PAGE, 5)):eq("first")
	expect(child:exit()):eq(0)
	expect(vcpu:read(2 * PAGE, 5)):eq("again")
end)
