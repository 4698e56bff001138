/* SPDX-License-Identifier: MIT */
/*
 * A vfio-user connection from the client's end: one request at a time.
 */
#ifndef VFIO_USER_PRIV_H
#define VFIO_USER_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VFU_VERSION = 1,
    VFU_DMA_MAP = 2,
    VFU_DMA_UNMAP = 3,
    VFU_GET_INFO = 4,
    VFU_GET_IRQ_INFO = 7,
    VFU_SET_IRQS = 8,
    VFU_REGION_READ = 9,
    VFU_REGION_WRITE = 10,
    VFU_RESET = 13,
};

struct vfu_link {
    int fd; /* -1: the server is gone */
    uint16_t next_id;
    uint64_t timeout_ns;
};

struct vfu_call {
    uint16_t command;
    int send_fd; /* -1: none */
    const void *body;
    uint32_t body_bytes;
    void *reply; /* what does not fit is dropped */
    uint32_t reply_cap, reply_bytes;
};

/** 0 or a negative errno of connect(). */
int vfu_link_open(struct vfu_link *l, const char *path, uint64_t timeout_ns);
void vfu_link_close(struct vfu_link *l);
/** 0, the server's refusal as a negative errno, or -ENODEV, -ETIMEDOUT, -EPROTO when the link
 * is over; it is closed then. */
int vfu_call(struct vfu_link *l, struct vfu_call *call);
/** Something came in without being asked for: answer it. -ENODEV when the server hung up. */
int vfu_link_attend(struct vfu_link *l);

#endif
