/* SPDX-License-Identifier: MIT */
/*
 * Classes: which ones the chip offers, what they derive from, and what the constructors of some
 * of them check and keep. Sources: device.c, subdevice.c, event_api.c, kernel_channel.c and the
 * *CanCopy methods of the vendor's tree.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "class.h"
#include "class_base.h"
#include "emu_priv.h"
#include "release.h"
#include "wire.h"

bool
emu_class_is(const char *impl, const char *base)
{
    if (!strcmp(impl, base))
        return true;
    for (unsigned i = 0; i < emu_class_base_count; i++)
        if (!strcmp(emu_class_bases[i].impl, impl) &&
            emu_class_is(emu_class_bases[i].base, base))
            return true;
    return false;
}

/* Whose resCanCopy says yes; derived classes inherit it. */
bool
emu_class_can_copy(const char *impl)
{
    static const char *const copyable[] = {
        "ComputeInstanceSubscription",
        "ConsoleMemory",
        "GPUInstanceSubscription",
        "GpuUserSharedData",
        "KernelChannelGroupApi",
        "KernelCtxShareApi",
        "KernelHostVgpuDeviceApi",
        "MemoryFabric",
        "MemoryFabricImportV2",
        "MemoryHwResources",
        "MemoryList",
        "MemoryMulticastFabric",
        "OsDescMemory",
        "PhysicalMemory",
        "RegisterMemory",
        "StandardMemory",
        "SyncpointMemory",
        "UserModeApi",
        "VaSpaceApi",
    };

    for (size_t i = 0; i < sizeof(copyable) / sizeof(copyable[0]); i++)
        if (emu_class_is(impl, copyable[i]))
            return true;
    return false;
}

/* The chip's class list */

static int
compare_ids(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

int
emu_class_load(struct emu_gpu *gpu)
{
    struct emu_rm *rm = &gpu->gsp.rm;
    const unsigned n = nvrm_chip_classes(gpu->abi, gpu->card->pub.name, NULL, 0);

    if (!n)
        return 0;
    rm->offered = emu_alloc(&gpu->mem, n * sizeof(uint32_t));
    if (!rm->offered)
        return -ENOMEM;
    rm->offered_count = nvrm_chip_classes(gpu->abi, gpu->card->pub.name, rm->offered, n);
    qsort(rm->offered, rm->offered_count, sizeof(uint32_t), compare_ids);
    return 0;
}

/* Whether the list of any chip has the class: asked only before a refusal, so not kept. */
static bool
some_chip_lists(struct nvrm_abi abi, uint32_t cls)
{
    uint32_t ids[512];

    for (unsigned i = 0; i < nvrm_chip_count(abi.schema); i++) {
        const unsigned n = nvrm_chip_classes(abi, nvrm_chip_name(abi.schema, i), ids, 512);

        for (unsigned k = 0; k < n && k < 512; k++)
            if (ids[k] == cls)
                return true;
    }
    return false;
}

static bool
listed(const uint32_t *ids, uint32_t count, uint32_t id)
{
    return ids && bsearch(&id, ids, count, sizeof(id), compare_ids);
}

bool
emu_class_offered(const struct emu_gpu *gpu, uint32_t cls)
{
    const struct emu_rm *rm = &gpu->gsp.rm;

    if (listed(rm->offered, rm->offered_count, cls) || !rm->offered)
        return true;
    /* Up to 575 the lists hold engine classes only, and only those are looked for. */
    return !emu_rule(gpu->abi, EMU_RULE_CLASS_SUPPORTED) && !some_chip_lists(gpu->abi, cls);
}

/* Constructors */

bool
emu_class_params(const struct emu_gpu *gpu, const struct emu_object *o,
                 const struct emu_alloc *a, struct emu_wire *w)
{
    *w = (struct emu_wire){.abi = gpu->abi,
                           .layout = nvrm_struct_at(gpu->abi, o->cls->params),
                           .data = a->params,
                           .bytes = a->bytes};
    return w->layout && a->params && a->bytes >= w->layout->size;
}

/* One GPU: only instance 0 exists. */
static uint32_t
construct_device(struct emu_gpu *gpu, struct emu_object *o, const struct emu_alloc *a)
{
    const bool strict = emu_rule(gpu->abi, EMU_RULE_DEVICE_INSTANCE);
    const uint64_t restrict_va =
        emu_constant(gpu->abi, "NV_DEVICE_ALLOCATION_FLAGS_RESTRICT_RESERVED_VALIMITS", 0x40);
    struct emu_wire w;
    uint64_t instance;

    if (!emu_class_params(gpu, o, a, &w))
        return strict && a->client != gpu->gsp.rm.internal_client ? NV_ERR_INVALID_ARGUMENT
                                                                  : NV_OK;
    instance = emu_get(&w, "deviceId");
    if (instance >= emu_constant(gpu->abi, "NV_MAX_DEVICES", 32))
        return strict ? NV_ERR_INVALID_ARGUMENT : NV_ERR_INVALID_CLASS;
    if (instance)
        return strict ? NV_ERR_INVALID_STATE : NV_ERR_INVALID_CLASS;
    if (emu_get(&w, "flags") & restrict_va &&
        (emu_get(&w, "vaLimitInternal") < emu_get(&w, "vaStartInternal") ||
         !emu_get(&w, "vaLimitInternal")))
        return NV_ERR_INVALID_ARGUMENT;
    o->u.device.va_mode = (uint32_t)emu_get(&w, "vaMode");
    return NV_OK;
}

/* One subdevice under a device, and only instance 0. */
static uint32_t
construct_subdevice(struct emu_gpu *gpu, struct emu_object *o, const struct emu_alloc *a)
{
    struct emu_wire w;

    if (emu_class_params(gpu, o, a, &w) && emu_get(&w, "subDeviceId"))
        return NV_ERR_INVALID_CLASS;
    for (const struct emu_object *c = o->parent->children; c; c = c->sibling)
        if (c != o && !strcmp(c->impl, o->impl))
            return NV_ERR_INSUFFICIENT_RESOURCES;
    o->u.notify = emu_alloc(&gpu->mem, sizeof(*o->u.notify));
    return o->u.notify ? NV_OK : NV_ERR_NO_MEMORY;
}

static uint32_t
construct_event(struct emu_gpu *gpu, struct emu_object *o, const struct emu_alloc *a)
{
    struct emu_wire w;
    const struct emu_object *source;

    if (a->cls == emu_constant(gpu->abi, "NV01_EVENT", 0x5))
        return NV_ERR_INVALID_CLASS;
    if (!emu_class_params(gpu, o, a, &w))
        return NV_ERR_INVALID_ARGUMENT;
    o->u.event.client = (uint32_t)emu_get(&w, "hParentClient");
    if (!o->u.event.client)
        o->u.event.client = a->client;
    o->u.event.source = (uint32_t)emu_get(&w, "hSrcResource");
    o->u.event.index = (uint32_t)emu_get(&w, "notifyIndex");
    source = emu_object_find(gpu, o->u.event.client, o->u.event.source);
    if (!source || !emu_class_is(source->impl, "INotifier"))
        return NV_ERR_INVALID_OBJECT;
    return NV_OK;
}

uint32_t
emu_class_construct(struct emu_gpu *gpu, struct emu_object *o, const struct emu_alloc *a)
{
    static const struct {
        const char *impl;
        uint32_t (*construct)(struct emu_gpu *, struct emu_object *, const struct emu_alloc *);
    } table[] = {
        {"Device",                  construct_device      },
        {"Subdevice",               construct_subdevice   },
        {"Event",                   construct_event       },
        {"EventApi",                construct_event       },
        {"KernelChannel",           emu_channel_construct },
        {"KernelChannelGroupApi",   emu_group_construct   },
        {"KernelCtxShareApi",       emu_share_construct   },
        {"KernelSMDebuggerSession", emu_debugger_construct},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (!strcmp(o->impl, table[i].impl))
            return table[i].construct(gpu, o, a);
    return NV_OK;
}

void
emu_class_destruct(struct emu_gpu *gpu, struct emu_object *o)
{
    if (!strcmp(o->impl, "Subdevice"))
        emu_free(&gpu->mem, o->u.notify);
    if (!strcmp(o->impl, "KernelChannel"))
        emu_host_destroy(gpu, o);
}

/* Notifications */

static void
post(struct emu_gpu *gpu, const struct emu_object *event, uint32_t index, uint32_t data)
{
    uint8_t payload[64] = {0};
    struct emu_wire w;

    if (!emu_wire_init(&w, gpu->abi, "rpc_post_event_v17_00", payload, sizeof(payload)))
        return;
    emu_set(&w, event->client, "hClient");
    emu_set(&w, event->handle, "hEvent");
    emu_set(&w, index, "notifyIndex");
    emu_set(&w, data, "data");
    emu_event_send(gpu, "POST_EVENT", payload, w.layout->size, NV_OK);
}

static bool
listens(const struct emu_object *o, const struct emu_object *source, uint32_t index)
{
    enum { INDEX_MASK = 0xffff }; /* NV0005 NOTIFY_INDEX; the flags are above */

    return (!strcmp(o->impl, "Event") || !strcmp(o->impl, "EventApi")) &&
           o->u.event.client == source->client && o->u.event.source == source->handle &&
           (o->u.event.index & INDEX_MASK) == index;
}

void
emu_notify_subdevice(struct emu_gpu *gpu, struct emu_object *subdevice, uint32_t index,
                     uint32_t data)
{
    const struct emu_rm *rm = &gpu->gsp.rm;
    const uint8_t single =
        (uint8_t)emu_constant(gpu->abi, "NV2080_CTRL_EVENT_SET_NOTIFICATION_ACTION_SINGLE", 1);
    uint8_t *action;

    if (index >= EMU_MAX_NOTIFIERS || !(action = &subdevice->u.notify->action[index]) ||
        !*action)
        return;
    for (uint32_t i = 0; i < rm->buckets; i++)
        for (const struct emu_object *o = rm->hash[i]; o; o = o->hash_next)
            if (listens(o, subdevice, index))
                post(gpu, o, index, data);
    if (*action == single)
        *action = 0;
}
