/* SPDX-License-Identifier: MIT */
/*
 * Arguments of a kernel: numbers of every width, bytes, and buffers with a list of options
 * (size, where their bytes come from, where they go, how they are shown).
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fw_file.h"
#include "launch_args.h"

enum kind { SIGNED, UNSIGNED, FLOAT };

struct launch_type {
    const char *name;
    enum kind kind;
    unsigned bytes;
};

static const struct launch_type types[] = {
    {"s8",  SIGNED,   1},
    {"u8",  UNSIGNED, 1},
    {"s16", SIGNED,   2},
    {"u16", UNSIGNED, 2},
    {"s32", SIGNED,   4},
    {"u32", UNSIGNED, 4},
    {"s64", SIGNED,   8},
    {"u64", UNSIGNED, 8},
    {"f32", FLOAT,    4},
    {"f64", FLOAT,    8},
};

#define TYPE_NAMES "s8 u8 s16 u16 s32 u32 s64 u64 f32 f64"

const char *
launch_type_name(const struct launch_type *type)
{
    return type->name;
}

unsigned
launch_type_bytes(const struct launch_type *type)
{
    return type->bytes;
}

static const struct launch_type *
type_of(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        if (strlen(types[i].name) == length && !memcmp(types[i].name, name, length))
            return &types[i];
    }
    return NULL;
}

/* ---- numbers ---- */

static bool
fits(const struct launch_type *type, int64_t s, uint64_t u)
{
    const unsigned bits = 8 * type->bytes;

    if (bits == 64)
        return true;
    if (type->kind == UNSIGNED)
        return !(u >> bits);
    return s >= -(INT64_C(1) << (bits - 1)) && s < INT64_C(1) << (bits - 1);
}

static bool
parse_integer(const struct launch_type *type, const char *text, uint64_t *out)
{
    char *end;

    errno = 0;
    if (type->kind == SIGNED) {
        const int64_t v = strtoll(text, &end, 0);

        *out = (uint64_t)v;
        return end != text && !*end && !errno && fits(type, v, 0);
    }
    *out = strtoull(text, &end, 0);
    return end != text && !*end && !errno && *text != '-' && fits(type, 0, *out);
}

static bool
parse_float(const struct launch_type *type, const char *text, uint64_t *out)
{
    char *end;
    const double d = strtod(text, &end);
    const float f = (float)d;

    if (type->bytes == 4) {
        uint32_t bits;

        memcpy(&bits, &f, sizeof(bits));
        *out = bits;
    } else {
        memcpy(out, &d, sizeof(d));
    }
    return end != text && !*end;
}

static bool
parse_number(const struct launch_type *type, const char *text, uint64_t *out)
{
    if (!*text || isspace((unsigned char)*text))
        return false;
    return type->kind == FLOAT ? parse_float(type, text, out) : parse_integer(type, text, out);
}

static void
put_number(uint8_t *to, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static int
bad(struct cli *cli, const struct launch_arg *arg, const char *hint, const char *what,
    const char *text)
{
    return cli_usage(cli, hint, "--arg %.60s: '%.60s' %s", arg->word, text, what);
}

/* ---- plain arguments ---- */

static int
take_number(struct cli *cli, struct launch_arg *arg, const struct launch_type *type,
            const char *text)
{
    uint64_t value;

    if (!parse_number(type, text, &value))
        return bad(cli, arg, "for example s32:-5, u64:0x1000 or f32:1.5",
                   "is no number of that type", text);
    arg->bytes = type->bytes;
    put_number(arg->value, type->bytes, value);
    return CLI_OK;
}

/* Bytes in hexadecimal: for structures. */
static int
take_hex(struct cli *cli, struct launch_arg *arg, const char *text)
{
    const size_t digits = strlen(text);

    if (!digits || digits % 2 || digits / 2 > LAUNCH_VALUE_MAX ||
        strspn(text, "0123456789abcdefABCDEF") != digits)
        return bad(cli, arg, "two digits a byte: hex:0100ff7f", "is no row of bytes", text);
    arg->bytes = (uint32_t)(digits / 2);
    for (uint32_t i = 0; i < arg->bytes; i++) {
        const char *digit = text + (size_t)2 * i;
        const char pair[3] = {digit[0], digit[1], 0};

        arg->value[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return CLI_OK;
}

/* ---- buffers ---- */

#define BUFFER_HINT "for example buf:size=4096,fill=f32:1.5,out=FILE,print=f32"

static int
resize(struct cli *cli, struct launch_arg *arg, uint64_t bytes)
{
    uint8_t *data = bytes > SIZE_MAX / 2 ? NULL : realloc(arg->data, bytes ? bytes : 1);

    if (!data)
        return cli_out_of_memory(cli);
    if (bytes > arg->data_bytes)
        memset(data + arg->data_bytes, 0, bytes - arg->data_bytes);
    arg->data = data;
    arg->data_bytes = bytes;
    return CLI_OK;
}

static int
set_size(struct cli *cli, struct launch_arg *arg, const char *value)
{
    char *end;
    uint64_t bytes = strtoull(value, &end, 0);
    const unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;

    end += shift != 0;
    if (end == value || *end || *value == '-' || !bytes || bytes >> (36 - shift))
        return bad(cli, arg, "size=4096, size=64K or size=2M", "is no size", value);
    return resize(cli, arg, bytes << shift);
}

static int
set_in(struct cli *cli, struct launch_arg *arg, const char *value)
{
    struct gsp_error err = {0};
    struct fw_file f;
    int rc;

    if (fw_file_read(value, &f, &err) < 0)
        return cli_fail(cli, &err);
    rc = f.src.bytes > arg->data_bytes ? resize(cli, arg, f.src.bytes) : CLI_OK;
    if (rc == CLI_OK)
        memcpy(arg->data, f.src.data, f.src.bytes);
    fw_file_free(&f);
    return rc;
}

static int
set_out(struct cli *cli, struct launch_arg *arg, const char *value)
{
    (void)cli;
    arg->out = value;
    return CLI_OK;
}

static int
set_inout(struct cli *cli, struct launch_arg *arg, const char *value)
{
    arg->out = value;
    return set_in(cli, arg, value);
}

/* TYPE:VALUE all over. */
static int
set_fill(struct cli *cli, struct launch_arg *arg, const char *value)
{
    const char *colon = strchr(value, ':');
    const struct launch_type *type = colon ? type_of(value, (size_t)(colon - value)) : NULL;
    uint64_t number;

    if (!type || !parse_number(type, colon + 1, &number))
        return bad(cli, arg, "fill=f32:1.5 or fill=u8:0xff", "is no TYPE:VALUE", value);
    for (uint64_t at = 0; at + type->bytes <= arg->data_bytes; at += type->bytes)
        put_number(arg->data + at, type->bytes, number);
    return CLI_OK;
}

/* 0, 1, 2 and so on. */
static int
set_count(struct cli *cli, struct launch_arg *arg, const char *value)
{
    const struct launch_type *type = type_of(value, strlen(value));
    uint64_t n = 0;

    if (!type)
        return bad(cli, arg, "legal: " TYPE_NAMES, "is no type", value);
    for (uint64_t at = 0; at + type->bytes <= arg->data_bytes; at += type->bytes, n++) {
        const float f = (float)n;
        const double d = (double)n;

        if (type->kind != FLOAT)
            put_number(arg->data + at, type->bytes, n);
        else
            memcpy(arg->data + at, type->bytes == 4 ? (const void *)&f : &d, type->bytes);
    }
    return CLI_OK;
}

/* TYPE or TYPE*COUNT */
static int
set_print(struct cli *cli, struct launch_arg *arg, const char *value)
{
    const char *star = strchr(value, '*');
    char *end = NULL;

    arg->print = type_of(value, star ? (size_t)(star - value) : strlen(value));
    if (star)
        arg->print_count = strtoull(star + 1, &end, 0);
    if (!arg->print || (star && (*end || !arg->print_count)))
        return bad(cli, arg, "print=TYPE or print=TYPE*COUNT; types: " TYPE_NAMES,
                   "is nothing to print", value);
    return CLI_OK;
}

static const struct {
    const char *name;
    int (*set)(struct cli *cli, struct launch_arg *arg, const char *value);
} settings[] = {
    {"size",  set_size },
    {"in",    set_in   },
    {"inout", set_inout},
    {"fill",  set_fill },
    {"count", set_count},
    {"out",   set_out  },
    {"print", set_print},
};

static int
set_one(struct cli *cli, struct launch_arg *arg, char *word)
{
    char *equals = strchr(word, '=');

    for (size_t i = 0; equals && i < sizeof(settings) / sizeof(*settings); i++) {
        if (strlen(settings[i].name) == (size_t)(equals - word) &&
            !memcmp(settings[i].name, word, (size_t)(equals - word)))
            return settings[i].set(cli, arg, equals + 1);
    }
    return bad(cli, arg, "legal: size=, in=, inout=, fill=, count=, out=, print=",
               "is no setting of a buffer", word);
}

/* The settings in order, split in place. */
static int
take_buffer(struct cli *cli, struct launch_arg *arg, char *text)
{
    int rc = CLI_OK;

    arg->is_buffer = true;
    arg->bytes = 8;
    for (char *next; text && rc == CLI_OK; text = next) {
        next = strchr(text, ',');
        if (next)
            *next++ = 0;
        rc = set_one(cli, arg, text);
    }
    if (rc == CLI_OK && !arg->data_bytes)
        return bad(cli, arg, BUFFER_HINT, "has no size", "buf");
    return rc;
}

/* ---- all of them ---- */

static int
take_one(struct cli *cli, struct launch_arg *arg, char *word)
{
    char *colon = strchr(word, ':');
    const size_t length = colon ? (size_t)(colon - word) : 0;
    const struct launch_type *type = colon ? type_of(word, length) : NULL;

    arg->word = word;
    if (type)
        return take_number(cli, arg, type, colon + 1);
    if (length == 3 && !memcmp(word, "hex", 3))
        return take_hex(cli, arg, colon + 1);
    if (length == 3 && !memcmp(word, "buf", 3))
        return take_buffer(cli, arg, colon + 1);
    return cli_usage(cli, "TYPE is one of " TYPE_NAMES " hex buf", "--arg %.60s: no TYPE:VALUE",
                     word);
}

int
launch_args_take(struct cli *cli, int *argc, char **argv, struct launch_args *args)
{
    char *word;
    int rc;

    *args = (struct launch_args){0};
    for (;;) {
        struct launch_arg *more;

        rc = cli_value(cli, argc, argv, "--arg", &word);
        if (rc != CLI_OK || !word)
            return rc;
        if (args->count == LAUNCH_ARGS_MAX)
            return cli_usage(cli, "put several values into one hex: argument",
                             "launch takes at most %u arguments", LAUNCH_ARGS_MAX);
        more = realloc(args->arg, (args->count + 1) * sizeof(*more));
        if (!more)
            return cli_out_of_memory(cli);
        args->arg = more;
        memset(&more[args->count], 0, sizeof(*more));
        rc = take_one(cli, &more[args->count++], word);
        if (rc != CLI_OK)
            return rc;
    }
}

void
launch_args_free(struct launch_args *args)
{
    for (unsigned i = 0; i < args->count; i++) {
        nvmem_buffer_unref(args->arg[i].buffer, NULL);
        free(args->arg[i].data);
    }
    free(args->arg);
    *args = (struct launch_args){0};
}

void
launch_args_layout(const struct nvmem_cubin_kernel *k, char *out, size_t bytes)
{
    size_t used = 0;

    snprintf(out, bytes, k->param_count ? "" : "no arguments");
    for (unsigned i = 0; i < k->param_count && used < bytes; i++) {
        const int n =
            snprintf(out + used, bytes - used, "%s%u", i ? ", " : "", k->params[i].bytes);

        used += n > 0 ? (size_t)n : 0;
    }
    if (k->param_count && used < bytes)
        snprintf(out + used, bytes - used, " bytes");
}

int
launch_args_pack(struct cli *cli, const struct launch_args *args,
                 const struct nvmem_cubin_kernel *k, uint8_t *params)
{
    char layout[160];

    launch_args_layout(k, layout, sizeof(layout));
    if (args->count != k->param_count) {
        char hint[200];

        snprintf(hint, sizeof(hint), "it takes %s", layout);
        return cli_usage(cli, hint, "kernel '%.60s' has %u arguments, %u are given", k->name,
                         k->param_count, args->count);
    }
    memset(params, 0, k->param_bytes);
    for (unsigned i = 0; i < args->count; i++) {
        const struct launch_arg *a = &args->arg[i];
        char hint[200];

        snprintf(hint, sizeof(hint), "it takes %s", layout);
        if (a->bytes != k->params[i].bytes)
            return cli_usage(cli, hint, "kernel '%.60s': argument %u has %u bytes, it wants %u",
                             k->name, i + 1, a->bytes, k->params[i].bytes);
        if (a->is_buffer)
            put_number(params + k->params[i].off, 8,
                       a->buffer ? nvmem_buffer_gpu_va(a->buffer) : 0);
        else
            memcpy(params + k->params[i].off, a->value, a->bytes);
    }
    return CLI_OK;
}

/* ---- results ---- */

static json_t *
value_of(const struct launch_type *type, const uint8_t *at)
{
    uint64_t u = 0;

    for (unsigned i = 0; i < type->bytes; i++)
        u |= (uint64_t)at[i] << 8 * i;
    if (type->kind == FLOAT) {
        const uint32_t low = (uint32_t)u;
        double d;
        float f;

        memcpy(&f, &low, sizeof(f));
        memcpy(&d, &u, sizeof(d));
        d = type->bytes == 4 ? (double)f : d;
        return isfinite(d) ? json_real(d) : json_sprintf("%f", d);
    }
    if (type->bytes == 8)
        return type->kind == SIGNED ? json_integer((json_int_t)u) : cli_hex(u);
    if (type->kind == SIGNED && type->bytes == 4)
        return json_integer((int32_t)u);
    if (type->kind == SIGNED)
        return json_integer(type->bytes == 2 ? (int16_t)u : (int8_t)u);
    return json_integer((json_int_t)u);
}

json_t *
launch_values(const struct launch_type *type, const uint8_t *data, uint64_t bytes)
{
    json_t *list = json_array();

    for (uint64_t at = 0; at + type->bytes <= bytes; at += type->bytes) {
        if (json_array_append_new(list, value_of(type, data + at)) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}
