/* SPDX-License-Identifier: MIT */
/*
 * YAML in and out over libyaml, with JSON values in between. JSON is read by jansson first, so
 * that its own errors name line and column; what it cannot read is tried as YAML.
 *
 * Plain scalars become numbers, true, false and null only when they are written that way in
 * JSON too; everything else is text. Aliases are refused: a short file must not become a huge
 * value.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "cli.h"

enum { DEEPEST = 64, LARGEST_FILE = 16 << 20 };

struct loader {
    yaml_parser_t parser;
    const char *name;
    struct gsp_error *err;
};

static json_t *
load_error(struct loader *l, size_t line, const char *what)
{
    gsp_fail(l->err, GSP_ORIGIN_INPUT, -EINVAL, "%s:%zu: %s", l->name, line + 1, what);
    return NULL;
}

static bool
next_event(struct loader *l, yaml_event_t *event)
{
    if (yaml_parser_parse(&l->parser, event))
        return true;
    load_error(l, l->parser.problem_mark.line,
               l->parser.problem ? l->parser.problem : "not YAML");
    return false;
}

static json_t *
plain_scalar(const char *text)
{
    json_t *value;

    if (!*text || !strcmp(text, "~") || !strcmp(text, "null"))
        return json_null();
    if (strchr("-0123456789tf", *text)) {
        value = json_loads(text, JSON_DECODE_ANY, NULL);
        if (value)
            return value;
    }
    return json_string(text);
}

static json_t *
scalar(struct loader *l, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    json_t *value = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
                        ? plain_scalar(text)
                        : json_stringn(text, event->data.scalar.length);

    return value ? value : load_error(l, event->start_mark.line, "text is not UTF-8");
}

static json_t *load_event(struct loader *l, yaml_event_t *event, int depth);

static json_t *
load_next(struct loader *l, int depth)
{
    yaml_event_t event;

    return next_event(l, &event) ? load_event(l, &event, depth) : NULL;
}

static json_t *
load_sequence(struct loader *l, int depth)
{
    json_t *list = json_array();
    yaml_event_t event;

    while (list && next_event(l, &event)) {
        json_t *item;

        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return list;
        }
        item = load_event(l, &event, depth);
        if (!item || json_array_append_new(list, item))
            break;
    }
    json_decref(list);
    return NULL;
}

/* One key and its value into `map`. The event is the key's. */
static bool
load_pair(struct loader *l, json_t *map, yaml_event_t *event, int depth)
{
    char *key;
    json_t *value;
    bool ok = false;

    if (event->type != YAML_SCALAR_EVENT) {
        load_error(l, event->start_mark.line, "a key must be plain text");
        yaml_event_delete(event);
        return false;
    }
    key = strdup((const char *)event->data.scalar.value);
    if (key && json_object_get(map, key)) {
        load_error(l, event->start_mark.line, "the same key stands twice");
        free(key);
        yaml_event_delete(event);
        return false;
    }
    yaml_event_delete(event);
    value = key ? load_next(l, depth) : NULL;
    if (value)
        ok = !json_object_set_new(map, key, value);
    if (value && !ok)
        load_error(l, l->parser.mark.line, "a key is not UTF-8");
    free(key);
    return ok;
}

static json_t *
load_mapping(struct loader *l, int depth)
{
    json_t *map = json_object();
    yaml_event_t event;

    while (map && next_event(l, &event)) {
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return map;
        }
        if (!load_pair(l, map, &event, depth))
            break;
    }
    json_decref(map);
    return NULL;
}

/* Takes the event. */
static json_t *
load_event(struct loader *l, yaml_event_t *event, int depth)
{
    const yaml_event_type_t type = event->type;
    const size_t line = event->start_mark.line;
    json_t *value = type == YAML_SCALAR_EVENT ? scalar(l, event) : NULL;

    yaml_event_delete(event);
    if (type == YAML_SCALAR_EVENT)
        return value;
    if (depth >= DEEPEST)
        return load_error(l, line, "nested too deeply");
    if (type == YAML_SEQUENCE_START_EVENT)
        return load_sequence(l, depth + 1);
    if (type == YAML_MAPPING_START_EVENT)
        return load_mapping(l, depth + 1);
    return load_error(l, line,
                      type == YAML_ALIAS_EVENT ? "aliases are not accepted"
                                               : "the document is empty");
}

static json_t *
load_document(struct loader *l)
{
    json_t *value = NULL;
    yaml_event_t event;

    for (int i = 0; i < 2; i++) { /* stream start, document start */
        if (!next_event(l, &event))
            return NULL;
        if (event.type == YAML_STREAM_END_EVENT) {
            yaml_event_delete(&event);
            return load_error(l, 0, "the document is empty");
        }
        yaml_event_delete(&event);
    }
    value = load_next(l, 0);
    for (int i = 0; value && i < 2; i++) { /* document end, stream end */
        const bool ok = next_event(l, &event);
        const yaml_event_type_t want = i ? YAML_STREAM_END_EVENT : YAML_DOCUMENT_END_EVENT;

        if (ok && event.type != want)
            load_error(l, event.start_mark.line, "more than one document");
        if (!ok || event.type != want) {
            json_decref(value);
            value = NULL;
        }
        if (ok)
            yaml_event_delete(&event);
    }
    return value;
}

static json_t *
load_yaml(const char *text, size_t bytes, const char *name, struct gsp_error *err)
{
    struct loader l = {.name = name, .err = err};
    json_t *value;

    if (!yaml_parser_initialize(&l.parser)) {
        gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
        return NULL;
    }
    yaml_parser_set_input_string(&l.parser, (const unsigned char *)text, bytes);
    value = load_document(&l);
    yaml_parser_delete(&l.parser);
    return value;
}

json_t *
cli_load_text(const char *text, size_t bytes, const char *name, struct gsp_error *err)
{
    const char *first = text;
    json_error_t problem;
    json_t *value;

    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: cannot be read", name);
    value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &problem);
    if (value)
        return value;
    while (first < text + bytes && strchr(" \t\r\n", *first))
        first++;
    if (first < text + bytes && (*first == '{' || *first == '[')) {
        value = load_yaml(text, bytes, name, NULL);
        if (!value)
            gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s:%d:%d: %s", name, problem.line,
                     problem.column, problem.text);
        return value;
    }
    return load_yaml(text, bytes, name, err);
}

static char *
read_all(FILE *f, size_t *bytes_out)
{
    size_t cap = 1 << 16, bytes = 0, got;
    char *text = malloc(cap);

    while (text && (got = fread(text + bytes, 1, cap - bytes, f)) > 0) {
        char *larger;

        bytes += got;
        if (bytes < cap)
            continue;
        cap *= 2;
        larger = cap <= LARGEST_FILE ? realloc(text, cap) : NULL;
        if (!larger)
            free(text);
        text = larger;
    }
    if (text)
        text[bytes] = '\0'; /* there is always room for one more */
    *bytes_out = bytes;
    return text;
}

char *
cli_read_file(const char *path, size_t *bytes_out, struct gsp_error *err)
{
    const bool is_stdin = !strcmp(path, "-");
    FILE *f = is_stdin ? stdin : fopen(path, "rbe");
    char *text;

    *bytes_out = 0;
    if (!f) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -errno, "%s: %s", path, strerror(errno));
        gsp_hint(err, "name a readable file, or - for stdin");
        return NULL;
    }
    text = read_all(f, bytes_out);
    if (!text || ferror(f)) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EIO, "%s: cannot be read whole", path);
        free(text);
        text = NULL;
    }
    if (!is_stdin)
        fclose(f);
    return text;
}

json_t *
cli_load_file(const char *path, struct gsp_error *err)
{
    size_t bytes = 0;
    char *text = cli_read_file(path, &bytes, err);
    json_t *value =
        text ? cli_load_text(text, bytes, strcmp(path, "-") ? path : "stdin", err) : NULL;

    if (!value && err && !err->hint[0])
        gsp_hint(err, "files hold one JSON or YAML document");
    free(text);
    return value;
}

/* Text that a YAML reader would take for something else is quoted. */
static yaml_scalar_style_t
style_of(const char *text)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no",
                                        "on",   "off",   "y",    "n",   "~"};

    if (!*text || strchr("-+.0123456789<=", *text))
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!strcasecmp(text, words[i]))
            return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    }
    return YAML_ANY_SCALAR_STYLE;
}

static bool
emit_scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
    yaml_event_t event;

    return yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                        (int)strlen(text), 1, 1, style) &&
           yaml_emitter_emit(emitter, &event);
}

static bool emit_value(yaml_emitter_t *emitter, const json_t *value);

static bool
emit_sequence(yaml_emitter_t *emitter, const json_t *list)
{
    yaml_event_t event;
    const json_t *item;
    size_t i;

    if (!yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_ANY_SEQUENCE_STYLE) ||
        !yaml_emitter_emit(emitter, &event))
        return false;
    json_array_foreach(list, i, item)
    {
        if (!emit_value(emitter, item))
            return false;
    }
    return yaml_sequence_end_event_initialize(&event) && yaml_emitter_emit(emitter, &event);
}

static bool
emit_mapping(yaml_emitter_t *emitter, const json_t *map)
{
    yaml_event_t event;
    const char *key;
    json_t *value;

    if (!yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_ANY_MAPPING_STYLE) ||
        !yaml_emitter_emit(emitter, &event))
        return false;
    json_object_foreach((json_t *)map, key, value)
    {
        if (!emit_scalar(emitter, key, style_of(key)) || !emit_value(emitter, value))
            return false;
    }
    return yaml_mapping_end_event_initialize(&event) && yaml_emitter_emit(emitter, &event);
}

static bool
emit_value(yaml_emitter_t *emitter, const json_t *value)
{
    char *text;
    bool ok;

    if (json_is_object(value))
        return emit_mapping(emitter, value);
    if (json_is_array(value))
        return emit_sequence(emitter, value);
    if (json_is_string(value))
        return emit_scalar(emitter, json_string_value(value),
                           style_of(json_string_value(value)));
    text = json_dumps(value, JSON_ENCODE_ANY);
    ok = text && emit_scalar(emitter, text, YAML_PLAIN_SCALAR_STYLE);
    free(text);
    return ok;
}

int
cli_yaml_write(const json_t *value, FILE *out)
{
    yaml_emitter_t emitter;
    yaml_event_t event;
    bool ok;

    if (!yaml_emitter_initialize(&emitter))
        return -ENOMEM;
    yaml_emitter_set_output_file(&emitter, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    ok = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
         yaml_emitter_emit(&emitter, &event) &&
         yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
         yaml_emitter_emit(&emitter, &event) && emit_value(&emitter, value) &&
         yaml_document_end_event_initialize(&event, 1) && yaml_emitter_emit(&emitter, &event) &&
         yaml_stream_end_event_initialize(&event) && yaml_emitter_emit(&emitter, &event);
    yaml_emitter_delete(&emitter);
    return ok ? 0 : -ENOMEM;
}
