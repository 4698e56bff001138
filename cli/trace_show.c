/* SPDX-License-Identifier: MIT */
/*
 * trace show: every record by name, as it is read. Memory does not grow with the file.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cmds.h"
#include "trace_verbs.h"

enum { FLUSH_ABOVE = 64 << 10 };

struct show {
    struct cli *cli;
    struct trace_input in;
    char *filter;
    unsigned flags;
    bool json;
    struct gsp_text text;
};

static const char *
level_names(uint32_t levels)
{
    if (levels & GSP_TRACE_LEVEL_IOCTL)
        return "ioctls";
    if (levels & GSP_TRACE_LEVEL_BUS)
        return "calls, RPCs and bus";
    return levels & GSP_TRACE_LEVEL_RPC ? "calls and RPCs" : "calls";
}

/* A line that says what the records below it belong to. */
static void
add_section(struct show *s)
{
    const struct gsp_trace_section *section = gsp_trace_section(s->in.reader);
    const struct nvrm_abi abi = gsp_trace_abi(s->in.reader);
    const time_t start = (time_t)(section->start_unix_ns / 1000000000u);
    char when[32] = "?";
    struct tm tm;

    if (gmtime_r(&start, &tm))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
    gsp_text_printf(&s->text, "# section %u: release %s on %s over %s, %s, by %s (%u): %s\n",
                    gsp_trace_section_number(s->in.reader), section->release,
                    section->chip[0] ? section->chip : "?", section->transport, when,
                    section->program, section->pid, level_names(section->levels));
    if (abi.release == NVRM_NO_RELEASE)
        gsp_text_printf(&s->text, "# release %s is not known: parameters are shown as bytes\n",
                        section->release);
    else if (section->schema_hash != gsp_trace_schema_hash(abi))
        gsp_text_puts(&s->text, "# recorded with other tables of this release\n");
}

static int
show_record(struct show *s, const struct gsp_trace_record *record, struct gsp_error *err)
{
    const struct nvrm_abi abi = gsp_trace_abi(s->in.reader);
    int rc = 0;

    if (record->type == GSP_TRACE_SECTION && !s->json)
        add_section(s);
    else if (!trace_matches(s->filter, abi, record))
        return 0;
    else if (s->json)
        rc = gsp_trace_record_json(abi, record, s->flags, &s->text, err);
    else
        rc = gsp_trace_record_text(abi, record, s->flags, &s->text, err);
    if (s->json)
        gsp_text_add(&s->text, "\n", 1);
    return rc;
}

static int
fail_write(struct cli *cli)
{
    struct gsp_error err = {0};

    gsp_fail(&err, GSP_ORIGIN_LOCAL, -EIO, "cannot write the result");
    return cli_fail(cli, &err);
}

static int
show_all(struct show *s)
{
    struct gsp_trace_record record;
    struct gsp_error err = {0};
    int rc;

    while ((rc = trace_input_next(&s->in, &record)) == CLI_OK) {
        if (show_record(s, &record, &err) < 0)
            return cli_fail(s->cli, &err);
        if (!trace_flush(s->cli, &s->text, FLUSH_ABOVE))
            return fail_write(s->cli);
    }
    if (!trace_flush(s->cli, &s->text, 0))
        return fail_write(s->cli);
    return rc < 0 ? CLI_OK : rc;
}

static const struct nvrm_cmd usage = {.name = "trace show",
                                      .args = "FILE [--filter WORDS] [--raw]",
                                      .min_args = 1,
                                      .max_args = 1};

int
trace_show(struct cli *cli, int argc, char **argv)
{
    struct show s = {.cli = cli};
    int rc = cli_value(cli, &argc, argv, "--filter", &s.filter);

    if (rc != CLI_OK)
        return rc;
    s.flags = cli_flag(&argc, argv, "--raw") ? GSP_TRACE_SHOW_RAW : 0;
    rc = cli_check_args(cli, &usage, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    s.json = cli->options.format == CLI_JSON || cli->options.format == CLI_JSONL;
    if (!s.json && cli->options.format != CLI_TEXT)
        return cli_usage(cli, "text and jsonl can be written as they are read",
                         "trace show writes text or JSON lines");
    rc = trace_input_open(cli, argv[1], &s.in);
    if (rc != CLI_OK)
        return rc;
    cli_page(cli);
    rc = show_all(&s);
    trace_input_close(&s.in);
    gsp_text_fini(&s.text);
    return rc;
}
