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

/** The cards of an open backend, by minor number. Borrowed until close. */
const struct gsp_nvidia_card *gsp_nvidia_cards(const struct gsp_backend *backend,
                                               unsigned *count_out);
/** The card that was opened. */
const struct gsp_nvidia_card *gsp_nvidia_card(const struct gsp_backend *backend);

#ifdef __cplusplus
}
#endif
#endif
