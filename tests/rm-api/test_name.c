/* SPDX-License-Identifier: MIT */
/* Names as people type them: found, in another release, mistyped, or a bare number. */
#include <errno.h>

#include <rm/name.h>

#include "test.h"

static struct nvrm_abi
at(const char *release)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    struct gsp_error err = {0};
    nvrm_release r;

    assert_int_equal(rm_name_release(s, release, &r, &err), 0);
    return (struct nvrm_abi){s, r};
}

static void
numbers_are_whole_and_fit_32_bits(void **state)
{
    static const struct {
        const char *text;
        uint32_t value;
    } good[] = {
        {"0",          0         },
        {"0x80",       0x80      },
        {"4294967295", UINT32_MAX},
        {"0xFFFFFFFF", UINT32_MAX}
    };
    static const char *const bad[] = {"", "-1", "4294967296", "0x", "12a", " 1", "1 ", "root"};
    uint32_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(rm_parse_u32(good[i].text, &value));
        assert_int_equal(value, good[i].value);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (rm_parse_u32(bad[i], &value))
            fail_msg("'%s' was taken as %u", bad[i], value);
}

static void
a_name_and_its_number_find_the_same_row(void **state)
{
    const struct nvrm_abi abi = at("570.144");
    const struct nvrm_control *control, *same_control;
    const struct nvrm_class *cls, *same_class;
    const struct nvrm_rpc *rpc, *same_rpc;
    const struct nvrm_layout *layout;
    uint32_t id, status;

    (void)state;
    assert_int_equal(
        rm_name_control(abi, "NV2080_CTRL_CMD_FB_GET_INFO_V2", &control, &id, NULL), 0);
    assert_int_equal(id, 0x20801303);
    assert_int_equal(rm_name_control(abi, "0x20801303", &same_control, &id, NULL), 0);
    assert_ptr_equal(control, same_control);
    assert_int_equal(rm_name_class(abi, "NV01_DEVICE_0", &cls, &id, NULL), 0);
    assert_int_equal(id, 0x80);
    assert_int_equal(rm_name_class(abi, "128", &same_class, &id, NULL), 0);
    assert_ptr_equal(cls, same_class);
    assert_int_equal(rm_name_rpc(abi, "GSP_RM_CONTROL", &rpc, &id, NULL), 0);
    assert_int_equal(id, 76);
    assert_int_equal(rm_name_rpc(abi, "76", &same_rpc, &id, NULL), 0);
    assert_ptr_equal(rpc, same_rpc);
    assert_int_equal(rm_name_status(abi, "NV_ERR_NOT_SUPPORTED", &status, NULL), 0);
    assert_int_equal(status, 0x56);
    assert_int_equal(rm_name_struct(abi, "NV0080_ALLOC_PARAMETERS", &layout, NULL), 0);
    assert_int_equal(layout->size, 56);
}

static void
a_number_that_nobody_knows_is_no_error(void **state)
{
    const struct nvrm_control *control;
    const struct nvrm_class *cls;
    uint32_t id;

    (void)state;
    assert_int_equal(rm_name_class(at("570.144"), "0xffee", &cls, &id, NULL), 0);
    assert_null(cls);
    assert_int_equal(id, 0xffee);
    assert_int_equal(rm_name_control(at("570.144"), "0x2080ffff", &control, &id, NULL), 0);
    assert_null(control);
    assert_int_equal(id, 0x2080ffff);
}

static void
a_typo_gets_the_nearest_name_and_another_release_its_range(void **state)
{
    const struct nvrm_abi old = at("535.113.01");
    const struct nvrm_layout *layout;
    const struct nvrm_control *control;
    struct gsp_error err = {0};
    uint32_t id;

    (void)state;
    assert_int_equal(
        rm_name_control(old, "NV2080_CTRL_CMD_FB_GET_INFO_V3", &control, &id, &err), -ENOENT);
    assert_int_equal(err.origin, GSP_ORIGIN_INPUT);
    assert_non_null(strstr(err.hint, "NV2080_CTRL_CMD_FB_GET_INFO_V2"));
    assert_int_equal(
        rm_name_struct(old, "NV0000_CTRL_GET_SYSTEM_EVENT_DATA_PARAMS", &layout, &err),
        -ENOENT);
    assert_int_equal(err.origin, GSP_ORIGIN_RELEASE);
    assert_non_null(strstr(err.hint, "575.51.02 .. 595.45.04"));
}

static bool
after_580(struct nvrm_abi abi, const void *ctx)
{
    (void)ctx;
    return strncmp(nvrm_release_name(abi.schema, abi.release), "580", 3) >= 0;
}

static bool
never(struct nvrm_abi abi, const void *ctx)
{
    (void)abi;
    (void)ctx;
    return false;
}

static void
releases_in_a_row_become_a_range(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    char text[64];

    (void)state;
    assert_true(rm_release_ranges(s, after_580, NULL, text, sizeof(text)) > 1);
    assert_string_equal(text, "580.65.06 .. 595.45.04");
    assert_int_equal(rm_release_ranges(s, never, NULL, text, sizeof(text)), 0);
    assert_string_equal(text, "");
}

static void
a_root_takes_the_struct_that_gsp_rm_is_sent(void **state)
{
    const struct nvrm_abi abi = at("595.45.04");
    const struct nvrm_class *cls;
    uint32_t id;

    (void)state;
    assert_int_equal(rm_name_class(abi, "NV01_ROOT", &cls, &id, NULL), 0);
    assert_ptr_equal(rm_class_layout(abi, cls),
                     nvrm_struct_find(abi, "NV0000_ALLOC_PARAMETERS"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_whole_and_fit_32_bits),
        cmocka_unit_test(a_name_and_its_number_find_the_same_row),
        cmocka_unit_test(a_number_that_nobody_knows_is_no_error),
        cmocka_unit_test(a_typo_gets_the_nearest_name_and_another_release_its_range),
        cmocka_unit_test(releases_in_a_row_become_a_range),
        cmocka_unit_test(a_root_takes_the_struct_that_gsp_rm_is_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
