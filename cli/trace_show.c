/* SPDX-License-Identifier: MIT */
/*
 * trace show: every record by name, as it is read. Memory does not grow with the file.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cmds.h"
#include "trace_verbs.h"

struct show {
    unsigned flags;
    bool json;
    uint64_t hashes[UINT8_MAX]; /* of releases that were met; 0: not yet */
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
add_section(struct show *s, const struct gsp_trace_reader *reader, struct gsp_text *out)
{
    const struct gsp_trace_section *section = gsp_trace_section(reader);
    const struct nvrm_abi abi = gsp_trace_abi(reader);
    const time_t start = (time_t)(section->start_unix_ns / 1000000000u);
    char when[32] = "?";
    struct tm tm;

    if (gmtime_r(&start, &tm))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
    gsp_text_printf(out, "# section %u: release %s on %s over %s, %s, by %s (%u): %s\n",
                    gsp_trace_section_number(reader), section->release,
                    section->chip[0] ? section->chip : "?", section->transport, when,
                    section->program, section->pid, level_names(section->levels));
    if (abi.release != NVRM_NO_RELEASE && !s->hashes[abi.release])
        s->hashes[abi.release] = gsp_trace_schema_hash(abi);
    if (abi.release == NVRM_NO_RELEASE)
        gsp_text_printf(out, "# release %s is not known: parameters are shown as bytes\n",
                        section->release);
    else if (section->schema_hash != s->hashes[abi.release])
        gsp_text_puts(out, "# recorded with other tables of this release\n");
}

static int
show_record(void *ctx, struct trace_input *in, const struct gsp_trace_record *record,
            struct gsp_text *out, struct gsp_error *err)
{
    struct show *s = ctx;
    const struct nvrm_abi abi = gsp_trace_abi(in->reader);
    int rc;

    if (!s->json && record->type == GSP_TRACE_SECTION) {
        add_section(s, in->reader, out);
        return 0;
    }
    if (!s->json)
        return gsp_trace_record_text(abi, record, s->flags, out, err);
    rc = gsp_trace_record_json(abi, record, s->flags, out, err);
    gsp_text_add(out, "\n", 1);
    return rc;
}

static const struct nvrm_cmd usage = {.name = "trace show",
                                      .args = "FILE [--filter WORDS] [--raw]",
                                      .min_args = 1,
                                      .max_args = 1};

int
trace_show(struct cli *cli, int argc, char **argv)
{
    struct trace_input in;
    struct show s = {0};
    char *filter;
    int rc = cli_value(cli, &argc, argv, "--filter", &filter);

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
    rc = trace_input_open(cli, argv[1], &in);
    if (rc != CLI_OK)
        return rc;
    cli_page(cli);
    rc = trace_write_all(&in, filter, show_record, &s);
    trace_input_close(&in);
    return rc;
}
