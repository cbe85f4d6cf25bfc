-- SPDX-License-Identifier: GPL-2.0-only
-- A vCPU is one thread's at a time: whoever calls it meanwhile waits (vcpu->mutex, kvm_vcpu_ioctl() in
-- virt/kvm/kvm_main.c). A page that is not there yet keeps the first call in the kernel.

any_page_size()
local PAGE <const> = PAGE_SIZE
local PATIENCE <const> = 1000	-- calls of the VMM during which the second call could come back

scenario("while a vCPU waits for a page, no other thread's ioctl of it goes on", { check = "end" }, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING, 0, 256 * PAGE)):eq(0)
	ram:write(300 * PAGE, "here")
	local asked, copied, back = false, false, false
	sim:thread("first", function()
		expect(vcpu:read(PAGE, 4)):eq("data")
	end)
	sim:thread("second", function()
		while not asked do end
		local rc = vcpu:ioctl(KVM_GET_MP_STATE, ("\0"):rep(4), 4)
		back = true
		expect(copied):is_true()
		expect(rc):ge(0)	-- s390x: the state
	end)
	sim:thread("vmm", function()
		expect(uffd:read()):fields{ address = ram.addr + PAGE }
		asked = true
		for _ = 1, PATIENCE do
			if back then break end
			ram:read(300 * PAGE, 4)
		end
		copied = not back
		expect(uffd:copy(ram, PAGE, "data" .. ("\0"):rep(PAGE - 4))):eq(PAGE)
	end)
	sim:join()
end)
