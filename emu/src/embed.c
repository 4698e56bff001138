/* SPDX-License-Identifier: MIT */
/*
 * GSP-RM without queues, and what becomes of faults there: the statuses and Xids are those with
 * which the kernel's half of RM gives up on an answer. It waits for seconds before it does; we
 * do not.
 */
#include "embed.h"

#include <stdio.h>
#include <time.h>

#include "fault.h"
#include "hw.h"

enum {
    COMMAND = 4,
    MEMORY_AND_MASTER = 6,
    XID_OFF_BUS = 79, /* ROBUST_CHANNEL_* (nverror.h) */
    XID_GSP_TIMEOUT = 119,
    XID_GSP_ERROR = 120,
};

int
emu_embed_start(struct emu_gpu *gpu)
{
    int rc = emu_config_write(gpu, COMMAND, 2, MEMORY_AND_MASTER);

    if (rc == 0)
        rc = emu_rm_init(gpu);
    if (rc == 0)
        gpu->gsp.state = EMU_GSP_RUNNING;
    return rc;
}

void
emu_embed_events(struct emu_gpu *gpu,
                 void (*take)(void *ctx, const char *name, const void *payload, uint32_t bytes),
                 void *ctx)
{
    gpu->on_event = take;
    gpu->event_ctx = ctx;
}

void
emu_embed_number(struct emu_gpu *gpu, uint8_t number)
{
    gpu->resized = *gpu->card;
    gpu->resized.number = number;
    gpu->card = &gpu->resized;
}

/* Faults */

static bool
crashed(const struct emu_gpu *gpu)
{
    return gpu->gsp.state == EMU_GSP_HALTED && gpu->regs.irqstat & EMU_IRQ_HALT;
}

bool
emu_embed_is_gone(const struct emu_gpu *gpu)
{
    return gpu->lost || crashed(gpu);
}

/* No answer will come: what the module finds when it looks why, and tells the kernel's log. */
static uint32_t
no_answer(struct emu_gpu *gpu, const struct emu_embed_call *call)
{
    char text[160];

    if (gpu->lost) {
        emu_host_stop_all(gpu, XID_OFF_BUS);
        emu_event_xid(gpu, XID_OFF_BUS, "GPU has fallen off the bus.");
        return NV_ERR_GPU_IS_LOST;
    }
    if (crashed(gpu)) {
        emu_host_stop_all(gpu, XID_GSP_ERROR);
        emu_event_xid(gpu, XID_GSP_ERROR, "GSP task exception");
        return NV_ERR_RESET_REQUIRED;
    }
    snprintf(text, sizeof(text),
             "Timeout of waiting for RPC response from GSP! Expected function %s (0x%x).",
             call->function, call->id);
    emu_event_xid(gpu, XID_GSP_TIMEOUT, text);
    return NV_ERR_TIMEOUT;
}

/* A card that has gone stays gone, and nobody says so again. False: it is there. */
static bool
is_gone(const struct emu_gpu *gpu, uint32_t *status_out)
{
    if (gpu->lost)
        *status_out = NV_ERR_GPU_IS_LOST;
    else if (crashed(gpu))
        *status_out = NV_ERR_RESET_REQUIRED;
    else if (gpu->gsp.state != EMU_GSP_RUNNING || gpu->gsp.hung_ms ||
             gpu->gsp.full_ns == UINT64_MAX)
        *status_out = NV_ERR_TIMEOUT;
    else
        return false;
    return true;
}

static void
sleep_ns(uint64_t ns)
{
    const struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};

    (void)nanosleep(&t, NULL);
}

/* A full command queue: the sender waits until there is room, or gives up. */
static bool
flows(struct emu_gpu *gpu)
{
    const uint64_t until = gpu->gsp.full_ns, now = emu_now_ns();

    if (until == UINT64_MAX)
        return false;
    if (until > now)
        sleep_ns(until - now);
    gpu->gsp.full_ns = 0;
    return true;
}

bool
emu_embed_begin(struct emu_gpu *gpu, const struct emu_embed_call *call, uint32_t *status_out)
{
    const struct nvrm_rpc *rpc = nvrm_rpc_find(gpu->abi, call->function);
    bool served;

    if (is_gone(gpu, status_out))
        return false;
    gpu->faults.client = call->client;
    gpu->faults.object = call->object;
    served = !emu_fault_on_doorbell(gpu) && flows(gpu) &&
             emu_fault_on_request(gpu, rpc ? rpc->id : UINT32_MAX, call->id);
    gpu->faults.client = 0;
    if (!served)
        *status_out = no_answer(gpu, call);
    else if (!emu_fault_status(gpu, status_out))
        return true;
    gpu->gsp.answered++;
    emu_fault_disarm(gpu);
    return false;
}

/* What is wrong with the record that carries the answer. */
static uint32_t
damaged(struct emu_gpu *gpu, const struct emu_embed_call *call, const struct emu_fault *f,
        uint32_t status)
{
    switch (f->effect) {
    case EMU_EFFECT_BAD_CHECKSUM:
    case EMU_EFFECT_WRONG_SEQ:
        return NV_ERR_INVALID_DATA;
    case EMU_EFFECT_ELEMENTS:
        return NV_ERR_NOT_READY;
    case EMU_EFFECT_HOSTILE_LENGTH:
        return NV_ERR_INVALID_PARAM_STRUCT;
    case EMU_EFFECT_LOST:
    case EMU_EFFECT_WRITE_POINTER:
        return no_answer(gpu, call);
    case EMU_EFFECT_SLOW:
        sleep_ns(f->arg * UINT64_C(1000000));
        return status;
    default: /* what a call without records does not meet */
        return status;
    }
}

uint32_t
emu_embed_end(struct emu_gpu *gpu, const struct emu_embed_call *call, uint32_t status)
{
    const struct emu_fault *f = emu_fault_on_record(gpu, true, true);

    if (f)
        status = damaged(gpu, call, f, status);
    gpu->gsp.answered++;
    emu_fault_disarm(gpu);
    return status;
}
