/* SPDX-License-Identifier: MIT */
/*
 * What the files of libcuda share: the one card of the process, contexts, and memory by
 * address.
 *
 * The API has no handle for the process's state, so there is one, behind one lock: every entry
 * point takes it, does its work and gives it back. Work of a context runs in order on its
 * channel, whatever stream it is given to, which is what streams allow and not more.
 */
#ifndef NVRM_CUDA_PRIV_H
#define NVRM_CUDA_PRIV_H

#include <pthread.h>
#include <stdbool.h>

#include <nvmem/compute.h>

#include "nvrm_cuda.h"

#define EXPORT __attribute__((visibility("default")))

enum {
    CUDA_VERSION_SPOKEN = 13000, /* cuDriverGetVersion */
    CUDA_SHARED_DEFAULT = 48 << 10,
};

struct emu_gpu;

/* The card behind NVRM_TRANSPORT: cuda_card.c. */
struct cuda_card {
    struct emu_gpu *gpu;
    struct gsp_bus *bus; /* of vfio-user; the emulated card's is its own */
    uint8_t *firmware[GSP_FW_ROLES];
    struct gsp_backend *backend;
    struct rm_client *client;
    struct nvmem_device *dev;
};
int cuda_card_open(struct cuda_card *card, const char *transport, struct gsp_error *err);
void cuda_card_close(struct cuda_card *card);

struct CUctx_st {
    struct nvmem_compute *compute;
    CUresult failed; /* what a launch did to it: all later calls say the same */
    unsigned uses;   /* of the primary one */
    bool primary;
    CUmodule modules;
    CUcontext next;
};

/* Memory that has an address: allocations, modules' variables, host memory. */
struct cuda_memory {
    uint64_t va, bytes;
    struct nvmem_buffer *buffer;
    void *host; /* cuMemAllocHost */
    bool module;
    CUcontext context; /* which takes it along when it goes */
};

struct cuda_state {
    pthread_mutex_t lock;
    bool ready;
    CUresult init;
    struct cuda_card card;
    struct nvmem_compute_limits limits;
    CUcontext contexts, primary;
    struct cuda_memory *memory; /* by va */
    size_t memory_count, memory_room;
};
extern struct cuda_state cuda_state;

/* Enter and leave: a macro pair would hide the lock, so each entry point names both. enter()
 * gives CUDA_SUCCESS and the lock, or why not and no lock. */
CUresult cuda_enter(void);                           /* after cuInit */
CUresult cuda_enter_context(CUcontext *context_out); /* with a current context that works */
CUresult cuda_leave(CUresult result);                /* returns it */

/* The result for an error, which is logged under NVRM_CUDA_LOG. */
CUresult cuda_fail(int rc, const struct gsp_error *err);
CUresult cuda_say(CUresult result, const char *what);
/* The same for work of a context: a failed channel fails the context for good. */
CUresult cuda_fail_context(CUcontext context, int rc, const struct gsp_error *err);
/* Wait for everything that a context was given. */
CUresult cuda_idle(CUcontext context);
CUcontext cuda_current(void);

int cuda_memory_add(const struct cuda_memory *memory);
void cuda_memory_drop(struct cuda_memory *memory);
/* Everything of a context, none of whose work runs any more. */
void cuda_memory_drop_all(CUcontext context);
void cuda_modules_drop_all(CUcontext context);
/* What holds [va, va + bytes), or NULL. */
struct cuda_memory *cuda_memory_find(uint64_t va, uint64_t bytes);

#endif
