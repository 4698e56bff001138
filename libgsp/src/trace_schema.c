/* SPDX-License-Identifier: MIT */
/*
 * One number for all that a release's tables say about layouts and numbers, so that a reader
 * knows whether a trace was made with the same tables.
 */
#include <gsp/trace.h>

#include <string.h>

struct mix {
    struct nvrm_abi abi;
    uint64_t hash; /* FNV-1a */
};

static void
mix_bytes(struct mix *m, const void *data, size_t bytes)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < bytes; i++)
        m->hash = (m->hash ^ p[i]) * UINT64_C(0x100000001b3);
}

static void
mix_text(struct mix *m, uint32_t ref)
{
    const char *text = nvrm_str(m->abi.schema, ref);

    mix_bytes(m, text, strlen(text) + 1);
}

static void
mix_u32(struct mix *m, uint32_t value)
{
    const uint8_t bytes[] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                             (uint8_t)(value >> 24)};

    mix_bytes(m, bytes, sizeof(bytes));
}

static void
mix_layout(struct mix *m, const struct nvrm_layout *l)
{
    const struct nvrm_field *f = nvrm_layout_fields(m->abi.schema, l);

    mix_text(m, l->name);
    mix_u32(m, l->size);
    for (uint16_t i = 0; i < l->fields; i++) {
        mix_text(m, f[i].name);
        mix_u32(m, f[i].offset);
        mix_u32(m, f[i].count);
        mix_u32(m, (uint32_t)f[i].type << 16 | f[i].bit_off << 8 | f[i].bit_len);
    }
}

static void
mix_number(struct mix *m, uint32_t name, uint32_t id)
{
    mix_text(m, name);
    mix_u32(m, id);
}

uint64_t
gsp_trace_schema_hash(struct nvrm_abi abi)
{
    struct mix m = {abi, UINT64_C(0xcbf29ce484222325)};

    for (unsigned i = 0; i < nvrm_struct_count(abi.schema); i++) {
        const struct nvrm_layout *l = nvrm_struct_at(abi, (uint16_t)i);

        if (l)
            mix_layout(&m, l);
    }
    for (unsigned i = 0; i < nvrm_control_count(abi.schema); i++) {
        const struct nvrm_control *c = nvrm_control_at(abi, i);

        if (c)
            mix_number(&m, c->name, c->id);
    }
    for (unsigned i = 0; i < nvrm_class_count(abi.schema); i++) {
        const struct nvrm_class *c = nvrm_class_at(abi, i);

        if (c)
            mix_number(&m, c->name, c->id);
    }
    for (unsigned i = 0; i < nvrm_rpc_count(abi.schema); i++) {
        const struct nvrm_rpc *c = nvrm_rpc_at(abi, i);

        if (c)
            mix_number(&m, c->name, c->id);
    }
    return m.hash;
}
