/* SPDX-License-Identifier: MIT */
/* log gsp and explain FILE: what they print, in text and JSON, and their exit codes. */
#include <sys/stat.h>
#include <unistd.h>

#include "cli_run.h"
#include "test.h"

#define DMESG "tests/fuzz/corpus/dmesg/"
#define CRASH "tests/fuzz/corpus/crash/"

static const json_t *
nth(const json_t *doc, const char *kind, size_t n)
{
    const json_t *finding;
    size_t i;

    json_array_foreach(json_object_get(doc, "findings"), i, finding)
    {
        if (!strcmp(json_string_value(json_object_get(finding, "kind")), kind) && !n--)
            return finding;
    }
    fail_msg("no such finding");
    return NULL;
}

static void
expect(const json_t *o, const char *key, const char *want)
{
    const char *text = json_string_value(json_object_get(o, key));

    assert_non_null(text);
    assert_string_equal(text, want);
}

static void
a_log_of_570_is_explained_with_names(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j explain " DMESG "r570.txt");
    const json_t *o = nth(doc, "xid", 0), *rows;

    (void)state;
    expect(doc, "release", "570.144");
    expect(o, "name", "ROBUST_CHANNEL_CONTAINED_ERROR");
    expect(o, "device", "0000:65:00");
    assert_int_equal(json_integer_value(json_object_get(o, "gpu_instance")), 2);
    o = nth(doc, "rpc-timeout", 0);
    expect(o, "control", "NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE");
    rows = json_object_get(nth(doc, "rpc-history", 0), "rows");
    assert_int_equal(json_array_size(rows), 3);
    assert_true(json_is_true(json_object_get(json_array_get(rows, 0), "pending")));
    expect(json_array_get(rows, 1), "class", "NV20_SUBDEVICE_0");
    rows = json_object_get(nth(doc, "rpc-history", 1), "rows");
    expect(json_array_get(rows, 0), "record", "NV2080_NOCAT_JOURNAL_REC_TYPE_ASSERT");
    expect(json_array_get(rows, 1), "xid", "ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT");
    o = nth(doc, "assert", 0);
    expect(o, "status", "NV_ERR_INVALID_ARGUMENT");
    expect(o, "where", "made_up.c:77");
    json_decref(doc);
}

static void
the_release_asked_for_gives_the_names(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j -F 535.113.01 explain " DMESG "r570.txt");

    (void)state;
    expect(doc, "release", "535.113.01");
    expect(doc, "driver", "570.144");
    json_decref(doc);
}

static void
sequence_numbers_of_595_are_kept(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j explain - < " DMESG "r595.txt");
    const json_t *rows = json_object_get(nth(doc, "rpc-history", 0), "rows");

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 1), "sequence")),
                     4241);
    expect(json_array_get(rows, 1), "name", "UNLOADING_GUEST_DRIVER"); /* cut in the log */
    json_decref(doc);
}

static void
a_crash_is_explained_from_text_and_from_a_dump(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j explain " DMESG "crash.txt");
    const json_t *o = nth(doc, "crash", 0);

    (void)state;
    expect(o, "cause", "panic");
    expect(json_object_get(o, "registers"), "sepc", "0x60ab10");
    expect(json_object_get(o, "io"), "0x00001404", "0x2");
    assert_int_equal(json_array_size(json_object_get(o, "stack")), 2);
    json_decref(doc);
    doc = cli_expect_json("nvrm-cli -j explain crash " CRASH "two");
    assert_int_equal(json_array_size(json_object_get(doc, "reports")), 2);
    o = json_array_get(json_object_get(doc, "reports"), 0);
    expect(o, "reason", "an assertion failed");
    expect(o, "version", "3.1.7");
    assert_int_equal(json_object_size(json_object_get(o, "registers")), 7 + 31);
    json_decref(doc);
    cli_expect_text("nvrm-cli explain " CRASH "report", 0, "crash panic: an assertion failed",
                    NULL);
}

/* The shell goes on after a failure: what the halted core left can still be read. */
static void
a_crashed_card_is_asked_for_its_report(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli explain crash", 0, "no crash report: ", NULL);
    cli_expect_text("nvrm-cli -e tree -e 'explain crash'", 0, "no crash report: ", NULL);
    cli_expect_text("nvrm-cli -o jsonl explain crash", 0, "{\"crash\":null", NULL);
    cli_expect_text("nvrm-cli -t 'emu?inject=ctl:0x20800110=crash' ctl subdevice 0x20800110", 7,
                    NULL, "task exception, load access fault");
}

static void
files_that_are_nothing_have_their_exit_codes(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli explain no-such-file", 2, NULL, "no-such-file");
    cli_expect_text("nvrm-cli explain " CRASH "large-packet", 6, NULL, "packet");
    cli_expect_text("nvrm-cli explain tests/fuzz/corpus/log/packed", 2, NULL,
                    "nothing that explain reads");
    cli_expect_text("nvrm-cli explain LICENSE", 0, NULL, "no Xid");
    cli_expect_text("nvrm-cli explain nothing NAME", 2, NULL, "no kind");
    cli_expect_text("nvrm-cli log gsp LICENSE", 6, NULL, "no log ring");
    cli_expect_text("nvrm-cli log gsp no-such-file", 2, NULL, "no-such-file");
    cli_expect_text("nvrm-cli log gsp LICENSE --elf LICENSE", 6, NULL, "not an ELF file");
    cli_expect_text("nvrm-cli log other", 2, NULL, "no log 'other'");
}

static void
the_emulated_cards_log_is_text_in_both_forms(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -F 570.144 log gsp", 0,
                    "emulated GSP-RM 570.144 on architecture 0x19", NULL);
    cli_expect_text("nvrm-cli -t emu:GB202 -F 595.45.04 log gsp", 0,
                    "emulated GSP-RM 595.45.04 on architecture 0x1b", NULL);
    cli_expect_text("nvrm-cli --dry-run log gsp", 2, NULL, "--dry-run opens no card");
}

static void
saved_rings_are_read_back_with_and_without_the_elf(void **state)
{
    char dir[] = "/tmp/nvrm-log-XXXXXX", command[512];
    json_t *with, *without;
    const json_t *ring;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(command, sizeof(command),
             "nvrm-cli -q -F 580.65.06 log gsp --raw --save %s/ring && "
             "nvrm-cli -F 580.65.06 log elf %s/elf",
             dir, dir);
    free(cli_expect(command, 0));
    snprintf(command, sizeof(command),
             "nvrm-cli -j log gsp %s/ring.RM %s/ring.INIT --elf %s/elf", dir, dir, dir);
    with = cli_expect_json(command);
    snprintf(command, sizeof(command), "nvrm-cli -j log gsp %s/ring.RM %s/ring.INIT", dir, dir);
    without = cli_expect_json(command);
    ring = json_array_get(json_object_get(without, "rings"), 0);
    expect(ring, "task", "RM");
    expect(ring, "form", "packed");
    expect(ring, "gpu_arch", "0x19");
    assert_int_equal(json_integer_value(json_object_get(ring, "nvlog_version")), 2);
    assert_int_equal(json_array_size(json_object_get(with, "records")),
                     json_array_size(json_object_get(without, "records")));
    assert_true(json_array_size(json_object_get(without, "messages")) > 2);
    assert_null(json_object_get(with, "messages"));
    expect(json_array_get(json_object_get(with, "records"), 4), "text", "tasks are running");
    json_decref(with);
    json_decref(without);
    snprintf(command, sizeof(command), "nvrm-cli log gsp %s/ring.RM --save %s/elf", dir, dir);
    cli_expect_text(command, 2, NULL, "elf"); /* files are not replaced */
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_of_570_is_explained_with_names),
        cmocka_unit_test(the_release_asked_for_gives_the_names),
        cmocka_unit_test(sequence_numbers_of_595_are_kept),
        cmocka_unit_test(a_crash_is_explained_from_text_and_from_a_dump),
        cmocka_unit_test(a_crashed_card_is_asked_for_its_report),
        cmocka_unit_test(files_that_are_nothing_have_their_exit_codes),
        cmocka_unit_test(the_emulated_cards_log_is_text_in_both_forms),
        cmocka_unit_test(saved_rings_are_read_back_with_and_without_the_elf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
