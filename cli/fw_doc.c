/* SPDX-License-Identifier: MIT */
/*
 * A firmware file as a document: what its containers say, and every part with its hash. `fw
 * info` prints it, `fw diff` compares two.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw_file.h"

static void
set(json_t *o, const char *key, json_t *value)
{
    if (value)
        json_object_set_new(o, key, value);
}

static json_t *
sha256_of(const void *data, size_t bytes)
{
    char hex[65];

    return json_string(fw_sha256(data, bytes, hex));
}

static json_t *
part_row(const struct gsp_fw_part *part)
{
    return json_pack("{s:s, s:o, s:I, s:o}", "name", part->name, "offset",
                     cli_hex(part->data.off), "bytes", (json_int_t)part->data.bytes, "sha256",
                     sha256_of(part->data.data, part->data.bytes));
}

static json_t *
family_names(const struct gsp_fw_gsp *g, bool confidential)
{
    json_t *names = json_array();

    for (unsigned i = 0; i < g->signature_count; i++) {
        const struct gsp_fw_signature *s = &g->signatures[i];

        if (s->confidential == confidential)
            json_array_append_new(names, json_string(strrchr(s->section, '_') + 1));
    }
    return names;
}

static void
doc_gsp(json_t *o, const struct fw_file *f)
{
    const struct gsp_fw_gsp *g = &f->parsed.gsp;
    json_t *confidential = family_names(g, true);

    set(o, "release", json_string(g->version));
    set(o, "libos", json_integer(g->libos));
    set(o, "families", family_names(g, false));
    if (json_array_size(confidential))
        set(o, "confidential", confidential);
    else
        json_decref(confidential);
    set(o, "build_id", fw_hex(&g->build_id));
    if (g->libos == 2) {
        set(o, "entry", cli_hex(g->nested.entry));
        set(o, "segments", json_integer(g->nested.segments));
    }
}

static void
doc_bootloader(json_t *o, const struct fw_file *f)
{
    const struct gsp_fw_riscv_desc *d = &f->parsed.bootloader.desc;
    const struct {
        const char *name;
        uint32_t value;
    } rows[] = {
        {"version",               d->version              },
        {"bootloaderOffset",      d->bootloaderOffset     },
        {"bootloaderSize",        d->bootloaderSize       },
        {"bootloaderParamOffset", d->bootloaderParamOffset},
        {"bootloaderParamSize",   d->bootloaderParamSize  },
        {"riscvElfOffset",        d->riscvElfOffset       },
        {"riscvElfSize",          d->riscvElfSize         },
        {"appVersion",            d->appVersion           },
        {"manifestOffset",        d->manifestOffset       },
        {"manifestSize",          d->manifestSize         },
        {"monitorDataOffset",     d->monitorDataOffset    },
        {"monitorDataSize",       d->monitorDataSize      },
        {"monitorCodeOffset",     d->monitorCodeOffset    },
        {"monitorCodeSize",       d->monitorCodeSize      },
        {"bIsMonitorEnabled",     d->bIsMonitorEnabled    },
        {"swbromCodeOffset",      d->swbromCodeOffset     },
        {"swbromCodeSize",        d->swbromCodeSize       },
        {"swbromDataOffset",      d->swbromDataOffset     },
        {"swbromDataSize",        d->swbromDataSize       },
        {"fbReservedSize",        d->fbReservedSize       },
        {"bSignedAsCode",         d->bSignedAsCode        },
        {"bIsSmp",                d->bIsSmp               },
        {"bIsPlicEnabled",        d->bIsPlicEnabled       },
    };
    json_t *desc = json_object();

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]) && 4 * i < d->desc_bytes; i++)
        set(desc, rows[i].name, cli_hex(rows[i].value));
    set(o, "descriptor_bytes", json_integer(d->desc_bytes));
    set(o, "descriptor", desc);
}

static void
doc_hs(json_t *o, const struct fw_file *f)
{
    const struct gsp_fw_hs *hs = &f->parsed.hs;

    set(o, "engine_id", cli_hex(hs->engine_id));
    set(o, "ucode_id", json_integer(hs->ucode_id));
    set(o, "fuse_version", json_integer(hs->fuse_version));
    set(o, "signatures", json_integer(hs->signature_count));
    set(o, "signature_bytes", json_integer(hs->signature_bytes));
    set(o, "patch_offset", cli_hex(hs->patch_off));
    set(o, "pkc_data_offset", cli_hex(hs->pkc_data_off));
}

static void
doc_generic(json_t *o, const struct fw_file *f)
{
    set(o, "start_tag", cli_hex(f->parsed.generic_bl.start_tag));
    set(o, "dmem_load_offset", cli_hex(f->parsed.generic_bl.dmem_load_off));
}

static void
doc_fmc(json_t *o, const struct fw_file *f)
{
    const struct gsp_fw_fmc *fmc = &f->parsed.fmc;

    set(o, "hash", fw_hex(&fmc->hash));
    set(o, "signed_with", json_string(fmc->signature.bytes == 96 ? "ECC-P384" : "RSA-3K"));
    set(o, "crc32", json_boolean(fmc->crc_known));
}

/* ---- arrays ---- */

static json_t *
array_row(const struct fw_file *f, const struct gsp_fw_array *a, struct gsp_error *err)
{
    void *data = malloc(a->data_bytes ? a->data_bytes : 1);
    json_t *row = NULL;

    if (!data)
        gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    else if (gsp_fw_array_unpack(&f->src, a, NULL, data, a->data_bytes, err) == 0)
        row = json_pack("{s:s, s:o, s:I, s:I, s:o}", "name", a->label, "offset",
                        cli_hex(a->text.off), "bytes", (json_int_t)a->data_bytes, "packed",
                        (json_int_t)a->packed_bytes, "sha256", sha256_of(data, a->data_bytes));
    free(data);
    return row;
}

static void
doc_archive(json_t *o, const struct fw_file *f, const char *archive)
{
    struct gsp_fw_archive_id id;
    uint8_t *container;
    size_t bytes;

    gsp_fw_archive_identify(archive, &id);
    set(o, "archive", json_string(archive));
    set(o, "role", json_string(gsp_fw_role_name(id.role)));
    if (id.chip[0])
        set(o, "chip", json_string(id.chip));
    set(o, "debug", json_boolean(id.debug));
    if (gsp_fw_arrays_pack(&f->src, id.debug, NULL, &container, &bytes, NULL) < 0)
        return;
    set(o, "container",
        json_pack("{s:I, s:o}", "bytes", (json_int_t)bytes, "sha256",
                  sha256_of(container, bytes)));
    gsp_host_free(NULL, container);
}

static int
doc_arrays(json_t *o, const struct fw_file *f, struct gsp_error *err)
{
    struct gsp_fw_arrays arrays;
    struct gsp_fw_array a;
    json_t *rows = json_array();
    int rc;

    gsp_fw_arrays_init(&f->src, &arrays);
    while ((rc = gsp_fw_arrays_next(&arrays, &a, err)) == 0) {
        json_t *row = array_row(f, &a, err);

        if (!json_array_size(rows))
            doc_archive(o, f, a.archive);
        if (!row || json_array_append_new(rows, row) < 0)
            break;
    }
    set(o, "parts", rows);
    return rc == -ENOENT ? 0 : rc < 0 ? rc : -EBADMSG;
}

/* ---- .run ---- */

struct members {
    json_t *rows;
};

/* All of firmware/, by name and size; nothing needs its bytes. */
static int
note_member(void *ctx, const char *name, uint64_t bytes)
{
    struct members *m = ctx;
    char plain[300]; /* a name may hold anything */
    size_t n = 0;

    for (; name[n] && n + 1 < sizeof(plain); n++)
        plain[n] = (char)(name[n] < ' ' || name[n] > '~' ? '?' : name[n]);
    plain[n] = '\0';
    if (strstr(plain, "firmware/") || strstr(plain, "gsp_"))
        json_array_append_new(
            m->rows, json_pack("{s:s, s:I}", "name", plain, "bytes", (json_int_t)bytes));
    return 0;
}

static int
doc_run(json_t *o, const struct fw_file *f, struct gsp_error *err)
{
    const struct gsp_fw_run *run = &f->parsed.run;
    struct members m = {json_array()};
    const struct fw_tar_reader reader = {&m, note_member, NULL};
    int rc = fw_tar_read(&f->src, run, &reader, err);

    if (run->release[0])
        set(o, "release", json_string(run->release));
    set(o, "packing", json_string(gsp_fw_packing_name(run->packing)));
    set(o, "payload_offset", cli_hex(run->payload.off));
    set(o, "payload_bytes", json_integer((json_int_t)run->payload.bytes));
    set(o, "firmware", m.rows);
    return rc;
}

static void
doc_other(json_t *o, const struct fw_file *f)
{
    set(o, "wrapper_version", json_integer(f->parsed.nvfw.version));
}

static int
doc_kind(json_t *o, const struct fw_file *f, struct gsp_error *err)
{
    static void (*const docs[GSP_FW_KINDS])(json_t *, const struct fw_file *) = {
        [GSP_FW_KIND_GSP] = doc_gsp, [GSP_FW_KIND_BOOTLOADER] = doc_bootloader,
        [GSP_FW_KIND_HS] = doc_hs,   [GSP_FW_KIND_GENERIC_BL] = doc_generic,
        [GSP_FW_KIND_FMC] = doc_fmc, [GSP_FW_KIND_NVFW] = doc_other,
    };

    if (f->parsed.kind == GSP_FW_KIND_ARRAYS)
        return doc_arrays(o, f, err);
    if (f->parsed.kind == GSP_FW_KIND_RUN)
        return doc_run(o, f, err);
    docs[f->parsed.kind](o, f);
    return 0;
}

json_t *
fw_doc(const struct fw_file *f, struct gsp_error *err)
{
    json_t *o = json_pack("{s:s, s:s, s:I, s:o}", "file", f->src.name, "kind",
                          gsp_fw_kind_name(f->parsed.kind), "bytes", (json_int_t)f->src.bytes,
                          "sha256", sha256_of(f->src.data, f->src.bytes));
    json_t *parts = json_array();

    if (doc_kind(o, f, err) < 0) {
        json_decref(o);
        json_decref(parts);
        return NULL;
    }
    for (unsigned i = 0; i < f->parsed.part_count; i++)
        json_array_append_new(parts, part_row(&f->parsed.parts[i]));
    if (json_array_size(parts))
        set(o, "parts", parts);
    else
        json_decref(parts);
    return o;
}

/* ---- checks ---- */

static bool
add_check(json_t *rows, const char *file, const char *what, bool ok, const char *detail)
{
    json_array_append_new(rows, json_pack("{s:s, s:s, s:b, s:s}", "file", file, "check", what,
                                          "ok", ok, "detail", detail));
    return ok;
}

/* The hash that FSP is given is that of the image. */
static bool
check_fmc_hash(const struct fw_file *f, json_t *rows)
{
    const struct gsp_fw_fmc *fmc = &f->parsed.fmc;
    char hex[97], said[97] = "";

    for (unsigned i = 0; i < 48; i++)
        snprintf(said + (size_t)2 * i, 3, "%02x", fmc->hash.data[i]);
    fw_sha384(fmc->image.data, fmc->image.bytes, hex);
    return add_check(rows, f->src.name, "hash", !strcmp(said, hex),
                     strcmp(said, hex) ? "SHA-384 of the image is another" : "SHA-384");
}

static bool
check_release(const struct nvrm_schema *schema, const char *file, const char *release,
              json_t *rows)
{
    const bool known = nvrm_release_find(schema, release) != NVRM_NO_RELEASE;
    char detail[96];

    snprintf(detail, sizeof(detail), "%s %s", release,
             known ? "has a schema" : "has no schema: nvrm cannot boot it");
    return add_check(rows, file, "schema", known, detail);
}

static bool
check_arrays(const struct fw_file *f, json_t *rows)
{
    struct gsp_error err = {0};
    json_t *doc = fw_doc(f, &err);
    const bool ok = doc != NULL;
    char detail[96];

    snprintf(detail, sizeof(detail), "%zu arrays unpack, lengths and CRCs agree",
             json_array_size(json_object_get(doc, "parts")));
    json_decref(doc);
    return add_check(rows, f->src.name, "arrays", ok, ok ? detail : err.text);
}

bool
fw_checks(const struct nvrm_schema *schema, const struct fw_file *f, json_t *rows)
{
    struct gsp_fw_check checks[GSP_FW_CHECKS_MAX];
    unsigned count = gsp_fw_verify(&f->parsed, checks, GSP_FW_CHECKS_MAX);
    bool ok = true;

    for (unsigned i = 0; i < count; i++)
        ok &= add_check(rows, f->src.name, checks[i].what, checks[i].ok, checks[i].detail);
    if (f->parsed.kind == GSP_FW_KIND_GSP)
        ok &= check_release(schema, f->src.name, f->parsed.gsp.version, rows);
    if (f->parsed.kind == GSP_FW_KIND_FMC)
        ok &= check_fmc_hash(f, rows);
    if (f->parsed.kind == GSP_FW_KIND_ARRAYS)
        ok &= check_arrays(f, rows);
    return ok;
}

json_t *
fw_doc_of(const char *path, struct gsp_error *err)
{
    struct fw_file *f = calloc(1, sizeof(*f));
    json_t *doc = NULL;

    if (!f)
        gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    else if (fw_file_open(path, f, err) == 0) {
        doc = fw_doc(f, err);
        fw_file_free(f);
    }
    free(f);
    return doc;
}
