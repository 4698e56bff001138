/* SPDX-License-Identifier: MIT */
/* Memory runs out at every allocation of a launch: the channel stops by name, nothing leaks. */
#include "kernel.h"

#include "test.h"

/* True: the launch worked. */
static bool
session(struct raw_budget *b, bool timing)
{
    const struct emu_config config = {.chip = "AD102",
                                      .abi = raw_abi("570.144"),
                                      .sm_timing = timing,
                                      .realloc = raw_counting_realloc,
                                      .realloc_ctx = b};
    const uint64_t px = KERNEL_VA(KERNEL_DATA);
    const uint32_t n = 100, a = 0x40000000;
    const long limit = b->left;
    struct exec_channel c;
    struct kernel k;
    struct exec x;
    bool ok;

    b->left = -1;
    exec_open_with(&x, &config);
    exec_channel(&x, &c, EXEC_GR0, 0);
    kernel_load(&k, &x, &c, &kernel_chips[3], "saxpy", "saxpy");
    kernel_param(&k, &n, 4);
    kernel_param(&k, &a, 4);
    kernel_param(&k, &px, 8);
    kernel_param(&k, &px, 8);
    k.grid[0] = 2;
    k.block[0] = 64;
    kernel_put(&x, KERNEL_DATA, &n, 4); /* the page is there */
    b->left = limit;
    ok = kernel_run(&k);
    b->left = -1;
    if (!ok)
        assert_int_not_equal(exec_rd(&x, c.notifier + 8), 0);
    exec_close(&x);
    assert_int_equal(b->live, 0);
    return ok;
}

static void
every_allocation_of_a_launch_may_fail(void **state)
{
    (void)state;
    for (unsigned timing = 0; timing < 2; timing++) {
        struct raw_budget b = {.left = 0};
        unsigned failed = 0;

        while (!session(&b, timing)) {
            failed++;
            b = (struct raw_budget){.left = failed};
        }
        assert_in_range(failed, 8, 400);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_a_launch_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
