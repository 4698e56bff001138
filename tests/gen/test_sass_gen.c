/* SPDX-License-Identifier: MIT */
/* The program nvrm-sass: what it says of files that make no sense, with file and line. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/nvrm-sass-test-XXXXXX";

#define OPERANDS                                                                               \
    "operands:\n"                                                                              \
    "  Rd: {kind: gpr, at: 16, role: dst}\n"                                                   \
    "  A: {kind: gpr, at: 24, neg: 72}\n"                                                      \
    "  Pp: {kind: pred, at: 87, not: 90}\n"                                                    \
    "sets:\n"                                                                                  \
    "  CMP: {bits: 2, values: [LT, EQ, \"-\", GT]}\n"
#define OP(form) OPERANDS "ops:\n  FOO:\n    doc: a test\n    class: alu\n    forms:\n" form

static const struct {
    const char *yaml, *error;
} wrong[] = {
    {OP("    - {code: 0x100, text: \" Rd, A\", fix: \"24+2=1\"}\n"),
     "t.yaml:12: error: FOO 100: bit 24 is used twice"                                                                               },
    {OP("    - {code: 0x100, text: \"{CMP@70}{.X@71} Rd\"}\n"),
     "t.yaml:12: error: FOO 100: bit 71 is used twice"                                                                               },
    {OP("    - {code: 0x100, text: \" Rd, A\"}\n    - {code: 0x100, text: \" Rd, A, !Pp\"}\n"),
     "t.yaml:13: error: FOO 0x100: the same bits could be FOO of "                                                                   },
    {OP("    - {code: 0x1000, text: \" Rd\"}\n"),
     "t.yaml:12: error: 0x1000 is more than 12 bits"                                                                                 },
    {OP("    - {code: 0x100, text: \" Rd, Q\"}\n"),
     "t.yaml:12: error: FOO: no operand is called 'Q'"                                                                               },
    {OP("    - {code: 0x100, text: \"{NO@70} Rd\"}\n"),
     "t.yaml:12: error: FOO: no set is called 'NO'"                                                                                  },
    {OP("    - {code: 0x100, text: \"{CMP@70=NE} Rd\"}\n"),
     "t.yaml:12: error: FOO: the set has no such value, at '} Rd'"                                                                   },
    {OP("    - {code: 0x100, text: \" Rd A\"}\n"),
     "t.yaml:12: error: FOO: ',' is missing, at ' A'"                                                                                },
    {OP("    - {code: 0x100, text: \" Rd\", fix: \"80\"}\n"),
     "t.yaml:12: error: fix is like '80=1 81+3=7', not '80'"                                                                         },
    {OP("    - {code: 0x100, text: \" Rd\", sm: new}\n"),
     "t.yaml:12: error: sm is like 75-89, 80- or 75,86"                                                                              },
    {OP("    - {code: 0x100, text: \" Rd\", colour: red}\n"),
     "t.yaml:12: error: form has no key 'colour'"                                                                                    },
    {OP("    - {code: 0x100, text: \" Rd, ?X=PT:!Pp\"}\n"),
     "t.yaml:12: error: FOO: no modifier of this form has that name"                                                                 },
    {"sets:\n  A: {bits: 1, values: [X, Y, Z]}\n",                                              "t.yaml:2: error: 3 values in 1 bits"},
    {"sets:\n  A: {bits: 9, values: [X]}\n",
     "t.yaml:2: error: a set has 1 to 8 bits in at most 3 runs"                                                                      },
    {"operands:\n  A: {kind: reg, at: 3}\n",
     "t.yaml:2: error: no kind of operand is called 'reg'"                                                                           },
    {"operands:\n  A: {kind: gpr, at: 125}\n",                                                  "t.yaml:2: error: '125' are no bits" },
    {"ops:\n  FOO:\n    class: alu\n    forms: []\n",                                           "t.yaml:2: error: FOO has no doc"    },
};

static void
every_mistake_is_an_error_with_file_and_line(void **state)
{
    char path[256], command[1024], out[4096];

    (void)state;
    snprintf(path, sizeof(path), "%s/t.yaml", dir);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        FILE *f = fopen(path, "w");
        size_t n;

        assert_non_null(f);
        fputs(wrong[i].yaml, f);
        fclose(f);
        snprintf(command, sizeof(command), NVRM_SASS " %s/a.h %s/a.c %s 2>&1", dir, dir, path);
        f = popen(command, "r");
        assert_non_null(f);
        n = fread(out, 1, sizeof(out) - 1, f);
        out[n] = 0;
        assert_int_equal(WEXITSTATUS(pclose(f)), 1);
        if (!strstr(out, wrong[i].error))
            fail_msg("expected %s\nin %s", wrong[i].error, out);
    }
}

static void
equal_input_gives_equal_bytes(void **state)
{
    char command[2048];

    (void)state;
    snprintf(
        command, sizeof(command),
        "cd %s/schemas/hw/sass && for k in a b; do " NVRM_SASS
        " %s/$k.h %s/$k.c $(ls *.yaml | grep -v latency) || exit 1; done; cmp %s/a.c %s/b.c "
        "&& cmp %s/a.h %s/b.h",
        NVRM_SOURCE_DIR, dir, dir, dir, dir, dir, dir);
    assert_int_equal(system(command), 0);
}

static int
setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int
teardown(void **state)
{
    char command[256];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_an_error_with_file_and_line),
        cmocka_unit_test(equal_input_gives_equal_bytes),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
