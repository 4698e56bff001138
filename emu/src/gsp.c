/* SPDX-License-Identifier: MIT */
/*
 * GSP-RM's life: off, starting, running, halted, unloaded, parked; and the loop that works off
 * the command queue.
 */
#include <errno.h>
#include <string.h>

#include "emu_priv.h"
#include "hw.h"
#include "wire.h"

static bool
find_offset(struct nvrm_abi abi, const struct nvrm_layout *l, const char *name, uint32_t *out)
{
    const struct nvrm_field *f = nvrm_field_find(abi.schema, l, name);

    if (f)
        *out = f->offset;
    return f != NULL;
}

static int
find_headers(struct nvrm_abi abi, struct emu_headers *h)
{
    const struct nvrm_layout *element = nvrm_struct_find(abi, "GSP_MSG_QUEUE_ELEMENT");
    const struct nvrm_layout *rpc = nvrm_struct_find(abi, "rpc_message_header_v03_00");
    const struct nvrm_rpc *more = nvrm_rpc_find(abi, "CONTINUATION_RECORD");

    *h = (struct emu_headers){.elem_count = UINT32_MAX};
    if (!element || !rpc || !more || !find_offset(abi, element, "checkSum", &h->check_sum) ||
        !find_offset(abi, element, "seqNum", &h->seq_num) ||
        !find_offset(abi, element, "rpc", &h->element_bytes) ||
        !find_offset(abi, rpc, "header_version", &h->version) ||
        !find_offset(abi, rpc, "signature", &h->signature) ||
        !find_offset(abi, rpc, "length", &h->length) ||
        !find_offset(abi, rpc, "function", &h->function) ||
        !find_offset(abi, rpc, "rpc_result", &h->result) ||
        !find_offset(abi, rpc, "rpc_result_private", &h->result_private) ||
        !find_offset(abi, rpc, "sequence", &h->sequence))
        return -ENOTSUP;
    find_offset(abi, element, "elemCount", &h->elem_count);
    h->continuation = more->id;
    h->rpc_bytes = rpc->size;
    h->record_max = EMU_RECORD_MAX - h->element_bytes;
    return 0;
}

int
emu_gsp_init(struct emu_gpu *gpu)
{
    struct emu_gsp *gsp = &gpu->gsp;

    gsp->pending_tail = &gsp->pending;
    if (find_headers(gpu->abi, &gsp->headers) < 0)
        return -ENOTSUP;
    gsp->record = emu_alloc(&gpu->mem, EMU_RECORD_MAX);
    gsp->out = emu_alloc(&gpu->mem, EMU_RECORD_MAX);
    return gsp->record && gsp->out ? 0 : -ENOMEM;
}

static void
drop_pending(struct emu_gpu *gpu)
{
    struct emu_pending *p;

    while ((p = gpu->gsp.pending)) {
        gpu->gsp.pending = p->next;
        emu_free(&gpu->mem, p);
    }
    gpu->gsp.pending_tail = &gpu->gsp.pending;
}

/* The buffers stay. */
void
emu_gsp_drop(struct emu_gpu *gpu)
{
    struct emu_gsp *gsp = &gpu->gsp;

    drop_pending(gpu);
    emu_rm_fini(gpu);
    emu_tlb_invalidate(gpu, NULL);
    emu_free(&gpu->mem, gsp->shm.pages);
    gsp->shm = (struct emu_shm){0};
    gsp->have_system_info = gsp->have_registry = gsp->suspending = false;
    gsp->request_want = gsp->request_have = 0;
    gsp->answered = 0;
    gsp->deaf = false;
    gsp->full_ns = gsp->hung_ms = 0;
    gsp->sr_meta = 0;
    gsp->state = EMU_GSP_OFF;
}

void
emu_gsp_stop(struct emu_gpu *gpu)
{
    struct emu_gsp *gsp = &gpu->gsp;

    if (gsp->state == EMU_GSP_UNLOADED && gsp->suspending &&
        !emu_family_has_fsp(gpu->hw->key.family))
        gsp->state = EMU_GSP_PARKED;
    if (gsp->state != EMU_GSP_PARKED)
        emu_gsp_drop(gpu);
}

void
emu_gsp_fini(struct emu_gpu *gpu)
{
    emu_gsp_drop(gpu);
    emu_free(&gpu->mem, gpu->gsp.record);
    emu_free(&gpu->mem, gpu->gsp.out);
    emu_free(&gpu->mem, gpu->gsp.request);
}

void
emu_gsp_halt(struct emu_gpu *gpu)
{
    emu_log(gpu, EMU_LOG_HALT, NULL);
    drop_pending(gpu);
    gpu->gsp.state = EMU_GSP_HALTED;
    emu_hw_crash(gpu);
    emu_hw_set_irqstat(gpu, gpu->regs.irqstat | EMU_IRQ_HALT);
}

uint64_t
emu_gsp_due_ns(const struct emu_gpu *gpu)
{
    const struct emu_pending *p = gpu->gsp.pending;
    const uint64_t flows_ns = gpu->gsp.full_ns ? gpu->gsp.full_ns : UINT64_MAX;
    const uint64_t due_ns =
        p && p->due_ns && gpu->gsp.state != EMU_GSP_PARKED ? p->due_ns : UINT64_MAX;

    return due_ns < flows_ns ? due_ns : flows_ns;
}

static bool
alive(const struct emu_gpu *gpu)
{
    return !gpu->lost &&
           (gpu->gsp.state == EMU_GSP_STARTING || gpu->gsp.state == EMU_GSP_RUNNING);
}

void
emu_gsp_service(struct emu_gpu *gpu)
{
    uint32_t bytes;

    if (gpu->gsp.state == EMU_GSP_OFF || gpu->gsp.state == EMU_GSP_PARKED || gpu->lost ||
        gpu->ram.blocked)
        return;
    emu_queue_flush(gpu);
    while (alive(gpu) && emu_queue_flows(gpu) && (bytes = emu_queue_receive(gpu)) > 0) {
        emu_rpc_dispatch(gpu, bytes);
        emu_queue_flush(gpu);
    }
}
