/* SPDX-License-Identifier: MIT */
/* Small programs and what the lint says of each: one row per way in which a path can go wrong,
 * or only seem to. */
#include "test.h"

#include <errno.h>

#include <sass/lint.h>
#include <sass/text.h>

/* Columns of control bits that most lines have. */
#define S1    "B------:R-:W-:-:S01 "
#define S2    "B------:R-:W-:-:S02 "
#define S4    "B------:R-:W-:-:S04 "
#define S5    "B------:R-:W-:-:S05 "
#define S13   "B------:R-:W-:-:S13 "
#define W0    "B------:R-:W0:-:S02 "
#define W1    "B------:R-:W1:-:S02 "
#define R0    "B------:R0:W-:-:S02 "
#define WAIT0 "B0-----:R-:W-:-:S05 "
#define WAIT1 "B-1----:R-:W-:-:S05 "
#define END   S5 "EXIT\n"

struct row {
    const char *name, *text, *says; /* says: "ADDRESS RULE REGISTER; ..." */
};

static const struct row rows[] = {
    {"a sum is read one cycle behind",
     S1 "IADD3 R0, R1, R2, RZ\n" S5 "IADD3 R3, R0, R2, RZ\n" END,                                                        "0x10 raw R0; "},
    {"a sum is read when it is there",
     S4 "IADD3 R0, R1, R2, RZ\n" S5 "IADD3 R3, R0, R2, RZ\n" END,                                                        ""             },
    {"another unit needs a cycle more",
     S4 "IADD3 R0, R1, R2, RZ\n" S5 "FFMA R3, R0, R2, RZ\n" END,                                                         "0x10 raw R0; "},
    {"only the path that falls through is too early",
     S13 "ISETP.NE.AND P0, PT, R4, RZ, PT\n" S5 "@P0 BRA join\n" S1 "IADD3 R0, R1, R2, RZ\n"
         "join:\n" S5 "IADD3 R3, R0, R2, RZ\n" END,
     "0x30 raw R0; "                                                                                                                    },
    {"a loop reads what its last round has not waited for",
     S13 "ISETP.NE.AND P0, PT, R4, RZ, PT\n"
         "again:\n" S5 "FADD R3, R0, R5\n" W0 "MUFU.RCP R0, R2\n" S5 "@P0 BRA again\n" END,
     "0x10 scoreboard R0; "                                                                                                             },
    {"one of two paths waits",
     S13 "ISETP.NE.AND P0, PT, R4, RZ, PT\n" W0 "MUFU.RCP R0, R2\n" S5 "@P0 BRA join\n" WAIT0
         "IADD3 R5, R5, 0x1, RZ\n"
         "join:\n" S5 "FADD R3, R0, R5\n" END,
     "0x40 scoreboard R0; "                                                                                                             },
    {"both paths wait",
     S13 "ISETP.NE.AND P0, PT, R4, RZ, PT\n" W0 "MUFU.RCP R0, R2\n" S5 "@P0 BRA join\n" WAIT0
         "IADD3 R5, R5, 0x1, RZ\n"
         "join:\n" WAIT0 "FADD R3, R0, R5\n" END,
     ""                                                                                                                                 },
    {"a predicate takes longer to a guard than to a comparison",
     S4 "ISETP.NE.AND P0, PT, R4, RZ, PT\n" S4 "ISETP.NE.AND P1, PT, R4, RZ, P0\n" S5
        "@P0 IADD3 R0, R1, R2, RZ\n" END,
     "0x20 predicate P0; "                                                                                                              },
    {"what a function has under way is the caller's",
     S5 "CALL.REL.NOINC work\n" S5 "FADD R3, R0, R5\n" S5 "EXIT\n"
        "work:\n" W0 "MUFU.RCP R0, R2\n" S5 "RET.REL.NODEC R20 work\n",
     "0x10 scoreboard R0; "                                                                                                             },
    {"nothing tells when a result is there",                     S5 "MUFU.RCP R0, R2\n" S5 "FADD R3, R0, R5\n" END,
     "0x10 untracked R0; "                                                                                                              },
    {"a later load tells of an earlier one",
     S2 "LDS R0, [R4]\n" W0 "LDS R1, [R5]\n" WAIT0 "FADD R3, R0, R5\n" END,                                              ""             },
    {"an earlier load does not tell of a later one",
     W0 "LDS R0, [R4]\n" W1 "LDS R1, [R5]\n" WAIT0 "FADD R3, R1, R5\n" END,
     "0x20 scoreboard R1; "                                                                                                             },
    {"what is stored is overwritten",                            S2 "STS [R4], R0\n" S5 "IADD3 R0, R1, R2, RZ\n" END,
     "0x10 war R0; "                                                                                                                    },
    {"what is stored was read",                                  R0 "STS [R4], R0\n" WAIT0 "IADD3 R0, R1, R2, RZ\n" END, ""             },
    {"a load comes behind a sum",                                W0 "LDS R0, [R4]\n" S5 "IADD3 R0, R1, R2, RZ\n" END,
     "0x10 waw R0; "                                                                                                                    },
    {"guards exclude each other",
     S13 "ISETP.NE.AND P0, PT, R4, RZ, PT\n" W0 "@P0 MUFU.RCP R0, R2\n" S5
         "@!P0 FADD R3, R0, R5\n" END,
     ""                                                                                                                                 },
    {"guards of different predicates do not",
     S13 "ISETP.NE.AND P0, P1, R4, RZ, PT\n" W0 "@P0 MUFU.RCP R0, R2\n" S5
         "@!P1 FADD R3, R0, R5\n" END,
     "0x20 scoreboard R0; "                                                                                                             },
    {"the predicate is another by then",
     S13 "ISETP.NE.AND P0, PT, R4, RZ, PT\n" W0 "@P0 MUFU.RCP R0, R2\n" S13
         "ISETP.NE.AND P0, PT, R5, RZ, PT\n" S5 "@!P0 FADD R3, R0, R5\n" END,
     "0x30 scoreboard R0; "                                                                                                             },
    {"a scoreboard is waited for in the next cycle",
     "B------:R-:W0:-:S01 MUFU.RCP R0, R2\n" WAIT0 "FADD R3, R0, R5\n" END,
     "0x10 early-wait ; "                                                                                                               },
    {"DEPBAR waits as the control bits do",
     W0 "MUFU.RCP R0, R2\n" S4 "DEPBAR.LE SB0, 0x0\n" S5 "FADD R3, R0, R5\n" END,                                        ""             },
    {"some may still be under way",
     W0 "MUFU.RCP R0, R2\n" S4 "DEPBAR.LE SB0, 0x1\n" S5 "FADD R3, R0, R5\n" END,
     "0x20 scoreboard R0; "                                                                                                             },
    {"EXIT needs its cycles",                                    S1 "EXIT\n",                                            "0x0 stall ; " },
    {"the code goes on past its end",                            S5 "IADD3 R0, R1, R2, RZ\n",                            "0x0 code ; "  },
    {"a branch leaves the section",                              S5 "BRA 0x1000\n",                                      "0x0 code ; "  },
    {"an address is two registers",
     S1 "IADD3 R5, R1, R2, RZ\n" W0 "LDG.E.64 R8, desc[UR4][R4.64]\n" WAIT0
        "FADD R3, R9, R8\n" END,
     "0x10 raw R5; "                                                                                                                    },
    {"a register past the declared ones",                        S5 "IADD3 R0, R1, R40, RZ\n" END,
     "0x0 register R40; "                                                                                                               },
};

static int
note(void *ctx, const struct sass_finding *f)
{
    char *said = ctx;
    size_t n = strlen(said);

    (void)snprintf(said + n, 512 - n, "0x%llx %s %s; ", (unsigned long long)f->addr,
                   sass_rule_name(f->rule), f->where);
    return 0;
}

static void
each_program_has_the_findings_that_its_row_says(void **state)
{
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct sass_lint_code code = {.sm = 86, .registers = 32};
        struct sass_error bad = {0};
        char said[512] = "";
        uint64_t *words = NULL;
        size_t n = 0;

        if (sass_assemble(86, rows[i].text, strlen(rows[i].text), &words, &n, &bad) < 0)
            fail_msg("%s: line %u: %s", rows[i].name, bad.line, bad.text);
        code.code = (const uint8_t *)words;
        code.bytes = 16 * n;
        assert_int_equal(sass_lint(NULL, &code, note, said, NULL), 0);
        free(words);
        if (strcmp(said, rows[i].says) != 0) {
            print_error("%s: \"%s\" instead of \"%s\"\n", rows[i].name, said, rows[i].says);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static int
stop(void *ctx, const struct sass_finding *f)
{
    (void)f;
    ++*(int *)ctx;
    return -ECANCELED;
}

static void
bad_calls_are_refused_and_a_callback_can_end_it(void **state)
{
    const uint64_t nop[2] = {0x0000000000007918, 0x000fea0003800000};
    const uint64_t off = 8;
    struct sass_lint_code code = {.sm = 86, .code = (const uint8_t *)nop, .bytes = 16};
    struct gsp_error err = {0};
    int calls = 0;

    (void)state;
    assert_int_equal(sass_lint(NULL, &code, stop, &calls, &err),
                     -ECANCELED); /* it runs off the end */
    assert_int_equal(calls, 1);
    code.bytes = 15;
    assert_int_equal(sass_lint(NULL, &code, stop, &calls, &err), -EINVAL);
    code.bytes = 16;
    code.entries = &off;
    code.entries_n = 1;
    assert_int_equal(sass_lint(NULL, &code, stop, &calls, &err), -EINVAL);
    assert_string_equal(err.text, "entry 0x8 is no instruction of the section");
    code.sm = 120;
    assert_int_equal(sass_lint(NULL, &code, stop, &calls, &err), -ENOTSUP);
    assert_string_equal(err.text, "no latencies are known for sm_120");
    for (unsigned i = 0; i < SASS_RULES; i++)
        assert_true(sass_rule_name(i) && sass_rule_doc(i));
    assert_null(sass_rule_name(SASS_RULES));
}

/* An allocator that fails at the n-th call. */
struct poor {
    unsigned left;
};

static void *
poor_realloc(void *ctx, void *old, size_t bytes)
{
    struct poor *p = ctx;

    if (bytes == 0) {
        free(old);
        return NULL;
    }
    if (p->left == 0)
        return NULL;
    p->left--;
    return realloc(old, bytes);
}

static int
ignore(void *ctx, const struct sass_finding *f)
{
    (void)ctx;
    (void)f;
    return 0;
}

static void
every_allocation_may_fail(void **state)
{
    const char *text = rows[8].text; /* with a call, a return and a finding */
    struct poor poor;
    const struct gsp_host host = {.ctx = &poor, .realloc = poor_realloc};
    struct sass_lint_code code = {.sm = 86};
    uint64_t *words = NULL;
    size_t n = 0;
    unsigned at = 0;
    int rc;

    (void)state;
    assert_int_equal(sass_assemble(86, text, strlen(text), &words, &n, &(struct sass_error){0}),
                     0);
    code.code = (const uint8_t *)words;
    code.bytes = 16 * n;
    do {
        poor.left = at++;
        rc = sass_lint(&host, &code, ignore, NULL, NULL);
        assert_true(rc == 0 || rc == -ENOMEM);
    } while (rc);
    assert_true(at > 8);
    free(words);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_program_has_the_findings_that_its_row_says),
        cmocka_unit_test(bad_calls_are_refused_and_a_callback_can_end_it),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
