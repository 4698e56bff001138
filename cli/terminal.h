/* SPDX-License-Identifier: MIT */
/*
 * The shell's line editor: readline with completion, the hint line and history. One at a time.
 */
#ifndef NVRM_CLI_TERMINAL_H
#define NVRM_CLI_TERMINAL_H

#include "cli.h"

void terminal_open(struct cli *cli);
void terminal_close(void);
/* A command: lines until brackets and quotes are closed. NULL at Ctrl-D; to be freed. status is
 * the exit code that the prompt shows. */
char *terminal_read(int status);

#endif
