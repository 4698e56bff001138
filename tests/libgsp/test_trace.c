/* SPDX-License-Identifier: MIT */
/*
 * The trace format: what is written is read, whatever is cut off, overwritten or appended, by
 * however many threads, on a disk that fills up or a pipe that closes.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace_file.h"

enum { NAME_STRING = 0x20800110, RECORDS = 20, THREADS = 4, EACH = 500 };

static struct gsp_trace_writer *
open_writer(int fd, const struct gsp_host *host)
{
    const struct gsp_trace_writer_config config = {.host = host,
                                                   .abi = trace_abi("570.144"),
                                                   .chip = "AD102",
                                                   .transport = "emu",
                                                   .program = "test",
                                                   .levels = GSP_TRACE_LEVEL_BACKEND};
    struct gsp_trace_writer *w;
    struct gsp_error err;

    assert_int_equal(gsp_trace_writer_open_fd(fd, &config, &w, &err), 0);
    return w;
}

/* Record i of a series: every one is different and as long as it says. */
static void
fill_record(struct gsp_trace_record *r, unsigned i, char data[64])
{
    memset(data, 'a' + (int)(i % 26), 64);
    *r = (struct gsp_trace_record){
        .type = GSP_TRACE_CONTROL,
        .flags = (uint16_t)(i & 1),
        .tid = i,
        .time_ns = 1000 + i,
        .duration_ns = 7 * i,
        .rc = -(int)i,
        .status = 0x100 + i,
        .args = 3,
        .arg = {0xcaf00000, 0xcaf10001, NAME_STRING + i},
        .pieces = 2,
        .piece = {{data, i % 64},          {data, 64 - i % 64}      }
    };
}

static struct trace_bytes
write_series(unsigned count)
{
    int fd = trace_file_create();
    struct gsp_trace_writer *w = open_writer(fd, NULL);
    struct gsp_trace_record r;
    struct trace_bytes b;
    char data[64];

    for (unsigned i = 0; i < count; i++) {
        fill_record(&r, i, data);
        assert_int_equal(gsp_trace_write(w, &r), 0);
    }
    assert_int_equal(gsp_trace_writer_close(w, NULL), 0);
    b = trace_file_bytes(fd);
    close(fd);
    return b;
}

static void
expect_record(const struct gsp_trace_record *r, unsigned i)
{
    struct gsp_trace_record want;
    char data[64];

    fill_record(&want, i, data);
    assert_int_equal(r->type, want.type);
    assert_int_equal(r->flags, want.flags);
    assert_int_equal(r->tid, want.tid);
    assert_int_equal(r->time_ns, want.time_ns);
    assert_int_equal(r->duration_ns, want.duration_ns);
    assert_int_equal(r->rc, want.rc);
    assert_int_equal(r->status, want.status);
    assert_int_equal(r->args, 3);
    assert_memory_equal(r->arg, want.arg, 24);
    assert_int_equal(r->pieces, 2);
    for (unsigned k = 0; k < 2; k++) {
        assert_int_equal(r->piece[k].bytes, want.piece[k].bytes);
        assert_memory_equal(r->piece[k].data, data, r->piece[k].bytes);
    }
}

/* What a reader made of some bytes. */
struct seen {
    unsigned records, sections, ends, damages;
    uint64_t bytes, damaged;
    bool in_order; /* the records of a series, none twice */
    uint32_t last_tid;
};

static void
note_damage(void *ctx, const struct gsp_trace_damage *d)
{
    struct seen *s = ctx;

    s->damages++;
    s->damaged += d->bytes;
    assert_non_null(d->what);
}

static int
read_all(const uint8_t *data, size_t bytes, struct seen *s)
{
    const struct gsp_trace_reader_config config = {
        .schema = nvrm_schema_builtin(), .damage = note_damage, .ctx = s};
    struct gsp_trace_reader *reader;
    struct gsp_trace_record r;
    struct gsp_error err;
    int rc;

    *s = (struct seen){.in_order = true};
    rc = gsp_trace_open_memory(data, bytes, &config, &reader, &err);
    if (rc < 0)
        return rc;
    while ((rc = gsp_trace_next(reader, &r, &err)) == 0) {
        s->bytes += r.bytes;
        s->sections += r.type == GSP_TRACE_SECTION;
        s->ends += r.type == GSP_TRACE_END;
        if (r.type != GSP_TRACE_CONTROL)
            continue;
        s->in_order = s->in_order && (!s->records || r.tid > s->last_tid);
        s->last_tid = r.tid;
        s->records++;
        expect_record(&r, r.tid);
    }
    assert_int_equal(gsp_trace_damaged_bytes(reader), s->damaged);
    gsp_trace_close(reader);
    return rc;
}

static void
what_is_written_is_read(void **state)
{
    struct trace_bytes b = write_series(RECORDS);
    struct seen s;

    (void)state;
    assert_int_equal(read_all(b.data, b.bytes, &s), -ENODATA);
    assert_int_equal(s.records, RECORDS);
    assert_int_equal(s.sections, 1);
    assert_int_equal(s.ends, 1);
    assert_int_equal(s.damages, 0);
    assert_int_equal(s.bytes, b.bytes);
    free(b.data);
}

static void
a_section_says_what_it_is_of(void **state)
{
    const struct gsp_trace_reader_config config = {.schema = nvrm_schema_builtin()};
    struct trace_bytes b = write_series(1);
    const struct gsp_trace_section *s;
    struct gsp_trace_reader *r;

    (void)state;
    assert_int_equal(gsp_trace_open_memory(b.data, b.bytes, &config, &r, NULL), 0);
    s = gsp_trace_section(r);
    assert_string_equal(s->release, "570.144");
    assert_string_equal(s->chip, "AD102");
    assert_string_equal(s->transport, "emu");
    assert_string_equal(s->program, "test");
    assert_int_equal(s->major, GSP_TRACE_MAJOR);
    assert_int_equal(s->levels, GSP_TRACE_LEVEL_BACKEND);
    assert_int_equal(s->pid, getpid());
    assert_true(s->schema_hash == gsp_trace_schema_hash(trace_abi("570.144")));
    assert_true(s->schema_hash != gsp_trace_schema_hash(trace_abi("580.65.06")));
    assert_int_equal(gsp_trace_abi(r).release, trace_abi("570.144").release);
    gsp_trace_close(r);
    free(b.data);
}

static void
a_file_cut_off_at_any_byte_is_used_up_to_there(void **state)
{
    struct trace_bytes b = write_series(RECORDS);
    unsigned most = 0;

    (void)state;
    for (size_t n = 0; n < b.bytes; n++) {
        uint8_t *cut = malloc(n + 1); /* its own allocation: ASan sees every step outside */
        struct seen s;
        int rc;

        memcpy(cut, b.data, n);
        rc = read_all(cut, n, &s);
        free(cut);
        if (rc == -EBADMSG) {
            assert_int_equal(most, 0); /* not even a section */
            continue;
        }
        assert_int_equal(rc, -ENODATA);
        assert_int_equal(s.bytes + s.damaged, n);
        assert_true(s.in_order && s.records >= most);
        most = s.records;
    }
    assert_int_equal(most, RECORDS);
    free(b.data);
}

static void
a_changed_byte_costs_one_record(void **state)
{
    struct trace_bytes b = write_series(RECORDS);

    (void)state;
    for (size_t n = 4; n < b.bytes; n++) {
        struct seen s;

        b.data[n] ^= 0x20;
        assert_int_equal(read_all(b.data, b.bytes, &s), -ENODATA);
        b.data[n] ^= 0x20;
        assert_true(s.in_order);
        assert_int_equal(s.records + s.sections + s.ends, RECORDS + 1);
        assert_int_equal(s.damages, 1);
        assert_int_equal(s.bytes + s.damaged, b.bytes);
    }
    free(b.data);
}

static void
what_is_no_trace_is_refused(void **state)
{
    static const char text[] = "NVT0 is not a trace and neither is this";
    struct seen s;

    (void)state;
    assert_int_equal(read_all((const uint8_t *)"", 0, &s), -EBADMSG);
    assert_int_equal(read_all((const uint8_t *)"NVT1", 4, &s), -EBADMSG);
    assert_int_equal(read_all((const uint8_t *)text, sizeof(text), &s), -EBADMSG);
}

static void
a_later_format_is_refused_by_its_number(void **state)
{
    const struct gsp_trace_reader_config config = {0};
    struct gsp_trace_record section = {
        .type = GSP_TRACE_SECTION, .args = 2, .arg = {2, 1}
    };
    int fd = trace_file_create();
    struct gsp_trace_writer *w = open_writer(fd, NULL);
    struct gsp_trace_reader *r;
    struct gsp_error err;
    struct trace_bytes b;
    size_t first;

    (void)state;
    b = trace_file_bytes(fd);
    first = b.bytes;
    free(b.data);
    assert_int_equal(gsp_trace_write(w, &section), 0);
    assert_int_equal(gsp_trace_writer_close(w, NULL), 0);
    b = trace_file_bytes(fd);
    assert_int_equal(gsp_trace_open_memory(b.data + first, b.bytes - first, &config, &r, &err),
                     -EOPNOTSUPP);
    assert_non_null(strstr(err.text, "2.1"));
    free(b.data);
    close(fd);
}

/* A file with a name, gone at the end of the test. */
static char path[64];

static int
make_path(void **state)
{
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/nvrm-trace-XXXXXX");
    fd = mkstemp(path);
    if (fd >= 0)
        close(fd);
    return fd < 0;
}

static int
remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static struct gsp_trace_writer *
append(void)
{
    const struct gsp_trace_writer_config config = {.abi = trace_abi("535.113.01")};
    struct gsp_trace_writer *w;

    assert_int_equal(gsp_trace_writer_open(path, &config, &w, NULL), 0);
    return w;
}

static void
a_recording_is_appended_behind_one_that_was_cut_off(void **state)
{
    struct trace_bytes b = write_series(2);

    (void)state;
    /* The last bytes are zeros, as is what an appending writer pads with. */
    for (size_t cut = 8; cut <= 60; cut++) {
        int fd = open(path, O_WRONLY | O_TRUNC);
        struct gsp_trace_record r;
        struct trace_bytes both;
        struct seen s;
        char data[64];
        struct gsp_trace_writer *w;

        assert_int_equal(write(fd, b.data, b.bytes - cut), b.bytes - cut);
        close(fd);
        w = append();
        fill_record(&r, 7, data);
        assert_int_equal(gsp_trace_write(w, &r), 0);
        assert_int_equal(gsp_trace_writer_close(w, NULL), 0);
        fd = open(path, O_RDONLY);
        both = trace_file_bytes(fd);
        close(fd);
        assert_int_equal(read_all(both.data, both.bytes, &s), -ENODATA);
        assert_int_equal(s.sections, 2);
        assert_int_equal(s.records, 3);
        assert_int_equal(s.damages, 1);
        free(both.data);
    }
    free(b.data);
}

static void
other_files_are_not_appended_to(void **state)
{
    const struct gsp_trace_writer_config config = {.abi = trace_abi("570.144")};
    struct gsp_trace_writer *w;
    struct gsp_error err;
    int fd = open(path, O_WRONLY | O_TRUNC);

    (void)state;
    assert_int_equal(write(fd, "hello world", 11), 11);
    close(fd);
    assert_int_equal(gsp_trace_writer_open(path, &config, &w, &err), -EEXIST);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(gsp_trace_writer_open("/nope/x", &config, &w, &err), -ENOENT);
    assert_int_equal(gsp_trace_writer_open("/dev/full", &config, &w, &err), -ENOSPC);
}

static void
two_recordings_do_not_mix(void **state)
{
    const struct gsp_trace_writer_config config = {.abi = trace_abi("570.144")};
    struct gsp_trace_writer *first = append(), *second;
    struct gsp_error err;

    (void)state;
    assert_int_equal(gsp_trace_writer_open(path, &config, &second, &err), -EBUSY);
    assert_non_null(strstr(err.text, "another recording"));
    assert_int_equal(gsp_trace_writer_close(first, NULL), 0);
    second = append();
    assert_int_equal(gsp_trace_writer_close(second, NULL), 0);
}

static void
a_killed_writer_leaves_what_it_wrote(void **state)
{
    int told[2], status;
    unsigned written = 0;
    struct trace_bytes b;
    struct seen s;
    pid_t child;
    int fd;

    (void)state;
    assert_int_equal(pipe(told), 0);
    child = fork();
    assert_true(child >= 0);
    if (!child) {
        struct gsp_trace_writer *w = append();
        struct gsp_trace_record r;
        char data[64];

        for (unsigned i = 0;; i++) {
            fill_record(&r, i, data);
            if (gsp_trace_write(w, &r) < 0 || write(told[1], &i, sizeof(i)) != sizeof(i))
                _exit(1);
        }
    }
    while (written < 1000)
        assert_int_equal(read(told[0], &written, sizeof(written)), sizeof(written));
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    close(told[1]);
    while (read(told[0], &written, sizeof(written)) == sizeof(written))
        ;
    close(told[0]);
    fd = open(path, O_RDONLY);
    b = trace_file_bytes(fd);
    close(fd);
    assert_int_equal(read_all(b.data, b.bytes, &s), -ENODATA);
    assert_true(s.in_order && s.records > written);
    assert_int_equal(s.ends, 0);
    free(b.data);
}

struct thread {
    struct gsp_trace_writer *w;
    uint32_t tid;
};

static void *
write_many(void *arg)
{
    struct thread *t = arg;
    struct gsp_trace_record r;
    char data[64];

    for (unsigned i = 0; i < EACH; i++) {
        fill_record(&r, t->tid * EACH + i, data);
        if (gsp_trace_write(t->w, &r) < 0)
            return t;
    }
    return NULL;
}

static void
threads_write_whole_records(void **state)
{
    int fd = trace_file_create();
    struct gsp_trace_writer *w = open_writer(fd, NULL);
    struct thread threads[THREADS];
    pthread_t ids[THREADS];
    struct trace_bytes b;
    struct seen s;

    (void)state;
    for (uint32_t i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){w, i};
        assert_int_equal(pthread_create(&ids[i], NULL, write_many, &threads[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *failed;

        pthread_join(ids[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(gsp_trace_writer_close(w, NULL), 0);
    b = trace_file_bytes(fd);
    assert_int_equal(read_all(b.data, b.bytes, &s), -ENODATA);
    assert_int_equal(s.records, THREADS * EACH);
    assert_int_equal(s.damages, 0);
    free(b.data);
    close(fd);
}

static void
a_full_disk_is_told_at_the_end(void **state)
{
    const struct rlimit small = {5000, RLIM_INFINITY};
    struct rlimit before;
    struct gsp_trace_record r;
    struct gsp_error err;
    struct trace_bytes b;
    struct seen s;
    unsigned good = 0;
    char data[64];
    struct gsp_trace_writer *w;
    int fd;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(truncate(path, 0), 0);
    w = append();
    setrlimit(RLIMIT_FSIZE, &small);
    for (unsigned i = 0; i < 100; i++) {
        fill_record(&r, i, data);
        good += gsp_trace_write(w, &r) == 0;
    }
    assert_int_equal(gsp_trace_writer_close(w, &err), -EFBIG);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_true(good > 10 && good < 100);
    snprintf(data, sizeof(data), "%u records were not written", 100 - good + 1);
    assert_non_null(strstr(err.text, data));
    fd = open(path, O_RDONLY);
    b = trace_file_bytes(fd);
    close(fd);
    assert_int_equal(read_all(b.data, b.bytes, &s), -ENODATA);
    assert_int_equal(s.records, good);
    free(b.data);
}

/* Batched records wait for a flush, for each other, or for the end. */
static void
batched_records_come_whole_and_in_order(void **state)
{
    const struct gsp_trace_writer_config config = {.abi = trace_abi("570.144"), .batch = true};
    const int fd = trace_file_create();
    struct gsp_trace_writer *w;
    struct gsp_trace_record r;
    struct trace_bytes b;
    struct seen s;
    size_t before;
    char data[64];

    (void)state;
    assert_int_equal(gsp_trace_writer_open_fd(fd, &config, &w, NULL), 0);
    before = (size_t)lseek(fd, 0, SEEK_CUR);
    fill_record(&r, 0, data);
    assert_int_equal(gsp_trace_write(w, &r), 0);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), before);
    assert_int_equal(gsp_trace_flush(w), 0);
    assert_true((size_t)lseek(fd, 0, SEEK_CUR) > before);
    for (unsigned i = 1; i < 5000; i++) { /* more than waits at a time */
        fill_record(&r, i, data);
        assert_int_equal(gsp_trace_write(w, &r), 0);
    }
    assert_int_equal(gsp_trace_writer_close(w, NULL), 0);
    b = trace_file_bytes(fd);
    assert_int_equal(read_all(b.data, b.bytes, &s), -ENODATA);
    assert_true(s.in_order);
    assert_int_equal(s.records, 5000);
    assert_int_equal(s.ends, 1);
    assert_int_equal(s.damages, 0);
    free(b.data);
    close(fd);
}

static void
a_closed_pipe_is_an_error_and_no_signal(void **state)
{
    struct gsp_trace_writer *w;
    struct gsp_trace_record r;
    struct gsp_error err;
    char data[64];
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    signal(SIGPIPE, SIG_DFL);
    w = open_writer(ends[1], NULL);
    close(ends[0]);
    fill_record(&r, 1, data);
    assert_int_equal(gsp_trace_write(w, &r), -EPIPE);
    assert_int_equal(gsp_trace_write(w, &r), -EPIPE);
    assert_int_equal(gsp_trace_writer_close(w, &err), -EPIPE);
    close(ends[1]);
}

static void
a_pipe_can_be_read(void **state)
{
    const struct gsp_trace_reader_config config = {0};
    struct trace_bytes b = write_series(3);
    struct gsp_trace_reader *r;
    struct gsp_trace_record record;
    unsigned count = 0;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], b.data, b.bytes), b.bytes);
    close(ends[1]);
    assert_int_equal(gsp_trace_open_fd(ends[0], &config, &r, NULL), 0);
    while (gsp_trace_next(r, &record, NULL) == 0)
        count++;
    assert_int_equal(count, 5);
    gsp_trace_close(r);
    close(ends[0]);
    free(b.data);
}

static void
a_record_that_is_too_large_is_counted_as_lost(void **state)
{
    int fd = trace_file_create();
    struct gsp_trace_writer *w = open_writer(fd, NULL);
    struct gsp_trace_record r = {.type = GSP_TRACE_NOTE, .args = GSP_TRACE_ARGS + 1};

    (void)state;
    assert_int_equal(gsp_trace_write(w, &r), -EMSGSIZE);
    r.args = 0;
    assert_int_equal(gsp_trace_write(w, &r), 0);
    assert_true(gsp_trace_writer_close(w, NULL) < 0);
    close(fd);
}

static void
every_allocation_of_writer_and_reader_may_fail(void **state)
{
    struct trace_bytes b = write_series(3);
    int ends[2];

    (void)state;
    for (unsigned n = 1;; n++) {
        struct failing_heap heap = {.fail_at = n};
        const struct gsp_host host = failing_host(&heap);
        const struct gsp_trace_writer_config writer = {.host = &host,
                                                       .abi = trace_abi("570.144")};
        const struct gsp_trace_reader_config reader = {.host = &host};
        struct gsp_trace_writer *w = NULL;
        struct gsp_trace_reader *r = NULL;
        struct gsp_trace_record record;
        struct gsp_error err;
        int fd = trace_file_create();
        int rc = gsp_trace_writer_open_fd(fd, &writer, &w, &err);

        if (rc == 0)
            rc = gsp_trace_writer_close(w, &err);
        close(fd);
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], b.data, b.bytes), b.bytes);
        close(ends[1]);
        if (rc == 0)
            rc = gsp_trace_open_fd(ends[0], &reader, &r, &err);
        while (rc == 0)
            rc = gsp_trace_next(r, &record, &err);
        gsp_trace_close(r);
        close(ends[0]);
        if (heap.calls < n) {
            assert_int_equal(rc, -ENODATA);
            break;
        }
        assert_int_equal(rc, -ENOMEM);
    }
    free(b.data);
}

/* Memory behind pointers */

enum { GET_ENGINES = 0x20800123, ENGINES = 3 };

static void
what_pointers_lead_to_is_kept_and_found_again(void **state)
{
    const struct nvrm_abi abi = trace_abi("570.144");
    const struct nvrm_control *c = nvrm_control_by_id(abi, GET_ENGINES);
    const struct nvrm_layout *l = nvrm_struct_at(abi, c->params);
    uint32_t engines[ENGINES] = {9, 1, 11};
    const uint64_t at = (uintptr_t)engines;
    struct gsp_trace_record r = {.type = GSP_TRACE_CONTROL, .args = 3, .pieces = 3};
    struct gsp_text memory = {0}, direct = {0}, kept = {0};
    uint8_t wire[64] = {0};

    (void)state;
    assert_true(l->flags & NVRM_LAYOUT_PTR);
    wire[0] = ENGINES;
    memcpy(wire + nvrm_field_find(abi.schema, l, "engineList")->offset, &at, 8);
    assert_int_equal(gsp_json_write(abi, l, wire, l->size, GSP_JSON_POINTERS, &direct, NULL),
                     0);
    assert_int_equal(gsp_trace_memory_take(abi, l, wire, l->size, NULL, &memory), 0);
    assert_int_equal(memory.bytes, 8 + 16); /* length, and three words padded */
    memset(engines, 0, sizeof(engines));
    r.arg[2] = GET_ENGINES;
    r.piece[GSP_TRACE_IN] = (struct gsp_trace_piece){wire, l->size};
    r.piece[GSP_TRACE_IN_MEMORY] = (struct gsp_trace_piece){memory.data, memory.bytes};
    assert_int_equal(gsp_trace_params_json(abi, &r, GSP_TRACE_IN, &kept, NULL), 0);
    assert_string_equal(kept.data, direct.data);
    gsp_trace_memory_give(abi, l, wire, l->size, &r.piece[GSP_TRACE_IN_MEMORY]);
    assert_int_equal(engines[2], 11);

    /* A count that the file does not back leads nowhere. */
    wire[0] = 200;
    kept.bytes = 0;
    assert_int_equal(gsp_trace_params_json(abi, &r, GSP_TRACE_IN, &kept, NULL), 0);
    assert_non_null(strstr(kept.data, "null"));
    gsp_text_fini(&memory);
    gsp_text_fini(&direct);
    gsp_text_fini(&kept);
}

static void
every_type_has_a_name_and_its_numbers(void **state)
{
    const struct gsp_trace_type_info *info;
    unsigned last = 0;

    (void)state;
    for (unsigned i = 0; (info = gsp_trace_type_at(i)); i++) {
        struct gsp_trace_record r = {.type = (uint16_t)info->type};
        struct gsp_text text = {0}, json = {0};

        assert_true(info->type > last);
        last = info->type;
        assert_ptr_equal(gsp_trace_type_info(info->type), info);
        while (r.args < GSP_TRACE_ARGS && info->arg[r.args].name)
            r.args++;
        while (r.pieces < GSP_TRACE_PIECES && info->piece[r.pieces])
            r.piece[r.pieces++] = (struct gsp_trace_piece){"x", 1};
        assert_true(r.args + r.pieces > 0);
        assert_int_equal(gsp_trace_record_text(trace_abi("570.144"), &r, 0, &text, NULL), 0);
        assert_int_equal(gsp_trace_record_json(trace_abi("570.144"), &r, 0, &json, NULL), 0);
        assert_non_null(strstr(text.data, info->name));
        assert_non_null(strstr(json.data, info->name));
        for (unsigned k = 0; k < r.args; k++)
            assert_non_null(strstr(json.data, info->arg[k].name));
        gsp_text_fini(&text);
        gsp_text_fini(&json);
    }
    assert_null(gsp_trace_type_info(0x7777));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_section_says_what_it_is_of),
        cmocka_unit_test(a_file_cut_off_at_any_byte_is_used_up_to_there),
        cmocka_unit_test(a_changed_byte_costs_one_record),
        cmocka_unit_test(what_is_no_trace_is_refused),
        cmocka_unit_test(a_later_format_is_refused_by_its_number),
        cmocka_unit_test_setup_teardown(a_recording_is_appended_behind_one_that_was_cut_off,
                                        make_path, remove_path),
        cmocka_unit_test_setup_teardown(other_files_are_not_appended_to, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(two_recordings_do_not_mix, make_path, remove_path),
        cmocka_unit_test_setup_teardown(a_killed_writer_leaves_what_it_wrote, make_path,
                                        remove_path),
        cmocka_unit_test(threads_write_whole_records),
        cmocka_unit_test_setup_teardown(a_full_disk_is_told_at_the_end, make_path, remove_path),
        cmocka_unit_test(batched_records_come_whole_and_in_order),
        cmocka_unit_test(a_closed_pipe_is_an_error_and_no_signal),
        cmocka_unit_test(a_pipe_can_be_read),
        cmocka_unit_test(a_record_that_is_too_large_is_counted_as_lost),
        cmocka_unit_test(every_allocation_of_writer_and_reader_may_fail),
        cmocka_unit_test(what_pointers_lead_to_is_kept_and_found_again),
        cmocka_unit_test(every_type_has_a_name_and_its_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
