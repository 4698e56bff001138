/* SPDX-License-Identifier: MIT */
/*
 * From the vendor's arrays to the containers that linux-firmware ships, so that a boot reads
 * one kind of file wherever its ucodes came from.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <zlib.h>

#include "fw_bytes_priv.h"
#include "fw_nvfw_priv.h"

enum { PIECES = 16, ROUND = 256 };

/* A row per kind of archive: how its name goes on after "GetBinArchive". */
static const struct {
    const char *infix;
    enum gsp_fw_role role;
    bool confidential, debug;
} archives[] = {
    {"BooterLoadUcode_",         GSP_FW_ROLE_BOOTER_LOAD,   false, false},
    {"BooterUnloadUcode_",       GSP_FW_ROLE_BOOTER_UNLOAD, false, false},
    {"SecurescrubUcode_",        GSP_FW_ROLE_SCRUBBER,      false, false},
    {"GspRmBoot_",               GSP_FW_ROLE_BOOTLOADER,    false, false},
    {"BlUcode_",                 GSP_FW_ROLE_GENERIC_BL,    false, false},
    {"GspRmFmcGfwProdSigned_",   GSP_FW_ROLE_FMC,           false, false},
    {"GspRmFmcGfwDebugSigned_",  GSP_FW_ROLE_FMC,           false, true },
    {"GspRmCcFmcGfwProdSigned_", GSP_FW_ROLE_FMC,           true,  false},
};

/* "GA102" to "ga102"; a family's name ("AD10X") becomes its first chip. */
static void
copy_chip(const char *from, char *to, size_t to_bytes)
{
    size_t n = 0;

    for (; from[n] && n + 1 < to_bytes; n++)
        to[n] = (char)tolower((unsigned char)from[n]);
    to[n] = '\0';
    if (n == 5 && to[4] == 'x')
        to[4] = '2';
}

void
gsp_fw_archive_identify(const char *archive, struct gsp_fw_archive_id *id_out)
{
    const char *name = strstr(archive, "GetBinArchive");

    *id_out = (struct gsp_fw_archive_id){.role = GSP_FW_ROLES};
    name = name ? name + strlen("GetBinArchive") : "";
    for (unsigned i = 0; i < sizeof(archives) / sizeof(archives[0]); i++) {
        const size_t bytes = strlen(archives[i].infix);

        if (strncmp(name, archives[i].infix, bytes))
            continue;
        id_out->role = archives[i].role;
        id_out->confidential = archives[i].confidential;
        id_out->debug = archives[i].debug;
        copy_chip(name + bytes, id_out->chip, sizeof(id_out->chip));
    }
}

/* The arrays of one file, unpacked. */
struct pieces {
    const struct gsp_fw_source *src;
    const struct gsp_host *host;
    const char *suffix; /* "_prod" or "_dbg" */
    struct {
        char label[GSP_FW_ARRAY_NAME_MAX];
        uint8_t *data;
        uint32_t bytes;
    } piece[PIECES];
    unsigned count;
    struct gsp_fw_archive_id id;
};

static void
pieces_free(struct pieces *p)
{
    for (unsigned i = 0; i < p->count; i++)
        gsp_host_free(p->host, p->piece[i].data);
}

static int
pieces_add(struct pieces *p, const struct gsp_fw_array *array, struct gsp_error *err)
{
    uint8_t *data;
    int rc;

    if (p->count == PIECES)
        return fw_bad(p->src, err, array->text.off - p->src->base, "more than %d arrays",
                      PIECES);
    data = gsp_host_alloc(p->host, array->data_bytes ? array->data_bytes : 1);
    if (!data)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    rc = gsp_fw_array_unpack(p->src, array, p->host, data, array->data_bytes, err);
    if (rc < 0) {
        gsp_host_free(p->host, data);
        return rc;
    }
    memcpy(p->piece[p->count].label, array->label, sizeof(array->label));
    p->piece[p->count].data = data;
    p->piece[p->count++].bytes = array->data_bytes;
    return 0;
}

static int
pieces_read(struct pieces *p, struct gsp_error *err)
{
    struct gsp_fw_arrays arrays;
    struct gsp_fw_array array;
    struct gsp_fw_archive_id id;
    int rc;

    gsp_fw_arrays_init(p->src, &arrays);
    while ((rc = gsp_fw_arrays_next(&arrays, &array, err)) == 0) {
        gsp_fw_archive_identify(array.archive, &id);
        if (p->count && (id.role != p->id.role || strcmp(id.chip, p->id.chip)))
            return fw_bad(p->src, err, array.text.off - p->src->base,
                          "arrays of two archives in one file");
        p->id = id;
        rc = pieces_add(p, &array, err);
        if (rc < 0)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* An array by label: with the signing's suffix, else without one. */
static int
find(const struct pieces *p, const char *label, uint32_t want_bytes, struct gsp_fw_slice *out,
     struct gsp_error *err)
{
    const size_t bytes = strlen(label);

    for (unsigned plain = 0; plain < 2; plain++) {
        for (unsigned i = 0; i < p->count; i++) {
            const char *name = p->piece[i].label;

            if (strncmp(name, label, bytes) || strcmp(name + bytes, plain ? "" : p->suffix))
                continue;
            if (want_bytes && p->piece[i].bytes != want_bytes)
                return fw_bad(p->src, err, 0, "array %s has %u bytes, not %u", name,
                              p->piece[i].bytes, want_bytes);
            *out = (struct gsp_fw_slice){p->piece[i].data, p->piece[i].bytes, 0};
            return 0;
        }
    }
    return fw_bad(p->src, err, 0, "no array %s%s", label, p->suffix);
}

/* A container being written. */
struct out {
    uint8_t *data;
    size_t bytes, at;
};

static int
out_init(struct out *o, const struct pieces *p, size_t bytes, struct gsp_error *err)
{
    *o = (struct out){gsp_host_alloc(p->host, bytes), bytes, 0};
    return o->data ? 0 : gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
}

static void
put(struct out *o, const struct gsp_fw_slice *s)
{
    memcpy(o->data + o->at, s->data, s->bytes);
    o->at += s->bytes;
}

static void
put_word(struct out *o, uint64_t value)
{
    fw_put_u32(o->data + o->at, (uint32_t)value);
    o->at += 4;
}

static void
put_wrapper(struct out *o, uint64_t header_bytes, uint64_t data_bytes)
{
    const uint64_t data_off = NVFW_BYTES + header_bytes;

    put_word(o, NVFW_MAGIC);
    put_word(o, NVFW_VERSION);
    put_word(o, (data_off + data_bytes + ROUND - 1) / ROUND * ROUND);
    put_word(o, NVFW_BYTES);
    put_word(o, data_off);
    put_word(o, data_bytes);
}

/* Bootloaders: a descriptor, then the image. */
static int
pack_with_desc(const struct pieces *p, struct out *o, struct gsp_error *err)
{
    struct gsp_fw_slice desc, image;
    int rc = find(p, "ucode_desc", 0, &desc, err);

    if (rc == 0)
        rc = find(p, "ucode_image", 0, &image, err);
    if (rc == 0)
        rc = out_init(o, p, NVFW_BYTES + desc.bytes + image.bytes, err);
    if (rc)
        return rc;
    put_wrapper(o, desc.bytes, image.bytes);
    put(o, &desc);
    put(o, &image);
    return 0;
}

struct hs_pieces {
    struct gsp_fw_slice image, header, sig, loc, sig_index, meta, count;
};

static int
find_hs(const struct pieces *p, struct hs_pieces *h, struct gsp_error *err)
{
    const struct {
        const char *label;
        uint32_t bytes;
        struct gsp_fw_slice *out;
    } rows[] = {
        {"image",      0,             &h->image    },
        {"header",     HS_LOAD_BYTES, &h->header   },
        {"sig",        0,             &h->sig      },
        {"patch_loc",  4,             &h->loc      },
        {"patch_sig",  4,             &h->sig_index},
        {"patch_meta", HS_META_BYTES, &h->meta     },
        {"num_sigs",   4,             &h->count    },
    };
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
        rc = find(p, rows[i].label, rows[i].bytes, rows[i].out, err);
    return rc;
}

/* nvfw_hs_header_v2, and what its words point at. */
static void
put_hs(struct out *o, const struct hs_pieces *h)
{
    const uint64_t sig = NVFW_BYTES + HS_HEADER_BYTES, loc = sig + h->sig.bytes;
    const uint64_t meta = loc + 8, count = meta + HS_META_BYTES, load = count + 4;

    put_word(o, sig);
    put_word(o, h->sig.bytes);
    put_word(o, loc);
    put_word(o, loc + 4);
    put_word(o, meta);
    put_word(o, HS_META_BYTES);
    put_word(o, count);
    put_word(o, load);
    put_word(o, HS_LOAD_BYTES);
    put(o, &h->sig);
    put(o, &h->loc);
    put(o, &h->sig_index);
    put(o, &h->meta);
    put(o, &h->count);
    put(o, &h->header);
}

static int
pack_hs(const struct pieces *p, struct out *o, struct gsp_error *err)
{
    struct hs_pieces h;
    uint64_t header_bytes;
    int rc = find_hs(p, &h, err);

    if (rc)
        return rc;
    header_bytes = HS_HEADER_BYTES + h.sig.bytes + 8 + HS_META_BYTES + 4 + HS_LOAD_BYTES;
    rc = out_init(o, p, NVFW_BYTES + header_bytes + h.image.bytes, err);
    if (rc)
        return rc;
    put_wrapper(o, header_bytes, h.image.bytes);
    put_hs(o, &h);
    put(o, &h.image);
    return 0;
}

/* ---- FMC: an ELF32 of named sections ---- */

enum {
    EHDR = 52,
    SHDR = 40,
    FMC_SECTIONS = 6,
    NAMES_OFF = EHDR + SHDR * FMC_SECTIONS,
    FMC_FLAGS = (int)0xfff00102,
};

static const char fmc_names[] = "\0.shstrtab\0hash\0signature\0publickey\0image";

static void
put_section(struct out *o, uint32_t name, uint32_t type, uint32_t flags, uint64_t off,
            uint64_t bytes, uint32_t info, uint32_t align, uint32_t entry)
{
    const uint32_t words[] = {name, type, flags, 0,    (uint32_t)off, (uint32_t)bytes,
                              0,    info, align, entry};

    for (unsigned i = 0; i < 10; i++)
        put_word(o, words[i]);
}

static void
put_elf_header(struct out *o)
{
    static const uint8_t ident[16] = {0x7f, 'E', 'L', 'F', 1, 1, 1};
    static const uint16_t tail[] = {EHDR, 0, 0, SHDR, FMC_SECTIONS, 1};

    put(o, &(struct gsp_fw_slice){ident, sizeof(ident), 0});
    put_word(o, 0); /* type and machine: none */
    put_word(o, 1);
    put_word(o, 0);
    put_word(o, 0);
    put_word(o, EHDR);
    put_word(o, 0);
    for (unsigned i = 0; i < 6; i += 2)
        put_word(o, tail[i] | (uint32_t)tail[i + 1] << 16);
}

static uint64_t
align4(uint64_t at)
{
    return (at + 3) & ~(uint64_t)3;
}

static void
put_fmc(struct out *o, const struct gsp_fw_slice parts[4])
{
    static const uint8_t name_at[] = {0x0b, 0x10, 0x1a, 0x24};
    uint64_t off = align4(NAMES_OFF + sizeof(fmc_names));

    put_elf_header(o);
    o->at += SHDR;
    put_section(o, 1, 3, 0x20, NAMES_OFF, sizeof(fmc_names), 0, 1, 1);
    for (unsigned i = 0; i < 4; i++) {
        const uint32_t crc = (uint32_t)crc32(0, parts[i].data, (unsigned)parts[i].bytes);

        put_section(o, name_at[i], 1, (uint32_t)FMC_FLAGS, off, parts[i].bytes, crc, 4, 0);
        off = align4(off + parts[i].bytes);
    }
    put(o, &(struct gsp_fw_slice){(const uint8_t *)fmc_names, sizeof(fmc_names), 0});
    for (unsigned i = 0; i < 4; i++) {
        o->at = align4(o->at);
        put(o, &parts[i]);
    }
}

static int
pack_fmc(const struct pieces *p, struct out *o, struct gsp_error *err)
{
    static const char *const labels[] = {"ucode_hash", "ucode_sig", "ucode_pkey",
                                         "ucode_image"};
    struct gsp_fw_slice parts[4];
    uint64_t bytes = align4(NAMES_OFF + sizeof(fmc_names));
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < 4; i++) {
        rc = find(p, labels[i], 0, &parts[i], err);
        if (rc == 0)
            bytes = align4(bytes) + parts[i].bytes;
    }
    if (rc == 0)
        rc = out_init(o, p, bytes, err);
    if (rc == 0)
        put_fmc(o, parts);
    return rc;
}

static int
pack(const struct pieces *p, struct out *o, struct gsp_error *err)
{
    switch (p->id.role) {
    case GSP_FW_ROLE_BOOTLOADER:
    case GSP_FW_ROLE_GENERIC_BL:
        return pack_with_desc(p, o, err);
    case GSP_FW_ROLE_BOOTER_LOAD:
    case GSP_FW_ROLE_BOOTER_UNLOAD:
    case GSP_FW_ROLE_SCRUBBER:
        return pack_hs(p, o, err);
    case GSP_FW_ROLE_FMC:
        return pack_fmc(p, o, err);
    default:
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s holds no ucode that GSP boots with",
                        fw_name(p->src));
    }
}

int
gsp_fw_arrays_pack(const struct gsp_fw_source *src, bool debug, const struct gsp_host *host,
                   uint8_t **container_out, size_t *container_bytes_out, struct gsp_error *err)
{
    struct pieces p = {.src = src,
                       .host = host,
                       .suffix = debug ? "_dbg" : "_prod",
                       .id = {.role = GSP_FW_ROLES}};
    struct out o = {0};
    int rc = pieces_read(&p, err);

    *container_out = NULL;
    *container_bytes_out = 0;
    if (rc == 0)
        rc = pack(&p, &o, err);
    if (rc == 0) {
        *container_out = o.data;
        *container_bytes_out = o.bytes;
    }
    pieces_free(&p);
    return rc;
}
