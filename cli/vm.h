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
/* The row that a word names; CLI_USAGE with the nearest as a hint. */
int vm_need_row(struct cli *cli, struct vm *vm, const char *name, struct vm_row **row_out);
/* Around calls of the space: where the module keeps it, they are calls of RM. */
void vm_enter(struct vm *vm);
void vm_leave(struct vm *vm);

/* 4096, 0x1000, 64K, 2M, 1G, 256G; false when it is no such number. */
bool vm_number(const char *word, uint64_t *value_out);
/* An option's number; given (may be NULL): whether it was there. An exit code. */
int vm_take_number(struct cli *cli, int *argc, char **argv, const char *option, uint64_t *value,
                   bool *given);
/* An address: a number, or NAME[+OFFSET] of a mapping. */
int vm_address(struct cli *cli, struct vm *vm, const char *word, uint64_t *va_out);

const char *vm_aperture_name(enum nvmem_aperture aperture);
/* Rights and the like as options. */
struct vm_flag {
    const char *option, *text;
    uint32_t flag; /* enum nvmem_map_flags */
};
enum { VM_FLAGS = 6 };
extern const struct vm_flag vm_flags[VM_FLAGS];
/* "read-only, volatile" */
void vm_flags_text(uint32_t flags, char *text, size_t bytes);
/* 4096: "4K" */
void vm_size_text(uint64_t bytes, char *text, size_t text_bytes);

/* The session's tables, or others: --root ADDR[,system] and --format. An exit code. */
int vm_reader(struct cli *cli, struct vm *vm, int *argc, char **argv,
              struct nvmem_pt_reader *reader, bool *own_out);

/* vm_tables.c */
const char *vm_format_name(enum nvmem_pt_format format);
/* Words of tables, with the vm as ctx. */
int vm_read_words(void *ctx, enum nvmem_aperture aperture, uint64_t addr, uint64_t *words,
                  size_t count);
/* Whether the last step of a walk and the emulated card say the same of an address. */
struct emu_walk;
bool vm_agrees(const struct nvmem_pt_step *last, uint64_t va, const struct emu_walk *w);
/* Prints why there are none: nvidia.ko has them. An exit code. */
int vm_no_tables(struct cli *cli);
int vm_walk(struct cli *cli, int argc, char **argv);
int vm_dump(struct cli *cli, int argc, char **argv);

/* vm_check.c */
int vm_check(struct cli *cli, int argc, char **argv);

#endif
