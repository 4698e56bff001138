/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the emulated kernel module share.
 *
 * Files (file.c) own clients; a client is an RM client of the card's GSP-RM plus what the
 * module keeps itself: memory objects (mem.c), CPU mappings (map.c), address spaces (vas.c),
 * channels (chan.c), events (event.c). escape.c takes the structs apart by the schema's layout;
 * rm.c decides what the module answers itself and what GSP-RM answers, rights.c to whom; root.c
 * has the controls of the system and of clients; share.c is objects that change hands; misc.c
 * and heap.c have the escapes that few programs use; uvm.c is /dev/nvidia-uvm.
 */
#ifndef KMOD_PRIV_H
#define KMOD_PRIV_H

#include <emu/emu.h>
#include <emu/kmod.h>
#include <pthread.h>
#include <stdatomic.h>

#include "emu_priv.h"
#include "wire.h"

#define KMOD_CARDS_MAX 8

/** What a handle stands for in the module; GSP-RM has the tree itself. */
enum kmod_kind {
    KMOD_OTHER, /* nothing of its own here */
    KMOD_CLIENT,
    KMOD_DEVICE,
    KMOD_SUBDEVICE,
    KMOD_MEMORY,   /* local, system, or pages of the process */
    KMOD_VIRTUAL,  /* NV01_MEMORY_VIRTUAL, NV50_MEMORY_VIRTUAL: where mappings go */
    KMOD_VASPACE,  /* FERMI_VASPACE_A */
    KMOD_USERMODE, /* doorbell page */
    KMOD_CHANNEL,
    KMOD_GROUP,
    KMOD_EVENT,
};

struct kmod_vas; /* vas.c */
struct kmod_hold;
struct kmod_uvm; /* uvm.c */
struct kmod_events;
struct kmod_os_event; /* event.c */
struct kmod_card;     /* below */

/** Bytes that a card can reach and a program can map. */
struct kmod_memory {
    unsigned refs; /* its object, and every mapping of it */
    struct kmod_card *card;
    uint64_t addr, bytes; /* in video memory, or on the bus */
    uint64_t page;        /* in pages of this many bytes it is mapped, unless a mapping asks */
    bool system;
    bool borrowed; /* the program's own pages */
    bool user_read_only, card_read_only;
    int fd;
    uint8_t *cpu;
    struct kmod_memory *next_system;
};

struct kmod_object {
    uint32_t handle, parent, class_id;
    enum kmod_kind kind;
    struct kmod_card *card; /* NULL for clients */
    union {
        struct kmod_memory *memory;
        struct kmod_vas *vas; /* KMOD_VASPACE, KMOD_VIRTUAL, and a device's default */
        struct {
            struct kmod_os_event *os; /* NULL: not one of those */
            uint32_t index;           /* notifyIndex, with flags */
            uint32_t source;
        } event;
    } u;
    struct kmod_hold *hold; /* KMOD_VIRTUAL: addresses of its own, or NULL */
    struct kmod_object *next;
};

/** A CPU mapping that a client has: RM_MAP_MEMORY to RM_UNMAP_MEMORY. */
struct kmod_mapping {
    uint32_t memory;
    uint64_t linear; /* the number by which it is unmapped */
    struct kmod_mapping *next;
};

struct kmod_client {
    uint32_t handle; /* 0xc1d00001 and up */
    struct emu_kfile *file;
    struct kmod_object *objects;
    struct kmod_mapping *mappings;
    struct kmod_client *next;
};

struct kmod_card {
    struct emu_kmod *kmod;
    struct emu_gpu *gpu;
    unsigned minor;
    uint32_t gpu_id, domain;
    uint8_t bus, slot;
    unsigned opens;          /* files of /dev/nvidiaN, and attachments */
    unsigned instance;       /* RM's number for it while it is up */
    struct kmod_block *heap; /* what is taken of video memory: mem.c */
    int doorbell_fd;         /* memory of the usermode page: chan.c */
    uint8_t *doorbell;
    pthread_t watcher;
    atomic_bool stop;
};

/** What a descriptor carries for others: share.c. */
struct kmod_export {
    struct kmod_card *card; /* NULL: nothing */
    struct kmod_object object;
    uint32_t held; /* GSP-RM's own duplicate */
};

struct emu_kfile {
    struct emu_kmod *kmod;
    unsigned refs; /* its descriptors, as one, and the files that are registered with it */
    enum emu_node node;
    unsigned minor;
    struct kmod_card *card;     /* EMU_NODE_GPU */
    struct emu_kfile *ctl;      /* NV_ESC_REGISTER_FD */
    struct kmod_uvm *uvm;       /* EMU_NODE_UVM: uvm.c */
    struct kmod_events *events; /* NV_ESC_ALLOC_OS_EVENT: event.c */
    uint32_t attached;          /* NV_ESC_ATTACH_GPUS_TO_FD: cards by bit */
    bool attaches;              /* that was called */
    bool named;                 /* a control named the card by it: no REGISTER_FD any more */
    bool mapped;                /* an object was put behind it */
    uint64_t map_offset;        /* where its mapping begins in the object: a page */
    uint64_t map_bytes;         /* what was asked for, in whole pages */
    uint64_t map_end;           /* of the object */
    bool map_read_only;
    struct kmod_export exported;
    struct emu_kfile *next;
};

struct emu_kmod {
    struct emu_kmod_config config;
    struct nvrm_abi abi;
    pthread_mutex_t lock;
    unsigned cards;
    struct kmod_card card[KMOD_CARDS_MAX];
    struct kmod_client *clients;
    struct emu_kfile *files;
    uint32_t next_client, next_handle;
    uint64_t memblock_bytes; /* NV_ESC_SYS_PARAMS; 0: nobody said */
    struct kmod_os_event *os_events;
    struct kmod_memory *system; /* system memory that the cards reach */
    uint64_t next_bus;
    struct kmod_span *spans; /* managed memory: uvm_managed.c */
    pthread_mutex_t spans_lock;
    char path[96]; /* emu_kmod_file_path() */
};

/** Where PCI's core has put a BAR; 0 bytes: there is none. */
struct kmod_bar {
    uint64_t at, bytes;
};

#define KMOD_DOORBELL_BYTES UINT64_C(0x10000)

/** Pages of the card. */
enum { KMOD_PAGE_SMALL = 4096, KMOD_PAGE_BIG = 64 << 10, KMOD_PAGE_HUGE = 2 << 20 };

/* file.c */

/** The client whose handle it is, when `file` (or the control file that it is registered with)
 * owns it; RM lets no other file use it. */
struct kmod_client *kmod_client(struct emu_kfile *file, uint32_t handle);
struct kmod_object *kmod_object(struct kmod_client *client, uint32_t handle);
/** Remember an object that GSP-RM has made. NULL when out of memory. */
struct kmod_object *kmod_object_add(struct kmod_client *client, uint32_t parent,
                                    uint32_t handle, uint32_t class_id, enum kmod_kind kind);
/** Forget an object and all below it, with what the module keeps for them. */
void kmod_object_remove(struct kmod_client *client, uint32_t handle);
/** The device that an object lies under; NULL for what is under the client alone. */
struct kmod_object *kmod_device_of(struct kmod_client *client, uint32_t handle);
/** Whoever's it is; rights are the caller's business. */
struct kmod_client *kmod_client_any(struct emu_kmod *k, uint32_t handle);
/** A card is started with its first user, and gets the lowest device instance that is free. */
void kmod_card_up(struct kmod_card *card);
void kmod_card_down(struct kmod_card *card);
struct kmod_bar kmod_bar(const struct kmod_card *card, unsigned bar);
unsigned kmod_irq(const struct kmod_card *card);
/** The card that is up as this device instance, or NULL. */
struct kmod_card *kmod_card_by_instance(struct emu_kmod *k, uint64_t instance);
/** Drops one of the file's references; what it owns ends with the last. */
void kmod_file_unref(struct emu_kfile *f);

/* escape.c: memory of the process, which may be wrong */

int kmod_copy_in(void *to, uint64_t from, size_t bytes);
int kmod_copy_out(uint64_t to, const void *from, size_t bytes);
bool kmod_pages_there(uint64_t at, uint64_t pages);

/** An escape's struct while it is served. */
struct kmod_call {
    struct emu_kmod *kmod;
    struct emu_kfile *file;
    struct emu_wire w; /* the struct at this release */
};

/* params.c: a control's parameters with what their pointers point to */

#define KMOD_POINTERS_MAX 8

struct kmod_pointer {
    uint32_t field, at, bytes; /* the pointer's offset, where its data lies now, how much */
    uint64_t user;
    bool out;
};

struct kmod_params {
    struct nvrm_abi abi;
    uint8_t *data; /* pointer fields hold offsets, see emu_rm_control_plain() */
    uint32_t bytes;
    struct kmod_pointer pointer[KMOD_POINTERS_MAX];
    unsigned pointers;
};

/** NV_STATUS; free it either way. */
uint32_t kmod_params_take(struct kmod_params *p, struct nvrm_abi abi,
                          const struct nvrm_layout *l, uint64_t user, uint32_t bytes);
uint32_t kmod_params_give(struct kmod_params *p, uint64_t user, uint32_t bytes);
void kmod_params_free(struct kmod_params *p);

/* rm.c: each returns 0 or a negative errno; RM's answer is a status in the struct */

int kmod_rm_alloc(struct kmod_call *c);
int kmod_rm_free(struct kmod_call *c);
int kmod_rm_control(struct kmod_call *c);
int kmod_rm_alloc_object(struct kmod_call *c);
/** Make an object with parameters of our own; NV_STATUS. */
uint32_t kmod_make(struct kmod_call *c, struct kmod_client *client, struct emu_alloc *a);
/** The card that serves calls on an object; the first for a client. */
struct kmod_card *kmod_card_of(struct emu_kmod *k, struct kmod_client *client, uint32_t handle);
enum kmod_kind kmod_kind_of(struct emu_kmod *k, uint32_t class_id);
/** A handle that the client does not use. */
uint32_t kmod_free_handle(struct kmod_client *client);
/** A client and all that it owns. */
void kmod_client_free(struct kmod_client *client);

/* gsp.c: calls of GSP-RM; NV_STATUS */

/** A control on its way there. */
struct kmod_control {
    uint32_t client, object, cmd, bytes;
};

uint32_t kmod_gsp_alloc(struct kmod_card *card, struct emu_alloc *a);
uint32_t kmod_gsp_free(struct kmod_card *card, uint32_t client, uint32_t handle);
uint32_t kmod_gsp_dup(struct kmod_card *card, uint32_t client, uint32_t parent,
                      uint32_t *handle, uint32_t client_src, uint32_t handle_src);
/** params may be followed by what they point to, up to `room`: emu_rm_control_plain(). */
uint32_t kmod_gsp_control(struct kmod_card *card, const struct kmod_control *k, uint8_t *params,
                          uint32_t room);

/* rights.c: NV_OK, or what a program without them is told */

uint32_t kmod_class_right(const struct emu_kmod *k, uint32_t class_id);
uint32_t kmod_control_right(const struct emu_kmod *k, uint32_t cmd);

/* root.c: controls that the module answers without GSP-RM. False: not one of them. */

bool kmod_root_control(struct kmod_call *c, struct kmod_client *client, uint32_t object,
                       uint32_t cmd, struct kmod_params *p, uint32_t *status_out);
/** UUID as 16 bytes. */
void kmod_uuid(const struct kmod_card *card, uint8_t uuid_out[16]);
int kmod_card_by_uuid(const struct emu_kmod *k, const uint8_t *uuid);
struct kmod_card *kmod_card_by_id(struct emu_kmod *k, uint32_t gpu_id);

/* timer.c: the control that pairs CPU and GPU time. False: not that one, or for GSP-RM. */

bool kmod_timer_control(struct kmod_card *card, uint32_t cmd, struct kmod_params *params,
                        uint32_t *status_out);

/* deprecated.c: controls of old, with their pointers as the program gave them. False: not one.
 */

bool kmod_deprecated(struct kmod_call *c, struct kmod_client *client, uint32_t object,
                     uint32_t cmd, const struct emu_wire *params, uint32_t *status_out);

/* share.c */

int kmod_rm_dup(struct kmod_call *c);
/** Some controls name a card by its descriptor. False: that is no card's. */
bool kmod_device_named(struct kmod_call *c, uint32_t cmd, uint64_t params);
int kmod_rm_share(struct kmod_call *c);
uint32_t kmod_export(struct kmod_call *c, struct kmod_client *client, const struct emu_wire *p);
uint32_t kmod_import(struct kmod_call *c, struct kmod_client *client, const struct emu_wire *p);
uint32_t kmod_export_info(struct kmod_call *c, const struct emu_wire *p);
void kmod_export_drop(struct emu_kfile *f);

/* event.c */

int kmod_alloc_os_event(struct kmod_call *c);
int kmod_free_os_event(struct kmod_call *c);
int kmod_get_event_data(struct kmod_call *c);
void kmod_events_close(struct emu_kfile *f);
void kmod_events_client_freed(struct emu_kmod *k, uint32_t client);
uint32_t kmod_event_construct(struct emu_kmod *k, struct kmod_client *client,
                              struct kmod_object *o, const struct emu_wire *params);
void kmod_event_destruct(struct kmod_object *o);
bool kmod_event_is_callback(uint32_t class_id);
/** Listeners hear of the engines' non-stall interrupts that are pending. */
void kmod_nonstall_service(struct kmod_card *card);
/** GSP-RM's events: emu_embed_events(). */
void kmod_event_take(void *card, const char *name, const void *payload, uint32_t bytes);

/* misc.c, heap.c: escapes */

int kmod_sys_params(struct kmod_call *c);
int kmod_wait_open_complete(struct kmod_call *c);
int kmod_attach(struct kmod_call *c);
int kmod_status_code(struct kmod_call *c);
int kmod_query_intr(struct kmod_call *c);
int kmod_numa_info(struct kmod_call *c);
int kmod_set_numa_status(struct kmod_call *c);
int kmod_idle_channels(struct kmod_call *c);
int kmod_access_registry(struct kmod_call *c);
int kmod_no_i2c(struct kmod_call *c);
int kmod_no_dmabuf(struct kmod_call *c);
int kmod_no_diagnostic(struct kmod_call *c);
int kmod_alloc_context_dma(struct kmod_call *c);
int kmod_bind_context_dma(struct kmod_call *c);
int kmod_vid_heap(struct kmod_call *c);

/* mem.c */

bool kmod_vram_alloc(struct kmod_card *card, uint64_t bytes, uint64_t align, uint64_t *at_out);
void kmod_vram_free(struct kmod_card *card, uint64_t at);
uint64_t kmod_vram_used(const struct kmod_card *card);
uint64_t kmod_vram_total(const struct kmod_card *card);
void kmod_heap_fini(struct kmod_card *card);
void kmod_memory_unref(struct kmod_memory *m);
void *kmod_bus_lookup(void *ctx, uint64_t bus_addr, size_t bytes);
void kmod_bus_init(struct emu_kmod *k);
/** System memory of no object; NV_STATUS. */
uint32_t kmod_memory_system(struct kmod_card *card, uint64_t bytes, struct kmod_memory **out);
/** Memory as NV_MEMORY_ALLOCATION_PARAMS asks for it; NV_STATUS. */
uint32_t kmod_memory_alloc(struct kmod_object *o, struct emu_wire *params);
/** What RM says of pages of the program before it looks at anything else. */
uint32_t kmod_pages_check(uint64_t at, uint64_t limit);
/** Pages of the program, checked. */
uint32_t kmod_memory_borrow(struct kmod_object *o, uint64_t at, uint64_t bytes);

/* vas.c */

struct kmod_vas *kmod_vas_create(struct kmod_card *card);
void kmod_vas_ref(struct kmod_vas *v);
void kmod_vas_unref(struct kmod_vas *v);
void kmod_vas_bind(struct kmod_vas *v, uint32_t client, uint32_t handle);
uint64_t kmod_vas_choose(struct kmod_vas *v, uint64_t bytes);
/** What the entries of a mapping say. Pages are no larger than `page`, and smaller where
 * address, memory or length are not aligned to it. */
struct kmod_vas_how {
    uint64_t page;
    bool read_only;
};
uint32_t kmod_vas_map(struct kmod_vas *v, uint64_t va, uint64_t bytes, struct kmod_memory *m,
                      uint64_t offset, const struct kmod_vas_how *how);
/** Objects that a mapping ends with; NULL: not of this one, or of any when one is looked for.
 */
struct kmod_vas_owner {
    const struct kmod_object *mapper, *memory;
};
/** Like kmod_vas_map(), of an owner. */
uint32_t kmod_vas_map_for(struct kmod_vas *v, const struct kmod_vas_owner *owner, uint64_t va,
                          uint64_t bytes, struct kmod_memory *m, uint64_t offset,
                          const struct kmod_vas_how *how);
/** Pages that read as zero and lose what is written. */
uint32_t kmod_vas_map_sparse(struct kmod_vas *v, uint64_t va, uint64_t bytes);
uint32_t kmod_vas_unmap(struct kmod_vas *v, uint64_t va, uint64_t bytes);
/** What the owner has in these addresses, and nobody else's. */
uint32_t kmod_vas_unmap_of(struct kmod_vas *v, const struct kmod_vas_owner *owner, uint64_t va,
                           uint64_t bytes);
/** Bytes of the owner's mapping that begins there; 0: none does. */
uint64_t kmod_vas_mapped_at(const struct kmod_vas *v, const struct kmod_vas_owner *owner,
                            uint64_t va);
/** Neither mapped nor held. */
bool kmod_vas_is_free(const struct kmod_vas *v, uint64_t va, uint64_t bytes);

struct kmod_hold_wish {
    uint64_t va; /* where, or from where on; 0: anywhere */
    uint64_t bytes, align;
    uint64_t limit; /* last address; 0: none */
    bool fixed;
};
/** Addresses that nothing else is given; NULL: not to be had. */
struct kmod_hold *kmod_vas_hold(struct kmod_vas *v, const struct kmod_hold_wish *wish);
uint64_t kmod_hold_at(const struct kmod_hold *h, uint64_t *bytes_out);
void kmod_hold_ref(struct kmod_hold *h); /* NULL is fine, below too */
void kmod_hold_unref(struct kmod_vas *v, struct kmod_hold *h);

/* dma.c */

/** NV_STATUS. */
uint32_t kmod_virtual_construct(struct kmod_client *client, struct kmod_object *o,
                                struct emu_wire *params);
void kmod_virtual_destruct(struct kmod_object *o);
/** Mappings of the client's memory object end with it. */
void kmod_mapped_memory_destruct(struct kmod_client *client, const struct kmod_object *memory);
int kmod_rm_map_dma(struct kmod_call *c);
int kmod_rm_unmap_dma(struct kmod_call *c);

/* map.c: escapes */

int kmod_rm_map_memory(struct kmod_call *c);
int kmod_rm_unmap_memory(struct kmod_call *c);
int kmod_rm_alloc_memory(struct kmod_call *c);
int kmod_update_mapping(struct kmod_call *c);
/** Pages of the program as an object of a device; NV_STATUS. */
uint32_t kmod_take_pages(struct kmod_client *client, uint32_t device, uint32_t handle,
                         uint64_t at, uint64_t bytes);
void kmod_mappings_forget(struct kmod_client *client, uint32_t memory);

/* chan.c */

void kmod_channel_params(struct kmod_client *client, struct emu_wire *params);
uint32_t kmod_channel_token(struct kmod_card *card, uint32_t client, uint32_t handle);
/** The usermode page as a file; -1 when it cannot be made. */
int kmod_doorbell_file(struct kmod_card *card);
void kmod_doorbell_fini(struct kmod_card *card);

/* uvm.c */

void uvm_spans_fini(struct emu_kmod *k);
struct kmod_uvm *kmod_uvm_create(void);
void kmod_uvm_destroy(struct kmod_uvm *u);
int kmod_uvm_ioctl(struct emu_kfile *f, unsigned long request, void *arg);

#endif
