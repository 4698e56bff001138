/* SPDX-License-Identifier: MIT */
/*
 * libnvrm-trace.so: the functions of libc through which a program reaches the kernel module.
 * Each passes its call on to the next library, which is libc or the one that emulates the
 * module, and has it recorded when it concerns one of the module's files.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gsp/trace.h>

#include "capture.h"

#define EXPORT __attribute__((visibility("default")))

static struct {
    int (*openat)(int, const char *, int, ...);
    int (*close)(int);
    int (*close_range)(unsigned, unsigned, int);
    int (*ioctl)(int, unsigned long, ...);
    int (*dup)(int);
    int (*dup2)(int, int);
    int (*dup3)(int, int, int);
    int (*fcntl)(int, int, ...);
    long (*syscall)(long, ...);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    int (*munmap)(void *, size_t);
} real;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *
next_symbol(const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);

    if (!p) {
        static const char text[] = "nvrm-trace: libc lacks a function\n";

        (void)!write(2, text, sizeof(text) - 1);
        abort();
    }
    return p;
}

static void
find_symbols(void)
{
#define FIND(name) *(void **)&real.name = next_symbol(#name)
    FIND(openat);
    FIND(close);
    FIND(ioctl);
    FIND(dup);
    FIND(dup2);
    FIND(dup3);
    FIND(fcntl);
    FIND(syscall);
    FIND(mmap);
    FIND(munmap);
#undef FIND
    *(void **)&real.close_range = dlsym(RTLD_NEXT, "close_range"); /* since glibc 2.34 */
}

static void
ready(void)
{
    pthread_once(&once, find_symbols);
}

/* Opening and closing */

static int
open_path(int dir, const char *path, int flags, mode_t mode)
{
    const uint16_t file = path ? file_of_path(path) : FILE_NONE;
    struct capture *c;
    uint64_t start, arg[3];
    int fd;

    ready();
    if (!file || !(c = capture_enter()))
        return real.openat(dir, path, flags, mode);
    start = capture_now();
    fd = real.openat(dir, path, flags, mode);
    arg[0] = (uint64_t)(int64_t)dir;
    arg[1] = (uint64_t)flags;
    arg[2] = (uint64_t)(int64_t)fd;
    file_set(fd, file);
    capture_call(c, GSP_TRACE_OPEN, start, fd < 0 ? -errno : 0, 3, arg, file);
    capture_leave(c);
    return fd;
}

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
    const uint16_t file = file_of(fd);
    const uint64_t arg[] = {(uint64_t)(int64_t)fd};
    struct capture *c;
    uint64_t start;
    int rc;

    ready();
    if (!file || !capture_own_process())
        return real.close(fd);
    file_set(fd, FILE_NONE);
    c = capture_enter();
    if (!c)
        return real.close(fd);
    start = capture_now();
    rc = real.close(fd);
    capture_call(c, GSP_TRACE_CLOSE, start, rc < 0 ? -errno : 0, 1, arg, file);
    capture_leave(c);
    return rc;
}

/* One of many that are closed at once. */
static void
note_close(int fd)
{
    const uint16_t file = file_of(fd);
    const uint64_t arg[] = {(uint64_t)(int64_t)fd};
    struct capture *c = capture_enter();

    file_set(fd, FILE_NONE);
    if (c)
        capture_call(c, GSP_TRACE_CLOSE, capture_now(), 0, 1, arg, file);
    capture_leave(c);
}

EXPORT int
close_range(unsigned first, unsigned last, int flags)
{
    ready();
    for (unsigned fd = first; !flags && fd <= last && fd < 1u << 16; fd++)
        if (file_of((int)fd) && capture_own_process())
            note_close((int)fd);
    if (real.close_range)
        return real.close_range(first, last, flags);
    errno = ENOSYS;
    return -1;
}

/* Ioctls */

EXPORT int
ioctl(int fd, unsigned long request, ...)
{
    const uint16_t file = file_of(fd);
    struct capture *c;
    va_list ap;
    void *arg;
    int rc;

    va_start(ap, request);
    arg = va_arg(ap, void *);
    va_end(ap);
    ready();
    if ((!file && !gsp_trace_ioctl_is_escape(request)) || !(c = capture_enter()))
        return real.ioctl(fd, request, arg);
    capture_ioctl(c, fd, file, request, arg);
    rc = real.ioctl(fd, request, arg);
    capture_ioctl_done(c, rc < 0 ? -errno : 0);
    capture_leave(c);
    return rc;
}

/* Duplicates */

static int
duplicated(int of, int fd)
{
    if (fd >= 0)
        file_set(fd, file_of(of));
    return fd;
}

EXPORT int
dup(int fd)
{
    ready();
    return duplicated(fd, real.dup(fd));
}

EXPORT int
dup2(int fd, int to)
{
    ready();
    return duplicated(fd, real.dup2(fd, to));
}

EXPORT int
dup3(int fd, int to, int flags)
{
    ready();
    return duplicated(fd, real.dup3(fd, to, flags));
}

int fcntl64(int fd, int command, ...);

static int
fcntl_any(int fd, int command, void *arg)
{
    int rc;

    ready();
    rc = real.fcntl(fd, command, arg);
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? duplicated(fd, rc) : rc;
}

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

/* Mappings */

EXPORT void *
mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    const uint16_t file = flags & MAP_ANONYMOUS ? FILE_NONE : file_of(fd);
    uint64_t arg[7] = {(uint64_t)(int64_t)fd, (uintptr_t)at,    bytes, (uint64_t)prot,
                       (uint64_t)flags,       (uint64_t)offset, 0};
    struct capture *c;
    uint64_t start;
    void *made;

    ready();
    if (!file || !(c = capture_enter()))
        return real.mmap(at, bytes, prot, flags, fd, offset);
    start = capture_now();
    made = real.mmap(at, bytes, prot, flags, fd, offset);
    arg[6] = (uintptr_t)made;
    if (made != MAP_FAILED)
        mapping_add((uintptr_t)made);
    capture_call(c, GSP_TRACE_MMAP, start, made == MAP_FAILED ? -errno : 0, 7, arg, file);
    capture_leave(c);
    return made;
}

EXPORT void *
mmap64(void *at, size_t bytes, int prot, int flags, int fd, off64_t offset)
{
    return mmap(at, bytes, prot, flags, fd, offset);
}

EXPORT int
munmap(void *at, size_t bytes)
{
    const bool traced = mapping_remove((uintptr_t)at);
    const uint64_t arg[] = {(uintptr_t)at, bytes};
    struct capture *c;
    uint64_t start;
    int rc;

    ready();
    if (!traced || !(c = capture_enter()))
        return real.munmap(at, bytes);
    start = capture_now();
    rc = real.munmap(at, bytes);
    capture_call(c, GSP_TRACE_MUNMAP, start, rc < 0 ? -errno : 0, 2, arg, FILE_NONE);
    capture_leave(c);
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
    ready();
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
    case SYS_munmap:
        return munmap((void *)a[0], (size_t)a[1]);
    case SYS_close:
        return close((int)a[0]);
    case SYS_dup:
        return dup((int)a[0]);
    case SYS_dup2:
        return dup2((int)a[0], (int)a[1]);
    case SYS_dup3:
        return dup3((int)a[0], (int)a[1], (int)a[2]);
    default:
        return real.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

__attribute__((constructor)) static void
begin(void)
{
    ready();
    capture_begin();
    files_inherited();
    pthread_atfork(NULL, NULL, capture_forked);
}
