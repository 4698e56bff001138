/* SPDX-License-Identifier: MIT */
/*
 * Where the calls of traced programs go: a line each, a JSON object each, a trace file, a table
 * of counts. Text goes to stderr, since stdout is the program's.
 *
 * A file needs to know the release when it begins. When nobody said it, the first records wait
 * until the program has asked the module for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace_exec.h"
#include "trace_verbs.h"

enum { WAITING_MAX = 256 };

struct count {
    char name[96];
    uint64_t calls, errors, total_ns;
};

struct trace_sink {
    struct trace_sink_config config;
    struct nvrm_abi abi;
    struct trace_objects *objects;
    struct gsp_trace_writer *writer;
    uint64_t start_ns, file_start_ns; /* CLOCK_MONOTONIC */
    uint64_t number;
    uint32_t first_tid;
    struct gsp_text line;
    struct count *counts;
    size_t count_rows, count_cap;
    struct gsp_trace_record *waiting[WAITING_MAX]; /* for the release; each one allocation */
    unsigned waits;
    struct gsp_error error; /* the first one */
    char unknown[64];       /* a release that the schema lacks, as the module said it */
};

void
trace_sink_destroy(struct trace_sink *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->waits; i++)
        free(s->waiting[i]);
    (void)gsp_trace_writer_close(s->writer, NULL);
    trace_objects_destroy(s->objects);
    gsp_text_fini(&s->line);
    free(s->counts);
    free(s);
}

struct nvrm_abi
trace_sink_abi(const struct trace_sink *s)
{
    return s->abi;
}

/* The file */

static void
open_file(struct trace_sink *s)
{
    const struct gsp_trace_writer_config config = {.abi = s->abi,
                                                   .chip = "a card of nvidia.ko",
                                                   .transport = "trace exec",
                                                   .program = s->config.program,
                                                   .levels = GSP_TRACE_LEVEL_IOCTL,
                                                   .batch = true};

    if (gsp_trace_writer_open(s->config.path, &config, &s->writer, &s->error) == 0)
        s->file_start_ns = gsp_host_now_ns(NULL) - gsp_trace_now_ns(s->writer);
}

/* A file that cannot be written is told before the program runs. When the release is not known
 * yet, nothing can be written but it can be tried. */
static int
begin_file(struct trace_sink *s)
{
    const struct gsp_trace_reader_config config = {.schema = s->abi.schema};
    struct gsp_trace_reader *reader;
    struct stat st;
    int fd;

    if (s->config.path && s->abi.release != NVRM_NO_RELEASE)
        open_file(s);
    if (!s->config.path || s->abi.release != NVRM_NO_RELEASE)
        return s->error.origin == GSP_ORIGIN_NONE ? 0 : -EINVAL;
    fd = open(s->config.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(fd, &st) < 0) {
        gsp_fail(&s->error, GSP_ORIGIN_INPUT, -errno, "%s: %s", s->config.path,
                 strerror(errno));
        gsp_hint(&s->error, "name a file that can be created and written");
    } else if (S_ISREG(st.st_mode) && st.st_size) {
        if (gsp_trace_open(s->config.path, &config, &reader, NULL) == 0) {
            gsp_trace_close(reader);
        } else {
            gsp_fail(&s->error, GSP_ORIGIN_INPUT, -EEXIST, "%s is there and is not a trace",
                     s->config.path);
            gsp_hint(&s->error, "name another file; recordings are appended to traces only");
        }
    }
    if (fd >= 0)
        close(fd);
    return s->error.origin == GSP_ORIGIN_NONE ? 0 : -EINVAL;
}

static void
write_record(struct trace_sink *s, const struct gsp_trace_record *record)
{
    struct gsp_trace_record r = *record;

    if (!s->writer)
        return;
    r.time_ns = r.time_ns > s->file_start_ns ? r.time_ns - s->file_start_ns : 0;
    (void)gsp_trace_write(s->writer, &r); /* closing tells what is missing */
}

/* A copy with its byte strings behind it. */
static struct gsp_trace_record *
copy_record(const struct gsp_trace_record *r)
{
    struct gsp_trace_record *copy;
    size_t bytes = sizeof(*r);
    uint8_t *at;

    for (unsigned i = 0; i < r->pieces; i++)
        bytes += (r->piece[i].bytes + 7) & ~(size_t)7;
    copy = malloc(bytes);
    if (!copy)
        return NULL;
    *copy = *r;
    at = (uint8_t *)(copy + 1);
    for (unsigned i = 0; i < r->pieces; i++) {
        if (r->piece[i].bytes)
            memcpy(at, r->piece[i].data, r->piece[i].bytes);
        copy->piece[i].data = at;
        at += (r->piece[i].bytes + 7) & ~(size_t)7;
    }
    return copy;
}

static void
flush_waiting(struct trace_sink *s)
{
    if (!s->config.path || s->writer || s->error.origin != GSP_ORIGIN_NONE)
        return;
    open_file(s);
    for (unsigned i = 0; i < s->waits; i++) {
        write_record(s, s->waiting[i]);
        free(s->waiting[i]);
    }
    s->waits = 0;
}

/* Opening files and asking for the release come first. */
static bool
may_wait(const struct trace_sink *s, const struct gsp_trace_record *r)
{
    return s->abi.release == NVRM_NO_RELEASE && s->waits < WAITING_MAX && !s->unknown[0] &&
           (r->type != GSP_TRACE_IOCTL || (r->arg[1] & 0xff) == 210);
}

static void
to_file(struct trace_sink *s, const struct gsp_trace_record *r)
{
    if (!s->config.path)
        return;
    if (!s->writer && may_wait(s, r)) {
        s->waiting[s->waits] = copy_record(r);
        s->waits += s->waiting[s->waits] != NULL;
        return;
    }
    flush_waiting(s);
    write_record(s, r);
}

/* The release: nv_ioctl_rm_api_version_t has it behind two numbers, in every release. */
static void
learn_release(struct trace_sink *s, const struct gsp_trace_record *r)
{
    const struct gsp_trace_piece out = gsp_trace_exchanged(r, GSP_TRACE_OUT);
    char text[64];

    if (s->abi.release != NVRM_NO_RELEASE || r->type != GSP_TRACE_IOCTL || r->rc < 0 ||
        (r->arg[1] & 0xff) != 210 || out.bytes < 72)
        return;
    memcpy(text, (const uint8_t *)out.data + 8, sizeof(text));
    text[sizeof(text) - 1] = '\0';
    s->abi.release = nvrm_release_find(s->abi.schema, text);
    if (s->abi.release != NVRM_NO_RELEASE || !text[0] || s->unknown[0])
        return;
    for (size_t i = 0; text[i]; i++)
        s->unknown[i] = (char)(text[i] > ' ' && text[i] < 127 ? text[i] : '?');
    cli_note(s->config.cli,
             "release %s is not known: parameters are shown as bytes; -F RELEASE decodes them "
             "as those of another one",
             s->unknown);
}

int
trace_sink_create(const struct trace_sink_config *config, struct trace_sink **sink_out,
                  struct gsp_error *err)
{
    struct trace_sink *s = calloc(1, sizeof(*s));

    if (s)
        s->objects = trace_objects_create();
    if (!s || !s->objects) {
        free(s);
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    }
    s->config = *config;
    s->abi = config->abi;
    s->start_ns = gsp_host_now_ns(NULL);
    if (begin_file(s) < 0) {
        if (err)
            *err = s->error;
        trace_sink_destroy(s);
        return -EINVAL;
    }
    *sink_out = s;
    return 0;
}

/* Counts */

/* What a call is counted and found by: the control or class that it carries, else itself. */
static const char *
name_of(const struct trace_sink *s, const struct gsp_trace_record *r, char room[96])
{
    struct gsp_trace_record call;
    char unknown[64];

    if (s->abi.release == NVRM_NO_RELEASE || !gsp_trace_ioctl_call(s->abi, r, &call) ||
        (call.type != GSP_TRACE_CONTROL && call.type != GSP_TRACE_ALLOC))
        return trace_call_name(s->abi.schema, s->abi, r, room);
    if (call.type == GSP_TRACE_ALLOC ||
        !trace_unknown_control(s->abi, (uint32_t)call.arg[2], unknown))
        return trace_call_name(s->abi.schema, s->abi, &call, room);
    snprintf(room, 96, "%s", unknown);
    return room;
}

static void
count_call(struct trace_sink *s, const struct gsp_trace_record *r)
{
    char room[96];
    const char *name = name_of(s, r, room);
    struct count *c;
    size_t i = 0;

    while (i < s->count_rows && strcmp(s->counts[i].name, name) != 0)
        i++;
    if (i == s->count_cap) {
        struct count *more = realloc(s->counts, (2 * i + 32) * sizeof(*more));

        if (!more) {
            gsp_fail(&s->error, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for counts");
            return;
        }
        s->counts = more;
        s->count_cap = 2 * i + 32;
    }
    c = &s->counts[i];
    if (i == s->count_rows) {
        *c = (struct count){.calls = 0};
        snprintf(c->name, sizeof(c->name), "%s", name);
        s->count_rows++;
    }
    c->calls++;
    c->errors += r->rc < 0 || r->status;
    c->total_ns += r->duration_ns;
}

static int
by_time(const void *a, const void *b)
{
    const struct count *x = a, *y = b;

    if (x->total_ns != y->total_ns)
        return x->total_ns < y->total_ns ? 1 : -1;
    return strcmp(x->name, y->name);
}

static void
print_row(const struct trace_sink *s, const struct count *c, uint64_t total_ns)
{
    FILE *to = s->config.cli->err;

    if (s->config.json)
        fprintf(to,
                "{\"name\":\"%s\",\"calls\":%llu,\"errors\":%llu,\"seconds\":%.9f,"
                "\"us_per_call\":%.3f}\n",
                c->name, (unsigned long long)c->calls, (unsigned long long)c->errors,
                (double)c->total_ns / 1e9, (double)c->total_ns / 1e3 / (double)c->calls);
    else
        fprintf(to, "%6.2f %11.6f %11.1f %9llu %9llu %s\n",
                total_ns ? 100.0 * (double)c->total_ns / (double)total_ns : 0.0,
                (double)c->total_ns / 1e9, (double)c->total_ns / 1e3 / (double)c->calls,
                (unsigned long long)c->calls, (unsigned long long)c->errors, c->name);
}

static void
print_summary(struct trace_sink *s)
{
    static const char rule[] = "------ ----------- ----------- --------- --------- "
                               "----------------";
    struct count all = {.name = "total"};
    FILE *to = s->config.cli->err;

    if (s->count_rows)
        qsort(s->counts, s->count_rows, sizeof(s->counts[0]), by_time);
    for (size_t i = 0; i < s->count_rows; i++) {
        all.total_ns += s->counts[i].total_ns;
        all.calls += s->counts[i].calls;
        all.errors += s->counts[i].errors;
    }
    if (!s->config.json)
        fprintf(to, "%% time     seconds  usecs/call     calls    errors name\n%s\n", rule);
    for (size_t i = 0; i < s->count_rows; i++)
        print_row(s, &s->counts[i], all.total_ns);
    if (s->config.json || !all.calls)
        return;
    fprintf(to, "%s\n", rule);
    print_row(s, &all, all.total_ns);
}

/* Lines */

/* The object that a call is about, and who made it, behind what a record says of itself. */
static void
json_more(struct trace_sink *s, const struct gsp_trace_record *r, uint32_t pid)
{
    struct gsp_trace_record call;
    char room[64];
    const char *name;

    if (s->line.bytes && s->line.data[s->line.bytes - 1] == '}')
        s->line.bytes--;
    gsp_text_printf(&s->line, ",\"pid\":%u,\"tid\":%u", pid, r->tid);
    if (s->abi.release != NVRM_NO_RELEASE && gsp_trace_ioctl_call(s->abi, r, &call) &&
        (call.type == GSP_TRACE_ALLOC || call.type == GSP_TRACE_CONTROL)) {
        gsp_text_puts(&s->line, ",\"object\":\"");
        trace_objects_path(s->objects, s->abi, (uint32_t)call.arg[0], (uint32_t)call.arg[1],
                           &s->line);
        gsp_text_puts(&s->line, "\"");
        name = call.type == GSP_TRACE_CONTROL
                   ? trace_unknown_control(s->abi, (uint32_t)call.arg[2], room)
                   : NULL;
        if (name)
            gsp_text_printf(&s->line, ",\"unknown\":\"%s\"", name);
    }
    gsp_text_puts(&s->line, "}");
}

static void
print_call(struct trace_sink *s, const struct gsp_trace_record *record, uint32_t pid)
{
    struct gsp_trace_record r = *record;
    int rc;

    s->line.bytes = 0;
    s->line.rc = 0;
    r.number = ++s->number;
    r.time_ns = r.time_ns > s->start_ns ? r.time_ns - s->start_ns : 0;
    if (s->config.json) {
        rc = gsp_trace_record_json(s->abi, &r, 0, &s->line, &s->error);
        json_more(s, &r, pid);
    } else {
        if (!s->first_tid)
            s->first_tid = r.tid;
        if (r.tid != s->first_tid || s->config.follow)
            gsp_text_printf(&s->line, "[%u] ", r.tid);
        rc = trace_line(s->abi.schema, s->abi, s->objects, &r, &s->line);
    }
    gsp_text_add(&s->line, "\n", 1);
    if (rc == 0 && s->line.rc == 0)
        (void)fwrite(s->line.data, 1, s->line.bytes, s->config.cli->err);
}

/* Filters: what `trace show` takes, escapes, and the class of the object that is asked. */

static bool
class_matches(const struct trace_sink *s, const struct gsp_trace_record *r, const char *word)
{
    const struct nvrm_class *c;
    struct gsp_trace_record call;
    uint32_t hClass;

    if (s->abi.release == NVRM_NO_RELEASE || !gsp_trace_ioctl_call(s->abi, r, &call) ||
        call.type != GSP_TRACE_CONTROL ||
        !trace_objects_class(s->objects, (uint32_t)call.arg[0], (uint32_t)call.arg[1], &hClass))
        return false;
    c = nvrm_class_by_id(s->abi, hClass);
    return c && !fnmatch(word, nvrm_str(s->abi.schema, c->name), 0);
}

static bool
word_matches(const struct trace_sink *s, const struct gsp_trace_record *r, const char *word)
{
    const char *escape = s->abi.release == NVRM_NO_RELEASE ? NULL : gsp_trace_escape(s->abi, r);
    char room[96];

    if (escape && (!fnmatch(word, escape, 0) ||
                   (!strncmp(escape, "NV_ESC_", 7) && !fnmatch(word, escape + 7, 0))))
        return true;
    return trace_matches(word, s->abi, r) || class_matches(s, r, word) ||
           !fnmatch(word, name_of(s, r, room), 0);
}

static bool
wanted(const struct trace_sink *s, const struct gsp_trace_record *r)
{
    const char *filter = s->config.filter;
    char word[128];

    if (!filter)
        return true;
    for (; *filter; filter += *filter == ',') {
        const size_t n = strcspn(filter, ",");

        snprintf(word, sizeof(word), "%.*s", (int)n, filter);
        if (n && word_matches(s, r, word))
            return true;
        filter += n;
    }
    return false;
}

void
trace_sink_take(struct trace_sink *s, const struct gsp_trace_record *r, uint32_t pid)
{
    struct gsp_trace_record call;
    /* A whole trace or a summary names no objects. */
    const bool is_call = (s->config.filter || (!s->config.path && !s->config.summary)) &&
                         s->abi.release != NVRM_NO_RELEASE &&
                         gsp_trace_ioctl_call(s->abi, r, &call);

    learn_release(s, r);
    if (wanted(s, r)) {
        to_file(s, r);
        if (s->config.summary)
            count_call(s, r);
        else if (!s->config.path)
            print_call(s, r, pid);
    }
    if (is_call)
        trace_objects_note(s->objects, &call);
}

void
trace_sink_rest(struct trace_sink *s)
{
    if (s->writer)
        (void)gsp_trace_flush(s->writer); /* an error stays until the end */
}

int
trace_sink_finish(struct trace_sink *s)
{
    struct gsp_error closing = {0};
    int rc;

    flush_waiting(s);
    if (s->config.summary)
        print_summary(s);
    rc = gsp_trace_writer_close(s->writer, &closing);
    s->writer = NULL;
    if (rc < 0 && s->error.origin == GSP_ORIGIN_NONE)
        s->error = closing;
    return s->error.origin == GSP_ORIGIN_NONE ? CLI_OK : cli_fail(s->config.cli, &s->error);
}
