/* SPDX-License-Identifier: MIT */
/*
 * pcapng: a section header, an interface for every section of the trace, and a packet for every
 * record, which holds it as it lies in the trace. The link type is the first of those that are
 * left to users; trace dissector writes what Wireshark needs to read it.
 */
#include <string.h>

#include "trace_verbs.h"

enum {
    SECTION_HEADER = 0x0a0d0d0a,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    INTERFACE = 1,
    PACKET = 6,
    LINKTYPE_USER0 = 147,
    OPT_IF_NAME = 2,
    OPT_IF_DESCRIPTION = 3,
    OPT_IF_TSRESOL = 9,
    NANOSECONDS = 9,
};

static void
put32(struct gsp_text *out, uint32_t value)
{
    gsp_text_add(out, (const char *)&value, 4);
}

static void
put16(struct gsp_text *out, uint16_t value)
{
    gsp_text_add(out, (const char *)&value, 2);
}

static void
pad(struct gsp_text *out, size_t bytes)
{
    gsp_text_add(out, "\0\0\0", -bytes & 3);
}

/* A block ends in its length, which stands at its start as well. */
static size_t
begin_block(struct gsp_text *out, uint32_t type)
{
    const size_t start = out->bytes;

    put32(out, type);
    put32(out, 0);
    return start;
}

static void
end_block(struct gsp_text *out, size_t start)
{
    const uint32_t bytes = (uint32_t)(out->bytes - start + 4);

    put32(out, bytes);
    if (out->rc == 0)
        memcpy(out->data + start + 4, &bytes, 4);
}

static void
put_option(struct gsp_text *out, uint16_t code, const void *data, size_t bytes)
{
    put16(out, code);
    put16(out, (uint16_t)bytes);
    gsp_text_add(out, data, bytes);
    pad(out, bytes);
}

void
pcapng_begin(struct gsp_text *out)
{
    const size_t start = begin_block(out, SECTION_HEADER);

    put32(out, BYTE_ORDER_MAGIC);
    put16(out, 1);
    put16(out, 0);
    put32(out, UINT32_MAX); /* the section's length is not known */
    put32(out, UINT32_MAX);
    end_block(out, start);
}

void
pcapng_interface(struct gsp_text *out, const struct gsp_trace_section *section)
{
    const uint8_t resolution = NANOSECONDS;
    const size_t start = begin_block(out, INTERFACE);
    char text[160];

    snprintf(text, sizeof(text), "GSP-RM %s on %s", section->release, section->chip);
    put16(out, LINKTYPE_USER0);
    put16(out, 0);
    put32(out, 0); /* no limit on packets */
    put_option(out, OPT_IF_NAME, section->transport, strlen(section->transport));
    put_option(out, OPT_IF_DESCRIPTION, text, strlen(text));
    put_option(out, OPT_IF_TSRESOL, &resolution, 1);
    put32(out, 0); /* end of options */
    end_block(out, start);
}

void
pcapng_packet(struct gsp_text *out, unsigned interface, uint64_t time_ns, const void *data,
              size_t bytes)
{
    const size_t start = begin_block(out, PACKET);

    put32(out, interface);
    put32(out, (uint32_t)(time_ns >> 32));
    put32(out, (uint32_t)time_ns);
    put32(out, (uint32_t)bytes);
    put32(out, (uint32_t)bytes);
    gsp_text_add(out, data, bytes);
    pad(out, bytes);
    end_block(out, start);
}
