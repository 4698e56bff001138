/* SPDX-License-Identifier: MIT */
/* Channels: work that arrives, in order, with room, and what stops it. */
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_arrives_on_every_chip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
