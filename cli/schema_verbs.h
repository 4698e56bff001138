/* SPDX-License-Identifier: MIT */
/*
 * The verbs below `schema`, and what they share. They need no card.
 */
#ifndef NVRM_CLI_SCHEMA_VERBS_H
#define NVRM_CLI_SCHEMA_VERBS_H

#include "describe.h"

int schema_list(struct cli *cli, int argc, char **argv);
int schema_show(struct cli *cli, int argc, char **argv);
int schema_search(struct cli *cli, int argc, char **argv);
int schema_diff(struct cli *cli, int argc, char **argv);
int schema_stat(struct cli *cli, int argc, char **argv);
int schema_check(struct cli *cli, int argc, char **argv);
int schema_export(struct cli *cli, int argc, char **argv);
int schema_fingerprint(struct cli *cli, int argc, char **argv);
int schema_import(struct cli *cli, int argc, char **argv);

/* One kind of name: how many rows there are and what a row is at a release. */
struct schema_kind {
    const char *name;   /* "controls" */
    const char *single; /* "control" */
    unsigned (*count)(const struct nvrm_schema *s);
    /* The row as an opaque pointer; NULL when the release lacks it. */
    const void *(*at)(struct nvrm_abi abi, unsigned row);
    const char *(*row_name)(const struct nvrm_schema *s, const void *row);
    json_t *(*describe)(struct nvrm_abi abi, const void *row);
};
const struct schema_kind *schema_kind_at(unsigned i); /* NULL past the end */
const struct schema_kind *schema_kind_find(const char *name);
/* How one row changed from release to release (schema_diff.c): objects with "release", "from"
 * and "changes" (as schema diff gives them), or "came" or "went". */
json_t *schema_changes(const struct nvrm_schema *s, const struct schema_kind *kind,
                       unsigned row);
void schema_print_changes(struct cli *cli, const json_t *changes);
const char *schema_kind_list(void); /* "structs, controls, ..." */

/* How a name differs: {} when it does not, {"gone": true}, {"new": true}, or its changes. */
json_t *schema_diff_name(struct nvrm_abi from, struct nvrm_abi to,
                         const struct schema_kind *kind, const char *name);
/* Changes of one row, for people, indented. */
void schema_diff_print(struct cli *cli, const json_t *changes);
/* schema diff --impact: what of the difference a script or a trace would feel. */
int schema_impact(struct cli *cli, struct nvrm_abi from, struct nvrm_abi to, const char *path);

#endif
