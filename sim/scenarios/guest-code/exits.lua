-- SPDX-License-Identifier: GPL-2.0-only
-- Guest code leaves to the kernel's handlers of intercepted instructions, to the VMM, and goes on where it left.
local G = require("machine")

local mmu = { "ept", "npt", "shadow" }
local CODE <const>, DATA <const> = G.CODE, G.DATA
local NOWHERE <const> = 0xd0000000

scenario("ports: OUT and IN of each size", { mmu = mmu }, function(sim)
    local vcpu = sim:guest()
    local exit = vcpu:run_code{ at = CODE, regs = { rax = 0x1122334455667788, rdx = 0x3f8 }, hex = [[
        e6 10                   # out 0x10, al
        66 ef                   # out dx, ax
        ef                      # out dx, eax
        e4 11                   # in al, 0x11
        66 ed                   # in ax, dx
        ed                      # in eax, dx
        f4
    ]] }
    local out = { direction = KVM_EXIT_IO_OUT, count = 1 }
    out.size, out.port, out.data = 1, 0x10, "\x88"
    expect(exit):fields{ reason = KVM_EXIT_IO, io = out }
    out.size, out.port, out.data = 2, 0x3f8, "\x88\x77"
    expect(exit:complete()):fields{ reason = KVM_EXIT_IO, io = out }
    out.size, out.data = 4, "\x88\x77\x66\x55"
    exit = vcpu:run()
    expect(exit):fields{ reason = KVM_EXIT_IO, io = out }
    exit = exit:complete()
    expect(exit):fields{ reason = KVM_EXIT_IO, io = { direction = KVM_EXIT_IO_IN, size = 1, port = 0x11, count = 1 } }
    exit = exit:complete("\xaa")
    expect(vcpu:get_regs().rax):eq(0x11223344556677aa)
    expect(exit):fields{ reason = KVM_EXIT_IO, io = { direction = KVM_EXIT_IO_IN, size = 2, port = 0x3f8 } }
    exit = exit:complete("\xbb\xcc")
    expect(vcpu:get_regs().rax):eq(0x112233445566ccbb)
    expect(exit:complete("\1\2\3\x84")):fields{ reason = KVM_EXIT_HLT }
    expect(vcpu:get_regs()):fields{ rax = 0x84030201, rip = CODE + 11 }
end)

scenario("string I/O takes its data from guest memory", { mmu = mmu }, function(sim)
    local vcpu, ram = sim:guest{ data = { [DATA] = "abcdef" } }
    local exit = vcpu:run_code{ at = CODE, regs = { rsi = DATA, rdi = DATA + 0x100, rcx = 6, rdx = 0x70 }, hex = [[
        f3 6e                   # rep outsb
        b9 02 00 00 00          # mov ecx, 2
        f3 66 6d                # rep insw
        f4
    ]] }
    local data = ""
    for _ = 1, 6 do
        if exit.io.direction ~= KVM_EXIT_IO_OUT then break end
        data = data .. exit.io.data
        exit = exit:complete()
    end
    expect(data):eq("abcdef")
    expect(exit):fields{ reason = KVM_EXIT_IO, io = { direction = KVM_EXIT_IO_IN, size = 2, port = 0x70 } }
    exit = exit:complete(exit.io.count == 2 and "wxyz" or "wx")
    if exit.reason == KVM_EXIT_IO then exit = exit:complete("yz") end
    expect(exit):fields{ reason = KVM_EXIT_HLT }
    expect(ram:read(DATA + 0x100, 4)):eq("wxyz")
    expect(vcpu:get_regs()):fields{ rcx = 0, rsi = DATA + 6, rdi = DATA + 0x104 }
end)

scenario("CPUID, MSRs and TSC", { mmu = mmu }, function(sim)
    local vcpu = sim:guest()
    local zero = { rax = 0, rcx = 0 }
    expect(vcpu:run_code{ at = CODE, regs = zero, hex = "0f a2 f4" }):fields{ reason = KVM_EXIT_HLT }   -- cpuid
    expect(string.pack("<I4", vcpu:get_regs().rbx)):eq(sim.mmu == "ept" and "Genu" or "Auth")
    expect(vcpu:run_code{ at = CODE, regs = { rcx = 0xc0000102, rax = 0x12345678, rdx = 0x1234 }, hex = [[
        0f 30                   # wrmsr: MSR_KERNEL_GS_BASE
        31 c0 31 d2             # xor eax, eax; xor edx, edx
        0f 32                   # rdmsr
        f4
    ]] }):fields{ reason = KVM_EXIT_HLT }
    expect(vcpu:get_msr(0xc0000102)):eq(0x123412345678)
    expect(vcpu:get_regs()):fields{ rax = 0x12345678, rdx = 0x1234 }
    -- MSR_IA32_UCODE_REV, as the vendor module resets it.
    expect(vcpu:get_msr(0x8b)):eq(sim.mmu == "ept" and 0x100000000 or 0x1000065)
    -- MSR_IA32_SYSENTER_ESP: 32 bits on AMD's processors.
    expect(vcpu:set_msr(0x175, 0x123456789000)):eq(1)
    expect(vcpu:get_msr(0x175)):eq(sim.mmu == "ept" and 0x123456789000 or 0x56789000)

    -- The guest waits until the time-stamp counter has moved.
    expect(vcpu:run_code{ at = CODE, hex = [[
        0f 31 89 c3             # rdtsc; mov ebx, eax
        0f 31 29 d8             # again: rdtsc; sub eax, ebx
        74 fa                   # jz again
        f4
    ]] }):fields{ reason = KVM_EXIT_HLT }
end)

scenario("hypercalls, also with the other vendor's instruction", { mmu = mmu }, function(sim)
    local vcpu, ram = G.new(sim)
    local vmcall, vmmcall = "0f 01 c1", "0f 01 d9"
    local own, other = vmcall, vmmcall
    if sim.mmu ~= "ept" then own, other = other, own end
    for _, insn in ipairs{ own, other } do
        expect(vcpu:run_code{ at = CODE, regs = { rax = 0x7777, rsp = G.STACK }, hex = insn .. "f4" })
            :fields{ reason = KVM_EXIT_HLT }
        expect(vcpu:get_regs()):fields{ rax = -1000, rip = CODE + 4 }           -- KVM_ENOSYS
    end
    -- KVM has put its own processor's instruction in the place of the other one.
    expect(ram:read(CODE, 3)):eq(sim.mmu == "ept" and "\x0f\x01\xc1" or "\x0f\x01\xd9")
end)

scenario("MMIO: loads, stores, and an instruction that does both", { mmu = mmu }, function(sim)
    local vcpu = sim:guest()
    local exit = vcpu:run_code{ at = CODE, regs = { rbx = NOWHERE, rax = 0x0102030405060708 }, hex = [[
        48 89 03                # mov [rbx], rax
        8b 43 08                # mov eax, [rbx + 8]
        83 43 10 05             # add dword ptr [rbx + 16], 5
        f4
    ]] }
    expect(exit):fields{ reason = KVM_EXIT_MMIO,
        mmio = { phys_addr = NOWHERE, len = 8, is_write = 1, data = "\8\7\6\5\4\3\2\1" } }
    exit = exit:complete()
    expect(exit):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = NOWHERE + 8, len = 4, is_write = 0 } }
    exit = exit:complete("\x78\x56\x34\x12")
    expect(vcpu:get_regs().rax):eq(0x12345678)
    expect(exit):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = NOWHERE + 16, len = 4, is_write = 0 } }
    exit = exit:complete("\1\0\0\0")
    expect(exit):fields{ reason = KVM_EXIT_MMIO,
        mmio = { phys_addr = NOWHERE + 16, len = 4, is_write = 1, data = "\6\0\0\0" } }
    expect(exit:complete()):fields{ reason = KVM_EXIT_HLT }
end)

scenario("an instruction that fails is executed again, once", { mmu = mmu }, function(sim)
    local vcpu, ram, vm, vmm = sim:guest{ data = { [DATA] = ("x"):rep(0x2000) } }
    ram:munmap(DATA + 0x1000, "4K")
    -- 16 bytes before the end of what is mapped, then 16 beyond.
    local exit = vcpu:run_code{ at = CODE, regs = { rsi = CODE, rdi = DATA + 0xff0, rcx = 32, rax = 0x61 }, hex = [[
        f3 aa                   # rep stosb
        ff c0                   # inc eax
        f4
    ]] }
    expect(exit):fields{ ret = -EFAULT }
    expect(vcpu:get_regs()):fields{ rip = CODE, rcx = 16, rdi = DATA + 0x1000, rax = 0x61 }
    expect(vmm:mmap{ addr = ram.addr + DATA + 0x1000, length = "4K",
        flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }):ok()
    expect(vcpu:run()):fields{ reason = KVM_EXIT_HLT }
    expect(vcpu:get_regs()):fields{ rip = CODE + 5, rcx = 0, rax = 0x62 }
    expect(ram:read(DATA + 0xff0, 33)):eq(("a"):rep(32) .. "\0")
end)

scenario("a store over two pages happens in whole or not at all", { mmu = mmu }, function(sim)
    local vcpu, ram, vm, vmm = sim:guest{ data = { [DATA] = ("x"):rep(0x1000) } }
    ram:munmap(DATA + 0x1000, "4K")
    local exit = vcpu:run_code{ at = CODE, regs = { rbx = DATA + 0xffc, rax = -1 }, hex = "48 89 03 f4" }
    expect(exit):fields{ ret = -EFAULT }
    expect(ram:read(DATA + 0xffc, 4)):eq("xxxx")
end)

scenario("what guest code writes is in the dirty log", { mmu = mmu }, function(sim)
    local vcpu, ram, vm, vmm, slot = sim:guest()
    slot.flags = KVM_MEM_LOG_DIRTY_PAGES
    expect(vm:set_user_memory_region(slot)):eq(0)
    local code = "f0 48 0f c1 03 0f ab 0b f4"           -- lock xadd [rbx], rax; bts [rbx], ecx
    for round = 1, 2 do
        expect(vcpu:run_code{ at = CODE, regs = { rbx = 0x8000, rax = 1, rcx = 63 }, hex = code })
            :fields{ reason = KVM_EXIT_HLT }
        local pages = vm:get_dirty_log{ slot = 0 }:pages()
        expect(pages):contains(8)
        expect(#pages):le(2)            -- and the VMM's writes of the code do not count
    end
end)

scenario("an instruction that changes memory faults once, as a write", { mmu = { "ept", "npt" } }, function(sim)
    local vcpu, ram = sim:guest()
    expect(vcpu:run_code{ at = CODE, regs = { rbx = 0x8000, rax = 1 }, hex = "01 03 f4" })     -- add [rbx], eax
        :fields{ reason = KVM_EXIT_HLT, faults = 2 }
    expect(sim.inspect:mapping(vcpu, 0x8000)):fields{ present = true, writable = true }
end)

scenario("a new access after an exit completes what the code left for", { mmu = mmu }, function(sim)
    local vcpu, ram = sim:guest{ data = { [DATA] = "data" } }
    local exit = vcpu:run_code{ at = CODE, regs = { rbx = NOWHERE }, hex = "88 03 f4" }         -- mov [rbx], al
    expect(exit):fields{ reason = KVM_EXIT_MMIO }
    expect(vcpu:read(DATA, 4)):eq("data")
    expect(vcpu:run_code{ at = CODE, hex = "f4" }):fields{ reason = KVM_EXIT_HLT }
end)

scenario("control registers: MOV, CLTS, LMSW, SMSW and CR8", { mmu = mmu }, function(sim)
    local vcpu = G.new(sim)
    expect(vcpu:set_sregs{ cr0 = vcpu:get_sregs().cr0 | 8 }):eq(0)          -- TS
    local exit = vcpu:run_code{ at = CODE, regs = { rax = 0x123456789, rcx = 5, rsp = G.STACK, rflags = 2 }, hex = [[
        0f 22 d0                # mov cr2, rax
        0f 20 c2                # mov rdx, cr0
        0f 06                   # clts
        0f 01 e3                # smsw ebx
        44 0f 22 c1             # mov cr8, rcx
        44 0f 20 c6             # mov rsi, cr8
        66 83 cb 0a             # or bx, 10
        0f 01 f3                # lmsw bx: TS and MP
        31 c0                   # xor eax, eax
        44 0f 22 c0             # mov cr8, rax: a lower priority, which the VMM must know without an irqchip
        f4
    ]] }
    expect(exit):fields{ reason = KVM_EXIT_SET_TPR }
    expect(vcpu:get_regs()):fields{ rsi = 5 }
    expect(vcpu:get_regs().rdx & 8):eq(8)
    expect(vcpu:get_sregs()):fields{ cr2 = 0x123456789, cr8 = 0 }
    expect(vcpu:get_sregs().cr0 & 10):eq(10)
    expect(vcpu:run()):fields{ reason = KVM_EXIT_HLT }
end)
