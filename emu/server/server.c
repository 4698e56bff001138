/* SPDX-License-Identifier: MIT */
/*
 * The poll loop: listening sockets, connections, and what the cards do in their own time.
 */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"

struct card {
    struct vu_device dev;
    struct vu_conn *conn; /* NULL: no client */
    int listener;
    bool retain;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* What poll() watches for one card: an array of these is an array of struct pollfd. */
struct watch {
    struct pollfd listener, conn;
};

struct vu_server {
    struct card **cards;
    struct watch *watches;
    unsigned count;
};

struct vu_server *
vu_server_create(void)
{
    return calloc(1, sizeof(struct vu_server));
}

static void
destroy_card(struct card *card)
{
    struct emu_gpu *gpu = card->dev.gpu;

    vu_conn_destroy(card->conn);
    vu_device_fini(&card->dev);
    if (card->listener >= 0) {
        close(card->listener);
        unlink(card->path);
    }
    emu_gpu_destroy(gpu);
    free(card);
}

void
vu_server_destroy(struct vu_server *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->count; i++)
        destroy_card(s->cards[i]);
    free(s->cards);
    free(s->watches);
    free(s);
}

/* A socket file outlives a server that was killed; nobody answers there any more. */
static bool
is_stale(const struct sockaddr_un *address)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct stat st;
    bool stale;

    if (fd < 0)
        return false;
    stale = lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
            connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
            errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static int
open_listener(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, rc;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    if (rc < 0 && errno == EADDRINUSE) {
        errno = EADDRINUSE;
        if (is_stale(&address) && unlink(path) == 0)
            rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
        else
            errno = EADDRINUSE;
    }
    if (rc == 0)
        rc = listen(fd, 8);
    if (rc == 0)
        return fd;
    rc = -errno;
    close(fd);
    return rc;
}

static int
make_room(struct vu_server *s)
{
    const size_t count = (size_t)s->count + 1;
    struct card **cards = realloc(s->cards, count * sizeof(void *));
    struct watch *watches;

    if (!cards)
        return -ENOMEM;
    s->cards = cards;
    watches = realloc(s->watches, count * sizeof(*watches));
    if (!watches)
        return -ENOMEM;
    s->watches = watches;
    return 0;
}

int
vu_server_add(struct vu_server *s, const struct vu_card_config *config)
{
    struct card *card = calloc(1, sizeof(*card));
    int rc = -ENOMEM;

    if (!card || make_room(s) < 0)
        goto destroy_gpu;
    rc = open_listener(config->path);
    if (rc < 0)
        goto destroy_gpu;
    card->listener = rc;
    card->retain = config->retain;
    memcpy(card->path, config->path, strlen(config->path) + 1); /* measured when opened */
    vu_device_init(&card->dev, config->gpu, config->preboot);
    s->cards[s->count++] = card;
    return 0;

destroy_gpu:
    free(card);
    emu_gpu_destroy(config->gpu);
    return rc;
}

/* The kernel's VFIO resets a device when its last user closes it; so do we unless told. */
static void
drop_client(struct card *card)
{
    vu_conn_destroy(card->conn);
    card->conn = NULL;
    if (!card->retain)
        card->dev.bus->ops->reset(card->dev.bus);
    vu_device_forget_client(&card->dev);
}

/* A card has one client; a second one finds its connection closed. */
static void
accept_client(struct card *card)
{
    const int fd = accept4(card->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (card->conn)
        close(fd);
    else
        card->conn = vu_conn_create(fd, &card->dev);
}

static void
fill_watches(struct vu_server *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        const struct vu_conn *c = s->cards[i]->conn;
        struct watch *w = &s->watches[i];

        w->listener = (struct pollfd){.fd = s->cards[i]->listener, .events = POLLIN};
        w->conn = (struct pollfd){.fd = -1};
        if (c) {
            w->conn.fd = vu_conn_fd(c);
            w->conn.events = vu_conn_events(c);
        }
    }
}

static uint64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* How long nothing will happen: NULL for until a client says something. */
static const struct timespec *
time_to_sleep(struct vu_server *s, struct timespec *storage)
{
    uint64_t due = UINT64_MAX, now = now_ns();

    for (unsigned i = 0; i < s->count; i++) {
        const uint64_t card_due = emu_gpu_due_ns(s->cards[i]->dev.gpu);

        if (s->cards[i]->conn && card_due < due)
            due = card_due;
    }
    if (due == UINT64_MAX)
        return NULL;
    due = due > now ? due - now : 0;
    *storage = (struct timespec){.tv_sec = (time_t)(due / 1000000000u),
                                 .tv_nsec = (long)(due % 1000000000u)};
    return storage;
}

static void
run_card(struct card *card, const struct watch *watch)
{
    if (card->conn && watch->conn.revents && !vu_conn_run(card->conn))
        drop_client(card);
    if (watch->listener.revents)
        accept_client(card);
    if (card->conn)
        vu_device_service(&card->dev);
}

int
vu_server_run(struct vu_server *s, const volatile sig_atomic_t *stop, const sigset_t *wait_mask)
{
    while (!*stop) {
        struct timespec sleep;

        fill_watches(s);
        if (ppoll(&s->watches[0].listener, 2 * (nfds_t)s->count, time_to_sleep(s, &sleep),
                  wait_mask) < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        for (unsigned i = 0; i < s->count; i++)
            run_card(s->cards[i], &s->watches[i]);
    }
    return 0;
}
