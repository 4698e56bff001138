#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our libcuda.so.1 under a client of the driver API that we did not write.

tinygrad (MIT, https://github.com/tinygrad/tinygrad) has its own declarations of the driver API, allocates, copies, loads modules,
launches and times with it. Here it launches kernels of tests/cuda; where nvcc is at hand it also compiles kernels of its own, which
its tensors are made of, and their results are compared with Python's.

Takes NVRM_TINYGRAD_DIR (a checkout), NVRM_LIBCUDA (the folder of libcuda.so.1) and, for its own kernels, NVRM_NVCC (the program).
Exit code 77 without the first two.
"""
import os, struct, subprocess, sys

SKIP = 77
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CARDS = [("TU102", 75), ("GA100", 80), ("GA102", 86), ("AD102", 89), ("GH100", 90)]


def check_saxpy(dev, sm, count):
    """y = 3x + 2 by a committed cubin."""
    from tinygrad.device import BufferSpec
    from tinygrad.runtime.autogen import cuda
    from tinygrad.runtime.ops_cuda import check
    import ctypes
    with open(f"{ROOT}/tests/cuda/cubin/saxpy.sm_{sm}.cubin", "rb") as f:
        image = f.read()
    x, y = [dev.allocator.alloc(4 * count, BufferSpec()) for _ in range(2)]
    dev.allocator._copyin(x, memoryview(bytearray(struct.pack(f"<{count}f", *range(count)))))
    dev.allocator._copyin(y, memoryview(bytearray(struct.pack("<f", 2.0) * count)))
    module, kernel = cuda.CUmodule(), cuda.CUfunction()
    check(cuda.cuModuleLoadData(ctypes.byref(module), image))
    check(cuda.cuModuleGetFunction(ctypes.byref(kernel), module, b"saxpy"))
    args = [ctypes.c_int(count), ctypes.c_float(3.0), ctypes.c_uint64(x.value), ctypes.c_uint64(y.value)]
    pointers = (ctypes.c_void_p * 4)(*[ctypes.cast(ctypes.byref(a), ctypes.c_void_p) for a in args])
    check(cuda.cuLaunchKernel(kernel, (count + 127) // 128, 1, 1, 128, 1, 1, 0, None, pointers, None))
    out = bytearray(4 * count)
    dev.allocator._copyout(memoryview(out), y)
    assert struct.unpack(f"<{count}f", out) == tuple(3.0 * i + 2.0 for i in range(count)), "saxpy computed something else"
    check(cuda.cuModuleUnload(module))


def check_tensors():
    """Kernels that tinygrad writes, nvcc compiles and the emulated card executes."""
    from tinygrad import Tensor
    n = 24
    a = [[(i * 7 + j * 3) % 11 - 5 for j in range(n)] for i in range(n)]
    b = [[(i * 5 - j * 2) % 13 - 6 for j in range(n)] for i in range(n)]
    ta, tb = Tensor([[float(v) for v in row] for row in a]), Tensor([[float(v) for v in row] for row in b])
    product = [[float(sum(a[i][k] * b[k][j] for k in range(n))) for j in range(n)] for i in range(n)]
    assert (ta @ tb).tolist() == product, "a product of matrices"
    assert (ta + tb * 2).sum(axis=0).tolist() == [float(sum(a[i][j] + 2 * b[i][j] for i in range(n))) for j in range(n)], "a sum"
    assert ta.maximum(0).max().item() == 5.0, "a maximum"
    assert Tensor.arange(1000).sum().item() == 499500, "a range"


def client(folder, sm, own):
    sys.path.insert(0, folder)
    os.environ["DEV"] = "CUDA:NVCC" if own else "CUDA"
    if own:
        from tinygrad.runtime.support import compiler_cuda
        init = compiler_cuda.NVCCCompiler.__init__
        # machine code instead of PTX
        compiler_cuda.NVCCCompiler.__init__ = lambda self, arch, ptx=True, *a, **k: init(self, arch, False, *a, **k)
    from tinygrad.runtime.ops_cuda import CUDADevice
    if own:
        check_tensors()
        print("tensors are right", flush=True)
        return 0
    dev = CUDADevice("CUDA")
    assert dev.arch == f"sm_{sm}", dev.arch
    for count in (1, 1000, 70000):
        check_saxpy(dev, sm, count)
    dev.synchronize()
    print("kernels computed what they should", flush=True)
    return 0


def run(chip, sm, own, env):
    words = [sys.executable, os.path.abspath(__file__), "client", str(sm)] + (["own"] if own else [])
    result = subprocess.run(words, env={**env, "NVRM_TRANSPORT": f"emu:{chip}"}, timeout=280)
    print(f"{chip}: {'own kernels' if own else 'kernels of tests/cuda'}: {'failed' if result.returncode else 'passed'}", flush=True)
    return result.returncode


def main():
    folder, libcuda = os.environ.get("NVRM_TINYGRAD_DIR"), os.environ.get("NVRM_LIBCUDA")
    if not folder or not libcuda or not os.path.isdir(folder):
        print("NVRM_TINYGRAD_DIR is not a checkout of tinygrad: skipped")
        return SKIP
    if sys.argv[1:2] == ["client"]:
        return client(folder, int(sys.argv[2]), "own" in sys.argv[3:])
    env = {**os.environ, "LD_LIBRARY_PATH": libcuda, "CACHELEVEL": "0", "CUDA_PATH": f"{libcuda}/libcuda.so.1"}
    failed = sum(run(chip, sm, False, env) != 0 for chip, sm in CARDS)
    nvcc = os.environ.get("NVRM_NVCC")
    if nvcc:
        env["PATH"] = os.path.dirname(nvcc) + ":" + env["PATH"]
        failed += sum(run(chip, sm, True, env) != 0 for chip, sm in CARDS)
    else:
        print("NVRM_NVCC is not set: its own kernels are left out")
    return failed


if __name__ == "__main__":
    sys.exit(main())
