/* SPDX-License-Identifier: MIT */
/*
 * Inside of /dev/nvidia-uvm: ranges of addresses, what they are and who may reach them. uvm.c
 * has GPUs, channels and external ranges; uvm_managed.c managed memory, its policies and pools
 * of semaphores.
 */
#ifndef KMOD_UVM_PRIV_H
#define KMOD_UVM_PRIV_H

#include "kmod_priv.h"

enum uvm_kind { UVM_EXTERNAL, UVM_MANAGED, UVM_SEMAPHORES, UVM_REFLECTED };

/* A processor: a card's index, the CPU, or none. */
enum { UVM_CPU = KMOD_CARDS_MAX, UVM_NOBODY = KMOD_CARDS_MAX + 1 };

struct uvm_range {
    enum uvm_kind kind;
    uint64_t base, bytes;
    struct kmod_memory *memory; /* managed, semaphores */
    uint64_t offset;            /* of base in it */
    unsigned preferred;         /* a processor */
    uint32_t accessed_by;       /* processors by bit */
    bool duplicated;            /* reads may be served by copies */
    uint64_t group;             /* 0: none */
    struct uvm_range *next;
};

struct uvm_group {
    uint64_t id;
    bool stays; /* migration is prevented */
    struct uvm_group *next;
};

struct kmod_uvm {
    bool ready;
    bool mm; /* UVM_MM_INITIALIZE: stands for the process, does nothing else */
    uint64_t flags;
    bool known[KMOD_CARDS_MAX];
    struct kmod_vas *vas[KMOD_CARDS_MAX]; /* registered address spaces */
    struct uvm_range *ranges;
    struct uvm_group *groups;
    uint64_t last_group;
    bool held; /* managed memory is mapped, which keeps the file */
};

/* uvm.c */

/** Index of the card that the UUID in a field of the struct names; -1. */
int uvm_card(struct kmod_call *c, const char *field);
/** The first range that shares an address with [base, base + bytes). */
struct uvm_range *uvm_range_over(struct kmod_uvm *u, uint64_t base, uint64_t bytes);
/** uvm_api_range_invalid() */
bool uvm_is_no_range(uint64_t base, uint64_t bytes);
/** NV_STATUS; *out may be NULL. */
uint32_t uvm_range_add(struct kmod_uvm *u, enum uvm_kind kind, uint64_t base, uint64_t bytes,
                       struct uvm_range **out);
/** Takes it off all address spaces and away. */
void uvm_range_drop(struct kmod_uvm *u, struct uvm_range **where);

/* uvm_managed.c */

/** A card's address space came: what is managed is mapped there. NV_STATUS. */
uint32_t uvm_managed_add_card(struct kmod_uvm *u, unsigned card);
void uvm_groups_drop(struct kmod_uvm *u);

uint32_t uvm_migrate(struct kmod_call *c);
uint32_t uvm_set_preferred(struct kmod_call *c);
uint32_t uvm_unset_preferred(struct kmod_call *c);
uint32_t uvm_set_accessed_by(struct kmod_call *c);
uint32_t uvm_unset_accessed_by(struct kmod_call *c);
uint32_t uvm_enable_duplication(struct kmod_call *c);
uint32_t uvm_disable_duplication(struct kmod_call *c);
uint32_t uvm_create_group(struct kmod_call *c);
uint32_t uvm_destroy_group(struct kmod_call *c);
uint32_t uvm_set_group(struct kmod_call *c);
uint32_t uvm_prevent_migration(struct kmod_call *c);
uint32_t uvm_allow_migration(struct kmod_call *c);
uint32_t uvm_migrate_group(struct kmod_call *c);
uint32_t uvm_alloc_semaphores(struct kmod_call *c);
uint32_t uvm_map_reflected(struct kmod_call *c);
uint32_t uvm_populate(struct kmod_call *c);

#endif
