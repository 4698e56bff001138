/* SPDX-License-Identifier: MIT */
/* A channel's insides. */
#ifndef NVMEM_CHANNEL_PRIV_H
#define NVMEM_CHANNEL_PRIV_H

#include <nvmem/channel.h>
#include <nvmem/push.h>
#include <nvrm/cl/clc46f.h>

#include "buffer_priv.h"

/* What RM and the CPU share with a channel, in one buffer of coherent memory: the error
 * notifier, USERD, the timeline, the ring, the push buffer. */
enum {
    NVMEM_AT_NOTIFIER = 0, /* where RM looks for it: at the start of the object */
    NVMEM_AT_TIMELINE = 0x800,
    NVMEM_AT_USERD = 0x1000,
    NVMEM_AT_RING = 0x2000,
    NVMEM_USERD_BYTES = 0x200,
    NVMEM_USERD_GET = 0x88, /* of the control structure, clc46f.h */
    NVMEM_USERD_PUT = 0x8c,
    NVMEM_TAIL_DWORDS = 16, /* what submit puts behind the caller's work */
    NVMEM_DOORBELL = 0x90,  /* in the usermode page, clc361.h */
};

struct nvmem_semaphore {
    struct nvmem_device *dev;
    struct nvmem_piece piece;
    struct nvmem_semaphores *from; /* NULL: part of a channel */
    _Atomic uint64_t *cpu;         /* payload, time */
    uint64_t gpu_va;
};

struct nvmem_group {
    struct nvmem_device *dev;
    rm_handle handle, share; /* context share: graphics alone */
    enum nvmem_work work;
    uint32_t engine, runlist;
    atomic_uint channels;
};

enum { NVMEM_LINT_WORDS = 0x760 / 4, NVMEM_COPY_CLASS = 0xc7b5 };

/* What lint knows of a channel: the classes that are bound, and what was given to them. */
struct nvmem_lint {
    struct nvmem_push_state state;
    uint32_t copy[NVMEM_LINT_WORDS]; /* by method / 4 */
    uint32_t sem_lo, sem_hi;
};

/* How far push buffer and ring are in use once a value of the timeline is reached. */
struct nvmem_mark {
    uint64_t push, entry;
};

struct nvmem_channel {
    struct nvmem_link link; /* first: dev->channels */
    struct nvmem_device *dev;
    uint64_t id; /* never used again */
    char name[32];
    enum nvmem_work work;
    bool bare, own_group, interrupts;
    struct nvmem_group *group;
    rm_handle handle;
    uint32_t token;
    uint32_t vector; /* of the engine's non-stall interrupt; UINT32_MAX: waits poll */

    struct nvmem_buffer *memory;   /* see above */
    struct nvmem_buffer *instance; /* instance block and method buffer (direct) */
    struct nvmem_lint *lint_state; /* NULL: no checks */
    struct nvmem_gr_context *gr;   /* context buffers (direct, graphics) */
    uint8_t *cpu;
    volatile uint32_t *doorbell; /* NULL: a register of the bus */

    /* The ring: entries are counted from the start of time. */
    volatile uint64_t *ring;
    _Atomic uint32_t *gp_put;
    const _Atomic uint32_t *gp_get;
    uint32_t entries;
    uint64_t put, published;

    /* The push buffer: dwords are counted likewise. Work is written from head on, and was sent
     * up to start; what lies before tail is free again. head may go up to limit. */
    uint32_t *push;
    uint64_t push_va, push_dwords;
    uint64_t head, start, tail, limit;

    struct nvmem_semaphore timeline;
    _Atomic uint64_t submitted;
    struct nvmem_mark *marks; /* by value modulo entries */
    atomic_bool dirty;        /* something was written and not sent */
    uint64_t waits;
    _Atomic uint32_t xid; /* of the error that stopped it */
};

/* channel_rm.c: what RM makes of it */
int nvmem_channel_rm_create(struct nvmem_channel *ch, struct gsp_error *err);
void nvmem_channel_rm_destroy(struct nvmem_channel *ch);

/* channel_error.c */
/** The Xid of the error that stopped it; 0: none. One read of memory. */
uint32_t nvmem_channel_xid(struct nvmem_channel *ch);
int nvmem_channel_explain(struct nvmem_channel *ch, struct gsp_error *err);

/* gr.c: contexts of graphics on the direct path */
int nvmem_gr_context_create(struct nvmem_channel *ch, struct gsp_error *err);
/** The channel is there: RM is told. */
int nvmem_gr_context_promote(struct nvmem_channel *ch, struct gsp_error *err);
void nvmem_gr_context_destroy(struct nvmem_channel *ch);

/* irq.c */
void nvmem_irq_open(struct nvmem_channel *ch);
/** Sleep until an interrupt, at most a slice. False: this channel has none. */
bool nvmem_irq_wait(struct nvmem_channel *ch, uint64_t slice_ns);

/* fence.c */
/** Wait until *payload is `value` or more. ch may be NULL. -ETIMEDOUT has no text. */
int nvmem_wait_value(struct nvmem_device *dev, const _Atomic uint64_t *payload, uint64_t value,
                     struct nvmem_channel *ch, uint64_t timeout_ns);

/* lint.c */
int nvmem_lint_create(struct nvmem_channel *ch, struct gsp_error *err);
/** Look at what was written since the last submission, as the card would read it. */
int nvmem_lint_submission(struct nvmem_channel *ch, struct gsp_error *err);

#endif
