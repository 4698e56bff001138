// SPDX-License-Identifier: MIT
// Grids and their neighbours: stencils in one, two and three dimensions, the game of life.
#include "kernel.h"

KERNEL stencil_1d(const float *in, float *out, u32 n)
{
    __shared__ float s[128 + 4];
    u32 i = THREAD, t = threadIdx.x;

    s[t + 2] = i < n ? in[i] : 0;
    if (t < 2) {
        s[t] = i >= 2 ? in[i - 2] : 0;
        s[t + 130] = i + 128 < n ? in[i + 128] : 0;
    }
    __syncthreads();
    if (i < n)
        out[i] = __fmaf_rn(s[t], 0.0625f, __fmaf_rn(s[t + 1], 0.25f, __fmaf_rn(s[t + 2], 0.375f, __fmaf_rn(s[t + 3], 0.25f, __fmul_rn(s[t + 4], 0.0625f)))));
}

KERNEL stencil_2d(const float *in, float *out, u32 width, u32 height, float k)
{
    u32 x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y, at = y * width + x;

    if (x >= width || y >= height)
        return;
    float c = in[at];
    if (x == 0 || y == 0 || x == width - 1 || y == height - 1) {
        out[at] = c;
        return;
    }
    float around = __fadd_rn(__fadd_rn(in[at - 1], in[at + 1]), __fadd_rn(in[at - width], in[at + width]));
    out[at] = __fmaf_rn(k, __fmaf_rn(-4.0f, c, around), c);
}

KERNEL stencil_3d(const float *in, float *out, u32 side)
{
    u32 x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y, z = blockIdx.z * blockDim.z + threadIdx.z;
    float sum = 0;

    if (x >= side || y >= side || z >= side)
        return;
    for (s32 dz = -1; dz <= 1; dz++)
        for (s32 dy = -1; dy <= 1; dy++)
            for (s32 dx = -1; dx <= 1; dx++) {
                u32 p = x + dx, q = y + dy, r = z + dz;

                if (p < side && q < side && r < side)
                    sum = __fadd_rn(sum, in[(r * side + q) * side + p]);
            }
    out[(z * side + y) * side + x] = __fmul_rn(sum, 1.0f / 27);
}

KERNEL stencil_life(const u8 *in, u8 *out, u32 width, u32 height)
{
    u32 x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y, alive = 0;

    if (x >= width || y >= height)
        return;
    for (u32 dy = height - 1; dy <= height + 1; dy++)
        for (u32 dx = width - 1; dx <= width + 1; dx++)
            if (dx != width || dy != height)
                alive += in[(y + dy) % height * width + (x + dx) % width];
    out[y * width + x] = alive == 3 || (alive == 2 && in[y * width + x]);
}
