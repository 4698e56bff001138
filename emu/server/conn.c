/* SPDX-License-Identifier: MIT */
/*
 * Framing. The header says how long the message is; a length that no message can have, a reply
 * nobody asked for, or a first message other than VERSION end the connection, since nothing
 * behind them can be trusted to be a header.
 */
#include "conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGES_PER_RUN = 256 }; /* then the other cards have their turn */

struct header {
    uint16_t id, command;
    uint32_t bytes, flags, error;
};

struct vu_conn {
    int fd;
    struct vu_device *dev;
    bool greeted; /* VERSION is done */
    bool closing; /* when the reply is out */
    struct header header;
    uint32_t in_used; /* of the message, header included */
    uint8_t *body;    /* room for body_cap bytes */
    uint32_t body_cap;
    int fds[VU_MAX_FDS];
    unsigned fd_count;
    uint8_t *out; /* header and the largest body */
    uint32_t out_bytes, out_sent;
};

struct vu_conn *
vu_conn_create(int fd, struct vu_device *dev)
{
    struct vu_conn *c = calloc(1, sizeof(*c));

    if (c)
        c->out = malloc(VU_HEADER_BYTES + VU_MAX_BODY);
    if (!c || !c->out || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
        close(fd);
        if (c)
            free(c->out);
        free(c);
        return NULL;
    }
    c->fd = fd;
    c->dev = dev;
    return c;
}

static void
close_fds(struct vu_conn *c)
{
    for (unsigned i = 0; i < c->fd_count; i++)
        if (c->fds[i] >= 0)
            close(c->fds[i]);
    c->fd_count = 0;
}

void
vu_conn_destroy(struct vu_conn *c)
{
    if (!c)
        return;
    close_fds(c);
    close(c->fd);
    free(c->body);
    free(c->out);
    free(c);
}

int
vu_conn_fd(const struct vu_conn *c)
{
    return c->fd;
}

short
vu_conn_events(const struct vu_conn *c)
{
    return c->out_sent < c->out_bytes ? POLLOUT : POLLIN;
}

/* False when the message brought more descriptors than one may have. */
static bool
keep_fds(struct vu_conn *c, struct msghdr *msg)
{
    bool sound = !(msg->msg_flags & MSG_CTRUNC);

    for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
        const size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
            if (c->fd_count < VU_MAX_FDS) {
                c->fds[c->fd_count++] = fd;
            } else {
                close(fd);
                sound = false;
            }
        }
    }
    return sound;
}

/* Up to `want` bytes: >0, 0 when there is nothing yet, -1 when the connection is over. */
static ssize_t
receive(struct vu_conn *c, void *to, size_t want)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * VU_MAX_FDS)];
        struct cmsghdr align;
    } control;
    struct iovec iov = {.iov_base = to, .iov_len = want};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    const ssize_t n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC);

    if (n > 0)
        return keep_fds(c, &msg) ? n : -1;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static bool
sound_header(const struct vu_conn *c)
{
    const struct header *h = &c->header;

    return h->bytes >= VU_HEADER_BYTES && h->bytes - VU_HEADER_BYTES <= VU_MAX_BODY &&
           !(h->flags & ~(uint32_t)VU_FLAG_NO_REPLY) &&
           (c->greeted || h->command == VU_VERSION);
}

static bool
make_room(struct vu_conn *c)
{
    const uint32_t bytes = c->header.bytes - VU_HEADER_BYTES;
    uint8_t *grown;

    if (bytes <= c->body_cap)
        return true;
    grown = realloc(c->body, bytes);
    if (!grown)
        return false;
    c->body = grown;
    c->body_cap = bytes;
    return true;
}

static void
reply(struct vu_conn *c, int rc, uint32_t body_bytes)
{
    const struct header h = {
        .id = c->header.id,
        .command = c->header.command,
        .bytes = VU_HEADER_BYTES + (rc < 0 ? 0 : body_bytes),
        .flags = VU_FLAG_REPLY | (rc < 0 ? VU_FLAG_ERROR : 0),
        .error = rc < 0 ? (uint32_t)-rc : 0,
    };

    memcpy(c->out, &h, sizeof(h));
    c->out_bytes = h.bytes;
    c->out_sent = 0;
}

static void
dispatch(struct vu_conn *c)
{
    struct vu_message in = {
        .command = c->header.command,
        .body = c->body,
        .body_bytes = c->header.bytes - VU_HEADER_BYTES,
        .fds = c->fds,
        .fd_count = c->fd_count,
    };
    struct vu_answer out = {.body = c->out + VU_HEADER_BYTES};
    int rc = -EINVAL;

    if (!c->greeted || in.command != VU_VERSION)
        rc = vu_device_handle(c->dev, &in, &out);
    close_fds(c);
    if (in.command == VU_VERSION && !c->greeted) {
        c->greeted = rc == 0;
        c->closing = rc < 0;
    }
    c->in_used = 0;
    if (!(c->header.flags & VU_FLAG_NO_REPLY))
        reply(c, rc, out.bytes);
}

/* One step of the message that comes in: 1 made progress, 0 nothing there, -1 over. */
static int
read_some(struct vu_conn *c)
{
    ssize_t n;

    if (c->in_used < VU_HEADER_BYTES) {
        n = receive(c, (uint8_t *)&c->header + c->in_used, VU_HEADER_BYTES - c->in_used);
        if (n <= 0)
            return (int)n;
        c->in_used += (uint32_t)n;
        if (c->in_used < VU_HEADER_BYTES)
            return 1;
        if (!sound_header(c)) {
            reply(c, -EINVAL, 0);
            c->closing = true;
            return 1;
        }
        if (!make_room(c))
            return -1;
    } else {
        n = receive(c, c->body + (c->in_used - VU_HEADER_BYTES), c->header.bytes - c->in_used);
        if (n <= 0)
            return (int)n;
        c->in_used += (uint32_t)n;
    }
    if (c->in_used == c->header.bytes)
        dispatch(c);
    return 1;
}

/* 1 when all is out, 0 when the client must read first, -1 when it is gone. */
static int
write_some(struct vu_conn *c)
{
    while (c->out_sent < c->out_bytes) {
        const ssize_t n =
            send(c->fd, c->out + c->out_sent, c->out_bytes - c->out_sent, MSG_NOSIGNAL);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        c->out_sent += (uint32_t)n;
    }
    return 1;
}

bool
vu_conn_run(struct vu_conn *c)
{
    for (unsigned i = 0; i < MESSAGES_PER_RUN; i++) {
        int rc = write_some(c);

        if (rc == 0)
            return true;
        if (rc < 0 || c->closing)
            return false;
        rc = read_some(c);
        if (rc <= 0)
            return rc == 0;
    }
    return true;
}
