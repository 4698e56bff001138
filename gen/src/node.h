/* SPDX-License-Identifier: MIT */
/* A YAML document as a tree that remembers lines. Every scalar is text: YAML's own typing is
 * never used. */
#ifndef GEN_NODE_H
#define GEN_NODE_H

#include "gen.h"

enum gen_kind { GEN_SCALAR, GEN_MAP, GEN_SEQ };

struct gen_node {
    enum gen_kind kind;
    struct gen_pos pos;
    const char *text; /* scalars: interned */
    uint32_t n, cap;
    struct gen_pair {
        const char *key; /* maps: interned; lists: NULL */
        struct gen_pos pos;
        struct gen_node *value;
    } * p;
};

/** Parse one document. NULL (with the error reported) when it is not YAML that we accept, or
 * empty. */
struct gen_node *gen_yaml(struct gen *g, const char *file, const char *text, size_t n);
/** Value of a key; NULL when the map lacks it (or node is no map). `key` must be interned or
 * literal. */
const struct gen_node *gen_get(const struct gen_node *map, const char *key);
/** Read a whole file as a document. NULL with the error reported. */
struct gen_node *gen_yaml_file(struct gen *g, const char *path);
/** "0x10", "16" or "-1" as a number; false for other text. */
bool gen_number(const char *text, uint64_t *value_out);
/** true for "true", false for "false"; anything else is an error at the node. */
bool gen_bool(struct gen *g, const struct gen_node *node);
/** A scalar's text, or "" with an error that says what was expected. */
const char *gen_scalar(struct gen *g, const struct gen_node *node, const char *what);
/** A scalar that is a number, or 0 with an error. */
uint64_t gen_scalar_number(struct gen *g, const struct gen_node *node, const char *what);
/** Report a name that C could not use. */
void gen_check_name(struct gen *g, struct gen_pos pos, const char *name);
/** Report every key that is not in the NULL-terminated list. */
void gen_check_keys(struct gen *g, const struct gen_node *map, const char *what,
                    const char *const *keys);

#endif
