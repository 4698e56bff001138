/* SPDX-License-Identifier: MIT */
/* Memory behind the escapes: mapped, shared, exported, of the program and of old calls. */
#include <errno.h>
#include <sys/mman.h>

#include "kmod_host.h"
#include "test.h"

enum {
    OK = 0,
    BAD_ARGUMENT = 0x1f,
    NO_MEMORY = 0x51,
    NOT_SUPPORTED = 0x56,
    NOT_FOUND = 0x57,
    IN_USE = 0x63,
    MEMORY = 0x5c000010,
};

static const char *const releases[] = {"535.113.01", "570.144", "580.65.06", "595.45.04"};
#define RELEASES (sizeof(releases) / sizeof(*releases))

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
