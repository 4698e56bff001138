/* SPDX-License-Identifier: MIT */
/**
 * Booting GSP-RM: a card from reset to GSP_INIT_DONE, as a list of named states per chip
 * family.
 *
 * Before Hopper: VBIOS, FWSEC for the FRTS region, scrubber (Ada), booter on SEC2. From Hopper
 * on: one command to FSP. Each state has a deadline and names the vendor source that it
 * follows; a boot can be run, run up to a state, or stepped. When a state fails, *err names the
 * state, the register that was looked at and what it said, the memory is given back, the card
 * is reset when it was touched, and the boot can be run again from the start.
 *
 * One caller at a time. docs/boot.md lists the states; register names come from
 * schemas/hw/regs.
 */
#ifndef GSP_BOOT_H
#define GSP_BOOT_H

#include <gsp/fw.h>
#include <gsp/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where firmware comes from. */
struct gsp_boot_firmware {
    void *ctx;
    /**
     * The file of a role for a family at a release ("570.144"). The bytes are borrowed until
     * the boot object is destroyed. -ENOENT when there is none; *err may say where it was
     * looked for.
     */
    int (*find)(void *ctx, enum gsp_fw_role role, enum gsp_fw_family family,
                const char *release, struct gsp_fw_source *out, struct gsp_error *err);
};

/** One state of a family's list. */
struct gsp_boot_state {
    const char *name;    /* "fwsec-frts" */
    const char *meaning; /* one line */
    const char *source;  /* the vendor's file and function that it follows */
    uint32_t deadline_ms;
};

enum { GSP_BOOT_TOUCHED_MAX = 24 };

/** What one state did. */
struct gsp_boot_report {
    const struct gsp_boot_state *state;
    unsigned index, count; /* of the family's list */
    int rc;
    uint64_t start_ns, end_ns;              /* host clock */
    uint64_t reads, writes;                 /* of registers */
    uint32_t touched[GSP_BOOT_TOUCHED_MAX]; /* BAR0 offsets in the order of first use;
                                               nvrm_reg_name() names them */
    unsigned touched_count;
    const struct gsp_error *err; /* rc < 0 */
};

struct gsp_boot_config {
    struct gsp_rm_config rm; /* bus, host, release, RPC timeout, registry keys */
    struct gsp_boot_firmware firmware;
    /** Optional: called after every state. */
    void (*observe)(void *ctx, const struct gsp_boot_report *report);
    void *observe_ctx;
};

struct gsp_boot;

/** The list of a family; NULL past its end or when nvrm cannot boot the family. */
const struct gsp_boot_state *gsp_boot_state_at(enum gsp_fw_family family, unsigned i);

/** Read which chip it is and choose its list. 0, -ENODEV (no card answers), -ENOTSUP (a family
 * without a boot path), -ENOMEM. */
GSP_MUST_CHECK int gsp_boot_create(const struct gsp_boot_config *config,
                                   struct gsp_boot **boot_out, struct gsp_error *err);
/** Gives everything back. A GSP-RM that still runs is unloaded first. */
void gsp_boot_destroy(struct gsp_boot *boot);

enum gsp_fw_family gsp_boot_family(const struct gsp_boot *boot);
/** The state that the next step runs; NULL when GSP-RM is up. */
const struct gsp_boot_state *gsp_boot_next(const struct gsp_boot *boot);

/** Run one state. */
GSP_MUST_CHECK int gsp_boot_step(struct gsp_boot *boot, struct gsp_error *err);
/** Run to the end, or to the state of that name, which is still run. -EINVAL when the family
 * has no such state. */
GSP_MUST_CHECK int gsp_boot_run(struct gsp_boot *boot, const char *until,
                                struct gsp_error *err);

/** RM behind the booted card; NULL before the last state. Borrowed: gone with the boot. */
struct gsp_backend *gsp_boot_backend(struct gsp_boot *boot);

/** What the registers say about boot, at any time and without changing anything. */
struct gsp_boot_status {
    enum gsp_fw_family family;
    uint32_t boot42;
    bool firmware_ready; /* GFW boot, or FSP's, is complete */
    bool wpr2_up;
    uint64_t wpr2_start, wpr2_end;
    uint32_t mailbox0, mailbox1; /* of the GSP */
    bool riscv_active, suspended, locked_down, halted;
    uint32_t gpu_ms;          /* the card's clock, 32 bits of it */
    uint32_t heartbeat_ms[2]; /* GSP-RM's and libos', by the same clock; 0: none yet */
    bool heartbeat_late;      /* one of them is older than 1.3 times RM's timeout of 4 s */
    uint64_t fb_bytes;
};
GSP_MUST_CHECK int gsp_boot_status(struct gsp_boot *boot, struct gsp_boot_status *out,
                                   struct gsp_error *err);

/** Unload GSP-RM and put the card back: RPC, FWSEC-SB and booter_unload before Hopper. */
GSP_MUST_CHECK int gsp_boot_unload(struct gsp_boot *boot, struct gsp_error *err);

/**
 * Suspend before power goes, and resume after it is back and the card is as after a reset.
 *
 * GSP-RM and its objects are kept in system memory; the backend stays valid, and calls to it
 * fail with -EBUSY in between. Video memory that clients allocated is the caller's to save. 0;
 * -ENOTCONN when there is nothing to suspend or resume; -ENOTSUP from Hopper on at releases
 * before 570.86.15: GSP-RM runs on. Otherwise as a state of the boot that fails: the session is
 * gone, the backend with it, the card was reset and can be booted again.
 */
GSP_MUST_CHECK int gsp_boot_suspend(struct gsp_boot *boot, struct gsp_error *err);
GSP_MUST_CHECK int gsp_boot_resume(struct gsp_boot *boot, struct gsp_error *err);

/** A whole boot as gsp_rm_open() does it: the backend owns the boot, and closing it unloads. */
GSP_MUST_CHECK int gsp_boot_open(const struct gsp_boot_config *config,
                                 struct gsp_backend **backend_out, struct gsp_error *err);

/* ---- The memory layout, which tools may want to print ---- */

struct gsp_fb_inputs {
    uint64_t fb_bytes;
    uint64_t vga_workspace; /* its address; 0: no display */
    uint64_t mmu_lock;      /* where VBIOS has locked memory; 0: nowhere */
    uint64_t bootloader_bytes, image_bytes;
    uint64_t frts_bytes;         /* 0 on GA100 */
    uint64_t non_wpr_heap_bytes; /* 1 MiB before Hopper */
    uint64_t prescrubbed_bytes;  /* at the top, which all of it must fit into; 0: any size */
    unsigned libos;
};
/** Offsets into VRAM; top down. */
struct gsp_fb_layout {
    uint64_t vga_offset, vga_bytes;
    uint64_t wpr_end, frts_offset, boot_offset, fw_offset;
    uint64_t heap_offset, heap_bytes;
    uint64_t wpr_start, non_wpr_offset, non_wpr_bytes, reserved_start;
};
/** The smallest heap that GSP-RM of this release asks for. */
uint64_t gsp_fb_heap_bytes(struct nvrm_abi abi, uint64_t fb_bytes, unsigned libos, bool hopper);
/** 0, or -EINVAL when the card has too little memory. */
GSP_MUST_CHECK int gsp_fb_layout(struct nvrm_abi abi, const struct gsp_fb_inputs *in,
                                 struct gsp_fb_layout *out, struct gsp_error *err);

/** radix3: bytes of the page tables and the data, and their filling. */
uint64_t gsp_radix3_bytes(uint64_t image_bytes);
/** Table pages first, then the image (NULL: room for one). `to` holds gsp_radix3_bytes(), is
 * zeroed and starts at bus_addr. */
void gsp_radix3_fill(void *to, uint64_t bus_addr, const void *image, uint64_t image_bytes);

#ifdef __cplusplus
}
#endif
#endif
