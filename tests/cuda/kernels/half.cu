// SPDX-License-Identifier: MIT
// Half precision in pairs, as every SM from Turing on has it.
#include "kernel.h"

#define H2(op, d, a, b)    asm(op " %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b))
#define H3(op, d, a, b, c) asm(op " %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c))

KERNEL half_pairs(const u32 *a, const u32 *b, const u32 *c, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u32 x = a[i], y = b[i], z = c[i], *o = out + 8 * i;
    u16 h;

    H2("add.rn.f16x2", o[0], x, y);
    H2("sub.rn.f16x2", o[1], x, y);
    H2("mul.rn.f16x2", o[2], x, y);
    H3("fma.rn.f16x2", o[3], x, y, z);
    H2("add.rn.sat.f16x2", o[4], x, y);
    H3("fma.rn.ftz.f16x2", o[5], x, y, z);
    H2("set.lt.f16x2.f16x2", o[6], x, y);
    asm("fma.rn.f16 %0, %1, %2, %1;" : "=h"(h) : "h"((u16)x), "h"((u16)(y >> 16)));
    o[7] = h;
}
