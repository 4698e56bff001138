/* SPDX-License-Identifier: MIT */
/* What a JSON library must offer to run in bench_json: the two structs written and read by
 * hand. */
#ifndef BENCH_JSON_PEER_H
#define BENCH_JSON_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include <nvrm/types.h>

/* Both structs are laid out alike in the C type and at the newest release; bench_json checks
 * the size. */
union bench_json_struct {
    struct NV2080_CTRL_GPU_GET_PIDS_PARAMS pids;
    struct NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS devices;
};

enum { BENCH_JSON_PIDS, BENCH_JSON_DEVICES, BENCH_JSON_CASES };

struct bench_json_case {
    const char *name, *type;
    int index; /* BENCH_JSON_* */
    void (*fill)(union bench_json_struct *u);
};

struct bench_json_peer {
    const char *name;
    char *(*write[BENCH_JSON_CASES])(const union bench_json_struct *u); /* malloc'ed text */
    bool (*read[BENCH_JSON_CASES])(const char *text, size_t bytes, union bench_json_struct *u);
};

extern const struct bench_json_peer bench_json_peer;

#endif
