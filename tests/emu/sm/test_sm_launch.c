/* SPDX-License-Identifier: MIT */
/* Launches through a channel: methods, QMD, bank 0, machine code, semaphore. */
#include "kernel.h"

#include "test.h"

enum { N = 1000, X = KERNEL_DATA, Y = KERNEL_DATA + 0x10000 };

static void
open_chip(struct exec *x, struct exec_channel *c, const char *chip)
{
    const struct emu_config config = {.chip = chip, .abi = raw_abi("570.144")};

    exec_open_with(x, &config);
    exec_channel(x, c, EXEC_GR0, 0);
}

static void
saxpy_on(const struct kernel_chip *chip)
{
    const uint64_t px = KERNEL_VA(X), py = KERNEL_VA(Y);
    const uint32_t n = N;
    const float a = 2.5f;
    struct exec x;
    struct exec_channel c;
    struct kernel k;
    float in[N + 8], out[N + 8];

    open_chip(&x, &c, chip->name);
    kernel_load(&k, &x, &c, chip, "saxpy", "saxpy");
    for (unsigned i = 0; i < N + 8; i++)
        in[i] = (float)i * 0.25f;
    kernel_put(&x, X, in, sizeof(in));
    kernel_put(&x, Y, in, sizeof(in));
    kernel_param(&k, &n, 4);
    kernel_param(&k, &a, 4);
    kernel_param(&k, &px, 8);
    kernel_param(&k, &py, 8);
    k.grid[0] = (N + 127) / 128;
    k.block[0] = 128;
    if (!kernel_run(&k))
        fail_msg("%s: %s", chip->name, exec_last_note(&x));
    kernel_get(&x, Y, out, sizeof(out));
    for (unsigned i = 0; i < N + 8; i++)
        assert_true(out[i] == (i < N ? a * in[i] + in[i] : in[i]));
    exec_close(&x);
}

static void
saxpy_runs_on_every_chip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 7; i++)
        saxpy_on(&kernel_chips[i]);
}

/* One QMD after the other, by DEPENDENT_QMD0: the second has a semaphore of its own. */
static void
a_qmd_can_name_the_one_that_follows(void **state)
{
    static const uint64_t code[] = {UINT64_C(0x794d), UINT64_C(0x000fe20003800000)}; /* EXIT */
    enum { SECOND = KERNEL_QMD + 0x2000, SEM2 = KERNEL_SEM + 0x40 };

    (void)state;
    for (unsigned i = 1; i < 4; i++) { /* version 3 */
        struct exec x;
        struct exec_channel c;
        struct kernel k;

        open_chip(&x, &c, kernel_chips[i].name);
        kernel_code(&k, &x, &c, &kernel_chips[i], code, sizeof(code));
        kernel_build(&k);
        kernel_field(&k, "RELEASE0_ADDRESS_LOWER", 0, LO(KERNEL_VA(SEM2)));
        kernel_put(&x, SECOND, k.qmd, 256);
        kernel_field(&k, "RELEASE0_ADDRESS_LOWER", 0, LO(KERNEL_VA(KERNEL_SEM)));
        kernel_field(&k, "DEPENDENT_QMD0_POINTER", 0, KERNEL_VA(SECOND) >> 8);
        kernel_field(&k, "DEPENDENT_QMD0_ACTION", 0, 1);
        kernel_field(&k, "DEPENDENT_QMD0_ENABLE", 0, 1);
        exec_wr(&x, SEM2, 0);
        kernel_send(&k);
        assert_int_equal(exec_rd(&x, KERNEL_SEM), KERNEL_PAYLOAD);
        assert_int_equal(exec_rd(&x, SEM2), KERNEL_PAYLOAD);
        exec_close(&x);
    }
}

/* A chain that comes back to its start has no end. */
static void
a_ring_of_qmds_is_an_error(void **state)
{
    static const uint64_t code[] = {UINT64_C(0x794d), UINT64_C(0x000fe20003800000)};
    char text[256] = "";
    struct exec x;
    struct exec_channel c;
    struct kernel k;

    (void)state;
    open_chip(&x, &c, "AD102");
    kernel_code(&k, &x, &c, &kernel_chips[3], code, sizeof(code));
    kernel_build(&k);
    kernel_field(&k, "DEPENDENT_QMD0_POINTER", 0, KERNEL_VA(KERNEL_QMD) >> 8);
    kernel_field(&k, "DEPENDENT_QMD0_ACTION", 0, 1);
    kernel_field(&k, "DEPENDENT_QMD0_ENABLE", 0, 1);
    kernel_send(&k);
    assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 13);
    assert_non_null(strstr(text, "a chain without an end"));
    exec_close(&x);
}

static void
a_release_can_have_64_bits_and_a_time(void **state)
{
    static const uint64_t code[] = {UINT64_C(0x794d), UINT64_C(0x000fe20003800000)};
    struct exec x;
    struct exec_channel c;
    struct kernel k;

    (void)state;
    open_chip(&x, &c, "AD102");
    kernel_code(&k, &x, &c, &kernel_chips[3], code, sizeof(code));
    kernel_build(&k);
    kernel_field(&k, "RELEASE0_PAYLOAD64B", 0, 1);
    kernel_field(&k, "RELEASE0_PAYLOAD_UPPER", 0, 0x77);
    kernel_field(&k, "RELEASE0_STRUCTURE_SIZE", 0, 0); /* four words */
    kernel_send(&k);
    assert_int_equal(exec_rd64(&x, KERNEL_SEM), UINT64_C(0x7700000000) + KERNEL_PAYLOAD);
    assert_true(exec_rd64(&x, KERNEL_SEM + 8) > 0);
    exec_close(&x);
}

/* The same address, other code, nobody invalidates: the card says so. */
static void
changed_code_is_noticed(void **state)
{
    static const uint64_t exit[] = {UINT64_C(0x794d), UINT64_C(0x000fe20003800000)};
    static const uint64_t nop[] = {UINT64_C(0x7918), UINT64_C(0x000fe20000000000),
                                   UINT64_C(0x794d), UINT64_C(0x000fe20003800000)};
    struct exec x;
    struct exec_channel c;
    struct kernel k;

    (void)state;
    open_chip(&x, &c, "AD102");
    kernel_code(&k, &x, &c, &kernel_chips[3], exit, sizeof(exit));
    assert_true(kernel_run(&k));
    kernel_put(&x, KERNEL_CODE, nop, sizeof(nop));
    exec_wr(&x, KERNEL_SEM, 0);
    EXEC_METHOD(&c, 1, 0x2b4, LO(KERNEL_VA(KERNEL_QMD) >> 8));
    EXEC_METHOD(&c, 1, 0x2c0, 3);
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, KERNEL_SEM), KERNEL_PAYLOAD);
    assert_non_null(strstr(exec_last_note(&x), "nobody invalidated the instruction"));
    exec_close(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saxpy_runs_on_every_chip),
        cmocka_unit_test(a_qmd_can_name_the_one_that_follows),
        cmocka_unit_test(a_ring_of_qmds_is_an_error),
        cmocka_unit_test(a_release_can_have_64_bits_and_a_time),
        cmocka_unit_test(changed_code_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
