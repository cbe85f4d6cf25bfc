-- SPDX-License-Identifier: GPL-2.0-only
-- A 64-bit guest with code: its first MiB is mapped one to one, and it has a GDT, a TSS and an IDT whose handlers say
-- at port 0x80 that they run.
local G = {}

G.CODE, G.DATA = 0x1000, 0x4000
G.HANDLERS, G.GDT, G.IDT, G.TSS = 0x10000, 0x12000, 0x13000, 0x14000
-- Tops of stacks: in the beginning, for handlers from CPL 3 (RSP0), of the IST, and of the program at CPL 3.
G.STACK, G.STACK0, G.STACK_IST, G.STACK3 = 0x21000, 0x23000, 0x25000, 0x27000
G.CS, G.DS, G.CS3, G.DS3 = 0x08, 0x10, 0x1b, 0x23
G.PORT = 0x80

local TR <const> = 0x28
local with_error_code <const> = { [8] = true, [10] = true, [11] = true, [12] = true, [13] = true, [14] = true,
    [17] = true }

-- t: ist = the IST's number for all gates, trap = true for gates that leave IF alone, dpl of the gates.
local function gate(handler, t)
    local kind = 0x8e00 + ((t.trap and 1 or 0) << 8) + ((t.dpl or 0) << 13)
    return string.pack("<I2I2I2I2I4I4", handler & 0xffff, G.CS, kind + (t.ist or 0), handler >> 16, 0, 0)
end
G.gate = gate

-- Pushes the vector, tells it to the VMM, and returns to what was interrupted.
local function handler(vector)
    local drop = with_error_code[vector] and 16 or 8
    return string.pack("BB BB BBBB BB", 0x6a, vector, 0xe6, G.PORT, 0x48, 0x83, 0xc4, drop, 0x48, 0xcf) ..
        ("\xcc"):rep(6)
end

local gdt <const> = string.pack("<I8I8I8I8I8I8I8", 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00affb000000ffff,
    0x00cff3000000ffff, 0x00008b0000000067 | (G.TSS & 0xffffff) << 16, 0)

-- A VM with interrupt controllers, which come before the first vCPU.
local function with_irqchip(sim)
    local vmm = sim:process()
    local ram = vmm:mmap{ length = "2M", huge = false }
    local vm = vmm:open_kvm():create_vm()
    expect(vm:create_irqchip()):eq(0)
    expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
    local vcpu = vm:create_vcpu()
    expect(vcpu:set_paging()):eq(0)
    return vcpu, ram, vm, vmm
end

-- Returns vcpu, ram, vm, vmm, slot like sim:guest(). t: ram and vm as there, irqchip = true (without slot), and what
-- gate() takes.
function G.new(sim, t)
    t = t or {}
    local vcpu, ram, vm, vmm, slot
    if t.irqchip then
        vcpu, ram, vm, vmm = with_irqchip(sim)
    else
        vcpu, ram, vm, vmm, slot = sim:guest{ paging = true, vm = t.vm, ram = t.ram }
    end
    vcpu:map{ from = 0, to = 0, size = "1M", prot = "rwx" }
    local handlers, gates = {}, {}
    for vector = 0, 255 do
        handlers[#handlers + 1] = handler(vector & 0x7f)
        gates[#gates + 1] = gate(G.HANDLERS + 16 * vector, t)
    end
    expect(ram:write(G.HANDLERS, table.concat(handlers))):eq(0)
    expect(ram:write(G.IDT, table.concat(gates))):eq(0)
    expect(ram:write(G.GDT, gdt)):eq(0)
    expect(ram:write(G.TSS + 4, string.pack("<I8", G.STACK0))):eq(0)
    expect(ram:write(G.TSS + 102, string.pack("<I2", 0x68))):eq(0)    -- no I/O permission bitmap
    expect(ram:write(G.TSS + 36, string.pack("<I8", G.STACK_IST))):eq(0)
    expect(vcpu:set_sregs{
        gdt = { base = G.GDT, limit = #gdt - 1 }, idt = { base = G.IDT, limit = 256 * 16 - 1 },
        tr = { base = G.TSS, limit = 0x67, selector = TR, type = 11, present = 1, s = 0, unusable = 0 },
        cr4 = vcpu:get_sregs().cr4 | 0x600,      -- OSFXSR, OSXMMEXCPT
    }):eq(0)
    return vcpu, ram, vm, vmm, slot
end

-- The handler's frame, when it has exited at G.PORT.
function G.frame(vcpu, ram)
    local rsp = vcpu:get_regs().rsp
    local vector = string.unpack("<I8", ram:read(rsp, 8))
    local f = { vector = vector, rsp_of_handler = rsp }
    rsp = rsp + 8
    if with_error_code[vector] then
        f.error_code = string.unpack("<I8", ram:read(rsp, 8))
        rsp = rsp + 8
    end
    f.rip, f.cs, f.rflags, f.rsp, f.ss = string.unpack("<I8I8I8I8I8", ram:read(rsp, 40))
    return f
end

-- Code that goes to CPL 3 at rip, with interrupts on if asked for.
function G.to_user(rip, rflags)
    return string.pack("<BB BI4 BI4 BB BI4 BB", 0x6a, G.DS3, 0x68, G.STACK3, 0x68, rflags or 2, 0x6a, G.CS3,
        0x68, rip, 0x48, 0xcf)
end

return G
