/* SPDX-License-Identifier: MIT */
/*
 * CrashCat: dumps of a report queue, and the same report as the driver printed it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gsp/session.h>
#include <nvrm/regs.h>

#include "card.h"
#include "explain.h"
#include "session.h"

enum { MOST_BYTES = 1 << 20 }; /* of a queue */

static json_t *
who(const struct gsp_crash_who *w, enum gsp_crash_writer writer)
{
    json_t *o = json_pack("{s:s}", "mode", gsp_crash_mode_name(writer, w->mode));

    if (w->partition != 255)
        json_object_set_new(o, "partition", json_integer(w->partition));
    if (w->ucode != 255)
        json_object_set_new(o, "ucode", json_integer(w->ucode));
    if (w->task != 255)
        json_object_set_new(o, "task", json_integer(w->task));
    return o;
}

static json_t *
addresses(const struct gsp_crash_values *v)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < v->count; i++)
        json_array_append_new(array, cli_hex(gsp_crash_value(v, i)));
    return array;
}

static json_t *
registers(const struct gsp_crash_report *r)
{
    json_t *o = json_object();

    for (unsigned i = 0; i < r->csrs.count; i++)
        json_object_set_new(o, gsp_crash_csr_name(r->csr_mode, i),
                            cli_hex(gsp_crash_value(&r->csrs, i)));
    for (unsigned i = 0; i < r->gprs.count; i++)
        json_object_set_new(o, gsp_crash_gpr_name(i), cli_hex(gsp_crash_value(&r->gprs, i)));
    return o;
}

static json_t *
io_registers(const struct gsp_crash_values *v)
{
    json_t *o = json_object();
    char offset[16];

    for (uint32_t i = 0; i < v->count; i++) {
        const uint64_t pair = gsp_crash_value(v, i);

        snprintf(offset, sizeof(offset), "0x%08x", (unsigned)(pair >> 32));
        json_object_set_new(o, offset, cli_hex32((uint32_t)pair));
    }
    return o;
}

static json_t *
report_doc(const struct gsp_crash_report *r)
{
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:I}", "kind", "crash", "writer",
                  gsp_crash_writer_name(r->writer), "cause", gsp_crash_cause_name(r->cause),
                  "reason", gsp_crash_why(r), "pc", cli_hex(r->pc), "data", cli_hex(r->data),
                  "source", who(&r->source, r->writer), "reporter",
                  who(&r->reporter, r->writer), "timestamp", (json_int_t)r->timestamp);

    json_object_set_new(o, "containment",
                        json_string(gsp_crash_containment_name(r->containment)));
    if (r->writer != GSP_CRASH_UNKNOWN)
        json_object_set_new(o, "version",
                            json_sprintf("%u.%u.%u", r->version >> 28, r->version >> 24 & 0xf,
                                         r->version & 0xffffff));
    else
        json_object_set_new(o, "writer_id", cli_hex(r->writer_id));
    if (r->csrs.count || r->gprs.count)
        json_object_set_new(o, "registers", registers(r));
    if (r->stack.count)
        json_object_set_new(o, "stack", addresses(&r->stack));
    if (r->pc_trace.count)
        json_object_set_new(o, "pc_trace", addresses(&r->pc_trace));
    if (r->io.count)
        json_object_set_new(o, "io", io_registers(&r->io));
    if (r->skipped)
        json_object_set_new(o, "unknown_packets", json_integer(r->skipped));
    return o;
}

json_t *
explain_crash_reports(const struct fw_file *f, struct gsp_error *err)
{
    json_t *reports = json_array();
    struct gsp_crash_report r;
    uint64_t off = 0;
    int rc;

    while ((rc = gsp_crash_report_next(&f->src, &off, &r, err)) == 0)
        json_array_append_new(reports, report_doc(&r));
    if (rc == -ENOENT && json_array_size(reports))
        return json_pack("{s:s, s:s, s:o}", "kind", "crash", "file", f->src.name, "reports",
                         reports);
    if (rc == -ENOENT)
        gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "%s holds no crash report", f->src.name);
    json_decref(reports);
    return NULL;
}

static void
print_none(struct cli *cli, const json_t *doc)
{
    fprintf(cli->out, "no crash report: %s\n", cli_str(doc, "reason"));
}

static json_t *
no_crash(void)
{
    return json_pack("{s:n, s:s}", "crash", "reason",
                     "the card's GSP has not crashed, or left no report");
}

static int
fetch(struct cli *cli, struct gsp_bus *bus, struct gsp_backend *b)
{
    struct fw_file f = {.src = {.name = "the card's GSP"}};
    struct gsp_error err = {0};
    uint8_t *packets = malloc(MOST_BYTES);
    json_t *doc = NULL;
    size_t bytes;
    int rc;

    if (!packets)
        return cli_out_of_memory(cli);
    rc = b ? gsp_rm_crash_fetch(b, packets, MOST_BYTES, &bytes, &err)
           : gsp_crash_fetch(bus, NV_PGSP__BASE, NULL, packets, MOST_BYTES, &bytes, &err);
    if (rc == -ENOENT) {
        free(packets);
        return cli_emit(cli, &(struct cli_doc){.json = no_crash(), .text = print_none});
    }
    if (rc == 0) {
        f.src.data = packets;
        f.src.bytes = bytes;
        doc = explain_crash_reports(&f, &err);
    } else {
        gsp_hint(&err, "explain crash FILE reads a dump, explain FILE a kernel log");
    }
    free(packets);
    return doc ? cli_emit(cli, &(struct cli_doc){.json = doc, .text = explain_print_crash})
               : cli_fail(cli, &err);
}

/* Looks at registers only: nothing is booted. */
static int
fetch_closed(struct cli *cli)
{
    struct cli_card card = {0};
    struct transport_spec spec;
    struct gsp_error err = {0};
    struct nvrm_abi abi;
    int rc = cli_abi(cli, &abi, &err);

    if (rc == 0)
        rc = transport_spec_parse(&cli->options, &spec, &err);
    if (rc < 0)
        return cli_fail(cli, &err);
    rc = cli_card_open(&spec, abi, &cli->host, &card, &err);
    rc = rc < 0 ? cli_fail(cli, &err) : fetch(cli, card.bus, NULL);
    cli_card_close(&card);
    transport_spec_fini(&spec);
    return rc;
}

int
explain_crash_live(struct cli *cli)
{
    struct gsp_error err = {0};
    struct cli_session *s;
    struct gsp_backend *b;

    if (!cli->session)
        return fetch_closed(cli);
    if (session_get(cli, &s, &err) < 0)
        return cli_fail(cli, &err);
    b = rm_client_backend(session_client(s));
    if (gsp_rm_bus(b))
        return fetch(cli, gsp_rm_bus(b), b);
    gsp_fail(&err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP, "the transport %s shows no registers",
             session_transport(s));
    return cli_fail(cli, &err);
}

void
explain_crash_source(const struct gsp_crash_line *line, json_t *finding)
{
    const bool exception = line->source.cause == GSP_CRASH_EXCEPTION;

    json_object_set_new(finding, "engine", explain_span(line->source.engine));
    json_object_set_new(finding, "mode",
                        json_string(gsp_crash_mode_name(GSP_CRASH_UNKNOWN, line->source.mode)));
    json_object_set_new(finding, "cause",
                        json_string(gsp_crash_cause_name(line->source.cause)));
    if (line->source.why.bytes)
        json_object_set_new(finding, "reason",
                            exception
                                ? json_string(gsp_crash_riscv_cause_name(line->source.number))
                                : explain_span(line->source.why));
    json_object_set_new(finding, "number", cli_hex(line->source.number));
    json_object_set_new(finding, "pc", cli_hex(line->source.pc));
    if (line->source.aux)
        json_object_set_new(finding, "data", cli_hex(line->source.aux));
    if (line->source.has_who)
        json_object_set_new(finding, "source", who(&line->source.who, GSP_CRASH_UNKNOWN));
}

static void
print_map(struct cli *cli, const char *title, const json_t *map)
{
    const char *name;
    json_t *value;
    unsigned n = 0;

    json_object_foreach((json_t *)map, name, value)
    {
        if (n % 4 == 0)
            fprintf(cli->out, "%s  %-9s", n ? "\n" : "", n ? "" : title);
        fprintf(cli->out, " %s=%s", name, json_string_value(value));
        n++;
    }
    if (n)
        fputc('\n', cli->out);
}

static void
print_list(struct cli *cli, const char *title, const json_t *list)
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
        fprintf(cli->out, "  %-9s %s\n", i ? "" : title, json_string_value(item));
}

static void
print_who(struct cli *cli, const char *title, const json_t *o)
{
    static const char *const keys[] = {"partition", "ucode", "task"};

    if (!o)
        return;
    fprintf(cli->out, "  %-9s %s", title, cli_str(o, "mode"));
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (json_object_get(o, keys[i]))
            fprintf(cli->out, " %s %lld", keys[i],
                    (long long)json_integer_value(json_object_get(o, keys[i])));
    fputc('\n', cli->out);
}

static void
print_one(struct cli *cli, const json_t *r)
{
    fprintf(cli->out, "%s%s%s %s: %s, at pc %s", cli_str(r, "engine"),
            *cli_str(r, "engine") ? " " : "", "crash", cli_str(r, "cause"),
            *cli_str(r, "reason") ? cli_str(r, "reason") : "no reason given", cli_str(r, "pc"));
    if (*cli_str(r, "data"))
        fprintf(cli->out, ", data %s", cli_str(r, "data"));
    fputc('\n', cli->out);
    print_who(cli, "source", json_object_get(r, "source"));
    print_who(cli, "reporter", json_object_get(r, "reporter"));
    if (*cli_str(r, "reported_by"))
        fprintf(cli->out, "  reporter  %s\n", cli_str(r, "reported_by"));
    if (*cli_str(r, "version"))
        fprintf(cli->out, "  writer    %s, version %s\n", cli_str(r, "writer"),
                cli_str(r, "version"));
    print_map(cli, "registers", json_object_get(r, "registers"));
    print_list(cli, "stack", json_object_get(r, "stack"));
    print_list(cli, "trace", json_object_get(r, "pc_trace"));
    print_map(cli, "io", json_object_get(r, "io"));
}

void
explain_print_crash(struct cli *cli, const json_t *doc)
{
    const json_t *reports = json_object_get(doc, "reports");
    const json_t *r;
    size_t i;

    if (!reports) {
        print_one(cli, doc);
        return;
    }
    json_array_foreach(reports, i, r) print_one(cli, r);
}
