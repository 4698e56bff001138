/* SPDX-License-Identifier: MIT */
/* The program nvrm-gen: what it writes where, exit codes, and that equal input gives equal
 * bytes and untouched files. */
#include "test.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TINY1 NVRM_SOURCE_DIR "/tests/gen/golden/tiny1"

static char dir[] = "/tmp/nvrm-gen-test-XXXXXX";

/* Run a shell command with %s replaced by the folder of this test; its exit code. */
static int
run(const char *format)
{
    char command[2048];
    const char *hole;
    size_t n = 0;
    int status;

    while ((hole = strstr(format, "DIR"))) {
        n += (size_t)snprintf(command + n, sizeof(command) - n, "%.*s%s", (int)(hole - format),
                              format, dir);
        format = hole + 3;
    }
    snprintf(command + n, sizeof(command) - n, "%s", format);
    status = system(command);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
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
    (void)state;
    return run("rm -rf DIR");
}

static void
equal_input_gives_equal_bytes(void **state)
{
    (void)state;
    assert_int_equal(run(NVRM_GEN " " TINY1 " --out DIR/a"), 0);
    assert_int_equal(run(NVRM_GEN " " TINY1 " --out DIR/b"), 0);
    assert_int_equal(run("diff -r DIR/a DIR/b"), 0);
    assert_int_equal(run("test -s DIR/a/tables.c -a -s DIR/a/include/nvrm/types.h -a -s "
                         "DIR/a/include/rm/calls.h"),
                     0);
}

static void
a_file_that_would_not_change_is_not_touched(void **state)
{
    struct stat before, after;
    char path[256];

    (void)state;
    snprintf(path, sizeof(path), "%s/c/tables.c", dir);
    assert_int_equal(run(NVRM_GEN " " TINY1 " --out DIR/c"), 0);
    assert_int_equal(run("touch -d 2001-01-01 DIR/c/tables.c"), 0);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(run(NVRM_GEN " " TINY1 " --out DIR/c"), 0);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
    assert_int_equal(run("echo x >> DIR/c/tables.c"), 0);
    assert_int_equal(
        run(NVRM_GEN " " TINY1 " --out DIR/c && diff DIR/a/tables.c DIR/c/tables.c"), 0);
}

static void
wrong_usage_exits_with_2(void **state)
{
    (void)state;
    assert_int_equal(run(NVRM_GEN " 2>/dev/null"), 2);
    assert_int_equal(run(NVRM_GEN " " TINY1 " 2>/dev/null"), 2);
    assert_int_equal(run(NVRM_GEN " " TINY1 " --out 2>/dev/null"), 2);
    assert_int_equal(run(NVRM_GEN " " TINY1 " --nonsense 2>/dev/null"), 2);
    assert_int_equal(run(NVRM_GEN " " TINY1 " --json-schema 570.144 2>/dev/null"), 2);
}

static void
a_broken_schema_exits_with_1_and_writes_nothing(void **state)
{
    (void)state;
    assert_int_equal(
        run("cp -r " TINY1
            " DIR/broken && echo 'NOBODY: {doc: x}' >> DIR/broken/overlay/tiny.yaml"),
        0);
    assert_int_equal(run(NVRM_GEN " DIR/broken --out DIR/d 2>DIR/err"), 1);
    assert_int_equal(run("grep -q 'tiny.yaml:[0-9]*: error: no release has anything named "
                         ".NOBODY.' DIR/err"),
                     0);
    assert_int_equal(run("test ! -e DIR/d"), 0);
    assert_int_equal(run(NVRM_GEN " DIR/broken --check 2>/dev/null"), 1);
    assert_int_equal(run(NVRM_GEN " " TINY1 " --check"), 0);
    assert_int_equal(run(NVRM_GEN " DIR/nothing --check 2>/dev/null"), 1);
}

static void
a_folder_must_hold_what_a_schema_is_made_of(void **state)
{
    (void)state;
    assert_int_equal(run("mkdir -p DIR/bare && cp " TINY1 "/versions.yaml DIR/bare"), 0);
    assert_int_equal(run(NVRM_GEN " DIR/bare --check 2>DIR/err"), 1);
    assert_int_equal(run("grep -q 'bare:1: error: there is no rm/' DIR/err"), 0);
    assert_int_equal(run("mkdir -p DIR/odd/versions.yaml"), 0);
    assert_int_equal(run(NVRM_GEN " DIR/odd --check 2>DIR/err"), 1);
    assert_int_equal(run("grep -q 'odd/versions.yaml:1: error: cannot be read' DIR/err"), 0);
}

static void
two_overlays_may_not_describe_the_same(void **state)
{
    (void)state;
    assert_int_equal(
        run("cp -r " TINY1
            " DIR/twice && echo 'NV01_DEVICE_0: {doc: x}' > DIR/twice/overlay/z.yaml"),
        0);
    assert_int_equal(run(NVRM_GEN " DIR/twice --check 2>DIR/err"), 1);
    assert_int_equal(
        run("grep -q 'z.yaml:1: error: NV01_DEVICE_0 is described in another place' DIR/err"),
        0);
}

static void
a_folder_that_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(run("touch DIR/file"), 0);
    assert_int_equal(run(NVRM_GEN " " TINY1 " --out DIR/file/x 2>DIR/err"), 1);
    assert_int_equal(run("grep -q 'cannot be written' DIR/err"), 0);
}

static void
every_params_struct_gets_a_json_schema(void **state)
{
    (void)state;
    assert_int_equal(run(NVRM_GEN " " TINY1 " --json-schema 570.144 DIR/json"), 0);
    assert_int_equal(run("grep -q '\"NV20_SUBDEVICE_0\": \"NV2080_ALLOC_PARAMETERS.json\"' "
                         "DIR/json/index.json"),
                     0);
    assert_int_equal(run("test $(ls DIR/json | wc -l) -eq 9"), 0);
    assert_int_equal(
        run("grep -q '\"maxItems\": 53' DIR/json/NV2080_CTRL_FB_GET_INFO_V2_PARAMS.json"), 0);
    assert_int_equal(run(NVRM_GEN " " TINY1 " --json-schema 535.54.03 DIR/json2"), 0);
    assert_int_equal(
        run("grep -q '\"maxItems\": 51' DIR/json2/NV2080_CTRL_FB_GET_INFO_V2_PARAMS.json"), 0);
    assert_int_equal(run(NVRM_GEN " " TINY1 " --json-schema 1.2.3 DIR/json3 2>DIR/err"), 1);
    assert_int_equal(run("grep -q \"there is no release '1.2.3'\" DIR/err"), 0);
}

static void
the_reference_has_a_page_per_family(void **state)
{
    (void)state;
    assert_int_equal(run(NVRM_GEN " " TINY1 " --markdown DIR/md"), 0);
    assert_int_equal(run("grep -q 'controls-Subdevice.md' DIR/md/README.md"), 0);
    assert_int_equal(
        run("grep -q '## NV2080_CTRL_CMD_FB_GET_INFO_V2' DIR/md/controls-Subdevice.md"), 0);
    assert_int_equal(
        run("grep -q 'NV_ERR_INVALID_CLASS | No such class here' DIR/md/status.md"), 0);
}

static void
figures_add_up(void **state)
{
    (void)state;
    assert_int_equal(run(NVRM_GEN " " TINY1 " --stats > DIR/stats"), 0);
    assert_int_equal(
        run("awk '/ bytes$/ && !/^total/ {n += $(NF - 1)} /^total/ {t = $(NF - 1)} "
            "END {exit !(t > 0 && n == t)}' DIR/stats"),
        0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_input_gives_equal_bytes),
        cmocka_unit_test(a_file_that_would_not_change_is_not_touched),
        cmocka_unit_test(wrong_usage_exits_with_2),
        cmocka_unit_test(a_broken_schema_exits_with_1_and_writes_nothing),
        cmocka_unit_test(a_folder_must_hold_what_a_schema_is_made_of),
        cmocka_unit_test(two_overlays_may_not_describe_the_same),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_an_error),
        cmocka_unit_test(every_params_struct_gets_a_json_schema),
        cmocka_unit_test(the_reference_has_a_page_per_family),
        cmocka_unit_test(figures_add_up),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
