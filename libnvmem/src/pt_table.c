/* SPDX-License-Identifier: MIT */
/* Tables: their memory on the device, their shadow, and their place in a directory. */
#include <errno.h>
#include <string.h>

#include "pt_priv.h"

static uint32_t
table_words(const struct format *f, unsigned level)
{
    return entry_count(f, level) * f->level[level].words;
}

static size_t
children_of(const struct format *f, unsigned level)
{
    return level > last_dir(f) ? 0 : (size_t)entry_count(f, level) << (level == last_dir(f));
}

static size_t
host_bytes(const struct format *f, unsigned level)
{
    return sizeof(struct table) + children_of(f, level) * sizeof(struct table *) +
           table_words(f, level) * sizeof(uint64_t);
}

struct table *
nvmem_pt_table_new(struct nvmem_pt *pt, unsigned level, int *rc_out)
{
    const struct format *f = pt->format;
    const size_t children = children_of(f, level);
    struct table *t = gsp_host_alloc(pt->config.host, host_bytes(f, level));

    *rc_out = -ENOMEM;
    if (!t)
        return NULL;
    t->level = (uint8_t)level;
    t->child = children ? (struct table **)(t + 1) : NULL;
    t->words = (uint64_t *)((struct table **)(t + 1) + children);
    *rc_out = pt->config.ops->table_alloc(pt->config.ctx, table_words(f, level) * 8,
                                          f->level[level].align, &t->memory);
    if (*rc_out < 0) {
        gsp_host_free(pt->config.host, t);
        return NULL;
    }
    nvmem_pt_push(pt, t, 0, table_words(f, level));
    pt->stat.tables++;
    pt->stat.table_bytes += (uint64_t)table_words(f, level) * 8;
    pt->stat.shadow_bytes += host_bytes(f, level);
    return t;
}

void
nvmem_pt_table_free(struct nvmem_pt *pt, struct table *t)
{
    pt->stat.tables--;
    pt->stat.table_bytes -= (uint64_t)table_words(pt->format, t->level) * 8;
    pt->stat.shadow_bytes -= host_bytes(pt->format, t->level);
    pt->config.ops->table_free(pt->config.ctx, &t->memory);
    gsp_host_free(pt->config.host, t);
}

void
nvmem_pt_tables_free(struct nvmem_pt *pt, struct table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < children_of(pt->format, t->level); i++)
        nvmem_pt_tables_free(pt, t->child[i]);
    nvmem_pt_table_free(pt, t);
}

void
nvmem_pt_push(struct nvmem_pt *pt, struct table *t, uint32_t word, uint32_t count)
{
    pt->stat.words_written += count;
    if (t->memory.cpu)
        memcpy((char *)t->memory.cpu + (size_t)word * 8, &t->words[word], (size_t)count * 8);
    else
        pt->config.ops->write(pt->config.ctx, &t->memory, word * 8, &t->words[word], count);
}

static uint64_t
pde_of(const struct format *f, const struct table *child)
{
    const struct field addr = child->level == last_dir(f) + 1 ? f->pde_addr_big : f->pde_addr;

    return field_put(f->pde_aperture, f->pde_value[child->memory.aperture]) |
           field_put(addr, child->memory.addr) | f->pde_set |
           (child->memory.aperture != NVMEM_VRAM ? f->pde_volatile : 0);
}

void
nvmem_pt_link(struct nvmem_pt *pt, struct table *t, uint32_t i, struct table *child)
{
    const struct format *f = pt->format;
    const unsigned words = f->level[t->level].words;
    const uint32_t word = i * words + (words == 2 && child->level == f->levels - 1u);

    t->words[word] = pde_of(f, child);
    nvmem_pt_push(pt, t, word, 1);
    child->linked = true;
}

static void
retire_all(struct nvmem_pt *pt, struct table *t)
{
    for (size_t i = 0; i < children_of(pt->format, t->level); i++)
        if (t->child[i])
            retire_all(pt, t->child[i]);
    if (!t->linked) {
        nvmem_pt_table_free(pt, t);
        return;
    }
    t->next = pt->retired;
    pt->retired = t;
    pt->stat.retired++;
    pt->directories = true;
}

void
nvmem_pt_retire(struct nvmem_pt *pt, struct table *t, uint32_t i, unsigned child_level)
{
    const struct format *f = pt->format;
    struct table **slot = child_slot(f, t, i, child_level), *child = *slot;
    const unsigned words = f->level[t->level].words;
    const uint32_t word = i * words + (words == 2 && child_level == f->levels - 1u);

    if (child->linked && t->words[word] == pde_of(f, child)) {
        t->words[word] = 0;
        nvmem_pt_push(pt, t, word, 1);
    }
    *slot = NULL;
    t->live--;
    retire_all(pt, child);
}

struct table *
nvmem_pt_find(struct nvmem_pt *pt, uint64_t va, unsigned level)
{
    const struct format *f = pt->format;
    struct table *t = pt->root;

    while (t->level != level)
        t = *child_slot(f, t, entry_index(f, t->level, va), step_to(f, t->level, level));
    return t;
}

struct table *
nvmem_pt_child(struct nvmem_pt *pt, struct table *t, uint32_t i, unsigned level, int *rc_out)
{
    struct table **slot = child_slot(pt->format, t, i, level);

    if (!*slot) {
        *slot = nvmem_pt_table_new(pt, level, rc_out);
        if (*slot)
            t->live++;
    }
    return *slot;
}

void
nvmem_pt_dirty(struct nvmem_pt *pt, uint64_t va, uint64_t end, bool directories)
{
    if (pt->dirty_to == 0 || va < pt->dirty_from)
        pt->dirty_from = va;
    if (end > pt->dirty_to)
        pt->dirty_to = end;
    pt->directories |= directories;
}
