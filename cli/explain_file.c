/* SPDX-License-Identifier: MIT */
/*
 * explain FILE: a kernel log or bug report line by line, or a CrashCat dump.
 *
 * Names are those of the release that the log names, or of -F.
 */
#include <errno.h>
#include <string.h>

#include "explain.h"

struct reading {
    struct cli *cli;
    struct nvrm_abi abi;
    bool fixed; /* the release was asked for with -F */
    json_t *doc, *findings, *xids;
    json_t *table, *crash; /* what the next rows and registers belong to; borrowed */
};

json_t *
explain_span(struct gsp_crash_span span)
{
    char text[512];
    size_t n = 0;

    for (; n < span.bytes && n < sizeof(text) - 1; n++)
        text[n] = span.text[n] >= 0x20 && span.text[n] < 0x7f ? span.text[n] : '?';
    return json_stringn(text, n);
}

static json_t *
add(struct reading *r, const struct gsp_crash_line *line, const char *kind)
{
    json_t *o = json_pack("{s:i, s:s}", "line", (int)line->number, "kind", kind);

    if (line->gpu >= 0)
        json_object_set_new(o, "gpu", json_integer(line->gpu));
    json_array_append_new(r->findings, o);
    return o;
}

/* Name and meaning, looked up once a number. */
static void
name_xid(struct reading *r, uint32_t number, json_t *o)
{
    const struct nvrm_const *c;
    json_t *known;
    char key[16];

    snprintf(key, sizeof(key), "%u", number);
    known = json_object_get(r->xids, key);
    if (!known) {
        c = explain_find_xid(r->abi, key);
        known = json_object();
        if (c)
            json_object_set_new(known, "name", json_string(nvrm_str(r->abi.schema, c->name)));
        if (c && c->doc)
            json_object_set_new(known, "doc", json_string(nvrm_str(r->abi.schema, c->doc)));
        json_object_set_new(r->xids, key, known);
    }
    json_object_update(o, known);
}

static void
on_xid(struct reading *r, const struct gsp_crash_line *line)
{
    json_t *o = add(r, line, "xid");

    json_object_set_new(o, "xid", json_integer(line->xid.number));
    name_xid(r, line->xid.number, o);
    json_object_set_new(o, "device", explain_span(line->xid.device));
    if (line->xid.gpu_instance >= 0)
        json_object_set_new(o, "gpu_instance", json_integer(line->xid.gpu_instance));
    if (line->xid.compute_instance >= 0)
        json_object_set_new(o, "compute_instance", json_integer(line->xid.compute_instance));
    if (line->xid.has_pid)
        json_object_set_new(o, "pid", json_integer(line->xid.pid));
    if (line->xid.process.bytes)
        json_object_set_new(o, "process", explain_span(line->xid.process));
    if (line->xid.previous)
        json_object_set_new(o, "caused_by", json_integer(line->xid.previous));
    json_object_set_new(o, "message", explain_span(line->xid.message));
}

static void
on_timeout(struct reading *r, const struct gsp_crash_line *line)
{
    json_t *o = add(r, line, "rpc-timeout");

    if (line->rpc.seconds)
        json_object_set_new(o, "seconds", json_integer((json_int_t)line->rpc.seconds));
    explain_rpc_data(r->abi, &line->rpc, o);
}

static void
on_table(struct reading *r, const struct gsp_crash_line *line)
{
    r->table = add(r, line, "rpc-history");
    json_object_set_new(r->table, "direction",
                        json_string(line->rpc.event ? "GSP to CPU" : "CPU to GSP"));
    json_object_set_new(r->table, "rows", json_array());
}

static void
on_row(struct reading *r, const struct gsp_crash_line *line)
{
    const struct gsp_crash_rpc *rpc = &line->rpc;
    json_t *row;

    if (!r->table)
        on_table(r, line);
    row = json_pack("{s:i}", "entry", (int)rpc->index);
    explain_rpc_data(r->abi, rpc, row);
    if (rpc->columns != GSP_CRASH_COLUMNS_DATA) {
        json_object_set_new(row, "start", cli_hex(rpc->start));
        if (rpc->end)
            json_object_set_new(row, "end", cli_hex(rpc->end));
        if (rpc->duration_us)
            json_object_set_new(row, "duration_us", json_integer((json_int_t)rpc->duration_us));
        json_object_set_new(row, "pending", json_boolean(!rpc->end));
        json_object_set_new(row, rpc->event ? "during_pending_rpc" : "polling",
                            json_boolean(rpc->marked));
    }
    json_array_append_new(json_object_get(r->table, "rows"), row);
}

static void
on_failure(struct reading *r, const struct gsp_crash_line *line)
{
    json_t *o = add(r, line, line->failure.check ? "check" : "assert");
    const char *name;

    if (line->failure.has_status) {
        name = nvrm_status_name(r->abi, line->failure.status);
        json_object_set_new(o, "status", json_string(name ? name : "?"));
        json_object_set_new(o, "status_code", cli_hex(line->failure.status));
    }
    json_object_set_new(o, "expression", explain_span(line->failure.expression));
    if (line->failure.where.bytes)
        json_object_set_new(o, "where", explain_span(line->failure.where));
}

static void
on_crash(struct reading *r, const struct gsp_crash_line *line)
{
    r->crash = add(r, line, "crash");
    explain_crash_source(line, r->crash);
}

/* CSRs and GPRs by name, I/O registers by offset. */
static void
on_registers(struct reading *r, const struct gsp_crash_line *line)
{
    for (unsigned i = 0; r->crash && i < line->values.count; i++) {
        const struct gsp_crash_span name = line->values.names[i];
        const char *key = name.bytes > 2 && name.text[0] == '0' ? "io" : "registers";
        char text[32];

        if (!json_object_get(r->crash, key))
            json_object_set_new(r->crash, key, json_object());
        snprintf(text, sizeof(text), "%.*s", (int)name.bytes, name.text);
        json_object_set_new(json_object_get(r->crash, key), text,
                            cli_hex(line->values.values[i]));
    }
}

static void
on_addresses(struct reading *r, const struct gsp_crash_line *line)
{
    for (unsigned i = 0; r->crash && i < line->values.count; i++) {
        if (!json_object_get(r->crash, "stack"))
            json_object_set_new(r->crash, "stack", json_array());
        json_array_append_new(json_object_get(r->crash, "stack"),
                              cli_hex(line->values.values[i]));
    }
}

/* The log says which driver wrote it. */
static void
on_driver(struct reading *r, const struct gsp_crash_line *line)
{
    char release[32];
    nvrm_release known;

    snprintf(release, sizeof(release), "%.*s", (int)line->text.bytes, line->text.text);
    json_object_set_new(r->doc, "driver", json_string(release));
    known = nvrm_release_find(r->abi.schema, release);
    if (known == NVRM_NO_RELEASE)
        known = nvrm_release_nearest(r->abi.schema, release);
    if (!r->fixed && known != NVRM_NO_RELEASE) {
        r->abi.release = known;
        json_object_clear(r->xids);
    }
}

static int
on_line(void *ctx, const struct gsp_crash_line *line)
{
    struct reading *r = ctx;

    switch (line->kind) {
    case GSP_CRASH_DRIVER:
        on_driver(r, line);
        break;
    case GSP_CRASH_XID:
        on_xid(r, line);
        break;
    case GSP_CRASH_RPC_TIMEOUT:
        on_timeout(r, line);
        break;
    case GSP_CRASH_RPC_BUFFER:
        explain_rpc_data(r->abi, &line->rpc, add(r, line, "rpc-buffer"));
        break;
    case GSP_CRASH_RPC_TABLE:
        on_table(r, line);
        break;
    case GSP_CRASH_RPC_ROW:
        on_row(r, line);
        break;
    case GSP_CRASH_ASSERT:
        on_failure(r, line);
        break;
    case GSP_CRASH_SOURCE:
        on_crash(r, line);
        break;
    case GSP_CRASH_REPORTER:
        if (r->crash)
            json_object_set_new(r->crash, "reported_by", explain_span(line->text));
        break;
    case GSP_CRASH_REGISTERS:
        on_registers(r, line);
        break;
    case GSP_CRASH_ADDRESSES:
        on_addresses(r, line);
        break;
    case GSP_CRASH_END:
        r->crash = NULL;
        break;
    case GSP_CRASH_SECTION:
        break;
    }
    return 0;
}

static int
explain_log(struct cli *cli, struct nvrm_abi abi, const struct fw_file *f)
{
    struct reading r = {.cli = cli, .abi = abi, .fixed = cli->options.firmware != NULL};
    int rc;

    r.doc = json_pack("{s:s, s:s}", "kind", "log", "file", f->src.name);
    r.findings = json_array();
    r.xids = json_object();
    gsp_crash_scan((const char *)f->src.data, f->src.bytes, on_line, &r);
    json_object_set_new(r.doc, "release",
                        json_string(nvrm_release_name(abi.schema, r.abi.release)));
    json_object_set_new(r.doc, "findings", r.findings);
    json_decref(r.xids);
    if (!json_array_size(r.findings))
        cli_note(cli, "%s: no Xid, RPC history, crash report or assertion in it", f->src.name);
    rc = cli_emit(cli, &(struct cli_doc){.json = r.doc, .text = explain_print_log});
    return rc;
}

static int
explain_dump(struct cli *cli, const struct fw_file *f)
{
    struct gsp_error err = {0};
    json_t *doc = explain_crash_reports(f, &err);

    if (!doc)
        return cli_fail(cli, &err);
    return cli_emit(cli, &(struct cli_doc){.json = doc, .text = explain_print_crash});
}

/* Text has no zero bytes near its beginning. */
static bool
is_text(const struct fw_file *f)
{
    const size_t n = f->src.bytes < 4096 ? (size_t)f->src.bytes : 4096;

    return !n || !memchr(f->src.data, 0, n);
}

int
explain_file(struct cli *cli, const char *path, const char *kind)
{
    struct gsp_error err = {0};
    struct nvrm_abi abi;
    struct fw_file f;
    int rc;

    if (cli_abi(cli, &abi, &err) < 0 || fw_file_read(path, &f, &err) < 0)
        return cli_fail(cli, &err);
    if (gsp_crash_is_report(f.src.data, f.src.bytes) || (kind && !is_text(&f)))
        rc = explain_dump(cli, &f);
    else if (is_text(&f))
        rc = explain_log(cli, abi, &f);
    else
        rc = cli_usage(cli,
                       "kernel logs, bug reports and CrashCat dumps are; log gsp reads GSP "
                       "logs, fw info firmware",
                       "%s is nothing that explain reads", path);
    fw_file_free(&f);
    return rc;
}
