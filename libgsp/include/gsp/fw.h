/* SPDX-License-Identifier: MIT */
/**
 * Firmware containers: what stands in the files that boot GSP-RM.
 *
 * Input is memory that the caller read (or mapped) and keeps; every slice that comes back
 * points into it, and nothing is copied or allocated unless a function says so. Each file is
 * taken as hostile: a parser checks every byte range once before it looks inside, and refuses
 * what does not fit with -EBADMSG and "FILE: at 0xOFFSET: reason". The results are plain
 * structs; a failed call leaves them zeroed. Nothing here touches a device, and any thread may
 * call anything on its own structs.
 *
 * Formats: ELF64 images of GSP-RM (nv-firmware.h), the nvfw_bin wrappers of linux-firmware
 * (bootloader, booter, scrubber, generic bootloader), the FMC's ELF32, ucode arrays of the
 * vendor's tree (g_bindata_*.c) and the header of NVIDIA's .run archive.
 */
#ifndef GSP_FW_H
#define GSP_FW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/error.h>
#include <gsp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A file in memory. `base` is added to the offsets that errors and slices name: not 0 when the
 * bytes lie inside another file. */
struct gsp_fw_source {
    const char *name; /* for errors; NULL: "firmware" */
    const uint8_t *data;
    uint64_t bytes;
    uint64_t base;
};

/** A checked range of a source. */
struct gsp_fw_slice {
    const uint8_t *data;
    uint64_t bytes;
    uint64_t off; /* in the file */
};

/* ---- chips and families ---- */

/** The firmware's own chip families: one signature and one set of small ucodes each. */
enum gsp_fw_family {
    GSP_FW_TU10X,
    GSP_FW_TU11X,
    GSP_FW_GA100,
    GSP_FW_GA10X,
    GSP_FW_AD10X,
    GSP_FW_GH100,
    GSP_FW_GB10X,
    GSP_FW_GB10Y,
    GSP_FW_GB20X,
    GSP_FW_GB20Y,
    GSP_FW_FAMILIES,
};

/** The files that a boot needs, beside a VBIOS. */
enum gsp_fw_role {
    GSP_FW_ROLE_GSP,
    GSP_FW_ROLE_BOOTLOADER,
    GSP_FW_ROLE_BOOTER_LOAD,
    GSP_FW_ROLE_BOOTER_UNLOAD,
    GSP_FW_ROLE_GENERIC_BL,
    GSP_FW_ROLE_SCRUBBER,
    GSP_FW_ROLE_FMC,
    GSP_FW_ROLES,
};

/** What one family boots with. A chip's NULL folder means that the role is not needed. */
struct gsp_fw_family_info {
    const char *name;                 /* "ga10x": the suffix of .fwsignature_ */
    const char *gsp_name;             /* "gsp_ga10x" or "gsp_tu10x" */
    const char *chips;                /* "GA102 GA103 ..." */
    const char *folder[GSP_FW_ROLES]; /* the chip that linux-firmware files the role under */
    unsigned libos;                   /* 2 or 3 */
    bool confidential;                /* also has a .fwsignature_cc_ */
    bool supported;                   /* false: a boot path that nvrm does not have */
};
/** NULL when out of range. */
const struct gsp_fw_family_info *gsp_fw_family_info(enum gsp_fw_family family);
/** By the signature's suffix. GSP_FW_FAMILIES when unknown. */
enum gsp_fw_family gsp_fw_family_by_name(const char *name, size_t name_bytes);
/** By NV_PMC_BOOT_42's architecture and implementation. GSP_FW_FAMILIES when unknown. */
enum gsp_fw_family gsp_fw_family_of(unsigned architecture, unsigned implementation);
/** By a chip's name ("AD102", any case). GSP_FW_FAMILIES when unknown. */
enum gsp_fw_family gsp_fw_family_of_chip(const char *chip);
/** "booter_load": the role's name, which is also linux-firmware's file stem. */
const char *gsp_fw_role_name(enum gsp_fw_role role);

/* ---- ELF ---- */

struct gsp_fw_elf {
    struct gsp_fw_source src;
    struct gsp_fw_slice section_table, segment_table, names;
    bool is64;
    uint8_t os_abi, abi_version;
    uint16_t type, machine;
    uint64_t entry;
    uint32_t flags;
    unsigned sections, segments;
};
struct gsp_fw_section {
    const char *name; /* terminated, inside the source */
    struct gsp_fw_slice data;
    uint64_t size; /* data.bytes, except for SHT_NOBITS */
    uint64_t flags, align, row_bytes;
    uint32_t type, link, info;
};
struct gsp_fw_segment {
    struct gsp_fw_slice data;
    uint64_t va, pa, memory_bytes;
    uint32_t type, flags;
};
GSP_MUST_CHECK int gsp_fw_elf_open(const struct gsp_fw_source *src, struct gsp_fw_elf *out,
                                   struct gsp_error *err);
GSP_MUST_CHECK int gsp_fw_elf_section(const struct gsp_fw_elf *elf, unsigned i,
                                      struct gsp_fw_section *out, struct gsp_error *err);
GSP_MUST_CHECK int gsp_fw_elf_segment(const struct gsp_fw_elf *elf, unsigned i,
                                      struct gsp_fw_segment *out, struct gsp_error *err);

/* ---- gsp_*.bin ---- */

enum { GSP_FW_SIGNATURES_MAX = 32 };

struct gsp_fw_signature {
    const char *section; /* ".fwsignature_cc_gh100" */
    struct gsp_fw_slice data;
    enum gsp_fw_family family; /* GSP_FW_FAMILIES: a family that this program does not know */
    bool confidential;
};
struct gsp_fw_gsp {
    struct gsp_fw_elf elf;
    struct gsp_fw_slice image; /* .fwimage: what radix3 maps */
    const char *version;       /* .fwversion: the release */
    struct gsp_fw_slice version_data;
    struct gsp_fw_slice build_id; /* empty before 570 */
    struct gsp_fw_slice logging;  /* .fwlogging: only in gsp_log files */
    struct gsp_fw_signature signatures[GSP_FW_SIGNATURES_MAX];
    unsigned signature_count;
    unsigned libos;           /* 2: the image is an ELF of its own; 3: a raw image */
    struct gsp_fw_elf nested; /* libos 2 */
};
GSP_MUST_CHECK int gsp_fw_gsp_open(const struct gsp_fw_source *src, struct gsp_fw_gsp *out,
                                   struct gsp_error *err);
/** The signature for a family. -ENOENT when the image has none: it does not boot that chip. */
GSP_MUST_CHECK int gsp_fw_gsp_signature(const struct gsp_fw_gsp *gsp, enum gsp_fw_family family,
                                        bool confidential,
                                        const struct gsp_fw_signature **signature_out,
                                        struct gsp_error *err);

/* ---- nvfw_bin wrappers ---- */

struct gsp_fw_nvfw {
    uint32_t version;
    uint32_t total_bytes; /* as the file says: rounded up, may pass its end */
    struct gsp_fw_slice header, data;
};
GSP_MUST_CHECK int gsp_fw_nvfw_open(const struct gsp_fw_source *src, struct gsp_fw_nvfw *out,
                                    struct gsp_error *err);

/** RM_RISCV_UCODE_DESC in its newest form; what a release lacks is 0. Offsets into the image.
 */
struct gsp_fw_riscv_desc {
    uint32_t version;
    uint32_t bootloaderOffset, bootloaderSize;
    uint32_t bootloaderParamOffset, bootloaderParamSize;
    uint32_t riscvElfOffset, riscvElfSize;
    uint32_t appVersion; /* goes to NV_PFALCON_FALCON_OS */
    uint32_t manifestOffset, manifestSize;
    uint32_t monitorDataOffset, monitorDataSize;
    uint32_t monitorCodeOffset, monitorCodeSize;
    uint32_t bIsMonitorEnabled;
    uint32_t swbromCodeOffset, swbromCodeSize;
    uint32_t swbromDataOffset, swbromDataSize;
    uint32_t fbReservedSize;
    uint32_t bSignedAsCode;
    uint32_t bIsSmp, bIsPlicEnabled;
    uint32_t desc_bytes; /* 76, 84, 92: versions 4, 5, 6 */
};
struct gsp_fw_bootloader {
    struct gsp_fw_riscv_desc desc;
    struct gsp_fw_slice image;
};
GSP_MUST_CHECK int gsp_fw_bootloader_open(const struct gsp_fw_source *src,
                                          struct gsp_fw_bootloader *out, struct gsp_error *err);

/** The generic bootloader of Turing and GA100 (RM_FLCN_BL_DESC). */
struct gsp_fw_generic_bl {
    uint32_t start_tag; /* boot vector >> 8 */
    uint32_t dmem_load_off;
    struct gsp_fw_slice code, data, image;
};
GSP_MUST_CHECK int gsp_fw_generic_bl_open(const struct gsp_fw_source *src,
                                          struct gsp_fw_generic_bl *out, struct gsp_error *err);

/** A signed falcon ucode: booter load, booter unload, scrubber. Offsets into the image. */
struct gsp_fw_hs {
    struct gsp_fw_slice image;
    struct gsp_fw_slice signatures; /* signature_count times signature_bytes */
    uint32_t signature_bytes, signature_count;
    uint32_t patch_off; /* where the chosen signature goes in the image */
    uint32_t patch_signature;
    uint32_t fuse_version, engine_id, ucode_id;
    uint32_t os_code_off, os_code_bytes; /* not secure */
    uint32_t os_data_off, os_data_bytes;
    uint32_t app_code_off, app_code_bytes; /* secure */
    uint32_t app_data_off, app_data_bytes;
    uint32_t pkc_data_off; /* the patch location in DMEM: patch_off - os_data_off */
};
GSP_MUST_CHECK int gsp_fw_hs_open(const struct gsp_fw_source *src, struct gsp_fw_hs *out,
                                  struct gsp_error *err);
/** The signature for a fused version: the last one is for fuse version 0. -ERANGE when the
 * image has none that new. */
GSP_MUST_CHECK int gsp_fw_hs_signature(const struct gsp_fw_hs *hs, unsigned fuse_version,
                                       struct gsp_fw_slice *signature_out,
                                       struct gsp_error *err);

/* ---- FMC (Hopper and later) ---- */

struct gsp_fw_fmc {
    struct gsp_fw_slice hash; /* SHA-384 of the image */
    struct gsp_fw_slice signature, public_key, image;
    bool crc_known;  /* every section carries its CRC-32 */
    uint32_t crc[4]; /* as the file says: hash, signature, public key, image */
};
GSP_MUST_CHECK int gsp_fw_fmc_open(const struct gsp_fw_source *src, struct gsp_fw_fmc *out,
                                   struct gsp_error *err);

/* ---- ucode arrays of the vendor's tree ---- */

enum {
    GSP_FW_ARRAY_NAME_MAX = 96,
    GSP_FW_ARRAY_BYTES_MAX = 16 << 20, /* larger claims are refused */
};

/** One array of a g_bindata_*.c file. */
struct gsp_fw_array {
    char archive[GSP_FW_ARRAY_NAME_MAX]; /* "kgspGetBinArchiveBooterLoadUcode_GA102" */
    char label[GSP_FW_ARRAY_NAME_MAX]; /* "image_prod", the same for old and new label names */
    struct gsp_fw_slice text;          /* between the braces */
    uint32_t data_bytes;               /* unpacked */
    uint32_t packed_bytes;             /* as many bytes as the array lists */
    uint8_t element_bytes;             /* 1, or 4 in a struct of words */
    bool compressed;
};
/** Reads a file array by array; starts with gsp_fw_arrays_init(). */
struct gsp_fw_arrays {
    struct gsp_fw_source src;
    uint64_t at;
};
void gsp_fw_arrays_init(const struct gsp_fw_source *src, struct gsp_fw_arrays *arrays_out);
/** 0, -ENOENT after the last one, or -EBADMSG. */
GSP_MUST_CHECK int gsp_fw_arrays_next(struct gsp_fw_arrays *arrays, struct gsp_fw_array *out,
                                      struct gsp_error *err);
/** Unpack into `data`, which must hold exactly array->data_bytes; checks length and CRC-32. */
GSP_MUST_CHECK int gsp_fw_array_unpack(const struct gsp_fw_source *src,
                                       const struct gsp_fw_array *array,
                                       const struct gsp_host *host, void *data,
                                       size_t data_bytes, struct gsp_error *err);

/** What an archive of arrays is for, from its name. */
struct gsp_fw_archive_id {
    enum gsp_fw_role role; /* GSP_FW_ROLES: none of ours */
    char chip[16];         /* "ga102", as linux-firmware names the folder */
    bool confidential, debug;
};
void gsp_fw_archive_identify(const char *archive, struct gsp_fw_archive_id *id_out);
/**
 * Make the container that linux-firmware ships out of a g_bindata_*.c file, byte for byte.
 *
 * @param debug          take debug-signed ucode where the file has both
 * @param container_out  allocated from host; free with gsp_host_free()
 * @return 0, -ENOENT (no role of ours), -ENOMEM or -EBADMSG
 */
GSP_MUST_CHECK int gsp_fw_arrays_pack(const struct gsp_fw_source *src, bool debug,
                                      const struct gsp_host *host, uint8_t **container_out,
                                      size_t *container_bytes_out, struct gsp_error *err);

/* ---- NVIDIA's .run ---- */

enum gsp_fw_packing {
    GSP_FW_PACKED_UNKNOWN,
    GSP_FW_PACKED_TAR,
    GSP_FW_PACKED_GZIP,
    GSP_FW_PACKED_BZIP2,
    GSP_FW_PACKED_XZ,
    GSP_FW_PACKED_ZSTD,
};
struct gsp_fw_run {
    struct gsp_fw_slice script;
    struct gsp_fw_slice payload; /* a tar, packed */
    enum gsp_fw_packing packing;
    char release[24]; /* "" when the script names none */
};
GSP_MUST_CHECK int gsp_fw_run_open(const struct gsp_fw_source *src, struct gsp_fw_run *out,
                                   struct gsp_error *err);
const char *gsp_fw_packing_name(enum gsp_fw_packing packing);

/* ---- any file ---- */

enum gsp_fw_kind {
    GSP_FW_KIND_UNKNOWN,
    GSP_FW_KIND_GSP,
    GSP_FW_KIND_BOOTLOADER,
    GSP_FW_KIND_HS,
    GSP_FW_KIND_GENERIC_BL,
    GSP_FW_KIND_FMC,
    GSP_FW_KIND_ARRAYS,
    GSP_FW_KIND_RUN,
    GSP_FW_KIND_NVFW, /* a wrapper of a kind that GSP boot does not use */
    GSP_FW_KINDS,
};
const char *gsp_fw_kind_name(enum gsp_fw_kind kind);
/** What the bytes look like, from the first few hundred; parses nothing. */
enum gsp_fw_kind gsp_fw_kind_of(const struct gsp_fw_source *src);

/** A named range of a container: what `extract` writes. */
struct gsp_fw_part {
    char name[40];
    struct gsp_fw_slice data;
};
enum { GSP_FW_PARTS_MAX = 48 };

/** One parsed file of any kind. */
struct gsp_fw_file {
    enum gsp_fw_kind kind;
    union {
        struct gsp_fw_gsp gsp;
        struct gsp_fw_bootloader bootloader;
        struct gsp_fw_hs hs;
        struct gsp_fw_generic_bl generic_bl;
        struct gsp_fw_fmc fmc;
        struct gsp_fw_nvfw nvfw;
        struct gsp_fw_arrays arrays;
        struct gsp_fw_run run;
    };
    struct gsp_fw_part parts[GSP_FW_PARTS_MAX]; /* none for arrays: those are unpacked */
    unsigned part_count;
};
GSP_MUST_CHECK int gsp_fw_open(const struct gsp_fw_source *src, struct gsp_fw_file *out,
                               struct gsp_error *err);

/** One thing that a sound file must have and this one has or lacks. */
struct gsp_fw_check {
    const char *what; /* "signature for ga10x" */
    bool ok;
    char detail[120];
};
enum { GSP_FW_CHECKS_MAX = 64 };
/**
 * Everything about a parsed file that can be checked without its secrets: sizes, signatures per
 * family, CRCs. Hashes are left to the caller. Returns the number of checks written.
 */
unsigned gsp_fw_verify(const struct gsp_fw_file *file, struct gsp_fw_check *checks,
                       unsigned checks_max);

#ifdef __cplusplus
}
#endif
#endif
