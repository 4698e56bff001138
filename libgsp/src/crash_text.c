/* SPDX-License-Identifier: MIT */
/*
 * The kernel driver's lines about Xids, RPCs and crashes, as they stand in kernel logs and bug
 * reports.
 *
 * Every line is read with a cursor that fails without moving; what is not understood is passed
 * over. Formats: kernel_rc.c (Xid), kernel_gsp.c (histories and timeouts; 535, 550 and
 * 580.82.07 each changed the columns), nvassert.c, crashcat_report_v1*.c.
 */
#include "crash_cursor.h"
#include "crash_lines.h"

#define TAG       "NVRM: "
#define TRACE_TAG "nvidia_dev_xid: " /* the tracepoint's */

struct scan {
    int (*found)(void *ctx, const struct gsp_crash_line *line);
    void *ctx;
    struct gsp_crash_line line;
    bool in_report, addresses; /* where in a crash report we are */
    bool in_table, event;      /* a history has begun, and which */
    int rc;
};

static void
emit(struct scan *s, enum gsp_crash_kind kind)
{
    s->line.kind = kind;
    if (!s->rc)
        s->rc = s->found(s->ctx, &s->line);
}

/* "GPU3 ": kept; "name: " of the function that printed: dropped. */
static void
skip_prefix(struct scan *s, struct cursor *c)
{
    struct gsp_crash_span name;
    struct cursor n = *c;
    uint32_t gpu;

    if (take(&n, "GPU") && take_u32(&n, &gpu) && gpu < 1000 && take(&n, " ")) {
        s->line.gpu = (int)gpu;
        *c = n;
    }
    n = *c;
    if (take_name(&n, &name) && take(&n, ": "))
        *c = n;
}

/* "GPU3", with or without a blank behind it. */
static void
read_gpu(struct scan *s, struct cursor *c)
{
    uint32_t gpu;

    if (take_u32(c, &gpu) && gpu < 1000)
        s->line.gpu = (int)gpu;
}

/* "76 (GSP_RM_CONTROL)" */
static bool
read_function(struct cursor *c, struct gsp_crash_rpc *rpc)
{
    return take_u32(c, &rpc->function) && take(c, " (") && take_until(c, ")", &rpc->name);
}

static bool
read_two(struct cursor *c, uint64_t data[2])
{
    if (!take_number(c, &data[0]))
        return false;
    skip_blanks(c);
    return take_number(c, &data[1]);
}

static bool
take_hex_status(struct cursor *c, uint32_t *out)
{
    struct cursor n = *c;
    uint64_t value;

    if (!take_hex(&n, &value) || value > UINT32_MAX || !value)
        return false;
    *out = (uint32_t)value;
    *c = n;
    return true;
}

/* "Timeout after 6s of waiting for RPC response from GPU0 GSP! Expected function ...", 535's
 * "Timeout waiting for RPC from GSP0! Expected function ...", and since 560 "GPU0 sanity check
 * failed 0xf waiting for RPC response from GSP. Expected function ...". */
static bool
timeout_line(struct scan *s, struct cursor c)
{
    struct gsp_crash_rpc *rpc = &s->line.rpc;
    struct cursor n;

    *rpc = (struct gsp_crash_rpc){0};
    if (take(&c, "GPU")) { /* behind the name of the function that printed */
        read_gpu(s, &c);
        take(&c, " ");
    }
    if (take(&c, "sanity check failed ")) {
        if (!take_hex_status(&c, &rpc->failure) ||
            !take(&c, " waiting for RPC response from GSP"))
            return false;
    } else if (take(&c, "Timeout after ")) {
        if (!take_number(&c, &rpc->seconds) || !take_past(&c, "from GPU"))
            return false;
    } else if (!take(&c, "Timeout waiting for RPC from GSP")) {
        return false;
    }
    if (!rpc->failure)
        read_gpu(s, &c);
    if (!take_past(&c, "Expected function ") || !read_function(&c, rpc))
        return false;
    n = c;
    rpc->columns = GSP_CRASH_COLUMNS_TIMES;
    if (take(&n, " sequence ") && take_number(&n, &rpc->sequence)) {
        rpc->columns = GSP_CRASH_COLUMNS_SEQUENCE;
        c = n;
    }
    if (!take_past(&c, "(") || !read_two(&c, rpc->data))
        return false;
    emit(s, GSP_CRASH_RPC_TIMEOUT);
    return true;
}

/* "GPU0 GSP RPC buffer contains function 76 (GSP_RM_CONTROL) [sequence 9] and data 0x.. 0x..",
 * and 535's "Current RPC function 76 (GSP_RM_CONTROL) or data (0x.. 0x..) does not match". */
static bool
buffer_line(struct scan *s, struct cursor c)
{
    struct gsp_crash_rpc *rpc = &s->line.rpc;
    struct cursor n = c;

    *rpc = (struct gsp_crash_rpc){.columns = GSP_CRASH_COLUMNS_TIMES};
    if (take(&c, "GPU"))
        read_gpu(s, &c);
    skip_blanks(&c);
    if (!take(&c, "GSP RPC buffer contains function ")) {
        c = n;
        if (!take(&c, "Current RPC function "))
            return false;
        rpc->columns = GSP_CRASH_COLUMNS_DATA;
    }
    if (!read_function(&c, rpc))
        return false;
    if (take(&c, " sequence ")) {
        rpc->columns = GSP_CRASH_COLUMNS_SEQUENCE;
        if (!take_number(&c, &rpc->sequence))
            return false;
    }
    if (!take_past(&c, "data "))
        return false;
    take(&c, "(");
    if (!read_two(&c, rpc->data))
        return false;
    emit(s, GSP_CRASH_RPC_BUFFER);
    return true;
}

static bool
table_line(struct scan *s, struct cursor c)
{
    if (take(&c, "GPU"))
        read_gpu(s, &c);
    skip_blanks(&c);
    if (take(&c, "RPC history (CPU -> GSP"))
        s->event = false;
    else if (take(&c, "RPC event history (CPU <- GSP"))
        s->event = true;
    else
        return false;
    s->in_report = false;
    s->in_table = true;
    s->line.rpc = (struct gsp_crash_rpc){.event = s->event};
    emit(s, GSP_CRASH_RPC_TABLE);
    return true;
}

/* "6123us", "45ms", "12 s" behind the time stamps. */
static void
read_duration(struct cursor *c, struct gsp_crash_rpc *rpc)
{
    struct cursor n = *c;
    uint64_t value, scale = 1000000;

    skip_blanks(&n);
    if (!take_number(&n, &value))
        return;
    if (take(&n, "u"))
        scale = 1;
    else if (take(&n, "m"))
        scale = 1000;
    else
        take(&n, " ");
    if (!take(&n, "s") || value > UINT64_MAX / scale)
        return;
    rpc->duration_us = value * scale;
    *c = n;
}

/* " 0    76   GSP_RM_CONTROL        0x... 0x... [...]": index, function, name, data. */
static bool
row_line(struct scan *s, struct cursor c)
{
    struct gsp_crash_rpc *rpc = &s->line.rpc;
    struct cursor n;
    uint32_t index;

    *rpc = (struct gsp_crash_rpc){.event = s->event};
    skip_blanks(&c);
    take(&c, "-");
    if (!take_u32(&c, &index) || index > 4096 || left(&c) < 2 || !isblank((unsigned char)*c.p))
        return false;
    rpc->index = index;
    skip_blanks(&c);
    if (!take_u32(&c, &rpc->function) || left(&c) < 2 || !isblank((unsigned char)*c.p))
        return false;
    skip_blanks(&c);
    if (!take_name(&c, &rpc->name) || isdigit((unsigned char)rpc->name.text[0]))
        return false;
    skip_blanks(&c);
    n = c;
    if (!take_hex(&c, &rpc->data[0])) {
        rpc->columns = GSP_CRASH_COLUMNS_SEQUENCE;
        c = n;
        if (!take_number(&c, &rpc->sequence))
            return false;
        skip_blanks(&c);
        if (!take_hex(&c, &rpc->data[0]))
            return false;
    }
    skip_blanks(&c);
    if (!take_hex(&c, &rpc->data[1]))
        return false;
    skip_blanks(&c);
    if (take_hex(&c, &rpc->start)) {
        if (rpc->columns == GSP_CRASH_COLUMNS_DATA)
            rpc->columns = GSP_CRASH_COLUMNS_TIMES;
        skip_blanks(&c);
        if (!take_hex(&c, &rpc->end))
            return false;
        read_duration(&c, rpc);
        skip_blanks(&c);
        rpc->marked = take(&c, "y");
    }
    emit(s, GSP_CRASH_RPC_ROW);
    return true;
}

/* "Assertion failed: Name (0x0000001F) returned from expr @ file.c:123", without status, or
 * with an address for the place. */
static bool
failure_line(struct scan *s, struct cursor c)
{
    struct gsp_crash_span status;
    struct cursor n;
    const char *at;
    uint64_t value;

    memset(&s->line.failure, 0, sizeof(s->line.failure));
    if (take(&c, "Check failed"))
        s->line.failure.check = true;
    else if (!take(&c, "Assertion failed"))
        return false;
    if (!take(&c, ": ") && !take(&c, " "))
        return false;
    n = c;
    if (take_until(&n, "(0x", &status) && (n.p -= 2, take_hex(&n, &value)) &&
        value <= UINT32_MAX && take(&n, ") returned from ")) {
        s->line.failure.has_status = true;
        s->line.failure.status = (uint32_t)value;
        c = n;
    }
    s->line.failure.expression = rest(&c);
    at = NULL;
    for (n = c; take_past(&n, "@ ");)
        at = n.p;
    if (at) {
        const size_t before = (size_t)(at - c.p) - 2;

        s->line.failure.where = (struct gsp_crash_span){at, (size_t)(c.end - at)};
        s->line.failure.expression.bytes =
            before && c.p[before - 1] == ' ' ? before - 1 : before;
    }
    emit(s, GSP_CRASH_ASSERT);
    return true;
}

static const struct {
    const char *word;
    enum gsp_crash_mode mode;
} modes[] = {
    {"monitor ",     GSP_CRASH_MODE_M   },
    {"kernel ",      GSP_CRASH_MODE_S   },
    {"task ",        GSP_CRASH_MODE_U   },
    {"unspecified ", GSP_CRASH_MODE_NONE},
};
static const struct {
    const char *word;
    enum gsp_crash_cause cause;
} causes[] = {
    {"exception",        GSP_CRASH_EXCEPTION},
    {"panic",            GSP_CRASH_PANIC    },
    {"watchdog timeout", GSP_CRASH_WATCHDOG },
    {"timeout",          GSP_CRASH_TIMEOUT  },
};

static bool
take_mode(struct cursor *c, enum gsp_crash_mode *out)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        if (take(c, modes[i].word)) {
            *out = modes[i].mode;
            return true;
        }
    return false;
}

static bool
take_cause(struct cursor *c, enum gsp_crash_cause *out)
{
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
        if (take(c, causes[i].word)) {
            *out = causes[i].cause;
            return true;
        }
    return false;
}

static uint8_t
small(uint32_t value)
{
    return value < 255 ? (uint8_t)value : 255;
}

/* ", partition:4#0, task:1", each part optional. */
static void
read_who(struct scan *s, struct cursor c)
{
    uint32_t value;

    s->line.source.who = (struct gsp_crash_who){255, 255, 255, s->line.source.mode};
    if (take(&c, ", aux:"))
        take_hex(&c, &s->line.source.aux);
    if (take(&c, ", partition:") && take_u32(&c, &value)) {
        s->line.source.who.partition = small(value);
        s->line.source.has_who = true;
        if (take(&c, "#") && take_u32(&c, &value))
            s->line.source.who.ucode = small(value);
    }
    if (take(&c, ", task:") && take_u32(&c, &value)) {
        s->line.source.who.task = small(value);
        s->line.source.has_who = true;
    }
}

/* "GSP task panic: ... (5) @ pc:0x..., aux:0x..., partition:4#0, task:1" */
static bool
source_line(struct scan *s, struct cursor c)
{
    struct cursor n;

    memset(&s->line.source, 0, sizeof(s->line.source));
    if (!take_name(&c, &s->line.source.engine))
        return false;
    if (take(&c, "-CrashCat"))
        s->line.source.engine.bytes += sizeof("-CrashCat") - 1;
    if (!take(&c, " ") || !take_mode(&c, &s->line.source.mode) ||
        !take_cause(&c, &s->line.source.cause))
        return false;
    if (take(&c, ": ")) {
        n = c;
        if (!take_until(&n, " (", &s->line.source.why))
            return false;
        c = n;
        take(&c, "cause:");
        if (!take_number(&c, &s->line.source.number) || !take(&c, ")"))
            return false;
    }
    if (!take(&c, " @ pc:") || !take_hex(&c, &s->line.source.pc))
        return false;
    read_who(s, c);
    s->in_report = true;
    s->addresses = false;
    emit(s, GSP_CRASH_SOURCE);
    return true;
}

/* "(PCI:0000:01:00 GPU-I:05 GPU-CI:02)" */
static bool
read_device(struct scan *s, struct cursor *c)
{
    struct gsp_crash_span where;
    struct cursor in;
    uint64_t value;

    if (!take_until(c, "): ", &where))
        return false;
    in = (struct cursor){where.text, where.text + where.bytes};
    while (in.p < in.end && *in.p != ' ')
        in.p++;
    s->line.xid.device = (struct gsp_crash_span){where.text, (size_t)(in.p - where.text)};
    s->line.xid.gpu_instance = s->line.xid.compute_instance = -1;
    if (take(&in, " GPU-I:") && take_number(&in, &value) && value < 256)
        s->line.xid.gpu_instance = (int)value;
    if (take(&in, " GPU-CI:") && take_number(&in, &value) && value < 256)
        s->line.xid.compute_instance = (int)value;
    return true;
}

/* "pid=1234, name=python3, ": both or none; pid may be <unknown> or quoted. */
static void
read_process(struct scan *s, struct cursor *c)
{
    struct cursor n = *c;
    struct gsp_crash_span pid;

    if (!take(&n, "pid="))
        return;
    s->line.xid.has_pid = true;
    take(&n, "'");
    if (!take_u32(&n, &s->line.xid.pid))
        s->line.xid.has_pid = false;
    if (!take_until(&n, ", ", &pid))
        return;
    *c = n;
    if (take(&n, "name=") && take_until(&n, ", ", &s->line.xid.process))
        *c = n;
}

static bool
xid_line(struct scan *s, struct cursor c)
{
    struct cursor n;

    memset(&s->line.xid, 0, sizeof(s->line.xid));
    if (!take(&c, "Xid (") || !read_device(s, &c) || !take_u32(&c, &s->line.xid.number))
        return false;
    take(&c, ", ");
    read_process(s, &c);
    s->line.xid.message = rest(&c);
    n = c;
    if (take_past(&n, "caused by previous Xid "))
        take_u32(&n, &s->line.xid.previous);
    emit(s, GSP_CRASH_XID);
    if (!timeout_line(s, c))
        source_line(s, c);
    return true;
}

/* "NVIDIA UNIX Open Kernel Module for x86_64  570.144  Release Build": the release is the first
 * word of digits and dots. */
static bool
driver_line(struct scan *s, struct cursor c)
{
    s->line.loaded = memmem(c.p, left(&c), "loading NVIDIA", 14) != NULL;
    if (!take_past(&c, "NVIDIA UNIX ") || !take_past(&c, "Kernel Module "))
        return false;
    while (c.p < c.end) {
        const char *first = c.p;
        unsigned dots = 0;

        for (; c.p < c.end && (isdigit((unsigned char)*c.p) || *c.p == '.'); c.p++)
            dots += *c.p == '.';
        if (dots && c.p - first > 4 && (c.p == c.end || isblank((unsigned char)*c.p))) {
            s->line.text = (struct gsp_crash_span){first, (size_t)(c.p - first)};
            emit(s, GSP_CRASH_DRIVER);
            return true;
        }
        while (c.p < c.end && !isblank((unsigned char)*c.p))
            c.p++;
        skip_blanks(&c);
    }
    return false;
}

/* "name:0x..." pairs, as many as the line has. */
static bool
register_line(struct scan *s, struct cursor c)
{
    unsigned n = 0;

    for (skip_blanks(&c); n < GSP_CRASH_LINE_VALUES; n++) {
        if (!take_name(&c, &s->line.values.names[n]) || !take(&c, ":") ||
            !take_hex(&c, &s->line.values.values[n]))
            break;
        skip_blanks(&c);
    }
    s->line.values.count = n;
    if (n)
        emit(s, GSP_CRASH_REGISTERS);
    return n > 0;
}

static bool
address_line(struct scan *s, struct cursor c)
{
    unsigned n = 0;

    skip_blanks(&c);
    while (n < GSP_CRASH_LINE_VALUES && take_hex(&c, &s->line.values.values[n])) {
        skip_blanks(&c);
        n++;
    }
    s->line.values.count = n;
    if (n)
        emit(s, GSP_CRASH_ADDRESSES);
    return n > 0;
}

static bool
section_line(struct scan *s, struct cursor c)
{
    static const char *const sections[] = {
        "RISC-V CSR State:",
        "RISC-V GPR State:",
        "Stack Trace:",
        "PC Trace:",
        "Address Trace:",
        "Local I/O Register State:",
        "External I/O Register State:",
        "Additional Register State:",
    };

    skip_blanks(&c);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        struct cursor n = c;

        if (!take(&n, sections[i]))
            continue;
        s->addresses = i >= 2 && i <= 4;
        s->line.text = (struct gsp_crash_span){c.p, strlen(sections[i]) - 1};
        emit(s, GSP_CRASH_SECTION);
        return true;
    }
    return false;
}

/* Lines of a crash report, between its first and its last. */
static bool
report_line(struct scan *s, struct cursor c)
{
    struct cursor n = c;

    skip_blanks(&n);
    if (take_past(&n, "[ end crash report ]")) {
        s->in_report = false;
        emit(s, GSP_CRASH_END);
        return true;
    }
    n = c;
    skip_blanks(&n);
    if (take(&n, "Reported by ")) {
        s->line.text = rest(&n);
        emit(s, GSP_CRASH_REPORTER);
        return true;
    }
    if (section_line(s, c))
        return true;
    return s->addresses ? address_line(s, c) : register_line(s, c);
}

/* Lines of no context; the kind is filled. */
static bool
alone(struct scan *s, bool found)
{
    if (found)
        emit(s, s->line.kind);
    return found;
}

static void
read_line(struct scan *s, struct cursor c)
{
    struct cursor raw = c;

    s->line.gpu = -1;
    s->line.stamp = crash_stamp(c);
    if (!take_past(&c, TAG) && !take_past(&c, TRACE_TAG)) {
        c = raw;
        if (alone(s, crash_foreign_line(c, &s->line)))
            return;
    }
    raw = c;
    s->line.text = rest(&c);
    if (table_line(s, c) || buffer_line(s, c) || (s->in_report && report_line(s, c)))
        return;
    if (alone(s, crash_driver_line(c, &s->line)))
        return;
    skip_prefix(s, &c);
    s->line.text = rest(&c);
    if (xid_line(s, c) || table_line(s, c) || buffer_line(s, c) || timeout_line(s, c) ||
        failure_line(s, c) || alone(s, crash_driver_line(c, &s->line)) || driver_line(s, c) ||
        source_line(s, c))
        return;
    if (s->in_table)
        row_line(s, raw);
}

int
gsp_crash_scan(const char *text, size_t bytes,
               int (*found)(void *ctx, const struct gsp_crash_line *line), void *ctx)
{
    struct scan s = {.found = found, .ctx = ctx};
    const char *end = text + bytes;

    for (unsigned number = 1; text < end && !s.rc; number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        struct cursor c = {text, newline ? newline : end};

        while (c.end > c.p && (c.end[-1] == '\r' || c.end[-1] == ' '))
            c.end--;
        s.line.number = number;
        read_line(&s, c);
        text = newline ? newline + 1 : end;
    }
    return s.rc;
}
