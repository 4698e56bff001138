/* SPDX-License-Identifier: MIT */
/* The shared parts of building tables: text pool, distinct rows, run lists; and the order in
 * which the tables are built. */
#include "build.h"

#include <string.h>

uint32_t
gen_str(struct gen_build *b, const char *text)
{
    uint32_t at;

    if (!text || !*text)
        return 0;
    at = gen_map_get(&b->string_at, text);
    if (at != UINT32_MAX)
        return at;
    at = (uint32_t)b->strings.n;
    gen_text_add(b->g, &b->strings, text, strlen(text) + 1);
    gen_map_set(b->g, &b->string_at, text, at);
    return at;
}

static uint32_t
hash_row(const char *p, size_t n)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 16777619u;
    return h ^ (h >> 13);
}

static uint32_t *
row_slot(const struct gen_rows *rows, const void *row)
{
    uint32_t i = hash_row(row, rows->bytes) & (rows->hash_cap - 1);

    while (rows->hash[i] &&
           memcmp(rows->p + (rows->hash[i] - 1) * rows->bytes, row, rows->bytes) != 0)
        i = (i + 1) & (rows->hash_cap - 1);
    return &rows->hash[i];
}

uint32_t
gen_row(struct gen *g, struct gen_rows *rows, const void *row)
{
    uint32_t *slot;

    if (rows->n * 2 >= rows->hash_cap) {
        rows->hash_cap = rows->hash_cap ? rows->hash_cap * 2 : 256;
        rows->hash = gen_alloc(g, rows->hash_cap * sizeof(*rows->hash));
        for (uint32_t i = 0; i < rows->n; i++)
            *row_slot(rows, rows->p + i * rows->bytes) = i + 1;
    }
    slot = row_slot(rows, row);
    if (*slot)
        return *slot - 1;
    if (rows->n == rows->cap)
        rows->p = gen_grow(g, rows->p, &rows->cap, rows->bytes);
    memcpy(rows->p + rows->n * rows->bytes, row, rows->bytes);
    *slot = ++rows->n;
    return rows->n - 1;
}

void
gen_name_add(struct gen_build *b, struct gen_names *names, const char *name,
             const uint32_t *row)
{
    uint32_t last = NVRM_RUN_NONE;

    *gen_push(b->g, &names->name) = gen_str(b, name);
    if (!names->first.n)
        *gen_push(b->g, &names->first) = b->runs.n;
    for (uint32_t r = 0; r < b->m->n; r++) {
        if (row[r] != last)
            *gen_push(b->g, &b->runs) = r << 24 | row[r];
        last = row[r];
    }
    *gen_push(b->g, &names->first) = b->runs.n;
}

/* An empty list has an end as well. */
static struct nvrm_names
finish_names(struct gen_build *b, struct gen_names *n)
{
    if (!n->first.n)
        *gen_push(b->g, &n->first) = b->runs.n;
    return (struct nvrm_names){n->name.p, n->first.p, n->name.n};
}

/* Which column of every run list: equal columns are equal ABIs. Two independent hashes make
 * chance matches unlikely. */
static void
abi_of_releases(struct gen_build *b, const struct nvrm_names *const *lists, unsigned count)
{
    uint64_t(*column)[2] = gen_alloc(b->g, GEN_RELEASES_MAX * sizeof(*column));
    unsigned distinct = 0;

    for (unsigned l = 0; l < count; l++) {
        for (uint32_t i = 0; i < lists[l]->count; i++) {
            uint32_t run = lists[l]->first[i], row = NVRM_RUN_NONE;

            for (uint32_t r = 0; r < b->m->n; r++) {
                if (run < lists[l]->first[i + 1] && b->runs.p[run] >> 24 == r)
                    row = b->runs.p[run++] & NVRM_RUN_NONE;
                column[r][0] = (column[r][0] ^ row) * 0x100000001b3u;
                column[r][1] = (column[r][1] + row + 1) * 0x9e3779b97f4a7c15u;
                column[r][1] ^= column[r][1] >> 29;
            }
        }
    }
    for (uint32_t r = 0; r < b->m->n; r++) {
        uint32_t same = 0;

        while (memcmp(column[same], column[r], sizeof(*column)) != 0)
            same++;
        b->releases[r].abi = same < r ? b->releases[same].abi : (uint8_t)distinct++;
    }
}

static void
build_releases(struct gen_build *b)
{
    b->releases = gen_alloc(b->g, b->m->n * sizeof(*b->releases));
    for (uint32_t r = 0; r < b->m->n; r++) {
        const struct gen_release *from = &b->m->p[r];

        b->releases[r].name = gen_str(b, from->name);
        b->releases[r].parent =
            from->parent == UINT32_MAX ? NVRM_NO_RELEASE : (uint8_t)from->parent;
    }
}

static void
finish_schema(struct gen_build *b)
{
    struct nvrm_schema *s = &b->schema;
    const struct nvrm_names *const lists[] = {&s->structs, &s->controls, &s->classes,
                                              &s->rpcs,    &s->numbers,  &s->statuses,
                                              &s->escapes, &s->chips};

    s->structs = finish_names(b, &b->structs);
    s->controls = finish_names(b, &b->control_names);
    s->classes = finish_names(b, &b->class_names);
    s->rpcs = finish_names(b, &b->rpc_names);
    s->numbers = finish_names(b, &b->numbers);
    s->statuses = finish_names(b, &b->statuses);
    s->escapes = finish_names(b, &b->escapes);
    s->chips = finish_names(b, &b->chips);
    abi_of_releases(b, lists, sizeof(lists) / sizeof(lists[0]));

    s->strings = b->strings.p;
    s->string_bytes = (uint32_t)b->strings.n;
    s->runs = b->runs.p;
    s->run_count = b->runs.n;
    s->releases = b->releases;
    s->release_count = b->m->n;
    s->layouts = (const void *)b->layouts.p;
    s->layout_count = b->layouts.n;
    s->fields = b->fields.p;
    s->field_count = b->fields.n;
    s->notes = (const void *)b->notes.p;
    s->note_count = b->notes.n;
    s->cases = b->cases.p;
    s->case_count = b->cases.n;
    s->control_rows = (const void *)b->controls.p;
    s->control_row_count = b->controls.n;
    s->class_rows = (const void *)b->classes.p;
    s->class_row_count = b->classes.n;
    s->rpc_rows = (const void *)b->rpcs.p;
    s->rpc_row_count = b->rpcs.n;
    s->const_rows = (const void *)b->consts.p;
    s->const_row_count = b->consts.n;
    s->lists = b->lists.p;
    s->list_count = b->lists.n;
    s->set_count = b->set_count;
    s->list_rows = b->list_rows.p;
    s->list_row_count = b->list_rows.n;
    s->parents = b->parents.p;
    s->parent_count = b->parents.n;
    s->flag_names = b->flag_names.p;
    s->control_flags = b->control_flags.n;
    s->class_flags = b->class_flags.n;
    s->access_rights = b->access.n;
    s->canon = b->canon;
    s->control_ids = b->ids[0].p;
    s->control_id_count = b->ids[0].n;
    s->class_ids = b->ids[1].p;
    s->class_id_count = b->ids[1].n;
    s->rpc_ids = b->ids[2].p;
    s->rpc_id_count = b->ids[2].n;
    s->status_ids = b->ids[3].p;
    s->status_id_count = b->ids[3].n;
    s->pci = b->pci.p;
    s->pci_count = b->pci.n;
}

static void
check_limits(struct gen_build *b)
{
    const struct gen_pos pos = {"schema", 1};

    if (b->layouts.n >= NVRM_NONE || b->notes.n >= NVRM_NONE || b->cases.n >= NVRM_NONE ||
        b->set_count >= NVRM_NONE || b->structs.name.n >= NVRM_NONE ||
        b->parents.n >= NVRM_NONE)
        gen_error(
            b->g, pos,
            "more layouts, notes, cases, sets, structs or parents than 16 bits can number");
    gen_stop_on_errors(b->g);
}

struct gen_build *
gen_build(struct gen *g, const struct gen_model *m, struct gen_meaning *o)
{
    struct gen_build *b = gen_alloc(g, sizeof(*b));

    b->g = g;
    b->m = m;
    b->o = o;
    b->layouts.bytes = sizeof(struct nvrm_layout);
    b->notes.bytes = sizeof(struct nvrm_note);
    b->controls.bytes = sizeof(struct nvrm_control);
    b->classes.bytes = sizeof(struct nvrm_class);
    b->rpcs.bytes = sizeof(struct nvrm_rpc);
    b->consts.bytes = sizeof(struct nvrm_const);
    gen_text_add(g, &b->strings, "", 1);
    build_releases(b);
    gen_build_numbers(b);
    gen_build_sets(b);
    gen_build_structs(b);
    gen_check_overlay(g, m, o);
    gen_build_canon(b);
    gen_build_rows(b);
    check_limits(b);
    finish_schema(b);
    return b;
}

struct gen_build *
gen_compile(struct gen *g, const char *dir)
{
    struct gen_model *m = gen_alloc(g, sizeof(*m));

    gen_load_dir(g, m, dir);
    return gen_compile_model(g, m);
}

struct gen_build *
gen_compile_model(struct gen *g, struct gen_model *m)
{
    struct gen_meaning *o = gen_alloc(g, sizeof(*o));

    for (uint32_t i = 0; i < m->overlays.n; i++)
        gen_read_overlay(g, m, o, m->overlays.p[i]);
    gen_stop_on_errors(g);
    return gen_build(g, m, o);
}
