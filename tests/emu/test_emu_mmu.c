/* SPDX-License-Identifier: MIT */
/* Page tables of both versions as channels meet them: sizes, rights, apertures, faults. */
#include <emu/walk.h>

#include "exec_client.h"
#include "test.h"

/* Page tables */

static void
all_page_sizes_lead_to_memory(void **state)
{
    static const unsigned shifts[] = {12, 16, 21, 29, 38};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 5; k++) {
            const uint64_t va = UINT64_C(0x4000000000), page = UINT64_C(1) << shifts[k];
            const uint64_t pa = shifts[k] >= 29 ? 0 : UINT64_C(0x2000000);
            struct exec_channel c;
            struct exec x;

            if (shifts[k] == 29 ? !strcmp(exec_chips[i].name, "TU102")
                                : shifts[k] == 38 && strcmp(exec_chips[i].name, "GB202") != 0)
                continue;
            exec_open_one(&x, &c, exec_chips[i].name);
            exec_map(&x, va, shifts[k], 0, pa, 0);
            exec_semaphore(&c, va + (pa ? page - 4 : EXEC_DATA), 0x77, RELEASE);
            exec_kick(&c);
            if (exec_rd(&x, pa ? pa + page - 4 : EXEC_DATA) != 0x77)
                fail_msg("%s: pages of 2^%u", exec_chips[i].name, shifts[k]);
            exec_close(&x);
        }
}

static void
pages_that_the_chip_lacks_are_no_pages(void **state)
{
    static const struct {
        const char *chip;
        unsigned shift;
    } rows[] = {
        {"TU102", 29},
        {"AD102", 38},
        {"GH100", 38},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256] = "";
        struct exec_channel c;
        struct exec x;

        exec_open_one(&x, &c, rows[i].chip);
        exec_map(&x, UINT64_C(0x4000000000), rows[i].shift, 0, 0, 0);
        exec_semaphore(&c, UINT64_C(0x4000000000), 1, RELEASE);
        exec_kick(&c);
        assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 31);
        assert_non_null(strstr(text, "FAULT_PDE_SIZE"));
        exec_close(&x);
    }
}

static void
the_walk_can_be_asked_for(void **state)
{
    const uint64_t va = UINT64_C(0x4000000000);

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct emu_walk w;
        struct exec x;

        exec_open(&x, exec_chips[i].name, NULL);
        exec_map(&x, va, 16, 0, EXEC_DATA, EXEC_READ_ONLY);
        exec_map(&x, va + 0x10000, 16, 1, 0x123450000, EXEC_PRIVILEGED);
        exec_map(&x, va + 0x200000, 12, 0, 0, EXEC_SPARSE);
        assert_true(emu_gpu_walk(x.r.gpu, false, x.root, va + 0x1234, &w));
        assert_true(w.read_only && !w.system && !w.privileged && !w.sparse);
        assert_int_equal(w.addr, EXEC_DATA + 0x1234);
        assert_int_equal(w.page_bytes, 0x10000);
        assert_true(emu_gpu_walk(x.r.gpu, false, x.root, va + 0x10000, &w));
        assert_true(w.system && w.privileged && !w.read_only);
        assert_int_equal(w.addr, 0x123450000);
        assert_true(emu_gpu_walk(x.r.gpu, false, x.root, va + 0x200000, &w) && w.sparse);
        assert_int_equal(w.page_bytes, 0x1000);
        assert_false(emu_gpu_walk(x.r.gpu, false, x.root, va + 0x201000, &w));
        assert_string_equal(w.fault, "PTE");
        assert_false(emu_gpu_walk(x.r.gpu, true, 0x1000, va, &w));
        assert_string_equal(w.fault, "PDE");
        exec_close(&x);
    }
}

static void
rights_and_apertures_are_checked(void **state)
{
    static const struct {
        unsigned flags;
        uint32_t execute;
        const char *says;
    } rows[] = {
        {EXEC_READ_ONLY,  RELEASE,   "FAULT_RO_VIOLATION ACCESS_TYPE_VIRT_WRITE" },
        {EXEC_READ_ONLY,  REDUCTION, "FAULT_RO_VIOLATION ACCESS_TYPE_VIRT_ATOMIC"},
        {EXEC_PRIVILEGED, ACQUIRE,   "FAULT_PRIV_VIOLATION ACCESS_TYPE_VIRT_READ"},
        {EXEC_PEER,       ACQUIRE,   "FAULT_UNSUPPORTED_APERTURE"                },
    };

    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
            char text[256] = "";
            struct exec_channel c;
            struct exec x;

            exec_open_one(&x, &c, exec_chips[i].name);
            exec_map(&x, UINT64_C(0x4000000000), 12, 0, EXEC_DATA, rows[k].flags);
            exec_semaphore(&c, UINT64_C(0x4000000000), 1, rows[k].execute);
            exec_kick(&c);
            assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 31);
            if (!strstr(text, rows[k].says) || !strstr(text, "faulted @ 0x40_00000000"))
                fail_msg("%s: %s", exec_chips[i].name, text);
            exec_close(&x);
        }
}

static void
what_is_not_mapped_or_no_memory_faults(void **state)
{
    static const struct {
        uint64_t va;
        const char *says;
    } rows[] = {
        {UINT64_C(0x7f0000000000),    "FAULT_PDE"             },
        {UINT64_C(0x4000001000),      "FAULT_PTE"             },
        {UINT64_C(0x400000000000000), "FAULT_VA_LIMIT"        },
        {UINT64_C(0x4000002000),      "FAULT_REGION_VIOLATION"}, /* beyond local memory */
        {UINT64_C(0x4000003000),      "FAULT_REGION_VIOLATION"}, /* nobody's bus address */
    };

    (void)state;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        char text[256] = "";
        struct exec_channel c;
        struct exec x;

        exec_open_one(&x, &c, "GH100");
        exec_map(&x, UINT64_C(0x4000000000), 12, 0, EXEC_DATA, 0);
        exec_map(&x, UINT64_C(0x4000002000), 12, 0, UINT64_C(0xff00000000), 0);
        exec_map(&x, UINT64_C(0x4000003000), 12, 1, 0x1000, 0);
        exec_semaphore(&c, rows[k].va & ~UINT64_C(0xf), 1, RELEASE);
        exec_kick(&c);
        assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 31);
        if (!strstr(text, rows[k].says))
            fail_msg("%s is not %s", text, rows[k].says);
        exec_close(&x);
    }
}

static void
privileged_channels_reach_privileged_pages(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    exec_channel(&x, &c, EXEC_COPY2, PRIVILEGED_CHANNEL);
    exec_map(&x, UINT64_C(0x4000000000), 12, 0, EXEC_DATA, EXEC_PRIVILEGED);
    exec_semaphore(&c, UINT64_C(0x4000000000), 6, RELEASE);
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 6);
    exec_close(&x);
}

static void
sparse_pages_swallow_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct exec_channel c;
        struct exec x;

        exec_open_one(&x, &c, exec_chips[i].name);
        exec_map(&x, UINT64_C(0x4000000000), 12, 0, 0, EXEC_SPARSE);
        exec_map(&x, UINT64_C(0x4000200000), 16, 0, 0, EXEC_SPARSE);
        exec_semaphore(&c, UINT64_C(0x4000000000), 1, RELEASE);
        exec_semaphore(&c, UINT64_C(0x4000200000), 1, RELEASE);
        exec_semaphore(&c, UINT64_C(0x4000000000), 0, ACQUIRE);
        exec_release(&c, EXEC_DATA, 1);
        exec_kick(&c);
        assert_int_equal(exec_rd(&x, EXEC_DATA), 1);
        exec_close(&x);
    }
}

static void
faults_go_into_the_buffer_of_a_client_that_has_one(void **state)
{
    const uint64_t buffer = EXEC_DATA + 0x8000;
    struct exec_channel c;
    struct gsp_bus *bus;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "GH100");
    bus = x.r.bus;
    bus->ops->wr32(bus, 0, 0xb83000, (uint32_t)buffer | 1); /* physical, local memory */
    bus->ops->wr32(bus, 0, 0xb83004, 0);
    bus->ops->wr32(bus, 0, 0xb83010, 1u << 31 | 8);
    exec_semaphore(&c, UINT64_C(0x7f00005678), 1, RELEASE);
    exec_kick(&c);
    assert_int_equal(bus->ops->rd32(bus, 0, 0xb8300c), 1); /* PUT */
    assert_int_equal(exec_rd(&x, buffer), c.instance);
    assert_int_equal(exec_rd64(&x, buffer + 8), 0x7f00005000);
    assert_true(exec_rd64(&x, buffer + 16) > 0);
    assert_int_equal(exec_rd(&x, buffer + 28) & 0x1f, 0);      /* PDE */
    assert_int_equal(exec_rd(&x, buffer + 28) >> 16 & 0xf, 1); /* a write */
    assert_int_equal(exec_rd(&x, buffer + 28) >> 31, 1);       /* valid */
    while (raw_receive(&x.r) && x.r.function != 0x1005)
        ;
    assert_int_equal(x.r.function, 0x1005); /* MMU_FAULT_QUEUED */
    exec_close(&x);
}

static void
without_page_tables_nothing_is_reached(void **state)
{
    uint32_t p[12] = {RAW_CLIENT, RAW_DEVICE, 0xffffffff};
    char text[256] = "";
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "AD102");
    exec_wr64(&x, c.instance + 0x200, UINT64_C(0xfff) << 24); /* somebody overwrote it */
    exec_release(&c, EXEC_DATA, 1);
    exec_kick(&c);
    assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 31);
    assert_non_null(strstr(text, "FAULT_PDE"));
    p[4] = (uint32_t)x.root; /* setting the directory anew mends the instance block */
    p[6] = 4;
    p[8] = EXEC_CLIENT_VAS;
    assert_int_equal(raw_rpc(&x.r, RAW_FN_SET_PAGE_DIRECTORY, p, sizeof(p)), 0);
    assert_int_equal(exec_rd64(&x, c.instance + 0x200) & ~UINT64_C(0xfff), x.root);
    exec_close(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_page_sizes_lead_to_memory),
        cmocka_unit_test(pages_that_the_chip_lacks_are_no_pages),
        cmocka_unit_test(the_walk_can_be_asked_for),
        cmocka_unit_test(rights_and_apertures_are_checked),
        cmocka_unit_test(what_is_not_mapped_or_no_memory_faults),
        cmocka_unit_test(privileged_channels_reach_privileged_pages),
        cmocka_unit_test(sparse_pages_swallow_writes),
        cmocka_unit_test(faults_go_into_the_buffer_of_a_client_that_has_one),
        cmocka_unit_test(without_page_tables_nothing_is_reached),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
