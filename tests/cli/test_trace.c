/* SPDX-License-Identifier: MIT */
/*
 * --record, replay: and the verbs below trace, as a user types them.
 */
#include <stdbool.h>
#include <unistd.h>

#include <gsp/trace.h>

#include "cli.h"
#include "cli_run.h"
#include "test.h"

#define NAME   "NV2080_CTRL_CMD_GPU_GET_NAME_STRING"
#define SCRIPT "examples/bringup.json"

/* A folder for the test's files, named in the environment for the shell commands below. */
static char dir[64];

static int
make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/nvrm-cli-trace-XXXXXX");
    return !mkdtemp(dir) || setenv("T", dir, 1) < 0;
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

static unsigned
lines_of(const char *text)
{
    unsigned n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void
a_recorded_session_is_replayed_with_the_same_output(void **state)
{
    char *card = cli_expect("nvrm-cli --record $T/t run " SCRIPT, 0);
    char *trace = cli_expect("nvrm-cli -t replay:$T/t run " SCRIPT, 0);

    (void)state;
    assert_string_equal(card, trace);
    free(card);
    free(trace);
}

static void
a_replay_knows_the_release_and_the_card(void **state)
{
    (void)state;
    run("nvrm-cli -F 535.113.01 -t emu:TU102 --record $T/t info", 0);
    cli_expect_text("nvrm-cli -t replay:$T/t info", 0, "GSP-RM 535.113.01 over replay", NULL);
    cli_expect_text("nvrm-cli -F 570.144 -t replay:$T/t info", 8, NULL,
                    "the card runs 535.113.01");
}

static void
a_client_that_diverges_ends_with_code_10(void **state)
{
    (void)state;
    run("nvrm-cli --record $T/t ctl subdevice " NAME, 0);
    cli_expect_text("nvrm-cli -t replay:$T/t ctl subdevice " NAME " gpuNameStringFlags=1", 10,
                    NULL, "record 5: control " NAME ": gpuNameStringFlags");
    cli_expect_text("nvrm-cli -t replay:$T/t ctl subdevice NV2080_CTRL_CMD_MC_GET_ARCH_INFO",
                    10, NULL, "the client sent control NV2080_CTRL_CMD_MC_GET_ARCH_INFO");
    /* A client that does less is told as well, when it leaves. */
    cli_expect_text("nvrm-cli -t replay:$T/t alloc root NV01_DEVICE_0 "
                    "'{\"hClientShare\": \"0xcaf00000\"}'",
                    10, NULL, "the client sent free");
}

static void
a_second_recording_is_appended_as_a_section(void **state)
{
    json_t *doc;

    (void)state;
    run("nvrm-cli -F 570.144 --record $T/t tree", 0);
    run("nvrm-cli -F 580.65.06 --record $T/t ctl subdevice " NAME, 0);
    doc = cli_expect_json("nvrm-cli -j trace stat $T/t");
    assert_int_equal(json_array_size(json_object_get(doc, "sections")), 2);
    json_decref(doc);
    run("nvrm-cli -t replay:$T/t tree", 0);
    run("nvrm-cli -t \"replay:$T/t?section=2\" ctl subdevice " NAME, 0);
    cli_expect_text("nvrm-cli -t \"replay:$T/t?section=3\" tree", 2, NULL, "has no section 3");
}

static void
deeper_levels_record_more(void **state)
{
    static const char *const levels[] = {"backend", "rpc", "bus"};
    unsigned counts[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        char command[200];
        char *out;

        snprintf(command, sizeof(command),
                 "nvrm-cli --record $T/%s --record-level %s ctl subdevice " NAME
                 " >/dev/null && nvrm-cli trace show -j $T/%s",
                 levels[i], levels[i], levels[i]);
        out = cli_expect(command, 0);
        counts[i] = lines_of(out);
        free(out);
        snprintf(command, sizeof(command), "nvrm-cli -t replay:$T/%s ctl subdevice " NAME,
                 levels[i]);
        run(command, 0);
    }
    assert_true(counts[0] < counts[1] && counts[1] < counts[2]);
    cli_expect_text("nvrm-cli trace show $T/rpc --filter rpc", 0, "GET_GSP_STATIC_INFO", NULL);
    cli_expect_text("nvrm-cli trace show $T/bus --filter bus", 0, "dma_alloc", NULL);
}

static void
a_boot_is_recorded_register_by_register(void **state)
{
    (void)state;
    run("nvrm-cli -t emu:AD102 --record $T/t boot run", 0);
    cli_expect_text("nvrm-cli trace stat $T/t", 0, "wr32", NULL);
    cli_expect_text("nvrm-cli trace show $T/t --filter 'NV_PMC_BOOT_0'", 0,
                    "rd32 NV_PMC_BOOT_0 bar=0", NULL);
    cli_expect_text("nvrm-cli trace show $T/t --filter rpc_post", 0, "GSP_SET_SYSTEM_INFO",
                    NULL);
    cli_expect_text("nvrm-cli trace show $T/t --filter rpc_event", 0, "GSP_INIT_DONE", NULL);
}

static void
show_decodes_and_filters(void **state)
{
    (void)state;
    run("nvrm-cli --record $T/t run " SCRIPT, 0);
    cli_expect_text("nvrm-cli trace show $T/t", 0, "\"ascii\":\"NVIDIA GeForce RTX 4090\"",
                    NULL);
    cli_expect_text("nvrm-cli trace show $T/t --filter error", 0,
                    "NV_ERR_INVALID_OBJECT_PARENT", NULL);
    for (unsigned i = 0; i < 4; i++) {
        static const struct {
            const char *filter;
            unsigned lines;
        } cases[] = {
            {"alloc",                          9},
            {"NV2080_CTRL_CMD_GPU_GET_NAME_*", 1},
            {"NV_ERR_INVALID_OBJECT_PARENT",   1},
            {"free,event",                     4},
        };
        char command[160];
        char *out;

        snprintf(command, sizeof(command), "nvrm-cli trace show -j $T/t --filter '%s'",
                 cases[i].filter);
        out = cli_expect(command, 0);
        if (lines_of(out) != cases[i].lines + 1) /* and the section */
            fail_msg("%s: %u lines", cases[i].filter, lines_of(out));
        free(out);
    }
    cli_expect_text("nvrm-cli trace show --raw $T/t --filter control", 0, "in  \"0x", NULL);
}

static void
every_line_of_show_is_json(void **state)
{
    char *out, *line;

    (void)state;
    run("nvrm-cli --record $T/t --record-level bus run " SCRIPT, 0);
    out = cli_expect("nvrm-cli -j trace show $T/t", 0);
    for (line = strtok(out, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *row = json_loads(line, 0, NULL);

        if (!row || !json_object_get(row, "type") || !json_object_get(row, "name"))
            fail_msg("not a record: %s", line);
        json_decref(row);
    }
    free(out);
}

static void
a_trace_may_come_from_a_pipe(void **state)
{
    (void)state;
    run("nvrm-cli --record $T/t tree", 0);
    cli_expect_text("cat $T/t | nvrm-cli trace show -", 0, "NV01_ROOT", NULL);
    cli_expect_text("nvrm-cli trace stat - < $T/t", 0, "alloc", NULL);
    cli_expect_text("nvrm-cli -o csv trace stat $T/t", 0, "time_percent,total_us,calls,", NULL);
}

static void
what_is_cut_off_or_overwritten_is_told_with_its_place(void **state)
{
    (void)state;
    run("nvrm-cli --record $T/t ctl subdevice " NAME, 0);
    run("truncate -s -100 $T/t", 0);
    cli_expect_text("nvrm-cli trace show $T/t", 0, NAME, "were skipped: a record is cut off");
    run("printf XXXX | dd of=$T/t bs=1 seek=200 conv=notrunc 2>/dev/null", 0);
    cli_expect_text("nvrm-cli trace stat $T/t", 0, "damaged", "bytes at 1");
    cli_expect_text("nvrm-cli -q trace show $T/t", 0, NAME, "");
}

static void
a_full_disk_is_told_and_does_not_end_the_session(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli --record /dev/full tree", 1, NULL, "No space left");
    run("nvrm-cli --record $T/t --record-level bus run " SCRIPT, 0);
    cli_expect_text("nvrm-cli trace show $T/t > /dev/full", 1, NULL, "cannot write");
    cli_expect_text("nvrm-cli trace convert --to pcapng $T/t > /dev/full", 1, NULL,
                    "cannot write");
    /* The session is not lost when its trace is. */
    cli_expect_text("trap '' XFSZ; ulimit -f 16; "
                    "nvrm-cli --record $T/p --record-level bus run " SCRIPT,
                    1, "20 steps ran", "records were not written");
}

static void
equal_sessions_do_not_differ(void **state)
{
    (void)state;
    run("nvrm-cli --record $T/a run " SCRIPT, 0);
    run("nvrm-cli --record $T/b run " SCRIPT, 0);
    cli_expect_text("nvrm-cli trace diff $T/a $T/b", 0, "", "0 differ");
    cli_expect_text("nvrm-cli -j trace diff $T/a $T/b", 0, "\"differ\":0,\"only_a\":0", NULL);
    cli_expect_text("nvrm-cli -j trace replay $T/a", 0, "\"differ\":0,\"only_a\":0", NULL);
}

static void
releases_are_compared_by_names(void **state)
{
    (void)state;
    run("nvrm-cli -F 535.113.01 --record $T/a run " SCRIPT, 0);
    run("nvrm-cli -F 595.45.04 --record $T/b run " SCRIPT, 0);
    cli_expect_text("nvrm-cli trace diff $T/a $T/b", 0, "", "0 differ");
}

static void
a_difference_is_named_and_ends_with_code_9(void **state)
{
    json_t *row;
    char *out;

    (void)state;
    run("nvrm-cli -t emu:AD102 --record $T/a ctl subdevice " NAME, 0);
    run("nvrm-cli -t emu:GH100 --record $T/b ctl subdevice " NAME, 0);
    out = cli_expect("nvrm-cli -j -q trace diff $T/a $T/b", 9);
    row = json_loads(out, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(row);
    assert_non_null(strstr(out, "{\"mark\":\"=\",\"agree\":4,\"differ\":1,\"only_a\":0,"));
    assert_string_equal(cli_str(row, "name"), NAME);
    assert_string_equal(cli_str(row, "field"), "out.gpuNameString.ascii");
    assert_non_null(strstr(cli_str(row, "b_value"), "H100"));
    json_decref(row);
    free(out);
    run("nvrm-cli trace diff --ignore gpuNameString $T/a $T/b", 0);
    run("nvrm-cli --record $T/c tree", 0);
    cli_expect_text("nvrm-cli trace diff $T/a $T/c", 9, "- 5 control " NAME, "only in");
    cli_expect_text("nvrm-cli trace diff $T/c $T/a", 9, "+ 5 control " NAME, "only in");
}

static void
a_trace_is_made_again_on_any_release(void **state)
{
    (void)state;
    run("nvrm-cli -F 570.144 --record $T/t run " SCRIPT, 0);
    cli_expect_text("nvrm-cli trace replay $T/t", 0, "", "20 calls agree, 0 differ");
    cli_expect_text("nvrm-cli -F 535.113.01 trace replay $T/t", 0, "", "0 differ");
    cli_expect_text("nvrm-cli -F 595.45.04 trace replay $T/t", 0, "", "0 differ");
    cli_expect_text("nvrm-cli -t emu:GH100 trace replay $T/t", 10, "NVIDIA H100", NULL);
    cli_expect_text("nvrm-cli -t replay:$T/t trace replay $T/t", 0, "", "0 differ");
    run("nvrm-cli --record $T/u trace replay $T/t", 0);
    run("nvrm-cli trace diff $T/t $T/u", 0);
}

static void
what_the_policy_refuses_is_not_made_again(void **state)
{
    (void)state;
    run("nvrm-cli --unsafe --record $T/t ctl subdevice NV2080_CTRL_CMD_GPU_SET_POWER", 5);
    cli_expect_text("nvrm-cli trace replay $T/t", 4, "policy refuses", NULL);
    run("nvrm-cli --unsafe trace replay $T/t", 0);
    cli_expect_text("nvrm-cli --dry-run trace replay $T/t", 4, "policy refuses", NULL);
    cli_expect_text("nvrm-cli --dry-run --unsafe trace replay $T/t", 0, "GPU_SET_POWER", NULL);
}

/* Whatever a file holds, no verb may fall over it. */
static void
every_verb_survives_hostile_files(void **state)
{
    (void)state;
    run("for f in tests/fuzz/corpus/trace/* tests/fuzz/corpus/replay/*; do "
        "for v in show 'show -j' 'show --raw' stat 'diff tests/fuzz/corpus/trace/calls' "
        "'diff tests/fuzz/corpus/trace/made' 'convert --to pcapng' 'convert --to jsonl' "
        "'convert --to perfetto' dissector replay 'replay -F 535.113.01 --unsafe'; do "
        "nvrm-cli -q trace $v $f > /dev/null 2> $T/err; code=$?; "
        "[ $code -lt 126 ] && [ $code != 1 ] || { echo \"trace $v $f: $code\"; cat $T/err; "
        "exit 1; }; done; done",
        0);
}

static void
any_duration_has_its_place_among_the_percentiles(void **state)
{
    const struct gsp_trace_writer_config config = {
        .abi = {nvrm_schema_builtin(), nvrm_release_newest(nvrm_schema_builtin())}
    };
    struct gsp_trace_record r = {.type = GSP_TRACE_FREE, .args = 3};
    struct gsp_trace_writer *w;
    const json_t *row;
    char path[96];
    json_t *doc;

    (void)state;
    snprintf(path, sizeof(path), "%s/t", dir);
    assert_int_equal(gsp_trace_writer_open(path, &config, &w, NULL), 0);
    for (unsigned bit = 0; bit < 64; bit++) {
        r.duration_ns = UINT64_MAX >> bit;
        assert_int_equal(gsp_trace_write(w, &r), 0);
    }
    for (unsigned i = 0; i < 200; i++) {
        r.duration_ns = 1000 * (i + 1); /* 1 to 200 us */
        assert_int_equal(gsp_trace_write(w, &r), 0);
    }
    assert_int_equal(gsp_trace_writer_close(w, NULL), 0);
    doc = cli_expect_json("nvrm-cli -j trace stat $T/t");
    row = json_array_get(json_object_get(doc, "names"), 0);
    assert_int_equal(json_integer_value(json_object_get(row, "calls")), 264);
    json_decref(doc);
}

static void
percentiles_are_right_to_six_percent(void **state)
{
    const struct gsp_trace_writer_config config = {
        .abi = {nvrm_schema_builtin(), nvrm_release_newest(nvrm_schema_builtin())}
    };
    struct gsp_trace_record r = {.type = GSP_TRACE_FREE, .args = 3};
    struct gsp_trace_writer *w;
    double p50, p99;
    char path[96];
    json_t *doc;

    (void)state;
    snprintf(path, sizeof(path), "%s/t", dir);
    assert_int_equal(gsp_trace_writer_open(path, &config, &w, NULL), 0);
    for (unsigned i = 1; i <= 1000; i++) {
        r.duration_ns = 1000 * i; /* 1 us to 1 ms */
        assert_int_equal(gsp_trace_write(w, &r), 0);
    }
    assert_int_equal(gsp_trace_writer_close(w, NULL), 0);
    doc = cli_expect_json("nvrm-cli -j trace stat $T/t");
    p50 = json_real_value(
        json_object_get(json_array_get(json_object_get(doc, "names"), 0), "p50_us"));
    p99 = json_real_value(
        json_object_get(json_array_get(json_object_get(doc, "names"), 0), "p99_us"));
    assert_true(p50 > 470 && p50 < 530);
    assert_true(p99 > 930 && p99 < 1050);
    json_decref(doc);
}

static void
events_are_replayed(void **state)
{
    char *card = cli_expect("nvrm-cli -q --record $T/t event watch --trigger --count 1 "
                            "--unsafe | sed 's/^ *[0-9.]* //'",
                            0);
    char *trace = cli_expect("nvrm-cli -q -t replay:$T/t event watch --trigger --count 1 "
                             "--unsafe | sed 's/^ *[0-9.]* //'",
                             0);

    (void)state;
    assert_non_null(strstr(card, "POST_EVENT"));
    assert_string_equal(card, trace);
    free(card);
    free(trace);
}

/* The nvidia transport, on the kernel module that the emulated card can stand for. */
static void
ioctls_are_recorded_with_what_they_carry(void **state)
{
    struct cli_result r =
        cli_run_command("nvrm-cli emu exec -F 580.65.06 -- nvrm-cli -t nvidia "
                        "--record $T/t --record-level ioctl ctl subdevice " NAME);

    (void)state;
    if (r.code) {
        print_message("emu exec does not run here: %s", r.err);
        cli_result_free(&r);
        skip();
    }
    cli_result_free(&r);
    cli_expect_text("nvrm-cli trace show $T/t --filter ioctl", 0,
                    "NV_ESC_RM_CONTROL " NAME " fd=", NULL);
    cli_expect_text("nvrm-cli trace show $T/t --filter ioctl", 0,
                    "params {\"gpuNameStringFlags\":", NULL);
    cli_expect_text("nvrm-cli trace show $T/t --filter open", 0, "path=\"/dev/nvidiactl\"",
                    NULL);
    run("nvrm-cli -t replay:$T/t ctl subdevice " NAME, 0);
}

static void
other_formats_can_be_read(void **state)
{
    json_t *doc;

    (void)state;
    run("nvrm-cli --record $T/t --record-level bus run " SCRIPT, 0);
    doc = cli_expect_json("nvrm-cli trace convert --to perfetto $T/t");
    assert_true(json_array_size(json_object_get(doc, "traceEvents")) > 50);
    json_decref(doc);
    run("nvrm-cli trace convert --to jsonl $T/t | cmp - $T/l || "
        "nvrm-cli trace show -j $T/t > $T/l && nvrm-cli trace convert --to jsonl $T/t | "
        "cmp - $T/l",
        0);
    cli_expect_text("nvrm-cli trace convert $T/t", 2, NULL, "needs --to");
    cli_expect_text("nvrm-cli trace convert --to csv $T/t", 2, NULL, "no format 'csv'");
}

/* Wireshark's own program reads what we write, with the dissector that we generate. */
static void
tshark_names_every_record_as_we_do(void **state)
{
    char *ours, *theirs;

    (void)state;
    if (system("command -v tshark > /dev/null") != 0) {
        print_message("tshark is not installed (Debian: apt install tshark): skipped\n");
        skip();
    }
    run("nvrm-cli --record $T/t --record-level bus run " SCRIPT, 0);
    run("nvrm-cli trace convert --to pcapng $T/t > $T/t.pcapng", 0);
    run("nvrm-cli trace dissector $T/t > $T/t.lua", 0);
    ours = cli_expect("nvrm-cli trace show -j $T/t | sed -E "
                      "'s/.*\"name\":\"([^\"]*)\".*/\\1/'",
                      0);
    theirs = cli_expect("tshark -r $T/t.pcapng -X lua_script:$T/t.lua -T fields "
                        "-e nvrm.name 2>/dev/null",
                        0);
    assert_string_equal(ours, theirs);
    free(ours);
    free(theirs);
    theirs = cli_expect("tshark -r $T/t.pcapng -X lua_script:$T/t.lua -V "
                        "-Y 'nvrm.control == 0x20801303' 2>/dev/null",
                        0);
    assert_non_null(strstr(theirs, "index = NV2080_CTRL_FB_INFO_INDEX_TOTAL_RAM_SIZE"));
    assert_non_null(strstr(theirs, "data = 25153536"));
    assert_null(strstr(theirs, "Lua Error"));
    free(theirs);
}

/* The rows of docs/trace.md are those of the program. */
static void
the_page_has_every_type_of_record(void **state)
{
    char *page = cli_expect("cat docs/trace.md", 0);
    const struct gsp_trace_type_info *info;

    (void)state;
    for (unsigned i = 0; (info = gsp_trace_type_at(i)); i++) {
        char row[400];
        size_t n = (size_t)snprintf(row, sizeof(row), "| %d | `%s` | ", info->type, info->name);

        for (unsigned k = 0; k < GSP_TRACE_ARGS && info->arg[k].name; k++)
            n += (size_t)snprintf(row + n, sizeof(row) - n, "%s%s", k ? ", " : "",
                                  info->arg[k].name);
        n += (size_t)snprintf(row + n, sizeof(row) - n, " | ");
        for (unsigned k = 0; k < GSP_TRACE_PIECES && info->piece[k]; k++)
            n += (size_t)snprintf(row + n, sizeof(row) - n, "%s%s", k ? ", " : "",
                                  info->piece[k]);
        if (!strstr(page, row))
            fail_msg("docs/trace.md lacks the row: %s", row);
    }
    free(page);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(a_recorded_session_is_replayed_with_the_same_output),
        IN_DIR(a_replay_knows_the_release_and_the_card),
        IN_DIR(a_client_that_diverges_ends_with_code_10),
        IN_DIR(a_second_recording_is_appended_as_a_section),
        IN_DIR(deeper_levels_record_more),
        IN_DIR(a_boot_is_recorded_register_by_register),
        IN_DIR(show_decodes_and_filters),
        IN_DIR(every_line_of_show_is_json),
        IN_DIR(a_trace_may_come_from_a_pipe),
        IN_DIR(what_is_cut_off_or_overwritten_is_told_with_its_place),
        IN_DIR(a_full_disk_is_told_and_does_not_end_the_session),
        IN_DIR(equal_sessions_do_not_differ),
        IN_DIR(releases_are_compared_by_names),
        IN_DIR(a_difference_is_named_and_ends_with_code_9),
        IN_DIR(a_trace_is_made_again_on_any_release),
        IN_DIR(what_the_policy_refuses_is_not_made_again),
        IN_DIR(every_verb_survives_hostile_files),
        IN_DIR(any_duration_has_its_place_among_the_percentiles),
        IN_DIR(percentiles_are_right_to_six_percent),
        IN_DIR(events_are_replayed),
        IN_DIR(ioctls_are_recorded_with_what_they_carry),
        IN_DIR(other_formats_can_be_read),
        IN_DIR(tshark_names_every_record_as_we_do),
        cmocka_unit_test(the_page_has_every_type_of_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
