/* SPDX-License-Identifier: MIT */
/* Buffers: placement, addresses, the CPU's way in, sharing, and what is refused by name. */
#include <errno.h>
#include <unistd.h>

#include <nvmem/copy.h>

#include "rig.h"

static const char *const chips[] = {"TU102", "GA102", "AD102", "GH100", "GB202"};
enum { CHIPS = sizeof(chips) / sizeof(*chips) };

static void
unref(struct rig *r, struct nvmem_buffer *b)
{
    RIG_OK(r, nvmem_buffer_unref(b, &r->err));
}

/* Any offset and length, also those that fill no words. */
static void
bytes_go_in_and_out_of_every_placement(void **state)
{
    static const uint64_t at[][2] = {
        {0,    4096 },
        {1,    1    },
        {3,    2    },
        {5,    7    },
        {4093, 70000},
        {2,    4    }
    };

    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct rig r;

        rig_open(&r, chips[i], NULL, NULL, NULL);
        for (int place = NVMEM_PLACE_VRAM; place <= NVMEM_PLACE_COHERENT; place++) {
            struct nvmem_buffer *b = rig_buffer(&r, 128 << 10, place);
            uint8_t in[70000], out[70002];

            for (unsigned k = 0; k < 6; k++) {
                for (unsigned n = 0; n < sizeof(in); n++)
                    in[n] = (uint8_t)(n * 31 + k + place);
                memset(out, 0xdd, sizeof(out));
                RIG_OK(&r, nvmem_buffer_write(b, at[k][0], in, at[k][1], &r.err));
                RIG_OK(&r, nvmem_buffer_read(b, at[k][0], out + 1, at[k][1], &r.err));
                assert_memory_equal(out + 1, in, at[k][1]);
                assert_int_equal(out[at[k][1] + 1], 0xdd);
            }
            assert_int_equal(nvmem_buffer_read(b, 131071, out, 2, &r.err), -ERANGE);
            unref(&r, b);
        }
        rig_close(&r);
    }
}

static void
a_small_bar1_shows_all_of_the_memory_through_windows(void **state)
{
    enum { COUNT = 100 };
    struct nvmem_buffer *b[COUNT];
    struct nvmem_device_stat stat;
    struct rig r;

    (void)state;
    if (rig_is_module())
        skip();
    rig_open(&r, "TU102", NULL, NULL, NULL); /* 256 MiB of 11 GiB */
    for (uint32_t i = 0; i < COUNT; i++) {
        b[i] = rig_buffer(&r, 16 << 20, NVMEM_PLACE_VRAM);
        RIG_OK(&r, nvmem_buffer_write(b[i], (15 << 20) + 4 * i, &i, 4, &r.err));
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t got = ~0u;

        RIG_OK(&r, nvmem_buffer_read(b[i], (15 << 20) + 4 * i, &got, 4, &r.err));
        assert_int_equal(got, i);
        RIG_OK(&r, nvmem_buffer_read(b[i], (15 << 20) + 4 * i, &got, 4, &r.err));
        unref(&r, b[i]);
    }
    nvmem_device_stat(r.dev, &stat);
    if (stat.windows) { /* a card with a BAR1 as large as its memory needs none */
        assert_true(stat.window_hits >= COUNT);
        assert_true(stat.window_misses >= COUNT);
    }
    rig_close(&r);
}

/* A large BAR1, or the module, shows the bytes themselves. */
static void
video_memory_is_mapped_where_it_can_be(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct nvmem_buffer *b;
        struct rig r;
        uint32_t got = 0;
        void *p = NULL;
        int rc;

        rig_open(&r, chips[i], NULL, NULL, NULL);
        b = rig_buffer(&r, 1 << 20, NVMEM_PLACE_VRAM);
        rc = nvmem_buffer_map(b, &p, &r.err);
        if (i < 2 && !rig_is_module()) { /* 256 MiB of BAR1 */
            assert_int_equal(rc, -EOPNOTSUPP);
            assert_non_null(strstr(r.err.hint, "nvmem_buffer_read()"));
        } else {
            assert_int_equal(rc, 0);
            ((volatile uint32_t *)p)[1000] = 0x600df00d;
            RIG_OK(&r, nvmem_buffer_read(b, 4000, &got, 4, &r.err));
            assert_int_equal(got, 0x600df00d);
            nvmem_buffer_unmap(b);
        }
        unref(&r, b);
        rig_close(&r);
    }
}

static void
counters_say_what_is_out(void **state)
{
    struct nvmem_buffer *a, *b;
    struct nvmem_device_stat s;
    struct rig r;
    void *cpu;

    (void)state;
    rig_open(&r, "AD102", NULL, NULL, NULL);
    a = rig_buffer(&r, 1 << 20, NVMEM_PLACE_VRAM);
    b = rig_buffer(&r, 8192, NVMEM_PLACE_COHERENT);
    RIG_OK(&r, nvmem_buffer_map(b, &cpu, &r.err));
    nvmem_device_stat(r.dev, &s);
    assert_int_equal(s.buffers, 2);
    assert_int_equal(s.vram_bytes, 1 << 20);
    assert_int_equal(s.system_bytes, 8192);
    assert_int_equal(s.mapped_bytes, (1 << 20) + 8192);
    assert_int_equal(s.cpu_mapped_bytes, 8192);
    nvmem_buffer_unmap(b);
    RIG_OK(&r, nvmem_buffer_unmap_gpu(a, &r.err));
    assert_int_equal(nvmem_buffer_gpu_va(a), 0);
    assert_int_equal(nvmem_buffer_unmap_gpu(a, &r.err), -EALREADY);
    RIG_OK(&r, nvmem_buffer_map_gpu(a, &r.err));
    assert_int_equal(nvmem_buffer_map_gpu(a, &r.err), -EEXIST);
    assert_int_equal(nvmem_device_close(r.dev, &r.err), -EBUSY);
    assert_non_null(strstr(r.err.text, "2 buffers and 0 channels"));
    unref(&r, nvmem_buffer_ref(a));
    unref(&r, a);
    unref(&r, b);
    nvmem_device_stat(r.dev, &s);
    assert_int_equal(s.buffers + s.vram_bytes + s.system_bytes + s.mapped_bytes, 0);
    assert_int_equal(s.vram_peak_bytes, 1 << 20);
    rig_close(&r);
}

static void
what_makes_no_sense_is_refused(void **state)
{
    const struct {
        struct nvmem_buffer_config config;
        int rc;
    } rows[] = {
        {{.bytes = 0},                                                            -EINVAL},
        {{.bytes = UINT64_C(1) << 60},                                            -EINVAL},
        {{.bytes = 4096, .align = 3},                                             -EINVAL},
        {{.bytes = 4096, .page_bytes = 512},                                      -EINVAL},
        {{.bytes = 4096, .flags = 1u << 20},                                      -EINVAL},
        {{.bytes = 4096, .flags = NVMEM_BUFFER_FIXED_VA, .gpu_va = 0x1000000800}, -EINVAL},
    };
    struct nvmem_buffer *b = NULL;
    struct rig r;

    (void)state;
    rig_open(&r, "GH100", NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_int_equal(nvmem_buffer_create(r.dev, &rows[i].config, &b, &r.err), rows[i].rc);
        assert_null(b);
    }
    rig_close(&r);
}

static void
addresses_that_overlap_are_refused(void **state)
{
    struct nvmem_buffer_config c = {
        .bytes = 1 << 20, .flags = NVMEM_BUFFER_FIXED_VA, .gpu_va = UINT64_C(0x2000000000)};
    struct nvmem_buffer *a = NULL, *b = NULL;
    struct rig r;

    (void)state;
    rig_open(&r, "AD102", NULL, NULL, NULL);
    RIG_OK(&r, nvmem_buffer_create(r.dev, &c, &a, &r.err));
    assert_int_equal(nvmem_buffer_gpu_va(a), UINT64_C(0x2000000000));
    c.gpu_va += 0x80000;
    assert_int_equal(nvmem_buffer_create(r.dev, &c, &b, &r.err), -EEXIST);
    assert_non_null(strstr(r.err.text, "0x2000080000"));
    unref(&r, a);
    RIG_OK(&r, nvmem_buffer_create(r.dev, &c, &b, &r.err));
    unref(&r, b);
    rig_close(&r);
}

static void
memory_that_runs_out_has_a_name(void **state)
{
    const struct nvmem_device_config small = {.va_base = UINT64_C(1) << 36,
                                              .va_bytes = 16 << 20};
    struct nvmem_buffer *b = NULL;
    struct rig r;
    int rc;

    (void)state;
    rig_open(&r, "AD102", NULL, NULL, NULL);
    rc = nvmem_buffer_create(
        r.dev, &(struct nvmem_buffer_config){.name = "huge", .bytes = UINT64_C(64) << 30}, &b,
        &r.err);
    assert_true(rc == -ENOSPC || rc == -EREMOTEIO); /* ours, or RM's NV_ERR_NO_MEMORY */
    assert_non_null(strstr(r.err.hint, "'huge' wants 68719476736 bytes of video memory"));
    rig_close(&r);
    rig_open(&r, "AD102", NULL, NULL, &small);
    assert_int_equal(nvmem_buffer_create(r.dev,
                                         &(struct nvmem_buffer_config){
                                             .bytes = 32 << 20,
                                             .placement = NVMEM_PLACE_COHERENT,
                                         },
                                         &b, &r.err),
                     -ENOSPC);
    assert_non_null(strstr(r.err.text, "addresses: "));
    rig_close(&r);
}

/* Free memory in pieces serves a buffer as well, unless it has to be in one. */
static void
scattered_memory_serves_until_the_last_page(void **state)
{
    enum { MOST = 400 };
    struct nvmem_buffer *b[MOST], *last = NULL;
    struct nvmem_buffer_config c = {.bytes = 64 << 20};
    unsigned n = 0, k = 0;
    struct nvmem_heap_stat heap;
    struct rig r;
    size_t extents;

    (void)state;
    if (rig_is_module())
        skip();
    rig_open(&r, "AD102", NULL, NULL, NULL);
    while (n < MOST && nvmem_buffer_create(r.dev, &c, &b[n], &r.err) == 0)
        n++;
    assert_in_range(n, 300, MOST - 1);
    for (unsigned i = 0; i < n; i += 2)
        unref(&r, b[i]);
    for (unsigned i = 1; i < n; i += 2)
        b[k++] = b[i];
    c.bytes = UINT64_C(1) << 30;
    c.flags = NVMEM_BUFFER_CONTIGUOUS;
    assert_int_equal(nvmem_buffer_create(r.dev, &c, &last, &r.err), -ENOSPC);
    c.flags = 0;
    RIG_OK(&r, nvmem_buffer_create(r.dev, &c, &last, &r.err));
    nvmem_buffer_extents(last, &extents);
    assert_true(extents >= 16);
    unref(&r, last);
    while (k)
        unref(&r, b[--k]);
    nvmem_heap_stat(nvmem_device_vram(r.dev), &heap);
    assert_int_equal(heap.used_bytes, 0);
    rig_close(&r);
}

/* In flight */

static void
what_the_card_uses_cannot_go(void **state)
{
    struct nvmem_semaphore *s = NULL;
    struct nvmem_buffer *b, *c;
    struct nvmem_channel *ch;
    struct nvmem_fence f;
    struct rig r;

    (void)state;
    rig_open(&r, "GB202", NULL, NULL, NULL);
    ch = rig_channel(&r, NVMEM_WORK_COPY);
    RIG_OK(&r, nvmem_channel_idle(ch, 0, &r.err));
    b = rig_buffer(&r, 65536, NVMEM_PLACE_VRAM);
    c = rig_buffer(&r, 65536, NVMEM_PLACE_COHERENT);
    RIG_OK(&r, nvmem_semaphore_create(r.dev, 0, &s, &r.err));
    RIG_OK(&r, nvmem_channel_acquire(ch, s, 1, &r.err));
    RIG_OK(&r, nvmem_copy(ch, c, 0, b, 0, 65536, 0, &r.err));
    assert_int_equal(nvmem_buffer_unref(b, &r.err), -EBUSY); /* written, not sent */
    nvmem_channel_abandon(ch);
    unref(&r, nvmem_buffer_ref(b));
    RIG_OK(&r, nvmem_channel_acquire(ch, s, 1, &r.err));
    RIG_OK(&r, nvmem_copy(ch, c, 0, b, 0, 65536, 0, &r.err));
    RIG_OK(&r, nvmem_channel_submit(ch, &f, &r.err));
    assert_int_equal(nvmem_buffer_unref(b, &r.err), -EBUSY);
    assert_non_null(strstr(r.err.text, "channel 'channel 1' uses it until fence 2 of its "
                                       "timeline, which is at ")); /* 1, or not yet */
    assert_non_null(strstr(r.err.hint, "nvmem_fence_wait"));
    assert_int_equal(nvmem_buffer_unmap_gpu(c, &r.err), -EBUSY);
    assert_int_not_equal(nvmem_buffer_gpu_va(c), 0);
    nvmem_semaphore_signal(s, 1);
    RIG_OK(&r, nvmem_fence_wait(&f, 0, &r.err));
    unref(&r, b);
    RIG_OK(&r, nvmem_buffer_unmap_gpu(c, &r.err));
    assert_int_equal(nvmem_copy(ch, c, 0, c, 64, 64, 0, &r.err), -EINVAL);
    assert_non_null(strstr(r.err.text, "has no address"));
    unref(&r, c);
    nvmem_semaphore_destroy(s);
    RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
    rig_close(&r);
}

/* A card that keeps every translation until it is told: what is freed and given out again must
 * be seen as it is now. */
static void
translations_are_dropped_before_memory_is_given_out_again(void **state)
{
    static const char *const both[] = {"AD102", "GH100"};

    (void)state;
    if (rig_is_module())
        skip();
    for (unsigned i = 0; i < 2; i++) {
        const struct nvmem_buffer_config c = {.bytes = 65536,
                                              .placement = NVMEM_PLACE_COHERENT,
                                              .flags = NVMEM_BUFFER_FIXED_VA,
                                              .gpu_va = UINT64_C(0x4000000000)};
        struct nvmem_channel *ch;
        struct nvmem_buffer *to;
        struct rig r;

        rig_open(&r, both[i], NULL, "stale-tlb", NULL);
        ch = rig_channel(&r, NVMEM_WORK_COPY);
        to = rig_buffer(&r, 4096, NVMEM_PLACE_COHERENT);
        for (uint32_t n = 1; n < 50; n++) {
            struct nvmem_buffer *b = NULL;
            uint32_t got = 0;

            RIG_OK(&r, nvmem_buffer_create(r.dev, &c, &b, &r.err));
            RIG_OK(&r, nvmem_buffer_write(b, 64, &n, 4, &r.err));
            RIG_OK(&r, nvmem_copy(ch, to, 0, b, 64, 4, 0, &r.err));
            RIG_OK(&r, nvmem_channel_submit(ch, NULL, &r.err));
            RIG_OK(&r, nvmem_channel_idle(ch, 0, &r.err));
            RIG_OK(&r, nvmem_buffer_read(to, 0, &got, 4, &r.err));
            assert_int_equal(got, n);
            unref(&r, b);
        }
        unref(&r, to);
        RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
        rig_close(&r);
    }
}

/* A channel that an error stopped, or that was ended by force, keeps nothing. */
static void
dead_channels_use_nothing(void **state)
{
    struct nvmem_semaphore *s = NULL;
    struct nvmem_buffer *b;
    struct nvmem_channel *ch;
    struct rig r;

    (void)state;
    rig_open(&r, "AD102", NULL, NULL, NULL);
    b = rig_buffer(&r, 65536, NVMEM_PLACE_COHERENT);
    RIG_OK(&r, nvmem_semaphore_create(r.dev, 0, &s, &r.err));
    ch = rig_channel(&r, NVMEM_WORK_COPY);
    RIG_OK(&r, nvmem_channel_acquire(ch, s, 1, &r.err));
    RIG_OK(&r, nvmem_fill(ch, b, 0, 4096, 1, 4, &r.err));
    RIG_OK(&r, nvmem_channel_submit(ch, NULL, &r.err));
    assert_int_equal(nvmem_buffer_unref(b, &r.err), -EBUSY);
    nvmem_channel_kill(ch);
    unref(&r, nvmem_buffer_ref(b));
    ch = rig_channel(&r, NVMEM_WORK_COPY);
    RIG_OK(&r, nvmem_fill(ch, b, 0, 4096, 1, 4, &r.err));
    rig_copy(&r, ch, UINT64_C(0x777000), nvmem_buffer_gpu_va(b), 4);
    RIG_OK(&r, nvmem_channel_submit(ch, NULL, &r.err));
    assert_int_equal(nvmem_channel_idle(ch, 0, &r.err), -EIO);
    unref(&r, b);
    RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
    nvmem_semaphore_destroy(s);
    rig_close(&r);
}

/* Sharing */

static void
two_clients_share_memory(void **state)
{
    static const char text[] = "shared by two clients";
    struct nvmem_device_config config = {0};
    struct nvmem_buffer *a, *b = NULL;
    struct nvmem_channel_config copies = {0};
    struct nvmem_channel *ch = NULL;
    struct nvmem_device *second = NULL;
    struct nvmem_device_stat stat;
    struct rm_client *client = NULL;
    struct rig r;
    char got[32] = "";

    (void)state;
    rig_open(&r, "AD102", NULL, NULL, NULL);
    a = rig_buffer(&r, 65536, NVMEM_PLACE_VRAM);
    RIG_OK(&r, rm_client_open(r.backend, NULL, &client, &r.err));
    config.client = client;
    config.beside = r.dev;
    RIG_OK(&r, nvmem_device_open(&config, &second, &r.err));
    RIG_OK(&r, nvmem_buffer_dup(second, a, &b, &r.err));
    RIG_OK(&r, nvmem_channel_create(second, &copies, &ch, &r.err));
    RIG_OK(&r, nvmem_buffer_write(a, 100, text, sizeof(text), &r.err));
    RIG_OK(&r, nvmem_copy(ch, b, 0, b, 100, sizeof(text), 0, &r.err));
    RIG_OK(&r, nvmem_channel_submit(ch, NULL, &r.err));
    RIG_OK(&r, nvmem_channel_idle(ch, 0, &r.err));
    nvmem_device_stat(second, &stat);
    assert_int_equal(stat.imported, 1);
    unref(&r, a); /* the memory lives on */
    RIG_OK(&r, nvmem_buffer_read(b, 0, got, sizeof(text), &r.err));
    assert_string_equal(got, text);
    RIG_OK(&r, nvmem_channel_destroy(ch, &r.err));
    unref(&r, b);
    RIG_OK(&r, nvmem_device_close(second, &r.err));
    rm_client_close(client, NULL);
    rig_close(&r);
}

static void
descriptors_carry_memory_where_there_is_a_module(void **state)
{
    const struct nvmem_buffer_config c = {
        .name = "carried", .bytes = 65536, .placement = NVMEM_PLACE_COHERENT};
    struct nvmem_buffer *a = NULL, *b = NULL;
    struct rig r;
    uint32_t word = 0xfeedf00d, got = 0;
    int fd = -1;

    (void)state;
    rig_open(&r, "AD102", NULL, NULL, NULL);
    RIG_OK(&r, nvmem_buffer_create(r.dev, &c, &a, &r.err));
    if (!rig_is_module()) {
        assert_int_equal(nvmem_buffer_export(a, &fd, &r.err), -EOPNOTSUPP);
        assert_int_equal(nvmem_buffer_import(r.dev, 0, &c, &b, &r.err), -EOPNOTSUPP);
    } else {
        RIG_OK(&r, nvmem_buffer_export(a, &fd, &r.err));
        RIG_OK(&r, nvmem_buffer_import(r.dev, fd, &c, &b, &r.err));
        assert_int_equal(close(fd), 0);
        RIG_OK(&r, nvmem_buffer_write(a, 12, &word, 4, &r.err));
        RIG_OK(&r, nvmem_buffer_read(b, 12, &got, 4, &r.err));
        assert_int_equal(got, word);
        unref(&r, b);
    }
    unref(&r, a);
    rig_close(&r);
}

static void
pools_give_out_pieces(void **state)
{
    struct nvmem_piece p, q;
    struct nvmem_pool *pool = NULL;
    struct nvmem_buffer *b;
    struct rig r;

    (void)state;
    rig_open(&r, "AD102", NULL, NULL, NULL);
    b = rig_buffer(&r, 65536, NVMEM_PLACE_VRAM);
    RIG_OK(&r, nvmem_pool_create(b, 256, &pool, &r.err));
    RIG_OK(&r, nvmem_pool_alloc(pool, 1000, 256, &p, &r.err));
    RIG_OK(&r, nvmem_pool_alloc(pool, 1000, 4096, &q, &r.err));
    assert_int_equal(q.offset % 4096, 0);
    assert_int_equal(p.gpu_va, nvmem_buffer_gpu_va(b) + p.offset);
    assert_int_equal(nvmem_pool_alloc(pool, 1 << 20, 0, &q, &r.err), -ENOSPC);
    RIG_OK(&r, nvmem_pool_free(pool, &p, &r.err));
    assert_int_equal(nvmem_pool_free(pool, &p, &r.err), -EALREADY);
    unref(&r, b); /* the pool has it still */
    RIG_OK(&r, nvmem_pool_destroy(pool, &r.err));
    rig_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_in_and_out_of_every_placement),
        cmocka_unit_test(a_small_bar1_shows_all_of_the_memory_through_windows),
        cmocka_unit_test(video_memory_is_mapped_where_it_can_be),
        cmocka_unit_test(counters_say_what_is_out),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(addresses_that_overlap_are_refused),
        cmocka_unit_test(memory_that_runs_out_has_a_name),
        cmocka_unit_test(scattered_memory_serves_until_the_last_page),
        cmocka_unit_test(what_the_card_uses_cannot_go),
        cmocka_unit_test(translations_are_dropped_before_memory_is_given_out_again),
        cmocka_unit_test(dead_channels_use_nothing),
        cmocka_unit_test(two_clients_share_memory),
        cmocka_unit_test(descriptors_carry_memory_where_there_is_a_module),
        cmocka_unit_test(pools_give_out_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
