/* SPDX-License-Identifier: MIT */
/*
 * The formats, as rows: levels and where fields lie in an entry. NV_MMU_VER2_* of the gp100,
 * gv100 and tu102 dev_mmu.h, NV_MMU_VER3_* of gh100's; Blackwell adds pages one level higher.
 */
#include "pt_priv.h"

static const struct level levels_v2[] = {
    {47, 2, 1, false, 4096},
    {38, 9, 1, false, 4096},
    {29, 9, 1, false, 4096},
    {21, 8, 2, true,  4096},
    {16, 5, 1, true,  256 },
    {12, 9, 1, true,  4096},
};
static const struct level levels_v2_512m[] = {
    {47, 2, 1, false, 4096},
    {38, 9, 1, false, 4096},
    {29, 9, 1, true,  4096},
    {21, 8, 2, true,  4096},
    {16, 5, 1, true,  256 },
    {12, 9, 1, true,  4096},
};
static const struct level levels_v3[] = {
    {56, 1, 1, false, 4096},
    {47, 9, 1, false, 4096},
    {38, 9, 1, false, 4096},
    {29, 9, 1, true,  4096},
    {21, 8, 2, true,  4096},
    {16, 5, 1, true,  256 },
    {12, 9, 1, true,  4096},
};
static const struct level levels_v3_256g[] = {
    {56, 1, 1, false, 4096},
    {47, 9, 1, false, 4096},
    {38, 9, 1, true,  4096},
    {29, 9, 1, true,  4096},
    {21, 8, 2, true,  4096},
    {16, 5, 1, true,  256 },
    {12, 9, 1, true,  4096},
};

#define FIELD(shift, bits, drop)                                                               \
    {                                                                                          \
        shift, bits, drop                                                                      \
    }

/* In VER3 the flags are bits of PCF, and PDEs say in theirs that ATS is not allowed. */
#define V3_FIELDS                                                                              \
    .va_bits = 57, .levels = 7, .addr[NVMEM_VRAM] = FIELD(12, 40, 12),                         \
    .addr[NVMEM_PEER] = FIELD(12, 40, 12), .addr[NVMEM_SYSTEM] = FIELD(12, 40, 12),            \
    .addr[NVMEM_SYSTEM_NONCOHERENT] = FIELD(12, 40, 12), .aperture = FIELD(1, 2, 0),           \
    .peer = FIELD(61, 3, 0), .kind = FIELD(8, 4, 0), .valid = 1, .sparse = 1 << 3,             \
    .flag[0] = 1 << 5, .flag[1] = 1 << 3, .flag[2] = 1 << 4, .flag[3] = 1 << 6,                \
    .flag[4] = 1 << 7, .pde_aperture = FIELD(1, 2, 0), .pde_addr = FIELD(12, 40, 12),          \
    .pde_addr_big = FIELD(8, 44, 8), .pde_set = 2 << 3, .pde_sparse = 3 << 3,                  \
    .pde_volatile = 1 << 3, .pde_value[NVMEM_VRAM] = 1, .pde_value[NVMEM_SYSTEM] = 2,          \
    .pde_value[NVMEM_SYSTEM_NONCOHERENT] = 3

#define V2_FIELDS                                                                              \
    .va_bits = 49, .levels = 6, .addr[NVMEM_VRAM] = FIELD(8, 25, 12),                          \
    .addr[NVMEM_PEER] = FIELD(8, 25, 12), .addr[NVMEM_SYSTEM] = FIELD(8, 46, 12),              \
    .addr[NVMEM_SYSTEM_NONCOHERENT] = FIELD(8, 46, 12), .aperture = FIELD(1, 2, 0),            \
    .peer = FIELD(33, 3, 0), .kind = FIELD(56, 8, 0), .valid = 1, .sparse = 1 << 3,            \
    .flag[0] = 1 << 6, .flag[1] = 1 << 3, .flag[2] = 1 << 5, .flag[3] = 1 << 7,                \
    .pde_aperture = FIELD(1, 2, 0), .pde_addr = FIELD(8, 46, 12),                              \
    .pde_addr_big = FIELD(4, 50, 8), .pde_sparse = 1 << 3, .pde_volatile = 1 << 3,             \
    .pde_value[NVMEM_VRAM] = 1, .pde_value[NVMEM_SYSTEM] = 2,                                  \
    .pde_value[NVMEM_SYSTEM_NONCOHERENT] = 3

const struct format nvmem_pt_formats[NVMEM_PT_FORMATS] = {
    [NVMEM_PT_V2] = {.level = levels_v2,      V2_FIELDS},
    [NVMEM_PT_V3] = {.level = levels_v3,      V3_FIELDS},
    [NVMEM_PT_V3_256G] = {.level = levels_v3_256g, V3_FIELDS},
    [NVMEM_PT_V2_512M] = {.level = levels_v2_512m, V2_FIELDS},
};

enum nvmem_pt_format
nvmem_pt_format_for(uint32_t architecture)
{
    enum { TURING = 0x160, HOPPER = 0x180, ADA = 0x190 };

    if (architecture <= TURING)
        return NVMEM_PT_V2;
    if (architecture < HOPPER || architecture == ADA)
        return NVMEM_PT_V2_512M;
    return architecture == HOPPER ? NVMEM_PT_V3 : NVMEM_PT_V3_256G;
}

uint64_t
nvmem_pt_page_sizes(enum nvmem_pt_format format)
{
    uint64_t sizes = 0;

    if ((unsigned)format >= NVMEM_PT_FORMATS)
        return 0;
    for (unsigned i = 0; i < nvmem_pt_formats[format].levels; i++)
        if (nvmem_pt_formats[format].level[i].page)
            sizes |= UINT64_C(1) << nvmem_pt_formats[format].level[i].shift;
    return sizes;
}

bool
nvmem_pt_decode(enum nvmem_pt_format format, uint64_t word, struct nvmem_target *target_out)
{
    const struct format *f = &nvmem_pt_formats[format];
    struct nvmem_target t = {0};

    if (!(word & f->valid)) {
        if (!(word & f->sparse))
            return false;
        *target_out = (struct nvmem_target){.flags = NVMEM_MAP_SPARSE};
        return true;
    }
    t.aperture = (enum nvmem_aperture)field_get(f->aperture, word);
    t.addr = field_get(f->addr[t.aperture], word);
    t.kind = (uint8_t)field_get(f->kind, word);
    t.peer = t.aperture == NVMEM_PEER ? (uint8_t)field_get(f->peer, word) : 0;
    for (unsigned i = 0; i < 5; i++)
        if (f->flag[i] & word)
            t.flags |= 1u << i;
    *target_out = t;
    return true;
}
