/* SPDX-License-Identifier: MIT */
/*
 * What a traced thread does: copy what goes into a call and what comes out of it, and publish
 * that as one record. Nothing is decoded here, but the schema says which memory belongs to a
 * call. Pointers are a program's, and it may be wrong: a page is asked of the kernel before it
 * is read.
 */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <trace/ring.h>

enum {
    TOP_MAX = 16 << 10,     /* of an ioctl's struct: what its request can say */
    REGION_MAX = 128 << 10, /* of memory behind one pointer */
    PAGES = 16,             /* asked about in one call */
    ESCAPES = 256,
    NR_XFER = 211,
    NR_VERSION = 210,
};

struct capture {
    struct ring_lane *lane;
    uint32_t tid;
    bool busy;
    /* of the ioctl that goes on */
    struct gsp_trace_record record;
    const struct nvrm_layout *layout;
    const void *arg;
    char path[40];
    uintptr_t pages[PAGES];
    unsigned page_count;
    struct gsp_text in_memory, out_memory;
    uint8_t in[TOP_MAX] __attribute__((aligned(8)));
    uint8_t out[TOP_MAX] __attribute__((aligned(8)));
};

static struct {
    struct ring *ring; /* NULL: nothing is traced */
    uint32_t pid;
    bool follow;
    pthread_key_t key;
    struct nvrm_abi abi;
    uint32_t release; /* that abi and layouts are of, + 1 */
    pthread_mutex_t lock;
    const struct nvrm_layout *layout[ESCAPES];
    uint32_t layout_bytes[ESCAPES];
} process = {.lock = PTHREAD_MUTEX_INITIALIZER};

static __thread struct capture *mine __attribute__((tls_model("initial-exec")));
static __thread bool inside __attribute__((tls_model("initial-exec")));

uint64_t
capture_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The process */

static void
thread_ends(void *data)
{
    struct capture *c = data;

    mine = NULL;
    inside = true; /* what other destructors call is not traced */
    ring_leave(c->lane);
    gsp_text_fini(&c->in_memory);
    gsp_text_fini(&c->out_memory);
    free(c);
}

void
capture_begin(void)
{
    const char *path = getenv("NVRM_TRACE_RING"), *pid = getenv("NVRM_TRACE_PID");
    const char *follow = getenv("NVRM_TRACE_FOLLOW");
    int fd;

    process.follow = follow && *follow == '1';
    process.pid = (uint32_t)getpid();
    if (!path || (!process.follow && (!pid || (uint32_t)strtoul(pid, NULL, 10) != process.pid)))
        return;
    fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    process.ring = ring_attach(fd);
    syscall(SYS_close, fd);
    if (!process.ring)
        return;
    process.abi.schema = nvrm_schema_builtin();
    process.abi.release = nvrm_release_newest(process.abi.schema);
    if (pthread_key_create(&process.key, thread_ends) != 0)
        process.ring = NULL;
    else
        atomic_fetch_add(&process.ring->attached, 1);
}

bool
capture_own_process(void)
{
    return (uint32_t)syscall(SYS_getpid) == process.pid;
}

/* The lane is the parent's. */
void
capture_forked(void)
{
    if (!process.follow)
        process.ring = NULL;
    process.pid = (uint32_t)syscall(SYS_getpid);
    if (mine) {
        mine->lane = NULL;
        mine->tid = 0;
    }
}

/* The thread */

static struct capture *
thread_state(void)
{
    struct capture *c = mine;

    if (!c) {
        c = calloc(1, sizeof(*c));
        if (!c)
            return NULL;
        mine = c;
        (void)pthread_setspecific(process.key, c);
    }
    if (!c->tid) {
        c->tid = (uint32_t)syscall(SYS_gettid);
        c->lane = ring_claim(process.ring, process.pid, c->tid);
    }
    return c;
}

struct capture *
capture_enter(void)
{
    const int before = errno;
    struct capture *c;

    if (!process.ring || inside)
        return NULL;
    inside = true;
    c = thread_state();
    errno = before;
    if (!c)
        inside = false;
    return c;
}

void
capture_leave(struct capture *c)
{
    if (c)
        inside = false;
}

static void
publish(struct capture *c, const struct gsp_trace_record *r)
{
    const int before = errno;

    (void)ring_write(process.ring, c->lane, process.pid, r);
    errno = before;
}

/* Memory that may not be there. The kernel reads a signal set before it looks at what is to be
 * done with it: EFAULT says that the page cannot be read. */
static bool
page_is_readable(struct capture *c, uintptr_t page)
{
    if (!page) /* no set at all, to the kernel */
        return false;
    for (unsigned i = 0; i < c->page_count; i++)
        if (c->pages[i] == page)
            return true;
    if (syscall(SYS_rt_sigprocmask, ~0, page, NULL, 8) < 0 && errno == EFAULT)
        return false;
    if (c->page_count < PAGES)
        c->pages[c->page_count++] = page;
    return true;
}

static const void *
reach(void *ctx, const void *where, size_t bytes)
{
    const uintptr_t first = (uintptr_t)where & ~(uintptr_t)4095;
    const uintptr_t end = (uintptr_t)where + bytes;

    if (bytes > REGION_MAX || end < (uintptr_t)where)
        return NULL;
    for (uintptr_t page = first; page < end; page += 4096)
        if (!page_is_readable(ctx, page))
            return NULL;
    return where;
}

/* The release, and the layouts of its escapes */

static void
change_release(uint32_t release)
{
    pthread_mutex_lock(&process.lock);
    if (process.release != release) {
        memset(process.layout_bytes, 0, sizeof(process.layout_bytes));
        process.abi.release = (nvrm_release)(release - 1);
        process.release = release;
    }
    pthread_mutex_unlock(&process.lock);
}

static struct nvrm_abi
abi_now(void)
{
    const uint32_t release = atomic_load_explicit(&process.ring->release, memory_order_relaxed);

    if (release && release != process.release &&
        release <= nvrm_release_count(process.abi.schema))
        change_release(release);
    return process.abi;
}

static const struct nvrm_layout *
layout_of(struct nvrm_abi abi, unsigned long request, size_t bytes)
{
    const unsigned nr = request & (ESCAPES - 1);
    const struct nvrm_layout *l;

    if (process.layout_bytes[nr] == bytes + 1)
        return process.layout[nr];
    l = gsp_trace_ioctl_layout(abi, false, request, bytes);
    pthread_mutex_lock(&process.lock);
    process.layout[nr] = l;
    process.layout_bytes[nr] = (uint32_t)bytes + 1;
    pthread_mutex_unlock(&process.lock);
    return l;
}

/* The kernel module tells its release when a client asks whether it is its own. */
static void
learn_release(const uint8_t *out, size_t bytes)
{
    const char *text = (const char *)out + 8;
    nvrm_release found;
    char name[64];

    if (bytes < 72 || process.release || !memchr(text, '\0', 64))
        return;
    memcpy(name, text, sizeof(name));
    found = nvrm_release_find(process.abi.schema, name);
    if (found != NVRM_NO_RELEASE)
        atomic_store(&process.ring->release, (uint32_t)found + 1);
}

/* Ioctls */

/* What the ioctl is. That of most is known from the last time. */
static struct gsp_trace_ioctl
find_ioctl(struct capture *c, struct nvrm_abi abi, bool uvm, unsigned long request,
           const void *arg)
{
    const struct gsp_trace_reach reacher = {reach, c};
    struct gsp_trace_ioctl io = {.uvm = uvm, .request = request, .arg = arg};

    if (uvm || _IOC_NR(request) == NR_XFER) {
        gsp_trace_ioctl_find(abi, &reacher, &io);
    } else {
        io.bytes = _IOC_SIZE(request);
        io.layout = layout_of(abi, request, io.bytes);
    }
    if (io.bytes > TOP_MAX || !reach(c, io.arg, io.bytes))
        io.bytes = 0;
    return io;
}

void
capture_ioctl(struct capture *c, int fd, uint16_t file, unsigned long request, void *arg)
{
    const bool uvm = (file & 0xff) == FILE_UVM || (file & 0xff) == FILE_UVM_TOOLS;
    const struct nvrm_abi abi = abi_now();
    const struct gsp_trace_reach reacher = {reach, c};
    struct gsp_trace_record *r = &c->record;
    const int before = errno;
    struct gsp_trace_ioctl io;

    c->page_count = 0;
    c->in_memory.bytes = c->out_memory.bytes = 0;
    c->in_memory.rc = c->out_memory.rc = 0;
    io = find_ioctl(c, abi, uvm, request, arg);
    memset(r, 0, offsetof(struct gsp_trace_record, arg));
    r->type = uvm ? GSP_TRACE_UVM : GSP_TRACE_IOCTL;
    r->tid = c->tid;
    r->args = 3;
    r->arg[0] = (uint64_t)(int64_t)fd;
    r->arg[1] = io.request;
    r->arg[2] = (uintptr_t)io.arg;
    r->pieces = 5;
    file_path(file, c->path);
    c->arg = io.arg;
    c->layout = io.layout;
    if (io.bytes)
        memcpy(c->in, io.arg, io.bytes);
    (void)gsp_trace_ioctl_take(abi, c->layout, c->in, io.bytes, NULL, &reacher, &c->in_memory);
    r->piece[0] = (struct gsp_trace_piece){c->path, strlen(c->path)};
    r->piece[1] = (struct gsp_trace_piece){c->in, io.bytes};
    r->piece[3] = (struct gsp_trace_piece){c->in_memory.data,
                                           c->in_memory.rc < 0 ? 0 : c->in_memory.bytes};
    errno = before;
    r->time_ns = capture_now();
}

static bool
same(const struct gsp_trace_piece *a, const struct gsp_trace_piece *b)
{
    return a->bytes == b->bytes && (!a->bytes || !memcmp(a->data, b->data, a->bytes));
}

/* Most of what comes back is what went in, and some structs have many kilobytes. */
static void
leave_out_same(struct gsp_trace_record *r)
{
    if (!same(&r->piece[1], &r->piece[2]) || !same(&r->piece[3], &r->piece[4]))
        return;
    r->flags |= GSP_TRACE_OUT_SAME;
    r->piece[2].bytes = 0;
    r->pieces = 4;
}

void
capture_ioctl_done(struct capture *c, int rc)
{
    const struct gsp_trace_reach reacher = {reach, c};
    struct gsp_trace_record *r = &c->record;
    const size_t bytes = r->piece[1].bytes;
    const int before = errno;

    r->duration_ns = capture_now() - r->time_ns;
    r->rc = rc;
    if (bytes)
        memcpy(c->out, c->arg, bytes);
    (void)gsp_trace_ioctl_take(process.abi, c->layout, c->out, bytes, &r->piece[3], &reacher,
                               &c->out_memory);
    r->piece[2] = (struct gsp_trace_piece){c->out, bytes};
    r->piece[4] = (struct gsp_trace_piece){c->out_memory.data,
                                           c->out_memory.rc < 0 ? 0 : c->out_memory.bytes};
    if (rc == 0)
        r->status = gsp_trace_ioctl_status(process.abi, c->layout, c->out, bytes);
    if (rc == 0 && r->type == GSP_TRACE_IOCTL && (r->arg[1] & 0xff) == NR_VERSION)
        learn_release(c->out, bytes);
    leave_out_same(r);
    publish(c, r);
    errno = before;
}

void
capture_call(struct capture *c, int type, uint64_t start_ns, int rc, unsigned args,
             const uint64_t *arg, uint16_t file)
{
    struct gsp_trace_record r = {.type = (uint16_t)type,
                                 .tid = c->tid,
                                 .time_ns = start_ns,
                                 .duration_ns = capture_now() - start_ns,
                                 .rc = rc < 0 ? rc : 0,
                                 .args = args};
    char path[40];

    memcpy(r.arg, arg, 8 * (size_t)args);
    if (file) {
        file_path(file, path);
        r.pieces = 1;
        r.piece[0] = (struct gsp_trace_piece){path, strlen(path)};
    }
    publish(c, &r);
}
