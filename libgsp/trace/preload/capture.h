/* SPDX-License-Identifier: MIT */
/*
 * Inside libnvrm-trace.so: which descriptors are of the kernel module (files.c), and the
 * records that a thread writes (capture.c). preload.c has the functions that a program calls.
 *
 *   NVRM_TRACE_RING=PATH  NVRM_TRACE_PID=PID  NVRM_TRACE_FOLLOW=1
 */
#ifndef TRACE_CAPTURE_H
#define TRACE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Files */

enum { FILE_NONE, FILE_CTL, FILE_UVM, FILE_UVM_TOOLS, FILE_CAP, FILE_GPU };

/** What a path or a descriptor is: FILE_NONE, or a kind with its minor number above bit 8. */
uint16_t file_of_path(const char *path);
uint16_t file_of(int fd);
void file_set(int fd, uint16_t file);
void file_path(uint16_t file, char path[40]);
/** Descriptors that this program was started with. */
void files_inherited(void);
/** Mappings of such files, so that their end is seen too. */
void mapping_add(uintptr_t at);
bool mapping_remove(uintptr_t at);

/* Capturing */

struct capture; /* of this thread */

void capture_begin(void);  /* of the process: finds the ring */
void capture_forked(void); /* in a child */
/** False in a child of vfork(), which closes its own descriptors but has our memory. */
bool capture_own_process(void);
/** Of this thread, busy until capture_end(): NULL when nothing is traced, or when this is a
 * call inside of another one that is. errno stays as it is. */
struct capture *capture_enter(void);
void capture_leave(struct capture *c);

uint64_t capture_now(void);
/** An ioctl: before and after the kernel's part. `rc` is 0 or a negative errno. */
void capture_ioctl(struct capture *c, int fd, uint16_t file, unsigned long request, void *arg);
void capture_ioctl_done(struct capture *c, int rc);
/** Any other call, when it is over. path may be NULL: that of the file. */
void capture_call(struct capture *c, int type, uint64_t start_ns, int rc, unsigned args,
                  const uint64_t *arg, uint16_t file);

#endif
