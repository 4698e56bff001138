/* SPDX-License-Identifier: MIT */
/* Memory for page tables on an emulated card: local memory through BAR1, or system memory. */
#include <errno.h>

#include "pt_model.h"
#include "test.h"

enum { BAR1 = 1, SYS_BYTES = 32 << 20, FB_FIRST = 1 << 20 };

static unsigned
size_class(uint32_t align)
{
    return align > 256;
}

static int
table_alloc(void *ctx, uint32_t bytes, uint32_t align, struct nvmem_pt_memory *memory_out)
{
    struct pt_card *c = ctx;
    const bool sys = c->mixed ? c->tables % 3 == 1 : c->in_sysmem;
    const uint64_t room = size_class(align) ? 4096 : 256;
    uint64_t *next = sys ? &c->next_sys : &c->next_fb;
    unsigned *spares = &c->spares[sys][size_class(align)];

    assert_true(bytes <= room && room % align == 0);
    if (c->fail_after == 0)
        return -ENOSPC;
    if (c->fail_after > 0)
        c->fail_after--;
    memset(memory_out, 0, sizeof(*memory_out));
    if (*spares) {
        memory_out->addr = c->spare[sys][size_class(align)][--*spares];
    } else {
        *next = (*next + room - 1) & -room;
        memory_out->addr = *next;
        *next += room;
    }
    if (sys) {
        assert_true(memory_out->addr + room <= c->sys.bus_addr + c->sys.bytes);
        memory_out->aperture = c->tables % 2 ? NVMEM_SYSTEM : NVMEM_SYSTEM_NONCOHERENT;
        memory_out->cpu = (char *)c->sys.cpu + (memory_out->addr - c->sys.bus_addr);
    }
    memory_out->cookie[0] = align;
    c->tables++;
    return 0;
}

static void
table_free(void *ctx, const struct nvmem_pt_memory *memory)
{
    struct pt_card *c = ctx;
    const bool sys = memory->aperture != NVMEM_VRAM;
    const unsigned k = size_class((uint32_t)memory->cookie[0]);

    c->tables--;
    if (c->spares[sys][k] < 256)
        c->spare[sys][k][c->spares[sys][k]++] = memory->addr;
}

static void
write_words(void *ctx, const struct nvmem_pt_memory *memory, uint32_t offset_bytes,
            const uint64_t *words, size_t count)
{
    struct pt_card *c = ctx;

    for (size_t i = 0; i < count; i++) {
        const uint64_t at = memory->addr + offset_bytes + 8 * i;

        c->bus->ops->wr32(c->bus, BAR1, at, (uint32_t)words[i]);
        c->bus->ops->wr32(c->bus, BAR1, at + 4, (uint32_t)(words[i] >> 32));
    }
}

static int
invalidate(void *ctx, const struct nvmem_pt_invalidate *what)
{
    struct pt_card *c = ctx;

    c->invalidates++;
    c->last = *what;
    return 0;
}

const struct nvmem_pt_ops pt_card_ops = {table_alloc, table_free, write_words, invalidate};

int
pt_card_read(void *ctx, const struct nvmem_pt_memory *memory, uint64_t *words_out, size_t count)
{
    struct pt_card *c = ctx;

    if (memory->cpu) {
        memcpy(words_out, memory->cpu, count * 8);
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        words_out[i] = c->bus->ops->rd32(c->bus, BAR1, memory->addr + 8 * i) |
                       (uint64_t)c->bus->ops->rd32(c->bus, BAR1, memory->addr + 8 * i + 4)
                           << 32;
    return 0;
}

void
pt_card_open(struct pt_card *card, const char *chip)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct emu_config config = {
        .chip = chip, .abi = {s, nvrm_release_find(s, "570.144")}
    };

    memset(card, 0, sizeof(*card));
    card->fail_after = -1;
    assert_int_equal(emu_gpu_create(&config, &card->gpu, NULL, 0), 0);
    card->bus = emu_gpu_bus(card->gpu);
    assert_int_equal(card->bus->ops->config_write(card->bus, 4, 2, 6), 0); /* bus master */
    assert_int_equal(card->bus->ops->dma_alloc(card->bus, SYS_BYTES, &card->sys), 0);
    card->next_fb = FB_FIRST;
    card->next_sys = card->sys.bus_addr;
}

void
pt_card_close(struct pt_card *card)
{
    assert_int_equal(card->tables, 0);
    card->bus->ops->dma_free(card->bus, &card->sys);
    emu_gpu_destroy(card->gpu);
}

struct nvmem_pt *
pt_card_tables(struct pt_card *card, enum nvmem_pt_format format)
{
    const struct nvmem_pt_config config = {.format = format, .ops = &pt_card_ops, .ctx = card};
    struct nvmem_pt *pt;

    assert_int_equal(nvmem_pt_create(&config, &pt, NULL), 0);
    return pt;
}

bool
pt_card_walk(struct pt_card *card, struct nvmem_pt *pt, uint64_t va, struct emu_walk *walk_out)
{
    const struct nvmem_pt_memory *root = nvmem_pt_root(pt);

    return emu_gpu_walk(card->gpu, root->aperture != NVMEM_VRAM, root->addr, va, walk_out);
}
