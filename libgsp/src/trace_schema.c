/* SPDX-License-Identifier: MIT */
/*
 * One number for all that a release's tables say about layouts and numbers, so that a reader
 * knows whether a trace was made with the same tables.
 */
#include <gsp/trace.h>

#include <string.h>

struct mix {
    struct nvrm_abi abi;
    uint64_t hash;
};

/* Eight bytes a step: the tables are a megabyte, and every recording begins with this. */
static void
mix_u64(struct mix *m, uint64_t value)
{
    m->hash = (m->hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    m->hash ^= m->hash >> 32;
}

static void
mix_text(struct mix *m, uint32_t ref)
{
    const char *text = nvrm_str(m->abi.schema, ref);
    size_t left = strlen(text);

    mix_u64(m, left);
    for (; left; text += left < 8 ? left : 8, left -= left < 8 ? left : 8) {
        uint64_t word = 0;

        memcpy(&word, text, left < 8 ? left : 8);
        mix_u64(m, word);
    }
}

static void
mix_layout(struct mix *m, const struct nvrm_layout *l)
{
    const struct nvrm_field *f = nvrm_layout_fields(m->abi.schema, l);

    mix_text(m, l->name);
    mix_u64(m, l->size);
    for (uint16_t i = 0; i < l->fields; i++) {
        mix_text(m, f[i].name);
        mix_u64(m, (uint64_t)f[i].offset << 32 | f[i].count);
        mix_u64(m, (uint64_t)f[i].type << 16 | (uint64_t)f[i].bit_off << 8 | f[i].bit_len);
    }
}

static void
mix_number(struct mix *m, uint32_t name, uint32_t id)
{
    mix_text(m, name);
    mix_u64(m, id);
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
