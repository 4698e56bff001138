/* SPDX-License-Identifier: MIT */
/*
 * gsp_*.bin: an ELF whose sections are GSP-RM's image, the release that it belongs to and one
 * signature per chip family. Section names are the vendor's (nv-firmware.h).
 */
#include <errno.h>
#include <string.h>

#include "fw_bytes_priv.h"

enum {
    EM_RISCV_NUMBER = 243,
    VERSION_MAX = 64,
    FAMILY_NAME_MAX = 16,
    NOTE_HEADER = 12,
    NT_GNU_BUILD_ID_NUMBER = 3
};

#define SIGNATURE_PREFIX ".fwsignature_"

static int
once(const struct gsp_fw_gsp *g, const struct gsp_fw_section *s, struct gsp_fw_slice *out,
     struct gsp_error *err)
{
    const uint64_t off = s->data.off - g->elf.src.base;

    if (out->data)
        return fw_bad(&g->elf.src, err, off, "a second %s", s->name);
    if (!s->data.bytes)
        return fw_bad(&g->elf.src, err, off, "%s is empty", s->name);
    *out = s->data;
    return 0;
}

static int
take_version(struct gsp_fw_gsp *g, const struct gsp_fw_section *s, struct gsp_error *err)
{
    const uint64_t off = s->data.off - g->elf.src.base;
    int rc = once(g, s, &g->version_data, err);

    if (rc < 0)
        return rc;
    if (s->data.bytes > VERSION_MAX || s->data.data[s->data.bytes - 1])
        return fw_bad(&g->elf.src, err, off, ".fwversion is not a short text");
    g->version = (const char *)s->data.data;
    for (const char *c = g->version; *c; c++) {
        if ((*c < '0' || *c > '9') && *c != '.')
            return fw_bad(&g->elf.src, err, off, ".fwversion is not a release number");
    }
    return *g->version ? 0 : fw_bad(&g->elf.src, err, off, ".fwversion is empty");
}

/* Names of families go to terminals and documents. */
static bool
is_family_name(const char *name)
{
    size_t n = 0;

    while ((name[n] >= 'a' && name[n] <= 'z') || (name[n] >= '0' && name[n] <= '9') ||
           name[n] == '_')
        n++;
    return n && n <= FAMILY_NAME_MAX && !name[n];
}

static int
take_signature(struct gsp_fw_gsp *g, const struct gsp_fw_section *s, struct gsp_error *err)
{
    const char *suffix = s->name + strlen(SIGNATURE_PREFIX);
    const bool confidential = !strncmp(suffix, "cc_", 3);
    struct gsp_fw_signature *sig = &g->signatures[g->signature_count];

    if (!is_family_name(suffix))
        return fw_bad(&g->elf.src, err, s->data.off - g->elf.src.base,
                      "a signature section for no family: %.40s", s->name);
    if (g->signature_count == GSP_FW_SIGNATURES_MAX)
        return fw_bad(&g->elf.src, err, s->data.off - g->elf.src.base,
                      "more than %d signatures", GSP_FW_SIGNATURES_MAX);
    for (unsigned i = 0; i < g->signature_count; i++) {
        if (!strcmp(g->signatures[i].section, s->name))
            return fw_bad(&g->elf.src, err, s->data.off - g->elf.src.base, "a second %s",
                          s->name);
    }
    if (!s->data.bytes)
        return fw_bad(&g->elf.src, err, s->data.off - g->elf.src.base, "%s is empty", s->name);
    suffix += confidential ? 3 : 0;
    *sig = (struct gsp_fw_signature){
        s->name, s->data, gsp_fw_family_by_name(suffix, strlen(suffix)), confidential};
    g->signature_count++;
    return 0;
}

static uint64_t
align4(uint64_t bytes)
{
    return (bytes + 3) & ~(uint64_t)3;
}

static int
take_build_id(struct gsp_fw_gsp *g, const struct gsp_fw_section *s, struct gsp_error *err)
{
    const struct gsp_fw_source *src = &g->elf.src;
    struct gsp_fw_slice header, name;
    uint32_t name_bytes, id_bytes;
    int rc = fw_take_in(src, &s->data, 0, NOTE_HEADER, "note header", &header, err);

    if (rc < 0)
        return rc;
    name_bytes = fw_u32(header.data);
    id_bytes = fw_u32(header.data + 4);
    if (fw_u32(header.data + 8) != NT_GNU_BUILD_ID_NUMBER || name_bytes != 4)
        return fw_bad(src, err, s->data.off - src->base, "%s holds another note", s->name);
    rc = fw_take_in(src, &s->data, NOTE_HEADER, 4, "note name", &name, err);
    if (rc < 0)
        return rc;
    if (memcmp(name.data, "GNU", 4))
        return fw_bad(src, err, name.off - src->base, "the build id's note is not GNU's");
    if (g->build_id.data)
        return fw_bad(src, err, s->data.off - src->base, "a second %s", s->name);
    return fw_take_in(src, &s->data, NOTE_HEADER + align4(name_bytes), id_bytes, "build id",
                      &g->build_id, err);
}

static int
take_section(struct gsp_fw_gsp *g, unsigned i, struct gsp_error *err)
{
    struct gsp_fw_section s;
    int rc = gsp_fw_elf_section(&g->elf, i, &s, err);

    if (rc < 0)
        return rc;
    if (!strcmp(s.name, ".fwimage"))
        return once(g, &s, &g->image, err);
    if (!strcmp(s.name, ".fwversion"))
        return take_version(g, &s, err);
    if (!strcmp(s.name, ".fwlogging"))
        return once(g, &s, &g->logging, err);
    if (!strcmp(s.name, ".note.gnu.build-id"))
        return take_build_id(g, &s, err);
    if (!strncmp(s.name, SIGNATURE_PREFIX, strlen(SIGNATURE_PREFIX)))
        return take_signature(g, &s, err);
    return 0;
}

/* libos 2 images are ELF executables of their own; libos 3 images start with code. */
static int
open_image(struct gsp_fw_gsp *g, struct gsp_error *err)
{
    const struct gsp_fw_source nested = {g->elf.src.name, g->image.data, g->image.bytes,
                                         g->image.off};
    struct gsp_fw_segment segment;
    int rc;

    if (!g->image.data || g->image.bytes < 4 ||
        memcmp(g->image.data,
               "\x7f"
               "ELF",
               4)) {
        g->libos = 3;
        return 0;
    }
    g->libos = 2;
    rc = gsp_fw_elf_open(&nested, &g->nested, err);
    for (unsigned i = 0; rc == 0 && i < g->nested.segments; i++)
        rc = gsp_fw_elf_segment(&g->nested, i, &segment, err);
    return rc;
}

static int
read_gsp(struct gsp_fw_gsp *g, const struct gsp_fw_source *src, struct gsp_error *err)
{
    int rc = gsp_fw_elf_open(src, &g->elf, err);

    if (rc < 0)
        return rc;
    if (!g->elf.is64 || g->elf.machine != EM_RISCV_NUMBER)
        return fw_bad(src, err, 18, "not a 64-bit RISC-V ELF (machine %u)", g->elf.machine);
    for (unsigned i = 0; rc == 0 && i < g->elf.sections; i++)
        rc = take_section(g, i, err);
    if (rc < 0)
        return rc;
    if (!g->image.data && !g->logging.data)
        return fw_bad(src, err, 0, "no .fwimage section");
    if (!g->version)
        return fw_bad(src, err, 0, "no .fwversion section");
    return open_image(g, err);
}

int
gsp_fw_gsp_open(const struct gsp_fw_source *src, struct gsp_fw_gsp *out, struct gsp_error *err)
{
    struct gsp_fw_gsp g = {0};
    int rc = read_gsp(&g, src, err);

    memset(out, 0, sizeof(*out));
    if (rc == 0)
        *out = g;
    return rc;
}

int
gsp_fw_gsp_signature(const struct gsp_fw_gsp *gsp, enum gsp_fw_family family, bool confidential,
                     const struct gsp_fw_signature **signature_out, struct gsp_error *err)
{
    const struct gsp_fw_family_info *info = gsp_fw_family_info(family);

    *signature_out = NULL;
    for (unsigned i = 0; i < gsp->signature_count; i++) {
        const struct gsp_fw_signature *s = &gsp->signatures[i];

        if (s->family == family && s->confidential == confidential && info) {
            *signature_out = s;
            return 0;
        }
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s has no %s%s%s: it does not boot that chip",
             fw_name(&gsp->elf.src), SIGNATURE_PREFIX, confidential ? "cc_" : "",
             info ? info->name : "?");
    return -ENOENT;
}
