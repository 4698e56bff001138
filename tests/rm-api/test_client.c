/* SPDX-License-Identifier: MIT */
/* Clients, handles, calls in wire bytes and by name, over a backend that only remembers. */
#include <errno.h>

#include <rm/name.h>
#include <rm/rm.h>

#include "fake_backend.h"
#include "test.h"

struct bed {
    struct fake_backend f;
    struct rm_client *c;
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

    rm_client_close(bed->c, NULL);
    free(bed);
    return 0;
}

static rm_handle
device(struct bed *bed)
{
    rm_handle handle = 0;

    assert_int_equal(rm_alloc_json(bed->c, rm_client_handle(bed->c), "NV01_DEVICE_0", NULL,
                                   &handle, NULL, &bed->err),
                     0);
    return handle;
}

static void
opening_allocates_a_root_that_names_itself(void **state)
{
    struct bed *bed = *state;
    const struct fake_call *call = &bed->f.calls[0];
    uint32_t client;

    assert_int_equal(bed->f.call_count, 1);
    assert_int_equal(call->op, 'a');
    assert_int_equal(call->id, 0);
    assert_int_equal(call->parent, 0);
    assert_int_equal(call->client, call->object);
    assert_int_equal(call->params_bytes, 120); /* NV0000_ALLOC_PARAMETERS at 570.144 */
    memcpy(&client, call->params, 4);
    assert_int_equal(client, rm_client_handle(bed->c));
}

static void
handles_stay_out_of_the_ranges_that_rm_hands_out(void **state)
{
    struct bed *bed = *state;
    const rm_handle handle = device(bed);

    assert_int_equal(rm_client_handle(bed->c) >> 20, 0xcaf);
    assert_int_equal(handle >> 20, 0xcaf);
    assert_int_not_equal(handle, rm_client_handle(bed->c));
}

static void
a_root_handle_that_is_taken_is_passed_over(void **state)
{
    struct fake_backend f;
    struct rm_client *c;
    struct gsp_error err = {0};

    (void)state;
    fake_init(&f, "570.144");
    f.taken_root = 0xcaf00000;
    assert_int_equal(rm_client_open(&f.base, NULL, &c, &err), 0);
    assert_int_equal(rm_client_handle(c), 0xcaf00001);
    rm_client_close(c, NULL);
}

static void
a_refused_root_leaves_nothing_behind(void **state)
{
    struct fake_backend f;
    struct rm_client *c = NULL;
    struct gsp_error err = {0};

    (void)state;
    fake_init(&f, "570.144");
    f.refuse_op = 'a';
    f.refuse_status = 0x1b; /* NV_ERR_INSUFFICIENT_PERMISSIONS */
    assert_int_equal(rm_client_open(&f.base, NULL, &c, &err), -EREMOTEIO);
    assert_null(c);
    assert_int_equal(err.nv_status, 0x1b);
    assert_non_null(strstr(err.text, "NV01_ROOT"));
    assert_non_null(strstr(err.text, "NV_ERR_INSUFFICIENT_PERMISSIONS"));
}

static void
an_allocation_that_rm_refuses_is_not_in_the_tree(void **state)
{
    struct bed *bed = *state;
    struct rm_object object;
    rm_handle handle = 0xcafbeef0;

    bed->f.refuse_op = 'a';
    bed->f.refuse_status = 0x22; /* NV_ERR_INVALID_CLASS */
    assert_int_equal(rm_alloc_json(bed->c, rm_client_handle(bed->c), "NV01_DEVICE_0", NULL,
                                   &handle, NULL, &bed->err),
                     -EREMOTEIO);
    assert_int_equal(bed->err.origin, GSP_ORIGIN_RM);
    assert_int_equal(bed->err.nv_status, 0x22);
    assert_non_null(strstr(bed->err.text, "NV01_DEVICE_0"));
    assert_non_null(strstr(bed->err.hint, "class"));
    assert_false(rm_object_get(bed->c, 0xcafbeef0, &object));
}

static void
a_parent_that_is_not_alive_is_refused_before_it_is_sent(void **state)
{
    struct bed *bed = *state;
    const unsigned before = bed->f.call_count;
    rm_handle handle = 0;

    assert_int_equal(rm_alloc(bed->c, 0x1234, 0x80, NULL, 0, &handle, &bed->err), -ENOENT);
    assert_int_equal(bed->f.call_count, before);
    assert_non_null(strstr(bed->err.text, "0x00001234"));
}

static void
a_handle_in_use_is_refused_and_a_free_one_is_taken(void **state)
{
    struct bed *bed = *state;
    rm_handle handle = 0xcaf77777, again = 0xcaf77777;

    assert_int_equal(
        rm_alloc(bed->c, rm_client_handle(bed->c), 0x80, NULL, 0, &handle, &bed->err), 0);
    assert_int_equal(handle, 0xcaf77777);
    assert_int_equal(
        rm_alloc(bed->c, rm_client_handle(bed->c), 0x80, NULL, 0, &again, &bed->err), -EEXIST);
}

static void
picked_handles_go_around_those_that_callers_chose(void **state)
{
    struct bed *bed = *state;
    const rm_handle root = rm_client_handle(bed->c), first = root + 0x10000;
    rm_handle chosen = first + 1, a = 0, b = 0;

    assert_int_equal(rm_alloc(bed->c, root, 0x80, NULL, 0, &chosen, &bed->err), 0);
    assert_int_equal(rm_alloc(bed->c, root, 0x80, NULL, 0, &a, &bed->err), 0);
    assert_int_equal(rm_alloc(bed->c, root, 0x80, NULL, 0, &b, &bed->err), 0);
    assert_int_equal(a, first);
    assert_int_equal(b, first + 2);
}

static void
freeing_drops_the_subtree_with_one_call(void **state)
{
    struct bed *bed = *state;
    const rm_handle dev = device(bed);
    struct rm_object object;
    rm_handle sub = 0, deep = 0;

    assert_int_equal(rm_alloc(bed->c, dev, 0x2080, NULL, 0, &sub, &bed->err), 0);
    assert_int_equal(rm_alloc(bed->c, sub, 0x7e, NULL, 0, &deep, &bed->err), 0);
    assert_int_equal(rm_free(bed->c, dev, &bed->err), 0);
    assert_int_equal(fake_count(&bed->f, 'f'), 1);
    assert_int_equal(fake_last(&bed->f)->parent, rm_client_handle(bed->c));
    assert_false(rm_object_get(bed->c, dev, &object));
    assert_false(rm_object_get(bed->c, sub, &object));
    assert_false(rm_object_get(bed->c, deep, &object));
}

static void
a_refused_free_keeps_the_object(void **state)
{
    struct bed *bed = *state;
    const rm_handle dev = device(bed);
    struct rm_object object;

    bed->f.refuse_op = 'f';
    bed->f.refuse_status = 0x1b;
    assert_int_equal(rm_free(bed->c, dev, &bed->err), -EREMOTEIO);
    assert_true(rm_object_get(bed->c, dev, &object));
    assert_string_equal(object.class_name, "NV01_DEVICE_0");
}

static void
the_root_is_freed_by_closing_only(void **state)
{
    struct bed *bed = *state;

    assert_int_equal(rm_free(bed->c, rm_client_handle(bed->c), &bed->err), -EINVAL);
    assert_non_null(strstr(bed->err.hint, "closed"));
}

static void
a_dup_of_an_own_object_keeps_its_class(void **state)
{
    struct bed *bed = *state;
    const rm_handle dev = device(bed);
    struct rm_object object;
    rm_handle twin = 0, foreign = 0;

    assert_int_equal(rm_dup(bed->c, rm_client_handle(bed->c), rm_client_handle(bed->c), dev,
                            &twin, &bed->err),
                     0);
    assert_true(rm_object_get(bed->c, twin, &object));
    assert_int_equal(object.class_id, 0x80);
    assert_int_equal(
        rm_dup(bed->c, rm_client_handle(bed->c), 0xcaf00009, dev, &foreign, &bed->err), 0);
    assert_true(rm_object_get(bed->c, foreign, &object));
    assert_string_equal(object.class_name, "?");
}

static void
a_thousand_objects_are_found_and_freed(void **state)
{
    struct bed *bed = *state;
    const rm_handle dev = device(bed);
    rm_handle handles[1000];
    struct rm_object object;

    for (unsigned i = 0; i < 1000; i++) {
        handles[i] = 0;
        assert_int_equal(rm_alloc(bed->c, dev, 0x2080, NULL, 0, &handles[i], &bed->err), 0);
    }
    for (unsigned i = 0; i < 1000; i += 2)
        assert_int_equal(rm_free(bed->c, handles[i], &bed->err), 0);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(rm_object_get(bed->c, handles[i], &object), i % 2);
}

static void
a_control_by_name_is_sent_with_the_bytes_of_its_release(void **state)
{
    struct bed *bed = *state;
    struct gsp_text result = {0};
    uint8_t answer[4 + 4 + 4] = {1, 0, 0, 0, 8, 0, 0, 0, 0x2a, 0, 0, 0};
    uint32_t word;

    bed->f.answer = answer;
    bed->f.answer_bytes = sizeof(answer);
    assert_int_equal(
        rm_control_json(bed->c, 0xcaf10001, "NV2080_CTRL_CMD_FB_GET_INFO_V2",
                        "{\"fbInfoListSize\": 1, \"fbInfoList\": [{\"index\": 8}]}", 0, &result,
                        &bed->err),
        0);
    assert_int_equal(fake_last(&bed->f)->id, 0x20801303);
    memcpy(&word, fake_last(&bed->f)->params + 4, 4);
    assert_int_equal(word, 8);
    assert_non_null(strstr(result.data, "\"data\":42"));
    gsp_text_fini(&result);
}

static void
a_control_without_a_public_struct_takes_raw_bytes(void **state)
{
    struct bed *bed = *state;
    struct gsp_text result = {0};

    assert_int_equal(rm_control_json(bed->c, 0xcaf10001, "0x2080ff42", "{\"raw\": \"01 02ff\"}",
                                     0, &result, &bed->err),
                     0);
    assert_int_equal(fake_last(&bed->f)->params_bytes, 3);
    assert_int_equal(fake_last(&bed->f)->params[2], 0xff);
    assert_string_equal(result.data, "{\"raw\":\"0102ff\"}");
    gsp_text_fini(&result);
    assert_int_equal(
        rm_control_json(bed->c, 1, "0x2080ff42", "{\"raw\": \"0g\"}", 0, NULL, &bed->err),
        -EINVAL);
    assert_int_equal(
        rm_control_json(bed->c, 1, "0x2080ff42", "{\"index\": 1}", 0, NULL, &bed->err),
        -EINVAL);
    assert_non_null(strstr(bed->err.hint, "raw"));
}

static void
a_name_of_another_release_says_where_it_exists(void **state)
{
    struct bed *bed = *state;
    struct fake_backend f;
    struct gsp_error err = {0};
    const struct nvrm_class *cls;
    uint32_t id;

    (void)bed;
    fake_init(&f, "535.54.03");
    assert_int_equal(rm_name_class(f.base.abi, "BLACKWELL_CHANNEL_GPFIFO_A", &cls, &id, &err),
                     -ENOENT);
    assert_int_equal(err.origin, GSP_ORIGIN_RELEASE);
    assert_non_null(strstr(err.hint, ".. 595.45.04"));
}

static void
a_misspelt_name_is_answered_with_the_nearest(void **state)
{
    struct bed *bed = *state;

    assert_int_equal(rm_control_json(bed->c, 1, "NV2080_CTRL_CMD_GPU_GET_NAME_STRNG", NULL, 0,
                                     NULL, &bed->err),
                     -ENOENT);
    assert_int_equal(bed->err.origin, GSP_ORIGIN_INPUT);
    assert_non_null(strstr(bed->err.hint, "NV2080_CTRL_CMD_GPU_GET_NAME_STRING"));
}

static void
closing_reports_what_was_left_alive(void **state)
{
    struct fake_backend f;
    struct rm_client *c;
    struct gsp_error err = {0};
    struct gsp_text leaks = {0};
    rm_handle dev = 0, sub = 0;

    (void)state;
    fake_init(&f, "595.45.04");
    assert_int_equal(rm_client_open(&f.base, NULL, &c, &err), 0);
    assert_int_equal(
        rm_alloc_json(c, rm_client_handle(c), "NV01_DEVICE_0", NULL, &dev, NULL, &err), 0);
    assert_int_equal(rm_alloc_json(c, dev, "NV20_SUBDEVICE_0", NULL, &sub, NULL, &err), 0);
    rm_client_close(c, &leaks);
    assert_non_null(strstr(leaks.data, "NV01_DEVICE_0"));
    assert_non_null(strstr(leaks.data, "NV20_SUBDEVICE_0 under 0xcaf10000"));
    assert_int_equal(fake_last(&f)->op, 'f');
    assert_int_equal(fake_last(&f)->object, 0xcaf00000);
    gsp_text_fini(&leaks);
}

static void
releases_are_given_as_ranges(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    nvrm_release release;
    struct gsp_error err = {0};

    (void)state;
    assert_int_equal(rm_name_release(s, "570.144", &release, &err), 0);
    assert_int_equal(rm_name_release(s, "570.145", &release, &err), -ENOENT);
    assert_int_equal(err.origin, GSP_ORIGIN_RELEASE);
    assert_non_null(strstr(err.hint, "570.14"));
}

int
main(void)
{
#define BED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        BED(opening_allocates_a_root_that_names_itself),
        BED(handles_stay_out_of_the_ranges_that_rm_hands_out),
        cmocka_unit_test(a_root_handle_that_is_taken_is_passed_over),
        cmocka_unit_test(a_refused_root_leaves_nothing_behind),
        BED(an_allocation_that_rm_refuses_is_not_in_the_tree),
        BED(a_parent_that_is_not_alive_is_refused_before_it_is_sent),
        BED(a_handle_in_use_is_refused_and_a_free_one_is_taken),
        BED(picked_handles_go_around_those_that_callers_chose),
        BED(freeing_drops_the_subtree_with_one_call),
        BED(a_refused_free_keeps_the_object),
        BED(the_root_is_freed_by_closing_only),
        BED(a_dup_of_an_own_object_keeps_its_class),
        BED(a_thousand_objects_are_found_and_freed),
        BED(a_control_by_name_is_sent_with_the_bytes_of_its_release),
        BED(a_control_without_a_public_struct_takes_raw_bytes),
        BED(a_name_of_another_release_says_where_it_exists),
        BED(a_misspelt_name_is_answered_with_the_nearest),
        cmocka_unit_test(closing_reports_what_was_left_alive),
        cmocka_unit_test(releases_are_given_as_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
