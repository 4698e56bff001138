/* SPDX-License-Identifier: MIT */
/* Copy engines: bytes move between all kinds of memory and layouts; errors have names. */
#include "exec_client.h"
#include "test.h"

#define DATA (EXEC_VA + EXEC_DATA)

static void
fill(struct exec *x, uint64_t fb_off, uint32_t words, uint32_t seed)
{
    for (uint32_t i = 0; i < words; i++)
        exec_wr(x, fb_off + (uint64_t)i * 4, seed + i * 0x9e3779b1u);
}

static void
a_line_is_copied_and_its_semaphore_released(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct exec_channel c;
        struct exec x;

        exec_open(&x, exec_chips[i].name, NULL);
        exec_channel(&x, &c, EXEC_COPY2, 0);
        fill(&x, EXEC_DATA, 1024, 5);
        exec_bind_copy(&c);
        exec_copy(&c, DATA, DATA + 0x10004, 4096, DATA + 0x20000, 0xcafe);
        exec_kick(&c);
        assert_int_equal(exec_rd(&x, EXEC_DATA + 0x20000), 0xcafe);
        for (uint32_t w = 0; w < 1024; w++)
            assert_int_equal(exec_rd(&x, EXEC_DATA + 0x10004 + w * 4), 5 + w * 0x9e3779b1u);
        assert_int_equal(exec_rd(&x, EXEC_DATA + 0x11004), 0);
        assert_int_equal(exec_get(&c), 1);
        exec_close(&x);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_copied_and_its_semaphore_released),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
