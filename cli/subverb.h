/* SPDX-License-Identifier: MIT */
/* A verb of verbs: `trace show`, `mem copy`. */
#ifndef NVRM_CLI_SUBVERB_H
#define NVRM_CLI_SUBVERB_H

#include "cli.h"

struct cli_subverb {
    const char *name;
    int (*run)(struct cli *cli, int argc, char **argv);
};

/**
 * The row that argv[1] names. NULL: the error is printed, with what is near or legal, and is
 * the command's exit code in *rc_out.
 */
const struct cli_subverb *cli_subverb(struct cli *cli, const struct cli_subverb *rows, size_t n,
                                      int argc, char **argv, int *rc_out);

#define CLI_SUBVERB(cli, rows, argc, argv, rc_out)                                             \
    cli_subverb(cli, rows, sizeof(rows) / sizeof((rows)[0]), argc, argv, rc_out)

#endif
