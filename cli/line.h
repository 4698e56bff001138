/* SPDX-License-Identifier: MIT */
/*
 * One line of the shell as words.
 */
#ifndef NVRM_CLI_LINE_H
#define NVRM_CLI_LINE_H

#include <gsp/error.h>

/* Words separated by blanks; '...' and "..." quote, a backslash takes the next character, '#'
 * starts a comment. A word that opens { or [ reaches to its closing partner, so JSON needs no
 * quotes. Returns the number of words, or -EINVAL (a quote or bracket is open). argv is
 * NULL-terminated; free it with line_free(). */
int line_split(const char *line, char ***argv_out, struct gsp_error *err);
void line_free(char **argv);
/* The bracket or quote that is still open at the end of the text, or '\\' when it ends in one:
 * another line belongs to it. '\0' when the text is complete. */
char line_open(const char *line);

#endif
