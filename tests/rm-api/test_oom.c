/* SPDX-License-Identifier: MIT */
/* Every allocation fails once: the call says so, nothing leaks, and the books still balance. */
#include <errno.h>

#include <rm/rm.h>

#include "fake_backend.h"
#include "test.h"

struct meter {
    unsigned fail_at; /* this allocation fails; 0: none */
    unsigned calls;
    long live; /* blocks */
};

static void *
metered_realloc(void *ctx, void *old, size_t bytes)
{
    struct meter *m = ctx;
    void *p;

    if (!bytes) {
        m->live -= old != NULL;
        free(old);
        return NULL;
    }
    if (++m->calls == m->fail_at)
        return NULL;
    p = realloc(old, bytes);
    m->live += p && !old;
    return p;
}

/* One life of a client. Returns the first error, or 0. */
static int
life(const struct gsp_host *host, bool *client_is_left)
{
    struct fake_backend f;
    struct rm_client *c = NULL;
    struct gsp_error err = {0};
    struct gsp_text text = {.host = host};
    rm_handle dev = 0, sub = 0, event = 0;
    int rc;

    fake_init(&f, "580.126.20");
    rc = rm_client_open(&f.base, host, &c, &err);
    if (rc == 0)
        rc = rm_alloc_json(c, rm_client_handle(c), "NV01_DEVICE_0", "{\"deviceId\": 1}", &dev,
                           &text, &err);
    if (rc == 0)
        rc = rm_alloc_json(c, dev, "NV20_SUBDEVICE_0", NULL, &sub, NULL, &err);
    if (rc == 0)
        rc = rm_control_json(c, sub, "NV2080_CTRL_CMD_GPU_GET_NAME_STRING", NULL, 0, &text,
                             &err);
    if (rc == 0)
        rc = rm_event_subscribe(c, sub, 1, &event, &err);
    if (rc == 0)
        rc = rm_tree_text(c, true, &text, &err);
    if (rc == 0)
        rc = rm_free(c, dev, &err);
    if (rc < 0)
        assert_int_equal(err.rc, rc);
    /* Allocated by RM is what the fake accepted and nobody freed: the books must agree. */
    if (c && !dev)
        assert_int_equal(fake_count(&f, 'a') - 1, fake_count(&f, 'f'));
    *client_is_left = c != NULL;
    rm_client_close(c, NULL);
    gsp_text_fini(&text);
    return rc;
}

static void
every_failing_allocation_is_an_error_and_no_leak(void **state)
{
    bool client;
    unsigned n;

    (void)state;
    for (n = 1; n < 1000; n++) {
        struct meter m = {.fail_at = n};
        const struct gsp_host host = {.ctx = &m, .realloc = metered_realloc};
        const int rc = life(&host, &client);

        assert_int_equal(m.live, 0);
        if (m.calls < n) {
            assert_int_equal(rc, 0);
            break;
        }
        assert_int_equal(rc, -ENOMEM);
    }
    assert_in_range(n, 8, 999);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_allocation_is_an_error_and_no_leak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
