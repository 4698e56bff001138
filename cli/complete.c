/* SPDX-License-Identifier: MIT */
/*
 * Completion: which words may follow is a row per verb, where the words come from is a source.
 */
#include <stdlib.h>
#include <string.h>

#include <emu/emu.h>
#include <rm/name.h>

#include "complete.h"
#include "describe.h"
#include "line.h"
#include "session.h"

/* The line so far. */
struct place {
    struct cli *cli;
    struct nvrm_abi abi;
    int argc; /* words before the one that is completed */
    char **argv;
    const char *text;
    bool anywhere; /* match inside the word, not only at its start */
    struct completions *out;
};

static void
take(struct place *p, const char *word)
{
    struct completions *c = p->out;

    if (c->count == c->cap) {
        const size_t cap = c->cap ? 2 * c->cap : 64;
        char **words = realloc(c->words, cap * sizeof(*words));

        if (!words)
            return;
        c->words = words;
        c->cap = cap;
    }
    c->words[c->count] = strdup(word);
    c->count += c->words[c->count] != NULL;
}

static bool
fits(const struct place *p, const char *word, const char *typed)
{
    return p->anywhere ? strcasestr(word, typed) != NULL
                       : strncasecmp(word, typed, strlen(typed)) == 0;
}

static void
offer(struct place *p, const char *word)
{
    if (fits(p, word, p->text))
        take(p, word);
}

static void
offer_list(struct place *p, const char *const *list)
{
    for (; *list; list++)
        offer(p, *list);
}

static void
source_objects(struct place *p)
{
    static const char *const always[] = {"root", "device", "subdevice", NULL};
    const char *name;

    offer_list(p, always);
    for (unsigned i = 0; p->cli->session && (name = session_name_at(p->cli->session, i)); i++) {
        if (strcmp(name, "device") && strcmp(name, "subdevice"))
            offer(p, name);
    }
}

static int
offer_handle(void *ctx, const struct rm_object *o)
{
    char text[16];

    snprintf(text, sizeof(text), "0x%08x", o->handle);
    offer(ctx, text);
    return 0;
}

static void
source_handles(struct place *p)
{
    source_objects(p);
    if (p->cli->session)
        rm_tree_walk(session_client(p->cli->session), offer_handle, p);
}

static void
source_classes(struct place *p)
{
    for (unsigned i = 0; i < nvrm_class_count(p->abi.schema); i++) {
        const struct nvrm_class *c = nvrm_class_at(p->abi, i);

        if (c)
            offer(p, nvrm_str(p->abi.schema, c->name));
    }
}

static void
source_controls(struct place *p)
{
    for (unsigned i = 0; i < nvrm_control_count(p->abi.schema); i++) {
        const struct nvrm_control *c = nvrm_control_at(p->abi, i);

        if (c)
            offer(p, nvrm_str(p->abi.schema, c->name));
    }
}

static void
source_rpcs(struct place *p)
{
    for (unsigned i = 0; i < nvrm_rpc_count(p->abi.schema); i++) {
        const struct nvrm_rpc *r = nvrm_rpc_at(p->abi, i);

        if (r && !r->is_event)
            offer(p, nvrm_str(p->abi.schema, r->name));
    }
}

static void
source_statuses(struct place *p)
{
    for (unsigned i = 0; i < nvrm_status_count(p->abi.schema); i++) {
        const struct nvrm_const *c = nvrm_status_at(p->abi, i);

        if (c)
            offer(p, nvrm_str(p->abi.schema, c->name));
    }
}

static void
source_structs(struct place *p)
{
    for (unsigned i = 0; i < nvrm_struct_count(p->abi.schema); i++)
        offer(p, nvrm_struct_name(p->abi.schema, (uint16_t)i));
}

static void
source_names(struct place *p)
{
    source_controls(p);
    source_classes(p);
    source_rpcs(p);
    source_statuses(p);
    source_structs(p);
}

static void
source_releases(struct place *p)
{
    for (unsigned r = 0; r < nvrm_release_count(p->abi.schema); r++)
        offer(p, nvrm_release_name(p->abi.schema, (nvrm_release)r));
}

static void
offer_constants(struct place *p, const char *prefix)
{
    for (unsigned i = 0; i < nvrm_constant_count(p->abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(p->abi, i);
        const char *name = c ? nvrm_str(p->abi.schema, c->name) : "";

        if (c && !c->is_range && !strncmp(name, prefix, strlen(prefix)))
            offer(p, name + strlen(prefix));
    }
}

static void
source_notifiers(struct place *p)
{
    offer_constants(p, "NV2080_NOTIFIERS_");
}

static void
source_event(struct place *p)
{
    static const char *const verbs[] = {"watch", NULL};

    offer_list(p, verbs);
}

static void
source_kinds(struct place *p)
{
    static const char *const kinds[] = {"status", "class", "ctl", "rpc", "xid", NULL};

    offer_list(p, kinds);
}

static void
source_xids(struct place *p)
{
    for (unsigned i = 0; i < nvrm_constant_count(p->abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(p->abi, i);
        const char *name = c ? describe_xid_name(p->abi, c) : NULL;

        if (name)
            offer(p, name);
    }
}

/* explain's second word depends on its first. */
static void
source_explained(struct place *p)
{
    const char *kind = p->argv[1];

    if (!strcmp(kind, "status"))
        source_statuses(p);
    else if (!strcmp(kind, "class"))
        source_classes(p);
    else if (!strcmp(kind, "ctl"))
        source_controls(p);
    else if (!strcmp(kind, "rpc"))
        source_rpcs(p);
    else
        source_xids(p);
}

static void
source_schema(struct place *p)
{
    static const char *const verbs[] = {"list", "show",  "search", "diff",
                                        "stat", "check", "export", NULL};

    offer_list(p, verbs);
}

static void
source_schema_words(struct place *p)
{
    static const char *const kinds[] = {"releases",  "chips", "controls", "classes",
                                        "structs",   "rpcs",  "statuses", "escapes",
                                        "constants", NULL};
    const char *verb = p->argv[1];

    if (!strcmp(verb, "list"))
        offer_list(p, kinds);
    else if (!strcmp(verb, "diff") || !strcmp(verb, "stat") || !strcmp(verb, "check"))
        source_releases(p);
    else
        source_names(p);
}

static void
source_verbs(struct place *p)
{
    static const char *const own[] = {"exit", NULL};
    const struct nvrm_cmd *cmd;

    for (unsigned i = 0; (cmd = cli_cmd_at(i)); i++)
        offer(p, cmd->name);
    offer_list(p, own);
}

static void
source_help(struct place *p)
{
    source_verbs(p);
    source_names(p);
}

static void
source_files(struct place *p)
{
    p->out->files = true;
}

/* The struct whose fields the call takes. */
static const struct nvrm_layout *
call_layout(const struct place *p)
{
    const struct nvrm_control *control;
    const struct nvrm_class *cls;
    const struct nvrm_rpc *rpc;
    uint32_t id;

    if (p->argc < 2)
        return NULL;
    if (!strcmp(p->argv[0], "rpc"))
        return rm_name_rpc(p->abi, p->argv[1], &rpc, &id, NULL) == 0 && rpc
                   ? nvrm_struct_at(p->abi, rpc->params)
                   : NULL;
    if (p->argc < 3)
        return NULL;
    if (!strcmp(p->argv[0], "alloc"))
        return rm_name_class(p->abi, p->argv[2], &cls, &id, NULL) == 0
                   ? rm_class_layout(p->abi, cls)
                   : NULL;
    return rm_name_control(p->abi, p->argv[2], &control, &id, NULL) == 0 && control
               ? nvrm_struct_at(p->abi, control->params)
               : NULL;
}

/* Follow "a[0].b." of a path into the layouts; *rest_out is what stands behind the last dot. */
static const struct nvrm_layout *
walk_path(const struct place *p, const struct nvrm_layout *layout, const char *path,
          const char **rest_out)
{
    const char *dot;

    while (layout && (dot = strpbrk(path, ".=")) && *dot == '.') {
        const struct nvrm_field *f;
        char name[128];

        snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, ".["), path);
        f = nvrm_field_find(p->abi.schema, layout, name);
        layout = f && f->type == NVRM_STRUCT ? nvrm_layout_at(p->abi.schema, f->ref) : NULL;
        path = dot + 1;
    }
    *rest_out = path;
    return layout;
}

/* "prefix + field + '='", or "[0]." where the field goes on inside. */
static void
offer_field(struct place *p, const struct nvrm_field *f, const char *path, size_t path_bytes)
{
    const bool is_array = f->flags & NVRM_FIELD_ARRAY || !f->count;
    const char *end = f->type == NVRM_STRUCT ? (is_array ? "[0]." : ".")
                      : is_array             ? "[0]="
                                             : "=";
    char word[320];

    snprintf(word, sizeof(word), "%.*s%s%s", (int)path_bytes, path,
             nvrm_str(p->abi.schema, f->name), end);
    offer(p, word);
    p->out->no_space = true;
}

/* What stands before a value stays: "field=", or "flags=A|" of a bit set. */
static void
offer_value(struct place *p, const char *typed, const char *sign, const char *value)
{
    char word[320];

    if (!fits(p, value, typed + (*typed && *typed == *sign)))
        return;
    snprintf(word, sizeof(word), "%.*s%s%s", (int)(typed - p->text), p->text, sign, value);
    take(p, word);
}

/* Members of a set by their short names, unless the full one is being typed. */
static void
offer_members(struct place *p, const struct nvrm_note *n, const char *typed)
{
    const struct nvrm_schema *s = p->abi.schema;
    const char *prefix = nvrm_set_prefix(s, n->set);
    const size_t prefix_bytes = strlen(prefix), typed_bytes = strlen(typed);
    const size_t common = typed_bytes < prefix_bytes ? typed_bytes : prefix_bytes;
    const bool full = common >= 3 && !strncasecmp(typed, prefix, common);

    for (unsigned i = 0; i < nvrm_set_count(s, n->set); i++) {
        const struct nvrm_const *c = nvrm_set_at(p->abi, n->set, i);
        const char *name = c ? nvrm_str(s, c->name) : "";

        if (c && !c->is_range && strlen(name) > prefix_bytes)
            offer_value(p, typed, "", full ? name : name + prefix_bytes);
    }
}

/* Names that a field's value may have, behind "field=". */
static void
offer_values(struct place *p, const struct nvrm_field *f)
{
    const struct nvrm_schema *s = p->abi.schema;
    const struct nvrm_note *n = nvrm_note_at(s, f->note);
    const char *typed = strchr(p->text, '=') + 1, *bar = strrchr(typed, '|'), *name;

    if (n && n->set_kind == NVRM_SET_BITS) {
        offer_members(p, n, bar ? bar + 1 : typed);
        p->out->no_space = true;
    }
    if (n && n->set_kind == NVRM_SET_ENUM)
        offer_members(p, n, typed);
    for (unsigned i = 0; n && n->set_kind == NVRM_SET_CLASS && i < nvrm_class_count(s); i++) {
        const struct nvrm_class *c = nvrm_class_at(p->abi, i);

        if (c)
            offer_value(p, typed, "", nvrm_str(s, c->name));
    }
    if (f->type == NVRM_BOOL) {
        offer_value(p, typed, "", "false");
        offer_value(p, typed, "", "true");
    }
    for (unsigned i = 0; f->type == NVRM_HANDLE && p->cli->session &&
                         (name = session_name_at(p->cli->session, i));
         i++)
        offer_value(p, typed, "$", name);
}

static const struct nvrm_field *
field_of(const struct place *p, const char *word, const struct nvrm_layout **layout_out)
{
    const char *rest;
    char name[128];

    *layout_out = walk_path(p, call_layout(p), word, &rest);
    if (!*layout_out)
        return NULL;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(rest, "[=."), rest);
    return nvrm_field_find(p->abi.schema, *layout_out, name);
}

static void
source_fields(struct place *p)
{
    const struct nvrm_layout *layout;
    const struct nvrm_field *f = field_of(p, p->text, &layout), *fields;
    const char *rest;

    if (strchr(p->text, '=')) {
        if (f)
            offer_values(p, f);
        return;
    }
    layout = walk_path(p, call_layout(p), p->text, &rest);
    if (!layout)
        return;
    fields = nvrm_layout_fields(p->abi.schema, layout);
    for (unsigned i = 0; i < layout->fields; i++)
        offer_field(p, &fields[i], p->text, (size_t)(rest - p->text));
}

/* What follows a verb: a source for its first, second and further words. */
static const struct {
    const char *verb;
    void (*sources[3])(struct place *p);
} verbs[] = {
    {"alloc",   {source_objects, source_classes, source_fields}          },
    {"ctl",     {source_objects, source_controls, source_fields}         },
    {"free",    {source_handles, NULL, NULL}                             },
    {"dup",     {source_objects, source_handles, NULL}                   },
    {"rpc",     {source_rpcs, source_fields, source_fields}              },
    {"event",   {source_event, source_notifiers, source_notifiers}       },
    {"run",     {source_files, NULL, NULL}                               },
    {"tree",    {source_files, source_files, NULL}                       },
    {"explain", {source_kinds, source_explained, NULL}                   },
    {"schema",  {source_schema, source_schema_words, source_schema_words}},
    {"help",    {source_help, source_names, source_names}                },
};

static void
complete_option(struct place *p)
{
    const struct nvrm_cmd *cmd = p->argc ? cli_cmd_find(p->argv[0]) : NULL;
    const char *name, *own = cmd && cmd->options ? cmd->options : "";

    for (unsigned i = 0; (name = cli_option_name(i)); i++)
        offer(p, name);
    while ((own = strstr(own, "--"))) {
        char word[32];

        snprintf(word, sizeof(word), "%.*s", (int)strcspn(own, " ,"), own);
        offer(p, word);
        own += 2;
    }
}

/* The value of an option that stands before. */
static bool
complete_value(struct place *p)
{
    static const char *const formats[] = {"text", "json", "jsonl", "yaml", "csv", "raw", NULL};
    const char *last = p->argc ? p->argv[p->argc - 1] : "";

    if (!strcmp(last, "-F") || !strcmp(last, "--firmware"))
        source_releases(p);
    else if (!strcmp(last, "-o") || !strcmp(last, "--output"))
        offer_list(p, formats);
    else if (!strcmp(last, "-d") || !strcmp(last, "--device"))
        for (unsigned i = 0; i < emu_chip_count(); i++)
            offer(p, emu_chip_at(i)->name);
    else
        return false;
    return true;
}

static void
complete_word(struct place *p)
{
    if (complete_value(p))
        return;
    if (p->text[0] == '-') {
        complete_option(p);
        return;
    }
    if (!p->argc) {
        source_verbs(p);
        return;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        const int word = p->argc > 3 ? 2 : p->argc - 1;

        if (!strcmp(verbs[i].verb, p->argv[0]) && verbs[i].sources[word])
            verbs[i].sources[word](p);
    }
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
find_place(struct cli *cli, const char *before, const char *text, struct place *p)
{
    struct gsp_error err = {0};

    *p = (struct place){.cli = cli, .text = text};
    if (cli_abi(cli, &p->abi, &err) < 0)
        p->abi = (struct nvrm_abi){cli->schema, nvrm_release_newest(cli->schema)};
    p->argc = line_split(before, &p->argv, &err);
    return p->argc >= 0;
}

void
complete_line(struct cli *cli, const char *before, const char *text, struct completions *out)
{
    struct place p;

    memset(out, 0, sizeof(*out));
    if (!find_place(cli, before, text, &p))
        return;
    p.out = out;
    complete_word(&p);
    if (!out->count && strlen(text) >= 3) {
        p.anywhere = true;
        complete_word(&p);
    }
    if (out->count)
        qsort(out->words, out->count, sizeof(char *), by_text);
    line_free(p.argv);
}

void
completions_fini(struct completions *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->words[i]);
    free(c->words);
    memset(c, 0, sizeof(*c));
}

/* "FIELD=NAME": the number behind the name. */
static void
remark_on_value(const struct place *p, const struct nvrm_note *n, const char *name, char *buf,
                size_t buf_bytes)
{
    const struct nvrm_schema *s = p->abi.schema;
    char full[160];
    uint64_t value;

    if (strrchr(name, '|'))
        name = strrchr(name, '|') + 1;
    snprintf(full, sizeof(full), "%s%s", nvrm_set_prefix(s, n->set), name);
    if (nvrm_constant_find(p->abi, full, &value) || nvrm_constant_find(p->abi, name, &value))
        snprintf(buf, buf_bytes, "0x%llx", (unsigned long long)value);
}

const char *
complete_remark(struct cli *cli, const char *before, const char *word, char *buf,
                size_t buf_bytes)
{
    const char *equals = strchr(word, '=');
    const struct nvrm_layout *layout;
    const struct nvrm_field *f;
    const struct nvrm_note *n;
    char type[160];
    struct place p;

    buf[0] = '\0';
    if (!strpbrk(word, "=.") || !find_place(cli, before, word, &p))
        return buf;
    snprintf(type, sizeof(type), "%s", word);
    if (*type && type[strlen(type) - 1] == '.')
        type[strlen(type) - 1] = '\0';
    f = field_of(&p, type, &layout);
    n = f ? nvrm_note_at(cli->schema, f->note) : NULL;
    if (f && equals && equals[1]) {
        if (n && (n->set_kind == NVRM_SET_ENUM || n->set_kind == NVRM_SET_BITS))
            remark_on_value(&p, n, equals + 1, buf, buf_bytes);
    } else if (f) {
        const char *doc = n && n->doc ? nvrm_str(cli->schema, n->doc) : "";

        describe_type(cli->schema, f, type, sizeof(type));
        snprintf(buf, buf_bytes, "%s%s%s", type, *doc ? "  " : "", doc);
    }
    line_free(p.argv);
    return buf;
}
