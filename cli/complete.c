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

#include "complete_priv.h"
#include "describe.h"
#include "help_hw.h"
#include "session.h"
#include "vars.h"

void
wish_take(struct wish *p, const char *word)
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

bool
wish_fits(const struct wish *p, const char *word, const char *typed)
{
    return p->anywhere ? strcasestr(word, typed) != NULL
                       : strncasecmp(word, typed, strlen(typed)) == 0;
}

void
wish_offer(struct wish *p, const char *word)
{
    if (wish_fits(p, word, p->text))
        wish_take(p, word);
}

static void
offer_list(struct wish *p, const char *const *list)
{
    for (; *list; list++)
        wish_offer(p, *list);
}

static void offer_reference(void *ctx, const char *reference);

static void
source_objects(struct wish *p)
{
    static const char *const always[] = {"root", "device", "subdevice", NULL};
    const char *name;

    offer_list(p, always);
    for (unsigned i = 0; p->at.cli->session && (name = session_name_at(p->at.cli->session, i));
         i++) {
        if (strcmp(name, "device") && strcmp(name, "subdevice"))
            wish_offer(p, name);
    }
}

static int
offer_handle(void *ctx, const struct rm_object *o)
{
    char text[16];

    snprintf(text, sizeof(text), "0x%08x", o->handle);
    wish_offer(ctx, text);
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
            wish_offer(p, nvrm_str(p->at.abi.schema, c->name));
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
        complete_fields(p);
    else
        source_classes(p);
}

static void
source_controls(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_control_count(p->at.abi.schema); i++) {
        const struct nvrm_control *c = nvrm_control_at(p->at.abi, i);

        if (c)
            wish_offer(p, nvrm_str(p->at.abi.schema, c->name));
    }
}

static void
source_rpcs(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_rpc_count(p->at.abi.schema); i++) {
        const struct nvrm_rpc *r = nvrm_rpc_at(p->at.abi, i);

        if (r && !r->is_event)
            wish_offer(p, nvrm_str(p->at.abi.schema, r->name));
    }
}

static void
source_statuses(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_status_count(p->at.abi.schema); i++) {
        const struct nvrm_const *c = nvrm_status_at(p->at.abi, i);

        if (c)
            wish_offer(p, nvrm_str(p->at.abi.schema, c->name));
    }
}

static void
source_structs(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_struct_count(p->at.abi.schema); i++)
        wish_offer(p, nvrm_struct_name(p->at.abi.schema, (uint16_t)i));
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
        wish_offer(p, nvrm_release_name(p->at.abi.schema, (nvrm_release)r));
}

static void
offer_constants(struct wish *p, const char *prefix)
{
    for (unsigned i = 0; i < nvrm_constant_count(p->at.abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(p->at.abi, i);
        const char *name = c ? nvrm_str(p->at.abi.schema, c->name) : "";

        if (c && !c->is_range && !strncmp(name, prefix, strlen(prefix)))
            wish_offer(p, name + strlen(prefix));
    }
}

static void
source_notifiers(struct wish *p)
{
    offer_constants(p, "NV2080_NOTIFIERS_");
}

/* With what they start with, as help takes them. */
static void
source_notifier_names(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_constant_count(p->at.abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(p->at.abi, i);
        const char *name = c ? nvrm_str(p->at.abi.schema, c->name) : "";

        if (!strncmp(name, "NV2080_NOTIFIERS_", 17))
            wish_offer(p, name);
    }
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
            wish_offer(p, name);
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
source_policy(struct wish *p)
{
    static const char *const verbs[] = {"show", "check", "quarantine", NULL};

    offer_list(p, verbs);
}

static void
source_languages(struct wish *p)
{
    const char *language;

    for (unsigned i = 0; (language = nvrm_bind_language_name(i)); i++)
        wish_offer(p, language);
    wish_offer(p, "wireshark");
}

static void
source_verbs(struct wish *p)
{
    static const char *const own[] = {"exit", NULL};
    const struct nvrm_cmd *cmd;

    for (unsigned i = 0; (cmd = cli_cmd_at(i)); i++)
        wish_offer(p, cmd->name);
    offer_list(p, own);
}

static void
source_registers(struct wish *p)
{
    const char *last = "";

    for (unsigned i = 0; i < nvrm_reg_count; i++) {
        if (strcmp(last, nvrm_regs[i].name))
            wish_offer(p, nvrm_regs[i].name);
        last = nvrm_regs[i].name;
    }
}

static void
take_name(void *ctx, const char *name)
{
    wish_offer(ctx, name);
}

static void
source_push(struct wish *p)
{
    static const char *const own[] = {"dis", "asm", "lint", NULL};

    offer_list(p, own);
}

static void
source_sass(struct wish *p)
{
    static const char *const own[] = {"dis", "asm", "diff", "forms", "lint", NULL};

    offer_list(p, own);
}

static void
source_mem(struct wish *p)
{
    static const char *const own[] = {"alloc", "free",  "list",  "read", "write", "copy",
                                      "fill",  "heaps", "leaks", "stat", NULL};

    offer_list(p, own);
}

static void
source_chan(struct wish *p)
{
    static const char *const own[] = {"create",       "submit", "wait", "list",
                                      "inject-fault", "free",   NULL};

    offer_list(p, own);
}

static void
source_help(struct wish *p)
{
    help_hw_names(p->text, take_name, p);
    source_verbs(p);
    source_names(p);
    source_registers(p);
    source_xids(p);
    if (strlen(p->text) >= 3)
        source_notifier_names(p);
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
    vars_complete(p->at.cli, p->text, offer_reference, p);
}

/* What follows a verb: a source for its first, second and further words. */
static const struct {
    const char *verb;
    void (*sources[3])(struct wish *p);
} verbs[] = {
    {"alloc",   {source_parents, source_class_or_fields, complete_fields}},
    {"ctl",     {source_objects, source_controls, complete_fields}       },
    {"free",    {source_handles, NULL, NULL}                             },
    {"dup",     {source_objects, source_handles, NULL}                   },
    {"rpc",     {source_rpcs, complete_fields, complete_fields}          },
    {"event",   {source_event, source_notifiers, source_notifiers}       },
    {"source",  {source_files, NULL, NULL}                               },
    {"edit",    {source_files, NULL, NULL}                               },
    {"save",    {source_files, NULL, NULL}                               },
    {"vars",    {source_variables, NULL, NULL}                           },
    {"run",     {source_files, NULL, NULL}                               },
    {"policy",  {source_policy, source_names, source_names}              },
    {"tree",    {source_tree, source_tree, source_tree}                  },
    {"explain", {source_kinds, source_explained, NULL}                   },
    {"schema",  {source_schema, source_schema_words, source_schema_words}},
    {"push",    {source_push, source_files, NULL}                        },
    {"sass",    {source_sass, source_files, source_files}                },
    {"mem",     {source_mem, NULL, NULL}                                 },
    {"chan",    {source_chan, NULL, NULL}                                },
    {"launch",  {source_files, complete_kernels, NULL}                   },
    {"gen",     {source_languages, source_names, source_names}           },
    {"help",    {source_help, source_names, source_names}                },
};

static void
complete_option(struct wish *p)
{
    const struct nvrm_cmd *cmd = p->at.argc ? cli_cmd_find(p->at.argv[0]) : NULL;
    const char *name, *own = cmd && cmd->options ? cmd->options : "";

    for (unsigned i = 0; (name = cli_option_name(i)); i++)
        wish_offer(p, name);
    while ((own = strstr(own, "--"))) {
        char word[32];

        snprintf(word, sizeof(word), "%.*s", (int)strcspn(own, " ,"), own);
        wish_offer(p, word);
        own += 2;
    }
}

/* The emulated chips whole, of the others what they start with. */
static void
source_transports(struct wish *p)
{
    static const char *const kinds[] = {
        "emu", "nvidia", "vfio-user:", "pci:", "replay:", "ssh://", NULL};
    char word[64];

    offer_list(p, kinds);
    for (unsigned i = 0; i < emu_chip_count(); i++) {
        snprintf(word, sizeof(word), "emu:%s", emu_chip_at(i)->name);
        wish_offer(p, word);
    }
    p->out->no_space = true;
}

/* Profiles, and files. */
static void
source_policies(struct wish *p)
{
    static const char *const profiles[] = {"read-only", "standard", "unsafe", NULL};

    offer_list(p, profiles);
    source_files(p);
}

/* The value of an option that stands before. */
static bool
complete_value(struct wish *p)
{
    static const char *const formats[] = {"text", "json", "jsonl", "yaml", "csv", "raw", NULL};
    static const char *const colors[] = {"auto", "always", "never", NULL};
    static const char *const levels[] = {"backend", "rpc", "bus", "ioctl", NULL};
    const char *last = p->at.option ? p->at.option : "";

    if (!strcmp(last, "-F") || !strcmp(last, "--firmware"))
        source_releases(p);
    else if (!strcmp(last, "-o") || !strcmp(last, "--output"))
        offer_list(p, formats);
    else if (!strcmp(last, "--color"))
        offer_list(p, colors);
    else if (!strcmp(last, "--record-level"))
        offer_list(p, levels);
    else if (!strcmp(last, "--record"))
        source_files(p);
    else if (!strcmp(last, "--policy"))
        source_policies(p);
    else if (!strcmp(last, "-t") || !strcmp(last, "--transport"))
        source_transports(p);
    else if (!strcmp(last, "-d") || !strcmp(last, "--device"))
        for (unsigned i = 0; i < emu_chip_count(); i++)
            wish_offer(p, emu_chip_at(i)->name);
    else
        return *last != '\0';
    return true;
}

/* What stands before the name stays: "size=$". */
static void
offer_reference(void *ctx, const char *reference)
{
    struct wish *p = ctx;
    const char *typed = strrchr(p->text, '$') ? strrchr(p->text, '$') + 1 : p->text;
    char word[640];

    if (!wish_fits(p, reference, typed))
        return;
    snprintf(word, sizeof(word), "%.*s%s", (int)(typed - p->text), p->text, reference);
    wish_take(p, word);
    p->out->no_space = p->out->no_space || word[strlen(word) - 1] == '.';
}

/* $name and $name.field, alone or behind "field=". */
static bool
complete_variable(struct wish *p)
{
    const char *dollar = strrchr(p->text, '$');

    if (!dollar || p->at.json || (dollar > p->text && dollar[-1] != '=') || dollar[1] == '{')
        return false;
    vars_complete(p->at.cli, dollar + 1, offer_reference, p);
    return true;
}

/* A verb without a row: the alternatives that its usage starts with ("show|stat|diff ..."),
 * then files. */
static void
complete_usage(struct wish *p)
{
    const struct nvrm_cmd *cmd = cli_cmd_find(p->at.argv[0]);
    const char *at = cmd ? cmd->args : "", *end = at + strcspn(at, " ,");
    char word[64];

    if (p->at.argc > 1) {
        source_files(p);
        return;
    }
    while (at < end && *at >= 'a' && *at <= 'z') {
        const size_t bytes = strcspn(at, "| ,");

        snprintf(word, sizeof(word), "%.*s", (int)bytes, at);
        wish_offer(p, word);
        at += bytes + 1;
    }
}

static void
complete_word(struct wish *p)
{
    if (complete_value(p))
        return;
    if (complete_own_value(p) || complete_variable(p))
        return;
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

        if (strcmp(verbs[i].verb, p->at.argv[0]))
            continue;
        if (verbs[i].sources[word])
            verbs[i].sources[word](p);
        return;
    }
    complete_usage(p);
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
