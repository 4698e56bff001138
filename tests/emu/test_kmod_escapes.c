/* SPDX-License-Identifier: MIT */
/*
 * The emulated kernel module's files and escapes: sizes, addresses, nodes, whose clients are
 * whose. errno values after nvidia_ioctl() of nv.c.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kmod_host.h"
#include "test.h"

static const char *const releases[] = {"535.113.01", "550.54.14", "570.144", "580.65.06",
                                       "595.45.04"};

#define BAD_ADDRESS ((void *)16)

/* Every escape with a struct, on the node that it belongs to. */
static const struct {
    const char *escape, *layout;
    enum emu_node node;
    bool either; /* on both nodes */
    bool list;
} escapes[] = {
    {"NV_ESC_CHECK_VERSION_STR",             "nv_ioctl_rm_api_version_t",          EMU_NODE_CTL, false, false},
    {"NV_ESC_CARD_INFO",                     "nv_ioctl_card_info_t",               EMU_NODE_CTL, false, true },
    {"NV_ESC_REGISTER_FD",                   "nv_ioctl_register_fd_t",             EMU_NODE_CTL, true,  false},
    {"NV_ESC_SYS_PARAMS",                    "nv_ioctl_sys_params_t",              EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_ALLOC",                      "NVOS21_PARAMETERS",                  EMU_NODE_CTL, true,  false},
    {"NV_ESC_RM_FREE",                       "NVOS00_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_CONTROL",                    "NVOS54_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_DUP_OBJECT",                 "NVOS55_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_ALLOC_MEMORY",               "nv_ioctl_nvos02_parameters_with_fd", EMU_NODE_GPU, false,
     false                                                                                                   },
    {"NV_ESC_RM_MAP_MEMORY",                 "nv_ioctl_nvos33_parameters_with_fd", EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_UNMAP_MEMORY",               "NVOS34_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_MAP_MEMORY_DMA",             "NVOS46_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_ALLOC_OS_EVENT",                "nv_ioctl_alloc_os_event_t",          EMU_NODE_CTL, true,  false},
    {"NV_ESC_FREE_OS_EVENT",                 "nv_ioctl_free_os_event_t",           EMU_NODE_CTL, true,  false},
    {"NV_ESC_RM_GET_EVENT_DATA",             "NVOS41_PARAMETERS",                  EMU_NODE_CTL, true,  false},
    {"NV_ESC_STATUS_CODE",                   "nv_ioctl_status_code_t",             EMU_NODE_CTL, false, false},
    {"NV_ESC_EXPORT_TO_DMABUF_FD",           "nv_ioctl_export_to_dma_buf_fd_t",    EMU_NODE_GPU, false,
     false                                                                                                   },
    {"NV_ESC_RM_ALLOC_OBJECT",               "NVOS05_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_SHARE",                      "NVOS57_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_VID_HEAP_CONTROL",           "NVOS32_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_UPDATE_DEVICE_MAPPING_INFO", "NVOS56_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_ALLOC_CONTEXT_DMA2",         "NVOS39_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_BIND_CONTEXT_DMA",           "NVOS49_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_IDLE_CHANNELS",              "NVOS30_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_ACCESS_REGISTRY",            "NVOS38_PARAMETERS",                  EMU_NODE_CTL, false, false},
    {"NV_ESC_RM_I2C_ACCESS",                 "NVOS_I2C_ACCESS_PARAMS",             EMU_NODE_GPU, false, false},
    {"NV_ESC_RM_UNMAP_MEMORY_DMA",           "NVOS47_PARAMETERS",                  EMU_NODE_CTL, false, false},
};

static void
check_escape(struct host *h, int ctl, int gpu, size_t i)
{
    const int right = escapes[i].node == EMU_NODE_CTL ? ctl : gpu;
    const int wrong = escapes[i].node == EMU_NODE_CTL ? gpu : ctl;
    struct arg a;
    const uint32_t bytes = (arg_init(h, &a, escapes[i].layout), a.layout->size);

    assert_int_equal(host_escape(h, right, escapes[i].escape, BAD_ADDRESS, bytes), -EFAULT);
    assert_int_equal(host_escape(h, right, escapes[i].escape, NULL, bytes), -EFAULT);
    /* From 595.44.02 on a request is looked at before the memory that it points to. */
    assert_int_equal(host_escape(h, right, escapes[i].escape, BAD_ADDRESS, bytes + 4),
                     !strncmp(nvrm_release_name(h->abi.schema, h->abi.release), "595", 3)
                         ? -EINVAL
                         : -EFAULT);
    assert_int_equal(host_escape(h, right, escapes[i].escape, a.data, bytes + 4), -EINVAL);
    assert_int_equal(host_escape(h, right, escapes[i].escape, a.data, bytes - 4), -EINVAL);
    assert_int_equal(host_escape(h, right, escapes[i].escape, a.data, 0), -EINVAL);
    if (!escapes[i].either)
        assert_int_equal(host_escape(h, wrong, escapes[i].escape, a.data, bytes), -EINVAL);
}

static void
sizes_addresses_and_nodes_are_checked_on_every_release(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof(releases) / sizeof(*releases); r++) {
        struct host h;
        int ctl, gpu;

        host_open(&h, releases[r], NULL, 1, false);
        ctl = host_node(&h, EMU_NODE_CTL, 0);
        gpu = host_node(&h, EMU_NODE_GPU, 0);
        for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++)
            if (!escapes[i].list)
                check_escape(&h, ctl, gpu, i);
        host_close(&h);
    }
}

static void
a_number_that_is_not_the_modules_is_einval(void **state)
{
    struct host h;
    uint64_t data[2] = {0};
    int ctl;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    ctl = host_node(&h, EMU_NODE_CTL, 0);
    assert_int_equal(emu_kmod_ioctl(h.file[ctl], _IOWR('F', 199, data), data), -EINVAL);
    assert_int_equal(emu_kmod_ioctl(h.file[ctl], 0x5401 /* TCGETS */, data), -EINVAL);
    /* The letter is nobody's business: SYS_PARAMS. */
    assert_int_equal(emu_kmod_ioctl(h.file[ctl], _IOC(3u, 'Q', 214, 8), data), 0);
    host_close(&h);
}

static void
nodes_of_cards_that_are_not_there_are_enodev(void **state)
{
    struct host h;

    (void)state;
    host_open(&h, "570.144", NULL, 2, false);
    assert_int_equal(host_node(&h, EMU_NODE_GPU, 2), -ENODEV);
    assert_true(host_node(&h, EMU_NODE_GPU, 1) >= 0);
    host_close(&h);
}

/* The module itself */

static int
version(struct host *h, int ctl, char cmd, const char *text, struct arg *a)
{
    arg_init(h, a, "nv_ioctl_rm_api_version_t");
    arg_set(a, "cmd", (uint64_t)cmd);
    snprintf(arg_at(a, "versionString"), 64, "%s", text);
    return host_call(h, ctl, "NV_ESC_CHECK_VERSION_STR", a);
}

static void
another_release_is_told_the_modules_own(void **state)
{
    struct host h;
    struct arg a;
    int ctl;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    ctl = host_node(&h, EMU_NODE_CTL, 0);
    assert_int_equal(version(&h, ctl, 0, "570.144", &a), 0);
    assert_int_equal(arg_get(&a, "reply"), 1);
    assert_int_equal(version(&h, ctl, 0, "570.133.20", &a), -EINVAL);
    assert_int_equal(arg_get(&a, "reply"), 0);
    assert_string_equal(arg_at(&a, "versionString"), "570.144");
    assert_int_equal(version(&h, ctl, '2', "", &a), 0);
    assert_string_equal(arg_at(&a, "versionString"), "570.144");
    host_close(&h);
}

static void
cards_are_listed_with_ids_and_addresses_of_their_own(void **state)
{
    struct host h;
    struct arg a;
    uint8_t rows[32 * 128] = {0};
    uint32_t one;
    int ctl;

    (void)state;
    host_open(&h, "595.45.04", "GA102", 3, false);
    ctl = host_node(&h, EMU_NODE_CTL, 0);
    arg_init(&h, &a, "nv_ioctl_card_info_t");
    one = a.layout->size;
    assert_int_equal(host_escape(&h, ctl, "NV_ESC_CARD_INFO", rows, 2 * one), -EINVAL);
    assert_int_equal(host_escape(&h, ctl, "NV_ESC_CARD_INFO", rows, 32 * one), 0);
    for (unsigned i = 0; i < 4; i++) {
        memcpy(a.data, rows + i * one, one);
        assert_int_equal(arg_get(&a, "valid"), i < 3);
        if (i == 3)
            break;
        assert_int_equal(arg_get(&a, "minor_number"), i);
        assert_int_equal(arg_get(&a, "pci_info.bus"), i + 1);
        assert_int_equal(arg_get(&a, "gpu_id"), 0x100 * (i + 1));
        assert_int_equal(arg_get(&a, "pci_info.vendor_id"), 0x10de);
        assert_true(arg_get(&a, "reg_address") && arg_get(&a, "fb_size"));
    }
    host_close(&h);
}

static const char *
file(struct host *h, const char *path, char *to, size_t bytes)
{
    for (unsigned i = 0; emu_kmod_file_path(h->kmod, i); i++) {
        ssize_t n;

        if (strcmp(emu_kmod_file_path(h->kmod, i), path))
            continue;
        n = emu_kmod_file_read(h->kmod, i, to, bytes - 1);
        assert_in_range(n, 1, bytes - 1);
        to[n] = '\0';
        return to;
    }
    fail_msg("no file %s", path);
    return NULL;
}

static void
files_say_what_the_escapes_say(void **state)
{
    struct host h;
    struct arg a;
    uint8_t rows[32 * 128] = {0};
    char text[8192], want[128];
    int ctl;

    (void)state;
    host_open(&h, "570.144", "GA102", 2, false);
    ctl = host_node(&h, EMU_NODE_CTL, 0);
    arg_init(&h, &a, "nv_ioctl_card_info_t");
    assert_int_equal(host_escape(&h, ctl, "NV_ESC_CARD_INFO", rows, 32ul * a.layout->size), 0);
    memcpy(a.data, rows + a.layout->size, a.layout->size);
    file(&h, "/sys/bus/pci/devices/0000:02:00.0/resource", text, sizeof(text));
    snprintf(want, sizeof(want), "0x%016llx 0x",
             (unsigned long long)arg_get(&a, "reg_address"));
    assert_non_null(strstr(text, want));
    snprintf(want, sizeof(want), "0x%016llx 0x", (unsigned long long)arg_get(&a, "fb_address"));
    assert_non_null(strstr(text, want));
    snprintf(want, sizeof(want), "0x%04x\n", (unsigned)arg_get(&a, "pci_info.device_id"));
    assert_string_equal(
        file(&h, "/sys/bus/pci/devices/0000:02:00.0/device", text, sizeof(text)), want);
    file(&h, "/proc/driver/nvidia/gpus/0000:02:00.0/information", text, sizeof(text));
    assert_non_null(strstr(text, "Bus Location: \t 0000:02:00.0\nDevice Minor: \t 1\n"));
    assert_non_null(strstr(text, "GPU Excluded:\t No\n"));
    file(&h, "/proc/driver/nvidia/params", text, sizeof(text));
    assert_non_null(strstr(text, "DeviceFileMode: 438\n"));
    file(&h, "/proc/driver/nvidia/capabilities/mig/config", text, sizeof(text));
    assert_string_equal(text, "DeviceFileMinor: 1\nDeviceFileMode: 256\nDeviceFileModify: 1\n");
    file(&h, "/sys/bus/pci/devices/0000:01:00.0/config", text, sizeof(text));
    assert_int_equal((uint8_t)text[0], 0xde);
    assert_int_equal((uint8_t)text[1], 0x10);
    assert_int_equal((uint8_t)text[0x3c], 16);
    for (unsigned i = 0; emu_kmod_file_path(h.kmod, i); i++) {
        const ssize_t whole = emu_kmod_file_read(h.kmod, i, text, sizeof(text));

        assert_in_range(whole, 1, 4096);
        assert_in_range(emu_kmod_file_read(h.kmod, i, text, 7), 1, 7);
    }
    assert_int_equal(emu_kmod_file_read(h.kmod, 1000, text, 7), -ENOENT);
    host_close(&h);
}

static void
a_descriptor_is_registered_once_and_with_a_control_node(void **state)
{
    struct host h;
    struct arg a;
    int ctl, gpu, other;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    ctl = host_node(&h, EMU_NODE_CTL, 0);
    other = host_node(&h, EMU_NODE_GPU, 0);
    gpu = host_card(&h, ctl, 0);
    arg_init(&h, &a, "nv_ioctl_register_fd_t");
    arg_set(&a, "ctl_fd", (uint64_t)ctl);
    assert_int_equal(host_call(&h, gpu, "NV_ESC_REGISTER_FD", &a), -EINVAL);
    assert_int_equal(host_call(&h, ctl, "NV_ESC_REGISTER_FD", &a), -EINVAL);
    arg_set(&a, "ctl_fd", (uint64_t)gpu);
    assert_int_equal(host_call(&h, other, "NV_ESC_REGISTER_FD", &a), -EINVAL);
    arg_set(&a, "ctl_fd", 1000);
    assert_int_equal(host_call(&h, other, "NV_ESC_REGISTER_FD", &a), -EINVAL);
    host_close(&h);
}

static void
cards_are_attached_by_their_ids(void **state)
{
    struct host h;
    uint32_t ids[2] = {0x100, 0x900};
    int ctl;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    ctl = host_node(&h, EMU_NODE_CTL, 0);
    assert_int_equal(host_escape(&h, ctl, "NV_ESC_ATTACH_GPUS_TO_FD", ids, 6), -EINVAL);
    assert_int_equal(host_escape(&h, ctl, "NV_ESC_ATTACH_GPUS_TO_FD", ids, 8), -EINVAL);
    assert_int_equal(host_escape(&h, ctl, "NV_ESC_ATTACH_GPUS_TO_FD", ids, 4), 0);
    assert_int_equal(host_escape(&h, ctl, "NV_ESC_ATTACH_GPUS_TO_FD", ids, 4), -EINVAL);
    host_close(&h);
}

static void
a_large_struct_comes_by_reference(void **state)
{
    struct host h;
    struct arg a;
    struct {
        uint32_t cmd, size;
        uint64_t ptr;
    } xfer = {210, 0, 0};
    int ctl;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    ctl = host_node(&h, EMU_NODE_CTL, 0);
    arg_init(&h, &a, "nv_ioctl_rm_api_version_t");
    arg_set(&a, "cmd", '2');
    xfer.size = a.layout->size;
    xfer.ptr = (uintptr_t)a.data;
    assert_int_equal(emu_kmod_ioctl(h.file[ctl], _IOWR('F', 211, xfer), &xfer), 0);
    assert_string_equal(arg_at(&a, "versionString"), "570.144");
    xfer.ptr = 16;
    assert_int_equal(emu_kmod_ioctl(h.file[ctl], _IOWR('F', 211, xfer), &xfer), -EFAULT);
    assert_int_equal(emu_kmod_ioctl(h.file[ctl], _IOWR('F', 211, xfer.ptr), &xfer), -EINVAL);
    host_close(&h);
}

static void
what_this_card_has_not_is_refused_as_the_module_would(void **state)
{
    struct host h;
    struct arg a;
    int ctl, gpu;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    ctl = host_node(&h, EMU_NODE_CTL, 0);
    arg_init(&h, &a, "nv_ioctl_status_code_t");
    arg_set(&a, "bus", 1);
    assert_int_equal(host_call(&h, ctl, "NV_ESC_STATUS_CODE", &a), -EINVAL); /* not up */
    gpu = host_node(&h, EMU_NODE_GPU, 0);
    assert_int_equal(host_call(&h, ctl, "NV_ESC_STATUS_CODE", &a), 0);
    arg_set(&a, "bus", 9);
    assert_int_equal(host_call(&h, ctl, "NV_ESC_STATUS_CODE", &a), -EINVAL);
    arg_init(&h, &a, "nv_ioctl_set_numa_status_t");
    assert_int_equal(host_call(&h, gpu, "NV_ESC_SET_NUMA_STATUS", &a), -EACCES);
    arg_init(&h, &a, "nv_ioctl_numa_info_t");
    assert_int_equal(host_call(&h, gpu, "NV_ESC_NUMA_INFO", &a), 0);
    assert_int_equal((int32_t)arg_get(&a, "nid"), -1);
    arg_init(&h, &a, "nv_ioctl_query_device_intr");
    assert_int_equal(host_call(&h, gpu, "NV_ESC_QUERY_DEVICE_INTR", &a), 0);
    arg_init(&h, &a, "NV_LOCKLESS_DIAGNOSTIC_PARAMS");
    assert_int_equal(host_call(&h, ctl, "NV_ESC_RM_LOCKLESS_DIAGNOSTIC", &a), -EINVAL);
    assert_int_equal(arg_get(&a, "status"), 0x1b /* INSUFFICIENT_PERMISSIONS */);
    arg_init(&h, &a, "nv_ioctl_export_to_dma_buf_fd_t");
    assert_int_equal(host_call(&h, gpu, "NV_ESC_EXPORT_TO_DMABUF_FD", &a), 0);
    assert_int_equal(arg_get(&a, "status"), 0x56 /* NOT_SUPPORTED */);
    host_close(&h);
    host_open(&h, "595.45.04", NULL, 1, false); /* has no such escape any more */
    gpu = host_node(&h, EMU_NODE_GPU, 0);
    assert_int_equal(emu_kmod_ioctl(h.file[gpu], _IOC(3u, 'F', 213, 8), a.data), -EINVAL);
    host_close(&h);
}

static void
a_memory_block_is_told_once(void **state)
{
    struct host h;
    struct arg a;
    int ctl;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    ctl = host_node(&h, EMU_NODE_CTL, 0);
    arg_init(&h, &a, "nv_ioctl_sys_params_t");
    arg_set(&a, "memblock_size", 128 << 20);
    assert_int_equal(host_call(&h, ctl, "NV_ESC_SYS_PARAMS", &a), 0);
    assert_int_equal(host_call(&h, ctl, "NV_ESC_SYS_PARAMS", &a), 0);
    arg_set(&a, "memblock_size", 1 << 20);
    assert_int_equal(host_call(&h, ctl, "NV_ESC_SYS_PARAMS", &a), -EBUSY);
    host_close(&h);
}

/* Clients */

static void
clients_end_with_their_file(void **state)
{
    struct host h;
    struct tree t;
    uint32_t again;
    int ctl;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, 0x77, false, 1 << 20), 0);
    ctl = host_node(&h, EMU_NODE_CTL, 0);
    host_node_close(&h, t.ctl);
    assert_int_equal(rm_dup(&h, ctl, 1, 1, 1, t.client, t.device), 0x23);
    host_node_close(&h, t.gpu); /* was registered with it, and kept it */
    again = rm_client(&h, ctl);
    assert_int_not_equal(again, t.client);
    assert_int_equal(rm_free(&h, ctl, t.client, t.client), 0x23 /* INVALID_CLIENT */);
    host_close(&h);
}

static void
clients_of_another_file_are_out_of_reach(void **state)
{
    struct host h;
    struct tree t;
    struct arg a;
    int ctl;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    ctl = host_node(&h, EMU_NODE_CTL, 0);
    arg_init(&h, &a, "NV0080_ALLOC_PARAMETERS");
    assert_int_equal(rm_free(&h, ctl, t.client, t.subdevice), 0x23);
    assert_int_equal(rm_control(&h, ctl, t.client, t.subdevice, 0x20800110, a.data, 68), 0x23);
    assert_int_equal(rm_alloc(&h, ctl, t.client, t.client, 9, 0x80, a.data, a.layout->size),
                     0x23);
    host_close(&h);
}

static void
only_events_are_made_on_a_cards_node(void **state)
{
    struct host h;
    struct tree t;
    struct arg a;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    arg_init(&h, &a, "NVOS21_PARAMETERS");
    arg_set(&a, "hClass", 0x41);
    assert_int_equal(host_call(&h, t.gpu, "NV_ESC_RM_ALLOC", &a), -EINVAL);
    arg_set(&a, "hRoot", t.client);
    arg_set(&a, "hObjectParent", t.device);
    arg_set(&a, "hClass", 0x3e);
    assert_int_equal(host_call(&h, t.gpu, "NV_ESC_RM_ALLOC", &a), -EINVAL);
    host_close(&h);
}

static void
parameters_have_the_classes_size_or_none(void **state)
{
    struct host h;
    struct arg a;
    uint32_t client;
    int ctl;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    ctl = host_node(&h, EMU_NODE_CTL, 0);
    client = rm_client(&h, ctl);
    arg_init(&h, &a, "NV0080_ALLOC_PARAMETERS");
    assert_int_equal(rm_alloc(&h, ctl, client, client, 1, 0x80, a.data, 0),
                     0x40 /* INVALID_STATE: nobody has opened the card */);
    host_card(&h, ctl, 0);
    assert_int_equal(rm_alloc(&h, ctl, client, client, 1, 0x80, a.data, 0), 0);
    assert_int_equal(rm_alloc(&h, ctl, client, client, 2, 0x80, a.data, a.layout->size - 8),
                     0x3a /* INVALID_PARAM_STRUCT */);
    assert_int_equal(rm_alloc(&h, ctl, client, client, 2, 0x80, BAD_ADDRESS, a.layout->size),
                     0x1e /* INVALID_ADDRESS */);
    assert_int_equal(rm_free(&h, ctl, client, 2), 0); /* not there: nothing to do */
    host_close(&h);
}

static void
objects_under_every_release_and_chip(void **state)
{
    static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102", "GH100"};

    (void)state;
    for (size_t r = 0; r < sizeof(releases) / sizeof(*releases); r++)
        for (size_t c = 0; c < sizeof(chips) / sizeof(*chips); c++) {
            struct host h;
            struct tree t;
            uint32_t status;
            uint8_t *at;

            host_open(&h, releases[r], chips[c], 1, false);
            tree_open(&h, &t, 0);
            assert_int_equal(rm_memory(&h, t.ctl, t.client, t.device, 7, false, 8192), 0);
            at = rm_map(&h, t.ctl, t.client, t.device, 7, host_card(&h, t.ctl, 0), 4096,
                        &status);
            assert_int_equal(status, 0);
            at[5] = 5;
            munmap(at, 4096);
            assert_int_equal(rm_free(&h, t.ctl, t.client, t.device), 0);
            assert_int_equal(rm_free(&h, t.ctl, t.client, t.client), 0);
            host_close(&h);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_addresses_and_nodes_are_checked_on_every_release),
        cmocka_unit_test(a_number_that_is_not_the_modules_is_einval),
        cmocka_unit_test(nodes_of_cards_that_are_not_there_are_enodev),
        cmocka_unit_test(another_release_is_told_the_modules_own),
        cmocka_unit_test(cards_are_listed_with_ids_and_addresses_of_their_own),
        cmocka_unit_test(files_say_what_the_escapes_say),
        cmocka_unit_test(a_descriptor_is_registered_once_and_with_a_control_node),
        cmocka_unit_test(cards_are_attached_by_their_ids),
        cmocka_unit_test(a_large_struct_comes_by_reference),
        cmocka_unit_test(what_this_card_has_not_is_refused_as_the_module_would),
        cmocka_unit_test(a_memory_block_is_told_once),
        cmocka_unit_test(clients_end_with_their_file),
        cmocka_unit_test(clients_of_another_file_are_out_of_reach),
        cmocka_unit_test(only_events_are_made_on_a_cards_node),
        cmocka_unit_test(parameters_have_the_classes_size_or_none),
        cmocka_unit_test(objects_under_every_release_and_chip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
