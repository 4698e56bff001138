/* SPDX-License-Identifier: MIT */
/* Hand-written meaning, checked against the model as far as that is possible without a release.
 */
#ifndef GEN_OVERLAY_H
#define GEN_OVERLAY_H

#include "model.h"

/** A name that must be a sibling field in at least one release. */
struct gen_sibling {
    const char *name; /* NULL: not given */
    struct gen_pos pos;
    bool found;
};

struct gen_case {
    const char *value; /* constant, class, control or number */
    const char *member;
    struct gen_pos pos;
    bool value_found, member_found;
};

/** What the overlay says about one field. */
struct gen_note {
    const char *name;
    const char *path; /* "entries.data", for messages */
    struct gen_pos pos;
    bool found;    /* some release has the field */
    bool has_text; /* anything is said about the field itself, not only about members */
    struct gen_overlay *members; /* in-place aggregates: notes of their fields */
    const char *doc, *unit;
    const char *prefix; /* enum: or bits: */
    struct gen_pos prefix_pos;
    const char *ptr_to; /* struct that a pointer points to */
    struct gen_pos ptr_pos;
    struct gen_sibling count, tag, as;
    struct {
        uint32_t n, cap;
        struct gen_case *p;
    } cases;
    uint32_t max, min;
    uint16_t flags; /* NVRM_NOTE_* */
    uint16_t set;
    uint8_t set_kind, dir, ptr_type, as_kind;
};

/** Notes of one struct, or of one aggregate in place. */
struct gen_overlay {
    struct gen_pos pos;
    const char *doc;
    struct gen_sibling like; /* the struct whose notes hold here too */
    bool finn;
    bool elsewhere; /* these members are a named struct's, which has been reported */
    struct gen_map by_name;
    uint32_t n, cap;
    struct gen_note **p;
};

/** What the overlay says about a control, class, status, RPC function, event, escape, constant
 * or enumerator. */
struct gen_remark {
    struct gen_pos pos;
    const char *doc, *source;
    uint8_t safety;
    const char *chips; /* what the safety is about, separated by spaces; NULL: all chips */
    struct gen_list releases; /* where the safety applies: "570.144", or "570" for a branch;
                                 empty: everywhere */
};

struct gen_meaning {
    struct gen_map structs; /* name -> index into overlays */
    struct {
        uint32_t n, cap;
        struct gen_overlay **p;
    } overlays;
    struct gen_map remarks; /* name -> index */
    struct {
        uint32_t n, cap;
        struct gen_remark *p;
    } remark_rows;
};

void gen_read_overlay(struct gen *g, const struct gen_model *m, struct gen_meaning *o,
                      const struct gen_node *root);
/** NULL when nothing is said about the name. */
struct gen_overlay *gen_overlay_of(const struct gen_meaning *o, const char *name);
const struct gen_remark *gen_remark_of(const struct gen_meaning *o, const char *name);
/** Report what resolved in no release. After all layouts are built. */
void gen_check_overlay(struct gen *g, const struct gen_model *m, const struct gen_meaning *o);
/** ", did you mean 'X'?" for a name of these sections (bit mask); "" when nothing is near. */
const char *gen_suggest(struct gen *g, const struct gen_model *m, unsigned sections,
                        const char *name);

#endif
