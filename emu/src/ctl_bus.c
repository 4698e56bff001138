/* SPDX-License-Identifier: MIT */
/*
 * NV2080 BUS controls: PCI ids, BARs, the link.
 */
#include "control.h"

static uint32_t
get_pci_info(struct emu_call *c)
{
    const struct emu_chip *chip = &c->card->pub;

    emu_set(&c->p, (uint32_t)chip->device << 16 | 0x10de, "pciDeviceId");
    emu_set(&c->p, (uint32_t)chip->sub_device << 16 | chip->sub_vendor, "pciSubSystemId");
    emu_set(&c->p, c->card->pci_revision, "pciRevisionId");
    emu_set(&c->p, chip->device, "pciExtDeviceId");
    return NV_OK;
}

static uint32_t
get_bars(struct emu_call *c)
{
    const uint64_t mib[] = {c->card->bar0_mib, emu_config_bar1_bytes(c->gpu) >> 20,
                            c->card->bar3_mib};
    static const uint32_t config[] = {0x10, 0x14, 0x1c};

    emu_set(&c->p, 3, "pciBarCount");
    for (unsigned i = 0; i < 3; i++) {
        uint32_t low = 0, high = 0;

        emu_config_read(c->gpu, config[i], 4, &low);
        if (low & 4)
            emu_config_read(c->gpu, config[i] + 4, 4, &high);
        emu_set(&c->p, mib[i], "pciBarInfo[%u].barSize", i);
        emu_set(&c->p, mib[i] << 20, "pciBarInfo[%u].barSizeBytes", i);
        emu_set(&c->p, (uint64_t)high << 32 | (low & ~0xfu), "pciBarInfo[%u].barOffset", i);
    }
    return NV_OK;
}

static uint32_t
pci_type(struct emu_call *c)
{
    return (uint32_t)emu_constant(c->p.abi, "NV2080_CTRL_BUS_INFO_TYPE_PCI_EXPRESS", 3);
}

/* Link capabilities as the link capability register has them: speed 3:0, width 9:4. */
static uint32_t
link_caps(struct emu_call *c)
{
    uint32_t value = 0;

    emu_config_read(c->gpu, 0x78 + 12, 4, &value);
    return value;
}

static uint32_t
link_status(struct emu_call *c)
{
    uint32_t value = 0;

    emu_config_read(c->gpu, 0x78 + 16, 4, &value);
    return value;
}

static uint32_t
bus_number(struct emu_call *c)
{
    return 1u + c->card->number;
}

static uint32_t
zero(struct emu_call *c)
{
    (void)c;
    return 0;
}

static uint32_t
get_info(struct emu_call *c)
{
    static const struct emu_info table[] = {
        {"TYPE",                      pci_type   },
        {"INTERFACE_TYPE",            pci_type   },
        {"GPU_INTERFACE_TYPE",        pci_type   },
        {"PCIE_GPU_LINK_CAPS",        link_caps  },
        {"PCIE_ROOT_LINK_CAPS",       link_caps  },
        {"PCIE_GPU_LINK_CTRL_STATUS", link_status},
        {"BUS_NUMBER",                bus_number },
        {"DEVICE_NUMBER",             zero       },
        {"DOMAIN_NUMBER",             zero       },
    };

    return emu_info_fill(c, "busInfoListSize", "busInfoList", "NV2080_CTRL_BUS_INFO_INDEX_",
                         table, sizeof(table) / sizeof(table[0]));
}

static const struct emu_control rows[] = {
    {"NV2080_CTRL_CMD_BUS_GET_PCI_INFO",     get_pci_info},
    {"NV2080_CTRL_CMD_BUS_GET_PCI_BAR_INFO", get_bars    },
    {"NV2080_CTRL_CMD_BUS_GET_INFO",         get_info    },
    {"NV2080_CTRL_CMD_BUS_GET_INFO_V2",      get_info    },
};
const struct emu_control_list emu_ctl_bus = EMU_CONTROL_LIST(rows);
