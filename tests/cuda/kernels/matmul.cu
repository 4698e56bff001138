// SPDX-License-Identifier: MIT
// Products of matrices without tensor cores: 16 x 16 tiles in shared memory, in single and double precision.
#include "kernel.h"

KERNEL matmul_f32(const float *a, const float *b, float *c, u32 n)
{
    __shared__ float ta[16][16], tb[16][16];
    u32 x = threadIdx.x, y = threadIdx.y, row = blockIdx.y * 16 + y, col = blockIdx.x * 16 + x;
    float sum = 0;

    for (u32 k = 0; k < n; k += 16) {
        ta[y][x] = a[row * n + k + x];
        tb[y][x] = b[(k + y) * n + col];
        __syncthreads();
        for (u32 j = 0; j < 16; j++)
            sum = __fmaf_rn(ta[y][j], tb[j][x], sum);
        __syncthreads();
    }
    c[row * n + col] = sum;
}

KERNEL matmul_f64(const double *a, const double *b, double *c, u32 n)
{
    u32 col = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
    double sum = 0;

    if (col >= n || row >= n)
        return;
    for (u32 k = 0; k < n; k++)
        sum = __fma_rn(a[row * n + k], b[k * n + col], sum);
    c[row * n + col] = sum;
}
