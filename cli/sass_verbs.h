/* SPDX-License-Identifier: MIT */
/* The verbs of sass, and the machine code that they take: cubins and raw files. */
#ifndef NVRM_CLI_SASS_VERBS_H
#define NVRM_CLI_SASS_VERBS_H

#include <nvmem/cubin.h>

#include "cli.h"
#include "fw_file.h"

int cli_sass_dis(struct cli *cli, int argc, char **argv);
int cli_sass_asm(struct cli *cli, int argc, char **argv);
int cli_sass_diff(struct cli *cli, int argc, char **argv);
int cli_sass_forms(struct cli *cli, int argc, char **argv);
int cli_sass_lint(struct cli *cli, int argc, char **argv); /* exit code 9: it found something */

/* One section of machine code. */
struct sass_code {
    const char *name; /* of the kernel or function; the file's for raw code */
    uint64_t *words;  /* two an instruction, aligned */
    size_t count;     /* instructions */
};

struct sass_input {
    struct fw_file file;
    struct nvmem_cubin *cubin; /* NULL: raw code */
    unsigned sm;
    struct sass_code *code;
    size_t n;
};

/* Takes --sm N or sm_N: 0 when absent. */
int sass_take_sm(struct cli *cli, int *argc, char **argv, unsigned *sm_out);
/* A cubin's code sections (only `kernel`'s, unless it is NULL), or the file as code of `sm`.
 * Prints what is wrong; CLI_OK or an exit code. */
int sass_input_open(struct cli *cli, const char *path, unsigned sm, const char *kernel,
                    struct sass_input *in);
void sass_input_close(struct sass_input *in);

#endif
