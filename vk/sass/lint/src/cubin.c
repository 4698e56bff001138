/* SPDX-License-Identifier: MIT */
/* Sections of cubins for the lint: where their functions begin, and how many registers they may
 * use. */
#include <errno.h>

#include <sass/lint_cubin.h>

/* Functions of a section; with out NULL, how many. */
static size_t
functions(const struct nvmem_cubin *cubin, unsigned section, uint64_t *out)
{
    size_t n = 0;

    for (unsigned i = 0; i < nvmem_cubin_symbol_count(cubin); i++) {
        const struct nvmem_cubin_symbol *s = nvmem_cubin_symbol(cubin, i);

        if (!s->function || s->section != section)
            continue;
        if (out)
            out[n] = s->value;
        n++;
    }
    return n;
}

static unsigned
registers(const struct nvmem_cubin *cubin, unsigned section)
{
    for (unsigned i = 0; i < nvmem_cubin_kernel_count(cubin); i++)
        if (nvmem_cubin_kernel(cubin, i)->section == section)
            return nvmem_cubin_kernel(cubin, i)->registers;
    return 0;
}

int
sass_lint_section(const struct gsp_host *host, const struct nvmem_cubin *cubin,
                  unsigned section, sass_lint_fn fn, void *ctx, struct gsp_error *err)
{
    const struct nvmem_cubin_section *s = nvmem_cubin_section(cubin, section);
    struct sass_lint_code code = {.sm = nvmem_cubin_sm(cubin)};
    uint64_t *entries;
    int rc;

    if (!s || s->kind != NVMEM_CUBIN_CODE || !s->data)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: section %u has no code",
                        nvmem_cubin_name(cubin), section);
    code.code = s->data;
    code.bytes = s->bytes;
    code.registers = registers(cubin, section);
    code.entries_n = functions(cubin, section, NULL);
    entries = gsp_host_alloc(host, (code.entries_n + 1) * sizeof(*entries));
    if (!entries)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "no memory for %zu functions",
                        code.entries_n);
    (void)functions(cubin, section, entries);
    code.entries = entries;
    rc = sass_lint(host, &code, fn, ctx, err);
    gsp_host_free(host, entries);
    return rc;
}
