/* SPDX-License-Identifier: MIT */
/*
 * Boot of every family on a card of raw registers: what it is told, what is refused, and what
 * is left when a state fails.
 */
#include "test.h"

#include <errno.h>

#include "boot_card.h"

static struct gsp_boot *
open_boot(struct boot_card *c)
{
    const struct gsp_boot_config config = boot_card_config(c);
    struct gsp_boot *b = NULL;
    struct gsp_error err = {0};

    if (gsp_boot_create(&config, &b, &err) < 0)
        fail_msg("%s", err.text);
    return b;
}

static void
expect_up(struct gsp_boot *b)
{
    struct gsp_error err = {0};

    if (gsp_boot_run(b, NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_non_null(gsp_boot_backend(b));
    assert_null(gsp_boot_next(b));
}

/* Boot must fail in that state, with words from the error's text, and leave nothing behind. */
static void
expect_failure(struct boot_card *c, const char *state, const char *words)
{
    struct gsp_boot *b = open_boot(c);
    struct gsp_error err = {0};

    assert_true(gsp_boot_run(b, NULL, &err) < 0);
    if (!strstr(err.text, state) || !strstr(err.text, words))
        fail_msg("no '%s' and '%s' in: %s", state, words, err.text);
    assert_int_equal(c->lent, 0);
    gsp_boot_destroy(b);
}

static void
boot_and_unload(const char *chip, const char *release)
{
    struct boot_card *c = boot_card_create(chip, release);
    struct gsp_boot *b = open_boot(c);
    struct gsp_error err = {0};

    expect_up(b);
    assert_int_equal(c->boost, chip[1] == 'B'); /* GB100, GB202 */
    if (gsp_boot_unload(b, &err) < 0)
        fail_msg("%s %s: %s", chip, release, err.text);
    assert_false(c->boost);
    assert_int_equal(c->lent, 0);
    assert_int_equal(c->resets, 0);
    if (!c->fsp) {
        assert_int_equal(c->init_cmd, 0x19); /* FWSEC-SB was the last */
        assert_int_equal(c->regs[0x1fa828 / 4], 0);
    }
    expect_up(b); /* and again */
    gsp_boot_destroy(b);
    boot_card_destroy(c);
}

static void
every_family_boots_unloads_and_boots_again(void **state)
{
    static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102",
                                        "GH100", "GB100", "GB202"};
    static const char *const releases[] = {"535.113.01", "570.144", "580.126.20", "595.45.04"};

    (void)state;
    for (unsigned i = 0; i < sizeof(chips) / sizeof(chips[0]); i++)
        for (unsigned r = 0; r < sizeof(releases) / sizeof(releases[0]); r++)
            if (i < 5 || r) /* 535 knows no Blackwell */
                boot_and_unload(chips[i], releases[r]);
}

static void
ada_scrubs_memory_and_places_frts_below_the_workspace(void **state)
{
    struct boot_card *c = boot_card_create("AD102", "570.144");
    struct gsp_boot *b = open_boot(c);

    (void)state;
    expect_up(b);
    assert_int_equal(c->regs[0x1180fc / 4] >> 29, 3);
    assert_int_equal(c->sec2_starts, 2); /* scrubber, booter */
    assert_true(c->frts == (UINT64_C(24576) << 20) - 0x200000);
    assert_true(c->fw_heap % 0x100000 == 0 && c->fw_heap < c->frts);
    assert_true(c->fw_heap_bytes >= 88 << 20);
    gsp_boot_destroy(b);
    boot_card_destroy(c);
}

static void
turing_loads_booter_through_the_ports_with_a_secure_part(void **state)
{
    struct boot_card *c = boot_card_create("TU102", "570.144");
    struct gsp_boot *b = open_boot(c);

    (void)state;
    expect_up(b);
    assert_int_equal(c->gsp_starts, 1);
    assert_int_equal(c->secure_words, 1);
    assert_true(c->imem_words > 0x80);
    gsp_boot_destroy(b);
    boot_card_destroy(c);
}

static void
ga100_stays_below_what_vbios_has_locked(void **state)
{
    struct boot_card *c = boot_card_create("GA100", "570.144");
    struct gsp_boot *b = open_boot(c);

    (void)state;
    expect_up(b);
    assert_true(c->wpr_end == (UINT64_C(11) << 30) - 0x100000);
    assert_int_equal(gsp_boot_unload(b, NULL), 0);
    c->regs[0x1fa7c8 / 4] = 1;
    c->regs[0x1fa82c / 4] = 0x2a0000 << 4; /* 0x2a0000000 */
    c->regs[0x1fa830 / 4] = 0x2afff0 << 4;
    expect_up(b);
    assert_true(c->wpr_end == 0x2a0000000);
    gsp_boot_destroy(b);
    boot_card_destroy(c);
}

static void
a_boot_stops_at_a_state_and_goes_on_step_by_step(void **state)
{
    struct boot_card *c = boot_card_create("AD102", "570.144");
    struct gsp_boot *b = open_boot(c);
    struct gsp_boot_status status;
    struct gsp_error err = {0};
    unsigned steps = 0;

    (void)state;
    assert_int_equal(gsp_boot_run(b, "no-such-state", &err), -EINVAL);
    assert_int_equal(gsp_boot_run(b, "fwsec-frts", &err), 0);
    assert_string_equal(gsp_boot_next(b)->name, "riscv-reset");
    assert_int_equal(gsp_boot_status(b, &status, &err), 0);
    assert_true(status.wpr2_up && status.firmware_ready && !status.riscv_active);
    assert_true(status.wpr2_start == c->frts);
    assert_true(status.fb_bytes == UINT64_C(24576) << 20);
    assert_null(gsp_boot_backend(b));
    while (gsp_boot_next(b)) {
        assert_int_equal(gsp_boot_step(b, &err), 0);
        steps++;
    }
    assert_int_equal(steps, 7);
    assert_int_equal(gsp_boot_step(b, &err), -EALREADY);
    assert_int_equal(gsp_boot_status(b, &status, &err), 0);
    assert_true(status.riscv_active && !status.heartbeat_late);
    c->regs[0x9400 / 4] = 100 * 1000000; /* 100 ms + 2^32 ns * 4 */
    c->regs[0x9410 / 4] = 4;
    c->regs[0x110804 / 4] = 12000;
    assert_int_equal(gsp_boot_status(b, &status, &err), 0);
    assert_true(status.heartbeat_late && status.gpu_ms == 17279);
    c->regs[0x110804 / 4] = 12079;
    assert_int_equal(gsp_boot_status(b, &status, &err), 0);
    assert_false(status.heartbeat_late);
    gsp_boot_destroy(b);
    assert_int_equal(c->resets, 0); /* unloaded, so no reset was needed */
    boot_card_destroy(c);
}

static void
a_half_booted_card_is_reset_when_the_boot_is_given_up(void **state)
{
    struct boot_card *c = boot_card_create("AD102", "570.144");
    struct gsp_boot *b = open_boot(c);

    (void)state;
    assert_int_equal(gsp_boot_run(b, "fwsec-frts", NULL), 0);
    assert_int_equal(c->command, 6);
    gsp_boot_destroy(b);
    assert_int_equal(c->resets, 1);
    assert_int_equal(c->command, 2); /* it can no longer reach our memory */
    boot_card_destroy(c);
}

static void
failures_name_the_state_and_the_register(void **state)
{
    struct boot_card *c = boot_card_create("AD102", "570.144");

    (void)state;
    c->regs[0x118234 / 4] = 0x10;
    expect_failure(c, "gfw-boot", "NV_PGC6_AON_SECURE_SCRATCH_GROUP_05");
    c->regs[0x118234 / 4] = 0xff;
    c->regs[0x1fa828 / 4] = 0x10;
    expect_failure(c, "wpr2-down", "NV_PFB_PRI_MMU_WPR2_ADDR_HI");
    c->regs[0x1fa828 / 4] = 0;
    c->frts_error = 0xbeef;
    expect_failure(c, "fwsec-frts", "0xbeef0000");
    c->frts_error = 0;
    c->frts_elsewhere = true;
    expect_failure(c, "fwsec-frts", "instead of");
    c->frts_elsewhere = false;
    c->booter_error = 0x31;
    expect_failure(c, "booter-load", "0x31");
    c->booter_error = 0;
    c->no_halt = true;
    expect_failure(c, "scrubber", "NV_PFALCON_FALCON_CPUCTL");
    c->no_halt = false;
    c->no_active = true;
    expect_failure(c, "riscv-active", "NV_PRISCV_RISCV_CPUCTL");
    c->no_active = false;
    c->no_done = true;
    expect_failure(c, "init-done", "GSP_INIT_DONE");
    c->no_done = false;
    memset(c->rom, 0, 1 << 20);
    expect_failure(c, "vbios", "PROM");
    boot_card_destroy(c);
}

static void
a_failed_boot_can_be_run_again(void **state)
{
    struct boot_card *c = boot_card_create("AD102", "570.144");
    struct gsp_boot *b = open_boot(c);
    struct gsp_error err = {0};

    (void)state;
    c->booter_error = 0x31;
    assert_int_equal(gsp_boot_run(b, NULL, &err), -EPROTO);
    assert_int_equal(c->resets, 1);
    assert_string_equal(gsp_boot_next(b)->name, "identify");
    c->booter_error = 0;
    expect_up(b);
    gsp_boot_destroy(b);
    boot_card_destroy(c);
}

static void
fsp_errors_and_a_lock_that_stays_are_told(void **state)
{
    struct boot_card *c = boot_card_create("GH100", "570.144");

    (void)state;
    c->fsp_error = 0x1a;
    expect_failure(c, "cot", "0x1a");
    c->fsp_error = 0;
    c->locked = true;
    expect_failure(c, "lockdown", "NV_PFALCON_FALCON_HWCFG2");
    c->locked = false;
    c->regs[0x200bc / 4] = 0;
    expect_failure(c, "fsp-boot", "NV_THERM_I2CS_SCRATCH");
    boot_card_destroy(c);
}

static void
a_card_that_is_gone_is_lost_not_late(void **state)
{
    struct boot_card *c = boot_card_create("AD102", "570.144");
    struct gsp_boot *b = open_boot(c);
    struct gsp_error err = {0};

    (void)state;
    assert_int_equal(gsp_boot_run(b, "identify", &err), 0);
    c->gone = true;
    assert_int_equal(gsp_boot_run(b, NULL, &err), -ENODEV);
    assert_int_equal(err.origin, GSP_ORIGIN_LOST);
    gsp_boot_destroy(b);
    boot_card_destroy(c);
}

static void
firmware_of_another_release_is_refused(void **state)
{
    struct boot_card *c = boot_card_create("AD102", "570.144");

    (void)state;
    c->fw_release = "535.113.01";
    expect_failure(c, "firmware", "535.113.01");
    boot_card_destroy(c);
}

static void
every_allocation_that_fails_is_told_and_leaves_nothing(void **state)
{
    static const char *const chips[] = {"TU102", "AD102", "GH100"};

    (void)state;
    for (unsigned i = 0; i < 2 * sizeof(chips) / sizeof(chips[0]); i++) {
        struct boot_card *c = boot_card_create(chips[i / 2], "570.144");
        struct gsp_boot *b = open_boot(c);
        struct gsp_error err = {0};
        int *left = i % 2 ? &c->host_left : &c->allocs_left;
        int rc = -1;

        for (int n = 0; rc < 0 && n < 200; n++) {
            *left = n;
            err = (struct gsp_error){0};
            rc = gsp_boot_run(b, NULL, &err);
            if (rc < 0) {
                /* an event that cannot be kept is lost, and is waited for */
                assert_true(rc == -ENOMEM || (i % 2 && rc == -ETIMEDOUT));
                assert_true(err.text[0]);
                assert_int_equal(c->lent, 0);
            }
        }
        assert_int_equal(rc, 0);
        *left = -1;
        gsp_boot_destroy(b);
        boot_card_destroy(c);
    }
}

static void
a_missing_firmware_set_is_named(void **state)
{
    struct boot_card *c = boot_card_create("AD102", "570.144");
    struct gsp_boot_config config = boot_card_config(c);
    struct gsp_boot *b = NULL;
    struct gsp_error err = {0};

    (void)state;
    config.firmware.find = NULL;
    assert_int_equal(gsp_boot_create(&config, &b, &err), 0);
    assert_int_equal(gsp_boot_run(b, NULL, &err), -ENOENT);
    assert_non_null(strstr(err.text, "gsp"));
    gsp_boot_destroy(b);
    boot_card_destroy(c);
}

/* Head of ten words, then operations. */
static void
ask_sequencer(struct boot_card *c, const uint32_t *list, unsigned count)
{
    c->ask = boot_card_function(c, "GSP_RUN_CPU_SEQUENCER");
    memset(c->ask_words, 0, sizeof(c->ask_words));
    c->ask_words[0] = c->ask_words[1] = count;
    memcpy(c->ask_words + 10, list, count * sizeof(*list));
    c->ask_count = 10 + count;
}

static void
the_cpu_sequencer_writes_modifies_and_resumes(void **state)
{
    static const uint32_t list[] = {0,  0x1400, 0xf0f0, 1,      0x1400, 0xff00, 0x1200,
                                    2,  0x1400, 0xff00, 0x1200, 1000,   0,      3,
                                    10, 4,      0x1400, 7,      5,      8};
    struct boot_card *c = boot_card_create("AD102", "570.144");
    struct gsp_boot *b = open_boot(c);

    (void)state;
    ask_sequencer(c, list, sizeof(list) / 4);
    expect_up(b);
    assert_int_equal(c->regs[0x1400 / 4], 0x12f0);
    assert_int_equal(c->sec2_starts, 3); /* scrubber, booter, resume */
    gsp_boot_destroy(b);
    boot_card_destroy(c);
}

static void
a_sequencer_list_that_makes_no_sense_is_refused(void **state)
{
    static const uint32_t bad[][4] = {
        {9      },
        { 0, 0x2000000, 0, 0},
        {      0, 0x1401,    0, 0},
        {      4, 0x1400,    8, 0},
        {      3, 1,         2, 0x1400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct boot_card *c = boot_card_create("AD102", "570.144");

        ask_sequencer(c, bad[i], 4);
        expect_failure(c, "init-done", "CPU sequencer");
        c->ask_words[1] = 0xffffffff;
        expect_failure(c, "init-done", "longer than its message");
        boot_card_destroy(c);
    }
}

static void
status_lists_are_complete(void **state)
{
    (void)state;
    for (unsigned f = 0; f < GSP_FW_FAMILIES; f++)
        for (unsigned i = 0; gsp_boot_state_at((enum gsp_fw_family)f, i); i++) {
            const struct gsp_boot_state *s = gsp_boot_state_at((enum gsp_fw_family)f, i);

            assert_true(s->name && s->meaning && s->source && s->deadline_ms);
            for (unsigned j = 0; j < i; j++)
                assert_string_not_equal(s->name,
                                        gsp_boot_state_at((enum gsp_fw_family)f, j)->name);
        }
    assert_null(gsp_boot_state_at(GSP_FW_GB20Y, 0));
    assert_null(gsp_boot_state_at(GSP_FW_FAMILIES, 0));
}

static void
radix3_of_the_real_image_has_the_pages_of_the_facts(void **state)
{
    (void)state;
    assert_true(gsp_radix3_bytes(0x3c99000) == (15513 + 31 + 1 + 1) * UINT64_C(4096));
    assert_true(gsp_radix3_bytes(1) == 4 * 4096);
}

static void
the_layout_refuses_a_card_that_is_too_small(void **state)
{
    const struct nvrm_abi abi = {.schema = nvrm_schema_builtin()};
    struct gsp_fb_inputs in = {.fb_bytes = UINT64_C(4) << 30,
                               .bootloader_bytes = 0x9000,
                               .image_bytes = 0x3c99000,
                               .frts_bytes = 0x100000,
                               .non_wpr_heap_bytes = 0x100000,
                               .libos = 3};
    struct gsp_fb_layout l;

    (void)state;
    assert_int_equal(gsp_fb_layout(abi, &in, &l, NULL), 0);
    assert_true(l.wpr_end == 0xfff00000 && l.frts_offset == 0xffe00000);
    assert_true(l.boot_offset == 0xffdf7000 && l.fw_offset == 0xfc150000);
    in.prescrubbed_bytes = 128 << 20; /* the heap gives way */
    assert_int_equal(gsp_fb_layout(abi, &in, &l, NULL), 0);
    assert_true(l.heap_bytes < 88 << 20 && in.fb_bytes - l.reserved_start <= 128 << 20);
    in.prescrubbed_bytes = 64 << 20;
    assert_int_equal(gsp_fb_layout(abi, &in, &l, NULL), -EINVAL);
    in.prescrubbed_bytes = 0;
    in.vga_workspace = 0xfff20000;
    assert_int_equal(gsp_fb_layout(abi, &in, &l, NULL), 0);
    assert_true(l.vga_offset == 0xfff20000 && l.wpr_end == 0xfff20000);
    in.fb_bytes = 64 << 20;
    assert_int_equal(gsp_fb_layout(abi, &in, &l, NULL), -EINVAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_boots_unloads_and_boots_again),
        cmocka_unit_test(ada_scrubs_memory_and_places_frts_below_the_workspace),
        cmocka_unit_test(turing_loads_booter_through_the_ports_with_a_secure_part),
        cmocka_unit_test(ga100_stays_below_what_vbios_has_locked),
        cmocka_unit_test(a_boot_stops_at_a_state_and_goes_on_step_by_step),
        cmocka_unit_test(a_half_booted_card_is_reset_when_the_boot_is_given_up),
        cmocka_unit_test(failures_name_the_state_and_the_register),
        cmocka_unit_test(a_failed_boot_can_be_run_again),
        cmocka_unit_test(fsp_errors_and_a_lock_that_stays_are_told),
        cmocka_unit_test(a_card_that_is_gone_is_lost_not_late),
        cmocka_unit_test(firmware_of_another_release_is_refused),
        cmocka_unit_test(every_allocation_that_fails_is_told_and_leaves_nothing),
        cmocka_unit_test(a_missing_firmware_set_is_named),
        cmocka_unit_test(the_cpu_sequencer_writes_modifies_and_resumes),
        cmocka_unit_test(a_sequencer_list_that_makes_no_sense_is_refused),
        cmocka_unit_test(status_lists_are_complete),
        cmocka_unit_test(radix3_of_the_real_image_has_the_pages_of_the_facts),
        cmocka_unit_test(the_layout_refuses_a_card_that_is_too_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
