/* SPDX-License-Identifier: MIT */
/**
 * Semaphores and fences: how the CPU and channels wait for each other.
 *
 * A semaphore is 16 bytes of coherent memory: a 64-bit payload that only grows (a timeline),
 * and the time of the last release that asked for it. A fence is a value on the timeline of a
 * channel, or of any semaphore. Any thread may call.
 */
#ifndef NVMEM_FENCE_H
#define NVMEM_FENCE_H

#include <nvmem/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvmem_channel;
struct nvmem_semaphore;

/** Plain data: copy it freely. Good as long as its semaphore or channel is. */
struct nvmem_fence {
    struct nvmem_semaphore *semaphore;
    struct nvmem_channel *channel; /* whose error ends a wait; NULL: nobody's */
    uint64_t value;
};

GSP_MUST_CHECK int nvmem_semaphore_create(struct nvmem_device *dev, uint64_t value,
                                          struct nvmem_semaphore **semaphore_out,
                                          struct gsp_error *err);
/** NULL is fine. Nothing may wait for it or release it any more. */
void nvmem_semaphore_destroy(struct nvmem_semaphore *s);
uint64_t nvmem_semaphore_gpu_va(const struct nvmem_semaphore *s);
uint64_t nvmem_semaphore_value(const struct nvmem_semaphore *s);
/** GPU nanoseconds of the last release with a time stamp; 0: none yet. */
uint64_t nvmem_semaphore_time_ns(const struct nvmem_semaphore *s);
/** The CPU's release. What blocks on the card may go on. */
void nvmem_semaphore_signal(struct nvmem_semaphore *s, uint64_t value);

/** Whether the fence was passed: one read of memory. */
bool nvmem_fence_done(const struct nvmem_fence *f);
/**
 * Wait for a fence: a short spin, then interrupts where the path has them, else polling with
 * growing naps.
 *
 * @param timeout_ns  0: the device's
 * @return 0; -ETIMEDOUT (err names channel, value and what the timeline shows), -EIO (the
 *         channel failed: err names the Xid, and the address of an MMU fault)
 */
GSP_MUST_CHECK int nvmem_fence_wait(const struct nvmem_fence *f, uint64_t timeout_ns,
                                    struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
