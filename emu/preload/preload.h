/* SPDX-License-Identifier: MIT */
/*
 * What the preload library's parts share: libc's own functions, the descriptors that are
 * served, the module of this process, and names.
 */
#ifndef PRELOAD_H
#define PRELOAD_H

#include <dirent.h>
#include <emu/kmod.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/stat.h>

#define EXPORT __attribute__((visibility("default")))

/* real.c: libc's own functions */

extern struct preload_real {
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
    int (*pselect)(int, fd_set *, fd_set *, fd_set *, const struct timespec *,
                   const sigset_t *);
    int (*ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
    int (*epoll_ctl)(int, int, int, struct epoll_event *);
    int (*epoll_pwait)(int, struct epoll_event *, int, int, const sigset_t *);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    int (*munmap)(void *, size_t);
} preload_real;
/** Call before anything of preload_real. */
void preload_start(void);

/* table.c: descriptors that are ours */

/** A file of the module, and how many descriptors and calls hold it. */
struct preload_open {
    struct emu_kfile *file;
    unsigned refs;
};

/** The file behind a descriptor, held while a call runs, whoever closes the descriptor
 * meanwhile; NULL: not ours. Give it back with preload_let_go(). */
struct preload_open *preload_hold(int fd);
void preload_let_go(struct preload_open *s);
/** A descriptor is gone, or became something else. */
void preload_forget(int fd);
void preload_forget_range(unsigned first, unsigned last);
/** `fd` is a duplicate of `of`. */
void preload_share(int of, int fd);
/** Nothing, or something else, is mapped at these addresses. */
void preload_unmapped(const void *at, size_t bytes);
/** A new descriptor for a node; -1 and errno. */
int preload_serve(enum emu_node node, unsigned minor, int flags);

/* wait.c */

/** A descriptor is closed: nobody waits for it, or by it. */
void preload_wait_forget(int fd);

/* names.c */

int preload_stat_path(int dir, const char *path, struct stat *st, int flags);
int preload_stat_fd(int fd, struct stat *st);

/* module.c, paths.c */

/** The module, made from the environment with the first node that is opened. NULL when it
 * cannot be; the reason goes to stderr once. */
struct emu_kmod *preload_module(const struct emu_kmod_host *host);

/** Is path one of the nodes? */
bool preload_node(const char *path, enum emu_node *node_out, unsigned *minor_out);

/**
 * Where a file of the module's /proc and /sys entries lies: a path under NVRM_EMU_TREE written
 * to `to`, or NULL when the path is not the module's (or no tree was made).
 */
const char *preload_file(const char *path, char *to, size_t bytes);

#endif
