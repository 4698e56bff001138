/* SPDX-License-Identifier: MIT */
/* explain FILE: what belongs together in a log, what follows from what, and bug reports. */
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"
#include "test.h"

#define DMESG "tests/fuzz/corpus/dmesg/"
#define DATA  "tests/cli/data/"

static const json_t *
incident(const json_t *doc, const char *kind)
{
    const json_t *in;
    size_t i;

    json_array_foreach(json_object_get(doc, "incidents"), i, in)
    {
        if (!strcmp(json_string_value(json_object_get(in, "kind")), kind))
            return in;
    }
    fail_msg("no incident of kind %s", kind);
    return NULL;
}

static long long
number(const json_t *o, const char *key)
{
    return (long long)json_integer_value(json_object_get(o, key));
}

static void
says(const json_t *o, const char *key, const char *part)
{
    const char *text = json_string_value(json_object_get(o, key));

    if (!text || !strstr(text, part))
        fail_msg("%s is \"%s\", not \"%s\"", key, text ? text : "(nothing)", part);
}

static void
a_bug_report_is_told_once_though_it_repeats_itself(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j explain " DATA "bug-report.log");
    const json_t *in;

    (void)state;
    says(doc, "driver", "570.144");
    assert_int_equal(json_array_size(json_object_get(doc, "gpus")), 1);
    assert_int_equal(json_array_size(json_object_get(doc, "incidents")), 5);
    in = incident(doc, "fault");
    says(in, "title", "train (pid 77): engine GRAPHICS used address 0x7f7b2ac00000");
    says(in, "title", "that page is not mapped");
    assert_int_equal(json_array_size(json_object_get(in, "lines")), 1);
    json_decref(doc);
}

static void
after_a_gpu_is_lost_everything_follows_from_that(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j explain " DATA "bug-report.log");
    const json_t *lost = incident(doc, "lost"), *timeout = incident(doc, "gsp-timeout");

    (void)state;
    assert_null(json_object_get(lost, "follows"));
    /* the Xid, the line beside it, the check that failed with NV_ERR_GPU_IS_LOST, Xid 154 */
    assert_int_equal(json_array_size(json_object_get(lost, "lines")), 4);
    assert_int_equal(number(timeout, "follows"), 3);
    says(timeout, "control", "NV2080_CTRL_CMD_GPU_GET_NAME_STRING");
    says(lost, "recovery", "Node Reboot Required");
    assert_int_equal(number(incident(doc, "cleanup"), "follows"), 1);
    assert_int_equal(number(incident(doc, "init-failed"), "follows"), 3);
    says(incident(doc, "init-failed"), "title",
         "starting GSP firmware failed with NV_ERR_TIMEOUT");
    json_decref(doc);
}

static void
a_compressed_report_reads_the_same_and_a_cut_one_as_far_as_it_goes(void **state)
{
    static const char cut[] =
        "f=$(mktemp) && gzip -c " DATA "bug-report.log | head -c 700 > $f "
        "&& nvrm-cli explain $f";
    json_t *plain = cli_expect_json("nvrm-cli -j explain - < " DATA "bug-report.log");
    json_t *zipped = cli_expect_json("gzip -c " DATA "bug-report.log | nvrm-cli -j explain -");
    json_t *two = cli_expect_json("(gzip -c " DATA "bug-report.log; gzip -c " DMESG
                                  "r535.txt) | nvrm-cli -j explain -");

    (void)state;
    assert_true(json_equal(plain, zipped));
    assert_true(json_array_size(json_object_get(two, "findings")) >
                json_array_size(json_object_get(plain, "findings")));
    json_decref(plain);
    json_decref(zipped);
    json_decref(two);
    cli_expect_text(cut, 0, "used address", "damaged or cut");
    cli_expect_text("printf '\\037\\213\\010broken, not compressed' | nvrm-cli explain -", 6,
                    NULL, "no whole gzip file");
}

static void
a_timeout_names_the_call_and_what_its_history_adds(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j explain " DMESG "r570.txt");
    const json_t *in = incident(doc, "gsp-timeout");
    char *evidence = json_dumps(json_object_get(in, "evidence"), 0);

    (void)state;
    says(in, "title", "NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE for 6 s");
    says(in, "call_doc", "Interrupt vectors");
    assert_non_null(strstr(evidence, "the call before it was GSP_RM_ALLOC NV20_SUBDEVICE_0"));
    assert_non_null(strstr(evidence, "NV2080_NOCAT_JOURNAL_REC_TYPE_ASSERT meanwhile"));
    assert_non_null(strstr(evidence, "FIFO_ERROR_MMU_ERR_FLT"));
    free(evidence);
    json_decref(doc);
    cli_expect_text("nvrm-cli explain " DMESG "r535.txt", 0,
                    "did not answer GSP_RM_ALLOC AMPERE_CHANNEL_GPFIFO_A", NULL);
    cli_expect_text("nvrm-cli explain " DMESG "crash.txt", 0,
                    "GSP crashed: task panic, condition failed", NULL);
}

static void
what_the_driver_found_of_gsp_explains_the_timeout(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j explain " DMESG "states.txt");
    const json_t *in = incident(doc, "gsp-timeout");

    (void)state;
    says(json_array_get(json_object_get(doc, "incidents"), 1), "title",
         "GSP did not answer GSP_RM_ALLOC NV01_DEVICE_0: NV_ERR_GPU_IS_LOST");
    assert_string_equal(json_string_value(json_array_get(json_object_get(in, "evidence"), 0)),
                        "the driver found: GSP-RM unresponsive");
    says(incident(doc, "event"), "title", "RC_TRIGGERED could not be handled");
    json_decref(doc);
    cli_expect_text("nvrm-cli explain " DMESG "states.txt", 0,
                    "GSP sent POST_EVENT when nobody expected it", NULL);
    cli_expect_text("echo 'NVRM: LibOS heartbeat timed out' | nvrm-cli explain -", 0,
                    "GSP does not respond", NULL);
}

static void
loading_the_driver_again_is_a_new_start(void **state)
{
    static const char log[] =
        "printf '%s\\n' 'NVRM: Xid (PCI:0000:65:00): 79, gone' "
        "'NVRM: Xid (PCI:0000:65:00): 31, after' "
        "'NVRM: loading NVIDIA UNIX Open Kernel Module for x86_64  570.144  Release Build' "
        "'NVRM: Xid (PCI:0000:65:00): 31, again' | nvrm-cli -j explain -";
    json_t *doc = cli_expect_json(log);
    const json_t *incidents = json_object_get(doc, "incidents");

    (void)state;
    assert_int_equal(json_array_size(incidents), 3);
    assert_int_equal(number(json_array_get(incidents, 1), "follows"), 1);
    assert_null(json_object_get(json_array_get(incidents, 2), "follows"));
    json_decref(doc);
}

static void
a_driver_without_its_firmware_is_told_what_to_install(void **state)
{
    (void)state;
    cli_expect_text("echo 'NVRM: GPU 0000:65:00.0: RmInitAdapter failed! (0x61:0x56:1774)' | "
                    "nvrm-cli explain -",
                    0, "what to do: install the GSP firmware of this very release", NULL);
    cli_expect_text("echo 'NVRM: GPU 0000:65:00.0: RmInitAdapter failed! (0x99:0xfff1:1)' | "
                    "nvrm-cli explain -",
                    0, "0x99 failed with ?", NULL);
    cli_expect_text("nvrm-cli explain " DMESG "r570.txt", 0,
                    "A parameter has a value that RM does not accept", NULL);
}

static void
brief_leaves_the_lines_out(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j explain --brief " DATA "bug-report.log");
    char *text = cli_expect("nvrm-cli explain --brief " DATA "bug-report.log", 0);

    (void)state;
    assert_int_equal(json_array_size(json_object_get(doc, "incidents")), 5);
    assert_null(json_object_get(doc, "findings"));
    assert_null(strstr(text, "line by line"));
    assert_non_null(strstr(text, "no longer answers"));
    json_decref(doc);
    free(text);
}

static void
every_kind_of_line_finds_its_incident(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j explain " DMESG "lines.txt");
    const json_t *in = incident(doc, "shader");

    (void)state;
    assert_int_equal(json_array_size(json_object_get(in, "lines")), 2);
    says(json_array_get(json_object_get(doc, "findings"), 1), "exception", "Out Of Range");
    assert_int_equal(number(incident(doc, "lost"), "follows"), 1);
    says(incident(doc, "pcie"), "title", "Uncorrected (Fatal)");
    says(incident(doc, "nvlink"), "title", "NVLink");
    says(incident(doc, "nvswitch"), "device", "0000:c1:00");
    says(incident(doc, "version-mismatch"), "title", "570.144");
    json_decref(doc);
    cli_expect_text("nvrm-cli explain " DMESG "lines.txt", 0, "class TURING_A, method 0x2040",
                    NULL);
}

static void
xids_that_no_header_names_are_explained(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli explain xid 109", 0, "context switch", NULL);
    cli_expect_text("nvrm-cli explain xid 1", 0, "ROBUST_CHANNEL_FIFO_ERROR_FIFO_METHOD", NULL);
    cli_expect_text("nvrm-cli explain xid 79", 0, "power cycle", NULL);
    cli_expect_text("nvrm-cli -j explain xid 31", 0, "\"causes\"", NULL);
    cli_expect_text("nvrm-cli -j explain xid 31", 0, "docs.nvidia.com", NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bug_report_is_told_once_though_it_repeats_itself),
        cmocka_unit_test(after_a_gpu_is_lost_everything_follows_from_that),
        cmocka_unit_test(a_compressed_report_reads_the_same_and_a_cut_one_as_far_as_it_goes),
        cmocka_unit_test(a_timeout_names_the_call_and_what_its_history_adds),
        cmocka_unit_test(what_the_driver_found_of_gsp_explains_the_timeout),
        cmocka_unit_test(loading_the_driver_again_is_a_new_start),
        cmocka_unit_test(a_driver_without_its_firmware_is_told_what_to_install),
        cmocka_unit_test(brief_leaves_the_lines_out),
        cmocka_unit_test(every_kind_of_line_finds_its_incident),
        cmocka_unit_test(xids_that_no_header_names_are_explained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
