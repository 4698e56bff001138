/* SPDX-License-Identifier: MIT */
/*
 * Waiting for events: poll, select and epoll on served descriptors.
 *
 * What is waited for is the eventfd that the module keeps for a file, whatever lies behind the
 * descriptor itself. As nvidia_poll() has it, a file is never writable, is readable and urgent
 * at once, and a wake-up without data is over when a program has seen it.
 */
#include "preload.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { READABLE = POLLIN | POLLRDNORM | POLLPRI, SOME = 64 };

/* poll */

/* The eventfd in place of a served descriptor; -1: it is not one that has events. */
static int
event_fd(int fd)
{
    struct preload_open *s = preload_hold(fd);
    const int event = s ? emu_kmod_event_fd(s->file) : -1;

    if (s)
        preload_let_go(s);
    return event;
}

static void
polled(int fd)
{
    struct preload_open *s = preload_hold(fd);

    if (!s)
        return;
    emu_kmod_polled(s->file);
    preload_let_go(s);
}

/* How many of them are served; those then wait for the eventfd. */
static unsigned
replace_all(struct pollfd *to, const struct pollfd *from, nfds_t n)
{
    unsigned served = 0;

    for (nfds_t i = 0; i < n; i++) {
        const int event = from[i].fd < 0 ? -1 : event_fd(from[i].fd);

        to[i] = from[i];
        if (event < 0)
            continue;
        to[i].fd = event;
        to[i].events = from[i].events & READABLE ? POLLIN : 0;
        served++;
    }
    return served;
}

static void
give_back(struct pollfd *fds, const struct pollfd *waited, nfds_t n)
{
    for (nfds_t i = 0; i < n; i++) {
        fds[i].revents = waited[i].revents;
        if (waited[i].fd == fds[i].fd || !waited[i].revents)
            continue;
        fds[i].revents = (short)(fds[i].events & READABLE);
        polled(fds[i].fd);
    }
}

struct waiting {
    const struct timespec *timeout;
    const sigset_t *mask;
};

static int
wait_for(struct pollfd *fds, nfds_t n, const struct waiting *w)
{
    struct pollfd some[SOME], *copy = n <= SOME ? some : malloc(n * sizeof(*copy));
    int rc;

    if (!copy) {
        errno = ENOMEM;
        return -1;
    }
    if (replace_all(copy, fds, n)) {
        rc = preload_real.ppoll(copy, n, w->timeout, w->mask);
        if (rc >= 0)
            give_back(fds, copy, n);
    } else {
        rc = preload_real.ppoll(fds, n, w->timeout, w->mask);
    }
    if (copy != some)
        free(copy);
    return rc;
}

EXPORT int
ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    preload_start();
    return wait_for(fds, n, &(struct waiting){timeout, mask});
}

EXPORT int
poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    const struct timespec t = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

    preload_start();
    return wait_for(fds, n, &(struct waiting){timeout_ms < 0 ? NULL : &t, NULL});
}

/* select: through poll when a served descriptor is among them */

static bool
is_in(int fd, const fd_set *set)
{
    return set && FD_ISSET(fd, set);
}

static nfds_t
list_sets(int n, const fd_set *in, const fd_set *out, const fd_set *except, struct pollfd *list,
          bool *served)
{
    nfds_t count = 0;

    *served = false;
    for (int fd = 0; fd < n && fd < FD_SETSIZE; fd++) {
        const short events =
            (short)((is_in(fd, in) ? POLLIN : 0) | (is_in(fd, out) ? POLLOUT : 0) |
                    (is_in(fd, except) ? POLLPRI : 0));

        if (!events)
            continue;
        list[count++] = (struct pollfd){fd, events, 0};
        *served = *served || event_fd(fd) >= 0;
    }
    return count;
}

static int
keep(fd_set *set, int fd, bool ready)
{
    if (!set || !FD_ISSET(fd, set))
        return 0;
    if (!ready)
        FD_CLR(fd, set);
    return ready;
}

static int
answer_sets(const struct pollfd *list, nfds_t count, fd_set *in, fd_set *out, fd_set *except)
{
    int ready = 0;

    for (nfds_t i = 0; i < count; i++) {
        const short r = list[i].revents;

        if (r & POLLNVAL) {
            errno = EBADF;
            return -1;
        }
        ready += keep(in, list[i].fd, r & (POLLIN | POLLHUP | POLLERR));
        ready += keep(out, list[i].fd, r & (POLLOUT | POLLERR));
        ready += keep(except, list[i].fd, r & POLLPRI);
    }
    return ready;
}

/* Says in *done whether it was served. */
static int
select_served(int n, fd_set *in, fd_set *out, fd_set *except, const struct waiting *w,
              bool *done)
{
    struct pollfd list[FD_SETSIZE];
    const nfds_t count = list_sets(n, in, out, except, list, done);
    int rc;

    if (!*done)
        return 0;
    rc = wait_for(list, count, w);
    return rc < 0 ? rc : answer_sets(list, count, in, out, except);
}

EXPORT int
select(int n, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout)
{
    struct timespec t = {0};
    bool served;
    int rc;

    preload_start();
    if (timeout)
        t = (struct timespec){timeout->tv_sec, timeout->tv_usec * 1000};
    rc = select_served(n, in, out, except, &(struct waiting){timeout ? &t : NULL, NULL},
                       &served);
    return served ? rc : preload_real.select(n, in, out, except, timeout);
}

EXPORT int
pselect(int n, fd_set *in, fd_set *out, fd_set *except, const struct timespec *timeout,
        const sigset_t *mask)
{
    bool served;
    int rc;

    preload_start();
    rc = select_served(n, in, out, except, &(struct waiting){timeout, mask}, &served);
    return served ? rc : preload_real.pselect(n, in, out, except, timeout, mask);
}

/* epoll: what was registered, to know a served descriptor again by its data */

struct watch {
    int epoll, fd, event;
    uint32_t events;
    uint64_t data;
    struct watch *next;
};

static struct {
    pthread_mutex_t lock;
    struct watch *first;
} watches = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void
drop(struct watch **where)
{
    struct watch *w = *where;

    *where = w->next;
    free(w);
}

/* Of an epoll descriptor and a served one; -1 stands for any. */
static void
unwatch(int epoll, int fd)
{
    pthread_mutex_lock(&watches.lock);
    for (struct watch **where = &watches.first; *where;) {
        if ((epoll < 0 || (*where)->epoll == epoll) && (fd < 0 || (*where)->fd == fd))
            drop(where);
        else
            where = &(*where)->next;
    }
    pthread_mutex_unlock(&watches.lock);
}

static bool
watch(int epoll, int fd, int event, const struct epoll_event *e)
{
    struct watch *w = malloc(sizeof(*w));

    if (!w)
        return false;
    unwatch(epoll, fd);
    pthread_mutex_lock(&watches.lock);
    *w = (struct watch){epoll, fd, event, e->events, e->data.u64, watches.first};
    watches.first = w;
    pthread_mutex_unlock(&watches.lock);
    return true;
}

void
preload_wait_forget(int fd)
{
    if (!watches.first)
        return;
    unwatch(fd, -1);
    unwatch(-1, fd);
}

EXPORT int
epoll_ctl(int epoll, int op, int fd, struct epoll_event *e)
{
    struct epoll_event ours;
    int event, rc;

    preload_start();
    event = event_fd(fd);
    if (event < 0 || (op != EPOLL_CTL_DEL && !e))
        return preload_real.epoll_ctl(epoll, op, fd, e);
    if (op == EPOLL_CTL_DEL) {
        unwatch(epoll, fd);
        return preload_real.epoll_ctl(epoll, op, event, NULL);
    }
    ours = *e;
    ours.events &= ~(uint32_t)(READABLE | POLLOUT | POLLWRNORM);
    ours.events |= e->events & READABLE ? (uint32_t)EPOLLIN : 0;
    rc = preload_real.epoll_ctl(epoll, op, event, &ours);
    if (rc == 0 && !watch(epoll, fd, event, e)) {
        (void)preload_real.epoll_ctl(epoll, EPOLL_CTL_DEL, event, NULL);
        errno = ENOMEM;
        rc = -1;
    }
    return rc;
}

/* The served descriptor behind an event, or -1; what it was watched for. */
static int
watched(int epoll, const struct epoll_event *e, uint32_t *events_out)
{
    int fd = -1;

    pthread_mutex_lock(&watches.lock);
    for (const struct watch *w = watches.first; w && fd < 0; w = w->next) {
        if (w->epoll != epoll || w->data != e->data.u64)
            continue;
        fd = w->fd;
        *events_out = w->events;
    }
    pthread_mutex_unlock(&watches.lock);
    return fd;
}

static int
seen(int epoll, struct epoll_event *events, int n)
{
    uint32_t wanted = 0;

    for (int i = 0; watches.first && i < n; i++) {
        const int fd = watched(epoll, &events[i], &wanted);

        if (fd < 0)
            continue;
        events[i].events = wanted & READABLE;
        polled(fd);
    }
    return n;
}

EXPORT int
epoll_wait(int epoll, struct epoll_event *events, int room, int timeout_ms)
{
    preload_start();
    return seen(epoll, events, preload_real.epoll_pwait(epoll, events, room, timeout_ms, NULL));
}

EXPORT int
epoll_pwait(int epoll, struct epoll_event *events, int room, int timeout_ms,
            const sigset_t *mask)
{
    preload_start();
    return seen(epoll, events, preload_real.epoll_pwait(epoll, events, room, timeout_ms, mask));
}

EXPORT int
epoll_pwait2(int epoll, struct epoll_event *events, int room, const struct timespec *timeout,
             const sigset_t *mask)
{
    preload_start();
    return seen(epoll, events,
                (int)preload_real.syscall(SYS_epoll_pwait2, epoll, events, room, timeout, mask,
                                          sizeof(uint64_t)));
}
