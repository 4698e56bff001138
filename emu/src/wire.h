/* SPDX-License-Identifier: MIT */
/*
 * Fields of wire structs by name. A handler is written once for all releases: reading a field
 * that the release lacks gives 0, writing one does nothing.
 *
 * Paths look like "gidInfo.length" or "entries[2].engineData[3]" and are printf formats.
 */
#ifndef EMU_WIRE_H
#define EMU_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nvrm/schema.h>

/** Bytes with a layout. `bytes` never is below layout->size; what lies beyond is the flexible
 * tail. */
struct emu_wire {
    struct nvrm_abi abi;
    const struct nvrm_layout *layout;
    uint8_t *data;
    size_t bytes;
};

/** Binds `bytes` at data to a struct of this release. False when there is no such struct or the
 * bytes do not hold it. */
bool emu_wire_init(struct emu_wire *w, struct nvrm_abi abi, const char *name, void *data,
                   size_t bytes);

bool emu_has(const struct emu_wire *w, const char *path, ...)
    __attribute__((format(printf, 2, 3)));
uint64_t emu_get(const struct emu_wire *w, const char *path, ...)
    __attribute__((format(printf, 2, 3)));
/** False when the release lacks the field. The value is cut to the field's width. */
bool emu_set(const struct emu_wire *w, uint64_t value, const char *path, ...)
    __attribute__((format(printf, 3, 4)));
/** Text or bytes into an array of bytes; cut to its length, the rest is zeroed. Text keeps room
 * for its NUL. */
bool emu_set_text(const struct emu_wire *w, const char *text, const char *path, ...)
    __attribute__((format(printf, 3, 4)));
bool emu_set_bytes(const struct emu_wire *w, const void *bytes, size_t count, const char *path,
                   ...) __attribute__((format(printf, 4, 5)));
/** Elements of an array field (0: flexible or absent). */
unsigned emu_count(const struct emu_wire *w, const char *path, ...)
    __attribute__((format(printf, 2, 3)));
/** Offset of a field from the start of the struct, or -1. */
long emu_offset(const struct emu_wire *w, const char *path, ...)
    __attribute__((format(printf, 2, 3)));
/** The struct at path. False when it is not one. */
bool emu_sub(const struct emu_wire *w, struct emu_wire *sub_out, const char *path, ...)
    __attribute__((format(printf, 3, 4)));

/** A constant by name at this release, or `otherwise`. */
uint64_t emu_constant(struct nvrm_abi abi, const char *name, uint64_t otherwise);

#endif
