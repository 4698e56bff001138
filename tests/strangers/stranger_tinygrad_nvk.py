#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The emulated kernel module under a client of nvidia.ko that we did not write.

tinygrad (MIT, https://github.com/tinygrad/tinygrad) drives cards through /dev/nvidiactl, /dev/nvidiaN and
/dev/nvidia-uvm. `nvrm-cli emu exec` gives it those; its code runs unchanged: it makes a client, allocates and
maps memory, makes channels, submits copies and waits for them, and launches kernels of tests/cuda with its own loader.

Takes NVRM_TINYGRAD_DIR (a checkout) and NVRM_CLI (the program). Exit code 77 without them.
"""
import os, subprocess, sys

import tinygrad_kernels

SKIP = 77
CARDS = [("AD102", "570.144"), ("GA102", "580.65.06"), ("GB202", "595.45.04")]  # it has no older layouts
COMPUTE = CARDS[:2]  # SMs whose machine code the emulated card executes


def check_copies(gpu, size):
    """To the card, from there to another place, and back: by the copy engine."""
    from tinygrad.device import BufferSpec
    data = os.urandom(size)
    out = bytearray(size)
    first, second = [gpu.allocator.alloc(size, BufferSpec()) for _ in range(2)]
    gpu.allocator._copyin(first, memoryview(bytearray(data)))
    gpu.synchronize()
    gpu.allocator._transfer(second, first, size, gpu, gpu)
    gpu.synchronize()
    gpu.allocator._copyout(memoryview(out), second)
    gpu.synchronize()
    assert out == data, f"{size} bytes came back different"


def check_reuse(gpu):
    """Memory that is given back can be had again."""
    from tinygrad.device import BufferSpec
    for _ in range(64):
        buf = gpu.allocator.alloc(16 << 20, BufferSpec(nolru=True))
        gpu.allocator.free(buf, 16 << 20, BufferSpec(nolru=True))


def client(folder):
    """In a process that emu exec runs."""
    sys.path.insert(0, folder)
    os.environ["DEV"] = "NVK+NV"
    if sys.argv[2:] == ["fault"]:
        os.environ["HCQDEV_WAIT_TIMEOUT_MS"] = "2000"  # until it asks what went wrong
    from tinygrad.runtime.ops_nv import NVDevice
    gpu = NVDevice("NV")
    if sys.argv[2:] == ["compute"]:
        for count, threads in ((1, 1), (1000, 128), (70000, 256)):
            tinygrad_kernels.check_saxpy(gpu, count, threads)
        print("kernels computed what they should", flush=True)
        return 0
    if sys.argv[2:] == ["fault"]:
        tinygrad_kernels.check_fault(gpu)
        print("a fault was reported by its address", flush=True)
        os._exit(0)  # the channel is dead: there is nothing to give back
    for size in (1, 4096, 65537, (5 << 20) + 12345):
        check_copies(gpu, size)
    check_reuse(gpu)
    print("copies came back as they went")
    return 0


def main():
    folder = os.environ.get("NVRM_TINYGRAD_DIR")
    cli = os.environ.get("NVRM_CLI")
    if not folder or not os.path.isdir(os.path.join(folder, "tinygrad")) or not cli:
        print("skipped: NVRM_TINYGRAD_DIR does not name a checkout of tinygrad")
        return SKIP
    if sys.argv[1:2] == ["client"]:
        return client(folder)
    for chip, release in CARDS:
        print(chip, release, flush=True)
        subprocess.run([cli, "emu", "exec", "--chip", chip, "-F", release, "--", sys.executable, __file__, "client"],
                       check=True, timeout=120)
    for chip, release in COMPUTE:
        for what in ("compute", "fault"):
            print(chip, release, what, flush=True)
            subprocess.run([cli, "emu", "exec", "--chip", chip, "-F", release, "--", sys.executable, __file__, "client", what],
                           check=True, timeout=120)
    chip, release = CARDS[0]
    print("traced", flush=True)  # whoever looks on must not be noticed
    subprocess.run([cli, "emu", "exec", "--chip", chip, "-F", release, "--", cli, "trace", "exec", "--summary", "--",
                    sys.executable, __file__, "client"], check=True, timeout=120)
    return 0


if __name__ == "__main__":
    sys.exit(main())
