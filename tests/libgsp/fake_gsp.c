/* SPDX-License-Identifier: MIT */
/*
 * See fake_gsp.h. Slow and plain on purpose.
 */
#include "test.h"

#include "fake_gsp.h"

enum { WRITE_PTR = 16, READ_PTR = 32 };

uint32_t
fake_get(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void
fake_put(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

uint8_t *
fake_cmd_word(struct fake_gsp *f, uint32_t offset)
{
    return f->block + FAKE_CMD + offset;
}

uint8_t *
fake_stat_word(struct fake_gsp *f, uint32_t offset)
{
    return f->block + FAKE_STAT + offset;
}

void
fake_gsp_init(struct fake_gsp *f, void *block, uint32_t hdr)
{
    static const uint32_t header[8] = {0, 0x40000, 0x1000, 63, 0, 1, 0x20, 0x1000};

    *f = (struct fake_gsp){.block = block, .hdr = hdr};
    memset(f->block + FAKE_STAT, 0, FAKE_BLOCK - FAKE_STAT);
    for (unsigned i = 0; i < 8; i++)
        fake_put(fake_stat_word(f, 4 * i), header[i]);
}

/* XOR of all bytes by their place within 8, folded: zero for a good record. */
static uint32_t
sum_of(const uint8_t *record, uint32_t bytes)
{
    uint8_t lanes[4] = {0};

    for (uint32_t i = 0; i < bytes; i++)
        lanes[i % 4] ^= record[i];
    return fake_get(lanes);
}

static uint32_t
slots_of(uint32_t bytes)
{
    return (bytes + FAKE_PAGE - 1) / FAKE_PAGE;
}

static uint32_t
sum_span(const struct fake_gsp *f, uint32_t bytes)
{
    return f->whole_sum ? slots_of(bytes) * FAKE_PAGE : bytes;
}

bool
fake_gsp_take(struct fake_gsp *f, struct fake_record *out)
{
    static uint8_t record[FAKE_RECORD];
    const uint32_t write = fake_get(fake_cmd_word(f, WRITE_PTR));
    uint32_t read = fake_get(fake_stat_word(f, READ_PTR));
    const uint8_t *rpc = record + f->hdr;
    uint32_t bytes, count, sum_off = f->hdr == 8 ? 0 : 32;

    assert_true(write < FAKE_SLOTS && read < FAKE_SLOTS);
    if (read == write)
        return false;
    memcpy(record, f->block + FAKE_CMD + FAKE_PAGE + read * FAKE_PAGE, FAKE_PAGE);
    out->sum = fake_get(record + sum_off);
    out->seq = fake_get(record + sum_off + 4);
    out->version = fake_get(rpc);
    out->signature = fake_get(rpc + 4);
    out->length = fake_get(rpc + 8);
    out->function = fake_get(rpc + 12);
    out->result = fake_get(rpc + 16);
    out->private_result = fake_get(rpc + 20);
    out->sequence = fake_get(rpc + 24);
    out->spare = fake_get(rpc + 28);
    assert_int_equal(out->version, 0x03000000);
    assert_int_equal(out->signature, 0x43505256);
    assert_in_range(out->length, 32, FAKE_RECORD - f->hdr);
    bytes = f->hdr + out->length;
    count = slots_of(bytes);
    out->count = f->hdr == 8 ? count : fake_get(record + 40);
    assert_int_equal(out->count, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_not_equal(read, write);
        memcpy(record + i * FAKE_PAGE, f->block + FAKE_CMD + FAKE_PAGE + read * FAKE_PAGE,
               FAKE_PAGE);
        read = (read + 1) % FAKE_SLOTS;
    }
    assert_int_equal(sum_of(record, sum_span(f, bytes)), 0);
    out->payload_bytes = out->length - 32;
    memcpy(out->payload, rpc + 32, out->payload_bytes);
    fake_put(fake_stat_word(f, READ_PTR), read);
    return true;
}

uint32_t
fake_gsp_build(struct fake_gsp *f, uint8_t *record, uint32_t function, uint32_t result,
               uint32_t sequence, const void *payload, uint32_t bytes)
{
    uint8_t *rpc = record + f->hdr;
    const uint32_t sum_off = f->hdr == 8 ? 0 : 32;

    memset(record, 0, FAKE_RECORD);
    fake_put(record + sum_off + 4, f->seq++);
    fake_put(rpc, 0x03000000);
    fake_put(rpc + 4, 0x43505256);
    fake_put(rpc + 8, 32 + bytes);
    fake_put(rpc + 12, function);
    fake_put(rpc + 16, result);
    fake_put(rpc + 20, result);
    fake_put(rpc + 24, sequence);
    if (bytes)
        memcpy(rpc + 32, payload, bytes);
    if (f->hdr != 8)
        fake_put(record + 40, slots_of(f->hdr + 32 + bytes));
    fake_gsp_seal(f, record, f->hdr + 32 + bytes);
    return f->hdr + 32 + bytes;
}

void
fake_gsp_seal(const struct fake_gsp *f, uint8_t *record, uint32_t bytes)
{
    uint8_t *sum = record + (f->hdr == 8 ? 0 : 32);

    fake_put(sum, 0);
    fake_put(sum, sum_of(record, sum_span(f, bytes)));
}

void
fake_gsp_post(struct fake_gsp *f, const uint8_t *record, uint32_t elems)
{
    uint32_t write = fake_get(fake_stat_word(f, WRITE_PTR));

    for (uint32_t i = 0; i < elems; i++) {
        memcpy(f->block + FAKE_STAT + FAKE_PAGE + write * FAKE_PAGE, record + i * FAKE_PAGE,
               FAKE_PAGE);
        write = (write + 1) % FAKE_SLOTS;
    }
    fake_put(fake_stat_word(f, WRITE_PTR), write);
}

void
fake_gsp_send(struct fake_gsp *f, uint32_t function, uint32_t result, uint32_t sequence,
              const void *payload, uint32_t bytes)
{
    static uint8_t record[FAKE_RECORD];
    const uint32_t all = fake_gsp_build(f, record, function, result, sequence, payload, bytes);

    fake_gsp_post(f, record, slots_of(all));
}
