/* SPDX-License-Identifier: MIT */
/* Machine instructions: taking apart and putting together over the generated tables. */
#include "test.h"

#include <string.h>

#include <nvrm/sass.h>

/* IMAD R4, R4, c[0x0][0x0], R3, as ptxas wrote it for sm_80 */
static const uint64_t imad[2] = {0x0000000004047a24, 0x001fca00078e0203};

static void
an_instruction_is_taken_apart(void **state)
{
    struct nvrm_sass_insn i;

    (void)state;
    assert_true(nvrm_sass_decode(80, imad, 0, &i));
    assert_int_equal(i.op, NVRM_SASS_OP_IMAD);
    assert_int_equal(i.guard, NVRM_SASS_PT);
    assert_int_equal(nvrm_sass_mod(&i, NVRM_SASS_MOD_SIGN), NVRM_SASS_SIGN_S32);
    assert_int_equal(nvrm_sass_mod(&i, NVRM_SASS_MOD_X), 0);
    assert_int_equal(i.operands[0].kind, NVRM_SASS_GPR);
    assert_int_equal(i.operands[0].role, NVRM_SASS_DST);
    assert_int_equal(i.operands[0].index, 4);
    assert_int_equal(i.operands[2].kind, NVRM_SASS_CONST);
    assert_true(i.operands[4].hide);
    assert_int_equal(i.ctl.stall, 5);
    assert_int_equal(i.ctl.wait, 1);
    assert_int_equal(i.ctl.wrbar, NVRM_SASS_NO_BARRIER);
}

static void
what_was_taken_apart_is_put_together_again(void **state)
{
    struct nvrm_sass_insn i;
    uint64_t code[2];
    const char *why;

    (void)state;
    assert_true(nvrm_sass_decode(80, imad, 0, &i));
    assert_true(nvrm_sass_encode(80, &i, 0, code, &why));
    assert_memory_equal(code, imad, sizeof(code));
}

static void
bits_that_no_field_owns_are_refused(void **state)
{
    struct nvrm_sass_insn i;

    (void)state;
    for (unsigned bit = 76; bit < 87; bit++) {
        uint64_t code[2] = {imad[0], imad[1] ^ UINT64_C(1) << (bit - 64)};

        assert_false(nvrm_sass_decode(80, code, 0, &i));
    }
}

static void
an_unknown_sm_has_no_instructions(void **state)
{
    struct nvrm_sass_insn i;

    (void)state;
    assert_false(nvrm_sass_decode(70, imad, 0, &i));
}

static void
encoding_says_what_does_not_fit(void **state)
{
    struct nvrm_sass_insn i;
    uint64_t code[2];
    const char *why = NULL;

    (void)state;
    assert_true(nvrm_sass_decode(80, imad, 0, &i));
    i.operands[2].value = 3;
    assert_false(nvrm_sass_encode(80, &i, 0, code, &why));
    assert_string_equal(why, "a number is not a multiple of what the field counts in");
}

static void
every_form_has_a_name(void **state)
{
    struct nvrm_sass_form_info f;

    (void)state;
    assert_true(nvrm_sass_form_count() > 50);
    for (unsigned i = 0; i < nvrm_sass_form_count(); i++) {
        assert_true(nvrm_sass_form(i, &f));
        assert_string_equal(f.mnemonic, nvrm_sass_op_name(f.op));
    }
    assert_false(nvrm_sass_form(nvrm_sass_form_count(), &f));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instruction_is_taken_apart),
        cmocka_unit_test(what_was_taken_apart_is_put_together_again),
        cmocka_unit_test(bits_that_no_field_owns_are_refused),
        cmocka_unit_test(an_unknown_sm_has_no_instructions),
        cmocka_unit_test(encoding_says_what_does_not_fit),
        cmocka_unit_test(every_form_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
