/* SPDX-License-Identifier: MIT */
/*
 * Writing traces. A record is put together in one buffer and handed to the kernel in one write
 * to the end of the file, so that records of several threads and processes never mix and a
 * killed writer leaves at most one record cut off.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <zlib.h>

#include "trace_priv.h"

struct gsp_trace_writer {
    const struct gsp_host *host;
    pthread_mutex_t lock;
    int fd;
    bool own_fd, pipe;
    uint64_t start_ns;
    uint64_t records, bytes, lost;
    int rc;  /* sticky: of the first write that failed */
    int why; /* of the first record that was lost */
    uint8_t *frame;
    size_t frame_cap;
    uint8_t *held; /* whole records on their way; NULL: each is written at once */
    size_t held_bytes;
    uint64_t held_records;
};

enum { BATCH = 128 << 10 };

uint32_t
trace_crc(const void *data, size_t bytes)
{
    return (uint32_t)crc32_z(0, data, bytes);
}

uint64_t
gsp_trace_now_ns(const struct gsp_trace_writer *w)
{
    return gsp_host_now_ns(w->host) - w->start_ns;
}

static size_t
payload_bytes(const struct gsp_trace_record *r)
{
    size_t bytes =
        sizeof(struct trace_counts) + (size_t)r->args * 8 + trace_pad((size_t)r->pieces * 4);

    for (unsigned i = 0; i < r->pieces; i++)
        bytes += trace_pad(r->piece[i].bytes);
    return bytes;
}

static void
put_payload(uint8_t *to, const struct gsp_trace_record *r)
{
    const struct trace_counts counts = {.args = (uint16_t)r->args,
                                        .pieces = (uint16_t)r->pieces};
    const size_t numbers = (size_t)r->args * 8;

    memcpy(to, &counts, sizeof(counts));
    to += sizeof(counts);
    memcpy(to, r->arg, numbers);
    to += numbers;
    for (unsigned i = 0; i < r->pieces; i++) {
        const uint32_t bytes = (uint32_t)r->piece[i].bytes;

        memcpy(to + (size_t)i * 4, &bytes, 4);
    }
    to += trace_pad((size_t)r->pieces * 4);
    for (unsigned i = 0; i < r->pieces; i++) {
        if (r->piece[i].bytes)
            memcpy(to, r->piece[i].data, r->piece[i].bytes);
        to += trace_pad(r->piece[i].bytes);
    }
}

/* Padding is zeros and part of what is summed. */
static int
make_frame(struct gsp_trace_writer *w, const struct gsp_trace_record *r, size_t *bytes_out)
{
    const size_t payload = payload_bytes(r);
    struct trace_frame frame = {.sync = TRACE_SYNC,
                                .length = (uint32_t)payload,
                                .type = r->type,
                                .flags = r->flags,
                                .tid = r->tid,
                                .time_ns = r->time_ns,
                                .duration_ns = r->duration_ns,
                                .rc = r->rc,
                                .status = r->status};

    if (r->args > GSP_TRACE_ARGS || r->pieces > GSP_TRACE_PIECES ||
        payload > GSP_TRACE_PAYLOAD_MAX)
        return -EMSGSIZE;
    if (sizeof(frame) + payload > w->frame_cap) {
        uint8_t *more = gsp_host_realloc(w->host, w->frame, 2 * (sizeof(frame) + payload));

        if (!more)
            return -ENOMEM;
        w->frame = more;
        w->frame_cap = 2 * (sizeof(frame) + payload);
    }
    memset(w->frame, 0, sizeof(frame) + payload);
    put_payload(w->frame + sizeof(frame), r);
    frame.payload_crc = trace_crc(w->frame + sizeof(frame), payload);
    frame.header_crc = trace_crc(&frame.payload_crc,
                                 sizeof(frame) - offsetof(struct trace_frame, payload_crc));
    memcpy(w->frame, &frame, sizeof(frame));
    *bytes_out = sizeof(frame) + payload;
    return 0;
}

/* A reader that closed its end of a pipe must not kill the program that is recorded. */
static ssize_t
write_quietly(int fd, const void *data, size_t bytes)
{
    const struct timespec now = {0};
    sigset_t pipe, pending, before;
    ssize_t n;
    int rc;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    n = write(fd, data, bytes);
    rc = errno;
    if (n < 0 && rc == EPIPE && !sigismember(&pending, SIGPIPE))
        (void)sigtimedwait(&pipe, NULL, &now);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = rc;
    return n;
}

static int
write_all(struct gsp_trace_writer *w, const uint8_t *data, size_t bytes)
{
    while (bytes) {
        const ssize_t n =
            w->pipe ? write_quietly(w->fd, data, bytes) : write(w->fd, data, bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        bytes -= (size_t)n;
        w->bytes += (uint64_t)n;
    }
    return 0;
}

static void
count(struct gsp_trace_writer *w, uint64_t records, int rc)
{
    if (rc == 0)
        w->records += records;
    else if (!w->lost)
        w->why = rc;
    if (rc < 0)
        w->lost += records;
}

static int
flush_locked(struct gsp_trace_writer *w)
{
    if (!w->held_bytes)
        return w->rc;
    if (w->rc == 0)
        w->rc = write_all(w, w->held, w->held_bytes);
    count(w, w->held_records, w->rc);
    w->held_bytes = 0;
    w->held_records = 0;
    return w->rc;
}

static int
hold(struct gsp_trace_writer *w, size_t bytes)
{
    memcpy(w->held + w->held_bytes, w->frame, bytes);
    w->held_bytes += bytes;
    w->held_records++;
    return 0;
}

static int
write_locked(struct gsp_trace_writer *w, const struct gsp_trace_record *r)
{
    size_t bytes = 0;
    int rc = w->rc < 0 ? w->rc : make_frame(w, r, &bytes);

    if (rc == 0 && w->held && w->held_bytes + bytes > BATCH)
        rc = flush_locked(w);
    if (rc == 0 && w->held && bytes <= BATCH)
        return hold(w, bytes);
    if (rc == 0) {
        rc = write_all(w, w->frame, bytes);
        w->rc = rc;
    }
    count(w, 1, rc);
    return rc;
}

int
gsp_trace_flush(struct gsp_trace_writer *w)
{
    int rc;

    pthread_mutex_lock(&w->lock);
    rc = flush_locked(w);
    pthread_mutex_unlock(&w->lock);
    return rc;
}

int
gsp_trace_write(struct gsp_trace_writer *w, const struct gsp_trace_record *record)
{
    int rc;

    pthread_mutex_lock(&w->lock);
    rc = write_locked(w, record);
    pthread_mutex_unlock(&w->lock);
    return rc;
}

/* Sections */

static struct gsp_trace_piece
text_piece(const char *text)
{
    return (struct gsp_trace_piece){text, text ? strlen(text) : 0};
}

static int
begin_section(struct gsp_trace_writer *w, const struct gsp_trace_writer_config *config)
{
    const char *release = nvrm_release_name(config->abi.schema, config->abi.release);
    struct timespec now;
    struct gsp_trace_record r = {
        .type = GSP_TRACE_SECTION,
        .args = 7,
        .pieces = 4,
        .piece = {text_piece(release), text_piece(config->chip), text_piece(config->transport),
                  text_piece(config->program)}
    };

    clock_gettime(CLOCK_REALTIME, &now);
    w->start_ns = gsp_host_now_ns(w->host);
    r.arg[0] = GSP_TRACE_MAJOR;
    r.arg[1] = GSP_TRACE_MINOR;
    r.arg[2] = config->levels;
    r.arg[3] = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    r.arg[4] = w->start_ns;
    r.arg[5] = gsp_trace_schema_hash(config->abi);
    r.arg[6] = (uint64_t)getpid();
    for (unsigned i = 0; i < r.pieces; i++)
        if (r.piece[i].bytes > 200)
            r.piece[i].bytes = 200;
    return gsp_trace_write(w, &r);
}

/* What a killed writer left cut off ends at any byte; records begin at multiples of 8. */
static int
pad_tail(struct gsp_trace_writer *w, uint64_t file_bytes)
{
    static const uint8_t zeros[8];

    return write_all(w, zeros, (size_t)(-file_bytes & 7));
}

static int
check_is_trace(const char *path, struct gsp_error *err)
{
    uint32_t sync = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, &sync, sizeof(sync));

    if (fd >= 0)
        close(fd);
    if (n == (ssize_t)sizeof(sync) && sync == TRACE_SYNC)
        return 0;
    gsp_fail(err, GSP_ORIGIN_INPUT, -EEXIST, "%s is there and is not a trace", path);
    gsp_hint(err, "name another file; recordings are appended to traces only");
    return -EEXIST;
}

/* Records do not say whose they are: two recordings at once would end up in one section. The
 * lock goes with the last descriptor of this open, also when the process is killed. */
static int
lock(int fd, const char *path, struct gsp_error *err)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return 0;
    gsp_fail(err, GSP_ORIGIN_INPUT, -EBUSY, "another recording goes to %s", path);
    gsp_hint(err, "wait for it to end, or name another file");
    return -EBUSY;
}

static int
open_fd(int fd, bool own, const struct gsp_trace_writer_config *config, uint64_t file_bytes,
        struct gsp_trace_writer **writer_out, struct gsp_error *err)
{
    struct gsp_trace_writer *w = gsp_host_alloc(config->host, sizeof(*w));
    struct stat st;
    int rc;

    if (!w)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a trace");
    w->host = config->host;
    w->fd = fd;
    w->pipe = fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
    pthread_mutex_init(&w->lock, NULL);
    rc = pad_tail(w, file_bytes);
    if (rc == 0)
        rc = begin_section(w, config);
    if (rc == 0 && config->batch) /* without, records go one by one */
        w->held = gsp_host_alloc(config->host, BATCH);
    w->own_fd = own && rc == 0;
    if (rc < 0) {
        w->lost = w->records = 0;
        w->rc = 0;
        (void)gsp_trace_writer_close(w, NULL);
        gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "the trace cannot be written: %s",
                 strerrordesc_np(-rc));
        gsp_hint(err, "a full disk, or a file that only looks like one");
        return rc;
    }
    *writer_out = w;
    return 0;
}

int
gsp_trace_writer_open_fd(int fd, const struct gsp_trace_writer_config *config,
                         struct gsp_trace_writer **writer_out, struct gsp_error *err)
{
    return open_fd(fd, false, config, 0, writer_out, err);
}

int
gsp_trace_writer_open(const char *path, const struct gsp_trace_writer_config *config,
                      struct gsp_trace_writer **writer_out, struct gsp_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct stat st = {0};
    int rc = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

    if (rc < 0) {
        if (fd >= 0)
            close(fd);
        gsp_fail(err, GSP_ORIGIN_INPUT, rc, "%s: %s", path, strerrordesc_np(-rc));
        gsp_hint(err, "name a file that can be created and written");
        return rc;
    }
    if (S_ISREG(st.st_mode))
        rc = lock(fd, path, err);
    if (rc == 0 && S_ISREG(st.st_mode) && st.st_size)
        rc = check_is_trace(path, err);
    if (rc == 0)
        rc = open_fd(fd, true, config, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0,
                     writer_out, err);
    if (rc < 0)
        close(fd);
    return rc;
}

int
gsp_trace_writer_close(struct gsp_trace_writer *w, struct gsp_error *err)
{
    struct gsp_trace_record end = {.type = GSP_TRACE_END, .args = 2};
    int rc = 0;

    if (!w)
        return 0;
    (void)gsp_trace_flush(w);
    if (w->records) {
        end.time_ns = gsp_trace_now_ns(w);
        end.arg[0] = w->records;
        end.arg[1] = w->bytes;
        (void)gsp_trace_write(w, &end);
        (void)gsp_trace_flush(w);
    }
    if (w->lost) {
        rc = gsp_fail(err, GSP_ORIGIN_LOCAL, w->why,
                      "the trace is incomplete: %s; %" PRIu64 " records were not written",
                      strerrordesc_np(-w->why), w->lost);
        gsp_hint(err, "what was written before is usable");
    }
    if (w->own_fd)
        close(w->fd);
    pthread_mutex_destroy(&w->lock);
    gsp_host_free(w->host, w->held);
    gsp_host_free(w->host, w->frame);
    gsp_host_free(w->host, w);
    return rc;
}
