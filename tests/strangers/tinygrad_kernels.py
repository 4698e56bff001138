# SPDX-License-Identifier: MIT
"""Kernels of tests/cuda, loaded and launched by tinygrad's own code on a device of its own making."""
import os, random, struct, unittest.mock

CUBINS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cuda", "cubin")


def load(gpu, name):
    """A kernel of tests/cuda, as tinygrad's own loader takes it. Nothing is compiled, so no compiler needs to be here."""
    from tinygrad.device import Compiled, TinyELF
    from tinygrad.runtime.ops_nv import NVProgram
    with open(os.path.join(CUBINS, f"{name}.{gpu.arch}.cubin"), "rb") as file:
        image = file.read()
    with unittest.mock.patch.object(Compiled, "renderer", None):
        return NVProgram(gpu, TinyELF(image, name, None, ()))


def check_saxpy(gpu, count, threads):
    """y = a x + y: loaded, launched through a QMD, waited for and read back by tinygrad."""
    from tinygrad.device import BufferSpec
    from tinygrad.runtime.support.hcq import HCQBuffer
    saxpy, scale = load(gpu, "saxpy"), 2.5
    x, y = ([random.uniform(-8, 8) for _ in range(count)] for _ in range(2))
    x, y = ([struct.unpack("f", struct.pack("f", v))[0] for v in column] for column in (x, y))
    buffers = [gpu.allocator.alloc(4 * count, BufferSpec()) for _ in range(2)]
    for buffer, values in zip(buffers, (x, y)):
        gpu.allocator._copyin(buffer, memoryview(bytearray(struct.pack(f"{count}f", *values))))
    # CUDA's launcher writes the size of a block into the constants; kernels that tinygrad makes never ask for it.
    saxpy.cbuf_0[:3] = threads, 1, 1
    # tinygrad passes addresses first; this kernel begins with a count and a factor, 32 bits each.
    head = HCQBuffer(struct.unpack("Q", struct.pack("If", count, scale))[0], 8)
    saxpy(head, *buffers, global_size=((count + threads - 1) // threads, 1, 1), local_size=(threads, 1, 1), wait=True)
    out = bytearray(4 * count)
    gpu.allocator._copyout(memoryview(out), buffers[1])
    gpu.synchronize()
    for i, got in enumerate(struct.unpack(f"{count}f", out)):
        want = struct.unpack("f", struct.pack("f", scale * x[i] + y[i]))[0]  # doubles hold the product exactly
        assert got == want, f"y[{i}]: {got} and not {want}"


def check_fault(gpu):
    """A kernel that writes to nowhere is stopped, and tinygrad's own report names the address."""
    from tinygrad.runtime.support.hcq import HCQBuffer
    saxpy, nowhere = load(gpu, "saxpy"), 0x7f0000000000
    saxpy.cbuf_0[:3] = 32, 1, 1
    head = HCQBuffer(struct.unpack("Q", struct.pack("If", 32, 1.0))[0], 8)
    try:
        saxpy(head, HCQBuffer(nowhere, 4), HCQBuffer(nowhere, 4), local_size=(32, 1, 1), wait=True, timeout=300)
    except RuntimeError as error:
        text = str(error) + str(error.__context__)
        assert "MMU fault: 0x7F" in text, text
        return
    raise AssertionError("a kernel that reads from nowhere was not stopped")
