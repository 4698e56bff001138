/* SPDX-License-Identifier: MIT */
/* Events: who may listen to what, how notifications are switched, what is posted. */
#include "raw_client.h"
#include "test.h"

enum {
    EVENT = 0x5,
    EVENT_CALLBACK = 0x7e,
    OS_EVENT = 0x79,
    SET_NOTIFICATION = 0x20800301,
    SET_TRIGGER = 0x20800302,
    NOTIFIER_SW = 0,
    DISABLE = 0,
    SINGLE = 1,
    REPEAT = 2,
    CLIENT_RM = 0x04000000, /* NV01_EVENT_CLIENT_RM, which the vendor's client sets */
};

/* NV0005_ALLOC_PARAMETERS: hParentClient, hSrcResource, hClass, notifyIndex, data */
static uint32_t
alloc_event(struct raw *r, uint32_t parent, uint32_t object, uint32_t cls, uint32_t inner,
            uint32_t index)
{
    const uint32_t params[6] = {RAW_CLIENT, 0, inner, index};

    return raw_alloc(r, RAW_CLIENT, parent, object, cls, params, sizeof(params));
}

static uint32_t
set_notification(struct raw *r, uint32_t event, uint32_t action)
{
    uint32_t params[5] = {event, action};

    return raw_control(r, RAW_CLIENT, RAW_SUBDEVICE, SET_NOTIFICATION, params, 20);
}

/* Returns how many POST_EVENTs came before the answer. */
static unsigned
trigger(struct raw *r)
{
    uint8_t payload[64] = {0};
    const uint32_t client = RAW_CLIENT, subdevice = RAW_SUBDEVICE, cmd = SET_TRIGGER;
    unsigned posted = 0;

    memcpy(payload, &client, 4);
    memcpy(payload + 4, &subdevice, 4);
    memcpy(payload + 8, &cmd, 4);
    raw_send(r, RAW_FN_CONTROL, payload, r->rel.control_header);
    while (raw_receive(r) && r->function == RAW_EV_POST_EVENT) {
        assert_int_equal(*(uint32_t *)(void *)r->payload, RAW_CLIENT);
        posted++;
    }
    assert_int_equal(r->function, RAW_FN_CONTROL);
    assert_int_equal(r->payload[12], 0);
    return posted;
}

static void
with_a_tree(struct raw *r, size_t release)
{
    raw_boot(r, raw_releases[release].name, NULL, NULL);
    raw_tree(r);
}

static void
a_subscriber_is_told_before_the_call_is_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct raw r;

        with_a_tree(&r, i);
        assert_int_equal(alloc_event(&r, RAW_SUBDEVICE, 0xe0, EVENT_CALLBACK, EVENT_CALLBACK,
                                     NOTIFIER_SW | CLIENT_RM),
                         0);
        assert_int_equal(trigger(&r), 0); /* not switched on yet */
        assert_int_equal(set_notification(&r, NOTIFIER_SW, REPEAT), 0);
        assert_int_equal(trigger(&r), 1);
        assert_int_equal(trigger(&r), 1);
        assert_int_equal(set_notification(&r, NOTIFIER_SW, DISABLE), 0);
        assert_int_equal(trigger(&r), 0);
        raw_close(&r);
    }
}

static void
a_single_notification_switches_itself_off(void **state)
{
    struct raw r;

    (void)state;
    with_a_tree(&r, 1);
    assert_int_equal(alloc_event(&r, RAW_SUBDEVICE, 0xe0, EVENT_CALLBACK, EVENT_CALLBACK, 0),
                     0);
    assert_int_equal(set_notification(&r, NOTIFIER_SW, SINGLE), 0);
    assert_int_equal(trigger(&r), 1);
    assert_int_equal(trigger(&r), 0);
    raw_close(&r);
}

static void
a_notification_that_is_on_must_be_switched_off_before_it_changes(void **state)
{
    struct raw r;

    (void)state;
    with_a_tree(&r, 1);
    assert_int_equal(set_notification(&r, NOTIFIER_SW, REPEAT), 0x40); /* nobody listens */
    assert_int_equal(alloc_event(&r, RAW_SUBDEVICE, 0xe0, EVENT_CALLBACK, EVENT_CALLBACK, 0),
                     0);
    assert_int_equal(set_notification(&r, NOTIFIER_SW, REPEAT), 0);
    assert_int_equal(set_notification(&r, NOTIFIER_SW, SINGLE), 0x40);
    assert_int_equal(set_notification(&r, NOTIFIER_SW, DISABLE), 0);
    assert_int_equal(set_notification(&r, NOTIFIER_SW, 3), 0x1f);
    assert_int_equal(set_notification(&r, 0xffff, REPEAT), 0x1f);
    raw_close(&r);
}

static void
every_subscriber_is_told_and_freed_ones_are_not(void **state)
{
    struct raw r;

    (void)state;
    with_a_tree(&r, 1);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(
            alloc_event(&r, RAW_SUBDEVICE, 0xe0 + i, EVENT_CALLBACK, EVENT_CALLBACK, 0), 0);
    assert_int_equal(alloc_event(&r, RAW_SUBDEVICE, 0xef, OS_EVENT, OS_EVENT, 3), 0);
    assert_int_equal(set_notification(&r, NOTIFIER_SW, REPEAT), 0);
    assert_int_equal(trigger(&r), 5);
    assert_int_equal(raw_free(&r, RAW_CLIENT, 0xe2), 0);
    assert_int_equal(trigger(&r), 4);
    raw_close(&r);
}

static void
the_generic_event_class_takes_its_class_from_the_params(void **state)
{
    struct raw r;

    (void)state;
    with_a_tree(&r, 1);
    assert_int_equal(alloc_event(&r, RAW_SUBDEVICE, 0xe0, EVENT, OS_EVENT, 0), 0);
    assert_int_equal(alloc_event(&r, RAW_SUBDEVICE, 0xe1, EVENT, 0x80, 0), 0x22);
    assert_int_equal(alloc_event(&r, RAW_SUBDEVICE, 0xe1, EVENT, EVENT, 0), 0x22);
    raw_close(&r);
}

static void
only_notifiers_can_be_listened_to(void **state)
{
    const uint32_t foreign[6] = {0xbad, 0, OS_EVENT};
    struct raw r;

    (void)state;
    with_a_tree(&r, 1);
    assert_int_equal(alloc_event(&r, RAW_DEVICE, 0xe0, OS_EVENT, OS_EVENT, 0), 0x31);
    assert_int_equal(alloc_event(&r, 0x999, 0xe0, OS_EVENT, OS_EVENT, 0), 0x57);
    assert_int_equal(
        raw_alloc(&r, RAW_CLIENT, RAW_SUBDEVICE, 0xe0, OS_EVENT, foreign, sizeof(foreign)),
        0x33);
    raw_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subscriber_is_told_before_the_call_is_answered),
        cmocka_unit_test(a_single_notification_switches_itself_off),
        cmocka_unit_test(a_notification_that_is_on_must_be_switched_off_before_it_changes),
        cmocka_unit_test(every_subscriber_is_told_and_freed_ones_are_not),
        cmocka_unit_test(the_generic_event_class_takes_its_class_from_the_params),
        cmocka_unit_test(only_notifiers_can_be_listened_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
