/* SPDX-License-Identifier: MIT */
/* Machine code as text and back. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sass/text.h>

#include "sass_random.h"

static const unsigned sms[] = {75, 80, 86, 89, 90, 100, 120};

static int
keep_line(void *ctx, const char *line)
{
    char *text = ctx;

    strcat(text, line);
    strcat(text, "\n");
    return 0;
}

static const char *
one_line(unsigned sm, const uint64_t code[2], uint64_t addr)
{
    static char out[2 * SASS_LINE];
    const struct sass_print how = {.sm = sm};
    struct nvrm_sass_insn insn;
    char text[SASS_LINE], ctl[SASS_CTL];

    assert_true(nvrm_sass_decode(sm, code, addr, &insn));
    sass_print(&how, &insn, text);
    sass_print_ctl(&insn.ctl, ctl);
    snprintf(out, sizeof(out), "%s %s ;", ctl, text);
    return out;
}

static void
every_legal_instruction_comes_back_from_its_text(void **state)
{
    uint64_t seed = 0x1234567;

    (void)state;
    for (unsigned k = 0; k < sizeof(sms) / sizeof(sms[0]); k++)
        for (unsigned form = 0; form < nvrm_sass_form_count(); form++) {
            if (!(sass_forms[form].sms >> k & 1))
                continue;
            for (int round = 0; round < 8; round++) {
                const struct sass_parse how = {.sm = sms[k], .addr = 0x1000};
                uint64_t code[2], back[2];
                struct nvrm_sass_insn insn;
                struct sass_error err;
                const char *line, *why;

                assert_true(sass_random_insn(&seed, sms[k], form, 0x1000, code));
                line = one_line(sms[k], code, 0x1000);
                if (sass_parse(&how, line, &insn, &err) < 0)
                    fail_msg("sm_%u %s: %s (%s)", sms[k], line, err.text, err.hint);
                assert_true(nvrm_sass_encode(sms[k], &insn, 0x1000, back, &why));
                if (memcmp(code, back, sizeof(code)))
                    fail_msg("sm_%u %s: %016llx %016llx became %016llx %016llx", sms[k], line,
                             (unsigned long long)code[0], (unsigned long long)code[1],
                             (unsigned long long)back[0], (unsigned long long)back[1]);
            }
        }
}

static void
assemble_ok(const char *text, uint64_t **code, size_t *count)
{
    struct sass_error err;

    if (sass_assemble(80, text, strlen(text), code, count, &err) < 0)
        fail_msg("line %u: %s (%s)", err.line, err.text, err.hint);
}

static const char loop[] = "// counts down\n"
                           "  MOV R0, 0x10 ;\n"
                           ".L_top:\n"
                           "  B------:R-:W-:Y:S04 IADD3 R0, R0, -0x1, RZ ; /* one less */\n"
                           "  ISETP.GT.AND P0, PT, R0, RZ, PT\n"
                           "  @P0 BRA `(.L_top)\n"
                           "  # the end\n"
                           "  EXIT ;\n";

static void
a_program_with_labels_and_comments_assembles(void **state)
{
    const struct sass_list how = {.sm = 80, .labels = true};
    char text[4096] = "";
    uint64_t *code;
    size_t count;

    (void)state;
    assemble_ok(loop, &code, &count);
    assert_int_equal(count, 5);
    assert_int_equal(sass_disassemble(&how, code, count, keep_line, text), 0);
    assert_string_equal(text,
                        "MOV R0, 0x10 ;\n.L_10:\nIADD3 R0, R0, -0x1, RZ ;\n"
                        "ISETP.GT.AND P0, PT, R0, RZ, PT ;\n@P0 BRA `(.L_10) ;\nEXIT ;\n");
    free(code);
}

static void
what_the_tables_lack_survives_as_words(void **state)
{
    const uint64_t words[2] = {0xfff, 0x123};
    const struct sass_list how = {.sm = 80, .ctl = true, .address = true};
    char text[1024] = "";
    uint64_t *code;
    size_t count;

    (void)state;
    assert_int_equal(sass_disassemble(&how, words, 1, keep_line, text), 0);
    assemble_ok(text, &code, &count);
    assert_int_equal(count, 1);
    assert_memory_equal(code, words, sizeof(words));
    free(code);
}

static void
numbers_that_nvdisasm_shortens_come_back(void **state)
{
    static const char *const lines[] = {
        "FADD R0, R1, 0x7f800001",
        "FADD R0, R1, +INF",
        "FADD R0, R1, -0.0",
        "FADD R0, R1, 1.5",
        "HADD2 R0, R1, 0x7e01, 65504",
        "DADD R0, R2, 0x7ff00001",
        "DADD R0, R2, 0.5",
        "HFMA2.BF16_V2 R0, R1, R2, 1, 0x7fc1",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const struct sass_list how = {.sm = 80};
        char text[1024] = "", want[SASS_LINE];
        uint64_t *code;
        size_t count;

        assemble_ok(lines[i], &code, &count);
        assert_int_equal(sass_disassemble(&how, code, count, keep_line, text), 0);
        snprintf(want, sizeof(want), "%s ;\n", lines[i]);
        assert_string_equal(text, want);
        free(code);
    }
}

static const struct {
    const char *text, *error, *hint;
    unsigned line;
} wrong[] = {
    {"IADD2 R0, R1, R2",          "no operation is called 'IADD2'",                "did you mean", 1},
    {"NOP\nFADD R0, R1",          "no form of FADD fits at 'the end of the line'", "sass forms",   2},
    {"FADD.BOLD R0, R1, R2",      "no form of FADD fits at '.BOLD R0, R1, R2'",    "sass forms",   1},
    {"MOV R256, R1",              "no form of MOV fits at 'R256, R1'",             "sass forms",   1},
    {"BRA `(.nowhere)",           "no form of BRA fits at '`(.nowhere)'",          "sass forms",   1},
    {"a:\nNOP\na:\nNOP",          "label 'a' is there already",                    "",             3},
    {"B0--:R-:W-:Y:S04 xxxx NOP", "the control column is not readable",            "B0-----",      1},
    {"@Q0 NOP",                   "'Q0 NOP' is no guard predicate",                "",             1},
    {".insn 0x12",                ".insn takes the low and the high word",         ".insn 0x",     1},
    {"IMAD.MOV R0, R1, R2, R3",   "these operands do not make a IMAD.MOV",         "",             1},
    {"LDG.E R0, [R2+0x1000000]",  "LDG cannot hold these operands",                "does not fit", 1},
    {"DADD R0, R2, 0.1",          "no form of DADD fits at '0.1'",                 "sass forms",   1},
};

static void
errors_say_where_and_how(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct sass_error err;
        uint64_t *code;
        size_t count;

        assert_int_equal(
            sass_assemble(80, wrong[i].text, strlen(wrong[i].text), &code, &count, &err),
            -EINVAL);
        assert_string_equal(err.text, wrong[i].error);
        assert_int_equal(err.line, wrong[i].line);
        assert_non_null(strstr(err.hint, wrong[i].hint));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_legal_instruction_comes_back_from_its_text),
        cmocka_unit_test(a_program_with_labels_and_comments_assembles),
        cmocka_unit_test(what_the_tables_lack_survives_as_words),
        cmocka_unit_test(numbers_that_nvdisasm_shortens_come_back),
        cmocka_unit_test(errors_say_where_and_how),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
