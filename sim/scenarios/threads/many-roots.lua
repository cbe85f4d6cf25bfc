-- SPDX-License-Identifier: GPL-2.0-only
-- vCPUs that go from one root of their tables to the next, while all roots become invalid again and again: a slot goes,
-- with KVM_X86_QUIRK_SLOT_ZAP_ALL, and the host moves pages.

local ROOTS <const>, VA <const>, DATA <const>, TABLES <const> = 6, 0x40000000, 0x10000, 0x200000
local TABLES_BYTES <const> = 0x40000

scenario("two vCPUs go from root to root while slots and the host's pages change", {
	arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" }, check = "end", timeout = 60,
}, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "4M", userspace_addr = ram }):eq(0)
	local roots, vcpus = {}, {}
	for i = 1, ROOTS do
		local vcpu = vm:create_vcpu()
		expect(vcpu:set_paging{ tables = TABLES + (i - 1) * TABLES_BYTES, size = TABLES_BYTES }):eq(0)
		vcpu:map{ from = VA, to = DATA + i * PAGE_SIZE, prot = "rw" }
		roots[i], vcpus[i] = vcpu:get_sregs().cr3, vcpu
	end
	local writes, slots, moves = { 0, 0 }, 0, 0
	for n = 1, 2 do
		sim:thread("vcpu " .. n, function()
			while not sim:stopping() do
				local i = writes[n] % ROOTS + 1
				expect(vcpus[n]:load_cr3(roots[i])):is_true()
				expect(vcpus[n]:write(VA + n * 8, string.pack("<I8", writes[n] + 1))):is_true()
				writes[n] = writes[n] + 1
			end
		end)
	end
	sim:thread("slots", function()
		while not sim:stopping() do
			expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "1G", memory_size = "4K",
				userspace_addr = ram }):eq(0)
			expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
			slots = slots + 1
		end
	end)
	sim:thread("host", function()
		while not sim:stopping() do
			ram:migrate(DATA + (moves % ROOTS + 1) * PAGE_SIZE)	-- not while it is in use
			moves = moves + 1
		end
	end)
	sim:join{ seconds = 0.2, at_least = function()
		return writes[1] > 2 * ROOTS and writes[2] > 2 * ROOTS and slots > 4 and moves > ROOTS
	end }
	for n = 1, 2 do
		for i = 1, math.min(ROOTS, writes[n]) do
			local last = writes[n] - (writes[n] - i) % ROOTS
			expect(ram:read(DATA + i * PAGE_SIZE + n * 8, 8)):eq(string.pack("<I8", last))
		end
	end
end)
