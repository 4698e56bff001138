/* SPDX-License-Identifier: MIT */
/*
 * The logging ELF: an outer file whose .fwlogging is a container of task images, as
 * gsp_log_*.bin has it.
 *
 * Before 580 messages and texts share .logging; from then on they are .logging_metadata and
 * .logging_const. Both are also loadable segments, which is how other decoders find addresses.
 */
#include <emu/log.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw_synth.h"
#include "log_emit.h"

enum { MAX_SECTIONS = 4, HEADER = 64, SECTION = 64, SEGMENT = 56, PROGBITS = 1, STRTAB = 3 };

struct section {
    const char *name;
    uint64_t va; /* 0: not loaded */
    const struct emu_blob *data;
};

static void
put_section(struct emu_blob *out, size_t row, uint32_t name, uint32_t type, uint64_t va,
            uint64_t at, uint64_t bytes)
{
    emu_blob_put32(out, row, name);
    emu_blob_put32(out, row + 4, type);
    emu_blob_put64(out, row + 8, va ? 2 : 0); /* allocated */
    emu_blob_put64(out, row + 16, va);
    emu_blob_put64(out, row + 24, at);
    emu_blob_put64(out, row + 32, bytes);
    emu_blob_put64(out, row + 48, 8);
}

static void
put_segment(struct emu_blob *out, size_t row, uint64_t va, uint64_t at, uint64_t bytes)
{
    emu_blob_put32(out, row, 1); /* loadable */
    emu_blob_put32(out, row + 4, 4);
    emu_blob_put64(out, row + 8, at);
    emu_blob_put64(out, row + 16, va);
    emu_blob_put64(out, row + 24, va);
    emu_blob_put64(out, row + 32, bytes);
    emu_blob_put64(out, row + 40, bytes);
    emu_blob_put64(out, row + 48, 8);
}

static void
put_header(struct emu_blob *out, unsigned segments, size_t sections_at, unsigned sections)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

    if (out->failed)
        return;
    memcpy(out->p, ident, sizeof(ident));
    emu_blob_put16(out, 16, 2);
    emu_blob_put16(out, 18, 243); /* RISC-V */
    emu_blob_put32(out, 20, 1);
    emu_blob_put64(out, 32, segments ? HEADER : 0);
    emu_blob_put64(out, 40, sections_at);
    emu_blob_put16(out, 52, HEADER);
    emu_blob_put16(out, 54, SEGMENT);
    emu_blob_put16(out, 56, segments);
    emu_blob_put16(out, 58, SECTION);
    emu_blob_put16(out, 60, sections);
    emu_blob_put16(out, 62, sections - 1);
}

static void
make_elf(struct emu_blob *out, const struct section *sections, unsigned count)
{
    size_t at[MAX_SECTIONS], table, names, name;
    unsigned segments = 0, k = 0;

    for (unsigned i = 0; i < count; i++)
        segments += sections[i].va != 0;
    emu_blob_grow(out, HEADER + (size_t)segments * SEGMENT);
    for (unsigned i = 0; i < count; i++) {
        emu_blob_align(out, 8);
        at[i] = out->n;
        emu_blob_add(out, sections[i].data->p, sections[i].data->n);
        if (sections[i].va)
            put_segment(out, HEADER + (size_t)k++ * SEGMENT, sections[i].va, at[i],
                        sections[i].data->n);
    }
    names = out->n;
    emu_blob_grow(out, 1);
    for (unsigned i = 0; i < count; i++)
        emu_blob_add(out, sections[i].name, strlen(sections[i].name) + 1);
    emu_blob_add(out, ".shstrtab", sizeof(".shstrtab"));
    emu_blob_align(out, 8);
    table = emu_blob_grow(out, (size_t)(count + 2) * SECTION);
    name = 1;
    for (unsigned i = 0; i < count; i++) {
        put_section(out, table + (i + 1) * (size_t)SECTION, (uint32_t)name, PROGBITS,
                    sections[i].va, at[i], sections[i].data->n);
        name += strlen(sections[i].name) + 1;
    }
    put_section(out, table + (count + 1) * (size_t)SECTION, (uint32_t)name, STRTAB, 0, names,
                name + sizeof(".shstrtab"));
    put_header(out, segments, table, count + 2);
}

static uint64_t
add_text(struct emu_blob *texts, uint64_t base, const char *text)
{
    const uint64_t va = base + texts->n;

    emu_blob_add(texts, text, strlen(text) + 1);
    return va;
}

/* Messages of one image, and their texts. */
static void
make_messages(enum emu_log_task image, uint64_t text_va, const char *release,
              struct emu_blob *messages, struct emu_blob *texts)
{
    add_text(texts, text_va, release);
    for (unsigned i = 0; i < EMU_LOG_MESSAGES; i++) {
        const struct emu_log_row *row = &emu_log_rows[i];
        size_t at;

        if (emu_log_image(row->task) != image)
            continue;
        at = emu_blob_grow(messages, EMU_LOG_METADATA_BYTES);
        emu_blob_put64(messages, at, add_text(texts, text_va, row->file));
        emu_blob_put64(messages, at + 8, add_text(texts, text_va, row->format));
        emu_blob_put32(messages, at + 16, row->line);
        emu_blob_put32(messages, at + 20,
                       row->args | (uint32_t)row->level << 8 | (uint32_t)row->special << 16);
    }
}

static void
make_image(struct emu_blob *out, enum emu_log_task image, const char *release)
{
    const bool packed = emu_log_packed(release);
    struct emu_blob messages = {.mem = out->mem}, texts = {.mem = out->mem};
    const uint64_t text_va = emu_log_texts(image, packed);

    make_messages(image, text_va, release, &messages, &texts);
    if (packed) {
        const struct section sections[] = {
            {".logging_metadata", emu_log_base(image), &messages},
            {".logging_const",    text_va,             &texts   },
        };

        make_elf(out, sections, 2);
    } else {
        const struct section section = {".logging", emu_log_base(image), &messages};

        emu_blob_add(&messages, texts.p, texts.n);
        make_elf(out, &section, 1);
    }
    out->failed = out->failed || messages.failed || texts.failed;
    emu_blob_fini(&messages);
    emu_blob_fini(&texts);
}

static bool
is_release(const char *release)
{
    char *end;

    return strtoul(release, &end, 10) > 0 && *end == '.' && strlen(release) < 24;
}

int
emu_logging_elf(const char *release, uint8_t **bytes_out, size_t *size_out)
{
    const struct emu_mem libc = {0};
    struct emu_blob init = {.mem = &libc}, rm = {.mem = &libc}, none = {.mem = &libc};
    struct emu_blob container = {.mem = &libc}, out = {.mem = &libc};
    const struct section tasks[] = {
        {".fwIsContainerElf", 0, &none},
        {".fwlogging_init",   0, &init},
        {".fwlogging_rm",     0, &rm  },
    };
    const struct section outer = {".fwlogging", 0, &container};
    bool failed;

    if (!is_release(release))
        return -EINVAL;
    emu_blob_add(&none, "synthetic", sizeof("synthetic"));
    make_image(&init, EMU_LOG_INIT, release);
    make_image(&rm, EMU_LOG_RM, release);
    make_elf(&container, tasks, 3);
    make_elf(&out, &outer, 1);
    failed = init.failed || rm.failed || none.failed || container.failed || out.failed;
    emu_blob_fini(&none);
    emu_blob_fini(&init);
    emu_blob_fini(&rm);
    emu_blob_fini(&container);
    if (failed) {
        emu_blob_fini(&out);
        return -ENOMEM;
    }
    *bytes_out = out.p;
    *size_out = out.n;
    return 0;
}
