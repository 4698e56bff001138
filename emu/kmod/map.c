/* SPDX-License-Identifier: MIT */
/*
 * Mappings into the program (RM_MAP_MEMORY and the mmap that follows), and pages that a program
 * brings along (RM_ALLOC_MEMORY).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kmod_priv.h"
#include "object.h"
#include "status.h"

enum {
    CLASS_OS_DESCRIPTOR = 0x71,
    CLASS_SYSTEM = 0x3e,
    PAGE = 4096,
    ACCESS = 3, /* NVOS33_FLAGS_* */
    ACCESS_READ_ONLY = 1,
    ACCESS_WRITE_ONLY = 2,
    PERSISTENT = 1 << 4,
    NO_MAP = 1, /* NVOS02_FLAGS_* */
    ALLOC_NONE = 1,
    UNCACHED = 0,
    CACHED = 1,
    WRITE_BACK = 5,
    USERMODE = 0x810000, /* in BAR0, before Hopper */
};

static int
answer(struct kmod_call *c, uint32_t status, const char *field)
{
    emu_set(&c->w, status, "%s", field);
    return 0;
}

/* CPU mappings */

/* Where a program finds an object: its file, and the number that stands for its place. Video
 * memory is called by where BAR1 shows it, registers by BAR0, system memory by its bus address.
 */
struct place {
    int fd;
    uint64_t bytes, linear;
    bool system;
};

static struct place
place_of(const struct kmod_object *o)
{
    const struct kmod_memory *m = o->kind == KMOD_MEMORY ? o->u.memory : NULL;

    if (m)
        return (struct place){m->fd, m->bytes,
                              m->system ? m->addr : kmod_bar(o->card, 1).at + m->addr,
                              m->system};
    if (o->kind == KMOD_USERMODE)
        return (struct place){kmod_doorbell_file(o->card), KMOD_DOORBELL_BYTES,
                              kmod_bar(o->card, 0).at + USERMODE, false};
    return (struct place){.fd = -1};
}

/* System memory is mapped through the control node, a card's through its own
 * (RmCreateMmapContextLocked). */
static bool
right_file(const struct emu_kfile *f, const struct kmod_object *o, bool system)
{
    if (system)
        return f->node == EMU_NODE_CTL;
    return f->node == EMU_NODE_GPU && f->card == o->card;
}

static uint32_t
put_behind(struct kmod_call *c, const struct kmod_object *o, const struct place *p, int fd,
           uint64_t offset, uint64_t bytes)
{
    const struct emu_kmod_host *host = &c->kmod->config.host;
    struct emu_kfile *f = host->file(host->ctx, fd);

    if (!f || !right_file(f, o, p->system))
        return NV_ERR_INVALID_ARGUMENT;
    if (f->mapped)
        return NV_ERR_STATE_IN_USE;
    if (host->replace(host->ctx, fd, p->fd) < 0)
        return NV_ERR_INSUFFICIENT_RESOURCES;
    f->mapped = true;
    f->map_offset = offset & ~UINT64_C(0xfff);
    f->map_bytes = (offset - f->map_offset + bytes + PAGE - 1) & ~UINT64_C(0xfff);
    f->map_end = (p->bytes + PAGE - 1) & ~UINT64_C(0xfff);
    f->map_read_only = o->kind == KMOD_MEMORY && o->u.memory->user_read_only;
    return NV_OK;
}

static bool
remember(struct kmod_client *client, uint32_t memory, uint64_t linear)
{
    struct kmod_mapping *m = malloc(sizeof(*m));

    if (!m)
        return false;
    *m = (struct kmod_mapping){memory, linear, client->mappings};
    client->mappings = m;
    return true;
}

static struct kmod_mapping **
find_mapping(struct kmod_client *client, uint32_t memory, uint64_t linear)
{
    struct kmod_mapping **where = &client->mappings;

    while (*where && ((*where)->memory != memory || (*where)->linear != linear))
        where = &(*where)->next;
    return where;
}

static void
forget(struct kmod_mapping **where)
{
    struct kmod_mapping *m = *where;

    *where = m->next;
    free(m);
}

void
kmod_mappings_forget(struct kmod_client *client, uint32_t memory)
{
    for (struct kmod_mapping **where = &client->mappings; *where;) {
        if ((*where)->memory == memory)
            forget(where);
        else
            where = &(*where)->next;
    }
}

/* The order of serverMap_Prologue() and memMap(). */
static uint32_t
check_map(const struct kmod_call *c, const struct kmod_object *o, const struct place *p)
{
    const uint64_t offset = emu_get(&c->w, "params.offset");
    const uint64_t bytes = emu_get(&c->w, "params.length");
    const uint64_t flags = emu_get(&c->w, "params.flags");

    if ((flags & ACCESS) > ACCESS_WRITE_ONLY)
        return NV_ERR_INVALID_FLAGS;
    if (p->fd < 0)
        return NV_ERR_NOT_SUPPORTED;
    if (o->kind == KMOD_MEMORY && o->u.memory->user_read_only &&
        (flags & ACCESS) != ACCESS_READ_ONLY)
        return NV_ERR_INVALID_ARGUMENT;
    if (offset >= p->bytes)
        return NV_ERR_INVALID_BASE;
    return bytes && bytes <= p->bytes - offset ? NV_OK : NV_ERR_INVALID_LIMIT;
}

static uint32_t
map_object(struct kmod_call *c, struct kmod_client *client, const struct kmod_object *o)
{
    const uint64_t offset = emu_get(&c->w, "params.offset");
    const uint64_t bytes = emu_get(&c->w, "params.length");
    const struct place p = place_of(o);
    uint32_t status = check_map(c, o, &p);

    if (status != NV_OK)
        return status;
    if (!remember(client, o->handle, p.linear + offset))
        return NV_ERR_NO_MEMORY;
    status = put_behind(c, o, &p, (int)emu_get(&c->w, "fd"), offset, bytes);
    if (status == NV_OK)
        emu_set(&c->w, p.linear + offset, "params.pLinearAddress");
    else
        forget(&client->mappings);
    return status;
}

/* By which object a mapping is made: a device, one of its subdevices, or the client for what
 * lies right under it. */
static uint32_t
check_context(struct kmod_client *client, const struct kmod_object *o, uint32_t handle)
{
    const struct kmod_object *by = kmod_object(client, handle);

    if ((handle == client->handle) != (o->parent == client->handle))
        return NV_ERR_INVALID_OBJECT_PARENT;
    if (handle == client->handle)
        return NV_OK;
    if (!by)
        return NV_ERR_OBJECT_NOT_FOUND;
    return by->kind == KMOD_DEVICE || by->kind == KMOD_SUBDEVICE ? NV_OK
                                                                 : NV_ERR_INVALID_OBJECT_PARENT;
}

int
kmod_rm_map_memory(struct kmod_call *c)
{
    struct kmod_client *client =
        kmod_client(c->file, (uint32_t)emu_get(&c->w, "params.hClient"));
    const struct kmod_object *o;
    uint32_t status;

    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT, "params.status");
    if (emu_get(&c->w, "params.flags") & PERSISTENT)
        return answer(c, NV_ERR_INVALID_FLAGS, "params.status");
    o = kmod_object(client, (uint32_t)emu_get(&c->w, "params.hMemory"));
    if (!o)
        return answer(c, NV_ERR_OBJECT_NOT_FOUND, "params.status");
    status = check_context(client, o, (uint32_t)emu_get(&c->w, "params.hDevice"));
    return answer(c, status == NV_OK ? map_object(c, client, o) : status, "params.status");
}

int
emu_kmod_mmap(struct emu_kfile *f, uint64_t bytes, uint64_t offset, struct emu_kmod_map *map)
{
    const uint64_t pages = (bytes + PAGE - 1) & ~UINT64_C(0xfff);
    int rc = 0;

    if (f->node != EMU_NODE_CTL && f->node != EMU_NODE_GPU)
        return -ENODEV;
    pthread_mutex_lock(&f->kmod->lock);
    *map = (struct emu_kmod_map){f->map_offset, f->map_read_only};
    if (f->exported.card || !f->mapped || offset || (f->card && f->card->gpu->lost))
        rc = -EINVAL;
    else if (f->node == EMU_NODE_GPU && pages != f->map_bytes)
        rc = -ENXIO;
    else if (pages > f->map_end - f->map_offset)
        rc = -ERANGE;
    pthread_mutex_unlock(&f->kmod->lock);
    return rc;
}

int
kmod_rm_unmap_memory(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));
    struct kmod_mapping **where;

    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT, "status");
    where = find_mapping(client, (uint32_t)emu_get(&c->w, "hMemory"),
                         emu_get(&c->w, "pLinearAddress"));
    if (!*where)
        return answer(c, NV_ERR_OBJECT_NOT_FOUND, "status");
    forget(where);
    return answer(c, NV_OK, "status");
}

/* The program calls its mapping by another address from now on. */
int
kmod_update_mapping(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));
    const uint32_t memory = (uint32_t)emu_get(&c->w, "hMemory");
    struct kmod_mapping *m;

    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT, "status");
    if (!kmod_object(client, (uint32_t)emu_get(&c->w, "hDevice")) ||
        !kmod_object(client, memory))
        return answer(c, NV_ERR_OBJECT_NOT_FOUND, "status");
    m = *find_mapping(client, memory, emu_get(&c->w, "pOldCpuAddress"));
    if (!m)
        return answer(c, NV_ERR_OBJECT_NOT_FOUND, "status");
    m->linear = emu_get(&c->w, "pNewCpuAddress");
    return answer(c, NV_OK, "status");
}

/* Pages of the program, and the oldest way to ask for memory */

uint32_t
kmod_take_pages(struct kmod_client *client, uint32_t parent, uint32_t handle, uint64_t at,
                uint64_t bytes)
{
    const struct kmod_object *device = kmod_object(client, parent);
    struct kmod_object *o;
    uint32_t status;

    if (!device || device->kind != KMOD_DEVICE)
        return NV_ERR_INVALID_OBJECT_PARENT;
    if (kmod_object(client, handle))
        return NV_ERR_INSERT_DUPLICATE_NAME;
    o = kmod_object_add(client, parent, handle, CLASS_OS_DESCRIPTOR, KMOD_MEMORY);
    if (!o)
        return NV_ERR_NO_MEMORY;
    status = kmod_memory_borrow(o, at, bytes);
    if (status != NV_OK)
        kmod_object_remove(client, handle);
    return status;
}

/* NVOS02 for the classes that RM_ALLOC makes as well. */
static uint32_t
alloc_plain(struct kmod_call *c, struct kmod_client *client, uint32_t class_id,
            uint32_t *handle)
{
    uint8_t data[256] = {0};
    struct emu_wire w;
    struct emu_alloc a = {.client = client->handle,
                          .parent = (uint32_t)emu_get(&c->w, "params.hObjectParent"),
                          .handle = *handle,
                          .cls = class_id,
                          .params = data};
    uint32_t status = kmod_class_right(c->kmod, class_id);

    if (status != NV_OK)
        return status;
    if (kmod_kind_of(c->kmod, class_id) != KMOD_MEMORY ||
        !emu_wire_init(&w, c->w.abi, "NV_MEMORY_ALLOCATION_PARAMS", data, sizeof(data)))
        return NV_ERR_INVALID_CLASS;
    a.bytes = w.layout->size;
    emu_set(&w, emu_get(&c->w, "params.limit") + 1, "size");
    if (class_id == CLASS_SYSTEM)
        emu_set(&w, 1u << 25, "attr"); /* NVOS32_ATTR_LOCATION_PCI */
    status = kmod_make(c, client, &a);
    *handle = a.handle;
    return status;
}

/* RmAllocOsDescriptor() and what it calls, in their order. */
static uint32_t
check_pages(const struct kmod_call *c)
{
    const uint64_t flags = emu_get(&c->w, "params.flags");
    const uint64_t location = flags >> 8 & 0xf, coherency = flags >> 12 & 0xf;

    if (location || flags >> 30 != NO_MAP)
        return NV_ERR_INVALID_FLAGS;
    if (coherency != UNCACHED && coherency != CACHED && coherency != WRITE_BACK)
        return NV_ERR_INVALID_FLAGS;
    return kmod_pages_check(emu_get(&c->w, "params.pMemory"), emu_get(&c->w, "params.limit"));
}

/* System memory that is to be mapped is put behind the descriptor that came along. */
static int
map_at_once(struct kmod_call *c, struct kmod_client *client, uint32_t handle)
{
    const uint64_t flags = emu_get(&c->w, "params.flags");
    const struct kmod_object *o = kmod_object(client, handle);
    struct place p;

    if ((flags >> 16 & 3) == ALLOC_NONE || flags >> 30 == NO_MAP || !o)
        return 0;
    p = place_of(o);
    emu_set(&c->w, p.linear, "params.pMemory");
    return put_behind(c, o, &p, (int)emu_get(&c->w, "fd"), 0, p.bytes) == NV_OK ? 0 : -EINVAL;
}

int
kmod_rm_alloc_memory(struct kmod_call *c)
{
    const uint32_t class_id = (uint32_t)emu_get(&c->w, "params.hClass");
    const uint64_t limit = emu_get(&c->w, "params.limit");
    const uint64_t at = emu_get(&c->w, "params.pMemory");
    uint32_t handle = (uint32_t)emu_get(&c->w, "params.hObjectNew");
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "params.hRoot"));
    const bool pages = class_id == CLASS_OS_DESCRIPTOR;
    uint32_t status = pages ? check_pages(c) : NV_OK;

    if (status == NV_OK && !client)
        status = NV_ERR_INVALID_CLIENT;
    if (status != NV_OK)
        return answer(c, status, "params.status");
    if (pages) {
        handle = handle ? handle : kmod_free_handle(client);
        status = kmod_take_pages(client, (uint32_t)emu_get(&c->w, "params.hObjectParent"),
                                 handle, at, limit + 1);
    } else {
        status = alloc_plain(c, client, class_id, &handle);
    }
    emu_set(&c->w, handle, "params.hObjectNew");
    emu_set(&c->w, status, "params.status");
    return status == NV_OK && class_id == CLASS_SYSTEM ? map_at_once(c, client, handle) : 0;
}
