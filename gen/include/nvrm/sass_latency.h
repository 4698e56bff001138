/* SPDX-License-Identifier: MIT */
/* Rows that nvrm-latency writes from schemas/hw/sass/latency.yaml. Cycles from the issue of one
 * instruction to the issue of the next. */
#ifndef NVRM_SASS_LATENCY_H
#define NVRM_SASS_LATENCY_H

#include <stdint.h>

enum { LAT_UNITS_MAX = 32, LAT_QUEUE_NONE = 0xff };

/* Register files that results go to. */
enum lat_file { LAT_GPR, LAT_PRED, LAT_UGPR, LAT_UPRED, LAT_FILES };

struct lat_unit {
    const char *name;
    uint16_t variable;   /* SMs (bit per NVRM_SASS_SM index) where results need a scoreboard */
    uint16_t reads_late; /* SMs where sources do */
    uint8_t queue;       /* units of one queue finish in order; LAT_QUEUE_NONE */
    uint8_t read_queue;  /* and read in order */
};

/* Operations that do not belong to the unit of their class. */
struct lat_member {
    const char *op;
    uint16_t sms;
    uint8_t unit;
    uint16_t code; /* of these forms alone, by bits 8:0; 0: all */
};

/* Least stall of an operation. */
struct lat_stall {
    const char *op;
    uint16_t sms;
    uint8_t cycles;
};

/* Operations behind which everything before has read its sources. */
struct lat_drain {
    const char *op;
    uint16_t sms;
};

struct lat_sm {
    uint8_t wait; /* from setting a scoreboard to waiting for it */
    uint8_t raw[LAT_FILES][LAT_UNITS_MAX][LAT_UNITS_MAX]; /* by producer and consumer */
    uint8_t waw[LAT_UNITS_MAX][LAT_UNITS_MAX];
};

extern const struct lat_unit lat_units[];
extern const unsigned lat_units_n;
extern const uint8_t lat_class_unit[];                /* by enum nvrm_sass_class */
extern const uint8_t lat_guard_unit, lat_branch_unit; /* consumers that read a guard */
/* Of the unit lat_pair_unit: its result's low half comes from lat_low_unit, its addend's high
 * half goes to lat_high_unit. */
extern const uint8_t lat_pair_unit, lat_low_unit, lat_high_unit;
extern const struct lat_member lat_members[];
extern const unsigned lat_members_n;
extern const struct lat_stall lat_stalls[];
extern const unsigned lat_stalls_n;
extern const struct lat_drain lat_drains[];
extern const unsigned lat_drains_n;
extern const struct lat_sm lat_sms[]; /* by NVRM_SASS_SM index; wait 0: unknown */
extern const unsigned lat_sms_n;

#endif
