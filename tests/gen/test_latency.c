/* SPDX-License-Identifier: MIT */
/* The program nvrm-latency: the committed file is taken, and each way to break it is named with
 * its line. */
#include "test.h"

#include <sys/wait.h>
#include <unistd.h>

#define GOOD NVRM_SOURCE_DIR "/schemas/hw/sass/latency.yaml"

/* Runs nvrm-latency on the committed file changed by a sed script; its exit code, and what it
 * says. */
static int
run(const char *script, char *said, size_t bytes)
{
    char dir[] = "/tmp/nvrm-latency-XXXXXX", command[1024];
    size_t n;
    FILE *p;
    int status;

    assert_non_null(mkdtemp(dir));
    (void)snprintf(command, sizeof(command),
                   "cd %s && sed '%s' " GOOD " > in.yaml && " NVRM_LATENCY
                   " out.c in.yaml 2>&1; rc=$?; rm -r %s; exit $rc",
                   dir, script, dir);
    p = popen(command, "r");
    assert_non_null(p);
    n = fread(said, 1, bytes - 1, p);
    said[n] = 0;
    status = pclose(p);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
the_committed_file_is_taken_without_a_word(void **state)
{
    char said[400];

    (void)state;
    assert_int_equal(run("", said, sizeof(said)), 0);
    assert_string_equal(said, "");
}

static void
each_mistake_is_named_with_its_line(void **state)
{
    static const struct {
        const char *script, *says;
    } rows[] = {
        {"s/unit: fma}/unit: fmx}/",                                             "no unit is called 'fmx'" },
        {"s/^guard: guard/guard: gard/",                                         "no unit is called 'gard'"},
        {"s/sm: \\[75\\], file: gpr, from: alu/sm: [76], file: gpr, from: alu/",
         "no SM is called 76"                                                                              },
        {"s/file: ugpr/file: ugrp/",
         "a latency has file (gpr, pred, ugpr, upred, waw), from and to"                                   },
        {"/^wait:/d",                                                            "wait is missing"         },
        {"s/^classes: {alu: alu, /classes: {/",                                  "class alu has no unit"   },
        {"s/ops: \\[CALL\\]/opps: [CALL]/",                                      "opps"                    },
        {"s/default: 4, fma: 5/default: 4, fmx: 5/",                             "no unit is called 'fmx'" },
    };
    char said[4000];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_int_equal(run(rows[i].script, said, sizeof(said)), 1);
        if (strncmp(said, "in.yaml:", 8) != 0 || !strstr(said, rows[i].says))
            fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].script, said, rows[i].says);
    }
}

static void
a_place_that_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(WEXITSTATUS(system(NVRM_LATENCY " /nope/out.c " GOOD " 2>/dev/null")), 1);
    assert_int_equal(WEXITSTATUS(system(NVRM_LATENCY " 2>/dev/null")), 2);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_committed_file_is_taken_without_a_word),
        cmocka_unit_test(each_mistake_is_named_with_its_line),
        cmocka_unit_test(a_place_that_cannot_be_written_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
