/* SPDX-License-Identifier: MIT */
/*
 * Copy-and-XOR in one pass. The source may be shared with a hostile peer: a value is loaded
 * into a register once, pinned there so that the compiler cannot load it again, and both
 * stored and folded from that register.
 */
#include <stdint.h>
#include <string.h>

#include "sum_priv.h"

#if defined(__x86_64__)
#define PIN(v) __asm__ volatile("" : "+x"(v))
#elif defined(__aarch64__)
#define PIN(v) __asm__ volatile("" : "+w"(v))
#else
#define PIN(v) __asm__ volatile("" : "+m"(v))
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire is little-endian");

/* One body for every vector width: four vectors are loaded before any is stored, which also
 * keeps loads ahead of stores to addresses that are equal modulo a page. */
#define SUM_BODY(V)                                                                            \
    V a = {0}, b = {0}, c = {0}, d = {0};                                                      \
    uint8_t *to = dst;                                                                         \
    const uint8_t *from = src;                                                                 \
    uint64_t lanes[sizeof(V) / 8], sum = 0;                                                    \
                                                                                               \
    if (bytes < 2 * sizeof(V))                                                                 \
        return gsp_sum_small(to, from, bytes);                                                 \
    for (; bytes >= 4 * sizeof(V); bytes -= 4 * sizeof(V), from += 4 * sizeof(V)) {            \
        V v0, v1, v2, v3;                                                                      \
                                                                                               \
        memcpy(&v0, from, sizeof(V));                                                          \
        memcpy(&v1, from + sizeof(V), sizeof(V));                                              \
        memcpy(&v2, from + 2 * sizeof(V), sizeof(V));                                          \
        memcpy(&v3, from + 3 * sizeof(V), sizeof(V));                                          \
        PIN(v0);                                                                               \
        PIN(v1);                                                                               \
        PIN(v2);                                                                               \
        PIN(v3);                                                                               \
        if (to) {                                                                              \
            memcpy(to, &v0, sizeof(V));                                                        \
            memcpy(to + sizeof(V), &v1, sizeof(V));                                            \
            memcpy(to + 2 * sizeof(V), &v2, sizeof(V));                                        \
            memcpy(to + 3 * sizeof(V), &v3, sizeof(V));                                        \
            to += 4 * sizeof(V);                                                               \
        }                                                                                      \
        a ^= v0;                                                                               \
        b ^= v1;                                                                               \
        c ^= v2;                                                                               \
        d ^= v3;                                                                               \
    }                                                                                          \
    for (; bytes >= sizeof(V); bytes -= sizeof(V), from += sizeof(V)) {                        \
        V v;                                                                                   \
                                                                                               \
        memcpy(&v, from, sizeof(V));                                                           \
        PIN(v);                                                                                \
        if (to) {                                                                              \
            memcpy(to, &v, sizeof(V));                                                         \
            to += sizeof(V);                                                                   \
        }                                                                                      \
        a ^= v;                                                                                \
    }                                                                                          \
    a ^= b ^ c ^ d;                                                                            \
    memcpy(lanes, &a, sizeof(V));                                                              \
    for (unsigned i = 0; i < sizeof(V) / 8; i++)                                               \
        sum ^= lanes[i];                                                                       \
    return sum ^ gsp_sum_small(to, from, bytes)

typedef uint64_t sum_v16 __attribute__((vector_size(16)));

static uint64_t
sum_copy_16(void *dst, const void *src, size_t bytes)
{
    SUM_BODY(sum_v16);
}

#if defined(__x86_64__)
typedef uint64_t sum_v32 __attribute__((vector_size(32)));

__attribute__((target("avx2"))) static uint64_t
sum_copy_32(void *dst, const void *src, size_t bytes)
{
    SUM_BODY(sum_v32);
}
#endif

gsp_sum_fn
gsp_sum_pick(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return sum_copy_32;
#endif
    return sum_copy_16;
}
