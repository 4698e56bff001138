/* SPDX-License-Identifier: MIT */
/*
 * Boot of an emulated card whose registers lie: the input names reads by their distance and the
 * bits to flip in each. Whatever a register says, boot ends before its deadlines and gives all
 * memory back.
 *
 * Byte 0 chooses the chip; then rows of six bytes: reads to skip (2), bits to flip (4).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <emu/emu.h>
#include <emu/synth.h>
#include <gsp/boot.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROW = 6, PROM = 0x300000, PROM_BYTES = 0x100000, NS_PER_LOOK = 1000 };

struct liar {
    struct gsp_bus bus; /* first */
    struct gsp_bus *card;
    const uint8_t *rows, *end;
    uint32_t skip;
    uint64_t now_ns;
    long lent;
};

static struct gsp_bus *
card_of(struct gsp_bus *bus)
{
    return ((struct liar *)bus)->card;
}

static uint32_t
rd32(struct gsp_bus *bus, unsigned bar, uint64_t off)
{
    struct liar *l = (struct liar *)bus;
    uint32_t value = l->card->ops->rd32(l->card, bar, off), flip;

    if (off >= PROM && off < PROM + PROM_BYTES)
        return value; /* has a target of its own */
    if (l->end - l->rows < ROW || l->skip++ < (uint32_t)(l->rows[0] | l->rows[1] << 8))
        return value;
    memcpy(&flip, l->rows + 2, sizeof(flip));
    l->rows += ROW;
    l->skip = 0;
    return value ^ flip;
}

static void
wr32(struct gsp_bus *bus, unsigned bar, uint64_t off, uint32_t value)
{
    card_of(bus)->ops->wr32(card_of(bus), bar, off, value);
}

static int
config_read(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t *out)
{
    return card_of(bus)->ops->config_read(card_of(bus), offset, width, out);
}

static int
config_write(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t value)
{
    return card_of(bus)->ops->config_write(card_of(bus), offset, width, value);
}

static int
dma_alloc(struct gsp_bus *bus, size_t bytes, struct gsp_dma *out)
{
    int rc = card_of(bus)->ops->dma_alloc(card_of(bus), bytes, out);

    ((struct liar *)bus)->lent += rc == 0;
    return rc;
}

static void
dma_free(struct gsp_bus *bus, struct gsp_dma *dma)
{
    ((struct liar *)bus)->lent--;
    card_of(bus)->ops->dma_free(card_of(bus), dma);
}

static int
irq_wait(struct gsp_bus *bus, uint64_t timeout_ns)
{
    ((struct liar *)bus)->now_ns += timeout_ns;
    return card_of(bus)->ops->irq_wait(card_of(bus), 0);
}

static int
reset(struct gsp_bus *bus)
{
    return card_of(bus)->ops->reset(card_of(bus));
}

static const struct gsp_bus_ops ops = {
    .name = "liar",
    .config_read = config_read,
    .config_write = config_write,
    .rd32 = rd32,
    .wr32 = wr32,
    .dma_alloc = dma_alloc,
    .dma_free = dma_free,
    .irq_wait = irq_wait,
    .reset = reset,
};

static uint64_t
now_ns(void *ctx)
{
    return ((struct liar *)ctx)->now_ns += NS_PER_LOOK;
}

static void
sleep_ns(void *ctx, uint64_t ns)
{
    ((struct liar *)ctx)->now_ns += ns;
}

/* The set of each chip is made once. */
static uint8_t *files[8][GSP_FW_ROLES];
static size_t file_bytes[8][GSP_FW_ROLES];

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
    const unsigned chip = *(const unsigned *)ctx;

    (void)family, (void)err;
    if (!files[chip][role] && emu_synth_file(emu_chip_at(chip)->name, release, kinds[role],
                                             &files[chip][role], &file_bytes[chip][role]) < 0)
        return -ENOENT;
    *out = (struct gsp_fw_source){.data = files[chip][role], .bytes = file_bytes[chip][role]};
    return 0;
}

static void
boot(struct liar *l, unsigned chip, struct nvrm_abi abi)
{
    const struct gsp_host host = {.ctx = l, .now_ns = now_ns, .sleep_ns = sleep_ns};
    const struct gsp_boot_config config = {
        .rm = {.bus = &l->bus,          .host = &host, .abi = abi, .timeout_ns = 10000000},
        .firmware = {&chip, find             },
    };
    struct gsp_boot_status status;
    struct gsp_error err = {0};
    struct gsp_boot *b;

    if (gsp_boot_create(&config, &b, &err) < 0)
        return;
    if (gsp_boot_run(b, NULL, &err) < 0 && !err.text[0])
        abort();
    (void)!gsp_boot_status(b, &status, &err);
    gsp_boot_destroy(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct nvrm_schema *schema = nvrm_schema_builtin();
    const struct nvrm_abi abi = {schema, nvrm_release_newest(schema)};
    const unsigned chip = size ? data[0] % emu_chip_count() % 8 : 0;
    const struct emu_config config = {.chip = emu_chip_at(chip)->name, .abi = abi};
    struct liar l = {.bus = {.ops = &ops}};
    struct emu_gpu *gpu;

    if (!size || emu_gpu_create(&config, &gpu, NULL, 0) < 0)
        return 0;
    l.card = emu_gpu_bus(gpu);
    l.rows = data + 1;
    l.end = data + size;
    boot(&l, chip, abi);
    if (l.lent)
        abort();
    emu_gpu_destroy(gpu);
    return 0;
}
