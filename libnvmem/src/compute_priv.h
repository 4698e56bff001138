/* SPDX-License-Identifier: MIT */
/*
 * What contexts, modules and launches share.
 */
#ifndef NVMEM_COMPUTE_PRIV_H
#define NVMEM_COMPUTE_PRIV_H

#include <nvmem/compute.h>
#include <nvmem/qmd.h>

/* Where code sees shared and local memory: addresses that are known to work on cards of every
 * generation (from Hopper on the shared window is a multiple of 4 GiB), far above what address
 * spaces give out. */
#define NVMEM_SHARED_WINDOW UINT64_C(0x729400000000)
#define NVMEM_LOCAL_WINDOW  UINT64_C(0x729300000000)

enum {
    COMPUTE_FLIGHTS = 512, /* launches whose memory is not taken back yet */
    COMPUTE_NAME_MAX = 48,
    COMPUTE_PREFETCH = 4096, /* the card may read this far past code */
};

struct nvmem_function {
    struct nvmem_module *module;
    const struct nvmem_cubin_kernel *kernel;
    uint64_t code_va;
    unsigned max_threads;
};

struct nvmem_module {
    struct nvmem_compute *compute;
    const struct nvmem_cubin *cubin; /* borrowed */
    struct nvmem_buffer *buffer;
    uint64_t *section_va;             /* 0: not loaded */
    struct nvmem_function *functions; /* one a kernel */
    struct nvmem_module *next;        /* of the context */
};

/* A launch that was sent: its piece of the ring and its fence. */
struct compute_flight {
    uint32_t begin, end;
    struct nvmem_fence fence;
    char kernel[COMPUTE_NAME_MAX];
};

struct nvmem_compute {
    struct nvmem_device *dev;
    struct nvmem_channel *channel;
    const struct gsp_host *host;
    char name[COMPUTE_NAME_MAX];
    uint32_t compute_class, sass_version;
    struct nvmem_compute_limits limits;
    unsigned tpcs, sms_per_tpc; /* as many as the card could have: local memory is by these */
    uint32_t stack_bytes;

    struct nvmem_buffer *local;
    uint32_t local_bytes; /* per thread */
    uint64_t local_tpc_bytes;

    struct nvmem_buffer *ring;
    uint8_t *ring_cpu;
    uint32_t ring_bytes, ring_head;
    struct compute_flight flights[COMPUTE_FLIGHTS];
    unsigned flight_first, flight_count;

    unsigned modules;
    struct nvmem_module *first; /* module */
    rm_handle debugger;         /* GT200_DEBUGGER; 0: none */
    struct nvmem_compute_fault fault;
    bool fault_known;
    uint64_t launches;
    bool windows_sent, local_sent, code_is_new;
};

/* A piece of the ring, 256-aligned; waits for older launches when it is full. */
int nvmem_compute_ring_take(struct nvmem_compute *c, uint32_t bytes, uint32_t *off_out,
                            struct gsp_error *err);
/* That piece belongs to this fence from now on. */
void nvmem_compute_ring_sent(struct nvmem_compute *c, uint32_t begin, uint32_t end,
                             const struct nvmem_fence *fence, const char *kernel);
/* The kernel of the first launch that is not done, or NULL. */
const char *nvmem_compute_ring_kernel(const struct nvmem_compute *c);
/* A debugger session, which keeps what an SM says of an error; without one nothing is lost but
 * that. */
void nvmem_compute_fault_open(struct nvmem_compute *c);
void nvmem_compute_fault_close(struct nvmem_compute *c);
/* Local memory of at least so many bytes per thread. */
int nvmem_compute_local_grow(struct nvmem_compute *c, uint32_t bytes, struct gsp_error *err);

#endif
