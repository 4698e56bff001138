/* SPDX-License-Identifier: MIT */
/*
 * What the vm verbs share: the session's address space, mappings by name, numbers as words.
 */
#ifndef NVRM_CLI_VM_H
#define NVRM_CLI_VM_H

#include <nvmem/buffer.h>
#include <nvmem/mmu.h>
#include <nvmem/pt_read.h>

#include "cli.h"
#include "session.h"

/* One mapping that vm map made. */
struct vm_row {
    char name[32];
    struct nvmem_buffer *buffer; /* NULL: sparse */
    struct nvmem_range range;
    uint64_t bytes;
};

struct vm {
    struct cli_session *session;
    struct nvmem_device *dev;
    struct nvmem_vas *vas;
    struct vm_row *rows;
    size_t count;
};

/* The session's, opened now when it is the first time. An exit code. */
int vm_get(struct cli *cli, struct vm **vm_out);
struct vm_row *vm_find(struct vm *vm, const char *name);
/* Around calls of the space: where the module keeps it, they are calls of RM. */
void vm_enter(struct vm *vm);
void vm_leave(struct vm *vm);

/* 4096, 0x1000, 64K, 2M, 1G, 256G; false when it is no such number. */
bool vm_number(const char *word, uint64_t *value_out);
/* An address: a number, or NAME[+OFFSET] of a mapping. */
int vm_address(struct cli *cli, struct vm *vm, const char *word, uint64_t *va_out);

const char *vm_aperture_name(enum nvmem_aperture aperture);
/* "read-only, volatile" */
void vm_flags_text(uint32_t flags, char *text, size_t bytes);
/* 4096: "4K" */
void vm_size_text(uint64_t bytes, char *text, size_t text_bytes);

/* The session's tables, or others: --root ADDR[,system] and --format. An exit code. */
int vm_reader(struct cli *cli, struct vm *vm, int *argc, char **argv,
              struct nvmem_pt_reader *reader, bool *own_out);

/* vm_tables.c */
int vm_walk(struct cli *cli, int argc, char **argv);
int vm_dump(struct cli *cli, int argc, char **argv);
int vm_check(struct cli *cli, int argc, char **argv);

#endif
