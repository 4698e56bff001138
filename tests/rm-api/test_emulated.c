/* SPDX-License-Identifier: MIT */
/* rm-api with its typed calls on the emulated card, over releases whose layouts differ. */
#include <errno.h>

#include <emu/emu.h>
#include <gsp/session.h>
#include <nvrm/types.h>
#include <rm/calls.h>
#include <rm/rm.h>

#include "test.h"

struct card {
    struct emu_gpu *gpu;
    struct gsp_backend *backend;
    struct rm_client *c;
    struct gsp_error err;
};

static void
open_card(struct card *card, const char *release)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct nvrm_abi abi = {s, nvrm_release_find(s, release)};
    const struct emu_config config = {.chip = "GA102", .abi = abi};
    struct gsp_rm_config rm = {.abi = abi};
    char message[200];

    memset(card, 0, sizeof(*card));
    assert_int_not_equal(abi.release, NVRM_NO_RELEASE);
    assert_int_equal(emu_gpu_create(&config, &card->gpu, message, sizeof(message)), 0);
    rm.bus = emu_gpu_bus(card->gpu);
    assert_int_equal(gsp_rm_open(&rm, &card->backend, &card->err), 0);
    assert_int_equal(rm_client_open(card->backend, NULL, &card->c, &card->err), 0);
}

static void
close_card(struct card *card)
{
    rm_client_close(card->c, NULL);
    card->backend->ops->close(card->backend);
    emu_gpu_destroy(card->gpu);
}

static const char *const releases[] = {"535.113.01", "570.144", "580.126.20", "595.45.04"};

static void
bring_up(struct card *card, rm_handle *dev, rm_handle *sub)
{
    struct NV0080_ALLOC_PARAMETERS device = {.hClientShare = rm_client_handle(card->c)};
    struct NV2080_ALLOC_PARAMETERS subdevice = {0};

    *dev = *sub = 0;
    assert_int_equal(
        rm_alloc_NV01_DEVICE_0(card->c, rm_client_handle(card->c), &device, dev, &card->err),
        0);
    assert_int_equal(rm_alloc_NV20_SUBDEVICE_0(card->c, *dev, &subdevice, sub, &card->err), 0);
}

static void
typed_calls_work_on_every_layout(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        static const char prefix[] = "NVIDIA GeForce";
        struct NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS name = {0};
        struct NV2080_CTRL_FB_GET_INFO_V2_PARAMS fb = {.fbInfoListSize = 1,
                                                       .fbInfoList[0].index = 8};
        struct card card;
        rm_handle dev, sub;

        open_card(&card, releases[i]);
        bring_up(&card, &dev, &sub);
        assert_int_equal(
            rm_ctl_NV2080_CTRL_CMD_GPU_GET_NAME_STRING(card.c, sub, &name, &card.err), 0);
        assert_memory_equal(name.gpuNameString.ascii, prefix, sizeof(prefix) - 1);
        assert_int_equal(rm_ctl_NV2080_CTRL_CMD_FB_GET_INFO_V2(card.c, sub, &fb, &card.err), 0);
        assert_in_range(fb.fbInfoList[0].data, 23u << 20, 24u << 20); /* KiB of a 24 GiB card */
        close_card(&card);
    }
}

static void
a_field_that_the_release_lacks_is_an_error_not_a_silent_drop(void **state)
{
    struct NV_VASPACE_ALLOCATION_PARAMETERS vas = {.pasid = 3};
    struct card card;
    rm_handle dev, sub, handle = 0;

    (void)state;
    open_card(&card, "570.144"); /* pasid came with 580.65.06 */
    bring_up(&card, &dev, &sub);
    assert_int_equal(rm_alloc_typed(card.c, dev, "FERMI_VASPACE_A", &vas, &handle, &card.err),
                     -EINVAL);
    assert_non_null(strstr(card.err.text, "pasid"));
    assert_int_equal(handle, 0);
    vas.pasid = 0;
    assert_int_equal(rm_alloc_typed(card.c, dev, "FERMI_VASPACE_A", &vas, &handle, &card.err),
                     0);
    close_card(&card);
}

static void
rm_refuses_in_its_own_words(void **state)
{
    struct card card;
    rm_handle dev, sub, handle = 0;

    (void)state;
    open_card(&card, "580.126.20");
    bring_up(&card, &dev, &sub);
    assert_int_equal(
        rm_alloc_json(card.c, sub, "NV01_DEVICE_0", NULL, &handle, NULL, &card.err),
        -EREMOTEIO);
    assert_int_equal(card.err.origin, GSP_ORIGIN_RM);
    assert_non_null(strstr(card.err.text, "NV_ERR_"));
    close_card(&card);
}

static void
two_clients_live_side_by_side(void **state)
{
    struct rm_client *second;
    struct card card;
    rm_handle dev, sub, twin = 0;

    (void)state;
    open_card(&card, "570.144");
    bring_up(&card, &dev, &sub);
    assert_int_equal(rm_client_open(card.backend, NULL, &second, &card.err), 0);
    assert_int_not_equal(rm_client_handle(second), rm_client_handle(card.c));
    assert_int_equal(rm_dup(second, rm_client_handle(second), rm_client_handle(card.c), 0x1,
                            &twin, &card.err),
                     -EREMOTEIO);
    rm_client_close(second, NULL);
    close_card(&card);
}

static void
a_triggered_event_arrives_for_its_object(void **state)
{
    struct rm_event e;
    struct card card;
    rm_handle dev, sub, event = 0;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        open_card(&card, releases[i]);
        bring_up(&card, &dev, &sub);
        assert_int_equal(rm_event_subscribe(card.c, sub, 0, &event, &card.err), 0);
        assert_int_equal(rm_event_next(card.c, &e, 0, &card.err), -EAGAIN);
        assert_int_equal(rm_control_json(card.c, sub, "NV2080_CTRL_CMD_EVENT_SET_TRIGGER", NULL,
                                         0, NULL, &card.err),
                         0);
        assert_int_equal(rm_event_next(card.c, &e, 1000000000, &card.err), 0);
        assert_int_equal(e.event, event);
        assert_int_equal(e.function, 0x1003);
        close_card(&card);
        event = 0;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_calls_work_on_every_layout),
        cmocka_unit_test(a_field_that_the_release_lacks_is_an_error_not_a_silent_drop),
        cmocka_unit_test(rm_refuses_in_its_own_words),
        cmocka_unit_test(two_clients_live_side_by_side),
        cmocka_unit_test(a_triggered_event_arrives_for_its_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
