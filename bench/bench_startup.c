/* SPDX-License-Identifier: MIT */
/*
 * What a one-shot command costs to start, beside an empty dynamic program: wall time from spawn
 * to exit, and the largest resident size. The goal is at most twice the start-up and 4 MiB.
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "bench.h"

extern char **environ;

struct command {
    char *argv[8];
    long peak_kib;
};

static posix_spawn_file_actions_t quiet;

static void
run_command(void *ctx)
{
    struct command *c = ctx;
    struct rusage usage;
    int status;
    pid_t pid;

    if (posix_spawn(&pid, c->argv[0], &quiet, NULL, c->argv, environ) ||
        wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) || WEXITSTATUS(status)) {
        fprintf(stderr, "%s %s does not run\n", c->argv[0], c->argv[1] ? c->argv[1] : "");
        exit(1);
    }
    if (usage.ru_maxrss > c->peak_kib)
        c->peak_kib = usage.ru_maxrss;
}

static void
compare(const struct bench *b, const char *which, struct command *c)
{
    struct command empty = {.argv = {(char *)NVRM_EMPTY}};
    struct bench_side sides[] = {
        {.name = "nvrm-cli", .run = run_command, .ctx = c     },
        {.name = "empty",    .run = run_command, .ctx = &empty},
    };

    if (bench_compare(b, which, sides, 2))
        bench_print(b, which, "nvrm-cli peak", (double)c->peak_kib, "KiB", sides[0].loops);
}

int
main(int argc, char **argv)
{
    const struct bench b = bench_init("startup", argc, argv);
    struct command version = {
        .argv = {(char *)NVRM_CLI, (char *)"--version"}
    };
    struct command explain = {
        .argv = {(char *)NVRM_CLI, (char *)"explain", (char *)"status", (char *)"0x56"}
    };
    struct command list = {
        .argv = {(char *)NVRM_CLI, (char *)"list"}
    };
    struct command show = {
        .argv = {(char *)NVRM_CLI, (char *)"explain", (char *)"ctl",
                 (char *)"NV2080_CTRL_CMD_FB_GET_INFO_V2"}
    };
    struct command ctl = {
        .argv = {(char *)NVRM_CLI, (char *)"ctl", (char *)"subdevice",
                 (char *)"NV2080_CTRL_CMD_GPU_GET_NAME_STRING"}
    };

    if (posix_spawn_file_actions_init(&quiet) ||
        posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0))
        return 1;
    compare(&b, "--version", &version);
    compare(&b, "list", &list);
    compare(&b, "explain status", &explain);
    compare(&b, "explain ctl", &show);
    compare(&b, "ctl, with the emulated card booted", &ctl);
    posix_spawn_file_actions_destroy(&quiet);
    return 0;
}
