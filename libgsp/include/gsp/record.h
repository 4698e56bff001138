/* SPDX-License-Identifier: MIT */
/**
 * Recorders: what goes by between a client and RM, written to a trace (gsp/trace.h).
 *
 * A backend recorder is what replay needs. The others look deeper: an RPC tap sees every
 * message on the queues, a bus recorder every register access. Their records come before that
 * of the call that caused them. A trace that cannot be written never fails a call; closing the
 * writer tells.
 */
#ifndef GSP_RECORD_H
#define GSP_RECORD_H

#include <gsp/backend.h>
#include <gsp/bus.h>
#include <gsp/nvidia.h>
#include <gsp/rpc.h>
#include <gsp/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A backend that passes every call on to another one and records it.
 *
 * @param backend  taken: closed with the recorder; not on failure
 * @param writer   borrowed; must outlive the recorder
 */
GSP_MUST_CHECK int gsp_record_backend(struct gsp_backend *backend,
                                      struct gsp_trace_writer *writer,
                                      const struct gsp_host *host,
                                      struct gsp_backend **recorder_out, struct gsp_error *err);

/** A tap for struct gsp_rm_config or gsp_rpc_config. */
struct gsp_record_rpc;
GSP_MUST_CHECK int gsp_record_rpc_create(struct gsp_trace_writer *writer,
                                         const struct gsp_host *host,
                                         struct gsp_record_rpc **recorder_out,
                                         struct gsp_error *err);
const struct gsp_rpc_tap *gsp_record_rpc_tap(const struct gsp_record_rpc *recorder);
void gsp_record_rpc_destroy(struct gsp_record_rpc *recorder);

/** A bus that passes every operation on and records it: gsp_bus_record() into a trace. As
 * there, `bus` is taken. */
GSP_MUST_CHECK int gsp_record_bus(struct gsp_bus *bus, struct gsp_trace_writer *writer,
                                  const struct gsp_host *host, struct gsp_bus **recorder_out,
                                  struct gsp_error *err);

/** System calls of the nvidia backend: opens, ioctls with their structs and what those point
 * to, mappings. `behind` is copied; NULL means the kernel. abi is the module's release. */
struct gsp_record_os;
GSP_MUST_CHECK int gsp_record_os_create(const struct gsp_nvidia_os *behind, struct nvrm_abi abi,
                                        struct gsp_trace_writer *writer,
                                        const struct gsp_host *host,
                                        struct gsp_record_os **recorder_out,
                                        struct gsp_error *err);
/** For struct gsp_nvidia_config; lives as long as the recorder. */
const struct gsp_nvidia_os *gsp_record_os_table(const struct gsp_record_os *recorder);
void gsp_record_os_destroy(struct gsp_record_os *recorder);

#ifdef __cplusplus
}
#endif
#endif
