/* SPDX-License-Identifier: MIT */
/*
 * Checks on files that parse: what a boot would trip over later. Nothing here can prove a
 * signature, whose keys are in the chips; it can prove that the one that a chip needs is there.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include "fw_bytes_priv.h"
#include "fw_report_priv.h"

enum { PAGE = 4096, BLOCK = 256, SIGNATURE_PAGE = 4096, PT_LOAD_NUMBER = 1 };

void
fw_note(struct fw_report *r, const char *what, bool ok, const char *format, ...)
{
    struct gsp_fw_check *check = &r->checks[r->count];
    va_list args;

    if (r->count == r->most)
        return;
    *check = (struct gsp_fw_check){.what = what, .ok = ok};
    va_start(args, format);
    vsnprintf(check->detail, sizeof(check->detail), format, args);
    va_end(args);
    r->count++;
}

static bool
is_zero(const struct gsp_fw_slice *s)
{
    for (uint64_t i = 0; i < s->bytes; i++) {
        if (s->data[i])
            return false;
    }
    return true;
}

static void
verify_signature(struct fw_report *r, const struct gsp_fw_signature *s)
{
    fw_note(r, "signature", s->data.bytes == SIGNATURE_PAGE && !is_zero(&s->data),
            "%s: %llu bytes%s%s", s->section, (unsigned long long)s->data.bytes,
            is_zero(&s->data) ? ", all zero" : "",
            s->family == GSP_FW_FAMILIES ? ", a family unknown here" : "");
}

/* A libos 2 image is linked: its entry has to lie in something that gets loaded. */
static void
verify_nested(struct fw_report *r, const struct gsp_fw_elf *elf)
{
    struct gsp_fw_segment s;
    bool inside = false;

    for (unsigned i = 0; i < elf->segments; i++) {
        if (gsp_fw_elf_segment(elf, i, &s, NULL) == 0 && s.type == PT_LOAD_NUMBER &&
            elf->entry >= s.va && elf->entry - s.va < s.memory_bytes)
            inside = true;
    }
    fw_note(r, "entry", inside, "0x%llx in %u segments", (unsigned long long)elf->entry,
            elf->segments);
}

static void
verify_gsp(struct fw_report *r, const struct gsp_fw_gsp *g)
{
    static const enum gsp_fw_family needed[2][3] = {
        {GSP_FW_TU10X, GSP_FW_TU11X, GSP_FW_GA100},
        {GSP_FW_GA10X, GSP_FW_AD10X, GSP_FW_GH100},
    };

    fw_note(r, "release", true, "%s", g->version);
    if (!g->image.bytes)
        return;
    fw_note(r, "image", g->image.bytes >= PAGE, "libos %u, %llu bytes", g->libos,
            (unsigned long long)g->image.bytes);
    if (g->libos == 2)
        verify_nested(r, &g->nested);
    for (unsigned i = 0; i < 3; i++) {
        const enum gsp_fw_family family = needed[g->libos == 3][i];
        const struct gsp_fw_signature *s;

        fw_note(r, "family", gsp_fw_gsp_signature(g, family, false, &s, NULL) == 0,
                "%s can verify it", gsp_fw_family_info(family)->name);
    }
    for (unsigned i = 0; i < g->signature_count; i++)
        verify_signature(r, &g->signatures[i]);
}

static void
verify_bootloader(struct fw_report *r, const struct gsp_fw_bootloader *b)
{
    const struct gsp_fw_riscv_desc *d = &b->desc;

    fw_note(r, "image", b->image.bytes % PAGE == 0, "%llu bytes, in whole pages",
            (unsigned long long)b->image.bytes);
    fw_note(r, "descriptor", d->version == 4 || d->monitorCodeSize,
            "version %u, monitor code %u bytes", d->version, d->monitorCodeSize);
    if (d->version == 5)
        fw_note(r, "manifest", d->manifestSize > 0, "%u bytes", d->manifestSize);
}

static void
verify_hs(struct fw_report *r, const struct gsp_fw_hs *hs)
{
    struct gsp_fw_slice s;

    fw_note(r, "blocks",
            !((hs->app_code_off | hs->app_code_bytes | hs->os_data_off | hs->os_data_bytes) %
              BLOCK),
            "code 0x%x+0x%x, data 0x%x+0x%x, in blocks of 256", hs->app_code_off,
            hs->app_code_bytes, hs->os_data_off, hs->os_data_bytes);
    fw_note(r, "patch location", hs->pkc_data_off % 4 == 0, "image 0x%x, data 0x%x",
            hs->patch_off, hs->pkc_data_off);
    fw_note(r, "engine", hs->engine_id != 0, "engine mask 0x%x, ucode %u, fuse version %u",
            hs->engine_id, hs->ucode_id, hs->fuse_version);
    for (unsigned v = 0; v < hs->signature_count; v++) {
        if (gsp_fw_hs_signature(hs, v, &s, NULL) == 0)
            fw_note(r, "signature", v != hs->fuse_version || !is_zero(&s),
                    "fuse version %u: %llu bytes%s", v, (unsigned long long)s.bytes,
                    is_zero(&s) ? ", all zero: chips of that version are not served" : "");
    }
}

static void
verify_generic(struct fw_report *r, const struct gsp_fw_generic_bl *g)
{
    fw_note(r, "code", g->code.bytes % BLOCK == 0, "0x%llx bytes at tag 0x%x",
            (unsigned long long)g->code.bytes, g->start_tag);
}

static void
verify_fmc(struct fw_report *r, const struct gsp_fw_fmc *f)
{
    static const char *const names[] = {"hash", "signature", "publickey", "image"};
    const struct gsp_fw_slice *const parts[] = {&f->hash, &f->signature, &f->public_key,
                                                &f->image};

    for (unsigned i = 0; f->crc_known && i < 4; i++) {
        const uint32_t crc = (uint32_t)crc32_z(0, parts[i]->data, parts[i]->bytes);

        fw_note(r, "crc32", crc == f->crc[i], "%s: 0x%08x, the file says 0x%08x", names[i], crc,
                f->crc[i]);
    }
    fw_note(r, "signature", !is_zero(&f->signature), "%s, %llu bytes",
            f->signature.bytes == 96 ? "ECC-P384" : "RSA-3K",
            (unsigned long long)f->signature.bytes);
}

unsigned
gsp_fw_verify(const struct gsp_fw_file *file, struct gsp_fw_check *checks, unsigned checks_max)
{
    struct fw_report r = {checks, 0, checks_max};

    switch (file->kind) {
    case GSP_FW_KIND_GSP:
        verify_gsp(&r, &file->gsp);
        break;
    case GSP_FW_KIND_BOOTLOADER:
        verify_bootloader(&r, &file->bootloader);
        break;
    case GSP_FW_KIND_HS:
        verify_hs(&r, &file->hs);
        break;
    case GSP_FW_KIND_GENERIC_BL:
        verify_generic(&r, &file->generic_bl);
        break;
    case GSP_FW_KIND_FMC:
        verify_fmc(&r, &file->fmc);
        break;
    default:
        fw_note(&r, "structure", true, "%s", gsp_fw_kind_name(file->kind));
        break;
    }
    return r.count;
}
