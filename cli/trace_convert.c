/* SPDX-License-Identifier: MIT */
/*
 * trace convert: a trace as other programs read it. pcapng keeps records as they are, JSON
 * lines and Chrome's trace format (Perfetto, about:tracing) have them decoded.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmds.h"
#include "trace_verbs.h"

struct convert {
    unsigned interfaces;
    uint64_t first_ns; /* wall clock of the first section */
    bool any;          /* something was written before */
};

static uint64_t
wall_ns(const struct trace_input *in, const struct gsp_trace_record *record)
{
    return gsp_trace_section(in->reader)->start_unix_ns + record->time_ns;
}

static int
to_pcapng(void *ctx, struct trace_input *in, const struct gsp_trace_record *record,
          struct gsp_text *out, struct gsp_error *err)
{
    struct convert *c = ctx;

    if (!c->any)
        pcapng_begin(out);
    c->any = true;
    if (record->type == GSP_TRACE_SECTION || !c->interfaces) {
        pcapng_interface(out, gsp_trace_section(in->reader));
        c->interfaces++;
    }
    pcapng_packet(out, c->interfaces - 1, wall_ns(in, record), record->raw, record->bytes);
    return out->rc < 0 ? gsp_fail(err, GSP_ORIGIN_LOCAL, out->rc, "out of memory") : 0;
}

static int
to_jsonl(void *ctx, struct trace_input *in, const struct gsp_trace_record *record,
         struct gsp_text *out, struct gsp_error *err)
{
    const int rc = gsp_trace_record_json(gsp_trace_abi(in->reader), record, 0, out, err);

    (void)ctx;
    gsp_text_add(out, "\n", 1);
    return rc;
}

/* Microseconds with three digits behind the point. */
static void
put_us(struct gsp_text *out, const char *key, uint64_t ns)
{
    gsp_text_printf(out, ",\"%s\":%llu.%03u", key, (unsigned long long)(ns / 1000),
                    (unsigned)(ns % 1000));
}

static void
begin_event(struct convert *c, struct gsp_text *out, const char *phase, uint32_t pid,
            uint32_t tid)
{
    gsp_text_puts(out, c->any ? ",\n" : "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
    c->any = true;
    gsp_text_printf(out, "{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u", phase, pid, tid);
}

/* Every section is a process of its own, named after what it is of. */
static void
perfetto_section(struct convert *c, const struct trace_input *in, struct gsp_text *out)
{
    const struct gsp_trace_section *s = gsp_trace_section(in->reader);
    char text[512];

    if (!c->first_ns)
        c->first_ns = s->start_unix_ns;
    snprintf(text, sizeof(text), "%s: GSP-RM %s on %s over %s", s->program, s->release, s->chip,
             s->transport);
    begin_event(c, out, "M", gsp_trace_section_number(in->reader), 0);
    gsp_text_puts(out, ",\"name\":\"process_name\",\"args\":{\"name\":");
    gsp_text_json_string(out, text, strlen(text));
    gsp_text_puts(out, "}}");
}

/* Calls are slices; what happens within one (RPCs, the bus) nests in it by its times. */
static int
to_perfetto(void *ctx, struct trace_input *in, const struct gsp_trace_record *record,
            struct gsp_text *out, struct gsp_error *err)
{
    const struct nvrm_abi abi = gsp_trace_abi(in->reader);
    const bool instant = record->type == GSP_TRACE_EVENT || record->type == GSP_TRACE_RPC_EVENT;
    struct convert *c = ctx;
    uint64_t at_ns;
    char room[64];
    int rc;

    if (record->type == GSP_TRACE_SECTION) {
        perfetto_section(c, in, out);
        return 0;
    }
    if (record->type < GSP_TRACE_RPC)
        return 0;
    at_ns = wall_ns(in, record);
    begin_event(c, out, instant ? "i" : "X", gsp_trace_section_number(in->reader), record->tid);
    put_us(out, "ts", at_ns > c->first_ns ? at_ns - c->first_ns : 0);
    if (instant)
        gsp_text_puts(out, ",\"s\":\"t\"");
    else
        put_us(out, "dur", record->duration_ns);
    gsp_text_printf(out, ",\"cat\":\"%s\",\"name\":\"%s\",\"args\":{\"record\":",
                    gsp_trace_type_info(record->type) ? gsp_trace_type_info(record->type)->name
                                                      : "?",
                    gsp_trace_name(abi, record, room));
    rc = gsp_trace_record_json(abi, record, 0, out, err);
    gsp_text_puts(out, "}}");
    return rc;
}

static const struct {
    const char *name;
    trace_writer *write;
    bool binary;
    const char *end, *empty;
} formats[] = {
    {"pcapng",   to_pcapng,   true,  "",       ""                      },
    {"jsonl",    to_jsonl,    false, "",       ""                      },
    {"perfetto", to_perfetto, false, "\n]}\n", "{\"traceEvents\":[]}\n"},
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

static const struct nvrm_cmd usage = {.name = "trace convert",
                                      .args =
                                          "--to pcapng|jsonl|perfetto FILE [--filter WORDS]",
                                      .min_args = 1,
                                      .max_args = 1};

static int
convert(struct cli *cli, const char *path, const char *filter, unsigned format)
{
    struct convert c = {0};
    struct trace_input in;
    int rc;

    if (formats[format].binary && isatty(STDOUT_FILENO) && cli->out == stdout)
        return cli_usage(cli, "such as trace convert --to pcapng FILE > FILE.pcapng",
                         "%s is binary: write it to a file", formats[format].name);
    rc = trace_input_open(cli, path, &in);
    if (rc != CLI_OK)
        return rc;
    rc = trace_write_all(&in, filter, formats[format].write, &c);
    trace_input_close(&in);
    if (rc == CLI_OK)
        fputs(c.any ? formats[format].end : formats[format].empty, cli->out);
    return rc;
}

int
trace_convert(struct cli *cli, int argc, char **argv)
{
    char *filter, *to = NULL;
    int rc = cli_value(cli, &argc, argv, "--filter", &filter);

    if (rc == CLI_OK)
        rc = cli_value(cli, &argc, argv, "--to", &to);
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &usage, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (!to)
        return cli_usage(cli, "--to pcapng, jsonl or perfetto", "trace convert needs --to");
    for (unsigned i = 0; i < FORMATS; i++) {
        if (!strcmp(formats[i].name, to))
            return convert(cli, argv[1], filter, i);
    }
    return cli_usage(cli, "legal: pcapng, jsonl, perfetto", "--to: there is no format '%s'",
                     to);
}
