#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Push buffers that we did not build, in `nvrm-cli push`.

tinygrad (MIT, https://github.com/tinygrad/tinygrad) writes push buffers for real cards. A client of it runs on the
emulated module; what it submits to its compute and copy channels is kept, must be free of lint findings, and must come
back word for word from its text.

Takes NVRM_TINYGRAD_DIR (a checkout) and NVRM_CLI (the program). Exit code 77 without them.
"""
import array, os, subprocess, sys, tempfile

SKIP = 77
CARDS = [("AD102", "570.144", "c56f"), ("GA102", "580.65.06", "c56f"), ("GB202", "595.45.04", "c96f")]


def client(folder, out):
    """In a process that emu exec runs: copies and barriers, with every submission written to out."""
    sys.path.insert(0, folder)
    os.environ["DEV"] = "NVK+NV"
    from tinygrad.device import BufferSpec
    from tinygrad.runtime import ops_nv
    submit = ops_nv.NVCommandQueue._submit_to_gpfifo

    def keep(queue, dev, gpfifo):
        name = "copy" if isinstance(queue, ops_nv.NVCopyQueue) else "compute"
        with open(os.path.join(out, name), "ab") as f:
            f.write(array.array("I", queue._q).tobytes())
        return submit(queue, dev, gpfifo)

    ops_nv.NVCommandQueue._submit_to_gpfifo = keep
    gpu = ops_nv.NVDevice("NV")
    first, second = [gpu.allocator.alloc(1 << 20, BufferSpec()) for _ in range(2)]
    gpu.allocator._copyin(first, memoryview(bytearray(os.urandom(1 << 20))))
    gpu.allocator._transfer(second, first, 1 << 20, gpu, gpu)
    gpu.synchronize()
    ops_nv.NVComputeQueue().wait(gpu.timeline_signal, gpu.timeline_value - 1).memory_barrier() \
        .signal(gpu.timeline_signal, gpu.next_timeline()).submit(gpu)
    gpu.synchronize()
    return 0


def judge(cli, path, host):
    words = open(path, "rb").read()
    assert len(words) >= 40, f"{path} has {len(words)} bytes"
    found = subprocess.run([cli, "push", "lint", "--binary", "--host", host, path], stdout=subprocess.PIPE, text=True)
    print(found.stdout, end="")
    assert found.returncode == 0, f"lint found something in {path}"
    text = subprocess.run([cli, "push", "dis", "--binary", "--host", host, path], stdout=subprocess.PIPE, check=True).stdout
    back = subprocess.run([cli, "-o", "raw", "push", "asm", "-"], input=text, stdout=subprocess.PIPE, check=True).stdout
    assert back == words, f"{path} came back different from its text"
    assert b".word" not in text and b" ---- " not in text, f"{path} has words that no class explains"
    print(f"{os.path.basename(path)}: {len(words) // 4} words in {len(text.splitlines())} lines")


def main():
    folder = os.environ.get("NVRM_TINYGRAD_DIR")
    cli = os.environ.get("NVRM_CLI")
    if not folder or not os.path.isdir(os.path.join(folder, "tinygrad")) or not cli:
        print("skipped: NVRM_TINYGRAD_DIR does not name a checkout of tinygrad")
        return SKIP
    if sys.argv[1:2] == ["client"]:
        return client(folder, sys.argv[2])
    for chip, release, host in CARDS:
        print(chip, release, flush=True)
        with tempfile.TemporaryDirectory() as out:
            subprocess.run([cli, "emu", "exec", "--chip", chip, "-F", release, "--", sys.executable, __file__, "client", out],
                           check=True, timeout=120)
            judge(cli, os.path.join(out, "copy"), host)
            judge(cli, os.path.join(out, "compute"), host)
    return 0


if __name__ == "__main__":
    sys.exit(main())
