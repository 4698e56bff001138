/* SPDX-License-Identifier: MIT */
/*
 * The preloaded method: the program writes its calls into a ring, this process takes them out.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <trace/ring.h>

#include "trace_exec.h"

enum { REST_MS = 5, AT_ONCE = 64, REAP_EVERY = 40 };

struct running {
    const struct trace_program *p;
    int fd;
    struct ring *ring;
    struct ring_reader *reader;
    pid_t pid;
    int status;
    bool ended;
};

static void
set_up_child(const struct running *r)
{
    const char *before = getenv("LD_PRELOAD");
    char preload[2 * PATH_MAX], text[64];

    snprintf(preload, sizeof(preload), "%s%s%s", r->p->library, before ? ":" : "",
             before ? before : "");
    setenv("LD_PRELOAD", preload, 1);
    snprintf(text, sizeof(text), "/proc/%d/fd/%d", getppid(), r->fd);
    setenv("NVRM_TRACE_RING", text, 1);
    snprintf(text, sizeof(text), "%d", getpid());
    setenv("NVRM_TRACE_PID", text, 1);
    setenv("NVRM_TRACE_FOLLOW", r->p->follow ? "1" : "0", 1);
}

static int
start(struct running *r)
{
    fflush(NULL);
    r->pid = fork();
    if (r->pid == 0) {
        trace_signals_reset();
        set_up_child(r);
        trace_program_start(r->p->argv);
    }
    trace_signals_child(r->pid);
    return r->pid < 0 ? -errno : 0;
}

/* What is there, and no more than what came meanwhile. */
static unsigned
drain(struct running *r, bool finish)
{
    struct gsp_trace_record record;
    unsigned n = 0;
    uint32_t pid;

    while (ring_read(r->reader, finish, &record, &pid) == 0) {
        trace_sink_take(r->p->sink, &record, pid);
        if (++n % AT_ONCE == 0)
            ring_rest(r->reader, 0);
    }
    return n;
}

/* Whether any process still has a lane: children that go on behind the program. */
static bool
anyone_left(struct running *r)
{
    ring_reap(r->reader);
    for (unsigned i = 0; r->p->follow && i < RING_LANES; i++)
        if (atomic_load(&r->ring->lane[i].owner))
            return true;
    return false;
}

static void
follow(struct running *r)
{
    for (unsigned turn = 1;; turn++) {
        const unsigned n = drain(r, false);

        if (!r->ended)
            r->ended = waitpid(r->pid, &r->status, WNOHANG) == r->pid;
        if (r->ended && !n && !anyone_left(r))
            break;
        if (turn % REAP_EVERY == 0)
            ring_reap(r->reader);
        trace_sink_rest(r->p->sink);
        ring_rest(r->reader, r->ended ? 1 : REST_MS);
    }
    (void)drain(r, true);
}

static void
tell_losses(const struct running *r)
{
    const uint64_t lost = ring_lost(r->reader), damaged = ring_damaged(r->reader);

    if (!atomic_load(&r->ring->attached) && WIFEXITED(r->status) &&
        WEXITSTATUS(r->status) < 126)
        cli_note(r->p->cli, "the program did not load the library that traces it, so nothing "
                            "was seen; --method ptrace needs no library");
    if (lost)
        cli_note(r->p->cli, "%llu records were lost: the program was faster than their reader",
                 (unsigned long long)lost);
    if (damaged)
        cli_note(r->p->cli, "%llu bytes that the program wrote over its records were skipped",
                 (unsigned long long)damaged);
}

static int
run(struct running *r)
{
    const struct nvrm_abi abi = trace_sink_abi(r->p->sink);
    int rc = ring_create(&r->fd, &r->ring);

    if (rc == 0)
        rc = ring_reader_create(r->ring, &r->reader);
    if (rc < 0)
        return rc;
    if (abi.release != NVRM_NO_RELEASE)
        atomic_store(&r->ring->release, (uint32_t)abi.release + 1);
    rc = start(r);
    if (rc < 0)
        return rc;
    follow(r);
    tell_losses(r);
    return 0;
}

int
trace_run_ring(const struct trace_program *p)
{
    struct running r = {.p = p, .fd = -1};
    struct gsp_error err = {0};
    int rc;

    trace_signals_begin();
    rc = run(&r);
    trace_signals_end();
    ring_reader_destroy(r.reader);
    ring_detach(r.ring);
    if (r.fd >= 0)
        close(r.fd);
    if (rc < 0) {
        gsp_fail(&err, GSP_ORIGIN_LOCAL, rc, "the program cannot be traced: %s", strerror(-rc));
        return cli_fail(p->cli, &err);
    }
    return WIFEXITED(r.status) ? WEXITSTATUS(r.status) : 128 + WTERMSIG(r.status);
}
