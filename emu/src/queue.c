/* SPDX-License-Identifier: MIT */
/*
 * The GSP's end of the queue pair: it reads the command queue and writes the status queue, in
 * memory that the other end owns and may change at any time. Every byte is copied before it is
 * looked at.
 *
 * Rules after message_queue_cpu.c, message_queue_priv.h and msgq.c of the vendor's tree
 * (570.144, 595.45.04); what the vendor's receiver drops is dropped here, what would make it
 * loop or overrun halts the GSP.
 */
#include <errno.h>
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    TX_VERSION = 0,
    TX_SIZE = 4,
    TX_MSG_SIZE = 8,
    TX_MSG_COUNT = 12,
    TX_WRITE_PTR = 16,
    TX_FLAGS = 20,
    TX_RX_HDR_OFF = 24,
    TX_ENTRY_OFF = 28,
    TX_BYTES = 32,
    FLAG_SWAP_RX = 1,
};

/* The block's memory */

static void *
shm_at(const struct emu_gpu *gpu, uint32_t offset, uint32_t bytes)
{
    const struct emu_shm *shm = &gpu->gsp.shm;
    const uint32_t page = offset / EMU_PAGE_BYTES, within = offset % EMU_PAGE_BYTES;

    if (page >= shm->page_count || bytes > EMU_PAGE_BYTES - within)
        return NULL;
    return emu_ram_at(&gpu->ram, shm->pages[page] + within, bytes);
}

bool
emu_shm_read(const struct emu_gpu *gpu, uint32_t offset, void *out, uint32_t bytes)
{
    for (uint8_t *to = out; bytes;) {
        const uint32_t room = EMU_PAGE_BYTES - offset % EMU_PAGE_BYTES;
        const uint32_t n = bytes < room ? bytes : room;
        const void *from = shm_at(gpu, offset, n);

        if (!from)
            return false;
        memcpy(to, from, n);
        to += n;
        offset += n;
        bytes -= n;
    }
    return true;
}

bool
emu_shm_write(const struct emu_gpu *gpu, uint32_t offset, const void *in, uint32_t bytes)
{
    for (const uint8_t *from = in; bytes;) {
        const uint32_t room = EMU_PAGE_BYTES - offset % EMU_PAGE_BYTES;
        const uint32_t n = bytes < room ? bytes : room;
        void *to = shm_at(gpu, offset, n);

        if (!to)
            return false;
        memcpy(to, from, n);
        from += n;
        offset += n;
        bytes -= n;
    }
    return true;
}

/* The other end's pointers, ordered against the elements that they guard. */
static uint32_t
pointer_get(const struct emu_gpu *gpu, uint32_t offset)
{
    const uint32_t *at = offset % 4 ? NULL : shm_at(gpu, offset, 4);

    return at ? __atomic_load_n(at, __ATOMIC_ACQUIRE) : UINT32_MAX;
}

static void
pointer_set(const struct emu_gpu *gpu, uint32_t offset, uint32_t value)
{
    uint32_t *at = offset % 4 ? NULL : shm_at(gpu, offset, 4);

    if (at)
        __atomic_store_n(at, value, __ATOMIC_RELEASE);
}

/* Linking */

/* Bytes from `off` to whatever comes next in the block. */
static uint32_t
span(uint32_t off, const uint32_t *limits, unsigned limit_count)
{
    uint32_t end = 0;

    for (unsigned i = 0; i < limit_count; i++)
        if (limits[i] > off && (!end || limits[i] < end))
            end = limits[i];
    return end ? end - off : 0;
}

static uint32_t
rd32(const uint8_t *p, unsigned offset)
{
    uint32_t v;

    memcpy(&v, p + offset, 4);
    return v;
}

static void
wr32(uint8_t *p, unsigned offset, uint32_t v)
{
    memcpy(p + offset, &v, 4);
}

/* What msgqRxLink checks of the other end's header, msgq.c. */
static const char *
check_header(const uint8_t *h, uint32_t room)
{
    const uint32_t size = rd32(h, TX_SIZE), entry_off = rd32(h, TX_ENTRY_OFF);
    const uint32_t rx_off = rd32(h, TX_RX_HDR_OFF);

    if (rd32(h, TX_VERSION) != 0)
        return "version is not 0";
    if (size > room || size < 2 * EMU_PAGE_BYTES)
        return "size does not fit the block";
    if (rd32(h, TX_MSG_SIZE) != EMU_PAGE_BYTES)
        return "msgSize is not 4096";
    if (rx_off < TX_BYTES || rx_off % 4 || rx_off > entry_off - 4 || entry_off > size)
        return "rxHdrOff or entryOff";
    if (entry_off < TX_BYTES + 4 || entry_off % EMU_PAGE_BYTES)
        return "entryOff";
    if (rd32(h, TX_MSG_COUNT) != (size - entry_off) / EMU_PAGE_BYTES)
        return "msgCount does not follow from size and entryOff";
    return NULL;
}

static void
make_status_header(struct emu_gpu *gpu, uint32_t base, uint32_t size, uint8_t *h)
{
    struct emu_ring *r = &gpu->gsp.stat;

    *r = (struct emu_ring){.base = base,
                           .entries = base + EMU_PAGE_BYTES,
                           .count = (size - EMU_PAGE_BYTES) / EMU_PAGE_BYTES,
                           .write_at = base + TX_WRITE_PTR};
    memset(h, 0, TX_BYTES);
    wr32(h, TX_SIZE, size);
    wr32(h, TX_MSG_SIZE, EMU_PAGE_BYTES);
    wr32(h, TX_MSG_COUNT, r->count);
    wr32(h, TX_FLAGS, FLAG_SWAP_RX);
    wr32(h, TX_RX_HDR_OFF, TX_BYTES);
    wr32(h, TX_ENTRY_OFF, EMU_PAGE_BYTES);
}

int
emu_queue_link(struct emu_gpu *gpu, uint32_t cmd_off, uint32_t stat_off, const uint32_t *limits,
               unsigned limit_count)
{
    const uint32_t stat_room = span(stat_off, limits, limit_count);
    uint8_t cmd[TX_BYTES], stat[TX_BYTES];
    struct emu_ring *r = &gpu->gsp.cmd;
    const char *wrong;
    uint32_t rx_off, zero = 0;

    if (!emu_shm_read(gpu, cmd_off, cmd, sizeof(cmd)))
        return -EINVAL;
    wrong = check_header(cmd, span(cmd_off, limits, limit_count));
    if (wrong || stat_room < rd32(cmd, TX_SIZE)) {
        emu_note(gpu, "command queue header: %s",
                 wrong ? wrong : "no room for the status queue");
        return -EINVAL;
    }
    rx_off = rd32(cmd, TX_RX_HDR_OFF);
    *r = (struct emu_ring){.base = cmd_off,
                           .entries = cmd_off + rd32(cmd, TX_ENTRY_OFF),
                           .count = rd32(cmd, TX_MSG_COUNT),
                           .write_at = cmd_off + TX_WRITE_PTR};
    make_status_header(gpu, stat_off, rd32(cmd, TX_SIZE), stat);
    if (rd32(cmd, TX_FLAGS) &
        FLAG_SWAP_RX) { /* each reader keeps its pointer in its own queue */
        r->read_at = stat_off + TX_BYTES;
        gpu->gsp.stat.read_at = cmd_off + rx_off;
    } else {
        r->read_at = cmd_off + rx_off;
        gpu->gsp.stat.read_at = stat_off + TX_BYTES;
    }
    /* The header becomes valid last: the other end polls it. */
    if (!emu_shm_write(gpu, r->read_at, &zero, 4) ||
        !emu_shm_write(gpu, stat_off, stat, sizeof(stat)))
        return -EINVAL;
    return 0;
}

/* Receiving */

static uint32_t
check_sum(const uint8_t *p, uint32_t bytes)
{
    uint64_t sum = 0, word;

    for (uint32_t i = 0; i < bytes; i += 8) {
        const uint32_t n = bytes - i < 8 ? bytes - i : 8;

        word = 0;
        memcpy(&word, p + i, n);
        sum ^= word;
    }
    return (uint32_t)(sum >> 32) ^ (uint32_t)sum;
}

static uint32_t
available(struct emu_gpu *gpu)
{
    struct emu_ring *r = &gpu->gsp.cmd;
    const uint32_t write = pointer_get(gpu, r->write_at);

    if (write >= r->count) {
        if (write != UINT32_MAX)
            emu_note(gpu, "command queue: write pointer %u of %u", write, r->count);
        return 0;
    }
    return (write + r->count - r->index) % r->count;
}

static void
consume(struct emu_gpu *gpu, uint32_t elements)
{
    struct emu_ring *r = &gpu->gsp.cmd;

    r->index = (r->index + elements) % r->count;
    pointer_set(gpu, r->read_at, r->index);
}

static bool
copy_elements(struct emu_gpu *gpu, uint32_t first, uint32_t elements)
{
    struct emu_ring *r = &gpu->gsp.cmd;

    for (uint32_t i = first; i < elements; i++) {
        const uint32_t slot = (r->index + i) % r->count;

        if (!emu_shm_read(gpu, r->entries + slot * EMU_PAGE_BYTES,
                          gpu->gsp.record + (size_t)i * EMU_PAGE_BYTES, EMU_PAGE_BYTES))
            return false;
    }
    return true;
}

/* Elements of the record whose first element was copied. 0 when the GSP does not survive it. */
static uint32_t
element_count(struct emu_gpu *gpu, uint32_t have)
{
    const struct emu_headers *h = &gpu->gsp.headers;
    uint32_t n;

    if (h->elem_count != UINT32_MAX) {
        n = rd32(gpu->gsp.record, h->elem_count);
    } else { /* 535.54.03 counts by the RPC length */
        const uint32_t length = rd32(gpu->gsp.record, h->element_bytes + h->length);

        n = length > EMU_RECORD_MAX
                ? 0
                : (h->element_bytes + length + EMU_PAGE_BYTES - 1) / EMU_PAGE_BYTES;
    }
    if (!n || n > EMU_RECORD_MAX / EMU_PAGE_BYTES || n > have) {
        emu_note(gpu, "command queue: a record of %u elements, %u are there", n, have);
        return 0;
    }
    return n;
}

/* NULL where a lenient card goes on with the record. */
static const char *
accepted(struct emu_gpu *gpu, const char *wrong)
{
    return gpu->lenient && emu_accepts(gpu, "command queue: %s", wrong) ? NULL : wrong;
}

/* Why a whole record is dropped, or NULL. */
static const char *
check_record(struct emu_gpu *gpu, uint32_t elements)
{
    const struct emu_headers *h = &gpu->gsp.headers;
    const uint8_t *p = gpu->gsp.record, *rpc = p + h->element_bytes;
    const uint32_t length = rd32(rpc, h->length);

    if (length < h->rpc_bytes || length > h->record_max)
        return "rpc length out of range";
    if ((h->element_bytes + length + EMU_PAGE_BYTES - 1) / EMU_PAGE_BYTES != elements)
        return "element count does not follow from the rpc length";
    if (check_sum(p, h->element_bytes + length))
        return accepted(gpu, "bad checksum");
    return NULL;
}

static const char *
check_rpc(struct emu_gpu *gpu, const uint8_t *rpc)
{
    const struct emu_headers *h = &gpu->gsp.headers;
    const char *wrong = NULL;

    if (rd32(rpc, h->version) != EMU_RPC_VERSION)
        wrong = accepted(gpu, "rpc header_version");
    if (!wrong && rd32(rpc, h->signature) != EMU_RPC_SIGNATURE)
        wrong = accepted(gpu, "rpc signature");
    return wrong;
}

/* One record: true when it is good, else it was dropped (or the GSP halted). */
static bool
receive_one(struct emu_gpu *gpu, uint32_t have)
{
    const struct emu_headers *h = &gpu->gsp.headers;
    struct emu_ring *r = &gpu->gsp.cmd;
    const char *wrong;
    uint32_t n, seq;

    n = copy_elements(gpu, 0, 1) ? element_count(gpu, have) : 0;
    if (!n || !copy_elements(gpu, 1, n)) {
        emu_gsp_halt(gpu);
        return false;
    }
    wrong = check_record(gpu, n);
    seq = rd32(gpu->gsp.record, h->seq_num);
    consume(gpu, n);
    if (!wrong && seq < r->seq) { /* an old record: the next one is still awaited */
        emu_note(gpu, "command queue: record %u again, %u is awaited", seq, r->seq);
        return false;
    }
    r->seq++;
    if (!wrong && seq != r->seq - 1) {
        wrong = accepted(gpu, "sequence number ahead of time");
        r->seq = wrong ? r->seq : seq + 1;
    }
    if (!wrong)
        wrong = check_rpc(gpu, gpu->gsp.record + h->element_bytes);
    if (wrong)
        emu_note(gpu, "command queue: record %u dropped: %s", seq, wrong);
    return !wrong;
}

uint32_t
emu_queue_receive(struct emu_gpu *gpu)
{
    const struct emu_headers *h = &gpu->gsp.headers;
    uint32_t have;

    while (gpu->gsp.state != EMU_GSP_HALTED && (have = available(gpu)) > 0)
        if (receive_one(gpu, have))
            return rd32(gpu->gsp.record, h->element_bytes + h->length);
    return 0;
}

void
emu_queue_stall(struct emu_gpu *gpu, uint64_t until_ns)
{
    struct emu_ring *r = &gpu->gsp.cmd;

    gpu->gsp.full_ns = until_ns;
    if (!r->count)
        return; /* a host without queues */
    pointer_set(gpu, r->read_at, (pointer_get(gpu, r->write_at) + 1) % r->count);
}

bool
emu_queue_flows(struct emu_gpu *gpu)
{
    struct emu_gsp *gsp = &gpu->gsp;

    if (gsp->full_ns && gsp->full_ns <= emu_now_ns()) {
        gsp->full_ns = 0;
        pointer_set(gpu, gsp->cmd.read_at, gsp->cmd.index);
    }
    return !gsp->full_ns && !gsp->deaf && !gsp->hung_ms;
}

/* Sending */

static uint32_t
free_elements(struct emu_gpu *gpu)
{
    struct emu_ring *r = &gpu->gsp.stat;
    const uint32_t read = pointer_get(gpu, r->read_at);

    if (read >= r->count)
        return 0;
    return (read + r->count - r->index - 1) % r->count;
}

static bool
put_record(struct emu_gpu *gpu, const uint8_t *data, uint32_t elements)
{
    struct emu_ring *r = &gpu->gsp.stat;

    if (free_elements(gpu) < elements)
        return false;
    for (uint32_t i = 0; i < elements; i++) {
        const uint32_t slot = (r->index + i) % r->count;

        if (!emu_shm_write(gpu, r->entries + slot * EMU_PAGE_BYTES,
                           data + (size_t)i * EMU_PAGE_BYTES, EMU_PAGE_BYTES))
            return false;
    }
    r->index = (r->index + elements) % r->count;
    pointer_set(gpu, r->write_at, r->index);
    emu_hw_set_irqstat(gpu, gpu->regs.irqstat | EMU_IRQ_SWGEN0);
    return true;
}

static void
defer_record(struct emu_gpu *gpu, const uint8_t *data, uint32_t elements, uint64_t due_ns)
{
    struct emu_gsp *gsp = &gpu->gsp;
    const size_t bytes = (size_t)elements * EMU_PAGE_BYTES;
    struct emu_pending *p = emu_realloc(&gpu->mem, NULL, sizeof(*p) + bytes);

    if (!p) {
        emu_note(gpu, "status queue: out of memory");
        emu_gsp_halt(gpu);
        return;
    }
    *p = (struct emu_pending){.due_ns = due_ns, .elements = elements};
    memcpy(p->data, data, bytes);
    *gsp->pending_tail = p;
    gsp->pending_tail = &p->next;
}

void
emu_queue_flush(struct emu_gpu *gpu)
{
    struct emu_gsp *gsp = &gpu->gsp;
    struct emu_pending *p;

    while ((p = gsp->pending) && (!p->due_ns || p->due_ns <= emu_now_ns()) &&
           put_record(gpu, p->data, p->elements)) {
        gsp->pending = p->next;
        if (!gsp->pending)
            gsp->pending_tail = &gsp->pending;
        emu_free(&gpu->mem, p);
    }
}

/* Put out gsp->out, behind whatever waits already. */
static void
commit(struct emu_gpu *gpu, uint32_t elements, uint64_t due_ns)
{
    if (gpu->gsp.pending || due_ns || !put_record(gpu, gpu->gsp.out, elements))
        defer_record(gpu, gpu->gsp.out, elements, due_ns);
}

/* The sum of a record's words is what checkSum makes zero; faults break that afterwards. */
static void
seal(struct emu_gpu *gpu, uint32_t elements, uint32_t length, uint32_t seq)
{
    const struct emu_headers *h = &gpu->gsp.headers;
    uint8_t *p = gpu->gsp.out;

    wr32(p, h->seq_num, seq);
    if (h->elem_count != UINT32_MAX)
        wr32(p, h->elem_count, elements);
    wr32(p, h->check_sum, 0);
    wr32(p, h->check_sum, check_sum(p, h->element_bytes + length));
}

/* Break the sealed record the way a fault asks for, and put it out (once, twice or never). */
static void
emit(struct emu_gpu *gpu, uint32_t elements, uint32_t length, bool first, bool last)
{
    const struct emu_headers *h = &gpu->gsp.headers;
    uint8_t *p = gpu->gsp.out, *rpc = p + h->element_bytes;
    const struct emu_fault *fault = emu_fault_on_record(gpu, first, last);
    uint32_t seq = gpu->gsp.stat.seq;
    uint64_t due_ns = 0;

    switch (fault ? fault->effect : EMU_EFFECT_NONE) {
    case EMU_EFFECT_LOST:
    case EMU_EFFECT_NO_CONTINUATION:
        return; /* not even numbered: the next record takes its place */
    case EMU_EFFECT_WRONG_SEQ:
        seq += 5;
        break;
    case EMU_EFFECT_HOSTILE_LENGTH:
        wr32(rpc, h->length, 0xfffffff0u);
        break;
    case EMU_EFFECT_WRONG_SEQUENCE:
        wr32(rpc, h->sequence, rd32(rpc, h->sequence) ^ 0x5a5a5a5au);
        break;
    case EMU_EFFECT_SLOW:
        due_ns = emu_now_ns() + (uint64_t)fault->arg * 1000000u;
        break;
    default:
        break;
    }
    seal(gpu, elements, length, seq);
    if (fault && fault->effect == EMU_EFFECT_BAD_CHECKSUM)
        wr32(p, h->check_sum, ~rd32(p, h->check_sum));
    if (fault && fault->effect == EMU_EFFECT_ELEMENTS && h->elem_count != UINT32_MAX) {
        wr32(p, h->check_sum, rd32(p, h->check_sum) ^ elements ^ fault->arg);
        wr32(p, h->elem_count, fault->arg);
    }
    commit(gpu, elements, due_ns);
    if (fault && fault->effect == EMU_EFFECT_DUPLICATE)
        commit(gpu, elements, due_ns);
    if (fault && fault->effect == EMU_EFFECT_WRITE_POINTER)
        pointer_set(gpu, gpu->gsp.stat.write_at, gpu->gsp.stat.count + 7);
    gpu->gsp.stat.seq++;
}

static void
send_record(struct emu_gpu *gpu, const struct emu_message *m, uint32_t offset, uint32_t bytes,
            uint32_t function, uint32_t sequence)
{
    const struct emu_headers *h = &gpu->gsp.headers;
    const uint32_t length = h->rpc_bytes + bytes;
    const uint32_t elements = (h->element_bytes + length + EMU_PAGE_BYTES - 1) / EMU_PAGE_BYTES;
    uint8_t *p = gpu->gsp.out, *rpc = p + h->element_bytes;

    memset(p, 0, h->element_bytes + h->rpc_bytes);
    wr32(rpc, h->version, EMU_RPC_VERSION);
    wr32(rpc, h->signature, EMU_RPC_SIGNATURE);
    wr32(rpc, h->length, length);
    wr32(rpc, h->function, function);
    wr32(rpc, h->result, m->result);
    wr32(rpc, h->result_private, m->result);
    wr32(rpc, h->sequence, sequence);
    if (bytes)
        memcpy(rpc + h->rpc_bytes, m->payload + offset, bytes);
    memset(rpc + length, 0, elements * EMU_PAGE_BYTES - h->element_bytes - length);
    emit(gpu, elements, length, offset == 0, offset + bytes == m->bytes);
}

void
emu_queue_send(struct emu_gpu *gpu, const struct emu_message *m, bool one_record)
{
    const struct emu_headers *h = &gpu->gsp.headers;
    const uint32_t room = h->record_max - h->rpc_bytes;
    uint32_t bytes = m->bytes < room ? m->bytes : room;
    uint32_t sequence = m->sequence;

    send_record(gpu, m, 0, bytes, m->function, sequence);
    if (one_record)
        return;
    for (uint32_t offset = bytes; offset < m->bytes; offset += bytes) {
        bytes = m->bytes - offset < room ? m->bytes - offset : room;
        send_record(gpu, m, offset, bytes, h->continuation, ++sequence);
    }
}
