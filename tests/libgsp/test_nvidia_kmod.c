/* SPDX-License-Identifier: MIT */
/*
 * The backend over nvidia.ko against the emulated module, which was written from the vendor's
 * kernel side: what each of its calls does there, at releases whose structs differ.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gsp/nvidia.h>

#include "../emu/kmod_host.h"
#include "test.h"

enum { DEVICE = 0x1001, SUBDEVICE, MEMORY, SPACE, PAGES, EVENT, COPY, RANGE, BYTES = 0x10000 };

struct bed {
    struct host h;
    struct gsp_nvidia_os os;
    struct gsp_backend *b;
    struct gsp_error err;
    uint32_t client;
    int room; /* descriptors that may still be opened */
};

static int
os_open(void *ctx, const char *path, int flags)
{
    struct bed *bed = ctx;
    unsigned minor = 0;

    (void)flags;
    if (bed->room-- <= 0)
        return -EMFILE;
    if (!strcmp(path, "/dev/nvidiactl"))
        return host_node(&bed->h, EMU_NODE_CTL, 0);
    if (sscanf(path, "/dev/nvidia-caps/nvidia-cap%u", &minor) == 1)
        return host_node(&bed->h, EMU_NODE_CAP, minor);
    return sscanf(path, "/dev/nvidia%u", &minor) == 1 ? host_node(&bed->h, EMU_NODE_GPU, minor)
                                                      : -ENOENT;
}

static int
os_close(void *ctx, int fd)
{
    host_node_close(&((struct bed *)ctx)->h, fd);
    return 0;
}

static int
os_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
    return emu_kmod_ioctl(((struct bed *)ctx)->h.file[fd], request, arg);
}

static int
os_poll(void *ctx, int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (poll(&p, 1, timeout_ms) <= 0)
        return -EAGAIN;
    emu_kmod_polled(((struct bed *)ctx)->h.file[fd]);
    return 0;
}

static void *
os_map(void *ctx, int fd, size_t bytes, bool writable, int *rc_out)
{
    struct emu_kmod_map map;
    void *p;

    *rc_out = emu_kmod_mmap(((struct bed *)ctx)->h.file[fd], bytes, 0, &map);
    if (*rc_out < 0)
        return NULL;
    p = mmap(NULL, bytes, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd,
             (off_t)map.at);
    *rc_out = p == MAP_FAILED ? -errno : 0;
    return p == MAP_FAILED ? NULL : p;
}

static int
os_unmap(void *ctx, void *at, size_t bytes)
{
    (void)ctx;
    return munmap(at, bytes);
}

static ssize_t
os_read(void *ctx, const char *path, char *text, size_t bytes)
{
    (void)ctx;
    (void)path;
    (void)text;
    (void)bytes;
    return -ENOENT;
}

/* Back to how it was: no file of the module is open. */
static unsigned
open_files(const struct bed *bed)
{
    unsigned n = 0;

    for (unsigned i = 0; i < HOST_FDS; i++)
        n += bed->h.file[i] != NULL;
    return n;
}

static int
open_backend(struct bed *bed)
{
    const struct gsp_nvidia_config config = {
        .abi = {bed->h.abi.schema, NVRM_NO_RELEASE},
          .os = &bed->os
    };

    return gsp_nvidia_open(&config, &bed->b, &bed->err);
}

static int
alloc(struct bed *bed, uint32_t client, uint32_t parent, uint32_t handle,
      const char *class_name, const char *params_name, const char *field, uint64_t value)
{
    static uint8_t params[1024] __attribute__((aligned(8)));
    struct arg a = {.layout = NULL};

    if (params_name) {
        arg_init(&bed->h, &a, params_name);
        if (field)
            arg_set(&a, field, value);
        memcpy(params, a.data, a.layout->size);
    }
    return bed->b->ops->alloc(bed->b, client, parent, handle,
                              nvrm_class_find(bed->b->abi, class_name)->id, params,
                              a.layout ? a.layout->size : 0, &bed->err);
}

#define MUST(call)                                                                             \
    do {                                                                                       \
        if ((call) < 0)                                                                        \
            fail_msg("%s: %s: %s", nvrm_release_name(bed->h.abi.schema, bed->h.abi.release),   \
                     #call, bed->err.text);                                                    \
    } while (0)

static void
open_bed(struct bed *bed, const char *release)
{
    memset(bed, 0, sizeof(*bed));
    bed->room = 100;
    bed->os = (struct gsp_nvidia_os){bed,     os_open, os_close, os_ioctl,
                                     os_poll, os_map,  os_unmap, os_read};
    host_open(&bed->h, release, NULL, 1, true);
    MUST(open_backend(bed));
    assert_int_equal(bed->b->abi.release, bed->h.abi.release);
    MUST(bed->b->ops->open_client(bed->b, &bed->client, &bed->err));
    MUST(alloc(bed, bed->client, bed->client, DEVICE, "NV01_DEVICE_0",
               "NV0080_ALLOC_PARAMETERS", NULL, 0));
    MUST(gsp_nvidia_alloc_rights(bed->b, bed->client, DEVICE, SUBDEVICE, 0x2080, NULL, 0, 0,
                                 &bed->err));
    MUST(alloc(bed, bed->client, DEVICE, MEMORY, "NV01_MEMORY_LOCAL_USER",
               "NV_MEMORY_ALLOCATION_PARAMS", "size", BYTES));
}

static void
close_bed(struct bed *bed)
{
    bed->b->ops->close(bed->b);
    assert_int_equal(open_files(bed), 0);
    host_close(&bed->h);
}

static const char *const releases[] = {"535.113.01", "570.144", "580.65.06", "595.45.04"};

static void
memory_is_mapped_moved_and_unmapped(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct bed space, *bed = &space;
        struct gsp_map map = {.hDevice = DEVICE, .hMemory = MEMORY, .bytes = BYTES};
        uint32_t *at, *moved, *again;

        open_bed(bed, releases[i]);
        map.hClient = bed->client;
        MUST(bed->b->ops->map(bed->b, &map, (void **)&at, &bed->err));
        at[5] = 0x12345678;
        moved = mmap(NULL, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_ptr_equal(mremap(at, BYTES, BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, moved), moved);
        MUST(gsp_nvidia_mapping_moved(bed->b, at, moved, &bed->err));
        assert_int_equal(gsp_nvidia_mapping_moved(bed->b, at, moved, &bed->err), -EINVAL);
        assert_int_equal(moved[5], 0x12345678);
        assert_int_equal(bed->b->ops->unmap(bed->b, at, &bed->err), -EINVAL);
        MUST(bed->b->ops->unmap(bed->b, moved, &bed->err));
        MUST(bed->b->ops->map(bed->b, &map, (void **)&again, &bed->err));
        assert_int_equal(again[5], 0x12345678);
        close_bed(bed);
    }
}

static void
gpu_mappings_have_the_struct_of_the_release(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct bed space, *bed = &space;
        struct gsp_map_dma dma = {.hDevice = DEVICE, .hMemory = MEMORY, .bytes = BYTES};

        open_bed(bed, releases[i]);
        MUST(alloc(bed, bed->client, DEVICE, SPACE, "NV01_MEMORY_VIRTUAL",
                   "NV_MEMORY_VIRTUAL_ALLOCATION_PARAMS", NULL, 0));
        dma.hClient = bed->client;
        dma.hDma = SPACE;
        MUST(bed->b->ops->map_dma(bed->b, &dma, &bed->err));
        assert_true(dma.gpu_va != 0);
        MUST(bed->b->ops->unmap_dma(bed->b, &dma, &bed->err));
        assert_int_equal(bed->b->ops->unmap_dma(bed->b, &dma, &bed->err), -EREMOTEIO);
        close_bed(bed);
    }
}

static void
pages_of_this_process_become_an_object(void **state)
{
    struct bed space, *bed = &space;
    uint8_t *pages =
        mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        open_bed(bed, releases[i]);
        MUST(gsp_nvidia_alloc_pages(bed->b, bed->client, DEVICE, PAGES, pages, BYTES,
                                    &bed->err));
        assert_int_equal(
            gsp_nvidia_alloc_pages(bed->b, bed->client, DEVICE, PAGES, pages, BYTES, &bed->err),
            -EREMOTEIO);
        assert_int_equal(gsp_nvidia_alloc_pages(bed->b, bed->client, DEVICE, PAGES + 100,
                                                pages + 1, BYTES, &bed->err),
                         -EINVAL);
        MUST(bed->b->ops->free(bed->b, bed->client, DEVICE, PAGES, &bed->err));
        close_bed(bed);
    }
    munmap(pages, BYTES);
}

static void
an_object_travels_to_another_client_as_a_descriptor(void **state)
{
    struct bed space, *bed = &space;
    uint32_t other, *a, *b;
    struct gsp_map map = {.hDevice = DEVICE, .hMemory = MEMORY, .bytes = BYTES};
    int fd = -1;

    (void)state;
    open_bed(bed, "570.144");
    MUST(bed->b->ops->open_client(bed->b, &other, &bed->err));
    MUST(alloc(bed, other, other, DEVICE, "NV01_DEVICE_0", "NV0080_ALLOC_PARAMETERS", NULL, 0));
    MUST(bed->b->ops->export_fd(bed->b, bed->client, DEVICE, MEMORY, &fd, &bed->err));
    MUST(bed->b->ops->import_fd(bed->b, fd, other, DEVICE, DEVICE, COPY, &bed->err));
    os_close(bed, fd);
    map.hClient = bed->client;
    MUST(bed->b->ops->map(bed->b, &map, (void **)&a, &bed->err));
    map.hClient = other;
    map.hMemory = COPY;
    MUST(bed->b->ops->map(bed->b, &map, (void **)&b, &bed->err));
    a[1] = 77;
    assert_int_equal(b[1], 77);
    close_bed(bed);
}

/* Two clients, a descriptor each; one goes, and its descriptor with it. */
static void
events_of_several_clients_come_by_name(void **state)
{
    struct bed space, *bed = &space;
    uint32_t clients[2];
    uint64_t software = 0;
    unsigned before, seen = 0;
    struct gsp_event e;

    (void)state;
    open_bed(bed, "570.144");
    assert_true(nvrm_constant_find(bed->h.abi, "NV2080_NOTIFIERS_SW", &software));
    clients[0] = bed->client;
    MUST(bed->b->ops->open_client(bed->b, &clients[1], &bed->err));
    MUST(alloc(bed, clients[1], clients[1], DEVICE, "NV01_DEVICE_0", "NV0080_ALLOC_PARAMETERS",
               NULL, 0));
    MUST(gsp_nvidia_alloc_rights(bed->b, clients[1], DEVICE, SUBDEVICE, 0x2080, NULL, 0, 0,
                                 &bed->err));
    before = open_files(bed);
    for (unsigned i = 0; i < 2; i++) {
        struct arg p;

        MUST(alloc(bed, clients[i], SUBDEVICE, EVENT, "NV01_EVENT_KERNEL_CALLBACK_EX",
                   "NV0005_ALLOC_PARAMETERS", "notifyIndex", software));
        arg_init(&bed->h, &p, "NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS");
        arg_set(&p, "event", software);
        arg_set(&p, "action", 2); /* repeat */
        MUST(bed->b->ops->control(bed->b, clients[i], SUBDEVICE, 0x20800301, p.data,
                                  p.layout->size, &bed->err));
    }
    assert_int_equal(open_files(bed), before + 2);
    assert_int_equal(bed->b->ops->event_next(bed->b, &e, 1000000, &bed->err), -EAGAIN);
    for (unsigned i = 0; i < 2; i++)
        MUST(bed->b->ops->control(
            bed->b, clients[i], SUBDEVICE,
            nvrm_control_find(bed->b->abi, "NV2080_CTRL_CMD_EVENT_SET_TRIGGER")->id, NULL, 0,
            &bed->err));
    while (bed->b->ops->event_next(bed->b, &e, 50000000, &bed->err) == 0) {
        uint32_t client;

        memcpy(&client, e.payload, 4);
        assert_int_equal(e.function, 0x1003);
        seen |= client == clients[0] ? 1 : client == clients[1] ? 2 : 4;
    }
    assert_int_equal(seen, 3);
    MUST(bed->b->ops->free(bed->b, clients[1], 0, clients[1], &bed->err));
    assert_int_equal(open_files(bed), before + 1);
    close_bed(bed);
}

static void
the_rest_of_the_module_answers_by_name(void **state)
{
    struct bed space, *bed = &space;
    uint32_t id, none = 0xffff1234;
    unsigned count;
    int fd;

    (void)state;
    open_bed(bed, "595.45.04");
    assert_int_equal(
        gsp_nvidia_idle_channel(bed->b, bed->client, DEVICE, MEMORY, 1000, &bed->err),
        -EREMOTEIO);
    assert_non_null(strstr(bed->err.text, "NV_ERR_INVALID_CHANNEL"));
    assert_int_equal(gsp_nvidia_attach(bed->b, &none, 1, &bed->err), -EINVAL);
    assert_int_equal(gsp_nvidia_attach(bed->b, &none, 0, &bed->err), -EINVAL);
    id = gsp_nvidia_cards(bed->b, &count)[0].gpu_id;
    MUST(gsp_nvidia_attach(bed->b, &id, 1, &bed->err));
    if (gsp_nvidia_open_capability(bed->b, 1, &fd, &bed->err) == 0)
        os_close(bed, fd);
    else
        assert_non_null(strstr(bed->err.hint, "capabilities"));
    close_bed(bed);
}

/* A limit on descriptors hits at each open in turn: named, and nothing stays. */
static void
descriptors_that_run_out_leave_nothing_behind(void **state)
{
    (void)state;
    for (int room = 0; room < 5; room++) {
        struct bed space, *bed = &space;
        struct gsp_map map = {.hDevice = DEVICE, .hMemory = MEMORY, .bytes = BYTES};
        void *at;
        int rc;

        open_bed(bed, "570.144");
        map.hClient = bed->client;
        bed->room = 0;
        assert_int_equal(bed->b->ops->map(bed->b, &map, &at, &bed->err), -EMFILE);
        assert_non_null(strstr(bed->err.hint, "ulimit -n"));
        assert_int_equal(alloc(bed, bed->client, SUBDEVICE, EVENT,
                               "NV01_EVENT_KERNEL_CALLBACK_EX", "NV0005_ALLOC_PARAMETERS", NULL,
                               0),
                         -EMFILE);
        bed->b->ops->close(bed->b);
        assert_int_equal(open_files(bed), 0);
        bed->room = room;
        rc = open_backend(bed);
        assert_int_equal(rc, room < 2 ? -EMFILE : 0);
        if (rc == 0)
            bed->b->ops->close(bed->b);
        assert_int_equal(open_files(bed), 0);
        host_close(&bed->h);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_mapped_moved_and_unmapped),
        cmocka_unit_test(gpu_mappings_have_the_struct_of_the_release),
        cmocka_unit_test(pages_of_this_process_become_an_object),
        cmocka_unit_test(an_object_travels_to_another_client_as_a_descriptor),
        cmocka_unit_test(events_of_several_clients_come_by_name),
        cmocka_unit_test(the_rest_of_the_module_answers_by_name),
        cmocka_unit_test(descriptors_that_run_out_leave_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
