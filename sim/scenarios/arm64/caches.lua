-- SPDX-License-Identifier: GPL-2.0-only
-- Cache maintenance on arm64: what KVM cleans and invalidates when it maps a page, and what stays the VMM's business.

local no_fwb = { arch = "arm64", facilities = { fwb = false } }
local no_dic = { arch = "arm64", facilities = { dic = false } }
local plain = { arch = "arm64", facilities = { fwb = false, dic = false, idc = false } }

scenario("arm64 caches: without FWB KVM cleans what it maps", no_fwb, function(sim)
	local vcpu, ram = sim:guest{ data = { [0x5000] = "old data" } }
	local before = sim.inspect:counters().dc_lines

	-- With stage 1 off, the guest reads around the caches.
	expect(vcpu:read(0x5000, 8)):eq("old data")
	expect(sim.inspect:counters().dc_lines - before):ge(4096 // 64)
	expect(vcpu:write(0x5008, "own data")):is_true()
	expect(vcpu:read(0x5008, 8)):eq("own data")
end)

scenario("arm64 caches: with FWB nobody cleans anything", { arch = "arm64" }, function(sim)
	local vcpu, ram = sim:guest{ data = { [0x5000] = "old data" } }
	local before = sim.inspect:counters().dc_lines

	expect(vcpu:read(0x5000, 8)):eq("old data")
	ram:write(0x5000, "new data")
	expect(vcpu:read(0x5000, 8)):eq("new data")
	expect(sim.inspect:counters().dc_lines):eq(before)
end)

scenario("arm64 caches: without FWB what the VMM writes later may be missed", no_fwb, function(sim)
	local vcpu, ram = sim:guest{ data = { [0x5000] = "old data" } }

	expect(vcpu:read(0x5000, 8)):eq("old data")
	ram:write(0x5000, "new data")
	expect(vcpu:read(0x5040, 8)):eq("\0\0\0\0\0\0\0\0")	-- another line
	sim:expect_report{ kind = "check:caches", match = "reads 5000" }
	vcpu:read(0x5000, 8)
	-- The guest's own maintenance helps.
	expect(vcpu:dc("civac", 0x5000)):is_true()
	expect(vcpu:read(0x5000, 8)):eq("new data")
end)

scenario("arm64 caches: a guest with stage 1 on sees what is in the caches", no_fwb, function(sim)
	local vcpu, ram = sim:guest{ paging = true, data = { [0x5000] = "old data" },
		map = { { from = 0x40000000, to = 0x5000, prot = "rw" },
			{ from = 0x40001000, to = 0x5000, prot = "rw", attr = "noncacheable" } } }

	expect(vcpu:read(0x40000000, 8)):eq("old data")
	ram:write(0x5000, "new data")
	expect(vcpu:read(0x40000000, 8)):eq("new data")
	sim:expect_report{ kind = "check:caches", match = "reads 40001000" }
	vcpu:read(0x40001000, 8)
end)

scenario("arm64 caches: a page that comes back is cleaned again", no_fwb, function(sim)
	local vcpu, ram = sim:guest{ data = { [0x5000] = "old data" } }

	expect(vcpu:read(0x5000, 8)):eq("old data")
	expect(ram:madvise(0x5000, "4K", MADV_DONTNEED)):eq(0)
	ram:write(0x5000, "new data")
	expect(vcpu:read(0x5000, 8)):eq("new data")
end)

scenario("arm64 caches: without DIC KVM invalidates instruction caches for what becomes executable", no_dic, function(sim)
	local vcpu, ram = sim:guest{ data = { [0x5000] = "code" } }

	expect(vcpu:fetch(0x5000)):eq("c")
	ram:write(0x5000, "more")
	sim:expect_report{ kind = "check:caches", match = "fetches an instruction from 5000" }
	vcpu:fetch(0x5000)
	expect(vcpu:ic("ialluis")):is_true()
	expect(vcpu:fetch(0x5000)):eq("m")
end)

scenario("arm64 caches: data that becomes code", plain, function(sim)
	local vcpu, ram = sim:guest()

	expect(vcpu:write(0x5000, "code")):is_true()
	expect(vcpu:dc("cvau", 0x5000)):is_true()
	expect(vcpu:ic("ivau", 0x5000)):is_true()
	expect(vcpu:fetch(0x5000)):eq("c")
end)
