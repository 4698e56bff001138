/* SPDX-License-Identifier: MIT */
/*
 * Makers of the synthetic firmware set, and what the card must know of an image to recognise
 * it: where its parts lie and which signatures it carries.
 */
#ifndef EMU_FW_SYNTH_H
#define EMU_FW_SYNTH_H

#include <emu/synth.h>

#include "card.h"
#include "ram.h"

/* How a chip boots (architecture and implementation of NV_PMC_BOOT_42 decide). */
enum emu_family {
    EMU_TU10X,
    EMU_GA100,
    EMU_GA10X,
    EMU_AD10X,
    EMU_GH100,
    EMU_GB10X,
    EMU_GB20X,
};
enum emu_family emu_family_of(const struct emu_card *card);
/** The suffix of .fwsignature_. */
const char *emu_family_name(enum emu_family family);
/** FSP boots the card, not booter on SEC2. */
bool emu_family_has_fsp(enum emu_family family);
/** Falcons check signatures with their boot ROM, and load through DMA. */
bool emu_family_has_brom(enum emu_family family);

/* Bytes that grow. After a failed allocation everything is dropped and `failed` stays. */
struct emu_blob {
    const struct emu_mem *mem;
    uint8_t *p;
    size_t n, cap;
    bool failed;
};
void emu_blob_fini(struct emu_blob *b);
/** Room for n more bytes, zeroed; the offset where they start. */
size_t emu_blob_grow(struct emu_blob *b, size_t n);
void emu_blob_add(struct emu_blob *b, const void *bytes, size_t n);
void emu_blob_u32(struct emu_blob *b, uint32_t value);
void emu_blob_align(struct emu_blob *b, size_t alignment);
void emu_blob_put16(struct emu_blob *b, size_t at, uint32_t value);
void emu_blob_put32(struct emu_blob *b, size_t at, uint32_t value);
void emu_blob_put64(struct emu_blob *b, size_t at, uint64_t value);

/** n bytes that `name` decides, the first of them text that says what they are. */
void emu_blob_noise(struct emu_blob *b, size_t n, const char *name, const char *scope);
/** The same without the text: signatures, keys. */
void emu_noise(uint8_t *out, size_t n, const char *name, const char *scope);

enum {
    EMU_GSP_SIGNATURE_BYTES = 4096,
    EMU_HS_SIGNATURE_MAX = 384,
    EMU_FMC_HASH_BYTES = 48,
    EMU_FW_VERSION_MAX = 24,
};

/** What a file is made for. */
struct emu_synth_key {
    const struct emu_card *card;
    enum emu_family family;
    char release[EMU_FW_VERSION_MAX];
    unsigned branch; /* 570 */
    bool debug;      /* signed for chips whose fuses leave debugging on */
};
/** -ENOENT, -EINVAL as emu_synth_file(). */
int emu_synth_key(const char *chip, const char *release, struct emu_synth_key *key_out);
bool emu_synth_has(const struct emu_synth_key *key, enum emu_synth_kind kind);
int emu_synth_make(const struct emu_synth_key *key, enum emu_synth_kind kind,
                   struct emu_blob *out);

/* GSP-RM's image */
size_t emu_gsp_image_bytes(const struct emu_synth_key *key);
void emu_gsp_image(const struct emu_synth_key *key, struct emu_blob *out);
void emu_gsp_signature(const struct emu_synth_key *key, const char *family,
                       uint8_t out[EMU_GSP_SIGNATURE_BYTES]);
void emu_gsp_file(const struct emu_synth_key *key, struct emu_blob *out);

/* The bootloader's descriptor, in words (RM_RISCV_UCODE_DESC) */
enum { EMU_BL_WORDS_V4 = 19, EMU_BL_WORDS_V5 = 21 };
struct emu_bl_desc {
    uint32_t version, app_version;
    uint32_t manifest_off, manifest_bytes, data_off, data_bytes, code_off, code_bytes;
    uint32_t bl_off, bl_bytes;
    uint32_t image_bytes;
};
void emu_bl_desc(const struct emu_synth_key *key, struct emu_bl_desc *out);
void emu_bl_image(const struct emu_synth_key *key, struct emu_blob *out);
void emu_bl_file(const struct emu_synth_key *key, struct emu_blob *out);

/* Signed falcon ucode. Offsets in its image. */
struct emu_hs_desc {
    uint32_t os_code_off, os_code_bytes;   /* not secure */
    uint32_t app_code_off, app_code_bytes; /* secure */
    uint32_t data_off, data_bytes;
    uint32_t patch_off; /* where the chosen signature goes */
    uint32_t sig_bytes, sig_count;
    uint32_t fuse_version, engine_id, ucode_id;
    uint32_t image_bytes;
};
void emu_hs_desc(const struct emu_synth_key *key, enum emu_synth_kind kind,
                 struct emu_hs_desc *out);
void emu_hs_image(const struct emu_synth_key *key, enum emu_synth_kind kind,
                  struct emu_blob *out);
/** The index-th signature. */
void emu_hs_signature(const struct emu_synth_key *key, enum emu_synth_kind kind, unsigned index,
                      uint8_t *out, uint32_t bytes);
void emu_hs_file(const struct emu_synth_key *key, enum emu_synth_kind kind,
                 struct emu_blob *out);

enum { EMU_GENERIC_BL_TAG = 0xfd, EMU_GENERIC_BL_CODE = 0x200, EMU_GENERIC_BL_DATA = 0x100 };
void emu_generic_bl_image(const struct emu_synth_key *key, struct emu_blob *out);
void emu_generic_bl_file(const struct emu_synth_key *key, struct emu_blob *out);

/* FMC */
struct emu_fmc {
    uint32_t signature_bytes, key_bytes;
    uint8_t hash[EMU_FMC_HASH_BYTES], signature[384], public_key[384];
};
void emu_fmc_image(const struct emu_synth_key *key, struct emu_blob *out);
/** False when out of memory. */
bool emu_fmc_keys(const struct emu_synth_key *key, const struct emu_mem *mem,
                  struct emu_fmc *out);
void emu_fmc_file(const struct emu_synth_key *key, struct emu_blob *out);

/* VBIOS and the FWSEC in it */
struct emu_fwsec {
    unsigned version;                         /* of the descriptor: 2 or 3 */
    uint32_t imem_bytes, imem_virt, ns_bytes; /* ns_bytes: version 2, the part not secure */
    uint32_t dmem_bytes;
    uint32_t interface_off, mapper_off, cmd_in_off, cmd_in_bytes, cmd_out_off, cmd_out_bytes;
    uint32_t pkc_off, signature_versions, signature_count; /* version 3 */
    uint32_t engine_id, ucode_id;
};
void emu_fwsec_desc(const struct emu_card *card, struct emu_fwsec *out);
void emu_fwsec_imem(const struct emu_card *card, bool debug, struct emu_blob *out);
void emu_fwsec_dmem(const struct emu_card *card, struct emu_blob *out);
void emu_fwsec_signature(const struct emu_card *card, bool debug, unsigned index,
                         uint8_t out[384]);
/** Where the images start in the ROM. */
uint32_t emu_vbios_images_at(const struct emu_card *card);
void emu_vbios_make(const struct emu_card *card, enum emu_vbios_knob knob,
                    struct emu_blob *out);

/* elf.c */
struct emu_elf_section {
    const char *name;
    const void *data;
    size_t bytes;
    uint32_t type; /* SHT_* */
};
/** An ELF file of sections: class 1 or 2, e_type, e_machine. */
void emu_elf(struct emu_blob *out, unsigned class_, unsigned type, unsigned machine,
             const struct emu_elf_section *sections, unsigned count);

void emu_sha384(const uint8_t *data, size_t n, uint8_t out[EMU_FMC_HASH_BYTES]);

#endif
