-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_IRQFD and KVM_SET_GSI_ROUTING with KVM's own interrupt controllers: a signalled eventfd becomes an interrupt of
-- the guest (virt/kvm/eventfd.c, virt/kvm/irqchip.c).
local G = require("machine")

local options = { mmu = "ept" }
local CODE <const>, IF <const> = G.CODE, 1 << 9
local APIC <const>, IOAPIC <const> = 0xfee00000, 0xfec00000
local GSI <const>, PIN <const>, VECTOR <const> = 30, 10, 0x52
local DEASSIGN <const>, RESAMPLE <const> = KVM_IRQFD_FLAG_DEASSIGN, KVM_IRQFD_FLAG_RESAMPLE
local IOAPIC_CHIP <const> = 2		-- KVM_IRQCHIP_IOAPIC

-- A guest whose local APIC is on, and which can reach both controllers.
local function guest(sim)
    local vcpu, ram, vm, vmm = G.new(sim, { irqchip = true })
    vcpu:map{ from = APIC, to = APIC }
    vcpu:map{ from = IOAPIC, to = IOAPIC }
    expect(vcpu:write(APIC + 0xf0, string.pack("<I4", 0x1ff))):is_true()
    -- mov al, 0xff; out 0x21, al; out 0xa1, al; out 1, al: the old controllers pass nothing on
    expect(vcpu:run_code{ at = CODE, hex = "b0 ff e6 21 e6 a1 e6 01" }):fields{ io = { port = 1 } }
    return vcpu, ram, vm, vmm
end

local function irqfd(vm, event, gsi, flags, resample)
    return vm:ioctl(KVM_IRQFD, string.pack("<I4I4I4I4", event.fd, gsi, flags or 0, resample and resample.fd or 0) ..
        ("\0"):rep(16))
end

local function msi(gsi, vector)
    return string.pack("<I4I4I4I4I4I4I4I4", gsi, KVM_IRQ_ROUTING_MSI, 0, 0, APIC, 0, vector, 0) .. ("\0"):rep(16)
end

local function pin(gsi, chip, number)
    return string.pack("<I4I4I4I4I4I4", gsi, KVM_IRQ_ROUTING_IRQCHIP, 0, 0, chip, number) .. ("\0"):rep(24)
end

local function route(vm, ...)
    local entries = { ... }
    return vm:ioctl(KVM_SET_GSI_ROUTING, string.pack("<I4I4", #entries, 0) .. table.concat(entries))
end

local function signal(event)
    expect(event:write(string.pack("<i8", 1))):eq(8)
end

-- How often an eventfd with EFD_NONBLOCK was signalled since.
local function count(event)
    local data = event:read(8)
    return data == -EAGAIN and 0 or (string.unpack("<i8", data))
end

-- The vectors that arrive when the guest lets interrupts in for some instructions. Then it runs `more` and halts.
local function arrived(vcpu, ram, more)
    local vectors = {}
    local exit = vcpu:run_code{ at = CODE, regs = { rsp = G.STACK, rbx = APIC, rflags = 2 },
        hex = "fb 90 90 90 fa " .. (more or "") .. " e6 01" }      -- sti; nop; nop; nop; cli; out 1, al
    while exit.io.port == G.PORT do
        vectors[#vectors + 1] = G.frame(vcpu, ram).vector
        exit = exit:complete()
    end
    expect(exit):fields{ reason = KVM_EXIT_IO, io = { port = 1 } }
    return vectors
end

local EOI <const> = "31 c0 89 83 b0 00 00 00"     -- xor eax, eax; mov [rbx + 0xb0], eax

-- Sets the entry of the I/O APIC's pin for CPU 0: level-triggered, perhaps masked.
local function set_pin(vcpu, masked)
    expect(vcpu:write(IOAPIC, string.pack("<I4", 0x10 + 2 * PIN))):is_true()
    expect(vcpu:write(IOAPIC + 0x10, string.pack("<I4", VECTOR | 1 << 15 | (masked and 1 << 16 or 0)))):is_true()
end

scenario("irqfd: a message, once for each signal that the guest has taken", options, function(sim)
    local vcpu, ram, vm, vmm = guest(sim)
    local event = vmm:eventfd(0)
    expect(route(vm, msi(GSI, 0x51))):eq(0)
    expect(irqfd(vm, event, GSI)):eq(0)
    expect(arrived(vcpu, ram)):eq{}
    signal(event)
    signal(event)
    expect(arrived(vcpu, ram, EOI)):eq{ 0x51 }
    signal(event)
    expect(arrived(vcpu, ram, EOI)):eq{ 0x51 }
    expect(arrived(vcpu, ram)):eq{}
end)

scenario("irqfd: an eventfd that was signalled before", options, function(sim)
    local vcpu, ram, vm, vmm = guest(sim)
    local event = vmm:eventfd(1)
    expect(route(vm, msi(GSI, 0x51))):eq(0)
    expect(irqfd(vm, event, GSI)):eq(0)
    expect(arrived(vcpu, ram)):eq{ 0x51 }
end)

scenario("irqfd: a new route holds from then on, no route is no interrupt", options, function(sim)
    local vcpu, ram, vm, vmm = guest(sim)
    local event, other = vmm:eventfd(0), vmm:eventfd(0)
    expect(irqfd(vm, event, GSI)):eq(0)
    expect(irqfd(vm, other, GSI + 1)):eq(0)
    expect(route(vm, msi(GSI, 0x51), msi(GSI + 1, 0x61))):eq(0)
    signal(event)
    expect(arrived(vcpu, ram, EOI)):eq{ 0x51 }
    expect(route(vm, msi(GSI, 0x53))):eq(0)
    signal(event)
    signal(other)
    expect(arrived(vcpu, ram, EOI)):eq{ 0x53 }
    expect(route(vm)):eq(0)
    signal(event)
    expect(arrived(vcpu, ram)):eq{}
end)

scenario("irqfd: taken away by its eventfd and GSI, by the end of the file, by the end of the VM", options,
function(sim)
    local vcpu, ram, vm, vmm = guest(sim)
    local event, closed, left = vmm:eventfd(0), vmm:eventfd(0), vmm:eventfd(0)
    expect(route(vm, msi(GSI, 0x51), msi(GSI + 1, 0x61))):eq(0)
    expect(irqfd(vm, event, GSI)):eq(0)
    expect(irqfd(vm, closed, GSI + 1)):eq(0)
    expect(irqfd(vm, left, GSI + 1)):eq(0)
    expect(irqfd(vm, event, GSI + 1, DEASSIGN)):eq(0)
    signal(event)
    expect(arrived(vcpu, ram, EOI)):eq{ 0x51 }
    expect(irqfd(vm, event, GSI, DEASSIGN)):eq(0)
    signal(event)
    expect(closed:close()):eq(0)
    expect(arrived(vcpu, ram)):eq{}
    expect(irqfd(vm, event, GSI)):eq(0)                -- it is not used any more; and it was signalled
    expect(arrived(vcpu, ram, EOI)):eq{ 0x51 }
    signal(left)
    expect(arrived(vcpu, ram)):eq{ 0x61 }
    expect(vcpu:close()):eq(0)
    expect(vm:close()):eq(0)
    signal(left)
end)

-- A level-triggered line stays up until the guest has said that it is done. Then KVM takes it down and signals the
-- second eventfd, and the VMM raises it again if the device still wants it.
scenario("irqfd with a second eventfd: a line, and what the guest's EOI does", options, function(sim)
    local vcpu, ram, vm, vmm = guest(sim)
    local event, shared = vmm:eventfd(0), vmm:eventfd(0)
    local done, shared_done = vmm:eventfd(0, EFD_NONBLOCK), vmm:eventfd(0, EFD_NONBLOCK)
    set_pin(vcpu)
    expect(irqfd(vm, event, PIN, RESAMPLE, done)):eq(0)
    expect(irqfd(vm, shared, PIN, RESAMPLE, shared_done)):eq(0)
    signal(event)
    expect(arrived(vcpu, ram)):eq{ VECTOR }
    expect(count(done)):eq(0)
    expect(arrived(vcpu, ram, EOI)):eq{}
    expect(count(done)):eq(1)
    expect(count(shared_done)):eq(1)
    expect(arrived(vcpu, ram)):eq{}

    expect(irqfd(vm, shared, PIN, DEASSIGN)):eq(0)
    signal(event)
    expect(arrived(vcpu, ram, EOI)):eq{ VECTOR }
    expect(count(done)):eq(1)
    expect(count(shared_done)):eq(0)
    expect(irqfd(vm, event, PIN, DEASSIGN)):eq(0)
    signal(event)
    expect(arrived(vcpu, ram)):eq{}
end)

-- The line may be down again when the guest unmasks its pin (ioapic_write_indirect()).
scenario("irqfd with a second eventfd: a pin that is unmasked asks the device again", {
    mmu = "ept", kernel = "6.12",
}, function(sim)
    local vcpu, ram, vm, vmm = guest(sim)
    local event, done = vmm:eventfd(0), vmm:eventfd(0, EFD_NONBLOCK)
    set_pin(vcpu, true)
    expect(irqfd(vm, event, PIN, RESAMPLE, done)):eq(0)
    signal(event)
    expect(arrived(vcpu, ram)):eq{}
    expect(count(done)):eq(0)
    set_pin(vcpu, false)
    expect(count(done)):eq(1)
    expect(arrived(vcpu, ram)):eq{}
end)

cases("KVM_IRQFD refuses", options, {
    { "an unknown flag",                      { flags = 1 << 10 },                       -EINVAL },
    { "a closed fd",                          { event = { fd = 99 } },                   -EBADF },
    { "a file that is no eventfd",            { event = "vm" },                      -EINVAL },
    { "to take away from a closed fd",        { event = { fd = 99 }, flags = DEASSIGN }, -EBADF },
    { "a second eventfd that is closed",      { flags = RESAMPLE, second = { fd = 99 } }, -EBADF },
    { "an eventfd with a route",              { event = "used" },                        -EBUSY },
    { "the same, with a second eventfd",      { event = "used", flags = RESAMPLE, second = "done" }, -EBUSY },
}, function(sim, case)
    local _, _, vm, vmm = guest(sim)
    local files = { used = vmm:eventfd(0), free = vmm:eventfd(0), done = vmm:eventfd(0), vm = vm }
    expect(irqfd(vm, files.used, GSI)):eq(0)
    local t = case[2]
    expect(irqfd(vm, files[t.event] or t.event or files.free, PIN, t.flags, files[t.second] or t.second)):eq(case[3])
    expect(irqfd(vm, files.free, PIN)):eq(0)
end)

-- Each call leaves the routes as they were.
cases("KVM_SET_GSI_ROUTING refuses", options, {
    { "a GSI beyond the last one",            -EINVAL, msi(4096, 0x60) },
    { "two messages of one GSI",              -EINVAL, msi(GSI, 0x60), msi(GSI, 0x61) },
    { "a message and a pin of one GSI",       -EINVAL, msi(GSI, 0x60), pin(GSI, IOAPIC_CHIP, 1) },
    { "two pins of one chip for a GSI",       -EINVAL, pin(GSI, IOAPIC_CHIP, 1), pin(GSI, IOAPIC_CHIP, 2) },
    { "a pin that the chip does not have",    -EINVAL, pin(GSI, IOAPIC_CHIP, 24) },
    { "a chip that there is not",             -EINVAL, pin(GSI, 3, 1) },
    { "an unknown type",                      -EINVAL, string.pack("<I4I4", GSI, 9) .. ("\0"):rep(40) },
    { "a message with a flag of a pin",       -EINVAL, string.pack("<I4I4I4", GSI, 2, 1 << 8) .. ("\0"):rep(36) },
    { "a pin with a flag",                    -EINVAL, string.pack("<I4I4I4", GSI, 1, 1) .. ("\0"):rep(36) },
}, function(sim, case)
    local vcpu, ram, vm, vmm = guest(sim)
    local event = vmm:eventfd(0)
    expect(route(vm, msi(GSI, 0x51))):eq(0)
    expect(irqfd(vm, event, GSI)):eq(0)
    expect(route(vm, table.unpack(case, 3))):eq(case[2])
    signal(event)
    expect(arrived(vcpu, ram)):eq{ 0x51 }
end)

scenario("KVM_SET_GSI_ROUTING: flags, numbers and addresses", options, function(sim)
    local _, ram, vm, vmm = guest(sim)
    local set = KVM_SET_GSI_ROUTING
    expect(vm:ioctl(set, string.pack("<I4I4", 0, 1))):eq(-EINVAL)
    expect(vm:ioctl(set, string.pack("<I4I4", 4097, 0))):eq(-EINVAL)
    expect(vm:ioctl(set, 8)):eq(-EFAULT)
    -- The entries would be behind the end of the mapping.
    ram:write(ram.length - 0x1008, string.pack("<I4I4", 1, 0))
    ram:munmap(ram.length - 0x1000, 0x1000)
    expect(vm:ioctl(set, ram.addr + ram.length - 0x1008)):eq(-EFAULT)
    local plain = vmm:open_kvm():create_vm()
    expect(route(plain)):eq(-EINVAL)                   -- a VM without interrupt controllers
end)

scenario("KVM_SIGNAL_MSI: a message without a route", options, function(sim)
    local vcpu, ram, vm, vmm = guest(sim)
    local function message(flags, vector)
        return string.pack("<I4I4I4I4", APIC, 0, vector, flags) .. ("\0"):rep(16)
    end
    expect(vm:ioctl(KVM_SIGNAL_MSI, message(0, 0x51))):eq(1)
    expect(arrived(vcpu, ram, EOI)):eq{ 0x51 }
    expect(vm:ioctl(KVM_SIGNAL_MSI, message(2, 0x51))):eq(-EINVAL)
    expect(vmm:open_kvm():create_vm():ioctl(KVM_SIGNAL_MSI, message(0, 0x51))):eq(-EINVAL)
    expect(arrived(vcpu, ram)):eq{}
end)

-- The status says how many CPUs got it: -1 if the pin is masked, or still waits for the guest's EOI.
scenario("KVM_IRQ_LINE_STATUS: what became of a line", options, function(sim)
    local vcpu, ram, vm = guest(sim)
    local function line(level)
        local rc, out = vm:ioctl(KVM_IRQ_LINE_STATUS, string.pack("<I4I4", PIN, level), 8)
        return rc == 0 and string.unpack("<i4", out) or rc
    end
    set_pin(vcpu, true)
    expect(line(1)):eq(-1)
    set_pin(vcpu)                                      -- it waits since then
    expect(arrived(vcpu, ram)):eq{ VECTOR }
    expect(line(0)):eq(1)
    expect(arrived(vcpu, ram, EOI)):eq{}
    expect(line(1)):eq(1)
    expect(line(1)):eq(-1)
    expect(arrived(vcpu, ram, EOI)):eq{ VECTOR }
    expect(arrived(vcpu, ram)):eq{ VECTOR }            -- still up
    expect(vm:ioctl(KVM_IRQ_LINE, string.pack("<I4I4", PIN, 0))):eq(0)
    expect(arrived(vcpu, ram, EOI)):eq{}
    expect(arrived(vcpu, ram)):eq{}
end)

scenario("KVM_IRQ_LINE without an interrupt controller", { arch = "x86_64", mmu = "ept" }, function(sim)
    local _, _, vm = sim:guest()
    expect(vm:ioctl(KVM_IRQ_LINE, string.pack("<I4I4", PIN, 1))):eq(-ENXIO)
end)
