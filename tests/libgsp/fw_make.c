/* SPDX-License-Identifier: MIT */
/*
 * See fw_make.h. Nothing here calls the library: what it reads back was written by other hands.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw_make.h"

void
fw_buf_free(struct fw_buf *b)
{
    free(b->data);
    *b = (struct fw_buf){0};
}

void
fw_put(struct fw_buf *b, const void *data, size_t bytes)
{
    if (!bytes)
        return;
    b->data = realloc(b->data, b->bytes + bytes);
    if (!b->data)
        abort();
    memcpy(b->data + b->bytes, data, bytes);
    b->bytes += bytes;
}

static void
put_number(struct fw_buf *b, uint64_t value, unsigned bytes)
{
    uint8_t word[8];

    for (unsigned i = 0; i < 8; i++)
        word[i] = (uint8_t)(value >> (8 * i));
    fw_put(b, word, bytes);
}

void
fw_put8(struct fw_buf *b, unsigned value)
{
    put_number(b, value, 1);
}

void
fw_put16(struct fw_buf *b, unsigned value)
{
    put_number(b, value, 2);
}

void
fw_put32(struct fw_buf *b, uint32_t value)
{
    put_number(b, value, 4);
}

void
fw_put64(struct fw_buf *b, uint64_t value)
{
    put_number(b, value, 8);
}

void
fw_fill(struct fw_buf *b, unsigned byte, size_t bytes)
{
    const uint8_t value = (uint8_t)byte;

    while (bytes--)
        fw_put(b, &value, 1);
}

void
fw_text(struct fw_buf *b, const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    fw_put(b, line, strlen(line));
}

void
fw_poke(struct fw_buf *b, size_t off, uint64_t value, unsigned bytes)
{
    if (off + bytes > b->bytes)
        abort();
    for (unsigned i = 0; i < bytes; i++)
        b->data[off + i] = (uint8_t)(value >> (8 * i));
}

/* Bit by bit, to owe nothing to a library. */
static uint32_t
crc_of(const uint8_t *data, size_t bytes)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* ---- ELF ---- */

static void
put_word(struct fw_buf *b, unsigned bits, uint64_t value)
{
    put_number(b, value, bits / 8);
}

static void
put_ehdr(struct fw_buf *b, unsigned bits, unsigned machine, uint64_t shoff, unsigned sections)
{
    const uint8_t ident[16] = {0x7f, 'E', 'L', 'F', (uint8_t)(bits / 32), 1, 1};

    fw_put(b, ident, sizeof(ident));
    fw_put16(b, machine ? 1 : 0);
    fw_put16(b, machine);
    fw_put32(b, 1);
    put_word(b, bits, 0);
    put_word(b, bits, 0);
    put_word(b, bits, shoff);
    fw_put32(b, 0);
    fw_put16(b, bits == 64 ? 64 : 52);
    fw_put16(b, 0);
    fw_put16(b, 0);
    fw_put16(b, bits == 64 ? 64 : 40);
    fw_put16(b, sections);
    fw_put16(b, sections - 1);
}

static void
put_shdr(struct fw_buf *b, unsigned bits, uint32_t name, uint32_t type, uint64_t off,
         uint64_t bytes, uint32_t info)
{
    fw_put32(b, name);
    fw_put32(b, type);
    put_word(b, bits, 0);
    put_word(b, bits, 0);
    put_word(b, bits, off);
    put_word(b, bits, bytes);
    fw_put32(b, 0);
    fw_put32(b, info);
    put_word(b, bits, 1);
    put_word(b, bits, 0);
}

/* Header, data of all sections, names, section table. */
struct fw_buf
fw_make_elf(unsigned bits, unsigned machine, const struct fw_section *sections, unsigned count)
{
    struct fw_buf out = {0}, names = {0};
    size_t off = bits == 64 ? 64 : 52, total = off;

    fw_put8(&names, 0);
    for (unsigned i = 0; i < count; i++)
        total += sections[i].bytes;
    for (unsigned i = 0; i < count; i++)
        fw_put(&names, sections[i].name, strlen(sections[i].name) + 1);
    fw_put(&names, ".shstrtab", 10);
    put_ehdr(&out, bits, machine, total + names.bytes, count + 2);
    for (unsigned i = 0; i < count; i++)
        fw_put(&out, sections[i].data, sections[i].bytes);
    fw_put(&out, names.data, names.bytes);
    put_shdr(&out, bits, 0, 0, 0, 0, 0);
    for (unsigned i = 0, name = 1; i < count; i++) {
        put_shdr(&out, bits, name, 1, off, sections[i].bytes, sections[i].info);
        off += sections[i].bytes;
        name += (unsigned)strlen(sections[i].name) + 1;
    }
    put_shdr(&out, bits, (uint32_t)names.bytes - 10, 3, total, names.bytes, 0);
    fw_buf_free(&names);
    return out;
}

/* An ELF with one loadable segment, as libos 2 images are. */
static struct fw_buf
make_program(void)
{
    struct fw_buf b = {0};

    put_ehdr(&b, 64, 243, 0, 1);
    fw_poke(&b, 16, 2, 2);
    fw_poke(&b, 24, 0x4000010, 8);
    fw_poke(&b, 32, 64, 8);
    fw_poke(&b, 54, 56, 2);
    fw_poke(&b, 56, 1, 2);
    fw_poke(&b, 60, 0, 4); /* no sections */
    fw_put32(&b, 1);
    fw_put32(&b, 5);
    fw_put64(&b, 120);
    fw_put64(&b, 0x4000000);
    fw_put64(&b, 0x4000000);
    fw_put64(&b, 32);
    fw_put64(&b, 64);
    fw_put64(&b, 16);
    fw_fill(&b, 0x13, 32);
    return b;
}

static const uint8_t build_id[] = {4,   0,   0,   0, 8, 0, 0, 0, 3, 0, 0, 0,
                                   'G', 'N', 'U', 0, 1, 2, 3, 4, 5, 6, 7, 8};

struct fw_buf
fw_make_gsp(unsigned libos, const char *version)
{
    static const char *const old_names[] = {".fwsignature_ga100", ".fwsignature_tu11x",
                                            ".fwsignature_tu10x", NULL};
    static const char *const new_names[] = {".fwsignature_cc_gh100", ".fwsignature_gh100",
                                            ".fwsignature_ad10x", ".fwsignature_ga10x", NULL};
    const char *const *names = libos == 2 ? old_names : new_names;
    struct fw_buf image = libos == 2 ? make_program() : (struct fw_buf){0}, signature = {0};
    struct fw_section sections[8] = {0};
    struct fw_buf out;
    unsigned n = 0;

    if (libos != 2)
        fw_fill(&image, 0x97, 8192);
    fw_fill(&signature, 0x5a, 4096);
    sections[n++] = (struct fw_section){".fwimage", image.data, image.bytes, 0};
    sections[n++] = (struct fw_section){".note.gnu.build-id", build_id, sizeof(build_id), 0};
    sections[n++] = (struct fw_section){".fwversion", version, strlen(version) + 1, 0};
    for (; *names; names++)
        sections[n++] = (struct fw_section){*names, signature.data, signature.bytes, 0};
    out = fw_make_elf(64, 243, sections, n);
    fw_buf_free(&image);
    fw_buf_free(&signature);
    return out;
}

/* ---- nvfw wrappers ---- */

static struct fw_buf
wrap(const struct fw_buf *header, const struct fw_buf *data)
{
    struct fw_buf out = {0};
    const size_t data_off = 24 + header->bytes;

    fw_put32(&out, 0x10de);
    fw_put32(&out, 1);
    fw_put32(&out, (uint32_t)(data_off + data->bytes + 255) & ~255u);
    fw_put32(&out, 24);
    fw_put32(&out, (uint32_t)data_off);
    fw_put32(&out, (uint32_t)data->bytes);
    fw_put(&out, header->data, header->bytes);
    fw_put(&out, data->data, data->bytes);
    return out;
}

static struct fw_buf
wrap_and_free(struct fw_buf *header, struct fw_buf *data)
{
    struct fw_buf out = wrap(header, data);

    fw_buf_free(header);
    fw_buf_free(data);
    return out;
}

/* A descriptor of which every word can be told from the others. */
struct fw_buf
fw_make_bootloader(unsigned desc_words, unsigned version)
{
    static const uint32_t ranges[] = {0,    0xe00, 0x80,  0xe80,  0x10,  0xe90, 0x20, 7,
                                      0x0,  0x100, 0x100, 0x200,  0x300, 0x400, 1,    0x700,
                                      0x40, 0x740, 0x50,  0x2000, 1,     1,     1};
    struct fw_buf header = {0}, image = {0};

    fw_put32(&header, version);
    for (unsigned i = 1; i < desc_words; i++)
        fw_put32(&header, ranges[i % 23]);
    fw_fill(&image, 0xb1, 4096);
    return wrap_and_free(&header, &image);
}

struct fw_buf
fw_make_generic_bl(void)
{
    static const uint32_t desc[] = {0xfd, 0, 0, 0x200, 0x200, 0x100};
    struct fw_buf header = {0}, image = {0};

    for (unsigned i = 0; i < 6; i++)
        fw_put32(&header, desc[i]);
    fw_fill(&image, 0xc0, 0x200);
    fw_fill(&image, 0xda, 0x100);
    return wrap_and_free(&header, &image);
}

/* The pieces of a signed ucode: 0x100 open code, 0x200 secure code, 0x300 data. */
static const uint32_t hs_load[] = {0, 0x100, 0x300, 0x300, 1, 0x100, 0x200, 0, 0};
static const uint32_t hs_meta[] = {1, 1, 3};
enum { HS_PATCH = 0x310 };

static void
put_words(struct fw_buf *b, const uint32_t *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        fw_put32(b, words[i]);
}

static void
put_signatures(struct fw_buf *b, unsigned count, unsigned bytes)
{
    for (unsigned i = 0; i < count; i++)
        fw_fill(b, 0x51 + i, bytes);
}

static void
put_hs_image(struct fw_buf *b)
{
    fw_fill(b, 0xe0, 0x100);
    fw_fill(b, 0xe1, 0x200);
    fw_fill(b, 0xe2, 0x300);
}

struct fw_buf
fw_make_hs(unsigned signatures, unsigned signature_bytes)
{
    const uint32_t sig = 24 + 36, sig_bytes = signatures * signature_bytes;
    const uint32_t loc = sig + sig_bytes, meta = loc + 8, count = meta + 12;
    const uint32_t head[] = {sig, sig_bytes, loc, loc + 4, meta, 12, count, count + 4, 36};
    struct fw_buf header = {0}, image = {0};

    put_words(&header, head, 9);
    put_signatures(&header, signatures, signature_bytes);
    fw_put32(&header, HS_PATCH);
    fw_put32(&header, 0);
    put_words(&header, hs_meta, 3);
    fw_put32(&header, signatures);
    put_words(&header, hs_load, 9);
    put_hs_image(&image);
    return wrap_and_free(&header, &image);
}

struct fw_buf
fw_make_fmc(int ecc)
{
    static const char *const names[] = {"hash", "signature", "publickey", "image"};
    const size_t sizes[] = {48, ecc ? 96 : 384, ecc ? 97 : 384, 1000};
    struct fw_section sections[4];
    struct fw_buf parts[4] = {0};
    struct fw_buf out;

    for (unsigned i = 0; i < 4; i++) {
        fw_fill(&parts[i], 0xf0 + i, sizes[i]);
        sections[i] = (struct fw_section){names[i], parts[i].data, parts[i].bytes,
                                          crc_of(parts[i].data, parts[i].bytes)};
    }
    out = fw_make_elf(32, 0, sections, 4);
    for (unsigned i = 0; i < 4; i++)
        fw_buf_free(&parts[i]);
    return out;
}

/* ---- arrays ---- */

/* One stored deflate block and gzip's trailer. */
static struct fw_buf
deflate_stored(const struct fw_buf *in)
{
    struct fw_buf out = {0};

    fw_put8(&out, 1);
    fw_put16(&out, (unsigned)in->bytes);
    fw_put16(&out, (unsigned)~in->bytes & 0xffff);
    fw_put(&out, in->data, in->bytes);
    fw_put32(&out, crc_of(in->data, in->bytes));
    fw_put32(&out, (uint32_t)in->bytes);
    return out;
}

static void
put_array(struct fw_buf *b, int modern, const char *label, struct fw_buf *data, int packed)
{
    struct fw_buf body = {0};
    char name[64];

    for (size_t i = 0; i <= strlen(label); i++)
        name[i] =
            modern && label[i] >= 'a' && label[i] <= 'z' ? (char)(label[i] - 32) : label[i];
    if (packed)
        body = deflate_stored(data);
    else
        fw_put(&body, data->data, data->bytes);
    fw_text(b, "#if defined(BINDATA_INCLUDE_DATA)\n//\n");
    fw_text(b, "// FUNCTION: kgspGetBinArchiveBooterLoadUcode_GA102(\"%s%s\")\n",
            modern ? "BINDATA_LABEL_" : "", name);
    fw_text(b, "// COMPRESSION: %s\n// DATA SIZE (bytes): %zu\n", packed ? "YES" : "NO",
            data->bytes);
    if (packed)
        fw_text(b, "// COMPRESSED SIZE (bytes): %zu\n//\n", body.bytes);
    else
        fw_text(b, "// COMPRESSED SIZE (bytes): N/A\n//\n");
    fw_text(b,
            "static BINDATA_CONST NvU8 kgspBinArchiveBooterLoadUcode_GA102_%s_data[] = \n{\n",
            label);
    for (size_t i = 0; i < body.bytes; i++)
        fw_text(b, "%s0x%02x,%s", i % 16 ? "" : "    ", body.data[i],
                i % 16 == 15 ? "\n" : " ");
    fw_text(b, "\n};\n#endif\n\n");
    fw_buf_free(&body);
    fw_buf_free(data);
}

struct fw_buf
fw_make_arrays(int modern)
{
    static const uint32_t loc[] = {HS_PATCH}, zero[] = {0}, two[] = {2};
    struct fw_buf out = {0}, data = {0};

    fw_text(&out, "/* synthetic */\n\n");
    put_hs_image(&data);
    put_array(&out, modern, "image_prod", &data, 1);
    put_words(&data, hs_load, 9);
    put_array(&out, modern, "header_prod", &data, 1);
    put_signatures(&data, 2, 384);
    put_array(&out, modern, "sig_prod", &data, 0);
    put_words(&data, loc, 1);
    put_array(&out, modern, "patch_loc", &data, 0);
    put_words(&data, zero, 1);
    put_array(&out, modern, "patch_sig", &data, 0);
    put_words(&data, hs_meta, 3);
    put_array(&out, modern, "patch_meta", &data, 0);
    put_words(&data, two, 1);
    put_array(&out, modern, "num_sigs", &data, 0);
    return out;
}

struct fw_buf
fw_make_run(const char *magic, size_t magic_bytes)
{
    struct fw_buf out = {0};

    fw_text(&out, "#! /bin/sh\nversion_string=570.144\nskip=6\necho synthetic\nexit 0\n");
    fw_put(&out, magic, magic_bytes);
    fw_fill(&out, 0, 100);
    return out;
}
