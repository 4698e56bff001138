/* SPDX-License-Identifier: MIT */
/*
 * Runs a shell command in which nvrm-cli is the program under test, from the root of the
 * repository, and keeps what came out.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <jansson.h>

struct cli_result {
    int code; /* exit code, or 128 + signal */
    char *out, *err;
};

/* Fails the test when the command cannot be run at all. Free with cli_result_free(). */
struct cli_result cli_run_command(const char *command);
void cli_result_free(struct cli_result *r);

/* Runs, expects the exit code, and returns stdout (to be freed). */
char *cli_expect(const char *command, int code);
/* The same with stdout as JSON. */
json_t *cli_expect_json(const char *command);
/* Runs and expects both streams to hold a text each; NULL skips one. */
void cli_expect_text(const char *command, int code, const char *out, const char *err);

#endif
