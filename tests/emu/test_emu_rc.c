/* SPDX-License-Identifier: MIT */
/* Recovery: which errors stop a channel, what is written and sent, and that others go on. */
#include "exec_client.h"
#include "test.h"

/* Errors */

/* Timestamp, info32, info16, status */
static void
check_notifier(struct exec_channel *c, uint32_t xid)
{
    assert_true(exec_rd64(c->x, c->notifier) > 0);
    assert_int_equal(exec_rd(c->x, c->notifier + 8), xid);
    assert_int_equal(exec_rd(c->x, c->notifier + 12) >> 16, 0xffff);
}

static void
bad_methods_stop_the_channel_and_no_other(void **state)
{
    static const struct {
        uint32_t subch, method, data, xid;
    } rows[] = {
        {0, 0x04,  0,      32}, /* ILLEGAL */
        {0, 0x90,  0,      32}, /* no host method */
        {3, 0x100, 0,      32}, /* nothing is bound to subchannel 3 */
        {0, 0x00,  0xc9b5, 69}, /* a class of another chip */
        {0, 0x00,  0xc9c0, 69}, /* compute on a copy runlist */
        {0, 0x00,  0x1234, 69}, /* no class */
        {0, 0x34,  0,      32}, /* MEM_OP_D without an operation */
        {0, 0x6c,  7,      32}, /* SEM_EXECUTE without an operation */
        {0, 0x1c,  3,      32}, /* SEMAPHORED with two */
    };
    struct exec_channel good;
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    exec_channel(&x, &good, EXEC_COPY2, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exec_channel c;
        uint32_t chid = 99;

        exec_channel(&x, &c, EXEC_COPY2, 0);
        EXEC_METHOD(&c, rows[i].subch, rows[i].method, rows[i].data);
        exec_release(&c, EXEC_DATA, 1);
        exec_kick(&c);
        if (exec_error(&x, &chid, NULL, 0) != rows[i].xid)
            fail_msg("row %zu: another Xid", i);
        assert_int_equal(chid, c.chid);
        assert_int_equal(exec_rd(&x, EXEC_DATA), 0);
        check_notifier(&c, rows[i].xid);
        exec_ring(&c);
        assert_int_equal(exec_rd(&x, EXEC_DATA), 0);
        exec_release(&good, EXEC_DATA + 4, (uint32_t)i + 1);
        exec_kick(&good);
        assert_int_equal(exec_rd(&x, EXEC_DATA + 4), i + 1);
    }
    assert_int_equal(exec_rd(&x, good.notifier + 8), 0);
    exec_close(&x);
}

static void
misaligned_semaphores_are_errors(void **state)
{
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    for (unsigned i = 0; i < 2; i++) {
        struct exec_channel c;

        exec_channel(&x, &c, EXEC_COPY2, 0);
        exec_semaphore(&c, DATA + 4, 1, RELEASE | (i ? TIMESTAMP : WIDE));
        exec_kick(&c);
        assert_int_equal(exec_error(&x, NULL, NULL, 0), 32);
    }
    exec_close(&x);
}

/* RC_TRIGGERED of 570.144: engine, chid, gfid, level, type, scope, attribution, address, fault
 * type */
static void
recovery_is_reported_with_the_fault(void **state)
{
    struct exec_channel c;
    uint32_t w[9];
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "AD102");
    exec_semaphore(&c, UINT64_C(0x7f00001230), 1, RELEASE);
    exec_kick(&c);
    while (raw_receive(&x.r) && x.r.function != 0x1004)
        ;
    assert_int_equal(x.r.function, 0x1004);
    memcpy(w, x.r.payload, sizeof(w));
    assert_int_equal(w[1], c.chid);
    assert_int_equal(w[4], 31);
    assert_int_equal(w[7], 0x00001230);
    assert_int_equal(w[8], 0x7f);
    exec_close(&x);
}

/* NV83DE_CTRL_DEBUG_READ_ALL_SM_ERROR_STATES_PARAMS and ..READ_MMU_FAULT_INFO_PARAMS as words
 */
static void
a_debugger_reads_the_fault_of_its_channel(void **state)
{
    enum { ALL_BYTES = 4824, VALID = 1203, FAULT_BYTES = 72, COUNT = 16 };
    uint32_t session[3] = {0, RAW_CLIENT, 0xc0de}, all[ALL_BYTES / 4] = {0, 100};
    uint32_t info[FAULT_BYTES / 4] = {0}, clear[2] = {0, 100};
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    exec_channel(&x, &c, EXEC_GR0, 0);
    assert_int_equal(raw_alloc(&x.r, RAW_CLIENT, RAW_DEVICE, 0x99, 0x83de, session, 12), 0x36);
    session[2] = c.handle;
    assert_int_equal(raw_alloc(&x.r, RAW_CLIENT, RAW_DEVICE, 0x99, 0x83de, session, 12), 0x31);
    assert_int_equal(raw_alloc(&x.r, RAW_CLIENT, c.handle, 0xc0de, x.chip.compute, NULL, 0), 0);
    session[2] = 0xc0de;
    assert_int_equal(raw_alloc(&x.r, RAW_CLIENT, RAW_DEVICE, 0x99, 0x83de, session, 12), 0);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x99, 0x83de030c, all, ALL_BYTES), 0);
    assert_int_equal(all[VALID] & 0xff, 0);
    exec_semaphore(&c, UINT64_C(0x7f00001230), 1, RELEASE);
    exec_kick(&c);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x99, 0x83de030c, all, ALL_BYTES), 0);
    assert_int_equal(all[VALID] & 0xff, 1);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x99, 0x83de0328, info, FAULT_BYTES), 0);
    assert_int_equal(info[COUNT], 1);
    assert_int_equal(info[0], 0x1230);
    assert_int_equal(info[1], 0x7f);
    assert_int_equal(info[3], 1); /* a write */
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x99, 0x83de0310, clear, 8), 0);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x99, 0x83de030c, all, ALL_BYTES), 0);
    assert_int_equal(all[VALID] & 0xff, 0);
    exec_close(&x);
}

static void
a_group_falls_together(void **state)
{
    const uint32_t vas = EXEC_CLIENT_VAS;
    uint32_t group[5] = {0, 0, 0, EXEC_COPY2}, share[3] = {vas};
    struct exec_channel c[2];
    uint8_t params[368];
    uint16_t on = 1;
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    assert_int_equal(raw_alloc(&x.r, RAW_CLIENT, RAW_DEVICE, 0x90, 0xa06c, group, 20), 0);
    assert_int_equal(raw_alloc(&x.r, RAW_CLIENT, 0x90, 0x91, 0x9067, share, 12), 0);
    for (unsigned i = 0; i < 2; i++) {
        uint32_t token[2] = {0};

        exec_params(&x, &c[i], EXEC_COPY2, params);
        memcpy(params + 24, &(uint32_t){0x91}, 4); /* hContextShare */
        memcpy(params + 28, &(uint32_t){0}, 4);
        assert_int_equal(
            raw_alloc(&x.r, RAW_CLIENT, 0x90, c[i].handle, x.chip.channel, params, 368), 0);
        assert_int_equal(raw_control(&x.r, RAW_CLIENT, c[i].handle, 0xc36f0108, token, 4), 0);
        c[i].chid = token[0];
        c[i].runlist = 1;
    }
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x90, 0xa06c0101, &on, 2), 0);
    exec_release(&c[1], EXEC_DATA, 1);
    exec_kick(&c[1]);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 1);
    EXEC_METHOD(&c[0], 0, 4, 0);
    exec_kick(&c[0]);
    check_notifier(&c[0], 32);
    check_notifier(&c[1], 32);
    exec_release(&c[1], EXEC_DATA, 2);
    exec_kick(&c[1]);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 1);
    exec_close(&x);
}

/* The notifier's memory may be an object that the client described page by page. */
static void
notifiers_are_found_by_handle(void **state)
{
    uint32_t words[16] = {RAW_CLIENT, RAW_DEVICE, 0x3e0, 0x3e}, v;
    uint32_t engine = EXEC_COPY2, token[2] = {0};
    struct exec_channel c;
    uint8_t params[368];
    uint16_t on = 1;
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    words[8] = 0x1000; /* length */
    words[10] = 1;     /* pageCount */
    words[12] = 1 << 16;
    words[14] = (uint32_t)(x.sys.bus_addr >> 12);
    assert_int_equal(raw_rpc(&x.r, RAW_FN_ALLOC_MEMORY, words, 64), 0);
    exec_params(&x, &c, EXEC_COPY2, params);
    memcpy(params, &words[2], 4); /* hObjectError */
    memset(params + 248, 0, 24);  /* no errorNotifierMem */
    assert_int_equal(
        raw_alloc(&x.r, RAW_CLIENT, RAW_DEVICE, c.handle, x.chip.channel, params, 368), 0);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xa06f0104, &engine, 4), 0);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xa06f0103, &on, 2), 0);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xc36f0108, token, 4), 0);
    c.chid = token[0];
    c.runlist = 1;
    EXEC_METHOD(&c, 0, 4, 0);
    exec_kick(&c);
    memcpy(&v, (uint8_t *)x.sys.cpu + 8, 4);
    assert_int_equal(v, 32);
    exec_close(&x);
}

/* Recovery is GSP-RM's: without it the channel stops, and no notifier says so. */
static void
without_gsp_rm_nobody_reports(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", "fn:GET_GSP_STATIC_INFO=crash");
    exec_channel(&x, &c, EXEC_COPY2, 0);
    raw_put(&x.r, raw_make(&x.r, RAW_FN_STATIC_INFO, NULL, 0));
    raw_ring(&x.r);
    exec_release(&c, EXEC_DATA, 1); /* channels go on without it */
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 1);
    EXEC_METHOD(&c, 0, 4, 0);
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, c.notifier + 8), 0);
    assert_int_equal(exec_error(&x, NULL, NULL, 0), 0);
    exec_release(&c, EXEC_DATA, 2);
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 1);
    exec_close(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_methods_stop_the_channel_and_no_other),
        cmocka_unit_test(misaligned_semaphores_are_errors),
        cmocka_unit_test(recovery_is_reported_with_the_fault),
        cmocka_unit_test(a_debugger_reads_the_fault_of_its_channel),
        cmocka_unit_test(a_group_falls_together),
        cmocka_unit_test(notifiers_are_found_by_handle),
        cmocka_unit_test(without_gsp_rm_nobody_reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
