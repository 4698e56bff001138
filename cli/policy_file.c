/* SPDX-License-Identifier: MIT */
/*
 * Policies as data: the profiles, and files that change one.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "policy_priv.h"
#include "transport.h"

#define GRADE(name) (1u << NVRM_SAFETY_##name)

/* What reading needs: to be a client, to name the card, to hear of events. */
static const char *const reading_classes[] = {"NV01_ROOT*", "NV01_DEVICE_0", "NV20_SUBDEVICE_0",
                                              "NV01_EVENT*", NULL};
/* RPCs that only look, or that manage the caller's own objects. Allocations and controls among
 * them are judged by what is inside. */
static const char *const reading_rpcs[] = {"NOP", "FREE", "GET_GSP_STATIC_INFO", NULL};
static const char *const own_rpcs[] = {"NOP", "FREE", "DUP_OBJECT", "GET_GSP_STATIC_INFO",
                                       NULL};

static const struct policy_profile profiles[] = {
    {"read-only", "looks and changes nothing: the default on real cards",           GRADE(READ),
     reading_classes,                                                                                  reading_rpcs, "--policy standard"},
    {"standard",  "reads and writes what is graded: the default on emulated cards",
     GRADE(READ) | GRADE(WRITE),                                                                 NULL, own_rpcs,     "--unsafe"         },
    {"unsafe",    "sends everything",
     GRADE(UNKNOWN) | GRADE(READ) | GRADE(WRITE) | GRADE(DESTRUCTIVE) | GRADE(QUARANTINED),
     NULL,                                                                                             NULL,         NULL               },
};
enum { PROFILES = sizeof(profiles) / sizeof(profiles[0]) };

const struct policy_profile *
policy_profile(const char *name)
{
    for (unsigned i = 0; i < PROFILES; i++) {
        if (!strcmp(profiles[i].name, name))
            return &profiles[i];
    }
    return NULL;
}

static const char *const grades[] = {"unknown",     "read",        "write",
                                     "destructive", "quarantined", NULL};
static const char *const kinds[] = {"control", "class", "rpc", NULL};

const char *
policy_safety_name(enum nvrm_safety safety)
{
    return grades[safety];
}

const char *
policy_kind_name(enum policy_kind kind)
{
    return kinds[kind];
}

/* One file on its way in. */
struct reader {
    const char *name, *text;
    size_t bytes;
    struct gsp_error *err;
};

static int bad(const struct reader *r, const char *pointer, const char *hint,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

static int
bad(const struct reader *r, const char *pointer, const char *hint, const char *format, ...)
{
    unsigned line = 1, column = 1;
    char what[120];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    (void)cli_yaml_where(r->text, r->bytes, pointer, &line, &column);
    gsp_fail(r->err, GSP_ORIGIN_INPUT, -EINVAL, "%s:%u:%u: %s", r->name, line, column, what);
    gsp_hint(r->err, "%s", hint);
    return -EINVAL;
}

static int
index_of(const char *const *list, const char *word)
{
    for (int i = 0; word && list[i]; i++) {
        if (!strcmp(list[i], word))
            return i;
    }
    return -1;
}

/* The keys of an object must be among `keys`. */
static int
check_keys(const struct reader *r, const json_t *object, const char *const *keys,
           const char *pointer)
{
    char at[128], hint[160] = "legal: ";
    const char *key;
    json_t *value;

    for (unsigned i = 0; keys[i]; i++) {
        const size_t n = strlen(hint);

        snprintf(hint + n, sizeof(hint) - n, "%s%s", i ? ", " : "", keys[i]);
    }
    if (!json_is_object(object))
        return bad(r, pointer, hint, "an object is wanted here");
    json_object_foreach((json_t *)object, key, value)
    {
        snprintf(at, sizeof(at), "%s%s%.80s", pointer, *pointer ? "/" : "", key);
        if (index_of(keys, key) < 0)
            return bad(r, at, hint, "there is no key '%.60s'", key);
    }
    return 0;
}

static int
check_grades(const struct reader *r, const json_t *doc)
{
    static const char hint[] = "legal: read, write, unknown, destructive, quarantined";
    const json_t *list = json_object_get(doc, "allow"), *grade;
    char at[32];
    size_t i;

    if (list && !json_is_array(list))
        return bad(r, "allow", hint, "allow is a list of grades");
    json_array_foreach(list, i, grade)
    {
        snprintf(at, sizeof(at), "allow/%zu", i);
        if (index_of(grades, json_string_value(grade)) < 0)
            return bad(r, at, hint, "allow lists an unknown grade");
    }
    return 0;
}

/* NAME: allow or refuse */
static int
check_names(const struct reader *r, const json_t *doc, const char *section)
{
    static const char *const words[] = {"allow", "refuse", NULL};
    const json_t *names = json_object_get(doc, section);
    const char *key;
    json_t *value;
    char at[160];

    if (names && !json_is_object(names))
        return bad(r, section, "for example {NAME: allow}", "%s maps names to allow or refuse",
                   section);
    json_object_foreach((json_t *)names, key, value)
    {
        snprintf(at, sizeof(at), "%s/%.100s", section, key);
        if (index_of(words, json_string_value(value)) < 0)
            return bad(r, at, "legal: allow, refuse", "a name must be set to allow or refuse");
    }
    return 0;
}

static int
check_rule(const struct reader *r, const json_t *rule, const char *at)
{
    static const char *const keys[] = {"allow", "deny", "kind", "class", "flag",
                                       "grade", "chip", "why",  NULL};
    const char *key;
    json_t *value;
    int rc = check_keys(r, rule, keys, at);

    if (rc < 0)
        return rc;
    json_object_foreach((json_t *)rule, key, value)
    {
        if (!json_is_string(value))
            return bad(r, at, "write names and patterns as text", "%s is text", key);
    }
    if (!json_object_get(rule, "allow") == !json_object_get(rule, "deny"))
        return bad(r, at, "for example {deny: \"NV2080_*\", why: \"not today\"}",
                   "a rule has either allow or deny");
    if (json_object_get(rule, "kind") && index_of(kinds, cli_str(rule, "kind")) < 0)
        return bad(r, at, "legal: control, class, rpc", "there is no kind '%.40s'",
                   cli_str(rule, "kind"));
    if (json_object_get(rule, "grade") && index_of(grades, cli_str(rule, "grade")) < 0)
        return bad(r, at, "legal: read, write, unknown, destructive, quarantined",
                   "there is no grade '%.40s'", cli_str(rule, "grade"));
    return 0;
}

static int
check_rules(const struct reader *r, const json_t *doc)
{
    const json_t *rules = json_object_get(doc, "rules"), *rule;
    char at[32];
    size_t i;
    int rc = 0;

    if (rules && !json_is_array(rules))
        return bad(r, "rules", "the first rule that fits decides", "rules is a list");
    json_array_foreach(rules, i, rule)
    {
        snprintf(at, sizeof(at), "rules/%zu", i);
        rc = check_rule(r, rule, at);
        if (rc < 0)
            return rc;
    }
    return rc;
}

static int
check_file(const struct reader *r, const json_t *doc)
{
    static const char *const keys[] = {"base",    "allow", "rules", "controls",
                                       "classes", "rpcs",  NULL};
    const json_t *base = json_object_get(doc, "base");
    int rc = check_keys(r, doc, keys, "");

    if (rc == 0 && base && (!json_is_string(base) || !policy_profile(json_string_value(base))))
        rc = bad(r, "base", "legal: read-only, standard, unsafe", "base is no profile");
    if (rc == 0)
        rc = check_grades(r, doc);
    if (rc == 0)
        rc = check_rules(r, doc);
    if (rc == 0)
        rc = check_names(r, doc, "controls");
    if (rc == 0)
        rc = check_names(r, doc, "classes");
    return rc < 0 ? rc : check_names(r, doc, "rpcs");
}

static int
create(const char *name, const struct policy_profile *base, json_t *doc,
       struct policy **policy_out, struct gsp_error *err)
{
    struct policy *p = calloc(1, sizeof(*p));
    char *copy = strdup(name);

    if (!p || !copy) {
        free(copy);
        free(p);
        json_decref(doc);
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    }
    p->name = copy;
    p->base = base;
    p->doc = doc;
    *policy_out = p;
    return 0;
}

int
policy_load_text(const char *text, size_t bytes, const char *name, struct policy **policy_out,
                 struct gsp_error *err)
{
    const struct reader r = {name, text, bytes, err};
    json_t *doc = cli_load_text(text, bytes, name, err);
    const char *base;

    if (!doc)
        return -EINVAL;
    if (check_file(&r, doc) < 0) {
        json_decref(doc);
        return -EINVAL;
    }
    base = cli_str(doc, "base");
    return create(name, policy_profile(*base ? base : "standard"), doc, policy_out, err);
}

static int
load_file(const char *path, struct policy **policy_out, struct gsp_error *err)
{
    size_t bytes = 0;
    char *text = cli_read_file(path, &bytes, err);
    int rc = text ? policy_load_text(text, bytes, path, policy_out, err) : -EINVAL;

    if (!text)
        gsp_hint(err, "legal: read-only, standard, unsafe, or a readable file");
    free(text);
    return rc;
}

/* The emulated card has nothing to lose; what may be a real one is only looked at. */
static const char *
default_profile(const struct cli *cli)
{
    static const char *const harmless[] = {"emu", "vfio-user", "replay", NULL};
    struct transport_spec spec;
    const char *profile = "read-only";

    if (cli->session)
        return index_of(harmless, session_transport(cli->session)) < 0 ? "read-only"
                                                                       : "standard";
    if (transport_spec_parse(&cli->options, &spec, NULL) == 0) {
        profile = index_of(harmless, spec.kind) < 0 ? "read-only" : "standard";
        transport_spec_fini(&spec);
    }
    return profile;
}

int
policy_open(const struct cli *cli, struct policy **policy_out, struct gsp_error *err)
{
    const char *name = cli->options.policy ? cli->options.policy : default_profile(cli);
    const struct policy_profile *profile =
        policy_profile(cli->options.unsafe ? "unsafe" : name);

    if (!profile)
        return load_file(name, policy_out, err);
    return create(profile->name, profile, NULL, policy_out, err);
}

void
policy_close(struct policy *p)
{
    if (!p)
        return;
    json_decref(p->doc);
    free(p->name);
    free(p);
}

const char *
policy_name(const struct policy *p)
{
    return p->name;
}

unsigned
policy_grades(const struct policy *p)
{
    const json_t *allow = json_object_get(p->doc, "allow"), *grade;
    unsigned mask = 0;
    size_t i;

    if (!allow)
        return p->base->grades;
    json_array_foreach(allow, i, grade)
    {
        const int index = index_of(grades, json_string_value(grade));

        mask |= index < 0 ? 0 : 1u << index; /* the file was checked: none is below 0 */
    }
    return mask;
}

static json_t *
texts(const char *const *list)
{
    json_t *all = json_array();

    for (; list && *list; list++)
        json_array_append_new(all, json_string(*list));
    if (!list)
        json_array_append_new(all, json_string("*"));
    return all;
}

json_t *
policy_json(const struct policy *p)
{
    json_t *o = json_pack("{s:s, s:s, s:s}", "policy", p->name, "base", p->base->name,
                          "meaning", p->base->doc);
    json_t *list = json_array();

    for (unsigned i = 0; grades[i]; i++) {
        if (policy_grades(p) >> i & 1)
            json_array_append_new(list, json_string(grades[i]));
    }
    json_object_set_new(o, "grades", list);
    json_object_set_new(o, "classes", texts(p->base->classes));
    json_object_set_new(o, "rpcs", texts(p->base->rpcs));
    if (p->doc)
        json_object_set(o, "file", p->doc);
    return o;
}
