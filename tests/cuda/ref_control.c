/* SPDX-License-Identifier: MIT */
/* What kernels/control.cu, warp.cu, barrier.cu and async.cu compute: one thread after the
 * other, a warp at a time where lanes look at each other. */
#include <string.h>

#include "cases.h"

CUDA_REFERENCE(control_nested);
CUDA_REFERENCE(control_loops);
CUDA_REFERENCE(control_switch);
CUDA_REFERENCE(control_recursion);
CUDA_REFERENCE(control_pointers);
CUDA_REFERENCE(control_calls);
CUDA_REFERENCE(warp_shuffle);
CUDA_REFERENCE(warp_vote);
CUDA_REFERENCE(warp_reduce);
CUDA_REFERENCE(warp_scan);
CUDA_REFERENCE(barrier_pipe);
CUDA_REFERENCE(barrier_reduce);
CUDA_REFERENCE(barrier_last_block);
CUDA_REFERENCE(async_copy);
CUDA_REFERENCE(async_small);
CUDA_REFERENCE(async_redux);

static uint32_t
nested(const uint32_t *in, uint32_t i, uint32_t n)
{
    uint32_t x = in[i], r = 1;

    if (!(x & 1)) {
        if (!(x & 8))
            return 1;
        for (;;) {
            r = r * 7 + x;
            x /= 2;
            if (x <= 100)
                return r;
        }
    }
    if (x & 2)
        return x & 4 ? (x * 3) ^ in[(i + 1) % n] : x * 3 + in[(i + 2) % n] / 3;
    r = x / 8;
    for (uint32_t k = 0; k < x % 8; k++)
        r = r * 5 + in[(i + k) % n];
    return r;
}

CUDA_REFERENCE(control_nested)
{
    uint32_t *out = p[1], n = (uint32_t)c->args[2].value;

    for (uint32_t i = 0; i < n; i++)
        out[i] = nested(p[0], i, n);
}

static uint32_t
loops(const uint32_t *in, uint32_t i, uint32_t n)
{
    uint32_t sum = 0;

    for (uint32_t k = i;; k = (k * 5 + 1) % n) {
        uint32_t v = in[k];

        if (v % 3 == 0)
            continue;
        if (v % 31 == 7)
            return sum;
        for (uint32_t j = 0; j < v % 16 && (v >> j) % 4 != 3; j++)
            sum += v ^ j;
        sum++;
        if (sum > 0xf0000000u || sum % 64 == 0x11)
            return sum;
    }
}

CUDA_REFERENCE(control_loops)
{
    uint32_t *out = p[1], n = (uint32_t)c->args[2].value;

    for (uint32_t i = 0; i < n; i++)
        out[i] = loops(p[0], i, n);
}

static uint32_t
reverse(uint32_t x)
{
    uint32_t r = 0;

    for (unsigned k = 0; k < 32; k++)
        r = r << 1 | (x >> k & 1);
    return r;
}

static uint32_t
chosen(const uint32_t *in, uint32_t i, uint32_t n)
{
    uint32_t x = in[i];

    switch (x % 13) {
    case 0:
        return in[(i + 1) % n] + 1;
    case 1:
        return x * x;
    case 2:
        return (uint32_t)__builtin_popcount(x ^ 0xdeadbeef) * 17;
    case 3:
        return (uint32_t)__builtin_popcount(x) * 17;
    case 4:
        return reverse(x);
    case 5:
        return x / 11;
    case 6:
        return in[(i + 6) % n] * 6;
    case 7:
        return ~x;
    case 8:
        return x << 5 | x >> 27;
    case 9:
        return x ? (uint32_t)__builtin_clz(x) : 32;
    case 11:
        return x - in[(i + 11) % n];
    default:
        return 42;
    }
}

CUDA_REFERENCE(control_switch)
{
    uint32_t *out = p[1], n = (uint32_t)c->args[2].value;

    for (uint32_t i = 0; i < n; i++)
        out[i] = chosen(p[0], i, n);
}

static uint32_t
tree(uint32_t depth, uint32_t x)
{
    return depth == 0 || x % 8 == 3 ? x * 2654435761u
                                    : tree(depth - 1, x * 3 + 1) * 31 + tree(depth - 1, x / 2);
}

CUDA_REFERENCE(control_recursion)
{
    const uint32_t *in = p[0];
    uint32_t *out = p[1];

    for (uint32_t i = 0; i < c->args[2].value; i++)
        out[i] = tree(i % 7, in[i]);
}

static uint32_t
rotate(uint32_t x, uint32_t y)
{
    y %= 32;
    return y ? x << y | x >> (32 - y) : x;
}

static uint32_t
blend(uint32_t x, uint32_t y)
{
    return (x & 0xffff0000u) | (y & 0xffff);
}

static uint32_t
collatz(uint32_t x, uint32_t y)
{
    uint32_t steps = 0, most = y % 64;

    x = x % 1000 + 1;
    while (x != 1 && steps < most) {
        x = x % 2 ? 3 * x + 1 : x / 2;
        steps++;
    }
    return steps;
}

CUDA_REFERENCE(control_pointers)
{
    static uint32_t (*const table[4])(uint32_t, uint32_t) = {rotate, blend, collatz, rotate};
    const uint32_t *in = p[0];
    uint32_t *out = p[1], n = (uint32_t)c->args[2].value;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t x = table[in[i] % 4](in[i], i);

        out[i] = table[(x + i) % 4](x, in[(i + 1) % n]);
    }
}

CUDA_REFERENCE(control_calls)
{
    const uint32_t *in = p[0];
    uint32_t *out = p[1];

    for (uint32_t i = 0; i < c->args[2].value; i++)
        out[i] = rotate(in[i] % 2 ? rotate(in[i], i) : collatz(in[i], 60) + blend(in[i], i), 3);
}

CUDA_REFERENCE(warp_shuffle)
{
    for (uint32_t base = 0; base < cuda_case_threads(c); base += 32) {
        const uint32_t *x = (const uint32_t *)p[0] + base;
        uint32_t *o = (uint32_t *)p[1] + 8 * base;

        for (unsigned l = 0; l < 32; l++, o += 8) {
            unsigned flip = l ^ 9;

            o[0] = x[x[l] % 32];
            o[1] = l >= 3 ? x[l - 3] : x[l];
            o[2] = l + 5 < 32 ? x[l + 5] : x[l];
            o[3] = x[l ^ 17];
            o[4] = x[l / 8 * 8 + (l + 1) % 8];
            o[5] = l % 16 ? x[l - 1] : x[l];
            o[6] = l % 4 < 2 ? x[l + 2] : x[l];
            /* Segments by bit 3 alone, borders at 7 within them. */
            o[7] = flip <= ((l & 8) | 7) ? x[flip] + 1 : x[l];
        }
    }
}

CUDA_REFERENCE(warp_vote)
{
    for (uint32_t base = 0; base < cuda_case_threads(c); base += 32) {
        const uint32_t *x = (const uint32_t *)p[0] + base;
        uint32_t *o = (uint32_t *)p[1] + 8 * base, low = 0, hundred = 0, same[8] = {0}, top = 0,
                 odd = 0, eight = 0;

        for (unsigned l = 0; l < 32; l++) {
            low |= (x[l] & 1) << l;
            hundred += x[l] % 97 == 0;
            same[x[l] % 8] |= 1u << l;
            top += x[l] >> 31 & (base + l) >> 9 & 1;
            if (x[l] & 4) {
                odd |= 1u << l;
                eight += x[l] >> 3 & 1;
            }
        }
        for (unsigned l = 0; l < 32; l++, o += 8) {
            o[0] = low;
            o[1] = hundred != 0;
            o[2] = hundred == 0;
            o[3] = same[x[l] % 8];
            o[5] = top == 0 || top == 32;
            o[4] = o[5] ? UINT32_MAX : 0;
            o[6] = UINT32_MAX;
            o[7] = x[l] & 4 ? eight + x[__builtin_ctz(odd)] : 0;
        }
    }
}

CUDA_REFERENCE(warp_reduce)
{
    const uint32_t *in = p[0];
    uint32_t *out = p[1];
    float *sums = p[2];

    for (uint32_t w = 0; w < cuda_case_threads(c) / 32; w++) {
        uint32_t whole = 0;

        out[2 * w] = out[2 * w + 1] = 0;
        for (unsigned l = 0; l < 32; l++) {
            uint32_t x = in[32 * w + l];

            out[2 * w] += x;
            out[2 * w + 1] = x > out[2 * w + 1] ? x : out[2 * w + 1];
            whole += x & 0xffff;
        }
        sums[w] = (float)whole; /* below 2^24: exact in any order */
    }
}

CUDA_REFERENCE(warp_scan)
{
    const uint32_t *in = p[0];
    uint32_t *out = p[1];

    for (uint32_t i = 0; i < cuda_case_threads(c); i++)
        out[i] = in[i] + (i % 32 ? out[i - 1] : 0);
}

CUDA_REFERENCE(barrier_pipe)
{
    const uint32_t *in = p[0];
    uint32_t *out = p[1], rounds = (uint32_t)c->args[2].value;

    for (uint32_t tile = 0; tile < c->grid[0] * rounds; tile++)
        for (uint32_t t = 0; t < 64; t++)
            out[64 * tile + t] = in[64 * tile + 63 - t] * 3 + tile % rounds;
}

CUDA_REFERENCE(barrier_reduce)
{
    uint32_t size = c->block[0];

    for (uint32_t b = 0; b < c->grid[0]; b++) {
        const uint32_t *x = (const uint32_t *)p[0] + b * size;
        uint32_t *o = (uint32_t *)p[1] + 4 * b * size, odd = 0, hits = 0, low = 0;

        for (uint32_t t = 0; t < size; t++) {
            odd += x[t] & 1;
            hits += x[t] % 1009 == 0;
            low += (t & 32) && x[t] < 0x80000000;
        }
        for (uint32_t t = 0; t < size; t++, o += 4) {
            o[0] = odd;
            o[1] = hits == 0;
            o[2] = hits != 0;
            o[3] = t & 32 ? low : 0;
        }
    }
}

CUDA_REFERENCE(barrier_last_block)
{
    const uint32_t *in = p[0];
    uint32_t *part = p[1], *out = p[2];

    *out = 0;
    for (uint32_t b = 0; b < c->grid[0]; b++) {
        part[b] = 0;
        for (uint32_t t = 0; t < c->block[0]; t++)
            part[b] += *in++;
        *out = *out * 31 + part[b];
    }
}

CUDA_REFERENCE(async_copy)
{
    uint32_t *out = p[1], tiles = (uint32_t)c->args[2].value;

    for (uint32_t b = 0; b < c->grid[0]; b++)
        for (uint32_t t = 0; t < 64; t++) {
            const uint32_t *tile = (const uint32_t *)p[0] + b * tiles * 256;
            uint32_t sum = 0;

            for (uint32_t k = 0; k < tiles; k++, tile += 256)
                sum = sum * 5 + tile[255 - t] + tile[3 * t];
            out[64 * b + t] = sum;
        }
}

CUDA_REFERENCE(async_small)
{
    uint32_t size = c->block[0];

    for (uint32_t b = 0; b < c->grid[0]; b++)
        for (uint32_t t = 0; t < size; t++) {
            const uint32_t *from = (const uint32_t *)p[0] + 4 * (b * size + (t ^ 33));
            uint32_t *to = (uint32_t *)p[1] + 4 * (b * size + t);

            memcpy(to, from, 16);
            if (!((t ^ 33) & 4))
                to[1] = 0;
        }
}

CUDA_REFERENCE(async_redux)
{
    for (uint32_t w = 0; w < cuda_case_threads(c) / 32; w++) {
        const uint32_t *x = (const uint32_t *)p[0] + 32 * w;
        uint32_t r[8] = {0, UINT32_MAX, 0, UINT32_MAX, 0, 0, INT32_MAX, 0x80000000};

        for (unsigned l = 0; l < 32; l++) {
            r[0] += x[l];
            r[1] = x[l] < r[1] ? x[l] : r[1];
            r[2] = x[l] > r[2] ? x[l] : r[2];
            r[3] &= x[l] | 0xff;
            r[4] |= x[l] & 0xff0;
            r[5] ^= x[l];
            r[6] = (int32_t)x[l] < (int32_t)r[6] ? x[l] : r[6];
            r[7] = (int32_t)x[l] > (int32_t)r[7] ? x[l] : r[7];
        }
        for (unsigned l = 0; l < 32; l++)
            memcpy((uint32_t *)p[1] + 8 * (32 * w + l), r, sizeof(r));
    }
}
