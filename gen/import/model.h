/* SPDX-License-Identifier: MIT */
/**
 * All releases together: for every entry its body at each release, the release tree, and where
 * entries live.
 *
 * Variants are only a form of writing: a model holds one body per entry and release, and
 * derives the `since` points from the tree when it is written.
 */
#ifndef IMP_MODEL_H
#define IMP_MODEL_H

#include "facts.h"

#define IMP_MAX_RELEASES 200

struct imp_entry {
    const char *name;
    const char *file;                   /* YAML key */
    const char *body[IMP_MAX_RELEASES]; /* interned; NULL: not in that release */
};

struct imp_release {
    const char *name;
    int parent; /* index, -1 for the root */
};

struct imp_model {
    struct imp_arena arena;
    struct imp_release releases[IMP_MAX_RELEASES]; /* in number order */
    unsigned count;
    const char **skip; /* prefixes of tags that are not production releases */
    unsigned skip_count;
    struct imp_map entries[SEC_COUNT]; /* name -> struct imp_entry */
    struct imp_map paths;              /* YAML key -> vendor path */
    struct imp_map bodies;
};

/** -1, 0, 1 by the numbers in "570.86.15". */
int imp_release_compare(const char *a, const char *b);
bool imp_release_valid(const char *name);
/** Index or -1. */
int imp_model_find(const struct imp_model *m, const char *release);
/** Index of a release, inserted in order when it is new. Parents are left to
 * imp_model_parents(). */
int imp_model_add_release(struct imp_model *m, const char *release);
/** Replace what the model says about one release. */
bool imp_model_merge(struct imp_model *m, const struct imp_facts *f, struct imp_error *err);
/**
 * Set every parent: the preceding release of the same branch, or, for the first of a branch,
 * the release of the branch before it that differs in the fewest structs (the oldest of
 * equals).
 */
void imp_model_parents(struct imp_model *m);
const char *imp_model_intern(struct imp_model *m, const char *body);
struct imp_entry *imp_model_entry(struct imp_model *m, enum imp_section s, const char *name);
/** First release of each run of equal bodies along the tree: fills points[], returns how many.
 */
unsigned imp_entry_points(const struct imp_model *m, const struct imp_entry *e,
                          unsigned *points);
void imp_model_fini(struct imp_model *m);

#endif
