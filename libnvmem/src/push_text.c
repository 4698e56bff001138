/* SPDX-License-Identifier: MIT */
/* Push buffers and GPFIFO entries as text. */
#include <nvmem/push_text.h>

#include <locale.h>
#include <nvrm/cl/clc56f.h>
#include <stdio.h>

static void
write_number(struct gsp_text *out, uint64_t v)
{
    gsp_text_printf(out, v < 10 ? "%llu" : "0x%llx", (unsigned long long)v);
}

/* Class ids are values too, in SET_OBJECT. */
static const char *
value_name(const struct nvrm_hw_field *f, uint32_t v)
{
    const struct nvrm_hw_class *c;

    if (f->value_count || strcmp(nvrm_hw_text(f->name), "NVCLASS") != 0)
        return nvrm_hw_value_name(f, v);
    c = nvrm_hw_class(v);
    return c && c->name ? nvrm_hw_text(c->name) : NULL;
}

/* Numbers of a sensible size as floats; others are bits of something else. */
static bool
write_float(struct gsp_text *out, uint32_t bits)
{
    const uint32_t exponent = bits >> 23 & 0xff;
    char text[32], *plus, *point;
    float f;

    memcpy(&f, &bits, sizeof(f));
    if (exponent < 127 - 40 || exponent > 127 + 40) /* 0 too: it is 0 either way */
        return false;
    (void)snprintf(text, sizeof(text), "%.9g", (double)f);
    point = strchr(text, localeconv()->decimal_point[0]);
    if (point)
        *point = '.';
    plus = strchr(text, '+');
    if (plus) /* 1e+10 is 1e10 */
        memmove(plus, plus + 1, strlen(plus));
    gsp_text_puts(out, text);
    if (!strpbrk(text, ".e"))
        gsp_text_puts(out, ".0");
    return true;
}

static void
write_field(struct gsp_text *out, const struct nvrm_hw_field *f, unsigned i, unsigned j,
            uint64_t v, const char *between)
{
    const char *name = v <= UINT32_MAX ? value_name(f, (uint32_t)v) : NULL;

    gsp_text_printf(out, "%s%s", between, nvrm_hw_text(f->name));
    if (f->step_j)
        gsp_text_printf(out, "[%u, %u]", i, j);
    else if (f->step_i)
        gsp_text_printf(out, "[%u]", i);
    gsp_text_puts(out, " = ");
    if (name)
        gsp_text_puts(out, name);
    else if (!nvrm_hw_is_float(f) || !write_float(out, (uint32_t)v))
        write_number(out, v);
}

void
nvmem_push_write_data(struct gsp_text *out, const struct nvrm_hw_item *item, uint32_t data,
                      bool all)
{
    const char *between = "{ ";
    const uint32_t words[3] = {data}; /* no field of a method reaches past the first */
    uint32_t rest[3] = {data};
    const bool only = item->field_count == 1;

    for (unsigned k = 0; k < item->field_count; k++) {
        const struct nvrm_hw_field *f = nvrm_hw_field_at(item, k);

        for (unsigned i = 0; i < f->n && f->hi + i * f->step_i < 32; i++) {
            const uint32_t v = (uint32_t)nvrm_hw_get(f, words, i, 0);

            nvrm_hw_set(f, rest, i, 0, 0);
            if (!v && !all && !only)
                continue;
            write_field(out, f, i, 0, v, between);
            between = ", ";
        }
    }
    if (rest[0]) {
        gsp_text_printf(out, "%s_ = 0x%x", between, rest[0]);
        between = ", ";
    }
    gsp_text_puts(out, between[0] == '{' ? "0" : " }");
}

static void
write_method(struct gsp_text *out, const struct nvmem_push_call *c)
{
    if (!c->item || c->cl != c->head) { /* a name means one of the header's class */
        gsp_text_printf(out, "0x%04x = 0x%x", c->method, c->data);
        return;
    }
    gsp_text_puts(out, nvrm_hw_text(c->item->name));
    if (c->item->step_j)
        gsp_text_printf(out, "[%u, %u]", c->i, c->j);
    else if (c->item->step_i)
        gsp_text_printf(out, "[%u]", c->i);
    gsp_text_puts(out, " = ");
    if (c->item->field_count)
        nvmem_push_write_data(out, c->item, c->data, false);
    else
        gsp_text_printf(out, "0x%x", c->data);
}

static const char *
op_word(enum nvmem_push_op op)
{
    switch (op) {
    case NVMEM_PUSH_NONINC:
        return "nonincr ";
    case NVMEM_PUSH_ONCE:
        return "once ";
    case NVMEM_PUSH_IMM:
        return "imm ";
    default:
        return "";
    }
}

void
nvmem_push_write_call(struct gsp_text *out, const struct nvmem_push_call *c)
{
    switch (c->kind) {
    case NVMEM_PUSH_NOP:
        gsp_text_puts(out, ".nop");
        return;
    case NVMEM_PUSH_SEGMENT:
        gsp_text_puts(out, ".end");
        return;
    case NVMEM_PUSH_BAD:
        gsp_text_printf(out, ".word 0x%08x", c->raw);
        if (c->why)
            gsp_text_printf(out, "  # %s", c->why);
        return;
    case NVMEM_PUSH_CALL:
        break;
    }
    if (!c->first)
        gsp_text_puts(out, "+      ");
    else if (c->cl)
        gsp_text_printf(out, "%u %04x %s", c->subch, c->cl->id, op_word(c->op));
    else
        gsp_text_printf(out, "%u ---- %s", c->subch, op_word(c->op));
    write_method(out, c);
}

int
nvmem_push_disassemble(struct nvmem_push_state *state, const uint32_t *words, size_t count,
                       struct gsp_text *out)
{
    struct nvmem_push_reader r;
    struct nvmem_push_call c;
    size_t end = count;

    nvmem_push_open(&r, state, words, count);
    while (nvmem_push_next(&r, &c)) {
        nvmem_push_write_call(out, &c);
        gsp_text_puts(out, "\n");
        if (c.kind == NVMEM_PUSH_SEGMENT)
            end = c.word + 1;
    }
    for (; end < count; end++)
        gsp_text_printf(out, ".word 0x%08x  # behind the end of the segment\n", words[end]);
    return out->rc;
}

/* GPFIFO */

/* Bits that neither an address with its flags nor a control entry uses. */
static bool
write_entry(struct gsp_text *out, const uint32_t e[2])
{
    const uint64_t length = NVRM_HW_GET(e + 1, NVC56F_GP_ENTRY1_LENGTH);
    const struct nvrm_hw_item *r = nvrm_hw_record(nvrm_hw_class(0xca6f), "GP_ENTRY1");
    const struct nvrm_hw_field *opcode = r ? nvrm_hw_field_named(r, "OPCODE") : NULL;
    const char *name = opcode ? nvrm_hw_value_name(opcode, e[1]) : NULL;

    if (!length && name) {
        gsp_text_printf(out, "gp %s 0x%x\n", name, e[0]);
        return true;
    }
    if (!length || (e[0] & 2) || (e[1] & 0x100))
        return false;
    gsp_text_printf(out, "gp 0x%llx %llu%s%s%s\n",
                    (unsigned long long)(e[1] & 0xff) << 32 | (e[0] & ~UINT32_C(3)),
                    (unsigned long long)length,
                    NVRM_HW_GET(e + 1, NVC56F_GP_ENTRY1_LEVEL) ? " subroutine" : "",
                    NVRM_HW_GET(e + 1, NVC56F_GP_ENTRY1_SYNC) ? " wait" : "",
                    NVRM_HW_GET(e, NVC56F_GP_ENTRY0_FETCH) ? " conditional" : "");
    return true;
}

int
nvmem_push_disassemble_ring(const uint32_t *words, size_t count, struct gsp_text *out)
{
    size_t i = 0;

    for (; i + 1 < count; i += 2)
        if (!write_entry(out, words + i))
            gsp_text_printf(out, ".word 0x%08x\n.word 0x%08x\n", words[i], words[i + 1]);
    if (i < count)
        gsp_text_printf(out, ".word 0x%08x\n", words[i]);
    return out->rc;
}

/* Records */

/* A field's elements that hold bits which no field before has shown. */
static void
write_elements(struct gsp_text *out, const struct nvrm_hw_field *f, const uint32_t *words,
               uint32_t *rest)
{
    for (unsigned i = 0; i < f->n; i++)
        for (unsigned j = 0; j < f->m; j++) {
            if (!nvrm_hw_get(f, rest, i, j))
                continue;
            write_field(out, f, i, j, nvrm_hw_get(f, words, i, j), "");
            gsp_text_puts(out, "\n");
            nvrm_hw_set(f, rest, i, j, 0);
        }
}

static void
write_record(struct gsp_text *out, const struct nvrm_hw_item *r, const uint32_t *words,
             uint32_t *rest)
{
    for (unsigned i = 0; i < r->field_count; i++)
        write_elements(out, nvrm_hw_field_at(r, i), words, rest);
    for (unsigned w = 0; w < r->words; w++)
        if (rest[w])
            gsp_text_printf(out, "_[%u] = 0x%x\n", w, rest[w]);
}

int
nvmem_push_write_records(const struct nvrm_hw_item *r, const uint32_t *words, size_t count,
                         struct gsp_text *out)
{
    struct gsp_text copy = {.host = out->host};
    const unsigned size = r->words;

    for (size_t k = 0; k < count; k++, words += size) {
        uint32_t *w;

        copy.bytes = 0;
        for (unsigned half = 0; half < 2; half++) /* what is there, what is left to show */
            for (unsigned i = 0; i < size; i++)
                gsp_text_add(&copy, (const char *)&words[r->at ? size - 1 - i : i],
                             sizeof(*words));
        if (copy.rc < 0 || !copy.data)
            break;
        w = (uint32_t *)(void *)copy.data;
        gsp_text_puts(out, k ? "---\n" : "");
        write_record(out, r, w, w + size);
    }
    gsp_text_fini(&copy);
    return copy.rc < 0 ? copy.rc : out->rc;
}
