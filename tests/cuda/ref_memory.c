/* SPDX-License-Identifier: MIT */
/* What kernels/shared.cu, atomic.cu and memory.cu leave in memory. */
#include <stdlib.h>
#include <string.h>

#include "cases.h"

CUDA_REFERENCE(shared_reduce);
CUDA_REFERENCE(shared_scan);
CUDA_REFERENCE(shared_sort);
CUDA_REFERENCE(shared_transpose);
CUDA_REFERENCE(shared_histogram);
CUDA_REFERENCE(shared_dynamic);
CUDA_REFERENCE(atomic_global32);
CUDA_REFERENCE(atomic_global64);
CUDA_REFERENCE(atomic_shared);
CUDA_REFERENCE(memory_constant);
CUDA_REFERENCE(memory_globals);
CUDA_REFERENCE(memory_local);
CUDA_REFERENCE(memory_generic);
CUDA_REFERENCE(memory_wide);
CUDA_REFERENCE(memory_search);
CUDA_REFERENCE(memory_unpack);
CUDA_REFERENCE(memory_special);

CUDA_REFERENCE(shared_reduce)
{
    const uint32_t *in = p[0];
    uint32_t *out = p[1];

    memset(out, 0, 4 * c->grid[0]);
    for (uint32_t i = 0; i < c->args[2].value; i++)
        out[i / c->block[0] % c->grid[0]] += in[i];
}

CUDA_REFERENCE(shared_scan)
{
    const uint32_t *in = p[0];
    uint32_t *out = p[1];

    for (uint32_t i = 0; i < cuda_case_threads(c); i++)
        out[i] = in[i] + (i % 256 ? out[i - 1] : 0);
}

static int
by_size(const void *a, const void *b)
{
    uint32_t x, y;

    memcpy(&x, a, 4);
    memcpy(&y, b, 4);
    return (x > y) - (x < y);
}

CUDA_REFERENCE(shared_sort)
{
    for (uint32_t b = 0; b < c->grid[0]; b++)
        qsort((uint32_t *)p[0] + b * c->block[0], c->block[0], 4, by_size);
}

CUDA_REFERENCE(shared_transpose)
{
    const uint32_t *in = p[0];
    uint32_t *out = p[1], width = (uint32_t)c->args[2].value,
             height = (uint32_t)c->args[3].value;

    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            out[x * height + y] = in[y * width + x];
}

CUDA_REFERENCE(shared_histogram)
{
    const uint8_t *in = p[0];
    uint32_t *bins = p[1];

    for (uint32_t i = 0; i < c->args[2].value; i++)
        bins[in[i]]++;
}

CUDA_REFERENCE(shared_dynamic)
{
    const uint32_t *in = p[0];
    uint32_t *out = p[1], words = (uint32_t)c->args[2].value;

    for (uint32_t b = 0; b < c->grid[0]; b++)
        for (uint32_t i = 0; i < words; i++)
            *out++ = (in[words - 1 - i] ^ b) + (in[i * 7 % words] ^ b);
}

static void
add_float(uint32_t *cell, float x)
{
    float f;

    memcpy(&f, cell, 4);
    f += x;
    memcpy(cell, &f, 4);
}

CUDA_REFERENCE(atomic_global32)
{
    const uint32_t *in = p[0];
    uint32_t *cell = p[1], *ticket = p[2];

    for (uint32_t i = 0; i < cuda_case_threads(c); i++) {
        uint32_t x = in[i];

        cell[0] += x;
        cell[1] = x < cell[1] ? x : cell[1];
        cell[2] = x > cell[2] ? x : cell[2];
        cell[3] &= x | 0xff;
        cell[4] |= x & 0xff0;
        cell[5] ^= x;
        cell[6] = (int32_t)x < (int32_t)cell[6] ? x : cell[6];
        cell[7] = (int32_t)x > (int32_t)cell[7] ? x : cell[7];
        cell[8] = cell[8] >= 99 ? 0 : cell[8] + 1;
        cell[9] = cell[9] == 0 || cell[9] > 77 ? 77 : cell[9] - 1;
        ticket[i] = 1;
        cell[10]++;
        cell[12] += x + cell[11];
        cell[11] = 0;
        cell[13] += x & 15;
        add_float(&cell[14], (float)(x & 63));
        cell[15] -= x;
    }
}

CUDA_REFERENCE(atomic_global64)
{
    const uint64_t *in = p[0];
    uint64_t *cell = p[1];
    double sum = 0;

    for (uint32_t i = 0; i < cuda_case_threads(c); i++) {
        uint64_t x = in[i];

        cell[0] += x;
        cell[1] = x < cell[1] ? x : cell[1];
        cell[2] = x > cell[2] ? x : cell[2];
        cell[3] &= x | 0xfff;
        cell[4] |= x & 0xff0;
        cell[5] ^= x;
        cell[6] = (int64_t)x < (int64_t)cell[6] ? x : cell[6];
        cell[7] = (int64_t)x > (int64_t)cell[7] ? x : cell[7];
        cell[8] += x & 15;
        sum += (double)(x & 63);
        cell[11] += x + cell[10];
        cell[10] = 0;
    }
    memcpy(&cell[9], &sum, 8);
}

CUDA_REFERENCE(atomic_shared)
{
    const uint32_t *in = p[0];

    for (uint32_t b = 0; b < c->grid[0]; b++) {
        uint32_t *s = (uint32_t *)p[1] + 16 * b;
        uint64_t *w = (uint64_t *)p[2] + 4 * b;

        memset(s, 0, 64);
        memset(w, 0, 32);
        s[1] = s[3] = UINT32_MAX;
        for (uint32_t t = 0; t < c->block[0]; t++) {
            uint32_t x = *in++;
            uint64_t square = (uint64_t)x * x;

            s[0] += x;
            s[1] = x < s[1] ? x : s[1];
            s[2] = x > s[2] ? x : s[2];
            s[3] &= x | 0xff;
            s[4] |= x & 0xff0;
            s[5] ^= x;
            s[6] = s[6] >= 29 ? 0 : s[6] + 1;
            s[7]++;
            s[8] ^= t * t;
            s[9] += x & 15;
            add_float(&s[10], (float)(x & 63));
            s[11] += x;
            w[0] += square;
            w[1] = square > w[1] ? square : w[1];
        }
        w[2] = 0x123456789abcdef;
        w[3] = 42;
    }
}

CUDA_REFERENCE(memory_constant)
{
    static const uint32_t primes[16] = {2,  3,  5,  7,  11, 13, 17, 19,
                                        23, 29, 31, 37, 41, 43, 47, 53};
    static const double weights[4] = {0.5, -1.25, 3.0, 1e10};
    const uint32_t *in = p[0];
    uint32_t *out = p[1];
    double *wide = p[2];

    for (uint32_t i = 0; i < c->args[3].value; i++) {
        out[i] = primes[in[i] % 16] * 7 + primes[i / 32 % 16];
        wide[i] = weights[in[i] % 4];
    }
}

CUDA_REFERENCE(memory_globals)
{
    const uint32_t *in = p[0];
    uint32_t *out = p[1];

    for (uint32_t i = 0; i < c->args[2].value; i++) {
        uint32_t a = in[i] % 8, b = 2 + in[i] / 16 % 4;

        out[i] = a * a * 100 + b * b * 10 + 7;
    }
}

CUDA_REFERENCE(memory_local)
{
    const uint32_t *in = p[0];
    uint32_t *out = p[1], n = (uint32_t)c->args[2].value;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t sorted[32], from = in[i] % 8 * 3 % 8; /* 3 * 3 is 1 modulo 8 */

        for (uint32_t k = 0; k < 32; k++)
            sorted[k] = in[(i + k) % n];
        qsort(sorted, 32, 4, by_size);
        out[i] = sorted[in[i] / 8 % 32] ^ sorted[4 * from] ^ sorted[from];
    }
}

CUDA_REFERENCE(memory_generic)
{
    static const uint32_t squares[4] = {0, 1, 4, 9};
    const uint32_t *in = p[0];
    uint32_t *out = p[1], n = (uint32_t)c->args[2].value;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t own[4] = {i, i + 1, i % c->block[0], 9}, twice[4];
        const uint32_t *kinds[4] = {in + i / 4 * 4, twice, own, squares}, *q = kinds[in[i] % 4];

        for (unsigned k = 0; k < 4; k++)
            twice[k] = 2 * in[i / 4 * 4 + k];
        out[i] = q[0] + 3 * q[1] + 5 * q[2] + 7 * q[3];
    }
}

CUDA_REFERENCE(memory_wide)
{
    const uint32_t *in = p[0];
    uint32_t *out = p[1], *pairs = p[2], n = (uint32_t)c->args[3].value;

    for (uint32_t i = 0; i < 4 * n; i++)
        out[4 * n - 1 - i] = in[i];
    for (uint32_t i = 0; i < n; i++) {
        pairs[2 * i] = in[4 * i] ^ in[4 * i + 2];
        pairs[2 * i + 1] = in[4 * i + 1] + in[4 * i + 3];
    }
}

CUDA_REFERENCE(memory_search)
{
    const uint8_t *text = p[0], *word = p[2], *at = text, *end = text + c->args[1].value;
    uint32_t *hits = p[4], *first = p[5];

    while ((at = memmem(at, (size_t)(end - at), word, c->args[3].value))) {
        if (!(*hits)++)
            *first = (uint32_t)(at - text);
        at++;
    }
}

CUDA_REFERENCE(memory_unpack)
{
    const uint32_t *start = p[1];
    uint32_t room = (uint32_t)c->args[3].value;

    for (uint32_t i = 0; i < c->args[4].value; i++) {
        const uint8_t *in = (const uint8_t *)p[0] + start[i],
                      *end = (const uint8_t *)p[0] + start[i + 1];
        uint8_t *out = (uint8_t *)p[2] + i * room;
        uint32_t at = 0;

        while (in < end) {
            uint8_t tag = *in++;
            uint32_t n = tag < 0x80 ? tag : tag - 0x7eu, back = tag < 0x80 ? 0 : *in++ + 1u;

            for (n = n < room - at ? n : room - at; n; n--, at++)
                out[at] = tag < 0x80 ? *in++ : at < back ? 0 : out[at - back];
        }
    }
}

CUDA_REFERENCE(memory_special)
{
    uint32_t wide = c->grid[0] * c->block[0];

    for (uint32_t by = 0; by < c->grid[1]; by++)
        for (uint32_t bx = 0; bx < c->grid[0]; bx++)
            for (uint32_t t = 0; t < c->block[0] * c->block[1]; t++) {
                uint32_t tx = t % c->block[0], ty = t / c->block[0], lane = t % 32;
                uint32_t *o = (uint32_t *)p[0] +
                              12 * ((by * c->block[1] + ty) * wide + bx * c->block[0] + tx);
                uint32_t want[12] = {tx | ty << 16,
                                     0,
                                     bx | by << 16,
                                     0,
                                     c->block[0] | c->block[1] << 16,
                                     c->grid[0] | c->grid[1] << 16,
                                     101};

                want[7] = lane;
                want[8] = (1u << lane) - 1;
                want[9] = 1u << lane;
                want[10] = ~want[8];
                want[11] = 1;
                memcpy(o, want, sizeof(want));
            }
}
