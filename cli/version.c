/* SPDX-License-Identifier: MIT */
/*
 * --version: this program, the releases that it knows, and how it was built.
 */
#include <gsp/trace.h>

#include "version.h"

static void
print_version(struct cli *cli, const json_t *doc)
{
    const json_t *releases = json_object_get(doc, "releases");

    fprintf(cli->out, "nvrm-cli %s, %lld releases from %s to %s\n", cli_str(doc, "version"),
            (long long)json_integer_value(json_object_get(releases, "count")),
            cli_str(releases, "oldest"), cli_str(releases, "newest"));
}

/* Of all releases: changes when a name, an id or a layout of any of them does. */
static uint64_t
hash_of_all(const struct nvrm_schema *schema)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (unsigned i = 0; i < nvrm_release_count(schema); i++) {
        hash ^= gsp_trace_schema_hash((struct nvrm_abi){schema, (nvrm_release)i});
        hash *= UINT64_C(0x100000001b3);
    }
    return hash;
}

int
version_print(struct cli *cli)
{
    const struct nvrm_schema *s = cli->schema;
    const nvrm_release newest = nvrm_release_newest(s);
    const bool brief = cli->options.format == CLI_TEXT; /* the hash takes all the tables */
    json_t *doc =
        json_pack("{s:s, s:s, s:s, s:s, s:{s:i, s:s, s:s}}", "version", NVRM_VERSION,
                  "describe", NVRM_DESCRIBE, "build_type", NVRM_BUILD_TYPE, "compiler",
                  NVRM_COMPILER, "releases", "count", (int)nvrm_release_count(s), "oldest",
                  nvrm_release_name(s, 0), "newest", nvrm_release_name(s, newest));

    if (!brief)
        json_object_set_new(doc, "schema_hash",
                            json_sprintf("0x%016llx", (unsigned long long)hash_of_all(s)));
    return cli_emit(cli, &(struct cli_doc){.json = doc, .text = print_version});
}
