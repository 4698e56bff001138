/* SPDX-License-Identifier: MIT */
/* Scripts: the examples on every release and card, loops, conditions, errors, and --check. */
#include <stdbool.h>

#include <nvrm/schema.h>

#include "cli_run.h"
#include "test.h"

static void
the_example_runs_on_every_release(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    (void)state;
    for (unsigned r = 0; r < nvrm_release_count(s); r++) {
        const char *release = nvrm_release_name(s, (nvrm_release)r);
        char command[128], line[128];

        snprintf(command, sizeof(command), "nvrm-cli -F %s run examples/bringup.json", release);
        snprintf(line, sizeof(line), "AD102 with GSP-RM %s: 20 steps ran, 0 failed, 0 skipped",
                 release);
        cli_expect_text(command, 0, line, NULL);
    }
}

static void
the_example_runs_on_every_card_and_in_yaml(void **state)
{
    static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102",
                                        "GH100", "GB100", "GB202"};

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        char command[128];

        snprintf(command, sizeof(command), "nvrm-cli -t emu:%s run examples/bringup.yaml",
                 chips[i]);
        cli_expect_text(command, 0, "20 steps ran, 0 failed", NULL);
    }
}

static void
the_two_examples_are_the_same_script(void **state)
{
#define CALLS "nvrm-cli -j --dry-run run examples/bringup.%s | grep -v -e processID -e wire"
    char command[128], *json, *yaml;

    (void)state;
    snprintf(command, sizeof(command), CALLS, "json");
    json = cli_expect(command, 0);
    snprintf(command, sizeof(command), CALLS, "yaml");
    yaml = cli_expect(command, 0);
    assert_string_equal(json, yaml);
    assert_non_null(strstr(json, "TURING_CHANNEL_GPFIFO_A"));
    free(json);
    free(yaml);
}

static void
the_example_fits_every_release_without_a_card(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli run --check -F all examples/bringup.json", 0,
                    "94 of 94 releases fit, 0 problems", NULL);
}

static void
loops_variables_and_conditions_do_what_they_say(void **state)
{
    struct cli_result r =
        cli_run_command("nvrm-cli -j -F 580.126.20 run tests/cli/data/loops.yaml");
    json_t *doc = json_loads(r.out, 0, NULL);
    const json_t *steps = json_object_get(doc, "steps"), *step;
    unsigned vas = 0;
    size_t i;

    (void)state;
    assert_int_equal(r.code, 2); /* the failing free; on_error: continue went on */
    json_array_foreach(steps, i, step) vas +=
        !strcmp(json_string_value(json_object_get(step, "name")), "vas");
    assert_int_equal(vas, 3);
    assert_int_equal(json_integer_value(json_object_get(doc, "failed")), 1);
    assert_int_equal(json_integer_value(json_object_get(doc, "skipped")), 1);
    json_decref(doc);
    cli_result_free(&r);
    cli_expect_text("nvrm-cli -F 580.126.20 run tests/cli/data/loops.yaml", 2, "580 or newer",
                    NULL);
    cli_expect_text("nvrm-cli -F 575.64 run tests/cli/data/loops.yaml", 2, "575 or older",
                    NULL);
    cli_expect_text("nvrm-cli run tests/cli/data/loops.yaml", 2, "status NV_", NULL);
}

static void
a_check_names_the_step_the_releases_and_the_nearest_name(void **state)
{
    struct cli_result r =
        cli_run_command("nvrm-cli -j run --check -F all tests/cli/data/newer-class.json");
    json_t *doc = json_loads(r.out, 0, NULL);
    const json_t *problem = json_array_get(json_object_get(doc, "problems"), 0);

    (void)state;
    assert_int_equal(r.code, 9);
    assert_int_equal(json_array_size(json_object_get(doc, "problems")), 1);
    assert_string_equal(json_string_value(json_object_get(problem, "step")), "step 1 \"b\"");
    assert_string_equal(json_string_value(json_object_get(problem, "releases")),
                        "535.54.03 .. 555.58.02");
    assert_int_equal(json_integer_value(json_object_get(doc, "checked")), 94);
    json_decref(doc);
    cli_result_free(&r);
    cli_expect_text("nvrm-cli run --check -F 595.45.04 tests/cli/data/newer-class.json", 0,
                    "1 of 1 releases fit", NULL);
}

static void
rows_come_one_a_line_with_jsonl(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -o jsonl run examples/bringup.json | wc -l", 0, "21", NULL);
    cli_expect_text("nvrm-cli -o jsonl run examples/bringup.json | tail -1", 0, "\"failed\":0",
                    NULL);
}

static void
a_refused_control_is_refused_in_scripts_too(void **state)
{
    (void)state;
    cli_expect_text(
        "echo '{\"steps\":[{\"ctl\":{\"object\":\"subdevice\",\"control\":\"0x20809999\"}}]"
        "}' | nvrm-cli run -",
        4, "policy refuses", NULL);
}

static void
a_saved_session_is_a_script_that_does_the_same(void **state)
{
    char *text = cli_expect(
        "f=$(mktemp); nvrm-cli -q -e 'alloc device FERMI_VASPACE_A --as vas' -e 'alloc device "
        "KEPLER_CHANNEL_GROUP_A hVASpace=vas engineType=1 --as tsg' -e 'ctl subdevice "
        "NV2080_CTRL_CMD_FB_GET_INFO_V2 fbInfoListSize=1 fbInfoList[0].index=8' -e 'dup device "
        "vas' "
        "-e 'free tsg' -e \"save $f\" >/dev/null && cat $f && nvrm-cli run $f && nvrm-cli run "
        "--check "
        "-F all $f; s=$?; rm $f; exit $s",
        0);

    (void)state;
    assert_non_null(strstr(text, "\"hVASpace\": \"$vas\""));
    assert_non_null(strstr(text, "5 steps ran, 0 failed"));
    assert_non_null(strstr(text, "94 of 94 releases fit"));
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_runs_on_every_release),
        cmocka_unit_test(the_example_runs_on_every_card_and_in_yaml),
        cmocka_unit_test(the_two_examples_are_the_same_script),
        cmocka_unit_test(the_example_fits_every_release_without_a_card),
        cmocka_unit_test(loops_variables_and_conditions_do_what_they_say),
        cmocka_unit_test(a_check_names_the_step_the_releases_and_the_nearest_name),
        cmocka_unit_test(rows_come_one_a_line_with_jsonl),
        cmocka_unit_test(a_saved_session_is_a_script_that_does_the_same),
        cmocka_unit_test(a_refused_control_is_refused_in_scripts_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
