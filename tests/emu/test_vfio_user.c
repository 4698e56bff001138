/* SPDX-License-Identifier: MIT */
/*
 * The vfio-user server against bytes: every message is spelled out here after the protocol's
 * specification (QEMU docs/interop/vfio-user.rst); no other code of the project speaks it on
 * this side.
 */
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vu_fixture.h"

struct client {
    int fd;
    uint16_t id;
    uint8_t in[1 << 16]; /* body of the last reply */
    uint32_t in_bytes, flags, error;
};

static void
dial(struct client *c, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *c = (struct client){.id = 7};
    strcpy(address.sun_path, path);
    c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(c->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static void
hang_up(struct client *c)
{
    close(c->fd);
    c->fd = -1;
}

static void
send_bytes(struct client *c, const void *bytes, size_t count, const int *fds, unsigned fd_count)
{
    char control[CMSG_SPACE(sizeof(int) * 32)] = {0};
    struct iovec iov = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    if (fd_count) {
        struct cmsghdr *h;

        msg.msg_control = control;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        h = CMSG_FIRSTHDR(&msg);
        h->cmsg_level = SOL_SOCKET;
        h->cmsg_type = SCM_RIGHTS;
        h->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(h), fds, sizeof(int) * fd_count);
    }
    assert_int_equal(sendmsg(c->fd, &msg, MSG_NOSIGNAL), count);
}

static void
send_command(struct client *c, uint16_t command, uint32_t flags, const void *body,
             uint32_t bytes, const int *fds, unsigned fd_count)
{
    static uint8_t message[1 << 16];
    const uint32_t size = 16 + bytes, zero = 0;

    c->id++;
    memcpy(message, &c->id, 2);
    memcpy(message + 2, &command, 2);
    memcpy(message + 4, &size, 4);
    memcpy(message + 8, &flags, 4);
    memcpy(message + 12, &zero, 4);
    if (bytes)
        memcpy(message + 16, body, bytes);
    send_bytes(c, message, size, fds, fd_count);
}

/* False when the server hung up or says nothing for five seconds. */
static bool
read_all(struct client *c, void *to, size_t bytes)
{
    for (size_t got = 0; got < bytes;) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        ssize_t n = poll(&p, 1, 5000) == 1 ? read(c->fd, (uint8_t *)to + got, bytes - got) : -1;

        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

static bool
read_reply(struct client *c, uint16_t command)
{
    uint8_t header[16];
    uint16_t id, got;
    uint32_t size;

    if (!read_all(c, header, 16))
        return false;
    memcpy(&id, header, 2);
    memcpy(&got, header + 2, 2);
    memcpy(&size, header + 4, 4);
    memcpy(&c->flags, header + 8, 4);
    memcpy(&c->error, header + 12, 4);
    assert_int_equal(id, c->id);
    assert_int_equal(got, command);
    assert_int_equal(c->flags & 0xf, 1);
    assert_in_range(size, 16, sizeof(c->in));
    c->in_bytes = size - 16;
    if (c->flags & 0x20)
        assert_int_equal(c->in_bytes, 0);
    else
        assert_int_equal(c->error, 0);
    return read_all(c, c->in, c->in_bytes);
}

/* The errno in the reply; 0 for success. */
static int
ask(struct client *c, uint16_t command, const void *body, uint32_t bytes)
{
    send_command(c, command, 0, body, bytes, NULL, 0);
    assert_true(read_reply(c, command));
    return (int)c->error;
}

static int
ask_with(struct client *c, uint16_t command, const void *body, uint32_t bytes, const int *fds,
         unsigned fd_count)
{
    send_command(c, command, 0, body, bytes, fds, fd_count);
    assert_true(read_reply(c, command));
    return (int)c->error;
}

static void
greet(struct client *c)
{
    static const char body[] = "\0\0\1\0{\"capabilities\":{\"max_msg_fds\":8}}";
    uint16_t version[2];

    assert_int_equal(ask(c, 1, body, sizeof(body)), 0);
    memcpy(version, c->in, 4);
    assert_int_equal(version[0], 0);
    assert_int_equal(version[1], 1);
    assert_int_equal(c->in[c->in_bytes - 1], 0);
    assert_non_null(strstr((char *)c->in + 4, "\"max_data_xfer_size\":1048576"));
}

static void
meet(struct client *c, const struct vu_fixture *f)
{
    dial(c, f->paths[0]);
    greet(c);
}

static void
start_one(struct vu_fixture *f)
{
    vu_fixture_start(f, &(struct vu_fixture_card){.chip = "AD102"}, 1);
}

static void
stop_soundly(struct vu_fixture *f)
{
    const int status = vu_fixture_stop(f, SIGTERM);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int
region_read(struct client *c, uint32_t region, uint64_t offset, uint32_t count)
{
    uint8_t body[16];

    memcpy(body, &offset, 8);
    memcpy(body + 8, &region, 4);
    memcpy(body + 12, &count, 4);
    return ask(c, 9, body, 16);
}

static uint64_t
value_at(struct client *c, uint32_t region, uint64_t offset, uint32_t count)
{
    uint64_t value = 0;

    assert_int_equal(region_read(c, region, offset, count), 0);
    assert_int_equal(c->in_bytes, 16 + count);
    memcpy(&value, c->in + 16, count);
    return value;
}

static int
region_write(struct client *c, uint32_t region, uint64_t offset, const void *data,
             uint32_t count)
{
    uint8_t body[16 + 64];

    memcpy(body, &offset, 8);
    memcpy(body + 8, &region, 4);
    memcpy(body + 12, &count, 4);
    memcpy(body + 16, data, count);
    return ask(c, 10, body, 16 + count);
}

struct map {
    uint32_t argsz, flags;
    uint64_t offset, address, size;
};

static int
memory(size_t bytes)
{
    const int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    return fd;
}

static int
map_at(struct client *c, uint64_t address, uint64_t size, int fd)
{
    const struct map m = {32, 3, 0, address, size};

    return ask_with(c, 2, &m, sizeof(m), &fd, fd >= 0 ? 1 : 0);
}

static void
a_pci_device_with_reset_is_announced(void **state)
{
    struct vu_fixture f;
    struct client c;
    const uint32_t body[4] = {16};
    uint32_t info[4];

    (void)state;
    start_one(&f);
    meet(&c, &f);
    assert_int_equal(ask(&c, 4, body, 16), 0);
    assert_int_equal(c.in_bytes, 16);
    memcpy(info, c.in, 16);
    assert_int_equal(info[0], 16);
    assert_int_equal(info[1], 3);
    assert_int_equal(info[2], 9);
    assert_int_equal(info[3], 5);
    assert_int_equal(ask(&c, 13, NULL, 0), 0);
    hang_up(&c);
    stop_soundly(&f);
}

static void
regions_have_the_sizes_of_the_bars(void **state)
{
    static const uint64_t sizes[9] = {16 << 20, UINT64_C(32) << 30, 0,    32 << 20, 0,
                                      0,        512 << 10,          4096, 0};
    struct vu_fixture f;
    struct client c;

    (void)state;
    start_one(&f);
    meet(&c, &f);
    for (uint32_t i = 0; i < 9; i++) {
        const uint32_t body[8] = {32, 0, i};
        uint32_t words[4];
        uint64_t size;

        assert_int_equal(ask(&c, 5, body, 32), 0);
        assert_int_equal(c.in_bytes, 32);
        memcpy(words, c.in, 16);
        memcpy(&size, c.in + 16, 8);
        assert_int_equal(words[0], 32);
        assert_int_equal(words[1], !sizes[i] ? 0 : i == 6 ? 1 : 3);
        assert_int_equal(words[2], i);
        assert_int_equal(size, sizes[i]);
    }
    assert_int_equal(ask(&c, 5, (const uint32_t[8]){32, 0, 9}, 32), EINVAL);
    assert_int_equal(ask(&c, 5, (const uint32_t[8]){31, 0, 0}, 32), EINVAL);
    hang_up(&c);
    stop_soundly(&f);
}

static void
accesses_of_every_width_see_the_same_bytes(void **state)
{
    struct vu_fixture f;
    struct client c;
    uint64_t boot;

    (void)state;
    start_one(&f);
    meet(&c, &f);
    boot = value_at(&c, 0, 0, 4);
    assert_int_equal(boot >> 20, 0x192); /* NV_PMC_BOOT_0 of AD102 */
    assert_int_equal(value_at(&c, 0, 0, 8) & UINT32_MAX, boot);
    assert_int_equal(value_at(&c, 0, 1, 2), boot >> 8 & 0xffff);
    assert_int_equal(value_at(&c, 0, 3, 1), boot >> 24);
    assert_int_equal(value_at(&c, 7, 0, 2), 0x10de);
    assert_int_equal(value_at(&c, 7, 0, 4), value_at(&c, 7, 0, 8) & UINT32_MAX);
    assert_int_equal(value_at(&c, 7, 1, 1), 0x10);
    assert_int_equal(region_read(&c, 7, 0, 4096), 0);
    assert_int_equal(region_write(&c, 7, 4, "\6\0", 2), 0);
    assert_int_equal(value_at(&c, 7, 4, 2), 6);
    hang_up(&c);
    stop_soundly(&f);
}

/* All of the first pages at once, and the ends of the region. */
static void
the_rom_starts_with_an_image_whatever_stands_before_it_in_prom(void **state)
{
    static const char *const names[] = {"TU102", "GA100", "AD102"};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        const struct vu_fixture_card card = {.chip = names[i]};
        struct vu_fixture f;
        struct client c;

        vu_fixture_start(&f, &card, 1);
        meet(&c, &f);
        assert_int_equal(value_at(&c, 6, 0, 2), 0xaa55);
        assert_int_equal(value_at(&c, 6, value_at(&c, 6, 0x18, 2), 4), 0x52494350); /* PCIR */
        assert_int_equal(value_at(&c, 0, 0x300000, 4) == 0x4947564e, i < 2);
        assert_int_equal(region_write(&c, 7, 0x30, &(uint32_t){UINT32_MAX}, 4), 0);
        assert_int_equal(value_at(&c, 7, 0x30, 4), 0xfff80001);
        hang_up(&c);
        stop_soundly(&f);
    }
}

static void
accesses_outside_of_a_region_are_refused(void **state)
{
    struct vu_fixture f;
    struct client c;

    (void)state;
    start_one(&f);
    meet(&c, &f);
    assert_int_equal(region_read(&c, 0, 0, 8192), 0);
    assert_int_equal(region_read(&c, 0, (16 << 20) - 4, 4), 0);
    assert_int_equal(region_read(&c, 0, (16 << 20) - 4, 8), EINVAL);
    assert_int_equal(region_read(&c, 0, UINT64_MAX - 1, 4), EINVAL);
    assert_int_equal(region_read(&c, 0, 0, 0), EINVAL);
    assert_int_equal(region_read(&c, 0, 0, (1 << 20) + 1), EINVAL);
    assert_int_equal(region_read(&c, 2, 0, 4), EINVAL);
    assert_int_equal(region_read(&c, 8, 0, 4), EINVAL);
    assert_int_equal(region_read(&c, UINT32_MAX, 0, 4), EINVAL);
    assert_int_equal(region_read(&c, 7, 4094, 4), EINVAL);
    assert_int_equal(region_write(&c, 7, 4096, "", 1), EINVAL);
    hang_up(&c);
    stop_soundly(&f);
}

static void
posted_and_gathered_writes_arrive_in_order(void **state)
{
    struct vu_fixture f;
    struct client c;
    struct {
        uint64_t count;
        struct {
            uint64_t offset;
            uint32_t region, count;
            uint8_t data[8];
        } rows[2];
    } multi = {
        2, {{0x110040, 0, 4, {0x11, 0x22, 0x33, 0x44}}, {0x110044, 0, 4, {0x55}}}
    };
    struct {
        uint64_t offset;
        uint32_t region, count, value;
    } posted = {0x110040, 0, 4, 0xcafe0001};
    uint64_t count;

    (void)state;
    start_one(&f);
    meet(&c, &f);
    assert_int_equal(ask(&c, 15, &multi, sizeof(multi)), 0);
    assert_int_equal(c.in_bytes, 8);
    memcpy(&count, c.in, 8);
    assert_int_equal(count, 2);
    assert_int_equal(value_at(&c, 0, 0x110040, 4), 0x44332211);
    assert_int_equal(value_at(&c, 0, 0x110044, 4), 0x55);
    send_command(&c, 10, 0x10, &posted, 20, NULL, 0);
    assert_int_equal(value_at(&c, 0, 0x110040, 4), 0xcafe0001);
    multi.rows[1].count = 9;
    assert_int_equal(ask(&c, 15, &multi, sizeof(multi)), EINVAL);
    multi.count = 3;
    assert_int_equal(ask(&c, 15, &multi, sizeof(multi)), EINVAL);
    hang_up(&c);
    stop_soundly(&f);
}

static void
memory_is_mapped_once_and_unmapped_exactly(void **state)
{
    const struct {
        uint32_t argsz, flags;
        uint64_t address, size;
    } half = {24, 0, 0x100000, 0x2000}, whole = {24, 0, 0x100000, 0x4000}, all = {24, 2, 0, 0};
    struct vu_fixture f;
    struct client c;
    unsigned fds;
    int fd = memory(0x4000);

    (void)state;
    start_one(&f);
    meet(&c, &f);
    fds = vu_fixture_fds(&f);
    assert_int_equal(map_at(&c, 0x100000, 0x4000, fd), 0);
    assert_int_equal(map_at(&c, 0x100000, 0x4000, fd), EEXIST);
    assert_int_equal(map_at(&c, 0x103000, 0x1000, fd), EEXIST);
    assert_int_equal(map_at(&c, 0xff000, 0x2000, fd), EEXIST);
    assert_int_equal(map_at(&c, 0x104000, 0x4000, fd), 0);
    assert_int_equal(map_at(&c, 0x200000, 0x5000, fd), EINVAL); /* past the file's end */
    assert_int_equal(map_at(&c, 0x200100, 0x1000, fd), EINVAL); /* no page */
    assert_int_equal(map_at(&c, 0x200000, 0, fd), EINVAL);
    assert_int_equal(map_at(&c, UINT64_MAX - 0xfff, 0x2000, fd), EINVAL);
    assert_int_equal(map_at(&c, 0x300000, 0x4000, -1), 0); /* for messages, not for mmap() */
    assert_int_equal(vu_fixture_fds(&f), fds);             /* maps need no descriptor */
    assert_int_equal(ask(&c, 3, &half, sizeof(half)), ENOENT);
    assert_int_equal(ask(&c, 3, &whole, sizeof(whole)), 0);
    assert_int_equal(c.in_bytes, 24);
    assert_int_equal(ask(&c, 3, &whole, sizeof(whole)), ENOENT);
    assert_int_equal(ask(&c, 3, &all, sizeof(all)), 0);
    assert_int_equal(map_at(&c, 0x104000, 0x4000, fd), 0);
    close(fd);
    hang_up(&c);
    stop_soundly(&f);
}

static uint64_t
count_of(int fd)
{
    uint64_t n;

    return read(fd, &n, sizeof(n)) == (ssize_t)sizeof(n) ? n : 0;
}

static void
an_eventfd_is_signalled_when_msi_is_triggered(void **state)
{
    const uint32_t set[5] = {20, 4 | 32, 1, 0, 1}, trigger[5] = {20, 1 | 32, 1, 0, 1},
                   off[5] = {20, 1 | 32, 1, 0, 0}, ask_msi[4] = {16, 0, 1, 0};
    struct vu_fixture f;
    struct client c;
    uint32_t info[4];
    unsigned fds;
    int fd = eventfd(0, EFD_NONBLOCK);

    (void)state;
    start_one(&f);
    meet(&c, &f);
    fds = vu_fixture_fds(&f);
    assert_int_equal(ask(&c, 7, ask_msi, 16), 0);
    memcpy(info, c.in, 16);
    assert_int_equal(info[1] & 1, 1); /* by eventfd */
    assert_int_equal(info[3], 1);
    assert_int_equal(ask(&c, 8, trigger, 20), 0); /* nobody listens yet */
    assert_int_equal(ask_with(&c, 8, set, 20, &fd, 1), 0);
    assert_int_equal(vu_fixture_fds(&f), fds + 1);
    assert_int_equal(ask(&c, 8, trigger, 20), 0);
    assert_int_equal(count_of(fd), 1);
    assert_int_equal(ask(&c, 8, off, 20), 0);
    assert_int_equal(vu_fixture_fds(&f), fds);
    assert_int_equal(ask(&c, 8, trigger, 20), 0);
    assert_int_equal(count_of(fd), 0);
    close(fd);
    hang_up(&c);
    stop_soundly(&f);
}

static void
put(struct client *c, uint32_t region, uint64_t offset, uint32_t value)
{
    assert_int_equal(region_write(c, region, offset, &value, 4), 0);
}

/* Vector 103 of the card's own tree, by software: it ends in a message of the first vector. */
static void
interrupt(struct client *c)
{
    put(c, 0, 0xb8100c, 1 << 7); /* over */
    put(c, 0, 0xb81640, 103);
}

/* Two bits of a leaf are pending; a byte's write clears what is in that byte, and what is
 * stored keeps its other bytes. */
static void
a_byte_is_written_without_its_neighbours(void **state)
{
    const struct vu_fixture_card card = {.chip = "AD102"};
    struct vu_fixture f;
    struct client c;

    (void)state;
    vu_fixture_start(&f, &card, 1);
    meet(&c, &f);
    put(&c, 7, 4, 6);
    put(&c, 0, 0xb81640, 96 + 7);
    put(&c, 0, 0xb81640, 96 + 23);
    assert_int_equal(value_at(&c, 0, 0xb8100c, 4), 1 << 7 | 1 << 23);
    assert_int_equal(region_write(&c, 0, 0xb8100e, "\x80", 1), 0);
    assert_int_equal(value_at(&c, 0, 0xb8100c, 4), 1 << 7);
    put(&c, 0, 0xb81608, 0xff00ff);
    assert_int_equal(region_write(&c, 0, 0xb81612, "\x0f", 1), 0);
    assert_int_equal(value_at(&c, 0, 0xb81608, 4), 0xf000ff);
    put(&c, 0, 0x100c10, 0x11223344);
    assert_int_equal(region_write(&c, 0, 0x100c11, "\x55\x66", 2), 0);
    assert_int_equal(value_at(&c, 0, 0x100c10, 4), 0x11665544);
    hang_up(&c);
    stop_soundly(&f);
}

static void
masks_of_the_msix_table_and_bus_mastering_hold_a_message_back(void **state)
{
    const struct vu_fixture_card card = {.chip = "GH100"};
    const uint32_t set[5] = {20, 4 | 32, 2, 0, 1}, table = 0xb90000, pending = 0xba0000;
    int fd = eventfd(0, EFD_NONBLOCK);
    uint32_t at, capability;
    struct vu_fixture f;
    struct client c;

    (void)state;
    vu_fixture_start(&f, &card, 1);
    meet(&c, &f);
    for (at = value_at(&c, 7, 0x34, 1); value_at(&c, 7, at, 1) != 0x11;)
        at = value_at(&c, 7, at + 1, 1);
    assert_int_equal(value_at(&c, 7, at + 4, 4), table); /* in BAR0 */
    assert_int_equal(value_at(&c, 7, at + 8, 4), pending);
    capability = value_at(&c, 7, at, 4);
    put(&c, 7, 4, 6);
    for (unsigned i = 0; i <= (capability >> 16 & 0x7ff); i++)
        assert_int_equal(value_at(&c, 0, table + 16 * i + 12, 4), 1); /* masked */
    put(&c, 0, table + 16, 0xfee00003);
    put(&c, 0, table + 24, 0x4321);
    assert_int_equal(value_at(&c, 0, table + 16, 4), 0xfee00000);
    assert_int_equal(value_at(&c, 0, table + 24, 4), 0x4321);

    assert_int_equal(ask_with(&c, 8, set, 20, &fd, 1), 0);
    assert_int_equal(value_at(&c, 0, table + 12, 4), 0);
    put(&c, 0, 0xb8120c, 1 << 7);
    put(&c, 0, 0xb81608, 2);
    interrupt(&c);
    assert_int_equal(count_of(fd), 1);
    put(&c, 0, table + 12, 1);
    interrupt(&c);
    assert_int_equal(count_of(fd), 0);
    assert_int_equal(value_at(&c, 0, pending, 4), 1);
    put(&c, 0, table + 12, 0);
    assert_int_equal(count_of(fd), 1);
    assert_int_equal(value_at(&c, 0, pending, 4), 0);
    put(&c, 7, at, capability | 0xc0000000u); /* enabled, all masked */
    interrupt(&c);
    assert_int_equal(count_of(fd), 0);
    put(&c, 7, 4, 2);
    put(&c, 7, at, capability | 0x80000000u);
    assert_int_equal(count_of(fd), 0); /* no bus master */
    put(&c, 7, 4, 6);
    assert_int_equal(count_of(fd), 1);
    assert_int_equal(ask(&c, 13, NULL, 0), 0);
    assert_int_equal(value_at(&c, 0, table + 12, 4), 0); /* as a kernel restores it */
    assert_int_equal(value_at(&c, 0, table + 16, 4), 0);
    close(fd);
    hang_up(&c);
    stop_soundly(&f);
}

static void
msi_waits_for_bus_mastering(void **state)
{
    const uint32_t set[5] = {20, 4 | 32, 1, 0, 1};
    int fd = eventfd(0, EFD_NONBLOCK);
    struct vu_fixture f;
    struct client c;

    (void)state;
    start_one(&f);
    meet(&c, &f);
    assert_int_equal(ask_with(&c, 8, set, 20, &fd, 1), 0);
    put(&c, 0, 0xb8120c, 1 << 7);
    put(&c, 0, 0xb81608, 2);
    interrupt(&c);
    assert_int_equal(count_of(fd), 0);
    put(&c, 7, 4, 6);
    assert_int_equal(count_of(fd), 1);
    close(fd);
    hang_up(&c);
    stop_soundly(&f);
}

static void
intx_can_be_turned_off(void **state)
{
    const uint32_t set[5] = {20, 4 | 32, 0, 0, 1};
    int fd = eventfd(0, EFD_NONBLOCK);
    struct vu_fixture f;
    struct client c;

    (void)state;
    start_one(&f);
    meet(&c, &f);
    put(&c, 7, 4, 2 | 1 << 10);
    assert_int_equal(ask_with(&c, 8, set, 20, &fd, 1), 0);
    put(&c, 0, 0xb8120c, 1 << 7);
    put(&c, 0, 0xb81608, 2);
    interrupt(&c);
    assert_int_equal(count_of(fd), 0);
    put(&c, 7, 4, 2); /* it is a level: still there */
    assert_int_equal(count_of(fd), 1);
    close(fd);
    hang_up(&c);
    stop_soundly(&f);
}

static void
senseless_interrupt_settings_are_refused_and_keep_no_descriptor(void **state)
{
    static const uint32_t sets[][5] = {
        {20, 4 | 32, 1,          0,          2},
        {20, 4 | 32, 1,          1,          1},
        {20, 4 | 32, 9,          0,          1},
        {20, 4 | 32, UINT32_MAX, 0,          1},
        {20, 6 | 32, 1,          0,          1},
        {20, 4 | 48, 1,          0,          1},
        {20, 0,      1,          0,          1},
        {20, 1 | 32, 1,          0,          1},
        {20, 4 | 32, 1,          UINT32_MAX, 2},
        {8,  4 | 32, 1,          0,          1},
        {20, 4 | 8,  1,          0,          1},
        {20, 1 << 9, 1,          0,          1},
        {20, 2 | 32, 1,          0,          1},
        {20, 4 | 32, 1,          0,          0},
        {20, 4 | 32, 3,          0,          1},
    };
    struct vu_fixture f;
    struct client c;
    unsigned fds;
    int fd = eventfd(0, EFD_NONBLOCK);

    (void)state;
    start_one(&f);
    meet(&c, &f);
    fds = vu_fixture_fds(&f);
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        assert_int_not_equal(ask_with(&c, 8, sets[i], 20, &fd, 1), 0);
        assert_int_equal(vu_fixture_fds(&f), fds);
    }
    close(fd);
    hang_up(&c);
    stop_soundly(&f);
}

static void
bodies_of_a_wrong_size_and_unknown_commands_are_refused(void **state)
{
    static const uint16_t commands[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 99};
    const uint8_t body[7] = {1, 2, 3, 4, 5, 6, 7};
    struct vu_fixture f;
    struct client c;
    int fd = memory(4096);
    unsigned fds;

    (void)state;
    start_one(&f);
    meet(&c, &f);
    fds = vu_fixture_fds(&f);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        const int fd_list[3] = {fd, fd, fd};

        assert_int_not_equal(ask(&c, commands[i], body, 7), 0);
        assert_int_not_equal(ask(&c, commands[i], NULL, 0), 0);
        assert_int_not_equal(ask_with(&c, commands[i], body, 7, fd_list, 3), 0);
        assert_int_equal(vu_fixture_fds(&f), fds);
    }
    assert_int_equal(ask_with(&c, 13, NULL, 0, &fd, 1), EINVAL); /* what for? */
    assert_int_equal(ask(&c, 13, NULL, 0), 0);
    close(fd);
    hang_up(&c);
    stop_soundly(&f);
}

static bool
is_over(struct client *c)
{
    uint8_t waste[64];
    ssize_t n;

    do {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};

        n = poll(&p, 1, 5000) == 1 ? read(c->fd, waste, sizeof(waste)) : 1;
    } while (n > 0 && n == (ssize_t)16); /* an error reply may come before */
    return n <= 0;
}

/* What no honest client sends: the connection ends, the server does not, nothing is left. */
static void
garbage_ends_the_connection_and_not_the_server(void **state)
{
    static const struct {
        uint16_t command;
        uint32_t bytes, flags;
        bool greeted;
    } rows[] = {
        {4, 32,         0,           false},
        {9, 32,         0,           false},
        {1, 15,         0,           false},
        {1, 0,          0,           false},
        {1, UINT32_MAX, 0,           false},
        {4, 15,         0,           true },
        {9, 2 << 20,    0,           true },
        {4, 32,         1,           true },
        {4, 32,         0x20,        true },
        {4, 32,         0x40,        true },
        {4, 32,         0x80000000u, true },
        {4, 32,         2,           true },
    };
    struct vu_fixture f;
    unsigned fds;

    (void)state;
    start_one(&f);
    fds = vu_fixture_fds(&f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct client c;
        uint8_t message[64] = {0};

        dial(&c, f.paths[0]);
        if (rows[i].greeted)
            greet(&c);
        memcpy(message + 2, &rows[i].command, 2);
        memcpy(message + 4, &rows[i].bytes, 4);
        memcpy(message + 8, &rows[i].flags, 4);
        send_bytes(&c, message, 32, NULL, 0);
        assert_true(is_over(&c));
        hang_up(&c);
        assert_true(vu_fixture_lives(&f));
    }
    for (int i = 0; i < 100 && vu_fixture_fds(&f) != fds; i++)
        usleep(10000);
    assert_int_equal(vu_fixture_fds(&f), fds);
    stop_soundly(&f);
}

static void
versions_that_cannot_be_served_are_refused(void **state)
{
    static const struct {
        const char *body;
        uint32_t bytes;
    } rows[] = {
        {"\1\0\0\0",    4}, /* another major */
        {"\0\0\1\0{",   6}, /* not JSON */
        {"\0\0\1\0[1]", 8}, /* not an object */
        {"\0\0\1\0{}",  6}, /* without its NUL */
        {"\0\0",        2}, /* too short */
    };
    struct vu_fixture f;
    struct client c;

    (void)state;
    start_one(&f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        dial(&c, f.paths[0]);
        assert_int_not_equal(ask(&c, 1, rows[i].body, rows[i].bytes), 0);
        assert_true(is_over(&c));
        hang_up(&c);
    }
    dial(&c, f.paths[0]);
    assert_int_equal(ask(&c, 1, "\0\0\7\0", 4), 0); /* a later minor: ours is offered */
    assert_int_equal(c.in[2], 1);
    assert_int_not_equal(ask(&c, 1, "\0\0\1\0", 4), 0); /* once is enough */
    hang_up(&c);
    stop_soundly(&f);
}

static void
a_client_that_stops_in_mid_message_holds_up_nobody(void **state)
{
    const struct vu_fixture_card cards[2] = {{.chip = "AD102"}, {.chip = "GH100"}};
    struct vu_fixture f;
    struct client slow, quick;

    (void)state;
    vu_fixture_start(&f, cards, 2);
    dial(&slow, f.paths[0]);
    send_bytes(&slow, "\1\0\1", 3, NULL, 0);
    dial(&quick, f.paths[1]);
    greet(&quick);
    assert_int_equal(value_at(&quick, 7, 2, 2), 0x2330);
    send_bytes(&slow, "\0\024\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0", 17, NULL, 0);
    slow.id = 1;
    assert_true(read_reply(&slow, 1));
    assert_int_equal(slow.error, 0);
    hang_up(&slow);
    hang_up(&quick);
    stop_soundly(&f);
}

static void
a_message_may_come_byte_by_byte_and_two_at_once(void **state)
{
    uint8_t two[2 * 32] = {
        9, 0, 4, 0, 32, 0, 0, 0, [16] = 16, [32] = 9, 0, 4, 0, 32, 0, 0, 0, [48] = 16};
    struct vu_fixture f;
    struct client c;

    (void)state;
    start_one(&f);
    meet(&c, &f);
    c.id = 9;
    for (int i = 0; i < 32; i++)
        send_bytes(&c, two + i, 1, NULL, 0);
    assert_true(read_reply(&c, 4));
    send_bytes(&c, two, sizeof(two), NULL, 0);
    assert_true(read_reply(&c, 4));
    assert_true(read_reply(&c, 4));
    hang_up(&c);
    stop_soundly(&f);
}

static void
a_card_has_one_client_and_takes_the_next_when_it_left(void **state)
{
    struct vu_fixture f;
    struct client first, second;

    (void)state;
    start_one(&f);
    meet(&first, &f);
    assert_int_equal(region_write(&first, 0, 0x110040, "abcd", 4), 0);
    dial(&second, f.paths[0]);
    assert_true(is_over(&second));
    hang_up(&second);
    assert_int_equal(value_at(&first, 0, 0x110040, 4), 0x64636261);
    hang_up(&first);
    meet(&second, &f);
    assert_int_equal(value_at(&second, 0, 0x110040, 4), 0); /* reset in between */
    hang_up(&second);
    stop_soundly(&f);
}

static void
a_card_may_keep_its_state_between_clients(void **state)
{
    struct vu_fixture f;
    struct client c;

    (void)state;
    vu_fixture_start(&f, &(struct vu_fixture_card){.chip = "AD102", .retain = true}, 1);
    meet(&c, &f);
    assert_int_equal(region_write(&c, 0, 0x110040, "abcd", 4), 0);
    hang_up(&c);
    meet(&c, &f);
    assert_int_equal(value_at(&c, 0, 0x110040, 4), 0x64636261);
    hang_up(&c);
    stop_soundly(&f);
}

/* The card is pointed at memory whose file has shrunk since: SIGBUS for whoever touches it. */
static void
memory_taken_away_hurts_its_owner_alone(void **state)
{
    struct vu_fixture f;
    struct client c;
    int fd = memory(0x10000);

    (void)state;
    vu_fixture_start(&f, &(struct vu_fixture_card){.chip = "AD102", .preboot = true}, 1);
    meet(&c, &f);
    assert_int_equal(map_at(&c, 0x100000, 0x10000, fd), 0);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(region_write(&c, 0, 0x110040, "\0\0\x10\0", 4), 0);
    assert_int_equal(region_write(&c, 0, 0x110044, "\0\0\0\0", 4), 0); /* --preboot: looks */
    assert_int_equal(value_at(&c, 7, 0, 2), 0x10de);
    close(fd);
    hang_up(&c);
    stop_soundly(&f);
}

static void
a_server_that_was_killed_leaves_a_path_that_can_be_used_again(void **state)
{
    const struct vu_fixture_card card = {.chip = "AD102"};
    struct vu_fixture f;
    struct client c;

    (void)state;
    vu_fixture_start(&f, &card, 1);
    meet(&c, &f);
    kill(f.pid, SIGKILL);
    assert_true(is_over(&c));
    hang_up(&c);
    assert_int_equal(waitpid(f.pid, NULL, 0), f.pid);
    assert_int_equal(access(f.paths[0], F_OK), 0); /* the socket is still there */
    vu_fixture_restart(&f, &card);
    meet(&c, &f);
    hang_up(&c);
    stop_soundly(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pci_device_with_reset_is_announced),
        cmocka_unit_test(regions_have_the_sizes_of_the_bars),
        cmocka_unit_test(accesses_of_every_width_see_the_same_bytes),
        cmocka_unit_test(the_rom_starts_with_an_image_whatever_stands_before_it_in_prom),
        cmocka_unit_test(accesses_outside_of_a_region_are_refused),
        cmocka_unit_test(posted_and_gathered_writes_arrive_in_order),
        cmocka_unit_test(memory_is_mapped_once_and_unmapped_exactly),
        cmocka_unit_test(an_eventfd_is_signalled_when_msi_is_triggered),
        cmocka_unit_test(a_byte_is_written_without_its_neighbours),
        cmocka_unit_test(masks_of_the_msix_table_and_bus_mastering_hold_a_message_back),
        cmocka_unit_test(msi_waits_for_bus_mastering),
        cmocka_unit_test(intx_can_be_turned_off),
        cmocka_unit_test(senseless_interrupt_settings_are_refused_and_keep_no_descriptor),
        cmocka_unit_test(bodies_of_a_wrong_size_and_unknown_commands_are_refused),
        cmocka_unit_test(garbage_ends_the_connection_and_not_the_server),
        cmocka_unit_test(versions_that_cannot_be_served_are_refused),
        cmocka_unit_test(a_client_that_stops_in_mid_message_holds_up_nobody),
        cmocka_unit_test(a_message_may_come_byte_by_byte_and_two_at_once),
        cmocka_unit_test(a_card_has_one_client_and_takes_the_next_when_it_left),
        cmocka_unit_test(a_card_may_keep_its_state_between_clients),
        cmocka_unit_test(memory_taken_away_hurts_its_owner_alone),
        cmocka_unit_test(a_server_that_was_killed_leaves_a_path_that_can_be_used_again),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
