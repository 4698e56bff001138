/* SPDX-License-Identifier: MIT */
/*
 * The growing text buffer. Adding to it never fails on the spot: the first failure sticks in
 * `rc` and later additions are ignored, so that writers check once, at the end.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text_priv.h"

char *
gsp_text_grow(struct gsp_text *t, size_t more)
{
    size_t cap = t->cap ? t->cap : 512;
    char *data;

    if (t->rc < 0 || more > SIZE_MAX / 4 - t->bytes)
        goto fail;
    while (cap < t->bytes + more + 1)
        cap *= 2;
    data = gsp_host_realloc(t->host, t->data, cap);
    if (!data)
        goto fail;
    t->data = data;
    t->cap = cap;
    return data + t->bytes;
fail:
    t->rc = -ENOMEM;
    return NULL;
}

void
gsp_text_add(struct gsp_text *t, const char *s, size_t bytes)
{
    char *at = gsp_text_room(t, bytes);

    if (!at)
        return;
    memcpy(at, s, bytes);
    t->bytes += bytes;
    t->data[t->bytes] = '\0';
}

void
gsp_text_puts(struct gsp_text *t, const char *s)
{
    gsp_text_add(t, s, strlen(s));
}

void
gsp_text_printf(struct gsp_text *t, const char *format, ...)
{
    va_list args, again;
    char *at;
    int n;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    at = n < 0 ? NULL : gsp_text_room(t, (size_t)n);
    if (at) {
        vsnprintf(at, (size_t)n + 1, format, again);
        t->bytes += (size_t)n;
    }
    va_end(again);
}

/* Length of the UTF-8 sequence at s, or 0 when it is not a well-formed one (overlong forms and
 * surrogates are not). */
static size_t
utf8_length(const unsigned char *s, size_t bytes)
{
    const unsigned char lead = s[0];
    const size_t n = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    if (lead < 0xc2 || lead > 0xf4 || n > bytes)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((lead == 0xe0 && s[1] < 0xa0) || (lead == 0xed && s[1] > 0x9f) ||
        (lead == 0xf0 && s[1] < 0x90) || (lead == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static void
add_escape(struct gsp_text *t, unsigned char c)
{
    static const char short_form[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (const char *p = short_form; *p; p += 2) {
        if (*p == (char)c) {
            const char two[2] = {'\\', p[1]};

            gsp_text_add(t, two, 2);
            return;
        }
    }
    gsp_text_printf(t, "\\u%04x", c);
}

void
gsp_text_json_string(struct gsp_text *t, const char *s, size_t bytes)
{
    size_t i = 0;

    gsp_text_add(t, "\"", 1);
    while (i < bytes) {
        size_t n = 0;

        while (i + n < bytes && gsp_json_plain((unsigned char)s[i + n]))
            n++;
        if (n == 0 && (unsigned char)s[i] >= 0x80)
            n = utf8_length((const unsigned char *)s + i, bytes - i);
        if (n) {
            gsp_text_add(t, s + i, n);
            i += n;
        } else {
            add_escape(t, (unsigned char)s[i++]);
        }
    }
    gsp_text_add(t, "\"", 1);
}

void
gsp_text_fini(struct gsp_text *t)
{
    gsp_host_free(t->host, t->data);
    t->data = NULL;
    t->bytes = t->cap = 0;
    t->rc = 0;
}
