/* SPDX-License-Identifier: MIT */
/* Parameters under construction: filled, sent, read back. */
#include <errno.h>

#include <rm/params.h>
#include <rm/rm.h>

#include "fake_backend.h"
#include "test.h"

struct bed {
    struct fake_backend f;
    struct rm_client *c;
    struct rm_params p;
    struct gsp_text text;
    struct gsp_error err;
};

static int
set_up(void **state)
{
    struct bed *bed = calloc(1, sizeof(*bed));

    fake_init(&bed->f, "570.144");
    assert_int_equal(rm_client_open(&bed->f.base, NULL, &bed->c, &bed->err), 0);
    *state = bed;
    return 0;
}

static int
tear_down(void **state)
{
    struct bed *bed = *state;

    rm_params_fini(&bed->p);
    gsp_text_fini(&bed->text);
    rm_client_close(bed->c, NULL);
    free(bed);
    return 0;
}

static void
start(struct bed *bed, const char *name)
{
    const struct nvrm_abi abi = rm_client_abi(bed->c);
    const struct nvrm_layout *layout = name ? nvrm_struct_find(abi, name) : NULL;

    rm_params_fini(&bed->p);
    assert_int_equal(rm_params_init(&bed->p, abi, layout, NULL, &bed->err), 0);
}

static const char *
written(struct bed *bed)
{
    gsp_text_fini(&bed->text);
    bed->text = (struct gsp_text){0};
    assert_int_equal(rm_params_write(&bed->p, 0, &bed->text, &bed->err), 0);
    return bed->text.data;
}

static void
fields_are_set_one_by_one_or_all_at_once(void **state)
{
    static const char json[] = "{\"fbInfoList\": [{\"index\": \"RAM_SIZE\"}]}";
    struct bed *bed = *state;

    start(bed, "NV2080_CTRL_FB_GET_INFO_V2_PARAMS");
    assert_int_equal(rm_params_assign(&bed->p, "fbInfoList[1].index", "HEAP_SIZE", &bed->err),
                     0);
    assert_non_null(strstr(written(bed), "\"fbInfoListSize\":2"));
    assert_int_equal(rm_params_read(&bed->p, json, sizeof(json) - 1, &bed->err), 0);
    assert_string_equal(written(bed), "{\"fbInfoListSize\":1,\"fbInfoList\":[{\"index\":"
                                      "\"NV2080_CTRL_FB_INFO_INDEX_RAM_SIZE\",\"data\":0}]}");
}

static void
a_wrong_value_leaves_what_was_there(void **state)
{
    struct bed *bed = *state;

    start(bed, "NV0080_ALLOC_PARAMETERS");
    assert_int_equal(rm_params_assign(&bed->p, "deviceId", "3", &bed->err), 0);
    assert_int_equal(rm_params_assign(&bed->p, "deviceId", "three", &bed->err), -EINVAL);
    assert_int_equal(rm_params_assign(&bed->p, "devId", "1", &bed->err), -EINVAL);
    assert_non_null(strstr(bed->err.hint, "deviceId"));
    assert_non_null(strstr(written(bed), "\"deviceId\":3"));
}

static void
output_pointers_get_room_for_the_most(void **state)
{
    struct bed *bed = *state;
    uint32_t count;
    uint64_t list;

    start(bed, "NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS");
    assert_int_equal(rm_params_pointers(&bed->p, &bed->err), 0);
    memcpy(&count, bed->p.wire, 4);
    memcpy(&list, bed->p.wire + 8, 8);
    assert_int_equal(count, 200);
    assert_true(list != 0);
}

static void
a_control_without_a_struct_is_bytes(void **state)
{
    struct bed *bed = *state;

    start(bed, NULL);
    assert_int_equal(rm_params_assign(&bed->p, "raw", "0x01020304", &bed->err), 0);
    assert_int_equal(bed->p.bytes, 4);
    assert_string_equal(written(bed), "{\"raw\":\"01020304\"}");
    assert_int_equal(rm_params_assign(&bed->p, "size", "4", &bed->err), -EINVAL);
}

static void
what_was_built_is_what_is_sent_and_the_answer_is_read_back(void **state)
{
    static const uint32_t answer[] = {2, 0, 0xcaf10000, 7};
    struct bed *bed = *state;
    rm_handle device = 0;
    uint32_t flat = 5;

    assert_ptr_equal(rm_client_backend(bed->c), &bed->f.base);
    start(bed, "NV0080_ALLOC_PARAMETERS");
    assert_int_equal(rm_params_assign(&bed->p, "deviceId", "1", &bed->err), 0);
    assert_int_equal(
        rm_alloc_params(bed->c, rm_client_handle(bed->c), 0x80, &bed->p, &device, &bed->err),
        0);
    assert_int_equal(fake_last(&bed->f)->op, 'a');
    assert_int_equal(fake_last(&bed->f)->params[0], 1);

    start(bed, "NV0080_CTRL_GPU_GET_NUM_SUBDEVICES_PARAMS");
    bed->f.answer = answer;
    bed->f.answer_bytes = 4;
    assert_int_equal(rm_control_params(bed->c, device, 0x800280, &bed->p, &bed->err), 0);
    assert_string_equal(written(bed), "{\"numSubDevices\":2}");
    assert_int_equal(rm_control(bed->c, device, 0x800280, &flat, sizeof(flat), &bed->err), 0);
    assert_int_equal(fake_last(&bed->f)->id, 0x800280);
    assert_int_equal(fake_last(&bed->f)->params_bytes, 4);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(fields_are_set_one_by_one_or_all_at_once),
        TEST(a_wrong_value_leaves_what_was_there),
        TEST(output_pointers_get_room_for_the_most),
        TEST(a_control_without_a_struct_is_bytes),
        TEST(what_was_built_is_what_is_sent_and_the_answer_is_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
