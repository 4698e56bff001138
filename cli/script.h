/* SPDX-License-Identifier: MIT */
/*
 * Scripts: JSON (or YAML) documents of steps. docs/scripts.md is the language.
 *
 * A script stays the document it was read as. script_form() checks its shape once, when it is
 * loaded; after that the other functions take keys for granted. A step that includes another
 * script holds that script, already checked, under SCRIPT_INCLUDED.
 */
#ifndef NVRM_CLI_SCRIPT_H
#define NVRM_CLI_SCRIPT_H

#include "expr.h"
#include "session.h"

#define SCRIPT_INCLUDED "$script" /* in an include step: the document */
#define SCRIPT_FILE     "$file"   /* and the file it came from */

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
    SCRIPT_WHILE,
    SCRIPT_INCLUDE,
    SCRIPT_ASSERT,
    SCRIPT_SLEEP,
    SCRIPT_KINDS
};

struct script {
    json_t *doc;
    json_t *texts; /* file -> its text, to find lines in */
    char *path;    /* as it was named; "stdin" */
};

/** Read a script and all that it includes, and check the shape. A problem in *err starts with
 * file:line:column where that is known. */
int script_load(const char *path, struct script *out, struct gsp_error *err);
/** The same for text; includes are relative to the folder of `path`. */
int script_load_text(const char *text, size_t bytes, const char *path, struct script *out,
                     struct gsp_error *err);
void script_fini(struct script *s);
/** "file:line:column" of the step with this number, "file" when the line is not known. */
const char *script_where(const struct script *s, const char *number, char *buf, size_t bytes);
/** The name of the script, or of its file without folders. */
const char *script_title(const struct script *s);

/** Shape: keys, their types, nothing unknown. 0, or -EINVAL that names the step; `pointer`
 * (may be NULL) then says where in the document: "steps/0/alloc/params". */
int script_form(const json_t *doc, char *pointer, size_t pointer_bytes, struct gsp_error *err);
/** The kind of a step that passed script_form(). */
enum script_kind script_step_kind(const json_t *step);
const char *script_kind_name(enum script_kind kind);
/** "step 3 "fb"": number and name of a step, for people. */
const char *script_step_label(const json_t *step, const char *number, char *buf, size_t bytes);
/** The JSON Schema of scripts (docs/script.schema.json). NULL when out of memory. */
json_t *script_schema(void);

/** Variables and results of earlier steps. */
struct script_env {
    json_t *vars;                /* name -> value */
    json_t *results;             /* step name -> result */
    struct cli_session *session; /* NULL while checking: object names are not resolved */
    struct nvrm_abi abi;         /* whose constants have names; schema NULL: none */
    json_t *secrets;             /* values that are never shown; NULL: none */
};
/** A copy of `value` with $name and ${expression} replaced. NULL with *err filled. */
json_t *script_substitute(struct script_env *env, const json_t *value, struct gsp_error *err);
/** Whether every $name and ${expression} in a value can be read: 0, or -EINVAL with *err. */
int script_syntax(const json_t *value, struct gsp_error *err);
/** Every path that a value refers to goes to fn, which returns non-zero to stop. */
int script_references(const json_t *value, int (*fn)(void *ctx, const char *path), void *ctx);
/** The names of an environment, for expressions. */
struct expr_env script_names(struct script_env *env);
/** The value at "a.b[2].c"; NULL when there is none. Borrowed. */
json_t *script_path(const json_t *from, const char *path);
/** Does the release satisfy a step's "if"? Expressions in it are not looked at. */
bool script_applies(struct nvrm_abi abi, const json_t *step);
/** The expression of a step's "if"; NULL without one. */
const char *script_condition(const json_t *step);
/** Compare a value with what a script expects. Names of constants count as their numbers at
 * `abi`. NULL when it fits, else a text that says why not, to be freed. */
char *script_mismatch(struct nvrm_abi abi, const json_t *expected, const json_t *actual);

/** Remember every number and text in `value` as secret. */
void script_secret(struct script_env *env, const json_t *value);
/** A copy in which secrets are "***". Never NULL: without memory it is null. */
json_t *script_masked(const struct script_env *env, const json_t *value);
/** The same within a text, which never grows. */
void script_mask_text(const struct script_env *env, char *text);

/** Put "***" at a path; nothing happens when it leads nowhere. */
void script_mask_path(json_t *value, const char *path);

struct script_options {
    json_t *vars; /* of --var; may be NULL */
    bool ask;     /* --step */
};
/** Run every step. The document of results goes to the output; returns the exit code. */
int script_run(struct cli *cli, const struct script *s, const struct script_options *options);
/** Verify against one release (or all, with NULL) without a card; returns the exit code. */
int script_check(struct cli *cli, const struct script *s, const char *release);
/** What --check finds at one release: [{"step", "at", "problem", "hint"}]. */
json_t *script_problems(const struct script *s, struct nvrm_abi abi);

#endif
