/* SPDX-License-Identifier: MIT */
/*
 * The ioctl recorder: stands between the nvidia backend and the kernel. An ioctl's struct is as
 * long as its request says; what its pointers lead to is taken by the layout of its escape.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <gsp/record.h>

#include "nvidia_priv.h"
#include "trace_priv.h"

#define UVM_PATH "/dev/nvidia-uvm"

enum { PATHS = 256, PATH_BYTES = 64 };

struct gsp_record_os {
    struct gsp_nvidia_os table, behind;
    struct gsp_trace_writer *writer;
    struct nvrm_abi abi;
    const struct gsp_host *host;
    struct gsp_text in, in_memory, out_memory; /* scratch */
    char path[PATHS][PATH_BYTES];              /* by descriptor; "" for others */
};

static struct gsp_trace_piece
path_piece(const struct gsp_record_os *r, int fd)
{
    const char *path = fd >= 0 && fd < PATHS ? r->path[fd] : "";

    return (struct gsp_trace_piece){path, strlen(path)};
}

static void
begin(const struct gsp_record_os *r, struct gsp_trace_record *rec, enum gsp_trace_type type)
{
    *rec = (struct gsp_trace_record){.type = (uint16_t)type,
                                     .time_ns = gsp_trace_now_ns(r->writer)};
}

static void
end(const struct gsp_record_os *r, struct gsp_trace_record *rec, int rc)
{
    rec->duration_ns = gsp_trace_now_ns(r->writer) - rec->time_ns;
    rec->rc = rc < 0 ? rc : 0;
    (void)gsp_trace_write(r->writer, rec);
}

static int
record_open(void *ctx, const char *path, int flags)
{
    struct gsp_record_os *r = ctx;
    struct gsp_trace_record rec;
    int fd;

    begin(r, &rec, GSP_TRACE_OPEN);
    fd = r->behind.open(r->behind.ctx, path, flags);
    if (fd >= 0 && fd < PATHS)
        (void)snprintf(r->path[fd], PATH_BYTES, "%s", path);
    rec.args = 3;
    rec.arg[0] = (uint64_t)(int64_t)AT_FDCWD;
    rec.arg[1] = (uint64_t)flags;
    rec.arg[2] = (uint64_t)(int64_t)fd;
    rec.pieces = 1;
    rec.piece[0] = (struct gsp_trace_piece){path, strlen(path)};
    end(r, &rec, fd);
    return fd;
}

static int
record_close(void *ctx, int fd)
{
    struct gsp_record_os *r = ctx;
    struct gsp_trace_record rec;
    int rc;

    begin(r, &rec, GSP_TRACE_CLOSE);
    rc = r->behind.close(r->behind.ctx, fd);
    rec.args = 1;
    rec.arg[0] = (uint64_t)(int64_t)fd;
    rec.pieces = 1;
    rec.piece[0] = path_piece(r, fd);
    end(r, &rec, rc);
    if (fd >= 0 && fd < PATHS)
        r->path[fd][0] = '\0';
    return rc;
}

static struct gsp_trace_piece
text_piece(const struct gsp_text *t)
{
    return (struct gsp_trace_piece){t->rc == 0 ? t->data : NULL, t->rc == 0 ? t->bytes : 0};
}

static void
clear(struct gsp_text *t)
{
    t->bytes = 0;
    t->rc = 0;
}

static int
record_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
    struct gsp_record_os *r = ctx;
    const size_t bytes = arg ? _IOC_SIZE(request) : 0;
    const struct nvrm_layout *layout;
    struct gsp_trace_record rec;
    int rc;

    begin(r, &rec, strcmp(path_piece(r, fd).data, UVM_PATH) ? GSP_TRACE_IOCTL : GSP_TRACE_UVM);
    clear(&r->in);
    clear(&r->in_memory);
    clear(&r->out_memory);
    gsp_text_add(&r->in, arg, bytes);
    rec.args = 3;
    rec.arg[0] = (uint64_t)(int64_t)fd;
    rec.arg[1] = request;
    rec.arg[2] = (uintptr_t)arg;
    rec.pieces = 5;
    rec.piece[0] = path_piece(r, fd);
    rec.piece[1] = text_piece(&r->in);
    layout = gsp_trace_layout(r->abi, &rec);
    if (layout && bytes < layout->size)
        layout = NULL;
    (void)gsp_trace_ioctl_take(r->abi, layout, arg, bytes, NULL, NULL, &r->in_memory);
    rec.piece[3] = text_piece(&r->in_memory);
    rc = r->behind.ioctl(r->behind.ctx, fd, request, arg);
    rec.piece[2] = (struct gsp_trace_piece){arg, bytes};
    (void)gsp_trace_ioctl_take(r->abi, layout, arg, bytes, &rec.piece[3], NULL, &r->out_memory);
    rec.piece[4] = text_piece(&r->out_memory);
    rec.status = rc < 0 ? 0 : gsp_trace_ioctl_status(r->abi, layout, arg, bytes);
    end(r, &rec, rc);
    return rc;
}

static int
record_poll(void *ctx, int fd, int timeout_ms)
{
    struct gsp_record_os *r = ctx;

    return r->behind.poll(r->behind.ctx, fd, timeout_ms);
}

static void *
record_map(void *ctx, int fd, size_t bytes, bool writable, int *rc_out)
{
    struct gsp_record_os *r = ctx;
    struct gsp_trace_record rec;
    void *at;

    begin(r, &rec, GSP_TRACE_MMAP);
    at = r->behind.map(r->behind.ctx, fd, bytes, writable, rc_out);
    rec.args = 7;
    rec.arg[0] = (uint64_t)(int64_t)fd;
    rec.arg[2] = bytes;
    rec.arg[3] = PROT_READ | (writable ? PROT_WRITE : 0);
    rec.arg[4] = MAP_SHARED;
    rec.arg[6] = (uintptr_t)at;
    rec.pieces = 1;
    rec.piece[0] = path_piece(r, fd);
    end(r, &rec, *rc_out);
    return at;
}

static int
record_unmap(void *ctx, void *at, size_t bytes)
{
    struct gsp_record_os *r = ctx;
    struct gsp_trace_record rec;
    int rc;

    begin(r, &rec, GSP_TRACE_MUNMAP);
    rc = r->behind.unmap(r->behind.ctx, at, bytes);
    rec.args = 2;
    rec.arg[0] = (uintptr_t)at;
    rec.arg[1] = bytes;
    end(r, &rec, rc);
    return rc;
}

static ssize_t
record_read(void *ctx, const char *path, char *text, size_t bytes)
{
    struct gsp_record_os *r = ctx;

    return r->behind.read(r->behind.ctx, path, text, bytes);
}

int
gsp_record_os_create(const struct gsp_nvidia_os *behind, struct nvrm_abi abi,
                     struct gsp_trace_writer *writer, const struct gsp_host *host,
                     struct gsp_record_os **recorder_out, struct gsp_error *err)
{
    struct gsp_record_os *r = gsp_host_alloc(host, sizeof(*r));

    if (!r)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a recorder");
    r->table = (struct gsp_nvidia_os){.ctx = r,
                                      .open = record_open,
                                      .close = record_close,
                                      .ioctl = record_ioctl,
                                      .poll = record_poll,
                                      .map = record_map,
                                      .unmap = record_unmap,
                                      .read = record_read};
    r->behind = behind ? *behind : nvidia_linux;
    r->abi = abi;
    r->writer = writer;
    r->host = r->in.host = r->in_memory.host = r->out_memory.host = host;
    *recorder_out = r;
    return 0;
}

const struct gsp_nvidia_os *
gsp_record_os_table(const struct gsp_record_os *recorder)
{
    return &recorder->table;
}

void
gsp_record_os_destroy(struct gsp_record_os *recorder)
{
    if (!recorder)
        return;
    gsp_text_fini(&recorder->in);
    gsp_text_fini(&recorder->in_memory);
    gsp_text_fini(&recorder->out_memory);
    gsp_host_free(recorder->host, recorder);
}
