/* SPDX-License-Identifier: MIT */
/*
 * Mappings into address spaces: virtual memory objects and RM_MAP_MEMORY_DMA.
 *
 * Follows serverInterMap() of rs_server.c and its prologue in mapping.c, virtual_mem.c and
 * dmaAllocMapping_GM107(): NV01_MEMORY_VIRTUAL takes addresses when something is mapped,
 * NV50_MEMORY_VIRTUAL when it is made. A mapping ends with either of the objects that it joins.
 */
#include <string.h>

#include "kmod_priv.h"
#include "object.h"
#include "status.h"

enum {
    NV50_MEMORY_VIRTUAL = 0x50a0,
    PAGE = 4096,
    BIG = 65536,
    FIXED = 1 << 15, /* NVOS46_FLAGS_DMA_OFFSET_FIXED */
    PAGE_SIZE_512M = 5,
    PAGE_SIZE_SHIFT = 8, /* NVOS46_FLAGS_PAGE_SIZE */
    ACCESS = 3,
    READ_ONLY = 1,
    ALLOC_FIXED = 0x10, /* NVOS32_ALLOC_FLAGS_* */
    ALLOC_BETWEEN = 0x20000,
    ALLOC_VIRTUAL = 0x80000,
};

static int
answer(struct kmod_call *c, uint32_t status)
{
    emu_set(&c->w, status, "status");
    return 0;
}

/* Virtual memory objects */

/* The largest page that may be mapped there; 0: no such. */
static uint64_t
largest_page(const struct emu_wire *p)
{
    static const uint64_t huge[] = {2 << 20, 2 << 20, 512 << 20, UINT64_C(256) << 30};

    switch (emu_get(p, "attr") >> 23 & 3) {
    case 1:
        return PAGE;
    case 3:
        return huge[emu_get(p, "attr2") >> 20 & 3];
    default:
        return BIG;
    }
}

static uint32_t
hold(struct kmod_object *o, struct emu_wire *p)
{
    const uint64_t flags = emu_get(p, "flags"), align = emu_get(p, "alignment");
    const uint64_t page = largest_page(p), bytes = emu_get(p, "size");
    struct kmod_hold_wish wish = {
        .bytes = (bytes + page - 1) & ~(page - 1), .align = page, .fixed = flags & ALLOC_FIXED};
    uint64_t held;

    if (!(flags & ALLOC_VIRTUAL) || !bytes || wish.bytes < bytes)
        return NV_ERR_INVALID_ARGUMENT;
    if (align > page && !(align & (align - 1)))
        wish.align = align;
    if (flags & ALLOC_FIXED) {
        wish.va = emu_get(p, "offset");
    } else if (flags & ALLOC_BETWEEN) {
        wish.va = emu_get(p, "rangeLo");
        wish.limit = emu_get(p, "rangeHi");
    }
    o->hold = kmod_vas_hold(o->u.vas, &wish);
    if (!o->hold)
        return NV_ERR_INSUFFICIENT_RESOURCES;
    emu_set(p, kmod_hold_at(o->hold, &held), "offset");
    emu_set(p, held, "size");
    emu_set(p, held - 1, "limit");
    emu_set(p, wish.align, "alignment");
    return NV_OK;
}

uint32_t
kmod_virtual_construct(struct kmod_client *client, struct kmod_object *o, struct emu_wire *p)
{
    struct kmod_object *of = kmod_device_of(client, o->parent);

    if (p->layout && emu_get(p, "hVASpace"))
        of = kmod_object(client, (uint32_t)emu_get(p, "hVASpace"));
    if (!of || (of->kind != KMOD_VASPACE && of->kind != KMOD_DEVICE))
        return NV_ERR_INVALID_OBJECT_HANDLE;
    o->u.vas = of->u.vas;
    kmod_vas_ref(o->u.vas);
    if (o->class_id != NV50_MEMORY_VIRTUAL)
        return NV_OK;
    return p->layout ? hold(o, p) : NV_ERR_INVALID_ARGUMENT;
}

void
kmod_virtual_destruct(struct kmod_object *o)
{
    if (!o->u.vas)
        return;
    (void)kmod_vas_unmap_of(o->u.vas, &(struct kmod_vas_owner){.mapper = o}, 0, UINT64_MAX);
    kmod_hold_unref(o->u.vas, o->hold);
    kmod_vas_unref(o->u.vas);
}

/* Both objects of a mapping are of one client. */
void
kmod_mapped_memory_destruct(struct kmod_client *client, const struct kmod_object *memory)
{
    for (struct kmod_object *o = client->objects; o; o = o->next)
        if (o->kind == KMOD_VIRTUAL && o->u.vas)
            (void)kmod_vas_unmap_of(o->u.vas, &(struct kmod_vas_owner){.memory = memory}, 0,
                                    UINT64_MAX);
}

/* Mappings */

struct mapping {
    struct kmod_object *mapper, *memory;
    uint64_t offset, bytes, at;
    uint64_t flags;
};

/* What the prologue of the server looks at, in its order. */
static uint32_t
check(const struct mapping *m, const struct kmod_object *context)
{
    if (context->kind != KMOD_DEVICE && context->kind != KMOD_SUBDEVICE)
        return NV_ERR_INVALID_OBJECT;
    if (m->memory->kind != KMOD_MEMORY || !m->memory->u.memory)
        return NV_ERR_INVALID_OBJECT_HANDLE;
    if (m->offset > m->memory->u.memory->bytes ||
        m->bytes > m->memory->u.memory->bytes - m->offset)
        return NV_ERR_INVALID_LIMIT;
    if (m->memory->u.memory->card_read_only && (m->flags & ACCESS) != READ_ONLY)
        return NV_ERR_INVALID_ARGUMENT;
    if (m->mapper->kind != KMOD_VIRTUAL)
        return NV_ERR_INVALID_OBJECT_HANDLE;
    return m->mapper->hold && context->kind == KMOD_SUBDEVICE ? NV_ERR_NOT_SUPPORTED : NV_OK;
}

/* Addresses for [page, page + bytes) of the memory. */
static uint32_t
place(struct mapping *m, uint64_t bytes, uint64_t *va_out)
{
    struct kmod_vas *vas = m->mapper->u.vas;
    uint64_t base = 0, held = 0;

    if (m->mapper->hold) {
        base = kmod_hold_at(m->mapper->hold, &held);
        *va_out = (m->flags & FIXED ? m->at : base + m->at) & ~(uint64_t)(PAGE - 1);
        if (*va_out < base || *va_out - base >= held)
            return NV_ERR_INVALID_OFFSET;
        return bytes > held - (*va_out - base) ? NV_ERR_INVALID_ARGUMENT : NV_OK;
    }
    if (!(m->flags & FIXED)) {
        *va_out = kmod_vas_choose(vas, bytes);
        return NV_OK;
    }
    *va_out = m->at & ~(uint64_t)(PAGE - 1);
    return kmod_vas_is_free(vas, *va_out, bytes) ? NV_OK : NV_ERR_NO_MEMORY;
}

/* dmaAllocMapping_GM107(): pages as the memory's own, or as asked for; larger than its own only
 * when all of it is made of such. */
static uint64_t
page_of(const struct mapping *m)
{
    static const uint64_t asked[16] = {
        [1] = KMOD_PAGE_SMALL, [2] = KMOD_PAGE_BIG, [4] = KMOD_PAGE_HUGE, [5] = 512 << 20};
    const struct kmod_memory *memory = m->memory->u.memory;
    const uint64_t page = asked[m->flags >> PAGE_SIZE_SHIFT & 15];

    if (!page || (page > memory->page && (memory->addr | memory->bytes) & (page - 1)))
        return memory->page;
    return page;
}

/* Whole pages are mapped; the address that comes back has the offset in its page. */
static uint32_t
map(struct mapping *m)
{
    const uint64_t in_page = m->offset & (PAGE - 1);
    const uint64_t bytes = (in_page + m->bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    const struct kmod_vas_owner owner = {m->mapper, m->memory};
    const struct kmod_vas_how how = {page_of(m), (m->flags & ACCESS) == READ_ONLY};
    uint64_t va = 0;
    uint32_t status = (m->flags >> PAGE_SIZE_SHIFT & 15) > PAGE_SIZE_512M
                          ? NV_ERR_INVALID_ARGUMENT
                          : place(m, bytes, &va);

    if (status == NV_OK)
        status = kmod_vas_map_for(m->mapper->u.vas, &owner, va, bytes, m->memory->u.memory,
                                  m->offset - in_page, &how);
    m->at = va + in_page;
    return status;
}

int
kmod_rm_map_dma(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));
    struct mapping m = {.offset = emu_get(&c->w, "offset"),
                        .bytes = emu_get(&c->w, "length"),
                        .at = emu_get(&c->w, "dmaOffset"),
                        .flags = emu_get(&c->w, "flags")};
    const struct kmod_object *context;
    uint32_t status;

    if (!m.bytes)
        return answer(c, NV_ERR_INVALID_LIMIT);
    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT);
    m.mapper = kmod_object(client, (uint32_t)emu_get(&c->w, "hDma"));
    m.memory = kmod_object(client, (uint32_t)emu_get(&c->w, "hMemory"));
    context = kmod_object(client, (uint32_t)emu_get(&c->w, "hDevice"));
    if (!m.mapper || !m.memory || !context)
        return answer(c, NV_ERR_OBJECT_NOT_FOUND);
    status = check(&m, context);
    if (status == NV_OK)
        status = map(&m);
    if (status == NV_OK)
        emu_set(&c->w, m.at, "dmaOffset");
    return answer(c, status);
}

/* No size: the mapping that begins there. With one: what there is in it, which may be nothing.
 */
static uint32_t
unmap(const struct kmod_object *mapper, uint64_t at, uint64_t bytes)
{
    const struct kmod_vas_owner owner = {.mapper = mapper};
    const uint64_t va = at & ~(uint64_t)(PAGE - 1);

    if (mapper->kind != KMOD_VIRTUAL)
        return bytes ? NV_OK : NV_ERR_OBJECT_NOT_FOUND;
    if (bytes && at + bytes < at)
        return NV_ERR_INVALID_ARGUMENT;
    if (!bytes)
        bytes = kmod_vas_mapped_at(mapper->u.vas, &owner, va);
    else
        bytes = (at - va + bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    return bytes ? kmod_vas_unmap_of(mapper->u.vas, &owner, va, bytes)
                 : NV_ERR_OBJECT_NOT_FOUND;
}

int
kmod_rm_unmap_dma(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));
    const struct kmod_object *mapper, *context;

    if (!client)
        return answer(c, NV_ERR_INVALID_CLIENT);
    mapper = kmod_object(client, (uint32_t)emu_get(&c->w, "hDma"));
    context = kmod_object(client, (uint32_t)emu_get(&c->w, "hDevice"));
    if (!mapper || !context)
        return answer(c, NV_ERR_OBJECT_NOT_FOUND);
    if (context->kind != KMOD_DEVICE && context->kind != KMOD_SUBDEVICE)
        return answer(c, NV_ERR_INVALID_OBJECT);
    return answer(c, unmap(mapper, emu_get(&c->w, "dmaOffset"), emu_get(&c->w, "size")));
}
