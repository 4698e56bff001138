/* SPDX-License-Identifier: MIT */
/* Text to push buffer words: one line after the other, each a method, a GPFIFO entry or a
 * directive. */
#include <nvmem/push_text.h>

#include <ctype.h>
#include <limits.h>
#include <nvrm/cl/clc56f.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define WORD_MAX 128

struct assembler {
    const char *name;
    unsigned line;
    const char *p, *end; /* what is left of the line */
    struct gsp_text *out;
    struct gsp_error *err;
    const struct nvrm_hw_class *cl; /* of the header that "+" goes on with */
    enum nvmem_push_op op;
    size_t header; /* its place in out, in bytes; SIZE_MAX: nothing to go on with */
    uint32_t next, count;
};

__attribute__((format(printf, 3, 4))) static int
refuse(struct assembler *a, const char *hint, const char *format, ...)
{
    char text[160];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (char *p = text; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    gsp_fail(a->err, GSP_ORIGIN_INPUT, -EINVAL, "%.60s:%u: %s", a->name, a->line, text);
    if (hint)
        gsp_hint(a->err, "%s", hint);
    return -EINVAL;
}

static int
did_you_mean(struct assembler *a, const char *near, const char *otherwise, const char *what,
             const char *word)
{
    char hint[160];

    (void)snprintf(hint, sizeof(hint), near ? "did you mean %s?" : "%s",
                   near ? near : otherwise);
    return refuse(a, hint, "%s '%.80s'", what, word);
}

/* Words of a line */

static void
skip_blanks(struct assembler *a)
{
    while (a->p < a->end && isblank((unsigned char)*a->p))
        a->p++;
}

static bool
take(struct assembler *a, char c)
{
    skip_blanks(a);
    if (a->p >= a->end || *a->p != c)
        return false;
    a->p++;
    return true;
}

/* Letters, digits and what else names have in them. Empty when none is there. */
static void
word(struct assembler *a, char out[WORD_MAX])
{
    size_t n = 0;

    skip_blanks(a);
    while (a->p < a->end && (isalnum((unsigned char)*a->p) || strchr("_.-", *a->p)) && *a->p &&
           n < WORD_MAX - 1)
        out[n++] = *a->p++;
    out[n] = '\0';
}

static bool
is_number(const char *w, uint64_t *v_out)
{
    char *end;

    if (!isdigit((unsigned char)w[0]))
        return false;
    errno = 0;
    *v_out = strtoull(w, &end, 0);
    return !*end && !errno;
}

/* "400.0", "-1.5", "1e-3" */
static bool
is_float(const char *w, uint64_t *v_out)
{
    char *end;
    uint32_t bits;
    float f;

    if (!strpbrk(w, ".e") || !strncmp(w, "0x", 2) || strspn(w, "0123456789.e-") != strlen(w))
        return false;
    f = strtof(w, &end);
    if (*end || end == w)
        return false;
    memcpy(&bits, &f, sizeof(bits));
    *v_out = bits;
    return true;
}

static int
number(struct assembler *a, uint64_t max, const char *what, uint64_t *v_out)
{
    char w[WORD_MAX];

    word(a, w);
    if (!is_number(w, v_out))
        return refuse(a, "numbers are 12 or 0x1f", "%s is missing, here is '%.40s'", what, w);
    if (*v_out > max)
        return refuse(a, NULL, "%s %s is past 0x%llx", what, w, (unsigned long long)max);
    return 0;
}

static void
emit(struct assembler *a, uint32_t w)
{
    gsp_text_add(a->out, (const char *)&w, sizeof(w));
}

static int
line_end(struct assembler *a)
{
    char w[WORD_MAX];

    skip_blanks(a);
    if (a->p >= a->end)
        return 0;
    word(a, w);
    return refuse(a, "one method a line; # begins a comment", "'%.40s' is too much here",
                  w[0] ? w : (char[2]){*a->p, 0});
}

/* Data */

/* [3] or [2, 31] */
static int
element(struct assembler *a, unsigned n, unsigned m, bool two, unsigned *i, unsigned *j)
{
    uint64_t v = 0;
    int rc;

    if (!take(a, '['))
        return refuse(a, "write [0] behind its name", "this is an array");
    rc = number(a, n - 1u, "the index", &v);
    *i = (unsigned)v;
    if (rc == 0 && two) {
        if (!take(a, ','))
            return refuse(a, "write [0, 0]", "this array has two indices");
        rc = number(a, m - 1u, "the second index", &v);
        *j = (unsigned)v;
    }
    return rc < 0 ? rc : take(a, ']') ? 0 : refuse(a, NULL, "a ] is missing");
}

static int
value(struct assembler *a, const struct nvrm_hw_field *f, uint64_t *v_out)
{
    char w[WORD_MAX];
    uint32_t v;
    const struct nvrm_hw_class *cl;

    word(a, w);
    if (nvrm_hw_value_named(f, w, &v)) {
        *v_out = v;
        return 0;
    }
    if (nvrm_hw_is_float(f) && is_float(w, v_out))
        return 0;
    if (is_number(w, v_out))
        return nvrm_hw_field_fits(f, *v_out)
                   ? 0
                   : refuse(a, NULL, "%s: %s does not fit into %u bits", nvrm_hw_text(f->name),
                            w, nvrm_hw_field_width(f));
    cl = strcmp(nvrm_hw_text(f->name), "NVCLASS") ? NULL : nvrm_hw_class_named(w);
    if (cl) {
        *v_out = cl->id;
        return 0;
    }
    return did_you_mean(a, nvrm_hw_nearest_value(f, w), "give a number",
                        "the field has no value", w);
}

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

    word(a, w);
    f = nvrm_hw_field_named(item, w);
    if (!f && strcmp(w, "_") != 0)
        return did_you_mean(a, nvrm_hw_nearest_field(item, w), "_ = 0x80 sets bits of no field",
                            "the method has no field", w);
    if (f && f->step_i)
        rc = element(a, f->n, f->m, f->step_j != 0, &i, &j);
    if (rc == 0 && !take(a, '='))
        rc = refuse(a, "FIELD = VALUE", "a = is missing behind %.80s", w);
    if (rc == 0)
        rc = f ? value(a, f, &v) : number(a, UINT32_MAX, "the value of _", &v);
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
    if (!take(a, '{')) {
        rc = number(a, UINT32_MAX, "the data", &v);
        *data = (uint32_t)v;
        return rc;
    }
    if (!item)
        return refuse(a, "give the data as a number", "fields of a method without a name");
    if (take(a, '}'))
        return 0;
    do {
        rc = field(a, item, data);
        if (rc < 0)
            return rc;
    } while (take(a, ','));
    return take(a, '}') ? 0 : refuse(a, "{ FIELD = VALUE, ... }", "a } is missing");
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
    if (is_number(w, &v)) {
        if (v > 0x3ffc || v & 3)
            return refuse(a, "addresses are 0 to 0x3ffc in steps of 4", "no method lies at %s",
                          w);
        *address = (uint32_t)v;
        return 0;
    }
    if (!a->cl)
        return refuse(a, "give its address as a number, or the class instead of ----",
                      "method '%.80s' of no class", w);
    *item_out = nvrm_hw_method_named(a->cl, w);
    if (!*item_out) {
        char what[96];

        (void)snprintf(what, sizeof(what), "class %04x has no method", (unsigned)a->cl->id);
        return did_you_mean(a, nvrm_hw_nearest_method(a->cl, w), "give its address as a number",
                            what, w);
    }
    if ((*item_out)->step_i)
        rc = element(a, (*item_out)->n, (*item_out)->m, (*item_out)->step_j != 0, &i, &j);
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

    if (rc == 0 && !take(a, '='))
        rc = refuse(a, "METHOD = { FIELD = VALUE, ... }", "a = is missing behind %.80s", w);
    if (rc == 0)
        rc = data_of(a, item, &data);
    if (rc == 0)
        rc = line_end(a);
    if (rc < 0)
        return rc;
    if (first && a->op == NVMEM_PUSH_IMM) {
        if (data > NVMEM_PUSH_COUNT_MAX)
            return refuse(a, "leave imm out: the data then gets a word of its own",
                          "0x%x does not fit into the 13 bits of an immediate", data);
        emit(a, nvmem_push_header(a->op, subch, address, data));
        a->header = SIZE_MAX;
        return 0;
    }
    if (!first && address != a->next)
        return refuse(a, "begin a header of its own: SUBCHANNEL CLASS METHOD = ...",
                      "the header goes on at 0x%x, and %.80s lies at 0x%x", a->next, w,
                      address);
    if (first) {
        a->header = a->out->bytes;
        a->count = 0;
        emit(a, nvmem_push_header(a->op, subch, address, 1));
    }
    emit(a, data);
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

    if (!is_number(subch_word, &subch) || subch >= NVMEM_PUSH_SUBCHANNELS)
        return refuse(a, "a line is: SUBCHANNEL CLASS METHOD = { FIELD = VALUE, ... }",
                      "'%.40s' is no subchannel (0 to 7)", subch_word);
    word(a, w);
    a->cl = nvrm_hw_class_named(w);
    if (!a->cl && strspn(w, "-") != strlen(w))
        return did_you_mean(a, nvrm_hw_nearest_class(w), "---- stands for an unknown class",
                            "there is no class", w);
    word(a, w);
    a->op = op_named(w);
    if (a->op)
        word(a, w);
    else
        a->op = NVMEM_PUSH_INC;
    return call(a, w, (unsigned)subch, true);
}

static int
go_on(struct assembler *a)
{
    char w[WORD_MAX];

    if (a->header == SIZE_MAX)
        return refuse(a, "write SUBCHANNEL CLASS in front", "there is no header to go on with");
    if (a->count == NVMEM_PUSH_COUNT_MAX)
        return refuse(a, "begin a new header", "a header has at most 8191 words of data");
    word(a, w);
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
        return did_you_mean(a, nvrm_hw_nearest_value(f, w), "gp ADDRESS WORDS, or gp NOP 0",
                            "no GPFIFO operation is called", w);
    rc = number(a, UINT32_MAX, "the operand", &operand);
    if (rc == 0)
        rc = line_end(a);
    if (rc < 0)
        return rc;
    emit(a, (uint32_t)operand);
    emit(a, opcode);
    return 0;
}

static int
entry(struct assembler *a)
{
    char w[WORD_MAX];
    uint32_t e[2] = {0, 0};
    uint64_t va, length = 0;
    int rc;

    word(a, w);
    if (!is_number(w, &va))
        return control_entry(a, w);
    if (va >> 40 || va & 3)
        return refuse(a, "a multiple of 4 below 2^40", "no push buffer lies at %s", w);
    rc = number(a, 0x1fffff, "the number of words", &length);
    if (rc < 0)
        return rc;
    if (length == 0)
        return refuse(a, "gp NOP 0 does nothing", "an entry of 0 words is a control entry");
    for (word(a, w); w[0]; word(a, w)) {
        if (!strcmp(w, "subroutine"))
            NVRM_HW_SET(e + 1, NVC56F_GP_ENTRY1_LEVEL, 1);
        else if (!strcmp(w, "wait"))
            NVRM_HW_SET(e + 1, NVC56F_GP_ENTRY1_SYNC, 1);
        else if (!strcmp(w, "conditional"))
            NVRM_HW_SET(e, NVC56F_GP_ENTRY0_FETCH, 1);
        else
            return refuse(a, "subroutine, wait, conditional", "an entry is not '%.40s'", w);
    }
    emit(a, e[0] | (uint32_t)va);
    emit(a, e[1] | (uint32_t)(va >> 32) | (uint32_t)length << 10);
    return line_end(a);
}

/* Lines */

static int
directive(struct assembler *a, const char *w)
{
    uint64_t v = 0;
    int rc = 0;

    a->header = SIZE_MAX;
    if (!strcmp(w, ".nop")) {
        emit(a, 0);
    } else if (!strcmp(w, ".end")) {
        emit(a, UINT32_C(7) << 29);
    } else if (!strcmp(w, ".word")) {
        rc = number(a, UINT32_MAX, "the word", &v);
        if (rc == 0)
            emit(a, (uint32_t)v);
    } else {
        return refuse(a, ".nop, .end and .word 0x... are known", "there is no '%.40s'", w);
    }
    return rc < 0 ? rc : line_end(a);
}

static int
one_line(struct assembler *a, void *ctx)
{
    char w[WORD_MAX];

    (void)ctx;
    if (take(a, '+'))
        return go_on(a);
    word(a, w);
    if (!strcmp(w, "gp")) {
        a->header = SIZE_MAX;
        return entry(a);
    }
    return w[0] == '.' ? directive(a, w) : header(a, w);
}

/* Calls fn for each line, its comment cut off. */
static int
each_line(struct assembler *a, const char *text, size_t bytes,
          int (*fn)(struct assembler *a, void *ctx), void *ctx)
{
    const char *end = text + bytes;

    while (text < end) {
        const char *nl = memchr(text, '\n', (size_t)(end - text));
        const char *stop = nl ? nl : end;
        const char *comment = memchr(text, '#', (size_t)(stop - text));
        int rc;

        a->line++;
        a->p = text;
        a->end = comment ? comment : stop;
        if (a->end > a->p && a->end[-1] == '\r')
            a->end--;
        skip_blanks(a);
        rc = a->p < a->end ? fn(a, ctx) : 0;
        if (rc < 0)
            return rc;
        text = nl ? nl + 1 : end;
    }
    return a->out->rc < 0
               ? gsp_fail(a->err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: out of memory", a->name)
               : 0;
}

int
nvmem_push_assemble(const char *text, size_t bytes, const char *name, struct gsp_text *words,
                    struct gsp_error *err)
{
    struct assembler a = {.name = name, .out = words, .err = err, .header = SIZE_MAX};

    return each_line(&a, text, bytes, one_line, NULL);
}

/* Records */

static void
begin_record(struct assembler *a, const struct nvrm_hw_item *r)
{
    a->header = a->out->bytes;
    for (unsigned i = 0; i < r->words; i++)
        emit(a, 0);
}

/* _[WORD] = BITS */
static int
loose_bits(struct assembler *a, const struct nvrm_hw_item *r, uint32_t *words)
{
    uint64_t bits = 0;
    unsigned w = 0, none;
    int rc = element(a, r->words, 1, false, &w, &none);

    if (rc == 0 && !take(a, '='))
        rc = refuse(a, "_[WORD] = BITS", "a = is missing");
    if (rc == 0)
        rc = number(a, UINT32_MAX, "the bits", &bits);
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
        return did_you_mean(a, nvrm_hw_nearest_field(r, w), "FIELD = VALUE",
                            "the record has no field", w);
    if (f->step_i)
        rc = element(a, f->n, f->m, f->step_j != 0, &i, &j);
    if (rc == 0 && !take(a, '='))
        rc = refuse(a, "FIELD = VALUE", "a = is missing behind %.80s", w);
    if (rc == 0)
        rc = value(a, f, &v);
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

    word(a, w);
    if (!strcmp(w, "---")) {
        begin_record(a, r);
        return line_end(a);
    }
    if (a->out->rc < 0)
        return 0;
    words = (uint32_t *)(void *)(a->out->data + a->header);
    rc = strcmp(w, "_") ? record_field(a, r, w, words) : loose_bits(a, r, words);
    return rc < 0 ? rc : line_end(a);
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
    rc = each_line(&a, text, bytes, record_line, item.out);
    if (rc == 0 && r->at)
        turn_records(r, words);
    return rc;
}
