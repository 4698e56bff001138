// SPDX-License-Identifier: MIT
// sm: 75 80 86 89 90 100 120
// Divergence and calls: nested branches, loops left early, switches, recursion, functions behind pointers.
#include "kernel.h"

KERNEL control_nested(const u32 *in, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u32 x = in[i], r = 1;

    if (x & 1) {
        if (x & 2) {
            r = x * 3;
            if (x & 4)
                r ^= in[(i + 1) % n];
            else
                r += in[(i + 2) % n] / 3;
        } else {
            r = x >> 3;
            for (u32 k = 0; k < (x & 7); k++)
                r = r * 5 + in[(i + k) % n];
        }
    } else if (x & 8) {
        do {
            r = r * 7 + x;
            x >>= 1;
        } while (x > 100);
    }
    out[i] = r;
}

KERNEL control_loops(const u32 *in, u32 *out, u32 n)
{
    u32 i = THREAD;
    u32 sum = 0;

    if (i >= n)
        return;
    for (u32 k = i;; k = (k * 5 + 1) % n) {
        u32 v = in[k];

        if (v % 3 == 0)
            continue;
        if (v % 31 == 7)
            break;
        for (u32 j = 0; j < (v & 15); j++) {
            if ((v >> j & 3) == 3)
                break;
            sum += v ^ j;
        }
        if (++sum > 0xf0000000u || (sum & 0x3f) == 0x11)
            break;
    }
    out[i] = sum;
}

KERNEL control_switch(const u32 *in, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u32 x = in[i], r = x;

    switch (x % 13) {
    case 0: r = in[(i + 1) % n] + 1; break;
    case 1: r = x * x; break;
    case 2: r ^= 0xdeadbeef; /* falls on */
    case 3: r = __popc(r) * 17; break;
    case 4: r = __brev(r); break;
    case 5: r = x / 11; break;
    case 6: r = in[(i + 6) % n] * 6; break;
    case 7: r = ~x; break;
    case 8: r = x << 5 | x >> 27; break;
    case 9: r = __clz((s32)r); break;
    case 11: r -= in[(i + 11) % n]; break;
    default: r = 42;
    }
    out[i] = r;
}

extern "C" __device__ __noinline__ u32
tree(u32 depth, u32 x)
{
    u32 left, right;

    if (depth == 0 || (x & 7) == 3)
        return x * 2654435761u;
    left = tree(depth - 1, x * 3 + 1);
    right = tree(depth - 1, x >> 1);
    return left * 31 + right;
}

KERNEL control_recursion(const u32 *in, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i < n)
        out[i] = tree(i % 7, in[i]);
}

extern "C" __device__ __noinline__ u32
rotate(u32 x, u32 y)
{
    return x << (y & 31) | x >> (-y & 31);
}

extern "C" __device__ __noinline__ u32
blend(u32 x, u32 y)
{
    return (x & 0xffff0000u) | (y & 0xffff);
}

extern "C" __device__ __noinline__ u32
collatz(u32 x, u32 y)
{
    u32 steps = 0;

    for (x = x % 1000 + 1; x != 1 && steps < y % 64; steps++)
        x = x & 1 ? 3 * x + 1 : x / 2;
    return steps;
}

typedef u32 (*binary)(u32, u32);
__device__ binary table[4] = {rotate, blend, collatz, rotate};

KERNEL control_pointers(const u32 *in, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u32 x = in[i];

    x = table[x & 3](x, i);
    out[i] = table[(x + i) & 3](x, in[(i + 1) % n]);
}

KERNEL control_calls(const u32 *in, u32 *out, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u32 x = in[i];

    if (x & 1)
        x = rotate(x, i);
    else
        x = collatz(x, 60) + blend(x, i);
    out[i] = rotate(x, 3);
}
