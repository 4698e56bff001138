/* SPDX-License-Identifier: MIT */
/**
 * VBIOS: from a ROM in memory to FWSEC, the ucode that sets up FRTS before GSP-RM boots.
 *
 * The ROM may start with an IFR header; PCI expansion ROM images follow; the first holds the
 * BIOS Information Table, whose tokens lead to the falcon ucode table. Input is borrowed and
 * taken as hostile; slices point into it; nothing is allocated. A ROM that does not fit is
 * refused with -EBADMSG, the offset and the reason. Offsets inside the tables are relative to
 * the first image; slices carry offsets into the file.
 */
#ifndef GSP_VBIOS_H
#define GSP_VBIOS_H

#include <gsp/fw.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GSP_VBIOS_IMAGES_MAX = 16,
    GSP_VBIOS_TOKENS_MAX = 255,
    GSP_VBIOS_UCODES_MAX = 255,
    GSP_VBIOS_PROM_BYTES = 1 << 20, /* what NV_PROM shows */
};

enum gsp_vbios_code_type {
    GSP_VBIOS_CODE_BASE = 0x00,
    GSP_VBIOS_CODE_EFI = 0x03,
    GSP_VBIOS_CODE_EXT = 0xe0, /* NVIDIA's extension: holds the falcon ucodes */
};

/** One PCI expansion ROM image. */
struct gsp_vbios_image {
    struct gsp_fw_slice data;
    char signature[5]; /* of its data structure: "PCIR", "NPDS" or "RGIS" */
    uint16_t vendor, device;
    uint8_t code_type;
    bool last;
    bool extended; /* NPDE overrides length and last */
};

/** A row of the BIOS Information Table. */
struct gsp_vbios_token {
    uint8_t id, version;
    uint16_t bytes;
    uint32_t ptr;
};

/** A row of the falcon ucode table. */
struct gsp_vbios_ucode {
    uint8_t app_id, target_id;
    uint32_t desc_ptr; /* before the expansion offset */
};

struct gsp_vbios {
    struct gsp_fw_source src;
    unsigned ifr_version;    /* 0: no IFR header */
    struct gsp_fw_slice rom; /* from the first image to the end of the last */
    bool truncated;          /* the last image that is here is not the last of the ROM */
    struct gsp_vbios_image images[GSP_VBIOS_IMAGES_MAX];
    unsigned image_count;
    uint32_t expansion_off; /* added to the falcon tables' pointers */

    bool has_bit;
    uint32_t bit_off; /* in rom */
    uint16_t bit_version;
    struct gsp_vbios_token tokens[GSP_VBIOS_TOKENS_MAX];
    unsigned token_count;
    char version[20]; /* "95.02.18.80.01", or "" */

    bool has_ucodes;
    uint32_t ucode_table_off; /* in rom */
    struct gsp_vbios_ucode ucodes[GSP_VBIOS_UCODES_MAX];
    unsigned ucode_count;
};
GSP_MUST_CHECK int gsp_vbios_open(const struct gsp_fw_source *src, struct gsp_vbios *out,
                                  struct gsp_error *err);

/** "NVINIT_PTRS": what the public BIT specification calls a token. "" when it names none. */
const char *gsp_vbios_token_name(uint8_t id);

/* ---- FWSEC ---- */

enum {
    GSP_FWSEC_APP_PROD = 0x85,
    GSP_FWSEC_APP_DEBUG = 0x45,
    GSP_FWSEC_APP_LEGACY = 0x05,
    GSP_FWSEC_SIGNATURE_BYTES = 384,
    GSP_FWSEC_COMMAND_MAX = 44,
};
enum gsp_fwsec_command {
    GSP_FWSEC_FRTS = 0x15, /* make the FRTS region and WPR2 */
    GSP_FWSEC_SB = 0x19,   /* put the secure state back at unload */
};

/** Where commands go in DMEM (DMEMMAPPER, application interface 4). */
struct gsp_fwsec_mapper {
    uint32_t off; /* of the mapper itself; all offsets in DMEM */
    char signature[5];
    uint16_t version, bytes;
    uint32_t cmd_in_off, cmd_in_bytes;
    uint32_t cmd_out_off, cmd_out_bytes;
    uint32_t init_cmd_off; /* the word that takes an enum gsp_fwsec_command */
};

struct gsp_fwsec {
    uint8_t app_id;
    unsigned desc_version; /* 2: started by a loader on SEC2; 3: by the boot ROM */
    bool encrypted;
    struct gsp_fw_slice desc; /* with the signatures */
    struct gsp_fw_slice imem, dmem;
    uint32_t stored_bytes;
    uint32_t imem_phys, imem_virt;
    uint32_t dmem_phys;
    uint32_t interface_off; /* in DMEM */
    struct gsp_fwsec_mapper mapper;
    /* version 2 */
    uint32_t virtual_entry;
    uint32_t imem_sec_off, imem_sec_bytes; /* physical offset of the secure part */
    uint32_t imem_ns_bytes;
    /* version 3 */
    uint32_t pkc_data_off; /* in DMEM: where the chosen signature goes */
    uint16_t engine_id_mask, signature_versions;
    uint8_t ucode_id, signature_count;
    struct gsp_fw_slice signatures;
};
/**
 * Find and check FWSEC.
 *
 * @param debug  the chip's fuses ask for debug-signed ucode
 * @return 0, -ENOENT (the ROM has none, or the part with it is cut off) or -EBADMSG
 */
GSP_MUST_CHECK int gsp_vbios_fwsec(const struct gsp_vbios *vbios, bool debug,
                                   struct gsp_fwsec *out, struct gsp_error *err);
/** The version behind a fuse register: 0, or one more than its highest set bit. */
unsigned gsp_fwsec_fuse_version(uint32_t fuse);
/** Version 3: the signature for a fused version. -ERANGE when there is none. */
GSP_MUST_CHECK int gsp_fwsec_signature(const struct gsp_fwsec *fwsec, unsigned fuse_version,
                                       struct gsp_fw_slice *signature_out,
                                       struct gsp_error *err);
/**
 * DMEM, ready to load: a copy with the command and, for version 3, the signature in place.
 *
 * @param frts_off   into VRAM, 4 KiB aligned; for GSP_FWSEC_FRTS only
 * @param signature  from gsp_fwsec_signature(); NULL for version 2
 * @param dmem_out   fwsec->dmem.bytes long
 * @return 0, -EINVAL, or -EBADMSG (the command does not fit its buffer)
 */
GSP_MUST_CHECK int gsp_fwsec_dmem(const struct gsp_fwsec *fwsec, enum gsp_fwsec_command command,
                                  uint64_t frts_off, const struct gsp_fw_slice *signature,
                                  uint8_t *dmem_out, struct gsp_error *err);

/** Checks on a ROM that parses, as gsp_fw_verify() does for firmware. */
unsigned gsp_vbios_verify(const struct gsp_vbios *vbios, struct gsp_fw_check *checks,
                          unsigned checks_max);

#ifdef __cplusplus
}
#endif
#endif
