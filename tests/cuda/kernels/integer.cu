// SPDX-License-Identifier: MIT
// sm: 75 80 86 89 90 100 120
// Integer arithmetic of every width: products, quotients, shifts, bit fields, saturation, dot products.
#include "kernel.h"

#define PTX3(op, type, d, a, b, c) asm(op " %0, %1, %2, %3;" : "=" type(d) : type(a), type(b), type(c))
#define PTX2(op, type, d, a, b)    asm(op " %0, %1, %2;" : "=" type(d) : type(a), type(b))

KERNEL int_arith32(const u32 *a, const u32 *b, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u32 x = a[i], y = b[i], *o = out + 16 * i;
    s32 sx = (s32)x, sy = (s32)y;

    o[0] = x + y;
    o[1] = x - y;
    o[2] = x * y;
    o[3] = __umulhi(x, y);
    o[4] = (u32)__mulhi(sx, sy);
    o[5] = x * y + (x ^ y);
    o[6] = x < y ? x : y;
    o[7] = x > y ? x : y;
    o[8] = (u32)(sx < sy ? sx : sy);
    o[9] = (u32)(sx > sy ? sx : sy);
    o[10] = (u32)(sx < 0 ? 0u - x : x);
    o[11] = __usad(x, y, 7);
    o[12] = (x & y) | (~x & 0x0ff0f00fu);
    o[13] = x * 24 + y * 5;
    o[14] = (x >> 16) * (y & 0xffff);
    o[15] = (sx == sy) + 2 * (sx < sy) + 4 * (x < y);
}

KERNEL int_div32(const u32 *a, const u32 *b, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u32 x = a[i], y = b[i] | 1, *o = out + 8 * i;
    s32 sx = (s32)x, sy = (s32)(y >> 3 | 1);

    o[0] = x / y;
    o[1] = x % y;
    o[2] = (u32)(sx / sy);
    o[3] = (u32)(sx % sy);
    o[4] = x / 10;
    o[5] = x % 1000003;
    o[6] = (u32)(sx / 7);
    o[7] = (u32)(sx / 16);
}

KERNEL int_shift32(const u32 *a, const u32 *b, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u32 x = a[i], y = b[i], s = y & 63, *o = out + 16 * i;

    PTX2("shl.b32", "r", o[0], x, s);
    PTX2("shr.u32", "r", o[1], x, s);
    PTX2("shr.s32", "r", o[2], x, s);
    o[3] = __funnelshift_l(x, y, s);
    o[4] = __funnelshift_r(x, y, s);
    o[5] = __funnelshift_lc(x, y, s);
    o[6] = __funnelshift_rc(x, y, s);
    o[7] = __brev(x);
    o[8] = __popc(x);
    o[9] = __clz((s32)x);
    o[10] = __ffs((s32)x);
    o[11] = __byte_perm(x, y, 0x2615);
    PTX3("bfe.u32", "r", o[12], x, s & 31, y >> 27);
    PTX3("bfe.s32", "r", o[13], x, s & 31, y >> 27);
    asm("bfi.b32 %0, %1, %2, %3, %4;" : "=r"(o[14]) : "r"(x), "r"(y), "r"(s & 31), "r"(y >> 27));
    asm("bfind.s32 %0, %1;" : "=r"(o[15]) : "r"(x));
}

KERNEL int_arith64(const u64 *a, const u64 *b, u64 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u64 x = a[i], y = b[i], *o = out + 16 * i;
    s64 sx = (s64)x, sy = (s64)y;
    u32 s = (u32)y & 63;

    o[0] = x + y;
    o[1] = x - y;
    o[2] = x * y;
    o[3] = __umul64hi(x, y);
    o[4] = (u64)__mul64hi(sx, sy);
    o[5] = x << s;
    o[6] = x >> s;
    o[7] = (u64)(sx >> s);
    o[8] = x < y ? x : y;
    o[9] = (u64)(sx > sy ? sx : sy);
    o[10] = (u64)(sx < 0 ? 0 - x : x);
    o[11] = __popcll(x);
    o[12] = __clzll(sx);
    o[13] = __brevll(x);
    o[14] = (u64)(u32)x * (u32)y + x;
    o[15] = (u64)((s64)(s32)x * (s32)y) - y;
}

KERNEL int_div64(const u64 *a, const u64 *b, u64 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u64 x = a[i], y = (b[i] >> (b[i] & 63)) | 1, *o = out + 4 * i;
    s64 sx = (s64)x, sy = (s64)(y >> 1 | 1);

    o[0] = x / y;
    o[1] = x % y;
    o[2] = (u64)(sx / sy);
    o[3] = (u64)(sx % sy);
}

KERNEL int_sat_dot(const u32 *a, const u32 *b, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u32 x = a[i], y = b[i], *o = out + 8 * i;

    PTX2("add.sat.s32", "r", o[0], x, y);
    PTX2("sub.sat.s32", "r", o[1], x, y);
    PTX3("dp4a.u32.u32", "r", o[2], x, y, x);
    PTX3("dp4a.s32.s32", "r", o[3], x, y, y);
    PTX3("dp4a.u32.s32", "r", o[4], x, y, 5);
    PTX3("dp2a.lo.s32.s32", "r", o[5], x, y, x);
    PTX3("dp2a.hi.u32.u32", "r", o[6], x, y, y);
    asm("{ .reg .u32 t; add.cc.u32 t, %1, %2; addc.u32 %0, t, %2; }" : "=r"(o[7]) : "r"(x), "r"(y));
}

KERNEL int_narrow(const u8 *a, const u16 *b, s8 *c, s16 *d, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    s32 x = (s8)a[i], y = (s16)b[i];

    c[i] = (s8)(x * y + a[i]);
    d[i] = (s16)((u32)(b[i] * a[i]) >> 3);
    d[n + i] = (s16)(x < 0 ? -x * 3 : y >> 2);
}
