/* SPDX-License-Identifier: MIT */
/*
 * Look-ups over the compiled tables: releases, rows, structs, controls, classes and RPC
 * functions. Numbers, sets and suggestions are in schema_numbers.c. Every row number that comes
 * from a caller is checked; what comes from the tables is trusted, since nvrm-gen wrote it.
 */
#include "schema_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lookup.h"

/* Names and runs */

uint32_t
nvrm_names_find(const struct nvrm_schema *s, const struct nvrm_names *n, const char *name)
{
    uint32_t lo = 0, hi = n->count;

    while (lo < hi) {
        const uint32_t mid = lo + (hi - lo) / 2;
        const int order = strcmp(name, s->strings + n->name[mid]);

        if (order == 0)
            return mid;
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NVRM_RUN_NONE;
}

uint32_t
nvrm_names_at(struct nvrm_abi abi, const struct nvrm_names *n, uint32_t row)
{
    const uint32_t *runs = abi.schema->runs;
    uint32_t found = NVRM_RUN_NONE;

    if (row >= n->count)
        return NVRM_RUN_NONE;
    for (uint32_t i = n->first[row]; i < n->first[row + 1]; i++) {
        if (runs[i] >> 24 > abi.release)
            break;
        found = runs[i] & NVRM_RUN_NONE;
    }
    return found;
}

uint32_t
nvrm_ids_find(const struct nvrm_id *ids, uint32_t count, uint32_t id)
{
    uint32_t lo = 0, hi = count;

    while (lo < hi) {
        const uint32_t mid = lo + (hi - lo) / 2;

        if (ids[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const char *
nvrm_str(const struct nvrm_schema *s, uint32_t ref)
{
    return ref < s->string_bytes ? s->strings + ref : "";
}

/* Releases */

unsigned
nvrm_release_count(const struct nvrm_schema *s)
{
    return s->release_count;
}

const char *
nvrm_release_name(const struct nvrm_schema *s, nvrm_release r)
{
    return r < s->release_count ? nvrm_str(s, s->releases[r].name) : "?";
}

nvrm_release
nvrm_release_find(const struct nvrm_schema *s, const char *name)
{
    for (uint32_t r = 0; r < s->release_count; r++) {
        if (strcmp(nvrm_str(s, s->releases[r].name), name) == 0)
            return (nvrm_release)r;
    }
    return NVRM_NO_RELEASE;
}

/* "570.144.02" as one ordered number; 0 for text that is no release. Each part has at most 4
 * digits. */
static uint64_t
release_number(const char *name)
{
    uint64_t number = 0;
    int parts = 0;

    for (; parts < 3 && *name >= '0' && *name <= '9'; parts++) {
        uint64_t part = 0;

        while (*name >= '0' && *name <= '9' && part < 1000000)
            part = part * 10 + (uint64_t)(*name++ - '0');
        number = number * 1000000 + (part < 1000000 ? part : 999999);
        if (*name == '.')
            name++;
    }
    if (*name || parts == 0)
        return 0;
    while (parts++ < 3)
        number *= 1000000;
    return number;
}

nvrm_release
nvrm_release_nearest(const struct nvrm_schema *s, const char *name)
{
    const uint64_t wanted = release_number(name);
    uint64_t best = UINT64_MAX;
    nvrm_release nearest = NVRM_NO_RELEASE;

    if (!wanted)
        return NVRM_NO_RELEASE;
    for (uint32_t r = 0; r < s->release_count; r++) {
        const uint64_t have = release_number(nvrm_str(s, s->releases[r].name));
        const uint64_t gap = have > wanted ? have - wanted : wanted - have;

        if (gap < best) {
            best = gap;
            nearest = (nvrm_release)r;
        }
    }
    return nearest;
}

nvrm_release
nvrm_release_parent(const struct nvrm_schema *s, nvrm_release r)
{
    return r < s->release_count ? s->releases[r].parent : NVRM_NO_RELEASE;
}

unsigned
nvrm_release_abi(const struct nvrm_schema *s, nvrm_release r)
{
    return r < s->release_count ? s->releases[r].abi : 0;
}

nvrm_release
nvrm_release_newest(const struct nvrm_schema *s)
{
    return s->release_count ? (nvrm_release)(s->release_count - 1) : NVRM_NO_RELEASE;
}

/* Rows */

const struct nvrm_layout *
nvrm_layout_at(const struct nvrm_schema *s, uint16_t row)
{
    return row < s->layout_count ? &s->layouts[row] : NULL;
}

const struct nvrm_field *
nvrm_layout_fields(const struct nvrm_schema *s, const struct nvrm_layout *l)
{
    return &s->fields[l->first_field];
}

const struct nvrm_field *
nvrm_field_find(const struct nvrm_schema *s, const struct nvrm_layout *l, const char *name)
{
    const struct nvrm_field *f = nvrm_layout_fields(s, l);

    for (unsigned i = 0; i < l->fields; i++) {
        if (strcmp(s->strings + f[i].name, name) == 0)
            return &f[i];
    }
    return NULL;
}

const struct nvrm_note *
nvrm_note_at(const struct nvrm_schema *s, uint16_t row)
{
    return row < s->note_count ? &s->notes[row] : NULL;
}

const struct nvrm_case *
nvrm_case_at(const struct nvrm_schema *s, uint16_t row)
{
    return row < s->case_count ? &s->cases[row] : NULL;
}

static const struct {
    const char *name;
    uint8_t bytes;
} type_rows[] = {
    [NVRM_U8] = {"u8",     1},
      [NVRM_U16] = {"u16",    2},
      [NVRM_U32] = {"u32",    4},
    [NVRM_U64] = {"u64",    8},
      [NVRM_S8] = {"s8",     1},
      [NVRM_S16] = {"s16",    2},
    [NVRM_S32] = {"s32",    4},
      [NVRM_S64] = {"s64",    8},
      [NVRM_CHAR] = {"char",   1},
    [NVRM_BOOL] = {"bool",   1},
      [NVRM_HANDLE] = {"handle", 4},
      [NVRM_STATUS] = {"status", 4},
    [NVRM_FD] = {"fd",     4},
      [NVRM_PTR] = {"ptr",    8},
      [NVRM_ENUM] = {"enum",   4},
    [NVRM_STRUCT] = {"struct", 0},
};

uint32_t
nvrm_type_bytes(enum nvrm_type t)
{
    return (unsigned)t <= NVRM_STRUCT ? type_rows[t].bytes : 0;
}

const char *
nvrm_type_name(enum nvrm_type t)
{
    return (unsigned)t <= NVRM_STRUCT ? type_rows[t].name : "?";
}

uint32_t
nvrm_field_elem_bytes(const struct nvrm_schema *s, const struct nvrm_field *f)
{
    if (f->type == NVRM_STRUCT)
        return f->ref < s->layout_count ? s->layouts[f->ref].size : 0;
    return nvrm_type_bytes(f->type);
}

/* Structs */

unsigned
nvrm_struct_count(const struct nvrm_schema *s)
{
    return s->structs.count;
}

const char *
nvrm_struct_name(const struct nvrm_schema *s, uint16_t row)
{
    return row < s->structs.count ? nvrm_str(s, s->structs.name[row]) : "?";
}

uint16_t
nvrm_struct_row(const struct nvrm_schema *s, const char *name)
{
    const uint32_t row = nvrm_names_find(s, &s->structs, name);

    return row == NVRM_RUN_NONE ? NVRM_NONE : (uint16_t)row;
}

const struct nvrm_layout *
nvrm_struct_at(struct nvrm_abi abi, uint16_t row)
{
    const uint32_t layout = nvrm_names_at(abi, &abi.schema->structs, row);

    return layout == NVRM_RUN_NONE ? NULL : &abi.schema->layouts[layout];
}

const struct nvrm_layout *
nvrm_struct_find(struct nvrm_abi abi, const char *name)
{
    return nvrm_struct_at(abi, nvrm_struct_row(abi.schema, name));
}

const struct nvrm_layout *
nvrm_struct_canon(const struct nvrm_schema *s, uint16_t row)
{
    return row < s->structs.count ? nvrm_layout_at(s, s->canon[row]) : NULL;
}

uint16_t
nvrm_layout_row(const struct nvrm_schema *s, const struct nvrm_layout *l)
{
    return l ? (uint16_t)(l - s->layouts) : NVRM_NONE;
}

unsigned
nvrm_layout_count(const struct nvrm_schema *s)
{
    return s->layout_count;
}

/* Controls */

unsigned
nvrm_control_count(const struct nvrm_schema *s)
{
    return s->controls.count;
}

const struct nvrm_control *
nvrm_control_at(struct nvrm_abi abi, unsigned row)
{
    const uint32_t found = nvrm_names_at(abi, &abi.schema->controls, row);

    return found == NVRM_RUN_NONE ? NULL : &abi.schema->control_rows[found];
}

const struct nvrm_control *
nvrm_control_find(struct nvrm_abi abi, const char *name)
{
    return nvrm_control_at(abi, nvrm_names_find(abi.schema, &abi.schema->controls, name));
}

/* Headers give some ids two names: the one that a method implements wins, then the one with a
 * public struct. */
static int
control_rank(const struct nvrm_control *c)
{
    return (c->on ? 2 : 0) + (c->params != NVRM_NONE);
}

const struct nvrm_control *
nvrm_control_by_id(struct nvrm_abi abi, uint32_t id)
{
    const struct nvrm_schema *s = abi.schema;
    const struct nvrm_control *best = NULL;

    for (uint32_t i = nvrm_ids_find(s->control_ids, s->control_id_count, id);
         i < s->control_id_count && s->control_ids[i].id == id; i++) {
        const struct nvrm_control *c = nvrm_control_at(abi, s->control_ids[i].row);

        if (c && c->id == id && (!best || control_rank(c) > control_rank(best)))
            best = c;
    }
    return best;
}

/* Classes */

unsigned
nvrm_class_count(const struct nvrm_schema *s)
{
    return s->classes.count;
}

const struct nvrm_class *
nvrm_class_at(struct nvrm_abi abi, unsigned row)
{
    const uint32_t found = nvrm_names_at(abi, &abi.schema->classes, row);

    return found == NVRM_RUN_NONE ? NULL : &abi.schema->class_rows[found];
}

const struct nvrm_class *
nvrm_class_find(struct nvrm_abi abi, const char *name)
{
    return nvrm_class_at(abi, nvrm_names_find(abi.schema, &abi.schema->classes, name));
}

const struct nvrm_class *
nvrm_class_by_id(struct nvrm_abi abi, uint32_t id)
{
    const struct nvrm_schema *s = abi.schema;
    const struct nvrm_class *best = NULL;

    for (uint32_t i = nvrm_ids_find(s->class_ids, s->class_id_count, id);
         i < s->class_id_count && s->class_ids[i].id == id; i++) {
        const struct nvrm_class *c = nvrm_class_at(abi, s->class_ids[i].row);

        if (c && c->id == id && (!best || (c->impl && !best->impl)))
            best = c;
    }
    return best;
}

const char *
nvrm_class_parent(const struct nvrm_schema *s, const struct nvrm_class *c, unsigned i)
{
    return i < c->parents ? nvrm_str(s, s->parents[c->first_parent + i]) : NULL;
}

/* RPC */

unsigned
nvrm_rpc_count(const struct nvrm_schema *s)
{
    return s->rpcs.count;
}

const struct nvrm_rpc *
nvrm_rpc_at(struct nvrm_abi abi, unsigned row)
{
    const uint32_t found = nvrm_names_at(abi, &abi.schema->rpcs, row);

    return found == NVRM_RUN_NONE ? NULL : &abi.schema->rpc_rows[found];
}

const struct nvrm_rpc *
nvrm_rpc_find(struct nvrm_abi abi, const char *name)
{
    return nvrm_rpc_at(abi, nvrm_names_find(abi.schema, &abi.schema->rpcs, name));
}

const struct nvrm_rpc *
nvrm_rpc_by_id(struct nvrm_abi abi, uint32_t id)
{
    const struct nvrm_schema *s = abi.schema;

    for (uint32_t i = nvrm_ids_find(s->rpc_ids, s->rpc_id_count, id);
         i < s->rpc_id_count && s->rpc_ids[i].id == id; i++) {
        const struct nvrm_rpc *f = nvrm_rpc_at(abi, s->rpc_ids[i].row);

        if (f && f->id == id)
            return f;
    }
    return NULL;
}

/* Flags: control flags first, then class flags, then access rights. */

static const char *
flag_name(const struct nvrm_schema *s, uint32_t first, uint32_t count, unsigned bit)
{
    return bit < count ? nvrm_str(s, s->flag_names[first + bit]) : NULL;
}

const char *
nvrm_control_flag_name(const struct nvrm_schema *s, unsigned bit)
{
    return flag_name(s, 0, s->control_flags, bit);
}

const char *
nvrm_class_flag_name(const struct nvrm_schema *s, unsigned bit)
{
    return flag_name(s, s->control_flags, s->class_flags, bit);
}

const char *
nvrm_access_name(const struct nvrm_schema *s, unsigned bit)
{
    return flag_name(s, s->control_flags + s->class_flags, s->access_rights, bit);
}
