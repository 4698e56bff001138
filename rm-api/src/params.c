/* SPDX-License-Identifier: MIT */
/*
 * Parameters under construction. The codec does the work; this file adds the growing tail, raw
 * bytes, and buffers for output pointers.
 */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include <gsp/codec.h>
#include <rm/name.h>
#include <rm/params.h>

static int
no_memory(struct gsp_error *err)
{
    return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "parameters: out of memory");
}

int
rm_params_init(struct rm_params *p, struct nvrm_abi abi, const struct nvrm_layout *layout,
               const struct gsp_host *host, struct gsp_error *err)
{
    memset(p, 0, sizeof(*p));
    p->abi = abi;
    p->host = host;
    p->layout = layout;
    p->arena.host = host;
    if (!layout || !layout->size)
        return 0;
    p->wire = gsp_host_alloc(host, layout->size);
    if (!p->wire)
        return no_memory(err);
    p->bytes = layout->size;
    return 0;
}

void
rm_params_fini(struct rm_params *p)
{
    gsp_host_free(p->host, p->wire);
    gsp_arena_fini(&p->arena);
    p->wire = NULL;
    p->bytes = 0;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Replace the bytes by hex text; "0x" before it and blanks between bytes are allowed. */
static int
assign_hex(struct rm_params *p, const char *hex, struct gsp_error *err)
{
    const size_t cap = strlen(hex) / 2 + 1;
    uint8_t *wire = gsp_host_alloc(p->host, cap);
    size_t bytes = 0;

    if (!wire)
        return no_memory(err);
    if (hex[0] == '0' && (hex[1] == 'x' || hex[1] == 'X'))
        hex += 2;
    for (; *hex; hex += 2) {
        int high, low;

        while (*hex == ' ')
            hex++;
        if (!*hex)
            break;
        high = hex_digit(hex[0]);
        low = high < 0 ? -1 : hex_digit(hex[1]);
        if (low < 0) {
            gsp_host_free(p->host, wire);
            gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "raw: not pairs of hex digits at '%.8s'",
                     hex);
            gsp_hint(err, "write bytes in order, for example 01000000ff");
            return -EINVAL;
        }
        wire[bytes++] = (uint8_t)(high << 4 | low);
    }
    gsp_host_free(p->host, p->wire);
    p->wire = wire;
    p->bytes = bytes;
    return 0;
}

static int
raw_only(struct gsp_error *err, const char *key)
{
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "no public struct describes these parameters%s%s",
             key ? ", so there is no field " : "", key ? key : "");
    gsp_hint(err, "give the bytes: raw=HEX, or {\"raw\": \"HEX\"}");
    return -EINVAL;
}

static int
read_raw(struct rm_params *p, const char *json, size_t json_bytes, struct gsp_error *err)
{
    json_t *root = json_loadb(json, json_bytes, 0, NULL);
    const json_t *raw = json_object_get(root, "raw");
    int rc;

    if (json_is_object(root) && !json_object_size(root))
        rc = assign_hex(p, "", err);
    else if (!json_is_string(raw) || json_object_size(root) != 1)
        rc = raw_only(err, NULL);
    else
        rc = assign_hex(p, json_string_value(raw), err);
    json_decref(root);
    return rc;
}

/* A flexible tail holds at most one element of 8 bytes for every character of its text. */
static size_t
wire_cap(const struct nvrm_layout *layout, size_t json_bytes)
{
    return layout->size + (layout->flags & NVRM_LAYOUT_TAIL ? json_bytes * 8 : 0);
}

int
rm_params_read(struct rm_params *p, const char *json, size_t json_bytes, struct gsp_error *err)
{
    size_t cap, bytes = 0;
    uint8_t *wire;
    int rc;

    if (!p->layout)
        return read_raw(p, json, json_bytes, err);
    cap = wire_cap(p->layout, json_bytes);
    wire = gsp_host_alloc(p->host, cap);
    if (!wire)
        return no_memory(err);
    rc = gsp_json_read(p->abi, p->layout, json, json_bytes, wire, cap, &bytes, &p->arena, err);
    if (rc < 0) {
        gsp_host_free(p->host, wire);
        return rc;
    }
    gsp_host_free(p->host, p->wire);
    p->wire = wire;
    p->bytes = bytes;
    return 0;
}

struct field_question {
    const char *layout, *field;
};

static bool
has_field(struct nvrm_abi abi, const void *ctx)
{
    const struct field_question *q = ctx;
    const struct nvrm_layout *layout = nvrm_struct_find(abi, q->layout);

    return layout && nvrm_field_find(abi.schema, layout, q->field);
}

/* A field that other releases have is the release's lack, not a slip of the pen. */
static int
explain_missing_field(const struct rm_params *p, const char *path, int rc,
                      struct gsp_error *err)
{
    const struct nvrm_schema *s = p->abi.schema;
    const struct field_question q = {nvrm_str(s, p->layout->name), path};
    char ranges[160];

    if (strpbrk(path, ".[") || nvrm_field_find(s, p->layout, path) ||
        !rm_release_ranges(s, has_field, &q, ranges, sizeof(ranges)))
        return rc;
    gsp_fail(err, GSP_ORIGIN_RELEASE, rc, "%s: release %s has no field '%s'", q.layout,
             nvrm_release_name(s, p->abi.release), path);
    gsp_hint(err, "'%s' exists in %s", path, ranges);
    return rc;
}

int
rm_params_assign(struct rm_params *p, const char *path, const char *value,
                 struct gsp_error *err)
{
    int rc;

    if (!p->layout && !strcmp(path, "raw"))
        return assign_hex(p, value, err);
    if (!p->layout)
        return raw_only(err, path);
    rc = gsp_json_assign(p->abi, p->layout, path, value, p->wire, p->bytes, &p->arena, err);
    return rc < 0 ? explain_missing_field(p, path, rc, err) : 0;
}

/* The number of elements (or bytes) that an output pointer will be given room for. A sibling
 * that counts them and is still zero is set to the largest legal count. */
static uint64_t
pointer_count(struct rm_params *p, const struct nvrm_note *note)
{
    const struct nvrm_schema *s = p->abi.schema;
    const uint64_t max = note->flags & NVRM_NOTE_MAX ? note->max : 0;
    const struct nvrm_field *sibling;
    const char *name;
    uint64_t count = 0;

    if (note->count == NVRM_NONE)
        return max ? max : 1;
    sibling = &nvrm_layout_fields(s, p->layout)[note->count];
    name = nvrm_str(s, sibling->name);
    if (gsp_field_get(p->abi, p->layout, p->wire, p->bytes, name, &count, NULL) < 0)
        return 0;
    if (!count && max) {
        count = max;
        if (gsp_field_set(p->abi, p->layout, p->wire, p->bytes, name, count, NULL) < 0)
            return 0;
    }
    return !max || count <= max ? count : 0;
}

static size_t
pointee_bytes(const struct rm_params *p, const struct nvrm_note *note)
{
    const struct nvrm_layout *layout = nvrm_layout_at(p->abi.schema, note->ptr_ref);

    if (note->flags & NVRM_NOTE_BYTES)
        return 1;
    return layout ? layout->size : nvrm_type_bytes((enum nvrm_type)note->ptr_type);
}

static int
fill_pointer(struct rm_params *p, const struct nvrm_field *f, const struct nvrm_note *note,
             struct gsp_error *err)
{
    enum { MOST_BYTES = 1 << 24 };
    uint64_t address = 0, count;
    size_t each;
    void *room;

    memcpy(&address, p->wire + f->offset, sizeof(address));
    if (address || note->dir == NVRM_DIR_IN)
        return 0;
    each = pointee_bytes(p, note);
    count = pointer_count(p, note);
    if (!count || !each || count > MOST_BYTES / each)
        return 0;
    room = gsp_arena_alloc(&p->arena, (size_t)count * each);
    if (!room)
        return no_memory(err);
    address = (uintptr_t)room;
    memcpy(p->wire + f->offset, &address, sizeof(address));
    return 0;
}

int
rm_params_pointers(struct rm_params *p, struct gsp_error *err)
{
    const struct nvrm_schema *s = p->abi.schema;
    const struct nvrm_field *fields;

    if (!p->layout || !(p->layout->flags & NVRM_LAYOUT_PTR))
        return 0;
    fields = nvrm_layout_fields(s, p->layout);
    for (unsigned i = 0; i < p->layout->fields; i++) {
        const struct nvrm_note *note = nvrm_note_at(s, fields[i].note);
        int rc;

        if (fields[i].type != NVRM_PTR || fields[i].count != 1 || !note ||
            !(note->flags & NVRM_NOTE_PTR))
            continue;
        rc = fill_pointer(p, &fields[i], note, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int
rm_params_write(const struct rm_params *p, unsigned flags, struct gsp_text *out,
                struct gsp_error *err)
{
    if (p->layout)
        return gsp_json_write(p->abi, p->layout, p->wire, p->bytes, flags, out, err);
    if (!p->bytes) {
        gsp_text_puts(out, "{}");
        return out->rc < 0 ? no_memory(err) : 0;
    }
    gsp_text_puts(out, flags & GSP_JSON_PRETTY ? "{\n  \"raw\": \"" : "{\"raw\":\"");
    for (size_t i = 0; i < p->bytes; i++)
        gsp_text_printf(out, "%02x", p->wire[i]);
    gsp_text_puts(out, flags & GSP_JSON_PRETTY ? "\"\n}" : "\"}");
    return out->rc < 0 ? no_memory(err) : 0;
}
