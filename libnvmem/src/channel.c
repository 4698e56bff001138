/* SPDX-License-Identifier: MIT */
/*
 * Channels: making and ending them, and what is known of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "channel_priv.h"

enum {
    RING_ENTRIES = 512,
    RING_MIN = 8,
    RING_MAX = 1 << 16,
    PUSH_BYTES = 256 << 10,
    PUSH_MIN = 4096,
    PUSH_MAX = 64 << 20,
};

/* Making */

static int
check_config(const struct nvmem_channel_config *c, struct gsp_error *err)
{
    const uint32_t ring = c->ring_entries ? c->ring_entries : RING_ENTRIES;
    const uint32_t push = c->push_bytes ? c->push_bytes : PUSH_BYTES;

    if (ring & (ring - 1) || ring < RING_MIN || ring > RING_MAX)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "a ring of %u entries: a power of two from %d to %d", ring, RING_MIN,
                        RING_MAX);
    if (push & (push - 1) || push < PUSH_MIN || push > PUSH_MAX)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "a push buffer of %u bytes: a power of two from %d to %d", push,
                        PUSH_MIN, PUSH_MAX);
    if (c->group && c->group->work != c->work)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "the group is for another kind of work than the channel");
    return 0;
}

/* Pieces of the memory that the CPU, RM and the card share. */
static int
make_memory(struct nvmem_channel *ch, struct gsp_error *err)
{
    const uint64_t ring_bytes = (uint64_t)ch->entries * 8;
    const uint64_t push_at = (NVMEM_AT_RING + ring_bytes + 4095) & ~UINT64_C(4095);
    const struct nvmem_buffer_config config = {
        .name = ch->name,
        .bytes = push_at + ch->push_dwords * 4,
        .placement = NVMEM_PLACE_COHERENT,
        .flags = NVMEM_BUFFER_LOW_VA,
    };
    void *cpu = NULL;
    int rc = nvmem_buffer_create(ch->dev, &config, &ch->memory, err);

    if (rc >= 0)
        rc = nvmem_buffer_map(ch->memory, &cpu, err);
    if (rc < 0)
        return rc;
    ch->cpu = cpu;
    memset(ch->cpu, 0, push_at);
    ch->ring = (volatile uint64_t *)(void *)(ch->cpu + NVMEM_AT_RING);
    ch->gp_put = (_Atomic uint32_t *)(void *)(ch->cpu + NVMEM_AT_USERD + NVMEM_USERD_PUT);
    ch->gp_get = (_Atomic uint32_t *)(void *)(ch->cpu + NVMEM_AT_USERD + NVMEM_USERD_GET);
    ch->push = (uint32_t *)(void *)(ch->cpu + push_at);
    ch->push_va = nvmem_buffer_gpu_va(ch->memory) + push_at;
    ch->limit = ch->push_dwords - NVMEM_TAIL_DWORDS;
    ch->timeline = (struct nvmem_semaphore){
        .dev = ch->dev,
        .cpu = (_Atomic uint64_t *)(void *)(ch->cpu + NVMEM_AT_TIMELINE),
        .gpu_va = nvmem_buffer_gpu_va(ch->memory) + NVMEM_AT_TIMELINE,
    };
    return 0;
}

static int
find_group(struct nvmem_channel *ch, const struct nvmem_channel_config *c,
           struct gsp_error *err)
{
    const struct nvmem_group_config own = {.work = c->work,
                                           .engine = c->engine,
                                           .timeslice_us = c->timeslice_us,
                                           .priority = c->priority};
    int rc = 0;

    ch->group = c->group;
    if (!ch->group) {
        rc = nvmem_group_create(ch->dev, &own, &ch->group, err);
        ch->own_group = rc == 0;
    }
    if (rc == 0)
        atomic_fetch_add(&ch->group->channels, 1);
    return rc;
}

/* Half-made ones as well. */
static void
destroy(struct nvmem_channel *ch)
{
    const struct gsp_host *host = ch->dev->host;

    nvmem_channel_rm_destroy(ch);
    if (ch->group)
        atomic_fetch_sub(&ch->group->channels, 1);
    if (ch->own_group)
        (void)nvmem_group_destroy(ch->group, NULL);
    if (ch->cpu)
        nvmem_buffer_unmap(ch->memory);
    (void)nvmem_buffer_unref(ch->memory, NULL);
    gsp_host_free(host, ch->lint_state);
    gsp_host_free(host, ch->marks);
    gsp_host_free(host, ch);
}

static void
publish(struct nvmem_channel *ch)
{
    pthread_mutex_lock(&ch->dev->lock);
    nvmem_link_add(&ch->dev->channels, &ch->link);
    ch->dev->channel_count++;
    pthread_mutex_unlock(&ch->dev->lock);
}

static void
withdraw(struct nvmem_channel *ch)
{
    pthread_mutex_lock(&ch->dev->lock);
    nvmem_link_remove(&ch->link);
    ch->dev->channel_count--;
    pthread_mutex_unlock(&ch->dev->lock);
}

/* The classes where callers find them. */
static int
bind_classes(struct nvmem_channel *ch, struct gsp_error *err)
{
    const struct nvmem_chip *chip = &ch->dev->chip;
    int rc = nvmem_channel_bind(ch, NVMEM_SUBCH_COPY, chip->copy_class, err);

    if (rc == 0 && ch->work != NVMEM_WORK_COPY)
        rc = nvmem_channel_bind(ch, NVMEM_SUBCH_COMPUTE, chip->compute_class, err);
    if (rc == 0 && ch->work == NVMEM_WORK_3D)
        rc = nvmem_channel_bind(ch, NVMEM_SUBCH_3D, chip->threed_class, err);
    return rc < 0 ? rc : nvmem_channel_submit(ch, NULL, err);
}

static int
build(struct nvmem_channel *ch, const struct nvmem_channel_config *c, struct gsp_error *err)
{
    int rc = find_group(ch, c, err);

    if (rc == 0 && (c->lint || ch->dev->lint))
        rc = nvmem_lint_create(ch, err);
    if (rc == 0)
        rc = make_memory(ch, err);
    if (rc == 0)
        rc = nvmem_channel_rm_create(ch, err);
    if (rc == 0)
        nvmem_irq_open(ch);
    return rc;
}

static void
set_up(struct nvmem_channel *ch, struct nvmem_device *dev, const struct nvmem_channel_config *c)
{
    ch->dev = dev;
    pthread_mutex_lock(&dev->lock);
    ch->id = ++dev->next_channel;
    pthread_mutex_unlock(&dev->lock);
    if (c->name)
        snprintf(ch->name, sizeof(ch->name), "%s", c->name);
    else
        snprintf(ch->name, sizeof(ch->name), "channel %" PRIu64, ch->id);
    ch->work = c->work;
    ch->bare = c->bare;
    ch->interrupts = c->interrupts;
    ch->entries = c->ring_entries ? c->ring_entries : RING_ENTRIES;
    ch->push_dwords = (c->push_bytes ? c->push_bytes : PUSH_BYTES) / 4;
    if (!dev->bus)
        ch->doorbell = dev->doorbell_page + NVMEM_DOORBELL / 4;
}

int
nvmem_channel_create(struct nvmem_device *dev, const struct nvmem_channel_config *config,
                     struct nvmem_channel **channel_out, struct gsp_error *err)
{
    struct nvmem_channel *ch;
    int rc = check_config(config, err);

    if (rc < 0)
        return rc;
    ch = gsp_host_alloc(dev->host, sizeof(*ch));
    if (!ch)
        return nvmem_no_memory(err, "channel");
    set_up(ch, dev, config);
    ch->marks = gsp_host_alloc(dev->host, ch->entries * sizeof(*ch->marks));
    rc = ch->marks ? build(ch, config, err) : nvmem_no_memory(err, "channel");
    if (rc < 0) {
        destroy(ch);
        return rc;
    }
    publish(ch);
    if (!ch->bare)
        rc = bind_classes(ch, err);
    if (rc < 0) {
        nvmem_channel_kill(ch);
        return rc;
    }
    *channel_out = ch;
    return 0;
}

/* Ending */

int
nvmem_channel_destroy(struct nvmem_channel *ch, struct gsp_error *err)
{
    struct gsp_error why = {0};
    int rc;

    if (!ch)
        return 0;
    rc = nvmem_channel_xid(ch) ? 0 : nvmem_channel_idle(ch, 0, &why);
    if (rc == -ETIMEDOUT) {
        rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EBUSY,
                      "channel '%s' has work that does not end: at %" PRIu64 " of %" PRIu64
                      ", ring entry %u of %u",
                      ch->name, nvmem_semaphore_value(&ch->timeline),
                      atomic_load(&ch->submitted), atomic_load(ch->gp_get),
                      atomic_load(ch->gp_put));
        gsp_hint(err, "nvmem_channel_kill() ends it all the same");
        return rc;
    }
    nvmem_channel_kill(ch);
    return 0;
}

void
nvmem_channel_kill(struct nvmem_channel *ch)
{
    if (!ch)
        return;
    withdraw(ch);
    destroy(ch);
}

/* What it is */

const char *
nvmem_channel_name(const struct nvmem_channel *ch)
{
    return ch->name;
}

struct nvmem_device *
nvmem_channel_device(const struct nvmem_channel *ch)
{
    return ch->dev;
}

rm_handle
nvmem_channel_handle(const struct nvmem_channel *ch)
{
    return ch->handle;
}

struct nvmem_group *
nvmem_channel_group(const struct nvmem_channel *ch)
{
    return ch->group;
}

uint32_t
nvmem_channel_token(const struct nvmem_channel *ch)
{
    return ch->token;
}

uint32_t
nvmem_channel_engine(const struct nvmem_channel *ch)
{
    return ch->group->engine;
}

void
nvmem_channel_stat(struct nvmem_channel *ch, struct nvmem_channel_stat *stat_out)
{
    *stat_out = (struct nvmem_channel_stat){
        .submitted = atomic_load(&ch->submitted),
        .done = nvmem_semaphore_value(&ch->timeline),
        .push_dwords = ch->start,
        .waits = ch->waits,
        .get = atomic_load(ch->gp_get),
        .put = atomic_load(ch->gp_put),
        .entries = ch->entries,
        .xid = nvmem_channel_xid(ch),
    };
}

int
nvmem_channel_each(struct nvmem_device *dev, int (*fn)(void *ctx, struct nvmem_channel *ch),
                   void *ctx)
{
    int rc = 0;

    pthread_mutex_lock(&dev->lock);
    for (struct nvmem_link *l = dev->channels.next; l != &dev->channels && !rc; l = l->next)
        rc = fn(ctx, (struct nvmem_channel *)l);
    pthread_mutex_unlock(&dev->lock);
    return rc;
}

bool
nvmem_channel_busy(struct nvmem_device *dev, uint64_t channel_id, uint64_t value,
                   const char **name_out, uint64_t *done_out)
{
    for (struct nvmem_link *l = dev->channels.next; l != &dev->channels; l = l->next) {
        struct nvmem_channel *ch = (struct nvmem_channel *)l;
        const uint64_t done = nvmem_semaphore_value(&ch->timeline);

        if (ch->id != channel_id)
            continue;
        *name_out = ch->name;
        *done_out = done;
        if (done >= value || nvmem_channel_xid(ch))
            return false;
        return value <= atomic_load(&ch->submitted) || atomic_load(&ch->dirty);
    }
    return false;
}
