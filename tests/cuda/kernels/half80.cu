// SPDX-License-Identifier: MIT
// sm: 80 86 90 100 120
// What Ampere added: minima of half precision, bfloat16, fused ReLU.
#include "kernel.h"

#define H2(op, d, a, b)    asm(op " %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b))
#define H3(op, d, a, b, c) asm(op " %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c))

KERNEL half_minmax(const u32 *a, const u32 *b, const u32 *c, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u32 x = a[i], y = b[i], z = c[i], *o = out + 4 * i;

    H2("min.f16x2", o[0], x, y);
    H2("max.f16x2", o[1], x, y);
    H2("max.NaN.f16x2", o[2], x, y);
    H3("fma.rn.relu.f16x2", o[3], x, y, z);
}

KERNEL bfloat_pairs(const u32 *a, const u32 *b, const u32 *c, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u32 x = a[i], y = b[i], z = c[i], *o = out + 4 * i;

    H3("fma.rn.bf16x2", o[0], x, y, z);
    H2("min.bf16x2", o[1], x, y);
    H2("max.bf16x2", o[2], x, y);
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(o[3]) : "f"(__uint_as_float(x)), "f"(__uint_as_float(y)));
}
