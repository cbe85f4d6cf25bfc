-- SPDX-License-Identifier: GPL-2.0-only
-- kvm_zap_gfn_range() beside faults and beside invalidations of the host: a device whose DMA ignores caches comes and
-- goes, which changes all entries of EPT. The check of memory types judges.

local SIZE <const> = 4 << 20

cases("a device comes and goes while vCPUs write", {
	arch = "x86_64", mmu = { "ept", "ept_rmap" }, kernel = "6.12", covers = "kvm_zap_gfn_range()",
	check = "end", timeout = 60,
}, {
	{ "small pages", false }, { "huge pages", true },
}, function(sim, case)
	local first, ram, vm, vmm = sim:guest{ ram = { length = SIZE, huge = case[2] } }
	local device, file = vm:create_device{ type = KVM_DEV_TYPE_VFIO }, vmm:vfio_device{ coherent = false }
	local function set(attr)
		expect(device:set_device_attr{ group = KVM_DEV_VFIO_GROUP, attr = attr, value = file.fd }):eq(0)
	end
	local writes, rounds, events = { 0, 0 }, 0, 0
	for i, vcpu in ipairs{ first, vm:create_vcpu() } do
		sim:thread("vcpu " .. i, function()
			while not sim:stopping() do
				expect(vcpu:workload{ op = "write", range = { SIZE // 2, SIZE // 2 }, stride = "16K" }):eq(128)
				expect(vcpu:write(i * 4096, string.pack("<I8", writes[i] + 1))):is_true()
				writes[i] = writes[i] + 1
			end
		end)
	end
	sim:thread("devices", function()
		while not sim:stopping() do
			set(KVM_DEV_VFIO_GROUP_ADD)
			set(KVM_DEV_VFIO_GROUP_DEL)
			rounds = rounds + 1
		end
	end)
	sim:thread("host", function()
		while not sim:stopping() do
			expect(ram:madvise(SIZE // 2, "64K", MADV_DONTNEED)):eq(0)
			events = events + 1
		end
	end)
	sim:join{ seconds = 0.2, at_least = function()
		return rounds > 1 and events > 1 and writes[1] > 1 and writes[2] > 1
	end }
	set(KVM_DEV_VFIO_GROUP_ADD)
	for i = 1, 2 do
		expect(ram:read(i * 4096, 8)):eq(string.pack("<I8", writes[i]))
		expect(first:read(i * 4096, 8)):eq(string.pack("<I8", writes[i]))
		expect(sim.inspect:mapping(vm, i * 4096).raw >> 3 & 15):eq(6)	-- write-back, as the guest's PAT says
	end
end)
