/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space: a type 0 header, its capabilities, classic and extended, and what
 * software may write of it. Layout after the PCI Local Bus and PCI
 * Express base specifications.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "emu_priv.h"

enum { PM_AT = 0x60, MSI_AT = 0x68, PCIE_AT = 0x78, MSIX_AT = 0xb4 };
enum { AER_AT = 0x100, SECONDARY_AT = 0x150, REBAR_AT = 0x180, ATS_AT = 0x190 };

static void
put(struct emu_gpu *gpu, uint32_t offset, uint32_t width, uint32_t value)
{
    memcpy(gpu->config + offset, &value, width);
}

static void
writable(struct emu_gpu *gpu, uint32_t offset, uint32_t width, uint32_t mask)
{
    memcpy(gpu->config_mask + offset, &mask, width);
}

static uint32_t
word_at(const struct emu_gpu *gpu, uint32_t offset)
{
    uint32_t value;

    memcpy(&value, gpu->config + offset, sizeof(value));
    return value;
}

static uint32_t
word_mask(const struct emu_gpu *gpu, uint32_t offset)
{
    uint32_t mask;

    memcpy(&mask, gpu->config_mask + offset, sizeof(mask));
    return mask;
}

/* Bus mastering decides what the card reaches. */
static void
apply_command(struct emu_gpu *gpu)
{
    gpu->ram.blocked = !(gpu->config[4] >> 2 & 1);
}

/* A BAR answers all ones with its size mask: the address bits below its size are not there. */
static void
put_bar(struct emu_gpu *gpu, unsigned index, uint64_t address, uint64_t bytes, uint32_t flags)
{
    const uint32_t offset = 0x10 + index * 4;
    const uint64_t mask = ~(bytes - 1);

    put(gpu, offset, 4, (uint32_t)address | flags);
    writable(gpu, offset, 4, (uint32_t)mask & ~0xfu);
    if (flags & 4) { /* 64-bit */
        put(gpu, offset + 4, 4, (uint32_t)(address >> 32));
        writable(gpu, offset + 4, 4, (uint32_t)(mask >> 32));
    }
}

static void
put_header(struct emu_gpu *gpu)
{
    const struct emu_card *card = gpu->card;
    const uint64_t mib = 1 << 20;

    put(gpu, 0x00, 4, (uint32_t)card->pub.device << 16 | 0x10de);
    put(gpu, 0x04, 2, 0x0002);      /* the system's firmware turned memory space on */
    writable(gpu, 0x04, 2, 0x0547); /* I/O, memory, bus master, parity, SERR, INTx disable */
    put(gpu, 0x06, 2, 0x0010);      /* capability list */
    put(gpu, 0x08, 4, card->pci_class << 8 | card->pci_revision);
    writable(gpu, 0x0c, 1, 0xff); /* cache line */
    put_bar(gpu, 0, 0xf6000000u, card->bar0_mib * mib, 0x0);
    put_bar(gpu, 1, UINT64_C(0x4000000000), card->bar1_mib * mib, 0xc);
    put_bar(gpu, 3, UINT64_C(0x4fe0000000), card->bar3_mib * mib, 0xc);
    put(gpu, 0x2c, 4, (uint32_t)card->pub.sub_device << 16 | card->pub.sub_vendor);
    writable(gpu, 0x30, 4, 0xfff80001u); /* expansion ROM of 512 KiB, not assigned */
    put(gpu, 0x34, 1, PM_AT);
    writable(gpu, 0x3c, 1, 0xff); /* interrupt line */
    put(gpu, 0x3d, 1, 1);         /* INTA */
}

static void
put_capabilities(struct emu_gpu *gpu)
{
    const struct emu_card *card = gpu->card;
    const uint32_t link = card->link_gen | card->link_width << 4;

    put(gpu, PM_AT, 4, 0x00030001u | MSI_AT << 8); /* power management, version 3 */
    writable(gpu, PM_AT + 4, 2, 0x8103);
    put(gpu, MSI_AT, 4, 0x00800005u | (uint32_t)PCIE_AT << 8); /* MSI, 64-bit, one vector */
    writable(gpu, MSI_AT + 2, 2, 0x0071);
    writable(gpu, MSI_AT + 4, 4, 0xfffffffcu);
    writable(gpu, MSI_AT + 8, 4, 0xffffffffu);
    writable(gpu, MSI_AT + 12, 2, 0xffff);
    put(gpu, PCIE_AT, 4, 0x00020010u);     /* PCI Express, version 2, legacy endpoint 0 */
    put(gpu, PCIE_AT + 4, 4, 0x10008de1u); /* 256 byte payload, FLR */
    put(gpu, PCIE_AT + 8, 2, 0x2910);
    writable(gpu, PCIE_AT + 8, 2, 0x7fff);
    put(gpu, PCIE_AT + 12, 4, link | 0x00400000u | 0x00000c00u);
    put(gpu, PCIE_AT + 16, 4, link << 16 | 0x0040);
    writable(gpu, PCIE_AT + 16, 2, 0x00c3);
    put(gpu, PCIE_AT + 36, 4, 0x0000001fu); /* completion timeouts */
    put(gpu, PCIE_AT + 44, 4, ((1u << card->link_gen) - 1) << 1);
    put(gpu, PCIE_AT + 48, 2, card->link_gen);
    writable(gpu, PCIE_AT + 48, 2, 0x000f);
}

void
emu_config_slow_link(struct emu_gpu *gpu)
{
    put(gpu, PCIE_AT + 18, 2, 1 | 1 << 4); /* 2.5 GT/s, one lane */
}

/* Cards without a display, for data centres. */
static bool
is_server_card(const struct emu_card *card)
{
    return card->pci_class == 0x030200;
}

static void
put_msix(struct emu_gpu *gpu)
{
    put(gpu, PCIE_AT + 1, 1, MSIX_AT);
    put(gpu, MSIX_AT, 4, 0x0011u | (uint32_t)(EMU_MSIX_VECTORS - 1) << 16);
    writable(gpu, MSIX_AT + 2, 2, 0xc000); /* enable, mask all */
    put(gpu, MSIX_AT + 4, 4, EMU_MSIX_TABLE);
    put(gpu, MSIX_AT + 8, 4, EMU_MSIX_PENDING);
}

/* An extended capability behind the one before. */
static void
put_extended(struct emu_gpu *gpu, uint32_t *last, uint32_t at, uint32_t id, uint32_t version)
{
    uint32_t header;

    if (*last) {
        memcpy(&header, gpu->config + *last, 4);
        put(gpu, *last, 4, header | at << 20);
    }
    put(gpu, at, 4, id | version << 16);
    *last = at;
}

/* BAR1 shows all of VRAM or a window of it: from 64 MiB to the power of two that holds all. */
static void
put_rebar(struct emu_gpu *gpu)
{
    const uint64_t fb_mib = gpu->card->pub.fb_bytes >> 20;
    uint32_t exponent = 0, most = 6, sizes = 0;

    while (gpu->card->bar1_mib >> (exponent + 1))
        exponent++;
    while (most < 27 && (most < exponent || UINT64_C(1) << most < fb_mib))
        most++;
    for (uint32_t i = 6; i <= most; i++)
        sizes |= 1u << (i + 4);
    put(gpu, REBAR_AT + 4, 4, sizes | 1u << (exponent + 4));
    put(gpu, REBAR_AT + 8, 4, 1 | 1 << 5 | exponent << 8);
    writable(gpu, REBAR_AT + 8, 4, 0x3f00);
}

static bool
has_rebar(const struct emu_gpu *gpu)
{
    return (word_at(gpu, REBAR_AT) & 0xffff) == 0x15;
}

uint64_t
emu_config_bar1_bytes(const struct emu_gpu *gpu)
{
    if (!has_rebar(gpu))
        return (uint64_t)gpu->card->bar1_mib << 20;
    return UINT64_C(1) << (20 + (word_at(gpu, REBAR_AT + 8) >> 8 & 0x3f));
}

/* A size that is not offered is not taken; one that is moves the border between BAR1's address
 * and what reads 0. */
static void
apply_rebar(struct emu_gpu *gpu, uint32_t old)
{
    const uint32_t control = word_at(gpu, REBAR_AT + 8), exponent = control >> 8 & 0x3f;

    if (!has_rebar(gpu) || control == old)
        return;
    if (exponent > 27 || !(word_at(gpu, REBAR_AT + 4) >> (exponent + 4) & 1))
        put(gpu, REBAR_AT + 8, 4, old);
    else
        put_bar(gpu, 1, emu_config_bar(gpu, 1) & ~(emu_config_bar1_bytes(gpu) - 1),
                emu_config_bar1_bytes(gpu), 0xc);
}

static void
put_extended_capabilities(struct emu_gpu *gpu)
{
    uint32_t last = 0;

    put_extended(gpu, &last, AER_AT, 0x01, 2); /* error reporting */
    writable(gpu, AER_AT + 8, 4, 0x0047f030);
    put(gpu, AER_AT + 12, 4, 0x00462030);
    writable(gpu, AER_AT + 12, 4, 0x0047f030);
    put(gpu, AER_AT + 20, 4, 0x00002000);
    writable(gpu, AER_AT + 20, 4, 0x0000f1c1);
    put_extended(gpu, &last, SECONDARY_AT, 0x19, 1); /* equalisation of 16 lanes */
    if (gpu->card->architecture >= 0x17) {           /* Ampere on */
        put_extended(gpu, &last, REBAR_AT, 0x15, 1);
        put_rebar(gpu);
    }
    if (is_server_card(gpu->card)) {
        put_extended(gpu, &last, ATS_AT, 0x0f, 1);
        put(gpu, ATS_AT + 4, 2, 0x0020); /* page aligned */
        writable(gpu, ATS_AT + 6, 2, 0x801f);
    }
}

void
emu_config_reset(struct emu_gpu *gpu)
{
    memset(gpu->config, 0, sizeof(gpu->config));
    memset(gpu->config_mask, 0, sizeof(gpu->config_mask));
    put_header(gpu);
    put_capabilities(gpu);
    if (is_server_card(gpu->card))
        put_msix(gpu);
    put_extended_capabilities(gpu);
    apply_command(gpu);
    emu_msix_reset(gpu);
}

uint32_t
emu_config_msix(const struct emu_gpu *gpu)
{
    return is_server_card(gpu->card) ? word_at(gpu, MSIX_AT) >> 16 | 0x80000000u : 0;
}

void
emu_config_unassign(struct emu_gpu *gpu)
{
    put(gpu, 0x04, 2, 0);
    for (uint32_t at = 0x10; at < 0x28; at += 4)
        put(gpu, at, 4, word_at(gpu, at) & ~word_mask(gpu, at));
    apply_command(gpu);
}

uint64_t
emu_config_bar(const struct emu_gpu *gpu, unsigned bar)
{
    const uint32_t at = 0x10 + bar * 4, low = word_at(gpu, at);

    return (low & ~UINT32_C(0xf)) | (low & 4 ? (uint64_t)word_at(gpu, at + 4) << 32 : 0);
}

bool
emu_config_memory_space(const struct emu_gpu *gpu)
{
    return gpu->config[4] >> 1 & 1;
}

static bool
sound(uint32_t offset, uint32_t width)
{
    return (width == 1 || width == 2 || width == 4) && offset % width == 0 &&
           offset <= EMU_CONFIG_BYTES - width;
}

int
emu_config_read(struct emu_gpu *gpu, uint32_t offset, uint32_t width, uint32_t *value_out)
{
    uint32_t value = 0;

    if (!sound(offset, width))
        return -EINVAL;
    memcpy(&value, gpu->config + offset, width);
    if (gpu->lost)
        value = UINT32_MAX >> (32 - 8 * width);
    *value_out = value;
    return 0;
}

/* Bit 15 of the PCI Express capability's device control; it always reads 0. */
static bool
starts_flr(uint32_t offset, uint32_t width, uint32_t value)
{
    const uint32_t at = PCIE_AT + 9;

    return offset <= at && at < offset + width && value >> 8 * (at - offset) >> 7 & 1;
}

int
emu_config_write(struct emu_gpu *gpu, uint32_t offset, uint32_t width, uint32_t value)
{
    uint32_t rebar;

    if (!sound(offset, width))
        return -EINVAL;
    if (gpu->lost)
        return 0;
    rebar = word_at(gpu, REBAR_AT + 8);
    for (uint32_t i = 0; i < width; i++) {
        uint8_t *byte = &gpu->config[offset + i];
        const uint8_t mask = gpu->config_mask[offset + i];

        *byte = (uint8_t)((*byte & ~mask) | ((value >> 8 * i) & mask));
    }
    apply_command(gpu);
    apply_rebar(gpu, rebar);
    if (starts_flr(offset, width, value))
        emu_gpu_flr(gpu);
    return 0;
}

struct dump {
    char *text;
    size_t cap, used; /* used counts what would have been written, too */
};

static void add(struct dump *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct dump *d, const char *format, ...)
{
    const size_t room = d->used < d->cap ? d->cap - d->used : 0;
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(room ? d->text + d->used : NULL, room, format, ap);
    va_end(ap);
    d->used += n > 0 ? (size_t)n : 0;
}

/* lspci -x: sixteen bytes a line, behind a line that names the function. */
size_t
emu_gpu_config_dump(struct emu_gpu *gpu, unsigned bytes, char *text, size_t text_bytes)
{
    struct dump d = {.cap = text_bytes};

    d.text = text;
    if (bytes > EMU_CONFIG_BYTES)
        bytes = EMU_CONFIG_BYTES;
    add(&d, "01:00.0 %s: NVIDIA Corporation %s\n",
        gpu->card->pci_class == 0x030000 ? "VGA compatible controller" : "3D controller",
        gpu->card->pub.name);
    for (unsigned line = 0; line < bytes; line += 16) {
        add(&d, "%02x:", line);
        for (unsigned i = line; i < line + 16 && i < bytes; i++)
            add(&d, " %02x", gpu->lost ? 0xff : gpu->config[i]);
        add(&d, "\n");
    }
    return d.used;
}
