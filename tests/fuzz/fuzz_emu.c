/* SPDX-License-Identifier: MIT */
/*
 * Hostile bytes for the emulated GSP-RM: the input picks a release and a chip, then is a list
 * of things that a client may do to the card: whole records with a good header around fuzzed
 * contents, raw bytes over the queue memory, register writes, memory that goes away.
 */
#include <stdlib.h>
#include <string.h>

#include <emu/emu.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE = 4096, QUEUE = 0x40000, SLOTS = 63, MAX_STEPS = 64 };

struct input {
    const uint8_t *p;
    size_t left;
};

struct client {
    struct emu_gpu *gpu;
    struct gsp_bus *bus;
    struct gsp_dma args, rmargs, block;
    uint8_t *cmd, *stat;
    uint32_t seq, header;
    uint8_t record[16 * PAGE];
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
wr32(uint8_t *p, uint32_t offset, uint32_t v)
{
    memcpy(p + offset, &v, 4);
}

static void
wr64(uint8_t *p, uint32_t offset, uint64_t v)
{
    memcpy(p + offset, &v, 8);
}

static uint32_t
rd32(const uint8_t *p, uint32_t offset)
{
    uint32_t v;

    memcpy(&v, p + offset, 4);
    return v;
}

static void
put_arg(uint8_t *row, const char *name, const struct gsp_dma *dma)
{
    uint64_t id = 0;

    while (*name)
        id = id << 8 | (uint8_t)*name++;
    wr64(row, 0, id);
    wr64(row, 8, dma->bus_addr);
    wr64(row, 16, PAGE);
    row[24] = row[25] = 1;
}

static void
make_memory(struct client *c)
{
    uint8_t *p;

    if (c->bus->ops->dma_alloc(c->bus, PAGE, &c->args) < 0 ||
        c->bus->ops->dma_alloc(c->bus, PAGE, &c->rmargs) < 0 ||
        c->bus->ops->dma_alloc(c->bus, PAGE + 2 * QUEUE, &c->block) < 0)
        abort();
    p = c->block.cpu;
    for (uint32_t i = 0; i < 129; i++)
        wr64(p, i * 8, c->block.bus_addr + (uint64_t)i * PAGE);
    c->cmd = p + PAGE;
    c->stat = c->cmd + QUEUE;
    wr32(c->cmd, 4, QUEUE);
    wr32(c->cmd, 8, PAGE);
    wr32(c->cmd, 12, SLOTS);
    wr32(c->cmd, 20, 1);
    wr32(c->cmd, 24, 0x20);
    wr32(c->cmd, 28, PAGE);
    p = c->rmargs.cpu;
    wr64(p, 0, c->block.bus_addr);
    wr32(p, 8, 129);
    wr64(p, 16, PAGE);
    wr64(p, 24, PAGE + QUEUE);
    put_arg(c->args.cpu, "RMARGS", &c->rmargs);
}

static void
make_595(struct client *c)
{
    uint8_t *p = c->rmargs.cpu;

    wr64(p, 32, c->header);
    wr64(p, 40, PAGE);
    wr64(p, 48, 16 * PAGE);
    wr32(p, 56, 4);
    wr32(p, 60, 12);
}

static uint32_t
sum(const uint8_t *p, uint32_t bytes)
{
    uint64_t total = 0, v;

    for (uint32_t i = 0; i < bytes; i += 8) {
        memcpy(&v, p + i, 8);
        total ^= v;
    }
    return (uint32_t)(total >> 32) ^ (uint32_t)total;
}

/* A record whose framing is right, so that what is inside gets looked at. */
static void
send_record(struct client *c, uint32_t function, const uint8_t *payload, uint32_t bytes)
{
    uint8_t *rpc = c->record + c->header;
    const uint32_t length = 32 + bytes, at = c->header == 8 ? 0 : 32;
    const uint32_t n = (c->header + length + PAGE - 1) / PAGE;
    uint32_t write = rd32(c->cmd, 16);

    memset(c->record, 0, (size_t)n * PAGE);
    wr32(c->record, at + 4, c->seq++);
    if (c->header != 8)
        wr32(c->record, 40, n);
    wr32(rpc, 0, 0x03000000);
    wr32(rpc, 4, 0x43505256);
    wr32(rpc, 8, length);
    wr32(rpc, 12, function);
    if (bytes)
        memcpy(rpc + 32, payload, bytes);
    wr32(c->record, at, sum(c->record, c->header + length));
    for (uint32_t i = 0; i < n; i++)
        memcpy(c->cmd + PAGE + (write + i) % SLOTS * PAGE, c->record + i * PAGE, PAGE);
    wr32(c->cmd, 16, (write % SLOTS + n) % SLOTS);
    c->bus->ops->wr32(c->bus, 0, 0x110c00, 0);
    memcpy(c->cmd + 0x20, c->stat + 16, 4); /* everything is read */
}

static void
send_start(struct client *c, struct nvrm_abi abi)
{
    const struct nvrm_layout *info = nvrm_struct_find(abi, "GspSystemInfo");
    uint8_t zeroes[4096] = {8};

    send_record(c, 73, zeroes, 8);
    zeroes[0] = 0;
    if (info)
        send_record(c, 72, zeroes, info->size);
}

/* Objects that fuzzed requests can name: client 1, device 2, subdevice 3. */
static void
send_tree(struct client *c)
{
    static const uint32_t rows[][4] = {
        {1, 0, 1, 0     },
        {1, 1, 2, 0x80  },
        {1, 2, 3, 0x2080}
    };
    uint32_t p[22] = {0};

    for (int i = 0; i < 3; i++) {
        memcpy(p, rows[i], 16);
        p[5] = i == 0 ? 0 : i == 1 ? 56 : 4;
        send_record(c, 103, (uint8_t *)p, 32 + p[5]);
    }
}

static void
step(struct client *c, struct input *in)
{
    static const uint32_t functions[] = {103, 76, 10, 21, 4, 54, 79, 70, 65, 71, 72, 73, 1, 47};
    const uint32_t what = take(in, 1), n = take(in, 2);
    uint32_t bytes = n, offset, function;

    switch (what % 8) {
    default:
        function = what < 0xf0 ? functions[what / 8 % 14] : take(in, 2);
        if (bytes > in->left)
            bytes = (uint32_t)in->left;
        if (bytes > 0xffd0 - 32)
            bytes = 0xffd0 - 32;
        if (c->block.cpu)
            send_record(c, function, in->p, bytes);
        in->p += bytes;
        in->left -= bytes;
        break;
    case 5: /* bytes over the queue memory */
        offset = take(in, 4) % (PAGE + 2 * QUEUE - 64);
        if (c->block.cpu)
            memcpy((uint8_t *)c->block.cpu + offset, in->p, in->left < 64 ? in->left : 64);
        c->bus->ops->wr32(c->bus, 0, 0x110c00, 0);
        break;
    case 6:
        c->bus->ops->wr32(c->bus, n & 3, take(in, 4) & 0x1ffffc, take(in, 4));
        c->bus->ops->config_write(c->bus, n & 0xfff, 4, take(in, 4));
        c->bus->ops->rd32(c->bus, 0, n * 64u);
        break;
    case 7:
        if (n == 0xdead)
            c->bus->ops->dma_free(c->bus, &c->block);
        c->bus->ops->irq_wait(c->bus, 0);
        break;
    }
}

static void
run(struct client *c, struct nvrm_abi abi, struct input *in)
{
    const struct nvrm_layout *l = nvrm_struct_find(abi, "GSP_MSG_QUEUE_ELEMENT");
    const struct nvrm_field *f = l ? nvrm_field_find(abi.schema, l, "rpc") : NULL;
    const uint32_t how = take(in, 1);

    c->header = f ? f->offset : 0x30;
    c->bus = emu_gpu_bus(c->gpu);
    make_memory(c);
    if (nvrm_release_name(abi.schema, abi.release)[0] == '5' &&
        strncmp(nvrm_release_name(abi.schema, abi.release), "595", 3) >= 0)
        make_595(c);
    if (how & 1) /* fuzzed arguments and headers */
        memcpy(how & 2 ? c->args.cpu : c->rmargs.cpu, in->p, in->left < 256 ? in->left : 256);
    if (how & 4)
        memcpy(c->cmd, in->p, in->left < 32 ? in->left : 32);
    send_start(c, abi);
    c->bus->ops->direct_start(c->bus, c->args.bus_addr);
    if (!(how & 5))
        send_tree(c);
    for (int i = 0; i < MAX_STEPS && in->left; i++)
        step(c, in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct nvrm_abi abi = {.schema = nvrm_schema_builtin()};
    struct emu_config config = {0};
    struct client *c = calloc(1, sizeof(*c));

    if (!c)
        abort();
    abi.release = (nvrm_release)(take(&in, 1) % nvrm_release_count(abi.schema));
    config.abi = abi;
    config.chip = emu_chip_at(take(&in, 1) % emu_chip_count())->name;
    if (emu_gpu_create(&config, &c->gpu, NULL, 0) == 0) {
        run(c, abi, &in);
        emu_gpu_destroy(c->gpu);
    }
    free(c);
    return 0;
}
