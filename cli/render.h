/* SPDX-License-Identifier: MIT */
/*
 * Text for people out of JSON documents: `path = value` lines and aligned tables.
 */
#ifndef NVRM_CLI_RENDER_H
#define NVRM_CLI_RENDER_H

#include "cli.h"

/* Objects as aligned `path = value` lines, arrays of objects as tables, scalars alone. */
void render_value(struct cli *cli, const json_t *value);
/* Columns of an array of objects. A NULL key ends the list. */
struct render_column {
    const char *key;
    const char *title;
};
void render_table(struct cli *cli, const json_t *rows, const struct render_column *columns);
/* A scalar as text into buf; returns buf. */
const char *render_scalar(const json_t *value, char *buf, size_t buf_bytes);

#endif
