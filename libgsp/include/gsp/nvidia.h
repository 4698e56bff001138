/* SPDX-License-Identifier: MIT */
/**
 * RM behind Linux's nvidia.ko: a backend over the ioctls of /dev/nvidiactl and /dev/nvidiaN.
 *
 * The kernel module boots the card and keeps GSP-RM to itself; a client speaks to the module,
 * whose ioctls (escapes, NV_ESC_*) and their structs come from the schema at the module's
 * release. What the module does on its own (page directories, context buffers, INTERNAL
 * controls) it refuses to clients. One caller at a time.
 */
#ifndef GSP_NVIDIA_H
#define GSP_NVIDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <gsp/backend.h>
#include <gsp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** System calls, so that a test or a sandbox can stand in for the kernel. Every function
 * returns what the call returns, or a negative errno. NULL means the real ones. */
struct gsp_nvidia_os {
    void *ctx;
    int (*open)(void *ctx, const char *path, int flags);
    int (*close)(void *ctx, int fd);
    int (*ioctl)(void *ctx, int fd, unsigned long request, void *arg);
    /** -EAGAIN after timeout_ms (-1: none); 0 when fd has an event. */
    int (*poll)(void *ctx, int fd, int timeout_ms);
    /** The address, or NULL with *rc_out. */
    void *(*map)(void *ctx, int fd, size_t bytes, bool writable, int *rc_out);
    int (*unmap)(void *ctx, void *at, size_t bytes);
    /** A small text file; the bytes that were read, without a NUL. */
    ssize_t (*read)(void *ctx, const char *path, char *text, size_t bytes);
};

struct gsp_nvidia_config {
    unsigned gpu; /* index among the cards that the module drives, by minor number */
    /** The release to speak, or release NVRM_NO_RELEASE to take the module's. One that is not
     * the module's is refused unless `force` says otherwise. */
    struct nvrm_abi abi;
    bool force;
    const struct gsp_nvidia_os *os; /* borrowed; NULL: the kernel */
    const struct gsp_host *host;    /* borrowed; NULL: libc */
};

/**
 * Open the module and one card: version check, card list, /dev/nvidiaN registered with the
 * control descriptor.
 *
 * @return 0; -ENODEV (no module, no node, no such card; the error says which), -EACCES (the
 *         hint names the group or the mode), -ENOTSUP (a release that the schema does not know;
 *         the hint names the nearest), -EINVAL (another release than the module's), -EMFILE,
 *         -ENOMEM
 */
GSP_MUST_CHECK int gsp_nvidia_open(const struct gsp_nvidia_config *config,
                                   struct gsp_backend **backend_out, struct gsp_error *err);

/* Beyond the table: calls of the module that other backends have not. `b` must be one that
 * gsp_nvidia_open() made. Each fails with -EREMOTEIO and RM's status, -ENODEV for a lost card,
 * or the module's errno. */

/** alloc() in the form that asks for access rights: bits of RS_ACCESS_*; 0: none. */
GSP_MUST_CHECK int gsp_nvidia_alloc_rights(struct gsp_backend *b, uint32_t hClient,
                                           uint32_t hParent, uint32_t hObject, uint32_t hClass,
                                           void *params, uint32_t bytes, uint32_t rights,
                                           struct gsp_error *err);
/** A memory object over pages of this process, which stay the caller's and must outlive it.
 * Address and size in whole pages, else -EINVAL. */
GSP_MUST_CHECK int gsp_nvidia_alloc_pages(struct gsp_backend *b, uint32_t hClient,
                                          uint32_t hDevice, uint32_t hObject, void *at,
                                          uint64_t bytes, struct gsp_error *err);
/** Wait until a channel has nothing left to do: NV_ERR_TIMEOUT when it takes too long. */
GSP_MUST_CHECK int gsp_nvidia_idle_channel(struct gsp_backend *b, uint32_t hClient,
                                           uint32_t hDevice, uint32_t hChannel,
                                           uint32_t timeout_us, struct gsp_error *err);
/** The caller has moved what map() gave out (mremap): RM and unmap() know it by `to` now. */
GSP_MUST_CHECK int gsp_nvidia_mapping_moved(struct gsp_backend *b, void *from, void *to,
                                            struct gsp_error *err);
/** Keep cards up for as long as the backend is open, by gpu_id; once per backend. */
GSP_MUST_CHECK int gsp_nvidia_attach(struct gsp_backend *b, const uint32_t *gpu_ids,
                                     unsigned count, struct gsp_error *err);
/** /dev/nvidia-caps/nvidia-cap<minor>, which controls take as a proof of a right. The caller
 * closes it. */
GSP_MUST_CHECK int gsp_nvidia_open_capability(struct gsp_backend *b, unsigned minor,
                                              int *fd_out, struct gsp_error *err);

/** The module's release as it says itself ("570.144"), through the control node, or through
 * /proc and /sys when the node cannot be opened. Same errors as gsp_nvidia_open(). */
GSP_MUST_CHECK int gsp_nvidia_release(const struct gsp_nvidia_os *os, char *text, size_t bytes,
                                      struct gsp_error *err);

/** One card as the module lists it. */
struct gsp_nvidia_card {
    uint32_t gpu_id; /* NV0000_CTRL_CMD_GPU_* call it gpuId */
    uint32_t minor;  /* /dev/nvidia<minor> */
    uint32_t domain;
    uint8_t bus, slot, function;
    uint16_t vendor, device;
    uint32_t irq;
    uint64_t bar0, bar0_bytes, bar1, bar1_bytes; /* registers, frame buffer */
};
#define GSP_NVIDIA_CARDS_MAX 32 /* NV_MAX_DEVICES */

/** The cards that the module drives, by minor number, without starting any of them. rows: room
 * for GSP_NVIDIA_CARDS_MAX. Same errors as gsp_nvidia_open(). */
GSP_MUST_CHECK int gsp_nvidia_list(const struct gsp_nvidia_os *os, struct gsp_nvidia_card *rows,
                                   unsigned *count_out, struct gsp_error *err);

/** The cards of an open backend, by minor number. Borrowed until close. */
const struct gsp_nvidia_card *gsp_nvidia_cards(const struct gsp_backend *backend,
                                               unsigned *count_out);
/** The card that was opened. */
const struct gsp_nvidia_card *gsp_nvidia_card(const struct gsp_backend *backend);

#ifdef __cplusplus
}
#endif
#endif
