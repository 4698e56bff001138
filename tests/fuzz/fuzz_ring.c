/* SPDX-License-Identifier: MIT */
/*
 * A traced program that writes what it likes into the ring: two lanes hold the input's bytes,
 * their heads are the input's. Whatever the reader makes of it is shown, counted, and tracked
 * as objects.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <trace/ring.h>

#include "trace_exec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LANES = 2, RECORDS = 256, USED = 64 << 10 };

static struct ring *
the_ring(void)
{
    static struct ring *ring;
    int fd;

    if (!ring && ring_create(&fd, &ring) < 0)
        abort();
    return ring;
}

/* Lengths are put right for some frames, so that what is behind them is reached. */
static void
mend(uint8_t *lane, size_t bytes)
{
    size_t at = 0;

    while (at + sizeof(struct ring_frame) <= bytes) {
        struct ring_frame f;
        size_t whole;

        memcpy(&f, lane + at, sizeof(f));
        if (f.bytes & 1) /* this one stays broken */
            return;
        f.args %= GSP_TRACE_ARGS + 1;
        f.pieces %= 6;
        f.type = (uint16_t)(f.type % 70 < GSP_TRACE_RPC ? GSP_TRACE_IOCTL : f.type % 70);
        whole = sizeof(f) + 8 * (size_t)f.args;
        for (unsigned i = 0; i < f.pieces; i++) {
            f.piece_bytes[i] %= 300;
            whole += (f.piece_bytes[i] + 7) & ~(size_t)7;
        }
        f.bytes = (uint32_t)whole;
        memcpy(lane + at, &f, sizeof(f));
        at += whole;
    }
}

static void
show(struct nvrm_abi abi, struct trace_objects *objects, const struct gsp_trace_record *r)
{
    struct gsp_trace_record call;
    struct gsp_text text = {0};

    if (trace_line(abi.schema, abi, objects, r, &text) < 0 ||
        gsp_trace_record_json(abi, r, 0, &text, NULL) < 0)
        abort();
    if (abi.release != NVRM_NO_RELEASE && gsp_trace_ioctl_call(abi, r, &call))
        trace_objects_note(objects, &call);
    gsp_text_fini(&text);
}

static void
fill(struct ring *ring, const uint8_t *data, size_t size)
{
    memset(ring->lane, 0, sizeof(ring->lane));
    for (unsigned i = 0; i < LANES; i++) {
        const size_t part = size / LANES < USED ? size / LANES : USED;

        memset(ring->data[i], 0, USED);
        memcpy(ring->data[i], data + i * part, part);
        mend(ring->data[i], part);
        atomic_store(&ring->lane[i].head, part);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nvrm_abi abi = {nvrm_schema_builtin(), NVRM_NO_RELEASE};
    struct trace_objects *objects = trace_objects_create();
    struct ring *ring = the_ring();
    struct gsp_trace_record record;
    struct ring_reader *reader;
    uint32_t pid;

    if (!objects || ring_reader_create(ring, &reader) < 0)
        abort();
    if (size && data[size - 1] & 1)
        abi.release = nvrm_release_newest(abi.schema);
    fill(ring, data, size);
    for (unsigned n = 0; n < RECORDS && ring_read(reader, true, &record, &pid) == 0; n++)
        show(abi, objects, &record);
    if (size > 8) { /* and a head that makes no sense */
        uint64_t head;

        memcpy(&head, data, sizeof(head));
        atomic_store(&ring->lane[1].head, head);
        for (unsigned n = 0; n < RECORDS && ring_read(reader, true, &record, &pid) == 0; n++)
            show(abi, objects, &record);
    }
    (void)ring_lost(reader);
    (void)ring_damaged(reader);
    ring_reader_destroy(reader);
    trace_objects_destroy(objects);
    return 0;
}
