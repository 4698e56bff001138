/* SPDX-License-Identifier: MIT */
/*
 * Completion: which words may follow is a row per verb, where the words come from is a source.
 */
#include <stdlib.h>
#include <string.h>

#include <emu/emu.h>
#include <nvrm/bind.h>
#include <nvrm/reg.h>
#include <rm/name.h>

#include "complete.h"
#include "describe.h"
#include "place.h"
#include "session.h"

/* A word that is being completed. */
struct wish {
    struct place at;
    const char *text;
    bool anywhere; /* match inside the word, not only at its start */
    struct completions *out;
};

static void
take(struct wish *p, const char *word)
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
fits(const struct wish *p, const char *word, const char *typed)
{
    return p->anywhere ? strcasestr(word, typed) != NULL
                       : strncasecmp(word, typed, strlen(typed)) == 0;
}

static void
offer(struct wish *p, const char *word)
{
    if (fits(p, word, p->text))
        take(p, word);
}

static void
offer_list(struct wish *p, const char *const *list)
{
    for (; *list; list++)
        offer(p, *list);
}

static void source_fields(struct wish *p);

static void
source_objects(struct wish *p)
{
    static const char *const always[] = {"root", "device", "subdevice", NULL};
    const char *name;

    offer_list(p, always);
    for (unsigned i = 0; p->at.cli->session && (name = session_name_at(p->at.cli->session, i));
         i++) {
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
source_handles(struct wish *p)
{
    source_objects(p);
    if (p->at.cli->session)
        rm_tree_walk(session_client(p->at.cli->session), offer_handle, p);
}

static void
source_classes(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_class_count(p->at.abi.schema); i++) {
        const struct nvrm_class *c = nvrm_class_at(p->at.abi, i);

        if (c)
            offer(p, nvrm_str(p->at.abi.schema, c->name));
    }
}

/* The parent, or a class whose parent is left out. */
static void
source_parents(struct wish *p)
{
    source_objects(p);
    if (*p->text)
        source_classes(p);
}

static void
source_class_or_fields(struct wish *p)
{
    if (place_layout(&p->at))
        source_fields(p);
    else
        source_classes(p);
}

static void
source_controls(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_control_count(p->at.abi.schema); i++) {
        const struct nvrm_control *c = nvrm_control_at(p->at.abi, i);

        if (c)
            offer(p, nvrm_str(p->at.abi.schema, c->name));
    }
}

static void
source_rpcs(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_rpc_count(p->at.abi.schema); i++) {
        const struct nvrm_rpc *r = nvrm_rpc_at(p->at.abi, i);

        if (r && !r->is_event)
            offer(p, nvrm_str(p->at.abi.schema, r->name));
    }
}

static void
source_statuses(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_status_count(p->at.abi.schema); i++) {
        const struct nvrm_const *c = nvrm_status_at(p->at.abi, i);

        if (c)
            offer(p, nvrm_str(p->at.abi.schema, c->name));
    }
}

static void
source_structs(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_struct_count(p->at.abi.schema); i++)
        offer(p, nvrm_struct_name(p->at.abi.schema, (uint16_t)i));
}

static void
source_names(struct wish *p)
{
    source_controls(p);
    source_classes(p);
    source_rpcs(p);
    source_statuses(p);
    source_structs(p);
}

static void
source_releases(struct wish *p)
{
    for (unsigned r = 0; r < nvrm_release_count(p->at.abi.schema); r++)
        offer(p, nvrm_release_name(p->at.abi.schema, (nvrm_release)r));
}

static void
offer_constants(struct wish *p, const char *prefix)
{
    for (unsigned i = 0; i < nvrm_constant_count(p->at.abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(p->at.abi, i);
        const char *name = c ? nvrm_str(p->at.abi.schema, c->name) : "";

        if (c && !c->is_range && !strncmp(name, prefix, strlen(prefix)))
            offer(p, name + strlen(prefix));
    }
}

static void
source_notifiers(struct wish *p)
{
    offer_constants(p, "NV2080_NOTIFIERS_");
}

static void
source_event(struct wish *p)
{
    static const char *const verbs[] = {"watch", NULL};

    offer_list(p, verbs);
}

static void
source_kinds(struct wish *p)
{
    static const char *const kinds[] = {"status", "class", "ctl", "rpc", "xid", NULL};

    offer_list(p, kinds);
}

static void
source_xids(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_constant_count(p->at.abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(p->at.abi, i);
        const char *name = c ? describe_xid_name(p->at.abi, c) : NULL;

        if (name)
            offer(p, name);
    }
}

/* explain's second word depends on its first. */
static void
source_explained(struct wish *p)
{
    const char *kind = p->at.argv[1];

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
source_schema(struct wish *p)
{
    static const char *const verbs[] = {"list",  "show",   "search",      "diff",   "stat",
                                        "check", "export", "fingerprint", "import", NULL};

    offer_list(p, verbs);
}

static void
source_schema_words(struct wish *p)
{
    static const char *const kinds[] = {"releases",  "chips", "controls", "classes",
                                        "structs",   "rpcs",  "statuses", "escapes",
                                        "constants", NULL};
    const char *verb = p->at.argv[1];

    if (!strcmp(verb, "list"))
        offer_list(p, kinds);
    else if (!strcmp(verb, "diff") || !strcmp(verb, "stat") || !strcmp(verb, "check"))
        source_releases(p);
    else
        source_names(p);
}

static void
source_languages(struct wish *p)
{
    const char *language;

    for (unsigned i = 0; (language = nvrm_bind_language_name(i)); i++)
        offer(p, language);
}

static void
source_verbs(struct wish *p)
{
    static const char *const own[] = {"exit", NULL};
    const struct nvrm_cmd *cmd;

    for (unsigned i = 0; (cmd = cli_cmd_at(i)); i++)
        offer(p, cmd->name);
    offer_list(p, own);
}

static void
source_registers(struct wish *p)
{
    const char *last = "";

    for (unsigned i = 0; i < nvrm_reg_count; i++) {
        if (strcmp(last, nvrm_regs[i].name))
            offer(p, nvrm_regs[i].name);
        last = nvrm_regs[i].name;
    }
}

static void
source_help(struct wish *p)
{
    source_verbs(p);
    source_names(p);
    source_registers(p);
    source_xids(p);
}

static void
source_files(struct wish *p)
{
    p->out->files = true;
}

/* Words filter by class and name; some options take files. */
static void
source_tree(struct wish *p)
{
    for (int i = 1; i < p->at.argc; i++) {
        if (!strcmp(p->at.argv[i], "--diff") || !strcmp(p->at.argv[i], "--from")) {
            source_files(p);
            return;
        }
    }
    source_objects(p);
    if (*p->text)
        source_classes(p);
}

static void
source_variables(struct wish *p)
{
    const char *name;
    json_t *value;

    json_object_foreach(p->at.cli->vars, name, value) offer(p, name);
}

/* "prefix + field + '='", or "[0]." where the field goes on inside; JSON wants the bare name.
 */
static void
offer_field(struct wish *p, const struct nvrm_field *f, const char *path, size_t path_bytes)
{
    const bool is_array = f->flags & NVRM_FIELD_ARRAY || !f->count;
    const char *end = f->type == NVRM_STRUCT ? (is_array ? "[0]." : ".")
                      : is_array             ? "[0]="
                                             : "=";
    const char *name = nvrm_str(p->at.abi.schema, f->name);
    char word[320];

    if (p->at.json) {
        if (fits(p, name, path + path_bytes))
            take(p, name);
        return;
    }
    snprintf(word, sizeof(word), "%.*s%s%s", (int)path_bytes, path, name, end);
    offer(p, word);
    p->out->no_space = true;
}

/* What stands before a value stays: "field=", or "flags=A|" of a bit set. */
static void
offer_value(struct wish *p, const char *typed, const char *sign, const char *value)
{
    char word[320];

    if (!fits(p, value, typed + (*typed && *typed == *sign)))
        return;
    if (p->at.json)
        snprintf(word, sizeof(word), "%s%s", sign, value);
    else
        snprintf(word, sizeof(word), "%.*s%s%s", (int)(typed - p->text), p->text, sign, value);
    take(p, word);
}

/* Members of a set by their short names, unless the full one is being typed. */
static void
offer_members(struct wish *p, const struct nvrm_note *n, const char *typed)
{
    const struct nvrm_schema *s = p->at.abi.schema;
    const char *prefix = nvrm_set_prefix(s, n->set);
    const size_t prefix_bytes = strlen(prefix), typed_bytes = strlen(typed);
    const size_t common = typed_bytes < prefix_bytes ? typed_bytes : prefix_bytes;
    const bool full = common >= 3 && !strncasecmp(typed, prefix, common);

    for (unsigned i = 0; i < nvrm_set_count(s, n->set); i++) {
        const struct nvrm_const *c = nvrm_set_at(p->at.abi, n->set, i);
        const char *name = c ? nvrm_str(s, c->name) : "";

        if (c && !c->is_range && strlen(name) > prefix_bytes)
            offer_value(p, typed, "", full ? name : name + prefix_bytes);
    }
}

/* Names that a field's value may have, behind "field=". */
static void
offer_values(struct wish *p, const struct nvrm_field *f)
{
    const struct nvrm_schema *s = p->at.abi.schema;
    const struct nvrm_note *n = nvrm_note_at(s, f->note);
    const char *typed = strchr(p->text, '=') + 1, *bar = strrchr(typed, '|'), *name;

    if (n && n->set_kind == NVRM_SET_BITS) {
        offer_members(p, n, bar ? bar + 1 : typed);
        p->out->no_space = true;
    }
    if (n && n->set_kind == NVRM_SET_ENUM)
        offer_members(p, n, typed);
    for (unsigned i = 0; n && n->set_kind == NVRM_SET_CLASS && i < nvrm_class_count(s); i++) {
        const struct nvrm_class *c = nvrm_class_at(p->at.abi, i);

        if (c)
            offer_value(p, typed, "", nvrm_str(s, c->name));
    }
    if (f->type == NVRM_BOOL) {
        offer_value(p, typed, "", "false");
        offer_value(p, typed, "", "true");
    }
    for (unsigned i = 0; f->type == NVRM_HANDLE && p->at.cli->session &&
                         (name = session_name_at(p->at.cli->session, i));
         i++)
        offer_value(p, typed, "$", name);
}

static void
source_fields(struct wish *p)
{
    const struct nvrm_field *f = place_field(&p->at, p->text), *fields;
    const struct nvrm_layout *layout;
    const char *rest;

    if (strchr(p->text, '=')) {
        if (f)
            offer_values(p, f);
        return;
    }
    layout = place_walk(&p->at, place_layout(&p->at), p->text, &rest);
    if (!layout)
        return;
    fields = nvrm_layout_fields(p->at.abi.schema, layout);
    for (unsigned i = 0; i < layout->fields; i++)
        offer_field(p, &fields[i], p->text, (size_t)(rest - p->text));
}

/* What follows a verb: a source for its first, second and further words. */
static const struct {
    const char *verb;
    void (*sources[3])(struct wish *p);
} verbs[] = {
    {"alloc",   {source_parents, source_class_or_fields, source_fields}  },
    {"ctl",     {source_objects, source_controls, source_fields}         },
    {"free",    {source_handles, NULL, NULL}                             },
    {"dup",     {source_objects, source_handles, NULL}                   },
    {"rpc",     {source_rpcs, source_fields, source_fields}              },
    {"event",   {source_event, source_notifiers, source_notifiers}       },
    {"source",  {source_files, NULL, NULL}                               },
    {"edit",    {source_files, NULL, NULL}                               },
    {"save",    {source_files, NULL, NULL}                               },
    {"vars",    {source_variables, NULL, NULL}                           },
    {"run",     {source_files, NULL, NULL}                               },
    {"tree",    {source_tree, source_tree, source_tree}                  },
    {"explain", {source_kinds, source_explained, NULL}                   },
    {"schema",  {source_schema, source_schema_words, source_schema_words}},
    {"gen",     {source_languages, source_names, source_names}           },
    {"help",    {source_help, source_names, source_names}                },
};

static void
complete_option(struct wish *p)
{
    const struct nvrm_cmd *cmd = p->at.argc ? cli_cmd_find(p->at.argv[0]) : NULL;
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
complete_value(struct wish *p)
{
    static const char *const formats[] = {"text", "json", "jsonl", "yaml", "csv", "raw", NULL};
    const char *last = p->at.option ? p->at.option : "";

    if (!strcmp(last, "-F") || !strcmp(last, "--firmware"))
        source_releases(p);
    else if (!strcmp(last, "-o") || !strcmp(last, "--output"))
        offer_list(p, formats);
    else if (!strcmp(last, "-d") || !strcmp(last, "--device"))
        for (unsigned i = 0; i < emu_chip_count(); i++)
            offer(p, emu_chip_at(i)->name);
    else
        return *last != '\0';
    return true;
}

/* $name: variables, and names of live objects. */
static void
complete_variable(struct wish *p)
{
    const char *name;
    json_t *value;
    char word[128];

    json_object_foreach(p->at.cli->vars, name, value)
    {
        snprintf(word, sizeof(word), "$%s", name);
        offer(p, word);
    }
    for (unsigned i = 0; p->at.cli->session && (name = session_name_at(p->at.cli->session, i));
         i++) {
        snprintf(word, sizeof(word), "$%s", name);
        if (!json_object_get(p->at.cli->vars, name))
            offer(p, word);
    }
}

static void
complete_word(struct wish *p)
{
    if (complete_value(p))
        return;
    if (p->text[0] == '$') {
        complete_variable(p);
        return;
    }
    if (p->text[0] == '-') {
        complete_option(p);
        return;
    }
    if (!p->at.argc) {
        source_verbs(p);
        return;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        const int word = p->at.argc > 3 ? 2 : p->at.argc - 1;

        if (!strcmp(verbs[i].verb, p->at.argv[0]) && verbs[i].sources[word])
            verbs[i].sources[word](p);
    }
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The place of the word behind `before`. The wish goes with place_fini(&p->at). */
static bool
find_wish(struct cli *cli, const char *before, const char *text, struct wish *p)
{
    char *line = NULL;
    bool found;

    if (asprintf(&line, "%s%s", before, text) < 0)
        return false;
    found = place_find(cli, line, &p->at);
    free(line);
    p->text = p->at.text;
    p->anywhere = false;
    p->out = NULL;
    return found;
}

void
complete_line(struct cli *cli, const char *before, const char *text, struct completions *out)
{
    struct wish p;

    memset(out, 0, sizeof(*out));
    if (!find_wish(cli, before, text, &p))
        return;
    p.out = out;
    complete_word(&p);
    if (!out->count && strlen(text) >= 3) {
        p.anywhere = true;
        complete_word(&p);
    }
    if (out->count)
        qsort(out->words, out->count, sizeof(char *), by_text);
    place_fini(&p.at);
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
remark_on_value(const struct wish *p, const struct nvrm_note *n, const char *name, char *buf,
                size_t buf_bytes)
{
    const struct nvrm_schema *s = p->at.abi.schema;
    char full[160];
    uint64_t value;

    if (strrchr(name, '|'))
        name = strrchr(name, '|') + 1;
    snprintf(full, sizeof(full), "%s%s", nvrm_set_prefix(s, n->set), name);
    if (nvrm_constant_find(p->at.abi, full, &value) ||
        nvrm_constant_find(p->at.abi, name, &value))
        snprintf(buf, buf_bytes, "0x%llx", (unsigned long long)value);
}

const char *
complete_remark(struct cli *cli, const char *before, const char *word, char *buf,
                size_t buf_bytes)
{
    const char *equals = strchr(word, '=');
    const struct nvrm_field *f;
    const struct nvrm_note *n;
    char type[160];
    struct wish p;

    buf[0] = '\0';
    if (!strpbrk(word, "=.") || !find_wish(cli, before, word, &p))
        return buf;
    snprintf(type, sizeof(type), "%s", word);
    if (*type && type[strlen(type) - 1] == '.')
        type[strlen(type) - 1] = '\0';
    f = place_field(&p.at, type);
    n = f ? nvrm_note_at(cli->schema, f->note) : NULL;
    if (f && equals && equals[1]) {
        if (n && (n->set_kind == NVRM_SET_ENUM || n->set_kind == NVRM_SET_BITS))
            remark_on_value(&p, n, equals + 1, buf, buf_bytes);
    } else if (f) {
        const char *doc = n && n->doc ? nvrm_str(cli->schema, n->doc) : "";

        describe_type(cli->schema, f, type, sizeof(type));
        snprintf(buf, buf_bytes, "%s%s%s", type, *doc ? "  " : "", doc);
    }
    place_fini(&p.at);
    return buf;
}
