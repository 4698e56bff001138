/* SPDX-License-Identifier: MIT */
/*
 * A small ELF writer: a file of named sections (and, for executables, one segment a section),
 * little-endian, 32 or 64 bits. Format after the System V ABI.
 */
#include <string.h>

#include "fw_synth.h"

enum { SHT_STRTAB_ = 3, MAX_SECTIONS = 16 };

struct layout {
    bool wide;
    uint32_t header, segment, section; /* sizes of the three kinds of header */
    uint32_t name[MAX_SECTIONS];       /* in the string table */
    size_t at[MAX_SECTIONS];           /* in the file */
};

static void
put_word(struct emu_blob *out, const struct layout *l, size_t at, uint64_t value)
{
    if (l->wide)
        emu_blob_put64(out, at, value);
    else
        emu_blob_put32(out, at, (uint32_t)value);
}

static void
put_header(struct emu_blob *out, const struct layout *l, unsigned type, unsigned machine)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 0, 1, 1, 0};

    emu_blob_add(out, ident, sizeof(ident));
    emu_blob_grow(out, l->header - sizeof(ident));
    if (out->failed)
        return;
    out->p[4] = l->wide ? 2 : 1;
    emu_blob_put16(out, 16, type);
    emu_blob_put16(out, 18, machine);
    emu_blob_put32(out, 20, 1);
}

/* Offsets of the fields behind e_entry, in the two classes. */
static void
finish_header(struct emu_blob *out, const struct layout *l, uint64_t entry, size_t segments,
              unsigned segment_count, size_t sections, unsigned section_count)
{
    const size_t sizes = l->wide ? 52 : 40;

    put_word(out, l, 24, entry);
    put_word(out, l, l->wide ? 32 : 28, segments);
    put_word(out, l, l->wide ? 40 : 32, sections);
    emu_blob_put16(out, sizes, l->header);
    emu_blob_put16(out, sizes + 2, segment_count ? l->segment : 0);
    emu_blob_put16(out, sizes + 4, segment_count);
    emu_blob_put16(out, sizes + 6, l->section);
    emu_blob_put16(out, sizes + 8, section_count);
    emu_blob_put16(out, sizes + 10, section_count - 1);
}

static void
put_section(struct emu_blob *out, const struct layout *l, uint32_t name, uint32_t type,
            size_t at, size_t bytes, uint32_t alignment)
{
    const size_t p = emu_blob_grow(out, l->section);

    emu_blob_put32(out, p, name);
    emu_blob_put32(out, p + 4, type);
    put_word(out, l, l->wide ? p + 24 : p + 16, at);
    put_word(out, l, l->wide ? p + 32 : p + 20, bytes);
    put_word(out, l, l->wide ? p + 48 : p + 32, alignment);
}

/* An executable of the second-generation GSP operating system: one loadable segment a section.
 */
static void
put_segment(struct emu_blob *out, const struct layout *l, size_t p, uint64_t va, size_t at,
            size_t bytes)
{
    emu_blob_put32(out, p, 1); /* PT_LOAD */
    if (l->wide)
        emu_blob_put32(out, p + 4, 5); /* readable, executable */
    emu_blob_put64(out, p + 8, at);
    emu_blob_put64(out, p + 16, va);
    emu_blob_put64(out, p + 24, va);
    emu_blob_put64(out, p + 32, bytes);
    emu_blob_put64(out, p + 40, bytes);
    emu_blob_put64(out, p + 48, 0x1000);
}

static size_t
put_names(struct emu_blob *out, struct layout *l, const struct emu_elf_section *sections,
          unsigned count)
{
    const size_t at = out->n;

    emu_blob_grow(out, 1);
    for (unsigned i = 0; i < count; i++) {
        l->name[i] = (uint32_t)(out->n - at);
        emu_blob_add(out, sections[i].name, strlen(sections[i].name) + 1);
    }
    l->name[count] = (uint32_t)(out->n - at);
    emu_blob_add(out, ".shstrtab", sizeof(".shstrtab"));
    return at;
}

void
emu_elf(struct emu_blob *out, unsigned class_, unsigned type, unsigned machine,
        const struct emu_elf_section *sections, unsigned count)
{
    const bool wide = class_ == 2, executable = type == 2;
    struct layout l = {wide, wide ? 64 : 52, wide ? 56 : 32, wide ? 64 : 40, {0}, {0}};
    const uint64_t va = 0x4000000;
    size_t names, table, segments = 0;

    if (count >= MAX_SECTIONS)
        return;
    put_header(out, &l, type, machine);
    if (executable)
        segments = emu_blob_grow(out, (size_t)l.segment * count);
    for (unsigned i = 0; i < count; i++) {
        emu_blob_align(out, executable ? 0x1000 : 16);
        l.at[i] = out->n;
        emu_blob_add(out, sections[i].data, sections[i].bytes);
        if (executable)
            put_segment(out, &l, segments + (size_t)l.segment * i, va + l.at[i], l.at[i],
                        sections[i].bytes);
    }
    names = put_names(out, &l, sections, count);
    emu_blob_align(out, 8);
    table = out->n;
    put_section(out, &l, 0, 0, 0, 0, 0);
    for (unsigned i = 0; i < count; i++)
        put_section(out, &l, l.name[i], sections[i].type, l.at[i], sections[i].bytes,
                    executable ? 0x1000 : 4);
    put_section(out, &l, l.name[count], SHT_STRTAB_, names, l.name[count] + sizeof(".shstrtab"),
                1);
    finish_header(out, &l, executable ? va + l.at[0] : 0, segments, executable ? count : 0,
                  table, count + 2);
}
