// SPDX-License-Identifier: MIT
// Tensor cores as Turing has them: half precision 16x8x8 and int8 8x8x16, and the loads that feed them.
// One warp per block; the operands are what each lane holds, so a test knows the fragments and no layout but PTX's.
#include "kernel.h"

KERNEL mma_f16_f32(const u32 *a, const u32 *b, const float *c, float *d)
{
    u32 t = threadIdx.x + 32 * blockIdx.x;

    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%7,%8,%9,%10};"
        : "=f"(d[4 * t]), "=f"(d[4 * t + 1]), "=f"(d[4 * t + 2]), "=f"(d[4 * t + 3])
        : "r"(a[2 * t]), "r"(a[2 * t + 1]), "r"(b[t]), "f"(c[4 * t]), "f"(c[4 * t + 1]), "f"(c[4 * t + 2]), "f"(c[4 * t + 3]));
}

KERNEL mma_f16_f16(const u32 *a, const u32 *b, const u32 *c, u32 *d)
{
    u32 t = threadIdx.x + 32 * blockIdx.x;

    asm("mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {%0,%1}, {%2,%3}, {%4}, {%5,%6};"
        : "=r"(d[2 * t]), "=r"(d[2 * t + 1])
        : "r"(a[2 * t]), "r"(a[2 * t + 1]), "r"(b[t]), "r"(c[2 * t]), "r"(c[2 * t + 1]));
}

KERNEL mma_s8(const u32 *a, const u32 *b, const u32 *c, u32 *d)
{
    u32 t = threadIdx.x + 32 * blockIdx.x;

    asm("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0,%1}, {%2}, {%3}, {%4,%5};"
        : "=r"(d[2 * t]), "=r"(d[2 * t + 1])
        : "r"(a[t]), "r"(b[t]), "r"(c[2 * t]), "r"(c[2 * t + 1]));
}

// A 16x16 by 16x8 product from shared memory: ldmatrix, plain and transposed, then two products of depth 8.
KERNEL mma_ldmatrix(const u32 *a, const u32 *b, float *d, u32 *raw)
{
    __shared__ __align__(16) u32 sa[16 * 8], sb[16 * 4];
    u32 t = threadIdx.x, at, bt, ra[4], rb[2];
    float r[4] = {0, 0, 0, 0};

    for (u32 k = 0; k < 4; k++)
        sa[t + 32 * k] = a[t + 32 * k];
    for (u32 k = 0; k < 2; k++)
        sb[t + 32 * k] = b[t + 32 * k];
    __syncthreads();
    at = (u32)__cvta_generic_to_shared(sa) + (t & 15) * 32 + (t >> 4) * 16;
    bt = (u32)__cvta_generic_to_shared(sb) + (t & 15) * 16;
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(ra[0]), "=r"(ra[1]), "=r"(ra[2]), "=r"(ra[3]) : "r"(at));
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];" : "=r"(rb[0]), "=r"(rb[1]) : "r"(bt));
    for (u32 k = 0; k < 2; k++)
        asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
            : "+f"(r[0]), "+f"(r[1]), "+f"(r[2]), "+f"(r[3])
            : "r"(ra[2 * k]), "r"(ra[2 * k + 1]), "r"(rb[k]));
    for (u32 k = 0; k < 4; k++) {
        d[4 * t + k] = r[k];
        raw[6 * t + k] = ra[k];
    }
    raw[6 * t + 4] = rb[0];
    raw[6 * t + 5] = rb[1];
}
