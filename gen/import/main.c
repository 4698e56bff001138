/* SPDX-License-Identifier: MIT */
/* nvrm-import: vendor tree -> schemas. Parses the command line, runs imports, and is the only
 * part that prints. */
#include "classes.h"
#include "counts.h"
#include "proc.h"
#include "regs.h"
#include "store.h"
#include "tree.h"
#include "verify.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: nvrm-import [OPTIONS] TREE [RELEASE]\n"
    "       nvrm-import [OPTIONS] --git REPO --tag TAG\n"
    "       nvrm-import [OPTIONS] --git REPO --all\n"
    "       nvrm-import [OPTIONS] --classes DOC | --classes --git DOC [--tag REVISION]\n"
    "\n"
    "Import NVIDIA's open-gpu-kernel-modules into schemas/: structs, enums, constants,\n"
    "classes, controls, RPC messages, status codes, ioctls, chips and PCI names of a\n"
    "release, merged with the releases that are already there.\n"
    "\n"
    "  TREE         a checked-out tree; RELEASE must be the one that version.mk names\n"
    "  --git REPO   take releases from the tags of a git repository\n"
    "  --tag TAG    one release (may be given several times)\n"
    "  --all        every production release: tags from 535.54.03 on, except those\n"
    "               that versions.yaml skips\n"
    "  --out DIR    the schema folder (default: schemas)\n"
    "  --cc CC      the C compiler whose preprocessor is used (default: cc)\n"
    "  --check      write nothing; fail when the import would change something\n"
    "  --verify     import nothing; compile the vendor's headers with the size and the\n"
    "               offset of every field that the schemas give as static asserts\n"
    "  --regs       with TREE: import the register headers into hw/regs, nothing else\n"
    "  --classes    with a tree or repository of NVIDIA's open-gpu-doc: import the class\n"
    "               headers into hw/classes, hw/qmd, hw/tex and hw/sph, nothing else\n"
    "  --sdk TREE   with --classes: open-gpu-kernel-modules, which has the channel classes\n"
    "               of Hopper and Blackwell\n"
    "  --counts     print what was found in each release as a Markdown table\n"
    "  --help       this text\n"
    "\n"
    "Exit status: 0 done, 1 the import failed or --check found a difference, 2 wrong\n"
    "usage. Schemas are only touched when every release was read without an error.\n";

struct options {
    const char *tree, *release, *git, *out, *cc, *sdk;
    const char **tags;
    size_t tag_count, tag_cap;
    bool all, check, counts, verify, regs, classes;
};

struct run {
    struct options o;
    struct imp_model model;
    struct imp_error err;
    char scratch[256];
    struct imp_counts *counts; /* per imported release */
    const char **names;
    size_t done;
    size_t asserts;
};

/* One release from a tree on disk into the model. */
static bool
import_tree(struct run *r, const char *root, const char *release)
{
    struct imp_arena arena = {0};
    struct imp_facts facts = {.arena = &arena};
    struct imp_tree t = {
        .root = root,
        .cc = r->o.cc,
        .scratch = r->scratch,
        .release = release ? imp_strdup(&arena, release) : NULL,
        .arena = &arena,
        .err = &r->err,
        .facts = &facts,
        .counts = &r->counts[r->done],
    };
    bool ok = imp_tree_open(&t);

    if (ok && r->o.verify)
        ok = imp_verify(&r->model, &t, &r->asserts);
    else
        ok = ok && imp_tree_read(&t) && imp_model_merge(&r->model, &facts, &r->err);

    if (ok)
        r->names[r->done++] = imp_strdup(&r->model.arena, t.release);
    imp_tree_fini(&t);
    imp_facts_fini(&facts);
    imp_arena_fini(&arena);
    return ok;
}

static bool
import_tag(struct run *r, const char *tag)
{
    char *dir = imp_printf(&r->model.arena, "%s/%s", r->scratch, tag);
    bool ok = imp_mkdirs(dir, &r->err) &&
              imp_git_extract(r->o.git, tag, imp_tree_paths, dir, &r->err) &&
              import_tree(r, dir, tag);

    imp_remove_tree(dir);
    return ok;
}

static void
add_tag(struct options *o, const char *tag)
{
    o->tags = imp_grow(o->tags, o->tag_count, &o->tag_cap, sizeof(*o->tags));
    o->tags[o->tag_count++] = tag;
}

static bool
is_skipped(const struct imp_model *m, const char *tag)
{
    for (unsigned i = 0; i < m->skip_count; i++)
        if (imp_has_prefix(tag, m->skip[i]))
            return true;
    return false;
}

/* The oldest release with this protocol family. */
#define FIRST_RELEASE "535.54.03"

static bool
list_tags(struct run *r)
{
    const char *argv[] = {"git", "-C", r->o.git, "tag", "--list", NULL};
    struct imp_buf out = {0};

    if (imp_run(argv, NULL, &out, NULL) != 0) {
        imp_buf_fini(&out);
        return imp_fail(&r->err, r->o.git, 0, "not a git repository");
    }
    for (char *line = out.data ? strtok(out.data, "\n") : NULL; line; line = strtok(NULL, "\n"))
        if (imp_release_valid(line) && imp_release_compare(line, FIRST_RELEASE) >= 0 &&
            !is_skipped(&r->model, line))
            add_tag(&r->o, imp_strdup(&r->model.arena, line));
    imp_buf_fini(&out);
    return r->o.tag_count > 0 || imp_fail(&r->err, r->o.git, 0, "no release tags");
}

static int
by_release(const void *a, const void *b)
{
    return imp_release_compare(*(const char *const *)a, *(const char *const *)b);
}

static bool
import_all(struct run *r)
{
    const char *single = r->o.tree;
    size_t n;

    if (r->o.all && !list_tags(r))
        return false;
    if (r->o.tag_count)
        qsort(r->o.tags, r->o.tag_count, sizeof(*r->o.tags), by_release);
    n = single ? 1 : r->o.tag_count;
    r->counts = imp_realloc(NULL, n * sizeof(*r->counts));
    memset(r->counts, 0, n * sizeof(*r->counts));
    r->names = imp_realloc(NULL, n * sizeof(*r->names));
    if (single)
        return import_tree(r, single, r->o.release);
    for (size_t i = 0; i < n; i++)
        if (!import_tag(r, r->o.tags[i])) {
            char text[sizeof(r->err.text)];

            memcpy(text, r->err.text, sizeof(text));
            r->err.set = false;
            return imp_fail(&r->err, r->o.tags[i], 0, "%s", text);
        }
    return true;
}

static void
print_counts(const struct run *r)
{
    (void)printf("| |");
    for (size_t i = 0; i < r->done; i++)
        (void)printf(" %s |", r->names[i]);
    (void)printf("\n|---|");
    for (size_t i = 0; i < r->done; i++)
        (void)printf("---|");
    (void)printf("\n");
    for (int c = 0; c < COUNT_TOTAL; c++) {
        (void)printf("| %s |", imp_counter_name((enum imp_counter)c));
        for (size_t i = 0; i < r->done; i++)
            (void)printf(" %zu |", r->counts[i].n[c]);
        (void)printf("\n");
    }
}

static bool
finish(struct run *r)
{
    char *fresh = imp_printf(&r->model.arena, "%s/schemas", r->scratch);
    struct imp_buf names = {0};
    bool ok;

    imp_model_parents(&r->model);
    ok = imp_store_write(&r->model, fresh, &r->err);
    if (ok && r->o.check) {
        ok = imp_store_same(fresh, r->o.out, &names, &r->err);
        if (ok && names.len)
            ok = imp_fail(&r->err, r->o.out, 0, "the import differs in:\n%.400s", names.data);
    } else if (ok) {
        ok = imp_store_replace(fresh, r->o.out, &r->err);
    }
    imp_buf_fini(&names);
    return ok;
}

static bool
import(struct run *r)
{
    bool ok = imp_store_read(&r->model, r->o.out, &r->err);

    if (ok && !r->model.count) {
        static const char *const skip[] = {"535.43.", "550.40.", "570.123.", "580.94."};

        r->model.skip = imp_realloc(NULL, sizeof(skip));
        memcpy(r->model.skip, skip, sizeof(skip));
        r->model.skip_count = 4;
    }
    ok = ok && import_all(r) && (r->o.verify || finish(r));
    if (ok && r->o.verify)
        (void)printf("%zu releases, %zu asserts, all true\n", r->done, r->asserts);
    if (ok && r->o.counts)
        print_counts(r);
    return ok;
}

/* --regs: needs neither the model nor a scratch folder. */
static int
import_regs(const struct options *o)
{
    struct imp_error err = {0};
    char out[512];
    size_t count;

    (void)snprintf(out, sizeof(out), "%s/hw/regs", o->out);
    if (!imp_regs(o->tree, out, o->check, &count, &err)) {
        (void)fprintf(stderr, "nvrm-import: %s\n", err.text);
        return 1;
    }
    (void)printf("%zu registers\n", count);
    return 0;
}

static bool
is_git(const char *tree)
{
    const char *argv[] = {"git", "-C", tree, "rev-parse", "HEAD", NULL};
    struct imp_buf out = {0};
    const bool yes = imp_run(argv, NULL, &out, NULL) == 0;

    imp_buf_fini(&out);
    return yes;
}

/* The commit that a revision stands for. */
static bool
read_commit(const char *repo, const char *revision, struct imp_buf *out, struct imp_error *err)
{
    const char *argv[] = {"git", "-C", repo, "rev-parse", revision, NULL};

    if (imp_run(argv, NULL, out, NULL) != 0 || out->len < 12)
        return imp_fail(err, repo, 0, "no git repository with a revision '%s'", revision);
    out->data[out->len = 12] = '\0';
    return true;
}

static bool
import_class_headers(const struct options *o, const struct imp_class_source *src,
                     const char *scratch, struct imp_buf *report, struct imp_class_counts *n,
                     struct imp_error *err)
{
    struct imp_class_source from = *src;
    struct imp_buf commit = {0};
    const char *revision = o->tag_count ? o->tags[0] : "HEAD";
    char out[512], tag[64];
    bool ok = true;

    (void)snprintf(out, sizeof(out), "%s/hw", o->out);
    if (o->git)
        ok = imp_git_extract(o->git, revision, imp_class_paths, scratch, err);
    if (ok && !o->git && !is_git(o->tree))
        imp_buf_str(&commit, "unknown");
    ok = ok && (commit.len || read_commit(o->git ? o->git : o->tree, revision, &commit, err)) &&
         (!o->sdk || imp_version_mk(o->sdk, tag, sizeof(tag), err));
    from.doc = o->git ? scratch : o->tree;
    from.doc_commit = commit.data;
    from.sdk = o->sdk;
    from.sdk_tag = tag;
    ok = ok && imp_classes(&from, out, o->check, n, report, err);
    imp_buf_fini(&commit);
    return ok;
}

/* --classes: needs no model. */
static int
import_classes(const struct options *o, const char *scratch)
{
    struct imp_error err = {0};
    struct imp_class_source src = {0};
    struct imp_class_counts n;
    struct imp_buf report = {0};
    const bool ok =
        import_class_headers(o, &src, scratch, o->counts ? &report : NULL, &n, &err);

    if (ok && o->counts)
        (void)printf("%s", report.data);
    else if (ok)
        (void)printf("%zu headers, %zu definitions: %zu methods, %zu records, %zu fields, %zu "
                     "values, %zu constants\n",
                     n.headers, n.defines, n.methods, n.records, n.fields, n.values,
                     n.constants);
    else
        (void)fprintf(stderr, "nvrm-import: %s\n", err.text);
    imp_buf_fini(&report);
    return ok ? 0 : 1;
}

static int
wrong_usage(const char *what)
{
    (void)fprintf(stderr, "nvrm-import: %s\n%s", what, usage);
    return 2;
}

static int
parse_options(struct options *o, int argc, char **argv)
{
    static const struct option longs[] = {
        {"out",     required_argument, NULL, 'o'},
        {"git",     required_argument, NULL, 'g'},
        {"tag",     required_argument, NULL, 't'},
        {"all",     no_argument,       NULL, 'a'},
        {"cc",      required_argument, NULL, 'c'},
        {"check",   no_argument,       NULL, 'k'},
        {"counts",  no_argument,       NULL, 'n'},
        {"verify",  no_argument,       NULL, 'v'},
        {"regs",    no_argument,       NULL, 'r'},
        {"classes", no_argument,       NULL, 'l'},
        {"sdk",     required_argument, NULL, 's'},
        {"help",    no_argument,       NULL, 'h'},
        {NULL,      0,                 NULL, 0  },
    };
    int c;

    while ((c = getopt_long(argc, argv, "ho:", longs, NULL)) != -1) {
        switch (c) {
        case 'o':
            o->out = optarg;
            break;
        case 'g':
            o->git = optarg;
            break;
        case 't':
            add_tag(o, optarg);
            break;
        case 'a':
            o->all = true;
            break;
        case 'c':
            o->cc = optarg;
            break;
        case 'k':
            o->check = true;
            break;
        case 'n':
            o->counts = true;
            break;
        case 'v':
            o->verify = true;
            break;
        case 'r':
            o->regs = true;
            break;
        case 'l':
            o->classes = true;
            break;
        case 's':
            o->sdk = optarg;
            break;
        case 'h':
            return -1;
        default:
            return 2;
        }
    }
    if (optind < argc)
        o->tree = argv[optind++];
    if (optind < argc)
        o->release = argv[optind++];
    if (optind < argc)
        return wrong_usage("too many arguments");
    if (o->classes && (o->tree != NULL) == (o->git != NULL))
        return wrong_usage("--classes needs a TREE or --git");
    if (o->classes)
        return 0;
    if (o->tree ? o->git != NULL : !o->git || o->all == (o->tag_count > 0))
        return wrong_usage("give a TREE, or --git with --tag or --all");
    return 0;
}

int
main(int argc, char **argv)
{
    struct run r = {
        .o = {.out = "schemas", .cc = "cc"}
    };
    const char *tmp = getenv("TMPDIR");
    int rc = parse_options(&r.o, argc, argv);
    bool ok;

    if (rc == -1)
        (void)printf("%s", usage);
    if (rc)
        return rc < 0 ? 0 : rc;
    if (r.o.regs && !r.o.tree)
        return wrong_usage("--regs needs a TREE");
    if (r.o.regs)
        return import_regs(&r.o);
    (void)snprintf(r.scratch, sizeof(r.scratch), "%s/nvrm-import-XXXXXX",
                   tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(r.scratch)) {
        (void)fprintf(stderr, "nvrm-import: cannot make the folder %s\n", r.scratch);
        return 1;
    }
    if (r.o.classes) {
        rc = import_classes(&r.o, r.scratch);
        imp_remove_tree(r.scratch);
        free(r.o.tags);
        return rc;
    }
    ok = import(&r);
    if (!ok)
        (void)fprintf(stderr, "nvrm-import: %s\n", r.err.text);
    imp_remove_tree(r.scratch);
    imp_model_fini(&r.model);
    free(r.counts);
    free(r.names);
    free(r.o.tags);
    return ok ? 0 : 1;
}
