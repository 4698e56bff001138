/* SPDX-License-Identifier: MIT */
/*
 * The findings of a kernel log or bug report: one document for each thing that a line, or a
 * table below it, says. Numbers get the names of the release that the log names.
 */
#include <string.h>

#include "explain.h"
#include "xid.h"

json_t *
explain_span(struct gsp_crash_span span)
{
    char text[512];
    size_t n = 0;

    for (; n < span.bytes && n < sizeof(text) - 1; n++) {
        text[n] = span.text[n];
        if (text[n] < 0x20 || text[n] >= 0x7f)
            text[n] = '?';
    }
    return json_stringn(text, n);
}

static json_t *
add(struct explain_reading *r, const struct gsp_crash_line *line, const char *kind)
{
    json_t *o = json_pack("{s:i, s:s}", "line", (int)line->number, "kind", kind);

    if (line->gpu >= 0)
        json_object_set_new(o, "gpu", json_integer(line->gpu));
    if (line->stamp.bytes)
        json_object_set_new(o, "time", explain_span(line->stamp));
    if (r->part[0])
        json_object_set_new(o, "part", json_string(r->part));
    json_array_append_new(r->findings, o);
    return o;
}

/* Name and meaning, looked up once a number. */
static void
name_xid(struct explain_reading *r, uint32_t number, json_t *o)
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
        xid_describe(number, known);
        json_object_set_new(r->xids, key, known);
    }
    json_object_update(o, known);
}

/* "PCI:0000:01:00" and "0000:01:00.0" are the same device. */
static void
set_device(json_t *o, struct gsp_crash_span device)
{
    size_t n = device.bytes;

    if (n > 4 && !memcmp(device.text, "PCI:", 4)) {
        device.text += 4;
        device.bytes = n -= 4;
    }
    if (n > 2 && device.text[n - 2] == '.')
        device.bytes -= 2;
    if (device.bytes)
        json_object_set_new(o, "device", explain_span(device));
}

static void
set_span(json_t *o, const char *key, struct gsp_crash_span span)
{
    if (span.bytes)
        json_object_set_new(o, key, explain_span(span));
}

/* Exception registers: which unit's they are follows from the address (0x500000 + GPC * 0x8000
 * + 0x4000 + TPC * 0x800). */
static json_t *
exception_register(uint32_t reg, uint32_t value)
{
    const uint32_t in_gpcs = reg - 0x500000, in_gpc = in_gpcs & 0x7fff;
    json_t *o = json_object();

    json_object_set_new(o, "register", cli_hex(reg));
    json_object_set_new(o, "value", cli_hex(value));
    if (reg >= 0x500000 && reg < 0x580000 && in_gpc >= 0x4000 && in_gpc < 0x7000)
        json_object_set_new(o, "unit",
                            json_sprintf("GPC %u, TPC %u, +0x%x", in_gpcs >> 15,
                                         (in_gpc - 0x4000) >> 11, in_gpc & 0x7ff));
    return o;
}

/* What the firmware's own words say, as fields. */
static void
set_fault(struct explain_reading *r, struct gsp_crash_span message, json_t *o)
{
    const struct nvrm_class *cls;
    struct gsp_crash_fault f;

    gsp_crash_fault(message, &f);
    set_span(o, "engine", f.engine);
    set_span(o, "client", f.client);
    set_span(o, "fault", f.type);
    set_span(o, "access", f.access);
    set_span(o, "unit", f.unit);
    set_span(o, "exception", f.what);
    set_span(o, "recovery", f.action);
    if (f.has_address)
        json_object_set_new(o, "address", cli_hex(f.address));
    if (f.has_channel)
        json_object_set_new(o, "channel", cli_hex(f.channel));
    if (f.has_link)
        json_object_set_new(o, "link", json_integer(f.link));
    cls = f.has_class && f.class_id <= UINT32_MAX
              ? nvrm_class_by_id(r->abi, (uint32_t)f.class_id)
              : NULL;
    if (f.has_class)
        json_object_set_new(o, "class",
                            cls ? json_string(nvrm_str(r->abi.schema, cls->name))
                                : cli_hex(f.class_id));
    if (f.has_method)
        json_object_set_new(o, "method", cli_hex(f.method));
    if (f.esrs)
        json_object_set_new(o, "esr", json_array());
    for (unsigned i = 0; i < f.esrs; i++)
        json_array_append_new(json_object_get(o, "esr"),
                              exception_register(f.esr[i].reg, f.esr[i].value));
}

static void
on_xid(struct explain_reading *r, const struct gsp_crash_line *line)
{
    json_t *o = add(r, line, "xid");

    json_object_set_new(o, "xid", json_integer(line->xid.number));
    name_xid(r, line->xid.number, o);
    set_device(o, line->xid.device);
    set_fault(r, line->xid.message, o);
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

/* What a status means, from the schema. */
static void
set_status_doc(struct explain_reading *r, const char *name, json_t *o)
{
    const struct nvrm_const *c = name ? nvrm_status_find(r->abi, name) : NULL;

    if (c && c->doc)
        json_object_set_new(o, "doc", json_string(nvrm_str(r->abi.schema, c->doc)));
}

static void
set_failure(struct explain_reading *r, uint32_t status, json_t *o)
{
    const char *name = status ? nvrm_status_name(r->abi, status) : NULL;

    if (!status)
        return;
    json_object_set_new(o, "status", json_string(name ? name : "?"));
    json_object_set_new(o, "status_code", cli_hex(status));
}

static void
on_timeout(struct explain_reading *r, const struct gsp_crash_line *line)
{
    json_t *o = add(r, line, "rpc-timeout");

    if (line->rpc.seconds)
        json_object_set_new(o, "seconds", json_integer((json_int_t)line->rpc.seconds));
    set_failure(r, line->rpc.failure, o);
    explain_rpc_data(r->abi, &line->rpc, o);
}

static void
on_table(struct explain_reading *r, const struct gsp_crash_line *line)
{
    r->table = add(r, line, "rpc-history");
    json_object_set_new(r->table, "direction",
                        json_string(line->rpc.event ? "GSP to CPU" : "CPU to GSP"));
    json_object_set_new(r->table, "rows", json_array());
}

static void
on_row(struct explain_reading *r, const struct gsp_crash_line *line)
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
on_failure(struct explain_reading *r, const struct gsp_crash_line *line)
{
    json_t *o = add(r, line, line->failure.check ? "check" : "assert");
    const char *name;

    if (line->failure.has_status) {
        name = nvrm_status_name(r->abi, line->failure.status);
        json_object_set_new(o, "status", json_string(name ? name : "?"));
        json_object_set_new(o, "status_code", cli_hex(line->failure.status));
        set_status_doc(r, name, o);
    }
    json_object_set_new(o, "expression", explain_span(line->failure.expression));
    if (line->failure.where.bytes)
        json_object_set_new(o, "where", explain_span(line->failure.where));
}

static void
on_crash(struct explain_reading *r, const struct gsp_crash_line *line)
{
    r->crash = add(r, line, "crash");
    explain_crash_source(line, r->crash);
}

/* CSRs and GPRs by name, I/O registers by offset. */
static void
on_registers(struct explain_reading *r, const struct gsp_crash_line *line)
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
on_addresses(struct explain_reading *r, const struct gsp_crash_line *line)
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
on_driver(struct explain_reading *r, const struct gsp_crash_line *line)
{
    char release[32];
    nvrm_release known;

    snprintf(release, sizeof(release), "%.*s", (int)line->text.bytes, line->text.text);
    json_object_set_new(r->doc, "driver", json_string(release));
    if (line->loaded)
        json_object_set_new(add(r, line, "driver-loaded"), "driver", json_string(release));
    known = nvrm_release_find(r->abi.schema, release);
    if (known == NVRM_NO_RELEASE)
        known = nvrm_release_nearest(r->abi.schema, release);
    if (!r->fixed && known != NVRM_NO_RELEASE) {
        r->abi.release = known;
        json_object_clear(r->xids);
    }
}

static void
on_reporter(struct explain_reading *r, const struct gsp_crash_line *line)
{
    if (r->crash)
        json_object_set_new(r->crash, "reported_by", explain_span(line->text));
}

static void
on_end(struct explain_reading *r, const struct gsp_crash_line *line)
{
    (void)line;
    r->crash = NULL;
}

static void
on_buffer(struct explain_reading *r, const struct gsp_crash_line *line)
{
    explain_rpc_data(r->abi, &line->rpc, add(r, line, "rpc-buffer"));
}

static void
on_gpu(struct explain_reading *r, const struct gsp_crash_line *line)
{
    json_t *o = json_object(), *gpus = json_object_get(r->doc, "gpus");
    const json_t *known;
    size_t i;

    set_device(o, line->init.device);
    json_object_set_new(o, "uuid", explain_span(line->text));
    json_array_foreach(gpus, i, known)
    {
        if (json_equal((json_t *)known, o)) {
            json_decref(o);
            return;
        }
    }
    json_array_append_new(gpus, o);
}

static void
on_init(struct explain_reading *r, const struct gsp_crash_line *line)
{
    json_t *o = add(r, line, "init-failed");
    const char *stage = gsp_crash_init_name(line->init.stage);
    const char *status = nvrm_status_name(r->abi, line->init.status);

    set_device(o, line->init.device);
    json_object_set_new(o, "stage", stage ? json_string(stage) : cli_hex(line->init.stage));
    json_object_set_new(o, "stage_code", cli_hex(line->init.stage));
    json_object_set_new(o, "status", json_string(status ? status : "?"));
    json_object_set_new(o, "status_code", cli_hex(line->init.status));
    json_object_set_new(o, "source_line", json_integer(line->init.line));
    set_status_doc(r, status, o);
}

static void
on_lost(struct explain_reading *r, const struct gsp_crash_line *line)
{
    set_device(add(r, line, "lost"), line->init.device);
}

static void
on_rc_all(struct explain_reading *r, const struct gsp_crash_line *line)
{
    json_object_set_new(add(r, line, "all-channels"), "xid", json_integer(line->xid.number));
}

static void
on_mismatch(struct explain_reading *r, const struct gsp_crash_line *line)
{
    json_object_set_new(add(r, line, "version-mismatch"), "client", explain_span(line->text));
}

static void
on_sxid(struct explain_reading *r, const struct gsp_crash_line *line)
{
    json_t *o = add(r, line, "sxid");
    const struct gsp_crash_span m = line->xid.message;

    json_object_set_new(o, "sxid", json_integer(line->xid.number));
    json_object_set_new(o, "fatal", json_boolean(m.bytes > 5 && !memcmp(m.text, "Fatal", 5)));
    set_device(o, line->xid.device);
    set_fault(r, m, o);
    json_object_set_new(o, "message", explain_span(m));
}

static void
on_state(struct explain_reading *r, const struct gsp_crash_line *line)
{
    json_object_set_new(add(r, line, "gsp-state"), "state", explain_span(line->text));
}

static void
on_event(struct explain_reading *r, const struct gsp_crash_line *line)
{
    json_t *o = add(r, line, line->rpc.failure ? "event-failed" : "event-unexpected");
    const struct nvrm_rpc *known = nvrm_rpc_by_id(r->abi, line->rpc.function);

    json_object_set_new(o, "function", json_integer(line->rpc.function));
    json_object_set_new(o, "name",
                        known ? json_string(nvrm_str(r->abi.schema, known->name))
                              : explain_span(line->rpc.name));
    set_failure(r, line->rpc.failure, o);
}

static void
on_pcie(struct explain_reading *r, const struct gsp_crash_line *line)
{
    json_t *o = add(r, line, "pcie");

    set_span(o, "severity", line->pcie.severity);
    set_device(o, line->pcie.device);
    json_object_set_new(o, "message", explain_span(line->text));
}

static void
on_part(struct explain_reading *r, const struct gsp_crash_line *line)
{
    snprintf(r->part, sizeof(r->part), "%.*s", (int)line->text.bytes, line->text.text);
}

int
explain_find(void *ctx, const struct gsp_crash_line *line)
{
    static void (*const on[GSP_CRASH_KINDS])(struct explain_reading * r,
                                             const struct gsp_crash_line *line) = {
        [GSP_CRASH_DRIVER] = on_driver,
        [GSP_CRASH_XID] = on_xid,
        [GSP_CRASH_RPC_TIMEOUT] = on_timeout,
        [GSP_CRASH_RPC_BUFFER] = on_buffer,
        [GSP_CRASH_RPC_TABLE] = on_table,
        [GSP_CRASH_RPC_ROW] = on_row,
        [GSP_CRASH_ASSERT] = on_failure,
        [GSP_CRASH_SOURCE] = on_crash,
        [GSP_CRASH_REPORTER] = on_reporter,
        [GSP_CRASH_REGISTERS] = on_registers,
        [GSP_CRASH_ADDRESSES] = on_addresses,
        [GSP_CRASH_END] = on_end,
        [GSP_CRASH_GPU] = on_gpu,
        [GSP_CRASH_INIT] = on_init,
        [GSP_CRASH_LOST] = on_lost,
        [GSP_CRASH_RC_ALL] = on_rc_all,
        [GSP_CRASH_MISMATCH] = on_mismatch,
        [GSP_CRASH_SXID] = on_sxid,
        [GSP_CRASH_STATE] = on_state,
        [GSP_CRASH_EVENT] = on_event,
        [GSP_CRASH_PCIE] = on_pcie,
        [GSP_CRASH_PART] = on_part,
    };

    if (on[line->kind])
        on[line->kind](ctx, line);
    return 0;
}
