/* SPDX-License-Identifier: MIT */
/* gen and the schema verbs about versions, as commands. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gsp/trace.h>

#include "cli_run.h"
#include "test.h"

static void
gen_writes_to_stdout_a_file_or_a_folder(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli gen c NV01_DEVICE_0", 0, "#define NV01_DEVICE_0 0x80u", NULL);
    cli_expect_text("nvrm-cli gen c 0x20801303", 0, "NV2080_CTRL_CMD_FB_GET_INFO_V2", NULL);
    cli_expect_text("cd $(mktemp -d) && nvrm-cli gen rust NV01_DEVICE_0 --to x.rs && cat x.rs",
                    0, "pub struct NV0080_ALLOC_PARAMETERS", NULL);
    cli_expect_text("cd $(mktemp -d) && nvrm-cli gen python NV01_DEVICE_0 --to out/ && ls out",
                    0, "nvrm_bindings.py", NULL);
    cli_expect_text(
        "cd $(mktemp -d) && nvrm-cli gen json-schema NV01_DEVICE_0 NV20_SUBDEVICE_0 "
        "--to . && ls",
        0, "NV2080_ALLOC_PARAMETERS.json", NULL);
}

static void
gen_replaces_a_file_only_when_forced(void **state)
{
    (void)state;
    cli_expect_text("cd $(mktemp -d) && touch x.h && nvrm-cli gen c NV01_DEVICE_0 --to x.h", 2,
                    NULL, "x.h");
    cli_expect_text(
        "cd $(mktemp -d) && touch x.h && nvrm-cli gen c NV01_DEVICE_0 --to x.h --force", 0,
        "x.h", NULL);
}

static void
gen_takes_releases_as_list_range_and_pattern(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j -F all gen c GSP_RM_CONTROL --force --to "
                                  "$(mktemp -d)/all.h");

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(doc, "releases")), 94);
    assert_int_equal(json_integer_value(json_object_get(doc, "types")), 2);
    json_decref(doc);
    cli_expect_text("nvrm-cli -F 570.86.15..570.124.04 gen c NV01_DEVICE_0", 0,
                    "tags 570.86.15 570.86.16 570.124.04\n", NULL);
    cli_expect_text("nvrm-cli -F '590.*,570.144' gen c NV01_DEVICE_0", 0,
                    "tags 570.144 590.44.01 590.48.01\n", NULL);
}

static void
a_name_that_some_releases_lack_is_noted(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -F 535.113.01,595.45.04 gen c BLACKWELL_CHANNEL_GPFIFO_A", 0,
                    "BLACKWELL_CHANNEL_GPFIFO_A 0xc96fu", "1 of the 2 chosen releases lack it");
}

static void
a_bundle_of_json_schemas_accepts_what_ctl_takes(void **state)
{
    static const char check[] =
        "import json, sys, jsonschema\n"
        "d = json.load(open('b.json'))\n"
        "v = jsonschema.Draft202012Validator\n"
        "v.check_schema(d)\n"
        "s = d[chr(36) + 'defs']['NV2080_CTRL_FB_GET_INFO_V2_PARAMS']\n"
        "ok = {'fbInfoListSize': 1, 'fbInfoList': [{'index': 'RAM_SIZE'}]}\n"
        "v(s).validate(ok)\n"
        "assert list(v(s).iter_errors({'fbInfoListSiz': 1}))\n";
    char command[1024];

    (void)state;
    if (system("python3 -c 'import jsonschema' >/dev/null 2>&1")) {
        print_message("python3 with jsonschema is not installed: not tried\n");
        skip();
    }
    snprintf(command, sizeof(command),
             "cd $(mktemp -d) && nvrm-cli gen json-schema NV2080_CTRL_CMD_FB_GET_INFO_V2 "
             "NV01_DEVICE_0 --to b.json >/dev/null && python3 -c \"%s\"",
             check);
    free(cli_expect(command, 0));
}

static void
schema_export_and_gen_write_the_same_json_schema(void **state)
{
    json_t *one =
        cli_expect_json("nvrm-cli schema export NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS");
    json_t *bundle =
        cli_expect_json("nvrm-cli gen json-schema NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS");
    const json_t *same = json_object_get(json_object_get(bundle, "$defs"),
                                         "NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS");
    const json_t *pointer = json_object_get(json_object_get(one, "properties"), "classList");

    (void)state;
    assert_true(json_equal(one, (json_t *)same));
    assert_true(json_is_array(json_object_get(pointer, "anyOf")));
    json_decref(one);
    json_decref(bundle);
}

static void
the_wireshark_dissector_reads_a_trace(void **state)
{
    static const char make[] =
        "d=$(mktemp -d) && cd $d && nvrm-cli -q -F 570.144 --record t.nvt ctl subdevice "
        "NV2080_CTRL_CMD_GPU_GET_NAME_STRING > /dev/null && "
        "nvrm-cli trace convert --to pcapng t.nvt > t.pcapng && "
        "nvrm-cli -F 570.144 gen wireshark 'NV2080_CTRL_CMD_GPU_*' NV20_SUBDEVICE_0 "
        "GSP_RM_CONTROL --to nvrm.lua > /dev/null && ";
    char command[1024];

    (void)state;
    cli_expect_text("nvrm-cli -F 570.144,575.51.02 gen wireshark NV01_DEVICE_0", 2, NULL,
                    "a dissector knows one release, not 2");
    snprintf(command, sizeof(command), "%s head -8 nvrm.lua; rm -r $d", make);
    cli_expect_text(command, 0, "AFFILIATES", NULL);
    if (system("tshark --version >/dev/null 2>&1")) {
        print_message("tshark is not installed: the dissector was not tried\n");
        skip();
    }
    snprintf(command, sizeof(command),
             "%s tshark -X lua_script:nvrm.lua -r t.pcapng -V 2>/dev/null; rm -r $d", make);
    cli_expect_text(command, 0, "Control: NV2080_CTRL_CMD_GPU_GET_NAME_STRING", NULL);
    cli_expect_text(command, 0, "NVIDIA GeForce RTX 4090", NULL);
}

static void
fingerprints_group_releases_by_layout(void **state)
{
    json_t *rows = cli_expect_json("nvrm-cli -j schema fingerprint GSP_RM_CONTROL");

    (void)state;
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 1), "releases")),
                        "575.51.02 .. 595.45.04");
    json_decref(rows);
    rows = cli_expect_json("nvrm-cli -j schema fingerprint GspSystemInfo");
    assert_int_equal(json_array_size(rows), 22);
    json_decref(rows);
    cli_expect_text("nvrm-cli -F 550.54.14,550.54.15 schema fingerprint --all", 0,
                    "550.54.14 .. 550.54.15", NULL);
    cli_expect_text("nvrm-cli schema fingerprint BLACKWELL_CHANNEL_GPFIFO_A", 0, "-", NULL);
}

static void
impact_on_a_script_is_what_check_finds_newly(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli schema diff 570.144 580.65.06 --impact examples/bringup.json", 0,
                    "changes struct NV_VASPACE_ALLOCATION_PARAMETERS of FERMI_VASPACE_A", NULL);
    cli_expect_text(
        "nvrm-cli schema diff 580.65.06 570.144 --impact tests/cli/data/newer-field.json", 9,
        "release 570.144 has no field 'pasid'", NULL);
    cli_expect_text(
        "nvrm-cli schema diff 570.144 535.113.01 --impact tests/cli/data/newer-class.json", 9,
        "breaks  class BLACKWELL_CHANNEL_GPFIFO_A: is gone", NULL);
    cli_expect_text("nvrm-cli schema diff 550.54.14 550.54.15 --impact examples/bringup.json",
                    0, " 0 break, 0 change", NULL);
}

static void
impact_on_a_trace_counts_layouts_too(void **state)
{
    char *made =
        cli_expect("nvrm-cli -F 570.144 --record /tmp/nvrm-impact.nvt ctl subdevice "
                   "NV2080_CTRL_CMD_FB_GET_INFO_V2 'fbInfoList[0].index=8' fbInfoListSize=1",
                   0);

    (void)state;
    free(made);
    cli_expect_text("nvrm-cli schema diff 570.144 580.65.06 --impact /tmp/nvrm-impact.nvt", 9,
                    "breaks  struct NV2080_CTRL_FB_GET_INFO_V2_PARAMS of "
                    "NV2080_CTRL_CMD_FB_GET_INFO_V2",
                    NULL);
    cli_expect_text("nvrm-cli -j schema diff 570.144 570.144 --impact /tmp/nvrm-impact.nvt", 0,
                    "\"trace\"", NULL);
    free(cli_expect("rm /tmp/nvrm-impact.nvt", 0));
}

/* What a tracer of programs writes: an ioctl of the driver's node that carries a control. */
static void
write_ioctl_trace(const char *path)
{
    static const char node[] = "/dev/nvidiactl";
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct gsp_trace_writer_config config = {
        .abi = {s, nvrm_release_find(s, "570.144")},
          .levels = GSP_TRACE_LEVEL_IOCTL
    };
    const uint32_t control[8] = {0xc1d00001, 0x5c000003, 0x20801303}; /* NVOS54_PARAMETERS */
    const struct gsp_trace_record record = {
        .type = GSP_TRACE_IOCTL,
        .args = 3,
        .arg = {3, 0xc020462a,              0}, /* 32 bytes, 'F', NV_ESC_RM_CONTROL */
        .pieces = 2,
        .piece = {{node, sizeof(node) - 1}, {control, sizeof(control)}},
    };
    struct gsp_trace_writer *w;

    assert_int_equal(gsp_trace_writer_open(path, &config, &w, NULL), 0);
    assert_int_equal(gsp_trace_write(w, &record), 0);
    assert_int_equal(gsp_trace_writer_close(w, NULL), 0);
}

static void
impact_sees_what_ioctls_carry(void **state)
{
    char path[] = "/tmp/nvrm-impact-XXXXXX", command[256];
    const int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    write_ioctl_trace(path);
    snprintf(command, sizeof(command), "nvrm-cli schema diff 570.144 580.65.06 --impact %s",
             path);
    cli_expect_text(command, 9,
                    "breaks  struct NV2080_CTRL_FB_GET_INFO_V2_PARAMS of "
                    "NV2080_CTRL_CMD_FB_GET_INFO_V2",
                    NULL);
    snprintf(command, sizeof(command), "nvrm-cli -j schema diff 570.144 580.65.06 --impact %s",
             path);
    cli_expect_text(command, 9, "\"NV_ESC_RM_CONTROL\"", NULL);
    unlink(path);
}

static void
searching_the_schema_answers_at_once(void **state)
{
    json_t *rows;
    struct timespec from, to;
    double best = 1;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        double took;

        clock_gettime(CLOCK_MONOTONIC, &from);
        rows = cli_expect_json("nvrm-cli -j schema search GPU_GET_NAME");
        clock_gettime(CLOCK_MONOTONIC, &to);
        assert_true(json_array_size(rows) > 3);
        json_decref(rows);
        took = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9;
        best = took < best ? took : best;
    }
    print_message("schema search: %.1f ms with its shell\n", best * 1e3);
    assert_true(best < 0.2); /* 20 ms is the goal; sanitizers and a busy machine take longer */
}

static void
schema_import_runs_the_importer(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli schema import --out /tmp/none /no/such/tree", 1, NULL,
                    "no such folder");
    cli_expect_text("NVRM_IMPORT=/no/such/program nvrm-cli schema import TREE", 3, NULL,
                    "NVRM_IMPORT: /no/such/program is not there");
    cli_expect_text("nvrm-cli schema import --frobnicate", 2, NULL, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gen_writes_to_stdout_a_file_or_a_folder),
        cmocka_unit_test(gen_replaces_a_file_only_when_forced),
        cmocka_unit_test(gen_takes_releases_as_list_range_and_pattern),
        cmocka_unit_test(a_name_that_some_releases_lack_is_noted),
        cmocka_unit_test(a_bundle_of_json_schemas_accepts_what_ctl_takes),
        cmocka_unit_test(schema_export_and_gen_write_the_same_json_schema),
        cmocka_unit_test(the_wireshark_dissector_reads_a_trace),
        cmocka_unit_test(fingerprints_group_releases_by_layout),
        cmocka_unit_test(impact_on_a_script_is_what_check_finds_newly),
        cmocka_unit_test(impact_on_a_trace_counts_layouts_too),
        cmocka_unit_test(impact_sees_what_ioctls_carry),
        cmocka_unit_test(searching_the_schema_answers_at_once),
        cmocka_unit_test(schema_import_runs_the_importer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
