/* SPDX-License-Identifier: MIT */
/*
 * NV_ESC_RM_VID_HEAP_CONTROL: the older way to allocate memory, which libraries keep using.
 *
 * Follows rmapi_deprecated_vidheapctrl.c: an allocation becomes one of a memory class, with the
 * same parameters; a function of the heap that nobody has any more is not supported.
 */
#include <string.h>

#include "kmod_priv.h"
#include "object.h"
#include "status.h"

enum {
    ALLOC_SIZE = 2,
    FREE = 3,
    INFO = 5,
    ALLOC_OS_DESCRIPTOR = 27,
    CLASS_LOCAL_USER = 0x40,
    CLASS_SYSTEM = 0x3e,
    CLASS_VIRTUAL = 0x50a0,
    VIRTUAL = 0x80000, /* NVOS32_ALLOC_FLAGS_VIRTUAL */
};

static const char *const carried[] = {
    "owner", "type",      "flags",  "attr",       "attr2",    "format", "width",    "height",
    "size",  "alignment", "offset", "rangeBegin", "rangeEnd", "limit",  "numaNode",
};

/* Names differ in one place only. */
static const char *
other_name(const char *name)
{
    if (!strcmp(name, "rangeBegin"))
        return "rangeLo";
    return strcmp(name, "rangeEnd") ? name : "rangeHi";
}

static uint32_t
class_for(const struct emu_wire *w)
{
    if (emu_get(w, "flags") & VIRTUAL)
        return CLASS_VIRTUAL;
    return emu_get(w, "attr") >> 25 & 3 ? CLASS_SYSTEM : CLASS_LOCAL_USER;
}

static uint32_t
alloc_size(struct kmod_call *c, struct kmod_client *client)
{
    uint8_t data[256] = {0};
    struct emu_wire w;
    struct emu_alloc a = {.client = client->handle,
                          .parent = (uint32_t)emu_get(&c->w, "hObjectParent"),
                          .handle = (uint32_t)emu_get(&c->w, "data.AllocSize.hMemory"),
                          .params = data};
    uint32_t status;

    if (!emu_wire_init(&w, c->w.abi, "NV_MEMORY_ALLOCATION_PARAMS", data, sizeof(data)))
        return NV_ERR_NOT_SUPPORTED;
    for (size_t i = 0; i < sizeof(carried) / sizeof(*carried); i++)
        emu_set(&w, emu_get(&c->w, "data.AllocSize.%s", carried[i]), "%s",
                other_name(carried[i]));
    emu_set(&w, emu_get(&c->w, "hVASpace"), "hVASpace");
    a.cls = class_for(&w);
    a.bytes = w.layout->size;
    status = kmod_make(c, client, &a);
    if (status != NV_OK)
        return status;
    for (size_t i = 0; i < sizeof(carried) / sizeof(*carried); i++)
        emu_set(&c->w, emu_get(&w, "%s", other_name(carried[i])), "data.AllocSize.%s",
                carried[i]);
    emu_set(&c->w, a.handle, "data.AllocSize.hMemory");
    return NV_OK;
}

static uint32_t
free_memory(struct kmod_call *c, struct kmod_client *client)
{
    const uint32_t handle = (uint32_t)emu_get(&c->w, "data.Free.hMemory");
    const struct kmod_object *o = kmod_object(client, handle);
    uint32_t status;

    if (!o)
        return NV_ERR_OBJECT_NOT_FOUND;
    status = kmod_gsp_free(kmod_card_of(c->kmod, client, handle), client->handle, handle);
    if (status == NV_OK)
        kmod_object_remove(client, handle);
    return status;
}

static uint32_t
info(struct kmod_call *c, struct kmod_client *client)
{
    const uint32_t parent = (uint32_t)emu_get(&c->w, "hObjectParent");
    const struct kmod_card *card = kmod_card_of(c->kmod, client, parent);
    const uint64_t total = kmod_vram_total(card);

    if (!kmod_object(client, parent))
        return NV_ERR_OBJECT_NOT_FOUND;
    emu_set(&c->w, total, "total");
    emu_set(&c->w, total - kmod_vram_used(card), "free");
    emu_set(&c->w, 0, "data.Info.base");
    emu_set(&c->w, 0, "data.Info.offset");
    emu_set(&c->w, total - kmod_vram_used(card), "data.Info.size");
    return NV_OK;
}

static uint32_t
alloc_pages(struct kmod_call *c, struct kmod_client *client)
{
    const uint64_t at = emu_get(&c->w, "data.AllocOsDesc.descriptor");
    const uint64_t limit = emu_get(&c->w, "data.AllocOsDesc.limit");
    uint32_t handle = (uint32_t)emu_get(&c->w, "data.AllocOsDesc.hMemory");
    uint32_t status = kmod_pages_check(at, limit); /* an address, whatever its type says */

    if (status != NV_OK)
        return status;
    handle = handle ? handle : kmod_free_handle(client);
    status = kmod_take_pages(client, (uint32_t)emu_get(&c->w, "hObjectParent"), handle, at,
                             limit + 1);
    emu_set(&c->w, handle, "data.AllocOsDesc.hMemory");
    return status;
}

int
kmod_vid_heap(struct kmod_call *c)
{
    static const struct {
        unsigned function;
        uint32_t (*serve)(struct kmod_call *c, struct kmod_client *client);
    } table[] = {
        {ALLOC_SIZE,          alloc_size },
        {FREE,                free_memory},
        {INFO,                info       },
        {ALLOC_OS_DESCRIPTOR, alloc_pages},
    };
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hRoot"));
    uint32_t status = client ? NV_ERR_NOT_SUPPORTED : NV_ERR_INVALID_CLIENT;

    for (size_t i = 0; client && i < sizeof(table) / sizeof(*table); i++)
        if (table[i].function == emu_get(&c->w, "function"))
            status = table[i].serve(c, client);
    emu_set(&c->w, status, "status");
    return 0;
}
