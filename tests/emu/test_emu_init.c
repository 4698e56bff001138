/* SPDX-License-Identifier: MIT */
/* GSP-RM's start: arguments, queue headers, init RPCs, INIT_DONE; and its end. */
#include "raw_client.h"
#include "test.h"

static void
each_release_reports_init_done_after_both_init_rpcs(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct raw r;

        raw_open(&r, raw_releases[i].name, NULL, NULL);
        assert_int_equal(raw_start(&r), 0);
        assert_false(raw_receive(&r));
        raw_send_system_info(&r);
        assert_false(raw_receive(&r));
        raw_send_registry(&r);
        assert_true(raw_receive(&r));
        assert_int_equal(r.function, RAW_EV_INIT_DONE);
        assert_int_equal(r.result, 0);
        assert_int_equal(r.bus->ops->irq_wait(r.bus, 0), -110); /* nobody enabled it */
        raw_enable_interrupt(&r);
        assert_int_equal(r.bus->ops->irq_wait(r.bus, 0), 0);
        raw_close(&r);
    }
}

static void
init_rpcs_may_wait_in_the_queue_before_the_start(void **state)
{
    struct raw r;

    (void)state;
    raw_boot(&r, "570.144", NULL, NULL);
    assert_false(raw_receive(&r));
    raw_close(&r);
}

static void
the_status_queue_header_is_the_firmwares_to_write(void **state)
{
    const uint32_t wanted[8] = {0, RAW_QUEUE_BYTES, RAW_PAGE, RAW_SLOTS, 0, 1, 0x20, RAW_PAGE};
    struct raw r;

    (void)state;
    raw_open(&r, "570.144", NULL, NULL);
    assert_int_equal(raw_start(&r), 0);
    assert_memory_equal(r.stat, wanted, sizeof(wanted));
    raw_close(&r);
}

static void
system_info_of_another_release_fails_the_start(void **state)
{
    struct raw r;

    (void)state;
    raw_open(&r, "570.144", NULL, NULL);
    r.rel.system_info = 936; /* 570.169's */
    raw_send_system_info(&r);
    raw_send_registry(&r);
    assert_int_equal(raw_start(&r), 0);
    assert_true(raw_receive(&r));
    assert_int_equal(r.function, RAW_EV_INIT_DONE);
    assert_int_equal(r.result, 0x3a); /* NV_ERR_INVALID_PARAM_STRUCT */
    assert_false(raw_receive(&r));
    assert_non_null(strstr(emu_gpu_note_at(r.gpu, 0), "GspSystemInfo"));
    raw_close(&r);
}

/* One thing wrong with what booter would have handed over. */
struct damage {
    const char *what;
    void (*apply)(struct raw *r);
};

static void
no_rmargs(struct raw *r)
{
    memset((uint8_t *)r->args.cpu + 32, 0, 32);
}
static void
rmargs_nowhere(struct raw *r)
{
    const uint64_t nowhere = 0x123456000;

    memcpy((uint8_t *)r->args.cpu + 40, &nowhere, 8);
}
static void
rmargs_too_long(struct raw *r)
{
    const uint64_t bytes = UINT64_MAX;

    memcpy((uint8_t *)r->args.cpu + 48, &bytes, 8);
}
static void
no_end(struct raw *r)
{
    for (int i = 2; i < 128; i++)
        memcpy((uint8_t *)r->args.cpu + i * 32, r->args.cpu, 32);
}
static void
bad_kind(struct raw *r)
{
    ((uint8_t *)r->args.cpu)[24] = 7;
}
static void
page_table_nowhere(struct raw *r)
{
    memset(r->rmargs.cpu, 0xff, 8);
}
static void
page_table_huge(struct raw *r)
{
    memset((uint8_t *)r->rmargs.cpu + 8, 0xff, 4);
}
static void
page_unmapped(struct raw *r)
{
    memset((uint8_t *)r->block.cpu + 50 * 8, 0, 8);
}
static void
command_offset_outside(struct raw *r)
{
    memset((uint8_t *)r->rmargs.cpu + 16, 0xff, 8);
}
static void
queues_in_one_place(struct raw *r)
{
    memcpy((uint8_t *)r->rmargs.cpu + 24, (uint8_t *)r->rmargs.cpu + 16, 8);
}
static void
wrong_version(struct raw *r)
{
    r->cmd[0] = 1;
}
static void
wrong_message_size(struct raw *r)
{
    r->cmd[9] = 0x20;
}
static void
wrong_count(struct raw *r)
{
    r->cmd[12] = 64;
}
static void
wrong_queue_size(struct raw *r)
{
    r->cmd[6] = 0x40;
}
static void
wrong_entry_offset(struct raw *r)
{
    memset(r->cmd + 28, 0, 4);
}
static void
no_header(struct raw *r)
{
    memset(r->cmd, 0, 32);
}

static void
broken_arguments_are_refused_with_a_reason(void **state)
{
    static const struct damage list[] = {
        {"RMARGS",      no_rmargs             },
        {"memory",      rmargs_nowhere        },
        {"memory",      rmargs_too_long       },
        {"terminating", no_end                },
        {"kind",        bad_kind              },
        {"page table",  page_table_nowhere    },
        {"page table",  page_table_huge       },
        {"entry 50",    page_unmapped         },
        {"offsets",     command_offset_outside},
        {"offsets",     queues_in_one_place   },
        {"version",     wrong_version         },
        {"msgSize",     wrong_message_size    },
        {"msgCount",    wrong_count           },
        {"size",        wrong_queue_size      },
        {"entryOff",    wrong_entry_offset    },
        {"header",      no_header             },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        struct raw r;

        raw_open(&r, "570.144", NULL, NULL);
        list[i].apply(&r);
        assert_int_equal(raw_start(&r), -22);
        assert_non_null(emu_gpu_note_at(r.gpu, 0));
        if (!strstr(emu_gpu_note_at(r.gpu, 0), list[i].what))
            fail_msg("%zu: '%s' is not about %s", i, emu_gpu_note_at(r.gpu, 0), list[i].what);
        raw_close(&r);
    }
}

static void
element_sizes_that_595_does_not_have_are_refused(void **state)
{
    struct raw r;

    (void)state;
    raw_open(&r, "595.45.04", NULL, NULL);
    ((uint8_t *)r.rmargs.cpu)[32] = 0x40;
    assert_int_equal(raw_start(&r), -22);
    raw_close(&r);
}

static void
a_second_start_is_busy_and_unloading_allows_another(void **state)
{
    uint8_t unload[8] = {0};
    struct raw r;

    (void)state;
    raw_boot(&r, "570.144", NULL, NULL);
    assert_int_equal(raw_start(&r), -16);
    assert_int_equal(raw_rpc(&r, RAW_FN_UNLOADING, unload, sizeof(unload)), 0);
    assert_int_equal(r.bus->ops->rd32(r.bus, 0, 0x110040), 0x80000000u);
    raw_put(&r, raw_make(&r, RAW_FN_STATIC_INFO, NULL, 0)); /* nobody listens any more */
    raw_ring(&r);
    assert_false(raw_receive(&r));
    raw_close(&r);
}

static void
requests_before_init_done_are_refused(void **state)
{
    struct raw r;

    (void)state;
    raw_open(&r, "570.144", NULL, NULL);
    assert_int_equal(raw_start(&r), 0);
    assert_int_equal(raw_rpc(&r, RAW_FN_STATIC_INFO, NULL, 0), 0x40);
    raw_close(&r);
}

static void
a_reset_ends_the_session(void **state)
{
    struct raw r;

    (void)state;
    raw_boot(&r, "570.144", NULL, NULL);
    raw_tree(&r);
    assert_int_equal(r.bus->ops->reset(r.bus), 0);
    raw_put(&r, raw_make(&r, RAW_FN_STATIC_INFO, NULL, 0));
    raw_ring(&r);
    assert_false(raw_receive(&r));
    raw_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_release_reports_init_done_after_both_init_rpcs),
        cmocka_unit_test(init_rpcs_may_wait_in_the_queue_before_the_start),
        cmocka_unit_test(the_status_queue_header_is_the_firmwares_to_write),
        cmocka_unit_test(system_info_of_another_release_fails_the_start),
        cmocka_unit_test(broken_arguments_are_refused_with_a_reason),
        cmocka_unit_test(element_sizes_that_595_does_not_have_are_refused),
        cmocka_unit_test(a_second_start_is_busy_and_unloading_allows_another),
        cmocka_unit_test(requests_before_init_done_are_refused),
        cmocka_unit_test(a_reset_ends_the_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
