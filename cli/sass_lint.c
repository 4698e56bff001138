/* SPDX-License-Identifier: MIT */
/* sass lint: what a real SM would get wrong in the code of a cubin, in raw code, or in text for
 * the assembler. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sass/lint_cubin.h>
#include <sass/text.h>

#include "cmds.h"
#include "sass_verbs.h"

static const struct nvrm_cmd row = {
    .name = "sass lint", .args = "FILE|-", .min_args = 1, .max_args = 1};

struct lint {
    struct cli *cli;
    json_t *rows;
    const char *kernel; /* the section's name; NULL for raw code */
    const uint8_t *code;
    uint64_t bytes;
    unsigned sm;
};

/* The instruction at an address as text, "" where there is none. */
static void
instruction(const struct lint *l, uint64_t addr, char out[SASS_LINE])
{
    const struct sass_print how = {.sm = l->sm};
    struct nvrm_sass_insn insn;
    uint64_t words[2];

    out[0] = 0;
    if (addr + NVRM_SASS_BYTES > l->bytes)
        return;
    memcpy(words, l->code + addr, sizeof(words));
    if (nvrm_sass_decode(l->sm, words, addr, &insn))
        sass_print(&how, &insn, out);
}

static int
add_finding(void *ctx, const struct sass_finding *f)
{
    struct lint *l = ctx;
    char text[SASS_LINE];
    json_t *o = json_object();

    instruction(l, f->addr, text);
    if (l->kernel)
        json_object_set_new(o, "section", json_string(l->kernel));
    json_object_set_new(o, "address", cli_hex(f->addr));
    json_object_set_new(o, "rule", json_string(sass_rule_name(f->rule)));
    json_object_set_new(o, "text", json_string(f->text));
    json_object_set_new(o, "instruction", json_string(text));
    if (f->from != SASS_LINT_NOWHERE)
        json_object_set_new(o, "from", cli_hex(f->from));
    if (f->where[0])
        json_object_set_new(o, "register", json_string(f->where));
    if (f->lacks)
        json_object_set_new(o, "cycles", json_integer(f->lacks));
    json_array_append_new(l->rows, o);
    return 0;
}

static void
print_findings(struct cli *cli, const json_t *rows)
{
    const json_t *o;
    size_t i;

    json_array_foreach(rows, i, o)
    {
        const char *section = cli_str(o, "section");

        fprintf(cli->out, "%s%s%s: %s: %s\n    %s\n", section, *section ? " " : "",
                cli_str(o, "address"), cli_str(o, "rule"), cli_str(o, "text"),
                cli_str(o, "instruction"));
    }
}

static bool
wanted(const char *section, const char *kernel)
{
    static const char text[] = ".text.";

    return !kernel || (!strncmp(section, text, sizeof(text) - 1) &&
                       !strcmp(section + sizeof(text) - 1, kernel));
}

static int
lint_cubin(struct lint *l, const struct gsp_fw_source *src, const char *kernel,
           struct gsp_error *err)
{
    const struct nvmem_cubin_kernel *found;
    struct nvmem_cubin *cubin = NULL;
    int rc = nvmem_cubin_open(NULL, src, &cubin, err);

    if (rc == 0 && kernel)
        rc = nvmem_cubin_find(cubin, kernel, &found, err);
    for (unsigned i = 0; rc == 0 && i < nvmem_cubin_section_count(cubin); i++) {
        const struct nvmem_cubin_section *s = nvmem_cubin_section(cubin, i);

        if (s->kind != NVMEM_CUBIN_CODE || !s->data || !wanted(s->name, kernel))
            continue;
        l->kernel = s->name;
        l->code = s->data;
        l->bytes = s->bytes;
        l->sm = nvmem_cubin_sm(cubin);
        rc = sass_lint_section(NULL, cubin, i, add_finding, l, err);
    }
    nvmem_cubin_close(cubin);
    return rc;
}

static int
lint_words(struct lint *l, const void *code, uint64_t bytes, unsigned sm, struct gsp_error *err)
{
    const struct sass_lint_code what = {.sm = sm, .code = code, .bytes = bytes};

    l->code = code;
    l->bytes = bytes;
    l->sm = sm;
    return sass_lint(NULL, &what, add_finding, l, err);
}

static bool
is_text(const struct gsp_fw_source *src)
{
    for (uint64_t i = 0; i < src->bytes; i++)
        if (src->data[i] < 0x20 && !strchr("\t\r\n", src->data[i] ? src->data[i] : 1))
            return false;
    return true;
}

/* Raw code, or text for the assembler. */
static int
lint_raw(struct lint *l, const struct gsp_fw_source *src, unsigned sm, struct gsp_error *err)
{
    struct sass_error wrong = {0};
    uint64_t *words = NULL;
    size_t n = 0;
    int rc;

    if (!is_text(src))
        return lint_words(l, src->data, src->bytes, sm, err);
    rc = sass_assemble(sm, (const char *)src->data, src->bytes, &words, &n, &wrong);
    if (rc < 0) {
        gsp_fail(err, GSP_ORIGIN_INPUT, rc, "%s:%u: %s", src->name, wrong.line, wrong.text);
        if (*wrong.hint)
            gsp_hint(err, "%s", wrong.hint);
        return rc;
    }
    rc = lint_words(l, words, NVRM_SASS_BYTES * (uint64_t)n, sm, err);
    free(words);
    return rc;
}

int
cli_sass_lint(struct cli *cli, int argc, char **argv)
{
    struct lint l = {.cli = cli};
    struct gsp_fw_source src = {0};
    struct gsp_error err = {0};
    char *kernel = NULL, *bytes;
    unsigned sm = 0;
    size_t size = 0;
    int rc = cli_value(cli, &argc, argv, "--kernel", &kernel);

    rc = rc == CLI_OK ? sass_take_sm(cli, &argc, argv, &sm) : rc;
    rc = rc == CLI_OK ? cli_check_args(cli, &row, &argc, argv) : rc;
    if (rc != CLI_OK)
        return rc;
    bytes = cli_read_file(argv[1], &size, &err);
    if (!bytes)
        return cli_fail(cli, &err);
    src.name = strcmp(argv[1], "-") ? argv[1] : "stdin";
    src.data = (const uint8_t *)bytes;
    src.bytes = size;
    l.rows = json_array();
    if ((sm ? lint_raw(&l, &src, sm, &err) : lint_cubin(&l, &src, kernel, &err)) < 0) {
        json_decref(l.rows);
        rc = cli_fail(cli, &err);
    } else {
        const bool found = json_array_size(l.rows) > 0;

        rc = cli_emit(cli, &(struct cli_doc){.json = l.rows, .text = print_findings});
        rc = rc == CLI_OK && found ? CLI_EXPECTATION : rc;
    }
    free(bytes);
    return rc;
}
