/* SPDX-License-Identifier: MIT */
/*
 * Buffers: making them, their addresses for the GPU, and who uses them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <nvrm/ids.h>

#include "buffer_priv.h"

enum { ALL_FLAGS = 0x7f };
#define LOW_LAST ((UINT64_C(1) << 40) - 1)

static const char *const places[] = {"video memory", "system memory", "coherent memory"};

/* Users */

static bool
is_busy(const struct nvmem_buffer *b, const struct nvmem_user *u)
{
    const char *name;
    uint64_t done;

    return nvmem_channel_busy(b->dev, u->channel_id, u->value, &name, &done);
}

static void
drop_users(struct nvmem_buffer *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->user_count; i++)
        if (is_busy(b, &b->users[i]))
            b->users[n++] = b->users[i];
    b->user_count = n;
}

int
nvmem_buffer_add_user(struct nvmem_buffer *b, uint64_t channel_id, uint64_t value)
{
    const size_t room = b->user_room ? b->user_room * 2 : 4;
    struct nvmem_user *grown;

    for (size_t i = 0; i < b->user_count; i++)
        if (b->users[i].channel_id == channel_id) {
            b->users[i].value = value;
            return 0;
        }
    if (b->user_count == b->user_room)
        drop_users(b);
    if (b->user_count == b->user_room) {
        grown = gsp_host_realloc(b->dev->host, b->users, room * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        b->users = grown;
        b->user_room = room;
    }
    b->users[b->user_count++] = (struct nvmem_user){channel_id, value};
    return 0;
}

/* Nothing in flight, or the error that names it. The device's lock is held. */
static int
check_idle(struct nvmem_buffer *b, const char *what, struct gsp_error *err)
{
    for (size_t i = 0; i < b->user_count; i++) {
        const char *name;
        uint64_t done;
        int rc;

        if (!nvmem_channel_busy(b->dev, b->users[i].channel_id, b->users[i].value, &name,
                                &done))
            continue;
        rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EBUSY,
                      "%s buffer '%s': channel '%s' uses it until fence %" PRIu64
                      " of its timeline, which is at %" PRIu64,
                      what, b->name, name, b->users[i].value, done);
        gsp_hint(err, "wait for the fence of that submission first: nvmem_fence_wait()");
        return rc;
    }
    b->user_count = 0;
    return 0;
}

static int
check_idle_locked(struct nvmem_buffer *b, const char *what, struct gsp_error *err)
{
    int rc;

    pthread_mutex_lock(&b->dev->lock);
    rc = check_idle(b, what, err);
    pthread_mutex_unlock(&b->dev->lock);
    return rc;
}

/* The GPU's address */

/* A bus gives cached memory, so on the direct path the card always snoops. */
static enum nvmem_aperture
aperture_of(const struct nvmem_buffer *b)
{
    switch (b->placement) {
    case NVMEM_PLACE_SYSTEM:
        return b->dev->bus ? NVMEM_SYSTEM : NVMEM_SYSTEM_NONCOHERENT;
    case NVMEM_PLACE_COHERENT:
        return NVMEM_SYSTEM;
    default:
        return NVMEM_VRAM;
    }
}

/* A client of the module leaves caching to the memory object. */
static struct nvmem_vas_how
how_of(const struct nvmem_buffer *b)
{
    uint32_t flags = b->flags & NVMEM_BUFFER_READ_ONLY ? NVMEM_MAP_READ_ONLY : 0;

    if (b->dev->bus && (b->flags & NVMEM_BUFFER_UNCACHED || b->placement != NVMEM_PLACE_VRAM))
        flags |= NVMEM_MAP_VOLATILE;
    if (b->flags & NVMEM_BUFFER_PRIVILEGED)
        flags |= NVMEM_MAP_PRIVILEGED;
    return (struct nvmem_vas_how){
        .flags = flags, .kind = b->kind, .page_bytes = b->dev->bus ? b->page_bytes : 0};
}

int
nvmem_buffer_map_gpu(struct nvmem_buffer *b, struct gsp_error *err)
{
    const struct nvmem_vas_memory memory = {
        .bytes = b->bytes,
        .aperture = aperture_of(b),
        .extents = b->backing ? b->backing->extents : NULL,
        .extent_count = b->backing ? b->backing->count : 0,
        .hMemory = b->memory,
    };
    const struct nvmem_request request = {
        .align = b->align > b->page_bytes ? b->align : b->page_bytes,
        .flags = b->flags & NVMEM_BUFFER_FIXED_VA ? NVMEM_FIXED : 0,
        .fixed_addr = b->fixed_va,
        .max_addr = b->flags & NVMEM_BUFFER_LOW_VA ? LOW_LAST : 0,
        .owner = b->owner,
    };
    const struct nvmem_vas_how how = how_of(b);
    int rc;

    if (b->mapped)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EEXIST,
                        "buffer '%s' has an address: 0x%" PRIx64, b->name, b->va.addr);
    nvmem_space_enter(b->dev);
    rc = nvmem_vas_alloc(b->dev->vas, &request, &memory, &how, &b->va, err);
    nvmem_space_leave(b->dev);
    if (rc < 0)
        return rc;
    atomic_store(&b->dev->space_changed, true);
    b->mapped = true;
    pthread_mutex_lock(&b->dev->lock);
    nvmem_count(&b->dev->stat.mapped_bytes, NULL, (int64_t)b->bytes);
    pthread_mutex_unlock(&b->dev->lock);
    return 0;
}

/* The MMU has forgotten the range when this returns. */
static int
release_va(struct nvmem_buffer *b, struct gsp_error *err)
{
    int rc;

    if (!b->mapped)
        return 0;
    nvmem_space_enter(b->dev);
    rc = nvmem_vas_release(b->dev->vas, &b->va, err);
    if (rc == 0)
        rc = nvmem_vas_flush(b->dev->vas, err);
    nvmem_space_leave(b->dev);
    if (rc < 0)
        return rc;
    b->mapped = false;
    b->va = (struct nvmem_range){0};
    pthread_mutex_lock(&b->dev->lock);
    nvmem_count(&b->dev->stat.mapped_bytes, NULL, -(int64_t)b->bytes);
    pthread_mutex_unlock(&b->dev->lock);
    return 0;
}

int
nvmem_buffer_unmap_gpu(struct nvmem_buffer *b, struct gsp_error *err)
{
    int rc = check_idle_locked(b, "unmap", err);

    if (rc < 0)
        return rc;
    if (!b->mapped)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EALREADY, "buffer '%s' has no address",
                        b->name);
    return release_va(b, err);
}

/* Making */

static int
check_config(const struct nvmem_buffer_config *c, struct gsp_error *err)
{
    if (!c->bytes || c->bytes >> 50)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "a buffer of %" PRIu64 " bytes",
                        c->bytes);
    if (c->flags & ~(uint32_t)ALL_FLAGS || c->placement > NVMEM_PLACE_COHERENT)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "flags 0x%x or placement %d of a buffer: not known", c->flags,
                        (int)c->placement);
    if ((c->align & (c->align - 1)) || (c->page_bytes & (c->page_bytes - 1)) ||
        (c->page_bytes && c->page_bytes < NVMEM_PAGE))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "alignment and page size of a buffer are powers of two, pages of 4 KiB "
                        "at least");
    if (c->flags & NVMEM_BUFFER_FIXED_VA && c->gpu_va % NVMEM_PAGE)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "address 0x%" PRIx64 " is off 4 KiB",
                        c->gpu_va);
    return 0;
}

/* Bookkeeping without memory. */
static int
new_buffer(struct nvmem_device *dev, const struct nvmem_buffer_config *c,
           struct nvmem_buffer **out, struct gsp_error *err)
{
    const uint64_t unit = c->page_bytes ? c->page_bytes : NVMEM_PAGE;
    struct nvmem_buffer *b;
    int rc = check_config(c, err);

    if (rc < 0)
        return rc;
    b = gsp_host_alloc(dev->host, sizeof(*b));
    if (!b)
        return nvmem_no_memory(err, "buffer");
    snprintf(b->name, sizeof(b->name), "%s", c->name ? c->name : "buffer");
    rc = nvmem_owner_add(dev->card->owners, b->name, &b->owner, err);
    if (rc < 0) {
        gsp_host_free(dev->host, b);
        return rc;
    }
    b->dev = dev;
    atomic_init(&b->refs, 1);
    b->bytes = (c->bytes + unit - 1) & ~(unit - 1);
    if (!c->page_bytes && c->placement == NVMEM_PLACE_VRAM && b->bytes >= 64 << 10)
        b->bytes = (b->bytes + 0xffff) & ~UINT64_C(0xffff);
    b->align = c->align;
    b->page_bytes = c->page_bytes;
    b->fixed_va = c->gpu_va;
    b->placement = c->placement;
    b->flags = c->flags;
    b->kind = c->kind;
    pthread_mutex_init(&b->lock, NULL);
    *out = b;
    return 0;
}

static void
destroy(struct nvmem_buffer *b)
{
    nvmem_buffer_memory_free(b);
    gsp_host_free(b->dev->host, b->users);
    pthread_mutex_destroy(&b->lock);
    gsp_host_free(b->dev->host, b);
}

static void
count_bytes(struct nvmem_buffer *b, int64_t sign)
{
    struct nvmem_device_stat *s = &b->dev->stat;
    const bool video = b->placement == NVMEM_PLACE_VRAM;

    nvmem_count(video ? &s->vram_bytes : &s->system_bytes,
                video ? &s->vram_peak_bytes : &s->system_peak_bytes, sign * (int64_t)b->bytes);
    nvmem_count(&s->imported, NULL, b->imported ? sign : 0);
    b->dev->buffer_count += (uint64_t)sign;
}

static void
publish(struct nvmem_buffer *b)
{
    pthread_mutex_lock(&b->dev->lock);
    nvmem_link_add(&b->dev->buffers, &b->link);
    count_bytes(b, 1);
    pthread_mutex_unlock(&b->dev->lock);
}

/* What has memory gets its address and is known from now on; what fails is gone. */
static int
finish(struct nvmem_buffer *b, struct nvmem_buffer **out, struct gsp_error *err)
{
    int rc = b->flags & NVMEM_BUFFER_NO_VA ? 0 : nvmem_buffer_map_gpu(b, err);

    if (rc < 0) {
        destroy(b);
        return rc;
    }
    publish(b);
    *out = b;
    return 0;
}

int
nvmem_buffer_create(struct nvmem_device *dev, const struct nvmem_buffer_config *config,
                    struct nvmem_buffer **buffer_out, struct gsp_error *err)
{
    struct nvmem_buffer *b = NULL;
    int rc = new_buffer(dev, config, &b, err);

    if (rc < 0)
        return rc;
    rc = nvmem_buffer_memory_alloc(b, err);
    if (rc == -ENOSPC && err)
        err->origin = GSP_ORIGIN_INPUT; /* who asked can ask for less */
    if (rc < 0) {
        gsp_hint(err, "buffer '%s' wants %" PRIu64 " bytes of %s", b->name, b->bytes,
                 places[b->placement]);
        destroy(b);
        return rc;
    }
    return finish(b, buffer_out, err);
}

struct nvmem_buffer *
nvmem_buffer_ref(struct nvmem_buffer *b)
{
    atomic_fetch_add(&b->refs, 1);
    return b;
}

/* The last reference: out of the list when nothing is in flight. */
static int
withdraw(struct nvmem_buffer *b, struct gsp_error *err)
{
    int rc;

    pthread_mutex_lock(&b->dev->lock);
    rc = check_idle(b, "free", err);
    if (rc == 0) {
        nvmem_link_remove(&b->link);
        count_bytes(b, -1);
        if (b->cpu_maps)
            nvmem_count(&b->dev->stat.cpu_mapped_bytes, NULL, -(int64_t)b->bytes);
    }
    pthread_mutex_unlock(&b->dev->lock);
    return rc;
}

int
nvmem_buffer_unref(struct nvmem_buffer *b, struct gsp_error *err)
{
    unsigned refs;
    int rc;

    if (!b)
        return 0;
    refs = atomic_load(&b->refs);
    while (refs > 1)
        if (atomic_compare_exchange_weak(&b->refs, &refs, refs - 1))
            return 0;
    rc = withdraw(b, err);
    if (rc < 0)
        return rc;
    rc = release_va(b, err);
    if (rc < 0) {
        publish(b); /* RM keeps the mapping: the buffer stays */
        return rc;
    }
    destroy(b);
    return 0;
}

/* Sharing */

int
nvmem_buffer_export(struct nvmem_buffer *b, int *fd_out, struct gsp_error *err)
{
    struct gsp_backend *backend = b->dev->backend;
    int rc;

    if (!backend->ops->export_fd)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
                        "backend %s makes no descriptors of memory", backend->ops->name);
    nvmem_device_lock(b->dev);
    rc = backend->ops->export_fd(backend, rm_client_handle(b->dev->client), b->dev->device,
                                 b->memory, fd_out, err);
    nvmem_device_unlock(b->dev);
    return rc;
}

static int
import_handle(struct nvmem_buffer *b, int fd, struct gsp_error *err)
{
    struct nvmem_device *dev = b->dev;
    int rc;

    nvmem_device_lock(dev);
    rc = rm_import(dev->client, dev->device, fd,
                   b->placement == NVMEM_PLACE_VRAM ? NV01_MEMORY_LOCAL_USER
                                                    : NV01_MEMORY_SYSTEM,
                   &b->memory, err);
    nvmem_device_unlock(dev);
    return rc;
}

int
nvmem_buffer_import(struct nvmem_device *dev, int fd, const struct nvmem_buffer_config *config,
                    struct nvmem_buffer **buffer_out, struct gsp_error *err)
{
    struct nvmem_buffer *b = NULL;
    int rc;

    if (!dev->backend->ops->import_fd)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
                        "backend %s takes no descriptors of memory", dev->backend->ops->name);
    rc = new_buffer(dev, config, &b, err);
    if (rc < 0)
        return rc;
    b->imported = true;
    rc = import_handle(b, fd, err);
    if (rc < 0) {
        destroy(b);
        return rc;
    }
    return finish(b, buffer_out, err);
}

static int
share_memory(struct nvmem_buffer *copy, struct nvmem_buffer *b, struct gsp_error *err)
{
    int rc;

    if (copy->dev->card != b->dev->card)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "buffer '%s' is of another card: the devices share none", b->name);
    if (b->backing) {
        atomic_fetch_add(&b->backing->refs, 1);
        copy->backing = b->backing;
        return 0;
    }
    nvmem_device_lock(copy->dev);
    rc = rm_dup(copy->dev->client, copy->dev->device, rm_client_handle(b->dev->client),
                b->memory, &copy->memory, err);
    nvmem_device_unlock(copy->dev);
    return rc;
}

int
nvmem_buffer_dup(struct nvmem_device *dev, struct nvmem_buffer *b,
                 struct nvmem_buffer **buffer_out, struct gsp_error *err)
{
    const struct nvmem_buffer_config config = {
        .name = b->name,
        .bytes = b->bytes,
        .placement = b->placement,
        .flags = b->flags & ~(uint32_t)(NVMEM_BUFFER_FIXED_VA | NVMEM_BUFFER_NO_VA),
        .align = b->align,
        .page_bytes = b->page_bytes,
        .kind = b->kind,
    };
    struct nvmem_buffer *copy = NULL;
    int rc = new_buffer(dev, &config, &copy, err);

    if (rc < 0)
        return rc;
    copy->imported = true;
    rc = share_memory(copy, b, err);
    if (rc < 0) {
        destroy(copy);
        return rc;
    }
    return finish(copy, buffer_out, err);
}

/* What it is */

uint64_t
nvmem_buffer_bytes(const struct nvmem_buffer *b)
{
    return b->bytes;
}

uint64_t
nvmem_buffer_gpu_va(const struct nvmem_buffer *b)
{
    return b->va.addr;
}

enum nvmem_placement
nvmem_buffer_placement(const struct nvmem_buffer *b)
{
    return b->placement;
}

const char *
nvmem_buffer_name(const struct nvmem_buffer *b)
{
    return b->name;
}

struct nvmem_device *
nvmem_buffer_device(const struct nvmem_buffer *b)
{
    return b->dev;
}

rm_handle
nvmem_buffer_handle(const struct nvmem_buffer *b)
{
    return b->memory;
}

const struct nvmem_extent *
nvmem_buffer_extents(const struct nvmem_buffer *b, size_t *count_out)
{
    *count_out = b->backing ? b->backing->count : 0;
    return b->backing ? b->backing->extents : NULL;
}

int
nvmem_buffer_each(struct nvmem_device *dev, int (*fn)(void *ctx, const struct nvmem_buffer *b),
                  void *ctx)
{
    int rc = 0;

    pthread_mutex_lock(&dev->lock);
    for (const struct nvmem_link *l = dev->buffers.next; l != &dev->buffers && !rc; l = l->next)
        rc = fn(ctx, (const struct nvmem_buffer *)l);
    pthread_mutex_unlock(&dev->lock);
    return rc;
}
