/* SPDX-License-Identifier: MIT */
/*
 * The verbs: one row each, defined in cmd_<verb>.c and listed in main.c.
 */
#ifndef NVRM_CLI_CMDS_H
#define NVRM_CLI_CMDS_H

#include "cli.h"

extern const struct nvrm_cmd cmd_alloc;
extern const struct nvrm_cmd cmd_boot;
extern const struct nvrm_cmd cmd_complete;
extern const struct nvrm_cmd cmd_chan;
extern const struct nvrm_cmd cmd_completion;
extern const struct nvrm_cmd cmd_broker;
extern const struct nvrm_cmd cmd_ctl;
extern const struct nvrm_cmd cmd_dup;
extern const struct nvrm_cmd cmd_emu;
extern const struct nvrm_cmd cmd_event;
extern const struct nvrm_cmd cmd_explain;
extern const struct nvrm_cmd cmd_free;
extern const struct nvrm_cmd cmd_fw;
extern const struct nvrm_cmd cmd_gen;
extern const struct nvrm_cmd cmd_health;
extern const struct nvrm_cmd cmd_help;
extern const struct nvrm_cmd cmd_info;
extern const struct nvrm_cmd cmd_launch;
extern const struct nvrm_cmd cmd_list;
extern const struct nvrm_cmd cmd_log;
extern const struct nvrm_cmd cmd_metrics;
extern const struct nvrm_cmd cmd_map;
extern const struct nvrm_cmd cmd_mem;
extern const struct nvrm_cmd cmd_pci;
extern const struct nvrm_cmd cmd_policy;
extern const struct nvrm_cmd cmd_push;
extern const struct nvrm_cmd cmd_rpc;
extern const struct nvrm_cmd cmd_run;
extern const struct nvrm_cmd cmd_sass;
extern const struct nvrm_cmd cmd_save;
extern const struct nvrm_cmd cmd_schema;
extern const struct nvrm_cmd cmd_shell;
extern const struct nvrm_cmd cmd_top;
extern const struct nvrm_cmd cmd_trace;
extern const struct nvrm_cmd cmd_tree;
extern const struct nvrm_cmd cmd_vbios;
extern const struct nvrm_cmd cmd_vm;

/* For lines that share a session */
extern const struct nvrm_cmd cmd_edit;
extern const struct nvrm_cmd cmd_history;
extern const struct nvrm_cmd cmd_rerun;
extern const struct nvrm_cmd cmd_source;
extern const struct nvrm_cmd cmd_vars;
extern const struct nvrm_cmd cmd_watch;

struct gsp_pci_device;
/* A real card as pci list and list show it. */
json_t *pci_card_row(const struct gsp_pci_device *d);

#endif
