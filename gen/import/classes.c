/* SPDX-License-Identifier: MIT */
/* The import of class headers: every unit of the list is read, completed, counted and written.
 * The definitions of a header must all be found again in its sheet. */
#include "classes_priv.h"
#include "proc.h"

#include <stdlib.h>
#include <string.h>

struct job {
    const struct imp_class_source *src;
    const char *out;
    bool check;
    struct imp_arena arena;
    struct imp_hw_sheet sheets[64];
    struct imp_hw_sheet *done[64];
    struct imp_hw_sheet extra[4]; /* second headers */
    size_t count, extra_count;
    struct imp_error *err;
};

static const struct imp_hw_sheet *
find_sheet(const struct job *job, const char *out)
{
    for (size_t i = 0; out && i < job->count; i++)
        if (!strcmp(job->sheets[i].unit->out, out))
            return &job->sheets[i];
    return NULL;
}

/* Sheets of the same kind may lend records. */
static size_t
earlier(struct job *job, const struct imp_hw_sheet *s)
{
    const size_t kind = strcspn(s->unit->out, "/") + 1;
    size_t n = 0;

    for (const struct imp_hw_sheet *e = job->sheets; e < s; e++)
        if (!strncmp(e->unit->out, s->unit->out, kind))
            job->done[n++] = &job->sheets[e - job->sheets];
    return n;
}

static bool
store(struct job *job, const struct imp_hw_sheet *s)
{
    const char *path = imp_printf(&job->arena, "%s/%s.yaml", job->out, s->unit->out);
    const char *source =
        s->unit->sdk
            ? imp_printf(&job->arena, "tree: open-gpu-kernel-modules, tag: %s",
                         job->src->sdk_tag)
            : imp_printf(&job->arena, "tree: open-gpu-doc, commit: %s", job->src->doc_commit);
    struct imp_buf text = {0}, old = {0};
    bool ok;

    imp_hw_render(&job->arena, s, job->done, earlier(job, s), source, &text);
    if (!job->check)
        ok = imp_write_file(path, text.data, text.len, job->err);
    else
        ok = imp_read_file(path, &old, job->err) &&
             ((old.len == text.len && !memcmp(old.data, text.data, text.len)) ||
              imp_fail(job->err, path, 0, "differs from the headers"));
    imp_buf_fini(&old);
    imp_buf_fini(&text);
    return ok;
}

/* The second header of a unit. */
static bool
read_also(struct job *job, struct imp_hw_sheet *s)
{
    struct imp_hw_sheet *extra = &job->extra[job->extra_count++];

    *extra = (struct imp_hw_sheet){.unit = s->unit};
    if (!imp_hw_read(&job->arena, extra,
                     imp_printf(&job->arena, "%s/%s", job->src->sdk, s->unit->also), job->err))
        return false;
    imp_hw_count(extra);
    if (!imp_hw_complete(extra, job->err))
        return false;
    imp_hw_merge(s, extra);
    return true;
}

static bool
import_unit(struct job *job, const struct imp_hw_unit *unit)
{
    struct imp_hw_sheet *s = &job->sheets[job->count];
    const char *root = unit->sdk ? job->src->sdk : job->src->doc;
    bool ok;

    if (!root)
        return true;
    *s = (struct imp_hw_sheet){.unit = unit, .parent = find_sheet(job, unit->parent)};
    ok = imp_hw_read(&job->arena, s, imp_printf(&job->arena, "%s/%s", root, unit->path),
                     job->err);
    job->count++;
    imp_hw_count(s);
    ok = ok && imp_hw_complete(s, job->err);
    if (ok && unit->also && job->src->sdk)
        ok = read_also(job, s);
    if (!ok)
        return false;
    imp_hw_arrays(s);
    imp_hw_floats(s);
    if (unit->partial && s->parent)
        imp_hw_merge(s, s->parent);
    imp_hw_count(s);
    return true;
}

static void
add_counts(struct imp_class_counts *sum, const struct imp_hw_sheet *s, struct imp_buf *report)
{
    const struct imp_class_counts *n = &s->counts;

    sum->headers++;
    sum->methods += n->methods;
    sum->records += n->records;
    sum->fields += n->fields;
    sum->values += n->values;
    sum->constants += n->constants;
    sum->defines += s->defines;
    if (report)
        imp_buf_printf(report, "| %s | %zu | %zu | %zu | %zu | %zu | %zu |\n", s->unit->out,
                       s->defines, n->methods, n->records, n->fields, n->values, n->constants);
}

bool
imp_classes(const struct imp_class_source *src, const char *out, bool check,
            struct imp_class_counts *counts, struct imp_buf *report, struct imp_error *err)
{
    struct job *job = imp_realloc(NULL, sizeof(*job));
    bool ok = true;

    *job = (struct job){.src = src, .out = out, .check = check, .err = err};
    *counts = (struct imp_class_counts){0};
    if (report)
        imp_buf_str(report, "| header | definitions | methods | records | fields | values | "
                            "constants |\n|---|---|---|---|---|---|---|\n");
    for (const struct imp_hw_unit *u = imp_hw_units; ok && u->path; u++)
        ok = import_unit(job, u);
    for (size_t i = 0; ok && i < job->count; i++) /* nothing is written before all was read */
        ok = store(job, &job->sheets[i]);
    for (size_t i = 0; i < job->count; i++) {
        add_counts(counts, &job->sheets[i], report);
        imp_hw_fini(&job->sheets[i]);
    }
    for (size_t i = 0; i < job->extra_count; i++)
        imp_hw_fini(&job->extra[i]);
    imp_arena_fini(&job->arena);
    free(job);
    return ok;
}
