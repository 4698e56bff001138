/* SPDX-License-Identifier: MIT */
/*
 * A script on its way: what script_run.c steers and script_calls.c carries out.
 */
#ifndef NVRM_CLI_SCRIPT_PRIV_H
#define NVRM_CLI_SCRIPT_PRIV_H

#include "script.h"

struct runner {
    struct cli *cli;
    struct script_env env;
    json_t *rows;  /* one per step that ran */
    bool stream;   /* rows are printed as they come */
    bool stop_all; /* the script's on_error */
    unsigned ran, failed, skipped;
    int code; /* of the first failure */
};

/* One step on its way. */
struct step {
    const json_t *doc;
    json_t *result; /* what expect and ${...} see */
    json_t *row;
};

/* Carry out one step that is no loop: its result and row are filled. 0 or a negative errno. */
int script_call(struct runner *r, enum script_kind kind, struct step *step,
                struct gsp_error *err);

#endif
