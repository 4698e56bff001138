/* SPDX-License-Identifier: MIT */
/*
 * Opening a cubin: what kind of file it is, which SM it was made for, and its sections by what
 * they hold. Symbols, kernels, attributes and relocations are read by their own files.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cubin_priv.h"
#undef nvmem_cubin_bad

int
nvmem_cubin_bad(const struct nvmem_cubin *c, const struct nvmem_cubin_section *s, uint64_t off,
                struct gsp_error *err, const char *format, ...)
{
    char reason[160];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    for (char *p = reason; *p; p++) { /* names out of the file may hold anything */
        if (*p < ' ' || *p > '~')
            *p = '?';
    }
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "%s: %.80s at 0x%llx: %s",
                    nvmem_cubin_name(c), s ? s->name : "ELF header", (unsigned long long)off,
                    reason);
}

int
nvmem_cubin_no_memory(const struct nvmem_cubin *c, struct gsp_error *err)
{
    return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: out of memory", nvmem_cubin_name(c));
}

void *
nvmem_cubin_rows(const struct nvmem_cubin *c, uint64_t count, size_t row_bytes)
{
    return gsp_host_alloc(c->host, (count ? count : 1) * row_bytes);
}

/* ---- what kind of file ---- */

static int
refuse(const struct gsp_fw_source *src, int rc, const char *what, const char *hint,
       struct gsp_error *err)
{
    gsp_fail(err, GSP_ORIGIN_INPUT, rc, "%s: %s", src->name ? src->name : "cubin", what);
    gsp_hint(err, "%s", hint);
    return rc;
}

/* PTX is text: a .version directive before anything but comments and blanks. */
static bool
is_ptx(const struct gsp_fw_source *src)
{
    const char *text = (const char *)src->data;
    const char *end = text + src->bytes;

    while (text < end) {
        while (text < end && strchr(" \t\r\n", *text) && *text)
            text++;
        if (end - text < 2 || text[0] != '/' || text[1] != '/')
            break;
        while (text < end && *text != '\n')
            text++;
    }
    return end - text >= 8 && !memcmp(text, ".version", 8);
}

static int
refuse_kind(const struct gsp_fw_source *src, struct gsp_error *err)
{
    static const uint8_t fatbin[4] = {0x50, 0xed, 0x55, 0xba};

    if (is_ptx(src))
        return refuse(src, -ENOEXEC, "this is PTX, not machine code",
                      "make a cubin: ptxas -arch=sm_89 FILE.ptx -o FILE.cubin", err);
    if (src->bytes >= 4 && !memcmp(src->data, fatbin, 4))
        return refuse(src, -ENOEXEC, "this is a fat binary, not a cubin",
                      "make a cubin: nvcc -cubin -arch=sm_89 FILE.cu", err);
    return 0;
}

static unsigned
sm_of(const struct gsp_fw_elf *elf)
{
    return elf->os_abi == CUBIN_ABI_13 ? elf->flags >> 8 & 0xff : elf->flags & 0xff;
}

static int
check_header(struct nvmem_cubin *c, struct gsp_error *err)
{
    const struct gsp_fw_elf *elf = &c->elf;

    if (elf->machine != CUBIN_MACHINE)
        return refuse(&c->src, -ENOEXEC, "an ELF file of another machine, not a cubin",
                      "make a cubin: nvcc -cubin -arch=sm_89 FILE.cu", err);
    if (!elf->is64)
        return nvmem_cubin_bad(c, NULL, 4, err, "a cubin of 32-bit code");
    if (elf->os_abi != CUBIN_ABI_12 && elf->os_abi != CUBIN_ABI_13)
        return nvmem_cubin_bad(c, NULL, 7, err,
                               "ABI 0x%x is neither 0x33 (CUDA 12) nor 0x41 (13)", elf->os_abi);
    if (elf->type != CUBIN_TYPE_EXEC)
        return refuse(&c->src, -ENOTSUP, "a relocatable object, not linked",
                      "link it: nvlink -arch=sm_89 -o FILE.cubin FILE.o, or compile without "
                      "-rdc=true",
                      err);
    c->sm = sm_of(elf);
    if (c->sm < 50 || c->sm > 200)
        return nvmem_cubin_bad(c, NULL, 48, err, "flags 0x%x say SM %u", elf->flags, c->sm);
    return 0;
}

/* ---- sections ---- */

static const struct kind_row {
    const char *prefix;
    enum nvmem_cubin_kind kind;
} kinds[] = {
    {".text.",          NVMEM_CUBIN_CODE       },
    {".nv.constant",    NVMEM_CUBIN_CONSTANT   },
    {".nv.shared.",     NVMEM_CUBIN_SHARED     },
    {".nv.local.",      NVMEM_CUBIN_LOCAL      },
    {".nv.global.init", NVMEM_CUBIN_GLOBAL_INIT},
    {".nv.global",      NVMEM_CUBIN_GLOBAL     },
    {".nv.info",        NVMEM_CUBIN_INFO       },
};

static enum nvmem_cubin_kind
kind_of(const struct gsp_fw_section *s)
{
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (!strncmp(s->name, kinds[i].prefix, strlen(kinds[i].prefix)))
            return kinds[i].kind;
    }
    return NVMEM_CUBIN_OTHER;
}

/* Which sizes and alignments a kind may have. */
static int
check_section(const struct nvmem_cubin *c, struct nvmem_cubin_section *s, struct gsp_error *err)
{
    const uint64_t limit = UINT64_C(1) << 32;

    if (s->align & (s->align - 1) || s->align > 1 << 20)
        return nvmem_cubin_bad(c, s, 0, err, "alignment 0x%llx", (unsigned long long)s->align);
    if (s->bytes > limit)
        return nvmem_cubin_bad(c, s, 0, err, "0x%llx bytes", (unsigned long long)s->bytes);
    if (s->kind == NVMEM_CUBIN_CODE && !s->data)
        return nvmem_cubin_bad(c, s, 0, err, "code without bytes");
    if (s->kind == NVMEM_CUBIN_CODE && s->bytes % NVMEM_CUBIN_INSTRUCTION_BYTES)
        return nvmem_cubin_bad(c, s, s->bytes, err, "code ends inside an instruction");
    if ((s->kind == NVMEM_CUBIN_CONSTANT || s->kind == NVMEM_CUBIN_GLOBAL_INIT ||
         s->kind == NVMEM_CUBIN_INFO) &&
        s->bytes && !s->data)
        return nvmem_cubin_bad(c, s, 0, err, "a size without bytes");
    if (s->kind == NVMEM_CUBIN_CONSTANT) {
        const char digit = s->name[strlen(".nv.constant")];

        if (digit < '0' || digit > '0' + CUBIN_LAST_BANK)
            return nvmem_cubin_bad(c, s, 0, err, "no constant bank of that number");
        s->bank = (unsigned)(digit - '0');
        if (s->bytes > 0x10000)
            return nvmem_cubin_bad(c, s, 0, err, "0x%llx bytes, a bank has 0x10000",
                                   (unsigned long long)s->bytes);
    }
    return 0;
}

static int
read_section(struct nvmem_cubin *c, unsigned i, struct gsp_error *err)
{
    struct nvmem_cubin_section *s = &c->sections[i];
    struct gsp_fw_section row;
    int rc = gsp_fw_elf_section(&c->elf, i, &row, err);

    if (rc < 0)
        return rc;
    *s = (struct nvmem_cubin_section){
        .name = row.name,
        .kind =
            row.type == CUBIN_REL || row.type == CUBIN_RELA ? NVMEM_CUBIN_OTHER : kind_of(&row),
        .data = row.type == CUBIN_NOBITS ? NULL : row.data.data,
        .bytes = row.size,
        .off = row.data.off,
        .flags = row.flags,
        .align = row.align,
        .type = row.type,
        .link = row.link,
        .info = row.info,
        .kernel = NVMEM_CUBIN_NONE,
    };
    if (row.type == CUBIN_SYMTAB) {
        if (c->symtab)
            return nvmem_cubin_bad(c, s, 0, err, "a second symbol table");
        c->symtab = i;
    }
    return check_section(c, s, err);
}

static int
read_sections(struct nvmem_cubin *c, struct gsp_error *err)
{
    c->section_count = c->elf.sections;
    c->sections = nvmem_cubin_rows(c, c->section_count, sizeof(*c->sections));
    if (!c->sections)
        return nvmem_cubin_no_memory(c, err);
    for (unsigned i = 1; i < c->section_count; i++) {
        int rc = read_section(c, i, err);

        if (rc < 0)
            return rc;
    }
    if (!c->symtab)
        return nvmem_cubin_bad(c, NULL, 0, err, "no symbol table");
    return 0;
}

/* ---- open and close ---- */

static int
read_all(struct nvmem_cubin *c, struct gsp_error *err)
{
    int rc = gsp_fw_elf_open(&c->src, &c->elf, err);

    if (rc < 0)
        gsp_hint(err, "cubins are made by nvcc -cubin and by ptxas");
    if (rc == 0)
        rc = check_header(c, err);
    if (rc == 0)
        rc = read_sections(c, err);
    if (rc == 0)
        rc = nvmem_cubin_read_symbols(c, err);
    if (rc == 0)
        rc = nvmem_cubin_read_kernels(c, err);
    if (rc == 0)
        rc = nvmem_cubin_read_info(c, err);
    return rc < 0 ? rc : nvmem_cubin_read_relocs(c, err);
}

int
nvmem_cubin_open(const struct gsp_host *host, const struct gsp_fw_source *src,
                 struct nvmem_cubin **cubin_out, struct gsp_error *err)
{
    struct nvmem_cubin *c;
    int rc = refuse_kind(src, err);

    *cubin_out = NULL;
    if (rc < 0)
        return rc;
    c = gsp_host_alloc(host, sizeof(*c));
    if (!c)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "cubin: out of memory");
    c->host = host;
    c->src = *src;
    if (!c->src.name)
        c->src.name = "cubin";
    rc = read_all(c, err);
    if (rc < 0) {
        nvmem_cubin_close(c);
        return rc;
    }
    *cubin_out = c;
    return 0;
}

void
nvmem_cubin_close(struct nvmem_cubin *c)
{
    if (!c)
        return;
    gsp_host_free(c->host, c->sections);
    gsp_host_free(c->host, c->symbols);
    gsp_host_free(c->host, c->kernels);
    gsp_host_free(c->host, c->params);
    gsp_host_free(c->host, c->relocs);
    gsp_host_free(c->host, c);
}

const char *
nvmem_cubin_name(const struct nvmem_cubin *c)
{
    return c->src.name;
}

unsigned
nvmem_cubin_sm(const struct nvmem_cubin *c)
{
    return c->sm;
}

unsigned
nvmem_cubin_abi(const struct nvmem_cubin *c)
{
    return c->elf.os_abi;
}

bool
nvmem_cubin_runs_on(unsigned code_sm, unsigned card_sm)
{
    return code_sm / 10 == card_sm / 10 && code_sm <= card_sm;
}

unsigned
nvmem_cubin_section_count(const struct nvmem_cubin *c)
{
    return c->section_count;
}

const struct nvmem_cubin_section *
nvmem_cubin_section(const struct nvmem_cubin *c, unsigned i)
{
    return i < c->section_count ? &c->sections[i] : NULL;
}
