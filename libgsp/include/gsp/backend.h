/* SPDX-License-Identifier: MIT */
/**
 * The backend: what RM is, as a table of operations. Parameters are always in the wire layout
 * of `abi`.
 *
 * One caller at a time. A backend is opened by its own function (gsp_rm_open() for GSP-RM
 * behind queues) and closed through its table. Every call waits for the answer or for the
 * backend's deadline.
 */
#ifndef GSP_BACKEND_H
#define GSP_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/error.h>
#include <nvrm/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gsp_backend;

/** An event that RM sent on its own: an RPC event with its payload in wire layout. */
struct gsp_event {
    uint32_t function; /* 0x1003 POST_EVENT, 0x1006 OS_ERROR_LOG, ... */
    uint32_t rpc_result;
    uint64_t time_ns; /* when it was taken from the queue, host clock */
    uint64_t lost;    /* events dropped just before this one: nobody had read the queue */
    size_t payload_bytes;
    const void *payload; /* borrowed until the next event_next() or close */
};

/** A CPU mapping to make. */
struct gsp_map {
    uint32_t hClient, hDevice, hMemory; /* hDevice: the device or subdevice */
    uint64_t offset, bytes;             /* bytes: multiples of the CPU's page */
    uint32_t flags;                     /* NVOS33_FLAGS_* */
    bool system;                        /* the memory lies in system memory, not on the card */
};

/** A mapping in a GPU address space. */
struct gsp_map_dma {
    uint32_t hClient, hDevice, hDma, hMemory; /* hDma: virtual memory */
    uint64_t offset, bytes;
    uint32_t flags;  /* NVOS46_FLAGS_* */
    uint64_t gpu_va; /* in: wanted, with a flag that says so; out: where it is */
};

struct gsp_backend_ops {
    const char *name;

    /** Allocate an object under the handle that the caller chose. params may be NULL when
     * params_bytes is 0; updated in place. */
    int (*alloc)(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
                 uint32_t hClass, void *params, uint32_t params_bytes, struct gsp_error *err);
    /** Call a control; params are updated in place, also when RM refuses with a status that
     * copies out. */
    int (*control)(struct gsp_backend *b, uint32_t hClient, uint32_t hObject, uint32_t cmd,
                   void *params, uint32_t params_bytes, struct gsp_error *err);
    /** Free an object and all below it. */
    int (*free)(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
                struct gsp_error *err);
    /** Duplicate hObjectSrc of hClientSrc as hObject under hParent of hClient. */
    int (*dup)(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
               uint32_t hClientSrc, uint32_t hObjectSrc, uint32_t flags, struct gsp_error *err);

    /** Optional: one raw RPC. reply_bytes_out may exceed what fitted into reply. A non-zero
     * rpc_result is an RM error. */
    int (*rpc)(struct gsp_backend *b, uint32_t function, const void *payload,
               size_t payload_bytes, void *reply, size_t reply_cap, size_t *reply_bytes_out,
               struct gsp_error *err);
    /** Optional: the next event. 0; -EAGAIN when none came within timeout_ns (0: only look). */
    int (*event_next)(struct gsp_backend *b, struct gsp_event *event_out, uint64_t timeout_ns,
                      struct gsp_error *err);

    /* Optional: what a backend with rights of its own can do. */

    /** A client whose handle RM chooses: in place of alloc() of NV01_ROOT. */
    int (*open_client)(struct gsp_backend *b, uint32_t *hClient_out, struct gsp_error *err);
    /** Map a memory object (or a range of registers) into this process. */
    int (*map)(struct gsp_backend *b, const struct gsp_map *map, void **at_out,
               struct gsp_error *err);
    int (*unmap)(struct gsp_backend *b, void *at, struct gsp_error *err);
    /** Map a memory object into a GPU address space. */
    int (*map_dma)(struct gsp_backend *b, struct gsp_map_dma *map, struct gsp_error *err);
    int (*unmap_dma)(struct gsp_backend *b, const struct gsp_map_dma *map,
                     struct gsp_error *err);
    /** Tie an object to a new descriptor that another process may have, and the reverse:
     * hObject under hParent. */
    int (*export_fd)(struct gsp_backend *b, uint32_t hClient, uint32_t hDevice,
                     uint32_t hObject, int *fd_out, struct gsp_error *err);
    int (*import_fd)(struct gsp_backend *b, int fd, uint32_t hClient, uint32_t hDevice,
                     uint32_t hParent, uint32_t hObject, struct gsp_error *err);

    void (*close)(struct gsp_backend *b);
};

/** Embedded first in every implementation. */
struct gsp_backend {
    const struct gsp_backend_ops *ops;
    struct nvrm_abi abi;
    struct gsp_backend *behind; /* what a recorder passes calls on to; else NULL */
};

#ifdef __cplusplus
}
#endif
#endif
