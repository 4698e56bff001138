/* SPDX-License-Identifier: MIT */
/*
 * Xids of a kernel log, by card: what the module reported before this program looked.
 */
#include <stdlib.h>
#include <string.h>

#include <gsp/crash.h>

#include "health.h"

enum { PLACE_BYTES = 10 }; /* "0000:01:00" */

/* A place without "PCI:" and without the function, as a key. */
static bool
place_of(struct gsp_crash_span device, char key[PLACE_BYTES + 1])
{
    const char *p = device.text;
    size_t bytes = device.bytes;

    if (bytes > 4 && !memcmp(p, "PCI:", 4)) {
        p += 4;
        bytes -= 4;
    }
    if (bytes < PLACE_BYTES)
        return false;
    memcpy(key, p, PLACE_BYTES);
    key[PLACE_BYTES] = '\0';
    return true;
}

/* What came before the module was loaded anew is over. */
static int
take_line(void *ctx, const struct gsp_crash_line *line)
{
    json_t *log = ctx, *xids;
    char key[PLACE_BYTES + 1];

    if (line->kind == GSP_CRASH_DRIVER && line->loaded)
        json_object_clear(log);
    if (line->kind != GSP_CRASH_XID || !place_of(line->xid.device, key))
        return 0;
    xids = json_object_get(log, key);
    if (!xids) {
        xids = json_array();
        json_object_set_new(log, key, xids);
    }
    json_array_append_new(xids, json_integer(line->xid.number));
    return 0;
}

json_t *
health_log(const char *path, struct gsp_error *err)
{
    size_t bytes;
    char *text = cli_read_file(path, &bytes, err);
    json_t *log = text ? json_object() : NULL;

    if (log)
        (void)gsp_crash_scan(text, bytes, take_line, log);
    free(text);
    return log;
}

void
health_add_log(json_t *reading, const json_t *log)
{
    const char *pci = cli_str(reading, "pci");
    char key[PLACE_BYTES + 1];

    snprintf(key, sizeof(key), "%s", pci);
    json_array_extend(json_object_get(reading, "xids"), json_object_get(log, key));
}
