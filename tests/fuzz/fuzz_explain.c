/* SPDX-License-Identifier: MIT */
/* Any text as a log: every finding is put somewhere, and incidents only follow earlier ones. */
#include <stdlib.h>
#include <string.h>

#include <explain.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const json_t *incidents)
{
    const json_t *in;
    size_t i;

    json_array_foreach(incidents, i, in)
    {
        const json_t *follows = json_object_get(in, "follows");

        if (follows &&
            (json_integer_value(follows) < 1 || json_integer_value(follows) > (json_int_t)i))
            abort();
        if (!json_array_size(json_object_get(in, "lines")) || !*cli_str(in, "title"))
            abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct explain_reading r = {.abi.schema = nvrm_schema_builtin()};
    char *copy = malloc(size + 1);
    json_t *incidents;

    if (!copy)
        abort();
    memcpy(copy, data, size);
    r.abi.release = nvrm_release_newest(r.abi.schema);
    r.doc = json_pack("{s:[]}", "gpus");
    r.findings = json_array();
    r.xids = json_object();
    gsp_crash_scan(copy, size, explain_find, &r);
    incidents = explain_links(r.findings);
    check(incidents);
    json_decref(incidents);
    json_decref(r.findings);
    json_decref(r.xids);
    json_decref(r.doc);
    free(copy);
    return 0;
}
