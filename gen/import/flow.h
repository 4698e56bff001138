/* SPDX-License-Identifier: MIT */
/** Canonical flow YAML on one line: writing scalars, and a small parser for bodies that were
 * written that way. */
#ifndef IMP_FLOW_H
#define IMP_FLOW_H

#include "util.h"

/** Append a scalar, quoted only when plain style would not read back as the same text. */
void imp_flow_scalar(struct imp_buf *b, const char *text);

/** A node of a parsed body. Scalars have text; maps and lists have children (with keys in a
 * map). */
struct imp_flow {
    enum { FLOW_SCALAR, FLOW_MAP, FLOW_LIST } kind;
    const char *key;
    const char *text;
    struct imp_flow *first, *next;
};

/** Parse one body; NULL when it is not canonical flow text. */
struct imp_flow *imp_flow_parse(struct imp_arena *a, const char *text);
const struct imp_flow *imp_flow_get(const struct imp_flow *map, const char *key);

#endif
