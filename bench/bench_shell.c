/* SPDX-License-Identifier: MIT */
/*
 * What a person waits for at the prompt: completion and the hint line for hard cases, and
 * searching the schema. Each must answer within 20 ms, or the program fails; with --quick, as
 * tests run it, no time is judged.
 */
#include "bench.h"
#include "cmds.h"
#include "complete.h"
#include "hint.h"
#include "vars.h"

enum { MOST_MS = 20 };

static volatile int interrupted;

struct prompt {
    struct cli cli;
    const char *before, *text; /* completion */
    const char *line;          /* the hint line, or a whole command */
};

static void
run_completion(void *ctx)
{
    struct prompt *p = ctx;
    struct completions c;

    complete_line(&p->cli, p->before, p->text, &c);
    if (!c.count) {
        fprintf(stderr, "bench_shell: nothing completes '%s%s'\n", p->before, p->text);
        exit(1);
    }
    completions_fini(&c);
}

static void
run_hint(void *ctx)
{
    struct prompt *p = ctx;
    char text[HINT_BYTES];

    if (!*hint_line(&p->cli, p->line, text, sizeof(text))) {
        fprintf(stderr, "bench_shell: no hint for '%s'\n", p->line);
        exit(1);
    }
}

static void
run_command(void *ctx)
{
    struct prompt *p = ctx;

    if (cli_run_line(&p->cli, p->line) != CLI_OK) {
        fprintf(stderr, "bench_shell: '%s' fails\n", p->line);
        exit(1);
    }
}

static bool
measure(const struct bench *b, const char *which, bench_fn *run, struct prompt *p)
{
    const double ns = bench_alone(b, which, "time", run, p);

    if (b->quick || ns <= MOST_MS * 1e6)
        return true;
    fprintf(stderr, "bench_shell: %s takes %.1f ms, more than %d\n", which, ns / 1e6, MOST_MS);
    return false;
}

static const struct {
    const char *which, *before, *text;
} completions[] = {
    {"complete a verb",        "",                                              "s"       },
    {"complete every control", "ctl subdevice ",                                ""        },
    {"complete inside names",  "ctl subdevice ",                                "GET_INFO"},
    {"complete every name",    "help ",                                         ""        },
    {"complete a field",       "ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 ", "f"       },
    {"complete a value",       "ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 ",
     "fbInfoList[0].index="                                                               },
};

static const struct {
    const char *which, *line;
} hints[] = {
    {"hint of a verb",        "ctl "                                             },
    {"hint of every control", "ctl subdevice N"                                  },
    {"hint of every name",    "help N"                                           },
    {"hint of a field",       "ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 "    },
    {"hint of a value",       "ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 "
                        "{\"fbInfoList\": [{\"index\": \""},
};

static const char *const searches[] = {
    "schema search FB_GET_INFO",
    "schema search GET",
    "schema search vaSize --kind fields",
    "help NV2080_CTRL_CMD_FB_GET_INFO_V2",
};

int
main(int argc, char **argv)
{
    const struct bench b = bench_init("shell", argc, argv);
    struct prompt p = {
        .cli = {.schema = nvrm_schema_builtin(), .interrupted = &interrupted, .err = stderr}
    };
    bool ok = true;

    p.cli.out = fopen("/dev/null", "w");
    if (!p.cli.out)
        return 1;
    for (size_t i = 0; i < sizeof(completions) / sizeof(completions[0]); i++) {
        p.before = completions[i].before;
        p.text = completions[i].text;
        ok = measure(&b, completions[i].which, run_completion, &p) && ok;
    }
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        p.line = hints[i].line;
        ok = measure(&b, hints[i].which, run_hint, &p) && ok;
    }
    for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
        p.line = searches[i];
        ok = measure(&b, searches[i], run_command, &p) && ok;
    }
    fclose(p.cli.out);
    vars_fini(&p.cli);
    json_decref(p.cli.references);
    return ok ? 0 : 1;
}
