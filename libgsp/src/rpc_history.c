/* SPDX-License-Identifier: MIT */
/*
 * The last calls with their times: what a crash report and a timeout show.
 */
#include <stdio.h>
#include <string.h>

#include "rpc_priv.h"

struct gsp_rpc_record *
rpc_history_add(struct rpc_history *h, uint32_t function, uint32_t sequence, uint32_t bytes,
                const uint32_t data[2], uint64_t now_ns)
{
    struct gsp_rpc_record *r = &h->ring[h->made++ % GSP_RPC_HISTORY];

    *r = (struct gsp_rpc_record){
        .start_ns = now_ns,
        .function = function,
        .sequence = sequence,
        .result = GSP_RPC_PENDING,
        .bytes = bytes,
        .data = {data[0], data[1]}
    };
    return r;
}

/* i-th newest record; NULL past the oldest that is kept. */
static const struct gsp_rpc_record *
record_at(const struct rpc_history *h, uint64_t i)
{
    if (i >= h->made || i >= GSP_RPC_HISTORY)
        return NULL;
    return &h->ring[(h->made - 1 - i) % GSP_RPC_HISTORY];
}

struct gsp_rpc_record *
rpc_history_unanswered(struct rpc_history *h, uint32_t function, bool match, uint32_t sequence)
{
    const struct gsp_rpc_record *r;

    for (unsigned i = 0; (r = record_at(h, i)); i++)
        if (!r->end_ns && r->function == function && (!match || r->sequence == sequence))
            return (struct gsp_rpc_record *)r;
    return NULL;
}

unsigned
rpc_history_copy(const struct rpc_history *h, struct gsp_rpc_record *out, unsigned max)
{
    unsigned count = 0;

    while (count < max && record_at(h, count))
        count++;
    for (unsigned i = 0; i < count; i++)
        out[i] = *record_at(h, count - 1 - i);
    return count;
}

const char *
rpc_name(struct nvrm_abi abi, uint32_t function)
{
    const struct nvrm_rpc *rpc = nvrm_rpc_by_id(abi, function);

    return rpc ? nvrm_str(abi.schema, rpc->name) : "function";
}

static int
record_text(const struct gsp_rpc_record *r, struct nvrm_abi abi, char *text, size_t bytes)
{
    const char *name = rpc_name(abi, r->function);

    if (!r->end_ns)
        return snprintf(text, bytes, "%s (%u) 0x%x unanswered", name, r->function, r->data[0]);
    return snprintf(text, bytes, "%s (%u) 0x%x %llu us", name, r->function, r->data[0],
                    (unsigned long long)((r->end_ns - r->start_ns) / 1000));
}

void
rpc_history_text(const struct rpc_history *h, struct nvrm_abi abi,
                 const struct gsp_rpc_record *skip, char *text, size_t text_bytes)
{
    const struct gsp_rpc_record *r;
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; (r = record_at(h, i)); i++) {
        char one[128];
        int n;

        if (r == skip)
            continue;
        n = record_text(r, abi, one, sizeof(one));
        if (n < 0 || used + (size_t)n + 3 > text_bytes)
            break;
        used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", used ? ", " : "", one);
    }
}
