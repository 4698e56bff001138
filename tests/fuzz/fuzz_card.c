/* SPDX-License-Identifier: MIT */
/*
 * Hostile register accesses for the emulated card: the input picks a chip, then is a list of
 * steps. A step is an access to a register (any, or one of a list that does things), bytes in
 * system memory, or a whole move that gets past the first checks: booter loaded and started on
 * a WPR meta out of the input, FWSEC on a command out of the input, a message to FSP.
 */
#include <stdlib.h>
#include <string.h>

#include <emu/emu.h>
#include <emu/synth.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE = 4096, MEM = 64 * PAGE, MAX_STEPS = 200, GSP = 0x110000, SEC2 = 0x840000 };

struct input {
    const uint8_t *p;
    size_t left;
};

struct client {
    struct emu_gpu *gpu;
    struct gsp_bus *bus;
    struct gsp_dma mem;
    const char *chip;
};

static uint32_t
take(struct input *in, unsigned bytes)
{
    uint32_t v = 0;

    if (bytes > in->left)
        bytes = (unsigned)in->left;
    memcpy(&v, in->p, bytes);
    in->p += bytes;
    in->left -= bytes;
    return v;
}

static void
wr(struct client *c, uint32_t off, uint32_t value)
{
    c->bus->ops->wr32(c->bus, 0, off, value);
}

static uint32_t
rd(struct client *c, uint32_t off)
{
    return c->bus->ops->rd32(c->bus, 0, off);
}

static uint32_t
word(const uint8_t *p, size_t at)
{
    uint32_t v;

    memcpy(&v, p + at, 4);
    return v;
}

static uint32_t
interesting(struct input *in)
{
    static const uint32_t offsets[] = {
        0x110004, 0x110008, 0x110040, 0x110044, 0x1100f4, 0x110100, 0x110104, 0x11010c,
        0x110110, 0x110114, 0x110118, 0x11011c, 0x110128, 0x110130, 0x110180, 0x110184,
        0x110188, 0x1101c0, 0x1101c4, 0x1103c0, 0x110600, 0x110610, 0x110624, 0x111180,
        0x111198, 0x11119c, 0x111210, 0x111668, 0x110c00, 0x840040, 0x840044, 0x840100,
        0x840104, 0x84010c, 0x840110, 0x840114, 0x840118, 0x84011c, 0x840128, 0x840180,
        0x840184, 0x840188, 0x8401c0, 0x8401c4, 0x8403c0, 0x840600, 0x840624, 0x841180,
        0x841210, 0x8f2ac0, 0x8f2ac4, 0x8f2c00, 0x8f2c04, 0x8f2c80, 0x8f2c84, 0x001700,
        0x10fd40, 0x001704, 0x001714, 0x700000, 0x7ffffc, 0x300000, 0x3ffffc, 0xb81000,
        0xb81014, 0xb81200, 0xb81400, 0xb81600, 0xb81608, 0xb81610, 0xb81640, 0xb830b0,
        0xb80f00, 0xb831fc, 0x1180f8, 0x1180fc, 0x1fa828, 0x0014fc};

    return offsets[take(in, 1) % (sizeof(offsets) / sizeof(offsets[0]))];
}

/* Moves */

static void
reset(struct client *c, uint32_t base)
{
    wr(c, base + 0x3c0, 1);
    wr(c, base + 0x3c0, 0);
    for (int i = 0; i < 4; i++) {
        rd(c, base + 0xf4);
        rd(c, base + 0x10c);
    }
    wr(c, base + 0x624, 0x80);
    wr(c, base + 0x10c, 0);
}

static void
port(struct client *c, uint32_t base, const uint8_t *p, uint32_t bytes, bool secure,
     uint32_t at)
{
    wr(c, base + 0x180, at | 1u << 24 | (secure ? 1u << 28 : 0));
    for (uint32_t i = 0; i + 4 <= bytes; i += 4) {
        if (i % 256 == 0)
            wr(c, base + 0x188, (at + i) / 256);
        wr(c, base + 0x184, word(p, i));
    }
}

/* Booter, whole and signed where one signature is enough, on a WPR meta in the input's memory.
 */
static void
booter(struct client *c, struct input *in)
{
    const enum emu_synth_kind kind =
        take(in, 1) & 1 ? EMU_SYNTH_BOOTER_UNLOAD : EMU_SYNTH_BOOTER_LOAD;
    uint8_t *file = NULL;
    size_t n = 0;

    if (emu_synth_file(c->chip, "570.144", kind, &file, &n) == 0) {
        const uint32_t header = word(file, 12), load = word(file, header + 28);
        const uint32_t sig = word(file, header), sig_bytes = word(file, header + 4);
        uint8_t *image = file + word(file, 16);

        memcpy(image + word(file, word(file, header + 8)), file + sig,
               sig_bytes > 384 ? 384 : sig_bytes);
        reset(c, GSP);
        wr(c, GSP + 0x1668, 0x111);
        reset(c, SEC2);
        port(c, SEC2, image, word(file, load + 4), false, 0);
        port(c, SEC2, image + word(file, load + 20), word(file, load + 24), true,
             word(file, load + 20));
        wr(c, SEC2 + 0x1c0, 1u << 24);
        for (uint32_t i = 0; i < word(file, load + 12); i += 4)
            wr(c, SEC2 + 0x1c4, word(image, word(file, load + 8) + i));
        wr(c, SEC2 + 0x40, (uint32_t)c->mem.bus_addr + (take(in, 1) & 3) * 256);
        wr(c, SEC2 + 0x44, (uint32_t)(c->mem.bus_addr >> 32));
        wr(c, SEC2 + 0x104, 0);
        wr(c, SEC2 + 0x100, 2);
    }
    free(file);
}

/* A message to FSP: its first words from the input, or a header that FSP accepts. */
static void
fsp(struct client *c, struct input *in)
{
    const uint32_t n = take(in, 2) % 1100;
    const bool good = take(in, 1) & 1;

    wr(c, 0x8f2ac0, 1u << 24);
    for (uint32_t i = 0; i < n; i += 4)
        wr(c, 0x8f2ac4,
           good && i == 0   ? 0xc0000000u
           : good && i == 4 ? 0x1410de7eu
           : good && i == 8 ? 2 | 860u << 16
                            : take(in, 4));
    wr(c, 0x8f2c04, good ? 864 : take(in, 2));
    wr(c, 0x8f2c00, good ? 0 : take(in, 2));
    for (int i = 0; i < 3; i++)
        rd(c, 0x8f2c84);
    wr(c, 0x8f2ac0, 1u << 25);
    rd(c, 0x8f2ac4);
    wr(c, 0x8f2c84, rd(c, 0x8f2c80));
}

/* Bytes out of the input, and words that point into this memory. */
static void
fill(struct client *c, struct input *in)
{
    uint8_t *p = c->mem.cpu;
    const uint32_t at = take(in, 2) * 8 % (MEM - 512), n = take(in, 1) * 2;

    for (uint32_t i = 0; i + 8 <= n; i += 8) {
        const uint32_t how = take(in, 1);
        uint64_t v = take(in, 4);

        if (how & 1)
            v = c->mem.bus_addr + (v % MEM & ~(how & 2 ? 0xfffull : 0ull));
        if (how == 4)
            v = UINT64_C(0xdc3aae21371a60b3);
        if (how == 6)
            v = 1;
        memcpy(p + at + i, &v, 8);
    }
}

static void
step(struct client *c, struct input *in)
{
    uint32_t off;

    switch (take(in, 1) % 9) {
    case 0:
        off = take(in, 3) & 0xfffffc;
        wr(c, off, take(in, 4));
        break;
    case 1:
        rd(c, take(in, 3) & 0xfffffc);
        break;
    case 2:
    case 3:
        off = interesting(in);
        wr(c, off, take(in, 4));
        break;
    case 4:
        rd(c, interesting(in));
        break;
    case 5:
        fill(c, in);
        break;
    case 6:
        booter(c, in);
        break;
    case 7:
        fsp(c, in);
        break;
    default:
        off = take(in, 1) & 3;
        if (off == 0)
            c->bus->ops->reset(c->bus);
        else
            c->bus->ops->wr32(c->bus, off, take(in, 4) & ~3u, rd(c, 0x700000));
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102",
                                        "GH100", "GB100", "GB202"};
    struct input in = {data, size};
    struct emu_config config = {.abi = {.schema = nvrm_schema_builtin()}};
    const uint32_t first = (uint32_t)take(&in, 1);
    struct client c = {.chip = chips[(first & 0x7f) % 7]};

    config.chip = c.chip;
    config.lenient = first >> 7;
    config.abi.release = nvrm_release_find(config.abi.schema, "570.144");
    if (emu_gpu_create(&config, &c.gpu, NULL, 0) != 0)
        return 0;
    c.bus = emu_gpu_bus(c.gpu);
    if (c.bus->ops->dma_alloc(c.bus, MEM, &c.mem) == 0) {
        c.bus->ops->config_write(c.bus, 4, 2, 6); /* memory, bus master */
        for (int i = 0; i < MAX_STEPS && in.left; i++)
            step(&c, &in);
        c.bus->ops->dma_free(c.bus, &c.mem);
    }
    emu_gpu_destroy(c.gpu);
    return 0;
}
