/* SPDX-License-Identifier: MIT */
/*
 * Parameters as words on the command line.
 */
#ifndef NVRM_CLI_ARGS_H
#define NVRM_CLI_ARGS_H

#include <rm/params.h>

#include "session.h"

/* Fill `p` from words: FIELD=VALUE..., or one JSON object, "-" (stdin) or @FILE (both JSON or
 * YAML). $name stands for an object's handle. */
int args_params(struct cli_session *s, struct rm_params *p, int argc, char **argv,
                struct gsp_error *err);
/* Replace "$name" strings anywhere in a document by handles. */
int args_resolve(struct cli_session *s, json_t *value, struct gsp_error *err);
/* The parameters after a call, as a value. NULL with *err filled. */
json_t *args_result(const struct rm_params *p, struct gsp_error *err);
/* The same for people: a line a field, with units. */
int args_print(struct cli *cli, const struct rm_params *p);

#endif
