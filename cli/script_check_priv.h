/* SPDX-License-Identifier: MIT */
/*
 * A script under examination: script_check.c looks, script_report.c collects and prints.
 */
#ifndef NVRM_CLI_SCRIPT_CHECK_PRIV_H
#define NVRM_CLI_SCRIPT_CHECK_PRIV_H

#include "policy.h"
#include "script.h"

struct checker {
    struct nvrm_abi abi;
    const struct script *script;
    const struct policy *policy; /* of --policy; NULL: not asked */
    char chip[32];
    json_t *problems; /* {"step", "problem", "hint", "in": [release numbers]} */
    json_t *names;    /* what earlier steps defined: name -> layout row, or true */
    json_t *values;   /* of variables that nothing has changed yet */
    json_t *nothing;  /* results of steps: only a run has them */
    unsigned found;   /* at this release */
};

/* One step under the lens. */
struct lens {
    struct checker *k;
    char label[160];
    const char *number;
    const struct nvrm_layout *layout; /* of the call's parameters; may be NULL */
};

/* Note a problem of the step at this release; hint may be "". */
void script_problem(struct lens *l, const char *text, const char *hint);
/* The document of all problems to the output; the exit code says whether every release fits. */
int script_report(struct cli *cli, struct checker *k, const char *name, int checked, int fit);

#endif
