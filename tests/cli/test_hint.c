/* SPDX-License-Identifier: MIT */
/* The hint line, unfinished JSON, lines that go on, and the history file: no terminal. */
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "complete.h"
#include "hint.h"
#include "history.h"
#include "line.h"
#include "place.h"
#include "test.h"
#include "vars.h"

static volatile int interrupted;

static void
expect_hint(const char *line, const char *part)
{
    struct cli cli = {.schema = nvrm_schema_builtin(), .interrupted = &interrupted};
    char text[HINT_BYTES];

    hint_line(&cli, line, text, sizeof(text));
    if (*part ? !strstr(text, part) : *text)
        print_error("'%s' gives '%s', not '%s'\n", line, text, part);
    assert_true(*part ? strstr(text, part) != NULL : !*text);
}

static void
verbs_show_what_they_take(void **state)
{
    (void)state;
    expect_hint("", "");
    expect_hint("ex", "exit");
    expect_hint("alloc", "[PARENT] CLASS [FIELD=VALUE...");
    expect_hint("alloc ", "[PARENT] CLASS");
    expect_hint("alloc FERMI_VASPACE_A ", "vaSize");
    expect_hint("alloc device ", "CLASS [FIELD=VALUE...");
    expect_hint("schema diff ", "names");
    expect_hint("frobnicate ", "");
}

static void
complete_names_show_what_they_are(void **state)
{
    (void)state;
    expect_hint("ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2", "0x20801303 read: ");
    expect_hint("alloc device FERMI_VASPACE_A", "class 0x90f1");
    expect_hint("rpc GSP_RM_CONTROL", "RPC 76");
    expect_hint("explain status NV_ERR_BUSY_RETRY", "0x3");
    expect_hint("ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO", "0x20801301");
}

static void
fields_show_type_unit_and_values(void **state)
{
    static const char ctl[] = "ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 ";
    char line[256];

    (void)state;
    expect_hint(ctl, "fbInfoListSize u32");
    snprintf(line, sizeof(line), "%sfbInfoListSize=1 ", ctl);
    expect_hint(line, "fbInfoList NV2080_CTRL_FB_INFO[");
    snprintf(line, sizeof(line), "%sfbInfoListSize=1 fbInfoList[0].index=1 ", ctl);
    expect_hint(line, "every field is given");
    snprintf(line, sizeof(line), "%sfbInfoList[0].index=TOTAL", ctl);
    expect_hint(line, "TOTAL_RAM_SIZE=8");
    snprintf(line, sizeof(line), "%s{\"fbInfoList\": [{\"index\": \"TOTAL", ctl);
    expect_hint(line, "TOTAL_RAM_SIZE=8");
    snprintf(line, sizeof(line), "%s{\"fbInfoListSize\": 1, \"", ctl);
    expect_hint(line, "fbInfoList NV2080");
    snprintf(line, sizeof(line), "%s{\"fbInfoList\": [{\"index\": 1}, {\"", ctl);
    expect_hint(line, "index u32");
    snprintf(line, sizeof(line), "%snosuch=", ctl);
    expect_hint(line, "");
    expect_hint("alloc device FERMI_VASPACE_A flags=", "joined by |");
}

static void
words_before_the_verb_do_not_disturb(void **state)
{
    (void)state;
    expect_hint("-j ctl ", "OBJECT CONTROL");
    expect_hint("-t emu:GH100 ctl subdevice ", "CONTROL");
    expect_hint("x = ctl subdevice ", "CONTROL");
    expect_hint("watch -n 2 ctl subdevice ", "CONTROL");
    expect_hint("-F ", "94 names");
    expect_hint("-F ", "a release such as 570.144");
    expect_hint("--timeout ", "seconds above 0");
    expect_hint("-t emu:G", "emu:GH100");
    expect_hint("boot ", "plan|run|step");
    expect_hint("tree --", "--params, --sizes");
    expect_hint("-F 570.14", "570.144");
    expect_hint("-F 535.113.01 alloc device FERMI_VASPACE_A ", "vaBase");
    expect_hint("ctl 'open quote", "");
}

static void
variables_show_their_values_and_complete_to_their_parts(void **state)
{
    struct cli cli = {.schema = nvrm_schema_builtin(), .interrupted = &interrupted};
    char text[HINT_BYTES];
    struct completions c;

    (void)state;
    cli.vars = json_pack("{s:{s:s, s:{s:[{s:i}]}}}", "fb", "status", "NV_OK", "params", "list",
                         "data", 42);
    hint_line(&cli, "free $fb.list[0].data", text, sizeof(text));
    assert_string_equal(text, "$fb.list[0].data = 42");
    complete_line(&cli, "alloc device FERMI_VASPACE_A ", "vaSize=$f", &c);
    assert_int_equal(c.count, 1);
    assert_string_equal(c.words[0], "vaSize=$fb");
    completions_fini(&c);
    complete_line(&cli, "free ", "$fb.l", &c);
    assert_int_equal(c.count, 1);
    assert_string_equal(c.words[0], "$fb.list[0].");
    assert_true(c.no_space);
    completions_fini(&c);
    complete_line(&cli, "vars ", "fb.list[0].", &c);
    assert_int_equal(c.count, 1);
    assert_string_equal(c.words[0], "fb.list[0].data");
    completions_fini(&c);
    vars_fini(&cli);
}

static void
expect_path(const char *json, const char *path)
{
    char got[256];

    assert_int_equal(place_of_json(json, got, sizeof(got), NULL, 0), path != NULL);
    if (path)
        assert_string_equal(got, path);
}

static void
unfinished_json_names_its_field(void **state)
{
    char deep[64];

    (void)state;
    expect_path("{", "");
    expect_path("{\"a", "a");
    expect_path("{\"a\": ", "a=");
    expect_path("{\"a\": \"x y", "a=x y");
    expect_path("{\"a\": 1, \"b", "b");
    expect_path("{\"a\": [{\"b\": 1}, {\"c", "a[1].c");
    expect_path("{\"a\": {\"b\": {\"c\": 4", "a.b.c=4");
    expect_path("{\"a\": [1, 2", "a[1]=2");
    expect_path("{\"a\\\"b", "ab");
    expect_path("}", NULL);
    expect_path("x", NULL);
    memset(deep, '[', 40);
    deep[40] = '\0';
    expect_path(deep, NULL);
}

static void
open_brackets_and_quotes_ask_for_another_line(void **state)
{
    (void)state;
    assert_int_equal(line_open("ctl a b"), '\0');
    assert_int_equal(line_open("ctl a {"), '{');
    assert_int_equal(line_open("ctl a {\"x\": ["), '[');
    assert_int_equal(line_open("ctl a {\"x\": [1]}"), '\0');
    assert_int_equal(line_open("ctl a list=[1,"), '[');
    assert_int_equal(line_open("ctl a list[0].x=1"), '\0');
    assert_int_equal(line_open("ctl 'a"), '\'');
    assert_int_equal(line_open("ctl {\"it's\": 1}"), '\0');
    assert_int_equal(line_open("ctl a \\"), '\\');
    assert_int_equal(line_open("ctl a \\\n"), '\\');
    assert_int_equal(line_open("# it's a comment {"), '\0');
}

static char *
read_file(const char *path)
{
    static char text[1 << 16];
    FILE *f = fopen(path, "r");
    size_t bytes;

    assert_non_null(f);
    bytes = fread(text, 1, sizeof(text) - 1, f);
    text[bytes] = '\0';
    fclose(f);
    return text;
}

static void
history_stays_private_and_bounded(void **state)
{
    char path[] = "/tmp/nvrm-history-XXXXXX";
    const int fd = mkstemp(path);
    struct stat st;
    char line[32];

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(chmod(path, 0666), 0);
    for (int i = 1; i <= 11; i++) {
        snprintf(line, sizeof(line), "line\n%d", i);
        assert_int_equal(history_append(path, line, 5), 0);
    }
    assert_string_equal(read_file(path), "line 7\nline 8\nline 9\nline 10\nline 11\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    unlink(path);
    assert_int_equal(history_append("/nonexistent/x", "line", 5), -ENOENT);
    assert_int_equal(history_append("/dev/null", "line", 5), -EINVAL);
}

static void
shells_that_run_at_once_lose_no_line(void **state)
{
    enum { SHELLS = 4, LINES = 50 };
    char path[] = "/tmp/nvrm-history-XXXXXX";
    const int fd = mkstemp(path);
    unsigned lines = 0;

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    for (int i = 0; i < SHELLS; i++) {
        if (fork() != 0)
            continue;
        for (int n = 0; n < LINES; n++)
            (void)history_append(path, "one line", 10000);
        _exit(0);
    }
    for (int i = 0; i < SHELLS; i++)
        wait(NULL);
    for (const char *at = read_file(path); (at = strstr(at, "one line\n")); at++)
        lines++;
    assert_int_equal(lines, SHELLS * LINES);
    unlink(path);
}

static void
the_history_file_follows_the_environment(void **state)
{
    char folder[] = "/tmp/nvrm-state-XXXXXX", want[64];
    char *path;
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(folder));
    unsetenv("NVRM_HISTORY");
    setenv("XDG_STATE_HOME", folder, 1);
    path = history_file();
    snprintf(want, sizeof(want), "%s/nvrm/history", folder);
    assert_string_equal(path, want);
    free(path);
    snprintf(want, sizeof(want), "%s/nvrm", folder);
    assert_int_equal(stat(want, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    rmdir(want);
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", folder, 1);
    path = history_file();
    snprintf(want, sizeof(want), "%s/.local/state/nvrm/history", folder);
    assert_string_equal(path, want);
    free(path);
    setenv("NVRM_HISTORY", "/tmp/own", 1);
    path = history_file();
    assert_string_equal(path, "/tmp/own");
    free(path);
    snprintf(want, sizeof(want), "rm -r %s", folder);
    assert_int_equal(system(want), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verbs_show_what_they_take),
        cmocka_unit_test(complete_names_show_what_they_are),
        cmocka_unit_test(fields_show_type_unit_and_values),
        cmocka_unit_test(words_before_the_verb_do_not_disturb),
        cmocka_unit_test(variables_show_their_values_and_complete_to_their_parts),
        cmocka_unit_test(unfinished_json_names_its_field),
        cmocka_unit_test(open_brackets_and_quotes_ask_for_another_line),
        cmocka_unit_test(history_stays_private_and_bounded),
        cmocka_unit_test(shells_that_run_at_once_lose_no_line),
        cmocka_unit_test(the_history_file_follows_the_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
