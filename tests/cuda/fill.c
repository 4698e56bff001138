/* SPDX-License-Identifier: MIT */
/* What the buffers of the kernels hold before the launch: numbers from a counter-based
 * generator, with the values where arithmetic goes wrong (borders, NaN, denormals) mixed in. */
#include <math.h>
#include <string.h>

#include "cases.h"

uint64_t
cuda_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double
between(uint64_t *state, double low, double high)
{
    return low + (high - low) * ((double)(cuda_random(state) >> 11) / 9007199254740992.0);
}

void
fill_zero(void *to, size_t bytes, uint64_t seed)
{
    (void)seed;
    memset(to, 0, bytes);
}

void
fill_ones(void *to, size_t bytes, uint64_t seed)
{
    (void)seed;
    memset(to, 0xff, bytes);
}

void
fill_bits(void *to, size_t bytes, uint64_t seed)
{
    static const uint32_t border[] = {
        0, 1, 2, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0xffff, 0x10000, 0xff, 31, 32};
    uint32_t *w = to;

    for (size_t i = 0; i < bytes / 4; i++) {
        uint64_t r = cuda_random(&seed);

        w[i] = (r >> 60) == 0 ? border[(r >> 32) % 12] : (uint32_t)r;
    }
}

void
fill_bits64(void *to, size_t bytes, uint64_t seed)
{
    static const uint64_t border[] = {
        0, 1, UINT64_MAX, INT64_MAX, 1ull << 63, 0xffffffff, 1ull << 32, 63, 64, 1ull << 53};
    uint64_t *w = to;

    for (size_t i = 0; i < bytes / 8; i++) {
        uint64_t r = cuda_random(&seed), pick = cuda_random(&seed);

        w[i] = pick % 16 == 0  ? border[(pick >> 8) % 10]
               : pick % 4 == 1 ? r >> (pick >> 8 & 63)
                               : r;
    }
}

void
fill_letters(void *to, size_t bytes, uint64_t seed)
{
    uint8_t *b = to;

    for (size_t i = 0; i < bytes; i++)
        b[i] = (uint8_t)('a' + cuda_random(&seed) % 3);
}

void
fill_bytes01(void *to, size_t bytes, uint64_t seed)
{
    uint8_t *b = to;

    for (size_t i = 0; i < bytes; i++)
        b[i] = (uint8_t)(cuda_random(&seed) & 1);
}

void
fill_steps48(void *to, size_t bytes, uint64_t seed)
{
    uint32_t *w = to;

    (void)seed;
    for (size_t i = 0; i < bytes / 4; i++)
        w[i] = (uint32_t)(48 * i);
}

void
fill_cells(void *to, size_t bytes, uint64_t seed)
{
    uint32_t *w = to;

    (void)seed;
    memset(to, 0, bytes);
    w[1] = w[3] = UINT32_MAX;
    w[6] = INT32_MAX;
    w[7] = 0x80000000;
    w[11] = 12345;
}

void
fill_cells64(void *to, size_t bytes, uint64_t seed)
{
    uint64_t *w = to;

    (void)seed;
    memset(to, 0, bytes);
    w[1] = w[3] = UINT64_MAX;
    w[6] = INT64_MAX;
    w[7] = 1ull << 63;
    w[10] = 1ull << 40;
}

void
fill_floats(void *to, size_t bytes, uint64_t seed)
{
    float *f = to;

    for (size_t i = 0; i < bytes / 4; i++)
        f[i] = (float)between(&seed, -8, 8);
}

void
fill_positive(void *to, size_t bytes, uint64_t seed)
{
    float *f = to;

    for (size_t i = 0; i < bytes / 4; i++)
        f[i] = (float)between(&seed, 0.5, 2);
}

void
fill_doubles(void *to, size_t bytes, uint64_t seed)
{
    double *f = to;

    for (size_t i = 0; i < bytes / 8; i++)
        f[i] = between(&seed, -8, 8);
}

/* Zeros, ones, denormals, the largest and smallest, infinities, NaN; else any bits; else
 * numbers near one. */
static void
any_float(uint32_t *w, size_t n, uint64_t seed, bool minus_zero)
{
    static const uint32_t kinds[] = {0,          0x3f800000, 0xbf800000, 1,
                                     0x80000001, 0x007fffff, 0x00800000, 0x807fffff,
                                     0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
                                     0x7fc00000, 0xffc00001, 0x7f800001, 0x34000000};

    for (size_t i = 0; i < n; i++) {
        uint64_t r = cuda_random(&seed);

        if (r % 4 == 0)
            w[i] = kinds[(r >> 32) % 16];
        else if (r % 4 == 1)
            w[i] = (uint32_t)(r >> 32);
        else
            w[i] = (uint32_t)(r >> 32 & 0x83ffffff) | 0x3c000000;
        if (!minus_zero && w[i] == 0x80000000)
            w[i] = 0;
        if (minus_zero && r % 32 == 16)
            w[i] = 0x80000000;
    }
}

void
fill_anyfloat(void *to, size_t bytes, uint64_t seed)
{
    any_float(to, bytes / 4, seed, false);
}

void
fill_anyfloat0(void *to, size_t bytes, uint64_t seed)
{
    any_float(to, bytes / 4, seed, true);
}

void
fill_anydouble(void *to, size_t bytes, uint64_t seed)
{
    static const uint64_t kinds[] = {0,
                                     1ull << 63,
                                     0x3ff0000000000000,
                                     0xbff0000000000000,
                                     1,
                                     0x000fffffffffffff,
                                     0x0010000000000000,
                                     0x800fffffffffffff,
                                     0x7fefffffffffffff,
                                     0xffefffffffffffff,
                                     0x7ff0000000000000,
                                     0xfff0000000000000,
                                     0x7ff8000000000000};
    uint64_t *w = to;

    for (size_t i = 0; i < bytes / 8; i++) {
        uint64_t r = cuda_random(&seed), bits = cuda_random(&seed);

        if (r % 4 == 0)
            w[i] = kinds[(r >> 32) % 13];
        else if (r % 4 == 1)
            w[i] = bits;
        else
            w[i] = (bits & 0x801fffffffffffff) | 0x3fe0000000000000;
    }
}

void
fill_convert(void *to, size_t bytes, uint64_t seed)
{
    static const float border[] = {0,
                                   0.5f,
                                   1.5f,
                                   2.5f,
                                   -0.5f,
                                   -1.5f,
                                   127.5f,
                                   128.0f,
                                   -128.5f,
                                   255.5f,
                                   32767.5f,
                                   65535.5f,
                                   2147483648.f,
                                   -2147483648.f,
                                   4294967296.f,
                                   9.2233720e18f,
                                   -9.2233720e18f,
                                   1.8446744e19f,
                                   INFINITY,
                                   -INFINITY,
                                   65504.f,
                                   65520.f,
                                   6e-8f,
                                   3e-8f};
    float *f = to;

    for (size_t i = 0; i < bytes / 4; i++) {
        uint64_t r = cuda_random(&seed);

        if (r % 4 == 0)
            f[i] = border[(r >> 32) % 24];
        else if (r % 64 == 1)
            f[i] = NAN;
        else
            f[i] = ldexpf((float)between(&seed, -1, 1), (int)((r >> 32) % 84) - 18);
    }
}

void
fill_convert64(void *to, size_t bytes, uint64_t seed)
{
    static const double border[] = {0,
                                    0.5,
                                    1.5,
                                    2.5,
                                    -0.5,
                                    -1.5,
                                    2147483647.5,
                                    -2147483648.5,
                                    4294967295.5,
                                    9.3e18,
                                    -9.3e18,
                                    1.9e19,
                                    INFINITY,
                                    -INFINITY,
                                    1e300,
                                    -1e300,
                                    1e-310,
                                    3.4028235677973366e38};
    double *f = to;

    for (size_t i = 0; i < bytes / 8; i++) {
        uint64_t r = cuda_random(&seed);

        if (r % 4 == 0)
            f[i] = border[(r >> 32) % 18];
        else if (r % 64 == 1)
            f[i] = NAN;
        else
            f[i] = ldexp(between(&seed, -1, 1), (int)((r >> 32) % 84) - 18);
    }
}

void
fill_halves(void *to, size_t bytes, uint64_t seed)
{
    static const uint16_t kinds[] = {0,      0x8000, 0x3c00, 0xbc00, 1,      0x8001, 0x03ff,
                                     0x0400, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00};
    uint16_t *h = to;

    for (size_t i = 0; i < bytes / 2; i++) {
        uint64_t r = cuda_random(&seed);

        h[i] = r % 4 == 0   ? kinds[(r >> 32) % 13]
               : r % 4 == 1 ? (uint16_t)(r >> 32)
                            : (uint16_t)((r >> 32 & 0x8fff) | 0x3000);
    }
}

void
fill_allhalves(void *to, size_t bytes, uint64_t seed)
{
    uint16_t *h = to;

    (void)seed;
    for (size_t i = 0; i < bytes / 2; i++)
        h[i] = (uint16_t)(i * 13);
}

void
fill_halves1(void *to, size_t bytes, uint64_t seed)
{
    uint16_t *h = to;

    for (size_t i = 0; i < bytes / 2; i++)
        h[i] = (uint16_t)((cuda_random(&seed) & 0x87ff) | 0x3800);
}

void
fill_bfloats1(void *to, size_t bytes, uint64_t seed)
{
    uint16_t *h = to;

    for (size_t i = 0; i < bytes / 2; i++)
        h[i] = (uint16_t)((cuda_random(&seed) & 0x81ff) | 0x3e80);
}

static int
small(uint64_t *seed)
{
    return (int)(cuda_random(seed) % 17) - 8;
}

void
fill_int_f16(void *to, size_t bytes, uint64_t seed)
{
    uint16_t *h = to;

    for (size_t i = 0; i < bytes / 2; i++)
        h[i] = ref_to_half(small(&seed), false);
}

void
fill_int_bf16(void *to, size_t bytes, uint64_t seed)
{
    uint16_t *h = to;

    for (size_t i = 0; i < bytes / 2; i++)
        h[i] = ref_to_bfloat(small(&seed));
}

void
fill_int_f32(void *to, size_t bytes, uint64_t seed)
{
    float *f = to;

    for (size_t i = 0; i < bytes / 4; i++)
        f[i] = (float)small(&seed);
}

void
fill_int_f64(void *to, size_t bytes, uint64_t seed)
{
    double *f = to;

    for (size_t i = 0; i < bytes / 8; i++)
        f[i] = small(&seed);
}

void
fill_mufu(void *to, size_t bytes, uint64_t seed)
{
    float *f = to;

    for (size_t i = 0; i < bytes / 4; i++)
        f[i] =
            i % 4 == 0 ? (float)between(&seed, 0.001, 40) : (float)between(&seed, -3.14, 3.14);
    f[0] = 1;
    f[1] = -2;
    f[2] = INFINITY;
    f[3] = NAN;
    f[4] = 0;
}

void
fill_twiddles(void *to, size_t bytes, uint64_t seed)
{
    float *f = to;

    (void)seed;
    for (size_t i = 0; i < bytes / 8; i++) {
        f[2 * i] = (float)cos(-6.283185307179586 * (double)i / 128);
        f[2 * i + 1] = (float)sin(-6.283185307179586 * (double)i / 128);
    }
}
