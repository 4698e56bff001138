/* SPDX-License-Identifier: MIT */
/*
 * nvrm-gen: compiles schemas/ into C.
 *
 *   nvrm-gen SCHEMAS --out DIR [--symbol NAME]     tables, headers and asserts
 *   nvrm-gen SCHEMAS --check                       read and check only
 *   nvrm-gen SCHEMAS --stats                       how many rows and bytes
 *   nvrm-gen SCHEMAS --json-schema RELEASE DIR     one JSON Schema per control and class
 *   nvrm-gen SCHEMAS --markdown DIR                the reference
 *   nvrm-gen SCHEMAS --vendor-asserts RELEASE DIR  asserts on the vendor's own headers
 *
 * Exit codes: 0 fine, 1 the schema is wrong or a file cannot be written, 2 usage.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "emit.h"

struct job {
    const char *schemas, *out, *symbol, *release, *json_dir, *vendor_dir, *markdown_dir;
    bool stats, check;
    int failures;
};

static const char usage[] = "usage: nvrm-gen SCHEMAS --out DIR [--symbol NAME]\n"
                            "       nvrm-gen SCHEMAS --check | --stats\n"
                            "       nvrm-gen SCHEMAS --json-schema RELEASE DIR\n"
                            "       nvrm-gen SCHEMAS --markdown DIR\n"
                            "       nvrm-gen SCHEMAS --vendor-asserts RELEASE DIR\n";

/* Files */

static void
make_parents(struct gen *g, const char *path)
{
    for (const char *p = path + 1; (p = strchr(p, '/')); p++)
        mkdir(gen_intern(g, path, (size_t)(p - path)), 0777);
}

static bool
has_content(const char *path, const struct gen_text *text)
{
    FILE *f = fopen(path, "rb");
    char block[65536];
    size_t n, at = 0;

    if (!f)
        return false;
    while ((n = fread(block, 1, sizeof(block), f)) > 0 && at + n <= text->n &&
           !memcmp(block, text->p + at, n))
        at += n;
    fclose(f);
    return n == 0 && at == text->n;
}

/* A file that would not change keeps its time, so that nothing is built again. */
static void
write_file(struct gen *g, struct job *job, const char *path, const struct gen_text *text)
{
    if (has_content(path, text))
        return;
    make_parents(g, path);
    if (!gen_write(path, text))
        job->failures++;
}

/* Commands */

static void
emit_all(struct gen_build *b, struct job *job)
{
    static const struct {
        const char *name;
        void (*emit)(struct gen_build *b, struct gen_text *out);
    } files[] = {
        {"include/nvrm/flags.h", gen_emit_flags        },
        {"include/nvrm/ids.h",   gen_emit_ids          },
        {"include/nvrm/types.h", gen_emit_types        },
        {"include/rm/calls.h",   gen_emit_calls        },
        {"canon_asserts.c",      gen_emit_canon_asserts},
        {"wire_asserts.c",       gen_emit_wire_asserts },
    };
    struct gen_text tables = {0};

    for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct gen_text text = {0};

        files[i].emit(b, &text);
        write_file(b->g, job, gen_internf(b->g, "%s/%s", job->out, files[i].name), &text);
    }
    gen_emit_tables(b, job->symbol, &tables);
    write_file(b->g, job, gen_internf(b->g, "%s/tables.c", job->out), &tables);
}

/* One file per struct that a control or class takes, and index.json: name -> struct. */
static void
write_json_schemas(struct gen_build *b, struct job *job)
{
    const struct nvrm_abi abi = {&b->schema, nvrm_release_find(&b->schema, job->release)};
    struct gen_text index = {0};
    bool *wanted = gen_alloc(b->g, nvrm_struct_count(abi.schema) + 1);

    if (abi.release == NVRM_NO_RELEASE) {
        gen_error(b->g, (struct gen_pos){job->schemas, 1}, "there is no release '%s'",
                  job->release);
        return;
    }
    gen_textf(b->g, &index, "{");
    for (unsigned i = 0; i < nvrm_control_count(abi.schema) + nvrm_class_count(abi.schema);
         i++) {
        const unsigned classes = nvrm_class_count(abi.schema);
        const struct nvrm_class *k = i < classes ? nvrm_class_at(abi, i) : NULL;
        const struct nvrm_control *c = i < classes ? NULL : nvrm_control_at(abi, i - classes);
        const uint16_t params = k ? k->params : c ? c->params : NVRM_NONE;
        const uint32_t name = k ? k->name : c ? c->name : 0;

        if (!nvrm_struct_at(abi, params))
            continue;
        gen_textf(b->g, &index, "%s\n  \"%s\": \"%s.json\"", index.n > 1 ? "," : "",
                  nvrm_str(abi.schema, name), nvrm_struct_name(abi.schema, params));
        wanted[params] = true;
    }
    gen_textf(b->g, &index, "\n}\n");
    write_file(b->g, job, gen_internf(b->g, "%s/index.json", job->json_dir), &index);
    for (unsigned i = 0; i < nvrm_struct_count(abi.schema); i++) {
        struct gen_text text = {0};

        if (!wanted[i])
            continue;
        gen_emit_json_schema(b->g, abi, nvrm_struct_at(abi, (uint16_t)i), &text);
        write_file(b->g, job,
                   gen_internf(b->g, "%s/%s.json", job->json_dir,
                               nvrm_struct_name(abi.schema, (uint16_t)i)),
                   &text);
    }
}

static void
write_vendor_asserts(struct gen_build *b, struct job *job)
{
    const nvrm_release r = nvrm_release_find(&b->schema, job->release);

    if (r == NVRM_NO_RELEASE) {
        gen_error(b->g, (struct gen_pos){job->schemas, 1}, "there is no release '%s'",
                  job->release);
        return;
    }
    for (int sdk = 0; sdk < 2; sdk++) {
        const char *path =
            gen_internf(b->g, "%s/%s.asserts", job->vendor_dir, sdk ? "sdk" : "driver");
        struct gen_text text = {0};

        gen_emit_vendor_asserts(b, r, sdk, &text);
        write_file(b->g, job, path, &text);
    }
}

static void
write_page(struct gen_build *b, struct job *job, const char *name, const struct gen_text *text,
           struct gen_text *index)
{
    write_file(b->g, job, gen_internf(b->g, "%s/%s.md", job->markdown_dir, name), text);
    gen_textf(b->g, index, "- [%s](%s.md)\n", name, name);
}

static void
write_markdown(struct gen_build *b, struct job *job)
{
    static const struct {
        const char *name;
        void (*emit)(struct gen *g, const struct nvrm_schema *s, struct gen_text *out);
    } pages[] = {
        {"classes", gen_markdown_classes},
        {"rpc",     gen_markdown_rpcs   },
        {"status",  gen_markdown_status }
    };
    struct gen_text index = {0};
    struct gen_map seen = {0};

    gen_textf(b->g, &index,
              "# Reference\n\nMade by nvrm-gen from the schema of %u releases, %s to %s.\n\n",
              nvrm_release_count(&b->schema), nvrm_release_name(&b->schema, 0),
              nvrm_release_name(&b->schema, nvrm_release_newest(&b->schema)));
    for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct gen_text text = {0};

        pages[i].emit(b->g, &b->schema, &text);
        write_page(b, job, pages[i].name, &text, &index);
    }
    for (unsigned i = 0; i < nvrm_control_count(&b->schema); i++) {
        const char *name = gen_control_family(b->g, &b->schema, i);
        const char *family = name ? gen_intern(b->g, name, strlen(name)) : NULL;
        struct gen_text text = {0};

        if (!family || gen_map_get(&seen, family) != UINT32_MAX)
            continue;
        gen_map_set(b->g, &seen, family, 1);
        gen_markdown_controls(b->g, &b->schema, family, &text);
        write_page(b, job, gen_internf(b->g, "controls-%s", family), &text, &index);
    }
    write_file(b->g, job, gen_internf(b->g, "%s/README.md", job->markdown_dir), &index);
}

static void
run(struct gen *g, void *ctx)
{
    struct job *job = ctx;
    struct gen_build *b = gen_compile(g, job->schemas);

    if (job->out)
        emit_all(b, job);
    if (job->json_dir)
        write_json_schemas(b, job);
    if (job->vendor_dir)
        write_vendor_asserts(b, job);
    if (job->markdown_dir)
        write_markdown(b, job);
    if (job->stats) {
        struct gen_text text = {0};

        gen_emit_stats(b, &text);
        if (text.p)
            fputs(text.p, stdout);
    }
}

static bool
parse_args(int argc, char **argv, struct job *job)
{
    for (int i = 1; i < argc && argv[i]; i++) {
        const char *next = argv[i + 1];

        if (strcmp(argv[i], "--check") == 0) {
            job->check = true;
        } else if (strcmp(argv[i], "--stats") == 0) {
            job->stats = true;
        } else if (strcmp(argv[i], "--out") == 0 && next) {
            job->out = argv[++i];
        } else if (strcmp(argv[i], "--symbol") == 0 && next) {
            job->symbol = argv[++i];
        } else if (strcmp(argv[i], "--markdown") == 0 && next) {
            job->markdown_dir = argv[++i];
        } else if (strcmp(argv[i], "--json-schema") == 0 && i + 2 < argc) {
            job->release = argv[++i];
            job->json_dir = argv[++i];
        } else if (strcmp(argv[i], "--vendor-asserts") == 0 && i + 2 < argc) {
            job->release = argv[++i];
            job->vendor_dir = argv[++i];
        } else if (argv[i][0] != '-' && !job->schemas) {
            job->schemas = argv[i];
        } else {
            return false;
        }
    }
    return job->schemas && (job->out || job->json_dir || job->vendor_dir || job->markdown_dir ||
                            job->stats || job->check);
}

int
main(int argc, char **argv)
{
    struct job job = {.symbol = "nvrm_schema_builtin"};
    struct gen g;
    int rc;

    if (!parse_args(argc, argv, &job)) {
        fputs(usage, stderr);
        return 2;
    }
    gen_init(&g);
    rc = gen_try(&g, run, &job);
    if (g.errors.n)
        fputs(g.errors.p, stderr);
    else if (rc == -ENOMEM)
        fputs("nvrm-gen: out of memory\n", stderr);
    gen_fini(&g);
    return rc < 0 || job.failures ? 1 : 0;
}
