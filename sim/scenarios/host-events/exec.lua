-- SPDX-License-Identifier: GPL-2.0-only
-- What a VMM's new program finds: execve() closes the VM's files, which hold the last references to its memory. Also
-- module parameters that change while the machine runs.

scenario("exec: the VM is destroyed, with its memory", function(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	expect(vcpu:write(0x5000, "there")):is_true()
	ram:pin(0x5000)
	expect(vmm:exec()):eq(0)
	expect(ram:read(0x5000, 5)):eq(-EFAULT)
	expect(vmm:take_signal()):fields{ signo = SIGSEGV, code = SEGV_MAPERR }
	expect(vm:get_dirty_log{ slot = 0 }):eq(-EBADF)
	-- The new program is a VMM too.
	local again = vmm:mmap{ addr = ram.addr, length = "2M", flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
	again:write(0x5000, "new")
	vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = again }):eq(0)
	expect(vm:create_vcpu():read(0x5000, 5)):eq("new\0\0")
end)

scenario("exec: in a child, leaves the parent's VM alone", function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	expect(vcpu:write(0x5000, "there")):is_true()
	local child = vmm:fork()
	expect(child:exec()):eq(0)
	expect(child:view(ram):read(0x5000, 5)):eq(-EFAULT)
	expect(vcpu:read(0x5000, 5)):eq("there")
end)

scenario("exec: after threads of the program ran", function(sim)
	local _, ram, vm, vmm = sim:guest()
	for n = 1, 2 do
		local vcpu = vm:create_vcpu()
		sim:thread(("vcpu %d"):format(n), function() expect(vcpu:write(0x1000 * n, "x")):is_true() end)
	end
	sim:join()
	expect(vmm:exec()):eq(0)
	sim:thread("new", function()
		expect(ram:read(0x1000, 1)):eq(-EFAULT)
		expect(vmm:open_kvm():get_api_version()):eq(12)
	end)
	sim:join()
end)

-- Like files below /sys/module.
cases("module parameters", {
	{ "a number",                "kvm.halt_poll_ns",        "12345", 0 },
	{ "a number that is one",    "kvm.halt_poll_ns",        12345,   0 },
	{ "dash for underscore",     "kvm.halt-poll-ns",        1,       0 },
	{ "a name that is not there", "kvm.halt_poll_ms",       1,       -ENOENT },
	{ "without the module",      "halt_poll_ns",            1,       -ENOENT },
	{ "not a number",            "kvm.halt_poll_ns",        "many",  -EINVAL },
	{ "a flag for a number",     "kvm.halt_poll_ns",        true,    -EINVAL },
}, function(sim, row)
	expect(sim:set_module_param(row[2], row[3])):eq(row[4])
end)

-- KVM has none on arm64.
scenario("module parameters: only at load time", { arch = { "x86_64", "s390x" } }, function(sim)
	local name = { x86_64 = "kvm.enable_vmware_backdoor", s390x = "kvm.hpage" }
	expect(sim:set_module_param(name[sim.arch], 1)):eq(-EACCES)
end)
