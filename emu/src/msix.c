/* SPDX-License-Identifier: MIT */
/*
 * MSI-X: the table and the pending bits in BAR0, where the capability says that they are, and
 * what may leave the card. Who delivers a message (an eventfd, a bus) asks here first; a vector
 * that is masked, by itself or with all others, is kept as pending. Layout after the PCI Local
 * Bus specification 3.0, 6.8.2.
 */
#include <string.h>

#include "emu_priv.h"

enum { CONTROL = 3, MASKED = 1, MASK_ALL = 1 << 14 };

void
emu_msix_reset(struct emu_gpu *gpu)
{
    memset(&gpu->msix, 0, sizeof(gpu->msix));
    for (unsigned i = 0; i < EMU_MSIX_VECTORS; i++)
        gpu->msix.table[i][CONTROL] = MASKED;
}

bool
emu_msix_rd32(const struct emu_gpu *gpu, uint32_t off, uint32_t *value_out)
{
    if (!emu_config_msix(gpu))
        return false;
    if (off - EMU_MSIX_TABLE < sizeof(gpu->msix.table))
        *value_out = gpu->msix.table[(off - EMU_MSIX_TABLE) / 16][off / 4 % 4];
    else
        *value_out = off == EMU_MSIX_PENDING ? gpu->msix.pending : 0;
    return true;
}

void
emu_msix_wr32(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    static const uint32_t writable[] = {0xfffffffc, 0xffffffff, 0xffffffff, MASKED};

    if (off - EMU_MSIX_TABLE < sizeof(gpu->msix.table))
        gpu->msix.table[(off - EMU_MSIX_TABLE) / 16][off / 4 % 4] =
            value & writable[off / 4 % 4];
}

static bool
may_go(const struct emu_gpu *gpu, unsigned vector)
{
    return !gpu->ram.blocked && !(gpu->msix.table[vector][CONTROL] & MASKED) &&
           !(emu_config_msix(gpu) & MASK_ALL);
}

bool
emu_gpu_msix_raise(struct emu_gpu *gpu, unsigned vector)
{
    if (vector >= EMU_MSIX_VECTORS || may_go(gpu, vector))
        return vector < EMU_MSIX_VECTORS;
    gpu->msix.pending |= 1u << vector;
    return false;
}

bool
emu_gpu_msix_release(struct emu_gpu *gpu, unsigned vector)
{
    if (vector >= EMU_MSIX_VECTORS || !(gpu->msix.pending >> vector & 1) ||
        !may_go(gpu, vector))
        return false;
    gpu->msix.pending &= ~(1u << vector);
    return true;
}

void
emu_gpu_msix_use(struct emu_gpu *gpu, unsigned vector, bool used)
{
    if (vector < EMU_MSIX_VECTORS)
        gpu->msix.table[vector][CONTROL] = used ? 0 : MASKED;
}
