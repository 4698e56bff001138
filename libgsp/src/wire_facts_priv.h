/* SPDX-License-Identifier: MIT */
/*
 * What changed on the wire between releases without any struct showing it.
 */
#ifndef GSP_WIRE_FACTS_PRIV_H
#define GSP_WIRE_FACTS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <nvrm/schema.h>

struct gsp_wire_facts {
    bool whole_sum;      /* the checksum covers whole elements */
    bool match_sequence; /* a reply carries the sequence number of its request */
    uint32_t gsp_engine; /* MC_ENGINE_IDX_GSP, the GSP's row in tables of interrupts */
    bool heartbeat;      /* GSP-RM and libos write the time into two mailboxes as they run */
};

struct gsp_wire_facts gsp_wire_facts_at(struct nvrm_abi abi);

#endif
