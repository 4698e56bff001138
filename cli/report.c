/* SPDX-License-Identifier: MIT */
/*
 * Messages: everything that is not data goes to stderr from here. With a JSON format an error
 * is an object with its hint.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* One row per origin: the exit code and what the origin is called in JSON. */
static const struct {
    int code;
    const char *name;
} origins[] = {
    [GSP_ORIGIN_NONE] = {CLI_INTERNAL,  "internal" },
    [GSP_ORIGIN_LOCAL] = {CLI_INTERNAL,  "local"    },
    [GSP_ORIGIN_INPUT] = {CLI_USAGE,     "input"    },
    [GSP_ORIGIN_TRANSPORT] = {CLI_NO_DEVICE, "transport"},
    [GSP_ORIGIN_POLICY] = {CLI_REFUSED,   "policy"   },
    [GSP_ORIGIN_RM] = {CLI_RM_STATUS, "rm"       },
    [GSP_ORIGIN_PROTOCOL] = {CLI_PROTOCOL,  "protocol" },
    [GSP_ORIGIN_LOST] = {CLI_LOST,      "lost"     },
    [GSP_ORIGIN_RELEASE] = {CLI_RELEASE,   "release"  },
    [GSP_ORIGIN_DIVERGED] = {CLI_DIVERGED,  "diverged" },
};

int
cli_exit_code(const struct gsp_error *err)
{
    if (err->origin == GSP_ORIGIN_TRANSPORT && (err->rc == -EACCES || err->rc == -EPERM))
        return CLI_REFUSED;
    return origins[err->origin].code;
}

const char *
cli_paint(const struct cli *cli, FILE *to, const char *code)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    if (cli->options.color == CLI_COLOR_NEVER)
        return "";
    if (cli->options.color == CLI_COLOR_AUTO &&
        ((no_color && *no_color) || (term && !strcmp(term, "dumb")) ||
         (to != cli->pager && !isatty(fileno(to)))))
        return "";
    return code;
}

static void
print_json(struct cli *cli, const struct gsp_error *err)
{
    json_t *o = json_pack("{s:s, s:s, s:i}", "origin", origins[err->origin].name, "message",
                          err->text, "exit_code", cli_exit_code(err));
    json_t *outer = json_object();

    if (err->hint[0])
        json_object_set_new(o, "hint", json_string(err->hint));
    if (err->origin == GSP_ORIGIN_RM) {
        struct nvrm_abi abi = {cli->schema, nvrm_release_newest(cli->schema)};
        const char *name;

        (void)cli_abi(cli, &abi, NULL);
        name = nvrm_status_name(abi, err->nv_status);
        json_object_set_new(o, "status", json_string(name ? name : "?"));
        json_object_set_new(o, "status_code", cli_hex(err->nv_status));
    }
    json_object_set_new(outer, "error", o);
    json_dumpf(outer, cli->err, JSON_COMPACT);
    fputc('\n', cli->err);
    json_decref(outer);
}

/* Errors of the libraries know no verbs; where they have no hint, this program has one. */
static void
add_hint(struct gsp_error *err)
{
    if (err->hint[0])
        return;
    if (err->origin == GSP_ORIGIN_INPUT)
        gsp_hint(err, "nvrm-cli help VERB shows what a verb takes, schema search finds names");
    if (err->origin == GSP_ORIGIN_RM)
        gsp_hint(err, "nvrm-cli explain status 0x%x says more", err->nv_status);
    if (err->origin == GSP_ORIGIN_PROTOCOL)
        gsp_hint(err, "--timeout SECONDS waits longer");
}

int
cli_fail(struct cli *cli, const struct gsp_error *problem)
{
    const enum cli_format format = cli->options.format;
    struct gsp_error own = *problem;
    const struct gsp_error *err = &own;

    /* The wait ended because the user said so; how long it would have lasted is no news. */
    if (cli->interrupted && *cli->interrupted && own.origin == GSP_ORIGIN_PROTOCOL) {
        fputs("interrupted\n", cli->err);
        return CLI_INTERRUPTED;
    }
    add_hint(&own);
    if (cli->out)
        fflush(cli->out);
    if (format == CLI_JSON || format == CLI_JSONL) {
        print_json(cli, err);
        return cli_exit_code(err);
    }
    fprintf(cli->err, "%serror:%s %s\n", cli_paint(cli, cli->err, "\033[1;31m"),
            cli_paint(cli, cli->err, "\033[0m"), err->text);
    if (err->hint[0])
        fprintf(cli->err, "hint: %s\n", err->hint);
    return cli_exit_code(err);
}

int
cli_usage(struct cli *cli, const char *hint, const char *format, ...)
{
    struct gsp_error err = {.origin = GSP_ORIGIN_INPUT, .rc = -EINVAL};
    va_list args;

    va_start(args, format);
    vsnprintf(err.text, sizeof(err.text), format, args);
    va_end(args);
    snprintf(err.hint, sizeof(err.hint), "%s", hint ? hint : "");
    return cli_fail(cli, &err);
}

int
cli_out_of_memory(struct cli *cli)
{
    struct gsp_error err = {0};

    gsp_fail(&err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    return cli_fail(cli, &err);
}

void
cli_note(struct cli *cli, const char *format, ...)
{
    va_list args;

    if (cli->options.quiet)
        return;
    va_start(args, format);
    vfprintf(cli->err, format, args);
    va_end(args);
    fputc('\n', cli->err);
}
