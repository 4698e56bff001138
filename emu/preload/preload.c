/* SPDX-License-Identifier: MIT */
/*
 * libnvrm-preload.so: serves NVIDIA's device nodes, /proc/driver/nvidia and the card's sysfs
 * files to a program from an emulated card in the program's own process.
 *
 * Every descriptor that a program gets for a node is a memory file, so that system calls which
 * cannot be interposed (a mapping through another libc handle) still find memory behind it;
 * the module puts the right memory there when an object is mapped. What this file does is
 * names and descriptors; emu/kmod.h is the module.
 *
 *   NVRM_EMU_CHIP=AD102  NVRM_EMU_RELEASE=570.144  NVRM_EMU_FAULT=...  NVRM_EMU_TREE=DIR
 */
#include "preload.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* What the kernel calls the nodes; nvidia-uvm's major is dynamic there. */
enum { NVIDIA_MAJOR = 195, CTL_MINOR = 255, UVM_MAJOR = 511, CAPS_MAJOR = 510 };

/* Real functions */

static struct {
    int (*open)(const char *, int, ...);
    int (*openat)(int, const char *, int, ...);
    int (*close)(int);
    int (*ioctl)(int, unsigned long, ...);
    int (*dup)(int);
    int (*dup2)(int, int);
    int (*dup3)(int, int, int);
    int (*fcntl)(int, int, ...);
    FILE *(*fopen)(const char *, const char *);
    int (*fclose)(FILE *);
    DIR *(*opendir)(const char *);
    int (*access)(const char *, int);
    ssize_t (*readlink)(const char *, char *, size_t);
    char *(*realpath)(const char *, char *);
    int (*fstatat)(int, const char *, struct stat *, int);
    int (*fstat)(int, struct stat *);
    int (*statx)(int, const char *, int, unsigned, struct statx *);
    long (*syscall)(long, ...);
    int (*select)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
    int (*poll)(struct pollfd *, nfds_t, int);
    int (*ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
} real;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *
next_symbol(const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);

    if (!p) {
        static const char text[] = "nvrm-preload: libc lacks a function\n";

        (void)!write(2, text, sizeof(text) - 1);
        abort();
    }
    return p;
}

static void
find_symbols(void)
{
#define FIND(name) *(void **)&real.name = next_symbol(#name)
    FIND(open);
    FIND(openat);
    FIND(close);
    FIND(ioctl);
    FIND(dup);
    FIND(dup2);
    FIND(dup3);
    FIND(fcntl);
    FIND(fopen);
    FIND(fclose);
    FIND(opendir);
    FIND(access);
    FIND(readlink);
    FIND(realpath);
    FIND(fstatat);
    FIND(fstat);
    FIND(statx);
    FIND(syscall);
    FIND(mmap);
    FIND(select);
    FIND(poll);
    FIND(ppoll);
#undef FIND
}

/* Descriptors that are ours: a slot a descriptor, files counted. */

struct shared {
    struct emu_kfile *file;
    unsigned refs;
};

static struct {
    pthread_mutex_t lock;
    struct shared **slots;
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
        table.kmod = preload_module(&host);
    }
    return table.kmod;
}

static struct shared *
slot_locked(int fd)
{
    return fd >= 0 && fd < table.count ? table.slots[fd] : NULL;
}

static struct emu_kfile *
file_of(void *ctx, int fd)
{
    struct shared *s;

    (void)ctx;
    pthread_mutex_lock(&table.lock);
    s = slot_locked(fd);
    pthread_mutex_unlock(&table.lock);
    return s ? s->file : NULL;
}

static int
replace(void *ctx, int fd, int with)
{
    const int flags = real.fcntl(fd, F_GETFD);

    (void)ctx;
    if (real.dup3(with, fd, flags > 0 && flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
        return -errno;
    return 0;
}

static bool
grow_locked(int fd)
{
    const int want = (fd + 64) & ~63;
    struct shared **grown;

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
static struct shared *
hold(int fd)
{
    struct shared *s;

    pthread_mutex_lock(&table.lock);
    s = slot_locked(fd);
    if (s)
        s->refs++;
    pthread_mutex_unlock(&table.lock);
    return s;
}

/* The file ends with its last reference; the module is called without the lock. */
static void
let_go(struct shared *s)
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
static void
forget(int fd)
{
    struct shared *s;

    if (is_borrowed())
        return;
    pthread_mutex_lock(&table.lock);
    s = slot_locked(fd);
    if (s)
        table.slots[fd] = NULL;
    pthread_mutex_unlock(&table.lock);
    if (s)
        let_go(s);
}

/* `fd` is a duplicate of `of`. */
static void
share(int of, int fd)
{
    struct shared *s;

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

/* A node is a memory file with an empty page. */
static int
serve(enum emu_node node, unsigned minor, int flags)
{
    struct shared *s = malloc(sizeof(*s));
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
    fd = (int)real.syscall(SYS_memfd_create, "nvidia", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
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
        real.close(fd);
    errno = fd < 0 ? errno : ENOMEM;
    return -1;
}

static int
open_path(int dir, const char *path, int flags, mode_t mode)
{
    enum emu_node node;
    unsigned minor;
    char other[512];
    const char *file;

    pthread_once(&once, find_symbols);
    if (preload_node(path, &node, &minor))
        return serve(node, minor, flags);
    file = preload_file(path, other, sizeof(other));
    return real.openat(dir, file ? file : path, flags, mode);
}

/* Interposed functions */

#define MODE_OF(flags, mode)                                                                   \
    mode_t mode = 0;                                                                           \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                     \
        va_list ap;                                                                            \
        va_start(ap, flags);                                                                   \
        mode = va_arg(ap, mode_t); /* NOLINT(bugprone-macro-parentheses): it is declared */    \
        va_end(ap);                                                                            \
    }

EXPORT int
open(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_path(AT_FDCWD, path, flags, mode);
}

EXPORT int
open64(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_path(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

EXPORT int
openat(int dir, const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_path(dir, path, flags, mode);
}

EXPORT int
openat64(int dir, const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_path(dir, path, flags | O_LARGEFILE, mode);
}

/* Fortified programs call these. NOLINTBEGIN(bugprone-reserved-identifier): names of libc's */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
/* NOLINTEND(bugprone-reserved-identifier) */

EXPORT int
__open_2(const char *path, int flags)
{
    return open_path(AT_FDCWD, path, flags, 0);
}

EXPORT int
__open64_2(const char *path, int flags)
{
    return open_path(AT_FDCWD, path, flags | O_LARGEFILE, 0);
}

EXPORT int
__openat_2(int dir, const char *path, int flags)
{
    return open_path(dir, path, flags, 0);
}

EXPORT int
__openat64_2(int dir, const char *path, int flags)
{
    return open_path(dir, path, flags | O_LARGEFILE, 0);
}

EXPORT int
close(int fd)
{
    pthread_once(&once, find_symbols);
    forget(fd);
    return real.close(fd);
}

/* Whoever closes in another way closes ours as well: a number that is used again must not be
 * taken for a node. */
EXPORT int
fclose(FILE *f)
{
    pthread_once(&once, find_symbols);
    if (f && fileno(f) >= 0)
        forget(fileno(f));
    return real.fclose(f);
}

static void
forget_range(unsigned first, unsigned last)
{
    unsigned count;

    if (is_borrowed())
        return;
    pthread_mutex_lock(&table.lock);
    count = (unsigned)table.count;
    pthread_mutex_unlock(&table.lock);
    for (unsigned fd = first; fd <= last && fd < count; fd++)
        forget((int)fd);
}

EXPORT int
close_range(unsigned first, unsigned last, int flags)
{
    int rc;

    pthread_once(&once, find_symbols);
    rc = (int)real.syscall(SYS_close_range, first, last, flags);
    if (rc == 0 && !(flags & CLOSE_RANGE_CLOEXEC))
        forget_range(first, last);
    return rc;
}

EXPORT void
closefrom(int first)
{
    (void)close_range(first > 0 ? (unsigned)first : 0, ~0u, 0);
}

static int
served_ioctl(struct emu_kfile *file, unsigned long request, void *arg)
{
    const int saved = errno;
    const int rc = emu_kmod_ioctl(file, request, arg);

    errno = rc < 0 ? -rc : saved;
    return rc < 0 ? -1 : rc;
}

EXPORT int
ioctl(int fd, unsigned long request, ...)
{
    struct shared *s;
    va_list ap;
    void *arg;
    int rc;

    va_start(ap, request);
    arg = va_arg(ap, void *);
    va_end(ap);
    pthread_once(&once, find_symbols);
    s = hold(fd);
    if (!s)
        return real.ioctl(fd, request, arg);
    rc = served_ioctl(s->file, request, arg);
    let_go(s);
    return rc;
}

EXPORT int
dup(int fd)
{
    int made;

    pthread_once(&once, find_symbols);
    made = real.dup(fd);
    if (made >= 0)
        share(fd, made);
    return made;
}

EXPORT int
dup2(int fd, int to)
{
    int made;

    pthread_once(&once, find_symbols);
    if (fd != to)
        forget(to);
    made = real.dup2(fd, to);
    if (made >= 0 && fd != to)
        share(fd, made);
    return made;
}

EXPORT int
dup3(int fd, int to, int flags)
{
    int made;

    pthread_once(&once, find_symbols);
    if (fd != to)
        forget(to);
    made = real.dup3(fd, to, flags);
    if (made >= 0)
        share(fd, made);
    return made;
}

static int
fcntl_any(int fd, int command, void *arg)
{
    int rc;

    pthread_once(&once, find_symbols);
    rc = real.fcntl(fd, command, arg);
    if (rc >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))
        share(fd, rc);
    return rc;
}

int fcntl64(int fd, int command, ...);

#define FCNTL(name)                                                                            \
    EXPORT int name(int fd, int command, ...)                                                  \
    {                                                                                          \
        va_list ap;                                                                            \
        void *arg;                                                                             \
                                                                                               \
        va_start(ap, command);                                                                 \
        arg = va_arg(ap, void *);                                                              \
        va_end(ap);                                                                            \
        return fcntl_any(fd, command, arg);                                                    \
    }

FCNTL(fcntl)
FCNTL(fcntl64)

/* Names: what a program asks of a path */

static void
fill_stat(enum emu_node node, unsigned minor_number, struct stat *st)
{
    static const struct {
        unsigned major, minor;
    } numbers[] = {
        [EMU_NODE_CTL] = {NVIDIA_MAJOR, CTL_MINOR},
        [EMU_NODE_GPU] = {NVIDIA_MAJOR, 0        },
        [EMU_NODE_UVM] = {UVM_MAJOR,    0        },
        [EMU_NODE_UVM_TOOLS] = {UVM_MAJOR,    1        },
        [EMU_NODE_CAP] = {CAPS_MAJOR,   0        },
    };

    memset(st, 0, sizeof(*st));
    st->st_mode = S_IFCHR | 0666;
    st->st_nlink = 1;
    st->st_blksize = 4096;
    st->st_ino = 0x10de00 + (unsigned)node * 256 + minor_number;
    st->st_rdev = makedev(numbers[node].major, numbers[node].minor + minor_number);
}

static int
stat_path(int dir, const char *path, struct stat *st, int flags)
{
    enum emu_node node;
    unsigned minor_number;
    char other[512];
    const char *file;

    pthread_once(&once, find_symbols);
    if (preload_node(path, &node, &minor_number)) {
        fill_stat(node, minor_number, st);
        return 0;
    }
    file = preload_file(path, other, sizeof(other));
    return real.fstatat(dir, file ? file : path, st, flags);
}

static int
stat_fd(int fd, struct stat *st)
{
    struct shared *s;

    pthread_once(&once, find_symbols);
    s = hold(fd);
    if (!s)
        return real.fstat(fd, st);
    fill_stat(emu_kmod_node(s->file), emu_kmod_minor(s->file), st);
    let_go(s);
    return 0;
}

/* struct stat64 is struct stat on 64-bit systems. */
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one struct stat");

EXPORT int
stat(const char *path, struct stat *st)
{
    return stat_path(AT_FDCWD, path, st, 0);
}

EXPORT int
stat64(const char *path, struct stat64 *st)
{
    return stat_path(AT_FDCWD, path, (struct stat *)st, 0);
}

EXPORT int
lstat(const char *path, struct stat *st)
{
    return stat_path(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

EXPORT int
lstat64(const char *path, struct stat64 *st)
{
    return stat_path(AT_FDCWD, path, (struct stat *)st, AT_SYMLINK_NOFOLLOW);
}

EXPORT int
fstatat(int dir, const char *path, struct stat *st, int flags)
{
    return stat_path(dir, path, st, flags);
}

EXPORT int
fstatat64(int dir, const char *path, struct stat64 *st, int flags)
{
    return stat_path(dir, path, (struct stat *)st, flags);
}

EXPORT int
fstat(int fd, struct stat *st)
{
    return stat_fd(fd, st);
}

EXPORT int
fstat64(int fd, struct stat64 *st)
{
    return stat_fd(fd, (struct stat *)st);
}

static void
fill_statx(enum emu_node node, unsigned minor_number, struct statx *stx)
{
    struct stat st;

    fill_stat(node, minor_number, &st);
    memset(stx, 0, sizeof(*stx));
    stx->stx_mask = STATX_BASIC_STATS;
    stx->stx_mode = (uint16_t)st.st_mode;
    stx->stx_nlink = 1;
    stx->stx_blksize = 4096;
    stx->stx_ino = st.st_ino;
    stx->stx_rdev_major = major(st.st_rdev);
    stx->stx_rdev_minor = minor(st.st_rdev);
}

EXPORT int
statx(int dir, const char *path, int flags, unsigned mask, struct statx *stx)
{
    struct shared *s;
    enum emu_node node;
    unsigned minor_number;
    char other[512];
    const char *file;

    pthread_once(&once, find_symbols);
    s = !*path && flags & AT_EMPTY_PATH ? hold(dir) : NULL;
    if (s) {
        fill_statx(emu_kmod_node(s->file), emu_kmod_minor(s->file), stx);
        let_go(s);
        return 0;
    }
    if (preload_node(path, &node, &minor_number)) {
        fill_statx(node, minor_number, stx);
        return 0;
    }
    file = preload_file(path, other, sizeof(other));
    return real.statx(dir, file ? file : path, flags, mask, stx);
}

EXPORT int
access(const char *path, int mode)
{
    enum emu_node node;
    unsigned minor_number;
    char other[512];
    const char *file;

    pthread_once(&once, find_symbols);
    if (preload_node(path, &node, &minor_number)) {
        if (!(mode & X_OK))
            return 0;
        errno = EACCES;
        return -1;
    }
    file = preload_file(path, other, sizeof(other));
    return real.access(file ? file : path, mode);
}

EXPORT FILE *
fopen(const char *path, const char *mode)
{
    char other[512];
    const char *file;

    pthread_once(&once, find_symbols);
    file = preload_file(path, other, sizeof(other));
    return real.fopen(file ? file : path, mode);
}

EXPORT FILE *
fopen64(const char *path, const char *mode)
{
    return fopen(path, mode);
}

EXPORT DIR *
opendir(const char *path)
{
    char other[512];
    const char *file;

    pthread_once(&once, find_symbols);
    file = preload_file(path, other, sizeof(other));
    return real.opendir(file ? file : path);
}

EXPORT ssize_t
readlink(const char *path, char *to, size_t bytes)
{
    char other[512];
    const char *file;

    pthread_once(&once, find_symbols);
    file = preload_file(path, other, sizeof(other));
    return real.readlink(file ? file : path, to, bytes);
}

EXPORT char *
realpath(const char *path, char *to)
{
    char other[512];
    enum emu_node node;
    unsigned minor_number;

    pthread_once(&once, find_symbols);
    if (preload_node(path, &node, &minor_number) || preload_file(path, other, sizeof(other)))
        return to ? memcpy(to, path, strlen(path) + 1) : strdup(path);
    return real.realpath(path, to);
}

/* Managed memory is not served: a mapping of the UVM node is memory of the program, at the
 * address that its offset names. */
static void *
map_uvm(struct emu_kfile *file, void *at, size_t bytes, int prot, int flags, off_t offset)
{
    const bool plain = flags & MAP_SHARED && prot == (PROT_READ | PROT_WRITE);
    void *made = real.mmap(at, bytes, prot, flags | MAP_ANONYMOUS, -1, 0);
    int rc;

    if (made == MAP_FAILED)
        return made;
    rc = emu_kmod_uvm_mmap(file, (uintptr_t)made, (uint64_t)offset, plain);
    if (rc == 0)
        return made;
    munmap(made, bytes);
    errno = -rc;
    return MAP_FAILED;
}

EXPORT void *
mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    struct shared *s;
    void *made;

    pthread_once(&once, find_symbols);
    s = flags & MAP_ANONYMOUS ? NULL : hold(fd);
    if (!s)
        return real.mmap(at, bytes, prot, flags, fd, offset);
    if (emu_kmod_node(s->file) == EMU_NODE_UVM)
        made = map_uvm(s->file, at, bytes, prot, flags, offset);
    else /* an object may be mapped from its middle */
        made = real.mmap(at, bytes, prot, flags, fd,
                         (off_t)emu_kmod_map_offset(s->file, (uint64_t)offset));
    let_go(s);
    return made;
}

EXPORT void *
mmap64(void *at, size_t bytes, int prot, int flags, int fd, off64_t offset)
{
    return mmap(at, bytes, prot, flags, fd, offset);
}

/* Waiting: a wake-up without data is over once a program has seen it. */

static void
seen(struct pollfd *fds, nfds_t n)
{
    for (nfds_t i = 0; i < n; i++) {
        struct shared *s = fds[i].revents & POLLIN ? hold(fds[i].fd) : NULL;

        if (!s)
            continue;
        emu_kmod_polled(s->file);
        let_go(s);
    }
}

static void
seen_set(int n, const fd_set *set)
{
    for (int fd = 0; set && fd < n; fd++) {
        struct pollfd p = {.fd = fd, .revents = FD_ISSET(fd, set) ? POLLIN : 0};

        seen(&p, 1);
    }
}

EXPORT int
select(int n, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout)
{
    int rc;

    pthread_once(&once, find_symbols);
    rc = real.select(n, in, out, except, timeout);
    if (rc > 0)
        seen_set(n, in);
    return rc;
}

EXPORT int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
    int rc;

    pthread_once(&once, find_symbols);
    rc = real.poll(fds, n, timeout);
    if (rc > 0)
        seen(fds, n);
    return rc;
}

EXPORT int
ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    int rc;

    pthread_once(&once, find_symbols);
    rc = real.ppoll(fds, n, timeout, mask);
    if (rc > 0)
        seen(fds, n);
    return rc;
}

/* A program's own system calls, when they go through libc's syscall(). */
EXPORT long
syscall(long number, ...)
{
    long a[6];
    va_list ap;

    va_start(ap, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    pthread_once(&once, find_symbols);
    switch (number) {
    case SYS_ioctl:
        return ioctl((int)a[0], (unsigned long)a[1], (void *)a[2]);
    case SYS_open:
        return open_path(AT_FDCWD, (const char *)a[0], (int)a[1], (mode_t)a[2]);
    case SYS_openat:
        return open_path((int)a[0], (const char *)a[1], (int)a[2], (mode_t)a[3]);
    case SYS_mmap:
        return (long)mmap((void *)a[0], (size_t)a[1], (int)a[2], (int)a[3], (int)a[4],
                          (off_t)a[5]);
    case SYS_close:
        return close((int)a[0]);
    case SYS_dup:
        return dup((int)a[0]);
    case SYS_dup2:
        return dup2((int)a[0], (int)a[1]);
    case SYS_dup3:
        return dup3((int)a[0], (int)a[1], (int)a[2]);
    case SYS_fcntl:
        return fcntl((int)a[0], (int)a[1], (void *)a[2]);
    case SYS_fstat:
        return stat_fd((int)a[0], (struct stat *)a[1]);
    case SYS_stat:
        return stat_path(AT_FDCWD, (const char *)a[0], (struct stat *)a[1], 0);
    case SYS_newfstatat:
        return stat_path((int)a[0], (const char *)a[1], (struct stat *)a[2], (int)a[3]);
    case SYS_statx:
        return statx((int)a[0], (const char *)a[1], (int)a[2], (unsigned)a[3],
                     (struct statx *)a[4]);
    case SYS_close_range:
        return close_range((unsigned)a[0], (unsigned)a[1], (int)a[2]);
    case SYS_poll:
        return poll((struct pollfd *)a[0], (nfds_t)a[1], (int)a[2]);
    default:
        return real.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
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
    pthread_once(&once, find_symbols);
    table.owner = getpid();
    pthread_atfork(before_fork, after_fork, after_fork);
}
