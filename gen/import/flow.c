/* SPDX-License-Identifier: MIT */
/* Canonical flow YAML: what nvrm-import writes on one line, and nothing more general. */
#include "flow.h"

#include <ctype.h>
#include <string.h>

static bool
is_plain(const char *s)
{
    size_t n = strlen(s);

    if (!n || isspace((unsigned char)s[0]) || isspace((unsigned char)s[n - 1]))
        return false;
    if (!isalnum((unsigned char)s[0]) && !strchr("_(.", s[0]) &&
        !(s[0] == '-' && isdigit((unsigned char)s[1])))
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr(" ._/()+-*", *s))
            return false;
    return true;
}

void
imp_flow_scalar(struct imp_buf *b, const char *text)
{
    if (is_plain(text)) {
        imp_buf_str(b, text);
        return;
    }
    imp_buf_str(b, "\"");
    for (; *text; text++)
        imp_buf_printf(b, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    imp_buf_str(b, "\"");
}

struct parser {
    struct imp_arena *a;
    const char *p;
    int depth;
};

static struct imp_flow *value(struct parser *x);

static void
blanks(struct parser *x)
{
    while (*x->p == ' ')
        x->p++;
}

static char *
scalar(struct parser *x, bool key)
{
    const char *start = x->p;
    size_t n;

    if (*start == '"') {
        struct imp_buf b = {0};
        char *out;

        for (x->p++; *x->p && *x->p != '"'; x->p++) {
            x->p += *x->p == '\\' && x->p[1];
            imp_buf_add(&b, x->p, 1);
        }
        if (*x->p != '"') {
            imp_buf_fini(&b);
            return NULL;
        }
        x->p++;
        out = imp_strndup(x->a, b.data ? b.data : "", b.len);
        imp_buf_fini(&b);
        return out;
    }
    n = strcspn(start, key ? ":,[]{}\"" : ",[]{}\"");
    x->p += n;
    while (n && start[n - 1] == ' ')
        n--;
    return n ? imp_strndup(x->a, start, n) : NULL;
}

static struct imp_flow *
collection(struct parser *x, char close)
{
    struct imp_flow *f = imp_alloc(x->a, sizeof(*f)), **tail = &f->first;

    f->kind = close == '}' ? FLOW_MAP : FLOW_LIST;
    x->p++;
    blanks(x);
    while (*x->p != close) {
        char *key = NULL;

        if (close == '}') {
            key = scalar(x, true);
            if (!key || *x->p++ != ':')
                return NULL;
        }
        *tail = value(x);
        if (!*tail)
            return NULL;
        (*tail)->key = key;
        tail = &(*tail)->next;
        blanks(x);
        if (*x->p == ',')
            x->p++;
        else if (*x->p != close)
            return NULL;
        blanks(x);
    }
    x->p++;
    return f;
}

static struct imp_flow *
value(struct parser *x)
{
    struct imp_flow *f;

    blanks(x);
    if (++x->depth > 100)
        return NULL;
    if (*x->p == '{' || *x->p == '[') {
        f = collection(x, *x->p == '{' ? '}' : ']');
    } else {
        f = imp_alloc(x->a, sizeof(*f));
        f->text = scalar(x, false);
        if (!f->text)
            return NULL;
    }
    x->depth--;
    return f;
}

struct imp_flow *
imp_flow_parse(struct imp_arena *a, const char *text)
{
    struct parser x = {.a = a, .p = text};
    struct imp_flow *f = value(&x);

    blanks(&x);
    return f && !*x.p ? f : NULL;
}

const struct imp_flow *
imp_flow_get(const struct imp_flow *map, const char *key)
{
    for (const struct imp_flow *f = map ? map->first : NULL; f; f = f->next)
        if (f->key && strcmp(f->key, key) == 0)
            return f;
    return NULL;
}
