/* SPDX-License-Identifier: MIT */
/*
 * SHA-384 (FIPS 180-4): the hash that a FMC is measured with. The constants are computed: the
 * fractional parts of square and cube roots of the first primes.
 */
#include <string.h>

#include "fw_synth.h"

typedef unsigned __int128 u128;

struct sha {
    uint64_t h[8], k[80];
};

static uint64_t
rotr(uint64_t x, unsigned n)
{
    return x >> n | x << (64 - n);
}

/* Numbers of 256 bits, lowest word first. */
enum { WORDS = 8 };

static void
multiply(const uint32_t a[WORDS], const uint32_t b[WORDS], uint32_t out[WORDS])
{
    uint32_t r[WORDS] = {0};

    for (unsigned i = 0; i < WORDS; i++) {
        uint64_t carry = 0;

        for (unsigned j = 0; i + j < WORDS; j++) {
            carry += (uint64_t)a[i] * b[j] + r[i + j];
            r[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    memcpy(out, r, sizeof(r));
}

/* Is root to the power, where root has 64 fraction bits, below n? */
static bool
fits(unsigned power, u128 root, unsigned n)
{
    uint32_t r[WORDS] = {0}, product[WORDS];
    uint64_t whole;

    for (unsigned i = 0; i < 4; i++)
        r[i] = (uint32_t)(root >> 32 * i);
    multiply(r, r, product);
    if (power == 3)
        multiply(product, r, product);
    memcpy(&whole, &product[(size_t)power * 2], sizeof(whole));
    return whole < n;
}

/* The largest root whose power is below n: n is a prime, so no root is exact. */
static uint64_t
root_fraction(unsigned power, unsigned n)
{
    u128 root = 0;

    for (int bit = 68; bit >= 0; bit--)
        if (fits(power, root | (u128)1 << bit, n))
            root |= (u128)1 << bit;
    return (uint64_t)root;
}

static unsigned
next_prime(unsigned n)
{
    for (;; n++) {
        unsigned d = 2;

        while (d * d <= n && n % d)
            d++;
        if (n > 1 && d * d > n)
            return n;
    }
}

/* SHA-384 starts from the square roots of the ninth to sixteenth prime. */
static void
init(struct sha *s)
{
    unsigned prime = 1;

    for (unsigned i = 0; i < 80; i++) {
        prime = next_prime(prime + 1);
        s->k[i] = root_fraction(3, prime);
        if (i >= 8 && i < 16)
            s->h[i - 8] = root_fraction(2, prime);
    }
}

static void
schedule(uint64_t w[80], const uint8_t *block)
{
    for (unsigned i = 0; i < 16; i++) {
        w[i] = 0;
        for (unsigned b = 0; b < 8; b++)
            w[i] = w[i] << 8 | block[i * 8 + b];
    }
    for (unsigned i = 16; i < 80; i++) {
        const uint64_t a = w[i - 15], b = w[i - 2];

        w[i] = w[i - 16] + w[i - 7] + (rotr(a, 1) ^ rotr(a, 8) ^ a >> 7) +
               (rotr(b, 19) ^ rotr(b, 61) ^ b >> 6);
    }
}

static void
compress(struct sha *s, const uint8_t *block)
{
    uint64_t w[80], v[8];

    schedule(w, block);
    memcpy(v, s->h, sizeof(v));
    for (unsigned i = 0; i < 80; i++) {
        const uint64_t e = v[4], a = v[0];
        const uint64_t t1 = v[7] + (rotr(e, 14) ^ rotr(e, 18) ^ rotr(e, 41)) +
                            ((e & v[5]) ^ (~e & v[6])) + s->k[i] + w[i];
        const uint64_t t2 = (rotr(a, 28) ^ rotr(a, 34) ^ rotr(a, 39)) +
                            ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));

        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (unsigned i = 0; i < 8; i++)
        s->h[i] += v[i];
}

void
emu_sha384(const uint8_t *data, size_t n, uint8_t out[EMU_FMC_HASH_BYTES])
{
    uint8_t tail[256] = {0};
    const size_t whole = n & ~(size_t)127, rest = n - whole;
    const size_t tail_bytes = rest < 112 ? 128 : 256;
    struct sha s;

    init(&s);
    for (size_t i = 0; i < whole; i += 128)
        compress(&s, data + i);
    if (rest)
        memcpy(tail, data + whole, rest);
    tail[rest] = 0x80;
    for (unsigned b = 0; b < 8; b++)
        tail[tail_bytes - 1 - b] = (uint8_t)((uint64_t)n * 8 >> 8 * b);
    for (size_t i = 0; i < tail_bytes; i += 128)
        compress(&s, tail + i);
    for (unsigned i = 0; i < EMU_FMC_HASH_BYTES; i++)
        out[i] = (uint8_t)(s.h[i / 8] >> (56 - 8 * (i % 8)));
}
