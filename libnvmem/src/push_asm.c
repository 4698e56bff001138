/* SPDX-License-Identifier: MIT */
/* Text to push buffer words: one line after the other, each a method, a GPFIFO entry or a
 * directive. */
#include <nvmem/push_text.h>

#include <nvrm/cl/clc56f.h>
#include <stdio.h>

#include "push_lex.h"

/* FIELD = VALUE, or _ = BITS of no field */
static int
field(struct assembler *a, const struct nvrm_hw_item *item, uint32_t *data)
{
    char w[WORD_MAX];
    const struct nvrm_hw_field *f;
    uint64_t v = 0;
    uint32_t bits = 0;
    unsigned i = 0, j = 0;
    int rc = 0;

    nvmem_push_word(a, w);
    f = nvrm_hw_field_named(item, w);
    if (!f && strcmp(w, "_") != 0)
        return nvmem_push_did_you_mean(a, nvrm_hw_nearest_field(item, w),
                                       "_ = 0x80 sets bits of no field",
                                       "the method has no field", w);
    if (f && f->step_i)
        rc = nvmem_push_element(a, f->n, f->m, f->step_j != 0, &i, &j);
    if (rc == 0 && !nvmem_push_take(a, '='))
        rc = nvmem_push_refuse(a, "FIELD = VALUE", "a = is missing behind %.80s", w);
    if (rc == 0)
        rc = f ? nvmem_push_value(a, f, &v)
               : nvmem_push_number(a, UINT32_MAX, "the value of _", &v);
    if (rc < 0)
        return rc;
    if (f)
        nvrm_hw_set(f, &bits, i, j, v);
    *data |= f ? bits : (uint32_t)v;
    return 0;
}

/* { FIELD = VALUE, ... } or a number */
static int
data_of(struct assembler *a, const struct nvrm_hw_item *item, uint32_t *data)
{
    uint64_t v = 0;
    int rc;

    *data = 0;
    if (!nvmem_push_take(a, '{')) {
        rc = nvmem_push_number(a, UINT32_MAX, "the data", &v);
        *data = (uint32_t)v;
        return rc;
    }
    if (!item)
        return nvmem_push_refuse(a, "give the data as a number",
                                 "fields of a method without a name");
    if (nvmem_push_take(a, '}'))
        return 0;
    do {
        rc = field(a, item, data);
        if (rc < 0)
            return rc;
    } while (nvmem_push_take(a, ','));
    return nvmem_push_take(a, '}')
               ? 0
               : nvmem_push_refuse(a, "{ FIELD = VALUE, ... }", "a } is missing");
}

/* Methods */

static int
method(struct assembler *a, const char *w, uint32_t *address,
       const struct nvrm_hw_item **item_out)
{
    uint64_t v;
    unsigned i = 0, j = 0;
    int rc = 0;

    *item_out = NULL;
    if (nvmem_push_is_number(w, &v)) {
        if (v > 0x3ffc || v & 3)
            return nvmem_push_refuse(a, "addresses are 0 to 0x3ffc in steps of 4",
                                     "no method lies at %s", w);
        *address = (uint32_t)v;
        return 0;
    }
    if (!a->cl)
        return nvmem_push_refuse(a,
                                 "give its address as a number, or the class instead of ----",
                                 "method '%.80s' of no class", w);
    *item_out = nvrm_hw_method_named(a->cl, w);
    if (!*item_out) {
        char what[96];

        (void)snprintf(what, sizeof(what), "class %04x has no method", (unsigned)a->cl->id);
        return nvmem_push_did_you_mean(a, nvrm_hw_nearest_method(a->cl, w),
                                       "give its address as a number", what, w);
    }
    if ((*item_out)->step_i)
        rc = nvmem_push_element(a, (*item_out)->n, (*item_out)->m, (*item_out)->step_j != 0, &i,
                                &j);
    *address = nvrm_hw_address(*item_out, i, j);
    return rc;
}

static void
patch_count(struct assembler *a)
{
    uint32_t w;

    if (a->out->rc < 0)
        return;
    memcpy(&w, a->out->data + a->header, sizeof(w));
    w = (w & ~(UINT32_C(0x1fff) << 16)) | a->count << 16;
    memcpy(a->out->data + a->header, &w, sizeof(w));
}

/* What follows the header: METHOD = DATA. */
static int
call(struct assembler *a, const char *w, unsigned subch, bool first)
{
    const struct nvrm_hw_item *item;
    uint32_t address = 0, data = 0;
    int rc = method(a, w, &address, &item);

    if (rc == 0 && !nvmem_push_take(a, '='))
        rc = nvmem_push_refuse(a, "METHOD = { FIELD = VALUE, ... }",
                               "a = is missing behind %.80s", w);
    if (rc == 0)
        rc = data_of(a, item, &data);
    if (rc == 0)
        rc = nvmem_push_line_end(a);
    if (rc < 0)
        return rc;
    if (first && a->op == NVMEM_PUSH_IMM) {
        if (data > NVMEM_PUSH_COUNT_MAX)
            return nvmem_push_refuse(a, "leave imm out: the data then gets a word of its own",
                                     "0x%x does not fit into the 13 bits of an immediate",
                                     data);
        nvmem_push_emit(a, nvmem_push_header(a->op, subch, address, data));
        a->header = SIZE_MAX;
        return 0;
    }
    if (!first && address != a->next)
        return nvmem_push_refuse(a, "begin a header of its own: SUBCHANNEL CLASS METHOD = ...",
                                 "the header goes on at 0x%x, and %.80s lies at 0x%x", a->next,
                                 w, address);
    if (first) {
        a->header = a->out->bytes;
        a->count = 0;
        nvmem_push_emit(a, nvmem_push_header(a->op, subch, address, 1));
    }
    nvmem_push_emit(a, data);
    a->count++;
    if (a->op == NVMEM_PUSH_INC || (a->op == NVMEM_PUSH_ONCE && first))
        address = (address + 4) & 0x3ffc;
    a->next = address;
    patch_count(a);
    return 0;
}

static enum nvmem_push_op
op_named(const char *w)
{
    return !strcmp(w, "inc")       ? NVMEM_PUSH_INC
           : !strcmp(w, "nonincr") ? NVMEM_PUSH_NONINC
           : !strcmp(w, "once")    ? NVMEM_PUSH_ONCE
           : !strcmp(w, "imm")     ? NVMEM_PUSH_IMM
                                   : 0;
}

/* SUBCHANNEL CLASS [OP] METHOD = DATA */
static int
header(struct assembler *a, const char *subch_word)
{
    char w[WORD_MAX];
    uint64_t subch;

    if (!nvmem_push_is_number(subch_word, &subch) || subch >= NVMEM_PUSH_SUBCHANNELS)
        return nvmem_push_refuse(a,
                                 "a line is: SUBCHANNEL CLASS METHOD = { FIELD = VALUE, ... }",
                                 "'%.40s' is no subchannel (0 to 7)", subch_word);
    nvmem_push_word(a, w);
    a->cl = nvrm_hw_class_named(w);
    if (!a->cl && strspn(w, "-") != strlen(w))
        return nvmem_push_did_you_mean(a, nvrm_hw_nearest_class(w),
                                       "---- stands for an unknown class", "there is no class",
                                       w);
    nvmem_push_word(a, w);
    a->op = op_named(w);
    if (a->op)
        nvmem_push_word(a, w);
    else
        a->op = NVMEM_PUSH_INC;
    return call(a, w, (unsigned)subch, true);
}

static int
go_on(struct assembler *a)
{
    char w[WORD_MAX];

    if (a->header == SIZE_MAX)
        return nvmem_push_refuse(a, "write SUBCHANNEL CLASS in front",
                                 "there is no header to go on with");
    if (a->count == NVMEM_PUSH_COUNT_MAX)
        return nvmem_push_refuse(a, "begin a new header",
                                 "a header has at most 8191 words of data");
    nvmem_push_word(a, w);
    return call(a, w, 0, false);
}

/* GPFIFO entries: gp ADDRESS WORDS [subroutine] [wait] [conditional], gp OPCODE OPERAND */

static int
control_entry(struct assembler *a, const char *w)
{
    const struct nvrm_hw_item *r = nvrm_hw_record(nvrm_hw_class(0xca6f), "GP_ENTRY1");
    const struct nvrm_hw_field *f = nvrm_hw_field_named(r, "OPCODE");
    uint32_t opcode;
    uint64_t operand = 0;
    int rc;

    if (!nvrm_hw_value_named(f, w, &opcode))
        return nvmem_push_did_you_mean(a, nvrm_hw_nearest_value(f, w),
                                       "gp ADDRESS WORDS, or gp NOP 0",
                                       "no GPFIFO operation is called", w);
    rc = nvmem_push_number(a, UINT32_MAX, "the operand", &operand);
    if (rc == 0)
        rc = nvmem_push_line_end(a);
    if (rc < 0)
        return rc;
    nvmem_push_emit(a, (uint32_t)operand);
    nvmem_push_emit(a, opcode);
    return 0;
}

static int
entry(struct assembler *a)
{
    char w[WORD_MAX];
    uint32_t e[2] = {0, 0};
    uint64_t va, length = 0;
    int rc;

    nvmem_push_word(a, w);
    if (!nvmem_push_is_number(w, &va))
        return control_entry(a, w);
    if (va >> 40 || va & 3)
        return nvmem_push_refuse(a, "a multiple of 4 below 2^40", "no push buffer lies at %s",
                                 w);
    rc = nvmem_push_number(a, 0x1fffff, "the number of words", &length);
    if (rc < 0)
        return rc;
    if (length == 0)
        return nvmem_push_refuse(a, "gp NOP 0 does nothing",
                                 "an entry of 0 words is a control entry");
    for (nvmem_push_word(a, w); w[0]; nvmem_push_word(a, w)) {
        if (!strcmp(w, "subroutine"))
            NVRM_HW_SET(e + 1, NVC56F_GP_ENTRY1_LEVEL, 1);
        else if (!strcmp(w, "wait"))
            NVRM_HW_SET(e + 1, NVC56F_GP_ENTRY1_SYNC, 1);
        else if (!strcmp(w, "conditional"))
            NVRM_HW_SET(e, NVC56F_GP_ENTRY0_FETCH, 1);
        else
            return nvmem_push_refuse(a, "subroutine, wait, conditional",
                                     "an entry is not '%.40s'", w);
    }
    nvmem_push_emit(a, e[0] | (uint32_t)va);
    nvmem_push_emit(a, e[1] | (uint32_t)(va >> 32) | (uint32_t)length << 10);
    return nvmem_push_line_end(a);
}

/* Lines */

static int
directive(struct assembler *a, const char *w)
{
    uint64_t v = 0;
    int rc = 0;

    a->header = SIZE_MAX;
    if (!strcmp(w, ".nop")) {
        nvmem_push_emit(a, 0);
    } else if (!strcmp(w, ".end")) {
        nvmem_push_emit(a, UINT32_C(7) << 29);
    } else if (!strcmp(w, ".word")) {
        rc = nvmem_push_number(a, UINT32_MAX, "the word", &v);
        if (rc == 0)
            nvmem_push_emit(a, (uint32_t)v);
    } else {
        return nvmem_push_refuse(a, ".nop, .end and .word 0x... are known",
                                 "there is no '%.40s'", w);
    }
    return rc < 0 ? rc : nvmem_push_line_end(a);
}

static int
one_line(struct assembler *a, void *ctx)
{
    char w[WORD_MAX];

    (void)ctx;
    if (nvmem_push_take(a, '+'))
        return go_on(a);
    nvmem_push_word(a, w);
    if (!strcmp(w, "gp")) {
        a->header = SIZE_MAX;
        return entry(a);
    }
    return w[0] == '.' ? directive(a, w) : header(a, w);
}

int
nvmem_push_assemble(const char *text, size_t bytes, const char *name, struct gsp_text *words,
                    struct gsp_error *err)
{
    struct assembler a = {.name = name, .out = words, .err = err, .header = SIZE_MAX};

    return nvmem_push_each_line(&a, text, bytes, one_line, NULL);
}
