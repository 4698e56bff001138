/* SPDX-License-Identifier: MIT */
/*
 * A program that waits for events of nvidia.ko in every way there is: poll, ppoll, select,
 * epoll, also before it has said which events it wants.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

#include "exec.h"

struct event_params {
    uint32_t client, source, class_id, index;
    uint64_t data;
};
struct os_event {
    uint32_t client, device, fd, status;
};
struct event_data {
    uint64_t event;
    uint32_t more, status;
};

enum {
    GET_EVENT_DATA = 0x52,
    ALLOC_OS_EVENT = 206,
    WITHOUT_DATA = 0x10000000,
    REPEAT = 2,
};

struct session {
    int ctl, gpu;
    uint32_t client, device, subdevice;
};

static uint32_t
make(struct session *s, uint32_t parent, uint32_t class_id, void *params)
{
    struct alloc a = {s->client, parent, 0, class_id, (uintptr_t)params, 0, 0};

    CHECK(ioctl(s->ctl, ESC(RM_ALLOC, struct alloc), &a) == 0);
    CHECK(a.status == 0);
    return a.handle;
}

static void
call(struct session *s, uint32_t object, uint32_t cmd, void *params, uint32_t bytes)
{
    struct control c = {s->client, object, cmd, 0, (uintptr_t)params, bytes, 0};

    CHECK(ioctl(s->ctl, ESC(RM_CONTROL, struct control), &c) == 0 && c.status == 0);
}

static int
open_card(struct session *s)
{
    const int fd = open("/dev/nvidia0", O_RDWR | O_CLOEXEC);
    int said = s->ctl;

    CHECK(fd >= 0);
    CHECK(ioctl(fd, ESC(REGISTER_FD, int), &said) == 0);
    return fd;
}

static void
begin(struct session *s)
{
    struct device_params device = {0};

    *s = (struct session){.ctl = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC)};
    CHECK(s->ctl >= 0);
    s->client = make(s, 0, 0x41, NULL);
    s->gpu = open_card(s);
    s->device = make(s, s->client, 0x80, &device);
    s->subdevice = make(s, s->device, 0x2080, NULL);
}

static void
listen_with(struct session *s, int fd, uint32_t flags)
{
    struct os_event os = {s->client, 0, (uint32_t)fd, 0};
    struct event_params event = {s->client, 0, 0x79, flags, (uint64_t)fd};

    CHECK(ioctl(fd, ESC(ALLOC_OS_EVENT, struct os_event), &os) == 0 && os.status == 0);
    (void)make(s, s->subdevice, 0x79, &event);
}

static void
trigger(struct session *s)
{
    call(s, s->subdevice, 0x20800302, NULL, 0);
}

static void
fetch(int fd)
{
    uint64_t event[4];
    struct event_data data = {(uintptr_t)event, 0, 0};

    CHECK(ioctl(fd, ESC(GET_EVENT_DATA, struct event_data), &data) == 0);
    CHECK(data.status == 0 && data.more == 0);
}

/* What each way says of a descriptor: whether it is ready to read. */

static int
by_poll(int fd)
{
    struct pollfd p = {fd, POLLIN | POLLPRI | POLLOUT, 0};
    const int rc = poll(&p, 1, 0);

    CHECK(rc >= 0 &&
          p.revents == (rc ? POLLIN | POLLPRI : 0)); /* nvidia_poll(): never POLLOUT */
    return rc;
}

static int
by_ppoll(int fd)
{
    struct pollfd p[2] = {
        {-1, POLLIN,  0},
        {fd, POLLPRI, 0}
    };
    const int rc = ppoll(p, 2, &(struct timespec){0, 0}, NULL);

    CHECK(rc >= 0 && p[0].revents == 0 && p[1].revents == (rc ? POLLPRI : 0));
    return rc;
}

static int
by_select(int fd)
{
    struct timeval now = {0, 0};
    fd_set in, out;
    int rc;

    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(fd, &in);
    FD_SET(fd, &out);
    rc = select(fd + 1, &in, &out, NULL, &now);
    CHECK(rc >= 0 && !!FD_ISSET(fd, &in) == rc && !FD_ISSET(fd, &out));
    return rc;
}

static int
by_pselect(int fd)
{
    fd_set except;
    int rc;

    FD_ZERO(&except);
    FD_SET(fd, &except);
    rc = pselect(fd + 1, NULL, NULL, &except, &(struct timespec){0, 0}, NULL);
    CHECK(rc >= 0 && !!FD_ISSET(fd, &except) == rc);
    return rc;
}

static int
by_epoll(int fd)
{
    struct epoll_event e = {EPOLLIN | EPOLLPRI, {.u64 = 0xfeed}}, got[4];
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    int rc;

    CHECK(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0);
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0 && errno == EEXIST);
    rc = epoll_wait(epoll, got, 4, 0);
    CHECK(rc == 0 ||
          (rc == 1 && got[0].data.u64 == 0xfeed && got[0].events == (EPOLLIN | EPOLLPRI)));
    CHECK(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) == 0);
    CHECK(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) < 0 && errno == ENOENT);
    CHECK(close(epoll) == 0);
    return rc;
}

/* Registered once and asked again and again, as event loops do. */
static int
by_loop(int fd)
{
    static int loops[1024];
    struct epoll_event e = {EPOLLIN, {.fd = fd}}, got;
    int *epoll = &loops[fd], rc;

    if (!*epoll) {
        *epoll = epoll_create1(EPOLL_CLOEXEC);
        CHECK(epoll_ctl(*epoll, EPOLL_CTL_ADD, fd, &e) == 0);
    }
    rc = epoll_pwait(*epoll, &got, 1, 0, NULL);
    CHECK(rc == 0 || (rc == 1 && got.data.fd == fd && got.events == EPOLLIN));
    return rc;
}

static int (*const ways[])(int fd) = {by_poll,    by_ppoll, by_select,
                                      by_pselect, by_epoll, by_loop};
enum { WAYS = sizeof(ways) / sizeof(*ways) };

int
main(void)
{
    uint32_t notification[5] = {0, REPEAT};
    struct session s;
    int with, without;

    begin(&s);
    with = open_card(&s);
    without = open_card(&s);
    for (size_t i = 0; i < WAYS; i++) /* nobody has asked for an event yet */
        CHECK(ways[i](with) == 0 && ways[i](s.ctl) == 0);
    listen_with(&s, with, 0);
    listen_with(&s, without, WITHOUT_DATA);
    call(&s, s.subdevice, 0x20800301, notification, sizeof(notification));
    for (size_t i = 0; i < WAYS; i++) {
        CHECK(ways[i](with) == 0 && ways[i](without) == 0);
        trigger(&s);
        CHECK(ways[i](with) == 1 && ways[i](with) == 1); /* until it is fetched */
        fetch(with);
        CHECK(ways[i](with) == 0);
        CHECK(ways[i](without) == 1 && ways[i](without) == 0); /* once seen, over */
    }
    return 0;
}
