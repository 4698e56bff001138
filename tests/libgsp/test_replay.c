/* SPDX-License-Identifier: MIT */
/*
 * A backend recorded and served again: the same answers, handles of other values, and a
 * divergence named down to the field.
 */
#include "test.h"

#include <errno.h>
#include <unistd.h>

#include <gsp/codec.h>
#include <gsp/record.h>
#include <gsp/replay.h>

#include "../rm-api/fake_backend.h"
#include "trace_file.h"

enum {
    ROOT = 0xcaf00000,
    DEVICE = 0xcaf10000,
    SUBDEVICE = 0xcaf10001,
    NAME_STRING = 0x20800110,
    GET_ENGINES = 0x20800123,
    STATUS = 0x56,
};

static char path[64];

static int
make_path(void **state)
{
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/nvrm-replay-XXXXXX");
    fd = mkstemp(path);
    if (fd >= 0)
        close(fd);
    return fd < 0;
}

static int
remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

/* The handles that a client chooses. */
struct handles {
    uint32_t root, device, subdevice;
};
static const struct handles recorded = {ROOT, DEVICE, SUBDEVICE};

static int
alloc(struct gsp_backend *b, uint32_t root, uint32_t parent, uint32_t object, uint32_t cls,
      const char *params_name, const char *field, uint64_t value, struct gsp_error *err)
{
    const struct nvrm_layout *l = nvrm_struct_find(b->abi, params_name);
    uint8_t wire[256] = {0};

    if (field)
        assert_int_equal(gsp_field_set(b->abi, l, wire, l->size, field, value, NULL), 0);
    return b->ops->alloc(b, root, parent, object, cls, wire, l->size, err);
}

static int
alloc_tree(struct gsp_backend *b, const struct handles *h, struct gsp_error *err)
{
    int rc =
        alloc(b, h->root, 0, h->root, 0, "NV0000_ALLOC_PARAMETERS", "hClient", h->root, err);

    if (rc == 0)
        rc = alloc(b, h->root, h->root, h->device, 0x80, "NV0080_ALLOC_PARAMETERS",
                   "hClientShare", h->root, err);
    return rc < 0 ? rc
                  : alloc(b, h->root, h->device, h->subdevice, 0x2080,
                          "NV2080_ALLOC_PARAMETERS", NULL, 0, err);
}

static int
ask_name(struct gsp_backend *b, const struct handles *h, uint64_t flags, char name[64],
         struct gsp_error *err)
{
    const struct nvrm_control *c = nvrm_control_by_id(b->abi, NAME_STRING);
    const struct nvrm_layout *l = nvrm_struct_at(b->abi, c->params);
    uint8_t wire[512] = {0};
    int rc;

    assert_int_equal(gsp_field_set(b->abi, l, wire, l->size, "gpuNameStringFlags", flags, NULL),
                     0);
    rc = b->ops->control(b, h->root, h->subdevice, NAME_STRING, wire, l->size, err);
    memcpy(name, wire + 4, 64);
    return rc;
}

/* The whole session of a client; returns the first error. */
static int
run_client(struct gsp_backend *b, const struct handles *h, char name[64], struct gsp_error *err)
{
    int rc = alloc_tree(b, h, err);

    if (rc == 0)
        rc = ask_name(b, h, 0, name, err);
    if (rc == 0)
        rc = b->ops->dup(b, h->root, h->device, h->device + 77, h->root, h->subdevice, 3, err);
    return rc < 0 ? rc : b->ops->free(b, h->root, 0, h->root, err);
}

static struct gsp_trace_writer *
open_writer(const struct gsp_host *host)
{
    const struct gsp_trace_writer_config config = {
        .host = host, .abi = trace_abi("570.144"), .chip = "fake"};
    struct gsp_trace_writer *w;

    assert_int_equal(gsp_trace_writer_open(path, &config, &w, NULL), 0);
    return w;
}

static void
fake_name(struct fake_backend *f, uint8_t answer[68])
{
    memset(answer, 0, 68);
    strcpy((char *)answer + 4, "Fake 9000");
    f->answer = answer;
    f->answer_bytes = 68;
}

/* Record the client's session over a fake that answers. */
static void
record_client(void)
{
    struct gsp_trace_writer *w = open_writer(NULL);
    struct fake_backend fake;
    struct gsp_backend *b;
    uint8_t answer[68];
    char name[64];

    fake_init(&fake, "570.144");
    fake_name(&fake, answer);
    assert_int_equal(gsp_record_backend(&fake.base, w, NULL, &b, NULL), 0);
    assert_int_equal(run_client(b, &recorded, name, NULL), 0);
    assert_string_equal(name, "Fake 9000");
    assert_int_equal(fake.call_count, 6);
    b->ops->close(b);
    assert_int_equal(gsp_trace_writer_close(w, NULL), 0);
}

static struct gsp_backend *
replay(unsigned section)
{
    const struct gsp_replay_config config = {
        .path = path, .section = section, .schema = nvrm_schema_builtin()};
    struct gsp_backend *b;

    assert_int_equal(gsp_replay_open(&config, &b, NULL), 0);
    return b;
}

static void
the_same_client_gets_the_same_answers(void **state)
{
    struct gsp_error err = {0};
    struct gsp_backend *b;
    char name[64];

    (void)state;
    record_client();
    b = replay(0);
    assert_int_equal(b->abi.release, trace_abi("570.144").release);
    assert_int_equal(run_client(b, &recorded, name, &err), 0);
    assert_string_equal(name, "Fake 9000");
    assert_int_equal(gsp_replay_check(b, NULL), 0);
    b->ops->close(b);
}

static void
handles_may_have_other_values(void **state)
{
    static const struct handles other = {0xc1d00007, 5, 6};
    struct gsp_error err = {0};
    struct gsp_backend *b;
    char name[64];

    (void)state;
    record_client();
    b = replay(1);
    assert_int_equal(run_client(b, &other, name, &err), 0);
    assert_string_equal(name, "Fake 9000");
    b->ops->close(b);
}

static void
a_field_that_differs_is_named_with_both_values(void **state)
{
    struct gsp_error err = {0}, again = {0};
    struct gsp_backend *b;
    char name[64];

    (void)state;
    record_client();
    b = replay(1);
    assert_int_equal(alloc_tree(b, &recorded, NULL), 0);
    assert_int_equal(ask_name(b, &recorded, 1, name, &err), -EILSEQ);
    assert_int_equal(err.origin, GSP_ORIGIN_DIVERGED);
    assert_non_null(strstr(err.text, "record 5"));
    assert_non_null(strstr(err.text, "NV2080_CTRL_CMD_GPU_GET_NAME_STRING"));
    assert_non_null(strstr(err.text, "gpuNameStringFlags"));
    assert_non_null(strstr(err.text, "TYPE_ASCII"));
    /* It stays that way. */
    assert_int_equal(ask_name(b, &recorded, 0, name, &again), -EILSEQ);
    assert_string_equal(again.text, err.text);
    assert_int_equal(gsp_replay_check(b, &again), -EILSEQ);
    b->ops->close(b);
}

static void
another_call_is_named_beside_the_recorded_one(void **state)
{
    struct gsp_error err = {0};
    struct gsp_backend *b;

    (void)state;
    record_client();
    b = replay(1);
    assert_int_equal(alloc_tree(b, &recorded, NULL), 0);
    assert_int_equal(b->ops->free(b, ROOT, 0, ROOT, &err), -EILSEQ);
    assert_non_null(strstr(err.text, "the trace has control NV2080_CTRL_CMD_GPU_GET_NAME"));
    assert_non_null(strstr(err.text, "the client sent free"));
    b->ops->close(b);

    b = replay(1);
    assert_int_equal(
        alloc(b, ROOT, 0, ROOT, 0, "NV0000_ALLOC_PARAMETERS", "hClient", ROOT, &err), 0);
    assert_int_equal(
        alloc(b, ROOT, DEVICE, 9, 0x80, "NV0080_ALLOC_PARAMETERS", "hClientShare", ROOT, &err),
        -EILSEQ);
    assert_non_null(strstr(err.text, "hParent"));
    b->ops->close(b);
}

static void
a_client_that_goes_on_is_told_that_the_trace_has_ended(void **state)
{
    struct gsp_error err = {0};
    struct gsp_backend *b;
    char name[64];

    (void)state;
    record_client();
    b = replay(1);
    assert_int_equal(run_client(b, &recorded, name, &err), 0);
    assert_int_equal(ask_name(b, &recorded, 0, name, &err), -EILSEQ);
    assert_non_null(strstr(err.text, "no more calls"));
    b->ops->close(b);
}

static void
a_section_is_replayed_by_its_number(void **state)
{
    const struct gsp_replay_config third = {
        .path = path, .section = 3, .schema = nvrm_schema_builtin()};
    struct gsp_error err = {0};
    struct gsp_backend *b;
    char name[64];

    (void)state;
    record_client();
    record_client();
    b = replay(2);
    assert_int_equal(run_client(b, &recorded, name, &err), 0);
    assert_int_equal(ask_name(b, &recorded, 0, name, &err), -EILSEQ);
    b->ops->close(b);
    assert_int_equal(gsp_replay_open(&third, &b, &err), -ENOENT);
    assert_non_null(strstr(err.hint, "2"));
}

static void
a_refusal_is_refused_again_with_its_status(void **state)
{
    struct gsp_trace_writer *w = open_writer(NULL);
    struct gsp_error err = {0}, again = {0};
    struct fake_backend fake;
    struct gsp_backend *b;
    char name[64];

    (void)state;
    fake_init(&fake, "570.144");
    assert_int_equal(gsp_record_backend(&fake.base, w, NULL, &b, NULL), 0);
    assert_int_equal(alloc_tree(b, &recorded, NULL), 0);
    fake.refuse_op = 'c';
    fake.refuse_status = STATUS;
    assert_int_equal(ask_name(b, &recorded, 0, name, &err), -EREMOTEIO);
    b->ops->close(b);
    assert_int_equal(gsp_trace_writer_close(w, NULL), 0);

    b = replay(1);
    assert_int_equal(alloc_tree(b, &recorded, NULL), 0);
    assert_int_equal(ask_name(b, &recorded, 0, name, &again), -EREMOTEIO);
    assert_int_equal(again.nv_status, STATUS);
    assert_int_equal(again.origin, GSP_ORIGIN_RM);
    assert_string_equal(again.text, err.text);
    b->ops->close(b);
}

static void
memory_behind_pointers_is_compared_and_filled(void **state)
{
    const struct nvrm_abi abi = trace_abi("570.144");
    const struct nvrm_control *c = nvrm_control_by_id(abi, GET_ENGINES);
    const struct nvrm_layout *l = nvrm_struct_at(abi, c->params);
    const uint32_t at = nvrm_field_find(abi.schema, l, "engineList")->offset;
    struct gsp_trace_writer *w = open_writer(NULL);
    uint32_t first[3] = {0}, second[3] = {0};
    const uint64_t first_at = (uintptr_t)first, second_at = (uintptr_t)second;
    struct gsp_error err = {0};
    struct fake_backend fake;
    struct gsp_backend *b;
    uint8_t wire[64] = {3};
    uint64_t kept;

    (void)state;
    fake_init(&fake, "570.144");
    assert_int_equal(gsp_record_backend(&fake.base, w, NULL, &b, NULL), 0);
    memcpy(wire + at, &first_at, 8);
    assert_int_equal(b->ops->control(b, ROOT, SUBDEVICE, GET_ENGINES, wire, l->size, NULL), 0);
    first[1] = 0x2a; /* the next call is answered as this one is asked */
    assert_int_equal(b->ops->control(b, ROOT, SUBDEVICE, GET_ENGINES, wire, l->size, NULL), 0);
    b->ops->close(b);
    assert_int_equal(gsp_trace_writer_close(w, NULL), 0);

    b = replay(1);
    memcpy(wire + at, &second_at, 8);
    assert_int_equal(b->ops->control(b, ROOT, SUBDEVICE, GET_ENGINES, wire, l->size, &err), 0);
    memcpy(&kept, wire + at, 8);
    assert_true(kept == second_at);
    assert_int_equal(b->ops->control(b, ROOT, SUBDEVICE, GET_ENGINES, wire, l->size, &err),
                     -EILSEQ);
    assert_non_null(strstr(err.text, "engineList[1]"));
    b->ops->close(b);
    b = replay(1);
    assert_int_equal(b->ops->control(b, ROOT, SUBDEVICE, GET_ENGINES, wire, l->size, &err), 0);
    second[1] = 0x2a;
    assert_int_equal(b->ops->control(b, ROOT, SUBDEVICE, GET_ENGINES, wire, l->size, &err), 0);
    b->ops->close(b);
}

static void
an_event_comes_when_the_calls_before_it_were_made(void **state)
{
    static const uint32_t payload[2] = {1, 2};
    struct gsp_trace_writer *w = open_writer(NULL);
    struct gsp_event event;
    struct gsp_error err = {0};
    struct fake_backend fake;
    struct gsp_backend *b;
    char name[64];

    (void)state;
    fake_init(&fake, "570.144");
    assert_int_equal(gsp_record_backend(&fake.base, w, NULL, &b, NULL), 0);
    assert_int_equal(b->ops->event_next(b, &event, 0, &err), -EAGAIN);
    assert_int_equal(alloc_tree(b, &recorded, NULL), 0);
    fake.event = (struct gsp_event){
        .function = 0x1006, .payload = payload, .payload_bytes = sizeof(payload)};
    assert_int_equal(b->ops->event_next(b, &event, 0, &err), 0);
    assert_int_equal(ask_name(b, &recorded, 0, name, &err), 0);
    b->ops->close(b);
    assert_int_equal(gsp_trace_writer_close(w, NULL), 0);

    b = replay(1);
    assert_int_equal(b->ops->event_next(b, &event, 0, &err), -EAGAIN);
    assert_int_equal(alloc_tree(b, &recorded, NULL), 0);
    assert_int_equal(ask_name(b, &recorded, 0, name, &err), 0); /* taken later than it was */
    assert_int_equal(b->ops->event_next(b, &event, 0, &err), 0);
    assert_int_equal(event.function, 0x1006);
    assert_int_equal(event.payload_bytes, sizeof(payload));
    assert_memory_equal(event.payload, payload, sizeof(payload));
    assert_int_equal(b->ops->event_next(b, &event, 0, &err), -EAGAIN);
    b->ops->close(b);
}

static void
a_release_that_is_not_known_is_not_replayed(void **state)
{
    const struct gsp_replay_config config = {.path = path, .schema = nvrm_schema_builtin()};
    struct gsp_trace_record section = {.type = GSP_TRACE_SECTION,
                                       .args = 1,
                                       .arg = {GSP_TRACE_MAJOR},
                                       .pieces = 1,
                                       .piece = {{"999.99", 6}}};
    struct gsp_trace_writer *w = open_writer(NULL);
    const struct gsp_replay_config second = {
        .path = path, .section = 2, .schema = nvrm_schema_builtin()};
    struct gsp_error err = {0};
    struct gsp_backend *b;

    (void)state;
    assert_int_equal(gsp_trace_write(w, &section), 0);
    assert_int_equal(gsp_trace_writer_close(w, NULL), 0);
    assert_int_equal(gsp_replay_open(&second, &b, &err), -ENOENT);
    assert_int_equal(err.origin, GSP_ORIGIN_RELEASE);
    assert_non_null(strstr(err.text, "999.99"));
    assert_int_equal(gsp_replay_open(&config, &b, &err), 0);
    b->ops->close(b);
}

/* A recorder never fails a call for want of memory; a replay says so. */
static void
every_allocation_may_fail(void **state)
{
    (void)state;
    record_client();
    for (unsigned n = 1;; n++) {
        struct failing_heap heap = {.fail_at = n};
        const struct gsp_host host = failing_host(&heap);
        const struct gsp_replay_config config = {
            .path = path, .host = &host, .schema = nvrm_schema_builtin()};
        struct gsp_error err = {0};
        struct gsp_backend *b = NULL;
        char name[64];
        int rc = gsp_replay_open(&config, &b, &err);

        if (rc == 0) {
            rc = run_client(b, &recorded, name, &err);
            b->ops->close(b);
        }
        if (heap.calls < n) {
            assert_int_equal(rc, 0);
            break;
        }
        assert_int_equal(rc, -ENOMEM);
    }
    for (unsigned n = 1;; n++) {
        struct failing_heap heap = {.fail_at = n};
        const struct gsp_host host = failing_host(&heap);
        struct gsp_trace_writer *w = open_writer(NULL);
        struct fake_backend fake;
        struct gsp_backend *b = NULL;
        char name[64];
        int rc;

        fake_init(&fake, "570.144");
        rc = gsp_record_backend(&fake.base, w, &host, &b, NULL);
        if (rc == 0) {
            assert_int_equal(run_client(b, &recorded, name, NULL), 0);
            b->ops->close(b);
        }
        assert_int_equal(gsp_trace_writer_close(w, NULL), 0);
        if (heap.calls < n)
            break;
        assert_true(rc == 0 || n == 1);
    }
}

#define WITH_PATH(test) cmocka_unit_test_setup_teardown(test, make_path, remove_path)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATH(the_same_client_gets_the_same_answers),
        WITH_PATH(handles_may_have_other_values),
        WITH_PATH(a_field_that_differs_is_named_with_both_values),
        WITH_PATH(another_call_is_named_beside_the_recorded_one),
        WITH_PATH(a_client_that_goes_on_is_told_that_the_trace_has_ended),
        WITH_PATH(a_section_is_replayed_by_its_number),
        WITH_PATH(a_refusal_is_refused_again_with_its_status),
        WITH_PATH(memory_behind_pointers_is_compared_and_filled),
        WITH_PATH(an_event_comes_when_the_calls_before_it_were_made),
        WITH_PATH(a_release_that_is_not_known_is_not_replayed),
        WITH_PATH(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
