/* SPDX-License-Identifier: MIT */
/*
 * Names: what a program asks of a path, and of a descriptor that is a node.
 */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* What the kernel calls the nodes; nvidia-uvm's major is dynamic there. */
enum { NVIDIA_MAJOR = 195, CTL_MINOR = 255, UVM_MAJOR = 511, CAPS_MAJOR = 510 };

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

int
preload_stat_path(int dir, const char *path, struct stat *st, int flags)
{
    enum emu_node node;
    unsigned minor_number;
    char other[512];
    const char *file;

    preload_start();
    if (preload_node(path, &node, &minor_number)) {
        fill_stat(node, minor_number, st);
        return 0;
    }
    file = preload_file(path, other, sizeof(other));
    return preload_real.fstatat(dir, file ? file : path, st, flags);
}

int
preload_stat_fd(int fd, struct stat *st)
{
    struct preload_open *s;

    preload_start();
    s = preload_hold(fd);
    if (!s)
        return preload_real.fstat(fd, st);
    fill_stat(emu_kmod_node(s->file), emu_kmod_minor(s->file), st);
    preload_let_go(s);
    return 0;
}

/* struct stat64 is struct stat on 64-bit systems. */
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one struct stat");

EXPORT int
stat(const char *path, struct stat *st)
{
    return preload_stat_path(AT_FDCWD, path, st, 0);
}

EXPORT int
stat64(const char *path, struct stat64 *st)
{
    return preload_stat_path(AT_FDCWD, path, (struct stat *)st, 0);
}

EXPORT int
lstat(const char *path, struct stat *st)
{
    return preload_stat_path(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

EXPORT int
lstat64(const char *path, struct stat64 *st)
{
    return preload_stat_path(AT_FDCWD, path, (struct stat *)st, AT_SYMLINK_NOFOLLOW);
}

EXPORT int
fstatat(int dir, const char *path, struct stat *st, int flags)
{
    return preload_stat_path(dir, path, st, flags);
}

EXPORT int
fstatat64(int dir, const char *path, struct stat64 *st, int flags)
{
    return preload_stat_path(dir, path, (struct stat *)st, flags);
}

EXPORT int
fstat(int fd, struct stat *st)
{
    return preload_stat_fd(fd, st);
}

EXPORT int
fstat64(int fd, struct stat64 *st)
{
    return preload_stat_fd(fd, (struct stat *)st);
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
    struct preload_open *s;
    enum emu_node node;
    unsigned minor_number;
    char other[512];
    const char *file;

    preload_start();
    s = !*path && flags & AT_EMPTY_PATH ? preload_hold(dir) : NULL;
    if (s) {
        fill_statx(emu_kmod_node(s->file), emu_kmod_minor(s->file), stx);
        preload_let_go(s);
        return 0;
    }
    if (preload_node(path, &node, &minor_number)) {
        fill_statx(node, minor_number, stx);
        return 0;
    }
    file = preload_file(path, other, sizeof(other));
    return preload_real.statx(dir, file ? file : path, flags, mask, stx);
}

EXPORT int
access(const char *path, int mode)
{
    enum emu_node node;
    unsigned minor_number;
    char other[512];
    const char *file;

    preload_start();
    if (preload_node(path, &node, &minor_number)) {
        if (!(mode & X_OK))
            return 0;
        errno = EACCES;
        return -1;
    }
    file = preload_file(path, other, sizeof(other));
    return preload_real.access(file ? file : path, mode);
}

EXPORT FILE *
fopen(const char *path, const char *mode)
{
    char other[512];
    const char *file;

    preload_start();
    file = preload_file(path, other, sizeof(other));
    return preload_real.fopen(file ? file : path, mode);
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

    preload_start();
    file = preload_file(path, other, sizeof(other));
    return preload_real.opendir(file ? file : path);
}

EXPORT ssize_t
readlink(const char *path, char *to, size_t bytes)
{
    char other[512];
    const char *file;

    preload_start();
    file = preload_file(path, other, sizeof(other));
    return preload_real.readlink(file ? file : path, to, bytes);
}

EXPORT char *
realpath(const char *path, char *to)
{
    char other[512];
    enum emu_node node;
    unsigned minor_number;

    preload_start();
    if (preload_node(path, &node, &minor_number) || preload_file(path, other, sizeof(other)))
        return to ? memcpy(to, path, strlen(path) + 1) : strdup(path);
    return preload_real.realpath(path, to);
}
