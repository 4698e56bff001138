/* SPDX-License-Identifier: MIT */
/* Words, numbers and values of assembler text, and lines without their comments. */
#include "push_lex.h"

#include <ctype.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((format(printf, 3, 4))) int
nvmem_push_refuse(struct assembler *a, const char *hint, const char *format, ...)
{
    char text[160];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (char *p = text; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    gsp_fail(a->err, GSP_ORIGIN_INPUT, -EINVAL, "%.60s:%u: %s", a->name, a->line, text);
    if (hint)
        gsp_hint(a->err, "%s", hint);
    return -EINVAL;
}

int
nvmem_push_did_you_mean(struct assembler *a, const char *near, const char *otherwise,
                        const char *what, const char *word)
{
    char hint[160];

    (void)snprintf(hint, sizeof(hint), near ? "did you mean %s?" : "%s",
                   near ? near : otherwise);
    return nvmem_push_refuse(a, hint, "%s '%.80s'", what, word);
}

/* Words of a line */

static void
skip_blanks(struct assembler *a)
{
    while (a->p < a->end && isblank((unsigned char)*a->p))
        a->p++;
}

bool
nvmem_push_take(struct assembler *a, char c)
{
    skip_blanks(a);
    if (a->p >= a->end || *a->p != c)
        return false;
    a->p++;
    return true;
}

void
nvmem_push_word(struct assembler *a, char out[WORD_MAX])
{
    size_t n = 0;

    skip_blanks(a);
    while (a->p < a->end && (isalnum((unsigned char)*a->p) || strchr("_.-", *a->p)) && *a->p &&
           n < WORD_MAX - 1)
        out[n++] = *a->p++;
    out[n] = '\0';
}

bool
nvmem_push_is_number(const char *w, uint64_t *v_out)
{
    char *end;

    if (!isdigit((unsigned char)w[0]))
        return false;
    errno = 0;
    *v_out = strtoull(w, &end, 0);
    return !*end && !errno;
}

/* "400.0", "-1.5", "1e-3" */
static bool
is_float(const char *w, uint64_t *v_out)
{
    char text[WORD_MAX], *end, *point;
    uint32_t bits;
    float f;

    if (!strpbrk(w, ".e") || !strncmp(w, "0x", 2) || strspn(w, "0123456789.e-") != strlen(w))
        return false;
    (void)snprintf(text, sizeof(text), "%s", w);
    point = strchr(text, '.');
    if (point)
        *point = localeconv()->decimal_point[0];
    f = strtof(text, &end);
    if (*end || end == text)
        return false;
    memcpy(&bits, &f, sizeof(bits));
    *v_out = bits;
    return true;
}

int
nvmem_push_number(struct assembler *a, uint64_t max, const char *what, uint64_t *v_out)
{
    char w[WORD_MAX];

    nvmem_push_word(a, w);
    if (!nvmem_push_is_number(w, v_out))
        return nvmem_push_refuse(a, "numbers are 12 or 0x1f", "%s is missing, here is '%.40s'",
                                 what, w);
    if (*v_out > max)
        return nvmem_push_refuse(a, NULL, "%s %s is past 0x%llx", what, w,
                                 (unsigned long long)max);
    return 0;
}

void
nvmem_push_emit(struct assembler *a, uint32_t w)
{
    gsp_text_add(a->out, (const char *)&w, sizeof(w));
}

int
nvmem_push_line_end(struct assembler *a)
{
    char w[WORD_MAX];

    skip_blanks(a);
    if (a->p >= a->end)
        return 0;
    nvmem_push_word(a, w);
    return nvmem_push_refuse(a, "one method a line; # begins a comment",
                             "'%.40s' is too much here", w[0] ? w : (char[2]){*a->p, 0});
}

/* Data */

int
nvmem_push_element(struct assembler *a, unsigned n, unsigned m, bool two, unsigned *i,
                   unsigned *j)
{
    uint64_t v = 0;
    int rc;

    if (!nvmem_push_take(a, '['))
        return nvmem_push_refuse(a, "write [0] behind its name", "this is an array");
    rc = nvmem_push_number(a, n - 1u, "the index", &v);
    *i = (unsigned)v;
    if (rc == 0 && two) {
        if (!nvmem_push_take(a, ','))
            return nvmem_push_refuse(a, "write [0, 0]", "this array has two indices");
        rc = nvmem_push_number(a, m - 1u, "the second index", &v);
        *j = (unsigned)v;
    }
    return rc < 0                    ? rc
           : nvmem_push_take(a, ']') ? 0
                                     : nvmem_push_refuse(a, NULL, "a ] is missing");
}

int
nvmem_push_value(struct assembler *a, const struct nvrm_hw_field *f, uint64_t *v_out)
{
    char w[WORD_MAX];
    uint32_t v;
    const struct nvrm_hw_class *cl;

    nvmem_push_word(a, w);
    if (nvrm_hw_value_named(f, w, &v)) {
        *v_out = v;
        return 0;
    }
    if (nvrm_hw_is_float(f) && is_float(w, v_out))
        return 0;
    if (nvmem_push_is_number(w, v_out))
        return nvrm_hw_field_fits(f, *v_out)
                   ? 0
                   : nvmem_push_refuse(a, NULL, "%s: %s does not fit into %u bits",
                                       nvrm_hw_text(f->name), w, nvrm_hw_field_width(f));
    cl = strcmp(nvrm_hw_text(f->name), "NVCLASS") ? NULL : nvrm_hw_class_named(w);
    if (cl) {
        *v_out = cl->id;
        return 0;
    }
    return nvmem_push_did_you_mean(a, nvrm_hw_nearest_value(f, w), "give a number",
                                   "the field has no value", w);
}

int
nvmem_push_each_line(struct assembler *a, const char *text, size_t bytes,
                     int (*fn)(struct assembler *a, void *ctx), void *ctx)
{
    const char *end = text + bytes;

    while (text < end) {
        const char *nl = memchr(text, '\n', (size_t)(end - text));
        const char *stop = nl ? nl : end;
        const char *comment = memchr(text, '#', (size_t)(stop - text));
        int rc;

        a->line++;
        a->p = text;
        a->end = comment ? comment : stop;
        if (a->end > a->p && a->end[-1] == '\r')
            a->end--;
        skip_blanks(a);
        rc = a->p < a->end ? fn(a, ctx) : 0;
        if (rc < 0)
            return rc;
        text = nl ? nl + 1 : end;
    }
    return a->out->rc < 0
               ? gsp_fail(a->err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: out of memory", a->name)
               : 0;
}
