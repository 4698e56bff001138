/* SPDX-License-Identifier: MIT */
/* One transfer of a copy engine. */
#ifndef EMU_CE_COPY_H
#define EMU_CE_COPY_H

#include "ce.h"
#include "host.h"

/* SET_REMAP_COMPONENTS_DST_*: source components 0 to 3, then */
enum { EMU_CE_CONST_A = 4, EMU_CE_CONST_B = 5, EMU_CE_NO_WRITE = 6 };

struct emu_ce_side {
    struct emu_view view;
    enum emu_access access;
    uint64_t at; /* where the surface starts */
    struct emu_surface surface;
    uint32_t components; /* of an element */
    /* The last span that was looked up. */
    uint64_t span_at, span_bytes;
    uint8_t *span;
};

struct emu_ce_job {
    struct emu_ce_side src, dst;
    uint64_t width, lines; /* bytes, or elements with remap */
    bool remap;
    uint32_t component; /* bytes of one */
    uint32_t select[4]; /* where each component of the destination comes from */
    uint32_t constant[2];
    struct emu_fault_at fault;
};

/** Why this launch is an error; NULL when it is none. */
const char *emu_ce_check(const struct emu_ce_job *job);
/** Move the bytes. False: job->fault. */
bool emu_ce_run(struct emu_ce_job *job);

#endif
