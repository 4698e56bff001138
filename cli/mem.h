/* SPDX-License-Identifier: MIT */
/*
 * What the files of the verb mem share.
 */
#ifndef NVRM_CLI_MEM_H
#define NVRM_CLI_MEM_H

#include "cli.h"

/* No option is left, and the words are as many as they should be; argv[0] is mem. */
int mem_check_words(struct cli *cli, int *argc, char **argv, int least, int most);
/* "0xcafe", "00ff": pairs of hex digits, in order. To be freed; NULL when it is not that. */
uint8_t *mem_parse_bytes(const char *text, size_t *bytes_out);

/* mem_copy.c: what goes through a copy engine */
int mem_copy(struct cli *cli, int argc, char **argv);
int mem_fill(struct cli *cli, int argc, char **argv);

#endif
