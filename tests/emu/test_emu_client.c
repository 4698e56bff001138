/* SPDX-License-Identifier: MIT */
/*
 * The calls that a known user-space client makes on AD102 with 570.144, from start to a
 * scheduled compute channel with a copy channel beside it, byte for byte where bytes matter.
 */
#include "raw_client.h"
#include "test.h"

enum {
    PRIVILEGED = 0xc1e00004u,
    USER = 0xc1000000u,
    COMPUTE = 0xc9c0,
    COPY = 0xc7b5,
    CHANNEL = 0xc56f,
    VASPACE = 0x90f1,
    PROMOTE = 0x2080012b,
};

/* Handles count up, as that client's do. */
static uint32_t next = 0xcf000000u;

static uint32_t
alloc(struct raw *r, uint32_t client, uint32_t parent, uint32_t cls, const void *params,
      uint32_t bytes)
{
    const uint32_t handle = cls == 0 ? client : next++;
    const uint32_t status = raw_alloc(r, client, parent, handle, cls, params, bytes);

    if (status)
        fail_msg("class 0x%x: status 0x%x, %s", cls, status, emu_gpu_note_at(r->gpu, 0));
    return handle;
}

static void
control(struct raw *r, uint32_t client, uint32_t object, uint32_t cmd, void *params,
        uint32_t bytes)
{
    const uint32_t status = raw_control(r, client, object, cmd, params, bytes);

    if (status)
        fail_msg("control 0x%x: status 0x%x, %s", cmd, status, emu_gpu_note_at(r->gpu, 0));
}

struct tree {
    uint32_t client, device, subdevice;
};

static struct tree
make_tree(struct raw *r, uint32_t client)
{
    const uint32_t root[30] = {client, 0xffffffff}, device[14] = {0, client}, zero = 0;
    struct tree t = {.client = client};

    alloc(r, client, 0, 0, root, sizeof(root));
    t.device = alloc(r, client, client, 0x80, device, sizeof(device));
    t.subdevice = alloc(r, client, t.device, 0x2080, &zero, sizeof(zero));
    return t;
}

/* NV_CHANNEL_ALLOC_PARAMS, 368 bytes */
static uint32_t
make_channel(struct raw *r, const struct tree *t, uint32_t parent, uint32_t share,
             uint32_t vaspace, uint32_t flags)
{
    uint32_t p[92] = {0};

    p[2] = 0x1000;  /* gpFifoOffset */
    p[4] = 32;      /* gpFifoEntries */
    p[5] = flags;   /* the channel's number among them, or none */
    p[6] = share;   /* hContextShare */
    p[7] = vaspace; /* hVASpace */
    p[32] = 1;      /* engineType */
    return alloc(r, t->client, parent, CHANNEL, p, sizeof(p));
}

static void
promote(struct raw *r, const struct tree *t, uint32_t channel)
{
    uint32_t p[140] = {1, t->client, 0, t->client, channel};

    p[10] = 3; /* entryCount */
    control(r, t->client, t->subdevice, PROMOTE, p, sizeof(p));
}

static void
reserve_pdes(struct raw *r, const struct tree *t, uint32_t vaspace)
{
    uint64_t p[23] = {t->subdevice, 0x20000000, 0x1000000000, 0x101fffffff, 3};

    control(r, t->client, vaspace, 0x90f10106, p, sizeof(p));
}

/* The golden context: RM makes it when the first graphics object is bound. */
static void
prepare(struct raw *r)
{
    const struct tree t = make_tree(r, PRIVILEGED);
    const uint8_t vaspace_params[48] = {0};
    uint8_t table[3212] = {0}, buffers[1664] = {0};
    const uint32_t vaspace = alloc(r, t.client, t.device, VASPACE, vaspace_params, 48);
    uint32_t channel;

    control(r, t.client, t.subdevice, 0x20801112, table, sizeof(table));
    reserve_pdes(r, &t, vaspace);
    channel = make_channel(r, &t, t.device, 0, vaspace, 0x200320);
    control(r, t.client, t.subdevice, 0x20800a32, buffers, sizeof(buffers));
    assert_int_not_equal(*(uint32_t *)(void *)buffers, 0);
    promote(r, &t, channel);
    alloc(r, t.client, channel, COMPUTE, NULL, 0);
    alloc(r, t.client, channel, COPY, NULL, 0);
}

static void
set_page_directory(struct raw *r, const struct tree *t, uint32_t vaspace)
{
    uint32_t p[12] = {t->client, t->device, 0xffffffff, 0};

    p[4] = 0x1000000; /* physAddress */
    p[6] = 4;         /* numEntries */
    p[7] = 8;         /* flags */
    p[8] = vaspace;
    p[10] = 1; /* subDeviceId */
    p[11] = 0xffffffff;
    assert_int_equal(raw_rpc(r, RAW_FN_SET_PAGE_DIRECTORY, p, sizeof(p)), 0);
}

static void
a_compute_client_gets_as_far_as_a_scheduled_channel(void **state)
{
    uint32_t boost[2] = {0}, memory[6] = {0}, group[5] = {0}, share[3] = {0}, debugger[3] = {0};
    uint8_t vaspace_params[48] = {0}, info[3712] = {0}, on[4] = {1};
    uint32_t vaspace, tsg, ctxshare, compute, copy, token = 0xffffffff, unload[2] = {0};
    struct tree t;
    struct raw r;

    (void)state;
    raw_boot(&r, "570.144", "AD102", NULL);
    prepare(&r);
    t = make_tree(&r, USER);
    alloc(&r, t.client, t.device, 0x70, memory, sizeof(memory));
    control(&r, t.client, t.subdevice, 0x2080200a, boost, sizeof(boost));
    vaspace = alloc(&r, t.client, t.device, VASPACE, vaspace_params, 48);
    set_page_directory(&r, &t, vaspace);
    group[3] = 1;
    tsg = alloc(&r, t.client, t.device, 0xa06c, group, sizeof(group));
    share[0] = vaspace;
    ctxshare = alloc(&r, t.client, tsg, 0x9067, share, sizeof(share));
    compute = make_channel(&r, &t, tsg, ctxshare, 0, 0);
    debugger[2] = alloc(&r, t.client, compute, COMPUTE, NULL, 0);
    promote(&r, &t, compute);
    promote(&r, &t, compute);
    debugger[1] = t.client;
    alloc(&r, t.client, t.device, 0x83de, debugger, sizeof(debugger));
    control(&r, t.client, compute, 0xc36f0108, &token, sizeof(token));
    assert_int_not_equal(token, 0xffffffff);
    copy = make_channel(&r, &t, tsg, ctxshare, 0, 0);
    alloc(&r, t.client, copy, COPY, NULL, 0);
    control(&r, t.client, copy, 0xc36f0108, &token, sizeof(token));
    control(&r, t.client, tsg, 0xa06c0101, on, 2);
    control(&r, t.client, t.subdevice, 0x20800a2a, info, sizeof(info));
    assert_int_equal(raw_rpc(&r, RAW_FN_UNLOADING, unload, sizeof(unload)), 0);
    raw_close(&r);
}

static void
a_debugger_needs_the_client_that_it_debugs(void **state)
{
    const uint32_t debugger[3] = {0, 0xbad};
    struct raw r;

    (void)state;
    raw_boot(&r, "570.144", "AD102", NULL);
    raw_tree(&r);
    assert_int_equal(
        raw_alloc(&r, RAW_CLIENT, RAW_DEVICE, 9, 0x83de, debugger, sizeof(debugger)), 0x33);
    raw_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compute_client_gets_as_far_as_a_scheduled_channel),
        cmocka_unit_test(a_debugger_needs_the_client_that_it_debugs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
