/* SPDX-License-Identifier: MIT */
/*
 * Waiting for the kernel module's files: poll, select and epoll. A record is made for each file
 * for which a wait ended, and none for waits that end with nothing.
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include <gsp/trace.h>

#include "capture.h"

#define EXPORT __attribute__((visibility("default")))

enum { WATCHES = 64 };

static struct {
    int (*poll)(struct pollfd *, nfds_t, int);
    int (*ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
    int (*select)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
    int (*pselect)(int, fd_set *, fd_set *, fd_set *, const struct timespec *,
                   const sigset_t *);
    int (*epoll_ctl)(int, int, int, struct epoll_event *);
    int (*epoll_pwait)(int, struct epoll_event *, int, int, const sigset_t *);
} real;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
find_symbols(void)
{
#define FIND(name) *(void **)&real.name = dlsym(RTLD_NEXT, #name)
    FIND(poll);
    FIND(ppoll);
    FIND(select);
    FIND(pselect);
    FIND(epoll_ctl);
    FIND(epoll_pwait);
#undef FIND
}

static uint64_t
begin(void)
{
    pthread_once(&once, find_symbols);
    return capture_now();
}

static void
woken(uint64_t start, int fd, unsigned how, uint32_t events)
{
    const uint16_t file = events ? file_of(fd) : FILE_NONE;
    const uint64_t arg[] = {(uint64_t)(int64_t)fd, how, events};
    struct capture *c = file ? capture_enter() : NULL;

    if (!c)
        return;
    capture_call(c, GSP_TRACE_WAKE, start, 0, 3, arg, file);
    capture_leave(c);
}

/* poll */

static int
woken_by_poll(uint64_t start, const struct pollfd *fds, nfds_t n, int rc)
{
    const int before = errno;

    for (nfds_t i = 0; rc > 0 && i < n; i++)
        woken(start, fds[i].fd, GSP_TRACE_BY_POLL, (uint16_t)fds[i].revents);
    errno = before;
    return rc;
}

EXPORT int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
    const uint64_t start = begin();

    return woken_by_poll(start, fds, n, real.poll(fds, n, timeout));
}

EXPORT int
ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    const uint64_t start = begin();

    return woken_by_poll(start, fds, n, real.ppoll(fds, n, timeout, mask));
}

/* select */

static int
woken_by_select(uint64_t start, int n, const fd_set *in, const fd_set *except, int rc)
{
    const int before = errno;

    for (int fd = 0; rc > 0 && fd < n && fd < FD_SETSIZE; fd++) {
        const uint32_t events = (in && FD_ISSET(fd, in) ? POLLIN : 0u) |
                                (except && FD_ISSET(fd, except) ? POLLPRI : 0u);

        woken(start, fd, GSP_TRACE_BY_SELECT, events);
    }
    errno = before;
    return rc;
}

EXPORT int
select(int n, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout)
{
    const uint64_t start = begin();

    return woken_by_select(start, n, in, except, real.select(n, in, out, except, timeout));
}

EXPORT int
pselect(int n, fd_set *in, fd_set *out, fd_set *except, const struct timespec *timeout,
        const sigset_t *mask)
{
    const uint64_t start = begin();

    return woken_by_select(start, n, in, except,
                           real.pselect(n, in, out, except, timeout, mask));
}

/* epoll: an event names its descriptor by data of the program's choice */

static struct {
    pthread_mutex_t lock;
    unsigned count; /* the oldest is given up when there are too many */
    struct {
        int epoll, fd;
        uint64_t data;
    } of[WATCHES];
} watches = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void
watch(int epoll, int fd, uint64_t data)
{
    unsigned i = 0;

    pthread_mutex_lock(&watches.lock);
    while (i < WATCHES && i < watches.count &&
           (watches.of[i].epoll != epoll || watches.of[i].fd != fd))
        i++;
    if (i == WATCHES || i == watches.count)
        i = watches.count++ % WATCHES;
    watches.of[i].epoll = epoll;
    watches.of[i].fd = fd;
    watches.of[i].data = data;
    pthread_mutex_unlock(&watches.lock);
}

static int
watched(int epoll, uint64_t data)
{
    int fd = -1;

    pthread_mutex_lock(&watches.lock);
    for (unsigned i = 0; i < WATCHES && i < watches.count && fd < 0; i++)
        if (watches.of[i].epoll == epoll && watches.of[i].data == data)
            fd = watches.of[i].fd;
    pthread_mutex_unlock(&watches.lock);
    return fd;
}

EXPORT int
epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    int rc;

    (void)begin();
    rc = real.epoll_ctl(epoll, op, fd, event);
    if (rc == 0 && op != EPOLL_CTL_DEL && file_of(fd))
        watch(epoll, fd, event->data.u64);
    return rc;
}

EXPORT int
epoll_pwait(int epoll, struct epoll_event *events, int room, int timeout, const sigset_t *mask)
{
    const uint64_t start = begin();
    const int rc = real.epoll_pwait(epoll, events, room, timeout, mask);
    const int before = errno;

    for (int i = 0; watches.count && i < rc; i++)
        woken(start, watched(epoll, events[i].data.u64), GSP_TRACE_BY_EPOLL, events[i].events);
    errno = before;
    return rc;
}

EXPORT int
epoll_wait(int epoll, struct epoll_event *events, int room, int timeout)
{
    return epoll_pwait(epoll, events, room, timeout, NULL);
}
