/* SPDX-License-Identifier: MIT */
/*
 * RM's objects: clients, what they own, and the rules under which objects come and go.
 */
#ifndef EMU_OBJECT_H
#define EMU_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nvrm/schema.h>

struct emu_gpu;

enum {
    EMU_MAX_NOTIFIERS = 512,
    EMU_MAX_DEPTH = 6 /* RS_MAX_RESOURCE_DEPTH, g_resserv_nvoc.h */
};

/** The page directory of an address space, once somebody said where it is. */
struct emu_page_tables {
    bool set;
    uint8_t target; /* 0 local, 1 system memory */
    uint64_t pdb;
};

struct emu_channel;

struct emu_object {
    uint32_t client, handle;
    const struct nvrm_class *cls;
    const char *impl; /* RM's implementation class; static */
    struct emu_object *parent, *children, *sibling;
    struct emu_object *hash_next;
    unsigned depth;

    /* By implementation class. */
    union {
        struct {
            uint8_t action[EMU_MAX_NOTIFIERS]; /* what EVENT_SET_NOTIFICATION asked for */
        } * notify;                            /* Subdevice */
        struct {
            uint32_t index, client, source; /* notify index; whose object, which */
        } event;
        struct {
            uint32_t chid, runlist, engine;
            uint32_t share, vaspace; /* handles */
            uint32_t timeslice_us;   /* of a group; 0: RM's own */
            bool bound, scheduled;
            struct emu_channel *host;
        } channel; /* KernelChannel, KernelChannelGroupApi, KernelCtxShareApi */
        struct {
            uint32_t va_mode;
            struct emu_page_tables tables; /* of its default address space */
        } device;
        struct {
            struct emu_page_tables tables;
        } vaspace;
        struct {
            uint32_t client, object; /* what is debugged */
            uint32_t modes;          /* bits: ctl_debug.c */
        } debugger;                  /* KernelSMDebuggerSession */
        struct {
            bool set;
            uint8_t target;
            uint64_t addr; /* of the first page */
        } memory;          /* that a client described page by page */
    } u;
};

struct emu_rm {
    struct emu_object **hash;
    uint32_t buckets, objects;
    uint32_t next_handle; /* where generated handles go on */
    uint32_t next_client;
    uint32_t internal_client, internal_device, internal_subdevice;
    uint32_t *offered; /* class ids that the chip offers, sorted */
    uint32_t offered_count;
};

struct emu_alloc {
    uint32_t client, parent, handle, cls;
    uint8_t *params;
    uint32_t bytes;
};

/** Prepare for a session; creates RM's own client, device and subdevice. 0 or -ENOMEM. */
int emu_rm_init(struct emu_gpu *gpu);
void emu_rm_fini(struct emu_gpu *gpu);

/** Each returns an NV_STATUS. alloc fills in handles that it generated. */
uint32_t emu_rm_alloc(struct emu_gpu *gpu, struct emu_alloc *a);
uint32_t emu_rm_free(struct emu_gpu *gpu, uint32_t client, uint32_t handle);
uint32_t emu_rm_dup(struct emu_gpu *gpu, uint32_t client, uint32_t parent, uint32_t *handle,
                    uint32_t client_src, uint32_t handle_src);
uint32_t emu_rm_control(struct emu_gpu *gpu, uint32_t client, uint32_t handle, uint32_t cmd,
                        uint8_t *params, uint32_t bytes, bool serialized);
/** The same for a host that has what pointers point to behind the params, up to `room`: a
 * pointer field holds the offset of it, or 0. */
uint32_t emu_rm_control_plain(struct emu_gpu *gpu, uint32_t client, uint32_t handle,
                              uint32_t cmd, uint8_t *params, uint32_t bytes, uint32_t room);

/** What a control would be refused with before anybody serves it; NV_OK when it would not. */
uint32_t emu_rm_control_check(struct emu_gpu *gpu, uint32_t client, uint32_t handle,
                              uint32_t cmd, uint32_t bytes);

/** NULL when there is none. */
struct emu_object *emu_object_find(const struct emu_gpu *gpu, uint32_t client, uint32_t handle);
/** The nearest object of this implementation class, the object itself included. */
struct emu_object *emu_object_up(struct emu_object *object, const char *impl);

/* class.c: what the constructors of some classes check and keep */
uint32_t emu_class_construct(struct emu_gpu *gpu, struct emu_object *object,
                             const struct emu_alloc *a);
void emu_class_destruct(struct emu_gpu *gpu, struct emu_object *object);
/** Whether objects of this class may be duplicated (resCanCopy). */
bool emu_class_can_copy(const char *impl);
/** Whether `impl` is `base` or derives from it. */
bool emu_class_is(const char *impl, const char *base);
/** Whether this card offers the class; classes that no chip names are offered. */
bool emu_class_offered(const struct emu_gpu *gpu, uint32_t cls);
int emu_class_load(struct emu_gpu *gpu);

/** EVENT: tell every subscriber of a subdevice. */
void emu_notify_subdevice(struct emu_gpu *gpu, struct emu_object *subdevice, uint32_t index,
                          uint32_t data);

#endif
