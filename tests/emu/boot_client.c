/* SPDX-License-Identifier: MIT */
/*
 * The boot client: registers, VBIOS, falcons, memory layout, all by hand.
 */
#include "boot_client.h"

#include "test.h"

enum { GSP = 0x110000, SEC2 = 0x840000, TRIES = 50, PAGE = 4096 };

uint32_t
boot_rd(struct boot *b, uint32_t off)
{
    return b->raw.bus->ops->rd32(b->raw.bus, 0, off);
}

void
boot_wr(struct boot *b, uint32_t off, uint32_t value)
{
    b->raw.bus->ops->wr32(b->raw.bus, 0, off, value);
}

static uint32_t
rd32(const uint8_t *p, size_t at)
{
    uint32_t v;

    memcpy(&v, p + at, 4);
    return v;
}

static uint16_t
rd16(const uint8_t *p, size_t at)
{
    uint16_t v;

    memcpy(&v, p + at, 2);
    return v;
}

uint64_t
boot_get64(const void *p, size_t at)
{
    uint64_t v;

    memcpy(&v, (const uint8_t *)p + at, 8);
    return v;
}

void
boot_put64(void *p, size_t at, uint64_t value)
{
    memcpy((uint8_t *)p + at, &value, 8);
}

static void
put32(void *p, size_t at, uint32_t value)
{
    memcpy((uint8_t *)p + at, &value, 4);
}

static void
dma(struct boot *b, size_t bytes, struct gsp_dma *out)
{
    assert_int_equal(b->raw.bus->ops->dma_alloc(b->raw.bus, bytes, out), 0);
}

/* Card */

static enum boot_family
family_of(struct boot *b)
{
    const uint32_t boot42 = boot_rd(b, 0xa00);

    switch (boot42 >> 24 & 0x1f) {
    case 0x16:
        return BOOT_TU10X;
    case 0x17:
        return boot42 >> 20 & 0xf ? BOOT_GA10X : BOOT_GA100;
    case 0x19:
        return BOOT_AD10X;
    default:
        return BOOT_FSP;
    }
}

void
boot_open(struct boot *b, const char *release, const char *chip, const char *inject)
{
    const struct emu_config config = {.chip = chip, .abi = raw_abi(release), .inject = inject};

    boot_open_with(b, release, &config);
}

void
boot_open_with(struct boot *b, const char *release, const struct emu_config *config)
{
    const char *chip = config->chip;

    memset(b, 0, sizeof(*b));
    b->chip = chip;
    raw_open_with(&b->raw, config);
    assert_int_equal(b->raw.bus->ops->config_write(b->raw.bus, 4, 2, 6), 0);
    b->family = family_of(b);
    for (unsigned k = 0; k < EMU_SYNTH_KINDS; k++)
        emu_synth_file(chip, release, (enum emu_synth_kind)k, &b->file[k].p, &b->file[k].n);
}

void
boot_close(struct boot *b)
{
    struct gsp_dma *const all[] = {&b->radix3, &b->sig,  &b->bl,  &b->meta,
                                   &b->code,   &b->data, &b->fmc, &b->params};

    for (size_t i = 0; i < 8; i++)
        if (all[i]->cpu)
            b->raw.bus->ops->dma_free(b->raw.bus, all[i]);
    for (unsigned k = 0; k < EMU_SYNTH_KINDS; k++)
        free(b->file[k].p);
    free(b->rom.p);
    raw_close(&b->raw);
}

bool
boot_wait_ready(struct boot *b)
{
    const uint32_t arch = boot_rd(b, 0xa00) >> 24 & 0x1f;

    for (int i = 0; i < TRIES; i++) {
        if (b->family == BOOT_FSP) {
            if (boot_rd(b, arch == 0x1b ? 0xad00bc : 0x200bc) == 0xff)
                return true;
        } else if ((boot_rd(b, 0x118128) & 1) && (boot_rd(b, 0x118234) & 0xff) == 0xff) {
            return true;
        }
    }
    return false;
}

bool
boot_wpr2_up(struct boot *b)
{
    return boot_rd(b, (boot_rd(b, 0xa00) >> 24 & 0x1f) == 0x1a ? 0x88a828 : 0x1fa828) >> 4 != 0;
}

/* VBIOS */

static size_t
first_image(const uint8_t *p)
{
    const unsigned ifr = rd32(p, 4) >> 8 & 0xff;

    if (rd32(p, 0) != 0x4947564e)
        return 0;
    return ifr < 3 ? rd32(p, (rd32(p, 4) >> 16 & 0x7fff) + 4)
                   : rd32(p, rd32(p, rd32(p, 8) & 0xfffff) + 4096 + 8);
}

/* What pointers count from: the first image, plus what lies between it and the extension. */
static bool
find_base(struct boot *b, size_t *base_out, size_t *expansion_out)
{
    const uint8_t *p = b->rom.p;
    size_t at = first_image(p), base_bytes = 0, extension = 0;
    const size_t base = at;

    while (at < b->rom.n - 0x100 && rd16(p, at) == 0xaa55) {
        const size_t pcir = at + rd16(p, at + 0x18);

        if (pcir > b->rom.n - 0x20)
            return false;
        if (p[pcir + 0x14] == 0)
            base_bytes = rd16(p, pcir + 0x10) * 512u;
        if (p[pcir + 0x14] == 0xe0)
            extension = at;
        if (p[pcir + 0x15] & 0x80 || !rd16(p, pcir + 0x10))
            break;
        at += rd16(p, pcir + 0x10) * 512u;
    }
    *base_out = base;
    *expansion_out = extension - base - base_bytes;
    return base_bytes && extension;
}

static void
read_desc(struct boot *b, size_t at)
{
    const uint8_t *p = b->rom.p;
    struct boot_fwsec *f = &b->fwsec;
    const uint32_t bytes = rd32(p, at) >> 16;

    f->version = rd32(p, at) >> 8 & 0xff;
    f->imem = (uint32_t)at + bytes;
    if (f->version == 2) {
        f->interface = rd32(p, at + 16);
        f->imem_bytes = rd32(p, at + 24);
        f->ns_bytes = f->imem_bytes - rd32(p, at + 36);
        f->dmem = f->imem + rd32(p, at + 40);
        f->dmem_bytes = rd32(p, at + 48);
    } else {
        f->pkc = rd32(p, at + 8);
        f->interface = rd32(p, at + 12);
        f->imem_bytes = rd32(p, at + 20);
        f->imem_virt = rd32(p, at + 24);
        f->dmem = f->imem + f->imem_bytes;
        f->dmem_bytes = rd32(p, at + 32);
        f->engine_id = rd16(p, at + 36);
        f->ucode_id = p[at + 38];
        f->versions = rd16(p, at + 40);
        f->sigs = (uint32_t)at + 44;
    }
}

bool
boot_read_vbios(struct boot *b)
{
    size_t base, expansion, token, table;
    const uint8_t *p;

    b->rom.n = 0x100000;
    free(b->rom.p);
    p = b->rom.p = malloc(b->rom.n);
    assert_non_null(p);
    for (uint32_t i = 0; i < b->rom.n; i += 4)
        put32(b->rom.p, i, boot_rd(b, 0x300000 + i));
    if (!find_base(b, &base, &expansion) || memcmp(p + base + 0x1b2, "BIT", 4) != 0)
        return false;
    for (token = base + 0x1bc; p[token] != 'p'; token += 6)
        if (token > base + 0x200)
            return false;
    table = base + expansion + rd32(p, base + rd16(p, token + 4));
    if (table > b->rom.n - 0x100)
        return false;
    for (unsigned i = 0; i < p[table + 3]; i++) {
        const size_t entry = table + p[table + 1] + (size_t)i * p[table + 2];

        if (p[entry] != 0x85)
            continue;
        read_desc(b, base + expansion + rd32(p, entry + 2));
        return true;
    }
    return false;
}

/* Falcons */

static bool
brom(const struct boot *b)
{
    return b->family == BOOT_GA10X || b->family == BOOT_AD10X;
}

static bool
wait_scrub(struct boot *b, uint32_t base)
{
    for (int i = 0; i < TRIES; i++)
        if (brom(b) ? !(boot_rd(b, base + 0xf4) >> 12 & 1) : !(boot_rd(b, base + 0x10c) & 6))
            return true;
    return false;
}

bool
boot_reset(struct boot *b, uint32_t base)
{
    boot_wr(b, base + 0x3c0, 1);
    boot_wr(b, base + 0x3c0, 0);
    if (!b->no_scrub_wait && !wait_scrub(b, base))
        return false;
    if (brom(b) && boot_rd(b, base + 0x1668) & 0x10)
        boot_wr(b, base + 0x1668, 0);
    boot_wr(b, base + 0x84, boot_rd(b, 0));
    return true;
}

void
boot_select_riscv(struct boot *b)
{
    if (brom(b))
        boot_wr(b, GSP + 0x1668, 0x111);
}

bool
boot_riscv_active(struct boot *b)
{
    if (b->family == BOOT_TU10X || b->family == BOOT_GA100)
        return boot_rd(b, GSP + 0x1240) & 1;
    return boot_rd(b, GSP + 0x1388) >> 7 & 1;
}

static bool
start(struct boot *b, uint32_t base)
{
    if (boot_rd(b, base + 0x100) >> 6 & 1)
        boot_wr(b, base + 0x130, 2);
    else
        boot_wr(b, base + 0x100, 2);
    for (int i = 0; i < TRIES; i++)
        if (boot_rd(b, base + 0x100) >> 4 & 1)
            return true;
    return false;
}

static void
allow_physical(struct boot *b, uint32_t base)
{
    if (!b->no_fbif)
        boot_wr(b, base + 0x624, boot_rd(b, base + 0x624) | 0x80);
    boot_wr(b, base + 0x10c, 0);
}

static bool
dma_block(struct boot *b, uint32_t base, uint32_t to, uint32_t from, uint32_t cmd)
{
    for (int i = 0; boot_rd(b, base + 0x118) & 1; i++)
        if (i == TRIES)
            return false;
    boot_wr(b, base + 0x114, to);
    boot_wr(b, base + 0x11c, from);
    boot_wr(b, base + 0x118, cmd);
    return true;
}

static bool
dma_load(struct boot *b, uint32_t base, uint64_t addr, uint32_t virt, uint32_t bytes,
         uint32_t cmd)
{
    if (cmd >> 4 & 1)
        virt += b->bad_tag * 256;
    addr -= virt;
    boot_wr(b, base + 0x110, (uint32_t)(addr >> 8));
    boot_wr(b, base + 0x128, (uint32_t)(addr >> 40));
    for (uint32_t i = 0; i < bytes; i += 256)
        if (!dma_block(b, base, i, virt + i, cmd))
            return false;
    for (int i = 0; i < TRIES; i++)
        if (boot_rd(b, base + 0x118) & 2)
            return true;
    return false;
}

/* Load and run through the boot ROM; data is [code][data] in system memory. */
static bool
run_hs(struct boot *b, uint32_t base, const struct gsp_dma *image, uint32_t code_at,
       uint32_t code_bytes, uint32_t virt, uint32_t data_at, uint32_t data_bytes,
       const uint32_t brom_regs[3])
{
    const uint32_t secure = b->insecure ? 0 : 1 << 2;

    allow_physical(b, base);
    boot_wr(b, base + 0x600, 1 | 1 << 2);
    if (!dma_load(b, base, image->bus_addr + code_at, virt, code_bytes,
                  1 << 4 | secure | 6 << 8) ||
        !dma_load(b, base, image->bus_addr + data_at, 0, data_bytes, 6 << 8))
        return false;
    boot_wr(b, base + 0x1210, brom_regs[0]);
    boot_wr(b, base + 0x119c, brom_regs[1]);
    boot_wr(b, base + 0x1198, brom_regs[2]);
    boot_wr(b, base + 0x1180, 1);
    boot_wr(b, base + 0x104, virt);
    return start(b, base);
}

static void
port_imem(struct boot *b, uint32_t base, uint32_t at, const uint8_t *p, uint32_t bytes,
          uint32_t tag, bool secure)
{
    boot_wr(b, base + 0x180, at | 1u << 24 | (secure && !b->insecure ? 1u << 28 : 0));
    for (uint32_t i = 0; i < bytes; i += 4) {
        if (i % 256 == 0)
            boot_wr(b, base + 0x188, (tag >> 8) + i / 256 + b->bad_tag);
        boot_wr(b, base + 0x184, rd32(p, i));
    }
}

static void
port_dmem(struct boot *b, uint32_t base, uint32_t at, const uint8_t *p, uint32_t bytes)
{
    boot_wr(b, base + 0x1c0, at | 1u << 24);
    for (uint32_t i = 0; i < bytes; i += 4)
        boot_wr(b, base + 0x1c4, rd32(p, i));
}

/* FWSEC */

static unsigned
version_of(uint32_t fuse)
{
    return fuse ? 32 - (unsigned)__builtin_clz(fuse) : 0;
}

static void
patch_fwsec(struct boot *b, uint8_t *dmem, uint32_t command)
{
    const struct boot_fwsec *f = &b->fwsec;
    const uint32_t mapper = rd32(dmem, f->interface + 4 + 8 + 4);
    const uint32_t words[11] = {1, 24, 0, 0, 0, 2, 1, 20, (uint32_t)(b->frts >> 12), 0x100, 2};
    unsigned index = 0, version;

    assert_int_equal(rd32(dmem, f->interface + 4 + 8), 4);
    assert_memory_equal(dmem + mapper, "DMAP", 4);
    put32(dmem, mapper + 44, command);
    memcpy(dmem + rd32(dmem, mapper + 8), words, command == 0x15 ? 44 : 24);
    if (f->version != 3)
        return;
    version = version_of(boot_rd(b, 0x8241c0 + 4 * (f->ucode_id - 1)));
    for (unsigned v = 0; v < version; v++)
        index += f->versions >> v & 1;
    index = (unsigned)((int)index + b->signature);
    memcpy(dmem + f->pkc, b->rom.p + f->sigs + index * 384, 384);
}

static bool
fwsec_v3(struct boot *b, const uint8_t *dmem)
{
    const struct boot_fwsec *f = &b->fwsec;
    const uint32_t brom_regs[3] = {f->pkc, f->engine_id, f->ucode_id};
    struct gsp_dma image;
    bool done;

    dma(b, f->imem_bytes + f->dmem_bytes, &image);
    memcpy(image.cpu, b->rom.p + f->imem, f->imem_bytes);
    memcpy((uint8_t *)image.cpu + f->imem_bytes, dmem, f->dmem_bytes);
    done = run_hs(b, GSP, &image, 0, f->imem_bytes, f->imem_virt, f->imem_bytes, f->dmem_bytes,
                  brom_regs);
    b->raw.bus->ops->dma_free(b->raw.bus, &image);
    return done;
}

void
boot_load_bootloader(struct boot *b, const uint8_t *file, const uint8_t desc[84])
{
    const uint32_t header = rd32(file, 12), data_at = rd32(file, 16);
    const uint32_t tag = rd32(file, header), bytes = rd32(file, header + 12);
    const uint32_t blocks = boot_rd(b, GSP + 0x108) & 0x1ff;

    port_dmem(b, GSP, 0, desc, 84);
    port_imem(b, GSP, (blocks - bytes / 256) * 256, file + data_at, bytes, tag << 8, false);
    boot_wr(b, GSP + 0x104, tag << 8);
}

static bool
fwsec_v2(struct boot *b, const uint8_t *dmem)
{
    const struct boot_fwsec *f = &b->fwsec;
    uint32_t desc[21] = {0};
    struct gsp_dma code, data;
    bool done;

    dma(b, f->imem_bytes, &code);
    dma(b, f->dmem_bytes, &data);
    memcpy(code.cpu, b->rom.p + f->imem, f->imem_bytes);
    memcpy(data.cpu, dmem, f->dmem_bytes);
    desc[8] = 4;
    desc[9] = (uint32_t)code.bus_addr;
    desc[10] = (uint32_t)(code.bus_addr >> 32);
    desc[12] = f->ns_bytes;
    desc[13] = f->ns_bytes;
    desc[14] = f->imem_bytes - f->ns_bytes;
    desc[16] = (uint32_t)data.bus_addr;
    desc[17] = (uint32_t)(data.bus_addr >> 32);
    desc[18] = f->dmem_bytes;
    allow_physical(b, GSP);
    boot_wr(b, GSP + 0x600 + 4 * 4, 1 | 1 << 2);
    boot_load_bootloader(b, b->file[EMU_SYNTH_GENERIC_BL].p, (const uint8_t *)desc);
    done = start(b, GSP);
    b->raw.bus->ops->dma_free(b->raw.bus, &code);
    b->raw.bus->ops->dma_free(b->raw.bus, &data);
    return done;
}

bool
boot_fwsec(struct boot *b, uint32_t command)
{
    uint8_t *dmem = malloc(b->fwsec.dmem_bytes);
    bool done = false;

    assert_non_null(dmem);
    memcpy(dmem, b->rom.p + b->fwsec.dmem, b->fwsec.dmem_bytes);
    patch_fwsec(b, dmem, command);
    if (boot_reset(b, GSP))
        done = b->fwsec.version == 3 ? fwsec_v3(b, dmem) : fwsec_v2(b, dmem);
    free(dmem);
    return done;
}

/* SEC2 */

struct hs {
    uint8_t *image;
    uint32_t bytes, code, code_bytes, app, app_bytes, data, data_bytes, patch;
    uint32_t engine_id, ucode_id;
};

static void
open_hs(struct boot *b, enum emu_synth_kind kind, struct hs *h)
{
    const uint8_t *p = b->file[kind].p;
    const uint32_t header = rd32(p, 12);
    const uint32_t meta = rd32(p, header + 16), load = rd32(p, header + 28);
    const uint32_t count = rd32(p, rd32(p, header + 24));
    const uint32_t bytes = rd32(p, header + 4) / count;
    unsigned index = 0;

    *h = (struct hs){.bytes = rd32(p, 20),
                     .code = rd32(p, load),
                     .code_bytes = rd32(p, load + 4),
                     .data = rd32(p, load + 8),
                     .data_bytes = rd32(p, load + 12),
                     .app = rd32(p, load + 20),
                     .app_bytes = rd32(p, load + 24),
                     .patch = rd32(p, rd32(p, header + 8)),
                     .engine_id = rd32(p, meta + 4),
                     .ucode_id = rd32(p, meta + 8)};
    if (count > 1)
        index = count - 1 - version_of(boot_rd(b, 0x824140 + 4 * (h->ucode_id - 1)));
    index = (unsigned)((int)index + b->signature);
    h->image = malloc(h->bytes);
    assert_non_null(h->image);
    memcpy(h->image, p + rd32(p, 16), h->bytes);
    if (index < count)
        memcpy(h->image + h->patch, p + rd32(p, header) + index * bytes, bytes);
}

static void
load_direct(struct boot *b, const struct hs *h)
{
    allow_physical(b, SEC2);
    port_imem(b, SEC2, 0, h->image + h->code, h->code_bytes, h->code, false);
    port_imem(b, SEC2, (h->code_bytes + 255) & ~255u, h->image + h->app, h->app_bytes, h->app,
              true);
    port_dmem(b, SEC2, 0, h->image + h->data, h->data_bytes);
    boot_wr(b, SEC2 + 0x104, 0);
}

uint32_t
boot_sec2(struct boot *b, enum emu_synth_kind kind, uint64_t mailbox)
{
    struct gsp_dma image = {0};
    struct hs h;
    bool done = false;

    open_hs(b, kind, &h);
    dma(b, h.bytes, &image);
    memcpy(image.cpu, h.image, h.bytes);
    if (boot_reset(b, SEC2)) {
        const uint32_t regs[3] = {h.patch - h.data, h.engine_id, h.ucode_id};

        boot_wr(b, SEC2 + 0x40, (uint32_t)mailbox);
        boot_wr(b, SEC2 + 0x44, (uint32_t)(mailbox >> 32));
        if (brom(b)) {
            done =
                run_hs(b, SEC2, &image, h.app, h.app_bytes, h.app, h.data, h.data_bytes, regs);
        } else {
            load_direct(b, &h);
            done = start(b, SEC2);
        }
    }
    b->raw.bus->ops->dma_free(b->raw.bus, &image);
    free(h.image);
    return done ? boot_rd(b, SEC2 + 0x40) : 0xffffffff;
}
