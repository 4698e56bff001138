/* SPDX-License-Identifier: MIT */
/*
 * trace learn: what traces say about calls that the schema does not describe: ids, sizes,
 * objects, results, values. It goes into a file of its own and never into the schema: what was
 * seen is not what is meant.
 *
 * A section of a trace counts once, however often it is given.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace_exec.h"
#include "trace_verbs.h"

#define FORMAT "nvrm-observations"

enum { WORDS = 64, VALUES = 8 };

struct learn {
    json_t *doc, *seen, *sections; /* of the doc, borrowed */
    struct trace_objects *objects;
    bool counts; /* this section does */
    uint64_t added;
};

/* Parts of the document */

static json_t *
child(json_t *parent, const char *key, json_t *(*make)(void))
{
    json_t *v = json_object_get(parent, key);

    if (!v) {
        v = make();
        json_object_set_new(parent, key, v);
    }
    return v;
}

static void
count(json_t *parent, const char *key, const char *what)
{
    json_t *counts = child(parent, key, json_object);

    json_object_set_new(counts, what,
                        json_integer(json_integer_value(json_object_get(counts, what)) + 1));
}

/* One more value of a word: a list, or "many". */
static void
add_value(json_t *words, unsigned at, uint32_t value)
{
    char key[16], text[16];
    json_t *list, *old;
    size_t i;

    snprintf(key, sizeof(key), "0x%x", at);
    snprintf(text, sizeof(text), "0x%x", value);
    list = child(words, key, json_array);
    if (!json_is_array(list))
        return;
    json_array_foreach(list, i, old)
    {
        if (json_is_string(old) && !strcmp(json_string_value(old), text))
            return;
    }
    if (json_array_size(list) == VALUES)
        json_object_set_new(words, key, json_string("many"));
    else
        json_array_append_new(list, json_string(text));
}

static void
add_words(json_t *entry, const char *key, const struct gsp_trace_piece *p)
{
    json_t *words = p->bytes >= 4 ? child(entry, key, json_object) : NULL;

    for (unsigned at = 0; words && at + 4 <= p->bytes && at < 4 * WORDS; at += 4) {
        uint32_t value;

        memcpy(&value, (const uint8_t *)p->data + at, 4);
        add_value(words, at, value);
    }
}

/* Calls */

static const char *
object_class(const struct learn *l, struct nvrm_abi abi, const struct gsp_trace_record *call,
             char room[16])
{
    const struct nvrm_class *c;
    uint32_t hClass;

    if (!trace_objects_class(l->objects, (uint32_t)call->arg[0], (uint32_t)call->arg[1],
                             &hClass))
        return "?";
    c = nvrm_class_by_id(abi, hClass);
    if (c)
        return nvrm_str(abi.schema, c->name);
    snprintf(room, 16, "0x%04x", hClass);
    return room;
}

static void
observe(struct learn *l, struct nvrm_abi abi, const char *name,
        const struct gsp_trace_record *r, const char *on)
{
    const struct gsp_trace_piece in = gsp_trace_exchanged(r, GSP_TRACE_IN);
    const struct gsp_trace_piece out = gsp_trace_exchanged(r, GSP_TRACE_OUT);
    json_t *entry = child(l->seen, name, json_object);
    char room[64];

    json_object_set_new(entry, "calls",
                        json_integer(json_integer_value(json_object_get(entry, "calls")) + 1));
    count(entry, "releases", nvrm_release_name(abi.schema, abi.release));
    if (on)
        count(entry, "on", on);
    snprintf(room, sizeof(room), "%zu", in.bytes);
    count(entry, "sizes", room);
    count(entry, "results", gsp_trace_result(abi, r, room));
    add_words(entry, "in", &in);
    add_words(entry, "out", &out);
    l->added++;
}

/* A control that has no layout, or came with more or less than it has. */
static bool
control_is_news(struct nvrm_abi abi, const struct gsp_trace_record *call)
{
    const struct nvrm_layout *layout = gsp_trace_layout(abi, call);
    const size_t bytes = gsp_trace_exchanged(call, GSP_TRACE_IN).bytes;

    if (!nvrm_control_by_id(abi, (uint32_t)call->arg[2]))
        return true;
    if (!bytes)
        return false;
    return layout ? bytes < layout->size ||
                        (bytes > layout->size && !(layout->flags & NVRM_LAYOUT_TAIL))
                  : true;
}

static void
learn_call(struct learn *l, struct nvrm_abi abi, const struct gsp_trace_record *call)
{
    char name[128], small[64], room[16];
    const char *unknown, *known;

    if (call->type == GSP_TRACE_CONTROL && control_is_news(abi, call)) {
        unknown = trace_unknown_control(abi, (uint32_t)call->arg[2], small);
        known = unknown ? unknown : gsp_trace_name(abi, call, small);
        snprintf(name, sizeof(name), "%s%s", strncmp(known, "control ", 8) ? "control " : "",
                 known);
        observe(l, abi, name, call, object_class(l, abi, call, room));
    } else if (call->type == GSP_TRACE_ALLOC && call->arg[3] != 0 &&
               !nvrm_class_by_id(abi, (uint32_t)call->arg[3])) {
        snprintf(name, sizeof(name), "class 0x%04x", (uint32_t)call->arg[3]);
        observe(l, abi, name, call, object_class(l, abi, call, room));
    }
    trace_objects_note(l->objects, call);
}

static void
learn_record(struct learn *l, const struct gsp_trace_section *section, struct nvrm_abi abi,
             const struct gsp_trace_record *r)
{
    const bool os = r->type == GSP_TRACE_IOCTL || r->type == GSP_TRACE_UVM;
    struct gsp_trace_record call;
    char name[64];

    if (os && !gsp_trace_escape(abi, r) && r->args > 1) {
        snprintf(name, sizeof(name), "%s 0x%llx", r->type == GSP_TRACE_UVM ? "uvm" : "escape",
                 (unsigned long long)(r->type == GSP_TRACE_UVM ? r->arg[1] : r->arg[1] & 0xff));
        observe(l, abi, name, r, NULL);
    } else if (os) {
        if (!(section->levels & GSP_TRACE_LEVEL_BACKEND) && gsp_trace_ioctl_call(abi, r, &call))
            learn_call(l, abi, &call);
    } else if (r->type >= GSP_TRACE_ALLOC && r->type <= GSP_TRACE_IMPORT) {
        learn_call(l, abi, r);
    }
}

/* Sections */

static void
section_key(const struct gsp_trace_section *s, char key[96])
{
    snprintf(key, 96, "%s %llu %u", s->release, (unsigned long long)s->start_unix_ns, s->pid);
}

static void
begin_section(struct learn *l, const struct trace_input *in)
{
    const struct gsp_trace_section *s = gsp_trace_section(in->reader);
    const bool known = gsp_trace_abi(in->reader).release != NVRM_NO_RELEASE;
    char key[96];

    section_key(s, key);
    l->counts = known && !json_object_get(l->sections, key);
    if (!known)
        cli_note(in->cli,
                 "%s: section %u is of release %s, which is not known: nothing is "
                 "learnt from it",
                 in->path, gsp_trace_section_number(in->reader), s->release);
    if (l->counts)
        json_object_set_new(l->sections, key, json_string(s->program));
    trace_objects_destroy(l->objects);
    l->objects = trace_objects_create();
}

static int
learn_file(struct cli *cli, struct learn *l, const char *path)
{
    struct gsp_trace_record r;
    struct trace_input in;
    int rc = trace_input_open(cli, path, &in);

    if (rc != CLI_OK)
        return rc;
    while ((rc = trace_input_next(&in, &r)) == CLI_OK) {
        if (r.type == GSP_TRACE_SECTION)
            begin_section(l, &in);
        else if (l->counts && l->objects)
            learn_record(l, gsp_trace_section(in.reader), gsp_trace_abi(in.reader), &r);
    }
    trace_input_close(&in);
    return rc < 0 ? CLI_OK : rc;
}

/* The file */

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* By name, so that the order of traces makes no difference. */
static json_t *
sorted(const json_t *object)
{
    const size_t n = json_object_size(object);
    const char **keys = calloc(n + 1, sizeof(*keys));
    json_t *to = json_object(), *value;
    const char *key;
    size_t i = 0;

    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (keys)
            keys[i++] = key;
    }
    if (i)
        qsort(keys, i, sizeof(*keys), by_name);
    for (size_t k = 0; k < i; k++)
        json_object_set(to, keys[k], json_object_get(object, keys[k]));
    free(keys);
    return to;
}

static json_t *
load(const char *path, struct gsp_error *err)
{
    json_t *doc;

    if (!path || access(path, F_OK) != 0)
        return json_pack("{s:s, s:i, s:{}, s:{}}", "format", FORMAT, "version", 1, "sections",
                         "seen");
    doc = cli_load_file(path, err);
    if (!doc)
        return NULL;
    if (!strcmp(cli_str(doc, "format"), FORMAT) &&
        json_integer_value(json_object_get(doc, "version")) == 1 &&
        json_is_object(json_object_get(doc, "sections")) &&
        json_is_object(json_object_get(doc, "seen")))
        return doc;
    json_decref(doc);
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s holds no observations", path);
    gsp_hint(err, "name a new file, or one that trace learn wrote");
    return NULL;
}

/* Whole or not at all. */
static int
save(const json_t *doc, const char *path, struct gsp_error *err)
{
    char other[4096];
    FILE *f;
    int rc;

    snprintf(other, sizeof(other), "%s.%d", path, getpid());
    f = fopen(other, "wxe");
    rc = f ? 0 : -errno;
    if (f) {
        fputs("# What traces showed, written by `nvrm-cli trace learn`. Not part of the "
              "schema.\n",
              f);
        rc = cli_yaml_write(doc, f);
        if (fclose(f) != 0 && rc == 0)
            rc = -errno;
        if (rc == 0 && rename(other, path) < 0)
            rc = -errno;
        if (rc < 0)
            unlink(other);
    }
    if (rc == 0)
        return 0;
    gsp_fail(err, GSP_ORIGIN_INPUT, rc, "%s: %s", path, strerror(-rc));
    gsp_hint(err, "name a file that can be created and written");
    return rc;
}

static void
print_seen(struct cli *cli, const json_t *doc)
{
    json_t *entry, *counts;
    const char *name, *key;

    json_object_foreach(json_object_get(doc, "seen"), name, entry)
    {
        fprintf(cli->out, "%s: %lld calls, bytes", name,
                (long long)json_integer_value(json_object_get(entry, "calls")));
        json_object_foreach(json_object_get(entry, "sizes"), key, counts)
            fprintf(cli->out, " %s", key);
        json_object_foreach(json_object_get(entry, "results"), key, counts)
            fprintf(cli->out, ", %s", key);
        fputc('\n', cli->out);
    }
}

static int
finish(struct cli *cli, struct learn *l, const char *path)
{
    struct gsp_error err = {0};

    json_object_set_new(l->doc, "sections", sorted(l->sections));
    json_object_set_new(l->doc, "seen", sorted(l->seen));
    if (!path)
        return cli_emit(cli,
                        &(struct cli_doc){.json = json_incref(l->doc), .text = print_seen});
    if (save(l->doc, path, &err) < 0)
        return cli_fail(cli, &err);
    cli_note(cli, "%s: %llu calls more, %zu names", path, (unsigned long long)l->added,
             json_object_size(json_object_get(l->doc, "seen")));
    return CLI_OK;
}

static const struct nvrm_cmd usage = {
    .name = "trace learn", .args = "FILE... [-o OBS.yaml]", .min_args = 1, .max_args = -1};

int
trace_learn(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct learn l = {0};
    char *path;
    int rc = cli_value(cli, &argc, argv, "-o", &path);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &usage, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    l.doc = load(path, &err);
    if (!l.doc)
        return cli_fail(cli, &err);
    l.seen = json_object_get(l.doc, "seen");
    l.sections = json_object_get(l.doc, "sections");
    for (int i = 1; i < argc && rc == CLI_OK; i++)
        rc = learn_file(cli, &l, argv[i]);
    if (rc == CLI_OK)
        rc = finish(cli, &l, path);
    trace_objects_destroy(l.objects);
    json_decref(l.doc);
    return rc;
}
