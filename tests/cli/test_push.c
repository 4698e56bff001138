/* SPDX-License-Identifier: MIT */
/* push and help on hardware classes, as a user calls them. */
#include "cli_run.h"
#include "test.h"

#define COPY "tests/cli/data/copy."

static void
text_and_words_are_each_others_source(void **state)
{
    (void)state;
    free(cli_expect("nvrm-cli -o raw push asm " COPY "txt | cmp - " COPY "push", 0));
    free(cli_expect("grep -v '^#' " COPY "txt > /tmp/nvrm-push.$$ && "
                    "nvrm-cli push dis " COPY "push | cmp - /tmp/nvrm-push.$$; r=$?; "
                    "rm /tmp/nvrm-push.$$; exit $r",
                    0));
    free(cli_expect("nvrm-cli push asm " COPY "txt | nvrm-cli push dis - | "
                    "nvrm-cli -o raw push asm - | cmp - " COPY "push",
                    0));
}

static void
json_has_the_fields_by_name(void **state)
{
    json_t *rows = cli_expect_json("nvrm-cli -j push dis " COPY "push");
    const json_t *launch = json_array_get(rows, json_array_size(rows) - 1);
    const json_t *fields = json_object_get(launch, "fields");

    (void)state;
    assert_int_equal(json_array_size(rows), 11);
    assert_string_equal(json_string_value(json_object_get(launch, "method")), "LAUNCH_DMA");
    assert_string_equal(json_string_value(json_object_get(launch, "class")),
                        "AMPERE_DMA_COPY_B");
    assert_string_equal(json_string_value(json_object_get(launch, "op")), "imm");
    assert_string_equal(json_string_value(json_object_get(fields, "SRC_MEMORY_LAYOUT")),
                        "PITCH");
    json_decref(rows);
}

static void
findings_are_rows_and_exit_code_9(void **state)
{
    char *text = cli_expect("nvrm-cli push lint " COPY "push", 0);
    json_t *rows;

    (void)state;
    assert_string_equal(text, "");
    free(text);
    cli_expect_text("echo 0x20018000 0xc5b5 | nvrm-cli push lint --host c56f -", 9,
                    "word 1: foreign-class: SET_OBJECT of TURING_DMA_COPY_A (0xc5b5)", NULL);
    rows = cli_expect_json("echo 0x200180c0 0 | nvrm-cli -j push lint - || test $? = 9");
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "rule")),
                        "no-object");
    json_decref(rows);
}

static void
a_search_finds_methods_where_they_began(void **state)
{
    char *text = cli_expect("nvrm-cli schema search '*SEND_SIGNALING_PCAS2_B'", 0);

    (void)state;
    assert_non_null(strstr(text, "method  NVC6C0_SEND_SIGNALING_PCAS2_B"));
    assert_null(strstr(text, "NVCEC0_SEND_SIGNALING_PCAS2_B"));
    free(text);
}

static void
help_knows_methods_records_and_their_fields(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli help NVC7B5_LAUNCH_DMA=0x182", 0,
                    "1:0     DATA_TRANSFER_TYPE               0x2 NON_PIPELINED", NULL);
    cli_expect_text("nvrm-cli help NVC6C0_QMDV03_00_QMD_MAJOR_VERSION", 0,
                    "583:580 QMD_MAJOR_VERSION", NULL);
    cli_expect_text("nvrm-cli help QMDV05_00", 0, "record NVCDC0_QMDV05_00", NULL);
    cli_expect_text("nvrm-cli help SET_STREAM_OUT_LAYOUT_SELECT", 0, "4, 0x80 apart", NULL);
    cli_expect_text("nvrm-cli help NVC7B5_LAUNCH_DMB", 2, NULL, "error: no release knows");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_words_are_each_others_source),
        cmocka_unit_test(json_has_the_fields_by_name),
        cmocka_unit_test(findings_are_rows_and_exit_code_9),
        cmocka_unit_test(a_search_finds_methods_where_they_began),
        cmocka_unit_test(help_knows_methods_records_and_their_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
