/* SPDX-License-Identifier: MIT */
/*
 * A program that speaks to nvidia.ko in the ways that programs do: several threads, after
 * fork() and exec(), through dlsym(), through syscall(), with duplicated descriptors. It knows
 * nothing of this project; `nvrm-cli emu exec -- exec_prog SCENARIO` gives it a card. Prints
 * what went wrong and exits with 1.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec.h"

struct free_object {
    uint32_t root, parent, handle, status;
};

enum { RM_FREE = 0x29 };

static int
open_control(void)
{
    const int fd = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);

    CHECK(fd >= 0);
    return fd;
}

static uint32_t
make_client(int ctl)
{
    struct alloc a = {.class_id = 0x41};

    CHECK(ioctl(ctl, ESC(RM_ALLOC, struct alloc), &a) == 0 && a.status == 0);
    return a.handle;
}

/* A control with an answer that is known: the ids of the cards. */
static void
ask(int ctl, uint32_t client)
{
    uint32_t ids[64] = {0};
    struct control c = {client, client, 0x214, 0, (uintptr_t)ids, sizeof(ids), 0};

    CHECK(ioctl(ctl, ESC(RM_CONTROL, struct control), &c) == 0);
    CHECK(c.status == 0 && ids[0] == 0x100 && ids[1] == 0xffffffff);
}

static void
once(int ctl)
{
    const uint32_t client = make_client(ctl);
    struct free_object f = {client, 0, client, 0};

    ask(ctl, client);
    CHECK(ioctl(ctl, ESC(RM_FREE, struct free_object), &f) == 0 && f.status == 0);
}

/* Threads */

static void *
hammer(void *arg)
{
    (void)arg;
    for (int i = 0; i < 50; i++) {
        const int ctl = open_control(), gpu = open("/dev/nvidia0", O_RDWR), copy = dup(ctl);
        int said = ctl;

        CHECK(gpu >= 0 && copy >= 0);
        CHECK(ioctl(gpu, ESC(REGISTER_FD, int), &said) == 0);
        once(copy);
        CHECK(close(ctl) == 0);
        once(copy);
        CHECK(close(copy) == 0 && close(gpu) == 0);
    }
    return NULL;
}

static void
run_threads(void *(*body)(void *), void *arg)
{
    pthread_t threads[8];

    for (int i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, body, arg) == 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
}

static void
threads(void)
{
    run_threads(hammer, NULL);
}

/* One thread closes what the others use. */

static int shared_fd[16];

static void *
use_and_close(void *arg)
{
    uint32_t seed = (uint32_t)(uintptr_t)&arg;

    (void)arg;
    for (int i = 0; i < 400; i++) {
        int *slot = &shared_fd[(seed = seed * 1664525 + 1013904223) >> 28];
        struct alloc a = {.class_id = 0x41};

        if (i % 8 == 0) {
            const int fd = open("/dev/nvidiactl", O_RDWR);
            const int old = __atomic_exchange_n(slot, fd, __ATOMIC_ACQ_REL);

            if (old > 0)
                close(old);
            continue;
        }
        (void)ioctl(__atomic_load_n(slot, __ATOMIC_ACQUIRE), ESC(RM_ALLOC, struct alloc), &a);
    }
    return NULL;
}

static void
closing(void)
{
    memset(shared_fd, 0xff, sizeof(shared_fd));
    run_threads(use_and_close, NULL);
}

/* Processes */

static void
forked(void)
{
    const int ctl = open_control();
    const uint32_t client = make_client(ctl);
    const pid_t pid = fork();
    int status;

    if (pid == 0) {
        ask(ctl, client);
        once(ctl);
        once(open_control());
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    ask(ctl, client);
}

/* The child of vfork() closes what its parent keeps. */
static void
vforked(void)
{
    const int ctl = open_control(), copy = dup(ctl);
    int status;
    const pid_t pid = vfork();

    if (pid == 0) {
        (void)close_range((unsigned)ctl, (unsigned)copy, 0);
        (void)close(ctl);
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    once(ctl);
    once(copy);
}

static void
execed(void)
{
    static const char *const argv[] = {"exec_prog", "once", NULL};

    once(open_control());
    execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
    CHECK(!"execv");
}

static void
just_once(void)
{
    once(open_control());
}

/* Ways to libc */

static void
looked_up(void)
{
    void *self = dlopen(NULL, RTLD_NOW);
    int (*my_open)(const char *, int, ...);
    int (*my_ioctl)(int, unsigned long, ...);
    struct alloc a = {.class_id = 0x41};
    int fd;

    *(void **)&my_open = dlsym(self, "open");
    *(void **)&my_ioctl = dlsym(self, "ioctl");
    fd = my_open("/dev/nvidiactl", O_RDWR);
    CHECK(fd >= 0 && my_ioctl(fd, ESC(RM_ALLOC, struct alloc), &a) == 0 && a.status == 0);
}

static void
by_number(void)
{
    struct alloc a = {.class_id = 0x41};
    struct stat st;
    const long fd = syscall(SYS_openat, AT_FDCWD, "/dev/nvidiactl", O_RDWR, 0);

    CHECK(fd >= 0);
    CHECK(syscall(SYS_ioctl, fd, ESC(RM_ALLOC, struct alloc), &a) == 0 && a.status == 0);
    CHECK(syscall(SYS_fstat, fd, &st) == 0 && S_ISCHR(st.st_mode));
    CHECK(syscall(SYS_close, fd) == 0);
    errno = 0;
    CHECK(syscall(SYS_ioctl, fd, ESC(RM_ALLOC, struct alloc), &a) == -1 && errno == EBADF);
}

static void
descriptors(void)
{
    const int ctl = open_control(), copy = fcntl(ctl, F_DUPFD_CLOEXEC, 100);
    const uint32_t client = make_client(ctl);
    struct alloc a = {.class_id = 0x41};

    CHECK(copy >= 100 && close(ctl) == 0);
    ask(copy, client); /* the file lives on */
    CHECK(dup2(0, copy) == copy);
    errno = 0;
    CHECK(ioctl(copy, ESC(RM_ALLOC, struct alloc), &a) == -1 && errno == ENOTTY);
}

/* Closed in one sweep, or through a stream: the numbers are anybody's afterwards. */
static void
swept(void)
{
    struct alloc a = {.class_id = 0x41};
    const int first = open_control();
    const int second = open_control();
    FILE *f;
    int fd;

    CHECK(close_range((unsigned)first, (unsigned)second, 0) == 0);
    fd = open("/dev/null", O_RDWR);
    errno = 0;
    CHECK(fd == first && ioctl(fd, ESC(RM_ALLOC, struct alloc), &a) == -1 && errno == ENOTTY);
    f = fdopen(open_control(), "r");
    CHECK(f && fclose(f) == 0);
    fd = open("/dev/null", O_RDWR);
    errno = 0;
    CHECK(ioctl(fd, ESC(RM_ALLOC, struct alloc), &a) == -1 && errno == ENOTTY);
    once(open_control());
}

/* Managed memory: a mapping of nvidia-uvm at the address that its offset names. */

struct uvm_range {
    uint64_t base, length;
    uint32_t status;
};

static uint32_t
validate(int uvm, const void *at, size_t bytes)
{
    struct uvm_range r = {(uintptr_t)at, bytes, 1};

    CHECK(ioctl(uvm, 72, &r) == 0); /* UVM_VALIDATE_VA_RANGE */
    return r.status;
}

static void
managed(void)
{
    enum { BYTES = 1 << 20, ALL = PROT_READ | PROT_WRITE };
    struct {
        uint64_t flags;
        uint32_t status, pad;
    } init = {0};
    const int uvm = open("/dev/nvidia-uvm", O_RDWR | O_CLOEXEC), copy = dup(uvm);
    char *place = mmap(NULL, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at;

    CHECK(uvm >= 0 && copy >= 0);
    CHECK(mmap(place, BYTES, ALL, MAP_SHARED | MAP_FIXED, uvm, (off_t)(uintptr_t)place) ==
              MAP_FAILED &&
          errno == EBADFD);
    CHECK(ioctl(uvm, 0x30000001, &init) == 0 && init.status == 0);
    CHECK(mmap(place, BYTES, ALL, MAP_SHARED | MAP_FIXED, uvm, 0) == MAP_FAILED &&
          errno == EINVAL);
    CHECK(mmap(place, BYTES, PROT_READ, MAP_SHARED | MAP_FIXED, uvm, (off_t)(uintptr_t)place) ==
          MAP_FAILED);
    at = mmap(place, BYTES, ALL, MAP_SHARED | MAP_FIXED, uvm, (off_t)(uintptr_t)place);
    CHECK(at == place);
    memset(at, 7, BYTES);
    CHECK(validate(uvm, at, BYTES) == 0);
    CHECK(munmap(at + BYTES / 2, BYTES / 2) == 0);
    CHECK(validate(uvm, at, BYTES) != 0 && validate(uvm, at, BYTES / 2) == 0);
    CHECK(close(uvm) == 0 && at[0] == 7 && validate(copy, at, BYTES / 2) == 0);
    CHECK(mmap(at, BYTES / 2, ALL, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
    CHECK(at[0] == 0 && validate(copy, at, BYTES / 2) != 0);
    CHECK(close(copy) == 0);
}

/* What RM_MAP_MEMORY puts behind a descriptor is behind its duplicates, older and newer. */
static void
mapped(void)
{
    enum { BYTES = 65536, ALL = PROT_READ | PROT_WRITE };
    struct device_params device = {0};
    struct {
        uint32_t owner, type, flags, unused[3], attr, rest[5];
        uint64_t range[2], size, more[3], address;
        uint32_t last[6];
    } memory = {.attr = 1 << 25, .size = BYTES}; /* in system memory */
    struct {
        uint32_t client, device, memory, pad;
        uint64_t offset, bytes, linear;
        uint32_t status, flags;
        int32_t fd, pad_fd;
    } map = {0};
    const int ctl = open_control(), fd = open_control(), older = dup(fd);
    const uint32_t client = make_client(ctl);
    struct alloc a = {client, client, 1, 0x80, (uintptr_t)&device, 0, 0};
    const int gpu = open("/dev/nvidia0", O_RDWR | O_CLOEXEC);
    uint32_t *at[3];
    int newer;

    CHECK(gpu >= 0 && ioctl(ctl, ESC(RM_ALLOC, struct alloc), &a) == 0 && a.status == 0);
    a = (struct alloc){client, 1, 2, 0x3e, (uintptr_t)&memory, 0, 0};
    CHECK(ioctl(ctl, ESC(RM_ALLOC, struct alloc), &a) == 0 && a.status == 0);
    map.client = client;
    map.device = 1;
    map.memory = 2;
    map.bytes = BYTES;
    map.fd = fd;
    CHECK(_IOC_SIZE(_IOWR('F', 0x4e, map)) == 56);
    CHECK(ioctl(ctl, _IOWR('F', 0x4e, map), &map) == 0 && map.status == 0);
    newer = dup(fd);
    at[0] = mmap(NULL, BYTES, ALL, MAP_SHARED, fd, 0);
    at[1] = mmap(NULL, BYTES, ALL, MAP_SHARED, older, 0);
    at[2] = mmap(NULL, BYTES, ALL, MAP_SHARED, newer, 0);
    CHECK(at[0] != MAP_FAILED && at[1] != MAP_FAILED && at[2] != MAP_FAILED);
    at[1][5] = 0x1234;
    CHECK(at[0][5] == 0x1234 && at[2][5] == 0x1234);
}

static void
names(void)
{
    struct stat st;
    char text[64];
    FILE *f;

    CHECK(stat("/dev/nvidiactl", &st) == 0 && S_ISCHR(st.st_mode));
    CHECK(major(st.st_rdev) == 195 && minor(st.st_rdev) == 255);
    CHECK(stat("/dev/nvidia0", &st) == 0 && minor(st.st_rdev) == 0);
    CHECK(access("/dev/nvidia-uvm", R_OK | W_OK) == 0);
    CHECK(open("/dev/nvidia9", O_RDWR) == -1 && errno == ENOENT);
    CHECK(realpath("/dev/nvidia0", text) && !strcmp(text, "/dev/nvidia0"));
    f = fopen("/sys/module/nvidia/version", "r");
    CHECK(f && fgets(text, sizeof(text), f) && text[0] >= '5' && fclose(f) == 0);
    CHECK(access("/proc/driver/nvidia/version", R_OK) == 0);
}

/* Errors as the kernel has them */

static void
errors(void)
{
    const int ctl = open_control(), gpu = open("/dev/nvidia0", O_RDWR);
    struct alloc a = {.class_id = 0x41};

    CHECK(ioctl(ctl, ESC(RM_ALLOC, struct alloc), 16) == -1 && errno == EFAULT);
    CHECK(ioctl(ctl, ESC(RM_ALLOC, uint32_t), &a) == -1 && errno == EINVAL);
    CHECK(ioctl(ctl, ESC(199, struct alloc), &a) == -1 && errno == EINVAL);
    CHECK(ioctl(gpu, ESC(RM_ALLOC, struct alloc), &a) == -1 && errno == EINVAL);
    CHECK(ioctl(-1, ESC(RM_ALLOC, struct alloc), &a) == -1 && errno == EBADF);
}

/* Dies in the middle of its calls; the one who started it cleans up. */
static void *
call_for_ever(void *arg)
{
    for (;;)
        once(*(int *)arg);
    return NULL;
}

static void
killed(void)
{
    int ctl = open_control();
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, call_for_ever, &ctl) == 0);
    usleep(20000);
    kill(getpid(), SIGKILL);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } table[] = {
        {"threads",     threads    },
        {"closing",     closing    },
        {"fork",        forked     },
        {"vfork",       vforked    },
        {"exec",        execed     },
        {"once",        just_once  },
        {"dlsym",       looked_up  },
        {"syscall",     by_number  },
        {"descriptors", descriptors},
        {"swept",       swept      },
        {"names",       names      },
        {"managed",     managed    },
        {"mapped",      mapped     },
        {"errors",      errors     },
        {"killed",      killed     },
    };

    for (size_t i = 0; argc == 2 && i < sizeof(table) / sizeof(*table); i++)
        if (!strcmp(table[i].name, argv[1])) {
            table[i].run();
            return 0;
        }
    return 2;
}
