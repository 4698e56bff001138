/* SPDX-License-Identifier: MIT */
/*
 * Semaphores and waits.
 *
 * Semaphores are cut from pages of coherent memory that come and go with them. A wait spins a
 * little, then sleeps until an interrupt where the channel has them, or naps for longer and
 * longer; between naps it looks whether the channel died, and
 * touches the card, which orders what the card wrote (and lets an emulated card go on).
 */
#include <errno.h>
#include <inttypes.h>

#include <nvrm/regs.h>

#include "channel_priv.h"

enum {
    PAGE_BYTES = 16 << 10, /* of semaphores */
    BYTES = 16,            /* of one */
    SPINS = 256,
    NAP_NS = 2000,
    NAP_MAX_NS = 500000,
    SLICE_NS = 1000000,
};

struct nvmem_semaphores {
    struct nvmem_semaphores *next;
    struct nvmem_pool *pool;
    struct nvmem_buffer *buffer;
    uint8_t *cpu;
    unsigned used;
};

/* Pages, under dev->lock but for their making and end */

static void
destroy_page(struct nvmem_device *dev, struct nvmem_semaphores *p)
{
    if (p->cpu)
        nvmem_buffer_unmap(p->buffer);
    (void)nvmem_pool_destroy(p->pool, NULL); /* nobody's work names semaphores as buffers */
    (void)nvmem_buffer_unref(p->buffer, NULL);
    gsp_host_free(dev->host, p);
}

static int
make_page(struct nvmem_device *dev, struct nvmem_semaphores **page_out, struct gsp_error *err)
{
    const struct nvmem_buffer_config config = {.name = "semaphores",
                                               .bytes = PAGE_BYTES,
                                               .placement = NVMEM_PLACE_COHERENT,
                                               .flags = NVMEM_BUFFER_LOW_VA};
    struct nvmem_semaphores *p = gsp_host_alloc(dev->host, sizeof(*p));
    void *cpu = NULL;
    int rc;

    if (!p)
        return nvmem_no_memory(err, "semaphore");
    rc = nvmem_buffer_create(dev, &config, &p->buffer, err);
    if (rc == 0)
        rc = nvmem_buffer_map(p->buffer, &cpu, err);
    p->cpu = cpu;
    if (rc == 0)
        rc = nvmem_pool_create(p->buffer, BYTES, &p->pool, err);
    if (rc < 0) {
        destroy_page(dev, p);
        return rc;
    }
    *page_out = p;
    return 0;
}

static bool
take(struct nvmem_semaphores *p, struct nvmem_semaphore *s)
{
    if (nvmem_pool_alloc(p->pool, BYTES, BYTES, &s->piece, NULL) < 0)
        return false;
    s->from = p;
    p->used++;
    return true;
}

static bool
take_any(struct nvmem_device *dev, struct nvmem_semaphore *s)
{
    bool found = false;

    pthread_mutex_lock(&dev->lock);
    for (struct nvmem_semaphores *p = dev->semaphores; p && !found; p = p->next)
        found = take(p, s);
    pthread_mutex_unlock(&dev->lock);
    return found;
}

static int
take_new(struct nvmem_device *dev, struct nvmem_semaphore *s, struct gsp_error *err)
{
    struct nvmem_semaphores *p = NULL;
    int rc = make_page(dev, &p, err);

    if (rc < 0)
        return rc;
    if (!take(p, s)) {
        destroy_page(dev, p);
        return nvmem_no_memory(err, "semaphore");
    }
    pthread_mutex_lock(&dev->lock);
    p->next = dev->semaphores;
    dev->semaphores = p;
    pthread_mutex_unlock(&dev->lock);
    return 0;
}

int
nvmem_semaphore_create(struct nvmem_device *dev, uint64_t value,
                       struct nvmem_semaphore **semaphore_out, struct gsp_error *err)
{
    struct nvmem_semaphore *s = gsp_host_alloc(dev->host, sizeof(*s));
    int rc = 0;

    if (!s)
        return nvmem_no_memory(err, "semaphore");
    s->dev = dev;
    if (!take_any(dev, s))
        rc = take_new(dev, s, err);
    if (rc < 0) {
        gsp_host_free(dev->host, s);
        return rc;
    }
    s->cpu = (_Atomic uint64_t *)(void *)(s->from->cpu + s->piece.offset);
    s->gpu_va = s->piece.gpu_va;
    atomic_store(&s->cpu[1], 0);
    atomic_store(&s->cpu[0], value);
    *semaphore_out = s;
    return 0;
}

void
nvmem_semaphore_destroy(struct nvmem_semaphore *s)
{
    struct nvmem_semaphores *p, **where;
    struct nvmem_device *dev;

    if (!s)
        return;
    dev = s->dev;
    p = s->from;
    pthread_mutex_lock(&dev->lock);
    (void)!nvmem_pool_free(p->pool, &s->piece, NULL);
    if (--p->used) {
        p = NULL;
    } else {
        for (where = &dev->semaphores; *where != p; where = &(*where)->next)
            ;
        *where = p->next;
    }
    pthread_mutex_unlock(&dev->lock);
    if (p)
        destroy_page(dev, p);
    gsp_host_free(dev->host, s);
}

uint64_t
nvmem_semaphore_gpu_va(const struct nvmem_semaphore *s)
{
    return s->gpu_va;
}

uint64_t
nvmem_semaphore_value(const struct nvmem_semaphore *s)
{
    return atomic_load_explicit(&s->cpu[0], memory_order_acquire);
}

uint64_t
nvmem_semaphore_time_ns(const struct nvmem_semaphore *s)
{
    return atomic_load_explicit(&s->cpu[1], memory_order_acquire);
}

/* Waits */

/* Posted writes of the card arrive before it answers a read. */
static void
touch(struct nvmem_device *dev)
{
    if (dev->bus)
        (void)nvmem_card_rd32(dev->card, NV_PTIMER_TIME_0);
}

void
nvmem_semaphore_signal(struct nvmem_semaphore *s, uint64_t value)
{
    atomic_store_explicit(&s->cpu[0], value, memory_order_release);
    touch(s->dev);
}

static bool
reached(const _Atomic uint64_t *payload, uint64_t value)
{
    return atomic_load_explicit(payload, memory_order_acquire) >= value;
}

int
nvmem_wait_value(struct nvmem_device *dev, const _Atomic uint64_t *payload, uint64_t value,
                 struct nvmem_channel *ch, uint64_t timeout_ns)
{
    const uint64_t wait_ns = timeout_ns ? timeout_ns : dev->timeout_ns;
    const uint64_t start_ns = gsp_host_now_ns(dev->host);
    uint64_t nap_ns = NAP_NS;

    for (unsigned i = 0; i < SPINS; i++)
        if (reached(payload, value))
            return 0;
    for (;;) {
        touch(dev);
        if (reached(payload, value))
            return 0;
        if (ch && nvmem_channel_xid(ch))
            return reached(payload, value) ? 0 : -EIO;
        if (gsp_host_now_ns(dev->host) - start_ns >= wait_ns)
            return -ETIMEDOUT;
        if (nvmem_irq_wait(ch, SLICE_NS))
            continue;
        gsp_host_sleep_ns(dev->host, nap_ns);
        nap_ns = nap_ns * 2 < NAP_MAX_NS ? nap_ns * 2 : NAP_MAX_NS;
    }
}

bool
nvmem_fence_done(const struct nvmem_fence *f)
{
    return !f->semaphore || reached(&f->semaphore->cpu[0], f->value);
}

int
nvmem_fence_wait(const struct nvmem_fence *f, uint64_t timeout_ns, struct gsp_error *err)
{
    int rc;

    if (nvmem_fence_done(f))
        return 0;
    rc = nvmem_wait_value(f->semaphore->dev, &f->semaphore->cpu[0], f->value, f->channel,
                          timeout_ns);
    if (rc == -EIO)
        return nvmem_channel_explain(f->channel, err);
    if (rc == -ETIMEDOUT)
        gsp_fail(err, GSP_ORIGIN_PROTOCOL, rc,
                 "%s: fence %" PRIu64 " was not passed in time, the timeline is at %" PRIu64,
                 f->channel ? nvmem_channel_name(f->channel) : "semaphore", f->value,
                 nvmem_semaphore_value(f->semaphore));
    return rc;
}
