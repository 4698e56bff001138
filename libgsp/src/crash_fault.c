/* SPDX-License-Identifier: MIT */
/*
 * What the message of an Xid says: the engine, client, kind and address of an MMU fault, the
 * unit and the exception registers of a shader, the method of a class error, a link.
 *
 * The words come from the firmware and changed often; each part is looked for by itself.
 */
#include "crash_lines.h"

static bool
take_word(struct cursor *c, struct gsp_crash_span *out)
{
    const char *first = c->p;

    while (c->p < c->end && is_name(*c->p))
        c->p++;
    *out = (struct gsp_crash_span){first, (size_t)(c->p - first)};
    return out->bytes > 0;
}

/* "0x7f7b_2ac00000" */
static bool
take_address(struct cursor *c, uint64_t *out)
{
    uint64_t high, low;

    if (!crash_take_digits(c, &high))
        return false;
    if (take(c, "_") && crash_take_digits(c, &low) && low <= UINT32_MAX)
        high = high << 32 | low;
    *out = high;
    return true;
}

/* "MMU Fault: ENGINE GRAPHICS GPC0 GPCCLIENT_T1_0 faulted @ 0x... Fault is of type FAULT_PDE
 * ACCESS_TYPE_VIRT_READ" */
static void
read_mmu(struct cursor c, struct gsp_crash_fault *f)
{
    struct cursor n = c;
    struct gsp_crash_span client;

    if (take_past(&n, "ENGINE ") && take_word(&n, &f->engine) && take(&n, " ") &&
        take_until(&n, " faulted @ ", &client)) {
        f->client = client;
        for (size_t i = 0; i < client.bytes; i++)
            if (client.text[i] == ' ')
                f->client = (struct gsp_crash_span){client.text + i + 1, client.bytes - i - 1};
    }
    n = c;
    if (take_past(&n, " faulted @ "))
        f->has_address = take_address(&n, &f->address);
    n = c;
    if (take_past(&n, "Fault is of type ") && take_word(&n, &f->type)) {
        take(&n, " ");
        take_word(&n, &f->access);
    }
}

/* "ESR 0x504730=0xc01000e 0x504734=0x20" */
static void
read_esr(struct cursor c, struct gsp_crash_fault *f)
{
    uint64_t reg, value;

    if (!take_past(&c, "ESR "))
        return;
    while (f->esrs < GSP_CRASH_ESRS && take_hex(&c, &reg) && take(&c, "=") &&
           take_hex(&c, &value)) {
        f->esr[f->esrs].reg = (uint32_t)reg;
        f->esr[f->esrs].value = (uint32_t)value;
        f->esrs++;
        skip_blanks(&c);
    }
}

/* "Graphics SM Warp Exception on (GPC 0, TPC 1, SM 0): Out Of Range Address" */
static void
read_unit(struct cursor c, struct gsp_crash_fault *f)
{
    struct cursor n = c;

    if (!take_past(&n, "(GPC ") || !take_until(&n, ")", &f->unit))
        return;
    f->unit.text -= 4;
    f->unit.bytes += 4;
    if (take(&n, ": "))
        f->what = rest(&n);
}

/* The first of the words that has a number behind it, wherever it stands. */
static bool
number_behind(struct cursor c, const char *const *words, uint64_t *out)
{
    for (; *words; words++) {
        for (struct cursor n = c; take_past(&n, *words);) {
            struct cursor end = n;

            if (crash_take_digits(&end, out) && (end.p == end.end || !is_name(*end.p)))
                return true;
        }
    }
    return false;
}

void
gsp_crash_fault(struct gsp_crash_span message, struct gsp_crash_fault *out)
{
    static const char *const channels[] = {"ChID ",      "ChId ", "Channel ID ",
                                           "channel 0x", "Ch ",   NULL};
    static const char *const classes[] = {"Class ", NULL};
    static const char *const offsets[] = {"Offset ", NULL};
    const struct cursor c = {message.text, message.text + message.bytes};
    struct cursor n = c;

    memset(out, 0, sizeof(*out));
    read_mmu(c, out);
    read_esr(c, out);
    read_unit(c, out);
    out->has_channel = number_behind(c, channels, &out->channel);
    out->has_class = number_behind(c, classes, &out->class_id);
    out->has_method = number_behind(c, offsets, &out->method);
    if (take_past(&n, "on link ") || (n = c, take_past(&n, "Link ")))
        out->has_link = take_u32(&n, &out->link);
    n = c;
    if (take_past(&n, "recovery action changed from ") && take_past(&n, " to 0x") &&
        take_past(&n, "(") && !take_until(&n, ")", &out->action))
        out->action = (struct gsp_crash_span){0};
}
