-- SPDX-License-Identifier: GPL-2.0-only
-- Guest memory that a VMM fills on demand: UFFDIO_REGISTER_MODE_MISSING, as in the post-copy phase of a migration.
-- Another thread of the VMM resolves what the guest waits for.

any_page_size()
local PAGE <const> = PAGE_SIZE

local options = { check = "end" }
local PAGEFAULT <const> = UFFD_EVENT_PAGEFAULT
local MISSING <const> = UFFDIO_REGISTER_MODE_MISSING

local function page_of(text)
	return text .. ("\0"):rep(PAGE - #text)
end

-- A guest whose first MiB is missing, and what resolves it.
local function guest(sim, features)
	local vcpu, ram, vm, vmm = sim:guest()
	local uffd = vmm:userfaultfd{ features = features }
	expect(uffd:register(ram, MISSING, 0, 256 * PAGE)):eq(0)
	return vcpu, ram, uffd, vmm, vm
end

-- Runs both to their end.
local function meanwhile(sim, vcpu_does, vmm_does)
	sim:thread("vcpu", vcpu_does)
	sim:thread("vmm", vmm_does)
	sim:join()
end

scenario("post-copy: the guest reads what the VMM copies when it asks", options, function(sim)
	local vcpu, ram, uffd = guest(sim)
	meanwhile(sim, function()
		for n = 0, 3 do
			expect(vcpu:read(n * PAGE + 8, 6)):eq("page " .. n)
			expect(vcpu:read(n * PAGE + 8, 6)):eq("page " .. n)
		end
	end, function()
		for n = 0, 3 do
			expect(uffd:read()):eq{ event = PAGEFAULT, flags = 0, address = ram.addr + n * PAGE, ptid = 0 }
			expect(uffd:copy(ram, n * PAGE, page_of(("\0"):rep(8) .. "page " .. n))):eq(PAGE)
		end
	end)
	expect(ram:read(3 * PAGE + 8, 6)):eq("page 3")
	expect(ram:page(4)):fields{ mapped = false }
end)

scenario("post-copy: the message says whether the access is a write", options, function(sim)
	local vcpu, ram, uffd = guest(sim)
	meanwhile(sim, function()
		expect(vcpu:write(PAGE + 4, "guest")):is_true()
	end, function()
		expect(uffd:read()):fields{ flags = UFFD_PAGEFAULT_FLAG_WRITE, address = ram.addr + PAGE }
		expect(uffd:copy(ram, PAGE, page_of("from other machine"))):eq(PAGE)
	end)
	expect(ram:read(PAGE, 20)):eq("fromguestr machine\0\0")
end)

scenario("post-copy: a page of zeros, pages ahead of the guest, and memory beside", options, function(sim)
	local vcpu, ram, uffd = guest(sim)
	expect(uffd:copy(ram, 2 * PAGE, page_of("ahead") .. page_of("of it"))):eq(2 * PAGE)
	meanwhile(sim, function()
		expect(vcpu:read(2 * PAGE, 5)):eq("ahead")
		expect(vcpu:read(3 * PAGE, 5)):eq("of it")
		expect(vcpu:read(256 * PAGE, 1)):eq("\0")	-- not registered
		expect(vcpu:read(5 * PAGE, 4)):eq("\0\0\0\0")
		expect(vcpu:write(5 * PAGE, "x")):is_true()
	end, function()
		expect(uffd:read()):fields{ address = ram.addr + 5 * PAGE }
		expect(uffd:zeropage(ram, 5 * PAGE, PAGE)):eq(PAGE)
	end)
	expect(ram:read(5 * PAGE, 2)):eq("x\0")
end)

scenario("post-copy: two vCPUs wait for one page", options, function(sim)
	local vcpu, ram, uffd, _, vm = guest(sim)
	local other = vm:create_vcpu()
	for i, v in ipairs{ vcpu, other } do
		sim:thread("vcpu" .. i, function()
			expect(v:read(PAGE, 6)):eq("shared")
		end)
	end
	sim:thread("vmm", function()
		expect(uffd:read()):fields{ address = ram.addr + PAGE }
		expect(uffd:read()):fields{ address = ram.addr + PAGE }
		expect(uffd:copy(ram, PAGE, page_of("shared"))):eq(PAGE)
	end)
	sim:join()
	expect(uffd:copy(ram, PAGE, page_of("again"))):eq(-EEXIST)
end)

scenario("post-copy: copied without waking, then woken", options, function(sim)
	local vcpu, ram, uffd = guest(sim)
	meanwhile(sim, function()
		expect(vcpu:read(0, 4)):eq("data")
	end, function()
		expect(uffd:read()):fields{ address = ram.addr }
		expect(uffd:copy(ram, 0, page_of("data"), UFFDIO_COPY_MODE_DONTWAKE)):eq(PAGE)
		expect(uffd:wake(ram, 0, PAGE)):eq(0)
	end)
end)

cases("post-copy: the guest goes on with a page of its own when nobody is there to resolve it", options, {
	{ "unregistered", function(uffd, ram) return uffd:unregister(ram, 0, 256 * PAGE) end },
	{ "closed",       function(uffd) return uffd:close() end },
}, function(sim, case)
	local vcpu, ram, uffd = guest(sim)
	meanwhile(sim, function()
		expect(vcpu:write(3 * PAGE, "zeros")):is_true()
	end, function()
		expect(uffd:read()):fields{ address = ram.addr + 3 * PAGE }
		expect(case[2](uffd, ram)):eq(0)
	end)
	expect(ram:read(3 * PAGE, 6)):eq("zeros\0")
end)

scenario("post-copy: memory dropped under the guest is missing again, and the VMM is told", options, function(sim)
	local vcpu, ram, uffd = guest(sim, UFFD_FEATURE_EVENT_REMOVE)
	expect(uffd:copy(ram, 0, page_of("first"))):eq(PAGE)
	expect(vcpu:read(0, 5)):eq("first")
	meanwhile(sim, function()
		expect(ram:madvise(0, PAGE, MADV_DONTNEED)):eq(0)
		expect(vcpu:read(0, 6)):eq("second")
	end, function()
		expect(uffd:read()):eq{ event = UFFD_EVENT_REMOVE, from = ram.addr, to = ram.addr + PAGE }
		expect(uffd:read()):fields{ event = PAGEFAULT, address = ram.addr }
		expect(uffd:copy(ram, 0, page_of("second"))):eq(PAGE)
	end)
end)

scenario("post-copy: the monitor of a fork resolves the child's faults", options, function(sim)
	local vcpu, ram, uffd, vmm = guest(sim, UFFD_FEATURE_EVENT_FORK)
	expect(uffd:copy(ram, 0, page_of("parent"))):eq(PAGE)
	expect(vcpu:read(0, 6)):eq("parent")
	local child, childs
	meanwhile(sim, function()
		child = vmm:fork()
	end, function()
		local e = uffd:read()
		expect(e):fields{ event = UFFD_EVENT_FORK }
		childs = e.userfaultfd
	end)
	local view = child:view(ram)
	expect(view:read(0, 6)):eq("parent")
	meanwhile(sim, function()
		expect(view:read(PAGE, 5)):eq("child")
	end, function()
		expect(childs:read()):fields{ address = ram.addr + PAGE }
		expect(childs:copy(view, PAGE, page_of("child"))):eq(PAGE)
	end)
	expect(ram:page(1)):fields{ mapped = false }
end)

scenario("post-copy: mremap moves the registration, and the VMM is told where to", options, function(sim)
	local _, ram, uffd = guest(sim, UFFD_FEATURE_EVENT_REMAP)
	expect(uffd:copy(ram, 0, page_of("moved"))):eq(PAGE)
	local moved
	meanwhile(sim, function()
		moved = ram:mremap{ offset = 0, old_length = 256 * PAGE, new_length = 256 * PAGE,
			flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP }
	end, function()
		expect(uffd:read()):fields{ event = UFFD_EVENT_REMAP, from = ram.addr, length = 256 * PAGE }
	end)
	expect(moved:read(0, 5)):eq("moved")
	meanwhile(sim, function()
		expect(moved:read(PAGE, 4)):eq("late")
	end, function()
		expect(uffd:read()):fields{ address = moved.addr + PAGE }
		expect(uffd:copy(moved, PAGE, page_of("late"))):eq(PAGE)
	end)
end)

-- The result of an access to a page that nobody supplies: before 7.0, s390's KVM gives the guest an addressing
-- exception.
local function failed(sim)
	return sim.arch == "s390x" and not sim:kernel_since("7.0") and { exception = { vector = 5 } } or { ret = -EFAULT }
end

scenario("post-copy: with UFFD_FEATURE_SIGBUS nobody waits", options, function(sim)
	local vcpu, ram, uffd, vmm = guest(sim, UFFD_FEATURE_SIGBUS)
	expect(ram:read(0, 1)):eq(-EFAULT)
	expect(vmm:take_signal()):fields{ signo = SIGBUS, addr = ram.addr }
	expect(vcpu:read(0, 1)):fields(failed(sim))
	expect(vmm:take_signal()):is_nil()
	expect(uffd:copy(ram, 0, page_of("there"))):eq(PAGE)
	expect(vcpu:read(0, 5)):eq("there")
end)

-- UFFD_USER_MODE_ONLY: faults that the kernel takes on behalf of the guest are not passed on.
scenario("post-copy: with UFFD_USER_MODE_ONLY the guest's faults fail", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	local uffd = vmm:userfaultfd{ flags = UFFD_USER_MODE_ONLY }
	expect(uffd:register(ram, MISSING)):eq(0)
	expect(vcpu:read(0, 1)):fields(failed(sim))
	meanwhile(sim, function()
		expect(ram:read(0, 4)):eq("user")
	end, function()
		expect(uffd:read()):fields{ address = ram.addr }
		expect(uffd:copy(ram, 0, page_of("user"))):eq(PAGE)
	end)
	expect(vcpu:read(0, 4)):eq("user")
end)

scenario("post-copy: pages of another mapping move in", { check = "end", kernel = "6.8" }, function(sim)
	local vcpu, ram, uffd, vmm = guest(sim)
	local received = vmm:mmap{ length = 16 * PAGE, huge = false }
	received:write(PAGE, "received")
	local pfn = received:page(1).pfn
	meanwhile(sim, function()
		expect(vcpu:read(0, 8)):eq("received")
	end, function()
		expect(uffd:read()):fields{ address = ram.addr }
		expect(uffd:move(ram, 0, received, PAGE, PAGE)):eq(PAGE)
	end)
	expect(ram:page(0).pfn):eq(pfn)
	expect(received:page(1)):fields{ mapped = false }
	expect(uffd:move(ram, PAGE, received, PAGE, PAGE)):eq(-ENOENT)
	expect(uffd:move(ram, PAGE, received, PAGE, PAGE, UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES)):eq(PAGE)
end)

-- kvm_handle_error_pfn() and do_sigbus() notify the VMM. s390's KVM tells it from no other error, and do_sigbus() there
-- knows only one code.
scenario("post-copy: a page that was lost on the way is a memory error", { check = "end", kernel = "6.6" }, function(sim)
	local vcpu, ram, uffd, vmm = guest(sim)
	expect(uffd:poison(ram, PAGE, PAGE)):eq(PAGE)
	if sim.arch == "s390x" then
		expect(vcpu:read(PAGE, 1)):fields(failed(sim))
	else
		expect(vcpu:read(PAGE, 1)):fields{ ret = -EINTR }
		expect(vmm:take_signal()):eq{ signo = SIGBUS, code = BUS_MCEERR_AR, addr = ram.addr + PAGE }
	end
	expect(vmm:take_signal()):is_nil()
	expect(ram:read(PAGE, 1)):eq(-EFAULT)
	expect(vmm:take_signal()):eq{ signo = SIGBUS, code = sim.arch == "s390x" and BUS_ADRERR or BUS_MCEERR_AR,
		addr = ram.addr + PAGE }
end)

scenario("post-copy: refused", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 16 * PAGE }
	expect(vmm:userfaultfd{ flags = 2 }):eq(-EINVAL)
	expect(vmm:userfaultfd{ features = 1 << 40 }):eq(-EINVAL)
	local uffd = vmm:userfaultfd{ flags = O_NONBLOCK }
	expect(uffd.features & UFFD_FEATURE_SIGBUS):ne(0)
	expect(uffd.features & UFFD_FEATURE_MINOR_SHMEM == 0):eq(sim.arch == "s390x")
	expect(uffd:read()):eq(-EAGAIN)
	expect(uffd:register(ram, 0)):eq(-EINVAL)
	expect(uffd:register(ram, MISSING, 1, PAGE)):eq(-EINVAL)
	expect(uffd:copy(ram, 0, page_of("x"))):eq(-ENOENT)
	expect(uffd:register(ram, MISSING)):eq(0)
	expect(vmm:userfaultfd():register(ram, MISSING)):eq(-EBUSY)
	expect(uffd:copy(ram, 0, "less than a page")):eq(-EINVAL)
	expect(uffd:zeropage(ram, 0, 0)):eq(-EINVAL)
	expect(uffd:copy(ram, 0, page_of("x"), 1 << 9)):eq(-EINVAL)
	expect(uffd:unregister(ram, 0, 16 * PAGE)):eq(0)
	expect(ram:read(0, 1)):eq("\0")
end)
