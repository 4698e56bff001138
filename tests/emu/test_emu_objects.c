/* SPDX-License-Identifier: MIT */
/* The object tree: what may hang where, under which handle, and the status for what may not. */
#include "raw_client.h"
#include "test.h"

enum {
    OK = 0,
    DUPLICATE_NAME = 0x19,
    INSUFFICIENT_RESOURCES = 0x1a,
    INVALID_ARGUMENT = 0x1f,
    INVALID_CLASS = 0x22,
    INVALID_OBJECT = 0x31,
    INVALID_OBJECT_HANDLE = 0x33,
    INVALID_OBJECT_PARENT = 0x36,
    INVALID_PARAM_STRUCT = 0x3a,
    INVALID_STATE = 0x40,
    NOT_SUPPORTED = 0x56,
    OBJECT_NOT_FOUND = 0x57,
    STATE_IN_USE = 0x63,

    ROOT = 0x0,
    ROOT_CLIENT = 0x41,
    DEVICE = 0x80,
    SUBDEVICE = 0x2080,
    VASPACE = 0x90f1,
    TSG = 0xa06c,
    EVENT_CALLBACK = 0x7e,
};

static const uint8_t zeroes[512];

/* Each test runs on the four releases. */
static void
on_each_release(void (*run)(struct raw *r))
{
    for (size_t i = 0; i < 4; i++) {
        struct raw r;

        raw_boot(&r, raw_releases[i].name, "AD102", NULL);
        raw_tree(&r);
        run(&r);
        raw_close(&r);
    }
}

#define ON_EACH_RELEASE(name, body)                                                            \
    static void name(void **state)                                                             \
    {                                                                                          \
        (void)state;                                                                           \
        on_each_release(body);                                                                 \
    }

static unsigned
branch(const struct raw *r)
{
    return (unsigned)strtoul(r->rel.name, NULL, 10);
}

static void
clients(struct raw *r)
{
    const uint32_t n = r->rel.root_params;

    assert_int_equal(raw_alloc(r, RAW_CLIENT, 0, RAW_CLIENT, ROOT, zeroes, n), DUPLICATE_NAME);
    assert_int_equal(raw_alloc(r, 0xc1d00009, 0, 0, ROOT_CLIENT, zeroes, n), OK);
    assert_int_equal(raw_free(r, 0xc1d00009, 0xc1d00009), OK);
    assert_int_equal(raw_free(r, 0xc1d00009, 0xc1d00009), INVALID_OBJECT_HANDLE);
    assert_int_equal(raw_alloc(r, 0xc1d00009, 0, 0, ROOT, zeroes, n), OK);
    assert_int_equal(raw_alloc(r, 0xc1d0000a, 0, 0, ROOT, NULL, 0), OK);
    assert_int_equal(raw_alloc(r, 0xc1d0000b, 0, 0, ROOT, zeroes, n - 1), INVALID_PARAM_STRUCT);
}
ON_EACH_RELEASE(a_client_handle_is_the_callers_and_unique, clients)

static void
generated_client(struct raw *r)
{
    uint32_t handle;

    assert_int_equal(raw_alloc(r, 0, 0, 0, ROOT, zeroes, r->rel.root_params), OK);
    memcpy(&handle, r->payload, 4);
    assert_int_equal(handle & 0xfff00000, 0xc1d00000);
    assert_memory_equal(r->payload + 32, &handle, 4); /* NV0000_ALLOC_PARAMETERS.hClient */
    assert_int_equal(raw_free(r, handle, handle), OK);
}
ON_EACH_RELEASE(client_zero_asks_for_a_generated_handle, generated_client)

static void
unknown_client(struct raw *r)
{
    uint32_t mask = 0;

    assert_int_equal(raw_alloc(r, 0xbad, 0xbad, 1, DEVICE, zeroes, 56), INVALID_OBJECT_HANDLE);
    assert_int_equal(raw_control(r, 0xbad, RAW_SUBDEVICE, 0x20800137, &mask, 4), 0x23);
    assert_int_equal(raw_free(r, 0xbad, 1), INVALID_OBJECT_HANDLE);
    assert_int_equal(raw_dup(r, 0xbad, RAW_DEVICE, 9, RAW_CLIENT, RAW_DEVICE),
                     INVALID_OBJECT_HANDLE);
}
ON_EACH_RELEASE(an_unknown_client_has_its_status_in_every_call, unknown_client)

static void
classes(struct raw *r)
{
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 9, 0xdead, zeroes, 4), INVALID_CLASS);
    assert_int_equal(raw_alloc(r, 0xbad, RAW_DEVICE, 9, 0xdead, zeroes, 4), INVALID_CLASS);
}
ON_EACH_RELEASE(an_unknown_class_is_refused_before_the_client_is_looked_at, classes)

/* TURING_A (0xc597) exists in every release and is no class of AD102. */
static void
foreign_class(struct raw *r)
{
    uint8_t channel[512] = {0}, graphics[16] = {0};
    const uint32_t bytes = branch(r) < 570 ? 360 : 368;

    channel[0x80] = 1; /* engineType: GR0 */
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x10, 0xc56f, channel, bytes), OK);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, 0x10, 0x11, 0xc597, graphics, 16),
                     branch(r) < 580 ? INVALID_CLASS : NOT_SUPPORTED);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, 0x10, 0x11, 0xc997, graphics, 16), OK);
}
ON_EACH_RELEASE(classes_of_other_chips_are_refused_as_the_release_refuses_them, foreign_class)

static void
parents(struct raw *r)
{
    assert_int_equal(raw_alloc(r, RAW_CLIENT, 0x999, 9, DEVICE, zeroes, 56), OBJECT_NOT_FOUND);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, 0, 9, DEVICE, zeroes, 56), OBJECT_NOT_FOUND);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 9, DEVICE, zeroes, 56),
                     INVALID_OBJECT_PARENT);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_CLIENT, 9, SUBDEVICE, zeroes, 4),
                     INVALID_OBJECT_PARENT);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_CLIENT, RAW_CLIENT, DEVICE, zeroes, 56),
                     INVALID_OBJECT_PARENT);
}
ON_EACH_RELEASE(objects_hang_only_under_the_parents_of_their_class, parents)

static void
handles(struct raw *r)
{
    const uint32_t n = branch(r) < 580 ? 48 : 56;

    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, RAW_SUBDEVICE, VASPACE, zeroes, n),
                     DUPLICATE_NAME);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0xc9f00000, VASPACE, zeroes, n),
                     INVALID_OBJECT_HANDLE);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0xc9f7ffff, VASPACE, zeroes, n),
                     INVALID_OBJECT_HANDLE);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0xc9f80000, VASPACE, zeroes, n), OK);
}
ON_EACH_RELEASE(handles_in_use_and_handles_of_the_firmware_are_refused, handles)

static void
generated_handle(struct raw *r)
{
    const uint32_t n = branch(r) < 580 ? 48 : 56;
    uint32_t handle;

    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0, VASPACE, zeroes, n), OK);
    memcpy(&handle, r->payload + 8, 4);
    assert_in_range(handle, 0xc9f00000, 0xc9f7ffff);
    assert_int_equal(raw_free(r, RAW_CLIENT, handle), OK);
}
ON_EACH_RELEASE(handle_zero_asks_for_a_generated_one, generated_handle)

static void
params(struct raw *r)
{
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 9, VASPACE, zeroes, 8),
                     INVALID_PARAM_STRUCT);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 9, VASPACE, NULL, 0),
                     INVALID_ARGUMENT); /* required */
    assert_int_equal(raw_free(r, RAW_CLIENT, RAW_SUBDEVICE), OK);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 9, SUBDEVICE, NULL, 0), OK);
}
ON_EACH_RELEASE(params_are_optional_only_where_the_class_says_so, params)

static void
subdevices(struct raw *r)
{
    const uint32_t second = 1;

    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 9, SUBDEVICE, zeroes, 4),
                     INSUFFICIENT_RESOURCES);
    assert_int_equal(raw_free(r, RAW_CLIENT, RAW_SUBDEVICE), OK);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 9, SUBDEVICE, &second, 4),
                     INVALID_CLASS);
}
ON_EACH_RELEASE(a_device_has_one_subdevice, subdevices)

static void
devices(struct raw *r)
{
    uint32_t device[14] = {1};
    const bool old = branch(r) < 550;

    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_CLIENT, 9, DEVICE, device, 56),
                     old ? INVALID_CLASS : INVALID_STATE);
    device[0] = 32;
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_CLIENT, 9, DEVICE, device, 56),
                     old ? INVALID_CLASS : INVALID_ARGUMENT);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_CLIENT, 9, DEVICE, NULL, 0),
                     old ? OK : INVALID_ARGUMENT);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_CLIENT, 0xa, DEVICE, zeroes, 56), OK);
}
ON_EACH_RELEASE(only_device_zero_exists_and_may_be_allocated_again, devices)

static void
single(struct raw *r)
{
    const uint32_t hdacodec = 0x90ec;

    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 9, hdacodec, NULL, 0), OK);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 10, hdacodec, NULL, 0), STATE_IN_USE);
    assert_int_equal(raw_free(r, RAW_CLIENT, 9), OK);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 10, hdacodec, NULL, 0), OK);
}
ON_EACH_RELEASE(single_instance_classes_exist_once_under_a_parent, single)

static void
cascade(struct raw *r)
{
    const uint32_t n = branch(r) < 580 ? 48 : 56;
    uint32_t mask = 0;

    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x70, VASPACE, zeroes, n), OK);
    assert_int_equal(raw_control(r, RAW_CLIENT, RAW_SUBDEVICE, 0x20800137, &mask, 4), OK);
    assert_int_equal(raw_free(r, RAW_CLIENT, RAW_DEVICE), OK);
    assert_int_equal(raw_control(r, RAW_CLIENT, RAW_SUBDEVICE, 0x20800137, &mask, 4),
                     OBJECT_NOT_FOUND);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_CLIENT, RAW_DEVICE, DEVICE, zeroes, 56), OK);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x70, VASPACE, zeroes, n), OK);
}
ON_EACH_RELEASE(freeing_takes_everything_below_along, cascade)

static void
free_nothing(struct raw *r)
{
    assert_int_equal(raw_free(r, RAW_CLIENT, 0x4711), OK);
}
ON_EACH_RELEASE(freeing_what_is_not_there_is_no_error, free_nothing)

static void
dups(struct raw *r)
{
    const uint32_t n = branch(r) < 580 ? 48 : 56, other = 0xc1d00002;

    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x70, VASPACE, zeroes, n), OK);
    assert_int_equal(raw_alloc(r, other, 0, 0, ROOT, zeroes, r->rel.root_params), OK);
    assert_int_equal(raw_alloc(r, other, other, RAW_DEVICE, DEVICE, zeroes, 56), OK);
    assert_int_equal(raw_dup(r, other, RAW_DEVICE, 0x70, RAW_CLIENT, 0x70), OK);
    assert_int_equal(raw_dup(r, other, RAW_DEVICE, 0x70, RAW_CLIENT, 0x70), DUPLICATE_NAME);
    assert_int_equal(raw_dup(r, other, RAW_DEVICE, 0x71, RAW_CLIENT, 0x999), OBJECT_NOT_FOUND);
    assert_int_equal(raw_dup(r, other, 0x999, 0x71, RAW_CLIENT, 0x70), OBJECT_NOT_FOUND);
    assert_int_equal(raw_dup(r, other, RAW_DEVICE, 0x71, RAW_CLIENT, RAW_DEVICE),
                     INVALID_ARGUMENT); /* devices cannot be copied */
    assert_int_equal(raw_dup(r, other, RAW_DEVICE, 0, RAW_CLIENT, 0x70), OK);
    assert_int_not_equal(*(uint32_t *)(r->payload + 8), 0);
    /* The copy outlives its source. */
    assert_int_equal(raw_free(r, RAW_CLIENT, RAW_CLIENT), OK);
    assert_int_equal(raw_dup(r, other, RAW_DEVICE, 0x72, other, 0x70), OK);
}
ON_EACH_RELEASE(a_dup_is_an_object_of_its_own, dups)

static void
memory(struct raw *r)
{
    /* rpc_alloc_memory_v13_01: hClient, hDevice, hMemory, hClass, flags, pteAdjust, format,
     * length, pageCount, pteDesc */
    uint32_t words[16] = {RAW_CLIENT, RAW_DEVICE, 0x3e0, 0x3e};

    words[8] = 0x2000; /* length */
    words[10] = 2;     /* pageCount */
    words[12] = 2 << 16;
    words[14] = 0x100;
    assert_int_equal(raw_rpc(r, RAW_FN_ALLOC_MEMORY, words, 64), INVALID_PARAM_STRUCT);
    words[10] = 1;
    words[12] = 1 << 16;
    assert_int_equal(raw_rpc(r, RAW_FN_ALLOC_MEMORY, words, 64), OK);
    assert_int_equal(raw_rpc(r, RAW_FN_ALLOC_MEMORY, words, 64), DUPLICATE_NAME);
}
ON_EACH_RELEASE(memory_is_allocated_page_by_page, memory)

static void
page_directories(struct raw *r)
{
    /* hClient, hDevice, pasid, (pad,) NV0080_CTRL_DMA_SET_PAGE_DIRECTORY_PARAMS */
    uint32_t words[12] = {RAW_CLIENT, RAW_DEVICE, 0xffffffff};

    assert_int_equal(raw_rpc(r, RAW_FN_SET_PAGE_DIRECTORY, words, sizeof(words)), OK);
    words[8] = 0x999; /* hVASpace */
    assert_int_equal(raw_rpc(r, RAW_FN_SET_PAGE_DIRECTORY, words, sizeof(words)),
                     OBJECT_NOT_FOUND);
    words[8] = 0;
    words[1] = RAW_SUBDEVICE;
    assert_int_equal(raw_rpc(r, RAW_FN_SET_PAGE_DIRECTORY, words, sizeof(words)),
                     INVALID_OBJECT_HANDLE);
    words[0] = 0xbad;
    assert_int_equal(raw_rpc(r, RAW_FN_UNSET_PAGE_DIRECTORY, words, 16), 0x23);
}
ON_EACH_RELEASE(page_directories_belong_to_devices, page_directories)

/* The offsets are those of NV_CHANNEL_ALLOC_PARAMS, NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS and
 * NV_CTXSHARE_*. */
static void
channels(struct raw *r)
{
    const uint32_t n = branch(r) < 570 ? 360 : 368, vas = branch(r) < 580 ? 48 : 56;
    uint32_t channel[92] = {0}, group[5] = {0}, share[3] = {0};

    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x10, 0xc56f, channel, n),
                     INVALID_ARGUMENT); /* no engine */
    channel[32] = 0x3f;
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x10, 0xc56f, channel, n),
                     INVALID_ARGUMENT); /* an engine that the chip lacks */
    channel[32] = 1;
    channel[7] = 0x999; /* hVASpace */
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x10, 0xc56f, channel, n),
                     OBJECT_NOT_FOUND);
    channel[7] = RAW_SUBDEVICE;
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x10, 0xc56f, channel, n),
                     INVALID_OBJECT_HANDLE);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x70, VASPACE, zeroes, vas), OK);
    channel[7] = 0x70;
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x10, 0xc56f, channel, n), OK);
    group[3] = 1; /* engineType */
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x90, TSG, group, 20), OK);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, 0x90, 0x11, 0xc56f, channel, n),
                     INVALID_ARGUMENT); /* the share says which address space */
    share[0] = 0x70;
    assert_int_equal(raw_alloc(r, RAW_CLIENT, 0x90, 0x91, 0x9067, share, 12), OK);
    channel[7] = 0;
    channel[6] = 0x91; /* hContextShare */
    assert_int_equal(raw_alloc(r, RAW_CLIENT, 0x90, 0x11, 0xc56f, channel, n), OK);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x12, 0xc56f, channel, n),
                     INVALID_ARGUMENT); /* only in a group */
}
ON_EACH_RELEASE(channels_name_engines_and_address_spaces_that_exist, channels)

static void
serialized(struct raw *r)
{
    uint32_t p[12] = {RAW_CLIENT, RAW_SUBDEVICE, 0x20800137, 0, 4, 2};

    assert_int_equal(raw_rpc(r, RAW_FN_CONTROL, p, r->rel.control_header + 4), OK);
    assert_int_equal(r->payload[12], 0x6a); /* NV_ERR_LIB_RM_VERSION_MISMATCH */
}
ON_EACH_RELEASE(serialised_params_are_refused, serialized)

static void
many(struct raw *r)
{
    const uint32_t n = branch(r) < 580 ? 48 : 56;

    for (uint32_t i = 0; i < 500; i++)
        assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x1000 + i, VASPACE, zeroes, n),
                         OK);
    for (uint32_t i = 0; i < 500; i += 2)
        assert_int_equal(raw_free(r, RAW_CLIENT, 0x1000 + i), OK);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x1000, VASPACE, zeroes, n), OK);
    assert_int_equal(raw_alloc(r, RAW_CLIENT, RAW_DEVICE, 0x1001, VASPACE, zeroes, n),
                     DUPLICATE_NAME);
}
ON_EACH_RELEASE(hundreds_of_objects_come_and_go, many)

static void
functions(struct raw *r)
{
    uint32_t pde[6] = {0};

    assert_int_equal(raw_rpc(r, 3, NULL, 0), NOT_SUPPORTED);
    assert_int_equal(raw_rpc(r, 0x7fff, NULL, 0), NOT_SUPPORTED);
    assert_int_equal(raw_rpc(r, RAW_FN_UPDATE_BAR_PDE, pde, 24), OK);
    pde[0] = 2;
    assert_int_equal(raw_rpc(r, RAW_FN_UPDATE_BAR_PDE, pde, 24), INVALID_ARGUMENT);
    assert_int_equal(raw_rpc(r, RAW_FN_FREE, pde, 4), INVALID_PARAM_STRUCT);
    assert_int_equal(raw_rpc(r, RAW_FN_ALLOC, pde, 4), INVALID_PARAM_STRUCT);
    assert_int_equal(raw_rpc(r, RAW_FN_CONTROL, pde, 4), INVALID_PARAM_STRUCT);
}
ON_EACH_RELEASE(unknown_functions_and_short_payloads_are_refused, functions)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_handle_is_the_callers_and_unique),
        cmocka_unit_test(client_zero_asks_for_a_generated_handle),
        cmocka_unit_test(an_unknown_client_has_its_status_in_every_call),
        cmocka_unit_test(an_unknown_class_is_refused_before_the_client_is_looked_at),
        cmocka_unit_test(classes_of_other_chips_are_refused_as_the_release_refuses_them),
        cmocka_unit_test(objects_hang_only_under_the_parents_of_their_class),
        cmocka_unit_test(handles_in_use_and_handles_of_the_firmware_are_refused),
        cmocka_unit_test(handle_zero_asks_for_a_generated_one),
        cmocka_unit_test(params_are_optional_only_where_the_class_says_so),
        cmocka_unit_test(a_device_has_one_subdevice),
        cmocka_unit_test(only_device_zero_exists_and_may_be_allocated_again),
        cmocka_unit_test(single_instance_classes_exist_once_under_a_parent),
        cmocka_unit_test(freeing_takes_everything_below_along),
        cmocka_unit_test(freeing_what_is_not_there_is_no_error),
        cmocka_unit_test(a_dup_is_an_object_of_its_own),
        cmocka_unit_test(memory_is_allocated_page_by_page),
        cmocka_unit_test(page_directories_belong_to_devices),
        cmocka_unit_test(channels_name_engines_and_address_spaces_that_exist),
        cmocka_unit_test(serialised_params_are_refused),
        cmocka_unit_test(hundreds_of_objects_come_and_go),
        cmocka_unit_test(unknown_functions_and_short_payloads_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
