/* SPDX-License-Identifier: MIT */
/*
 * Contexts of graphics on the direct path: memory that GSP-RM saves an engine's state in, told
 * to it with GPU_PROMOTE_CTX.
 *
 * The first context of a device makes RM take the picture of a fresh one (the golden context):
 * a channel of the kernel's kind in an address space of RM's, to which our directories are
 * lent, with every buffer promoted and a compute object on it. After that a channel needs its
 * own buffers alone, first as memory, then with addresses. On nvidia.ko the module does all
 * this.
 */
#include <errno.h>
#include <string.h>

#include <nvrm/ids.h>
#include <nvrm/types.h>

#include "channel_priv.h"

enum { OWN = 1, PHYSICAL = 2, VIRTUAL = 4 };

/* NV2080_CTRL_GPU_PROMOTE_CTX_BUFFER_ID_*: how large
 * (NV0080_CTRL_FIFO_GET_ENGINE_CONTEXT_PROPERTIES_ENGINE_ID_*), and what RM is told. */
static const struct {
    uint16_t id, engine;
    uint32_t more_bytes, align, how;
} rows[] = {
    {0,  0,  0x40000, 0,       OWN | PHYSICAL | VIRTUAL}, /* main */
    {1,  9,  0,       0,       OWN | PHYSICAL | VIRTUAL}, /* performance monitors */
    {2,  16, 0,       0,       OWN | PHYSICAL | VIRTUAL}, /* patches */
    {3,  17, 0,       0,       VIRTUAL                 }, /* bundles */
    {4,  18, 0,       0,       VIRTUAL                 }, /* page pool */
    {5,  19, 0,       2 << 20, VIRTUAL                 }, /* attributes */
    {6,  20, 0,       0,       VIRTUAL                 }, /* render targets */
    {9,  23, 0,       0,       PHYSICAL | VIRTUAL      }, /* FECS' events */
    {10, 24, 0,       0,       PHYSICAL                }, /* access map */
    {11, 24, 0,       0,       PHYSICAL | VIRTUAL      }, /* the unrestricted one */
};
enum {
    ROWS = sizeof(rows) / sizeof(*rows),
    PM = 1,               /* no part of the picture */
    VIDEO = 4,            /* physAttr */
    GR0 = 1,              /* NV2080_ENGINE_TYPE_GR0 */
    ENTRIES = 32,         /* of the golden channel's ring, which nothing is put into */
    PRIVILEGED = 1 << 5,  /* NVOS04_FLAGS_PRIVILEGED_CHANNEL */
    KERNEL_NOBODY = 0x16, /* internalFlags: the kernel's, no notifiers */
    SPACE_VIDEO = 2,
    INSTANCE_BYTES = 0x1000,
    RAMFC_BYTES = 0x200,
    METHOD_BYTES = 0x5000,
    AT_USERD = 0x1000,
};
#define WINDOW_BYTES (UINT64_C(512) << 20)

struct nvmem_gr {
    uint64_t bytes[ROWS];
    struct nvmem_buffer *buffer[ROWS];
    struct nvmem_buffer *ring, *instance; /* of the golden channel */
    struct nvmem_range window;
    rm_handle space, channel;
};

struct nvmem_gr_context {
    struct nvmem_buffer *buffer[ROWS]; /* own ones */
};

/* Memory */

static int
get_sizes(struct nvmem_device *dev, struct nvmem_gr *g, struct gsp_error *err)
{
    struct NV2080_CTRL_INTERNAL_STATIC_GR_GET_CONTEXT_BUFFERS_INFO_PARAMS *p =
        gsp_host_alloc(dev->host, sizeof(*p));
    int rc;

    if (!p)
        return nvmem_no_memory(err, "context buffers");
    rc = nvmem_rm_control(dev, dev->subdevice,
                          "NV2080_CTRL_CMD_INTERNAL_STATIC_KGR_GET_CONTEXT_BUFFERS_INFO", p,
                          err);
    for (unsigned i = 0; rc == 0 && i < ROWS; i++) {
        const uint32_t bytes = p->engineContextBuffersInfo[0].engine[rows[i].engine].size;

        g->bytes[i] = bytes == UINT32_MAX || !bytes ? 0 : bytes + rows[i].more_bytes;
    }
    gsp_host_free(dev->host, p);
    return rc;
}

static int
make_buffers(struct nvmem_device *dev, const struct nvmem_gr *g, bool own,
             struct nvmem_buffer **buffers, struct gsp_error *err)
{
    int rc = 0;

    for (unsigned i = 0; i < ROWS && rc == 0; i++) {
        const struct nvmem_buffer_config c = {
            .name = "graphics context",
            .bytes = g->bytes[i],
            .align = rows[i].align,
            .flags = NVMEM_BUFFER_CONTIGUOUS | (rows[i].how & VIRTUAL ? 0 : NVMEM_BUFFER_NO_VA),
        };

        if (g->bytes[i] && (!own || rows[i].how & OWN))
            rc = nvmem_buffer_create(dev, &c, &buffers[i], err);
    }
    return rc;
}

static void
drop_buffers(struct nvmem_buffer **buffers)
{
    for (unsigned i = 0; i < ROWS; i++)
        nvmem_buffer_unref(buffers[i], NULL);
}

/* Telling RM: as memory, with addresses, or both. */
static int
promote(struct nvmem_device *dev, rm_handle channel, struct nvmem_buffer *const *buffers,
        uint32_t how, struct gsp_error *err)
{
    struct NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS p = {
        .engineType = GR0,
        .hChanClient = rm_client_handle(dev->client),
        .hObject = channel,
    };

    for (unsigned i = 0; i < ROWS; i++) {
        const bool physical = rows[i].how & how & PHYSICAL;
        const bool virtual = rows[i].how & how & VIRTUAL;

        if (!buffers[i] || (!physical && !virtual))
            continue;
        p.promoteEntry[p.entryCount++] = (struct NV2080_CTRL_GPU_PROMOTE_CTX_BUFFER_ENTRY){
            .bufferId = rows[i].id,
            .gpuVirtAddr = virtual ? nvmem_buffer_gpu_va(buffers[i]) : 0,
            .gpuPhysAddr = physical ? buffers[i]->backing->extents[0].addr : 0,
            .size = physical ? buffers[i]->bytes : 0,
            .physAttr = physical ? VIDEO : 0,
            .bInitialize = physical,
            .bNonmapped = physical && !virtual,
        };
    }
    return nvmem_rm_control(dev, dev->subdevice, "NV2080_CTRL_CMD_GPU_PROMOTE_CTX", &p, err);
}

/* The golden context */

/* An address space of RM's with our directories above a window that is RM's from now on. */
static int
lend_window(struct nvmem_device *dev, struct nvmem_gr *g, struct gsp_error *err)
{
    const struct NV_VASPACE_ALLOCATION_PARAMETERS p = {0};
    const struct nvmem_request request = {.bytes = WINDOW_BYTES, .align = WINDOW_BYTES};
    struct NV90F1_CTRL_VASPACE_COPY_SERVER_RESERVED_PDES_PARAMS lent;
    struct nvmem_range window;
    int rc = nvmem_rm_alloc(dev, dev->device, FERMI_VASPACE_A, &p, &g->space, err);

    if (rc == 0)
        rc = nvmem_vas_reserve(dev->vas, &request, &window, err);
    if (rc < 0)
        return rc;
    g->window = window;
    rc = nvmem_vas_lend(dev->vas, &window, &lent, err);
    return rc < 0 ? rc
                  : nvmem_rm_control(dev, g->space,
                                     "NV90F1_CTRL_CMD_VASPACE_COPY_SERVER_RESERVED_PDES", &lent,
                                     err);
}

static int
make_memory(struct nvmem_device *dev, struct nvmem_gr *g, struct gsp_error *err)
{
    static const uint32_t zero[INSTANCE_BYTES / 4];
    const struct nvmem_buffer_config ring = {.name = "golden channel",
                                             .bytes = UINT64_C(2) * INSTANCE_BYTES,
                                             .flags =
                                                 NVMEM_BUFFER_CONTIGUOUS | NVMEM_BUFFER_LOW_VA};
    const struct nvmem_buffer_config instance = {.name = "golden channel",
                                                 .bytes = INSTANCE_BYTES + METHOD_BYTES,
                                                 .flags = NVMEM_BUFFER_CONTIGUOUS |
                                                          NVMEM_BUFFER_NO_VA};
    int rc = nvmem_buffer_create(dev, &ring, &g->ring, err);

    if (rc == 0)
        rc = nvmem_buffer_create(dev, &instance, &g->instance, err);
    if (rc == 0)
        rc = nvmem_buffer_write(g->instance, 0, zero, sizeof(zero), err);
    return rc < 0 ? rc : nvmem_buffer_write(g->ring, AT_USERD, zero, RAMFC_BYTES, err);
}

static struct NV_MEMORY_DESC_PARAMS
piece(const struct nvmem_buffer *b, uint64_t offset, uint64_t bytes)
{
    return (struct NV_MEMORY_DESC_PARAMS){.base = b->backing->extents[0].addr + offset,
                                          .size = bytes,
                                          .addressSpace = SPACE_VIDEO};
}

static int
make_channel(struct nvmem_device *dev, struct nvmem_gr *g, struct gsp_error *err)
{
    const struct NV_CHANNEL_ALLOC_PARAMS p = {
        .gpFifoOffset = nvmem_buffer_gpu_va(g->ring),
        .gpFifoEntries = ENTRIES,
        .engineType = GR0,
        .hVASpace = g->space,
        .flags = PRIVILEGED,
        .internalFlags = KERNEL_NOBODY,
        .instanceMem = piece(g->instance, 0, INSTANCE_BYTES),
        .ramfcMem = piece(g->instance, 0, RAMFC_BYTES),
        .mthdbufMem = piece(g->instance, INSTANCE_BYTES, METHOD_BYTES),
        .userdMem = piece(g->ring, AT_USERD, NVMEM_USERD_BYTES),
    };

    return nvmem_rm_alloc(dev, dev->device, dev->chip.channel_class, &p, &g->channel, err);
}

/* All buffers but the monitors', with memory and addresses. */
static int
take_picture(struct nvmem_device *dev, struct nvmem_gr *g, struct gsp_error *err)
{
    struct nvmem_buffer *part[ROWS];
    rm_handle object;
    int rc;

    memcpy(part, g->buffer, sizeof(part));
    part[PM] = NULL;
    rc = promote(dev, g->channel, part, PHYSICAL | VIRTUAL, err);
    return rc < 0
               ? rc
               : nvmem_rm_alloc(dev, g->channel, dev->chip.compute_class, NULL, &object, err);
}

static void
destroy(struct nvmem_device *dev, struct nvmem_gr *g)
{
    if (!g)
        return;
    nvmem_rm_free(dev, g->channel);
    nvmem_rm_free(dev, g->space);
    drop_buffers(g->buffer);
    nvmem_buffer_unref(g->ring, NULL);
    nvmem_buffer_unref(g->instance, NULL);
    if (g->window.id)
        (void)!nvmem_vas_release(dev->vas, &g->window, NULL);
    gsp_host_free(dev->host, g);
}

static int
build(struct nvmem_device *dev, struct nvmem_gr *g, struct gsp_error *err)
{
    int rc = get_sizes(dev, g, err);

    if (rc == 0)
        rc = lend_window(dev, g, err);
    if (rc == 0)
        rc = make_memory(dev, g, err);
    if (rc == 0)
        rc = make_buffers(dev, g, false, g->buffer, err);
    if (rc == 0)
        rc = make_channel(dev, g, err);
    return rc < 0 ? rc : take_picture(dev, g, err);
}

/* Once a device; whoever comes meanwhile waits. */
static int
open_gr(struct nvmem_device *dev, struct gsp_error *err)
{
    struct nvmem_gr *g;
    int rc = 0;

    pthread_mutex_lock(&dev->gr_lock);
    if (!dev->gr) {
        g = gsp_host_alloc(dev->host, sizeof(*g));
        rc = g ? build(dev, g, err) : nvmem_no_memory(err, "graphics");
        if (rc < 0)
            destroy(dev, g);
        else
            dev->gr = g;
    }
    pthread_mutex_unlock(&dev->gr_lock);
    return rc;
}

void
nvmem_gr_close(struct nvmem_device *dev)
{
    destroy(dev, dev->gr);
    dev->gr = NULL;
}

/* A channel's own */

int
nvmem_gr_context_create(struct nvmem_channel *ch, struct gsp_error *err)
{
    struct nvmem_device *dev = ch->dev;
    int rc = open_gr(dev, err);

    if (rc < 0)
        return rc;
    ch->gr = gsp_host_alloc(dev->host, sizeof(*ch->gr));
    if (!ch->gr)
        return nvmem_no_memory(err, "graphics context");
    return make_buffers(dev, dev->gr, true, ch->gr->buffer, err);
}

int
nvmem_gr_context_promote(struct nvmem_channel *ch, struct gsp_error *err)
{
    int rc = promote(ch->dev, ch->handle, ch->gr->buffer, PHYSICAL, err);

    return rc < 0 ? rc : promote(ch->dev, ch->handle, ch->gr->buffer, VIRTUAL, err);
}

void
nvmem_gr_context_destroy(struct nvmem_channel *ch)
{
    if (ch->gr)
        drop_buffers(ch->gr->buffer);
    gsp_host_free(ch->dev->host, ch->gr);
    ch->gr = NULL;
}
