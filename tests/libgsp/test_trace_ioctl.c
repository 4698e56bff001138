/* SPDX-License-Identifier: MIT */
/* Ioctls in traces: what an escape carries as a call, and memory behind its pointers. */
#include <errno.h>
#include <sys/ioctl.h>

#include <gsp/trace.h>

#include "test.h"

struct control {
    uint32_t hClient, hObject, cmd, flags;
    uint64_t params;
    uint32_t paramsSize, status;
};
struct alloc21 {
    uint32_t hRoot, hParent, hNew, hClass;
    uint64_t params;
    uint32_t paramsSize, status;
};
struct alloc64 {
    uint32_t hRoot, hParent, hNew, hClass;
    uint64_t params, rights;
    uint32_t paramsSize, flags, status, pad;
};

static struct nvrm_abi
abi_of(const char *release)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    return (struct nvrm_abi){s, nvrm_release_find(s, release)};
}

static unsigned long
request_of(unsigned nr, size_t bytes)
{
    return _IOC(_IOC_READ | _IOC_WRITE, 'F', nr, bytes);
}

/* Memory as it is, unless it is said to be bad. */
struct memory {
    const void *bad;
    unsigned asked;
};

static const void *
reach(void *ctx, const void *where, size_t bytes)
{
    struct memory *m = ctx;

    (void)bytes;
    m->asked++;
    return where == m->bad ? NULL : where;
}

/* A record of an ioctl; its texts are the caller's. */
static struct gsp_trace_record
record_of(struct nvrm_abi abi, unsigned nr, const void *in, const void *out, size_t bytes,
          struct gsp_text memory[2])
{
    const unsigned long request = request_of(nr, bytes);
    const struct nvrm_layout *l = gsp_trace_ioctl_layout(abi, false, request, bytes);
    struct memory m = {0};
    const struct gsp_trace_reach reacher = {reach, &m};
    struct gsp_trace_record r = {.type = GSP_TRACE_IOCTL, .args = 3, .pieces = 5};

    assert_non_null(l);
    assert_int_equal(gsp_trace_ioctl_take(abi, l, in, bytes, NULL, &reacher, &memory[0]), 0);
    r.arg[0] = 3;
    r.arg[1] = request;
    r.piece[0] = (struct gsp_trace_piece){"/dev/nvidiactl", 14};
    r.piece[1] = (struct gsp_trace_piece){in, bytes};
    r.piece[2] = (struct gsp_trace_piece){out, bytes};
    r.piece[3] = (struct gsp_trace_piece){memory[0].data, memory[0].bytes};
    assert_int_equal(
        gsp_trace_ioctl_take(abi, l, out, bytes, &r.piece[3], &reacher, &memory[1]), 0);
    r.piece[4] = (struct gsp_trace_piece){memory[1].data, memory[1].bytes};
    r.status = gsp_trace_ioctl_status(abi, l, out, bytes);
    return r;
}

static void
fini(struct gsp_text memory[2])
{
    gsp_text_fini(&memory[0]);
    gsp_text_fini(&memory[1]);
}

static void
a_control_is_the_call_that_it_carries(void **state)
{
    const struct nvrm_abi abi = abi_of("570.144");
    uint8_t params[132] = "abc";
    const struct control c = {1, 2, 0x20800110, 0, (uintptr_t)params, sizeof(params), 0x1f};
    struct gsp_text memory[2] = {0};
    struct gsp_trace_record r = record_of(abi, 0x2a, &c, &c, sizeof(c), memory), call;

    (void)state;
    assert_int_equal(r.status, 0x1f);
    assert_true(gsp_trace_ioctl_call(abi, &r, &call));
    assert_int_equal(call.type, GSP_TRACE_CONTROL);
    assert_int_equal(call.args, 3);
    assert_int_equal(call.arg[0], 1);
    assert_int_equal(call.arg[1], 2);
    assert_int_equal(call.arg[2], 0x20800110);
    assert_int_equal(call.piece[GSP_TRACE_IN].bytes, sizeof(params));
    assert_memory_equal(call.piece[GSP_TRACE_IN].data, "abc", 4);
    assert_int_equal(call.rc, -EREMOTEIO);
    fini(memory);
}

static void
both_forms_of_an_allocation_are_understood(void **state)
{
    const struct nvrm_abi abi = abi_of("570.144");
    uint32_t sub = 7;
    const struct alloc21 a = {1, 2, 3, 0x2080, (uintptr_t)&sub, 0, 0};
    const struct alloc64 b = {1, 2, 0, 0x2080, (uintptr_t)&sub, 0, 0, 0, 0, 0};
    const struct alloc64 b_out = {1, 2, 9, 0x2080, (uintptr_t)&sub, 0, 0, 0, 0, 0};
    struct gsp_text memory[2] = {0}, memory_b[2] = {0};
    struct gsp_trace_record r = record_of(abi, 0x2b, &a, &a, sizeof(a), memory), call;

    (void)state;
    assert_true(gsp_trace_ioctl_call(abi, &r, &call));
    assert_int_equal(call.type, GSP_TRACE_ALLOC);
    assert_int_equal(call.arg[2], 3);
    assert_int_equal(call.arg[3], 0x2080);
    assert_int_equal(call.piece[GSP_TRACE_IN].bytes, 4); /* the class's: paramsSize is 0 */
    r = record_of(abi, 0x2b, &b, &b_out, sizeof(b), memory_b);
    assert_true(gsp_trace_ioctl_call(abi, &r, &call));
    assert_int_equal(call.arg[2], 9); /* RM chose */
    assert_memory_equal(call.piece[GSP_TRACE_IN].data, &sub, 4);
    fini(memory);
    fini(memory_b);
}

static void
a_root_whose_handle_rm_chose_opens_a_client(void **state)
{
    const struct nvrm_abi abi = abi_of("570.144");
    const struct alloc21 in = {0, 0, 0, 0x41, 0, 0, 0};
    const struct alloc21 out = {0, 0, 0xc1d00001, 0x41, 0, 0, 0};
    struct gsp_text memory[2] = {0};
    struct gsp_trace_record r = record_of(abi, 0x2b, &in, &out, sizeof(in), memory), call;

    (void)state;
    assert_true(gsp_trace_ioctl_call(abi, &r, &call));
    assert_int_equal(call.type, GSP_TRACE_OPEN_CLIENT);
    assert_int_equal(call.args, 1);
    assert_int_equal(call.arg[0], 0xc1d00001);
    fini(memory);
}

/* NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION has three texts behind pointers. */
static void
pointers_of_a_carried_control_are_followed(void **state)
{
    const struct nvrm_abi abi = abi_of("570.144");
    const struct nvrm_control *row =
        nvrm_control_find(abi, "NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION");
    const struct nvrm_layout *l = row ? nvrm_struct_at(abi, row->params) : NULL;
    const struct nvrm_field *size, *driver;
    uint8_t params[64] = {0};
    char text[16] = "570.144";
    const uint64_t at = (uintptr_t)text;
    const uint32_t bytes = sizeof(text);
    struct control c;
    struct gsp_text memory[2] = {0}, json = {0};
    struct gsp_trace_record r, call;

    (void)state;
    assert_non_null(l);
    assert_true(l->size <= sizeof(params));
    size = nvrm_field_find(abi.schema, l, "sizeOfStrings");
    driver = nvrm_field_find(abi.schema, l, "pDriverVersionBuffer");
    assert_non_null(size);
    assert_non_null(driver);
    memcpy(params + size->offset, &bytes, 4);
    memcpy(params + driver->offset, &at, 8);
    c = (struct control){1, 1, row->id, 0, (uintptr_t)params, l->size, 0};
    r = record_of(abi, 0x2a, &c, &c, sizeof(c), memory);
    assert_true(gsp_trace_ioctl_call(abi, &r, &call));
    assert_int_equal(call.piece[GSP_TRACE_OUT].bytes, l->size);
    assert_true(call.piece[GSP_TRACE_OUT_MEMORY].bytes >= 8 + sizeof(text));
    assert_int_equal(gsp_trace_params_json(abi, &call, GSP_TRACE_OUT, &json, NULL), 0);
    assert_non_null(strstr(json.data, "\"pDriverVersionBuffer\":\"570.144\""));
    gsp_text_fini(&json);
    fini(memory);
}

static void
memory_that_cannot_be_reached_is_empty(void **state)
{
    const struct nvrm_abi abi = abi_of("570.144");
    uint8_t params[132];
    const struct control c = {1, 2, 0x20800110, 0, (uintptr_t)params, sizeof(params), 0};
    const unsigned long request = request_of(0x2a, sizeof(c));
    const struct nvrm_layout *l = gsp_trace_ioctl_layout(abi, false, request, sizeof(c));
    struct memory m = {.bad = params};
    const struct gsp_trace_reach reacher = {reach, &m};
    struct gsp_text out = {0};
    uint64_t bytes;

    (void)state;
    assert_int_equal(gsp_trace_ioctl_take(abi, l, &c, sizeof(c), NULL, &reacher, &out), 0);
    assert_int_equal(m.asked, 1);
    assert_int_equal(out.bytes, 8);
    memcpy(&bytes, out.data, 8);
    assert_int_equal(bytes, 0);
    gsp_text_fini(&out);
}

static void
what_a_carrier_holds_is_found(void **state)
{
    const struct nvrm_abi abi = abi_of("570.144");
    const struct control c = {1, 2, 0x20800110, 0, 0, 0, 0};
    struct {
        uint32_t cmd, size;
        uint64_t ptr;
    } xfer = {0x2a, sizeof(c), (uintptr_t)&c};
    struct memory m = {0};
    const struct gsp_trace_reach reacher = {reach, &m};
    struct gsp_trace_ioctl io = {.request = request_of(211, sizeof(xfer)), .arg = &xfer};

    (void)state;
    gsp_trace_ioctl_find(abi, &reacher, &io);
    assert_ptr_equal(io.arg, &c);
    assert_int_equal(io.bytes, sizeof(c));
    assert_int_equal(io.request & 0xff, 0x2a);
    assert_non_null(io.layout);
    xfer.size = UINT32_MAX;
    io = (struct gsp_trace_ioctl){.request = request_of(211, sizeof(xfer)), .arg = &xfer};
    gsp_trace_ioctl_find(abi, &reacher, &io);
    assert_ptr_equal(io.arg, &xfer);
}

static void
requests_of_the_module_are_told_from_others(void **state)
{
    (void)state;
    assert_true(gsp_trace_ioctl_is_escape(0xc020462a));
    assert_true(gsp_trace_ioctl_is_escape(request_of(210, 72)));
    assert_false(gsp_trace_ioctl_is_escape(0x4600)); /* FBIOGET_VSCREENINFO */
    assert_false(gsp_trace_ioctl_is_escape(TIOCGWINSZ));
    assert_false(gsp_trace_ioctl_is_escape(0x30000001)); /* nvidia-uvm */
}

static void
calls_of_every_release_have_their_numbers(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    uint8_t in[64] = {0};
    const uint32_t handles[] = {1, 2, 3, 4};

    (void)state;
    memcpy(in, handles, sizeof(handles));
    for (unsigned i = 0; i < nvrm_release_count(s); i++) {
        const struct nvrm_abi abi = {s, (nvrm_release)i};
        const struct nvrm_layout *l =
            gsp_trace_ioctl_layout(abi, false, request_of(0x57, 0), 0);
        struct gsp_text memory[2] = {0};
        struct gsp_trace_record r, call;

        assert_non_null(l);
        assert_true(l->size <= sizeof(in));
        r = record_of(abi, 0x57, in, in, l->size, memory);
        assert_true(gsp_trace_ioctl_call(abi, &r, &call));
        assert_int_equal(call.type, GSP_TRACE_MAP_DMA);
        assert_int_equal(call.args, 8);
        assert_int_equal(call.arg[3], 4);
        fini(memory);
    }
}

static void
other_records_are_no_calls(void **state)
{
    const struct nvrm_abi abi = abi_of("570.144");
    struct gsp_trace_record r = {.type = GSP_TRACE_CONTROL, .args = 3}, call;

    (void)state;
    assert_false(gsp_trace_ioctl_call(abi, &r, &call));
    r.type = GSP_TRACE_IOCTL;
    r.arg[1] = request_of(0x2a, 32); /* and no struct */
    assert_false(gsp_trace_ioctl_call(abi, &r, &call));
    r.arg[1] = request_of(200, 32);
    assert_false(gsp_trace_ioctl_call(abi, &r, &call));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_control_is_the_call_that_it_carries),
        cmocka_unit_test(both_forms_of_an_allocation_are_understood),
        cmocka_unit_test(a_root_whose_handle_rm_chose_opens_a_client),
        cmocka_unit_test(pointers_of_a_carried_control_are_followed),
        cmocka_unit_test(memory_that_cannot_be_reached_is_empty),
        cmocka_unit_test(what_a_carrier_holds_is_found),
        cmocka_unit_test(requests_of_the_module_are_told_from_others),
        cmocka_unit_test(calls_of_every_release_have_their_numbers),
        cmocka_unit_test(other_records_are_no_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
