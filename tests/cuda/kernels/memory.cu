// SPDX-License-Identifier: MIT
// sm: 75 80 86 89 90 100 120
// The kinds of memory: constants, initialised globals, local arrays, generic pointers, wide and narrow accesses.
#include "kernel.h"

__constant__ u32 primes[16] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53};
__constant__ double weights[4] = {0.5, -1.25, 3.0, 1e10};
__device__ u32 squares[8] = {0, 1, 4, 9, 16, 25, 36, 49};
__device__ u32 *pointer = squares + 2;
__device__ u32 counter = 7;

KERNEL memory_constant(const u32 *in, u32 *out, double *wide, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    out[i] = primes[in[i] & 15] * primes[3] + primes[(i >> 5) & 15];
    wide[i] = weights[in[i] & 3];
}

KERNEL memory_globals(const u32 *in, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i < n)
        out[i] = squares[in[i] & 7] * 100 + pointer[in[i] >> 4 & 3] * 10 + counter;
}

KERNEL memory_local(const u32 *in, u32 *out, u32 n)
{
    u32 i = THREAD;
    u32 heap[32];
    u64 pairs[8];

    if (i >= n)
        return;
    for (u32 k = 0; k < 32; k++)
        heap[k] = in[(i + k) % n];
    for (u32 k = 1; k < 32; k++) {
        u32 v = heap[k], j = k;

        for (; j && heap[j - 1] > v; j--)
            heap[j] = heap[j - 1];
        heap[j] = v;
    }
    for (u32 k = 0; k < 8; k++)
        pairs[(k * 3) & 7] = (u64)heap[4 * k] << 32 | heap[k];
    u64 p = pairs[in[i] & 7];
    out[i] = heap[in[i] >> 3 & 31] ^ (u32)p ^ (u32)(p >> 32);
}

extern "C" __device__ __noinline__ u32
sum4(const u32 *p)
{
    return p[0] + 3 * p[1] + 5 * p[2] + 7 * p[3];
}

KERNEL memory_generic(const u32 *in, u32 *out, u32 n)
{
    __shared__ u32 near_by[128];
    u32 i = THREAD, t = threadIdx.x;
    u32 own[4] = {i, i + 1, t, 9};

    near_by[t] = in[i] * 2;
    __syncthreads();
    const u32 *p = (in[i] & 3) == 0 ? in + (i & ~3u) : (in[i] & 3) == 1 ? near_by + (t & ~3u) : (in[i] & 3) == 2 ? own : squares;
    if (i < n)
        out[i] = sum4(p);
}

KERNEL memory_wide(const uint4 *in, uint4 *out, uint2 *pairs, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    uint4 v = in[i];
    uint2 w = {v.x ^ v.z, v.y + v.w};

    out[n - 1 - i] = make_uint4(v.w, v.z, v.y, v.x);
    pairs[i] = w;
}

KERNEL memory_search(const u8 *text, u32 text_bytes, const u8 *word, u32 word_bytes, u32 *hits, u32 *first)
{
    u32 i = THREAD;

    if (i + word_bytes > text_bytes)
        return;
    for (u32 k = 0; k < word_bytes; k++)
        if (text[i + k] != word[k])
            return;
    atomicAdd(hits, 1);
    atomicMin(first, i);
}

// Each thread unpacks one stream: a byte below 0x80 is a count of literals, else (b & 0x7f) + 2 bytes from a distance.
KERNEL memory_unpack(const u8 *packed, const u32 *start, u8 *out, u32 out_bytes, u32 streams)
{
    u32 i = THREAD;

    if (i >= streams)
        return;
    const u8 *p = packed + start[i], *end = packed + start[i + 1];
    u8 *o = out + i * out_bytes;
    u32 at = 0;

    while (p < end) {
        u32 tag = *p++;

        if (tag < 0x80) {
            for (u32 k = 0; k < tag && at < out_bytes; k++)
                o[at++] = *p++;
        } else {
            u32 back = *p++ + 1;

            for (u32 k = 0; k < (tag & 0x7f) + 2 && at < out_bytes; k++, at++)
                o[at] = at >= back ? o[at - back] : 0;
        }
    }
}

KERNEL memory_special(u32 *out)
{
    u32 i = THREAD + (blockIdx.y * blockDim.y + threadIdx.y) * gridDim.x * blockDim.x, *o = out + 12 * i;
    u32 lane, lt, eq, ge;
    u64 before = clock64(), after;

    asm("mov.u32 %0, %%laneid;" : "=r"(lane));
    asm("mov.u32 %0, %%lanemask_lt;" : "=r"(lt));
    asm("mov.u32 %0, %%lanemask_eq;" : "=r"(eq));
    asm("mov.u32 %0, %%lanemask_ge;" : "=r"(ge));
    o[0] = threadIdx.x | threadIdx.y << 16;
    o[1] = threadIdx.z;
    o[2] = blockIdx.x | blockIdx.y << 16;
    o[3] = blockIdx.z;
    o[4] = blockDim.x | blockDim.y << 16;
    o[5] = gridDim.x | gridDim.y << 16;
    o[6] = gridDim.z * 100 + blockDim.z;
    o[7] = lane;
    o[8] = lt;
    o[9] = eq;
    o[10] = ge;
    __syncthreads();
    after = clock64();
    o[11] = after > before;
}
