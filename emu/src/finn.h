/* SPDX-License-Identifier: MIT */
/*
 * Params in FINN form: the plain struct with what its pointers point to behind it.
 */
#ifndef EMU_FINN_H
#define EMU_FINN_H

#include <nvrm/schema.h>

#include "ram.h"

/** A pointer field of `data` holds the offset in it of what it points to, or 0. */
struct emu_finn {
    uint8_t *data; /* emu_finn_fini() */
    uint32_t bytes;
};

/**
 * @param l    the params of control `cmd`
 * @param in   read only
 * @return NV_OK or the NV_STATUS that RM gives; out needs emu_finn_fini() either way
 */
uint32_t emu_finn_decode(const struct emu_mem *mem, struct nvrm_abi abi, uint32_t cmd,
                         const struct nvrm_layout *l, uint8_t *in, uint32_t in_bytes,
                         struct emu_finn *out);
/** The other way, into the message that it came from. `out` is written only on success. */
uint32_t emu_finn_encode(const struct emu_mem *mem, struct nvrm_abi abi, uint32_t cmd,
                         const struct nvrm_layout *l, const struct emu_finn *in, uint8_t *out,
                         uint32_t out_bytes);
void emu_finn_fini(const struct emu_mem *mem, struct emu_finn *f);

#endif
