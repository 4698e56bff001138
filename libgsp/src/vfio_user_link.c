/* SPDX-License-Identifier: MIT */
/*
 * Framing and waiting on the client's end of a vfio-user socket. Reads a header, then exactly
 * the bytes it announces: anything longer would run into the next message and take its
 * descriptors. Commands of the server are answered "not supported".
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "vfio_user_priv.h"

enum {
    HEADER_BYTES = 16,
    MAX_BYTES = 4 << 20,
    MAX_FDS = 16,
    FLAG_TYPE = 0xf,
    FLAG_REPLY = 1,
    FLAG_NO_REPLY = 0x10,
    FLAG_ERROR = 0x20,
};

struct header {
    uint16_t id, command;
    uint32_t bytes, flags, error;
};

static uint64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int
vfu_link_open(struct vfu_link *l, const char *path, uint64_t timeout_ns)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *l = (struct vfu_link){.fd = -1, .next_id = 1, .timeout_ns = timeout_ns};
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return -errno;
    if (connect(l->fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        const int rc = -errno;

        vfu_link_close(l);
        return rc;
    }
    return 0;
}

void
vfu_link_close(struct vfu_link *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

static int
over(struct vfu_link *l, int rc)
{
    vfu_link_close(l);
    return rc;
}

/* A signal does not end the wait: half a message would be lost with it. */
static int
wait_for(const struct vfu_link *l, short events, uint64_t deadline_ns)
{
    struct pollfd p = {.fd = l->fd, .events = events};

    for (;;) {
        const uint64_t now = now_ns();
        const uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
        const struct timespec t = {.tv_sec = (time_t)(left / 1000000000u),
                                   .tv_nsec = (long)(left % 1000000000u)};
        const int n = ppoll(&p, 1, &t, NULL);

        if (n > 0)
            return 0;
        if (n == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

static void
drop_fds(struct msghdr *msg)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
        const size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
            close(fd);
        }
    }
}

/* Exactly `bytes`. Regions are not mapped here, so that descriptors are of no use. */
static int
receive(struct vfu_link *l, void *to, size_t bytes, uint64_t deadline_ns)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * MAX_FDS)];
        struct cmsghdr align;
    } control;

    for (size_t got = 0; got < bytes;) {
        struct iovec iov = {.iov_base = (uint8_t *)to + got, .iov_len = bytes - got};
        struct msghdr msg = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
        ssize_t n = recvmsg(l->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        int rc;

        if (n > 0) {
            drop_fds(&msg);
            got += (size_t)n;
            continue;
        }
        if (n == 0)
            return -ENODEV;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return -ENODEV;
        rc = wait_for(l, POLLIN, deadline_ns);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int
skip(struct vfu_link *l, size_t bytes, uint64_t deadline_ns)
{
    uint8_t waste[512];
    int rc = 0;

    while (bytes && rc == 0) {
        const size_t n = bytes < sizeof(waste) ? bytes : sizeof(waste);

        rc = receive(l, waste, n, deadline_ns);
        bytes -= n;
    }
    return rc;
}

/* Header and body in one message, the descriptor with its first byte. */
static int
transmit(struct vfu_link *l, const struct header *h, const void *body, int send_fd,
         uint64_t deadline_ns)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec iov[2] = {
        {.iov_base = (void *)h,    .iov_len = sizeof(*h)           },
        {.iov_base = (void *)body, .iov_len = h->bytes - sizeof(*h)}
    };
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
    size_t left = h->bytes;

    if (send_fd >= 0) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof(control.bytes);
        control.align.cmsg_level = SOL_SOCKET;
        control.align.cmsg_type = SCM_RIGHTS;
        control.align.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.align), &send_fd, sizeof(int));
    }
    while (left) {
        ssize_t n = sendmsg(l->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
        int rc = 0;

        if (n < 0 && errno == EAGAIN)
            rc = wait_for(l, POLLOUT, deadline_ns);
        else if (n < 0 && errno != EINTR)
            rc = -ENODEV;
        if (rc < 0)
            return rc;
        if (n <= 0)
            continue;
        left -= (size_t)n;
        msg.msg_control = NULL;
        msg.msg_controllen = 0;
        for (int i = 0; i < 2 && n > 0; i++) {
            const size_t part = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;

            iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
            iov[i].iov_len -= part;
            n -= (ssize_t)part;
        }
    }
    return 0;
}

/* The server asks something: memory by message, or a kind of interrupt that we did not set. */
static int
refuse(struct vfu_link *l, const struct header *in, uint64_t deadline_ns)
{
    const struct header out = {.id = in->id,
                               .command = in->command,
                               .bytes = HEADER_BYTES,
                               .flags = FLAG_REPLY | FLAG_ERROR,
                               .error = ENOTSUP};
    int rc = skip(l, in->bytes - HEADER_BYTES, deadline_ns);

    if (rc == 0 && !(in->flags & FLAG_NO_REPLY))
        rc = transmit(l, &out, NULL, -1, deadline_ns);
    return rc;
}

static int
read_header(struct vfu_link *l, struct header *h, uint64_t deadline_ns)
{
    const int rc = receive(l, h, sizeof(*h), deadline_ns);

    if (rc == 0 && (h->bytes < HEADER_BYTES || h->bytes > MAX_BYTES))
        return -EPROTO;
    return rc;
}

static int
read_reply(struct vfu_link *l, struct vfu_call *call, uint16_t id, uint64_t deadline_ns)
{
    struct header h;
    uint32_t body_bytes;
    int rc;

    do {
        rc = read_header(l, &h, deadline_ns);
        if (rc == 0 && !(h.flags & FLAG_TYPE))
            rc = refuse(l, &h, deadline_ns);
        if (rc < 0)
            return over(l, rc);
    } while (!(h.flags & FLAG_TYPE));
    if ((h.flags & FLAG_TYPE) != FLAG_REPLY || h.id != id || h.command != call->command)
        return over(l, -EPROTO);
    body_bytes = h.bytes - HEADER_BYTES;
    call->reply_bytes = body_bytes < call->reply_cap ? body_bytes : call->reply_cap;
    rc = receive(l, call->reply, call->reply_bytes, deadline_ns);
    if (rc == 0)
        rc = skip(l, body_bytes - call->reply_bytes, deadline_ns);
    if (rc < 0)
        return over(l, rc);
    if (h.flags & FLAG_ERROR)
        return h.error && h.error < 4096 ? -(int)h.error : -EIO;
    return 0;
}

int
vfu_call(struct vfu_link *l, struct vfu_call *call)
{
    const uint64_t deadline_ns = now_ns() + l->timeout_ns;
    const struct header h = {
        .id = l->next_id++, .command = call->command, .bytes = HEADER_BYTES + call->body_bytes};
    int rc;

    if (l->fd < 0)
        return -ENODEV;
    rc = transmit(l, &h, call->body, call->send_fd, deadline_ns);
    if (rc < 0)
        return over(l, rc);
    return read_reply(l, call, h.id, deadline_ns);
}

int
vfu_link_attend(struct vfu_link *l)
{
    const uint64_t deadline_ns = now_ns() + l->timeout_ns;
    struct header h;
    int rc;

    if (l->fd < 0)
        return -ENODEV;
    rc = read_header(l, &h, deadline_ns);
    if (rc == 0)
        rc = h.flags & FLAG_TYPE ? -EPROTO : refuse(l, &h, deadline_ns);
    return rc < 0 ? over(l, -ENODEV) : 0;
}
