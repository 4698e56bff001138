/* SPDX-License-Identifier: MIT */
/*
 * Any sequence of calls of buffers, channels and copies, with any words as work: whatever the
 * card makes of it, what was made can be taken away, and the books are empty then.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <emu/emu.h>
#include <gsp/session.h>
#include <nvmem/copy.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BUFFERS = 8, CHANNELS = 3, STEPS = 100, WORDS = 12, DEADLINE_NS = 200000 };

static struct {
    struct emu_gpu *gpu;
    struct gsp_backend *backend;
    struct nvmem_device_config config;
    struct nvmem_device *dev;
} card;

struct state {
    const uint8_t *p;
    size_t left;
    struct nvmem_buffer *buffer[BUFFERS];
    struct nvmem_channel *channel[CHANNELS];
};

static uint32_t
take(struct state *s, size_t bytes)
{
    uint32_t v = 0;

    bytes = bytes < s->left ? bytes : s->left;
    memcpy(&v, s->p, bytes);
    s->p += bytes;
    s->left -= bytes;
    return v;
}

static void
make_buffer(struct state *s, struct nvmem_buffer **b)
{
    const struct nvmem_buffer_config c = {
        .bytes = take(s, 3),
        .placement = (enum nvmem_placement)(take(s, 1) % 4),
        .flags = take(s, 1),
        .align = UINT64_C(1) << take(s, 1) % 24,
        .gpu_va = (uint64_t)take(s, 2) << 24,
    };
    struct gsp_error err;

    (void)!nvmem_buffer_create(card.dev, &c, b, &err);
}

static void
drop_buffer(struct nvmem_buffer **b)
{
    struct gsp_error err;

    if (nvmem_buffer_unref(*b, &err) == 0)
        *b = NULL;
}

static void
make_channel(struct state *s, struct nvmem_channel **ch)
{
    const struct nvmem_channel_config c = {
        .work = (enum nvmem_work)(take(s, 1) % 3),
        .ring_entries = 8,
        .push_bytes = 4096,
        .lint = take(s, 1) & 1,
    };
    struct gsp_error err;

    if (*ch) {
        nvmem_channel_kill(*ch);
        *ch = NULL;
    } else if (nvmem_channel_create(card.dev, &c, ch, &err) < 0) {
        *ch = NULL;
    }
}

static void
push(struct state *s, struct nvmem_channel *ch)
{
    uint32_t words[WORDS];
    const unsigned n = take(s, 1) % WORDS + 1;
    struct gsp_error err;

    for (unsigned i = 0; i < n; i++)
        words[i] = take(s, 4);
    (void)!nvmem_channel_push(ch, words, n, &err);
}

static void
step(struct state *s)
{
    const uint32_t what = take(s, 1), which = take(s, 1);
    struct nvmem_buffer **b = &s->buffer[which % BUFFERS], *to = s->buffer[which / 8 % BUFFERS];
    struct nvmem_channel **ch = &s->channel[which / 64 % CHANNELS];
    struct gsp_error err;
    uint8_t bytes[16] = {0};

    switch (what % 10) {
    case 0:
        if (!*b)
            make_buffer(s, b);
        break;
    case 1:
        drop_buffer(b);
        break;
    case 2:
        make_channel(s, ch);
        break;
    case 3:
        if (*ch)
            push(s, *ch);
        break;
    case 4:
        if (*ch && *b && to)
            (void)!nvmem_copy(*ch, to, take(s, 2), *b, take(s, 2), take(s, 2), 0, &err);
        break;
    case 5:
        if (*ch && *b)
            (void)!nvmem_fill(*ch, *b, take(s, 2), take(s, 2), take(s, 4), 1u << take(s, 1) % 5,
                              &err);
        break;
    case 6:
        if (*ch)
            (void)!nvmem_channel_submit(*ch, NULL, &err);
        break;
    case 7:
        if (*ch)
            (void)!nvmem_channel_idle(*ch, DEADLINE_NS, &err);
        break;
    case 8:
        if (*b)
            (void)!nvmem_buffer_write(*b, take(s, 3), bytes, take(s, 1) % 17, &err);
        break;
    default:
        if (*b && nvmem_buffer_gpu_va(*b))
            (void)!nvmem_buffer_unmap_gpu(*b, &err);
        else if (*b)
            (void)!nvmem_buffer_map_gpu(*b, &err);
    }
}

static void
open_card(void)
{
    const struct nvrm_schema *schema = nvrm_schema_builtin();
    const struct nvrm_abi abi = {schema, nvrm_release_newest(schema)};
    const struct emu_config config = {.chip = "AD102", .abi = abi};
    struct gsp_rm_config rm = {.abi = abi};
    int rc = emu_gpu_create(&config, &card.gpu, NULL, 0);

    assert(rc == 0);
    rm.bus = emu_gpu_bus(card.gpu);
    rc = gsp_rm_open(&rm, &card.backend, NULL);
    assert(rc == 0);
    rc = rm_client_open(card.backend, NULL, &card.config.client, NULL);
    assert(rc == 0);
    card.config.timeout_ns = DEADLINE_NS;
    rc = nvmem_device_open(&card.config, &card.dev, NULL);
    assert(rc == 0);
    (void)rc;
}

static void
check_books(void)
{
    struct nvmem_device_stat stat;

    nvmem_device_stat(card.dev, &stat);
    if (stat.channels || stat.cpu_mapped_bytes)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state s = {.p = data, .left = size};

    if (!card.dev)
        open_card();
    for (unsigned i = 0; i < STEPS && s.left; i++)
        step(&s);
    for (unsigned i = 0; i < CHANNELS; i++)
        nvmem_channel_kill(s.channel[i]);
    for (unsigned i = 0; i < BUFFERS; i++)
        if (nvmem_buffer_unref(s.buffer[i], NULL) < 0)
            abort();
    check_books();
    return 0;
}
