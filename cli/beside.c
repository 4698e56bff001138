/* SPDX-License-Identifier: MIT */
/*
 * Files that come with nvrm-cli: where they are.
 */
#include "beside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
not_there(const char *env, const char *said, const char *place, struct gsp_error *err)
{
    const char *slash = strrchr(place, '/');

    if (said)
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENOENT, "%s: %s is not there", env, said);
    else
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENOENT, "%s is not where this program is",
                 slash ? slash + 1 : place);
    gsp_hint(err,
             said ? "%s=PATH says where it is; unset, it is looked for beside nvrm-cli"
                  : "%s=PATH says where it is",
             env);
    return -ENOENT;
}

int
cli_find_beside(const char *env, const char *const *places, char out[PATH_MAX],
                struct gsp_error *err)
{
    const char *said = getenv(env);
    char own[PATH_MAX] = "", path[2 * PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

    if (said && !*said)
        said = NULL;
    if (said)
        return realpath(said, out) ? 0 : not_there(env, said, places[0], err);
    own[n > 0 ? n : 0] = '\0';
    if (strrchr(own, '/'))
        *strrchr(own, '/') = '\0';
    for (size_t i = 0; places[i]; i++) {
        snprintf(path, sizeof(path), "%s/%s", own, places[i]);
        if (realpath(path, out))
            return 0;
    }
    return not_there(env, NULL, places[0], err);
}
