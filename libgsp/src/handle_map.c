/* SPDX-License-Identifier: MIT */
/*
 * Open addressing, half full at most; nothing is ever taken out.
 */
#include <gsp/handle_map.h>

#include <errno.h>
#include <string.h>

static size_t
slot_of(const struct gsp_handle_table *t, uint32_t key)
{
    size_t i = (key * 0x9e3779b1u >> 7) & (t->cap - 1);

    while (t->slots[i].used && t->slots[i].key != key)
        i = (i + 1) & (t->cap - 1);
    return i;
}

static int
grow(const struct gsp_host *host, struct gsp_handle_table *t)
{
    struct gsp_handle_table more = {.cap = t->cap ? t->cap * 2 : 64, .used = t->used};

    more.slots = gsp_host_alloc(host, more.cap * sizeof(more.slots[0]));
    if (!more.slots)
        return -ENOMEM;
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].used)
            more.slots[slot_of(&more, t->slots[i].key)] = t->slots[i];
    gsp_host_free(host, t->slots);
    *t = more;
    return 0;
}

static int
set(const struct gsp_host *host, struct gsp_handle_table *t, uint32_t key, uint32_t value)
{
    size_t i;

    if (2 * t->used >= t->cap && grow(host, t) < 0)
        return -ENOMEM;
    i = slot_of(t, key);
    t->used += !t->slots[i].used;
    t->slots[i].used = true;
    t->slots[i].key = key;
    t->slots[i].value = value;
    return 0;
}

static uint32_t
get(const struct gsp_handle_table *t, uint32_t key)
{
    const size_t i = t->cap ? slot_of(t, key) : 0;

    return t->cap && t->slots[i].used ? t->slots[i].value : key;
}

int
gsp_handle_map_add(struct gsp_handle_map *m, uint32_t a, uint32_t b)
{
    const int rc = set(m->host, &m->to, a, b);

    return rc < 0 ? rc : set(m->host, &m->from, b, a);
}

uint32_t
gsp_handle_map_to(const struct gsp_handle_map *m, uint32_t a)
{
    return get(&m->to, a);
}

uint32_t
gsp_handle_map_from(const struct gsp_handle_map *m, uint32_t b)
{
    return get(&m->from, b);
}

void
gsp_handle_map_fini(struct gsp_handle_map *m)
{
    gsp_host_free(m->host, m->to.slots);
    gsp_host_free(m->host, m->from.slots);
    memset(m, 0, sizeof(*m));
}
