/* SPDX-License-Identifier: MIT */
/* Memory objects in this process: which device, which node, and what no backend can do. */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include <rm/rm.h>

#include "fake_backend.h"
#include "test.h"

struct maps {
    struct fake_backend f; /* first */
    struct gsp_map last;
    unsigned made, undone;
    uint32_t imported;
    bool refuse;
    int fd;
    uint8_t page[16];
};

static int
fake_map(struct gsp_backend *b, const struct gsp_map *map, void **at_out, struct gsp_error *err)
{
    struct maps *m = (struct maps *)b;

    (void)err;
    m->last = *map;
    m->made++;
    *at_out = m->page;
    return 0;
}

static int
fake_unmap(struct gsp_backend *b, void *at, struct gsp_error *err)
{
    struct maps *m = (struct maps *)b;

    if (at != m->page)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "nothing there");
    m->undone++;
    return 0;
}

static void
an_object_is_mapped_through_its_device_and_node(void **state)
{
    struct maps m = {.made = 0};
    struct gsp_error err = {0};
    rm_handle device = 0, subdevice = 0, memory = 0, fb = 0;
    struct rm_client *c;
    void *at = NULL;

    (void)state;
    fake_init(&m.f, "570.144");
    m.f.ops.map = fake_map;
    m.f.ops.unmap = fake_unmap;
    assert_int_equal(rm_client_open(&m.f.base, NULL, &c, &err), 0);
    assert_int_equal(
        rm_alloc_json(c, rm_client_handle(c), "NV01_DEVICE_0", NULL, &device, NULL, &err), 0);
    assert_int_equal(rm_alloc_json(c, device, "NV20_SUBDEVICE_0", NULL, &subdevice, NULL, &err),
                     0);
    assert_int_equal(rm_alloc_json(c, device, "NV01_MEMORY_SYSTEM", NULL, &memory, NULL, &err),
                     0);
    assert_int_equal(
        rm_alloc_json(c, subdevice, "NV01_MEMORY_LOCAL_USER", NULL, &fb, NULL, &err), 0);
    assert_int_equal(rm_map(c, memory, 4096, 8192, true, &at, &err), 0);
    assert_ptr_equal(at, m.page);
    assert_int_equal(m.last.hClient, rm_client_handle(c));
    assert_int_equal(m.last.hDevice, device);
    assert_int_equal(m.last.hMemory, memory);
    assert_int_equal(m.last.offset, 4096);
    assert_int_equal(m.last.bytes, 8192);
    assert_int_equal(m.last.flags, 0);
    assert_true(m.last.system);
    assert_int_equal(rm_unmap(c, at, &err), 0);
    assert_int_equal(rm_unmap(c, &m, &err), -EINVAL);
    assert_int_equal(rm_map(c, fb, 0, 4096, false, &at, &err), 0);
    assert_int_equal(m.last.hDevice, subdevice);
    assert_int_equal(m.last.flags, 1); /* read-only */
    assert_false(m.last.system);
    rm_client_close(c, NULL);
}

static int
fake_export(struct gsp_backend *b, uint32_t hClient, uint32_t hDevice, uint32_t hObject,
            int *fd_out, struct gsp_error *err)
{
    struct maps *m = (struct maps *)b;

    (void)hClient;
    (void)err;
    m->last.hDevice = hDevice;
    m->last.hMemory = hObject;
    *fd_out = m->fd = eventfd(0, EFD_CLOEXEC);
    return 0;
}

static int
fake_import(struct gsp_backend *b, int fd, uint32_t hClient, uint32_t hDevice, uint32_t hParent,
            uint32_t hObject, struct gsp_error *err)
{
    struct maps *m = (struct maps *)b;

    (void)hClient;
    assert_int_equal(fd, m->fd);
    assert_int_equal(hDevice, m->last.hDevice);
    m->last.hClient = hParent;
    m->imported = hObject;
    return m->refuse ? gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "not now") : 0;
}

static void
an_object_passes_through_a_descriptor_that_is_closed(void **state)
{
    struct maps m = {.made = 0};
    struct gsp_error err = {0};
    rm_handle device = 0, memory = 0, twin = 0;
    struct rm_object o;
    struct rm_client *c;

    (void)state;
    fake_init(&m.f, "570.144");
    assert_int_equal(rm_client_open(&m.f.base, NULL, &c, &err), 0);
    assert_int_equal(
        rm_alloc_json(c, rm_client_handle(c), "NV01_DEVICE_0", NULL, &device, NULL, &err), 0);
    assert_int_equal(rm_alloc_json(c, device, "NV01_MEMORY_SYSTEM", NULL, &memory, NULL, &err),
                     0);
    assert_int_equal(rm_dup_by_descriptor(c, device, memory, &twin, &err), -EOPNOTSUPP);
    m.f.ops.export_fd = fake_export;
    m.f.ops.import_fd = fake_import;
    m.refuse = true;
    assert_int_equal(rm_dup_by_descriptor(c, device, memory, &twin, &err), -EINVAL);
    assert_int_equal(fcntl(m.fd, F_GETFD), -1);
    assert_int_equal(twin, 0);
    m.refuse = false;
    assert_int_equal(rm_dup_by_descriptor(c, device, memory, &twin, &err), 0);
    assert_int_equal(fcntl(m.fd, F_GETFD), -1);
    assert_int_equal(m.last.hMemory, memory);
    assert_int_equal(m.last.hClient, device);
    assert_int_equal(m.imported, twin);
    assert_true(rm_object_get(c, twin, &o));
    assert_string_equal(o.class_name, "NV01_MEMORY_SYSTEM");
    twin = 0;
    assert_int_equal(rm_dup_by_descriptor(c, device, 0x99, &twin, &err), -EINVAL);
    rm_client_close(c, NULL);
}

static void
what_cannot_be_mapped_is_refused_before_the_backend_is_asked(void **state)
{
    struct maps m = {.made = 0};
    struct gsp_error err = {0};
    struct rm_client *c;
    void *at = NULL;

    (void)state;
    fake_init(&m.f, "570.144");
    assert_int_equal(rm_client_open(&m.f.base, NULL, &c, &err), 0);
    assert_int_equal(rm_map(c, rm_client_handle(c), 0, 4096, false, &at, &err), -EOPNOTSUPP);
    assert_non_null(strstr(err.hint, "-t nvidia"));
    assert_int_equal(rm_unmap(c, m.page, &err), -EOPNOTSUPP);
    m.f.ops.map = fake_map;
    assert_int_equal(rm_map(c, 0x1234, 0, 4096, false, &at, &err), -ENOENT);
    assert_int_equal(rm_map(c, rm_client_handle(c), 0, 4096, false, &at, &err), -EINVAL);
    assert_non_null(strstr(err.text, "not below a device"));
    assert_int_equal(m.made, 0);
    assert_null(at);
    rm_client_close(c, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_mapped_through_its_device_and_node),
        cmocka_unit_test(an_object_passes_through_a_descriptor_that_is_closed),
        cmocka_unit_test(what_cannot_be_mapped_is_refused_before_the_backend_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
