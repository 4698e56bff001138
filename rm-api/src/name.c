/* SPDX-License-Identifier: MIT */
/*
 * Names and numbers to rows, with errors that say where a name does exist.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>

bool
rm_parse_u32(const char *text, uint32_t *value_out)
{
    unsigned long long value;
    char *end;

    if (!text || *text < '0' || *text > '9')
        return false;
    errno = 0;
    value = strtoull(text, &end, 0);
    if (errno || *end || value > UINT32_MAX)
        return false;
    *value_out = (uint32_t)value;
    return true;
}

/* One contiguous run of releases, appended as "A" or "A .. B". */
static void
add_range(const struct nvrm_schema *s, unsigned first, unsigned last, char *out,
          size_t out_bytes)
{
    const size_t used = strlen(out);
    const char *comma = used ? ", " : "";

    if (first == last)
        snprintf(out + used, out_bytes - used, "%s%s", comma,
                 nvrm_release_name(s, (nvrm_release)first));
    else
        snprintf(out + used, out_bytes - used, "%s%s .. %s", comma,
                 nvrm_release_name(s, (nvrm_release)first),
                 nvrm_release_name(s, (nvrm_release)last));
}

unsigned
rm_release_ranges(const struct nvrm_schema *s,
                  bool (*has)(struct nvrm_abi abi, const void *ctx), const void *ctx, char *out,
                  size_t out_bytes)
{
    const unsigned count = nvrm_release_count(s);
    unsigned found = 0, first = count;

    if (out_bytes)
        out[0] = '\0';
    for (unsigned r = 0; r <= count; r++) {
        const bool here = r < count && has((struct nvrm_abi){s, (nvrm_release)r}, ctx);

        found += here;
        if (here && first == count)
            first = r;
        if (!here && first < count) {
            if (out_bytes)
                add_range(s, first, r - 1, out, out_bytes);
            first = count;
        }
    }
    return found;
}

static bool
has_class(struct nvrm_abi abi, const void *name)
{
    return nvrm_class_find(abi, name);
}

static bool
has_control(struct nvrm_abi abi, const void *name)
{
    return nvrm_control_find(abi, name);
}

static bool
has_rpc(struct nvrm_abi abi, const void *name)
{
    return nvrm_rpc_find(abi, name);
}

static bool
has_struct(struct nvrm_abi abi, const void *name)
{
    return nvrm_struct_find(abi, name);
}

static bool
has_status(struct nvrm_abi abi, const void *name)
{
    return nvrm_status_find(abi, name);
}

/* What a kind of name is called, and how to look for it in other releases. */
struct name_kind {
    const char *noun;
    unsigned nearest; /* NVRM_NAME_* */
    bool (*has)(struct nvrm_abi abi, const void *name);
};

static const struct name_kind class_kind = {"class", NVRM_NAME_CLASS, has_class};
static const struct name_kind control_kind = {"control", NVRM_NAME_CONTROL, has_control};
static const struct name_kind rpc_kind = {"RPC", NVRM_NAME_RPC, has_rpc};
static const struct name_kind struct_kind = {"struct", NVRM_NAME_STRUCT, has_struct};
static const struct name_kind status_kind = {"status", NVRM_NAME_STATUS, has_status};

static int
missing(struct nvrm_abi abi, const struct name_kind *kind, const char *name,
        struct gsp_error *err)
{
    const char *nearest = nvrm_nearest_name(abi, kind->nearest, name);
    char ranges[200];

    if (rm_release_ranges(abi.schema, kind->has, name, ranges, sizeof(ranges))) {
        gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "release %s has no %s %s",
                 nvrm_release_name(abi.schema, abi.release), kind->noun, name);
        gsp_hint(err, "it exists in %s", ranges);
        return -ENOENT;
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "no release knows the %s '%s'", kind->noun, name);
    if (nearest)
        gsp_hint(err, "did you mean %s?", nearest);
    return -ENOENT;
}

int
rm_name_class(struct nvrm_abi abi, const char *name, const struct nvrm_class **class_out,
              uint32_t *id_out, struct gsp_error *err)
{
    uint32_t id;

    if (rm_parse_u32(name, &id)) {
        *class_out = nvrm_class_by_id(abi, id);
        *id_out = id;
        return 0;
    }
    *class_out = nvrm_class_find(abi, name);
    if (!*class_out)
        return missing(abi, &class_kind, name, err);
    *id_out = (*class_out)->id;
    return 0;
}

int
rm_name_control(struct nvrm_abi abi, const char *name, const struct nvrm_control **control_out,
                uint32_t *id_out, struct gsp_error *err)
{
    uint32_t id;

    if (rm_parse_u32(name, &id)) {
        *control_out = nvrm_control_by_id(abi, id);
        *id_out = id;
        return 0;
    }
    *control_out = nvrm_control_find(abi, name);
    if (!*control_out)
        return missing(abi, &control_kind, name, err);
    *id_out = (*control_out)->id;
    return 0;
}

int
rm_name_rpc(struct nvrm_abi abi, const char *name, const struct nvrm_rpc **rpc_out,
            uint32_t *id_out, struct gsp_error *err)
{
    uint32_t id;

    if (rm_parse_u32(name, &id)) {
        *rpc_out = nvrm_rpc_by_id(abi, id);
        *id_out = id;
        return 0;
    }
    *rpc_out = nvrm_rpc_find(abi, name);
    if (!*rpc_out)
        return missing(abi, &rpc_kind, name, err);
    *id_out = (*rpc_out)->id;
    return 0;
}

int
rm_name_struct(struct nvrm_abi abi, const char *name, const struct nvrm_layout **layout_out,
               struct gsp_error *err)
{
    *layout_out = nvrm_struct_find(abi, name);
    return *layout_out ? 0 : missing(abi, &struct_kind, name, err);
}

int
rm_name_status(struct nvrm_abi abi, const char *name, uint32_t *status_out,
               struct gsp_error *err)
{
    const struct nvrm_const *status;

    if (rm_parse_u32(name, status_out))
        return 0;
    status = nvrm_status_find(abi, name);
    if (!status)
        return missing(abi, &status_kind, name, err);
    *status_out = (uint32_t)status->value;
    return 0;
}

int
rm_name_release(const struct nvrm_schema *s, const char *name, nvrm_release *release_out,
                struct gsp_error *err)
{
    const nvrm_release release = nvrm_release_find(s, name);
    nvrm_release nearest;

    if (release != NVRM_NO_RELEASE) {
        *release_out = release;
        return 0;
    }
    gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT,
             "release '%s' is not one of the %u that are known", name, nvrm_release_count(s));
    nearest = nvrm_release_nearest(s, name);
    if (nearest == NVRM_NO_RELEASE)
        nearest = nvrm_release_newest(s);
    gsp_hint(err, "the nearest known release is %s", nvrm_release_name(s, nearest));
    return -ENOENT;
}

const struct nvrm_layout *
rm_class_layout(struct nvrm_abi abi, const struct nvrm_class *cls)
{
    const struct nvrm_layout *layout;

    if (!cls)
        return NULL;
    layout = nvrm_struct_at(abi, cls->params);
    if (!layout && !strncmp(nvrm_str(abi.schema, cls->name), "NV01_ROOT", 9))
        layout = nvrm_struct_find(abi, "NV0000_ALLOC_PARAMETERS");
    return layout;
}
