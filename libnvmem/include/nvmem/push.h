/* SPDX-License-Identifier: MIT */
/**
 * Push buffers: the dword stream that a channel's ring entries point to.
 *
 * A stream is headers with data behind them. A header names an operation, a subchannel, the
 * address of a method and a count. SET_OBJECT binds a class to a subchannel; methods below
 * 0x100 are the channel's own (class 0xc56f and its like).
 *
 * The builder writes into memory of the caller and never past its end; the decoder reads any
 * words. Neither allocates. Method addresses and fields are in the generated headers
 * nvrm/cl/clXXXX.h.
 */
#ifndef NVMEM_PUSH_H
#define NVMEM_PUSH_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <nvrm/hw.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a header does with the words behind it (bits 31:29). */
enum nvmem_push_op {
    NVMEM_PUSH_INC = 1,    /* method, method + 4, method + 8, ... */
    NVMEM_PUSH_NONINC = 3, /* all to one method */
    NVMEM_PUSH_IMM = 4,    /* no data: 13 bits in the header */
    NVMEM_PUSH_ONCE = 5,   /* the first to method, all others to method + 4 */
};
#define NVMEM_PUSH_SUBCHANNELS 8
#define NVMEM_PUSH_COUNT_MAX   0x1fff

/** A header word; method is an address in bytes, arg the count or the immediate value. */
static inline uint32_t
nvmem_push_header(enum nvmem_push_op op, unsigned subch, uint32_t method, uint32_t arg)
{
    return (uint32_t)op << 29 | (arg & NVMEM_PUSH_COUNT_MAX) << 16 | (subch & 7) << 13 |
           (method >> 2 & 0xfff);
}

/* Builder */

/** A buffer being filled. What does not fit is left out and remembered: nvmem_push_end(). */
struct nvmem_push {
    uint32_t *start, *at, *end;
    bool overflow;
};

static inline void
nvmem_push_init(struct nvmem_push *p, uint32_t *words, size_t count)
{
    p->start = words;
    p->at = words;
    p->end = words + count;
    p->overflow = false;
}

static inline size_t
nvmem_push_words(const struct nvmem_push *p)
{
    return (size_t)(p->at - p->start);
}

/** 0, or -ENOSPC when something did not fit; what was written then is whole headers. */
static inline int
nvmem_push_end(const struct nvmem_push *p)
{
    return p->overflow ? -ENOSPC : 0;
}

/** Room for count words, which the caller fills: all of them. NULL when they do not fit. */
static inline uint32_t *
nvmem_push_room(struct nvmem_push *p, size_t count)
{
    uint32_t *const at = p->at;

    if (__builtin_expect((size_t)(p->end - at) < count, 0)) {
        p->overflow = true;
        return NULL;
    }
    p->at = at + count;
    return at;
}

/** One method with its data. */
static inline void
nvmem_push_method(struct nvmem_push *p, unsigned subch, uint32_t method, uint32_t data)
{
    uint32_t *const w = nvmem_push_room(p, 2);

    if (w) {
        w[0] = nvmem_push_header(NVMEM_PUSH_INC, subch, method, 1);
        w[1] = data;
    }
}

/** Two methods side by side: an address in an upper and a lower half. */
static inline void
nvmem_push_pair(struct nvmem_push *p, unsigned subch, uint32_t method, uint32_t upper,
                uint32_t lower)
{
    uint32_t *const w = nvmem_push_room(p, 3);

    if (w) {
        w[0] = nvmem_push_header(NVMEM_PUSH_INC, subch, method, 2);
        w[1] = upper;
        w[2] = lower;
    }
}

/** A method with its data in the header: data below 0x2000, one word instead of two. */
static inline void
nvmem_push_imm(struct nvmem_push *p, unsigned subch, uint32_t method, uint32_t data)
{
    uint32_t *w;

    if (data > NVMEM_PUSH_COUNT_MAX) {
        nvmem_push_method(p, subch, method, data);
        return;
    }
    w = nvmem_push_room(p, 1);
    if (w)
        w[0] = nvmem_push_header(NVMEM_PUSH_IMM, subch, method, data);
}

/** A header and count words of data (1 to 0x1fff). Returns where the data goes, to be filled
 * by the caller; NULL when it does not fit. */
static inline uint32_t *
nvmem_push_begin(struct nvmem_push *p, enum nvmem_push_op op, unsigned subch, uint32_t method,
                 uint32_t count)
{
    uint32_t *const w = count <= NVMEM_PUSH_COUNT_MAX ? nvmem_push_room(p, count + 1u) : NULL;

    if (!w) {
        p->overflow = true;
        return NULL;
    }
    w[0] = nvmem_push_header(op, subch, method, count);
    return w + 1;
}

static inline void
nvmem_push_data(struct nvmem_push *p, enum nvmem_push_op op, unsigned subch, uint32_t method,
                const uint32_t *data, uint32_t count)
{
    uint32_t *const w = nvmem_push_begin(p, op, subch, method, count);

    if (w)
        memcpy(w, data, count * sizeof(*data));
}

/** By names of nvrm/cl: NVMEM_PUSH(p, 4, NVC7B5_LAUNCH_DMA, .SRC_TYPE = 1, .DST_TYPE = 1).
 * Fields that are not named are 0. NVMEM_PUSH_AT is for element i of an array. */
#define NVMEM_PUSH(p, subch, METHOD, ...)                                                      \
    nvmem_push_method((p), (subch), METHOD,                                                    \
                      METHOD##__PACK((struct METHOD##__FIELDS){__VA_ARGS__}))
#define NVMEM_PUSH_AT(p, subch, METHOD, i, ...)                                                \
    nvmem_push_method((p), (subch), METHOD(i),                                                 \
                      METHOD##__PACK((struct METHOD##__FIELDS){__VA_ARGS__}))

/* Decoder */

/** What a stream is read with. All zero is fine: classes become known by SET_OBJECT. */
struct nvmem_push_state {
    const struct nvrm_hw_class
        *host; /* the channel's class; NULL: from the first class that is bound */
    const struct nvrm_hw_class *bound[NVMEM_PUSH_SUBCHANNELS];
    uint16_t bound_id[NVMEM_PUSH_SUBCHANNELS]; /* also of classes that are not known */
};

enum nvmem_push_kind {
    NVMEM_PUSH_CALL,    /* a method gets a word */
    NVMEM_PUSH_NOP,     /* a word of zeros */
    NVMEM_PUSH_SEGMENT, /* end of segment: the rest is not read */
    NVMEM_PUSH_BAD,     /* words that are no headers, or whose data is missing */
};

/** One step of the decoder. */
struct nvmem_push_call {
    enum nvmem_push_kind kind;
    size_t word;     /* where: of the data, of the header without data */
    uint32_t raw;    /* BAD: the word */
    bool truncated;  /* BAD: the data of this header goes past the end */
    const char *why; /* BAD: what is wrong with it; NULL for the data behind a bad header */
    bool first;      /* the first method of its header */
    enum nvmem_push_op op;
    unsigned subch;
    uint32_t method, data;
    uint32_t count;                   /* of the header */
    const struct nvrm_hw_class *cl;   /* NULL: the subchannel's class is not known */
    const struct nvrm_hw_class *head; /* cl of the header's first method */
    const struct nvrm_hw_item *item;  /* NULL: cl has no such method */
    unsigned i, j;                    /* its element */
};

struct nvmem_push_reader {
    struct nvmem_push_state *state; /* borrowed; SET_OBJECT changes it */
    const uint32_t *words;
    size_t count, at;
    struct nvmem_push_call run; /* the header in force */
    bool guess_host;            /* from the first class that is bound */
    uint32_t left, bad;         /* words of data to come; of them in bad headers */
};

void nvmem_push_open(struct nvmem_push_reader *r, struct nvmem_push_state *state,
                     const uint32_t *words, size_t count);
/** The next step; false at the end. */
bool nvmem_push_next(struct nvmem_push_reader *r, struct nvmem_push_call *call_out);

#ifdef __cplusplus
}
#endif
#endif
