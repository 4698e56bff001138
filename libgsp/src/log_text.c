/* SPDX-License-Identifier: MIT */
/*
 * A record as text: printf() over 64-bit arguments, every width and length bounded.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log_priv.h"

enum { TEXT_MAX = 4096, WIDTH_MAX = 128, STRING_MAX = 1024 };

/* Where the text goes, and what is left of the arguments. */
struct writer {
    const struct log_args *args;
    unsigned next;
    char *out;
    size_t used, cap;
};

/* One conversion of a format: %[flags][width][.precision][length]kind. */
struct conversion {
    bool left, plus, space, alternate, zero;
    int width, precision; /* precision -1: none */
    char kind;
};

static void
put(struct writer *w, char c)
{
    if (w->used + 1 < w->cap)
        w->out[w->used++] = c;
}

static void
put_padded(struct writer *w, const struct conversion *c, const char *text, size_t bytes)
{
    const size_t pad = c->width > 0 && (size_t)c->width > bytes ? (size_t)c->width - bytes : 0;

    for (size_t i = 0; i < pad && !c->left; i++)
        put(w, ' ');
    for (size_t i = 0; i < bytes; i++)
        put(w, text[i]);
    for (size_t i = 0; i < pad && c->left; i++)
        put(w, ' ');
}

/* False when the record has no more arguments. */
static bool
take(struct writer *w, uint64_t *value_out)
{
    if (w->next >= w->args->count)
        return false;
    *value_out = w->args->values[w->next++];
    return true;
}

/* A number of the format, or the next argument for '*'. */
static int
read_count(struct writer *w, const char **p)
{
    uint64_t value = 0;

    if (**p == '*') {
        ++*p;
        if (!take(w, &value))
            return 0;
        if ((int64_t)value < 0)
            return (int64_t)value < -WIDTH_MAX ? -WIDTH_MAX : (int)(int64_t)value;
        return value > WIDTH_MAX ? WIDTH_MAX : (int)value;
    }
    while (isdigit((unsigned char)**p)) {
        if (value <= WIDTH_MAX)
            value = value * 10 + (uint64_t)(**p - '0');
        ++*p;
    }
    return value > WIDTH_MAX ? WIDTH_MAX : (int)value;
}

static void
read_flags(struct conversion *c, const char **p)
{
    for (;; ++*p) {
        switch (**p) {
        case '-':
            c->left = true;
            break;
        case '+':
            c->plus = true;
            break;
        case ' ':
            c->space = true;
            break;
        case '#':
            c->alternate = true;
            break;
        case '0':
            c->zero = true;
            break;
        default:
            return;
        }
    }
}

static void
read_conversion(struct writer *w, const char **p, struct conversion *c)
{
    *c = (struct conversion){.precision = -1};
    read_flags(c, p);
    c->width = read_count(w, p);
    if (c->width < 0) {
        c->left = true;
        c->width = -c->width;
    }
    if (**p == '.') {
        ++*p;
        c->precision = read_count(w, p);
    }
    while (**p && strchr("hlLqjzt", **p))
        ++*p;
    c->kind = **p;
    if (**p)
        ++*p;
}

/* Digits of value with at least `least` of them, and a prefix before all zeroes. */
static void
put_digits(struct writer *w, const struct conversion *c, const char *prefix, const char *digits)
{
    const size_t n = strlen(digits), before = strlen(prefix);
    size_t least = c->precision >= 0 ? (size_t)c->precision : 0;
    char text[WIDTH_MAX * 2 + 64];
    size_t used = 0;

    if (c->precision < 0 && c->zero && !c->left && c->width > 0 && (size_t)c->width > before)
        least = (size_t)c->width - before;
    memcpy(text, prefix, before);
    for (used = before; used < before + (least > n ? least - n : 0); used++)
        text[used] = '0';
    memcpy(text + used, digits, n);
    put_padded(w, c, text, used + n);
}

static void
put_number(struct writer *w, const struct conversion *c, uint64_t value)
{
    const char *prefix = c->plus ? "+" : c->space ? " " : "";
    char digits[32];

    switch (c->kind) {
    case 'd':
    case 'i':
        if ((int64_t)value < 0)
            prefix = "-";
        snprintf(digits, sizeof(digits), "%llu",
                 (unsigned long long)((int64_t)value < 0 ? 0 - value : value));
        put_digits(w, c, prefix, digits);
        return;
    case 'u':
        snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
        break;
    case 'o':
        snprintf(digits, sizeof(digits), "%llo", (unsigned long long)value);
        break;
    case 'X':
        snprintf(digits, sizeof(digits), "%llX", (unsigned long long)value);
        break;
    default:
        snprintf(digits, sizeof(digits), "%llx", (unsigned long long)value);
        break;
    }
    prefix = "";
    if (c->kind == 'p' || c->kind == 'a' || (c->alternate && c->kind == 'x' && value))
        prefix = "0x";
    if (c->alternate && value && c->kind == 'X')
        prefix = "0X";
    if (c->alternate && value && c->kind == 'o')
        prefix = "0";
    put_digits(w, c, prefix, digits);
}

static void
put_string(struct writer *w, const struct conversion *c, uint64_t va)
{
    const char *text = w->args->text ? w->args->text(w->args->ctx, va) : NULL;
    char address[32];

    if (!text) {
        snprintf(address, sizeof(address), "<text at 0x%llx>", (unsigned long long)va);
        put_padded(w, c, address, strlen(address));
        return;
    }
    put_padded(w, c, text,
               strnlen(text, c->precision >= 0 ? (size_t)c->precision : STRING_MAX));
}

/* False ends the text: a broken format or too few arguments. */
static bool
put_conversion(struct writer *w, const char **p)
{
    struct conversion c;
    uint64_t value;
    char one;

    read_conversion(w, p, &c);
    if (!c.kind || !strchr("diuoxXpacsn", c.kind) || !take(w, &value))
        return false;
    if (c.kind == 's') {
        put_string(w, &c, value);
    } else if (c.kind == 'c') {
        one = (char)value;
        put_padded(w, &c, &one, 1);
    } else if (c.kind != 'n') {
        put_number(w, &c, value);
    }
    return true;
}

/* Log text ends up on terminals: nothing in it may control one. */
static void
make_plain(char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)text[i] < 0x20 && text[i] != '\n' && text[i] != '\t')
            text[i] = '.';
        else if ((unsigned char)text[i] >= 0x7f)
            text[i] = '?';
}

void
log_format(const char *format, const struct log_args *args, char *out, size_t out_bytes)
{
    struct writer w = {.args = args, .out = out, .cap = out_bytes};
    const char *p = format;

    while (*p && w.used + 1 < w.cap) {
        if (p[0] != '%' || *++p == '%') {
            put(&w, *p++);
        } else if (!put_conversion(&w, &p)) {
            break;
        }
    }
    while (w.used && (out[w.used - 1] == '\n' || out[w.used - 1] == '\r'))
        w.used--;
    make_plain(out, w.used);
    out[w.used] = 0;
}

const char *
gsp_log_level_name(unsigned level)
{
    static const char *const names[] = {"silent", "info",     "notice", "warning",
                                        "error",  "hw-error", "fatal"};

    return level < sizeof(names) / sizeof(names[0]) ? names[level] : "";
}

struct text_source {
    const struct gsp_log_elf *elf;
    const struct gsp_log_ring *ring;
    unsigned task;
};

static const char *
find_text(void *ctx, uint64_t va)
{
    const struct text_source *s = ctx;

    return log_elf_text(s->elf, s->ring, s->task, va);
}

static void
add_arguments(const struct gsp_log_record *r, struct gsp_text *out)
{
    for (unsigned i = 0; i < r->arg_count; i++)
        gsp_text_printf(out, "%s0x%llx", i ? " " : "", (unsigned long long)r->args[i]);
}

/* An assertion or a check: its format is the expression, its first argument may be a status. */
static void
add_special(const struct gsp_log_message *m, const struct gsp_log_record *r,
            struct nvrm_abi abi, struct gsp_text *out)
{
    const char *what = m->special <= 2 ? "Assertion failed: " : "Check failed: ";
    char expression[TEXT_MAX];
    size_t n = strnlen(m->format, sizeof(expression) - 1);

    gsp_text_puts(out, what);
    if ((m->special == 2 || m->special == 4) && r->arg_count) {
        const char *name = nvrm_status_name(abi, (uint32_t)r->args[0]);

        gsp_text_printf(out, "%s (0x%08x) returned from ", name ? name : "unknown status",
                        (uint32_t)r->args[0]);
    }
    while (n && (m->format[n - 1] == '\n' || m->format[n - 1] == '\r'))
        n--;
    memcpy(expression, m->format, n);
    make_plain(expression, n);
    gsp_text_add(out, expression, n);
}

void
gsp_log_record_text(const struct gsp_log_elf *elf, const struct gsp_log_ring *ring,
                    const struct gsp_log_record *record, struct nvrm_abi abi,
                    struct gsp_text *out)
{
    struct text_source source = {elf, ring, record->task};
    const struct log_args args = {record->args, record->arg_count, find_text, &source};
    struct gsp_log_message m;
    char text[TEXT_MAX];

    if (!gsp_log_message_find(elf, ring, record, &m)) {
        add_arguments(record, out);
        return;
    }
    if (m.special >= 1 && m.special <= 4) {
        add_special(&m, record, abi, out);
        return;
    }
    log_format(m.format, &args, text, sizeof(text));
    gsp_text_puts(out, text);
}
