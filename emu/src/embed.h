/* SPDX-License-Identifier: MIT */
/*
 * GSP-RM for a host that speaks to it without queues: the emulated kernel module calls the
 * emu_rm_*() functions of object.h itself.
 */
#ifndef EMU_EMBED_H
#define EMU_EMBED_H

#include "emu_priv.h"

/** GSP-RM runs, with no queues: 0 or -ENOMEM. */
int emu_embed_start(struct emu_gpu *gpu);

/** What GSP-RM would put into the status queue goes to `take` instead, with its name and the
 * payload in the release's layout. NULL: nowhere. */
void emu_embed_events(struct emu_gpu *gpu,
                      void (*take)(void *ctx, const char *name, const void *payload,
                                   uint32_t bytes),
                      void *ctx);

/** Which of several cards of one chip this is: ids, UUID and bus number follow from it. */
void emu_embed_number(struct emu_gpu *gpu, uint8_t number);

/** A call that the module makes of GSP-RM for a client. */
struct emu_embed_call {
    const char *function; /* the RPC that carries it: "GSP_RM_CONTROL" */
    uint32_t id;          /* control or class */
    uint32_t client, object;
};

/**
 * Around every such call: the rows of the fault table strike here as they do in the queues.
 *
 * @param status_out  when the call is not served, what the module's half of RM makes of it
 *                    (kernel_gsp.c, message_queue_cpu.c)
 * @return whether GSP-RM is to serve the call
 */
bool emu_embed_begin(struct emu_gpu *gpu, const struct emu_embed_call *call,
                     uint32_t *status_out);
/** The card is lost, or its GSP-RM has crashed: nothing will be served again. */
bool emu_embed_is_gone(const struct emu_gpu *gpu);
/** The call was served with `status`; what the module gets to see of that. */
uint32_t emu_embed_end(struct emu_gpu *gpu, const struct emu_embed_call *call, uint32_t status);

#endif
