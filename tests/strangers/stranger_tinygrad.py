#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The emulated card under a driver that we did not write.

tinygrad (MIT, https://github.com/tinygrad/tinygrad) boots GSP-RM from user space on real cards and
drives them through it. This program gives it a PCI device that is a vfio-user connection to nvrm-emu,
and firmware that is nvrm-cli's synthetic set; tinygrad's own code runs unchanged. What it cannot do
is a difference between the emulated card and the real ones.

The one test that is not C: the stranger is a Python library.

Takes NVRM_TINYGRAD_DIR (a checkout), NVRM_EMU and NVRM_CLI (programs). Exit code 77 without them.
"""
import argparse, array, mmap, os, socket, struct, subprocess, sys, tempfile, time

import tinygrad_kernels

RELEASE = "570.144"  # what tinygrad is written for
SKIP = 77
COMPUTE = "GA102", "AD102"  # SMs whose machine code the emulated card executes

VERSION, DMA_MAP, REGION_INFO, REGION_READ, REGION_WRITE, RESET = 1, 2, 5, 9, 10, 13
CONFIG_REGION = 7
MAX_TRANSFER = 1 << 20


class VfioUser:
    """The client's side of the protocol, as far as a driver without interrupts needs it."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(path)
        self.messages = 0
        self.call(VERSION, struct.pack("<HH", 0, 1) + b'{"capabilities":{}}\0')

    def receive(self, count):
        data = bytearray()
        while len(data) < count:
            part = self.sock.recv(count - len(data))
            if not part:
                raise ConnectionError("nvrm-emu closed the connection")
            data += part
        return bytes(data)

    def call(self, command, body, fds=()):
        self.messages += 1
        header = struct.pack("<HHIII", self.messages & 0xffff, command, 16 + len(body), 0, 0)
        socket.send_fds(self.sock, [header], list(fds))
        self.sock.sendall(body)
        _, _, size, _, error = struct.unpack("<HHIII", self.receive(16))
        answer = self.receive(size - 16)
        if error:
            raise OSError(error, f"vfio-user command {command}: {os.strerror(error)}")
        return answer

    def read(self, region, offset, count):
        out = bytearray()
        while len(out) < count:
            n = min(MAX_TRANSFER, count - len(out))
            out += self.call(REGION_READ, struct.pack("<QII", offset + len(out), region, n))[16:]
        return bytes(out)

    def write(self, region, offset, data):
        for at in range(0, len(data), MAX_TRANSFER):
            part = data[at:at + MAX_TRANSFER]
            self.call(REGION_WRITE, struct.pack("<QII", offset + at, region, len(part)) + part)

    def region_bytes(self, region):
        return struct.unpack("<IIIIQQ", self.call(REGION_INFO, struct.pack("<IIIIQQ", 32, 0, region, 0, 0, 0)))[4]


class SystemMemory:
    """Memory of this process that the card reaches: 2 MiB pieces whose bus addresses run backwards,
    so that only what the driver asked to be contiguous beyond a piece would be missed."""

    PIECE, BASE = 2 << 20, 1 << 40

    def __init__(self, device, total):
        self.fd, self.used = os.memfd_create("sysmem"), 0
        self.pieces = total // self.PIECE
        os.ftruncate(self.fd, total)
        for i in range(self.pieces):
            body = struct.pack("<IIQQQ", 32, 3, i * self.PIECE, self.bus_address(i * self.PIECE), self.PIECE)
            device.call(DMA_MAP, body, [self.fd])

    def bus_address(self, offset):
        piece, within = divmod(offset, self.PIECE)
        return self.BASE + (self.pieces - 1 - piece) * self.PIECE + within

    def take(self, size):
        size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        if self.used % self.PIECE + size > self.PIECE:
            self.used = -(-self.used // self.PIECE) * self.PIECE
        offset, self.used = self.used, self.used + size
        if self.used > self.pieces * self.PIECE:
            raise MemoryError("the test's system memory is used up")
        return offset, size


def make_device_class(system):
    """tinygrad's remote device has the hooks that a transport needs; this one is the transport."""

    class EmulatedPCIDevice(system.RemotePCIDevice):
        path, resizes = None, False

        def __init__(self, devpref, pcibus):
            self.pcibus, self.dev_id, self.peer_group = pcibus, 0, "vfio-user"
            self.user = VfioUser(self.path)
            self.memory = SystemMemory(self.user, 512 << 20)
            command = self.read_config(4, 2)
            self.write_config(4, command | 2, 2)  # what the kernel's "enable" file does

        def _bulk_read(self, cmd, idx, offset, size):
            return self.user.read(idx, offset, size)

        def _bulk_write(self, cmd, idx, offset, data):
            self.user.write(idx, offset, bytes(data))

        def alloc_sysmem(self, size, vaddr=0, contiguous=False):
            libc, mmio = system.libc, system.MMIOInterface
            offset, size = self.memory.take(size)
            cpu = libc.mmap(0, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, self.memory.fd, offset)
            pages = [self.memory.bus_address(offset + at) for at in range(0, size, 0x1000)]
            return mmio(cpu, size), pages

        def read_config(self, offset, size):
            return int.from_bytes(self.user.read(CONFIG_REGION, offset, size), "little")

        def write_config(self, offset, value, size):
            self.user.write(CONFIG_REGION, offset, value.to_bytes(size, "little"))

        def bar_info(self, bar_idx):
            at = 0x10 + 4 * bar_idx
            low = self.read_config(at, 4)
            high = self.read_config(at + 4, 4) if low & 4 else 0
            return (high << 32 | low & ~0xf, self.user.region_bytes(bar_idx))

        def reset(self):
            """As the kernel does it: what the header held before is written back."""
            saved = [self.read_config(at, 4) for at in range(0, 0x40, 4)]
            rebar = self.resizable_bar()
            size = self.read_config(rebar + 8, 4)
            self.user.call(RESET, b"")
            self.write_config(rebar + 8, size, 4)
            for i in [4, 5, 6, 7, 8, 9, 1, 3, 15]:
                self.write_config(4 * i, saved[i], 4)

        def resizable_bar(self):
            at = 0x100
            while self.read_config(at, 2) != 0x15:
                at = self.read_config(at + 2, 2) >> 4
            return at

        def resize_bar(self, bar_idx):
            """As the kernel does it: the largest size that the card offers, with memory space off."""
            if not self.resizes:
                raise RuntimeError("no room above 4 GiB")
            at, command = self.resizable_bar(), self.read_config(4, 2)
            control, most = self.read_config(at + 8, 4), self.read_config(at + 4, 4).bit_length() - 5
            assert control & 7 == bar_idx, "another BAR is the one that can be resized"
            self.write_config(4, command & ~2, 2)
            self.write_config(at + 8, control & ~0x3f00 | most << 8, 4)
            self.write_config(4, command, 2)

    return EmulatedPCIDevice


def make_fetch(folder, chip):
    def fetch_fw(path, name, sha256):
        """Our own set has our own hashes."""
        if name == f"gsp-{RELEASE}.bin":
            path, name = f"nvidia/{RELEASE}", "gsp_ga10x.bin"
        with open(os.path.join(folder, path, name), "rb") as f:
            return f.read()
    return fetch_fw


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


class RunningCard:
    def __init__(self, folder):
        self.path = os.path.join(folder, "gpu")
        self.firmware = os.path.join(folder, "fw")


class Card(RunningCard):
    """One nvrm-emu with one card, and a firmware set for it. The card keeps its state between clients."""

    def __init__(self, chip, folder):
        super().__init__(folder)
        subprocess.run([os.environ["NVRM_CLI"], "fw", "synth", "--chip", chip, "--release", RELEASE, "--to",
                        self.firmware], check=True, stdout=subprocess.DEVNULL)
        self.process = subprocess.Popen([os.environ["NVRM_EMU"], "--chip", chip, "--fw", RELEASE, "--verbose",
                                         "--retain", "--socket", self.path], stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def stop(self):
        self.process.terminate()
        self.process.wait()


def import_tinygrad(card, chip, resizes):
    """The modules, with our transport and our files in place of the machine's."""
    sys.path.insert(0, os.environ["NVRM_TINYGRAD_DIR"])
    from tinygrad.runtime import ops_nv
    from tinygrad.runtime.support import system
    from tinygrad.runtime.support.nv import ip
    device = make_device_class(system)
    device.path, device.resizes = card.path, resizes
    ip.fetch_fw = make_fetch(card.firmware, chip)
    system._System.list_devices = lambda self, *args, **kwargs: [(device, "0000:01:00.0")]
    ops_nv.NVDevice.ifaces = [ops_nv.PCIIface]
    return ops_nv


def say(chip, what, start, user):
    print(f"{chip}: {what}; {time.perf_counter() - start:.1f} s, {user.messages} messages", flush=True)


def check_window(dev, view, paddr):
    """What went through BAR1 is in local memory: PRAMIN shows the same bytes."""
    pattern = bytes(range(64))
    view[:64] = pattern
    window = 0x10fd40 if dev.fmc_boot else 0x1700
    dev.wreg(window, paddr >> 16)
    seen = array.array("I", dev.mmio[(0x700000 + paddr % 0x10000) // 4:][:16]).tobytes()
    assert seen == pattern, f"BAR1 and PRAMIN differ at {paddr:#x}: {seen.hex()}"
    view[:64] = bytes(64)


def check_copies(gpu):
    """System memory to local memory, from there to another place, and back: all by the copy engine."""
    from tinygrad.device import BufferSpec
    data = bytes((i * 2654435761 >> 11) & 0xff for i in range((3 << 20) + 4321))
    out = bytearray(len(data))
    first, second = [gpu.allocator.alloc(len(data), BufferSpec()) for _ in range(2)]
    gpu.allocator._copyin(first, memoryview(data))
    gpu.allocator._transfer(second, first, len(data), gpu, gpu)
    gpu.allocator._copyout(memoryview(out), second)
    assert out == data, "what the copy engine brought back is not what it took away"


def check_fault(gpu):
    """A copy from where nothing is mapped ends in a report that the driver understands, not in a wait."""
    from tinygrad.device import BufferSpec
    buf = gpu.allocator.alloc(4096, BufferSpec())
    hole = buf.offset(0, 4096)
    hole.va_addr = 0x7ffff0000000
    queue = gpu.hw_copy_queue_t().copy(buf, hole, 4096).signal(gpu.timeline_signal, gpu.next_timeline())
    queue.submit(gpu)
    try:
        gpu.timeline_signal.wait(gpu.timeline_value - 1, timeout=5000)
    except RuntimeError as e:
        assert "Device fault" in str(e), f"no fault was reported: {e}"
        return
    raise AssertionError("a copy from an unmapped address succeeded")


def run(card, chip, resizes):
    """From reset to channels that work, and the unload."""
    ops_nv = import_tinygrad(card, chip, resizes)
    start = time.perf_counter()
    work = ops_nv.NVDevice._setup_gpfifos
    ops_nv.NVDevice._setup_gpfifos = lambda self: None  # the first that submits work
    gpu = ops_nv.NVDevice("NV")
    dev, user = gpu.iface.dev_impl, gpu.iface.pci_dev.user
    say(chip, f"{dev.chip_name} with {dev.vram_size >> 20} MiB and a {'large' if dev.large_bar else 'small'} BAR1 is up, "
        "its channels are scheduled", start, user)
    tokens = {gpu.compute_gpfifo.token, gpu.dma_gpfifo.token}
    assert len(tokens) == 2, f"two channels share a work submit token: {tokens}"
    assert gpu.num_gpcs and gpu.num_tpc_per_gpc and gpu.sm_version, "no figures of the graphics engine"
    check_window(dev, gpu.cmdq_page.cpu_view() if dev.large_bar else gpu.gpfifo_area.cpu_view(),
                 (gpu.cmdq_page if dev.large_bar else gpu.gpfifo_area).meta.mapping.paddrs[0][0])
    work(gpu)
    say(chip, "both queues did their first work", start, user)
    check_copies(gpu)
    say(chip, "copies came back as they went", start, user)
    if chip in COMPUTE:
        tinygrad_kernels.check_saxpy(gpu, 1000, 128)
        say(chip, "a kernel computed what it should", start, user)
    check_fault(gpu)
    say(chip, "a fault was reported", start, user)
    gpu.iface.device_fini()
    say(chip, "unloaded", start, user)


def main():
    parser = argparse.ArgumentParser(description="Runs tinygrad's NV driver on the emulated card.")
    parser.add_argument("--resize", action="store_true", help="make BAR1 as large as it can be")
    parser.add_argument("--card", help="socket and firmware of a card that runs already, in a folder")
    parser.add_argument("chips", nargs="*", default=["GA102", "AD102", "GB202"])
    args = parser.parse_args()
    folder = os.environ.get("NVRM_TINYGRAD_DIR")
    if not folder or not os.path.isdir(os.path.join(folder, "tinygrad")):
        skip("NVRM_TINYGRAD_DIR does not name a checkout of tinygrad")
    if args.card:
        run(RunningCard(args.card), args.chips[0], args.resize)
        return 0
    for chip in args.chips:
        with tempfile.TemporaryDirectory() as scratch:
            card = Card(chip, scratch)
            try:
                # A second driver finds what the first one left: WPR2 up before Hopper, hence a reset. It
                # has a large BAR1 where the first one had a small one.
                for resize in ([], ["--resize"]):
                    run_in_process(chip, scratch, resize)
            finally:
                card.stop()
    return 0


def run_in_process(chip, scratch, options):
    """tinygrad keeps state of the process: a driver each."""
    command = [sys.executable, __file__, "--card", scratch, chip] + options
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
