/* SPDX-License-Identifier: MIT */
/*
 * trace exec: the strace of the RM API. Runs a program and shows, counts or records what it
 * asks of the kernel module.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gsp/nvidia.h>
#include <rm/name.h>

#include "beside.h"
#include "trace_exec.h"
#include "trace_verbs.h"

#define LIBRARY "libnvrm-trace.so"

struct request {
    char *path, *filter, *method;
    bool follow, summary;
    struct nvrm_abi abi;
    char library[PATH_MAX];
};

static int
find_library(struct request *q, struct gsp_error *err)
{
    static const char *const places[] = {"../libgsp/trace/" LIBRARY, "../lib/nvrm/" LIBRARY,
                                         LIBRARY, NULL};
    const int rc = cli_find_beside("NVRM_TRACE_LIBRARY", places, q->library, err);

    if (rc < 0)
        gsp_hint(err, "NVRM_TRACE_LIBRARY=PATH says where it is; --method ptrace needs none");
    return rc;
}

/* -F, or what the module says; the program's own version check may still tell. */
static int
find_release(struct cli *cli, struct request *q, struct gsp_error *err)
{
    const char *given = cli->options.firmware;
    char text[64];

    q->abi = (struct nvrm_abi){cli->schema, NVRM_NO_RELEASE};
    if (given && strcmp(given, "auto") != 0)
        return rm_name_release(cli->schema, given, &q->abi.release, err);
    if (gsp_nvidia_release(NULL, text, sizeof(text), NULL) == 0)
        q->abi.release = nvrm_release_find(cli->schema, text);
    return 0;
}

static int
bad_method(struct cli *cli, const char *method)
{
    return cli_usage(cli, "legal: auto, preload, ptrace",
                     "--method: '%s' is not a way to trace", method);
}

static int
take_options(struct cli *cli, int *argc, char **argv, struct request *q)
{
    int rc = cli_value(cli, argc, argv, "-o", &q->path);

    if (rc == CLI_OK)
        rc = cli_value(cli, argc, argv, "--filter", &q->filter);
    if (rc == CLI_OK)
        rc = cli_value(cli, argc, argv, "--method", &q->method);
    q->follow = cli_flag(argc, argv, "--follow");
    q->summary = cli_flag(argc, argv, "--summary");
    if (rc == CLI_OK && q->method && strcmp(q->method, "auto") != 0 &&
        strcmp(q->method, "preload") != 0 && strcmp(q->method, "ptrace") != 0)
        rc = bad_method(cli, q->method);
    if (rc == CLI_OK && cli->options.transport && strncmp(cli->options.transport, "nvidia", 6))
        rc = cli_usage(cli,
                       "emu exec -- nvrm-cli trace exec -- PROGRAM traces on an emulated "
                       "card",
                       "trace exec: a program speaks to nvidia.ko, not to '%s'",
                       cli->options.transport);
    return rc;
}

static bool
wants_ptrace(const struct request *q, const char *program)
{
    if (q->method && strcmp(q->method, "auto") != 0)
        return !strcmp(q->method, "ptrace");
    return trace_program_is_static(program);
}

static int
run(struct cli *cli, struct request *q, char **argv)
{
    const struct trace_sink_config config = {
        .cli = cli,
        .abi = q->abi,
        .path = q->path,
        .filter = q->filter,
        .program = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0],
        .summary = q->summary,
        .follow = q->follow,
        .json = cli->options.format == CLI_JSON || cli->options.format == CLI_JSONL};
    const bool ptraced = wants_ptrace(q, argv[0]);
    struct trace_program p = {cli, NULL, argv, q->library, q->follow};
    struct gsp_error err = {0};
    int code, told;

    if (trace_sink_create(&config, &p.sink, &err) < 0)
        return cli_fail(cli, &err);
    if (!ptraced && find_library(q, &err) < 0) {
        trace_sink_destroy(p.sink);
        return cli_fail(cli, &err);
    }
    code = ptraced ? trace_run_ptrace(&p) : trace_run_ring(&p);
    told = trace_sink_finish(p.sink);
    trace_sink_destroy(p.sink);
    return code ? code : told;
}

static const struct nvrm_cmd usage = {
    .name = "trace exec",
    .args = "[-o FILE] [--follow] [--filter WORDS] [--summary] [--method auto|preload|ptrace] "
            "-- PROGRAM [ARG...]",
    .min_args = 1,
    .max_args = -1};

int
trace_exec(struct cli *cli, int argc, char **argv)
{
    struct request q = {0};
    struct gsp_error err = {0};
    int rc = take_options(cli, &argc, argv, &q);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &usage, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (find_release(cli, &q, &err) < 0)
        return cli_fail(cli, &err);
    return run(cli, &q, argv + 1);
}
