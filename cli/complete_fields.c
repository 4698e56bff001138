/* SPDX-License-Identifier: MIT */
/*
 * Completion of parameters: fields of a struct, and the values that a field takes.
 */
#include <stdlib.h>
#include <string.h>

#include "complete_priv.h"
#include "session.h"

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
        if (wish_fits(p, name, path + path_bytes))
            wish_take(p, name);
        return;
    }
    snprintf(word, sizeof(word), "%.*s%s%s", (int)path_bytes, path, name, end);
    wish_offer(p, word);
    p->out->no_space = true;
}

/* What stands before a value stays: "field=", or "flags=A|" of a bit set. */
static void
offer_value(struct wish *p, const char *typed, const char *sign, const char *value)
{
    char word[320];

    if (!wish_fits(p, value, typed + (*typed && *typed == *sign)))
        return;
    if (p->at.json)
        snprintf(word, sizeof(word), "%s%s", sign, value);
    else
        snprintf(word, sizeof(word), "%.*s%s%s", (int)(typed - p->text), p->text, sign, value);
    wish_take(p, word);
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

void
complete_fields(struct wish *p)
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
