/* SPDX-License-Identifier: MIT */
/*
 * Events in words. Fields are looked up by name in the release's layout, and copied: the
 * payload may be short and lies anywhere.
 */
#include <gsp/event.h>

#include <stdio.h>
#include <string.h>

#include "wire_set_priv.h"

enum { NAME_BYTES = 80 };

struct source {
    struct nvrm_abi abi;
    const struct nvrm_layout *layout;
    const uint8_t *payload;
    size_t bytes;
    bool complete; /* every field that was asked for is there */
};

static uint64_t
get(struct source *s, const char *field)
{
    uint32_t offset, bytes;
    uint64_t value = 0;

    if (!wire_find(s->abi, s->layout, field, &offset, &bytes) || bytes > sizeof(value) ||
        offset + bytes > s->bytes)
        s->complete = false;
    else
        memcpy(&value, s->payload + offset, bytes);
    return value;
}

/* A text field, up to its end or its zero. */
static void
get_text(struct source *s, const char *field, char *out, size_t cap)
{
    const struct nvrm_field *f = nvrm_field_find(s->abi.schema, s->layout, field);
    size_t n = 0;

    if (!f || f->offset + f->count > s->bytes) {
        s->complete = false;
    } else {
        for (; n < f->count && n + 1 < cap && s->payload[f->offset + n]; n++) {
            const uint8_t c = s->payload[f->offset + n];

            out[n] = (char)(c < 0x20 || c > 0x7e ? '.' : c);
        }
    }
    out[n] = '\0';
}

/* The constant of that prefix and value, or its number. */
static const char *
name_of(struct nvrm_abi abi, const char *prefix, uint64_t value, char buf[NAME_BYTES])
{
    for (unsigned i = 0; i < nvrm_constant_count(abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(abi, i);
        const char *name = c ? nvrm_str(abi.schema, c->name) : "";

        if (c && !c->is_range && c->value == value && !strncmp(name, prefix, strlen(prefix)))
            return name;
    }
    snprintf(buf, NAME_BYTES, "%s0x%llx", prefix, (unsigned long long)value);
    return buf;
}

static void
say_error_log(struct source *s, struct gsp_event_summary *out)
{
    char text[160];

    out->xid = (uint32_t)get(s, "exceptType");
    get_text(s, "errString", text, sizeof(text));
    snprintf(out->text, sizeof(out->text), "Xid %u: %s", out->xid, text);
}

static void
say_rc_triggered(struct source *s, struct gsp_event_summary *out)
{
    char name[NAME_BYTES];
    const uint64_t engine = get(s, "nv2080EngineType");

    out->xid = (uint32_t)get(s, "exceptType");
    snprintf(out->text, sizeof(out->text), "Xid %u: %s, channel %u", out->xid,
             name_of(s->abi, "NV2080_ENGINE_TYPE_", engine, name), (unsigned)get(s, "chid"));
}

static void
say_nocat(struct source *s, struct gsp_event_summary *out)
{
    char name[NAME_BYTES], from[40], engine[40];
    const uint64_t type = get(s, "recType");

    get_text(s, "source", from, sizeof(from));
    get_text(s, "faultingEngine", engine, sizeof(engine));
    snprintf(out->text, sizeof(out->text), "%s from %s: error 0x%llx, engine %s",
             name_of(s->abi, "NV2080_NOCAT_JOURNAL_REC_TYPE_", type, name), from,
             (unsigned long long)get(s, "errorCode"), *engine ? engine : "not said");
}

static const struct {
    const char *event;
    const char *holds; /* NULL: the params that the event declares */
    void (*say)(struct source *s, struct gsp_event_summary *out);
} rows[] = {
    {"OS_ERROR_LOG",          NULL,                                 say_error_log   },
    {"RC_TRIGGERED",          NULL,                                 say_rc_triggered},
    {"GSP_POST_NOCAT_RECORD", "NV2080CtrlNocatJournalInsertRecord", say_nocat       },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static unsigned
find_row(const char *name)
{
    unsigned i = 0;

    while (i < ROWS && strcmp(rows[i].event, name) != 0)
        i++;
    return i;
}

const char *
gsp_event_name(struct nvrm_abi abi, uint32_t function)
{
    const struct nvrm_rpc *rpc = nvrm_rpc_by_id(abi, function);

    return rpc && rpc->is_event ? nvrm_str(abi.schema, rpc->name) : NULL;
}

const struct nvrm_layout *
gsp_event_layout(struct nvrm_abi abi, uint32_t function)
{
    const struct nvrm_rpc *rpc = nvrm_rpc_by_id(abi, function);
    const char *name = gsp_event_name(abi, function);
    const unsigned i = name ? find_row(name) : ROWS;

    if (!name)
        return NULL;
    return i < ROWS && rows[i].holds ? nvrm_struct_find(abi, rows[i].holds)
                                     : nvrm_struct_at(abi, rpc->params);
}

bool
gsp_event_summarize(struct nvrm_abi abi, uint32_t function, const void *payload,
                    size_t payload_bytes, struct gsp_event_summary *out)
{
    const char *name = gsp_event_name(abi, function);
    const unsigned i = name ? find_row(name) : ROWS;
    struct source s = {abi, gsp_event_layout(abi, function), payload, payload_bytes, true};

    *out = (struct gsp_event_summary){0};
    if (i == ROWS || !s.layout)
        return false;
    rows[i].say(&s, out);
    if (!s.complete)
        *out = (struct gsp_event_summary){0};
    return s.complete;
}
