/* SPDX-License-Identifier: MIT */
/*
 * Queue meta data: what a launch is, in memory. Fields are found by their names in the class's
 * records; a name that a version lacks is tried in the form of another one (address words are
 * whole, or shifted by 4 or 6).
 *
 * Checks carry the names that the scheduler's error bits have.
 */
#include "host_qmd.h"

#include <stdio.h>
#include <string.h>

#include <nvrm/hw.h>

struct reader {
    const struct nvrm_hw_item *record;
    const uint32_t *words;
};

static bool
has(const struct reader *r, const char *name)
{
    return nvrm_hw_field_named(r->record, name) != NULL;
}

static uint64_t
get_at(const struct reader *r, const char *name, unsigned i)
{
    const struct nvrm_hw_field *f = nvrm_hw_field_named(r->record, name);

    return f && i < f->n ? nvrm_hw_get(f, r->words, i, 0) : 0;
}

static uint64_t
get(const struct reader *r, const char *name)
{
    return get_at(r, name, 0);
}

/* NAME, or NAME_SHIFTEDn with that many zeroes behind it. */
static uint64_t
get_scaled(const struct reader *r, const char *name, unsigned i)
{
    static const unsigned shifts[] = {4, 6, 7};
    char text[80];

    if (has(r, name))
        return get_at(r, name, i);
    for (unsigned k = 0; k < sizeof(shifts) / sizeof(shifts[0]); k++) {
        snprintf(text, sizeof(text), "%s_SHIFTED%u", name, shifts[k]);
        if (has(r, text))
            return get_at(r, text, i) << shifts[k];
    }
    return 0;
}

/* <prefix>_LOWER<suffix> and _UPPER: both halves are shifted together. */
static uint64_t
get_address(const struct reader *r, const char *prefix, unsigned i)
{
    static const char *const suffixes[] = {"", "_SHIFTED4", "_SHIFTED6"};
    static const unsigned shifts[] = {0, 4, 6};
    char low[80], high[80];

    for (unsigned k = 0; k < 3; k++) {
        snprintf(low, sizeof(low), "%s_LOWER%s", prefix, suffixes[k]);
        snprintf(high, sizeof(high), "%s_UPPER%s", prefix, suffixes[k]);
        if (has(r, low))
            return (get_at(r, low, i) | get_at(r, high, i) << 32) << shifts[k];
    }
    return 0;
}

/* Versions */

static const struct nvrm_hw_item *
record_of(uint32_t cls, unsigned major, unsigned minor)
{
    const struct nvrm_hw_class *c = nvrm_hw_class(cls);
    char name[24];

    snprintf(name, sizeof(name), "QMDV%02u_%02u", major, minor);
    return c ? nvrm_hw_record(c, name) : NULL;
}

/* Up to version 4 it stands in bits 583:576, from 5 on in 471:464. */
static const struct nvrm_hw_item *
find_version(uint32_t cls, const uint32_t *words, unsigned *major, unsigned *minor)
{
    static const unsigned places[] = {464, 576};

    for (unsigned k = 0; k < 2; k++) {
        *minor = (unsigned)nvrm_hw_bits_get(words, places[k], 4);
        *major = (unsigned)nvrm_hw_bits_get(words, places[k] + 4, 4);
        if ((*major >= 5) == (k == 0)) {
            const struct nvrm_hw_item *r = record_of(cls, *major, *minor);

            if (r)
                return r;
        }
    }
    return NULL;
}

/* Parts */

static void
read_dimensions(const struct reader *r, struct sm_grid *g)
{
    static const char *const old[] = {"CTA_RASTER_WIDTH", "CTA_RASTER_HEIGHT",
                                      "CTA_RASTER_DEPTH"};
    static const char *const now[] = {"GRID_WIDTH", "GRID_HEIGHT", "GRID_DEPTH"};
    static const char *const block[] = {"CTA_THREAD_DIMENSION0", "CTA_THREAD_DIMENSION1",
                                        "CTA_THREAD_DIMENSION2"};
    static const char *const cluster[] = {"GPC_CGA_WIDTH", "GPC_CGA_HEIGHT", "GPC_CGA_DEPTH"};

    for (unsigned i = 0; i < 3; i++) {
        g->grid[i] = (uint32_t)get(r, has(r, now[i]) ? now[i] : old[i]);
        g->block[i] = (uint32_t)get(r, block[i]);
        g->cluster[i] = (uint32_t)get(r, cluster[i]);
    }
}

static void
read_banks(const struct reader *r, struct sm_grid *g)
{
    for (unsigned i = 0; i < 8; i++) {
        if (!get_at(r, "CONSTANT_BUFFER_VALID", i))
            continue;
        g->bank[i].valid = true;
        g->bank[i].va = get_address(r, "CONSTANT_BUFFER_ADDR", i);
        g->bank[i].bytes = (uint32_t)get_at(r, "CONSTANT_BUFFER_SIZE_SHIFTED4", i) << 4;
        if (g->bank[i].bytes > 1u << 16) /* a bank has no more */
            g->bank[i].bytes = 1u << 16;
    }
}

static uint64_t
release_field(const struct reader *r, unsigned i, const char *name)
{
    char text[64];

    snprintf(text, sizeof(text), "RELEASE%u_%s", i, name);
    if (has(r, text))
        return get(r, text);
    snprintf(text, sizeof(text), "SEMAPHORE_RELEASE_%s%u", name, i); /* version 2 */
    if (has(r, text))
        return get(r, text);
    snprintf(text, sizeof(text), "RELEASE_%s", name);
    return get_at(r, text, i);
}

static uint64_t
release_wide(const struct reader *r, unsigned i, const char *old, const char *now)
{
    char text[64];

    snprintf(text, sizeof(text), "RELEASE%u_%s", i, old);
    if (has(r, text))
        return get(r, text);
    if (!get_address(r, text, 0))
        snprintf(text, sizeof(text), "RELEASE_SEMAPHORE%u_%s", i, now);
    return get_address(r, text, 0);
}

static void
read_releases(const struct reader *r, struct emu_qmd *q)
{
    for (unsigned i = 0; i < EMU_QMD_RELEASES; i++) {
        struct emu_qmd_release *out = &q->release[q->releases];
        const bool wide = release_field(r, i, "PAYLOAD64B");

        if (!release_field(r, i, "ENABLE"))
            continue;
        out->to = (struct emu_release){.va = release_wide(r, i, "ADDRESS", "ADDR"),
                                       .payload = release_wide(r, i, "PAYLOAD", "PAYLOAD"),
                                       .wide = wide,
                                       .timestamp = !release_field(r, i, "STRUCTURE_SIZE")};
        if (!wide)
            out->to.payload = (uint32_t)out->to.payload;
        out->reduce = release_field(r, i, "REDUCTION_ENABLE");
        out->op = (uint32_t)release_field(r, i, "REDUCTION_OP");
        out->is_signed = release_field(r, i, "REDUCTION_FORMAT") & 1;
        out->interrupt =
            release_field(r, i, "NON_BLOCKING_INTR_TYPE") || release_field(r, i, "TRAP_TYPE");
        q->releases++;
    }
}

static void
read_dependents(const struct reader *r, struct emu_qmd *q)
{
    for (unsigned i = 0; i < EMU_QMD_DEPENDENTS; i++) {
        static const char *const parts[] = {"ENABLE", "ACTION", "POINTER"};
        uint64_t v[3];
        char text[48];

        for (unsigned k = 0; k < 3; k++) {
            snprintf(text, sizeof(text), "DEPENDENT_QMD%u_%s", i, parts[k]);
            v[k] = get(r, text);
            snprintf(text, sizeof(text), "DEPENDENT_QMD_%s", parts[k]);
            v[k] = v[k] ? v[k] : get_at(r, text, i);
        }
        q->dependent[i] = (struct emu_qmd_dependent){v[0], (uint32_t)v[1], v[2] << 8};
    }
    if (get(r, "DEPENDENT_QMD_SCHEDULE_ENABLE")) /* version 2: one, which is scheduled */
        q->dependent[0] =
            (struct emu_qmd_dependent){true, 1, get(r, "DEPENDENT_QMD_POINTER") << 8};
}

uint32_t
emu_qmd_read(uint32_t cls, const uint32_t *words, struct emu_qmd *q)
{
    struct reader r = {.words = words};
    uint64_t max;

    *q = (struct emu_qmd){0};
    r.record = find_version(cls, words, &q->major, &q->minor);
    if (!r.record)
        return 0;
    q->grid.program = get_address(&r, "PROGRAM_ADDRESS", 0);
    q->grid.registers = (uint32_t)get(&r, "REGISTER_COUNT_V");
    if (!q->grid.registers)
        q->grid.registers = (uint32_t)get(&r, "REGISTER_COUNT");
    q->grid.barriers = (uint32_t)get(&r, "BARRIER_COUNT");
    q->grid.shared_bytes = (uint32_t)get_scaled(&r, "SHARED_MEMORY_SIZE", 0);
    q->grid.local_low = (uint32_t)get_scaled(&r, "SHADER_LOCAL_MEMORY_LOW_SIZE", 0);
    q->grid.local_high = (uint32_t)get_scaled(&r, "SHADER_LOCAL_MEMORY_HIGH_SIZE", 0);
    max = get(&r, "MAX_SM_CONFIG_SHARED_MEM_SIZE");
    q->carveout = max ? (max - 1) * 4096 : 0;
    q->invalidate_code = get(&r, "INVALIDATE_INSTRUCTION_CACHE");
    q->dependence_counter = (uint32_t)get(&r, "DEPENDENCE_COUNTER");
    read_dimensions(&r, &q->grid);
    read_banks(&r, &q->grid);
    read_releases(&r, q);
    read_dependents(&r, q);
    return r.record->words * 4u;
}

void
emu_qmd_set_counter(uint32_t cls, uint32_t *words, uint32_t value)
{
    unsigned major, minor;
    const struct nvrm_hw_item *record = find_version(cls, words, &major, &minor);
    const struct nvrm_hw_field *f =
        record ? nvrm_hw_field_named(record, "DEPENDENCE_COUNTER") : NULL;

    if (f)
        nvrm_hw_set(f, words, 0, 0, value);
}

/* Checks */

static uint64_t
threads_of(const struct sm_grid *g)
{
    return (uint64_t)g->block[0] * g->block[1] * g->block[2];
}

/* Registers are given to warps in pieces of 256. */
static uint64_t
registers_of(const struct sm_grid *g)
{
    const uint64_t warps = (threads_of(g) + 31) / 32, each = (g->registers * 32 + 255) / 256;

    return warps * each * 256;
}

static uint64_t
local_per_tpc(const struct sm_grid *g, const struct emu_qmd_limits *l)
{
    const uint64_t warp = ((uint64_t)(g->local_low + g->local_high) * 32 + 511) / 512 * 512;

    return warp * l->max_warps * l->sms_per_tpc;
}

static const char *
check_sizes(const struct emu_qmd *q, const struct emu_qmd_limits *l, char *text, size_t n)
{
    const struct sm_grid *g = &q->grid;

    if (g->shared_bytes > l->shared_bytes) {
        snprintf(text, n, "SHARED_MEMORY_SIZE: %u bytes, a block can have %u", g->shared_bytes,
                 l->shared_bytes);
        return text;
    }
    if (q->carveout && g->shared_bytes > q->carveout) {
        snprintf(text, n, "SHARED_CONFIG_TOO_SMALL: %u bytes, MAX_SM_CONFIG allows %llu",
                 g->shared_bytes, (unsigned long long)q->carveout);
        return text;
    }
    if (!(g->local_low + g->local_high))
        return NULL;
    if (!l->local_base) {
        snprintf(text, n,
                 "LOCAL_MEMORY_SIZE: %u bytes a thread, SET_SHADER_LOCAL_MEMORY_A was "
                 "not set",
                 g->local_low + g->local_high);
        return text;
    }
    if (local_per_tpc(g, l) > l->local_per_tpc) {
        snprintf(text, n,
                 "TOTAL_TEMP_SIZE: %llu bytes a TPC, SET_SHADER_LOCAL_MEMORY_NON_THROTTLED "
                 "says 0x%llx",
                 (unsigned long long)local_per_tpc(g, l), (unsigned long long)l->local_per_tpc);
        return text;
    }
    return NULL;
}

/* A grid is made of whole clusters. */
static bool
clusters_fit(const struct sm_grid *g)
{
    for (unsigned i = 0; i < 3; i++)
        if (g->cluster[i] && g->grid[i] % g->cluster[i])
            return false;
    return true;
}

static const char *
check_banks(const struct sm_grid *g, char *text, size_t n)
{
    for (unsigned i = 0; i < 8; i++)
        if (g->bank[i].valid && g->bank[i].va & 63) {
            snprintf(text, n, "CONSTANT_BUFFER_ADDR: bank %u at 0x%llx is not aligned to 64", i,
                     (unsigned long long)g->bank[i].va);
            return text;
        }
    return NULL;
}

const char *
emu_qmd_check(const struct emu_qmd *q, const struct emu_qmd_limits *l, char *text, size_t n)
{
    const struct sm_grid *g = &q->grid;

    if (!g->block[0] || !g->block[1] || !g->block[2])
        snprintf(text, n, "CTA_THREAD_DIMENSION_ZERO: a block of %u x %u x %u", g->block[0],
                 g->block[1], g->block[2]);
    else if (threads_of(g) > 1024)
        snprintf(text, n, "TOTAL_THREADS: %llu threads, a block can have 1024",
                 (unsigned long long)threads_of(g));
    else if (!g->registers || g->registers > 255)
        snprintf(text, n, "REGISTER_COUNT: %u registers a thread, 1 to 255 there can be",
                 g->registers);
    else if (registers_of(g) > 65536)
        snprintf(text, n, "TOTAL_REGISTER_COUNT: %llu registers a block, an SM has 65536",
                 (unsigned long long)registers_of(g));
    else if (g->barriers > 16)
        snprintf(text, n, "BARRIER_COUNT: %u, a block can have 16", g->barriers);
    else if (!clusters_fit(g))
        snprintf(text, n, "CGA_DIMENSION: a grid of %u x %u x %u in clusters of %u x %u x %u",
                 g->grid[0], g->grid[1], g->grid[2], g->cluster[0], g->cluster[1],
                 g->cluster[2]);
    else if (g->program & 127)
        snprintf(text, n, "PROGRAM_OFFSET: 0x%llx is not aligned to 128",
                 (unsigned long long)g->program);
    else
        return check_banks(g, text, n) ? text : check_sizes(q, l, text, n);
    return text;
}
