/* SPDX-License-Identifier: MIT */
/* nvrm-import end to end on a small vendor tree: what it writes, how releases merge, and that
 * nothing changes twice. */
#include "test.h"

#include "fake_tree.h"

static void
assert_line(struct fake_tree *f, const char *path, const char *line)
{
    char *text = fake_tree_schema(f, path);

    if (!strstr(text, line))
        fail_msg("%s lacks '%s':\n%s", path, line, text);
    free(text);
}

static void
assert_imports(struct fake_tree *f)
{
    if (fake_tree_import_tree(f) != 0)
        fail_msg("%s", f->errors);
}

static void
a_class_header_becomes_a_yaml_file(void **state)
{
    struct fake_tree *f = *state;
    char *text;

    assert_imports(f);
    text = fake_tree_schema(f, "rm/class/cl0080.yaml");
    assert_string_equal(
        text,
        "# SPDX-License-Identifier: MIT\n"
        "# Copyright (c) 1993-2026 NVIDIA CORPORATION & AFFILIATES. All rights reserved.\n"
        "# Used under the permission notice in LICENSE. Imported by nvrm-import; do not edit.\n"
        "source: {tree: open-gpu-kernel-modules, path: "
        "src/common/sdk/nvidia/inc/class/cl0080.h, tag: 600.10}\n"
        "\nstructs:\n"
        "  NV0080_ALLOC_PARAMETERS: {size: 24, struct: {deviceId: u32, hClientShare: handle, "
        "vaSize: u64, flags: bool*3}}\n"
        "\nconstants:\n"
        "  NV0080_MAX_DEVICES: 32\n"
        "\nclasses:\n"
        "  NV01_DEVICE_0: {id: 0x80, impl: Device, multi: true, parents: [RmClientResource], "
        "params: NV0080_ALLOC_PARAMETERS, "
        "optional: true, flags: [ALLOC_NON_PRIVILEGED, ACQUIRE_GPUS_LOCK]}\n");
    free(text);
}

static void
controls_join_headers_with_method_tables(void **state)
{
    struct fake_tree *f = *state;

    assert_imports(f);
    assert_line(f, "rm/ctrl/ctrl0080/ctrl0080gpu.yaml",
                "  NV0080_CTRL_CMD_GPU_GET_LIST: {id: 0x800201, params: "
                "NV0080_CTRL_GPU_GET_LIST_PARAMS, on: Device, "
                "flags: [NON_PRIVILEGED, ROUTE_TO_PHYSICAL], access: [NICE]}\n");
    assert_line(f, "rm/ctrl/ctrl0080/ctrl0080gpu.yaml",
                "  NV0080_CTRL_CMD_GPU_OLD_LIST: {id: 0x800201,");
    assert_line(f, "rm/ctrl/unlisted.yaml",
                "  CTRL_0080ff01: {id: 0x80ff01, on: Device, flags: [PRIVILEGED]}\n");
}

static void
every_kind_of_row_is_imported(void **state)
{
    struct fake_tree *f = *state;

    assert_imports(f);
    assert_line(f, "rm/ctrl/ctrl0080/ctrl0080gpu.yaml",
                "NV0080_CTRL_GPU_GET_LIST_PARAMS: {size: 40, struct: {count: u32, list: ptr, "
                "kind: NV0080_CTRL_GPU_KIND, "
                "data: {union*2: {a: u32, b: u8*8}}}}\n");
    assert_line(f, "rm/ctrl/ctrl0080/ctrl0080gpu.yaml",
                "  NV0080_CTRL_GPU_KIND: {NV0080_KIND_A: 0, NV0080_KIND_B: 1, NV0080_KIND_C: "
                "0x1000}\n");
    assert_line(f, "rm/ctrl/ctrl0080/ctrl0080gpu.yaml", "  NV0080_CTRL_GPU_MAX: 8\n");
    assert_line(f, "rm/nvos.yaml", "  NVOS04_FLAGS_TYPE: [1, 0]\n");
    assert_line(f, "rm/nvstatuscodes.yaml", "  NV_ERR_BROKEN: 0x1f\n");
    assert_line(f, "rm/rpc/rpc_global_enums.yaml",
                "  GSP_RM_CONTROL: {id: 76, params: rpc_gsp_rm_control_v03_00}\n");
    assert_line(f, "rm/rpc/rpc_global_enums.yaml",
                "  GSP_INIT_DONE: {id: 0x1001, params: rpc_init_done_v17_00}\n");
    assert_line(f, "rm/rpc/g_rpc-message-header.yaml", "rpc_message_data: u64*0}}\n");
    assert_line(f, "rm/msgq/message_queue_priv.yaml",
                "  GSP_MSG_QUEUE_ELEMENT: {size: 32, struct: {tag: u8*20, rpc: "
                "rpc_message_header_v03_00}}\n");
    assert_line(f, "rm/fsp/nvdm_payload_cmd_response.yaml",
                "{size: 5, pack: 1, struct: {kind: u8, code: u32}}\n");
    assert_line(f, "rm/unix/nv-ioctl-numbers.yaml",
                "  NV_ESC_THING: {id: 0xca, params: nv_ioctl_thing_t}\n");
    assert_line(f, "rm/unix/nv-ioctl.yaml", "{size: 12, struct: {fd: fd, name: char*8}}\n");
    assert_line(f, "rm/gsp/g_gpu_class_list.yaml", "  TU102: {classes: [NV01_DEVICE_0]}\n");
    assert_line(f, "rm/gsp/g_nv_name_released.yaml", "  1E02: NVIDIA TITAN RTX\n");
    assert_line(f, "rm/gsp/g_nv_name_released.yaml",
                "  1E30.1028.129E: \"Quadro, RTX 8000\"\n");
    assert_line(f, "layout.lock", "NV0080_ALLOC_PARAMETERS 600.10 size=24 align=8 crc=");
}

static void
structs_of_the_driver_itself_are_left_out(void **state)
{
    struct fake_tree *f = *state;
    char *text;

    assert_imports(f);
    text = fake_tree_schema(f, "rm/msgq/message_queue_priv.yaml");
    assert_null(strstr(text, "MESSAGE_QUEUE_INFO"));
    free(text);
}

static void
importing_twice_changes_no_byte(void **state)
{
    struct fake_tree *f = *state;
    uint32_t before;

    assert_imports(f);
    before = fake_tree_checksum(f);
    assert_imports(f);
    assert_int_equal(fake_tree_checksum(f), before);
    assert_int_equal(fake_tree_import(f, (const char *[]){"--check", f->tree, "600.10", NULL}),
                     0);
}

/* Three releases: a field is added in the second, and a struct is gone in the third. */
static void
import_three(struct fake_tree *f)
{
    assert_imports(f);
    fake_tree_release(f, "600.20");
    fake_tree_edit(f, "src/common/sdk/nvidia/inc/alloc/alloc_thing.h", "NvU32 a;",
                   "NvU32 a; NvU32 b;");
    assert_imports(f);
    fake_tree_release(f, "600.30.01");
    fake_tree_edit(f, "src/common/sdk/nvidia/inc/alloc/alloc_thing.h",
                   "typedef struct THING_ALLOC { NvU32 a; NvU32 b; } THING_ALLOC;",
                   "#define THING_GONE -1\n");
    assert_imports(f);
}

static void
releases_merge_into_variants_with_since_points(void **state)
{
    struct fake_tree *f = *state;

    import_three(f);
    assert_line(f, "rm/alloc/alloc_thing.yaml",
                "  THING_ALLOC:\n"
                "  - {since: [600.10], size: 4, struct: {a: u32}}\n"
                "  - {since: [600.20], size: 8, struct: {a: u32, b: u32}}\n"
                "  - {since: [600.30.01], gone: true}\n");
    assert_line(f, "rm/alloc/alloc_thing.yaml",
                "  THING_GONE:\n  - {since: [600.30.01], value: -1}\n");
    assert_line(f, "rm/alloc/alloc_thing.yaml", "tag: 600.30.01}\n");
    assert_line(f, "rm/nvos.yaml", "tag: 600.10}\n");
    assert_line(f, "versions.yaml",
                "  600.10: {}\n  600.20: {parent: 600.10}\n  600.30.01: {parent: 600.20}\n");
    assert_line(f, "layout.lock", "THING_ALLOC 600.10 size=4 align=4 crc=");
    assert_line(f, "layout.lock", "THING_ALLOC 600.20 size=8 align=4 crc=");
}

static void
a_backport_is_a_second_since_point(void **state)
{
    struct fake_tree *f = *state;

    assert_imports(f);
    fake_tree_release(f, "610.5");
    assert_imports(f);
    fake_tree_edit(f, "src/common/sdk/nvidia/inc/alloc/alloc_thing.h", "NvU32 a;", "NvU64 a;");
    fake_tree_release(f, "610.6");
    assert_imports(f);
    fake_tree_release(f, "600.11");
    assert_imports(f);
    assert_line(f, "versions.yaml",
                "  600.10: {}\n  600.11: {parent: 600.10}\n  610.5: {parent: 600.10}\n  610.6: "
                "{parent: 610.5}\n");
    assert_line(f, "rm/alloc/alloc_thing.yaml",
                "  - {since: [600.10], size: 4, struct: {a: u32}}\n"
                "  - {since: [600.11, 610.6], size: 8, struct: {a: u64}}\n");
}

static void
importing_an_old_release_again_changes_no_byte(void **state)
{
    struct fake_tree *f = *state;
    uint32_t before;

    import_three(f);
    before = fake_tree_checksum(f);
    fake_tree_release(f, "600.20");
    fake_tree_edit(f, "src/common/sdk/nvidia/inc/alloc/alloc_thing.h",
                   "#define THING_GONE -1\n",
                   "typedef struct THING_ALLOC { NvU32 a; NvU32 b; } THING_ALLOC;");
    assert_imports(f);
    assert_int_equal(fake_tree_checksum(f), before);
}

static void
the_order_of_imports_does_not_matter(void **state)
{
    struct fake_tree *f = *state;
    uint32_t before;
    char path[160];

    fake_tree_tag(f, "600.10");
    fake_tree_release(f, "600.20");
    fake_tree_edit(f, "src/common/sdk/nvidia/inc/alloc/alloc_thing.h", "NvU32 a;",
                   "NvU32 a; NvU32 b;");
    fake_tree_tag(f, "600.20");
    assert_int_equal(
        fake_tree_import(f, (const char *[]){"--git", f->tree, "--tag", "600.10", NULL}), 0);
    assert_int_equal(
        fake_tree_import(f, (const char *[]){"--git", f->tree, "--tag", "600.20", NULL}), 0);
    before = fake_tree_checksum(f);
    (void)snprintf(path, sizeof(path), "%s", f->schemas);
    (void)snprintf(f->schemas, sizeof(f->schemas), "%s/other", f->root);
    assert_int_equal(
        fake_tree_import(f, (const char *[]){"--git", f->tree, "--tag", "600.20", NULL}), 0);
    assert_int_equal(
        fake_tree_import(f, (const char *[]){"--git", f->tree, "--tag", "600.10", NULL}), 0);
    assert_int_equal(fake_tree_checksum(f), before);
}

static void
all_takes_the_production_tags_of_a_repository(void **state)
{
    struct fake_tree *f = *state;
    char *text;

    fake_tree_tag(f, "600.10");
    fake_tree_release(f, "600.20");
    fake_tree_tag(f, "600.20");
    fake_tree_tag(f, "not-a-release");
    fake_tree_release(f, "580.94.02");
    fake_tree_tag(f, "580.94.02"); /* a developer beta */
    fake_tree_release(f, "515.48.07");
    fake_tree_tag(f, "515.48.07"); /* another protocol */
    assert_int_equal(fake_tree_import(f, (const char *[]){"--git", f->tree, "--all", NULL}), 0);
    text = fake_tree_schema(f, "versions.yaml");
    assert_non_null(strstr(text, "releases:\n  600.10: {}\n  600.20: {parent: 600.10}\n"));
    assert_null(strstr(text, "580.94.02"));
    free(text);
}

static void
counts_are_a_markdown_table(void **state)
{
    struct fake_tree *f = *state;

    assert_int_equal(fake_tree_import(f, (const char *[]){"--counts", f->tree, NULL}), 0);
    assert_non_null(strstr(f->out, "| | 600.10 |\n|---|---|\n"));
    assert_non_null(strstr(f->out, "| exported methods (rows) | 2 |\n"));
    assert_non_null(strstr(f->out, "| RPC functions | 2 |\n"));
    assert_non_null(strstr(f->out, "| PCI ids | 3 |\n"));
}

static void
check_reports_a_difference_and_writes_nothing(void **state)
{
    struct fake_tree *f = *state;
    uint32_t before;

    assert_imports(f);
    before = fake_tree_checksum(f);
    fake_tree_edit(f, "src/common/sdk/nvidia/inc/nvos.h", "0x00000001", "0x00000002");
    assert_int_equal(fake_tree_import(f, (const char *[]){"--check", f->tree, NULL}), 1);
    assert_non_null(strstr(f->errors, "the import differs in:\nrm/nvos.yaml\n"));
    assert_int_equal(fake_tree_checksum(f), before);
}

static void
verify_agrees_with_the_headers_that_were_imported(void **state)
{
    struct fake_tree *f = *state;

    assert_imports(f);
    assert_int_equal(fake_tree_import(f, (const char *[]){"--verify", f->tree, NULL}), 0);
    assert_non_null(strstr(f->out, "1 releases, "));
    assert_non_null(strstr(f->out, " asserts, all true\n"));
}

static void
verify_finds_a_field_that_moved(void **state)
{
    struct fake_tree *f = *state;

    assert_imports(f);
    fake_tree_edit(f, "src/common/sdk/nvidia/inc/class/cl0080.h",
                   "NvU32 deviceId;\n    NvHandle hClientShare;",
                   "NvHandle hClientShare;\n    NvU32 deviceId;");
    assert_int_equal(fake_tree_import(f, (const char *[]){"--verify", f->tree, NULL}), 1);
    assert_non_null(strstr(f->errors, "offset of deviceId in NV0080_ALLOC_PARAMETERS"));
}

static void
help_says_how_to_use_it(void **state)
{
    struct fake_tree *f = *state;

    assert_int_equal(fake_tree_import(f, (const char *[]){"--help", NULL}), 0);
    assert_non_null(strstr(f->out, "usage: nvrm-import [OPTIONS] TREE [RELEASE]\n"));
    assert_non_null(strstr(f->out, "--verify"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_tree_setup, fake_tree_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_class_header_becomes_a_yaml_file),
        TEST(controls_join_headers_with_method_tables),
        TEST(every_kind_of_row_is_imported),
        TEST(structs_of_the_driver_itself_are_left_out),
        TEST(importing_twice_changes_no_byte),
        TEST(releases_merge_into_variants_with_since_points),
        TEST(a_backport_is_a_second_since_point),
        TEST(importing_an_old_release_again_changes_no_byte),
        TEST(the_order_of_imports_does_not_matter),
        TEST(all_takes_the_production_tags_of_a_repository),
        TEST(counts_are_a_markdown_table),
        TEST(check_reports_a_difference_and_writes_nothing),
        TEST(verify_agrees_with_the_headers_that_were_imported),
        TEST(verify_finds_a_field_that_moved),
        TEST(help_says_how_to_use_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
