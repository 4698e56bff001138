/* SPDX-License-Identifier: MIT */
/*
 * Work for a card through libnvmem: what a submission costs in software beside plain stores of
 * the same words, and copies by the emulated engine beside memcpy.
 *
 * For submissions the bus keeps the doorbell to itself, so that no card runs: a copy's methods
 * into the push buffer, barrier and fence, ring entry, GP_PUT, doorbell.
 */
#include <emu/emu.h>
#include <gsp/session.h>
#include <nvmem/copy.h>
#include <nvrm/cl/clc7b5.h>

#include "bench.h"

enum { MAX_BYTES = 16 << 20, DOORBELL = 0xbb0090, BATCH = 1024, WORDS = 9, TAIL = 13 };

/* A bus in front of the card's. */
struct front {
    struct gsp_bus bus;
    struct gsp_bus *card;
    bool keep; /* the doorbell */
    volatile uint32_t doorbell;
};

static struct gsp_bus *
behind(struct gsp_bus *bus)
{
    return ((struct front *)bus)->card;
}

static int
config_read(struct gsp_bus *b, uint32_t offset, uint32_t width, uint32_t *value)
{
    return behind(b)->ops->config_read(behind(b), offset, width, value);
}

static int
config_write(struct gsp_bus *b, uint32_t offset, uint32_t width, uint32_t value)
{
    return behind(b)->ops->config_write(behind(b), offset, width, value);
}

static uint32_t
rd32(struct gsp_bus *b, unsigned bar, uint64_t off)
{
    return behind(b)->ops->rd32(behind(b), bar, off);
}

static void
wr32(struct gsp_bus *b, unsigned bar, uint64_t off, uint32_t value)
{
    struct front *f = (struct front *)b;

    if (f->keep && bar == 0 && off == DOORBELL)
        f->doorbell = value;
    else
        f->card->ops->wr32(f->card, bar, off, value);
}

static int
dma_alloc(struct gsp_bus *b, size_t bytes, struct gsp_dma *dma)
{
    return behind(b)->ops->dma_alloc(behind(b), bytes, dma);
}

static void
dma_free(struct gsp_bus *b, struct gsp_dma *dma)
{
    behind(b)->ops->dma_free(behind(b), dma);
}

static int
irq_wait(struct gsp_bus *b, uint64_t timeout_ns)
{
    return behind(b)->ops->irq_wait(behind(b), timeout_ns);
}

static int
direct_start(struct gsp_bus *b, uint64_t libos_args)
{
    return behind(b)->ops->direct_start(behind(b), libos_args);
}

static const struct gsp_bus_ops front_ops = {
    .name = "front",
    .config_read = config_read,
    .config_write = config_write,
    .rd32 = rd32,
    .wr32 = wr32,
    .dma_alloc = dma_alloc,
    .dma_free = dma_free,
    .irq_wait = irq_wait,
    .direct_start = direct_start,
};

struct rig {
    struct front front;
    struct emu_gpu *gpu;
    struct gsp_backend *backend;
    struct nvmem_device_config config;
    struct nvmem_device *dev;
    struct nvmem_channel *ch;
    struct nvmem_buffer *from, *to;
    void *a, *b;
    uint64_t bytes, sent;
    uint32_t words[WORDS];
    /* for plain stores */
    uint32_t push[1 << 18];
    uint64_t ring[4096];
    volatile uint32_t put, doorbell;
    uint64_t at;
    struct gsp_error err;
};

static void
must(struct rig *r, int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "bench_work: %s\n", r->err.text);
    exit(1);
}

static void
open_rig(struct rig *r)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct nvrm_abi abi = {s, nvrm_release_newest(s)};
    const struct emu_config card = {.chip = "AD102", .abi = abi};
    struct gsp_rm_config rm = {.abi = abi, .bus = &r->front.bus};

    must(r, emu_gpu_create(&card, &r->gpu, r->err.text, sizeof(r->err.text)));
    r->front.card = emu_gpu_bus(r->gpu);
    r->front.bus.ops = &front_ops;
    r->front.bus.bdf = r->front.card->bdf;
    must(r, gsp_rm_open(&rm, &r->backend, &r->err));
    must(r, rm_client_open(r->backend, NULL, &r->config.client, &r->err));
    must(r, nvmem_device_open(&r->config, &r->dev, &r->err));
}

/* Submissions */

static void
submit(void *ctx)
{
    struct rig *r = ctx;
    uint32_t *at = nvmem_channel_begin(r->ch, WORDS, &r->err);

    memcpy(at, r->words, sizeof(r->words));
    nvmem_channel_end(r->ch, at + WORDS);
    must(r, nvmem_channel_submit(r->ch, NULL, &r->err));
    if (++r->sent % BATCH == 0) { /* the card's part: everything was done */
        const struct nvmem_fence f = nvmem_channel_last(r->ch);

        nvmem_semaphore_signal(f.semaphore, f.value);
    }
}

static void
store(void *ctx)
{
    struct rig *r = ctx;
    uint32_t *at = r->push + r->at % ((1 << 18) - WORDS - TAIL);

    memcpy(at, r->words, sizeof(r->words));
    for (unsigned i = 0; i < TAIL; i++)
        at[WORDS + i] = i;
    r->ring[++r->sent % 4096] = (uint64_t)(uintptr_t)at;
    r->at += WORDS + TAIL;
    bench_use(r->ring);
    r->put = (uint32_t)r->sent;
    r->doorbell = 1;
}

static void
submissions(struct rig *r, const struct bench *b)
{
    const struct nvmem_channel_config config = {.ring_entries = 4096, .push_bytes = 1 << 20};
    struct bench_side sides[] = {
        {.name = "submit",       .run = submit, .ctx = r},
        {.name = "plain stores", .run = store,  .ctx = r},
    };
    const char *which = "one copy's methods, fence, ring entry, doorbell";

    must(r, nvmem_channel_create(r->dev, &config, &r->ch, &r->err));
    for (unsigned i = 0; i < WORDS; i++)
        r->words[i] = nvmem_push_header(NVMEM_PUSH_INC, NVMEM_SUBCH_COPY, 0x400, i);
    r->front.keep = true;
    if (bench_compare(b, which, sides, 2))
        bench_print(b, which, "over plain stores", sides[0].best_ns - sides[1].best_ns, "ns",
                    1);
    nvmem_channel_kill(r->ch);
    r->front.keep = false;
}

/* Copies */

static void
by_engine(void *ctx)
{
    struct rig *r = ctx;

    must(r, nvmem_copy(r->ch, r->to, 0, r->from, 0, r->bytes, 0, &r->err));
    must(r, nvmem_channel_submit(r->ch, NULL, &r->err));
    must(r, nvmem_channel_idle(r->ch, 0, &r->err));
}

static void
by_memcpy(void *ctx)
{
    struct rig *r = ctx;

    memcpy(r->b, r->a, r->bytes);
    bench_use(r->b);
}

static void
copies(struct rig *r, const struct bench *b)
{
    const struct nvmem_buffer_config memory = {.bytes = MAX_BYTES,
                                               .placement = NVMEM_PLACE_COHERENT};
    const struct nvmem_channel_config config = {0};
    static const uint64_t sizes[] = {4 << 10, 64 << 10, 1 << 20, MAX_BYTES};

    must(r, nvmem_channel_create(r->dev, &config, &r->ch, &r->err));
    must(r, nvmem_buffer_create(r->dev, &memory, &r->from, &r->err));
    must(r, nvmem_buffer_create(r->dev, &memory, &r->to, &r->err));
    must(r, nvmem_buffer_map(r->from, &r->a, &r->err));
    must(r, nvmem_buffer_map(r->to, &r->b, &r->err));
    memset(r->a, 1, MAX_BYTES);
    memset(r->b, 2, MAX_BYTES);
    for (unsigned i = 0; i < 4; i++) {
        struct bench_side sides[] = {
            {.name = "memcpy", .run = by_memcpy, .ctx = r},
            {.name = "engine", .run = by_engine, .ctx = r},
        };
        char which[32];

        snprintf(which, sizeof(which), "copy of %llu KiB", (unsigned long long)sizes[i] >> 10);
        r->bytes = sizes[i];
        if (bench_compare(b, which, sides, 2)) /* bandwidth: of the engine to memcpy's */
            bench_print(b, which, "engine", (double)sizes[i] / sides[1].best_ns, "GB/s", 1);
    }
    nvmem_buffer_unmap(r->from);
    nvmem_buffer_unmap(r->to);
    must(r, nvmem_channel_destroy(r->ch, &r->err));
    must(r, nvmem_buffer_unref(r->from, &r->err));
    must(r, nvmem_buffer_unref(r->to, &r->err));
}

int
main(int argc, char **argv)
{
    const struct bench b = bench_init("work", argc, argv);
    static struct rig r;

    open_rig(&r);
    submissions(&r, &b);
    copies(&r, &b);
    must(&r, nvmem_device_close(r.dev, &r.err));
    rm_client_close(r.config.client, NULL);
    r.backend->ops->close(r.backend);
    emu_gpu_destroy(r.gpu);
    return 0;
}
