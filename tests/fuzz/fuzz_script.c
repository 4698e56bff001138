/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes as a script: read as JSON or YAML, checked for shape, and, when the shape is
 * right, checked against two releases. */
#include <stdlib.h>

#include "cli.h"
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile int interrupted;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cli cli = {.schema = nvrm_schema_builtin(), .interrupted = &interrupted};
    struct gsp_error err = {0};
    json_t *doc = cli_load_text((const char *)data, size, "fuzz", &err);

    if (!doc)
        return err.rc < 0 ? 0 : (abort(), 0);
    cli.out = cli.err = fopen("/dev/null", "we");
    if (cli.out && script_form(doc, &err) == 0) {
        cli.options.format = CLI_JSON;
        (void)script_check(&cli, doc, "fuzz", "535.113.01");
        (void)script_check(&cli, doc, "fuzz", "595.45.04");
    }
    if (cli.out)
        fclose(cli.out);
    json_decref(doc);
    return 0;
}
