/* SPDX-License-Identifier: MIT */
/*
 * Rules of the queues and of RPC that no struct layout shows, one row a stretch of releases.
 * Found by comparing message_queue_cpu.c and kernel_gsp.c of all releases:
 * GspMsgQueueSendCommand/GspMsgQueueReceiveStatus for the checksum's span, and the drain loop
 * of kernel_gsp.c for what a reply is matched by (a backport to 570, then 580 and its
 * descendants; 575 never had it).
 */
#include <stddef.h>
#include <stdlib.h>

#include "wire_facts_priv.h"

enum rule { WHOLE_SUM, MATCH_SEQUENCE, HEARTBEAT, ENGINES_550 };

struct row {
    enum rule rule;
    const char *from, *before; /* release numbers; before is not included */
};

static const struct row rows[] = {
    {WHOLE_SUM,      "535.86.05", "535.161.07"},
    {WHOLE_SUM,      "545",       "550"       },
    {MATCH_SEQUENCE, "570.190",   "571"       },
    {MATCH_SEQUENCE, "580.82.07", "9999"      },
    {HEARTBEAT,      "595.44.02", "9999"      },
    {ENGINES_550,    "550",       "9999"      }, /* kernel/gpu/intr/engine_idx.h */
};

/* "535.86.05" as one number that orders as releases do. */
static unsigned long
release_number(const char *name)
{
    unsigned long number = 0;

    for (unsigned i = 0; i < 3; i++) {
        char *end;
        const unsigned long part = strtoul(name, &end, 10);

        number = number * 10000 + (part < 9999 ? part : 9999);
        name = *end == '.' ? end + 1 : end;
    }
    return number;
}

static bool
holds(enum rule rule, unsigned long number)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].rule == rule && number >= release_number(rows[i].from) &&
            number < release_number(rows[i].before))
            return true;
    return false;
}

struct gsp_wire_facts
gsp_wire_facts_at(struct nvrm_abi abi)
{
    const unsigned long number = release_number(nvrm_release_name(abi.schema, abi.release));

    return (struct gsp_wire_facts){.whole_sum = holds(WHOLE_SUM, number),
                                   .match_sequence = holds(MATCH_SEQUENCE, number),
                                   .heartbeat = holds(HEARTBEAT, number),
                                   .gsp_engine = holds(ENGINES_550, number) ? 50 : 49};
}
