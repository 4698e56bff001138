/* SPDX-License-Identifier: MIT */
/*
 * trace stat: how often, how many bytes and how long, a row per name. Durations are kept as a
 * histogram of 16 steps per power of two, so that memory does not grow with the file and a
 * percentile is right to 5 %.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmds.h"
#include "render.h"
#include "trace_verbs.h"

enum { STEPS = 16, BUCKETS = STEPS * 61 }; /* enough for any 64 bits */

struct row {
    const char *type;
    char name[80];
    uint64_t count, errors, bytes, total_ns, least_ns, most_ns;
    uint32_t *buckets;
};

struct table {
    struct row *rows;
    size_t count, cap;
    size_t *slots; /* row + 1 by hash; twice as many as rows */
    size_t slot_cap;
};

static unsigned
bucket_of(uint64_t ns)
{
    unsigned shift;

    if (ns < STEPS)
        return (unsigned)ns;
    shift = 59 - (unsigned)__builtin_clzll(ns); /* ns >> shift is 16..31 */
    return shift * STEPS + (unsigned)(ns >> shift);
}

/* The middle of a bucket, within what was seen. */
static uint64_t
bucket_ns(unsigned bucket)
{
    const unsigned shift = bucket < 2 * STEPS ? 0 : bucket / STEPS - 1;
    const uint64_t low = (uint64_t)(bucket - shift * STEPS) << shift;

    return low + (((uint64_t)1 << shift) >> 1);
}

static uint64_t
clamp(uint64_t value, uint64_t least, uint64_t most)
{
    return value < least ? least : value > most ? most : value;
}

static uint64_t
percentile_ns(const struct row *row, unsigned percent)
{
    const uint64_t wanted = (row->count * percent + 99) / 100;
    uint64_t seen = 0;

    for (unsigned i = 0; i < BUCKETS; i++) {
        seen += row->buckets[i];
        if (seen >= wanted && row->buckets[i])
            return clamp(bucket_ns(i), row->least_ns, row->most_ns);
    }
    return 0;
}

static size_t
hash_of(const char *type, const char *name)
{
    size_t hash = 5381;

    for (; *type; type++)
        hash = hash * 33 ^ (unsigned char)*type;
    for (; *name; name++)
        hash = hash * 33 ^ (unsigned char)*name;
    return hash;
}

static size_t *
slot_of(const struct table *t, const char *type, const char *name)
{
    size_t i = hash_of(type, name) & (t->slot_cap - 1);

    while (t->slots[i] && (strcmp(t->rows[t->slots[i] - 1].type, type) != 0 ||
                           strcmp(t->rows[t->slots[i] - 1].name, name) != 0))
        i = (i + 1) & (t->slot_cap - 1);
    return &t->slots[i];
}

static bool
grow(struct table *t)
{
    const size_t cap = t->cap ? 2 * t->cap : 64;
    struct row *rows = realloc(t->rows, cap * sizeof(*rows));
    size_t *slots = rows ? calloc(2 * cap, sizeof(*slots)) : NULL;

    if (rows)
        t->rows = rows;
    if (!slots)
        return false;
    free(t->slots);
    t->slots = slots;
    t->cap = cap;
    t->slot_cap = 2 * cap;
    for (size_t i = 0; i < t->count; i++)
        *slot_of(t, rows[i].type, rows[i].name) = i + 1;
    return true;
}

static struct row *
row_of(struct table *t, const char *type, const char *name)
{
    struct row *row;
    size_t *slot;

    if (t->count == t->cap && !grow(t))
        return NULL;
    slot = slot_of(t, type, name);
    if (*slot)
        return &t->rows[*slot - 1];
    row = &t->rows[t->count];
    *row = (struct row){
        .type = type, .least_ns = UINT64_MAX, .buckets = calloc(BUCKETS, sizeof(uint32_t))};
    if (!row->buckets)
        return NULL;
    snprintf(row->name, sizeof(row->name), "%s", name);
    *slot = ++t->count;
    return row;
}

static bool
count_record(struct table *t, struct nvrm_abi abi, const struct gsp_trace_record *r)
{
    const struct gsp_trace_type_info *info = gsp_trace_type_info(r->type);
    char room[64], name[80];
    struct row *row;

    snprintf(name, sizeof(name), "%s", gsp_trace_name(abi, r, room));
    row = row_of(t, info ? info->name : "?", name);
    if (!row)
        return false;
    row->count++;
    row->errors += r->rc < 0 || r->status;
    row->bytes += r->bytes;
    row->total_ns += r->duration_ns;
    row->least_ns = r->duration_ns < row->least_ns ? r->duration_ns : row->least_ns;
    row->most_ns = r->duration_ns > row->most_ns ? r->duration_ns : row->most_ns;
    row->buckets[bucket_of(r->duration_ns)]++;
    return true;
}

static void
table_fini(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->rows[i].buckets);
    free(t->rows);
    free(t->slots);
}

static int
by_time(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->total_ns != y->total_ns)
        return x->total_ns < y->total_ns ? 1 : -1;
    return strcmp(x->name, y->name);
}

static json_t *
us(uint64_t ns)
{
    const uint64_t tenths = ns / 100;

    return json_real((double)tenths / 10);
}

static json_t *
rows_json(struct table *t)
{
    json_t *rows = json_array();
    uint64_t total_ns = 0;

    if (t->count)
        qsort(t->rows, t->count, sizeof(t->rows[0]), by_time);
    for (size_t i = 0; i < t->count; i++)
        total_ns += t->rows[i].total_ns;
    for (size_t i = 0; i < t->count; i++) {
        const struct row *r = &t->rows[i];
        const uint64_t permille = total_ns ? r->total_ns * 1000 / total_ns : 0;

        json_array_append_new(
            rows, json_pack("{s:f, s:o, s:I, s:I, s:I, s:o, s:o, s:s, s:s}", "time_percent",
                            (double)permille / 10, "total_us", us(r->total_ns), "calls",
                            (json_int_t)r->count, "errors", (json_int_t)r->errors, "bytes",
                            (json_int_t)r->bytes, "p50_us", us(percentile_ns(r, 50)), "p99_us",
                            us(percentile_ns(r, 99)), "type", r->type, "name", r->name));
    }
    return rows;
}

/* "2026-11-20T14:55:11.123456789Z" */
static json_t *
wall_time(uint64_t ns)
{
    const time_t seconds = (time_t)(ns / 1000000000u);
    char text[32] = "?";
    struct tm tm;

    if (gmtime_r(&seconds, &tm))
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    return json_sprintf("%s.%09uZ", text, (unsigned)(ns % 1000000000u));
}

static void
add_section(json_t *sections, const struct gsp_trace_reader *reader)
{
    const struct gsp_trace_section *s = gsp_trace_section(reader);

    json_array_append_new(
        sections, json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:o, s:o}", "section",
                            (json_int_t)gsp_trace_section_number(reader), "release", s->release,
                            "chip", s->chip, "transport", s->transport, "program", s->program,
                            "pid", (json_int_t)s->pid, "start", wall_time(s->start_unix_ns),
                            "schema_hash", cli_hex(s->schema_hash)));
}

/* The same rows with one digit behind the point. */
static json_t *
rounded(const json_t *rows)
{
    json_t *copy = json_deep_copy(rows), *row, *value;
    const char *key;
    size_t i;

    json_array_foreach(copy, i, row)
    {
        json_object_foreach(row, key, value)
        {
            if (json_is_real(value))
                json_object_set_new(row, key, json_sprintf("%.1f", json_real_value(value)));
        }
    }
    return copy;
}

static void
print_stat(struct cli *cli, const json_t *doc)
{
    static const struct render_column columns[] = {
        {"time_percent", "% time"  },
        {"total_us",     "total us"},
        {"calls",        "calls"   },
        {"errors",       "errors"  },
        {"bytes",        "bytes"   },
        {"p50_us",       "p50 us"  },
        {"p99_us",       "p99 us"  },
        {"type",         "type"    },
        {"name",         "name"    },
        {NULL,           NULL      }
    };
    json_t *rows = rounded(json_object_get(doc, "names"));
    const json_t *section;
    size_t i;

    json_array_foreach(json_object_get(doc, "sections"), i, section)
    {
        fprintf(cli->out, "section %lld: release %s on %s over %s\n",
                (long long)json_integer_value(json_object_get(section, "section")),
                cli_str(section, "release"), cli_str(section, "chip"),
                cli_str(section, "transport"));
    }
    fprintf(cli->out, "%lld records, %lld bytes, %lld damaged\n\n",
            (long long)json_integer_value(json_object_get(doc, "records")),
            (long long)json_integer_value(json_object_get(doc, "bytes")),
            (long long)json_integer_value(json_object_get(doc, "damaged_bytes")));
    render_table(cli, rows, columns);
    json_decref(rows);
}

static int
count_all(struct trace_input *in, const char *filter, struct table *t, json_t *doc)
{
    json_t *sections = json_object_get(doc, "sections");
    struct gsp_trace_record record;
    uint64_t records = 0, bytes = 0;
    int rc;

    while ((rc = trace_input_next(in, &record)) == CLI_OK) {
        records++;
        bytes += record.bytes;
        if (record.type == GSP_TRACE_SECTION)
            add_section(sections, in->reader);
        else if (record.type >= GSP_TRACE_RPC &&
                 trace_matches(filter, gsp_trace_abi(in->reader), &record) &&
                 !count_record(t, gsp_trace_abi(in->reader), &record))
            return cli_out_of_memory(in->cli);
    }
    json_object_set_new(doc, "records", json_integer((json_int_t)records));
    json_object_set_new(doc, "bytes", json_integer((json_int_t)bytes));
    json_object_set_new(doc, "damaged_bytes",
                        json_integer((json_int_t)gsp_trace_damaged_bytes(in->reader)));
    return rc < 0 ? CLI_OK : rc;
}

static const struct nvrm_cmd usage = {
    .name = "trace stat", .args = "FILE [--filter WORDS]", .min_args = 1, .max_args = 1};

int
trace_stat(struct cli *cli, int argc, char **argv)
{
    struct table table = {0};
    struct trace_input in;
    char *filter;
    json_t *doc;
    int rc = cli_value(cli, &argc, argv, "--filter", &filter);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &usage, &argc, argv);
    if (rc == CLI_OK)
        rc = trace_input_open(cli, argv[1], &in);
    if (rc != CLI_OK)
        return rc;
    doc = json_pack("{s:[]}", "sections");
    rc = count_all(&in, filter, &table, doc);
    trace_input_close(&in);
    if (rc == CLI_OK) {
        json_object_set_new(doc, "names", rows_json(&table));
        if (cli->options.format == CLI_CSV) { /* rows, and nothing around them */
            json_t *rows = json_incref(json_object_get(doc, "names"));

            json_decref(doc);
            doc = rows;
        }
        rc = cli_emit(cli, &(struct cli_doc){.json = doc, .text = print_stat});
    } else {
        json_decref(doc);
    }
    table_fini(&table);
    return rc;
}
