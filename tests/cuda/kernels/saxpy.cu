// SPDX-License-Identifier: MIT
// sm: 75 80 86 89 90 100 120
// y = a * x + y, the first kernel of everyone.
#include "kernel.h"

KERNEL saxpy(u32 n, float a, const float *x, float *y)
{
    u32 i = THREAD;

    if (i < n)
        y[i] = __fmaf_rn(a, x[i], y[i]);
}
