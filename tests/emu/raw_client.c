/* SPDX-License-Identifier: MIT */
/*
 * The raw client: queues, records and RPCs by hand.
 */
#include "raw_client.h"

#include "test.h"

/* Sizes of the four releases that everything is tested on, counted by hand from their headers.
 */
const struct raw_release raw_releases[4] = {
    {"535.113.01", 0x30, 24, 664, 108, 80,  true,  false},
    {"570.144",    0x30, 24, 928, 120, 72,  false, false},
    {"580.126.20", 0x30, 40, 936, 120, 88,  false, false},
    {"595.45.04",  0x30, 40, 944, 120, 136, false, true },
};

static void
wr32(uint8_t *p, uint32_t offset, uint32_t value)
{
    memcpy(p + offset, &value, 4);
}

static void
wr64(uint8_t *p, uint32_t offset, uint64_t value)
{
    memcpy(p + offset, &value, 8);
}

static uint32_t
rd32(const uint8_t *p, uint32_t offset)
{
    uint32_t value;

    memcpy(&value, p + offset, 4);
    return value;
}

struct nvrm_abi
raw_abi(const char *release)
{
    struct nvrm_abi abi = {.schema = nvrm_schema_builtin()};

    abi.release = nvrm_release_find(abi.schema, release);
    assert_int_not_equal(abi.release, NVRM_NO_RELEASE);
    return abi;
}

static uint32_t
size_of(struct nvrm_abi abi, const char *name)
{
    const struct nvrm_layout *l = nvrm_struct_find(abi, name);

    assert_non_null(l);
    return l->size;
}

struct raw_release
raw_release_of(struct nvrm_abi abi)
{
    const char *name = nvrm_release_name(abi.schema, abi.release);
    struct raw_release rel = {.name = name, .element_header = 0x30, .control_header = 24};
    const unsigned branch = (unsigned)strtoul(name, NULL, 10);

    for (size_t i = 0; i < 4; i++)
        if (!strcmp(raw_releases[i].name, name))
            return raw_releases[i];
    if (!strcmp(name, "535.54.03"))
        rel.element_header = 8;
    if (branch >= 575)
        rel.control_header = 40;
    rel.lockless = branch < 555;
    rel.element_sizes = branch >= 595;
    rel.system_info = size_of(abi, "GspSystemInfo");
    rel.root_params = size_of(abi, "NV0000_ALLOC_PARAMETERS");
    rel.rmargs = size_of(abi, "GSP_ARGUMENTS_CACHED");
    return rel;
}

/* Set-up */

static void
make_block(struct raw *r)
{
    uint8_t *p;

    assert_int_equal(r->bus->ops->dma_alloc(r->bus, RAW_PAGE + 2 * RAW_QUEUE_BYTES, &r->block),
                     0);
    p = r->block.cpu;
    for (uint32_t i = 0; i < RAW_PAGES; i++)
        wr64(p, i * 8, r->block.bus_addr + (uint64_t)i * RAW_PAGE);
    r->cmd = p + RAW_PAGE;
    r->stat = r->cmd + RAW_QUEUE_BYTES;
    wr32(r->cmd, 4, RAW_QUEUE_BYTES);
    wr32(r->cmd, 8, RAW_PAGE);
    wr32(r->cmd, 12, RAW_SLOTS);
    wr32(r->cmd, 20, 1);
    wr32(r->cmd, 24, 0x20);
    wr32(r->cmd, 28, RAW_PAGE);
}

static void
make_rmargs(struct raw *r)
{
    uint8_t *p;

    assert_int_equal(r->bus->ops->dma_alloc(r->bus, RAW_PAGE, &r->rmargs), 0);
    p = r->rmargs.cpu;
    wr64(p, 0, r->block.bus_addr);
    wr32(p, 8, RAW_PAGES);
    wr64(p, 16, RAW_PAGE);
    wr64(p, 24, RAW_PAGE + RAW_QUEUE_BYTES);
    if (!r->rel.element_sizes)
        return;
    wr64(p, 32, 0x30);
    wr64(p, 40, 0x1000);
    wr64(p, 48, 0x10000);
    wr32(p, 56, 4);
    wr32(p, 60, 12);
}

static void
put_arg(uint8_t *p, const char *name, uint64_t pa, uint64_t size)
{
    uint64_t id = 0;

    while (*name)
        id = id << 8 | (uint8_t)*name++;
    wr64(p, 0, id);
    wr64(p, 8, pa);
    wr64(p, 16, size);
    p[24] = 1; /* contiguous */
    p[25] = 1; /* system memory */
}

static void
make_args(struct raw *r)
{
    assert_int_equal(r->bus->ops->dma_alloc(r->bus, 2 * RAW_PAGE, &r->args), 0);
    put_arg(r->args.cpu, "LOGINIT", r->args.bus_addr + RAW_PAGE, RAW_PAGE);
    put_arg((uint8_t *)r->args.cpu + 32, "RMARGS", r->rmargs.bus_addr, RAW_PAGE);
}

void
raw_open(struct raw *r, const char *release, const char *chip, const char *inject)
{
    const struct emu_config config = {.chip = chip, .abi = raw_abi(release), .inject = inject};

    raw_open_with(r, &config);
}

void
raw_open_with(struct raw *r, const struct emu_config *config)
{
    char message[256] = "";

    memset(r, 0, sizeof(*r));
    r->rel = raw_release_of(config->abi);
    if (emu_gpu_create(config, &r->gpu, message, sizeof(message)) != 0)
        fail_msg("%s", message);
    r->bus = emu_gpu_bus(r->gpu);
    r->payload = malloc(4 << 20);
    assert_non_null(r->payload);
    make_block(r);
    make_rmargs(r);
    make_args(r);
}

void
raw_close(struct raw *r)
{
    r->bus->ops->dma_free(r->bus, &r->args);
    r->bus->ops->dma_free(r->bus, &r->rmargs);
    r->bus->ops->dma_free(r->bus, &r->block);
    emu_gpu_destroy(r->gpu);
    free(r->payload);
}

int
raw_start(struct raw *r)
{
    return r->bus->ops->direct_start(r->bus, r->args.bus_addr);
}

void
raw_enable_interrupt(struct raw *r)
{
    r->bus->ops->wr32(r->bus, 0, 0xb81200 + 4 * 4, 1 << 27);
    r->bus->ops->wr32(r->bus, 0, 0xb81608, 1 << 2);
}

void
raw_send_system_info(struct raw *r)
{
    uint8_t info[2048] = {0};

    raw_send(r, RAW_FN_SET_SYSTEM_INFO, info, r->rel.system_info);
}

void
raw_send_registry(struct raw *r)
{
    static const char name[] = "RMForcePcieConfigSave";
    uint8_t table[64] = {0};
    const uint32_t bytes = 8 + 16 + sizeof(name);

    wr32(table, 0, bytes);
    wr32(table, 4, 1);
    wr32(table, 8, 24); /* nameOffset */
    table[12] = 1;      /* a dword */
    wr32(table, 16, 1);
    wr32(table, 20, 4);
    memcpy(table + 24, name, sizeof(name));
    raw_send(r, RAW_FN_SET_REGISTRY, table, bytes);
}

void
raw_boot(struct raw *r, const char *release, const char *chip, const char *inject)
{
    raw_open(r, release, chip, inject);
    raw_send_system_info(r);
    raw_send_registry(r);
    assert_int_equal(raw_start(r), 0);
    assert_true(raw_receive(r));
    assert_int_equal(r->function, RAW_EV_INIT_DONE);
    assert_int_equal(r->result, 0);
}

/* Sending */

static uint32_t
sum(const uint8_t *p, uint32_t bytes)
{
    uint64_t total = 0, word;

    for (uint32_t i = 0; i < bytes; i += 8) {
        memcpy(&word, p + i, 8);
        total ^= word;
    }
    return (uint32_t)(total >> 32) ^ (uint32_t)total;
}

static uint32_t
sum_at(const struct raw *r)
{
    return r->rel.element_header == 8 ? 0 : 32;
}

void
raw_seal(struct raw *r)
{
    const uint32_t at = sum_at(r), length = rd32(r->out, r->rel.element_header + 8);

    wr32(r->out, at, 0);
    wr32(r->out, at, sum(r->out, r->rel.element_header + length));
}

static uint32_t
elements_of(const struct raw *r, uint32_t length)
{
    return (r->rel.element_header + length + RAW_PAGE - 1) / RAW_PAGE;
}

static uint32_t
make(struct raw *r, uint32_t function, uint32_t sequence, const void *payload, uint32_t bytes)
{
    uint8_t *rpc = r->out + r->rel.element_header;
    const uint32_t length = 32 + bytes, n = elements_of(r, length);

    memset(r->out, 0, sizeof(r->out));
    wr32(r->out, sum_at(r) + 4, r->tx_seq++);
    if (r->rel.element_header != 8)
        wr32(r->out, 40, n);
    wr32(rpc, 0, 0x03000000);
    wr32(rpc, 4, 0x43505256);
    wr32(rpc, 8, length);
    wr32(rpc, 12, function);
    wr32(rpc, 16, 0xffffffff);
    wr32(rpc, 20, 0xffffffff);
    wr32(rpc, 24, sequence);
    if (bytes)
        memcpy(rpc + 32, payload, bytes);
    raw_seal(r);
    return n;
}

uint32_t
raw_make(struct raw *r, uint32_t function, const void *payload, uint32_t bytes)
{
    return make(r, function, r->sequence++, payload, bytes);
}

void
raw_put(struct raw *r, uint32_t elements)
{
    uint32_t write = rd32(r->cmd, 16);

    for (uint32_t i = 0; i < elements; i++)
        memcpy(r->cmd + RAW_PAGE + (write + i) % RAW_SLOTS * RAW_PAGE, r->out + i * RAW_PAGE,
               RAW_PAGE);
    wr32(r->cmd, 16, (write + elements) % RAW_SLOTS);
}

void
raw_ring(struct raw *r)
{
    r->bus->ops->wr32(r->bus, 0, 0x110c00, 0);
}

void
raw_send(struct raw *r, uint32_t function, const void *payload, uint32_t bytes)
{
    const uint32_t room = 0x10000 - r->rel.element_header - 32;
    const uint8_t *p = payload;
    uint32_t n = bytes < room ? bytes : room;

    raw_put(r, raw_make(r, function, p, n));
    raw_ring(r);
    for (uint32_t done = n; done < bytes; done += n) {
        n = bytes - done < room ? bytes - done : room;
        raw_put(r, raw_make(r, RAW_FN_CONTINUATION, p + done, n));
        raw_ring(r);
    }
}

/* Receiving */

bool
raw_receive(struct raw *r)
{
    const uint8_t *rpc = r->in + r->rel.element_header;
    uint32_t read, write, length, n;

    r->bus->ops->rd32(r->bus, 0, 0x110008); /* lets the card put out what waits */
    read = rd32(r->cmd, 0x20);
    write = rd32(r->stat, 16);
    if (read == write)
        return false;
    memcpy(r->in, r->stat + RAW_PAGE + read * RAW_PAGE, RAW_PAGE);
    length = rd32(rpc, 8);
    n = r->rel.element_header == 8 ? elements_of(r, length) : rd32(r->in, 40);
    assert_in_range(n, 1, 16);
    for (uint32_t i = 1; i < n; i++)
        memcpy(r->in + i * RAW_PAGE, r->stat + RAW_PAGE + (read + i) % RAW_SLOTS * RAW_PAGE,
               RAW_PAGE);
    assert_in_range(length, 32, 0x10000 - r->rel.element_header);
    assert_int_equal(n, elements_of(r, length));
    assert_int_equal(sum(r->in, r->rel.element_header + length), 0);
    assert_int_equal(rd32(r->in, sum_at(r) + 4), r->rx_seq++);
    assert_int_equal(rd32(rpc, 0), 0x03000000);
    assert_int_equal(rd32(rpc, 4), 0x43505256);
    wr32(r->cmd, 0x20, (read + n) % RAW_SLOTS);
    r->function = rd32(rpc, 12);
    r->result = rd32(rpc, 16);
    r->reply_sequence = rd32(rpc, 24);
    r->payload_bytes = length - 32;
    memcpy(r->payload, rpc + 32, r->payload_bytes);
    return true;
}

bool
raw_answer(struct raw *r, uint32_t function, uint32_t bytes)
{
    uint32_t have, result;

    do {
        if (!raw_receive(r))
            return false;
    } while (r->function != function);
    result = r->result;
    for (have = r->payload_bytes; have < bytes; have += r->payload_bytes) {
        const uint32_t first = r->reply_sequence;
        uint8_t *all = malloc(have);

        memcpy(all, r->payload, have);
        if (!raw_receive(r)) {
            free(all);
            return false;
        }
        assert_int_equal(r->function, RAW_FN_CONTINUATION);
        assert_int_equal(r->reply_sequence, first + 1);
        memmove(r->payload + have, r->payload, r->payload_bytes);
        memcpy(r->payload, all, have);
        free(all);
    }
    r->payload_bytes = have;
    r->function = function;
    r->result = result;
    return true;
}

/* RPCs */

uint32_t
raw_rpc(struct raw *r, uint32_t function, const void *payload, uint32_t bytes)
{
    raw_send(r, function, payload, bytes);
    if (!raw_answer(r, function, 0))
        fail_msg("no answer to function %u: %s", function, emu_gpu_note_at(r->gpu, 0));
    return r->result;
}

static uint32_t
make_alloc(uint8_t *p, uint32_t client, uint32_t parent, uint32_t object, uint32_t cls,
           const void *params, uint32_t bytes)
{
    wr32(p, 0, client);
    wr32(p, 4, parent);
    wr32(p, 8, object);
    wr32(p, 12, cls);
    wr32(p, 20, bytes);
    if (bytes && params)
        memcpy(p + 32, params, bytes);
    return 32 + bytes;
}

bool
raw_try_alloc(struct raw *r, uint32_t client, uint32_t parent, uint32_t object, uint32_t cls,
              const void *params, uint32_t bytes)
{
    uint8_t p[4096] = {0};

    raw_send(r, RAW_FN_ALLOC, p, make_alloc(p, client, parent, object, cls, params, bytes));
    return raw_answer(r, RAW_FN_ALLOC, 0) && r->result == 0;
}

uint32_t
raw_alloc(struct raw *r, uint32_t client, uint32_t parent, uint32_t object, uint32_t cls,
          const void *params, uint32_t bytes)
{
    uint8_t p[4096] = {0};
    uint32_t status;

    raw_rpc(r, RAW_FN_ALLOC, p, make_alloc(p, client, parent, object, cls, params, bytes));
    status = rd32(r->payload, 16);
    assert_int_equal(r->result, status);
    return status;
}

uint32_t
raw_control(struct raw *r, uint32_t client, uint32_t object, uint32_t cmd, void *params,
            uint32_t bytes)
{
    const uint32_t header = r->rel.control_header;
    uint8_t *p = calloc(1, header + bytes);
    uint32_t status;

    assert_non_null(p);
    wr32(p, 0, client);
    wr32(p, 4, object);
    wr32(p, 8, cmd);
    wr32(p, 16, bytes);
    if (bytes)
        memcpy(p + header, params, bytes);
    raw_send(r, RAW_FN_CONTROL, p, header + bytes);
    if (!raw_answer(r, RAW_FN_CONTROL, header + bytes))
        fail_msg("no answer to control 0x%08x: %s", cmd, emu_gpu_note_at(r->gpu, 0));
    assert_int_equal(r->result, 0);
    assert_int_equal(r->payload_bytes, header + bytes);
    status = rd32(r->payload, 12);
    if (bytes)
        memcpy(params, r->payload + header, bytes);
    free(p);
    return status;
}

uint32_t
raw_free(struct raw *r, uint32_t client, uint32_t object)
{
    uint8_t p[16] = {0};

    wr32(p, 0, client);
    wr32(p, 8, object);
    raw_rpc(r, RAW_FN_FREE, p, sizeof(p));
    assert_int_equal(r->result, rd32(r->payload, 12));
    return r->result;
}

uint32_t
raw_dup(struct raw *r, uint32_t client, uint32_t parent, uint32_t object, uint32_t client_src,
        uint32_t object_src)
{
    const uint32_t words[7] = {client, parent, object, client_src, object_src};

    raw_rpc(r, RAW_FN_DUP_OBJECT, words, sizeof(words));
    assert_int_equal(r->result, rd32(r->payload, 24));
    return r->result;
}

void
raw_tree(struct raw *r)
{
    uint8_t root[128] = {0}, device[56] = {0}, subdevice[4] = {0};

    wr32(root, 0, RAW_CLIENT);
    wr32(device, 4, RAW_CLIENT);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, 0, RAW_CLIENT, 0x0, root, r->rel.root_params), 0);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_CLIENT, RAW_DEVICE, 0x80, device, 56), 0);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, RAW_SUBDEVICE, 0x2080, subdevice, 4),
                     0);
}

void *
raw_counting_realloc(void *budget, void *old, size_t bytes)
{
    struct raw_budget *b = budget;
    void *p;

    if (!bytes) {
        b->live--;
        free(old);
        return NULL;
    }
    b->made++;
    if (b->left == 0)
        return NULL;
    if (b->left > 0)
        b->left--;
    p = realloc(old, bytes);
    if (p && !old)
        b->live++;
    return p;
}
