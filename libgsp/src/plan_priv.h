/* SPDX-License-Identifier: MIT */
/*
 * A copy plan: what moves one struct between its canonical C type and the wire layout of a
 * release, as three short programs (check before encoding, encode, decode) over a handful of
 * operations.
 */
#ifndef GSP_PLAN_PRIV_H
#define GSP_PLAN_PRIV_H

#include <stdbool.h>

#include <gsp/codec.h>

enum gsp_op_kind {
    GSP_OP_COPY,    /* `count` bytes, the same on both sides */
    GSP_OP_CONVERT, /* `count` integers of different width */
    GSP_OP_ZERO,    /* `count` bytes of the target */
    GSP_OP_RUN16,   /* a copy of at most 16 bytes that may run over its end: see plan_quick.c */
    GSP_OP_RUN32,
    GSP_OP_RUN64,
    GSP_OP_ZERO8,  /* at most 8 bytes of zero that may run over */
    GSP_OP_PLAIN,  /* a loop whose operations are all copies and zeroes of at most 64 bytes */
    GSP_OP_LOOP,   /* the next `body` operations, `count` times */
    GSP_OP_SWITCH, /* a union: a TAG follows, then `count` CASEs, `body` operations in all */
    GSP_OP_TAG,    /* where the tag of a SWITCH is */
    GSP_OP_CASE,   /* the next `body` operations, when the tag is `count` */
    GSP_OP_EMPTY8, /* check: the canonical word under the mask in canon_stride, wire_stride must
                      be zero */
    GSP_OP_EMPTY,  /* check: `count` canonical bytes must be zero */
    GSP_OP_FIT,    /* check: `count` canonical integers must fit */
};

struct gsp_op {
    uint32_t canon, wire; /* offsets */
    uint32_t count;
    uint32_t body;                      /* LOOP, SWITCH, CASE */
    uint32_t canon_stride, wire_stride; /* LOOP, SWITCH: bytes of one element, of the union */
    uint8_t kind;                       /* enum gsp_op_kind */
    uint8_t canon_bytes, wire_bytes;    /* CONVERT, FIT: width of one integer */
    uint8_t bit_off, bit_len; /* CONVERT, FIT: bit-field on the wire; bit_len 0 for none */
    uint8_t is_signed;
};

struct gsp_program {
    const struct gsp_op *ops;
    uint32_t count;
};

struct gsp_plan {
    struct nvrm_abi abi;
    const struct nvrm_layout *canon, *wire;
    uint32_t canon_bytes, wire_bytes;
    struct gsp_program check, encode, decode;
    struct gsp_op ops[]; /* of the three programs */
};

/** Builds a plan; NULL with *err set when memory ran out or a type cannot be translated. */
struct gsp_plan *gsp_plan_create(struct nvrm_abi abi, const struct gsp_host *host,
                                 const struct nvrm_layout *canon,
                                 const struct nvrm_layout *wire, struct gsp_error *err);

/** Replaces short copies by ones of a fixed size where there is room to run over. */
void gsp_plan_quicken(struct gsp_plan *plan);

/** Says which field of a canonical struct the wire layout cannot hold; -EINVAL. */
int gsp_plan_explain(const struct gsp_plan *plan, const void *canon, struct gsp_error *err);

#endif
