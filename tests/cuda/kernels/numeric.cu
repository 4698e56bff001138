// SPDX-License-Identifier: MIT
// Numerical programs with every rounding spelled out, so that a processor can give the same bits.
#include "kernel.h"

KERNEL numeric_mandelbrot(u32 *out, u32 width, u32 height, float x0, float y0, float step, u32 most)
{
    u32 px = blockIdx.x * blockDim.x + threadIdx.x, py = blockIdx.y * blockDim.y + threadIdx.y, k;

    if (px >= width || py >= height)
        return;
    float cx = __fmaf_rn((float)px, step, x0), cy = __fmaf_rn((float)py, step, y0), x = 0, y = 0;
    for (k = 0; k < most; k++) {
        float xx = __fmul_rn(x, x), yy = __fmul_rn(y, y);

        if (__fadd_rn(xx, yy) > 4.0f)
            break;
        y = __fmaf_rn(__fadd_rn(x, x), y, cy);
        x = __fadd_rn(__fadd_rn(xx, -yy), cx);
    }
    out[py * width + px] = k;
}

KERNEL numeric_nbody(const float4 *body, float4 *force, u32 n)
{
    __shared__ float4 tile[64];
    u32 i = THREAD;
    float4 me = body[i];
    float ax = 0, ay = 0, az = 0;

    for (u32 base = 0; base < n; base += 64) {
        tile[threadIdx.x] = body[base + threadIdx.x];
        __syncthreads();
        for (u32 k = 0; k < 64; k++) {
            float dx = __fadd_rn(tile[k].x, -me.x), dy = __fadd_rn(tile[k].y, -me.y), dz = __fadd_rn(tile[k].z, -me.z);
            float d2 = __fmaf_rn(dx, dx, __fmaf_rn(dy, dy, __fmaf_rn(dz, dz, 0.01f)));
            float w = __fdiv_rn(tile[k].w, __fmul_rn(d2, __fsqrt_rn(d2)));

            ax = __fmaf_rn(w, dx, ax);
            ay = __fmaf_rn(w, dy, ay);
            az = __fmaf_rn(w, dz, az);
        }
        __syncthreads();
    }
    force[i] = make_float4(ax, ay, az, 0);
}

// One block transforms 128 points in place; the twiddles come as a table.
KERNEL numeric_fft(float2 *data, const float2 *twiddle)
{
    __shared__ float2 s[128];
    u32 t = threadIdx.x;

    data += 128 * blockIdx.x;
    for (u32 k = t; k < 128; k += 64)
        s[__brev(k) >> 25] = data[k];
    for (u32 half = 1; half < 128; half *= 2) {
        u32 j = t & (half - 1), a = 2 * (t - j) + j, b = a + half;
        float2 w = twiddle[j * (64 / half)];

        __syncthreads();
        float re = __fmaf_rn(s[b].x, w.x, -__fmul_rn(s[b].y, w.y)), im = __fmaf_rn(s[b].x, w.y, __fmul_rn(s[b].y, w.x));
        float2 u = s[a];
        s[a] = make_float2(__fadd_rn(u.x, re), __fadd_rn(u.y, im));
        s[b] = make_float2(__fadd_rn(u.x, -re), __fadd_rn(u.y, -im));
    }
    __syncthreads();
    for (u32 k = t; k < 128; k += 64)
        data[k] = s[k];
}

// Gauss and Jordan with the largest pivot, one 8x8 matrix per block of 64 threads.
KERNEL numeric_inverse(const double *in, double *out)
{
    __shared__ double m[8][16];
    __shared__ u32 pivot;
    u32 t = threadIdx.x, row = t >> 3, col = t & 7;

    m[row][col] = in[64 * blockIdx.x + t];
    m[row][col + 8] = row == col ? 1.0 : 0.0;
    for (u32 k = 0; k < 8; k++) {
        __syncthreads();
        if (t == 0) {
            u32 best = k;

            for (u32 r = k + 1; r < 8; r++)
                if (fabs(m[r][k]) > fabs(m[best][k]))
                    best = r;
            pivot = best;
        }
        __syncthreads();
        if (t < 16) {
            double up = m[pivot][t], down = m[k][t];

            m[pivot][t] = down;
            m[k][t] = up;
        }
        __syncthreads();
        double by = m[k][k], factor = m[row][k];
        __syncthreads();
        if (t < 16)
            m[k][t] = __ddiv_rn(m[k][t], by);
        __syncthreads();
        if (row != k) {
            m[row][col] = __fma_rn(-factor, m[k][col], m[row][col]);
            m[row][col + 8] = __fma_rn(-factor, m[k][col + 8], m[row][col + 8]);
        }
    }
    __syncthreads();
    out[64 * blockIdx.x + t] = m[row][col + 8];
}

KERNEL numeric_kahan(const float *in, float *out, u32 each, u32 n)
{
    u32 i = THREAD;
    float sum = 0, lost = 0;

    if (i >= n)
        return;
    for (u32 k = 0; k < each; k++) {
        float y = __fadd_rn(in[k * n + i], -lost), t = __fadd_rn(sum, y);

        lost = __fadd_rn(__fadd_rn(t, -sum), -y);
        sum = t;
    }
    out[i] = sum;
}
