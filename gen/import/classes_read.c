/* SPDX-License-Identifier: MIT */
/*
 * A class header -> a sheet. Headers are flat lists of #define; what a line is follows from
 * its body and from the names before it:
 *
 *   X (0x300), X 0x0300, X(i) (0x800+(i)*64)    a method
 *   X_F 7:4, X_F MW(127:96)           a field of method (or record) X
 *   X_F_V 2                           a value of field F
 *   anything else with a number       a constant
 */
#include "classes_priv.h"
#include "proc.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum body_kind { BODY_NONE, BODY_NUMBER, BODY_RANGE };

struct define {
    const char *name; /* without the class prefix */
    enum body_kind kind;
    bool address;          /* written as addresses are: (0x00000300) or 0x0300 */
    struct imp_lin lo, hi; /* lo: the number, or the low bit */
};

struct reader {
    struct imp_arena *a;
    struct imp_hw_sheet *s;
    struct imp_error *err;
    const char *path;
    unsigned line;
    char prefix[8]; /* "NVC7B5_" */
    struct imp_hw_item *method, *record;
    bool section; /* a comment began: the next field opens a record */
};

#define HEX "0123456789abcdefABCDEF"

/* Bodies */

struct cursor {
    const char *p;
    bool ok;
};

static void
skip_blanks(struct cursor *c)
{
    c->p += strspn(c->p, " \t");
}

static bool
take(struct cursor *c, char ch)
{
    skip_blanks(c);
    if (*c->p != ch)
        return false;
    c->p++;
    return true;
}

static struct imp_lin parse_sum(struct cursor *c, unsigned depth);

static struct imp_lin
parse_atom(struct cursor *c, unsigned depth)
{
    struct imp_lin v = {0};
    char *end;

    if (take(c, '(')) {
        v = parse_sum(c, depth + 1);
        c->ok &= take(c, ')');
    } else if (*c->p == 'i' || *c->p == 'j') {
        *(*c->p++ == 'i' ? &v.ci : &v.cj) = 1;
    } else if (isdigit((unsigned char)*c->p)) {
        v.c = strtoull(c->p, &end, 0);
        c->p = end + strspn(end, "uUlL");
    } else {
        c->ok = false;
    }
    return v;
}

/* A product of at most one index and numbers. */
static struct imp_lin
parse_product(struct cursor *c, unsigned depth)
{
    struct imp_lin v = parse_atom(c, depth);

    while (c->ok && take(c, '*')) {
        const struct imp_lin w = parse_atom(c, depth);

        if (!w.ci && !w.cj)
            v = (struct imp_lin){v.c * w.c, v.ci * w.c, v.cj * w.c};
        else if (!v.ci && !v.cj)
            v = (struct imp_lin){v.c * w.c, w.ci * v.c, w.cj * v.c};
        else
            c->ok = false;
    }
    return v;
}

static struct imp_lin
parse_sum(struct cursor *c, unsigned depth)
{
    struct imp_lin v = {0};

    if (depth > 8) {
        c->ok = false;
        return v;
    }
    do {
        const struct imp_lin w = parse_product(c, depth);

        v = (struct imp_lin){v.c + w.c, v.ci + w.ci, v.cj + w.cj};
    } while (c->ok && take(c, '+'));
    return v;
}

static void
parse_body(const char *text, struct define *d)
{
    struct cursor c = {text, true};
    bool words;

    skip_blanks(&c);
    words = !strncmp(c.p, "MW(", 3);
    c.p += words ? 3 : 0;
    d->address = *c.p == '(' ? !strncasecmp(c.p + 1, "0x", 2)
                             : !strncasecmp(c.p, "0x", 2) && strspn(c.p + 2, HEX) == 4;
    d->lo = parse_sum(&c, 0);
    if (c.ok && take(&c, ':')) {
        d->hi = d->lo;
        d->lo = parse_sum(&c, 0);
        d->kind = BODY_RANGE;
    } else {
        d->kind = BODY_NUMBER;
    }
    if (words)
        c.ok &= take(&c, ')');
    skip_blanks(&c);
    if (!c.ok || *c.p)
        d->kind = BODY_NONE;
}

/* Placing */

static bool
fail(struct reader *r, const char *what, const char *name)
{
    return imp_fail(r->err, r->path, r->line, "%s '%s'", what, name);
}

/* The rest of name behind head and '_', or NULL. */
static const char *
after(const char *name, const char *head)
{
    const size_t n = strlen(head);

    return !strncmp(name, head, n) && name[n] == '_' && name[n + 1] ? name + n + 1 : NULL;
}

static bool
add_number(struct reader *r, struct imp_map *map, const char *name, uint64_t value)
{
    void **slot = imp_map_at(map, name);
    uint64_t *number = imp_alloc(r->a, sizeof(*number));

    if (*slot && *(uint64_t *)*slot != value)
        return fail(r, "a second value for", name);
    if (*slot)
        r->s->defines--; /* said twice */
    *number = value;
    *slot = number;
    return true;
}

static struct imp_hw_item *
add_item(struct reader *r, struct imp_map *map, const char *name)
{
    struct imp_hw_item *item = imp_alloc(r->a, sizeof(*item));
    void **slot = imp_map_at(map, name);

    if (*slot)
        return *slot;
    item->name = name;
    item->n = item->m = 1;
    *slot = item;
    return item;
}

static bool
add_field(struct reader *r, struct imp_hw_item *item, const char *name, const struct define *d)
{
    struct imp_hw_field *f = imp_alloc(r->a, sizeof(*f));
    void **slot;

    if (d->hi.ci != d->lo.ci || d->hi.cj != d->lo.cj || d->hi.c < d->lo.c)
        return fail(r, "not a bit range:", d->name);
    slot = imp_map_at(&item->fields, name);
    *f = (struct imp_hw_field){.name = name, .hi = d->hi, .lo = d->lo, .n = 1, .m = 1};
    if (*slot) {
        const struct imp_hw_field *old = *slot;

        r->s->defines--;
        return (old->hi.c == f->hi.c && old->lo.c == f->lo.c) ||
               fail(r, "a second range for", d->name);
    }
    *slot = f;
    return true;
}

/* The item's field with the longest name that name begins with; *rest_out is the value's. */
static struct imp_hw_field *
field_of(const struct imp_hw_item *item, const char *name, const char **rest_out)
{
    const char *tail =
        item->prefix ? (imp_has_prefix(name, item->prefix) ? name + strlen(item->prefix) : NULL)
                     : after(name, item->name);
    struct imp_hw_field *best = NULL;
    size_t longest = 0;

    for (size_t i = 0; tail && i < item->fields.count; i++) {
        struct imp_hw_field *f = item->fields.items[i].value;
        const char *rest = after(tail, f->name);

        if (rest && strlen(f->name) > longest) {
            best = f;
            longest = strlen(f->name);
            *rest_out = rest;
        }
    }
    return best;
}

/* The record of a host header's list that a name belongs to. */
static struct imp_hw_item *
listed_record(struct reader *r, const char *name)
{
    const char *list = r->s->unit->records;

    while (list && *list) {
        const size_t n = strcspn(list, " ");
        char *head = imp_strndup(r->a, list, n);

        if (after(name, head)) {
            struct imp_hw_item *item = add_item(r, &r->s->records, head);

            item->prefix = imp_printf(r->a, "%s_", head);
            return item;
        }
        list += n + strspn(list + n, " ");
    }
    return NULL;
}

static bool
place_range(struct reader *r, const struct define *d)
{
    struct imp_hw_item *record = listed_record(r, d->name);

    if (record)
        return add_field(r, record, d->name + strlen(record->prefix), d);
    if (r->method) {
        const char *tail = after(d->name, r->method->name);

        return tail ? add_field(r, r->method, tail, d) : fail(r, "whose field is", d->name);
    }
    if (r->section || !r->record) {
        /* Named when its section is complete: see name_record(). */
        r->record = imp_alloc(r->a, sizeof(*r->record));
        r->record->name = imp_printf(r->a, "?%zu", r->s->records.count);
        r->record->prefix = "";
        r->record->n = r->record->m = 1;
        *imp_map_at(&r->s->records, r->record->name) = r->record;
        r->section = false;
    }
    return add_field(r, r->record, d->name, d);
}

static bool
place_number(struct reader *r, const struct define *d)
{
    struct imp_hw_item *record = listed_record(r, d->name);
    struct imp_hw_item *item = record ? record : r->method ? r->method : r->record;
    const char *rest = NULL;
    struct imp_hw_field *f = item ? field_of(item, d->name, &rest) : NULL;
    const bool array = d->lo.ci || d->lo.cj;

    if (f && !array)
        return add_number(r, &f->values, rest, d->lo.c);
    if (d->address && !record && !(d->lo.c & 3) && d->lo.c < 0x10000) {
        if (imp_map_get(&r->s->methods, d->name))
            return fail(r, "a second method", d->name);
        r->method = add_item(r, &r->s->methods, d->name);
        r->method->at = d->lo;
        return true;
    }
    return !array ? add_number(r, &r->s->constants, d->name, d->lo.c)
                  : fail(r, "what is", d->name);
}

/* The record named before whose fields name may be one of. */
static const struct imp_hw_item *
owner_of(const struct imp_map *named, const char *name)
{
    for (size_t i = 0; i < named->count; i++)
        if (after(name, named->items[i].key))
            return named->items[i].value;
    return NULL;
}

/* Fields TEXSAMP0_... to TEXSAMP7_... give bits within words 0 to 7. */
static void
place_in_words(struct imp_hw_item *item)
{
    const size_t n = strlen(item->name);

    for (size_t i = 0; i < item->fields.count; i++) {
        struct imp_hw_field *f = item->fields.items[i].value;
        const uint64_t word = strtoul(f->name + n, NULL, 10);

        f->lo.c += 32 * word;
        f->hi.c += 32 * word;
    }
}

/* Records of a section have their name in front of every field; TEXSAMP0_ to TEXSAMP7_ are
 * one. */
static void
name_record(struct reader *r, const struct imp_map *named, struct imp_hw_item *item)
{
    const char *first = item->fields.items[0].key;
    const struct imp_hw_item *owner;
    size_t common = strlen(first);
    struct imp_map stripped = {0};

    for (size_t i = 1; i < item->fields.count; i++) {
        size_t n = 0;
        const char *name = item->fields.items[i].key;

        while (n < common && name[n] == first[n])
            n++;
        common = n;
    }
    while (common && first[common - 1] != '_')
        common--;
    if (!common) {
        item->name = imp_strndup(r->a, first, strcspn(first, "0123456789_"));
        item->prefix = NULL;
        place_in_words(item);
        return;
    }
    owner = owner_of(named, first);
    if (owner)
        common = strlen(owner->name) + 1;
    item->name = imp_strndup(r->a, first, common - 1);
    item->prefix = imp_strndup(r->a, first, common);
    for (size_t i = 0; i < item->fields.count; i++) {
        struct imp_hw_field *f = item->fields.items[i].value;

        f->name += common;
        *imp_map_at(&stripped, f->name) = f;
    }
    imp_map_fini(&item->fields);
    item->fields = stripped;
}

/* Sections of one record ("inferred arrays" follow the fields they repeat) become one. */
static bool
join_section(struct reader *r, struct imp_hw_item *to, struct imp_hw_item *from)
{
    bool ok = true;

    for (size_t k = 0; ok && k < from->fields.count; k++) {
        void **slot = imp_map_at(&to->fields, from->fields.items[k].key);

        if (*slot)
            ok = fail(r, "a field of two sections:", from->fields.items[k].key);
        else
            *slot = from->fields.items[k].value;
    }
    if (ok)
        imp_map_fini(&from->fields); /* its fields are to's now */
    return ok;
}

static bool
name_records(struct reader *r)
{
    struct imp_map named = {0};
    bool ok = true;

    for (size_t i = 0; ok && i < r->s->records.count; i++) {
        struct imp_hw_item *item = r->s->records.items[i].value, *old;

        if (item->name[0] == '?')
            name_record(r, &named, item);
        old = imp_map_get(&named, item->name);
        if (old)
            ok = join_section(r, old, item);
        else
            *imp_map_at(&named, item->name) = item;
    }
    if (!ok) { /* the sheet still owns what there is */
        imp_map_fini(&named);
        return false;
    }
    imp_map_fini(&r->s->records);
    r->s->records = named;
    return true;
}

/* Lines */

static bool
take_define(struct reader *r, char *line)
{
    struct define d = {0};
    char *name = line + strlen("#define");
    char *body;

    name += strspn(name, " \t");
    body = name + strcspn(name, " \t(");
    if (*body == '(') { /* the parameters of X(i) */
        *body++ = '\0';
        body += strcspn(body, ")");
        body += *body ? 1 : 0;
    } else if (*body) {
        *body++ = '\0';
    }
    body[strcspn(body, "/")] = '\0';
    for (size_t n = strlen(body); n && isspace((unsigned char)body[n - 1]);)
        body[--n] = '\0';
    parse_body(body, &d);
    if (d.kind == BODY_NONE)
        return true; /* guards, names of types */
    if (!imp_has_prefix(name, r->prefix)) {
        if (d.kind == BODY_NUMBER && d.lo.c == r->s->unit->id)
            r->s->name = imp_strdup(r->a, name);
        return true;
    }
    r->s->defines++;
    d.name = imp_strdup(r->a, name + strlen(r->prefix));
    return d.kind == BODY_RANGE ? place_range(r, &d) : place_number(r, &d);
}

bool
imp_hw_parse(struct imp_arena *a, struct imp_hw_sheet *s, char *text, const char *path,
             struct imp_error *err)
{
    struct reader r = {.a = a, .s = s, .err = err, .path = path};
    bool ok = true;

    (void)snprintf(r.prefix, sizeof(r.prefix), "NV%04X_", (unsigned)s->unit->id);
    for (char *line = text, *next; ok && *line; line = next) {
        const size_t n = strcspn(line, "\n");

        next = line + n + (line[n] ? 1 : 0);
        line[n] = '\0';
        r.line++;
        if (imp_has_prefix(line, "**"))
            r.section = true;
        else if (imp_has_prefix(line, "#define") && isspace((unsigned char)line[7]))
            ok = take_define(&r, line);
    }
    ok = ok && name_records(&r);
    return ok && (s->methods.count || s->records.count ||
                  imp_fail(err, path, 0, "neither methods nor records of class %04x",
                           (unsigned)s->unit->id));
}

bool
imp_hw_read(struct imp_arena *a, struct imp_hw_sheet *s, const char *path,
            struct imp_error *err)
{
    struct imp_buf text = {0};
    bool ok = imp_read_file(path, &text, err);

    if (ok && !text.data)
        imp_buf_str(&text, "");
    ok = ok && imp_hw_parse(a, s, text.data, path, err);
    imp_buf_fini(&text);
    return ok;
}
