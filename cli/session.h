/* SPDX-License-Identifier: MIT */
/*
 * The session: one open card, one client, and the names that objects go by.
 *
 * Nothing is opened until a verb needs it. `root` is the client; `device` and `subdevice` are
 * allocated when they are first spoken of; every other name was given with --as or in a script.
 */
#ifndef NVRM_CLI_SESSION_H
#define NVRM_CLI_SESSION_H

#include "cli.h"

/* The open session, or open it now. */
int session_get(struct cli *cli, struct cli_session **session_out, struct gsp_error *err);
/* Close the client and the card; with -v the objects that were still alive are listed. `code`
 * is the exit code so far. When it is CLI_OK, a trace that could not be written to its end or
 * was not followed to the end of the session makes it another one. */
int session_close(struct cli *cli, int code);

struct rm_client *session_client(struct cli_session *s);
struct nvrm_abi session_abi(const struct cli_session *s);
const char *session_chip(const struct cli_session *s);
const char *session_transport(const struct cli_session *s); /* "emu" */
uint32_t session_gpu_id(const struct cli_session *s); /* RM's, where it has several; else 0 */
bool session_is_dry(const struct cli_session *s);
/* --dry-run: the calls since the last time, a new reference. */
json_t *session_dry_calls(struct cli_session *s);
/* --dry-run: prints the calls since the last time instead of a verb's result. */
int session_emit_dry(struct cli *cli, struct cli_session *s);
/* The moment at which the session was opened, for event times. */
uint64_t session_start_ns(const struct cli_session *s);

struct emu_gpu;
/* The card itself where it is emulated in this process; NULL otherwise. */
struct emu_gpu *session_emulated(const struct cli_session *s);

struct nvmem_device;
/* The session's own device for memory and work (nvmem/device.h), opened when it is first
 * needed; goes with the session. */
int session_nvmem(struct cli_session *s, struct nvmem_device **device_out,
                  struct gsp_error *err);
/* Have fn called before the device goes, the last that was asked for first: for what a verb
 * keeps from line to line. 0 or -ENOMEM: then nothing is kept. */
int session_at_close(struct cli_session *s, void (*fn)(void *ctx), void *ctx,
                     struct gsp_error *err);
/* What fn was given with that ctx, for verbs that look for what they keep; NULL: nothing yet.
 */
void *session_kept(struct cli_session *s, void (*fn)(void *ctx));

/* An object argument: root, client, device, subdevice, a name, $name, or a handle. */
int session_object(struct cli_session *s, const char *word, rm_handle *handle_out,
                   struct gsp_error *err);
/* A name that is already known; false otherwise. Never allocates. */
bool session_name_get(struct cli_session *s, const char *name, rm_handle *handle_out);
int session_name_set(struct cli_session *s, const char *name, rm_handle handle,
                     struct gsp_error *err);
/* Names in order of age; NULL past the end. */
const char *session_name_at(struct cli_session *s, unsigned i);
/* Forget names of objects that are gone. */
void session_names_prune(struct cli_session *s);

/* The policy (policy.c): 0, or -EPERM with the option that would allow it. */
int policy_control(struct cli *cli, struct nvrm_abi abi, const struct nvrm_control *control,
                   uint32_t cmd, struct gsp_error *err);
int policy_class(struct cli *cli, struct nvrm_abi abi, const struct nvrm_class *cls,
                 uint32_t id, struct gsp_error *err);
int policy_rpc(struct cli *cli, struct nvrm_abi abi, const struct nvrm_rpc *rpc,
               uint32_t function, const void *payload, size_t payload_bytes,
               struct gsp_error *err);
const char *policy_safety_name(enum nvrm_safety safety);

#endif
