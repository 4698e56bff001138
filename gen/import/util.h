/* SPDX-License-Identifier: MIT */
/**
 * Small things every part of nvrm-import needs: an arena, a growing buffer, an ordered string
 * map, and one error.
 *
 * The importer is a short-lived build tool: running out of memory aborts, and an arena lives as
 * long as one release.
 */
#ifndef IMP_UTIL_H
#define IMP_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The first thing that went wrong, as "file:line: error: text". Later failures do not
 * overwrite it. */
struct imp_error {
    bool set;
    char text[640];
};

/** Fill err unless it is set. line 0 leaves the line out, file NULL the whole place. Always
 * returns false. */
bool imp_fail(struct imp_error *err, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

struct imp_chunk;
struct imp_arena {
    struct imp_chunk *chunks;
    size_t used, cap;
};
void *imp_alloc(struct imp_arena *a, size_t bytes); /* zeroed, 16-byte aligned */
char *imp_strndup(struct imp_arena *a, const char *s, size_t len);
char *imp_strdup(struct imp_arena *a, const char *s);
char *imp_printf(struct imp_arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void imp_arena_fini(struct imp_arena *a);

/** Text that grows; data is always NUL-terminated once something was added. */
struct imp_buf {
    char *data;
    size_t len, cap;
};
void imp_buf_add(struct imp_buf *b, const void *data, size_t len);
void imp_buf_str(struct imp_buf *b, const char *s);
void imp_buf_printf(struct imp_buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void imp_buf_fini(struct imp_buf *b);

/** realloc that aborts instead of failing. */
void *imp_realloc(void *p, size_t bytes);
/** Make room for one more element of `bytes` in a heap array of n elements and capacity *cap.
 */
void *imp_grow(void *array, size_t n, size_t *cap, size_t bytes);

/** String -> pointer, iterated in insertion order. Keys are borrowed. */
struct imp_map_item {
    const char *key;
    void *value;
};
struct imp_map {
    struct imp_map_item *items;
    uint32_t *slots;
    size_t count, cap, slot_count;
};
void *imp_map_get(const struct imp_map *m, const char *key);
/** The place of the key's value; a new key (value NULL) is added. Valid until the next call. */
void **imp_map_at(struct imp_map *m, const char *key);
/** qsort the items by key; look-ups stay valid. */
void imp_map_sort(struct imp_map *m);
void imp_map_fini(struct imp_map *m);

/** Drops the const, for map values that are only read later and for execvp(). */
static inline void *
imp_value_of(const void *p)
{
    union {
        const void *in;
        void *out;
    } u = {p};

    return u.out;
}

uint32_t imp_crc32(uint32_t crc, const void *data, size_t len);
bool imp_has_prefix(const char *s, const char *prefix);
bool imp_has_suffix(const char *s, const char *suffix);

#endif
