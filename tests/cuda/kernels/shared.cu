// SPDX-License-Identifier: MIT
// sm: 75 80 86 89 90 100 120
// Work within a block over shared memory: reductions, scans, sorting, transposing, counting.
#include "kernel.h"

KERNEL shared_reduce(const u32 *in, u32 *out, u32 n)
{
    __shared__ u32 part[256];
    u32 t = threadIdx.x, sum = 0;

    for (u32 i = THREAD; i < n; i += gridDim.x * blockDim.x)
        sum += in[i];
    part[t] = sum;
    __syncthreads();
    for (u32 d = blockDim.x / 2; d; d >>= 1) {
        if (t < d)
            part[t] += part[t + d];
        __syncthreads();
    }
    if (t == 0)
        out[blockIdx.x] = part[0];
}

KERNEL shared_scan(const u32 *in, u32 *out)
{
    __shared__ u32 buf[2][256];
    u32 t = threadIdx.x, cur = 0;

    buf[0][t] = in[THREAD];
    __syncthreads();
    for (u32 d = 1; d < 256; d <<= 1) {
        u32 v = buf[cur][t];

        if (t >= d)
            v += buf[cur][t - d];
        cur ^= 1;
        buf[cur][t] = v;
        __syncthreads();
    }
    out[THREAD] = buf[cur][t];
}

KERNEL shared_bitonic(u32 *data)
{
    __shared__ u32 s[256];
    u32 t = threadIdx.x;

    s[t] = data[THREAD];
    for (u32 k = 2; k <= 256; k <<= 1)
        for (u32 j = k >> 1; j; j >>= 1) {
            u32 peer = t ^ j;

            __syncthreads();
            if (peer > t) {
                u32 a = s[t], b = s[peer];

                if ((a > b) == ((t & k) == 0)) {
                    s[t] = b;
                    s[peer] = a;
                }
            }
        }
    __syncthreads();
    data[THREAD] = s[t];
}

KERNEL shared_radix(u32 *data)
{
    __shared__ u32 s[2][128];
    __shared__ u32 flags[128];
    u32 t = threadIdx.x, cur = 0;

    s[0][t] = data[THREAD];
    __syncthreads();
    for (u32 bit = 0; bit < 32; bit++) {
        u32 key = s[cur][t], one = key >> bit & 1;

        flags[t] = one;
        __syncthreads();
        for (u32 d = 1; d < 128; d <<= 1) {
            u32 v = t >= d ? flags[t - d] : 0;

            __syncthreads();
            flags[t] += v;
            __syncthreads();
        }
        u32 zeros = 128 - flags[127];

        s[cur ^ 1][one ? zeros + flags[t] - 1 : t - (flags[t] - one)] = key;
        cur ^= 1;
        __syncthreads();
    }
    data[THREAD] = s[cur][t];
}

KERNEL shared_transpose(const float *in, float *out, u32 width, u32 height)
{
    __shared__ float tile[16][17];
    u32 x = blockIdx.x * 16 + threadIdx.x, y = blockIdx.y * 16 + threadIdx.y;

    if (x < width && y < height)
        tile[threadIdx.y][threadIdx.x] = in[y * width + x];
    __syncthreads();
    x = blockIdx.y * 16 + threadIdx.x;
    y = blockIdx.x * 16 + threadIdx.y;
    if (x < height && y < width)
        out[y * height + x] = tile[threadIdx.x][threadIdx.y];
}

KERNEL shared_histogram(const u8 *in, u32 *bins, u32 n)
{
    __shared__ u32 own[256];

    own[threadIdx.x] = 0;
    __syncthreads();
    for (u32 i = THREAD; i < n; i += gridDim.x * blockDim.x)
        atomicAdd(&own[in[i]], 1);
    __syncthreads();
    atomicAdd(&bins[threadIdx.x], own[threadIdx.x]);
}

KERNEL shared_dynamic(const u32 *in, u32 *out, u32 words)
{
    extern __shared__ u32 pool[];
    u32 t = threadIdx.x;

    for (u32 i = t; i < words; i += blockDim.x)
        pool[i] = in[i] ^ blockIdx.x;
    __syncthreads();
    for (u32 i = t; i < words; i += blockDim.x)
        out[blockIdx.x * words + i] = pool[words - 1 - i] + pool[(i * 7) % words];
}
