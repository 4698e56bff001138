/* SPDX-License-Identifier: MIT */
/* Kernels on the emulated card, by hand. */
#include "kernel.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

#include <nvrm/hw.h>

#include "test.h"

enum { EIATTR_REGCOUNT = 0x2f, EIATTR_NUM_BARRIERS = 0x4c, FMT_SVAL = 4, QMD_BYTES = 384 };

const struct kernel_chip kernel_chips[7] = {
    {"TU102", 75,  0xc5c0, 2, 3, 0x160},
    {"GA100", 80,  0xc6c0, 3, 0, 0x160},
    {"GA102", 86,  0xc7c0, 3, 0, 0x160},
    {"AD102", 89,  0xc9c0, 3, 0, 0x160},
    {"GH100", 90,  0xcbc0, 4, 0, 0x210},
    {"GB100", 100, 0xcdc0, 5, 0, 0x380},
    {"GB202", 120, 0xcec0, 5, 0, 0x380},
};

void
kernel_put(struct exec *x, uint64_t fb_off, const void *from, size_t bytes)
{
    const uint8_t *p = from;

    for (size_t i = 0; i < bytes; i += 4) {
        uint32_t word = 0;

        memcpy(&word, p + i, bytes - i < 4 ? bytes - i : 4);
        exec_wr(x, fb_off + i, word);
    }
}

void
kernel_get(struct exec *x, uint64_t fb_off, void *to, size_t bytes)
{
    uint8_t *p = to;

    for (size_t i = 0; i < bytes; i += 4) {
        const uint32_t word = exec_rd(x, fb_off + i);

        memcpy(p + i, &word, bytes - i < 4 ? bytes - i : 4);
    }
}

/* Cubins */

static uint8_t *
read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes;

    if (!f)
        fail_msg("%s: no such file", path);
    fseek(f, 0, SEEK_END);
    *size = (size_t)ftell(f);
    rewind(f);
    bytes = malloc(*size);
    assert_int_equal(fread(bytes, 1, *size, f), *size);
    fclose(f);
    return bytes;
}

static const Elf64_Shdr *
section(const uint8_t *elf, const char *name)
{
    const Elf64_Ehdr *h = (const void *)elf;
    const Elf64_Shdr *s = (const void *)(elf + h->e_shoff);
    const char *names = (const char *)elf + s[h->e_shstrndx].sh_offset;

    for (unsigned i = 0; i < h->e_shnum; i++)
        if (!strcmp(names + s[i].sh_name, name))
            return &s[i];
    return NULL;
}

static const char *
symbol_name(const uint8_t *elf, uint32_t index)
{
    const Elf64_Shdr *tab = section(elf, ".symtab"), *str = section(elf, ".strtab");
    const Elf64_Sym *sym = (const void *)(elf + tab->sh_offset);

    return (const char *)elf + str->sh_offset + sym[index].st_name;
}

/* Registers stand in .nv.info with the kernel's symbol. */
static uint32_t
register_count(const uint8_t *elf, const char *name)
{
    const Elf64_Shdr *info = section(elf, ".nv.info");
    const uint8_t *p = elf + info->sh_offset, *end = p + info->sh_size;

    while (p + 4 <= end) {
        uint16_t size;
        uint32_t v[2];

        memcpy(&size, p + 2, 2);
        memcpy(v, p + 4, 8);
        if (p[0] == FMT_SVAL && p[1] == EIATTR_REGCOUNT &&
            !strcmp(symbol_name(elf, v[0]), name))
            return v[1];
        p += 4 + (p[0] == FMT_SVAL ? size : 0);
    }
    fail_msg("no register count of %s", name);
    return 0;
}

static void
start(struct kernel *k, struct exec *x, struct exec_channel *c, const struct kernel_chip *chip)
{
    *k = (struct kernel){
        .x = x, .c = c, .chip = chip, .grid = {1,  1, 1},
                   .block = {32, 1, 1}
    };
    k->registers = 16;
    k->barriers = 1;
    k->params = chip->params;
    k->bank_bytes = chip->params;
}

void
kernel_load(struct kernel *k, struct exec *x, struct exec_channel *c,
            const struct kernel_chip *chip, const char *file, const char *name)
{
    char path[300], text[100];
    const Elf64_Shdr *s;
    uint8_t *elf;
    size_t size;

    start(k, x, c, chip);
    snprintf(path, sizeof(path), "%s/tests/cuda/cubin/%s.sm_%u.cubin", NVRM_SOURCE_DIR, file,
             chip->sm);
    elf = read_file(path, &size);
    snprintf(text, sizeof(text), ".text.%s", name);
    s = section(elf, text);
    assert_non_null(s);
    kernel_put(x, KERNEL_CODE, elf + s->sh_offset, s->sh_size);
    snprintf(text, sizeof(text), ".nv.shared.%s", name);
    s = section(elf, text);
    k->shared = s ? (uint32_t)s->sh_size : 0;
    k->registers = register_count(elf, name);
    k->barriers = 16;
    free(elf);
}

void
kernel_code(struct kernel *k, struct exec *x, struct exec_channel *c,
            const struct kernel_chip *chip, const void *code, size_t bytes)
{
    start(k, x, c, chip);
    kernel_put(x, KERNEL_CODE, code, bytes);
}

void
kernel_param(struct kernel *k, const void *value, unsigned bytes)
{
    k->params = (k->params + bytes - 1) / bytes * bytes;
    memcpy(k->bank + k->params, value, bytes);
    k->params += bytes;
    k->bank_bytes = (k->params + 15) / 16 * 16;
}

static void
fill_bank(struct kernel *k)
{
    const bool blackwell = k->chip->sm >= 100;
    const uint32_t stack = 0xfffdc0;

    for (unsigned i = 0; i < 3; i++) {
        memcpy(k->bank + (blackwell ? 0x360 : 0) + 4 * i, &k->block[i], 4);
        memcpy(k->bank + (blackwell ? 0x370 : 0xc) + 4 * i, &k->grid[i], 4);
    }
    memcpy(k->bank + (blackwell ? 0x37c : 0x28), &stack, 4);
}

/* A field of the QMD, in the form that the version has. */
void
kernel_field(struct kernel *k, const char *name, unsigned i, uint64_t value)
{
    static const unsigned shifts[] = {4, 6, 7};
    char text[80];
    const struct nvrm_hw_item *qmd;
    const struct nvrm_hw_field *f;

    snprintf(text, sizeof(text), "QMDV%02u_%02u", k->chip->qmd_major, k->chip->qmd_minor);
    qmd = nvrm_hw_record(nvrm_hw_class(k->chip->cls), text);
    assert_non_null(qmd);
    f = nvrm_hw_field_named(qmd, name);
    for (unsigned s = 0; !f && s < 3; s++) {
        snprintf(text, sizeof(text), "%s_SHIFTED%u", name, shifts[s]);
        f = nvrm_hw_field_named(qmd, text);
        if (f)
            value >>= shifts[s];
    }
    if (!f)
        fail_msg("no field %s", name);
    nvrm_hw_set(f, k->qmd, i, 0, value);
}

static bool
has_field(const struct kernel *k, const char *name)
{
    char text[24];

    snprintf(text, sizeof(text), "QMDV%02u_%02u", k->chip->qmd_major, k->chip->qmd_minor);
    return nvrm_hw_field_named(nvrm_hw_record(nvrm_hw_class(k->chip->cls), text), name);
}

static void
set_address(struct kernel *k, const char *low, const char *high, uint64_t va)
{
    static const unsigned shifts[] = {0, 4, 6};

    for (unsigned s = 0; s < 3; s++) {
        char l[80], h[80];

        snprintf(l, sizeof(l), shifts[s] ? "%s_SHIFTED%u" : "%s", low, shifts[s]);
        snprintf(h, sizeof(h), shifts[s] ? "%s_SHIFTED%u" : "%s", high, shifts[s]);
        if (!has_field(k, l))
            continue;
        kernel_field(k, l, 0, (uint32_t)(va >> shifts[s]));
        kernel_field(k, h, 0, va >> shifts[s] >> 32);
        return;
    }
    fail_msg("no field %s", low);
}

static void
set_release(struct kernel *k)
{
    const bool old = has_field(k, "RELEASE0_STRUCTURE_SIZE");

    kernel_field(k,
                 has_field(k, "RELEASE0_ENABLE")             ? "RELEASE0_ENABLE"
                 : has_field(k, "SEMAPHORE_RELEASE_ENABLE0") ? "SEMAPHORE_RELEASE_ENABLE0"
                                                             : "RELEASE_ENABLE",
                 0, 1);
    kernel_field(k, old ? "RELEASE0_STRUCTURE_SIZE" : "RELEASE_STRUCTURE_SIZE", 0, 1);
    if (old)
        set_address(k, "RELEASE0_ADDRESS_LOWER", "RELEASE0_ADDRESS_UPPER",
                    KERNEL_VA(KERNEL_SEM));
    else
        set_address(k, "RELEASE_SEMAPHORE0_ADDR_LOWER", "RELEASE_SEMAPHORE0_ADDR_UPPER",
                    KERNEL_VA(KERNEL_SEM));
    kernel_field(k,
                 has_field(k, "RELEASE0_PAYLOAD_LOWER") ? "RELEASE0_PAYLOAD_LOWER"
                 : has_field(k, "RELEASE0_PAYLOAD")     ? "RELEASE0_PAYLOAD"
                                                        : "RELEASE_SEMAPHORE0_PAYLOAD_LOWER",
                 0, KERNEL_PAYLOAD);
}

static void
set_dimensions(struct kernel *k)
{
    static const char *const old[] = {"CTA_RASTER_WIDTH", "CTA_RASTER_HEIGHT",
                                      "CTA_RASTER_DEPTH"};
    static const char *const now[] = {"GRID_WIDTH", "GRID_HEIGHT", "GRID_DEPTH"};
    static const char *const block[] = {"CTA_THREAD_DIMENSION0", "CTA_THREAD_DIMENSION1",
                                        "CTA_THREAD_DIMENSION2"};

    for (unsigned i = 0; i < 3; i++) {
        kernel_field(k, has_field(k, now[i]) ? now[i] : old[i], 0, k->grid[i]);
        kernel_field(k, block[i], 0, k->block[i]);
    }
}

void
kernel_build(struct kernel *k)
{
    fill_bank(k);
    memset(k->qmd, 0, sizeof(k->qmd));
    kernel_field(k, "QMD_MAJOR_VERSION", 0, k->chip->qmd_major);
    kernel_field(k, has_field(k, "QMD_VERSION") ? "QMD_VERSION" : "QMD_MINOR_VERSION", 0,
                 k->chip->qmd_minor);
    set_address(k, "PROGRAM_ADDRESS_LOWER", "PROGRAM_ADDRESS_UPPER", KERNEL_VA(KERNEL_CODE));
    kernel_field(k, has_field(k, "REGISTER_COUNT_V") ? "REGISTER_COUNT_V" : "REGISTER_COUNT", 0,
                 k->registers);
    kernel_field(k, "BARRIER_COUNT", 0, k->barriers);
    kernel_field(k, "SHARED_MEMORY_SIZE", 0, (k->shared + 255) / 256 * 256);
    kernel_field(k, "SHADER_LOCAL_MEMORY_HIGH_SIZE", 0, k->local);
    kernel_field(k, "CONSTANT_BUFFER_VALID", 0, 1);
    set_address(k, "CONSTANT_BUFFER_ADDR_LOWER", "CONSTANT_BUFFER_ADDR_UPPER",
                KERNEL_VA(KERNEL_BANK));
    kernel_field(k, "CONSTANT_BUFFER_SIZE_SHIFTED4", 0, k->bank_bytes >> 4);
    set_dimensions(k);
    set_release(k);
}

void
kernel_send(struct kernel *k)
{
    const bool turing = k->chip->cls == 0xc5c0;

    kernel_put(k->x, KERNEL_BANK, k->bank, k->bank_bytes);
    kernel_put(k->x, KERNEL_QMD, k->qmd, QMD_BYTES);
    exec_wr(k->x, KERNEL_SEM, 0);
    EXEC_METHOD(k->c, 1, 0, k->chip->cls);
    EXEC_METHOD(k->c, 1, 0x7b0, 0x7293, 0, );        /* SET_SHADER_LOCAL_MEMORY_WINDOW_A */
    EXEC_METHOD(k->c, 1, 0x2a0, 0x7294, 0, );        /* SET_SHADER_SHARED_MEMORY_WINDOW_A */
    EXEC_METHOD(k->c, 1, 0x790, HI(DATA), LO(DATA)); /* SET_SHADER_LOCAL_MEMORY_A */
    EXEC_METHOD(k->c, 1, 0x2e4, 1, 0, 0xff);         /* _NON_THROTTLED_A: 4 GiB */
    EXEC_METHOD(k->c, 1, 0x1698, 0x1011);            /* INVALIDATE_SHADER_CACHES_NO_WFI */
    EXEC_METHOD(k->c, 1, 0x2b4, LO(KERNEL_VA(KERNEL_QMD) >> 8)); /* SEND_PCAS_A */
    EXEC_METHOD(k->c, 1, turing ? 0x2bc : 0x2c0, 3);
    exec_kick(k->c);
}

bool
kernel_run(struct kernel *k)
{
    kernel_build(k);
    kernel_send(k);
    return exec_rd(k->x, KERNEL_SEM) == KERNEL_PAYLOAD;
}
