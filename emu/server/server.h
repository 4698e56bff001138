/* SPDX-License-Identifier: MIT */
/*
 * Cards behind sockets: one thread, any number of cards, one client each.
 */
#ifndef VU_SERVER_H
#define VU_SERVER_H

#include <signal.h>

#include "device.h"

struct vu_server;

struct vu_card_config {
    const char *path;    /* of the socket; copied */
    bool preboot;        /* see struct vu_device */
    bool retain;         /* keep the card's state when its client goes */
    struct emu_gpu *gpu; /* taken, also on failure */
};

struct vu_server *vu_server_create(void); /* NULL when out of memory */
/** Destroys the cards and removes their sockets. */
void vu_server_destroy(struct vu_server *s);

/**
 * Listen for one card's client. A socket left behind by a server that died is replaced.
 *
 * @return 0, -EADDRINUSE (another server answers there), -ENAMETOOLONG, -ENOMEM, or bind()'s
 */
int vu_server_add(struct vu_server *s, const struct vu_card_config *config);

/**
 * Serve until *stop is set.
 *
 * @param wait_mask  signals while waiting; the one that sets *stop is blocked outside
 * @return 0 or a negative errno
 */
int vu_server_run(struct vu_server *s, const volatile sig_atomic_t *stop,
                  const sigset_t *wait_mask);

#endif
