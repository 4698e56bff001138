/* SPDX-License-Identifier: MIT */
/* sass as a user calls it. */
#include "cli_run.h"
#include "test.h"

#define SAXPY "tests/cuda/cubin/saxpy.sm_89.cubin"
#define TEXT  "tests/cli/data/countdown.sass"

static void
text_and_code_are_each_others_source(void **state)
{
    (void)state;
    free(cli_expect("nvrm-cli -o raw sass asm --sm 86 " TEXT " | nvrm-cli sass dis --sm 86 - | "
                    "nvrm-cli -o raw sass asm --sm 86 - > /tmp/nvrm-sass.$$; "
                    "nvrm-cli -o raw sass asm --sm 86 " TEXT
                    " | cmp - /tmp/nvrm-sass.$$; r=$?; "
                    "rm /tmp/nvrm-sass.$$; exit $r",
                    0));
    free(cli_expect("nvrm-cli sass dis --words --addresses " SAXPY " > /tmp/nvrm-sass.$$; "
                    "nvrm-cli -o raw sass asm --sm 89 /tmp/nvrm-sass.$$ | nvrm-cli sass diff "
                    "--sm 89 - /dev/null > /dev/null; r=$?; rm /tmp/nvrm-sass.$$; "
                    "test $r = 9",
                    0));
}

static void
a_cubin_comes_back_from_its_text(void **state)
{
    (void)state;
    free(cli_expect("nvrm-cli -j sass dis " SAXPY " > /tmp/nvrm-sass.$$; "
                    "nvrm-cli sass dis " SAXPY " | nvrm-cli -j sass asm --sm 89 - | "
                    "grep -o '0x[0-9a-f]*' | sed 's/0x0*//' > /tmp/nvrm-sass2.$$; "
                    "grep -A3 '\"words\"' /tmp/nvrm-sass.$$ | grep -o '0x[0-9a-f]*' | "
                    "sed 's/0x0*//' | cmp - /tmp/nvrm-sass2.$$; r=$?; rm /tmp/nvrm-sass.$$ "
                    "/tmp/nvrm-sass2.$$; exit $r",
                    0));
}

static void
json_has_an_object_per_instruction(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j sass dis " SAXPY);
    const json_t *f = json_array_get(json_object_get(doc, "functions"), 0);
    const json_t *insn = json_array_get(json_object_get(f, "code"), 1);

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(doc, "sm")), 89);
    assert_string_equal(json_string_value(json_object_get(f, "name")), "saxpy");
    assert_string_equal(json_string_value(json_object_get(insn, "op")), "S2R");
    assert_string_equal(json_string_value(json_object_get(insn, "text")), "S2R R4, SR_CTAID.X");
    assert_string_equal(json_string_value(json_object_get(insn, "control")),
                        "B------:R-:W0:-:S04");
    assert_int_equal(json_integer_value(json_object_get(insn, "address")), 16);
    json_decref(doc);
}

static void
a_difference_is_lines_and_exit_code_9(void **state)
{
    (void)state;
    cli_expect_text("sed 's/0x10$/0x11/' " TEXT " | nvrm-cli -o raw sass asm --sm 86 - > "
                    "/tmp/nvrm-sass.$$; nvrm-cli -o raw sass asm --sm 86 " TEXT
                    " | nvrm-cli sass diff --sm 86 - /tmp/nvrm-sass.$$; r=$?; rm "
                    "/tmp/nvrm-sass.$$; exit $r",
                    9, "- 0000 B------:R-:W-:Y:S04 MOV R0, 0x10", NULL);
    free(cli_expect("nvrm-cli sass diff " SAXPY " " SAXPY, 0));
}

static void
forms_say_what_an_operation_takes(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli sass forms --sm 86 IADD3", 0,
                    "0x210  IADD3[.X] R, [P], [P], [-]R, [-]R, [-]R, [[!]P], [[!]P]  # sm 75",
                    NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_code_are_each_others_source),
        cmocka_unit_test(a_cubin_comes_back_from_its_text),
        cmocka_unit_test(json_has_an_object_per_instruction),
        cmocka_unit_test(a_difference_is_lines_and_exit_code_9),
        cmocka_unit_test(forms_say_what_an_operation_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
