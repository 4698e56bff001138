/* SPDX-License-Identifier: MIT */
/*
 * Managed memory of /dev/nvidia-uvm: a mapping of the node is memory that the program and every
 * registered card reach at the same address.
 *
 * Its pages stay in system memory: the card has no replayable faults, so all is mapped for it
 * from the start, and what a real module does by and by (copy pages where they are used) cannot
 * be told from outside. Policies and range groups are checked and kept, a migration succeeds
 * and moves nothing. Statuses and their order follow uvm_migrate.c, uvm_policy.c,
 * uvm_range_group.c and uvm_va_range.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"
#include "uvm_priv.h"

enum {
    MIGRATE_ASYNC = 1,
    PAGE = 4096,
    BIG = 64 << 10,
    HUGE = 2 << 20,
};

/* Processors */

/* NV_PROCESSOR_UUID_CPU_DEFAULT (nvCpuUuid.c) */
static const uint8_t cpu_uuid[16] = {0xa6, 0x5e, 0x0f, 0x4e, 0xd7, 0xd4, 0x7b, 0xa2,
                                     0x50, 0x47, 0x41, 0x2c, 0x14, 0x2a, 0x77, 0x73};

/* The processor that a field names; `with_space`: a card needs its address space too. */
static uint32_t
processor(struct kmod_call *c, const char *field, bool with_space, unsigned *out)
{
    const struct kmod_uvm *u = c->file->uvm;
    const long at = emu_offset(&c->w, "%s", field);
    int i;

    *out = UVM_CPU;
    if (at >= 0 && !memcmp(c->w.data + at, cpu_uuid, sizeof(cpu_uuid)))
        return NV_OK;
    i = uvm_card(c, field);
    if (i < 0 || !u->known[i] || (with_space && !u->vas[i]))
        return NV_ERR_INVALID_DEVICE;
    *out = (unsigned)i;
    return NV_OK;
}

/* This machine has one node of memory, or says -1. */
static bool
is_no_node(const struct kmod_call *c, const char *field)
{
    const int32_t node = (int32_t)emu_get(&c->w, "%s", field);

    return emu_offset(&c->w, "%s", field) >= 0 && node != -1 && node != 0;
}

/* Ranges */

static struct uvm_range *
managed_at(struct kmod_uvm *u, uint64_t at)
{
    struct uvm_range *r = uvm_range_over(u, at, 1);

    return r && r->kind == UVM_MANAGED ? r : NULL;
}

/* uvm_api_range_type_check(): managed from one end to the other. */
static bool
is_managed(struct kmod_uvm *u, uint64_t base, uint64_t bytes)
{
    const uint64_t end = base + bytes;
    const struct uvm_range *r;

    if (uvm_is_no_range(base, bytes))
        return false;
    while (base < end) {
        r = managed_at(u, base);
        if (!r)
            return false;
        base = r->base + r->bytes;
    }
    return true;
}

/* A boundary at `at`: the range over it becomes two. */
static bool
split(struct kmod_uvm *u, uint64_t at)
{
    struct uvm_range *r = managed_at(u, at), *rest;

    if (!r || r->base == at)
        return true;
    rest = malloc(sizeof(*rest));
    if (!rest)
        return false;
    *rest = *r;
    rest->base = at;
    rest->bytes = r->base + r->bytes - at;
    rest->offset += at - r->base;
    rest->memory->refs++;
    r->bytes = at - r->base;
    r->next = rest;
    return true;
}

/* Calls `change` for every range of [base, base + bytes), cut to fit. */
static uint32_t
for_each(struct kmod_uvm *u, uint64_t base, uint64_t bytes,
         void (*change)(struct uvm_range *r, uint64_t value), uint64_t value)
{
    if (!split(u, base) || !split(u, base + bytes))
        return NV_ERR_NO_MEMORY;
    for (struct uvm_range *r = u->ranges; r; r = r->next)
        if (r->kind == UVM_MANAGED && r->base >= base && r->base < base + bytes)
            change(r, value);
    return NV_OK;
}

static uint32_t
map_everywhere(struct kmod_uvm *u, const struct uvm_range *r)
{
    uint32_t status = NV_OK;

    for (unsigned i = 0; i < KMOD_CARDS_MAX && status == NV_OK; i++)
        if (u->vas[i])
            status = kmod_vas_map(u->vas[i], r->base, r->bytes, r->memory, r->offset,
                                  &(struct kmod_vas_how){.page = KMOD_PAGE_HUGE});
    return status;
}

uint32_t
uvm_managed_add_card(struct kmod_uvm *u, unsigned card)
{
    uint32_t status = NV_OK;

    for (const struct uvm_range *r = u->ranges; r && status == NV_OK; r = r->next)
        if (r->memory)
            status = kmod_vas_map(u->vas[card], r->base, r->bytes, r->memory, r->offset,
                                  &(struct kmod_vas_how){.page = KMOD_PAGE_HUGE});
    return status;
}

/* A range with memory of its own, which all cards reach. */
static uint32_t
add_with_memory(struct kmod_call *c, enum uvm_kind kind, uint64_t base, uint64_t bytes)
{
    struct kmod_uvm *u = c->file->uvm;
    struct uvm_range *r;
    uint32_t status = uvm_range_add(u, kind, base, bytes, &r);

    if (status != NV_OK)
        return status;
    status = kmod_memory_system(&c->kmod->card[0], bytes, &r->memory);
    if (status == NV_OK)
        status = map_everywhere(u, r);
    if (status != NV_OK)
        uvm_range_drop(u, &u->ranges); /* it is the first */
    return status;
}

/* Where managed memory is, under a lock of its own: the module maps memory for itself while it
 * holds the other one, and a host that asks about every mapping asks about those too. */
struct kmod_span {
    uint64_t at, bytes;
    struct kmod_span *next;
};

static void
drop_spans(struct kmod_span *s)
{
    while (s) {
        struct kmod_span *next = s->next;

        free(s);
        s = next;
    }
}

/* Anew from the ranges. One that finds no memory outlives its mapping. */
static void
keep_spans(struct emu_kmod *k)
{
    struct kmod_span *made = NULL, *old;

    for (const struct emu_kfile *f = k->files; f; f = f->next)
        for (const struct uvm_range *r = f->uvm ? f->uvm->ranges : NULL; r; r = r->next) {
            struct kmod_span *s = r->kind == UVM_MANAGED ? malloc(sizeof(*s)) : NULL;

            if (!s)
                continue;
            *s = (struct kmod_span){r->base, r->bytes, made};
            made = s;
        }
    pthread_mutex_lock(&k->spans_lock);
    old = k->spans;
    k->spans = made;
    pthread_mutex_unlock(&k->spans_lock);
    drop_spans(old);
}

void
uvm_spans_fini(struct emu_kmod *k)
{
    drop_spans(k->spans);
}

static bool
meets_span(struct emu_kmod *k, uint64_t at, uint64_t bytes)
{
    const struct kmod_span *s;

    pthread_mutex_lock(&k->spans_lock);
    s = k->spans;
    while (s && (at >= s->at + s->bytes || s->at >= at + bytes))
        s = s->next;
    pthread_mutex_unlock(&k->spans_lock);
    return s;
}

/* Mapping */

static int
errno_of(uint32_t status)
{
    return status == NV_OK ? 0 : status == NV_ERR_NO_MEMORY ? -ENOMEM : -EINVAL;
}

/* A pool of semaphores is mapped as a whole; anything else makes a managed range. The mapping
 * keeps the file, as the kernel's does. */
static int
map_range(struct emu_kfile *f, uint64_t at, uint64_t bytes, struct emu_kmod_map *map, int *fd)
{
    struct kmod_call c = {.kmod = f->kmod, .file = f};
    const struct uvm_range *r = uvm_range_over(f->uvm, at, bytes);
    int rc = 0;

    if (!r || r->kind != UVM_SEMAPHORES || r->base != at || r->bytes != bytes)
        rc = errno_of(add_with_memory(&c, UVM_MANAGED, at, bytes));
    if (rc < 0)
        return rc;
    r = uvm_range_over(f->uvm, at, bytes);
    *map = (struct emu_kmod_map){.at = r->offset};
    *fd = r->memory->fd;
    if (r->kind == UVM_MANAGED && !f->uvm->held) {
        f->uvm->held = true;
        f->refs++;
    }
    keep_spans(f->kmod);
    return 0;
}

int
emu_kmod_uvm_mmap(struct emu_kfile *f, const struct emu_kmod_uvm_request *q,
                  struct emu_kmod_map *map, int *fd_out)
{
    int rc;

    if (f->node != EMU_NODE_UVM)
        return -ENODEV;
    pthread_mutex_lock(&f->kmod->lock);
    if (!f->uvm->ready)
        rc = -EBADFD;
    else if (q->at != q->offset || !q->shared_read_write)
        rc = -EINVAL;
    else
        rc = map_range(f, q->at, (q->bytes + PAGE - 1) & ~UINT64_C(0xfff), map, fd_out);
    pthread_mutex_unlock(&f->kmod->lock);
    return rc;
}

/* What of a file's managed memory lies in [at, at + bytes) is gone. True: none is left. */
static bool
unmap_file(struct kmod_uvm *u, uint64_t at, uint64_t bytes)
{
    bool left = false;

    if (!split(u, at) || !split(u, at + bytes))
        return false;
    for (struct uvm_range **where = &u->ranges; *where;) {
        struct uvm_range *r = *where;

        if (r->kind == UVM_MANAGED && r->base >= at && r->base < at + bytes) {
            uvm_range_drop(u, where);
            continue;
        }
        left = left || r->kind == UVM_MANAGED;
        where = &r->next;
    }
    return !left;
}

void
emu_kmod_munmap(struct emu_kmod *k, uint64_t at, uint64_t bytes)
{
    bytes = (bytes + PAGE - 1) & ~UINT64_C(0xfff);
    if (!meets_span(k, at, bytes))
        return;
    pthread_mutex_lock(&k->lock);
    for (struct emu_kfile *f = k->files, *next; f; f = next) {
        next = f->next;
        if (!f->uvm || !f->uvm->held || !unmap_file(f->uvm, at, bytes))
            continue;
        f->uvm->held = false;
        kmod_file_unref(f);
    }
    keep_spans(k);
    pthread_mutex_unlock(&k->lock);
}

/* Policies */

static void
prefer(struct uvm_range *r, uint64_t who)
{
    r->preferred = (unsigned)who;
}

uint32_t
uvm_set_preferred(struct kmod_call *c)
{
    const uint64_t base = emu_get(&c->w, "requestedBase"), bytes = emu_get(&c->w, "length");
    unsigned who;
    uint32_t status;

    if (!is_managed(c->file->uvm, base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    status = processor(c, "preferredLocation", false, &who);
    if (status == NV_OK && who == UVM_CPU && is_no_node(c, "preferredCpuNumaNode"))
        status = NV_ERR_INVALID_ARGUMENT;
    return status == NV_OK ? for_each(c->file->uvm, base, bytes, prefer, who) : status;
}

uint32_t
uvm_unset_preferred(struct kmod_call *c)
{
    const uint64_t base = emu_get(&c->w, "requestedBase"), bytes = emu_get(&c->w, "length");

    if (!is_managed(c->file->uvm, base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    return for_each(c->file->uvm, base, bytes, prefer, UVM_NOBODY);
}

static void
grant(struct uvm_range *r, uint64_t who)
{
    r->accessed_by |= 1u << who;
}

static void
revoke(struct uvm_range *r, uint64_t who)
{
    r->accessed_by &= ~(1u << who);
}

static uint32_t
accessed_by(struct kmod_call *c, void (*change)(struct uvm_range *r, uint64_t who))
{
    const uint64_t base = emu_get(&c->w, "requestedBase"), bytes = emu_get(&c->w, "length");
    unsigned who;
    uint32_t status;

    if (!is_managed(c->file->uvm, base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    status = processor(c, "accessedByUuid", false, &who);
    return status == NV_OK ? for_each(c->file->uvm, base, bytes, change, who) : status;
}

uint32_t
uvm_set_accessed_by(struct kmod_call *c)
{
    return accessed_by(c, grant);
}

uint32_t
uvm_unset_accessed_by(struct kmod_call *c)
{
    return accessed_by(c, revoke);
}

static void
duplicate(struct uvm_range *r, uint64_t on)
{
    r->duplicated = on;
}

static uint32_t
duplication(struct kmod_call *c, bool on)
{
    const uint64_t base = emu_get(&c->w, "requestedBase"), bytes = emu_get(&c->w, "length");

    return is_managed(c->file->uvm, base, bytes)
               ? for_each(c->file->uvm, base, bytes, duplicate, on)
               : NV_ERR_INVALID_ADDRESS;
}

uint32_t
uvm_enable_duplication(struct kmod_call *c)
{
    return duplication(c, true);
}

uint32_t
uvm_disable_duplication(struct kmod_call *c)
{
    return duplication(c, false);
}

/* Migration */

/* A semaphore in a pool, which an asynchronous migration releases when it is done. */
static uint32_t
release(struct kmod_uvm *u, uint64_t at, uint32_t payload)
{
    const struct uvm_range *r = uvm_range_over(u, at, sizeof(payload));

    memcpy(r->memory->cpu + (at - r->base), &payload, sizeof(payload));
    return NV_OK;
}

static uint32_t
check_semaphore(struct kmod_call *c, bool synchronous)
{
    const uint64_t at = emu_get(&c->w, "semaphoreAddress");
    const struct uvm_range *r = uvm_range_over(c->file->uvm, at, 4);

    if (synchronous)
        return at ? NV_ERR_INVALID_ARGUMENT : NV_OK;
    if (!at)
        return emu_get(&c->w, "semaphorePayload") ? NV_ERR_INVALID_ARGUMENT : NV_OK;
    return at % 4 || !r || r->kind != UVM_SEMAPHORES ? NV_ERR_INVALID_ADDRESS : NV_OK;
}

uint32_t
uvm_migrate(struct kmod_call *c)
{
    const uint64_t base = emu_get(&c->w, "base"), bytes = emu_get(&c->w, "length");
    const uint64_t flags = emu_get(&c->w, "flags"), at = emu_get(&c->w, "semaphoreAddress");
    const bool synchronous = !(flags & MIGRATE_ASYNC);
    struct kmod_uvm *u = c->file->uvm;
    uint32_t status;
    unsigned to;

    if ((bytes || synchronous || !at) && uvm_is_no_range(base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    if (flags & ~(uint64_t)MIGRATE_ASYNC) /* others are of builds with tests */
        return NV_ERR_INVALID_ARGUMENT;
    status = check_semaphore(c, synchronous);
    if (status == NV_OK)
        status = processor(c, "destinationUuid", true, &to);
    if (status == NV_OK && to == UVM_CPU && is_no_node(c, "cpuNumaNode"))
        status = NV_ERR_INVALID_ARGUMENT;
    if (status == NV_OK && bytes && !is_managed(u, base, bytes))
        status = NV_ERR_INVALID_ADDRESS;
    return status == NV_OK && at ? release(u, at, (uint32_t)emu_get(&c->w, "semaphorePayload"))
                                 : status;
}

/* Range groups */

static struct uvm_group **
group_by_id(struct kmod_uvm *u, uint64_t id)
{
    struct uvm_group **where = &u->groups;

    while (*where && (*where)->id != id)
        where = &(*where)->next;
    return where;
}

void
uvm_groups_drop(struct kmod_uvm *u)
{
    while (u->groups) {
        struct uvm_group *g = u->groups;

        u->groups = g->next;
        free(g);
    }
}

uint32_t
uvm_create_group(struct kmod_call *c)
{
    struct kmod_uvm *u = c->file->uvm;
    struct uvm_group *g = malloc(sizeof(*g));

    if (!g)
        return NV_ERR_NO_MEMORY;
    *g = (struct uvm_group){++u->last_group, false, u->groups};
    u->groups = g;
    emu_set(&c->w, g->id, "rangeGroupId");
    return NV_OK;
}

uint32_t
uvm_destroy_group(struct kmod_call *c)
{
    struct kmod_uvm *u = c->file->uvm;
    struct uvm_group **where = group_by_id(u, emu_get(&c->w, "rangeGroupId")), *g = *where;

    if (!g)
        return NV_ERR_OBJECT_NOT_FOUND;
    for (struct uvm_range *r = u->ranges; r; r = r->next)
        if (r->group == g->id)
            r->group = 0;
    *where = g->next;
    free(g);
    return NV_OK;
}

static void
assign(struct uvm_range *r, uint64_t group)
{
    r->group = group;
}

/* What must stay has to have a place where it stays. */
static bool
all_preferred(struct kmod_uvm *u, uint64_t base, uint64_t bytes)
{
    for (const struct uvm_range *r = u->ranges; r; r = r->next)
        if (r->kind == UVM_MANAGED && r->base < base + bytes && base < r->base + r->bytes &&
            r->preferred == UVM_NOBODY)
            return false;
    return true;
}

uint32_t
uvm_set_group(struct kmod_call *c)
{
    const uint64_t base = emu_get(&c->w, "requestedBase"), bytes = emu_get(&c->w, "length");
    const uint64_t id = emu_get(&c->w, "rangeGroupId");
    struct kmod_uvm *u = c->file->uvm;
    const struct uvm_group *g = *group_by_id(u, id);

    if (uvm_is_no_range(base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    if (id && !g)
        return NV_ERR_OBJECT_NOT_FOUND;
    if (!is_managed(u, base, bytes) || (g && g->stays && !all_preferred(u, base, bytes)))
        return NV_ERR_INVALID_ADDRESS;
    return for_each(u, base, bytes, assign, id);
}

static bool
group_is_preferred(const struct kmod_uvm *u, uint64_t id)
{
    for (const struct uvm_range *r = u->ranges; r; r = r->next)
        if (r->group == id && r->preferred == UVM_NOBODY)
            return false;
    return true;
}

static uint32_t
set_migration(struct kmod_call *c, bool stays)
{
    const uint64_t n = emu_get(&c->w, "numGroupIds");
    struct kmod_uvm *u = c->file->uvm;

    if (!n || n > emu_count(&c->w, "rangeGroupIds"))
        return NV_ERR_INVALID_ARGUMENT;
    for (uint64_t i = 0; i < n; i++) {
        struct uvm_group *g = *group_by_id(u, emu_get(&c->w, "rangeGroupIds[%u]", (unsigned)i));

        if (!g)
            return NV_ERR_OBJECT_NOT_FOUND;
        g->stays = stays;
    }
    for (uint64_t i = 0; stays && i < n; i++)
        if (!group_is_preferred(u, emu_get(&c->w, "rangeGroupIds[%u]", (unsigned)i)))
            return NV_ERR_INVALID_DEVICE;
    return NV_OK;
}

uint32_t
uvm_prevent_migration(struct kmod_call *c)
{
    return set_migration(c, true);
}

uint32_t
uvm_allow_migration(struct kmod_call *c)
{
    return set_migration(c, false);
}

uint32_t
uvm_migrate_group(struct kmod_call *c)
{
    unsigned to;
    const uint32_t status = processor(c, "destinationUuid", true, &to);

    if (status != NV_OK)
        return status;
    return *group_by_id(c->file->uvm, emu_get(&c->w, "rangeGroupId")) ? NV_OK
                                                                      : NV_ERR_OBJECT_NOT_FOUND;
}

/* Other ranges */

uint32_t
uvm_alloc_semaphores(struct kmod_call *c)
{
    const uint64_t base = emu_get(&c->w, "base"), bytes = emu_get(&c->w, "length");
    const uint64_t count = emu_get(&c->w, "gpuAttributesCount");

    if (uvm_is_no_range(base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    if (count > emu_count(&c->w, "perGpuAttributes"))
        return NV_ERR_INVALID_ARGUMENT;
    return add_with_memory(c, UVM_SEMAPHORES, base, bytes);
}

/* Addresses by which a kernel launches others: exactly one page, which nothing lies behind. */
uint32_t
uvm_map_reflected(struct kmod_call *c)
{
    const uint64_t base = emu_get(&c->w, "base"), bytes = emu_get(&c->w, "length");
    const int i = uvm_card(c, "gpuUuid");

    if (uvm_is_no_range(base, bytes))
        return NV_ERR_INVALID_ADDRESS;
    if (i < 0 || !c->file->uvm->vas[i])
        return NV_ERR_INVALID_DEVICE;
    if ((bytes != PAGE && bytes != BIG && bytes != HUGE) || base % bytes)
        return NV_ERR_INVALID_ADDRESS;
    return uvm_range_add(c->file->uvm, UVM_REFLECTED, base, bytes, NULL);
}

/* Pages of the program that are there already, or come when they are read. */
uint32_t
uvm_populate(struct kmod_call *c)
{
    const uint64_t base = emu_get(&c->w, "base"), bytes = emu_get(&c->w, "length");

    if (emu_get(&c->w, "flags"))
        return NV_ERR_INVALID_ARGUMENT;
    if (uvm_is_no_range(base, bytes) || !kmod_pages_there(base, bytes / PAGE))
        return NV_ERR_INVALID_ADDRESS;
    return NV_OK;
}
