/* SPDX-License-Identifier: MIT */
/*
 * Transports: what stands behind -t, as far as a backend.
 */
#ifndef NVRM_CLI_TRANSPORT_H
#define NVRM_CLI_TRANSPORT_H

#include <gsp/pci.h>

#include "cli.h"

/* -t, taken apart. Text is owned; release with transport_spec_fini(). */
struct transport_spec {
    char *kind;       /* "emu" */
    char *chip;       /* NULL: the default card */
    char *fw;         /* NULL: not said */
    char *inject;     /* faults: of fault= and inject=, with a comma between */
    char *path;       /* vfio-user: socket; pci: address; replay: trace; ssh: //HOST... */
    unsigned section; /* replay: which recording of the trace, from 1 */
    bool debug_fused; /* emu: takes debug-signed ucode alone */
    bool lenient;     /* emu: deviations are noted and accepted */
    bool sm_timing;   /* emu: code whose hazards a real SM would get wrong is refused */
    uint32_t sm_threads, sm_watchdog; /* emu: as in emu_config; 0: what it chooses */
    bool preboot;                     /* vfio-user: GSP-RM starts without the boot chain */
    bool unbind;                      /* pci: take the card from its driver */
    bool force;                       /* nvidia: speak -F, whatever release the module is */
    unsigned gpu;                     /* nvidia: index of the card */
    enum gsp_pci_via via;
};

struct transport;

/* Parse -t and -d and check that this version has the transport. */
/* A card of another process that refuses the firmware made here may be of another release. */
void transport_hint_release(const struct cli_options *options, struct nvrm_abi abi,
                            struct gsp_error *err);
int transport_spec_parse(const struct cli_options *options, struct transport_spec *spec,
                         struct gsp_error *err);
void transport_spec_fini(struct transport_spec *spec);

/* Open the card and its RM for one release. host is borrowed until it is closed. */
int transport_open(const struct cli_options *options, const struct transport_spec *spec,
                   struct nvrm_abi abi, const struct gsp_host *host,
                   struct transport **transport_out, struct gsp_error *err);
/* An error is one of --record: the trace is incomplete. */
int transport_close(struct transport *t, struct gsp_error *err);
struct gsp_backend *transport_backend(struct transport *t);
/* RM's id of the card, where RM has several and must be told which one; else 0. */
uint32_t transport_gpu_id(const struct transport *t);
const char *transport_chip(const struct transport *t);
/* The card itself where it is emulated in this process; NULL otherwise. */
struct emu_gpu;
struct emu_gpu *transport_emulated(const struct transport *t);

/* --dry-run: a backend that accepts every call and keeps what would have been sent. */
struct gsp_backend *dry_backend_create(struct nvrm_abi abi);
/* The calls so far: an array of objects, borrowed. */
json_t *dry_backend_calls(struct gsp_backend *b);
/* Those calls for people: a line each, the parameters, the bytes. */
void dry_print(struct cli *cli, const json_t *calls);

#endif
