-- SPDX-License-Identifier: GPL-2.0-only
-- The memory policy of a guest_memfd: mbind() on a mapping of it says from which NUMA nodes its pages come, whoever
-- takes them first. The machine has the nodes 0 and 1; this thread's CPU is on node 0.

local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" },
	needs = "GUEST_MEMFD_FLAG_INIT_SHARED", covers = "docs/rules.md P6" }
local once = { arch = { "x86_64", "arm64" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED", covers = "docs/rules.md P6" }
local PAGE <const> = 4096
local SHARED <const> = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED
local ADDR <const>, NODE <const> = MPOL_F_ADDR, MPOL_F_NODE
local MPOL_WEIGHTED_INTERLEAVE <const> = 6
local STATIC <const>, RELATIVE <const> = MPOL_F_STATIC_NODES, MPOL_F_RELATIVE_NODES
local BALANCING <const> = MPOL_F_NUMA_BALANCING
local NO_NODES <const> = {}

-- A VM with 2M of guest_memfd at 0, which the VMM maps.
local function guest(sim, flags)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local fd = vm:create_guest_memfd{ size = "2M", flags = flags or SHARED }
	local ram = vmm:mmap{ length = "2M", file = fd }
	expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0,
		memory_size = "2M", userspace_addr = ram.addr, guest_memfd = fd, guest_memfd_offset = 0 }):eq(0)
	return vm:create_vcpu(), ram, vmm, fd, vm
end

-- The node of a page that is there; the read maps it for the VMM.
local function node(ram, page)
	expect(ram:read(page * PAGE, 1)):ne(-EFAULT)
	return ram:page(page).node
end

local function policy(vmm, ram, page)
	return vmm:get_mempolicy{ addr = ram.addr + page * PAGE, flags = ADDR }
end

local function bind(ram, page, pages, to)
	expect(ram:mbind{ offset = page * PAGE, length = pages * PAGE, mode = MPOL_BIND, nodes = { to } }):eq(0)
end

-- --- guest_memfd_test.c ------------------------------------------------------------------------------------

scenario("guest_memfd_test: test_mbind", once, function(sim)
	local _, ram, vmm = guest(sim)
	expect(ram:mbind{ length = 2 * PAGE, mode = MPOL_INTERLEAVE, nodes = { 0 } }):eq(0)
	expect(policy(vmm, ram, 0)):eq{ mode = MPOL_INTERLEAVE, nodes = { 0 } }
	bind(ram, 2, 2, 0)
	expect(policy(vmm, ram, 2)):eq{ mode = MPOL_BIND, nodes = { 0 } }
	expect(ram:mbind{ mode = MPOL_DEFAULT }):eq(0)
	for page = 0, 3 do
		expect(policy(vmm, ram, page)):eq{ mode = MPOL_DEFAULT, nodes = NO_NODES }
	end
	expect(ram:mbind{ length = PAGE, mode = 999, nodes = { 0 } }):eq(-EINVAL)
end)

scenario("guest_memfd_test: test_numa_allocation", once, function(sim)
	local _, ram, _, fd = guest(sim)
	local function nodes(expected)
		for page = 0, 3 do
			expect(ram:write(page * PAGE, "data")):eq(0)
			expect(ram:page(page).node):eq(expected[page + 1])
		end
	end
	expect(ram:write(0, "data")):eq(0)
	bind(ram, 0, 1, 0)
	expect(fd:punch_hole(0, "4K")):eq(0)
	bind(ram, 0, 2, 1)
	bind(ram, 2, 2, 0)
	nodes{ 1, 1, 0, 0 }
	expect(fd:punch_hole(0, "2M")):eq(0)
	bind(ram, 0, 2, 0)
	bind(ram, 2, 2, 1)
	nodes{ 0, 0, 1, 1 }
end)

-- --- where pages come from ---------------------------------------------------------------------------------

-- Who takes the page first.
local first = {
	["the guest"] = function(page, vcpu) expect(vcpu:write(page * PAGE, "data")):is_true() end,
	["the VMM"] = function(page, _, ram) expect(ram:write(page * PAGE, "data")):eq(0) end,
	["fallocate()"] = function(page, _, _, fd)
		expect(fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = page * PAGE, length = PAGE }):eq(0)
	end,
	["madvise()"] = function(page, _, ram)
		expect(ram:madvise(page * PAGE, PAGE, MADV_POPULATE_WRITE)):eq(0)
	end,
}

for _, who in ipairs{ "the guest", "the VMM", "fallocate()", "madvise()" } do
	cases("a policy of guest_memfd: the page comes from its node, taken by " .. who, options, {
		{ "none",                    nil,                 nil,      0 },
		{ "bound to node 0",         MPOL_BIND,           { 0 },    0 },
		{ "bound to node 1",         MPOL_BIND,           { 1 },    1 },
		{ "bound to both",           MPOL_BIND,           { 0, 1 }, 0 },
		{ "node 1 preferred",        MPOL_PREFERRED,      { 1 },    1 },
		{ "the first one preferred", MPOL_PREFERRED,      { 0, 1 }, 0 },
		{ "many preferred: node 1",  MPOL_PREFERRED_MANY, { 1 },    1 },
		{ "interleaved on node 1",   MPOL_INTERLEAVE,     { 1 },    1 },
		{ "weighted on node 1",      MPOL_WEIGHTED_INTERLEAVE, { 1 }, 1 },
		{ "local",                   MPOL_LOCAL,          nil,      0 },
		{ "default",                 MPOL_DEFAULT,        nil,      0 },
	}, function(sim, case)
		local vcpu, ram, _, fd = guest(sim)
		if case[2] then
			expect(ram:mbind{ offset = PAGE, length = 2 * PAGE, mode = case[2], nodes = case[3] }):eq(0)
		end
		for page = 1, 2 do
			first[who](page, vcpu, ram, fd)
			expect(node(ram, page)):eq(case[4])
		end
		first[who](3, vcpu, ram, fd)
		expect(node(ram, 3)):eq(0)
	end)
end

-- __filemap_get_folio_mpol() gives no index of the file: a task's next page goes to the next node.
cases("a policy of guest_memfd: interleaved pages go to one node after the other", options, {
	{ "in order of their indices", { 0, 1, 2, 3, 4, 5 } },
	{ "all of one parity",         { 0, 2, 4, 6, 8, 10 } },
	{ "backwards",                 { 9, 7, 6, 2, 1, 0 } },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(ram:mbind{ mode = MPOL_INTERLEAVE, nodes = { 0, 1 } }):eq(0)
	local before
	for _, page in ipairs(case[2]) do
		expect(vcpu:write(page * PAGE, "data")):is_true()
		local now = node(ram, page)
		expect(now):ne(before)
		before = now
	end
end)

-- The turn is the task's, not the file's: docs/findings.md.
scenario("a policy of guest_memfd: two interleaved files whose pages are taken in turn", once, function(sim)
	local _, ram, vmm, _, vm = guest(sim)
	local other = vmm:mmap{ length = "2M", file = vm:create_guest_memfd{ size = "2M", flags = SHARED } }
	for _, each in ipairs{ ram, other } do
		expect(each:mbind{ mode = MPOL_INTERLEAVE, nodes = { 0, 1 } }):eq(0)
	end
	for page = 0, 5 do
		for _, each in ipairs{ ram, other } do
			expect(each:write(page * PAGE, "data")):eq(0)
			expect(each:page(page).node):eq(each:page(0).node)
		end
	end
	expect(other:page(0).node):ne(ram:page(0).node)
end)

scenario("a policy of guest_memfd: pages that are there stay where they are", options, function(sim)
	local vcpu, ram, _, fd = guest(sim)
	expect(vcpu:write(PAGE, "guest")):is_true()
	expect(node(ram, 1)):eq(0)
	bind(ram, 0, 4, 1)
	expect(vcpu:read(PAGE, 5)):eq("guest")
	expect(node(ram, 1)):eq(0)
	expect(vcpu:write(2 * PAGE, "guest")):is_true()
	expect(node(ram, 2)):eq(1)
	expect(fd:punch_hole(PAGE, PAGE)):eq(0)
	expect(vcpu:write(PAGE, "again")):is_true()
	expect(node(ram, 1)):eq(1)
end)

-- The VMM cannot have a private page, but it may say where it shall lie.
scenario("a policy of guest_memfd: private memory", options, function(sim)
	local vcpu, ram, vmm, fd = guest(sim, GUEST_MEMFD_FLAG_MMAP)
	bind(ram, 1, 1, 1)
	expect(vcpu:write(PAGE, "guest")):is_true()
	expect(vcpu:read(PAGE, 5)):eq("guest")
	expect(policy(vmm, ram, 1)):eq{ mode = MPOL_BIND, nodes = { 1 } }
	-- To know the node of a page, it has to be mapped.
	expect(vmm:get_mempolicy{ addr = ram.addr + PAGE, flags = ADDR | NODE }):eq(-EFAULT)
	expect(fd:punch_hole(PAGE, PAGE)):eq(0)
end)

-- The nodes that a policy names are full: another one gives the page, or none.
cases("a policy of guest_memfd: node 1 is full", {
	arch = { "x86_64", "arm64" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED", check = "end", timeout = 120,
	covers = "docs/rules.md P6",
}, {
	{ "preferred",      MPOL_PREFERRED,      { 1 },    0 },
	{ "many preferred", MPOL_PREFERRED_MANY, { 1 },    0 },
	{ "interleaved",    MPOL_INTERLEAVE,     { 1 },    0 },
	{ "bound to both",  MPOL_BIND,           { 0, 1 }, 0 },
	{ "bound to it",    MPOL_BIND,           { 1 },    -ENOMEM },
}, function(sim, case)
	local _, ram, vmm, fd = guest(sim)
	local full = vmm:mmap{ length = "1G", huge = true, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE }
	expect(full:mbind{ mode = MPOL_BIND, nodes = { 1 } }):eq(0)
	expect(full:madvise(0, "1G", MADV_POPULATE_WRITE)):lt(0)
	expect(ram:mbind{ mode = case[2], nodes = case[3] }):eq(0)
	local got = fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = 0, length = PAGE }
	if case[4] < 0 then
		expect(got):eq(case[4])
		expect(full:munmap()):eq(0)
		expect(fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = 0, length = PAGE }):eq(0)
		expect(node(ram, 0)):eq(1)
	else
		expect(got):eq(0)
		expect(node(ram, 0)):eq(case[4])
	end
end)

-- --- whose policy it is ------------------------------------------------------------------------------------

scenario("a policy of guest_memfd: it is the file's, and outlives the mapping", options, function(sim)
	local vcpu, ram, vmm, fd = guest(sim)
	bind(ram, 1, 2, 1)
	expect(ram:munmap()):eq(0)
	expect(vcpu:write(PAGE, "guest")):is_true()
	expect(vcpu:write(3 * PAGE, "guest")):is_true()
	local again = vmm:mmap{ length = "1M", file = fd, offset = PAGE }
	expect(policy(vmm, again, 0)):eq{ mode = MPOL_BIND, nodes = { 1 } }
	expect(policy(vmm, again, 1)):eq{ mode = MPOL_BIND, nodes = { 1 } }
	expect(policy(vmm, again, 2)):eq{ mode = MPOL_DEFAULT, nodes = NO_NODES }
	expect(node(again, 0)):eq(1)
	expect(node(again, 2)):eq(0)
	expect(fd:punch_hole(PAGE, PAGE)):eq(0)
	expect(vcpu:write(PAGE, "guest")):is_true()
	expect(node(again, 0)):eq(1)
end)

scenario("a policy of guest_memfd: every mapping sees it, and a range that moved", options, function(sim)
	local vcpu, ram, vmm, fd = guest(sim)
	local other = vmm:mmap{ length = "64K", file = fd, offset = 4 * PAGE }
	bind(other, 1, 1, 1)
	expect(policy(vmm, ram, 5)):eq{ mode = MPOL_BIND, nodes = { 1 } }
	expect(policy(vmm, ram, 4)):eq{ mode = MPOL_DEFAULT, nodes = NO_NODES }
	expect(policy(vmm, ram, 1)):eq{ mode = MPOL_DEFAULT, nodes = NO_NODES }
	local moved = other:mremap{ offset = 0, old_length = "64K", new_length = "64K",
		flags = MREMAP_MAYMOVE | MREMAP_FIXED, new_addr = ram.addr + (16 << 20) }
	expect(policy(vmm, moved, 1)):eq{ mode = MPOL_BIND, nodes = { 1 } }
	expect(vcpu:write(5 * PAGE, "guest")):is_true()
	expect(node(moved, 1)):eq(1)
end)

scenario("a policy of guest_memfd: another process sees it and changes it", options, function(sim)
	local vcpu, ram, vmm = guest(sim)
	bind(ram, 1, 1, 1)
	local child = vmm:fork()
	local view = child:view(ram)
	expect(policy(child, view, 1)):eq{ mode = MPOL_BIND, nodes = { 1 } }
	bind(view, 2, 1, 1)
	expect(policy(vmm, ram, 2)):eq{ mode = MPOL_BIND, nodes = { 1 } }
	expect(child:exit()):eq(0)
	for page = 1, 2 do
		expect(vcpu:write(page * PAGE, "guest")):is_true()
		expect(node(ram, page)):eq(1)
	end
end)

scenario("a policy of guest_memfd: each file has its own", once, function(sim)
	local _, ram, vmm, _, vm = guest(sim)
	bind(ram, 0, 16, 1)
	local file = vm:create_guest_memfd{ size = "64K", flags = SHARED }
	local other = vmm:mmap{ length = "64K", file = file }
	expect(policy(vmm, other, 0)):eq{ mode = MPOL_DEFAULT, nodes = NO_NODES }
	expect(other:write(0, "data")):eq(0)
	expect(node(other, 0)):eq(0)
end)

-- mbind_range() compares with the mapping's own copy of the last policy that was set through it, not with the file's:
-- docs/findings.md.
scenario("a policy of guest_memfd: mbind() forgets what another mapping changed", once, function(sim)
	local _, ram, vmm, fd = guest(sim)
	local other = vmm:mmap{ length = "2M", file = fd }
	bind(ram, 0, 1, 1)
	bind(other, 0, 1, 0)
	expect(policy(vmm, ram, 0)):eq{ mode = MPOL_BIND, nodes = { 0 } }
	bind(ram, 0, 1, 1)
	expect(policy(vmm, ram, 0)):eq{ mode = MPOL_BIND, nodes = { 0 } }
	expect(ram:mbind{ length = PAGE, mode = MPOL_DEFAULT }):eq(0)
	bind(ram, 0, 1, 1)
	expect(policy(vmm, ram, 0)):eq{ mode = MPOL_BIND, nodes = { 1 } }
end)

-- The file's ranges are split and replaced at any page.
cases("a policy of guest_memfd: a range in the middle of another one", once, {
	{ "the middle",      2, 2, { 1, 1, 0, 0, 1, 1 } },
	{ "the beginning",   0, 2, { 0, 0, 1, 1, 1, 1 } },
	{ "the end",         4, 2, { 1, 1, 1, 1, 0, 0 } },
	{ "all of it",       0, 6, { 0, 0, 0, 0, 0, 0 } },
	{ "one page of it",  3, 1, { 1, 1, 1, 0, 1, 1 } },
}, function(sim, case)
	local _, ram, vmm = guest(sim)
	bind(ram, 0, 6, 1)
	bind(ram, case[2], case[3], 0)
	for page = 0, 5 do
		expect(policy(vmm, ram, page)):eq{ mode = MPOL_BIND, nodes = { case[4][page + 1] } }
		expect(node(ram, page)):eq(case[4][page + 1])
	end
	expect(policy(vmm, ram, 6)):eq{ mode = MPOL_DEFAULT, nodes = NO_NODES }
	-- Without the middle, what is around it keeps its policy.
	expect(ram:mbind{ offset = case[2] * PAGE, length = case[3] * PAGE, mode = MPOL_DEFAULT }):eq(0)
	for page = 0, 5 do
		local gone = page >= case[2] and page < case[2] + case[3]
		expect(policy(vmm, ram, page)):eq(gone and { mode = MPOL_DEFAULT, nodes = NO_NODES } or
			{ mode = MPOL_BIND, nodes = { 1 } })
	end
end)

scenario("a policy of guest_memfd: a terabyte", once, function(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local T <const> = 1 << 40
	local fd = vm:create_guest_memfd{ size = T, flags = SHARED }
	local ram = vmm:mmap{ length = T, file = fd }
	local half <const> = T >> 1
	expect(ram:mbind{ mode = MPOL_BIND, nodes = { 1 } }):eq(0)
	expect(ram:mbind{ offset = half, length = PAGE, mode = MPOL_DEFAULT }):eq(0)
	for offset, expected in pairs{ [0] = 1, [half - PAGE] = 1, [half] = 0, [half + PAGE] = 1, [T - PAGE] = 1 } do
		expect(ram:write(offset, "data")):eq(0)
		expect(vmm:get_mempolicy{ addr = ram.addr + offset, flags = ADDR | NODE }.mode):eq(expected)
	end
end)

-- --- the task's own policy ---------------------------------------------------------------------------------

scenario("a policy of the task: a guest_memfd without a policy follows it", options, function(sim)
	local vcpu, ram, vmm = guest(sim)
	bind(ram, 2, 1, 0)
	expect(vmm:set_mempolicy{ mode = MPOL_BIND, nodes = { 1 } }):eq(0)
	expect(vmm:get_mempolicy()):eq{ mode = MPOL_BIND, nodes = { 1 } }
	for page = 1, 2 do
		expect(vcpu:write(page * PAGE, "guest")):is_true()
		expect(node(ram, page)):eq(page == 1 and 1 or 0)
	end
	-- It is not the memory's policy.
	expect(policy(vmm, ram, 1)):eq{ mode = MPOL_DEFAULT, nodes = NO_NODES }
	expect(policy(vmm, ram, 2)):eq{ mode = MPOL_BIND, nodes = { 0 } }
	expect(vmm:set_mempolicy{ mode = MPOL_DEFAULT }):eq(0)
	expect(vcpu:write(3 * PAGE, "guest")):is_true()
	expect(node(ram, 3)):eq(0)
end)

scenario("a policy of the task: children take it over, files do not", once, function(sim)
	local _, ram, vmm = guest(sim)
	expect(vmm:set_mempolicy{ mode = MPOL_PREFERRED, nodes = { 1 } }):eq(0)
	local child = vmm:fork()
	expect(vmm:set_mempolicy{ mode = MPOL_DEFAULT }):eq(0)
	expect(child:get_mempolicy()):eq{ mode = MPOL_PREFERRED, nodes = { 1 } }
	local view = child:view(ram)
	expect(view:write(PAGE, "child")):eq(0)
	expect(ram:write(2 * PAGE, "VMM")):eq(0)
	expect(node(ram, 1)):eq(1)
	expect(node(ram, 2)):eq(0)
	expect(child:exec()):eq(0)
	expect(child:get_mempolicy()):eq{ mode = MPOL_PREFERRED, nodes = { 1 } }
end)

-- --- what the calls refuse ---------------------------------------------------------------------------------

local NOBODY <const> = 0x1000	-- nothing is mapped there

cases("mbind() on a guest_memfd: modes and nodes", once, {
	{ "an unknown mode", { mode = 7, nodes = { 0 } }, -EINVAL },
	{ "static and relative nodes", { mode = MPOL_BIND | STATIC | RELATIVE, nodes = { 0 } }, -EINVAL },
	{ "static nodes", { mode = MPOL_BIND | STATIC, nodes = { 1 } }, 0, { 1 } },
	{ "static nodes, one is not there", { mode = MPOL_BIND | STATIC, nodes = { 1, 3 } }, 0, { 1, 3 } },
	{ "relative nodes", { mode = MPOL_BIND | RELATIVE, nodes = { 3 } }, 0, { 3 } },
	{ "balancing, bound", { mode = MPOL_BIND | BALANCING, nodes = { 1 } }, 0, { 1 } },
	{ "balancing, interleaved", { mode = MPOL_INTERLEAVE | BALANCING, nodes = { 1 } }, -EINVAL },
	{ "balancing, preferred", { mode = MPOL_PREFERRED | BALANCING, nodes = { 1 } }, -EINVAL },
	{ "default with a node", { mode = MPOL_DEFAULT, nodes = { 0 } }, -EINVAL },
	{ "default with an empty mask", { mode = MPOL_DEFAULT, nodes = {} }, 0, {} },
	{ "local with a node", { mode = MPOL_LOCAL, nodes = { 0 } }, -EINVAL },
	{ "local", { mode = MPOL_LOCAL }, 0, {} },
	{ "local, static", { mode = MPOL_LOCAL | STATIC }, -EINVAL },
	{ "bound to nothing", { mode = MPOL_BIND }, -EINVAL },
	{ "bound to an empty mask", { mode = MPOL_BIND, nodes = {} }, -EINVAL },
	{ "interleaved on nothing", { mode = MPOL_INTERLEAVE }, -EINVAL },
	{ "many preferred, none", { mode = MPOL_PREFERRED_MANY }, -EINVAL },
	{ "preferred, static, none", { mode = MPOL_PREFERRED | STATIC }, -EINVAL },
	{ "a node that there is not", { mode = MPOL_BIND, nodes = { 2 } }, -EINVAL },
	{ "preferred, not there", { mode = MPOL_PREFERRED, nodes = { 3 } }, -EINVAL },
	{ "one of them is there", { mode = MPOL_BIND, nodes = { 1, 2 } }, 0, { 1 } },
	{ "a node that there never is", { mode = MPOL_BIND, nodes = { 0, 4 } }, -EINVAL },
	{ "the same, behind the mask", { mode = MPOL_BIND, nodes = { 0, 4 }, maxnode = 5 }, 0, { 0 } },
	{ "a node in the second word", { mode = MPOL_BIND, nodes = { 0, 64 }, maxnode = 129 }, -EINVAL },
	{ "the longest mask", { mode = MPOL_BIND, nodes = { 1 }, maxnode = 32769 }, 0, { 1 } },
	{ "a mask that is too long", { mode = MPOL_BIND, nodes = { 1 }, maxnode = 32770 }, -EINVAL },
	{ "a mask without bits", { mode = MPOL_BIND, nodes = { 1 }, maxnode = 1 }, -EINVAL },
	{ "a mask that cannot be read", { mode = MPOL_BIND, mask = NOBODY }, -EFAULT },
	{ "a long one that cannot", { mode = MPOL_BIND, mask = NOBODY, maxnode = 129 }, -EFAULT },
	{ "no mask, but a length", { mode = MPOL_BIND, maxnode = 65 }, -EINVAL },
}, function(sim, case)
	local _, ram, vmm = guest(sim)
	bind(ram, 0, 2, 0)
	expect(ram:mbind(case[2])):eq(case[3])
	expect(policy(vmm, ram, 1)):eq(case[4] and { mode = case[2].mode, nodes = case[4] } or
		{ mode = MPOL_BIND, nodes = { 0 } })
end)

-- MPOL_PREFERRED without a node is MPOL_LOCAL.
scenario("mbind() on a guest_memfd: nobody is preferred", once, function(sim)
	local _, ram, vmm = guest(sim)
	expect(ram:mbind{ mode = MPOL_PREFERRED }):eq(0)
	expect(policy(vmm, ram, 0)):eq{ mode = MPOL_LOCAL, nodes = NO_NODES }
end)

scenario("mbind() on a guest_memfd: relative nodes count those that are there", once, function(sim)
	local _, ram = guest(sim)
	expect(ram:mbind{ mode = MPOL_BIND | RELATIVE, nodes = { 3 } }):eq(0)
	expect(ram:write(0, "data")):eq(0)
	expect(node(ram, 0)):eq(1)
end)

cases("mbind() on a guest_memfd: addresses and flags", once, {
	{ "an odd address",          { offset = 1, length = PAGE },                        -EINVAL },
	{ "an odd length",           { length = 1 },                                       0 },
	{ "no length",               { length = 0 },                                       0, "unchanged" },
	{ "over the end of memory",  { length = -PAGE },                                   -EINVAL },
	{ "an unknown flag",         { length = PAGE, flags = 1 << 4 },                    -EINVAL },
	{ "MPOL_MF_LAZY",            { length = PAGE, flags = MPOL_MF_LAZY },              -EINVAL },
	{ "strict, nothing there",   { length = PAGE, flags = MPOL_MF_STRICT },            0 },
	{ "move, nothing there",     { length = PAGE, flags = MPOL_MF_MOVE },              0 },
	{ "move all",                { length = PAGE, flags = MPOL_MF_MOVE_ALL },          0 },
}, function(sim, case)
	local _, ram, vmm = guest(sim)
	local a = { mode = MPOL_BIND, nodes = { 1 } }
	for k, v in pairs(case[2]) do
		a[k] = v
	end
	expect(ram:mbind(a)):eq(case[3])
	expect(policy(vmm, ram, 0)):eq((case[3] == 0 and not case[4]) and { mode = MPOL_BIND, nodes = { 1 } } or
		{ mode = MPOL_DEFAULT, nodes = NO_NODES })
	expect(policy(vmm, ram, 1)):eq{ mode = MPOL_DEFAULT, nodes = NO_NODES }
end)

scenario("mbind() on a guest_memfd: to move everybody's pages takes CAP_SYS_NICE", once, function(sim)
	local _, ram, vmm = guest(sim)
	expect(vmm:drop_capability(CAP_SYS_NICE)):eq(0)
	expect(ram:mbind{ mode = MPOL_BIND, nodes = { 1 }, flags = MPOL_MF_MOVE_ALL }):eq(-EPERM)
	expect(ram:mbind{ mode = MPOL_BIND, nodes = { 1 }, flags = MPOL_MF_MOVE }):eq(0)
end)

scenario("mbind() on a guest_memfd: a hole between mappings", once, function(sim)
	local _, ram, vmm = guest(sim)
	expect(ram:munmap(4 * PAGE, PAGE)):eq(0)
	expect(ram:mbind{ length = 8 * PAGE, mode = MPOL_BIND, nodes = { 1 } }):eq(-EFAULT)
	expect(ram:mbind{ offset = 4 * PAGE, length = PAGE, mode = MPOL_BIND, nodes = { 1 } }):eq(-EFAULT)
	expect(policy(vmm, ram, 0)):eq{ mode = MPOL_DEFAULT, nodes = NO_NODES }
	bind(ram, 0, 4, 1)
	expect(ram:mbind{ length = 8 * PAGE, mode = MPOL_DEFAULT }):eq(0)
	expect(policy(vmm, ram, 0)):eq{ mode = MPOL_DEFAULT, nodes = NO_NODES }
end)

-- The pages of a guest_memfd cannot move.
cases("mbind() on a guest_memfd: pages on another node", options, {
	{ "nobody asks",         0,                                   0,    true },
	{ "strict",              MPOL_MF_STRICT,                      -EIO, false },
	{ "move",                MPOL_MF_MOVE,                        0,    true },
	{ "move, strict",        MPOL_MF_MOVE | MPOL_MF_STRICT,       -EIO, true },
	{ "move all, strict",    MPOL_MF_MOVE_ALL | MPOL_MF_STRICT,   -EIO, true },
}, function(sim, case)
	local vcpu, ram, vmm = guest(sim)
	expect(vcpu:write(PAGE, "guest")):is_true()
	expect(node(ram, 1)):eq(0)
	expect(ram:mbind{ mode = MPOL_BIND, nodes = { 1 }, flags = case[2] }):eq(case[3])
	expect(node(ram, 1)):eq(0)
	expect(vcpu:read(PAGE, 5)):eq("guest")
	expect(policy(vmm, ram, 1)):eq(case[4] and { mode = MPOL_BIND, nodes = { 1 } } or
		{ mode = MPOL_DEFAULT, nodes = NO_NODES })
end)

cases("get_mempolicy() on a guest_memfd", once, {
	{ "an unknown flag", { flags = ADDR | 8 }, -EINVAL },
	{ "an address without its flag", { flags = 0 }, -EINVAL },
	{ "allowed nodes and an address", { flags = ADDR | MPOL_F_MEMS_ALLOWED }, -EINVAL },
	{ "allowed nodes and a node", { flags = NODE | MPOL_F_MEMS_ALLOWED }, -EINVAL },
	{ "allowed nodes", { flags = MPOL_F_MEMS_ALLOWED }, { mode = 0, nodes = { 0, 1 } } },
	{ "nothing is mapped", { addr = NOBODY, flags = ADDR }, -EFAULT },
	{ "the policy", { flags = ADDR }, { mode = MPOL_BIND, nodes = { 1 } } },
	{ "a mask of two words", { flags = ADDR, maxnode = 129 }, { mode = MPOL_BIND, nodes = { 1 } } },
	{ "the longest mask", { flags = ADDR, maxnode = 32769 }, { mode = MPOL_BIND, nodes = { 1 } } },
	{ "a mask that is too long", { flags = ADDR, maxnode = 32770 }, -EINVAL },
	{ "a mask that is too short", { flags = ADDR, maxnode = 1 }, -EINVAL },
	{ "no mask", { flags = ADDR, maxnode = 0, mask = 0 }, { mode = MPOL_BIND, nodes = {} } },
	{ "the mode cannot be written", { flags = ADDR, mode = NOBODY }, -EFAULT },
	{ "the mask cannot be written", { flags = ADDR, mask = NOBODY }, -EFAULT },
	{ "the page's node", { flags = ADDR | NODE }, { mode = 1, nodes = { 1 } } },
	{ "the next node, not interleaved", { addr = 0, flags = NODE }, -EINVAL },
}, function(sim, case)
	local _, ram, vmm = guest(sim)
	bind(ram, 0, 4, 1)
	local a = { addr = ram.addr + PAGE }
	for k, v in pairs(case[2]) do
		a[k] = v
	end
	if a.flags & MPOL_F_MEMS_ALLOWED ~= 0 then
		a.addr = nil
	end
	expect(vmm:get_mempolicy(a)):eq(case[3])
end)

-- The node of a page that is not there yet: it is taken for the answer.
scenario("get_mempolicy() on a guest_memfd: asking for the node takes the page", options, function(sim)
	local vcpu, ram, vmm = guest(sim)
	for page = 0, 3 do
		bind(ram, page, 1, page % 2)
		expect(vmm:get_mempolicy{ addr = ram.addr + page * PAGE, flags = ADDR | NODE }.mode):eq(page % 2)
		expect(ram:page(page).mapped):is_true()
		expect(vcpu:write(page * PAGE, "guest")):is_true()
		expect(node(ram, page)):eq(page % 2)
	end
end)

cases("set_mempolicy()", once, {
	{ "an unknown mode",            { mode = 7, nodes = { 0 } },                 -EINVAL },
	{ "a node that there is not",   { mode = MPOL_BIND, nodes = { 2 } },         -EINVAL },
	{ "nothing",                    { mode = MPOL_BIND },                        -EINVAL },
	{ "default with a node",        { mode = MPOL_DEFAULT, nodes = { 0 } },      -EINVAL },
	{ "a mask that cannot be read", { mode = MPOL_BIND, mask = NOBODY },         -EFAULT },
	{ "one of two is there",        { mode = MPOL_BIND, nodes = { 1, 3 } },      0, { 1 } },
	{ "interleaved",                { mode = MPOL_INTERLEAVE, nodes = { 0, 1 } }, 0, { 0, 1 } },
}, function(sim, case)
	local vmm = sim:process()
	expect(vmm:set_mempolicy(case[2])):eq(case[3])
	expect(vmm:get_mempolicy()):eq(case[4] and { mode = case[2].mode, nodes = case[4] } or
		{ mode = MPOL_DEFAULT, nodes = NO_NODES })
end)

scenario("get_mempolicy(): the next node of an interleaved task", once, function(sim)
	local vmm = sim:process()
	expect(vmm:set_mempolicy{ mode = MPOL_INTERLEAVE, nodes = { 0, 1 } }):eq(0)
	expect(vmm:get_mempolicy{ flags = NODE }.mode):eq(0)
end)

-- --- the home node -----------------------------------------------------------------------------------------

cases("set_mempolicy_home_node() on a guest_memfd", once, {
	{ "bound to both", MPOL_BIND, { 0, 1 }, { node = 1 }, 0, 1 },
	{ "bound to both, node 0", MPOL_BIND, { 0, 1 }, { node = 0 }, 0, 0 },
	{ "bound to the other one", MPOL_BIND, { 0 }, { node = 1 }, 0, 0 },
	{ "many preferred", MPOL_PREFERRED_MANY, { 0, 1 }, { node = 1 }, 0, 1 },
	{ "interleaved", MPOL_INTERLEAVE, { 0 }, { node = 1 }, -EOPNOTSUPP, 0 },
	{ "preferred", MPOL_PREFERRED, { 0 }, { node = 1 }, -EOPNOTSUPP, 0 },
	{ "no policy", nil, nil, { node = 1 }, -ENOENT, 0 },
	{ "a node that there is not", MPOL_BIND, { 0, 1 }, { node = 2 }, -EINVAL, 0 },
	{ "one that there never is", MPOL_BIND, { 0, 1 }, { node = 4 }, -EINVAL, 0 },
	{ "flags", MPOL_BIND, { 0, 1 }, { node = 1, flags = 1 }, -EINVAL, 0 },
	{ "an odd address", MPOL_BIND, { 0, 1 }, { node = 1, offset = 1, length = PAGE }, -EINVAL, 0 },
	{ "over the end of memory", MPOL_BIND, { 0, 1 }, { node = 1, length = -PAGE }, -EINVAL, 0 },
	{ "no length", MPOL_BIND, { 0, 1 }, { node = 1, length = 0 }, 0, 0 },
}, function(sim, case)
	local _, ram = guest(sim)
	if case[2] then
		expect(ram:mbind{ mode = case[2], nodes = case[3] }):eq(0)
	end
	expect(ram:set_home_node(case[4])):eq(case[5])
	expect(ram:write(0, "data")):eq(0)
	expect(node(ram, 0)):eq(case[6])
end)

-- --- threads -----------------------------------------------------------------------------------------------

-- kvm_gmem_get_folio() holds a reference on the policy while it allocates; mbind() replaces and frees policies.
scenario("a policy of guest_memfd: it changes while two vCPUs take pages", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "vhe" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED",
	check = "end", covers = "docs/rules.md P6",
}, function(sim)
	local vcpu, ram, _, fd, vm = guest(sim)
	local rounds = 0
	for i, each in ipairs{ vcpu, vm:create_vcpu() } do
		sim:thread("vcpu " .. i, function()
			while not sim:stopping() do
				for page = 0, 15 do
					expect(each:write(page * PAGE, "guest")):is_true()
				end
			end
		end)
	end
	sim:thread("policy", function()
		while not sim:stopping() do
			bind(ram, rounds % 8, 8, rounds % 2)
			expect(fd:punch_hole(0, "64K")):eq(0)
			rounds = rounds + 1
		end
	end)
	sim:join{ seconds = 0.3, at_least = function() return rounds > 0 end }
	bind(ram, 0, 16, 1)
	expect(fd:punch_hole(0, "64K")):eq(0)
	for page = 0, 15 do
		expect(vcpu:write(page * PAGE, "guest")):is_true()
		expect(node(ram, page)):eq(1)
	end
end)
