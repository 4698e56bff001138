/* SPDX-License-Identifier: MIT */
/*
 * nvrm-chips: turns schemas/chips/NAME.yaml into the table of emulated cards (struct emu_card,
 * emu/src/card.h).
 *
 *   nvrm-chips OUT.c CHIP.yaml...
 *
 * Exit codes: 0 fine, 1 a file is wrong or cannot be written, 2 usage.
 */
#include <stdio.h>
#include <string.h>

#include "node.h"

struct job {
    const char *out;
    char **files;
    int count;
    struct gen_text text;
};

/* One figure: where it stands in the file, what it is called in C, what values make sense. */
struct figure {
    const char *section, *key, *field;
    uint64_t min, max;
};
static const struct figure figures[] = {
    {"pci",    "device",           ".pub.device",       1,       0xffff },
    {"pci",    "sub_vendor",       ".pub.sub_vendor",   1,       0xffff },
    {"pci",    "sub_device",       ".pub.sub_device",   1,       0xffff },
    {"pci",    "class",            ".pci_class",        0x30000, 0x3ffff},
    {"pci",    "revision",         ".pci_revision",     0,       0xff   },
    {"pci",    "link_gen",         ".link_gen",         1,       6      },
    {"pci",    "link_width",       ".link_width",       1,       16     },
    {"pci",    "bar0_mib",         ".bar0_mib",         1,       64     },
    {"pci",    "bar1_mib",         ".bar1_mib",         1,       1 << 18},
    {"pci",    "bar3_mib",         ".bar3_mib",         1,       1 << 10},
    {"pci",    "config_mirror",    ".config_mirror",    0x88000, 0x92000},
    {"id",     "architecture",     ".architecture",     0x16,    0x1f   },
    {"id",     "implementation",   ".implementation",   0,       15     },
    {"id",     "revision",         ".revision",         0,       0xff   },
    {"memory", "bus_bits",         ".bus_bits",         64,      8192   },
    {"memory", "l2_kib",           ".l2_kib",           512,     1 << 20},
    {"memory", "fbps",             ".fbps",             1,       32     },
    {"memory", "ltcs",             ".ltcs",             1,       128    },
    {"memory", "slices_per_ltc",   ".slices_per_ltc",   1,       16     },
    {"memory", "carveout_mib",     ".carveout_mib",     64,      1024   },
    {"memory", "mmu_version",      ".mmu_version",      2,       3      },
    {"gr",     "max_gpcs",         ".max_gpcs",         1,       16     },
    {"gr",     "max_tpcs_per_gpc", ".max_tpcs_per_gpc", 1,       16     },
    {"gr",     "sms_per_tpc",      ".sms_per_tpc",      1,       4      },
    {"gr",     "cores_per_sm",     ".cores_per_sm",     32,      256    },
    {"gr",     "tensor_per_sm",    ".tensor_per_sm",    1,       16     },
    {"gr",     "rt_per_sm",        ".rt_per_sm",        0,       4      },
    {"gr",     "sm_version",       ".sm_version",       0x700,   0xcff  },
    {"gr",     "max_warps_per_sm", ".max_warps_per_sm", 16,      64     },
    {"gr",     "rops_per_gpc",     ".rops_per_gpc",     0,       32     },
    {"host",   "channels",         ".channels",         128,     8192   },
    {"host",   "nvlinks",          ".nvlinks",          0,       32     },
    {"host",   "power_mw",         ".power_mw",         10000,   2000000},
    {"host",   "idle_degc",        ".idle_degc",        1,       110    },
    {"boot",   "gsp_fuse",         ".gsp_fuse",         0,       0xff   },
    {"boot",   "sec2_fuse",        ".sec2_fuse",        0,       0xff   },
    {"boot",   "ifr",              ".ifr",              0,       3      },
    {"boot",   "efi_image",        ".efi_image",        0,       1      },
};
enum { FIGURES = sizeof(figures) / sizeof(figures[0]) };

/* Texts of the top level. */
static const struct {
    const char *key, *field;
} texts[] = {
    {"name",          ".pub.name"     },
    {"product",       ".pub.product"  },
    {"short_name",    ".short_name"   },
    {"vbios_version", ".vbios_version"},
    {"board_id",      ".board_id"     },
};
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static const char *const ctx_names[] = {
    "GRAPHICS",
    "VLD",
    "VIDEO",
    "MPEG",
    "CAPTURE",
    "DISPLAY",
    "ENCRYPTION",
    "POSTPROCESS",
    "GRAPHICS_ZCULL",
    "GRAPHICS_PM",
    "COMPUTE_PREEMPT",
    "GRAPHICS_PREEMPT",
    "GRAPHICS_SPILL",
    "GRAPHICS_PAGEPOOL",
    "GRAPHICS_BETACB",
    "GRAPHICS_RTV",
    "GRAPHICS_PATCH",
    "GRAPHICS_BUNDLE_CB",
    "GRAPHICS_PAGEPOOL_GLOBAL",
    "GRAPHICS_ATTRIBUTE_CB",
    "GRAPHICS_RTV_CB_GLOBAL",
    "GRAPHICS_GFXP_POOL",
    "GRAPHICS_GFXP_CTRL_BLK",
    "GRAPHICS_FECS_EVENT",
    "GRAPHICS_PRIV_ACCESS_MAP",
    "GRAPHICS_SETUP",
};
enum { CTX_NAMES = sizeof(ctx_names) / sizeof(ctx_names[0]) };

/* Reading */

static const struct gen_node *
need(struct gen *g, const struct gen_node *map, const char *key, enum gen_kind kind)
{
    const struct gen_node *n = gen_get(map, key);

    if (n && n->kind == kind)
        return n;
    gen_error(g, n ? n->pos : map->pos, "'%s' is missing or of the wrong kind", key);
    gen_die(g);
}

static uint64_t
number(struct gen *g, const struct gen_node *n, const char *what, uint64_t min, uint64_t max)
{
    const uint64_t v = gen_scalar_number(g, n, what);

    if (v < min || v > max)
        gen_error(g, n->pos, "%s is %llu, not within %llu .. %llu", what, (unsigned long long)v,
                  (unsigned long long)min, (unsigned long long)max);
    return v;
}

static void
quoted(struct gen *g, struct gen_text *t, const char *s)
{
    gen_textf(g, t, "\"");
    for (; *s; s++)
        gen_textf(g, t, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
    gen_textf(g, t, "\"");
}

/* Keys that nobody reads are mistakes: each section's come from the table above. */
static void
check_section(struct gen *g, const struct gen_node *map, const char *section,
              const char *const *more)
{
    const char *keys[FIGURES + 8];
    unsigned n = 0;

    for (unsigned i = 0; i < FIGURES; i++)
        if (!strcmp(figures[i].section, section))
            keys[n++] = figures[i].key;
    while (more && *more)
        keys[n++] = *more++;
    keys[n] = NULL;
    gen_check_keys(g, map, section, keys);
}

/* Writing */

static void
emit_texts(struct gen *g, struct gen_text *t, const struct gen_node *root)
{
    const struct gen_node *memory = need(g, root, "memory", GEN_MAP);

    for (unsigned i = 0; i < TEXTS; i++) {
        gen_textf(g, t, "        %s = ", texts[i].field);
        quoted(g, t, gen_scalar(g, need(g, root, texts[i].key, GEN_SCALAR), texts[i].key));
        gen_textf(g, t, ",\n");
    }
    gen_textf(g, t, "        .ram_type = ");
    quoted(g, t, gen_scalar(g, need(g, memory, "type", GEN_SCALAR), "type"));
    gen_textf(g, t, ",\n        .pub.fb_bytes = UINT64_C(%llu) << 20,\n",
              (unsigned long long)number(g, need(g, memory, "size_mib", GEN_SCALAR), "size_mib",
                                         1024, 1 << 20));
    gen_textf(g, t, "        .display = %s,\n",
              gen_bool(g, need(g, root, "display", GEN_SCALAR)) ? "true" : "false");
}

static void
emit_figures(struct gen *g, struct gen_text *t, const struct gen_node *root)
{
    static const char *const memory_more[] = {"size_mib", "type", NULL};
    static const char *const gr_more[] = {"tpcs", NULL};

    check_section(g, need(g, root, "pci", GEN_MAP), "pci", NULL);
    check_section(g, need(g, root, "id", GEN_MAP), "id", NULL);
    check_section(g, need(g, root, "memory", GEN_MAP), "memory", memory_more);
    check_section(g, need(g, root, "gr", GEN_MAP), "gr", gr_more);
    check_section(g, need(g, root, "host", GEN_MAP), "host", NULL);
    check_section(g, need(g, root, "boot", GEN_MAP), "boot", NULL);
    for (unsigned i = 0; i < FIGURES; i++) {
        const struct figure *f = &figures[i];
        const struct gen_node *section = need(g, root, f->section, GEN_MAP);
        const struct gen_node *n = need(g, section, f->key, GEN_SCALAR);

        gen_textf(g, t, "        %s = 0x%llx,\n", f->field,
                  (unsigned long long)number(g, n, f->key, f->min, f->max));
    }
}

static void
emit_tpcs(struct gen *g, struct gen_text *t, const struct gen_node *root)
{
    const struct gen_node *gr = need(g, root, "gr", GEN_MAP);
    const struct gen_node *tpcs = need(g, gr, "tpcs", GEN_SEQ);
    const uint64_t max_gpcs = gen_scalar_number(g, need(g, gr, "max_gpcs", GEN_SCALAR), "");
    const uint64_t max = gen_scalar_number(g, need(g, gr, "max_tpcs_per_gpc", GEN_SCALAR), "");

    if (!tpcs->n || tpcs->n > max_gpcs)
        gen_error(g, tpcs->pos, "%u GPCs, the chip has %llu", tpcs->n,
                  (unsigned long long)max_gpcs);
    gen_textf(g, t, "        .gpcs = %u,\n        .tpcs = {", tpcs->n);
    for (uint32_t i = 0; i < tpcs->n; i++)
        gen_textf(g, t, "%s%llu", i ? ", " : "",
                  (unsigned long long)number(g, tpcs->p[i].value, "tpcs", 1, max));
    gen_textf(g, t, "},\n");
}

/* Interrupt vectors may be left out: an engine without that interrupt. */
static void
emit_engine(struct gen *g, struct gen_text *t, const struct gen_node *e)
{
    static const char *const keys[] = {"name",  "runlist",  "base",     "stall", "nonstall",
                                       "pbdma", "fault_id", "reset_id", NULL};

    gen_check_keys(g, e, "engine", keys);
    gen_textf(g, t, "            {.name = ");
    quoted(g, t, gen_scalar(g, need(g, e, "name", GEN_SCALAR), "name"));
    gen_textf(
        g, t, ", .runlist = %llu, .runlist_base = 0x%llx",
        (unsigned long long)number(g, need(g, e, "runlist", GEN_SCALAR), "runlist", 0, 63),
        (unsigned long long)number(g, need(g, e, "base", GEN_SCALAR), "base", 0, 0xffffff));
    for (int i = 3; keys[i]; i++) {
        const struct gen_node *n = gen_get(e, keys[i]);

        if (n)
            gen_textf(g, t, ", .%s = %llu", keys[i],
                      (unsigned long long)number(g, n, keys[i], 0, 1023));
        else if (i < 5)
            gen_textf(g, t, ", .%s = UINT32_MAX", keys[i]);
        else
            gen_error(g, e->pos, "engine lacks '%s'", keys[i]);
    }
    gen_textf(g, t, "},\n");
}

static void
emit_engines(struct gen *g, struct gen_text *t, const struct gen_node *root)
{
    const struct gen_node *engines = need(g, root, "engines", GEN_SEQ);

    if (!engines->n || engines->n > 48)
        gen_error(g, engines->pos, "%u engines", engines->n);
    gen_textf(g, t, "        .engine_count = %u,\n        .engines = {\n", engines->n);
    for (uint32_t i = 0; i < engines->n; i++)
        emit_engine(g, t, engines->p[i].value);
    gen_textf(g, t, "        },\n");
}

static unsigned
ctx_index(struct gen *g, const char *name, struct gen_pos pos)
{
    for (unsigned i = 0; i < CTX_NAMES; i++)
        if (!strcmp(ctx_names[i], name))
            return i;
    gen_error(g, pos, "no context buffer is called '%s'", name);
    return 0;
}

static void
emit_ctx(struct gen *g, struct gen_text *t, const struct gen_node *root)
{
    const struct gen_node *ctx = need(g, root, "ctx_buffers", GEN_MAP);

    gen_textf(g, t, "        .ctx = {\n");
    for (uint32_t i = 0; i < ctx->n; i++) {
        const struct gen_node *pair = ctx->p[i].value;

        if (pair->kind != GEN_SEQ || pair->n != 2) {
            gen_error(g, pair->pos, "a context buffer is [bytes, alignment]");
            continue;
        }
        gen_textf(g, t, "            [%u] = {0x%llx, 0x%llx},\n",
                  ctx_index(g, ctx->p[i].key, ctx->p[i].pos),
                  (unsigned long long)number(g, pair->p[0].value, "bytes", 1, 1 << 30),
                  (unsigned long long)number(g, pair->p[1].value, "alignment", 1, 1 << 21));
    }
    gen_textf(g, t, "        },\n");
}

static void
emit_card(struct gen *g, struct gen_text *t, const char *path)
{
    static const char *const keys[] = {"name",     "product", "short_name",  "vbios_version",
                                       "board_id", "display", "sources",     "pci",
                                       "id",       "memory",  "gr",          "host",
                                       "boot",     "engines", "ctx_buffers", NULL};
    const struct gen_node *root = gen_yaml_file(g, path);

    if (!root || root->kind != GEN_MAP)
        gen_die(g);
    gen_check_keys(g, root, "chip", keys);
    if (!need(g, root, "sources", GEN_SEQ)->n)
        gen_error(g, root->pos, "no sources are given");
    gen_textf(g, t, "    {\n");
    emit_texts(g, t, root);
    emit_figures(g, t, root);
    emit_tpcs(g, t, root);
    emit_engines(g, t, root);
    emit_ctx(g, t, root);
    gen_textf(g, t, "    },\n");
}

static void
run(struct gen *g, void *ctx)
{
    struct job *job = ctx;

    gen_textf(
        g, &job->text,
        "/* SPDX-License-Identifier: MIT */\n/* Made by nvrm-chips from schemas/chips. */\n"
        "#include \"card.h\"\n\nconst struct emu_card emu_cards[] = {\n");
    for (int i = 0; i < job->count; i++)
        emit_card(g, &job->text, job->files[i]);
    gen_textf(g, &job->text, "};\nconst unsigned emu_card_count = %d;\n", job->count);
}

int
main(int argc, char **argv)
{
    struct job job = {.out = argc > 2 ? argv[1] : NULL, .files = argv + 2, .count = argc - 2};
    struct gen g;
    int rc;

    if (argc < 3) {
        fprintf(stderr, "usage: nvrm-chips OUT.c CHIP.yaml...\n");
        return 2;
    }
    gen_init(&g);
    rc = gen_try(&g, run, &job);
    if (g.errors.n)
        fwrite(g.errors.p, 1, g.errors.n, stderr);
    rc = rc < 0 || !gen_write(job.out, &job.text) ? 1 : 0;
    gen_fini(&g);
    return rc;
}
