/* SPDX-License-Identifier: MIT */
/*
 * Judging: exact names of the policy file first, then its rules in order, then the profile.
 * Read-only is not safe by itself, so the overlay grades controls, and what nobody has graded
 * is refused unless somebody takes the responsibility.
 */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include <rm/name.h>

#include "policy_priv.h"
#include "transport.h"

static const char *const sections[] = {"controls", "classes", "rpcs"};

void
policy_chip(const struct cli *cli, char *buf, size_t bytes)
{
    struct transport_spec spec;

    buf[0] = '\0';
    if (cli->session && !session_is_dry(cli->session)) {
        snprintf(buf, bytes, "%s", session_chip(cli->session));
    } else if (transport_spec_parse(&cli->options, &spec, NULL) == 0) {
        snprintf(buf, bytes, "%s", spec.chip ? spec.chip : "");
        transport_spec_fini(&spec);
    }
}

/* Whether a word of `chips` ("GA100 GB203") is the chip; one that is not known may be any. */
static bool
names_chip(const char *chips, const char *chip)
{
    const size_t n = strlen(chip);

    for (; n && *chips; chips += strcspn(chips, " "), chips += strspn(chips, " ")) {
        if (strcspn(chips, " ") == n && !strncmp(chips, chip, n))
            return true;
    }
    return !n;
}

/* A grade that was given for some chips says nothing about the others. */
static enum nvrm_safety
grade_of(const struct policy_subject *s)
{
    const struct nvrm_control *c = s->control;

    if (!c ||
        (c->safety_chips && !names_chip(nvrm_str(s->abi.schema, c->safety_chips), s->chip)))
        return NVRM_SAFETY_UNKNOWN;
    return (enum nvrm_safety)c->safety;
}

/* A flag or an access right of a control or class, by its name. */
static bool
has_flag(const struct policy_subject *s, const char *name)
{
    const struct nvrm_schema *schema = s->abi.schema;
    const uint64_t flags = s->control ? s->control->flags : s->cls ? s->cls->flags : 0;
    const uint32_t access = s->control ? s->control->access : s->cls ? s->cls->access : 0;
    const char *word;

    for (unsigned bit = 0; bit < 64; bit++) {
        word = s->control ? nvrm_control_flag_name(schema, bit)
                          : nvrm_class_flag_name(schema, bit);
        if (word && flags >> bit & 1 && !strcmp(word, name))
            return true;
    }
    for (unsigned bit = 0; bit < 32; bit++) {
        word = nvrm_access_name(schema, bit);
        if (word && access >> bit & 1 && !strcmp(word, name))
            return true;
    }
    return false;
}

/* The class that a control belongs to, by the upper half of its number, or the RM class that
 * implements it; a class by its own names. */
static bool
is_of_class(const struct policy_subject *s, const char *pattern)
{
    const struct nvrm_schema *schema = s->abi.schema;
    const struct nvrm_class *cls = s->control ? nvrm_class_by_id(s->abi, s->id >> 16) : s->cls;
    const char *on = s->control ? nvrm_str(schema, s->control->on)
                     : s->cls   ? nvrm_str(schema, s->cls->impl)
                                : "";

    return (cls && !fnmatch(pattern, nvrm_str(schema, cls->name), 0)) ||
           (*on && !fnmatch(pattern, on, 0));
}

static bool
rule_fits(const struct policy_subject *s, enum nvrm_safety grade, const json_t *rule)
{
    const char *allow = cli_str(rule, "allow"), *kind = cli_str(rule, "kind");
    const char *class = cli_str(rule, "class"), *flag = cli_str(rule, "flag");
    const char *want = cli_str(rule, "grade"), *chip = cli_str(rule, "chip");

    if (fnmatch(*allow ? allow : cli_str(rule, "deny"), s->name, 0))
        return false;
    if (*kind && strcmp(kind, policy_kind_name(s->kind)))
        return false;
    if (*class && !is_of_class(s, class))
        return false;
    if (*flag && !has_flag(s, flag))
        return false;
    if (*want && (s->kind != POLICY_CONTROL || strcmp(want, policy_safety_name(grade))))
        return false;
    if (*chip && !*s->chip) /* it may be any: nothing is allowed for that reason */
        return !*allow;
    return !*chip || !fnmatch(chip, s->chip, 0);
}

static void
by_rule(const struct policy *p, const json_t *rule, size_t i, struct policy_verdict *v)
{
    const bool allow = json_object_get(rule, "allow") != NULL;
    const char *why = cli_str(rule, "why");

    v->allowed = allow;
    snprintf(v->rule, sizeof(v->rule), "rule %zu of %.60s: %s %.60s", i + 1, p->name,
             allow ? "allow" : "deny", cli_str(rule, allow ? "allow" : "deny"));
    snprintf(v->why, sizeof(v->why), "%.150s", *why ? why : "a rule of the policy denies it");
    snprintf(v->hint, sizeof(v->hint), "an allow rule before it, or --unsafe, sends it");
}

/* What the file says of this name or of names like it; false when it says nothing. */
static bool
in_file(const struct policy *p, const struct policy_subject *s, struct policy_verdict *v)
{
    const json_t *named = json_object_get(json_object_get(p->doc, sections[s->kind]), s->name);
    const json_t *rule;
    size_t i;

    if (named) {
        v->allowed = !strcmp(json_string_value(named), "allow");
        snprintf(v->rule, sizeof(v->rule), "%.60s of %.60s names it", sections[s->kind],
                 p->name);
        snprintf(v->why, sizeof(v->why), "the policy file names it");
        snprintf(v->hint, sizeof(v->hint),
                 "--unsafe sends it anyway; so does allow in its place");
        return true;
    }
    json_array_foreach(json_object_get(p->doc, "rules"), i, rule)
    {
        if (!rule_fits(s, v->grade, rule))
            continue;
        by_rule(p, rule, i, v);
        return true;
    }
    return false;
}

static void
list_grades(unsigned mask, char *buf, size_t bytes)
{
    buf[0] = '\0';
    for (unsigned i = 0; i <= NVRM_SAFETY_QUARANTINED; i++) {
        const size_t n = strlen(buf);

        if (mask >> i & 1)
            snprintf(buf + n, bytes - n, "%s%s", n ? ", " : "",
                     policy_safety_name((enum nvrm_safety)i));
    }
}

static const char *
why_refused(enum nvrm_safety grade, bool by_file)
{
    if (by_file && (grade == NVRM_SAFETY_READ || grade == NVRM_SAFETY_WRITE))
        return "the policy file does not allow its grade";
    switch (grade) {
    case NVRM_SAFETY_DESTRUCTIVE:
        return "it is destructive";
    case NVRM_SAFETY_QUARANTINED:
        return "it is known to take GSP-RM down";
    case NVRM_SAFETY_UNKNOWN:
        return "nobody has graded what it does";
    case NVRM_SAFETY_WRITE:
        return "it changes something";
    default:
        return "it is not allowed";
    }
}

/* The option that would send it: standard is enough for what is graded write. */
static void
hint_more(const struct policy *p, enum nvrm_safety grade, struct policy_verdict *v)
{
    const bool standard = p->base->more && !strcmp(p->base->more, "--policy standard") &&
                          !p->doc && (grade == NVRM_SAFETY_WRITE || grade == NVRM_SAFETY_READ);

    snprintf(v->hint, sizeof(v->hint), "%s",
             standard ? "--policy standard sends it"
                      : "--unsafe sends it anyway; a --policy file can allow it by name");
}

static void
judge_control(const struct policy *p, struct policy_verdict *v)
{
    char grades[96];

    list_grades(policy_grades(p), grades, sizeof(grades));
    v->allowed = policy_grades(p) >> v->grade & 1;
    snprintf(v->rule, sizeof(v->rule), "%.60s sends what is graded %.72s", p->name, grades);
    snprintf(v->why, sizeof(v->why), "%s", why_refused(v->grade, p->doc != NULL));
    hint_more(p, v->grade, v);
}

static bool
in_patterns(const char *const *list, const char *word)
{
    for (; list && *list; list++) {
        if (!fnmatch(*list, word, 0))
            return true;
    }
    return !list;
}

static void
judge_class(const struct policy *p, const struct policy_subject *s, struct policy_verdict *v)
{
    v->allowed = in_patterns(p->base->classes, s->name);
    snprintf(v->rule, sizeof(v->rule), "%s allocates %s", p->base->name,
             p->base->classes ? "only what reading needs" : "everything");
    snprintf(v->why, sizeof(v->why), "an allocation changes the card");
    hint_more(p, NVRM_SAFETY_WRITE, v);
}

static void
judge_rpc(const struct policy *p, const struct policy_subject *s, struct policy_verdict *v)
{
    v->allowed = in_patterns(p->base->rpcs, s->name);
    snprintf(v->rule, sizeof(v->rule), "%s sends %s", p->base->name,
             p->base->rpcs ? "raw RPCs that look or manage own objects" : "everything");
    snprintf(v->why, sizeof(v->why), "a raw RPC goes past RM's own checks");
    hint_more(p, NVRM_SAFETY_UNKNOWN, v);
}

void
policy_judge(const struct policy *p, const struct policy_subject *subject,
             struct policy_verdict *out)
{
    *out = (struct policy_verdict){.grade = grade_of(subject), .source = ""};
    if (subject->control)
        out->source = nvrm_str(subject->abi.schema, subject->control->safety_source);
    if (in_file(p, subject, out))
        return;
    if (subject->kind == POLICY_CONTROL)
        judge_control(p, out);
    else if (subject->kind == POLICY_CLASS)
        judge_class(p, subject, out);
    else
        judge_rpc(p, subject, out);
}

static void
say_name(const struct policy_subject *s, char *buf, size_t bytes)
{
    const char *before = s->kind == POLICY_RPC ? "RPC " : "";

    if (*s->name)
        snprintf(buf, bytes, "%s%s", before, s->name);
    else if (s->kind == POLICY_RPC)
        snprintf(buf, bytes, "RPC %u", s->id);
    else
        snprintf(buf, bytes, "%s 0x%08x", policy_kind_name(s->kind), s->id);
}

/* What --unsafe lifts is said aloud when there is a reason to know it. */
static void
warn(struct cli *cli, const char *name, const struct policy_verdict *v)
{
    if (!cli->options.unsafe ||
        (v->grade != NVRM_SAFETY_DESTRUCTIVE && v->grade != NVRM_SAFETY_QUARANTINED))
        return;
    cli_note(cli, "unsafe: %s is sent, and %s%s%s", name, why_refused(v->grade, false),
             *v->source ? ", see " : "", v->source);
}

static int
judge(struct cli *cli, struct policy_subject *s, struct gsp_error *err)
{
    struct policy_verdict v;
    struct policy *p = NULL;
    char chip[32], name[128];
    int rc = policy_open(cli, &p, err);

    if (rc < 0)
        return rc;
    policy_chip(cli, chip, sizeof(chip));
    s->chip = chip;
    policy_judge(p, s, &v);
    say_name(s, name, sizeof(name));
    if (v.allowed) {
        warn(cli, name, &v);
    } else {
        rc = gsp_fail(err, GSP_ORIGIN_POLICY, -EPERM, "policy refuses %s: %s%s%s", name, v.why,
                      *v.source ? ", see " : "", v.source);
        gsp_hint(err, "%s (rule: %s)", v.hint, v.rule);
    }
    policy_close(p);
    s->chip = "";
    return rc;
}

int
policy_control(struct cli *cli, struct nvrm_abi abi, const struct nvrm_control *control,
               uint32_t cmd, struct gsp_error *err)
{
    struct policy_subject s = {POLICY_CONTROL, abi, .control = control, .id = cmd, .name = ""};

    if (control)
        s.name = nvrm_str(abi.schema, control->name);
    return judge(cli, &s, err);
}

int
policy_class(struct cli *cli, struct nvrm_abi abi, const struct nvrm_class *cls, uint32_t id,
             struct gsp_error *err)
{
    struct policy_subject s = {POLICY_CLASS, abi, .cls = cls, .id = id, .name = ""};

    if (cls)
        s.name = nvrm_str(abi.schema, cls->name);
    return judge(cli, &s, err);
}

/* A raw GSP_RM_CONTROL or GSP_RM_ALLOC is judged by what is inside. 1 when it is neither. */
static int
judge_inside(struct cli *cli, struct nvrm_abi abi, const struct nvrm_rpc *rpc,
             const void *payload, size_t payload_bytes, struct gsp_error *err)
{
    const char *name = rpc ? nvrm_str(abi.schema, rpc->name) : "";
    const bool control = !strcmp(name, "GSP_RM_CONTROL"), alloc = !strcmp(name, "GSP_RM_ALLOC");
    const struct nvrm_layout *layout = rpc ? nvrm_struct_at(abi, rpc->params) : NULL;
    uint64_t id = 0;
    int rc;

    if (!control && !alloc)
        return 1;
    if (!layout)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "%s has no layout here", name);
    rc = gsp_field_get(abi, layout, payload, payload_bytes, control ? "cmd" : "hClass", &id,
                       err);
    if (rc < 0)
        return rc;
    if (control)
        return policy_control(cli, abi, nvrm_control_by_id(abi, (uint32_t)id), (uint32_t)id,
                              err);
    return policy_class(cli, abi, nvrm_class_by_id(abi, (uint32_t)id), (uint32_t)id, err);
}

int
policy_rpc(struct cli *cli, struct nvrm_abi abi, const struct nvrm_rpc *rpc, uint32_t function,
           const void *payload, size_t payload_bytes, struct gsp_error *err)
{
    struct policy_subject s = {POLICY_RPC, abi, .rpc = rpc, .id = function, .name = ""};
    int rc = 1;

    if (!cli->options.unsafe)
        rc = judge_inside(cli, abi, rpc, payload, payload_bytes, err);
    if (rc <= 0)
        return rc;
    if (rpc)
        s.name = nvrm_str(abi.schema, rpc->name);
    return judge(cli, &s, err);
}
