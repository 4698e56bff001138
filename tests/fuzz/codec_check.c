/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsp/codec.h>
#include <gsp/json.h>

#include "codec_check.h"

enum { TAIL_BYTES = 64 * 1024 };

struct nvrm_abi
codec_abi(unsigned which)
{
    static const char *const names[CODEC_RELEASES] = {"535.113.01", "570.144", "595.45.04"};
    const struct nvrm_schema *s = nvrm_schema_builtin();

    return (struct nvrm_abi){s, nvrm_release_find(s, names[which % CODEC_RELEASES])};
}

static void
broken(struct nvrm_abi abi, const struct nvrm_layout *layout, const char *what, const char *a,
       const char *b)
{
    fprintf(stderr, "%s at %s: %s\n%s\n%s\n", nvrm_str(abi.schema, layout->name),
            nvrm_release_name(abi.schema, abi.release), what, a, b);
    abort();
}

static void
write_json(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
           size_t bytes, unsigned flags, struct gsp_text *out)
{
    struct gsp_error err;

    out->bytes = 0;
    if (gsp_json_write(abi, layout, wire, bytes, flags, out, &err) < 0)
        broken(abi, layout, "not written", err.text, "");
}

/* Reads text into fresh memory of exactly the size allowed, so that a sanitizer sees the first
 * byte too many. */
static uint8_t *
read_json(struct nvrm_abi abi, const struct nvrm_layout *layout, const char *text,
          size_t text_bytes, struct gsp_arena *arena, size_t *bytes)
{
    const size_t cap = layout->size + TAIL_BYTES;
    struct gsp_error err = {.rc = 0};
    uint8_t *wire = malloc(cap);
    int rc;

    if (!wire)
        return NULL;
    rc = gsp_json_read(abi, layout, text, text_bytes, wire, cap, bytes, arena, &err);
    if (rc == 0)
        return wire;
    if (err.rc != rc || !err.text[0])
        broken(abi, layout, "an error without words", err.text, "");
    free(wire);
    return NULL;
}

/* text -> wire -> text must end where it began. */
static void
check_again(struct nvrm_abi abi, const struct nvrm_layout *layout, const struct gsp_text *first,
            unsigned flags)
{
    struct gsp_arena arena = {0};
    struct gsp_text again = {0};
    size_t bytes;
    uint8_t *wire = read_json(abi, layout, first->data, first->bytes, &arena, &bytes);

    if (wire) {
        write_json(abi, layout, wire, bytes, flags, &again);
        if (strcmp(first->data, again.data) != 0)
            broken(abi, layout, "JSON changed", first->data, again.data);
    }
    free(wire);
    gsp_text_fini(&again);
    gsp_arena_fini(&arena);
}

static void
check_plan(struct nvrm_abi abi, uint16_t row, const uint8_t *wire, size_t bytes)
{
    struct gsp_codec *codec = NULL;
    const struct gsp_plan *plan = NULL;
    struct gsp_error err;

    if (nvrm_struct_canon(abi.schema, row) && gsp_codec_create(abi, NULL, &codec, &err) == 0)
        plan = gsp_codec_plan(codec, row, &err);
    if (plan) {
        void *canon = malloc(gsp_plan_canon_bytes(plan));
        uint8_t *back = malloc(gsp_plan_wire_bytes(plan));
        void *again = malloc(gsp_plan_canon_bytes(plan));

        if (canon && back && again) {
            if (gsp_decode(plan, wire, bytes, canon, &err) < 0 ||
                gsp_encode(plan, canon, back, gsp_plan_wire_bytes(plan), &err) < 0 ||
                gsp_decode(plan, back, gsp_plan_wire_bytes(plan), again, &err) < 0)
                broken(abi, nvrm_struct_at(abi, row), "does not decode and encode", err.text,
                       "");
            if (memcmp(canon, again, gsp_plan_canon_bytes(plan)) != 0)
                broken(abi, nvrm_struct_at(abi, row), "decode of encode differs", "", "");
        }
        free(canon);
        free(back);
        free(again);
    }
    gsp_codec_destroy(codec);
}

void
codec_check_bytes(struct nvrm_abi abi, uint16_t struct_row, const uint8_t *wire, size_t bytes)
{
    const struct nvrm_layout *layout = nvrm_struct_at(abi, struct_row);
    struct gsp_text text = {0};
    struct gsp_error err;

    if (!layout || bytes < layout->size)
        return;
    (void)!gsp_validate(abi, layout, wire, bytes, &err);
    write_json(abi, layout, wire, bytes, GSP_JSON_ALL | GSP_JSON_PRETTY, &text);
    text.bytes = 0;
    if (gsp_text_write(abi, layout, wire, bytes, 0, &text, &err) < 0)
        broken(abi, layout, "not printed", err.text, "");
    write_json(abi, layout, wire, bytes, 0, &text);
    check_again(abi, layout, &text, 0);
    gsp_text_fini(&text);
    check_plan(abi, struct_row, wire, bytes);
}

void
codec_check_text(struct nvrm_abi abi, uint16_t struct_row, const char *text, size_t bytes)
{
    const struct nvrm_layout *layout = nvrm_struct_at(abi, struct_row);
    struct gsp_arena arena = {0};
    struct gsp_text first = {0};
    size_t wire_bytes;
    uint8_t *wire = layout ? read_json(abi, layout, text, bytes, &arena, &wire_bytes) : NULL;

    if (wire) {
        write_json(abi, layout, wire, wire_bytes, GSP_JSON_POINTERS, &first);
        check_again(abi, layout, &first, GSP_JSON_POINTERS);
        write_json(abi, layout, wire, wire_bytes, GSP_JSON_POINTERS | GSP_JSON_PRETTY, &first);
        check_again(abi, layout, &first, GSP_JSON_POINTERS | GSP_JSON_PRETTY);
    }
    free(wire);
    gsp_text_fini(&first);
    gsp_arena_fini(&arena);
}

void
codec_check_finn(struct nvrm_abi abi, uint16_t struct_row, const uint8_t *message, size_t bytes)
{
    const struct nvrm_layout *layout = nvrm_struct_at(abi, struct_row);
    struct gsp_error err;
    uint8_t *wire;

    if (!layout || !(layout->flags & NVRM_LAYOUT_FINN))
        return;
    wire = calloc(1, layout->size);
    if (wire)
        (void)!gsp_finn_decode(abi, layout, message, bytes, wire, layout->size, &err);
    free(wire);
}
