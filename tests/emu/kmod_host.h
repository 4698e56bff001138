/* SPDX-License-Identifier: MIT */
/*
 * A host of the emulated kernel module: descriptors, and the structs of escapes by field name.
 * It reads the schema itself; nothing of the emulated card or of libgsp is between.
 */
#ifndef KMOD_HOST_H
#define KMOD_HOST_H

#include <emu/kmod.h>
#include <stdbool.h>

enum { HOST_FDS = 1024 };

struct host {
    struct emu_kmod *kmod;
    struct nvrm_abi abi;
    struct emu_kfile *file[HOST_FDS]; /* by descriptor */
};

/** A module; chip NULL is AD102. Asserts. */
void host_open(struct host *h, const char *release, const char *chip, unsigned cards,
               bool root);
/** The same with a fault of the fault table, one card, no rights. */
void host_open_faulty(struct host *h, const char *release, const char *chip, const char *fault);
/** Closes what is still open. */
void host_close(struct host *h);

/** A descriptor for a node (memory behind it), or a negative errno. */
int host_node(struct host *h, enum emu_node node, unsigned minor);
void host_node_close(struct host *h, int fd);
/** A card's node tied to the control node. */
int host_card(struct host *h, int ctl, unsigned minor);

/** A struct of this release. */
struct arg {
    const struct nvrm_layout *layout;
    struct nvrm_abi abi;
    uint8_t data[16384] __attribute__((aligned(8)));
};
void arg_init(struct host *h, struct arg *a, const char *name);
/** "params.hClient"; asserts that the field is there. */
void arg_set(struct arg *a, const char *path, uint64_t value);
uint64_t arg_get(const struct arg *a, const char *path);
void *arg_at(struct arg *a, const char *path);
bool arg_has(const struct arg *a, const char *path);

/** The ioctl of an escape by name ("NV_ESC_RM_ALLOC") with `bytes` of a struct. */
int host_escape(struct host *h, int fd, const char *escape, void *data, size_t bytes);
/** The same for a struct of the schema. */
int host_call(struct host *h, int fd, const char *escape, struct arg *a);
/** /dev/nvidia-uvm; the struct's rmStatus, or a negative errno. */
int64_t host_uvm(struct host *h, int fd, const char *name, struct arg *a);

/** RM's calls: an NV_STATUS each; assert that the escape itself is taken. */
uint32_t rm_client(struct host *h, int ctl); /* its handle */
uint32_t rm_alloc(struct host *h, int fd, uint32_t client, uint32_t parent, uint32_t handle,
                  uint32_t class_id, void *params, uint32_t bytes);
uint32_t rm_free(struct host *h, int ctl, uint32_t client, uint32_t handle);
uint32_t rm_control(struct host *h, int ctl, uint32_t client, uint32_t object, uint32_t cmd,
                    void *params, uint32_t bytes);
/** By name; the size is the struct's. */
uint32_t rm_ctl(struct host *h, int ctl, uint32_t client, uint32_t object, const char *name,
                struct arg *a);
uint32_t rm_dup(struct host *h, int ctl, uint32_t client, uint32_t parent, uint32_t handle,
                uint32_t client_src, uint32_t object_src);
/** NV01_MEMORY_LOCAL_USER (or system memory) of `bytes` under a device. */
uint32_t rm_memory(struct host *h, int ctl, uint32_t client, uint32_t device, uint32_t handle,
                   bool system, uint64_t bytes);
/** RM_MAP_MEMORY behind `fd`, then a mapping; NULL and *status otherwise. */
void *rm_map(struct host *h, int ctl, uint32_t client, uint32_t device, uint32_t memory, int fd,
             uint64_t bytes, uint32_t *status_out);

/** A client with a device and a subdevice on card 0. */
struct tree {
    int ctl, gpu;
    uint32_t client, device, subdevice;
};
void tree_open(struct host *h, struct tree *t, unsigned card);
#endif
