-- SPDX-License-Identifier: GPL-2.0-only
-- Exceptions and interrupts of guest code: the guest's IDT, stacks and descriptors, IRET, and what KVM queues.
local G = require("machine")

local mmu = { "ept", "npt", "shadow" }
local CODE <const>, DATA <const> = G.CODE, G.DATA
local RF <const>, IF <const> = 1 << 16, 1 << 9

local function at_handler(exit)
    expect(exit):fields{ reason = KVM_EXIT_IO, io = { port = G.PORT, direction = KVM_EXIT_IO_OUT } }
end

-- Code, the exception that its instruction at `at` raises, and the bytes to go on behind it.
local rows = {
    { "division by 0", hex = "31 c9 f7 f1 f4", vector = 0, at = 2 },                    -- xor ecx, ecx; div ecx
    { "UD2", hex = "0f 0b f4", vector = 6 },
    { "LOCK where it is not allowed", hex = "f0 01 c0 f4", vector = 6 },
    { "SSE without OSFXSR", hex = "0f 28 c1 f4", vector = 6, cr4 = 0x20 },
    { "SSE with CR0.TS", hex = "0f 28 c1 f4", vector = 7, cr0 = 0x80010039 },
    { "segment without descriptor", hex = "66 b8 f0 00 8e d8 f4", vector = 13, at = 4, error_code = 0xf0 },
    { "segment that is not present", hex = "66 b8 30 00 8e d8 f4", vector = 13, at = 4, error_code = 0x30 },
    { "address that is not canonical", hex = "48 b8 00 00 00 00 00 00 00 80 ff 00 f4", vector = 13, at = 10,
        error_code = 0 },
    { "MOVAPS that is not aligned", hex = "0f 29 0c 25 08 40 00 00 f4", vector = 13, error_code = 0 },
    { "page not present", hex = "b8 00 00 20 00 8b 00 f4", vector = 14, at = 5, error_code = 0, cr2 = 0x200000 },
    { "page not present, written", hex = "b8 00 00 20 00 01 00 f4", vector = 14, at = 5, error_code = 2,
        cr2 = 0x200000 },
    { "INT3", hex = "cc f4", vector = 3, after = 1 },
    { "INT n", hex = "cd 55 f4", vector = 0x55, after = 2 },
}

cases("an exception reaches its handler", { mmu = mmu }, rows, function(sim, row)
    local vcpu, ram = G.new(sim)
    expect(vcpu:set_sregs{ cr4 = row.cr4, cr0 = row.cr0 }):eq(0)
    local exit = vcpu:run_code{ at = CODE, regs = { rsp = G.STACK - 3, rflags = 0x246 }, hex = row.hex }
    at_handler(exit)
    local f = G.frame(vcpu, ram)
    local is_fault = row.after == nil
    expect(f):fields{ vector = row.vector, rip = CODE + (row.after or row.at or 0), cs = G.CS, ss = G.DS,
        rsp = G.STACK - 3 }
    expect(f.rflags & RF ~= 0):eq(is_fault)
    expect(f.rflags & IF):eq(IF)
    expect(f.error_code):eq(row.error_code)
    expect(f.rsp_of_handler & 15):eq(row.error_code and 8 or 0)      -- the frame begins at a multiple of 16
    expect(vcpu:get_regs().rflags & (IF | RF)):eq(0)
    if row.cr2 then expect(vcpu:get_sregs().cr2):eq(row.cr2) end
    if not is_fault then
        expect(exit:complete()):fields{ reason = KVM_EXIT_HLT }
        expect(vcpu:get_regs()):fields{ rip = CODE + row.after + 1, rsp = G.STACK - 3, rflags = 0x246 }
    end
end)

scenario("a handler with a stack of the IST, and a trap gate", { mmu = mmu }, function(sim)
    local vcpu, ram = G.new(sim, { ist = 1, trap = true })
    local exit = vcpu:run_code{ at = CODE, regs = { rsp = G.STACK, rflags = 0x202 }, hex = "cd 20 f4" }
    at_handler(exit)
    expect(G.frame(vcpu, ram)):fields{ rsp_of_handler = G.STACK_IST - 48, rsp = G.STACK }
    expect(vcpu:get_regs().rflags & IF):eq(IF)
    expect(exit:complete()):fields{ reason = KVM_EXIT_HLT }
    expect(vcpu:get_regs().rsp):eq(G.STACK)
end)

local USER <const> = 0x6000

cases("from CPL 3 and back", { mmu = mmu }, {
    { "INT n of a gate for all", "\xcd\x40", vector = 0x40, after = 2, dpl = 3 },
    { "INT n of a gate for the kernel", "\xcd\x40", vector = 13, error_code = 0x40 * 8 + 2 },
    { "HLT", "\xf4", vector = 13, error_code = 0 },
    { "OUT without a permission", "\xe6\x10", vector = 13, error_code = 0 },
    { "MOV to CR3", "\x0f\x22\xd8", vector = 13, error_code = 0 },
    { "a page of the kernel", "\xa0" .. string.pack("<I8", 0x300000), vector = 14, error_code = 5 },
}, function(sim, row)
    local vcpu, ram = G.new(sim, { dpl = row.dpl, ram = { length = "4M" } })
    vcpu:map{ from = 0x300000, to = 0x80000, user = false }
    expect(ram:write(USER, row[2] .. "\xf4")):eq(0)
    local exit = vcpu:run_code{ at = CODE, regs = { rsp = G.STACK, rflags = 2 }, code = G.to_user(USER, 0x202) }
    at_handler(exit)
    expect(G.frame(vcpu, ram)):fields{ vector = row.vector, rip = USER + (row.after or 0), cs = G.CS3, ss = G.DS3,
        rsp = G.STACK3, error_code = row.error_code }
    local sregs = vcpu:get_sregs()
    expect(sregs.cs):fields{ selector = G.CS, dpl = 0, l = 1 }
    expect(sregs.ss):fields{ selector = 0, dpl = 0 }
    expect(vcpu:get_regs().rsp & ~0xff):eq(G.STACK0 - 0x100)
    if row.after then
        at_handler(exit:complete())                -- HLT is not for CPL 3
        expect(G.frame(vcpu, ram)):fields{ vector = 13, rip = USER + row.after, cs = G.CS3 }
    end
end)

scenario("two exceptions are a double fault, three a shutdown", { mmu = mmu }, function(sim)
    local vcpu, ram = G.new(sim)
    expect(ram:write(G.IDT + 13 * 16 + 5, "\0")):eq(0)       -- #GP's gate is none
    at_handler(vcpu:run_code{ at = CODE, regs = { rsp = G.STACK, rcx = 0 }, hex = "f7 f1 f4" }) -- div ecx
    expect(G.frame(vcpu, ram)):fields{ vector = 0 }
    expect(ram:write(G.IDT + 5, "\0")):eq(0)
    at_handler(vcpu:run_code{ at = CODE, regs = { rsp = G.STACK, rcx = 0 }, hex = "f7 f1 f4" })
    expect(G.frame(vcpu, ram)):fields{ vector = 8, error_code = 0, rip = CODE }
    expect(ram:write(G.IDT + 8 * 16 + 5, "\0")):eq(0)
    expect(vcpu:run_code{ at = CODE, regs = { rsp = G.STACK, rcx = 0 }, hex = "f7 f1 f4" })
        :fields{ ret = 0, reason = KVM_EXIT_SHUTDOWN }
    -- svm.c resets the vCPU, because its VMCB is undefined.
    expect(vcpu:get_regs().rip):eq(sim.mmu == "ept" and CODE or 0xfff0)
end)

scenario("an exception whose stack and IDT are not there yet for KVM", { mmu = mmu }, function(sim)
    local vcpu, ram, vm = G.new(sim)
    local code = { at = CODE, regs = { rsp = G.STACK, rflags = 0x202 }, hex = "cd 33 f4" }
    at_handler(vcpu:run_code(code))
    -- The same again, after KVM has lost each page: the delivery is interrupted by faults, and begins again.
    for _, page in ipairs{ G.IDT, G.GDT, G.STACK - 0x1000, G.HANDLERS + 0x33 * 16 & ~0xfff } do
        expect(ram:migrate(page)):eq(0)
        at_handler(vcpu:run_code(code))
        expect(G.frame(vcpu, ram)):fields{ vector = 0x33, rip = CODE + 2, rflags = 0x202, rsp = G.STACK }
    end
    expect(vcpu:run()):fields{ reason = KVM_EXIT_HLT }
end)

-- Before 6.14 svm.c tried again without end.
for _, t in ipairs{ { mmu = "ept" }, { mmu = { "npt", "shadow" }, kernel = "6.14" } } do
    scenario("an exception whose stack is MMIO" .. (t.kernel and ", SVM" or ""), t, function(sim)
        local vcpu = G.new(sim, { ram = { length = "4M" } })
        vcpu:map{ from = 0x300000, to = 0xd0000000 }
        expect(vcpu:run_code{ at = CODE, regs = { rsp = 0x301000, rcx = 0 }, hex = "f7 f1 f4" }):fields{
            reason = KVM_EXIT_INTERNAL_ERROR, internal = { suberror = KVM_INTERNAL_ERROR_DELIVERY_EV } }
    end)
end

local function interrupt(vcpu, vector)
    return vcpu:ioctl(KVM_INTERRUPT, string.pack("<I4", vector))
end

scenario("an interrupt of the VMM, when the guest allows it", { mmu = mmu }, function(sim)
    local vcpu, ram = G.new(sim)
    local run = vcpu:mmap{ length = "4K" }
    local exit = vcpu:run_code{ at = CODE, regs = { rsp = G.STACK, rflags = 2 }, hex = [[
        e6 01                   # out 1, al: the VMM asks for a window
        90 90                   # nop; nop
        fb                      # sti
        90                      # nop: in the shadow of sti
        90                      # nop: the window opens before it
        f4
    ]] }
    expect(exit):fields{ reason = KVM_EXIT_IO, io = { port = 1 } }
    run:write(0, "\1")                             -- request_interrupt_window
    expect(exit:complete()):fields{ reason = KVM_EXIT_IRQ_WINDOW_OPEN }
    expect(vcpu:get_regs()):fields{ rip = CODE + 6 }
    run:write(0, "\0")
    expect(interrupt(vcpu, 0x61)):eq(0)
    exit = vcpu:run()
    at_handler(exit)
    expect(G.frame(vcpu, ram)):fields{ vector = 0x61, rip = CODE + 6, rflags = 0x202 }
    expect(exit:complete()):fields{ reason = KVM_EXIT_HLT }
end)

-- KVM loses each page that the delivery needs. The processor leaves with the event half delivered.
cases("an event whose delivery faults is not lost", { mmu = mmu }, {
    { "interrupt", 0x61, function(vcpu) return interrupt(vcpu, 0x61) end },
    { "NMI", 2, function(vcpu) return vcpu:ioctl(KVM_NMI, 0) end },
}, function(sim, row)
    local vcpu, ram = G.new(sim)
    for _, page in ipairs{ G.IDT, G.GDT, G.STACK - 0x1000 } do
        local exit = vcpu:run_code{ at = CODE, regs = { rsp = G.STACK, rflags = IF | 2 }, hex = "e6 01 90 f4" }
        expect(exit):fields{ reason = KVM_EXIT_IO, io = { port = 1 } }
        expect(row[3](vcpu)):eq(0)
        expect(ram:migrate(page)):eq(0)
        exit = exit:complete()
        at_handler(exit)
        expect(G.frame(vcpu, ram)):fields{ vector = row[2], rip = CODE + 2, rflags = IF | 2, rsp = G.STACK }
        expect(exit:complete()):fields{ reason = KVM_EXIT_HLT }
    end
end)

scenario("an NMI blocks the next one until IRET", { mmu = mmu }, function(sim)
    local vcpu, ram = G.new(sim)
    local exit = vcpu:run_code{ at = CODE, regs = { rsp = G.STACK, rflags = 2 }, hex = "e6 01 90 f4" }
    expect(exit):fields{ reason = KVM_EXIT_IO, io = { port = 1 } }
    expect(vcpu:ioctl(KVM_NMI, 0)):eq(0)
    exit = exit:complete()
    at_handler(exit)
    expect(G.frame(vcpu, ram)):fields{ vector = 2, rip = CODE + 2, rflags = 2 }
    expect(vcpu:ioctl(KVM_NMI, 0)):eq(0)
    exit = exit:complete()                        -- IRET, and at once the second NMI
    at_handler(exit)
    expect(G.frame(vcpu, ram)):fields{ vector = 2, rip = CODE + 2, rsp = G.STACK }
    expect(exit:complete()):fields{ reason = KVM_EXIT_HLT }
end)

scenario("an interrupt of the local APIC ends a HLT", { mmu = mmu }, function(sim)
    local vcpu, ram = G.new(sim, { irqchip = true })
    vcpu:map{ from = 0xfee00000, to = 0xfee00000 }
    local exit = vcpu:run_code{ at = CODE, regs = { rsp = G.STACK, rflags = 2 }, hex = [[
        bb 00 00 e0 fe                  # mov ebx, 0xfee00000
        c7 83 f0 00 00 00 ff 01 00 00   # mov dword ptr [rbx + 0xf0], 0x1ff: APIC on
        c7 83 00 03 00 00 51 00 04 00   # mov dword ptr [rbx + 0x300], 0x40051: interrupt 0x51 to itself
        90                              # nop: IF is clear
        fb                              # sti
        f4                              # hlt
        e6 01                           # out 1, al
    ]] }
    at_handler(exit)
    expect(G.frame(vcpu, ram)):fields{ vector = 0x51, rip = CODE + 28, rflags = IF | 2 }
    expect(exit:complete()):fields{ reason = KVM_EXIT_IO, io = { port = 1 } }
end)
