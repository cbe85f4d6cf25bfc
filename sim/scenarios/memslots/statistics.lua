-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_GET_STATS_FD (api.rst 4.133; virt/kvm/binary_stats.c), and the memory statistics that it shows.

local options = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }

scenario("statistics: mapped pages of each size come and go", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vm:stats()):fields{ pages_4k = 0, pages_2m = 0 }
	expect(vcpu:write(0x1000, "x")):is_true()
	expect(vcpu:write(0x2000, "x")):is_true()
	expect(vm:stats().pages_4k):eq(2)
	expect(ram:munmap()):eq(0)
	expect(vm:stats().pages_4k):eq(0)
end)

scenario("statistics: a huge page is one of another size", options, function(sim)
	local vcpu, _, vm = sim:guest{ ram = { huge = true } }
	expect(vcpu:write(0, "x")):is_true()
	expect(vm:stats()):fields{ pages_4k = 0, pages_2m = 1 }
end)

scenario("statistics: the vCPU's faults are counted", options, function(sim)
	local vcpu = sim:guest()
	local before = vcpu:stats()
	expect(vcpu:write(0x1000, "x")):is_true()
	local after = vcpu:stats()
	expect(after.pf_taken):gt(before.pf_taken)
	expect(after.pf_fixed):gt(before.pf_fixed)
	expect(after.exits):gt(before.exits)
end)

scenario("statistics: the file has a header, the id, descriptions, values", function(sim)
	local _, _, vm = sim:guest()
	local file = vm:get_stats_fd()
	local data = file:read(4096)
	local flags, name_size, count, id, desc, values = string.unpack("<I4I4I4I4I4I4", data)
	expect(flags):eq(0)
	expect(name_size):eq(48)	-- KVM_STATS_NAME_SIZE
	expect(id):eq(24)
	expect(data:sub(id + 1, id + 4)):eq("kvm-")
	expect(desc):eq(id + name_size)
	expect(values):eq(desc + count * (16 + name_size))
	local rest = #data
	repeat
		local piece = file:read(4096)
		rest = rest + #piece
	until #piece == 0
	expect(rest):ge(values + count * 8)
	expect(file:close()):eq(0)
end)

scenario("statistics: the file keeps the VM alive", function(sim)
	local vcpu, _, vm = sim:guest()
	local file, vcpu_file = vm:get_stats_fd(), vcpu:get_stats_fd()
	expect(vcpu:close()):eq(0)
	expect(vm:close()):eq(0)
	expect(#file:read(64)):eq(64)
	expect(#vcpu_file:read(64)):eq(64)
end)

-- The number of the closed file is that of the statistics now. They are of a vCPU too, which makes them no vCPU.
scenario("statistics: their file is not taken for a vCPU", function(sim)
	local vcpu, ram, vm = sim:guest()
	local other = vm:create_vcpu()
	expect(vcpu:close()):eq(0)
	expect(other:get_stats_fd().fd):eq(vcpu.fd)
	expect(vcpu:read(0, 1)):fields{ ret = -EBADF }
	expect(other:write(0x1000, "x")):is_true()
	expect(ram:read(0x1000, 1)):eq("x")
end)
