/* SPDX-License-Identifier: MIT */
/* Controls of channels and groups that exist. */
#include "exec_client.h"
#include "test.h"

static void
groups_keep_their_time_slice(void **state)
{
    uint32_t group[5] = {0, 0, 0, EXEC_COPY2}, level = 2, preempt[2] = {0x0101, 1000000};
    uint64_t us = 0;
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    assert_int_equal(raw_alloc(&x.r, RAW_CLIENT, RAW_DEVICE, 0x90, 0xa06c, group, 20), 0);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x90, 0xa06c0104, &us, 8), 0);
    memcpy(&us, x.r.payload + x.r.rel.control_header, 8);
    assert_true(us > 0);
    us = 5000;
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x90, 0xa06c0103, &us, 8), 0);
    us = 0;
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x90, 0xa06c0103, &us, 8), 0x1f);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x90, 0xa06c0104, &us, 8), 0);
    memcpy(&us, x.r.payload + x.r.rel.control_header, 8);
    assert_int_equal(us, 5000);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x90, 0xa06c0107, &level, 4), 0);
    level = 3;
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x90, 0xa06c0107, &level, 4), 0x1f);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x90, 0xa06c0105, preempt, 8), 0);
    preempt[1]++;
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, 0x90, 0xa06c0105, preempt, 8), 0x1f);
    exec_close(&x);
}

static void
a_stopped_channel_runs_again_when_it_is_scheduled(void **state)
{
    uint8_t at_once = 1;
    uint16_t on = 1;
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "AD102");
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xa06f0112, &at_once, 1), 0);
    exec_semaphore(&c, DATA, 1, RELEASE);
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 0);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xa06f0103, &on, 2), 0);
    exec_ring(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 1);
    exec_close(&x);
}

/* NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS: bDisable, numChannels, two flags, a pointer, 64
 * clients, 64 channels */
static void
disabled_channels_go_on_where_they_were(void **state)
{
    uint32_t p[134] = {1, 1};
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "AD102");
    EXEC_METHOD(&c, 0, 0x5c, LO(DATA), HI(DATA), 1, 0, 0); /* an acquire in the middle */
    exec_semaphore(&c, DATA + 4, 1, RELEASE);
    exec_kick(&c);
    p[6] = RAW_CLIENT;
    p[70] = c.handle;
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, RAW_SUBDEVICE, 0x2080110b, p, sizeof(p)), 0);
    exec_wr(&x, EXEC_DATA, 1);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 4), 0);
    p[0] = 0;
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, RAW_SUBDEVICE, 0x2080110b, p, sizeof(p)), 0);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 4), 1);
    p[70] = 0x999;
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, RAW_SUBDEVICE, 0x2080110b, p, sizeof(p)),
                     0x57);
    exec_close(&x);
}

static void
a_reset_stops_the_channel_with_a_notifier(void **state)
{
    uint32_t p[4] = {0};
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "AD102");
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0x906f0102, p, sizeof(p)), 0);
    assert_int_equal(exec_rd(&x, c.notifier + 8), 43);
    exec_semaphore(&c, DATA, 1, RELEASE);
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 0);
    exec_close(&x);
}

static void
the_last_mmu_fault_can_be_asked_for(void **state)
{
    uint32_t p[26] = {0};
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "AD102");
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0x906f0106, p, sizeof(p)), 0x57);
    exec_semaphore(&c, UINT64_C(0x7f00001230), 1, RELEASE);
    exec_kick(&c);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0x906f0106, p, sizeof(p)), 0);
    memcpy(p, x.r.payload + x.r.rel.control_header, sizeof(p));
    assert_int_equal(p[0], 0x7f);
    assert_int_equal(p[1], 0x1230);
    assert_int_equal(p[2], 0);
    assert_string_equal((char *)&p[3], "PDE");
    exec_close(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_keep_their_time_slice),
        cmocka_unit_test(a_stopped_channel_runs_again_when_it_is_scheduled),
        cmocka_unit_test(disabled_channels_go_on_where_they_were),
        cmocka_unit_test(a_reset_stops_the_channel_with_a_notifier),
        cmocka_unit_test(the_last_mmu_fault_can_be_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
