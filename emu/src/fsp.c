/* SPDX-License-Identifier: MIT */
/*
 * FSP as the CPU sees it: a window into its memory (EMEM), a pair of queue pointers each way,
 * and messages in MCTP packets with a vendor-defined (NVDM) header.
 *
 * Offsets from dev_fsp_pri.h. Codes of refusals are our own (docs/emulator.md): the vendor's
 * are not public.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    EMEMC = 0x8f2ac0,
    EMEMD = 0x8f2ac4,
    QUEUE_HEAD = 0x8f2c00,
    QUEUE_TAIL = 0x8f2c04,
    MSGQ_HEAD = 0x8f2c80,
    MSGQ_TAIL = 0x8f2c84,
    SCRATCH_FIRST = 0x8f0300,
    SCRATCH_LAST = 0x8f033c,

    OFFS_MASK = 0xfffc,
    AINCW = 1 << 24,
    AINCR = 1 << 25,

    NVDM_TYPE = 0x7e,
    NVDM_VENDOR = 0x10de,
    NVDM_COT = 0x14,
    NVDM_RESPONSE = 0x15,
    NVDM_CAPS_QUERY = 0x16,
    NVDM_CLOCK_BOOST = 0x20,
    BOOST_LAST = 2, /* off, on, restore */

    ANSWER_READS = 2,
};

enum fsp_error {
    FSP_PACKET = 0xa1, /* sequence, or a packet that starts nothing */
    FSP_NVDM,          /* vendor header */
    FSP_COMMAND,       /* a message that it does not know */
    FSP_STATE,         /* the GSP was booted already */
};

#define MCTP_SOM (1u << 31)
#define MCTP_EOM (1u << 30)

void
emu_fsp_reset(struct emu_gpu *gpu)
{
    memset(&gpu->hw->fsp, 0, sizeof(gpu->hw->fsp));
}

/* Answers */

static void
answer(struct emu_gpu *gpu, uint32_t tag, uint32_t command, uint32_t error)
{
    struct emu_fsp *fsp = &gpu->hw->fsp;
    uint32_t bytes = 20;

    if (emu_hw_fault(gpu, EMU_BOOT_FSP_SILENT))
        return;
    if (emu_hw_fault(gpu, EMU_BOOT_FSP_BAD_TAG))
        tag ^= 1;
    if (emu_hw_fault(gpu, EMU_BOOT_FSP_TRUNCATED))
        bytes = 8;
    memset(fsp->emem, 0, sizeof(fsp->emem));
    fsp->emem[0] = MCTP_SOM | MCTP_EOM | tag << 24;
    fsp->emem[1] = NVDM_TYPE | NVDM_VENDOR << 8 | (uint32_t)NVDM_RESPONSE << 24;
    fsp->emem[2] = 0; /* task */
    fsp->emem[3] = command;
    fsp->emem[4] = error;
    fsp->msgq_head = 0;
    fsp->pending_tail = bytes - 4;
    fsp->delay = ANSWER_READS;
    if (error)
        emu_note(gpu, "FSP: command 0x%x ends with error 0x%x", command, error);
}

/* Requests */

/* From GB100 on FSP raises clocks for a boot, and says that it can when it is asked by the
 * command's number (fsp_caps_query_rpc.h, fsp_clock_boost_rpc.h: one byte each). */
static uint32_t
boost(struct emu_gpu *gpu, uint32_t command)
{
    struct emu_fsp *fsp = &gpu->hw->fsp;
    const uint8_t what = fsp->message[4];

    if (gpu->hw->key.family < EMU_GB10X || fsp->bytes < 5)
        return FSP_COMMAND;
    if (command == NVDM_CAPS_QUERY)
        return what == NVDM_CLOCK_BOOST ? 0 : FSP_COMMAND;
    if (what > BOOST_LAST)
        return FSP_COMMAND;
    fsp->boost = what == 1;
    return 0;
}

static uint32_t
execute(struct emu_gpu *gpu, uint32_t command)
{
    const struct emu_fsp *fsp = &gpu->hw->fsp;

    if (command == NVDM_CAPS_QUERY || command == NVDM_CLOCK_BOOST)
        return boost(gpu, command);
    if (command != NVDM_COT)
        return FSP_COMMAND;
    if (emu_hw_fault(gpu, EMU_BOOT_FSP_ERROR))
        return gpu->hw->fault_arg[EMU_BOOT_FSP_ERROR];
    if (gpu->hw->booted)
        return FSP_STATE;
    return emu_fsp_cot(gpu, fsp->message + 4, fsp->bytes - 4);
}

static void
complete(struct emu_gpu *gpu, uint32_t tag)
{
    struct emu_fsp *fsp = &gpu->hw->fsp;
    uint32_t nvdm = 0;

    fsp->assembling = false;
    if (fsp->bytes >= 4)
        memcpy(&nvdm, fsp->message, 4);
    if ((nvdm & 0x7f) != NVDM_TYPE || (nvdm >> 8 & 0xffff) != NVDM_VENDOR)
        answer(gpu, tag, nvdm >> 24, FSP_NVDM);
    else
        answer(gpu, tag, nvdm >> 24, execute(gpu, nvdm >> 24));
}

/* One packet out of EMEM: a message starts with SOM, ends with EOM, and counts in between. */
static void
receive(struct emu_gpu *gpu)
{
    struct emu_fsp *fsp = &gpu->hw->fsp;
    const uint32_t bytes = fsp->queue_tail - fsp->queue_head + 4;
    uint32_t header, tag;

    if (fsp->queue_head % 4 || fsp->queue_tail % 4 || bytes < 8 ||
        fsp->queue_tail < fsp->queue_head || fsp->queue_tail + 4 > sizeof(fsp->emem)) {
        emu_note(gpu, "FSP: queue from 0x%x to 0x%x", fsp->queue_head, fsp->queue_tail);
        return;
    }
    header = fsp->emem[fsp->queue_head / 4];
    tag = header >> 24 & 7;
    if (header & MCTP_SOM) {
        fsp->bytes = fsp->seq = 0;
        fsp->assembling = true;
    }
    if (!fsp->assembling || (header >> 28 & 3) != (fsp->seq & 3) ||
        bytes - 4 > sizeof(fsp->message) - fsp->bytes) {
        fsp->assembling = false;
        answer(gpu, tag, 0, FSP_PACKET);
        return;
    }
    memcpy(fsp->message + fsp->bytes, &fsp->emem[fsp->queue_head / 4 + 1], bytes - 4);
    fsp->bytes += bytes - 4;
    fsp->seq++;
    if (header & MCTP_EOM)
        complete(gpu, tag);
}

/* The head is written last and rings. FSP takes the packet out before the write is over. */
static void
ring(struct emu_gpu *gpu, uint32_t head)
{
    struct emu_fsp *fsp = &gpu->hw->fsp;

    fsp->queue_head = head;
    if (fsp->msgq_head != fsp->msgq_tail || fsp->delay)
        emu_note(gpu, "FSP: a packet comes while its last answer waits");
    else
        receive(gpu);
    fsp->queue_head = fsp->queue_tail;
}

/* Registers */

static uint32_t *
emem(struct emu_fsp *fsp, uint32_t bit)
{
    const uint32_t at = fsp->ememc & OFFS_MASK;

    if (fsp->ememc & bit)
        fsp->ememc = (fsp->ememc & ~(uint32_t)OFFS_MASK) | ((at + 4) & OFFS_MASK);
    return at < sizeof(fsp->emem) ? &fsp->emem[at / 4] : NULL;
}

static uint32_t
read_msgq_tail(struct emu_fsp *fsp)
{
    if (fsp->delay && --fsp->delay == 0)
        fsp->msgq_tail = fsp->pending_tail;
    return fsp->msgq_tail;
}

bool
emu_fsp_rd32(struct emu_gpu *gpu, uint32_t off, uint32_t *value_out)
{
    struct emu_fsp *fsp = &gpu->hw->fsp;
    const uint32_t *word;

    if (!emu_family_has_fsp(gpu->hw->key.family))
        return false;
    if (off >= SCRATCH_FIRST && off <= SCRATCH_LAST) {
        *value_out = 0; /* group 3, word 3: the fuses are fine */
        return true;
    }
    switch (off) {
    case EMEMC:
        *value_out = fsp->ememc;
        return true;
    case EMEMD:
        word = emem(fsp, AINCR);
        *value_out = word ? *word : (uint32_t)EMU_NO_ANSWER;
        return true;
    case QUEUE_HEAD:
        *value_out = fsp->queue_head;
        return true;
    case QUEUE_TAIL:
        *value_out = fsp->queue_tail;
        return true;
    case MSGQ_HEAD:
        *value_out = fsp->msgq_head;
        return true;
    case MSGQ_TAIL:
        *value_out = read_msgq_tail(fsp);
        return true;
    default:
        return false;
    }
}

bool
emu_fsp_wr32(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    struct emu_fsp *fsp = &gpu->hw->fsp;
    uint32_t *word;

    if (!emu_family_has_fsp(gpu->hw->key.family))
        return false;
    switch (off) {
    case EMEMC:
        fsp->ememc = value;
        return true;
    case EMEMD:
        word = emem(fsp, AINCW);
        if (word)
            *word = value;
        return true;
    case QUEUE_HEAD:
        ring(gpu, value);
        return true;
    case QUEUE_TAIL:
        fsp->queue_tail = value;
        return true;
    case MSGQ_HEAD:
        fsp->msgq_head = value;
        return true;
    case MSGQ_TAIL:
        fsp->msgq_tail = value;
        return true;
    default:
        return false;
    }
}
