/* SPDX-License-Identifier: MIT */
/*
 * Chip families: which signature, which image and which small ucodes a chip boots with. The
 * families are the vendor's (nv-firmware-chip-family-select.h), the folders linux-firmware's.
 */
#include <string.h>
#include <strings.h>

#include <gsp/fw.h>

#define TURING(booter)                                                                         \
    {                                                                                          \
        [GSP_FW_ROLE_GSP] = "tu102", [GSP_FW_ROLE_BOOTLOADER] = "tu102",                       \
        [GSP_FW_ROLE_BOOTER_LOAD] = (booter), [GSP_FW_ROLE_BOOTER_UNLOAD] = (booter),          \
        [GSP_FW_ROLE_GENERIC_BL] = "tu102"                                                     \
    }
#define FSP(chip)                                                                              \
    {                                                                                          \
        [GSP_FW_ROLE_GSP] = "ga102", [GSP_FW_ROLE_BOOTLOADER] = (chip),                        \
        [GSP_FW_ROLE_FMC] = (chip)                                                             \
    }

static const struct gsp_fw_family_info families[GSP_FW_FAMILIES] = {
    [GSP_FW_TU10X] = {"tu10x", "gsp_tu10x", "TU102 TU104 TU106",             TURING("tu102"), 2, false,
                      true                                                                                   },
    [GSP_FW_TU11X] = {"tu11x", "gsp_tu10x", "TU116 TU117",                   TURING("tu116"), 2, false, true },
    [GSP_FW_GA100] = {"ga100",
                      "gsp_tu10x",          "GA100",
                      {[GSP_FW_ROLE_GSP] = "tu102",
                       [GSP_FW_ROLE_BOOTLOADER] = "ga100",
                       [GSP_FW_ROLE_BOOTER_LOAD] = "ga100",
                       [GSP_FW_ROLE_BOOTER_UNLOAD] = "ga100",
                       [GSP_FW_ROLE_GENERIC_BL] = "tu102"},
                      2,                                                                         false,
                      true                                                                                   },
    [GSP_FW_GA10X] = {"ga10x",
                      "gsp_ga10x",          "GA102 GA103 GA104 GA106 GA107",
                      {[GSP_FW_ROLE_GSP] = "ga102",
                       [GSP_FW_ROLE_BOOTLOADER] = "ga102",
                       [GSP_FW_ROLE_BOOTER_LOAD] = "ga102",
                       [GSP_FW_ROLE_BOOTER_UNLOAD] = "ga102"},
                      3,                                                                         false,
                      true                                                                                   },
    [GSP_FW_AD10X] = {"ad10x",
                      "gsp_ga10x",          "AD102 AD103 AD104 AD106 AD107",
                      {[GSP_FW_ROLE_GSP] = "ga102",
                       [GSP_FW_ROLE_BOOTLOADER] = "ad102",
                       [GSP_FW_ROLE_BOOTER_LOAD] = "ad102",
                       [GSP_FW_ROLE_BOOTER_UNLOAD] = "ad102",
                       [GSP_FW_ROLE_SCRUBBER] = "ad102"},
                      3,                                                                         false,
                      true                                                                                   },
    [GSP_FW_GH100] = {"gh100", "gsp_ga10x", "GH100",                         FSP("gh100"),    3, true,  true },
    [GSP_FW_GB10X] = {"gb10x", "gsp_ga10x", "GB100 GB102",                   FSP("gb100"),    3, true,  true },
    [GSP_FW_GB10Y] = {"gb10y", "gsp_ga10x", "GB10B",                         FSP("gb10b"),    3, false, false},
    [GSP_FW_GB20X] = {"gb20x", "gsp_ga10x", "GB202 GB203 GB205 GB206 GB207", FSP("gb202"),    3,
                      true,                                                                             true },
    [GSP_FW_GB20Y] = {"gb20y", "gsp_ga10x", "GB20B GB20C",                   FSP("gb20b"),    3, false, false},
};

static const char *const roles[GSP_FW_ROLES] = {
    [GSP_FW_ROLE_GSP] = "gsp",
    [GSP_FW_ROLE_BOOTLOADER] = "bootloader",
    [GSP_FW_ROLE_BOOTER_LOAD] = "booter_load",
    [GSP_FW_ROLE_BOOTER_UNLOAD] = "booter_unload",
    [GSP_FW_ROLE_GENERIC_BL] = "gen_bootloader",
    [GSP_FW_ROLE_SCRUBBER] = "scrubber",
    [GSP_FW_ROLE_FMC] = "fmc",
};

/* One row per architecture: implementations from `from` on belong to `rest`, those below to
 * `first` (nv_arch.h). */
static const struct {
    unsigned architecture, from;
    enum gsp_fw_family first, rest;
} selection[] = {
    {0x16, 7,   GSP_FW_TU10X, GSP_FW_TU11X},
    {0x17, 1,   GSP_FW_GA100, GSP_FW_GA10X},
    {0x18, 0,   GSP_FW_GH100, GSP_FW_GH100},
    {0x19, 0,   GSP_FW_AD10X, GSP_FW_AD10X},
    {0x1a, 0xb, GSP_FW_GB10X, GSP_FW_GB10Y},
    {0x1b, 0xb, GSP_FW_GB20X, GSP_FW_GB20Y},
};

const struct gsp_fw_family_info *
gsp_fw_family_info(enum gsp_fw_family family)
{
    return (unsigned)family < GSP_FW_FAMILIES ? &families[family] : NULL;
}

enum gsp_fw_family
gsp_fw_family_by_name(const char *name, size_t name_bytes)
{
    for (unsigned i = 0; i < GSP_FW_FAMILIES; i++) {
        if (strlen(families[i].name) == name_bytes &&
            !memcmp(families[i].name, name, name_bytes))
            return (enum gsp_fw_family)i;
    }
    return GSP_FW_FAMILIES;
}

enum gsp_fw_family
gsp_fw_family_of(unsigned architecture, unsigned implementation)
{
    for (unsigned i = 0; i < sizeof(selection) / sizeof(selection[0]); i++) {
        if (selection[i].architecture == architecture)
            return implementation < selection[i].from ? selection[i].first : selection[i].rest;
    }
    return GSP_FW_FAMILIES;
}

enum gsp_fw_family
gsp_fw_family_of_chip(const char *chip)
{
    const size_t bytes = strlen(chip);

    for (unsigned i = 0; bytes == 5 && i < GSP_FW_FAMILIES; i++) {
        for (const char *at = families[i].chips; *at; at += at[5] ? 6 : 5) {
            if (!strncasecmp(at, chip, bytes))
                return (enum gsp_fw_family)i;
        }
    }
    return GSP_FW_FAMILIES;
}

const char *
gsp_fw_role_name(enum gsp_fw_role role)
{
    return (unsigned)role < GSP_FW_ROLES ? roles[role] : "other";
}
