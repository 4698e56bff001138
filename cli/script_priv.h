/* SPDX-License-Identifier: MIT */
/*
 * A script on its way: script_flow.c decides which step comes next, script_run.c runs and
 * judges it, script_calls.c carries it out.
 */
#ifndef NVRM_CLI_SCRIPT_PRIV_H
#define NVRM_CLI_SCRIPT_PRIV_H

#include "script.h"

struct runner {
    struct cli *cli;
    const struct script *script;
    struct script_env env;
    json_t *rows;         /* one per step that ran, unless they are printed as they come */
    bool stream;          /* rows are printed as they come */
    bool ask;             /* --step */
    bool at_end;          /* in cleanup or finally: failures do not stop */
    bool cleanup;         /* a failure asked for it */
    const char *on_error; /* of the script that runs */
    unsigned ran, failed, skipped;
    int code; /* of the first failure */
};

/* One step on its way. */
struct step {
    const json_t *doc;
    const char *number;
    json_t *result; /* what expect and ${...} see */
    json_t *row;
};

/* script_calls.c: carry out one step that runs no others: its result and row are filled. 0 or a
 * negative errno. */
int script_call(struct runner *r, enum script_kind kind, struct step *step,
                struct gsp_error *err);

/* script_run.c: run such a step with its attempts, judge it and print its row. CLI_OK also when
 * it failed and the script goes on. */
int script_step(struct runner *r, const json_t *doc, const char *number);
/* Wait, but not past Ctrl-C, and not in a dry run. */
void script_sleep(const struct runner *r, double seconds);
/* A step that could not even begin: its row says why. */
int script_step_failed(struct runner *r, const json_t *doc, const char *number,
                       const struct gsp_error *err, int code);

/* script_flow.c: the sections of a script in order. */
int script_flow(struct runner *r, const json_t *doc, const char *outer);

/* script_vars.c: variables of a script; those that exist already stay. -EINVAL with *err. */
int script_vars(struct script_env *env, const json_t *doc, const json_t *given,
                struct gsp_error *err);
/* A whole number, written as a number or as text; false when it is none. */
bool script_integer(const json_t *value, long long *out);
/* Whether the script has the variables that are given to it. */
int script_vars_known(const json_t *doc, const json_t *given, struct gsp_error *err);
/* Whether a variable's value declares more than a value. */
bool script_is_declaration(const json_t *value);

/* script_ask.c: what --step makes of the answer. */
enum script_answer { SCRIPT_GO, SCRIPT_SKIP, SCRIPT_QUIT };
enum script_answer script_ask(struct runner *r, const json_t *doc, const char *number);

#endif
