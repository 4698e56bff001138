/* SPDX-License-Identifier: MIT */
/*
 * The file that keeps the lines of all shells. No terminal is needed.
 */
#ifndef NVRM_CLI_HISTORY_H
#define NVRM_CLI_HISTORY_H

#include <stddef.h>

/* $NVRM_HISTORY, else nvrm/history below $XDG_STATE_HOME or ~/.local/state; its folders are
 * made (0700). NULL when there is no home; to be freed. */
char *history_file(void);
/* Add one line at the end, in one write under a lock, so that shells that run at once lose
 * nothing. The file is only its owner's (0600). A file that grew past twice `most` lines keeps
 * the last `most`. 0 or a negative errno. */
int history_append(const char *path, const char *line, size_t most);

#endif
