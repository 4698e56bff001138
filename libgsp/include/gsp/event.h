/* SPDX-License-Identifier: MIT */
/**
 * What GSP-RM reports of its own accord, by name and in words: Xids, channel errors, records
 * for the crash journal.
 *
 * Payloads are the peer's bytes, in the release's layout, and of any length. Any thread may
 * call.
 */
#ifndef GSP_EVENT_H
#define GSP_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nvrm/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/** "OS_ERROR_LOG"; NULL for a number that is no event at this release. */
const char *gsp_event_name(struct nvrm_abi abi, uint32_t function);

/** The struct that an event's payload holds. NULL: not known. The params that RM declares for
 * GSP_POST_NOCAT_RECORD are one word; what it sends is the record. */
const struct nvrm_layout *gsp_event_layout(struct nvrm_abi abi, uint32_t function);

struct gsp_event_summary {
    uint32_t xid; /* 0: the event is not about an Xid */
    char text[200];
};
/** "Xid 79: GPU has fallen off the bus". False, and an empty text, when nothing is known of
 * such events or the payload is too short for what it should hold. Control characters are
 * dots. */
bool gsp_event_summarize(struct nvrm_abi abi, uint32_t function, const void *payload,
                         size_t payload_bytes, struct gsp_event_summary *out);

#ifdef __cplusplus
}
#endif
#endif
