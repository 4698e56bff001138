/* SPDX-License-Identifier: MIT */
/*
 * System calls of the nvidia backend: each returns its result or a negative errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nvidia_priv.h"

static int
os_open(void *ctx, const char *path, int flags)
{
    const int fd = open(path, flags | O_CLOEXEC);

    (void)ctx;
    return fd < 0 ? -errno : fd;
}

static int
os_close(void *ctx, int fd)
{
    (void)ctx;
    return close(fd) < 0 ? -errno : 0;
}

static int
os_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
    int rc;

    (void)ctx;
    do
        rc = ioctl(fd, request, arg);
    while (rc < 0 && (errno == EINTR || errno == EAGAIN));
    return rc < 0 ? -errno : rc;
}

static int
os_poll(void *ctx, int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLPRI};
    const int n = poll(&p, 1, timeout_ms);

    (void)ctx;
    if (n < 0)
        return -errno;
    return n ? 0 : -EAGAIN;
}

static void *
os_map(void *ctx, int fd, size_t bytes, bool writable, int *rc_out)
{
    void *at = mmap(NULL, bytes, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);

    (void)ctx;
    *rc_out = at == MAP_FAILED ? -errno : 0;
    return at == MAP_FAILED ? NULL : at;
}

static int
os_unmap(void *ctx, void *at, size_t bytes)
{
    (void)ctx;
    return munmap(at, bytes) < 0 ? -errno : 0;
}

static ssize_t
os_read(void *ctx, const char *path, char *text, size_t bytes)
{
    const int fd = os_open(ctx, path, O_RDONLY);
    ssize_t got;

    if (fd < 0)
        return fd;
    got = read(fd, text, bytes);
    if (got < 0)
        got = -errno;
    (void)close(fd);
    return got;
}

const struct gsp_nvidia_os nvidia_linux = {
    .open = os_open,
    .close = os_close,
    .ioctl = os_ioctl,
    .poll = os_poll,
    .map = os_map,
    .unmap = os_unmap,
    .read = os_read,
};
