/* SPDX-License-Identifier: MIT */
/*
 * Numbers to names and back, over the sets of the schema. Sets are short lists; a memo makes
 * walking along one cheap.
 */
#include <stdio.h>
#include <string.h>

#include "names_priv.h"
#include "view_priv.h"

struct gsp_set
gsp_set_of(const struct nvrm_note *note, uint8_t type)
{
    struct gsp_set set = {NVRM_SET_NONE, NVRM_NONE};

    if (note && note->set_kind != NVRM_SET_NONE) {
        set.kind = note->set_kind;
        set.row = note->set;
    } else if (type == NVRM_STATUS) {
        set.kind = NVRM_SET_STATUS;
    }
    return set;
}

/* The first of several names of one value: a memo may have led into their middle. */
static const struct nvrm_const *
first_name(struct nvrm_abi abi, uint16_t set, const struct nvrm_const *c, unsigned i)
{
    while (i > 0) {
        const struct nvrm_const *before = nvrm_set_at(abi, set, --i);

        if (before && before->value != c->value)
            break;
        if (before && !before->is_range)
            c = before;
    }
    return c;
}

static const char *
enum_name(struct nvrm_abi abi, uint16_t set, uint64_t value, struct gsp_set_memo *memo)
{
    const unsigned count = nvrm_set_count(abi.schema, set);
    const unsigned start = memo && memo->row == set && memo->next < count ? memo->next : 0;

    for (unsigned n = 0; n < count; n++) {
        const unsigned i = start + n < count ? start + n : start + n - count;
        const struct nvrm_const *c = nvrm_set_at(abi, set, i);

        if (!c || c->is_range || c->value != value)
            continue;
        if (memo) {
            memo->row = set;
            memo->next = i + 1;
        }
        return nvrm_str(abi.schema, first_name(abi, set, c, i)->name);
    }
    return NULL;
}

const char *
gsp_set_name(struct nvrm_abi abi, struct gsp_set set, uint64_t value, struct gsp_set_memo *memo)
{
    const struct nvrm_control *control;
    const struct nvrm_class *class;
    const struct nvrm_rpc *rpc;
    const uint32_t id = (uint32_t)value;

    if (set.kind == NVRM_SET_ENUM)
        return enum_name(abi, set.row, value, memo);
    if (value > UINT32_MAX)
        return NULL;
    switch (set.kind) {
    case NVRM_SET_CLASS:
        class = nvrm_class_by_id(abi, id);
        return class ? nvrm_str(abi.schema, class->name) : NULL;
    case NVRM_SET_CONTROL:
        control = nvrm_control_by_id(abi, id);
        return control ? nvrm_str(abi.schema, control->name) : NULL;
    case NVRM_SET_RPC:
        rpc = nvrm_rpc_by_id(abi, id);
        return rpc ? nvrm_str(abi.schema, rpc->name) : NULL;
    case NVRM_SET_STATUS:
        return nvrm_status_name(abi, id);
    default:
        return NULL;
    }
}

static bool
same(const char *full, const char *name, size_t bytes)
{
    return strncmp(full, name, bytes) == 0 && full[bytes] == '\0';
}

/* The member of a set that is called `name`, with or without the set's prefix. */
static const struct nvrm_const *
find_member(struct nvrm_abi abi, uint16_t set, const char *name, size_t bytes,
            struct gsp_set_memo *memo)
{
    const unsigned count = nvrm_set_count(abi.schema, set);
    const unsigned start = memo && memo->row == set && memo->next < count ? memo->next : 0;
    const char *prefix = nvrm_set_prefix(abi.schema, set);
    const size_t prefix_bytes = prefix ? strlen(prefix) : 0;

    for (unsigned n = 0; n < count; n++) {
        const unsigned i = start + n < count ? start + n : start + n - count;
        const struct nvrm_const *c = nvrm_set_at(abi, set, i);
        const char *full = c ? nvrm_str(abi.schema, c->name) : "";

        if (!same(full, name, bytes) &&
            (strncmp(full, prefix ? prefix : "", prefix_bytes) != 0 ||
             !same(full + prefix_bytes, name, bytes)))
            continue;
        if (c && memo) {
            memo->row = set;
            memo->next = i + 1;
        }
        return c;
    }
    return NULL;
}

/* A number in decimal or with 0x; false for anything else. */
static bool
parse_number(const char *s, size_t bytes, uint64_t *value_out)
{
    const bool hex = bytes > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    const uint64_t base = hex ? 16 : 10;
    uint64_t value = 0;

    for (size_t i = hex ? 2 : 0; i < bytes; i++) {
        const char c = s[i];
        const unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                               : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                               : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                      : 99;

        if (digit >= base || value > (UINT64_MAX - digit) / base)
            return false;
        value = value * base + digit;
    }
    *value_out = value;
    return bytes > 0;
}

/* The value called `name` of range c: the name is whole, or what follows the range's own. */
static const struct nvrm_const *
find_range_value(struct nvrm_abi abi, uint16_t set, const struct nvrm_const *c,
                 const char *name, size_t bytes)
{
    const unsigned count = nvrm_set_count(abi.schema, set);
    const char *range = nvrm_str(abi.schema, c->name);
    const size_t range_bytes = strlen(range);

    for (unsigned i = 0; i < count; i++) {
        const struct nvrm_const *v = nvrm_set_at(abi, set, i);
        const char *full = v ? nvrm_str(abi.schema, v->name) : "";

        if (!v || !v->of_range || v->hi != c->hi || v->lo != c->lo)
            continue;
        if (same(full, name, bytes) ||
            (strncmp(full, range, range_bytes) == 0 && full[range_bytes] == '_' &&
             same(full + range_bytes + 1, name, bytes)))
            return v;
    }
    return find_member(abi, set, name, bytes, NULL);
}

/* A term of a bit set: NAME of a bit, a range or a range's value, or RANGE=VALUE. */
static bool
bits_value(struct nvrm_abi abi, uint16_t set, const char *name, size_t bytes,
           uint64_t *value_out)
{
    const char *equals = memchr(name, '=', bytes);
    const size_t name_bytes = equals ? (size_t)(equals - name) : bytes;
    const struct nvrm_const *c = find_member(abi, set, name, name_bytes, NULL), *named;
    uint64_t value = 1;

    if (!c || (equals && !c->is_range))
        return false;
    if (equals && !parse_number(equals + 1, bytes - name_bytes - 1, &value)) {
        named = find_range_value(abi, set, c, equals + 1, bytes - name_bytes - 1);
        if (!named || !named->of_range || named->hi != c->hi || named->lo != c->lo)
            return false;
        value = named->value;
    } else if (!equals && !c->is_range) {
        value = c->value;
    }
    if (!c->is_range && !c->of_range) {
        *value_out = value;
        return true;
    }
    if (c->hi < c->lo || c->hi > 63 || value > gsp_mask(c->hi - c->lo + 1u))
        return false;
    *value_out = value << c->lo;
    return true;
}

bool
gsp_set_value(struct nvrm_abi abi, struct gsp_set set, const char *name, size_t bytes,
              uint64_t *value_out, struct gsp_set_memo *memo)
{
    const struct nvrm_const *c = NULL;
    const struct nvrm_control *control;
    const struct nvrm_class *class;
    const struct nvrm_rpc *rpc;
    char text[192];

    if (bytes == 0 || bytes >= sizeof(text))
        return false;
    if (set.kind == NVRM_SET_BITS)
        return bits_value(abi, set.row, name, bytes, value_out);
    memcpy(text, name, bytes);
    text[bytes] = '\0';
    switch (set.kind) {
    case NVRM_SET_CLASS:
        class = nvrm_class_find(abi, text);
        *value_out = class ? class->id : 0;
        return class != NULL;
    case NVRM_SET_CONTROL:
        control = nvrm_control_find(abi, text);
        *value_out = control ? control->id : 0;
        return control != NULL;
    case NVRM_SET_RPC:
        rpc = nvrm_rpc_find(abi, text);
        *value_out = rpc ? rpc->id : 0;
        return rpc != NULL;
    case NVRM_SET_ENUM:
        c = find_member(abi, set.row, text, bytes, memo);
        break;
    case NVRM_SET_STATUS:
        c = nvrm_status_find(abi, text);
        break;
    default:
        break;
    }
    *value_out = c ? c->value : 0;
    return c != NULL;
}

/* How many leading characters two names share: cheap, and good enough to point at a member of
 * one set. */
static size_t
common_bytes(const char *a, const char *b, size_t b_bytes)
{
    size_t n = 0;

    while (n < b_bytes && a[n] && a[n] == b[n])
        n++;
    return n;
}

static const char *
nearest_member(struct nvrm_abi abi, uint16_t set, const char *name, size_t bytes)
{
    const unsigned count = nvrm_set_count(abi.schema, set);
    const char *prefix = nvrm_set_prefix(abi.schema, set), *best = NULL;
    const size_t prefix_bytes = prefix ? strlen(prefix) : 0;
    size_t best_score = 0;

    for (unsigned i = 0; i < count; i++) {
        const struct nvrm_const *c = nvrm_set_at(abi, set, i);
        const char *full = c ? nvrm_str(abi.schema, c->name) : NULL;
        size_t score, tail_score;

        if (!full)
            continue;
        score = common_bytes(full, name, bytes);
        tail_score =
            strlen(full) >= prefix_bytes ? common_bytes(full + prefix_bytes, name, bytes) : 0;
        score = score > tail_score ? score : tail_score;
        if (!best || score > best_score) {
            best = full;
            best_score = score;
        }
    }
    return best;
}

const char *
gsp_set_nearest(struct nvrm_abi abi, struct gsp_set set, const char *name, size_t bytes)
{
    static const unsigned kinds[] = {[NVRM_SET_CLASS] = NVRM_NAME_CLASS,
                                     [NVRM_SET_CONTROL] = NVRM_NAME_CONTROL,
                                     [NVRM_SET_STATUS] = NVRM_NAME_STATUS,
                                     [NVRM_SET_RPC] = NVRM_NAME_RPC};
    char text[192];

    if (set.kind == NVRM_SET_ENUM || set.kind == NVRM_SET_BITS)
        return nearest_member(abi, set.row, name, bytes);
    if (set.kind == NVRM_SET_NONE || set.kind > NVRM_SET_RPC)
        return NULL;
    snprintf(text, sizeof(text), "%.*s", (int)(bytes < sizeof(text) ? bytes : sizeof(text) - 1),
             name);
    return nvrm_nearest_name(abi, kinds[set.kind], text);
}

void
gsp_bits_init(struct gsp_bits *b, struct nvrm_abi abi, uint16_t row, uint64_t value)
{
    b->abi = abi;
    b->row = row;
    b->next = 0;
    b->rest = value;
}

/* The name of value v of range c; its values follow it in the set. */
static const char *
range_value_name(const struct gsp_bits *b, const struct nvrm_const *c, uint64_t v)
{
    const unsigned count = nvrm_set_count(b->abi.schema, b->row);

    for (unsigned i = b->next; i < count; i++) {
        const struct nvrm_const *value = nvrm_set_at(b->abi, b->row, i);

        if (value && value->of_range && value->hi == c->hi && value->lo == c->lo &&
            value->value == v)
            return nvrm_str(b->abi.schema, value->name);
    }
    return NULL;
}

/* Takes the bits of one row of the set out of the rest; false when none of them is set. */
static bool
take_term(struct gsp_bits *b, const struct nvrm_const *c, struct gsp_bits_term *term)
{
    uint64_t mask = c->value, v;

    if (c->of_range)
        return false;
    term->name = nvrm_str(b->abi.schema, c->name);
    term->number = false;
    if (!c->is_range) {
        if (mask == 0 || (b->rest & mask) != mask)
            return false;
        b->rest &= ~mask;
        return true;
    }
    if (c->hi < c->lo || c->hi > 63)
        return false;
    v = (b->rest >> c->lo) & gsp_mask(c->hi - c->lo + 1u);
    if (v == 0)
        return false;
    mask = gsp_mask(c->hi - c->lo + 1u) << c->lo;
    b->rest &= ~mask;
    term->value = v;
    if (range_value_name(b, c, v))
        term->name = range_value_name(b, c, v);
    else
        term->number = c->hi != c->lo;
    return true;
}

bool
gsp_bits_next(struct gsp_bits *b, struct gsp_bits_term *term)
{
    const unsigned count = nvrm_set_count(b->abi.schema, b->row);

    while (b->next < count && b->rest) {
        const struct nvrm_const *c = nvrm_set_at(b->abi, b->row, b->next++);

        if (c && take_term(b, c, term))
            return true;
    }
    return false;
}

void
gsp_text_hex(struct gsp_text *t, uint64_t value)
{
    gsp_text_printf(t, "0x%llx", (unsigned long long)value);
}
