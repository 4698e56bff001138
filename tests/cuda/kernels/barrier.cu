// SPDX-License-Identifier: MIT
// Barriers of a block: named ones with counts, arrivals without waiting, and those that reduce a predicate.
#include "kernel.h"

// Two warps fill, two warps take: barrier 1 says full, barrier 2 says free.
KERNEL barrier_pipe(const u32 *in, u32 *out, u32 rounds)
{
    __shared__ u32 slot[64];
    u32 t = threadIdx.x;

    for (u32 r = 0; r < rounds; r++) {
        if (t < 64) {
            if (r)
                asm volatile("bar.sync 2, 128;" ::: "memory");
            slot[t] = in[(blockIdx.x * rounds + r) * 64 + t] * 3 + r;
            asm volatile("bar.arrive 1, 128;" ::: "memory");
        } else {
            asm volatile("bar.sync 1, 128;" ::: "memory");
            out[(blockIdx.x * rounds + r) * 64 + t - 64] = slot[127 - t];
            if (r + 1 < rounds)
                asm volatile("bar.arrive 2, 128;" ::: "memory");
        }
    }
}

KERNEL barrier_reduce(const u32 *in, u32 *out)
{
    u32 i = THREAD, x = in[i], *o = out + 4 * i;

    o[0] = (u32)__syncthreads_count(x & 1);
    o[1] = __syncthreads_and(x % 1009 != 0) != 0;
    o[2] = __syncthreads_or(x % 1009 == 0) != 0;
    if (threadIdx.x & 32)
        asm volatile("{ .reg .pred p, q; setp.lt.u32 p, %1, 0x80000000; bar.red.popc.u32 %0, 3, 64, p; }"
                     : "=r"(o[3]) : "r"(x) : "memory");
    else
        o[3] = 0;
}

__device__ u32 arrived;

// The last block to finish adds up what the others left behind.
KERNEL barrier_last_block(const u32 *in, u32 *part, u32 *out)
{
    __shared__ u32 sum, last;

    if (threadIdx.x == 0)
        sum = 0;
    __syncthreads();
    atomicAdd(&sum, in[THREAD]);
    __syncthreads();
    if (threadIdx.x == 0) {
        part[blockIdx.x] = sum;
        __threadfence();
        last = atomicInc(&arrived, gridDim.x - 1) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && threadIdx.x == 0) {
        u32 total = 0;

        for (u32 b = 0; b < gridDim.x; b++)
            total = total * 31 + ((volatile u32 *)part)[b];
        *out = total;
    }
}
