/* SPDX-License-Identifier: MIT */
/* Memory runs out at every allocation that channels make: the channel stops with an error or is
 * refused, nothing leaks. */
#include "exec_client.h"
#include "test.h"

/* A channel, a bind and copies of many pages with kept translations. True: all of it worked. */
static bool
session(struct raw_budget *b)
{
    const struct emu_config config = {.chip = "AD102",
                                      .abi = raw_abi("570.144"),
                                      .inject = "stale-tlb",
                                      .realloc = raw_counting_realloc,
                                      .realloc_ctx = b};
    const long limit = b->left;
    struct exec_channel c;
    uint8_t params[368];
    uint16_t on = 1;
    bool ok = false;
    struct exec x;

    b->left = -1;
    exec_open_with(&x, &config);
    exec_params(&x, &c, EXEC_COPY2, params);
    b->left = limit;
    b->made = 0;
    if (raw_try_alloc(&x.r, RAW_CLIENT, RAW_DEVICE, c.handle, x.chip.channel, params, 368)) {
        b->left = -1; /* the schedule's answer is not what is tested */
        c.runlist = 1;
        assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xa06f0103, &on, 2), 0);
        b->left = limit < 0 ? -1 : limit < b->made ? 0 : limit - b->made;
        exec_bind_copy(&c);
        exec_copy(&c, EXEC_SYS, EXEC_VA + EXEC_DATA, EXEC_SYS_BYTES, EXEC_VA + EXEC_DATA - 16,
                  1);
        exec_kick(&c);
        ok = exec_rd(&x, EXEC_DATA - 16) == 1;
        assert_true(ok || exec_rd(&x, c.notifier + 8) == 32);
    }
    b->left = -1;
    exec_close(&x);
    assert_int_equal(b->live, 0);
    return ok;
}

static void
every_allocation_of_a_channel_may_fail(void **state)
{
    struct raw_budget b = {.left = -1};
    unsigned failed = 0;

    (void)state;
    assert_true(session(&b));
    for (long n = 0; n < 40; n++) {
        b = (struct raw_budget){.left = n};
        failed += !session(&b);
    }
    assert_in_range(failed, 2, 39);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_a_channel_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
