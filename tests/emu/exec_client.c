/* SPDX-License-Identifier: MIT */
/* The raw client's page tables, channels and push buffers. */
#include "exec_client.h"

#include "test.h"

const struct exec_chip exec_chips[7] = {
    {"TU102", 0xc46f, 0xc5b5, 0xc5c0, 2, 0       },
    {"AD102", 0xc56f, 0xc7b5, 0xc9c0, 2, 0       },
    {"GH100", 0xc86f, 0xc8b5, 0xcbc0, 3, 0       },
    {"GB202", 0xca6f, 0xcab5, 0xcec0, 3, 1u << 30},
    {"GA100", 0xc56f, 0xc6b5, 0xc6c0, 2, 0       },
    {"GA102", 0xc56f, 0xc7b5, 0xc7c0, 2, 0       },
    {"GB100", 0xc96f, 0xc9b5, 0xcdc0, 3, 0       },
};

enum {
    TABLES = 0x100000,   /* page tables from here on */
    CHANNELS = 0x800000, /* 64 KiB for each channel */
    CHANNEL_BYTES = 0x10000,
    BAR1 = 1,
};

/* Local memory through BAR1 in physical mode */

uint32_t
exec_rd(struct exec *x, uint64_t fb_off)
{
    return x->r.bus->ops->rd32(x->r.bus, BAR1, fb_off);
}

void
exec_wr(struct exec *x, uint64_t fb_off, uint32_t value)
{
    x->r.bus->ops->wr32(x->r.bus, BAR1, fb_off, value);
}

uint64_t
exec_rd64(struct exec *x, uint64_t fb_off)
{
    return exec_rd(x, fb_off) | (uint64_t)exec_rd(x, fb_off + 4) << 32;
}

void
exec_wr64(struct exec *x, uint64_t fb_off, uint64_t value)
{
    exec_wr(x, fb_off, (uint32_t)value);
    exec_wr(x, fb_off + 4, (uint32_t)(value >> 32));
}

/* Page tables: levels of (shift, index bits), the root first */

static const struct {
    unsigned shift, bits;
} levels[2][5] = {
    {{47, 2}, {38, 9}, {29, 9}, {21, 8}, {12, 9}},
    {{56, 1}, {47, 9}, {38, 9}, {29, 9}, {21, 8}},
};

static uint64_t
index_of(const struct exec *x, unsigned level, uint64_t va)
{
    return va >> levels[x->chip.mmu - 2][level].shift &
           ((1u << levels[x->chip.mmu - 2][level].bits) - 1);
}

static uint64_t
pointer_to(const struct exec *x, uint64_t table, bool big)
{
    if (x->chip.mmu == 3)
        return table | 1 << 1;
    return (table >> (big ? 8 : 12)) << (big ? 4 : 8) | 1 << 1; /* aperture: video memory */
}

static uint64_t
table_of(const struct exec *x, uint64_t entry, bool big)
{
    if (x->chip.mmu == 3)
        return entry & (big ? UINT64_C(0xfffffffffff00) : UINT64_C(0xffffffffff000));
    return big ? (entry >> 4 & 0x1fffffff) << 8 : (entry >> 8 & 0x1ffffff) << 12;
}

static uint64_t
follow(struct exec *x, uint64_t at, bool big)
{
    uint64_t entry = exec_rd64(x, at);

    if (!(entry & 6)) {
        entry = pointer_to(x, x->next_table, big);
        x->next_table += RAW_PAGE;
        exec_wr64(x, at, entry);
    }
    return table_of(x, entry, big);
}

static uint64_t
page_entry(const struct exec *x, unsigned target, uint64_t addr, unsigned flags)
{
    const bool v2 = x->chip.mmu == 2;
    uint64_t e = v2 ? (addr >> 12) << 8 : addr;

    if (flags & EXEC_SPARSE)
        return 1 << 3;
    e |= 1 | (target ? 2 : 0) << 1;
    if (flags & EXEC_PEER)
        e |= 1 << 1;
    if (flags & EXEC_READ_ONLY)
        e |= v2 ? 1 << 6 : 1 << 5;
    if (flags & EXEC_PRIVILEGED)
        e |= v2 ? 1 << 5 : 1 << 4;
    return e;
}

/* Where the page's entry lies. */
static uint64_t
entry_at(struct exec *x, uint64_t va, unsigned shift)
{
    const unsigned dual = x->chip.mmu == 2 ? 3 : 4;
    uint64_t table = x->root;

    for (unsigned i = 0; i < dual; i++) {
        const uint64_t at = table + index_of(x, i, va) * 8;

        if (levels[x->chip.mmu - 2][i].shift == shift)
            return at;
        table = follow(x, at, false);
    }
    table += (va >> 21 & 0xff) * 16;
    if (shift == 21)
        return table;
    if (shift == 16)
        return follow(x, table, true) + (va >> 16 & 31) * 8;
    return follow(x, table + 8, false) + (va >> 12 & 511) * 8;
}

void
exec_map(struct exec *x, uint64_t va, unsigned shift, unsigned target, uint64_t addr,
         unsigned flags)
{
    exec_wr64(x, entry_at(x, va, shift), page_entry(x, target, addr, flags));
}

void
exec_unmap(struct exec *x, uint64_t va, unsigned shift)
{
    exec_wr64(x, entry_at(x, va, shift), 0);
}

void
exec_invalidate(struct exec *x)
{
    x->r.bus->ops->wr32(x->r.bus, 0, 0xb830b0, 1u << 31 | 3);
    assert_int_equal(x->r.bus->ops->rd32(x->r.bus, 0, 0xb830b0) >> 31, 0);
}

/* A session with an address space */

static const struct exec_chip *
chip_of(const char *name)
{
    for (size_t i = 0; i < 7; i++)
        if (!strcmp(exec_chips[i].name, name))
            return &exec_chips[i];
    fail_msg("no chip %s", name);
    return NULL;
}

static void
set_page_directory(struct exec *x)
{
    uint32_t p[12] = {RAW_CLIENT, RAW_DEVICE, 0xffffffff, 0};

    /* rpc_set_page_directory: params behind handles and pasid, aligned to 8 */
    p[4] = (uint32_t)x->root;
    p[6] = 4; /* numEntries */
    p[7] = 8; /* ALL_CHANNELS, VIDMEM */
    p[8] = EXEC_CLIENT_VAS;
    p[10] = 1; /* subDeviceId */
    p[11] = 0xffffffff;
    assert_int_equal(raw_rpc(&x->r, RAW_FN_SET_PAGE_DIRECTORY, p, sizeof(p)), 0);
}

void
exec_open(struct exec *x, const char *chip, const char *inject)
{
    const struct emu_config config = {
        .chip = chip, .abi = raw_abi("570.144"), .inject = inject};

    exec_open_with(x, &config);
}

void
exec_open_with(struct exec *x, const struct emu_config *config)
{
    uint8_t vas[56] = {0};

    memset(x, 0, sizeof(*x));
    x->chip = *chip_of(config->chip);
    raw_open_with(&x->r, config);
    raw_send_system_info(&x->r);
    raw_send_registry(&x->r);
    assert_int_equal(raw_start(&x->r), 0);
    assert_true(raw_receive(&x->r));
    assert_int_equal(x->r.function, RAW_EV_INIT_DONE);
    raw_tree(&x->r);
    x->r.bus->ops->wr32(x->r.bus, 0, 0x1704, 0);
    x->root = TABLES;
    x->next_table = TABLES + RAW_PAGE;
    assert_int_equal(x->r.bus->ops->dma_alloc(x->r.bus, EXEC_SYS_BYTES, &x->sys), 0);
    for (uint64_t at = 0; at < UINT64_C(64) << 20; at += 2 << 20)
        exec_map(x, EXEC_VA + at, 21, 0, at, 0);
    for (uint64_t at = 0; at < EXEC_SYS_BYTES; at += RAW_PAGE)
        exec_map(x, EXEC_SYS + at, 12, 1, x->sys.bus_addr + at, 0);
    vas[4] = 0x48; /* flags: externally owned, page faulting */
    assert_int_equal(raw_alloc(&x->r, RAW_CLIENT, RAW_DEVICE, EXEC_CLIENT_VAS, 0x90f1, vas, 48),
                     0);
    set_page_directory(x);
}

void
exec_close(struct exec *x)
{
    x->r.bus->ops->dma_free(x->r.bus, &x->sys);
    raw_close(&x->r);
}

/* Channels */

static void
put_desc(uint8_t *p, uint64_t base, uint64_t size, uint32_t space)
{
    memcpy(p, &base, 8);
    memcpy(p + 8, &size, 8);
    memcpy(p + 16, &space, 4);
}

void
exec_params(struct exec *x, struct exec_channel *c, uint32_t engine, uint8_t *params)
{
    const uint64_t base = CHANNELS + (uint64_t)x->channels++ * CHANNEL_BYTES;
    const uint64_t ring = EXEC_VA + base + 0x2000;
    const uint32_t entries = EXEC_RING, vas = EXEC_CLIENT_VAS;

    *c = (struct exec_channel){.x = x,
                               .handle = 0x1000 + x->channels,
                               .instance = base,
                               .userd = base + 0x1000,
                               .ring = base + 0x2000,
                               .notifier = base + 0x3000,
                               .push = base + 0x4000};
    memset(params, 0, 368);
    memcpy(params + 8, &ring, 8);
    memcpy(params + 16, &entries, 4);
    memcpy(params + 28, &vas, 4);
    memcpy(params + 128, &engine, 4);
    put_desc(params + 144, c->instance, 0x1000, 2);
    put_desc(params + 168, c->userd, 0x200, 2);
    put_desc(params + 192, c->instance, 0x200, 2);
    put_desc(params + 248, c->notifier, 0x10, 2);
}

void
exec_channel(struct exec *x, struct exec_channel *c, uint32_t engine, uint32_t flags)
{
    uint8_t params[368], on = 1;
    uint32_t token[2] = {0};

    exec_params(x, c, engine, params);
    memcpy(params + 20, &flags, 4);
    assert_int_equal(
        raw_alloc(&x->r, RAW_CLIENT, RAW_DEVICE, c->handle, x->chip.channel, params, 368), 0);
    assert_int_equal(raw_control(&x->r, RAW_CLIENT, c->handle, 0xa06f0104, &engine, 4), 0);
    assert_int_equal(raw_control(&x->r, RAW_CLIENT, c->handle, 0xa06f0103, &(uint16_t){on}, 2),
                     0);
    assert_int_equal(raw_control(&x->r, RAW_CLIENT, c->handle, 0xc36f0108, token, 4), 0);
    c->chid = token[0];
    c->runlist = engine == EXEC_GR0 ? 0 : engine - 0xa;
}

uint32_t
exec_token(const struct exec_channel *c)
{
    return c->chid | c->runlist << 16 | c->x->chip.token;
}

void
exec_push(struct exec_channel *c, uint32_t dword)
{
    exec_wr(c->x, c->push + (uint64_t)c->dwords++ * 4, dword);
}

void
exec_method(struct exec_channel *c, uint32_t subch, uint32_t method, unsigned count,
            const uint32_t *data)
{
    exec_push(c, 1u << 29 | count << 16 | subch << 13 | method >> 2);
    for (unsigned i = 0; i < count; i++)
        exec_push(c, data[i]);
}

void
exec_entry(struct exec_channel *c, uint64_t entry)
{
    exec_wr64(c->x, c->ring + (uint64_t)c->put * 8, entry);
    c->put = (c->put + 1) % EXEC_RING;
    exec_wr(c->x, c->userd + 0x8c, c->put);
}

void
exec_put(struct exec_channel *c)
{
    const uint64_t va = EXEC_VA + c->push + (uint64_t)c->start * 4;

    exec_entry(c, va | (uint64_t)(c->dwords - c->start) << 42 | UINT64_C(1) << 41);
    c->start = c->dwords;
}

void
exec_ring(struct exec_channel *c)
{
    c->x->r.bus->ops->wr32(c->x->r.bus, 0, 0xbb0090, exec_token(c));
}

void
exec_kick(struct exec_channel *c)
{
    exec_put(c);
    exec_ring(c);
}

uint32_t
exec_get(struct exec_channel *c)
{
    return exec_rd(c->x, c->userd + 0x88);
}

void
exec_bind_copy(struct exec_channel *c)
{
    EXEC_METHOD(c, 4, 0, c->x->chip.copy);
}

void
exec_copy(struct exec_channel *c, uint64_t from, uint64_t to, uint32_t bytes, uint64_t sem,
          uint32_t payload)
{
    EXEC_METHOD(c, 4, 0x400, (uint32_t)(from >> 32), (uint32_t)from, (uint32_t)(to >> 32),
                (uint32_t)to);
    EXEC_METHOD(c, 4, 0x418, bytes);
    if (sem)
        EXEC_METHOD(c, 4, 0x240, (uint32_t)(sem >> 32), (uint32_t)sem, payload);
    EXEC_METHOD(c, 4, 0x300, 0x182 | 1 << 2 | (sem ? 1 : 0) << 3);
}

/* What the card says */

uint32_t
exec_error(struct exec *x, uint32_t *chid_out, char *text, size_t text_bytes)
{
    uint32_t xid = 0;

    while (raw_receive(&x->r)) {
        const uint8_t *p = x->r.payload;

        if (x->r.function == RAW_EV_OS_ERROR_LOG) {
            memcpy(&xid, p, 4);
            if (chid_out)
                memcpy(chid_out, p + 8, 4);
            if (text)
                snprintf(text, text_bytes, "%.255s", (const char *)p + 12);
        }
        if (x->r.function == 0x1004) /* RC_TRIGGERED follows its log */
            break;
    }
    return xid;
}

const char *
exec_last_note(struct exec *x)
{
    const char *last = "";

    for (unsigned i = 0; emu_gpu_note_at(x->r.gpu, i); i++)
        last = emu_gpu_note_at(x->r.gpu, i);
    return last;
}

void
exec_semaphore(struct exec_channel *c, uint64_t va, uint64_t payload, uint32_t execute)
{
    EXEC_METHOD(c, 0, SEM_ADDR_LO, LO(va), HI(va), LO(payload), HI(payload), execute);
}

void
exec_release(struct exec_channel *c, uint64_t fb_off, uint32_t payload)
{
    exec_semaphore(c, EXEC_VA + fb_off, payload, RELEASE);
}

void
exec_open_one(struct exec *x, struct exec_channel *c, const char *chip)
{
    exec_open(x, chip, NULL);
    exec_channel(x, c, EXEC_COPY2, 0);
}
