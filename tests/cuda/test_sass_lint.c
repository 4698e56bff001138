/* SPDX-License-Identifier: MIT */
/* The lint over the committed cubins: what a compiler wrote has no hazard. */
#include "test.h"

#include <sass/lint_cubin.h>

#include "corpus.h"

struct tally {
    unsigned sections, findings;
    const char *file;
    const char *section;
};

static int
count(void *ctx, const struct sass_finding *f)
{
    struct tally *t = ctx;

    if (t->findings++ < 400)
        print_message("%s %s 0x%llx: %s: %s\n", t->file, t->section,
                      (unsigned long long)f->addr, sass_rule_name(f->rule), f->text);
    return 0;
}

static int
lint_cubin(void *ctx, const struct corpus_cubin *c)
{
    struct tally *t = ctx;

    for (unsigned i = 0; c->sm <= 90 && i < nvmem_cubin_section_count(c->cubin); i++) {
        const struct nvmem_cubin_section *s = nvmem_cubin_section(c->cubin, i);
        struct gsp_error err = {0};

        if (s->kind != NVMEM_CUBIN_CODE)
            continue;
        t->file = c->file;
        t->section = s->name;
        t->sections++;
        assert_int_equal(sass_lint_section(NULL, c->cubin, i, count, t, &err), 0);
    }
    return 0;
}

static void
the_whole_corpus_has_no_finding(void **state)
{
    struct tally t = {0};

    (void)state;
    assert_true(corpus_each(lint_cubin, &t) > 0);
    assert_true(t.sections > 300);
    assert_int_equal(t.findings, 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_corpus_has_no_finding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
