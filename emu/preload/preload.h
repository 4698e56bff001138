/* SPDX-License-Identifier: MIT */
/*
 * What the preload library's parts share: the module of this process, and paths.
 */
#ifndef PRELOAD_H
#define PRELOAD_H

#include <emu/kmod.h>

/** The module, made from the environment with the first node that is opened. NULL when it
 * cannot be; the reason goes to stderr once. */
struct emu_kmod *preload_module(const struct emu_kmod_host *host);

/** Is path one of the nodes? */
bool preload_node(const char *path, enum emu_node *node_out, unsigned *minor_out);

/**
 * Where a file of the module's /proc and /sys entries lies: a path under NVRM_EMU_TREE written
 * to `to`, or NULL when the path is not the module's (or no tree was made).
 */
const char *preload_file(const char *path, char *to, size_t bytes);

#endif
