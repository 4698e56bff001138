/* SPDX-License-Identifier: MIT */
/*
 * Logging ELFs: which image a task logs from, and what stands at an address of it.
 *
 * gsp_log_*.bin keeps a container in .fwlogging; the container has one section a task
 * (.fwlogging_rm), and each of them is an ELF with the messages in .logging_metadata or
 * .logging.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fw_bytes_priv.h"
#include "log_priv.h"

#define CONTAINER   ".fwlogging"
#define TASK_PREFIX ".fwlogging_"
#define EXTENDED                                                                               \
    (1ull << 63) /* in place of a file name: the message follows two words later               \
                  */

enum {
    IMAGES_MAX = 24,
    MESSAGE_BYTES = 24, /* libosLogMetadata */
    EXTENDED_BYTES = 16,
    NOBITS = 8,
    LOAD = 1,
};

struct image {
    char name[32];
    struct gsp_fw_elf elf;
    uint64_t base, bytes; /* addresses of the messages */
};

struct gsp_log_elf {
    const struct gsp_host *host;
    unsigned count;
    struct image images[IMAGES_MAX];
};

/* sh_addr, which firmware containers have no use for. */
static uint64_t
section_address(const struct gsp_fw_elf *elf, unsigned i)
{
    const uint8_t *row = elf->section_table.data + (uint64_t)i * (elf->is64 ? 64 : 40);

    return elf->is64 ? fw_u64(row + 16) : fw_u32(row + 12);
}

static bool
find_section(const struct gsp_fw_elf *elf, const char *name, unsigned *index_out,
             struct gsp_fw_section *out)
{
    for (unsigned i = 0; i < elf->sections; i++) {
        if (gsp_fw_elf_section(elf, i, out, NULL) == 0 && !strcmp(out->name, name)) {
            *index_out = i;
            return true;
        }
    }
    return false;
}

/* One task's ELF. */
static int
add_image(struct gsp_log_elf *log, const struct gsp_fw_elf *elf, const char *name,
          struct gsp_error *err)
{
    struct image *image = &log->images[log->count];
    struct gsp_fw_section section;
    unsigned i;

    if (log->count == IMAGES_MAX)
        return fw_bad(&elf->src, err, 0, "more than %u task images", IMAGES_MAX);
    if (!find_section(elf, ".logging_metadata", &i, &section) &&
        !find_section(elf, ".logging", &i, &section))
        return fw_bad(&elf->src, err, 0, "no .logging_metadata and no .logging in it");
    snprintf(image->name, sizeof(image->name), "%s", name);
    image->elf = *elf;
    image->base = section_address(elf, i);
    image->bytes = section.size;
    log->count++;
    return 0;
}

static int
add_container(struct gsp_log_elf *log, const struct gsp_fw_elf *elf, struct gsp_error *err)
{
    const size_t prefix = sizeof(TASK_PREFIX) - 1;

    for (unsigned i = 0; i < elf->sections; i++) {
        struct gsp_fw_section s;
        struct gsp_fw_elf task;
        int rc = gsp_fw_elf_section(elf, i, &s, err);

        if (rc == 0 && strncmp(s.name, TASK_PREFIX, prefix))
            continue;
        if (rc == 0)
            rc = gsp_fw_elf_open(
                &(struct gsp_fw_source){elf->src.name, s.data.data, s.data.bytes, s.data.off},
                &task, err);
        if (rc == 0)
            rc = add_image(log, &task, s.name + prefix, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool
is_container(const struct gsp_fw_elf *elf)
{
    const size_t prefix = sizeof(TASK_PREFIX) - 1;
    struct gsp_fw_section s;

    for (unsigned i = 0; i < elf->sections; i++)
        if (gsp_fw_elf_section(elf, i, &s, NULL) == 0 && !strncmp(s.name, TASK_PREFIX, prefix))
            return true;
    return false;
}

static int
add_all(struct gsp_log_elf *log, const struct gsp_fw_source *file, struct gsp_error *err)
{
    struct gsp_fw_section inner;
    struct gsp_fw_elf elf;
    unsigned i;
    int rc = gsp_fw_elf_open(file, &elf, err);

    if (rc == 0 && find_section(&elf, CONTAINER, &i, &inner))
        rc = gsp_fw_elf_open(&(struct gsp_fw_source){file->name, inner.data.data,
                                                     inner.data.bytes, inner.data.off},
                             &elf, err);
    if (rc < 0)
        return rc;
    return is_container(&elf) ? add_container(log, &elf, err) : add_image(log, &elf, "", err);
}

int
gsp_log_elf_open(const struct gsp_fw_source *file, const struct gsp_host *host,
                 struct gsp_log_elf **out, struct gsp_error *err)
{
    struct gsp_log_elf *log = gsp_host_alloc(host, sizeof(*log));
    int rc;

    *out = NULL;
    if (!log)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    log->host = host;
    rc = add_all(log, file, err);
    if (rc < 0)
        gsp_log_elf_close(log);
    else
        *out = log;
    return rc;
}

void
gsp_log_elf_close(struct gsp_log_elf *elf)
{
    if (elf)
        gsp_host_free(elf->host, elf);
}

const char *
gsp_log_elf_image(const struct gsp_log_elf *elf, unsigned i)
{
    return i < elf->count ? elf->images[i].name : NULL;
}

static const struct image *
image_by_name(const struct gsp_log_elf *elf, const char *name)
{
    for (unsigned i = 0; i < elf->count; i++)
        if (!strcmp(elf->images[i].name, name))
            return &elf->images[i];
    return NULL;
}

/* The kernel has one image a chip family; a ring that does not say its chip gets the first. */
static const struct image *
kernel_image(const struct gsp_log_elf *elf, const struct gsp_log_ring *ring)
{
    const struct gsp_fw_family_info *family =
        gsp_fw_family_info(gsp_fw_family_of(ring->gpu_arch, ring->gpu_impl));
    char name[32];

    for (unsigned i = 0; i < elf->count && !family; i++)
        if (!strncmp(elf->images[i].name, "kernel_", 7))
            return &elf->images[i];
    snprintf(name, sizeof(name), "kernel_%s", family ? family->name : "");
    if (!image_by_name(elf, name) && ring->gpu_arch >= 0x17 && ring->gpu_arch != 0x18 &&
        ring->gpu_arch < 0x1a)
        return image_by_name(elf, "kernel_ga10x"); /* Ada logs with Ampere's kernel */
    return image_by_name(elf, name);
}

/* nv-firmware-chip-family-select.h: what each task logs with. */
static const struct image *
image_of(const struct gsp_log_elf *elf, const struct gsp_log_ring *ring, unsigned task)
{
    static const char *const names[] = {
        [2] = "init", [3] = "rm",    [4] = "rm",    [5] = "vgpu",
        [6] = "mnoc", [7] = "debug", [8] = "start", [9] = "rm",
    };

    if (elf->count == 1 && !elf->images[0].name[0])
        return &elf->images[0];
    if (task == 1)
        return kernel_image(elf, ring);
    if (task >= sizeof(names) / sizeof(names[0]) || !names[task])
        return NULL;
    return image_by_name(elf, names[task]);
}

/* Bytes from an address to the end of what is mapped there. */
static bool
map(const struct image *image, uint64_t va, struct gsp_fw_slice *out)
{
    struct gsp_fw_section section;
    struct gsp_fw_segment segment;

    for (unsigned i = 0; i < image->elf.segments; i++) {
        if (gsp_fw_elf_segment(&image->elf, i, &segment, NULL) < 0 || segment.type != LOAD ||
            va < segment.va || va - segment.va >= segment.data.bytes)
            continue;
        *out = segment.data;
        out->data += va - segment.va;
        out->bytes -= va - segment.va;
        return true;
    }
    for (unsigned i = 0; i < image->elf.sections; i++) {
        const uint64_t at = section_address(&image->elf, i);

        if (!at || gsp_fw_elf_section(&image->elf, i, &section, NULL) < 0 ||
            section.type == NOBITS || va < at || va - at >= section.data.bytes)
            continue;
        *out = section.data;
        out->data += va - at;
        out->bytes -= va - at;
        return true;
    }
    return false;
}

static const char *
text_at(const struct image *image, uint64_t va)
{
    struct gsp_fw_slice s;

    if (!map(image, va, &s) || !memchr(s.data, 0, s.bytes))
        return NULL;
    return (const char *)s.data;
}

const char *
log_elf_text(const struct gsp_log_elf *elf, const struct gsp_log_ring *ring, unsigned task,
             uint64_t va)
{
    const struct image *image = elf ? image_of(elf, ring, task) : NULL;

    return image ? text_at(image, va) : NULL;
}

static void
read_message(const struct image *image, const uint8_t *p, struct gsp_log_message *out)
{
    const char *file = text_at(image, fw_u64(p)), *format = text_at(image, fw_u64(p + 8));
    const char *slash = file ? strrchr(file, '/') : NULL;

    *out = (struct gsp_log_message){
        .file = slash  ? slash + 1
                : file ? file
                       : "?",
        .format = format ? format : "",
        .line = fw_u32(p + 16),
        .arg_count = p[20],
        .level = p[21],
        .special = p[22],
    };
}

bool
log_elf_message(const struct gsp_log_elf *elf, const struct gsp_log_ring *ring, unsigned task,
                bool packed, uint64_t message, struct gsp_log_message *out)
{
    const struct image *image = image_of(elf, ring, task);
    uint64_t va = message;
    struct gsp_fw_slice s;

    if (!image)
        return false;
    if (packed)
        va += image->base;
    if (va < image->base || va - image->base >= image->bytes || !map(image, va, &s) ||
        s.bytes < MESSAGE_BYTES)
        return false;
    if (fw_u64(s.data) == EXTENDED && s.bytes >= EXTENDED_BYTES + MESSAGE_BYTES)
        s.data += EXTENDED_BYTES;
    read_message(image, s.data, out);
    return out->arg_count <= GSP_LOG_ARGS_MAX;
}

bool
gsp_log_message_find(const struct gsp_log_elf *elf, const struct gsp_log_ring *ring,
                     const struct gsp_log_record *record, struct gsp_log_message *out)
{
    struct gsp_log_message message;

    memset(out, 0, sizeof(*out));
    if (!elf ||
        !log_elf_message(elf, ring, record->task, record->packed, record->message, &message) ||
        message.arg_count != record->arg_count)
        return false;
    *out = message;
    return true;
}
