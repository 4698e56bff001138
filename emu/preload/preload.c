/* SPDX-License-Identifier: MIT */
/*
 * libnvrm-preload.so: serves NVIDIA's device nodes, /proc/driver/nvidia and the card's sysfs
 * files to a program from an emulated card in the program's own process.
 *
 * Every descriptor that a program gets for a node is a memory file, so that system calls which
 * cannot be interposed (a mapping through another libc handle) still find memory behind it;
 * the module puts the right memory there when an object is mapped. This file has the calls on
 * descriptors, names.c those on names, table.c what lies between; emu/kmod.h is the module.
 *
 *   NVRM_EMU_CHIP=AD102  NVRM_EMU_RELEASE=570.144  NVRM_EMU_FAULT=...  NVRM_EMU_TREE=DIR
 */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
open_path(int dir, const char *path, int flags, mode_t mode)
{
    enum emu_node node;
    unsigned minor;
    char other[512];
    const char *file;

    preload_start();
    if (preload_node(path, &node, &minor))
        return preload_serve(node, minor, flags);
    file = preload_file(path, other, sizeof(other));
    return preload_real.openat(dir, file ? file : path, flags, mode);
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
    preload_start();
    preload_forget(fd);
    return preload_real.close(fd);
}

/* Whoever closes in another way closes ours as well: a number that is used again must not be
 * taken for a node. */
EXPORT int
fclose(FILE *f)
{
    preload_start();
    if (f && fileno(f) >= 0)
        preload_forget(fileno(f));
    return preload_real.fclose(f);
}

EXPORT int
close_range(unsigned first, unsigned last, int flags)
{
    int rc;

    preload_start();
    rc = (int)preload_real.syscall(SYS_close_range, first, last, flags);
    if (rc == 0 && !(flags & CLOSE_RANGE_CLOEXEC))
        preload_forget_range(first, last);
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
    struct preload_open *s;
    va_list ap;
    void *arg;
    int rc;

    va_start(ap, request);
    arg = va_arg(ap, void *);
    va_end(ap);
    preload_start();
    s = preload_hold(fd);
    if (!s)
        return preload_real.ioctl(fd, request, arg);
    rc = served_ioctl(s->file, request, arg);
    preload_let_go(s);
    return rc;
}

EXPORT int
dup(int fd)
{
    int made;

    preload_start();
    made = preload_real.dup(fd);
    if (made >= 0)
        preload_share(fd, made);
    return made;
}

EXPORT int
dup2(int fd, int to)
{
    int made;

    preload_start();
    if (fd != to)
        preload_forget(to);
    made = preload_real.dup2(fd, to);
    if (made >= 0 && fd != to)
        preload_share(fd, made);
    return made;
}

EXPORT int
dup3(int fd, int to, int flags)
{
    int made;

    preload_start();
    if (fd != to)
        preload_forget(to);
    made = preload_real.dup3(fd, to, flags);
    if (made >= 0)
        preload_share(fd, made);
    return made;
}

static int
fcntl_any(int fd, int command, void *arg)
{
    int rc;

    preload_start();
    rc = preload_real.fcntl(fd, command, arg);
    if (rc >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))
        preload_share(fd, rc);
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

/* Managed memory: the kernel chooses the address first, then the module puts memory there. */
static void *
map_uvm(struct emu_kfile *file, void *at, size_t bytes, int prot, int flags, off_t offset)
{
    const bool plain = flags & MAP_SHARED && prot == (PROT_READ | PROT_WRITE);
    void *made = preload_real.mmap(at, bytes, PROT_NONE, flags | MAP_ANONYMOUS, -1, 0);
    const struct emu_kmod_uvm_request request = {(uintptr_t)made, bytes, (uint64_t)offset,
                                                 plain};
    struct emu_kmod_map map;
    int fd, rc;

    if (made == MAP_FAILED)
        return made;
    rc = emu_kmod_uvm_mmap(file, &request, &map, &fd);
    if (rc == 0 &&
        preload_real.mmap(made, bytes, prot, MAP_SHARED | MAP_FIXED, fd, (off_t)map.at) == made)
        return made;
    if (rc == 0) {
        rc = -errno;
        preload_unmapped(made, bytes);
    }
    preload_real.munmap(made, bytes);
    errno = -rc;
    return MAP_FAILED;
}

/* What RM_MAP_MEMORY has put behind the descriptor, perhaps from its middle. */
static void *
map_object(struct emu_kfile *file, void *at, size_t bytes, int prot, int flags, int fd,
           off_t offset)
{
    struct emu_kmod_map map;
    const int rc = emu_kmod_mmap(file, bytes, (uint64_t)offset, &map);

    if (rc < 0) {
        errno = -rc;
        return MAP_FAILED;
    }
    return preload_real.mmap(at, bytes, map.read_only ? prot & ~PROT_WRITE : prot, flags, fd,
                             (off_t)map.at);
}

EXPORT void *
mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    struct preload_open *s;
    void *made;

    preload_start();
    if (flags & MAP_FIXED)
        preload_unmapped(at, bytes);
    s = flags & MAP_ANONYMOUS ? NULL : preload_hold(fd);
    if (!s)
        return preload_real.mmap(at, bytes, prot, flags, fd, offset);
    if (emu_kmod_node(s->file) == EMU_NODE_UVM)
        made = map_uvm(s->file, at, bytes, prot, flags, offset);
    else
        made = map_object(s->file, at, bytes, prot, flags, fd, offset);
    preload_let_go(s);
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
    int rc;

    preload_start();
    rc = preload_real.munmap(at, bytes);
    if (rc == 0)
        preload_unmapped(at, bytes);
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
    preload_start();
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
    case SYS_fcntl:
        return fcntl((int)a[0], (int)a[1], (void *)a[2]);
    case SYS_fstat:
        return preload_stat_fd((int)a[0], (struct stat *)a[1]);
    case SYS_stat:
        return preload_stat_path(AT_FDCWD, (const char *)a[0], (struct stat *)a[1], 0);
    case SYS_newfstatat:
        return preload_stat_path((int)a[0], (const char *)a[1], (struct stat *)a[2], (int)a[3]);
    case SYS_statx:
        return statx((int)a[0], (const char *)a[1], (int)a[2], (unsigned)a[3],
                     (struct statx *)a[4]);
    case SYS_close_range:
        return close_range((unsigned)a[0], (unsigned)a[1], (int)a[2]);
    case SYS_poll:
        return poll((struct pollfd *)a[0], (nfds_t)a[1], (int)a[2]);
    case SYS_ppoll:
        return ppoll((struct pollfd *)a[0], (nfds_t)a[1], (const struct timespec *)a[2],
                     (const sigset_t *)a[3]);
    case SYS_select:
        return select((int)a[0], (fd_set *)a[1], (fd_set *)a[2], (fd_set *)a[3],
                      (struct timeval *)a[4]);
    case SYS_epoll_ctl:
        return epoll_ctl((int)a[0], (int)a[1], (int)a[2], (struct epoll_event *)a[3]);
    case SYS_epoll_wait:
        return epoll_wait((int)a[0], (struct epoll_event *)a[1], (int)a[2], (int)a[3]);
    default:
        return preload_real.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}
