/* SPDX-License-Identifier: MIT */
/* The tree as JSON, as text and as a difference; events. */
#include <errno.h>

#include <jansson.h>

#include <rm/rm.h>

#include "fake_backend.h"
#include "test.h"

struct bed {
    struct fake_backend f;
    struct rm_client *c;
    rm_handle dev, sub;
    struct gsp_error err;
};

static int
set_up(void **state)
{
    struct bed *bed = calloc(1, sizeof(*bed));

    fake_init(&bed->f, "570.144");
    assert_int_equal(rm_client_open(&bed->f.base, NULL, &bed->c, &bed->err), 0);
    assert_int_equal(rm_alloc_json(bed->c, rm_client_handle(bed->c), "NV01_DEVICE_0",
                                   "{\"deviceId\": 3}", &bed->dev, NULL, &bed->err),
                     0);
    assert_int_equal(
        rm_alloc_json(bed->c, bed->dev, "NV20_SUBDEVICE_0", NULL, &bed->sub, NULL, &bed->err),
        0);
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

static char *
dump(struct bed *bed)
{
    struct gsp_text text = {0};

    assert_int_equal(rm_tree_json(bed->c, 0, &text, &bed->err), 0);
    return text.data;
}

static void
the_json_dump_nests_as_the_tree_does(void **state)
{
    struct bed *bed = *state;
    char *text = dump(bed);
    json_t *root = json_loads(text, 0, NULL);
    const json_t *dev, *sub;

    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "class")), "NV01_ROOT");
    dev = json_array_get(json_object_get(root, "children"), 0);
    assert_string_equal(json_string_value(json_object_get(dev, "class")), "NV01_DEVICE_0");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(dev, "params"), "deviceId")), 3);
    sub = json_array_get(json_object_get(dev, "children"), 0);
    assert_string_equal(json_string_value(json_object_get(sub, "handle")), "0xcaf10001");
    assert_int_equal(json_array_size(json_object_get(sub, "children")), 0);
    json_decref(root);
    free(text);
}

static void
the_drawing_shows_siblings_and_last_children(void **state)
{
    struct bed *bed = *state;
    struct gsp_text text = {0};
    rm_handle a = 0, b = 0;

    assert_int_equal(rm_alloc(bed->c, bed->dev, 0x90f1, NULL, 0, &a, &bed->err), 0);
    assert_int_equal(rm_alloc(bed->c, bed->sub, 0xfff1, NULL, 0, &b, &bed->err), 0);
    assert_int_equal(rm_tree_text(bed->c, false, &text, &bed->err), 0);
    assert_string_equal(text.data, "0xcaf00000 NV01_ROOT\n"
                                   "\u2514\u2500 0xcaf10000 NV01_DEVICE_0\n"
                                   "   \u251c\u2500 0xcaf10001 NV20_SUBDEVICE_0\n"
                                   "   \u2502  \u2514\u2500 0xcaf10003 ? (0xfff1)\n"
                                   "   \u2514\u2500 0xcaf10002 FERMI_VASPACE_A\n");
    gsp_text_fini(&text);
}

static int
count_nodes(void *ctx, const struct rm_object *o)
{
    unsigned *n = ctx;

    assert_int_equal(o->depth, (*n)++);
    return 0;
}

static int
stop_at_once(void *ctx, const struct rm_object *o)
{
    (void)ctx;
    (void)o;
    return 7;
}

static void
a_walk_sees_parents_first_and_can_be_stopped(void **state)
{
    struct bed *bed = *state;
    unsigned n = 0;

    assert_int_equal(rm_tree_walk(bed->c, count_nodes, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(rm_tree_walk(bed->c, stop_at_once, NULL), 7);
}

static void
a_difference_names_what_came_went_and_changed(void **state)
{
    struct bed *bed = *state;
    struct gsp_text diff = {0};
    char *before = dump(bed), *after;
    rm_handle vas = 0, dev2 = bed->dev;

    assert_int_equal(rm_free(bed->c, bed->dev, &bed->err), 0);
    assert_int_equal(rm_alloc_json(bed->c, rm_client_handle(bed->c), "NV01_DEVICE_0",
                                   "{\"deviceId\": 4}", &dev2, NULL, &bed->err),
                     0);
    assert_int_equal(rm_alloc(bed->c, dev2, 0x90f1, NULL, 0, &vas, &bed->err), 0);
    after = dump(bed);
    assert_int_equal(rm_tree_diff(before, after, &diff, &bed->err), 0);
    assert_non_null(strstr(diff.data, "- 0xcaf10001 NV20_SUBDEVICE_0 under 0xcaf10000\n"));
    assert_non_null(strstr(diff.data, "+ 0xcaf10002 FERMI_VASPACE_A under 0xcaf10000\n"));
    assert_non_null(
        strstr(diff.data, "~ 0xcaf10000 NV01_DEVICE_0 under 0xcaf00000 deviceId: 3 -> 4"));
    gsp_text_fini(&diff);
    free(before);
    free(after);
}

static void
equal_trees_have_no_difference(void **state)
{
    struct bed *bed = *state;
    struct gsp_text diff = {0};
    char *text = dump(bed);

    assert_int_equal(rm_tree_diff(text, text, &diff, &bed->err), 0);
    assert_int_equal(diff.bytes, 0);
    gsp_text_fini(&diff);
    free(text);
}

static void
a_text_that_is_no_tree_is_refused_by_its_side(void **state)
{
    struct bed *bed = *state;
    struct gsp_text diff = {0};
    char *text = dump(bed);

    assert_int_equal(rm_tree_diff("{]", text, &diff, &bed->err), -EINVAL);
    assert_non_null(strstr(bed->err.text, "first"));
    assert_int_equal(rm_tree_diff(text, "[]", &diff, &bed->err), -EINVAL);
    assert_non_null(strstr(bed->err.text, "second"));
    gsp_text_fini(&diff);
    free(text);
}

static void
subscribing_allocates_an_event_and_switches_it_on(void **state)
{
    struct bed *bed = *state;
    const struct fake_call *alloc, *control;
    rm_handle event = 0;
    uint32_t words[4];

    assert_int_equal(rm_event_subscribe(bed->c, bed->sub, 5, &event, &bed->err), 0);
    alloc = &bed->f.calls[bed->f.call_count - 2];
    control = fake_last(&bed->f);
    assert_int_equal(alloc->id, 0x7e);
    assert_int_equal(alloc->parent, bed->sub);
    memcpy(words, alloc->params, sizeof(words));
    assert_int_equal(words[0], rm_client_handle(bed->c));
    assert_int_equal(words[1], bed->sub);
    assert_int_equal(words[2], 0x7e);
    assert_int_equal(words[3], 0x04000005);
    assert_int_equal(control->id, 0x20800301);
    memcpy(words, control->params, 8);
    assert_int_equal(words[0], 5);
    assert_int_equal(words[1], 2);
}

static void
a_refused_switch_takes_the_event_object_back(void **state)
{
    struct bed *bed = *state;
    rm_handle event = 0;

    bed->f.refuse_op = 'c';
    bed->f.refuse_status = 0x56;
    assert_int_equal(rm_event_subscribe(bed->c, bed->sub, 5, &event, &bed->err), -EREMOTEIO);
    assert_int_equal(event, 0);
    assert_int_equal(fake_last(&bed->f)->op, 'f');
}

static void
post_event_is_decoded_by_the_layout_of_the_release(void **state)
{
    struct bed *bed = *state;
    uint8_t payload[32] = {0};
    const uint32_t handle = 0xcaf10009, index = 11, data = 0x1234;
    struct rm_event e;

    memcpy(payload + 4, &handle, 4);
    memcpy(payload + 8, &index, 4);
    memcpy(payload + 12, &data, 4);
    payload[16] = 7;
    payload[20] = 0x56;
    bed->f.event = (struct gsp_event){.function = 0x1003,
                                      .time_ns = 99,
                                      .payload_bytes = sizeof(payload),
                                      .payload = payload};
    assert_int_equal(rm_event_next(bed->c, &e, 0, &bed->err), 0);
    assert_int_equal(e.event, handle);
    assert_int_equal(e.notify_index, 11);
    assert_int_equal(e.data, 0x1234);
    assert_int_equal(e.info16, 7);
    assert_int_equal(e.status, 0x56);
    assert_int_equal(e.time_ns, 99);
    assert_int_equal(rm_event_next(bed->c, &e, 0, &bed->err), -EAGAIN);
}

static void
a_short_post_event_is_refused(void **state)
{
    struct bed *bed = *state;
    uint8_t payload[9] = {0};
    struct rm_event e = {.event = 77};

    bed->f.event = (struct gsp_event){
        .function = 0x1003, .payload_bytes = sizeof(payload), .payload = payload};
    assert_int_equal(rm_event_next(bed->c, &e, 0, &bed->err), -EBADMSG);
    assert_int_equal(bed->err.origin, GSP_ORIGIN_PROTOCOL);
    assert_int_equal(e.event, 77);
}

static void
other_events_pass_through_undecoded(void **state)
{
    struct bed *bed = *state;
    uint8_t payload[4] = {1, 2, 3, 4};
    struct rm_event e;

    bed->f.event =
        (struct gsp_event){.function = 0x1006, .payload_bytes = 4, .payload = payload};
    assert_int_equal(rm_event_next(bed->c, &e, 0, &bed->err), 0);
    assert_int_equal(e.function, 0x1006);
    assert_int_equal(e.event, 0);
    assert_ptr_equal(e.payload, payload);
}

static void
a_backend_without_events_says_so(void **state)
{
    struct bed *bed = *state;
    struct rm_event e;

    bed->f.ops.event_next = NULL;
    assert_int_equal(rm_event_next(bed->c, &e, 0, &bed->err), -EOPNOTSUPP);
    assert_non_null(strstr(bed->err.text, "fake"));
}

int
main(void)
{
#define BED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        BED(the_json_dump_nests_as_the_tree_does),
        BED(the_drawing_shows_siblings_and_last_children),
        BED(a_walk_sees_parents_first_and_can_be_stopped),
        BED(a_difference_names_what_came_went_and_changed),
        BED(equal_trees_have_no_difference),
        BED(a_text_that_is_no_tree_is_refused_by_its_side),
        BED(subscribing_allocates_an_event_and_switches_it_on),
        BED(a_refused_switch_takes_the_event_object_back),
        BED(post_event_is_decoded_by_the_layout_of_the_release),
        BED(a_short_post_event_is_refused),
        BED(other_events_pass_through_undecoded),
        BED(a_backend_without_events_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
