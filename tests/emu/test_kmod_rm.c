/* SPDX-License-Identifier: MIT */
/*
 * RM behind the escapes: rights, events, memory that is mapped, shared and exported, cards of
 * several, and what is left when allocations fail.
 */
#include <errno.h>
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
    NO_MEMORY = 0x51,
    NOT_SUPPORTED = 0x56,
    NOT_FOUND = 0x57,
    SYSTEM_ERROR = 0x59,
    IN_USE = 0x63,
    MEMORY = 0x5c000010,
};

static const char *const releases[] = {"535.113.01", "570.144", "580.65.06", "595.45.04"};
#define RELEASES (sizeof(releases) / sizeof(*releases))

/* Rights */

static void
controls_are_for_whom_they_say(void **state)
{
    (void)state;
    for (int root = 0; root < 2; root++) {
        struct host h;
        struct tree t;
        struct arg a;

        host_open(&h, "570.144", NULL, 1, root);
        tree_open(&h, &t, 0);
        arg_init(&h, &a, "NV2080_CTRL_INTERNAL_STATIC_MIGMGR_GET_PROFILES_PARAMS");
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.subdevice,
                                "NV2080_CTRL_CMD_INTERNAL_STATIC_KMIGMGR_GET_PROFILES", &a),
                         NOT_SUPPORTED);
        arg_init(&h, &a, "NV2080_CTRL_GPU_GET_ENGINE_RUNLIST_PRI_BASE_PARAMS");
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.subdevice,
                                "NV2080_CTRL_CMD_GPU_GET_ENGINE_RUNLIST_PRI_BASE",
                                &a) == PERMISSIONS,
                         !root);
        arg_init(&h, &a, "NV2080_CTRL_GPU_GET_ID_PARAMS");
        assert_int_equal(
            rm_ctl(&h, t.ctl, t.client, t.subdevice, "NV2080_CTRL_CMD_GPU_GET_ID", &a), OK);
        host_close(&h);
    }
}

static void
classes_are_for_whom_they_say(void **state)
{
    struct host h;
    struct tree t;
    unsigned refused = 0;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    for (unsigned i = 0; i < nvrm_class_count(h.abi.schema); i++) {
        const struct nvrm_class *cls = nvrm_class_at(h.abi, i);
        uint32_t status;

        if (!cls || !cls->impl || nvrm_struct_at(h.abi, cls->params))
            continue;
        status = rm_alloc(&h, t.ctl, t.client, t.subdevice, 0x99, cls->id, NULL, 0);
        refused += status == PERMISSIONS;
        rm_free(&h, t.ctl, t.client, 0x99);
    }
    assert_true(refused > 0);
    host_close(&h);
}

static void
sizes_and_addresses_of_controls_are_checked(void **state)
{
    struct host h;
    struct tree t;
    struct arg a;
    uint32_t id;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    arg_init(&h, &a, "NV2080_CTRL_GPU_GET_ID_PARAMS");
    id = nvrm_control_find(h.abi, "NV2080_CTRL_CMD_GPU_GET_ID")->id;
    assert_int_equal(rm_control(&h, t.ctl, t.client, t.subdevice, id, NULL, 4), BAD_ARGUMENT);
    assert_int_equal(rm_control(&h, t.ctl, t.client, t.subdevice, id, a.data, 0), BAD_ARGUMENT);
    assert_int_equal(rm_control(&h, t.ctl, t.client, t.subdevice, id, a.data, 1 << 24),
                     BAD_ARGUMENT);
    assert_int_equal(rm_control(&h, t.ctl, t.client, t.subdevice, id, (void *)16, 4),
                     0x1e /* INVALID_ADDRESS */);
    assert_int_equal(rm_control(&h, t.ctl, t.client, 0x1234, id, a.data, 4), NOT_FOUND);
    assert_int_equal(rm_control(&h, t.ctl, 0x1234, t.subdevice, id, a.data, 4), BAD_CLIENT);
    assert_int_equal(rm_control(&h, t.ctl, 0x1234, 0x5678, 0x20800000, NULL, 0), OK); /* NULL */
    assert_int_equal(rm_control(&h, t.ctl, 0x1234, 0x5678, 0x20801300, NULL, 0), BAD_CLIENT);
    arg_init(&h, &a, "NVOS54_PARAMETERS");
    arg_set(&a, "hClient", t.client);
    arg_set(&a, "hObject", t.subdevice);
    arg_set(&a, "cmd", id);
    for (unsigned flag = 1; flag <= 2; flag++) { /* raised IRQL, lock bypass */
        arg_set(&a, "flags", flag);
        assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_CONTROL", &a), 0);
        assert_int_equal(arg_get(&a, "status"), BAD_ARGUMENT);
    }
    arg_init(&h, &a, "NVOS64_PARAMETERS");
    arg_set(&a, "hRoot", t.client);
    arg_set(&a, "hObjectParent", t.device);
    arg_set(&a, "hClass", 0x90f1);
    arg_set(&a, "pRightsRequested", 16);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_ALLOC", &a), 0);
    assert_int_equal(arg_get(&a, "status"), 0x1e);
    arg_init(&h, &a, "NVOS21_PARAMETERS"); /* a client of whatever class is one of the one */
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_ALLOC", &a), 0);
    assert_int_equal(arg_get(&a, "status"), OK);
    assert_int_equal(arg_get(&a, "hClass"), 0x41);
    host_close(&h);
}

static void
lists_behind_pointers_come_back(void **state)
{
    struct host h;
    struct tree t;
    struct arg a;
    uint32_t list[512] = {0};

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    arg_init(&h, &a, "NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS");
    assert_int_equal(
        rm_ctl(&h, t.ctl, t.client, t.device, "NV0080_CTRL_CMD_GPU_GET_CLASSLIST", &a), OK);
    assert_in_range(arg_get(&a, "numClasses"), 10, 512);
    arg_set(&a, "classList", (uintptr_t)list);
    assert_int_equal(
        rm_ctl(&h, t.ctl, t.client, t.device, "NV0080_CTRL_CMD_GPU_GET_CLASSLIST", &a), OK);
    assert_int_not_equal(list[0], 0);
    assert_int_not_equal(list[arg_get(&a, "numClasses") - 1], 0);
    assert_int_equal(arg_get(&a, "classList"), (uintptr_t)list);
    arg_set(&a, "classList", 16);
    assert_int_equal(
        rm_ctl(&h, t.ctl, t.client, t.device, "NV0080_CTRL_CMD_GPU_GET_CLASSLIST", &a), 0x1e);
    host_close(&h);
}

static void
controls_of_old_are_turned_into_their_successors(void **state)
{
    (void)state;
    for (size_t r = 0; r < RELEASES; r++) {
        struct host h;
        struct tree t;
        struct arg a;
        char text[3][64] = {{0}};
        uint32_t list[2] = {0};
        uint64_t index = 0;

        host_open(&h, releases[r], NULL, 1, false);
        tree_open(&h, &t, 0);
        arg_init(&h, &a, "NV2080_CTRL_BUS_GET_INFO_PARAMS");
        assert_true(nvrm_constant_find(h.abi, "NV2080_CTRL_BUS_INFO_INDEX_BUS_NUMBER", &index));
        list[0] = (uint32_t)index;
        arg_set(&a, "busInfoListSize", 1);
        arg_set(&a, "busInfoList", (uintptr_t)list);
        assert_int_equal(
            rm_ctl(&h, t.ctl, t.client, t.subdevice, "NV2080_CTRL_CMD_BUS_GET_INFO", &a), OK);
        assert_int_equal(list[1], 1);
        arg_set(&a, "busInfoList", 16);
        assert_int_equal(
            rm_ctl(&h, t.ctl, t.client, t.subdevice, "NV2080_CTRL_CMD_BUS_GET_INFO", &a), 0x1e);
        arg_set(&a, "busInfoListSize", 0);
        assert_int_equal(
            rm_ctl(&h, t.ctl, t.client, t.subdevice, "NV2080_CTRL_CMD_BUS_GET_INFO", &a),
            BAD_ARGUMENT);
        arg_init(&h, &a, "NV0000_CTRL_SYSTEM_GET_BUILD_VERSION_PARAMS");
        arg_set(&a, "sizeOfStrings", 64);
        arg_set(&a, "pDriverVersionBuffer", (uintptr_t)text[0]);
        arg_set(&a, "pVersionBuffer", (uintptr_t)text[1]);
        arg_set(&a, "pTitleBuffer", (uintptr_t)text[2]);
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.client,
                                "NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION", &a),
                         OK);
        assert_string_equal(text[0], releases[r]);
        host_close(&h);
    }
}

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

/* Memory */

static void
mapped_memory_is_one_for_all_who_map_it(void **state)
{
    (void)state;
    for (int system = 0; system < 2; system++) {
        struct host h;
        struct tree t;
        uint32_t status;
        uint8_t *a, *b;
        int fd[2];

        host_open(&h, "570.144", NULL, 1, false);
        tree_open(&h, &t, 0);
        for (int i = 0; i < 2; i++)
            fd[i] = system ? host_node(&h, EMU_NODE_CTL, 0) : host_card(&h, t.ctl, 0);
        assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, MEMORY, system, 65536), OK);
        a = rm_map(&h, t.ctl, t.client, t.device, MEMORY, fd[0], 65536, &status);
        assert_int_equal(status, OK);
        b = rm_map(&h, t.ctl, t.client, t.device, MEMORY, fd[1], 65536, &status);
        assert_int_equal(status, OK);
        assert_int_equal(a[4242], 0);
        a[4242] = 42;
        assert_int_equal(b[4242], 42);
        assert_null(rm_map(&h, t.ctl, t.client, t.device, MEMORY, fd[0], 4096, &status));
        assert_int_equal(status, IN_USE);
        munmap(a, 65536);
        munmap(b, 65536);
        host_close(&h);
    }
}

static void
mappings_go_through_the_right_node_and_stay_inside(void **state)
{
    struct host h;
    struct tree t;
    uint32_t status;

    (void)state;
    host_open(&h, "570.144", NULL, 2, false);
    tree_open(&h, &t, 0);
    assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, MEMORY, false, 4096), OK);
    assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, MEMORY + 1, true, 4096), OK);
    rm_map(&h, t.ctl, t.client, t.device, MEMORY, host_node(&h, EMU_NODE_CTL, 0), 4096,
           &status);
    assert_int_equal(status, BAD_ARGUMENT);
    rm_map(&h, t.ctl, t.client, t.device, MEMORY, host_card(&h, t.ctl, 1), 4096, &status);
    assert_int_equal(status, BAD_ARGUMENT);
    rm_map(&h, t.ctl, t.client, t.device, MEMORY + 1, t.gpu, 4096, &status);
    assert_int_equal(status, BAD_ARGUMENT);
    rm_map(&h, t.ctl, t.client, t.device, MEMORY, 1000, 4096, &status);
    assert_int_equal(status, BAD_ARGUMENT);
    rm_map(&h, t.ctl, t.client, t.device, MEMORY, t.gpu, 1 << 20, &status);
    assert_int_equal(status, 0x2e /* INVALID_LIMIT */);
    rm_map(&h, t.ctl, t.client, t.device, 0x4242, t.gpu, 4096, &status);
    assert_int_equal(status, NOT_FOUND);
    rm_map(&h, t.ctl, t.client, t.client, MEMORY, t.gpu, 4096, &status);
    assert_int_equal(status, 0x36 /* INVALID_OBJECT_PARENT: it is a device's */);
    rm_map(&h, t.ctl, t.client, MEMORY + 1, MEMORY, t.gpu, 4096, &status);
    assert_int_equal(status, 0x36);
    rm_map(&h, t.ctl, t.client, t.device, MEMORY, t.gpu, 0, &status);
    assert_int_equal(status, 0x2e);
    rm_map(&h, t.ctl, t.client, t.device, t.subdevice, t.gpu, 4096, &status);
    assert_int_equal(status, NOT_SUPPORTED);
    host_close(&h);
}

/* nvidia_mmap(): only what RM_MAP_MEMORY allowed, and all of it where it is a card's. */
static void
a_descriptor_is_mapped_as_it_was_allowed(void **state)
{
    struct emu_kmod_map map;
    struct host h;
    struct tree t;
    struct arg a;
    uint32_t status;
    int fd;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    assert_int_equal(emu_kmod_mmap(h.file[t.gpu], 4096, 0, &map), -EINVAL);
    assert_int_equal(emu_kmod_mmap(h.file[t.ctl], 4096, 0, &map), -EINVAL);
    fd = host_node(&h, EMU_NODE_CAP, 1);
    assert_int_equal(emu_kmod_mmap(h.file[fd], 4096, 0, &map), -ENODEV);
    arg_init(&h, &a, "NV_MEMORY_ALLOCATION_PARAMS");
    arg_set(&a, "size", 131072);
    arg_set(&a, "attr2", 1u << 22); /* PROTECTION_USER_READ_ONLY */
    assert_int_equal(
        rm_alloc(&h, t.ctl, t.client, t.device, MEMORY, 0x40, a.data, a.layout->size), OK);
    rm_map(&h, t.ctl, t.client, t.device, MEMORY, t.gpu, 8192, &status);
    assert_int_equal(status, BAD_ARGUMENT); /* not for writing */
    arg_init(&h, &a, "nv_ioctl_nvos33_parameters_with_fd");
    arg_set(&a, "params.hClient", t.client);
    arg_set(&a, "params.hDevice", t.subdevice);
    arg_set(&a, "params.hMemory", MEMORY);
    arg_set(&a, "params.offset", 131072);
    arg_set(&a, "params.length", 8192);
    arg_set(&a, "fd", (uint64_t)t.gpu);
    arg_set(&a, "params.flags", 3);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_MAP_MEMORY", &a), 0);
    assert_int_equal(arg_get(&a, "params.status"), 0x29 /* INVALID_FLAGS */);
    arg_set(&a, "params.flags", 1);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_MAP_MEMORY", &a), 0);
    assert_int_equal(arg_get(&a, "params.status"), 0x20 /* INVALID_BASE */);
    arg_set(&a, "params.offset", 4096 + 16);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_MAP_MEMORY", &a), 0);
    assert_int_equal(arg_get(&a, "params.status"), OK);
    assert_int_equal(emu_kmod_mmap(h.file[t.gpu], 8192, 0, &map), -ENXIO); /* three pages */
    assert_int_equal(emu_kmod_mmap(h.file[t.gpu], 12288, 0, &map), 0);
    assert_int_equal(map.at, 4096);
    assert_true(map.read_only);
    assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, MEMORY + 1, true, 8192), OK);
    fd = host_node(&h, EMU_NODE_CTL, 0);
    assert_non_null(rm_map(&h, t.ctl, t.client, t.device, MEMORY + 1, fd, 4096, &status));
    assert_int_equal(emu_kmod_mmap(h.file[fd], 8192, 0, &map), 0);
    assert_int_equal(emu_kmod_mmap(h.file[fd], 12288, 0, &map), -ERANGE);
    host_close(&h);
}

/* RM_ALLOC_MEMORY of system memory maps it at once, unless it is told not to. */
static void
system_memory_of_old_comes_with_its_mapping(void **state)
{
    struct emu_kmod_map map;
    struct host h;
    struct tree t;
    struct arg a;
    int fd;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    fd = host_node(&h, EMU_NODE_CTL, 0);
    arg_init(&h, &a, "nv_ioctl_nvos02_parameters_with_fd");
    arg_set(&a, "params.hRoot", t.client);
    arg_set(&a, "params.hObjectParent", t.device);
    arg_set(&a, "params.hObjectNew", MEMORY);
    arg_set(&a, "params.hClass", 0x3e);
    arg_set(&a, "params.limit", 8191);
    arg_set(&a, "fd", (uint64_t)fd);
    assert_int_equal(host_call(&h, t.gpu, "NV_ESC_RM_ALLOC_MEMORY", &a), 0);
    assert_int_equal(arg_get(&a, "params.status"), OK);
    assert_int_equal(emu_kmod_mmap(h.file[fd], 8192, 0, &map), 0);
    arg_set(&a, "params.hObjectNew", MEMORY + 1);
    assert_int_equal(host_call(&h, t.gpu, "NV_ESC_RM_ALLOC_MEMORY", &a), -EINVAL); /* taken */
    arg_set(&a, "params.hObjectNew", MEMORY + 2);
    arg_set(&a, "params.flags", 1u << 30);
    assert_int_equal(host_call(&h, t.gpu, "NV_ESC_RM_ALLOC_MEMORY", &a), 0);
    assert_int_equal(arg_get(&a, "params.status"), OK);
    host_close(&h);
}

static uint32_t
unmap(struct host *h, struct tree *t, uint32_t memory, uint64_t linear)
{
    struct arg a;

    arg_init(h, &a, "NVOS34_PARAMETERS");
    arg_set(&a, "hClient", t->client);
    arg_set(&a, "hDevice", t->device);
    arg_set(&a, "hMemory", memory);
    arg_set(&a, "pLinearAddress", linear);
    assert_int_equal(host_call(h, t->ctl, "NV_ESC_RM_UNMAP_MEMORY", &a), 0);
    return (uint32_t)arg_get(&a, "status");
}

static void
a_mapping_is_undone_once_by_its_address(void **state)
{
    struct emu_kmod_map map;
    struct host h;
    struct tree t;
    struct arg a;
    uint64_t linear;

    (void)state;
    host_open(&h, "595.45.04", NULL, 1, false);
    tree_open(&h, &t, 0);
    assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, MEMORY, false, 8192), OK);
    arg_init(&h, &a, "nv_ioctl_nvos33_parameters_with_fd");
    arg_set(&a, "params.hClient", t.client);
    arg_set(&a, "params.hDevice", t.device);
    arg_set(&a, "params.hMemory", MEMORY);
    arg_set(&a, "params.offset", 4096);
    arg_set(&a, "params.length", 4096);
    arg_set(&a, "fd", (uint64_t)t.gpu);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_MAP_MEMORY", &a), 0);
    assert_int_equal(arg_get(&a, "params.status"), OK);
    linear = arg_get(&a, "params.pLinearAddress");
    assert_int_equal(emu_kmod_mmap(h.file[t.gpu], 4096, 0, &map), 0);
    assert_int_equal(map.at, 4096);
    assert_int_equal(emu_kmod_mmap(h.file[t.gpu], 4096, linear, &map), -EINVAL);
    assert_int_equal(unmap(&h, &t, MEMORY, linear + 4096), NOT_FOUND);
    arg_init(&h, &a, "NVOS56_PARAMETERS");
    arg_set(&a, "hClient", t.client);
    arg_set(&a, "hDevice", t.device);
    arg_set(&a, "hMemory", MEMORY);
    arg_set(&a, "pOldCpuAddress", linear);
    arg_set(&a, "pNewCpuAddress", 0x7000);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_UPDATE_DEVICE_MAPPING_INFO", &a), 0);
    assert_int_equal(arg_get(&a, "status"), OK);
    assert_int_equal(unmap(&h, &t, MEMORY, linear), NOT_FOUND);
    assert_int_equal(unmap(&h, &t, MEMORY, 0x7000), OK);
    assert_int_equal(unmap(&h, &t, MEMORY, 0x7000), NOT_FOUND);
    host_close(&h);
}

static void
a_duplicate_keeps_memory_that_its_source_let_go(void **state)
{
    struct host h;
    struct tree t, u;
    uint32_t status;
    uint8_t *at;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    tree_open(&h, &u, 0);
    assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, MEMORY, false, 4096), OK);
    at = rm_map(&h, t.ctl, t.client, t.device, MEMORY, t.gpu, 4096, &status);
    at[7] = 7;
    munmap(at, 4096);
    assert_int_equal(rm_dup(&h, u.ctl, u.client, u.device, 0x88, t.client, 0x4242), NOT_FOUND);
    assert_int_equal(rm_dup(&h, u.ctl, u.client, u.device, 0x88, t.client, MEMORY), OK);
    assert_int_equal(rm_free(&h, t.ctl, t.client, t.client), OK);
    at = rm_map(&h, u.ctl, u.client, u.device, 0x88, u.gpu, 4096, &status);
    assert_int_equal(status, OK);
    assert_int_equal(at[7], 7);
    munmap(at, 4096);
    host_close(&h);
}

static uint32_t
through_descriptor(struct host *h, struct tree *t, const char *control, int fd, uint32_t object,
                   uint32_t *object_out)
{
    const bool out = strstr(control, "EXPORT_OBJECT_TO") != NULL;
    struct arg a;

    arg_init(h, &a,
             out ? "NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TO_FD_PARAMS"
                 : "NV0000_CTRL_OS_UNIX_IMPORT_OBJECT_FROM_FD_PARAMS");
    arg_set(&a, "fd", (uint64_t)fd);
    arg_set(&a, "object.type", 1);
    arg_set(&a, "object.data.rmObject.hDevice", t->device);
    arg_set(&a, "object.data.rmObject.hParent", t->device);
    arg_set(&a, "object.data.rmObject.hObject", object);
    *object_out = rm_ctl(h, t->ctl, t->client, t->client, control, &a);
    return (uint32_t)arg_get(&a, "object.data.rmObject.hObject");
}

static void
a_descriptor_carries_an_object_to_another_client(void **state)
{
    static const char to[] = "NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECT_TO_FD";
    static const char from[] = "NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_FROM_FD";

    (void)state;
    for (size_t r = 0; r < RELEASES; r++) {
        struct host h;
        struct tree t, u;
        uint32_t status, got;
        uint8_t *at;
        int fd;

        host_open(&h, releases[r], NULL, 1, false);
        tree_open(&h, &t, 0);
        tree_open(&h, &u, 0);
        fd = host_node(&h, EMU_NODE_CTL, 0);
        assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, MEMORY, false, 4096), OK);
        at = rm_map(&h, t.ctl, t.client, t.device, MEMORY, t.gpu, 4096, &status);
        at[9] = 9;
        munmap(at, 4096);
        through_descriptor(&h, &u, from, fd, 0, &status);
        assert_int_equal(status, BAD_ARGUMENT);
        through_descriptor(&h, &t, to, fd, MEMORY, &status);
        assert_int_equal(status, OK);
        through_descriptor(&h, &t, to, fd, MEMORY, &status);
        assert_int_equal(status, IN_USE);
        assert_int_equal(rm_free(&h, t.ctl, t.client, t.client), OK);
        got = through_descriptor(&h, &u, from, fd, 0, &status);
        assert_int_equal(status, OK);
        host_node_close(&h, fd);
        at = rm_map(&h, u.ctl, u.client, u.device, got, u.gpu, 4096, &status);
        assert_int_equal(status, OK);
        assert_int_equal(at[9], 9);
        munmap(at, 4096);
        host_close(&h);
    }
}

/* Multicast and memory exports name a card by a descriptor of its node (RmGetDeviceFd()). */
static void
a_control_may_name_a_card_by_its_descriptor(void **state)
{
    struct host h;
    struct tree t;
    struct arg p, a;
    int fd;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    fd = host_node(&h, EMU_NODE_GPU, 0);
    arg_init(&h, &p, "NV00FD_CTRL_ATTACH_GPU_PARAMS");
    arg_set(&p, "hSubdevice", t.subdevice);
    arg_init(&h, &a, "NVOS54_PARAMETERS");
    arg_set(&a, "hClient", t.client);
    arg_set(&a, "hObject", t.subdevice);
    arg_set(&a, "cmd", 0x00fd0104);
    arg_set(&a, "paramsSize", p.layout->size);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_CONTROL", &a), -EINVAL); /* no params */
    arg_set(&a, "params", (uintptr_t)p.data);
    arg_set(&p, "devDescriptor", (uint64_t)t.ctl);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_CONTROL", &a), -EINVAL);
    arg_set(&p, "devDescriptor", (uint64_t)t.gpu); /* it is registered */
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_CONTROL", &a), -EINVAL);
    arg_set(&p, "devDescriptor", (uint64_t)fd);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_CONTROL", &a), 0);
    assert_int_equal(arg_get(&a, "status"), NOT_SUPPORTED); /* of a subdevice */
    arg_init(&h, &a, "nv_ioctl_register_fd_t");
    arg_set(&a, "ctl_fd", (uint64_t)t.ctl);
    assert_int_equal(host_call(&h, fd, "NV_ESC_REGISTER_FD", &a), -EINVAL);
    host_close(&h);
}

static void
the_older_heap_call_makes_and_frees_memory(void **state)
{
    struct host h;
    struct tree t;
    struct arg a;
    uint64_t before;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    arg_init(&h, &a, "NVOS32_PARAMETERS");
    arg_set(&a, "hRoot", t.client);
    arg_set(&a, "hObjectParent", t.device);
    arg_set(&a, "function", 5);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_VID_HEAP_CONTROL", &a), 0);
    assert_int_equal(arg_get(&a, "status"), OK);
    before = arg_get(&a, "free");
    memset(arg_at(&a, "data"), 0, 144); /* a union */
    arg_set(&a, "function", 2);
    arg_set(&a, "data.AllocSize.hMemory", MEMORY);
    arg_set(&a, "data.AllocSize.size", 100000);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_VID_HEAP_CONTROL", &a), 0);
    assert_int_equal(arg_get(&a, "status"), OK);
    assert_int_equal(arg_get(&a, "data.AllocSize.size"), 131072);
    arg_set(&a, "function", 5);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_VID_HEAP_CONTROL", &a), 0);
    assert_int_equal(arg_get(&a, "free"), before - 131072);
    arg_set(&a, "function", 3);
    arg_set(&a, "data.Free.hMemory", MEMORY);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_VID_HEAP_CONTROL", &a), 0);
    assert_int_equal(arg_get(&a, "status"), OK);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_VID_HEAP_CONTROL", &a), 0);
    assert_int_equal(arg_get(&a, "status"), NOT_FOUND);
    arg_set(&a, "function", 19);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_VID_HEAP_CONTROL", &a), 0);
    assert_int_equal(arg_get(&a, "status"), NOT_SUPPORTED);
    host_close(&h);
}

static void
memory_of_the_program_needs_pages_that_are_there(void **state)
{
    struct host h;
    struct tree t;
    struct arg a;
    void *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static const struct {
        uint64_t off, limit;
        uint32_t status;
    } rows[] = {
        {0,  8191,              OK                        },
        {0,  8191,              0x19 /* DUPLICATE_NAME */ },
        {16, 4095,              NOT_SUPPORTED             },
        {0,  UINT64_C(1) << 46, 0x1e /* INVALID_ADDRESS */},
        {0,  UINT64_MAX,        0x2e /* INVALID_LIMIT */  },
    };

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        arg_init(&h, &a, "nv_ioctl_nvos02_parameters_with_fd");
        arg_set(&a, "params.hRoot", t.client);
        arg_set(&a, "params.hObjectParent", t.device);
        arg_set(&a, "params.hObjectNew", MEMORY + (i > 1 ? (uint32_t)i : 0));
        arg_set(&a, "params.hClass", 0x71);
        arg_set(&a, "params.pMemory", (uintptr_t)page + rows[i].off);
        arg_set(&a, "params.limit", rows[i].limit);
        assert_int_equal(host_call(&h, t.gpu, "NV_ESC_RM_ALLOC_MEMORY", &a), 0);
        assert_int_equal(arg_get(&a, "params.status"), 0x29 /* INVALID_FLAGS: NO_MAP lacks */);
        arg_set(&a, "params.flags", 1u << 30 | 1 << 12);
        assert_int_equal(host_call(&h, t.gpu, "NV_ESC_RM_ALLOC_MEMORY", &a), 0);
        assert_int_equal(arg_get(&a, "params.status"), rows[i].status);
    }
    host_close(&h);
    munmap(page, 8192);
}

static void
video_memory_ends_and_comes_back(void **state)
{
    struct host h;
    struct tree t;
    uint32_t n = 0;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    while (n < 64 &&
           rm_memory(&h, t.ctl, t.client, t.device, MEMORY + n, false, 256 << 20) == 0)
        n++;
    assert_in_range(n, 3, 8); /* of 2 GiB */
    assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, 1, false, 256 << 20), NO_MEMORY);
    assert_int_equal(rm_free(&h, t.ctl, t.client, MEMORY), OK);
    assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, 1, false, 256 << 20), OK);
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

/* Every SM once, a TPC's together; sums as GPC by GPC. */
static void
check_sm_order(struct host *h, const struct tree *t)
{
    struct arg order, gpc;
    uint64_t tpcs = 0;

    arg_init(h, &order, "NV2080_CTRL_GR_GET_GLOBAL_SM_ORDER_PARAMS");
    assert_int_equal(rm_ctl(h, t->ctl, t->client, t->subdevice,
                            "NV2080_CTRL_CMD_GR_GET_GLOBAL_SM_ORDER", &order),
                     0);
    for (uint64_t i = 0;; i++) {
        arg_init(h, &gpc, "NV2080_CTRL_GR_GET_NUM_TPCS_FOR_GPC_PARAMS");
        arg_set(&gpc, "gpcId", i);
        if (rm_ctl(h, t->ctl, t->client, t->subdevice,
                   "NV2080_CTRL_CMD_GR_GET_NUM_TPCS_FOR_GPC", &gpc))
            break;
        tpcs += arg_get(&gpc, "numTpcs");
    }
    assert_true(tpcs > 0);
    assert_int_equal(arg_get(&order, "numTpc"), tpcs);
    assert_int_equal(arg_get(&order, "numSm"), tpcs * 2);
    assert_int_equal(arg_get(&order, "globalSmId[1].localSmId"), 1);
    assert_int_equal(arg_get(&order, "globalSmId[1].globalTpcId"), 0);
    assert_int_equal(arg_get(&order, "globalSmId[2].gpcId"), 1);
    assert_int_equal(arg_get(&order, "globalSmId[2].localTpcId"), 0);
}

static void
compute_clients_learn_what_they_ask_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++) {
        struct host h;
        struct tree t;
        struct arg a;

        host_open(&h, releases[i], NULL, 1, false);
        tree_open(&h, &t, 0);
        if (strcmp(releases[i], "535.113.01") != 0) /* counts of a GPC came later */
            check_sm_order(&h, &t);
        arg_init(&h, &a, "NV2080_CTRL_FB_GET_GPU_CACHE_INFO_PARAMS");
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.subdevice,
                                "NV2080_CTRL_CMD_FB_GET_GPU_CACHE_INFO", &a),
                         0);
        assert_int_equal(arg_get(&a, "writeMode"), 1); /* write-back */
        arg_init(&h, &a, "NV2080_CTRL_GR_GET_CTX_BUFFER_SIZE_PARAMS");
        arg_set(&a, "hChannel", t.device);
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.subdevice,
                                "NV2080_CTRL_CMD_GR_GET_CTX_BUFFER_SIZE", &a),
                         0x33); /* INVALID_OBJECT_HANDLE */
        arg_init(&h, &a, "NV2080_CTRL_GPU_GET_ACTIVE_PARTITION_IDS_PARAMS");
        arg_set(&a, "partitionCount", 7);
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.subdevice,
                                "NV2080_CTRL_CMD_GPU_GET_ACTIVE_PARTITION_IDS", &a),
                         0);
        assert_int_equal(arg_get(&a, "partitionCount"), 0);
        arg_init(&h, &a, "NV0080_CTRL_GPU_QUERY_SW_STATE_PERSISTENCE_PARAMS");
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.device,
                                "NV0080_CTRL_CMD_GPU_QUERY_SW_STATE_PERSISTENCE", &a),
                         0);
        assert_int_equal(arg_get(&a, "swStatePersistence"), 1);
        host_close(&h);
    }
}

static void
time_of_cpu_and_card_come_in_pairs(void **state)
{
    static const char *const name = "NV2080_CTRL_CMD_TIMER_GET_GPU_CPU_TIME_CORRELATION_INFO";
    static const struct {
        unsigned clock, count;
        uint32_t status;
        unsigned filled;
    } rows[] = {
        {1,    4,  OK,            4 },
        {2,    16, OK,            16},
        {3,    5,  OK,            1 }, /* the platform's: one, whatever is asked for */
        {1,    17, BAD_ARGUMENT,  0 },
        {4,    1,  NOT_SUPPORTED, 0 }, /* the GSP's, of the CPU */
        {0x11, 3,  OK,            3 }, /* of the GSP */
        {0x12, 1,  NOT_SUPPORTED, 0 },
        {0x21, 1,  BAD_ARGUMENT,  0 },
    };
    struct host h;
    struct tree t;
    struct arg a;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char cpu[32], gpu[32];
        uint64_t last[2] = {0};

        arg_init(&h, &a, "NV2080_CTRL_TIMER_GET_GPU_CPU_TIME_CORRELATION_INFO_PARAMS");
        arg_set(&a, "cpuClkId", rows[i].clock);
        arg_set(&a, "sampleCount", rows[i].count);
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.subdevice, name, &a), rows[i].status);
        for (unsigned n = 0; n < 16; n++) {
            snprintf(cpu, sizeof(cpu), "samples[%u].cpuTime", n);
            snprintf(gpu, sizeof(gpu), "samples[%u].gpuTime", n);
            assert_int_equal(arg_get(&a, cpu) != 0 && arg_get(&a, gpu) != 0,
                             n < rows[i].filled);
            if (n >= rows[i].filled)
                continue;
            assert_true(arg_get(&a, cpu) >= last[0] && arg_get(&a, gpu) >= last[1]);
            last[0] = arg_get(&a, cpu);
            last[1] = arg_get(&a, gpu);
        }
    }
    host_close(&h);
}

/* Twice, as clients ask: how many there are, then which. */
static unsigned
classes_of(struct host *h, struct tree *t, const char *engine, uint32_t *list)
{
    uint64_t type;
    struct arg a;

    assert_true(nvrm_constant_find(h->abi, engine, &type));
    arg_init(h, &a, "NV2080_CTRL_GPU_GET_ENGINE_CLASSLIST_PARAMS");
    arg_set(&a, "engineType", type);
    assert_int_equal(rm_ctl(h, t->ctl, t->client, t->subdevice,
                            "NV2080_CTRL_CMD_GPU_GET_ENGINE_CLASSLIST", &a),
                     OK);
    if (!arg_get(&a, "numClasses"))
        return 0;
    arg_set(&a, "classList", (uintptr_t)list);
    assert_int_equal(rm_ctl(h, t->ctl, t->client, t->subdevice,
                            "NV2080_CTRL_CMD_GPU_GET_ENGINE_CLASSLIST", &a),
                     OK);
    return (unsigned)arg_get(&a, "numClasses");
}

static void
an_engine_names_its_classes(void **state)
{
    static const struct {
        const char *release, *chip, *engine;
        uint32_t has;
        unsigned count; /* without the buffers of the kernel, which newer lists have */
    } rows[] = {
        {"535.113.01", "TU102", "NV2080_ENGINE_TYPE_GR0",    0xc5c0, 4},
        {"570.144",    "GA100", "NV2080_ENGINE_TYPE_GR0",    0xc6c0, 4},
        {"595.45.04",  "GB202", "NV2080_ENGINE_TYPE_GR0",    0xcec0, 4},
        {"570.144",    "GH100", "NV2080_ENGINE_TYPE_COPY0",  0xc8b5, 1},
        {"570.144",    "AD102", "NV2080_ENGINE_TYPE_NVDEC0", 0xc9b0, 1},
        {"570.144",    "AD102", "NV2080_ENGINE_TYPE_NVENC0", 0xc9b7, 1},
        {"570.144",    "GA100", "NV2080_ENGINE_TYPE_NVENC0", 0,      0},
    };
    uint32_t list[32];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct host h;
        struct tree t;
        unsigned n, seen = 0, kernel = 0;

        host_open(&h, rows[i].release, rows[i].chip, 1, false);
        tree_open(&h, &t, 0);
        n = classes_of(&h, &t, rows[i].engine, list);
        for (unsigned k = 0; k < n; k++) {
            seen += list[k] == rows[i].has;
            kernel += list[k] == 0xc365 || list[k] == 0xc369;
        }
        assert_int_equal(seen, rows[i].has != 0);
        assert_int_equal(n - kernel, rows[i].count);
        host_close(&h);
    }
}

static void
no_card_reaches_another(void **state)
{
    static const char *const name = "NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS_MATRIX";
    struct host h;
    struct tree t;
    struct arg a;

    (void)state;
    host_open(&h, "570.144", NULL, 2, false);
    tree_open(&h, &t, 0);
    arg_init(&h, &a, "NV0000_CTRL_SYSTEM_GET_P2P_CAPS_MATRIX_PARAMS");
    assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.client, name, &a), BAD_ARGUMENT);
    arg_set(&a, "grpACount", 2);
    arg_set(&a, "gpuIdGrpA[0]", 0x100);
    arg_set(&a, "gpuIdGrpA[1]", 0x999);
    assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.client, name, &a), BAD_ARGUMENT);
    arg_set(&a, "gpuIdGrpA[1]", 0x200);
    memset(arg_at(&a, "p2pCaps"), 0xff, 4 * 64);
    assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.client, name, &a), OK);
    assert_int_equal(arg_get(&a, "p2pCaps[0]"), 0);
    assert_int_equal(arg_get(&a, "p2pCaps[8]"), 0);
    assert_int_equal(arg_get(&a, "p2pCaps[9]"), 0);
    assert_int_equal(arg_get(&a, "p2pCaps[1]"), 0xffffffff); /* told as 1 to 0 */
    arg_set(&a, "grpBCount", 1);
    arg_set(&a, "gpuIdGrpB[0]", 0x200);
    assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.client, name, &a), OK);
    assert_int_equal(arg_get(&a, "p2pCaps[1]"), 0xffffffff); /* one column */
    arg_set(&a, "grpBCount", 9);
    assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.client, name, &a), BAD_ARGUMENT);
    host_close(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(controls_are_for_whom_they_say),
        cmocka_unit_test(classes_are_for_whom_they_say),
        cmocka_unit_test(sizes_and_addresses_of_controls_are_checked),
        cmocka_unit_test(lists_behind_pointers_come_back),
        cmocka_unit_test(controls_of_old_are_turned_into_their_successors),
        cmocka_unit_test(an_event_makes_its_descriptor_readable_until_it_is_fetched),
        cmocka_unit_test(an_event_without_data_is_over_with_the_next_poll),
        cmocka_unit_test(events_name_what_was_allocated),
        cmocka_unit_test(events_end_with_their_client_and_their_file),
        cmocka_unit_test(mapped_memory_is_one_for_all_who_map_it),
        cmocka_unit_test(mappings_go_through_the_right_node_and_stay_inside),
        cmocka_unit_test(a_mapping_is_undone_once_by_its_address),
        cmocka_unit_test(a_descriptor_is_mapped_as_it_was_allowed),
        cmocka_unit_test(system_memory_of_old_comes_with_its_mapping),
        cmocka_unit_test(a_duplicate_keeps_memory_that_its_source_let_go),
        cmocka_unit_test(a_descriptor_carries_an_object_to_another_client),
        cmocka_unit_test(a_control_may_name_a_card_by_its_descriptor),
        cmocka_unit_test(the_older_heap_call_makes_and_frees_memory),
        cmocka_unit_test(memory_of_the_program_needs_pages_that_are_there),
        cmocka_unit_test(video_memory_ends_and_comes_back),
        cmocka_unit_test(descriptors_that_run_out_leave_nothing_behind),
        cmocka_unit_test(calls_of_old_answer_with_their_own_statuses),
        cmocka_unit_test(programs_in_eight_threads_do_not_meet),
        cmocka_unit_test(several_cards_are_told_apart),
        cmocka_unit_test(a_card_that_nobody_opens_is_probed_but_not_attached),
        cmocka_unit_test(compute_clients_learn_what_they_ask_for),
        cmocka_unit_test(time_of_cpu_and_card_come_in_pairs),
        cmocka_unit_test(an_engine_names_its_classes),
        cmocka_unit_test(no_card_reaches_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
