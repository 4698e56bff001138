/* SPDX-License-Identifier: MIT */
/* Every verb does its work on the emulated card; every format and exit code is what it says. */
#include <stdbool.h>

#include "cli.h"
#include "cli_run.h"
#include "help_name.h"
#include "test.h"

static const char *
text_at(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text ? text : "";
}

static const json_t *
find_row(const json_t *rows, const char *key, const char *value)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        if (!strcmp(text_at(row, key), value))
            return row;
    }
    return NULL;
}

static void
list_offers_every_emulated_card(void **state)
{
    json_t *rows = cli_expect_json("nvrm-cli list -j");

    (void)state;
    assert_int_equal(json_array_size(rows), 7);
    assert_non_null(find_row(rows, "device", "GH100"));
    json_decref(rows);
    cli_expect_text("nvrm-cli list -d AD102", 0, "RTX 4090", NULL);
    cli_expect_text("nvrm-cli list --faults", 0, "bad-checksum", NULL);
}

static void
info_agrees_with_the_card_that_was_chosen(void **state)
{
    static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102",
                                        "GH100", "GB100", "GB202"};

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        char command[64];
        json_t *info;

        snprintf(command, sizeof(command), "nvrm-cli -j -t emu:%s info", chips[i]);
        info = cli_expect_json(command);
        assert_string_equal(text_at(info, "chip"), chips[i]);
        assert_memory_equal(text_at(info, "name"), "NVIDIA ", 7);
        assert_int_equal(strlen(text_at(info, "uuid")), 40);
        assert_true(json_integer_value(json_object_get(info, "memory_bytes")) > 8ll << 30);
        assert_int_equal(json_integer_value(json_object_get(info, "sms")),
                         json_integer_value(json_object_get(info, "tpcs")) * 2);
        assert_in_range(json_array_size(json_object_get(info, "engines")), 2, 64);
        json_decref(info);
    }
}

static void
info_is_the_same_page_on_every_release(void **state)
{
    static const char *const releases[] = {"535.54.03", "550.163.01", "565.77", "575.64.05",
                                           "590.48.01"};
    /* The name of engine OFA0 is the one word that differs: older headers call it OFA. */
    char *newest = cli_expect("nvrm-cli -o yaml info | sed '/^release:/d;s/OFA0/OFA/'", 0);

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        char command[96];
        char *text;

        snprintf(command, sizeof(command),
                 "nvrm-cli -F %s -o yaml info | sed '/^release:/d;s/OFA0/OFA/'", releases[i]);
        text = cli_expect(command, 0);
        assert_string_equal(text, newest);
        free(text);
    }
    free(newest);
}

static void
alloc_prints_a_handle_and_ctl_prints_fields(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli alloc device FERMI_VASPACE_A", 0, "0xcaf1000", NULL);
    cli_expect_text("nvrm-cli ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME_STRING", 0,
                    "\"NVIDIA GeForce RTX 4090\"", NULL);
    cli_expect_text(
        "echo '{\"fbInfoListSize\":1,\"fbInfoList\":[{\"index\":8}]}' | nvrm-cli -j ctl "
        "subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 -",
        0, "\"data\": 25153536", NULL);
}

static void
lines_share_a_session_and_its_names(void **state)
{
    char *text =
        cli_expect("nvrm-cli -e 'alloc device FERMI_VASPACE_A --as vas' -e 'alloc device "
                   "KEPLER_CHANNEL_GROUP_A hVASpace=$vas engineType=1 --as tsg' -e tree "
                   "-e 'free vas' -e 'tree -j'",
                   0);

    (void)state;
    assert_non_null(strstr(text, "FERMI_VASPACE_A"));
    assert_non_null(strstr(text, "freed 0xcaf10001 FERMI_VASPACE_A"));
    assert_null(strstr(strstr(text, "freed"), "\"FERMI_VASPACE_A\""));
    free(text);
    cli_expect_text("nvrm-cli -e 'free nobody' -e tree", 2, "", "nobody");
}

static void
dup_gives_a_second_handle_of_the_same_class(void **state)
{
    char *text = cli_expect("nvrm-cli -e 'alloc device NV01_MEMORY_LOCAL_USER owner=1 type=0 "
                            "size=0x10000 --as mem' -e 'dup device mem --as twin' -e tree",
                            0);
    const char *first = strstr(text, " NV01_MEMORY_LOCAL_USER");

    (void)state;
    assert_non_null(first);
    assert_non_null(strstr(first + 1, " NV01_MEMORY_LOCAL_USER"));
    free(text);
}

static void
rpc_replies_are_decoded_by_the_schema(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j rpc GET_GSP_STATIC_INFO");

    (void)state;
    assert_true(json_is_object(json_object_get(json_object_get(doc, "reply"), "gidInfo")));
    assert_int_equal(json_integer_value(json_object_get(doc, "id")), 65);
    json_decref(doc);
    cli_expect_text("nvrm-cli --unsafe rpc 9999", 5, NULL, "NV_ERR_");
}

static void
tree_is_drawn_dumped_and_compared(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli tree", 0, "\u2514\u2500 0xcaf10000 NV01_DEVICE_0", NULL);
    cli_expect_text("nvrm-cli tree --params", 0, "\"deviceId\":0", NULL);
    cli_expect_text(
        "d=$(mktemp -d); nvrm-cli -e 'alloc device FERMI_VASPACE_A' -e 'tree -j' | sed "
        "1d >$d/a; nvrm-cli -e 'alloc root NV01_DEVICE_0 deviceId=0' -e 'tree -j' | sed 1d "
        ">$d/b; nvrm-cli tree --diff $d/a $d/b; rm -r $d",
        0, "- 0xcaf10001 FERMI_VASPACE_A under 0xcaf10000", NULL);
}

static void
a_triggered_event_is_watched_to_the_count(void **state)
{
    char *text = cli_expect("nvrm-cli -j --timeout 2 event watch SW --count 1 --trigger", 0);
    json_t *row = json_loads(text, 0, NULL);

    (void)state;
    assert_string_equal(text_at(row, "event"), "POST_EVENT");
    assert_string_equal(text_at(row, "notifier"), "NV2080_NOTIFIERS_SW");
    assert_string_equal(text_at(row, "status"), "NV_OK");
    json_decref(row);
    free(text);
}

static void
explain_knows_every_kind_by_name_and_by_number(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli explain status 0x22", 0, "NV_ERR_INVALID_CLASS", NULL);
    cli_expect_text("nvrm-cli explain status NV_ERR_INVALID_CLASS", 0, "0x22", NULL);
    cli_expect_text("nvrm-cli explain class 0x2080", 0, "NV20_SUBDEVICE_0", NULL);
    cli_expect_text("nvrm-cli explain ctl 0x20801303", 0, "NV2080_CTRL_CMD_FB_GET_INFO_V2",
                    NULL);
    cli_expect_text("nvrm-cli explain rpc 76", 0, "GSP_RM_CONTROL", NULL);
    cli_expect_text("nvrm-cli explain rpc 0x1003", 0, "POST_EVENT", NULL);
    cli_expect_text("nvrm-cli explain xid 13", 0, "ROBUST_CHANNEL_GR_EXCEPTION", NULL);
    cli_expect_text("nvrm-cli explain xid gr_exception", 0, "0xd", NULL);
    cli_expect_text("nvrm-cli explain xid 119", 0, "GSP_RPC_TIMEOUT", NULL);
    cli_expect_text("nvrm-cli explain xid gsp_rpc_timeout", 0, "119", NULL);
    cli_expect_text("nvrm-cli explain xid gsp_rpc_timeut", 2, "", "'GSP_RPC_TIMEOUT'");
}

static void
an_id_that_changed_its_meaning_is_explained_per_release(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -F 535.113.01 explain ctl 0x730120", 0, "SYSTEM_GET_SUPPORTED",
                    NULL);
    cli_expect_text("nvrm-cli -F 595.45.04 explain ctl 0x730120", 0, "EXECUTE_ACPI_METHOD",
                    NULL);
}

static void
schema_show_prints_the_layout_of_the_release(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli schema show rpc_gsp_rm_control_v03_00 -F 570.144", 0, "24 bytes",
                    NULL);
    cli_expect_text("nvrm-cli schema show rpc_gsp_rm_control_v03_00 -F 580.126.20", 0,
                    "40 bytes", NULL);
    cli_expect_text("nvrm-cli schema show rpc_gsp_rm_control_v03_00 --all", 0,
                    "535.54.03 .. 570.211.01", NULL);
    cli_expect_text("nvrm-cli schema show NV2080_CTRL_CMD_FB_GET_INFO_V2", 0,
                    "safety           read", NULL);
    cli_expect_text("nvrm-cli help NV01_DEVICE_0", 0, "NV0080_ALLOC_PARAMETERS", NULL);
}

static void
schema_diff_names_fields_ids_flags_and_routing(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j schema diff 570.144 575.51.02");
    const json_t *changed = json_object_get(json_object_get(doc, "structs"), "changed");
    const json_t *row = find_row(changed, "name", "rpc_gsp_rm_control_v03_00");
    const json_t *size = json_object_get(json_object_get(row, "changes"), "size");

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(size, "from")), 24);
    assert_int_equal(json_integer_value(json_object_get(size, "to")), 40);
    assert_true(json_is_array(json_object_get(doc, "routing")));
    json_decref(doc);
    cli_expect_text("nvrm-cli schema diff 535.113.01 595.45.04 SYSTEM_GET_SUPPORTED", 0,
                    "id: 0x00730120 -> 0x00730107", NULL);
    cli_expect_text("nvrm-cli schema diff 580.82.09 580.95.05 GspSystemInfo", 0,
                    "isGridBuild moved: 897 -> 898", NULL);
    cli_expect_text("nvrm-cli schema diff 535.113.01 595.45.04", 0, "routing: ", NULL);
    cli_expect_text("nvrm-cli schema diff 550.54.14 550.54.15", 0, "", "same ABI");
    cli_expect_text("nvrm-cli schema diff 570.144 575.51.02 --stat", 0, "structs", NULL);
}

static void
schema_lists_searches_counts_checks_and_exports(void **state)
{
    json_t *schema = cli_expect_json("nvrm-cli schema export NV0080_ALLOC_PARAMETERS");
    json_t *stat = cli_expect_json("nvrm-cli -j schema stat");
    const json_t *props = json_object_get(schema, "properties");

    (void)state;
    assert_true(json_is_object(json_object_get(props, "vaSpaceSize")));
    assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    assert_int_equal(json_array_size(json_object_get(stat, "releases")), 94);
    json_decref(schema);
    json_decref(stat);
    cli_expect_text("nvrm-cli schema list releases", 0, "595.45.04", NULL);
    cli_expect_text("nvrm-cli schema list chips", 0, "TU102", NULL);
    cli_expect_text("nvrm-cli schema list classes", 0, "NV01_DEVICE_0", NULL);
    cli_expect_text("nvrm-cli schema search hVASpace", 0, "KEPLER_CHANNEL_GROUP", NULL);
    cli_expect_text("nvrm-cli schema search 'NV_ERR_*CLASS' --kind statuses", 0,
                    "NV_ERR_INVALID_CLASS", NULL);
    cli_expect_text("nvrm-cli schema check", 0, " 0 problems", NULL);
    cli_expect_text("nvrm-cli -o yaml schema export --layout NV0080_ALLOC_PARAMETERS", 0,
                    "size: 56", NULL);
}

static void
formats_carry_the_same_data(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -o csv list | head -1", 0, "number,device,product", NULL);
    cli_expect_text("nvrm-cli -o jsonl list | wc -l", 0, "7", NULL);
    cli_expect_text("nvrm-cli -o yaml list | head -1", 0, "- number: 0", NULL);
    cli_expect_text(
        "nvrm-cli -F 570.144 -o raw ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME_STRING "
        "| wc -c",
        0, "132", NULL);
    cli_expect_text("nvrm-cli -F 595.45.04 -o raw ctl subdevice "
                    "NV2080_CTRL_CMD_GPU_GET_NAME_STRING | wc -c",
                    0, "68", NULL);
    cli_expect_text("nvrm-cli -o csv info | grep ^chip", 0, "chip,AD102", NULL);
}

static void
a_dry_run_opens_no_card_and_prints_the_bytes(void **state)
{
    json_t *calls =
        cli_expect_json("nvrm-cli -j --dry-run -F 570.144 alloc device FERMI_VASPACE_A "
                        "vaSize=0x1000");
    const json_t *vas = find_row(calls, "class", "FERMI_VASPACE_A");

    (void)state;
    assert_non_null(find_row(calls, "class", "NV01_ROOT"));
    assert_int_equal(json_integer_value(json_object_get(vas, "bytes")), 48);
    assert_int_equal(strlen(text_at(vas, "wire")), 96);
    json_decref(calls);
}

static void
a_field_inside_an_element_raises_the_count_of_its_list(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 "
                    "fbInfoList[1].index=HEAP_SIZE fbInfoList[0].index=RAM_SIZE",
                    0, "fbInfoListSize      = 2\n", NULL);
}

static void
a_value_has_the_name_of_a_member_and_not_of_a_members_value(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 "
                    "'{\"fbInfoList\":[{\"index\":0}]}'",
                    0, "NV2080_CTRL_FB_INFO_INDEX_TILE_REGION_COUNT", NULL);
}

static void
the_policy_refuses_by_grade_and_unsafe_lifts_it(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli --policy tests/cli/data/read-only.json ctl subdevice "
                    "NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION",
                    4, "", "policy file does not allow its grade");
    cli_expect_text("nvrm-cli --policy tests/cli/data/read-only.json --unsafe ctl subdevice "
                    "NV2080_CTRL_CMD_GPU_GET_NAME_STRING",
                    0, "NVIDIA", NULL);
}

static void
a_quarantine_for_some_chips_leaves_the_others_ungraded(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -d GA100 ctl subdevice "
                    "NV2080_CTRL_CMD_NVLINK_SYNC_LINK_MASKS_AND_VBIOS_INFO",
                    4, "", "known to take GSP-RM down, see https://");
    cli_expect_text("nvrm-cli -d GH100 ctl subdevice "
                    "NV2080_CTRL_CMD_NVLINK_SYNC_LINK_MASKS_AND_VBIOS_INFO",
                    4, "", "nobody has graded what it does");
}

static void
quiet_and_verbose_change_messages_and_not_data(void **state)
{
    struct cli_result quiet = cli_run_command("nvrm-cli -q tree");
    struct cli_result loud = cli_run_command("nvrm-cli -v tree");

    (void)state;
    assert_string_equal(quiet.out, loud.out);
    assert_string_equal(quiet.err, "");
    assert_non_null(strstr(loud.err, "still alive"));
    cli_result_free(&quiet);
    cli_result_free(&loud);
}

static void
colour_is_used_only_when_it_is_asked_for_here(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli --color always list", 0, "\033[1m", NULL);
    cli_expect_text("nvrm-cli list | grep -c \"$(printf '\\033')\"", 1, "0", NULL);
}

static void
help_and_version_say_what_there_is(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli --version", 0, "94 releases from 535.54.03 to 595.45.04", NULL);
    cli_expect_text("nvrm-cli help", 0, "event", NULL);
    cli_expect_text("nvrm-cli -o jsonl help", 0, "{\"verbs\":[{\"verb\":\"list\"", NULL);
    cli_expect_text("nvrm-cli -o jsonl help boot", 0, "{\"verb\":\"boot\",\"args\":\"", NULL);
    cli_expect_text("f=$(mktemp -d); nvrm-cli -o jsonl log elf $f/e; rm -r $f", 0,
                    "\"written\":true", NULL);
    cli_expect_text("nvrm-cli -o jsonl -e 'ctl subdevice "
                    "NV2080_CTRL_CMD_GPU_GET_NAME_STRING' -e 'save /dev/null'",
                    0, "{\"file\":\"/dev/null\",\"steps\":1}", NULL);
    cli_expect_text("nvrm-cli alloc --help", 0, "[PARENT] CLASS", NULL);
    cli_expect_text("nvrm-cli", 2, "", "no verb");
}

static void
tree_filters_sums_up_and_draws_graphs(void **state)
{
#define SETUP                                                                                  \
    "nvrm-cli -q -e 'vas = alloc FERMI_VASPACE_A' -e 'mem = alloc NV01_MEMORY_LOCAL_USER "     \
    "owner=1 "                                                                                 \
    "type=0 size=0x200000' -e 'alloc device KEPLER_CHANNEL_GROUP_A hVASpace=$vas "             \
    "engineType=1' "
    (void)state;
    cli_expect_text(SETUP "-e 'tree --sizes'", 0, "NV01_MEMORY_LOCAL_USER (mem)  2 MiB", NULL);
    cli_expect_text(SETUP "-e 'tree --sizes'", 0, "NV01_DEVICE_0  below it 2 MiB", NULL);
    cli_expect_text(SETUP "-e 'tree --owners'", 0, "(vas)  line 1: vas = alloc", NULL);
    cli_expect_text(SETUP "-e 'tree --name mem' | grep -c GROUP", 1, "0", NULL);
    cli_expect_text(SETUP "-e 'tree *VASPACE*' | grep -c MEMORY", 1, "0", NULL);
    cli_expect_text(SETUP "-e 'tree --class NV01_MEMORY*'", 0, "(mem)", NULL);
    cli_expect_text(SETUP "-e 'tree nothing*'", 0, NULL, "");
    cli_expect_text(SETUP "-e 'tree --dot'", 0, "[style=dashed, label=\"hVASpace\"];", NULL);
    cli_expect_text(SETUP "-e 'tree --dot'", 0, "digraph rm {", NULL);
    cli_expect_text(SETUP "-e '-j tree' | sed 1,3d > /tmp/nvrm-tree.json; nvrm-cli tree --from "
                          "/tmp/nvrm-tree.json --sizes; rm /tmp/nvrm-tree.json",
                    0, "(mem)  2 MiB", NULL);
    cli_expect_text("nvrm-cli tree --watch -n 0.1 --count 3", 0, "NV20_SUBDEVICE_0", NULL);
#undef SETUP
}

static void
watching_is_one_step_of_a_script(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -e 'watch -n 0.05 --count 4 ctl subdevice "
                    "NV2080_CTRL_CMD_GPU_GET_NAME_STRING' -e 'save /dev/null'",
                    0, "4090", "1 steps in /dev/null");
}

static void
leaks_are_what_a_script_left(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -e 'run tests/cli/data/leaks.json' -e 'alloc FERMI_VASPACE_A' -e "
                    "'tree --leaks'",
                    0, "run tests/cli/data/leaks.json left 2 objects, 2097152 bytes of memory",
                    NULL);
    cli_expect_text("nvrm-cli -e 'run tests/cli/data/leaks.json' -e 'free left' -e '-j tree "
                    "--leaks' | grep -c '\"handle\"'",
                    0, "1\n", NULL);
    cli_expect_text("nvrm-cli -e 'run examples/bringup.json' -e 'tree --leaks'", 0, NULL,
                    "nothing is left");
}

/* BAR1 of this dump can be 1 GiB or 16 GiB. */
static void
pci_list_has_the_sizes_of_a_bar_that_can_be_resized(void **state)
{
    (void)state;
    cli_expect_text(
        "f=$(mktemp); { echo '01:00.0 VGA compatible controller'; awk 'BEGIN {"
        "b[0]=222; b[1]=16; b[2]=132; b[3]=38; b[11]=3; b[16]=1; b[20]=12; b[27]=224;"
        "b[256]=21; b[258]=1; b[261]=64; b[262]=4; b[264]=33; b[265]=8;"
        "for (i = 0; i < 4096; i += 16) { printf \"%02x:\", i;"
        "for (k = 0; k < 16; k++) printf \" %02x\", b[i + k]; print \"\" } }'; } >$f; "
        "nvrm-cli -o jsonl pci list --dump $f; rm $f",
        0, "\"resizable_mib\":[1024,16384]", NULL);
}

static void
help_explains_every_kind_of_name(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli help NV2080_CTRL_CMD_FB_GET_INFO_V2", 0,
                    "in 545.23.06 NV2080_CTRL_FB_GET_INFO_V2_PARAMS", NULL);
    cli_expect_text("nvrm-cli help FB_GET_INFO_V2", 0, "NV2080_CTRL_CMD_FB_GET_INFO_V2", NULL);
    cli_expect_text("nvrm-cli help 79", 0, "explain xid 79", NULL);
    cli_expect_text("nvrm-cli help Xid", 0, NULL, "such as help xid 79");
    cli_expect_text("nvrm-cli help Xid 79", 0, "FALLEN_OFF_THE_BUS", NULL);
    cli_expect_text("nvrm-cli help 0x20801303", 0, "privilege        any client", NULL);
    cli_expect_text("nvrm-cli help FERMI_VASPACE_A", 0,
                    "try              alloc FERMI_VASPACE_A", NULL);
    cli_expect_text("nvrm-cli help GspSystemInfo", 0, "in 590.44.01 GspSystemInfo", NULL);
    cli_expect_text("nvrm-cli help NV2080_CTRL_FB_INFO.index", 0, "_TOTAL_RAM_SIZE", NULL);
    cli_expect_text("nvrm-cli help NV2080_CTRL_FB_GET_INFO_V2_PARAMS.fbInfoList[0].data", 0,
                    "field NV2080_CTRL_FB_INFO.data", NULL);
    cli_expect_text("nvrm-cli help fbInfoListSize", 0,
                    "field NV2080_CTRL_FB_GET_INFO_V2_PARAMS.fbInfoListSize", NULL);
    cli_expect_text("nvrm-cli help GSP_RM_CONTROL", 0, "rpc GSP_RM_CONTROL", NULL);
    cli_expect_text("nvrm-cli help POST_EVENT", 0, "event POST_EVENT", NULL);
    cli_expect_text("nvrm-cli help NV_ERR_BUSY_RETRY", 0, "status NV_ERR_BUSY_RETRY", NULL);
    cli_expect_text("nvrm-cli help NV2080_NOTIFIERS_SW", 0, "event watch SW", NULL);
    cli_expect_text("nvrm-cli help GR_EXCEPTION", 0, "xid ROBUST_CHANNEL_GR_EXCEPTION", NULL);
    cli_expect_text("nvrm-cli help xid 13", 0, "ROBUST_CHANNEL_GR_EXCEPTION", NULL);
    cli_expect_text("nvrm-cli help NV_PGSP_MAILBOX", 0, "0x110804", NULL);
    cli_expect_text("nvrm-cli help NV_PMC_BOOT_42", 0, "AD100=0x19", NULL);
    cli_expect_text("nvrm-cli help NV_PMC_BOOT_42=0x192000a1", 0,
                    "29:24   ARCHITECTURE                     0x19 AD100", NULL);
    cli_expect_text("nvrm-cli -F 535.113.01 help BLACKWELL_CHANNEL_GPFIFO_A", 0,
                    "came BLACKWELL_CHANNEL_GPFIFO_A", NULL);
}

static void
every_example_of_help_runs(void **state)
{
    const struct nvrm_cmd *cmd;
    const char *line;
    unsigned count = 0;

    (void)state;
    setenv("EDITOR", "true", 1);
    unsetenv("VISUAL");
    for (unsigned i = 0; (cmd = cli_cmd_at(i)); i++) {
        for (unsigned k = 0; (line = help_example(cmd->name, k)); k++, count++) {
            char command[400];

            snprintf(command, sizeof(command), "nvrm-cli %s", line);
            cli_expect_text(command, 0, NULL, NULL);
        }
    }
    assert_true(count >= 30);
    cli_expect_text("rm -rf /tmp/nvrm-synth /tmp/nvrm-example.trace", 0, NULL, NULL);
}

static char *
read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 1 << 17);

    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 17) - 1, f) > 0);
    fclose(f);
    return text;
}

static void
the_pages_name_every_verb_and_every_option(void **state)
{
    char *man = read_file(NVRM_SOURCE_DIR "/docs/man/nvrm-cli.1");
    char *page = read_file(NVRM_SOURCE_DIR "/docs/cli.md");
    const struct nvrm_cmd *cmd;
    const char *option;
    char text[64];

    (void)state;
    for (unsigned i = 0; (cmd = cli_cmd_at(i)); i++) {
        snprintf(text, sizeof(text), "`%s", cmd->name);
        if (!strstr(page, text) || !strstr(man, cmd->name))
            fail_msg("%s is not explained", cmd->name);
    }
    for (unsigned i = 0; (option = cli_option_name(i)); i++) {
        char escaped[64];
        size_t n = 0;

        for (const char *c = option; *c; c++) {
            if (*c == '-')
                escaped[n++] = '\\';
            escaped[n++] = *c;
        }
        escaped[n] = '\0';
        if (!strstr(man, escaped) || (!strstr(page, option) && strcmp(option, "--json") &&
                                      strcmp(option, "--quiet") && strcmp(option, "--verbose")))
            fail_msg("%s is not explained", option);
    }
    free(man);
    free(page);
}

static void
another_card_is_refused_while_one_is_open(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -e tree -e '-F 535.113.01 tree'", 2, "NV01_ROOT",
                    "a card is open already: AD102");
    cli_expect_text("nvrm-cli -e '-t emu:GH100 tree' -e '-t emu:GH100 info' -e info", 0, "H100",
                    NULL);
}

static void
a_card_that_misbehaves_is_named_by_its_exit_code(void **state)
{
#define NAME "ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME_STRING"
    (void)state;
    cli_expect_text("nvrm-cli --timeout 0.2 -t 'emu?inject=fn:GSP_RM_CONTROL=lost' " NAME, 6,
                    "", "error:");
    cli_expect_text(
        "nvrm-cli --timeout 0.2 -t 'emu?inject=fn:GSP_RM_CONTROL=hostile-length' " NAME, 6, "",
        "error:");
    cli_expect_text("nvrm-cli --timeout 0.2 -t 'emu?inject=fn:GSP_RM_CONTROL=off-bus' " NAME, 7,
                    "", "error:");
    cli_expect_text("nvrm-cli --timeout 0.2 -t 'emu?inject=fn:GSP_RM_CONTROL=lost' info", 6, "",
                    "no reply");
    cli_expect_text("nvrm-cli -t 'emu?inject=fn:GSP_RM_CONTROL=NV_ERR_GPU_IS_LOST' " NAME, 5,
                    "", "NV_ERR_GPU_IS_LOST");
    cli_expect_text("nvrm-cli -t 'emu?inject=fn:GSP_RM_CONTROL=storm:5' " NAME, 0, "NVIDIA",
                    NULL);
}

static void
an_interrupted_watch_ends_with_130(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli event watch & p=$!; sleep 0.3; kill -INT $p; wait $p", 130, "",
                    NULL);
    cli_expect_text("nvrm-cli --timeout 60 -t 'emu?inject=fn:GSP_RM_CONTROL=lost' info & p=$!; "
                    "sleep 0.3; kill -INT $p; wait $p",
                    130, "", "interrupted");
}

static void
what_cannot_be_written_is_said_once_and_fails(void **state)
{
    static const char *const lines[] = {"boot run", "tree",      "help",
                                        "list",     "list -j",   "completion bash",
                                        "info",     "--version", "gen c GspSystemInfo"};

    (void)state;
    for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char command[128];
        struct cli_result r;

        snprintf(command, sizeof(command), "nvrm-cli %s >/dev/full", lines[i]);
        r = cli_run_command(command);
        assert_int_equal(r.code, 1);
        assert_non_null(strstr(r.err, "cannot write the result"));
        assert_null(strstr(strstr(r.err, "cannot write") + 1, "cannot write"));
        cli_result_free(&r);
    }
}

static void
a_dry_run_writes_no_file_and_reads_no_card(void **state)
{
    (void)state;
    cli_expect_text("T=$(mktemp -d) && nvrm-cli --dry-run fw synth --chip AD102 --to $T/s && "
                    "nvrm-cli --dry-run gen c GspSystemInfo --to $T/g.h && "
                    "nvrm-cli --dry-run vbios extract tests/cli/data/none rom --to $T/v; "
                    "ls $T | wc -l; rmdir $T",
                    0, "vbios-AD102.rom", "cannot open");
    cli_expect_text("nvrm-cli --dry-run health", 3, NULL, "--dry-run opens none");
    cli_expect_text("nvrm-cli --dry-run metrics", 2, NULL, "--dry-run opens none");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_offers_every_emulated_card),
        cmocka_unit_test(info_agrees_with_the_card_that_was_chosen),
        cmocka_unit_test(info_is_the_same_page_on_every_release),
        cmocka_unit_test(alloc_prints_a_handle_and_ctl_prints_fields),
        cmocka_unit_test(lines_share_a_session_and_its_names),
        cmocka_unit_test(dup_gives_a_second_handle_of_the_same_class),
        cmocka_unit_test(rpc_replies_are_decoded_by_the_schema),
        cmocka_unit_test(tree_is_drawn_dumped_and_compared),
        cmocka_unit_test(a_triggered_event_is_watched_to_the_count),
        cmocka_unit_test(explain_knows_every_kind_by_name_and_by_number),
        cmocka_unit_test(an_id_that_changed_its_meaning_is_explained_per_release),
        cmocka_unit_test(schema_show_prints_the_layout_of_the_release),
        cmocka_unit_test(schema_diff_names_fields_ids_flags_and_routing),
        cmocka_unit_test(schema_lists_searches_counts_checks_and_exports),
        cmocka_unit_test(formats_carry_the_same_data),
        cmocka_unit_test(a_dry_run_opens_no_card_and_prints_the_bytes),
        cmocka_unit_test(a_field_inside_an_element_raises_the_count_of_its_list),
        cmocka_unit_test(a_value_has_the_name_of_a_member_and_not_of_a_members_value),
        cmocka_unit_test(the_policy_refuses_by_grade_and_unsafe_lifts_it),
        cmocka_unit_test(a_quarantine_for_some_chips_leaves_the_others_ungraded),
        cmocka_unit_test(quiet_and_verbose_change_messages_and_not_data),
        cmocka_unit_test(colour_is_used_only_when_it_is_asked_for_here),
        cmocka_unit_test(help_and_version_say_what_there_is),
        cmocka_unit_test(tree_filters_sums_up_and_draws_graphs),
        cmocka_unit_test(watching_is_one_step_of_a_script),
        cmocka_unit_test(leaks_are_what_a_script_left),
        cmocka_unit_test(pci_list_has_the_sizes_of_a_bar_that_can_be_resized),
        cmocka_unit_test(help_explains_every_kind_of_name),
        cmocka_unit_test(every_example_of_help_runs),
        cmocka_unit_test(the_pages_name_every_verb_and_every_option),
        cmocka_unit_test(another_card_is_refused_while_one_is_open),
        cmocka_unit_test(a_card_that_misbehaves_is_named_by_its_exit_code),
        cmocka_unit_test(what_cannot_be_written_is_said_once_and_fails),
        cmocka_unit_test(a_dry_run_writes_no_file_and_reads_no_card),
        cmocka_unit_test(an_interrupted_watch_ends_with_130),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
