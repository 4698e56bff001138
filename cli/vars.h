/* SPDX-License-Identifier: MIT */
/*
 * Variables of the shell: results of earlier lines by name.
 *
 * A value is the JSON document that the line would print with -j. `$name` stands for it (for
 * the handle when it has one), `$name.field[2].inner` for a part (what a call returned is
 * looked for in "params" too), `${...}` for an expression over names, `$$` for a dollar sign,
 * `$_` for the result of the line before.
 */
#ifndef NVRM_CLI_VARS_H
#define NVRM_CLI_VARS_H

#include "cli.h"

/* Set a variable. Takes the value. -EINVAL when the name cannot be one. */
int vars_set(struct cli *cli, const char *name, json_t *value, struct gsp_error *err);
/* The value at "name" or "name.path": a new reference, or NULL with *err. */
json_t *vars_get(struct cli *cli, const char *path, struct gsp_error *err);
/* The value of an expression over the variables; NULL with *err. */
json_t *vars_eval(struct cli *cli, const char *text, struct gsp_error *err);
/* A word with its variables replaced, to be freed; NULL with *err. Names of live objects that
 * stand alone stay: the session knows them. */
char *vars_expand(struct cli *cli, const char *word, struct gsp_error *err);
/* The same reference as a script would write it: "$x.params.a" is "${x.a}". NULL when the text
 * is not one reference and nothing else; to be freed. */
char *vars_for_script(const char *text);
/* An expression as typed, "$x.params.a * 2", as a script's "${x.a * 2}". NULL when it names
 * nothing, or memory is short; to be freed. */
char *vars_expression_for_script(const char *text);
/* References that start with `typed` (without its '$'): names, then parts of a value. */
void vars_complete(struct cli *cli, const char *typed,
                   void (*offer)(void *ctx, const char *reference), void *ctx);
void vars_fini(struct cli *cli);

#endif
