/* SPDX-License-Identifier: MIT */
/*
 * Traces: writing a record beside the write that carries it, and reading and showing a large
 * file beside reading it and summing its bytes. Rates are of trace bytes; memory is the
 * process's peak.
 */
#include "bench.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gsp/trace.h>
#include <zlib.h>

enum { NAME_STRING = 0x20800110, FB_INFO = 0x20801303, CHUNK = 1 << 16 };

struct file {
    int fd;
    uint64_t bytes;
    unsigned records;
    unsigned mode; /* of show_all() */
};
enum { ONLY_READ, AS_TEXT, AS_JSON };

static struct nvrm_abi
abi_of(const char *release)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    return (struct nvrm_abi){s, nvrm_release_find(s, release)};
}

/* A control as clients call it: a name asked for, or a list of figures. */
static void
fill(struct nvrm_abi abi, struct gsp_trace_record *r, unsigned i, uint8_t in[4096],
     uint8_t out[4096])
{
    const uint32_t cmd = i % 4 == 3 ? FB_INFO : NAME_STRING;
    const struct nvrm_control *c = nvrm_control_by_id(abi, cmd);
    const uint32_t bytes = nvrm_struct_at(abi, c->params)->size;

    memset(in, 0, bytes);
    memset(out, 0, bytes);
    if (cmd == FB_INFO) {
        in[0] = out[0] = 24;
        for (unsigned k = 0; k < 24; k++) {
            in[4 + 8 * k] = out[4 + 8 * k] = (uint8_t)k;
            out[8 + 8 * k] = (uint8_t)(i + k);
            out[9 + 8 * k] = (uint8_t)k;
        }
    } else {
        snprintf((char *)out + 4, 64, "NVIDIA GeForce RTX %u", i % 5000);
    }
    *r = (struct gsp_trace_record){
        .type = GSP_TRACE_CONTROL,
        .time_ns = 10000ull * i,
        .duration_ns = 3000 + i % 977,
        .args = 3,
        .arg = {0xcaf00000, 0xcaf10001, cmd},
        .pieces = 2,
        .piece = {{in, bytes},          {out, bytes}         }
    };
}

static struct gsp_trace_writer *
open_writer(int fd)
{
    const struct gsp_trace_writer_config config = {
        .abi = abi_of("570.144"), .chip = "AD102", .transport = "bench"};
    struct gsp_trace_writer *w;

    if (gsp_trace_writer_open_fd(fd, &config, &w, NULL) < 0)
        exit(1);
    return w;
}

static void
make_file(struct file *f, unsigned records)
{
    uint8_t in[4096], out[4096];
    struct gsp_trace_writer *w;
    struct gsp_trace_record r;

    f->fd = memfd_create("trace", 0);
    w = open_writer(f->fd);
    for (unsigned i = 0; i < records; i++) {
        fill(abi_of("570.144"), &r, i, in, out);
        if (gsp_trace_write(w, &r) < 0)
            exit(1);
    }
    if (gsp_trace_writer_close(w, NULL) < 0)
        exit(1);
    f->bytes = (uint64_t)lseek(f->fd, 0, SEEK_END);
    f->records = records;
}

static void
show_all(void *ctx)
{
    const struct gsp_trace_reader_config config = {.schema = nvrm_schema_builtin()};
    const struct file *f = ctx;
    struct gsp_trace_reader *reader;
    struct gsp_trace_record r;
    struct gsp_text text = {0};
    unsigned count = 0;

    lseek(f->fd, 0, SEEK_SET);
    if (gsp_trace_open_fd(f->fd, &config, &reader, NULL) < 0)
        exit(1);
    for (; gsp_trace_next(reader, &r, NULL) == 0; count++) {
        int rc = 0;

        if (f->mode == AS_TEXT)
            rc = gsp_trace_record_text(gsp_trace_abi(reader), &r, 0, &text, NULL);
        else if (f->mode == AS_JSON)
            rc = gsp_trace_record_json(gsp_trace_abi(reader), &r, 0, &text, NULL);
        if (rc < 0)
            exit(1);
        bench_use(text.data);
        if (text.bytes > CHUNK)
            text.bytes = 0;
    }
    if (count != f->records + 2)
        exit(1);
    gsp_text_fini(&text);
    gsp_trace_close(reader);
}

/* The peer: the same bytes, read in the same pieces, summed with the same function. */
static void
read_and_sum(void *ctx)
{
    const struct file *f = ctx;
    uint8_t *chunk = malloc(CHUNK);
    unsigned long sum = 0;
    ssize_t n;

    lseek(f->fd, 0, SEEK_SET);
    while ((n = read(f->fd, chunk, CHUNK)) > 0)
        sum = crc32_z(sum, chunk, (size_t)n);
    bench_use(&sum);
    free(chunk);
}

/* A run takes seconds, in which other processes have their turns: the time is the processor's.
 */
static double
cpu_ns(bench_fn *run, void *ctx)
{
    struct timespec start, end;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    run(ctx);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    return (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
}

/* Three of each are enough. */
static void
compare_reading(const struct bench *b, struct file *f, const char *which, unsigned mode)
{
    struct bench_side sides[] = {
        {.name = "ours",         .run = show_all,     .ctx = f, .best_ns = 1e30},
        {.name = "read and sum", .run = read_and_sum, .ctx = f, .best_ns = 1e30},
    };
    const unsigned rounds = b->quick ? 1 : 3;

    f->mode = mode;
    if (!bench_wants(b, which))
        return;
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < 2; i++) {
            const double ns = cpu_ns(sides[i].run, sides[i].ctx);

            sides[i].best_ns = ns < sides[i].best_ns ? ns : sides[i].best_ns;
        }
    }
    for (unsigned i = 0; i < 2; i++)
        bench_print(b, which, sides[i].name, (double)f->bytes * 1e3 / sides[i].best_ns, "MB/s",
                    f->records);
    bench_print(b, which, "ours/read and sum", sides[0].best_ns / sides[1].best_ns, "ratio", 1);
}

struct writing {
    struct gsp_trace_writer *w;
    struct gsp_trace_record record;
    int fd;
    uint8_t frame[4096];
    size_t bytes;
    uint8_t in[4096], out[4096];
};

static void
write_record(void *ctx)
{
    struct writing *w = ctx;

    if (gsp_trace_write(w->w, &w->record) < 0)
        exit(1);
}

static void
write_bytes(void *ctx)
{
    const struct writing *w = ctx;

    if (write(w->fd, w->frame, w->bytes) != (ssize_t)w->bytes)
        exit(1);
}

static void
compare_writing(const struct bench *b)
{
    struct writing w = {.fd = open("/dev/null", O_WRONLY)};
    struct bench_side sides[] = {
        {.name = "ours",            .run = write_record, .ctx = &w},
        {.name = "the write alone", .run = write_bytes,  .ctx = &w},
    };

    w.w = open_writer(w.fd);
    fill(abi_of("570.144"), &w.record, 0, w.in, w.out);
    w.bytes = 360;
    bench_compare(b, "record of a 132 byte control", sides, 2);
    (void)gsp_trace_writer_close(w.w, NULL);
    close(w.fd);
}

int
main(int argc, char **argv)
{
    const struct bench b = bench_init("trace", argc, argv);
    struct file f = {0};
    struct rusage before, after;

    compare_writing(&b);
    make_file(&f, b.quick ? 2000 : 1000000);
    getrusage(RUSAGE_SELF, &before);
    compare_reading(&b, &f, "read", ONLY_READ);
    compare_reading(&b, &f, "show as text", AS_TEXT);
    compare_reading(&b, &f, "show as JSON", AS_JSON);
    getrusage(RUSAGE_SELF, &after);
    bench_print(&b, "memory", "growth of the peak while reading",
                (double)(after.ru_maxrss - before.ru_maxrss), "KiB", 1);
    close(f.fd);
    return 0;
}
