/* SPDX-License-Identifier: MIT */
/*
 * The sequence of calls that a client which works on cards was seen to make, up to work that is
 * done: a privileged client for the golden context, then a compute and a copy channel in one
 * group with a context share, one page directory for both.
 */
#include "exec_client.h"
#include "test.h"

#define DATA  (EXEC_VA + EXEC_DATA)
#define HI(v) (uint32_t)((uint64_t)(v) >> 32)
#define LO(v) (uint32_t)(v)

enum {
    PRIVILEGED = (int)0xc1e00004,
    DEVICE = 0xd1,
    SUBDEVICE = 0xd2,
    VAS = 0xd3,
    CHANNEL = 0xd4,
    OBJECTS = 0xd8,
    GROUP = 0x90,
    SHARE = 0x91,
    PROMOTE = 0x2080012b,
};

static uint32_t
alloc(struct exec *x, uint32_t client, uint32_t parent, uint32_t object, uint32_t cls,
      const void *params, uint32_t bytes)
{
    const uint32_t status = raw_alloc(&x->r, client, parent, object, cls, params, bytes);

    if (status)
        fail_msg("class 0x%x: status 0x%x", cls, status);
    return object;
}

static void
control(struct exec *x, uint32_t client, uint32_t object, uint32_t cmd, void *params,
        uint32_t bytes)
{
    const uint32_t status = raw_control(&x->r, client, object, cmd, params, bytes);

    if (status)
        fail_msg("control 0x%x: status 0x%x", cmd, status);
}

static void
promote(struct exec *x, uint32_t client, uint32_t subdevice, uint32_t channel)
{
    uint32_t p[140] = {1, client, 0, client, channel};

    p[10] = 3; /* entryCount */
    control(x, client, subdevice, PROMOTE, p, sizeof(p));
}

/* NV90F1_CTRL_VASPACE_COPY_SERVER_RESERVED_PDES_PARAMS: the client's page directories. */
static void
reserve_pdes(struct exec *x)
{
    uint64_t p[23] = {SUBDEVICE, 0x20000000, 0x1000000000, 0x101fffffff, 3};

    p[5] = x->root; /* levels[0]: physAddress, size, aperture (1: local), pageShift */
    p[6] = 32;
    p[7] = 1 | UINT64_C(47) << 32;
    control(x, (uint32_t)PRIVILEGED, VAS, 0x90f10106, p, sizeof(p));
}

/* #2 to #12: the golden context, on a channel whose number the client chose. */
static void
prepare(struct exec *x, struct exec_channel *c)
{
    const uint32_t client = (uint32_t)PRIVILEGED, flags = 0x200320, zero = 0;
    const uint32_t root[30] = {client, 0xffffffff}, device[14] = {0, client};
    const uint8_t vas[48] = {0};
    uint8_t params[368], table[3212] = {0}, buffers[1664] = {0};

    alloc(x, client, 0, client, 0, root, sizeof(root));
    alloc(x, client, client, DEVICE, 0x80, device, sizeof(device));
    alloc(x, client, DEVICE, SUBDEVICE, 0x2080, &zero, 4);
    alloc(x, client, DEVICE, VAS, 0x90f1, vas, sizeof(vas));
    control(x, client, SUBDEVICE, 0x20801112, table, sizeof(table));
    reserve_pdes(x);
    exec_params(x, c, EXEC_GR0, params);
    memcpy(params + 20, &flags, 4);
    memcpy(params + 28, &(uint32_t){VAS}, 4);
    alloc(x, client, DEVICE, CHANNEL, x->chip.channel, params, sizeof(params));
    control(x, client, SUBDEVICE, 0x20800a32, buffers, sizeof(buffers));
    promote(x, client, SUBDEVICE, CHANNEL);
    alloc(x, client, CHANNEL, OBJECTS, x->chip.compute, NULL, 0);
    alloc(x, client, CHANNEL, OBJECTS + 1, x->chip.copy, NULL, 0);
}

/* #22, #28: a channel of the group, and #27, #30: its token. */
static void
make_channel(struct exec *x, struct exec_channel *c, uint32_t cls)
{
    uint32_t token = 0xffffffff;
    uint8_t params[368];

    exec_params(x, c, 0, params);
    memcpy(params + 24, &(uint32_t){SHARE}, 4);
    memcpy(params + 28, &(uint32_t){0}, 4);
    alloc(x, RAW_CLIENT, GROUP, c->handle, x->chip.channel, params, sizeof(params));
    alloc(x, RAW_CLIENT, c->handle, c->handle + 0x100, cls, NULL, 0);
    control(x, RAW_CLIENT, c->handle, 0xc36f0108, &token, 4);
    c->chid = token;
    c->runlist = 0;
}

static void
the_captured_sequence_ends_with_bytes_that_moved(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint32_t group[5] = {0, 0, 0, EXEC_GR0}, share[3] = {EXEC_CLIENT_VAS, 1};
        struct exec_channel golden, compute, copy;
        uint16_t on = 1;
        struct exec x;

        exec_open(&x, exec_chips[i].name, NULL); /* #13 to #19 */
        prepare(&x, &golden);
        alloc(&x, RAW_CLIENT, RAW_DEVICE, GROUP, 0xa06c, group, sizeof(group));
        alloc(&x, RAW_CLIENT, GROUP, SHARE, 0x9067, share, sizeof(share));
        make_channel(&x, &compute, x.chip.compute);
        promote(&x, RAW_CLIENT, RAW_SUBDEVICE, compute.handle);
        make_channel(&x, &copy, x.chip.copy);
        assert_int_not_equal(compute.chid, copy.chid);
        assert_int_not_equal(compute.chid, 3); /* the golden context's */
        control(&x, RAW_CLIENT, GROUP, 0xa06c0101, &on, 2);

        exec_wr(&x, EXEC_DATA, 0x600d);
        exec_bind_copy(&copy);
        exec_copy(&copy, DATA, DATA + 0x1000, 4, DATA + 0x2000, 1);
        EXEC_METHOD(&compute, 1, 0, x.chip.compute);
        EXEC_METHOD(&compute, 1, 0x5c, LO(DATA) + 0x2000, HI(DATA), 1, 0, 0); /* acquire */
        EXEC_METHOD(&compute, 1, 0x1b00, HI(DATA), LO(DATA) + 0x3000, 2, 1 << 28);
        exec_kick(&compute);
        assert_int_equal(exec_rd(&x, EXEC_DATA + 0x3000), 0); /* it waits for the copy */
        exec_kick(&copy);
        assert_int_equal(exec_rd(&x, EXEC_DATA + 0x1000), 0x600d);
        assert_int_equal(exec_rd(&x, EXEC_DATA + 0x3000), 2);
        assert_int_equal(exec_error(&x, NULL, NULL, 0), 0);
        exec_close(&x);
    }
}

/* The privileged channel runs on the page directory that RM was given for its own entries. */
static void
the_golden_channel_sees_the_clients_page_tables(void **state)
{
    struct exec_channel golden;
    uint16_t on = 1;
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    prepare(&x, &golden);
    golden.chid = 3;
    control(&x, (uint32_t)PRIVILEGED, CHANNEL, 0xa06f0103, &on, 2);
    EXEC_METHOD(&golden, 0, 0x5c, LO(DATA), HI(DATA), 7, 0, 1);
    exec_kick(&golden);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 7);
    assert_int_equal(exec_rd64(&x, golden.instance + 0x200) & ~UINT64_C(0xfff), x.root);
    exec_close(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_captured_sequence_ends_with_bytes_that_moved),
        cmocka_unit_test(the_golden_channel_sees_the_clients_page_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
