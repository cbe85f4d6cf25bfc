-- SPDX-License-Identifier: GPL-2.0-only
-- Memory policies move pages under a mapped guest: mbind() takes those of a range to other NUMA nodes. The machine has
-- the nodes 0 and 1; this thread's CPU is on node 0.

-- CONFIG_NUMA is on where guest_memfd has a memory policy.
local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" },
	needs = "GUEST_MEMFD_FLAG_INIT_SHARED", covers = "docs/rules.md F3" }
local MOVE <const>, MOVE_ALL <const>, STRICT <const> = MPOL_MF_MOVE, MPOL_MF_MOVE_ALL, MPOL_MF_STRICT

-- What the guest's memory is, and how the VM maps its first page.
local kinds = {
	{ "small pages",   { length = "4M", huge = false }, 1 },
	{ "huge pages",    { length = "4M", huge = true }, 2 },
	{ "shared memory", { length = "4M", kind = "shmem", huge = false }, 1 },
}

local function guest(sim, memory)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local ram = vmm:mmap(memory)
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = ram.length,
		userspace_addr = ram.addr }):eq(0)
	return vm:create_vcpu(), ram, vm, vmm
end

local function to(nodes, flags)
	return { mode = MPOL_BIND, nodes = nodes, flags = flags }
end

for _, kind in ipairs(kinds) do
	scenario("mbind() moves the guest's pages to another node and back: " .. kind[1], options, function(sim)
		local vcpu, ram, vm = guest(sim, kind[2])
		for _, node in ipairs{ 0, 1, 0 } do
			expect(vcpu:write(0x1000, "guest" .. node)):is_true()
			local old = ram:page(1)
			expect(old.node):eq(node)
			expect(ram:mbind(to({ 1 - node }, MOVE | STRICT))):eq(0)
			expect(ram:page(1)):ne(old)
			expect(ram:page(1)):fields{ node = 1 - node, huge = kind[3] == 2 }
			expect(vcpu:read(0x1000, 6)):eq("guest" .. node)
			expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = kind[3], page = ram:page(1) }
		end
	end)

	scenario("mbind() without a flag moves nothing, new pages follow it: " .. kind[1], options, function(sim)
		local vcpu, ram, vm = guest(sim, kind[2])
		expect(vcpu:write(0x1000, "guest")):is_true()
		local old = ram:page(1)
		expect(ram:mbind(to({ 1 }, STRICT))):eq(-EIO)
		expect(ram:mbind(to{ 1 })):eq(0)
		expect(ram:page(1)):eq(old)
		expect(sim.inspect:mapping(vm, 0x1000).present):is_true()
		expect(vcpu:write(0x200000, "guest")):is_true()
		expect(ram:page(512).node):eq(1)
	end)

	scenario("a pinned page stays on its node: " .. kind[1], options, function(sim)
		local vcpu, ram = guest(sim, kind[2])
		expect(vcpu:write(0x1000, "guest")):is_true()
		expect(ram:pin(0x1000)):eq(0)
		local old = ram:page(1)
		expect(ram:mbind(to({ 1 }, MOVE | STRICT))):eq(-EIO)
		expect(ram:page(1)):eq(old)
		expect(vcpu:write(0x1000, "GUEST")):is_true()
		expect(ram:unpin(0x1000)):eq(0)
		expect(ram:mbind{ mode = MPOL_DEFAULT }):eq(0)
		expect(ram:mbind(to({ 1 }, MOVE | STRICT))):eq(0)
		expect(ram:page(1).node):eq(1)
		expect(vcpu:read(0x1000, 5)):eq("GUEST")
	end)
end

-- Pages that another process maps as well are left alone, unless the caller may move them and says so.
scenario("mbind() and pages that a child shares", options, function(sim)
	local vcpu, ram, _, vmm = guest(sim, { length = "2M", huge = false })
	expect(vcpu:write(0x1000, "guest")):is_true()
	local child = vmm:fork()
	local old = ram:page(1)
	expect(ram:mbind(to({ 1 }, MOVE))):eq(0)
	expect(ram:page(1)):eq(old)
	expect(ram:mbind{ mode = MPOL_DEFAULT }):eq(0)
	expect(ram:mbind(to({ 1 }, MOVE_ALL | STRICT))):eq(0)
	expect(ram:page(1)):ne(old)
	expect(ram:page(1).node):eq(1)
	expect(child:view(ram):page(1)):eq(ram:page(1))
	expect(vcpu:read(0x1000, 5)):eq("guest")
	expect(vcpu:write(0x1000, "GUEST")):is_true()
	expect(child:view(ram):read(0x1000, 5)):eq("guest")
end)

-- Anonymous and shared memory interleave by the place in the mapping or the file.
cases("interleaved memory: the guest's pages alternate by their place", options, {
	{ "anonymous", { length = "2M", huge = false } },
	{ "shared",    { length = "2M", kind = "shmem", huge = false } },
}, function(sim, case)
	local vcpu, ram = guest(sim, case[2])
	expect(ram:mbind{ mode = MPOL_INTERLEAVE, nodes = { 0, 1 } }):eq(0)
	for _, page in ipairs{ 9, 4, 6, 1, 0 } do
		expect(vcpu:write(page * 4096, "guest")):is_true()
	end
	for _, page in ipairs{ 9, 4, 6, 1 } do
		expect(ram:page(page).node == ram:page(0).node):eq(page % 2 == 0)
	end
end)

scenario("mbind() moves pages while the guest writes them", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED",
	check = "end", covers = "docs/rules.md F3",
}, function(sim)
	local vcpu, ram = guest(sim, { length = "256K", huge = false })
	local moved, rounds = 0, 0
	sim:thread("vcpu", function()
		while not sim:stopping() do
			for page = 0, 63 do
				expect(vcpu:write(page * 4096, ("%08d"):format(rounds))):is_true()
				expect(vcpu:read(page * 4096, 8)):eq(("%08d"):format(rounds))
			end
			rounds = rounds + 1
		end
	end)
	sim:thread("mbind", function()
		while not sim:stopping() do
			expect(ram:mbind(to({ moved % 2 }, MOVE))):eq(0)
			moved = moved + 1
		end
	end)
	sim:join{ seconds = 0.3, at_least = function() return rounds > 0 and moved > 0 end }
	expect(ram:read(63 * 4096, 8)):eq(("%08d"):format(rounds - 1))
end)
