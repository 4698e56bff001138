/* SPDX-License-Identifier: MIT */
/*
 * Lines that stand alone. Formats: osinit.c (RmInitAdapter), kernel_gsp.c (all channels are
 * given up), common_nvswitch.h (SXid), the kernel's PCIe error reports, nvidia-bug-report.sh.
 */
#include "crash_lines.h"

bool
crash_take_digits(struct cursor *c, uint64_t *out)
{
    struct cursor n = *c;
    uint64_t value = 0;
    unsigned digits = 0;

    take(&n, "0x");
    for (; n.p < n.end && digit_of(*n.p) < 16; n.p++, digits++)
        value = value << 4 | (unsigned)digit_of(*n.p);
    if (!digits || digits > 16)
        return false;
    *out = value;
    *c = n;
    return true;
}

/* "0000:01:00.0" or "PCI:0000:01:00"; at least two colons' worth of digits. */
static bool
take_device(struct cursor *c, struct gsp_crash_span *out)
{
    struct cursor n = *c;
    unsigned colons = 0;

    take(&n, "PCI:");
    for (; n.p < n.end && (digit_of(*n.p) < 16 || *n.p == ':' || *n.p == '.'); n.p++) {
        if (*n.p == ':' && (n.p + 1 == n.end || digit_of(n.p[1]) > 15))
            break;
        colons += *n.p == ':';
    }
    if (!colons)
        return false;
    *out = (struct gsp_crash_span){c->p, (size_t)(n.p - c->p)};
    *c = n;
    return true;
}

/* "[  812.000100]", or "Nov 20 13:00:01 host kernel:". */
struct gsp_crash_span
crash_stamp(struct cursor c)
{
    const char *first = c.p;
    struct gsp_crash_span in;
    struct cursor n = c;

    if (take(&n, "[") && take_until(&n, "]", &in)) {
        while (in.bytes && *in.text == ' ') {
            in.text++;
            in.bytes--;
        }
        if (in.bytes && isdigit((unsigned char)*in.text))
            return in;
    }
    if (take_past(&n, "kernel: ") && n.p - first > 15 && first[3] == ' ' && first[9] == ':')
        return (struct gsp_crash_span){first, 15};
    return (struct gsp_crash_span){first, 0};
}

static bool
found(struct gsp_crash_line *line, enum gsp_crash_kind kind)
{
    line->kind = kind;
    return true;
}

/* "nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): 12028, Non-fatal, Link 32 egress ..." */
static bool
sxid_line(struct cursor c, struct gsp_crash_line *line)
{
    uint32_t number;

    if (!take_past(&c, "SXid (") || !take_device(&c, &line->xid.device) || !take(&c, "): ") ||
        !take_u32(&c, &number))
        return false;
    take(&c, ", ");
    line->xid.number = number;
    line->xid.message = rest(&c);
    return found(line, GSP_CRASH_SXID);
}

/* "pcieport 0000:00:01.0: AER: Uncorrected (Fatal) error received: 0000:01:00.0" */
static bool
aer_line(struct cursor c, struct gsp_crash_line *line)
{
    struct cursor n;

    if (!take_past(&c, ": AER: "))
        return false;
    take(&c, "Multiple ");
    line->text = rest(&c);
    n = c;
    if (!take_until(&n, " error received", &line->pcie.severity))
        return false;
    line->pcie.device = (struct gsp_crash_span){n.p, 0};
    if (take(&n, ": ") || take(&n, " from "))
        take_device(&n, &line->pcie.device);
    return found(line, GSP_CRASH_PCIE);
}

static bool
is_rule(struct cursor c)
{
    const bool is_long = left(&c) >= 40;

    while (c.p < c.end && *c.p == '_')
        c.p++;
    return is_long && c.p == c.end;
}

/* A line of underscores ends a part of nvidia-bug-report.log; "*** file" begins one. */
static bool
part_line(struct cursor c, struct gsp_crash_line *line)
{
    if (is_rule(c)) {
        line->text = (struct gsp_crash_span){c.p, 0};
        return found(line, GSP_CRASH_PART);
    }
    if (!take(&c, "*** ") || take(&c, "ls:"))
        return false;
    line->text = rest(&c);
    return found(line, GSP_CRASH_PART);
}

bool
crash_foreign_line(struct cursor c, struct gsp_crash_line *line)
{
    return sxid_line(c, line) || aer_line(c, line) || part_line(c, line);
}

/* "RmInitAdapter failed! (0x62:0x65:1859)": stage, status, line of osinit.c. */
static bool
init_line(struct cursor c, struct gsp_crash_line *line)
{
    uint64_t stage, status, number;

    if (!take(&c, "RmInitAdapter failed! (") || !take_hex(&c, &stage) || !take(&c, ":") ||
        !take_hex(&c, &status) || !take(&c, ":") || !take_number(&c, &number))
        return false;
    line->init.stage = (uint32_t)stage;
    line->init.status = (uint32_t)status;
    line->init.line = (uint32_t)number;
    return found(line, GSP_CRASH_INIT);
}

/* "API mismatch: the client has the version 570.144, but this kernel module has the version
 * 570.133.07." Older ones put the words on several lines; the first has the client's. */
static bool
mismatch_line(struct cursor c, struct gsp_crash_line *line)
{
    if (!take(&c, "API mismatch: the client") || !take_past(&c, "version "))
        return false;
    line->text = (struct gsp_crash_span){c.p, 0};
    while (c.p < c.end && (isdigit((unsigned char)*c.p) || *c.p == '.'))
        c.p++;
    line->text.bytes = (size_t)(c.p - line->text.text);
    return found(line, GSP_CRASH_MISMATCH);
}

/* What the driver found when it looked why GSP does not answer (kernel_gsp.c, 590 on). */
static bool
state_line(struct cursor c, struct gsp_crash_line *line)
{
    static const char *const states[] = {"GSP core unresponsive", "GSP-RM unresponsive",
                                         "GSP-RM is slow", "GSP RM heartbeat timed out",
                                         "LibOS heartbeat timed out"};

    while (c.p < c.end && (*c.p == '=' || *c.p == ' '))
        c.p++;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        struct cursor n = c;

        if (!take(&n, states[i]))
            continue;
        line->text = (struct gsp_crash_span){c.p, strlen(states[i])};
        return found(line, GSP_CRASH_STATE);
    }
    return false;
}

/* "Failed to process received event 0x1004 (NAME) from GPU0: status=0x57", "Unexpected RPC
 * event from GPU0: 0x1004 (NAME)". */
static bool
event_line(struct cursor c, struct gsp_crash_line *line)
{
    const bool failed = take(&c, "Failed to process received event ");
    uint64_t function, gpu, status = 0;

    memset(&line->rpc, 0, sizeof(line->rpc));
    line->rpc.event = true;
    if (!failed && (!take(&c, "Unexpected RPC event from GPU") || !take_number(&c, &gpu) ||
                    !take(&c, ": ")))
        return false;
    if (!take_hex(&c, &function) || function > UINT32_MAX || !take(&c, " (") ||
        !take_until(&c, ")", &line->rpc.name))
        return false;
    if (failed && (!take_past(&c, "status=") || !take_hex(&c, &status) || status > UINT32_MAX))
        return false;
    line->rpc.function = (uint32_t)function;
    line->rpc.failure = (uint32_t)status;
    return found(line, GSP_CRASH_EVENT);
}

bool
crash_driver_line(struct cursor c, struct gsp_crash_line *line)
{
    struct cursor n = c;
    uint64_t number;

    if (take(&n, "GPU at ") && take_device(&n, &line->init.device) && take(&n, ": GPU-")) {
        line->text = (struct gsp_crash_span){n.p - 4, left(&n) + 4};
        return found(line, GSP_CRASH_GPU);
    }
    n = c;
    line->init.device = (struct gsp_crash_span){c.p, 0};
    if (take(&n, "GPU ") && take_device(&n, &line->init.device) && take(&n, ": "))
        c = n;
    if (init_line(c, line) || mismatch_line(c, line) || state_line(c, line) ||
        event_line(c, line))
        return true;
    if (take(&c, "GPU has fallen off the bus"))
        return found(line, GSP_CRASH_LOST);
    if (!take(&c, "RC all ") || !take_past(&c, "channels for critical error ") ||
        !take_number(&c, &number))
        return false;
    line->xid.number = (uint32_t)number;
    return found(line, GSP_CRASH_RC_ALL);
}
