/* SPDX-License-Identifier: MIT */
/*
 * ELF, both classes, little endian: as much as firmware files use. Headers, sections and
 * segments are read through one table of offsets per class.
 */
#include <errno.h>
#include <string.h>

#include "fw_bytes_priv.h"

enum { ELF_IDENT = 16, NOBITS = 8, NO_INDEX = 0 };

/* Where the fields stand; a word is 4 bytes in class 32 and 8 in class 64. */
struct elf_class {
    uint16_t header, section, segment;                      /* sizes */
    uint8_t entry, phoff, shoff, flags;                     /* in the header */
    uint8_t phentsize, phnum, shentsize, shnum, shstrndx;   /* u16 */
    uint8_t sh_flags, sh_offset, sh_size, sh_link, sh_info; /* in a section header */
    uint8_t sh_align, sh_entsize;
    uint8_t p_flags, p_offset, p_va, p_pa, p_filesz, p_memsz; /* in a segment header */
};

static const struct elf_class classes[] = {
    {52, 40, 32, 24, 28, 32, 36, 42, 44, 46, 48, 50, 8,
     16, 20, 24, 28, 32, 36, 24, 4, 8,  12, 16, 20},
    {64, 64, 56, 24, 32, 40, 48, 54, 56, 58, 60, 62, 8,
     24, 32, 40, 44, 48, 56, 4,  8, 16, 24, 32, 40},
};

static uint64_t
word(const struct gsp_fw_elf *elf, const uint8_t *p)
{
    return elf->is64 ? fw_u64(p) : fw_u32(p);
}

static int
check_ident(const struct gsp_fw_source *src, const uint8_t *ident, struct gsp_error *err)
{
    if (memcmp(ident,
               "\x7f"
               "ELF",
               4))
        return fw_bad(src, err, 0, "not an ELF file");
    if (ident[4] != 1 && ident[4] != 2)
        return fw_bad(src, err, 4, "ELF class %u is neither 32 nor 64 bits", ident[4]);
    if (ident[5] != 1)
        return fw_bad(src, err, 5, "ELF data encoding %u is not little endian", ident[5]);
    if (ident[6] != 1)
        return fw_bad(src, err, 6, "ELF version %u", ident[6]);
    return 0;
}

/* A table of `count` rows; refused when its rows have another size than the class gives. */
static int
take_table(const struct gsp_fw_source *src, uint64_t off, unsigned count, unsigned row_bytes,
           unsigned want_bytes, const char *what, struct gsp_fw_slice *out,
           struct gsp_error *err)
{
    if (!count) {
        *out = (struct gsp_fw_slice){0};
        return 0;
    }
    if (row_bytes != want_bytes)
        return fw_bad(src, err, off, "%s rows have %u bytes, not %u", what, row_bytes,
                      want_bytes);
    return fw_take(src, off, (uint64_t)count * row_bytes, what, out, err);
}

static int
take_names(struct gsp_fw_elf *elf, unsigned index, struct gsp_error *err)
{
    struct gsp_fw_section names;
    int rc;

    if (index == NO_INDEX)
        return 0;
    if (index >= elf->sections)
        return fw_bad(&elf->src, err, 0, "section names are in section %u of %u", index,
                      elf->sections);
    rc = gsp_fw_elf_section(elf, index, &names, err);
    if (rc < 0)
        return rc;
    if (!names.data.bytes || names.data.data[names.data.bytes - 1])
        return fw_bad(&elf->src, err, names.data.off - elf->src.base,
                      "section names do not end with a zero byte");
    elf->names = names.data;
    return 0;
}

static int
read_header(struct gsp_fw_elf *elf, const uint8_t *h, struct gsp_error *err)
{
    const struct elf_class *c = &classes[elf->is64];
    int rc;

    elf->os_abi = h[7];
    elf->abi_version = h[8];
    elf->type = fw_u16(h + 16);
    elf->machine = fw_u16(h + 18);
    elf->entry = word(elf, h + c->entry);
    elf->flags = fw_u32(h + c->flags);
    elf->segments = fw_u16(h + c->phnum);
    elf->sections = fw_u16(h + c->shnum);
    rc = take_table(&elf->src, word(elf, h + c->phoff), elf->segments, fw_u16(h + c->phentsize),
                    c->segment, "segment table", &elf->segment_table, err);
    if (rc == 0)
        rc = take_table(&elf->src, word(elf, h + c->shoff), elf->sections,
                        fw_u16(h + c->shentsize), c->section, "section table",
                        &elf->section_table, err);
    return rc < 0 ? rc : take_names(elf, fw_u16(h + c->shstrndx), err);
}

int
gsp_fw_elf_open(const struct gsp_fw_source *src, struct gsp_fw_elf *out, struct gsp_error *err)
{
    struct gsp_fw_elf elf = {.src = *src};
    struct gsp_fw_slice header;
    int rc = fw_take(src, 0, ELF_IDENT, "ELF identification", &header, err);

    memset(out, 0, sizeof(*out));
    if (rc == 0)
        rc = check_ident(src, header.data, err);
    if (rc < 0)
        return rc;
    elf.is64 = header.data[4] == 2;
    rc = fw_take(src, 0, classes[elf.is64].header, "ELF header", &header, err);
    if (rc == 0)
        rc = read_header(&elf, header.data, err);
    if (rc == 0)
        *out = elf;
    return rc;
}

static int
section_name(const struct gsp_fw_elf *elf, unsigned i, uint32_t off, const char **name_out,
             struct gsp_error *err)
{
    *name_out = "";
    if (!elf->names.bytes)
        return 0;
    if (off >= elf->names.bytes)
        return fw_bad(&elf->src, err, elf->section_table.off - elf->src.base,
                      "section %u has its name at 0x%x of 0x%llx", i, off,
                      (unsigned long long)elf->names.bytes);
    *name_out = (const char *)elf->names.data + off;
    return 0;
}

int
gsp_fw_elf_section(const struct gsp_fw_elf *elf, unsigned i, struct gsp_fw_section *out,
                   struct gsp_error *err)
{
    const struct elf_class *c = &classes[elf->is64];
    struct gsp_fw_section s = {0};
    const uint8_t *row;
    int rc;

    memset(out, 0, sizeof(*out));
    if (i >= elf->sections || !elf->section_table.data)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: no section %u", fw_name(&elf->src),
                        i);
    row = elf->section_table.data + (uint64_t)i * c->section;
    rc = section_name(elf, i, fw_u32(row), &s.name, err);
    if (rc < 0)
        return rc;
    s.type = fw_u32(row + 4);
    s.flags = word(elf, row + c->sh_flags);
    s.link = fw_u32(row + c->sh_link);
    s.info = fw_u32(row + c->sh_info);
    s.align = word(elf, row + c->sh_align);
    s.row_bytes = word(elf, row + c->sh_entsize);
    s.size = word(elf, row + c->sh_size);
    rc = fw_take(&elf->src, word(elf, row + c->sh_offset), s.type == NOBITS ? 0 : s.size,
                 *s.name ? s.name : "section", &s.data, err);
    if (rc == 0)
        *out = s;
    return rc;
}

int
gsp_fw_elf_segment(const struct gsp_fw_elf *elf, unsigned i, struct gsp_fw_segment *out,
                   struct gsp_error *err)
{
    const struct elf_class *c = &classes[elf->is64];
    struct gsp_fw_segment s = {0};
    const uint8_t *row;
    int rc;

    memset(out, 0, sizeof(*out));
    if (i >= elf->segments)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: no segment %u", fw_name(&elf->src),
                        i);
    row = elf->segment_table.data + (uint64_t)i * c->segment;
    s.type = fw_u32(row);
    s.flags = fw_u32(row + c->p_flags);
    s.va = word(elf, row + c->p_va);
    s.pa = word(elf, row + c->p_pa);
    s.memory_bytes = word(elf, row + c->p_memsz);
    rc = fw_take(&elf->src, word(elf, row + c->p_offset), word(elf, row + c->p_filesz),
                 "segment", &s.data, err);
    if (rc == 0)
        *out = s;
    return rc;
}
