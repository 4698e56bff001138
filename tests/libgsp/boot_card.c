/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <errno.h>

#include <emu/synth.h>

#include "boot_card.h"

enum {
    BUS_BASE = 0x100000,
    GSP = 0x110000,
    SEC2 = 0x840000,
    MAILBOX0 = 0x40,
    CPUCTL = 0x100,
    WPR2 = 0x1fa824, /* lo, hi */
    WPR2_GB10X = 0x88a824,
    FSP_QUEUE_HEAD = 0x8f2c00,
    FSP_MSGQ_HEAD = 0x8f2c80,
    FSP_EMEMC = 0x8f2ac0,
    FSP_EMEMD = 0x8f2ac4,
};

static uint32_t *
reg(struct boot_card *c, uint32_t off)
{
    assert_true(off < BOOT_CARD_BAR0 && off % 4 == 0);
    return &c->regs[off / 4];
}

static uint8_t *
at_bus(struct boot_card *c, uint64_t bus_addr)
{
    assert_true(bus_addr >= BUS_BASE && bus_addr < BUS_BASE + BOOT_CARD_ROOM);
    return c->memory + (bus_addr - BUS_BASE);
}

static uint64_t
get64(const uint8_t *p)
{
    return fake_get(p) | (uint64_t)fake_get(p + 4) << 32;
}

/* GSP-RM */

uint32_t
boot_card_function(const struct boot_card *c, const char *name)
{
    const struct nvrm_rpc *row = nvrm_rpc_find(c->abi, name);

    assert_non_null(row);
    return row->id;
}

static bool
is_numbered(const struct boot_card *c)
{
    return strcmp(nvrm_release_name(c->abi.schema, c->abi.release), "580") > 0;
}

static void
serve_one(struct boot_card *c)
{
    switch (c->taken.function) {
    case 72:
        return;
    case 73:
        if (c->ask)
            fake_gsp_send(&c->gsp, c->ask, 0, 0, c->ask_words, 4 * c->ask_count);
        if (!c->no_done)
            fake_gsp_send(&c->gsp, 0x1001, 0, 0, NULL, 0);
        return;
    case 47:
        *reg(c, GSP + MAILBOX0) = 0x80000000;
        *reg(c, GSP + 0x1388) = 0x10; /* halted, for Hopper */
        break;
    default:
        break;
    }
    fake_gsp_send(&c->gsp, c->taken.function, 0, is_numbered(c) ? c->taken.sequence : 0,
                  c->taken.payload, c->taken.payload_bytes);
    if (c->taken.function == 47 && c->fsp) /* the FMC takes WPR2 down itself */
        *reg(c, c->wpr2 + 4) = 0, c->running = false;
}

static void
serve(struct boot_card *c)
{
    while (c->running && fake_gsp_take(&c->gsp, &c->taken))
        serve_one(c);
}

/* Rows of 32 bytes: id8, pa, size, kind, loc. RMARGS starts with the queues' address. */
static void
start_rm(struct boot_card *c, uint64_t libos_args)
{
    const uint8_t *row = at_bus(c, libos_args);

    while (get64(row) != 0x524d41524753) { /* "RMARGS" */
        assert_true(get64(row) != 0);
        row += 32;
    }
    fake_gsp_init(&c->gsp, at_bus(c, get64(at_bus(c, get64(row + 8)))), 48);
    c->running = true;
    *reg(c, GSP + 0x1240) = c->no_active ? 0 : 1;
    *reg(c, GSP + 0x1388) = c->no_active ? 0 : 0x80;
    serve(c);
}

/* Falcons */

/* FWSEC's data, in memory: the mapper says where the command lies. */
static void
run_fwsec(struct boot_card *c, const uint8_t *dmem)
{
    const uint8_t *mapper = dmem;

    while (memcmp(mapper, "DMAP", 4))
        mapper += 4;
    c->init_cmd = fake_get(mapper + 44);
    if (c->init_cmd != 0x15)
        return;
    c->frts = (uint64_t)fake_get(dmem + fake_get(mapper + 8) + 24 + 8) << 12;
    assert_int_equal(fake_get(dmem + fake_get(mapper + 8) + 24 + 12), 0x100);
    *reg(c, 0x1438) = c->frts_error << 16;
    if (c->frts_error)
        return;
    *reg(c, c->wpr2) = (uint32_t)(c->frts >> 12 << 4) + (c->frts_elsewhere ? 0x100 : 0);
    *reg(c, c->wpr2 + 4) = (uint32_t)((c->frts + 0x100000) >> 12 << 4);
}

static void
run_gsp(struct boot_card *c)
{
    c->gsp_starts++;
    assert_true(*reg(c, GSP + 0x624) & 0x80);
    if (c->brom) {
        const uint64_t base = ((uint64_t)*reg(c, GSP + 0x128) << 32 | *reg(c, GSP + 0x110))
                              << 8;

        assert_int_equal(*reg(c, GSP + 0x1180), 1);
        assert_int_equal(*reg(c, GSP + 0x600) & 7, 5); /* coherent, physical */
        run_fwsec(c, at_bus(c, base));
        return;
    }
    assert_int_equal(c->dmem[8], 4);                /* ctxDma */
    assert_int_equal(*reg(c, GSP + 0x104), 0xfd00); /* the bootloader's tag */
    run_fwsec(c, at_bus(c, c->dmem[16] | (uint64_t)c->dmem[17] << 32)); /* dataDmaBase */
}

/* L0, L1, L2 and the image one behind the other; the first entries lead to it, and the last
 * entry of L2 to its last page. */
static void
check_radix3(struct boot_card *c, uint64_t l0, uint64_t bytes)
{
    const uint64_t pages = (bytes + 4095) / 4096, l2_pages = (pages + 511) / 512;
    const uint64_t l1 = get64(at_bus(c, l0)), l2 = get64(at_bus(c, l1));

    assert_true(l1 == l0 + 4096 && l2 == l1 + 4096);
    assert_true(get64(at_bus(c, l2)) == l2 + l2_pages * 4096);
    assert_true(get64(at_bus(c, l2 + 8 * (pages - 1))) == l2 + (l2_pages + pages - 1) * 4096);
    assert_true(get64(at_bus(c, l2 + 8 * pages)) == 0 || pages % 512 == 0);
}

static void
run_booter_load(struct boot_card *c, uint64_t meta)
{
    const uint8_t *m = at_bus(c, meta);

    assert_true(get64(m) == 0xdc3aae21371a60b3);
    assert_true(get64(m + 8) == 1);
    assert_true(get64(m + 0x98) == c->frts || !c->frts);
    c->wpr_meta = meta;
    c->wpr_end = get64(m + 0xa8);
    c->fw_heap = get64(m + 0x78);
    c->fw_heap_bytes = get64(m + 0x80);
    check_radix3(c, get64(m + 0x10), get64(m + 0x18));
    if (c->booter_error)
        return;
    if (!*reg(c, c->wpr2 + 4))
        *reg(c, c->wpr2 + 4) = 0x10;
    start_rm(c, *reg(c, GSP + MAILBOX0) | (uint64_t)*reg(c, GSP + 0x44) << 32);
}

static void
run_sec2(struct boot_card *c)
{
    const uint64_t mailbox = *reg(c, SEC2 + MAILBOX0) | (uint64_t)*reg(c, SEC2 + 0x44) << 32;

    c->sec2_starts++;
    if (c->running) { /* resume, or unload */
        if (mailbox == UINT64_C(0xff000000ff))
            *reg(c, c->wpr2 + 4) = 0, c->running = false;
        else
            *reg(c, 0x1180f8) = 1 << 26, *reg(c, GSP + 0x1388) = 0x80;
    } else if (*reg(c, 0x1180fc) >> 29 < 3) {
        *reg(c, 0x1180fc) = 3u << 29;
        return;
    } else {
        run_booter_load(c, mailbox);
    }
    *reg(c, SEC2 + MAILBOX0) = c->booter_error;
    *reg(c, SEC2 + 0x44) = 0;
}

static void
write_falcon(struct boot_card *c, uint32_t base, uint32_t off, uint32_t value)
{
    switch (off) {
    case CPUCTL:
        if (!(value & 2))
            return;
        *reg(c, base + CPUCTL) = c->no_halt ? 0 : 0x10;
        if (base == GSP)
            run_gsp(c);
        else
            run_sec2(c);
        return;
    case 0x3c0:
        *reg(c, base + CPUCTL) = 0x10;
        *reg(c, base + 0x1668) = 1;
        break;
    case 0x118:
        assert_int_equal(value >> 8 & 7, 6);
        value = 2; /* idle */
        break;
    case 0x180:
        c->secure_words += value >> 28 & 1;
        break;
    case 0x184:
        c->imem_words++;
        break;
    case 0x1c0:
        assert_true(value & 1 << 24);
        c->dmem_at = (value & 0xffffff) / 4;
        return;
    case 0x1c4:
        assert_true(c->dmem_at < 0x4000);
        c->dmem[c->dmem_at++] = value;
        return;
    default:
        break;
    }
    *reg(c, base + off) = value;
}

/* FSP */

static void
answer_fsp(struct boot_card *c, uint32_t command, uint32_t error)
{
    const uint32_t answer[5] = {0xc0000000, 0x1510de7e, 1, command, error};

    memcpy(c->emem, answer, sizeof(answer));
    *reg(c, FSP_MSGQ_HEAD) = 0;
    *reg(c, FSP_MSGQ_HEAD + 4) = sizeof(answer) - 4;
}

/* One byte each: can you (0x16, about 0x20), then do and, at the end, stop (0x20: 1, 0). */
static bool
run_boost(struct boot_card *c)
{
    const uint32_t command = c->emem[1] >> 24, what = c->emem[2];

    if (command != 0x16 && command != 0x20)
        return false;
    assert_string_not_equal(c->chip, "GH100");
    assert_int_equal(c->emem[0], 0xc0000000);
    assert_int_equal(c->emem[1] & 0xffffff, 0x10de7e);
    assert_int_equal(*reg(c, FSP_QUEUE_HEAD + 4), 8);
    assert_true(command == 0x16 ? what == 0x20 : c->boost_asked && what <= 1);
    if (command == 0x16)
        c->boost_asked = true;
    else
        c->boost = what;
    answer_fsp(c, command, 0);
    *reg(c, FSP_QUEUE_HEAD) = *reg(c, FSP_QUEUE_HEAD + 4);
    return true;
}

static void
run_fsp(struct boot_card *c)
{
    const uint8_t *cot = (const uint8_t *)&c->emem[2];
    uint8_t *params;

    if (run_boost(c))
        return;
    assert_int_equal(c->boost, strcmp(c->chip, "GH100") != 0);
    c->fsp_commands++;
    assert_int_equal(c->emem[0], 0xc0000000);
    assert_int_equal(c->emem[1], 0x1410de7e);
    assert_int_equal(*reg(c, FSP_QUEUE_HEAD + 4), 8 + 860 - 4);
    assert_int_equal(cot[0], strcmp(c->chip, "GH100") ? 2 : 1);
    assert_int_equal(fake_get(cot + 2) & 0xffff, 860);
    params = at_bus(c, get64(cot + 852));
    answer_fsp(c, 0x14, c->fsp_error);
    *reg(c, FSP_QUEUE_HEAD) = *reg(c, FSP_QUEUE_HEAD + 4);
    if (c->fsp_error)
        return;
    *reg(c, GSP + MAILBOX0) = 0;
    c->wpr_meta = get64(params + 16); /* u32 regkeys, pad; target, size, offset */
    assert_true(get64(at_bus(c, c->wpr_meta)) == 0xdc3aae21371a60b3);
    *reg(c, GSP + 0xf4) = 0x80000400 | (c->locked ? 1 << 13 : 0);
    *reg(c, c->wpr2 + 4) = 0x10;
    if (!c->locked)
        start_rm(c, get64(params + 8 + 32 + 8));
}

/* Bus */

static uint32_t
rd32(struct gsp_bus *bus, unsigned bar, uint64_t off)
{
    struct boot_card *c = (struct boot_card *)bus;

    assert_int_equal(bar, 0);
    if (c->gone)
        return 0xffffffff;
    if (off >= 0x300000 && off < 0x400000)
        return fake_get(c->rom + (off - 0x300000));
    if (off == FSP_EMEMD)
        return c->emem[c->ememc_at++ % 256];
    return *reg(c, (uint32_t)off);
}

static void
wr32(struct gsp_bus *bus, unsigned bar, uint64_t off, uint32_t value)
{
    struct boot_card *c = (struct boot_card *)bus;

    (void)bar;
    if (off >= GSP && off < GSP + 0x800)
        write_falcon(c, GSP, (uint32_t)off - GSP, value);
    else if (off >= SEC2 && off < SEC2 + 0x800)
        write_falcon(c, SEC2, (uint32_t)off - SEC2, value);
    else if (off == FSP_EMEMC)
        c->ememc_at = 0;
    else if (off == FSP_EMEMD)
        c->emem[c->ememc_at++ % 256] = value;
    else if (off == FSP_QUEUE_HEAD)
        run_fsp(c);
    else if (off == 0x110c00)
        serve(c);
    else
        *reg(c, (uint32_t)off) = value;
}

static int
config_read(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t *out)
{
    static const uint32_t config[16] = {0x268410de, 0x00100006, 0x030000a1, 0,
                                        0xf0000000, 0x0000000c, 0x60,       0x0000000c,
                                        0x70,       0x0000e001, 0,          0x16f310de};

    *out = width == 4 && offset < 64 ? config[offset / 4] : 0;
    if (offset == 4)
        *out = 0x00100000 | ((struct boot_card *)bus)->command;
    return 0;
}

static int
config_write(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t value)
{
    assert_int_equal(offset, 4);
    assert_int_equal(width, 2);
    ((struct boot_card *)bus)->command = value;
    return 0;
}

static int
dma_alloc(struct gsp_bus *bus, size_t bytes, struct gsp_dma *out)
{
    struct boot_card *c = (struct boot_card *)bus;
    const size_t pages = (bytes + 4095) / 4096;

    if (c->allocs_left == 0)
        return -ENOMEM;
    c->allocs_left -= c->allocs_left > 0;
    for (size_t at = 0, n; at + pages <= BOOT_CARD_ROOM / 4096; at += n + 1) {
        for (n = 0; n < pages && !c->used[at + n]; n++)
            ;
        if (n < pages)
            continue;
        memset(&c->used[at], 1, pages);
        memset(c->memory + at * 4096, 0, pages * 4096);
        *out = (struct gsp_dma){c->memory + at * 4096, BUS_BASE + at * 4096, pages * 4096};
        c->lent += pages;
        return 0;
    }
    return -ENOMEM;
}

static void
dma_free(struct gsp_bus *bus, struct gsp_dma *dma)
{
    struct boot_card *c = (struct boot_card *)bus;

    memset(&c->used[(dma->bus_addr - BUS_BASE) / 4096], 0, dma->bytes / 4096);
    c->lent -= dma->bytes / 4096;
}

static int
irq_wait(struct gsp_bus *bus, uint64_t timeout_ns)
{
    (void)timeout_ns;
    return ((struct boot_card *)bus)->gone ? -ENODEV : -ETIMEDOUT;
}

static void
power_on(struct boot_card *c)
{
    static const struct {
        const char *chip;
        uint32_t boot42;
    } ids[] = {
        {"TU102", 0x16200000},
        {"GA100", 0x17000000},
        {"GA102", 0x17200000},
        {"AD102", 0x19200000},
        {"GH100", 0x18000000},
        {"GB100", 0x1a000000},
        {"GB202", 0x1b200000},
    };

    memset(c->regs, 0, BOOT_CARD_BAR0);
    c->running = false;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        if (!strcmp(ids[i].chip, c->chip))
            *reg(c, 0xa00) = ids[i].boot42;
    *reg(c, 0) = 0x1234;
    *reg(c, 0x118128) = 1;
    *reg(c, 0x118234) = 0xff;
    *reg(c, 0x200bc) = *reg(c, 0xad00bc) = 0xff;
    *reg(c, 0x1183a4) = 24576;
    *reg(c, 0x100ce0) = 11u << 4 | 10; /* 11 << 30 */
    *reg(c, GSP + 0xf4) = *reg(c, SEC2 + 0xf4) = 0x80000400;
    *reg(c, GSP + 0x108) = *reg(c, SEC2 + 0x108) = 0x100;
    *reg(c, GSP + 0x118) = *reg(c, SEC2 + 0x118) = 2;
    *reg(c, GSP + 0x1668) = *reg(c, SEC2 + 0x1668) = 1;
    *reg(c, 0x1180fc) = c->brom ? 0 : 3u << 29;
    if (!strcmp(c->chip, "GA102"))
        *reg(c, 0x1180fc) = 3u << 29;         /* no scrubber there */
    *reg(c, 0x2174c) = *reg(c, 0x82074c) = 1; /* production */
    *reg(c, 0x820c04) = *reg(c, 0x21c04) = 1; /* no display */
    for (unsigned id = 1; id <= 16; id++)     /* fused version 1 of every ucode */
        *reg(c, 0x8241c0 + 4 * (id - 1)) = *reg(c, 0x824140 + 4 * (id - 1)) = 1;
    if (c->fsp)
        *reg(c, GSP + 0xf4) = 0xbadf4100;
}

static int
reset(struct gsp_bus *bus)
{
    struct boot_card *c = (struct boot_card *)bus;

    c->resets++;
    power_on(c);
    return 0;
}

static const struct gsp_bus_ops ops = {
    .name = "boot test",
    .config_read = config_read,
    .config_write = config_write,
    .rd32 = rd32,
    .wr32 = wr32,
    .dma_alloc = dma_alloc,
    .dma_free = dma_free,
    .irq_wait = irq_wait,
    .reset = reset,
};

/* Firmware */

static int
find(void *ctx, enum gsp_fw_role role, enum gsp_fw_family family, const char *release,
     struct gsp_fw_source *out, struct gsp_error *err)
{
    static const enum emu_synth_kind kinds[GSP_FW_ROLES] = {
        [GSP_FW_ROLE_GSP] = EMU_SYNTH_GSP,
        [GSP_FW_ROLE_BOOTLOADER] = EMU_SYNTH_BOOTLOADER,
        [GSP_FW_ROLE_BOOTER_LOAD] = EMU_SYNTH_BOOTER_LOAD,
        [GSP_FW_ROLE_BOOTER_UNLOAD] = EMU_SYNTH_BOOTER_UNLOAD,
        [GSP_FW_ROLE_GENERIC_BL] = EMU_SYNTH_GENERIC_BL,
        [GSP_FW_ROLE_SCRUBBER] = EMU_SYNTH_SCRUBBER,
        [GSP_FW_ROLE_FMC] = EMU_SYNTH_FMC,
    };
    struct boot_card *c = ctx;
    const unsigned i = c->file_count % BOOT_CARD_FILES;
    int rc;

    (void)family, (void)err;
    free(c->file[i]);
    c->file[i] = NULL;
    rc = emu_synth_file(c->files_of, c->fw_release ? c->fw_release : release, kinds[role],
                        &c->file[i], &c->file_bytes[i]);
    if (rc < 0)
        return rc;
    c->file_count++;
    *out = (struct gsp_fw_source){
        .name = gsp_fw_role_name(role), .data = c->file[i], .bytes = c->file_bytes[i]};
    return 0;
}

static void *
host_realloc(void *ctx, void *old, size_t bytes)
{
    struct boot_card *c = ctx;

    if (!bytes) {
        free(old);
        return NULL;
    }
    if (c->host_left == 0)
        return NULL;
    c->host_left -= c->host_left > 0;
    return realloc(old, bytes);
}

struct gsp_boot_config
boot_card_config(struct boot_card *c)
{
    return (struct gsp_boot_config){
        .rm = {.bus = &c->bus,           .host = &c->host, .abi = c->abi, .timeout_ns = 200000000},
        .firmware = {c, find                },
    };
}

struct boot_card *
boot_card_create(const char *chip, const char *release)
{
    struct boot_card *c = calloc(1, sizeof(*c));
    uint8_t *rom;
    size_t bytes;

    assert_non_null(c);
    c->bus.ops = &ops;
    c->chip = chip;
    c->allocs_left = c->host_left = -1;
    c->host = (struct gsp_host){.ctx = c, .realloc = host_realloc};
    c->abi.schema = nvrm_schema_builtin();
    c->abi.release = nvrm_release_find(c->abi.schema, release);
    c->fsp = !strcmp(chip, "GH100") || !strncmp(chip, "GB", 2);
    c->wpr2 = strcmp(chip, "GB100") ? WPR2 : WPR2_GB10X;
    c->files_of = strcmp(chip, "GB100") ? chip : "GB202";
    c->brom = strcmp(chip, "TU102") && strcmp(chip, "GA100");
    c->regs = calloc(1, BOOT_CARD_BAR0);
    c->memory = aligned_alloc(4096, BOOT_CARD_ROOM);
    c->rom = calloc(1, 1 << 20);
    assert_true(c->regs && c->memory && c->rom);
    assert_int_equal(emu_vbios(c->files_of, EMU_VBIOS_SOUND, &rom, &bytes), 0);
    assert_true(bytes <= 1 << 20);
    memcpy(c->rom, rom, bytes);
    free(rom);
    power_on(c);
    return c;
}

void
boot_card_destroy(struct boot_card *c)
{
    assert_int_equal(c->lent, 0);
    for (unsigned i = 0; i < BOOT_CARD_FILES; i++)
        free(c->file[i]);
    free(c->rom);
    free(c->memory);
    free(c->regs);
    free(c);
}
