// SPDX-License-Identifier: MIT
// sm: 75 80 86 89 90 100 120
// Checksums, hashes and a counter-based generator, one message per thread.
#include "kernel.h"

__device__ __forceinline__ u32
rotl(u32 x, u32 n)
{
    return x << n | x >> (32 - n);
}

KERNEL hash_crc32(const u8 *in, u32 *out, u32 bytes, u32 n)
{
    u32 i = THREAD, crc = 0xffffffff;

    if (i >= n)
        return;
    for (u32 k = 0; k < bytes; k++) {
        crc ^= in[i * bytes + k];
        for (u32 b = 0; b < 8; b++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    out[i] = ~crc;
}

__constant__ u32 sha_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// The digest of one 55-byte message, which is one padded block.
KERNEL hash_sha256(const u8 *in, u32 *out, u32 n)
{
    u32 i = THREAD, w[16];
    u32 h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    u32 s[8];

    if (i >= n)
        return;
    for (u32 k = 0; k < 16; k++)
        w[k] = 0;
    for (u32 k = 0; k < 55; k++)
        w[k / 4] |= (u32)in[i * 55 + k] << (24 - 8 * (k & 3));
    w[13] |= 0x80;
    w[15] = 55 * 8;
    for (u32 k = 0; k < 8; k++)
        s[k] = h[k];
#pragma unroll 16
    for (u32 k = 0; k < 64; k++) {
        if (k >= 16) {
            u32 a = w[(k + 1) & 15], b = w[(k + 14) & 15];

            w[k & 15] += w[(k + 9) & 15] + (rotl(a, 25) ^ rotl(a, 14) ^ a >> 3) + (rotl(b, 15) ^ rotl(b, 13) ^ b >> 10);
        }
        u32 t1 = s[7] + (rotl(s[4], 26) ^ rotl(s[4], 21) ^ rotl(s[4], 7)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha_k[k] + w[k & 15];
        u32 t2 = (rotl(s[0], 30) ^ rotl(s[0], 19) ^ rotl(s[0], 10)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

        for (u32 j = 7; j; j--)
            s[j] = s[j - 1];
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (u32 k = 0; k < 8; k++)
        out[8 * i + k] = h[k] + s[k];
}

KERNEL hash_xxh32(const u32 *in, u32 *out, u32 words, u32 n)
{
    u32 i = THREAD;
    u32 v[4] = {0x24234428, 0x85ebca77, 0, 0x61c8864f};

    if (i >= n)
        return;
    const u32 *p = in + i * words;
    for (u32 k = 0; k < words; k++)
        v[k & 3] = rotl(v[k & 3] + p[k] * 0x85ebca77, 13) * 0x9e3779b1;
    u32 h = rotl(v[0], 1) + rotl(v[1], 7) + rotl(v[2], 12) + rotl(v[3], 18) + words * 4;
    h = (h ^ h >> 15) * 0x85ebca77;
    h = (h ^ h >> 13) * 0xc2b2ae3d;
    out[i] = h ^ h >> 16;
}

__device__ __forceinline__ u64
rotl64(u64 x, u32 n)
{
    return x << n | x >> (64 - n);
}

#define SIPROUND                                                                                                       \
    v0 += v1, v1 = rotl64(v1, 13) ^ v0, v0 = rotl64(v0, 32), v2 += v3, v3 = rotl64(v3, 16) ^ v2, v0 += v3,             \
        v3 = rotl64(v3, 21) ^ v0, v2 += v1, v1 = rotl64(v1, 17) ^ v2, v2 = rotl64(v2, 32)

KERNEL hash_siphash(const u64 *in, u64 *out, u64 k0, u64 k1, u32 words, u32 n)
{
    u32 i = THREAD;

    if (i >= n)
        return;
    u64 v0 = k0 ^ 0x736f6d6570736575, v1 = k1 ^ 0x646f72616e646f6d, v2 = k0 ^ 0x6c7967656e657261, v3 = k1 ^ 0x7465646279746573;
    for (u32 k = 0; k <= words; k++) {
        u64 m = k < words ? in[i * words + k] : (u64)words << 59;

        v3 ^= m;
        SIPROUND;
        SIPROUND;
        v0 ^= m;
    }
    v2 ^= 0xff;
    for (u32 k = 0; k < 4; k++)
        SIPROUND;
    out[i] = v0 ^ v1 ^ v2 ^ v3;
}

KERNEL hash_philox(u32 *out, u32 key0, u32 key1, u32 n)
{
    u32 i = THREAD;
    u32 c[4] = {i, 1, 2, 3};

    if (i >= n)
        return;
    for (u32 r = 0; r < 10; r++) {
        u32 h0 = __umulhi(0xd2511f53, c[0]), l0 = 0xd2511f53 * c[0];
        u32 h1 = __umulhi(0xcd9e8d57, c[2]), l1 = 0xcd9e8d57 * c[2];

        c[0] = h1 ^ c[1] ^ key0;
        c[2] = h0 ^ c[3] ^ key1;
        c[1] = l1;
        c[3] = l0;
        key0 += 0x9e3779b9;
        key1 += 0xbb67ae85;
    }
    for (u32 k = 0; k < 4; k++)
        out[4 * i + k] = c[k];
}
