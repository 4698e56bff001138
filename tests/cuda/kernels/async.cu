// SPDX-License-Identifier: MIT
// sm: 80 86 90 100 120
// What Ampere added for memory and warps: copies that do not pass through registers, reductions in one instruction.
#include "kernel.h"

KERNEL async_copy(const u32 *in, u32 *out, u32 tiles)
{
    __shared__ __align__(16) u32 tile[2][256];
    u32 t = threadIdx.x, sum = 0;

    in += blockIdx.x * tiles * 256;
    for (u32 k = 0; k <= tiles; k++) {
        if (k < tiles) {
            u32 to = (u32)__cvta_generic_to_shared(&tile[k & 1][4 * t]);

            asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(in + k * 256 + 4 * t) : "memory");
        }
        asm volatile("cp.async.commit_group;" ::: "memory");
        if (k) {
            asm volatile("cp.async.wait_group 1;" ::: "memory");
            __syncthreads();
            sum = sum * 5 + tile[(k - 1) & 1][255 - t] + tile[(k - 1) & 1][3 * t];
            __syncthreads();
        }
    }
    out[THREAD] = sum;
}

KERNEL async_small(const u32 *in, u32 *out)
{
    __shared__ __align__(16) u32 s[128 * 4];
    u32 t = threadIdx.x, to = (u32)__cvta_generic_to_shared(s + 4 * t);
    const u32 *from = in + 4 * THREAD;

    asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(to), "l"(from) : "memory");
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(to + 8), "l"(from + 2) : "memory");
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to + 4), "l"(from + 1), "r"(t & 4) : "memory");
    asm volatile("cp.async.wait_all;" ::: "memory");
    __syncthreads();
    for (u32 k = 0; k < 4; k++)
        out[4 * THREAD + k] = s[4 * (t ^ 33) + k];
}

KERNEL async_redux(const u32 *in, u32 *out)
{
    u32 i = THREAD, x = in[i], *o = out + 8 * i;

    o[0] = __reduce_add_sync(0xffffffff, x);
    o[1] = __reduce_min_sync(0xffffffff, x);
    o[2] = __reduce_max_sync(0xffffffff, x);
    o[3] = __reduce_and_sync(0xffffffff, x | 0xff);
    o[4] = __reduce_or_sync(0xffffffff, x & 0xff0);
    o[5] = __reduce_xor_sync(0xffffffff, x);
    o[6] = (u32)__reduce_min_sync(0xffffffff, (s32)x);
    o[7] = (u32)__reduce_max_sync(0xffffffff, (s32)x);
}
