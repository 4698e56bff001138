/* SPDX-License-Identifier: MIT */
/* Copy engines through libnvmem: bytes, fills, images, components, semaphores. */
#include <errno.h>

#include <nvmem/copy.h>

#include "rig.h"

static const char *const chips[] = {"TU102", "GA102", "AD102", "GH100", "GB202"};
enum { CHIPS = sizeof(chips) / sizeof(*chips), BYTES = 256 << 10 };

/* A device with a channel and two buffers that the CPU sees, and one that it does not. */
struct scene {
    struct rig r;
    struct nvmem_channel *ch;
    struct nvmem_buffer *from, *mid, *to;
    uint8_t *a, *b;
};

static void
open_scene(struct scene *s, const char *chip)
{
    const struct nvmem_device_config linted = {.lint = true};
    void *p;

    rig_open(&s->r, chip, NULL, NULL, &linted);
    s->ch = rig_channel(&s->r, NVMEM_WORK_COPY);
    s->from = rig_buffer(&s->r, BYTES, NVMEM_PLACE_COHERENT);
    s->mid = rig_buffer(&s->r, BYTES, NVMEM_PLACE_VRAM);
    s->to = rig_buffer(&s->r, BYTES, NVMEM_PLACE_COHERENT);
    RIG_OK(&s->r, nvmem_buffer_map(s->from, &p, &s->r.err));
    s->a = p;
    RIG_OK(&s->r, nvmem_buffer_map(s->to, &p, &s->r.err));
    s->b = p;
    for (uint32_t i = 0; i < BYTES; i++) {
        s->a[i] = (uint8_t)(i * 2654435761u >> 13);
        s->b[i] = 0xee;
    }
}

static void
close_scene(struct scene *s)
{
    struct rig *r = &s->r;

    RIG_OK(r, nvmem_channel_destroy(s->ch, &r->err));
    nvmem_buffer_unmap(s->from);
    nvmem_buffer_unmap(s->to);
    RIG_OK(r, nvmem_buffer_unref(s->from, &r->err));
    RIG_OK(r, nvmem_buffer_unref(s->mid, &r->err));
    RIG_OK(r, nvmem_buffer_unref(s->to, &r->err));
    rig_close(r);
}

static void
finish(struct scene *s)
{
    RIG_OK(&s->r, nvmem_channel_submit(s->ch, NULL, &s->r.err));
    RIG_OK(&s->r, nvmem_channel_idle(s->ch, 0, &s->r.err));
}

static void
bytes_go_through_video_memory_and_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct scene s;

        open_scene(&s, chips[i]);
        RIG_OK(&s.r, nvmem_copy(s.ch, s.mid, 3, s.from, 1, 70001, 0, &s.r.err));
        RIG_OK(&s.r, nvmem_copy(s.ch, s.to, 5, s.mid, 3, 70001, 0, &s.r.err));
        finish(&s);
        assert_memory_equal(s.b + 5, s.a + 1, 70001);
        assert_int_equal(s.b[4], 0xee);
        assert_int_equal(s.b[5 + 70001], 0xee);
        close_scene(&s);
    }
}

static void
fills_repeat_their_pattern(void **state)
{
    static const unsigned sizes[] = {1, 2, 4, 8};
    const uint64_t pattern = UINT64_C(0x8877665544332211);

    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct scene s;

        open_scene(&s, chips[i]);
        for (unsigned k = 0; k < 4; k++) {
            const unsigned n = sizes[k], at = 64 + (k % 2 ? 8 : 16), bytes = 1000 * n;

            RIG_OK(&s.r, nvmem_fill(s.ch, s.to, at, bytes, pattern, n, &s.r.err));
            finish(&s);
            for (unsigned x = 0; x < bytes; x++)
                assert_int_equal(s.b[at + x], (uint8_t)(pattern >> 8 * (x % n)));
            assert_int_equal(s.b[at - 1], 0xee);
            memset(s.b, 0xee, BYTES);
        }
        close_scene(&s);
    }
}

static void
a_pattern_that_does_not_fit_is_refused(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, "AD102");
    assert_int_equal(nvmem_fill(s.ch, s.to, 0, 30, 7, 4, &s.r.err), -EINVAL);
    assert_int_equal(nvmem_fill(s.ch, s.to, 0, 30, 7, 3, &s.r.err), -EINVAL);
    assert_int_equal(nvmem_fill(s.ch, s.to, BYTES - 4, 8, 7, 4, &s.r.err), -ERANGE);
    assert_non_null(strstr(s.r.err.text, "ends at"));
    close_scene(&s);
}

static void
rectangles_go_between_pitches(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, "GA102");
    RIG_OK(&s.r, nvmem_copy_rect(s.ch,
                                 &(struct nvmem_rect_copy){
                                     .to = {.buffer = s.to,   .pitch_bytes = 300 },
                                     .from = {.buffer = s.from, .pitch_bytes = 1024},
                                     .to_at = {.x = 7,           .y = 2             },
                                     .from_at = {.x = 100,         .y = 10            },
                                     .width = 200,
                                     .height = 33,
    },
                                 &s.r.err));
    finish(&s);
    for (unsigned y = 0; y < 33; y++)
        assert_memory_equal(s.b + (y + 2) * 300 + 7, s.a + (y + 10) * 1024 + 100, 200);
    close_scene(&s);
}

/* Where byte x of line y lies in an image of blocks of one GOB across and 2^log2 down. */
static uint64_t
block_offset(uint32_t width, uint32_t x, uint32_t y, unsigned log2)
{
    const uint32_t lines = 8u << log2, across = (width + 63) / 64;
    const uint64_t block = (uint64_t)(y / lines) * across + x / 64;
    const uint32_t gob = y % lines / 8, gx = x % 64, gy = y % 8;

    return (block * (lines / 8) + gob) * 512 + gx / 32 * 256 + gy / 4 * 128 +
           gx % 32 / 16 * 64 + gy % 4 * 16 + gx % 16;
}

static void
an_image_becomes_block_linear_and_pitch_again(void **state)
{
    const uint32_t width = 320, height = 100;

    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct scene s;
        const struct nvmem_image pitch = {.pitch_bytes = (int32_t)width};
        struct nvmem_rect_copy c = {.width = width, .height = height};
        struct nvmem_image block = {.layout = NVMEM_LAYOUT_BLOCK,
                                    .width_bytes = width,
                                    .height = height,
                                    .block_height_log2 = 2};

        open_scene(&s, chips[i]);
        block.buffer = s.to;
        c.from = pitch;
        c.from.buffer = s.from;
        c.to = block;
        assert_true(nvmem_image_bytes(&block) <= BYTES);
        RIG_OK(&s.r, nvmem_copy_rect(s.ch, &c, &s.r.err));
        finish(&s);
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++)
                assert_int_equal(s.b[block_offset(width, x, y, 2)], s.a[y * width + x]);
        c.from = block;
        c.to = pitch;
        c.to.buffer = s.mid;
        RIG_OK(&s.r, nvmem_copy_rect(s.ch, &c, &s.r.err));
        RIG_OK(&s.r, nvmem_copy(s.ch, s.to, 0, s.mid, 0, width * height, 0, &s.r.err));
        finish(&s);
        assert_memory_equal(s.a, s.b, width * height);
        close_scene(&s);
    }
}

static void
components_change_places(void **state)
{
    const struct nvmem_remap swap = {
        .component_bytes = 1,
        .from_components = 3,
        .to_components = 4,
        .to = {NVMEM_FROM_Z, NVMEM_FROM_Y, NVMEM_FROM_X, NVMEM_CONST_A},
        .const_a = 0xff
    };
    struct scene s;

    (void)state;
    open_scene(&s, "AD102");
    RIG_OK(&s.r, nvmem_copy_rect(s.ch,
                                 &(struct nvmem_rect_copy){
                                     .to = {.buffer = s.to,   .pitch_bytes = 400},
                                     .from = {.buffer = s.from, .pitch_bytes = 300},
                                     .width = 100,
                                     .height = 10,
                                     .remap = &swap,
    },
                                 &s.r.err));
    finish(&s);
    for (unsigned i = 0; i < 1000; i++) {
        const uint8_t *from = s.a + 3 * i, *to = s.b + 4 * i;

        assert_int_equal(to[0], from[2]);
        assert_int_equal(to[1], from[1]);
        assert_int_equal(to[2], from[0]);
        assert_int_equal(to[3], 0xff);
    }
    close_scene(&s);
}

static void
the_engine_releases_semaphores(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        const uint64_t value = UINT64_C(0x500000001);
        struct nvmem_semaphore *sem = NULL;
        struct nvmem_fence f = {.value = value};
        struct scene s;

        open_scene(&s, chips[i]);
        RIG_OK(&s.r, nvmem_semaphore_create(s.r.dev, 1, &sem, &s.r.err));
        f.semaphore = sem;
        assert_false(nvmem_fence_done(&f));
        RIG_OK(&s.r, nvmem_copy(s.ch, s.to, 0, s.from, 0, BYTES, 0, &s.r.err));
        RIG_OK(&s.r, nvmem_copy_release(s.ch, sem, value, &s.r.err));
        RIG_OK(&s.r, nvmem_channel_submit(s.ch, NULL, &s.r.err));
        RIG_OK(&s.r, nvmem_fence_wait(&f, 0, &s.r.err));
        assert_memory_equal(s.a, s.b, BYTES);
        RIG_OK(&s.r, nvmem_channel_idle(s.ch, 0, &s.r.err));
        nvmem_semaphore_destroy(sem);
        close_scene(&s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_through_video_memory_and_back),
        cmocka_unit_test(fills_repeat_their_pattern),
        cmocka_unit_test(a_pattern_that_does_not_fit_is_refused),
        cmocka_unit_test(rectangles_go_between_pitches),
        cmocka_unit_test(an_image_becomes_block_linear_and_pitch_again),
        cmocka_unit_test(components_change_places),
        cmocka_unit_test(the_engine_releases_semaphores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
