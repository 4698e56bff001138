/* SPDX-License-Identifier: MIT */
/*
 * A falcon with its RISC-V neighbour: reset, status, and the registers that software sets
 * before it starts the core.
 *
 * Offsets and fields from dev_falcon_v4.h, dev_falcon_second_pri.h, dev_fbif_v4.h and
 * dev_riscv_pri.h.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    IRQSCLR = 0x004,
    IRQSTAT = 0x008,
    IRQMSET = 0x010,
    IRQMCLR = 0x014,
    IRQMASK = 0x018,
    IRQDEST = 0x01c,
    MAILBOX0 = 0x040,
    MAILBOX1 = 0x044,
    OS = 0x080,
    RM = 0x084,
    DEBUGINFO = 0x094,
    HWCFG2 = 0x0f4,
    CPUCTL = 0x100,
    BOOTVEC = 0x104,
    HWCFG = 0x108,
    DMACTL = 0x10c,
    DMATRFBASE = 0x110,
    DMATRFMOFFS = 0x114,
    DMATRFCMD = 0x118,
    DMATRFFBOFFS = 0x11c,
    DMATRFBASE1 = 0x128,
    CPUCTL_ALIAS = 0x130,
    PORTS_FIRST = 0x180,
    PORTS_LAST = 0x1ff,
    SCRATCH_FIRST = 0x300,
    SCRATCH_LAST = 0x33c,
    ENGINE = 0x3c0,
    ENGINE_PLM = 0x3c4,
    RETRIGGER_FIRST = 0x3e8,
    RETRIGGER_LAST = 0x3ec,
    TRANSCFG_FIRST = 0x600,
    TRANSCFG_LAST = 0x61c,
    FBIF_CTL = 0x624,
    MOD_SEL = 0x1180,
    UCODE_ID = 0x1198,
    ENGIDMASK = 0x119c,
    PARAADDR = 0x1210,
    CORE_SWITCH_STATUS = 0x1240,
    RISCV_CPUCTL = 0x1388,
    RISCV_IRQMASK = 0x1528,
    RISCV_IRQDEST = 0x152c,
    BCR_CTRL = 0x1668,
    BCR_RISCV = 1 << 4 | 1 << 8, /* RISC-V selected, branch fetch; VALID is read-only */
    BCR_FIRST = 0x166c,
    BCR_LAST = 0x1684,

    SCRUB_READS = 2,
    RUN_READS = 1,
    READY_READS = 1,
};

static bool
is_gsp(const struct emu_gpu *gpu, const struct emu_falcon *f)
{
    return f == &gpu->hw->gsp;
}

uint32_t
emu_falcon_mailbox(struct emu_gpu *gpu, const struct emu_falcon *f, unsigned i)
{
    if (is_gsp(gpu, f) && gpu->gsp.state == EMU_GSP_UNLOADED &&
        emu_hw_fault(gpu, EMU_BOOT_SUSPEND_STUCK))
        return 0;
    return is_gsp(gpu, f) ? gpu->regs.mailbox[i] : f->mailbox[i];
}

void
emu_falcon_set_mailbox(struct emu_gpu *gpu, struct emu_falcon *f, unsigned i, uint32_t value)
{
    *(is_gsp(gpu, f) ? &gpu->regs.mailbox[i] : &f->mailbox[i]) = value;
}

static uint32_t
irqstat_of(struct emu_gpu *gpu, struct emu_falcon *f)
{
    return is_gsp(gpu, f) ? gpu->regs.irqstat : f->irqstat;
}

static void
set_irqstat(struct emu_gpu *gpu, struct emu_falcon *f, uint32_t value)
{
    if (is_gsp(gpu, f))
        emu_hw_set_irqstat(gpu, value);
    else
        f->irqstat = value;
}

/* Reset */

void
emu_falcon_clear(struct emu_falcon *f)
{
    const char *name = f->name;
    const uint32_t base = f->base;

    memset(f, 0, sizeof(*f));
    f->name = name;
    f->base = base;
}

void
emu_falcon_start(struct emu_gpu *gpu, struct emu_falcon *f)
{
    f->dmactl = 1; /* transfers need a context until software says otherwise */
    f->halted = true;
    f->fresh = true;
    f->scrub = SCRUB_READS;
    emu_falcon_set_mailbox(gpu, f, 0, 0);
    emu_falcon_set_mailbox(gpu, f, 1, 0);
    set_irqstat(gpu, f, 0);
}

void
emu_falcon_reset(struct emu_gpu *gpu, struct emu_falcon *f)
{
    emu_falcon_clear(f);
    emu_falcon_start(gpu, f);
}

bool
emu_falcon_is_riscv(const struct emu_falcon *f)
{
    return (f->bcr_ctrl & BCR_RISCV) == BCR_RISCV;
}

void
emu_falcon_to_riscv(struct emu_gpu *gpu, struct emu_falcon *f)
{
    emu_falcon_reset(gpu, f);
    f->scrub = 0;
    f->fresh = false;
    if (emu_family_has_brom(gpu->hw->key.family))
        f->bcr_ctrl = BCR_RISCV;
}

/* GSP-RM lives on the GSP: it survives only where it asked the CPU for this. */
static void
enter_reset(struct emu_gpu *gpu, struct emu_falcon *f)
{
    struct emu_hw *hw = gpu->hw;
    const bool runs = gpu->gsp.state == EMU_GSP_STARTING || gpu->gsp.state == EMU_GSP_RUNNING;

    if (is_gsp(gpu, f) && hw->seq == EMU_SEQ_ASKED) {
        hw->seq = EMU_SEQ_RESUME;
        hw->resumable = true;
    } else if (is_gsp(gpu, f) && hw->seq != EMU_SEQ_RESUME) {
        if (runs)
            emu_note(gpu, "the GSP is reset while GSP-RM runs on it");
        emu_gsp_stop(gpu);
    }
    emu_falcon_reset(gpu, f);
    f->in_reset = true;
}

static void
write_engine(struct emu_gpu *gpu, struct emu_falcon *f, uint32_t value)
{
    if (value & 1)
        enter_reset(gpu, f);
    else
        f->in_reset = false;
}

/* From Hopper on bits 10:8 tell how far a reset is: 0 asserted, 2 over. */
static uint32_t
read_engine(const struct emu_gpu *gpu, const struct emu_falcon *f)
{
    uint32_t value = f->in_reset ? 1 : 0;

    if (emu_family_has_fsp(gpu->hw->key.family))
        value |= f->in_reset ? 0 : 2u << 8;
    return value;
}

/* Status */

/* True while scrubbing: each look brings the end nearer. */
static bool
scrubbing(const struct emu_gpu *gpu, struct emu_falcon *f)
{
    if (emu_hw_fault(gpu, EMU_BOOT_SCRUB_STUCK))
        return true;
    return f->scrub && f->scrub--;
}

static uint32_t
read_dmactl(const struct emu_gpu *gpu, struct emu_falcon *f)
{
    const bool here = !emu_family_has_brom(gpu->hw->key.family);

    return f->dmactl | (here && scrubbing(gpu, f) ? 6u : 0);
}

/* Lockdown: the CPU does not see into the GSP before its software says that it may. By then the
 * FMC has taken its arguments out of the mailboxes. */
static bool
locked_down(struct emu_gpu *gpu, const struct emu_falcon *f)
{
    struct emu_hw *hw = gpu->hw;

    if (!is_gsp(gpu, f) || !emu_family_has_fsp(hw->key.family) || !hw->lockdown)
        return false;
    if (hw->lockdown != UINT32_MAX && --hw->lockdown == 0)
        gpu->regs.mailbox[0] = gpu->regs.mailbox[1] = 0;
    return true;
}

static uint32_t
read_hwcfg2(struct emu_gpu *gpu, struct emu_falcon *f)
{
    uint32_t value = 1u << 10; /* a RISC-V core */

    if (!emu_family_has_brom(gpu->hw->key.family))
        return value;
    if (scrubbing(gpu, f))
        value |= 1u << 12;
    if (locked_down(gpu, f))
        value |= 1u << 13;
    if (f->released)
        f->released--;
    else if (!emu_hw_fault(gpu, EMU_BOOT_RESET_NOT_READY))
        value |= 1u << 31; /* ready for a reset */
    return value;
}

static uint32_t
read_cpuctl(const struct emu_gpu *gpu, struct emu_falcon *f)
{
    if (f->run) {
        if (!emu_hw_fault(gpu, EMU_BOOT_HALT_STUCK))
            f->run--;
        return 0;
    }
    return f->halted ? 1u << 4 : 0;
}

/* Bits of DMATRFCMD that only hardware sets: room for a command, all transfers over. */
static uint32_t
read_dma_cmd(const struct emu_gpu *gpu, const struct emu_falcon *f)
{
    const uint32_t hangs = emu_hw_fault(gpu, EMU_BOOT_DMA_STUCK) || f->dma_hangs;

    return (f->dma_cmd & ~3u) | (hangs ? 1 : 2);
}

static uint32_t
read_riscv_cpuctl(const struct emu_gpu *gpu, const struct emu_falcon *f)
{
    return is_gsp(gpu, f) && emu_hw_riscv_active(gpu) ? 1u << 7 : 1u << 4;
}

static uint32_t
read_bcr(const struct emu_falcon *f)
{
    return f->bcr_ctrl | 1; /* valid: the switch is immediate */
}

/* Kept as written */

static uint32_t *
plain(struct emu_falcon *f, uint32_t reg)
{
    switch (reg) {
    case IRQDEST:
        return &f->irqdest;
    case OS:
        return &f->os;
    case RM:
        return &f->rm;
    case DEBUGINFO:
        return &f->debuginfo;
    case BOOTVEC:
        return &f->bootvec;
    case DMATRFBASE:
        return &f->dma_base;
    case DMATRFBASE1:
        return &f->dma_base1;
    case DMATRFMOFFS:
        return &f->dma_moffs;
    case DMATRFFBOFFS:
        return &f->dma_fboffs;
    case FBIF_CTL:
        return &f->fbif_ctl;
    case MOD_SEL:
        return &f->mod_sel;
    case UCODE_ID:
        return &f->ucode_id;
    case ENGIDMASK:
        return &f->engine_id_mask;
    case PARAADDR:
        return &f->paraaddr;
    case RISCV_IRQMASK:
        return &f->riscv_irqmask;
    default:
        break;
    }
    if (reg >= SCRATCH_FIRST && reg <= SCRATCH_LAST)
        return &f->scratch[(reg - SCRATCH_FIRST) / 4];
    if (reg >= TRANSCFG_FIRST && reg <= TRANSCFG_LAST)
        return &f->transcfg[(reg - TRANSCFG_FIRST) / 4];
    if (reg >= BCR_FIRST && reg <= BCR_LAST)
        return &f->bcr[(reg - BCR_FIRST) / 4];
    return NULL;
}

/* Registers that this generation does not have. */
static bool
absent(const struct emu_gpu *gpu, uint32_t reg)
{
    if (emu_family_has_brom(gpu->hw->key.family))
        return reg == CORE_SWITCH_STATUS;
    return reg >= MOD_SEL && reg != CORE_SWITCH_STATUS;
}

bool
emu_falcon_rd32(struct emu_gpu *gpu, struct emu_falcon *f, uint32_t reg, uint32_t *value_out)
{
    const uint32_t *p = plain(f, reg);

    if (absent(gpu, reg))
        return false;
    if (p) {
        *value_out = *p;
        return true;
    }
    switch (reg) {
    case IRQSCLR:
    case IRQMSET:
    case IRQMCLR:
    case CPUCTL_ALIAS:
    case RETRIGGER_FIRST:
    case RETRIGGER_LAST:
    case RISCV_IRQDEST:
        *value_out = 0;
        return true;
    case IRQSTAT:
        *value_out = irqstat_of(gpu, f);
        return true;
    case IRQMASK:
        *value_out = f->irqmask;
        return true;
    case MAILBOX0:
    case MAILBOX1:
        *value_out = emu_falcon_mailbox(gpu, f, reg == MAILBOX1);
        return true;
    case HWCFG2:
        *value_out = read_hwcfg2(gpu, f);
        return true;
    case CPUCTL:
        *value_out = read_cpuctl(gpu, f);
        return true;
    case HWCFG:
        *value_out = EMU_FALCON_BLOCKS | EMU_FALCON_BLOCKS << 9;
        return true;
    case DMACTL:
        *value_out = read_dmactl(gpu, f);
        return true;
    case DMATRFCMD:
        *value_out = read_dma_cmd(gpu, f);
        return true;
    case ENGINE:
        *value_out = read_engine(gpu, f);
        return true;
    case ENGINE_PLM:
        *value_out = 0xff;
        return true;
    case CORE_SWITCH_STATUS:
        *value_out = is_gsp(gpu, f) && emu_hw_riscv_active(gpu);
        return true;
    case RISCV_CPUCTL:
        *value_out = read_riscv_cpuctl(gpu, f);
        return true;
    case BCR_CTRL:
        *value_out = read_bcr(f);
        return true;
    default:
        return reg >= PORTS_FIRST && reg <= PORTS_LAST &&
               emu_falcon_port_rd32(f, reg, value_out);
    }
}

/* Start */

static void
start(struct emu_gpu *gpu, struct emu_falcon *f)
{
    if (f->scrub || f->in_reset || emu_hw_fault(gpu, EMU_BOOT_SCRUB_STUCK)) {
        emu_note(gpu, "%s: started %s", f->name, f->in_reset ? "in reset" : "while scrubbing");
        return;
    }
    f->run = RUN_READS;
    f->halted = true;
    if (!is_gsp(gpu, f) && emu_seq_resume(gpu))
        return;
    emu_falcon_run(gpu, f);
    f->fresh = false;
    set_irqstat(gpu, f, irqstat_of(gpu, f) | EMU_IRQ_HALT);
}

static void
write_interrupts(struct emu_gpu *gpu, struct emu_falcon *f, uint32_t reg, uint32_t value)
{
    if (reg == IRQSCLR)
        set_irqstat(gpu, f, irqstat_of(gpu, f) & ~value);
    else if (reg == IRQMSET)
        f->irqmask |= value;
    else
        f->irqmask &= ~value;
}

bool
emu_falcon_wr32(struct emu_gpu *gpu, struct emu_falcon *f, uint32_t reg, uint32_t value)
{
    uint32_t *p = plain(f, reg);

    if (absent(gpu, reg))
        return false;
    if (f->in_reset && reg != ENGINE) {
        emu_note(gpu, "%s: write to 0x%03x in reset is lost", f->name, reg);
        return true;
    }
    if (p) {
        *p = value;
        return true;
    }
    switch (reg) {
    case IRQSCLR:
    case IRQMSET:
    case IRQMCLR:
        write_interrupts(gpu, f, reg, value);
        return true;
    case MAILBOX0:
    case MAILBOX1:
        emu_falcon_set_mailbox(gpu, f, reg == MAILBOX1, value);
        return true;
    case CPUCTL:
    case CPUCTL_ALIAS:
        if (value & 2)
            start(gpu, f);
        return true;
    case DMACTL:
        f->dmactl = value & 1;
        return true;
    case DMATRFCMD:
        emu_falcon_dma(gpu, f, value);
        return true;
    case ENGINE:
        write_engine(gpu, f, value);
        return true;
    case RETRIGGER_FIRST:
        if (value & 1 && is_gsp(gpu, f))
            emu_hw_retrigger(gpu);
        return true;
    case RETRIGGER_LAST:
    case ENGINE_PLM:
    case RISCV_CPUCTL:
    case RISCV_IRQDEST:
        return true;
    case BCR_CTRL:
        f->bcr_ctrl = value & BCR_RISCV;
        return true;
    default:
        return reg >= PORTS_FIRST && reg <= PORTS_LAST &&
               emu_falcon_port_wr32(gpu, f, reg, value);
    }
}
