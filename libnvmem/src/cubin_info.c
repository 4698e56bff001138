/* SPDX-License-Identifier: MIT */
/*
 * Attributes: .nv.info holds those that name a function by its symbol, .nv.info.K those of
 * kernel K. A record is a format, an attribute and either 16 bits of value or that many bytes
 * of payload. Attributes that a launch does not need are passed over.
 */
#include <errno.h>
#include <string.h>

#include "cubin_priv.h"

enum format { NO_VALUE = 1, BYTE = 2, HALF = 3, SIZED = 4 };

enum attribute {
    MAX_THREADS = 0x05,
    PARAM_CBANK = 0x0a,
    REQNTID = 0x10,
    FRAME_SIZE = 0x11,
    MIN_STACK_SIZE = 0x12,
    KPARAM_INFO = 0x17,
    CBANK_PARAM_SIZE = 0x19,
    MAXREG_COUNT = 0x1b,
    CRS_STACK_SIZE = 0x1e,
    REGCOUNT = 0x2f,
    CTA_PER_CLUSTER = 0x3d,
    EXPLICIT_CLUSTER = 0x3e,
    KPARAM_INFO_V2 = 0x45,
    NUM_BARRIERS = 0x4c,
};

struct record {
    const struct nvmem_cubin_section *section;
    uint64_t off;
    unsigned format, attribute, value; /* value: inline; payload bytes of SIZED */
    const uint8_t *payload;
};

/* The record at *off, which moves on. */
static int
next_record(const struct nvmem_cubin *c, const struct nvmem_cubin_section *s, uint64_t *off,
            struct record *out, struct gsp_error *err)
{
    const uint8_t *p = s->data + *off;
    const uint64_t left = s->bytes - *off;

    if (left < 4)
        return nvmem_cubin_bad(c, s, *off, err, "attributes end inside a record");
    *out = (struct record){s, *off, p[0], p[1], cubin_u16(p + 2), p + 4};
    if (out->format < NO_VALUE || out->format > SIZED)
        return nvmem_cubin_bad(c, s, *off, err, "attribute 0x%x in format %u", p[1], p[0]);
    if (out->format == SIZED && out->value > left - 4)
        return nvmem_cubin_bad(c, s, *off, err,
                               "attribute 0x%x of 0x%x bytes leaves its section", p[1],
                               out->value);
    *off += 4 + (out->format == SIZED ? out->value : 0);
    return 0;
}

/* Does the record have the payload that its attribute needs? */
static int
need(const struct nvmem_cubin *c, const struct record *r, unsigned bytes, struct gsp_error *err)
{
    if (r->format == SIZED && r->value >= bytes)
        return 0;
    return nvmem_cubin_bad(c, r->section, r->off, err,
                           "attribute 0x%x has 0x%x bytes, not 0x%x", r->attribute,
                           r->format == SIZED ? r->value : 0, bytes);
}

/* ---- attributes of functions by symbol ---- */

/* The kernel whose entry a symbol is; NULL for functions that kernels call. */
static struct nvmem_cubin_kernel *
kernel_of(struct nvmem_cubin *c, uint32_t symbol)
{
    const struct nvmem_cubin_symbol *s = &c->symbols[symbol];

    return s->entry ? &c->kernels[c->sections[s->section].kernel] : NULL;
}

static int
read_function(struct nvmem_cubin *c, const struct record *r, struct gsp_error *err)
{
    struct nvmem_cubin_kernel *k;
    uint32_t symbol, value;
    int rc;

    if (r->attribute != REGCOUNT && r->attribute != FRAME_SIZE &&
        r->attribute != MIN_STACK_SIZE)
        return 0;
    rc = need(c, r, 8, err);
    if (rc < 0)
        return rc;
    symbol = cubin_u32(r->payload);
    value = cubin_u32(r->payload + 4);
    if (symbol >= c->symbol_count)
        return nvmem_cubin_bad(c, r->section, r->off, err, "attribute 0x%x of symbol %u of %u",
                               r->attribute, symbol, c->symbol_count);
    k = kernel_of(c, symbol);
    if (!k)
        return 0;
    if (r->attribute == REGCOUNT)
        k->registers = value;
    else if (r->attribute == FRAME_SIZE)
        k->frame_bytes = value;
    else
        k->stack_bytes = value;
    if (k->registers > 255)
        return nvmem_cubin_bad(c, r->section, r->off, err, "'%s' has %u registers", k->name,
                               k->registers);
    return 0;
}

/* ---- attributes of a kernel ---- */

/* One parameter's place in order, offset and size. */
static void
unpack_param(const struct record *r, unsigned *index_out, struct nvmem_cubin_param *out)
{
    *index_out = cubin_u16(r->payload + 4);
    out->off = cubin_u16(r->payload + 6);
    out->bytes = r->attribute == KPARAM_INFO ? cubin_u32(r->payload + 8) >> 18
                                             : cubin_u16(r->payload + 8);
}

static int
read_param(struct nvmem_cubin *c, struct nvmem_cubin_kernel *k, const struct record *r,
           struct gsp_error *err)
{
    struct nvmem_cubin_param param;
    unsigned index;

    unpack_param(r, &index, &param);
    if (index >= k->param_count)
        return nvmem_cubin_bad(c, r->section, r->off, err, "parameter %u of %u", index,
                               k->param_count);
    if (k->params[index].bytes || !param.bytes)
        return nvmem_cubin_bad(c, r->section, r->off, err, "parameter %u has no size or two",
                               index);
    c->params[k->params - c->params + index] = param;
    return 0;
}

static void
read_three(const struct record *r, unsigned *out)
{
    for (unsigned i = 0; i < 3; i++)
        out[i] = cubin_u32(r->payload + (size_t)4 * i);
}

/* Payload bytes of the sized attributes that are read. */
static unsigned
payload_of(unsigned attribute)
{
    switch (attribute) {
    case MAX_THREADS:
    case REQNTID:
    case CTA_PER_CLUSTER:
    case KPARAM_INFO:
    case KPARAM_INFO_V2:
        return 12;
    case PARAM_CBANK:
        return 8;
    case CRS_STACK_SIZE:
        return 4;
    default:
        return 0;
    }
}

static int
read_one(struct nvmem_cubin *c, struct nvmem_cubin_kernel *k, const struct record *r,
         struct gsp_error *err)
{
    const unsigned bytes = payload_of(r->attribute);
    int rc = bytes ? need(c, r, bytes, err) : 0;

    if (rc < 0)
        return rc;
    switch (r->attribute) {
    case MAX_THREADS:
        read_three(r, k->max_threads);
        break;
    case REQNTID:
        read_three(r, k->need_threads);
        break;
    case CTA_PER_CLUSTER:
        read_three(r, k->cluster);
        break;
    case EXPLICIT_CLUSTER:
        k->explicit_cluster = true;
        break;
    case KPARAM_INFO:
    case KPARAM_INFO_V2:
        return read_param(c, k, r, err);
    case PARAM_CBANK:
        k->param_off = cubin_u16(r->payload + 4);
        k->param_bytes = cubin_u16(r->payload + 6);
        break;
    case CBANK_PARAM_SIZE:
        k->param_bytes = r->value;
        break;
    case MAXREG_COUNT:
        k->max_registers = r->value == 0xff ? 0 : r->value;
        break;
    case CRS_STACK_SIZE:
        k->crs_bytes = cubin_u32(r->payload);
        break;
    case NUM_BARRIERS:
        k->barriers = r->value & 0xff;
        break;
    default:
        break;
    }
    return 0;
}

/* Parameters follow each other without overlap inside the bank. */
static int
check_params(const struct nvmem_cubin *c, const struct nvmem_cubin_kernel *k,
             const struct nvmem_cubin_section *info, struct gsp_error *err)
{
    const struct nvmem_cubin_section *bank =
        k->bank[0] == NVMEM_CUBIN_NONE ? NULL : &c->sections[k->bank[0]];
    uint64_t end = 0;

    for (unsigned i = 0; i < k->param_count; i++) {
        if (!k->params[i].bytes || k->params[i].off < end)
            return nvmem_cubin_bad(c, info, 0, err, "parameter %u is missing or overlaps", i);
        end = (uint64_t)k->params[i].off + k->params[i].bytes;
    }
    if (end > k->param_bytes)
        return nvmem_cubin_bad(c, info, 0, err, "parameters end at 0x%llx of 0x%x bytes",
                               (unsigned long long)end, k->param_bytes);
    if (k->param_bytes && (!bank || (uint64_t)k->param_off + k->param_bytes > bank->bytes))
        return nvmem_cubin_bad(c, info, 0, err, "parameters at 0x%x of 0x%x bytes leave bank 0",
                               k->param_off, k->param_bytes);
    return 0;
}

/* ---- all of them ---- */

static int
walk(struct nvmem_cubin *c, const struct nvmem_cubin_section *s, struct gsp_error *err)
{
    struct record r = {0};
    int rc = 0;

    for (uint64_t off = 0; off < s->bytes && rc == 0;) {
        rc = next_record(c, s, &off, &r, err);
        if (rc == 0)
            rc = s->kernel == NVMEM_CUBIN_NONE ? read_function(c, &r, err)
                                               : read_one(c, &c->kernels[s->kernel], &r, err);
    }
    if (rc == 0 && s->kernel != NVMEM_CUBIN_NONE)
        rc = check_params(c, &c->kernels[s->kernel], s, err);
    return rc;
}

/* How many parameters a kernel has, before they are stored. */
static int
count_params(struct nvmem_cubin *c, const struct nvmem_cubin_section *s, struct gsp_error *err)
{
    struct nvmem_cubin_kernel *k = &c->kernels[s->kernel];
    struct record r = {0};

    if (k->info != NVMEM_CUBIN_NONE)
        return nvmem_cubin_bad(c, s, 0, err, "attributes of '%s' twice", k->name);
    for (uint64_t off = 0; off < s->bytes;) {
        const int rc = next_record(c, s, &off, &r, err);

        if (rc < 0)
            return rc;
        k->param_count += r.attribute == KPARAM_INFO || r.attribute == KPARAM_INFO_V2;
    }
    c->param_count += k->param_count;
    k->info = (uint32_t)(s - c->sections);
    return 0;
}

static bool
of_kernel(const struct nvmem_cubin_section *s)
{
    return s->kind == NVMEM_CUBIN_INFO && s->kernel != NVMEM_CUBIN_NONE && s->bytes;
}

int
nvmem_cubin_read_info(struct nvmem_cubin *c, struct gsp_error *err)
{
    unsigned used = 0;
    int rc = 0;

    for (unsigned i = 1; i < c->section_count && rc == 0; i++) {
        if (of_kernel(&c->sections[i]))
            rc = count_params(c, &c->sections[i], err);
    }
    if (rc < 0)
        return rc;
    c->params = nvmem_cubin_rows(c, c->param_count, sizeof(*c->params));
    if (!c->params)
        return nvmem_cubin_no_memory(c, err);
    for (unsigned k = 0; k < c->kernel_count; k++) {
        c->kernels[k].params = c->params + used;
        used += c->kernels[k].param_count;
    }
    for (unsigned i = 1; i < c->section_count && rc == 0; i++) {
        if (c->sections[i].kind == NVMEM_CUBIN_INFO && c->sections[i].bytes)
            rc = walk(c, &c->sections[i], err);
    }
    return rc;
}
