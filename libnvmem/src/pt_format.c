/* SPDX-License-Identifier: MIT */
/*
 * The formats, as rows: levels and where fields lie in an entry. NV_MMU_VER2_* of the gp100,
 * gv100 and tu102 dev_mmu.h, NV_MMU_VER3_* of gh100's; Blackwell adds pages one level higher.
 */
#include "pt_priv.h"

/* In VER3 the flags are bits of PCF, and PDEs say in theirs that ATS is not allowed. */
/* clang-format off: version 14 crashes on these rows */
const struct format nvmem_pt_formats[3] = {
    [NVMEM_PT_V2] =
        {
            .va_bits = 49,
            .levels = 6,
            .level =
                {
                    {47, 2, 1, false, 4096},
                    {38, 9, 1, false, 4096},
                    {29, 9, 1, false, 4096},
                    {21, 8, 2, true, 4096},
                    {16, 5, 1, true, 256},
                    {12, 9, 1, true, 4096},
                },
            .addr = {{8, 25, 12}, {8, 25, 12}, {8, 46, 12}, {8, 46, 12}},
            .aperture = {1, 2, 0},
            .peer = {33, 3, 0},
            .kind = {56, 8, 0},
            .valid = 1,
            .sparse = 1 << 3,
            .flag = {1 << 6, 1 << 3, 1 << 5, 1 << 7, 0},
            .pde_aperture = {1, 2, 0},
            .pde_addr = {8, 46, 12},
            .pde_addr_big = {4, 50, 8},
            .pde_sparse = 1 << 3,
            .pde_value = {1, 0, 2, 3},
        },
    [NVMEM_PT_V3] =
        {
            .va_bits = 57,
            .levels = 7,
            .level =
                {
                    {56, 1, 1, false, 4096},
                    {47, 9, 1, false, 4096},
                    {38, 9, 1, false, 4096},
                    {29, 9, 1, true, 4096},
                    {21, 8, 2, true, 4096},
                    {16, 5, 1, true, 256},
                    {12, 9, 1, true, 4096},
                },
            .addr = {{12, 40, 12}, {12, 40, 12}, {12, 40, 12}, {12, 40, 12}},
            .aperture = {1, 2, 0},
            .peer = {61, 3, 0},
            .kind = {8, 4, 0},
            .valid = 1,
            .sparse = 1 << 3,
            .flag = {1 << 5, 1 << 3, 1 << 4, 1 << 6, 1 << 7},
            .pde_aperture = {1, 2, 0},
            .pde_addr = {12, 40, 12},
            .pde_addr_big = {8, 44, 8},
            .pde_set = 2 << 3,
            .pde_sparse = 3 << 3,
            .pde_value = {1, 0, 2, 3},
        },
    [NVMEM_PT_V3_256G] =
        {
            .va_bits = 57,
            .levels = 7,
            .level =
                {
                    {56, 1, 1, false, 4096},
                    {47, 9, 1, false, 4096},
                    {38, 9, 1, true, 4096},
                    {29, 9, 1, true, 4096},
                    {21, 8, 2, true, 4096},
                    {16, 5, 1, true, 256},
                    {12, 9, 1, true, 4096},
                },
            .addr = {{12, 40, 12}, {12, 40, 12}, {12, 40, 12}, {12, 40, 12}},
            .aperture = {1, 2, 0},
            .peer = {61, 3, 0},
            .kind = {8, 4, 0},
            .valid = 1,
            .sparse = 1 << 3,
            .flag = {1 << 5, 1 << 3, 1 << 4, 1 << 6, 1 << 7},
            .pde_aperture = {1, 2, 0},
            .pde_addr = {12, 40, 12},
            .pde_addr_big = {8, 44, 8},
            .pde_set = 2 << 3,
            .pde_sparse = 3 << 3,
            .pde_value = {1, 0, 2, 3},
        },
};
/* clang-format on */

uint64_t
nvmem_pt_page_sizes(enum nvmem_pt_format format)
{
    uint64_t sizes = 0;

    if ((unsigned)format >= 3)
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
