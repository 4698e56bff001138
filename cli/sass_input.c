/* SPDX-License-Identifier: MIT */
/* Machine code for the verbs of sass: from cubins, or files of nothing else. */
#include "sass_verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nvrm/sass.h>

int
sass_take_sm(struct cli *cli, int *argc, char **argv, unsigned *sm_out)
{
    char *text = NULL, *end;
    int rc = cli_value(cli, argc, argv, "--sm", &text);

    *sm_out = 0;
    if (rc != CLI_OK || !text)
        return rc;
    *sm_out = (unsigned)strtoul(!strncmp(text, "sm_", 3) ? text + 3 : text, &end, 10);
    if (*end || nvrm_sass_sm_index(*sm_out) < 0)
        return cli_usage(cli, "75, 80, 86, 89, 90, 100 or 120", "--sm: '%s' is no SM", text);
    return CLI_OK;
}

static int
add_code(struct sass_input *in, const char *name, const uint8_t *data, uint64_t bytes)
{
    struct sass_code *code = realloc(in->code, (in->n + 1) * sizeof(*code));
    uint64_t *words;

    if (!code)
        return -ENOMEM;
    in->code = code;
    words = malloc(bytes ? bytes : 1);
    if (!words)
        return -ENOMEM;
    memcpy(words, data, bytes);
    code[in->n++] = (struct sass_code){name, words, bytes / NVRM_SASS_BYTES};
    return 0;
}

static int
read_sections(struct cli *cli, struct sass_input *in, const char *kernel)
{
    for (unsigned i = 0; i < nvmem_cubin_section_count(in->cubin); i++) {
        const struct nvmem_cubin_section *s = nvmem_cubin_section(in->cubin, i);
        const char *name;

        if (s->kind != NVMEM_CUBIN_CODE || !s->data)
            continue;
        name = strncmp(s->name, ".text.", 6) ? s->name : s->name + 6;
        if (kernel && strcmp(kernel, name))
            continue;
        if (add_code(in, name, s->data, s->bytes) < 0)
            return cli_out_of_memory(cli);
    }
    if (!in->n && kernel)
        return cli_usage(cli, "nvrm-cli launch --list FILE shows them", "%s has no kernel '%s'",
                         in->file.src.name, kernel);
    return CLI_OK;
}

static int
read_raw(struct cli *cli, struct sass_input *in)
{
    const struct gsp_fw_source *src = &in->file.src;

    if (!in->sm)
        return cli_usage(cli, "--sm 80 says for which SM raw code is",
                         "%s is no cubin, and --sm is missing", src->name);
    if (src->bytes % NVRM_SASS_BYTES)
        return cli_usage(cli, "an instruction is 16 bytes, the low word first",
                         "%s: %zu bytes are not whole instructions", src->name,
                         (size_t)src->bytes);
    return add_code(in, src->name, src->data, src->bytes) < 0 ? cli_out_of_memory(cli) : CLI_OK;
}

int
sass_input_open(struct cli *cli, const char *path, unsigned sm, const char *kernel,
                struct sass_input *in)
{
    struct gsp_error err = {0};
    int rc;

    *in = (struct sass_input){.sm = sm};
    if (fw_file_read(path, &in->file, &err) < 0)
        return cli_fail(cli, &err);
    if (!strcmp(path, "-"))
        in->file.src.name = "stdin";
    if (in->file.src.bytes < 4 || memcmp(in->file.src.data, "\177ELF", 4))
        return read_raw(cli, in);
    if (nvmem_cubin_open(NULL, &in->file.src, &in->cubin, &err) < 0)
        return cli_fail(cli, &err);
    rc = read_sections(cli, in, kernel);
    if (rc == CLI_OK && sm && sm != nvmem_cubin_sm(in->cubin))
        return cli_usage(cli, "leave --sm out for cubins", "%s is for sm_%u, not sm_%u",
                         in->file.src.name, nvmem_cubin_sm(in->cubin), sm);
    in->sm = nvmem_cubin_sm(in->cubin);
    return rc;
}

void
sass_input_close(struct sass_input *in)
{
    for (size_t i = 0; i < in->n; i++)
        free(in->code[i].words);
    free(in->code);
    nvmem_cubin_close(in->cubin);
    fw_file_free(&in->file);
}
