/* SPDX-License-Identifier: MIT */
/*
 * The layout of the compiled tables: what nvrm-gen builds, writes out as C, and
 * gen/src/schema.c reads.
 *
 * No row holds a pointer. Text is a byte offset into one pool. A name that means different
 * things in different releases has a run list: words of (first release << 24 | row), in release
 * order, each valid until the next one's first release.
 */
#ifndef NVRM_SCHEMA_PRIV_H
#define NVRM_SCHEMA_PRIV_H

#include <nvrm/schema.h>

#define NVRM_RUN_NONE 0xffffffu /* row of a run in which the name does not exist */

/* A sorted list of names. Runs of name i are runs[first[i]] .. runs[first[i + 1] - 1]. */
struct nvrm_names {
    const uint32_t *name;  /* text */
    const uint32_t *first; /* count + 1 entries */
    uint32_t count;
};

/* (id, name row), sorted by id; several rows may share an id. */
struct nvrm_id {
    uint32_t id;
    uint32_t row;
};

/* A list of rows: members of a set, classes of a chip. */
struct nvrm_list {
    uint32_t name; /* sets: the prefix; chips: 0 */
    uint32_t first;
    uint32_t count;
};

struct nvrm_pci {
    uint16_t device, sub_vendor, sub_device, pad;
    uint32_t name;
};

struct nvrm_release_row {
    uint32_t name;
    uint8_t parent;
    uint8_t abi;
    uint8_t pad[2];
};

struct nvrm_schema {
    const char *strings;
    const uint32_t *runs;
    const struct nvrm_release_row *releases;
    const struct nvrm_layout *layouts;
    const struct nvrm_field *fields;
    const struct nvrm_note *notes;
    const struct nvrm_case *cases;
    const struct nvrm_control *control_rows;
    const struct nvrm_class *class_rows;
    const struct nvrm_rpc *rpc_rows;
    const struct nvrm_const *const_rows;
    const struct nvrm_list *lists; /* sets first, then chip lists */
    const uint32_t *list_rows;     /* sets: number name rows; chips: class name rows */
    const uint32_t *parents;       /* text */
    const uint32_t *flag_names;    /* text: control flags, class flags, access rights */
    const uint16_t *canon;         /* per struct name row: layout row or NVRM_NONE */
    const struct nvrm_id *control_ids;
    const struct nvrm_id *class_ids;
    const struct nvrm_id *rpc_ids;
    const struct nvrm_id *status_ids;
    const struct nvrm_pci *pci;
    struct nvrm_names structs, controls, classes, rpcs, numbers, statuses, escapes, chips;
    uint32_t release_count, layout_count, field_count, note_count, case_count, run_count,
        string_bytes;
    uint32_t control_row_count, class_row_count, rpc_row_count, const_row_count, list_count,
        list_row_count, parent_count;
    uint32_t control_id_count, class_id_count, rpc_id_count, status_id_count, pci_count,
        set_count;
    uint32_t control_flags, class_flags, access_rights; /* how many flag_names of each kind */
};

#endif
