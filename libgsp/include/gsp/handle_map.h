/* SPDX-License-Identifier: MIT */
/**
 * Which handle of one session stands for which of another. Both directions; the last word
 * counts, since handles are used again after their objects are gone.
 */
#ifndef GSP_HANDLE_MAP_H
#define GSP_HANDLE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gsp_handle_table {
    struct {
        uint32_t key, value;
        bool used;
    } * slots;
    size_t cap, used; /* cap is a power of two or 0 */
};

/** Zero-initialise, with the host. */
struct gsp_handle_map {
    const struct gsp_host *host;
    struct gsp_handle_table to, from;
};

void gsp_handle_map_fini(struct gsp_handle_map *m);
/** 0 or -ENOMEM. */
int gsp_handle_map_add(struct gsp_handle_map *m, uint32_t a, uint32_t b);
/** What stands for it; a handle that nobody spoke of stands for itself. */
uint32_t gsp_handle_map_to(const struct gsp_handle_map *m, uint32_t a);
uint32_t gsp_handle_map_from(const struct gsp_handle_map *m, uint32_t b);

#ifdef __cplusplus
}
#endif
#endif
