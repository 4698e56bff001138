/* SPDX-License-Identifier: MIT */
/*
 * The gsp backend on a bus whose card is a raw-bytes GSP: what it finds in memory at start is
 * checked at offsets written down here from the vendor's headers, not at those of the schema.
 */
#include "test.h"

#include <errno.h>

#include <gsp/session.h>

#include "fake_gsp.h"

enum {
    DMA_BASE = 0x40000000,
    DMA_ROOM = 0x100000,
    BDF = 0x0300, /* 03:00.0 */
};

/** Where things lie at a release. */
struct facts {
    const char *release;
    uint32_t rmargs_bytes, mq_cmd, mq_stat, mq_sizes; /* mq_sizes: queueElementHdrSize or 0 */
    uint32_t stack_off;                               /* bDmemStack or 0 */
    uint32_t io_off; /* gpuPhysIoAddr or 0: it moves nvDomainBusDeviceFunc by 8 */
    uint32_t system_info, static_info, control_bytes;
};
static const struct facts releases[] = {
    {"535.113.01", 80,  16, 24, 0,  0,  0,  664, 2168, 24},
    {"570.144",    72,  16, 24, 0,  48, 24, 928, 1656, 24},
    {"580.126.20", 88,  16, 24, 0,  48, 24, 936, 1792, 40},
    {"595.45.04",  136, 16, 24, 32, 80, 24, 944, 1592, 40},
};

struct card {
    struct gsp_bus bus; /* first */
    const struct facts *facts;
    uint8_t *memory;
    bool used[DMA_ROOM / 4096]; /* pages lent out */
    uint32_t config[16];
    struct fake_gsp gsp;
    struct fake_record taken;
    bool running, lost, halted, no_start, never_done, plain;
    int allocs_left; /* dma_alloc fails when it runs out; -1: never */
    uint32_t init_result, rpc_result, payload_status;
    uint32_t boot42, mailbox0, resets, doorbells;
    unsigned interrupts; /* that are still to come */
    bool clearing;       /* the write that clears one has not arrived yet */
    unsigned seen_twice, cleared, rearmed;
    uint32_t functions[64], function_count; /* as they came */
    uint8_t last[FAKE_RECORD];
    uint32_t last_bytes;
};

static int
config_read(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t *value_out)
{
    struct card *c = (struct card *)bus;

    if (width != 4 || offset >= sizeof(c->config))
        return -EINVAL;
    *value_out = c->config[offset / 4];
    return 0;
}

static uint32_t
rd32(struct gsp_bus *bus, unsigned bar, uint64_t bar_off)
{
    struct card *c = (struct card *)bus;

    assert_int_equal(bar, 0);
    c->clearing = false; /* a read pushes writes before it */
    if (c->lost)
        return 0xffffffff;
    if (bar_off == 0xa00)
        return c->boot42;
    if (bar_off == 0x110040)
        return c->mailbox0;
    if (bar_off == 0x110008)
        return c->halted ? 0x10 : 0;
    return 0;
}

static int
dma_alloc(struct gsp_bus *bus, size_t bytes, struct gsp_dma *dma_out)
{
    struct card *c = (struct card *)bus;
    const size_t pages = (bytes + 4095) / 4096;

    if (c->allocs_left == 0)
        return -ENOMEM;
    c->allocs_left -= c->allocs_left > 0;
    for (size_t at = 0; at + pages <= DMA_ROOM / 4096; at++) {
        size_t n = 0;

        while (n < pages && !c->used[at + n])
            n++;
        if (n < pages)
            continue;
        memset(&c->used[at], 1, pages);
        memset(c->memory + at * 4096, 0, pages * 4096);
        *dma_out = (struct gsp_dma){c->memory + at * 4096, DMA_BASE + at * 4096, pages * 4096};
        return 0;
    }
    return -ENOMEM;
}

static void
dma_free(struct gsp_bus *bus, struct gsp_dma *dma)
{
    struct card *c = (struct card *)bus;

    memset(&c->used[(dma->bus_addr - DMA_BASE) / 4096], 0, dma->bytes / 4096);
}

static int
irq_wait(struct gsp_bus *bus, uint64_t timeout_ns)
{
    struct card *c = (struct card *)bus;

    (void)timeout_ns;
    c->seen_twice += c->clearing;
    if (!c->interrupts || c->lost)
        return c->lost ? -ENODEV : -ETIMEDOUT;
    c->interrupts--;
    return 0;
}

static int
reset(struct gsp_bus *bus)
{
    ((struct card *)bus)->resets++;
    ((struct card *)bus)->running = false;
    return 0;
}

static uint64_t
get64(const uint8_t *p)
{
    return fake_get(p) | (uint64_t)fake_get(p + 4) << 32;
}

static uint8_t *
at_bus(struct card *c, uint64_t bus_addr)
{
    assert_true(bus_addr >= DMA_BASE && bus_addr < DMA_BASE + DMA_ROOM);
    return c->memory + (bus_addr - DMA_BASE);
}

/* The regions of a libos table, in their order. */
static const char *
regions_of(const struct card *c)
{
    static const struct {
        const char *release, *libos3, *libos2;
    } rows[] = {
        {"535.",    "LOGINIT LOGINTR LOGRM RMARGS",                                        "LOGINIT LOGINTR LOGRM RMARGS"},
        {"570.144", "LOGINIT LOGINTR LOGRM LOGMNOC LOGKRNL RMARGS",
         "LOGINIT LOGINTR LOGRM LOGMNOC RMARGS"                                                                          },
        {"580.",    "LOGINIT LOGINTR LOGRM LOGMNOC LOGDBG LOGROOT LOGKRNL RMARGS",
         "LOGINIT LOGRM RMARGS"                                                                                          },
        {"595.",    "LOGINIT LOGINTR LOGRM LOGMNOC LOGDBG LOGROOT LOGRMON LOGKRNL RMARGS",
         "LOGINIT LOGRM RMARGS"                                                                                          },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!strncmp(c->facts->release, rows[i].release, strlen(rows[i].release)))
            return c->boot42 >> 24 > 0x17 ? rows[i].libos3 : rows[i].libos2;
    fail_msg("%s", c->facts->release);
    return "";
}

/* LibosMemoryRegionInitArgument rows of 32 bytes: id8, pa, size, kind, loc. */
static uint8_t *
find_rmargs(struct card *c, uint64_t libos_args)
{
    const char *names = regions_of(c), *next;
    uint8_t *row = at_bus(c, libos_args);

    for (; *names; names = next, row += 32) {
        const size_t n = strcspn(names, " ");
        const bool log = strncmp(names, "RMARGS", 6) != 0;
        const bool page =
            !log || !strncmp(names, "LOGROOT", 7) || !strncmp(names, "LOGRMON", 7);
        uint64_t id = 0;

        for (size_t k = 0; k < n; k++)
            id = id << 8 | (uint8_t)names[k];
        next = names + n + (names[n] == ' ');
        assert_true(get64(row) == id);
        assert_int_equal(row[24], 1);
        assert_int_equal(row[25], 1);
        assert_true(get64(row + 16) == (page ? 0x1000 : 0x10000));
        if (log) { /* the addresses of its pages */
            const uint64_t last = page ? 0 : 15;

            assert_true(get64(at_bus(c, get64(row + 8)) + 8 + last * 8) ==
                        get64(row + 8) + last * 4096);
        }
    }
    assert_true(get64(row) == 0);
    return at_bus(c, get64(row - 32 + 8));
}

static void
check_rmargs(struct card *c, const uint8_t *args)
{
    const struct facts *f = c->facts;
    const uint64_t block = get64(args);

    assert_int_equal(fake_get(args + 8), 129);
    assert_true(get64(args + f->mq_cmd) == 0x1000);
    assert_true(get64(args + f->mq_stat) == 0x41000);
    if (f->mq_sizes) {
        assert_true(get64(args + f->mq_sizes) == 0x30);
        assert_true(get64(args + f->mq_sizes + 8) == 0x1000);
        assert_true(get64(args + f->mq_sizes + 16) == 0x10000);
        assert_int_equal(fake_get(args + f->mq_sizes + 24), 4);
        assert_int_equal(fake_get(args + f->mq_sizes + 28), 12);
    }
    if (f->stack_off)
        assert_int_equal(args[f->stack_off], 1);
    for (uint32_t i = f->rmargs_bytes; i < 4096; i++)
        assert_int_equal(args[i], 0);
    for (unsigned i = 0; i < 129; i++)
        assert_true(get64(at_bus(c, block) + 8 * i) == block + i * 4096);
}

static void
note_system_info(struct card *c)
{
    const uint8_t *p = c->taken.payload;

    assert_int_equal(c->taken.payload_bytes, c->facts->system_info);
    assert_true(get64(p) == 0xf0000000);        /* gpuPhysAddr: BAR0, 32 bits */
    assert_true(get64(p + 8) == 0x6000000000);  /* gpuPhysFbAddr: BAR1, 64 bits */
    assert_true(get64(p + 16) == 0x7000000000); /* gpuPhysInstAddr: BAR3 */
    if (c->facts->io_off)
        assert_true(get64(p + c->facts->io_off) == 0xe000); /* gpuPhysIoAddr */
    assert_true(get64(p + 24 + (c->facts->io_off ? 8 : 0)) == BDF);
}

static void
note_registry(struct card *c)
{
    const uint8_t *p = c->taken.payload;
    const uint32_t count = fake_get(p + 4);

    assert_int_equal(fake_get(p), c->taken.payload_bytes);
    assert_int_equal(count, 3);
    assert_string_equal((const char *)p + fake_get(p + 8), "RMForcePcieConfigSave");
    assert_string_equal((const char *)p + fake_get(p + 8 + 32), "RmTest");
    assert_int_equal(fake_get(p + 8 + 32 + 8), 0x1234);
}

/* Answer in place: the payload comes back with its status set. */
static void
answer(struct card *c, uint32_t status_off)
{
    const bool numbered =
        !strcmp(c->facts->release, "580.126.20") || !strcmp(c->facts->release, "595.45.04");

    if (status_off)
        fake_put(c->taken.payload + status_off, c->payload_status);
    fake_gsp_send(&c->gsp, c->taken.function, c->rpc_result, numbered ? c->taken.sequence : 0,
                  c->taken.payload, c->taken.payload_bytes);
}

static void
serve_one(struct card *c)
{
    switch (c->taken.function) {
    case 72:
        note_system_info(c);
        break;
    case 73:
        note_registry(c);
        if (!c->never_done)
            fake_gsp_send(&c->gsp, 0x1001, c->init_result, 0, NULL, 0);
        break;
    case 65:
        assert_int_equal(c->taken.payload_bytes, c->facts->static_info);
        memset(c->taken.payload, 0x5a, c->taken.payload_bytes);
        answer(c, 0);
        break;
    case 47:
        assert_int_equal(c->taken.payload_bytes, 8);
        c->mailbox0 = 0x80000000;
        answer(c, 0);
        break;
    case 76:
        if (!c->plain)
            c->taken.payload[c->facts->control_bytes] ^= 0xff;
        answer(c, 12);
        break;
    case 103:
        answer(c, 16);
        break;
    case 10:
        answer(c, 12);
        break;
    default:
        answer(c, c->taken.function == 21 ? 24 : 0);
    }
}

static void
wr32(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint32_t value)
{
    struct card *c = (struct card *)bus;

    (void)bar;
    if (bar_off == 0x110004) { /* IRQSCLR, bit 6: SWGEN0 */
        assert_int_equal(value, 0x40);
        c->cleared++;
        c->clearing = true;
    }
    if (bar_off == 0x1103e8) { /* INTR_RETRIGGER */
        assert_int_equal(value, 1);
        c->rearmed++;
    }
    if (bar_off != 0x110c00 || !c->running || c->lost)
        return;
    assert_int_equal(value, 0);
    c->doorbells++;
    while (!c->halted && fake_gsp_take(&c->gsp, &c->taken)) {
        c->functions[c->function_count++ % 64] = c->taken.function;
        c->last_bytes = c->taken.payload_bytes;
        memcpy(c->last, c->taken.payload, c->last_bytes);
        serve_one(c);
    }
}

static int
direct_start(struct gsp_bus *bus, uint64_t libos_args)
{
    struct card *c = (struct card *)bus;
    uint8_t *args = find_rmargs(c, libos_args);

    if (c->no_start)
        return -EIO;
    check_rmargs(c, args);
    /* The command queue keeps what was sent before the start. */
    fake_gsp_init(&c->gsp, at_bus(c, get64(args)), 48);
    c->running = true;
    wr32(bus, 0, 0x110c00, 0);
    return 0;
}

static const struct gsp_bus_ops ops = {
    .name = "fake",
    .config_read = config_read,
    .rd32 = rd32,
    .wr32 = wr32,
    .dma_alloc = dma_alloc,
    .dma_free = dma_free,
    .irq_wait = irq_wait,
    .reset = reset,
    .direct_start = direct_start,
};

static struct card *
make_card(const char *release)
{
    static const uint32_t config[16] = {0x268410de, 0x00100007, 0x030000a1, 0,
                                        0xf0000000, 0x0000000c, 0x60,       0x0000000c,
                                        0x70,       0x0000e001, 0,          0x16f310de};
    struct card *c = calloc(1, sizeof(*c));

    assert_non_null(c);
    c->bus = (struct gsp_bus){&ops, BDF};
    c->memory = aligned_alloc(4096, DMA_ROOM);
    assert_non_null(c->memory);
    c->allocs_left = -1;
    c->boot42 = 0x19000000; /* Ada */
    memcpy(c->config, config, sizeof(config));
    for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++)
        if (!strcmp(releases[i].release, release))
            c->facts = &releases[i];
    assert_non_null(c->facts);
    return c;
}

static void
destroy_card(struct card *c)
{
    for (size_t i = 0; i < DMA_ROOM / 4096; i++)
        if (c->used[i])
            fail_msg("page %zu was never given back", i);
    free(c->memory);
    free(c);
}

static int
open_session(struct card *c, const struct gsp_host *host, struct gsp_backend **b_out,
             struct gsp_error *err)
{
    static const struct gsp_regkey keys[] = {
        {"RmTest", 0x1234}
    };
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct gsp_rm_config config = {
        .bus = &c->bus,
        .host = host,
        .abi = {s, nvrm_release_find(s, c->facts->release)},
        .timeout_ns = 20000000,
        .regkeys = keys,
        .regkey_count = 1,
    };

    return gsp_rm_open(&config, b_out, err);
}

static struct gsp_backend *
must_open(struct card *c)
{
    struct gsp_backend *b = NULL;
    struct gsp_error err = {0};

    if (open_session(c, NULL, &b, &err) < 0)
        fail_msg("%s: %s", c->facts->release, err.text);
    return b;
}

static void
a_session_starts_and_ends_at_every_release_here(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
        static const uint32_t want[] = {72, 73, 65, 47};
        struct card *c = make_card(releases[i].release);
        struct gsp_backend *b = must_open(c);
        const uint8_t *info;
        size_t bytes;

        info = gsp_rm_static_info(b, &bytes);
        assert_int_equal(bytes, releases[i].static_info);
        assert_int_equal(info[bytes - 1], 0x5a);
        assert_string_equal(b->ops->name, "gsp");
        b->ops->close(b);
        assert_int_equal(c->function_count, 4);
        assert_memory_equal(c->functions, want, sizeof(want));
        assert_int_equal(c->resets, 0);
        destroy_card(c);
    }
}

static void
turing_and_ga100_have_the_rings_of_the_older_libos(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++)
        for (unsigned ga100 = 0; ga100 < 2; ga100++) {
            struct card *c = make_card(releases[i].release);
            struct gsp_backend *b;

            c->boot42 = ga100 ? 0x17000000 : 0x16200000;
            b = must_open(c);
            b->ops->close(b);
            destroy_card(c);
        }
}

static void
an_interrupt_is_cleared_for_good_before_the_next_wait(void **state)
{
    struct card *c = make_card("570.144");
    struct gsp_backend *b = must_open(c);
    struct gsp_event event;

    (void)state;
    c->interrupts = 3;
    c->cleared = c->rearmed = c->seen_twice = 0;
    assert_int_equal(b->ops->event_next(b, &event, 5000000, NULL), -EAGAIN);
    assert_int_equal(c->cleared, 3);
    assert_int_equal(c->rearmed, 3);
    assert_int_equal(c->seen_twice, 0);
    b->ops->close(b);
    destroy_card(c);
}

static void
rm_calls_have_the_headers_of_the_release(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
        struct card *c = make_card(releases[i].release);
        struct gsp_backend *b = must_open(c);
        const uint32_t hdr = releases[i].control_bytes;
        uint8_t params[100];

        memset(params, 7, sizeof(params));
        assert_int_equal(b->ops->control(b, 1, 2, 0x20800110, params, sizeof(params), NULL), 0);
        assert_int_equal(params[0], 7 ^ 0xff);
        assert_int_equal(params[99], 7);
        assert_int_equal(c->last_bytes, hdr + 100);
        assert_int_equal(fake_get(c->last), 1);
        assert_int_equal(fake_get(c->last + 4), 2);
        assert_int_equal(fake_get(c->last + 8), 0x20800110);
        assert_int_equal(fake_get(c->last + 16), 100);
        assert_int_equal(b->ops->alloc(b, 1, 2, 3, 0x2080, params, 4, NULL), 0);
        assert_int_equal(c->last_bytes, 36);
        assert_int_equal(fake_get(c->last + 8), 3);
        assert_int_equal(fake_get(c->last + 12), 0x2080);
        assert_int_equal(fake_get(c->last + 20), 4);
        assert_int_equal(b->ops->free(b, 1, 2, 3, NULL), 0);
        assert_int_equal(c->last_bytes, 16);
        assert_int_equal(fake_get(c->last + 8), 3);
        assert_int_equal(b->ops->dup(b, 1, 2, 3, 4, 5, 6, NULL), 0);
        assert_int_equal(c->last_bytes, 28);
        assert_int_equal(fake_get(c->last + 20), 6);
        b->ops->close(b);
        destroy_card(c);
    }
}

/* The vector was checked against NVIDIA's own serialiser. */
static void
a_control_with_pointers_goes_serialised_and_flagged(void **state)
{
    static const uint8_t vector[] = {
        0,    0,    0,    0,    0,    0,    0,    0,    0x38, 0,    0,    0,    0,
        0,    0,    0,    2,    0x80, 0,    0,    0,    0,    0,    0,    1,    0,
        0,    0,    0,    0,    0,    0,    0x07, 0,    0,    0,    0x26, 0x9a, 0x11,
        0x89, 0xf8, 0x56, 0x0c, 0x00, 0xf0, 0xff, 0xff, 0xff, 0x1f, 0,    0,    0,
    };
    struct card *c = make_card("595.45.04");
    struct gsp_backend *b = must_open(c);
    uint32_t list[3] = {0x11223344, 0xc56f, 0xffffffff};
    uint64_t params[2] = {3, (uint64_t)(uintptr_t)list}; /* numClasses, classList */

    (void)state;
    c->plain = true;
    assert_int_equal(b->ops->control(b, 1, 2, 0x800201, params, sizeof(params), NULL), 0);
    assert_int_equal(fake_get(c->last + 16), 0x38); /* paramsSize */
    assert_int_equal(fake_get(c->last + 20), 2);    /* rmapiRpcFlags: serialised */
    assert_int_equal(c->last_bytes, 40 + 0x38);
    assert_memory_equal(c->last + 40, vector, sizeof(vector));
    assert_int_equal(params[0], 3);
    assert_int_equal(list[1], 0xc56f);
    b->ops->close(b);
    destroy_card(c);
}

static void
a_control_with_pointers_but_no_serialised_form_is_refused(void **state)
{
    struct card *c = make_card("595.45.04");
    struct gsp_backend *b = must_open(c);
    const struct nvrm_schema *s = b->abi.schema;
    struct gsp_error err = {0};
    uint8_t params[8192] = {0};
    unsigned refused = 0;

    (void)state;
    for (unsigned i = 0; i < nvrm_control_count(s); i++) {
        const struct nvrm_control *row = nvrm_control_at(b->abi, i);
        const struct nvrm_layout *l = row ? nvrm_struct_at(b->abi, row->params) : NULL;

        if (!l || !(l->flags & NVRM_LAYOUT_PTR) || l->flags & NVRM_LAYOUT_FINN ||
            l->size > sizeof(params))
            continue;
        assert_int_equal(b->ops->control(b, 1, 2, row->id, params, l->size, &err), -EOPNOTSUPP);
        assert_int_equal(err.origin, GSP_ORIGIN_INPUT);
        assert_non_null(strstr(err.text, "hold pointers"));
        refused++;
    }
    assert_true(refused > 5);
    b->ops->close(b);
    destroy_card(c);
}

static void
a_root_is_allocated_with_client_parameters(void **state)
{
    struct card *c = make_card("570.144");
    struct gsp_backend *b = must_open(c);

    (void)state;
    assert_int_equal(b->ops->alloc(b, 0xc1d00001, 0, 0xc1d00001, 0, NULL, 0, NULL), 0);
    assert_int_equal(c->last_bytes, 32 + 120); /* NV0000_ALLOC_PARAMETERS */
    assert_int_equal(fake_get(c->last + 32), 0xc1d00001);
    b->ops->close(b);
    destroy_card(c);
}

static void
both_layers_of_status_are_reported_as_rm_said_them(void **state)
{
    struct card *c = make_card("570.144");
    struct gsp_backend *b = must_open(c);
    struct gsp_error err = {0};
    uint8_t params[4] = {0};

    (void)state;
    c->payload_status = 0x56;
    assert_int_equal(b->ops->control(b, 1, 2, 0x20800110, params, 4, &err), -EREMOTEIO);
    assert_int_equal(err.origin, GSP_ORIGIN_RM);
    assert_int_equal(err.nv_status, 0x56);
    assert_non_null(strstr(err.text, "NV_ERR_NOT_SUPPORTED (0x56)"));
    c->rpc_result = 0x1a; /* the payload's status is the more precise one */
    assert_int_equal(b->ops->alloc(b, 1, 2, 3, 0x2080, params, 4, &err), -EREMOTEIO);
    assert_int_equal(err.nv_status, 0x56);
    assert_non_null(strstr(err.text, "alloc NV20_SUBDEVICE_0"));
    c->payload_status = 0;
    assert_int_equal(b->ops->free(b, 1, 2, 3, &err), -EREMOTEIO);
    assert_int_equal(err.nv_status, 0x1a);
    c->rpc_result = 0;
    assert_int_equal(b->ops->free(b, 1, 2, 3, &err), 0);
    b->ops->close(b);
    destroy_card(c);
}

static void
raw_rpcs_and_the_history_are_there(void **state)
{
    struct card *c = make_card("595.45.04");
    struct gsp_backend *b = must_open(c);
    struct gsp_rpc_record records[8];
    uint8_t reply[16];
    struct gsp_event e;
    size_t bytes;

    (void)state;
    assert_int_equal(b->ops->rpc(b, 70, "12345678901234567890", 20, reply, 16, &bytes, NULL),
                     0);
    assert_int_equal(bytes, 20);
    assert_memory_equal(reply, "1234567890123456", 16);
    assert_int_equal(b->ops->rpc(b, 0x1001, NULL, 0, NULL, 0, &bytes, NULL), -EINVAL);
    assert_int_equal(gsp_rm_history(b, records, 8), 4);
    assert_int_equal(records[3].function, 70);
    fake_gsp_send(&c->gsp, 0x1006, 0, 0, "xid", 4);
    assert_int_equal(b->ops->event_next(b, &e, 0, NULL), 0);
    assert_int_equal(e.function, 0x1006);
    b->ops->close(b);
    destroy_card(c);
}

static void
a_start_that_fails_says_where_and_gives_everything_back(void **state)
{
    struct gsp_bus_ops no_direct = ops;
    struct gsp_error err = {0};
    struct gsp_backend *b;
    struct card *c = make_card("570.144");

    (void)state;
    no_direct.direct_start = NULL;
    c->bus.ops = &no_direct;
    assert_int_equal(open_session(c, NULL, &b, &err), -EOPNOTSUPP);
    assert_non_null(strstr(err.text, "needs the boot chain"));
    c->bus.ops = &ops;
    c->no_start = true;
    assert_int_equal(open_session(c, NULL, &b, &err), -EIO);
    assert_non_null(strstr(err.text, "GSP-RM of 570.144 did not start"));
    c->no_start = false;
    c->init_result = 0x31;
    assert_int_equal(open_session(c, NULL, &b, &err), -EREMOTEIO);
    assert_non_null(strstr(err.text, "GSP_INIT_DONE"));
    assert_int_equal(c->resets, 1);
    c->never_done = true;
    assert_int_equal(open_session(c, NULL, &b, &err), -ETIMEDOUT);
    assert_non_null(strstr(err.text, "no event GSP_INIT_DONE"));
    destroy_card(c);
}

static void
a_lost_or_crashed_card_is_named(void **state)
{
    struct card *c = make_card("570.144");
    struct gsp_backend *b = must_open(c);
    struct gsp_error err = {0};

    (void)state;
    c->halted = true;
    assert_int_equal(b->ops->free(b, 1, 2, 3, &err), -ENODEV);
    assert_int_equal(err.origin, GSP_ORIGIN_LOST);
    assert_non_null(strstr(err.text, "GSP-RM has crashed"));
    c->lost = true;
    assert_int_equal(b->ops->free(b, 1, 2, 3, &err), -ENODEV);
    assert_non_null(strstr(err.text, "fallen off the bus"));
    b->ops->close(b);
    assert_int_equal(c->resets, 1);
    destroy_card(c);
}

static void
every_dma_allocation_may_fail(void **state)
{
    struct gsp_error err = {0};
    struct gsp_backend *b;
    int rc = -ENOMEM;

    (void)state;
    for (int n = 0; rc < 0; n++) {
        struct card *c = make_card("570.144");

        assert_in_range(n, 0, 20);
        c->allocs_left = n;
        rc = open_session(c, NULL, &b, &err);
        if (rc == 0)
            b->ops->close(b);
        else
            assert_int_equal(rc, -ENOMEM);
        destroy_card(c);
    }
}

struct budget {
    int left;
};

static void *
limited(void *ctx, void *old, size_t bytes)
{
    struct budget *budget = ctx;

    if (!bytes) {
        free(old);
        return NULL;
    }
    return budget->left-- > 0 ? realloc(old, bytes) : NULL;
}

static void
every_host_allocation_may_fail(void **state)
{
    struct gsp_error err = {0};
    struct gsp_backend *b;
    int rc = -ENOMEM;

    (void)state;
    for (int n = 0; rc < 0; n++) {
        struct card *c = make_card("595.45.04");
        struct budget budget = {n};
        const struct gsp_host host = {.ctx = &budget, .realloc = limited};

        assert_in_range(n, 0, 20);
        rc = open_session(c, &host, &b, &err);
        if (rc == 0)
            b->ops->close(b);
        else
            assert_int_equal(rc, -ENOMEM);
        destroy_card(c);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_starts_and_ends_at_every_release_here),
        cmocka_unit_test(turing_and_ga100_have_the_rings_of_the_older_libos),
        cmocka_unit_test(an_interrupt_is_cleared_for_good_before_the_next_wait),
        cmocka_unit_test(rm_calls_have_the_headers_of_the_release),
        cmocka_unit_test(a_control_with_pointers_goes_serialised_and_flagged),
        cmocka_unit_test(a_control_with_pointers_but_no_serialised_form_is_refused),
        cmocka_unit_test(a_root_is_allocated_with_client_parameters),
        cmocka_unit_test(both_layers_of_status_are_reported_as_rm_said_them),
        cmocka_unit_test(raw_rpcs_and_the_history_are_there),
        cmocka_unit_test(a_start_that_fails_says_where_and_gives_everything_back),
        cmocka_unit_test(a_lost_or_crashed_card_is_named),
        cmocka_unit_test(every_dma_allocation_may_fail),
        cmocka_unit_test(every_host_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
