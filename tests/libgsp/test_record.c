/* SPDX-License-Identifier: MIT */
/*
 * The recorders below a backend: what RPCs, a bus and the kernel were asked becomes records in
 * their order, also when memory runs out, and nothing that passes through is changed.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <gsp/bus_record.h>
#include <gsp/record.h>

#include "trace_file.h"

enum { CONTROL = 76, EVENT = 0x1006, BUS_ADDRESS = 0x100000 };

struct recording {
    int fd;
    struct gsp_trace_writer *w;
    struct trace_bytes bytes;
    struct gsp_trace_reader *reader;
};

static void
begin(struct recording *r)
{
    const struct gsp_trace_writer_config config = {.abi = trace_abi("570.144")};

    *r = (struct recording){.fd = trace_file_create()};
    assert_int_equal(gsp_trace_writer_open_fd(r->fd, &config, &r->w, NULL), 0);
}

static void
read_back(struct recording *r)
{
    const struct gsp_trace_reader_config config = {.schema = nvrm_schema_builtin()};
    struct gsp_trace_record section;

    assert_int_equal(gsp_trace_writer_close(r->w, NULL), 0);
    r->bytes = trace_file_bytes(r->fd);
    assert_int_equal(
        gsp_trace_open_memory(r->bytes.data, r->bytes.bytes, &config, &r->reader, NULL), 0);
    assert_int_equal(gsp_trace_next(r->reader, &section, NULL), 0);
}

static void
end(struct recording *r)
{
    gsp_trace_close(r->reader);
    free(r->bytes.data);
    close(r->fd);
}

static void
expect_next(struct recording *r, unsigned type, struct gsp_trace_record *record)
{
    assert_int_equal(gsp_trace_next(r->reader, record, NULL), 0);
    assert_int_equal(record->type, type);
}

/* RPCs */

static void
make_rpcs(const struct gsp_rpc_tap *tap)
{
    const struct gsp_piece send[] = {
        {"head", 4},
        {"tail", 4}
    };
    char first[4] = "HEAD", second[4] = "xyz";
    const struct gsp_slice reply[] = {
        {first,  4},
        {second, 4}
    };
    const struct gsp_rpc_record called = {.function = CONTROL, .sequence = 9, .result = 0x56};
    const struct gsp_event event = {.function = EVENT, .payload = "boo", .payload_bytes = 3};

    tap->sent(tap->ctx, CONTROL, send, 2);
    tap->event(tap->ctx, &event);
    tap->done(tap->ctx, 0, &called, true, reply, 2, 6);
    tap->sent(tap->ctx, CONTROL, send, 1);
    tap->done(tap->ctx, 0, &called, false, NULL, 0, 0);
    tap->sent(tap->ctx, CONTROL, send, 1);
    tap->done(tap->ctx, -ETIMEDOUT, &called, true, reply, 2, 0);
}

static void
rpcs_are_recorded_with_both_directions(void **state)
{
    struct gsp_record_rpc *rpc;
    struct gsp_trace_record r;
    struct recording f;

    (void)state;
    begin(&f);
    assert_int_equal(gsp_record_rpc_create(f.w, NULL, &rpc, NULL), 0);
    make_rpcs(gsp_record_rpc_tap(rpc));
    gsp_record_rpc_destroy(rpc);
    read_back(&f);
    expect_next(&f, GSP_TRACE_RPC_EVENT, &r);
    assert_int_equal(r.arg[0], EVENT);
    assert_memory_equal(r.piece[0].data, "boo", 3);
    expect_next(&f, GSP_TRACE_RPC, &r);
    assert_int_equal(r.arg[0], CONTROL);
    assert_int_equal(r.arg[1], 9);
    assert_int_equal(r.status, 0x56);
    assert_int_equal(r.piece[0].bytes, 8);
    assert_memory_equal(r.piece[0].data, "headtail", 8);
    assert_int_equal(r.piece[1].bytes, 6);
    assert_memory_equal(r.piece[1].data, "HEADxy", 6);
    expect_next(&f, GSP_TRACE_RPC_POST, &r);
    assert_int_equal(r.pieces, 1);
    expect_next(&f, GSP_TRACE_RPC, &r);
    assert_int_equal(r.rc, -ETIMEDOUT);
    assert_int_equal(r.piece[1].bytes, 0);
    end(&f);
}

static void
an_rpc_is_recorded_without_its_bytes_when_memory_runs_out(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        struct failing_heap heap = {.fail_at = n};
        const struct gsp_host host = failing_host(&heap);
        struct gsp_record_rpc *rpc = NULL;
        struct recording f;
        int rc;

        begin(&f);
        rc = gsp_record_rpc_create(f.w, &host, &rpc, NULL);
        assert_int_equal(rc, n == 1 ? -ENOMEM : 0);
        if (rc == 0)
            make_rpcs(gsp_record_rpc_tap(rpc));
        gsp_record_rpc_destroy(rpc);
        read_back(&f);
        end(&f);
        if (heap.calls < n)
            break;
    }
}

/* A bus */

static uint32_t
fake_rd32(struct gsp_bus *bus, unsigned bar, uint64_t bar_off)
{
    (void)bus;
    return (uint32_t)(bar << 16 | bar_off);
}

static void
fake_wr32(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint32_t value)
{
    (void)bus;
    (void)bar;
    (void)bar_off;
    (void)value;
}

static int
fake_dma_alloc(struct gsp_bus *bus, size_t bytes, struct gsp_dma *dma_out)
{
    (void)bus;
    *dma_out = (struct gsp_dma){NULL, BUS_ADDRESS, bytes};
    return 0;
}

static void
fake_close(struct gsp_bus *bus)
{
    (void)bus;
}

static void
a_bus_is_recorded_access_by_access(void **state)
{
    static const struct gsp_bus_ops ops = {.name = "fake",
                                           .rd32 = fake_rd32,
                                           .wr32 = fake_wr32,
                                           .dma_alloc = fake_dma_alloc,
                                           .close = fake_close};
    struct gsp_bus fake = {.ops = &ops}, *bus;
    struct gsp_trace_record r;
    struct recording f;
    struct gsp_dma dma;
    char room[64], reg[96];

    (void)state;
    begin(&f);
    assert_int_equal(gsp_record_bus(&fake, f.w, NULL, &bus, NULL), 0);
    assert_int_equal(bus->ops->rd32(bus, 0, 0), 0);
    bus->ops->wr32(bus, 1, 0x40, 7);
    assert_int_equal(bus->ops->dma_alloc(bus, 8192, &dma), 0);
    bus->ops->close(bus);
    read_back(&f);
    expect_next(&f, GSP_TRACE_BUS, &r);
    assert_string_equal(gsp_trace_name(trace_abi("570.144"), &r, room), "rd32");
    assert_string_equal(gsp_trace_register(&r, reg), "NV_PMC_BOOT_0");
    expect_next(&f, GSP_TRACE_BUS, &r);
    assert_int_equal(r.arg[0], GSP_BUS_WR32);
    assert_int_equal(r.arg[1], 1);
    assert_int_equal(r.arg[3], 0x40);
    assert_int_equal(r.arg[4], 7);
    assert_null(gsp_trace_register(&r, reg)); /* another BAR */
    expect_next(&f, GSP_TRACE_BUS, &r);
    assert_int_equal(r.arg[3], BUS_ADDRESS);
    assert_int_equal(r.arg[4], 8192);
    end(&f);
}

/* The kernel */

static int
fake_open(void *ctx, const char *path, int flags)
{
    (void)ctx;
    (void)flags;
    return strcmp(path, "/dev/nvidiactl") ? -ENOENT : 5;
}

static int
fake_close_fd(void *ctx, int fd)
{
    (void)ctx;
    return fd == 5 ? 0 : -EBADF;
}

static int
fake_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
    (void)ctx;
    (void)fd;
    (void)request;
    ((uint8_t *)arg)[0] ^= 0xff;
    return 0;
}

static void *
fake_map(void *ctx, int fd, size_t bytes, bool writable, int *rc_out)
{
    (void)fd;
    (void)bytes;
    (void)writable;
    *rc_out = 0;
    return ctx;
}

static int
fake_unmap(void *ctx, void *at, size_t bytes)
{
    (void)bytes;
    assert_ptr_equal(ctx, at);
    return 0;
}

static void
system_calls_are_recorded_with_their_paths(void **state)
{
    static uint8_t mapped[16];
    const struct gsp_nvidia_os kernel = {.ctx = mapped,
                                         .open = fake_open,
                                         .close = fake_close_fd,
                                         .ioctl = fake_ioctl,
                                         .map = fake_map,
                                         .unmap = fake_unmap};
    uint8_t arg[16] = {1, 2, 3};
    const struct gsp_nvidia_os *os;
    struct gsp_record_os *recorder;
    struct gsp_trace_record r;
    struct recording f;
    int rc;

    (void)state;
    begin(&f);
    assert_int_equal(
        gsp_record_os_create(&kernel, trace_abi("570.144"), f.w, NULL, &recorder, NULL), 0);
    os = gsp_record_os_table(recorder);
    assert_int_equal(os->open(os->ctx, "/dev/nvidia7", O_RDWR), -ENOENT);
    assert_int_equal(os->open(os->ctx, "/dev/nvidiactl", O_RDWR), 5);
    assert_int_equal(os->ioctl(os->ctx, 5, _IOWR('F', 0xfe, uint8_t[16]), arg), 0);
    assert_int_equal(arg[0], 0xfe);
    assert_ptr_equal(os->map(os->ctx, 5, 4096, true, &rc), mapped);
    assert_int_equal(os->unmap(os->ctx, mapped, 4096), 0);
    assert_int_equal(os->close(os->ctx, 5), 0);
    gsp_record_os_destroy(recorder);
    read_back(&f);
    expect_next(&f, GSP_TRACE_OPEN, &r);
    assert_int_equal(r.rc, -ENOENT);
    expect_next(&f, GSP_TRACE_OPEN, &r);
    assert_int_equal(r.arg[2], 5);
    expect_next(&f, GSP_TRACE_IOCTL, &r);
    assert_memory_equal(r.piece[0].data, "/dev/nvidiactl", 14);
    assert_int_equal(r.piece[1].bytes, 16);
    assert_int_equal(((const uint8_t *)r.piece[1].data)[0], 1);
    assert_int_equal(((const uint8_t *)r.piece[2].data)[0], 0xfe);
    expect_next(&f, GSP_TRACE_MMAP, &r);
    assert_int_equal(r.arg[2], 4096);
    expect_next(&f, GSP_TRACE_MUNMAP, &r);
    expect_next(&f, GSP_TRACE_CLOSE, &r);
    assert_memory_equal(r.piece[0].data, "/dev/nvidiactl", 14);
    end(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rpcs_are_recorded_with_both_directions),
        cmocka_unit_test(an_rpc_is_recorded_without_its_bytes_when_memory_runs_out),
        cmocka_unit_test(a_bus_is_recorded_access_by_access),
        cmocka_unit_test(system_calls_are_recorded_with_their_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
