/* SPDX-License-Identifier: MIT */
/*
 * The units whose registers GSP boot, its emulation and the interrupt path need. A header that
 * a later chip does not repeat holds for that chip too; the file's chip is the first one.
 */
#include "regs_units.h"

#include <stddef.h>

#define VF_NAMES                                                                               \
    "NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR "                  \
    "NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT NV_VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE "              \
    "NV_VIRTUAL_FUNCTION_DOORBELL NV_VIRTUAL_FUNCTION_TIME "                                   \
    "NV_VIRTUAL_FUNCTION_PRIV_FUNC_BAR NV_VIRTUAL_FUNCTION_PRIV_FUNC_BAR"

const struct imp_reg_unit imp_reg_units[] = {
    {"gm107_pmc",      "maxwell/gm107/dev_boot.h nv_ref.h",
     "NV_PMC_BOOT_0 NV_PMC_BOOT_1 NV_PMC_BOOT_42 NV_PMC_INTR"                                                                     },
    {"tu102_pmc",      "turing/tu102/dev_boot.h",
     "NV_PMC_INTR NV_PMC_ENABLE_SEC NV_PMC_DEVICE_ENABLE"                                                                         },
    {"gh100_pmc",      "hopper/gh100/dev_pmc.h",                                                     NULL                         },
    {"gm107_pbus",     "maxwell/gm107/dev_bus.h",
     "NV_PBUS_BAR0_WINDOW NV_PBUS_BAR1_BLOCK NV_PBUS_BAR2_BLOCK NV_PBUS_BIND_STATUS"                                              },
    {"tu102_pbus",     "turing/tu102/dev_bus.h",                                                     NULL                         },
    {"ga100_pbus",     "ampere/ga100/dev_bus.h ampere/ga100/dev_bus_addendum.h",                     NULL                         },
    {"ad102_pbus",     "ada/ad102/dev_bus.h ada/ad102/dev_bus_addendum.h",                           NULL                         },
    {"gh100_pbus",     "hopper/gh100/dev_bus.h hopper/gh100/dev_bus_addendum.h",                     NULL                         },
    {"gb100_pbus",     "blackwell/gb100/dev_bus.h blackwell/gb100/dev_bus_addendum.h",               NULL                         },
    {"gb100_xal",      "blackwell/gb100/dev_nv_xal_ep_zb.h",
     "NV_XAL_EP_BAR0_WINDOW NV_XAL_EP_ZB_BAR0"                                                                                    },
    {"gh100_xal",      "hopper/gh100/dev_nv_xal_ep_zb.h hopper/gh100/dev_nv_xal_zb_addendum.h",
     "NV_XAL_EP_BAR0_WINDOW NV_XAL_EP_ZB_BAR0"                                                                                    },
    {"gm107_timer",    "maxwell/gm107/dev_timer.h",                                                  "NV_PTIMER_TIME"             },
    {"gh100_timer",    "hopper/gh100/dev_timer.h",                                                   NULL                         },
    {"gm107_ram",      "maxwell/gm107/dev_ram.h",                                                    "NV_PRAMIN"                  },
    {"gh100_ram",      "hopper/gh100/dev_ram.h",                                                     "NV_PRAMIN"                  },
    {"tu102_prom",     "turing/tu102/dev_ext_devices.h",                                             NULL                         },
    {"gm107_fb",       "maxwell/gm107/dev_fb.h",                                                     "NV_PFB_NISO NV_PFB_PRI_MMU" },
    {"gp102_fb",       "pascal/gp102/dev_fb.h",                                                      NULL                         },
    {"tu102_fb",       "turing/tu102/dev_fb.h turing/tu102/dev_fb_addendum.h",                       NULL                         },
    {"ga100_fb",       "ampere/ga100/dev_fb.h",                                                      NULL                         },
    {"gh100_fb",       "hopper/gh100/dev_fb.h",                                                      NULL                         },
    {"gb100_fb",       "blackwell/gb100/dev_fb.h",                                                   NULL                         },
    {"gb100_hubmmu",   "blackwell/gb100/hwproject.h blackwell/gb100/dev_hubmmu_base.h",
     "NV_HUBMMU0 NV_HUBMMU_PRI_MMU_WPR2 NV_HUBMMU_PRI_MMU_INVALIDATE "
     "NV_HUBMMU_PRI_MMU_FAULT_BUFFER"                                                                                             },
    {"tu102_falcon",   "turing/tu102/dev_falcon_v4.h",                                               NULL                         },
    {"ga100_falcon",   "ampere/ga100/dev_falcon_v4.h",                                               NULL                         },
    {"ga102_falcon",   "ampere/ga102/dev_falcon_v4.h ampere/ga102/dev_falcon_v4_addendum.h",
     NULL                                                                                                                         },
    {"gh100_falcon",   "hopper/gh100/dev_falcon_v4.h",                                               NULL                         },
    {"ga102_falcon2",  "ampere/ga102/dev_falcon_second_pri.h",                                       NULL                         },
    {"tu102_fbif",     "turing/tu102/dev_fbif_v4.h",                                                 NULL                         },
    {"ga102_fbif",     "ampere/ga102/dev_fbif_v4.h",                                                 NULL                         },
    {"tu102_riscv",    "turing/tu102/dev_riscv_pri.h",                                               NULL                         },
    {"ga100_riscv",    "ampere/ga100/dev_riscv_pri.h",                                               NULL                         },
    {"ga102_riscv",    "ampere/ga102/dev_riscv_pri.h",                                               NULL                         },
    {"gh100_riscv",    "hopper/gh100/dev_riscv_pri.h",                                               NULL                         },
    {"gb100_riscv",    "blackwell/gb100/dev_riscv_pri.h",                                            NULL                         },
    {"gb202_riscv",    "blackwell/gb202/dev_riscv_pri.h",                                            NULL                         },
    {"tu102_gsp",      "turing/tu102/dev_gsp.h turing/tu102/dev_gsp_addendum.h",                     NULL                         },
    {"ga102_gsp",      "ampere/ga102/dev_gsp.h ampere/ga102/dev_gsp_addendum.h",                     NULL                         },
    {"gh100_gsp",      "hopper/gh100/dev_gsp.h",                                                     NULL                         },
    {"gb100_gsp",      "blackwell/gb100/dev_gsp.h",                                                  NULL                         },
    {"tu102_sec2",     "turing/tu102/dev_sec_pri.h turing/tu102/dev_sec_addendum.h",                 NULL                         },
    {"ga102_sec2",     "ampere/ga102/dev_sec_pri.h ampere/ga102/dev_sec_addendum.h",                 NULL                         },
    {"tu102_fuse",     "turing/tu102/dev_fuse.h",                                                    NULL                         },
    {"ga100_fuse",     "ampere/ga100/dev_fuse.h",
     "NV_FUSE_OPT_FPF_GSP NV_FUSE_OPT_FPF_SEC2 NV_FUSE_OPT_SECURE NV_FUSE_STATUS_OPT_DISPLAY"                                     },
    {"gm107_fuse",     "maxwell/gm107/dev_fuse.h",                                                   "NV_FUSE_STATUS_OPT_DISPLAY" },
    {"gh100_fuse",     "hopper/gh100/dev_fuse.h",
     "NV_FUSE_OPT_FPF NV_FUSE_OPT_SECURE NV_FUSE_STATUS_OPT_DISPLAY"                                                              },
    {"tu102_gc6",      "turing/tu102/dev_gc6_island.h turing/tu102/dev_gc6_island_addendum.h",       NULL                         },
    {"ga102_gc6",      "ampere/ga102/dev_gc6_island.h ampere/ga102/dev_gc6_island_addendum.h",       NULL                         },
    {"ad102_gc6",      "ada/ad102/dev_gc6_island.h ada/ad102/dev_gc6_island_addendum.h",             NULL                         },
    {"gh100_gc6",      "hopper/gh100/dev_gc6_island.h hopper/gh100/dev_gc6_island_addendum.h",       NULL                         },
    {"gb100_gc6",      "blackwell/gb100/dev_gc6_island.h blackwell/gb100/dev_gc6_island_addendum.h",
     NULL                                                                                                                         },
    {"gh100_therm",    "hopper/gh100/dev_therm.h hopper/gh100/dev_therm_addendum.h",                 NULL                         },
    {"gb100_therm",    "blackwell/gb100/dev_therm.h blackwell/gb100/dev_therm_addendum.h",           NULL                         },
    {"gb202_therm",    "blackwell/gb202/dev_therm.h blackwell/gb202/dev_therm_addendum.h",           NULL                         },
    {"gh100_fsp",      "hopper/gh100/dev_fsp_pri.h hopper/gh100/dev_fsp_addendum.h",                 NULL                         },
    {"gb100_fsp",      "blackwell/gb100/dev_fsp_pri.h blackwell/gb100/dev_fsp_addendum.h",           NULL                         },
    {"gb202_fsp",      "blackwell/gb202/dev_fsp_pri.h blackwell/gb202/dev_fsp_addendum.h",           NULL                         },
    {"tu102_vm",       "turing/tu102/dev_vm.h turing/tu102/dev_vm_addendum.h",                       VF_NAMES                     },
    {"ga100_vm",       "ampere/ga100/dev_vm.h ampere/ga100/dev_vm_addendum.h",                       VF_NAMES                     },
    {"ga102_vm",       "ampere/ga102/dev_vm.h",                                                      VF_NAMES                     },
    {"gh100_vm",       "hopper/gh100/dev_vm.h hopper/gh100/dev_vm_addendum.h",                       VF_NAMES                     },
    {"gb100_vm",       "blackwell/gb100/dev_vm.h blackwell/gb100/dev_vm_addendum.h",                 VF_NAMES                     },
    {"gb202_vm",       "blackwell/gb202/dev_vm.h",                                                   VF_NAMES                     },
    {"gv100_usermode", "volta/gv100/dev_usermode.h",                                                 NULL                         },
    {"v04_00_disp",    "disp/v04_00/dev_disp.h",                                                     "NV_PDISP_VGA_WORKSPACE_BASE"},
    {"gm107_xve",      "maxwell/gm107/dev_nv_xve.h",                                                 NULL                         },
    {"tu102_xve",      "turing/tu102/dev_nv_xve.h",                                                  NULL                         },
    {"gh100_pcfg",     "hopper/gh100/dev_xtl_ep_pcfg_gpu.h hopper/gh100/dev_xtl_ep_pri.h",
     "NV_EP_PCFG_GPU_ID NV_EP_PCFG_GPU_CTRL NV_EP_PCFG_GPU_REVISION NV_EP_PCFG_GPU_MISC "
     "NV_EP_PCFG_GPU_DEVICE NV_EP_PCFG_GPU_LINK NV_EP_PCFG_GPU_SUBSYSTEM NV_EP_PCFG_GPU_BARREG "
     "NV_EP_PCFG_GPU_MSI NV_XTL_EP_PRI_"                                                                                          },
    {NULL,             NULL,                                                                         NULL                         },
};
