/* SPDX-License-Identifier: MIT */
/*
 * CrashCat in binary: wayfinder, queue, packets.
 */
#include <errno.h>
#include <string.h>

#include <gsp/crash.h>

#include "fw_bytes_priv.h"

enum {
    SIGNATURE = 0xdead,
    VERSION = 1, /* of wayfinders and of packets: the only one so far */
    HEADER_BYTES = 8,
    REPORT_WORDS = 8, /* implementer, reporter id, data, source id, cause, pc, data + header */
    PACKET_REPORT = 0,
    PACKET_CSRS = 1,
    PACKET_GPRS = 2,
    PACKET_TRACE = 3,
    PACKET_IO = 4,
};

/* Falcon offsets of the scratch groups. */
static const uint16_t group_a[] = {0x40, 0x44};
static const uint16_t group_b[] = {0x300, 0x304, 0x308, 0x30c};
static const uint16_t group_c[] = {0x310, 0x314, 0x318, 0x31c};
static const uint16_t group_d[] = {0x320, 0x324, 0x328, 0x32c};
static const uint16_t group_e[] = {0x330, 0x334, 0x338, 0x33c};

static const struct {
    const char *name;
    const uint16_t *registers;
    unsigned count;
} groups[8] = {
    {"none", NULL,    0},
    {"A",    group_a, 2},
    {"B",    group_b, 4},
    {"C",    group_c, 4},
    {"D",    group_d, 4},
    {"E",    group_e, 4},
    {"F",    NULL,    0},
    {"own",  NULL,    0},
};

bool
gsp_crash_l0(uint32_t value, struct gsp_crash_l0 *out)
{
    const unsigned group = value >> 20 & 7;

    memset(out, 0, sizeof(*out));
    if ((value & 0xffff) != SIGNATURE)
        return false;
    *out = (struct gsp_crash_l0){value >> 16 & 0xf, group, groups[group].name,
                                 groups[group].registers, groups[group].count};
    return true;
}

/* Bytes of a unit: 8, or 1, 4, 64 KiB. */
static uint32_t
unit_bytes(unsigned unit)
{
    static const uint32_t bytes[] = {8, 1 << 10, 4 << 10, 64 << 10};

    return bytes[unit & 3];
}

int
gsp_crash_l1(uint64_t value, struct gsp_crash_l1 *out, struct gsp_error *err)
{
    const unsigned aperture = value & 7, unit = value >> 3 & 3;

    memset(out, 0, sizeof(*out));
    if (aperture >= GSP_CRASH_NOWHERE)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "CrashCat wayfinder 0x%016llx: there is no aperture %u",
                        (unsigned long long)value, aperture);
    if (!unit)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "CrashCat wayfinder 0x%016llx: queues have no 8-byte units",
                        (unsigned long long)value);
    *out = (struct gsp_crash_l1){(enum gsp_crash_aperture)aperture, value >> 10 << 10,
                                 (uint32_t)((value >> 6 & 0xf) + 1) * unit_bytes(unit)};
    return 0;
}

int64_t
gsp_crash_queue_read(const uint8_t *queue, uint32_t bytes, uint32_t put, uint32_t get,
                     uint8_t *out, struct gsp_error *err)
{
    uint32_t first;

    if (put >= bytes || get >= bytes)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "CrashCat queue of 0x%x bytes: put is 0x%x, get 0x%x", bytes, put, get);
    first = put >= get ? put - get : bytes - get;
    memcpy(out, queue + get, first);
    if (put >= get)
        return first;
    memcpy(out + first, queue, put);
    return (int64_t)first + put;
}

struct packet {
    unsigned type;
    uint64_t header;
    struct gsp_crash_values values;
    uint64_t bytes; /* with its header */
};

static bool
is_header(uint64_t h)
{
    return (h & 0xffff) == SIGNATURE && (h >> 16 & 0xf) == VERSION;
}

bool
gsp_crash_is_report(const void *bytes, size_t size)
{
    uint64_t header;

    if (size < HEADER_BYTES)
        return false;
    header = fw_u64(bytes);
    return is_header(header) && (header >> 32 & 0xff) == PACKET_REPORT;
}

static int
read_packet(const struct gsp_fw_source *src, uint64_t off, struct packet *p,
            struct gsp_error *err)
{
    struct gsp_fw_slice s;
    uint64_t payload;
    int rc = fw_take(src, off, HEADER_BYTES, "packet header", &s, err);

    if (rc < 0)
        return rc;
    p->header = fw_u64(s.data);
    if (!is_header(p->header))
        return fw_bad(src, err, off, "0x%016llx is no CrashCat packet header",
                      (unsigned long long)p->header);
    payload = ((p->header >> 22 & 0x3ff) + 1) * unit_bytes(p->header >> 20 & 3);
    rc = fw_take(src, off + HEADER_BYTES, payload, "packet", &s, err);
    if (rc < 0)
        return rc;
    p->type = p->header >> 32 & 0xff;
    p->values = (struct gsp_crash_values){s.data, (uint32_t)(payload / 8)};
    p->bytes = HEADER_BYTES + payload;
    return 0;
}

uint64_t
gsp_crash_value(const struct gsp_crash_values *values, uint32_t i)
{
    return i < values->count ? fw_u64(values->data + (size_t)i * 8) : 0;
}

static struct gsp_crash_who
who(uint64_t id, enum gsp_crash_writer writer)
{
    const unsigned mode = id >> 16 & 7;

    return (struct gsp_crash_who){
        .partition = (uint8_t)id,
        .ucode = (uint8_t)(id >> 8),
        .task = writer == GSP_CRASH_UNKNOWN ? 0xff : (uint8_t)(id >> 24),
        .mode = mode <= GSP_CRASH_MODE_U ? (enum gsp_crash_mode)mode : GSP_CRASH_MODE_NONE,
    };
}

static enum gsp_crash_writer
writer_of(uint64_t id)
{
    if (id == 0x4c49424f53322e30) /* "LIBOS2.0" */
        return GSP_CRASH_LIBOS2;
    return id == 0x4c49424f53332e31 ? GSP_CRASH_LIBOS3 : GSP_CRASH_UNKNOWN; /* "LIBOS3.1" */
}

static void
fill_report(const struct gsp_crash_values *v, struct gsp_crash_report *r)
{
    const uint64_t cause = gsp_crash_value(v, 4), reporter = gsp_crash_value(v, 2);

    r->writer_id = gsp_crash_value(v, 0);
    r->writer = writer_of(r->writer_id);
    r->reporter = who(gsp_crash_value(v, 1), r->writer);
    r->version = (uint32_t)reporter;
    r->timestamp = (uint32_t)(reporter >> 32);
    r->source = who(gsp_crash_value(v, 3), r->writer);
    r->cause = (cause & 0xf) < GSP_CRASH_CAUSE_UNKNOWN ? (enum gsp_crash_cause)(cause & 0xf)
                                                       : GSP_CRASH_CAUSE_UNKNOWN;
    r->containment = cause >> 4 & 0xf;
    r->reason = cause >> 32 & 0xff;
    r->pc = gsp_crash_value(v, 5);
    r->data = gsp_crash_value(v, 6);
}

/* A packet behind the report; the last one of a kind counts. */
static void
add_packet(const struct packet *p, struct gsp_crash_report *r)
{
    const unsigned mode = p->header >> 40 & 7;

    if (p->type == PACKET_CSRS && p->values.count == GSP_CRASH_CSRS) {
        r->csrs = p->values;
        r->csr_mode =
            mode <= GSP_CRASH_MODE_U ? (enum gsp_crash_mode)mode : GSP_CRASH_MODE_NONE;
    } else if (p->type == PACKET_GPRS && p->values.count == GSP_CRASH_GPRS) {
        r->gprs = p->values;
    } else if (p->type == PACKET_TRACE) {
        *(p->header >> 43 & 1 ? &r->pc_trace : &r->stack) = p->values;
    } else if (p->type == PACKET_IO) {
        r->io = p->values;
        r->io_aperture = p->header >> 40 & 3;
    } else {
        r->skipped++;
    }
}

int
gsp_crash_report_next(const struct gsp_fw_source *packets, uint64_t *off,
                      struct gsp_crash_report *out, struct gsp_error *err)
{
    struct packet p;
    int rc;

    memset(out, 0, sizeof(*out));
    if (*off >= packets->bytes)
        return -ENOENT;
    rc = read_packet(packets, *off, &p, err);
    if (rc < 0)
        return rc;
    if (p.type != PACKET_REPORT)
        return fw_bad(packets, err, *off, "packet type %u begins no report", p.type);
    if (p.values.count != REPORT_WORDS - 1)
        return fw_bad(packets, err, *off, "a report of %u words", p.values.count);
    fill_report(&p.values, out);
    for (*off += p.bytes; *off < packets->bytes; *off += p.bytes) {
        /* What follows the last packet of a queue's page is not a packet. */
        if (packets->bytes - *off < HEADER_BYTES || !is_header(fw_u64(packets->data + *off))) {
            *off = packets->bytes;
            break;
        }
        rc = read_packet(packets, *off, &p, err);
        if (rc < 0) {
            memset(out, 0, sizeof(*out));
            return rc;
        }
        if (p.type == PACKET_REPORT)
            break;
        add_packet(&p, out);
    }
    return 0;
}
