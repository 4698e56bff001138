/* SPDX-License-Identifier: MIT */
/* Owners: a growing list of names; the number of a name is its place, from 1 on. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <nvmem/report.h>

struct nvmem_owners {
    const struct gsp_host *host;
    pthread_mutex_t lock;
    char **names;
    uint32_t count, room;
};

int
nvmem_owners_create(const struct gsp_host *host, struct nvmem_owners **owners_out,
                    struct gsp_error *err)
{
    struct nvmem_owners *o = gsp_host_alloc(host, sizeof(*o));

    if (!o)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for owners");
    o->host = host;
    pthread_mutex_init(&o->lock, NULL);
    *owners_out = o;
    return 0;
}

void
nvmem_owners_destroy(struct nvmem_owners *owners)
{
    if (!owners)
        return;
    for (uint32_t i = 0; i < owners->count; i++)
        gsp_host_free(owners->host, owners->names[i]);
    gsp_host_free(owners->host, owners->names);
    pthread_mutex_destroy(&owners->lock);
    gsp_host_free(owners->host, owners);
}

/* The name's number, added when it is new. 0: out of memory. */
static uint32_t
find_or_add(struct nvmem_owners *o, const char *name)
{
    char *copy;

    for (uint32_t i = 0; i < o->count; i++)
        if (!strcmp(o->names[i], name))
            return i + 1;
    if (o->count == o->room) {
        const uint32_t room = o->room ? 2 * o->room : 16;
        char **names = gsp_host_realloc(o->host, o->names, room * sizeof(*names));

        if (!names)
            return 0;
        o->names = names;
        o->room = room;
    }
    copy = gsp_host_alloc(o->host, strlen(name) + 1);
    if (!copy)
        return 0;
    memcpy(copy, name, strlen(name));
    o->names[o->count++] = copy;
    return o->count;
}

int
nvmem_owner_add(struct nvmem_owners *owners, const char *name, uint32_t *owner_out,
                struct gsp_error *err)
{
    uint32_t owner;

    pthread_mutex_lock(&owners->lock);
    owner = find_or_add(owners, name);
    pthread_mutex_unlock(&owners->lock);
    if (!owner)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for owner %s", name);
    *owner_out = owner;
    return 0;
}

const char *
nvmem_owner_name(const struct nvmem_owners *owners, uint32_t owner)
{
    struct nvmem_owners *o = (struct nvmem_owners *)owners;
    const char *name = "";

    if (!owners)
        return "";
    pthread_mutex_lock(&o->lock);
    if (owner && owner <= o->count)
        name = o->names[owner - 1];
    pthread_mutex_unlock(&o->lock);
    return name;
}
