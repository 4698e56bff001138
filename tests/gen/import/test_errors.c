/* SPDX-License-Identifier: MIT */
/* Bad input of nvrm-import: each is refused with a message that names the place, and leaves the
 * schemas untouched. */
#include "test.h"

#include "fake_tree.h"
#include "proc.h"

#define SDK "src/common/sdk/nvidia/inc/"
#define NV  "src/nvidia/"

/* Break the good tree and import it: status 1, the message, and nothing written. */
struct breakage {
    const char *path, *old,
        *new_text; /* old NULL: new_text is the whole file; both NULL: the file is removed */
    const char *message;
};

static void
expect_refusal(struct fake_tree *f, const struct breakage *b)
{
    const uint32_t before = fake_tree_checksum(f);

    if (b->old)
        fake_tree_edit(f, b->path, b->old, b->new_text);
    else
        fake_tree_put(f, b->path, b->new_text);
    assert_int_equal(fake_tree_import_tree(f), 1);
    if (!strstr(f->errors, b->message))
        fail_msg("expected '%s', got '%s'", b->message, f->errors);
    assert_int_equal(fake_tree_checksum(f), before);
}

static void
schemas_that_are_there_stay_untouched(void **state)
{
    const struct breakage b = {
        .path = NV "generated/g_nv_name_released.h", /* read last */
        .new_text = "",
        .message = "g_nv_name_released.h:1: error: no PCI ids",
    };
    struct fake_tree *f = *state;

    assert_int_equal(fake_tree_import_tree(f), 0);
    fake_tree_release(f, "600.20");
    expect_refusal(f, &b);
}

#define REFUSED(name, ...)                                                                     \
    static void name(void **state)                                                             \
    {                                                                                          \
        const struct breakage b = {__VA_ARGS__};                                               \
        expect_refusal(*state, &b);                                                            \
    }

/* Headers */
REFUSED(a_missing_required_header_is_named, NV "inc/kernel/gpu/gsp/gsp_init_args.h", NULL, NULL,
        NV "inc/kernel/gpu/gsp/gsp_init_args.h:1: error: missing header")
REFUSED(a_header_that_includes_a_missing_one_is_named, NV "inc/kernel/gpu/gsp/gsp_init_args.h",
        "#pragma once\n", "#pragma once\n#include \"gpu/nowhere.h\"\n",
        "gsp_init_args.h:2:10: fatal error: gpu/nowhere.h")
REFUSED(an_unknown_type_is_named_with_its_line, SDK "alloc/alloc_thing.h", "NvU32 a;",
        "NvMystery a;",
        SDK "alloc/alloc_thing.h:3: error: 'THING_ALLOC' has no layout: field 'a' has the "
            "unknown type 'NvMystery'")
REFUSED(
    a_floating_point_field_is_refused, SDK "alloc/alloc_thing.h", "NvU32 a;", "float a;",
    SDK
    "alloc/alloc_thing.h:3: error: 'THING_ALLOC' has no layout: field 'a' has a floating-point")
REFUSED(an_array_length_that_is_no_constant_is_refused, SDK "alloc/alloc_thing.h", "NvU32 a;",
        "NvU32 a[THING_COUNT];",
        SDK "alloc/alloc_thing.h:3: error: 'THING_ALLOC' has no layout: field 'a' has an array "
            "length that is not a constant")
REFUSED(an_enumerator_that_is_no_constant_is_refused, SDK "alloc/alloc_thing.h",
        "typedef struct", "enum THING_KIND { THING_A = some_function(1) };\ntypedef struct",
        SDK "alloc/alloc_thing.h:3: error: value of enumerator 'THING_A' is not a constant")
REFUSED(a_member_without_a_name_is_refused, SDK "alloc/alloc_thing.h", "NvU32 a;",
        "NvU32 a; NvU32 : 3;", SDK "alloc/alloc_thing.h:3: error: a member without a name")
REFUSED(two_members_with_one_name_are_refused, SDK "alloc/alloc_thing.h", "NvU32 a;",
        "NvU32 a; NvU32 a;", SDK "alloc/alloc_thing.h:3: error: two members are named 'a'")
REFUSED(a_struct_that_is_never_closed_is_refused, SDK "alloc/alloc_thing.h", "} THING_ALLOC;",
        "", SDK "alloc/alloc_thing.h:3: error: '{' is never closed")
REFUSED(a_stray_token_is_refused, SDK "alloc/alloc_thing.h", "NvU32 a;", "NvU32 a; @",
        SDK "alloc/alloc_thing.h:3: error: expected a type before '@'")
REFUSED(
    a_layout_that_is_neither_natural_nor_packed_is_refused, SDK "alloc/alloc_thing.h",
    "NvU32 a;", "NvU32 a; NV_DECLARE_ALIGNED(NvU32 b, 32);",
    SDK
    "alloc/alloc_thing.h:3: error: the layout of 'THING_ALLOC' is neither natural nor packed")
REFUSED(a_struct_that_is_defined_twice_is_refused, SDK "alloc/alloc_thing.h", "typedef struct",
        "struct THING_ALLOC { NvU32 z; };\ntypedef struct",
        SDK "alloc/alloc_thing.h:4: error: 'THING_ALLOC' is defined twice")
REFUSED(a_name_with_two_values_is_refused, NV "inc/kernel/vgpu/rpc_headers.h",
        "#define MAX_GPC_COUNT 32\n",
        "typedef struct NV0080_ALLOC_PARAMETERS_2 { NvU32 a; } GspSystemInfo_x;\nenum { "
        "NV0080_MAX_DEVICES = 33 };\n",
        "rpc_headers.h:4: error: constants 'NV0080_MAX_DEVICES' was 32 at " SDK
        "class/cl0080.h:4 and is 33 here")
/* Tables */
REFUSED(a_method_row_of_another_form_is_refused, NV "generated/g_device_nvoc.c",
        "        /*accessRight=*/0x2u,\n", "",
        NV "generated/g_device_nvoc.c:3: error: unknown form of an exported-method row")
REFUSED(a_method_with_an_unknown_struct_is_refused, NV "generated/g_device_nvoc.c",
        "sizeof(NV0080_CTRL_GPU_GET_LIST_PARAMS)", "sizeof(NOWHERE_PARAMS)",
        NV "generated/g_device_nvoc.c:3: error: method 0x800201 takes 'NOWHERE_PARAMS', which "
           "is no known struct")
REFUSED(a_method_whose_size_is_a_number_is_refused, NV "generated/g_device_nvoc.c",
        "sizeof(NV0080_CTRL_GPU_GET_LIST_PARAMS)", "24",
        NV "generated/g_device_nvoc.c:3: error: parameter size of method 0x800201 is neither "
           "sizeof() nor 0")
REFUSED(a_flag_bit_without_a_name_is_refused, NV "generated/g_device_nvoc.c",
        "/*flags=*/      0x48u", "/*flags=*/      0x148u",
        NV
        "generated/g_device_nvoc.c:3: error: flag bits 0x100 of method 0x800201 have no name")
REFUSED(an_access_right_without_a_name_is_refused, NV "generated/g_device_nvoc.c",
        "/*accessRight=*/0x2u", "/*accessRight=*/0x8u",
        NV "generated/g_device_nvoc.c:3: error: access right 3 of method 0x800201 has no name")
REFUSED(a_method_that_the_parser_misses_is_fatal, NV "generated/g_device_nvoc.c",
        "static const struct",
        "/* a row that moved elsewhere: /*methodId=*/ static const struct",
        "error: exported methods (rows): imported 2, but the text of the tree has 3")
REFUSED(a_resource_row_of_another_form_is_refused, NV "src/kernel/rmapi/resource_list.h",
        "RS_OPTIONAL(NV0080_ALLOC_PARAMETERS)", "RS_MAYBE(NV0080_ALLOC_PARAMETERS)",
        NV "src/kernel/rmapi/resource_list.h:1: error: parameters of 'NV01_DEVICE_0' are "
           "neither RS_NONE")
REFUSED(a_resource_row_with_an_unknown_struct_is_refused, NV "src/kernel/rmapi/resource_list.h",
        "RS_OPTIONAL(NV0080_ALLOC_PARAMETERS)", "RS_OPTIONAL(NOWHERE)",
        NV "src/kernel/rmapi/resource_list.h:1: error: class 'NV01_DEVICE_0' takes 'NOWHERE', "
           "which is no known struct")
REFUSED(a_class_without_an_id_is_refused, NV "generated/g_allclasses.h",
        "#define NV01_DEVICE_0 (0x00000080)\n", "",
        "error: class 'NV01_DEVICE_0' has no id in g_allclasses.h")
REFUSED(a_chip_with_an_unknown_class_is_refused, NV "generated/g_gpu_class_list.c",
        "{ NV01_DEVICE_0,", "{ NV99_NOTHING,",
        NV "generated/g_gpu_class_list.c:5: error: class 'NV99_NOTHING' has no id")
REFUSED(a_pci_row_of_another_form_is_refused, NV "generated/g_nv_name_released.h",
        "0x0000, 0x0000, \"NVIDIA TITAN RTX\"", "NOTHING, 0x0000, \"NVIDIA TITAN RTX\"",
        NV "generated/g_nv_name_released.h:2: error: unknown form of a PCI id row")
REFUSED(a_status_code_that_is_counted_but_not_read_is_fatal, SDK "nvstatuscodes.h",
        "NV_STATUS_CODE(NV_ERR_BROKEN",
        "#if 0\nNV_STATUS_CODE(NV_ERR_HIDDEN, 5, \"x\")\n#endif\nNV_STATUS_CODE(NV_ERR_BROKEN",
        "error: status codes: imported 2, but the text of the tree has 3")
REFUSED(an_rpc_struct_that_is_missing_is_refused, NV "inc/kernel/vgpu/rpc_global_enums.h",
        "X(RM, NOP, 0)", "X(RM, NOP, 0)\n    X(RM, SET_REGISTRY, 73)",
        "error: message 'SET_REGISTRY' takes 'PACKED_REGISTRY_TABLE', which is no known struct")
REFUSED(flags_without_names_are_refused, NV "inc/kernel/rmapi/control.h", NULL,
        "#pragma once\n", "rmapi/control.h: error: no RMCTRL_FLAGS_ names")

/* Trees and tools */
REFUSED(a_tree_without_a_release_number_is_refused, "version.mk", NULL, "NOTHING = 1\n",
        "version.mk:1: error: no NVIDIA_VERSION = <release>")
REFUSED(a_tree_of_another_project_is_refused, NV "Makefile", NULL, NULL,
        "error: not a tree of open-gpu-kernel-modules (needs version.mk, src/nvidia/Makefile "
        "and " SDK ")")

static void
refused(struct fake_tree *f, const char *const *args, int status, const char *message)
{
    assert_int_equal(fake_tree_import(f, args), status);
    if (!strstr(f->errors, message))
        fail_msg("expected '%s', got '%s'", message, f->errors);
    assert_int_equal(fake_tree_checksum(f), 0);
}

static void
a_folder_that_does_not_exist_is_refused(void **state)
{
    refused(*state, (const char *[]){"/nonexistent/tree", NULL}, 1,
            "/nonexistent/tree: error: no such folder");
}

static void
a_release_that_the_tree_is_not_is_refused(void **state)
{
    struct fake_tree *f = *state;

    refused(f, (const char *[]){f->tree, "600.11", NULL}, 1,
            "version.mk:1: error: this is release 600.10, not 600.11");
}

static void
a_compiler_that_does_not_exist_is_refused(void **state)
{
    struct fake_tree *f = *state;

    refused(f, (const char *[]){"--cc", "/nonexistent/cc", f->tree, NULL}, 1,
            "error: cannot run the C compiler '/nonexistent/cc'");
}

static void
a_tag_that_does_not_exist_is_refused(void **state)
{
    struct fake_tree *f = *state;

    fake_tree_tag(f, "600.10");
    refused(f, (const char *[]){"--git", f->tree, "--tag", "600.99", NULL}, 1,
            "no release tag '600.99'");
}

static void
a_folder_that_is_no_repository_is_refused(void **state)
{
    refused(*state, (const char *[]){"--git", "/nonexistent/repo", "--all", NULL}, 1,
            "/nonexistent/repo: error: not a git repository");
}

static void
a_repository_without_release_tags_is_refused(void **state)
{
    struct fake_tree *f = *state;

    fake_tree_tag(f, "v1");
    refused(f, (const char *[]){"--git", f->tree, "--all", NULL}, 1, "error: no release tags");
}

static void
one_bad_tag_leaves_out_all_of_them(void **state)
{
    struct fake_tree *f = *state;

    fake_tree_tag(f, "600.10");
    fake_tree_release(f, "600.20");
    fake_tree_put(f, SDK "alloc/alloc_thing.h", "struct {\n");
    fake_tree_tag(f, "600.20");
    refused(f, (const char *[]){"--git", f->tree, "--all", NULL}, 1, "600.20: error: ");
}

static void
wrong_usage_is_status_two(void **state)
{
    struct fake_tree *f = *state;

    refused(f, (const char *[]){NULL}, 2, "give a TREE, or --git with --tag or --all");
    refused(f, (const char *[]){"--git", f->tree, NULL}, 2,
            "give a TREE, or --git with --tag or --all");
    refused(f, (const char *[]){"a", "b", "c", NULL}, 2, "too many arguments");
    refused(f, (const char *[]){"--bogus", NULL}, 2, "bogus");
}

/* Schemas that someone edited by hand */
static void
a_broken_schema_is_named_with_its_line(void **state)
{
    static const struct {
        const char *path, *text, *message;
    } bad[] = {
        {"versions.yaml", "releases: [600.10\n",                                 "versions.yaml:2: error: "           },
        {"versions.yaml", "releases:\n  600.10: {parent: 700.1}\n",
         "versions.yaml:2: error: 'parent' is not an older release of this file"                                      },
        {"versions.yaml", "releases:\n  six: {}\n",
         "versions.yaml:2: error: not a release number"                                                               },
        {"rm/nvos.yaml",  "sausages:\n  A: 1\n",                                 "nvos.yaml:2: error: unknown section"},
        {"rm/nvos.yaml",  "constants:\n  A:\n  - {since: [600.77], value: 1}\n",
         "nvos.yaml:3: error: 'since' names a release that versions.yaml does not have"                               },
        {"rm/nvos.yaml",  "constants:\n  A:\n  - {since: [600.10]}\n",
         "nvos.yaml:3: error: a variant without 'value:'"                                                             },
        {"rm/nvos.yaml",  "constants:\n  NV0080_MAX_DEVICES: 1\n",
         "nvos.yaml:2: error: a name that another file defines as well"                                               },
    };
    struct fake_tree *f = *state;
    struct imp_error err = {0};
    char path[256];

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        uint32_t before;

        imp_remove_tree(f->schemas);
        assert_int_equal(fake_tree_import_tree(f), 0);
        (void)snprintf(path, sizeof(path), "%s/%s", f->schemas, bad[i].path);
        assert_true(imp_write_file(path, bad[i].text, strlen(bad[i].text), &err));
        before = fake_tree_checksum(f);
        assert_int_equal(fake_tree_import_tree(f), 1);
        if (!strstr(f->errors, bad[i].message))
            fail_msg("expected '%s', got '%s'", bad[i].message, f->errors);
        assert_int_equal(fake_tree_checksum(f), before);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_tree_setup, fake_tree_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(schemas_that_are_there_stay_untouched),
        TEST(a_missing_required_header_is_named),
        TEST(a_header_that_includes_a_missing_one_is_named),
        TEST(an_unknown_type_is_named_with_its_line),
        TEST(a_floating_point_field_is_refused),
        TEST(an_array_length_that_is_no_constant_is_refused),
        TEST(an_enumerator_that_is_no_constant_is_refused),
        TEST(a_member_without_a_name_is_refused),
        TEST(two_members_with_one_name_are_refused),
        TEST(a_struct_that_is_never_closed_is_refused),
        TEST(a_stray_token_is_refused),
        TEST(a_layout_that_is_neither_natural_nor_packed_is_refused),
        TEST(a_struct_that_is_defined_twice_is_refused),
        TEST(a_name_with_two_values_is_refused),
        TEST(a_method_row_of_another_form_is_refused),
        TEST(a_method_with_an_unknown_struct_is_refused),
        TEST(a_method_whose_size_is_a_number_is_refused),
        TEST(a_flag_bit_without_a_name_is_refused),
        TEST(an_access_right_without_a_name_is_refused),
        TEST(a_method_that_the_parser_misses_is_fatal),
        TEST(a_resource_row_of_another_form_is_refused),
        TEST(a_resource_row_with_an_unknown_struct_is_refused),
        TEST(a_class_without_an_id_is_refused),
        TEST(a_chip_with_an_unknown_class_is_refused),
        TEST(a_pci_row_of_another_form_is_refused),
        TEST(a_status_code_that_is_counted_but_not_read_is_fatal),
        TEST(an_rpc_struct_that_is_missing_is_refused),
        TEST(flags_without_names_are_refused),
        TEST(a_tree_without_a_release_number_is_refused),
        TEST(a_tree_of_another_project_is_refused),
        TEST(a_folder_that_does_not_exist_is_refused),
        TEST(a_release_that_the_tree_is_not_is_refused),
        TEST(a_compiler_that_does_not_exist_is_refused),
        TEST(a_tag_that_does_not_exist_is_refused),
        TEST(a_folder_that_is_no_repository_is_refused),
        TEST(a_repository_without_release_tags_is_refused),
        TEST(one_bad_tag_leaves_out_all_of_them),
        TEST(wrong_usage_is_status_two),
        TEST(a_broken_schema_is_named_with_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
