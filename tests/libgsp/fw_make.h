/* SPDX-License-Identifier: MIT */
/*
 * Tiny synthetic firmware files and ROMs, written byte by byte and without the library under
 * test: our own bytes in the formats of the real ones.
 */
#ifndef TESTS_FW_MAKE_H
#define TESTS_FW_MAKE_H

#include <stddef.h>
#include <stdint.h>

struct fw_buf {
    uint8_t *data;
    size_t bytes;
};
void fw_buf_free(struct fw_buf *b);
/* Append; `fill` repeats one byte. */
void fw_put(struct fw_buf *b, const void *data, size_t bytes);
void fw_put8(struct fw_buf *b, unsigned value);
void fw_put16(struct fw_buf *b, unsigned value);
void fw_put32(struct fw_buf *b, uint32_t value);
void fw_put64(struct fw_buf *b, uint64_t value);
void fw_fill(struct fw_buf *b, unsigned byte, size_t bytes);
void fw_text(struct fw_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Overwrite a little-endian word of 1, 2, 4 or 8 bytes. */
void fw_poke(struct fw_buf *b, size_t off, uint64_t value, unsigned bytes);

/* An ELF of `count` sections (the empty one and the names come on top). */
struct fw_section {
    const char *name;
    const void *data;
    size_t bytes;
    uint32_t info;
};
struct fw_buf fw_make_elf(unsigned bits, unsigned machine, const struct fw_section *sections,
                          unsigned count);
/* GSP-RM images: libos 2 holds an ELF, libos 3 a raw image. */
struct fw_buf fw_make_gsp(unsigned libos, const char *version);
struct fw_buf fw_make_bootloader(unsigned desc_words, unsigned version);
struct fw_buf fw_make_generic_bl(void);
struct fw_buf fw_make_hs(unsigned signatures, unsigned signature_bytes);
struct fw_buf fw_make_fmc(int ecc);
/* A g_bindata_*.c file of a booter; `modern` picks the label names of 595. */
struct fw_buf fw_make_arrays(int modern);
struct fw_buf fw_make_run(const char *magic, size_t magic_bytes);

/* A ROM. Knobs of 0 make a good one. */
struct fw_rom {
    unsigned ifr;          /* 0 to 3 */
    unsigned desc_version; /* 2 or 3 */
    int no_extension;      /* ends behind the base image, which says that more follows */
    int no_bit, bad_bit_sum;
    int long_tokens;
};
struct fw_buf fw_make_rom(const struct fw_rom *knobs);
/* Where things are in it, from the first image. */
enum {
    FW_ROM_BASE = 1024,
    FW_ROM_EFI = 512,
    FW_ROM_BIT = 0x1b0,
    FW_ROM_TABLE = 0x40, /* in the extension image */
    FW_ROM_DESC = 0x80,
    FW_ROM_IMEM = 0x400,
    FW_ROM_DMEM = 0x400,
    FW_ROM_INTERFACE = 0x10, /* in DMEM */
    FW_ROM_MAPPER = 0x40,
    FW_ROM_COMMAND = 0x90,
    FW_ROM_PKC = 0x200,
};

#endif
