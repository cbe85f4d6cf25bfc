-- SPDX-License-Identifier: GPL-2.0-only
-- HLT with pages in the page-modification log. It is an exit, so KVM empties the log first (vmx_handle_exit() of
-- arch/x86/kvm/vmx/vmx.c), and a VMM that finds the vCPU halted finds its writes.

local options = { arch = "x86_64", mmu = "pml", check = "end" }
local CODE <const>, FIRST <const>, PAGES <const> = 0x1000, 0x10, 100
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES

-- Writes to ecx pages from rbx on, and halts.
local code <const> = [[
	89 0b                   # again: mov [rbx], ecx
	48 81 c3 00 10 00 00    # add rbx, 0x1000
	ff c9                   # dec ecx
	75 f3                   # jnz again
	f4                      # hlt
]]

local function start(n)
	return { at = CODE, regs = { rbx = FIRST << 12, rcx = n, rflags = 2 }, hex = code }
end

local function pages(vm)
	return vm:get_dirty_log{ slot = 0 }:pages()
end

-- The first n pages that the code writes to.
local function list(n)
	local t = {}
	for i = 1, n do
		t[i] = FIRST + i - 1
	end
	return t
end

cases("PML: HLT, which the VMM gets", options, {
	{ "with one entry",    1 },
	{ "with some entries", PAGES },
}, function(sim, case)
	local vcpu, _, vm = sim:guest{ ram = { length = "8M", huge = false }, slot = { flags = LOG } }
	expect(vcpu:run_code(start(case[2]))):fields{ ret = 0, reason = KVM_EXIT_HLT }
	-- The pages are writable now, and only the log tells of writes.
	expect(#pages(vm)):ge(case[2])
	local before = sim.inspect:counters().guest_faults
	expect(vcpu:run_code(start(case[2]))):fields{ ret = 0, reason = KVM_EXIT_HLT }
	expect(sim.inspect:counters().guest_faults):eq(before)
	expect(pages(vm)):eq(list(case[2]))
	expect(pages(vm)):eq{}
end)

-- With KVM's own APICs a halted vCPU stays in KVM_RUN. Nobody makes it exit, and its writes are in the log.
scenario("PML: HLT, in which the vCPU stays", options, function(sim)
	local vmm = sim:process()
	local vm, ram = vmm:open_kvm():create_vm(), vmm:mmap{ length = "4M", huge = false }
	expect(vm:create_irqchip()):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, flags = LOG, guest_phys_addr = 0, memory_size = ram.length,
		userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	for page = FIRST, FIRST + PAGES - 1 do
		expect(vcpu:write(page << 12, "old")):is_true()
	end
	expect(pages(vm)):eq(list(PAGES))
	local running, seen = true, {}
	sim:thread("vcpu", function()
		expect(vcpu:run_code(start(PAGES))):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
		running = false
	end)
	sim:thread("vmm", function()
		local n = 0
		repeat
			for _, gfn in ipairs(pages(vm)) do
				n = n + (gfn >= FIRST and not seen[gfn] and 1 or 0)
				seen[gfn] = true
			end
		until n == PAGES
		while running do
			vmm:kill(SIGUSR1)
		end
	end)
	sim:join()
end)
