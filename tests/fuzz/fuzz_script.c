/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes as a script: read as JSON or YAML, checked for shape, and, when the shape is
 * right, checked against two releases and run dry. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile int interrupted;

/* Everything but a card: expressions, loops, secrets, calls as bytes. */
static void
run_dry(struct cli *cli, const struct script *s)
{
    const struct script_options options = {0};

    cli->options.dry_run = true;
    (void)script_run(cli, s, &options);
    (void)session_close(cli, CLI_OK);
    interrupted = 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cli cli = {.schema = nvrm_schema_builtin(), .interrupted = &interrupted};
    struct gsp_error err = {0};
    char place[160];
    struct script s;

    if (memmem(data, size, "include", 7)) /* no files from here */
        return 0;
    if (script_load_text((const char *)data, size, "fuzz", &s, &err) < 0)
        return err.rc < 0 && err.text[0] ? 0 : (abort(), 0);
    (void)script_where(&s, "finally.1.2", place, sizeof(place));
    cli.out = cli.err = fopen("/dev/null", "we");
    if (cli.out) {
        cli.options.format = CLI_JSON;
        (void)script_check(&cli, &s, "535.113.01");
        (void)script_check(&cli, &s, "595.45.04");
        if (!memmem(data, size, "repeat", 6) && !memmem(data, size, "range", 5))
            run_dry(&cli, &s); /* without loops that take their time */
        fclose(cli.out);
    }
    script_fini(&s);
    return 0;
}
