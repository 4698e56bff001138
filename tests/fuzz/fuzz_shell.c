/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes as a line being typed: words, brackets, variables, completion, the hint. A
 * line whose brackets are closed must split, and the other way round. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "hint.h"
#include "line.h"
#include "vars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile int interrupted;

static void
complete(struct cli *cli, const char *line)
{
    const char *blank = strrchr(line, ' ');
    char *before = strndup(line, blank ? (size_t)(blank + 1 - line) : 0);
    char remark[256];
    struct completions c;

    complete_line(cli, before, blank ? blank + 1 : line, &c);
    for (size_t i = 0; i < c.count && i < 8; i++)
        (void)complete_remark(cli, before, c.words[i], remark, sizeof(remark));
    completions_fini(&c);
    free(before);
}

/* Nobody may hand out text that goes past its end. */
static void
hint(struct cli *cli, const char *line)
{
    char text[HINT_BYTES];

    if (strlen(hint_line(cli, line, text, sizeof(text))) >= sizeof(text))
        abort();
    (void)hint_line(cli, line, text, 8);
    if (strlen(text) >= 8)
        abort();
}

static void
expand(struct cli *cli, const char *line)
{
    struct gsp_error err = {0};
    char *text = vars_expand(cli, line, &err), *script = vars_for_script(line);

    if (!text && !err.text[0])
        abort();
    free(text);
    free(script);
    free(vars_expression_for_script(line));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cli cli = {.schema = nvrm_schema_builtin(), .interrupted = &interrupted};
    char *line = strndup((const char *)data, size < 2000 ? size : 2000);
    struct gsp_error err = {0};
    char **argv;
    int argc = line_split(line, &argv, &err);

    cli.vars = json_pack("{s:{s:s, s:{s:[i, i]}}, s:i}", "x", "handle", "0x1", "params", "list",
                         1, 2, "n", 5);
    if (argc >= 0)
        line_free(argv);
    if (argc < 0 && !line_open(line))
        abort();
    complete(&cli, line);
    hint(&cli, line);
    expand(&cli, line);
    vars_fini(&cli);
    free(line);
    return 0;
}
