// SPDX-License-Identifier: MIT
// Double precision: rounding modes, quotients, roots, comparisons.
#include "kernel.h"

KERNEL double_round(const double *a, const double *b, const double *c, double *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    double x = a[i], y = b[i], z = c[i], *o = out + 12 * i;

    o[0] = __dadd_rn(x, y);
    o[1] = __dadd_rz(x, y);
    o[2] = __dadd_ru(x, y);
    o[3] = __dadd_rd(x, y);
    o[4] = __dmul_rn(x, y);
    o[5] = __dmul_rz(x, y);
    o[6] = __dmul_ru(x, y);
    o[7] = __dmul_rd(x, y);
    o[8] = __fma_rn(x, y, z);
    o[9] = __fma_rz(x, y, z);
    o[10] = __fma_ru(x, y, z);
    o[11] = __fma_rd(-x, y, z);
}

KERNEL double_div(const double *a, const double *b, double *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    double x = a[i], y = b[i], *o = out + 4 * i;

    asm("div.rn.f64 %0, %1, %2;" : "=d"(o[0]) : "d"(x), "d"(y));
    asm("sqrt.rn.f64 %0, %1;" : "=d"(o[1]) : "d"(x));
    asm("rcp.rn.f64 %0, %1;" : "=d"(o[2]) : "d"(y));
    asm("div.rz.f64 %0, %1, %2;" : "=d"(o[3]) : "d"(y), "d"(x));
}

KERNEL double_compare(const double *a, const double *b, double *out, u32 *bits, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    double x = a[i], y = b[i], *o = out + 4 * i;

    asm("min.f64 %0, %1, %2;" : "=d"(o[0]) : "d"(x), "d"(y));
    asm("max.f64 %0, %1, %2;" : "=d"(o[1]) : "d"(x), "d"(y));
    asm("abs.f64 %0, %1;" : "=d"(o[2]) : "d"(x));
    asm("cvt.rni.f64.f64 %0, %1;" : "=d"(o[3]) : "d"(x));
    bits[i] = (x < y) | (x <= y) << 1 | (x == y) << 2 | (x != y) << 3 | (x >= y) << 4 | (x > y) << 5;
}
