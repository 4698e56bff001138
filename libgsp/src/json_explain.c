/* SPDX-License-Identifier: MIT */
/*
 * Errors of the JSON reader. They name the struct, the path, the release, and what would have
 * been right: the nearest name, or the releases that have the field.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "json_read_priv.h"

enum { PATH_DEPTH = 16 };

static void append(char *text, size_t cap, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
append(char *text, size_t cap, const char *format, ...)
{
    const size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    vsnprintf(text + used, cap - used, format, args);
    va_end(args);
}

static void
append_path(char *text, size_t cap, const struct gsp_frame *frame)
{
    if (!frame)
        return;
    append_path(text, cap, frame->up);
    if (!frame->name)
        append(text, cap, "[%u]", frame->index);
    else
        append(text, cap, "%s%s", frame->up ? "." : "", frame->name);
}

static const char *
release_name(const struct gsp_reader *r)
{
    return nvrm_release_name(r->abi.schema, r->abi.release);
}

bool
gsp_read_fail(struct gsp_reader *r, int rc, const char *format, ...)
{
    char path[200] = "", what[240];
    va_list args;

    if (r->rc < 0)
        return false;
    r->rc = rc;
    append_path(path, sizeof(path), r->top);
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    gsp_fail(r->err, rc == -ENOMEM ? GSP_ORIGIN_LOCAL : GSP_ORIGIN_INPUT, rc, "%s: %s%s%s",
             nvrm_str(r->abi.schema, r->root->name), path, path[0] ? ": " : "", what);
    return false;
}

/* The layout that the path from the root leads to at another release; NULL when it leads
 * nowhere there. */
static const struct nvrm_layout *
layout_at_release(const struct gsp_reader *r, nvrm_release release, const char *const *names,
                  unsigned count)
{
    const struct nvrm_schema *s = r->abi.schema;
    const struct nvrm_abi abi = {s, release};
    const struct nvrm_layout *layout = nvrm_struct_find(abi, nvrm_str(s, r->root->name));

    for (unsigned i = count; layout && i-- > 0;) {
        const struct nvrm_field *f = nvrm_field_find(s, layout, names[i]);

        layout = f && f->type == NVRM_STRUCT ? nvrm_layout_at(s, f->ref) : NULL;
    }
    return layout;
}

/* "535.54.03 to 565.77, 595.44.02": the releases whose struct has the field. Empty when none
 * has. */
static void
releases_with(const struct gsp_reader *r, const char *key, char *text, size_t cap)
{
    const unsigned releases = nvrm_release_count(r->abi.schema);
    const char *names[PATH_DEPTH];
    unsigned count = 0, start = 0;
    bool had = false;

    text[0] = '\0';
    for (const struct gsp_frame *f = r->top; f && f != r->base && count < PATH_DEPTH; f = f->up)
        if (f->name)
            names[count++] = f->name;
    for (unsigned i = 0; i <= releases; i++) {
        const struct nvrm_layout *l =
            i < releases ? layout_at_release(r, (nvrm_release)i, names, count) : NULL;
        const bool has = l && nvrm_field_find(r->abi.schema, l, key);

        if (has && !had)
            start = i;
        if (had && !has) {
            append(text, cap, "%s%s", text[0] ? ", " : "",
                   nvrm_release_name(r->abi.schema, (nvrm_release)start));
            if (start + 1 < i)
                append(text, cap, " to %s",
                       nvrm_release_name(r->abi.schema, (nvrm_release)(i - 1)));
        }
        had = has;
    }
}

bool
gsp_read_unknown_key(struct gsp_reader *r, const struct nvrm_layout *layout, const char *key,
                     size_t bytes)
{
    char name[96], where[160];
    const char *near;

    if (r->rc < 0)
        return false;
    snprintf(name, sizeof(name), "%.*s", (int)(bytes < sizeof(name) ? bytes : sizeof(name) - 1),
             key);
    releases_with(r, name, where, sizeof(where));
    near = nvrm_nearest_field(r->abi.schema, layout, name);
    if (where[0]) {
        gsp_read_fail(r, -EINVAL, "release %s has no field '%s'", release_name(r), name);
        gsp_hint(r->err, "'%s' exists in %s", name, where);
    } else {
        gsp_read_fail(r, -EINVAL, "no field '%s' (release %s)", name, release_name(r));
        if (near)
            gsp_hint(r->err, "did you mean '%s'?", near);
    }
    return false;
}

bool
gsp_read_unknown_name(struct gsp_reader *r, struct gsp_set set, const char *name, size_t bytes)
{
    const char *near = gsp_set_nearest(r->abi, set, name, bytes);
    const int shown = bytes < 96 ? (int)bytes : 96;

    if (set.kind == NVRM_SET_NONE)
        return gsp_read_fail(r, -EINVAL, "'%.*s' is not a number", shown, name);
    if (r->rc < 0)
        return false;
    gsp_read_fail(r, -EINVAL, "'%.*s' is not one of its names at release %s", shown, name,
                  release_name(r));
    if (near)
        gsp_hint(r->err, "did you mean '%s'?", near);
    return false;
}

void
gsp_read_syntax_error(struct gsp_reader *r)
{
    unsigned line, column;

    if (r->rc < 0)
        return;
    gsp_lex_where(&r->lex, &line, &column);
    gsp_read_fail(r, -EINVAL, "line %u, column %u: %s", line, column,
                  r->lex.trouble ? r->lex.trouble : "not JSON");
}
