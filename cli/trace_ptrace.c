/* SPDX-License-Identifier: MIT */
/*
 * The second method, for programs that a preloaded library does not reach: ptrace stops every
 * thread before and after each of its system calls. Should this process be killed, the program
 * goes on without it. docs/trace.md says why this is not seccomp.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace_exec.h"

enum { TOP_MAX = 16 << 10, REGION_MAX = 1 << 20, PATH_BYTES = 64, BLOCKS = 64 };

/* A thread that is traced, and the call that it is in. */
struct thread {
    struct thread *next;
    pid_t tid, tgid;
    bool in_call, wanted;
    uint64_t nr;
    void *arg;
    struct gsp_trace_record record;
    const struct nvrm_layout *layout;
    char path[PATH_BYTES];
    struct gsp_text in_memory, out_memory;
    uint8_t in[TOP_MAX] __attribute__((aligned(8)));
    uint8_t out[TOP_MAX] __attribute__((aligned(8)));
};

struct mapping {
    struct mapping *next;
    pid_t tgid;
    uint64_t at;
};

struct tracer {
    const struct trace_program *p;
    pid_t first;
    int status; /* of the first process, once it has ended */
    bool ended;
    struct thread *threads;
    struct mapping *mappings;
    pid_t reading; /* whose memory reach() reads */
    void *blocks[BLOCKS];
    unsigned block_count;
};

/* Memory of a thread */

static bool
read_memory(pid_t tid, const void *where, void *to, size_t bytes)
{
    const struct iovec local = {to, bytes}, remote = {(void *)(uintptr_t)where, bytes};

    return process_vm_readv(tid, &local, 1, &remote, 1, 0) == (ssize_t)bytes;
}

static const void *
reach(void *ctx, const void *where, size_t bytes)
{
    struct tracer *t = ctx;
    void *block;

    if (bytes > REGION_MAX || t->block_count == BLOCKS || !(block = malloc(bytes + 1)))
        return NULL;
    if (!read_memory(t->reading, where, block, bytes)) {
        free(block);
        return NULL;
    }
    t->blocks[t->block_count++] = block;
    return block;
}

static void
drop_blocks(struct tracer *t)
{
    while (t->block_count)
        free(t->blocks[--t->block_count]);
}

/* Text, a page at most at a time. */
static void
read_path(pid_t tid, uint64_t where, char path[PATH_BYTES])
{
    size_t n = 0;

    while (n < PATH_BYTES - 1 &&
           read_memory(tid, (void *)(uintptr_t)(where + n), path + n, 1) && path[n])
        n++;
    path[n] = '\0';
}

/* Threads */

static pid_t
group_of(pid_t tid)
{
    char path[40], line[128];
    pid_t group = tid;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/status", tid);
    f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "Tgid: %d", &group) == 1)
            break;
    if (f)
        fclose(f);
    return group;
}

static struct thread *
thread_of(struct tracer *t, pid_t tid)
{
    struct thread *x = t->threads;

    while (x && x->tid != tid)
        x = x->next;
    if (x)
        return x;
    x = calloc(1, sizeof(*x));
    if (!x)
        return NULL;
    x->tid = tid;
    x->tgid = group_of(tid);
    x->next = t->threads;
    t->threads = x;
    return x;
}

static void
forget(struct tracer *t, pid_t tid)
{
    struct thread **link = &t->threads, *x;

    while (*link && (*link)->tid != tid)
        link = &(*link)->next;
    x = *link;
    if (!x)
        return;
    *link = x->next;
    gsp_text_fini(&x->in_memory);
    gsp_text_fini(&x->out_memory);
    free(x);
}

/* Mappings of the module's files */

static void
mapping_add(struct tracer *t, pid_t tgid, uint64_t at)
{
    struct mapping *m = malloc(sizeof(*m));

    if (!m)
        return;
    *m = (struct mapping){t->mappings, tgid, at};
    t->mappings = m;
}

static bool
mapping_remove(struct tracer *t, pid_t tgid, uint64_t at)
{
    for (struct mapping **link = &t->mappings; *link; link = &(*link)->next) {
        struct mapping *m = *link;

        if (m->tgid != tgid || m->at != at)
            continue;
        *link = m->next;
        free(m);
        return true;
    }
    return false;
}

/* Calls */

static bool
is_ours(const char *path)
{
    return !strncmp(path, "/dev/nvidia", 11);
}

static void
path_of_fd(const struct thread *x, int fd, char path[PATH_BYTES])
{
    char link[48];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/%d/fd/%d", x->tid, fd);
    n = readlink(link, path, PATH_BYTES - 1);
    path[n > 0 ? n : 0] = '\0';
}

static struct gsp_trace_piece
text_piece(const struct gsp_text *t)
{
    return (struct gsp_trace_piece){t->rc < 0 ? NULL : t->data, t->rc < 0 ? 0 : t->bytes};
}

static struct nvrm_abi
abi_of(const struct tracer *t)
{
    struct nvrm_abi abi = trace_sink_abi(t->p->sink);

    if (abi.release == NVRM_NO_RELEASE)
        abi.release = nvrm_release_newest(abi.schema);
    return abi;
}

static bool
enter_ioctl(struct tracer *t, struct thread *x, const uint64_t *args)
{
    const struct gsp_trace_reach reacher = {reach, t};
    const struct nvrm_abi abi = abi_of(t);
    struct gsp_trace_record *r = &x->record;
    struct gsp_trace_ioctl io = {.request = (unsigned)args[1],
                                 .arg = (const void *)(uintptr_t)args[2]};

    path_of_fd(x, (int)args[0], x->path);
    if (!is_ours(x->path) && !gsp_trace_ioctl_is_escape(args[1]))
        return false;
    io.uvm = !strncmp(x->path, "/dev/nvidia-uvm", 15);
    gsp_trace_ioctl_find(abi, &reacher, &io);
    if (io.bytes > TOP_MAX || !read_memory(x->tid, io.arg, x->in, io.bytes))
        io.bytes = 0;
    x->layout = io.layout;
    x->arg = (void *)(uintptr_t)io.arg;
    r->type = io.uvm ? GSP_TRACE_UVM : GSP_TRACE_IOCTL;
    r->args = 3;
    r->arg[0] = (uint64_t)(int64_t)(int)args[0];
    r->arg[1] = io.request;
    r->arg[2] = (uintptr_t)io.arg;
    r->pieces = 5;
    r->piece[0] = (struct gsp_trace_piece){x->path, strlen(x->path)};
    r->piece[1] = (struct gsp_trace_piece){x->in, io.bytes};
    x->in_memory.bytes = x->out_memory.bytes = 0;
    (void)gsp_trace_ioctl_take(abi, x->layout, x->in, io.bytes, NULL, &reacher, &x->in_memory);
    r->piece[3] = text_piece(&x->in_memory);
    return true;
}

static void
leave_ioctl(struct tracer *t, struct thread *x)
{
    const struct gsp_trace_reach reacher = {reach, t};
    const struct nvrm_abi abi = abi_of(t);
    struct gsp_trace_record *r = &x->record;
    const size_t bytes = r->piece[1].bytes;

    if (!bytes || !read_memory(x->tid, x->arg, x->out, bytes))
        return;
    r->piece[2] = (struct gsp_trace_piece){x->out, bytes};
    (void)gsp_trace_ioctl_take(abi, x->layout, x->out, bytes, &r->piece[3], &reacher,
                               &x->out_memory);
    r->piece[4] = text_piece(&x->out_memory);
    if (r->rc == 0)
        r->status = gsp_trace_ioctl_status(abi, x->layout, x->out, bytes);
}

/* Whether the call is to be recorded; its record is begun. */
static bool
enter(struct tracer *t, struct thread *x, uint64_t nr, const uint64_t *a)
{
    struct gsp_trace_record *r = &x->record;

    memset(r, 0, sizeof(*r));
    t->reading = x->tid;
    x->nr = nr;
    x->path[0] = '\0';
    switch (nr) {
    case SYS_ioctl:
        return enter_ioctl(t, x, a);
    case SYS_open:
    case SYS_openat:
        read_path(x->tid, nr == SYS_open ? a[0] : a[1], x->path);
        *r = (struct gsp_trace_record){.type = GSP_TRACE_OPEN, .args = 3};
        r->arg[0] = nr == SYS_open ? (uint64_t)(int64_t)AT_FDCWD : (uint64_t)(int64_t)(int)a[0];
        r->arg[1] = nr == SYS_open ? a[1] : a[2];
        break;
    case SYS_close:
        path_of_fd(x, (int)a[0], x->path);
        *r = (struct gsp_trace_record){.type = GSP_TRACE_CLOSE, .args = 1, .arg = {a[0]}};
        break;
    case SYS_mmap:
        if ((int)a[4] >= 0)
            path_of_fd(x, (int)a[4], x->path);
        *r = (struct gsp_trace_record){
            .type = GSP_TRACE_MMAP, .args = 7, .arg = {a[4], a[0], a[1], a[2], a[3], a[5]}
        };
        break;
    case SYS_munmap:
        *r = (struct gsp_trace_record){
            .type = GSP_TRACE_MUNMAP, .args = 2, .arg = {a[0], a[1]}
        };
        return mapping_remove(t, x->tgid, a[0]);
    default:
        return false;
    }
    r->pieces = 1;
    r->piece[0] = (struct gsp_trace_piece){x->path, strlen(x->path)};
    return is_ours(x->path);
}

static void
leave(struct tracer *t, struct thread *x, int64_t rval)
{
    struct gsp_trace_record *r = &x->record;

    t->reading = x->tid;
    r->duration_ns = gsp_host_now_ns(NULL) - r->time_ns;
    r->tid = (uint32_t)x->tid;
    r->rc = rval < 0 && rval > -4096 ? (int32_t)rval : 0;
    if (r->type == GSP_TRACE_OPEN)
        r->arg[2] = (uint64_t)(r->rc < 0 ? -1 : rval);
    if (r->type == GSP_TRACE_MMAP) {
        r->arg[6] = (uint64_t)rval;
        if (r->rc == 0)
            mapping_add(t, x->tgid, (uint64_t)rval);
    }
    if (x->nr == SYS_ioctl)
        leave_ioctl(t, x);
    trace_sink_take(t->p->sink, r, (uint32_t)x->tgid);
    trace_sink_rest(t->p->sink);
    drop_blocks(t);
}

static void
at_system_call(struct tracer *t, struct thread *x)
{
    struct __ptrace_syscall_info info;

    memset(&info, 0, sizeof(info));
    if (ptrace(PTRACE_GET_SYSCALL_INFO, x->tid, sizeof(info), &info) <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.arch == AUDIT_ARCH_X86_64) {
        x->wanted = enter(t, x, info.entry.nr, (const uint64_t *)info.entry.args);
        x->in_call = true;
        drop_blocks(t);
        x->record.time_ns = gsp_host_now_ns(NULL);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && x->in_call) {
        if (x->wanted)
            leave(t, x, info.exit.rval);
        x->in_call = x->wanted = false;
    }
}

/* Stops */

static bool
is_stop_signal(int number)
{
    return number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

static void
at_stop(struct tracer *t, pid_t tid, int status)
{
    const int number = WSTOPSIG(status), event = status >> 16;
    struct thread *x = thread_of(t, tid);
    int deliver = 0;

    if (x && number == (SIGTRAP | 0x80)) {
        at_system_call(t, x);
    } else if (event == PTRACE_EVENT_STOP && is_stop_signal(number)) {
        ptrace(PTRACE_LISTEN, tid, 0, 0); /* stopped until SIGCONT, as it wanted */
        return;
    } else if (event == PTRACE_EVENT_EXEC && x) {
        x->in_call = x->wanted = false;
    } else if (!event) {
        deliver = number;
    }
    ptrace(PTRACE_SYSCALL, tid, 0, (void *)(intptr_t)deliver);
}

static void
follow(struct tracer *t)
{
    int status;
    pid_t tid;

    for (;;) {
        tid = waitpid(-1, &status, __WALL);
        if (tid < 0 && errno == EINTR)
            continue;
        if (tid < 0)
            return;
        if (WIFSTOPPED(status)) {
            at_stop(t, tid, status);
            continue;
        }
        forget(t, tid);
        if (tid == t->first) {
            t->status = status;
            t->ended = true;
        }
        if (t->ended && !t->p->follow)
            return;
    }
}

/* Starting */

/* The child waits until it is traced. */
static void
child(const struct trace_program *p, const int gate[2])
{
    char c;

    trace_signals_reset();
    close(gate[1]);
    if (read(gate[0], &c, 1) != 1)
        _exit(126);
    close(gate[0]);
    trace_program_start(p->argv);
}

static int
seize(const struct trace_program *p, pid_t pid)
{
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
                         (p->follow ? PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK : 0);

    return ptrace(PTRACE_SEIZE, pid, 0, (void *)options) < 0 ? -errno : 0;
}

static int
start(struct tracer *t)
{
    int gate[2], rc;

    if (pipe2(gate, O_CLOEXEC) < 0)
        return -errno;
    fflush(NULL);
    t->first = fork();
    if (t->first == 0)
        child(t->p, gate);
    rc = t->first < 0 ? -errno : seize(t->p, t->first);
    if (rc == 0 && write(gate[1], "", 1) != 1)
        rc = -errno;
    close(gate[0]);
    close(gate[1]);
    if (t->first > 0)
        trace_signals_child(t->first);
    if (rc < 0 && t->first > 0)
        (void)waitpid(t->first, NULL, 0);
    return rc;
}

int
trace_run_ptrace(const struct trace_program *p)
{
    struct tracer t = {.p = p};
    struct gsp_error err = {0};
    int rc;

    trace_signals_begin();
    rc = start(&t);
    if (rc == 0)
        follow(&t);
    trace_signals_end();
    while (t.threads)
        forget(&t, t.threads->tid);
    while (t.mappings)
        (void)mapping_remove(&t, t.mappings->tgid, t.mappings->at);
    if (rc == 0)
        return WIFEXITED(t.status) ? WEXITSTATUS(t.status) : 128 + WTERMSIG(t.status);
    gsp_fail(&err, GSP_ORIGIN_TRANSPORT, rc, "the program cannot be traced with ptrace: %s",
             strerror(-rc));
    gsp_hint(&err, "kernel.yama.ptrace_scope=3 and some containers forbid it; --method preload "
                   "does without");
    return cli_fail(p->cli, &err);
}
