// SPDX-License-Identifier: MIT
// What the lanes of a warp tell each other: shuffles, votes, matches, reductions; and barriers of a warp.
#include "kernel.h"

#define ALL 0xffffffffu

KERNEL warp_shuffle(const u32 *in, u32 *out)
{
    u32 i = THREAD, x = in[i], *o = out + 8 * i;

    o[0] = __shfl_sync(ALL, x, x & 31);
    o[1] = __shfl_up_sync(ALL, x, 3);
    o[2] = __shfl_down_sync(ALL, x, 5);
    o[3] = __shfl_xor_sync(ALL, x, 17);
    o[4] = __shfl_sync(ALL, x, i + 1, 8);
    o[5] = __shfl_up_sync(ALL, x, 1, 16);
    o[6] = __shfl_down_sync(ALL, x, 2, 4);
    asm volatile("{ .reg .pred p; .reg .u32 t; shfl.sync.bfly.b32 t|p, %1, 9, 0x0807, -1; selp.u32 %0, 1, 0, p; add.u32 %0, %0, t; }"
                 : "=r"(o[7])
                 : "r"(x));
}

KERNEL warp_vote(const u32 *in, u32 *out)
{
    u32 i = THREAD, x = in[i], *o = out + 8 * i;

    o[0] = __ballot_sync(ALL, x & 1);
    o[1] = __any_sync(ALL, x % 97 == 0);
    o[2] = __all_sync(ALL, x % 97 != 0);
    o[3] = __match_any_sync(ALL, x & 7);
    int same;
    o[4] = __match_all_sync(ALL, x >> 31 & i >> 9, &same);
    o[5] = (u32)same;
    u32 odd = __ballot_sync(ALL, x & 4);
    o[6] = __activemask();
    o[7] = 0;
    if (x & 4) {
        o[7] = __popc(__ballot_sync(odd, x & 8)) + __shfl_sync(odd, x, __ffs((s32)odd) - 1);
        __syncwarp(odd);
    }
}

KERNEL warp_reduce(const u32 *in, u32 *out, float *sums)
{
    u32 i = THREAD, sum = in[i], most = sum;
    float f = (float)(sum & 0xffff);

    for (u32 d = 16; d; d >>= 1) {
        u32 other = __shfl_xor_sync(ALL, most, d);

        sum += __shfl_down_sync(ALL, sum, d);
        most = most > other ? most : other;
        f = __fadd_rn(f, __shfl_xor_sync(ALL, f, d));
    }
    if ((i & 31) == 0) {
        out[i / 16] = sum;
        out[i / 16 + 1] = most;
        sums[i / 32] = f;
    }
}

KERNEL warp_scan(const u32 *in, u32 *out)
{
    u32 i = THREAD, lane = i & 31, x = in[i];

    for (u32 d = 1; d < 32; d <<= 1) {
        u32 y = __shfl_up_sync(ALL, x, d);

        if (lane >= d)
            x += y;
    }
    out[i] = x;
}
