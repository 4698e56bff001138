/* SPDX-License-Identifier: MIT */
/* A heap as a picture: cells of equal size along each region, shaded by how full they are. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <nvmem/report.h>

#include "heap_priv.h"

enum { CELLS = 256, CELL = 4, ROW = 56, BAR = 28, LEGEND = 8, LEFT = 12 };

static const char *const colours[] = {"#1b6ca8", "#c8553d", "#4c9f70", "#8e5ea2",
                                      "#d4a017", "#3aa6a6", "#a0522d", "#708090"};

/* How much of a cell is used, and by whom most of it. */
struct cell {
    uint64_t used, most;
    uint32_t owner;
};

struct picture {
    nvmem_write_fn *write;
    void *ctx;
    const struct nvmem_owners *owners;
    int rc;
    struct nvmem_leak top[LEGEND];
    unsigned tops;
    struct cell cell[CELLS];
};

static void __attribute__((format(printf, 2, 3)))
put(struct picture *p, const char *format, ...)
{
    char text[512];
    va_list args;
    int bytes;

    va_start(args, format);
    bytes = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (!p->rc && bytes > 0)
        p->rc = p->write(p->ctx, text,
                         (size_t)bytes < sizeof(text) ? (size_t)bytes : sizeof(text) - 1);
}

/* Text of a caller's, with what XML reserves written as entities. */
static void
put_escaped(struct picture *p, const char *text)
{
    for (; *text; text++) {
        const char c = *text;

        if (c == '<' || c == '>' || c == '&' || c == '"')
            put(p, "&#%d;", c);
        else if ((unsigned char)c >= 0x20)
            put(p, "%c", c);
    }
}

static const char *
colour_of(const struct picture *p, uint32_t owner)
{
    for (unsigned i = 0; i < p->tops; i++)
        if (p->top[i].owner == owner)
            return colours[i];
    return "#555555";
}

/* One used span, shared out over the cells that it touches. */
static void
shade(struct picture *p, const struct region *region, uint64_t cell_bytes, uint64_t addr,
      uint64_t bytes, uint32_t owner)
{
    const uint64_t from = addr - region->given.base, to = from + bytes;

    for (uint64_t i = from / cell_bytes; i < CELLS && i * cell_bytes < to; i++) {
        const uint64_t lo = i * cell_bytes > from ? i * cell_bytes : from;
        const uint64_t hi = (i + 1) * cell_bytes < to ? (i + 1) * cell_bytes : to;
        struct cell *c = &p->cell[i];

        c->used += hi - lo;
        if (hi - lo > c->most) {
            c->most = hi - lo;
            c->owner = owner;
        }
    }
}

static void
fill_cells(struct picture *p, struct nvmem_heap *heap, const struct region *region,
           uint64_t cell_bytes)
{
    memset(p->cell, 0, sizeof(p->cell));
    heap_lock(heap);
    nvmem_heap_unpark(heap);
    for (uint32_t i = region->first; i != NO_NODE; i = heap_node(heap, i)->next) {
        const struct node *n = heap_node(heap, i);

        if (node_state(n) == NODE_USED)
            shade(p, region, cell_bytes, node_addr(n) << heap->shift,
                  node_size(n) << heap->shift,
                  __atomic_load_n(&n->use.owner, __ATOMIC_RELAXED));
    }
    heap_unlock(heap);
}

static void
put_region(struct picture *p, struct nvmem_heap *heap, unsigned r)
{
    const struct region *region = &heap->region[r];
    const uint64_t cell_bytes = region->given.bytes / CELLS + (region->given.bytes % CELLS > 0);
    const bool reserved = region->given.flags & NVMEM_RESERVED;
    const unsigned y = 40 + r * ROW;

    put(p, "<text x=\"%d\" y=\"%u\">region %u: 0x%" PRIx64 ", %" PRIu64 " bytes%s</text>\n",
        LEFT, y - 4, region->index, region->given.base, region->given.bytes,
        reserved ? ", reserved" : "");
    put(p, "<rect x=\"%d\" y=\"%u\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n", LEFT, y,
        CELLS * CELL, BAR, reserved ? "#bbbbbb" : "#eeeeee");
    if (!cell_bytes || reserved)
        return;
    fill_cells(p, heap, region, cell_bytes);
    for (unsigned i = 0; i < CELLS; i++)
        if (p->cell[i].used)
            put(p,
                "<rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" fill=\"%s\" "
                "fill-opacity=\"%.2f\"/>\n",
                LEFT + i * CELL, y, CELL, BAR, colour_of(p, p->cell[i].owner),
                0.25 + 0.75 * (double)p->cell[i].used / (double)cell_bytes);
}

static void
put_legend(struct picture *p, const struct nvmem_heap_stat *stat, unsigned y)
{
    const uint64_t free_bytes = stat->total_bytes - stat->used_bytes;

    put(p,
        "<text x=\"%d\" y=\"%u\">%" PRIu64 " of %" PRIu64 " bytes used in %" PRIu64
        " ranges; %" PRIu64 " free ranges, the largest has %.0f %% of what is free</text>\n",
        LEFT, y, stat->used_bytes, stat->total_bytes, stat->used_ranges, stat->free_ranges,
        free_bytes ? 100.0 * (double)stat->largest_free_bytes / (double)free_bytes : 100.0);
    for (unsigned i = 0; i < p->tops; i++) {
        put(p, "<rect x=\"%d\" y=\"%u\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", LEFT,
            y + 10 + i * 18, colours[i]);
        put(p, "<text x=\"%d\" y=\"%u\">", LEFT + 18, y + 20 + i * 18);
        put_escaped(p, nvmem_owner_name(p->owners, p->top[i].owner));
        put(p, " (%u): %" PRIu64 " ranges, %" PRIu64 " bytes</text>\n", p->top[i].owner,
            p->top[i].ranges, p->top[i].bytes);
    }
}

int
nvmem_heap_svg(struct nvmem_heap *heap, const struct nvmem_owners *owners,
               nvmem_write_fn *write, void *ctx, struct gsp_error *err)
{
    struct picture *p = gsp_host_alloc(heap->host, sizeof(*p));
    struct nvmem_heap_stat stat;
    unsigned height;
    int rc;

    if (!p)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a picture");
    p->write = write;
    p->ctx = ctx;
    p->owners = owners;
    p->tops = nvmem_heap_leaks(heap, p->top, LEGEND);
    p->tops = p->tops < LEGEND ? p->tops : LEGEND;
    nvmem_heap_stat(heap, &stat);
    height = 40 + heap->region_count * ROW + 20 + p->tops * 18 + 10;
    put(p,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n<text x=\"%d\" y=\"16\" "
        "font-weight=\"bold\">",
        2 * LEFT + CELLS * CELL, height, LEFT);
    put_escaped(p, heap->name);
    put(p, "</text>\n");
    for (unsigned r = 0; r < heap->region_count; r++)
        put_region(p, heap, r);
    put_legend(p, &stat, 40 + heap->region_count * ROW + 10);
    put(p, "</svg>\n");
    rc = p->rc;
    gsp_host_free(heap->host, p);
    if (rc)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "the picture's writer gave up");
    return 0;
}
