/* SPDX-License-Identifier: MIT */
/* sass lint: hazards of machine code. */
#ifndef NVRM_CLI_SASS_LINT_H
#define NVRM_CLI_SASS_LINT_H

#include "cli.h"

/** argv[0] is "lint". Exit code 9 when something was found. */
int sass_lint_verb(struct cli *cli, int argc, char **argv);

#endif
