/* SPDX-License-Identifier: MIT */
/*
 * The codec: one slot per struct name, filled with a copy plan on first use, and the small
 * machine that runs plans.
 *
 * Two threads may build the same plan at once; the first to publish wins and the other throws
 * its own away, so a look-up is one atomic load.
 */
#include <errno.h>
#include <stdatomic.h>

#include "copy_priv.h"
#include "plan_priv.h"
#include "view_priv.h"

struct gsp_codec {
    struct nvrm_abi abi;
    const struct gsp_host *host;
    unsigned count;
    _Atomic(struct gsp_plan *) plans[];
};

int
gsp_codec_create(struct nvrm_abi abi, const struct gsp_host *host, struct gsp_codec **codec_out,
                 struct gsp_error *err)
{
    const unsigned count = nvrm_struct_count(abi.schema);
    struct gsp_codec *codec;

    if (abi.release >= nvrm_release_count(abi.schema))
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -EINVAL, "no such release");
    codec = gsp_host_alloc(host, sizeof(*codec) + count * sizeof(codec->plans[0]));
    if (!codec)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a codec");
    codec->abi = abi;
    codec->host = host;
    codec->count = count;
    *codec_out = codec;
    return 0;
}

void
gsp_codec_destroy(struct gsp_codec *codec)
{
    if (!codec)
        return;
    for (unsigned i = 0; i < codec->count; i++)
        gsp_host_free(codec->host,
                      atomic_load_explicit(&codec->plans[i], memory_order_relaxed));
    gsp_host_free(codec->host, codec);
}

static const struct gsp_plan *
build_plan(struct gsp_codec *codec, uint16_t row, struct gsp_error *err)
{
    const struct nvrm_layout *canon = nvrm_struct_canon(codec->abi.schema, row);
    const struct nvrm_layout *wire = nvrm_struct_at(codec->abi, row);
    const char *name = nvrm_struct_name(codec->abi.schema, row);
    struct gsp_plan *plan, *other = NULL;

    if (!canon || !wire) {
        gsp_fail(err, canon ? GSP_ORIGIN_RELEASE : GSP_ORIGIN_INPUT,
                 canon ? -EOPNOTSUPP : -EINVAL,
                 canon ? "release %s has no %s" : "release %s: %s has no C type",
                 nvrm_release_name(codec->abi.schema, codec->abi.release), name);
        return NULL;
    }
    plan = gsp_plan_create(codec->abi, codec->host, canon, wire, err);
    if (!plan)
        return NULL;
    if (atomic_compare_exchange_strong_explicit(&codec->plans[row], &other, plan,
                                                memory_order_acq_rel, memory_order_acquire))
        return plan;
    gsp_host_free(codec->host, plan);
    return other;
}

const struct gsp_plan *
gsp_codec_plan(struct gsp_codec *codec, uint16_t struct_row, struct gsp_error *err)
{
    const struct gsp_plan *plan;

    if (struct_row >= codec->count) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "no such struct");
        return NULL;
    }
    plan = atomic_load_explicit(&codec->plans[struct_row], memory_order_acquire);
    return plan ? plan : build_plan(codec, struct_row, err);
}

size_t
gsp_plan_wire_bytes(const struct gsp_plan *plan)
{
    return plan->wire_bytes;
}

size_t
gsp_plan_canon_bytes(const struct gsp_plan *plan)
{
    return plan->canon_bytes;
}

/* Running plans
 * ------------------------------------------------------------------------------------------------------------
 */

static bool
all_zero(const uint8_t *p, size_t bytes)
{
    uint64_t any = 0, word = 0;

    for (; bytes >= 8; bytes -= 8, p += 8) {
        memcpy(&word, p, 8);
        any |= word;
    }
    word = 0;
    for (; bytes; bytes--, p++)
        any |= *p;
    return any == 0;
}

static bool
all_fit(const struct gsp_op *op, const uint8_t *canon)
{
    const unsigned bits = op->bit_len ? op->bit_len : op->wire_bytes * 8u;

    for (uint32_t i = 0; i < op->count; i++, canon += op->canon_bytes) {
        const uint64_t value = gsp_load(canon, op->canon_bytes);
        const uint64_t wide = gsp_sign_extend(value, op->canon_bytes * 8u);

        if (op->is_signed ? gsp_sign_extend(value, bits) != wide : value > gsp_mask(bits))
            return false;
    }
    return true;
}

static bool
run_check(struct gsp_program program, const uint8_t *canon)
{
    for (uint32_t i = 0; i < program.count; i++) {
        const struct gsp_op *op = &program.ops[i];

        if (op->kind == GSP_OP_LOOP) {
            const struct gsp_program body = {op + 1, op->body};

            for (uint32_t n = 0; n < op->count; n++)
                if (!run_check(body, canon + op->canon + (size_t)n * op->canon_stride))
                    return false;
            i += op->body;
        } else if (op->kind == GSP_OP_EMPTY ? !all_zero(canon + op->canon, op->count)
                                            : !all_fit(op, canon + op->canon)) {
            return false;
        }
    }
    return true;
}

static void
encode_integers(const struct gsp_op *op, const uint8_t *canon, uint8_t *wire)
{
    for (uint32_t i = 0; i < op->count; i++, canon += op->canon_bytes, wire += op->wire_bytes) {
        uint64_t value = gsp_load(canon, op->canon_bytes);

        if (op->bit_len) {
            const uint64_t mask = gsp_mask(op->bit_len) << op->bit_off;

            value = (gsp_load(wire, op->wire_bytes) & ~mask) | ((value << op->bit_off) & mask);
        } else if (op->is_signed) {
            value = gsp_sign_extend(value, op->canon_bytes * 8u);
        }
        gsp_store(wire, op->wire_bytes, value);
    }
}

static void
decode_integers(const struct gsp_op *op, uint8_t *canon, const uint8_t *wire)
{
    const unsigned bits = op->bit_len ? op->bit_len : op->wire_bytes * 8u;

    for (uint32_t i = 0; i < op->count; i++, canon += op->canon_bytes, wire += op->wire_bytes) {
        uint64_t value = (gsp_load(wire, op->wire_bytes) >> op->bit_off) & gsp_mask(bits);

        if (op->is_signed)
            value = gsp_sign_extend(value, bits);
        gsp_store(canon, op->canon_bytes, value);
    }
}

static void
run_encode(struct gsp_program program, const uint8_t *canon, uint8_t *wire)
{
    for (uint32_t i = 0; i < program.count; i++) {
        const struct gsp_op *op = &program.ops[i];

        switch (op->kind) {
        case GSP_OP_COPY:
            gsp_copy(wire + op->wire, canon + op->canon, op->count);
            break;
        case GSP_OP_CONVERT:
            encode_integers(op, canon + op->canon, wire + op->wire);
            break;
        case GSP_OP_ZERO:
            memset(wire + op->wire, 0, op->count);
            break;
        default:
            for (uint32_t n = 0; n < op->count; n++)
                run_encode((struct gsp_program){op + 1, op->body},
                           canon + op->canon + (size_t)n * op->canon_stride,
                           wire + op->wire + (size_t)n * op->wire_stride);
            i += op->body;
        }
    }
}

static void
run_decode(struct gsp_program program, uint8_t *canon, const uint8_t *wire)
{
    for (uint32_t i = 0; i < program.count; i++) {
        const struct gsp_op *op = &program.ops[i];

        switch (op->kind) {
        case GSP_OP_COPY:
            gsp_copy(canon + op->canon, wire + op->wire, op->count);
            break;
        case GSP_OP_CONVERT:
            decode_integers(op, canon + op->canon, wire + op->wire);
            break;
        case GSP_OP_ZERO:
            memset(canon + op->canon, 0, op->count);
            break;
        default:
            for (uint32_t n = 0; n < op->count; n++)
                run_decode((struct gsp_program){op + 1, op->body},
                           canon + op->canon + (size_t)n * op->canon_stride,
                           wire + op->wire + (size_t)n * op->wire_stride);
            i += op->body;
        }
    }
}

int
gsp_encode(const struct gsp_plan *plan, const void *canon, void *wire, size_t wire_cap,
           struct gsp_error *err)
{
    if (wire_cap < plan->wire_bytes)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOSPC,
                        "%s is %u bytes at %s, only %zu are there",
                        nvrm_str(plan->abi.schema, plan->wire->name), plan->wire_bytes,
                        nvrm_release_name(plan->abi.schema, plan->abi.release), wire_cap);
    if (plan->check.count && !run_check(plan->check, canon))
        return gsp_plan_explain(plan, canon, err);
    run_encode(plan->encode, canon, wire);
    return 0;
}

int
gsp_decode(const struct gsp_plan *plan, const void *wire, size_t wire_bytes, void *canon,
           struct gsp_error *err)
{
    if (wire_bytes < plan->wire_bytes)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "%s is %u bytes at %s, only %zu came",
                        nvrm_str(plan->abi.schema, plan->wire->name), plan->wire_bytes,
                        nvrm_release_name(plan->abi.schema, plan->abi.release), wire_bytes);
    run_decode(plan->decode, canon, wire);
    return 0;
}
