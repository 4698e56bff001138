/* SPDX-License-Identifier: MIT */
/*
 * Bank 0: the words that code reads beside its parameters. Where they stand was found by
 * compiling kernels that read one special register each and looking at the bank offsets of
 * their loads.
 */
#include <string.h>

#include <nvmem/qmd.h>

/* Byte offsets; 0 where a family has no such word (block stands at 0 on the early ones, and is
 * written always). */
struct words {
    unsigned sm_from, sm_to;
    uint16_t block, grid, shared_window, local_window, stack, dynamic, grid_id, sm_count;
    uint16_t reserved, aggregate, is_cluster, cluster, reciprocal, clusters, rank;
    uint16_t own_va, bank3_va; /* generic addresses of this bank and of bank 3 */
    bool own_is_params;        /* the former of the first parameter */
    uint16_t bytes;            /* up to the first parameter */
};

/* Alike in all families before Blackwell. */
#define EARLY                                                                                  \
    .block = 0x00, .grid = 0x0c, .shared_window = 0x18, .local_window = 0x20, .stack = 0x28,   \
    .dynamic = 0x2c, .grid_id = 0x30, .sm_count = 0x10c

static const struct words turing = {
    .sm_from = 75,
    .sm_to = 79,
    EARLY,
    .own_va = 0x40,
    .bank3_va = 0x50,
    .bytes = 0x160,
};
static const struct words ampere = {
    .sm_from = 80,
    .sm_to = 89,
    EARLY,
    .reserved = 0x114,
    .own_va = 0x40,
    .bank3_va = 0x50,
    .bytes = 0x160,
};
static const struct words hopper = {
    .sm_from = 90,
    .sm_to = 90,
    EARLY,
    .reserved = 0x114,
    .aggregate = 0x13c,
    .is_cluster = 0x140,
    .cluster = 0x144,
    .reciprocal = 0x150,
    .clusters = 0x15c,
    .rank = 0x188,
    .own_va = 0x198,
    .bank3_va = 0xd0,
    .own_is_params = true,
    .bytes = 0x210,
};
static const struct words blackwell = {
    .sm_from = 100,
    .sm_to = 129,
    .block = 0x360,
    .grid = 0x370,
    .shared_window = 0x2f0,
    .local_window = 0x2f8,
    .stack = 0x37c,
    .dynamic = 0x2ac,
    .grid_id = 0x140,
    .sm_count = 0x2d0,
    .reserved = 0x16c,
    .aggregate = 0x2bc,
    .is_cluster = 0x36c,
    .cluster = 0x2a0,
    .reciprocal = 0x2b0,
    .clusters = 0x2c0,
    .rank = 0x2cc,
    .own_va = 0x348,
    .bank3_va = 0x120,
    .own_is_params = true,
    .bytes = 0x380,
};
static const struct words *const families[] = {&turing, &ampere, &hopper, &blackwell};

static const struct words *
words_of(unsigned sm)
{
    for (unsigned i = 0; i < sizeof(families) / sizeof(*families); i++) {
        if (sm >= families[i]->sm_from && sm <= families[i]->sm_to)
            return families[i];
    }
    return NULL;
}

static void
put32(uint8_t *out, unsigned at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out[at + i] = (uint8_t)(value >> 8 * i);
}

static void
put64(uint8_t *out, unsigned at, uint64_t value)
{
    put32(out, at, (uint32_t)value);
    put32(out, at + 4, (uint32_t)(value >> 32));
}

static void
put_three(uint8_t *out, unsigned at, const uint32_t *values)
{
    for (unsigned i = 0; i < 3; i++)
        put32(out, at + 4 * i, values[i]);
}

/* 1/n as a float, never below it: code multiplies by it and cuts off, which must give k for
 * every multiple k * n. */
static uint32_t
reciprocal_bits(uint32_t n)
{
    const float r = 1.0f / (float)n;
    uint32_t bits;

    memcpy(&bits, &r, sizeof(bits));
    return n & (n - 1) ? bits + 1 : bits;
}

static void
put_clusters(const struct words *w, const struct nvmem_bank0 *b, uint8_t *out)
{
    uint32_t one[3], count[3];
    const bool has = b->cluster[0] != 0;

    for (unsigned i = 0; i < 3; i++) {
        one[i] = has ? b->cluster[i] : 1;
        count[i] = b->grid[i] / one[i];
        put32(out, w->reciprocal + 4 * i, reciprocal_bits(one[i]));
    }
    put32(out, w->is_cluster, has);
    put_three(out, w->cluster, one);
    put_three(out, w->clusters, count);
    put32(out, w->rank, one[0] * one[1] * one[2]);
}

uint32_t
nvmem_bank0_bytes(const struct nvmem_bank0 *b)
{
    const struct words *w = words_of(b->sm);
    uint32_t end = b->param_off + b->param_bytes;

    if (!w)
        return 0;
    if (end < w->bytes)
        end = w->bytes;
    return (end + 15) / 16 * 16;
}

void
nvmem_bank0_write(const struct nvmem_bank0 *b, void *bank)
{
    const struct words *w = words_of(b->sm);
    uint8_t *out = bank;

    if (!w)
        return;
    memset(out, 0, nvmem_bank0_bytes(b));
    put_three(out, w->block, b->block);
    put_three(out, w->grid, b->grid);
    put64(out, w->shared_window, b->shared_window);
    put64(out, w->local_window, b->local_window);
    put32(out, w->stack, NVMEM_STACK_TOP);
    put32(out, w->dynamic, b->dynamic_shared);
    put64(out, w->grid_id, b->grid_id);
    put32(out, w->sm_count, b->sm_count);
    put64(out, w->own_va, b->own_va + (w->own_is_params ? b->param_off : 0));
    put64(out, w->bank3_va, b->bank3_va);
    if (w->reserved)
        put32(out, w->reserved, b->shared_reserved);
    if (w->aggregate)
        put32(out, w->aggregate, b->shared_bytes);
    if (w->cluster)
        put_clusters(w, b, out);
    if (b->param_bytes)
        memcpy(out + b->param_off, b->params, b->param_bytes);
}
