-- SPDX-License-Identifier: GPL-2.0-only
-- Guests with more memory than the usual machine has: the option ram of a scenario.

-- With shadow paging, addresses without paging end at 4 GiB. On s390x a vCPU has its lowcore below 2 GiB.
local MMUS <const> = { "ept", "npt", "sie", "old", "vhe" }
local GIB <const> = 1 << 30

-- A page here and there in a slot of 6 GiB, above and below 4 GiB.
scenario("a guest with 6 GiB in one slot", { mmu = MMUS, ram = "8G", check = "end" }, function(sim)
	local base = sim.arch == "s390x" and 4 * GIB or 0
	local vcpu, ram, vm = sim:guest{ ram = { length = "6G", huge = false }, slot = { guest_phys_addr = base } }
	for _, at in ipairs{ 0, GIB, 4 * GIB - 4096, 4 * GIB, 6 * GIB - 4096 } do
		local text = ("at %x"):format(at)
		expect(ram:write(at, text)):eq(0)
		expect(vcpu:read(base + at, #text)):eq(text)
		expect(vcpu:write(base + at, text:upper())):is_true()
		expect(ram:read(at, #text)):eq(text:upper())
		expect(sim.inspect:mapping(vm, base + at).page):eq(ram:page(at >> 12))
	end
end)

scenario("without the option, a mapping of more than all memory is refused", {
	mmu = { "ept", "sie", "vhe" },
}, function(sim)
	expect(sim:process():mmap{ length = "2G" }):eq(-ENOMEM)
end)
