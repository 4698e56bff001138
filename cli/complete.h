/* SPDX-License-Identifier: MIT */
/*
 * Completion from the schema, without a terminal: the shell asks, tests ask.
 */
#ifndef NVRM_CLI_COMPLETE_H
#define NVRM_CLI_COMPLETE_H

#include "cli.h"

/* Words that could stand at the end of a line. */
struct completions {
    char **words; /* owned */
    size_t count, cap;
    bool no_space; /* the word goes on: "field=" */
    bool files;    /* file names are wanted instead */
};

/* What could replace `text`, the last word of the line whose other words are `before`. Prefixes
 * first; when there are none, words that contain `text`. */
void complete_line(struct cli *cli, const char *before, const char *text,
                   struct completions *out);
void completions_fini(struct completions *c);
/* A remark for one of the words: the type and meaning of "field=", the doc of a name. buf or
 * "".
 */
const char *complete_remark(struct cli *cli, const char *before, const char *word, char *buf,
                            size_t buf_bytes);

#endif
