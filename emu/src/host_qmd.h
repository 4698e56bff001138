/* SPDX-License-Identifier: MIT */
/* A compute launch as its QMD describes it. */
#ifndef EMU_HOST_QMD_H
#define EMU_HOST_QMD_H

#include "host.h"
#include "sm.h"

struct emu_gpu;

enum { EMU_QMD_WORDS = 96, EMU_QMD_RELEASES = 3, EMU_QMD_DEPENDENTS = 2 };

struct emu_qmd_release {
    struct emu_release to;
    bool reduce, is_signed, interrupt;
    uint32_t op; /* the engines' order of reductions */
};

struct emu_qmd_dependent {
    bool on;
    uint32_t action; /* DEPENDENT_QMD0_ACTION_* */
    uint64_t va;
};

struct emu_qmd {
    unsigned major, minor;
    struct sm_grid grid;
    bool invalidate_code;
    uint32_t dependence_counter;
    uint64_t carveout; /* bytes of shared memory that the QMD lets an SM have; 0: not said */
    unsigned releases;
    struct emu_qmd_release release[EMU_QMD_RELEASES];
    struct emu_qmd_dependent dependent[EMU_QMD_DEPENDENTS];
};

/** What a card can launch. */
struct emu_qmd_limits {
    unsigned sm;
    uint32_t shared_bytes; /* of a block, with what the system keeps */
    uint32_t sms_per_tpc, max_warps;
    uint64_t local_base, local_per_tpc; /* as the channel's methods set them */
};

/** The words that a version has, as bytes; 0 for a version that the class does not know. */
uint32_t emu_qmd_read(uint32_t cls, const uint32_t *words, struct emu_qmd *out);
/** Adds one to or takes one from the counter in the words. */
void emu_qmd_set_counter(uint32_t cls, uint32_t *words, uint32_t value);
/** NULL, or what the scheduler refuses, in text. */
const char *emu_qmd_check(const struct emu_qmd *q, const struct emu_qmd_limits *limits,
                          char *text, size_t text_bytes);

#endif
