/* SPDX-License-Identifier: MIT */
/*
 * What changed on the wire between releases without any struct showing it.
 */
#ifndef GSP_WIRE_FACTS_PRIV_H
#define GSP_WIRE_FACTS_PRIV_H

#include <stdbool.h>

#include <nvrm/schema.h>

struct gsp_wire_facts {
    bool whole_sum;      /* the checksum covers whole elements */
    bool match_sequence; /* a reply carries the sequence number of its request */
    bool heartbeat;      /* GSP-RM and libos write the time into two mailboxes as they run */
};

struct gsp_wire_facts gsp_wire_facts_at(struct nvrm_abi abi);

#endif
