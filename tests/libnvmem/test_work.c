/* SPDX-License-Identifier: MIT */
/*
 * Many of everything: 10,000 buffers, 10,000 submissions in flight over several channels, eight
 * threads on one device. Each thread copies its own numbers around and checks them.
 */
#include <errno.h>
#include <pthread.h>

#include <nvmem/copy.h>

#include "rig.h"

enum {
    CHANNELS = 8,
    THREADS = 8,
#ifdef WORK_SHORT
    MANY = 800,
    ROUNDS = 40,
#else
    MANY = 10000,
    ROUNDS = 300,
#endif
};

static void
ten_thousand_buffers_live_at_once(void **state)
{
    struct nvmem_buffer **b = calloc(MANY, sizeof(*b));
    struct nvmem_device_stat stat;
    struct rig r;

    (void)state;
    assert_non_null(b);
    rig_open(&r, "AD102", NULL, NULL, NULL);
    for (uint32_t i = 0; i < MANY; i++) {
        b[i] = rig_buffer(&r, 4096 << i % 4, i % 8 ? NVMEM_PLACE_VRAM : NVMEM_PLACE_COHERENT);
        RIG_OK(&r, nvmem_buffer_write(b[i], 8, &i, 4, &r.err));
    }
    nvmem_device_stat(r.dev, &stat);
    assert_int_equal(stat.buffers, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        const uint32_t k = (i * 7919u) % MANY;
        uint32_t got = 0;

        RIG_OK(&r, nvmem_buffer_read(b[k], 8, &got, 4, &r.err));
        assert_int_equal(got, k);
        RIG_OK(&r, nvmem_buffer_unref(b[k], &r.err));
    }
    free(b);
    rig_close(&r);
}

/* All of them wait for one semaphore. */
static void
ten_thousand_submissions_are_in_flight(void **state)
{
    const struct nvmem_channel_config wide = {.ring_entries = 2048, .push_bytes = 1 << 20};
    const uint64_t each = MANY / CHANNELS;
    struct nvmem_channel *ch[CHANNELS] = {NULL};
    struct nvmem_fence last[CHANNELS];
    struct nvmem_semaphore *s = NULL;
    struct nvmem_buffer *from, *to;
    struct rig r;

    (void)state;
    rig_open(&r, "GH100", NULL, NULL, NULL);
    RIG_OK(&r, nvmem_semaphore_create(r.dev, 0, &s, &r.err));
    from = rig_buffer(&r, MANY * 4, NVMEM_PLACE_COHERENT);
    to = rig_buffer(&r, MANY * 4, NVMEM_PLACE_COHERENT);
    for (uint32_t i = 0; i < MANY; i++)
        RIG_OK(&r, nvmem_buffer_write(from, i * 4, &i, 4, &r.err));
    for (unsigned k = 0; k < CHANNELS; k++) {
        RIG_OK(&r, nvmem_channel_create(r.dev, &wide, &ch[k], &r.err));
        RIG_OK(&r, nvmem_channel_idle(ch[k], 0, &r.err));
        RIG_OK(&r, nvmem_channel_acquire(ch[k], s, 1, &r.err));
        for (uint64_t i = 0; i < each; i++) {
            const uint64_t at = (k * each + i) * 4;

            RIG_OK(&r, nvmem_copy(ch[k], to, at, from, at, 4, 0, &r.err));
            RIG_OK(&r, nvmem_channel_submit(ch[k], &last[k], &r.err));
        }
    }
    for (unsigned k = 0; k < CHANNELS; k++) {
        struct nvmem_channel_stat stat;

        nvmem_channel_stat(ch[k], &stat);
        assert_int_equal(stat.submitted - stat.done, each);
    }
    assert_int_equal(nvmem_buffer_unref(to, &r.err), -EBUSY);
    nvmem_semaphore_signal(s, 1);
    for (unsigned k = 0; k < CHANNELS; k++) {
        RIG_OK(&r, nvmem_fence_wait(&last[k], 0, &r.err));
        RIG_OK(&r, nvmem_channel_destroy(ch[k], &r.err));
    }
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t got = 0;

        RIG_OK(&r, nvmem_buffer_read(to, i * 4, &got, 4, &r.err));
        assert_int_equal(got, i);
    }
    nvmem_semaphore_destroy(s);
    RIG_OK(&r, nvmem_buffer_unref(from, &r.err));
    RIG_OK(&r, nvmem_buffer_unref(to, &r.err));
    rig_close(&r);
}

/* Threads */

struct worker {
    struct rig *r;
    struct nvmem_buffer *shared;
    unsigned number;
    struct gsp_error err;
    int rc;
};

static int
round_of(struct worker *w, struct nvmem_channel *ch, uint32_t round)
{
    const struct nvmem_buffer_config near = {.bytes = 8192, .placement = NVMEM_PLACE_COHERENT};
    const struct nvmem_buffer_config far = {.bytes = 8192};
    struct nvmem_buffer *a = NULL, *b = NULL;
    const uint32_t value = w->number << 24 | round;
    uint32_t got = 0;
    int rc = nvmem_buffer_create(w->r->dev, &near, &a, &w->err);

    if (rc == 0)
        rc = nvmem_buffer_create(w->r->dev, &far, &b, &w->err);
    if (rc == 0)
        rc = nvmem_fill(ch, b, 0, 8192, value, 4, &w->err);
    if (rc == 0)
        rc = nvmem_copy(ch, w->shared, w->number * 64, b, 4, 4, 0, &w->err);
    if (rc == 0)
        rc = nvmem_copy(ch, a, 4096, b, 8, 4096, 0, &w->err);
    if (rc == 0)
        rc = nvmem_channel_submit(ch, NULL, &w->err);
    if (rc == 0)
        rc = nvmem_channel_idle(ch, 0, &w->err);
    if (rc == 0)
        rc = nvmem_buffer_read(a, 8188, &got, 4, &w->err);
    if (rc == 0 && got != value)
        rc = -EBADMSG;
    nvmem_buffer_unref(a, NULL);
    nvmem_buffer_unref(b, NULL);
    return rc;
}

static void *
work(void *arg)
{
    struct worker *w = arg;
    const struct nvmem_channel_config config = {.lint = w->number % 2};
    struct nvmem_channel *ch = NULL;

    w->rc = nvmem_channel_create(w->r->dev, &config, &ch, &w->err);
    for (uint32_t i = 0; i < ROUNDS && w->rc == 0; i++)
        w->rc = round_of(w, ch, i);
    if (nvmem_channel_destroy(ch, &w->err) < 0)
        w->rc = -EBUSY;
    return NULL;
}

static void
eight_threads_share_a_device(void **state)
{
    static const char *const chips[] = {"TU102", "AD102"}; /* windows of BAR1; none */

    (void)state;
    for (unsigned c = 0; c < 2; c++) {
        struct worker w[THREADS];
        pthread_t thread[THREADS];
        struct nvmem_buffer *shared;
        struct rig r;

        rig_open(&r, chips[c], NULL, NULL, NULL);
        shared = rig_buffer(&r, 4096, NVMEM_PLACE_VRAM);
        for (unsigned i = 0; i < THREADS; i++) {
            w[i] = (struct worker){.r = &r, .shared = shared, .number = i};
            assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            pthread_join(thread[i], NULL);
            if (w[i].rc < 0)
                fail_msg("thread %u: %d: %s", i, w[i].rc, w[i].err.text);
        }
        for (uint32_t i = 0; i < THREADS; i++) {
            uint32_t got = 0;

            RIG_OK(&r, nvmem_buffer_read(shared, i * 64, &got, 4, &r.err));
            assert_int_equal(got, i << 24 | (ROUNDS - 1));
        }
        RIG_OK(&r, nvmem_buffer_unref(shared, &r.err));
        rig_close(&r);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_buffers_live_at_once),
        cmocka_unit_test(ten_thousand_submissions_are_in_flight),
        cmocka_unit_test(eight_threads_share_a_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
