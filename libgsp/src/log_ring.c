/* SPDX-License-Identifier: MIT */
/*
 * Rings: the two containers that they come in, and how their words become records.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fw_bytes_priv.h"
#include "log_priv.h"

enum {
    WORD = 8,
    RECORD_MIN = 2, /* words: metadata and time */
    RECORD_MAX = RECORD_MIN + GSP_LOG_ARGS_MAX,
    NVLOG_PACKED = 1, /* LIBOS_LOG_NVLOG_BUFFER_FLAG_PACKED_METADATA */
    TASK_PREFIX_BYTES = 8,
};
/* Without a logging ELF: messages lie this near to each other, records follow this close. */
#define NEAR_BYTES     (16ull << 20)
#define CLOCK_SHIFT    12 /* of two time stamps, none is 4096 times the other */
#define LONGEST_GAP_NS (24ull * 3600 * 1000000000)
/* Words that a ring can have lost: a year of 34,000 words a second. */
#define MOST_LOST (1ull << 40)

static const char *const tasks[] = {
    NULL, "KRNL", "INIT", "RM", "INTR", "VGPU", "MNOC", "DBG", "ROOT", "RMON",
};
enum { TASKS = sizeof(tasks) / sizeof(tasks[0]) };

const char *
gsp_log_form_name(enum gsp_log_form form)
{
    return form == GSP_LOG_FORM_PACKED ? "packed" : "address";
}

const char *
gsp_log_task_name(unsigned task)
{
    return task < TASKS ? tasks[task] : NULL;
}

/* Length of the word at p: letters only. */
static size_t
letters(const char *p)
{
    size_t n = 0;

    while ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= 'A' && p[n] <= 'Z'))
        n++;
    return n;
}

unsigned
gsp_log_task_find(const char *name)
{
    const char *slash = strrchr(name, '/');
    size_t n;

    name = slash ? slash + 1 : name;
    n = letters(name);
    if (n > 3 && !strncasecmp(name, "log", 3)) {
        name += 3;
        n -= 3;
    }
    for (unsigned i = 1; i < TASKS; i++)
        if (strlen(tasks[i]) == n && !strncasecmp(tasks[i], name, n))
            return i;
    return 0;
}

/* Data behind an NVLOG header of a version; 0 when there is none. */
static size_t
header_bytes(uint32_t version)
{
    static const uint8_t bytes[] = {24, 64, GSP_LOG_NVLOG_HEADER};

    return version < sizeof(bytes) ? bytes[version] : 0;
}

/* A task's prefix: upper-case letters, perhaps a digit, then zeroes. */
static bool
is_prefix(const uint8_t *p)
{
    unsigned n = 0;

    while (n < TASK_PREFIX_BYTES && p[n])
        if (!(p[n] >= 'A' && p[n] <= 'Z') && !(n && p[n] >= '0' && p[n] <= '9'))
            return false;
        else
            n++;
    for (unsigned i = n; i < TASK_PREFIX_BYTES; i++)
        if (p[i])
            return false;
    return n >= 2;
}

static bool
is_nvlog(const struct gsp_fw_source *file)
{
    const uint8_t *p = file->data;

    return file->bytes >= 32 && header_bytes(fw_u32(p + 8)) &&
           file->bytes >= header_bytes(fw_u32(p + 8)) && fw_u32(p) < 0x100 &&
           fw_u32(p + 4) < 0x100 && fw_u32(p + 12) < 0x100 && is_prefix(p + 16);
}

static int
read_build_id(const struct gsp_fw_source *file, struct gsp_log_ring *r, struct gsp_error *err)
{
    const uint32_t bytes = fw_u32(file->data + 12);

    if (bytes > GSP_LOG_BUILD_ID_MAX)
        return fw_bad(file, err, 12, "a build id of %u bytes does not fit its %u", bytes,
                      GSP_LOG_BUILD_ID_MAX);
    r->build_id_bytes = bytes;
    memcpy(r->build_id, file->data + 32, bytes);
    return 0;
}

static int
read_nvlog(const struct gsp_fw_source *file, struct gsp_log_ring *r, struct gsp_error *err)
{
    const uint8_t *p = file->data;
    char prefix[TASK_PREFIX_BYTES + 1] = "";

    r->nvlog_version = (int)fw_u32(p + 8);
    r->gpu_arch = fw_u32(p);
    r->gpu_impl = fw_u32(p + 4);
    memcpy(prefix, p + 16, TASK_PREFIX_BYTES);
    r->task = gsp_log_task_find(prefix);
    r->words = p + header_bytes(fw_u32(p + 8));
    r->bytes = file->bytes - header_bytes(fw_u32(p + 8));
    r->form = GSP_LOG_FORM_ADDRESS;
    if (!r->nvlog_version)
        return 0;
    r->timer_delta_ns = fw_u64(p + 24);
    if (r->nvlog_version == 2 && (fw_u32(p + 64) & NVLOG_PACKED))
        r->form = GSP_LOG_FORM_PACKED;
    return read_build_id(file, r, err);
}

static int
check_put(const struct gsp_fw_source *file, const struct gsp_log_ring *r, struct gsp_error *err)
{
    const uint64_t put = fw_u64(r->words), entries = r->bytes / WORD - 1;

    if (put <= entries || put - entries <= MOST_LOST)
        return 0;
    return fw_bad(file, err, file->bytes - r->bytes,
                  "no ring of %llu words was written 0x%llx words", (unsigned long long)entries,
                  (unsigned long long)put);
}

int
gsp_log_ring_open(const struct gsp_fw_source *file, struct gsp_log_ring *out,
                  struct gsp_error *err)
{
    struct gsp_log_ring r = {.nvlog_version = -1, .words = file->data, .bytes = file->bytes};
    int rc = 0;

    memset(out, 0, sizeof(*out));
    if (file->bytes > GSP_LOG_RING_MAX + GSP_LOG_NVLOG_HEADER)
        return fw_bad(file, err, 0, "0x%llx bytes are too many for a log ring",
                      (unsigned long long)file->bytes);
    if (is_nvlog(file))
        rc = read_nvlog(file, &r, err);
    if (rc < 0)
        return rc;
    if (!r.task && file->name)
        r.task = gsp_log_task_find(file->name);
    if (r.bytes < UINT64_C(2) * WORD || r.bytes % WORD)
        return fw_bad(file, err, file->bytes - r.bytes, "0x%zx bytes are no log ring", r.bytes);
    rc = check_put(file, &r, err);
    if (rc == 0)
        *out = r;
    return rc;
}

static void
put_u64(uint8_t *p, uint64_t value)
{
    fw_put_u32(p, (uint32_t)value);
    fw_put_u32(p + 4, (uint32_t)(value >> 32));
}

void
gsp_log_nvlog_write(const struct gsp_log_ring *ring, uint8_t *out)
{
    const char *task = gsp_log_task_name(ring->task);

    memset(out, 0, GSP_LOG_NVLOG_HEADER);
    fw_put_u32(out, ring->gpu_arch);
    fw_put_u32(out + 4, ring->gpu_impl);
    fw_put_u32(out + 8, 2);
    fw_put_u32(out + 12, ring->build_id_bytes);
    memcpy(out + 16, task ? task : "GSP", strlen(task ? task : "GSP"));
    put_u64(out + 24, ring->timer_delta_ns);
    memcpy(out + 32, ring->build_id, ring->build_id_bytes);
    fw_put_u32(out + 64, ring->form == GSP_LOG_FORM_PACKED ? NVLOG_PACKED : 0);
    memcpy(out + GSP_LOG_NVLOG_HEADER, ring->words, ring->bytes);
}

/* Walks a ring from its newest word backwards. */
struct walk {
    const struct gsp_log_ring *ring;
    const struct gsp_log_elf *elf;
    uint64_t entries, put;
    uint64_t at, oldest; /* words written before the record; the oldest that is still there */
    enum gsp_log_form form;
    uint64_t newest_message, newest_ns, newer_ns;
    unsigned found;
};

/* Word number `n` of all ever written. */
static uint64_t
word(const struct walk *w, uint64_t n)
{
    return fw_u64(w->ring->words + WORD * (1 + n % w->entries));
}

static unsigned
packed_words(uint64_t meta)
{
    return meta >> 48 & 0xff;
}

static bool
is_packed(uint64_t meta)
{
    return packed_words(meta) >= RECORD_MIN && packed_words(meta) <= RECORD_MAX;
}

static void
walk_init(struct walk *w, const struct gsp_log_ring *ring, const struct gsp_log_elf *elf)
{
    *w = (struct walk){.ring = ring, .elf = elf, .form = ring->form};
    w->entries = ring->bytes / WORD - 1;
    w->put = w->at = fw_u64(ring->words);
    w->oldest = w->put > w->entries ? w->put - w->entries : 0;
    if (w->form == GSP_LOG_FORM_AUTO)
        w->form = w->put >= RECORD_MIN && is_packed(word(w, w->put - 2)) ? GSP_LOG_FORM_PACKED
                                                                         : GSP_LOG_FORM_ADDRESS;
}

static bool
fill(const struct walk *w, unsigned args, struct gsp_log_record *out)
{
    if (args > GSP_LOG_ARGS_MAX || w->at - w->oldest < RECORD_MIN + args)
        return false;
    out->arg_count = (uint8_t)args;
    for (unsigned i = 0; i < args; i++)
        out->args[i] = word(w, w->at - RECORD_MIN - args + i);
    return true;
}

static bool
read_packed(const struct walk *w, uint64_t meta, struct gsp_log_record *out)
{
    out->packed = true;
    out->message = meta & 0xffffffffffff;
    out->task = (uint8_t)(meta >> 56);
    return is_packed(meta) && fill(w, packed_words(meta) - RECORD_MIN, out);
}

/* Could the two words before `end` close a record that is older than the one at w->at? */
static bool
looks_like_end(const struct walk *w, uint64_t end)
{
    const uint64_t ns = word(w, end - 1), message = word(w, end - 2);
    const uint64_t low = w->newest_message < message ? w->newest_message : message;
    const uint64_t high = w->newest_message < message ? message : w->newest_message;

    return message && message % 8 == 0 && high - low < NEAR_BYTES && ns <= w->newer_ns &&
           ns > w->newest_ns >> CLOCK_SHIFT && w->newer_ns - ns < LONGEST_GAP_NS;
}

/* The record has as many arguments as there are words up to the next that looks like an end. */
static bool
guess(const struct walk *w, struct gsp_log_record *out)
{
    const uint64_t left = w->at - w->oldest - RECORD_MIN;

    out->guessed = true;
    for (unsigned args = 0; args <= GSP_LOG_ARGS_MAX && args <= left; args++) {
        if (left == args && !w->oldest)
            return fill(w, args, out);
        if (left - args >= RECORD_MIN && looks_like_end(w, w->at - RECORD_MIN - args))
            return fill(w, args, out);
    }
    return false;
}

static bool
read_record(struct walk *w, struct gsp_log_record *out)
{
    struct gsp_log_message message;
    uint64_t meta;

    memset(out, 0, sizeof(*out));
    if (w->at - w->oldest < RECORD_MIN)
        return false;
    out->time_ns = word(w, w->at - 1);
    meta = word(w, w->at - 2);
    out->task = (uint8_t)w->ring->task;
    if (w->form == GSP_LOG_FORM_PACKED && is_packed(meta))
        return read_packed(w, meta, out);
    out->message = meta;
    if (!w->found) {
        w->newest_message = meta;
        w->newest_ns = out->time_ns;
    }
    w->newer_ns = out->time_ns;
    if (w->elf)
        return log_elf_message(w->elf, w->ring, out->task, false, meta, &message) &&
               fill(w, message.arg_count, out);
    return w->form == GSP_LOG_FORM_ADDRESS && out->time_ns && meta && guess(w, out);
}

/* One record back; false at the end, with the words that are left in w->at - w->oldest. */
static bool
step(struct walk *w, struct gsp_log_record *out)
{
    if (!read_record(w, out))
        return false;
    w->at -= RECORD_MIN + out->arg_count;
    w->found++;
    return true;
}

int
gsp_log_decode(const struct gsp_log_ring *ring, const struct gsp_log_elf *elf,
               const struct gsp_host *host, struct gsp_log *out, struct gsp_error *err)
{
    struct gsp_log_record record;
    struct walk w;

    memset(out, 0, sizeof(*out));
    if (ring->bytes < UINT64_C(2) * WORD || ring->bytes > GSP_LOG_RING_MAX)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "0x%zx bytes are no log ring",
                        ring->bytes);
    walk_init(&w, ring, elf);
    *out = (struct gsp_log){.form = w.form, .put = w.put, .host = host};
    out->lost_words = w.oldest;
    while (step(&w, &record))
        out->count++;
    out->bad_words = w.at - w.oldest;
    if (!out->count)
        return 0;
    out->records = gsp_host_alloc(host, out->count * sizeof(record));
    if (!out->records) {
        memset(out, 0, sizeof(*out));
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    }
    walk_init(&w, ring, elf);
    for (unsigned i = out->count; i-- > 0 && step(&w, &record);)
        out->records[i] = record;
    return 0;
}

void
gsp_log_fini(struct gsp_log *log)
{
    gsp_host_free(log->host, log->records);
    memset(log, 0, sizeof(*log));
}

static bool
same_message(const struct gsp_log_count *c, const struct gsp_log_record *r)
{
    return c->message == r->message && c->task == r->task;
}

static int
by_count(const void *a, const void *b)
{
    const struct gsp_log_count *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x->message < y->message ? -1 : x->message > y->message;
}

static void
count_one(struct gsp_log_count *c, const struct gsp_log_record *r)
{
    c->last_ns = r->time_ns;
    c->count++;
}

unsigned
gsp_log_histogram(const struct gsp_log *log, struct gsp_log_count *out, unsigned max,
                  unsigned *others_out)
{
    unsigned rows = 0;

    *others_out = 0;
    for (unsigned i = 0; i < log->count; i++) {
        const struct gsp_log_record *r = &log->records[i];
        unsigned k = 0;

        while (k < rows && !same_message(&out[k], r))
            k++;
        if (k == max) {
            ++*others_out;
            continue;
        }
        if (k == rows)
            out[rows++] = (struct gsp_log_count){.message = r->message,
                                                 .first_ns = r->time_ns,
                                                 .task = r->task,
                                                 .arg_count = r->arg_count};
        count_one(&out[k], r);
    }
    qsort(out, rows, sizeof(*out), by_count);
    return rows;
}
