/* SPDX-License-Identifier: MIT */
/*
 * Channels, channel groups and context shares: which handles and engines they may name
 * (kernel_channel.c, kernel_channel_group_api.c, kernel_ctxshare.c, vaspace.c).
 */
#include "class.h"
#include "host.h"

static bool
is_group(const struct emu_object *o)
{
    return emu_class_is(o->impl, "KernelChannelGroupApi");
}

/* serverutilGetResourceRefWithType */
static uint32_t
check_handle(struct emu_gpu *gpu, uint32_t client, uint32_t handle, const char *impl)
{
    const struct emu_object *o = emu_object_find(gpu, client, handle);

    if (!o)
        return NV_ERR_OBJECT_NOT_FOUND;
    return emu_class_is(o->impl, impl) ? NV_OK : NV_ERR_INVALID_OBJECT_HANDLE;
}

/* No address space given means the device's, unless the device was allocated without one. */
static uint32_t
check_vaspace(struct emu_gpu *gpu, struct emu_object *o, uint32_t vaspace, bool needed)
{
    const uint64_t multiple =
        emu_constant(gpu->abi, "NV_DEVICE_ALLOCATION_VAMODE_MULTIPLE_VASPACES", 2);
    const struct emu_object *device = emu_object_up(o, "Device");

    if (vaspace)
        return check_handle(gpu, o->client, vaspace, "VaSpaceApi");
    return needed && device && device->u.device.va_mode == multiple ? NV_ERR_INVALID_STATE
                                                                    : NV_OK;
}

/* From Ampere on runlists have channels of their own, so the engine must be known from the
 * start. */
static uint32_t
choose_engine(struct emu_gpu *gpu, struct emu_object *o, uint32_t type)
{
    const struct emu_engine *engine = emu_engine_by_type(gpu->abi, gpu->card, type);

    if (!engine && (type || gpu->card->architecture >= 0x17))
        return NV_ERR_INVALID_ARGUMENT;
    o->u.channel.engine = type;
    o->u.channel.runlist = engine ? engine->runlist : 0;
    return NV_OK;
}

uint32_t
emu_group_construct(struct emu_gpu *gpu, struct emu_object *o, const struct emu_alloc *a)
{
    struct emu_wire w;
    uint32_t status;

    if (!emu_class_params(gpu, o, a, &w))
        return NV_ERR_INVALID_ARGUMENT;
    status = choose_engine(gpu, o, (uint32_t)emu_get(&w, "engineType"));
    if (status != NV_OK)
        return status;
    o->u.channel.vaspace = (uint32_t)emu_get(&w, "hVASpace");
    return check_vaspace(gpu, o, o->u.channel.vaspace, false);
}

uint32_t
emu_share_construct(struct emu_gpu *gpu, struct emu_object *o, const struct emu_alloc *a)
{
    struct emu_wire w;

    if (!emu_class_params(gpu, o, a, &w))
        return NV_ERR_INVALID_ARGUMENT;
    o->u.channel.vaspace = (uint32_t)emu_get(&w, "hVASpace");
    return check_vaspace(gpu, o, o->u.channel.vaspace, true);
}

/* In a group the context share says which address space; outside of one there is no context
 * share. */
static uint32_t
check_space(struct emu_gpu *gpu, struct emu_object *o, const struct emu_wire *w)
{
    const uint32_t share = (uint32_t)emu_get(w, "hContextShare");
    const uint32_t vaspace = (uint32_t)emu_get(w, "hVASpace");

    if (is_group(o->parent) ? vaspace != 0 : share != 0)
        return NV_ERR_INVALID_ARGUMENT;
    o->u.channel.share = share;
    o->u.channel.vaspace = vaspace;
    if (share)
        return check_handle(gpu, o->client, share, "KernelCtxShareApi");
    return check_vaspace(gpu, o, vaspace, false);
}

/* The CPU side chooses, 8 channels to a page of USERD (NVOS04_FLAGS_CHANNEL_USERD_INDEX_*), or
 * leaves it to GSP-RM. */
static uint32_t
choose_chid(struct emu_gpu *gpu, struct emu_object *o, uint32_t flags)
{
    const uint32_t fixed = (flags >> 12 & 0x1ff) * 8 + (flags >> 8 & 7);
    uint32_t *chid = &o->u.channel.chid;

    if (flags >> 21 & 1) {
        *chid = fixed;
        if (fixed >= gpu->card->channels)
            return NV_ERR_INVALID_ARGUMENT;
        return emu_host_find(gpu, o->u.channel.runlist, fixed) ? NV_ERR_STATE_IN_USE : NV_OK;
    }
    for (*chid = 0; *chid < gpu->card->channels; ++*chid)
        if (!emu_host_find(gpu, o->u.channel.runlist, *chid))
            return NV_OK;
    return NV_ERR_INSUFFICIENT_RESOURCES;
}

uint32_t
emu_channel_construct(struct emu_gpu *gpu, struct emu_object *o, const struct emu_alloc *a)
{
    struct emu_wire w;
    uint32_t status;

    if (!emu_class_params(gpu, o, a, &w))
        return NV_ERR_INVALID_ARGUMENT;
    status = check_space(gpu, o, &w);
    if (status != NV_OK)
        return status;
    if (is_group(o->parent)) {
        o->u.channel.engine = o->parent->u.channel.engine;
        o->u.channel.runlist = o->parent->u.channel.runlist;
    } else {
        status = choose_engine(gpu, o, (uint32_t)emu_get(&w, "engineType"));
        if (status != NV_OK)
            return status;
    }
    status = choose_chid(gpu, o, (uint32_t)emu_get(&w, "flags"));
    if (status != NV_OK)
        return status;
    emu_set(&w, o->u.channel.chid, "cid");
    return emu_host_create(gpu, o, &w);
}
