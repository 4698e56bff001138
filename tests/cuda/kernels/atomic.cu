// SPDX-License-Identifier: MIT
// sm: 75 80 86 89 90 100 120
// Atomic operations on global and shared memory. Each result is the same whatever order the threads come in.
#include "kernel.h"

KERNEL atomic_global32(const u32 *in, u32 *cell, u32 *ticket)
{
    u32 i = THREAD, x = in[i];

    atomicAdd(&cell[0], x);
    atomicMin(&cell[1], x);
    atomicMax(&cell[2], x);
    atomicAnd(&cell[3], x | 0xff);
    atomicOr(&cell[4], x & 0xff0);
    atomicXor(&cell[5], x);
    atomicMin((s32 *)&cell[6], (s32)x);
    atomicMax((s32 *)&cell[7], (s32)x);
    atomicInc(&cell[8], 99);
    atomicDec(&cell[9], 77);
    ticket[atomicAdd(&cell[10], 1)] = 1;
    // The first to come takes what the cell held; the sum is the same whoever that is.
    atomicAdd(&cell[12], atomicExch(&cell[11], 0) + x);
    u32 old = cell[13], seen;
    do {
        seen = old;
        old = atomicCAS(&cell[13], seen, seen + (x & 15));
    } while (old != seen);
    atomicAdd((float *)&cell[14], (float)(x & 63));
    atomicSub(&cell[15], x);
}

KERNEL atomic_global64(const u64 *in, u64 *cell)
{
    u32 i = THREAD;
    u64 x = in[i];

    atomicAdd(&cell[0], x);
    atomicMin(&cell[1], x);
    atomicMax(&cell[2], x);
    atomicAnd(&cell[3], x | 0xfff);
    atomicOr(&cell[4], x & 0xff0);
    atomicXor(&cell[5], x);
    atomicMin((s64 *)&cell[6], (s64)x);
    atomicMax((s64 *)&cell[7], (s64)x);
    u64 old = cell[8], seen;
    do {
        seen = old;
        old = atomicCAS(&cell[8], seen, seen + (x & 15));
    } while (old != seen);
    atomicAdd((double *)&cell[9], (double)(x & 63));
    atomicAdd(&cell[11], atomicExch(&cell[10], 0) + x);
}

KERNEL atomic_shared(const u32 *in, u32 *out, u64 *wide)
{
    __shared__ u32 s[16];
    __shared__ u64 w[4];
    u32 t = threadIdx.x, x = in[THREAD];

    if (t < 16)
        s[t] = t == 1 || t == 3 ? 0xffffffffu : 0;
    if (t < 4)
        w[t] = 0;
    __syncthreads();
    atomicAdd(&s[0], x);
    atomicMin(&s[1], x);
    atomicMax(&s[2], x);
    atomicAnd(&s[3], x | 0xff);
    atomicOr(&s[4], x & 0xff0);
    atomicXor(&s[5], x);
    atomicInc(&s[6], 29);
    u32 mine = atomicAdd(&s[7], 1);
    atomicXor(&s[8], mine * mine);
    u32 old = s[9], seen;
    do {
        seen = old;
        old = atomicCAS(&s[9], seen, seen + (x & 15));
    } while (old != seen);
    atomicAdd((float *)&s[10], (float)(x & 63));
    atomicAdd(&s[11], atomicExch(&s[12], x));
    atomicAdd(&w[0], (u64)x * x);
    atomicMax(&w[1], (u64)x * x);
    atomicExch(&w[2], 0x123456789abcdefull);
    atomicCAS(&w[3], 0ull, 42ull);
    __syncthreads();
    if (t == 0)
        s[11] += s[12], s[12] = 0;
    __syncthreads();
    if (t < 16)
        out[16 * blockIdx.x + t] = s[t];
    if (t < 4)
        wide[4 * blockIdx.x + t] = w[t];
}
