/* SPDX-License-Identifier: MIT */
/**
 * One checked-out vendor tree: recognise it, preprocess what matters, and read all of it into
 * facts.
 *
 * Nothing is written into the tree; translation units are made in a folder of their own.
 */
#ifndef IMP_TREE_H
#define IMP_TREE_H

#include "facts.h"
#include "lex.h"

struct imp_counts; /* counts.h */

struct imp_tree {
    const char *root;
    const char *cc;
    const char *scratch; /* folder for translation units */
    char *release;
    struct imp_arena *arena;
    struct imp_error *err;
    const char **sdk_headers; /* from the SDK's inc folder */
    size_t sdk_count;
    const char **flags; /* -I and -D of the driver's Makefile */
    size_t flag_count, flag_cap;
    struct imp_facts *facts;
    struct imp_counts *counts;
    struct imp_map controls;            /* by name, see controls.c */
    const char *sdk_text, *driver_text; /* preprocessed */
    struct imp_map driver_files;        /* of the driver's headers, those that were read */
    struct imp_map class_paths;         /* macros of class headers -> header */
    struct imp_map class_ids; /* those of them that are the header's own class id -> macro */
};

#define IMP_SDK "src/common/sdk/nvidia/inc/"

/** Folders and files that an import reads: what to extract from a git tag. */
extern const char *const imp_tree_paths[];

/** Check that root is a tree of the vendor's kernel modules and find its release, headers and
 * flags. */
bool imp_tree_open(struct imp_tree *t);
void imp_tree_fini(struct imp_tree *t);
/** Everything the tree says, into t->facts and t->counts. */
bool imp_tree_read(struct imp_tree *t);

/** Path below the root. */
char *imp_tree_path(const struct imp_tree *t, const char *path);
bool imp_tree_has(const struct imp_tree *t, const char *path);
/**
 * Preprocess text as translation unit `name` and tokenise the result. driver: with the driver's
 * flags and -I; otherwise only the SDK folder is searched. The text that tokens point into
 * lives as long as the arena.
 */
bool imp_tree_preprocess(struct imp_tree *t, const char *name, const char *text, bool driver,
                         struct imp_unit *unit_out);
/** Compile text as a translation unit, without output: is it correct C? */
bool imp_tree_compile(struct imp_tree *t, const char *name, const char *text, bool driver);
/** Tokenise a file of the tree without preprocessing: comments and # lines are dropped. */
bool imp_tree_tokens(struct imp_tree *t, const char *path, struct imp_unit *unit_out);

#endif
