// SPDX-License-Identifier: MIT
// Single precision: every rounding mode, special values, quotients and roots, denormals kept and flushed.
#include "kernel.h"

KERNEL float_round(const float *a, const float *b, const float *c, float *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    float x = a[i], y = b[i], z = c[i], *o = out + 12 * i;

    o[0] = __fadd_rn(x, y);
    o[1] = __fadd_rz(x, y);
    o[2] = __fadd_ru(x, y);
    o[3] = __fadd_rd(x, y);
    o[4] = __fmul_rn(x, y);
    o[5] = __fmul_rz(x, y);
    o[6] = __fmul_ru(x, y);
    o[7] = __fmul_rd(x, y);
    o[8] = __fmaf_rn(x, y, z);
    o[9] = __fmaf_rz(x, y, z);
    o[10] = __fmaf_ru(x, y, z);
    o[11] = __fmaf_rd(x, -y, z);
}

KERNEL float_special(const float *a, const float *b, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    float x = a[i], y = b[i];
    u32 *o = out + 12 * i;

    asm("min.f32 %0, %1, %2;" : "=r"(o[0]) : "f"(x), "f"(y));
    asm("max.f32 %0, %1, %2;" : "=r"(o[1]) : "f"(x), "f"(y));
    asm("abs.f32 %0, %1;" : "=r"(o[2]) : "f"(x));
    asm("neg.f32 %0, %1;" : "=r"(o[3]) : "f"(x));
    asm("cvt.rmi.f32.f32 %0, %1;" : "=r"(o[4]) : "f"(x));
    asm("cvt.rpi.f32.f32 %0, %1;" : "=r"(o[5]) : "f"(x));
    asm("cvt.rzi.f32.f32 %0, %1;" : "=r"(o[6]) : "f"(x));
    asm("cvt.rni.f32.f32 %0, %1;" : "=r"(o[7]) : "f"(x));
    asm("cvt.sat.f32.f32 %0, %1;" : "=r"(o[8]) : "f"(x));
    asm("add.sat.f32 %0, %1, %2;" : "=r"(o[9]) : "f"(x), "f"(y));
    asm("copysign.f32 %0, %1, %2;" : "=r"(o[10]) : "f"(x), "f"(y));
    u32 bits = (x < y) | (x <= y) << 1 | (x == y) << 2 | (x != y) << 3 | (x >= y) << 4 | (x > y) << 5;
    bits |= (!(x < y)) << 6 | (!(x >= y)) << 7 | (x != x || y != y) << 8 | (x == x && y == y) << 9;
    u32 ltu, gtu, equ;
    asm("{ .reg .pred p; setp.ltu.f32 p, %1, %2; selp.u32 %0, 1, 0, p; }" : "=r"(ltu) : "f"(x), "f"(y));
    asm("{ .reg .pred p; setp.gtu.f32 p, %1, %2; selp.u32 %0, 1, 0, p; }" : "=r"(gtu) : "f"(x), "f"(y));
    asm("{ .reg .pred p; setp.equ.f32 p, %1, %2; selp.u32 %0, 1, 0, p; }" : "=r"(equ) : "f"(x), "f"(y));
    o[11] = bits | ltu << 10 | gtu << 11 | equ << 12;
}

KERNEL float_div(const float *a, const float *b, float *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    float x = a[i], y = b[i], *o = out + 12 * i;

    o[0] = __fdiv_rn(x, y);
    o[1] = __fdiv_rz(x, y);
    o[2] = __fdiv_ru(x, y);
    o[3] = __fdiv_rd(x, y);
    o[4] = __fsqrt_rn(x);
    o[5] = __fsqrt_rz(x);
    o[6] = __fsqrt_ru(x);
    o[7] = __fsqrt_rd(x);
    o[8] = __frcp_rn(x);
    o[9] = __frcp_rz(x);
    o[10] = __frcp_ru(x);
    o[11] = __frcp_rd(x);
}

KERNEL float_ftz(const float *a, const float *b, const float *c, float *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    float x = a[i], y = b[i], z = c[i], *o = out + 8 * i;

    asm("add.ftz.f32 %0, %1, %2;" : "=f"(o[0]) : "f"(x), "f"(y));
    asm("mul.ftz.f32 %0, %1, %2;" : "=f"(o[1]) : "f"(x), "f"(y));
    asm("fma.rn.ftz.f32 %0, %1, %2, %3;" : "=f"(o[2]) : "f"(x), "f"(y), "f"(z));
    asm("min.ftz.f32 %0, %1, %2;" : "=f"(o[3]) : "f"(x), "f"(y));
    asm("{ .reg .pred p; setp.lt.ftz.f32 p, %1, %2; selp.f32 %0, %2, %3, p; }" : "=f"(o[4]) : "f"(x), "f"(y), "f"(z));
    asm("add.ftz.sat.f32 %0, %1, %2;" : "=f"(o[5]) : "f"(x), "f"(y));
    o[6] = __fadd_rn(x, y);
    o[7] = __fmaf_rn(x, y, z);
}
