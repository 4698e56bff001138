/* SPDX-License-Identifier: MIT */
/*
 * boot from the command line: the plan, the stream of states, stopping and going on, and the
 * exit codes of cards that fail.
 */
#include <stdbool.h>

#include "cli.h"
#include "cli_run.h"
#include "test.h"

static long long
number(const json_t *row, const char *key)
{
    return json_integer_value(json_object_get(row, key));
}

/* Rows of a stream, one JSON object a line. */
static json_t *
rows_of(const char *command, int code)
{
    char *out = cli_expect(command, code);
    json_t *rows = json_array();

    for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *row = json_loads(line, 0, NULL);

        if (!row)
            fail_msg("not JSON: %s", line);
        json_array_append_new(rows, row);
    }
    free(out);
    return rows;
}

static void
the_stream_has_every_state_of_the_plan(void **state)
{
    json_t *plan = cli_expect_json("nvrm-cli -j boot plan AD102");
    json_t *rows = rows_of("nvrm-cli -j -t emu:AD102 boot run", 0);
    const json_t *row;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(rows), json_array_size(plan) + 1); /* and unload */
    json_array_foreach(plan, i, row)
    {
        const json_t *done = json_array_get(rows, i);

        assert_string_equal(cli_str(row, "state"), cli_str(done, "state"));
        assert_true(json_is_true(json_object_get(done, "ok")));
        assert_true(number(done, "time_us") <= 1000 * number(row, "deadline_ms"));
    }
    row = json_array_get(rows, json_array_size(rows) - 1);
    assert_string_equal(cli_str(row, "state"), "unload");
    json_decref(plan);
    json_decref(rows);
}

static void
registers_are_told_by_name(void **state)
{
    json_t *rows = rows_of("nvrm-cli -j -t emu:GH100 boot run", 0);
    const json_t *row, *name;
    size_t i, n, names = 0;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        json_array_foreach(json_object_get(row, "registers"), n, name)
        {
            if (!strstr(json_string_value(name), "NV_P") &&
                !strstr(json_string_value(name), "NV_THERM") &&
                !strstr(json_string_value(name), "NV_USABLE_FB"))
                fail_msg("%s: %s", cli_str(row, "state"), json_string_value(name));
            names++;
        }
    }
    assert_true(names > 20);
    json_decref(rows);
}

static void
a_boot_stops_and_goes_on_in_one_program(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -e 'boot run --until fwsec-frts' -e 'boot status'", 0,
                    "next               = riscv-reset", NULL);
    cli_expect_text("nvrm-cli -e 'boot run --until fwsec-frts' -e 'boot step'", 0,
                    "riscv-reset   ok", NULL);
    cli_expect_text("nvrm-cli -e 'boot run' -e 'boot unload' -e 'boot run' -e 'boot status'", 0,
                    "riscv_active       = yes", NULL);
    cli_expect_text("nvrm-cli boot run --until nowhere", 2, "", "no boot state 'nowhere'");
    cli_expect_text("nvrm-cli boot unload", 2, "", "GSP-RM does not run");
    cli_expect_text(
        "nvrm-cli -e 'boot run' -e 'boot suspend' -e 'boot resume' -e 'boot status'", 0,
        "riscv_active       = yes", "");
    cli_expect_text("nvrm-cli boot resume", 2, "", "GSP-RM is not suspended");
    cli_expect_text("nvrm-cli boot stat", 2, "", "status");
}

static void
every_card_boots_at_four_releases_in_one_command(void **state)
{
    json_t *rows = rows_of("nvrm-cli -j boot run --all", 0);
    const json_t *row;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(rows), 26); /* 535 does not know Blackwell */
    json_array_foreach(rows, i, row)
    {
        assert_true(json_is_true(json_object_get(row, "ok")));
        assert_true(number(row, "states") >= 15);
        /* two at the start, guest and static information, 595's buffer for traces */
        assert_int_equal(number(row, "rpcs"),
                         strncmp(cli_str(row, "release"), "595", 3) ? 4 : 5);
    }
    json_decref(rows);
}

static void
a_lenient_card_boots_as_a_strict_one_does(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -t 'emu:AD102?lenient' boot run", 0, "static-info   ok", NULL);
    cli_expect_text("nvrm-cli -t 'emu:AD102?debug-fused' boot run", 0, "static-info   ok",
                    NULL);
    cli_expect_text("nvrm-cli -t 'emu:GH100?lenient&fault=fsp-error' boot run", 6, NULL,
                    "FSP refused command");
}

static void
cards_that_fail_have_their_exit_code_and_words(void **state)
{
    static const struct {
        const char *card, *words;
    } faults[] = {
        {"AD102?inject=wpr2-up",         "WPR2 is up"        },
        {"AD102?inject=booter-error:49", "0x31"              },
        {"AD102?inject=sb-error",        "FWSEC-SB failed"   },
        {"TU102?inject=gfw-stuck",       "GFW has not booted"},
        {"GH100?inject=fsp-error:7",     "error 0x7"         },
        {"GB202?inject=lockdown-stuck",  "locked down"       },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        char command[160];

        snprintf(command, sizeof(command), "nvrm-cli --timeout 0.2 -t 'emu:%s' boot run",
                 faults[i].card);
        cli_expect_text(command, CLI_PROTOCOL, "FAILED", faults[i].words);
    }
}

static void
plans_are_known_by_chip_and_by_family(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli boot plan GH100", 0, "cot", NULL);
    cli_expect_text("nvrm-cli boot plan tu11x", 0, "fwsec-frts", NULL);
    cli_expect_text("nvrm-cli boot plan GB20B", 2, "", "no boot path");
    cli_expect_text("nvrm-cli boot plan nothing", 2, "", "no boot path");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stream_has_every_state_of_the_plan),
        cmocka_unit_test(registers_are_told_by_name),
        cmocka_unit_test(a_boot_stops_and_goes_on_in_one_program),
        cmocka_unit_test(every_card_boots_at_four_releases_in_one_command),
        cmocka_unit_test(a_lenient_card_boots_as_a_strict_one_does),
        cmocka_unit_test(cards_that_fail_have_their_exit_code_and_words),
        cmocka_unit_test(plans_are_known_by_chip_and_by_family),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
