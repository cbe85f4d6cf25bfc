-- SPDX-License-Identifier: GPL-2.0-only
-- A guest that halts while KVM has its APIC: KVM_RUN waits, first by polling, for an interrupt (kvm_vcpu_halt()). The
-- time is virtual: it passes while KVM polls, and jumps to the next timer when everybody sleeps.
local G = require("machine")

local options = { mmu = "ept" }
local CODE <const>, IF <const>, APIC <const> = G.CODE, 1 << 9, 0xfee00000
local US <const> = 1000
local FLAG <const> = 0x5000
local MSR_KVM_POLL_CONTROL <const> = 0x4b564d05

-- Starts the APIC's timer and halts; the handler exits; then it says that it is done.
local code <const> = [[
    c7 83 80 03 00 00 %s    # mov dword ptr [rbx + 0x380], ns
    fb f4                   # sti; hlt
    fa                      # cli
    31 c0 89 83 b0 00 00 00 # xor eax, eax; mov [rbx + 0xb0], eax: EOI
    e6 01                   # out 1, al
]]

local function guest(sim)
    local vcpu, ram, vm, vmm = G.new(sim, { irqchip = true })
    vcpu:map{ from = APIC, to = APIC }
    for register, value in pairs{ [0xf0] = 0x1ff, [0x3e0] = 0xb, [0x320] = 0x55 } do
        expect(vcpu:write(APIC + register, string.pack("<I4", value))):is_true()
    end
    return vcpu, ram, vm, vmm
end

-- One halt that the timer ends after so many ns: how long KVM polled and how long it slept, in ns.
local function halt(vcpu, ram, ns)
    local before = vcpu:stats()
    local hex = string.pack("<I4", ns):gsub(".", function(c) return ("%02x "):format(c:byte()) end)
    local exit = vcpu:run_code{ at = CODE, regs = { rsp = G.STACK, rbx = APIC, rflags = 2 }, hex = code:format(hex) }
    expect(exit):fields{ reason = KVM_EXIT_IO, io = { port = G.PORT } }
    expect(G.frame(vcpu, ram)):fields{ vector = 0x55, rflags = IF | 2 }
    expect(exit:complete()):fields{ reason = KVM_EXIT_IO, io = { port = 1 } }
    local after = vcpu:stats()
    local function more(name)
        return after[name] - before[name]
    end
    expect(more("halt_exits")):eq(1)
    local polled, slept = more("halt_poll_success_ns") + more("halt_poll_fail_ns"), more("halt_wait_ns")
    expect(more("halt_attempted_poll")):eq(polled > 0 and 1 or 0)
    expect(more("halt_wakeup")):eq(slept > 0 and 1 or 0)
    expect(more("halt_successful_poll")):eq(slept > 0 and 0 or 1)
    -- The timer began a little earlier; a round of polling takes some time.
    expect(polled + slept):gt(ns - 2 * US)
    expect(polled + slept):lt(ns + 10 * US)
    return polled, slept
end

-- Halts of 100 us each, and how many us of each KVM polls: all that it may, to within a few.
local function polls(vcpu, ram, list)
    for _, us in ipairs(list) do
        local polled, slept = halt(vcpu, ram, 100 * US)
        expect(polled):ge(us * US - 2 * US)
        expect(polled):lt(us * US + 10 * US)
        expect(slept == 0):eq(us >= 100)
    end
end

local function set(sim, t)
    for name, value in pairs(t) do
        expect(sim:set_module_param("kvm." .. name, value)):eq(0)
    end
end

scenario("halt: KVM polls longer and longer, until it polls long enough", options, function(sim)
    local vcpu, ram = guest(sim)
    set(sim, { halt_poll_ns = 200 * US, halt_poll_ns_grow_start = 10 * US, halt_poll_ns_grow = 2 })
    polls(vcpu, ram, { 0, 10, 20, 40, 80, 100, 100 })
    set(sim, { halt_poll_ns_grow = 0 })
    polls(vcpu, ram, { 100 })
end)

-- After 160 us of polling that were in vain.
cases("halt: a long one, and then KVM polls less", options, {
    { "not at all",  0, { 0, 10 } },
    { "a half",      2, { 80, 100 } },
    { "a quarter",   4, { 40, 80, 100 } },
    { "so little that it is none", 32, { 0, 10 } },
}, function(sim, case)
    local vcpu, ram = guest(sim)
    set(sim, { halt_poll_ns = 200 * US, halt_poll_ns_grow_start = 10 * US, halt_poll_ns_grow = 2,
        halt_poll_ns_shrink = case[2] })
    polls(vcpu, ram, { 0, 10, 20, 40, 80, 100 })
    expect(halt(vcpu, ram, 5000 * US)):ge(160 * US)
    polls(vcpu, ram, case[3])
end)

-- Who may forbid it or bound it, and what is polled then.
cases("halt: no polling, or less of it", options, {
    { "the host's parameter", function(sim) set(sim, { halt_poll_ns = 0 }) end, { 0, 0 } },
    { "a factor of 0", function(sim) set(sim, { halt_poll_ns_grow = 0 }) end, { 0, 0 } },
    { "KVM_CAP_HALT_POLL of 0", function(_, vm)
        expect(vm:enable_cap{ cap = KVM_CAP_HALT_POLL, args = { 0 } }):eq(0)
    end, { 0, 0 } },
    { "the guest's MSR", function(_, _, vcpu) expect(vcpu:set_msr(MSR_KVM_POLL_CONTROL, 0)):eq(1) end, { 0, 0 } },
}, function(sim, case)
    local vcpu, ram, vm = guest(sim)
    set(sim, { halt_poll_ns = 200 * US, halt_poll_ns_grow_start = 10 * US, halt_poll_ns_grow = 2 })
    case[2](sim, vm, vcpu)
    polls(vcpu, ram, case[3])
end)

scenario("halt: a smaller bound takes effect at once", options, function(sim)
    local vcpu, ram, vm = guest(sim)
    set(sim, { halt_poll_ns = 200 * US, halt_poll_ns_grow_start = 10 * US, halt_poll_ns_grow = 2,
        halt_poll_ns_shrink = 0 })
    polls(vcpu, ram, { 0, 10, 20, 40 })
    expect(vm:enable_cap{ cap = KVM_CAP_HALT_POLL, args = { 30 * US } }):eq(0)
    polls(vcpu, ram, { 30, 0, 0 })          -- a halt that is longer than any polling may be makes it none
    expect(vm:enable_cap{ cap = KVM_CAP_HALT_POLL, args = { 1 << 32 } }):eq(-EINVAL)
    expect(vm:enable_cap{ cap = KVM_CAP_HALT_POLL, flags = 1, args = { 200 * US } }):eq(-EINVAL)
    polls(vcpu, ram, { 0, 0 })
end)

-- A thread sends signals to the vCPU's, which has said that it halts, and then an interrupt.
cases("halt: a signal ends it, but for one that the mask of KVM_SET_SIGNAL_MASK blocks", options, {
    { "no mask", nil },
    { "a mask with other signals", ~(1 << (SIGUSR1 - 1)) },
    { "a mask with all signals", -1, blocked = true },
}, function(sim, case)
    local vcpu, ram, vm, vmm = guest(sim)
    expect(ram:write(FLAG, "\0")):eq(0)
    if case[2] then
        expect(vcpu:ioctl(KVM_SET_SIGNAL_MASK, string.pack("<I4I8", 8, case[2]))):eq(0)
    end
    local running = true
    sim:thread("vcpu", function()
        local exit = vcpu:run_code{ at = CODE, regs = { rsp = G.STACK, rbx = FLAG, rflags = 2 }, hex = [[
            c6 03 01                # mov byte ptr [rbx], 1
            fb f4                   # sti; hlt
        ]] }
        running = false
        if case.blocked then
            expect(exit):fields{ ret = 0, reason = KVM_EXIT_IO, io = { port = G.PORT } }
        else
            expect(exit):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
        end
    end)
    sim:thread("signals", function()
        while ram:read(FLAG, 1) ~= "\1" and not sim:stopping() do
        end
        for _ = 1, 20 do
            vmm:kill(SIGUSR1)
        end
        while running and not case.blocked and not sim:stopping() do
            vmm:kill(SIGUSR1)
        end
        if case.blocked then
            expect(vm:ioctl(KVM_SIGNAL_MSI, string.pack("<I4I4I4I4", APIC, 0, 0x55, 0) .. ("\0"):rep(16))):eq(1)
        end
    end)
    sim:join()
end)
