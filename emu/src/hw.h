/* SPDX-License-Identifier: MIT */
/*
 * The card below GSP-RM: registers, falcons, FSP, memory, VBIOS; and the chain that checks what
 * a client loads before GSP-RM starts.
 *
 * Everything happens within the access that causes it. Where hardware takes time (scrubbing, a
 * falcon that runs, lockdown) the first reads of the status say "not yet": a client that does
 * not wait is found out.
 */
#ifndef EMU_HW_H
#define EMU_HW_H

#include "fw_synth.h"
#include "host.h"

struct emu_gpu;

enum {
    EMU_FALCON_MEM = 0x10000, /* IMEM and DMEM, each */
    EMU_FALCON_BLOCK = 256,
    EMU_FALCON_BLOCKS = EMU_FALCON_MEM / EMU_FALCON_BLOCK,
    EMU_GSP_BASE = 0x110000,
    EMU_SEC2_BASE = 0x840000,
    EMU_FALCON_SPAN = 0x2000, /* with the RISC-V and boot ROM registers behind it */
    EMU_NO_ANSWER = (int)0xbadf5040,
    EMU_GSP_LOCKED = (int)0xbadf4100, /* the GSP before FSP lets the CPU see it */
};

struct emu_falcon {
    const char *name;
    uint32_t base;
    uint8_t imem[EMU_FALCON_MEM], dmem[EMU_FALCON_MEM];
    uint32_t tag[EMU_FALCON_BLOCKS];
    bool secure[EMU_FALCON_BLOCKS], loaded[EMU_FALCON_BLOCKS];
    uint32_t imemc[4], imemt[4], dmemc[8];
    uint32_t mailbox[2], irqstat; /* SEC2's: the GSP's are in emu_regs */
    uint32_t irqmask, irqdest, riscv_irqmask;
    uint32_t os, rm, dmactl, bootvec, debuginfo;
    uint32_t dma_base, dma_base1, dma_moffs, dma_fboffs, dma_cmd;
    uint32_t transcfg[8], fbif_ctl;
    uint32_t mod_sel, ucode_id, engine_id_mask, paraaddr;
    uint32_t bcr_ctrl, bcr[8];
    uint32_t scratch[16];
    bool in_reset;
    bool fresh;     /* reset, and nothing ran since */
    bool dma_hangs; /* a transfer was not allowed: it never ends */
    bool halted;
    bool complained;   /* a note was made of writes that are lost */
    unsigned scrub;    /* reads until the memories are scrubbed */
    unsigned run;      /* reads until HALTED shows */
    unsigned released; /* reads until RESET_READY shows */
};

enum { EMU_FSP_WORDS = 256 }; /* one EMEM window of 1 KiB */

struct emu_fsp {
    uint32_t emem[EMU_FSP_WORDS], ememc;
    uint32_t queue_head, queue_tail, msgq_head, msgq_tail;
    uint8_t message[8192]; /* a message that is being put together */
    uint32_t bytes, seq;
    bool assembling;
    unsigned delay; /* reads of the message queue's head until the answer shows */
    bool boost;     /* clocks are raised for the boot */
    uint32_t pending_tail;
};

/* Faults of the boot, one bit each. */
enum emu_boot_fault {
    EMU_BOOT_GFW_STUCK,
    EMU_BOOT_SCRUB_STUCK,
    EMU_BOOT_DMA_STUCK,
    EMU_BOOT_HALT_STUCK,
    EMU_BOOT_WPR2_UP,
    EMU_BOOT_FWSEC_ERROR,
    EMU_BOOT_FRTS_WRONG,
    EMU_BOOT_FRTS_MISSING,
    EMU_BOOT_SCRUBBER_FAILS,
    EMU_BOOT_BOOTER_ERROR,
    EMU_BOOT_RISCV_DEAD,
    EMU_BOOT_GSP_SILENT,
    EMU_BOOT_FSP_ERROR,
    EMU_BOOT_FSP_SILENT,
    EMU_BOOT_FSP_TRUNCATED,
    EMU_BOOT_FSP_BAD_TAG,
    EMU_BOOT_FMC_ERROR,
    EMU_BOOT_TARGET_LOCKED,
    EMU_BOOT_LOCKDOWN_STUCK,
    EMU_BOOT_SB_ERROR,
    EMU_BOOT_UNLOAD_ERROR,
    EMU_BOOT_WPR2_STAYS,
    EMU_BOOT_SUSPEND_STUCK,
    EMU_BOOT_VBIOS, /* argument: enum emu_vbios_knob */
    EMU_BOOT_RESET_NOT_READY,
    EMU_BOOT_FW_VERSION,
    EMU_BOOT_FW_SIGNATURE,
    EMU_BOOT_RADIX3_SHORT,
    EMU_BOOT_SLOW_LINK,
    EMU_BOOT_RESUME_ERROR,
    EMU_BOOT_ECC_ERRORS,
    EMU_BOOT_FAULTS,
};

/* Where GSP-RM is with what only the CPU can do for it during its start. */
enum emu_seq_state {
    EMU_SEQ_NONE,   /* nothing was asked yet */
    EMU_SEQ_ASKED,  /* the event is out; GSP-RM waits for what it asked for */
    EMU_SEQ_RESUME, /* and has let go of its core for that */
    EMU_SEQ_DONE,
};

/* Errors that booter and the FMC give. The vendor does not publish what its codes mean: these
 * are our own, listed in docs/emulator.md. */
enum emu_chain_error {
    EMU_CHAIN_OK,
    EMU_CHAIN_META_ADDRESS = 0x11, /* no memory there */
    EMU_CHAIN_META_MAGIC,
    EMU_CHAIN_META_REVISION,
    EMU_CHAIN_META_FIELD, /* sizes and offsets that do not fit the firmware */
    EMU_CHAIN_LAYOUT,     /* regions that overlap, are not aligned or leave the memory */
    EMU_CHAIN_RADIX3,
    EMU_CHAIN_IMAGE, /* not the bytes that were signed */
    EMU_CHAIN_SIGNATURE,
    EMU_CHAIN_BOOTLOADER,
    EMU_CHAIN_FRTS,     /* WPR2 is not what FWSEC makes */
    EMU_CHAIN_CORE,     /* the GSP is not in reset and set to RISC-V */
    EMU_CHAIN_SCRUBBER, /* memory was not scrubbed */
    EMU_CHAIN_ARGS,     /* libos arguments */
    EMU_CHAIN_STATE,    /* GSP-RM still runs, or was never started */
    EMU_CHAIN_RESUME,   /* not what was saved at the suspend */
};

/* What booter or the FMC wrote out for a suspend. It outlives resets, as power off. */
struct emu_saved {
    uint64_t session; /* counts suspends */
    uint32_t wpr2_lo, wpr2_hi;
};

struct emu_hw {
    struct emu_synth_key key;
    struct emu_falcon gsp, sec2;
    struct emu_fsp fsp;
    struct emu_blob prom;
    uint8_t *vram; /* mapped when it is first used */
    uint64_t vram_bytes;
    uint32_t window;  /* of PRAMIN, in 64 KiB */
    uint32_t refused; /* reads that memory did not answer */
    uint32_t wpr2_lo, wpr2_hi;
    uint32_t pbus_scratch[64];
    uint32_t bsi_scratch_14, bsi_scratch_15;
    uint32_t vf[0x100]; /* MMU registers of the virtual function: kept as written */
    uint32_t flush[2];
    uint32_t leaf[16], leaf_en[16], top_en;
    bool line, message; /* something enabled is pending; and that has not been told yet */
    uint64_t libos_args;
    struct emu_saved saved;
    uint64_t crash_addr; /* of the queue that WPR meta offers for crash reports; 0: none */
    uint32_t crash_bytes;
    uint8_t meta_flags;          /* of the WPR meta that GSP-RM was started with */
    uint64_t non_wpr_heap_bytes; /* below WPR2, where the FMC placed it */
    bool turning;                /* a request of the card's own is being looked up in BAR1 */
    bool booted;                 /* by the chain, not by direct_start */
    bool resumable;      /* GSP-RM let go of its core and waits on SEC2 to get it back */
    bool gsp_visible;    /* FSP released the GSP's registers to the CPU */
    unsigned lockdown;   /* reads until it is lifted; UINT32_MAX: stays */
    unsigned visible_in; /* reads until the GSP's registers show */
    enum emu_seq_state seq;
    bool seq_ran;    /* the ucode that GSP-RM asked for */
    uint64_t faults; /* a bit for each enum emu_boot_fault */
    uint32_t fault_arg[EMU_BOOT_FAULTS];
};

/* hw.c */
int emu_hw_init(struct emu_gpu *gpu);
void emu_hw_fini(struct emu_gpu *gpu);
/** As after a function-level reset. Boot faults are over: what they broke, it mends. */
void emu_hw_reset(struct emu_gpu *gpu);
/** False: not a register of this part of the card. */
bool emu_hw_rd32(struct emu_gpu *gpu, uint32_t off, uint32_t *value_out);
bool emu_hw_wr32(struct emu_gpu *gpu, uint32_t off, uint32_t value);
/** Write-protected region 2 holds this address: only the GSP's core reaches it. */
bool emu_hw_in_wpr2(const struct emu_hw *hw, uint64_t addr);
/** What the CPU reads through a window where memory refuses: 0xbad0fb.. with a count, as
 * public logs of Kepler to Ampere cards show it. */
uint32_t emu_hw_no_memory(struct emu_gpu *gpu);
/** BAR1 and BAR3: memory, or what page tables map there. */
uint32_t emu_hw_bar_rd32(struct emu_gpu *gpu, unsigned bar, uint64_t off);
void emu_hw_bar_wr32(struct emu_gpu *gpu, unsigned bar, uint64_t off, uint32_t value);
/** A fault of the boot comes into force, until the next reset. */
void emu_hw_set_fault(struct emu_gpu *gpu, enum emu_boot_fault fault, uint32_t arg);
bool emu_hw_fault(const struct emu_gpu *gpu, enum emu_boot_fault fault);
/** GSP-RM runs, or its operating system waits for the CPU. */
bool emu_hw_riscv_active(const struct emu_gpu *gpu);

/* hw_regs.c: everything but falcons and FSP */
bool emu_hw_simple_rd32(struct emu_gpu *gpu, uint32_t off, uint32_t *value_out);
bool emu_hw_simple_wr32(struct emu_gpu *gpu, uint32_t off, uint32_t value);

/* hw_intr.c */
/** A vector becomes pending. */
void emu_hw_raise(struct emu_gpu *gpu, uint32_t vector);
/** IRQSTAT of the GSP, whose line is a vector of its own; and its line once more. */
void emu_hw_set_irqstat(struct emu_gpu *gpu, uint32_t value);
void emu_hw_retrigger(struct emu_gpu *gpu);
/** True once for each message that the card sends. */
bool emu_hw_take_message(struct emu_gpu *gpu);
/* Registers of the tree, as rows of hw_regs.c. */
uint32_t emu_intr_read_leaf(struct emu_gpu *gpu, uint32_t off);
void emu_intr_write_leaf(struct emu_gpu *gpu, uint32_t off, uint32_t value);
uint32_t emu_intr_read_leaf_en(struct emu_gpu *gpu, uint32_t off);
void emu_intr_write_leaf_en(struct emu_gpu *gpu, uint32_t off, uint32_t value);
uint32_t emu_intr_read_top(struct emu_gpu *gpu, uint32_t off);
uint32_t emu_intr_read_top_en(struct emu_gpu *gpu, uint32_t off);
void emu_intr_write_top_en(struct emu_gpu *gpu, uint32_t off, uint32_t value);
void emu_intr_write_trigger(struct emu_gpu *gpu, uint32_t off, uint32_t value);

/* hw_vram.c */
/** Local memory; NULL when out of range (or when the host has no address space for it). */
void *emu_hw_vram(struct emu_gpu *gpu, uint64_t addr, uint64_t bytes);
/** Memory as a falcon's DMA names it: target 0 local, 1 and 2 system. */
void *emu_hw_target(struct emu_gpu *gpu, unsigned target, uint64_t addr, uint64_t bytes);

/** Copy out of such memory, page by page: pages that follow each other on the bus need not do
 * so in the host. */
bool emu_hw_copy(struct emu_gpu *gpu, unsigned target, uint64_t addr, void *out,
                 uint64_t bytes);
/** Does system memory hold these bytes? */
bool emu_hw_holds(struct emu_gpu *gpu, uint64_t addr, const void *wanted, uint64_t bytes);
/** Let DMA to an address of the card's own BAR1 come back to the card. */
void emu_hw_attach(struct emu_gpu *gpu);
/** Software allowed the card to reach system memory: bus master in its configuration space. */
bool emu_hw_bus_master(const struct emu_gpu *gpu);

/* hw_mmu.c; the walk itself is in host.h */
/** What a virtual address leads to, through the page tables of an instance block. */
bool emu_mmu_map(struct emu_gpu *gpu, unsigned target, uint64_t instance, uint64_t va,
                 struct emu_mapping *out);
/** A word of the virtual function's registers that are kept as written: 0xf00.., 0x3000... */
uint32_t emu_hw_vf(const struct emu_gpu *gpu, uint32_t off);
void emu_hw_set_vf(struct emu_gpu *gpu, uint32_t off, uint32_t value);
/** The bytes that a BAR shows, within one page. NULL: nothing. */
void *emu_hw_bar_at(struct emu_gpu *gpu, unsigned bar, uint64_t off);
void *emu_hw_bar_span(struct emu_gpu *gpu, uint64_t off, uint64_t bytes);

/* falcon.c */
void emu_falcon_reset(struct emu_gpu *gpu, struct emu_falcon *f);
/** The two halves of a reset: everything zero, and from there to the values of reset. A new
 * card's memories are zero already, and pages of them that nobody touches cost nothing. */
void emu_falcon_clear(struct emu_falcon *f);
void emu_falcon_start(struct emu_gpu *gpu, struct emu_falcon *f);
/** Booter's own way to a core that can run GSP-RM. */
void emu_falcon_to_riscv(struct emu_gpu *gpu, struct emu_falcon *f);
/** The switch is set to the RISC-V core, and its boot ROM to branch fetch. */
bool emu_falcon_is_riscv(const struct emu_falcon *f);
bool emu_falcon_rd32(struct emu_gpu *gpu, struct emu_falcon *f, uint32_t reg,
                     uint32_t *value_out);
bool emu_falcon_wr32(struct emu_gpu *gpu, struct emu_falcon *f, uint32_t reg, uint32_t value);
uint32_t emu_falcon_mailbox(struct emu_gpu *gpu, const struct emu_falcon *f, unsigned i);
void emu_falcon_set_mailbox(struct emu_gpu *gpu, struct emu_falcon *f, unsigned i,
                            uint32_t value);
/* falcon_mem.c: ports and DMA */
bool emu_falcon_port_rd32(struct emu_falcon *f, uint32_t reg, uint32_t *value_out);
bool emu_falcon_port_wr32(struct emu_gpu *gpu, struct emu_falcon *f, uint32_t reg,
                          uint32_t value);
void emu_falcon_dma(struct emu_gpu *gpu, struct emu_falcon *f, uint32_t cmd);

/* falcon_run.c: what is loaded, and is it whole? */
void emu_falcon_run(struct emu_gpu *gpu, struct emu_falcon *f);
/** The generic bootloader lies where it must, ready to be started. */
bool emu_falcon_has_bootloader(struct emu_gpu *gpu, const struct emu_falcon *f);

/* hw_fwsec.c */
void emu_fwsec_run(struct emu_gpu *gpu, const uint8_t *dmem);

/* hw_booter.c */
uint32_t emu_booter_load(struct emu_gpu *gpu, uint64_t meta);
uint32_t emu_booter_unload(struct emu_gpu *gpu, uint64_t argument);
/* hw_suspend.c */
/** Is there a GspFwSRMeta, by its magic? */
bool emu_suspend_is_meta(struct emu_gpu *gpu, uint64_t addr);
/** Write WPR2 out to where the meta there says; and take it back, with the GSP's core. */
uint32_t emu_suspend_save(struct emu_gpu *gpu, uint64_t addr);
uint32_t emu_suspend_restore(struct emu_gpu *gpu, uint64_t addr);

/** Start GSP-RM: the last step of booter and of the FMC. */
uint32_t emu_hw_launch(struct emu_gpu *gpu, uint64_t libos_args);

/* hw_meta.c */
struct emu_meta {
    const uint8_t *p;
    uint64_t wpr_start, wpr_end, frts_off, frts_bytes;
};
/** What the meta describes, against the firmware set. */
uint32_t emu_meta_check_images(struct emu_gpu *gpu, uint64_t addr, struct emu_meta *out);
/** A data page of a radix3; NULL when the tables do not lead to memory. */
void *emu_radix3_page(struct emu_gpu *gpu, uint64_t top, uint64_t index);
/** The regions: before Hopper the client lays them out. */
uint32_t emu_meta_check_layout(struct emu_gpu *gpu, struct emu_meta *m);

/* fsp.c */
void emu_fsp_reset(struct emu_gpu *gpu);
bool emu_fsp_rd32(struct emu_gpu *gpu, uint32_t off, uint32_t *value_out);
bool emu_fsp_wr32(struct emu_gpu *gpu, uint32_t off, uint32_t value);
/* fsp_cot.c: the chain-of-trust message. Returns FSP's error code. */
uint32_t emu_fsp_cot(struct emu_gpu *gpu, const uint8_t *payload, uint32_t bytes);
/** The FMC saves WPR2 for a suspend. False: it could not, and its error word says so. */
bool emu_fmc_save(struct emu_gpu *gpu);
bool emu_fmc_failed(const struct emu_gpu *gpu);

/* hw_crash.c: GSP-RM crashed */
void emu_hw_crash(struct emu_gpu *gpu);

/* hw_seq.c */
/** GSP-RM is about to report INIT_DONE. True: it waits for the CPU first. */
bool emu_seq_before_init_done(struct emu_gpu *gpu);
/** The GSP's falcon was started: is it the ucode that GSP-RM asked for? False: it asked for
 * none. */
bool emu_seq_run(struct emu_gpu *gpu, const struct emu_falcon *f);
/** SEC2 was started without new ucode: booter gives the GSP back. True when it was so. */
bool emu_seq_resume(struct emu_gpu *gpu);

#endif
