/* SPDX-License-Identifier: MIT */
/*
 * Rules of the queues and of RPC that no struct layout shows, one row a change, keyed by points
 * of the release tree. Found by comparing message_queue_cpu.c and kernel_gsp.c of all releases:
 * GspMsgQueueSendCommand/GspMsgQueueReceiveStatus for the checksum's span, and the drain loop
 * of kernel_gsp.c for what a reply is matched by.
 */
#include <stddef.h>
#include <string.h>

#include "wire_facts_priv.h"

static const struct gsp_wire_facts wire_facts[] = {
    {"535.54.03",  .whole_sum = false, .match_sequence = false},
    {"535.86.05",  .whole_sum = true,  .match_sequence = false},
    {"535.161.07", .whole_sum = false, .match_sequence = false},
    {"550.54.14",  .whole_sum = false,
     .match_sequence = false                                  }, /* 545 descends from 535.86.05 */
    {"570.190",    .whole_sum = false, .match_sequence = true },
    {"580.82.07",  .whole_sum = false, .match_sequence = true },
};

static const struct gsp_wire_facts *
find_row(const char *release)
{
    for (size_t i = 0; i < sizeof(wire_facts) / sizeof(wire_facts[0]); i++)
        if (!strcmp(wire_facts[i].since, release))
            return &wire_facts[i];
    return NULL;
}

const struct gsp_wire_facts *
gsp_wire_facts_at(struct nvrm_abi abi)
{
    /* A tree has no cycles, but a damaged table might. */
    for (unsigned hops = 0; abi.release != NVRM_NO_RELEASE && hops < 256; hops++) {
        const struct gsp_wire_facts *row = find_row(nvrm_release_name(abi.schema, abi.release));

        if (row)
            return row;
        abi.release = nvrm_release_parent(abi.schema, abi.release);
    }
    return &wire_facts[0];
}
