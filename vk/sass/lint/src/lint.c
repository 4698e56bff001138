/* SPDX-License-Identifier: MIT */
/* The lint as a whole: checks what it was given, decodes, finds the paths, follows them,
 * reports in order. */
#include <errno.h>
#include <stdlib.h>

#include "lint_priv.h"

static int
by_address(const void *a, const void *b)
{
    const struct sass_finding *x = a, *y = b;

    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    return (int)x->rule - (int)y->rule;
}

static int
no_latencies(unsigned sm, struct gsp_error *err)
{
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTSUP, "no latencies are known for sm_%u", sm);
    gsp_hint(err, "they are for sm_75, 80, 86, 89 and 90");
    return -ENOTSUP;
}

static int
open_prog(struct lint_prog *p, const struct sass_lint_code *code, struct gsp_error *err)
{
    const int sm = nvrm_sass_sm_index(code->sm);
    const size_t n = code->entries_n ? code->entries_n : 1;

    if (sm < 0 || (unsigned)sm >= lat_sms_n || !lat_sms[sm].wait)
        return no_latencies(code->sm, err);
    if (!code->bytes || code->bytes % NVRM_SASS_BYTES ||
        code->bytes / NVRM_SASS_BYTES > 1u << 24)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%llu bytes are no whole instructions",
                        (unsigned long long)code->bytes);
    p->lat = &lat_sms[sm];
    p->sm = code->sm;
    p->sm_index = (unsigned)sm;
    p->registers = code->registers;
    p->entries = gsp_host_alloc(p->host, n * sizeof(*p->entries));
    if (!p->entries)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "no memory for %zu entries", n);
    p->entries_n = (uint32_t)n;
    for (size_t i = 0; i < code->entries_n; i++) {
        if (code->entries[i] >= code->bytes || code->entries[i] % NVRM_SASS_BYTES)
            return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                            "entry 0x%llx is no instruction of the section",
                            (unsigned long long)code->entries[i]);
        p->entries[i] = (uint32_t)(code->entries[i] / NVRM_SASS_BYTES);
    }
    return lint_decode(p, code, err);
}

static void
close_prog(struct lint_prog *p)
{
    gsp_host_free(p->host, p->insns);
    gsp_host_free(p->host, p->uses);
    gsp_host_free(p->host, p->blocks);
    gsp_host_free(p->host, p->block_of);
    gsp_host_free(p->host, p->succ);
    gsp_host_free(p->host, p->entries);
}

int
sass_lint(const struct gsp_host *host, const struct sass_lint_code *code, sass_lint_fn fn,
          void *ctx, struct gsp_error *err)
{
    struct lint_prog p = {.host = host};
    struct lint_report r = {.p = &p};
    int rc = open_prog(&p, code, err);

    if (rc == 0)
        rc = lint_cfg(&p, err);
    if (rc == 0)
        rc = lint_flow(&p, &r, err);
    if (rc == 0 && r.rc)
        rc = gsp_fail(err, GSP_ORIGIN_LOCAL, r.rc, "no memory for findings");
    if (rc == 0 && r.n)
        qsort(r.found, r.n, sizeof(*r.found), by_address);
    for (size_t i = 0; rc == 0 && i < r.n; i++)
        rc = fn(ctx, &r.found[i]);
    gsp_host_free(host, r.found);
    close_prog(&p);
    return rc;
}
