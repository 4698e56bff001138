/* SPDX-License-Identifier: MIT */
/* Crash reports: wayfinders and packets made by hand from the public header, log lines in our
 * own words in the drivers' columns. */
#include <errno.h>

#include <gsp/crash.h>

#include "test.h"

enum { LINES_MAX = 64 };

static void
put64(uint8_t *p, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

/* A report by libos 3 in partition 4: task 3 panicked at 0x60ab10 for reason 11; then seven
 * CSRs of supervisor mode, a stack of two, one external register. */
static size_t
make_report(uint8_t *out)
{
    static const uint64_t words[] = {
        0x000000000181dead | 0ull, /* 7 words of payload: (7 - 1) << 22 */
        0x4c49424f53332e31,        /* "LIBOS3.1" */
        0x00020004,                /* partition 4, ucode 0, supervisor mode, task 0 */
        0x000003e831000007,        /* time 1000; version 3.1, change list 7 */
        0x03030104,                /* partition 4, ucode 1, user mode, task 3 */
        0x0000000b000000f2,        /* reason 11, uncontained, panic */
        0x60ab10,
        0x12,
        0x000002010181dead, /* CSRs of mode 2 */
        1,
        2,
        3,
        0x60ab10,
        5,
        0x8000000000000005,
        7,
        0x000002030041dead, /* stack, 2 words */
        0x601000,
        0x602000,
        0x000002040001dead, /* I/O, external, 1 word */
        0x0000140000000099,
        0,
        0, /* the queue's page goes on with nothing */
    };

    for (size_t i = 0; i < sizeof(words) / 8; i++)
        put64(out + 8 * i, words[i]);
    return sizeof(words);
}

static void
a_wayfinder_names_its_registers_and_its_queue(void **state)
{
    struct gsp_crash_l0 l0;
    struct gsp_crash_l1 l1;

    (void)state;
    assert_false(gsp_crash_l0(0x0021dead >> 1, &l0));
    assert_false(gsp_crash_l0(0xbadf4100, &l0));
    assert_true(gsp_crash_l0(0x0021dead, &l0)); /* version 1, group B */
    assert_int_equal(l0.version, 1);
    assert_string_equal(l0.group_name, "B");
    assert_int_equal(l0.register_count, 4);
    assert_int_equal(l0.registers[2], 0x308);
    assert_true(gsp_crash_l0(0x0011dead, &l0)); /* the mailboxes are only two */
    assert_int_equal(l0.register_count, 2);
    assert_int_equal(gsp_crash_l1(0x7fff1000 | 1 | 2 << 3 | 3 << 6, &l1, NULL), 0);
    assert_int_equal(l1.aperture, GSP_CRASH_FB);
    assert_int_equal(l1.bytes, 4 * 4096);
    assert_int_equal(l1.offset, 0x7fff1000);
    assert_int_equal(gsp_crash_l1(0x7fff1004 | 1 << 3, &l1, NULL), -EBADMSG);
    assert_int_equal(gsp_crash_l1(0x7fff1000, &l1, NULL), -EBADMSG);
}

static void
a_queue_that_wrapped_is_read_in_order(void **state)
{
    const uint8_t queue[] = {4, 5, 0, 0, 0, 1, 2, 3};
    uint8_t out[8];

    (void)state;
    assert_int_equal(gsp_crash_queue_read(queue, 8, 2, 5, out, NULL), 5);
    assert_memory_equal(out, "\1\2\3\4\5", 5);
    assert_int_equal(gsp_crash_queue_read(queue, 8, 7, 5, out, NULL), 2);
    assert_int_equal(gsp_crash_queue_read(queue, 8, 5, 5, out, NULL), 0);
    assert_int_equal(gsp_crash_queue_read(queue, 8, 8, 5, out, NULL), -EBADMSG);
    assert_int_equal(gsp_crash_queue_read(queue, 8, 0, UINT32_MAX, out, NULL), -EBADMSG);
}

static void
a_report_says_who_crashed_where_and_why(void **state)
{
    uint8_t bytes[512];
    const struct gsp_fw_source src = {"crash", bytes, make_report(bytes), 0};
    struct gsp_crash_report r;
    uint64_t off = 0;

    (void)state;
    assert_true(gsp_crash_is_report(bytes, src.bytes));
    assert_int_equal(gsp_crash_report_next(&src, &off, &r, NULL), 0);
    assert_string_equal(gsp_crash_writer_name(r.writer), "libos 3");
    assert_int_equal(r.timestamp, 1000);
    assert_int_equal(r.version >> 28, 3);
    assert_int_equal(r.source.partition, 4);
    assert_int_equal(r.source.ucode, 1);
    assert_int_equal(r.source.task, 3);
    assert_string_equal(gsp_crash_mode_name(r.writer, r.source.mode), "task");
    assert_string_equal(gsp_crash_mode_name(r.writer, r.reporter.mode), "kernel");
    assert_int_equal(r.cause, GSP_CRASH_PANIC);
    assert_string_equal(gsp_crash_reason_name(r.writer, r.reason), "an assertion failed");
    assert_string_equal(gsp_crash_containment_name(r.containment), "uncontained");
    assert_int_equal(r.pc, 0x60ab10);
    assert_int_equal(r.data, 0x12);
    assert_int_equal(r.csrs.count, 7);
    assert_string_equal(gsp_crash_csr_name(r.csr_mode, 3), "sepc");
    assert_int_equal(gsp_crash_value(&r.csrs, 3), 0x60ab10);
    assert_string_equal(gsp_crash_riscv_cause_name(gsp_crash_value(&r.csrs, 5)),
                        "supervisor timer interrupt");
    assert_int_equal(r.stack.count, 2);
    assert_int_equal(gsp_crash_value(&r.stack, 1), 0x602000);
    assert_int_equal(gsp_crash_value(&r.stack, 2), 0);
    assert_int_equal(r.io_aperture, 2);
    assert_int_equal(gsp_crash_value(&r.io, 0) >> 32, 0x1400);
    assert_null(r.gprs.data);
    assert_int_equal(gsp_crash_report_next(&src, &off, &r, NULL), -ENOENT);
}

static void
two_reports_in_one_queue_are_two(void **state)
{
    uint8_t bytes[1024];
    struct gsp_fw_source src = {"crash", bytes, 0, 0};
    struct gsp_crash_report r;
    uint64_t off = 0;

    (void)state;
    src.bytes = make_report(bytes) - 16;
    src.bytes += make_report(bytes + src.bytes);
    assert_int_equal(gsp_crash_report_next(&src, &off, &r, NULL), 0);
    assert_int_equal(gsp_crash_report_next(&src, &off, &r, NULL), 0);
    assert_int_equal(r.pc, 0x60ab10);
    assert_int_equal(gsp_crash_report_next(&src, &off, &r, NULL), -ENOENT);
}

static void
packets_that_do_not_fit_are_refused_with_their_offset(void **state)
{
    uint8_t bytes[512];
    struct gsp_fw_source src = {"crash", bytes, make_report(bytes), 0};
    struct gsp_crash_report r;
    struct gsp_error err = {0};
    uint64_t off = 0;

    (void)state;
    put64(bytes + 64, 0x00000201fff1dead); /* 1024 units of 64 KiB */
    assert_int_equal(gsp_crash_report_next(&src, &off, &r, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "0x48"));
    off = 0;
    src.bytes = 40;
    assert_int_equal(gsp_crash_report_next(&src, &off, &r, &err), -EBADMSG);
    off = 0;
    src.bytes = 3;
    assert_int_equal(gsp_crash_report_next(&src, &off, &r, &err), -EBADMSG);
    off = 8;
    src.bytes = 512;
    assert_int_equal(gsp_crash_report_next(&src, &off, &r, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "no CrashCat packet"));
}

struct found {
    struct gsp_crash_line lines[LINES_MAX];
    unsigned count;
};

static int
keep(void *ctx, const struct gsp_crash_line *line)
{
    struct found *f = ctx;

    assert_true(f->count < LINES_MAX);
    f->lines[f->count++] = *line;
    return 0;
}

/* A committed log; the text stays for the spans in the result. */
static char *
scan_file(const char *name, struct found *f)
{
    char path[512];
    char *text = calloc(1, 65536);
    size_t bytes;
    FILE *in;

    snprintf(path, sizeof(path), NVRM_SOURCE_DIR "/tests/fuzz/corpus/dmesg/%s", name);
    in = fopen(path, "r");
    assert_non_null(in);
    bytes = fread(text, 1, 65535, in);
    fclose(in);
    memset(f, 0, sizeof(*f));
    assert_int_equal(gsp_crash_scan(text, bytes, keep, f), 0);
    return text;
}

static void
expect_span(struct gsp_crash_span span, const char *want)
{
    assert_int_equal(span.bytes, strlen(want));
    assert_memory_equal(span.text, want, span.bytes);
}

static const struct gsp_crash_line *
nth(const struct found *f, enum gsp_crash_kind kind, unsigned n)
{
    for (unsigned i = 0; i < f->count; i++)
        if (f->lines[i].kind == kind && n-- == 0)
            return &f->lines[i];
    fail_msg("no such line");
    return NULL;
}

static unsigned
count_of(const struct found *f, enum gsp_crash_kind kind)
{
    unsigned n = 0;

    for (unsigned i = 0; i < f->count; i++)
        n += f->lines[i].kind == kind;
    return n;
}

static void
xid_lines_give_device_process_partition_and_cause(void **state)
{
    struct found f;
    char *text = scan_file("r570.txt", &f);
    const struct gsp_crash_line *l = nth(&f, GSP_CRASH_XID, 0);

    (void)state;
    assert_int_equal(l->number, 2);
    assert_int_equal(l->xid.number, 94);
    expect_span(l->xid.device, "PCI:0000:65:00");
    assert_int_equal(l->xid.gpu_instance, 2);
    assert_int_equal(l->xid.compute_instance, 0);
    assert_int_equal(l->xid.pid, 4711);
    expect_span(l->xid.process, "train");
    expect_span(nth(&f, GSP_CRASH_XID, 1)->xid.process, "train job");
    expect_span(nth(&f, GSP_CRASH_DRIVER, 0)->text, "570.144");
    free(text);
    text = scan_file("r535.txt", &f);
    l = nth(&f, GSP_CRASH_XID, 0);
    assert_false(l->xid.has_pid);
    assert_int_equal(l->xid.gpu_instance, -1);
    assert_int_equal(nth(&f, GSP_CRASH_XID, 1)->xid.previous, 31);
    free(text);
}

static void
histories_of_535_have_function_and_data(void **state)
{
    struct found f;
    char *text = scan_file("r535.txt", &f);
    const struct gsp_crash_rpc *r = &nth(&f, GSP_CRASH_RPC_ROW, 1)->rpc;

    (void)state;
    assert_int_equal(count_of(&f, GSP_CRASH_RPC_ROW), 2);
    assert_int_equal(r->columns, GSP_CRASH_COLUMNS_DATA);
    assert_int_equal(r->index, 1);
    assert_int_equal(r->function, 76);
    expect_span(r->name, "GSP_RM_CONTROL");
    assert_int_equal(r->data[0], 0x20801702);
    assert_int_equal(r->data[1], 8);
    r = &nth(&f, GSP_CRASH_RPC_TIMEOUT, 0)->rpc;
    assert_int_equal(r->function, 103);
    assert_int_equal(r->data[0], 0xc56f);
    assert_int_equal(r->seconds, 0);
    r = &nth(&f, GSP_CRASH_RPC_BUFFER, 0)->rpc;
    assert_int_equal(r->data[0], 0x20801702);
    free(text);
}

static void
histories_of_570_have_times_and_both_directions(void **state)
{
    struct found f;
    char *text = scan_file("r570.txt", &f);
    const struct gsp_crash_line *l = nth(&f, GSP_CRASH_RPC_TABLE, 0);
    const struct gsp_crash_rpc *r;

    (void)state;
    assert_int_equal(l->gpu, 1);
    assert_int_equal(count_of(&f, GSP_CRASH_RPC_ROW), 5);
    r = &nth(&f, GSP_CRASH_RPC_ROW, 0)->rpc;
    assert_int_equal(r->columns, GSP_CRASH_COLUMNS_TIMES);
    assert_true(r->marked);
    assert_int_equal(r->end, 0);
    assert_int_equal(r->duration_us, 0);
    r = &nth(&f, GSP_CRASH_RPC_ROW, 1)->rpc;
    assert_false(r->event);
    assert_false(r->marked);
    assert_int_equal(r->duration_us, 256);
    assert_int_equal(r->end - r->start, 0x100);
    assert_int_equal(nth(&f, GSP_CRASH_RPC_ROW, 2)->rpc.duration_us, 48000);
    r = &nth(&f, GSP_CRASH_RPC_ROW, 3)->rpc;
    assert_true(r->event);
    assert_true(r->marked);
    assert_int_equal(r->function, 4128);
    assert_int_equal(r->duration_us, 32);
    assert_int_equal(nth(&f, GSP_CRASH_RPC_TIMEOUT, 0)->rpc.seconds, 6);
    assert_int_equal(nth(&f, GSP_CRASH_RPC_BUFFER, 0)->gpu, 1);
    free(text);
}

static void
histories_of_595_have_sequence_numbers(void **state)
{
    struct found f;
    char *text = scan_file("r595.txt", &f);
    const struct gsp_crash_rpc *r = &nth(&f, GSP_CRASH_RPC_ROW, 1)->rpc;

    (void)state;
    assert_int_equal(r->columns, GSP_CRASH_COLUMNS_SEQUENCE);
    assert_int_equal(r->sequence, 4241);
    assert_int_equal(r->function, 47);
    expect_span(r->name, "UNLOADING_GUEST_DRIVE");
    assert_int_equal(r->duration_us, 10000000);
    assert_int_equal(nth(&f, GSP_CRASH_RPC_TIMEOUT, 0)->rpc.sequence, 4242);
    assert_int_equal(nth(&f, GSP_CRASH_RPC_BUFFER, 0)->rpc.sequence, 4242);
    free(text);
}

static void
a_crash_report_in_text_keeps_its_registers_and_trace(void **state)
{
    struct found f;
    char *text = scan_file("crash.txt", &f);
    const struct gsp_crash_line *l = nth(&f, GSP_CRASH_SOURCE, 0);

    (void)state;
    assert_int_equal(l->source.mode, GSP_CRASH_MODE_U);
    assert_int_equal(l->source.cause, GSP_CRASH_PANIC);
    expect_span(l->source.why, "condition failed");
    assert_int_equal(l->source.number, 11);
    assert_int_equal(l->source.aux, 0x12);
    assert_int_equal(l->source.who.partition, 4);
    assert_int_equal(l->source.who.task, 3);
    l = nth(&f, GSP_CRASH_REGISTERS, 1);
    assert_int_equal(l->values.count, 3);
    expect_span(l->values.names[2], "scause");
    assert_int_equal(l->values.values[2], 5);
    assert_int_equal(count_of(&f, GSP_CRASH_ADDRESSES), 2);
    expect_span(nth(&f, GSP_CRASH_REGISTERS, 3)->values.names[1], "0x00001404");
    assert_int_equal(count_of(&f, GSP_CRASH_END), 1);
    l = nth(&f, GSP_CRASH_SOURCE, 1);
    assert_int_equal(l->source.cause, GSP_CRASH_EXCEPTION);
    assert_int_equal(l->source.number, 5);
    assert_int_equal(l->source.who.task, 255);
    free(text);
}

static void
assertions_give_status_expression_and_place(void **state)
{
    struct found f;
    char *text = scan_file("r570.txt", &f);
    const struct gsp_crash_line *l = nth(&f, GSP_CRASH_ASSERT, 0);

    (void)state;
    assert_true(l->failure.has_status);
    assert_int_equal(l->failure.status, 0x1f);
    expect_span(l->failure.expression, "take(a, b)");
    expect_span(l->failure.where, "made_up.c:77");
    l = nth(&f, GSP_CRASH_ASSERT, 1);
    assert_true(l->failure.check);
    assert_int_equal(l->gpu, 1);
    assert_false(l->failure.has_status);
    expect_span(l->failure.expression, "size > 0");
    free(text);
}

static void
lines_that_stand_alone_are_told_apart(void **state)
{
    struct found f;
    char *text = scan_file("lines.txt", &f);
    const struct gsp_crash_line *l = nth(&f, GSP_CRASH_INIT, 0);

    (void)state;
    expect_span(l->init.device, "0000:65:00.0");
    assert_int_equal(l->init.stage, 0x62);
    assert_int_equal(l->init.status, 0x65);
    assert_int_equal(l->init.line, 1859);
    assert_string_equal(gsp_crash_init_name(l->init.stage), "starting GSP firmware");
    assert_null(gsp_crash_init_name(0x99));
    expect_span(l->stamp, "100.000011");
    l = nth(&f, GSP_CRASH_GPU, 0);
    expect_span(l->text, "GPU-00000000-1111-2222-3333-444444444444");
    expect_span(l->stamp, "Nov 20 13:00:01");
    l = nth(&f, GSP_CRASH_PCIE, 0);
    expect_span(l->pcie.severity, "Uncorrected (Fatal)");
    expect_span(l->pcie.device, "0000:65:00.0");
    l = nth(&f, GSP_CRASH_SXID, 0);
    assert_int_equal(l->xid.number, 12028);
    expect_span(l->xid.device, "PCI:0000:c1:00.0");
    expect_span(nth(&f, GSP_CRASH_MISMATCH, 0)->text, "570.144");
    assert_int_equal(nth(&f, GSP_CRASH_RC_ALL, 0)->xid.number, 119);
    expect_span(nth(&f, GSP_CRASH_PART, 1)->text, "/var/log/made-up.log");
    assert_int_equal(count_of(&f, GSP_CRASH_LOST), 1);
    free(text);
}

static struct gsp_crash_fault
fault_of(const struct found *f, unsigned n)
{
    struct gsp_crash_fault fault;

    gsp_crash_fault(nth(f, GSP_CRASH_XID, n)->xid.message, &fault);
    return fault;
}

static void
messages_of_xids_give_engine_address_and_registers(void **state)
{
    struct gsp_crash_fault fault;
    struct found f;
    char *text = scan_file("lines.txt", &f);

    (void)state;
    fault = fault_of(&f, 0);
    expect_span(fault.unit, "GPC 0, TPC 1, SM 0");
    expect_span(fault.what, "Out Of Range Address");
    fault = fault_of(&f, 1);
    assert_int_equal(fault.esrs, 4);
    assert_int_equal(fault.esr[3].reg, 0x50472c);
    assert_int_equal(fault.esr[3].value, 0x174);
    fault = fault_of(&f, 2);
    expect_span(fault.engine, "GRAPHICS");
    expect_span(fault.client, "GPCCLIENT_T1_0");
    expect_span(fault.type, "FAULT_PDE");
    expect_span(fault.access, "ACCESS_TYPE_VIRT_READ");
    assert_true(fault.has_address && fault.address == 0x7f7b2ac00000);
    assert_true(fault.has_channel && fault.channel == 0x18);
    fault = fault_of(&f, 3);
    assert_true(fault.has_class && fault.class_id == 0xc597);
    assert_true(fault.has_method && fault.method == 0x2040);
    fault = fault_of(&f, 5);
    assert_true(fault.has_link && fault.link == 4);
    fault = fault_of(&f, 7);
    expect_span(fault.action, "Node Reboot Required");
    free(text);
}

static void
what_the_driver_found_of_gsp_is_kept(void **state)
{
    struct found f;
    char *text = scan_file("states.txt", &f);
    const struct gsp_crash_rpc *r = &nth(&f, GSP_CRASH_RPC_TIMEOUT, 1)->rpc;

    (void)state;
    expect_span(nth(&f, GSP_CRASH_STATE, 0)->text, "GSP-RM unresponsive");
    expect_span(nth(&f, GSP_CRASH_STATE, 1)->text, "LibOS heartbeat timed out");
    assert_int_equal(r->failure, 0xf);
    assert_int_equal(r->function, 103);
    assert_int_equal(r->sequence, 10);
    assert_int_equal(nth(&f, GSP_CRASH_RPC_TIMEOUT, 1)->gpu, 0);
    r = &nth(&f, GSP_CRASH_EVENT, 0)->rpc;
    assert_int_equal(r->function, 0x1004);
    assert_int_equal(r->failure, 0x57);
    assert_int_equal(nth(&f, GSP_CRASH_EVENT, 1)->rpc.failure, 0);
    expect_span(nth(&f, GSP_CRASH_XID, 1)->xid.device, "PCI:0000:66:00");
    free(text);
}

static void
lines_of_others_are_passed_over(void **state)
{
    static const char text[] =
        "usb 1-1: new device\n\n0 76 GSP_RM_CONTROL 0x1 0x2\n"
        "NVRM: \nNVRM: Xid (PCI\nNVRM: Xid (x): \nNVRM: Assertion failed";
    struct found f = {0};

    (void)state;
    assert_int_equal(gsp_crash_scan(text, sizeof(text) - 1, keep, &f), 0);
    assert_int_equal(f.count, 0);
}

static int
stop(void *ctx, const struct gsp_crash_line *line)
{
    ++*(unsigned *)ctx;
    return line->kind == GSP_CRASH_XID ? 7 : 0;
}

static void
a_reader_that_has_enough_ends_the_scan(void **state)
{
    static const char text[] = "NVRM: Xid (a): 1, x\nNVRM: Xid (a): 2, x\n";
    unsigned calls = 0;

    (void)state;
    assert_int_equal(gsp_crash_scan(text, sizeof(text) - 1, stop, &calls), 7);
    assert_int_equal(calls, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wayfinder_names_its_registers_and_its_queue),
        cmocka_unit_test(a_queue_that_wrapped_is_read_in_order),
        cmocka_unit_test(a_report_says_who_crashed_where_and_why),
        cmocka_unit_test(two_reports_in_one_queue_are_two),
        cmocka_unit_test(packets_that_do_not_fit_are_refused_with_their_offset),
        cmocka_unit_test(xid_lines_give_device_process_partition_and_cause),
        cmocka_unit_test(histories_of_535_have_function_and_data),
        cmocka_unit_test(histories_of_570_have_times_and_both_directions),
        cmocka_unit_test(histories_of_595_have_sequence_numbers),
        cmocka_unit_test(a_crash_report_in_text_keeps_its_registers_and_trace),
        cmocka_unit_test(assertions_give_status_expression_and_place),
        cmocka_unit_test(lines_that_stand_alone_are_told_apart),
        cmocka_unit_test(messages_of_xids_give_engine_address_and_registers),
        cmocka_unit_test(what_the_driver_found_of_gsp_is_kept),
        cmocka_unit_test(lines_of_others_are_passed_over),
        cmocka_unit_test(a_reader_that_has_enough_ends_the_scan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
