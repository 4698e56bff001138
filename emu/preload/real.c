/* SPDX-License-Identifier: MIT */
/*
 * libc's own functions, found behind ours.
 */
#include "preload.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct preload_real preload_real;

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
#define FIND(name) *(void **)&preload_real.name = next_symbol(#name)
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
    FIND(munmap);
    FIND(select);
    FIND(pselect);
    FIND(ppoll);
    FIND(epoll_ctl);
    FIND(epoll_pwait);
#undef FIND
}

void
preload_start(void)
{
    pthread_once(&once, find_symbols);
}
