/* SPDX-License-Identifier: MIT */
/*
 * The vfio-user server under a hostile client: the input is what comes out of the socket,
 * message after message. A memory file goes along with DMA_MAP, an eventfd with SET_IRQS, so
 * that both get past their first check. Nothing may crash, leak or stay mapped.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_MESSAGES = 64, FILE_BYTES = 1 << 16 };

/* One card for all inputs: making one takes longer than running most inputs. */
static struct {
    struct emu_gpu *gpu;
    struct vu_device dev;
    int memory, event;
} fixture;

static void
set_up(void)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct emu_config config = {
        .chip = "AD102", .abi = {s, nvrm_release_newest(s)}
    };

    if (emu_gpu_create(&config, &fixture.gpu, NULL, 0) < 0)
        abort();
    vu_device_init(&fixture.dev, fixture.gpu, true);
    fixture.memory = memfd_create("fuzz", MFD_CLOEXEC);
    fixture.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fixture.memory < 0 || fixture.event < 0 || ftruncate(fixture.memory, FILE_BYTES) < 0 ||
        vu_dma_guard() < 0)
        abort();
}

static void
tear_down(void)
{
    vu_device_fini(&fixture.dev);
    emu_gpu_destroy(fixture.gpu);
    close(fixture.memory);
    close(fixture.event);
}

static bool
put(int fd, const uint8_t *bytes, size_t count, int passed)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {
        .align = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}
    };
    struct iovec iov = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    if (passed >= 0) {
        memcpy(CMSG_DATA(&control.align), &passed, sizeof(int));
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof(control.bytes);
    }
    return sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)count;
}

static void
drain(int fd)
{
    static uint8_t waste[1 << 16];

    while (recv(fd, waste, sizeof(waste), MSG_DONTWAIT) > 0)
        ;
}

/* The next message by its own size, or what is left. */
static size_t
message_bytes(const uint8_t *data, size_t size)
{
    uint32_t bytes;

    if (size < 8)
        return size;
    memcpy(&bytes, data + 4, 4);
    return bytes >= 16 && bytes < size ? bytes : size;
}

static bool
step(struct vu_conn *c, int fd, const uint8_t *data, size_t bytes)
{
    const unsigned command = bytes >= 4 ? data[2] | data[3] << 8 : 0;
    const int passed = command == VU_DMA_MAP    ? fixture.memory
                       : command == VU_SET_IRQS ? fixture.event
                                                : -1;
    bool alive = put(fd, data, bytes, passed);

    for (int i = 0; alive && i < 32; i++) { /* a long reply takes several rounds */
        alive = vu_conn_run(c);
        drain(fd);
        if (vu_conn_events(c) == 1 /* POLLIN */)
            break;
    }
    return alive;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t greeting[] = {1, 0, 1, 0, 20, 0, 0, 0, 0, 0,
                                       0, 0, 0, 0, 0,  0, 0, 0, 1, 0};
    struct vu_conn *c;
    bool alive;
    int fds[2];

    if (!fixture.gpu) {
        set_up();
        atexit(tear_down);
    }
    if (size > 1 << 16 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return 0;
    c = vu_conn_create(fds[1], &fixture.dev);
    if (!c)
        abort();
    alive = !size || data[0] == 0xff || step(c, fds[0], greeting, sizeof(greeting));
    for (int i = 0; alive && size && i < MAX_MESSAGES; i++) {
        const size_t bytes = message_bytes(data, size);

        alive = step(c, fds[0], data, bytes);
        data += bytes;
        size -= bytes;
    }
    vu_conn_destroy(c);
    close(fds[0]);
    vu_device_forget_client(&fixture.dev);
    fixture.dev.bus->ops->reset(fixture.dev.bus);
    if (fixture.dev.dma.count || vu_dma_at(&fixture.dev.dma, 0, 1))
        abort();
    return 0;
}
