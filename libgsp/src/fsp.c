/* SPDX-License-Identifier: MIT */
/*
 * Talking to FSP: MCTP packets with an NVDM message inside, through a window of its EMEM, and
 * its answer the same way back. Follows kern_fsp_gh100.c; formats are those of
 * fsp_mctp_format.h, fsp_nvdm_format.h and nvdm_payload_cmd_response.h.
 */
#include <errno.h>
#include <string.h>

#include "boot_priv.h"

enum {
    PACKET_BYTES = 1024, /* of the channel */
    MCTP_SOM_SHIFT = 31,
    MCTP_EOM_SHIFT = 30,
    MCTP_SEQ_SHIFT = 28,
    MCTP_SEQS = 4,
    MCTP_TAG_SHIFT = 24,
    MCTP_TAG_MASK = 7,
    NVDM_IN_MCTP = 0x7e, /* vendor defined, by PCI id */
    NVDM_VENDOR_SHIFT = 8,
    NVDM_TYPE_SHIFT = 24,
    NVDM_FSP_RESPONSE = 0x15,
    VENDOR = 0x10de,
    SLEEP_NS = 20000,
    RESPONSE_WORDS = 5, /* two headers, task, command, error */
};

static uint32_t
nvdm_header(uint8_t type)
{
    return NVDM_IN_MCTP | (uint32_t)VENDOR << NVDM_VENDOR_SHIFT |
           (uint32_t)type << NVDM_TYPE_SHIFT;
}

/* Sending */

static int
wait_equal(struct gsp_boot *b, uint32_t head, uint32_t tail, const char *what,
           struct gsp_error *err)
{
    return boot_poll(b, head, 0xffffffff, boot_rd(b, tail), what, err);
}

/* FSP has taken the last packet, and nothing of its own waits. */
static int
wait_idle(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = wait_equal(b, NV_PFSP_QUEUE_HEAD(0), NV_PFSP_QUEUE_TAIL(0),
                        "FSP does not take the last packet", err);

    return rc < 0 ? rc
                  : wait_equal(b, NV_PFSP_MSGQ_HEAD(0), NV_PFSP_MSGQ_TAIL(0),
                               "an old answer waits in FSP's queue", err);
}

/* Writing the head rings FSP, so the tail comes first. */
static int
send_packet(struct gsp_boot *b, const uint32_t *words, uint32_t count, struct gsp_error *err)
{
    int rc = wait_idle(b, err);

    if (rc < 0)
        return rc;
    boot_wr(b, NV_PFSP_EMEMC(0), NVRM_FIELD(NV_PFSP_EMEMC_AINCW, NV_PFSP_EMEMC_AINCW_TRUE));
    for (uint32_t i = 0; i < count; i++)
        boot_wr(b, NV_PFSP_EMEMD(0), words[i]);
    boot_wr(b, NV_PFSP_QUEUE_TAIL(0), 4 * (count - 1));
    boot_wr(b, NV_PFSP_QUEUE_HEAD(0), 0);
    return 0;
}

/* The first packet carries the NVDM header behind the MCTP header, the others payload. */
static int
send_message(struct gsp_boot *b, uint8_t type, const uint8_t *payload, uint32_t bytes,
             struct gsp_error *err)
{
    uint32_t words[PACKET_BYTES / 4], at = 0, seq = 0;
    int rc;

    do {
        const uint32_t headers = at ? 1 : 2;
        const uint32_t room = PACKET_BYTES - 4 * headers;
        const uint32_t take = bytes - at < room ? bytes - at : room;

        memset(words, 0, sizeof(words));
        words[0] = (uint32_t)(at == 0) << MCTP_SOM_SHIFT |
                   (uint32_t)(at + take == bytes) << MCTP_EOM_SHIFT |
                   (seq++ % MCTP_SEQS) << MCTP_SEQ_SHIFT;
        words[1] = nvdm_header(type);
        memcpy(words + headers, payload + at, take);
        at += take;
        rc = send_packet(b, words, headers + (take + 3) / 4, err);
    } while (rc == 0 && at < bytes);
    return rc;
}

/* Receiving */

static int
wait_answer(struct gsp_boot *b, struct gsp_error *err)
{
    for (;;) {
        const bool late = boot_is_late(b);

        if (boot_rd(b, NV_PFSP_MSGQ_HEAD(0)) != boot_rd(b, NV_PFSP_MSGQ_TAIL(0)))
            return 0;
        if (late)
            return boot_fail_reg(b, NV_PFSP_MSGQ_TAIL(0), -ETIMEDOUT, "FSP does not answer",
                                 err);
        gsp_host_sleep_ns(b->host, SLEEP_NS);
    }
}

static int
receive_packet(struct gsp_boot *b, uint32_t words[RESPONSE_WORDS], struct gsp_error *err)
{
    uint32_t head, bytes;
    int rc = wait_answer(b, err);

    if (rc < 0)
        return rc;
    head = boot_rd(b, NV_PFSP_MSGQ_HEAD(0));
    bytes = boot_rd(b, NV_PFSP_MSGQ_TAIL(0)) - head + 4;
    if (bytes < 4 * RESPONSE_WORDS || bytes > PACKET_BYTES)
        rc = gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "FSP's answer has %u bytes, not %u",
                      bytes, 4 * RESPONSE_WORDS);
    boot_wr(b, NV_PFSP_EMEMC(0), NVRM_FIELD(NV_PFSP_EMEMC_AINCR, NV_PFSP_EMEMC_AINCR_TRUE));
    for (uint32_t i = 0; rc == 0 && i < RESPONSE_WORDS; i++)
        words[i] = boot_rd(b, NV_PFSP_EMEMD(0));
    boot_wr(b, NV_PFSP_MSGQ_TAIL(0), head);
    boot_wr(b, NV_PFSP_MSGQ_HEAD(0), head);
    return rc;
}

static int
check_answer(uint8_t type, const uint32_t words[RESPONSE_WORDS], struct gsp_error *err)
{
    const uint32_t whole = 1u << MCTP_SOM_SHIFT | 1u << MCTP_EOM_SHIFT;

    if ((words[0] & whole) != whole)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "FSP's answer is not a single packet: MCTP header 0x%08x", words[0]);
    if (words[0] >> MCTP_TAG_SHIFT & MCTP_TAG_MASK)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "FSP's answer carries tag %u, the command had 0: MCTP header 0x%08x",
                        words[0] >> MCTP_TAG_SHIFT & MCTP_TAG_MASK, words[0]);
    if (words[1] != nvdm_header(NVDM_FSP_RESPONSE))
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "FSP's answer is no response: NVDM header 0x%08x", words[1]);
    if (words[3] != type)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "FSP answers command 0x%x, 0x%x was sent", words[3], type);
    return 0;
}

int
fsp_command(struct gsp_boot *b, uint8_t type, const void *payload, uint32_t bytes,
            struct gsp_error *err)
{
    uint32_t words[RESPONSE_WORDS] = {0};
    int rc = send_message(b, type, payload, bytes, err);

    if (rc == 0)
        rc = receive_packet(b, words, err);
    if (rc == 0)
        rc = check_answer(type, words, err);
    if (rc == 0 && words[4])
        rc = gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EPROTO,
                      "FSP refused command 0x%x: error 0x%x (task %u)", type, words[4],
                      words[2]);
    return rc;
}
