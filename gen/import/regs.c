/* SPDX-License-Identifier: MIT */
/*
 * Register headers are lines of #define: a register is a number or a linear expression in i and
 * j, a field a range of bits, a value a number whose name starts with its field's. The code in
 * the trailing comment (RW-4R, RWIVF, RW--V) says which one a line is; where it is absent, the
 * names decide. Lines that are none of these are left out.
 */
#include "regs.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "regs_units.h"

#define PUBLISHED "src/common/inc/swref/published/"

enum kind { KIND_OTHER, KIND_REG, KIND_FIELD, KIND_VALUE, KIND_CONST };

/* c + i * ci + j * cj */
struct linear {
    int64_t c, ci, cj;
};

struct def {
    const char *name;
    enum kind kind;
    struct linear at; /* register, value, constant */
    unsigned hi, lo;  /* field */
    uint64_t count;   /* of registers; 0: not said */
    const char *access;
    struct def *parent; /* of a field or a value */
};

struct file {
    struct imp_arena arena;
    struct imp_map defs; /* by name, in order */
    const struct imp_reg_unit *unit;
    struct imp_error *err;
    const char *path;
    unsigned line;
};

/* Expressions */

struct reader {
    const char *s;
    struct file *f;
    const char *var[2]; /* names of i and j */
};

static bool parse_sum(struct reader *r, struct linear *out);

static void
skip_space(struct reader *r)
{
    while (isspace((unsigned char)*r->s))
        r->s++;
}

static bool
take(struct reader *r, const char *token)
{
    skip_space(r);
    if (strncmp(r->s, token, strlen(token)))
        return false;
    r->s += strlen(token);
    return true;
}

static size_t
ident_length(const char *s)
{
    size_t n = 0;

    while (isalnum((unsigned char)s[n]) || s[n] == '_')
        n++;
    return n;
}

/* Another register, with its indexes given. */
static bool
parse_alias(struct reader *r, size_t n, struct linear *out)
{
    char *name = imp_strndup(&r->f->arena, r->s, n);
    const struct def *d = imp_map_get(&r->f->defs, name);
    struct linear i = {0}, j = {0};

    r->s += n;
    if (take(r, "(") &&
        (!parse_sum(r, &i) || (take(r, ",") && !parse_sum(r, &j)) || !take(r, ")")))
        return false;
    if (!d || d->kind == KIND_FIELD)
        return false;
    out->c = d->at.c + d->at.ci * i.c + d->at.cj * j.c;
    out->ci = d->at.ci * i.ci + d->at.cj * j.ci;
    out->cj = d->at.ci * i.cj + d->at.cj * j.cj;
    return true;
}

static bool
parse_atom(struct reader *r, struct linear *out)
{
    size_t n;
    char *end;

    *out = (struct linear){0};
    if (take(r, "("))
        return parse_sum(r, out) && take(r, ")");
    n = ident_length(r->s);
    if (isdigit((unsigned char)*r->s)) {
        out->c = (int64_t)strtoull(r->s, &end, 0);
        r->s = end + strspn(end, "uUlL");
        return true;
    }
    for (int v = 0; v < 2; v++)
        if (n && r->var[v] && strlen(r->var[v]) == n && !strncmp(r->s, r->var[v], n)) {
            r->s += n;
            *(v ? &out->cj : &out->ci) = 1;
            return true;
        }
    return n && parse_alias(r, n, out);
}

static bool
parse_product(struct reader *r, struct linear *out)
{
    struct linear b;

    if (!parse_atom(r, out))
        return false;
    for (;;) {
        bool shift = take(r, "<<");

        if (!shift && !take(r, "*"))
            return true;
        if (!parse_atom(r, &b))
            return false;
        if (shift)
            b = (struct linear){(int64_t)1 << (b.c & 63), 0, 0};
        if (b.ci || b.cj) { /* the constant may stand first */
            struct linear t = *out;

            if (t.ci || t.cj)
                return false;
            *out = b;
            b = t;
        }
        out->c *= b.c, out->ci *= b.c, out->cj *= b.c;
    }
}

static bool
parse_sum(struct reader *r, struct linear *out)
{
    struct linear b;

    if (!parse_product(r, out))
        return false;
    for (;;) {
        int sign;

        if (take(r, "+"))
            sign = 1;
        else if (take(r, "-"))
            sign = -1;
        else
            return true;
        if (!parse_product(r, &b))
            return false;
        out->c += sign * b.c, out->ci += sign * b.ci, out->cj += sign * b.cj;
    }
}

/* Lines */

static bool
wanted(const struct imp_reg_unit *unit, const char *name)
{
    const char *p = unit->take;

    if (!p)
        return true;
    while (*p) {
        const size_t n = strcspn(p, " ");

        if (!strncmp(name, p, n))
            return true;
        p += n + strspn(p + n, " ");
    }
    return false;
}

/* The definition of that kind whose name, with '_' behind it, starts this one; the longest. */
static struct def *
find_parent(struct file *f, const char *name, enum kind kind)
{
    struct def *best = NULL;
    size_t best_bytes = 0;

    for (size_t i = 0; i < f->defs.count; i++) {
        struct def *d = f->defs.items[i].value;
        const size_t n = strlen(d->name);

        if (d->kind == kind && n > best_bytes && !strncmp(name, d->name, n) && name[n] == '_')
            best = d, best_bytes = n;
    }
    return best;
}

/* The code in the comment: "RW-4R" -> access "RW" and a kind. */
static enum kind
comment_kind(struct file *f, const char *comment, const char **access_out)
{
    const char *p = comment ? strstr(comment, "/*") : NULL;
    char code[6] = "";
    size_t n = 0;

    *access_out = NULL;
    if (!p)
        return KIND_OTHER;
    p += 2 + strspn(p + 2, " \t");
    while (n < 5 && p[n] && !isspace((unsigned char)p[n]))
        n++;
    if (n != 5)
        return KIND_OTHER;
    memcpy(code, p, 5);
    if (!strchr("RC-", code[0]) || !strchr("WI-", code[1]))
        return KIND_OTHER;
    if (code[4] == 'R' || code[4] == 'A')
        *access_out =
            imp_printf(&f->arena, "%s%s", code[0] == 'R' ? "R" : "", code[1] == 'W' ? "W" : "");
    return code[4] == 'R' || code[4] == 'A' ? KIND_REG
           : code[4] == 'F'                 ? KIND_FIELD
           : code[4] == 'V'                 ? KIND_VALUE
                                            : KIND_OTHER;
}

/* NAME__SIZE_1 N: how many there are of NAME. */
static bool
take_size(struct file *f, const char *name, const struct linear *v)
{
    const char *at = strstr(name, "__");
    struct def *d;

    if (!at)
        return false;
    d = imp_map_get(&f->defs, imp_strndup(&f->arena, name, (size_t)(at - name)));
    if (d && d->kind == KIND_REG && !strcmp(at, "__SIZE_1"))
        d->count = (uint64_t)v->c;
    return true;
}

static void
keep(struct file *f, const struct def *d)
{
    struct def *slot;

    if (imp_map_get(&f->defs, d->name))
        return;
    slot = imp_alloc(&f->arena, sizeof(*slot));
    *slot = *d;
    *imp_map_at(&f->defs, d->name) = slot;
}

/* A range of addresses: two constants. */
static void
take_block(struct file *f, const char *name, int64_t last, int64_t first)
{
    keep(f, &(struct def){.name = imp_printf(&f->arena, "%s__BASE", name),
                          .kind = KIND_CONST,
                          .at = {.c = first}});
    keep(f, &(struct def){.name = imp_printf(&f->arena, "%s__LAST", name),
                          .kind = KIND_CONST,
                          .at = {.c = last}});
}

/* `body` is what stands between the name and the comment. */
static void
take_define(struct file *f, const char *name, struct reader *r, const char *comment)
{
    struct def d = {.name = name};
    const enum kind said = comment_kind(f, comment, &d.access);
    const bool bare = isdigit((unsigned char)*r->s);
    struct linear hi, lo;

    if (!parse_sum(r, &hi))
        return;
    if (take(r, ":")) {
        if (!parse_sum(r, &lo) || hi.ci || lo.ci || lo.c > hi.c)
            return;
        if (hi.c > 63) {
            take_block(f, name, hi.c, lo.c);
            return;
        }
        d.kind = KIND_FIELD;
        d.hi = (unsigned)hi.c, d.lo = (unsigned)lo.c;
        d.parent = find_parent(f, name, KIND_REG);
        if (!d.parent && said == KIND_OTHER)
            return;
    } else if (take_size(f, name, &hi)) {
        return;
    } else {
        skip_space(r);
        if (*r->s)
            return;
        d.at = hi;
        d.parent = said == KIND_REG ? NULL : find_parent(f, name, KIND_FIELD);
        d.kind = said == KIND_REG || hi.ci ? KIND_REG : d.parent ? KIND_VALUE : KIND_CONST;
        if (d.kind == KIND_CONST && !bare && said == KIND_OTHER)
            d.kind = KIND_REG; /* another name of a register */
        if (d.kind == KIND_CONST && find_parent(f, name, KIND_REG))
            d.parent = find_parent(f, name, KIND_REG);
    }
    keep(f, &d);
}

/* "(i,j)" behind a name; the names of the variables go into the reader. */
static void
take_parameters(struct file *f, struct reader *r)
{
    if (*r->s != '(')
        return;
    r->s++;
    for (int v = 0; v < 2; v++) {
        size_t n;

        skip_space(r);
        n = ident_length(r->s);
        r->var[v] = n ? imp_strndup(&f->arena, r->s, n) : NULL;
        r->s += n;
        if (!take(r, ","))
            break;
    }
    while (*r->s && *r->s != ')')
        r->s++;
    r->s += *r->s == ')';
}

static void
take_line(struct file *f, char *line)
{
    static const char word[] = "#define";
    char *comment;
    struct reader r = {.f = f};
    const char *name;
    size_t n;

    if (strncmp(line, word, sizeof(word) - 1) || line[strlen(line) - 1] == '\\')
        return;
    r.s = line + sizeof(word) - 1;
    skip_space(&r);
    n = ident_length(r.s);
    name = imp_strndup(&f->arena, r.s, n);
    r.s += n;
    if (!imp_has_prefix(name, "NV_") || !wanted(f->unit, name))
        return;
    comment = strstr(line, "/*");
    comment = comment ? imp_strdup(&f->arena, comment) : NULL;
    if (comment)
        line[strlen(line) - strlen(comment)] = '\0';
    take_parameters(f, &r);
    skip_space(&r);
    if (*r.s)
        take_define(f, name, &r, comment);
}

static bool
read_header(struct file *f, const char *root, const char *header)
{
    char *path = imp_printf(&f->arena, "%s/%s%s", root, PUBLISHED, header);
    FILE *in = fopen(path, "r");
    char line[1024];

    if (!in)
        return imp_fail(f->err, path, 0, "%s", strerror(errno));
    while (fgets(line, sizeof(line), in)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0])
            take_line(f, line);
    }
    fclose(in);
    return true;
}

/* Writing */

/* The part of a name behind its parent's. */
static const char *
short_name(const struct def *d)
{
    return d->name + strlen(d->parent->name) + 1;
}

static void
render_values(const struct file *f, const struct def *field, struct imp_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < f->defs.count; i++) {
        const struct def *d = f->defs.items[i].value;

        if (d->kind != KIND_VALUE || d->parent != field)
            continue;
        imp_buf_printf(out, "%s\"%s\": 0x%llx", any ? ", " : ", values: {", short_name(d),
                       (unsigned long long)d->at.c);
        any = true;
    }
    imp_buf_str(out, any ? "}" : "");
}

static void
render_fields(const struct file *f, const struct def *reg, struct imp_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < f->defs.count; i++) {
        const struct def *d = f->defs.items[i].value;

        if (d->kind != KIND_FIELD || d->parent != reg)
            continue;
        imp_buf_printf(out, "%s\"%s\": {bits: [%u, %u]", any ? ", " : ", fields: {",
                       short_name(d), d->hi, d->lo);
        render_values(f, d, out);
        imp_buf_str(out, "}");
        any = true;
    }
    imp_buf_str(out, any ? "}" : "");
}

static void
render_register(const struct file *f, const struct def *d, struct imp_buf *out)
{
    imp_buf_printf(out, "  %s: {offset: 0x%llx", d->name, (unsigned long long)d->at.c);
    if (d->at.ci)
        imp_buf_printf(out, ", stride: 0x%llx", (unsigned long long)d->at.ci);
    if (d->at.cj)
        imp_buf_printf(out, ", stride2: 0x%llx", (unsigned long long)d->at.cj);
    if (d->count)
        imp_buf_printf(out, ", count: %llu", (unsigned long long)d->count);
    if (d->access)
        imp_buf_printf(out, ", access: %s", d->access);
    render_fields(f, d, out);
    imp_buf_str(out, "}\n");
}

static void
render_constants(const struct file *f, struct imp_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < f->defs.count; i++) {
        const struct def *d = f->defs.items[i].value;

        if (d->kind != KIND_CONST)
            continue;
        imp_buf_printf(out, "%s  %s: 0x%llx\n", any ? "" : "constants:\n", d->name,
                       (unsigned long long)d->at.c);
        any = true;
    }
}

static size_t
render(const struct file *f, const char *release, struct imp_buf *out)
{
    size_t count = 0;
    const char *h = f->unit->headers;

    imp_buf_str(out, "# SPDX-License-Identifier: MIT\n"
                     "# Copyright (c) 1993-2026 NVIDIA CORPORATION & AFFILIATES. All rights "
                     "reserved.\n"
                     "# Used under the permission notice in LICENSE. Imported by nvrm-import "
                     "--regs; do not edit.\n");
    imp_buf_printf(out, "source: {tree: open-gpu-kernel-modules, tag: %s, paths: [", release);
    while (*h) {
        const size_t n = strcspn(h, " ");

        imp_buf_printf(out, "%s%.*s", PUBLISHED, (int)n, h);
        h += n + strspn(h + n, " ");
        imp_buf_str(out, *h ? ", " : "]}\n");
    }
    for (size_t i = 0; i < f->defs.count; i++) {
        const struct def *d = f->defs.items[i].value;

        if (d->kind != KIND_REG)
            continue;
        imp_buf_str(out, count++ ? "" : "registers:\n");
        render_register(f, d, out);
    }
    render_constants(f, out);
    return count;
}

static bool
has_constants(const struct file *f)
{
    for (size_t i = 0; i < f->defs.count; i++)
        if (((const struct def *)f->defs.items[i].value)->kind == KIND_CONST)
            return true;
    return false;
}

static bool
store(const char *path, const struct imp_buf *text, bool check, struct imp_error *err)
{
    FILE *file = fopen(path, check ? "r" : "w");
    bool ok = file != NULL;

    if (ok && check) {
        char *old = imp_realloc(NULL, text->len + 1);

        ok = fread(old, 1, text->len + 1, file) == text->len &&
             !memcmp(old, text->data, text->len);
        free(old);
    } else if (ok) {
        ok = fwrite(text->data, 1, text->len, file) == text->len;
    }
    if (file)
        ok &= fclose(file) == 0;
    return ok ||
           imp_fail(err, path, 0, check ? "differs from the headers" : "%s", strerror(errno));
}

static bool
import_unit(const char *root, const char *release, const char *out,
            const struct imp_reg_unit *unit, bool check, size_t *count, struct imp_error *err)
{
    struct file f = {.unit = unit, .err = err};
    struct imp_buf text = {0};
    bool ok = true;

    for (const char *h = unit->headers; ok && *h;) {
        const size_t n = strcspn(h, " ");

        ok = read_header(&f, root, imp_strndup(&f.arena, h, n));
        h += n + strspn(h + n, " ");
    }
    if (ok) {
        const size_t found = render(&f, release, &text);

        *count += found;
        ok = found || has_constants(&f) ||
             imp_fail(err, unit->file, 0, "no registers in %s", unit->headers);
    }
    if (ok)
        ok = store(imp_printf(&f.arena, "%s/%s.yaml", out, unit->file), &text, check, err);
    imp_buf_fini(&text);
    imp_map_fini(&f.defs);
    imp_arena_fini(&f.arena);
    return ok;
}

bool
imp_version_mk(const char *root, char *out, size_t bytes, struct imp_error *err)
{
    static const char key[] = "NVIDIA_VERSION = ";
    char path[512], line[256];
    FILE *f;
    bool found = false;

    snprintf(path, sizeof(path), "%s/version.mk", root);
    f = fopen(path, "r");
    while (f && !found && fgets(line, sizeof(line), f)) {
        found = !strncmp(line, key, sizeof(key) - 1);
        line[strcspn(line, "\r\n")] = '\0';
        if (found)
            snprintf(out, bytes, "%s", line + sizeof(key) - 1);
    }
    if (f)
        fclose(f);
    return found || imp_fail(err, path, 0, "no %s", key);
}

bool
imp_regs(const char *root, const char *out, bool check, size_t *count_out,
         struct imp_error *err)
{
    char release[256];
    bool ok = imp_version_mk(root, release, sizeof(release), err);

    *count_out = 0;
    for (const struct imp_reg_unit *u = imp_reg_units; ok && u->file; u++)
        ok = import_unit(root, release, out, u, check, count_out, err);
    return ok;
}
