/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include <gsp/codec.h>
#include <gsp/json.h>

#include "finn_vectors.h"
#include "test.h"

enum { WIRE_BYTES = 4096 };

struct fixture {
    const struct finn_vector *v;
    struct nvrm_abi abi;
    const struct nvrm_layout *layout;
    struct gsp_error err;
    struct gsp_arena arena;
    size_t bytes;
    uint8_t message[WIRE_BYTES];
    uint8_t wire[WIRE_BYTES];
};

static void
open_vector(struct fixture *f, const struct finn_vector *v, const char *release)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    size_t wire_bytes;

    memset(f, 0, sizeof(*f));
    f->v = v;
    f->abi = (struct nvrm_abi){s, nvrm_release_find(s, release)};
    assert_true(f->abi.release != NVRM_NO_RELEASE);
    f->layout = nvrm_struct_find(f->abi, v->type);
    if (!f->layout)
        fail_msg("%s has no %s", release, v->type);
    for (f->bytes = 0; v->hex[f->bytes * 2]; f->bytes++) {
        const char two[3] = {v->hex[f->bytes * 2], v->hex[f->bytes * 2 + 1], 0};

        f->message[f->bytes] = (uint8_t)strtoul(two, NULL, 16);
    }
    if (gsp_json_read(f->abi, f->layout, v->json, strlen(v->json), f->wire, sizeof(f->wire),
                      &wire_bytes, &f->arena, &f->err) < 0)
        fail_msg("%s: %s: %s", release, v->json, f->err.text);
}

static char *
as_json(struct fixture *f, struct gsp_text *t)
{
    t->bytes = 0;
    assert_int_equal(gsp_json_write(f->abi, f->layout, f->wire, f->layout->size,
                                    GSP_JSON_POINTERS, t, &f->err),
                     0);
    return t->data;
}

/* Zeroes all that decoding fills, but not the pointers and the counts that go with them. */
static void
forget(struct fixture *f, const char *json)
{
    size_t bytes;

    assert_int_equal(gsp_json_read(f->abi, f->layout, json, strlen(json), f->wire,
                                   sizeof(f->wire), &bytes, &f->arena, &f->err),
                     0);
}

static void
for_each(void (*check)(struct fixture *f))
{
    struct fixture *f = malloc(sizeof(*f));

    for (size_t i = 0; i < sizeof(finn_vectors) / sizeof(finn_vectors[0]); i++) {
        for (const char *const *release = finn_vectors[i].releases; *release; release++) {
            open_vector(f, &finn_vectors[i], *release);
            check(f);
            gsp_arena_fini(&f->arena);
        }
    }
    free(f);
}

static void
encodes(struct fixture *f)
{
    uint8_t out[WIRE_BYTES];
    size_t bytes = 0;

    memset(out, 0xa5, sizeof(out));
    if (gsp_finn_encode(f->abi, f->layout, f->v->interface_id, f->v->message_id, f->wire,
                        f->layout->size, out, sizeof(out), &bytes, &f->err) < 0)
        fail_msg("%s", f->err.text);
    assert_int_equal(bytes, f->bytes);
    assert_memory_equal(out, f->message, bytes);
    assert_int_equal(out[bytes], 0xa5);
}

static void
every_vector_is_written_bit_by_bit(void **state)
{
    (void)state;
    for_each(encodes);
}

static void
decodes(struct fixture *f)
{
    struct gsp_text before = {0}, after = {0};

    as_json(f, &before);
    if (gsp_finn_decode(f->abi, f->layout, f->message, f->bytes, f->wire, f->layout->size,
                        &f->err) < 0)
        fail_msg("%s: %s", f->v->type, f->err.text);
    assert_string_equal(as_json(f, &after), before.data);
    gsp_text_fini(&before);
    gsp_text_fini(&after);
}

static void
every_vector_is_read_back(void **state)
{
    (void)state;
    for_each(decodes);
}

static void
stops_early(struct fixture *f)
{
    uint8_t wire[WIRE_BYTES], out[WIRE_BYTES];
    size_t bytes;

    memcpy(wire, f->wire, sizeof(wire));
    for (size_t n = 0; n < f->bytes; n++) {
        assert_int_equal(gsp_finn_decode(f->abi, f->layout, f->message, n, f->wire,
                                         f->layout->size, &f->err),
                         -EBADMSG);
        assert_memory_equal(f->wire, wire, sizeof(wire));
        assert_int_equal(gsp_finn_encode(f->abi, f->layout, 0, 0, f->wire, f->layout->size, out,
                                         n, &bytes, &f->err),
                         -ENOSPC);
    }
}

static void
a_message_or_buffer_that_is_too_short_is_refused(void **state)
{
    (void)state;
    for_each(stops_early);
}

static const struct finn_vector *
vector_of(const char *type)
{
    for (size_t i = 0; i < sizeof(finn_vectors) / sizeof(finn_vectors[0]); i++)
        if (!strcmp(finn_vectors[i].type, type))
            return &finn_vectors[i];
    fail_msg("no vector of %s", type);
    return NULL;
}

static void
refused(struct fixture *f, int rc, const char *words)
{
    assert_int_equal(gsp_finn_decode(f->abi, f->layout, f->message, f->bytes, f->wire,
                                     f->layout->size, &f->err),
                     rc);
    if (!strstr(f->err.text, words))
        fail_msg("'%s' lacks '%s'", f->err.text, words);
}

static void
more_elements_than_the_caller_has_room_for_are_refused(void **state)
{
    struct fixture f;

    (void)state;
    open_vector(&f, vector_of("NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS"), "570.144");
    forget(&f, "{\"numClasses\":2,\"classList\":[0,0]}");
    refused(&f, -ENOSPC, "classList has room for 2 elements, 3 came");
    forget(&f, "{\"numClasses\":2,\"classList\":null}");
    refused(&f, -ENOSPC, "classList points nowhere, but elements came");
    gsp_arena_fini(&f.arena);
}

static void
headers_and_streams_that_make_no_sense_are_refused(void **state)
{
    struct fixture f;

    (void)state;
    open_vector(&f, vector_of("NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS"), "570.144");
    f.message[0] = 1;
    refused(&f, -EBADMSG, "version 1 is not known");
    f.message[0] = 0;
    f.message[8] += 8;
    refused(&f, -EBADMSG, "the header says 64 bytes, 56 are there");
    f.bytes += 8;
    refused(&f, -EBADMSG, "8 bytes follow the message");
    f.message[8] -= 8;
    f.message[32] &= 0xfe;
    refused(&f, -EBADMSG, "a field is marked absent");
    gsp_arena_fini(&f.arena);
}

static void
a_union_without_a_member_for_its_tag_is_refused(void **state)
{
    struct fixture f;

    (void)state;
    open_vector(&f, vector_of("NV402C_CTRL_I2C_TRANSACTION_PARAMS"), "570.144");
    assert_int_equal(
        gsp_field_set(f.abi, f.layout, f.wire, f.layout->size, "transType", 99, &f.err), 0);
    assert_int_equal(gsp_finn_encode(f.abi, f.layout, 0, 0, f.wire, f.layout->size, f.message,
                                     sizeof(f.message), &f.bytes, &f.err),
                     -EINVAL);
    assert_non_null(strstr(f.err.text, "union transData: no member for this tag"));
    gsp_arena_fini(&f.arena);
}

static void
a_message_that_is_never_serialised_is_refused(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct nvrm_abi abi = {s, nvrm_release_newest(s)};
    const struct nvrm_layout *layout = nvrm_struct_find(abi, "NV0080_ALLOC_PARAMETERS");
    struct gsp_error err;
    uint8_t wire[WIRE_BYTES] = {0}, out[WIRE_BYTES];
    size_t bytes;

    (void)state;
    assert_non_null(layout);
    assert_int_equal(
        gsp_finn_encode(abi, layout, 0, 0, wire, sizeof(wire), out, sizeof(out), &bytes, &err),
        -EOPNOTSUPP);
    assert_string_equal(err.text,
                        "FINN NV0080_ALLOC_PARAMETERS: this message is never serialised");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_is_written_bit_by_bit),
        cmocka_unit_test(every_vector_is_read_back),
        cmocka_unit_test(a_message_or_buffer_that_is_too_short_is_refused),
        cmocka_unit_test(more_elements_than_the_caller_has_room_for_are_refused),
        cmocka_unit_test(headers_and_streams_that_make_no_sense_are_refused),
        cmocka_unit_test(a_union_without_a_member_for_its_tag_is_refused),
        cmocka_unit_test(a_message_that_is_never_serialised_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
