/* SPDX-License-Identifier: MIT */
/*
 * Queue meta data of every generation from one description: a table says where each field
 * stands in each version, a second one which version a compute class reads.
 */
#include <errno.h>
#include <string.h>

#include <nvmem/qmd.h>
#include <nvrm/cl/clc5c0.h>
#include <nvrm/cl/clc6c0.h>
#include <nvrm/cl/clcbc0.h>
#include <nvrm/cl/clcdc0.h>
#include <nvrm/cl/clcec0.h>
#include <nvrm/hw.h>

enum field {
    MAJOR,
    MINOR,
    TYPE,
    GROUP,
    CALL_LIMIT,
    SAMPLERS,
    GLOBAL_CACHING,
    DROP_HEADERS,
    DROP_SAMPLERS,
    DROP_TEXTURES,
    DROP_DATA,
    MEMBAR,
    GRID_X,
    GRID_Y,
    GRID_Z,
    BLOCK_X,
    BLOCK_Y,
    BLOCK_Z,
    CLUSTER_X,
    CLUSTER_Y,
    CLUSTER_Z,
    REGISTERS,
    BARRIERS,
    SHARED,
    CARVE_MIN,
    CARVE_TARGET,
    CARVE_MAX,
    LOCAL_HIGH,
    SASS,
    PROGRAM_LOW,
    PROGRAM_HIGH,
    PREFETCH_LOW,
    PREFETCH_HIGH,
    PREFETCH_SIZE,
    BANK_VALID,
    BANK_DROP,
    BANK_LOW,
    BANK_HIGH,
    BANK_SIZE,
    FIELDS,
};

/* What an error calls them. */
static const char *const names[FIELDS] = {
    [GRID_X] = "grid x",
    [GRID_Y] = "grid y",
    [GRID_Z] = "grid z",
    [BLOCK_X] = "block x",
    [BLOCK_Y] = "block y",
    [BLOCK_Z] = "block z",
    [CLUSTER_X] = "cluster x",
    [CLUSTER_Y] = "cluster y",
    [CLUSTER_Z] = "cluster z",
    [REGISTERS] = "registers",
    [BARRIERS] = "barriers",
    [SHARED] = "shared memory",
    [LOCAL_HIGH] = "local memory",
    [PROGRAM_HIGH] = "address of the program",
    [BANK_HIGH] = "address of a constant bank",
    [BANK_SIZE] = "size of a constant bank",
};

/* Bits; width 0: this version has no such field. step: of arrays. */
struct place {
    uint16_t lo;
    uint8_t width, step;
};

#define AT(V, NAME)                                                                            \
    {                                                                                          \
        V##_##NAME##__LO, V##_##NAME##__WIDTH, 0                                               \
    }
#define AT_EACH(V, NAME)                                                                       \
    {                                                                                          \
        V##_##NAME##__LO(0), V##_##NAME##__WIDTH, V##_##NAME##__LO(1) - V##_##NAME##__LO(0)    \
    }

/* What all versions call the same. */
#define COMMON(V)                                                                              \
    [MAJOR] = AT(V, QMD_MAJOR_VERSION), [GROUP] = AT(V, QMD_GROUP_ID),                         \
    [CALL_LIMIT] = AT(V, API_VISIBLE_CALL_LIMIT), [SAMPLERS] = AT(V, SAMPLER_INDEX),           \
    [DROP_HEADERS] = AT(V, INVALIDATE_TEXTURE_HEADER_CACHE),                                   \
    [DROP_SAMPLERS] = AT(V, INVALIDATE_TEXTURE_SAMPLER_CACHE),                                 \
    [DROP_TEXTURES] = AT(V, INVALIDATE_TEXTURE_DATA_CACHE),                                    \
    [DROP_DATA] = AT(V, INVALIDATE_SHADER_DATA_CACHE), [MEMBAR] = AT(V, CWD_MEMBAR_TYPE),      \
    [BLOCK_X] = AT(V, CTA_THREAD_DIMENSION0), [BLOCK_Y] = AT(V, CTA_THREAD_DIMENSION1),        \
    [BLOCK_Z] = AT(V, CTA_THREAD_DIMENSION2), [BARRIERS] = AT(V, BARRIER_COUNT),               \
    [CARVE_MIN] = AT(V, MIN_SM_CONFIG_SHARED_MEM_SIZE),                                        \
    [CARVE_TARGET] = AT(V, TARGET_SM_CONFIG_SHARED_MEM_SIZE),                                  \
    [CARVE_MAX] = AT(V, MAX_SM_CONFIG_SHARED_MEM_SIZE), [SASS] = AT(V, SASS_VERSION),          \
    [PREFETCH_LOW] = AT(V, PROGRAM_PREFETCH_ADDR_LOWER_SHIFTED),                               \
    [PREFETCH_HIGH] = AT(V, PROGRAM_PREFETCH_ADDR_UPPER_SHIFTED),                              \
    [PREFETCH_SIZE] = AT(V, PROGRAM_PREFETCH_SIZE),                                            \
    [BANK_VALID] = AT_EACH(V, CONSTANT_BUFFER_VALID),                                          \
    [BANK_DROP] = AT_EACH(V, CONSTANT_BUFFER_INVALIDATE),                                      \
    [BANK_SIZE] = AT_EACH(V, CONSTANT_BUFFER_SIZE_SHIFTED4)

/* Turing, Ampere and Ada. */
#define EARLY(V)                                                                               \
    COMMON(V), [MINOR] = AT(V, QMD_VERSION),                                                   \
               [GLOBAL_CACHING] = AT(V, SM_GLOBAL_CACHING_ENABLE),                             \
               [GRID_X] = AT(V, CTA_RASTER_WIDTH), [GRID_Y] = AT(V, CTA_RASTER_HEIGHT),        \
               [GRID_Z] = AT(V, CTA_RASTER_DEPTH), [REGISTERS] = AT(V, REGISTER_COUNT_V),      \
               [SHARED] = AT(V, SHARED_MEMORY_SIZE),                                           \
               [LOCAL_HIGH] = AT(V, SHADER_LOCAL_MEMORY_HIGH_SIZE),                            \
               [PROGRAM_LOW] = AT(V, PROGRAM_ADDRESS_LOWER),                                   \
               [PROGRAM_HIGH] = AT(V, PROGRAM_ADDRESS_UPPER),                                  \
               [BANK_LOW] = AT_EACH(V, CONSTANT_BUFFER_ADDR_LOWER),                            \
               [BANK_HIGH] = AT_EACH(V, CONSTANT_BUFFER_ADDR_UPPER)

/* Hopper and Blackwell. */
#define LATE(V)                                                                                \
    COMMON(V), [MINOR] = AT(V, QMD_MINOR_VERSION), [TYPE] = AT(V, QMD_TYPE),                   \
               [GRID_X] = AT(V, GRID_WIDTH), [GRID_Y] = AT(V, GRID_HEIGHT),                    \
               [GRID_Z] = AT(V, GRID_DEPTH), [CLUSTER_X] = AT(V, GPC_CGA_WIDTH),               \
               [CLUSTER_Y] = AT(V, GPC_CGA_HEIGHT), [CLUSTER_Z] = AT(V, GPC_CGA_DEPTH),        \
               [REGISTERS] = AT(V, REGISTER_COUNT),                                            \
               [BANK_LOW] = AT_EACH(V, CONSTANT_BUFFER_ADDR_LOWER_SHIFTED6),                   \
               [BANK_HIGH] = AT_EACH(V, CONSTANT_BUFFER_ADDR_UPPER_SHIFTED6)

#define BLACKWELL(V)                                                                           \
    LATE(V), [SHARED] = AT(V, SHARED_MEMORY_SIZE_SHIFTED7),                                    \
             [LOCAL_HIGH] = AT(V, SHADER_LOCAL_MEMORY_HIGH_SIZE_SHIFTED4),                     \
             [PROGRAM_LOW] = AT(V, PROGRAM_ADDRESS_LOWER_SHIFTED4),                            \
             [PROGRAM_HIGH] = AT(V, PROGRAM_ADDRESS_UPPER_SHIFTED4)

static const struct place v02_03[FIELDS] = {EARLY(NVC5C0_QMDV02_03)};
static const struct place v03_00[FIELDS] = {EARLY(NVC6C0_QMDV03_00)};
static const struct place v04_00[FIELDS] = {
    LATE(NVCBC0_QMDV04_00),
    [SHARED] = AT(NVCBC0_QMDV04_00, SHARED_MEMORY_SIZE),
    [LOCAL_HIGH] = AT(NVCBC0_QMDV04_00, SHADER_LOCAL_MEMORY_HIGH_SIZE),
    [PROGRAM_LOW] = AT(NVCBC0_QMDV04_00, PROGRAM_ADDRESS_LOWER),
    [PROGRAM_HIGH] = AT(NVCBC0_QMDV04_00, PROGRAM_ADDRESS_UPPER),
};
static const struct place v05_00_datacenter[FIELDS] = {BLACKWELL(NVCDC0_QMDV05_00)};
static const struct place v05_00[FIELDS] = {BLACKWELL(NVCEC0_QMDV05_00)};

enum { GRID_CTA = 2, NO_CHECK = 1, SYSMEMBAR = 1 };

/* A version: its table, and by how many bits addresses and sizes are shifted. */
static const struct version {
    uint16_t compute_class;
    uint8_t major, minor, group;
    uint16_t words;
    uint8_t program_shift, bank_shift, local_shift, shared_shift;
    const struct place *place;
} versions[] = {
    {0xc5c0, 2, 3, 0x3f, NVC5C0_QMDV02_03__WORDS, 0, 0, 0, 0, v02_03           },
    {0xc6c0, 3, 0, 0x3f, NVC6C0_QMDV03_00__WORDS, 0, 0, 0, 0, v03_00           },
    {0xc7c0, 3, 0, 0x3f, NVC6C0_QMDV03_00__WORDS, 0, 0, 0, 0, v03_00           },
    {0xc9c0, 3, 0, 0x3f, NVC6C0_QMDV03_00__WORDS, 0, 0, 0, 0, v03_00           },
    {0xcbc0, 4, 0, 0x3f, NVCBC0_QMDV04_00__WORDS, 0, 6, 0, 0, v04_00           },
    {0xcdc0, 5, 0, 0x1f, NVCDC0_QMDV05_00__WORDS, 4, 6, 4, 7, v05_00_datacenter},
    {0xcec0, 5, 0, 0x1f, NVCEC0_QMDV05_00__WORDS, 4, 6, 4, 7, v05_00           },
};

static const struct version *
version_of(uint32_t compute_class)
{
    for (unsigned i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
        if (versions[i].compute_class == compute_class)
            return &versions[i];
    }
    return NULL;
}

uint32_t
nvmem_qmd_bytes(uint32_t compute_class)
{
    const struct version *v = version_of(compute_class);

    return v ? v->words * 4u : 0;
}

/* ---- writing ---- */

struct writer {
    const struct version *version;
    uint32_t *out;
    enum field failed; /* MAJOR: none */
    uint64_t value;    /* that did not fit */
};

static void
put_at(struct writer *w, enum field field, unsigned i, uint64_t value)
{
    const struct place *p = &w->version->place[field];

    if (!p->width)
        return;
    if (value >> p->width && !w->failed) {
        w->failed = field;
        w->value = value;
        return;
    }
    nvrm_hw_bits_set(w->out, p->lo + i * p->step, p->width, value);
}

static void
put(struct writer *w, enum field field, uint64_t value)
{
    put_at(w, field, 0, value);
}

static void
put_constant(struct writer *w)
{
    put(w, MAJOR, w->version->major);
    put(w, MINOR, w->version->minor);
    put(w, GROUP, w->version->group);
    put(w, TYPE, GRID_CTA);
    put(w, CALL_LIMIT, NO_CHECK);
    put(w, SAMPLERS, 1);
    put(w, GLOBAL_CACHING, 1);
    put(w, DROP_HEADERS, 1);
    put(w, DROP_SAMPLERS, 1);
    put(w, DROP_TEXTURES, 1);
    put(w, DROP_DATA, 1);
    put(w, MEMBAR, SYSMEMBAR);
}

static void
put_sizes(struct writer *w, const struct nvmem_qmd *q)
{
    for (unsigned i = 0; i < 3; i++) {
        put(w, GRID_X + i, q->grid[i]);
        put(w, BLOCK_X + i, q->block[i]);
        put(w, CLUSTER_X + i, q->cluster[i]);
    }
    put(w, REGISTERS, q->registers);
    put(w, BARRIERS, q->barriers);
    put(w, SASS, q->sass_version);
}

static void
put_memory(struct writer *w, unsigned sm, const struct nvmem_qmd *q)
{
    const unsigned kib = nvmem_shared_carveout_kib(sm, q->shared_bytes);
    const unsigned most = nvmem_shared_carveout_kib(sm, UINT32_MAX);

    put(w, SHARED, (uint64_t)(q->shared_bytes + 255) / 256 * 256 >> w->version->shared_shift);
    put(w, CARVE_MIN, kib / 4 + 1);
    put(w, CARVE_TARGET, kib / 4 + 1);
    put(w, CARVE_MAX, most / 4 + 1);
    put(w, LOCAL_HIGH, (uint64_t)(q->local_bytes + 15) / 16 * 16 >> w->version->local_shift);
}

static void
put_program(struct writer *w, const struct nvmem_qmd *q)
{
    const uint64_t address = q->program_va >> w->version->program_shift;
    const uint64_t blocks = q->program_bytes >> 8;

    put(w, PROGRAM_LOW, address & 0xffffffff);
    put(w, PROGRAM_HIGH, address >> 32);
    put(w, PREFETCH_LOW, q->program_va >> 8 & 0xffffffff);
    put(w, PREFETCH_HIGH, q->program_va >> 40);
    put(w, PREFETCH_SIZE, blocks < 0x1ff ? blocks : 0x1ff);
}

static void
put_banks(struct writer *w, const struct nvmem_qmd *q)
{
    for (unsigned i = 0; i < NVMEM_QMD_BANKS; i++) {
        const uint64_t address = q->bank[i].gpu_va >> w->version->bank_shift;

        if (!q->bank[i].bytes)
            continue;
        put_at(w, BANK_VALID, i, 1);
        put_at(w, BANK_DROP, i, 1);
        put_at(w, BANK_LOW, i, address & 0xffffffff);
        put_at(w, BANK_HIGH, i, address >> 32);
        put_at(w, BANK_SIZE, i, ((uint64_t)q->bank[i].bytes + 15) / 16);
    }
}

int
nvmem_qmd_write(uint32_t compute_class, unsigned sm, const struct nvmem_qmd *qmd, uint32_t *out,
                struct gsp_error *err)
{
    struct writer w = {.version = version_of(compute_class), .out = out};

    if (!w.version)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTSUP, "no QMD for compute class 0x%x",
                        compute_class);
    memset(out, 0, (size_t)w.version->words * 4);
    put_constant(&w);
    put_sizes(&w, qmd);
    put_memory(&w, sm, qmd);
    put_program(&w, qmd);
    put_banks(&w, qmd);
    if (!w.failed)
        return 0;
    return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s 0x%llx does not fit into a QMD",
                    names[w.failed] ? names[w.failed] : "a field", (unsigned long long)w.value);
}
