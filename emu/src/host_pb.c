/* SPDX-License-Identifier: MIT */
/*
 * Push buffers: fetching and decoding of method headers, as PBDMA does (DMA_* of the channel
 * classes).
 */
#include <string.h>

#include "emu_priv.h"
#include "host_methods.h"
#include "hw.h"

enum { XID_PBDMA = 32, OLD_METHOD_MASK = 0x7ff, METHOD_MASK = 0xfff, COUNT_MASK = 0x1fff };

void
emu_pb_start(struct emu_channel *ch, uint64_t va, uint32_t dwords)
{
    ch->pb.at = va;
    ch->pb.left = dwords;
    ch->pb.have = ch->pb.next = 0;
}

static bool
refill(struct emu_channel *ch)
{
    struct emu_pb *pb = &ch->pb;
    const uint32_t n = pb->left < EMU_PB_CHUNK ? pb->left : EMU_PB_CHUNK;
    struct emu_fault_at fault = {EMU_FAULT_UNBOUND_INST_BLOCK, EMU_READ, pb->at};
    struct emu_view v;

    if (!emu_host_view(ch, &v) ||
        !emu_view_read(&v, pb->at, pb->chunk, n * sizeof(pb->chunk[0]), &fault)) {
        emu_host_fail_mmu(ch, NULL, &fault);
        return false;
    }
    pb->at += n * sizeof(pb->chunk[0]);
    pb->left -= n;
    pb->have = n;
    pb->next = 0;
    return true;
}

static void
end_segment(struct emu_pb *pb)
{
    pb->left = pb->have = pb->next = 0;
}

static void
send(struct emu_channel *ch, uint32_t subch, uint32_t method, uint32_t data)
{
    if (ch->pb.mask & 1)
        emu_host_method(ch, subch, method, data);
}

/* Headers without a count of their own: sub-device masks. */
static void
set_mask(struct emu_pb *pb, uint32_t tert, uint32_t header)
{
    const uint32_t mask = header >> 4 & 0xfff;

    if (tert == PB_TERT_SET_MASK)
        pb->mask = mask;
    else if (tert == PB_TERT_STORE_MASK)
        pb->stored_mask = mask;
    else
        pb->mask = pb->stored_mask;
}

static void
begin(struct emu_pb *pb, uint32_t op, uint32_t header, bool old)
{
    pb->op = op;
    pb->subch = header >> 13 & 7;
    pb->method = old ? header & (OLD_METHOD_MASK << 2) : (header & METHOD_MASK) << 2;
    pb->count = old ? header >> 18 & OLD_METHOD_MASK : header >> 16 & COUNT_MASK;
}

static void
decode(struct emu_channel *ch, uint32_t header)
{
    struct emu_pb *pb = &ch->pb;
    const uint32_t op = header >> 29, tert = header >> 16 & 3;

    if (emu_host_struck(ch->gpu, EMU_EXEC_PBDMA_ERROR))
        header = (uint32_t)PB_RESERVED6 << 29;
    switch (header >> 29) {
    case PB_USE_TERT_0:
        if (tert == PB_TERT_INC)
            begin(pb, PB_INC, header, true);
        else
            set_mask(pb, tert, header);
        break;
    case PB_USE_TERT_2:
        begin(pb, PB_NON_INC, header, true);
        break;
    case PB_INC:
    case PB_NON_INC:
    case PB_ONE_INC:
        begin(pb, op, header, false);
        break;
    case PB_IMMD:
        send(ch, header >> 13 & 7, (header & METHOD_MASK) << 2, header >> 16 & COUNT_MASK);
        break;
    case PB_END_SEGMENT:
        end_segment(pb);
        break;
    default:
        emu_host_fail(ch, XID_PBDMA, "PBDMA error: 0x%08x is no method header", header);
        break;
    }
}

static void
data(struct emu_channel *ch, uint32_t dword)
{
    struct emu_pb *pb = &ch->pb;
    const uint32_t method = pb->method;

    pb->count--;
    if (pb->op == PB_INC)
        pb->method = (pb->method + 4) & (METHOD_MASK << 2);
    if (pb->op == PB_ONE_INC) {
        pb->method = (pb->method + 4) & (METHOD_MASK << 2);
        pb->op = PB_NON_INC;
    }
    send(ch, pb->subch, method, dword);
}

bool
emu_pb_step(struct emu_channel *ch)
{
    struct emu_pb *pb = &ch->pb;
    uint32_t dword;

    if (pb->next == pb->have && (!pb->left || !refill(ch)))
        return false;
    dword = pb->chunk[pb->next++];
    if (pb->count)
        data(ch, dword);
    else
        decode(ch, dword);
    return true;
}
