/* SPDX-License-Identifier: MIT */
/*
 * Where a value stands in a JSON or YAML text: the text is read once more with libyaml, whose
 * events have positions, and only when a message needs a line.
 */
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "cli.h"

/* Behind the node that `event` begins. */
static bool
skip_node(yaml_parser_t *parser, const yaml_event_t *first)
{
    int depth =
        first->type == YAML_MAPPING_START_EVENT || first->type == YAML_SEQUENCE_START_EVENT;

    while (depth > 0) {
        yaml_event_t event;

        if (!yaml_parser_parse(parser, &event))
            return false;
        depth +=
            event.type == YAML_MAPPING_START_EVENT || event.type == YAML_SEQUENCE_START_EVENT;
        depth -= event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT;
        if (event.type == YAML_NO_EVENT || event.type == YAML_STREAM_END_EVENT)
            depth = 0;
        yaml_event_delete(&event);
    }
    return true;
}

/* The next event that begins a node; false at the end of a collection. */
static bool
next_node(yaml_parser_t *parser, yaml_event_t *event)
{
    if (!yaml_parser_parse(parser, event))
        return false;
    if (event->type == YAML_SCALAR_EVENT || event->type == YAML_MAPPING_START_EVENT ||
        event->type == YAML_SEQUENCE_START_EVENT)
        return true;
    yaml_event_delete(event);
    return false;
}

/* From the start of a mapping to the value of a key; the mark becomes the key's. */
static bool
find_key(yaml_parser_t *parser, const char *key, size_t bytes, yaml_event_t *event,
         yaml_mark_t *mark)
{
    while (next_node(parser, event)) {
        const bool found = event->type == YAML_SCALAR_EVENT &&
                           event->data.scalar.length == bytes &&
                           !memcmp(event->data.scalar.value, key, bytes);
        const bool scalar = event->type == YAML_SCALAR_EVENT;

        if (found)
            *mark = event->start_mark;
        yaml_event_delete(event);
        if (!scalar || !next_node(parser, event))
            return false;
        if (found)
            return true;
        if (!skip_node(parser, event)) {
            yaml_event_delete(event);
            return false;
        }
        yaml_event_delete(event);
    }
    return false;
}

static bool
find_index(yaml_parser_t *parser, unsigned long index, yaml_event_t *event, yaml_mark_t *mark)
{
    for (unsigned long i = 0; next_node(parser, event); i++) {
        *mark = event->start_mark;
        if (i == index)
            return true;
        if (!skip_node(parser, event)) {
            yaml_event_delete(event);
            return false;
        }
        yaml_event_delete(event);
    }
    return false;
}

/* Takes the event of the node that the pointer is relative to. As far as the pointer leads, so
 * that a key that is missing is shown by its surroundings. */
static void
follow(yaml_parser_t *parser, yaml_event_t *event, const char *pointer, yaml_mark_t *mark)
{
    bool found = true;

    while (found && *pointer) {
        const size_t bytes = strcspn(pointer, "/");
        const yaml_event_type_t type = event->type;

        yaml_event_delete(event);
        found = type == YAML_MAPPING_START_EVENT ? find_key(parser, pointer, bytes, event, mark)
                : type == YAML_SEQUENCE_START_EVENT
                    ? find_index(parser, strtoul(pointer, NULL, 10), event, mark)
                    : false;
        pointer += bytes;
        pointer += *pointer == '/';
    }
    if (found)
        yaml_event_delete(event);
}

bool
cli_yaml_where(const char *text, size_t bytes, const char *pointer, unsigned *line_out,
               unsigned *column_out)
{
    yaml_parser_t parser;
    yaml_event_t event;
    yaml_mark_t mark = {0};
    bool found = false;

    if (!yaml_parser_initialize(&parser))
        return false;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
    for (int i = 0; i < 2; i++) { /* stream start, document start */
        if (!yaml_parser_parse(&parser, &event))
            goto out;
        yaml_event_delete(&event);
    }
    found = next_node(&parser, &event);
    if (found) {
        mark = event.start_mark;
        follow(&parser, &event, pointer, &mark);
    }
    *line_out = (unsigned)mark.line + 1;
    *column_out = (unsigned)mark.column + 1;

out:
    yaml_parser_delete(&parser);
    return found;
}
