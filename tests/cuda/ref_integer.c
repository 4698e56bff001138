/* SPDX-License-Identifier: MIT */
/* What kernels/integer.cu, saxpy.cu and hash.cu compute, in plain C on 64 and 128 bits. */
#include <math.h>
#include <string.h>

#include "cases.h"

CUDA_REFERENCE(saxpy);
CUDA_REFERENCE(int_arith32);
CUDA_REFERENCE(int_div32);
CUDA_REFERENCE(int_shift32);
CUDA_REFERENCE(int_arith64);
CUDA_REFERENCE(int_div64);
CUDA_REFERENCE(int_sat_dot);
CUDA_REFERENCE(int_narrow);
CUDA_REFERENCE(hash_crc32);
CUDA_REFERENCE(hash_sha256);
CUDA_REFERENCE(hash_xxh32);
CUDA_REFERENCE(hash_siphash);
CUDA_REFERENCE(hash_philox);

__extension__ typedef __int128 s128;
__extension__ typedef unsigned __int128 u128;

CUDA_REFERENCE(saxpy)
{
    const float *x = p[2];
    float a, *y = p[3];
    uint32_t bits = (uint32_t)c->args[1].value;

    memcpy(&a, &bits, 4);
    for (uint32_t i = 0; i < c->args[0].value; i++)
        y[i] = fmaf(a, x[i], y[i]);
}

CUDA_REFERENCE(int_arith32)
{
    const uint32_t *a = p[0], *b = p[1];
    uint32_t *o = p[2];

    for (uint32_t i = 0; i < c->args[3].value; i++, o += 16) {
        uint32_t x = a[i], y = b[i];
        int64_t sx = (int32_t)x, sy = (int32_t)y;

        o[0] = x + y;
        o[1] = x - y;
        o[2] = x * y;
        o[3] = (uint32_t)((uint64_t)x * y >> 32);
        o[4] = (uint32_t)(sx * sy >> 32);
        o[5] = x * y + (x ^ y);
        o[6] = x < y ? x : y;
        o[7] = x < y ? y : x;
        o[8] = (uint32_t)(sx < sy ? sx : sy);
        o[9] = (uint32_t)(sx < sy ? sy : sx);
        o[10] = (uint32_t)(sx < 0 ? -sx : sx);
        o[11] = (x < y ? y - x : x - y) + 7;
        o[12] = (x & y) | (~x & 0x0ff0f00fu);
        o[13] = x * 24 + y * 5;
        o[14] = (x >> 16) * (y & 0xffff);
        o[15] = (uint32_t)(sx == sy) + 2 * (uint32_t)(sx < sy) + 4 * (uint32_t)(x < y);
    }
}

CUDA_REFERENCE(int_div32)
{
    const uint32_t *a = p[0], *b = p[1];
    uint32_t *o = p[2];

    for (uint32_t i = 0; i < c->args[3].value; i++, o += 8) {
        uint32_t x = a[i], y = b[i] | 1;
        int32_t sx = (int32_t)x, sy = (int32_t)(y >> 3 | 1);

        o[0] = x / y;
        o[1] = x % y;
        o[2] = (uint32_t)(sx / sy);
        o[3] = (uint32_t)(sx % sy);
        o[4] = x / 10;
        o[5] = x % 1000003;
        o[6] = (uint32_t)(sx / 7);
        o[7] = (uint32_t)(sx / 16);
    }
}

static uint32_t
field(uint32_t x, uint32_t at, uint32_t bits, bool sign)
{
    uint32_t out = 0, last = at + bits - 1 > 31 ? 31 : at + bits - 1;

    if (bits == 0)
        return 0;
    for (uint32_t k = 0; k < 32; k++) {
        uint32_t from = k < bits ? at + k : 32;

        out |= (from < 32 ? x >> from & 1 : sign ? x >> last & 1 : 0) << k;
    }
    return out;
}

static uint32_t
insert(uint32_t x, uint32_t into, uint32_t at, uint32_t bits)
{
    for (uint32_t k = 0; k < bits && at + k < 32; k++)
        into = (into & ~(1u << (at + k))) | (x >> k & 1) << (at + k);
    return into;
}

static uint32_t
reverse(uint32_t x)
{
    uint32_t out = 0;

    for (unsigned k = 0; k < 32; k++)
        out |= (x >> k & 1) << (31 - k);
    return out;
}

/* Position of the highest bit, ~0 for none. */
static uint32_t
highest(uint32_t x)
{
    return x ? 31 - (uint32_t)__builtin_clz(x) : UINT32_MAX;
}

CUDA_REFERENCE(int_shift32)
{
    const uint32_t *a = p[0], *b = p[1];
    uint32_t *o = p[2];

    for (uint32_t i = 0; i < c->args[3].value; i++, o += 16) {
        uint32_t x = a[i], y = b[i], s = y & 63, clamped = s > 32 ? 32 : s;
        uint64_t both = (uint64_t)y << 32 | x;

        o[0] = s > 31 ? 0 : x << s;
        o[1] = s > 31 ? 0 : x >> s;
        o[2] = (uint32_t)((int64_t)(int32_t)x >> clamped);
        o[3] = (uint32_t)((both << (s & 31)) >> 32);
        o[4] = (uint32_t)(both >> (s & 31));
        o[5] = (uint32_t)((both << clamped) >> 32);
        o[6] = (uint32_t)(both >> clamped);
        o[7] = reverse(x);
        o[8] = (uint32_t)__builtin_popcount(x);
        o[9] = x ? (uint32_t)__builtin_clz(x) : 32;
        o[10] = (uint32_t)__builtin_ffs((int32_t)x);
        o[11] = (y >> 8 & 0xff) | (x >> 8 & 0xff) << 8 | (y >> 16 & 0xff) << 16 |
                (x >> 16 & 0xff) << 24;
        o[12] = field(x, s & 31, y >> 27, false);
        o[13] = field(x, s & 31, y >> 27, true);
        o[14] = insert(x, y, s & 31, y >> 27);
        o[15] = highest((int32_t)x < 0 ? ~x : x);
    }
}

CUDA_REFERENCE(int_arith64)
{
    const uint64_t *a = p[0], *b = p[1];
    uint64_t *o = p[2];

    for (uint32_t i = 0; i < c->args[3].value; i++, o += 16) {
        uint64_t x = a[i], y = b[i];
        int64_t sx = (int64_t)x, sy = (int64_t)y;
        uint32_t s = (uint32_t)y & 63;

        o[0] = x + y;
        o[1] = x - y;
        o[2] = x * y;
        o[3] = (uint64_t)((u128)x * y >> 64);
        o[4] = (uint64_t)((s128)sx * sy >> 64);
        o[5] = x << s;
        o[6] = x >> s;
        o[7] = (uint64_t)(sx >> s);
        o[8] = x < y ? x : y;
        o[9] = sx < sy ? y : x;
        o[10] = sx < 0 ? 0 - x : x;
        o[11] = (uint64_t)__builtin_popcountll(x);
        o[12] = x ? (uint64_t)__builtin_clzll(x) : 64;
        o[13] = (uint64_t)reverse((uint32_t)x) << 32 | reverse((uint32_t)(x >> 32));
        o[14] = (uint64_t)(uint32_t)x * (uint32_t)y + x;
        o[15] = (uint64_t)((int64_t)(int32_t)x * (int32_t)y) - y;
    }
}

CUDA_REFERENCE(int_div64)
{
    const uint64_t *a = p[0], *b = p[1];
    uint64_t *o = p[2];

    for (uint32_t i = 0; i < c->args[3].value; i++, o += 4) {
        uint64_t x = a[i], y = (b[i] >> (b[i] & 63)) | 1;
        int64_t sx = (int64_t)x, sy = (int64_t)(y >> 1 | 1);

        o[0] = x / y;
        o[1] = x % y;
        o[2] = (uint64_t)(sx / sy);
        o[3] = (uint64_t)(sx % sy);
    }
}

static uint32_t
saturate(int64_t x)
{
    return (uint32_t)(x < INT32_MIN ? INT32_MIN : x > INT32_MAX ? INT32_MAX : x);
}

/* The sum of products of `lanes` of x, each of `bits`, with bytes of y from byte `from` on. */
static uint32_t
dot(uint32_t x, uint32_t y, uint32_t sum, unsigned bits, unsigned from, bool sign_x,
    bool sign_y)
{
    for (unsigned k = 0; k < 32 / bits; k++) {
        uint32_t u = x >> bits * k & ((1u << bits) - 1), v = y >> 8 * (from + k) & 0xff;

        if (sign_x && u >> (bits - 1))
            u -= 1u << bits;
        if (sign_y && v >> 7)
            v -= 256;
        sum += u * v;
    }
    return sum;
}

CUDA_REFERENCE(int_sat_dot)
{
    const uint32_t *a = p[0], *b = p[1];
    uint32_t *o = p[2];

    for (uint32_t i = 0; i < c->args[3].value; i++, o += 8) {
        uint32_t x = a[i], y = b[i];
        int64_t sx = (int32_t)x, sy = (int32_t)y;

        o[0] = saturate(sx + sy);
        o[1] = saturate(sx - sy);
        o[2] = dot(x, y, x, 8, 0, false, false);
        o[3] = dot(x, y, y, 8, 0, true, true);
        o[4] = dot(x, y, 5, 8, 0, false, true);
        o[5] = dot(x, y, x, 16, 0, true, true);
        o[6] = dot(x, y, y, 16, 2, false, false);
        o[7] = x + y + y + (x + y < x);
    }
}

CUDA_REFERENCE(int_narrow)
{
    const uint8_t *a = p[0];
    const uint16_t *b = p[1];
    int8_t *out8 = p[2];
    int16_t *out16 = p[3];
    uint32_t n = (uint32_t)c->args[4].value;

    for (uint32_t i = 0; i < n; i++) {
        int32_t x = (int8_t)a[i], y = (int16_t)b[i];

        out8[i] = (int8_t)(x * y + a[i]);
        out16[i] = (int16_t)((uint32_t)b[i] * a[i] >> 3);
        out16[n + i] = (int16_t)(x < 0 ? -x * 3 : y >> 2);
    }
}

CUDA_REFERENCE(hash_crc32)
{
    const uint8_t *in = p[0];
    uint32_t *out = p[1], bytes = (uint32_t)c->args[2].value, table[256];

    for (uint32_t k = 0; k < 256; k++) {
        uint32_t crc = k;

        for (unsigned b = 0; b < 8; b++)
            crc = crc & 1 ? 0xedb88320 ^ crc >> 1 : crc >> 1;
        table[k] = crc;
    }
    for (uint32_t i = 0; i < c->args[3].value; i++) {
        uint32_t crc = UINT32_MAX;

        for (uint32_t k = 0; k < bytes; k++)
            crc = table[(crc ^ *in++) & 0xff] ^ crc >> 8;
        out[i] = crc ^ UINT32_MAX;
    }
}

static uint32_t
ror(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

/* The constants of SHA-2: fractional bits of the cube roots of the first primes. */
static void
sha256_constants(uint32_t k[64])
{
    unsigned n = 0;

    for (unsigned v = 2; n < 64; v++) {
        bool prime = true;

        for (unsigned d = 2; d * d <= v; d++)
            prime = prime && v % d != 0;
        if (prime) {
            long double root = cbrtl((long double)v);

            k[n++] = (uint32_t)((root - floorl(root)) * 4294967296.0L);
        }
    }
}

static void
sha256_block(uint32_t h[8], const uint8_t block[64], const uint32_t k[64])
{
    uint32_t w[64], s[8];

    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (unsigned i = 16; i < 64; i++)
        w[i] = w[i - 16] + (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) +
               w[i - 7] + (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(s, h, sizeof(s));
    for (unsigned i = 0; i < 64; i++) {
        uint32_t one = s[7] + (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) +
                       (s[6] ^ (s[4] & (s[5] ^ s[6]))) + k[i] + w[i];
        uint32_t two = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) +
                       ((s[0] & s[1]) | (s[2] & (s[0] | s[1])));

        memmove(s + 1, s, 7 * sizeof(*s));
        s[4] += one;
        s[0] = one + two;
    }
    for (unsigned i = 0; i < 8; i++)
        h[i] += s[i];
}

CUDA_REFERENCE(hash_sha256)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const uint8_t *in = p[0];
    uint32_t *out = p[1], k[64];

    sha256_constants(k);
    for (uint32_t i = 0; i < c->args[2].value; i++) {
        uint8_t block[64] = {0};

        memcpy(block, in + 55 * i, 55);
        block[55] = 0x80;
        block[62] = 55 * 8 >> 8;
        block[63] = (uint8_t)(55 * 8);
        memcpy(out + 8 * i, start, sizeof(start));
        sha256_block(out + 8 * i, block, k);
    }
}

CUDA_REFERENCE(hash_xxh32)
{
    const uint32_t prime1 = 2654435761u, prime2 = 2246822519u, prime3 = 3266489917u;
    const uint32_t *in = p[0];
    uint32_t *out = p[1], words = (uint32_t)c->args[2].value;

    for (uint32_t i = 0; i < c->args[3].value; i++) {
        uint32_t v[4] = {prime1 + prime2, prime2, 0, 0 - prime1}, h;

        for (uint32_t k = 0; k < words; k++)
            v[k & 3] = ror(v[k & 3] + *in++ * prime2, 32 - 13) * prime1;
        h = ror(v[0], 31) + ror(v[1], 25) + ror(v[2], 20) + ror(v[3], 14) + words * 4;
        h ^= h >> 15;
        h *= prime2;
        h ^= h >> 13;
        h *= prime3;
        out[i] = h ^ h >> 16;
    }
}

static uint64_t
rol64(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void
sip_rounds(uint64_t v[4], unsigned n)
{
    while (n--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rol64(v[1], 13) ^ v[0];
        v[3] = rol64(v[3], 16) ^ v[2];
        v[0] = rol64(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rol64(v[1], 17) ^ v[2];
        v[3] = rol64(v[3], 21) ^ v[0];
        v[2] = rol64(v[2], 32);
    }
}

CUDA_REFERENCE(hash_siphash)
{
    const uint64_t *in = p[0];
    uint64_t *out = p[1], k0 = c->args[2].value, k1 = c->args[3].value,
             words = c->args[4].value;

    for (uint32_t i = 0; i < c->args[5].value; i++) {
        uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
                         k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};

        for (uint64_t k = 0; k <= words; k++) {
            uint64_t m = k < words ? *in++ : words * 8 << 56;

            v[3] ^= m;
            sip_rounds(v, 2);
            v[0] ^= m;
        }
        v[2] ^= 0xff;
        sip_rounds(v, 4);
        out[i] = v[0] ^ v[1] ^ v[2] ^ v[3];
    }
}

CUDA_REFERENCE(hash_philox)
{
    uint32_t *out = p[0];

    for (uint32_t i = 0; i < c->args[3].value; i++) {
        uint32_t v[4] = {i, 1, 2, 3}, k0 = (uint32_t)c->args[1].value,
                 k1 = (uint32_t)c->args[2].value;

        for (unsigned r = 0; r < 10; r++, k0 += 0x9e3779b9, k1 += 0xbb67ae85) {
            uint64_t first = (uint64_t)0xd2511f53 * v[0], second = (uint64_t)0xcd9e8d57 * v[2];

            v[0] = (uint32_t)(second >> 32) ^ v[1] ^ k0;
            v[1] = (uint32_t)second;
            v[2] = (uint32_t)(first >> 32) ^ v[3] ^ k1;
            v[3] = (uint32_t)first;
        }
        memcpy(out + 4 * i, v, sizeof(v));
    }
}
