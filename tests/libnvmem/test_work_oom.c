/* SPDX-License-Identifier: MIT */
/* Every allocation of a device's life fails once: the call says so, and what was made goes. */
#include <errno.h>

#include <nvmem/copy.h>

#include "rig.h"

struct meter {
    unsigned fail_at; /* this allocation fails; 0: none */
    bool for_good;    /* and all after it */
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
    m->calls++;
    if (m->calls == m->fail_at || (m->for_good && m->fail_at && m->calls > m->fail_at))
        return NULL;
    p = realloc(old, bytes);
    m->live += p && !old;
    return p;
}

/* What one device is used for. Returns the first error. */
static int
use(struct nvmem_device *dev, enum nvmem_work work, struct gsp_error *err)
{
    const struct nvmem_buffer_config near = {.bytes = 65536, .placement = NVMEM_PLACE_COHERENT};
    const struct nvmem_buffer_config far = {.bytes = 3 << 20};
    const struct nvmem_channel_config config = {.work = work, .lint = true};
    struct nvmem_buffer *a = NULL, *b = NULL;
    struct nvmem_channel *ch = NULL;
    struct nvmem_semaphore *s = NULL;
    struct nvmem_pool *pool = NULL;
    struct nvmem_piece piece;
    int rc = nvmem_buffer_create(dev, &near, &a, err);

    if (rc == 0)
        rc = nvmem_buffer_create(dev, &far, &b, err);
    if (rc == 0)
        rc = nvmem_pool_create(b, 256, &pool, err);
    if (rc == 0)
        rc = nvmem_pool_alloc(pool, 256, 256, &piece, err);
    if (rc == 0)
        rc = nvmem_semaphore_create(dev, 0, &s, err);
    if (rc == 0)
        rc = nvmem_channel_create(dev, &config, &ch, err);
    if (rc == 0)
        rc = nvmem_copy(ch, b, 0, a, 0, 65536, 0, err);
    if (rc == 0)
        rc = nvmem_channel_release(ch, s, 1, 0, err);
    if (rc == 0)
        rc = nvmem_channel_submit(ch, NULL, err);
    if (rc == 0)
        rc = nvmem_channel_idle(ch, 0, err);
    assert_int_equal(nvmem_channel_destroy(ch, err), 0);
    nvmem_semaphore_destroy(s);
    assert_int_equal(nvmem_pool_destroy(pool, NULL), 0);
    assert_int_equal(nvmem_buffer_unref(a, NULL), 0);
    assert_int_equal(nvmem_buffer_unref(b, NULL), 0);
    return rc;
}

/* Whether there was enough memory for all of it. */
static bool
life(struct rig *r, struct meter *m, enum nvmem_work work)
{
    const struct gsp_host host = {.ctx = m, .realloc = metered_realloc};
    const struct nvmem_device_config config = {.client = r->client, .host = &host};
    struct nvmem_device *dev = NULL;
    struct gsp_error err = {0};
    int rc = nvmem_device_open(&config, &dev, &err);

    if (rc == 0) {
        rc = use(dev, work, &err);
        assert_int_equal(nvmem_device_close(dev, NULL), 0);
    }
    if (rc < 0) {
        assert_int_equal(rc, -ENOMEM);
        assert_int_not_equal(err.text[0], 0);
    }
    assert_int_equal(m->live, 0);
    return rc == 0;
}

static void
every_allocation_fails_once(void **state)
{
    static const char *const chips[] = {"TU102", "AD102"};

    (void)state;
    for (unsigned k = 0; k < 4; k++) {
        struct rig r;
        unsigned n = 1;

        rig_open(&r, chips[k % 2], NULL, NULL, NULL);
        for (;; n++) {
            struct meter m = {.fail_at = n, .for_good = k / 2};

            if (life(&r, &m, k % 2 ? NVMEM_WORK_COMPUTE : NVMEM_WORK_COPY) && m.calls < n)
                break;
            assert_in_range(n, 1, 2000);
        }
        assert_in_range(n, 40, 2000); /* there was something to fail */
        rig_close(&r);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
