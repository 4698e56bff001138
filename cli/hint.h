/* SPDX-License-Identifier: MIT */
/*
 * The hint line: what may follow on a line, from the schema. No terminal is needed.
 */
#ifndef NVRM_CLI_HINT_H
#define NVRM_CLI_HINT_H

#include "cli.h"

enum { HINT_BYTES = 512 };

/* What could follow the text left of the cursor: the rest of a verb's words, the field that
 * comes next with its type, unit and values, the meaning of a name that is complete. "" when
 * there is nothing to say. Returns buf. */
const char *hint_line(struct cli *cli, const char *line, char *buf, size_t buf_bytes);

#endif
