/* SPDX-License-Identifier: MIT */
/* Memory, interned text, maps and errors of one run of the generator. */
#include "gen.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#define CHUNK_BYTES (1u << 20)
#define MAX_ERRORS  100

struct gen_chunk {
    struct gen_chunk *next;
    size_t used, size;
    max_align_t data[];
};

void
gen_init(struct gen *g)
{
    memset(g, 0, sizeof(*g));
}

static void
drop_open(struct gen *g)
{
    if (g->yaml_event)
        yaml_event_delete(g->yaml_event);
    if (g->yaml)
        yaml_parser_delete(g->yaml);
    if (g->dir)
        closedir(g->dir);
    if (g->file)
        fclose(g->file);
    g->yaml_event = g->yaml = g->dir = g->file = NULL;
}

void
gen_fini(struct gen *g)
{
    drop_open(g);
    while (g->chunks) {
        struct gen_chunk *next = g->chunks->next;

        free(g->chunks);
        g->chunks = next;
    }
}

int
gen_try(struct gen *g, void (*fn)(struct gen *g, void *ctx), void *ctx)
{
    if (setjmp(g->fatal) == 0)
        fn(g, ctx);
    drop_open(g);
    if (g->no_memory)
        return -ENOMEM;
    return g->error_count ? -EINVAL : 0;
}

void
gen_die(struct gen *g)
{
    longjmp(g->fatal, 1);
}

static void *
chunk_alloc(struct gen *g, size_t bytes)
{
    const size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    struct gen_chunk *c = malloc(sizeof(*c) + size);

    if (!c) {
        g->no_memory = true;
        gen_die(g);
    }
    c->next = g->chunks;
    c->used = bytes;
    c->size = size;
    g->chunks = c;
    return c->data;
}

void *
gen_alloc(struct gen *g, size_t bytes)
{
    void *p;

    bytes = (bytes + 15) & ~(size_t)15;
    if (g->alloc_budget && --g->alloc_budget == 0) {
        g->no_memory = true;
        gen_die(g);
    }
    if (g->chunks && g->chunks->size - g->chunks->used >= bytes) {
        p = (char *)g->chunks->data + g->chunks->used;
        g->chunks->used += bytes;
    } else {
        p = chunk_alloc(g, bytes);
    }
    return memset(p, 0, bytes);
}

void *
gen_grow(struct gen *g, const void *old, uint32_t *cap, size_t elem_bytes)
{
    const uint32_t old_cap = *cap;
    void *p;

    *cap = old_cap ? old_cap * 2 : 8;
    p = gen_alloc(g, *cap * elem_bytes);
    if (old_cap)
        memcpy(p, old, old_cap * elem_bytes);
    return p;
}

/* Interned text */

static uint32_t
hash_bytes(const char *p, size_t n)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 16777619u;
    return h ^ (h >> 15);
}

static const char **
text_slot(const struct gen *g, const char *text, size_t n)
{
    uint32_t i = hash_bytes(text, n) & (g->text_cap - 1);

    while (g->texts[i] && (strncmp(g->texts[i], text, n) != 0 || g->texts[i][n]))
        i = (i + 1) & (g->text_cap - 1);
    return &g->texts[i];
}

static void
grow_texts(struct gen *g)
{
    const char **old = g->texts;
    const uint32_t old_cap = g->text_cap;
    const uint32_t cap = old_cap ? old_cap * 2 : 1024;

    g->texts = gen_alloc(g, cap * sizeof(*g->texts));
    g->text_cap = cap;
    for (uint32_t i = 0; i < old_cap; i++) {
        if (old[i])
            *text_slot(g, old[i], strlen(old[i])) = old[i];
    }
}

const char *
gen_intern(struct gen *g, const char *text, size_t n)
{
    const char **slot;
    const char *nul = memchr(text, 0, n);
    char *copy;

    if (nul)
        n = (size_t)(nul - text);
    if (g->text_count * 2 >= g->text_cap)
        grow_texts(g);
    slot = text_slot(g, text, n);
    if (*slot)
        return *slot;
    copy = gen_alloc(g, n + 1);
    memcpy(copy, text, n);
    *slot = copy;
    g->text_count++;
    return copy;
}

const char *
gen_interned(const struct gen *g, const char *text, size_t n)
{
    return g->text_cap ? *text_slot(g, text, n) : NULL;
}

const char *
gen_internf(struct gen *g, const char *format, ...)
{
    char text[1024];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < 0 || n >= (int)sizeof(text))
        n = (int)sizeof(text) - 1;
    return gen_intern(g, text, (size_t)n);
}

/* Maps: keys are interned, so an address is a key. */

static struct gen_map_slot *
map_slot(const struct gen_map *m, const char *key)
{
    uint32_t i = (uint32_t)(((uintptr_t)key >> 4) * 2654435761u) & (m->cap - 1);

    while (m->slots[i].key && m->slots[i].key != key)
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

void
gen_map_set(struct gen *g, struct gen_map *m, const char *key, uint32_t value)
{
    struct gen_map_slot *slot;

    if (m->used * 2 >= m->cap) {
        const struct gen_map old = *m;

        m->cap = old.cap ? old.cap * 2 : 16;
        m->slots = gen_alloc(g, m->cap * sizeof(*m->slots));
        for (uint32_t i = 0; i < old.cap; i++) {
            if (old.slots[i].key)
                *map_slot(m, old.slots[i].key) = old.slots[i];
        }
    }
    slot = map_slot(m, key);
    if (!slot->key)
        m->used++;
    slot->key = key;
    slot->value = value;
}

uint32_t
gen_map_get(const struct gen_map *m, const char *key)
{
    const struct gen_map_slot *slot;

    if (!m->cap || !key)
        return UINT32_MAX;
    slot = map_slot(m, key);
    return slot->key ? slot->value : UINT32_MAX;
}

/* Text and errors */

void
gen_text_add(struct gen *g, struct gen_text *t, const char *bytes, size_t n)
{
    if (t->n + n + 1 > t->cap) {
        const size_t cap = (t->n + n + 1) * 2 < 4096 ? 4096 : (t->n + n + 1) * 2;
        char *p = gen_alloc(g, cap);

        if (t->n)
            memcpy(p, t->p, t->n);
        t->p = p;
        t->cap = cap;
    }
    memcpy(t->p + t->n, bytes, n);
    t->n += n;
    t->p[t->n] = 0;
}

static void
text_addv(struct gen *g, struct gen_text *t, const char *format, va_list args)
{
    char small[512];
    va_list again;
    int n;

    va_copy(again, args);
    n = vsnprintf(small, sizeof(small), format, args);
    if (n >= (int)sizeof(small)) {
        char *big = gen_alloc(g, (size_t)n + 1);

        vsnprintf(big, (size_t)n + 1, format, again);
        gen_text_add(g, t, big, (size_t)n);
    } else if (n > 0) {
        gen_text_add(g, t, small, (size_t)n);
    }
    va_end(again);
}

bool
gen_write(const char *path, const struct gen_text *text)
{
    FILE *f = fopen(path, "wb");
    bool failed = !f || fwrite(text->p, 1, text->n, f) != text->n;

    failed |= f && fclose(f) != 0;
    if (failed)
        (void)fprintf(stderr, "%s: error: cannot be written: %s\n", path, strerror(errno));
    return !failed;
}

void
gen_textf(struct gen *g, struct gen_text *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text_addv(g, t, format, args);
    va_end(args);
}

void
gen_error(struct gen *g, struct gen_pos pos, const char *format, ...)
{
    va_list args;

    gen_textf(g, &g->errors, "%s:%u: error: ", pos.file ? pos.file : "?", pos.line);
    va_start(args, format);
    text_addv(g, &g->errors, format, args);
    va_end(args);
    gen_textf(g, &g->errors, "\n");
    if (++g->error_count >= MAX_ERRORS) {
        gen_textf(g, &g->errors, "too many errors, stopping\n");
        gen_die(g);
    }
}

void
gen_stop_on_errors(struct gen *g)
{
    if (g->error_count)
        gen_die(g);
}
