/* SPDX-License-Identifier: MIT */
/* Instructions one by one: text to machine code to a warp whose registers the test has set. */
#ifndef SM_OPS_TEST_H
#define SM_OPS_TEST_H

#include "sm_priv.h"

struct one_warp {
    struct sm_machine *machine;
    struct sm_grid grid;
    struct sm_core *core;
    struct sm_block block;
    struct sm_warp *w;
    struct sm_trap trap;
};

void one_warp_init(struct one_warp *o, unsigned sm);
void one_warp_fini(struct one_warp *o);
/** Registers that hold numbers at the borders of all ranges, turned by `turn` lanes. */
void one_warp_fill(struct one_warp *o, unsigned reg, unsigned turn);
extern const uint32_t edge_words[SM_LANES];
/** Execute instructions without branches, a line each. */
void one_warp_run(struct one_warp *o, const char *text);

/** A program on a whole machine: memory is an array at 0x100000000, bank 0 holds its address at
 * 0x160. False: a trap. */
bool program_run(unsigned sm, const char *text, uint32_t blocks, uint32_t threads,
                 uint32_t *memory, size_t words, struct sm_trap *trap);

#endif
