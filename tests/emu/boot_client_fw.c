/* SPDX-License-Identifier: MIT */
/*
 * The boot client, second half: what lies in system memory, the chain of trust, and the order
 * of the steps.
 */
#include "boot_client.h"

#include "test.h"

enum { GSP = 0x110000, TRIES = 50, PAGE = 4096, MIB = 1 << 20 };

static uint32_t
rd32(const void *p, size_t at)
{
    uint32_t v;

    memcpy(&v, (const uint8_t *)p + at, 4);
    return v;
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

/* A section of an ELF of either class. */
static const uint8_t *
section(const struct boot_file *f, const char *name, uint64_t *n_out)
{
    const uint8_t *p = f->p;
    const bool wide = p[4] == 2;
    const uint64_t table = wide ? boot_get64(p, 40) : rd32(p, 32);
    const size_t row = wide ? 64 : 40, count = rd32(p, wide ? 60 : 48) & 0xffff;
    const size_t names = rd32(p, wide ? 60 : 48) >> 16;
    const uint8_t *n = p + table + names * row;
    const uint64_t strings = wide ? boot_get64(n, 24) : rd32(n, 16);

    for (size_t i = 1; i < count; i++) {
        const uint8_t *s = p + table + i * row;

        if (strcmp((const char *)p + strings + rd32(s, 0), name) != 0)
            continue;
        *n_out = wide ? boot_get64(s, 32) : rd32(s, 20);
        return p + (wide ? boot_get64(s, 24) : rd32(s, 16));
    }
    fail_msg("no section %s", name);
    return NULL;
}

/* Memory */

static void
make_radix3(struct boot *b)
{
    const uint8_t *image = section(&b->file[EMU_SYNTH_GSP], ".fwimage", &b->image_bytes);
    const uint64_t data = (b->image_bytes + PAGE - 1) / PAGE, l2 = (data + 511) / 512;
    uint8_t *p;
    uint64_t base;

    dma(b, (2 + l2 + data) * PAGE, &b->radix3);
    p = b->radix3.cpu;
    base = b->radix3.bus_addr;
    boot_put64(p, 0, base + PAGE);
    for (uint64_t i = 0; i < l2; i++)
        boot_put64(p, PAGE + i * 8, base + (2 + i) * PAGE);
    for (uint64_t i = 0; i < data; i++)
        boot_put64(p, 2 * PAGE + i * 8, base + (2 + l2 + i) * PAGE);
    memcpy(p + (2 + l2) * PAGE, image, b->image_bytes);
}

static const char *
signature_name(struct boot *b)
{
    static const char *const names[] = {"tu10x", "ga100", "ga10x", "ad10x"};
    static const char *const fsp_names[] = {"gh100", "", "gb10x", "gb20x"}; /* 0x18 on */

    if (b->gsp_family)
        return b->gsp_family;
    if (b->family != BOOT_FSP)
        return names[b->family];
    return fsp_names[boot_rd(b, 0xa00) >> 24 & 3];
}

static void
make_signature(struct boot *b)
{
    char name[64];
    uint64_t n;
    const uint8_t *p;

    snprintf(name, sizeof(name), ".fwsignature_%s", signature_name(b));
    p = section(&b->file[EMU_SYNTH_GSP], name, &n);
    dma(b, n, &b->sig);
    memcpy(b->sig.cpu, p, n);
}

/* From the top of memory down. */
static void
lay_out(struct boot *b, uint8_t *m, uint64_t bl_bytes)
{
    const bool old = b->family == BOOT_TU10X || b->family == BOOT_GA100;
    const uint64_t vga = b->vram - MIB, end = vga & ~UINT64_C(0x1ffff);
    const uint64_t frts_bytes = b->family == BOOT_GA100 ? 0 : MIB;
    const uint64_t bin = ((end - frts_bytes) - bl_bytes) & ~UINT64_C(0xfff);
    const uint64_t fw = (bin - b->image_bytes) & ~UINT64_C(0xffff);
    const uint64_t heap_bytes = (old ? 108 : 130) * UINT64_C(0x100000);
    const uint64_t heap = (fw - heap_bytes) & ~UINT64_C(0xfffff);

    b->frts = end - frts_bytes;
    boot_put64(m, 0x58, heap - 2 * MIB);
    boot_put64(m, 0x60, heap - 2 * MIB);
    boot_put64(m, 0x68, MIB);
    boot_put64(m, 0x70, heap - MIB);
    boot_put64(m, 0x78, heap);
    boot_put64(m, 0x80, (fw - heap) & ~UINT64_C(0xfffff));
    boot_put64(m, 0x88, fw);
    boot_put64(m, 0x90, bin);
    boot_put64(m, 0x98, b->frts);
    boot_put64(m, 0xa0, frts_bytes);
    boot_put64(m, 0xa8, end);
    boot_put64(m, 0xb0, b->vram);
    boot_put64(m, 0xb8, vga);
    boot_put64(m, 0xc0, 0x20000);
}

/* The FMC chooses the offsets. */
static void
sizes_only(uint8_t *m)
{
    boot_put64(m, 0x68, 2 * MIB);
    boot_put64(m, 0x80, 0x8700000);
    boot_put64(m, 0xa0, MIB);
    boot_put64(m, 0xc0, 0x20000);
    put32(m, 0xf4, 0x1820000);
}

void
boot_prepare(struct boot *b)
{
    const uint8_t *bl = b->file[EMU_SYNTH_BOOTLOADER].p;
    const uint32_t desc = rd32(bl, 12), bytes = rd32(bl, 20);
    uint8_t *m;

    make_radix3(b);
    make_signature(b);
    dma(b, bytes, &b->bl);
    memcpy(b->bl.cpu, bl + rd32(bl, 16), bytes);
    dma(b, PAGE, &b->meta);
    m = b->meta.cpu;
    boot_put64(m, 0x00, UINT64_C(0xdc3aae21371a60b3));
    boot_put64(m, 0x08, 1);
    boot_put64(m, 0x10, b->radix3.bus_addr);
    boot_put64(m, 0x18, b->image_bytes);
    boot_put64(m, 0x20, b->bl.bus_addr);
    boot_put64(m, 0x28, bytes);
    boot_put64(m, 0x30, rd32(bl, desc + 12 * 4)); /* monitor code */
    boot_put64(m, 0x38, rd32(bl, desc + 10 * 4)); /* monitor data */
    boot_put64(m, 0x40, rd32(bl, desc + 8 * 4));  /* manifest */
    boot_put64(m, 0x48, b->sig.bus_addr);
    boot_put64(m, 0x50, PAGE);
    if (b->family == BOOT_FSP)
        sizes_only(m);
    else
        lay_out(b, m, bytes);
}

/* Chain of trust */

static void
make_fmc(struct boot *b, uint8_t *cot)
{
    static const char *const names[] = {"hash", "publickey", "signature"};
    static const unsigned at[] = {36, 84, 468};
    const struct boot_file *f = &b->file[EMU_SYNTH_FMC];
    uint64_t n;
    const uint8_t *p = section(f, "image", &n);

    dma(b, n, &b->fmc);
    memcpy(b->fmc.cpu, p, n);
    boot_put64(cot, 4, b->fmc.bus_addr);
    for (unsigned i = 0; i < 3; i++) {
        p = section(f, names[i], &n);
        memcpy(cot + at[i], p, n);
    }
}

static void
make_params(struct boot *b)
{
    uint8_t *p;

    dma(b, PAGE, &b->params);
    p = b->params.cpu;
    put32(p, 8, 1);
    put32(p, 12, 256);
    boot_put64(p, 16, b->meta.bus_addr);
    p[36] = 1;
    put32(p, 40, 1);
    boot_put64(p, 48, b->raw.args.bus_addr);
}

static uint32_t
receive(struct boot *b)
{
    uint32_t head, tail, word[5];

    for (int i = 0;; i++) {
        head = boot_rd(b, 0x8f2c80);
        tail = boot_rd(b, 0x8f2c84);
        if (head != tail)
            break;
        if (i == TRIES)
            return 0xffffffff;
    }
    if (tail - head + 4 != 20)
        return 0xfffffffe;
    boot_wr(b, 0x8f2ac0, 1u << 25 | head);
    for (unsigned i = 0; i < 5; i++)
        word[i] = boot_rd(b, 0x8f2ac4);
    boot_wr(b, 0x8f2c84, boot_rd(b, 0x8f2c80));
    if (word[0] != 0xc0000000 || word[1] != (0x7e | 0x10deu << 8 | 0x15u << 24) ||
        word[3] != 0x14)
        return 0xfffffffe;
    return word[4];
}

uint32_t
boot_cot(struct boot *b)
{
    uint8_t packet[868] = {0}, *cot = packet + 8;
    const uint32_t arch = boot_rd(b, 0xa00) >> 24 & 0x1f;

    make_fmc(b, cot);
    make_params(b);
    put32(packet, 0, 0xc0000000);
    put32(packet, 4, 0x7e | 0x10deu << 8 | 0x14u << 24);
    put32(cot, 0, (b->fmc_version ? b->fmc_version : arch == 0x18 ? 1 : 2) | 860u << 16);
    boot_put64(cot, 24, 0x1c00000);
    put32(cot, 32, MIB);
    boot_put64(cot, 852, b->params.bus_addr);
    assert_int_equal(boot_rd(b, 0x8f2c00), boot_rd(b, 0x8f2c04));
    assert_int_equal(boot_rd(b, 0x8f2c80), boot_rd(b, 0x8f2c84));
    boot_wr(b, 0x8f2ac0, 1u << 24);
    for (size_t i = 0; i < sizeof(packet); i += 4)
        boot_wr(b, 0x8f2ac4, rd32(packet, i));
    boot_wr(b, 0x8f2c04, sizeof(packet) - 4);
    boot_wr(b, 0x8f2c00, 0);
    return receive(b);
}

uint32_t
boot_wait_lockdown(struct boot *b)
{
    int i = 0;

    while ((boot_rd(b, GSP + 0xf4) & 0xffffff00) == 0xbadf4100)
        if (i++ == TRIES)
            return 0xffffffff;
    for (i = 0; i < TRIES; i++) {
        const uint32_t mailbox = boot_rd(b, GSP + 0x40);

        if (!(boot_rd(b, GSP + 0xf4) >> 13 & 1))
            return 0;
        if (mailbox && mailbox != (uint32_t)b->params.bus_addr)
            return mailbox;
    }
    return 0xffffffff;
}

/* Order */

static const char *
run_fsp(struct boot *b)
{
    boot_prepare(b);
    if (boot_cot(b) != 0)
        return "fsp";
    if (boot_wait_lockdown(b) != 0)
        return "lockdown";
    return boot_riscv_active(b) ? NULL : "riscv";
}

static const char *
run_booter(struct boot *b)
{
    if (!boot_read_vbios(b))
        return "vbios";
    boot_prepare(b);
    if (b->family == BOOT_AD10X && boot_rd(b, 0x1180fc) >> 29 < 3) {
        boot_sec2(b, EMU_SYNTH_SCRUBBER, 0);
        if (boot_rd(b, 0x1180fc) >> 29 < 3)
            return "scrubber";
    }
    if (b->family != BOOT_GA100) {
        if (!boot_fwsec(b, 0x15) || boot_rd(b, 0x1438) >> 16)
            return "frts";
        if (!boot_wpr2_up(b) || boot_rd(b, 0x1fa824) >> 4 != b->frts >> 12)
            return "wpr2";
    }
    if (!boot_reset(b, GSP))
        return "reset";
    boot_select_riscv(b);
    boot_wr(b, GSP + 0x40, (uint32_t)b->raw.args.bus_addr);
    boot_wr(b, GSP + 0x44, (uint32_t)(b->raw.args.bus_addr >> 32));
    if (boot_sec2(b, EMU_SYNTH_BOOTER_LOAD, b->meta.bus_addr) != 0)
        return "booter";
    return boot_riscv_active(b) ? NULL : "riscv";
}

static uint64_t
vram_of(struct boot *b)
{
    uint32_t range;

    if (b->family != BOOT_TU10X)
        return (uint64_t)boot_rd(b, 0x1183a4) << 20;
    range = boot_rd(b, 0x100ce0);
    return (uint64_t)(range >> 4 & 0x3f) << ((range & 0xf) + 20);
}

const char *
boot_run(struct boot *b)
{
    if (!boot_wait_ready(b))
        return "ready";
    if (boot_wpr2_up(b))
        return "wpr2-up";
    b->vram = vram_of(b);
    return b->family == BOOT_FSP ? run_fsp(b) : run_booter(b);
}

/* Gives the RISC-V core back to GSP-RM, with booter's help. */
static bool
core_resume(struct boot *b)
{
    if (!boot_reset(b, GSP))
        return false;
    boot_select_riscv(b);
    boot_wr(b, GSP + 0x40, (uint32_t)b->raw.args.bus_addr);
    boot_wr(b, GSP + 0x44, (uint32_t)(b->raw.args.bus_addr >> 32));
    boot_wr(b, 0x840100, 2);
    for (int i = 0; !(boot_rd(b, 0x1180f8) >> 26 & 1); i++)
        if (i == TRIES)
            return false;
    return boot_rd(b, 0x840040) == 0 && boot_riscv_active(b);
}

static bool
wait_halt(struct boot *b)
{
    for (int i = 0; i < TRIES; i++)
        if (boot_rd(b, GSP + 0x100) >> 4 & 1)
            return true;
    return false;
}

/* One command at w; how many words it takes, 0 when it fails. */
static unsigned
sequencer_step(struct boot *b, const uint32_t *w)
{
    switch (w[0]) {
    case 0:
        boot_wr(b, w[1], w[2]);
        return 3;
    case 1:
        boot_wr(b, w[1], (boot_rd(b, w[1]) & ~w[2]) | w[3]);
        return 4;
    case 2:
        return (boot_rd(b, w[1]) & w[2]) == w[3] ? 6 : 0;
    case 3:
        return 2;
    case 4:
        b->saved[w[2] & 7] = boot_rd(b, w[1]);
        return 3;
    case 5:
        if (!boot_reset(b, GSP))
            return 0;
        boot_wr(b, GSP + 0x624, boot_rd(b, GSP + 0x624) | 0x80);
        boot_wr(b, GSP + 0x10c, 0);
        return 1;
    case 6:
        boot_wr(b, GSP + 0x100, 2);
        return 1;
    case 7:
        return wait_halt(b) ? 1 : 0;
    case 8:
        return core_resume(b) ? 1 : 0;
    default:
        return 0;
    }
}

static bool
run_sequencer(struct boot *b)
{
    uint32_t *w = malloc(b->raw.payload_bytes + 32);
    unsigned end, n = 1;

    assert_non_null(w);
    memcpy(w, b->raw.payload, b->raw.payload_bytes);
    end = 10 + w[1];
    assert_in_range(end, 11, b->raw.payload_bytes / 4);
    for (unsigned at = 10; n && at < end; at += n)
        n = sequencer_step(b, w + at);
    free(w);
    b->steps++;
    return n != 0;
}

/* 595: load a binary out of local memory, run it, resume. */
static bool
run_hs_binary(struct boot *b)
{
    const uint8_t *p = b->raw.payload;
    uint64_t addr[2];
    uint32_t w[9];

    memcpy(addr, p, sizeof(addr));
    memcpy(w, p + 32, sizeof(w));
    b->steps++;
    if (boot_rd(b, GSP + 0x40) != 0x80000000 || !boot_reset(b, GSP))
        return false;
    boot_wr(b, GSP + 0x624, boot_rd(b, GSP + 0x624) | 0x80);
    boot_wr(b, GSP + 0x10c, 0);
    boot_wr(b, GSP + 0x600, 1 << 2);
    boot_wr(b, GSP + 0x110, (uint32_t)(addr[0] >> 8));
    for (uint32_t i = 0; i < w[2]; i += 256) {
        boot_wr(b, GSP + 0x114, w[1] + i);
        boot_wr(b, GSP + 0x11c, w[0] + i);
        boot_wr(b, GSP + 0x118, 1 << 4 | 1 << 2 | 6 << 8);
    }
    boot_wr(b, GSP + 0x110, (uint32_t)(addr[1] >> 8));
    for (uint32_t i = 0; i < w[5]; i += 256) {
        boot_wr(b, GSP + 0x114, w[4] + i);
        boot_wr(b, GSP + 0x11c, i);
        boot_wr(b, GSP + 0x118, 6 << 8);
    }
    boot_wr(b, GSP + 0x1210, w[6]);
    boot_wr(b, GSP + 0x119c, w[7]);
    boot_wr(b, GSP + 0x1198, w[8]);
    boot_wr(b, GSP + 0x1180, 1);
    boot_wr(b, GSP + 0x40, 0x1234);
    boot_wr(b, GSP + 0x104, w[0]);
    boot_wr(b, GSP + 0x100, 2);
    return wait_halt(b) && boot_rd(b, GSP + 0x40) == 0 && core_resume(b);
}

static bool
run_bootloader(struct boot *b)
{
    const uint8_t *bl = b->file[EMU_SYNTH_GENERIC_BL].p;
    uint8_t payload[112];

    memcpy(payload, b->raw.payload, sizeof(payload));
    b->steps++;
    if (rd32(payload, 84) != 84 || boot_rd(b, GSP + 0x40) != 0x80000000 || !boot_reset(b, GSP))
        return false;
    boot_wr(b, GSP + 0x624, boot_rd(b, GSP + 0x624) | 0x80);
    boot_wr(b, GSP + 0x10c, 0);
    boot_wr(b, GSP + 0x600 + 4 * rd32(payload, 32), 1 << 2);
    boot_load_bootloader(b, bl, payload);
    boot_wr(b, GSP + 0x100, 2);
    return wait_halt(b) && core_resume(b);
}

bool
boot_finish(struct boot *b)
{
    bool good = true;

    raw_send_system_info(&b->raw);
    raw_send_registry(&b->raw);
    for (int i = 0; good && i < TRIES; i++) {
        if (!raw_receive(&b->raw))
            continue;
        if (b->raw.function == RAW_EV_INIT_DONE)
            return b->raw.result == 0;
        if (b->raw.function == 0x1002)
            good = run_sequencer(b);
        else if (b->raw.function == 0x1026)
            good = run_bootloader(b);
        else if (b->raw.function == 0x1027)
            good = run_hs_binary(b);
        else if (b->raw.function == 0x101c)
            b->lockdown_notices++;
    }
    return false;
}

const char *
boot_unload(struct boot *b)
{
    static const uint8_t params[12] = {0};

    if (raw_rpc(&b->raw, RAW_FN_UNLOADING, params, sizeof(params)) != 0)
        return "rpc";
    if (b->family == BOOT_FSP) {
        if (!(boot_rd(b, GSP + 0x1388) >> 4 & 1))
            return "halt";
        return boot_wpr2_up(b) ? "wpr2" : NULL;
    }
    if (boot_rd(b, GSP + 0x40) != 0x80000000)
        return "suspend";
    if (!boot_fwsec(b, 0x19) || boot_rd(b, 0x1454) & 0xffff)
        return "sb";
    if (boot_sec2(b, EMU_SYNTH_BOOTER_UNLOAD, UINT64_C(0xff000000ff)) != 0)
        return "booter-unload";
    return boot_wpr2_up(b) ? "wpr2" : NULL;
}
