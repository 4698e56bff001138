/* SPDX-License-Identifier: MIT */
/* What kernels/stencil.cu, matmul.cu and numeric.cu compute, with the same roundings in the
 * same order. Built with -ffp-contract=off: a product and a sum become one operation where
 * fma() says so and nowhere else. */
#include <math.h>
#include <string.h>

#include "cases.h"

CUDA_REFERENCE(stencil_1d);
CUDA_REFERENCE(stencil_2d);
CUDA_REFERENCE(stencil_3d);
CUDA_REFERENCE(stencil_life);
CUDA_REFERENCE(matmul_f32);
CUDA_REFERENCE(matmul_f64);
CUDA_REFERENCE(numeric_mandelbrot);
CUDA_REFERENCE(numeric_nbody);
CUDA_REFERENCE(numeric_fft);
CUDA_REFERENCE(numeric_inverse);
CUDA_REFERENCE(numeric_kahan);

static float
number(const struct cuda_case *c, unsigned arg)
{
    uint32_t bits = (uint32_t)c->args[arg].value;
    float f;

    memcpy(&f, &bits, 4);
    return f;
}

CUDA_REFERENCE(stencil_1d)
{
    static const float weight[5] = {0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f};
    const float *in = p[0];
    float *out = p[1];
    int64_t n = (int64_t)c->args[2].value;

    for (int64_t i = 0; i < n; i++) {
        float sum = (i + 2 < n ? in[i + 2] : 0) * weight[4];

        for (int k = 3; k >= 0; k--)
            sum = fmaf(i + k - 2 >= 0 && i + k - 2 < n ? in[i + k - 2] : 0, weight[k], sum);
        out[i] = sum;
    }
}

CUDA_REFERENCE(stencil_2d)
{
    const float *in = p[0];
    float *out = p[1], k = number(c, 4);
    uint32_t width = (uint32_t)c->args[2].value, height = (uint32_t)c->args[3].value;

    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            const float *at = in + y * width + x;
            bool edge = x == 0 || y == 0 || x == width - 1 || y == height - 1;

            out[y * width + x] =
                edge ? *at
                     : fmaf(k, fmaf(-4, *at, (at[-1] + at[1]) + (*(at - width) + at[width])),
                            *at);
        }
}

CUDA_REFERENCE(stencil_3d)
{
    const float *in = p[0];
    float *out = p[1];
    int side = (int)c->args[2].value;

    for (int i = 0; i < side * side * side; i++) {
        int x = i % side, y = i / side % side, z = i / side / side;
        float sum = 0;

        for (int k = 0; k < 27; k++) {
            int q = x + k % 3 - 1, r = y + k / 3 % 3 - 1, s = z + k / 9 - 1;

            if (q >= 0 && r >= 0 && s >= 0 && q < side && r < side && s < side)
                sum += in[(s * side + r) * side + q];
        }
        out[i] = sum * (1.0f / 27);
    }
}

CUDA_REFERENCE(stencil_life)
{
    const uint8_t *in = p[0];
    uint8_t *out = p[1];
    uint32_t width = (uint32_t)c->args[2].value, height = (uint32_t)c->args[3].value;

    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            uint32_t around = 0;

            for (uint32_t k = 0; k < 9; k++)
                around += in[(y + height + k / 3 - 1) % height * width +
                             (x + width + k % 3 - 1) % width];
            out[y * width + x] = around == 3 || (around == 4 && in[y * width + x]);
        }
}

CUDA_REFERENCE(matmul_f32)
{
    const float *a = p[0], *b = p[1];
    float *out = p[2];
    uint32_t n = (uint32_t)c->args[3].value;

    for (uint32_t i = 0; i < n * n; i++) {
        float sum = 0;

        for (uint32_t k = 0; k < n; k++)
            sum = fmaf(a[i / n * n + k], b[k * n + i % n], sum);
        out[i] = sum;
    }
}

CUDA_REFERENCE(matmul_f64)
{
    const double *a = p[0], *b = p[1];
    double *out = p[2];
    uint32_t n = (uint32_t)c->args[3].value;

    for (uint32_t i = 0; i < n * n; i++) {
        double sum = 0;

        for (uint32_t k = 0; k < n; k++)
            sum = fma(a[i / n * n + k], b[k * n + i % n], sum);
        out[i] = sum;
    }
}

static uint32_t
escape(float cx, float cy, uint32_t most)
{
    float x = 0, y = 0;
    uint32_t k = 0;

    for (; k < most; k++) {
        float xx = x * x, yy = y * y;

        if (xx + yy > 4)
            break;
        y = fmaf(x + x, y, cy);
        x = (xx - yy) + cx;
    }
    return k;
}

CUDA_REFERENCE(numeric_mandelbrot)
{
    uint32_t *out = p[0], width = (uint32_t)c->args[1].value,
             height = (uint32_t)c->args[2].value;
    float step = number(c, 5);

    for (uint32_t i = 0; i < width * height; i++)
        out[i] =
            escape(fmaf((float)(i % width), step, number(c, 3)),
                   fmaf((float)(i / width), step, number(c, 4)), (uint32_t)c->args[6].value);
}

CUDA_REFERENCE(numeric_nbody)
{
    const float(*body)[4] = p[0];
    float(*force)[4] = p[1];
    uint32_t n = (uint32_t)c->args[2].value;

    memset(force, 0, 16 * n);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < n; k++) {
            float d[3], square = 0.01f, w;

            for (int axis = 2; axis >= 0; axis--) {
                d[axis] = body[k][axis] - body[i][axis];
                square = fmaf(d[axis], d[axis], square);
            }
            w = body[k][3] / (square * sqrtf(square));
            for (int axis = 0; axis < 3; axis++)
                force[i][axis] = fmaf(w, d[axis], force[i][axis]);
        }
}

CUDA_REFERENCE(numeric_fft)
{
    const float(*twiddle)[2] = p[1];

    for (uint32_t block = 0; block < c->grid[0]; block++) {
        float(*data)[2] = (float(*)[2])p[0] + 128 * block, s[128][2];

        for (unsigned k = 0; k < 128; k++) {
            unsigned turned = 0;

            for (unsigned b = 0; b < 7; b++)
                turned |= (k >> b & 1) << (6 - b);
            memcpy(s[turned], data[k], 8);
        }
        for (unsigned half = 1; half < 128; half *= 2)
            for (unsigned t = 0; t < 64; t++) {
                unsigned j = t % half;
                float *u = s[2 * (t - j) + j], *v = u + 2 * half;
                const float *w = twiddle[j * (64 / half)];
                float re = fmaf(v[0], w[0], -(v[1] * w[1])), im = fmaf(v[0], w[1], v[1] * w[0]);

                v[0] = u[0] - re;
                v[1] = u[1] - im;
                u[0] += re;
                u[1] += im;
            }
        memcpy(data, s, sizeof(s));
    }
}

static void
invert(double m[8][16])
{
    for (unsigned k = 0; k < 8; k++) {
        unsigned best = k;
        double by;

        for (unsigned r = k + 1; r < 8; r++)
            if (fabs(m[r][k]) > fabs(m[best][k]))
                best = r;
        for (unsigned col = 0; col < 16; col++) {
            double up = m[best][col];

            m[best][col] = m[k][col];
            m[k][col] = up;
        }
        by = m[k][k];
        for (unsigned col = 0; col < 16; col++)
            m[k][col] /= by;
        for (unsigned r = 0; r < 8; r++) {
            double factor = m[r][k];

            for (unsigned col = 0; r != k && col < 16; col++)
                m[r][col] = fma(-factor, m[k][col], m[r][col]);
        }
    }
}

CUDA_REFERENCE(numeric_inverse)
{
    for (uint32_t block = 0; block < c->grid[0]; block++) {
        const double *in = (const double *)p[0] + 64 * block;
        double *out = (double *)p[1] + 64 * block, m[8][16] = {{0}};

        for (unsigned i = 0; i < 64; i++)
            m[i / 8][i % 8] = in[i];
        for (unsigned i = 0; i < 8; i++)
            m[i][8 + i] = 1;
        invert(m);
        for (unsigned i = 0; i < 64; i++)
            out[i] = m[i / 8][8 + i % 8];
    }
}

CUDA_REFERENCE(numeric_kahan)
{
    const float *in = p[0];
    float *out = p[1];
    uint32_t n = (uint32_t)c->args[3].value;

    for (uint32_t i = 0; i < n; i++) {
        float sum = 0, lost = 0;

        for (uint32_t k = 0; k < c->args[2].value; k++) {
            float y = in[k * n + i] - lost, t = sum + y;

            lost = (t - sum) - y;
            sum = t;
        }
        out[i] = sum;
    }
}
