/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that are ours: a slot a descriptor, files counted. What the module is told about
 * them, and what becomes of them in a fork().
 */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock;
    struct preload_open **slots;
    int count;
    struct emu_kmod *kmod, *still; /* still: paused while a fork() is made */
    bool tried;
    pid_t owner; /* the process whose descriptors these are */
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct emu_kfile *file_of(void *ctx, int fd);
static int replace(void *ctx, int fd, int with);

/* The module, or NULL; the lock is held. */
static struct emu_kmod *
module_locked(void)
{
    static const struct emu_kmod_host host = {.file = file_of, .replace = replace};

    if (!table.tried) {
        table.tried = true;
        __atomic_store_n(&table.kmod, preload_module(&host), __ATOMIC_RELEASE);
    }
    return table.kmod;
}

static struct preload_open *
slot_locked(int fd)
{
    return fd >= 0 && fd < table.count ? table.slots[fd] : NULL;
}

static struct emu_kfile *
file_of(void *ctx, int fd)
{
    struct preload_open *s;

    (void)ctx;
    pthread_mutex_lock(&table.lock);
    s = slot_locked(fd);
    pthread_mutex_unlock(&table.lock);
    return s ? s->file : NULL;
}

static int
replace_one(int fd, int with)
{
    const int flags = preload_real.fcntl(fd, F_GETFD);

    if (preload_real.dup3(with, fd, flags > 0 && flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
        return -errno;
    return 0;
}

/* Other names of the same file (dup()) have the same behind them. */
static int
replace(void *ctx, int fd, int with)
{
    int rc = replace_one(fd, with);
    const struct preload_open *s;

    (void)ctx;
    pthread_mutex_lock(&table.lock);
    s = slot_locked(fd);
    for (int i = 0; s && rc == 0 && i < table.count; i++)
        if (i != fd && table.slots[i] == s)
            rc = replace_one(i, with);
    pthread_mutex_unlock(&table.lock);
    return rc;
}

static bool
grow_locked(int fd)
{
    const int want = (fd + 64) & ~63;
    struct preload_open **grown;

    if (fd < table.count)
        return true;
    grown = realloc(table.slots, (size_t)want * sizeof(*grown));
    if (!grown)
        return false;
    memset(grown + table.count, 0, (size_t)(want - table.count) * sizeof(*grown));
    table.slots = grown;
    table.count = want;
    return true;
}

/* A call keeps its file while it runs, whoever closes the descriptor meanwhile. */
struct preload_open *
preload_hold(int fd)
{
    struct preload_open *s;

    pthread_mutex_lock(&table.lock);
    s = slot_locked(fd);
    if (s)
        s->refs++;
    pthread_mutex_unlock(&table.lock);
    return s;
}

/* The file ends with its last reference; the module is called without the lock. */
void
preload_let_go(struct preload_open *s)
{
    bool last;

    pthread_mutex_lock(&table.lock);
    last = --s->refs == 0;
    pthread_mutex_unlock(&table.lock);
    if (!last)
        return;
    emu_kmod_close(s->file);
    free(s);
}

/* A child of vfork() has this memory, but descriptors of its own: what it closes is open here.
 */
static bool
is_borrowed(void)
{
    return getpid() != table.owner;
}

/* A descriptor is gone, or became something else. */
void
preload_forget(int fd)
{
    struct preload_open *s;

    if (is_borrowed())
        return;
    preload_wait_forget(fd);
    pthread_mutex_lock(&table.lock);
    s = slot_locked(fd);
    if (s)
        table.slots[fd] = NULL;
    pthread_mutex_unlock(&table.lock);
    if (s)
        preload_let_go(s);
}

/* `fd` is a duplicate of `of`. */
void
preload_share(int of, int fd)
{
    struct preload_open *s;

    if (is_borrowed())
        return;
    pthread_mutex_lock(&table.lock);
    s = slot_locked(of);
    if (s && grow_locked(fd)) {
        s->refs++;
        table.slots[fd] = s;
    }
    pthread_mutex_unlock(&table.lock);
}

void
preload_unmapped(const void *at, size_t bytes)
{
    struct emu_kmod *const kmod = __atomic_load_n(&table.kmod, __ATOMIC_ACQUIRE);

    if (kmod && !is_borrowed())
        emu_kmod_munmap(kmod, (uintptr_t)at, bytes);
}

/* A node is a memory file with an empty page. */
int
preload_serve(enum emu_node node, unsigned minor, int flags)
{
    struct preload_open *s = malloc(sizeof(*s));
    struct emu_kmod *kmod;
    int fd, rc;

    pthread_mutex_lock(&table.lock);
    kmod = module_locked();
    pthread_mutex_unlock(&table.lock);
    rc = !s ? -ENOMEM : kmod ? emu_kmod_open(kmod, node, minor, &s->file) : -ENODEV;
    if (rc < 0) {
        free(s);
        errno = -rc;
        return -1;
    }
    fd = (int)preload_real.syscall(SYS_memfd_create, "nvidia",
                                   flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (fd >= 0) {
        s->refs = 1;
        pthread_mutex_lock(&table.lock);
        rc = grow_locked(fd) ? 0 : -ENOMEM;
        if (rc == 0)
            table.slots[fd] = s;
        pthread_mutex_unlock(&table.lock);
    }
    if (fd >= 0 && rc == 0)
        return fd;
    emu_kmod_close(s->file);
    free(s);
    if (fd >= 0)
        preload_real.close(fd);
    errno = fd < 0 ? errno : ENOMEM;
    return -1;
}

void
preload_forget_range(unsigned first, unsigned last)
{
    unsigned count;

    if (is_borrowed())
        return;
    pthread_mutex_lock(&table.lock);
    count = (unsigned)table.count;
    pthread_mutex_unlock(&table.lock);
    for (unsigned fd = first; fd <= last && fd < count; fd++)
        preload_forget((int)fd);
}

/* fork(): the child has the parent's descriptors and a copy of the card as it was. */
static void
before_fork(void)
{
    pthread_mutex_lock(&table.lock);
    table.still = table.kmod;
    pthread_mutex_unlock(&table.lock);
    if (table.still)
        emu_kmod_pause(table.still); /* calls that are under way end first */
    pthread_mutex_lock(&table.lock);
}

static void
after_fork(void)
{
    table.owner = getpid();
    pthread_mutex_unlock(&table.lock);
    if (table.still)
        emu_kmod_resume(table.still);
}

__attribute__((constructor)) static void
begin(void)
{
    preload_start();
    table.owner = getpid();
    pthread_atfork(before_fork, after_fork, after_fork);
}
