/* SPDX-License-Identifier: MIT */
/** Layout computed from schema text alone: natural LP64 alignment, `pack`, bit-fields.
 * Independent of the C parser. */
#ifndef IMP_NATURAL_H
#define IMP_NATURAL_H

#include "flow.h"
#include "model.h"

struct imp_leaf {
    const char *name; /* "a.b" for members of inline aggregates */
    const char *type; /* without count and bit width; "" for inline aggregates */
    uint64_t offset, bytes;
    unsigned bits;  /* bit-field width, 0 otherwise */
    bool anonymous; /* a C11 anonymous member: it cannot be named in C */
    bool tail;      /* flexible */
};

struct imp_natural {
    uint64_t size;     /* computed */
    uint64_t declared; /* `size:` */
    uint64_t
        tail; /* offset of the flexible tail; declared one in declared_tail, 0 when absent */
    uint64_t declared_tail;
    unsigned align;
    struct imp_leaf *leaves;
    size_t count, cap;
};

/** Lay out the struct or union `name` at a release. Memory for names comes from the arena; free
 * leaves with free(). */
bool imp_natural(const struct imp_model *m, unsigned release, const char *name,
                 struct imp_arena *a, struct imp_natural *out, struct imp_error *err);

#endif
