// SPDX-License-Identifier: MIT
// sm: 80 86 90 100 120
// Tensor cores as Ampere has them: half precision, bfloat16 and tf32 of depth 16 and 8, int8 of depth 32.
#include "kernel.h"

#define LANE (threadIdx.x + 32 * blockIdx.x)

#define MMA_A4_B2_F32(name, shape)                                                                                     \
    KERNEL name(const u32 *a, const u32 *b, const float *c, float *d)                                                  \
    {                                                                                                                  \
        u32 t = LANE;                                                                                                  \
        asm("mma.sync.aligned." shape " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"                     \
            : "=f"(d[4 * t]), "=f"(d[4 * t + 1]), "=f"(d[4 * t + 2]), "=f"(d[4 * t + 3])                               \
            : "r"(a[4 * t]), "r"(a[4 * t + 1]), "r"(a[4 * t + 2]), "r"(a[4 * t + 3]), "r"(b[2 * t]), "r"(b[2 * t + 1]), \
              "f"(c[4 * t]), "f"(c[4 * t + 1]), "f"(c[4 * t + 2]), "f"(c[4 * t + 3]));                                 \
    }

MMA_A4_B2_F32(mma_f16_k16, "m16n8k16.row.col.f32.f16.f16.f32")
MMA_A4_B2_F32(mma_bf16_k16, "m16n8k16.row.col.f32.bf16.bf16.f32")
MMA_A4_B2_F32(mma_tf32_k8, "m16n8k8.row.col.f32.tf32.tf32.f32")

KERNEL mma_s8_k32(const u32 *a, const u32 *b, const u32 *c, u32 *d)
{
    u32 t = LANE;

    asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"
        : "=r"(d[4 * t]), "=r"(d[4 * t + 1]), "=r"(d[4 * t + 2]), "=r"(d[4 * t + 3])
        : "r"(a[4 * t]), "r"(a[4 * t + 1]), "r"(a[4 * t + 2]), "r"(a[4 * t + 3]), "r"(b[2 * t]), "r"(b[2 * t + 1]), "r"(c[4 * t]),
          "r"(c[4 * t + 1]), "r"(c[4 * t + 2]), "r"(c[4 * t + 3]));
}

KERNEL mma_f64(const double *a, const double *b, const double *c, double *d)
{
    u32 t = LANE;

    asm("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0,%1}, {%2}, {%3}, {%4,%5};"
        : "=d"(d[2 * t]), "=d"(d[2 * t + 1])
        : "d"(a[t]), "d"(b[t]), "d"(c[2 * t]), "d"(c[2 * t + 1]));
}
