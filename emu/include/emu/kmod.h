/* SPDX-License-Identifier: MIT */
/**
 * The kernel module of the emulated card: what nvidia.ko and nvidia-uvm.ko do behind
 * /dev/nvidiactl, /dev/nvidiaN and /dev/nvidia-uvm, written from the vendor's kernel side.
 *
 * It owns emulated cards and serves the escapes of one release. Whoever hosts it (the preload
 * library, a test) gives every descriptor that a program opens to a file object here. One lock
 * inside: any thread may call. Errors are negative errno as the ioctl would set it; what RM
 * refuses is a status in the struct, as in the module.
 */
#ifndef EMU_KMOD_H
#define EMU_KMOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <nvrm/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

struct emu_kmod;
struct emu_kfile; /* an open file: shared by duplicates of a descriptor */

enum emu_node {
    EMU_NODE_CTL,       /* /dev/nvidiactl, 195:255 */
    EMU_NODE_GPU,       /* /dev/nvidiaN, 195:N */
    EMU_NODE_UVM,       /* /dev/nvidia-uvm */
    EMU_NODE_UVM_TOOLS, /* /dev/nvidia-uvm-tools */
    EMU_NODE_CAP,       /* /dev/nvidia-caps/nvidia-capN */
};

/** What the module needs of the process that it serves. */
struct emu_kmod_host {
    void *ctx;
    /** The file behind a descriptor of the process; NULL when it is none of the module's. */
    struct emu_kfile *(*file)(void *ctx, int fd);
    /**
     * Put another file of the system (memory, an eventfd) behind a descriptor that stays the
     * module's. The module keeps ownership of `with`. 0 or a negative errno.
     */
    int (*replace)(void *ctx, int fd, int with);
    /** What a card refuses, and why; may be NULL. */
    void (*note)(void *ctx, const char *text);
};

struct emu_kmod_config {
    const char *chip;    /* "AD102"; NULL means AD102 */
    struct nvrm_abi abi; /* release of module and GSP-RM */
    const char *fault;   /* as emu_config.inject; NULL for none */
    unsigned cards;      /* 0 means 1; all of the same chip */
    uint64_t fb_bytes;   /* 0 means the chip's */
    bool root;           /* the process has CAP_SYS_ADMIN */
    struct emu_kmod_host host;
};

/** 0, or as emu_gpu_create(); message (may be NULL) says what. */
int emu_kmod_create(const struct emu_kmod_config *config, struct emu_kmod **kmod_out,
                    char *message, size_t message_bytes);
void emu_kmod_destroy(struct emu_kmod *kmod);

/** 0, -ENODEV (no such card), -EIO (the card does not start), -ENOMEM. */
int emu_kmod_open(struct emu_kmod *kmod, enum emu_node node, unsigned minor,
                  struct emu_kfile **file_out);
/** The last descriptor of the file is closed: its clients, mappings and events go. */
void emu_kmod_close(struct emu_kfile *file);
/** An ioctl; arg is an address in the process, which may be wrong (-EFAULT). */
int emu_kmod_ioctl(struct emu_kfile *file, unsigned long request, void *arg);
/** Around a fork(): no call is under way in the module, in any thread, until it resumes. */
void emu_kmod_pause(struct emu_kmod *kmod);
void emu_kmod_resume(struct emu_kmod *kmod);
enum emu_node emu_kmod_node(const struct emu_kfile *file);
unsigned emu_kmod_minor(const struct emu_kfile *file);
/** A mapping of what RM_MAP_MEMORY put behind a file's descriptor. */
struct emu_kmod_map {
    uint64_t at;    /* where it begins there */
    bool read_only; /* whatever the program asks for */
};
/**
 * Whether a program may map so much of the file from this offset (nvidia_mmap()).
 *
 * @return 0; -EINVAL (nothing is behind it, an object is exported into it, the offset is not
 * 0); -ENXIO (a card's memory is mapped whole or not); -ERANGE (past the end); -ENODEV (the
 *         node cannot be mapped)
 */
int emu_kmod_mmap(struct emu_kfile *file, uint64_t bytes, uint64_t offset,
                  struct emu_kmod_map *map_out);
/** A mapping of /dev/nvidia-uvm that a program asks for. */
struct emu_kmod_uvm_request {
    uint64_t at, bytes, offset;
    bool shared_read_write;
};
/**
 * Make managed memory at an address of the program; a pool of semaphores is found there.
 *
 * @param fd_out  what to map there, from map->at on; stays the module's
 * @return 0; -EBADFD (not initialised), -EINVAL (not shared, the offset is not the address,
 *         other ranges lie there), -ENOMEM, -ENODEV (another node)
 */
int emu_kmod_uvm_mmap(struct emu_kfile *file, const struct emu_kmod_uvm_request *request,
                      struct emu_kmod_map *map_out, int *fd_out);
/** The program has mapped nothing, or something else, at these addresses: managed memory there
 * is gone. Cheap while there is none. */
void emu_kmod_munmap(struct emu_kmod *kmod, uint64_t at, uint64_t bytes);
/** An eventfd of the module's that is readable while poll() on the file is to be; -1 for nodes
 * that cannot be waited for. Lives as long as the file. */
int emu_kmod_event_fd(struct emu_kfile *file);
/** A poll() has shown the program that the file is readable: a wake-up without data is over. */
void emu_kmod_polled(struct emu_kfile *file);

/**
 * The text of a file that the module makes: "/proc/driver/nvidia/version", ".../params",
 * ".../gpus/BDF/information", "/sys/module/nvidia/version", "/sys/bus/pci/devices/BDF/config".
 * Files are listed by index; NULL past the end. Valid until the next call.
 */
const char *emu_kmod_file_path(struct emu_kmod *kmod, unsigned i);
/** Bytes of the file, at most `bytes` of them copied; a negative errno. */
ssize_t emu_kmod_file_read(struct emu_kmod *kmod, unsigned i, void *to, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
