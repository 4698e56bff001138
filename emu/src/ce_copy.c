/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a transfer: long runs where both sides are at a pitch, lines of 16 bytes where a
 * side is in blocks, component by component where elements are remapped.
 */
#include "ce_copy.h"

#include <string.h>

/* A client must not be able to keep the card busy for hours. */
static const uint64_t longest_bytes = UINT64_C(1) << 38;

static uint64_t
element_bytes(const struct emu_ce_job *job, const struct emu_ce_side *side)
{
    return job->remap ? (uint64_t)side->components * job->component : 1;
}

static bool
reads_source(const struct emu_ce_job *job)
{
    bool reads = !job->remap;

    for (unsigned i = 0; job->remap && i < job->dst.components; i++)
        reads |= job->select[i] < EMU_CE_CONST_A;
    return reads;
}

/* Checks */

static const char *
check_side(const struct emu_ce_job *job, const struct emu_ce_side *side)
{
    const struct emu_surface *s = &side->surface;
    const uint64_t bytes = job->width * element_bytes(job, side);
    const uint64_t pitch = (uint64_t)(s->pitch < 0 ? -s->pitch : s->pitch);

    if (!s->blocks)
        return job->lines > 1 && pitch < bytes ? "a line is longer than its pitch" : NULL;
    if (s->layer >= s->depth)
        return "the layer is outside the surface";
    if (s->x + bytes > s->width || s->y + job->lines > s->height)
        return "the rectangle is outside the surface";
    return s->block_h > 5 || s->block_d > 5 ? "blocks of more than 32 GOBs" : NULL;
}

const char *
emu_ce_check(const struct emu_ce_job *job)
{
    const char *why;

    if (!job->lines)
        return "line count 0";
    if (!job->width)
        return "line length 0";
    if (job->width * element_bytes(job, &job->dst) > longest_bytes / job->lines)
        return "more bytes than any card has memory";
    for (unsigned i = 0; job->remap && i < job->dst.components; i++)
        if (job->select[i] > EMU_CE_NO_WRITE ||
            (job->select[i] < EMU_CE_CONST_A && job->select[i] >= job->src.components))
            return "a component that the source lacks";
    why = check_side(job, &job->dst);
    return why || !reads_source(job) ? why : check_side(job, &job->src);
}

/* Moving */

/* Bytes at an address, `want` at most; looked up anew only outside the last span. NULL p:
 * sparse. */
static bool
reach(struct emu_ce_job *job, struct emu_ce_side *side, uint64_t va, uint64_t want, uint8_t **p,
      uint64_t *n)
{
    uint64_t off = va - side->span_at;

    if (off >= side->span_bytes) {
        side->span_bytes = 0;
        if (!emu_view_span(&side->view, va, want < 65536 ? 65536 : want, side->access,
                           &side->span, &side->span_bytes, &job->fault))
            return false;
        side->span_at = va;
        off = 0;
    }
    *n = side->span_bytes - off < want ? side->span_bytes - off : want;
    *p = side->span ? side->span + off : NULL;
    return true;
}

static bool
copy_run(struct emu_ce_job *job, uint64_t from, uint64_t to, uint64_t bytes)
{
    while (bytes) {
        uint8_t *src, *dst;
        uint64_t n, room;

        if (!reach(job, &job->src, from, bytes, &src, &n) ||
            !reach(job, &job->dst, to, n, &dst, &room))
            return false;
        n = room;
        if (dst && src)
            memmove(dst, src, n);
        else if (dst)
            memset(dst, 0, n);
        from += n;
        to += n;
        bytes -= n;
    }
    return true;
}

static uint64_t
place(const struct emu_ce_side *side, uint64_t x, uint64_t y)
{
    return side->at + emu_surface_offset(&side->surface, x, y);
}

/* How many bytes from x on follow each other on this side. */
static uint64_t
straight(const struct emu_ce_side *side, uint64_t x, uint64_t left)
{
    const uint64_t room = EMU_GOB_LINE - (side->surface.x + x) % EMU_GOB_LINE;

    return side->surface.blocks && room < left ? room : left;
}

static bool
copy_line(struct emu_ce_job *job, uint64_t y)
{
    for (uint64_t x = 0, n; x < job->width; x += n) {
        n = straight(&job->src, x, straight(&job->dst, x, job->width - x));
        if (!copy_run(job, place(&job->src, x, y), place(&job->dst, x, y), n))
            return false;
    }
    return true;
}

static bool
is_one_run(const struct emu_ce_job *job)
{
    const struct emu_surface *from = &job->src.surface, *to = &job->dst.surface;

    return !from->blocks && !to->blocks &&
           (job->lines == 1 ||
            (from->pitch == (int64_t)job->width && to->pitch == from->pitch));
}

static bool
copy_all(struct emu_ce_job *job)
{
    if (is_one_run(job))
        return copy_run(job, job->src.at, job->dst.at, job->width * job->lines);
    for (uint64_t y = 0; y < job->lines; y++)
        if (!copy_line(job, y))
            return false;
    return true;
}

/* Fills: every component of an element is a constant. */

static bool
is_fill(const struct emu_ce_job *job)
{
    for (unsigned i = 0; i < job->dst.components; i++)
        if (job->select[i] != EMU_CE_CONST_A && job->select[i] != EMU_CE_CONST_B)
            return false;
    return !job->dst.surface.blocks;
}

enum {
    PATTERN_BYTES = 4080
}; /* whole elements of 1, 2, 3, 4, 6, 8, 9, 12 and 16 bytes, nearly */

static uint64_t
make_pattern(const struct emu_ce_job *job, uint8_t *pattern)
{
    const uint64_t element = element_bytes(job, &job->dst);
    uint64_t n = 0;

    for (; n + element <= PATTERN_BYTES; n += element)
        for (unsigned c = 0; c < job->dst.components; c++)
            memcpy(pattern + n + (size_t)c * job->component,
                   &job->constant[job->select[c] - EMU_CE_CONST_A], job->component);
    return n;
}

static bool
fill_line(struct emu_ce_job *job, const uint8_t *pattern, uint64_t period, uint64_t y)
{
    const uint64_t bytes = job->width * element_bytes(job, &job->dst);
    const uint64_t at = place(&job->dst, 0, y);

    for (uint64_t done = 0; done < bytes;) {
        const uint64_t phase = done % period;
        uint64_t want = bytes - done < period - phase ? bytes - done : period - phase, n;
        uint8_t *p;

        if (!reach(job, &job->dst, at + done, want, &p, &n))
            return false;
        if (p)
            memcpy(p, pattern + phase, n);
        done += n;
    }
    return true;
}

static bool
fill_all(struct emu_ce_job *job)
{
    uint8_t pattern[PATTERN_BYTES];
    const uint64_t period = make_pattern(job, pattern);

    if (!period) /* elements without components */
        return true;
    for (uint64_t y = 0; y < job->lines; y++)
        if (!fill_line(job, pattern, period, y))
            return false;
    return true;
}

/* Remaps */

static bool
load(struct emu_ce_job *job, uint64_t x, uint64_t y, uint8_t *out)
{
    for (uint32_t i = 0; i < job->component; i++) {
        uint8_t *p;
        uint64_t n;

        if (!reach(job, &job->src, place(&job->src, x + i, y), 1, &p, &n))
            return false;
        out[i] = p ? *p : 0;
    }
    return true;
}

static bool
store(struct emu_ce_job *job, uint64_t x, uint64_t y, const uint8_t *in)
{
    for (uint32_t i = 0; i < job->component; i++) {
        uint8_t *p;
        uint64_t n;

        if (!reach(job, &job->dst, place(&job->dst, x + i, y), 1, &p, &n))
            return false;
        if (p)
            *p = in[i];
    }
    return true;
}

static bool
remap_element(struct emu_ce_job *job, uint64_t i, uint64_t y)
{
    const uint64_t from = i * element_bytes(job, &job->src);
    const uint64_t to = i * element_bytes(job, &job->dst);
    uint8_t in[4][4] = {{0}};

    for (uint32_t c = 0; reads_source(job) && c < job->src.components; c++)
        if (!load(job, from + (uint64_t)c * job->component, y, in[c]))
            return false;
    for (uint32_t c = 0; c < job->dst.components; c++) {
        const uint32_t s = job->select[c];
        uint8_t constant[4];

        if (s == EMU_CE_NO_WRITE)
            continue;
        if (s >= EMU_CE_CONST_A)
            memcpy(constant, &job->constant[s - EMU_CE_CONST_A], 4);
        if (!store(job, to + (uint64_t)c * job->component, y,
                   s >= EMU_CE_CONST_A ? constant : in[s]))
            return false;
    }
    return true;
}

static bool
remap_all(struct emu_ce_job *job)
{
    for (uint64_t y = 0; y < job->lines; y++)
        for (uint64_t i = 0; i < job->width; i++)
            if (!remap_element(job, i, y))
                return false;
    return true;
}

bool
emu_ce_run(struct emu_ce_job *job)
{
    if (!job->remap)
        return copy_all(job);
    return is_fill(job) ? fill_all(job) : remap_all(job);
}
