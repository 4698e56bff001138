/* SPDX-License-Identifier: MIT */
/*
 * What GSP-RM asks of the CPU before it reports INIT_DONE: to take its core away, run a small
 * ucode on the falcon beside it, and give the core back.
 *
 * Up to 590 as commands of a CPU sequencer event (rmgspseq.h): register steps that load the
 * ucode through the ports, then start, wait, resume. From 595 on as an event that names the
 * ucode: a signed binary in local memory (boot ROM families), or a descriptor for the generic
 * bootloader (Turing, GA100). From Hopper on only lockdown is announced.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    UCODE_BYTES = 512, /* 256 of code, then data */
    UCODE_CODE = 256,
    UCODE_VIRT = 0x100,
    UCODE_SIG_AT = 0x40, /* where the boot ROM looks for the signature, in DMEM */
    UCODE_ENGINE = 0x400,
    UCODE_ID = 7,
    UCODE_MEM = 0x200000, /* in local memory, below everything that is reserved */

    PROBE = 0x1480, /* a scratch register that the steps leave a value in */
    PROBE_VALUE = 0x5eedbeef,
    HANDOFF = 1 << 26,

    OP_REG_WRITE = 0,
    OP_REG_MODIFY,
    OP_REG_POLL,
    OP_DELAY_US,
    OP_REG_STORE,
    OP_CORE_RESET,
    OP_CORE_START,
    OP_CORE_WAIT_FOR_HALT,
    OP_CORE_RESUME,

    HEADER_WORDS = 10, /* buffer size, words used, eight saved registers */
    MAX_WORDS = 512,

    BL_WORDS = 21, /* RM_FLCN_BL_DMEM_DESC */
    ADDR_FBMEM = 2,
};

struct words {
    uint32_t w[MAX_WORDS];
    unsigned n;
};

static void
add(struct words *s, unsigned count, const uint32_t *values)
{
    for (unsigned i = 0; i < count && s->n < MAX_WORDS; i++)
        s->w[s->n++] = values[i];
}

static void
reg_write(struct words *s, uint32_t addr, uint32_t value)
{
    add(s, 3, (const uint32_t[]){OP_REG_WRITE, addr, value});
}

static void
make_ucode(struct emu_gpu *gpu, uint8_t ucode[UCODE_BYTES])
{
    emu_noise(ucode, UCODE_BYTES, gpu->card->pub.name, "requested ucode");
}

/* Events */

/* One of each step, around a ucode that goes in through the ports. */
static void
send_sequencer(struct emu_gpu *gpu)
{
    struct words s = {.n = HEADER_WORDS};
    uint8_t ucode[UCODE_BYTES];
    uint32_t word;

    make_ucode(gpu, ucode);
    reg_write(&s, PROBE, 0x5eed0001);
    add(&s, 4, (const uint32_t[]){OP_REG_MODIFY, PROBE, 0xffff, 0xbeef});
    add(&s, 6, (const uint32_t[]){OP_REG_POLL, PROBE, 0xffff0000, 0x5eed0000, 1000, 1});
    add(&s, 2, (const uint32_t[]){OP_DELAY_US, 10});
    add(&s, 3, (const uint32_t[]){OP_REG_STORE, PROBE, 2});
    add(&s, 1, (const uint32_t[]){OP_CORE_RESET});
    reg_write(&s, EMU_GSP_BASE + 0x180, 1u << 24);
    reg_write(&s, EMU_GSP_BASE + 0x188, UCODE_VIRT >> 8);
    for (unsigned i = 0; i < UCODE_CODE; i += 4) {
        memcpy(&word, ucode + i, 4);
        reg_write(&s, EMU_GSP_BASE + 0x184, word);
    }
    reg_write(&s, EMU_GSP_BASE + 0x104, UCODE_VIRT);
    add(&s, 3, (const uint32_t[]){OP_CORE_START, OP_CORE_WAIT_FOR_HALT, OP_CORE_RESUME});
    s.w[0] = s.n - HEADER_WORDS;
    s.w[1] = s.n - HEADER_WORDS;
    emu_event_send(gpu, "GSP_RUN_CPU_SEQUENCER", s.w, s.n * 4, 0);
}

static uint8_t *
place_ucode(struct emu_gpu *gpu)
{
    uint8_t *p = emu_hw_vram(gpu, UCODE_MEM, UCODE_BYTES);

    if (p)
        make_ucode(gpu, p);
    return p;
}

/* GspLoadExecHsBinaryParams: the code's address is what the transfer counts from, so the
 * virtual address is taken off. */
static void
send_hs_binary(struct emu_gpu *gpu)
{
    const uint64_t addr[4] = {UCODE_MEM - UCODE_VIRT, UCODE_MEM + UCODE_CODE, 0, 0};
    const uint32_t rest[12] = {UCODE_VIRT,
                               0,
                               UCODE_CODE,
                               UINT32_MAX,
                               0,
                               UCODE_BYTES - UCODE_CODE,
                               UCODE_SIG_AT,
                               UCODE_ENGINE,
                               UCODE_ID,
                               0,
                               0,
                               0};
    uint8_t payload[80];

    memcpy(payload, addr, sizeof(addr));
    memcpy(payload + sizeof(addr), rest, sizeof(rest));
    emu_event_send(gpu, "GSP_LOAD_EXEC_HS_BINARY", payload, sizeof(payload), 0);
}

static void
make_bl_desc(uint32_t desc[BL_WORDS])
{
    memset(desc, 0, (size_t)BL_WORDS * 4);
    desc[8] = 1; /* context */
    desc[9] = UCODE_MEM;
    desc[14] = UCODE_CODE; /* secure code */
    desc[16] = UCODE_MEM + UCODE_CODE;
    desc[18] = UCODE_BYTES - UCODE_CODE;
}

/* GspLoadExecGenericBootloaderParams */
static void
send_bootloader(struct emu_gpu *gpu)
{
    uint32_t payload[BL_WORDS + 7] = {0};

    make_bl_desc(payload);
    payload[BL_WORDS] = BL_WORDS * 4;
    payload[BL_WORDS + 1] = ADDR_FBMEM;
    emu_event_send(gpu, "GSP_LOAD_EXEC_GENERIC_BOOTLOADER", payload, sizeof(payload), 0);
}

static bool
sends_ucode_events(const struct emu_gpu *gpu)
{
    return gpu->hw->key.branch >= 595;
}

static void
ask(struct emu_gpu *gpu)
{
    struct emu_hw *hw = gpu->hw;

    hw->seq = EMU_SEQ_ASKED;
    hw->seq_ran = false;
    hw->bsi_scratch_14 &= ~(uint32_t)HANDOFF;
    if (!sends_ucode_events(gpu)) {
        send_sequencer(gpu);
        return;
    }
    place_ucode(gpu);
    gpu->regs.mailbox[0] = 0x80000000; /* suspended */
    if (emu_family_has_brom(hw->key.family))
        send_hs_binary(gpu);
    else
        send_bootloader(gpu);
}

static void
announce_lockdown(struct emu_gpu *gpu)
{
    uint8_t engaging[4] = {1};

    emu_event_send(gpu, "GSP_LOCKDOWN_NOTICE", engaging, 1, 0);
    engaging[0] = 0;
    emu_event_send(gpu, "GSP_LOCKDOWN_NOTICE", engaging, 1, 0);
}

bool
emu_seq_before_init_done(struct emu_gpu *gpu)
{
    struct emu_hw *hw = gpu->hw;

    if (!hw->booted || hw->seq == EMU_SEQ_DONE)
        return false;
    if (emu_family_has_fsp(hw->key.family)) {
        hw->seq = EMU_SEQ_DONE;
        announce_lockdown(gpu);
        return false;
    }
    if (hw->seq == EMU_SEQ_NONE)
        ask(gpu);
    return true;
}

/* The ucode */

static bool
refuse(struct emu_gpu *gpu, const char *what, uint32_t value)
{
    emu_note(gpu, "GSP: the ucode that GSP-RM asked for: %s (0x%x)", what, value);
    return false;
}

static bool
check_through_ports(struct emu_gpu *gpu, const struct emu_falcon *f, const uint8_t *ucode)
{
    if (memcmp(f->imem, ucode, UCODE_CODE) != 0 || !f->loaded[0] || f->secure[0])
        return refuse(gpu, "IMEM holds other code", f->loaded[0]);
    if (f->tag[0] != UCODE_VIRT >> 8 || f->bootvec != UCODE_VIRT)
        return refuse(gpu, "tag or BOOTVEC", f->bootvec);
    if (gpu->hw->pbus_scratch[(PROBE - 0x1400) / 4] != PROBE_VALUE)
        return refuse(gpu, "the register steps left another value",
                      gpu->hw->pbus_scratch[(PROBE - 0x1400) / 4]);
    return true;
}

static bool
check_hs_binary(struct emu_gpu *gpu, const struct emu_falcon *f, const uint8_t *ucode)
{
    if (memcmp(f->imem, ucode, UCODE_CODE) != 0 || !f->secure[0] ||
        f->tag[0] != UCODE_VIRT >> 8)
        return refuse(gpu, "IMEM holds other code", f->tag[0]);
    if (memcmp(f->dmem, ucode + UCODE_CODE, UCODE_BYTES - UCODE_CODE) != 0)
        return refuse(gpu, "DMEM holds other data", 0);
    if (f->paraaddr != UCODE_SIG_AT || f->engine_id_mask != UCODE_ENGINE ||
        (f->ucode_id & 0xff) != UCODE_ID || (f->mod_sel & 0xff) != 1)
        return refuse(gpu, "the boot ROM's registers", f->paraaddr);
    return f->bootvec == UCODE_VIRT || refuse(gpu, "BOOTVEC", f->bootvec);
}

static bool
check_bootloader(struct emu_gpu *gpu, const struct emu_falcon *f)
{
    uint32_t desc[BL_WORDS];

    make_bl_desc(desc);
    if (memcmp(f->dmem, desc, sizeof(desc)) != 0)
        return refuse(gpu, "DMEM holds another descriptor", 0);
    if ((f->transcfg[desc[8]] & 7) != 4) /* local memory, physical */
        return refuse(gpu, "TRANSCFG", f->transcfg[desc[8]]);
    return emu_falcon_has_bootloader(gpu, f);
}

bool
emu_seq_run(struct emu_gpu *gpu, const struct emu_falcon *f)
{
    struct emu_hw *hw = gpu->hw;
    uint8_t ucode[UCODE_BYTES];
    bool good;

    if (hw->seq != EMU_SEQ_RESUME)
        return false;
    make_ucode(gpu, ucode);
    if (!sends_ucode_events(gpu))
        good = check_through_ports(gpu, f, ucode);
    else if (emu_family_has_brom(hw->key.family))
        good = check_hs_binary(gpu, f, ucode);
    else
        good = check_bootloader(gpu, f);
    hw->seq_ran = good;
    if (good)
        gpu->regs.mailbox[0] = 0;
    return true;
}

/* Resume */

bool
emu_seq_resume(struct emu_gpu *gpu)
{
    struct emu_hw *hw = gpu->hw;
    const uint64_t args = (uint64_t)gpu->regs.mailbox[1] << 32 | gpu->regs.mailbox[0];

    if (!hw->resumable)
        return false;
    if (!hw->seq_ran || !hw->gsp.fresh || args != hw->libos_args ||
        (emu_family_has_brom(hw->key.family) && !emu_falcon_is_riscv(&hw->gsp))) {
        emu_note(gpu, "booter: GSP-RM is not resumed: %s",
                 hw->seq_ran ? "the core is not set up" : "its ucode did not run");
        hw->sec2.mailbox[0] = EMU_CHAIN_CORE;
        return true;
    }
    hw->sec2.mailbox[0] = 0;
    hw->bsi_scratch_14 |= HANDOFF;
    hw->resumable = false;
    hw->seq = EMU_SEQ_DONE;
    emu_rpc_try_init_done(gpu);
    return true;
}
