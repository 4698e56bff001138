/* SPDX-License-Identifier: MIT */
/*
 * Lists, ranges and patterns of releases.
 */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include <rm/name.h>

#include "releases.h"

struct marks {
    const struct nvrm_schema *schema;
    bool wanted[256];
};

static int
mark_pattern(struct marks *m, const char *pattern, struct gsp_error *err)
{
    bool any = false;

    for (unsigned r = 0; r < nvrm_release_count(m->schema); r++) {
        if (strcmp(pattern, "all") != 0 &&
            fnmatch(pattern, nvrm_release_name(m->schema, (nvrm_release)r), 0) != 0)
            continue;
        m->wanted[r] = any = true;
    }
    if (any)
        return 0;
    gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "no known release matches '%s'", pattern);
    gsp_hint(err, "schema list releases names them");
    return -ENOENT;
}

static int
mark_range(struct marks *m, const char *from, const char *to, struct gsp_error *err)
{
    nvrm_release first, last;

    if (rm_name_release(m->schema, from, &first, err) < 0 ||
        rm_name_release(m->schema, to, &last, err) < 0)
        return -ENOENT;
    if (last < first) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "-F: %s is newer than %s", from, to);
        gsp_hint(err, "a range is OLDER..NEWER");
        return -EINVAL;
    }
    for (unsigned r = first; r <= last; r++)
        m->wanted[r] = true;
    return 0;
}

static int
mark_item(struct marks *m, char *item, struct gsp_error *err)
{
    char *dots = strstr(item, "..");
    nvrm_release r;

    if (!strcmp(item, "all") || strpbrk(item, "*?["))
        return mark_pattern(m, item, err);
    if (dots) {
        *dots = '\0';
        return mark_range(m, item, dots + 2, err);
    }
    if (rm_name_release(m->schema, item, &r, err) < 0)
        return -ENOENT;
    m->wanted[r] = true;
    return 0;
}

static int
mark_list(struct marks *m, const char *list, struct gsp_error *err)
{
    int rc = 0;

    while (rc == 0 && *list) {
        const size_t n = strcspn(list, ",");
        char item[64];

        snprintf(item, sizeof(item), "%.*s", (int)(n < sizeof(item) ? n : sizeof(item) - 1),
                 list);
        rc = mark_item(m, item, err);
        list += n + (list[n] == ',');
    }
    return rc;
}

int
cli_releases(struct cli *cli, const char *fallback, struct cli_releases *out,
             struct gsp_error *err)
{
    const char *list = cli->options.firmware ? cli->options.firmware : fallback;
    struct marks m = {.schema = cli->schema};
    struct nvrm_abi abi;
    int rc;

    out->count = 0;
    if (!list || !strcmp(list, "auto")) {
        rc = cli_abi(cli, &abi, err);
        if (rc == 0)
            m.wanted[abi.release] = true;
    } else {
        rc = mark_list(&m, list, err);
    }
    for (unsigned r = 0; rc == 0 && r < nvrm_release_count(cli->schema); r++)
        if (m.wanted[r])
            out->at[out->count++] = (nvrm_release)r;
    return rc;
}
