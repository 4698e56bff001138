/* SPDX-License-Identifier: MIT */
/* RM behind the escapes: events, old calls, threads, several cards, and descriptors that run
 * out. */
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "kmod_host.h"
#include "test.h"

enum {
    OK = 0,
    ILLEGAL_ACTION = 0x16,
    PERMISSIONS = 0x1b,
    BAD_ARGUMENT = 0x1f,
    BAD_CLIENT = 0x23,
    BAD_EVENT = 0x28,
    BAD_PARENT = 0x36,
    NOT_SUPPORTED = 0x56,
    NOT_FOUND = 0x57,
    SYSTEM_ERROR = 0x59,
    MEMORY = 0x5c000010,
};

static const char *const releases[] = {"535.113.01", "570.144", "580.65.06", "595.45.04"};
#define RELEASES (sizeof(releases) / sizeof(*releases))

/* Events */

static uint32_t
alloc_os_event(struct host *h, int file, uint32_t client, int fd)
{
    struct arg a;

    arg_init(h, &a, "nv_ioctl_alloc_os_event_t");
    arg_set(&a, "hClient", client);
    arg_set(&a, "fd", (uint64_t)fd);
    assert_int_equal(host_call(h, file, "NV_ESC_ALLOC_OS_EVENT", &a), 0);
    return (uint32_t)arg_get(&a, "Status");
}

static uint32_t
free_os_event(struct host *h, int file, uint32_t client, int fd)
{
    struct arg a;

    arg_init(h, &a, "nv_ioctl_free_os_event_t");
    arg_set(&a, "hClient", client);
    arg_set(&a, "fd", (uint64_t)fd);
    assert_int_equal(host_call(h, file, "NV_ESC_FREE_OS_EVENT", &a), 0);
    return (uint32_t)arg_get(&a, "Status");
}

static uint32_t
make_event(struct host *h, struct tree *t, int file, uint32_t handle, uint32_t class_id, int fd,
           uint32_t index)
{
    struct arg a;

    arg_init(h, &a, "NV0005_ALLOC_PARAMETERS");
    arg_set(&a, "hParentClient", t->client);
    arg_set(&a, "hSrcResource", t->subdevice);
    arg_set(&a, "hClass", class_id);
    arg_set(&a, "notifyIndex", index);
    arg_set(&a, "data", (uint64_t)fd);
    return rm_alloc(h, file, t->client, t->subdevice, handle, class_id, a.data, a.layout->size);
}

static uint32_t
listen(struct host *h, struct tree *t, uint32_t index, uint32_t action)
{
    struct arg a;

    arg_init(h, &a, "NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS");
    arg_set(&a, "event", index);
    arg_set(&a, "action", action);
    return rm_ctl(h, t->ctl, t->client, t->subdevice, "NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION",
                  &a);
}

static void
trigger(struct host *h, struct tree *t)
{
    assert_int_equal(
        rm_ctl(h, t->ctl, t->client, t->subdevice, "NV2080_CTRL_CMD_EVENT_SET_TRIGGER", NULL),
        OK);
}

static uint32_t
fetch(struct host *h, int file, struct arg *event, uint32_t *more)
{
    struct arg a;

    arg_init(h, event, "NvUnixEvent");
    arg_init(h, &a, "NVOS41_PARAMETERS");
    arg_set(&a, "pEvent", (uintptr_t)event->data);
    assert_int_equal(host_call(h, file, "NV_ESC_RM_GET_EVENT_DATA", &a), 0);
    *more = (uint32_t)arg_get(&a, "MoreEvents");
    return (uint32_t)arg_get(&a, "status");
}

static bool
readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static uint32_t
sw_index(struct host *h)
{
    uint64_t index = 0;

    assert_true(nvrm_constant_find(h->abi, "NV2080_NOTIFIERS_SW", &index));
    return (uint32_t)index;
}

static void
an_event_makes_its_descriptor_readable_until_it_is_fetched(void **state)
{
    (void)state;
    for (size_t r = 0; r < RELEASES; r++) {
        struct host h;
        struct tree t;
        struct arg event;
        uint32_t more;
        int fd;

        host_open(&h, releases[r], NULL, 1, false);
        tree_open(&h, &t, 0);
        fd = host_card(&h, t.ctl, 0);
        assert_int_equal(alloc_os_event(&h, fd, t.client, fd), OK);
        assert_int_equal(make_event(&h, &t, fd, 0x70, 0x79, fd, sw_index(&h)), OK);
        assert_int_equal(listen(&h, &t, sw_index(&h), 2), OK);
        assert_false(readable(fd));
        assert_int_equal(fetch(&h, fd, &event, &more), SYSTEM_ERROR);
        trigger(&h, &t);
        trigger(&h, &t);
        assert_true(readable(fd));
        assert_int_equal(fetch(&h, fd, &event, &more), OK);
        assert_int_equal(arg_get(&event, "hObject"), 0x70);
        assert_int_equal(arg_get(&event, "NotifyIndex"), sw_index(&h));
        assert_int_equal(more, 1);
        assert_int_equal(fetch(&h, fd, &event, &more), OK);
        assert_int_equal(more, 0);
        assert_false(readable(fd));
        host_close(&h);
    }
}

static void
an_event_without_data_is_over_with_the_next_poll(void **state)
{
    struct host h;
    struct tree t;
    struct arg event;
    uint32_t more;
    int fd;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    fd = host_card(&h, t.ctl, 0);
    assert_int_equal(alloc_os_event(&h, fd, t.client, fd), OK);
    assert_int_equal(make_event(&h, &t, fd, 0x70, 0x79, fd, sw_index(&h) | 0x10000000), OK);
    assert_int_equal(listen(&h, &t, sw_index(&h), 2), OK);
    trigger(&h, &t);
    assert_true(readable(fd));
    assert_int_equal(fetch(&h, fd, &event, &more), SYSTEM_ERROR);
    emu_kmod_polled(h.file[fd]);
    assert_false(readable(fd));
    host_close(&h);
}

static void
events_name_what_was_allocated(void **state)
{
    struct host h;
    struct tree t;
    int fd;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    fd = host_card(&h, t.ctl, 0);
    assert_int_equal(make_event(&h, &t, fd, 0x70, 0x79, fd, 1), NOT_FOUND);
    assert_int_equal(free_os_event(&h, fd, t.client, fd), BAD_EVENT);
    assert_int_equal(alloc_os_event(&h, fd, t.client, fd), OK);
    assert_int_equal(alloc_os_event(&h, fd, t.client, fd), 0x1a /* INSUFFICIENT_RESOURCES */);
    assert_int_equal(make_event(&h, &t, fd, 0x71, 0x7e, fd, 1), ILLEGAL_ACTION);
    assert_int_equal(make_event(&h, &t, fd, 0x71, 0x79, fd, 1), OK);
    assert_int_equal(free_os_event(&h, fd, t.client, fd), OK);
    assert_int_equal(free_os_event(&h, fd, t.client, fd), BAD_EVENT);
    assert_int_equal(rm_free(&h, t.ctl, t.client, 0x71), OK);
    host_close(&h);
}

static void
events_end_with_their_client_and_their_file(void **state)
{
    struct host h;
    struct tree t;
    int fd;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    fd = host_card(&h, t.ctl, 0);
    assert_int_equal(alloc_os_event(&h, fd, t.client, fd), OK);
    assert_int_equal(make_event(&h, &t, fd, 0x70, 0x79, fd, sw_index(&h)), OK);
    assert_int_equal(listen(&h, &t, sw_index(&h), 2), OK);
    host_node_close(&h, fd);
    trigger(&h, &t); /* nobody is there */
    fd = host_card(&h, t.ctl, 0);
    assert_int_equal(alloc_os_event(&h, fd, t.client, fd), OK);
    assert_int_equal(rm_free(&h, t.ctl, t.client, t.client), OK);
    assert_int_equal(free_os_event(&h, fd, t.client, fd), BAD_EVENT);
    host_close(&h);
}

static void
descriptors_that_run_out_leave_nothing_behind(void **state)
{
    struct rlimit old, none;
    struct host h;
    struct tree t;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, MEMORY, false, 4096),
                     0x1a /* INSUFFICIENT_RESOURCES */);
    assert_int_equal(alloc_os_event(&h, t.gpu, t.client, t.gpu), 0x1a);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, MEMORY, false, 4096), OK);
    host_close(&h);
}

/* Calls that few programs make */

static uint32_t
status_of(struct host *h, int fd, const char *escape, struct arg *a)
{
    assert_int_equal(host_call(h, fd, escape, a), 0);
    return (uint32_t)arg_get(a, "status");
}

static void
calls_of_old_answer_with_their_own_statuses(void **state)
{
    struct host h;
    struct tree t;
    struct arg a;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, MEMORY, false, 65536), OK);
    arg_init(&h, &a, "NVOS39_PARAMETERS");
    arg_set(&a, "hObjectParent", t.client); /* which is what it holds */
    arg_set(&a, "hObjectNew", 0x77);
    arg_set(&a, "hClass", 2);
    arg_set(&a, "hMemory", MEMORY);
    arg_set(&a, "limit", 4095);
    assert_int_equal(status_of(&h, t.ctl, "NV_ESC_RM_ALLOC_CONTEXT_DMA2", &a), OK);
    arg_set(&a, "hMemory", 0x4242);
    assert_int_equal(status_of(&h, t.ctl, "NV_ESC_RM_ALLOC_CONTEXT_DMA2", &a), NOT_FOUND);
    arg_init(&h, &a, "NVOS49_PARAMETERS");
    arg_set(&a, "hClient", t.client);
    assert_int_equal(status_of(&h, t.ctl, "NV_ESC_RM_BIND_CONTEXT_DMA", &a), NOT_FOUND);
    arg_init(&h, &a, "NVOS57_PARAMETERS");
    arg_set(&a, "hClient", t.client);
    arg_set(&a, "hObject", MEMORY);
    assert_int_equal(status_of(&h, t.ctl, "NV_ESC_RM_SHARE", &a), OK);
    arg_set(&a, "hObject", 0x4242);
    assert_int_equal(status_of(&h, t.ctl, "NV_ESC_RM_SHARE", &a), NOT_FOUND);
    arg_init(&h, &a, "NVOS_I2C_ACCESS_PARAMS");
    assert_int_equal(status_of(&h, t.gpu, "NV_ESC_RM_I2C_ACCESS", &a), BAD_CLIENT);
    arg_set(&a, "hClient", t.client);
    assert_int_equal(status_of(&h, t.gpu, "NV_ESC_RM_I2C_ACCESS", &a), NOT_SUPPORTED);
    arg_init(&h, &a, "NVOS38_PARAMETERS");
    arg_set(&a, "AccessType", 2);
    assert_int_equal(status_of(&h, t.ctl, "NV_ESC_RM_ACCESS_REGISTRY", &a), PERMISSIONS);
    arg_set(&a, "AccessType", 9);
    assert_int_equal(status_of(&h, t.ctl, "NV_ESC_RM_ACCESS_REGISTRY", &a), BAD_ARGUMENT);
    arg_init(&h, &a, "NVOS05_PARAMETERS");
    arg_set(&a, "hRoot", t.client);
    arg_set(&a, "hObjectParent", t.device);
    arg_set(&a, "hObjectNew", 0x78);
    arg_set(&a, "hClass", 0x40);
    assert_int_equal(status_of(&h, t.ctl, "NV_ESC_RM_ALLOC_OBJECT", &a), BAD_ARGUMENT);
    host_close(&h);
}

/* Threads: each a program of its own on the same card. */

static void
live(struct host *h)
{
    struct tree t;
    struct arg event;
    uint32_t more, status;
    uint8_t *at;
    int fd;

    tree_open(h, &t, 0);
    fd = host_card(h, t.ctl, 0);
    assert_int_equal(alloc_os_event(h, fd, t.client, fd), OK);
    assert_int_equal(make_event(h, &t, fd, 0x70, 0x79, fd, sw_index(h)), OK);
    assert_int_equal(listen(h, &t, sw_index(h), 2), OK);
    assert_int_equal(rm_memory(h, t.ctl, t.client, t.device, MEMORY, false, 65536), OK);
    at = rm_map(h, t.ctl, t.client, t.device, MEMORY, t.gpu, 65536, &status);
    at[77] = 77;
    munmap(at, 65536);
    trigger(h, &t);
    assert_int_equal(fetch(h, fd, &event, &more), OK);
    assert_int_equal(rm_free(h, t.ctl, t.client, t.device), OK);
    host_node_close(h, fd);
    host_node_close(h, t.gpu);
    host_node_close(h, t.ctl);
}

static void *
live_often(void *arg)
{
    for (int i = 0; i < 25; i++)
        live(arg);
    return NULL;
}

static void
programs_in_eight_threads_do_not_meet(void **state)
{
    pthread_t threads[8];
    struct host h;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, live_often, &h), 0);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    host_close(&h);
}

/* Cards */

static void
several_cards_are_told_apart(void **state)
{
    struct host h;
    struct tree t[2];
    uint8_t uuid[2][16];

    (void)state;
    host_open(&h, "570.144", "GA102", 2, false);
    for (unsigned i = 0; i < 2; i++) {
        struct arg a;

        tree_open(&h, &t[i], i);
        arg_init(&h, &a, "NV2080_CTRL_GPU_GET_ID_PARAMS");
        assert_int_equal(
            rm_ctl(&h, t[i].ctl, t[i].client, t[i].subdevice, "NV2080_CTRL_CMD_GPU_GET_ID", &a),
            OK);
        assert_int_equal(arg_get(&a, "gpuId"), 0x100 * (i + 1));
        arg_init(&h, &a, "NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS");
        arg_set(&a, "gpuId", 0x100 * (i + 1));
        assert_int_equal(rm_ctl(&h, t[i].ctl, t[i].client, t[i].client,
                                "NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2", &a),
                         OK);
        assert_int_equal(arg_get(&a, "deviceInstance"), i);
        arg_init(&h, &a, "NV2080_CTRL_GPU_GET_GID_INFO_PARAMS");
        arg_set(&a, "flags", 2); /* binary */
        assert_int_equal(rm_ctl(&h, t[i].ctl, t[i].client, t[i].subdevice,
                                "NV2080_CTRL_CMD_GPU_GET_GID_INFO", &a),
                         OK);
        memcpy(uuid[i], arg_at(&a, "data"), 16);
        arg_init(&h, &a, "NV0000_CTRL_GPU_GET_UUID_INFO_PARAMS");
        memcpy(arg_at(&a, "gpuUuid"), uuid[i], 16);
        arg_set(&a, "flags", 2);
        assert_int_equal(rm_ctl(&h, t[i].ctl, t[i].client, t[i].client,
                                "NV0000_CTRL_CMD_GPU_GET_UUID_INFO", &a),
                         OK);
        assert_int_equal(arg_get(&a, "gpuId"), 0x100 * (i + 1));
    }
    assert_memory_not_equal(uuid[0], uuid[1], 16);
    assert_int_equal(rm_memory(&h, t[0].ctl, t[0].client, t[0].device, MEMORY, false, 4096),
                     OK);
    assert_int_equal(rm_dup(&h, t[1].ctl, t[1].client, t[1].device, 9, t[0].client, MEMORY),
                     BAD_PARENT);
    host_close(&h);
}

static void
a_card_that_nobody_opens_is_probed_but_not_attached(void **state)
{
    struct host h;
    struct tree t;
    struct arg a;

    (void)state;
    host_open(&h, "595.45.04", NULL, 2, false);
    tree_open(&h, &t, 1);
    arg_init(&h, &a, "NV0000_CTRL_GPU_GET_PROBED_IDS_PARAMS");
    rm_ctl(&h, t.ctl, t.client, t.client, "NV0000_CTRL_CMD_GPU_GET_PROBED_IDS", &a);
    assert_int_equal(arg_get(&a, "gpuIds[0]"), 0x100);
    assert_int_equal(arg_get(&a, "gpuIds[1]"), 0x200);
    assert_int_equal(arg_get(&a, "gpuIds[2]"), 0xffffffff);
    arg_init(&h, &a, "NV0000_CTRL_GPU_GET_ATTACHED_IDS_PARAMS");
    rm_ctl(&h, t.ctl, t.client, t.client, "NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS", &a);
    assert_int_equal(arg_get(&a, "gpuIds[0]"), 0x200);
    assert_int_equal(arg_get(&a, "gpuIds[1]"), 0xffffffff);
    arg_init(&h, &a, "NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS");
    arg_set(&a, "gpuId", 0x100);
    assert_int_equal(
        rm_ctl(&h, t.ctl, t.client, t.client, "NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2", &a),
        BAD_ARGUMENT);
    host_close(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_makes_its_descriptor_readable_until_it_is_fetched),
        cmocka_unit_test(an_event_without_data_is_over_with_the_next_poll),
        cmocka_unit_test(events_name_what_was_allocated),
        cmocka_unit_test(events_end_with_their_client_and_their_file),
        cmocka_unit_test(descriptors_that_run_out_leave_nothing_behind),
        cmocka_unit_test(calls_of_old_answer_with_their_own_statuses),
        cmocka_unit_test(programs_in_eight_threads_do_not_meet),
        cmocka_unit_test(several_cards_are_told_apart),
        cmocka_unit_test(a_card_that_nobody_opens_is_probed_but_not_attached),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
