/* SPDX-License-Identifier: MIT */
/* Params in FINN form: what the vendor's serialiser writes is understood, answered in the same
 * form, and refused when it is damaged. */
#include "raw_client.h"
#include "test.h"

#define GET_CLASSLIST    0x800201u
#define GET_CLASSLIST_V2 0x800292u
enum { HEADER = 32, SERIALIZED = 2, ROOM = 160, MISMATCH = 0x6a, TOO_SMALL = 0x02 };

struct stream {
    uint8_t bytes[2048];
    size_t at; /* bits */
};

static void
put(struct stream *s, uint64_t value, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++, s->at++)
        s->bytes[s->at / 8] |= (uint8_t)((value >> i & 1) << s->at % 8);
}

static uint64_t
take(struct stream *s, unsigned bits)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bits; i++, s->at++)
        value |= (uint64_t)(s->bytes[s->at / 8] >> s->at % 8 & 1) << i;
    return value;
}

/* GET_CLASSLIST with room for so many; bytes in all. */
static uint32_t
request(struct stream *s, uint32_t count, bool pointer)
{
    uint32_t bytes;

    memset(s, 0, sizeof(*s));
    s->at = 64;
    put(s, 0, 64); /* bytes, below */
    put(s, 0x8002, 64);
    put(s, 1, 64);
    put(s, 1, 1);
    put(s, count, 32);
    put(s, pointer, 1);
    for (uint32_t i = 0; pointer && i < count; i++)
        put(s, 1, 33);
    bytes = (uint32_t)(s->at + 63) / 64 * 8;
    s->at = 64;
    put(s, bytes, 64);
    return bytes;
}

/* Sends the stream; the answer is in its place. */
static uint32_t
control(struct raw *r, uint32_t object, uint32_t cmd, struct stream *s, uint32_t bytes)
{
    const uint32_t header = r->rel.control_header;
    const uint32_t words[] = {RAW_CLIENT, object, cmd, 0, bytes, SERIALIZED};
    uint8_t p[4096] = {0};
    uint32_t status;

    memcpy(p, words, sizeof(words));
    memcpy(p + header, s->bytes, bytes);
    assert_int_equal(raw_rpc(r, RAW_FN_CONTROL, p, header + bytes), 0);
    assert_int_equal(r->payload_bytes, header + bytes);
    memcpy(&status, r->payload + 12, 4);
    memcpy(s->bytes, r->payload + header, bytes);
    s->at = HEADER * 8;
    return status;
}

static uint32_t
class_count(struct raw *r)
{
    struct stream s;
    const uint32_t bytes = request(&s, 7, false);

    assert_int_equal(bytes, 40); /* the vendor's own: 28000000.. 0280.. 01.. 0f.. */
    assert_int_equal(s.bytes[HEADER], 0x0f);
    assert_int_equal(control(r, RAW_DEVICE, GET_CLASSLIST, &s, bytes), 0);
    assert_int_equal(take(&s, 1), 1);
    return (uint32_t)take(&s, 32);
}

static void
the_list_is_the_one_that_the_flat_control_gives(void **state)
{
    static const char *const releases[] = {"535.113.01", "570.144", "595.45.04"};

    (void)state;
    for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
        const struct nvrm_layout *l =
            nvrm_struct_find(raw_abi(releases[i]), "NV0080_CTRL_GPU_GET_CLASSLIST_V2_PARAMS");
        uint8_t flat[2048] = {0};
        struct stream s;
        struct raw r;
        uint32_t n;

        raw_boot(&r, releases[i], "GA102", NULL);
        raw_tree(&r);
        assert_non_null(l);
        assert_int_equal(
            raw_control(&r, RAW_CLIENT, RAW_DEVICE, GET_CLASSLIST_V2, flat, l->size), 0);
        n = class_count(&r);
        assert_memory_equal(&n, flat, 4);
        assert_int_equal(control(&r, RAW_DEVICE, GET_CLASSLIST, &s, request(&s, ROOM, true)),
                         0);
        assert_int_equal(take(&s, 33), (uint64_t)n << 1 | 1);
        assert_int_equal(take(&s, 1), 1);
        for (uint32_t k = 0; k < n; k++) {
            uint32_t expected;

            memcpy(&expected, flat + 4 + 4 * k, 4);
            assert_int_equal(take(&s, 33), (uint64_t)expected << 1 | 1);
        }
        raw_close(&r);
    }
}

static void
too_little_room_is_refused_and_the_request_comes_back(void **state)
{
    struct stream s, before;
    struct raw r;
    uint32_t bytes;

    (void)state;
    raw_boot(&r, "570.144", "GA102", NULL);
    raw_tree(&r);
    bytes = request(&s, class_count(&r) - 1, true);
    before = s;
    assert_int_equal(control(&r, RAW_DEVICE, GET_CLASSLIST, &s, bytes), 0x3a);
    assert_memory_equal(s.bytes, before.bytes, bytes);
    raw_close(&r);
}

static void
damaged_streams_are_refused(void **state)
{
    struct stream s;
    struct raw r;
    uint32_t bytes;

    (void)state;
    raw_boot(&r, "570.144", "GA102", NULL);
    raw_tree(&r);
    for (unsigned word = 0; word < 4; word++) { /* version, bytes, interface, message */
        bytes = request(&s, ROOM, true);
        s.bytes[word * 8 + 1] ^= 0x40;
        assert_int_equal(control(&r, RAW_DEVICE, GET_CLASSLIST, &s, bytes),
                         word == 1 ? TOO_SMALL : MISMATCH);
    }
    bytes = request(&s, ROOM, true);
    assert_int_equal(control(&r, RAW_DEVICE, GET_CLASSLIST, &s, HEADER - 1), TOO_SMALL);
    s.bytes[HEADER] &= 0xfe; /* the first field is marked absent */
    assert_int_equal(control(&r, RAW_DEVICE, GET_CLASSLIST, &s, bytes), MISMATCH);
    bytes = request(&s, ROOM, true);
    s.at = HEADER * 8 + 1;
    put(&s, 0xff00, 32); /* more than the array may ever hold */
    assert_int_equal(control(&r, RAW_DEVICE, GET_CLASSLIST, &s, bytes), 0x5b);
    bytes = request(&s, ROOM, true) - 8;
    s.at = 64;
    memset(s.bytes + 8, 0, 8);
    put(&s, bytes, 64);
    assert_int_equal(control(&r, RAW_DEVICE, GET_CLASSLIST, &s, bytes), TOO_SMALL);
    raw_close(&r);
}

static void
a_message_without_such_a_form_is_a_mismatch(void **state)
{
    struct stream s;
    struct raw r;

    (void)state;
    raw_boot(&r, "570.144", "GA102", NULL);
    raw_tree(&r);
    assert_int_equal(control(&r, RAW_DEVICE, GET_CLASSLIST_V2, &s, request(&s, 1, true)),
                     MISMATCH);
    raw_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_the_one_that_the_flat_control_gives),
        cmocka_unit_test(too_little_room_is_refused_and_the_request_comes_back),
        cmocka_unit_test(damaged_streams_are_refused),
        cmocka_unit_test(a_message_without_such_a_form_is_a_mismatch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
