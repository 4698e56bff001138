/* SPDX-License-Identifier: MIT */
/* Channels: work that arrives, in order, with room, and what stops it. */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "rig.h"

static const char *const chips[] = {"TU102", "GA102", "AD102", "GH100", "GB202"};
enum { CHIPS = sizeof(chips) / sizeof(*chips) };

static void
copies(struct rig *r)
{
    struct nvmem_buffer *from = rig_buffer(r, 1 << 20, NVMEM_PLACE_COHERENT);
    struct nvmem_buffer *mid = rig_buffer(r, 1 << 20, NVMEM_PLACE_VRAM);
    struct nvmem_buffer *to = rig_buffer(r, 1 << 20, NVMEM_PLACE_COHERENT);
    struct nvmem_channel *ch = rig_channel(r, NVMEM_WORK_COPY);
    struct nvmem_fence f;
    uint32_t *a, *b;
    void *p;

    RIG_OK(r, nvmem_buffer_map(from, &p, &r->err));
    a = p;
    RIG_OK(r, nvmem_buffer_map(to, &p, &r->err));
    b = p;
    for (uint32_t i = 0; i < 1 << 18; i++)
        a[i] = i * 2654435761u;
    rig_copy(r, ch, nvmem_buffer_gpu_va(mid), nvmem_buffer_gpu_va(from), 1 << 20);
    rig_copy(r, ch, nvmem_buffer_gpu_va(to), nvmem_buffer_gpu_va(mid), 1 << 20);
    RIG_OK(r, nvmem_channel_submit(ch, &f, &r->err));
    RIG_OK(r, nvmem_fence_wait(&f, 0, &r->err));
    assert_memory_equal(a, b, 1 << 20);
    RIG_OK(r, nvmem_channel_destroy(ch, &r->err));
    nvmem_buffer_unmap(from);
    nvmem_buffer_unmap(to);
    RIG_OK(r, nvmem_buffer_unref(from, &r->err));
    RIG_OK(r, nvmem_buffer_unref(mid, &r->err));
    RIG_OK(r, nvmem_buffer_unref(to, &r->err));
}

static void
a_copy_arrives_on_every_chip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct rig r;

        rig_open(&r, chips[i], NULL, NULL, NULL);
        copies(&r);
        rig_close(&r);
    }
}

static void
work_of_graphics_has_a_channel_too(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct nvmem_channel *ch;
        struct rig r;

        rig_open(&r, chips[i], NULL, NULL, NULL);
        ch = rig_channel(&r, NVMEM_WORK_COMPUTE);
        assert_int_equal(nvmem_channel_engine(ch), 1); /* GR0 */
        RIG_OK(&r, nvmem_channel_idle(ch, 0, &r.err));
        RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
        ch = rig_channel(&r, NVMEM_WORK_3D);
        RIG_OK(&r, nvmem_channel_idle(ch, 0, &r.err));
        RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
        rig_close(&r);
    }
}

static void
releases_differ_and_the_calls_do_not(void **state)
{
    static const char *const releases[] = {"535.113.01", "550.54.14", "580.126.20",
                                           "595.45.04"};

    (void)state;
    if (rig_is_module())
        skip();
    for (unsigned i = 0; i < 4; i++) {
        struct rig r;

        rig_open(&r, "GA102", releases[i], NULL, NULL);
        copies(&r);
        rig_close(&r);
    }
}

/* Back-pressure */

static void
full_rings_and_push_buffers_make_the_caller_wait(void **state)
{
    const struct nvmem_channel_config small = {.ring_entries = 8, .push_bytes = 4096};
    struct nvmem_buffer *from, *to;
    struct nvmem_channel *ch = NULL;
    struct nvmem_channel_stat stat;
    struct rig r;

    (void)state;
    rig_open(&r, "AD102", NULL, NULL, NULL);
    from = rig_buffer(&r, 65536, NVMEM_PLACE_COHERENT);
    to = rig_buffer(&r, 65536, NVMEM_PLACE_COHERENT);
    RIG_OK(&r, nvmem_channel_create(r.dev, &small, &ch, &r.err));
    for (uint32_t i = 0; i < 5000; i++) {
        RIG_OK(&r, nvmem_buffer_write(from, i % 16000 * 4, &i, 4, &r.err));
        rig_copy(&r, ch, nvmem_buffer_gpu_va(to) + i % 16000 * 4,
                 nvmem_buffer_gpu_va(from) + i % 16000 * 4, 4);
        if (i % 7 == 6)
            rig_copy(&r, ch, nvmem_buffer_gpu_va(to) + 64000, nvmem_buffer_gpu_va(from), 4);
        RIG_OK(&r, nvmem_channel_submit(ch, NULL, &r.err));
    }
    RIG_OK(&r, nvmem_channel_idle(ch, 0, &r.err));
    for (uint32_t i = 0; i < 5000; i++) {
        uint32_t got = 0;

        RIG_OK(&r, nvmem_buffer_read(to, i * 4, &got, 4, &r.err));
        assert_int_equal(got, i);
    }
    nvmem_channel_stat(ch, &stat);
    assert_int_equal(stat.submitted, 5001); /* the classes, and these */
    assert_int_equal(stat.done, 5001);
    RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
    RIG_OK(&r, nvmem_buffer_unref(from, &r.err));
    RIG_OK(&r, nvmem_buffer_unref(to, &r.err));
    rig_close(&r);
}

/* A channel that waits for a semaphore that nobody releases keeps what was sent to it. */
static struct nvmem_semaphore *
block(struct rig *r, struct nvmem_channel *ch)
{
    struct nvmem_semaphore *s = NULL;

    RIG_OK(r, nvmem_semaphore_create(r->dev, 0, &s, &r->err));
    RIG_OK(r, nvmem_channel_acquire(ch, s, 1, &r->err));
    RIG_OK(r, nvmem_channel_submit(ch, NULL, &r->err));
    return s;
}

static void
a_ring_that_does_not_move_is_named(void **state)
{
    const struct nvmem_device_config quick = {.timeout_ns = 300000000};
    const struct nvmem_channel_config small = {.name = "stuck", .ring_entries = 16};
    struct nvmem_channel *ch = NULL;
    struct nvmem_semaphore *s;
    struct nvmem_fence f;
    unsigned n = 0;
    struct rig r;
    int rc = 0;

    (void)state;
    rig_open(&r, "GH100", NULL, NULL, &quick);
    RIG_OK(&r, nvmem_channel_create(r.dev, &small, &ch, &r.err));
    s = block(&r, ch);
    while (rc == 0 && n++ < 100) {
        rc = nvmem_channel_bind(ch, 5, nvmem_device_chip(r.dev)->copy_class, &r.err);
        rc = rc < 0 ? rc : nvmem_channel_submit(ch, &f, &r.err);
    }
    assert_int_equal(rc, -ETIMEDOUT);
    assert_in_range(n, 8, 16);
    assert_non_null(strstr(r.err.text, "'stuck' is full and does not move"));
    assert_int_equal(nvmem_fence_wait(&f, 1000000, &r.err), -ETIMEDOUT);
    assert_non_null(strstr(r.err.text, "was not passed in time"));
    assert_int_equal(nvmem_channel_destroy(ch, &r.err), -EBUSY);
    assert_non_null(strstr(r.err.text, "work that does not end"));
    nvmem_semaphore_signal(s, 1);
    RIG_OK(&r, nvmem_fence_wait(&f, UINT64_C(20000000000), &r.err));
    RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
    nvmem_semaphore_destroy(s);
    rig_close(&r);
}

static void
one_piece_of_work_may_be_too_large(void **state)
{
    const struct nvmem_channel_config small = {.push_bytes = 4096};
    struct nvmem_channel *ch = NULL;
    struct rig r;

    (void)state;
    rig_open(&r, "AD102", NULL, NULL, NULL);
    RIG_OK(&r, nvmem_channel_create(r.dev, &small, &ch, &r.err));
    assert_null(nvmem_channel_begin(ch, 1100, &r.err));
    assert_int_equal(r.err.rc, -EINVAL);
    for (unsigned i = 0; i < 1000 && r.err.rc != -ENOSPC; i++)
        if (nvmem_channel_bind(ch, 5, 0xc7b5, &r.err) < 0)
            break;
    assert_int_equal(r.err.rc, -ENOSPC);
    assert_non_null(strstr(r.err.text, "submit more often"));
    nvmem_channel_abandon(ch);
    assert_int_equal(nvmem_channel_submit(ch, NULL, &r.err), -EINVAL);
    assert_non_null(strstr(r.err.text, "nothing was written"));
    RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
    rig_close(&r);
}

/* Between channels */

static void
channels_wait_for_each_other_on_the_card(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct nvmem_channel *a, *b;
        struct nvmem_buffer *x, *y, *z;
        struct nvmem_semaphore *s, *t = NULL;
        struct nvmem_fence fa, fb;
        uint32_t word = 0x1234567, got = 0;
        struct rig r;

        rig_open(&r, chips[i], NULL, NULL, NULL);
        a = rig_channel(&r, NVMEM_WORK_COPY);
        b = rig_channel(&r, NVMEM_WORK_COMPUTE);
        x = rig_buffer(&r, 4096, NVMEM_PLACE_COHERENT);
        y = rig_buffer(&r, 4096, NVMEM_PLACE_VRAM);
        z = rig_buffer(&r, 4096, NVMEM_PLACE_COHERENT);
        RIG_OK(&r, nvmem_semaphore_create(r.dev, 0, &t, &r.err));
        RIG_OK(&r, nvmem_buffer_write(x, 0, &word, 4, &r.err));
        s = block(&r, a);
        rig_copy(&r, a, nvmem_buffer_gpu_va(y), nvmem_buffer_gpu_va(x), 4);
        RIG_OK(&r, nvmem_channel_submit(a, &fa, &r.err));
        RIG_OK(&r, nvmem_channel_wait_fence(b, &fa, &r.err));
        rig_copy(&r, b, nvmem_buffer_gpu_va(z), nvmem_buffer_gpu_va(y), 4);
        RIG_OK(&r, nvmem_channel_release(b, t, 77, NVMEM_RELEASE_TIME, &r.err));
        RIG_OK(&r, nvmem_channel_submit(b, &fb, &r.err));
        assert_false(nvmem_fence_done(&fb));
        nvmem_semaphore_signal(s, 1);
        RIG_OK(&r, nvmem_fence_wait(&fb, 0, &r.err));
        RIG_OK(&r, nvmem_buffer_read(z, 0, &got, 4, &r.err));
        assert_int_equal(got, word);
        assert_int_equal(nvmem_semaphore_value(t), 77);
        assert_int_not_equal(nvmem_semaphore_time_ns(t), 0);
        RIG_OK(&r, nvmem_channel_destroy(a, &r.err));
        RIG_OK(&r, nvmem_channel_destroy(b, &r.err));
        nvmem_semaphore_destroy(s);
        nvmem_semaphore_destroy(t);
        RIG_OK(&r, nvmem_buffer_unref(x, &r.err));
        RIG_OK(&r, nvmem_buffer_unref(y, &r.err));
        RIG_OK(&r, nvmem_buffer_unref(z, &r.err));
        rig_close(&r);
    }
}

static void
groups_have_priority_and_can_be_preempted(void **state)
{
    const struct nvmem_group_config config = {.timeslice_us = 2000, .priority = 2};
    struct nvmem_channel_config c = {0};
    struct nvmem_channel *a = NULL, *b = NULL;
    struct nvmem_group *g = NULL;
    struct rig r;

    (void)state;
    rig_open(&r, "AD102", NULL, NULL, NULL);
    RIG_OK(&r, nvmem_group_create(r.dev, &config, &g, &r.err));
    c.group = g;
    RIG_OK(&r, nvmem_channel_create(r.dev, &c, &a, &r.err));
    RIG_OK(&r, nvmem_channel_create(r.dev, &c, &b, &r.err));
    assert_ptr_equal(nvmem_channel_group(b), g);
    RIG_OK(&r, nvmem_group_preempt(g, &r.err));
    assert_int_equal(nvmem_group_destroy(g, &r.err), -EBUSY);
    RIG_OK(&r, nvmem_channel_idle(a, 0, &r.err));
    RIG_OK(&r, nvmem_channel_destroy(a, &r.err));
    RIG_OK(&r, nvmem_channel_idle(b, 0, &r.err));
    RIG_OK(&r, nvmem_channel_destroy(b, &r.err));
    RIG_OK(&r, nvmem_group_destroy(g, &r.err));
    rig_close(&r);
}

/* Waits that sleep: an interrupt ends them, and one that is lost costs a slice. */

static void *
signal_later(void *arg)
{
    const struct timespec nap = {.tv_nsec = 3000000};

    nanosleep(&nap, NULL);
    nvmem_semaphore_signal(arg, 1);
    return NULL;
}

static void
waits_sleep_until_an_interrupt(void **state)
{
    static const char *const injected[] = {NULL, "lost-interrupt", "spurious-interrupt"};
    const struct nvmem_channel_config config = {.interrupts = true};

    (void)state;
    for (unsigned i = 0; i < (rig_is_module() ? 1 : CHIPS + 2); i++) {
        struct nvmem_channel *ch = NULL;
        struct nvmem_semaphore *s = NULL;
        struct nvmem_buffer *b;
        struct nvmem_fence f;
        pthread_t thread;
        struct rig r;

        rig_open(&r, chips[i % CHIPS], NULL, i < CHIPS ? NULL : injected[i - CHIPS + 1], NULL);
        RIG_OK(&r, nvmem_channel_create(r.dev, &config, &ch, &r.err));
        b = rig_buffer(&r, 4096, NVMEM_PLACE_COHERENT);
        RIG_OK(&r, nvmem_semaphore_create(r.dev, 0, &s, &r.err));
        for (unsigned n = 0; n < 3; n++) {
            nvmem_semaphore_signal(s, 0);
            RIG_OK(&r, nvmem_channel_acquire(ch, s, 1, &r.err));
            rig_copy(&r, ch, nvmem_buffer_gpu_va(b) + 64, nvmem_buffer_gpu_va(b), 4);
            RIG_OK(&r, nvmem_channel_submit(ch, &f, &r.err));
            assert_int_equal(pthread_create(&thread, NULL, signal_later, s), 0);
            RIG_OK(&r, nvmem_fence_wait(&f, 0, &r.err));
            pthread_join(thread, NULL);
        }
        RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
        nvmem_semaphore_destroy(s);
        RIG_OK(&r, nvmem_buffer_unref(b, &r.err));
        rig_close(&r);
    }
}

/* Errors */

static void
an_mmu_fault_is_named_and_stops_its_channel_alone(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct nvmem_channel *bad, *good;
        struct nvmem_buffer *b;
        struct nvmem_fence f;
        struct rig r;

        rig_open(&r, chips[i], NULL, NULL, NULL);
        bad = rig_channel(&r, NVMEM_WORK_COPY);
        good = rig_channel(&r, NVMEM_WORK_COPY);
        b = rig_buffer(&r, 4096, NVMEM_PLACE_COHERENT);
        rig_copy(&r, bad, nvmem_buffer_gpu_va(b), UINT64_C(0x123456789000), 4);
        RIG_OK(&r, nvmem_channel_submit(bad, &f, &r.err));
        assert_int_equal(nvmem_fence_wait(&f, 0, &r.err), -EIO);
        if (!strstr(r.err.text, "Xid 31: MMU fault at 0x123456789000 ("))
            fail_msg("%s: %s", chips[i], r.err.text);
        assert_int_equal(r.err.origin, GSP_ORIGIN_LOST);
        rig_copy(&r, bad, nvmem_buffer_gpu_va(b), nvmem_buffer_gpu_va(b) + 8, 4);
        assert_int_equal(nvmem_channel_submit(bad, NULL, &r.err), -EIO);
        rig_copy(&r, good, nvmem_buffer_gpu_va(b), nvmem_buffer_gpu_va(b) + 8, 4);
        RIG_OK(&r, nvmem_channel_submit(good, &f, &r.err));
        RIG_OK(&r, nvmem_fence_wait(&f, 0, &r.err));
        RIG_OK(&r, nvmem_channel_destroy(bad, &r.err));
        RIG_OK(&r, nvmem_channel_destroy(good, &r.err));
        RIG_OK(&r, nvmem_buffer_unref(b, &r.err));
        rig_close(&r);
    }
}

static void
faults_of_the_card_have_names(void **state)
{
    static const struct {
        const char *inject, *text;
    } rows[] = {
        {"mmu-fault",          "Xid 31: MMU fault"     },
        {"pbdma-error:9",      "Xid 32: push buffer"   },
        {"bad-gpfifo-entry:2", "Xid 32"                },
        {"ce-line-count",      "a launch that makes no"},
    };

    (void)state;
    if (rig_is_module())
        skip();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct nvmem_channel *ch;
        struct nvmem_buffer *b;
        struct nvmem_fence f;
        struct rig r;

        rig_open(&r, "AD102", NULL, rows[i].inject, NULL);
        ch = rig_channel(&r, NVMEM_WORK_COPY);
        b = rig_buffer(&r, 4096, NVMEM_PLACE_VRAM);
        rig_copy(&r, ch, nvmem_buffer_gpu_va(b), nvmem_buffer_gpu_va(b) + 64, 4);
        RIG_OK(&r, nvmem_channel_submit(ch, &f, &r.err));
        assert_int_equal(nvmem_fence_wait(&f, 0, &r.err), -EIO);
        if (!strstr(r.err.text, rows[i].text))
            fail_msg("%s: %s", rows[i].inject, r.err.text);
        RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
        RIG_OK(&r, nvmem_buffer_unref(b, &r.err));
        rig_close(&r);
    }
}

/* Lint */

static void
lint_finds_what_the_card_would_choke_on(void **state)
{
    static const struct {
        uint32_t words[10];
        unsigned count;
        const char *text;
    } rows[] = {
        {{0xc0000000},                                           1, "word 0: 0xc0000000"              },
        {{0xe0000000},                                           1, "ends the segment"                },
        {{0x20010000 | 5 << 13, 0xffff},                         2, "class 0xffff is none"            },
        {{0x20010000 | 6 << 13 | 0x400 / 4, 1},                  2, "subchannel 6, which has no"      },
        {{0x20010000 | 4 << 13 | 0x1000 / 4, 1},                 2, "_DMA_COPY_B has no method 0x1000"},
        {{0x20010000 | 0xf0 / 4, 1},                             2, "has no method 0xf0"              },
        {{0x20050000 | 0x5c / 4, 0x1000, 0, 1, 0, 1 | 1 << 24},
         6,                                                         "semaphore 0x1000 is not mapped"  },
        {{0x20040000 | 4 << 13 | 0x400 / 4, 7, 0, 7, 0x100000, 0x20010000 | 4 << 13 | 0x418 / 4,
          64, 0x20010000 | 4 << 13 | 0x300 / 4, 0x186},
         9,                                                         "source 0x700000000 is not"       },
    };
    const struct nvmem_channel_config linted = {.name = "linted", .lint = true};
    struct nvmem_channel *ch = NULL;
    struct nvmem_buffer *b;
    struct rig r;

    (void)state;
    rig_open(&r, "GA102", NULL, NULL, NULL);
    RIG_OK(&r, nvmem_channel_create(r.dev, &linted, &ch, &r.err));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        RIG_OK(&r, nvmem_channel_push(ch, rows[i].words, rows[i].count, &r.err));
        assert_int_equal(nvmem_channel_submit(ch, NULL, &r.err), -EINVAL);
        if (!strstr(r.err.text, rows[i].text))
            fail_msg("'%s' is not '%s'", r.err.text, rows[i].text);
    }
    RIG_OK(&r, nvmem_channel_check(ch, &r.err)); /* the card saw none of it */
    b = rig_buffer(&r, 65536, NVMEM_PLACE_VRAM);
    rig_copy(&r, ch, nvmem_buffer_gpu_va(b) + 4096, nvmem_buffer_gpu_va(b), 4096);
    RIG_OK(&r, nvmem_channel_submit(ch, NULL, &r.err));
    rig_copy(&r, ch, nvmem_buffer_gpu_va(b) + 65536 - 64, nvmem_buffer_gpu_va(b), 65);
    assert_int_equal(nvmem_channel_submit(ch, NULL, &r.err), -EINVAL);
    assert_non_null(strstr(r.err.text, "destination"));
    RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
    RIG_OK(&r, nvmem_buffer_unref(b, &r.err));
    rig_close(&r);
}

static void
lint_knows_what_may_be_written(void **state)
{
    const struct nvmem_buffer_config fixed = {.bytes = 65536, .flags = NVMEM_BUFFER_READ_ONLY};
    const struct nvmem_channel_config linted = {.lint = true};
    struct nvmem_channel *ch = NULL;
    struct nvmem_buffer *b = NULL, *c;
    struct rig r;

    (void)state;
    rig_open(&r, "GH100", NULL, NULL, NULL);
    RIG_OK(&r, nvmem_channel_create(r.dev, &linted, &ch, &r.err));
    RIG_OK(&r, nvmem_buffer_create(r.dev, &fixed, &b, &r.err));
    c = rig_buffer(&r, 65536, NVMEM_PLACE_COHERENT);
    rig_copy(&r, ch, nvmem_buffer_gpu_va(c), nvmem_buffer_gpu_va(b), 4096);
    RIG_OK(&r, nvmem_channel_submit(ch, NULL, &r.err));
    rig_copy(&r, ch, nvmem_buffer_gpu_va(b), nvmem_buffer_gpu_va(c), 4096);
    assert_int_equal(nvmem_channel_submit(ch, NULL, &r.err), -EINVAL);
    assert_non_null(strstr(r.err.text, "is mapped read-only"));
    RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
    RIG_OK(&r, nvmem_buffer_unref(b, &r.err));
    RIG_OK(&r, nvmem_buffer_unref(c, &r.err));
    rig_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_arrives_on_every_chip),
        cmocka_unit_test(work_of_graphics_has_a_channel_too),
        cmocka_unit_test(releases_differ_and_the_calls_do_not),
        cmocka_unit_test(full_rings_and_push_buffers_make_the_caller_wait),
        cmocka_unit_test(a_ring_that_does_not_move_is_named),
        cmocka_unit_test(one_piece_of_work_may_be_too_large),
        cmocka_unit_test(channels_wait_for_each_other_on_the_card),
        cmocka_unit_test(waits_sleep_until_an_interrupt),
        cmocka_unit_test(groups_have_priority_and_can_be_preempted),
        cmocka_unit_test(an_mmu_fault_is_named_and_stops_its_channel_alone),
        cmocka_unit_test(faults_of_the_card_have_names),
        cmocka_unit_test(lint_finds_what_the_card_would_choke_on),
        cmocka_unit_test(lint_knows_what_may_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
