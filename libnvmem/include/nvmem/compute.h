/* SPDX-License-Identifier: MIT */
/**
 * Launches: kernels of cubins on a card.
 *
 * A compute context is a channel with a compute class, the windows through which code sees
 * shared and local memory, and local memory for every warp that the card can hold. A module is
 * a cubin on the card: code, constant banks and variables, at addresses that its relocations
 * were told. A launch writes a bank 0 (sizes, windows, parameters) and a QMD, and sends it; its
 * fence passes when all blocks are done.
 *
 * What the card would choke on is refused before anything is sent, with the name of the limit:
 * the wrong SM, parameters of another size, too many threads, registers or bytes of shared
 * memory. What fails on the card stops this context's channel and no other; the error names the
 * kernel and, when the card tells it, the address.
 *
 * One caller at a time per context; different contexts at once from any threads.
 */
#ifndef NVMEM_COMPUTE_H
#define NVMEM_COMPUTE_H

#include <nvmem/channel.h>
#include <nvmem/cubin.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvmem_compute;
struct nvmem_module;
struct nvmem_function;

/** What a card can do. Threads and blocks in numbers, memory in bytes. */
struct nvmem_compute_limits {
    unsigned sm;                   /* 75, 80, 86, 89, 90, 100, 120 */
    unsigned sm_count;             /* SMs of the card */
    unsigned warps_per_sm;         /* resident */
    unsigned blocks_per_sm;        /* resident */
    unsigned threads_per_block;    /* 1024 */
    unsigned block[3];             /* 1024 1024 64 */
    uint32_t grid[3];              /* 2^31-1 65535 65535 */
    unsigned registers_per_sm;     /* 65536 */
    unsigned registers_per_thread; /* 255 */
    uint32_t shared_per_sm;
    uint32_t shared_per_block; /* with what the driver reserves, where it does */
    uint32_t shared_reserved;  /* 1024 from Hopper on, else 0 */
    unsigned cluster_blocks;   /* 0: no clusters */
    uint32_t param_bytes;
};

/** By SM; sm_count 0. NULL for an SM that launches do not know. */
const struct nvmem_compute_limits *nvmem_compute_limits_of(unsigned sm);
/** The SM version of a chip (NV2080_CTRL_MC_ARCH_INFO_*), 0 when unknown. */
unsigned nvmem_compute_sm_of(uint32_t architecture, uint32_t implementation);

/** What the card of a device can do, its SMs counted. As nvmem_compute_create(). */
GSP_MUST_CHECK int nvmem_compute_ask(struct nvmem_device *dev,
                                     struct nvmem_compute_limits *limits_out,
                                     struct gsp_error *err);

struct nvmem_compute_config {
    const char *name;     /* for messages; copied; NULL: "compute" */
    uint32_t stack_bytes; /* per thread, for kernels that do not say theirs; 0: 1024 */
    uint32_t ring_bytes;  /* for banks and QMDs of launches in flight; 0: 1 MiB */
    bool lint;            /* as in nvmem_channel_config */
};

/**
 * @return 0; -ENOTSUP (a chip without a compute class that we know), or as
 *         nvmem_channel_create()
 */
GSP_MUST_CHECK int nvmem_compute_create(struct nvmem_device *dev,
                                        const struct nvmem_compute_config *config,
                                        struct nvmem_compute **compute_out,
                                        struct gsp_error *err);
/** Waits for its launches, unless one failed. Modules go first: -EBUSY while there are some.
 * NULL is fine. */
int nvmem_compute_destroy(struct nvmem_compute *compute, struct gsp_error *err);
/** Give up launches in flight, for a context that hangs or failed: its channel is killed, and
 * nothing can be launched any more. */
void nvmem_compute_kill(struct nvmem_compute *compute);

const struct nvmem_compute_limits *nvmem_compute_limits(const struct nvmem_compute *compute);
/** For work of one's own between launches, such as copies on its timeline. */
struct nvmem_channel *nvmem_compute_channel(const struct nvmem_compute *compute);
struct nvmem_device *nvmem_compute_device(const struct nvmem_compute *compute);

/**
 * Put a cubin on the card.
 *
 * @param cubin  borrowed until the module is unloaded
 * @return 0; -ENOEXEC (made for an SM that this card is not), -ENOENT (it needs a symbol that
 *         nobody defines: named), -ENOTSUP (a relocation of a kind that linked code has not),
 *         -ENOSPC, -ENOMEM
 */
GSP_MUST_CHECK int nvmem_module_load(struct nvmem_compute *compute,
                                     const struct nvmem_cubin *cubin,
                                     struct nvmem_module **module_out, struct gsp_error *err);
/** -EBUSY while a launch of it is in flight. NULL is fine. */
int nvmem_module_unload(struct nvmem_module *module, struct gsp_error *err);
const struct nvmem_cubin *nvmem_module_cubin(const struct nvmem_module *module);
/** A kernel by name: the module's, good until it is unloaded. -ENOENT. */
GSP_MUST_CHECK int nvmem_module_function(struct nvmem_module *module, const char *name,
                                         struct nvmem_function **function_out,
                                         struct gsp_error *err);
/** A variable by name, where it lies on the card. -ENOENT; bytes_out may be NULL. */
GSP_MUST_CHECK int nvmem_module_global(const struct nvmem_module *module, const char *name,
                                       uint64_t *gpu_va_out, uint64_t *bytes_out,
                                       struct gsp_error *err);
/** The buffer that holds all of a module: variables are read and written in it at their address
 * minus the buffer's. */
struct nvmem_buffer *nvmem_module_buffer(const struct nvmem_module *module);

const struct nvmem_cubin_kernel *nvmem_function_kernel(const struct nvmem_function *function);
struct nvmem_module *nvmem_function_module(const struct nvmem_function *function);
/** Where its first instruction lies. */
uint64_t nvmem_function_gpu_va(const struct nvmem_function *function);
/** Threads of a block that registers and launch bounds allow. */
unsigned nvmem_function_max_threads(const struct nvmem_function *function);

struct nvmem_launch {
    uint32_t grid[3];      /* blocks; 0 is 1 */
    uint32_t block[3];     /* threads of a block; 0 is 1 */
    uint32_t cluster[3];   /* blocks of a cluster; 0 0 0: what the kernel says, else none */
    uint32_t shared_bytes; /* dynamic, beside what the kernel has */
    const void *params;    /* as the kernel lays them out: kernel->params; borrowed */
    uint32_t param_bytes;  /* kernel->param_bytes */
    struct nvmem_buffer *const *buffers; /* what it reads and writes: held until it is done */
    unsigned buffer_count;
};

/** Would this launch be taken? As nvmem_launch(), without sending anything. */
GSP_MUST_CHECK int nvmem_launch_check(const struct nvmem_function *function,
                                      const struct nvmem_launch *launch, struct gsp_error *err);
/**
 * Send a launch. Launches of one context run in order.
 *
 * @param fence_out  passes when all blocks are done; may be NULL
 * @return 0; -EINVAL (a limit, by name), -EIO (the channel failed before), -ETIMEDOUT (earlier
 *         launches do not end), -ENOSPC (no memory for the stacks), -ENOMEM
 */
GSP_MUST_CHECK int nvmem_launch(struct nvmem_function *function,
                                const struct nvmem_launch *launch,
                                struct nvmem_fence *fence_out, struct gsp_error *err);
/**
 * Wait for a launch's fence.
 *
 * @param timeout_ns  0: the device's
 * @return 0; -ETIMEDOUT, -EIO: err names the kernel and what the card said of it
 */
GSP_MUST_CHECK int nvmem_launch_wait(struct nvmem_compute *compute,
                                     const struct nvmem_fence *fence, uint64_t timeout_ns,
                                     struct gsp_error *err);

/** What an SM's error registers say of the launch that stopped the context. */
struct nvmem_compute_fault {
    unsigned sm;                     /* number of the SM */
    uint32_t warp_esr;               /* HWW_WARP_ESR */
    const char *reason;              /* "illegal instruction"; static */
    uint64_t pc;                     /* address of the instruction; 0: not told */
    uint64_t address;                /* of what it touched; 0: not told */
    struct nvmem_function *function; /* whose code pc is in; NULL: nobody's */
    uint64_t offset;                 /* of pc from the function's first instruction */
    const uint8_t *instruction; /* its 16 bytes, as the cubin has them; NULL without function */
};
/** After -EIO. False when no SM reports an error, or the path has no debugger sessions. */
bool nvmem_compute_fault(struct nvmem_compute *compute, struct nvmem_compute_fault *fault_out);
/** Wait for all launches and whatever else the channel was given. As nvmem_launch_wait(). */
GSP_MUST_CHECK int nvmem_compute_idle(struct nvmem_compute *compute, uint64_t timeout_ns,
                                      struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
