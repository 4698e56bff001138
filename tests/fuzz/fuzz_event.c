/* SPDX-License-Identifier: MIT */
/* Any bytes as the payload of an event: two bytes choose the release, four the function. */
#include <stdlib.h>
#include <string.h>

#include <gsp/event.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct nvrm_schema *schema = nvrm_schema_builtin();
    struct nvrm_abi abi = {.schema = schema};
    struct gsp_event_summary s;
    uint32_t function;
    uint16_t release;
    uint8_t *exact;

    if (size < 6)
        return 0;
    memcpy(&release, data, 2);
    memcpy(&function, data + 2, 4);
    abi.release = (nvrm_release)(release % nvrm_release_count(schema));
    exact = malloc(size - 6 + 1); /* so that a read behind the end is seen */
    if (!exact)
        return 0;
    memcpy(exact, data + 6, size - 6);
    if (!gsp_event_summarize(abi, function, exact, size - 6, &s) && (s.text[0] || s.xid))
        abort();
    for (const char *c = s.text; *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            abort();
    free(exact);
    return 0;
}
