// SPDX-License-Identifier: MIT
// Conversions between integers, single, double and half precision, rounded every way.
#include "kernel.h"

#define CVT(op, to, d, from, x) asm("cvt." op " %0, %1;" : "=" to(d) : from(x))

KERNEL convert_from_float(const float *in, u32 *out, u64 *wide, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    float x = in[i];
    u32 *o = out + 16 * i;
    u64 *w = wide + 8 * i;
    u16 h;

    CVT("rni.s32.f32", "r", o[0], "f", x);
    CVT("rzi.s32.f32", "r", o[1], "f", x);
    CVT("rmi.s32.f32", "r", o[2], "f", x);
    CVT("rpi.s32.f32", "r", o[3], "f", x);
    CVT("rni.u32.f32", "r", o[4], "f", x);
    CVT("rzi.u32.f32", "r", o[5], "f", x);
    CVT("rmi.u32.f32", "r", o[6], "f", x);
    CVT("rpi.u32.f32", "r", o[7], "f", x);
    CVT("rzi.s16.f32", "h", h, "f", x);
    o[8] = h;
    CVT("rzi.u16.f32", "h", h, "f", x);
    o[9] = h;
    CVT("rni.s8.f32", "r", o[10], "f", x);
    CVT("rni.u8.f32", "r", o[11], "f", x);
    CVT("rn.f16.f32", "h", h, "f", x);
    o[12] = h;
    CVT("rz.f16.f32", "h", h, "f", x);
    o[13] = h;
    CVT("rni.ftz.s32.f32", "r", o[14], "f", x);
    o[15] = 0;
    CVT("rni.s64.f32", "l", w[0], "f", x);
    CVT("rzi.s64.f32", "l", w[1], "f", x);
    CVT("rmi.u64.f32", "l", w[2], "f", x);
    CVT("rpi.u64.f32", "l", w[3], "f", x);
    CVT("f64.f32", "l", w[4], "f", x == x ? x : 1.0f);
    w[5] = w[6] = w[7] = 0;
}

KERNEL convert_from_int(const u64 *in, float *out, double *wide, u16 *half, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u64 q = in[i];
    u32 x = (u32)q;
    float *o = out + 16 * i;
    double *w = wide + 8 * i;
    u16 *h = half + 4 * i;

    CVT("rn.f32.s32", "f", o[0], "r", x);
    CVT("rz.f32.s32", "f", o[1], "r", x);
    CVT("rm.f32.s32", "f", o[2], "r", x);
    CVT("rp.f32.s32", "f", o[3], "r", x);
    CVT("rn.f32.u32", "f", o[4], "r", x);
    CVT("rz.f32.u32", "f", o[5], "r", x);
    CVT("rm.f32.u32", "f", o[6], "r", x);
    CVT("rp.f32.u32", "f", o[7], "r", x);
    CVT("rn.f32.s64", "f", o[8], "l", q);
    CVT("rz.f32.s64", "f", o[9], "l", q);
    CVT("rn.f32.u64", "f", o[10], "l", q);
    CVT("rp.f32.u64", "f", o[11], "l", q);
    CVT("rn.f32.s16", "f", o[12], "h", (s16)x);
    CVT("rn.f32.u16", "f", o[13], "h", (u16)x);
    CVT("rn.f32.u8", "f", o[14], "r", x >> 24);
    CVT("rn.f32.s8", "f", o[15], "r", x);
    CVT("rn.f64.s32", "d", w[0], "r", x);
    CVT("rn.f64.u32", "d", w[1], "r", x);
    CVT("rn.f64.s64", "d", w[2], "l", q);
    CVT("rn.f64.u64", "d", w[3], "l", q);
    CVT("rz.f64.s64", "d", w[4], "l", q);
    CVT("rm.f64.s64", "d", w[5], "l", q);
    CVT("rp.f64.u64", "d", w[6], "l", q);
    CVT("rz.f64.u64", "d", w[7], "l", q);
    CVT("rn.f16.s32", "h", h[0], "r", (s32)x >> 12);
    CVT("rn.f16.u32", "h", h[1], "r", x >> 13);
    CVT("rn.f16.s16", "h", h[2], "h", (s16)x);
    CVT("rz.f16.u16", "h", h[3], "h", (u16)x);
}

KERNEL convert_from_double(const double *in, u32 *out, u64 *wide, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    double x = in[i];
    u32 *o = out + 8 * i;
    u64 *w = wide + 8 * i;
    double y = x == x ? x : 1.0; // how a NaN looks is no promise

    CVT("rni.s32.f64", "r", o[0], "d", x);
    CVT("rzi.s32.f64", "r", o[1], "d", x);
    CVT("rmi.u32.f64", "r", o[2], "d", x);
    CVT("rpi.u32.f64", "r", o[3], "d", x);
    CVT("rn.f32.f64", "r", o[4], "d", y);
    CVT("rz.f32.f64", "r", o[5], "d", y);
    CVT("rm.f32.f64", "r", o[6], "d", y);
    CVT("rp.f32.f64", "r", o[7], "d", y);
    CVT("rni.s64.f64", "l", w[0], "d", x);
    CVT("rzi.s64.f64", "l", w[1], "d", x);
    CVT("rmi.u64.f64", "l", w[2], "d", x);
    CVT("rpi.u64.f64", "l", w[3], "d", x);
    CVT("rmi.f64.f64", "l", w[4], "d", y);
    CVT("rpi.f64.f64", "l", w[5], "d", y);
    CVT("rzi.f64.f64", "l", w[6], "d", y);
    CVT("rni.f64.f64", "l", w[7], "d", y);
}

KERNEL convert_from_half(const u16 *in, float *out, u32 *ints, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u16 x = in[i];

    CVT("f32.f16", "f", out[i], "h", x);
    CVT("rni.s32.f16", "r", ints[2 * i], "h", x);
    CVT("rzi.u32.f16", "r", ints[2 * i + 1], "h", x);
}
