/* SPDX-License-Identifier: MIT */
/*
 * Escapes that few programs use: what nv.c answers about the system and its cards, and RM calls
 * of old. What this card does not have is refused as the module would refuse it without.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "kmod_priv.h"
#include "object.h"
#include "status.h"

enum {
    PMC_INTR = 0x100, /* NV_RM_DEVICE_INTR_ADDRESS */
    IDLE_LIST = 0,    /* NVOS30_FLAGS_CHANNEL, bits 7:4 */
    IDLE_SINGLE = 1,
    CHANNELS_MAX = 4096,
    REGISTRY_READ_DWORD = 1,
    REGISTRY_WRITE_DWORD = 2,
    REGISTRY_READ_BINARY = 6,
    REGISTRY_WRITE_BINARY = 7,
};

static int
answer(struct kmod_call *c, uint32_t status)
{
    emu_set(&c->w, status, "status");
    return 0;
}

/* nv.c */

/* The size of a memory block is told once. */
int
kmod_sys_params(struct kmod_call *c)
{
    const uint64_t bytes = emu_get(&c->w, "memblock_size");

    if (!c->kmod->memblock_bytes)
        c->kmod->memblock_bytes = bytes;
    return c->kmod->memblock_bytes == bytes ? 0 : -EBUSY;
}

int
kmod_wait_open_complete(struct kmod_call *c)
{
    emu_set(&c->w, 0, "rc");
    emu_set(&c->w, NV_OK, "adapterStatus");
    return 0;
}

static uint32_t
cards_in(const struct kmod_call *c, bool *all_known)
{
    uint32_t mask = 0;

    *all_known = true;
    for (size_t i = 0; i + 4 <= c->w.bytes; i += 4) {
        const struct kmod_card *card;
        uint32_t id;

        memcpy(&id, c->w.data + i, 4);
        card = id ? kmod_card_by_id(c->kmod, id) : NULL;
        *all_known = *all_known && (!id || card);
        mask |= card ? 1u << card->minor : 0;
    }
    return mask;
}

/* Once a file; the cards stay up while it is open. */
int
kmod_attach(struct kmod_call *c)
{
    bool all_known;
    const uint32_t mask = cards_in(c, &all_known);

    if (!c->w.bytes || c->w.bytes % 4 || c->file->attaches || !all_known)
        return -EINVAL;
    c->file->attaches = true;
    c->file->attached = mask;
    for (unsigned i = 0; i < c->kmod->cards; i++)
        if (mask >> i & 1)
            kmod_card_up(&c->kmod->card[i]);
    return 0;
}

int
kmod_status_code(struct kmod_call *c)
{
    for (unsigned i = 0; i < c->kmod->cards; i++) {
        const struct kmod_card *card = &c->kmod->card[i];

        if (card->domain == emu_get(&c->w, "domain") && card->bus == emu_get(&c->w, "bus") &&
            card->slot == emu_get(&c->w, "slot") && card->opens)
            return answer(c, NV_OK);
    }
    return -EINVAL;
}

int
kmod_query_intr(struct kmod_call *c)
{
    emu_set(&c->w, emu_reg_rd32(c->file->card->gpu, PMC_INTR), "intrStatus");
    return answer(c, NV_OK);
}

/* No card here has memory that is a NUMA node. */
int
kmod_numa_info(struct kmod_call *c)
{
    if (emu_get(&c->w, "offline_addresses.numEntries") >
        emu_count(&c->w, "offline_addresses.addresses"))
        return -EBUSY;
    emu_set(&c->w, UINT32_MAX, "nid");
    emu_set(&c->w, 0, "status"); /* NV_IOCTL_NUMA_STATUS_DISABLED */
    emu_set(&c->w, 0, "use_auto_online");
    emu_set(&c->w, c->kmod->memblock_bytes, "memblock_size");
    emu_set(&c->w, 0, "numa_mem_addr");
    emu_set(&c->w, 0, "numa_mem_size");
    emu_set(&c->w, 0, "offline_addresses.numEntries");
    return 0;
}

int
kmod_set_numa_status(struct kmod_call *c)
{
    if (!c->kmod->config.root)
        return -EACCES;
    return emu_get(&c->w, "status") ? -EINVAL : 0;
}

int
kmod_no_dmabuf(struct kmod_call *c)
{
    return answer(c, NV_ERR_NOT_SUPPORTED);
}

/* RM */

int
kmod_no_i2c(struct kmod_call *c)
{
    return answer(c, kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"))
                         ? NV_ERR_NOT_SUPPORTED
                         : NV_ERR_INVALID_CLIENT);
}

int
kmod_no_diagnostic(struct kmod_call *c)
{
    emu_set(&c->w,
            c->kmod->config.root ? NV_ERR_NOT_SUPPORTED : NV_ERR_INSUFFICIENT_PERMISSIONS,
            "status");
    return -EINVAL;
}

/* The registry holds what a module was loaded with: nothing here. */
int
kmod_access_registry(struct kmod_call *c)
{
    switch (emu_get(&c->w, "AccessType")) {
    case REGISTRY_READ_DWORD:
    case REGISTRY_READ_BINARY:
        return answer(c, NV_ERR_GENERIC);
    case REGISTRY_WRITE_DWORD:
    case REGISTRY_WRITE_BINARY:
        return answer(c, c->kmod->config.root ? NV_ERR_NOT_SUPPORTED
                                              : NV_ERR_INSUFFICIENT_PERMISSIONS);
    default:
        return answer(c, NV_ERR_INVALID_ARGUMENT);
    }
}

/* Idle channels */

static uint32_t
idle_one(struct kmod_client *client, uint32_t device, uint32_t handle)
{
    const struct kmod_object *o = kmod_object(client, handle);
    const struct emu_object *channel;

    if (!kmod_object(client, device))
        return NV_ERR_OBJECT_NOT_FOUND;
    if (!o || o->kind != KMOD_CHANNEL)
        return NV_ERR_INVALID_CHANNEL;
    emu_host_service(o->card->gpu);
    channel = emu_object_find(o->card->gpu, client->handle, handle);
    if (!channel || !channel->u.channel.host)
        return NV_ERR_INVALID_CHANNEL;
    return channel->u.channel.host->wait.on ? NV_ERR_TIMEOUT : NV_OK;
}

static uint32_t
idle_list(struct kmod_call *c, struct kmod_client *client, uint32_t n)
{
    uint32_t handles[3], status = NV_OK;

    if (n > CHANNELS_MAX)
        return NV_ERR_INVALID_ARGUMENT;
    for (uint32_t i = 0; i < n && status == NV_OK; i++) {
        static const char *const lists[] = {"phClients", "phDevices", "phChannels"};

        for (size_t j = 0; j < 3; j++)
            if (kmod_copy_in(&handles[j], emu_get(&c->w, "%s", lists[j]) + 4 * (uint64_t)i, 4))
                return NV_ERR_INVALID_ADDRESS;
        status = handles[0] == client->handle ? idle_one(client, handles[1], handles[2])
                                              : NV_ERR_INSUFFICIENT_PERMISSIONS;
    }
    return status;
}

int
kmod_idle_channels(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));

    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT);
    switch (emu_get(&c->w, "flags") >> 4 & 0xf) {
    case IDLE_LIST:
        return answer(c, idle_list(c, client, (uint32_t)emu_get(&c->w, "numChannels")));
    case IDLE_SINGLE:
        return answer(c, idle_one(client, (uint32_t)emu_get(&c->w, "hDevice"),
                                  (uint32_t)emu_get(&c->w, "hChannel")));
    default:
        return answer(c, NV_ERR_INVALID_FLAGS);
    }
}

/* Context DMAs; the field that is called a parent holds the client here. */

int
kmod_alloc_context_dma(struct kmod_call *c)
{
    struct kmod_client *client =
        kmod_client(c->file, (uint32_t)emu_get(&c->w, "hObjectParent"));
    const struct kmod_object *memory;
    uint8_t data[64] = {0};
    struct emu_wire w;
    struct emu_alloc a = {.handle = (uint32_t)emu_get(&c->w, "hObjectNew"),
                          .cls = (uint32_t)emu_get(&c->w, "hClass"),
                          .params = data};
    uint32_t status;

    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT);
    memory = kmod_object(client, (uint32_t)emu_get(&c->w, "hMemory"));
    if (!memory ||
        !emu_wire_init(&w, c->w.abi, "NV_CONTEXT_DMA_ALLOCATION_PARAMS", data, sizeof(data)))
        return answer(c, NV_ERR_OBJECT_NOT_FOUND);
    a.client = client->handle;
    a.parent = memory->parent;
    a.bytes = w.layout->size;
    emu_set(&w, emu_get(&c->w, "hSubDevice"), "hSubDevice");
    emu_set(&w, memory->handle, "hMemory");
    emu_set(&w, emu_get(&c->w, "flags"), "flags");
    emu_set(&w, emu_get(&c->w, "offset"), "offset");
    emu_set(&w, emu_get(&c->w, "limit"), "limit");
    status = kmod_kind_of(c->kmod, a.cls) == KMOD_OTHER ? kmod_class_right(c->kmod, a.cls)
                                                        : NV_ERR_INVALID_CLASS;
    if (status == NV_OK)
        status = kmod_make(c, client, &a);
    emu_set(&c->w, a.handle, "hObjectNew");
    return answer(c, status);
}

/* Channels without a display address nothing by a context DMA any more. */
int
kmod_bind_context_dma(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));

    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT);
    return answer(c, kmod_object(client, (uint32_t)emu_get(&c->w, "hCtxDma")) &&
                             kmod_object(client, (uint32_t)emu_get(&c->w, "hChannel"))
                         ? NV_ERR_NOT_SUPPORTED
                         : NV_ERR_OBJECT_NOT_FOUND);
}
