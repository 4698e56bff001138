/* SPDX-License-Identifier: MIT */
/*
 * Mappings: objects into the program (RM_MAP_MEMORY and the mmap that follows) and into address
 * spaces (RM_MAP_MEMORY_DMA), and pages that a program brings along (RM_ALLOC_MEMORY).
 */
#include <errno.h>
#include <string.h>

#include "kmod_priv.h"
#include "object.h"
#include "status.h"

enum { CLASS_OS_DESCRIPTOR = 0x71, DMA_OFFSET_FIXED = 1 << 15, DMA_READ_ONLY = 1 };

static int
answer(struct kmod_call *c, uint32_t status, const char *field)
{
    emu_set(&c->w, status, "%s", field);
    return 0;
}

/* CPU mappings */

/* What lies behind an object: its file, and from where. */
static int
file_of(struct kmod_object *o)
{
    if (o->kind == KMOD_MEMORY && o->u.memory)
        return o->u.memory->fd;
    return o->kind == KMOD_USERMODE ? kmod_doorbell_file(o->card) : -1;
}

static uint64_t
bytes_of(const struct kmod_object *o)
{
    return o->kind == KMOD_MEMORY && o->u.memory ? o->u.memory->bytes : KMOD_DOORBELL_BYTES;
}

int
kmod_rm_map_memory(struct kmod_call *c)
{
    const struct emu_kmod_host *host = &c->kmod->config.host;
    struct kmod_client *client =
        kmod_client(c->file, (uint32_t)emu_get(&c->w, "params.hClient"));
    const uint64_t offset = emu_get(&c->w, "params.offset");
    const uint64_t bytes = emu_get(&c->w, "params.length");
    const int fd = (int)emu_get(&c->w, "fd");
    struct kmod_object *o =
        client ? kmod_object(client, (uint32_t)emu_get(&c->w, "params.hMemory")) : NULL;
    struct emu_kfile *target = host->file(host->ctx, fd);
    int file;

    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT, "params.status");
    if (!o || !kmod_object(client, (uint32_t)emu_get(&c->w, "params.hDevice")))
        return answer(c, NV_ERR_INVALID_OBJECT_HANDLE, "params.status");
    file = file_of(o);
    if (file < 0)
        return answer(c, NV_ERR_NOT_SUPPORTED, "params.status");
    if (!bytes || offset & 0xfff || offset > bytes_of(o) || bytes > bytes_of(o) - offset)
        return answer(c, NV_ERR_INVALID_LIMIT, "params.status");
    if (!target || target->mapped)
        return answer(c, target ? NV_ERR_STATE_IN_USE : NV_ERR_INVALID_ARGUMENT,
                      "params.status");
    if (host->replace(host->ctx, fd, file) < 0)
        return answer(c, NV_ERR_INSUFFICIENT_RESOURCES, "params.status");
    target->mapped = true;
    target->map_offset = offset;
    emu_set(&c->w, (uint64_t)o->handle << 16 | offset >> 12, "params.pLinearAddress");
    return answer(c, NV_OK, "params.status");
}

int
kmod_rm_unmap_memory(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));
    const uint32_t handle = (uint32_t)emu_get(&c->w, "hMemory");

    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT, "status");
    if (!kmod_object(client, handle))
        return answer(c, NV_ERR_INVALID_OBJECT_HANDLE, "status");
    return answer(
        c, emu_get(&c->w, "pLinearAddress") >> 16 == handle ? NV_OK : NV_ERR_INVALID_ARGUMENT,
        "status");
}

/* Address spaces */

/* Of a virtual memory object, an address space, or the device's own. */
static struct kmod_vas *
space_of(struct kmod_client *client, uint32_t handle)
{
    struct kmod_object *o = kmod_object(client, handle);

    return o && (o->kind == KMOD_VIRTUAL || o->kind == KMOD_VASPACE || o->kind == KMOD_DEVICE)
               ? o->u.vas
               : NULL;
}

int
kmod_rm_map_dma(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));
    const uint64_t bytes = (emu_get(&c->w, "length") + 0xfff) & ~UINT64_C(0xfff);
    const uint64_t flags = emu_get(&c->w, "flags");
    struct kmod_object *o;
    struct kmod_vas *vas;
    uint64_t va;
    uint32_t status;

    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT, "status");
    o = kmod_object(client, (uint32_t)emu_get(&c->w, "hMemory"));
    vas = space_of(client, (uint32_t)emu_get(&c->w, "hDma"));
    if (!o || o->kind != KMOD_MEMORY || !o->u.memory || !vas)
        return answer(c, NV_ERR_INVALID_OBJECT_HANDLE, "status");
    va = flags & DMA_OFFSET_FIXED ? emu_get(&c->w, "dmaOffset") : kmod_vas_choose(vas, bytes);
    status = kmod_vas_map(vas, va, bytes, o->u.memory, emu_get(&c->w, "offset"),
                          (flags & 3) == DMA_READ_ONLY);
    if (status == NV_OK)
        emu_set(&c->w, va, "dmaOffset");
    return answer(c, status, "status");
}

int
kmod_rm_unmap_dma(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));
    struct kmod_vas *vas;

    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT, "status");
    vas = space_of(client, (uint32_t)emu_get(&c->w, "hDma"));
    return answer(c,
                  vas ? kmod_vas_unmap(vas, emu_get(&c->w, "dmaOffset"), emu_get(&c->w, "size"))
                      : NV_ERR_INVALID_OBJECT_HANDLE,
                  "status");
}

/* Pages of the program */

int
kmod_rm_alloc_memory(struct kmod_call *c)
{
    const uint32_t class_id = (uint32_t)emu_get(&c->w, "params.hClass");
    const uint32_t parent = (uint32_t)emu_get(&c->w, "params.hObjectParent");
    const uint32_t handle = (uint32_t)emu_get(&c->w, "params.hObjectNew");
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "params.hRoot"));
    const struct kmod_object *device;
    struct kmod_object *o;
    uint32_t status;

    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT, "params.status");
    device = kmod_object(client, parent);
    if (!device || device->kind != KMOD_DEVICE)
        return answer(c, NV_ERR_INVALID_OBJECT_PARENT, "params.status");
    if (class_id != CLASS_OS_DESCRIPTOR)
        return answer(c, NV_ERR_NOT_SUPPORTED, "params.status");
    if (!handle || kmod_object(client, handle))
        return answer(c, handle ? NV_ERR_INSERT_DUPLICATE_NAME : NV_ERR_INVALID_OBJECT_HANDLE,
                      "params.status");
    o = kmod_object_add(client, parent, handle, class_id, KMOD_MEMORY);
    if (!o)
        return answer(c, NV_ERR_NO_MEMORY, "params.status");
    status = kmod_memory_borrow(o, emu_get(&c->w, "params.pMemory"),
                                emu_get(&c->w, "params.limit") + 1);
    if (status != NV_OK)
        kmod_object_remove(client, handle);
    return answer(c, status, "params.status");
}
