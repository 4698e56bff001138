/* SPDX-License-Identifier: MIT */
/*
 * What GSP-RM asks of the CPU while it starts: to run a list of register operations (the CPU
 * sequencer, before 595) or to start ucode on the GSP itself (from 595 on). In both it gives up
 * its core and is resumed through SEC2. Follows kernel_gsp.c, rmgspseq.h and
 * kernel_gsp_falcon_{tu102,ga102}.c. Every number comes from the peer and is bounded.
 */
#include <errno.h>
#include <string.h>

#include "boot_priv.h"
#include "wire_set_priv.h"

enum {
    BAR0_BYTES = 1 << 24,
    SEQ_HEAD_WORDS = 10, /* size, index, save area */
    SEQ_SAVED = 8,
    DELAY_US_MAX = 1000000,
    NOT_STARTED = 0xfe, /* FLCN_ERR_BINARY_NOT_STARTED: flcnretval.h */
    APERTURES = 8,
    ADDR_FBMEM = 2,    /* mem_desc.h */
    MEMORY_CACHED = 0, /* nv_memory_type.h */
};
#define NO_DMEM_VA 0xffffffffu
#define SUSPENDED  0x80000000u

/* Core */

/* SEC2 still holds booter's resident part, which reloads GSP-RM. */
static int
core_resume(struct gsp_boot *b, struct gsp_error *err)
{
    const uint32_t sec2_mailbox = boot_sec2.base + NV_PFALCON_FALCON_MAILBOX0;
    int rc = falcon_reset_into_riscv(b, &boot_gsp, err);

    if (rc < 0)
        return rc;
    falcon_mailboxes(b, &boot_gsp, b->rm->libos.bus_addr);
    falcon_start(b, &boot_sec2);
    rc = boot_poll(b, NV_PGC6_BSI_SECURE_SCRATCH_14,
                   NV_PGC6_BSI_SECURE_SCRATCH_14_BOOT_STAGE_3_HANDOFF__MASK,
                   NV_PGC6_BSI_SECURE_SCRATCH_14_BOOT_STAGE_3_HANDOFF__MASK,
                   "SEC2 does not resume GSP-RM", err);
    if (rc == 0 && boot_rd(b, sec2_mailbox))
        rc = boot_fail_reg(b, sec2_mailbox, -EPROTO, "SEC2 could not resume GSP-RM", err);
    return rc < 0 ? rc : boot_riscv_active(b, err);
}

static int
wait_suspended(struct gsp_boot *b, struct gsp_error *err)
{
    return boot_poll(b, boot_gsp.base + NV_PFALCON_FALCON_MAILBOX0, SUSPENDED, SUSPENDED,
                     "GSP-RM does not give up its core", err);
}

static int
run_and_resume(struct gsp_boot *b, struct gsp_error *err)
{
    int rc;

    falcon_start(b, &boot_gsp);
    rc = falcon_wait_halt(b, &boot_gsp, err);
    return rc < 0 ? rc : core_resume(b, err);
}

/* The CPU sequencer */

enum seq_op {
    SEQ_REG_WRITE,
    SEQ_REG_MODIFY,
    SEQ_REG_POLL,
    SEQ_DELAY_US,
    SEQ_REG_STORE,
    SEQ_CORE_RESET,
    SEQ_CORE_START,
    SEQ_CORE_WAIT_FOR_HALT,
    SEQ_CORE_RESUME,
    SEQ_OPS,
};
static const uint8_t seq_operands[SEQ_OPS] = {
    [SEQ_REG_WRITE] = 2, [SEQ_REG_MODIFY] = 3, [SEQ_REG_POLL] = 5,
    [SEQ_DELAY_US] = 1,  [SEQ_REG_STORE] = 2,
};

static int
seq_bad(const char *what, uint32_t at, struct gsp_error *err)
{
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "CPU sequencer, word %u: %s", at, what);
}

static int
seq_poll(struct gsp_boot *b, const uint32_t *p, struct gsp_error *err)
{
    const uint64_t whole_ns = b->deadline_ns;
    int rc;

    if (p[3])
        b->deadline_ns = boot_now_ns(b) + p[3] * UINT64_C(1000);
    if (b->deadline_ns > whole_ns)
        b->deadline_ns = whole_ns;
    rc = boot_poll(b, p[0], p[1], p[2], "the CPU sequencer's poll", err);
    b->deadline_ns = whole_ns;
    return rc;
}

static int
seq_core(struct gsp_boot *b, enum seq_op op, struct gsp_error *err)
{
    int rc;

    switch (op) {
    case SEQ_CORE_RESET:
        rc = falcon_reset(b, &boot_gsp, err);
        if (rc == 0)
            falcon_disable_ctx(b, &boot_gsp);
        return rc;
    case SEQ_CORE_START:
        falcon_start(b, &boot_gsp);
        return 0;
    case SEQ_CORE_WAIT_FOR_HALT:
        return falcon_wait_halt(b, &boot_gsp, err);
    default:
        return core_resume(b, err);
    }
}

static int
seq_execute(struct gsp_boot *b, enum seq_op op, const uint32_t *p, struct gsp_error *err)
{
    switch (op) {
    case SEQ_REG_WRITE:
        boot_wr(b, p[0], p[1]);
        return 0;
    case SEQ_REG_MODIFY:
        boot_wr(b, p[0], (boot_rd(b, p[0]) & ~p[1]) | p[2]);
        return 0;
    case SEQ_REG_POLL:
        return seq_poll(b, p, err);
    case SEQ_DELAY_US:
        gsp_host_sleep_ns(b->host,
                          (p[0] < DELAY_US_MAX ? p[0] : DELAY_US_MAX) * UINT64_C(1000));
        return 0;
    case SEQ_REG_STORE:
        boot_rd(b, p[0]);
        return 0;
    default:
        return seq_core(b, op, err);
    }
}

static bool
takes_register(enum seq_op op)
{
    return op == SEQ_REG_WRITE || op == SEQ_REG_MODIFY || op == SEQ_REG_POLL ||
           op == SEQ_REG_STORE;
}

static int
run_sequencer(struct gsp_boot *b, const uint32_t *words, uint32_t count, struct gsp_error *err)
{
    uint32_t at = SEQ_HEAD_WORDS, end;

    if (count < SEQ_HEAD_WORDS || words[1] > count - SEQ_HEAD_WORDS)
        return seq_bad("the list is longer than its message", 0, err);
    end = SEQ_HEAD_WORDS + words[1];
    while (at < end) {
        const uint32_t op = words[at++];
        int rc;

        if (op >= SEQ_OPS)
            return seq_bad("no such operation", at - 1, err);
        if (seq_operands[op] > end - at)
            return seq_bad("operands are missing", at - 1, err);
        if (takes_register(op) && (words[at] >= BAR0_BYTES || words[at] % 4))
            return seq_bad("no such register", at, err);
        if (op == SEQ_REG_STORE && words[at + 1] >= SEQ_SAVED)
            return seq_bad("no such place to save to", at + 1, err);
        rc = seq_execute(b, (enum seq_op)op, words + at, err);
        if (rc < 0)
            return rc;
        at += seq_operands[op];
    }
    return 0;
}

/* Ucode on the GSP, from 595 on */

/* A scalar of an event's struct. Errors stick. */
struct reader {
    struct nvrm_abi abi;
    const struct nvrm_layout *layout;
    const struct gsp_event *event;
    struct gsp_error *err;
    int rc;
};

static void
open_params(struct reader *r, struct gsp_boot *b, const struct gsp_event *event,
            const char *name, struct gsp_error *err)
{
    *r = (struct reader){b->config.rm.abi, nvrm_struct_find(b->config.rm.abi, name), event, err,
                         0};
    if (!r->layout || event->payload_bytes < r->layout->size)
        r->rc = gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "event 0x%x: %zu bytes, %s has %u",
                         event->function, event->payload_bytes, name,
                         r->layout ? r->layout->size : 0);
}

static uint64_t
get(struct reader *r, const char *path)
{
    uint32_t offset, bytes;
    uint64_t value = 0;

    if (r->rc < 0)
        return 0;
    if (!wire_find(r->abi, r->layout, path, &offset, &bytes) || bytes > sizeof(value)) {
        r->rc = gsp_fail(r->err, GSP_ORIGIN_RELEASE, -ENOENT, "no field %s", path);
        return 0;
    }
    memcpy(&value, (const uint8_t *)r->event->payload + offset, bytes);
    return value;
}

static int
load_exec_hs(struct gsp_boot *b, const struct gsp_event *event, struct gsp_error *err)
{
    struct reader r;
    struct falcon_dma code, data;
    struct boot_pkc pkc;
    uint32_t va, aperture = boot_gsp.fbif + NV_PFALCON_FBIF_TRANSCFG(0);
    int rc;

    open_params(&r, b, event, "GspLoadExecHsBinaryParams", err);
    va = (uint32_t)get(&r, "ucodeImemVA");
    code = (struct falcon_dma){get(&r, "imemPhysAddr"),
                               (uint32_t)get(&r, "ucodeImemPA"),
                               va,
                               (uint32_t)get(&r, "ucodeImemSize"),
                               true,
                               false};
    data = (struct falcon_dma){get(&r, "dmemPhysAddr"),
                               (uint32_t)get(&r, "ucodeDmemPA"),
                               (uint32_t)get(&r, "ucodeDmemVA"),
                               (uint32_t)get(&r, "ucodeDmemSize"),
                               false,
                               true};
    pkc = (struct boot_pkc){(uint32_t)get(&r, "hsSigDmemAddr"),
                            (uint32_t)get(&r, "engineIdMask"), (uint32_t)get(&r, "ucodeId")};
    if (data.memory_off == NO_DMEM_VA)
        data.memory_off = 0, data.tag = false;
    rc = r.rc < 0 ? r.rc : wait_suspended(b, err);
    if (rc == 0 && (code.bytes > BAR0_BYTES || data.bytes > BAR0_BYTES))
        rc = gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "ucode of %u and %u bytes",
                      code.bytes, data.bytes);
    if (rc == 0)
        rc = falcon_reset(b, &boot_gsp, err);
    if (rc < 0)
        return rc;
    falcon_disable_ctx(b, &boot_gsp);
    falcon_aperture(b, &boot_gsp, 0, NV_PFALCON_FBIF_TRANSCFG_TARGET_LOCAL_FB);
    boot_wr(b, aperture,
            NVRM_PUT(boot_rd(b, aperture), NV_PFALCON_FBIF_TRANSCFG_ENGINE_ID_FLAG,
                     NV_PFALCON_FBIF_TRANSCFG_ENGINE_ID_FLAG_BAR2_FN0));
    rc = falcon_dma_load(b, &boot_gsp, &code, err);
    if (rc == 0)
        rc = falcon_dma_load(b, &boot_gsp, &data, err);
    if (rc < 0)
        return rc;
    boot_pkc(b, &boot_gsp, &pkc);
    boot_wr(b, boot_gsp.base + NV_PFALCON_FALCON_MAILBOX0, NOT_STARTED);
    boot_wr(b, boot_gsp.base + NV_PFALCON_FALCON_BOOTVEC, va);
    return run_and_resume(b, err);
}

static uint32_t
aperture_target(uint64_t addr_space, uint64_t cache)
{
    if (addr_space == ADDR_FBMEM)
        return NV_PFALCON_FBIF_TRANSCFG_TARGET_LOCAL_FB;
    return cache == MEMORY_CACHED ? NV_PFALCON_FBIF_TRANSCFG_TARGET_COHERENT_SYSMEM
                                  : NV_PFALCON_FBIF_TRANSCFG_TARGET_NONCOHERENT_SYSMEM;
}

static int
load_exec_bl(struct gsp_boot *b, const struct gsp_event *event, struct gsp_error *err)
{
    struct reader r;
    uint32_t aperture, desc_bytes, target, saved;
    int rc;

    open_params(&r, b, event, "GspLoadExecGenericBootloaderParams", err);
    aperture = (uint32_t)get(&r, "dmemDesc.ctxDma");
    desc_bytes = (uint32_t)get(&r, "dmemDescSize");
    target = aperture_target(get(&r, "addrSpace"), get(&r, "cpuCacheAttrib"));
    if (r.rc < 0)
        return r.rc;
    if (aperture >= APERTURES || desc_bytes > r.layout->size || desc_bytes % 4)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "bootloader arguments: aperture %u, %u bytes", aperture, desc_bytes);
    rc = wait_suspended(b, err);
    if (rc == 0)
        rc = falcon_reset(b, &boot_gsp, err);
    if (rc < 0)
        return rc;
    falcon_disable_ctx(b, &boot_gsp);
    saved = boot_rd(b, boot_gsp.fbif + NV_PFALCON_FBIF_TRANSCFG(aperture));
    falcon_aperture(b, &boot_gsp, aperture, target);
    rc = boot_load_generic_bl(b, &boot_gsp, event->payload, desc_bytes, err);
    if (rc < 0)
        return rc;
    boot_wr(b, boot_gsp.base + NV_PFALCON_FALCON_MAILBOX0, NOT_STARTED);
    falcon_start(b, &boot_gsp);
    rc = falcon_wait_halt(b, &boot_gsp, err);
    boot_wr(b, boot_gsp.fbif + NV_PFALCON_FBIF_TRANSCFG(aperture), saved);
    return rc < 0 ? rc : core_resume(b, err);
}

int
boot_event(struct gsp_boot *b, const struct gsp_event *event, struct gsp_error *err)
{
    const struct nvrm_abi abi = b->config.rm.abi;
    const struct nvrm_rpc *rpc = nvrm_rpc_by_id(abi, event->function);
    const char *name = rpc ? nvrm_str(abi.schema, rpc->name) : "";
    uint32_t *words;
    int rc;

    if (!strcmp(name, "GSP_LOAD_EXEC_HS_BINARY"))
        return load_exec_hs(b, event, err);
    if (!strcmp(name, "GSP_LOAD_EXEC_GENERIC_BOOTLOADER"))
        return load_exec_bl(b, event, err);
    if (strcmp(name, "GSP_RUN_CPU_SEQUENCER")) {
        gsp_host_log(b->host, GSP_LOG_INFO, "while starting: event 0x%x %s, %zu bytes",
                     event->function, name, event->payload_bytes);
        return 0;
    }
    words = gsp_host_alloc(b->host, event->payload_bytes + 4);
    if (!words)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for the sequencer");
    memcpy(words, event->payload, event->payload_bytes);
    rc = run_sequencer(b, words, (uint32_t)(event->payload_bytes / 4), err);
    gsp_host_free(b->host, words);
    return rc;
}
