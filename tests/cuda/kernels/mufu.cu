// SPDX-License-Identifier: MIT
// The functions of the special-function unit, which are approximate: a test compares them in ulp, not in bits.
#include "kernel.h"

KERNEL mufu_all(const float *in, float *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    float x = in[i], *o = out + 8 * i;

    asm("ex2.approx.f32 %0, %1;" : "=f"(o[0]) : "f"(x));
    asm("lg2.approx.f32 %0, %1;" : "=f"(o[1]) : "f"(x));
    asm("sin.approx.f32 %0, %1;" : "=f"(o[2]) : "f"(x));
    asm("cos.approx.f32 %0, %1;" : "=f"(o[3]) : "f"(x));
    asm("rsqrt.approx.f32 %0, %1;" : "=f"(o[4]) : "f"(x));
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(o[5]) : "f"(x));
    asm("sqrt.approx.f32 %0, %1;" : "=f"(o[6]) : "f"(x));
    asm("tanh.approx.f32 %0, %1;" : "=f"(o[7]) : "f"(x));
}
