/* SPDX-License-Identifier: MIT */
/* Arena, buffer, map and error of nvrm-import. Nothing here knows about C or YAML. */
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)1 << 20)

struct imp_chunk {
    struct imp_chunk *next;
    max_align_t data[];
};

bool
imp_fail(struct imp_error *err, const char *file, unsigned line, const char *format, ...)
{
    va_list ap;
    int n = 0;

    if (err->set)
        return false;
    err->set = true;
    if (file && line)
        n = snprintf(err->text, sizeof(err->text), "%s:%u: error: ", file, line);
    else if (file)
        n = snprintf(err->text, sizeof(err->text), "%s: error: ", file);
    else
        n = snprintf(err->text, sizeof(err->text), "error: ");
    if (n < 0 || (size_t)n >= sizeof(err->text))
        n = 0;
    va_start(ap, format);
    (void)vsnprintf(err->text + n, sizeof(err->text) - (size_t)n, format, ap);
    va_end(ap);
    return false;
}

void *
imp_realloc(void *p, size_t bytes)
{
    void *q = realloc(p, bytes ? bytes : 1);

    if (!q)
        abort();
    return q;
}

void *
imp_grow(void *array, size_t n, size_t *cap, size_t bytes)
{
    if (n < *cap)
        return array;
    *cap = *cap ? *cap * 2 : 64;
    return imp_realloc(array, *cap * bytes);
}

void *
imp_alloc(struct imp_arena *a, size_t bytes)
{
    size_t need = (bytes + 15) & ~(size_t)15;
    struct imp_chunk *c;
    void *p;

    if (!a->chunks || a->used + need > a->cap) {
        a->cap = need > CHUNK_BYTES ? need : CHUNK_BYTES;
        c = calloc(1, sizeof(*c) + a->cap);
        if (!c)
            abort();
        c->next = a->chunks;
        a->chunks = c;
        a->used = 0;
    }
    p = (char *)a->chunks->data + a->used;
    a->used += need;
    return p;
}

char *
imp_strndup(struct imp_arena *a, const char *s, size_t len)
{
    char *p = imp_alloc(a, len + 1);

    memcpy(p, s, len);
    return p;
}

char *
imp_strdup(struct imp_arena *a, const char *s)
{
    return imp_strndup(a, s, strlen(s));
}

char *
imp_printf(struct imp_arena *a, const char *format, ...)
{
    char small[256];
    va_list ap;
    char *p;
    int n;

    va_start(ap, format);
    n = vsnprintf(small, sizeof(small), format, ap);
    va_end(ap);
    if (n < 0)
        abort();
    if ((size_t)n < sizeof(small))
        return imp_strndup(a, small, (size_t)n);
    p = imp_alloc(a, (size_t)n + 1);
    va_start(ap, format);
    (void)vsnprintf(p, (size_t)n + 1, format, ap);
    va_end(ap);
    return p;
}

void
imp_arena_fini(struct imp_arena *a)
{
    struct imp_chunk *next;

    for (struct imp_chunk *c = a->chunks; c; c = next) {
        next = c->next;
        free(c);
    }
    *a = (struct imp_arena){0};
}

static void
buf_reserve(struct imp_buf *b, size_t more)
{
    if (b->len + more + 1 <= b->cap)
        return;
    while (b->cap < b->len + more + 1)
        b->cap = b->cap ? b->cap * 2 : 256;
    b->data = imp_realloc(b->data, b->cap);
}

void
imp_buf_add(struct imp_buf *b, const void *data, size_t len)
{
    buf_reserve(b, len);
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void
imp_buf_str(struct imp_buf *b, const char *s)
{
    imp_buf_add(b, s, strlen(s));
}

void
imp_buf_printf(struct imp_buf *b, const char *format, ...)
{
    char small[256];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(small, sizeof(small), format, ap);
    va_end(ap);
    if (n < 0)
        abort();
    if ((size_t)n < sizeof(small)) {
        imp_buf_add(b, small, (size_t)n);
        return;
    }
    buf_reserve(b, (size_t)n);
    va_start(ap, format);
    (void)vsnprintf(b->data + b->len, (size_t)n + 1, format, ap);
    va_end(ap);
    b->len += (size_t)n;
}

void
imp_buf_fini(struct imp_buf *b)
{
    free(b->data);
    *b = (struct imp_buf){0};
}

static uint32_t
hash(const char *s)
{
    uint32_t h = 2166136261u;

    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

/* Slot of the key, or of the empty place where it would go. Slots hold item number + 1. */
static size_t
map_slot(const struct imp_map *m, const char *key)
{
    size_t i = hash(key) & (m->slot_count - 1);

    while (m->slots[i] && strcmp(m->items[m->slots[i] - 1].key, key) != 0)
        i = (i + 1) & (m->slot_count - 1);
    return i;
}

static void
map_rehash(struct imp_map *m)
{
    memset(m->slots, 0, m->slot_count * sizeof(*m->slots));
    for (size_t i = 0; i < m->count; i++)
        m->slots[map_slot(m, m->items[i].key)] = (uint32_t)i + 1;
}

void *
imp_map_get(const struct imp_map *m, const char *key)
{
    uint32_t slot;

    if (!m->slot_count)
        return NULL;
    slot = m->slots[map_slot(m, key)];
    return slot ? m->items[slot - 1].value : NULL;
}

void **
imp_map_at(struct imp_map *m, const char *key)
{
    size_t slot;

    if (m->count * 2 >= m->slot_count) {
        m->slot_count = m->slot_count ? m->slot_count * 2 : 64;
        m->slots = imp_realloc(m->slots, m->slot_count * sizeof(*m->slots));
        map_rehash(m);
    }
    slot = map_slot(m, key);
    if (!m->slots[slot]) {
        m->items = imp_grow(m->items, m->count, &m->cap, sizeof(*m->items));
        m->items[m->count] = (struct imp_map_item){.key = key};
        m->slots[slot] = (uint32_t)++m->count;
    }
    return &m->items[m->slots[slot] - 1].value;
}

static int
by_key(const void *a, const void *b)
{
    return strcmp(((const struct imp_map_item *)a)->key, ((const struct imp_map_item *)b)->key);
}

void
imp_map_sort(struct imp_map *m)
{
    if (!m->count)
        return;
    qsort(m->items, m->count, sizeof(*m->items), by_key);
    map_rehash(m);
}

void
imp_map_fini(struct imp_map *m)
{
    free(m->items);
    free(m->slots);
    *m = (struct imp_map){0};
}

uint32_t
imp_crc32(uint32_t crc, const void *data, size_t len)
{
    const unsigned char *p = data;

    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

bool
imp_has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
imp_has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n >= m && strcmp(s + n - m, suffix) == 0;
}
