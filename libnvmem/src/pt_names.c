/* SPDX-License-Identifier: MIT */
/* The fields of entries by name, as rows: NV_MMU_VER2_* and NV_MMU_VER3_* of dev_mmu.h. */
#include "pt_read_priv.h"

static const char *const bools[] = {"FALSE", "TRUE"};
static const char *const pde_apertures[] = {"INVALID", "VIDEO_MEMORY", "SYSTEM_COHERENT_MEMORY",
                                            "SYSTEM_NON_COHERENT_MEMORY"};
static const char *const pte_apertures[] = {
    "VIDEO_MEMORY", "PEER_MEMORY", "SYSTEM_COHERENT_MEMORY", "SYSTEM_NON_COHERENT_MEMORY"};
static const char *const kinds[] = {"PITCH",
                                    "Z16",
                                    "S8",
                                    "S8Z24",
                                    "ZF32_X24S8",
                                    "Z24S8",
                                    "GENERIC_MEMORY",
                                    "INVALID",
                                    "GENERIC_MEMORY_COMPRESSIBLE",
                                    "GENERIC_MEMORY_COMPRESSIBLE_DISABLE_PLC",
                                    "S8_COMPRESSIBLE_DISABLE_PLC",
                                    "Z16_COMPRESSIBLE_DISABLE_PLC",
                                    "S8Z24_COMPRESSIBLE_DISABLE_PLC",
                                    "ZF32_X24S8_COMPRESSIBLE_DISABLE_PLC",
                                    "Z24S8_COMPRESSIBLE_DISABLE_PLC",
                                    "SMSKED_MESSAGE"};
static const char *const pde_pcf[] = {"VALID_CACHED_ATS_ALLOWED", "VALID_UNCACHED_ATS_ALLOWED",
                                      "VALID_CACHED_ATS_NOT_ALLOWED",
                                      "VALID_UNCACHED_ATS_NOT_ALLOWED"};
static const char *const pde_pcf_invalid[] = {"INVALID_ATS_ALLOWED", "SPARSE_ATS_ALLOWED",
                                              "INVALID_ATS_NOT_ALLOWED",
                                              "SPARSE_ATS_NOT_ALLOWED"};
static const char *const pte_pcf_invalid[] = {"INVALID", "SPARSE", "MAPPING_NOWHERE",
                                              "NO_VALID_4KB_PAGE"};
static const char *const pte_pcf[] = {
    "REGULAR_RW_ATOMIC_CACHED_ACE",      "REGULAR_RW_ATOMIC_UNCACHED_ACE",
    "PRIVILEGE_RW_ATOMIC_CACHED_ACE",    "PRIVILEGE_RW_ATOMIC_UNCACHED_ACE",
    "REGULAR_RO_ATOMIC_CACHED_ACE",      "REGULAR_RO_ATOMIC_UNCACHED_ACE",
    "PRIVILEGE_RO_ATOMIC_CACHED_ACE",    "PRIVILEGE_RO_ATOMIC_UNCACHED_ACE",
    "REGULAR_RW_NO_ATOMIC_CACHED_ACE",   "REGULAR_RW_NO_ATOMIC_UNCACHED_ACE",
    "PRIVILEGE_RW_NO_ATOMIC_CACHED_ACE", "PRIVILEGE_RW_NO_ATOMIC_UNCACHED_ACE",
    "REGULAR_RO_NO_ATOMIC_CACHED_ACE",   "REGULAR_RO_NO_ATOMIC_UNCACHED_ACE",
    "PRIVILEGE_RO_NO_ATOMIC_CACHED_ACE", "PRIVILEGE_RO_NO_ATOMIC_UNCACHED_ACE",
    "REGULAR_RW_ATOMIC_CACHED_ACD",      "REGULAR_RW_ATOMIC_UNCACHED_ACD",
    "PRIVILEGE_RW_ATOMIC_CACHED_ACD",    "PRIVILEGE_RW_ATOMIC_UNCACHED_ACD",
    "REGULAR_RO_ATOMIC_CACHED_ACD",      "REGULAR_RO_ATOMIC_UNCACHED_ACD",
    "PRIVILEGE_RO_ATOMIC_CACHED_ACD",    "PRIVILEGE_RO_ATOMIC_UNCACHED_ACD",
    "REGULAR_RW_NO_ATOMIC_CACHED_ACD",   "REGULAR_RW_NO_ATOMIC_UNCACHED_ACD",
    "PRIVILEGE_RW_NO_ATOMIC_CACHED_ACD", "PRIVILEGE_RW_NO_ATOMIC_UNCACHED_ACD",
    "REGULAR_RO_NO_ATOMIC_CACHED_ACD",   "REGULAR_RO_NO_ATOMIC_UNCACHED_ACD",
    "PRIVILEGE_RO_NO_ATOMIC_CACHED_ACD", "PRIVILEGE_RO_NO_ATOMIC_UNCACHED_ACD",
};

#define NAMES(list) (list), sizeof(list) / sizeof((list)[0])
#define NUMBER      NULL, 0
#define END                                                                                    \
    {                                                                                          \
        NULL, 0, 0, 0, NUMBER                                                                  \
    }

/* Name, highest and lowest bit, what its value counts in (log2), names of values. */
static const struct name_row v2_pde[] = {
    {"IS_PTE",   0,  0, 0,  NAMES(bools)        },
    {"APERTURE", 2,  1, 0,  NAMES(pde_apertures)},
    {"VOL",      3,  3, 0,  NAMES(bools)        },
    {"NO_ATS",   5,  5, 0,  NAMES(bools)        },
    {"ADDRESS",  53, 8, 12, NUMBER              },
    END,
};
static const struct name_row v2_big[] = {
    {"IS_PTE",       0,  0, 0, NAMES(bools)        },
    {"APERTURE_BIG", 2,  1, 0, NAMES(pde_apertures)},
    {"VOL_BIG",      3,  3, 0, NAMES(bools)        },
    {"ADDRESS_BIG",  53, 4, 8, NUMBER              },
    END,
};
static const struct name_row v2_small[] = {
    {"APERTURE_SMALL", 2,  1, 0,  NAMES(pde_apertures)},
    {"VOL_SMALL",      3,  3, 0,  NAMES(bools)        },
    {"ADDRESS_SMALL",  53, 8, 12, NUMBER              },
    END,
};
#define V2_PTE_FLAGS                                                                           \
    {"VALID", 0, 0, 0, NAMES(bools)}, {"APERTURE", 2, 1, 0, NAMES(pte_apertures)},             \
        {"VOL", 3, 3, 0, NAMES(bools)}, {"ENCRYPTED", 4, 4, 0, NAMES(bools)},                  \
        {"PRIVILEGE", 5, 5, 0, NAMES(bools)}, {"READ_ONLY", 6, 6, 0, NAMES(bools)},            \
        {"ATOMIC_DISABLE", 7, 7, 0, NAMES(bools)},                                             \
    {                                                                                          \
        "KIND", 63, 56, 0, NAMES(kinds)                                                        \
    }
static const struct name_row v2_vid[] = {
    V2_PTE_FLAGS,
    {"ADDRESS_VID", 32, 8,  12, NUMBER},
    {"COMPTAGLINE", 55, 36, 0,  NUMBER},
    END,
};
static const struct name_row v2_peer[] = {
    V2_PTE_FLAGS,
    {"ADDRESS_VID",      32, 8,  12, NUMBER},
    {"ADDRESS_VID_PEER", 35, 33, 0,  NUMBER},
    {"COMPTAGLINE",      55, 36, 0,  NUMBER},
    END,
};
static const struct name_row v2_sys[] = {
    V2_PTE_FLAGS,
    {"ADDRESS_SYS", 53, 8, 12, NUMBER},
    END,
};
static const struct name_row v2_invalid[] = {
    {"VALID", 0, 0, 0, NAMES(bools)},
    {"VOL",   3, 3, 0, NAMES(bools)},
    END,
};

static const struct name_row v3_pde[] = {
    {"IS_PTE",   0,  0,  0,  NAMES(bools)        },
    {"APERTURE", 2,  1,  0,  NAMES(pde_apertures)},
    {"PCF",      5,  3,  0,  NAMES(pde_pcf)      },
    {"ADDRESS",  51, 12, 12, NUMBER              },
    END,
};
static const struct name_row v3_pde_invalid[] = {
    {"IS_PTE",   0, 0, 0, NAMES(bools)          },
    {"APERTURE", 2, 1, 0, NAMES(pde_apertures)  },
    {"PCF",      5, 3, 0, NAMES(pde_pcf_invalid)},
    END,
};
static const struct name_row v3_big[] = {
    {"IS_PTE",       0,  0, 0, NAMES(bools)        },
    {"APERTURE_BIG", 2,  1, 0, NAMES(pde_apertures)},
    {"PCF_BIG",      5,  3, 0, NAMES(pde_pcf)      },
    {"ADDRESS_BIG",  51, 8, 8, NUMBER              },
    END,
};
static const struct name_row v3_big_invalid[] = {
    {"IS_PTE",       0, 0, 0, NAMES(bools)          },
    {"APERTURE_BIG", 2, 1, 0, NAMES(pde_apertures)  },
    {"PCF_BIG",      5, 3, 0, NAMES(pde_pcf_invalid)},
    END,
};
static const struct name_row v3_small[] = {
    {"APERTURE_SMALL", 2,  1,  0,  NAMES(pde_apertures)},
    {"PCF_SMALL",      5,  3,  0,  NAMES(pde_pcf)      },
    {"ADDRESS_SMALL",  51, 12, 12, NUMBER              },
    END,
};
static const struct name_row v3_small_invalid[] = {
    {"APERTURE_SMALL", 2, 1, 0, NAMES(pde_apertures)  },
    {"PCF_SMALL",      5, 3, 0, NAMES(pde_pcf_invalid)},
    END,
};
#define V3_PTE                                                                                 \
    {"VALID", 0, 0, 0, NAMES(bools)}, {"APERTURE", 2, 1, 0, NAMES(pte_apertures)},             \
        {"PCF", 7, 3, 0, NAMES(pte_pcf)}, {"KIND", 11, 8, 0, NAMES(kinds)},                    \
    {                                                                                          \
        "ADDRESS", 51, 12, 12, NUMBER                                                          \
    }
static const struct name_row v3_page[] = {
    V3_PTE,
    END,
};
static const struct name_row v3_peer[] = {
    V3_PTE,
    {"PEER_ID", 63, 61, 0, NUMBER},
    END,
};
static const struct name_row v3_invalid[] = {
    {"VALID", 0, 0, 0, NAMES(bools)          },
    {"PCF",   7, 3, 0, NAMES(pte_pcf_invalid)},
    END,
};

/* [version 3][shape][no aperture or not valid, or the page's aperture] */
static const struct name_row *const pages[2][4] = {
    {v2_vid,  v2_peer, v2_sys,  v2_sys },
    {v3_page, v3_peer, v3_page, v3_page},
};
static const struct name_row *const others[2][4][2] = {
    {{v2_pde, v2_pde},         {v2_big, v2_big}, {v2_small, v2_small}, {v2_invalid, v2_invalid}},
    {{v3_pde, v3_pde_invalid},
     {v3_big, v3_big_invalid},
     {v3_small, v3_small_invalid},
     {v3_invalid, v3_invalid}                                                                  },
};

static bool
is_v3(enum nvmem_pt_format format)
{
    return format == NVMEM_PT_V3 || format == NVMEM_PT_V3_256G;
}

const struct name_row *
nvmem_pt_rows(enum nvmem_pt_format format, enum entry_shape shape, uint64_t word)
{
    const bool v3 = is_v3(format);

    if (shape == SHAPE_PTE && word & 1)
        return pages[v3][word >> 1 & 3];
    return others[v3][shape][!(word >> 1 & 3)];
}

uint64_t
nvmem_pt_known_bits(const struct name_row *row)
{
    uint64_t mask = 0;

    for (; row->name; row++)
        mask |=
            (row->high == 63 ? 0 : UINT64_C(1) << (row->high + 1)) - (UINT64_C(1) << row->low);
    return mask;
}

static unsigned
add_fields(const struct name_row *row, uint64_t word, struct nvmem_pt_field *out)
{
    unsigned n = 0;

    for (; row->name; row++, n++) {
        const uint64_t v =
            word >> row->low & (UINT64_MAX >> (63 - (unsigned)(row->high - row->low)));

        out[n] = (struct nvmem_pt_field){row->name, v << row->scale,
                                         v < row->values ? row->value[v] : NULL};
    }
    return n;
}

unsigned
nvmem_pt_fields(enum nvmem_pt_format format, const struct nvmem_pt_step *step,
                struct nvmem_pt_field *fields_out)
{
    const enum entry_shape shape = nvmem_pt_shape(format, step->level, step->word[0]);
    unsigned n =
        add_fields(nvmem_pt_rows(format, shape, step->word[0]), step->word[0], fields_out);

    if (step->words == 2 && shape == SHAPE_BIG)
        n += add_fields(nvmem_pt_rows(format, SHAPE_SMALL, step->word[1]), step->word[1],
                        fields_out + n);
    return n;
}

const char *
nvmem_pt_kind_name(uint8_t kind)
{
    return kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[kind] : NULL;
}
