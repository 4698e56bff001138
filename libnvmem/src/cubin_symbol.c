/* SPDX-License-Identifier: MIT */
/*
 * Symbols of a cubin and, out of them, its kernels: a kernel is a function that is marked as an
 * entry. Sections say by their info field which kernel's code they belong to.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cubin_priv.h"

enum {
    ROW_BYTES = 24,
    TYPE_OBJECT = 1,
    TYPE_FUNC = 2,
    BIND_LOCAL = 0,
    OTHER_ENTRY = 0x10,
    INDEX_RESERVED = 0xff00,
    INFO_LINK = 0x40, /* sh_flags: the info field is a section */
};

/* ---- symbols ---- */

/* The string table, which ends with a zero byte: a name inside it is then terminated. NULL
 * after an error. */
static const struct nvmem_cubin_section *
take_strings(const struct nvmem_cubin *c, struct gsp_error *err)
{
    const struct nvmem_cubin_section *symtab = &c->sections[c->symtab];
    const struct nvmem_cubin_section *s;

    if (!symtab->link || symtab->link >= c->section_count) {
        nvmem_cubin_bad(c, symtab, 0, err, "its names are in section %u of %u", symtab->link,
                        c->section_count);
        return NULL;
    }
    s = &c->sections[symtab->link];
    if (s->data && s->bytes && !s->data[s->bytes - 1])
        return s;
    nvmem_cubin_bad(c, s, s->bytes, err, "names do not end with a zero byte");
    return NULL;
}

/* Addresses in it are made when a launch loads it. */
static bool
is_loaded(const struct nvmem_cubin_section *s)
{
    return s->kind == NVMEM_CUBIN_CODE || s->kind == NVMEM_CUBIN_CONSTANT ||
           s->kind == NVMEM_CUBIN_GLOBAL || s->kind == NVMEM_CUBIN_GLOBAL_INIT;
}

static int
read_symbol(const struct nvmem_cubin *c, const struct nvmem_cubin_section *strings, unsigned i,
            struct nvmem_cubin_symbol *out, struct gsp_error *err)
{
    const struct nvmem_cubin_section *symtab = &c->sections[c->symtab];
    const uint64_t off = (uint64_t)i * ROW_BYTES;
    const uint8_t *row = symtab->data + off;
    const uint32_t name = cubin_u32(row);
    const unsigned index = cubin_u16(row + 6), type = row[4] & 15;

    if (name >= strings->bytes)
        return nvmem_cubin_bad(c, symtab, off, err, "symbol %u has its name at 0x%x of 0x%llx",
                               i, name, (unsigned long long)strings->bytes);
    if (index >= c->section_count && index < INDEX_RESERVED)
        return nvmem_cubin_bad(c, symtab, off, err, "symbol %u lies in section %u of %u", i,
                               index, c->section_count);
    *out = (struct nvmem_cubin_symbol){
        .name = (const char *)strings->data + name,
        .section = index && index < INDEX_RESERVED ? index : NVMEM_CUBIN_NONE,
        .function = type == TYPE_FUNC,
        .variable = type == TYPE_OBJECT,
        .entry = type == TYPE_FUNC && row[5] & OTHER_ENTRY,
        .global = row[4] >> 4 != BIND_LOCAL,
        .value = cubin_u64(row + 8),
        .bytes = cubin_u64(row + 16),
    };
    if (out->section != NVMEM_CUBIN_NONE && is_loaded(&c->sections[out->section])) {
        const uint64_t have = c->sections[out->section].bytes;

        if (out->value > have || out->bytes > have - out->value)
            return nvmem_cubin_bad(c, symtab, off, err, "'%s' leaves its section %s", out->name,
                                   c->sections[out->section].name);
    }
    return 0;
}

int
nvmem_cubin_read_symbols(struct nvmem_cubin *c, struct gsp_error *err)
{
    const struct nvmem_cubin_section *symtab = &c->sections[c->symtab];
    const struct nvmem_cubin_section *strings = take_strings(c, err);
    int rc = 0;

    if (!strings)
        return -EBADMSG;
    if (symtab->bytes % ROW_BYTES)
        return nvmem_cubin_bad(c, symtab, symtab->bytes, err, "not a whole number of symbols");
    c->symbols = nvmem_cubin_rows(c, symtab->bytes / ROW_BYTES, sizeof(*c->symbols));
    if (!c->symbols)
        return nvmem_cubin_no_memory(c, err);
    c->symbol_count = (unsigned)(symtab->bytes / ROW_BYTES);
    for (unsigned i = 0; i < c->symbol_count && rc == 0; i++)
        rc = read_symbol(c, strings, i, &c->symbols[i], err);
    return rc;
}

/* ---- kernels ---- */

static int
read_kernel(struct nvmem_cubin *c, const struct nvmem_cubin_symbol *symbol,
            struct gsp_error *err)
{
    struct nvmem_cubin_kernel *k = &c->kernels[c->kernel_count];
    struct nvmem_cubin_section *code;

    if (symbol->section == NVMEM_CUBIN_NONE ||
        c->sections[symbol->section].kind != NVMEM_CUBIN_CODE)
        return nvmem_cubin_bad(c, &c->sections[c->symtab], 0, err, "kernel '%s' has no code",
                               symbol->name);
    code = &c->sections[symbol->section];
    if (code->kernel != NVMEM_CUBIN_NONE)
        return nvmem_cubin_bad(c, code, symbol->value, err, "a second kernel, '%s'",
                               symbol->name);
    if (!symbol->bytes || (symbol->value | symbol->bytes) % NVMEM_CUBIN_INSTRUCTION_BYTES)
        return nvmem_cubin_bad(c, code, symbol->value, err, "'%s' is not whole instructions",
                               symbol->name);
    code->kernel = c->kernel_count++;
    *k = (struct nvmem_cubin_kernel){
        .name = symbol->name,
        .section = symbol->section,
        .code_off = symbol->value,
        .code = code->data + symbol->value,
        .code_bytes = code->bytes - symbol->value,
        .info = NVMEM_CUBIN_NONE,
    };
    if (nvmem_cubin_abi(c) == CUBIN_ABI_12 || c->sm < 90)
        k->registers = code->info >> 24;
    k->barriers = code->flags >> 20 & 0x1f;
    for (unsigned i = 0; i < NVMEM_CUBIN_BANKS; i++)
        k->bank[i] = NVMEM_CUBIN_NONE;
    return 0;
}

/* A section with the kernel it says; every bank once. */
static int
give_section(struct nvmem_cubin *c, unsigned i, struct gsp_error *err)
{
    struct nvmem_cubin_section *s = &c->sections[i];
    struct nvmem_cubin_kernel *k;

    if (s->kind < NVMEM_CUBIN_CONSTANT || !(s->flags & INFO_LINK) || !s->info)
        return 0;
    if (s->info >= c->section_count)
        return nvmem_cubin_bad(c, s, 0, err, "belongs to section %u of %u", s->info,
                               c->section_count);
    if (c->sections[s->info].kind != NVMEM_CUBIN_CODE ||
        c->sections[s->info].kernel == NVMEM_CUBIN_NONE)
        return 0; /* of a function, or of a section that a launch does not load */
    s->kernel = c->sections[s->info].kernel;
    k = &c->kernels[s->kernel];
    if (s->kind == NVMEM_CUBIN_SHARED)
        k->shared_bytes = (uint32_t)s->bytes;
    if (s->kind == NVMEM_CUBIN_LOCAL)
        k->local_bytes = (uint32_t)s->bytes;
    if (s->kind != NVMEM_CUBIN_CONSTANT)
        return 0;
    if (k->bank[s->bank] != NVMEM_CUBIN_NONE)
        return nvmem_cubin_bad(c, s, 0, err, "a second bank %u of '%s'", s->bank, k->name);
    k->bank[s->bank] = i;
    return 0;
}

/* Banks of the module are every kernel's, where it has none of its own. */
static int
share_banks(struct nvmem_cubin *c, struct gsp_error *err)
{
    uint32_t module[NVMEM_CUBIN_BANKS];

    for (unsigned b = 0; b < NVMEM_CUBIN_BANKS; b++)
        module[b] = NVMEM_CUBIN_NONE;
    for (unsigned i = 1; i < c->section_count; i++) {
        const struct nvmem_cubin_section *s = &c->sections[i];

        if (s->kind != NVMEM_CUBIN_CONSTANT || s->flags & INFO_LINK)
            continue;
        if (module[s->bank] != NVMEM_CUBIN_NONE)
            return nvmem_cubin_bad(c, s, 0, err, "a second bank %u of the module", s->bank);
        module[s->bank] = i;
    }
    for (unsigned k = 0; k < c->kernel_count; k++) {
        for (unsigned b = 0; b < NVMEM_CUBIN_BANKS; b++) {
            if (c->kernels[k].bank[b] == NVMEM_CUBIN_NONE)
                c->kernels[k].bank[b] = module[b];
        }
    }
    return 0;
}

/* Functions beside the kernels: who may call them is not told, so every kernel may. */
static void
note_calls(struct nvmem_cubin *c)
{
    bool shared = false;

    for (unsigned i = 0; i < c->symbol_count; i++) {
        const struct nvmem_cubin_symbol *s = &c->symbols[i];
        uint32_t kernel;

        if (!s->function || s->entry || s->section == NVMEM_CUBIN_NONE)
            continue;
        kernel = c->sections[s->section].kernel;
        if (c->sections[s->section].kind != NVMEM_CUBIN_CODE)
            continue;
        if (kernel == NVMEM_CUBIN_NONE)
            shared = true;
        else
            c->kernels[kernel].calls = true;
    }
    for (unsigned k = 0; shared && k < c->kernel_count; k++)
        c->kernels[k].calls = true;
}

int
nvmem_cubin_read_kernels(struct nvmem_cubin *c, struct gsp_error *err)
{
    unsigned count = 0;
    int rc = 0;

    for (unsigned i = 0; i < c->symbol_count; i++)
        count += c->symbols[i].entry;
    c->kernels = nvmem_cubin_rows(c, count, sizeof(*c->kernels));
    if (!c->kernels)
        return nvmem_cubin_no_memory(c, err);
    for (unsigned i = 0; i < c->symbol_count && rc == 0; i++) {
        if (c->symbols[i].entry)
            rc = read_kernel(c, &c->symbols[i], err);
    }
    for (unsigned i = 1; i < c->section_count && rc == 0; i++)
        rc = give_section(c, i, err);
    note_calls(c);
    return rc < 0 ? rc : share_banks(c, err);
}

/* ---- looking up ---- */

unsigned
nvmem_cubin_kernel_count(const struct nvmem_cubin *c)
{
    return c->kernel_count;
}

const struct nvmem_cubin_kernel *
nvmem_cubin_kernel(const struct nvmem_cubin *c, unsigned i)
{
    return i < c->kernel_count ? &c->kernels[i] : NULL;
}

static void
hint_names(const struct nvmem_cubin *c, struct gsp_error *err)
{
    char names[160] = "";
    size_t used = 0;

    for (unsigned i = 0; i < c->kernel_count; i++) {
        const int n = snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
                               c->kernels[i].name);

        if (n < 0 || (size_t)n >= sizeof(names) - used) {
            names[used] = 0;
            break;
        }
        used += (size_t)n;
    }
    gsp_hint(err, c->kernel_count ? "it has: %s" : "it has no kernels%s", names);
}

int
nvmem_cubin_find(const struct nvmem_cubin *c, const char *name,
                 const struct nvmem_cubin_kernel **kernel_out, struct gsp_error *err)
{
    *kernel_out = NULL;
    for (unsigned i = 0; i < c->kernel_count; i++) {
        if (!strcmp(c->kernels[i].name, name)) {
            *kernel_out = &c->kernels[i];
            return 0;
        }
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s: no kernel '%.100s'", nvmem_cubin_name(c),
             name);
    hint_names(c, err);
    return -ENOENT;
}

unsigned
nvmem_cubin_symbol_count(const struct nvmem_cubin *c)
{
    return c->symbol_count;
}

const struct nvmem_cubin_symbol *
nvmem_cubin_symbol(const struct nvmem_cubin *c, unsigned i)
{
    return i < c->symbol_count ? &c->symbols[i] : NULL;
}

const struct nvmem_cubin_symbol *
nvmem_cubin_symbol_by_name(const struct nvmem_cubin *c, const char *name)
{
    for (unsigned i = 0; i < c->symbol_count; i++) {
        const struct nvmem_cubin_symbol *s = &c->symbols[i];

        if ((s->function || s->variable) && !strcmp(s->name, name))
            return s;
    }
    return NULL;
}
