/* SPDX-License-Identifier: MIT */
/*
 * ROMs for fw_make.h: base image with BIT, EFI image in between, extension image with the
 * falcon ucode table and a FWSEC of our own bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "fw_make.h"

enum { PCIR = 0x20, NPDE = 0x40, TOKENS = FW_ROM_BIT + 12 };

static void
put_image_header(struct fw_buf *b, size_t base, unsigned type, unsigned blocks, int last,
                 const char *signature)
{
    fw_poke(b, base, 0xaa55, 2);
    fw_poke(b, base + 0x18, PCIR, 2);
    memcpy(b->data + base + PCIR, signature, 4);
    fw_poke(b, base + PCIR + 4, 0x10de, 2);
    fw_poke(b, base + PCIR + 6, 0x2684, 2);
    fw_poke(b, base + PCIR + 0x0a, 0x18, 2);
    fw_poke(b, base + PCIR + 0x10, blocks, 2);
    fw_poke(b, base + PCIR + 0x14, type, 1);
    fw_poke(b, base + PCIR + 0x15, last ? 0x80 : 0, 1);
}

/* The PCI structure lies about length and end; NVIDIA's extension tells. */
static void
put_npde(struct fw_buf *b, size_t base, unsigned blocks, int last)
{
    memcpy(b->data + base + NPDE, "NPDE", 4);
    fw_poke(b, base + NPDE + 4, 0x101, 2);
    fw_poke(b, base + NPDE + 6, 12, 2);
    fw_poke(b, base + NPDE + 8, blocks, 2);
    fw_poke(b, base + NPDE + 10, last ? 0x80 : 0, 1);
}

static void
put_token(struct fw_buf *b, size_t at, int wide, unsigned id, unsigned version, unsigned bytes,
          unsigned ptr)
{
    fw_poke(b, at, id, 1);
    fw_poke(b, at + 1, version, 1);
    fw_poke(b, at + 2, bytes, 2);
    fw_poke(b, at + 4, ptr, wide ? 4 : 2);
}

static void
fix_sum(struct fw_buf *b, size_t from, size_t bytes, size_t at)
{
    unsigned sum = 0;

    b->data[at] = 0;
    for (size_t i = 0; i < bytes; i++)
        sum += b->data[from + i];
    b->data[at] = (uint8_t)-sum;
}

static void
put_bit(struct fw_buf *b, size_t base, const struct fw_rom *k)
{
    const unsigned row = k->long_tokens ? 8 : 6;
    const size_t bit = base + FW_ROM_BIT;

    memcpy(b->data + bit,
           "\xff\xb8"
           "BIT",
           6);
    fw_poke(b, bit + 6, 0x0100, 2);
    fw_poke(b, bit + 8, 12, 1);
    fw_poke(b, bit + 9, row, 1);
    fw_poke(b, bit + 10, 3, 1);
    fix_sum(b, bit, 12, bit + 11);
    if (k->bad_bit_sum)
        b->data[bit + 11] ^= 1;
    put_token(b, base + TOKENS, k->long_tokens, 0x69, 1, 4, 0x300);
    put_token(b, base + TOKENS + row, k->long_tokens, 0x42, 2, 8, 0x300);
    put_token(b, base + TOKENS + 2 * row, k->long_tokens, 0x70, 2, 4, 0x310);
    fw_poke(b, base + 0x300, 0x95021880, 4);
    fw_poke(b, base + 0x304, 0x01, 1);
    /* as if the extension stood right behind the base image */
    fw_poke(b, base + 0x310, FW_ROM_BASE + FW_ROM_TABLE, 4);
}

static void
put_desc_v2(struct fw_buf *b, size_t at)
{
    const uint32_t words[] = {60u << 16 | 2 << 8 | 1,
                              FW_ROM_IMEM + FW_ROM_DMEM,
                              0x1000,
                              0,
                              FW_ROM_INTERFACE,
                              0,
                              FW_ROM_IMEM,
                              0,
                              0x100,
                              0x300,
                              FW_ROM_IMEM,
                              0,
                              FW_ROM_DMEM,
                              0,
                              0};

    for (unsigned i = 0; i < 15; i++)
        fw_poke(b, at + 4 * i, words[i], 4);
}

static void
put_desc_v3(struct fw_buf *b, size_t at)
{
    const uint32_t words[] = {(44u + 2 * 384) << 16 | 3 << 8 | 1,
                              FW_ROM_IMEM + FW_ROM_DMEM,
                              FW_ROM_PKC,
                              FW_ROM_INTERFACE,
                              0,
                              FW_ROM_IMEM,
                              0,
                              0,
                              FW_ROM_DMEM};

    for (unsigned i = 0; i < 9; i++)
        fw_poke(b, at + 4 * i, words[i], 4);
    fw_poke(b, at + 36, 0x400, 2); /* engine id mask: GSP */
    fw_poke(b, at + 38, 9, 1);
    fw_poke(b, at + 39, 2, 1);
    fw_poke(b, at + 40, 0x6, 2); /* versions 1 and 2 */
    memset(b->data + at + 44, 0xa1, 384);
    memset(b->data + at + 44 + 384, 0xa2, 384);
}

static void
put_dmem(struct fw_buf *b, size_t at)
{
    const uint32_t mapper[] = {0x50414d44,
                               64u << 16 | 3,
                               FW_ROM_COMMAND,
                               0x40,
                               0x100,
                               0x40,
                               0,
                               0,
                               0,
                               0x20261120,
                               0,
                               0,
                               0,
                               0,
                               0,
                               0};

    memset(b->data + at, 0xd0, FW_ROM_DMEM);
    fw_poke(b, at + FW_ROM_INTERFACE, 0x02080401, 4);
    fw_poke(b, at + FW_ROM_INTERFACE + 4, 1, 4);
    fw_poke(b, at + FW_ROM_INTERFACE + 8, 0, 4);
    fw_poke(b, at + FW_ROM_INTERFACE + 12, 4, 4);
    fw_poke(b, at + FW_ROM_INTERFACE + 16, FW_ROM_MAPPER, 4);
    for (unsigned i = 0; i < 16; i++)
        fw_poke(b, at + FW_ROM_MAPPER + 4 * i, mapper[i], 4);
}

static void
put_extension(struct fw_buf *b, size_t base, unsigned desc_version)
{
    const size_t desc = base + FW_ROM_DESC;
    const size_t code = desc + (desc_version == 2 ? 60 : 44 + 2 * 384);

    fw_poke(b, base + FW_ROM_TABLE, 0x06060106, 4);
    fw_poke(b, base + FW_ROM_TABLE, 1, 1);
    fw_poke(b, base + FW_ROM_TABLE + 1, 6, 1);
    fw_poke(b, base + FW_ROM_TABLE + 2, 6, 1);
    fw_poke(b, base + FW_ROM_TABLE + 3, 2, 1);
    fw_poke(b, base + FW_ROM_TABLE + 6, 0x0701, 2);
    fw_poke(b, base + FW_ROM_TABLE + 12, 0x0785, 2);
    fw_poke(b, base + FW_ROM_TABLE + 14, FW_ROM_BASE + FW_ROM_DESC, 4);
    if (desc_version == 2)
        put_desc_v2(b, desc);
    else
        put_desc_v3(b, desc);
    memset(b->data + code, 0xc0, FW_ROM_IMEM);
    put_dmem(b, code + FW_ROM_IMEM);
}

/* What stands before the first image; returns its length. */
static size_t
put_ifr(struct fw_buf *b, unsigned version)
{
    const size_t first = version == 3 ? 0x3000 : 0x400;

    if (!version)
        return 0;
    fw_fill(b, 0, first);
    memcpy(b->data, "NVGI", 4);
    fw_poke(b, 4, version << 8 | (version == 3 ? 0 : 0x100u << 16), 4);
    if (version < 3) {
        fw_poke(b, 0x104, first, 4);
        return first;
    }
    fw_poke(b, 8, 0x200, 4);
    fw_poke(b, 0x200, 0x1000, 4); /* flash status, directory 4 KiB on */
    memcpy(b->data + 0x2000, "RFRD", 4);
    fw_poke(b, 0x2008, first, 4);
    return first;
}

struct fw_buf
fw_make_rom(const struct fw_rom *k)
{
    struct fw_buf b = {0};
    const size_t base = put_ifr(&b, k->ifr), efi = base + FW_ROM_BASE, ext = efi + FW_ROM_EFI;
    const unsigned ext_blocks = 8;

    fw_fill(&b, 0, FW_ROM_BASE);
    put_image_header(&b, base, 0x00, FW_ROM_BASE / 512, 0, "PCIR");
    put_npde(&b, base, FW_ROM_BASE / 512, 0);
    if (!k->no_bit)
        put_bit(&b, base, k);
    fix_sum(&b, base, FW_ROM_BASE, base + FW_ROM_BASE - 1);
    if (k->no_extension)
        return b;
    fw_fill(&b, 0, FW_ROM_EFI + ext_blocks * 512);
    /* PCI hides what follows the EFI image; the extension structure does not. */
    put_image_header(&b, efi, 0x03, FW_ROM_EFI / 512, 1, "PCIR");
    put_npde(&b, efi, FW_ROM_EFI / 512, 0);
    put_image_header(&b, ext, 0xe0, ext_blocks, 1, "NPDS");
    put_extension(&b, ext, k->desc_version);
    return b;
}
