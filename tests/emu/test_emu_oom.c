/* SPDX-License-Identifier: MIT */
/* Memory runs out at every allocation in turn: the card reports it, stays usable or says no,
 * and leaks nothing. */
#include "raw_client.h"
#include "test.h"

/* GET_CLASSLIST in FINN form as the vendor writes it: a null pointer, and room for three. */
static void
send_serialized(struct raw *r)
{
    static const uint8_t asks[] = {[8] = 40, [16] = 2, 0x80, [24] = 1, [32] = 0x0f, [39] = 0};
    static const uint8_t lists[] = {
        [8] = 56, [16] = 2, 0x80, [24] = 1, [32] = 7, [36] = 0x26, 0x9a, 0x11, 0x89,    0xf8,
        0x56,     0x0c,     0x00, 0xf0,     0xff,     0xff,        0xff, 0x1f, [55] = 0};
    const uint32_t words[] = {RAW_CLIENT, RAW_DEVICE, 0x800201, 0, sizeof(asks), 2};
    uint8_t p[128] = {0};

    memcpy(p, words, sizeof(words));
    memcpy(p + r->rel.control_header, asks, sizeof(asks));
    raw_put(r, raw_make(r, RAW_FN_CONTROL, p, r->rel.control_header + sizeof(asks)));
    raw_ring(r);
    p[16] = sizeof(lists);
    memcpy(p + r->rel.control_header, lists, sizeof(lists));
    raw_put(r, raw_make(r, RAW_FN_CONTROL, p, r->rel.control_header + sizeof(lists)));
    raw_ring(r);
}

/* A whole session by raw bytes, with every step allowed to fail. Returns whether all of it
 * worked. */
static bool
session(struct raw_budget *b)
{
    struct emu_config config = {
        .abi = raw_abi("570.144"), .realloc = raw_counting_realloc, .realloc_ctx = b};
    uint8_t root[120] = {0}, device[56] = {0}, subdevice[4] = {0}, vaspace[48] = {0};
    struct emu_gpu *gpu;
    bool ok = true;
    struct raw r;
    const long limit = b->left;
    int rc;

    rc = emu_gpu_create(&config, &gpu, NULL, 0);
    if (rc != 0) {
        assert_int_equal(rc, -12);
        return false;
    }
    emu_gpu_destroy(gpu);
    assert_int_equal(b->live, 0);

    b->left = -1; /* the client's own memory is there */
    raw_open_with(&r, &config);
    raw_send_system_info(&r);
    raw_send_registry(&r);
    b->left = limit;
    rc = raw_start(&r);
    if (rc == 0 && raw_receive(&r) && r.result == 0) {
        ok &= raw_try_alloc(&r, RAW_CLIENT, 0, 0, 0x0, root, 120);
        ok &= raw_try_alloc(&r, RAW_CLIENT, RAW_CLIENT, RAW_DEVICE, 0x80, device, 56);
        ok &= raw_try_alloc(&r, RAW_CLIENT, RAW_DEVICE, RAW_SUBDEVICE, 0x2080, subdevice, 4);
        for (uint32_t i = 0; i < 100; i++)
            ok &= raw_try_alloc(&r, RAW_CLIENT, RAW_DEVICE, 0x1000 + i, 0x90f1, vaspace, 48);
        send_serialized(&r);
        for (int i = 0; i < 70; i++) { /* more than the status queue holds */
            raw_put(&r, raw_make(&r, RAW_FN_STATIC_INFO, NULL, 0));
            raw_ring(&r);
        }
        while (raw_receive(&r))
            ;
    } else {
        assert_true(rc == 0 || rc == -12);
        ok = false;
    }
    b->left = -1;
    raw_close(&r);
    assert_int_equal(b->live, 0);
    return ok;
}

static void
every_allocation_may_fail(void **state)
{
    struct raw_budget b = {.left = -1};
    long n;

    (void)state;
    assert_true(session(&b));
    for (n = 0; n < 100000; n++) {
        b = (struct raw_budget){.left = n};
        if (session(&b) && b.made <= n)
            break;
    }
    assert_in_range(n, 20, 2000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
