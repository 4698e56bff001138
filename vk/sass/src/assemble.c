/* SPDX-License-Identifier: MIT */
/* A program from text: labels are found in a first pass over the lines. */
#include "sass/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL = 96 };

struct label {
    char name[LABEL];
    uint64_t addr;
};

struct program {
    unsigned sm;
    const char *text, *end;
    struct label *labels;
    size_t n_labels, cap_labels;
    uint64_t *code;
    size_t n, cap;
    bool in_comment;
    struct sass_error *err;
};

__attribute__((format(printf, 3, 4))) static int
fail(struct program *p, unsigned line, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(p->err->text, sizeof(p->err->text), format, ap);
    va_end(ap);
    p->err->line = line;
    return -EINVAL;
}

static void *
grow(void *old, size_t *cap, size_t n, size_t each)
{
    void *p;

    if (n < *cap)
        return old;
    p = realloc(old, (*cap ? 2 * *cap : 64) * each);
    if (p)
        *cap = *cap ? 2 * *cap : 64;
    return p;
}

/* The line without comments and blanks around it. -EINVAL when it is too long. */
static int
take_line(struct program *p, const char **at, unsigned number, char out[SASS_LINE])
{
    const char *s = *at;
    size_t n = 0;

    for (; s < p->end && *s != '\n'; s++) {
        const bool more = s + 1 < p->end;

        if (p->in_comment) {
            if (*s == '*' && more && s[1] == '/') {
                p->in_comment = false;
                s++;
            }
            continue;
        }
        if (*s == '/' && more && s[1] == '*') {
            p->in_comment = true;
            s++;
            continue;
        }
        if (*s == '#' || (*s == '/' && more && s[1] == '/')) {
            while (s < p->end && *s != '\n')
                s++;
            break;
        }
        if (n == SASS_LINE - 1)
            return fail(p, number, "the line is longer than %d characters", SASS_LINE - 1);
        if (!*s)
            return fail(p, number, "the text holds a zero byte");
        if (n || !isspace((unsigned char)*s))
            out[n++] = (char)(*s == '\r' || *s == '\t' ? ' ' : *s);
    }
    while (n && out[n - 1] == ' ')
        n--;
    out[n] = 0;
    *at = s < p->end ? s + 1 : s;
    return 0;
}

static size_t
label_length(const char *line)
{
    size_t n = 0;

    while (isalnum((unsigned char)line[n]) || line[n] == '_' || line[n] == '.' ||
           line[n] == '$')
        n++;
    return n && line[n] == ':' && !line[n + 1] ? n : 0;
}

static bool
find_label(void *ctx, const char *name, uint64_t *addr_out)
{
    const struct program *p = ctx;

    for (size_t i = 0; i < p->n_labels; i++)
        if (!strcmp(p->labels[i].name, name)) {
            *addr_out = p->labels[i].addr;
            return true;
        }
    return false;
}

static int
add_label(struct program *p, unsigned number, const char *line, size_t n, uint64_t addr)
{
    struct label *labels = grow(p->labels, &p->cap_labels, p->n_labels, sizeof(*labels));
    uint64_t unused;

    if (!labels)
        return -ENOMEM;
    p->labels = labels;
    if (n >= LABEL)
        return fail(p, number, "the label is longer than %d characters", LABEL - 1);
    memcpy(labels[p->n_labels].name, line, n);
    labels[p->n_labels].name[n] = 0;
    labels[p->n_labels].addr = addr;
    if (find_label(p, labels[p->n_labels].name, &unused))
        return fail(p, number, "label '%s' is there already", labels[p->n_labels].name);
    p->n_labels++;
    return 0;
}

/* ".insn 0xLOW 0xHIGH": what the tables do not describe */
static int
raw_words(struct program *p, unsigned number, const char *line, uint64_t code[2])
{
    char *low, *end;

    code[0] = strtoull(line + 5, &low, 16);
    code[1] = strtoull(low, &end, 16);
    if (end == low || end[strspn(end, " ;")]) {
        snprintf(p->err->hint, sizeof(p->err->hint),
                 ".insn 0x0000000000007918 0x000fc00000000000");
        return fail(p, number, ".insn takes the low and the high word");
    }
    return 0;
}

static int
add_insn(struct program *p, unsigned number, const char *line)
{
    const struct sass_parse how = {
        .sm = p->sm, .addr = p->n * NVRM_SASS_BYTES, .label = find_label, .ctx = p};
    uint64_t *code = grow(p->code, &p->cap, p->n, NVRM_SASS_BYTES);
    struct nvrm_sass_insn insn;
    const char *why;
    int rc;

    if (!code)
        return -ENOMEM;
    p->code = code;
    if (!strncmp(line, ".insn ", 6))
        rc = raw_words(p, number, line, code + 2 * p->n);
    else
        rc = sass_parse(&how, line, &insn, p->err);
    p->err->line = number;
    if (rc == 0 && strncmp(line, ".insn ", 6) &&
        !nvrm_sass_encode(p->sm, &insn, how.addr, code + 2 * p->n, &why))
        return fail(p, number, "%s", why);
    p->n += rc == 0;
    return rc;
}

static int
pass(struct program *p, bool labels)
{
    const char *at = p->text;
    char line[SASS_LINE] = "";
    size_t count = 0;
    int rc = 0;

    p->in_comment = false;
    for (unsigned number = 1; rc == 0 && at < p->end; number++) {
        size_t n;

        rc = take_line(p, &at, number, line);
        if (rc < 0 || !*line || !strcmp(line, ";"))
            continue;
        n = label_length(line);
        if (labels && n)
            rc = add_label(p, number, line, n, count * NVRM_SASS_BYTES);
        else if (!labels && !n)
            rc = add_insn(p, number, line);
        count += !n;
    }
    return rc;
}

int
sass_assemble(unsigned sm, const char *text, size_t bytes, uint64_t **code_out,
              size_t *count_out, struct sass_error *err)
{
    struct program p = {.sm = sm, .text = text, .end = text + bytes, .err = err};
    int rc;

    *err = (struct sass_error){0};
    rc = pass(&p, true);
    if (rc == 0)
        rc = pass(&p, false);
    free(p.labels);
    if (rc < 0) {
        free(p.code);
        return rc;
    }
    err->line = 0;
    *code_out = p.code;
    *count_out = p.n;
    return 0;
}
