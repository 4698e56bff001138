/* SPDX-License-Identifier: MIT */
/*
 * What was done in a session, as the steps of a script.
 */
#ifndef NVRM_CLI_SAVE_H
#define NVRM_CLI_SAVE_H

#include <rm/params.h>

#include "session.h"

/* Parameters before a call as a script would give them: what is zero is left out, handles of
 * named objects are their names. New reference; an empty object when nothing is left. */
json_t *save_params(struct cli_session *s, const struct rm_params *p);
/* Keep a step that succeeded. Takes the step; nothing is kept outside the shell and -e. */
void save_step(struct cli *cli, json_t *step);

#endif
