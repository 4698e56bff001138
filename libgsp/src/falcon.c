/* SPDX-License-Identifier: MIT */
/*
 * One falcon: reset into either of its cores, start, halt, loading by port and by DMA. Follows
 * the vendor's kernel_falcon_{tu102,ga102}.c and the register rules of dev_falcon_v4.h.
 */
#include <errno.h>
#include <string.h>

#include "boot_priv.h"

enum { BLOCK = 256, RESET_READY_NS = 150000, DUMMY_READS = 3 };

const struct falcon boot_gsp = {
    .name = "GSP",
    .base = NV_PGSP__BASE,
    .fbif = NV_PGSP_FBIF_BASE,
    .second = NV_FALCON2_GSP_BASE,
};
const struct falcon boot_sec2 = {
    .name = "SEC2",
    .base = NV_PSEC__BASE,
    .fbif = NV_PSEC_FBIF_BASE,
    .second = NV_PSEC__BASE + (NV_FALCON2_GSP_BASE - NV_PGSP__BASE),
};

/* Reset */

/* Not an error when it does not come: the reset is tried all the same. */
static void
wait_reset_ready(struct gsp_boot *b, const struct falcon *f)
{
    const uint64_t deadline_ns = boot_now_ns(b) + RESET_READY_NS;

    while (!NVRM_GET(boot_rd(b, f->base + NV_PFALCON_FALCON_HWCFG2),
                     NV_PFALCON_FALCON_HWCFG2_RESET_READY) &&
           boot_now_ns(b) < deadline_ns)
        ;
}

static int
pulse_reset(struct gsp_boot *b, const struct falcon *f, struct gsp_error *err)
{
    const uint32_t engine = f->base + (NV_PGSP_FALCON_ENGINE - NV_PGSP__BASE);
    const uint32_t scrub = NV_PFALCON_FALCON_DMACTL_DMEM_SCRUBBING__MASK |
                           NV_PFALCON_FALCON_DMACTL_IMEM_SCRUBBING__MASK;

    if (b->chip->brom)
        wait_reset_ready(b, f);
    boot_wr(b, engine,
            NVRM_FIELD(NV_PGSP_FALCON_ENGINE_RESET, NV_PGSP_FALCON_ENGINE_RESET_TRUE));
    for (unsigned i = 0; i < DUMMY_READS; i++)
        boot_rd(b, engine);
    boot_wr(b, engine,
            NVRM_FIELD(NV_PGSP_FALCON_ENGINE_RESET, NV_PGSP_FALCON_ENGINE_RESET_FALSE));
    b->touched = true;
    if (b->chip->brom)
        return boot_poll(b, f->base + NV_PFALCON_FALCON_HWCFG2,
                         NV_PFALCON_FALCON_HWCFG2_MEM_SCRUBBING__MASK, 0,
                         "falcon memory is not scrubbed after reset", err);
    return boot_poll(b, f->base + NV_PFALCON_FALCON_DMACTL, scrub, 0,
                     "falcon memory is not scrubbed after reset", err);
}

static int
switch_to_falcon(struct gsp_boot *b, const struct falcon *f, struct gsp_error *err)
{
    const uint32_t bcr = f->second + NV_PRISCV_RISCV_BCR_CTRL;

    if (!NVRM_GET(boot_rd(b, f->base + NV_PFALCON_FALCON_HWCFG2),
                  NV_PFALCON_FALCON_HWCFG2_RISCV) ||
        !NVRM_GET(boot_rd(b, bcr), NV_PRISCV_RISCV_BCR_CTRL_CORE_SELECT))
        return 0;
    boot_wr(b, bcr,
            NVRM_FIELD(NV_PRISCV_RISCV_BCR_CTRL_CORE_SELECT,
                       NV_PRISCV_RISCV_BCR_CTRL_CORE_SELECT_FALCON));
    return boot_poll(b, bcr, NV_PRISCV_RISCV_BCR_CTRL_VALID__MASK,
                     NV_PRISCV_RISCV_BCR_CTRL_VALID__MASK, "the falcon core is not selected",
                     err);
}

int
falcon_reset(struct gsp_boot *b, const struct falcon *f, struct gsp_error *err)
{
    int rc = pulse_reset(b, f, err);

    if (rc == 0 && b->chip->brom)
        rc = switch_to_falcon(b, f, err);
    if (rc == 0)
        boot_wr(b, f->base + NV_PFALCON_FALCON_RM, b->boot0);
    return rc;
}

int
falcon_reset_into_riscv(struct gsp_boot *b, const struct falcon *f, struct gsp_error *err)
{
    int rc;

    if (!b->chip->brom)
        return falcon_reset(b, f, err);
    rc = pulse_reset(b, f, err);
    if (rc == 0)
        boot_wr(b, f->second + NV_PRISCV_RISCV_BCR_CTRL,
                NVRM_FIELD(NV_PRISCV_RISCV_BCR_CTRL_CORE_SELECT,
                           NV_PRISCV_RISCV_BCR_CTRL_CORE_SELECT_RISCV) |
                    NVRM_FIELD(NV_PRISCV_RISCV_BCR_CTRL_VALID, 1) |
                    NVRM_FIELD(NV_PRISCV_RISCV_BCR_CTRL_BRFETCH, 1));
    return rc;
}

/* Running */

void
falcon_start(struct gsp_boot *b, const struct falcon *f)
{
    if (NVRM_GET(boot_rd(b, f->base + NV_PFALCON_FALCON_CPUCTL),
                 NV_PFALCON_FALCON_CPUCTL_ALIAS_EN))
        boot_wr(b, f->base + NV_PFALCON_FALCON_CPUCTL_ALIAS,
                NVRM_FIELD(NV_PFALCON_FALCON_CPUCTL_ALIAS_STARTCPU, 1));
    else
        boot_wr(b, f->base + NV_PFALCON_FALCON_CPUCTL,
                NVRM_FIELD(NV_PFALCON_FALCON_CPUCTL_STARTCPU, 1));
}

int
falcon_wait_halt(struct gsp_boot *b, const struct falcon *f, struct gsp_error *err)
{
    return boot_poll(b, f->base + NV_PFALCON_FALCON_CPUCTL,
                     NV_PFALCON_FALCON_CPUCTL_HALTED__MASK,
                     NV_PFALCON_FALCON_CPUCTL_HALTED__MASK, "the falcon does not halt", err);
}

bool
falcon_riscv_active(struct gsp_boot *b, const struct falcon *f)
{
    if (b->chip->riscv_cpuctl)
        return NVRM_GET(boot_rd(b, f->second + b->chip->riscv_cpuctl),
                        NV_PRISCV_RISCV_CPUCTL_ACTIVE_STAT);
    return NVRM_GET(boot_rd(b, f->second + NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS),
                    NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS_ACTIVE_STAT);
}

void
falcon_disable_ctx(struct gsp_boot *b, const struct falcon *f)
{
    const uint32_t ctl = f->fbif + NV_PFALCON_FBIF_CTL;

    boot_wr(b, ctl, NVRM_PUT(boot_rd(b, ctl), NV_PFALCON_FBIF_CTL_ALLOW_PHYS_NO_CTX, 1));
    boot_wr(b, f->base + NV_PFALCON_FALCON_DMACTL, 0);
}

void
falcon_mailboxes(struct gsp_boot *b, const struct falcon *f, uint64_t value)
{
    boot_wr(b, f->base + NV_PFALCON_FALCON_MAILBOX0, (uint32_t)value);
    boot_wr(b, f->base + NV_PFALCON_FALCON_MAILBOX1, (uint32_t)(value >> 32));
}

void
falcon_aperture(struct gsp_boot *b, const struct falcon *f, unsigned index, uint32_t target)
{
    const uint32_t reg = f->fbif + NV_PFALCON_FBIF_TRANSCFG(index);
    const uint32_t value = NVRM_PUT(boot_rd(b, reg), NV_PFALCON_FBIF_TRANSCFG_TARGET, target);

    boot_wr(b, reg,
            NVRM_PUT(value, NV_PFALCON_FBIF_TRANSCFG_MEM_TYPE,
                     NV_PFALCON_FBIF_TRANSCFG_MEM_TYPE_PHYSICAL));
}

/* Loading */

static int
wait_dma(struct gsp_boot *b, const struct falcon *f, bool idle, struct gsp_error *err)
{
    const uint32_t reg = f->base + NV_PFALCON_FALCON_DMATRFCMD;

    if (idle)
        return boot_poll(b, reg, NV_PFALCON_FALCON_DMATRFCMD_IDLE__MASK,
                         NV_PFALCON_FALCON_DMATRFCMD_IDLE__MASK, "falcon DMA is never idle",
                         err);
    return boot_poll(b, reg, NV_PFALCON_FALCON_DMATRFCMD_FULL__MASK, 0,
                     "falcon DMA's queue stays full", err);
}

static uint32_t
dma_command(const struct falcon_dma *dma)
{
    return NVRM_FIELD(NV_PFALCON_FALCON_DMATRFCMD_SIZE, NV_PFALCON_FALCON_DMATRFCMD_SIZE_256B) |
           NVRM_FIELD(NV_PFALCON_FALCON_DMATRFCMD_IMEM, dma->imem) |
           NVRM_FIELD(NV_PFALCON_FALCON_DMATRFCMD_SEC, dma->imem) |
           NVRM_FIELD(NV_PFALCON_FALCON_DMATRFCMD_SET_DMTAG, dma->tag);
}

/* The queue is looked at before every write: writing to a full one corrupts a transfer. */
int
falcon_dma_load(struct gsp_boot *b, const struct falcon *f, const struct falcon_dma *dma,
                struct gsp_error *err)
{
    const uint32_t command = dma_command(dma);
    int rc = wait_dma(b, f, false, err);

    boot_wr(b, f->base + NV_PFALCON_FALCON_DMATRFBASE, (uint32_t)(dma->source >> 8));
    boot_wr(b, f->base + NV_PFALCON_FALCON_DMATRFBASE1,
            (uint32_t)(dma->source >> 40) & NV_PFALCON_FALCON_DMATRFBASE1_BASE__MASK);
    for (uint32_t at = 0; rc == 0 && at < dma->bytes; at += BLOCK) {
        rc = wait_dma(b, f, false, err);
        if (rc < 0)
            break;
        boot_wr(b, f->base + NV_PFALCON_FALCON_DMATRFMOFFS, dma->falcon_off + at);
        boot_wr(b, f->base + NV_PFALCON_FALCON_DMATRFFBOFFS, dma->memory_off + at);
        boot_wr(b, f->base + NV_PFALCON_FALCON_DMATRFCMD, command);
    }
    return rc < 0 ? rc : wait_dma(b, f, true, err);
}

/* Words of data whose last one may be short. */
static uint32_t
word_at(const uint8_t *data, uint32_t at, uint32_t bytes)
{
    uint32_t word = 0;

    memcpy(&word, data + at, bytes - at < 4 ? bytes - at : 4);
    return word;
}

/* Offset and block of a port: the address itself, word aligned. */
void
falcon_imem_write(struct gsp_boot *b, const struct falcon *f, uint32_t off, const void *data,
                  uint32_t bytes, bool secure, uint32_t tag_va)
{
    boot_wr(b, f->base + NV_PFALCON_FALCON_IMEMC(0),
            (off &
             (NV_PFALCON_FALCON_IMEMC_OFFS__MASK | NV_PFALCON_FALCON_IMEMC_BLK__GA100__MASK)) |
                NVRM_FIELD(NV_PFALCON_FALCON_IMEMC_AINCW, 1) |
                NVRM_FIELD(NV_PFALCON_FALCON_IMEMC_SECURE, secure));
    for (uint32_t at = 0; at < bytes; at += 4) {
        if (at % BLOCK == 0)
            boot_wr(b, f->base + NV_PFALCON_FALCON_IMEMT(0),
                    NVRM_FIELD(NV_PFALCON_FALCON_IMEMT_TAG, (tag_va + at) >> 8));
        boot_wr(b, f->base + NV_PFALCON_FALCON_IMEMD(0), word_at(data, at, bytes));
    }
}

void
falcon_dmem_write(struct gsp_boot *b, const struct falcon *f, uint32_t off, const void *data,
                  uint32_t bytes)
{
    boot_wr(b, f->base + NV_PFALCON_FALCON_DMEMC(0),
            (off &
             (NV_PFALCON_FALCON_DMEMC_OFFS__MASK | NV_PFALCON_FALCON_DMEMC_BLK__GA100__MASK)) |
                NVRM_FIELD(NV_PFALCON_FALCON_DMEMC_AINCW, 1));
    for (uint32_t at = 0; at < bytes; at += 4)
        boot_wr(b, f->base + NV_PFALCON_FALCON_DMEMD(0), word_at(data, at, bytes));
}
