/* SPDX-License-Identifier: MIT */
/*
 * The backend over nvidia.ko: its state, and the escapes that its parts share.
 */
#ifndef NVIDIA_PRIV_H
#define NVIDIA_PRIV_H

#include <gsp/nvidia.h>

#include "wire_set_priv.h"

#define NVIDIA_CTL_PATH "/dev/nvidiactl"

/** The escapes in use; their numbers and structs come from the schema. */
enum nvidia_escape {
    ESC_CHECK_VERSION_STR,
    ESC_CARD_INFO,
    ESC_REGISTER_FD,
    ESC_ATTACH_GPUS_TO_FD,
    ESC_ALLOC_OS_EVENT,
    ESC_FREE_OS_EVENT,
    ESC_RM_ALLOC,
    ESC_RM_FREE,
    ESC_RM_CONTROL,
    ESC_RM_DUP_OBJECT,
    ESC_RM_MAP_MEMORY,
    ESC_RM_UNMAP_MEMORY,
    ESC_RM_MAP_MEMORY_DMA,
    ESC_RM_UNMAP_MEMORY_DMA,
    ESC_RM_GET_EVENT_DATA,
    ESC_RM_ALLOC_MEMORY,
    ESC_RM_IDLE_CHANNELS,
    ESC_RM_UPDATE_DEVICE_MAPPING_INFO,
    NVIDIA_ESCAPES,
};

enum { ESCAPE_BYTES_MAX = 128 }; /* of one struct: the largest in use is 72 */

/** A struct of an escape on its way down. */
struct nvidia_call {
    enum nvidia_escape escape;
    struct wire w;
    uint8_t data[ESCAPE_BYTES_MAX] __attribute__((aligned(8)));
};

struct nvidia_mapping {
    void *at;
    uint64_t bytes, linear; /* linear: RM's own name for the mapping */
    uint32_t hClient, hDevice, hMemory;
    struct nvidia_mapping *next;
};

/** The descriptor that gets the events of one client. */
struct nvidia_events {
    uint32_t client;
    int fd;
};
enum { NVIDIA_EVENT_CLIENTS = 16 };

struct nvidia {
    struct gsp_backend base;
    const struct gsp_host *host;
    struct gsp_nvidia_os os;
    uint32_t escape[NVIDIA_ESCAPES];
    int ctl_fd, gpu_fd;
    struct nvidia_events events[NVIDIA_EVENT_CLIENTS];
    unsigned event_count, event_turn; /* clients with events; who is asked first next time */
    unsigned card, cards;
    struct gsp_nvidia_card list[GSP_NVIDIA_CARDS_MAX];
    struct nvidia_mapping *mappings;
    uint8_t event_payload[64];
};

/** Numbers of the escapes at this release. */
int nvidia_find_escapes(struct nvidia *n, struct gsp_error *err);
/** An ioctl by its escape; fails with the module's errno, explained. */
int nvidia_ioctl(struct nvidia *n, int fd, enum nvidia_escape escape, void *data, size_t bytes,
                 struct gsp_error *err);
const char *nvidia_escape_name(enum nvidia_escape escape);

/** Begin a call with the struct `name`, zeroed; errors of wire_set() stick until the end. */
void nvidia_begin(struct nvidia *n, struct nvidia_call *c, enum nvidia_escape escape,
                  const char *name, struct gsp_error *err);
/** Send it. An RM status other than 0 (field `status`, NULL for none) is an RM error of `what`
 * with `id_name` or the number. */
int nvidia_end(struct nvidia *n, struct nvidia_call *c, int fd, const char *status,
               const char *what, const char *id_name, uint32_t id, struct gsp_error *err);
uint64_t nvidia_get(const struct nvidia_call *c, const char *path);

/** A descriptor of the card (or of the control node) that belongs to our control descriptor. */
int nvidia_open_registered(struct nvidia *n, bool system, struct gsp_error *err);
/** RM's status as an error; a lost card is its own kind. */
int nvidia_refused(struct nvidia *n, uint32_t status, const char *what, struct gsp_error *err);

int nvidia_os_event_alloc(struct nvidia *n, uint32_t hClient, uint32_t hParent,
                          uint32_t hObject, void *params, uint32_t bytes,
                          struct gsp_error *err);
/** The client is gone, or (0) all are. */
void nvidia_close_events(struct nvidia *n, uint32_t hClient);
int nvidia_event_next(struct gsp_backend *b, struct gsp_event *event_out, uint64_t timeout_ns,
                      struct gsp_error *err);

int nvidia_map(struct gsp_backend *b, const struct gsp_map *map, void **at_out,
               struct gsp_error *err);
int nvidia_unmap(struct gsp_backend *b, void *at, struct gsp_error *err);
int nvidia_map_dma(struct gsp_backend *b, struct gsp_map_dma *map, struct gsp_error *err);
int nvidia_unmap_dma(struct gsp_backend *b, const struct gsp_map_dma *map,
                     struct gsp_error *err);
void nvidia_forget_mappings(struct nvidia *n, uint32_t hClient, uint32_t hObject);
int nvidia_export_fd(struct gsp_backend *b, uint32_t hClient, uint32_t hDevice,
                     uint32_t hObject, int *fd_out, struct gsp_error *err);
int nvidia_import_fd(struct gsp_backend *b, int fd, uint32_t hClient, uint32_t hDevice,
                     uint32_t hParent, uint32_t hObject, struct gsp_error *err);

/** The real system calls. */
extern const struct gsp_nvidia_os nvidia_linux;

#endif
