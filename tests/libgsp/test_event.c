/* SPDX-License-Identifier: MIT */
/* Events in words, at every release: what is there is told, what is short is not. */
#include <stdbool.h>

#include <gsp/event.h>

#include "test.h"

static struct nvrm_abi
abi_of(unsigned release)
{
    return (struct nvrm_abi){nvrm_schema_builtin(), (nvrm_release)release};
}

static uint32_t
id_of(struct nvrm_abi abi, const char *name)
{
    const struct nvrm_rpc *rpc = nvrm_rpc_find(abi, name);

    return rpc ? rpc->id : 0;
}

/* A payload with one field set. */
static void
set(struct nvrm_abi abi, const struct nvrm_layout *l, uint8_t *payload, const char *field,
    const void *value, size_t bytes)
{
    const struct nvrm_field *f = nvrm_field_find(abi.schema, l, field);

    assert_non_null(f);
    memcpy(payload + f->offset, value, bytes);
}

static void
an_xid_is_told_with_its_text_at_every_release(void **state)
{
    const unsigned releases = nvrm_release_count(nvrm_schema_builtin());
    const uint32_t xid = 79;

    (void)state;
    for (unsigned r = 0; r < releases; r++) {
        const struct nvrm_abi abi = abi_of(r);
        const uint32_t id = id_of(abi, "OS_ERROR_LOG");
        const struct nvrm_layout *l = gsp_event_layout(abi, id);
        uint8_t payload[512] = {0};
        struct gsp_event_summary s;

        assert_non_null(l);
        set(abi, l, payload, "exceptType", &xid, 4);
        set(abi, l, payload, "errString", "off\nthe bus", 12);
        assert_true(gsp_event_summarize(abi, id, payload, l->size, &s));
        assert_int_equal(s.xid, 79);
        assert_string_equal(s.text, "Xid 79: off.the bus");
        assert_false(gsp_event_summarize(abi, id, payload, 8, &s));
        assert_string_equal(s.text, "");
    }
}

static void
a_text_without_an_end_stays_in_its_field(void **state)
{
    const struct nvrm_abi abi = abi_of(nvrm_release_newest(nvrm_schema_builtin()));
    const uint32_t id = id_of(abi, "OS_ERROR_LOG");
    uint8_t payload[512];
    struct gsp_event_summary s;

    (void)state;
    memset(payload, 'x', sizeof(payload));
    assert_true(gsp_event_summarize(abi, id, payload, gsp_event_layout(abi, id)->size, &s));
    assert_true(strlen(s.text) < sizeof(s.text));
}

static void
a_channel_error_names_engine_and_channel(void **state)
{
    const struct nvrm_abi abi = abi_of(nvrm_release_newest(nvrm_schema_builtin()));
    const uint32_t id = id_of(abi, "RC_TRIGGERED"), engine = 1, channel = 5, xid = 31;
    const struct nvrm_layout *l = gsp_event_layout(abi, id);
    uint8_t payload[256] = {0};
    struct gsp_event_summary s;

    (void)state;
    set(abi, l, payload, "nv2080EngineType", &engine, 4);
    set(abi, l, payload, "chid", &channel, 4);
    set(abi, l, payload, "exceptType", &xid, 4);
    assert_true(gsp_event_summarize(abi, id, payload, l->size, &s));
    assert_int_equal(s.xid, 31);
    assert_non_null(strstr(s.text, "Xid 31: NV2080_ENGINE_TYPE_G"));
    assert_non_null(strstr(s.text, "channel 5"));
}

static void
a_journal_record_is_read_in_its_own_layout_from_550_on(void **state)
{
    const unsigned releases = nvrm_release_count(nvrm_schema_builtin());
    const uint64_t error = 0x51;
    unsigned seen = 0;

    (void)state;
    for (unsigned r = 0; r < releases; r++) {
        const struct nvrm_abi abi = abi_of(r);
        const uint32_t id = id_of(abi, "GSP_POST_NOCAT_RECORD");
        const struct nvrm_layout *l = gsp_event_layout(abi, id);
        const uint8_t type = 4;
        uint8_t payload[2048] = {0};
        struct gsp_event_summary s;

        if (!id)
            continue;
        assert_true(l && l->size > 4);
        set(abi, l, payload, "recType", &type, 1);
        set(abi, l, payload, "errorCode", &error, sizeof(error));
        set(abi, l, payload, "source", "GSP-RM", 7);
        assert_true(gsp_event_summarize(abi, id, payload, l->size, &s));
        assert_string_equal(s.text, "NV2080_NOCAT_JOURNAL_REC_TYPE_RC from GSP-RM: error 0x51, "
                                    "engine not said");
        assert_int_equal(s.xid, 0);
        seen++;
    }
    assert_true(seen > 50);
}

static void
other_events_have_a_name_and_no_words(void **state)
{
    const struct nvrm_abi abi = abi_of(0);
    struct gsp_event_summary s;

    (void)state;
    assert_string_equal(gsp_event_name(abi, 0x1001), "GSP_INIT_DONE");
    assert_null(gsp_event_name(abi, 76)); /* a function */
    assert_null(gsp_event_name(abi, 0xfffff));
    assert_null(gsp_event_layout(abi, 0xfffff));
    assert_false(gsp_event_summarize(abi, 0x1001, "", 0, &s));
    assert_false(gsp_event_summarize(abi, 0xfffff, "", 0, &s));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_xid_is_told_with_its_text_at_every_release),
        cmocka_unit_test(a_text_without_an_end_stays_in_its_field),
        cmocka_unit_test(a_channel_error_names_engine_and_channel),
        cmocka_unit_test(a_journal_record_is_read_in_its_own_layout_from_550_on),
        cmocka_unit_test(other_events_have_a_name_and_no_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
