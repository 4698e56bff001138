/* SPDX-License-Identifier: MIT */
/*
 * Building push buffers by name beside storing the same words: a copy with a semaphore (16
 * words), a QMD's fields, and reading back.
 */
#include <nvmem/push.h>
#include <nvrm/cl/clc6c0.h>
#include <nvrm/cl/clc7b5.h>

#include "bench.h"

enum { COPIES = 64, COPY_WORDS = 16, WORDS = COPIES * COPY_WORDS };

struct buffer {
    uint32_t words[WORDS];
    uint64_t src, dst, sem;
    uint32_t bytes;
    uint64_t sum;
};

static const uint32_t launch = NVC7B5_LAUNCH_DMA_DATA_TRANSFER_TYPE_NON_PIPELINED |
                               NVC7B5_LAUNCH_DMA_FLUSH_ENABLE_TRUE
                                   << NVC7B5_LAUNCH_DMA_FLUSH_ENABLE__SHIFT |
                               NVC7B5_LAUNCH_DMA_SEMAPHORE_TYPE_RELEASE_ONE_WORD_SEMAPHORE
                                   << NVC7B5_LAUNCH_DMA_SEMAPHORE_TYPE__SHIFT |
                               1u << NVC7B5_LAUNCH_DMA_SRC_MEMORY_LAYOUT__SHIFT |
                               1u << NVC7B5_LAUNCH_DMA_DST_MEMORY_LAYOUT__SHIFT;

static void
copy_by_name(struct nvmem_push *p, const struct buffer *b, uint64_t off)
{
    const uint64_t src = b->src + off, dst = b->dst + off;

    nvmem_push_pair(p, 4, NVC7B5_OFFSET_IN_UPPER, (uint32_t)(src >> 32), (uint32_t)src);
    nvmem_push_pair(p, 4, NVC7B5_OFFSET_OUT_UPPER, (uint32_t)(dst >> 32), (uint32_t)dst);
    nvmem_push_pair(p, 4, NVC7B5_LINE_LENGTH_IN, b->bytes, 1);
    nvmem_push_pair(p, 4, NVC7B5_SET_SEMAPHORE_A, (uint32_t)(b->sem >> 32), (uint32_t)b->sem);
    NVMEM_PUSH(p, 4, NVC7B5_SET_SEMAPHORE_PAYLOAD, .PAYLOAD = (uint32_t)off);
    NVMEM_PUSH(p, 4, NVC7B5_LAUNCH_DMA,
               .DATA_TRANSFER_TYPE = NVC7B5_LAUNCH_DMA_DATA_TRANSFER_TYPE_NON_PIPELINED,
               .FLUSH_ENABLE = NVC7B5_LAUNCH_DMA_FLUSH_ENABLE_TRUE,
               .SEMAPHORE_TYPE = NVC7B5_LAUNCH_DMA_SEMAPHORE_TYPE_RELEASE_ONE_WORD_SEMAPHORE,
               .SRC_MEMORY_LAYOUT = NVC7B5_LAUNCH_DMA_SRC_MEMORY_LAYOUT_PITCH,
               .DST_MEMORY_LAYOUT = NVC7B5_LAUNCH_DMA_DST_MEMORY_LAYOUT_PITCH);
}

static void
copies_by_name(void *ctx)
{
    struct buffer *b = ctx;
    struct nvmem_push p;

    nvmem_push_init(&p, b->words, WORDS);
    for (uint64_t i = 0; i < COPIES; i++)
        copy_by_name(&p, b, i << 16);
    bench_use(b->words);
}

static void
copies_by_stores(void *ctx)
{
    struct buffer *b = ctx;
    uint32_t *w = b->words;

    for (uint64_t i = 0; i < COPIES; i++, w += COPY_WORDS) {
        const uint64_t src = b->src + (i << 16), dst = b->dst + (i << 16);

        w[0] = 0x20028100;
        w[1] = (uint32_t)(src >> 32);
        w[2] = (uint32_t)src;
        w[3] = 0x20028102;
        w[4] = (uint32_t)(dst >> 32);
        w[5] = (uint32_t)dst;
        w[6] = 0x20028106;
        w[7] = b->bytes;
        w[8] = 1;
        w[9] = 0x20028090;
        w[10] = (uint32_t)(b->sem >> 32);
        w[11] = (uint32_t)b->sem;
        w[12] = 0x20018092;
        w[13] = (uint32_t)(i << 16);
        w[14] = 0x200180c0;
        w[15] = launch;
    }
    bench_use(b->words);
}

static void
qmd_by_name(void *ctx)
{
    struct buffer *b = ctx;
    uint32_t *q = b->words;

    NVRM_HW_SET(q, NVC6C0_QMDV03_00_QMD_MAJOR_VERSION, 3);
    NVRM_HW_SET(q, NVC6C0_QMDV03_00_CTA_RASTER_WIDTH, b->bytes);
    NVRM_HW_SET(q, NVC6C0_QMDV03_00_CTA_RASTER_HEIGHT, 1);
    NVRM_HW_SET(q, NVC6C0_QMDV03_00_CTA_RASTER_DEPTH, 1);
    NVRM_HW_SET(q, NVC6C0_QMDV03_00_CTA_THREAD_DIMENSION0, b->bytes & 0x3ff);
    NVRM_HW_SET(q, NVC6C0_QMDV03_00_REGISTER_COUNT_V, 32);
    NVRM_HW_SET_AT(q, NVC6C0_QMDV03_00_CONSTANT_BUFFER_ADDR_LOWER, b->src, 0);
    NVRM_HW_SET_AT(q, NVC6C0_QMDV03_00_CONSTANT_BUFFER_VALID, 1, 0);
    bench_use(q);
}

/* What a compiler makes of bit-fields by hand: mask and or. */
static void
put(uint32_t *w, uint32_t mask, uint32_t v)
{
    *w = (*w & ~mask) | v;
}

static void
qmd_by_stores(void *ctx)
{
    struct buffer *b = ctx;
    uint32_t *q = b->words;

    put(&q[18], 0xf0, 3 << 4);
    q[12] = b->bytes;
    put(&q[13], 0xffff, 1);
    put(&q[14], 0xffff, 1);
    put(&q[18], 0xffff0000, (b->bytes & 0x3ff) << 16);
    put(&q[20], 0x1ff00, 32 << 8);
    q[32] = (uint32_t)b->src;
    put(&q[20], 1, 1);
    bench_use(q);
}

static void
read_back(void *ctx)
{
    struct buffer *b = ctx;
    struct nvmem_push_state s = {.host = nvrm_hw_class(0xc56f)};
    struct nvmem_push_reader r;
    struct nvmem_push_call c;

    s.bound[4] = nvrm_hw_class(0xc7b5);
    nvmem_push_open(&r, &s, b->words, WORDS);
    while (nvmem_push_next(&r, &c))
        b->sum += c.data + c.item->at;
    bench_use(&b->sum);
}

static void
sum_words(void *ctx)
{
    struct buffer *b = ctx;

    for (unsigned i = 0; i < WORDS; i++)
        b->sum += b->words[i];
    bench_use(&b->sum);
}

int
main(int argc, char **argv)
{
    struct bench b = bench_init("push", argc, argv);
    static struct buffer ours = {
        .src = 0x1f00000000, .dst = 0x1f80000000, .sem = 0x1f90000000, .bytes = 4096};
    static struct buffer peer = {
        .src = 0x1f00000000, .dst = 0x1f80000000, .sem = 0x1f90000000, .bytes = 4096};
    struct bench_side sides[] = {
        {"by name", copies_by_name,   &ours},
        {"stores",  copies_by_stores, &peer}
    };
    struct bench_side qmd[] = {
        {"by name", qmd_by_name,   &ours},
        {"stores",  qmd_by_stores, &peer}
    };
    struct bench_side reading[] = {
        {"decode", read_back, &ours},
        {"sum",    sum_words, &peer}
    };

    copies_by_name(&ours);
    copies_by_stores(&peer);
    if (memcmp(ours.words, peer.words, sizeof(ours.words)) != 0) {
        fprintf(stderr, "the two sides build different words\n");
        return 1;
    }
    bench_compare(&b, "64 copies, 16 words each", sides, 2);
    bench_compare(&b, "decode 64 copies", reading, 2);
    bench_compare(&b, "8 fields of a QMD", qmd, 2);
    return 0;
}
