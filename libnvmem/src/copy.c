/* SPDX-License-Identifier: MIT */
/*
 * The copy engines' methods. They have had the same numbers since Turing (class c5b5).
 */
#include <nvmem/copy.h>

#include <errno.h>
#include <inttypes.h>

#include <nvrm/cl/clc7b5.h>

#include "channel_priv.h"

enum {
    WIDE_SEMAPHORES = 0xc7b5, /* the first class with them */
    GOB_BYTES = 64,
    GOB_LINES = 8,
    LOG2_MAX = 5,
    WORDS_MAX = 64, /* of one launch with all its state */
    SIZE_ONE = NVC7B5_SET_REMAP_COMPONENTS_COMPONENT_SIZE_ONE,
};
#define PIECE (UINT64_C(1) << 30) /* of one launch */

#define FIELD(method, field, value)                                                            \
    ((uint32_t)(value) << NVC7B5_##method##_##field##__SHIFT &                                 \
     NVC7B5_##method##_##field##__MASK)

enum {
    FLUSH = NVC7B5_LAUNCH_DMA_FLUSH_ENABLE__MASK,
    PITCH_BOTH =
        NVC7B5_LAUNCH_DMA_SRC_MEMORY_LAYOUT__MASK | NVC7B5_LAUNCH_DMA_DST_MEMORY_LAYOUT__MASK,
};

static uint32_t
transfer_type(uint32_t flags)
{
    return FLUSH | FIELD(LAUNCH_DMA, DATA_TRANSFER_TYPE,
                         flags & NVMEM_COPY_PIPELINED
                             ? NVC7B5_LAUNCH_DMA_DATA_TRANSFER_TYPE_PIPELINED
                             : NVC7B5_LAUNCH_DMA_DATA_TRANSFER_TYPE_NON_PIPELINED);
}

static void
method(struct nvmem_push *p, uint32_t at, uint32_t value)
{
    nvmem_push_method(p, NVMEM_SUBCH_COPY, at, value);
}

static void
addresses(struct nvmem_push *p, uint64_t from, uint64_t to)
{
    const uint32_t words[] = {(uint32_t)(from >> 32), (uint32_t)from, (uint32_t)(to >> 32),
                              (uint32_t)to};

    nvmem_push_data(p, NVMEM_PUSH_INC, NVMEM_SUBCH_COPY, NVC7B5_OFFSET_IN_UPPER, words, 4);
}

static int
send(struct nvmem_channel *ch, const struct nvmem_push *p, struct gsp_error *err)
{
    return nvmem_channel_push(ch, p->start, (uint32_t)nvmem_push_words(p), err);
}

/* Buffers */

static int
check_range(struct nvmem_channel *ch, struct nvmem_buffer *b, uint64_t offset, uint64_t bytes,
            struct gsp_error *err)
{
    if (offset <= b->bytes && bytes <= b->bytes - offset)
        return 0;
    return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE,
                    "channel '%s': bytes 0x%" PRIx64 " to 0x%" PRIx64
                    " of buffer '%s', which ends at 0x%" PRIx64,
                    ch->name, offset, offset + bytes, b->name, b->bytes);
}

static int
use(struct nvmem_channel *ch, struct nvmem_buffer *b, uint64_t offset, uint64_t bytes,
    struct gsp_error *err)
{
    int rc = check_range(ch, b, offset, bytes, err);

    return rc < 0 ? rc : nvmem_channel_use(ch, b, err);
}

/* Bytes */

int
nvmem_copy(struct nvmem_channel *ch, struct nvmem_buffer *to, uint64_t to_offset,
           struct nvmem_buffer *from, uint64_t from_offset, uint64_t bytes, uint32_t flags,
           struct gsp_error *err)
{
    uint32_t words[WORDS_MAX];
    int rc = use(ch, from, from_offset, bytes, err);

    if (rc == 0)
        rc = use(ch, to, to_offset, bytes, err);
    for (uint64_t done = 0, n; rc == 0 && done < bytes; done += n) {
        struct nvmem_push p;

        n = bytes - done < PIECE ? bytes - done : PIECE;
        nvmem_push_init(&p, words, WORDS_MAX);
        addresses(&p, from->va.addr + from_offset + done, to->va.addr + to_offset + done);
        method(&p, NVC7B5_LINE_LENGTH_IN, (uint32_t)n);
        method(&p, NVC7B5_LAUNCH_DMA, PITCH_BOTH | transfer_type(flags));
        rc = send(ch, &p, err);
    }
    return rc;
}

/* Fills: constants, remapped into every component of elements of `element` bytes */

static int
fill_elements(struct nvmem_channel *ch, uint64_t va, uint64_t bytes, uint64_t pattern,
              unsigned element, struct gsp_error *err)
{
    const unsigned size = element < 4 ? element : 4, components = element / size;
    const uint32_t map = FIELD(SET_REMAP_COMPONENTS, DST_X, NVMEM_CONST_A) |
                         FIELD(SET_REMAP_COMPONENTS, DST_Y, NVMEM_CONST_B) |
                         FIELD(SET_REMAP_COMPONENTS, DST_Z, NVMEM_CONST_A) |
                         FIELD(SET_REMAP_COMPONENTS, DST_W, NVMEM_CONST_B) |
                         FIELD(SET_REMAP_COMPONENTS, COMPONENT_SIZE, size - 1) |
                         FIELD(SET_REMAP_COMPONENTS, NUM_DST_COMPONENTS, components - 1);
    uint32_t words[WORDS_MAX];
    int rc = 0;

    for (uint64_t done = 0, n; rc == 0 && done < bytes; done += n) {
        struct nvmem_push p;

        n = bytes - done < PIECE ? bytes - done : PIECE;
        nvmem_push_init(&p, words, WORDS_MAX);
        addresses(&p, va + done, va + done);
        method(&p, NVC7B5_LINE_LENGTH_IN, (uint32_t)(n / element));
        method(&p, NVC7B5_SET_REMAP_CONST_A, (uint32_t)pattern);
        method(&p, NVC7B5_SET_REMAP_CONST_B, (uint32_t)(pattern >> 32));
        method(&p, NVC7B5_SET_REMAP_COMPONENTS, map);
        method(&p, NVC7B5_LAUNCH_DMA,
               PITCH_BOTH | transfer_type(0) | FIELD(LAUNCH_DMA, REMAP_ENABLE, 1));
        rc = send(ch, &p, err);
    }
    return rc;
}

static uint64_t
repeat(uint64_t pattern, unsigned bytes)
{
    if (bytes < 8)
        pattern &= (UINT64_C(1) << 8 * bytes) - 1;
    for (; bytes < 8; bytes *= 2)
        pattern |= pattern << 8 * bytes;
    return pattern;
}

/* In elements of 16 bytes as far as those go. */
int
nvmem_fill(struct nvmem_channel *ch, struct nvmem_buffer *to, uint64_t offset, uint64_t bytes,
           uint64_t pattern, unsigned pattern_bytes, struct gsp_error *err)
{
    const uint64_t wide = offset % 16 ? 0 : bytes & ~UINT64_C(15);
    const uint64_t value = repeat(pattern, pattern_bytes ? pattern_bytes : 1);
    int rc;

    if ((pattern_bytes != 1 && pattern_bytes != 2 && pattern_bytes != 4 &&
         pattern_bytes != 8) ||
        (offset | bytes) % pattern_bytes)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "a pattern of %u bytes at 0x%" PRIx64 ", %" PRIu64
                        " bytes: patterns have 1, 2, 4 or 8 bytes and fit whole",
                        pattern_bytes, offset, bytes);
    rc = use(ch, to, offset, bytes, err);
    if (rc == 0)
        rc = fill_elements(ch, to->va.addr + offset, wide, value, 16, err);
    if (rc == 0)
        rc = fill_elements(ch, to->va.addr + offset + wide, bytes - wide, value, pattern_bytes,
                           err);
    return rc;
}

/* Images */

static uint32_t
lines_of(const struct nvmem_image *i)
{
    const uint32_t block = (uint32_t)GOB_LINES << i->block_height_log2;

    return (i->height + block - 1) / block * block;
}

uint64_t
nvmem_image_bytes(const struct nvmem_image *i)
{
    const uint64_t gobs = (i->width_bytes + GOB_BYTES - 1) / GOB_BYTES;
    const uint64_t deep = UINT64_C(1) << i->block_depth_log2;
    const uint64_t layers = ((i->depth ? i->depth : 1) + deep - 1) / deep * deep;

    return gobs * GOB_BYTES * lines_of(i) * layers;
}

static unsigned
element_bytes(const struct nvmem_remap *m, bool to)
{
    return !m ? 1 : m->component_bytes * (to ? m->to_components : m->from_components);
}

static int
check_image(const struct nvmem_image *i, const struct nvmem_origin *at, uint32_t height,
            struct gsp_error *err)
{
    if (i->layout == NVMEM_LAYOUT_PITCH)
        return at->layer ? gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                                    "buffer '%s': a pitch image has no layers", i->buffer->name)
                         : 0;
    if (i->offset % 512 || i->block_height_log2 > LOG2_MAX || i->block_depth_log2 > LOG2_MAX)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "buffer '%s': a block-linear image lies at a multiple of 512 and has "
                        "blocks of up to 32 GOBs each way",
                        i->buffer->name);
    if (at->y + (uint64_t)height > i->height || at->layer >= (i->depth ? i->depth : 1))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE,
                        "buffer '%s': lines %u to %u, layer %u of an image of %u by %u",
                        i->buffer->name, at->y, at->y + height, at->layer, i->height,
                        i->depth ? i->depth : 1);
    return 0;
}

/* The bytes of a pitch image that a rectangle touches: from `first` on, `bytes` of them. */
static uint64_t
pitch_first(const struct nvmem_image *i, const struct nvmem_origin *at, unsigned element)
{
    return i->offset + (uint64_t)((int64_t)at->y * i->pitch_bytes) + (uint64_t)at->x * element;
}

static int
use_image(struct nvmem_channel *ch, const struct nvmem_image *i, const struct nvmem_origin *at,
          const struct nvmem_rect_copy *c, bool to, struct gsp_error *err)
{
    const unsigned element = element_bytes(c->remap, to);
    const int64_t rest = (int64_t)(c->height ? c->height - 1 : 0) * i->pitch_bytes;
    uint64_t first, bytes = (uint64_t)c->width * element;
    int rc = check_image(i, at, c->height, err);

    if (rc < 0)
        return rc;
    if (i->layout == NVMEM_LAYOUT_BLOCK) {
        if (((uint64_t)at->x + c->width) * element > i->width_bytes)
            return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE,
                            "buffer '%s': the rectangle ends past a line of %u bytes",
                            i->buffer->name, i->width_bytes);
        return use(ch, i->buffer, i->offset, nvmem_image_bytes(i), err);
    }
    first = pitch_first(i, at, element);
    if (rest < 0)
        first -= (uint64_t)-rest;
    bytes += (uint64_t)(rest < 0 ? -rest : rest);
    return use(ch, i->buffer, first, bytes, err);
}

/* One side of a launch: its address, and its shape when it is block-linear. */
static uint64_t
describe(struct nvmem_push *p, const struct nvmem_image *i, const struct nvmem_origin *at,
         unsigned element, bool to)
{
    const uint32_t shape[] = {
        FIELD(SET_DST_BLOCK_SIZE, HEIGHT, i->block_height_log2) |
            FIELD(SET_DST_BLOCK_SIZE, DEPTH, i->block_depth_log2) |
            FIELD(SET_DST_BLOCK_SIZE, GOB_HEIGHT,
                  NVC7B5_SET_DST_BLOCK_SIZE_GOB_HEIGHT_GOB_HEIGHT_FERMI_8),
        i->width_bytes,
        i->height,
        i->depth ? i->depth : 1,
        at->layer,
        at->x * element | at->y << 16,
    };

    if (i->layout == NVMEM_LAYOUT_PITCH) {
        method(p, to ? NVC7B5_PITCH_OUT : NVC7B5_PITCH_IN, (uint32_t)i->pitch_bytes);
        return i->buffer->va.addr + pitch_first(i, at, element);
    }
    nvmem_push_data(p, NVMEM_PUSH_INC, NVMEM_SUBCH_COPY,
                    to ? NVC7B5_SET_DST_BLOCK_SIZE : NVC7B5_SET_SRC_BLOCK_SIZE, shape, 6);
    return i->buffer->va.addr + i->offset;
}

static int
check_remap(const struct nvmem_remap *m, struct gsp_error *err)
{
    if (!m ||
        (m->component_bytes - 1 < 4 && m->from_components - 1 < 4 && m->to_components - 1 < 4))
        return 0;
    return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                    "%u to %u components of %u bytes: each is 1 to 4", m->from_components,
                    m->to_components, m->component_bytes);
}

static void
remap(struct nvmem_push *p, const struct nvmem_remap *m)
{
    method(p, NVC7B5_SET_REMAP_CONST_A, m->const_a);
    method(p, NVC7B5_SET_REMAP_CONST_B, m->const_b);
    method(p, NVC7B5_SET_REMAP_COMPONENTS,
           FIELD(SET_REMAP_COMPONENTS, DST_X, m->to[0]) |
               FIELD(SET_REMAP_COMPONENTS, DST_Y, m->to[1]) |
               FIELD(SET_REMAP_COMPONENTS, DST_Z, m->to[2]) |
               FIELD(SET_REMAP_COMPONENTS, DST_W, m->to[3]) |
               FIELD(SET_REMAP_COMPONENTS, COMPONENT_SIZE, m->component_bytes - 1) |
               FIELD(SET_REMAP_COMPONENTS, NUM_SRC_COMPONENTS, m->from_components - 1) |
               FIELD(SET_REMAP_COMPONENTS, NUM_DST_COMPONENTS, m->to_components - 1));
}

static uint32_t
launch_flags(const struct nvmem_rect_copy *c)
{
    return transfer_type(c->flags) | FIELD(LAUNCH_DMA, MULTI_LINE_ENABLE, 1) |
           FIELD(LAUNCH_DMA, REMAP_ENABLE, c->remap != NULL) |
           FIELD(LAUNCH_DMA, SRC_MEMORY_LAYOUT, c->from.layout == NVMEM_LAYOUT_PITCH) |
           FIELD(LAUNCH_DMA, DST_MEMORY_LAYOUT, c->to.layout == NVMEM_LAYOUT_PITCH);
}

int
nvmem_copy_rect(struct nvmem_channel *ch, const struct nvmem_rect_copy *c,
                struct gsp_error *err)
{
    uint32_t words[WORDS_MAX];
    struct nvmem_push p;
    uint64_t from, to;
    int rc = check_remap(c->remap, err);

    if (rc == 0 && (!c->width || !c->height))
        rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "a rectangle of %u by %u", c->width,
                      c->height);
    if (rc == 0)
        rc = use_image(ch, &c->from, &c->from_at, c, false, err);
    if (rc == 0)
        rc = use_image(ch, &c->to, &c->to_at, c, true, err);
    if (rc < 0)
        return rc;
    nvmem_push_init(&p, words, WORDS_MAX);
    from = describe(&p, &c->from, &c->from_at, element_bytes(c->remap, false), false);
    to = describe(&p, &c->to, &c->to_at, element_bytes(c->remap, true), true);
    addresses(&p, from, to);
    method(&p, NVC7B5_LINE_LENGTH_IN, c->width);
    method(&p, NVC7B5_LINE_COUNT, c->height);
    if (c->remap)
        remap(&p, c->remap);
    method(&p, NVC7B5_LAUNCH_DMA, launch_flags(c));
    return send(ch, &p, err);
}

/* Semaphores */

int
nvmem_copy_release(struct nvmem_channel *ch, const struct nvmem_semaphore *s, uint64_t value,
                   struct gsp_error *err)
{
    const uint32_t release[] = {(uint32_t)(s->gpu_va >> 32), (uint32_t)s->gpu_va,
                                (uint32_t)value, (uint32_t)(value >> 32)};
    uint32_t words[WORDS_MAX];
    struct nvmem_push p;

    if (ch->dev->chip.copy_class < WIDE_SEMAPHORES)
        return nvmem_channel_release(ch, s, value, 0, err);
    nvmem_push_init(&p, words, WORDS_MAX);
    nvmem_push_data(&p, NVMEM_PUSH_INC, NVMEM_SUBCH_COPY, NVC7B5_SET_SEMAPHORE_A, release, 4);
    method(
        &p, NVC7B5_LAUNCH_DMA,
        FLUSH |
            FIELD(LAUNCH_DMA, DATA_TRANSFER_TYPE, NVC7B5_LAUNCH_DMA_DATA_TRANSFER_TYPE_NONE) |
            FIELD(LAUNCH_DMA, SEMAPHORE_TYPE,
                  NVC7B5_LAUNCH_DMA_SEMAPHORE_TYPE_RELEASE_SEMAPHORE_NO_TIMESTAMP) |
            FIELD(LAUNCH_DMA, SEMAPHORE_PAYLOAD_SIZE,
                  NVC7B5_LAUNCH_DMA_SEMAPHORE_PAYLOAD_SIZE_TWO_WORD));
    return send(ch, &p, err);
}
