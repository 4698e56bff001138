/* SPDX-License-Identifier: MIT */
/*
 * trace exec, as a user types it, on programs that are well behaved and on those that are not.
 */
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "cli_run.h"
#include "test.h"

#define NAME "NV2080_CTRL_CMD_GPU_GET_NAME_STRING"
#define EMU  "nvrm-cli emu exec -- "
#define EXEC "nvrm-cli -F 570.144 trace exec "

static char dir[64];

static int
make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/nvrm-trace-exec-XXXXXX");
    return !mkdtemp(dir) || setenv("T", dir, 1) < 0 ||
           setenv("CLIENT", NVRM_TRACE_CLIENT, 1) < 0 || setenv("RAW", NVRM_TRACE_RAW, 1) < 0;
}

static int
remove_dir(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

static void
run(const char *command, int code)
{
    free(cli_expect(command, code));
}

/* How often a text is in what a command says on stderr. */
static unsigned
count(const char *command, int code, const char *text)
{
    struct cli_result r = cli_run_command(command);
    unsigned n = 0;

    if (r.code != code)
        print_error("%s\n%s\n", command, r.err);
    assert_int_equal(r.code, code);
    for (const char *at = r.err; (at = strstr(at, text)); at += strlen(text))
        n++;
    cli_result_free(&r);
    return n;
}

static void
calls_are_lines_with_names_and_paths(void **state)
{
    static const char command[] =
        EMU "nvrm-cli trace exec -- nvrm-cli -t nvidia ctl subdevice " NAME;

    (void)state;
    cli_expect_text(command, 0, "NVIDIA GeForce RTX 4090",
                    "RM_CONTROL(0xc1d00001/device/subdevice, " NAME ", {");
    cli_expect_text(command, 0, NULL, "{gpuNameString={ascii=\"NVIDIA GeForce RTX 4090\"}} <");
    cli_expect_text(command, 0, NULL, "open(\"/dev/nvidiactl\", O_RDWR|O_CLOEXEC) = ");
    cli_expect_text(command, 0, NULL, "RM_ALLOC(0xc1d00001/device, NV20_SUBDEVICE_0, {}) = 0 ");
}

static void
mappings_have_their_file(void **state)
{
    static const char command[] = EMU "nvrm-cli trace exec -- $CLIENT map";
    static const char memory[] =
        EMU "nvrm-cli trace exec -- nvrm-cli -t nvidia --policy standard -e 'm = alloc device "
            "NV01_MEMORY_SYSTEM {\"size\": \"0x1000\"}' -e 'map $m --bytes 16'";

    (void)state;
    cli_expect_text(command, 0, NULL, "mmap(0x0, 4096, PROT_READ, MAP_SHARED, ");
    cli_expect_text(command, 0, NULL, "</dev/nvidiactl>, 0x0) = -1 EINVAL"); /* of nothing */
    assert_int_equal(count(command, 0, "close("), 2); /* a duplicate too */
    cli_expect_text(memory, 0, NULL, "MAP_SHARED, ");
    cli_expect_text(memory, 0, NULL, "</dev/nvidiactl>, 0x0) = 0x7");
    assert_int_equal(count(memory, 0, "munmap(0x7"), 1);
}

static void
a_status_and_an_errno_are_told_by_name(void **state)
{
    (void)state;
    cli_expect_text(EMU "nvrm-cli trace exec --filter error -- nvrm-cli -t nvidia alloc root "
                        "0x2080",
                    5, NULL, "= NV_ERR_");
    cli_expect_text(EXEC "-- $CLIENT calls 1", 0, NULL, "= -1 EBADF (Bad file descriptor) <");
}

static void
a_trace_file_replays(void **state)
{
    char *card, *trace;

    (void)state;
    card = cli_expect(
        EMU "nvrm-cli trace exec -o $T/info -- nvrm-cli -t nvidia ctl subdevice " NAME, 0);
    trace = cli_expect("nvrm-cli -t replay:$T/info ctl subdevice " NAME, 0);
    assert_string_equal(card, trace);
    free(card);
    free(trace);
    run("nvrm-cli -t replay:$T/info ctl subdevice " NAME " gpuNameStringFlags=1", 10);
    cli_expect_text("nvrm-cli trace show $T/info", 0, "NV_ESC_RM_CONTROL " NAME, NULL);
    run("nvrm-cli trace diff $T/info $T/info", 0);
}

static void
the_exit_code_is_the_programs(void **state)
{
    (void)state;
    run("nvrm-cli trace exec -- sh -c 'exit 7'", 7);
    run("nvrm-cli trace exec --method ptrace -- sh -c 'exit 7'", 7);
    run("nvrm-cli trace exec -- sh -c 'kill -9 $$'", 137);
    run("nvrm-cli trace exec --method ptrace -- sh -c 'kill -9 $$'", 137);
    cli_expect_text("nvrm-cli trace exec -- /nonexistent/program", 127, NULL,
                    "/nonexistent/program: No such file or directory");
    cli_expect_text("nvrm-cli trace exec --method ptrace -- /nonexistent/program", 127, NULL,
                    "/nonexistent/program: No such file or directory");
}

static void
a_summary_counts(void **state)
{
    static const char command[] = EXEC "--summary -- $CLIENT calls 25";

    (void)state;
    cli_expect_text(command, 0, NULL, "       25        25 " NAME "\n");
    cli_expect_text(command, 0, NULL, "usecs/call");
    cli_expect_text(EXEC "-j --summary -- $CLIENT calls 3", 0, NULL,
                    "{\"name\":\"" NAME "\",\"calls\":3,\"errors\":3,");
}

static void
a_filter_takes_names_classes_results(void **state)
{
    static const char on[] = "-- nvrm-cli -t nvidia ctl subdevice " NAME;
    char command[256];

    (void)state;
    snprintf(command, sizeof(command), EMU "nvrm-cli trace exec --filter '*NAME_STRING' %s",
             on);
    assert_int_equal(count(command, 0, "<"), 1);
    snprintf(command, sizeof(command), EMU "nvrm-cli trace exec --filter NV20_SUBDEVICE_0 %s",
             on);
    assert_int_equal(count(command, 0, "> "), 0);
    assert_int_equal(count(command, 0, "RM_ALLOC("), 1);
    assert_int_equal(count(command, 0, "RM_CONTROL("), 1);
    snprintf(command, sizeof(command), EMU "nvrm-cli trace exec --filter RM_FREE,close %s", on);
    assert_int_equal(count(command, 0, "RM_FREE("), 1);
    assert_int_equal(count(command, 0, "close("), 3);
    assert_int_equal(count(command, 0, "open("), 0);
    snprintf(command, sizeof(command), EMU "nvrm-cli trace exec --filter error %s", on);
    assert_int_equal(count(command, 0, "<"), 0);
}

static void
lines_of_json_have_the_object(void **state)
{
    struct cli_result r =
        cli_run_command(EMU "nvrm-cli trace exec -j --filter '*NAME_STRING' -- nvrm-cli -t "
                            "nvidia ctl subdevice " NAME);
    json_t *line = json_loads(r.err, 0, NULL);

    (void)state;
    assert_int_equal(r.code, 0);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "object")),
                        "0xc1d00001/device/subdevice");
    assert_string_equal(json_string_value(json_object_get(line, "name")), NAME);
    assert_true(json_integer_value(json_object_get(line, "tid")) > 0);
    json_decref(line);
    cli_result_free(&r);
}

static void
a_static_program_is_seen(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli trace exec -- $RAW /dev/nvidia-nosuch", 3, "-2 -9",
                    "open(\"/dev/nvidia-nosuch\", O_RDWR) = -1 ENOENT");
    cli_expect_text(EXEC "-- $RAW /dev/null", 3, "-25", "RM_CONTROL(0xc1d00002, " NAME ", {");
    cli_expect_text(EXEC "--method preload -- $RAW /dev/null", 3, NULL,
                    "did not load the library");
}

static void
an_unknown_release_shows_bytes_and_shared_names(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli trace exec -- $CLIENT calls 1", 0, NULL,
                    "RM_CONTROL(-1, " NAME ", 32 bytes 0x01000000020000001001802000000000");
}

static void
children_are_followed_when_asked(void **state)
{
    (void)state;
    assert_int_equal(count(EXEC "-- $CLIENT fork", 0, NAME), 2);
    assert_int_equal(count(EXEC "--follow -- $CLIENT fork", 0, NAME), 9);
    assert_int_equal(count(EXEC "--method ptrace -- $CLIENT fork", 0, NAME), 2);
    assert_int_equal(count(EXEC "--method ptrace --follow -- $CLIENT fork", 0, NAME), 9);
}

static void
a_child_that_borrows_our_memory_closes_nothing_of_ours(void **state)
{
    (void)state;
    cli_expect_text(EMU "nvrm-cli trace exec -- $CLIENT vfork", 0, NULL,
                    "</dev/nvidiactl>, {cmd=50}) = 0 {reply=1, versionString=");
    assert_int_equal(count(EMU "nvrm-cli trace exec -- $CLIENT vfork", 0, "close("), 0);
}

static void
every_thread_is_seen(void **state)
{
    (void)state;
    cli_expect_text(EXEC "--summary -- $CLIENT threads 100 50", 0, NULL,
                    "    10000     10000 " NAME "\n");
    cli_expect_text(EXEC "--method ptrace --summary -- $CLIENT threads 4 50", 0, NULL,
                    "      400       400 " NAME "\n");
}

static void
bad_pointers_stay_the_programs_business(void **state)
{
    (void)state;
    assert_int_equal(count(EXEC "-- $CLIENT bad", 0, "EBADF"), 6);
    assert_int_equal(count(EXEC "--method ptrace -- $CLIENT bad", 0, "EBADF"), 6);
}

static void
a_reader_that_keeps_up_loses_nothing(void **state)
{
    (void)state;
    run(EXEC "-o $T/many -- $CLIENT calls 50000", 0);
    cli_expect_text("nvrm-cli trace stat $T/many", 0, " 50000  50000 ", NULL);
}

/* The reader is stopped: the program goes on, and what did not fit is counted. */
static void
what_is_lost_is_told(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -F 570.144 trace exec --summary -- sh -c 'kill -STOP $PPID; "
                    "$CLIENT calls 20000; kill -CONT $PPID'",
                    0, NULL, "");
    cli_expect_text("nvrm-cli -F 570.144 trace exec --follow --summary -- sh -c 'kill -STOP "
                    "$PPID; $CLIENT calls 20000; kill -CONT $PPID'",
                    0, NULL, " records were lost");
}

static void
a_killed_program_leaves_what_it_did(void **state)
{
    (void)state;
    run(EXEC "-o $T/killed -- $CLIENT die", 137);
    cli_expect_text("nvrm-cli trace stat $T/killed", 0, NAME, NULL);
}

static void
a_killed_tracer_leaves_the_program_and_a_usable_file(void **state)
{
    static const char script[] =
        "rm -f $T/out; " EXEC "%s -o $T/%s -- $CLIENT wait > $T/out & tracer=$!; "
        "until grep -q ready $T/out 2>/dev/null; do sleep 0.02; done; sleep 0.2; "
        "kill -9 $tracer; pid=$(cut -d' ' -f1 $T/out); sleep 0.2; kill -0 $pid || exit 50; "
        "kill -INT $pid; for i in $(seq 100); do grep -q done $T/out && exit 0; sleep 0.1; "
        "done; exit 51";
    char command[1024];

    (void)state;
    snprintf(command, sizeof(command), script, "", "left");
    run(command, 0);
    cli_expect_text("nvrm-cli trace stat $T/left", 0, NAME, NULL);
    snprintf(command, sizeof(command), script, "--method ptrace", "left2");
    run(command, 0);
    cli_expect_text("nvrm-cli trace stat $T/left2", 0, NAME, NULL);
}

/* As the terminal sends it: to the whole group. */
static void
an_interrupt_is_the_programs(void **state)
{
    static const char script[] =
        "rm -f $T/out; setsid sh -c 'trap \"\" QUIT; exec env --default-signal=INT nvrm-cli -F "
        "570.144 trace exec %s --summary -- $CLIENT wait > $T/out' & "
        "until grep -q ready $T/out 2>/dev/null; do sleep 0.02; done; "
        "pid=$(cut -d' ' -f1 $T/out); group=$(ps -o pgid= -p $pid | tr -d ' '); "
        "kill -INT -$group; wait $!";
    char command[1024];

    (void)state;
    snprintf(command, sizeof(command), script, "");
    cli_expect_text(command, 9, NULL, NAME);
    snprintf(command, sizeof(command), script, "--method ptrace");
    cli_expect_text(command, 9, NULL, NAME);
}

static void
a_hostile_program_does_no_harm(void **state)
{
    (void)state;
    run(EXEC "-- $CLIENT scribble", 0);
    run(EXEC "-o $T/hostile -- $CLIENT scribble", 0);
    run("nvrm-cli trace show $T/hostile", 0);
}

static void
controls_of_no_header_are_shown_as_such(void **state)
{
    (void)state;
    cli_expect_text(EXEC "-- $CLIENT unknown", 0, NULL,
                    ", GSS_LEGACY 0x20808159, 24 bytes 0x00000000050000");
    cli_expect_text(EXEC "-- $CLIENT unknown", 0, NULL, ", BINAPI 0x20810108, 24 bytes 0x");
    cli_expect_text(EXEC "-- $CLIENT unknown", 0, NULL, ", control 0x20807f01, 24 bytes 0x");
    cli_expect_text(EXEC "--filter '*0x20808159' -- $CLIENT unknown", 0, NULL, "GSS_LEGACY");
    cli_expect_text(EXEC "-j -- $CLIENT unknown", 0, NULL,
                    "\"unknown\":\"GSS_LEGACY 0x20808159\"");
}

/* A trace counts once; the schema stays as it is. */
static void
unknown_calls_are_learnt_once(void **state)
{
    char *first, *again;

    (void)state;
    run(EXEC "-o $T/u -- $CLIENT unknown", 0);
    run("nvrm-cli trace learn $T/u -o $T/obs.yaml", 0);
    first = cli_expect("cat $T/obs.yaml", 0);
    assert_non_null(strstr(first, "control GSS_LEGACY 0x20808159:"));
    assert_non_null(strstr(first, "control BINAPI 0x20810108:"));
    assert_non_null(strstr(first, "control 0x20807f01:"));
    assert_non_null(strstr(first, "escape 0x7b:"));
    assert_non_null(strstr(first, "calls: 2"));
    cli_expect_text("nvrm-cli trace learn $T/u $T/u -o $T/obs.yaml", 0, NULL, " 0 calls more");
    again = cli_expect("cat $T/obs.yaml", 0);
    assert_string_equal(first, again);
    free(first);
    free(again);
    run(EXEC "-o $T/u -- $CLIENT unknown", 0); /* another section */
    run("nvrm-cli trace learn $T/u -o $T/obs.yaml", 0);
    cli_expect_text("cat $T/obs.yaml", 0, "calls: 4", NULL);
    cli_expect_text("nvrm-cli trace learn $T/u", 0,
                    "control GSS_LEGACY 0x20808159: 4 calls, bytes 24, EBADF", NULL);
    cli_expect_text("nvrm-cli trace learn $T/u -o README.md", 2, NULL, "README.md");
    cli_expect_text("nvrm-cli trace learn $T/u -o /nonexistent/o", 2, NULL,
                    "/nonexistent/o: No such file or directory");
}

static void
wrong_words_are_explained(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli trace exec", 2, NULL, "trace exec needs more words");
    cli_expect_text("nvrm-cli -t emu:AD102 trace exec -- true", 2, NULL,
                    "emu exec -- nvrm-cli trace exec -- PROGRAM");
    cli_expect_text("NVRM_TRACE_LIBRARY=/nonexistent nvrm-cli trace exec -- true", 3, NULL,
                    "/nonexistent is not there");
    cli_expect_text("nvrm-cli trace exec -o /nonexistent/t -- true", 2, NULL,
                    "/nonexistent/t: No such file or directory");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_lines_with_names_and_paths),
        cmocka_unit_test(mappings_have_their_file),
        cmocka_unit_test(a_status_and_an_errno_are_told_by_name),
        cmocka_unit_test(a_trace_file_replays),
        cmocka_unit_test(the_exit_code_is_the_programs),
        cmocka_unit_test(a_summary_counts),
        cmocka_unit_test(a_filter_takes_names_classes_results),
        cmocka_unit_test(lines_of_json_have_the_object),
        cmocka_unit_test(a_static_program_is_seen),
        cmocka_unit_test(an_unknown_release_shows_bytes_and_shared_names),
        cmocka_unit_test(children_are_followed_when_asked),
        cmocka_unit_test(a_child_that_borrows_our_memory_closes_nothing_of_ours),
        cmocka_unit_test(every_thread_is_seen),
        cmocka_unit_test(bad_pointers_stay_the_programs_business),
        cmocka_unit_test(a_reader_that_keeps_up_loses_nothing),
        cmocka_unit_test(what_is_lost_is_told),
        cmocka_unit_test(a_killed_program_leaves_what_it_did),
        cmocka_unit_test(a_killed_tracer_leaves_the_program_and_a_usable_file),
        cmocka_unit_test(an_interrupt_is_the_programs),
        cmocka_unit_test(a_hostile_program_does_no_harm),
        cmocka_unit_test(controls_of_no_header_are_shown_as_such),
        cmocka_unit_test(unknown_calls_are_learnt_once),
        cmocka_unit_test(wrong_words_are_explained),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
