/* SPDX-License-Identifier: MIT */
/* Scripts: expressions, loops, includes, retries, what runs at the end, secrets, --var, --step,
 * positions, the examples and the JSON Schema. */
#include <stdbool.h>

#include <nvrm/schema.h>

#include "cli_run.h"
#include "test.h"

#define DATA "tests/cli/data/script/"

static const char *const examples[] = {"memory", "events", "fault-drill", "health"};
enum { EXAMPLES = sizeof(examples) / sizeof(examples[0]) };

static void
every_example_runs_on_old_and_new_releases_and_on_every_card(void **state)
{
    static const char *const releases[] = {"535.54.03", "550.54.14",  "560.35.03", "570.144",
                                           "575.64.05", "580.126.20", "595.45.04"};
    static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102", "GH100", "GB202"};
    char command[160];

    (void)state;
    for (unsigned e = 0; e < EXAMPLES; e++) {
        for (unsigned r = 0; r < sizeof(releases) / sizeof(releases[0]); r++) {
            snprintf(command, sizeof(command), "nvrm-cli -F %s run examples/%s.yaml",
                     releases[r], examples[e]);
            cli_expect_text(command, 0, " 0 failed", NULL);
        }
        for (unsigned c = 0; c < sizeof(chips) / sizeof(chips[0]); c++) {
            snprintf(command, sizeof(command), "nvrm-cli -t emu:%s run examples/%s.yaml",
                     chips[c], examples[e]);
            cli_expect_text(command, 0, " 0 failed", NULL);
        }
    }
}

static void
every_example_fits_every_release_and_can_be_run_dry(void **state)
{
    char command[160];

    (void)state;
    for (unsigned e = 0; e < EXAMPLES; e++) {
        snprintf(command, sizeof(command), "nvrm-cli run --check -F all examples/%s.yaml",
                 examples[e]);
        cli_expect_text(command, 0, "94 of 94 releases fit, 0 problems", NULL);
        snprintf(command, sizeof(command), "nvrm-cli --dry-run -j run examples/%s.yaml",
                 examples[e]);
        cli_expect_text(command, 0, "NV20_SUBDEVICE_0", NULL);
    }
}

static void
the_schema_for_editors_is_what_the_program_prints(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli run --schema | diff - docs/script.schema.json", 0, NULL, NULL);
    cli_expect_text("nvrm-cli run --schema x.yaml", 2, NULL, "--schema takes no file");
}

static void
expressions_loops_and_conditions_compute(void **state)
{
    char *out = cli_expect("nvrm-cli run " DATA "flow.yaml", 0);

    (void)state;
    assert_non_null(strstr(out, "sum 6 last 3 round 2\n"));
    assert_non_null(strstr(out, "now 0 abc! 0x0100 ${sum}\n"));
    assert_null(strstr(out, "skipped\n       "));
    assert_null(strstr(out, "old\n"));
    free(out);
    cli_expect_text("nvrm-cli -F 545.23.06 run " DATA "flow.yaml", 0, "       old\n", NULL);
    cli_expect_text("nvrm-cli run --check -F all " DATA "flow.yaml", 0, "94 of 94", NULL);
}

static void
a_loop_that_does_not_end_is_ended_with_code_9(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli run " DATA "endless.yaml", 9,
                    "endless.yaml:2:3: the loop did not end within 5 rounds", NULL);
}

static void
a_failure_leads_to_cleanup_and_finally_runs_always(void **state)
{
    char *out = cli_expect("nvrm-cli run " DATA "cleanup.yaml", 9);

    (void)state;
    assert_non_null(strstr(out, "cleanup.yaml:3:3: 1 + 1 == 3 does not hold"));
    assert_null(strstr(out, "never"));
    assert_true(strstr(out, "cleaning") && strstr(out, "cleaned") > strstr(out, "cleaning"));
    assert_true(strstr(out, "at last") > strstr(out, "cleaned"));
    assert_non_null(strstr(out, "2 failed"));
    free(out);
}

static void
an_assertion_that_fails_shows_the_values(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli run " DATA "assert.yaml", 9,
                    "a + o.b[0] == 7 does not hold: a is 1, o.b[0] is 5", NULL);
}

static void
an_included_script_sees_the_variables_and_ends_before_the_next_step(void **state)
{
    char *out = cli_expect("nvrm-cli run " DATA "outer.yaml", 0);

    (void)state;
    assert_non_null(strstr(out, "in outer outer! mine\n"));
    assert_true(strstr(out, "after outer! mine") > strstr(out, "inner at last"));
    free(out);
}

static void
includes_that_are_traps_are_refused_where_they_stand(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli run " DATA "cycle-a.yaml", 2, NULL,
                    "cycle-b.yaml:1:9: " DATA "cycle-a.yaml includes itself");
    cli_expect_text("nvrm-cli run " DATA "absolute.yaml", 2, NULL,
                    "absolute.yaml:1:21: include '/etc/passwd' is not relative");
    cli_expect_text("nvrm-cli run " DATA "missing.yaml", 2, NULL,
                    "missing.yaml:1:21: " DATA "nowhere.yaml: No such file");
    cli_expect_text("nvrm-cli run " DATA "bad-inside.yaml", 2, NULL,
                    "bad-inside-2.yaml:5:5: step 2: there is no key 'clas'");
    cli_expect_text("nvrm-cli run " DATA "bad-inside.yaml", 2, NULL, "did you mean class?");
}

static void
what_may_pass_is_tried_again_and_what_may_not_is_not(void **state)
{
    (void)state;
    cli_expect_text(
        "nvrm-cli --timeout 0.2 -t 'emu?inject=ctl:NV2080_CTRL_CMD_TIMER_GET_TIME=lost' "
        "run " DATA "retry.yaml",
        0, "NV_OK after 2 attempts", NULL);
    cli_expect_text(
        "nvrm-cli -t 'emu?inject=ctl:NV2080_CTRL_CMD_TIMER_GET_TIME=NV_ERR_BUSY_RETRY' "
        "run " DATA "retry.yaml",
        5, "NV_ERR_BUSY_RETRY after 3 attempts", NULL);
    cli_expect_text(
        "nvrm-cli -t 'emu?inject=ctl:NV2080_CTRL_CMD_TIMER_GET_TIME=NV_ERR_NOT_SUPPORTED' -o "
        "jsonl run " DATA "retry.yaml | grep -c attempts",
        1, "0", NULL);
}

static void
expect_no_secret(const char *text)
{
    static const char *const secrets[] = {"345000", "3428352", "sesame", "RTX", "00503400"};

    for (unsigned i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        if (strstr(text, secrets[i]))
            print_error("'%s' is in\n%s\n", secrets[i], text);
        assert_null(strstr(text, secrets[i]));
    }
}

static void
secrets_are_stars_wherever_they_would_be_shown(void **state)
{
    static const char *const ways[] = {
        "nvrm-cli run " DATA "secret.yaml 2>&1",
        "nvrm-cli -j run " DATA "secret.yaml 2>&1",
        "nvrm-cli -o jsonl run " DATA "secret.yaml 2>&1",
        "printf 'v\\nc\\n' | nvrm-cli run --step " DATA "secret.yaml 2>&1 | tee /dev/stderr | "
        "grep -v 'value\":'; exit 9",
    };
    struct cli_result r;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        r = cli_run_command(ways[i]);
        assert_int_equal(r.code, 9);
        expect_no_secret(r.out);
        assert_non_null(strstr(r.out, "***"));
        cli_result_free(&r);
    }
    r = cli_run_command(ways[3]);
    expect_no_secret(r.out);
    cli_result_free(&r);
    r = cli_run_command("nvrm-cli -j --dry-run run " DATA "secret.yaml");
    assert_non_null(strstr(r.out, "\"wire\": \"***\""));
    assert_null(strstr(r.out, "00503400"));
    assert_null(strstr(r.out, "345000"));
    cli_result_free(&r);
    cli_expect_text("NVRM_TEST_SIZE=0x10000 nvrm-cli run " DATA
                    "secret.yaml | grep -c 'sum 65537'",
                    0, "1", NULL);
    cli_expect_text("nvrm-cli --record /dev/null run " DATA "secret.yaml", 4, NULL,
                    "the script has secrets");
}

static void
variables_come_from_the_command_line(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli run " DATA "needs.yaml", 2, NULL,
                    "the variable 'must' has no value");
    cli_expect_text("nvrm-cli run " DATA "needs.yaml", 2, NULL, "--var must=VALUE");
    cli_expect_text("nvrm-cli run --var must=0x20 --var may=41 " DATA "needs.yaml", 0,
                    "0x20 42\n", NULL);
    cli_expect_text("nvrm-cli run --var must=1 --var mya=2 " DATA "needs.yaml", 2, NULL,
                    "did you mean may?");
    cli_expect_text("nvrm-cli run --var must " DATA "needs.yaml", 2, NULL,
                    "'must' is not NAME=VALUE");
}

static void
stepping_asks_before_each_step(void **state)
{
#define STEP(answers) "printf '" answers "' | nvrm-cli run --step " DATA "cleanup.yaml"
    (void)state;
    cli_expect_text(STEP("y\\nq\\n"), 130, "2 steps ran", NULL); /* one is finally's */
    cli_expect_text(STEP("y\\nq\\n"), 130, "at last", "cleanup.yaml:3:3: step 2 \"bad\"");
    cli_expect_text(STEP("y\\ns\\nc\\n"), 0, "never", NULL);
    cli_expect_text(STEP(""), 130, NULL, NULL);
    cli_expect_text("echo '{\"steps\":[]}' | nvrm-cli run --step -", 2, NULL,
                    "--step reads answers from stdin");
}

static void
an_interrupt_ends_the_steps_and_not_what_runs_at_the_end(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli run " DATA "interrupted.yaml & sleep 0.5; kill -INT $!; wait $!",
                    130, "at last", NULL);
}

static void
every_bad_value_fails_its_step_and_says_why(void **state)
{
    static const char *const says[] = {
        "bad-values.yaml:4:3: repeat is not a whole number",
        "bad-values.yaml:5:3: sleep takes 0 to 86400 seconds",
        "bad-values.yaml:6:3: in is not a list",
        "bad-values.yaml:7:3: nothing is called 'nobody'",
        "bad-values.yaml:8:3: nothing is called 'nobody'",
        "bad-values.yaml:9:3: text is missing, expected \"other\"",
        "bad-values.yaml:11:3: 'n' has no clas",
        "hint: did you mean n.class?",
        "bad-values.yaml:12:3: ",
        "bad-values.yaml:13:3: a division by zero",
        "10 steps ran, 9 failed",
    };
    char *out = cli_expect("nvrm-cli run " DATA "bad-values.yaml", 2);

    (void)state;
    for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
        if (!strstr(out, says[i]))
            print_error("'%s' is not in\n%s\n", says[i], out);
        assert_non_null(strstr(out, says[i]));
    }
    assert_null(strstr(out, "never"));
    free(out);
}

static void
expect_refused(const char *steps, const char *says)
{
    char command[512];

    snprintf(command, sizeof(command), "printf 'steps:\\n- %s\\n' | nvrm-cli run --check -",
             steps);
    cli_expect_text(command, 2, NULL, says);
}

static void
patterns_and_rules_are_checked_when_the_script_is_read(void **state)
{
    (void)state;
    expect_refused("{print: x, expect: {text: {re: \"(a\"}}}", "pattern '(a' is broken");
    expect_refused("{print: x, expect: {text: {that: \"value +\"}}}", "ends too early");
    expect_refused("{print: x, expect: {text: {re: \"(a{99}){99}\"}}}", "too costly");
    cli_expect_text(
        "printf 'steps:\n- {tree: true, expect: {class: {that: \"val == 3\"}}}\n' | "
        "nvrm-cli run --check -",
        9, "expect: 'val' is no constant", NULL);
    cli_expect_text("nvrm-cli run --check --var mya=1 " DATA "needs.yaml", 2, NULL,
                    "did you mean may?");
}

static void
counts_and_values_that_are_known_are_checked_and_others_are_not(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli run --check -F all " DATA "counts.yaml", 9,
                    "0 of 94 releases fit, 2 problems", NULL);
}

static void
a_check_understands_expressions_loops_and_retries(void **state)
{
    char *out = cli_expect("nvrm-cli run --check " DATA "check.yaml", 9);

    (void)state;
    assert_non_null(strstr(out, "check.yaml:3:3: step 1 \"fb\": no release knows the status "
                                "'NV_ERR_BUSY_RETYR'"));
    assert_non_null(strstr(out, "check.yaml:6:3: step 2: no earlier step defines 'm'"));
    assert_non_null(strstr(out, "check.yaml:8:5: step 2.1: 'fb.fbInfoLst[0].data': "
                                "NV2080_CTRL_FB_GET_INFO_V2_PARAMS has no field fbInfoLst"));
    assert_non_null(strstr(out, "hint: did you mean fbInfoList?"));
    assert_non_null(
        strstr(out, "no earlier step defines 'NV2080_CTRL_FB_INFO_INDEX_HEAP_SIZ'"));
    free(out);
    cli_expect_text("nvrm-cli run " DATA "broken-expression.yaml", 2, NULL,
                    "broken-expression.yaml:2:3: step 1: the expression ends too early in "
                    "'1 +', column 4");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_runs_on_old_and_new_releases_and_on_every_card),
        cmocka_unit_test(every_example_fits_every_release_and_can_be_run_dry),
        cmocka_unit_test(the_schema_for_editors_is_what_the_program_prints),
        cmocka_unit_test(expressions_loops_and_conditions_compute),
        cmocka_unit_test(a_loop_that_does_not_end_is_ended_with_code_9),
        cmocka_unit_test(a_failure_leads_to_cleanup_and_finally_runs_always),
        cmocka_unit_test(an_assertion_that_fails_shows_the_values),
        cmocka_unit_test(an_included_script_sees_the_variables_and_ends_before_the_next_step),
        cmocka_unit_test(includes_that_are_traps_are_refused_where_they_stand),
        cmocka_unit_test(what_may_pass_is_tried_again_and_what_may_not_is_not),
        cmocka_unit_test(secrets_are_stars_wherever_they_would_be_shown),
        cmocka_unit_test(variables_come_from_the_command_line),
        cmocka_unit_test(stepping_asks_before_each_step),
        cmocka_unit_test(an_interrupt_ends_the_steps_and_not_what_runs_at_the_end),
        cmocka_unit_test(every_bad_value_fails_its_step_and_says_why),
        cmocka_unit_test(patterns_and_rules_are_checked_when_the_script_is_read),
        cmocka_unit_test(counts_and_values_that_are_known_are_checked_and_others_are_not),
        cmocka_unit_test(a_check_understands_expressions_loops_and_retries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
