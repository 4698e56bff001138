/* SPDX-License-Identifier: MIT */
/*
 * The vendor's ucode arrays: C files that a program wrote, so that a line is enough context.
 * Comment lines before each array name its archive and label, sizes and packing; the array
 * itself is numbers. Files up to 590 write labels as "image_prod", later ones as
 * "BINDATA_LABEL_IMAGE_PROD".
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "fw_arrays_priv.h"

#define LABEL_PREFIX "BINDATA_LABEL_"

/* Deflate cannot expand more than this; a larger claim is a lie. */
enum { DEFLATE_MOST = 1032, DEEPEST = 4 };

struct line {
    const char *text;
    size_t bytes;
    uint64_t at;
};

static bool
next_line(struct gsp_fw_arrays *a, struct line *line_out)
{
    const uint8_t *from = a->src.data + a->at, *end;
    const uint64_t left = a->src.bytes - a->at;

    if (!left)
        return false;
    end = memchr(from, '\n', left);
    *line_out = (struct line){(const char *)from, end ? (size_t)(end - from) : left, a->at};
    a->at += end ? line_out->bytes + 1 : left;
    return true;
}

static bool
after(const struct line *line, const char *prefix, struct line *rest_out)
{
    const size_t bytes = strlen(prefix);

    if (line->bytes < bytes || memcmp(line->text, prefix, bytes))
        return false;
    *rest_out = (struct line){line->text + bytes, line->bytes - bytes, line->at + bytes};
    return true;
}

static bool
holds(const struct line *line, const char *word)
{
    return memmem(line->text, line->bytes, word, strlen(word)) != NULL;
}

static bool
is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* A C name at the front of `from` into `to`; its length, or 0 when it does not fit. */
static size_t
copy_name(const struct line *from, char *to, bool lower)
{
    size_t n = 0;

    while (n < from->bytes && is_name(from->text[n])) {
        if (n == GSP_FW_ARRAY_NAME_MAX - 1)
            return 0;
        to[n] = (char)(lower ? tolower((unsigned char)from->text[n]) : from->text[n]);
        n++;
    }
    to[n] = '\0';
    return n;
}

/* ARCHIVE("LABEL") */
static int
read_function(const struct gsp_fw_source *src, const struct line *rest,
              struct gsp_fw_array *array, struct gsp_error *err)
{
    struct line label = *rest;
    const size_t n = copy_name(rest, array->archive, false);

    if (!n || n + 2 > rest->bytes || memcmp(rest->text + n, "(\"", 2))
        return fw_bad(src, err, rest->at, "FUNCTION is not ARCHIVE(\"LABEL\")");
    label.text += n + 2;
    label.bytes -= n + 2;
    (void)after(&label, LABEL_PREFIX, &label);
    if (!copy_name(&label, array->label, true))
        return fw_bad(src, err, rest->at, "the label has no legal name");
    return 0;
}

/* A decimal count; 0 for what is not one ("N/A", "sizeof(...)"). */
static uint32_t
read_count(const struct line *rest)
{
    uint64_t value = 0;

    for (size_t i = 0; i < rest->bytes && isdigit((unsigned char)rest->text[i]); i++) {
        value = value * 10 + (unsigned)(rest->text[i] - '0');
        if (value > UINT32_MAX)
            return UINT32_MAX;
    }
    return (uint32_t)value;
}

static int
hex_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
read_number(struct fw_numbers *n, uint32_t *value_out, struct gsp_error *err)
{
    const uint8_t *data = n->src->data;
    const uint64_t start = n->at;
    const bool hex =
        n->end - n->at > 2 && data[n->at] == '0' && (data[n->at + 1] | 0x20) == 'x';
    const int base = hex ? 16 : 10;
    uint64_t value = 0;

    n->at += hex ? 2 : 0;
    for (; n->at < n->end; n->at++) {
        const int digit = hex_of(data[n->at]);

        if (digit < 0 || digit >= base)
            break;
        value = value * (unsigned)base + (unsigned)digit;
        if (value > n->most)
            return fw_bad(n->src, err, start, "a number above 0x%x", n->most);
    }
    if (n->at == start + (hex ? 2 : 0))
        return fw_bad(n->src, err, start, "not a number");
    *value_out = (uint32_t)value;
    return 1;
}

int
fw_numbers_next(struct fw_numbers *n, uint32_t *value_out, struct gsp_error *err)
{
    while (n->at < n->end) {
        const uint8_t c = n->src->data[n->at];

        if (c == '}' && n->depth-- == 0)
            return 0;
        if (c == '{' && ++n->depth > DEEPEST)
            return fw_bad(n->src, err, n->at, "braces nest deeper than %d", DEEPEST);
        if (isdigit(c))
            return read_number(n, value_out, err);
        if (!isspace(c) && c != ',' && c != '{' && c != '}')
            return fw_bad(n->src, err, n->at, "a character that is no number (0x%02x)", c);
        n->at++;
    }
    return 0;
}

/* The offset behind the brace that opens the array; 0 when another thing follows the '='. */
static uint64_t
find_brace(const struct gsp_fw_source *src, const struct line *line)
{
    const uint8_t *equals = memchr(src->data + line->at, '=', line->bytes);
    uint64_t at = equals ? (uint64_t)(equals - src->data) + 1 : src->bytes;

    while (at < src->bytes && isspace(src->data[at]))
        at++;
    return at < src->bytes && src->data[at] == '{' ? at + 1 : 0;
}

/* Count what stands between the braces. */
static int
read_body(struct gsp_fw_arrays *a, const struct line *line, struct gsp_fw_array *array,
          struct gsp_error *err)
{
    const uint64_t at = find_brace(&a->src, line);
    struct fw_numbers n = {&a->src, at, a->src.bytes,
                           array->element_bytes == 1 ? 0xff : 0xffffffff, 0};
    uint64_t count = 0;
    uint32_t value;
    int rc = 1;

    if (!at)
        return fw_bad(&a->src, err, line->at, "an array without braces");
    while ((rc = fw_numbers_next(&n, &value, err)) > 0)
        count++;
    if (rc < 0)
        return rc;
    if (n.at >= n.end)
        return fw_bad(&a->src, err, at, "the array does not end");
    if (count * array->element_bytes > GSP_FW_ARRAY_BYTES_MAX)
        return fw_bad(&a->src, err, at, "an array of more than %d bytes",
                      GSP_FW_ARRAY_BYTES_MAX);
    array->text = (struct gsp_fw_slice){a->src.data + at, n.at - at, a->src.base + at};
    array->packed_bytes = (uint32_t)count * array->element_bytes;
    a->at = n.at + 1;
    return 0;
}

static int
check_sizes(const struct gsp_fw_source *src, struct gsp_fw_array *array, uint32_t said_packed,
            struct gsp_error *err)
{
    const uint64_t at = array->text.off - src->base;
    const uint32_t listed = array->packed_bytes;

    if (!array->compressed && !array->data_bytes)
        array->data_bytes = listed; /* the file says sizeof() */
    if (!array->compressed && array->data_bytes != listed)
        return fw_bad(src, err, at, "%s lists %u bytes and says %u", array->label, listed,
                      array->data_bytes);
    if (array->compressed && said_packed != listed)
        return fw_bad(src, err, at, "%s lists %u packed bytes and says %u", array->label,
                      listed, said_packed);
    if (array->data_bytes > GSP_FW_ARRAY_BYTES_MAX ||
        array->data_bytes > (uint64_t)listed * DEFLATE_MOST)
        return fw_bad(src, err, at, "%s cannot unpack to %u bytes from %u", array->label,
                      array->data_bytes, listed);
    return 0;
}

void
gsp_fw_arrays_init(const struct gsp_fw_source *src, struct gsp_fw_arrays *arrays_out)
{
    *arrays_out = (struct gsp_fw_arrays){.src = *src};
}

/* The comment lines of one array. */
static int
read_comment(const struct gsp_fw_source *src, const struct line *line,
             struct gsp_fw_array *array, uint32_t *packed_out, struct gsp_error *err)
{
    struct line rest;

    if (after(line, "// FUNCTION: ", &rest)) {
        memset(array, 0, sizeof(*array));
        *packed_out = 0;
        return read_function(src, &rest, array, err);
    }
    if (after(line, "// COMPRESSION: ", &rest))
        array->compressed = holds(&rest, "YES");
    else if (after(line, "// DATA SIZE (bytes): ", &rest))
        array->data_bytes = read_count(&rest);
    else if (after(line, "// COMPRESSED SIZE (bytes): ", &rest))
        *packed_out = read_count(&rest);
    return 0;
}

static bool
starts_array(const struct line *line)
{
    struct line rest;

    return after(line, "static ", &rest) && holds(line, "_data") && holds(line, " =");
}

int
gsp_fw_arrays_next(struct gsp_fw_arrays *arrays, struct gsp_fw_array *out,
                   struct gsp_error *err)
{
    struct gsp_fw_array array = {0};
    uint32_t packed = 0;
    struct line line;
    int rc;

    memset(out, 0, sizeof(*out));
    while (next_line(arrays, &line)) {
        rc = read_comment(&arrays->src, &line, &array, &packed, err);
        if (rc < 0)
            return rc;
        if (!array.archive[0] || !starts_array(&line))
            continue;
        array.element_bytes = holds(&line, "NvU8") ? 1 : 4;
        rc = read_body(arrays, &line, &array, err);
        if (rc == 0)
            rc = check_sizes(&arrays->src, &array, packed, err);
        if (rc == 0)
            *out = array;
        return rc;
    }
    return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s: no further array",
                    fw_name(&arrays->src));
}
