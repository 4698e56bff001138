/* SPDX-License-Identifier: MIT */
/** A small vendor tree of our own in a temporary folder, with everything an import needs, to be
 * changed by each test. */
#ifndef FAKE_TREE_H
#define FAKE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_tree {
    char root[64]; /* temporary folder; holds tree/ and schemas/ */
    char tree[96];
    char schemas[96];
    char *out;    /* what the last run printed */
    char *errors; /* its stderr */
};

/** cmocka fixtures: *state is a struct fake_tree. */
int fake_tree_setup(void **state);
int fake_tree_teardown(void **state);

/** Replace a file of the tree; NULL removes it. */
void fake_tree_put(struct fake_tree *f, const char *path, const char *text);
/** Replace the first `old` in a file of the tree. */
void fake_tree_edit(struct fake_tree *f, const char *path, const char *old,
                    const char *new_text);
/** Make version.mk say this release. */
void fake_tree_release(struct fake_tree *f, const char *release);
/** Commit the tree as it is to the git repository root/tree and tag it. */
void fake_tree_tag(struct fake_tree *f, const char *tag);
/** Run nvrm-import --out root/schemas with more arguments (NULL-terminated); returns its exit
 * status. */
int fake_tree_import(struct fake_tree *f, const char *const *args);
/** The same on the tree itself. */
int fake_tree_import_tree(struct fake_tree *f);
/** Text of a file below schemas/; the caller frees it. Fails the test when there is none. */
char *fake_tree_schema(struct fake_tree *f, const char *path);
/** Checksum over names and contents of everything below schemas/. */
uint32_t fake_tree_checksum(struct fake_tree *f);

#endif
