/* SPDX-License-Identifier: MIT */
/*
 * help NAME: everything that is known about a name, of whatever kind.
 */
#ifndef NVRM_CLI_HELP_NAME_H
#define NVRM_CLI_HELP_NAME_H

#include "cli.h"

/* Print every row that goes by the names: controls, classes, structs and their fields, RPC
 * functions, events, statuses, Xids, notifiers, escapes, constants, registers; by full name, by
 * its end, or by number. Returns the exit code. */
int help_names(struct cli *cli, int argc, char **argv);
/* Lines that show a verb at work, NULL past the end; a test runs them all. They are typed
 * behind "nvrm-cli". */
const char *help_example(const char *verb, unsigned i);

#endif
