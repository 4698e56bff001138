/* SPDX-License-Identifier: MIT */
/*
 * --dry-run: a backend without a card. Calls are accepted, written down with their parameters
 * by name and as the bytes that would be sent, and answered with the parameters as they came.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>

#include "transport.h"

enum { ROW_BYTES = 32 };

struct dry {
    struct gsp_backend base;
    json_t *calls;
};

static json_t *
hex_of(const void *bytes, size_t count)
{
    struct gsp_text text = {0};
    json_t *value;

    for (size_t i = 0; i < count; i++)
        gsp_text_printf(&text, "%02x", ((const uint8_t *)bytes)[i]);
    value = json_string(text.data ? text.data : "");
    gsp_text_fini(&text);
    return value;
}

static void
add_params(struct dry *d, json_t *call, const struct nvrm_layout *layout, const void *wire,
           size_t bytes)
{
    struct gsp_text text = {0};

    if (layout && bytes >= layout->size &&
        gsp_json_write(d->base.abi, layout, wire, bytes, 0, &text, NULL) == 0)
        json_object_set_new(call, "params", cli_json_of(&text));
    else
        gsp_text_fini(&text);
    json_object_set_new(call, "bytes", json_integer((json_int_t)bytes));
    json_object_set_new(call, "wire", hex_of(wire, bytes));
}

static json_t *
add_call(struct dry *d, const char *call)
{
    json_t *row = json_object();

    json_object_set_new(row, "call", json_string(call));
    json_array_append_new(d->calls, row);
    return row;
}

static void
set_handle(json_t *call, const char *key, uint32_t handle)
{
    json_object_set_new(call, key, cli_hex32(handle));
}

static int
dry_alloc(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
          uint32_t hClass, void *params, uint32_t params_bytes, struct gsp_error *err)
{
    struct dry *d = (struct dry *)b;
    const struct nvrm_class *cls = nvrm_class_by_id(b->abi, hClass);
    json_t *call = add_call(d, "alloc");

    (void)err;
    set_handle(call, "client", hClient);
    set_handle(call, "parent", hParent);
    set_handle(call, "handle", hObject);
    json_object_set_new(call, "class",
                        json_string(cls ? nvrm_str(b->abi.schema, cls->name) : "?"));
    set_handle(call, "class_id", hClass);
    add_params(d, call, rm_class_layout(b->abi, cls), params, params_bytes);
    return 0;
}

static int
dry_control(struct gsp_backend *b, uint32_t hClient, uint32_t hObject, uint32_t cmd,
            void *params, uint32_t params_bytes, struct gsp_error *err)
{
    struct dry *d = (struct dry *)b;
    const struct nvrm_control *control = nvrm_control_by_id(b->abi, cmd);
    json_t *call = add_call(d, "control");

    (void)err;
    set_handle(call, "client", hClient);
    set_handle(call, "object", hObject);
    json_object_set_new(call, "control",
                        json_string(control ? nvrm_str(b->abi.schema, control->name) : "?"));
    set_handle(call, "control_id", cmd);
    add_params(d, call, control ? nvrm_struct_at(b->abi, control->params) : NULL, params,
               params_bytes);
    return 0;
}

static int
dry_free(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
         struct gsp_error *err)
{
    json_t *call;

    (void)err;
    if (hObject == hClient) /* the end of the session is not what the user asked to see */
        return 0;
    call = add_call((struct dry *)b, "free");
    set_handle(call, "client", hClient);
    set_handle(call, "parent", hParent);
    set_handle(call, "handle", hObject);
    return 0;
}

static int
dry_dup(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
        uint32_t hClientSrc, uint32_t hObjectSrc, uint32_t flags, struct gsp_error *err)
{
    json_t *call = add_call((struct dry *)b, "dup");

    (void)err;
    set_handle(call, "client", hClient);
    set_handle(call, "parent", hParent);
    set_handle(call, "handle", hObject);
    set_handle(call, "source_client", hClientSrc);
    set_handle(call, "source", hObjectSrc);
    set_handle(call, "flags", flags);
    return 0;
}

static int
dry_rpc(struct gsp_backend *b, uint32_t function, const void *payload, size_t payload_bytes,
        void *reply, size_t reply_cap, size_t *reply_bytes_out, struct gsp_error *err)
{
    struct dry *d = (struct dry *)b;
    const struct nvrm_rpc *rpc = nvrm_rpc_by_id(b->abi, function);
    json_t *call = add_call(d, "rpc");

    (void)reply;
    (void)reply_cap;
    (void)err;
    json_object_set_new(call, "function",
                        json_string(rpc ? nvrm_str(b->abi.schema, rpc->name) : "?"));
    json_object_set_new(call, "function_id", json_integer(function));
    add_params(d, call, rpc ? nvrm_struct_at(b->abi, rpc->params) : NULL, payload,
               payload_bytes);
    *reply_bytes_out = 0;
    return 0;
}

static int
dry_event_next(struct gsp_backend *b, struct gsp_event *event_out, uint64_t timeout_ns,
               struct gsp_error *err)
{
    (void)b;
    (void)event_out;
    (void)timeout_ns;
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EAGAIN, "nothing is sent, so no event comes");
}

static void
dry_close(struct gsp_backend *b)
{
    struct dry *d = (struct dry *)b;

    json_decref(d->calls);
    free(d);
}

static const struct gsp_backend_ops dry_ops = {
    .name = "dry-run",
    .alloc = dry_alloc,
    .control = dry_control,
    .free = dry_free,
    .dup = dry_dup,
    .rpc = dry_rpc,
    .event_next = dry_event_next,
    .close = dry_close,
};

struct gsp_backend *
dry_backend_create(struct nvrm_abi abi)
{
    struct dry *d = calloc(1, sizeof(*d));

    if (!d)
        return NULL;
    d->base.ops = &dry_ops;
    d->base.abi = abi;
    d->calls = json_array();
    if (d->calls)
        return &d->base;
    free(d);
    return NULL;
}

json_t *
dry_backend_calls(struct gsp_backend *b)
{
    return ((struct dry *)b)->calls;
}

/* Bytes in rows, with the offset of the first. */
static void
print_wire(FILE *out, const char *hex)
{
    const size_t bytes = strlen(hex) / 2;

    if (*hex == '*') { /* a script keeps its secrets */
        fprintf(out, "    %s\n", hex);
        return;
    }
    for (size_t at = 0; at < bytes; at += ROW_BYTES) {
        const size_t count = bytes - at < ROW_BYTES ? bytes - at : ROW_BYTES;

        fprintf(out, "    %04zx  ", at);
        for (size_t i = at; i < at + count; i++)
            fprintf(out, "%s%.2s", i > at && i % 4 == 0 ? " " : "", hex + 2 * i);
        fputc('\n', out);
    }
}

void
dry_print(struct cli *cli, const json_t *calls)
{
    static const char *const own_lines[] = {"call", "params", "bytes", "wire", NULL};
    const json_t *call;
    const char *key;
    json_t *value;
    size_t i;

    json_array_foreach(calls, i, call)
    {
        const json_t *params = json_object_get(call, "params");

        fprintf(cli->out, "%s%s%s", cli_paint(cli, cli->out, "\033[1m"), cli_str(call, "call"),
                cli_paint(cli, cli->out, "\033[0m"));
        json_object_foreach((json_t *)call, key, value)
        {
            bool elsewhere = false;

            for (unsigned k = 0; own_lines[k]; k++)
                elsewhere = elsewhere || !strcmp(key, own_lines[k]);
            if (!elsewhere && json_is_string(value))
                fprintf(cli->out, "  %s %s", key, json_string_value(value));
        }
        fputc('\n', cli->out);
        if (params) {
            fputs("    ", cli->out);
            json_dumpf(params, cli->out, JSON_COMPACT | JSON_ENCODE_ANY);
            fputc('\n', cli->out);
        }
        print_wire(cli->out, cli_str(call, "wire"));
    }
}
