/* SPDX-License-Identifier: MIT */
#include "cubin_make.h"

#include <assert.h>
#include <string.h>

enum { HEADER = 64, ROW = 64, SYMBOL = 24 };

/* Name, type, flags, row size, alignment of every section. */
static const struct {
    const char *name;
    uint32_t type, flags, row_bytes, align;
} plan[MAKE_SECTIONS] = {
    [MAKE_NAMES] = {".shstrtab",          3,          0,    0,      1  },
    [MAKE_STRINGS] = {".strtab",            3,          0,    0,      1  },
    [MAKE_SYMBOLS] = {".symtab",            2,          0,    SYMBOL, 8  },
    [MAKE_INFO] = {".nv.info",           0x70000000, 0,    0,      4  },
    [MAKE_INFO_K] = {".nv.info.k",         0x70000000, 0x40, 0,      4  },
    [MAKE_BANK0] = {".nv.constant0.k",    1,          0x42, 0,      4  },
    [MAKE_BANK4] = {".nv.constant4",      1,          2,    0,      8  },
    [MAKE_RELOCS] = {".rela.nv.constant4", 4,          0x40, 24,     8  },
    [MAKE_CODE] = {".text.k",            1,          6,    0,      128},
    [MAKE_SHARED] = {".nv.shared.k",       8,          0x43, 0,      16 },
    [MAKE_GLOBAL] = {".nv.global",         8,          3,    0,      8  },
    [MAKE_GLOBAL_INIT] = {".nv.global.init",    1,          3,    0,      8  },
};

void
cubin_poke(struct cubin_made *file, size_t off, unsigned bytes, uint64_t value)
{
    assert(off + bytes <= sizeof(file->bytes));
    for (unsigned i = 0; i < bytes; i++)
        file->bytes[off + i] = (uint8_t)(value >> 8 * i);
}

static void
put(struct cubin_made *f, unsigned bytes, uint64_t value)
{
    cubin_poke(f, f->size, bytes, value);
    f->size += bytes;
}

static void
put_text(struct cubin_made *f, const char *text)
{
    const size_t n = strlen(text) + 1;

    assert(f->size + n <= sizeof(f->bytes));
    memcpy(f->bytes + f->size, text, n);
    f->size += n;
}

/* A sized attribute record of whole words. */
static void
put_record(struct cubin_made *f, unsigned attribute, unsigned words, const uint32_t *payload)
{
    put(f, 1, 4);
    put(f, 1, attribute);
    put(f, 2, 4 * words);
    for (unsigned i = 0; i < words; i++)
        put(f, 4, payload[i]);
}

static unsigned
param_base(const struct cubin_make *m)
{
    return m->sm >= 100 ? 0x380 : m->sm >= 90 ? 0x210 : 0x160;
}

/* Offset of parameter n; of n = param_count, the size of them all. */
static unsigned
param_at(const struct cubin_make *m, unsigned n)
{
    unsigned off = 0;

    for (unsigned i = 0; i <= n; i++) {
        const unsigned bytes = i < m->param_count ? m->params[i] : 1;
        const unsigned align = bytes % 8 == 0 ? 8 : bytes % 4 == 0 ? 4 : 1;

        off = (off + align - 1) / align * align;
        if (i < n)
            off += bytes;
    }
    return off;
}

static void
put_symbol(struct cubin_made *f, unsigned name, unsigned info, unsigned other, unsigned section,
           uint64_t value, uint64_t bytes)
{
    put(f, 4, name);
    put(f, 1, info);
    put(f, 1, other);
    put(f, 2, section);
    put(f, 8, value);
    put(f, 8, bytes);
}

static void
put_info_k(struct cubin_made *f, const struct cubin_make *m)
{
    const uint32_t cbank[2] = {3, param_base(m) | param_at(m, m->param_count) << 16};

    put_record(f, 0x0a, 2, cbank);
    put(f, 1, 3);
    put(f, 1, 0x19);
    put(f, 2, param_at(m, m->param_count));
    for (unsigned i = m->param_count; i-- > 0;) {
        const uint32_t info[3] = {0, i | param_at(m, i) << 16, m->params[i] << 18 | 0x1f000};

        put_record(f, 0x17, 3, info);
    }
    if (m->cuda13) {
        put(f, 1, 2);
        put(f, 1, 0x4c);
        put(f, 2, m->barriers);
    }
    memcpy(f->bytes + f->size, m->extra, m->extra_bytes);
    f->size += m->extra_bytes;
}

static void
put_content(struct cubin_made *f, const struct cubin_make *m, unsigned section)
{
    const uint32_t regs[2] = {1, m->registers}, stack[2] = {1, 16};

    switch (section) {
    case MAKE_NAMES:
        put(f, 1, 0);
        for (unsigned i = 1; i < MAKE_SECTIONS; i++)
            put_text(f, plan[i].name);
        break;
    case MAKE_STRINGS:
        put(f, 1, 0);
        put_text(f, "k");        /* at 1 */
        put_text(f, "variable"); /* at 3 */
        break;
    case MAKE_SYMBOLS:
        put_symbol(f, 0, 0, 0, 0, 0, 0);
        put_symbol(f, 1, 0x12, 0x10, MAKE_CODE, 0, m->code_bytes ? m->code_bytes : 128);
        put_symbol(f, 3, 1, 0, m->undefined ? 0 : MAKE_GLOBAL_INIT, m->undefined ? 0 : 8, 4);
        put_symbol(f, 0, 3, 0, MAKE_BANK0, 0, 0);
        break;
    case MAKE_INFO:
        put_record(f, 0x2f, 2, regs);
        put_record(f, 0x11, 2, stack);
        put_record(f, 0x12, 2, stack);
        break;
    case MAKE_INFO_K:
        put_info_k(f, m);
        break;
    case MAKE_BANK0:
        f->size += param_base(m) + param_at(m, m->param_count);
        break;
    case MAKE_BANK4:
        put(f, 8, 0);
        break;
    case MAKE_RELOCS:
        put(f, 8, 0);
        put(f, 4, m->reloc_type ? m->reloc_type : 2);
        put(f, 4, 2);
        if (m->cuda13)
            put(f, 8, 4);
        break;
    case MAKE_CODE:
        if (m->code)
            memcpy(f->bytes + f->size, m->code, m->code_bytes);
        f->size += m->code_bytes ? m->code_bytes : 128;
        break;
    case MAKE_GLOBAL_INIT:
        put(f, 8, 0);
        put(f, 4, 7);
        break;
    default:
        break;
    }
}

static void
put_row(struct cubin_made *f, const struct cubin_make *m, unsigned section, size_t bytes)
{
    static const uint8_t owner[MAKE_SECTIONS] = {
        [MAKE_INFO_K] = MAKE_CODE,
        [MAKE_BANK0] = MAKE_CODE,
        [MAKE_SHARED] = MAKE_CODE,
        [MAKE_RELOCS] = MAKE_BANK4,
    };
    const bool rel = section == MAKE_RELOCS && !m->cuda13;
    unsigned name = 1, info = owner[section], flags = plan[section].flags;

    for (unsigned i = 1; i < section; i++)
        name += (unsigned)strlen(plan[i].name) + 1;
    if (section == MAKE_CODE) {
        info = m->cuda13 && m->sm >= 90 ? 1 : 1 | m->registers << 24;
        flags |= m->cuda13 ? 0 : m->barriers << 20;
    }
    f->row[section] = f->size;
    put(f, 4, section ? name : 0);
    put(f, 4, rel ? 9 : plan[section].type);
    put(f, 8, flags);
    put(f, 8, 0);
    put(f, 8, f->content[section]);
    put(f, 8, section == MAKE_SHARED ? m->shared_bytes : section == MAKE_GLOBAL ? 64 : bytes);
    put(f, 4, section == MAKE_SYMBOLS ? MAKE_STRINGS : section == MAKE_RELOCS ? 3 : 0);
    put(f, 4, info);
    put(f, 8, plan[section].align);
    put(f, 8, rel ? 16 : plan[section].row_bytes);
}

static void
put_header(struct cubin_made *f, const struct cubin_make *m, size_t rows)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

    memcpy(f->bytes, ident, sizeof(ident));
    f->bytes[7] = m->cuda13 ? 0x41 : 0x33;
    f->bytes[8] = m->cuda13 ? 8 : 7;
    cubin_poke(f, 16, 2, m->type ? m->type : 2);
    cubin_poke(f, 18, 2, m->machine ? m->machine : 190);
    cubin_poke(f, 20, 4, m->cuda13 ? 1 : 0x7c);
    cubin_poke(f, 40, 8, rows);
    cubin_poke(f, 48, 4, m->cuda13 ? 0x6000004 | m->sm << 8 : m->sm << 16 | 0x500 | m->sm);
    cubin_poke(f, 52, 2, HEADER);
    cubin_poke(f, 58, 2, ROW);
    cubin_poke(f, 60, 2, MAKE_SECTIONS);
    cubin_poke(f, 62, 2, MAKE_NAMES);
}

void
cubin_make(const struct cubin_make *want, struct cubin_made *out)
{
    size_t bytes[MAKE_SECTIONS] = {0}, rows;

    memset(out, 0, sizeof(*out));
    out->size = HEADER;
    for (unsigned i = 1; i < MAKE_SECTIONS; i++) {
        const unsigned align = plan[i].align;

        out->size = (out->size + align - 1) / align * align;
        out->content[i] = out->size;
        put_content(out, want, i);
        bytes[i] = out->size - out->content[i];
    }
    out->size = (out->size + 7) / 8 * 8;
    rows = out->size;
    for (unsigned i = 0; i < MAKE_SECTIONS; i++)
        put_row(out, want, i, bytes[i]);
    put_header(out, want, rows);
}
