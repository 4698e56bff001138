/* SPDX-License-Identifier: MIT */
/* The kernels of tests/cuda on the SMs alone: memory is an array, launches are structs. */
#ifndef SM_CORPUS_H
#define SM_CORPUS_H

#include "cases.h"
#include "sm.h"

enum { FLAT_BYTES = 64 << 20 };
#define FLAT_BASE UINT64_C(0x700000000)

struct flat {
    uint8_t *bytes;
    uint64_t next; /* offset of what is free */
    uint64_t code_end;
};

void flat_init(struct flat *f);
void flat_fini(struct flat *f);
/** Offset of that many bytes. */
uint64_t flat_alloc(struct flat *f, uint64_t bytes, uint64_t align);
struct sm_memory flat_memory(struct flat *f);

struct corpus_options {
    unsigned sms, threads;
    bool timing;
    void (*change)(uint64_t code[2]); /* of every instruction, or NULL */
};

/** Run one case on one SM and compare. False: why says what is wrong. */
bool corpus_run(const struct cuda_case *c, unsigned sm, const struct corpus_options *o,
                uint64_t *instructions_out, char *why, size_t why_bytes);

#endif
