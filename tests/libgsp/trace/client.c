/* SPDX-License-Identifier: MIT */
/*
 * What `trace exec` is tried on: a program that makes ioctls of the kernel module on no
 * descriptor, in the ways that are hard for a tracer.
 *
 *   calls N      N calls            threads T N   N calls in each of T threads, then T more
 *   wait         calls until SIGINT, then exit code 9
 *   bad          pointers that lead nowhere
 *   fork         a child that calls, and one behind exec()
 *   die          killed in the middle of calls
 *   scribble     rubbish over what the tracer reads
 *   unknown      controls that no header has
 *   vfork        a child that has our memory closes what is open, then a control
 *   map          opens, duplicates and maps /dev/nvidiactl
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct control {
    uint32_t hClient, hObject, cmd, flags;
    uint64_t params;
    uint32_t paramsSize, status;
};
enum { CONTROL = 0xc020462a, NAME_STRING = 0x20800110 };

static volatile sig_atomic_t interrupted;

static void
interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static int
call(void *params)
{
    struct control c = {1, 2, NAME_STRING, 0, (uintptr_t)params, 132, 0};

    return ioctl(-1, CONTROL, &c) < 0 ? errno : 0;
}

static void
calls(unsigned n)
{
    uint8_t params[132] = {0};

    for (unsigned i = 0; i < n; i++)
        (void)call(params);
}

static void *
thread(void *n)
{
    calls((unsigned)(uintptr_t)n);
    return NULL;
}

static int
threads(unsigned count, unsigned n)
{
    pthread_t *id = calloc(count, sizeof(*id));

    for (unsigned turn = 0; id && turn < 2; turn++) {
        for (unsigned i = 0; i < count; i++)
            pthread_create(&id[i], NULL, thread, (void *)(uintptr_t)n);
        for (unsigned i = 0; i < count; i++)
            pthread_join(id[i], NULL);
    }
    free(id);
    return 0;
}

static int
wait_for_signal(void)
{
    signal(SIGINT, interrupt);
    printf("%d ready\n", getpid());
    fflush(stdout);
    while (!interrupted) {
        calls(1);
        usleep(1000);
    }
    puts("done");
    return 9;
}

/* Each of them is the program's mistake, and EBADF its only consequence. */
static int
bad(void)
{
    const long page = sysconf(_SC_PAGESIZE);
    uint8_t *two = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    munmap(two + page, (size_t)page);
    return call(NULL) != EBADF || call((void *)8) != EBADF || call(two + page - 4) != EBADF ||
           call((void *)(uintptr_t)-4) != EBADF || ioctl(-1, CONTROL, (void *)16) != -1 ||
           errno != EBADF || ioctl(-1, CONTROL, two + page - 8) != -1 || errno != EBADF;
}

static int
forks(char *self)
{
    const pid_t child = fork();
    pid_t other;

    if (child == 0) {
        calls(3);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    other = fork();
    if (other == 0) {
        execl(self, self, "calls", "4", (char *)NULL);
        _exit(1);
    }
    waitpid(other, NULL, 0);
    calls(2);
    return 0;
}

static void *
killer(void *nothing)
{
    usleep(20000);
    kill(getpid(), SIGKILL);
    return nothing;
}

static void
die(void)
{
    pthread_t id;

    pthread_create(&id, NULL, killer, NULL);
    for (;;)
        calls(100);
}

/* The ring is shared memory: a hostile program can write what it likes. */
static int
scribble(void)
{
    const char *path = getenv("NVRM_TRACE_RING");
    const int fd = path ? open(path, O_RDWR) : -1;
    struct stat st;
    uint32_t *ring;
    size_t words;

    calls(10);
    if (fd < 0 || fstat(fd, &st) < 0 || ftruncate(fd, 4096) == 0)
        return 1;
    words = (size_t)st.st_size / 4;
    ring = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ring == MAP_FAILED)
        return 1;
    srand(1);
    for (unsigned turn = 0; turn < 20; turn++) {
        for (size_t i = 0; i < 1 << 15; i++)
            ring[2 + i] = (uint32_t)rand() >> (rand() & 31);
        for (size_t i = 0; i < 1 << 15; i++)
            ring[(size_t)rand() * 7 % (words - 2) + 2] = (uint32_t)rand();
        usleep(2000);
    }
    return 0;
}

/* GSS-legacy, twice, BINAPI, one of no kind at all, and an escape. */
static int
unknown(void)
{
    static const uint32_t cmd[] = {0x20808159, 0x20808159, 0x20810108, 0x2080ff01 & ~0x8000u};
    uint32_t params[6] = {0};

    for (unsigned i = 0; i < sizeof(cmd) / sizeof(cmd[0]); i++) {
        struct control c = {1, 2, cmd[i], 0, (uintptr_t)params, sizeof(params), 0};

        params[1] = i + 5;
        (void)ioctl(-1, CONTROL, &c);
    }
    (void)ioctl(-1, _IOWR('F', 0x7b, params), params);
    return 0;
}

/* Nothing was put behind the descriptor: refused. */
static int
map(void)
{
    const int fd = open("/dev/nvidiactl", O_RDWR), other = dup(fd);
    void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

    if (fd < 0 || other < 0 || at != MAP_FAILED)
        return 1;
    close(other);
    return close(fd) < 0;
}

/* As subprocess of Python does it. */
static int
in_vfork(void)
{
    const int fd = open("/dev/nvidiactl", O_RDWR);
    uint8_t version[72] = {'2'};
    pid_t pid;

    if (fd < 0)
        return 1;
    pid = vfork();
    if (pid == 0) {
        close_range(3, 100, 0);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    return ioctl(fd, _IOWR('F', 210, version), version) < 0;
}

int
main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const unsigned a = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
    const unsigned b = argc > 3 ? (unsigned)atoi(argv[3]) : 0;

    if (!strcmp(what, "calls"))
        return calls(a), 0;
    if (!strcmp(what, "threads"))
        return threads(a, b);
    if (!strcmp(what, "wait"))
        return wait_for_signal();
    if (!strcmp(what, "unknown"))
        return unknown();
    if (!strcmp(what, "vfork"))
        return in_vfork();
    if (!strcmp(what, "map"))
        return map();
    if (!strcmp(what, "bad"))
        return bad();
    if (!strcmp(what, "fork"))
        return forks(argv[0]);
    if (!strcmp(what, "die"))
        die();
    return strcmp(what, "scribble") ? 2 : scribble();
}
