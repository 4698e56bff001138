/* SPDX-License-Identifier: MIT */
/*
 * One end of a queue pair: geometry, headers, linking and waiting. Sending is in msgq_tx.c,
 * receiving in msgq_rx.c.
 */
#include <errno.h>
#include <string.h>

#include "msgq_priv.h"
#include "wire_facts_priv.h"

/* A field of a struct at this release, or GSP_MSGQ_NO_FIELD. */
static uint32_t
field_off(struct nvrm_abi abi, const struct nvrm_layout *layout, const char *name)
{
    const struct nvrm_field *f = nvrm_field_find(abi.schema, layout, name);

    return f ? f->offset : GSP_MSGQ_NO_FIELD;
}

/* The queue headers never changed in 94 releases; refuse a schema in which they did. */
static int
check_headers(struct nvrm_abi abi, struct gsp_error *err)
{
    static const struct {
        const char *name;
        uint32_t offset;
    } fields[] = {
        {"version",  MSGQ_TX_VERSION   },
        {"size",     MSGQ_TX_SIZE      },
        {"msgSize",  MSGQ_TX_MSG_SIZE  },
        {"msgCount", MSGQ_TX_MSG_COUNT },
        {"writePtr", MSGQ_TX_WRITE_PTR },
        {"flags",    MSGQ_TX_FLAGS     },
        {"rxHdrOff", MSGQ_TX_RX_HDR_OFF},
        {"entryOff", MSGQ_TX_ENTRY_OFF },
    };
    const struct nvrm_layout *tx = nvrm_struct_find(abi, "msgqTxHeader");
    const struct nvrm_layout *rpc = nvrm_struct_find(abi, "rpc_message_header_v03_00");

    if (!tx || !rpc || rpc->size != GSP_RPC_HEADER_BYTES)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT,
                        "schema of %s has no msgqTxHeader or rpc_message_header_v03_00",
                        nvrm_release_name(abi.schema, abi.release));
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (field_off(abi, tx, fields[i].name) != fields[i].offset)
            return gsp_fail(
                err, GSP_ORIGIN_RELEASE, -ENOENT, "msgqTxHeader of %s does not have %s at %u",
                nvrm_release_name(abi.schema, abi.release), fields[i].name, fields[i].offset);
    return 0;
}

static int
check_geometry(const struct gsp_msgq_geometry *g, struct gsp_error *err)
{
    const uint32_t end = g->elem_hdr_bytes;

    if (end < 8 || end > MSGQ_HEADERS_MAX - GSP_RPC_HEADER_BYTES || end % 8 ||
        g->sum_off > end - 8 || g->sum_off % 8 || g->seq_off != g->sum_off + 4 ||
        (g->count_off != GSP_MSGQ_NO_FIELD && (g->count_off > end - 4 || g->count_off % 4)))
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -EINVAL,
                        "queue element header of %u bytes makes no sense", end);
    return 0;
}

int
gsp_msgq_geometry_at(struct nvrm_abi abi, struct gsp_msgq_geometry *out, struct gsp_error *err)
{
    const struct nvrm_layout *elem = nvrm_struct_find(abi, "GSP_MSG_QUEUE_ELEMENT");
    int rc = check_headers(abi, err);

    if (rc < 0)
        return rc;
    if (!elem)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT,
                        "schema of %s has no GSP_MSG_QUEUE_ELEMENT",
                        nvrm_release_name(abi.schema, abi.release));
    out->elem_hdr_bytes = field_off(abi, elem, "rpc");
    out->sum_off = field_off(abi, elem, "checkSum");
    out->seq_off = field_off(abi, elem, "seqNum");
    out->count_off = field_off(abi, elem, "elemCount");
    out->whole_sum = gsp_wire_facts_at(abi).whole_sum;
    return check_geometry(out, err);
}

uint32_t
gsp_msgq_record_cap(const struct gsp_msgq_geometry *g)
{
    return GSP_MSGQ_RECORD_BYTES - g->elem_hdr_bytes;
}

void
gsp_msgq_page_table(void *block, uint64_t bus_addr)
{
    uint64_t *entry = block;

    for (unsigned i = 0; i < GSP_MSGQ_PAGES; i++)
        entry[i] = bus_addr + (uint64_t)i * GSP_MSGQ_PAGE;
}

static void
publish_header(uint8_t *queue)
{
    msgq_store(queue + MSGQ_TX_VERSION, 0);
    msgq_store(queue + MSGQ_TX_MSG_SIZE, GSP_MSGQ_PAGE);
    msgq_store(queue + MSGQ_TX_MSG_COUNT, GSP_MSGQ_ELEMENTS);
    msgq_store(queue + MSGQ_TX_WRITE_PTR, 0);
    msgq_store(queue + MSGQ_TX_FLAGS, MSGQ_FLAGS_SWAP_RX);
    msgq_store(queue + MSGQ_TX_RX_HDR_OFF, MSGQ_RX_HDR_OFF);
    msgq_store(queue + MSGQ_TX_ENTRY_OFF, GSP_MSGQ_PAGE);
    msgq_store(queue + MSGQ_RX_HDR_OFF, 0);
    msgq_store(queue + MSGQ_TX_SIZE, GSP_MSGQ_QUEUE_BYTES); /* last: zero means "not there" */
}

int
gsp_msgq_create(const struct gsp_msgq_config *config, struct gsp_msgq **q_out,
                struct gsp_error *err)
{
    uint8_t *cmd = (uint8_t *)config->block + GSP_MSGQ_CMD_OFF;
    uint8_t *stat = (uint8_t *)config->block + GSP_MSGQ_STAT_OFF;
    const bool cpu = config->end == GSP_MSGQ_CPU;
    struct gsp_msgq *q;
    int rc = check_geometry(&config->geometry, err);

    if (rc < 0)
        return rc;
    q = gsp_host_alloc(config->host, sizeof(*q));
    if (!q)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a message queue");
    q->config = *config;
    q->geometry = config->geometry;
    q->sum_copy = gsp_sum_pick();
    q->tx_name = cpu ? "command queue" : "status queue";
    q->rx_name = cpu ? "status queue" : "command queue";
    q->tx_queue = cpu ? cmd : stat;
    q->rx_queue = cpu ? stat : cmd;
    q->peer_read_off = MSGQ_RX_HDR_OFF;
    q->spin_ns = config->spin_ns / 4;
    publish_header(q->tx_queue);
    *q_out = q;
    return 0;
}

void
gsp_msgq_destroy(struct gsp_msgq *q)
{
    if (q)
        gsp_host_free(q->config.host, q);
}

const struct gsp_msgq_stats *
gsp_msgq_stats(const struct gsp_msgq *q)
{
    return &q->stats;
}

static int
bad_link(struct gsp_msgq *q, const char *field, uint32_t value, struct gsp_error *err)
{
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "%s header: %s is 0x%x", q->rx_name,
                    field, value);
}

int
gsp_msgq_link(struct gsp_msgq *q, struct gsp_error *err)
{
    static const struct {
        const char *name;
        uint32_t offset, want;
    } fields[] = {
        {"version",  MSGQ_TX_VERSION,   0                 },
        {"msgSize",  MSGQ_TX_MSG_SIZE,  GSP_MSGQ_PAGE     },
        {"msgCount", MSGQ_TX_MSG_COUNT, GSP_MSGQ_ELEMENTS },
        {"flags",    MSGQ_TX_FLAGS,     MSGQ_FLAGS_SWAP_RX},
        {"entryOff", MSGQ_TX_ENTRY_OFF, GSP_MSGQ_PAGE     },
    };
    const uint32_t size = msgq_load(q->rx_queue + MSGQ_TX_SIZE);
    uint32_t value;

    if (!size)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EAGAIN, "%s header is still empty",
                        q->rx_name);
    if (size != GSP_MSGQ_QUEUE_BYTES)
        return bad_link(q, "size", size, err);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        value = msgq_load(q->rx_queue + fields[i].offset);
        if (value != fields[i].want)
            return bad_link(q, fields[i].name, value, err);
    }
    value = msgq_load(q->rx_queue + MSGQ_TX_RX_HDR_OFF);
    if (value < MSGQ_RX_HDR_OFF || value > GSP_MSGQ_PAGE - 4 || value % 4)
        return bad_link(q, "rxHdrOff", value, err);
    q->peer_read_off = value;
    q->linked = true;
    return 0;
}

bool
gsp_msgq_rx_ready(struct gsp_msgq *q)
{
    return msgq_load(q->rx_queue + MSGQ_TX_WRITE_PTR) != q->rx_read;
}

static void
relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Spin while it pays: a wait that ends while spinning lets the next one spin twice as long as
 * it took, one that does not halves it. */
static bool
spin(struct gsp_msgq *q, uint64_t deadline_ns)
{
    const uint64_t start = gsp_host_now_ns(q->config.host);
    uint64_t now = start;

    while (now - start < q->spin_ns && now < deadline_ns) {
        for (unsigned i = 0; i < 32; i++) {
            if (gsp_msgq_rx_ready(q)) {
                uint64_t next = 2 * (gsp_host_now_ns(q->config.host) - start) + 1000;

                q->spin_ns = next > q->config.spin_ns ? q->config.spin_ns : (uint32_t)next;
                q->stats.spun++;
                return true;
            }
            relax();
        }
        now = gsp_host_now_ns(q->config.host);
    }
    q->spin_ns /= 2;
    if (q->spin_ns < q->config.spin_ns / 16)
        q->spin_ns = q->config.spin_ns / 16;
    return false;
}

/* The host's clock is asked again at least this often: a program that wants a wait to end lets
 * its clock jump ahead. */
#define SLEEP_SLICE_NS UINT64_C(50000000)

int
gsp_msgq_wait(struct gsp_msgq *q, uint64_t deadline_ns)
{
    bool expired = false;

    while (!gsp_msgq_rx_ready(q)) {
        uint64_t now, slice_ns;
        int rc;

        if (expired)
            return -ETIMEDOUT;
        if (q->spin_ns && spin(q, deadline_ns))
            return 0;
        now = gsp_host_now_ns(q->config.host);
        if (now >= deadline_ns)
            return gsp_msgq_rx_ready(q) ? 0 : -ETIMEDOUT;
        if (!q->config.sleep) {
            gsp_host_sleep_ns(q->config.host, 20000);
            continue;
        }
        q->stats.slept++;
        slice_ns = deadline_ns - now < SLEEP_SLICE_NS ? deadline_ns - now : SLEEP_SLICE_NS;
        rc = q->config.sleep(q->config.ctx, slice_ns);
        if (rc == -ETIMEDOUT) /* look once more: it may have come in that moment */
            expired = slice_ns == deadline_ns - now;
        else if (rc < 0)
            return rc;
    }
    return 0;
}
