/* SPDX-License-Identifier: MIT */
/*
 * /dev/nvidia-uvm: registered GPUs, address spaces and channels, and external ranges.
 *
 * Follows uvm.c, uvm_gpu.c, uvm_va_space.c and uvm_map_external.c: an ioctl's number stands
 * alone, without size or direction; a number that the module does not have is -EINVAL, and
 * everything else is a status in the struct's rmStatus.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"
#include "status.h"
#include "uvm_priv.h"

enum { READ_ONLY = 3 /* UvmGpuMappingTypeReadOnly */ };

/* GPUs by UUID */

int
uvm_card(struct kmod_call *c, const char *field)
{
    const long at = emu_offset(&c->w, "%s", field);

    return at < 0 ? -1 : kmod_card_by_uuid(c->kmod, c->w.data + at);
}

static struct kmod_client *
client_of(struct kmod_call *c)
{
    const struct emu_kmod_host *host = &c->kmod->config.host;
    struct emu_kfile *ctl = host->file(host->ctx, (int)emu_get(&c->w, "rmCtrlFd"));

    return ctl && ctl->node == EMU_NODE_CTL
               ? kmod_client(ctl, (uint32_t)emu_get(&c->w, "hClient"))
               : NULL;
}

/* A second time is fine when it says the same. */
static uint32_t
initialize(struct kmod_call *c)
{
    struct kmod_uvm *u = c->file->uvm;

    if (u->mm || (u->ready && u->flags != emu_get(&c->w, "flags")))
        return NV_ERR_INVALID_ARGUMENT;
    u->ready = true;
    u->flags = emu_get(&c->w, "flags");
    return NV_OK;
}

static uint32_t
mm_initialize(struct kmod_call *c)
{
    const struct emu_kmod_host *host = &c->kmod->config.host;
    const struct emu_kfile *other = host->file(host->ctx, (int)emu_get(&c->w, "uvmFd"));

    if (!other || other->node != EMU_NODE_UVM || other == c->file || c->file->uvm->ready)
        return NV_ERR_INVALID_ARGUMENT;
    if (!other->uvm->ready)
        return NV_ERR_INVALID_ARGUMENT;
    c->file->uvm->mm = true;
    return NV_OK;
}

static uint32_t
register_gpu(struct kmod_call *c)
{
    const int i = uvm_card(c, "gpu_uuid");

    if (i < 0)
        return NV_ERR_GPU_UUID_NOT_FOUND;
    c->file->uvm->known[i] = true;
    emu_set(&c->w, 0, "numaEnabled");
    emu_set(&c->w, UINT32_MAX, "numaNodeId");
    return NV_OK;
}

/* What the card had of all ranges goes with its address space. */
static void
forget_vaspace(struct kmod_uvm *u, int i)
{
    for (const struct uvm_range *r = u->ranges; u->vas[i] && r; r = r->next)
        (void)kmod_vas_unmap(u->vas[i], r->base, r->bytes);
    kmod_vas_unref(u->vas[i]);
    u->vas[i] = NULL;
}

static uint32_t
unregister_gpu(struct kmod_call *c)
{
    const int i = uvm_card(c, "gpu_uuid");

    if (i < 0 || !c->file->uvm->known[i])
        return NV_ERR_INVALID_DEVICE;
    forget_vaspace(c->file->uvm, i);
    c->file->uvm->known[i] = false;
    return NV_OK;
}

static uint32_t
register_vaspace(struct kmod_call *c)
{
    const int i = uvm_card(c, "gpuUuid");
    struct kmod_client *client = client_of(c);
    struct kmod_object *o;

    if (i < 0 || !c->file->uvm->known[i])
        return NV_ERR_INVALID_DEVICE;
    if (!client)
        return NV_ERR_INVALID_CLIENT;
    o = kmod_object(client, (uint32_t)emu_get(&c->w, "hVaSpace"));
    if (!o || o->kind != KMOD_VASPACE || !o->u.vas)
        return NV_ERR_INVALID_OBJECT_HANDLE;
    if (c->file->uvm->vas[i])
        return NV_ERR_INVALID_DEVICE;
    kmod_vas_ref(o->u.vas);
    c->file->uvm->vas[i] = o->u.vas;
    return uvm_managed_add_card(c->file->uvm, (unsigned)i);
}

static uint32_t
unregister_vaspace(struct kmod_call *c)
{
    const int i = uvm_card(c, "gpuUuid");

    if (i < 0 || !c->file->uvm->vas[i])
        return NV_ERR_INVALID_DEVICE;
    forget_vaspace(c->file->uvm, i);
    return NV_OK;
}

/* Its context buffers are GSP-RM's own here; the range is checked and kept free. */
static uint32_t
register_channel(struct kmod_call *c)
{
    const int i = uvm_card(c, "gpuUuid");
    struct kmod_client *client = client_of(c);
    const struct kmod_object *o =
        client ? kmod_object(client, (uint32_t)emu_get(&c->w, "hChannel")) : NULL;

    if (i < 0 || !c->file->uvm->vas[i])
        return NV_ERR_INVALID_DEVICE;
    if (!o || o->kind != KMOD_CHANNEL)
        return client ? NV_ERR_INVALID_CHANNEL : NV_ERR_INVALID_CLIENT;
    return (emu_get(&c->w, "base") | emu_get(&c->w, "length")) & 0xfff ? NV_ERR_INVALID_ADDRESS
                                                                       : NV_OK;
}

static uint32_t
unregister_channel(struct kmod_call *c)
{
    return uvm_card(c, "gpuUuid") < 0 ? NV_ERR_INVALID_DEVICE : NV_OK;
}

/* Ranges */

struct uvm_range *
uvm_range_over(struct kmod_uvm *u, uint64_t base, uint64_t bytes)
{
    struct uvm_range *r = u->ranges;

    while (r && (base >= r->base + r->bytes || r->base >= base + bytes))
        r = r->next;
    return r;
}

bool
uvm_is_no_range(uint64_t base, uint64_t bytes)
{
    return (base | bytes) & 0xfff || !bytes || !base || base + bytes < base;
}

uint32_t
uvm_range_add(struct kmod_uvm *u, enum uvm_kind kind, uint64_t base, uint64_t bytes,
              struct uvm_range **out)
{
    struct uvm_range *r;

    if (uvm_range_over(u, base, bytes))
        return NV_ERR_UVM_ADDRESS_IN_USE;
    r = malloc(sizeof(*r));
    if (!r)
        return NV_ERR_NO_MEMORY;
    *r = (struct uvm_range){
        .kind = kind, .base = base, .bytes = bytes, .preferred = UVM_NOBODY, .next = u->ranges};
    u->ranges = r;
    if (out)
        *out = r;
    return NV_OK;
}

static uint32_t
create_range(struct kmod_call *c)
{
    const uint64_t base = emu_get(&c->w, "base"), bytes = emu_get(&c->w, "length");

    return uvm_is_no_range(base, bytes)
               ? NV_ERR_INVALID_ADDRESS
               : uvm_range_add(c->file->uvm, UVM_EXTERNAL, base, bytes, NULL);
}

/* The external range that all of it lies in. */
static bool
is_external(const struct uvm_range *r, uint64_t base, uint64_t bytes)
{
    return r && r->kind == UVM_EXTERNAL && base >= r->base &&
           base + bytes <= r->base + r->bytes;
}

/* uvm_map_external.c: one size for all pages, which everything is aligned to. */
static uint64_t
external_page(const struct kmod_call *c, const struct kmod_memory *m)
{
    const uint64_t all =
        m->page | emu_get(&c->w, "base") | emu_get(&c->w, "length") | emu_get(&c->w, "offset");

    return all & (~all + 1);
}

static uint32_t
map_on(struct kmod_call *c, const struct emu_wire *attributes, struct kmod_memory *m)
{
    struct kmod_call with = {.kmod = c->kmod, .file = c->file, .w = *attributes};
    const int i = uvm_card(&with, "gpuUuid");
    const struct kmod_vas_how how = {external_page(c, m),
                                     emu_get(attributes, "gpuMappingType") == READ_ONLY};

    if (i < 0 || !c->file->uvm->vas[i])
        return NV_ERR_INVALID_DEVICE;
    return kmod_vas_map(c->file->uvm->vas[i], emu_get(&c->w, "base"), emu_get(&c->w, "length"),
                        m, emu_get(&c->w, "offset"), &how);
}

static uint32_t
map_external(struct kmod_call *c)
{
    const uint64_t count = emu_get(&c->w, "gpuAttributesCount");
    const uint64_t base = emu_get(&c->w, "base"), bytes = emu_get(&c->w, "length");
    struct kmod_client *client = client_of(c);
    const struct uvm_range *r = uvm_range_over(c->file->uvm, base, bytes);
    const struct kmod_object *o;

    if (uvm_is_no_range(base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    if (!count || count > emu_count(&c->w, "perGpuAttributes"))
        return NV_ERR_INVALID_ARGUMENT;
    if (!client)
        return NV_ERR_INVALID_CLIENT;
    if (!is_external(r, base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    o = kmod_object(client, (uint32_t)emu_get(&c->w, "hMemory"));
    if (!o || o->kind != KMOD_MEMORY || !o->u.memory)
        return NV_ERR_OBJECT_NOT_FOUND;
    for (uint64_t i = 0; i < count; i++) {
        struct emu_wire attributes;
        uint32_t status = NV_ERR_INVALID_ARGUMENT;

        if (emu_sub(&c->w, &attributes, "perGpuAttributes[%u]", (unsigned)i))
            status = map_on(c, &attributes, o->u.memory);
        if (status != NV_OK)
            return status;
    }
    return NV_OK;
}

static uint32_t
map_sparse(struct kmod_call *c)
{
    const int i = uvm_card(c, "gpuUuid");
    const uint64_t base = emu_get(&c->w, "base"), bytes = emu_get(&c->w, "length");
    const struct uvm_range *r = uvm_range_over(c->file->uvm, base, bytes);

    if (uvm_is_no_range(base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    if (i < 0 || !c->file->uvm->vas[i])
        return NV_ERR_INVALID_DEVICE;
    if (!is_external(r, base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    return kmod_vas_map_sparse(c->file->uvm->vas[i], base, bytes);
}

static uint32_t
unmap_external(struct kmod_call *c)
{
    const int i = uvm_card(c, "gpuUuid");
    const uint64_t base = emu_get(&c->w, "base"), bytes = emu_get(&c->w, "length");
    const struct uvm_range *r = uvm_range_over(c->file->uvm, base, bytes);

    if (uvm_is_no_range(base, bytes) || !is_external(r, base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    if (i < 0 || !c->file->uvm->vas[i])
        return NV_ERR_INVALID_DEVICE;
    return kmod_vas_unmap(c->file->uvm->vas[i], emu_get(&c->w, "base"),
                          emu_get(&c->w, "length"));
}

void
uvm_range_drop(struct kmod_uvm *u, struct uvm_range **where)
{
    struct uvm_range *r = *where;

    for (unsigned i = 0; i < KMOD_CARDS_MAX; i++)
        if (u->vas[i])
            (void)kmod_vas_unmap(u->vas[i], r->base, r->bytes);
    kmod_memory_unref(r->memory);
    *where = r->next;
    free(r);
}

/* Managed ranges go with their mapping, and no range in part. */
static uint32_t
free_range(struct kmod_call *c)
{
    const uint64_t base = emu_get(&c->w, "base"), bytes = emu_get(&c->w, "length");

    if (uvm_is_no_range(base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    for (struct uvm_range **where = &c->file->uvm->ranges; *where; where = &(*where)->next) {
        if ((*where)->base != base || (*where)->bytes != bytes || (*where)->kind == UVM_MANAGED)
            continue;
        uvm_range_drop(c->file->uvm, where);
        return NV_OK;
    }
    return NV_ERR_INVALID_ADDRESS;
}

static uint32_t
validate_range(struct kmod_call *c)
{
    const struct uvm_range *r = uvm_range_over(c->file->uvm, emu_get(&c->w, "base"), 1);

    return r && r->base == emu_get(&c->w, "base") && r->bytes == emu_get(&c->w, "length")
               ? NV_OK
               : NV_ERR_INVALID_ADDRESS;
}

static uint32_t
no_pageable(struct kmod_call *c)
{
    emu_set(&c->w, 0, "pageableMemAccess");
    return NV_OK;
}

static uint32_t
peer_access(struct kmod_call *c)
{
    return uvm_card(c, "gpuUuidA") < 0 || uvm_card(c, "gpuUuidB") < 0 ? NV_ERR_INVALID_DEVICE
                                                                      : NV_OK;
}

static uint32_t
nothing(struct kmod_call *c)
{
    (void)c;
    return NV_OK;
}

static const struct {
    const char *name;
    uint32_t (*serve)(struct kmod_call *c);
    bool before; /* allowed on a descriptor without a VA space */
} calls[] = {
    {"UVM_INITIALIZE",                     initialize,              true },
    {"UVM_DEINITIALIZE",                   nothing,                 true },
    {"UVM_MM_INITIALIZE",                  mm_initialize,           true },
    {"UVM_REGISTER_GPU",                   register_gpu,            false},
    {"UVM_UNREGISTER_GPU",                 unregister_gpu,          false},
    {"UVM_REGISTER_GPU_VASPACE",           register_vaspace,        false},
    {"UVM_UNREGISTER_GPU_VASPACE",         unregister_vaspace,      false},
    {"UVM_REGISTER_CHANNEL",               register_channel,        false},
    {"UVM_UNREGISTER_CHANNEL",             unregister_channel,      false},
    {"UVM_CREATE_EXTERNAL_RANGE",          create_range,            false},
    {"UVM_MAP_EXTERNAL_ALLOCATION",        map_external,            false},
    {"UVM_MAP_EXTERNAL_SPARSE",            map_sparse,              false},
    {"UVM_SET_PREFERRED_LOCATION",         uvm_set_preferred,       false},
    {"UVM_UNSET_PREFERRED_LOCATION",       uvm_unset_preferred,     false},
    {"UVM_SET_ACCESSED_BY",                uvm_set_accessed_by,     false},
    {"UVM_UNSET_ACCESSED_BY",              uvm_unset_accessed_by,   false},
    {"UVM_ENABLE_READ_DUPLICATION",        uvm_enable_duplication,  false},
    {"UVM_DISABLE_READ_DUPLICATION",       uvm_disable_duplication, false},
    {"UVM_SET_RANGE_GROUP",                uvm_set_group,           false},
    {"UVM_MIGRATE",                        uvm_migrate,             false},
    {"UVM_CLEAN_UP_ZOMBIE_RESOURCES",      nothing,                 false},
    {"UVM_CREATE_RANGE_GROUP",             uvm_create_group,        false},
    {"UVM_DESTROY_RANGE_GROUP",            uvm_destroy_group,       false},
    {"UVM_PREVENT_MIGRATION_RANGE_GROUPS", uvm_prevent_migration,   false},
    {"UVM_ALLOW_MIGRATION_RANGE_GROUPS",   uvm_allow_migration,     false},
    {"UVM_MIGRATE_RANGE_GROUP",            uvm_migrate_group,       false},
    {"UVM_ALLOC_SEMAPHORE_POOL",           uvm_alloc_semaphores,    false},
    {"UVM_MAP_DYNAMIC_PARALLELISM_REGION", uvm_map_reflected,       false},
    {"UVM_POPULATE_PAGEABLE",              uvm_populate,            false},
    {"UVM_UNMAP_EXTERNAL",                 unmap_external,          false},
    {"UVM_FREE",                           free_range,              false},
    {"UVM_VALIDATE_VA_RANGE",              validate_range,          false},
    {"UVM_PAGEABLE_MEM_ACCESS",            no_pageable,             false},
    {"UVM_PAGEABLE_MEM_ACCESS_ON_GPU",     no_pageable,             false},
    {"UVM_ENABLE_PEER_ACCESS",             peer_access,             false},
    {"UVM_DISABLE_PEER_ACCESS",            peer_access,             false},
};

static const struct nvrm_const *
find_call(const struct emu_kmod *k, unsigned long request)
{
    for (unsigned i = 0; i < nvrm_escape_count(k->abi.schema); i++) {
        const struct nvrm_const *row = nvrm_escape_at(k->abi, i);

        if (row && row->value == request &&
            !strncmp(nvrm_str(k->abi.schema, row->name), "UVM_", 4))
            return row;
    }
    return NULL;
}

static uint32_t
dispatch(struct kmod_call *c, const char *name)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        if (strcmp(calls[i].name, name))
            continue;
        /* Until UVM_INITIALIZE every other call is an illegal action (uvm_linux_ioctl.h). */
        return calls[i].before || c->file->uvm->ready ? calls[i].serve(c)
                                                      : NV_ERR_ILLEGAL_ACTION;
    }
    return NV_ERR_NOT_SUPPORTED;
}

int
kmod_uvm_ioctl(struct emu_kfile *f, unsigned long request, void *arg)
{
    const struct nvrm_const *row = find_call(f->kmod, request);
    struct kmod_call c = {.kmod = f->kmod, .file = f};
    uint32_t status;
    int rc;

    if (!row)
        return -EINVAL;
    c.w.abi = f->kmod->abi;
    c.w.layout = nvrm_struct_at(c.w.abi, row->params);
    if (!c.w.layout)
        return 0; /* UVM_DEINITIALIZE */
    c.w.bytes = c.w.layout->size;
    c.w.data = malloc(c.w.bytes);
    if (!c.w.data)
        return -ENOMEM;
    rc = kmod_copy_in(c.w.data, (uintptr_t)arg, c.w.bytes);
    if (rc == 0) {
        pthread_mutex_lock(&f->kmod->lock);
        status = dispatch(&c, nvrm_str(c.w.abi.schema, row->name));
        pthread_mutex_unlock(&f->kmod->lock);
        emu_set(&c.w, status, "rmStatus");
        rc = kmod_copy_out((uintptr_t)arg, c.w.data, c.w.bytes);
    }
    free(c.w.data);
    return rc;
}

struct kmod_uvm *
kmod_uvm_create(void)
{
    return calloc(1, sizeof(struct kmod_uvm));
}

void
kmod_uvm_destroy(struct kmod_uvm *u)
{
    if (!u)
        return;
    while (u->ranges)
        uvm_range_drop(u, &u->ranges);
    uvm_groups_drop(u);
    for (unsigned i = 0; i < KMOD_CARDS_MAX; i++)
        kmod_vas_unref(u->vas[i]);
    free(u);
}
