/* SPDX-License-Identifier: MIT */
/*
 * The tree of objects as a document: {"handle", "class", "class_id", "name", "owner",
 * "owner_gone", "bytes", "params", "children"}, filtered, summed up, drawn.
 */
#ifndef NVRM_CLI_TREE_DOC_H
#define NVRM_CLI_TREE_DOC_H

#include "session.h"

/* The open session's tree; a file that `-j tree` wrote. NULL with *err. */
json_t *tree_of_session(struct cli *cli, struct cli_session *s, struct gsp_error *err);
json_t *tree_of_file(const char *path, struct gsp_error *err);

/* Globs; NULL matches everything. */
struct tree_filter {
    const char *cls, *name, *owner;
    char *const *words; /* each may match class, name, owner or handle */
    int word_count;
};
bool tree_filter_is_empty(const struct tree_filter *f);
/* Leave out what does not match; parents of what matches stay. False when nothing is left. */
bool tree_prune(json_t *node, const struct tree_filter *f);

/* Bytes of memory below and in the node. */
uint64_t tree_bytes(const json_t *node);
/* Objects whose owner is gone, by owner: [{"owner", "objects": [{...}], "bytes"}]. */
json_t *tree_leaks(const json_t *root);

struct tree_style {
    bool params, sizes, owners;
};
void tree_draw(struct cli *cli, const json_t *root, const struct tree_style *style);
/* A graph in the DOT language: boxes below each other, dashed arrows for handles in parameters.
 */
void tree_draw_dot(struct cli *cli, const json_t *root);

/* Objects that nobody owns yet belong to `owner` from now on; a script that ended is gone. */
void tree_own(struct cli *cli, const char *owner, bool gone);
/* One object whose handle is known; nothing when it is "". */
void tree_own_one(struct cli *cli, const char *handle, const char *owner);

#endif
