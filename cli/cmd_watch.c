/* SPDX-License-Identifier: MIT */
/*
 * watch: a line again and again, until it fails or Ctrl-C.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmds.h"

enum { SLICE_MS = 50 };

struct watching {
    double seconds;
    unsigned long count; /* 0: until Ctrl-C */
};

/* Options that stand before the line; those behind belong to it. */
static int
take_options(struct cli *cli, struct watching *w, int *argc, char ***argv)
{
    while (*argc > 1 && (*argv)[1][0] == '-') {
        const char *name = (*argv)[1], *value = *argc > 2 ? (*argv)[2] : NULL;
        char *end = NULL;

        if (strcmp(name, "-n") && strcmp(name, "--count"))
            return cli_usage(cli, "usage: nvrm-cli watch [-n SECONDS] [--count N] LINE",
                             "watch has no option %s", name);
        if (!value)
            return cli_usage(cli, "for example: watch -n 2 info", "%s needs a value", name);
        if (!strcmp(name, "-n"))
            w->seconds = strtod(value, &end);
        else
            w->count = strtoul(value, &end, 10);
        if (*end || end == value || !(w->seconds >= 0.05) || w->seconds > 86400)
            return cli_usage(cli, "seconds from 0.05 to 86400, a count above 0",
                             "%s: '%s' is not a legal value", name, value);
        *argc -= 2;
        *argv += 2;
    }
    return CLI_OK;
}

/* false when Ctrl-C came. */
static bool
pause_for(const struct cli *cli, double seconds)
{
    const uint64_t end_ns = gsp_host_now_ns(NULL) + (uint64_t)(seconds * 1e9);

    while (gsp_host_now_ns(NULL) < end_ns) {
        const struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};

        if (*cli->interrupted)
            return false;
        nanosleep(&slice, NULL);
    }
    return !*cli->interrupted;
}

/* On a terminal every turn starts on a clean screen. */
static void
print_head(struct cli *cli, const struct watching *w, int argc, char **argv)
{
    const char *term = getenv("TERM");
    const time_t now = time(NULL);
    struct tm local;
    char clock[16] = "";

    if (cli->out != stdout || !isatty(STDOUT_FILENO) || !term || !strcmp(term, "dumb"))
        return;
    if (localtime_r(&now, &local))
        strftime(clock, sizeof(clock), "%H:%M:%S", &local);
    fprintf(cli->out, "\033[H\033[2J%s every %g s:", clock, w->seconds);
    for (int i = 1; i < argc; i++)
        fprintf(cli->out, " %s", argv[i]);
    fputs("\n\n", cli->out);
}

static int
run_once(struct cli *cli, int argc, char **argv)
{
    char **copy = calloc((size_t)argc, sizeof(*copy));
    int rc;

    if (!copy)
        return cli_out_of_memory(cli);
    memcpy(copy, argv + 1, (size_t)(argc - 1) * sizeof(*copy));
    rc = cli_run(cli, argc - 1, copy);
    free(copy);
    return rc;
}

/* A script needs the line once, however often it ran. */
static void
forget_steps(struct cli *cli, size_t keep)
{
    while (json_array_size(cli->steps) > keep)
        json_array_remove(cli->steps, json_array_size(cli->steps) - 1);
}

static int
cmd_watch_run(struct cli *cli, int argc, char **argv)
{
    struct watching w = {.seconds = 2};
    const bool keep = cli->keep_session, no_pager = cli->options.no_pager;
    size_t steps = 0;
    int rc = take_options(cli, &w, &argc, &argv);

    if (rc != CLI_OK)
        return rc;
    if (argc < 2)
        return cli_usage(cli, "usage: nvrm-cli watch [-n SECONDS] [--count N] LINE",
                         "watch needs a line");
    if (!strcmp(argv[1], "shell") || !strcmp(argv[1], "edit") || !strcmp(argv[1], "watch"))
        return cli_usage(cli, "watch a line that ends by itself", "%s cannot be watched",
                         argv[1]);
    cli->keep_session = true;
    cli->options.no_pager = true;
    for (unsigned long turn = 1; rc == CLI_OK; turn++) {
        print_head(cli, &w, argc, argv);
        rc = run_once(cli, argc, argv);
        if (turn == 1)
            steps = json_array_size(cli->steps);
        forget_steps(cli, steps);
        fflush(cli->out);
        if (rc != CLI_OK || (w.count && turn >= w.count))
            break;
        if (!pause_for(cli, w.seconds))
            rc = CLI_INTERRUPTED;
    }
    cli->keep_session = keep;
    cli->options.no_pager = no_pager;
    return rc;
}

const struct nvrm_cmd cmd_watch = {
    .name = "watch",
    .args = "[-n SECONDS] [--count N] LINE",
    .options = "-n SECONDS, --count N",
    .help =
        "run a line again and again until it fails or Ctrl-C, every 2 s unless -n says more",
    .min_args = 1,
    .max_args = -1,
    .run = cmd_watch_run,
};
