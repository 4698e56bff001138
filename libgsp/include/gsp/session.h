/* SPDX-License-Identifier: MIT */
/**
 * GSP-RM behind message queues on a bus: the `gsp` backend.
 *
 * gsp_rm_open() builds queues, RM and libos arguments in system memory, sends the init RPCs,
 * starts GSP-RM and waits for GSP_INIT_DONE; closing it unloads GSP-RM and gives the memory
 * back. One caller at a time.
 */
#ifndef GSP_SESSION_H
#define GSP_SESSION_H

#include <gsp/backend.h>
#include <gsp/bus.h>
#include <gsp/host.h>
#include <gsp/rpc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One registry entry for SET_REGISTRY. */
struct gsp_regkey {
    const char *name;
    uint32_t value;
};

struct gsp_rm_config {
    struct gsp_bus *bus;              /* borrowed; must outlive the backend */
    const struct gsp_host *host;      /* borrowed; may be NULL */
    struct nvrm_abi abi;              /* release of the firmware */
    uint64_t timeout_ns;              /* per RPC; 0 means 6 s (1.5 x RM's default of 4 s) */
    const struct gsp_regkey *regkeys; /* borrowed; may be NULL */
    unsigned regkey_count;
    const struct gsp_rpc_tap *tap; /* borrowed; may be NULL: listens to the RPCs */
};

GSP_MUST_CHECK int gsp_rm_open(const struct gsp_rm_config *config,
                               struct gsp_backend **backend_out, struct gsp_error *err);

/** Copies up to max records of a backend made by gsp_rm_open(); returns how many. */
unsigned gsp_rm_history(struct gsp_backend *b, struct gsp_rpc_record *records_out,
                        unsigned max);

/** GET_GSP_STATIC_INFO's answer, cached at open: wire bytes in the release's
 * GspStaticConfigInfo_t. Borrowed; NULL before init. */
const void *gsp_rm_static_info(struct gsp_backend *b, size_t *bytes_out);

/** The i-th log ring that GSP-RM writes, in system memory: gsp/log.h reads a copy of it. Its
 * name is that of the libos region ("LOGRM"). NULL past the last, and for other backends.
 * Borrowed until the backend is closed; GSP-RM may write at any time. */
const void *gsp_rm_log(struct gsp_backend *b, unsigned i, const char **name_out,
                       size_t *bytes_out);

/** gsp_crash_fetch() of a session's GSP, which may have written to memory that the boot offered
 * it (GA10x and later); -EOPNOTSUPP for other backends. */
GSP_MUST_CHECK int gsp_rm_crash_fetch(struct gsp_backend *b, uint8_t *out, size_t cap,
                                      size_t *bytes_out, struct gsp_error *err);

/** The bus that a backend made by gsp_rm_open() stands on; NULL for other backends. Borrowed.
 */
struct gsp_bus *gsp_rm_bus(struct gsp_backend *b);

/** Architecture and implementation as NV_PMC_BOOT_42 has them; 0 and 0 for other backends. */
void gsp_rm_chip(struct gsp_backend *b, uint32_t *arch_out, uint32_t *impl_out);

#ifdef __cplusplus
}
#endif
#endif
