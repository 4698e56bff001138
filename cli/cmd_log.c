/* SPDX-License-Identifier: MIT */
/*
 * log: what GSP-RM's tasks wrote into their log rings, from files or from the open card.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <emu/log.h>
#include <gsp/log.h>
#include <gsp/session.h>

#include "cmds.h"
#include "fw_file.h"
#include "session.h"

enum { RINGS_MAX = 16, COUNTS = 256 };

/* One ring with everything that was made of it. */
struct source {
    struct fw_file file; /* live rings: a copy */
    struct gsp_log_ring ring;
    struct gsp_log log;
};

struct reading {
    struct cli *cli;
    struct nvrm_abi abi;
    struct source sources[RINGS_MAX];
    unsigned count;
    struct fw_file elf_file;
    struct gsp_log_elf *elf;
};

/* A record and where it came from: what is sorted by time. */
struct entry {
    const struct source *source;
    const struct gsp_log_record *record;
};

static int
add_source(struct reading *r, struct gsp_error *err)
{
    struct source *s = &r->sources[r->count++];

    return gsp_log_ring_open(&s->file.src, &s->ring, err);
}

static int
read_files(struct reading *r, int argc, char **argv, struct gsp_error *err)
{
    for (int i = 2; i < argc; i++) {
        int rc;

        if (r->count == RINGS_MAX)
            return gsp_fail(err, GSP_ORIGIN_INPUT, -E2BIG, "log gsp reads %u files at most",
                            RINGS_MAX);
        rc = fw_file_read(argv[i], &r->sources[r->count].file, err);
        if (rc == 0)
            rc = add_source(r, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* The rings move while they are looked at: a copy is what is decoded. */
static int
copy_ring(struct reading *r, const char *name, const void *ring, size_t bytes,
          struct gsp_error *err)
{
    struct fw_file *f = &r->sources[r->count].file;

    f->data = malloc(bytes);
    if (!f->data)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    memcpy(f->data, ring, bytes);
    f->src = (struct gsp_fw_source){name, f->data, bytes, 0};
    return add_source(r, err);
}

/* The emulated card's messages are known; -F and its release are the same. */
static int
use_own_elf(struct reading *r, struct gsp_error *err)
{
    const char *release = nvrm_release_name(r->abi.schema, r->abi.release);
    uint8_t *bytes;
    size_t size;
    int rc = emu_logging_elf(release, &bytes, &size);

    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "no logging ELF for %s", release);
    r->elf_file.data = bytes;
    r->elf_file.src = (struct gsp_fw_source){"the emulated card's logging ELF", bytes, size, 0};
    return gsp_log_elf_open(&r->elf_file.src, NULL, &r->elf, err);
}

static int
read_card(struct reading *r, bool raw, struct gsp_error *err)
{
    struct cli_session *s;
    struct gsp_backend *backend;
    const char *name;
    const void *ring;
    size_t bytes;
    int rc = session_get(r->cli, &s, err);

    if (rc < 0)
        return rc;
    if (session_is_dry(s)) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                 "log gsp reads a card's rings, and --dry-run opens no card");
        gsp_hint(err, "log gsp FILE... reads files");
        return -EINVAL;
    }
    r->abi = session_abi(s);
    backend = rm_client_backend(session_client(s));
    for (unsigned i = 0;
         rc == 0 && r->count < RINGS_MAX && (ring = gsp_rm_log(backend, i, &name, &bytes));
         i++) {
        struct gsp_log_ring *made = &r->sources[r->count].ring;

        rc = copy_ring(r, name, ring, bytes, err);
        gsp_rm_chip(backend, &made->gpu_arch, &made->gpu_impl);
    }
    if (rc == 0 && !r->count) {
        rc =
            gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP,
                     "the transport %s does not show GSP-RM's log rings", session_transport(s));
        gsp_hint(err, "on Linux nouveau keeps them in debugfs: log gsp FILE...");
    }
    if (rc == 0 && !raw && !r->elf && !strcmp(session_transport(s), "emu"))
        rc = use_own_elf(r, err);
    return rc;
}

static int
open_elf(struct reading *r, const char *path, struct gsp_error *err)
{
    int rc = fw_file_read(path, &r->elf_file, err);

    return rc < 0 ? rc : gsp_log_elf_open(&r->elf_file.src, NULL, &r->elf, err);
}

/* A file of other bytes may have a put count that is possible. */
static int
check_records(const struct reading *r, const struct source *s, struct gsp_error *err)
{
    if (s->log.count || !s->log.bad_words)
        return 0;
    gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
             "%s: at 0x%llx: none of the %llu words form a record", s->file.src.name,
             (unsigned long long)(s->file.src.bytes - s->ring.bytes + 8),
             (unsigned long long)s->log.bad_words);
    if (r->elf)
        gsp_hint(err, "is it the logging ELF of the release that wrote the ring?");
    return -EBADMSG;
}

static int
decode(struct reading *r, struct gsp_error *err)
{
    for (unsigned i = 0; i < r->count; i++) {
        struct source *s = &r->sources[i];
        int rc = gsp_log_decode(&s->ring, r->elf, NULL, &s->log, err);

        if (rc == 0)
            rc = check_records(r, s, err);
        if (rc < 0)
            return rc;
        s->ring.form = s->log.form;
    }
    return 0;
}

static void
free_reading(struct reading *r)
{
    for (unsigned i = 0; i < r->count; i++)
        gsp_log_fini(&r->sources[i].log);
    for (unsigned i = 0; i < RINGS_MAX; i++)
        fw_file_free(&r->sources[i].file);
    gsp_log_elf_close(r->elf);
    fw_file_free(&r->elf_file);
}

static const char *
task_name(unsigned task)
{
    const char *name = gsp_log_task_name(task);

    return name ? name : "?";
}

static json_t *
ring_doc(const struct source *s)
{
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "file", s->file.src.name, "task",
                  task_name(s->ring.task), "form", gsp_log_form_name(s->log.form), "records",
                  (json_int_t)s->log.count, "words", (json_int_t)s->log.put, "lost_words",
                  (json_int_t)s->log.lost_words, "bad_words", (json_int_t)s->log.bad_words);

    if (s->ring.nvlog_version >= 0)
        json_object_set_new(o, "nvlog_version", json_integer(s->ring.nvlog_version));
    if (s->ring.gpu_arch) {
        json_object_set_new(o, "gpu_arch", cli_hex(s->ring.gpu_arch));
        json_object_set_new(o, "gpu_impl", cli_hex(s->ring.gpu_impl));
    }
    if (s->ring.build_id_bytes) {
        const struct gsp_fw_slice id = {s->ring.build_id, s->ring.build_id_bytes, 0};

        json_object_set_new(o, "build_id", fw_hex(&id));
    }
    return o;
}

static void
add_text(const struct reading *r, const struct entry *e, json_t *o)
{
    struct gsp_log_message m;
    struct gsp_text text = {0};

    if (!gsp_log_message_find(r->elf, &e->source->ring, e->record, &m))
        return;
    gsp_log_record_text(r->elf, &e->source->ring, e->record, r->abi, &text);
    json_object_set_new(o, "level", json_string(gsp_log_level_name(m.level)));
    json_object_set_new(o, "source", json_sprintf("%s:%u", m.file, m.line));
    json_object_set_new(o, "text", json_string(text.data ? text.data : ""));
    gsp_text_fini(&text);
}

static json_t *
record_doc(const struct reading *r, const struct entry *e)
{
    const struct gsp_log_record *record = e->record;
    json_t *args = json_array();
    json_t *o = json_pack("{s:I, s:s, s:o}", "time_ns",
                          (json_int_t)(record->time_ns + e->source->ring.timer_delta_ns),
                          "task", task_name(record->task), "message", cli_hex(record->message));

    add_text(r, e, o);
    for (unsigned i = 0; i < record->arg_count; i++)
        json_array_append_new(args, cli_hex(record->args[i]));
    json_object_set_new(o, "args", args);
    if (record->guessed)
        json_object_set_new(o, "guessed", json_true());
    return o;
}

static int
by_time(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->record->time_ns != y->record->time_ns)
        return x->record->time_ns < y->record->time_ns ? -1 : 1;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->record < y->record ? -1 : x->record > y->record;
}

/* All rings' records in the order of their times; NULL when out of memory. */
static json_t *
records_doc(const struct reading *r)
{
    json_t *array = json_array();
    struct entry *entries;
    size_t n = 0, total = 0;

    for (unsigned i = 0; i < r->count; i++)
        total += r->sources[i].log.count;
    entries = calloc(total + 1, sizeof(*entries));
    if (!entries) {
        json_decref(array);
        return NULL;
    }
    for (unsigned i = 0; i < r->count; i++)
        for (unsigned k = 0; k < r->sources[i].log.count; k++)
            entries[n++] = (struct entry){&r->sources[i], &r->sources[i].log.records[k]};
    qsort(entries, n, sizeof(*entries), by_time);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, record_doc(r, &entries[i]));
    free(entries);
    return array;
}

static void
add_counts(const struct source *s, json_t *rows)
{
    struct gsp_log_count counts[COUNTS];
    unsigned others, n = gsp_log_histogram(&s->log, counts, COUNTS, &others);

    for (unsigned i = 0; i < n; i++)
        json_array_append_new(rows, json_pack("{s:I, s:s, s:o, s:i, s:I, s:I}", "count",
                                              (json_int_t)counts[i].count, "task",
                                              task_name(counts[i].task), "message",
                                              cli_hex(counts[i].message), "args",
                                              (int)counts[i].arg_count, "first_ns",
                                              (json_int_t)counts[i].first_ns, "last_ns",
                                              (json_int_t)counts[i].last_ns));
    if (others)
        json_array_append_new(
            rows, json_pack("{s:I, s:s}", "count", (json_int_t)others, "message", "others"));
}

static void
print_record(struct cli *cli, const json_t *o)
{
    const json_t *arg;
    size_t i;

    fprintf(cli->out, "%lld %-4s", (long long)json_integer_value(json_object_get(o, "time_ns")),
            cli_str(o, "task"));
    if (json_object_get(o, "text")) {
        fprintf(cli->out, " %-7s %s: %s\n", cli_str(o, "level"), cli_str(o, "source"),
                cli_str(o, "text"));
        return;
    }
    fprintf(cli->out, " message %s", cli_str(o, "message"));
    json_array_foreach(json_object_get(o, "args"), i, arg)
        fprintf(cli->out, " %s", json_string_value(arg));
    fputc('\n', cli->out);
}

static void
print_count(struct cli *cli, const json_t *o)
{
    fprintf(cli->out, "%6lld x %-4s message %s\n",
            (long long)json_integer_value(json_object_get(o, "count")), cli_str(o, "task"),
            cli_str(o, "message"));
}

static void
print_doc(struct cli *cli, const json_t *doc)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(doc, "records"), i, row) print_record(cli, row);
    json_array_foreach(json_object_get(doc, "messages"), i, row) print_count(cli, row);
    json_array_foreach(json_object_get(doc, "rings"), i, row)
    {
        const long long lost =
                            (long long)json_integer_value(json_object_get(row, "lost_words")),
                        bad = (long long)json_integer_value(json_object_get(row, "bad_words"));

        if (lost)
            cli_note(cli, "%s: %lld words were overwritten by newer records",
                     cli_str(row, "file"), lost);
        if (bad)
            cli_note(cli, "%s: no record could be made of %lld words", cli_str(row, "file"),
                     bad);
    }
}

static int
emit(struct reading *r, bool counts_only)
{
    json_t *doc = json_object(), *rings = json_array(), *messages = json_array();

    for (unsigned i = 0; i < r->count; i++) {
        json_array_append_new(rings, ring_doc(&r->sources[i]));
        if (counts_only || !r->elf)
            add_counts(&r->sources[i], messages);
    }
    json_object_set_new(doc, "rings", rings);
    if (!counts_only)
        json_object_set_new(doc, "records", records_doc(r));
    if (counts_only || !r->elf)
        json_object_set_new(doc, "messages", messages);
    else
        json_decref(messages);
    return cli_emit(r->cli, &(struct cli_doc){.json = doc, .text = print_doc});
}

/* One NVLOG buffer a ring: PATH, or PATH.TASK when there are several. */
static int
save_rings(const struct reading *r, const char *path, struct fw_write how,
           struct gsp_error *err)
{
    int rc = 0;

    for (unsigned i = 0; i < r->count && rc == 0; i++) {
        const struct gsp_log_ring *ring = &r->sources[i].ring;
        uint8_t *bytes = malloc(GSP_LOG_NVLOG_HEADER + ring->bytes);
        char name[4096];

        if (!bytes)
            return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
        snprintf(name, sizeof(name), r->count > 1 ? "%s.%s" : "%s", path,
                 task_name(ring->task));
        gsp_log_nvlog_write(ring, bytes);
        rc = fw_file_write(name, bytes, GSP_LOG_NVLOG_HEADER + ring->bytes, how, err);
        free(bytes);
        if (rc == 0)
            cli_note(r->cli, "%s: NVLOG buffer of task %s", name, task_name(ring->task));
    }
    return rc;
}

struct log_options {
    char *elf, *save;
    bool raw, counts, force;
};

static int
log_gsp(struct cli *cli, int argc, char **argv, const struct log_options *o)
{
    struct reading *r = calloc(1, sizeof(*r));
    struct gsp_error err = {0};
    int rc;

    if (!r)
        return cli_out_of_memory(cli);
    r->cli = cli;
    rc = cli_abi(cli, &r->abi, &err);
    if (rc == 0 && o->elf)
        rc = open_elf(r, o->elf, &err);
    if (rc == 0)
        rc = argc > 2 ? read_files(r, argc, argv, &err) : read_card(r, o->raw, &err);
    if (rc == 0)
        rc = decode(r, &err);
    if (rc == 0 && o->save)
        rc = save_rings(r, o->save, (struct fw_write){o->force, cli->options.dry_run}, &err);
    if (rc < 0 && err.origin == GSP_ORIGIN_PROTOCOL && !err.hint[0])
        gsp_hint(&err,
                 "rings are as nouveau's debugfs shows them, or NVLOG buffers; --elf takes "
                 "gsp_log_*.bin");
    rc = rc < 0 ? cli_fail(cli, &err) : emit(r, o->counts);
    free_reading(r);
    free(r);
    return rc;
}

static void
print_written(struct cli *cli, const json_t *doc)
{
    cli_note(cli, "%s: logging ELF of %s, %lld bytes", cli_str(doc, "file"),
             cli_str(doc, "release"),
             (long long)json_integer_value(json_object_get(doc, "bytes")));
}

/* log elf FILE: the emulated card's logging ELF, for other decoders. */
static int
log_elf(struct cli *cli, int argc, char **argv, bool force)
{
    struct gsp_error err = {0};
    struct nvrm_abi abi;
    uint8_t *bytes;
    size_t size;
    json_t *doc;
    int rc;

    if (argc != 3)
        return cli_usage(cli, "log elf FILE", "log elf takes the file to write");
    if (cli_abi(cli, &abi, &err) < 0)
        return cli_fail(cli, &err);
    rc = emu_logging_elf(nvrm_release_name(abi.schema, abi.release), &bytes, &size);
    if (rc < 0)
        return cli_out_of_memory(cli);
    rc = fw_file_write(argv[2], bytes, size, (struct fw_write){force, cli->options.dry_run},
                       &err);
    free(bytes);
    if (rc < 0)
        return cli_fail(cli, &err);
    doc = json_pack("{s:s, s:s, s:I, s:b}", "file", argv[2], "release",
                    nvrm_release_name(abi.schema, abi.release), "bytes", (json_int_t)size,
                    "written", !cli->options.dry_run);
    return cli_emit(cli, &(struct cli_doc){.json = doc, .text = print_written});
}

static int
cmd_log_run(struct cli *cli, int argc, char **argv)
{
    struct log_options o = {.raw = cli_flag(&argc, argv, "--raw"),
                            .counts = cli_flag(&argc, argv, "--count"),
                            .force = cli_flag(&argc, argv, "--force")};
    int rc = cli_value(cli, &argc, argv, "--elf", &o.elf);

    if (rc == CLI_OK)
        rc = cli_value(cli, &argc, argv, "--save", &o.save);
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_log, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (!strcmp(argv[1], "gsp"))
        return log_gsp(cli, argc, argv, &o);
    if (!strcmp(argv[1], "elf"))
        return log_elf(cli, argc, argv, o.force);
    return cli_usage(cli, "legal: gsp, elf", "there is no log '%s'", argv[1]);
}

const struct nvrm_cmd cmd_log = {
    .name = "log",
    .args = "gsp [FILE...], or elf FILE",
    .options = "--elf FILE, --save FILE, --force, --raw, --count",
    .help = "what GSP-RM's tasks logged, from files or from the open card",
    .min_args = 1,
    .max_args = -1,
    .run = cmd_log_run,
};
