/* SPDX-License-Identifier: MIT */
/* nvrm/schema.h over the tables of two small schemas, where every answer can be read off the
 * YAML. */
#include "test.h"

#include <nvrm/schema.h>

const struct nvrm_schema *nvrm_tiny1_schema(void);
const struct nvrm_schema *nvrm_tiny2_schema(void);

static struct nvrm_abi
tiny1(const char *release)
{
    const struct nvrm_schema *s = nvrm_tiny1_schema();
    const struct nvrm_abi abi = {s, nvrm_release_find(s, release)};

    assert_int_not_equal(abi.release, NVRM_NO_RELEASE);
    return abi;
}

static struct nvrm_abi
tiny2(const char *release)
{
    const struct nvrm_schema *s = nvrm_tiny2_schema();
    const struct nvrm_abi abi = {s, nvrm_release_find(s, release)};

    assert_int_not_equal(abi.release, NVRM_NO_RELEASE);
    return abi;
}

static const struct nvrm_field *
field(struct nvrm_abi abi, const char *name, const char *member)
{
    const struct nvrm_layout *l = nvrm_struct_find(abi, name);
    const struct nvrm_field *f;

    assert_non_null(l);
    f = nvrm_field_find(abi.schema, l, member);
    assert_non_null(f);
    return f;
}

static const struct nvrm_note *
note(struct nvrm_abi abi, const char *name, const char *member)
{
    const struct nvrm_note *n = nvrm_note_at(abi.schema, field(abi, name, member)->note);

    assert_non_null(n);
    return n;
}

/* Releases */

static void
releases_are_in_number_order_whatever_the_file_says(void **state)
{
    const struct nvrm_schema *s = nvrm_tiny2_schema();

    (void)state;
    assert_int_equal(nvrm_release_count(s), 4);
    assert_string_equal(nvrm_release_name(s, 0), "1.1");
    assert_string_equal(nvrm_release_name(s, 1), "1.2");
    assert_string_equal(nvrm_release_name(s, 2), "2.9");
    assert_string_equal(nvrm_release_name(s, 3), "2.10");
    assert_string_equal(nvrm_release_name(s, 4), "?");
    assert_int_equal(nvrm_release_newest(s), 3);
    assert_int_equal(nvrm_release_parent(s, 3), 2);
    assert_int_equal(nvrm_release_parent(s, 0), NVRM_NO_RELEASE);
    assert_int_equal(nvrm_release_find(s, "2.1"), NVRM_NO_RELEASE);
}

static void
an_unknown_release_has_a_nearest_one(void **state)
{
    const struct nvrm_schema *s = nvrm_tiny1_schema();

    (void)state;
    assert_string_equal(nvrm_release_name(s, nvrm_release_nearest(s, "570.153.02")), "570.144");
    assert_string_equal(nvrm_release_name(s, nvrm_release_nearest(s, "999.1")), "575.51.02");
    assert_string_equal(nvrm_release_name(s, nvrm_release_nearest(s, "1")), "535.54.03");
    assert_int_equal(nvrm_release_nearest(s, "latest"), NVRM_NO_RELEASE);
    assert_int_equal(nvrm_release_nearest(s, ""), NVRM_NO_RELEASE);
}

static void
releases_with_equal_tables_share_an_abi_number(void **state)
{
    const struct nvrm_schema *s = nvrm_tiny2_schema();

    (void)state;
    assert_int_not_equal(nvrm_release_abi(s, 0), nvrm_release_abi(s, 1));
    assert_int_not_equal(nvrm_release_abi(s, 2), nvrm_release_abi(s, 3));
    assert_int_not_equal(nvrm_release_abi(nvrm_tiny1_schema(), 0),
                         nvrm_release_abi(nvrm_tiny1_schema(), 1));
}

/* Structs */

static void
a_struct_has_the_layout_of_the_release(void **state)
{
    const struct nvrm_abi old = tiny1("570.144"), new = tiny1("575.51.02");

    (void)state;
    assert_int_equal(nvrm_struct_find(old, "rpc_gsp_rm_control_v03_00")->size, 24);
    assert_int_equal(nvrm_struct_find(new, "rpc_gsp_rm_control_v03_00")->size, 40);
    assert_int_equal(field(old, "rpc_gsp_rm_control_v03_00", "params")->offset, 24);
    assert_int_equal(field(new, "rpc_gsp_rm_control_v03_00", "params")->offset, 40);
    assert_int_equal(field(new, "rpc_gsp_rm_control_v03_00", "params")->count, 0);
    assert_true(nvrm_struct_find(new, "rpc_gsp_rm_control_v03_00")->flags & NVRM_LAYOUT_TAIL);
    assert_null(nvrm_struct_find(new, "rpc_gsp_rm_control"));
    assert_null(nvrm_struct_at(new, NVRM_NONE));
}

static void
releases_that_agree_on_a_struct_share_its_row(void **state)
{
    const struct nvrm_schema *s = nvrm_tiny1_schema();
    const uint16_t row = nvrm_struct_row(s, "NV0080_ALLOC_PARAMETERS");

    (void)state;
    assert_ptr_equal(nvrm_struct_at(tiny1("535.54.03"), row),
                     nvrm_struct_at(tiny1("575.51.02"), row));
    assert_string_equal(nvrm_struct_name(s, row), "NV0080_ALLOC_PARAMETERS");
}

static void
a_variant_holds_for_descendants_and_no_one_else(void **state)
{
    (void)state;
    assert_int_equal(nvrm_struct_find(tiny2("1.1"), "SHAPE")->size, 16);
    assert_int_equal(nvrm_struct_find(tiny2("1.2"), "SHAPE")->size, 24);
    assert_int_equal(nvrm_struct_find(tiny2("2.9"), "SHAPE")->size, 24);
    assert_int_equal(nvrm_struct_find(tiny2("2.10"), "SHAPE")->size, 24);
    assert_non_null(nvrm_struct_find(tiny2("1.2"), "LINE"));
    assert_non_null(nvrm_struct_find(tiny2("2.9"), "LINE"));
    assert_null(nvrm_struct_find(tiny2("2.10"), "LINE"));
}

static void
bit_fields_packing_and_tails_are_placed_as_the_compiler_does(void **state)
{
    const struct nvrm_abi abi = tiny2("2.10");
    const struct nvrm_field *f;

    (void)state;
    f = field(abi, "PTE_DESC", "reserved1");
    assert_int_equal(f->bit_off, 2);
    assert_int_equal(f->bit_len, 14);
    f = field(abi, "PTE_DESC", "length");
    assert_int_equal(f->bit_off, 16);
    assert_int_equal(f->offset, 0);
    f = field(abi, "PTE_DESC", "pte_pde");
    assert_int_equal(f->offset, 8);
    assert_int_equal(nvrm_field_elem_bytes(abi.schema, f), 8);
    assert_string_equal(nvrm_str(abi.schema, nvrm_layout_at(abi.schema, f->ref)->name),
                        "PTE_DESC.pte_pde");
    assert_int_equal(field(abi, "PACKED", "value")->offset, 1);
    assert_int_equal(field(abi, "HOLDS_PACKED", "packed")->offset, 1);
    assert_int_equal(field(abi, "HOLDS_PACKED", "last")->offset, 16);
    f = field(abi, "GRID", "cell");
    assert_int_equal(f->count, 12);
    assert_int_equal(f->inner, 4);
    assert_int_equal(field(tiny1("570.144"), "rpc_post_event_v17_00", "eventData")->offset, 29);
}

static void
a_core_type_has_the_fields_of_all_releases(void **state)
{
    const struct nvrm_schema *s = nvrm_tiny1_schema();
    const struct nvrm_layout *l =
        nvrm_struct_canon(s, nvrm_struct_row(s, "rpc_gsp_rm_control_v03_00"));

    (void)state;
    assert_non_null(l);
    assert_true(l->flags & NVRM_LAYOUT_CANON);
    assert_non_null(nvrm_field_find(s, l, "flags"));
    assert_non_null(nvrm_field_find(s, l, "rmctrlFlags"));
    l = nvrm_struct_canon(s, nvrm_struct_row(s, "NV2080_CTRL_FB_GET_INFO_V2_PARAMS"));
    assert_int_equal(nvrm_field_find(s, l, "fbInfoList")->count, 53);
    assert_null(
        nvrm_struct_canon(s, nvrm_struct_row(s, "NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS")));
    assert_null(nvrm_struct_canon(s, NVRM_NONE));
}

/* Notes */

static void
notes_point_to_siblings_by_index(void **state)
{
    const struct nvrm_abi abi = tiny1("575.51.02");
    const struct nvrm_note *n = note(abi, "NV2080_CTRL_FB_GET_INFO_V2_PARAMS", "fbInfoList");

    (void)state;
    assert_int_equal(n->count, 0);
    assert_int_equal(n->max, 53);
    n = note(abi, "rpc_gsp_rm_control_v03_00", "params");
    assert_int_equal(n->count, 4);
    assert_true(n->flags & NVRM_NOTE_BYTES);
    assert_int_equal(n->as, 2);
    assert_int_equal(n->as_kind, NVRM_SET_CONTROL);
    n = note(abi, "NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS", "classList");
    assert_true(n->flags & NVRM_NOTE_PTR);
    assert_int_equal(n->ptr_type, NVRM_U32);
    assert_int_equal(n->set_kind, NVRM_SET_CLASS);
    assert_int_equal(n->dir, NVRM_DIR_OUT);
    assert_true(nvrm_struct_find(abi, "NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS")->flags &
                NVRM_LAYOUT_FINN);
    assert_true(nvrm_struct_find(abi, "NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS")->flags &
                NVRM_LAYOUT_PTR);
}

static void
a_pointer_to_structs_leads_to_the_layout_of_the_same_release(void **state)
{
    (void)state;
    for (unsigned r = 0; r < 4; r++) {
        const struct nvrm_abi abi = {nvrm_tiny2_schema(), (nvrm_release)r};
        const struct nvrm_note *n = note(abi, "NODE", "list");

        assert_int_equal(n->ptr_type, NVRM_STRUCT);
        assert_ptr_equal(nvrm_layout_at(abi.schema, n->ptr_ref),
                         nvrm_struct_find(abi, "SHAPE"));
        assert_int_equal(n->dir, NVRM_DIR_INOUT);
    }
}

static void
a_tag_selects_a_union_member(void **state)
{
    const struct nvrm_abi abi = tiny2("2.10");
    const struct nvrm_note *n = note(abi, "TAGGED", "value");

    (void)state;
    assert_int_equal(n->tag, 0);
    assert_int_equal(n->cases, 3);
    assert_int_equal(nvrm_case_at(abi.schema, n->first_case)->value, 0);
    assert_int_equal(nvrm_case_at(abi.schema, n->first_case)->member, 0);
    assert_int_equal(nvrm_case_at(abi.schema, n->first_case + 1)->value, 7);
    assert_int_equal(nvrm_case_at(abi.schema, n->first_case + 1)->member, 2);
    assert_int_equal(nvrm_case_at(abi.schema, n->first_case + 2)->value, 9);
    assert_int_equal(nvrm_case_at(abi.schema, n->first_case + 2)->member, 3);
}

/* Sets */

static void
a_set_of_bits_lists_each_range_before_its_values(void **state)
{
    const struct nvrm_abi abi = tiny2("2.10");
    const struct nvrm_note *n = note(abi, "SHAPE", "colour");
    static const char *const names[] = {"FLAG_A", "FLAG_KIND", "FLAG_KIND_NONE",
                                        "FLAG_KIND_ALL", "FLAG_B"};

    (void)state;
    assert_int_equal(n->set_kind, NVRM_SET_BITS);
    assert_string_equal(nvrm_set_prefix(abi.schema, n->set), "FLAG_");
    assert_int_equal(nvrm_set_count(abi.schema, n->set), 5);
    for (unsigned i = 0; i < 5; i++)
        assert_string_equal(nvrm_str(abi.schema, nvrm_set_at(abi, n->set, i)->name), names[i]);
    assert_int_equal(nvrm_set_at(abi, n->set, 1)->is_range, 1);
    assert_int_equal(nvrm_set_at(abi, n->set, 1)->hi, 2);
    assert_int_equal(nvrm_set_at(abi, n->set, 3)->of_range, 1);
    assert_int_equal(nvrm_set_at(abi, n->set, 3)->lo, 1);
    assert_int_equal(nvrm_set_at(abi, n->set, 4)->of_range, 0);
    assert_null(nvrm_set_at(abi, n->set, 5));
}

static void
a_c_enum_is_a_set(void **state)
{
    const struct nvrm_abi abi = tiny2("1.1");
    const struct nvrm_note *n = note(abi, "SHAPE", "kind");

    (void)state;
    assert_int_equal(field(abi, "SHAPE", "kind")->type, NVRM_ENUM);
    assert_int_equal(n->set_kind, NVRM_SET_ENUM);
    assert_string_equal(nvrm_set_prefix(abi.schema, n->set), "SHAPE_KIND_");
    assert_int_equal(nvrm_set_count(abi.schema, n->set), 2);
}

static void
constants_have_the_value_of_the_release(void **state)
{
    uint64_t value = 0;

    (void)state;
    assert_true(nvrm_constant_find(tiny1("535.54.03"),
                                   "NV2080_CTRL_FB_INFO_INDEX_MAX_LIST_SIZE", &value));
    assert_int_equal(value, 51);
    assert_true(nvrm_constant_find(tiny1("575.51.02"),
                                   "NV2080_CTRL_FB_INFO_INDEX_MAX_LIST_SIZE", &value));
    assert_int_equal(value, 53);
    assert_true(nvrm_constant_find(tiny2("2.9"), "LATER_B", &value));
    assert_true(value == UINT64_MAX);
    assert_true(nvrm_constant_find(tiny2("2.9"), "NEGATIVE", &value));
    assert_true(value == UINT64_MAX);
    assert_false(nvrm_constant_find(tiny2("1.2"), "LATER_B", &value));
    assert_false(nvrm_constant_find(tiny2("2.9"), "FLAG_KIND", &value));
    assert_false(nvrm_constant_find(tiny2("2.9"), "", &value));
}

/* Calls */

static void
controls_are_found_by_name_and_by_the_id_of_the_release(void **state)
{
    const struct nvrm_abi old = tiny1("535.54.03"), new = tiny1("575.51.02");

    (void)state;
    assert_int_equal(nvrm_control_find(old, "NV0073_CTRL_CMD_SYSTEM_GET_SUPPORTED")->id,
                     0x730120);
    assert_int_equal(nvrm_control_find(new, "NV0073_CTRL_CMD_SYSTEM_GET_SUPPORTED")->id,
                     0x730107);
    assert_non_null(nvrm_control_by_id(old, 0x730120));
    assert_null(nvrm_control_by_id(new, 0x730120));
    assert_non_null(nvrm_control_by_id(new, 0x730107));
    assert_null(nvrm_control_find(new, "NV0073_CTRL_CMD_SYSTEM"));
    assert_null(nvrm_control_by_id(new, 0));
}

static void
the_implemented_control_wins_over_its_alias(void **state)
{
    const struct nvrm_abi abi = tiny2("2.10");
    const struct nvrm_control *c = nvrm_control_by_id(abi, 0x770001);

    (void)state;
    assert_string_equal(nvrm_str(abi.schema, c->name), "ODD_CTRL_CMD_A");
    assert_string_equal(nvrm_str(abi.schema, c->on), "Odd");
    assert_string_equal(nvrm_str(abi.schema, c->header), "odd.h");
    assert_int_equal(c->safety, NVRM_SAFETY_DESTRUCTIVE);
    assert_string_equal(nvrm_struct_name(abi.schema, c->params), "TAGGED");
    assert_int_equal(nvrm_control_find(abi, "ODD_CTRL_CMD_A_ALIAS")->id, 0x770001);
}

static void
flags_have_names(void **state)
{
    const struct nvrm_abi abi = tiny2("2.10");
    const struct nvrm_control *c = nvrm_control_find(abi, "CTRL_00770002");

    (void)state;
    assert_int_equal(c->flags, 1);
    assert_string_equal(nvrm_control_flag_name(abi.schema, 0), "INTERNAL");
    assert_string_equal(nvrm_control_flag_name(abi.schema, 1), "SLOW");
    assert_null(nvrm_control_flag_name(abi.schema, 2));
    assert_string_equal(nvrm_class_flag_name(abi.schema, 1), "Y");
    assert_string_equal(nvrm_access_name(abi.schema, 0), "NICE");
    assert_null(nvrm_access_name(abi.schema, 1));
}

static void
a_safety_can_hold_for_one_branch_or_some_chips_only(void **state)
{
    const struct nvrm_control *c =
        nvrm_control_find(tiny1("570.144"), "NV2080_CTRL_CMD_FB_GET_INFO_V2");

    (void)state;
    assert_int_equal(c->safety, NVRM_SAFETY_QUARANTINED);
    assert_string_equal(nvrm_str(nvrm_tiny1_schema(), c->safety_chips), "TU102 GA102");
    assert_string_equal(nvrm_str(nvrm_tiny1_schema(), c->safety_source),
                        "https://example.org/report");
    c = nvrm_control_find(tiny1("575.51.02"), "NV2080_CTRL_CMD_FB_GET_INFO_V2");
    assert_int_equal(c->safety, NVRM_SAFETY_UNKNOWN);
    assert_int_equal(c->safety_chips, 0);
}

static void
classes_know_parents_and_params(void **state)
{
    const struct nvrm_abi abi = tiny2("1.1");
    const struct nvrm_class *c = nvrm_class_by_id(abi, 0x77);

    (void)state;
    assert_ptr_equal(c, nvrm_class_find(abi, "ODD_CLASS"));
    assert_int_equal(c->parents, 2);
    assert_string_equal(nvrm_class_parent(abi.schema, c, 0), "A");
    assert_string_equal(nvrm_class_parent(abi.schema, c, 1), "B");
    assert_null(nvrm_class_parent(abi.schema, c, 2));
    assert_string_equal(nvrm_struct_name(abi.schema, c->params), "NODE");
    assert_non_null(nvrm_class_by_id(abi, 0x78));
    assert_null(nvrm_class_by_id(tiny2("2.10"), 0x78));
    assert_int_equal(nvrm_class_by_id(abi, 0x78)->impl, 0);
}

static void
rpc_ids_move_with_the_release(void **state)
{
    (void)state;
    assert_int_equal(nvrm_rpc_by_id(tiny1("570.144"), 76)->is_event, 0);
    assert_int_equal(nvrm_rpc_by_id(tiny1("570.144"), 0x1003)->is_event, 1);
    assert_non_null(nvrm_rpc_by_id(tiny2("1.2"), 0x1000));
    assert_null(nvrm_rpc_by_id(tiny2("1.2"), 0x1001));
    assert_non_null(nvrm_rpc_by_id(tiny2("2.10"), 0x1001));
    assert_int_equal(nvrm_rpc_find(tiny2("2.10"), "DONE")->id, 0x1001);
    assert_int_equal(nvrm_rpc_count(nvrm_tiny1_schema()), 4);
}

static void
status_escapes_chips_and_devices_have_names(void **state)
{
    const struct nvrm_abi abi = tiny1("570.144");
    uint32_t ids[8] = {0};

    (void)state;
    assert_string_equal(nvrm_status_name(abi, 0x22), "NV_ERR_INVALID_CLASS");
    assert_null(nvrm_status_name(abi, 0x23));
    assert_int_equal(nvrm_status_find(abi, "NV_ERR_NOT_SUPPORTED")->value, 0x56);
    assert_string_equal(nvrm_str(abi.schema, nvrm_escape_at(abi, 0)->name), "NV_ESC_RM_FREE");
    assert_int_equal(nvrm_chip_classes(abi, "TU102", ids, 8), 2);
    assert_int_equal(ids[0], 0x80);
    assert_int_equal(ids[1], 0x2080);
    assert_int_equal(nvrm_chip_classes(abi, "TU102", ids, 0), 2);
    assert_int_equal(nvrm_chip_classes(abi, "TU999", ids, 8), 0);
    assert_int_equal(nvrm_chip_classes(tiny2("1.2"), "XX100", ids, 8), 2);
    assert_int_equal(nvrm_chip_classes(tiny2("2.10"), "XX100", ids, 8), 1);
    assert_int_equal(ids[0], 0x77);
    assert_int_equal(nvrm_chip_count(abi.schema), 2);
    assert_string_equal(nvrm_chip_name(abi.schema, 0), "GA102");
    assert_string_equal(nvrm_pci_name(abi.schema, 0x1eb8, 0x10de, 0x12a2), "Tesla T4");
    assert_null(nvrm_pci_name(abi.schema, 0x1eb8, 0, 0));
    assert_string_equal(nvrm_pci_name(abi.schema, 0x1e02, 0x10de, 0x1), "TITAN RTX");
}

/* Suggestions */

static void
a_misspelt_name_has_a_suggestion(void **state)
{
    const struct nvrm_abi abi = tiny1("570.144");
    const struct nvrm_layout *l = nvrm_struct_find(abi, "NV0080_ALLOC_PARAMETERS");

    (void)state;
    assert_string_equal(
        nvrm_nearest_name(abi, NVRM_NAME_CONTROL, "NV2080_CTRL_CMD_GPU_GET_NAM_STRING"),
        "NV2080_CTRL_CMD_GPU_GET_NAME_STRING");
    assert_string_equal(nvrm_nearest_name(abi, NVRM_NAME_CONTROL, "get_name_string"),
                        "NV2080_CTRL_CMD_GPU_GET_NAME_STRING");
    assert_string_equal(nvrm_nearest_name(abi, NVRM_NAME_CLASS, "NV20_SUBDEVICE"),
                        "NV20_SUBDEVICE_0");
    assert_string_equal(nvrm_nearest_name(abi, NVRM_NAME_STATUS | NVRM_NAME_RPC, "POSTEVENT"),
                        "POST_EVENT");
    assert_null(nvrm_nearest_name(abi, NVRM_NAME_CLASS, "completely different"));
    assert_null(nvrm_nearest_name(abi, 0, "POST_EVENT"));
    assert_string_equal(nvrm_nearest_field(abi.schema, l, "vamode"), "vaMode");
    assert_string_equal(nvrm_nearest_field(abi.schema, l, "zzzzzz"), "deviceId");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(releases_are_in_number_order_whatever_the_file_says),
        cmocka_unit_test(an_unknown_release_has_a_nearest_one),
        cmocka_unit_test(releases_with_equal_tables_share_an_abi_number),
        cmocka_unit_test(a_struct_has_the_layout_of_the_release),
        cmocka_unit_test(releases_that_agree_on_a_struct_share_its_row),
        cmocka_unit_test(a_variant_holds_for_descendants_and_no_one_else),
        cmocka_unit_test(bit_fields_packing_and_tails_are_placed_as_the_compiler_does),
        cmocka_unit_test(a_core_type_has_the_fields_of_all_releases),
        cmocka_unit_test(notes_point_to_siblings_by_index),
        cmocka_unit_test(a_pointer_to_structs_leads_to_the_layout_of_the_same_release),
        cmocka_unit_test(a_tag_selects_a_union_member),
        cmocka_unit_test(a_set_of_bits_lists_each_range_before_its_values),
        cmocka_unit_test(a_c_enum_is_a_set),
        cmocka_unit_test(constants_have_the_value_of_the_release),
        cmocka_unit_test(controls_are_found_by_name_and_by_the_id_of_the_release),
        cmocka_unit_test(the_implemented_control_wins_over_its_alias),
        cmocka_unit_test(flags_have_names),
        cmocka_unit_test(a_safety_can_hold_for_one_branch_or_some_chips_only),
        cmocka_unit_test(classes_know_parents_and_params),
        cmocka_unit_test(rpc_ids_move_with_the_release),
        cmocka_unit_test(status_escapes_chips_and_devices_have_names),
        cmocka_unit_test(a_misspelt_name_has_a_suggestion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
