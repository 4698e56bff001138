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

bool
gsp_plan_is_same(const struct gsp_plan *plan)
{
    const struct gsp_op *op = plan->encode.ops;

    return plan->canon_bytes == plan->wire_bytes && plan->encode.count == 1 &&
           op->canon == op->wire && op->count == plan->wire_bytes;
}

/* Running plans */

typedef uint64_t two_words __attribute__((vector_size(16)));

static inline two_words
load_two(const uint8_t *p)
{
    two_words v;

    memcpy(&v, p, 16);
    return v;
}

static bool
all_zero(const uint8_t *p, uint32_t bytes)
{
    two_words any = {0, 0};
    uint64_t rest = 0;
    uint32_t i = 0;

    if (bytes < 8) {
        while (i < bytes)
            rest |= p[i++];
        return rest == 0;
    }
    for (; i + 64 <= bytes; i += 64)
        any |= (load_two(p + i) | load_two(p + i + 16)) |
               (load_two(p + i + 32) | load_two(p + i + 48));
    for (; i + 16 <= bytes; i += 16)
        any |= load_two(p + i);
    rest = gsp_load(p + bytes - 8, 8) | gsp_load(p + (bytes & ~7u) - 8, 8);
    return (any[0] | any[1] | rest) == 0;
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

/* What a union does for this value of its tag; no operations when the value has no case. */
static struct gsp_program
find_case(const struct gsp_op *op, uint64_t value, bool *found)
{
    const struct gsp_op *c = op + 2;

    for (uint32_t i = 0; i < op->count; i++, c += 1 + c->body) {
        if (c->count == value) {
            *found = true;
            return (struct gsp_program){c + 1, c->body};
        }
    }
    *found = false;
    return (struct gsp_program){NULL, 0};
}

static bool run_check(struct gsp_program program, const uint8_t *canon);

/* A union without a case for its tag must be empty. */
static bool
check_union(const struct gsp_op *op, const uint8_t *canon)
{
    bool found;
    const struct gsp_program program =
        find_case(op, gsp_load(canon + op[1].canon, op[1].canon_bytes), &found);

    return found ? run_check(program, canon + op->canon)
                 : all_zero(canon + op->canon, op->canon_stride);
}

/* One word in every element is the usual case. */
static bool
check_elements(const struct gsp_op *loop, const uint8_t *at, uint64_t *any)
{
    const struct gsp_op *op = loop + 1;
    uint64_t words = 0;
    bool ok = true;

    if (loop->body == 1 && op->kind == GSP_OP_EMPTY8) {
        for (uint32_t n = 0; n < loop->count; n++)
            words |= gsp_load(at + op->canon + (size_t)n * loop->canon_stride, 8);
        *any |= words & ((uint64_t)op->wire_stride << 32 | op->canon_stride);
        return true;
    }
    for (uint32_t n = 0; n < loop->count && ok; n++)
        ok = run_check((struct gsp_program){op, loop->body},
                       at + (size_t)n * loop->canon_stride);
    return ok;
}

/* The words under masks are only looked at together, at the end. */
static bool
run_check(struct gsp_program program, const uint8_t *canon)
{
    const struct gsp_op *end = program.ops + program.count;
    uint64_t any = 0;

    for (const struct gsp_op *op = program.ops; op < end; op++) {
        const uint8_t *at = canon + op->canon;

        if (op->kind == GSP_OP_EMPTY8) {
            any |= gsp_load(at, 8) & ((uint64_t)op->wire_stride << 32 | op->canon_stride);
        } else if (op->kind == GSP_OP_EMPTY) {
            if (!all_zero(at, op->count))
                return false;
        } else if (op->kind == GSP_OP_FIT) {
            if (!all_fit(op, at))
                return false;
        } else {
            if (!(op->kind == GSP_OP_SWITCH ? check_union(op, canon)
                                            : check_elements(op, at, &any)))
                return false;
            op += op->body;
        }
    }
    return any == 0;
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

/* Elements that are moved in a few short pieces. */
static void
move_elements(const struct gsp_op *loop, uint8_t *to, uint32_t to_stride, const uint8_t *from,
              uint32_t from_stride, bool encode)
{
    for (uint32_t n = 0; n < loop->count; n++, to += to_stride, from += from_stride) {
        for (const struct gsp_op *op = loop + 1; op <= loop + loop->body; op++) {
            uint8_t *at = to + (encode ? op->wire : op->canon);

            if (op->kind == GSP_OP_COPY)
                gsp_copy(at, from + (encode ? op->canon : op->wire), op->count);
            else
                memset(at, 0, op->count);
        }
    }
}

static void run_encode(struct gsp_program program, const uint8_t *canon, uint8_t *wire);
static void run_decode(struct gsp_program program, uint8_t *canon, const uint8_t *wire);

static void
encode_union(const struct gsp_op *op, const uint8_t *canon, uint8_t *wire)
{
    bool found;
    const struct gsp_program program =
        find_case(op, gsp_load(canon + op[1].canon, op[1].canon_bytes), &found);

    if (found)
        run_encode(program, canon + op->canon, wire + op->wire);
    else
        memset(wire + op->wire, 0, op->wire_stride);
}

static void
decode_union(const struct gsp_op *op, uint8_t *canon, const uint8_t *wire)
{
    bool found;
    const struct gsp_program program =
        find_case(op, gsp_load(wire + op[1].wire, op[1].wire_bytes), &found);

    if (found)
        run_decode(program, canon + op->canon, wire + op->wire);
    else
        memset(canon + op->canon, 0, op->canon_stride);
}

/* An operation that takes more than a copy. Returns the one before the next. */
static inline const struct gsp_op *
run_long(const struct gsp_op *op, uint8_t *target, uint8_t *to, const uint8_t *source,
         const uint8_t *from, const bool encode)
{
    const uint32_t to_stride = encode ? op->wire_stride : op->canon_stride;
    const uint32_t from_stride = encode ? op->canon_stride : op->wire_stride;
    const struct gsp_program body = {op + 1, op->body};

    switch (op->kind) {
    case GSP_OP_CONVERT:
        if (encode)
            encode_integers(op, from, to);
        else
            decode_integers(op, to, from);
        return op;
    case GSP_OP_PLAIN:
        move_elements(op, to, to_stride, from, from_stride, encode);
        break;
    case GSP_OP_SWITCH:
        if (encode)
            encode_union(op, source, target);
        else
            decode_union(op, target, source);
        break;
    default:
        for (uint32_t n = 0; n < op->count; n++, to += to_stride, from += from_stride) {
            if (encode)
                run_encode(body, from, to);
            else
                run_decode(body, to, from);
        }
    }
    return op + op->body;
}

/* One text for both ways, compiled twice: `encode` is a constant in each. */
static inline __attribute__((always_inline)) void
run(struct gsp_program program, uint8_t *target, const uint8_t *source, const bool encode)
{
    const struct gsp_op *end = program.ops + program.count;

    for (const struct gsp_op *op = program.ops; op < end; op++) {
        const uint8_t *from = source + (encode ? op->canon : op->wire);
        uint8_t *to = target + (encode ? op->wire : op->canon);

        /* branches that a processor learns, ahead of a jump that it must look up */
        if (op->kind == GSP_OP_RUN32) {
            memcpy(to, from, 32);
            continue;
        }
        if (op->kind == GSP_OP_RUN64) {
            memcpy(to, from, 64);
            continue;
        }
        if (op->kind == GSP_OP_ZERO8) {
            memset(to, 0, 8);
            continue;
        }
        switch (op->kind) {
        case GSP_OP_RUN16:
            memcpy(to, from, 16);
            break;
        case GSP_OP_COPY:
            gsp_copy(to, from, op->count);
            break;
        case GSP_OP_ZERO:
            memset(to, 0, op->count);
            break;
        default:
            op = run_long(op, target, to, source, from, encode);
        }
    }
}

static void
run_encode(struct gsp_program program, const uint8_t *canon, uint8_t *wire)
{
    run(program, wire, canon, true);
}

static void
run_decode(struct gsp_program program, uint8_t *canon, const uint8_t *wire)
{
    run(program, canon, wire, false);
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
