/* SPDX-License-Identifier: MIT */
/**
 * The engines' classes at run time: methods, their fields and values, and the records that
 * engines read from memory (QMD, texture and shader headers, GPFIFO entries). All of it comes
 * from schemas/hw; tables hold no pointers.
 *
 * Constants for the compiler are in the generated headers nvrm/cl/clXXXX.h, one a class:
 *
 *   NVC7B5_LAUNCH_DMA                       a method's address; NVC597_SET_COLOR_TARGET_A(j)
 *   NVC7B5_LAUNCH_DMA_SRC_TYPE__SHIFT       and __MASK: a field of a method
 *   NVC7B5_LAUNCH_DMA_SRC_TYPE_VIRTUAL      a value
 *   NVC7B5_LAUNCH_DMA__PACK(fields)         the data of a method from struct
 *                                           NVC7B5_LAUNCH_DMA__FIELDS; see NVRM_HW_DATA()
 *   NVC6C0_QMDV03_00_QMD_TYPE__LO, __WIDTH  a field of a record; see NVRM_HW_SET()
 *
 * Everything is constant and may be used from any thread.
 */
#ifndef NVRM_HW_H
#define NVRM_HW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A named number of a field, or a constant of a class. */
struct nvrm_hw_value {
    uint32_t name; /* nvrm_hw_text() */
    uint32_t value;
};

/** A bit range of a method's data (0 to 31) or of a record. Element (i, j) of an array lies
 * i * step_i + j * step_j bits higher. */
struct nvrm_hw_field {
    uint32_t name;
    uint16_t lo, hi;
    uint16_t step_i, step_j; /* 0: not an array */
    uint16_t n, m;           /* elements in i and in j, at least 1 */
    uint16_t value_first, value_count;
};
/** value_first of a field that is an IEEE 754 single. */
#define NVRM_HW_FLOAT 0xffff
static inline bool
nvrm_hw_is_float(const struct nvrm_hw_field *f)
{
    return f->value_first == NVRM_HW_FLOAT && !f->value_count;
}

/** A method (at is its address in bytes) or a record (words is its length; at is 1 when memory
 * has the word with the highest bits first). */
struct nvrm_hw_item {
    uint32_t name;
    uint16_t at, words;
    uint16_t step_i, step_j, n, m; /* as in a field, in bytes */
    uint16_t field_first, field_count;
};

struct nvrm_hw_class {
    uint32_t name; /* "AMPERE_DMA_COPY_B"; "" for classes of which only records are known */
    uint16_t id;
    uint16_t parent; /* class id of the generation before; 0: none */
    uint16_t method_first, method_count,
        array_first; /* methods from array_first on are arrays */
    uint16_t record_first, record_count;
    uint16_t constant_first, constant_count;
};

/** The text of a name. */
const char *nvrm_hw_text(uint32_t name);

/** All classes, by id. */
unsigned nvrm_hw_class_count(void);
const struct nvrm_hw_class *nvrm_hw_class_at(unsigned index);
/** NULL when there is none. The name may be "AMPERE_DMA_COPY_B", "NVC7B5" or "c7b5", in any
 * case. */
const struct nvrm_hw_class *nvrm_hw_class(uint32_t id);
const struct nvrm_hw_class *nvrm_hw_class_named(const char *name);

/** Method number index of a class, index < method_count: first those without an array by
 * address, then arrays by address. */
const struct nvrm_hw_item *nvrm_hw_method_at(const struct nvrm_hw_class *c, unsigned index);
/** The method of an address in bytes and its element; NULL when the class has none there. i and
 * j may be NULL. */
const struct nvrm_hw_item *nvrm_hw_method(const struct nvrm_hw_class *c, uint32_t address,
                                          unsigned *i, unsigned *j);
const struct nvrm_hw_item *nvrm_hw_method_named(const struct nvrm_hw_class *c,
                                                const char *name);
/** The address of an element. */
static inline uint32_t
nvrm_hw_address(const struct nvrm_hw_item *m, unsigned i, unsigned j)
{
    return m->at + i * m->step_i + j * m->step_j;
}

/** Records of a class by name ("QMDV03_00", "TEXHEAD_BL", "GP_ENTRY0"); when the class itself
 * lacks it, its parents' are looked through. */
const struct nvrm_hw_item *nvrm_hw_record(const struct nvrm_hw_class *c, const char *name);
const struct nvrm_hw_item *nvrm_hw_record_at(const struct nvrm_hw_class *c, unsigned index);

/** Field number index of a method or record, index < field_count, by low bit. */
const struct nvrm_hw_field *nvrm_hw_field_at(const struct nvrm_hw_item *item, unsigned index);
const struct nvrm_hw_field *nvrm_hw_field_named(const struct nvrm_hw_item *item,
                                                const char *name);
/** Value number index of a field, index < value_count. */
const struct nvrm_hw_value *nvrm_hw_value_at(const struct nvrm_hw_field *f, unsigned index);
/** A value's name, of several the last, which is the newest; NULL when it has none. */
const char *nvrm_hw_value_name(const struct nvrm_hw_field *f, uint64_t value);
bool nvrm_hw_value_named(const struct nvrm_hw_field *f, const char *name, uint32_t *value_out);
/** A constant of a class; index < constant_count. */
const struct nvrm_hw_value *nvrm_hw_constant_at(const struct nvrm_hw_class *c, unsigned index);

/** The name nearest to one that is not known, for "did you mean"; NULL when none is near. */
const char *nvrm_hw_nearest_class(const char *name);
const char *nvrm_hw_nearest_method(const struct nvrm_hw_class *c, const char *name);
const char *nvrm_hw_nearest_field(const struct nvrm_hw_item *item, const char *name);
const char *nvrm_hw_nearest_value(const struct nvrm_hw_field *f, const char *name);

/** Bits lo to lo + width - 1 of an array of words; width is 1 to 64. */
static inline uint64_t
nvrm_hw_bits_get(const uint32_t *words, unsigned lo, unsigned width)
{
    const unsigned w = lo / 32, shift = lo % 32;
    uint64_t v = words[w] >> shift;

    for (unsigned have = 32 - shift, k = 1; have < width; have += 32, k++)
        v |= (uint64_t)words[w + k] << have;
    return width < 64 ? v & ((UINT64_C(1) << width) - 1) : v;
}

/** What does not fit into width bits is dropped: nvrm_hw_field_fits(). */
static inline void
nvrm_hw_bits_set(uint32_t *words, unsigned lo, unsigned width, uint64_t value)
{
    while (width) {
        const unsigned shift = lo % 32, n = width < 32 - shift ? width : 32 - shift;
        const uint32_t mask = (n < 32 ? (UINT32_C(1) << n) - 1 : UINT32_MAX) << shift;
        uint32_t *const w = &words[lo / 32];

        *w = (*w & ~mask) | ((uint32_t)value << shift & mask);
        value = n < 64 ? value >> n : 0;
        lo += n;
        width -= n;
    }
}

static inline unsigned
nvrm_hw_field_width(const struct nvrm_hw_field *f)
{
    return f->hi - f->lo + 1u;
}

static inline bool
nvrm_hw_field_fits(const struct nvrm_hw_field *f, uint64_t value)
{
    return nvrm_hw_field_width(f) >= 64 || !(value >> nvrm_hw_field_width(f));
}

/** A field's element (i, j) in a method's data or a record. */
static inline uint64_t
nvrm_hw_get(const struct nvrm_hw_field *f, const uint32_t *words, unsigned i, unsigned j)
{
    return nvrm_hw_bits_get(words, f->lo + i * f->step_i + j * f->step_j,
                            nvrm_hw_field_width(f));
}

static inline void
nvrm_hw_set(const struct nvrm_hw_field *f, uint32_t *words, unsigned i, unsigned j,
            uint64_t value)
{
    nvrm_hw_bits_set(words, f->lo + i * f->step_i + j * f->step_j, nvrm_hw_field_width(f),
                     value);
}

/** With constants of nvrm/cl: fields of records. FIELD is e.g. NVC6C0_QMDV03_00_QMD_TYPE; the
 * _AT forms are for arrays, with the index (or both) at the end. */
#define NVRM_HW_GET(words, FIELD) nvrm_hw_bits_get((words), FIELD##__LO, FIELD##__WIDTH)
#define NVRM_HW_SET(words, FIELD, value)                                                       \
    nvrm_hw_bits_set((words), FIELD##__LO, FIELD##__WIDTH, (value))
#define NVRM_HW_GET_AT(words, FIELD, ...)                                                      \
    nvrm_hw_bits_get((words), FIELD##__LO(__VA_ARGS__), FIELD##__WIDTH)
#define NVRM_HW_SET_AT(words, FIELD, value, ...)                                               \
    nvrm_hw_bits_set((words), FIELD##__LO(__VA_ARGS__), FIELD##__WIDTH, (value))

/** The data of a method: NVRM_HW_DATA(NVC7B5_LAUNCH_DMA, .SRC_TYPE = 1, .DST_TYPE = 1). Fields
 * that are not named are 0. */
#define NVRM_HW_DATA(METHOD, ...) METHOD##__PACK((struct METHOD##__FIELDS){__VA_ARGS__})

#ifdef __cplusplus
}
#endif
#endif
