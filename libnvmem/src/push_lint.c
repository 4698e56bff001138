/* SPDX-License-Identifier: MIT */
/* What is suspicious in a push buffer, rule by rule. */
#include <nvmem/push_text.h>

#include <nvrm/cl/clc56f.h>

#include "push_priv.h"

#include <stdarg.h>
#include <stdio.h>

struct lint {
    struct nvmem_push_state *state;
    int (*fn)(void *ctx, const struct nvmem_push_finding *f);
    void *ctx;
    size_t count;
    bool stop, has_host; /* the caller said which channel class it is */
};

const char *
nvmem_push_rule_name(enum nvmem_push_rule rule)
{
    static const char *const names[NVMEM_PUSH_RULES] = {
        "bad-header",     "truncated",    "no-object",     "unknown-class", "foreign-class",
        "unknown-method", "newer-method", "reserved-bits", "bad-value",     "unread",
    };

    return (unsigned)rule < NVMEM_PUSH_RULES ? names[rule] : "";
}

__attribute__((format(printf, 5, 6))) static void
found(struct lint *l, enum nvmem_push_rule rule, size_t word, const char *hint,
      const char *format, ...)
{
    struct nvmem_push_finding f = {.rule = rule, .word = word};
    va_list args;

    if (l->stop)
        return;
    va_start(args, format);
    (void)vsnprintf(f.text, sizeof(f.text), format, args);
    va_end(args);
    (void)snprintf(f.hint, sizeof(f.hint), "%s", hint ? hint : "");
    l->count++;
    l->stop = l->fn && l->fn(l->ctx, &f) != 0;
}

/* A later class of the same line that has the method. */
static const struct nvrm_hw_class *
later_with(const struct nvrm_hw_class *c, uint32_t method)
{
    for (unsigned i = 0; i < nvrm_hw_class_count(); i++) {
        const struct nvrm_hw_class *later = nvrm_hw_class_at(i);

        for (const struct nvrm_hw_class *p = later; p;
             p = p->parent ? nvrm_hw_class(p->parent) : NULL)
            if (p == c && nvrm_hw_method(later, method, NULL, NULL))
                return later;
    }
    return NULL;
}

static void
check_object(struct lint *l, const struct nvmem_push_call *c)
{
    const struct nvrm_hw_class *bound = nvrm_hw_class(c->data & 0xffff);

    if (!bound)
        found(l, NVMEM_PUSH_UNKNOWN_CLASS, c->word, "its methods are not checked",
              "SET_OBJECT of class 0x%04x, which is not known", c->data & 0xffff);
    else if (l->has_host && !nvmem_push_goes_with(l->state->host, bound))
        found(l, NVMEM_PUSH_FOREIGN_CLASS, c->word,
              "--host names the channel's class when it is another",
              "SET_OBJECT of %s (0x%04x), which chips with channel class 0x%04x do not have",
              nvrm_hw_text(bound->name), (unsigned)bound->id, (unsigned)l->state->host->id);
}

static void
check_fields(struct lint *l, const struct nvmem_push_call *c)
{
    uint32_t rest = c->data;

    for (unsigned k = 0; k < c->item->field_count; k++) {
        const struct nvrm_hw_field *f = nvrm_hw_field_at(c->item, k);
        const uint32_t v = (uint32_t)nvrm_hw_get(f, &c->data, 0, 0);

        for (unsigned i = 0; i < f->n && f->hi + i * f->step_i < 32; i++)
            nvrm_hw_set(f, &rest, i, 0, 0);
        /* One name alone names a special number, not all legal ones. */
        if (f->value_count > 1 && v && !nvrm_hw_value_name(f, v) && !f->step_i)
            found(l, NVMEM_PUSH_BAD_VALUE, c->word, NULL, "%s (%04x): %s has no value 0x%x",
                  nvrm_hw_text(c->item->name), (unsigned)c->cl->id, nvrm_hw_text(f->name), v);
    }
    if (rest && c->item->field_count)
        found(l, NVMEM_PUSH_RESERVED_BITS, c->word, NULL,
              "%s (%04x): bits 0x%x belong to no field", nvrm_hw_text(c->item->name),
              (unsigned)c->cl->id, rest);
}

static void
check_call(struct lint *l, const struct nvmem_push_call *c)
{
    const struct nvrm_hw_class *later;
    char hint[96];

    if (c->item) {
        if (c->method == 0)
            check_object(l, c);
        check_fields(l, c);
        return;
    }
    if (!c->cl) {
        if (!l->state->bound_id[c->subch])
            found(l, NVMEM_PUSH_NO_OBJECT, c->word,
                  "SET_OBJECT comes first; --bind says what was bound before",
                  "method 0x%04x on subchannel %u, which has no class", c->method, c->subch);
        return;
    }
    later = later_with(c->cl, c->method);
    if (!later) {
        found(l, NVMEM_PUSH_UNKNOWN_METHOD, c->word, NULL, "%s (%04x) has no method at 0x%04x",
              nvrm_hw_text(c->cl->name), (unsigned)c->cl->id, c->method);
        return;
    }
    (void)snprintf(hint, sizeof(hint), "it came with %s (%04x)", nvrm_hw_text(later->name),
                   (unsigned)later->id);
    found(l, NVMEM_PUSH_NEWER_METHOD, c->word, hint, "%s (%04x) does not have %s (0x%04x) yet",
          nvrm_hw_text(c->cl->name), (unsigned)c->cl->id,
          nvrm_hw_text(nvrm_hw_method(later, c->method, NULL, NULL)->name), c->method);
}

size_t
nvmem_push_lint(struct nvmem_push_state *state, const uint32_t *words, size_t count,
                int (*fn)(void *ctx, const struct nvmem_push_finding *f), void *ctx)
{
    struct lint l = {.state = state, .fn = fn, .ctx = ctx, .has_host = state->host != NULL};
    struct nvmem_push_reader r;
    struct nvmem_push_call c;

    nvmem_push_open(&r, state, words, count);
    while (!l.stop && nvmem_push_next(&r, &c)) {
        if (c.kind == NVMEM_PUSH_CALL)
            check_call(&l, &c);
        else if (c.kind == NVMEM_PUSH_BAD && c.why)
            found(&l, c.truncated ? NVMEM_PUSH_TRUNCATED : NVMEM_PUSH_BAD_HEADER, c.word, NULL,
                  "0x%08x: %s", c.raw, c.why);
        else if (c.kind == NVMEM_PUSH_SEGMENT && c.word + 1 < count)
            found(&l, NVMEM_PUSH_UNREAD, c.word, NULL,
                  "%zu words behind the end of the segment", count - c.word - 1);
    }
    return l.count;
}

/* GPFIFO entries */

static void
check_entry(struct lint *l, size_t at, const uint32_t e[2])
{
    const struct nvrm_hw_item *r = nvrm_hw_record(nvrm_hw_class(0xca6f), "GP_ENTRY1");
    const struct nvrm_hw_field *opcode = r ? nvrm_hw_field_named(r, "OPCODE") : NULL;

    if (NVRM_HW_GET(e + 1, NVC56F_GP_ENTRY1_LENGTH)) {
        if (e[0] & 2)
            found(l, NVMEM_PUSH_RESERVED_BITS, at, "addresses are multiples of 4",
                  "GP_ENTRY0: bit 1 belongs to no field");
        if (e[1] & 0x100)
            found(l, NVMEM_PUSH_RESERVED_BITS, at + 1, NULL,
                  "GP_ENTRY1: bit 8 belongs to no field");
        return;
    }
    if (e[1] & 0xffffff00)
        found(l, NVMEM_PUSH_RESERVED_BITS, at + 1, "an entry of 0 words is a control entry",
              "GP_ENTRY1: bits 0x%x mean nothing without a length", e[1] & 0xffffff00);
    if (opcode && !nvrm_hw_value_name(opcode, e[1] & 0xff))
        found(l, NVMEM_PUSH_BAD_VALUE, at + 1, NULL, "GP_ENTRY1: OPCODE has no value 0x%x",
              e[1] & 0xff);
}

size_t
nvmem_push_lint_ring(const uint32_t *words, size_t count,
                     int (*fn)(void *ctx, const struct nvmem_push_finding *f), void *ctx)
{
    struct lint l = {.fn = fn, .ctx = ctx};

    for (size_t i = 0; i + 1 < count && !l.stop; i += 2)
        check_entry(&l, i, words + i);
    if (count % 2)
        found(&l, NVMEM_PUSH_TRUNCATED, count - 1, "an entry is two words",
              "half an entry at the end");
    return l.count;
}

/* Records */

/* One element, unless all of its bits were looked at under another name. */
static void
check_element(struct lint *l, const struct nvrm_hw_item *r, const struct nvrm_hw_field *f,
              size_t at, const uint32_t *words, uint32_t *rest, unsigned i, unsigned j)
{
    const uint64_t v = nvrm_hw_get(f, words, i, j);
    char index[24] = "";

    if (!nvrm_hw_get(f, rest, i, j))
        return;
    nvrm_hw_set(f, rest, i, j, 0);
    if (f->value_count < 2 || nvrm_hw_value_name(f, v))
        return;
    if (f->step_j)
        (void)snprintf(index, sizeof(index), "[%u, %u]", i, j);
    else if (f->step_i)
        (void)snprintf(index, sizeof(index), "[%u]", i);
    found(l, NVMEM_PUSH_BAD_VALUE, at + (f->lo + i * f->step_i + j * f->step_j) / 32, NULL,
          "%s: %s%s has no value 0x%llx", nvrm_hw_text(r->name), nvrm_hw_text(f->name), index,
          (unsigned long long)v);
}

static void
check_record(struct lint *l, const struct nvrm_hw_item *r, size_t at, const uint32_t *words,
             uint32_t *rest)
{
    for (unsigned k = 0; k < r->field_count; k++) {
        const struct nvrm_hw_field *f = nvrm_hw_field_at(r, k);

        for (unsigned i = 0; i < f->n; i++)
            for (unsigned j = 0; j < f->m; j++)
                check_element(l, r, f, at, words, rest, i, j);
    }
    for (unsigned w = 0; w < r->words; w++)
        if (rest[w])
            found(l, NVMEM_PUSH_RESERVED_BITS, at + w, NULL,
                  "%s: bits 0x%x of word %u belong to no field", nvrm_hw_text(r->name), rest[w],
                  w);
}

size_t
nvmem_push_lint_records(const struct nvrm_hw_item *r, const uint32_t *words, size_t count,
                        int (*fn)(void *ctx, const struct nvmem_push_finding *f), void *ctx)
{
    struct lint l = {.fn = fn, .ctx = ctx};
    uint32_t copy[NVMEM_PUSH_RECORD_WORDS], rest[NVMEM_PUSH_RECORD_WORDS];

    for (size_t k = 0; k < count && !l.stop && r->words <= NVMEM_PUSH_RECORD_WORDS; k++) {
        for (unsigned i = 0; i < r->words; i++)
            copy[i] = rest[i] = words[k * r->words + (r->at ? r->words - 1u - i : i)];
        check_record(&l, r, k * r->words, copy, rest);
    }
    return l.count;
}
