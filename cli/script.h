/* SPDX-License-Identifier: MIT */
/*
 * Scripts: JSON (or YAML) documents of steps. docs/scripts.md is the language.
 *
 * A script stays the document it was read as. script_form() checks its shape once; after that
 * the other functions take keys for granted.
 */
#ifndef NVRM_CLI_SCRIPT_H
#define NVRM_CLI_SCRIPT_H

#include "session.h"

enum script_kind {
    SCRIPT_ALLOC,
    SCRIPT_CTL,
    SCRIPT_FREE,
    SCRIPT_DUP,
    SCRIPT_RPC,
    SCRIPT_TREE,
    SCRIPT_EVENT,
    SCRIPT_SET,
    SCRIPT_PRINT,
    SCRIPT_REPEAT,
    SCRIPT_FOR,
    SCRIPT_KINDS
};

/* Shape: keys, their types, nothing unknown. 0, or -EINVAL that names the step. */
int script_form(const json_t *doc, struct gsp_error *err);
/* The kind of a step that passed script_form(). */
enum script_kind script_step_kind(const json_t *step);
const char *script_kind_name(enum script_kind kind);
/* "3 \"fb\"": number and name of a step, for people. */
const char *script_step_label(const json_t *step, const char *number, char *buf, size_t bytes);

/* Variables and results of earlier steps. */
struct script_env {
    json_t *vars;                /* name -> value */
    json_t *results;             /* step name -> result */
    struct cli_session *session; /* NULL while checking: object names are not resolved */
};
/* A copy of `value` with $name and ${path} replaced. NULL with *err filled. */
json_t *script_substitute(struct script_env *env, const json_t *value, struct gsp_error *err);
/* Whether text refers to anything: names are passed to fn, which returns non-zero to stop. */
int script_references(const json_t *value, int (*fn)(void *ctx, const char *path), void *ctx);
/* The value at "a.b[2].c"; NULL when there is none. Borrowed. */
json_t *script_path(const json_t *from, const char *path);
/* Does the release satisfy a step's "if"? A step without one always runs. */
bool script_applies(struct nvrm_abi abi, const json_t *step);
/* Compare a value with what a script expects. Names of constants count as their numbers at
 * `abi`. NULL when it fits, else a text that says why not, to be freed. */
char *script_mismatch(struct nvrm_abi abi, const json_t *expected, const json_t *actual);

/* Run every step. The document of results goes to the output; returns the exit code. */
int script_run(struct cli *cli, const json_t *doc, const char *name);
/* Verify against one release (or all, with NULL) without a card; returns the exit code. */
int script_check(struct cli *cli, const json_t *doc, const char *name, const char *release);

#endif
