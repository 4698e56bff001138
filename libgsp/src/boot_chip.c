/* SPDX-License-Identifier: MIT */
/*
 * One table per boot path: its states in order, each with its meaning, its deadline and the
 * vendor's source; and one row per family with the registers and sizes that differ.
 */
#include "boot_priv.h"

/* A state's row: name, meaning, source, deadline in ms, function. */
#define STATE(name, meaning, source, ms, run)                                                  \
    {                                                                                          \
        {name, meaning, source, ms}, run                                                       \
    }

#define IDENTIFY                                                                               \
    STATE("identify", "memory and bus mastering are on, and the chip is known",                \
          "nv_arch.h, nv_ref.h", 100, boot_identify)
#define GFW                                                                                    \
    STATE("gfw-boot", "the card's own firmware has brought up memory",                         \
          "kernel_gsp_tu102.c kgspWaitForGfwBootOk", 4000, boot_wait_ready)
#define FSP_READY(ms)                                                                          \
    STATE("fsp-boot", "FSP has booted and brought up memory",                                  \
          "kern_fsp_gh100.c kfspWaitForSecureBoot", ms, boot_wait_ready)
#define WPR2_DOWN                                                                              \
    STATE("wpr2-down", "no driver runs the card: there is no protected region",                \
          "kernel_gsp_tu102.c kgspIsWpr2Up", 100, boot_wpr2_down)
#define VRAM                                                                                   \
    STATE("vram", "the size of usable video memory is read",                                   \
          "kern_mem_sys_{gp102,ga102}.c kmemsysReadUsableFbSize", 100, boot_vram)
#define FIRMWARE                                                                               \
    STATE("firmware", "the firmware set is found, parsed, and of the session's release",       \
          "kernel_gsp.c kgspInitRm, kgspPrepareGspRmBinaryImage", 10000, boot_firmware)
#define VBIOS                                                                                  \
    STATE("vbios", "VBIOS is read from PROM and FWSEC found in it",                            \
          "kernel_gsp_vbios_tu102.c, kernel_gsp_fwsec.c", 4000, boot_read_vbios)
#define MEMORY                                                                                 \
    STATE("memory", "firmware, queues and arguments lie in system memory",                     \
          "kernel_gsp.c kgspCreateRadix3, kgspAllocBootArgs", 10000, boot_memory)
#define WPR_META                                                                               \
    STATE("wpr-meta", "the layout of video memory is written down for booter",                 \
          "kernel_gsp_tu102.c kgspPopulateWprMeta", 100, boot_wpr_meta)
#define SCRUBBER                                                                               \
    STATE("scrubber", "memory for GSP-RM is scrubbed, by ucode on SEC2 if need be",            \
          "kernel_gsp_ad102.c kgspExecuteScrubberIfNeeded", 4000, boot_scrubber)
#define FWSEC_FRTS                                                                             \
    STATE("fwsec-frts", "FWSEC on the GSP has made the FRTS region and WPR2",                  \
          "kernel_gsp_frts_tu102.c kgspExecuteFwsec", 4000, boot_fwsec_frts)
#define RISCV_RESET                                                                            \
    STATE("riscv-reset", "the GSP is reset into its RISC-V core and given its arguments",      \
          "kernel_falcon_{tu102,ga102}.c kflcnResetIntoRiscv", 4000, boot_riscv_reset)
#define BOOTER_LOAD                                                                            \
    STATE("booter-load", "booter on SEC2 has loaded GSP-RM into WPR2 and started it",          \
          "kernel_gsp_booter_tu102.c kgspExecuteBooterLoad", 4000, boot_booter_load)
#define WPR_META_FSP                                                                           \
    STATE("wpr-meta", "sizes and addresses are written down for the FMC",                      \
          "kernel_gsp_gh100.c kgspPopulateWprMeta", 100, boot_wpr_meta_fsp)
#define FMC_ARGS                                                                               \
    STATE("fmc-args", "the FMC and its arguments lie in system memory",                        \
          "kernel_gsp_gh100.c kgspSetupGspFmcArgs", 1000, boot_fmc_args)
#define COT                                                                                    \
    STATE("cot", "FSP has accepted the chain of trust command",                                \
          "kern_fsp_gh100.c kfspSendBootCommands", 5000, boot_cot)
#define TARGET_MASK                                                                            \
    STATE("target-mask", "FSP lets the CPU reach the GSP again",                               \
          "kern_fsp_gh100.c kfspWaitForGspTargetMaskReleased", 4000, boot_target_mask)
#define INIT_RPCS                                                                              \
    STATE("init-rpcs", "system information and registry keys wait in the command queue",       \
          "kernel_gsp.c kgspSendInitRpcs", 1000, boot_init_rpcs)
#define LOCKDOWN                                                                               \
    STATE("lockdown", "the GSP is unlocked: the FMC has started GSP-RM",                       \
          "kernel_gsp_gh100.c kgspBootstrap", 4000, boot_lockdown)
#define RISCV_ACTIVE                                                                           \
    STATE("riscv-active", "the GSP's RISC-V core runs",                                        \
          "kernel_falcon_{tu102,ga102}.c kflcnIsRiscvActive", 1000, boot_riscv_active)
#define STATUS_QUEUE                                                                           \
    STATE("status-queue", "GSP-RM has set up its status queue",                                \
          "message_queue_cpu.c GspStatusQueueInit", 4000, boot_link)
#define INIT_DONE                                                                              \
    STATE("init-done", "GSP-RM is up; what it asks for on the way is done",                    \
          "kernel_gsp.c kgspWaitForRmInitDone", 30000, boot_init_done)
#define STATIC_INFO                                                                            \
    STATE("static-info", "what GSP-RM says about the card is read",                            \
          "rpc.c rpcGetGspStaticInfo", 6000, boot_static_info)

#define START IDENTIFY, GFW, WPR2_DOWN, VRAM, FIRMWARE, VBIOS, MEMORY, WPR_META
#define END                                                                                    \
    RISCV_RESET, BOOTER_LOAD, INIT_RPCS, RISCV_ACTIVE, STATUS_QUEUE, INIT_DONE, STATIC_INFO
#define FSP_STATES(ms)                                                                         \
    IDENTIFY, FSP_READY(ms), WPR2_DOWN, VRAM, FIRMWARE, MEMORY, WPR_META_FSP, FMC_ARGS, COT,   \
        TARGET_MASK, INIT_RPCS, LOCKDOWN, RISCV_ACTIVE, STATUS_QUEUE, INIT_DONE, STATIC_INFO

static const struct boot_state turing_states[] = {START, FWSEC_FRTS, END};
static const struct boot_state ga100_states[] = {START, END};
static const struct boot_state ada_states[] = {START, SCRUBBER, FWSEC_FRTS, END};
static const struct boot_state hopper_states[] = {FSP_STATES(4000)};
static const struct boot_state gb20x_states[] = {FSP_STATES(5000)};

#define STATES(list) .states = (list), .state_count = sizeof(list) / sizeof((list)[0])
#define GFW_READY                                                                              \
    .ready = NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0_GFW_BOOT,                                   \
    .ready_plm = NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_PRIV_LEVEL_MASK
#define WPR2 .wpr2_lo = NV_PFB_PRI_MMU_WPR2_ADDR_LO, .wpr2_hi = NV_PFB_PRI_MMU_WPR2_ADDR_HI
#define WPR2_GB10X                                                                             \
    .wpr2_lo = NV_HUBMMU0_PRI_BASE + NV_HUBMMU_PRI_MMU_WPR2_ADDR_LO,                           \
    .wpr2_hi = NV_HUBMMU0_PRI_BASE + NV_HUBMMU_PRI_MMU_WPR2_ADDR_HI

enum {
    PRESCRUBBED = 256 << 20,
    NON_WPR_HEAP = 0x100000,
    NON_WPR_HEAP_GH100 = 0x200000,
    NON_WPR_HEAP_GB20X = 0x300000, /* 0x220000 before 595: more is as good */
    END_RESERVE_GH100 = 0x200000,  /* mem_mgr_gm107.c */
    END_RESERVE_GB100 = 0x220000,  /* mem_mgr_gb100.c */
    PMU_GB20X = 0x1820000,
};

static const struct boot_chip turing = {
    STATES(turing_states),
    GFW_READY,
    WPR2,
    .frts = true,
    .debug_fuse = NV_FUSE_OPT_SECURE_GSP_DEBUG_DIS__TU102,
    .prescrubbed_bytes = PRESCRUBBED,
    .non_wpr_heap_bytes = NON_WPR_HEAP,
};
static const struct boot_chip ga100 = {
    STATES(ga100_states),
    GFW_READY,
    WPR2,
    .debug_fuse = NV_FUSE_OPT_SECURE_GSP_DEBUG_DIS__GA100,
    .non_wpr_heap_bytes = NON_WPR_HEAP,
};
static const struct boot_chip ga10x = {
    STATES(turing_states),
    GFW_READY,
    WPR2,
    .frts = true,
    .brom = true,
    .usable_fb = true,
    .riscv_cpuctl = NV_PRISCV_RISCV_CPUCTL__GA102,
    .debug_fuse = NV_FUSE_OPT_SECURE_GSP_DEBUG_DIS__GA100,
    .prescrubbed_bytes = PRESCRUBBED,
    .non_wpr_heap_bytes = NON_WPR_HEAP,
};
static const struct boot_chip ad10x = {
    STATES(ada_states),
    GFW_READY,
    WPR2,
    .frts = true,
    .brom = true,
    .scrubber = true,
    .usable_fb = true,
    .riscv_cpuctl = NV_PRISCV_RISCV_CPUCTL__GA102,
    .debug_fuse = NV_FUSE_OPT_SECURE_GSP_DEBUG_DIS__GA100,
    .non_wpr_heap_bytes = NON_WPR_HEAP,
};
static const struct boot_chip gh100 = {
    STATES(hopper_states),
    WPR2,
    .fsp = true,
    .brom = true,
    .usable_fb = true,
    .ready = NV_THERM_I2CS_SCRATCH_FSP_BOOT_COMPLETE__GH100,
    .riscv_cpuctl = NV_PRISCV_RISCV_CPUCTL__GH100,
    .debug_fuse = NV_FUSE_OPT_SECURE_GSP_DEBUG_DIS__GH100,
    .cot_version = 1,
    .fb_end_reserve = END_RESERVE_GH100,
    .non_wpr_heap_bytes = NON_WPR_HEAP_GH100,
};
static const struct boot_chip gb10x = {
    STATES(hopper_states),
    WPR2_GB10X,
    .fsp = true,
    .brom = true,
    .usable_fb = true,
    .ready = NV_THERM_I2CS_SCRATCH_FSP_BOOT_COMPLETE__GB100,
    .fuse_error = NV_PFSP_FUSE_ERROR_CHECK,
    .riscv_cpuctl = NV_PRISCV_RISCV_CPUCTL__GH100,
    .debug_fuse = NV_FUSE_OPT_SECURE_GSP_DEBUG_DIS__GH100,
    .cot_version = 2,
    .clock_boost = true,
    .fb_end_reserve = END_RESERVE_GB100,
    .non_wpr_heap_bytes = NON_WPR_HEAP_GH100,
};
static const struct boot_chip gb20x = {
    STATES(gb20x_states),
    WPR2,
    .fsp = true,
    .brom = true,
    .usable_fb = true,
    .ready = NV_THERM_I2CS_SCRATCH_FSP_BOOT_COMPLETE__GB202,
    .riscv_cpuctl = NV_PRISCV_RISCV_CPUCTL__GB202,
    .debug_fuse = NV_FUSE_OPT_SECURE_GSP_DEBUG_DIS__GH100,
    .cot_version = 2,
    .clock_boost = true,
    .fb_end_reserve = END_RESERVE_GB100,
    .pmu_bytes = PMU_GB20X,
    .non_wpr_heap_bytes = NON_WPR_HEAP_GB20X,
};

/* GB10Y and GB20Y boot from SEC2 with their heap in system memory: not here. */
const struct boot_chip *
boot_chip_of(enum gsp_fw_family family)
{
    static const struct boot_chip *const chips[GSP_FW_FAMILIES] = {
        [GSP_FW_TU10X] = &turing, [GSP_FW_TU11X] = &turing, [GSP_FW_GA100] = &ga100,
        [GSP_FW_GA10X] = &ga10x,  [GSP_FW_AD10X] = &ad10x,  [GSP_FW_GH100] = &gh100,
        [GSP_FW_GB10X] = &gb10x,  [GSP_FW_GB20X] = &gb20x,
    };

    return family < GSP_FW_FAMILIES ? chips[family] : NULL;
}
