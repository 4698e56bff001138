/* SPDX-License-Identifier: MIT */
/*
 * One call of a traced program as a line of text: what was called, on which object, with what,
 * and what came of it. Fields that are zero are left out, and of what came back those that are
 * as they were.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "trace_exec.h"

enum { MOST_ELEMENTS = 8, MOST_TEXT = 96, MOST_BYTES = 32 };

/* Names */

/* What every release calls a record, or NULL. */
static const char *
shared_name(const struct nvrm_schema *schema, const struct gsp_trace_record *r, bool escape,
            char room[96])
{
    char other[64];

    for (unsigned i = 0; i < nvrm_release_count(schema); i++) {
        const struct nvrm_abi abi = {schema, (nvrm_release)i};
        const char *name = escape ? gsp_trace_escape(abi, r) : gsp_trace_name(abi, r, other);

        if (!name || (i && strcmp(name, room) != 0))
            return NULL;
        snprintf(room, 96, "%s", name);
    }
    return room;
}

const char *
trace_unknown_control(struct nvrm_abi abi, uint32_t cmd, char room[64])
{
    /* rmapi_deprecated.h, cl2081.h, cl2082.h */
    enum { GSS_LEGACY = 0x8000, BINAPI = 0x2081, BINAPI_PRIVILEGED = 0x2082 };
    const char *kind = cmd >> 16 == BINAPI              ? "BINAPI"
                       : cmd >> 16 == BINAPI_PRIVILEGED ? "BINAPI_PRIVILEGED"
                       : cmd & GSS_LEGACY               ? "GSS_LEGACY"
                                                        : NULL;

    if (abi.release != NVRM_NO_RELEASE && nvrm_control_by_id(abi, cmd))
        return NULL;
    if (!kind)
        return NULL;
    snprintf(room, 64, "%s 0x%08x", kind, cmd);
    return room;
}

const char *
trace_call_name(const struct nvrm_schema *schema, struct nvrm_abi abi,
                const struct gsp_trace_record *record, char room[96])
{
    const char *shared;
    char small[64];

    if (abi.release == NVRM_NO_RELEASE &&
        (record->type == GSP_TRACE_IOCTL || record->type == GSP_TRACE_UVM)) {
        shared = shared_name(schema, record, false, room);
        if (shared)
            return shared;
    }
    snprintf(room, 96, "%s", gsp_trace_name(abi, record, small));
    return room;
}

/* Values, in short */

static bool
is_zero(const json_t *v)
{
    const char *text = json_string_value(v);

    switch (json_typeof(v)) {
    case JSON_NULL:
    case JSON_FALSE:
        return true;
    case JSON_INTEGER:
        return json_integer_value(v) == 0;
    case JSON_STRING:
        return !*text || !strcmp(text, "NV_OK") ||
               (!strncmp(text, "0x", 2) && strspn(text + 2, "0") == strlen(text + 2));
    case JSON_ARRAY:
        return json_array_size(v) == 0;
    case JSON_OBJECT:
        return json_object_size(v) == 0;
    default:
        return false;
    }
}

/* A number or a name of the schema, as opposed to text of the program. */
static bool
is_word(const char *text)
{
    return (!strncmp(text, "NV", 2) || !strncmp(text, "0x", 2) || !strncmp(text, "UVM_", 4)) &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_abcdefx") == strlen(text);
}

static void
put_text(struct gsp_text *out, const char *text)
{
    const size_t bytes = strlen(text), most = bytes < MOST_TEXT ? bytes : MOST_TEXT;

    if (is_word(text))
        gsp_text_add(out, text, most);
    else
        gsp_text_json_string(out, text, most);
    if (most < bytes)
        gsp_text_puts(out, "...");
}

static void put_value(struct gsp_text *out, const json_t *v, const json_t *before,
                      unsigned depth);

static void
put_object(struct gsp_text *out, const json_t *v, const json_t *before, unsigned depth)
{
    const char *key, *comma = "";
    json_t *value;

    gsp_text_puts(out, "{");
    json_object_foreach((json_t *)(uintptr_t)v, key, value)
    {
        const json_t *was = before ? json_object_get(before, key) : NULL;

        if (was ? json_equal((json_t *)(uintptr_t)was, value) : is_zero(value))
            continue;
        gsp_text_printf(out, "%s%s=", comma, key);
        put_value(out, value, was, depth + 1);
        comma = ", ";
    }
    gsp_text_puts(out, "}");
}

static void
put_array(struct gsp_text *out, const json_t *v, unsigned depth)
{
    json_t *value;
    size_t i;

    gsp_text_puts(out, "[");
    json_array_foreach((json_t *)(uintptr_t)v, i, value)
    {
        if (i == MOST_ELEMENTS) {
            gsp_text_printf(out, ", ... %zu", json_array_size(v));
            break;
        }
        gsp_text_puts(out, i ? ", " : "");
        put_value(out, value, NULL, depth + 1);
    }
    gsp_text_puts(out, "]");
}

static void
put_value(struct gsp_text *out, const json_t *v, const json_t *before, unsigned depth)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        put_object(out, v, json_is_object(before) ? before : NULL, depth);
        break;
    case JSON_ARRAY:
        put_array(out, v, depth);
        break;
    case JSON_STRING:
        put_text(out, json_string_value(v));
        break;
    case JSON_INTEGER:
        gsp_text_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        break;
    case JSON_REAL:
        gsp_text_printf(out, "%g", json_real_value(v));
        break;
    default:
        gsp_text_puts(out, json_is_true(v) ? "true" : json_is_false(v) ? "false" : "NULL");
    }
}

static void
put_bytes(struct gsp_text *out, const struct gsp_trace_piece *p)
{
    const uint8_t *at = p->data;

    gsp_text_printf(out, "%zu bytes 0x", p->bytes);
    for (size_t i = 0; i < p->bytes && i < MOST_BYTES; i++)
        gsp_text_printf(out, "%02x", at[i]);
    gsp_text_puts(out, p->bytes > MOST_BYTES ? "..." : "");
}

static json_t *
params_of(struct nvrm_abi abi, const struct gsp_trace_record *r, enum gsp_trace_exchange which)
{
    struct gsp_text text = {0};
    json_t *v = NULL;

    if (gsp_trace_params_json(abi, r, which, &text, NULL) == 0)
        v = json_loadb(text.data ? text.data : "", text.bytes, JSON_DECODE_ANY, NULL);
    gsp_text_fini(&text);
    return v;
}

/* What went in, behind a comma. */
static void
put_in(struct gsp_text *out, struct nvrm_abi abi, const struct gsp_trace_record *r,
       json_t **in_out)
{
    const struct gsp_trace_piece in = gsp_trace_exchanged(r, GSP_TRACE_IN);

    *in_out = in.bytes ? params_of(abi, r, GSP_TRACE_IN) : NULL;
    if (!in.bytes)
        return;
    gsp_text_puts(out, ", ");
    if (json_is_object(*in_out))
        put_value(out, *in_out, NULL, 0);
    else
        put_bytes(out, &in);
}

/* What came back, when it is another. */
static void
put_out(struct gsp_text *out, struct nvrm_abi abi, const struct gsp_trace_record *r,
        const json_t *in)
{
    const struct gsp_trace_piece before = gsp_trace_exchanged(r, GSP_TRACE_IN);
    const struct gsp_trace_piece after = gsp_trace_exchanged(r, GSP_TRACE_OUT);
    json_t *v = after.bytes ? params_of(abi, r, GSP_TRACE_OUT) : NULL;

    if (json_is_object(v) && json_is_object(in)) {
        if (!json_equal(v, (json_t *)(uintptr_t)in)) {
            gsp_text_puts(out, " ");
            put_value(out, v, in, 0);
        }
    } else if (after.bytes && (before.bytes != after.bytes ||
                               memcmp(before.data, after.data, after.bytes) != 0)) {
        gsp_text_puts(out, " ");
        put_bytes(out, &after);
    }
    json_decref(v);
}

/* Results */

static void
put_result(struct gsp_text *out, struct nvrm_abi abi, const struct gsp_trace_record *r)
{
    const char *name;
    char room[64];

    if (r->rc < 0 && r->rc != -EREMOTEIO) {
        name = r->rc > -4096 ? strerrorname_np(-r->rc) : NULL;
        gsp_text_printf(out, " = -1 %s (%s)", name ? name : "?",
                        name ? strerror(-r->rc) : "no errno");
    } else if (r->status) {
        gsp_text_printf(out, " = %s (0x%x)", gsp_trace_result(abi, r, room), r->status);
    } else if (r->type == GSP_TRACE_OPEN && r->args > 2) {
        gsp_text_printf(out, " = %lld", (long long)r->arg[2]);
    } else if (r->type == GSP_TRACE_MMAP && r->args > 6) {
        gsp_text_printf(out, " = 0x%llx", (unsigned long long)r->arg[6]);
    } else {
        gsp_text_puts(out, " = 0");
    }
}

static void
put_time(struct gsp_text *out, uint64_t ns)
{
    if (ns < 100000)
        gsp_text_printf(out, " <%.1f us>", (double)ns / 1000);
    else
        gsp_text_printf(out, " <%llu us>", (unsigned long long)(ns / 1000));
}

/* Calls */

struct line {
    const struct nvrm_schema *schema;
    struct nvrm_abi abi;
    const struct trace_objects *objects;
    const struct gsp_trace_record *r;
    struct gsp_text *out;
};

static void
put_flags(struct gsp_text *out, uint64_t value, const char *none, const char *const *names,
          const unsigned *bits)
{
    const char *bar = "";

    for (unsigned i = 0; names[i]; i++) {
        if (!(value & bits[i]))
            continue;
        gsp_text_printf(out, "%s%s", bar, names[i]);
        value &= ~(uint64_t)bits[i];
        bar = "|";
    }
    if (value)
        gsp_text_printf(out, "%s0x%llx", bar, (unsigned long long)value);
    else if (!*bar)
        gsp_text_puts(out, none);
}

static void
put_fd(const struct line *l, unsigned arg)
{
    gsp_text_printf(l->out, "%lld", (long long)l->r->arg[arg]);
    if (l->r->pieces && l->r->piece[0].bytes)
        gsp_text_printf(l->out, "<%.*s>", (int)l->r->piece[0].bytes,
                        (const char *)l->r->piece[0].data);
}

static void
put_open(const struct line *l)
{
    static const char *const names[] = {"O_WRONLY", "O_RDWR", "O_NONBLOCK", "O_CLOEXEC", NULL};
    static const unsigned bits[] = {O_WRONLY, O_RDWR, O_NONBLOCK, O_CLOEXEC};

    gsp_text_puts(l->out, "open(");
    gsp_text_json_string(l->out, l->r->piece[0].data, l->r->piece[0].bytes);
    gsp_text_puts(l->out, ", ");
    put_flags(l->out, l->r->arg[1], "O_RDONLY", names, bits);
    gsp_text_puts(l->out, ")");
}

static void
put_mmap(const struct line *l)
{
    static const char *const prots[] = {"PROT_READ", "PROT_WRITE", "PROT_EXEC", NULL};
    static const unsigned prot_bits[] = {PROT_READ, PROT_WRITE, PROT_EXEC};
    static const char *const maps[] = {"MAP_SHARED", "MAP_PRIVATE", "MAP_FIXED", NULL};
    static const unsigned map_bits[] = {MAP_SHARED, MAP_PRIVATE, MAP_FIXED};

    gsp_text_printf(l->out, "mmap(0x%llx, %llu, ", (unsigned long long)l->r->arg[1],
                    (unsigned long long)l->r->arg[2]);
    put_flags(l->out, l->r->arg[3], "PROT_NONE", prots, prot_bits);
    gsp_text_puts(l->out, ", ");
    put_flags(l->out, l->r->arg[4], "0", maps, map_bits);
    gsp_text_puts(l->out, ", ");
    put_fd(l, 0);
    gsp_text_printf(l->out, ", 0x%llx)", (unsigned long long)l->r->arg[5]);
}

/* What is behind "NV_ESC_", and the object that a call is about. */
static void
put_call(const struct line *l, const struct gsp_trace_record *call)
{
    const char *escape = gsp_trace_escape(l->abi, l->r);
    const bool has_object =
        call->type != GSP_TRACE_OPEN_CLIENT && call->type != GSP_TRACE_UNMAP && call->args > 1;
    unsigned object = call->type == GSP_TRACE_ALLOC || call->type == GSP_TRACE_CONTROL ? 1 : 2;
    char room[96], unknown[64];
    const char *name;
    json_t *in;

    if (call->type == GSP_TRACE_DUP)
        object = 1;
    gsp_text_printf(l->out, "%s(", escape + 7);
    if (has_object)
        trace_objects_path(l->objects, l->abi, (uint32_t)call->arg[0],
                           (uint32_t)call->arg[object], l->out);
    else if (call->type == GSP_TRACE_OPEN_CLIENT)
        gsp_text_puts(l->out, "NV01_ROOT");
    if (call->type == GSP_TRACE_ALLOC || call->type == GSP_TRACE_CONTROL) {
        name = call->type == GSP_TRACE_CONTROL
                   ? trace_unknown_control(l->abi, (uint32_t)call->arg[2], unknown)
                   : NULL;
        gsp_text_printf(l->out, ", %s",
                        name ? name : trace_call_name(l->schema, l->abi, call, room));
        put_in(l->out, l->abi, call, &in);
    } else {
        in = NULL;
        for (unsigned i = object + 1; has_object && i < call->args; i++)
            gsp_text_printf(l->out, ", 0x%llx", (unsigned long long)call->arg[i]);
    }
    gsp_text_puts(l->out, ")");
    put_result(l->out, l->abi, call);
    if (call->rc == 0 && (call->type == GSP_TRACE_ALLOC || call->type == GSP_TRACE_DUP))
        gsp_text_printf(l->out, " 0x%08llx", (unsigned long long)call->arg[2]);
    if (call->rc == 0 && call->type == GSP_TRACE_OPEN_CLIENT)
        gsp_text_printf(l->out, " 0x%08llx", (unsigned long long)call->arg[0]);
    put_out(l->out, l->abi, call, in);
    json_decref(in);
}

/* What an escape of an unknown release points to, as it is: the first region. */
static void
put_region(struct gsp_text *out, const struct gsp_trace_record *r,
           enum gsp_trace_exchange which, const char *before)
{
    const struct gsp_trace_piece memory = gsp_trace_exchanged(r, which);
    uint64_t bytes;

    if (memory.bytes < 8)
        return;
    memcpy(&bytes, memory.data, 8);
    if (!bytes || bytes > memory.bytes - 8)
        return;
    gsp_text_puts(out, before);
    put_bytes(out, &(struct gsp_trace_piece){(const uint8_t *)memory.data + 8, (size_t)bytes});
}

/* Any other ioctl: its escape, and what that carries where only the name is known. */
static void
put_ioctl(const struct line *l)
{
    const bool unknown = l->abi.release == NVRM_NO_RELEASE;
    const char *escape = gsp_trace_escape(l->abi, l->r), *name = NULL;
    char room[96], name_room[96];
    json_t *in;

    if (!escape && unknown)
        escape = shared_name(l->schema, l->r, true, room);
    if (escape && unknown)
        name = shared_name(l->schema, l->r, false, name_room);
    if (escape)
        gsp_text_puts(l->out, strncmp(escape, "NV_ESC_", 7) ? escape : escape + 7);
    else
        gsp_text_printf(l->out, "ioctl 0x%llx", (unsigned long long)l->r->arg[1]);
    gsp_text_puts(l->out, "(");
    put_fd(l, 0);
    if (name && strcmp(name, escape) != 0)
        gsp_text_printf(l->out, ", %s", name);
    put_in(l->out, l->abi, l->r, &in);
    if (unknown)
        put_region(l->out, l->r, GSP_TRACE_IN_MEMORY, " -> ");
    gsp_text_puts(l->out, ")");
    put_result(l->out, l->abi, l->r);
    put_out(l->out, l->abi, l->r, in);
    if (unknown)
        put_region(l->out, l->r, GSP_TRACE_OUT_MEMORY, " -> ");
    json_decref(in);
}

/* "poll(5</dev/nvidia0>) = POLLIN|POLLPRI", however it was asked for. */
static void
put_wake(const struct line *l)
{
    static const char *const ways[] = {"poll", "select", "epoll_wait"};
    static const struct {
        uint32_t bit;
        const char *name;
    } events[] = {
        {POLLIN,   "POLLIN"  },
        {POLLPRI,  "POLLPRI" },
        {POLLOUT,  "POLLOUT" },
        {POLLERR,  "POLLERR" },
        {POLLHUP,  "POLLHUP" },
        {POLLNVAL, "POLLNVAL"},
    };
    const char *sign = " = ";
    const uint64_t how = l->r->arg[1];

    gsp_text_printf(l->out, "%s(", how < sizeof(ways) / sizeof(*ways) ? ways[how] : "wait");
    put_fd(l, 0);
    gsp_text_puts(l->out, ")");
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
        if (!(l->r->arg[2] & events[i].bit))
            continue;
        gsp_text_printf(l->out, "%s%s", sign, events[i].name);
        sign = "|";
    }
}

int
trace_line(const struct nvrm_schema *schema, struct nvrm_abi abi,
           const struct trace_objects *objects, const struct gsp_trace_record *r,
           struct gsp_text *out)
{
    const struct line l = {schema, abi, objects, r, out};
    struct gsp_trace_record call;

    switch (r->type) {
    case GSP_TRACE_OPEN:
        put_open(&l);
        break;
    case GSP_TRACE_CLOSE:
        gsp_text_puts(out, "close(");
        put_fd(&l, 0);
        gsp_text_puts(out, ")");
        break;
    case GSP_TRACE_WAKE:
        put_wake(&l);
        put_time(out, r->duration_ns);
        return out->rc;
    case GSP_TRACE_MMAP:
        put_mmap(&l);
        break;
    case GSP_TRACE_MUNMAP:
        gsp_text_printf(out, "munmap(0x%llx, %llu)", (unsigned long long)r->arg[0],
                        (unsigned long long)r->arg[1]);
        break;
    default:
        if (abi.release != NVRM_NO_RELEASE && gsp_trace_ioctl_call(abi, r, &call))
            put_call(&l, &call);
        else
            put_ioctl(&l);
        put_time(out, r->duration_ns);
        return out->rc;
    }
    put_result(out, abi, r);
    put_time(out, r->duration_ns);
    return out->rc;
}
