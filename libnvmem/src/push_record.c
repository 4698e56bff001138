/* SPDX-License-Identifier: MIT */
/* Text to records: QMDs, texture and shader headers, field by field. */
#include <nvmem/push_text.h>

#include "push_lex.h"

static void
begin_record(struct assembler *a, const struct nvrm_hw_item *r)
{
    a->header = a->out->bytes;
    for (unsigned i = 0; i < r->words; i++)
        nvmem_push_emit(a, 0);
}

/* _[WORD] = BITS */
static int
loose_bits(struct assembler *a, const struct nvrm_hw_item *r, uint32_t *words)
{
    uint64_t bits = 0;
    unsigned w = 0, none;
    int rc = nvmem_push_element(a, r->words, 1, false, &w, &none);

    if (rc == 0 && !nvmem_push_take(a, '='))
        rc = nvmem_push_refuse(a, "_[WORD] = BITS", "a = is missing");
    if (rc == 0)
        rc = nvmem_push_number(a, UINT32_MAX, "the bits", &bits);
    if (rc == 0)
        words[w] |= (uint32_t)bits;
    return rc;
}

static int
record_field(struct assembler *a, const struct nvrm_hw_item *r, const char *w, uint32_t *words)
{
    const struct nvrm_hw_field *f = nvrm_hw_field_named(r, w);
    unsigned i = 0, j = 0;
    uint64_t v = 0;
    int rc = 0;

    if (!f)
        return nvmem_push_did_you_mean(a, nvrm_hw_nearest_field(r, w), "FIELD = VALUE",
                                       "the record has no field", w);
    if (f->step_i)
        rc = nvmem_push_element(a, f->n, f->m, f->step_j != 0, &i, &j);
    if (rc == 0 && !nvmem_push_take(a, '='))
        rc = nvmem_push_refuse(a, "FIELD = VALUE", "a = is missing behind %.80s", w);
    if (rc == 0)
        rc = nvmem_push_value(a, f, &v);
    if (rc == 0)
        nvrm_hw_set(f, words, i, j, nvrm_hw_get(f, words, i, j) | v);
    return rc;
}

static int
record_line(struct assembler *a, void *ctx)
{
    const struct nvrm_hw_item *r = ctx;
    char w[WORD_MAX];
    uint32_t *words;
    int rc;

    nvmem_push_word(a, w);
    if (!strcmp(w, "---")) {
        begin_record(a, r);
        return nvmem_push_line_end(a);
    }
    if (a->out->rc < 0)
        return 0;
    words = (uint32_t *)(void *)(a->out->data + a->header);
    rc = strcmp(w, "_") ? record_field(a, r, w, words) : loose_bits(a, r, words);
    return rc < 0 ? rc : nvmem_push_line_end(a);
}

/* Memory has the word with the highest bits first. */
static void
turn_records(const struct nvrm_hw_item *r, struct gsp_text *out)
{
    uint32_t *words = (uint32_t *)(void *)out->data;
    const size_t count = out->bytes / sizeof(*words);

    for (size_t k = 0; k + r->words <= count; k += r->words)
        for (unsigned i = 0; i < r->words / 2u; i++) {
            const uint32_t w = words[k + i];

            words[k + i] = words[k + r->words - 1 - i];
            words[k + r->words - 1 - i] = w;
        }
}

int
nvmem_push_read_records(const struct nvrm_hw_item *r, const char *text, size_t bytes,
                        const char *name, struct gsp_text *words, struct gsp_error *err)
{
    struct assembler a = {.name = name, .out = words, .err = err};
    union {
        const void *in;
        void *out;
    } item = {r};
    int rc;

    begin_record(&a, r);
    rc = nvmem_push_each_line(&a, text, bytes, record_line, item.out);
    if (rc == 0 && r->at)
        turn_records(r, words);
    return rc;
}
