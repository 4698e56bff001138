/* SPDX-License-Identifier: MIT */
/**
 * The schema at run time: what every public release of GSP-RM calls things, and how it lays
 * them out.
 *
 * nvrm-gen compiles schemas/ into constant tables without pointers; this header is the only way
 * to read them. A release is chosen once (struct nvrm_abi) and every look-up is made "at" that
 * release. A struct that has been looked up is closed: the structs that its fields refer to are
 * already those of the same release.
 *
 * Nothing here allocates, prints or has state: every function may be called from any thread.
 * All strings are static.
 */
#ifndef NVRM_SCHEMA_H
#define NVRM_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Index of a release, oldest first in number order (535.54.03 is 0). */
typedef uint8_t nvrm_release;
#define NVRM_NO_RELEASE ((nvrm_release)0xff)
#define NVRM_NONE       ((uint16_t)0xffff) /* "no row" in every 16-bit reference */

/** What a field's bytes are. */
enum nvrm_type {
    NVRM_U8,
    NVRM_U16,
    NVRM_U32,
    NVRM_U64,
    NVRM_S8,
    NVRM_S16,
    NVRM_S32,
    NVRM_S64,
    NVRM_CHAR,
    NVRM_BOOL,   /* NvBool, 1 byte, 0 or 1 */
    NVRM_HANDLE, /* 4 bytes */
    NVRM_STATUS, /* NV_STATUS, 4 bytes */
    NVRM_FD,     /* a file descriptor, 4 bytes */
    NVRM_PTR,    /* NvP64, 8 bytes */
    NVRM_ENUM,   /* a C enum, 4 bytes; note->set names its values */
    NVRM_STRUCT, /* ref is a layout (struct or union) */
};

/** One field of a layout. `offset` counts from the start of the layout it belongs to. */
struct nvrm_field {
    uint32_t name;   /* nvrm_str() */
    uint32_t offset; /* bytes */
    uint32_t count;  /* elements: 1 for a scalar, the product of the dimensions of an array, 0
                        for a flexible tail */
    uint16_t ref;    /* NVRM_STRUCT: layout row; else NVRM_NONE */
    uint16_t note;   /* what the overlay says: note row, or NVRM_NONE */
    uint16_t inner;  /* arrays of arrays: elements per outer element (the product of the inner
                        lengths); else 0 */
    uint8_t type;    /* enum nvrm_type */
    uint8_t flags;   /* NVRM_FIELD_* */
    uint8_t bit_off; /* bit-fields: first bit within the storage unit at `offset` */
    uint8_t bit_len; /* bit-fields: width; 0 for ordinary fields */
    uint16_t pad;
};
enum { NVRM_FIELD_ARRAY = 1 /* declared as an array, even of length 1 */ };

/** One struct or union as one or more releases lay it out. */
struct nvrm_layout {
    uint32_t name;        /* nvrm_str(); anonymous aggregates are named "Outer.member" */
    uint32_t size;        /* bytes, without a flexible tail's elements */
    uint32_t first_field; /* row of the first field */
    uint16_t fields;      /* number of fields */
    uint16_t note;        /* overlay's `$`, or NVRM_NONE */
    uint8_t align;        /* bytes */
    uint8_t flags;        /* NVRM_LAYOUT_* */
    uint16_t pad;
};
enum {
    NVRM_LAYOUT_UNION = 1,
    NVRM_LAYOUT_CANON =
        2, /* the canonical C type of generated nvrm/types.h, not a wire layout */
    NVRM_LAYOUT_FINN = 4,  /* the message may be FINN-serialised (overlay) */
    NVRM_LAYOUT_PTR = 8,   /* holds an embedded pointer somewhere inside */
    NVRM_LAYOUT_TAIL = 16, /* ends in a flexible array */
};

enum nvrm_dir { NVRM_DIR_UNKNOWN, NVRM_DIR_IN, NVRM_DIR_OUT, NVRM_DIR_INOUT };

/** What a note's `set` is a set of. */
enum nvrm_set_kind {
    NVRM_SET_NONE,
    NVRM_SET_ENUM,    /* set row: one of the named values */
    NVRM_SET_BITS,    /* set row: named ranges and single bits */
    NVRM_SET_CLASS,   /* built in: a class id */
    NVRM_SET_CONTROL, /* built in: a control id */
    NVRM_SET_STATUS,  /* built in: an NV_STATUS */
    NVRM_SET_RPC,     /* built in: an RPC function or event */
};

/** Hand-written meaning of one field (or, for a layout's `note`, of the whole struct). */
struct nvrm_note {
    uint32_t doc;     /* nvrm_str(), or 0 */
    uint32_t unit;    /* nvrm_str() such as "MiB", or 0 */
    uint32_t max;     /* largest legal count or value, when NVRM_NOTE_MAX */
    uint32_t min;     /* when NVRM_NOTE_MIN */
    uint16_t count;   /* index of the sibling field that holds the elements (or bytes) in use;
                         NVRM_NONE */
    uint16_t tag;     /* unions: index of the sibling that selects the member; NVRM_NONE */
    uint16_t set;     /* NVRM_SET_ENUM/BITS: set row */
    uint16_t ptr_ref; /* pointers to structs: layout row; NVRM_NONE */
    uint16_t as;      /* "bytes hold what this sibling names": sibling index; NVRM_NONE */
    uint16_t first_case; /* unions: first row of the case table */
    uint16_t cases;
    uint8_t set_kind; /* enum nvrm_set_kind */
    uint8_t ptr_type; /* pointers: enum nvrm_type of what is pointed to */
    uint8_t dir;      /* enum nvrm_dir */
    uint8_t as_kind;  /* enum nvrm_set_kind of the sibling in `as`: NVRM_SET_CONTROL,
                         NVRM_SET_CLASS or NVRM_SET_RPC */
    uint16_t flags;   /* NVRM_NOTE_* */
};
enum {
    NVRM_NOTE_MAX = 1,
    NVRM_NOTE_MIN = 2,
    NVRM_NOTE_BYTES = 4, /* `count` is in bytes, not elements */
    NVRM_NOTE_HEX = 8,
    NVRM_NOTE_TEXT = 16, /* NUL-padded text */
    NVRM_NOTE_FD = 32,
    NVRM_NOTE_PTR = 64, /* ptr_type/ptr_ref/count are valid */
};

/** One member of a tagged union: when the tag has `value`, the field with index `member` is
 * live. */
struct nvrm_case {
    uint64_t value;
    uint16_t member;
    uint16_t pad[3];
};

enum nvrm_safety {
    NVRM_SAFETY_UNKNOWN,
    NVRM_SAFETY_READ,
    NVRM_SAFETY_WRITE,
    NVRM_SAFETY_DESTRUCTIVE,
    NVRM_SAFETY_QUARANTINED
};

/** A control as one or more releases define it. Flag bits are NVRM_CTRL_* of generated
 * nvrm/flags.h, the same in every release. */
struct nvrm_control {
    uint32_t name;
    uint32_t id;
    uint32_t
        on; /* nvrm_str(): RM class that implements it ("Subdevice"), or 0: in headers only */
    uint32_t access;        /* RS_ACCESS_* bits by name order of generated flags.h */
    uint64_t flags;         /* NVRM_CTRL_* */
    uint32_t doc;           /* one line, or 0 */
    uint32_t safety_source; /* public report of a quarantined control, or 0 */
    uint32_t header;        /* vendor header path */
    uint16_t params; /* struct name row (nvrm_struct_at), or NVRM_NONE: no parameters or no
                        public struct */
    uint8_t safety;  /* enum nvrm_safety */
    uint8_t pad;
    uint32_t safety_chips; /* chips that the safety is about ("GA100 GB203"), or 0: all */
    uint32_t pad2;
};

/** A class. Parents are names of implementation classes: nvrm_class_parent(). */
struct nvrm_class {
    uint32_t name;
    uint32_t id;
    uint32_t impl; /* nvrm_str(), or 0: known id without a resource-list row */
    uint32_t access;
    uint64_t flags; /* NVRM_RS_* of generated nvrm/flags.h */
    uint32_t doc;
    uint32_t header;
    uint16_t params;       /* struct name row, or NVRM_NONE */
    uint16_t first_parent; /* rows of nvrm_class_parent() */
    uint8_t parents;
    uint8_t multi;    /* several instances under one parent allowed */
    uint8_t optional; /* params may be omitted */
    uint8_t pad;
};

/** An RPC function or event. */
struct nvrm_rpc {
    uint32_t name;
    uint32_t id;
    uint32_t doc;
    uint16_t params; /* struct name row, or NVRM_NONE */
    uint8_t is_event;
    uint8_t pad;
};

/** A named number: status codes, escapes, constants, values of a set. Ranges have lo/hi, values
 * sit in `value`. */
struct nvrm_const {
    uint32_t name;
    uint32_t doc;
    uint64_t value;
    uint16_t params; /* escapes: struct name row; else NVRM_NONE */
    uint8_t hi, lo;  /* bit ranges (NVRM_SET_BITS), and the range that of_range speaks of; 0, 0
                        otherwise */
    uint8_t is_range;
    uint8_t of_range; /* `value` is one of the values of the range hi..lo, not shifted; the
                         range's row comes before it in a set */
    uint8_t pad[2];
};

/** The tables. Opaque: its layout belongs to nvrm-gen's output and gen/src/schema.c. */
struct nvrm_schema;

/** A schema at one release: the handle that everything below takes. Pass by value. */
struct nvrm_abi {
    const struct nvrm_schema *schema;
    nvrm_release release;
};

/** The schema compiled into this program: all releases. */
const struct nvrm_schema *nvrm_schema_builtin(void);

/* Releases */

unsigned nvrm_release_count(const struct nvrm_schema *s);
/** "570.144"; "?" for an index out of range. */
const char *nvrm_release_name(const struct nvrm_schema *s, nvrm_release r);
/** Exact match or NVRM_NO_RELEASE. */
nvrm_release nvrm_release_find(const struct nvrm_schema *s, const char *name);
/** The known release whose number is nearest to a release that is not known (for hints);
 * NVRM_NO_RELEASE for nonsense. */
nvrm_release nvrm_release_nearest(const struct nvrm_schema *s, const char *name);
/** Parent in the release tree; NVRM_NO_RELEASE for the root. */
nvrm_release nvrm_release_parent(const struct nvrm_schema *s, nvrm_release r);
/** Releases with the same number have the same ABI in every table. */
unsigned nvrm_release_abi(const struct nvrm_schema *s, nvrm_release r);
/** The newest release: the default. */
nvrm_release nvrm_release_newest(const struct nvrm_schema *s);

/* Rows */

/** The text behind a 32-bit string reference; "" for 0. */
const char *nvrm_str(const struct nvrm_schema *s, uint32_t ref);
/** Row `index` of a layout returned earlier (field->ref, note->ptr_ref); NULL for NVRM_NONE. */
const struct nvrm_layout *nvrm_layout_at(const struct nvrm_schema *s, uint16_t row);
const struct nvrm_field *nvrm_layout_fields(const struct nvrm_schema *s,
                                            const struct nvrm_layout *l);
/** Field by name within one layout (no dots); NULL when there is none. */
const struct nvrm_field *nvrm_field_find(const struct nvrm_schema *s,
                                         const struct nvrm_layout *l, const char *name);
const struct nvrm_note *nvrm_note_at(const struct nvrm_schema *s,
                                     uint16_t row); /* NULL for NVRM_NONE */
const struct nvrm_case *nvrm_case_at(const struct nvrm_schema *s, uint16_t row);
/** Bytes of one element of a field (scalar size, or the struct's size). */
uint32_t nvrm_field_elem_bytes(const struct nvrm_schema *s, const struct nvrm_field *f);
/** Bytes of a scalar type; 0 for NVRM_STRUCT. */
uint32_t nvrm_type_bytes(enum nvrm_type t);
const char *nvrm_type_name(enum nvrm_type t);

/* Structs */

/** Number of distinct struct names over all releases; rows for nvrm_struct_at() and
 * nvrm_struct_name(). */
unsigned nvrm_struct_count(const struct nvrm_schema *s);
const char *nvrm_struct_name(const struct nvrm_schema *s, uint16_t row);
/** Row of a name in any release, or NVRM_NONE. */
uint16_t nvrm_struct_row(const struct nvrm_schema *s, const char *name);
/** The layout at this release; NULL when the release lacks it (or row is NVRM_NONE). */
const struct nvrm_layout *nvrm_struct_at(struct nvrm_abi abi, uint16_t row);
const struct nvrm_layout *nvrm_struct_find(struct nvrm_abi abi, const char *name);
/** The canonical layout of a core type (generated nvrm/types.h); NULL when the type is not a
 * core type. */
const struct nvrm_layout *nvrm_struct_canon(const struct nvrm_schema *s, uint16_t row);
/** Row number of a layout, stable within one build: a cache key. */
uint16_t nvrm_layout_row(const struct nvrm_schema *s, const struct nvrm_layout *l);
unsigned nvrm_layout_count(const struct nvrm_schema *s);

/* Controls, classes, RPC */

/** Names over all releases: rows 0 .. count-1. _at() returns NULL when the release lacks that
 * row. */
unsigned nvrm_control_count(const struct nvrm_schema *s);
const struct nvrm_control *nvrm_control_at(struct nvrm_abi abi, unsigned row);
const struct nvrm_control *nvrm_control_find(struct nvrm_abi abi, const char *name);
const struct nvrm_control *nvrm_control_by_id(struct nvrm_abi abi, uint32_t id);

unsigned nvrm_class_count(const struct nvrm_schema *s);
const struct nvrm_class *nvrm_class_at(struct nvrm_abi abi, unsigned row);
const struct nvrm_class *nvrm_class_find(struct nvrm_abi abi, const char *name);
const struct nvrm_class *nvrm_class_by_id(struct nvrm_abi abi, uint32_t id);
/** i-th allowed parent of a class: an implementation name ("Device"), "RS_ROOT_OBJECT" or
 * "RS_ANY_PARENT". NULL past the end. */
const char *nvrm_class_parent(const struct nvrm_schema *s, const struct nvrm_class *c,
                              unsigned i);

unsigned nvrm_rpc_count(const struct nvrm_schema *s);
const struct nvrm_rpc *nvrm_rpc_at(struct nvrm_abi abi, unsigned row);
const struct nvrm_rpc *nvrm_rpc_find(struct nvrm_abi abi, const char *name);
const struct nvrm_rpc *nvrm_rpc_by_id(struct nvrm_abi abi, uint32_t id);

/**
 * The name of one bit of nvrm_control.flags ("NON_PRIVILEGED"), of nvrm_class.flags
 * ("ALLOC_NON_PRIVILEGED") or of `access` of either; NULL past the last bit that any release
 * uses.
 */
const char *nvrm_control_flag_name(const struct nvrm_schema *s, unsigned bit);
const char *nvrm_class_flag_name(const struct nvrm_schema *s, unsigned bit);
const char *nvrm_access_name(const struct nvrm_schema *s, unsigned bit);

/* Numbers */

/** "NV_ERR_INVALID_CLASS", or NULL when the release has no such code. */
const char *nvrm_status_name(struct nvrm_abi abi, uint32_t status);
unsigned nvrm_status_count(const struct nvrm_schema *s);
const struct nvrm_const *nvrm_status_at(struct nvrm_abi abi, unsigned row);
const struct nvrm_const *nvrm_status_find(struct nvrm_abi abi, const char *name);

unsigned nvrm_escape_count(const struct nvrm_schema *s);
const struct nvrm_const *nvrm_escape_at(struct nvrm_abi abi, unsigned row);

/** Constants, enumerators and bit ranges by name row, for search and completion. */
unsigned nvrm_constant_count(const struct nvrm_schema *s);
const struct nvrm_const *nvrm_constant_at(struct nvrm_abi abi, unsigned row);
/** Any imported integer constant by its full name; false when the release lacks it. */
bool nvrm_constant_find(struct nvrm_abi abi, const char *name, uint64_t *value_out);

/** Values of a set (note->set): names are full constant names. Rows 0 .. count-1; _at() may
 * return NULL for this release. */
unsigned nvrm_set_count(const struct nvrm_schema *s, uint16_t set);
const struct nvrm_const *nvrm_set_at(struct nvrm_abi abi, uint16_t set, unsigned row);
/** The common prefix of a set's names, with its underscore ("NV2080_CTRL_FB_INFO_INDEX_"):
 * users may leave it out. */
const char *nvrm_set_prefix(const struct nvrm_schema *s, uint16_t set);

/** The class ids a chip offers at this release ("TU102"). Writes up to max ids, returns how
 * many there are; 0 for an unknown chip. */
unsigned nvrm_chip_classes(struct nvrm_abi abi, const char *chip, uint32_t *ids_out,
                           unsigned max);
/** Chips that the releases know ("GA102"): rows 0 .. count-1. */
unsigned nvrm_chip_count(const struct nvrm_schema *s);
const char *nvrm_chip_name(const struct nvrm_schema *s, unsigned row);
/** Marketing name for a PCI device (subsystem ids may be 0); NULL when unknown. Newest
 * release's list. */
const char *nvrm_pci_name(const struct nvrm_schema *s, uint16_t device, uint16_t sub_vendor,
                          uint16_t sub_device);

/** Release tree, layouts and names whose text is nearest to `name`, for "did you mean". kinds
 * is a mask of NVRM_NAME_*. */
enum {
    NVRM_NAME_STRUCT = 1,
    NVRM_NAME_CONTROL = 2,
    NVRM_NAME_CLASS = 4,
    NVRM_NAME_RPC = 8,
    NVRM_NAME_STATUS = 16
};
const char *nvrm_nearest_name(struct nvrm_abi abi, unsigned kinds, const char *name);
/** The nearest field name within one layout; NULL for an empty one. */
const char *nvrm_nearest_field(const struct nvrm_schema *s, const struct nvrm_layout *l,
                               const char *name);

#ifdef __cplusplus
}
#endif
#endif
