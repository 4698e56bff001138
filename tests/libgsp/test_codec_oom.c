/* SPDX-License-Identifier: MIT */
/* Every allocation of the codec fails once: an error that says so, nothing leaked, nothing half
 * done. */
#include <errno.h>

#include <gsp/codec.h>
#include <gsp/json.h>

#include "codec_schema.h"

/* A heap whose call number `fail_at` fails. */
struct heap {
    unsigned calls, fail_at;
    int live;
};

static void *
heap_realloc(void *ctx, void *old, size_t bytes)
{
    struct heap *h = ctx;
    void *p;

    if (bytes == 0) {
        h->live -= old != NULL;
        free(old);
        return NULL;
    }
    if (++h->calls == h->fail_at)
        return NULL;
    p = realloc(old, bytes);
    h->live += p && !old;
    return p;
}

/* Does the work with the given host; 0 or the error. */
typedef int work_fn(const struct gsp_host *host, struct gsp_error *err);

static void
fail_each(work_fn *work, unsigned at_least)
{
    unsigned n = 0;

    for (;;) {
        struct heap heap = {.fail_at = ++n};
        const struct gsp_host host = {.ctx = &heap, .realloc = heap_realloc};
        struct gsp_error err = {.rc = 0};
        const int rc = work(&host, &err);

        assert_int_equal(heap.live, 0);
        if (rc == 0 && heap.calls < n)
            break;
        if (rc != -ENOMEM || err.rc != -ENOMEM || err.origin != GSP_ORIGIN_LOCAL ||
            !err.text[0])
            fail_msg("allocation %u: rc %d, '%s'", n, rc, err.text);
    }
    assert_true(n > at_least);
}

static int
build_plans(const struct gsp_host *host, struct gsp_error *err)
{
    const struct nvrm_abi abi = abi_at("535.54.03");
    const char *const names[] = {"T_PLAIN", "T_NESTED", "T_GRID", "T_UNION"};
    struct gsp_codec *codec = NULL;
    int rc = gsp_codec_create(abi, host, &codec, err);

    for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++)
        if (!gsp_codec_plan(codec, nvrm_struct_row(abi.schema, names[i]), err))
            rc = err->rc;
    gsp_codec_destroy(codec);
    return rc;
}

static void
plans_survive_a_full_heap(void **state)
{
    (void)state;
    fail_each(build_plans, 8);
}

static int
write_texts(const struct gsp_host *host, struct gsp_error *err)
{
    const struct nvrm_abi abi = abi_at("575.51.02");
    const struct nvrm_layout *layout = layout_of(abi, "T_GRID");
    struct gsp_text json = {.host = host}, text = {.host = host};
    uint8_t wire[4096] = {0};
    int rc;

    for (int i = 0; i < 8; i++) {
        rc = gsp_json_write(abi, layout, wire, layout->size, GSP_JSON_PRETTY, &json, err);
        if (rc == 0)
            rc = gsp_text_write(abi, layout, wire, layout->size, 0, &text, err);
        if (rc < 0)
            break;
    }
    gsp_text_fini(&json);
    gsp_text_fini(&text);
    return rc;
}

static void
texts_survive_a_full_heap(void **state)
{
    (void)state;
    fail_each(write_texts, 3);
}

static int
read_pointers(const struct gsp_host *host, struct gsp_error *err)
{
    static const char json[] = "{\"list\":[1,2,3,4],\"blob\":\"0x0102\"}";
    const struct nvrm_abi abi = abi_at("575.51.02");
    const struct nvrm_layout *layout = layout_of(abi, "T_POINTER");
    struct gsp_arena arena = {.host = host};
    const size_t cap = 64 * 1024; /* more than fits onto the stack of the reader */
    uint8_t *wire = malloc(cap);
    size_t bytes;
    int rc;

    assert_non_null(wire);
    memset(wire, 0xa5, cap);
    rc = gsp_json_read(abi, layout, json, sizeof(json) - 1, wire, cap, &bytes, &arena, err);
    for (size_t i = 0; rc < 0 && i < cap; i++)
        assert_int_equal(wire[i], 0xa5);
    if (rc == 0)
        rc = gsp_json_assign(abi, layout, "list", "[5, 6]", wire, cap, &arena, err);
    gsp_arena_fini(&arena);
    free(wire);
    return rc;
}

static void
reading_survives_a_full_heap(void **state)
{
    (void)state;
    fail_each(read_pointers, 4);
}

static void
a_text_that_ran_out_of_memory_stays_what_it_was(void **state)
{
    struct heap heap = {.fail_at = 2};
    const struct gsp_host host = {.ctx = &heap, .realloc = heap_realloc};
    struct gsp_text t = {.host = &host};
    char *big = malloc(10000);

    (void)state;
    memset(big, 'x', 10000);
    gsp_text_puts(&t, "kept");
    gsp_text_add(&t, big, 10000);
    assert_int_equal(t.rc, -ENOMEM);
    gsp_text_puts(&t, "ignored");
    gsp_text_printf(&t, "%d", 5);
    assert_string_equal(t.data, "kept");
    gsp_text_fini(&t);
    assert_int_equal(heap.live, 0);
    free(big);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_survive_a_full_heap),
        cmocka_unit_test(texts_survive_a_full_heap),
        cmocka_unit_test(reading_survives_a_full_heap),
        cmocka_unit_test(a_text_that_ran_out_of_memory_stays_what_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
