/* SPDX-License-Identifier: MIT */
/*
 * Channels as host knows them: what the allocation said of memory, which engine serves them,
 * and the page tables behind them.
 *
 * RM writes the page directory into the instance block when the channel is made and when the
 * address space gets other page tables; host takes it from there, as hardware does. A channel
 * without an instance block uses its address space's.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"
#include "wire.h"

enum {
    SPACE_SYSMEM = 1, /* ADDR_SYSMEM, ADDR_FBMEM (mem_desc.h) */
    SPACE_FBMEM = 2,
    FLAG_PRIVILEGED = 1 << 5, /* NVOS04_FLAGS_* */
    FLAG_ACQUIRE_TIMEOUT = 1 << 27,
    MAX_ENTRIES = 1 << 24,
    INSTANCE_PDB = 0x200,
    PDB_SYSMEM_COHERENT = 2,
    PDB_V2_BIG_64K = 1 << 10 | 1 << 11, /* USE_VER2_PT_FORMAT, BIG_PAGE_SIZE_64KB */
};

static struct emu_desc
read_desc(const struct emu_wire *w, const char *name)
{
    const uint64_t space = emu_get(w, "%s.addressSpace", name);

    return (struct emu_desc){.set = space == SPACE_SYSMEM || space == SPACE_FBMEM,
                             .target = space == SPACE_SYSMEM ? 1 : 0,
                             .addr = emu_get(w, "%s.base", name)};
}

/* Described by the kernel's half of RM, or memory of the client's by its handle. */
static struct emu_desc
find_notifier(struct emu_gpu *gpu, uint32_t client, const struct emu_wire *w)
{
    const struct emu_desc desc = read_desc(w, "errorNotifierMem");
    const struct emu_object *o =
        emu_object_find(gpu, client, (uint32_t)emu_get(w, "hObjectError"));

    if (desc.set || !o || !emu_class_is(o->impl, "Memory"))
        return desc;
    return (struct emu_desc){o->u.memory.set, o->u.memory.target, o->u.memory.addr};
}

/* The address space's own object, or the device when it is the device's. */
static const struct emu_object *
space_object(const struct emu_channel *ch)
{
    struct emu_object *o = ch->object, *found = NULL;

    if (o->u.channel.share) {
        const struct emu_object *share =
            emu_object_find(ch->gpu, o->client, o->u.channel.share);

        if (share && share->u.channel.vaspace)
            found = emu_object_find(ch->gpu, o->client, share->u.channel.vaspace);
    } else if (o->u.channel.vaspace) {
        found = emu_object_find(ch->gpu, o->client, o->u.channel.vaspace);
    } else if (emu_class_is(o->parent->impl, "KernelChannelGroupApi") &&
               o->parent->u.channel.vaspace) {
        found = emu_object_find(ch->gpu, o->client, o->parent->u.channel.vaspace);
    }
    return found ? found : emu_object_up(o, "Device");
}

static bool
space_tables(const struct emu_channel *ch, struct emu_space *out)
{
    const struct emu_object *o = space_object(ch);
    const struct emu_page_tables *t = !o                                ? NULL
                                      : emu_class_is(o->impl, "Device") ? &o->u.device.tables
                                                                        : &o->u.vaspace.tables;

    if (!t || !t->set)
        return false;
    *out = (struct emu_space){t->target, t->pdb};
    return true;
}

static void
bind_instance(const struct emu_channel *ch)
{
    const bool v2 = ch->gpu->card->mmu_version == 2;
    struct emu_space space;
    uint64_t word;
    void *p;

    if (!ch->instance.set || !space_tables(ch, &space))
        return;
    p = emu_hw_target(ch->gpu, ch->instance.target, ch->instance.addr + INSTANCE_PDB, 8);
    word = space.pdb | (space.target ? PDB_SYSMEM_COHERENT : 0) | (v2 ? PDB_V2_BIG_64K : 0);
    if (p)
        memcpy(p, &word, sizeof(word));
}

void
emu_host_set_tables(struct emu_gpu *gpu, struct emu_object *space,
                    const struct emu_page_tables *tables)
{
    *(emu_class_is(space->impl, "Device") ? &space->u.device.tables
                                          : &space->u.vaspace.tables) = *tables;
    for (const struct emu_channel *ch = gpu->host.channels; ch; ch = ch->next)
        if (space_object(ch) == space)
            bind_instance(ch);
}

uint32_t
emu_set_page_directory(struct emu_gpu *gpu, struct emu_object *device, const struct emu_wire *w,
                       const char *prefix, bool set)
{
    const uint32_t handle = (uint32_t)emu_get(w, "%shVASpace", prefix);
    const uint64_t flags = emu_get(w, "%sflags", prefix);
    struct emu_object *space = handle ? emu_object_find(gpu, device->client, handle) : device;
    struct emu_page_tables tables = {.set = set};

    if (!space)
        return NV_ERR_OBJECT_NOT_FOUND;
    if (handle && !emu_class_is(space->impl, "VaSpaceApi"))
        return NV_ERR_INVALID_OBJECT_HANDLE;
    tables.target = set && flags & 3; /* 0 local memory, 1 and 2 system memory */
    tables.pdb = set ? emu_get(w, "%sphysAddress", prefix) : 0;
    emu_host_set_tables(gpu, space, &tables);
    return NV_OK;
}

uint32_t
emu_host_create(struct emu_gpu *gpu, struct emu_object *object, const struct emu_wire *w)
{
    const uint64_t flags = emu_get(w, "flags");
    struct emu_channel *ch = emu_alloc(&gpu->mem, sizeof(*ch));

    if (!ch)
        return NV_ERR_NO_MEMORY;
    ch->gpu = gpu;
    ch->object = object;
    ch->cls = object->cls->id;
    ch->instance = read_desc(w, "instanceMem");
    ch->userd = read_desc(w, "userdMem");
    ch->notifier = find_notifier(gpu, object->client, w);
    ch->gpfifo = emu_get(w, "gpFifoOffset");
    ch->entries = (uint32_t)emu_get(w, "gpFifoEntries");
    if (ch->entries > MAX_ENTRIES)
        ch->entries = 0;
    ch->privileged = flags & FLAG_PRIVILEGED;
    ch->acquire_timeout = flags & FLAG_ACQUIRE_TIMEOUT;
    ch->pb.mask = ch->pb.stored_mask = 0xfff;
    object->u.channel.host = ch;
    ch->next = gpu->host.channels;
    gpu->host.channels = ch;
    bind_instance(ch);
    return NV_OK;
}

void
emu_host_destroy(struct emu_gpu *gpu, struct emu_object *object)
{
    struct emu_channel *ch = object->u.channel.host, **slot = &gpu->host.channels;

    if (!ch)
        return;
    while (*slot != ch)
        slot = &(*slot)->next;
    *slot = ch->next;
    gpu->host.waiting -= ch->wait.on;
    for (unsigned i = 0; i < EMU_SUBCHANNELS; i++)
        emu_free(&gpu->mem, ch->subch[i].regs);
    emu_free(&gpu->mem, ch);
    object->u.channel.host = NULL;
}

void
emu_host_fini(struct emu_gpu *gpu)
{
    emu_tlb_fini(gpu);
    emu_compute_fini(gpu);
}

/* From Ampere on every runlist counts its channels on its own; before, a number is enough. */
struct emu_channel *
emu_host_find(struct emu_gpu *gpu, uint32_t runlist, uint32_t chid)
{
    for (struct emu_channel *ch = gpu->host.channels; ch; ch = ch->next)
        if (ch->object->u.channel.chid == chid &&
            (gpu->card->architecture < 0x17 || ch->object->u.channel.runlist == runlist))
            return ch;
    return NULL;
}

const struct emu_engine *
emu_host_engine(const struct emu_channel *ch)
{
    return emu_engine_by_type(ch->gpu->abi, ch->gpu->card, ch->object->u.channel.engine);
}

const struct emu_engine *
emu_host_copy_engine(const struct emu_channel *ch)
{
    const struct emu_card *card = ch->gpu->card;
    const struct emu_engine *own = emu_host_engine(ch);

    if (own && !strncmp(own->name, "COPY", 4))
        return own;
    for (uint32_t i = 0; i < card->engine_count; i++)
        if (!strncmp(card->engines[i].name, "COPY", 4) &&
            card->engines[i].runlist == ch->object->u.channel.runlist)
            return &card->engines[i];
    return NULL;
}

bool
emu_host_enabled(const struct emu_channel *ch)
{
    const struct emu_object *o = ch->object, *group = o->parent;

    if (ch->disabled)
        return false;
    return o->u.channel.scheduled ||
           (emu_class_is(group->impl, "KernelChannelGroupApi") && group->u.channel.scheduled);
}

bool
emu_host_view(const struct emu_channel *ch, struct emu_view *out)
{
    *out = (struct emu_view){.gpu = ch->gpu, .privileged = ch->privileged};
    if (ch->instance.set)
        return emu_mmu_space(ch->gpu, ch->instance.target, ch->instance.addr, &out->space);
    return space_tables(ch, &out->space);
}
