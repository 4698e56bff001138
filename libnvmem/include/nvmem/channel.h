/* SPDX-License-Identifier: MIT */
/**
 * Channels: rings through which an engine is given work.
 *
 * A channel belongs to a group (TSG): an error stops the group, and no other. Without a group
 * given, a channel makes one of its own. Work is written as dwords (nvmem/push.h) into a push
 * buffer (nvmem_channel_begin() .. _end()) and sent with nvmem_channel_submit(), which gives a
 * fence on the channel's timeline. When push buffer or ring are full, begin and submit wait for
 * the card to come along (back-pressure), at most the device's timeout.
 *
 * One caller at a time per channel; different channels at once from any threads.
 */
#ifndef NVMEM_CHANNEL_H
#define NVMEM_CHANNEL_H

#include <nvmem/fence.h>
#include <nvmem/push.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvmem_group;

/** Subchannels as we use them; software may bind others. */
enum nvmem_subchannel {
    NVMEM_SUBCH_COMPUTE = 1,
    NVMEM_SUBCH_3D = 0,
    NVMEM_SUBCH_COPY = 4,
};

enum nvmem_work {
    NVMEM_WORK_COPY,    /* an asynchronous copy engine; the copy class on NVMEM_SUBCH_COPY */
    NVMEM_WORK_COMPUTE, /* GR0, with a context of its own; compute on NVMEM_SUBCH_COMPUTE, and
                           the copy class on NVMEM_SUBCH_COPY */
    NVMEM_WORK_3D,      /* as compute, with the 3D class on NVMEM_SUBCH_3D too */
};

struct nvmem_group_config {
    enum nvmem_work work;
    uint32_t engine;       /* NV2080_ENGINE_TYPE_*; 0: the first that does this work */
    uint32_t timeslice_us; /* 0: RM's */
    uint32_t priority;     /* NVA06C_CTRL_INTERLEAVE_LEVEL_*: 0 low, 1 medium, 2 high */
};

struct nvmem_channel_config {
    const char *name; /* for messages; copied; NULL: "channel N" */
    enum nvmem_work work;
    uint32_t engine;                 /* as in a group's; ignored with `group` */
    struct nvmem_group *group;       /* borrowed; NULL: one of its own */
    uint32_t timeslice_us, priority; /* of its own group */
    uint32_t ring_entries;           /* a power of two; 0: 512 */
    uint32_t push_bytes;             /* a power of two; 0: 256 KiB */
    bool bare;                       /* make no engine objects and bind no classes */
    bool lint;                       /* check every submission; also nvmem_device_config.lint */
    bool interrupts; /* submissions raise a non-stall interrupt, waits sleep for it (direct) */
};

GSP_MUST_CHECK int nvmem_group_create(struct nvmem_device *dev,
                                      const struct nvmem_group_config *config,
                                      struct nvmem_group **group_out, struct gsp_error *err);
/** -EBUSY while it has channels. NULL is fine. */
int nvmem_group_destroy(struct nvmem_group *g, struct gsp_error *err);
/** Off its runlist as soon as its work can be interrupted: 0, or what RM says. */
GSP_MUST_CHECK int nvmem_group_preempt(struct nvmem_group *g, struct gsp_error *err);

/**
 * @return 0; -ENODEV (no such engine), -EINVAL (sizes), -ENOSPC, -EREMOTEIO, -ENOMEM. Nothing
 *         is left behind then
 */
GSP_MUST_CHECK int nvmem_channel_create(struct nvmem_device *dev,
                                        const struct nvmem_channel_config *config,
                                        struct nvmem_channel **channel_out,
                                        struct gsp_error *err);
/** Waits for its work, unless it failed; then everything goes. 0, or -EBUSY (the work does not
 * end: err says where it hangs; the channel stays). NULL is fine. */
int nvmem_channel_destroy(struct nvmem_channel *ch, struct gsp_error *err);
/** The same without waiting: for a channel that hangs. Work in flight is lost. */
void nvmem_channel_kill(struct nvmem_channel *ch);

const char *nvmem_channel_name(const struct nvmem_channel *ch);
struct nvmem_device *nvmem_channel_device(const struct nvmem_channel *ch);
rm_handle nvmem_channel_handle(const struct nvmem_channel *ch);
struct nvmem_group *nvmem_channel_group(const struct nvmem_channel *ch);
uint32_t nvmem_channel_token(const struct nvmem_channel *ch);
uint32_t nvmem_channel_engine(const struct nvmem_channel *ch);

/* Work */

/**
 * Room for `dwords` of methods, in one piece.
 *
 * @return where to write, or NULL: *err says -EINVAL (more than half of the push buffer),
 *         -ETIMEDOUT (the card does not come along), -EIO (the channel failed)
 */
uint32_t *nvmem_channel_begin(struct nvmem_channel *ch, uint32_t dwords, struct gsp_error *err);
/** What was written ends here: past the last dword, within what begin gave. */
void nvmem_channel_end(struct nvmem_channel *ch, const uint32_t *end);

/** begin, copy, end. */
GSP_MUST_CHECK int nvmem_channel_push(struct nvmem_channel *ch, const uint32_t *dwords,
                                      uint32_t count, struct gsp_error *err);
/** The header of `count` methods in a row: byte offset of the first within its class. */
static inline uint32_t
nvmem_method(uint32_t subchannel, uint32_t method, uint32_t count)
{
    return nvmem_push_header(NVMEM_PUSH_INC, subchannel, method, count);
}
/** The same with all data for one method. */
static inline uint32_t
nvmem_method_fixed(uint32_t subchannel, uint32_t method, uint32_t count)
{
    return nvmem_push_header(NVMEM_PUSH_NONINC, subchannel, method, count);
}
/** One method with its data (13 bits) in the header. */
static inline uint32_t
nvmem_method_immediate(uint32_t subchannel, uint32_t method, uint32_t value)
{
    return nvmem_push_header(NVMEM_PUSH_IMM, subchannel, method, value);
}

/** Bind a class to a subchannel for this channel (SET_OBJECT). */
GSP_MUST_CHECK int nvmem_channel_bind(struct nvmem_channel *ch, uint32_t subchannel,
                                      uint32_t class_id, struct gsp_error *err);
/** Host waits until the semaphore's payload is `value` or later; releases it. Flags of a
 * release: time stamp; whether the engine's work so far is waited for. */
enum nvmem_release_flags { NVMEM_RELEASE_TIME = 1, NVMEM_RELEASE_NO_WAIT = 2 };
GSP_MUST_CHECK int nvmem_channel_acquire(struct nvmem_channel *ch,
                                         const struct nvmem_semaphore *s, uint64_t value,
                                         struct gsp_error *err);
GSP_MUST_CHECK int nvmem_channel_release(struct nvmem_channel *ch,
                                         const struct nvmem_semaphore *s, uint64_t value,
                                         uint32_t flags, struct gsp_error *err);
/** Wait on the card for another channel's fence. */
GSP_MUST_CHECK int nvmem_channel_wait_fence(struct nvmem_channel *ch,
                                            const struct nvmem_fence *f, struct gsp_error *err);
/** The buffer is used by what is written until the next submit: it stays until that is done.
 * -ENOMEM; -EINVAL (without a GPU address, or of another device). */
GSP_MUST_CHECK int nvmem_channel_use(struct nvmem_channel *ch, struct nvmem_buffer *b,
                                     struct gsp_error *err);

/**
 * Send what was written since the last time, and ring the doorbell.
 *
 * @param fence_out  passed when all of it is done; may be NULL
 * @return 0; -EINVAL (nothing was written; or lint found something: err names method and
 *         address; what was written is thrown away), -ETIMEDOUT (the ring stays full), -EIO
 *         (the channel failed)
 */
GSP_MUST_CHECK int nvmem_channel_submit(struct nvmem_channel *ch, struct nvmem_fence *fence_out,
                                        struct gsp_error *err);
/** Throw away what was written since the last submit. */
void nvmem_channel_abandon(struct nvmem_channel *ch);
/** The fence of the last submission; done when there was none. */
struct nvmem_fence nvmem_channel_last(const struct nvmem_channel *ch);
/** Wait for everything that was submitted. As nvmem_fence_wait(). */
GSP_MUST_CHECK int nvmem_channel_idle(struct nvmem_channel *ch, uint64_t timeout_ns,
                                      struct gsp_error *err);
/** 0, or -EIO when an error stopped the channel: the Xid in words, with the address of an MMU
 * fault. */
GSP_MUST_CHECK int nvmem_channel_check(struct nvmem_channel *ch, struct gsp_error *err);

struct nvmem_channel_stat {
    uint64_t submitted, done;    /* on the timeline */
    uint64_t push_dwords, waits; /* waits: for room */
    uint32_t get, put, entries;  /* of the ring */
    uint32_t xid;                /* 0: alive */
};
void nvmem_channel_stat(struct nvmem_channel *ch, struct nvmem_channel_stat *stat_out);

/** Every channel of a device in order of age; as nvmem_buffer_each(). */
int nvmem_channel_each(struct nvmem_device *dev, int (*fn)(void *ctx, struct nvmem_channel *ch),
                       void *ctx);

#ifdef __cplusplus
}
#endif
#endif
