-- SPDX-License-Identifier: GPL-2.0-only
-- MOVE PAGE: interpreted if the host has both pages; else partially executed, and KVM brings them in
-- (handle_mvpg_pei()).

local options = { arch = "s390x", covers = "intercept.c: handle_mvpg_pei" }
local FROM <const>, TO <const> = 0x40000, 0x41000
local PROTECTION <const>, ADDRESSING <const>, PAGE_TRANSLATION <const> = 4, 5, 0x11

local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest{ data = { [FROM] = "a page" } }
	return vcpu, ram, vm, vmm
end

local function partial(vcpu)
	return vcpu:stats().exit_pei
end

scenario("MVPG: both pages are there", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:read(FROM, 1)):eq("a")
	expect(vcpu:write(TO, "before")):is_true()
	expect(vcpu:mvpg(TO + 0x123, FROM + 0xfff)):is_true()
	expect(vcpu:read(TO, 6)):eq("a page")
	expect(vcpu:read(FROM, 6)):eq("a page")
	expect(partial(vcpu)):eq(0)
end)

scenario("MVPG: KVM brings in the page that is missing", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:mvpg(TO, FROM)):is_true()
	expect(vcpu:read(TO, 6)):eq("a page")
	expect(partial(vcpu)):ge(1)
	for _, page in ipairs{ FROM, TO } do
		expect(ram:madvise(page, "4K", MADV_PAGEOUT)):eq(0)
		expect(ram:page(page >> 12)):fields{ swapped = true }
		local before = partial(vcpu)
		expect(vcpu:mvpg(TO, FROM)):is_true()
		expect(partial(vcpu)):eq(before + 1)
		expect(vcpu:read(TO, 6)):eq("a page")
	end
end)

scenario("MVPG: is recorded as a write of the target only", options, function(sim)
	local vcpu, ram, vm, _ = guest(sim)
	expect(vcpu:mvpg(TO, FROM)):is_true()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram,
		flags = KVM_MEM_LOG_DIRTY_PAGES }):eq(0)
	vm:get_dirty_log{ slot = 0 }
	expect(vcpu:mvpg(TO, FROM)):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ TO >> 12 }
end)

-- Any other access is an addressing exception there.
cases("MVPG: where the VMM has no page KVM_RUN fails", options, {
	{ "the source", FROM }, { "the target", TO },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(ram:munmap(case[2], "4K")):eq(0)
	expect(vcpu:mvpg(TO, FROM)):fields{ ret = -EFAULT }
end)

scenario("MVPG: outside of the slots", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:mvpg("4M", FROM)):fields{ exception = { code = ADDRESSING } }
	expect(vcpu:mvpg(TO, "4M")):fields{ exception = { code = ADDRESSING } }
end)

scenario("MVPG: by the guest's own tables", options, function(sim)
	local vcpu, ram = guest(sim)
	vcpu:map{ from = 0x40000000, to = FROM }
	vcpu:map{ from = 0x40001000, to = TO }
	vcpu:map{ from = 0x40002000, to = TO, prot = "r" }
	expect(vcpu:set_psw{ dat = true, amode = 64 }):eq(0)
	expect(vcpu:mvpg(0x40002000, 0x40000000)):fields{ exception = { code = PROTECTION } }
	expect(vcpu:mvpg(0x40003000, 0x40000000)):fields{ exception = { code = PAGE_TRANSLATION } }
	expect(ram:read(TO, 6)):eq(("\0"):rep(6))
	expect(vcpu:set_psw{ problem = true }):eq(0)
	expect(vcpu:mvpg(0x40001000, 0x40000000)):is_true()
	expect(ram:read(TO, 6)):eq("a page")
end)
