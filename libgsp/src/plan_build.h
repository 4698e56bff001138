/* SPDX-License-Identifier: MIT */
/* What the two halves of building a plan share: plan_match.c makes pieces, plan.c makes
 * programs of them. */
#ifndef GSP_PLAN_BUILD_H
#define GSP_PLAN_BUILD_H

#include "plan_priv.h"

enum { LEVELS_MAX = 256, CASES_MAX = 128 };

/* A piece: an operation of the level it belongs to. EMPTY pieces are canonical fields that the
 * release lacks. */
struct piece {
    struct gsp_op op;
    uint32_t canon_end, wire_end;
    uint16_t level;             /* LOOP: the level of its body */
    uint16_t first_case, cases; /* SWITCH: rows of the builder's cases */
    struct gsp_op tag;          /* SWITCH */
};

/* One value of a tag, and the level that moves the union then. */
struct union_case {
    uint32_t value;
    uint16_t level;
};

/* The tag of the union that is matched next. */
struct union_tag {
    const struct nvrm_note *note; /* of the wire's field; NULL for none */
    struct gsp_op op;
};

/* The pieces of one struct, or of one element of an array. */
struct level {
    struct piece *pieces;
    uint32_t count, cap;
    uint32_t canon_bytes, wire_bytes;
};

struct builder {
    struct nvrm_abi abi;
    const struct gsp_host *host;
    struct gsp_error *err;
    struct level levels[LEVELS_MAX];
    uint32_t level_count;
    struct union_case cases[CASES_MAX];
    uint32_t case_count;
    struct union_tag tag;
    struct gsp_op *ops;
    uint32_t op_count, op_cap;
    int rc;
};

/** Matches two layouts into the pieces of level l, which starts at these offsets; 0 or b->rc.
 */
int gsp_plan_match(struct builder *b, struct level *l, const struct nvrm_layout *canon,
                   const struct nvrm_layout *wire, uint32_t canon_off, uint32_t wire_off);
struct level *gsp_plan_add_level(struct builder *b, uint32_t canon_bytes, uint32_t wire_bytes);
/** Room for one more element; NULL and b->rc when memory ran out. */
void *gsp_plan_grow(struct builder *b, void *old, uint32_t count, uint32_t *cap, size_t bytes);
int gsp_plan_no_memory(struct builder *b);

#endif
