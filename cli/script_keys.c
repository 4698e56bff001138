/* SPDX-License-Identifier: MIT */
/*
 * The script language as data.
 */
#include <stddef.h>

#include "script_keys.h"

enum { MOST_ROUNDS = 100000 };

#define TEXT   SCRIPT_TEXT
#define NUMBER SCRIPT_NUMBER
#define OBJECT SCRIPT_OBJECT
#define LIST   SCRIPT_LIST

static const char *const error_words[] = {"stop", "continue", "cleanup", NULL};

const struct script_key script_var_keys[] = {
    {"secret",        SCRIPT_BOOL, .needed = true,
     .doc = "Shown as *** wherever it would be printed."},
    {"value", SCRIPT_ANY, .doc = "The value; null: it must come from env or --var."},
    {"env",               TEXT, .doc = "The environment variable that holds the value."},
    {NULL    },
};

static const struct script_key alloc_keys[] = {
    {"parent",                             TEXT, .needed = true,
     .doc = "root, device, subdevice, a name given with as, $name or a handle."},
    {"class",                      TEXT | NUMBER, .needed = true, .doc = "A class by name or number."},
    {"params",                                    OBJECT, .doc = "Fields of the class's parameter struct (schema show CLASS)."},
    {"handle",  TEXT | NUMBER, .doc = "The handle to use; otherwise one is made."},
    {NULL},
};

static const struct script_key ctl_keys[] = {
    {"object",        TEXT, .needed = true,
     .doc = "root, device, subdevice, a name given with as, $name or a handle."},
    {"control", TEXT | NUMBER, .needed = true, .doc = "A control by name or number."},
    {"params",               OBJECT,
     .doc = "Fields of the control's parameter struct (schema show CONTROL)."},
    {NULL },
};

static const struct script_key dup_keys[] = {
    {"parent",        TEXT, .needed = true, .doc = "Where the second handle goes."},
    {"object", TEXT, .needed = true, .doc = "What gets a second handle."},
    {"client",               TEXT | NUMBER,
     .doc = "The client that owns the object; this one when left out."},
    {NULL          },
};

static const struct script_key rpc_keys[] = {
    {"function",      TEXT | NUMBER, .needed = true, .doc = "An RPC by name or number."},
    {"params", OBJECT, .doc = "Fields of its message."},
    {NULL              },
};

static const struct script_key event_keys[] = {
    {"subscribe",                                                 TEXT | NUMBER, .doc = "NV2080_NOTIFIERS_..., with or without the prefix."},
    {"object", TEXT, .doc = "Whose events; subdevice when left out."},
    {"wait",                                                    SCRIPT_BOOL, .doc = "Wait for one event."},
    {"timeout",            NUMBER, .doc = "Seconds; 1 when left out.", .min = 0, .max = 86400},
    {NULL                                                     },
};

static const struct script_key if_keys[] = {
    {"has",                                           TEXT | SCRIPT_TEXTS, .doc = "Names that the release must have."},
    {"lacks",     TEXT | SCRIPT_TEXTS, .doc = "Names that the release must not have."},
    {"from",                                         TEXT, .doc = "The oldest release or branch."},
    {"to", TEXT, .doc = "The newest release or branch."},
    {"when",                                          TEXT, .doc = "An expression that must be true."},
    {NULL        },
};

static const struct script_key retry_keys[] = {
    {"count",         NUMBER, .needed = true, .doc = "How many times more.", .min = 1, .max = 1000},
    {"delay", NUMBER, .doc = "Seconds between two attempts.", .min = 0, .max = 3600},
    {"on",       TEXT | SCRIPT_TEXTS,
     .doc = "Statuses, expect, timeout; any of these when left out."},
    {NULL              },
};

const struct script_key script_rule_keys[] = {
    {"min",                                                               TEXT | NUMBER, .doc = "At least this number."},
    {"max",                                     TEXT | NUMBER, .doc = "At most this number."},
    {"in",                                                               LIST, .doc = "One of these values."},
    {"not",                                      SCRIPT_ANY, .doc = "Any other value."},
    {"re",                                                                TEXT, .doc = "Text that matches this POSIX extended regular expression."},
    {"glob",                                      TEXT, .doc = "Text that matches this shell pattern."},
    {"len",                                                               TEXT | NUMBER, .doc = "Text, a list or an object of this length."},
    {"has",                                          SCRIPT_ANY, .doc = "A list with this element."},
    {"that",                                                                TEXT, .doc = "An expression that is true; `value` is the value."},
    {NULL},
};

static const struct script_key rule_value = {
    "rule", SCRIPT_ANY, .doc = "A value to be equal to, or an object of rules that all hold.",
    .keys = script_rule_keys};

static const struct script_key var_value = {
    "variable", SCRIPT_ANY, .doc = "A value (null: --var must give one), or a declaration.",
    .keys = script_var_keys};

const struct script_key script_step_keys[] = {
    {"name",                                                                 TEXT, .doc = "Later steps find the result as ${name.field}."},
    {"doc",                TEXT, .doc = "For people."},
    {"as",                                                                  TEXT, .doc = "The handle becomes this variable and the name of the object."},
    {"expect",                                                  OBJECT, .doc = "Paths into the result, or status, and what must be there.",
     .value = &rule_value},
    {"retry",                                                                   NUMBER | OBJECT, .doc = "How many times more to try, or when and how.",
     .keys = retry_keys, .min = 1, .max = 1000},
    {"on_error", TEXT, .doc = "What a failure of this step leads to.", .words = error_words},
    {"if",                                                               TEXT | OBJECT, .doc = "An expression, or conditions; the step is skipped otherwise.",
     .keys = if_keys},
    {"secret",    SCRIPT_TEXTS, .doc = "Paths into parameters and result that are shown as ***."},
    {"alloc",                                                                      OBJECT, .doc = "Allocate an object.", .keys = alloc_keys},
    {"ctl",OBJECT, .doc = "Call a control.", .keys = ctl_keys},
    {"free",                                                     TEXT, .doc = "Free this object and what lives below it."},
    {"dup",                                                           OBJECT, .doc = "Make a second handle.", .keys = dup_keys},
    {"rpc",                                                             OBJECT, .doc = "Send one raw RPC.", .keys = rpc_keys},
    {"tree",                        SCRIPT_BOOL, .doc = "The object tree as the result."},
    {"event",                                                                      OBJECT, .doc = "Subscribe to events, or wait for one.", .keys = event_keys},
    {"set",OBJECT, .doc = "Set variables."},
    {"print",                                                        TEXT, .doc = "Print a line."},
    {"assert",                                                               TEXT | SCRIPT_TEXTS, .doc = "Expressions that must be true."},
    {"sleep",      TEXT | NUMBER, .doc = "Seconds to wait.", .min = 0, .max = 86400},
    {"repeat",                                                                NUMBER | TEXT, .doc = "How often to run steps; $i counts from 0.", .min = 0,
     .max = MOST_ROUNDS},
    {"for",                                          TEXT, .doc = "The variable that goes through the list `in`."},
    {"while",                                                                      TEXT, .doc = "Run steps as long as this expression is true."},
    {"include",                                                                            TEXT, .doc = "Run the steps of another script; relative to this file."},
    {"in",                                                      LIST | TEXT, .doc = "The list that `for` goes through."},
    {"limit",                                                                 NUMBER, .doc = "The most rounds of `while`; 1000 when left out.", .min = 1,
     .max = MOST_ROUNDS},
    {"with",                    OBJECT, .doc = "Variables for the script that is included."},
    {"steps",                                                                  SCRIPT_STEPS, .doc = "The steps of a loop."},
    {NULL                                       },
};

const struct script_key script_keys[] = {
    {"$schema",                                                                 TEXT, .doc = "For editors."},
    {"name",                                                    TEXT, .doc = "For people."},
    {"description",                                                                    TEXT, .doc = "For people."},
    {"vars",                                                     OBJECT, .doc = "Variables that exist before the first step; --var changes them.",
     .value = &var_value},
    {"on_error",                                                             TEXT, .doc = "What a failure leads to; stop when left out.",
     .words = error_words},
    {"steps",                                                     SCRIPT_STEPS, .needed = true, .doc = "The steps, in order."},
    {"cleanup",                                                                    SCRIPT_STEPS, .doc = "Run after a failure whose on_error is cleanup."},
    {"finally", SCRIPT_STEPS, .doc = "Run at the end, whatever happened."},
    {NULL                                                                        },
};

const struct script_kind_row script_kinds[] = {
    {"alloc",   {NULL},          {NULL}   },
    {"ctl",     {NULL},          {NULL}   },
    {"free",    {NULL},          {NULL}   },
    {"dup",     {NULL},          {NULL}   },
    {"rpc",     {NULL},          {NULL}   },
    {"tree",    {NULL},          {NULL}   },
    {"event",   {NULL},          {NULL}   },
    {"set",     {NULL},          {NULL}   },
    {"print",   {NULL},          {NULL}   },
    {"repeat",  {"steps"},       {NULL}   },
    {"for",     {"in", "steps"}, {NULL}   },
    {"while",   {"steps"},       {"limit"}},
    {"include", {NULL},          {"with"} },
    {"assert",  {NULL},          {NULL}   },
    {"sleep",   {NULL},          {NULL}   },
    {NULL,      {NULL},          {NULL}   },
};
