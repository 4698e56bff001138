/* SPDX-License-Identifier: MIT */
/*
 * What an SM of each version can hold, as NVIDIA's programming guide gives it, and which
 * carve-outs of L1 it has for shared memory.
 */
#include <stddef.h>

#include <nvmem/compute.h>
#include <nvmem/qmd.h>

enum { KIB = 1024, CARVEOUTS = 10, REG_FILE = 65536, GRID_X = 0x7fffffff, GRID_YZ = 65535 };

/* SM, warps and blocks of an SM; KiB of shared memory of an SM, of a block and kept by the
 * driver; blocks of a cluster. What is not here is the same on all of them. */
#define ROW(version, warps, blocks, per_sm, per_block, kept, cluster)                          \
    {                                                                                          \
        .sm = (version), .warps_per_sm = (warps), .blocks_per_sm = (blocks),                   \
        .threads_per_block = 1024, .block = {1024, 1024, 64},                                  \
        .grid = {GRID_X, GRID_YZ, GRID_YZ}, .registers_per_sm = REG_FILE,                      \
        .registers_per_thread = 255, .shared_per_sm = (per_sm)*KIB,                            \
        .shared_per_block = (per_block)*KIB, .shared_reserved = (kept)*KIB,                    \
        .cluster_blocks = (cluster), .param_bytes = 32764,                                     \
    }

static const struct nvmem_compute_limits limits[] = {
    ROW(75, 32, 16, 64, 64, 0, 0),    ROW(80, 64, 32, 164, 163, 0, 0),
    ROW(86, 48, 16, 100, 99, 0, 0),   ROW(89, 48, 24, 100, 99, 0, 0),
    ROW(90, 64, 32, 228, 228, 1, 16), ROW(100, 64, 32, 228, 228, 1, 16),
    ROW(120, 48, 24, 100, 100, 1, 8),
};

/* KiB that an SM can give shared memory, ascending; the versions as above. */
static const uint16_t carveouts[][CARVEOUTS] = {
    {32,   64 },
    {   8,   16, 32, 64, 100, 132, 164},
    { 8, 16,   32, 64, 100},
    { 8,  16,   32, 64, 100},
    { 8, 16,  32, 64, 100, 132, 164, 196, 228},
    { 8,  16, 32, 64, 100, 132, 164, 196, 228},
    {   8,     16,    32, 64, 100},
};

enum { VERSIONS = sizeof(limits) / sizeof(*limits) };

static unsigned
index_of(unsigned sm)
{
    unsigned i = 0;

    while (i < VERSIONS && limits[i].sm != sm)
        i++;
    return i;
}

const struct nvmem_compute_limits *
nvmem_compute_limits_of(unsigned sm)
{
    const unsigned i = index_of(sm);

    return i < VERSIONS ? &limits[i] : NULL;
}

unsigned
nvmem_shared_carveout_kib(unsigned sm, uint32_t bytes)
{
    const unsigned version = index_of(sm);
    unsigned kib = 0;

    for (unsigned i = 0; version < VERSIONS && i < CARVEOUTS && carveouts[version][i]; i++) {
        kib = carveouts[version][i];
        if (kib * KIB >= bytes)
            break;
    }
    return kib;
}

/* NV2080_CTRL_MC_ARCH_INFO_ARCHITECTURE_*, and GA100 alone among Ampere. */
unsigned
nvmem_compute_sm_of(uint32_t architecture, uint32_t implementation)
{
    switch (architecture) {
    case 0x160:
        return 75;
    case 0x170:
        return implementation == 0 ? 80 : 86;
    case 0x180:
        return 90;
    case 0x190:
        return 89;
    case 0x1a0:
        return 100;
    case 0x1b0:
        return 120;
    default:
        return 0;
    }
}
