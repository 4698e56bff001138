/* SPDX-License-Identifier: MIT */
/* Code as text, line by line, with names for the targets of branches. */
#include "sass/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alias.h"

struct list {
    const struct sass_list *how;
    const uint64_t *code;
    size_t count;
    uint8_t *target; /* per instruction: something branches here */
    char name[32];
    sass_line_fn line;
    void *ctx;
};

/* Marks what labels point to. */
static void
find_targets(struct list *l)
{
    struct nvrm_sass_insn insn;

    for (size_t i = 0; i < l->count; i++) {
        if (!nvrm_sass_decode(l->how->sm, l->code + 2 * i, i * NVRM_SASS_BYTES, &insn))
            continue;
        for (unsigned k = 0; k < insn.n_operands; k++) {
            const struct nvrm_sass_operand *o = &insn.operands[k];

            if (o->kind == NVRM_SASS_LABEL && !o->regs && o->value >= 0 &&
                o->value % NVRM_SASS_BYTES == 0 &&
                (uint64_t)o->value / NVRM_SASS_BYTES < l->count)
                l->target[o->value / NVRM_SASS_BYTES] = 1;
        }
    }
}

static const char *
label(void *ctx, uint64_t addr)
{
    struct list *l = ctx;

    if (addr % NVRM_SASS_BYTES || addr / NVRM_SASS_BYTES >= l->count ||
        !l->target[addr / NVRM_SASS_BYTES])
        return NULL;
    snprintf(l->name, sizeof(l->name), ".L_%" PRIx64, addr);
    return l->name;
}

/* Reuse flags that no printed operand carries. */
static unsigned
lost_reuse(const struct nvrm_sass_insn *insn)
{
    unsigned seen = 0;

    for (unsigned i = 0; i < insn->n_operands; i++)
        if (insn->operands[i].reuse)
            seen |= sass_reuse_bit(insn, i);
    return insn->ctl.reuse & ~seen;
}

static int
put_insn(struct list *l, size_t i)
{
    const struct sass_print how = {.sm = l->how->sm,
                                   .label = l->how->labels ? label : NULL,
                                   .ctx = l,
                                   .exact = l->how->exact};
    char ctl[SASS_CTL] = "", text[SASS_LINE], extra[8] = "", out[2 * SASS_LINE];
    char words[64] = "", address[32] = "";
    const uint64_t *code = l->code + 2 * i;
    struct nvrm_sass_insn insn;

    if (nvrm_sass_decode(l->how->sm, code, i * NVRM_SASS_BYTES, &insn)) {
        sass_print(&how, &insn, text);
        if (l->how->ctl) {
            sass_print_ctl(&insn.ctl, ctl);
            if (lost_reuse(&insn))
                snprintf(extra, sizeof(extra), ":%u", lost_reuse(&insn));
        }
    } else {
        snprintf(text, sizeof(text), ".insn 0x%016" PRIx64 " 0x%016" PRIx64, code[0], code[1]);
    }
    if (l->how->address)
        snprintf(address, sizeof(address), "/*%04zx*/ ", i * NVRM_SASS_BYTES);
    if (l->how->words)
        snprintf(words, sizeof(words), " /* 0x%016" PRIx64 " 0x%016" PRIx64 " */", code[0],
                 code[1]);
    snprintf(out, sizeof(out), "%s%s%s%s%s ;%s", address, ctl, extra, *ctl ? " " : "", text,
             words);
    return l->line(l->ctx, out);
}

int
sass_disassemble(const struct sass_list *how, const uint64_t *code, size_t count,
                 sass_line_fn line, void *ctx)
{
    struct list l = {.how = how, .code = code, .count = count, .line = line, .ctx = ctx};
    int rc = 0;

    l.target = calloc(count + 1, 1);
    if (!l.target)
        return -ENOMEM;
    if (how->labels)
        find_targets(&l);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (l.target[i]) {
            char name[40];

            snprintf(name, sizeof(name), "%s:", label(&l, i * NVRM_SASS_BYTES));
            rc = line(ctx, name);
        }
        if (rc == 0)
            rc = put_insn(&l, i);
    }
    free(l.target);
    return rc;
}
