/* SPDX-License-Identifier: MIT */
/*
 * One run of the generator: memory, text, errors.
 *
 * All memory of a run comes from one arena and is freed together. Running out of memory, or of
 * patience with a bad schema, jumps back to gen_try(); nothing in between has anything to
 * unwind, except what is open, which the run knows. Texts are interned: equal texts have
 * equal addresses.
 */
#ifndef GEN_GEN_H
#define GEN_GEN_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gen_chunk;

/** Where something stands in the schema. */
struct gen_pos {
    const char *file;
    uint32_t line; /* from 1 */
};

/** Growing text. Memory is the run's. */
struct gen_text {
    char *p;
    size_t n, cap;
};

/** Interned text -> number. */
struct gen_map {
    struct gen_map_slot {
        const char *key;
        uint32_t value;
    } * slots;
    uint32_t used, cap;
};

struct gen {
    struct gen_chunk *chunks;
    jmp_buf fatal;
    struct gen_text errors; /* "file:line: error: ...\n" */
    unsigned error_count;
    void *yaml, *yaml_event; /* libyaml's objects while a document is read, or NULL */
    void *dir, *file;        /* what is open: DIR and FILE, or NULL */
    const char **texts;      /* interned texts, a hash table */
    uint32_t text_count, text_cap;
    size_t alloc_budget; /* tests: allocations until one fails; 0 means no limit */
    bool no_memory;
};

void gen_init(struct gen *g);
void gen_fini(struct gen *g);
/** Run fn(g, ctx). 0, -EINVAL when errors were reported, -ENOMEM. */
int gen_try(struct gen *g, void (*fn)(struct gen *g, void *ctx), void *ctx);

void *gen_alloc(struct gen *g, size_t bytes); /* zeroed; never NULL */
void *gen_grow(struct gen *g, const void *old, uint32_t *cap, size_t elem_bytes);

/** Append room for one element to a vector {T *p; uint32_t n, cap;}; evaluates to T*. */
#define gen_push(g, v)                                                                         \
    ((v)->p = (v)->n == (v)->cap ? gen_grow((g), (v)->p, &(v)->cap, sizeof(*(v)->p)) : (v)->p, \
     &(v)->p[(v)->n++])

const char *gen_intern(struct gen *g, const char *text, size_t n);
/** The interned text if there is one already, else NULL. */
const char *gen_interned(const struct gen *g, const char *text, size_t n);
const char *gen_internf(struct gen *g, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void gen_map_set(struct gen *g, struct gen_map *m, const char *key, uint32_t value);
/** UINT32_MAX when the key is not there. */
uint32_t gen_map_get(const struct gen_map *m, const char *key);

void gen_text_add(struct gen *g, struct gen_text *t, const char *bytes, size_t n);
/** The text as a file. False: why is said on stderr. */
bool gen_write(const char *path, const struct gen_text *text);
void gen_textf(struct gen *g, struct gen_text *t, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Report an error and go on; the run stops for good at the 100th. */
void gen_error(struct gen *g, struct gen_pos pos, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Stop here if anything was reported so far. */
void gen_stop_on_errors(struct gen *g);
void gen_die(struct gen *g) __attribute__((noreturn));

#endif
