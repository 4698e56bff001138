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
saxpy_runs_from_turing_to_hopper(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        saxpy_on(&kernel_chips[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saxpy_runs_from_turing_to_hopper),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
