/* SPDX-License-Identifier: MIT */
/*
 * What RM makes of a channel: group, context share, the channel, objects of its engines.
 *
 * Direct: the instance block, the saved state (RAMFC) and the method buffer are memory of ours
 * that RM is told of. Kernel: RM makes them, and is given handles for USERD and the notifier.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <nvrm/ids.h>
#include <nvrm/types.h>

#include "channel_priv.h"

enum {
    SPACE_SYSTEM = 1, /* ADDR_SYSMEM, ADDR_FBMEM (mem_desc.h) */
    SPACE_VIDEO = 2,
    INSTANCE_BYTES = 0x1000,
    RAMFC_BYTES = 0x200,
    METHOD_BYTES = 0x5000, /* when RM does not say */
    NOTIFIER_BYTES = 0x40,
    NOTIFIER_IS_MEMORY = 3 << 2, /* NV_KERNELCHANNEL_ALLOC_INTERNALFLAGS_* */
    ECC_NOTIFIER_NONE = 1 << 4,
    SHARE_ASYNC = 1, /* NV_CTXSHARE_ALLOCATION_FLAGS_SUBCONTEXT_ASYNC */
    ARCH_BLACKWELL_2 = 0x1b0,
    COPY_PARAMS_VERSION = 1,
};
#define DOORBELL_ENABLE (1u << 30) /* of GB20x */

/* Groups */

static const struct nvmem_engine *
find_engine(const struct nvmem_device *dev, enum nvmem_work work, uint32_t type)
{
    for (unsigned i = 0; i < dev->engine_count; i++) {
        const struct nvmem_engine *e = &dev->engines[i];

        if (type ? e->type == type : e->graphics == (work != NVMEM_WORK_COPY))
            return e;
    }
    return NULL;
}

static int
set_priority(struct nvmem_group *g, uint32_t priority, struct gsp_error *err)
{
    struct gsp_text out = {.host = g->dev->host};
    char json[48];
    int rc;

    snprintf(json, sizeof(json), "{\"tsgInterleaveLevel\": %u}", priority);
    nvmem_device_lock(g->dev);
    rc = rm_control_json(g->dev->client, g->handle, "NVA06C_CTRL_CMD_SET_INTERLEAVE_LEVEL",
                         json, 0, &out, err);
    nvmem_device_unlock(g->dev);
    gsp_text_fini(&out);
    return rc;
}

static int
set_timeslice(struct nvmem_group *g, uint32_t us, struct gsp_error *err)
{
    struct NVA06C_CTRL_TIMESLICE_PARAMS p = {.timesliceUs = us};

    return nvmem_rm_control(g->dev, g->handle, "NVA06C_CTRL_CMD_SET_TIMESLICE", &p, err);
}

/* Subcontexts are graphics'. */
static int
make_group(struct nvmem_group *g, const struct nvmem_group_config *c, struct gsp_error *err)
{
    const struct NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS p = {.hVASpace = g->dev->space,
                                                             .engineType = g->engine};
    const struct NV_CTXSHARE_ALLOCATION_PARAMETERS share = {.hVASpace = g->dev->space,
                                                            .flags = SHARE_ASYNC};
    int rc =
        nvmem_rm_alloc(g->dev, g->dev->device, KEPLER_CHANNEL_GROUP_A, &p, &g->handle, err);

    if (rc == 0 && g->work != NVMEM_WORK_COPY)
        rc = nvmem_rm_alloc(g->dev, g->handle, FERMI_CONTEXT_SHARE_A, &share, &g->share, err);
    if (rc == 0 && c->timeslice_us)
        rc = set_timeslice(g, c->timeslice_us, err);
    if (rc == 0 && c->priority)
        rc = set_priority(g, c->priority, err);
    return rc;
}

int
nvmem_group_create(struct nvmem_device *dev, const struct nvmem_group_config *config,
                   struct nvmem_group **group_out, struct gsp_error *err)
{
    const struct nvmem_engine *e = find_engine(dev, config->work, config->engine);
    struct nvmem_group *g;
    int rc;

    if (!e || e->graphics != (config->work != NVMEM_WORK_COPY))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENODEV,
                        "no engine for this work%s: nvmem_device_engines() lists them",
                        config->engine ? " of the type that was asked for" : "");
    g = gsp_host_alloc(dev->host, sizeof(*g));
    if (!g)
        return nvmem_no_memory(err, "channel group");
    g->dev = dev;
    g->work = config->work;
    g->engine = e->type;
    g->runlist = e->runlist;
    rc = make_group(g, config, err);
    if (rc < 0) {
        nvmem_rm_free(dev, g->handle);
        gsp_host_free(dev->host, g);
        return rc;
    }
    *group_out = g;
    return 0;
}

int
nvmem_group_destroy(struct nvmem_group *g, struct gsp_error *err)
{
    if (!g)
        return 0;
    if (atomic_load(&g->channels))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EBUSY, "the group has %u channels yet",
                        atomic_load(&g->channels));
    nvmem_rm_free(g->dev, g->handle);
    gsp_host_free(g->dev->host, g);
    return 0;
}

int
nvmem_group_preempt(struct nvmem_group *g, struct gsp_error *err)
{
    struct NVA06C_CTRL_PREEMPT_PARAMS p = {.bWait = 1};

    return nvmem_rm_control(g->dev, g->handle, "NVA06C_CTRL_CMD_PREEMPT", &p, err);
}

/* Channels */

static uint64_t
method_bytes(struct nvmem_device *dev)
{
    struct NV2080_CTRL_CE_GET_FAULT_METHOD_BUFFER_SIZE_PARAMS p = {0};

    if (nvmem_rm_control(dev, dev->subdevice, "NV2080_CTRL_CMD_CE_GET_FAULT_METHOD_BUFFER_SIZE",
                         &p, NULL) < 0 ||
        p.size < METHOD_BYTES)
        return METHOD_BYTES;
    return p.size;
}

/* Cleared: what RM leaves alone must not be what another left there. */
static int
make_instance(struct nvmem_channel *ch, struct gsp_error *err)
{
    static const uint32_t zero[INSTANCE_BYTES / 4];
    const struct nvmem_buffer_config config = {
        .name = "instance block",
        .bytes = INSTANCE_BYTES + method_bytes(ch->dev),
        .placement = NVMEM_PLACE_VRAM,
        .flags = NVMEM_BUFFER_CONTIGUOUS | NVMEM_BUFFER_NO_VA,
    };
    int rc = nvmem_buffer_create(ch->dev, &config, &ch->instance, err);

    return rc < 0 ? rc : nvmem_buffer_write(ch->instance, 0, zero, sizeof(zero), err);
}

static struct NV_MEMORY_DESC_PARAMS
video(const struct nvmem_channel *ch, uint64_t offset, uint64_t bytes)
{
    return (struct NV_MEMORY_DESC_PARAMS){.base =
                                              ch->instance->backing->extents[0].addr + offset,
                                          .size = bytes,
                                          .addressSpace = SPACE_VIDEO};
}

static struct NV_MEMORY_DESC_PARAMS
shared(const struct nvmem_channel *ch, uint64_t offset, uint64_t bytes)
{
    return (struct NV_MEMORY_DESC_PARAMS){.base = ch->memory->backing->extents[0].addr + offset,
                                          .size = bytes,
                                          .addressSpace = SPACE_SYSTEM};
}

static void
describe_memory(struct nvmem_channel *ch, struct NV_CHANNEL_ALLOC_PARAMS *p)
{
    if (!ch->dev->bus) {
        p->hObjectError = ch->memory->memory;
        p->hUserdMemory[0] = ch->memory->memory;
        p->userdOffset[0] = NVMEM_AT_USERD;
        return;
    }
    p->instanceMem = video(ch, 0, INSTANCE_BYTES);
    p->ramfcMem = video(ch, 0, RAMFC_BYTES);
    p->mthdbufMem = video(ch, INSTANCE_BYTES, ch->instance->bytes - INSTANCE_BYTES);
    p->userdMem = shared(ch, NVMEM_AT_USERD, NVMEM_USERD_BYTES);
    p->errorNotifierMem = shared(ch, NVMEM_AT_NOTIFIER, NOTIFIER_BYTES);
    p->internalFlags = NOTIFIER_IS_MEMORY | ECC_NOTIFIER_NONE;
}

static int
make_channel(struct nvmem_channel *ch, struct gsp_error *err)
{
    struct NV_CHANNEL_ALLOC_PARAMS p = {
        .gpFifoOffset = nvmem_buffer_gpu_va(ch->memory) + NVMEM_AT_RING,
        .gpFifoEntries = ch->entries,
        .hContextShare = ch->group->share,
        .engineType = ch->group->engine,
    };

    describe_memory(ch, &p);
    return nvmem_rm_alloc(ch->dev, ch->group->handle, ch->dev->chip.channel_class, &p,
                          &ch->handle, err);
}

/* Objects end with the channel. */
static int
make_objects(struct nvmem_channel *ch, struct gsp_error *err)
{
    const struct NVB0B5_ALLOCATION_PARAMETERS copy = {.version = COPY_PARAMS_VERSION,
                                                      .engineType = ch->group->engine};
    const struct nvmem_chip *chip = &ch->dev->chip;
    rm_handle object;
    int rc = 0;

    if (ch->work != NVMEM_WORK_COPY)
        rc = nvmem_rm_alloc(ch->dev, ch->handle, chip->compute_class, NULL, &object, err);
    if (rc == 0 && ch->work == NVMEM_WORK_3D)
        rc = nvmem_rm_alloc(ch->dev, ch->handle, chip->threed_class, NULL, &object, err);
    if (rc == 0)
        rc = nvmem_rm_alloc(ch->dev, ch->handle, chip->copy_class,
                            ch->work == NVMEM_WORK_COPY ? &copy : NULL, &object, err);
    return rc;
}

/* GSP-RM gives the channel's number alone: runlist and enable bit are the driver's. */
static int
get_token(struct nvmem_channel *ch, struct gsp_error *err)
{
    struct NVC36F_CTRL_CMD_GPFIFO_GET_WORK_SUBMIT_TOKEN_PARAMS p = {.workSubmitToken =
                                                                        UINT32_MAX};
    const int rc = nvmem_rm_control(ch->dev, ch->handle,
                                    "NVC36F_CTRL_CMD_GPFIFO_GET_WORK_SUBMIT_TOKEN", &p, err);

    ch->token = p.workSubmitToken;
    if (ch->dev->bus) {
        ch->token |= ch->group->runlist << 16;
        if (ch->dev->chip.architecture >= ARCH_BLACKWELL_2)
            ch->token |= DOORBELL_ENABLE;
    }
    return rc;
}

static int
schedule(struct nvmem_channel *ch, struct gsp_error *err)
{
    struct NVA06C_CTRL_GPFIFO_SCHEDULE_PARAMS p = {.bEnable = 1};

    return nvmem_rm_control(ch->dev, ch->group->handle, "NVA06C_CTRL_CMD_GPFIFO_SCHEDULE", &p,
                            err);
}

/* What failed half-way is taken away by nvmem_channel_rm_destroy(). */
int
nvmem_channel_rm_create(struct nvmem_channel *ch, struct gsp_error *err)
{
    const bool graphics = ch->dev->bus && ch->work != NVMEM_WORK_COPY;
    int rc = ch->dev->bus ? make_instance(ch, err) : 0;

    if (rc == 0 && graphics)
        rc = nvmem_gr_context_create(ch, err);
    if (rc == 0)
        rc = make_channel(ch, err);
    if (rc == 0 && graphics)
        rc = nvmem_gr_context_promote(ch, err);
    if (rc == 0 && !ch->bare)
        rc = make_objects(ch, err);
    if (rc == 0)
        rc = get_token(ch, err);
    if (rc == 0)
        rc = schedule(ch, err);
    return rc;
}

void
nvmem_channel_rm_destroy(struct nvmem_channel *ch)
{
    nvmem_rm_free(ch->dev, ch->handle);
    nvmem_gr_context_destroy(ch);
    (void)nvmem_buffer_unref(ch->instance, NULL);
    ch->handle = 0;
    ch->instance = NULL;
}
