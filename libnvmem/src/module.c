/* SPDX-License-Identifier: MIT */
/*
 * Modules: a cubin's code, banks and variables laid out in one buffer of the card, with every
 * address that they want written into them before they go there.
 */
#include <errno.h>
#include <string.h>

#include "compute_priv.h"

enum {
    BANK_ALIGN = 256,
    WARP = 32,
    WARP_REGISTER_ALIGN = 256,
    WARP_GRANULE = 4,
    PAGE = 4096,
    ZERO_BYTES = 65536,
};

/* Of a module's buffer, in this order. */
enum part { DATA, CODE, ZERO };

/* ---- layout ---- */

static bool
is_loaded(const struct nvmem_cubin_section *s)
{
    switch (s->kind) {
    case NVMEM_CUBIN_CODE:
    case NVMEM_CUBIN_GLOBAL:
    case NVMEM_CUBIN_GLOBAL_INIT:
        return s->bytes != 0;
    case NVMEM_CUBIN_CONSTANT:
        return s->bytes != 0 && s->bank != 0; /* bank 0 is written by each launch */
    default:
        return false;
    }
}

static uint64_t
align_of(const struct nvmem_cubin_section *s)
{
    const uint64_t least = s->kind == NVMEM_CUBIN_CODE       ? NVMEM_CUBIN_CODE_ALIGN
                           : s->kind == NVMEM_CUBIN_CONSTANT ? BANK_ALIGN
                                                             : 16;

    return s->align > least ? s->align : least;
}

/* Which part of the buffer a section goes into. */
static enum part
part_of(const struct nvmem_cubin_section *s)
{
    return s->kind == NVMEM_CUBIN_CODE ? CODE : s->data ? DATA : ZERO;
}

static void
lay_out_part(struct nvmem_module *m, enum part part, uint64_t *at)
{
    for (unsigned i = 1; i < nvmem_cubin_section_count(m->cubin); i++) {
        const struct nvmem_cubin_section *s = nvmem_cubin_section(m->cubin, i);

        if (!is_loaded(s) || part_of(s) != part)
            continue;
        *at = (*at + align_of(s) - 1) & ~(align_of(s) - 1);
        m->section_va[i] = *at + 1;
        *at += s->bytes;
    }
}

/* Offsets into the buffer, counted from 1 so that 0 stays "not loaded": data, code and what a
 * prefetch reads behind it, which are written as one image; then variables that begin as zero.
 */
static void
lay_out(struct nvmem_module *m, uint64_t *image_bytes, uint64_t *bytes)
{
    uint64_t at = 0;

    lay_out_part(m, DATA, &at);
    lay_out_part(m, CODE, &at);
    at = (at + COMPUTE_PREFETCH + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    *image_bytes = at;
    lay_out_part(m, ZERO, &at);
    *bytes = (at + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/* Video memory is as somebody left it. */
static int
write_zeroes(struct nvmem_module *m, uint64_t from, uint64_t to, struct gsp_error *err)
{
    static const uint8_t zeroes[ZERO_BYTES];
    int rc = 0;

    for (uint64_t n; from < to && rc == 0; from += n) {
        n = to - from < ZERO_BYTES ? to - from : ZERO_BYTES;
        rc = nvmem_buffer_write(m->buffer, from, zeroes, n, err);
    }
    return rc;
}

static void
fill_image(const struct nvmem_module *m, uint8_t *image)
{
    for (unsigned i = 1; i < nvmem_cubin_section_count(m->cubin); i++) {
        const struct nvmem_cubin_section *s = nvmem_cubin_section(m->cubin, i);

        if (m->section_va[i] && s->data)
            memcpy(image + m->section_va[i] - 1, s->data, s->bytes);
    }
}

/* ---- addresses ---- */

static int
address_of(const struct nvmem_module *m, const struct nvmem_cubin_reloc *r, uint64_t base,
           uint64_t *address_out, struct gsp_error *err)
{
    const struct nvmem_cubin_symbol *s = nvmem_cubin_symbol(m->cubin, r->symbol);

    if (s->section == NVMEM_CUBIN_NONE) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s: %.60s at 0x%llx needs '%.80s'",
                 nvmem_cubin_name(m->cubin), nvmem_cubin_section(m->cubin, r->section)->name,
                 (unsigned long long)r->off, s->name);
        gsp_hint(err,
                 "no symbol of that name is defined here; printf, malloc and assert need a "
                 "driver that serves them");
        return -ENOENT;
    }
    *address_out = s->value;
    if (m->section_va[s->section])
        *address_out += base + m->section_va[s->section] - 1;
    else if (nvmem_cubin_section(m->cubin, s->section)->kind != NVMEM_CUBIN_SHARED)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTSUP,
                        "%s: '%.80s' lies in %.60s, which is not loaded",
                        nvmem_cubin_name(m->cubin), s->name,
                        nvmem_cubin_section(m->cubin, s->section)->name);
    return 0;
}

static int
relocate(const struct nvmem_module *m, uint8_t *image, uint64_t base, struct gsp_error *err)
{
    for (unsigned i = 0; i < nvmem_cubin_reloc_count(m->cubin); i++) {
        const struct nvmem_cubin_reloc *r = nvmem_cubin_reloc(m->cubin, i);
        const struct nvmem_cubin_section *s = nvmem_cubin_section(m->cubin, r->section);
        uint64_t address = 0;
        int rc;

        if (!m->section_va[r->section])
            continue;
        rc = address_of(m, r, base, &address, err);
        if (rc == 0)
            rc = nvmem_cubin_relocate(m->cubin, r, image + m->section_va[r->section] - 1,
                                      s->bytes, address, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- functions ---- */

/* Registers come in units of 256 a warp, and warps of a block in fours. */
static unsigned
max_threads(const struct nvmem_compute_limits *limits, const struct nvmem_cubin_kernel *k)
{
    const unsigned per_warp =
        ((k->registers ? k->registers : 1) * WARP + WARP_REGISTER_ALIGN - 1) /
        WARP_REGISTER_ALIGN * WARP_REGISTER_ALIGN;
    const unsigned warps = limits->registers_per_sm / per_warp / WARP_GRANULE * WARP_GRANULE;
    unsigned threads = warps * WARP;

    if (threads > limits->threads_per_block)
        threads = limits->threads_per_block;
    if (k->max_threads[0]) {
        const uint64_t bound =
            (uint64_t)k->max_threads[0] * k->max_threads[1] * k->max_threads[2];

        if (bound && bound < threads)
            threads = (unsigned)bound;
    }
    return threads;
}

static void
make_functions(struct nvmem_module *m, uint64_t base)
{
    for (unsigned i = 0; i < nvmem_cubin_kernel_count(m->cubin); i++) {
        const struct nvmem_cubin_kernel *k = nvmem_cubin_kernel(m->cubin, i);

        m->functions[i] = (struct nvmem_function){
            .module = m,
            .kernel = k,
            .code_va = base + m->section_va[k->section] - 1 + k->code_off,
            .max_threads = max_threads(&m->compute->limits, k),
        };
    }
    for (unsigned i = 0; i < nvmem_cubin_section_count(m->cubin); i++) {
        if (m->section_va[i])
            m->section_va[i] += base - 1;
    }
}

/* ---- loading ---- */

static int
check_sm(const struct nvmem_compute *c, const struct nvmem_cubin *cubin, struct gsp_error *err)
{
    const unsigned code = nvmem_cubin_sm(cubin), card = c->limits.sm;

    if (nvmem_cubin_runs_on(code, card))
        return 0;
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOEXEC, "%s: made for sm_%u, this card is sm_%u",
             nvmem_cubin_name(cubin), code, card);
    gsp_hint(err, "compile it for this card: nvcc -cubin -arch=sm_%u", card);
    return -ENOEXEC;
}

static int
put_image(struct nvmem_module *m, uint64_t bytes, struct gsp_error *err)
{
    uint8_t *image = gsp_host_alloc(m->compute->host, bytes);
    const uint64_t base = nvmem_buffer_gpu_va(m->buffer);
    int rc;

    if (!image)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: out of memory",
                        nvmem_cubin_name(m->cubin));
    fill_image(m, image);
    rc = relocate(m, image, base, err);
    if (rc == 0)
        rc = nvmem_buffer_write(m->buffer, 0, image, bytes, err);
    gsp_host_free(m->compute->host, image);
    if (rc == 0)
        make_functions(m, base);
    return rc;
}

static int
load(struct nvmem_module *m, struct gsp_error *err)
{
    const unsigned kernels = nvmem_cubin_kernel_count(m->cubin);
    struct nvmem_buffer_config config = {.name = nvmem_cubin_name(m->cubin)};
    uint64_t image_bytes;
    int rc;

    m->section_va = gsp_host_alloc(m->compute->host, nvmem_cubin_section_count(m->cubin) *
                                                         sizeof(*m->section_va));
    m->functions =
        gsp_host_alloc(m->compute->host, (kernels ? kernels : 1) * sizeof(*m->functions));
    if (!m->section_va || !m->functions)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: out of memory",
                        nvmem_cubin_name(m->cubin));
    lay_out(m, &image_bytes, &config.bytes);
    rc = nvmem_buffer_create(m->compute->dev, &config, &m->buffer, err);
    if (rc == 0)
        rc = write_zeroes(m, image_bytes, config.bytes, err);
    return rc < 0 ? rc : put_image(m, image_bytes, err);
}

static void
drop(struct nvmem_module *m)
{
    const struct gsp_host *host = m->compute->host;

    gsp_host_free(host, m->section_va);
    gsp_host_free(host, m->functions);
    gsp_host_free(host, m);
}

int
nvmem_module_load(struct nvmem_compute *c, const struct nvmem_cubin *cubin,
                  struct nvmem_module **module_out, struct gsp_error *err)
{
    struct nvmem_module *m;
    int rc = check_sm(c, cubin, err);

    *module_out = NULL;
    if (rc < 0)
        return rc;
    m = gsp_host_alloc(c->host, sizeof(*m));
    if (!m)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: out of memory",
                        nvmem_cubin_name(cubin));
    m->compute = c;
    m->cubin = cubin;
    rc = load(m, err);
    if (rc < 0) {
        nvmem_buffer_unref(m->buffer, NULL);
        drop(m);
        return rc;
    }
    c->modules++;
    m->next = c->first;
    c->first = m;
    c->code_is_new = true;
    *module_out = m;
    return 0;
}

int
nvmem_module_unload(struct nvmem_module *m, struct gsp_error *err)
{
    int rc;

    if (!m)
        return 0;
    rc = nvmem_buffer_unref(m->buffer, err);
    if (rc < 0)
        return rc;
    m->compute->modules--;
    for (struct nvmem_module **at = &m->compute->first; *at; at = &(*at)->next) {
        if (*at == m) {
            *at = m->next;
            break;
        }
    }
    drop(m);
    return 0;
}

const struct nvmem_cubin *
nvmem_module_cubin(const struct nvmem_module *m)
{
    return m->cubin;
}

struct nvmem_buffer *
nvmem_module_buffer(const struct nvmem_module *m)
{
    return m->buffer;
}

int
nvmem_module_function(struct nvmem_module *m, const char *name,
                      struct nvmem_function **function_out, struct gsp_error *err)
{
    const struct nvmem_cubin_kernel *k;
    int rc = nvmem_cubin_find(m->cubin, name, &k, err);

    *function_out = rc == 0 ? &m->functions[k - nvmem_cubin_kernel(m->cubin, 0)] : NULL;
    return rc;
}

int
nvmem_module_global(const struct nvmem_module *m, const char *name, uint64_t *gpu_va_out,
                    uint64_t *bytes_out, struct gsp_error *err)
{
    const struct nvmem_cubin_symbol *s = nvmem_cubin_symbol_by_name(m->cubin, name);

    *gpu_va_out = 0;
    if (!s || !s->variable || s->section == NVMEM_CUBIN_NONE || !m->section_va[s->section])
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s: no variable '%.100s'",
                        nvmem_cubin_name(m->cubin), name);
    *gpu_va_out = m->section_va[s->section] + s->value;
    if (bytes_out)
        *bytes_out = s->bytes;
    return 0;
}

const struct nvmem_cubin_kernel *
nvmem_function_kernel(const struct nvmem_function *f)
{
    return f->kernel;
}

struct nvmem_module *
nvmem_function_module(const struct nvmem_function *f)
{
    return f->module;
}

uint64_t
nvmem_function_gpu_va(const struct nvmem_function *f)
{
    return f->code_va;
}

unsigned
nvmem_function_max_threads(const struct nvmem_function *f)
{
    return f->max_threads;
}
