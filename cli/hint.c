/* SPDX-License-Identifier: MIT */
/*
 * What the hint line says. Candidates come from completion; this file adds what they mean.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>

#include "cmds.h"
#include "complete.h"
#include "describe.h"
#include "hint.h"
#include "place.h"
#include "session.h"
#include "vars.h"

enum { MOST_VALUES = 24, MOST_NAMES = 16 };

struct hint {
    struct place at;
    char *out;
    size_t bytes, used;
};

static void __attribute__((format(printf, 2, 3))) say(struct hint *h, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(h->out + h->used, h->bytes - h->used, format, args);
    va_end(args);
    if (n > 0)
        h->used = h->used + (size_t)n < h->bytes ? h->used + (size_t)n : h->bytes - 1;
}

/* The words of a usage line from the n-th on. */
static const char *
usage_from(const char *args, int n)
{
    while (n-- > 0 && *args) {
        const size_t bytes = strcspn(args, " ");

        /* An optional word such as [PARENT] is one word; [FIELD=VALUE...] goes on. */
        if (*args == '[' && (args[bytes - 1] != ']' || memchr(args, '.', bytes)))
            return args;
        args += bytes;
        args += strspn(args, " ");
    }
    return args;
}

/* Members of a set that start with what is typed: "ASCII=0 UNICODE=1". */
static void
say_set(struct hint *h, const struct nvrm_note *n, const char *typed)
{
    const struct nvrm_schema *s = h->at.abi.schema;
    const char *prefix = nvrm_set_prefix(s, n->set), *doc = "";
    const size_t prefix_bytes = strlen(prefix);
    unsigned shown = 0, left = 0;

    for (unsigned i = 0; i < nvrm_set_count(s, n->set); i++) {
        const struct nvrm_const *c = nvrm_set_at(h->at.abi, n->set, i);
        const char *name = c ? nvrm_str(s, c->name) : "";

        if (!c || c->is_range || strlen(name) <= prefix_bytes)
            continue;
        if (strncasecmp(name + prefix_bytes, typed, strlen(typed)) &&
            strncasecmp(name, typed, strlen(typed)))
            continue;
        doc = nvrm_str(s, c->doc);
        if (shown++ < MOST_VALUES)
            say(h, "%s%s=%llu", shown > 1 ? " " : "", name + prefix_bytes,
                (unsigned long long)c->value);
        else
            left++;
    }
    if (left)
        say(h, " and %u more", left);
    if (shown == 1 && *doc)
        say(h, ": %s", doc);
}

static void
say_limits(struct hint *h, const struct nvrm_note *n)
{
    const struct nvrm_schema *s = h->at.abi.schema;
    static const char *const kinds[] = {[NVRM_SET_CLASS] = "a class",
                                        [NVRM_SET_CONTROL] = "a control",
                                        [NVRM_SET_STATUS] = "a status",
                                        [NVRM_SET_RPC] = "an RPC"};

    if (n->unit)
        say(h, " in %s", nvrm_str(s, n->unit));
    if (n->flags & NVRM_NOTE_MIN)
        say(h, ", at least %u", n->min);
    if (n->flags & NVRM_NOTE_MAX)
        say(h, ", at most %u", n->max);
    if (n->set_kind >= NVRM_SET_CLASS)
        say(h, ", %s", kinds[n->set_kind]);
    if (n->dir == NVRM_DIR_OUT)
        say(h, ", filled by RM");
}

/* "field u32 in MiB, at most 128 {A=0 B=1}: what it is". */
static void
say_field(struct hint *h, const struct nvrm_field *f, const char *typed)
{
    const struct nvrm_schema *s = h->at.abi.schema;
    const struct nvrm_note *n = nvrm_note_at(s, f->note);
    char type[160];

    say(h, "%s %s", nvrm_str(s, f->name), describe_type(s, f, type, sizeof(type)));
    if (n)
        say_limits(h, n);
    if (n && n->doc && !*typed)
        say(h, ": %s", nvrm_str(s, n->doc));
    if (n && (n->set_kind == NVRM_SET_ENUM || n->set_kind == NVRM_SET_BITS)) {
        const char *bar = strrchr(typed, '|');

        say(h, n->set_kind == NVRM_SET_BITS ? "  bits, joined by |: " : "  one of ");
        say_set(h, n, bar ? bar + 1 : typed);
    }
    if (f->type == NVRM_BOOL)
        say(h, "  true or false");
    if (f->type == NVRM_HANDLE)
        say(h, "  a handle, $name or a name");
}

/* Was the field, or something inside it, given by an earlier word? */
static bool
is_given(const struct place *p, const char *path, size_t path_bytes, const char *name)
{
    const size_t bytes = strlen(name);
    char key[160];

    snprintf(key, sizeof(key), " %s ", name);
    if (p->json)
        return strstr(p->given, key);
    for (int i = 2; i < p->argc; i++) {
        const char *word = p->argv[i];

        if (!strncmp(word, path, path_bytes) && !strncmp(word + path_bytes, name, bytes) &&
            strchr("=[.", word[path_bytes + bytes]))
            return true;
    }
    return false;
}

static bool
is_wanted(const struct hint *h, const struct nvrm_field *f, const char *rest)
{
    const struct nvrm_schema *s = h->at.abi.schema;
    const struct nvrm_note *n = nvrm_note_at(s, f->note);
    const char *name = nvrm_str(s, f->name);

    if (*rest)
        return !strncasecmp(name, rest, strlen(rest));
    return !(n && n->dir == NVRM_DIR_OUT) &&
           !is_given(&h->at, h->at.text, (size_t)(rest - h->at.text), name);
}

/* The first field that may come next with its meaning, the others by name. */
static bool
say_next_fields(struct hint *h, const struct nvrm_layout *layout, const char *rest)
{
    const struct nvrm_schema *s = h->at.abi.schema;
    const struct nvrm_field *fields = nvrm_layout_fields(s, layout);
    unsigned shown = 0;

    for (unsigned i = 0; i < layout->fields && shown < MOST_NAMES; i++) {
        if (!is_wanted(h, &fields[i], rest))
            continue;
        if (!shown++)
            say_field(h, &fields[i], "");
        else
            say(h, "%s %s", shown == 2 ? "  then" : ",", nvrm_str(s, fields[i].name));
    }
    if (!shown && !*rest)
        say(h, "%s", h->at.json ? "every field is given" : "Enter: every field is given");
    return shown;
}

static bool
say_params(struct hint *h)
{
    const struct nvrm_layout *layout = place_layout(&h->at);
    const char *equals = strchr(h->at.text, '='), *rest;
    const struct nvrm_field *f;

    if (!layout || h->at.text[0] == '-' || h->at.text[0] == '@')
        return false;
    if (equals) {
        f = place_field(&h->at, h->at.text);
        if (f)
            say_field(h, f, equals + 1);
        return f;
    }
    layout = place_walk(&h->at, layout, h->at.text, &rest);
    return layout && say_next_fields(h, layout, rest);
}

/* A control, class or RPC whose name is complete. */
static bool
say_name(struct hint *h, const char *name)
{
    const struct nvrm_schema *s = h->at.abi.schema;
    const struct nvrm_control *control = nvrm_control_find(h->at.abi, name);
    const struct nvrm_class *cls = nvrm_class_find(h->at.abi, name);
    const struct nvrm_rpc *rpc = nvrm_rpc_find(h->at.abi, name);
    const struct nvrm_const *status = nvrm_status_find(h->at.abi, name);

    if (control)
        say(h, "0x%08x %s: %s", control->id,
            policy_safety_name((enum nvrm_safety)control->safety), nvrm_str(s, control->doc));
    else if (cls)
        say(h, "class 0x%x: %s", cls->id, nvrm_str(s, cls->doc));
    else if (rpc)
        say(h, "%s %u: %s", rpc->is_event ? "event" : "RPC", rpc->id, nvrm_str(s, rpc->doc));
    else if (status)
        say(h, "0x%llx: %s", (unsigned long long)status->value, nvrm_str(s, status->doc));
    return control || cls || rpc || status;
}

/* How much of the typed text all candidates may leave out: up to the last underscore. */
static size_t
common_bytes(const struct completions *c, const char *text)
{
    const char *cut = strrchr(text, '_');
    const size_t bytes = cut ? (size_t)(cut + 1 - text) : 0;

    for (size_t i = 0; i < c->count; i++) {
        if (strncasecmp(c->words[i], text, bytes))
            return 0;
    }
    return bytes;
}

/* The value that a complete reference stands for. */
static bool
say_variable(struct hint *h)
{
    const char *dollar = strrchr(h->at.text, '$');
    json_t *value;
    char *text;

    if (!dollar || !dollar[1] || dollar[1] == '{' || dollar[1] == '$')
        return false;
    value = vars_get(h->at.cli, dollar + 1, NULL);
    text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    if (text)
        say(h, "%s = %s", dollar, text);
    free(text);
    json_decref(value);
    return h->used;
}

static void
say_candidates(struct hint *h, const char *line, const char *text)
{
    const size_t before_bytes = strlen(line) - strlen(text);
    char *before = strndup(line, before_bytes);
    struct completions c = {0};
    size_t skip;

    if (before)
        complete_line(h->at.cli, before, text, &c);
    if (!*text && c.count > MOST_VALUES) {
        say(h, "  %zu names; a few letters choose", c.count);
        completions_fini(&c);
    }
    skip = common_bytes(&c, text);
    if (c.count > 1)
        say(h, "%s%zu: ", h->used ? "  " : "", c.count);
    for (size_t i = 0; i < c.count && i < MOST_VALUES && h->used + 40 < h->bytes; i++)
        say(h, "%s%s", i ? " " : h->used && c.count == 1 ? "  " : "", c.words[i] + skip);
    completions_fini(&c);
    free(before);
}

/* The verb, while it is typed. */
static void
say_verb(struct hint *h, const char *line)
{
    const struct nvrm_cmd *cmd = cli_cmd_find(h->at.text);

    if (cmd)
        say(h, "%s  %s", cmd->args, cmd->help);
    else if (*h->at.text)
        say_candidates(h, line, h->at.text);
}

/* Any other word of a verb. */
static void
say_word(struct hint *h, const char *line)
{
    const struct nvrm_cmd *cmd = cli_cmd_find(h->at.argv[0]);
    const struct nvrm_cmd *other = cli_cmd_find(h->at.text);

    if (other && !strcmp(h->at.argv[0], "help")) {
        say(h, "%s  %s", other->args, other->help);
        return;
    }
    if (*h->at.text && say_name(h, h->at.text))
        return;
    if (!*h->at.text && cmd)
        say(h, "%s", usage_from(cmd->args, h->at.argc - 1));
    /* "show|stat|diff ..." says it already. */
    if (!*h->at.text && cmd && h->at.argc == 1 && *cmd->args >= 'a' && *cmd->args <= 'z')
        return;
    /* The verb's own options stand before the global ones. */
    if (cmd && cmd->options && (!strcmp(h->at.text, "-") || !strcmp(h->at.text, "--")))
        say(h, "%s", cmd->options);
    else if (h->at.text[0] != '@')
        say_candidates(h, line, h->at.text);
}

/* The value of a global option. */
static void
say_option(struct hint *h, const char *line)
{
    if (!*h->at.text)
        say(h, "%s", cli_option_legal(h->at.option));
    say_candidates(h, line, h->at.text);
}

const char *
hint_line(struct cli *cli, const char *line, char *buf, size_t buf_bytes)
{
    struct hint h = {.out = buf, .bytes = buf_bytes};

    buf[0] = '\0';
    if (!place_find(cli, line, &h.at))
        return buf;
    if (h.at.option)
        say_option(&h, line);
    else if (!h.at.argc)
        say_verb(&h, line);
    else if (!say_variable(&h) && !say_params(&h))
        say_word(&h, line);
    place_fini(&h.at);
    return buf;
}
