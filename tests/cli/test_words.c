/* SPDX-License-Identifier: MIT */
/* Lines to words, documents to values and back, and completion: no card, no terminal. */
#include <errno.h>
#include <stdbool.h>

#include "cli.h"
#include "complete.h"
#include "line.h"
#include "nearest.h"
#include "script.h"
#include "test.h"

static void
expect_words(const char *line, int count, const char *const *words)
{
    struct gsp_error err = {0};
    char **argv;

    assert_int_equal(line_split(line, &argv, &err), count);
    for (int i = 0; i < count; i++)
        assert_string_equal(argv[i], words[i]);
    assert_null(argv[count]);
    line_free(argv);
}

static void
a_line_is_split_at_blanks_outside_quotes_and_json(void **state)
{
    (void)state;
    expect_words("  a  b\tc # rest", 3, (const char *const[]){"a", "b", "c"});
    expect_words("a 'b c' \"d \\\" e\" f\\ g", 4,
                 (const char *const[]){"a", "b c", "d \" e", "f g"});
    expect_words("x {\"k\": [1, {\"a\": \"} \"}]} y", 3,
                 (const char *const[]){"x", "{\"k\": [1, {\"a\": \"} \"}]}", "y"});
    expect_words("list=[1, 2] a[0].b=3", 2, (const char *const[]){"list=[1, 2]", "a[0].b=3"});
    expect_words("", 0, NULL);
}

static void
an_open_quote_or_bracket_is_an_error(void **state)
{
    static const char *const lines[] = {"'a", "\"a", "{\"a\": 1", "x=[1"};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct gsp_error err = {0};
        char **argv;

        assert_int_equal(line_split(lines[i], &argv, &err), -EINVAL);
        assert_int_equal(err.origin, GSP_ORIGIN_INPUT);
    }
}

static json_t *
load(const char *text)
{
    struct gsp_error err = {0};

    return cli_load_text(text, strlen(text), "test", &err);
}

static void
yaml_scalars_are_json_scalars_or_text(void **state)
{
    json_t *doc =
        load("a: 1\nb: 0x10\nc: yes\nd: true\ne: ~\nf: \"5\"\ng: -2\nh: 1.5\ni: text here\n");

    (void)state;
    assert_non_null(doc);
    assert_int_equal(json_integer_value(json_object_get(doc, "a")), 1);
    assert_string_equal(json_string_value(json_object_get(doc, "b")), "0x10");
    assert_string_equal(json_string_value(json_object_get(doc, "c")), "yes");
    assert_true(json_is_true(json_object_get(doc, "d")));
    assert_true(json_is_null(json_object_get(doc, "e")));
    assert_string_equal(json_string_value(json_object_get(doc, "f")), "5");
    assert_int_equal(json_integer_value(json_object_get(doc, "g")), -2);
    assert_true(json_is_real(json_object_get(doc, "h")));
    assert_string_equal(json_string_value(json_object_get(doc, "i")), "text here");
    json_decref(doc);
}

static void
documents_that_are_traps_are_refused(void **state)
{
    char deep[400];

    (void)state;
    memset(deep, '[', 200);
    memset(deep + 200, ']', 199);
    deep[399] = '\0';
    assert_null(load(deep));
    assert_null(load("a: &x 1\nb: *x\n"));
    assert_null(load("a: 1\na: 2\n"));
    assert_null(load("{\"a\": 1, \"a\": 2}"));
    assert_null(load("a: 1\n---\nb: 2\n"));
    assert_null(load("? [x]\n: 1\n"));
    assert_null(load(""));
    assert_null(load("a: \xff\xfe\n"));
}

static void
a_value_survives_yaml(void **state)
{
    json_t *value = json_pack("{s:s, s:s, s:s, s:i, s:b, s:n, s:[s, i], s:{}, s:[], s:s}",
                              "hex", "0x10", "yes", "no", "empty", "", "n", -3, "t", 1, "null",
                              "l", "a: b", 7, "o", "a", "multi", "two\nlines \"q\" # c");
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    json_t *back;

    (void)state;
    assert_int_equal(cli_yaml_write(value, f), 0);
    fclose(f);
    back = load(text);
    if (!json_equal(value, back))
        print_error("%s\n", text);
    assert_true(json_equal(value, back));
    free(text);
    json_decref(back);
    json_decref(value);
}

static volatile int interrupted;

static bool
completes_to(const char *before, const char *text, const char *word)
{
    struct cli cli = {.schema = nvrm_schema_builtin(), .interrupted = &interrupted};
    struct completions c;
    bool found = false;

    complete_line(&cli, before, text, &c);
    for (size_t i = 0; i < c.count; i++)
        found = found || !strcmp(c.words[i], word);
    completions_fini(&c);
    return found;
}

static void
completion_follows_the_line(void **state)
{
    (void)state;
    assert_true(completes_to("", "sch", "schema"));
    assert_true(completes_to("schema ", "d", "diff"));
    assert_true(completes_to("schema diff ", "570.1", "570.144"));
    assert_true(completes_to("ctl ", "", "subdevice"));
    assert_true(completes_to("ctl subdevice ", "NV2080_CTRL_CMD_FB_GET",
                             "NV2080_CTRL_CMD_FB_GET_INFO_V2"));
    assert_true(completes_to("alloc device ", "FERMI_V", "FERMI_VASPACE_A"));
    assert_true(completes_to("alloc device FERMI_VASPACE_A ", "va", "vaSize="));
    assert_true(completes_to("ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 ", "fbInfoList[0].i",
                             "fbInfoList[0].index="));
    assert_true(completes_to("ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME_STRING ",
                             "gpuNameStringFlags=", "gpuNameStringFlags=ASCII"));
    assert_true(completes_to(
        "ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME_STRING ", "gpuNameStringFlags=NV2080",
        "gpuNameStringFlags=NV2080_CTRL_GPU_GET_NAME_STRING_FLAGS_TYPE_ASCII"));
    assert_true(completes_to("alloc device FERMI_VASPACE_A ", "flags=SKIP|ALLOW_Z",
                             "flags=SKIP|ALLOW_ZERO_ADDRESS"));
    assert_true(completes_to("alloc subdevice NV01_EVENT ", "hClass=NV01_EVENT_O",
                             "hClass=NV01_EVENT_OS_EVENT"));
    assert_true(completes_to("alloc ", "FERMI_V", "FERMI_VASPACE_A"));
    assert_true(completes_to("alloc FERMI_VASPACE_A ", "vaS", "vaSize="));
    assert_true(completes_to(
        "ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 {\"fbInfoList\": [{\"", "ind", "index"));
    assert_true(completes_to(
        "ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 {\"fbInfoList\": [{\"index\": \"",
        "TOTAL_R", "TOTAL_RAM_SIZE"));
    assert_true(completes_to("policy ", "q", "quarantine"));
    assert_true(completes_to("--policy ", "read", "read-only"));
    assert_true(completes_to("run ", "--st", "--step"));
    assert_true(completes_to("boot ", "pl", "plan"));
    assert_true(completes_to("fw ", "ver", "verify"));
    assert_true(completes_to("pci ", "c", "caps"));
    assert_true(completes_to("launch ", "--gr", "--grid"));
    assert_true(completes_to("launch " NVRM_SOURCE_DIR "/tests/cuda/cubin/integer.sm_89.cubin ",
                             "int_d", "int_div32"));
    assert_false(completes_to("launch " NVRM_SOURCE_DIR "/README.md ", "", "int_div32"));
    assert_true(completes_to("help ", "NV_PGSP_M", "NV_PGSP_MAILBOX"));
    assert_true(completes_to("help ", "NOTIFIERS_S", "NV2080_NOTIFIERS_SW"));
    assert_true(completes_to("rpc ", "GSP_RM_C", "GSP_RM_CONTROL"));
    assert_true(completes_to("explain xid ", "GR_E", "GR_EXCEPTION"));
    assert_true(completes_to("explain xid ", "GSP_RPC_T", "GSP_RPC_TIMEOUT"));
    assert_true(completes_to("event watch ", "S", "SW"));
    assert_true(completes_to("-F ", "535.5", "535.54.03"));
    assert_true(completes_to("-o ", "js", "jsonl"));
    assert_true(completes_to("event watch ", "--tr", "--trigger"));
    assert_false(completes_to("explain ", "", "schema"));
}

static void
a_word_in_the_middle_of_a_name_is_found_too(void **state)
{
    (void)state;
    assert_true(completes_to("ctl subdevice ", "GET_NAME_STRING",
                             "NV2080_CTRL_CMD_GPU_GET_NAME_STRING"));
    assert_true(completes_to("alloc device ", "VASPACE", "FERMI_VASPACE_A"));
    assert_true(completes_to("ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 ",
                             "fbInfoList[0].index=_SIZE", "fbInfoList[0].index=HEAP_SIZE"));
}

static void
distance_counts_edits_without_regard_to_case(void **state)
{
    (void)state;
    assert_int_equal(cli_distance("tree", "TREE"), 0);
    assert_int_equal(cli_distance("tree", "tre"), 1);
    assert_int_equal(cli_distance("", "abc"), 3);
    assert_int_equal(cli_distance("kitten", "sitting"), 3);
}

static void
expect_mismatch(const char *expected, const char *actual, bool mismatch)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct nvrm_abi abi = {s, nvrm_release_newest(s)};
    json_t *a = json_loads(expected, JSON_DECODE_ANY, NULL);
    json_t *b = json_loads(actual, JSON_DECODE_ANY, NULL);
    char *why = script_mismatch(abi, a, b);

    if ((why != NULL) != mismatch)
        print_error("%s against %s: %s\n", expected, actual, why ? why : "fits");
    assert_int_equal(why != NULL, mismatch);
    free(why);
    json_decref(a);
    json_decref(b);
}

static void
expectations_compare_numbers_text_names_and_ranges(void **state)
{
    (void)state;
    expect_mismatch("16", "\"0x10\"", false);
    expect_mismatch("\"0x10\"", "17", true);
    expect_mismatch("\"abc\"", "\"abc\"", false);
    expect_mismatch("{\"min\": 1, \"max\": 5}", "5", false);
    expect_mismatch("{\"min\": 1, \"max\": 5}", "6", true);
    expect_mismatch("{\"in\": [1, \"x\"]}", "\"x\"", false);
    expect_mismatch("{\"in\": [1, \"x\"]}", "2", true);
    expect_mismatch("{\"re\": \"^N.*A$\"}", "\"NVIDIA\"", false);
    expect_mismatch("{\"re\": \"^N.*B$\"}", "\"NVIDIA\"", true);
    expect_mismatch("{\"re\": \"(\"}", "\"(\"", true);
    expect_mismatch("{\"not\": 0}", "1", false);
    expect_mismatch("{\"not\": 0}", "\"0x0\"", true);
    expect_mismatch("{\"len\": 2}", "[1, 2]", false);
    expect_mismatch("{\"has\": 2}", "[1, 2]", false);
    expect_mismatch("{\"has\": 3}", "[1, 2]", true);
    expect_mismatch("0", "\"NV2080_CTRL_GPU_GET_NAME_STRING_FLAGS_TYPE_ASCII\"", false);
    expect_mismatch("{\"a\": 1}", "{\"a\": 1}", false);
}

static void
references_are_replaced_and_keep_their_type(void **state)
{
    struct gsp_error err = {0};
    struct script_env env = {.vars = load("{\"n\": 5, \"l\": [1, {\"k\": \"v\"}]}"),
                             .results = load("{\"step\": {\"a\": {\"b\": [7]}}}")};
    json_t *in = load(
        "{\"n\": \"$n\", \"v\": \"${l[1].k}!\", \"b\": \"${step.a.b[0]}\", \"d\": \"$$n\"}");
    json_t *out = script_substitute(&env, in, &err);

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(out, "n")), 5);
    assert_string_equal(json_string_value(json_object_get(out, "v")), "v!");
    assert_int_equal(json_integer_value(json_object_get(out, "b")), 7);
    assert_string_equal(json_string_value(json_object_get(out, "d")), "$n");
    json_decref(in);
    in = load("{\"x\": \"$nobody\"}");
    assert_null(script_substitute(&env, in, &err));
    assert_non_null(strstr(err.text, "nobody"));
    json_decref(in);
    json_decref(out);
    json_decref(env.vars);
    json_decref(env.results);
}

static void
releases_are_chosen_by_branch_and_by_names(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct nvrm_abi old = {s, nvrm_release_find(s, "535.113.01")};
    const struct nvrm_abi mid = {s, nvrm_release_find(s, "570.144")};
    json_t *step = load("{\"if\": {\"from\": \"550\", \"to\": \"570\"}}");

    (void)state;
    assert_false(script_applies(old, step));
    assert_true(script_applies(mid, step));
    json_decref(step);
    step = load("{\"if\": {\"has\": \"BLACKWELL_CHANNEL_GPFIFO_A\"}}");
    assert_false(script_applies(old, step));
    assert_true(script_applies(mid, step));
    json_decref(step);
    step = load("{\"if\": {\"lacks\": [\"BLACKWELL_CHANNEL_GPFIFO_A\"]}}");
    assert_true(script_applies(old, step));
    assert_false(script_applies(mid, step));
    json_decref(step);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_split_at_blanks_outside_quotes_and_json),
        cmocka_unit_test(an_open_quote_or_bracket_is_an_error),
        cmocka_unit_test(yaml_scalars_are_json_scalars_or_text),
        cmocka_unit_test(documents_that_are_traps_are_refused),
        cmocka_unit_test(a_value_survives_yaml),
        cmocka_unit_test(completion_follows_the_line),
        cmocka_unit_test(a_word_in_the_middle_of_a_name_is_found_too),
        cmocka_unit_test(distance_counts_edits_without_regard_to_case),
        cmocka_unit_test(expectations_compare_numbers_text_names_and_ranges),
        cmocka_unit_test(references_are_replaced_and_keep_their_type),
        cmocka_unit_test(releases_are_chosen_by_branch_and_by_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
