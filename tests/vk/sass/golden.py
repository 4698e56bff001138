#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes golden.txt: what nvdisasm prints for the committed cubins, as one hash per function.

    NVRM_NVDISASM=nvdisasm tests/vk/sass/golden.py > tests/vk/sass/golden.txt

A line: cubin, function, instructions, 64-bit FNV-1a of the lines, each with its newline. The
lines of one small cubin per SM stand in saxpy.sm_*.txt as they are (with arguments: FILE SM).
"""
import glob
import os
import re
import struct
import subprocess
import sys
import tempfile

SMS = (75, 80, 86, 89, 90)
HERE = os.path.dirname(os.path.abspath(__file__))
CUBINS = os.path.join(HERE, "..", "..", "cuda", "cubin", "*.cubin")


def sections(path):
    """Code sections of an ELF file, in order."""
    data = open(path, "rb").read()
    table, = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<HHH", data, 0x3A)
    rows = [struct.unpack_from("<IIQQQQ", data, table + i * size) for i in range(count)]
    for row in rows:
        at = rows[names][4] + row[0]
        name = data[at:data.index(b"\0", at)].decode()
        if name.startswith(".text."):
            yield name[6:], data[row[4]:row[4] + row[5]]


def lines(sm, code):
    with tempfile.NamedTemporaryFile() as f:
        f.write(code)
        f.flush()
        text = subprocess.run([os.environ["NVRM_NVDISASM"], "-b", "SM%d" % sm, f.name], check=True,
                              capture_output=True, text=True).stdout
    found = re.findall(r"/\*[0-9a-f]{4,}\*/[ \t]+(.*?)[ \t]*;", text)
    assert len(found) == len(code) // 16, (len(found), len(code))
    return found


def fnv(text):
    h = 0xCBF29CE484222325
    for b in text.encode():
        h = (h ^ b) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


def main():
    if len(sys.argv) == 3:
        for name, code in sections(sys.argv[1]):
            print("# " + name)
            print("\n".join(lines(int(sys.argv[2]), code)))
        return
    for path in sorted(glob.glob(CUBINS)):
        sm = int(re.search(r"sm_(\d+)\.cubin$", path).group(1))
        if sm not in SMS:
            continue
        for name, code in sections(path):
            text = lines(sm, code)
            print(os.path.basename(path), name, len(text),
                  "%016x" % fnv("".join(l + "\n" for l in text)))


if __name__ == "__main__":
    main()
